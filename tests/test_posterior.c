/* The scores averaged over what the hidden units may have done, given the action: by enumeration equal to the oracle's sums over
 * all firings, and by Gibbs sampling with the same expectation after any number of sweeps. */
#include "oracle.h"

#include <arena.h>
#include <posterior.h>

#include <check.h>
#include <stdlib.h>

typedef struct shape {
	size_t inputs, depth, units[3];
	int32_t kind; /* enum bern_space_kind */
	uint32_t count;
	int32_t sizes[2];
} shape;

static const shape shapes[] = {
	{2, 1, {5}, BERN_DISCRETE, 1, {2}},           {2, 1, {6}, BERN_DISCRETE, 1, {4}},
	{2, 2, {3, 4}, BERN_DISCRETE, 1, {3}},        {2, 3, {2, 3, 2}, BERN_DISCRETE, 1, {2}},
	{3, 2, {3, 2}, BERN_MULTI_BINARY, 2, {2, 2}}, {1, 1, {4}, BERN_MULTI_DISCRETE, 2, {3, 2}},
};
#define SHAPE_COUNT (int)(sizeof shapes / sizeof shapes[0])

typedef struct fixture {
	bern_arena arena;
	bern_action_head head;
	bern_network net;
	bern_posterior posterior;
	oracle_net oracle;
	int32_t sizes[2];
	float x[4];
	double params[ORACLE_PARAMS], xs[4];
} fixture;

static double uniform(bern_pcg32 *rng)
{
	return (double)bern_pcg32_next(rng) / 4294967296.0;
}

static void fixture_init(fixture *f, const shape *shape)
{
	bern_error e;
	bern_pcg32 rng;
	const int64_t kind[BERN_MAX_LAYERS] = {BERN_UNITS_BINARY};
	memset(f, 0, sizeof *f);
	bern_pcg32_init(&rng, 7, 11);
	memcpy(f->sizes, shape->sizes, sizeof shape->sizes);
	bern_space action = {.kind = shape->kind, .count = shape->count, .sizes = f->sizes};
	ck_assert_int_eq(bern_head_init(&f->head, &f->arena, &action, 0, BERN_HEAD_AUTO, &e), 0);
	ck_assert_int_eq(bern_network_init(&f->net, &f->arena, &f->head, shape->inputs,
					   shape->units, kind, shape->depth, 1,
					   bern_kernels_usable()[0], &e),
			 0);
	ck_assert_int_eq(bern_posterior_init(&f->posterior, &f->arena, &f->net, &e), 0);
	for (size_t i = 0; i < f->net.param_count; i++) {
		f->net.params[i] = (float)(3.0 * uniform(&rng) - 1.5);
		f->params[i] = (double)f->net.params[i];
	}
	for (size_t i = 0; i < shape->inputs; i++) {
		f->x[i] = (float)(2.0 * uniform(&rng) - 1.0);
		f->xs[i] = (double)f->x[i];
	}
	f->oracle = (oracle_net){.inputs = shape->inputs,
				 .depth = shape->depth,
				 .group_count = f->head.components,
				 .params = f->params,
				 .x = f->xs};
	memcpy(f->oracle.units, shape->units, sizeof shape->units);
	for (size_t c = 0; c < f->head.components; c++)
		f->oracle.group[c] = f->head.size[c];
}

/* E[d log P(h, a | s) | s, a], by the oracle; returns P(a | s). */
static double expected(const fixture *f, size_t action, double *gradient)
{
	double mass = 0.0, one[ORACLE_PARAMS];
	memset(gradient, 0, f->net.param_count * sizeof *gradient);
	for (size_t bits = 0; bits < (size_t)1 << oracle_bits(&f->oracle); bits++) {
		double joint = exp(oracle_joint(&f->oracle, bits, action, one));
		mass += joint;
		for (size_t i = 0; i < f->net.param_count; i++)
			gradient[i] += joint * one[i];
	}
	for (size_t i = 0; i < f->net.param_count; i++)
		gradient[i] /= mass;
	return mass;
}

