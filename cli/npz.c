#include "export.h"

#include "file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOCAL   30 /* bytes of an entry's header before its name */
#define CENTRAL 46
#define END     22
#define NPY     256 /* room for the header of an array */

/* An array on its way into the archive. */
typedef struct entry {
	char name[BERN_TENSOR_NAME + 8];
	unsigned char local[LOCAL + BERN_TENSOR_NAME + 8 + NPY];
	size_t local_size; /* with the header of the array */
	size_t npy_size;
	uint32_t crc, size, offset;
} entry;

/* CRC-32 of ISO 3309, as ZIP has it; begin with 0. */
static uint32_t crc32_of(uint32_t crc, const void *data, size_t size)
{
	const unsigned char *byte = data;
	uint32_t table[256];
	for (uint32_t n = 0; n < 256; n++) {
		table[n] = n;
		for (int k = 0; k < 8; k++)
			table[n] = table[n] & 1 ? table[n] >> 1 ^ 0xedb88320u : table[n] >> 1;
	}
	crc = ~crc;
	for (size_t i = 0; i < size; i++)
		crc = table[(crc ^ byte[i]) & 255] ^ crc >> 8;
	return ~crc;
}

/* `size` bytes of a number, the lowest first. */
static unsigned char *put(unsigned char *at, uint32_t number, size_t size)
{
	for (size_t i = 0; i < size; i++)
		*at++ = (unsigned char)(number >> 8 * i);
	return at;
}

/* NPY 1.0: magic, length, a Python dictionary padded with blanks to a multiple of 64. Returns its size. */
static size_t npy_header(char *out, const bern_tensor *tensor)
{
	static const char *const types[] = {
		[BERN_T_U8] = "|u1",  [BERN_T_I32] = "<i4", [BERN_T_U32] = "<u4",
		[BERN_T_I64] = "<i8", [BERN_T_U64] = "<u8", [BERN_T_F32] = "<f4",
		[BERN_T_F64] = "<f8"};
	memset(out, ' ', NPY);
	int n = snprintf(out + 10, NPY - 10, "{'descr': '%s', 'fortran_order': False, 'shape': (",
			 types[tensor->type]);
	for (uint32_t d = 0; d < tensor->ndim; d++)
		n += snprintf(out + 10 + n, (size_t)(NPY - 10 - n), "%" PRIu64 ",%s",
			      tensor->shape[d], d + 1 < tensor->ndim ? " " : "");
	n += snprintf(out + 10 + n, (size_t)(NPY - 10 - n), "), }");
	out[10 + n] = ' ';
	size_t size = ((size_t)n + 10 + 1 + 63) / 64 * 64;
	memcpy(out, "\x93NUMPY\x01", 8); /* with the zero of the version's second number */
	put((unsigned char *)out + 8, (uint32_t)size - 10, 2);
	out[size - 1] = '\n';
	return size;
}

/* What both headers of an entry say of it: 26 bytes and a zero comment follow elsewhere. 1 January 1980, so that the same arrays
 * are the same bytes. */
static unsigned char *put_common(unsigned char *at, const entry *entry)
{
	at = put(at, 20, 2); /* version needed */
	at = put(at, 0, 2);  /* flags */
	at = put(at, 0, 2);  /* stored */
	at = put(at, 0, 2);
	at = put(at, 1 << 5 | 1, 2);
	at = put(at, entry->crc, 4);
	at = put(at, entry->size, 4);
	at = put(at, entry->size, 4);
	at = put(at, (uint32_t)strlen(entry->name), 2);
	return put(at, 0, 2); /* no extra field */
}

static void make_entry(entry *entry, const bern_tensor *tensor, uint32_t offset)
{
	char npy[NPY];
	entry->npy_size = npy_header(npy, tensor);
	snprintf(entry->name, sizeof entry->name, "%s.npy", tensor->name);
	entry->offset = offset;
	entry->size = (uint32_t)(entry->npy_size + bern_tensor_size(tensor));
	entry->crc = crc32_of(crc32_of(0, npy, entry->npy_size), tensor->data,
			      (size_t)bern_tensor_size(tensor));
	unsigned char *at = put(entry->local, 0x04034b50u, 4);
	at = put_common(at, entry);
	memcpy(at, entry->name, strlen(entry->name));
	at += strlen(entry->name);
	memcpy(at, npy, entry->npy_size);
	entry->local_size = (size_t)(at - entry->local) + entry->npy_size;
}

/* The directory at the end; returns its size. */
static size_t put_directory(unsigned char *directory, const entry *entries, size_t count,
			    uint32_t offset)
{
	unsigned char *at = directory;
	for (size_t i = 0; i < count; i++) {
		at = put(at, 0x02014b50u, 4);
		at = put(at, 20, 2); /* version made by */
		at = put_common(at, &entries[i]);
		at = put(at, 0, 2); /* comment */
		at = put(at, 0, 2); /* disk */
		at = put(at, 0, 2); /* attributes, inside and outside */
		at = put(at, 0, 4);
		at = put(at, entries[i].offset, 4);
		memcpy(at, entries[i].name, strlen(entries[i].name));
		at += strlen(entries[i].name);
	}
	uint32_t size = (uint32_t)(at - directory);
	at = put(at, 0x06054b50u, 4);
	at = put(at, 0, 4); /* disks */
	at = put(at, (uint32_t)count, 2);
	at = put(at, (uint32_t)count, 2);
	at = put(at, size, 4);
	at = put(at, offset, 4);
	at = put(at, 0, 2);
	return (size_t)(at - directory);
}

int32_t npz_write(const char *path, const bern_tensors *list, bern_error *e)
{
	size_t n = list->count;
	uint64_t total = END;
	for (size_t i = 0; i < n; i++)
		total += bern_tensor_size(&list->items[i]) + sizeof(entry) + CENTRAL;
	if (total > UINT32_MAX || n > UINT16_MAX)
		return bern_fail(e, BERN_EUSAGE,
				 "%s would have %" PRIu64 " bytes in %zu arrays; an NPZ file may "
				 "have 4294967295 in 65535",
				 path, total, n);
	entry *entries = calloc(n + 1, sizeof *entries);
	bern_piece *pieces = calloc(2 * n + 1, sizeof *pieces);
	unsigned char *directory = malloc(n * (CENTRAL + sizeof entries->name) + END);
	int32_t rc = entries && pieces && directory
			     ? 0
			     : bern_fail(e, BERN_EMEMORY, "memory is out: arrays of %s", path);
	uint32_t offset = 0;
	for (size_t i = 0; !rc && i < n; i++) {
		make_entry(&entries[i], &list->items[i], offset);
		pieces[2 * i] = (bern_piece){entries[i].local, entries[i].local_size};
		pieces[2 * i + 1] = (bern_piece){list->items[i].data,
						 (size_t)bern_tensor_size(&list->items[i])};
		offset += (uint32_t)(pieces[2 * i].size + pieces[2 * i + 1].size);
	}
	if (!rc) {
		pieces[2 * n] = (bern_piece){directory,
					     put_directory(directory, entries, n, offset)};
		rc = bern_file_replace(path, pieces, 2 * n + 1, e);
	}
	free(directory);
	free(pieces);
	free(entries);
	return rc;
}
