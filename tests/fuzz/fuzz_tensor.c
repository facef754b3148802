/* Any bytes as a checkpoint: no crash, no leak, and arrays are touched only by a file that is whole. Built with clang's
 * -fsanitize=fuzzer where that is to be had, else with plain_driver.c. */
#include "checkpoint.h"

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
	float a[6];
	uint8_t b[3];
	char text[64];
	bern_tensors list = {0};
	bern_error e = {0};
	expect(bern_tensors_add(&list, BERN_T_F32, a, 2, 3, &e, "a") == BERN_OK);
	expect(bern_tensors_add(&list, BERN_T_U8, b, 3, 0, &e, "b") == BERN_OK);
	for (int others_too = 0; others_too < 2; others_too++) {
		memset(a, 0x5a, sizeof a);
		memset(b, 0x5a, sizeof b);
		if (bern_checkpoint_parse(bytes, size, &list, others_too, &e) == BERN_OK) {
			/* 8 bytes of size, a header, 27 of data at least */
			expect(size >= 8 + 27);
			continue;
		}
		expect(e.code != BERN_OK && e.text[0] && !strchr(e.text, '\n'));
		for (size_t i = 0; i < sizeof a; i++)
			expect(((uint8_t *)a)[i] == 0x5a);
		expect(b[0] == 0x5a && b[1] == 0x5a && b[2] == 0x5a);
	}
	if (bern_checkpoint_parse_metadata(bytes, size, "k", text, sizeof text, &e) == BERN_OK)
		expect(memchr(text, 0, sizeof text) != NULL);
	bern_tensors_finish(&list);
	return 0;
}
