/* The recipes learn: each is trained as it lies in runs/recipes, with a few seeds, and what it leaves is played. The same seed gives
 * the same bits everywhere, so the claims hold or fail for good. bench_learning plays all seeds. */
#include "learning.h"

#include <check.h>

START_TEST(what_a_recipe_leaves_reaches_its_goal)
{
	const learning_row *row = &learning_rows[_i];
	learning_summary s;
	bern_error e;
	/* rows that take long are the benchmark's alone */
	if (row->test_seeds == 0)
		return;
	ck_assert_msg(learning_summarize(row, BERN_TEST_RECIPES, row->test_seeds, &s, &e) == 0,
		      "%s: %s", row->recipe, e.text);
	ck_assert_msg(s.passed == row->test_seeds, "%s %s %s: %zu of %zu reach %g, the worst %g",
		      row->recipe, row->options[0][0] ? row->options[0][0] : "",
		      row->options[0][1] ? row->options[0][1] : "", s.passed, row->test_seeds,
		      row->wanted, s.mean[0]);
	/* 1e-9: rounding of a sum of rewards, where all episodes return the same */
	ck_assert_msg(s.above <= 1e-9 * (1 + fabs(row->best)),
		      "%s: a mean is more than is possible, by 5 standard errors and %g",
		      row->recipe, s.above);
	if (row->first > 0) {
		ck_assert_msg(s.seen == row->test_seeds, "%s: %zu of %zu had a good look",
			      row->recipe, s.seen, row->test_seeds);
		ck_assert_msg(s.first <= row->first, "%s %s: first good look at %g steps (median)",
			      row->recipe, row->options[0][1] ? row->options[0][1] : "", s.first);
	}
	if (row->third > 0) {
		ck_assert_uint_eq(s.confirmed, row->test_seeds);
		ck_assert_msg(s.third <= row->third, "%s: first of three at %g steps (median)",
			      row->recipe, s.third);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("learning");
	TCase *t = tcase_create("recipes");
	tcase_set_timeout(t, 0);
	tcase_add_loop_test(t, what_a_recipe_leaves_reaches_its_goal, 0, LEARNING_ROWS);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
