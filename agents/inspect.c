/* Agents that keep a table, seen through core/inspect.h. The network of neurons is in inspect_network.c. */
#include "bandit.h"
#include "inspect_agent.h"
#include "kinds.h"
#include "tabular.h"

#include <math.h>
#include <stdlib.h>

_Static_assert((int)BERN_INSPECT_SAMPLED == (int)BERN_SAMPLED &&
		       (int)BERN_INSPECT_MEAN_FIELD == (int)BERN_MEAN_FIELD &&
		       (int)BERN_INSPECT_THRESHOLDED == (int)BERN_THRESHOLDED,
	       "the viewer names the policy modes as agents do");

/* ---- any agent ------------------------------------------------------------------------------------ */

typedef struct plain {
	bern_agent *agent; /* borrowed */
	bern_inspector shape;
	void (*fill)(bern_agent *agent, const bern_lanes *lanes, int32_t mode, bern_moment *moment);
} plain;

static void plain_act(void *user, const bern_lanes *lanes, int32_t mode, bern_firing_rng *firing,
		      bern_firing_rng *others, float *memory, void *action, bern_moment *moment)
{
	plain *self = user;
	size_t lane = 0;
	(void)others;
	bern_moment_clear(moment, &self->shape);
	moment->mode = mode;
	self->agent->kind->act(self->agent, lanes, &lane, 1, mode, firing, memory, action);
	if (self->fill)
		self->fill(self->agent, lanes, mode, moment);
}

int32_t bern_inspect_plain(bern_agent *agent, const bern_world *world, double gamma,
			   void (*fill)(bern_agent *agent, const bern_lanes *lanes, int32_t mode,
					bern_moment *moment),
			   bern_inspector *inspector, bern_error *e)
{
	*inspector = (bern_inspector){0};
	plain *self = calloc(1, sizeof *self);
	if (!self)
		return bern_fail(e, BERN_EMEMORY, "memory is out");
	*inspector = (bern_inspector){.self = self,
				      .agent = agent->kind->name,
				      .firings = 1,
				      .observation = world->observation_floats,
				      .stack = 1,
				      .inputs = world->observation_floats,
				      .gamma = gamma,
				      .act = plain_act,
				      .finish = free};
	if (agent->kind->memory_size)
		inspector->memory_size = agent->kind->memory_size(agent);
	bern_inspect_lay_out(inspector, world);
	self->agent = agent;
	self->fill = fill;
	self->shape = *inspector;
	return BERN_OK;
}

int32_t bern_agent_inspect(bern_agent *agent, const bern_world *world, bern_inspector *inspector,
			   bern_error *e)
{
	if (agent->kind->inspect)
		return agent->kind->inspect(agent, inspector, e);
	return bern_inspect_plain(agent, world, 1.0, NULL, inspector, e);
}

/* ---- tables --------------------------------------------------------------------------------------- */

/* chance (A) of the epsilon-greedy choice: ties are broken at random. */
static void greedy_chance(float *chance, const double *value, const uint8_t *mask, size_t A,
			  double epsilon)
{
	double best = bern_best_value(value, mask, A);
	size_t allowed = 0, ties = 0;
	for (size_t a = 0; a < A; a++) {
		allowed += !mask || mask[a];
		ties += (!mask || mask[a]) && !(value[a] < best);
	}
	for (size_t a = 0; a < A; a++) {
		int may = !mask || mask[a];
		double p = may ? epsilon / (double)allowed : 0.0;
		if (may && !(value[a] < best))
			p += (1.0 - epsilon) / (double)ties;
		chance[a] = (float)p;
	}
}

static void write_worth(bern_moment *moment, const double *value, size_t A)
{
	for (size_t a = 0; a < A; a++)
		moment->worth[a] = (float)value[a];
}

static void tabular_fill(bern_agent *agent, const bern_lanes *lanes, int32_t mode,
			 bern_moment *moment)
{
	const tabular *self = (const tabular *)agent;
	size_t A = self->base.A;
	const double *q = self->q + (size_t)lanes->index[0] * A;
	write_worth(moment, q, A);
	moment->value = (float)bern_best_value(q, lanes->mask, A);
	greedy_chance(moment->chance, q, lanes->mask, A,
		      mode == BERN_SAMPLED ? self->base.config.epsilon : 0.0);
}

int32_t bern_tabular_inspect(bern_agent *agent, bern_inspector *inspector, bern_error *e)
{
	const tabular *self = (const tabular *)agent;
	int32_t rc = bern_inspect_plain(agent, self->base.world, self->base.config.gamma,
					tabular_fill, inspector, e);
	inspector->has_chance = inspector->has_worth = inspector->has_value = !rc;
	return rc;
}

/* ---- bandits -------------------------------------------------------------------------------------- */

static void bandit_fill(bern_agent *agent, const bern_lanes *lanes, int32_t mode,
			bern_moment *moment)
{
	const bandit *self = (const bandit *)agent;
	size_t A = self->base.A;
	const double *value = self->base.config.forget ? self->fresh
						       : self->value + (size_t)lanes->index[0] * A;
	int greedy = mode != BERN_SAMPLED;
	if (agent->kind ==
	    &bern_agent_thompson) { /* the values drawn, of which the best was taken */
		write_worth(moment, self->chance, A);
		return;
	}
	write_worth(moment, value, A);
	if (agent->kind == &bern_agent_gradient_bandit && !greedy)
		for (size_t a = 0; a < A; a++)
			moment->chance[a] = (float)self->chance[a];
	else if (agent->kind != &bern_agent_ucb)
		greedy_chance(moment->chance, value, lanes->mask, A,
			      greedy ? 0.0 : self->base.config.epsilon);
}

int32_t bern_bandit_inspect(bern_agent *agent, bern_inspector *inspector, bern_error *e)
{
	const bandit *self = (const bandit *)agent;
	int32_t rc = bern_inspect_plain(agent, self->base.world, 1.0, bandit_fill, inspector, e);
	inspector->has_worth = !rc;
	inspector->has_chance = !rc && agent->kind != &bern_agent_thompson &&
				agent->kind != &bern_agent_ucb;
	return rc;
}
