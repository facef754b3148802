/* Any bytes as an IDX file: no crash, no leak, and what is accepted lies inside them. Built as fuzz_tensor.c is. */
#include "idx.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void expect(int true_)
{
	if (!true_)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	bern_idx idx;
	bern_error e = {0};
	size_t sum = 0;
	memset(&idx, 0x5a, sizeof idx);
	bern_idx before = idx;
	if (bern_idx_parse(&idx, bytes, size, &e) != BERN_OK) {
		expect(e.code == BERN_EFORMAT && e.text[0] && !strchr(e.text, '\n'));
		expect(memcmp(&idx, &before, sizeof idx) == 0);
		return 0;
	}
	expect(idx.item == idx.size[1] * idx.size[2]);
	expect(idx.data >= bytes && idx.data + idx.size[0] * idx.item == bytes + size);
	for (size_t i = 0; i < idx.size[0] * idx.item; i++)
		sum += idx.data[i];
	expect(sum <= 255 * size);
	return 0;
}