/* p is kept on a grid of 2^-24 and the result is float: what that may change. A score of magnitude 1 changes by the error of p over
 * the least p(1 - p), which the bits of all layers multiply. */
#define FLOAT_ERROR 1e-5

START_TEST(every_firing_is_visited_with_its_probability)
{
	fixture f;
	double want[ORACLE_PARAMS];
	float got[ORACLE_PARAMS];
	fixture_init(&f, &shapes[_i]);
	for (size_t a = 0; a < oracle_actions(&f.oracle); a++) {
		int split[4];
		int32_t action[4];
		oracle_action(&f.oracle, a, split);
		for (size_t c = 0; c < f.head.components; c++)
			action[c] = split[c];
		expected(&f, a, want);
		for (size_t i = 0; i < f.net.param_count; i++)
			got[i] = 1.0f; /* it adds */
		bern_posterior_enumerate(&f.posterior, f.x, action, NULL, 2.0f, got);
		for (size_t i = 0; i < f.net.param_count; i++)
			ck_assert_msg(fabs((double)got[i] - 1.0 - 2.0 * want[i]) < FLOAT_ERROR,
				      "action %zu, parameter %zu: %g instead of %g", a, i,
				      (double)got[i] - 1.0, 2.0 * want[i]);
	}
	bern_arena_finish(&f.arena);
}
END_TEST

START_TEST(weighted_by_reward_they_are_the_gradient_of_the_expected_reward)
{
	fixture f;
	double reward[64], truth[ORACLE_PARAMS], got[ORACLE_PARAMS] = {0}, unused[ORACLE_PARAMS];
	fixture_init(&f, &shapes[_i]);
	for (size_t a = 0; a < oracle_actions(&f.oracle); a++)
		reward[a] = (double)(a * a) - 1.0;
	oracle_value(&f.oracle, reward, truth, f.net.param_count);
	for (size_t a = 0; a < oracle_actions(&f.oracle); a++) {
		int split[4];
		int32_t action[4];
		float one[ORACLE_PARAMS] = {0};
		oracle_action(&f.oracle, a, split);
		for (size_t c = 0; c < f.head.components; c++)
			action[c] = split[c];
		bern_posterior_enumerate(&f.posterior, f.x, action, NULL, (float)reward[a], one);
		double mass = expected(&f, a, unused);
		for (size_t i = 0; i < f.net.param_count; i++)
			got[i] += mass * (double)one[i];
	}
	for (size_t i = 0; i < f.net.param_count; i++)
		ck_assert_double_eq_tol(got[i], truth[i], 35.0 * FLOAT_ERROR); /* sum of rewards */
	bern_arena_finish(&f.arena);
}
END_TEST

START_TEST(an_action_that_is_not_allowed_gets_no_share)
{
	/* three actions of which the second is masked are the two-action network without its logit */
	static const shape three = {2, 1, {4}, BERN_DISCRETE, 1, {3}};
	fixture f;
	uint8_t allowed[3] = {1, 0, 1};
	int32_t action = 2;
	double want[ORACLE_PARAMS];
	float got[ORACLE_PARAMS] = {0};
	fixture_init(&f, &three);
	const bern_layer *out = &f.net.layer[1];
	f.params[out->bias + 1] = -1e9; /* the oracle's way to forbid */
	expected(&f, 2, want);
	bern_posterior_enumerate(&f.posterior, f.x, &action, allowed, 1.0f, got);
	for (size_t i = 0; i < f.net.param_count; i++)
		ck_assert_double_eq_tol((double)got[i], want[i], FLOAT_ERROR);
	bern_arena_finish(&f.arena);
}
END_TEST

