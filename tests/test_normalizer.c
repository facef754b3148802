/* The normaliser against means and deviations computed in two passes, and what it refuses to read. */
#include <normalizer.h>

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define O 4

/* Numbers of the test's own: xorshift64. */
static double draw(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return (double)(*x >> 11) / 9007199254740992.0;
}

static void make(bern_normalizer *n, bern_arena *arena, const char *scale, int running)
{
	bern_error e = {0};
	memset(arena, 0, sizeof *arena);
	ck_assert_msg(bern_normalizer_init(n, arena, scale, running, O, &e) == 0, "%s", e.text);
}

START_TEST(factors_are_read_and_multiply)
{
	static const struct {
		const char *scale;
		float factor[O];
	} cases[] = {
		{"1", {1, 1, 1, 1}},
		{"-2.5", {-2.5f, -2.5f, -2.5f, -2.5f}},
		{"0.5,0.5,5,0.5", {0.5f, 0.5f, 5, 0.5f}},
		{"0,1e6,-1e6,1e-3", {0, 1e6f, -1e6f, 1e-3f}},
	};
	static const float obs[O] = {3.0f, -200.0f, 0.25f, 1e4f};
	for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
		bern_normalizer n;
		bern_arena arena;
		float x[O];
		make(&n, &arena, cases[c].scale, 0);
		for (int i = 0; i < 5; i++)
			bern_normalizer_observe(&n, obs); /* changes nothing unless running */
		bern_normalizer_apply(&n, x, obs);
		for (int i = 0; i < O; i++)
			ck_assert_float_eq(x[i], obs[i] * cases[c].factor[i]);
		bern_arena_finish(&arena);
	}
}
END_TEST

START_TEST(wrong_lists_of_factors_are_refused)
{
	static const char *const lists[] = {
		"",
		"x",
		"1,2",
		"1,2,3",
		"1,2,3,4,5",
		"1,2,3,",
		",1,2,3",
		"1,,2,3",
		"1,2,3,x",
		"nan",
		"inf",
		"1e400",
		"2e6",
		"-1e7",
		"1;2;3;4",
		"1 2 3 4",
		/* numbers of 64 characters and more, which must not be cut short */
		"0.50000000000000000000000000000000000000000000000000000000000000000000000000001",
		"0.50000000000000000000000000000000000000000000000000000000000000000000,x,2,3",
		"1,2,3,1.00000000000000000000000000000000000000000000000000000000000000000000x",
	};
	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
		bern_normalizer n;
		bern_arena arena = {0};
		bern_error e = {0};
		ck_assert_msg(bern_normalizer_init(&n, &arena, lists[i], 0, O, &e) == BERN_EUSAGE,
			      "\"%s\" was read", lists[i]);
		ck_assert_msg(strncmp(e.text, "observation_scale: ", 19) == 0, "%s", e.text);
		bern_arena_finish(&arena);
	}
}
END_TEST

/* Two passes in double over the observations so far; a float result and a factor. Numbers around 1000 with a deviation of 1 would
 * lose all digits to the textbook formula in float. */
START_TEST(the_running_mean_and_deviation_are_those_of_two_passes)
{
	enum { COUNT = 400 };
	static const double centre[O] = {0.0, 1000.0, -3.0, 0.0}, width[O] = {1, 1, 50, 1e-3};
	static const double factor[O] = {1.0, 0.5, 2.0, 1.0};
	bern_normalizer n;
	bern_arena arena;
	static float obs[COUNT][O];
	uint64_t random = 88172645463325252u;
	make(&n, &arena, "1,0.5,2,1", 1);
	for (int t = 0; t < COUNT; t++) {
		float x[O];
		for (int i = 0; i < O; i++)
			obs[t][i] = (float)(centre[i] + width[i] * (2.0 * draw(&random) - 1.0));
		bern_normalizer_observe(&n, obs[t]);
		bern_normalizer_apply(&n, x, obs[t]);
		for (int i = 0; i < O; i++) {
			double mean = 0.0, square = 0.0;
			for (int s = 0; s <= t; s++)
				mean += (double)obs[s][i] / (t + 1);
			for (int s = 0; s <= t; s++)
				square += pow((double)obs[s][i] - mean, 2) / (t + 1);
			double z = ((double)obs[t][i] - mean) / sqrt(square + 1e-8) * factor[i];
			/* 1e-9: double rounding of numbers of 1000 over a deviation of 1 or of the first,
			 * which is 1e-4 */
			ck_assert_msg(fabs((double)x[i] - z) <= 3e-7 * fabs(z) + 1e-8,
				      "number %d after %d: %.8f, two passes %.8f", i, t + 1,
				      (double)x[i], z);
		}
	}
	ck_assert_double_eq(*n.count, COUNT);
	bern_arena_finish(&arena);
}
END_TEST

START_TEST(outliers_are_cut_to_ten)
{
	bern_normalizer n;
	bern_arena arena;
	float x[O];
	make(&n, &arena, "1", 1);
	for (int t = 0; t < 100; t++)
		bern_normalizer_observe(&n,
					(float[]){t % 2 ? 1 : -1, 0, 3, t % 2 ? 1e30f : -1e30f});
	bern_normalizer_apply(&n, x, (float[]){1000, 1, 3, 1e30f});
	ck_assert_float_eq(x[0], 10.0f);
	ck_assert_float_eq(x[1], 10.0f); /* it never moved before */
	ck_assert_float_eq(x[2], 0.0f);
	ck_assert_double_le(fabs((double)x[3] - 1.0), 1e-6);
	bern_normalizer_apply(&n, x, (float[]){-1000, -1, 3, -3e38f});
	ck_assert_float_eq(x[0], -10.0f);
	ck_assert_float_eq(x[1], -10.0f);
	ck_assert_float_eq(x[3], -10.0f);
	bern_arena_finish(&arena);
}
END_TEST

START_TEST(a_normaliser_that_has_seen_little_gives_finite_numbers)
{
	bern_normalizer n;
	bern_arena arena;
	float x[O];
	static const float obs[O] = {0.0f, 1.0f, -1e30f, 3e38f};
	make(&n, &arena, "1", 1);
	for (int t = 0; t < 3; t++) {
		bern_normalizer_apply(&n, x, obs);
		for (int i = 0; i < O; i++)
			ck_assert(fabsf(x[i]) <= 10.0f);
		bern_normalizer_observe(&n, obs);
	}
	bern_normalizer_apply(&n, x, obs);
	for (int i = 0; i < O; i++)
		ck_assert_float_eq(x[i], 0.0f); /* the mean itself */
	bern_arena_finish(&arena);
}
END_TEST

START_TEST(only_a_running_normaliser_is_saved)
{
	for (int running = 0; running < 2; running++) {
		bern_normalizer n;
		bern_arena arena;
		bern_tensors list = {0};
		bern_error e;
		make(&n, &arena, "1", running);
		ck_assert_int_eq(bern_normalizer_tensors(&n, &list, &e), 0);
		ck_assert_uint_eq(list.count, running ? 3 : 0);
		bern_tensors_finish(&list);
		bern_arena_finish(&arena);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("normalizer");
	TCase *t = tcase_create("normalizer");
	tcase_add_test(t, factors_are_read_and_multiply);
	tcase_add_test(t, wrong_lists_of_factors_are_refused);
	tcase_add_test(t, the_running_mean_and_deviation_are_those_of_two_passes);
	tcase_add_test(t, outliers_are_cut_to_ten);
	tcase_add_test(t, a_normaliser_that_has_seen_little_gives_finite_numbers);
	tcase_add_test(t, only_a_running_normaliser_is_saved);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
