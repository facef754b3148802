/* A folder of a test's own, and files in it. Fails the test where the system fails it. */
#ifndef BERN_TEST_SCRATCH_H
#define BERN_TEST_SCRATCH_H

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SCRATCH_PATH 512

/* Makes an empty folder. */
static inline void scratch_make(char folder[SCRATCH_PATH])
{
	const char *base = getenv("TMPDIR");
	snprintf(folder, SCRATCH_PATH, "%s/bern-test-XXXXXX", base && *base ? base : "/tmp");
	ck_assert_msg(mkdtemp(folder) != NULL, "no folder %s can be made", folder);
}

/* Number of files in the folder, hidden ones included. */
static inline int scratch_count(const char *folder)
{
	int count = 0;
	DIR *dir = opendir(folder);
	ck_assert_ptr_nonnull(dir);
	for (struct dirent *item; (item = readdir(dir));)
		count += strcmp(item->d_name, ".") != 0 && strcmp(item->d_name, "..") != 0;
	closedir(dir);
	return count;
}

/* Removes the folder and the files in it. */
static inline void scratch_remove(const char *folder)
{
	char path[2 * SCRATCH_PATH];
	DIR *dir = opendir(folder);
	ck_assert_ptr_nonnull(dir);
	for (struct dirent *item; (item = readdir(dir));) {
		snprintf(path, sizeof path, "%s/%s", folder, item->d_name);
		unlink(path);
	}
	closedir(dir);
	rmdir(folder);
}

static inline void scratch_write(const char *path, const void *bytes, size_t size)
{
	FILE *file = fopen(path, "wb");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
	ck_assert_int_eq(fclose(file), 0);
}

/* The bytes of a file, ended by a zero; free them. */
static inline unsigned char *scratch_read(const char *path, size_t *size)
{
	size_t room = 1 << 20;
	unsigned char *bytes = malloc(room);
	FILE *file = fopen(path, "rb");
	ck_assert_msg(file != NULL, "%s is not there", path);
	*size = fread(bytes, 1, room - 1, file);
	ck_assert_uint_lt(*size, room - 1);
	bytes[*size] = 0;
	fclose(file);
	return bytes;
}

#endif
