/* cli/runs.h: `bern runs`: what lies in a folder of runs, what is in one, how two differ, and which checkpoints may go.
 *
 * Run folders are plain files that a person may move or delete at any moment: what cannot be read is named on stderr and left out.
 */
#ifndef BERN_CLI_RUNS_H
#define BERN_CLI_RUNS_H

#include "command.h"
#include "runs_read.h"

/* Which runs are wanted. */
typedef struct runs_filter {
	const char *env; /* id, or a part of it; NULL: any */
	int32_t status;  /* enum run_status; -1: any */
	char since[32];  /* UTC as in meta.json; runs that began earlier are left out; "": none */
} runs_filter;

/* Reads --since: "2026-01-31", "2026-01-31T12:00:00Z", or an age as "90m", "12h", "7d", "2w" before `now` (seconds since 1970). */
int32_t runs_since(runs_filter *filter, const char *text, int64_t now, bern_error *e);

/* Prints the runs of `folder`, of its groups too, oldest first: a table, or one JSON object a line. */
int32_t runs_list(const char *folder, const runs_filter *filter, int json, bern_error *e);

/* Prints all that is known of a run or of the members of a group. */
int32_t runs_show(const char *path, int json, bern_error *e);

/* Prints the options and parameters in which two runs differ, and both results. */
int32_t runs_diff(const char *a, const char *b, int json, bern_error *e);

/* What `bern runs prune` is asked. */
typedef struct runs_prune_plan {
	int keep_best, keep_latest;
	int64_t keep_newest; /* so many of the newest besides */
	int yes;             /* do not ask */
} runs_prune_plan;

/* Removes the other checkpoints of the runs (paths: runs, groups, or folders of runs), after asking on stderr. A run in which a
 * process trains is named and left alone. */
int32_t runs_prune(const char *const *paths, size_t count, const runs_prune_plan *plan,
		   bern_error *e);

#endif
