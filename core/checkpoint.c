#include "checkpoint.h"

#include "file.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "checkpoints are little-endian and copied as they are"
#endif

/* ---- writing -------------------------------------------------------------------------------------- */

/* {"dtype": .., "shape": [..], "data_offsets": [begin, end]}; NULL if memory is out */
static json_t *describe(const bern_tensor *tensor, uint64_t begin)
{
	json_t *shape = json_array();
	int bad = !shape;
	for (uint32_t d = 0; d < tensor->ndim && !bad; d++)
		bad = json_array_append_new(shape, json_integer((json_int_t)tensor->shape[d]));
	json_t *entry = bad ? NULL
			    : json_pack("{s:s, s:O, s:[I, I]}", "dtype",
					bern_tensor_type_name(tensor->type), "shape", shape,
					"data_offsets", (json_int_t)begin,
					(json_int_t)(begin + bern_tensor_size(tensor)));
	json_decref(shape);
	return entry;
}

static int32_t add_metadata(json_t *header, const bern_metadata *metadata, size_t count,
			    bern_error *e)
{
	json_t *map = json_object();
	if (json_object_set_new(header, BERN_METADATA_KEY, map))
		return bern_fail(e, BERN_EMEMORY, "memory is out");
	for (size_t i = 0; i < count; i++)
		/* of valid strings, only memory can refuse */
		if (json_object_set_new(map, metadata[i].key, json_string(metadata[i].value)))
			return bern_fail(e, BERN_EUSAGE, "metadata \"%s\" is not UTF-8 text",
					 metadata[i].key);
	return BERN_OK;
}

/* Lays the arrays out, largest elements first: pieces[1 ..] in the order of the file, and the header that tells of them. */
static int32_t lay_out(json_t *header, bern_piece *pieces, const bern_tensors *list, bern_error *e)
{
	uint64_t at = 0;
	size_t count = 1;
	for (uint32_t element = 8; element; element /= 2)
		for (size_t i = 0; i < list->count; i++) {
			const bern_tensor *tensor = &list->items[i];
			uint64_t size = bern_tensor_size(tensor);
			if (bern_tensor_type_size(tensor->type) != element)
				continue;
			if (size > BERN_TENSOR_MAX - at)
				return bern_fail(e, BERN_EUSAGE,
						 "the arrays together are too large for a file");
			if (json_object_set_new(header, tensor->name, describe(tensor, at)))
				return bern_fail(e, BERN_EUSAGE, "array \"%s\": not UTF-8 text",
						 tensor->name);
			pieces[count++] = (bern_piece){tensor->data, (size_t)size};
			at += size;
		}
	return BERN_OK;
}

/* The header as it stands in the file: its size, the text, spaces. Owned by the caller; NULL if memory is out. */
static unsigned char *header_bytes(const json_t *header, size_t *size)
{
	char *text = json_dumps(header, JSON_COMPACT);
	if (!text)
		return NULL;
	uint64_t length = strlen(text), padded = (length + 7) / 8 * 8;
	unsigned char *bytes = malloc(8 + padded);
	if (bytes) {
		for (int i = 0; i < 8; i++)
			bytes[i] = (unsigned char)(padded >> 8 * i);
		memset(bytes + 8, ' ', padded);
		memcpy(bytes + 8, text, length);
	}
	free(text);
	*size = 8 + padded;
	return bytes;
}

int32_t bern_checkpoint_write(const char *path, const bern_tensors *list,
			      const bern_metadata *metadata, size_t metadata_count, bern_error *e)
{
	int32_t rc;
	unsigned char *head = NULL;
	size_t head_size = 0;
	json_t *header = json_object();
	bern_piece *pieces = calloc(list->count + 1, sizeof *pieces);
	if (!header || !pieces) {
		rc = bern_fail(e, BERN_EMEMORY, "memory is out");
		goto done;
	}
	rc = metadata_count ? add_metadata(header, metadata, metadata_count, e) : BERN_OK;
	if (!rc)
		rc = lay_out(header, pieces, list, e);
	if (rc)
		goto done;
	head = header_bytes(header, &head_size);
	if (!head) {
		rc = bern_fail(e, BERN_EMEMORY, "memory is out");
		goto done;
	}
	if (head_size - 8 > BERN_HEADER_MAX) {
		rc = bern_fail(e, BERN_EUSAGE,
			       "a header of %zu bytes is more than the %llu of a file",
			       head_size - 8, (unsigned long long)BERN_HEADER_MAX);
		goto done;
	}
	pieces[0] = (bern_piece){head, head_size};
	rc = bern_file_replace(path, pieces, list->count + 1, e);
	free(head);
	free(pieces);
	json_decref(header);
	return rc;
done:
	free(head);
	free(pieces);
	json_decref(header);
	return bern_because(e, "writing %s", path);
}

