#include "checkpoint.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	uint32_t size;
} types[] = {
	[BERN_T_U8] = {"U8", 1},   [BERN_T_I32] = {"I32", 4}, [BERN_T_U32] = {"U32", 4},
	[BERN_T_I64] = {"I64", 8}, [BERN_T_U64] = {"U64", 8}, [BERN_T_F32] = {"F32", 4},
	[BERN_T_F64] = {"F64", 8},
};

const char *bern_tensor_type_name(int32_t type)
{
	return types[type].name;
}

uint32_t bern_tensor_type_size(int32_t type)
{
	return types[type].size;
}

int32_t bern_tensor_type_of(const char *name)
{
	for (int32_t type = BERN_T_U8; type <= BERN_T_F64; type++)
		if (strcmp(types[type].name, name) == 0)
			return type;
	return 0;
}

uint64_t bern_tensor_elements(const bern_tensor *tensor)
{
	uint64_t elements = 1;
	for (uint32_t d = 0; d < tensor->ndim; d++)
		elements *= tensor->shape[d];
	return elements;
}

uint64_t bern_tensor_size(const bern_tensor *tensor)
{
	return bern_tensor_elements(tensor) * types[tensor->type].size;
}

const bern_tensor *bern_tensors_find(const bern_tensors *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i].name, name) == 0)
			return &list->items[i];
	return NULL;
}

static int32_t grow(bern_tensors *list, bern_error *e)
{
	size_t capacity = list->capacity ? 2 * list->capacity : 16;
	bern_tensor *items = capacity > SIZE_MAX / sizeof *items
				     ? NULL
				     : realloc(list->items, capacity * sizeof *items);
	if (!items)
		return bern_fail(e, BERN_EMEMORY, "memory is out: a list of %zu arrays", capacity);
	list->items = items;
	list->capacity = capacity;
	return BERN_OK;
}

int32_t bern_tensors_add(bern_tensors *list, int32_t type, void *data, uint64_t rows,
			 uint64_t columns, bern_error *e, const char *name, ...)
{
	bern_tensor tensor = {.type = type, .data = data, .ndim = columns ? 2 : 1};
	tensor.shape[0] = rows;
	tensor.shape[1] = columns;
	va_list args;
	va_start(args, name);
	int length = vsnprintf(tensor.name, sizeof tensor.name, name, args);
	va_end(args);
	if (length <= 0 || (size_t)length >= sizeof tensor.name)
		return bern_fail(e, BERN_EUSAGE,
				 "array \"%s\": a name has 1 to %zu characters, this one %d",
				 tensor.name, sizeof tensor.name - 1, length);
	if (strcmp(tensor.name, BERN_METADATA_KEY) == 0)
		return bern_fail(e, BERN_EUSAGE, "array \"%s\": the format keeps this name",
				 tensor.name);
	if (type < BERN_T_U8 || type > BERN_T_F64)
		return bern_fail(e, BERN_EUSAGE, "array \"%s\": there is no type %d", tensor.name,
				 (int)type);
	/* sizes stay exact in any reader of JSON, whose numbers are doubles */
	uint64_t wide = columns ? columns : 1;
	if (rows > BERN_TENSOR_MAX / types[type].size / wide)
		return bern_fail(e, BERN_EUSAGE, "array \"%s\": %llu x %llu elements are too many",
				 tensor.name, (unsigned long long)rows, (unsigned long long)wide);
	if (!data && rows)
		return bern_fail(e, BERN_EUSAGE, "array \"%s\" is NULL", tensor.name);
	if (bern_tensors_find(list, tensor.name))
		return bern_fail(e, BERN_EUSAGE, "array \"%s\" is in the list already",
				 tensor.name);
	if (list->count == list->capacity && grow(list, e))
		return e->code;
	list->items[list->count++] = tensor;
	return BERN_OK;
}

void bern_tensors_finish(bern_tensors *list)
{
	if (!list)
		return;
	free(list->items);
	*list = (bern_tensors){0};
}
