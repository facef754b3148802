/* checkpoint.h: what the list of arrays (tensor.c) and its files (checkpoint.c) share. Internal to libbern.
 *
 * A file is safetensors: u64le size of the header, the header, the data without gaps. The header is a JSON object
 * {name: {"dtype": .., "shape": [..], "data_offsets": [begin, end]}, "__metadata__": {text: text}}, padded with spaces so
 * that the data begin on a multiple of 8; arrays with the largest elements come first, so that each of them is aligned.
 */
#ifndef BERN_CHECKPOINT_H
#define BERN_CHECKPOINT_H

#include <bern/tensor.h>

#define BERN_METADATA_KEY "__metadata__"
#define BERN_HEADER_MAX   ((uint64_t)100000000) /* bytes of a header, as the format has it */
#define BERN_TENSOR_MAX   ((uint64_t)1 << 53)   /* bytes of all arrays */

const char *bern_tensor_type_name(int32_t type); /* "F32" */
uint32_t bern_tensor_type_size(int32_t type);    /* bytes */
int32_t bern_tensor_type_of(const char *name);   /* 0: unknown */

/* The tensor of that name, or NULL. */
const bern_tensor *bern_tensors_find(const bern_tensors *list, const char *name);

/* bern_checkpoint_read (others_too = 0) and bern_checkpoint_read_some (1) of a file's bytes. */
int32_t bern_checkpoint_parse(const unsigned char *bytes, size_t size, const bern_tensors *list,
			      int others_too, bern_error *e);

/* bern_checkpoint_metadata of a file's bytes. */
int32_t bern_checkpoint_parse_metadata(const unsigned char *bytes, size_t size, const char *key,
				       char *out, size_t out_size, bern_error *e);

#endif
