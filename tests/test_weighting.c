/* The learned baseline's weights and NVIL's signal, as the agent uses them: read from a play and computed anew in double. */
#include "agent_trial.h"

#include <bern/builtin.h>
#include <reinforce.h>

#include <check.h>
#include <math.h>

static const bern_env *cartpole(void)
{
	const bern_plugin *plugin;
	for (size_t i = 0; (plugin = bern_builtin_plugin(i)); i++)
		for (uint32_t k = 0; k < plugin->count; k++)
			if (strcmp(plugin->envs[k]->id, "CartPole-v1") == 0)
				return plugin->envs[k];
	return NULL;
}

static bern_agent_config configured(const char *const *options)
{
	bern_agent_config config;
	bern_error e;
	bern_agent_config_defaults(&config);
	config.total_timesteps = 10000;
	for (; *options; options += 2)
		ck_assert_msg(bern_agent_config_set(&config, options[0], options[1], &e) == 0, "%s",
			      e.text);
	return config;
}

/* One firing, so that a row's score is (h - p) times what comes in, in every layer: the sum over units of (h - p)^2 (|x|^2 + 1), the
 * 1 for the bias. A linear V that is 0 everywhere moves by rate 1 along the weighted mean of target times input. */
START_TEST(rows_count_as_the_square_of_their_score)
{
	static const char *const options[] = {"hidden",
					      "5,4",
					      "firings",
					      "1",
					      "num_steps",
					      "6",
					      "num_envs",
					      "3",
					      "baseline",
					      "linear",
					      "optimizer",
					      "sgd",
					      "momentum",
					      "0",
					      "value_passes",
					      "1",
					      "value_learning_rate",
					      "1",
					      "value_weighting",
					      "score",
					      NULL};
	enum { ROWS = 18, INPUTS = 4 };
	bern_agent_config config = configured(options);
	bern_reinforce_view view;
	double weight[ROWS], total = 0.0, expected[INPUTS + 1] = {0}, least = INFINITY, most = 0.0;
	trial t;
	trial_open(&t, cartpole(), NULL, &config, 3);
	trial_learn(&t, 1);
	bern_reinforce_look(t.agent, &view);
	for (size_t r = 0; r < ROWS; r++) {
		double x[8];
		size_t inputs = INPUTS;
		weight[r] = 0.0;
		for (size_t i = 0; i < INPUTS; i++)
			x[i] = (double)view.trace->x[r * INPUTS + i];
		for (size_t l = 0; l <= 2; l++) {
			const uint8_t *h = l < 2 ? bern_trace_h(view.trace, view.net, l, r, 0)
						 : NULL;
			const float *p = l < 2 ? bern_trace_p(view.trace, view.net, l, r, 0)
					       : view.trace->pi + r;
			size_t units = view.net->layer[l].units;
			double length = 1.0;
			for (size_t i = 0; i < inputs; i++)
				length += x[i] * x[i];
			for (size_t j = 0; j < units; j++) {
				double fired = h ? (double)h[j] : (double)view.trace->action[r];
				double s = fired - (double)p[j];
				weight[r] += s * s * length;
				x[j] = fired;
			}
			inputs = units;
		}
		total += weight[r];
		least = fmin(least, weight[r]);
		most = fmax(most, weight[r]);
	}
	ck_assert_double_ge(most, 1.2 * least); /* or they would say nothing */
	for (size_t r = 0; r < ROWS; r++)
		for (size_t i = 0; i <= INPUTS; i++)
			expected[i] += weight[r] / total * (double)view.target[r] *
				       (i < INPUTS ? (double)view.trace->x[r * INPUTS + i] : 1.0);
	const float *w = trial_tensor(&t, "value.weight"), *bias = trial_tensor(&t, "value.bias");
	/* float: 18 rows of numbers below 10, relative 1e-6 each */
	for (size_t i = 0; i < INPUTS; i++)
		ck_assert_double_le(fabs((double)w[i] - expected[i]), 2e-5);
	ck_assert_double_le(fabs((double)bias[0] - expected[INPUTS]), 2e-5);
	trial_close(&t);
}
END_TEST

/* Targets of V = 0 are the advantages before the signal is made of them. */
START_TEST(nvil_subtracts_and_divides_by_what_was_before)
{
	static const char *const options[] = {"hidden",
					      "5",
					      "num_steps",
					      "20",
					      "baseline",
					      "none",
					      "value_learning_rate",
					      "0",
					      "learning_rate",
					      "0",
					      "advantage_scale",
					      "nvil",
					      NULL};
	bern_agent_config config = configured(options);
	bern_reinforce_view view;
	double mean = 0.0, variance = 0.0, largest = 0.0;
	trial t;
	trial_open(&t, cartpole(), NULL, &config, 3);
	for (int update = 1; update <= 150; update++) {
		double divisor = fmax(1.0, sqrt(variance)), now = 0.0, square = 0.0;
		double share = fmax(0.01, 1.0 / update);
		trial_learn(&t, 1);
		bern_reinforce_look(t.agent, &view);
		for (size_t r = 0; r < 20; r++) {
			double raw = (double)view.target[r];
			ck_assert_double_le(
				fabs((double)view.advantage[r] - (raw - mean) / divisor), 1e-5);
			now += raw / 20;
			square += (raw - mean) * (raw - mean) / 20;
		}
		mean += share * (now - mean);
		variance += share * (square - variance);
		largest = fmax(largest, divisor);
	}
	ck_assert_double_ge(largest, 1.5);
	trial_close(&t);
}
END_TEST

START_TEST(a_resumed_run_equals_an_unbroken_one)
{
	static const char *const options[] = {"value_weighting",
					      "score",
					      "advantage_scale",
					      "nvil",
					      "epochs",
					      "2",
					      "hidden",
					      "6",
					      NULL};
	bern_agent_config config = configured(options);
	trial_resumes(cartpole(), "30", &config, 13, 9);
}
END_TEST

START_TEST(a_score_that_is_not_there_is_refused)
{
	static const char *const options[] = {
		"value_weighting", "score", "traces", "true", "num_steps", "1",
		"advantage_scale", "none",  NULL};
	bern_agent_config config = configured(options);
	trial_refused(cartpole(), &config,
		      "value_weighting: learning by traces leaves no score of a step by itself; "
		      "allowed with it: none");
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("weighting");
	TCase *t = tcase_create("baseline");
	tcase_set_timeout(t, 60);
	tcase_add_test(t, rows_count_as_the_square_of_their_score);
	tcase_add_test(t, nvil_subtracts_and_divides_by_what_was_before);
	tcase_add_test(t, a_resumed_run_equals_an_unbroken_one);
	tcase_add_test(t, a_score_that_is_not_there_is_refused);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
