/* The bandits: what is drawn, paid, drifting and measured follows the distributions that the files promise. */
#include "env_run.h"

#include <stdbool.h>
#include <stdio.h>

/* Adds a draw's first, second and fourth power around a mean. */
static void add_moments(sample moment[3], double x)
{
	sample_add(&moment[0], x);
	sample_add(&moment[1], x * x);
	sample_add(&moment[2], x * x * x * x);
}

START_TEST(values_of_the_testbed_are_normal)
{
	static const char *const mean[] = {"0", "4"}, *const spread[] = {"1", "0.5"};
	const bern_setting settings[] = {{"mean", mean[_i]}, {"spread", spread[_i]}};
	env_run run;
	env_open(&run, "GaussianBandit-v0", settings, 2);
	ck_assert_int_eq(run.world.instance.action.sizes[0], 10);
	env_seed(&run, 1);
	const double *value = env_field(&run, "value");
	sample moment[3] = {0}, product = {0};
	for (int i = 0; i < 20000; i++) {
		env_reset(&run);
		for (int a = 0; a < 10; a++)
			add_moments(moment,
				    (value[a] - strtod(mean[_i], NULL)) / strtod(spread[_i], NULL));
		/* arms are independent */
		sample_add(&product, (value[0] - strtod(mean[_i], NULL)) *
					     (value[1] - strtod(mean[_i], NULL)));
		for (int a = 10; a < 64; a++)
			ck_assert_double_eq(value[a], 0);
	}
	ck_assert_mean(moment[0], 0, 0, "value");
	ck_assert_mean(moment[1], 1, 0, "square of the value");
	ck_assert_mean(moment[2], 3, 0, "fourth power of the value");
	ck_assert_mean(product, 0, 0, "product of two arms");
	env_close(&run);
}
END_TEST

START_TEST(rewards_are_normal_around_their_arms_value)
{
	const bern_setting noise = {"noise", _i ? "0.25" : "1"};
	const double sd = _i ? 0.25 : 1;
	env_run run;
	env_open(&run, "GaussianBandit-v0", &noise, 1);
	env_seed(&run, 2);
	env_reset(&run);
	const double *value = env_field(&run, "value");
	double before[10];
	memcpy(before, value, sizeof before);
	sample moment[3] = {0};
	for (int32_t a = 0; a < 10; a++) {
		sample arm = {0};
		for (int i = 0; i < 10000; i++) {
			ck_assert_uint_eq(env_step(&run, a), 0);
			sample_add(&arm, (run.reward - before[a]) / sd);
			add_moments(moment, (run.reward - before[a]) / sd);
		}
		ck_assert_mean(arm, 0, 0, "reward - value of an arm");
	}
	ck_assert_mean(moment[0], 0, 0, "reward - value");
	ck_assert_mean(moment[1], 1, 0, "square of reward - value");
	ck_assert_mean(moment[2], 3, 0, "fourth power of reward - value");
	/* stationary: pulls change no value */
	ck_assert_mem_eq(before, value, sizeof before);
	env_close(&run);
}
END_TEST

START_TEST(drifting_values_take_a_random_walk)
{
	const bern_setting settings[] = {{"drift", "0.01"}, {"spread", "0"}, {"mean", "2"}};
	env_run run;
	env_open(&run, "GaussianBandit-v0", settings, 3);
	env_seed(&run, 3);
	const double *value = env_field(&run, "value");
	sample moment[3] = {0}, memory = {0};
	const int pulls = 25;
	for (int i = 0; i < 4000; i++) {
		env_reset(&run);
		for (int a = 0; a < 10; a++)
			ck_assert_double_eq(value[a], 2);
		double half = 0;
		for (int t = 0; t < pulls; t++) {
			if (t == 12)
				half = value[3] - 2;
			env_step(&run, t % 3);
		}
		/* a walk of n steps has variance n * 0.01^2, for arms pulled and not */
		for (int a = 0; a < 10; a++)
			add_moments(moment, (value[a] - 2) / (0.01 * sqrt(pulls)));
		/* and its increments forget */
		sample_add(&memory, half * (value[3] - 2 - half) * 1e4);
	}
	ck_assert_mean(moment[0], 0, 0, "drift");
	ck_assert_mean(moment[1], 1, 0, "square of the drift");
	ck_assert_mean(moment[2], 3, 0, "fourth power of the drift");
	ck_assert_mean(memory, 0, 0, "product of two parts of the walk");
	env_close(&run);
}
END_TEST

