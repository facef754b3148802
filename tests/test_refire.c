/* Learning again from remembered steps: what is remembered and forgotten, credit from today's values and importance ratios
 * against sums written out, the probability of an action under a mixture, and what a resumed run needs. That firing afresh is
 * unbiased: test_estimators.c. */
#include "agent_trial.h"

#include <bern/builtin.h>
#include <gae.h>
#include <refire.h>
#include <reinforce.h>

#include <check.h>
#include <math.h>
#include <stdlib.h>

/* Numbers of the test's own: xorshift64. */
static double draw(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return (double)(*x >> 11) / 9007199254740992.0;
}

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

/* A network and a baseline for O = 2 inputs, one softmax of three actions. */
typedef struct parts {
	bern_arena arena;
	bern_action_head head;
	bern_network net;
	bern_value_function value;
	bern_agent_config config;
} parts;

static void parts_init(parts *p)
{
	static const int32_t sizes[] = {3};
	const bern_space action = {.kind = BERN_DISCRETE, .count = 1, .sizes = sizes};
	const size_t units[] = {4};
	const int64_t kind[] = {BERN_UNITS_BINARY};
	bern_error e;
	bern_rng rng;
	memset(p, 0, sizeof *p);
	bern_agent_config_defaults(&p->config);
	p->config.value_hidden = 5;
	bern_rng_seed(&rng, 3);
	ck_assert_int_eq(bern_head_init(&p->head, &p->arena, &action, 1, BERN_HEAD_AUTO, &e), 0);
	ck_assert_int_eq(bern_network_init(&p->net, &p->arena, &p->head, 2, units, kind, 1, 2,
					   bern_kernels_usable()[0], &e),
			 0);
	ck_assert_int_eq(bern_value_init(&p->value, &p->arena, &p->config, 2,
					 bern_kernels_usable()[0], &rng, &e),
			 0);
	for (size_t i = 0; i < p->value.param_count; i++)
		p->value.params[i] = (float)bern_rng_range(&rng, -1.0, 1.0);
}

/* ---- what is remembered --------------------------------------------------------------------------- */

/* Every number of step s in lane b tells s and b. */
static void fill(bern_replay *replay, size_t at, size_t s, size_t steps)
{
	size_t B = replay->lanes;
	for (size_t i = 0; i < steps * B; i++) {
		size_t row = at + i, id = (s + i / B) * 10 + i % B;
		for (size_t o = 0; o < 2; o++) {
			replay->x[row * 2 + o] = (float)(10 * id + o);
			replay->end_x[row * 2 + o] = (float)(10 * id + o) + 0.5f;
		}
		for (size_t n = 0; n < 3; n++)
			replay->mask[row * 3 + n] = (uint8_t)(id + n);
		replay->action[row] = (int32_t)id;
		replay->log_mu[row] = -(double)id;
		replay->reward[row] = (float)id + 0.25f;
		replay->flags[row] = (uint32_t)id;
		replay->weight[row] = (float)id + 0.75f;
		replay->ratio[row] = (float)id + 0.125f;
	}
}

static void expect(const bern_replay *replay, size_t row, size_t id)
{
	for (size_t o = 0; o < 2; o++) {
		ck_assert_float_eq(replay->x[row * 2 + o], (float)(10 * id + o));
		ck_assert_float_eq(replay->end_x[row * 2 + o], (float)(10 * id + o) + 0.5f);
	}
	for (size_t n = 0; n < 3; n++)
		ck_assert_uint_eq(replay->mask[row * 3 + n], (uint8_t)(id + n));
	ck_assert_int_eq(replay->action[row], (int32_t)id);
	ck_assert_double_eq(replay->log_mu[row], -(double)id);
	ck_assert_float_eq(replay->reward[row], (float)id + 0.25f);
	ck_assert_uint_eq(replay->flags[row], (uint32_t)id);
	ck_assert_float_eq(replay->weight[row], (float)id + 0.75f);
	ck_assert_float_eq(replay->ratio[row], (float)id + 0.125f);
}

