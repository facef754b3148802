/* cli/runs_read.h: reads run folders and groups of them as they lie on the disk. Nothing is locked for longer than a glance, so
 * a run in progress may be read too, and folders may have been moved.
 *
 * A group is a folder with a group.json beside its members, one run folder for each seed:
 *
 *     runs/CartPole-v1__reinforce__seeds1-10__20260101-120000/
 *       group.json  config.yaml  s1/  s2/  ...
 */
#ifndef BERN_CLI_RUNS_READ_H
#define BERN_CLI_RUNS_READ_H

#include "csv.h"
#include "meta.h"

#define GROUP_FILE "group.json"

enum run_status {
	RUN_UNKNOWN,     /* meta.json is missing or says nothing */
	RUN_RUNNING,     /* a process trains in the folder now */
	RUN_KILLED,      /* none does, but the last session did not say how it ended */
	RUN_INTERRUPTED, /* Ctrl-C */
	RUN_FAILED,
	RUN_FINISHED, /* all steps made */
	RUN_SOLVED    /* stopped early, after good looks */
};

/* "unknown", "running", "killed", "interrupted", "failed", "finished", "solved" */
const char *run_status_name(int32_t status);

typedef struct run_record {
	char path[RUN_PATH_ROOM]; /* as given, or of a member: group/member */
	char start[32], end[32];  /* UTC of the first and the last session, "" if not known */
	char failure[256];        /* what a failed run said */
	char origin[256];         /* where the environment came from */
	int32_t status;           /* enum run_status */
	run_config config;        /* owned */
	run_outcome outcome;      /* of the last session */
} run_record;

/* Reads config.yaml and meta.json. Without a config.yaml that can be read it is no run: an error; all else may be missing. */
int32_t run_record_read(run_record *run, const char *path, bern_error *e);
void run_record_finish(run_record *run);

/* Reads columns of FOLDER/file (csv_read); a file that is missing or empty is an error in words. */
int32_t run_table_read(const run_record *run, const char *file, const char *const *wanted,
		       size_t count, csv_table *table, bern_error *e);

/* ---- groups ----------------------------------------------------------------------------------------------------- */

typedef struct run_group {
	char path[RUN_PATH_ROOM];
	char (*members)
		[64]; /* (count) owned: names of folders in it, also of runs that have not begun */
	size_t count;
} run_group;

/* Whether the folder has a group.json. */
int is_run_group(const char *path);

int32_t run_group_read(run_group *group, const char *path, bern_error *e);
void run_group_finish(run_group *group);

/* ---- several ---------------------------------------------------------------------------------------------------- */

typedef struct run_list {
	run_record *runs; /* (count) owned */
	size_t *from;     /* (count) owned: number of the path that each came from */
	size_t count;
	char **notes; /* (note_count) owned: what was left out and why, a sentence each */
	size_t note_count;
} run_list;

/* Reads runs and the members of groups. A path that is neither, or a run that is broken, is an error; a member of a group that is
 * broken or has not begun is left out and noted. */
int32_t run_list_read(run_list *list, const char *const *paths, size_t count, bern_error *e);
void run_list_finish(run_list *list);

#endif