START_TEST(rewards_of_a_bernoulli_arm_come_with_its_probability)
{
	const bern_setting settings[] = {{"low", "0.2"}, {"high", "0.6"}, {"arms", "4"}};
	env_run run;
	env_open(&run, "BernoulliBandit-v0", settings, 3);
	env_seed(&run, 4);
	const double *value = env_field(&run, "value");
	sample mean = {0}, square = {0}, paid = {0};
	for (int i = 0; i < 5000; i++) {
		env_reset(&run);
		for (int a = 0; a < 4; a++) {
			ck_assert(value[a] >= 0.2 && value[a] <= 0.6);
			sample_add(&mean, value[a]);
			sample_add(&square, (value[a] - 0.4) * (value[a] - 0.4));
			env_step(&run, a);
			ck_assert(run.reward == 0 || run.reward == 1);
			/* standardised, so that each arm must pay with its own probability, not with a common one */
			sample_add(&paid, (run.reward - value[a]) * (value[a] - 0.4));
		}
	}
	ck_assert_mean(mean, 0.4, 0, "probability");
	ck_assert_mean(square, 0.4 * 0.4 / 12, 0, "variance of the probability");
	ck_assert_mean(paid, 0, 0, "reward - probability, times the probability");

	env_reset(&run);
	for (int32_t a = 0; a < 4; a++) {
		sample pay = {0};
		for (int i = 0; i < 20000; i++) {
			env_step(&run, a);
			sample_add(&pay, run.reward);
		}
		ck_assert_mean(pay, value[a], 0, "pay of an arm");
	}
	env_close(&run);
}
END_TEST

/* A reflected walk stays inside, and its long-run distribution is uniform, as the walk itself is symmetric. */
START_TEST(drifting_probabilities_are_reflected)
{
	static const char *const low[] = {"0", "0.3", "0", "0.5"}, *const high[] = {"1", "0.4",
										    "1e-300",
										    "0.5"};
	/* steps as large as a third of the interval, and far larger than it */
	static const char *const drift[] = {"0.3", "0.7", "1000", "0.1"};
	const double from = strtod(low[_i], NULL), to = strtod(high[_i], NULL);
	const bern_setting settings[] = {
		{"low", low[_i]}, {"high", high[_i]}, {"drift", drift[_i]}, {"arms", "1"}};
	env_run run;
	env_open(&run, "BernoulliBandit-v0", settings, 4);
	env_seed(&run, 5);
	const double *value = env_field(&run, "value");
	sample mean = {0}, square = {0};
	for (int i = 0; i < 20000; i++) {
		env_reset(&run);
		for (int t = 0; t < 5; t++) {
			env_step(&run, 0);
			ck_assert_msg(*value >= from && *value <= to, "%.17g is outside [%s, %s]",
				      *value, low[_i], high[_i]);
		}
		if (_i < 2) {
			double x = (*value - from) / (to - from);
			sample_add(&mean, x);
			sample_add(&square, x * x);
		}
	}
	if (_i < 2) {
		ck_assert_mean(mean, 0.5, 0, "place in the interval");
		ck_assert_mean(square, 1.0 / 3, 0, "square of the place in the interval");
	}
	env_close(&run);
}
END_TEST

/* One small step from a known value: reflected at the ends it has the density of a folded normal. */
START_TEST(a_small_step_is_folded_at_the_end)
{
	const bern_setting settings[] = {{"drift", "0.1"}, {"arms", "1"}};
	env_run run;
	env_open(&run, "BernoulliBandit-v0", settings, 2);
	env_seed(&run, 6);
	env_reset(&run);
	double *value = env_field(&run, "value");
	sample low = {0}, high = {0}, middle = {0};
	for (int i = 0; i < 50000; i++) {
		*value = 0;
		env_step(&run, 0);
		sample_add(&low, *value);
		*value = 1;
		env_step(&run, 0);
		sample_add(&high, 1 - *value);
		*value = 0.5;
		env_step(&run, 0);
		sample_add(&middle, (*value - 0.5) * (*value - 0.5));
	}
	/* mean of |N(0, 0.1^2)| */
	ck_assert_mean(low, 0.1 * sqrt(2 / acos(-1)), 0, "step from 0");
	ck_assert_mean(high, 0.1 * sqrt(2 / acos(-1)), 0, "step from 1");
	/* from the middle nothing is folded within 4 deviations; 5 standard errors are 3e-4 of 0.01, what is folded 1e-6 */
	ck_assert_mean(middle, 0.01, 1e-6, "square of a step from the middle");
	env_close(&run);
}
END_TEST

