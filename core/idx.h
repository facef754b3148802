/* idx.h: images and labels in the IDX format, as handwritten digits are handed around.
 *
 * Four bytes: 0, 0, the type (8: unsigned bytes, the only one read here), the number of dimensions; then each dimension as a
 * big-endian 32-bit number; then the data, row by row. LeCun, Cortes, Burges, "The MNIST database". Files may not be compressed.
 */
#ifndef BERN_IDX_H
#define BERN_IDX_H

#include <bern/error.h>
#include <stddef.h>

#define BERN_IDX_DIMENSIONS 3

typedef struct bern_idx {
	size_t dimensions;                /* 1 to 3 */
	size_t size[BERN_IDX_DIMENSIONS]; /* items, rows, columns; 1 beyond `dimensions` */
	size_t item;                      /* bytes of one item: size[1] size[2] */
	const uint8_t *data;              /* (size[0], item), inside the bytes given */
} bern_idx;

/* Reads what the bytes hold; idx points into them. EFORMAT, one sentence, if they are torn, too long, of another type, or empty in
 * some dimension. Any thread. */
int32_t bern_idx_parse(bern_idx *idx, const uint8_t *bytes, size_t size, bern_error *e);

/* Reads the file; idx points into *bytes (free). Errors name the path. */
int32_t bern_idx_read(bern_idx *idx, uint8_t **bytes, const char *path, bern_error *e);

#endif
