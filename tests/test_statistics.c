/* Aggregates, intervals, profiles and comparisons agree with numbers that numpy computed from the definitions (data/numpy-statistics.py). */
#include "statistics.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM 64

static const bootstrap plan = {BOOTSTRAP_SEED, BOOTSTRAP_RESAMPLES};
static const size_t runs_x[] = {10, 10, 10}, runs_y[] = {7, 7, 7};

/* The numbers of the line number `skip` of that name. Returns how many. */
static size_t numbers(const char *name, size_t skip, double out[ROOM])
{
	char line[2048];
	size_t count = 0, length = strlen(name);
	FILE *file = fopen(BERN_TEST_DATA "/numpy-statistics.txt", "r");
	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof line, file)) {
		if (strncmp(line, name, length) != 0 || line[length] != ' ' || skip-- > 0)
			continue;
		char *at = line + length, *end;
		for (double v = strtod(at, &end); end != at; v = strtod(at, &end)) {
			out[count++] = v;
			at = end;
		}
		break;
	}
	fclose(file);
	ck_assert_msg(count > 0, "there is no line %s", name);
	return count;
}

static score_set set_of(const char *name, const size_t *runs, double scores[ROOM])
{
	ck_assert_uint_eq(numbers(name, 0, scores), 3 * runs[0]);
	return (score_set){3, runs, scores};
}

/* value; low between; high between. 1e-12: float error of some dozens of additions of numbers around 1 */
static void agrees(const char *name, size_t skip, estimate got)
{
	double want[ROOM];
	ck_assert_uint_eq(numbers(name, skip, want), 5);
	ck_assert_msg(fabs(got.value - want[0]) <= 1e-12, "%s: %.17g, not %.17g", name, got.value,
		      want[0]);
	ck_assert_msg(got.low >= want[1] - 1e-12 && got.low <= want[2] + 1e-12,
		      "%s: low %.6f is not in %.6f to %.6f", name, got.low, want[1], want[2]);
	ck_assert_msg(got.high >= want[3] - 1e-12 && got.high <= want[4] + 1e-12,
		      "%s: high %.6f is not in %.6f to %.6f", name, got.high, want[3], want[4]);
}

START_TEST(aggregates_and_their_intervals_are_those_of_the_definitions)
{
	static const char *const names[STATISTICS] = {"iqm", "mean", "median", "task_median",
						      "gap"};
	double x[ROOM];
	estimate got[STATISTICS];
	bern_error e;
	score_set set = set_of("x", runs_x, x);
	ck_assert_int_eq(statistics_of(&set, 1.0, &plan, got, &e), 0);
	for (size_t s = 0; s < STATISTICS; s++)
		agrees(names[s], 0, got[s]);
	set.tasks = 1;
	ck_assert_int_eq(statistics_of(&set, 1.0, &plan, got, &e), 0);
	agrees("one_task_iqm", 0, got[STATISTIC_IQM]);
}
END_TEST

START_TEST(profiles_count_what_is_strictly_above)
{
	double x[ROOM], thresholds[ROOM];
	estimate got[ROOM];
	bern_error e;
	score_set set = set_of("x", runs_x, x);
	size_t count = numbers("thresholds", 0, thresholds);
	ck_assert_int_eq(statistics_profile(&set, thresholds, count, &plan, got, &e), 0);
	for (size_t i = 0; i < count; i++)
		agrees("profile", i, got[i]);
}
END_TEST

START_TEST(improvement_counts_pairs_and_half_of_the_ties)
{
	double x[ROOM], y[ROOM];
	estimate got, back;
	bern_error e;
	score_set xs = set_of("x", runs_x, x), ys = set_of("y", runs_y, y);
	ck_assert_int_eq(statistics_improvement(&xs, &ys, &plan, &got, &e), 0);
	agrees("improvement", 0, got);
	ck_assert_int_eq(statistics_improvement(&ys, &xs, &plan, &back, &e), 0);
	ck_assert_double_eq_tol(got.value + back.value, 1.0, 1e-12);
	/* against itself: half */
	ck_assert_int_eq(statistics_improvement(&xs, &xs, &plan, &got, &e), 0);
	ck_assert_double_eq_tol(got.value, 0.5, 1e-12);
	/* nothing but ties: half, without doubt */
	static const double same[] = {500, 500, 500};
	static const size_t three = 3, two = 2;
	score_set a = {1, &three, same}, b = {1, &two, same};
	ck_assert_int_eq(statistics_improvement(&a, &b, &plan, &got, &e), 0);
	ck_assert_double_eq(got.value, 0.5);
	ck_assert(got.low == 0.5 && got.high == 0.5);
}
END_TEST

