/* ase-ace: the pair of neuron-like elements that first balanced a pole by reinforcement. Barto, Sutton & Anderson 1983,
 * "Neuronlike adaptive elements that can solve difficult learning control problems", IEEE Trans. SMC 13(5); constants and the
 * logistic unit as in Sutton & Anderson's program pole.c.
 *
 * The four numbers of a CartPole fall into 162 boxes. The associative search element (ASE) has a weight w for each: it pushes
 * right with probability sigmoid(w). The adaptive critic element (ACE) has a prediction v for each. Both learn from
 * rhat = r + 0.95 v' - v through traces that fade by 0.9 (e) and 0.8 (xbar).
 *
 * The environment's reward plays no part: r is -1 at failure and 0 otherwise. Where an episode is truncated nothing has
 * failed: v' is the prediction for the last observation, and the traces are cleared.
 *
 * This is not the unbiased estimator. The trace takes in y - 1/2, not y - p, so that a unit learns no less when it is sure.
 * With y - p and all else equal it practically never balances. So it keeps its own name.
 *
 * With several lanes w and v are shared and each lane has its own traces. act(): sampled = the unit fires, as in training;
 * mean-field and thresholded = right where p > 1/2, left at exactly 1/2. */
#include "inspect_agent.h"
#include "kinds.h"
#include "table.h"

#include <bern/math.h>

#include <stdlib.h>

enum { BOXES = 162 };
#define ALPHA      1000.0 /* learning rate of w */
#define BETA       0.5    /* learning rate of v */
#define GAMMA      0.95   /* discount of the critic */
#define LAMBDA_W   0.9    /* e fades to this part in a step, and takes in the rest of y - 1/2 */
#define LAMBDA_V   0.8    /* the same for xbar, which takes in the rest of 1 */
#define ONE_DEGREE 0.0174532

typedef struct ase_ace {
	table_agent base;
	double *w, *v;    /* (BOXES) owned */
	double *e, *xbar; /* (B, BOXES) owned */
} ase_ace;

/* How many of the cuts x has reached. */
static int cuts_below(double x, const double *cuts, int count)
{
	int n = 0;
	while (n < count && x >= cuts[n])
		n++;
	return n;
}

/* The box of an observation: position m, velocity m/s, angle rad, angular velocity rad/s. */
static int32_t box_of(const float obs[4])
{
	static const double position[] = {-0.8, 0.8}, velocity[] = {-0.5, 0.5};
	static const double angle[] = {-6 * ONE_DEGREE, -ONE_DEGREE, 0, ONE_DEGREE, 6 * ONE_DEGREE};
	static const double turning[] = {-50 * ONE_DEGREE, 50 * ONE_DEGREE};
	int box = cuts_below(obs[0], position, 2) + 3 * cuts_below(obs[1], velocity, 2) +
		  9 * cuts_below(obs[2], angle, 5) + 54 * cuts_below(obs[3], turning, 2);
	return (int32_t)box;
}

static double push_right(const ase_ace *self, int32_t box)
{
	return bern_sigmoid(self->w[box]);
}

static int32_t fire(const ase_ace *self, int32_t box, bern_firing_rng *rng)
{
	draws d;
	draws_begin(&d, rng);
	return draws_uniform(&d) < push_right(self, box);
}

/* A trace too faint to move a weight is none: numbers near the smallest there are would take many times as long. */
static double faded(double trace)
{
	return bern_abs(trace) < 1e-30 ? 0 : trace;
}

static void learn_lane(ase_ace *self, const bern_lanes *lanes, size_t b)
{
	double *e = self->e + b * BOXES, *xbar = self->xbar + b * BOXES; /* (BOXES) */
	double *w = self->w, *v = self->v;
	uint32_t flags = lanes->flags[b];
	double rhat = -self->v[self->base.from[b]];
	if (flags & BERN_TERMINATED)
		rhat += -1;
	else
		rhat += GAMMA * self->v[box_of((flags ? lanes->last_obs : lanes->obs) + 4 * b)];
	double keep_e = flags ? 0 : LAMBDA_W, keep_xbar = flags ? 0 : LAMBDA_V;
	for (size_t i = 0; i < BOXES; i++) {
		w[i] += ALPHA * rhat * e[i];
		v[i] += BETA * rhat * xbar[i];
		e[i] = faded(e[i] * keep_e);
		xbar[i] = faded(xbar[i] * keep_xbar);
	}
	self->base.squared_error += rhat * rhat;
	self->base.errors++;
}

static int32_t learn(bern_agent *agent, bern_lanes *lanes, bern_error *error)
{
	ase_ace *self = (ase_ace *)agent;
	table_agent *base = &self->base;
	int32_t rc = bern_table_check_lanes(base, lanes, error);
	if (rc)
		return rc;
	for (size_t t = 0; t < base->T; t++) {
		for (size_t b = 0; b < base->B; b++) {
			int32_t box = box_of(lanes->obs + 4 * b);
			base->from[b] = box;
			base->actions[b] = fire(self, box, &base->rng[b]);
			self->e[b * BOXES + (size_t)box] += (1 - LAMBDA_W) *
							    (base->actions[b] - 0.5);
			self->xbar[b * BOXES + (size_t)box] += 1 - LAMBDA_V;
		}
		rc = bern_lanes_step(lanes, base->actions, error);
		if (rc)
			return rc;
		for (size_t b = 0; b < base->B; b++)
			learn_lane(self, lanes, b);
	}
	return bern_table_end_learn(base, lanes, error);
}

