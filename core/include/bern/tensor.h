/* bern/tensor.h: the named arrays that make up a run, and their files.
 *
 * Whatever must survive (weights, optimiser, baselines, random streams, environment states) is registered once as a named
 * array in a bern_tensors list; saving, loading, comparing and hashing are loops over that list. Files are safetensors:
 * u64le header size, a JSON header, then the data, little-endian.
 */
#ifndef BERN_TENSOR_H
#define BERN_TENSOR_H

#include <bern/error.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum bern_tensor_type {
	BERN_T_U8 = 1,
	BERN_T_I32,
	BERN_T_U32,
	BERN_T_I64,
	BERN_T_U64,
	BERN_T_F32,
	BERN_T_F64
};

#define BERN_TENSOR_NAME 96
#define BERN_TENSOR_DIMS 4

typedef struct bern_tensor {
	char name[BERN_TENSOR_NAME]; /* "policy.layer1.weight" */
	int32_t type;                /* enum bern_tensor_type */
	uint32_t ndim;
	uint64_t shape[BERN_TENSOR_DIMS];
	void *data; /* borrowed, outlives the list */
} bern_tensor;

/* Zero-initialise before first use. */
typedef struct bern_tensors {
	bern_tensor *items; /* owned */
	size_t count, capacity;
} bern_tensors;

/* Adds an array of rows x columns elements (columns 0: a vector of `rows`). Names must be new; a duplicate is an error. */
int32_t bern_tensors_add(bern_tensors *list, int32_t type, void *data, uint64_t rows,
			 uint64_t columns, bern_error *e, const char *name, ...) BERN_PRINTF(7, 8);
void bern_tensors_finish(bern_tensors *list);

/* Elements of an array, and the bytes they take. */
uint64_t bern_tensor_elements(const bern_tensor *tensor);
uint64_t bern_tensor_size(const bern_tensor *tensor);

/* One "__metadata__" entry of a file. */
typedef struct bern_metadata {
	const char *key, *value;
} bern_metadata;

/* Writes the list to `path`: to a temporary name beside it, flushed, then renamed, so that a reader sees the old file
 * or the whole new one. On failure the old file is untouched and the temporary one is gone. */
int32_t bern_checkpoint_write(const char *path, const bern_tensors *list,
			      const bern_metadata *metadata, size_t metadata_count, bern_error *e);

/* Reads into the list's arrays. Every tensor of the list must be in the file with the same type and shape, and the file
 * may hold no others; nothing is written to the arrays unless the whole file is good. */
int32_t bern_checkpoint_read(const char *path, const bern_tensors *list, bern_error *e);

/* Like bern_checkpoint_read, but the file may hold tensors that the list does not name: evaluation reads the weights
 * alone. */
int32_t bern_checkpoint_read_some(const char *path, const bern_tensors *list, bern_error *e);

/* Copies the metadata value of `key` to out (size bytes with its end); an error if it is not there. */
int32_t bern_checkpoint_metadata(const char *path, const char *key, char *out, size_t size,
				 bern_error *e);

#ifdef __cplusplus
}
#endif

#endif
