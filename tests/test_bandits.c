/* The bandit agents: their rules against sums kept by the test itself, their choices against closed forms, what they remember
 * and forget. */
#include "agent_trial.h"

#include <math.h>
#include <stdio.h>

/* ---- environments ------------------------------------------------------------------------------------ */

enum { ARMS = 4, CONTEXTS = 3 };

typedef struct arms_state {
	int32_t step, last, context;
} arms_state;

static const int32_t one_value[] = {1}, context_count[] = {CONTEXTS}, arm_count[] = {ARMS};
static const char *const metrics[] = {"action"};

static void arms_reset(const void *model, void *state, struct bern_rng *rng)
{
	arms_state *s = state;
	(void)model;
	(void)rng;
	*s = (arms_state){0, -1, 0};
}

static void arms_metrics(const void *model, const void *state, double *out)
{
	const arms_state *s = state;
	(void)model;
	out[0] = s->last;
}

/* Rewards that no two arms or steps share, so that a mix-up shows. */
static double arms_reward(int32_t arm, int32_t step)
{
	return 0.3 * arm - 0.5 + 0.17 * ((step * 7 + arm * 3) % 5);
}

static void arms_step(const void *model, void *state, struct bern_rng *rng, const void *action,
		      bern_outcome *out)
{
	arms_state *s = state;
	(void)model;
	(void)rng;
	s->last = *(const int32_t *)action;
	out->reward = arms_reward(s->last, s->step);
	s->step++;
}

static void nothing_seen(const void *model, const void *state, void *observation)
{
	(void)model;
	(void)state;
	*(int32_t *)observation = 0;
}

static int32_t arms_open(const bern_value *values, bern_instance *out, char *err, size_t err_size)
{
	(void)values;
	(void)err;
	(void)err_size;
	out->state_size = sizeof(arms_state);
	out->observation = (bern_space){.kind = BERN_DISCRETE, .count = 1, .sizes = one_value};
	out->action = (bern_space){.kind = BERN_DISCRETE, .count = 1, .sizes = arm_count};
	return 0;
}

static const bern_env arms = {
	.abi = BERN_ENV_ABI,
	.struct_size = sizeof(bern_env),
	.id = "Arms-v0",
	.summary = "four arms whose rewards follow a fixed pattern",
	.source = "this test",
	.metrics = metrics,
	.metric_count = 1,
	.open = arms_open,
	.reset = arms_reset,
	.step = arms_step,
	.observe = nothing_seen,
	.read_metrics = arms_metrics,
};

/* The same, but arm 2 is never allowed, nor arm 0 at odd steps. */
static void some_allowed(const void *model, const void *state, uint8_t *allowed)
{
	const arms_state *s = state;
	(void)model;
	for (int a = 0; a < ARMS; a++)
		allowed[a] = a != 2 && !(a == 0 && s->step % 2);
}

static bern_env masked_arms(void)
{
	bern_env env = arms;
	env.id = "MaskedArms-v0";
	env.mask = some_allowed;
	return env;
}

/* One-step episodes: 1 if the arm is the context's number, else 0. */
static void context_reset(const void *model, void *state, struct bern_rng *rng)
{
	arms_state *s = state;
	(void)model;
	*s = (arms_state){0, -1, (int32_t)bern_rng_below(rng, CONTEXTS)};
}

static void context_step(const void *model, void *state, struct bern_rng *rng, const void *action,
			 bern_outcome *out)
{
	arms_state *s = state;
	(void)model;
	(void)rng;
	s->last = *(const int32_t *)action;
	out->reward = s->last == s->context;
	out->flags = BERN_TERMINATED;
}

static void context_observe(const void *model, const void *state, void *observation)
{
	const arms_state *s = state;
	(void)model;
	*(int32_t *)observation = s->context;
}

static int32_t context_open(const bern_value *values, bern_instance *out, char *err,
			    size_t err_size)
{
	arms_open(values, out, err, err_size);
	out->observation.sizes = context_count;
	return 0;
}