static void act(bern_agent *agent, const bern_lanes *lanes, const size_t *which, size_t count,
		int32_t mode, bern_firing_rng *firing, float *memory, void *actions)
{
	int32_t *action = actions;
	(void)memory;
	const ase_ace *self = (const ase_ace *)agent;
	for (size_t i = 0; i < count; i++) {
		size_t b = which[i];
		int32_t box = box_of(lanes->obs + 4 * b);
		action[b] = mode == BERN_SAMPLED ? fire(self, box, &firing[b]) : self->w[box] > 0;
	}
}

static void destroy(bern_agent *agent)
{
	ase_ace *self = (ase_ace *)agent;
	if (!self)
		return;
	free(self->w);
	free(self->v);
	free(self->e);
	free(self->xbar);
	bern_table_finish(&self->base);
	free(self);
}

static int32_t create(bern_agent **agent, const bern_agent_config *config, const bern_world *world,
		      uint64_t seed, bern_error *error)
{
	const bern_space *seen = &world->instance.observation;
	const bern_space *done = &world->instance.action;
	if (seen->kind != BERN_BOX || seen->count != 4 || done->kind != BERN_DISCRETE ||
	    done->sizes[0] != 2 || world->env->mask)
		return bern_fail(error, BERN_EUSAGE,
				 "ase-ace needs the observations (4 numbers) and actions (2) of "
				 "CartPole, %s has others",
				 world->env->id);
	ase_ace *self = calloc(1, sizeof *self);
	if (!self)
		return bern_fail(error, BERN_EMEMORY, "ase-ace: no memory");
	int32_t rc = bern_table_init(&self->base, &bern_agent_ase_ace, config, world, seed, error);
	if (rc) {
		free(self);
		return rc;
	}
	self->base.N = BOXES;
	self->w = bern_table_numbers(BOXES, 1, 1, 0);
	self->v = bern_table_numbers(BOXES, 1, 1, 0);
	self->e = bern_table_numbers(self->base.B, BOXES, 1, 0);
	self->xbar = bern_table_numbers(self->base.B, BOXES, 1, 0);
	if (!self->w || !self->v || !self->e || !self->xbar) {
		size_t B = self->base.B;
		destroy(&self->base.agent);
		return bern_fail(error, BERN_EMEMORY, "ase-ace: no memory for %zu lanes", B);
	}
	*agent = &self->base.agent;
	return 0;
}

static int32_t policy_tensors(bern_agent *agent, bern_tensors *list, bern_error *error)
{
	ase_ace *self = (ase_ace *)agent;
	return bern_tensors_add(list, BERN_T_F64, self->w, BOXES, 0, error, "policy.w");
}

static int32_t learner_tensors(bern_agent *agent, bern_tensors *list, bern_error *error)
{
	ase_ace *self = (ase_ace *)agent;
	int32_t rc = bern_table_streams(&self->base, list, error);
	if (!rc)
		rc = bern_tensors_add(list, BERN_T_F64, self->v, BOXES, 0, error, "learner.v");
	if (!rc)
		rc = bern_tensors_add(list, BERN_T_F64, self->e, self->base.B, BOXES, error,
				      "learner.e");
	if (!rc)
		rc = bern_tensors_add(list, BERN_T_F64, self->xbar, self->base.B, BOXES, error,
				      "learner.xbar");
	return rc;
}

static void fill(bern_agent *agent, const bern_lanes *lanes, int32_t mode, bern_moment *moment)
{
	const ase_ace *self = (const ase_ace *)agent;
	int32_t box = box_of(lanes->obs);
	double p = push_right(self, box);
	if (mode != BERN_SAMPLED)
		p = self->w[box] > 0;
	moment->chance[0] = (float)(1 - p);
	moment->chance[1] = (float)p;
	moment->value = (float)self->v[box];
}

static int32_t inspect(bern_agent *agent, bern_inspector *inspector, bern_error *error)
{
	const ase_ace *self = (const ase_ace *)agent;
	int32_t rc = bern_inspect_plain(agent, self->base.world, GAMMA, fill, inspector, error);
	inspector->has_chance = inspector->has_value = !rc;
	return rc;
}

const bern_agent_kind bern_agent_ase_ace = {
	.name = "ase-ace",
	.summary = "the adaptive search and critic elements of 1983, on CartPole",
	.source = "Barto, Sutton & Anderson 1983, IEEE Trans. Systems, Man & Cybernetics 13(5)",
	.create = create,
	.destroy = destroy,
	.learn = learn,
	.act = act,
	.stats = bern_table_stats,
	.policy_tensors = policy_tensors,
	.learner_tensors = learner_tensors,
	.inspect = inspect,
};
