/* Steps as if firings counted -1/2 and 1/2, against the same network written down with such firings, in double: its parameters, the chain
 * rule's gradients of them, the optimiser's step, and back. */
#include <centring.h>

#include <bern/agent.h>

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Numbers of the test's own: xorshift64. */
static double draw(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return (double)(*x >> 11) / 9007199254740992.0;
}

enum { DEPTH = 3, MOST = 1000, STEPS = 4 };
static const size_t units[DEPTH] = {37, 21, 18};

typedef struct setup {
	bern_arena arena;
	bern_action_head head;
	bern_network net;
	bern_optimizer optimizer;
	bern_centring centring;
} setup;

/* Three logits over three layers; `kind` of these. */
static void open_setup(setup *s, const int64_t kind[DEPTH], int64_t optimizer, int on)
{
	static const int32_t sizes[1] = {3};
	const bern_space action = {.kind = BERN_DISCRETE, .count = 1, .sizes = sizes};
	const bern_kernels *kernels = bern_kernels_usable()[0];
	uint64_t x = 88172645463325252u;
	bern_error e;
	memset(s, 0, sizeof *s);
	ck_assert_int_eq(bern_head_init(&s->head, &s->arena, &action, 0, BERN_HEAD_AUTO, &e), 0);
	ck_assert_int_eq(bern_network_init(&s->net, &s->arena, &s->head, 2, units, kind, DEPTH, 1,
					   kernels, &e),
			 0);
	ck_assert_int_eq(bern_centring_init(&s->centring, &s->arena, &s->net, on, &e), 0);
	s->optimizer = (bern_optimizer){
		.kernels = kernels,
		.kind = optimizer,
		.momentum = 0.5,
		.decay = 0.9,
		.epsilon = 1e-8,
		.part = {{0, 300, 1.0f}, {300, s->net.param_count - 300, 0.25f}},
		.part_count = 2,
		.param_count = s->net.param_count};
	ck_assert_int_eq(bern_optimizer_init(&s->optimizer, &s->arena, &e), 0);
	for (size_t i = 0; i < s->net.param_count; i++)
		s->net.params[i] = (float)(2.0 * draw(&x) - 1.0);
}

/* b' of each unit that hears bits: b plus `sign` halves of its weights' sum. */
static void turn_biases(const setup *s, const int64_t kind[DEPTH], double *params, double sign)
{
	for (size_t l = 1; l <= DEPTH; l++) {
		const bern_layer *layer = &s->net.layer[l];
		for (size_t j = 0; kind[l - 1] == BERN_UNITS_BINARY && j < layer->units; j++)
			for (size_t i = 0; i < layer->inputs; i++)
				params[layer->bias + j] +=
					sign * 0.5 * params[layer->weight + i * layer->units + j];
	}
}

/* dE/dw at a fixed b' = dE/dw - 1/2 dE/db */
static void turn_gradient(const setup *s, const int64_t kind[DEPTH], double *g)
{
	for (size_t l = 1; l <= DEPTH; l++) {
		const bern_layer *layer = &s->net.layer[l];
		for (size_t i = 0; kind[l - 1] == BERN_UNITS_BINARY && i < layer->inputs; i++)
			for (size_t j = 0; j < layer->units; j++)
				g[layer->weight + i * layer->units + j] -= 0.5 * g[layer->bias + j];
	}
}

/* One parameter's step in double: of SGD, RMSProp and Adam as published. */
static double step_of(int64_t optimizer, double g, double rate, int t, double *m, double *v)
{
	if (optimizer == BERN_SGD)
		return rate * (*m = 0.5 * *m + g);
	*v = 0.9 * *v + 0.1 * g * g;
	if (optimizer == BERN_RMSPROP)
		return rate * g / (sqrt(*v) + 1e-8);
	*m = 0.5 * *m + 0.5 * g;
	return rate * (*m / (1.0 - pow(0.5, t))) / (sqrt(*v / (1.0 - pow(0.9, t))) + 1e-8);
}