START_TEST(the_newest_steps_are_kept_in_their_order)
{
	static const size_t rollouts[] = {3, 3, 2, 3, 7, 1, 3};
	parts p;
	bern_replay replay;
	bern_error e;
	size_t made = 0;
	parts_init(&p);
	ck_assert_int_eq(bern_replay_init(&replay, &p.arena, &p.net, 2, 7, 1, &e), 0);
	for (size_t i = 0; i < sizeof rollouts / sizeof rollouts[0]; i++) {
		size_t at = bern_replay_append(&replay, rollouts[i]);
		fill(&replay, at, made, rollouts[i]);
		made += rollouts[i];
		size_t filled = made < 7 ? made : 7;
		ck_assert_uint_eq(*replay.filled, filled);
		for (size_t row = 0; row < filled * 2; row++)
			expect(&replay, row, (made - filled + row / 2) * 10 + row % 2);
	}
	bern_arena_finish(&p.arena);
}
END_TEST

/* 4 steps in each of 3 lanes are new; of the older 20 x 3, 2.5 times as many are drawn in each pass. Over 400 passes each older
 * row is expected 400 * 30 / 60 = 200 times, with a deviation of 14; five of them, for 60 rows. */
START_TEST(a_pass_has_every_new_step_once_and_older_ones_at_random)
{
	parts p;
	bern_refire refire;
	bern_error e;
	size_t times[24 * 3] = {0};
	parts_init(&p);
	p.config.num_envs = 3;
	p.config.num_steps = 4;
	p.config.epochs = 2;
	p.config.replay = 30;
	p.config.replay_ratio = 2.5;
	ck_assert_int_eq(bern_refire_init(&refire, &p.arena, &p.config, &p.net, 0, 7, &e), 0);
	bern_replay_append(&refire.replay, 24);
	for (int pass = 0; pass < 400; pass++) {
		bern_refire_pass(&refire, &p.net, &p.value, 4);
		ck_assert_uint_eq(refire.count, 42);
		for (size_t i = 0; i < refire.count; i++)
			times[refire.drawn[i]]++;
	}
	for (size_t row = 0; row < 60; row++)
		ck_assert_msg(times[row] >= 130 && times[row] <= 270, "row %zu: %zu times", row,
			      times[row]);
	for (size_t row = 60; row < 72; row++)
		ck_assert_uint_eq(times[row], 400);
	bern_arena_finish(&p.arena);
}
END_TEST

/* ---- credit --------------------------------------------------------------------------------------- */

enum { STEPS = 40, LANES = 3 };

/* Steps with rewards, ends of both kinds and ratios; 1: all ratios are 1. */
static void make_steps(parts *p, bern_replay *replay, float *last_x, int on_policy, uint64_t seed)
{
	bern_error e;
	uint64_t random = 88172645463325252u + seed;
	ck_assert_int_eq(bern_replay_init(replay, &p->arena, &p->net, LANES, STEPS + 5, 0, &e), 0);
	ck_assert_uint_eq(bern_replay_append(replay, STEPS), 0);
	for (size_t row = 0; row < STEPS * LANES; row++) {
		for (size_t o = 0; o < 2; o++) {
			replay->x[row * 2 + o] = (float)(2.0 * draw(&random) - 1.0);
			replay->end_x[row * 2 + o] = (float)(2.0 * draw(&random) - 1.0);
		}
		replay->reward[row] = (float)(4.0 * draw(&random) - 1.0);
		double end = draw(&random);
		replay->flags[row] = end < 0.05   ? BERN_TERMINATED
				     : end < 0.1  ? BERN_TRUNCATED
				     : end < 0.12 ? BERN_TERMINATED | BERN_TRUNCATED
						  : 0;
		replay->ratio[row] = on_policy ? 1.0f : (float)(2.0 * draw(&random));
	}
	for (size_t i = 0; i < LANES * 2; i++)
		last_x[i] = (float)(2.0 * draw(&random) - 1.0);
}

