/* The contextual bandit: a situation is shown, one of several arms is pulled, and what it pays depends on both.
 *
 * Langford & Zhang 2007, "The epoch-greedy algorithm for contextual multi-armed bandits", with contexts that are numbers. The
 * expected rewards q(context, arm) are drawn once for each problem: from U(0, 1) with rewards of 0 and 1, or from N(0, 1) with normal
 * rewards around them. The context of each step is drawn uniformly, whatever was done before. Episodes are cut after `steps` steps
 * (1: each choice is an episode) and never terminated.
 *
 * The parameter `problem` is the number of a problem that is the same in every episode and run, or -1 for a new one at every reset.
 */
#include "bars.h"

#include <bern/env.h>
#include <bern/math.h>
#include <bern/rng.h>

#include <stdio.h>
#include <stdlib.h>

#define MAX_CONTEXTS 1024
#define MAX_ARMS     64

enum { P_CONTEXTS, P_ARMS, P_REWARDS, P_NOISE, P_PROBLEM, P_STEPS, P_COUNT };
enum { BERNOULLI, GAUSSIAN };

static const char *const reward_kinds[] = {"bernoulli", "gaussian", NULL};

static const bern_param params[P_COUNT] = {
	[P_CONTEXTS] = {"contexts", "number of contexts", BERN_INT, 0, "8", 1, MAX_CONTEXTS, NULL},
	[P_ARMS] = {"arms", "number of arms", BERN_INT, 0, "4", 1, MAX_ARMS, NULL},
	[P_REWARDS] = {"rewards", "what an arm pays: 0 or 1, or a normal reward", BERN_CHOICE, 0,
		       "bernoulli", 0, 0, reward_kinds},
	[P_NOISE] = {"noise", "standard deviation of a normal reward around its mean", BERN_REAL, 0,
		     "1", 0, 1e6, NULL},
	[P_PROBLEM] = {"problem",
		       "0 or more: always the problem of this number; -1: a new one each episode",
		       BERN_INT, 0, "0", -1, 1e15, NULL},
	[P_STEPS] = {"steps", "choices of an episode", BERN_INT, 0, "100", 1, 1e9, NULL},
};

typedef struct state {
	double regret; /* of the last choice: best value of its context - value of the arm pulled */
	double optimal;  /* 1 if the last choice was one of the best, else 0 */
	int32_t context; /* shown now */
	int32_t arm;     /* last pulled; -1 before the first */
	double value
		[]; /* (contexts, arms) expected rewards, only where every episode has its own */
} state;

static const bern_field fields[] = {
	{"regret", BERN_F64, 1, offsetof(state, regret)},
	{"optimal", BERN_F64, 1, offsetof(state, optimal)},
	{"context", BERN_I32, 1, offsetof(state, context)},
	{"arm", BERN_I32, 1, offsetof(state, arm)},
};

typedef struct model {
	int32_t contexts[1], arms[1]; /* also the sizes of the spaces */
	int32_t gaussian;
	int32_t fixed; /* 1: every episode has the values below */
	double noise;
	double value[]; /* (contexts, arms), if fixed */
} model;

static const char *const metrics[] = {"optimal", "regret"};
static const char *const keys[MAX_ARMS] = {"1", "2", "3", "4", "5", "6", "7", "8", "9", "0"};

static void draw_problem(const model *m, double *value, bern_rng *rng)
{
	for (int32_t i = 0; i < m->contexts[0] * m->arms[0]; i++)
		value[i] = m->gaussian ? bern_normal(rng) : bern_rng_uniform(rng);
}

/* The row of expected rewards of the context shown: (arms). */
static const double *row_of(const model *m, const state *s)
{
	return (m->fixed ? m->value : s->value) + (size_t)s->context * (size_t)m->arms[0];
}

