/* sarsa: learns the values of the epsilon-greedy policy that it plays. Rummery & Niranjan 1994; Sutton & Barto 2018, section
 * 6.4.
 *
 * The next action is chosen before the update and then played, as in the book. See tabular.h for what it shares with
 * q-learning. */
#include "kinds.h"
#include "tabular.h"

/* Q(s,a) <- Q(s,a) + alpha (r + gamma Q(s',a') - Q(s,a)), eq. 6.7; then the action of lane b's coming step is in next[b].
 * Where an episode was truncated a' is drawn for the last observation (no mask of it is known) and is not played. */
static void learn_lane(tabular *self, const bern_lanes *lanes, size_t b)
{
	table_agent *base = &self->base;
	size_t A = base->A;
	uint32_t flags = lanes->flags[b];
	double target = lanes->reward[b];
	int32_t next_action = 0;
	if (!(flags & BERN_TERMINATED)) {
		int32_t next = flags ? lanes->last_index[b] : lanes->index[b];
		next_action = bern_tabular_choose(self, next, flags ? NULL : mask_of(lanes, b, A),
						  &base->rng[b]);
		target += base->config.gamma * self->q[(size_t)next * A + (size_t)next_action];
	}
	bern_tabular_update(self, base->from[b], base->actions[b], target);
	if (flags)
		next_action = bern_tabular_choose(self, lanes->index[b], mask_of(lanes, b, A),
						  &base->rng[b]);
	self->next[b] = next_action;
}

static int32_t learn(bern_agent *agent, bern_lanes *lanes, bern_error *e)
{
	tabular *self = (tabular *)agent;
	table_agent *base = &self->base;
	int32_t rc = bern_table_check_lanes(base, lanes, e);
	if (rc)
		return rc;
	for (size_t b = 0; !self->chosen && b < base->B; b++)
		self->next[b] = bern_tabular_choose(self, lanes->index[b],
						    mask_of(lanes, b, base->A), &base->rng[b]);
	self->chosen = 1;
	for (size_t t = 0; t < base->T; t++) {
		for (size_t b = 0; b < base->B; b++) {
			base->from[b] = lanes->index[b];
			base->actions[b] = self->next[b];
		}
		rc = bern_lanes_step(lanes, base->actions, e);
		if (rc)
			return rc;
		for (size_t b = 0; b < base->B; b++)
			learn_lane(self, lanes, b);
	}
	return bern_table_end_learn(base, lanes, e);
}

static int32_t create(bern_agent **agent, const bern_agent_config *config, const bern_world *world,
		      uint64_t seed, bern_error *e)
{
	return bern_tabular_create(agent, &bern_agent_sarsa, config, world, seed, e);
}

const bern_agent_kind bern_agent_sarsa = {
	.name = "sarsa",
	.summary = "a table of action values, learned towards the next action played",
	.source = "Rummery & Niranjan 1994; Sutton & Barto 2018, Reinforcement Learning, section "
		  "6.4",
	.create = create,
	.destroy = bern_tabular_destroy,
	.learn = learn,
	.act = bern_tabular_act,
	.stats = bern_table_stats,
	.policy_tensors = bern_tabular_policy_tensors,
	.learner_tensors = bern_tabular_learner_tensors,
	.inspect = bern_tabular_inspect,
};