static const int64_t kinds[][DEPTH] = {
	{BERN_UNITS_BINARY, BERN_UNITS_BINARY, BERN_UNITS_BINARY},
	{BERN_UNITS_TANH, BERN_UNITS_BINARY, BERN_UNITS_TANH},
	{BERN_UNITS_BINARY, BERN_UNITS_RELU, BERN_UNITS_BINARY},
};
static const int64_t optimizers[] = {BERN_SGD, BERN_RMSPROP, BERN_ADAM};

START_TEST(steps_are_those_of_the_network_with_firings_around_0)
{
	const int64_t *kind = kinds[_i / 3];
	const int64_t optimizer = optimizers[_i % 3];
	static double params[2 * MOST], m[2 * MOST], v[2 * MOST], g[2 * MOST];
	static float gradient[2 * MOST];
	uint64_t x = 1 + (uint64_t)_i;
	setup s;
	open_setup(&s, kind, optimizer, 1);
	const size_t count = s.net.param_count;
	ck_assert_uint_le(count, 2 * MOST);
	memset(m, 0, sizeof m);
	memset(v, 0, sizeof v);
	for (size_t i = 0; i < count; i++)
		params[i] = (double)s.net.params[i];
	for (int t = 1; t <= STEPS; t++) {
		for (size_t i = 0; i < count; i++)
			g[i] = (double)(gradient[i] = (float)(draw(&x) - 0.5));
		turn_biases(&s, kind, params, 1.0);
		turn_gradient(&s, kind, g);
		for (size_t i = 0; i < count; i++)
			params[i] += step_of(optimizer, g[i], i < 300 ? 0.125 : 0.03125, t, &m[i],
					     &v[i]);
		turn_biases(&s, kind, params, -1.0);
		bern_centring_step(&s.centring, &s.optimizer, &s.net, gradient, 0.125);
	}
	/* a bias takes in the roundings of 37 weights and its own, each of half a unit in the last place of numbers below 2, in every
	 * step, and the optimiser's few */
	for (size_t i = 0; i < count; i++)
		ck_assert_msg(fabs((double)s.net.params[i] - params[i]) <
				      STEPS * (37 + 8) * 0x1p-23,
			      "parameter %zu: %.9g, in double %.9g", i, (double)s.net.params[i],
			      params[i]);
	bern_arena_finish(&s.arena);
}
END_TEST

START_TEST(off_or_with_no_bits_to_hear_they_are_the_optimisers_own)
{
	static const int64_t smooth[DEPTH] = {BERN_UNITS_TANH, BERN_UNITS_RELU, BERN_UNITS_TANH};
	static float gradient[2 * MOST], kept[2 * MOST], plain[2 * MOST];
	uint64_t x = 9;
	setup s, o;
	open_setup(&s, _i ? smooth : kinds[0], BERN_ADAM, _i);
	open_setup(&o, _i ? smooth : kinds[0], BERN_ADAM, 0);
	const size_t count = s.net.param_count;
	memcpy(plain, o.net.params, count * sizeof *plain);
	for (int t = 0; t < STEPS; t++) {
		for (size_t i = 0; i < count; i++)
			kept[i] = gradient[i] = (float)(draw(&x) - 0.5);
		bern_centring_step(&s.centring, &s.optimizer, &s.net, gradient, 0.1);
		bern_optimizer_step(&o.optimizer, plain, kept, 0.1);
		ck_assert_mem_eq(s.net.params, plain, count * sizeof *plain);
		ck_assert_mem_eq(gradient, kept, count * sizeof *kept);
	}
	bern_arena_finish(&s.arena);
	bern_arena_finish(&o.arena);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("centring");
	TCase *t = tcase_create("steps");
	tcase_add_loop_test(t, steps_are_those_of_the_network_with_firings_around_0, 0, 9);
	tcase_add_loop_test(t, off_or_with_no_bits_to_hear_they_are_the_optimisers_own, 0, 2);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