static bern_env contexts(void)
{
	bern_env env = arms;
	env.id = "Contexts-v0";
	env.open = context_open;
	env.reset = context_reset;
	env.step = context_step;
	env.observe = context_observe;
	return env;
}

/* Observations of real numbers, which tables cannot take. */
static int32_t real_open(const bern_value *values, bern_instance *out, char *err, size_t err_size)
{
	arms_open(values, out, err, err_size);
	out->observation = (bern_space){.kind = BERN_BOX, .count = 1};
	return 0;
}

static const char *const agents[] = {"epsilon-greedy", "ucb", "thompson", "gradient-bandit"};
enum { AGENTS = sizeof agents / sizeof agents[0] };

static int32_t last_arm(const trial *t, size_t b)
{
	return (int32_t)t->lanes.metrics[b];
}

/* ---- epsilon-greedy ---------------------------------------------------------------------------------- */

START_TEST(step_size_0_is_the_sample_average_and_forgets_the_first_estimate)
{
	bern_agent_config config = trial_config("epsilon-greedy");
	double sum[ARMS] = {0}, n[ARMS] = {0};
	trial t;
	config.step_size = 0;
	config.epsilon = 1;
	config.initial_value = 7;
	trial_open(&t, &arms, "0", &config, 3);
	const double *value = trial_tensor(&t, "policy.value");
	for (int i = 0; i < 200; i++) {
		trial_learn(&t, 1);
		sum[last_arm(&t, 0)] += arms_reward(last_arm(&t, 0), i);
		n[last_arm(&t, 0)] += 1;
		/* 200 additions of numbers below 2, and as many roundings of the running mean */
		for (int a = 0; a < ARMS; a++)
			ck_assert_double_eq_tol(value[a], n[a] > 0 ? sum[a] / n[a] : 7,
						400 * 2 * 0x1p-53 * 2);
	}
	for (int a = 0; a < ARMS; a++)
		ck_assert_msg(n[a] >= 20, "arm %d was tried %g times of 200", a, n[a]);
	trial_close(&t);
}
END_TEST

START_TEST(a_constant_step_size_weighs_rewards_as_a_geometric_series)
{
	/* Q_n = (1-alpha)^n Q_1 + sum_i alpha (1-alpha)^(n-i) R_i, eq. 2.6 of the book */
	bern_agent_config config = trial_config("epsilon-greedy");
	double rewards[ARMS][100];
	int n[ARMS] = {0};
	trial t;
	config.step_size = 0.25;
	config.epsilon = 1;
	config.initial_value = 2;
	trial_open(&t, &arms, "0", &config, 4);
	const double *value = trial_tensor(&t, "policy.value");
	for (int i = 0; i < 100; i++) {
		trial_learn(&t, 1);
		int32_t a = last_arm(&t, 0);
		rewards[a][n[a]++] = arms_reward(a, i);
	}
	for (int a = 0; a < ARMS; a++) {
		double expected = 2 * pow(0.75, n[a]);
		for (int i = 0; i < n[a]; i++)
			expected += 0.25 * pow(0.75, n[a] - 1 - i) * rewards[a][i];
		ck_assert_double_eq_tol(value[a], expected, 1e-14);
	}
	trial_close(&t);
}
END_TEST

START_TEST(optimistic_estimates_make_every_arm_be_tried_first)
{
	bern_agent_config config = trial_config("epsilon-greedy");
	int tried[ARMS] = {0};
	trial t;
	config.step_size = 0.1;
	config.epsilon = 0;
	config.initial_value = 100; /* after one update still 90 or so */
	trial_open(&t, &arms, "0", &config, (uint64_t)_i);
	for (int i = 0; i < ARMS; i++) {
		trial_learn(&t, 1);
		tried[last_arm(&t, 0)]++;
	}
	for (int a = 0; a < ARMS; a++)
		ck_assert_int_eq(tried[a], 1);
	trial_close(&t);
}
END_TEST

