/* file.h: files that are replaced whole or not at all. Internal to libbern and the program. */
#ifndef BERN_FILE_H
#define BERN_FILE_H

#include <bern/error.h>
#include <stddef.h>

/* Bytes of a file, borrowed for the call. */
typedef struct bern_piece {
	const void *data;
	size_t size;
} bern_piece;

/* Writes the pieces one after another to a temporary name in the folder of `path` (".bern-..."), flushes them to the disk,
 * renames the file to `path` and flushes the folder: a reader sees the old file or the whole new one, also after a crash. On
 * failure the old file is untouched and the temporary one is gone; only if the very last step fails, the flush of the folder,
 * the new file is there and the error says so. Any thread. */
int32_t bern_file_replace(const char *path, const bern_piece *pieces, size_t count, bern_error *e);

/* Reads a whole file; *bytes (free) ends in a zero that *size does not count. An error if it is no plain file or larger than
 * `limit`. Any thread. */
int32_t bern_file_read(const char *path, size_t limit, unsigned char **bytes, size_t *size,
		       bern_error *e);

#endif