/* Ratios of 1: generalised advantages, which have a test and code of their own. The same sums in double, rounded to float. */
START_TEST(on_policy_credit_is_generalised_advantage)
{
	parts p;
	bern_replay replay;
	float last_x[LANES * 2], last_value[LANES];
	float value[STEPS * LANES], bootstrap[STEPS * LANES];
	float advantage[STEPS * LANES], target[STEPS * LANES];
	parts_init(&p);
	make_steps(&p, &replay, last_x, 1, (uint64_t)_i);
	for (size_t row = 0; row < STEPS * LANES; row++) {
		value[row] = bern_value_of(&p.value, replay.x + row * 2);
		bootstrap[row] = bern_value_of(&p.value, replay.end_x + row * 2);
	}
	for (size_t b = 0; b < LANES; b++)
		last_value[b] = bern_value_of(&p.value, last_x + b * 2);
	bern_gae(advantage, target, replay.reward, replay.flags, value, last_value, bootstrap, 0.97,
		 0.9, STEPS, LANES);
	bern_replay_credit(&replay, &p.value, last_x, 0.97, 0.9);
	for (size_t row = 0; row < STEPS * LANES; row++) {
		ck_assert_float_eq(replay.value[row], value[row]);
		ck_assert_float_eq(replay.advantage[row], advantage[row]);
		ck_assert_float_eq(replay.target[row], target[row]);
	}
	bern_arena_finish(&p.arena);
}
END_TEST

/* The sum of Munos et al. 2016, eq. 4, forwards and term by term, for the value: what is added to V at t is
 * sum over k >= t of gamma^(k-t) lambda^(k-t) (product of c over t .. k) delta_k. Rounding to float: 1e-5 of numbers below 30. */
START_TEST(off_policy_credit_is_the_sum_of_cut_errors)
{
	parts p;
	bern_replay replay;
	float last_x[LANES * 2];
	const double gamma = 0.97, lambda = 0.8;
	parts_init(&p);
	make_steps(&p, &replay, last_x, 0, 40 + (uint64_t)_i);
	bern_replay_credit(&replay, &p.value, last_x, gamma, lambda);
	for (size_t b = 0; b < LANES; b++)
		for (size_t t = 0; t < STEPS; t++) {
			double product = 1.0, sum = 0.0;
			for (size_t k = t; k < STEPS; k++) {
				size_t row = k * LANES + b;
				double next;
				if (k > t)
					product *= gamma * lambda *
						   fmin(1.0, (double)replay.ratio[row]);
				if (replay.flags[row] & BERN_TERMINATED)
					next = 0.0;
				else if (replay.flags[row] & BERN_TRUNCATED)
					next = (double)bern_value_of(&p.value,
								     replay.end_x + row * 2);
				else if (k + 1 == STEPS)
					next = (double)bern_value_of(&p.value, last_x + b * 2);
				else
					next = (double)bern_value_of(&p.value,
								     replay.x + (row + LANES) * 2);
				sum += product *
				       ((double)replay.reward[row] + gamma * next -
					(double)bern_value_of(&p.value, replay.x + row * 2));
				if (replay.flags[row])
					break;
			}
			size_t row = t * LANES + b;
			double v = (double)bern_value_of(&p.value, replay.x + row * 2);
			ck_assert_double_le(fabs((double)replay.advantage[row] - sum), 1e-5);
			ck_assert_double_le(fabs((double)replay.target[row] - v -
						 fmin(1.0, (double)replay.ratio[row]) * sum),
					    1e-5);
		}
	bern_arena_finish(&p.arena);
}
END_TEST

/* ---- the probability of an action ----------------------------------------------------------------- */

