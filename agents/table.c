#include "table.h"

#include "guard.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

static int allowed(const uint8_t *mask, size_t a)
{
	return !mask || mask[a];
}

double bern_best_value(const double *value, const uint8_t *mask, size_t A)
{
	double best = -INFINITY;
	for (size_t a = 0; a < A; a++)
		if (allowed(mask, a) && value[a] > best)
			best = value[a];
	return best;
}

/* The k-th allowed action whose value is not below `least`; NaN, which learning gone astray may leave for a few steps, is not. */
static int32_t nth(const double *value, const uint8_t *mask, size_t A, double least, uint32_t k)
{
	for (size_t a = 0; a < A; a++)
		if (allowed(mask, a) && (!value || !(value[a] < least)) && k-- == 0)
			return (int32_t)a;
	assert(!"at least one action is allowed");
	return 0;
}

int32_t bern_pick_best(const double *value, const uint8_t *mask, size_t A, draws *d)
{
	double best = bern_best_value(value, mask, A);
	uint32_t ties = 0;
	for (size_t a = 0; a < A; a++)
		ties += allowed(mask, a) && !(value[a] < best);
	return nth(value, mask, A, best, ties > 1 ? draws_below(d, ties) : 0);
}

int32_t bern_pick_any(const uint8_t *mask, size_t A, draws *d)
{
	uint32_t count = 0;
	for (size_t a = 0; a < A; a++)
		count += allowed(mask, a);
	return nth(NULL, mask, A, 0, draws_below(d, count));
}

int32_t bern_pick_epsilon_greedy(const double *value, const uint8_t *mask, size_t A, double epsilon,
				 draws *d)
{
	if (epsilon > 0 && draws_uniform(d) < epsilon)
		return bern_pick_any(mask, A, d);
	return bern_pick_best(value, mask, A, d);
}

/* ---- making one ------------------------------------------------------------------------------------- */

static const char *kind_name(int32_t kind)
{
	static const char *const names[] = {
		[BERN_DISCRETE] = "DISCRETE",
		[BERN_MULTI_BINARY] = "MULTI_BINARY",
		[BERN_MULTI_DISCRETE] = "MULTI_DISCRETE",
		[BERN_BOX] = "BOX",
	};
	return kind >= BERN_DISCRETE && kind <= BERN_BOX ? names[kind] : "unknown";
}

int32_t bern_table_needs_discrete(const char *agent, const bern_world *world, bern_error *e)
{
	int32_t seen = world->instance.observation.kind;
	if (seen != BERN_DISCRETE)
		return bern_fail(e, BERN_EUSAGE,
				 "%s needs DISCRETE observations, those of %s are %s", agent,
				 world->env->id, kind_name(seen));
	return 0;
}

int32_t bern_table_in_range(const char *agent, const char *key, double value, double low,
			    double high, bern_error *e)
{
	if (value >= low && value <= high)
		return 0;
	return bern_fail(e, BERN_EUSAGE, "%s: %s is %g, allowed is [%g, %g]", agent, key, value,
			 low, high);
}

double *bern_table_numbers(size_t rows, size_t columns, size_t depth, double value)
{
	size_t row_size = depth * sizeof(double);
	if (depth > SIZE_MAX / sizeof(double) || (columns && row_size > SIZE_MAX / columns) ||
	    (rows && row_size * columns > SIZE_MAX / rows))
		return NULL;
	size_t count = rows * columns * depth;
	double *numbers = malloc(count ? count * sizeof(double) : 1);
	for (size_t i = 0; numbers && i < count; i++)
		numbers[i] = value;
	return numbers;
}

