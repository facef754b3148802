#include "tabular.h"

#include <stdlib.h>

int32_t bern_tabular_create(bern_agent **out, const bern_agent_kind *kind,
			    const bern_agent_config *config, const bern_world *world, uint64_t seed,
			    bern_error *e)
{
	int32_t rc = bern_table_needs_discrete(kind->name, world, e);
	if (!rc)
		rc = bern_table_in_range(kind->name, "epsilon", config->epsilon, 0, 1, e);
	if (!rc)
		rc = bern_table_in_range(kind->name, "step_size", config->step_size, 0, 1, e);
	if (!rc)
		rc = bern_table_in_range(kind->name, "gamma", config->gamma, 0, 1, e);
	if (rc)
		return rc;
	tabular *self = calloc(1, sizeof *self);
	if (!self)
		return bern_fail(e, BERN_EMEMORY, "%s: no memory", kind->name);
	rc = bern_table_init(&self->base, kind, config, world, seed, e);
	if (rc) {
		free(self);
		return rc;
	}
	size_t N = self->base.N, A = self->base.A;
	self->q = bern_table_numbers(N, A, 1, config->initial_value);
	self->visits = bern_table_numbers(N, A, 1, 0);
	self->next = calloc(self->base.B, sizeof *self->next);
	if (!self->q || !self->visits || !self->next) {
		bern_tabular_destroy(&self->base.agent);
		return bern_fail(e, BERN_EMEMORY,
				 "%s: no memory for a table of %zu observations x %zu actions",
				 kind->name, N, A);
	}
	*out = &self->base.agent;
	return 0;
}

void bern_tabular_destroy(bern_agent *agent)
{
	tabular *self = (tabular *)agent;
	if (!self)
		return;
	free(self->q);
	free(self->visits);
	free(self->next);
	bern_table_finish(&self->base);
	free(self);
}

void bern_tabular_update(tabular *self, int32_t n, int32_t a, double target)
{
	size_t i = (size_t)n * self->base.A + (size_t)a;
	double error = target - self->q[i], alpha = self->base.config.step_size;
	self->visits[i] += 1;
	self->q[i] += (alpha > 0 ? alpha : 1 / self->visits[i]) * error;
	self->base.squared_error += error * error;
	self->base.errors++;
}

int32_t bern_tabular_choose(const tabular *self, int32_t n, const uint8_t *mask,
			    bern_firing_rng *rng)
{
	draws d;
	draws_begin(&d, rng);
	size_t A = self->base.A;
	return bern_pick_epsilon_greedy(self->q + (size_t)n * A, mask, A, self->base.config.epsilon,
					&d);
}

void bern_tabular_act(bern_agent *agent, const bern_lanes *lanes, const size_t *which, size_t count,
		      int32_t mode, bern_firing_rng *firing, float *memory, void *actions)
{
	const tabular *self = (const tabular *)agent;
	int32_t *action = actions;
	size_t A = self->base.A;
	(void)memory;
	double epsilon = mode == BERN_SAMPLED ? self->base.config.epsilon : 0;
	for (size_t i = 0; i < count; i++) {
		size_t b = which[i];
		draws d;
		draws_begin(&d, &firing[b]);
		action[b] = bern_pick_epsilon_greedy(self->q + (size_t)lanes->index[b] * A,
						     mask_of(lanes, b, A), A, epsilon, &d);
	}
}

int32_t bern_tabular_policy_tensors(bern_agent *agent, bern_tensors *list, bern_error *e)
{
	tabular *self = (tabular *)agent;
	return bern_tensors_add(list, BERN_T_F64, self->q, self->base.N, self->base.A, e,
				"policy.q");
}

int32_t bern_tabular_learner_tensors(bern_agent *agent, bern_tensors *list, bern_error *e)
{
	tabular *self = (tabular *)agent;
	int32_t rc = bern_table_streams(&self->base, list, e);
	if (!rc)
		rc = bern_tensors_add(list, BERN_T_F64, self->visits, self->base.N, self->base.A, e,
				      "learner.visits");
	if (!rc)
		rc = bern_tensors_add(list, BERN_T_I32, self->next, self->base.B, 0, e,
				      "learner.next_action");
	if (!rc)
		rc = bern_tensors_add(list, BERN_T_I32, &self->chosen, 1, 0, e, "learner.chosen");
	return rc;
}
