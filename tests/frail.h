/* An environment that ends, cuts and breaks by chance, for tests of who shares lanes. */
#ifndef BERN_TEST_FRAIL_H
#define BERN_TEST_FRAIL_H

#include <bern/env.h>
#include <bern/rng.h>
#include <math.h>
#include <stdlib.h>

enum { P_ODDS, P_WAY, P_COUNT };
static const bern_param params[P_COUNT] = {
	[P_ODDS] = {"odds", "1 in so many steps breaks, 0: none", BERN_INT, 0, "0", 0, 1e9, NULL},
	[P_WAY] = {"way",
		   "0: fault, 1: reward NaN, 2: reward 1e200, 3: any, 4: a huge last observation",
		   BERN_INT, 0, "0", 0, 4, NULL},
};

typedef struct frail_model {
	int64_t odds, way;
} frail_model;

typedef struct frail {
	int32_t steps, last;
} frail;

static int32_t frail_open(const bern_value *values, bern_instance *out, char *err, size_t size)
{
	static const int32_t sizes[] = {3};
	frail_model *model = malloc(sizeof *model);
	(void)err;
	(void)size;
	*model = (frail_model){values[P_ODDS].i, values[P_WAY].i};
	out->model = model;
	out->state_size = sizeof(frail);
	out->max_steps = 23;
	out->observation = (bern_space){.kind = BERN_BOX, .count = 2};
	out->action = (bern_space){.kind = BERN_DISCRETE, .count = 1, .sizes = sizes};
	return 0;
}

static void frail_close(void *model)
{
	free(model);
}

static void frail_reset(const void *model, void *state, struct bern_rng *rng)
{
	(void)model;
	*(frail *)state = (frail){0, (int32_t)bern_rng_below(rng, 3)};
}

static void frail_step(const void *model, void *state, struct bern_rng *rng, const void *action,
		       bern_outcome *outcome)
{
	const frail_model *m = model;
	frail *s = state;
	int32_t a = *(const int32_t *)action;
	outcome->reward = a == s->last;
	s->last = (int32_t)bern_rng_below(rng, 3);
	s->steps++;
	if (bern_rng_below(rng, 20) == 0)
		outcome->flags = BERN_TERMINATED;
	if (m->odds && m->way < 4 && bern_rng_below(rng, (uint64_t)m->odds) == 0) {
		int64_t way = m->way == 3 ? (int64_t)bern_rng_below(rng, 3) : m->way;
		if (way == 0)
			outcome->flags |= BERN_FAULT;
		else
			outcome->reward = way == 1 ? (double)NAN : 1e200;
	}
}

static void frail_observe(const void *model, const void *state, void *observation)
{
	const frail_model *m = model;
	const frail *s = state;
	float *out = observation;
	out[0] = (float)s->last - 1.0f;
	out[1] = m->way == 4 && s->steps == 23 ? 3e38f : (float)s->steps / 23.0f;
}

static void frail_metrics(const void *model, const void *state, double *out)
{
	(void)model;
	out[0] = ((const frail *)state)->steps;
}

static const char *const frail_metric[] = {"steps"};
static const bern_env frail_env = {
	.abi = BERN_ENV_ABI,
	.struct_size = sizeof(bern_env),
	.id = "Frail-v0",
	.summary = "breaks by chance",
	.params = params,
	.param_count = P_COUNT,
	.metrics = frail_metric,
	.metric_count = 1,
	.open = frail_open,
	.close = frail_close,
	.reset = frail_reset,
	.step = frail_step,
	.observe = frail_observe,
	.read_metrics = frail_metrics,
};

#endif
