/* cli/sides.h: runs sorted into the sides that are laid beside each other: each group is one, and loose runs that differ in nothing
 * but their seed are one. A side is called by what differs between the configurations.
 */
#ifndef BERN_CLI_SIDES_H
#define BERN_CLI_SIDES_H

#include "runs_read.h"

#define SIDES_MOST 64

typedef struct side {
	char name[96]; /* "firings=1", or the folder where the configurations do not differ */
	const run_record **runs; /* (count) owned array, runs borrowed from the list */
	size_t count;
	size_t from; /* the path of a group; SIZE_MAX: loose runs */
} side;

typedef struct sides {
	side *sides; /* (count) owned */
	size_t count;
} sides;

/* Sorts the runs of a list, which must outlive the result, in the order of their first runs. paths: those that the list was read from.
 * Runs of different environments are an error. */
int32_t sides_make(sides *s, const run_list *list, const char *const *paths, bern_error *e);
void sides_finish(sides *s);

#endif
