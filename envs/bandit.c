/* Bandits: choose one of several arms, again and again; each pays by chance, and nobody says which pays best.
 *
 * GaussianBandit-v0 is the 10-armed testbed of Sutton & Barto 2018, section 2.3: values q*(a) ~ N(mean, spread^2), rewards
 * N(q*(a), noise^2); with drift > 0 every q* takes a step N(0, drift^2) after each pull, as in exercise 2.5. BernoulliBandit-v0
 * pays 1 with probability p(a) ~ U(low, high), else 0; with drift > 0 every p takes such a step and is reflected at low and high.
 *
 * One episode is one problem and is never terminated: the time limit cuts it. The parameter `problem` is -1 for a new problem at
 * every reset, drawn from the episode's generator, or the number of a problem that is the same in every episode and run.
 * The observation is one constant value.
 */
#include "bars.h"

#include <bern/env.h>
#include <bern/math.h>
#include <bern/rng.h>

#include <stdio.h>
#include <stdlib.h>

#define MAX_ARMS 64

enum { P_ARMS, P_PROBLEM, P_STEPS, P_DRIFT, P_FIRST, P_SECOND, P_THIRD };

#define COMMON_PARAMS                                                                              \
	[P_ARMS] = {"arms", "number of arms", BERN_INT, 0, "10", 1, MAX_ARMS, NULL},               \
	[P_PROBLEM] =                                                                              \
		{"problem",                                                                        \
		 "-1: a new problem each episode; 0 or more: always the problem of this number",   \
		 BERN_INT,                                                                         \
		 0,                                                                                \
		 "-1",                                                                             \
		 -1,                                                                               \
		 1e15,                                                                             \
		 NULL},                                                                            \
	[P_STEPS] = {"steps", "pulls of an episode", BERN_INT, 0, "1000", 1, 1e9, NULL},           \
	[P_DRIFT] = {                                                                              \
		"drift",                                                                           \
		"standard deviation of the step each arm's value takes after a pull; 0: it stays", \
		BERN_REAL,                                                                         \
		0,                                                                                 \
		"0",                                                                               \
		0,                                                                                 \
		1000,                                                                              \
		NULL}

/* P_FIRST, P_SECOND, P_THIRD: mean, spread, noise */
static const bern_param gaussian_params[] = {
	COMMON_PARAMS,
	[P_FIRST] = {"mean", "mean of the arms' values", BERN_REAL, 0, "0", -1e6, 1e6, NULL},
	[P_SECOND] = {"spread", "standard deviation of the arms' values", BERN_REAL, 0, "1", 0, 1e6,
		      NULL},
	[P_THIRD] = {"noise", "standard deviation of a reward around its arm's value", BERN_REAL, 0,
		     "1", 0, 1e6, NULL},
};

/* P_FIRST, P_SECOND: low, high */
static const bern_param bernoulli_params[] = {
	COMMON_PARAMS,
	[P_FIRST] = {"low", "lowest probability of a reward", BERN_REAL, 0, "0", 0, 1, NULL},
	[P_SECOND] = {"high", "highest probability of a reward", BERN_REAL, 0, "1", 0, 1, NULL},
};

typedef struct state {
	double value[MAX_ARMS]; /* expected reward of each arm; 0 beyond the last */
	double regret;          /* of the last pull: best value - value of the arm pulled */
	double optimal;         /* 1 if the last pull was one of the best, else 0 */
	int32_t arm;            /* last pulled; -1 before the first */
	int32_t reserved;
} state;

static const bern_field fields[] = {
	{"value", BERN_F64, MAX_ARMS, offsetof(state, value)},
	{"regret", BERN_F64, 1, offsetof(state, regret)},
	{"optimal", BERN_F64, 1, offsetof(state, optimal)},
	{"arm", BERN_I32, 1, offsetof(state, arm)},
};

typedef struct model {
	int32_t arms[1]; /* also the sizes of the action space */
	int32_t bernoulli;
	double mean, spread, noise; /* Gaussian */
	double low, high;           /* Bernoulli */
	double drift;
	int32_t fixed; /* 1: every episode has the values below */
	double value[MAX_ARMS];
} model;

static const int32_t one[1] = {1};
static const char *const metrics[] = {"optimal", "regret"};
static const char *const keys[MAX_ARMS] = {"1", "2", "3", "4", "5", "6", "7", "8", "9", "0"};

static void draw_problem(const model *m, double *value, bern_rng *rng)
{
	for (int32_t a = 0; a < m->arms[0]; a++)
		value[a] = m->bernoulli ? bern_rng_range(rng, m->low, m->high)
					: m->mean + m->spread * bern_normal(rng);
}

