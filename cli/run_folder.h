/* cli/run_folder.h: the folder that a run leaves behind.
 *
 *     runs/CartPole-v1__reinforce__s1__20260101-120000/
 *       config.yaml  meta.json  progress.csv  eval.csv  monitor.csv
 *       checkpoints/step_000100000.safetensors   latest -> ...   best -> ...
 *
 * What is replaced is written to a temporary name, flushed and renamed, so that a reader sees the old or the new, whole.
 * A folder belongs to one process at a time: it is locked while it is open.
 */
#ifndef BERN_CLI_RUN_FOLDER_H
#define BERN_CLI_RUN_FOLDER_H

#include "config.h"

#include <time.h>

#define RUN_PATH_ROOM 1024

typedef struct run_folder {
	char path[RUN_PATH_ROOM];
	int fd; /* owned, of the folder; holds the lock. -1: not open */
} run_folder;

/* Makes the folder in config->run.runs_dir, which is made too, under config->run.name or, if that is empty, a name of
 * environment, agent, seed and the local time `now` (a suffix -2, -3, ... if it is taken). A named folder that exists is
 * an error unless force: then the files of the run in it are removed, and nothing else. */
int32_t run_folder_create(run_folder *folder, const run_config *config, int force, time_t now,
			  bern_error *e);

/* Makes an empty folder for a group of runs with those seeds ("1-10"), named likewise; opened and locked. With force a group of that
 * name is taken over, whose runs stay. */
int32_t run_folder_create_group(run_folder *folder, const run_config *config, const char *seeds,
				int force, time_t now, bern_error *e);

/* Opens the folder of an earlier run and removes temporary files that a killed process left in it. */
int32_t run_folder_open(run_folder *folder, const char *path, bern_error *e);

/* Removes the files of the run, and the folder itself if nothing else is in it. */
void run_folder_remove(const run_folder *folder);

void run_folder_close(run_folder *folder); /* zeroed or closed is fine */

/* Writes folder/name to out (RUN_PATH_ROOM + 64 bytes). Returns out. */
char *run_folder_file(const run_folder *folder, const char *name, char *out);

/* Replaces folder/name by the text. */
int32_t run_folder_write(const run_folder *folder, const char *name, const char *text,
			 bern_error *e);

/* "checkpoints/step_000100000.safetensors", to out (64 bytes). Returns out. */
char *run_folder_checkpoint(uint64_t step, char *out);

/* Makes folder/name a symbolic link to `target`, in one step where there was one before. */
int32_t run_folder_link(const run_folder *folder, const char *name, const char *target,
			bern_error *e);

/* Removes all but the newest `keep` checkpoints (0: keeps all), sparing those that `latest` and `best` point to. */
int32_t run_folder_prune(const run_folder *folder, uint64_t keep, bern_error *e);

#endif
