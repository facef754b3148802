/* Optimisers against the published rules computed in double, one parameter at a time; parts; clipping. */
#include <optimizer.h>

#include <bern/agent.h>

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COUNT 37
#define STEPS 12

/* Numbers of the test's own: xorshift64. */
static double draw(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return (double)(*x >> 11) / 9007199254740992.0;
}

typedef struct setting {
	int64_t kind;
	double momentum, decay, epsilon;
} setting;

static const setting settings[] = {
	{BERN_SGD, 0.0, 0.9, 1e-8},   {BERN_SGD, 0.9, 0.9, 1e-8},    {BERN_RMSPROP, 0.9, 0.9, 1e-8},
	{BERN_RMSPROP, 0, 0.99, 0.1}, {BERN_ADAM, 0.9, 0.999, 1e-8}, {BERN_ADAM, 0.0, 0.9, 1e-3},
};
#define SETTINGS (int)(sizeof settings / sizeof settings[0])

/* Three parts of own factors, of sizes that fill no vector register; parameter 36 belongs to none. */
static void make(bern_optimizer *o, bern_arena *arena, const setting *s)
{
	bern_error e;
	*o = (bern_optimizer){.kernels = bern_kernels_usable()[0],
			      .kind = s->kind,
			      .momentum = s->momentum,
			      .decay = s->decay,
			      .epsilon = s->epsilon,
			      .part = {{0, 5, 1.0f}, {5, 17, 0.25f}, {22, 14, 0.5f}},
			      .part_count = 3,
			      .param_count = COUNT};
	ck_assert_int_eq(bern_optimizer_init(o, arena, &e), 0);
}

static double factor_of(size_t i)
{
	return i < 5 ? 1.0 : i < 22 ? 0.25 : i < 36 ? 0.5 : 0.0;
}

/* One parameter through all its gradients, in double. */
static double by_the_book(const setting *s, double w, float gradient[STEPS][COUNT], size_t i,
			  const double *rate)
{
	double m = 0.0, v = 0.0;
	for (int t = 1; t <= STEPS; t++) {
		double g = (double)gradient[t - 1][i], eta = rate[t - 1] * factor_of(i);
		if (s->kind == BERN_SGD) { /* Polyak 1964 */
			m = s->momentum * m + g;
			w += eta * m;
		} else if (s->kind == BERN_RMSPROP) { /* Tieleman & Hinton 2012 */
			v = s->decay * v + (1.0 - s->decay) * g * g;
			w += eta * g / (sqrt(v) + s->epsilon);
		} else { /* Kingma & Ba 2015, algorithm 1 */
			m = s->momentum * m + (1.0 - s->momentum) * g;
			v = s->decay * v + (1.0 - s->decay) * g * g;
			w += eta * (m / (1.0 - pow(s->momentum, t))) /
			     (sqrt(v / (1.0 - pow(s->decay, t))) + s->epsilon);
		}
	}
	return w;
}

/* 1 - decay loses up to 2^-24/0.001 = 6e-5 of itself where decay is 0.999 in float, in v and in nothing else of Adam: 3e-5 of a step;
 * 12 steps of up to 0.05 times 3 (RMSProp's first: 1/sqrt(0.1), SGD's velocity: 10) and rounding. */
START_TEST(steps_are_those_of_the_published_rules)
{
	for (uint64_t seed = 0; seed < 20; seed++) {
		bern_arena arena = {0};
		bern_optimizer o;
		uint64_t random = 88172645463325252u + 7919 * seed;
		float w[COUNT], gradient[STEPS][COUNT];
		double start[COUNT], rate[STEPS], farthest = 0.0;
		make(&o, &arena, &settings[_i]);
		for (size_t i = 0; i < COUNT; i++) {
			w[i] = (float)(2.0 * draw(&random) - 1.0);
			start[i] = (double)w[i];
		}
		for (int t = 0; t < STEPS; t++) {
			rate[t] = 0.05 * draw(&random);
			for (size_t i = 0; i < COUNT; i++)
				gradient[t][i] = (float)(2.0 * draw(&random) - 1.0);
			if (t == 3)
				memset(gradient[t], 0, sizeof gradient[t]);
			bern_optimizer_step(&o, w, gradient[t], rate[t]);
		}
		for (size_t i = 0; i < COUNT; i++) {
			double expected = by_the_book(&settings[_i], start[i], gradient, i, rate);
			farthest = fmax(farthest, fabs(expected - start[i]));
			ck_assert_msg(fabs((double)w[i] - expected) <= 2e-5,
				      "parameter %zu: %.7f, by the book %.7f", i, (double)w[i],
				      expected);
		}
		ck_assert_float_eq(w[36], (float)start[36]);
		ck_assert_double_ge(farthest, 0.02);
		bern_arena_finish(&arena);
	}
}
END_TEST

