/* Experiments and contests: a training without a run folder gives the program's bits, and no figure
 * depends on threads. */
#include "contest.h"

#include <check.h>
#include <math.h>
#include <string.h>

static void set_up(contest *c, size_t threads)
{
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
		entry->axes[0] = (contest_axis){"value_learning_rate", {"0.02"}, 1};
		entry->axes[1] = (contest_axis){"learning_rate", {"0.0001", "0.03"}, 2};
		entry->axes[2] = (contest_axis){"value_passes", {"4", "2", "3"}, 3};
		entry->axis_count = 3;
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
		ck_assert_uint_eq(one.entries[i].chosen[1], 1);
		ck_assert_mem_eq(one.entries[i].chosen, two.entries[i].chosen,
				 sizeof one.entries[i].chosen);
		ck_assert_double_eq(one.entries[i].badness, two.entries[i].badness);
		/* what was chosen is what was played: the same seeds with it give its figure again */
		contest again = {.seeds = 3, .threads = 1};
		contest_entry *entry = contest_add(&again, "again");
		entry->experiment = one.entries[i].experiment;
		for (size_t a = 0; a < 3; a++)
			experiment_set(&entry->experiment, one.entries[i].axes[a].key,
				       one.entries[i].axes[a].values[one.entries[i].chosen[a]]);
		ck_assert_msg(contest_run(&again, &e) == 0, "%s", e.text);
		for (size_t s = 0; s < 3; s++)
			ck_assert_uint_eq(again.entries[0].results[s].first,
					  one.entries[i].results[s].first);
		contest_finish(&again);
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
	contest_ratio same = contest_ratio_of(&one, &one.entries[1], &one.entries[1], CONTEST_FIRST,
					      0.0);
	ck_assert_double_eq(same.ratio, 1.0);
	ck_assert(same.low <= 1.0 && same.high >= 1.0 && same.low < same.high);
	/* counted from 1,000 steps on */
	contest_figure plain = contest_figure_for(&one, &one.entries[0], CONTEST_FIRST);
	contest_ratio above = contest_ratio_of(&one, &one.entries[0], &one.entries[1],
					       CONTEST_FIRST, 1000.0);
	ck_assert_double_eq(above.ratio, (plain.median - 1000.0) / (many.median - 1000.0));
	contest_finish(&one);
	contest_finish(&two);
}
END_TEST

/* Episodes of Catch are nine steps long, so the twentieth of one copy ends at step 180. */
START_TEST(steps_to_a_level_are_counted)
{
	static const double levels[] = {-1.0, 1.5, 0.0};
	uint64_t steps[3];
	for (size_t i = 0; i < 3; i++) {
		experiment x = {.env = "Catch-v0",
				.recipe = BERN_TEST_RECIPES "/Catch-v0.yaml",
				.has_level = 1,
				.level = levels[i]};
		experiment_result r;
		bern_error e;
		experiment_set(&x, "num_envs", "1");
		experiment_set(&x, "total_timesteps", "50000");
		experiment_set(&x, "final_episodes", "0");
		ck_assert_msg(experiment_run(&x, 1, &r, &e) == 0, "%s", e.text);
		steps[i] = r.level;
	}
	ck_assert_uint_eq(steps[0], 180);
	ck_assert_uint_eq(steps[1], 0); /* more than there is to have */
	/* 10 balls of 20; with every fifth caught at first, once in 400 such rows by chance */
	ck_assert_uint_gt(steps[2], 180);
	ck_assert_uint_eq(steps[2] % 9, 0);
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
	tcase_add_test(t, threads_change_no_figure_and_the_grid_is_searched);
	tcase_add_test(t, steps_to_a_level_are_counted);
	tcase_add_test(t, what_cannot_be_trained_is_named);
	tcase_add_test(t, learning_that_breaks_is_a_result);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