/* ---- reading -------------------------------------------------------------------------------------- */

/* An array as a header tells of it. */
typedef struct entry {
	const char *name; /* borrowed from the JSON object */
	int32_t type;
	uint32_t ndim;
	uint64_t shape[BERN_TENSOR_DIMS];
	uint64_t begin, end; /* bytes from the start of the data */
} entry;

/* A file taken apart. */
typedef struct contents {
	json_t *header;         /* owned */
	const json_t *metadata; /* object of texts, or NULL */
	entry *entries;         /* owned (count), in the order of the data */
	size_t count;
	const unsigned char *data; /* borrowed */
	uint64_t data_size;
} contents;

static void contents_finish(contents *file)
{
	free(file->entries);
	json_decref(file->header);
}

/* A whole number of at least 0. */
static int get_count(const json_t *json, uint64_t *count)
{
	if (!json_is_integer(json) || json_integer_value(json) < 0)
		return 0;
	*count = (uint64_t)json_integer_value(json);
	return 1;
}

static int32_t read_shape(entry *entry, const json_t *shape, uint64_t *size, bern_error *e)
{
	if (!json_is_array(shape) || json_array_size(shape) > BERN_TENSOR_DIMS)
		return bern_fail(e, BERN_EFORMAT,
				 "\"%s\": the shape is not a list of up to %d sizes", entry->name,
				 BERN_TENSOR_DIMS);
	entry->ndim = (uint32_t)json_array_size(shape);
	*size = bern_tensor_type_size(entry->type);
	for (uint32_t d = 0; d < entry->ndim; d++) {
		uint64_t n;
		if (!get_count(json_array_get(shape, d), &n))
			return bern_fail(e, BERN_EFORMAT,
					 "\"%s\": the shape holds what is not a size", entry->name);
		if (n && *size > BERN_TENSOR_MAX / n)
			return bern_fail(e, BERN_EFORMAT, "\"%s\": the shape is too large",
					 entry->name);
		entry->shape[d] = n;
		*size *= n;
	}
	return BERN_OK;
}

static int32_t read_entry(entry *entry, const char *name, const json_t *json, uint64_t data_size,
			  bern_error *e)
{
	entry->name = name;
	const json_t *offsets = json_object_get(json, "data_offsets");
	const char *type = json_string_value(json_object_get(json, "dtype"));
	uint64_t size = 0;
	if (json_object_size(json) != 3 || !type || !json_object_get(json, "shape") || !offsets)
		return bern_fail(e, BERN_EFORMAT,
				 "\"%s\": not an object of dtype, shape and data_offsets", name);
	entry->type = bern_tensor_type_of(type);
	if (!entry->type)
		return bern_fail(e, BERN_EFORMAT,
				 "\"%s\": dtype %s is none of U8, I32, U32, I64, U64, F32, F64",
				 name, type);
	if (read_shape(entry, json_object_get(json, "shape"), &size, e))
		return e->code;
	if (json_array_size(offsets) != 2 ||
	    !get_count(json_array_get(offsets, 0), &entry->begin) ||
	    !get_count(json_array_get(offsets, 1), &entry->end) || entry->begin > entry->end)
		return bern_fail(e, BERN_EFORMAT, "\"%s\": data_offsets are not a begin and an end",
				 name);
	if (entry->end - entry->begin != size)
		return bern_fail(
			e, BERN_EFORMAT, "\"%s\": shape and dtype take %llu bytes, not %llu", name,
			(unsigned long long)size, (unsigned long long)(entry->end - entry->begin));
	if (entry->end > data_size)
		return bern_fail(e, BERN_EFORMAT,
				 "it is cut: \"%s\" ends at byte %llu of the data, which has %llu",
				 name, (unsigned long long)entry->end,
				 (unsigned long long)data_size);
	return BERN_OK;
}

static int32_t check_metadata(const json_t *metadata, bern_error *e)
{
	const char *key;
	json_t *value;
	if (!json_is_object(metadata))
		return bern_fail(e, BERN_EFORMAT, "its metadata is not an object");
	json_object_foreach((json_t *)metadata, key, value) if (
		!json_is_string(value)) return bern_fail(e, BERN_EFORMAT,
							 "its metadata \"%s\" is not a text", key);
	return BERN_OK;
}

