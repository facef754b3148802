/* cli/csv.h: reads the tables of a run folder, columns by name, fast, also while they are being written.
 *
 * Rows are whole lines: a last line without its newline, or with too few cells, is torn and left out. A first line behind '#' is
 * passed over. An empty cell is NaN.
 */
#ifndef BERN_CLI_CSV_H
#define BERN_CLI_CSV_H

#include <bern/error.h>
#include <stddef.h>

#define CSV_COLUMNS 512

typedef struct csv_table {
	size_t rows, columns;
	char *names[CSV_COLUMNS];    /* (columns) borrowed from text */
	double *values[CSV_COLUMNS]; /* (columns)(rows) NULL: not asked for */
	int torn;                    /* 1: a last row was left out */
	char *text;                  /* owned: the head */
	double *memory;              /* owned: the values */
} csv_table;

/* Reads the columns of those names (count), of all if wanted is NULL. A name that is no column is passed over: csv_column tells. A
 * cell that is no number is an error that names the line. csv_finish also after a failure. */
int32_t csv_read(csv_table *table, const char *path, const char *const *wanted, size_t count,
		 bern_error *e);
void csv_finish(csv_table *table);

/* (rows) the column of that name; NULL: there is none, or it was not asked for. */
const double *csv_column(const csv_table *table, const char *name);

/* Writes the names of all columns, with commas between them, as far as there is room. Returns out. */
char *csv_names(const csv_table *table, char *out, size_t size);

#endif
