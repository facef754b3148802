/* q-learning: learns the values of the greedy policy while it explores. Watkins 1989; Sutton & Barto 2018, section 6.5.
 *
 * See tabular.h for what it shares with sarsa. */
#include "kinds.h"
#include "tabular.h"

/* Q(s,a) <- Q(s,a) + alpha (r + gamma max_a' Q(s',a') - Q(s,a)), eq. 6.8. The maximum runs over the actions allowed in s'; of
 * the last observation of a truncated episode no mask is known, there it runs over all. */
static double target_of(const tabular *self, const bern_lanes *lanes, size_t b)
{
	size_t A = self->base.A;
	uint32_t flags = lanes->flags[b];
	if (flags & BERN_TERMINATED)
		return lanes->reward[b];
	size_t next = (size_t)(flags ? lanes->last_index[b] : lanes->index[b]);
	const uint8_t *mask = flags ? NULL : mask_of(lanes, b, A);
	return lanes->reward[b] +
	       self->base.config.gamma * bern_best_value(self->q + next * A, mask, A);
}

static int32_t learn(bern_agent *agent, bern_lanes *lanes, bern_error *e)
{
	tabular *self = (tabular *)agent;
	table_agent *base = &self->base;
	int32_t rc = bern_table_check_lanes(base, lanes, e);
	if (rc)
		return rc;
	for (size_t t = 0; t < base->T; t++) {
		for (size_t b = 0; b < base->B; b++) {
			base->from[b] = lanes->index[b];
			base->actions[b] = bern_tabular_choose(
				self, base->from[b], mask_of(lanes, b, base->A), &base->rng[b]);
		}
		rc = bern_lanes_step(lanes, base->actions, e);
		if (rc)
			return rc;
		for (size_t b = 0; b < base->B; b++)
			bern_tabular_update(self, base->from[b], base->actions[b],
					    target_of(self, lanes, b));
	}
	return bern_table_end_learn(base, lanes, e);
}

static int32_t create(bern_agent **agent, const bern_agent_config *config, const bern_world *world,
		      uint64_t seed, bern_error *e)
{
	return bern_tabular_create(agent, &bern_agent_q_learning, config, world, seed, e);
}

const bern_agent_kind bern_agent_q_learning = {
	.name = "q-learning",
	.summary = "a table of action values, learned towards the best next action",
	.source = "Watkins 1989; Sutton & Barto 2018, Reinforcement Learning, section 6.5",
	.create = create,
	.destroy = bern_tabular_destroy,
	.learn = learn,
	.act = bern_tabular_act,
	.stats = bern_table_stats,
	.policy_tensors = bern_tabular_policy_tensors,
	.learner_tensors = bern_tabular_learner_tensors,
	.inspect = bern_tabular_inspect,
};