/* log of the mean of products, as long sums of logs: exact where the products of doubles underflow. */
static double naive_log_mixture(const float *pi, const int32_t *action, size_t K, size_t n)
{
	double most = -INFINITY, total = 0.0, logs[8];
	for (size_t k = 0; k < K; k++) {
		logs[k] = 0.0;
		for (size_t j = 0; j < n; j++) {
			double one = (double)pi[k * n + j];
			logs[k] += log(action[j] ? one : 1.0 - one);
		}
		most = fmax(most, logs[k]);
	}
	for (size_t k = 0; k < K; k++)
		total += exp(logs[k] - most);
	return most + log(total / (double)K);
}

/* Up to 300 Bernoulli units, with probabilities down to 1e-7: products down to 1e-2100. Rounding: 300 factors of 1e-16 each,
 * and float's 1 - p, which is exact above 1/2 and relative 6e-8 of it elsewhere, 300 times. */
START_TEST(the_mixture_knows_probabilities_that_no_double_holds)
{
	static const uint32_t counts[] = {1, 2, 12, 20, 300};
	uint64_t random = 88172645463325252u;
	for (size_t c = 0; c < 5; c++)
		for (int round = 0; round < 50; round++) {
			bern_arena arena = {0};
			bern_action_head head;
			bern_error e;
			uint32_t n = counts[c];
			const bern_space action = {.kind = BERN_MULTI_BINARY, .count = n};
			float pi[8 * 300];
			int32_t chosen[300];
			ck_assert_int_eq(
				bern_head_init(&head, &arena, &action, 0, BERN_HEAD_AUTO, &e), 0);
			/* every third round products are about 2^-25n: with 12 units near 2^-300, where the
			 * scale changes, so that some firings lie above and some below */
			for (size_t i = 0; i < 8 * (size_t)n; i++)
				pi[i] = (float)(round % 3 == 0 ? draw(&random)
						: round % 3 == 1
							? pow(10.0, -7.0 * draw(&random))
							: pow(2.0, -25.0) *
								  (0.9 + 0.2 * draw(&random)));
			for (size_t j = 0; j < n; j++)
				chosen[j] = round % 3 ? 1 : draw(&random) < 0.5;
			double exact = naive_log_mixture(pi, chosen, 8, n);
			ck_assert_double_le(
				fabs(bern_head_log_mixture(&head, pi, chosen, 8) - exact),
				300 * 6e-8);
			bern_arena_finish(&arena);
		}
}
END_TEST

START_TEST(an_action_that_no_firing_allows_has_no_probability)
{
	parts p;
	const float pi[6] = {0.5f, 0.5f, 0.0f, 1.0f, 0.0f, 0.0f};
	const int32_t first = 0, second = 1, third = 2;
	parts_init(&p);
	ck_assert_double_le(fabs(bern_head_log_mixture(&p.head, pi, &first, 2) - log(0.75)), 1e-15);
	ck_assert_double_le(fabs(bern_head_log_mixture(&p.head, pi, &second, 2) - log(0.25)),
			    1e-15);
	ck_assert_double_eq(bern_head_log_mixture(&p.head, pi, &third, 2), -INFINITY);
	bern_arena_finish(&p.arena);
}
END_TEST

/* Two Gaussians of means 0.5 and -40 and deviations 0.5: density ratios in closed form; what lies 80 deviations away adds nothing.
 * The common constant cancels in a ratio of two actions. */
START_TEST(the_mixture_of_gaussians_is_a_mean_of_densities)
{
	bern_arena arena = {0};
	bern_action_head head;
	bern_error e;
	const bern_space action = {.kind = BERN_BOX, .count = 1};
	const float pi[4] = {0.5f, 0.5f, -40.0f, 0.5f}, near[4] = {0.5f, 0.5f, 1.0f, 0.5f};
	const float chosen[2] = {0.25f, 1.5f};
	int32_t bits[2];
	memcpy(bits, chosen, sizeof bits);
	ck_assert_int_eq(bern_head_init(&head, &arena, &action, 0, BERN_HEAD_AUTO, &e), 0);
	double far = bern_head_log_mixture(&head, pi, &bits[0], 2) -
		     bern_head_log_mixture(&head, pi, &bits[1], 2);
	ck_assert_double_le(fabs(far - (-0.5 * 0.25 + 0.5 * 4.0)), 1e-9);
	double both = bern_head_log_mixture(&head, near, &bits[0], 2) -
		      bern_head_log_mixture(&head, near, &bits[1], 2);
	double exact = log((exp(-0.125) + exp(-1.125)) / (exp(-2.0) + exp(-0.5)));
	ck_assert_double_le(fabs(both - exact), 1e-9);
	bern_arena_finish(&arena);
}
END_TEST