START_TEST(the_same_seed_gives_the_same_bits_and_another_seed_others)
{
	double x[ROOM];
	estimate a[STATISTICS], b[STATISTICS], c[STATISTICS];
	bern_error e;
	score_set set = set_of("x", runs_x, x);
	bootstrap other = {BOOTSTRAP_SEED + 1, BOOTSTRAP_RESAMPLES};
	ck_assert_int_eq(statistics_of(&set, 1.0, &plan, a, &e), 0);
	ck_assert_int_eq(statistics_of(&set, 1.0, &plan, b, &e), 0);
	ck_assert_int_eq(statistics_of(&set, 1.0, &other, c, &e), 0);
	ck_assert_mem_eq(a, b, sizeof a);
	ck_assert(a[STATISTIC_IQM].low != c[STATISTIC_IQM].low);
	ck_assert_double_eq(a[STATISTIC_IQM].value, c[STATISTIC_IQM].value);
}
END_TEST

START_TEST(no_interval_is_made_of_a_single_run)
{
	static const double scores[] = {1, 2, 3};
	static const size_t one = 1, mixed[] = {2, 1};
	const double at = 0.5;
	estimate got[STATISTICS], above, better;
	bern_error e;
	score_set set = {1, &one, scores}, uneven = {2, mixed, scores};
	ck_assert_int_eq(statistics_of(&set, 1.0, &plan, got, &e), 0);
	ck_assert_double_eq(got[STATISTIC_IQM].value, 1);
	ck_assert(isnan(got[STATISTIC_IQM].low) && isnan(got[STATISTIC_IQM].high));
	ck_assert_int_eq(statistics_of(&uneven, 1.0, &plan, got, &e), 0);
	ck_assert_double_eq(got[STATISTIC_MEAN].value, 0.5 * (1.5 + 3));
	ck_assert(isnan(got[STATISTIC_MEAN].low));
	ck_assert_int_eq(statistics_profile(&set, &at, 1, &plan, &above, &e), 0);
	ck_assert(above.value == 1 && isnan(above.low));
	ck_assert_int_eq(statistics_improvement(&set, &set, &plan, &better, &e), 0);
	ck_assert(better.value == 0.5 && isnan(better.high));
	bootstrap none = {1, 0};
	static const size_t three = 3;
	set.runs = &three;
	ck_assert_int_eq(statistics_of(&set, 1.0, &none, got, &e), 0);
	ck_assert(got[STATISTIC_MEDIAN].value == 2 && isnan(got[STATISTIC_MEDIAN].low));
}
END_TEST

START_TEST(what_is_no_score_is_refused)
{
	static const double broken[] = {1, NAN, 3};
	static const size_t three = 3, none = 0;
	estimate got[STATISTICS];
	bern_error e;
	score_set set = {1, &three, broken}, empty = {1, &none, broken}, nothing = {0};
	ck_assert_int_ne(statistics_of(&set, 1.0, &plan, got, &e), 0);
	ck_assert_ptr_nonnull(strstr(e.text, "score 1 is"));
	ck_assert_int_ne(statistics_of(&empty, 1.0, &plan, got, &e), 0);
	ck_assert_ptr_nonnull(strstr(e.text, "no scores"));
	ck_assert_int_ne(statistics_of(&nothing, 1.0, &plan, got, &e), 0);
	ck_assert_int_ne(statistics_improvement(&set, &set, &plan, got, &e), 0);
	ck_assert_int_ne(statistics_improvement(&set, &nothing, &plan, got, &e), 0);
}
END_TEST

