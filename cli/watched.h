/* cli/watched.h: what `bern watch` and `bern play` show: an environment and an agent of this process, of a run or of none.
 *
 * A run is only read: nothing in its folder is locked or changed, and whatever is missing or half written is told and left for
 * later. Weights come from checkpoints, which are replaced whole, so that a reader sees a good one or an error.
 */
#ifndef BERN_CLI_WATCHED_H
#define BERN_CLI_WATCHED_H

#include "command.h"
#include "csv.h"
#include "run_folder.h"

#include <inspect.h>
#include <panels.h>

#include <time.h>

typedef struct watch_request {
	const char *word;       /* a run folder, a checkpoint file in one, or an environment */
	const char *run;        /* of `bern play ENV RUN`; NULL: word says all */
	const char *checkpoint; /* "best", "latest" or a step; NULL: best, then latest */
	const char *agent;      /* without a run: "random" or "untrained" */
	int follow;             /* read each new checkpoint that `latest` points to */
	int is_play;            /* word is an environment whatever lies in this folder */
	config_list settings;   /* of an environment and an untrained agent; owned by the command */
	const char *const *env_paths;
	size_t env_path_count;
} watch_request;

typedef struct watched {
	run_folder folder; /* of the run, not opened; path "": there is none */
	char name[128];    /* of the run or environment, for titles */
	bern_registry *registry;
	run_config config;
	config_origins origins;
	int has_config, has_world;
	bern_world world;
	bern_agent *agent;    /* NULL: a random policy */
	bern_tensors tensors; /* of the policy, then all others of the agent: V(s) is one of them */
	bern_tensors policy;  /* the first of them again */
	bern_inspector inspector;
	int has_inspector;
	int following;
	/* of the checkpoint whose weights are in the agent */
	int has_step;
	uint64_t step;
	uint64_t identity[3]; /* device, inode and time of the file, by which a new one is known */
	/* the run's returns */
	csv_table table;
	bern_curve curve;
	int64_t curve_size; /* bytes of the file when it was read */
	int curve_kind;     /* 0: none, 1: eval.csv, 2: progress.csv */
} watched;

/* Opens it all; `command` stands in errors. It must stay where it is until it is finished, also after a failure. */
int32_t watched_open(watched *w, const char *command, const watch_request *request, bern_error *e);
void watched_finish(watched *w);

/* Reads the weights that `latest` points to if they are others than those in the agent. Returns 1 if they were read, 0 if not; where
 * that is news, *notice has a sentence, else "". */
int watched_follow(watched *w, char *notice, size_t size);

/* Reads the weights of the next checkpoint (direction 1) or the one before (-1). As watched_follow. */
int watched_turn(watched *w, int direction, char *notice, size_t size);

/* Reads the curve of returns again if its file has grown. */
void watched_read_curve(watched *w);

#endif
