/* cli/sweep_file.h: reads what a sweep is from YAML.
 *
 *     env: CartPole-v1            recipe: CartPole-v1        one of them, or both
 *     method: random              grid, random or halving
 *     measure: steps              steps to the first good look, or return
 *     configurations: 20          random, halving: how many are drawn
 *     budget: 20000               steps of a training
 *     seeds: 3                    of each configuration, to choose by
 *     finalists: 3                that are trained anew with other seeds, to report
 *     final_seeds: 10
 *     sweep_seed: 1               of the draws
 *     eta: 3                      halving: one in so many goes on, with so many times the steps
 *     least_budget: 2000          halving: steps of the first round
 *     base: {hidden: 64}          options and parameters of all
 *     space:                      what is varied
 *       learning_rate: {log_uniform: [0.003, 0.3]}
 *       firings: {integer: [1, 32]}
 *       env.gravity: {uniform: [5, 15]}
 *       optimizer: [adam, sgd]
 */
#ifndef BERN_CLI_SWEEP_FILE_H
#define BERN_CLI_SWEEP_FILE_H

#include "experiment.h"

#define SWEEP_KEYS           8
#define SWEEP_CHOICES        64
#define SWEEP_CONFIGURATIONS 10000 /* at most */

enum sweep_method { SWEEP_GRID, SWEEP_RANDOM, SWEEP_HALVING };
enum sweep_measure { SWEEP_STEPS, SWEEP_RETURN };
enum sweep_range {
	RANGE_CHOICE,
	RANGE_UNIFORM,
	RANGE_LOG_UNIFORM,
	RANGE_INTEGER,
	RANGE_LOG_INTEGER
};

/* One key that is varied. Strings are owned by the sweep. */
typedef struct sweep_axis {
	char *key;
	size_t line;   /* in the file */
	int32_t range; /* enum sweep_range */
	char *choices[SWEEP_CHOICES];
	size_t count; /* of choices */
	double low, high;
} sweep_axis;

typedef struct sweep_plan {
	char *env, *recipe; /* owned; NULL: not given */
	int64_t method, measure, configurations, budget, least_budget, seeds, finalists,
		final_seeds, sweep_seed, eta;
	struct {
		char *key, *text;
		size_t line;
	} base[SWEEP_KEYS];
	size_t base_count;
	sweep_axis space[SWEEP_KEYS];
	size_t space_count;
} sweep_plan;

/* Reads the text of a file; `name` stands for it in errors, which tell the line. sweep_plan_finish also after a failure. */
int32_t sweep_plan_read(sweep_plan *plan, const char *name, const char *text, size_t size,
			bern_error *e);
void sweep_plan_finish(sweep_plan *plan);

/* ---- configurations --------------------------------------------------------------------------------------------- */

/* How many there are: of a grid its product. */
int32_t sweep_count(const sweep_plan *plan, const char *name, size_t *count, bern_error *e);

/* Writes the values of configuration `index` (SWEEP_KEYS texts of 64 bytes). It depends on the plan and the index alone. */
void sweep_values(const sweep_plan *plan, size_t index, char values[SWEEP_KEYS][64]);

/* Makes the experiment of configuration `index` with its values in `values`; `steps` (text) is its budget. Borrows all. */
void sweep_experiment(const sweep_plan *plan, size_t index, char values[SWEEP_KEYS][64],
		      const char *steps, experiment *x);

/* Checks plan and space: every end of every range, and of a grid or a list of draws every configuration, as far as an agent can
 * be made from it. */
int32_t sweep_check(const sweep_plan *plan, const char *name, bern_error *e);

#endif
