/* cli/session.h: one sitting of training, from the start or from a checkpoint: what train and resume share. */
#ifndef BERN_CLI_SESSION_H
#define BERN_CLI_SESSION_H

#include "command.h"
#include "run_folder.h"

#include <ranks.h>

typedef struct session {
	const char *command;     /* "train" or "resume" */
	run_config *config;      /* borrowed, with agent.total_timesteps set */
	const bern_world *world; /* borrowed */
	const char *env_origin;  /* where the environment came from */
	const output_style *style;
	int force;          /* train: write over a run folder of that name */
	int extend;         /* resume: total_timesteps was given, also to go on with a solved run */
	int64_t configured; /* resume: total_timesteps of config.yaml */
	run_folder folder;  /* resume: open; train: made here. Closed at the end */
	double start;       /* trainer_clock() when the program began */
	const bern_ranks *ranks; /* processes that train together, borrowed; NULL: this one alone */
} session;

/* Trains, evaluates and reports. The run folder of a new run is made only when all else is ready. A run that stopped as
 * solved and is to be extended trains on without stopping early: its stop_looks becomes 0. Returns the exit status; of several ranks
 * that of rank 0 counts, which alone has the folder and prints. */
int session_run(session *s, int resumed);

#endif
