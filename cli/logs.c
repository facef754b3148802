#include "logs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int32_t fail_io(bern_error *e, const char *doing, const log_table *log)
{
	return bern_fail(e, BERN_EIO, "%s %s: %s", doing, log->path, strerror(errno));
}

char *log_number(double x, char *out)
{
	out[0] = '\0';
	if (x == x)
		snprintf(out, 32, "%.9g", x);
	return out;
}

int32_t log_create(log_table *log, const run_folder *folder, const char *name, const char *head,
		   bern_error *e)
{
	log->rows = log->size = log->waiting = 0;
	run_folder_file(folder, name, log->path);
	log->fd = open(log->path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
	if (log->fd < 0)
		return fail_io(e, "writing", log);
	int32_t rc = log_row(log, head, e);
	log->rows = 0;
	return rc ? rc : log_flush(log, e);
}

/* Walks over at most `lines` whole lines from the start. Returns how many there were, and where the last of them starts
 * and ends. */
static uint64_t walk_lines(log_table *log, uint64_t lines, uint64_t *start, uint64_t *end)
{
	uint64_t at = 0, found = 0;
	ssize_t n;
	*start = *end = 0;
	while (found < lines &&
	       (n = pread(log->fd, log->buffer, sizeof log->buffer, (off_t)at)) > 0) {
		for (ssize_t i = 0; i < n && found < lines; i++)
			if (log->buffer[i] == '\n') {
				*start = *end;
				*end = at + (uint64_t)i + 1;
				found++;
			}
		at += (uint64_t)n;
	}
	return found;
}

int32_t log_reopen(log_table *log, const run_folder *folder, const char *name, const char *head,
		   uint64_t rows, char *last, bern_error *e)
{
	uint64_t start, end, head_lines = 0;
	for (const char *c = head; *c; c++)
		head_lines += *c == '\n';
	log->waiting = 0;
	last[0] = '\0';
	run_folder_file(folder, name, log->path);
	log->fd = open(log->path, O_RDWR | O_APPEND | O_CLOEXEC);
	if (log->fd < 0 && errno == ENOENT)
		return log_create(log, folder, name, head, e);
	if (log->fd < 0)
		return fail_io(e, "opening", log);
	if (rows > UINT64_MAX - head_lines)
		rows = UINT64_MAX - head_lines;
	uint64_t found = walk_lines(log, head_lines + rows, &start, &end);
	if (found < head_lines) {
		log_close(log);
		return log_create(log, folder, name, head, e);
	}
	log->rows = found - head_lines;
	if (log->rows) {
		size_t length = end - start < LOG_ROW_ROOM ? end - start : LOG_ROW_ROOM - 1;
		ssize_t n = pread(log->fd, last, length, (off_t)start);
		last[n < 0 ? 0 : n] = '\0';
	}
	log->size = end;
	return ftruncate(log->fd, (off_t)end) ? fail_io(e, "cutting", log) : 0;
}

int32_t log_bytes(log_table *log, const void *row, size_t length, bern_error *e)
{
	if (log->waiting + length > sizeof log->buffer) {
		int32_t rc = log_flush(log, e);
		if (rc)
			return rc;
	}
	memcpy(log->buffer + log->waiting, row, length);
	log->waiting += length;
	log->rows++;
	return 0;
}

int32_t log_row(log_table *log, const char *row, bern_error *e)
{
	return log_bytes(log, row, strlen(row), e);
}

int32_t log_flush(log_table *log, bern_error *e)
{
	size_t done = 0;
	while (done < log->waiting) {
		ssize_t n = write(log->fd, log->buffer + done, log->waiting - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int32_t rc = fail_io(e, "writing", log);
			/* take back half a row; where even that fails, resume cuts it */
			int ignored = ftruncate(log->fd, (off_t)log->size);
			(void)ignored;
			return rc;
		}
		done += (size_t)n;
	}
	log->size += log->waiting;
	log->waiting = 0;
	return 0;
}

void log_close(log_table *log)
{
	if (log->path[0] && log->fd >= 0)
		close(log->fd);
	log->fd = -1;
}
