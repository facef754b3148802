/* bandit.h: the frame of the bandit agents: what they keep, and the loop that plays and learns. A rule says how an arm is
 * chosen and what a reward changes.
 *
 * They take each step by itself: what an action does to later observations plays no part. Statistics are kept apart for
 * each value of the observation, so a contextual bandit is one bandit per context.
 *
 * With the option `forget` an episode is one problem: every lane has a table of its own and clears it when its episode ends
 * (the testbed: 1,000 steps an episode, then new arms). Without it nothing is ever cleared and all lanes share one table
 * (contextual bandits, whose episodes are one step of the same problem).
 *
 * Evaluation does not learn. An agent that forgets knows nothing of an episode's arms when it begins, so act() chooses
 * as if before the first reward; what such an agent can do shows in the episodes it learns in.
 */
#ifndef BERN_BANDIT_H
#define BERN_BANDIT_H

#include "inspect_agent.h"
#include "table.h"

/* What is known about the arms for one value of the observation. */
typedef struct place {
	double *value;  /* (A) estimated values; gradient-bandit: preferences; thompson: sums */
	double *count;  /* (A) times chosen */
	double *mean;   /* of all rewards here */
	double *trials; /* how many these were */
} place;

typedef struct bandit bandit;

typedef struct bandit_rule {
	double first_value; /* of place.value; NAN: config.initial_value */
	/* Chooses an arm: with `greedy` the best as far as is known, else as in training. chance (A): scratch that learn() of this
	 * step gets as it was left. */
	int32_t (*choose)(const bandit *self, const place *at, const uint8_t *mask, int greedy,
			  double *chance, draws *d);
	/* Takes in the reward of an arm; returns how far it was from what was expected. */
	double (*learn)(bandit *self, place *at, int32_t arm, double reward, const double *chance);
} bandit_rule;

struct bandit {
	table_agent base;
	const bandit_rule *rule;
	size_t tables; /* B with forget, else 1 */
	double first_value;
	double *value, *count;      /* (tables, N, A) owned */
	double *mean, *trials;      /* (tables, N) owned */
	double *chance;             /* (B, A) owned */
	double *fresh;              /* (2A + 2) owned: a place before its first reward */
	int32_t other_than_0_and_1; /* thompson: such a reward was seen */
};

/* What create of each kind does after checking its own options. */
int32_t bern_bandit_create(bern_agent **out, const bern_agent_kind *kind, const bandit_rule *rule,
			   const bern_agent_config *config, const bern_world *world, uint64_t seed,
			   bern_error *e);

/* The other functions of a kind. */
void bern_bandit_destroy(bern_agent *agent);
int32_t bern_bandit_learn(bern_agent *agent, bern_lanes *lanes, bern_error *e);
/* Sampled: the behaviour of training with what is known now. Mean-field and thresholded: greedy. */
void bern_bandit_act(bern_agent *agent, const bern_lanes *lanes, const size_t *which, size_t count,
		     int32_t mode, bern_firing_rng *firing, float *memory, void *actions);
/* Greedy in every mode. */
void bern_bandit_act_greedily(bern_agent *agent, const bern_lanes *lanes, const size_t *which,
			      size_t count, int32_t mode, bern_firing_rng *firing, float *memory,
			      void *actions);
int32_t bern_bandit_policy_tensors(bern_agent *agent, bern_tensors *list, bern_error *e);
int32_t bern_bandit_learner_tensors(bern_agent *agent, bern_tensors *list, bern_error *e);

/* The functions above, for a kind's table. */
#define BERN_BANDIT_FUNCTIONS                                                                      \
	.destroy = bern_bandit_destroy, .learn = bern_bandit_learn, .act = bern_bandit_act,        \
	.stats = bern_table_stats, .policy_tensors = bern_bandit_policy_tensors,                   \
	.learner_tensors = bern_bandit_learner_tensors, .inspect = bern_bandit_inspect

#endif