int32_t bern_table_init(table_agent *self, const bern_agent_kind *kind,
			const bern_agent_config *config, const bern_world *world, uint64_t seed,
			bern_error *e)
{
	const bern_space *action = &world->instance.action;
	if (action->kind != BERN_DISCRETE)
		return bern_fail(e, BERN_EUSAGE, "%s needs DISCRETE actions, those of %s are %s",
				 kind->name, world->env->id, kind_name(action->kind));
	const double huge = 1e15;
	int32_t rc = bern_table_in_range(kind->name, "num_envs", (double)config->num_envs, 1, huge,
					 e);
	if (!rc)
		rc = bern_table_in_range(kind->name, "num_steps", (double)config->num_steps, 1,
					 huge, e);
	if (!rc)
		rc = bern_table_in_range(kind->name, "initial_value", config->initial_value, -huge,
					 huge, e);
	if (rc)
		return rc;
	self->agent.kind = kind;
	self->world = world;
	self->config = *config;
	self->B = (size_t)config->num_envs;
	self->T = (size_t)config->num_steps;
	self->N = world->instance.observation.kind == BERN_DISCRETE
			  ? (size_t)world->instance.observation.sizes[0]
			  : 0;
	self->A = (size_t)action->sizes[0];
	self->rng = calloc(self->B, sizeof *self->rng);
	self->actions = calloc(self->B, sizeof *self->actions);
	self->from = calloc(self->B, sizeof *self->from);
	if (!self->rng || !self->actions || !self->from) {
		bern_table_finish(self);
		return bern_fail(e, BERN_EMEMORY, "%s: no memory for %zu lanes", kind->name,
				 self->B);
	}
	for (size_t b = 0; b < self->B; b++) {
		bern_stream_key key = {BERN_FOR_FIRING, 0, (uint32_t)b, 0};
		bern_firing_rng_stream(&self->rng[b], seed, key);
	}
	return 0;
}

void bern_table_finish(table_agent *self)
{
	free(self->rng);
	free(self->actions);
	free(self->from);
	self->rng = NULL;
	self->actions = self->from = NULL;
}

/* ---- learning ---------------------------------------------------------------------------------------- */

int32_t bern_table_check_lanes(const table_agent *self, const bern_lanes *lanes, bern_error *e)
{
	if (lanes->count == self->B && lanes->world == self->world)
		return 0;
	return bern_fail(e, BERN_EUSAGE, "%s was made for %zu lanes of %s, given are %zu of %s",
			 self->agent.kind->name, self->B, self->world->env->id, lanes->count,
			 lanes->world->env->id);
}

int32_t bern_table_end_learn(table_agent *self, const bern_lanes *lanes, bern_error *e)
{
	static const char advice[] = "smaller rewards or a smaller step_size may help";
	self->updates++;
	if (isfinite(self->squared_error))
		return 0;
	bern_tensors list = {0};
	bern_guard guard = {.steps = lanes->steps,
			    .update = lanes->steps / (self->T * self->B),
			    .lanes = self->B};
	int32_t rc = self->agent.kind->policy_tensors(&self->agent, &list, e);
	if (!rc)
		rc = self->agent.kind->learner_tensors(&self->agent, &list, e);
	if (!rc)
		rc = bern_guard_tensors(&guard, &list, "", (double)INFINITY, advice, e);
	bern_tensors_finish(&list);
	return rc ? rc
		  : bern_guard_number(&guard, "the squared error of what was expected",
				      self->squared_error, (double)INFINITY, advice, e);
}

void bern_table_stats(bern_agent *agent, bern_learn_stats *stats)
{
	table_agent *self = (table_agent *)agent;
	*stats = (bern_learn_stats){
		.updates = self->updates,
		.entropy = NAN,
		.value_loss = self->errors ? self->squared_error / (double)self->errors : NAN,
		.explained_variance = NAN,
		.grad_norm = NAN,
		.fire_rate = NAN,
		.estimator_r2 = NAN,
		.grad_noise = NAN,
		.dead_fraction = NAN,
		.saturated_fraction = NAN,
		.learning_rate = self->config.step_size > 0 ? self->config.step_size : NAN,
	};
	self->squared_error = 0;
	self->errors = self->updates = 0;
}

int32_t bern_table_streams(table_agent *self, bern_tensors *list, bern_error *e)
{
	/* a row a lane: 16 states, then the addend */
	_Static_assert(sizeof(bern_firing_rng) == (BERN_LEAPS + 1) * sizeof(uint64_t),
		       "a firing stream is 17 words");
	int32_t rc = bern_tensors_add(list, BERN_T_U64, self->rng, self->B, BERN_LEAPS + 1, e,
				      "learner.streams");
	if (!rc)
		rc = bern_tensors_add(list, BERN_T_F64, &self->squared_error, 1, 0, e,
				      "learner.squared_error");
	if (!rc)
		rc = bern_tensors_add(list, BERN_T_U64, &self->errors, 1, 0, e, "learner.errors");
	if (!rc)
		rc = bern_tensors_add(list, BERN_T_U64, &self->updates, 1, 0, e, "learner.updates");
	return rc;
}