static int by_place(const void *left, const void *right)
{
	const entry *a = left, *b = right;
	if (a->begin != b->begin)
		return a->begin < b->begin ? -1 : 1;
	return a->end < b->end ? -1 : a->end > b->end;
}

/* The arrays fill the data from the first byte to the last, without gap or overlap. */
static int32_t check_places(const contents *file, bern_error *e)
{
	uint64_t at = 0;
	for (size_t i = 0; i < file->count; i++) {
		const entry *entry = &file->entries[i];
		if (entry->begin != at)
			return bern_fail(e, BERN_EFORMAT,
					 "\"%s\" begins at byte %llu of the data, not %llu",
					 entry->name, (unsigned long long)entry->begin,
					 (unsigned long long)at);
		at = entry->end;
	}
	if (at != file->data_size)
		return bern_fail(e, BERN_EFORMAT, "%llu bytes follow the last array",
				 (unsigned long long)(file->data_size - at));
	return BERN_OK;
}

static int32_t parse_json(contents *file, const unsigned char *text, size_t size, bern_error *e)
{
	json_error_t why;
	/* json_loadb would pass over leading space, which the format does not allow */
	if (!size || text[0] != '{')
		return bern_fail(e, BERN_EFORMAT,
				 "not a checkpoint: the header is not a JSON object");
	file->header = json_loadb((const char *)text, size, JSON_REJECT_DUPLICATES, &why);
	if (!file->header)
		return bern_fail(e, BERN_EFORMAT, "the header is broken at byte %d: %s",
				 why.position, why.text);
	return BERN_OK;
}

/* A sentence that quotes a file stays one line and writes no escapes to a terminal. Returns its code. */
static int32_t plain(bern_error *e)
{
	for (char *c = e->text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 127)
			*c = '?';
	return e->code;
}

/* Takes a file apart and checks all of it. contents_finish in any case. */
static int32_t open_contents(contents *file, const unsigned char *bytes, size_t size, bern_error *e)
{
	uint64_t header_size = 0;
	const char *name;
	json_t *value;
	*file = (contents){0};
	if (size < 8)
		return bern_fail(e, BERN_EFORMAT,
				 "not a checkpoint, or cut: %zu bytes, at least 8 are needed",
				 size);
	for (int i = 0; i < 8; i++)
		header_size |= (uint64_t)bytes[i] << 8 * i;
	if (header_size > BERN_HEADER_MAX)
		return bern_fail(
			e, BERN_EFORMAT,
			"not a checkpoint: a header of %llu bytes, at most %llu are allowed",
			(unsigned long long)header_size, (unsigned long long)BERN_HEADER_MAX);
	if (header_size > size - 8)
		return bern_fail(
			e, BERN_EFORMAT,
			"not a checkpoint, or cut: a header of %llu bytes in a file of %zu",
			(unsigned long long)header_size, size);
	file->data = bytes + 8 + header_size;
	file->data_size = size - 8 - header_size;
	if (parse_json(file, bytes + 8, (size_t)header_size, e))
		return e->code;
	file->entries = calloc(json_object_size(file->header) + 1, sizeof *file->entries);
	if (!file->entries)
		return bern_fail(e, BERN_EMEMORY, "memory is out");
	json_object_foreach(file->header, name, value)
	{
		if (strcmp(name, BERN_METADATA_KEY) == 0) {
			file->metadata = value;
			if (check_metadata(value, e))
				return e->code;
		} else if (read_entry(&file->entries[file->count++], name, value, file->data_size,
				      e)) {
			return e->code;
		}
	}
	qsort(file->entries, file->count, sizeof *file->entries, by_place);
	return check_places(file, e);
}

/* "F32 (64, 4)" */
static const char *say_shape(char out[120], int32_t type, uint32_t ndim, const uint64_t *shape)
{
	int at = snprintf(out, 120, "%s (", bern_tensor_type_name(type));
	for (uint32_t d = 0; d < ndim; d++)
		at += snprintf(out + at, (size_t)(120 - at), "%s%llu", d ? ", " : "",
			       (unsigned long long)shape[d]);
	snprintf(out + at, (size_t)(120 - at), ")");
	return out;
}

