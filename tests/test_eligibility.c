/* Eligibility traces: over an episode they add up to the batch estimate with the same decay, for the policy and for the value;
 * how a signal comes late, noisy or as a sign; what a resumed run needs; what is refused. */
#include "agent_trial.h"

#include <bern/builtin.h>
#include <eligibility.h>
#include <reinforce.h>

#include <check.h>
#include <math.h>
#include <stdlib.h>

static const bern_env *built_in(const char *id)
{
	const bern_plugin *plugin;
	for (size_t i = 0; (plugin = bern_builtin_plugin(i)); i++)
		for (uint32_t k = 0; k < plugin->count; k++)
			if (strcmp(plugin->envs[k]->id, id) == 0)
				return plugin->envs[k];
	ck_abort_msg("there is no environment %s", id);
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

/* ---- an episode is the sum of its steps ----------------------------------------------------------- */

static const char *const networks[][9] = {
	{"hidden", "7", "firings", "1", NULL},
	{"hidden", "7", "firings", "5", NULL},
	{"hidden", "6,5", "firings", "3", "head", "softmax", NULL},
	{"hidden", "6", "firings", "3", "keep_discount", "true", "baseline", "linear", NULL},
	{"hidden", "6,4", "units", "tanh", NULL},
};
#define NETWORKS (int)(sizeof networks / sizeof networks[0])

/* The same weights for both agents, so that the policy is no coin and V is not 0. */
static void spread(trial *t)
{
	for (size_t i = 0; i < t->all.count; i++) {
		const bern_tensor *tensor = &t->all.items[i];
		int weights = strstr(tensor->name, ".weight") || strstr(tensor->name, ".bias");
		if (!weights || tensor->type != BERN_T_F32)
			continue;
		float *w = tensor->data;
		for (size_t j = 0; j < bern_tensor_elements(tensor); j++)
			w[j] = (float)((double)((37 * i + 61 * j + 11) % 101) / 101.0 - 0.5);
	}
}

/* Both agents have the same streams and weights that stay put (rate 0), so they play the same episodes. Rounding: up to 40 steps of
 * numbers below 2, added in another order, and traces that were multiplied up to 40 times: 80 * 2 * 2^-24 times the
 * largest sum, 1e-5 of it and 1e-5. */
START_TEST(the_steps_of_an_episode_add_up_to_the_batch_estimate)
{
	static const char *const common[] = {"optimizer",
					     "sgd",
					     "momentum",
					     "0",
					     "learning_rate",
					     "0",
					     "value_learning_rate",
					     "0",
					     "advantage_scale",
					     "none",
					     "gamma",
					     "0.95",
					     "gae_lambda",
					     "0.8",
					     NULL};
	bern_agent_config batch = configured(common), steps;
	bern_error e;
	bern_reinforce_view view;
	trial a, b;
	double sum[2000], largest = 0.0;
	for (const char *const *o = networks[_i]; *o; o += 2)
		ck_assert_int_eq(bern_agent_config_set(&batch, o[0], o[1], &e), 0);
	steps = batch;
	batch.whole_episodes = 1;
	batch.num_steps = 40;
	steps.traces = 1;
	steps.num_steps = 1;
	trial_open(&a, built_in("CartPole-v1"), "40", &batch, 5);
	trial_open(&b, built_in("CartPole-v1"), "40", &steps, 5);
	spread(&a);
	spread(&b);
	for (int episode = 0; episode < 5; episode++) {
		trial_learn(&a, 1);
		bern_reinforce_look(a.agent, &view);
		size_t count = view.net->param_count, length = view.steps;
		const float *whole = view.gradient;
		ck_assert_uint_le(count, 2000);
		memset(sum, 0, sizeof sum);
		for (size_t t = 0; t < length; t++) {
			trial_learn(&b, 1);
			bern_reinforce_look(b.agent, &view);
			for (size_t i = 0; i < count; i++)
				sum[i] += (double)view.gradient[i];
		}
		ck_assert_uint_eq(a.lanes.steps, b.lanes.steps);
		for (size_t i = 0; i < count; i++)
			largest = fmax(largest, fabs((double)whole[i]));
		for (size_t i = 0; i < count; i++)
			ck_assert_msg(fabs(sum[i] - (double)whole[i]) <= 1e-5 * (1.0 + largest),
				      "parameter %zu: %g in steps, %g at once", i, sum[i],
				      (double)whole[i]);
	}
	ck_assert_double_ge(largest, 0.1);
	trial_close(&a);
	trial_close(&b);
}
END_TEST

/* ---- the module by itself ------------------------------------------------------------------------- */

typedef struct parts {
	bern_arena arena;
	bern_action_head head;
	bern_network net;
	bern_trace trace;
	bern_workspace work;
	bern_value_function value;
	bern_agent_config config;
	bern_eligibility traces;
	const bern_estimator *estimator;
	float gradient[64];
} parts;

static void parts_init(parts *p, int64_t delay)
{
	static const int32_t sizes[] = {2};
	const bern_space action = {.kind = BERN_DISCRETE, .count = 1, .sizes = sizes};
	const size_t units[] = {3};
	const int64_t kind[] = {BERN_UNITS_BINARY};
	bern_error e;
	bern_rng rng;
	memset(p, 0, sizeof *p);
	bern_agent_config_defaults(&p->config);
	p->config.value_hidden = 5;
	p->config.num_envs = 2;
	p->config.gamma = 0.9;
	p->config.gae_lambda = 0.7;
	p->config.signal_delay = delay;
	bern_rng_seed(&rng, 3);
	const bern_kernels *kernels = bern_kernels_usable()[0];
	bern_offer offer = {.kind = kind, .depth = 1, .firings = 2};
	ck_assert_int_eq(bern_head_init(&p->head, &p->arena, &action, 0, BERN_HEAD_AUTO, &e), 0);
	ck_assert_int_eq(
		bern_network_init(&p->net, &p->arena, &p->head, 2, units, kind, 1, 2, kernels, &e),
		0);
	ck_assert_int_eq(bern_trace_init(&p->trace, &p->arena, &p->net, 2, &e), 0);
	ck_assert_int_eq(bern_workspace_init(&p->work, &p->arena, &p->net, &e), 0);
	ck_assert_int_eq(bern_value_init(&p->value, &p->arena, &p->config, 2, kernels, &rng, &e),
			 0);
	ck_assert_int_eq(bern_estimator_find(&p->estimator, "firings", &offer, &e), 0);
	for (size_t i = 0; i < p->value.param_count; i++)
		p->value.params[i] = (float)bern_rng_range(&rng, -1.0, 1.0);
	ck_assert_uint_le(p->net.param_count, 64);
	ck_assert_int_eq(
		bern_eligibility_init(&p->traces, &p->arena, &p->config, &p->net, &p->value, 9, &e),
		0);
}

/* Sum over steps of error times trace = sum over steps of the errors to come, each decayed, times dV; the ends of episodes cut
 * both. 2 lanes, 30 steps. Float: 60 steps of numbers below 3: 60 * 3 * 2 * 6e-8 = 2e-5. */
START_TEST(the_value_learns_from_decayed_errors_to_come)
{
	enum { STEPS = 30 };
	parts p;
	bern_rng rng;
	float x[STEPS][2][2], error[STEPS][2], dv[64], advantage[2] = {0.0f, 0.0f};
	uint32_t flags[STEPS][2];
	double sum[64] = {0}, expected[64] = {0};
	parts_init(&p, 0);
	bern_rng_seed(&rng, 8);
	bern_signal signal = {.advantage = advantage, .scale = 0.5f};
	for (size_t t = 0; t < STEPS; t++) {
		for (size_t b = 0; b < 2; b++) {
			for (size_t o = 0; o < 2; o++)
				p.trace.x[b * 2 + o] = x[t][b][o] = (float)bern_rng_range(
					&rng, -1.0, 1.0);
			p.traces.error[b] = error[t][b] = (float)bern_rng_range(&rng, -1.0, 1.0);
			flags[t][b] = bern_rng_uniform(&rng) < 0.15 ? BERN_TERMINATED : 0;
		}
		bern_eligibility_step(&p.traces, p.estimator, &p.net, &p.trace, &p.value, &signal,
				      flags[t], &p.work, p.gradient);
		for (size_t i = 0; i < p.value.param_count; i++)
			sum[i] += (double)p.value.gradient[i];
	}
	for (size_t b = 0; b < 2; b++)
		for (size_t t = 0; t < STEPS; t++) {
			double ahead = 0.0, decay = 1.0;
			for (size_t k = t; k < STEPS; k++, decay *= 0.63) {
				ahead += decay * (double)error[k][b];
				if (flags[k][b])
					break;
			}
			bern_value_gradient(&p.value, x[t][b], dv);
			for (size_t i = 0; i < p.value.param_count; i++)
				expected[i] += 0.5 * ahead * (double)dv[i];
		}
	for (size_t i = 0; i < p.value.param_count; i++)
		ck_assert_double_le(fabs(sum[i] - expected[i]), 2e-5);
	bern_arena_finish(&p.arena);
}
END_TEST

START_TEST(a_late_signal_arrives_in_order_and_before_the_next_episode)
{
	parts p;
	parts_init(&p, 3);
	for (int round = 0; round < 2; round++) {
		for (int t = 1; t <= 5; t++) {
			ck_assert_double_eq(bern_eligibility_hear(&p.traces, 0, t, 0),
					    t > 3 ? t - 3 : 0);
			ck_assert_double_eq(bern_eligibility_hear(&p.traces, 1, 10 * t, 0),
					    t > 3 ? 10 * (t - 3) : 0);
		}
		/* 3 arrives now; 4, 5 and 6 while the traces decay by 0.63 a step */
		double heard = bern_eligibility_hear(&p.traces, 0, 6, 1);
		double exact = 3 + 4 * 0.63 + 5 * 0.63 * 0.63 + 6 * 0.63 * 0.63 * 0.63;
		ck_assert_double_le(fabs(heard - exact), 1e-12);
		bern_eligibility_hear(&p.traces, 1, 60, 1);
	}
	bern_arena_finish(&p.arena);
}
END_TEST

/* 20,000 draws: mean and deviation within five standard errors. */
START_TEST(signals_are_noisy_and_signs_as_told)
{
	enum { DRAWS = 20000 };
	parts p;
	double sum = 0.0, square = 0.0;
	parts_init(&p, 0);
	p.config.signal_noise = 2.0;
	for (int i = 0; i < DRAWS; i++) {
		double heard = bern_eligibility_hear(&p.traces, 0, 0.5, 0) - 0.5;
		sum += heard / DRAWS;
		square += heard * heard / DRAWS;
	}
	ck_assert_double_le(fabs(sum), 5.0 * 2.0 / sqrt(DRAWS));
	ck_assert_double_le(fabs(square - 4.0), 5.0 * 4.0 * sqrt(2.0 / DRAWS));
	p.config.signal_noise = 0.0;
	p.config.signal_sign = 1;
	ck_assert_double_eq(bern_eligibility_hear(&p.traces, 0, 0.3, 0), 1.0);
	ck_assert_double_eq(bern_eligibility_hear(&p.traces, 0, -7.0, 1), -1.0);
	ck_assert_double_eq(bern_eligibility_hear(&p.traces, 0, 0.0, 0), 0.0);
	bern_arena_finish(&p.arena);
}
END_TEST

/* ---- in the agent --------------------------------------------------------------------------------- */

static const char *const runs[][17] = {
	{"traces", "true", "num_steps", "1", "advantage_scale", "none", "hidden", "9", "firings",
	 "1", NULL},
	{"traces", "true", "num_steps", "1", "advantage_scale", "running", "hidden", "6,5",
	 "num_envs", "3", "signal_delay", "4", "signal_noise", "0.5", "keep_discount", "true",
	 NULL},
	{"traces", "true", "num_steps", "1", "advantage_scale", "none", "baseline", "none",
	 "signal_sign", "true", "entropy_coef", "0.01", NULL},
};

START_TEST(a_resumed_run_equals_an_unbroken_one)
{
	bern_agent_config config = configured(runs[_i]);
	trial_resumes(built_in("CartPole-v1"), "30", &config, 33, 21);
}
END_TEST

START_TEST(contradictions_are_refused)
{
#define TRACES "traces", "true", "num_steps", "1", "advantage_scale", "none"
	static const struct {
		const char *options[12];
		const char *says;
	} wrong[] = {
		{{"signal_delay", "2", NULL},
		 "signal_delay: it is about the signal that eligibility traces wait for; traces "
		 "must be true"},
		{{"signal_noise", "1", NULL}, "signal_noise: it is about"},
		{{"signal_sign", "true", NULL}, "signal_sign: it is about"},
		{{"traces", "true", "advantage_scale", "none", NULL},
		 "num_steps: with traces every step is an update; allowed: 1, and not 8"},
		{{"traces", "true", "num_steps", "1", NULL}, "advantage_scale: a batch of one"},
		{{"traces", "true", "num_steps", "1", "advantage_scale", "nvil", NULL},
		 "advantage_scale: nvil takes a mean off"},
		{{TRACES, "epochs", "2", NULL}, "epochs: with traces no step is kept"},
		{{TRACES, "whole_episodes", "true", NULL}, "whole_episodes: with traces"},
		{{TRACES, "baseline", "mean", NULL}, "baseline: traces wait for the error"},
	};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		bern_agent_config config = configured(wrong[i].options);
		trial_refused(built_in("CartPole-v1"), &config, wrong[i].says);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("eligibility");
	TCase *t = tcase_create("traces");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, the_steps_of_an_episode_add_up_to_the_batch_estimate, 0, NETWORKS);
	tcase_add_test(t, the_value_learns_from_decayed_errors_to_come);
	tcase_add_test(t, a_late_signal_arrives_in_order_and_before_the_next_episode);
	tcase_add_test(t, signals_are_noisy_and_signs_as_told);
	tcase_add_loop_test(t, a_resumed_run_equals_an_unbroken_one, 0, 3);
	tcase_add_test(t, contradictions_are_refused);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
