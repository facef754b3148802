/* cli/trainer.h: a run in progress: learning, logs, looks at the policy, checkpoints.
 *
 * train and resume differ in how a trainer starts (trainer_begin or trainer_restore); trainer_run is the same for both, and
 * all that decides its course is in the checkpoint, so that a resumed run equals an unbroken one. Only the clock columns of
 * the logs differ.
 *
 * Several processes may train together (mpirun.h): all learn, and agree at each update on whether to go on; rank 0 alone has the folder,
 * looks, and gathers the lanes of the others before it saves.
 *
 * What is due (a row of the log, a look, a checkpoint) falls on the first update at or past each multiple of its interval.
 */
#ifndef BERN_CLI_TRAINER_H
#define BERN_CLI_TRAINER_H

#include "command.h"
#include "progress.h"
#include "run_logs.h"
#include "run_folder.h"

#include <ranks.h>

/* Version of the tensors and metadata in a checkpoint. */
#define TRAINER_FORMAT "1"

/* Return and length in the logs are means over so many episodes. */
#define RECENT_EPISODES 100

/* An evaluation cuts an episode here if its environment has no time limit of its own. */
#define EVAL_MAX_EPISODE_STEPS 10000

enum trainer_end {
	END_STEPS = 1, /* all steps are made */
	END_SOLVED,    /* stop_looks good looks in a row */
	END_INTERRUPTED
};

/* Whole numbers that a resumed run needs; each is a tensor "run.NAME" of a checkpoint. */
#define TRAINER_COUNTERS(X)                                                                        \
	X(episodes) /* ended */                                                                    \
	X(next_log) /* step from which the next row of progress.csv is due */                      \
	X(next_look)                                                                               \
	X(next_checkpoint)                                                                         \
	X(looks)      /* made */                                                                   \
	X(good_looks) /* in a row, up to now */                                                    \
	X(good_step)  /* step of the first of them */                                              \
	X(has_best)   /* 1: there is a best look */                                                \
	X(best_step)                                                                               \
	X(best_given_up) /* 1: it was given up early, as all others so far */                      \
	X(progress_rows)                                                                           \
	X(eval_rows)                                                                               \
	X(monitor_rows)

typedef struct trainer_counters {
#define X(name) uint64_t name;
	TRAINER_COUNTERS(X)
#undef X
} trainer_counters;

/* All borrowed; they outlive the trainer. */
typedef struct trainer_setup {
	const char *command; /* "train" or "resume", for messages */
	const run_config *config;
	const char
		*config_text; /* the same as YAML, kept in each checkpoint; needed by trainer_run */
	const bern_world *world;
	bern_agent *agent;
	const run_folder *folder;
	const output_style *style;
	const char *plugin;      /* the library that the environment came from; NULL: built in */
	double start;            /* trainer_clock() when the program began */
	const bern_ranks *ranks; /* that train together, the agent's; NULL: this process alone */
} trainer_setup;

typedef struct trainer {
	trainer_setup setup;
	bern_lanes lanes;
	bern_share share; /* of the lanes, over ranks */
	bern_arena arena; /* owned: its memory */
	bern_evaluator *evaluator;
	trainer_counters count;
	double best_mean;
	double recent_returns[RECENT_EPISODES], recent_lengths[RECENT_EPISODES];
	/* everything above that must survive, and the agent's and lanes' own; the policy's come first */
	bern_tensors tensors;
	size_t policy_tensors;
	/* the same as they were at the best look; its file is written when the next checkpoint is */
	bern_tensors best;
	unsigned char *best_memory; /* owned */
	int best_waits;
	char written[64]; /* the checkpoint last written or read, "" if there is none */
	log_table eval, monitor;
	run_logs logs;
	progress bar;
	/* clocks: nothing that is computed depends on them */
	double now;         /* trainer_clock() when it was last read */
	double time_before; /* seconds that earlier sessions took */
	double run_start, look_seconds, log_clock, flush_clock;
	uint64_t first_step, log_step;
	bern_error episode_error; /* of a log row, until learn() has returned */
} trainer;

/* Seconds since some fixed moment. */
double trainer_clock(void);

/* Takes all memory, makes the lanes and resets them. trainer_finish also after a failure. */
int32_t trainer_init(trainer *t, const trainer_setup *setup, bern_error *e);
void trainer_finish(trainer *t);

/* Starts the logs of a new run. */
int32_t trainer_begin(trainer *t, bern_error *e);

/* 1 in the process that has the folder and speaks for all. */
int trainer_leads(const trainer *t);

/* Starts a new run from the weights of another, and nothing else of it: before trainer_begin. */
int32_t trainer_take_weights(trainer *t, const char *run, bern_error *e);

/* Goes on from the checkpoint that `latest` points to and cuts the logs accordingly. Says on stderr if a log has lost
 * rows. */
int32_t trainer_restore(trainer *t, bern_error *e);

/* Whether the run has nothing left to do, and why: 0, END_STEPS or END_SOLVED. */
int trainer_ended(const trainer *t);

/* Trains until the end or a signal (signals.h) and writes the last checkpoint; *end is an enum trainer_end. On failure the
 * checkpoints written before are whole, and a best one that still waited is written if it can be. */
int32_t trainer_run(trainer *t, int *end, bern_error *e);

/* Mean return of the last episodes (RECENT_EPISODES at most) played while learning; NaN if none has ended. */
double trainer_recent_return(const trainer *t);

/* Seed of the environments in the evaluation at the end: episode i has the plain seed trainer_final_seed(seed) + i, as
 * `bern eval --seed` gives them. Runs with different seeds up to 10^13 share no episode if they play up to a million. */
uint64_t trainer_final_seed(uint64_t seed);

/* The evaluation at the end, of the weights in the agent now. returns and lengths of `result` are set by the caller. */
int32_t trainer_final(trainer *t, bern_eval_result *result, bern_error *e);

/* Reads the weights of the best look into the agent, for trainer_final; the run cannot go on after this. */
int32_t trainer_take_best(trainer *t, bern_error *e);

#endif
