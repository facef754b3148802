#include "bandit.h"

#include <math.h>
#include <stdlib.h>

static place place_at(const bandit *self, size_t table, int32_t observation)
{
	size_t n = table * self->base.N + (size_t)observation;
	return (place){self->value + n * self->base.A, self->count + n * self->base.A,
		       self->mean + n, self->trials + n};
}

static place fresh_place(const bandit *self)
{
	size_t A = self->base.A;
	return (place){self->fresh, self->fresh + A, self->fresh + 2 * A, self->fresh + 2 * A + 1};
}

static void clear_table(bandit *self, size_t table)
{
	size_t N = self->base.N, A = self->base.A;
	for (size_t n = table * N; n < (table + 1) * N; n++) {
		for (size_t i = n * A; i < (n + 1) * A; i++) {
			self->value[i] = self->first_value;
			self->count[i] = 0;
		}
		self->mean[n] = self->trials[n] = 0;
	}
}

int32_t bern_bandit_create(bern_agent **out, const bern_agent_kind *kind, const bandit_rule *rule,
			   const bern_agent_config *config, const bern_world *world, uint64_t seed,
			   bern_error *e)
{
	int32_t rc = bern_table_needs_discrete(kind->name, world, e);
	if (rc)
		return rc;
	bandit *self = calloc(1, sizeof *self);
	if (!self)
		return bern_fail(e, BERN_EMEMORY, "%s: no memory", kind->name);
	rc = bern_table_init(&self->base, kind, config, world, seed, e);
	if (rc) {
		free(self);
		return rc;
	}
	size_t N = self->base.N, A = self->base.A;
	self->rule = rule;
	self->tables = config->forget ? self->base.B : 1;
	self->first_value = isnan(rule->first_value) ? config->initial_value : rule->first_value;
	self->value = bern_table_numbers(self->tables, N, A, self->first_value);
	self->count = bern_table_numbers(self->tables, N, A, 0);
	self->mean = bern_table_numbers(self->tables, N, 1, 0);
	self->trials = bern_table_numbers(self->tables, N, 1, 0);
	self->chance = bern_table_numbers(self->base.B, A, 1, 0);
	self->fresh = bern_table_numbers(2, A + 1, 1, 0);
	if (!self->value || !self->count || !self->mean || !self->trials || !self->chance ||
	    !self->fresh) {
		size_t tables = self->tables;
		bern_bandit_destroy(&self->base.agent);
		return bern_fail(e, BERN_EMEMORY,
				 "%s: no memory for %zu tables of %zu observations x %zu actions",
				 kind->name, tables, N, A);
	}
	for (size_t a = 0; a < A; a++)
		self->fresh[a] = self->first_value;
	*out = &self->base.agent;
	return 0;
}

void bern_bandit_destroy(bern_agent *agent)
{
	bandit *self = (bandit *)agent;
	if (!self)
		return;
	free(self->value);
	free(self->count);
	free(self->mean);
	free(self->trials);
	free(self->chance);
	free(self->fresh);
	bern_table_finish(&self->base);
	free(self);
}

int32_t bern_bandit_learn(bern_agent *agent, bern_lanes *lanes, bern_error *e)
{
	bandit *self = (bandit *)agent;
	table_agent *base = &self->base;
	size_t B = base->B, A = base->A;
	int forget = base->config.forget != 0;
	int32_t rc = bern_table_check_lanes(base, lanes, e);
	if (rc)
		return rc;
	for (size_t t = 0; t < base->T; t++) {
		for (size_t b = 0; b < B; b++) {
			draws d;
			draws_begin(&d, &base->rng[b]);
			base->from[b] = lanes->index[b];
			place at = place_at(self, forget ? b : 0, base->from[b]);
			base->actions[b] = self->rule->choose(self, &at, mask_of(lanes, b, A), 0,
							      self->chance + b * A, &d);
		}
		rc = bern_lanes_step(lanes, base->actions, e);
		if (rc)
			return rc;
		for (size_t b = 0; b < B; b++) {
			place at = place_at(self, forget ? b : 0, base->from[b]);
			double error = self->rule->learn(self, &at, base->actions[b],
							 lanes->reward[b], self->chance + b * A);
			base->squared_error += error * error;
			if (forget && lanes->flags[b])
				clear_table(self, b);
		}
		base->errors += B;
	}
	return bern_table_end_learn(base, lanes, e);
}

static void act(bandit *self, const bern_lanes *lanes, const size_t *which, size_t count,
		int greedy, bern_firing_rng *firing, int32_t *actions)
{
	for (size_t i = 0; i < count; i++) {
		size_t b = which[i];
		draws d;
		draws_begin(&d, &firing[b]);
		place at = self->base.config.forget ? fresh_place(self)
						    : place_at(self, 0, lanes->index[b]);
		actions[b] = self->rule->choose(self, &at, mask_of(lanes, b, self->base.A), greedy,
						self->chance, &d);
	}
}

void bern_bandit_act(bern_agent *agent, const bern_lanes *lanes, const size_t *which, size_t count,
		     int32_t mode, bern_firing_rng *firing, float *memory, void *actions)
{
	(void)memory;
	act((bandit *)agent, lanes, which, count, mode != BERN_SAMPLED, firing, actions);
}

void bern_bandit_act_greedily(bern_agent *agent, const bern_lanes *lanes, const size_t *which,
			      size_t count, int32_t mode, bern_firing_rng *firing, float *memory,
			      void *actions)
{
	(void)mode;
	(void)memory;
	act((bandit *)agent, lanes, which, count, 1, firing, actions);
}

static int32_t tables_tensors(bandit *self, bern_tensors *list, const char *whose, bern_error *e)
{
	uint64_t rows = (uint64_t)self->tables * self->base.N, A = self->base.A;
	int32_t rc = bern_tensors_add(list, BERN_T_F64, self->value, rows, A, e, "%s.value", whose);
	if (!rc)
		rc = bern_tensors_add(list, BERN_T_F64, self->count, rows, A, e, "%s.count", whose);
	if (!rc)
		rc = bern_tensors_add(list, BERN_T_F64, self->mean, rows, 0, e, "%s.mean", whose);
	if (!rc)
		rc = bern_tensors_add(list, BERN_T_F64, self->trials, rows, 0, e, "%s.trials",
				      whose);
	return rc;
}

int32_t bern_bandit_policy_tensors(bern_agent *agent, bern_tensors *list, bern_error *e)
{
	bandit *self = (bandit *)agent;
	int32_t rc = bern_tensors_add(list, BERN_T_I32, &self->other_than_0_and_1, 1, 0, e,
				      "policy.other_than_0_and_1");
	/* what an agent that forgets has in its tables belongs to the episodes it learns in, not to those act() plays */
	if (!rc && !self->base.config.forget)
		rc = tables_tensors(self, list, "policy", e);
	return rc;
}

int32_t bern_bandit_learner_tensors(bern_agent *agent, bern_tensors *list, bern_error *e)
{
	bandit *self = (bandit *)agent;
	int32_t rc = bern_table_streams(&self->base, list, e);
	if (!rc && self->base.config.forget)
		rc = tables_tensors(self, list, "learner", e);
	return rc;
}