static const char *const bandits[] = {"GaussianBandit-v0", "BernoulliBandit-v0"};

START_TEST(a_numbered_problem_is_always_the_same)
{
	double first[10], second[10];
	for (int number = 0; number < 2; number++) {
		const bern_setting problem = {"problem", number ? "8" : "7"};
		double *kept = number ? second : first;
		for (int again = 0; again < 2; again++) {
			env_run run;
			env_open(&run, bandits[_i], &problem, 1);
			const double *value = env_field(&run, "value");
			env_seed(&run, (uint64_t)again);
			for (int episode = 0; episode < 3; episode++) {
				env_reset(&run);
				if (!again && !episode)
					memcpy(kept, value, sizeof first);
				ck_assert_mem_eq(kept, value, sizeof first);
			}
			env_close(&run);
		}
	}
	for (int a = 0; a < 10; a++)
		ck_assert_double_ne(first[a], second[a]);
}
END_TEST

START_TEST(numbered_problems_are_drawn_like_others)
{
	sample moment[3] = {0};
	for (int number = 0; number < 300; number++) {
		char text[16];
		snprintf(text, sizeof text, "%d", number);
		const bern_setting problem = {"problem", text};
		env_run run;
		env_open(&run, "GaussianBandit-v0", &problem, 1);
		const double *value = env_field(&run, "value");
		env_reset(&run);
		for (int a = 0; a < 10; a++)
			add_moments(moment, value[a]);
		env_close(&run);
	}
	ck_assert_mean(moment[0], 0, 0, "value");
	ck_assert_mean(moment[1], 1, 0, "square of the value");
}
END_TEST

START_TEST(without_a_number_every_episode_is_a_new_problem)
{
	env_run run;
	env_open(&run, bandits[_i], NULL, 0);
	const double *value = env_field(&run, "value");
	env_seed(&run, 1);
	double last = NAN;
	for (int i = 0; i < 100; i++) {
		env_reset(&run);
		ck_assert_double_ne(value[0], last);
		last = value[0];
	}
	env_close(&run);
}
END_TEST

START_TEST(optimal_and_regret_are_measured_before_the_drift)
{
	const bern_setting settings[] = {{"drift", "0.2"}, {"arms", "5"}};
	env_run run;
	env_open(&run, bandits[_i], settings, 2);
	ck_assert_str_eq(run.world.env->metrics[0], "optimal");
	ck_assert_str_eq(run.world.env->metrics[1], "regret");
	const double *value = env_field(&run, "value");
	env_seed(&run, 8);
	env_reset(&run);
	int hits = 0;
	for (int32_t t = 0; t < 1000; t++) {
		double best = -HUGE_VAL, metric[2], before = value[t % 5];
		for (int a = 0; a < 5; a++)
			best = fmax(best, value[a]);
		env_step(&run, t % 5);
		run.world.env->read_metrics(run.world.instance.model, run.state, metric);
		ck_assert_double_eq(metric[0], before == best);
		ck_assert_double_eq(metric[1], best - before);
		hits += before == best;
	}
	/* one arm of five is the best: 200 of 1000, deviation at most about 13 for each independent pull */
	ck_assert_int_gt(hits, 100);
	ck_assert_int_lt(hits, 300);
	env_close(&run);
}
END_TEST

START_TEST(episodes_last_as_many_pulls_as_asked_and_never_terminate)
{
	static const char *const ids[] = {"GaussianBandit-v0", "BernoulliBandit-v0",
					  "ContextualBandit-v0"};
	const bern_setting settings[] = {{"steps", "37"}, {"arms", "1"}};
	env_run run;
	env_open(&run, ids[_i], settings, 2);
	ck_assert_uint_eq(run.world.instance.max_steps, 37);
	ck_assert_int_eq(run.world.instance.action.sizes[0], 1);
	env_seed(&run, 0);
	env_reset(&run);
	for (int t = 0; t < 2000; t++)
		ck_assert_uint_eq(env_step(&run, 0), 0);
	env_close(&run);
}
END_TEST