static int32_t open_bandit(const bern_value *values, bern_instance *out, int32_t bernoulli,
			   char *err, size_t err_size)
{
	if (bernoulli && values[P_FIRST].r > values[P_SECOND].r) {
		snprintf(err, err_size, "low: %g is above high, %g; low <= high is needed",
			 values[P_FIRST].r, values[P_SECOND].r);
		return 1;
	}
	model *m = calloc(1, sizeof *m);
	if (!m) {
		snprintf(err, err_size, "no memory for the model");
		return 1;
	}
	m->arms[0] = (int32_t)values[P_ARMS].i;
	m->bernoulli = bernoulli;
	m->drift = values[P_DRIFT].r;
	if (bernoulli) {
		m->low = values[P_FIRST].r;
		m->high = values[P_SECOND].r;
	} else {
		m->mean = values[P_FIRST].r;
		m->spread = values[P_SECOND].r;
		m->noise = values[P_THIRD].r;
	}
	if (values[P_PROBLEM].i >= 0) {
		/* a stream apart from every seeded one: pcg64's own start-up, the problem's number and this file's constant */
		const uint64_t number[2] = {(uint64_t)values[P_PROBLEM].i, 0};
		const uint64_t stream[2] = {0x62616e646974, (uint64_t)bernoulli};
		bern_rng rng;
		bern_rng_init(&rng, number, stream);
		draw_problem(m, m->value, &rng);
		m->fixed = 1;
	}

	out->model = m;
	out->state_size = sizeof(state);
	out->max_steps = (uint64_t)values[P_STEPS].i;
	out->observation = (bern_space){.kind = BERN_DISCRETE, .count = 1, .sizes = one};
	out->action = (bern_space){
		.kind = BERN_DISCRETE, .count = 1, .sizes = m->arms, .keys = keys};
	return 0;
}

static int32_t open_gaussian(const bern_value *values, bern_instance *out, char *err,
			     size_t err_size)
{
	return open_bandit(values, out, 0, err, err_size);
}

static int32_t open_bernoulli(const bern_value *values, bern_instance *out, char *err,
			      size_t err_size)
{
	return open_bandit(values, out, 1, err, err_size);
}

static void reset(const void *model_, void *state_, bern_rng *rng)
{
	const model *m = model_;
	*(state *)state_ = (state){.arm = -1};
	state *s = state_;
	if (m->fixed)
		for (int32_t a = 0; a < m->arms[0]; a++)
			s->value[a] = m->value[a];
	else
		draw_problem(m, s->value, rng);
}

/* Folds a value that left low .. high back into it, as often as it takes: the fold has period 2 * (high - low). */
static double reflect(double x, double low, double high)
{
	double width = high - low;
	double periods = (x - low) / (2 * width);
	/* an interval so narrow that nothing of the fold is left of a double; also width = 0 */
	if (!(periods > -1e15 && periods < 1e15))
		return low;
	double place = (periods - (double)(int64_t)periods) * 2 * width;
	place = place < 0 ? -place : place;
	place = place > width ? 2 * width - place : place;
	return low + place > high ? high : low + place;
}

static void step(const void *model_, void *state_, bern_rng *rng, const void *action,
		 bern_outcome *out)
{
	const model *m = model_;
	state *s = state_;
	int32_t arm = *(const int32_t *)action;
	double best = s->value[0];
	for (int32_t a = 1; a < m->arms[0]; a++)
		best = s->value[a] > best ? s->value[a] : best;
	s->arm = arm;
	s->regret = best - s->value[arm];
	s->optimal = s->value[arm] == best;
	out->reward = m->bernoulli ? bern_rng_uniform(rng) < s->value[arm]
				   : s->value[arm] + m->noise * bern_normal(rng);
	if (m->drift > 0)
		for (int32_t a = 0; a < m->arms[0]; a++) {
			s->value[a] += m->drift * bern_normal(rng);
			if (m->bernoulli)
				s->value[a] = reflect(s->value[a], m->low, m->high);
		}
}

static void observe(const void *model_, const void *state_, void *observation)
{
	(void)model_;
	(void)state_;
	*(int32_t *)observation = 0;
}

static void read_metrics(const void *model_, const void *state_, double *out)
{
	const state *s = state_;
	(void)model_;
	out[0] = s->optimal;
	out[1] = s->regret;
}

static void draw(const void *model_, const void *state_, const bern_canvas *c)
{
	const model *m = model_;
	const state *s = state_;
	bars_draw(s->value, m->arms[0], m->bernoulli ? 0 : -2, m->bernoulli ? 1 : 2, s->arm, NULL,
		  c);
}

#define TABLE(id_, kind_, summary_, source_)                                                       \
	{                                                                                          \
		.abi = BERN_ENV_ABI, .struct_size = sizeof(bern_env), .id = id_,                   \
		.summary = summary_, .source = source_, .params = kind_##_params,                  \
		.fields = fields, .metrics = metrics,                                              \
		.param_count = sizeof kind_##_params / sizeof kind_##_params[0],                   \
		.field_count = sizeof fields / sizeof fields[0],                                   \
		.metric_count = sizeof metrics / sizeof metrics[0], .step_seconds = 0.1,           \
		.open = open_##kind_, .close = free, .reset = reset, .step = step,                 \
		.observe = observe, .read_metrics = read_metrics, .draw = draw,                    \
	}

static const bern_env gaussian = TABLE(
	"GaussianBandit-v0", gaussian,
	"choose among arms that pay a normal reward each (the 10-armed testbed)",
	"Sutton & Barto 2018, section 2.3 and exercise 2.5");
static const bern_env bernoulli = TABLE(
	"BernoulliBandit-v0", bernoulli,
	"choose among arms that pay 1 with a probability of their own, else 0",
	"Thompson 1933; Lai & Robbins 1985");

BERN_PLUGIN(bandit, &gaussian, &bernoulli);
