/* tabular.h: what q-learning and sarsa share: a value for each observation and action, of DISCRETE spaces both.
 *
 * All lanes learn one table. Truncation bootstraps from the last observation, termination does not. step_size 0: each pair of
 * observation and action has the step 1/n of its n-th update. Estimates start at initial_value.
 *
 * act(): sampled = epsilon-greedy as in training; mean-field and thresholded = greedy. Ties are broken at random.
 */
#ifndef BERN_TABULAR_H
#define BERN_TABULAR_H

#include "inspect_agent.h"
#include "table.h"

typedef struct tabular {
	table_agent base;
	double *q;      /* (N, A) owned */
	double *visits; /* (N, A) owned: updates of each */
	int32_t *next;  /* (B) owned; sarsa: action chosen for the coming step */
	int32_t chosen; /* sarsa: 1 if next holds actions */
} tabular;

int32_t bern_tabular_create(bern_agent **out, const bern_agent_kind *kind,
			    const bern_agent_config *config, const bern_world *world, uint64_t seed,
			    bern_error *e);

/* q(n, a) moves a step towards target. */
void bern_tabular_update(tabular *self, int32_t n, int32_t a, double target);

/* Epsilon-greedy at observation n. */
int32_t bern_tabular_choose(const tabular *self, int32_t n, const uint8_t *mask,
			    bern_firing_rng *rng);

void bern_tabular_destroy(bern_agent *agent);
void bern_tabular_act(bern_agent *agent, const bern_lanes *lanes, const size_t *which, size_t count,
		      int32_t mode, bern_firing_rng *firing, float *memory, void *actions);
int32_t bern_tabular_policy_tensors(bern_agent *agent, bern_tensors *list, bern_error *e);
int32_t bern_tabular_learner_tensors(bern_agent *agent, bern_tensors *list, bern_error *e);

#endif