/* Adam's first step is the rate, whatever the gradient's size; uphill. */
START_TEST(the_first_step_of_adam_has_the_size_of_the_rate)
{
	bern_arena arena = {0};
	bern_optimizer o;
	float w[COUNT] = {0}, g[COUNT] = {0};
	make(&o, &arena, &settings[4]);
	g[0] = 1e-3f;
	g[1] = -1e5f;
	g[2] = 7.0f;
	bern_optimizer_step(&o, w, g, 0.01);
	/* epsilon over the smallest gradient: 1e-5 of a step */
	ck_assert_double_le(fabs((double)w[0] - 0.01), 2e-7);
	ck_assert_double_le(fabs((double)w[1] + 0.01), 2e-7);
	ck_assert_double_le(fabs((double)w[2] - 0.01), 2e-7);
	ck_assert_float_eq(w[3], 0.0f);
	bern_arena_finish(&arena);
}
END_TEST

/* A state that is registered in full continues as if unbroken. */
START_TEST(the_registered_arrays_are_the_whole_state)
{
	bern_arena arena = {0}, other_arena = {0};
	bern_optimizer o, other;
	bern_tensors list = {0}, other_list = {0};
	bern_error e;
	uint64_t random = 88172645463325252u;
	float w[COUNT] = {0}, w2[COUNT], g[COUNT];
	make(&o, &arena, &settings[_i]);
	make(&other, &other_arena, &settings[_i]);
	ck_assert_int_eq(bern_optimizer_tensors(&o, &list, "a", &e), 0);
	ck_assert_int_eq(bern_optimizer_tensors(&other, &other_list, "a", &e), 0);
	for (int t = 0; t < 10; t++) {
		for (size_t i = 0; i < COUNT; i++)
			g[i] = (float)(2.0 * draw(&random) - 1.0);
		bern_optimizer_step(&o, w, g, 0.01);
	}
	for (size_t i = 0; i < list.count; i++)
		memcpy(other_list.items[i].data, list.items[i].data,
		       bern_tensor_size(&list.items[i]));
	memcpy(w2, w, sizeof w);
	for (int t = 0; t < 5; t++) {
		bern_optimizer_step(&o, w, g, 0.01);
		bern_optimizer_step(&other, w2, g, 0.01);
	}
	ck_assert_mem_eq(w, w2, sizeof w);
	bern_tensors_finish(&list);
	bern_tensors_finish(&other_list);
	bern_arena_finish(&arena);
	bern_arena_finish(&other_arena);
}
END_TEST

START_TEST(a_long_gradient_is_shortened_and_a_short_one_left)
{
	const bern_kernels *kernels = bern_kernels_usable()[0];
	for (size_t count = 1; count < 100; count += 7) {
		uint64_t random = 88172645463325252u + count;
		float g[100], kept[100];
		double square = 0.0, after = 0.0;
		for (size_t i = 0; i < count; i++) {
			g[i] = kept[i] = (float)(2.0 * draw(&random) - 1.0);
			square += (double)g[i] * (double)g[i];
		}
		double norm = sqrt(square), close = norm * 0x1p-24 * (double)(count + 4);
		/* 0: no limit; a limit above the norm: nothing to do */
		ck_assert_double_le(fabs(bern_clip_norm(kernels, g, count, 0.0) - norm), close);
		ck_assert_mem_eq(g, kept, count * sizeof *g);
		ck_assert_double_le(fabs(bern_clip_norm(kernels, g, count, 1.01 * norm) - norm),
				    close);
		ck_assert_mem_eq(g, kept, count * sizeof *g);
		ck_assert_double_le(fabs(bern_clip_norm(kernels, g, count, 0.3 * norm) - norm),
				    close);
		for (size_t i = 0; i < count; i++) {
			after += (double)g[i] * (double)g[i];
			ck_assert_double_le(fabs((double)g[i] - 0.3 * (double)kept[i]),
					    2.0 * close * 0.3);
		}
		ck_assert_double_le(fabs(sqrt(after) - 0.3 * norm), 2.0 * close);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("optimizer");
	TCase *t = tcase_create("optimizer");
	tcase_add_loop_test(t, steps_are_those_of_the_published_rules, 0, SETTINGS);
	tcase_add_test(t, the_first_step_of_adam_has_the_size_of_the_rate);
	tcase_add_loop_test(t, the_registered_arrays_are_the_whole_state, 0, SETTINGS);
	tcase_add_test(t, a_long_gradient_is_shortened_and_a_short_one_left);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
