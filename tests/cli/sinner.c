/* A plugin that breaks one promise at a time, as its parameter says; for the tests of check-env. */
#include <bern/env.h>
#include <bern/rng.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum sin {
	NONE,
	COUNTS,
	POINTS,
	OVERRUNS,
	LEAVES,
	PAYS_NAN,
	PAYS_MUCH,
	ABORTS,
	EXITS,
	HANGS,
	PRINTS,
	WARNS
};
static const char *const sins[] = {"none",     "counts",    "points", "overruns", "leaves",
				   "pays-nan", "pays-much", "aborts", "exits",    "hangs",
				   "prints",   "warns",     NULL};

/* Names what is wrong with the environment, so this file may have what an environment may not. */
static int calls;

typedef struct {
	double x;
	int64_t t;
	uintptr_t place;
} state;

static const bern_param params[] = {
	{"sin", "the promise that is broken", BERN_CHOICE, 0, "none", 0, 0, sins},
};

static int32_t sinner_open(const bern_value *values, bern_instance *out, char *err, size_t err_size)
{
	static const float low[] = {-2, 0}, high[] = {2, 100};
	static const int32_t two[] = {2};
	int32_t *model = malloc(sizeof *model);
	(void)err, (void)err_size;
	if (!model)
		return 1;
	*model = (int32_t)values[0].i;
	out->model = model;
	out->state_size = sizeof(state);
	out->max_steps = 50;
	out->observation = (bern_space){.kind = BERN_BOX, .count = 2, .low = low, .high = high};
	out->action = (bern_space){.kind = BERN_DISCRETE, .count = 1, .sizes = two};
	return 0;
}

static void sinner_reset(const void *model, void *block, struct bern_rng *rng)
{
	state *s = block;
	(void)model;
	memset(s, 0, sizeof *s);
	s->x = bern_rng_range(rng, -1, 1);
	s->place = (uintptr_t)block;
}

static void sinner_step(const void *model, void *block, struct bern_rng *rng, const void *action,
			bern_outcome *out)
{
	state *s = block;
	const int32_t sin = *(const int32_t *)model;
	(void)rng;
	s->t++;
	s->x += *(const int32_t *)action ? 0.01 : -0.01;
	out->reward = s->x;
	if (sin == COUNTS)
		out->reward += 1e-9 * calls++;
	if (sin == POINTS && s->place != (uintptr_t)block)
		out->reward += 1;
	/* in the second episode of a script that begins a new one after 40 steps */
	if (s->t != 31 || calls++ < 1)
		return;
	if (sin == LEAVES)
		s->x = 3;
	if (sin == PAYS_NAN)
		out->reward = NAN;
	if (sin == PAYS_MUCH)
		out->reward = 1e20;
	if (sin == ABORTS)
		abort();
	if (sin == EXITS)
		exit(0);
	if (sin == PRINTS)
		printf("x is %g\n", s->x), fflush(stdout);
	if (sin == WARNS)
		fprintf(stderr, "x is odd\n");
	while (sin == HANGS)
		;
}

static void sinner_observe(const void *model, const void *block, void *observation)
{
	const state *s = block;
	float *out = observation;
	out[0] = (float)s->x;
	out[1] = (float)s->t;
	if (*(const int32_t *)model == OVERRUNS && s->t == 31)
		out[2] = 0;
}

static const bern_env sinner = {.abi = BERN_ENV_ABI,
				.struct_size = sizeof(bern_env),
				.id = "test/Sinner-v0",
				.summary = "breaks one promise at a time",
				.source = "made up",
				.params = params,
				.param_count = 1,
				.open = sinner_open,
				.close = free,
				.reset = sinner_reset,
				.step = sinner_step,
				.observe = sinner_observe};

BERN_PLUGIN(sinner, &sinner);