START_TEST(explores_with_probability_epsilon_and_breaks_ties_evenly)
{
	bern_agent_config config = trial_config("epsilon-greedy");
	double n[ARMS] = {0}, greedy[ARMS] = {0};
	const int N = 40000;
	trial t;
	config.epsilon = 0.2;
	trial_open(&t, &arms, "0", &config, 1);
	double *value = trial_tensor(&t, "policy.value");
	const double given[ARMS] = {1, 3, 3, -1};
	memcpy(value, given, sizeof given);
	bern_firing_rng rng;
	bern_firing_rng_stream(&rng, 9, (bern_stream_key){BERN_FOR_EVAL_FIRING, 0, 0, 0});
	for (int i = 0; i < N; i++) {
		n[trial_act(&t, BERN_SAMPLED, &rng)]++;
		greedy[trial_act(&t, i % 2 ? BERN_MEAN_FIELD : BERN_THRESHOLDED, &rng)]++;
	}
	ASSERT_FREQUENCY(n[0], N, 0.05);
	ASSERT_FREQUENCY(n[1], N, 0.45);
	ASSERT_FREQUENCY(n[2], N, 0.45);
	ASSERT_FREQUENCY(n[3], N, 0.05);
	ASSERT_FREQUENCY(greedy[1], N, 0.5);
	ck_assert_double_eq(greedy[1] + greedy[2], N);
	trial_close(&t);
}
END_TEST

/* ---- ucb ----------------------------------------------------------------------------------------------- */

START_TEST(ucb_takes_the_arm_of_the_best_bound)
{
	bern_agent_config config = trial_config("ucb");
	double sum[ARMS] = {0}, n[ARMS] = {0};
	trial t;
	config.step_size = 0;
	config.ucb_c = 0.7;
	trial_open(&t, &arms, "0", &config, (uint64_t)_i);
	for (int i = 0; i < 300; i++) {
		double best = -INFINITY, bound[ARMS];
		for (int a = 0; a < ARMS; a++) {
			bound[a] = n[a] > 0 ? sum[a] / n[a] + 0.7 * sqrt(log(i + 1) / n[a])
					    : INFINITY;
			best = fmax(best, bound[a]);
		}
		trial_learn(&t, 1);
		int32_t a = last_arm(&t, 0);
		/* equal up to the roundings of sums below 1,000 */
		ck_assert_msg(bound[a] >= best - 1e-12, "step %d: arm %d at %.15g, best %.15g", i,
			      a, bound[a], best);
		sum[a] += arms_reward(a, i);
		n[a] += 1;
	}
	/* the bonus has been at work: every arm was tried more than once, the best most often */
	for (int a = 0; a < ARMS; a++)
		ck_assert(n[a] > 1);
	ck_assert(n[3] > 150);
	bern_firing_rng rng;
	bern_firing_rng_stream(&rng, 9, (bern_stream_key){BERN_FOR_EVAL_FIRING, 0, 0, 0});
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(trial_act(&t, BERN_SAMPLED, &rng), 3);
	trial_close(&t);
}
END_TEST

/* ---- gradient-bandit -------------------------------------------------------------------------------- */

START_TEST(preferences_follow_equation_2_12)
{
	bern_agent_config config = trial_config("gradient-bandit");
	double H[ARMS] = {0}, rewards = 0;
	trial t;
	config.step_size = 0.3;
	config.gradient_baseline = _i;
	trial_open(&t, &arms, "0", &config, 8);
	const double *value = trial_tensor(&t, "policy.value");
	for (int i = 0; i < 300; i++) {
		trial_learn(&t, 1);
		int32_t arm = last_arm(&t, 0);
		double R = arms_reward(arm, i), total = 0, pi[ARMS];
		rewards += R;
		double mean = _i ? rewards / (i + 1) : 0;
		for (int a = 0; a < ARMS; a++)
			total += exp(H[a]);
		for (int a = 0; a < ARMS; a++)
			pi[a] = exp(H[a]) / total;
		for (int a = 0; a < ARMS; a++)
			H[a] += 0.3 * (R - mean) * (a == arm ? 1 - pi[a] : -pi[a]);
		/* errors of some ulp a step add up, and the softmax passes on about as much */
		for (int a = 0; a < ARMS; a++)
			ck_assert_double_eq_tol(value[a], H[a], 1e-12 * (i + 1));
	}
	trial_close(&t);
}
END_TEST