static int32_t open_contextual(const bern_value *values, bern_instance *out, char *err,
			       size_t err_size)
{
	size_t table = (size_t)values[P_CONTEXTS].i * (size_t)values[P_ARMS].i * sizeof(double);
	model *m = calloc(1, sizeof *m + table);
	if (!m) {
		snprintf(err, err_size, "no memory for the model");
		return 1;
	}
	m->contexts[0] = (int32_t)values[P_CONTEXTS].i;
	m->arms[0] = (int32_t)values[P_ARMS].i;
	m->gaussian = values[P_REWARDS].i == GAUSSIAN;
	m->noise = values[P_NOISE].r;
	m->fixed = values[P_PROBLEM].i >= 0;
	if (m->fixed) {
		/* a stream apart from every seeded one: pcg64's own start-up, the problem's number and this file's constant */
		const uint64_t number[2] = {(uint64_t)values[P_PROBLEM].i, 0};
		const uint64_t stream[2] = {0x636f6e74657874, (uint64_t)m->gaussian};
		bern_rng rng;
		bern_rng_init(&rng, number, stream);
		draw_problem(m, m->value, &rng);
	}

	out->model = m;
	out->state_size = sizeof(state) + (m->fixed ? 0 : table);
	out->max_steps = (uint64_t)values[P_STEPS].i;
	out->observation = (bern_space){.kind = BERN_DISCRETE, .count = 1, .sizes = m->contexts};
	out->action = (bern_space){
		.kind = BERN_DISCRETE, .count = 1, .sizes = m->arms, .keys = keys};
	return 0;
}

static void reset(const void *model_, void *state_, bern_rng *rng)
{
	const model *m = model_;
	state *s = state_;
	s->regret = s->optimal = 0;
	s->arm = -1;
	if (!m->fixed)
		draw_problem(m, s->value, rng);
	s->context = (int32_t)bern_rng_below(rng, (uint64_t)m->contexts[0]);
}

static void step(const void *model_, void *state_, bern_rng *rng, const void *action,
		 bern_outcome *out)
{
	const model *m = model_;
	state *s = state_;
	const double *value = row_of(m, s);
	int32_t arm = *(const int32_t *)action;
	double best = value[0];
	for (int32_t a = 1; a < m->arms[0]; a++)
		best = value[a] > best ? value[a] : best;
	s->arm = arm;
	s->regret = best - value[arm];
	s->optimal = value[arm] == best;
	out->reward = m->gaussian ? value[arm] + m->noise * bern_normal(rng)
				  : bern_rng_uniform(rng) < value[arm];
	s->context = (int32_t)bern_rng_below(rng, (uint64_t)m->contexts[0]);
}

static void observe(const void *model_, const void *state_, void *observation)
{
	const state *s = state_;
	(void)model_;
	*(int32_t *)observation = s->context;
}

static void read_metrics(const void *model_, const void *state_, double *out)
{
	const state *s = state_;
	(void)model_;
	out[0] = s->optimal;
	out[1] = s->regret;
}

/* The arms of the context shown; which one was pulled last belongs to another context. */
static void draw(const void *model_, const void *state_, const bern_canvas *c)
{
	const model *m = model_;
	const state *s = state_;
	char title[48];
	snprintf(title, sizeof title, "context %d of %d", (int)s->context + 1, (int)m->contexts[0]);
	bars_draw(row_of(m, s), m->arms[0], m->gaussian ? -2 : 0, m->gaussian ? 2 : 1, -1, title,
		  c);
}

static const bern_env contextual = {
	.abi = BERN_ENV_ABI,
	.struct_size = sizeof(bern_env),
	.id = "ContextualBandit-v0",
	.summary = "choose among arms whose pay depends on the context shown",
	.source = "Langford & Zhang 2007; constants are Bern's own",
	.params = params,
	.fields = fields,
	.metrics = metrics,
	.param_count = P_COUNT,
	.field_count = sizeof fields / sizeof fields[0],
	.metric_count = sizeof metrics / sizeof metrics[0],
	.has_returns = 1,
	.random_return = 51.67, /* the best is 78.79 */
	.solved_return = 75,
	.step_seconds = 0.25,
	.open = open_contextual,
	.close = free,
	.reset = reset,
	.step = step,
	.observe = observe,
	.read_metrics = read_metrics,
	.draw = draw,
};

BERN_PLUGIN(contextual, &contextual);