/* Quarters, medians and means of every small number of runs, against a plain sort. */
START_TEST(any_number_of_runs_has_its_middle)
{
	double scores[ROOM], sum = 0, inner = 0;
	const size_t n = (size_t)_i;
	estimate got[STATISTICS];
	bern_error e;
	for (size_t i = 0; i < n; i++) {
		/* 0, 1, 4, 9, ... in a mixed order: 7 has no common factor with n unless n = 7 k */
		size_t k = n % 7 ? 7 * i % n : n - 1 - i;
		scores[i] = (double)(k * k);
		sum += (double)(i * i);
	}
	for (size_t i = n / 4; i < n - n / 4; i++)
		inner += (double)(i * i) / (double)(n - 2 * (n / 4));
	const bootstrap none = {1, 0};
	score_set set = {1, &n, scores};
	ck_assert_int_eq(statistics_of(&set, 0.0, &none, got, &e), 0);
	double low = (double)((n - 1) / 2), high = (double)(n / 2);
	ck_assert_double_eq_tol(got[STATISTIC_MEDIAN].value, 0.5 * (low * low + high * high), 1e-9);
	ck_assert_double_eq_tol(got[STATISTIC_MEAN].value, sum / (double)n, 1e-9);
	ck_assert_double_eq_tol(got[STATISTIC_IQM].value, inner, 1e-9);
	ck_assert_double_eq_tol(got[STATISTIC_GAP].value, 0.0, 1e-9);
}
END_TEST

START_TEST(the_interval_of_a_median_is_made_of_order_statistics)
{
	/* n, rank from either end: the largest r with P(Bin(n, 1/2) < r) <= 2.5%, from tables of the sign test */
	static const size_t table[][2] = {{6, 1},  {8, 1},  {9, 2},  {10, 2}, {12, 3},
					  {15, 4}, {20, 6}, {25, 8}, {30, 10}};
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		double x[30];
		size_t n = table[i][0], r = table[i][1];
		for (size_t j = 0; j < n; j++)
			x[j] = (double)(n - j);
		censored f = statistics_censored(x, n, INFINITY);
		ck_assert_double_eq(f.low, (double)r);
		ck_assert_double_eq(f.high, (double)(n + 1 - r));
		ck_assert_double_eq(f.median, 0.5 * (double)(n + 1));
		ck_assert_uint_eq(f.reached, n);
	}
}
END_TEST

START_TEST(few_seeds_have_no_interval)
{
	double x[] = {1, 2, 3, 4, 5};
	censored f = statistics_censored(x, 5, INFINITY);
	ck_assert_double_eq(f.median, 3);
	ck_assert(isnan(f.low) && isnan(f.high));
	ck_assert(isnan(statistics_censored(x, 0, INFINITY).median));
}
END_TEST

START_TEST(seeds_that_never_got_there_count_as_later_than_all)
{
	double most[] = {INFINITY, 10, 30, 20, INFINITY, 40}, half[] = {1, 2, INFINITY, INFINITY};
	censored f = statistics_censored(most, 6, INFINITY);
	ck_assert_uint_eq(f.reached, 4);
	ck_assert_double_eq(f.median, 35);
	ck_assert(isinf(f.high));
	f = statistics_censored(half, 4, INFINITY);
	ck_assert(isinf(f.median));
}
END_TEST

START_TEST(what_a_run_that_ended_early_hides_is_not_known)
{
	/* one of six stopped at 25 steps without getting there: later ones may have been overtaken */
	double x[] = {10, 20, 30, 40, 50, INFINITY};
	censored f = statistics_censored(x, 6, 25);
	ck_assert_uint_eq(f.reached, 5);
	ck_assert(isnan(f.median));
	ck_assert_double_eq(f.low, 10);
	ck_assert(isinf(f.high));
	f = statistics_censored(x, 6, 35);
	ck_assert_double_eq(f.median, 35);
	/* nothing is censored: nothing is hidden */
	double all[] = {10, 20, 30};
	ck_assert_double_eq(statistics_censored(all, 3, 5).median, 20);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("statistics");
	TCase *t = tcase_create("statistics");
	tcase_set_timeout(t, 60);
	tcase_add_test(t, aggregates_and_their_intervals_are_those_of_the_definitions);
	tcase_add_test(t, profiles_count_what_is_strictly_above);
	tcase_add_test(t, improvement_counts_pairs_and_half_of_the_ties);
	tcase_add_test(t, the_same_seed_gives_the_same_bits_and_another_seed_others);
	tcase_add_test(t, no_interval_is_made_of_a_single_run);
	tcase_add_test(t, what_is_no_score_is_refused);
	tcase_add_loop_test(t, any_number_of_runs_has_its_middle, 1, 20);
	tcase_add_test(t, the_interval_of_a_median_is_made_of_order_statistics);
	tcase_add_test(t, few_seeds_have_no_interval);
	tcase_add_test(t, seeds_that_never_got_there_count_as_later_than_all);
	tcase_add_test(t, what_a_run_that_ended_early_hides_is_not_known);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