START_TEST(arms_are_drawn_from_the_softmax)
{
	bern_agent_config config = trial_config("gradient-bandit");
	const double H[ARMS] = {0.5, -1, 1.25, 0};
	const int N = 40000;
	double total = 0, n[ARMS] = {0};
	trial t;
	trial_open(&t, &arms, "0", &config, 1);
	memcpy(trial_tensor(&t, "policy.value"), H, sizeof H);
	bern_firing_rng rng;
	bern_firing_rng_stream(&rng, 10, (bern_stream_key){BERN_FOR_EVAL_FIRING, 0, 0, 0});
	for (int i = 0; i < N; i++) {
		n[trial_act(&t, BERN_SAMPLED, &rng)]++;
		ck_assert_int_eq(trial_act(&t, BERN_MEAN_FIELD, &rng), 2);
	}
	for (int a = 0; a < ARMS; a++)
		total += exp(H[a]);
	for (int a = 0; a < ARMS; a++)
		ASSERT_FREQUENCY(n[a], N, exp(H[a]) / total);
	trial_close(&t);
}
END_TEST

START_TEST(lanes_update_with_the_probabilities_they_drew_from)
{
	/* three lanes, one table, a row for each context: all are drawn from the preferences before the step, so the update of
	 * a second lane in the same context must not use a softmax of what the first left behind, nor another context's */
	bern_agent_config config = trial_config("gradient-bandit");
	bern_env env = contexts();
	double H[CONTEXTS][ARMS] = {{0}};
	trial t;
	config.num_envs = 3;
	config.step_size = 1.5;
	config.gradient_baseline = 0;
	trial_open(&t, &env, NULL, &config, 2);
	const double *value = trial_tensor(&t, "policy.value");
	for (int i = 0; i < 20; i++) {
		double pi[CONTEXTS][ARMS], error = 0;
		int32_t context[3];
		memcpy(context, t.lanes.index, sizeof context);
		for (int c = 0; c < CONTEXTS; c++) {
			double total = 0;
			for (int a = 0; a < ARMS; a++)
				total += exp(H[c][a]);
			for (int a = 0; a < ARMS; a++)
				pi[c][a] = exp(H[c][a]) / total;
		}
		trial_learn(&t, 1);
		for (size_t b = 0; b < 3; b++)
			for (int a = 0; a < ARMS; a++)
				H[context[b]][a] += 1.5 * t.lanes.reward[b] *
						    ((a == last_arm(&t, b)) - pi[context[b]][a]);
		for (int k = 0; k < CONTEXTS * ARMS; k++)
			error = fmax(error, fabs(value[k] - H[k / ARMS][k % ARMS]));
		ck_assert_double_le(error,
				    1e-13 * (i + 1)); /* some ulp of numbers near 10 a step */
	}
	trial_close(&t);
}
END_TEST

/* ---- thompson ----------------------------------------------------------------------------------------- */

START_TEST(beta_arms_are_chosen_as_often_as_they_are_best)
{
	/* arm 1 has no reward yet, a uniform belief: P(arm 0 is better) is the mean of arm 0's belief, (1+s)/(2+n). Arms 2 and 3 have
	 * lost 10^9 times. */
	bern_agent_config config = trial_config("thompson");
	const double wins[] = {0, 1, 3, 40}, tries[] = {1, 1, 10, 41};
	const double sum[ARMS] = {wins[_i], 0, 0, 0}, count[ARMS] = {tries[_i], 0, 1e9, 1e9};
	const int N = 40000;
	double n[ARMS] = {0};
	trial t;
	trial_open(&t, &arms, "0", &config, 1);
	memcpy(trial_tensor(&t, "policy.value"), sum, sizeof sum);
	memcpy(trial_tensor(&t, "policy.count"), count, sizeof count);
	bern_firing_rng rng;
	bern_firing_rng_stream(&rng, 20, (bern_stream_key){BERN_FOR_EVAL_FIRING, 0, 0, 0});
	for (int i = 0; i < N; i++)
		n[trial_act(&t, BERN_SAMPLED, &rng)]++;
	double p = (1 + wins[_i]) / (2 + tries[_i]);
	ASSERT_FREQUENCY(n[0], N, p);
	ASSERT_FREQUENCY(n[1], N, 1 - p);
	ck_assert_int_eq(trial_act(&t, BERN_MEAN_FIELD, &rng), p > 0.5 ? 0 : 1);
	trial_close(&t);
}
END_TEST

