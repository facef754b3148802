/* table.h: what the agents for comparison and teaching share.
 *
 * They keep numbers for each value of a DISCRETE observation (ase-ace: for each box of a CartPole) in place of a network. All
 * lanes share one table; actions of a step are chosen from the table as it was before the step, updates follow in lane order.
 */
#ifndef BERN_TABLE_H
#define BERN_TABLE_H

#include <bern/agent.h>

/* ---- the random numbers of one decision -------------------------------------------------------------- */

/* Whole blocks of 16 numbers from a firing stream, fetched when first needed. What is left over when the decision is made
 * is dropped, so that the stream is all there is to save. */
typedef struct draws {
	bern_firing_rng *rng; /* borrowed */
	uint32_t words[BERN_LEAPS];
	uint32_t used;
} draws;

static inline void draws_begin(draws *d, bern_firing_rng *rng)
{
	d->rng = rng;
	d->used = BERN_LEAPS;
}

static inline uint32_t draws_word(draws *d)
{
	if (d->used == BERN_LEAPS) {
		bern_firing_rng_next(d->rng, d->words);
		d->used = 0;
	}
	return d->words[d->used++];
}

/* Uniform in (0, 1): an odd multiple of 2^-33. */
static inline double draws_uniform(draws *d)
{
	return ((double)draws_word(d) + 0.5) * (1.0 / 4294967296.0);
}

/* Uniform in 0 .. n-1; no value is off by more than 2^-32 from its probability. */
static inline uint32_t draws_below(draws *d, uint32_t n)
{
	return (uint32_t)((uint64_t)draws_word(d) * n >> 32);
}

/* ---- choices among the allowed actions: mask is (A) or NULL, and at least one action is allowed --------- */

/* The action of the largest value (A); a tie is broken at random. */
int32_t bern_pick_best(const double *value, const uint8_t *mask, size_t A, draws *d);

/* Any action, all equally likely. */
int32_t bern_pick_any(const uint8_t *mask, size_t A, draws *d);

/* Any action with probability epsilon, else the best. */
int32_t bern_pick_epsilon_greedy(const double *value, const uint8_t *mask, size_t A, double epsilon,
				 draws *d);

/* The largest value (A) of an allowed action. */
double bern_best_value(const double *value, const uint8_t *mask, size_t A);

/* ---- the part of the agent that all of them have ---------------------------------------------------------- */

typedef struct table_agent {
	bern_agent agent;        /* first: a bern_agent * is a table_agent * */
	const bern_world *world; /* borrowed, outlives the agent */
	bern_agent_config config;
	size_t B, T;          /* lanes, steps of a learn call */
	size_t N, A;          /* observation values (ase-ace: boxes), actions */
	bern_firing_rng *rng; /* (B) owned */
	int32_t *actions;     /* (B) owned: played in this step */
	int32_t *from;        /* (B) owned: observation value or box they were chosen for */
	double squared_error; /* sums since stats() was last asked */
	uint64_t errors, updates;
} table_agent;

/* Checks what all of them ask of world and config, and takes memory. On failure nothing is owned. */
int32_t bern_table_init(table_agent *self, const bern_agent_kind *kind,
			const bern_agent_config *config, const bern_world *world, uint64_t seed,
			bern_error *e);
void bern_table_finish(table_agent *self);

/* An error if the space is not DISCRETE: "q-learning needs DISCRETE observations, those of X are BOX". */
int32_t bern_table_needs_discrete(const char *agent, const bern_world *world, bern_error *e);

/* The sentence for a number out of its range: "ucb: ucb_c is -1, allowed is [0, 100]". NaN is outside. */
int32_t bern_table_in_range(const char *agent, const char *key, double value, double low,
			    double high, bern_error *e);

/* An error if `lanes` are not those that the agent was made for. */
int32_t bern_table_check_lanes(const table_agent *self, const bern_lanes *lanes, bern_error *e);

/* Counts an update and looks whether numbers are still finite; else the sentence names the first that is not. */
int32_t bern_table_end_learn(table_agent *self, const bern_lanes *lanes, bern_error *e);

/* bern_agent_kind.stats of all of them: value_loss is the mean squared error of what was expected of a step, learning_rate
 * is step_size (NaN for a sample average); the rest is not known. */
void bern_table_stats(bern_agent *agent, bern_learn_stats *stats);

/* Registers the random streams and the sums behind the stats. */
int32_t bern_table_streams(table_agent *self, bern_tensors *list, bern_error *e);

/* The row of the mask for a lane, or NULL. */
static inline const uint8_t *mask_of(const bern_lanes *lanes, size_t lane, size_t A)
{
	return lanes->mask ? lanes->mask + lane * A : NULL;
}

/* count doubles of rows x columns x depth, all set to `value`; NULL if memory is out or the size overflows. */
double *bern_table_numbers(size_t rows, size_t columns, size_t depth, double value);

#endif
