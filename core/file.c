#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* "PATH cannot be written: No space left on device" */
static int32_t fail_errno(bern_error *e, const char *path, const char *what, int code)
{
	char why[128];
	if (strerror_r(code, why, sizeof why) != 0)
		snprintf(why, sizeof why, "error %d of the system", code);
	return bern_fail(e, BERN_EIO, "%s cannot be %s: %s", path, what, why);
}

/* ---- writing -------------------------------------------------------------------------------------- */

static int open_again(const char *path, int flags)
{
	int fd;
	do
		fd = open(path, flags, 0666);
	while (fd < 0 && errno == EINTR);
	return fd;
}

static int write_all(int fd, const void *data, size_t size)
{
	const char *from = data;
	while (size) {
		ssize_t wrote = write(fd, from, size);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			return -1;
		from += wrote;
		size -= (size_t)wrote;
	}
	return 0;
}

static int sync_again(int fd)
{
	int rc;
	do
		rc = fsync(fd);
	while (rc != 0 && errno == EINTR);
	return rc;
}

/* Opens a new file in the folder and writes its name. A name that a killed process left behind is passed over. */
static int open_temporary(const char *folder, char *name, size_t size)
{
	for (unsigned attempt = 0;; attempt++) {
		snprintf(name, size, "%s.bern-%ld-%u", folder, (long)getpid(), attempt);
		int fd = open_again(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC);
		if (fd >= 0 || errno != EEXIST || attempt == 1000)
			return fd;
	}
}

/* Writes, flushes and closes; 0 or -1 with errno. */
static int fill(int fd, const bern_piece *pieces, size_t count)
{
	int rc = 0, code;
	for (size_t i = 0; i < count && rc == 0; i++)
		rc = write_all(fd, pieces[i].data, pieces[i].size);
	if (rc == 0)
		rc = sync_again(fd);
	code = errno;
	/* after EINTR the descriptor is closed all the same, and the data are on the disk */
	if (close(fd) != 0 && errno != EINTR && rc == 0)
		return -1;
	errno = code;
	return rc;
}

/* Makes the rename last. A folder that may not be read, or a file system that cannot flush one, is left to itself. */
static int sync_folder(const char *folder)
{
	int rc = 0, fd = open_again(*folder ? folder : ".", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (sync_again(fd) != 0 && errno == EIO)
		rc = -1;
	close(fd);
	return rc;
}

int32_t bern_file_replace(const char *path, const bern_piece *pieces, size_t count, bern_error *e)
{
	/* the folder with its slash, or nothing */
	const char *slash = strrchr(path, '/');
	size_t length = slash ? (size_t)(slash - path) + 1 : 0;
	char *folder = calloc(1, length + 1), *temporary = malloc(length + 80);
	int32_t rc = BERN_OK;
	int fd;
	if (!folder || !temporary) {
		rc = bern_fail(e, BERN_EMEMORY, "%s cannot be written: memory is out", path);
		goto done;
	}
	memcpy(folder, path, length);
	fd = open_temporary(folder, temporary, length + 80);
	if (fd < 0) {
		if (errno == ENOENT)
			rc = bern_fail(e, BERN_EIO, "%s cannot be written: there is no such folder",
				       path);
		else
			rc = fail_errno(e, path, "written", errno);
		goto done;
	}
	if (fill(fd, pieces, count) != 0 || rename(temporary, path) != 0) {
		rc = fail_errno(e, path, "written", errno);
		unlink(temporary);
		goto done;
	}
	if (sync_folder(folder) != 0)
		rc = fail_errno(e, path, "made sure to outlast a power failure", errno);
done:
	free(temporary);
	free(folder);
	return rc;
}

/* ---- reading -------------------------------------------------------------------------------------- */

/* Reads exactly `size` bytes; 0, or -1 with errno (0: the file is shorter). */
static int read_all(int fd, unsigned char *to, size_t size)
{
	while (size) {
		ssize_t got = read(fd, to, size);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			errno = got ? errno : 0;
			return -1;
		}
		to += got;
		size -= (size_t)got;
	}
	return 0;
}

int32_t bern_file_read(const char *path, size_t limit, unsigned char **bytes, size_t *size,
		       bern_error *e)
{
	int32_t rc = BERN_OK;
	struct stat about;
	*bytes = NULL;
	*size = 0;
	/* without waiting, should it be a pipe */
	int fd = open_again(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return fail_errno(e, path, "read", errno);
	if (fstat(fd, &about) != 0) {
		rc = fail_errno(e, path, "read", errno);
	} else if (!S_ISREG(about.st_mode)) {
		rc = bern_fail(e, BERN_EIO, "%s cannot be read: it is %s", path,
			       S_ISDIR(about.st_mode) ? "a folder" : "not a plain file");
	} else if ((uint64_t)about.st_size > limit) {
		rc = bern_fail(e, BERN_EFORMAT, "%s cannot be read: %lld bytes are more than %zu",
			       path, (long long)about.st_size, limit);
	} else if (!(*bytes = malloc((size_t)about.st_size + 1))) {
		rc = bern_fail(e, BERN_EMEMORY, "%s cannot be read: memory is out", path);
	} else if (read_all(fd, *bytes, (size_t)about.st_size) != 0) {
		rc = errno ? fail_errno(e, path, "read", errno)
			   : bern_fail(e, BERN_EIO, "%s became shorter while it was read", path);
		free(*bytes);
		*bytes = NULL;
	} else {
		*size = (size_t)about.st_size;
		(*bytes)[*size] = '\0';
	}
	close(fd);
	return rc;
}