START_TEST(low_above_high_is_refused)
{
	const bern_setting settings[] = {{"low", "0.7"}, {"high", "0.6"}};
	env_run run;
	bern_error e;
	ck_assert_int_ne(env_try(&run, "BernoulliBandit-v0", settings, 2, &e), 0);
	ck_assert_msg(strstr(e.text, "0.7") && strstr(e.text, "0.6"), "%s", e.text);
}
END_TEST

/* ---- contextual ----------------------------------------------------------------------------------- */

START_TEST(contexts_are_uniform_and_independent_of_the_arm)
{
	env_run run;
	env_open(&run, "ContextualBandit-v0", NULL, 0);
	ck_assert_int_eq(run.world.instance.observation.sizes[0], 8);
	env_seed(&run, 1);
	env_reset(&run);
	double seen[8][8] = {{0}}, square = 0;
	int32_t last = env_index(&run);
	for (int i = 0; i < 64 * 400; i++) {
		env_step(&run, last % 4);
		int32_t now = env_index(&run);
		seen[last][now]++;
		last = now;
	}
	/* pairs of successive contexts: chi-square with 63 degrees, mean 63, deviation sqrt(126) */
	for (int a = 0; a < 8; a++)
		for (int b = 0; b < 8; b++)
			square += (seen[a][b] - 400) * (seen[a][b] - 400) / 400;
	ck_assert_double_le(fabs(square - 63), 5 * sqrt(126));

	/* the first context of an episode: 7 degrees, mean 7, deviation sqrt(14) */
	double first[8] = {0};
	for (int i = 0; i < 8 * 400; i++) {
		env_reset(&run);
		first[env_index(&run)]++;
	}
	square = 0;
	for (int a = 0; a < 8; a++)
		square += (first[a] - 400) * (first[a] - 400) / 400;
	ck_assert_double_le(square, 7 + 5 * sqrt(14));
	env_close(&run);
}
END_TEST

/* What an arm pays on average plus what it misses is the same for all arms of a context: its best value; and returns of random
 * and of best choices are those of the table. */
START_TEST(pay_and_regret_add_up_to_the_best_of_a_context)
{
	const bern_setting kind = {"rewards", _i ? "gaussian" : "bernoulli"};
	env_run run;
	env_open(&run, "ContextualBandit-v0", &kind, 1);
	env_seed(&run, 2);
	env_reset(&run);
	sample pay[8][4] = {{{0}}};
	double regret[8][4], best[8] = {0}, mean = 0, top = 0;
	for (int i = 0; i < 8 * 4 * 3000; i++) {
		int32_t context = env_index(&run), arm = i % 4;
		double metric[2];
		env_step(&run, arm);
		sample_add(&pay[context][arm], run.reward);
		run.world.env->read_metrics(run.world.instance.model, run.state, metric);
		if (pay[context][arm].count > 1)
			ck_assert_double_eq(regret[context][arm], metric[1]);
		regret[context][arm] = metric[1];
		ck_assert_double_eq(metric[0], metric[1] == 0);
	}
	for (int c = 0; c < 8; c++) {
		int none = 0;
		for (int a = 0; a < 4; a++)
			if (regret[c][a] == 0) {
				best[c] = sample_mean(&pay[c][a]);
				none++;
			}
		ck_assert_int_eq(none, 1);
		for (int a = 0; a < 4; a++) {
			/* the best arm's own mean has an error too: at most sd / sqrt(2500) */
			double error = _i ? 1 / 50.0 : 0.5 / 50;
			ck_assert_mean(pay[c][a], best[c] - regret[c][a], 5 * error,
				       "pay of an arm in a context");
			mean += sample_mean(&pay[c][a]) / 32;
		}
		top += best[c] / 8;
	}
	if (_i == 0) {
		/* 96,000 rewards of 0 and 1: standard error at most 0.5 / sqrt(96000), of a hundred steps 0.16; of the best arms 0.33 */
		ck_assert_double_eq_tol(run.world.env->random_return, 100 * mean, 5 * 0.17);
		ck_assert_double_lt(run.world.env->solved_return, 100 * top - 5 * 0.33);
	}
	env_close(&run);
}
END_TEST

