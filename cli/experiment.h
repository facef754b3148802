/* cli/experiment.h: trainings without a run folder: a recipe with some options changed, one seed, and what came of it.
 *
 * The streams are those of `bern train`, so a seed gives the bits that the program gives; looks are made where the recipe makes
 * them. Any number of threads may each run experiments of their own.
 */
#ifndef BERN_CLI_EXPERIMENT_H
#define BERN_CLI_EXPERIMENT_H

#include "command.h"

#define EXPERIMENT_SETTINGS 24
#define EXPERIMENT_LEVEL    20

typedef struct experiment_setting {
	const char *key, *text; /* an option's key, or "env." and a parameter's */
} experiment_setting;

/* What is trained. Strings are borrowed. */
typedef struct experiment {
	const char *env;    /* NULL: the recipe's */
	const char *recipe; /* name or file; NULL: the environment's; "none" */
	experiment_setting settings[EXPERIMENT_SETTINGS]; /* the later one wins */
	size_t count;
	int has_level; /* 1: steps until episodes while learning return `level` are counted, and looks stop nothing */
	double level;
} experiment;

typedef struct experiment_result {
	uint64_t steps; /* made in all */
	uint64_t first,
		third; /* steps at the first good look, at the first of stop_looks in a row; 0: none */
	uint64_t
		level; /* steps until EXPERIMENT_LEVEL episodes in a row, as they ended while learning, returned
	                    the experiment's level on average; 0: never, or none was asked for */
	double mean,
		error; /* return of the agent that is left over final_episodes episodes; its standard error.
	                          NaN where final_episodes is 0 or learning broke */
	double learning; /* mean return of the episodes that ended in the last tenth of the steps; NaN: none */
	double seconds;       /* processor time of learning, looks excluded */
	double first_seconds; /* the same up to the first good look; 0: none */
	int broke;            /* 1: a number became infinite or NaN, and learning ended there */
} experiment_result;

/* Adds a setting; one too many is a mistake of the caller. */
void experiment_set(experiment *x, const char *key, const char *text);

/* Does all that experiment_run does before it learns, so that whatever is wrong is told. *yaml (owned by the caller: free; may be
 * NULL) is the complete configuration; *looks (may be NULL) tells whether a look may end it. */
int32_t experiment_check(const experiment *x, char **yaml, int *looks, bern_error *e);

int32_t experiment_run(const experiment *x, uint64_t seed, experiment_result *out, bern_error *e);

#endif
