/* Experiments and contests: a training without a run folder gives the program's bits, figures are those of the definitions, and
 * neither depends on threads. */
#include "contest.h"

#include <check.h>
#include <math.h>
#include <string.h>

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
		contest_figure f = contest_figure_of(x, n);
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
	contest_figure f = contest_figure_of(x, 5);
	ck_assert_double_eq(f.median, 3);
	ck_assert(isnan(f.low) && isnan(f.high));
	ck_assert(isnan(contest_figure_of(x, 0).median));
}
END_TEST

START_TEST(seeds_that_never_got_there_count_as_later_than_all)
{
	double most[] = {INFINITY, 10, 30, 20, INFINITY, 40}, half[] = {1, 2, INFINITY, INFINITY};
	contest_figure f = contest_figure_of(most, 6);
	ck_assert_uint_eq(f.reached, 4);
	ck_assert_double_eq(f.median, 35);
	ck_assert(isinf(f.high));
	f = contest_figure_of(half, 4);
	ck_assert(isinf(f.median));
}
END_TEST

static void set_up(contest *c, size_t threads)
{
	static const char *const rates[] = {"0.0001", "0.03"};
	const char *const names[] = {"plain", "many"};
	const char *const firings[] = {"1", "16"};
	*c = (contest){.seeds = 3, .grid_seeds = 2, .threads = threads};
	for (size_t i = 0; i < 2; i++) {
		contest_entry *entry = contest_add(c, names[i]);
		ck_assert_ptr_nonnull(entry);
		entry->experiment.recipe = BERN_TEST_RECIPES "/CartPole-v1.yaml";
		experiment_set(&entry->experiment, "firings", firings[i]);
		experiment_set(&entry->experiment, "total_timesteps", "20000");
		experiment_set(&entry->experiment, "final_episodes", "0");
		entry->grid_key = "learning_rate";
		entry->grid[0] = rates[0];
		entry->grid[1] = rates[1];
		entry->grid_count = 2;
	}
}

START_TEST(threads_change_no_figure_and_the_grid_is_searched)
{
	contest one, two;
	bern_error e;
	set_up(&one, 1);
	set_up(&two, 3);
	ck_assert_msg(contest_run(&one, &e) == 0, "%s", e.text);
	ck_assert_msg(contest_run(&two, &e) == 0, "%s", e.text);
	for (size_t i = 0; i < 2; i++) {
		/* at a rate of 0.0001 nothing is learned in 20,000 steps */
		ck_assert_uint_eq(one.entries[i].chosen, 1);
		ck_assert_uint_eq(two.entries[i].chosen, 1);
		for (size_t s = 0; s < 3; s++) {
			const experiment_result *a = &one.entries[i].results[s];
			const experiment_result *b = &two.entries[i].results[s];
			ck_assert_uint_eq(a->first, b->first);
			ck_assert_uint_eq(a->third, b->third);
			ck_assert_uint_eq(a->steps, b->steps);
			ck_assert_mem_eq(&a->learning, &b->learning, sizeof a->learning);
			ck_assert(isnan(a->mean));
		}
	}
	contest_figure many = contest_figure_for(&one, &one.entries[1], CONTEST_FIRST);
	ck_assert_uint_eq(many.reached, 3);
	contest_ratio same = contest_ratio_of(&one, &one.entries[1], &one.entries[1],
					      CONTEST_FIRST);
	ck_assert_double_eq(same.ratio, 1.0);
	ck_assert(same.low <= 1.0 && same.high >= 1.0 && same.low < same.high);
	contest_finish(&one);
	contest_finish(&two);
}
END_TEST

START_TEST(what_cannot_be_trained_is_named)
{
	contest c = {.seeds = 1, .threads = 1};
	bern_error e;
	contest_entry *entry = contest_add(&c, "wide");
	entry->experiment.env = "CartPole-v1";
	experiment_set(&entry->experiment, "firings", "none");
	ck_assert_int_ne(contest_run(&c, &e), 0);
	ck_assert_msg(strstr(e.text, "wide, seed 1") && strstr(e.text, "firings"), "%s", e.text);
	contest_finish(&c);
}
END_TEST

START_TEST(learning_that_breaks_is_a_result)
{
	experiment x = {.env = "CartPole-v1"};
	experiment_result r;
	bern_error e;
	experiment_set(&x, "optimizer", "sgd");
	experiment_set(&x, "learning_rate", "1000");
	experiment_set(&x, "value_learning_rate", "1000");
	experiment_set(&x, "total_timesteps", "20000");
	ck_assert_msg(experiment_run(&x, 1, &r, &e) == 0, "%s", e.text);
	ck_assert_int_eq(r.broke, 1);
	ck_assert_uint_eq(r.first, 0);
	ck_assert(isnan(r.mean));
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("contest");
	TCase *t = tcase_create("contest");
	tcase_set_timeout(t, 120);
	tcase_add_test(t, the_interval_of_a_median_is_made_of_order_statistics);
	tcase_add_test(t, few_seeds_have_no_interval);
	tcase_add_test(t, seeds_that_never_got_there_count_as_later_than_all);
	tcase_add_test(t, threads_change_no_figure_and_the_grid_is_searched);
	tcase_add_test(t, what_cannot_be_trained_is_named);
	tcase_add_test(t, learning_that_breaks_is_a_result);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