START_TEST(contextual_problems_are_fixed_or_new_as_asked)
{
	/* a deterministic reward shows the value itself */
	for (int fresh = 0; fresh < 2; fresh++) {
		const bern_setting settings[] = {{"rewards", "gaussian"},
						 {"noise", "0"},
						 {"problem", fresh ? "-1" : "3"},
						 {"contexts", "5"},
						 {"arms", "3"}};
		env_run run;
		env_open(&run, "ContextualBandit-v0", settings, 5);
		double value[2][5][3];
		sample moment[3] = {0};
		for (int episode = 0; episode < 2; episode++) {
			bool known[5][3] = {{false}};
			env_seed(&run, (uint64_t)episode);
			env_reset(&run);
			for (int t = 0; t < 500; t++) {
				int32_t c = env_index(&run), a = t % 3;
				env_step(&run, a);
				if (known[c][a])
					ck_assert_double_eq(value[episode][c][a], run.reward);
				value[episode][c][a] = run.reward;
				known[c][a] = true;
			}
		}
		for (int c = 0; c < 5; c++)
			for (int a = 0; a < 3; a++)
				ck_assert((value[0][c][a] == value[1][c][a]) == !fresh);
		/* new problems are drawn from N(0, 1) */
		for (int i = 0; fresh && i < 5000; i++) {
			env_reset(&run);
			env_step(&run, i % 3);
			add_moments(moment, run.reward);
		}
		if (fresh) {
			ck_assert_mean(moment[0], 0, 0, "value");
			ck_assert_mean(moment[1], 1, 0, "square of the value");
			ck_assert_mean(moment[2], 3, 0, "fourth power of the value");
		}
		env_close(&run);
	}
}
END_TEST

START_TEST(the_largest_contextual_bandit_runs)
{
	const bern_setting settings[] = {
		{"contexts", "1024"}, {"arms", "64"}, {"problem", _i ? "-1" : "0"}};
	env_run run;
	env_open(&run, "ContextualBandit-v0", settings, 3);
	env_seed(&run, 0);
	for (int episode = 0; episode < 3; episode++) {
		env_reset(&run);
		for (int t = 0; t < 2000; t++) {
			env_step(&run, t % 64);
			ck_assert(env_index(&run) >= 0 && env_index(&run) < 1024);
			ck_assert(run.reward == 0 || run.reward == 1);
		}
	}
	env_close(&run);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("bandit worlds");
	TCase *t = tcase_create("arms");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, values_of_the_testbed_are_normal, 0, 2);
	tcase_add_loop_test(t, rewards_are_normal_around_their_arms_value, 0, 2);
	tcase_add_test(t, drifting_values_take_a_random_walk);
	tcase_add_test(t, rewards_of_a_bernoulli_arm_come_with_its_probability);
	tcase_add_loop_test(t, drifting_probabilities_are_reflected, 0, 4);
	tcase_add_test(t, a_small_step_is_folded_at_the_end);
	tcase_add_loop_test(t, a_numbered_problem_is_always_the_same, 0, 2);
	tcase_add_test(t, numbered_problems_are_drawn_like_others);
	tcase_add_loop_test(t, without_a_number_every_episode_is_a_new_problem, 0, 2);
	tcase_add_loop_test(t, optimal_and_regret_are_measured_before_the_drift, 0, 2);
	tcase_add_loop_test(t, episodes_last_as_many_pulls_as_asked_and_never_terminate, 0, 3);
	tcase_add_test(t, low_above_high_is_refused);
	suite_add_tcase(s, t);

	t = tcase_create("contexts");
	tcase_set_timeout(t, 60);
	tcase_add_test(t, contexts_are_uniform_and_independent_of_the_arm);
	tcase_add_loop_test(t, pay_and_regret_add_up_to_the_best_of_a_context, 0, 2);
	tcase_add_test(t, contextual_problems_are_fixed_or_new_as_asked);
	tcase_add_loop_test(t, the_largest_contextual_bandit_runs, 0, 2);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
