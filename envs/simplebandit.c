/* The simple bandit: arms that pay 0, 0.1, ... 1 in an order that is drawn, always the same for the same arm.
 *
 * bsuite's bandit (bsuite/environments/bandit.py; Osband et al. 2020) with its 11 arms: one pull an episode, rewards spread evenly
 * from 0 to 1 over the arms. `problem` is the number of an order that stays the same in every episode and run; bsuite draws it with
 * numpy's older generator, so its seeds give other orders. The observation is one constant value.
 *
 * What it tests: to keep trying until the best arm is known, when nothing but the arms differs.
 */
#include "bars.h"

#include <bern/env.h>
#include <bern/rng.h>

#include <stdlib.h>

enum { P_ARMS, P_PROBLEM, P_COUNT };
enum { MOST = 64 };

static const bern_param params[P_COUNT] = {
	[P_ARMS] = {"arms", "number of arms", BERN_INT, 0, "11", 2, MOST, NULL},
	[P_PROBLEM] = {"problem", "number of the order of the arms", BERN_INT, 0, "0", 0, 1e15,
		       NULL},
};

typedef struct state {
	int32_t arm; /* pulled; -1 before */
} state;

static const bern_field fields[] = {
	{"arm", BERN_I32, 1, offsetof(state, arm)},
};

typedef struct model {
	int32_t arms[1]; /* also the sizes of the action space */
	double value[MOST];
} model;

static const int32_t one[1] = {1};
static const char *const keys[MOST] = {"1", "2", "3", "4", "5", "6", "7", "8", "9", "0"};
static const char *const metrics[] = {"optimal", "regret"};

static int32_t open_bandit(const bern_value *values, bern_instance *out, char *err, size_t err_size)
{
	model *m = calloc(1, sizeof *m);
	if (!m) {
		snprintf(err, err_size, "no memory for the model");
		return 1;
	}
	int32_t arms = m->arms[0] = (int32_t)values[P_ARMS].i;
	for (int32_t a = 0; a < arms; a++)
		m->value[a] = (double)a / (arms - 1);
	/* a stream apart from every seeded one: pcg64's own start-up, the problem's number and this file's constant */
	const uint64_t number[2] = {(uint64_t)values[P_PROBLEM].i, 0};
	const uint64_t stream[2] = {0x73696d706c65, 0};
	bern_rng rng;
	bern_rng_init(&rng, number, stream);
	for (int32_t a = arms - 1; a > 0; a--) {
		uint64_t other = bern_rng_below(&rng, (uint64_t)a + 1);
		double kept = m->value[a];
		m->value[a] = m->value[other];
		m->value[other] = kept;
	}
	out->model = m;
	out->state_size = sizeof(state);
	out->observation = (bern_space){.kind = BERN_DISCRETE, .count = 1, .sizes = one};
	out->action = (bern_space){
		.kind = BERN_DISCRETE, .count = 1, .sizes = m->arms, .keys = keys};
	out->max_return = 1;
	out->has_max_return = 1;
	return 0;
}

static void reset(const void *model_, void *state_, bern_rng *rng)
{
	(void)model_;
	(void)rng;
	((state *)state_)->arm = -1;
}

static void step(const void *model_, void *state_, bern_rng *rng, const void *action,
		 bern_outcome *out)
{
	const model *m = model_;
	state *s = state_;
	(void)rng;
	s->arm = *(const int32_t *)action;
	out->reward = m->value[s->arm];
	out->flags = BERN_TERMINATED;
}

static void observe(const void *model_, const void *state_, void *observation)
{
	(void)model_;
	(void)state_;
	*(int32_t *)observation = 0;
}

static void read_metrics(const void *model_, const void *state_, double *out)
{
	const model *m = model_;
	const state *s = state_;
	double value = s->arm < 0 ? 0 : m->value[s->arm];
	out[0] = value == 1;
	out[1] = 1 - value;
}

static void draw(const void *model_, const void *state_, const bern_canvas *c)
{
	const model *m = model_;
	const state *s = state_;
	bars_draw(m->value, m->arms[0], 0, 1, s->arm, NULL, c);
}

static const bern_env simplebandit = {
	.abi = BERN_ENV_ABI,
	.struct_size = sizeof(bern_env),
	.id = "SimpleBandit-v0",
	.summary = "find the best of arms that always pay the same (a probe of trying)",
	.source = "bsuite bandit (Osband et al. 2020, arXiv 1908.03568)",
	.params = params,
	.fields = fields,
	.metrics = metrics,
	.param_count = P_COUNT,
	.field_count = sizeof fields / sizeof fields[0],
	.metric_count = sizeof metrics / sizeof metrics[0],
	.has_returns = 1,
	.random_return = 0.5,
	.solved_return = 0.95,
	.step_seconds = 0.5,
	.open = open_bandit,
	.close = free,
	.reset = reset,
	.step = step,
	.observe = observe,
	.read_metrics = read_metrics,
	.draw = draw,
};

BERN_PLUGIN(simplebandit, &simplebandit);