/* `from[i]` is the array of the file for list->items[i], or NULL. */
static int32_t match(const contents *file, const bern_tensors *list, const entry **from,
		     int others_too, bern_error *e)
{
	for (size_t k = 0; k < file->count; k++) {
		const entry *entry = &file->entries[k];
		const bern_tensor *tensor = bern_tensors_find(list, entry->name);
		if (tensor)
			from[tensor - list->items] = entry;
		else if (!others_too)
			return bern_fail(
				e, BERN_EFORMAT,
				"it is of something else: it holds \"%s\", which is not expected",
				entry->name);
	}
	for (size_t i = 0; i < list->count; i++) {
		const bern_tensor *want = &list->items[i];
		char in_file[120], expected[120];
		if (!from[i])
			return bern_fail(e, BERN_EFORMAT,
					 "it is of something else: it lacks \"%s\"", want->name);
		if (from[i]->type != want->type || from[i]->ndim != want->ndim ||
		    memcmp(from[i]->shape, want->shape, want->ndim * sizeof want->shape[0]) != 0)
			return bern_fail(
				e, BERN_EFORMAT,
				"it is of something else: \"%s\" is %s, %s was expected",
				want->name,
				say_shape(in_file, from[i]->type, from[i]->ndim, from[i]->shape),
				say_shape(expected, want->type, want->ndim, want->shape));
	}
	return BERN_OK;
}

int32_t bern_checkpoint_parse(const unsigned char *bytes, size_t size, const bern_tensors *list,
			      int others_too, bern_error *e)
{
	contents file;
	const entry **from = NULL;
	int32_t rc = open_contents(&file, bytes, size, e);
	if (rc)
		goto done;
	from = calloc(list->count + 1, sizeof *from);
	if (!from) {
		rc = bern_fail(e, BERN_EMEMORY, "memory is out");
		goto done;
	}
	rc = match(&file, list, from, others_too, e);
	if (rc)
		goto done;
	/* from here on nothing can fail */
	for (size_t i = 0; i < list->count; i++) {
		size_t length = (size_t)(from[i]->end - from[i]->begin);
		if (length)
			memcpy(list->items[i].data, file.data + from[i]->begin, length);
	}
done:
	free(from);
	contents_finish(&file);
	return rc ? plain(e) : BERN_OK;
}

int32_t bern_checkpoint_parse_metadata(const unsigned char *bytes, size_t size, const char *key,
				       char *out, size_t out_size, bern_error *e)
{
	contents file;
	int32_t rc = open_contents(&file, bytes, size, e);
	if (!rc) {
		const char *text = json_string_value(json_object_get(file.metadata, key));
		if (!text)
			rc = bern_fail(e, BERN_EFORMAT, "it has no metadata \"%s\"", key);
		else if (strlen(text) >= out_size)
			rc = bern_fail(
				e, BERN_EFORMAT,
				"its metadata \"%s\" has %zu characters, at most %zu are allowed",
				key, strlen(text), out_size - 1);
		else
			memcpy(out, text, strlen(text) + 1);
	}
	contents_finish(&file);
	return rc ? plain(e) : BERN_OK;
}

static int32_t read_file(const char *path, const bern_tensors *list, int others_too, bern_error *e)
{
	unsigned char *bytes;
	size_t size, limit = 8 + BERN_HEADER_MAX;
	for (size_t i = 0; i < list->count; i++)
		limit += (size_t)bern_tensor_size(&list->items[i]);
	if (bern_file_read(path, others_too ? SIZE_MAX - 1 : limit, &bytes, &size, e))
		return e->code;
	int32_t rc = bern_checkpoint_parse(bytes, size, list, others_too, e);
	free(bytes);
	return rc ? bern_because(e, "reading %s", path) : BERN_OK;
}

int32_t bern_checkpoint_read(const char *path, const bern_tensors *list, bern_error *e)
{
	return read_file(path, list, 0, e);
}

int32_t bern_checkpoint_read_some(const char *path, const bern_tensors *list, bern_error *e)
{
	return read_file(path, list, 1, e);
}

int32_t bern_checkpoint_metadata(const char *path, const char *key, char *out, size_t size,
				 bern_error *e)
{
	unsigned char *bytes;
	size_t length;
	if (bern_file_read(path, SIZE_MAX - 1, &bytes, &length, e))
		return e->code;
	int32_t rc = bern_checkpoint_parse_metadata(bytes, length, key, out, size, e);
	free(bytes);
	return rc ? bern_because(e, "reading %s", path) : BERN_OK;
}