START_TEST(a_unit_that_always_fires_is_left_alone)
{
	static const shape one = {2, 1, {4}, BERN_DISCRETE, 1, {2}};
	fixture f;
	double want[ORACLE_PARAMS];
	float got[ORACLE_PARAMS] = {0};
	int32_t action = 1;
	fixture_init(&f, &one);
	f.net.params[f.net.layer[0].bias] = 200.0f;
	f.net.params[f.net.layer[0].bias + 1] = -200.0f;
	/* as large as the oracle's logarithms bear */
	f.params[f.net.layer[0].bias] = 30.0;
	f.params[f.net.layer[0].bias + 1] = -30.0;
	expected(&f, 1, want);
	bern_posterior_enumerate(&f.posterior, f.x, &action, NULL, 1.0f, got);
	for (size_t i = 0; i < f.net.param_count; i++)
		ck_assert_double_eq_tol((double)got[i], want[i], FLOAT_ERROR);
	bern_arena_finish(&f.arena);
}
END_TEST

/* Draws h from P(h | s, a) by the oracle's list of joint probabilities. */
static void draw_firing(const fixture *f, size_t action, double mass, bern_pcg32 *rng, uint8_t *h)
{
	double one[ORACLE_PARAMS], left = uniform(rng) * mass;
	size_t bits = 0, ways = (size_t)1 << oracle_bits(&f->oracle);
	for (; bits + 1 < ways; bits++) {
		left -= exp(oracle_joint(&f->oracle, bits, action, one));
		if (left < 0.0)
			break;
	}
	for (size_t j = 0; j < oracle_bits(&f->oracle); j++)
		h[j] = bits >> j & 1;
}

/* The sampled mean must be within 5 standard errors for each parameter: a false alarm once in 1.7 million parameters, and a bias of 6
 * standard errors is seen in 84 of 100 cases. */
START_TEST(a_chain_that_starts_from_the_firing_that_acted_is_unbiased_at_once)
{
	enum { SAMPLES = 40000 };
	fixture f;
	bern_pcg32 rng;
	double want[ORACLE_PARAMS], sum[ORACLE_PARAMS] = {0}, square[ORACLE_PARAMS] = {0};
	size_t which = (size_t)_i / 2, sweeps = _i % 2 ? 3 : 1;
	fixture_init(&f, &shapes[which]);
	bern_pcg32_init(&rng, 5, (uint64_t)_i);
	int split[4];
	int32_t action[4];
	oracle_action(&f.oracle, 1, split);
	for (size_t c = 0; c < f.head.components; c++)
		action[c] = split[c];
	double mass = expected(&f, 1, want);
	bern_posterior_prepare(&f.posterior);
	for (size_t s = 0; s < SAMPLES; s++) {
		uint8_t h[32];
		const uint8_t *fired[BERN_MAX_LAYERS];
		float got[ORACLE_PARAMS] = {0};
		draw_firing(&f, 1, mass, &rng, h);
		for (size_t l = 0; l < f.net.depth; l++)
			fired[l] = h + f.posterior.start[l];
		bern_posterior_sample(&f.posterior, f.x, fired, action, NULL, sweeps, &rng, 1.0f,
				      got);
		for (size_t i = 0; i < f.net.param_count; i++) {
			sum[i] += (double)got[i];
			square[i] += (double)got[i] * (double)got[i];
		}
	}
	for (size_t i = 0; i < f.net.param_count; i++) {
		double mean = sum[i] / SAMPLES;
		double error = sqrt((square[i] / SAMPLES - mean * mean) / SAMPLES);
		ck_assert_msg(fabs(mean - want[i]) < 5.0 * error + FLOAT_ERROR,
			      "parameter %zu: %g instead of %g, standard error %g", i, mean,
			      want[i], error);
	}
	bern_arena_finish(&f.arena);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("posterior");
	TCase *t = tcase_create("posterior");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, every_firing_is_visited_with_its_probability, 0, SHAPE_COUNT);
	tcase_add_loop_test(t, weighted_by_reward_they_are_the_gradient_of_the_expected_reward, 0,
			    SHAPE_COUNT);
	tcase_add_test(t, an_action_that_is_not_allowed_gets_no_share);
	tcase_add_test(t, a_unit_that_always_fires_is_left_alone);
	tcase_add_loop_test(t, a_chain_that_starts_from_the_firing_that_acted_is_unbiased_at_once,
			    0, 2 * SHAPE_COUNT);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
