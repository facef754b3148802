#include "idx.h"

#include "file.h"

#include <stdlib.h>
#include <string.h>

#define HEADER        4
#define UNSIGNED_BYTE 8
#define MOST_BYTES    ((size_t)1 << 31)

static size_t big_endian(const uint8_t *b)
{
	return (size_t)b[0] << 24 | (size_t)b[1] << 16 | (size_t)b[2] << 8 | (size_t)b[3];
}

static int32_t parse_header(bern_idx *idx, const uint8_t *bytes, size_t size, bern_error *e)
{
	if (size >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b)
		return bern_fail(e, BERN_EFORMAT, "the file is compressed; unpack it with gunzip");
	if (size < HEADER || bytes[0] != 0 || bytes[1] != 0)
		return bern_fail(e, BERN_EFORMAT,
				 "not an IDX file: it does not begin with two zero bytes, a type "
				 "and a number of dimensions");
	if (bytes[2] != UNSIGNED_BYTE)
		return bern_fail(e, BERN_EFORMAT,
				 "its numbers are of type 0x%02x; allowed: 0x08, unsigned bytes",
				 bytes[2]);
	if (bytes[3] < 1 || bytes[3] > BERN_IDX_DIMENSIONS)
		return bern_fail(e, BERN_EFORMAT,
				 "it has %u dimensions; allowed: 1 (labels) to %d (images)",
				 bytes[3], BERN_IDX_DIMENSIONS);
	idx->dimensions = bytes[3];
	if (size < HEADER + 4 * idx->dimensions)
		return bern_fail(e, BERN_EFORMAT, "the file is torn: it ends within its header");
	return 0;
}

int32_t bern_idx_parse(bern_idx *idx, const uint8_t *bytes, size_t size, bern_error *e)
{
	bern_idx found = {.size = {1, 1, 1}, .item = 1};
	int32_t failed = parse_header(&found, bytes, size, e);
	if (failed)
		return failed;
	size_t header = HEADER + 4 * found.dimensions, most = MOST_BYTES, needed = 1;
	for (size_t d = 0; d < found.dimensions; d++) {
		found.size[d] = big_endian(bytes + HEADER + 4 * d);
		if (found.size[d] == 0)
			return bern_fail(e, BERN_EFORMAT, "its dimension %zu is 0", d + 1);
		if (found.size[d] > most / needed)
			return bern_fail(e, BERN_EFORMAT,
					 "its header asks for more than 2 GiB of data");
		needed *= found.size[d];
		if (d > 0)
			found.item *= found.size[d];
	}
	if (size - header != needed)
		return bern_fail(e, BERN_EFORMAT,
				 "the file %s: its header asks for %zu bytes of data and %zu are "
				 "there",
				 size - header < needed ? "is torn" : "is too long", needed,
				 size - header);
	found.data = bytes + header;
	*idx = found;
	return 0;
}

int32_t bern_idx_read(bern_idx *idx, uint8_t **bytes, const char *path, bern_error *e)
{
	size_t size;
	*bytes = NULL;
	if (bern_file_read(path, MOST_BYTES + 64, bytes, &size, e))
		return e->code;
	if (!bern_idx_parse(idx, *bytes, size, e))
		return 0;
	free(*bytes);
	*bytes = NULL;
	return bern_because(e, "%s", path);
}
