/* cli/logs.h: the tables of a run folder, appended in whole rows.
 *
 * A log counts its rows. A checkpoint keeps the counts, and a resumed run cuts off what came after them, so that the rows
 * of a resumed run are those of an unbroken one. Rows wait in memory until log_flush: a reader never sees half a row.
 */
#ifndef BERN_CLI_LOGS_H
#define BERN_CLI_LOGS_H

#include "run_folder.h"

typedef struct log_table {
	char path[RUN_PATH_ROOM + 64];
	int fd;        /* owned; -1: not open */
	uint64_t rows; /* written or waiting, without the lines of the head */
	uint64_t size; /* bytes in the file, all of whole rows */
	size_t waiting;
	char buffer[16384];
} log_table;

#define LOG_ROW_ROOM 4096 /* a row takes less */

/* Makes folder/name with the lines of `head`. */
int32_t log_create(log_table *log, const run_folder *folder, const char *name, const char *head,
		   bern_error *e);

/* Opens folder/name again, or makes it, and cuts it after the first `rows` rows that follow the head, or after the last
 * whole row if there are fewer: log->rows tells. Copies the last row that stays, or "", to last (LOG_ROW_ROOM bytes). */
int32_t log_reopen(log_table *log, const run_folder *folder, const char *name, const char *head,
		   uint64_t rows, char *last, bern_error *e);

/* Adds one row, which ends in a newline. Numbers are written with log_number. */
int32_t log_row(log_table *log, const char *row, bern_error *e);

/* Adds a record of bytes that need not be text. */
int32_t log_bytes(log_table *log, const void *bytes, size_t size, bern_error *e);

/* Writes the rows that wait. On failure (a full disk) the file still ends in a whole row. */
int32_t log_flush(log_table *log, bern_error *e);

void log_close(log_table *log); /* without flushing; zeroed or closed is fine */

/* Writes x to out (32 bytes) with 9 significant digits; nothing if it is NaN. Returns out. */
char *log_number(double x, char *out);

#endif