START_TEST(gaussian_arms_are_chosen_as_often_as_they_are_best)
{
	/* two arms that matter: P(0 is better) = Phi((m0 - m1) / sqrt(v0 + v1)) */
	bern_agent_config config = trial_config("thompson");
	const double first[] = {1.5, 2}, s0[] = {-1.5, 3}, n0[] = {1, 2}, s1[] = {0, 4},
		     n1[] = {0, 9};
	const double sum[ARMS] = {s0[_i], s1[_i], -1e12, -1e12};
	const double count[ARMS] = {n0[_i], n1[_i], 1e9, 1e9};
	const int N = 40000;
	double n[ARMS] = {0};
	trial t;
	config.initial_value = first[_i];
	trial_open(&t, &arms, "0", &config, 1);
	memcpy(trial_tensor(&t, "policy.value"), sum, sizeof sum);
	memcpy(trial_tensor(&t, "policy.count"), count, sizeof count);
	*(int32_t *)trial_tensor(&t, "policy.other_than_0_and_1") = 1;
	bern_firing_rng rng;
	bern_firing_rng_stream(&rng, 21, (bern_stream_key){BERN_FOR_EVAL_FIRING, 0, 0, 0});
	for (int i = 0; i < N; i++)
		n[trial_act(&t, BERN_SAMPLED, &rng)]++;
	double m0 = (first[_i] + sum[0]) / (count[0] + 1),
	       m1 = (first[_i] + sum[1]) / (count[1] + 1);
	double z = (m0 - m1) / sqrt(1 / (count[0] + 1) + 1 / (count[1] + 1));
	ASSERT_FREQUENCY(n[0], N, 0.5 * erfc(-z / sqrt(2)));
	ck_assert_double_eq(n[2] + n[3], 0);
	ck_assert_int_eq(trial_act(&t, BERN_THRESHOLDED, &rng), m0 > m1 ? 0 : 1);
	trial_close(&t);
}
END_TEST

START_TEST(thompson_takes_arms_for_bernoulli_until_another_reward)
{
	bern_agent_config config = trial_config("thompson");
	bern_env env = contexts();
	trial t;
	trial_open(&t, &env, NULL, &config, 1);
	trial_learn(&t, 200);
	ck_assert_int_eq(*(int32_t *)trial_tensor(&t, "policy.other_than_0_and_1"), 0);
	trial_close(&t);
	trial_open(&t, &arms, NULL, &config, 1);
	trial_learn(&t, 1);
	ck_assert_int_eq(*(int32_t *)trial_tensor(&t, "policy.other_than_0_and_1"), 1);
	trial_close(&t);
}
END_TEST

/* ---- all of them ------------------------------------------------------------------------------------- */

START_TEST(contexts_are_learned_apart)
{
	bern_agent_config config = trial_config(agents[_i]);
	bern_env env = contexts();
	double last = 0;
	trial t;
	config.num_envs = 3;
	config.step_size = _i == 3 ? 0.5 : 0;
	config.ucb_c = 0.5;
	trial_open(&t, &env, NULL, &config, 5);
	for (int i = 0; i < 1000; i++) {
		trial_learn(&t, 1);
		for (size_t b = 0; b < 3 && i >= 900; b++)
			last += t.lanes.reward[b];
	}
	/* 300 plays: epsilon-greedy misses 0.1 * 3/4 of them, 22.5 +- 4.6. Were contexts mixed up no arm would pay in more than 1/3. */
	ck_assert_double_gt(last, 300 - 22.5 - 5 * 4.6);
	/* what was learned is acted on: the greedy arm of a context is its own number */
	bern_firing_rng rng;
	bern_firing_rng_stream(&rng, 1, (bern_stream_key){BERN_FOR_EVAL_FIRING, 0, 0, 0});
	for (int i = 0; i < 10; i++) {
		ck_assert_int_eq(trial_act(&t, BERN_MEAN_FIELD, &rng), t.lanes.index[0]);
		trial_learn(&t, 1);
	}
	trial_close(&t);
}
END_TEST