/* ---- in the agent --------------------------------------------------------------------------------- */

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

/* All inputs, both kinds of ends, masks, parts of unequal size, each scale of advantages. */
static const struct {
	const char *env, *max_steps;
	const char *options[20];
} runs[] = {
	{"CartPole-v1", "30", {"epochs", "2", "num_steps", "4", "hidden", "9", NULL}},
	{"CartPole-v1",
	 "30",
	 {"epochs", "3", "minibatches", "3", "replay", "20", "replay_ratio", "2.5", "num_envs", "2",
	  "hidden", "9,7", "firings", "3", "clip_range", "0.2", NULL}},
	{"CartPole-v1",
	 "30",
	 {"epochs", "2", "replay", "16", "replay_ratio", "1", "units", "tanh", "advantage_scale",
	  "running", "keep_discount", "true", "entropy_coef", "0.01", NULL}},
	{"Pendulum-v1",
	 "30",
	 {"epochs", "2", "replay", "32", "replay_ratio", "2", "hidden", "8", "firings", "3", NULL}},
	{"Taxi-v4",
	 NULL,
	 {"epochs", "2", "replay", "31", "replay_ratio", "2", "num_envs", "3", "hidden", "8",
	  "firings", "1", "advantage_scale", "none", NULL}},
};
#define RUNS (int)(sizeof runs / sizeof runs[0])

START_TEST(a_resumed_run_equals_an_unbroken_one)
{
	bern_agent_config config = configured(runs[_i].options);
	trial_resumes(built_in(runs[_i].env), runs[_i].max_steps, &config, 13, 9);
}
END_TEST

/* An update of the policy by each part of each pass after the first: Adam counts them in the power of its decay. */
START_TEST(each_part_of_each_pass_is_a_step)
{
	static const char *const options[] = {
		"epochs", "3",         "minibatches", "4",      "replay", "40", "replay_ratio",
		"2",      "num_steps", "4",           "hidden", "5",      NULL};
	bern_agent_config config = configured(options);
	trial t;
	trial_open(&t, built_in("CartPole-v1"), "30", &config, 1);
	for (int n = 0; n < 5; n++)
		trial_learn(&t, 1);
	const double *power = trial_tensor(&t, "policy.optimizer.power");
	/* 5 updates of 1 + 2 * 4 steps */
	ck_assert_double_le(fabs(power[1] / pow(config.decay, 45.0) - 1.0), 1e-12);
	const uint64_t *filled = trial_tensor(&t, "replay.filled");
	ck_assert_uint_eq(*filled, 20);
	trial_close(&t);
}
END_TEST

/* With rate 0 the weights stay, so a ratio differs from 1 only by which neurons fired: its mean is 1 (E of pi_new/mu over
 * actions from the mixture and fresh firings is 1 for each step). 4,000 ratios; five standard errors. */