START_TEST(forgetting_agents_know_nothing_of_the_last_episode_or_the_next_lane)
{
	/* episodes of 30 steps: after 29 there is something in both tables, and not the same; after 30 nothing */
	bern_agent_config config = trial_config(agents[_i]);
	trial t;
	config.num_envs = 2;
	config.forget = 1;
	config.initial_value = 0.25;
	config.epsilon = 1;
	trial_open(&t, &arms, "30", &config, 5);
	const double *value = trial_tensor(&t, "learner.value");
	const double *count = trial_tensor(&t, "learner.count");
	for (int episode = 0; episode < 3; episode++) {
		trial_learn(&t, 29);
		for (int b = 0; b < 2; b++) {
			double n = 0;
			for (int a = 0; a < ARMS; a++)
				n += count[b * ARMS + a];
			ck_assert_double_eq(n, 29);
		}
		if (_i != 1) /* ucb plays alike where rewards are alike, but for the first ties */
			ck_assert(memcmp(value, value + ARMS, ARMS * sizeof *value) != 0);
		trial_learn(&t, 1);
		for (int i = 0; i < 2 * ARMS; i++) {
			ck_assert_double_eq(count[i], 0);
			ck_assert_double_eq(value[i], _i < 2 ? 0.25 : 0);
		}
	}
	ck_assert_uint_eq(t.policy.count, 1); /* act() needs no table */
	trial_learn(&t, 10);
	bern_firing_rng rng;
	bern_firing_rng_stream(&rng, 1, (bern_stream_key){BERN_FOR_EVAL_FIRING, 0, 0, 0});
	double n[ARMS] = {0};
	for (int i = 0; i < 4000; i++)
		n[trial_act(&t, BERN_MEAN_FIELD, &rng)]++;
	for (int a = 0; a < ARMS; a++)
		ASSERT_FREQUENCY(n[a], 4000, 0.25);
	trial_close(&t);
}
END_TEST

START_TEST(arms_that_are_not_allowed_are_never_chosen)
{
	bern_agent_config config = trial_config(agents[_i]);
	bern_env env = masked_arms();
	double n[ARMS] = {0};
	trial t;
	config.epsilon = 0.5;
	config.initial_value = 1;
	trial_open(&t, &env, "0", &config, 5);
	bern_firing_rng rng;
	bern_firing_rng_stream(&rng, 1, (bern_stream_key){BERN_FOR_EVAL_FIRING, 0, 0, 0});
	for (int i = 0; i < 300; i++) {
		for (int mode = BERN_SAMPLED; mode <= BERN_THRESHOLDED; mode++)
			ck_assert(t.lanes.mask[trial_act(&t, mode, &rng)]);
		trial_learn(&t, 1); /* lanes refuse what is not allowed */
		n[last_arm(&t, 0)]++;
	}
	ck_assert_double_eq(n[2], 0);
	ck_assert(n[0] > 0 && n[1] > 0 && n[3] > 0);
	trial_close(&t);
}
END_TEST

START_TEST(resumed_equals_unbroken)
{
	bern_env env = contexts();
	for (int forget = 0; forget < 2; forget++) {
		bern_agent_config config = trial_config(agents[_i]);
		config.num_envs = 3;
		config.num_steps = 4;
		config.forget = forget;
		trial_resumes(&arms, "10", &config, 7, 9);
		trial_resumes(&env, NULL, &config, 7, 9);
	}
}
END_TEST