START_TEST(ratios_of_an_unchanged_policy_have_mean_one)
{
	static const char *const options[] = {"epochs",        "2", "num_steps", "4000",
					      "learning_rate", "0", "hidden",    "6",
					      "firings",       "2", NULL};
	bern_agent_config config = configured(options);
	double sum = 0.0, square = 0.0;
	trial t;
	trial_open(&t, built_in("CartPole-v1"), NULL, &config, 4);
	float *output = trial_tensor(&t, "policy.output.weight");
	for (size_t j = 0; j < 6; j++)
		output[j] = j % 2 ? 1.5f : -1.5f;
	trial_learn(&t, 1);
	const float *ratio = trial_tensor(&t, "replay.ratio");
	for (size_t r = 0; r < 4000; r++) {
		sum += (double)ratio[r] / 4000.0;
		square += (double)ratio[r] * (double)ratio[r] / 4000.0;
	}
	double deviation = sqrt(square - sum * sum);
	ck_assert_double_ge(deviation, 0.05);
	ck_assert_msg(fabs(sum - 1.0) <= 5.0 * deviation / sqrt(4000.0), "mean %g, deviation %g",
		      sum, deviation);
	trial_close(&t);
}
END_TEST

/* The laboratory's plays are not remembered: the next rollout would seem to follow on the one before. */
START_TEST(a_play_that_is_only_looked_at_empties_the_memory)
{
	static const char *const options[] = {"epochs", "2", "replay", "100", NULL};
	bern_agent_config config = configured(options);
	trial t;
	trial_open(&t, built_in("CartPole-v1"), NULL, &config, 1);
	const uint64_t *filled = trial_tensor(&t, "replay.filled");
	trial_learn(&t, 3);
	ck_assert_uint_eq(*filled, 24);
	TRIAL_OK(&t, bern_reinforce_estimate(t.agent, &t.lanes, &t.e));
	ck_assert_uint_eq(*filled, 0);
	trial_close(&t);
}
END_TEST

START_TEST(contradictions_are_refused)
{
	static const struct {
		const char *options[10];
		const char *says;
	} wrong[] = {
		{{"minibatches", "4", NULL},
		 "minibatches: it is about passes after the first one, and epochs is 1; epochs "
		 "must be at least 2"},
		{{"replay", "64", NULL}, "replay: it is about passes after the first"},
		{{"replay_ratio", "1", NULL}, "replay_ratio: it is about passes after the first"},
		{{"clip_range", "0.2", NULL}, "clip_range: it is about passes after the first"},
		{{"epochs", "2", "replay", "4", NULL},
		 "replay: 4 steps have no room for a rollout; allowed: 0, or at least num_steps = "
		 "8"},
		{{"epochs", "2", "replay", "8", "replay_ratio", "1", NULL},
		 "replay_ratio: no older step is remembered; replay must be more than num_steps = "
		 "8"},
		{{"epochs", "2", "minibatches", "9", NULL},
		 "minibatches: a pass of 8 steps has no 9 parts; allowed: 1 to 8"},
		{{"epochs", "2", "baseline", "unit", NULL}, "baseline: unit is of the firings"},
	};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		bern_agent_config config = configured(wrong[i].options);
		trial_refused(built_in("CartPole-v1"), &config, wrong[i].says);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("refire");
	TCase *t = tcase_create("replay");
	tcase_set_timeout(t, 60);
	tcase_add_test(t, the_newest_steps_are_kept_in_their_order);
	tcase_add_test(t, a_pass_has_every_new_step_once_and_older_ones_at_random);
	tcase_add_loop_test(t, on_policy_credit_is_generalised_advantage, 0, 8);
	tcase_add_loop_test(t, off_policy_credit_is_the_sum_of_cut_errors, 0, 8);
	tcase_add_test(t, the_mixture_knows_probabilities_that_no_double_holds);
	tcase_add_test(t, an_action_that_no_firing_allows_has_no_probability);
	tcase_add_test(t, the_mixture_of_gaussians_is_a_mean_of_densities);
	tcase_add_loop_test(t, a_resumed_run_equals_an_unbroken_one, 0, RUNS);
	tcase_add_test(t, each_part_of_each_pass_is_a_step);
	tcase_add_test(t, ratios_of_an_unchanged_policy_have_mean_one);
	tcase_add_test(t, a_play_that_is_only_looked_at_empties_the_memory);
	tcase_add_test(t, contradictions_are_refused);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