START_TEST(stats_are_means_since_the_last_time)
{
	bern_agent_config config = trial_config("epsilon-greedy");
	bern_learn_stats stats;
	trial t;
	config.step_size = 0.5;
	config.num_steps = 1;
	trial_open(&t, &arms, "0", &config, 5);
	trial_learn(&t, 1);
	double first = pow(arms_reward(last_arm(&t, 0), 0), 2);
	t.agent->kind->stats(t.agent, &stats);
	ck_assert_uint_eq(stats.updates, 1);
	ck_assert_double_eq_tol(stats.value_loss, first, 1e-15);
	ck_assert_double_eq(stats.learning_rate, 0.5);
	ck_assert(isnan(stats.entropy) && isnan(stats.grad_norm) && isnan(stats.fire_rate));
	t.agent->kind->stats(t.agent, &stats);
	ck_assert_uint_eq(stats.updates, 0);
	ck_assert(isnan(stats.value_loss));
	trial_close(&t);
}
END_TEST

START_TEST(what_cannot_work_is_refused_in_a_sentence)
{
	bern_env real = arms;
	real.id = "Real-v0";
	real.open = real_open;
	for (int i = 0; i < AGENTS; i++) {
		char text[100];
		bern_agent_config config = trial_config(agents[i]);
		snprintf(text, sizeof text,
			 "%s needs DISCRETE observations, those of Real-v0 are BOX", agents[i]);
		trial_refused(&real, &config, text);
		config.num_envs = 0;
		trial_refused(&arms, &config, "num_envs is 0, allowed is [1, ");
	}
	bern_agent_config config = trial_config("epsilon-greedy");
	config.epsilon = 1.5;
	trial_refused(&arms, &config, "epsilon is 1.5, allowed is [0, 1]");
	config = trial_config("epsilon-greedy");
	config.step_size = NAN;
	trial_refused(&arms, &config, "step_size is nan, allowed is [0, 1]");
	config = trial_config("gradient-bandit");
	config.step_size = 0;
	trial_refused(&arms, &config, "step_size is 0, allowed is anything above 0");
	config = trial_config("ucb");
	config.ucb_c = -1;
	trial_refused(&arms, &config, "ucb_c is -1, allowed is [0,");
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("bandits");
	TCase *t = tcase_create("rules");
	tcase_add_test(t, step_size_0_is_the_sample_average_and_forgets_the_first_estimate);
	tcase_add_test(t, a_constant_step_size_weighs_rewards_as_a_geometric_series);
	tcase_add_loop_test(t, optimistic_estimates_make_every_arm_be_tried_first, 0, 8);
	tcase_add_test(t, explores_with_probability_epsilon_and_breaks_ties_evenly);
	tcase_add_loop_test(t, ucb_takes_the_arm_of_the_best_bound, 0, 4);
	tcase_add_loop_test(t, preferences_follow_equation_2_12, 0, 2);
	tcase_add_test(t, arms_are_drawn_from_the_softmax);
	tcase_add_test(t, lanes_update_with_the_probabilities_they_drew_from);
	tcase_add_loop_test(t, beta_arms_are_chosen_as_often_as_they_are_best, 0, 4);
	tcase_add_loop_test(t, gaussian_arms_are_chosen_as_often_as_they_are_best, 0, 2);
	tcase_add_test(t, thompson_takes_arms_for_bernoulli_until_another_reward);
	suite_add_tcase(s, t);
	t = tcase_create("all of them");
	tcase_add_loop_test(t, contexts_are_learned_apart, 0, AGENTS);
	tcase_add_loop_test(t, forgetting_agents_know_nothing_of_the_last_episode_or_the_next_lane,
			    0, AGENTS);
	tcase_add_loop_test(t, arms_that_are_not_allowed_are_never_chosen, 0, AGENTS);
	tcase_add_loop_test(t, resumed_equals_unbroken, 0, AGENTS);
	tcase_add_test(t, stats_are_means_since_the_last_time);
	tcase_add_test(t, what_cannot_work_is_refused_in_a_sentence);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
