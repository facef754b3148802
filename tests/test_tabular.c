/* Q-learning and Sarsa: updates against tables kept by the test itself, convergence against value iteration, ends of episodes. */
#include "agent_trial.h"
#include "table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- a small world ------------------------------------------------------------------------------------ */

/* Six states, three actions, no chance: from state s action a leads to (s + a*a + 1) mod 6 and pays as below; action 2 in
 * state 5 ends the episode. Episodes start anywhere. */
enum { STATES = 6, ACTIONS = 3 };

static int32_t follows(int32_t s, int32_t a)
{
	return (s + a * a + 1) % STATES;
}

static double pays(int32_t s, int32_t a)
{
	return 0.5 * ((s * 5 + a * 7) % 11) - 2;
}

static int ends(int32_t s, int32_t a)
{
	return s == 5 && a == 2;
}

typedef struct state {
	int32_t at, from, action, reached;
} state;

static const int32_t state_count[] = {STATES}, action_count[] = {ACTIONS}, one_value[] = {1};
static const char *const metrics[] = {"from", "action", "reached"};

static void reset(const void *model, void *memory, struct bern_rng *rng)
{
	(void)model;
	*(state *)memory = (state){(int32_t)bern_rng_below(rng, STATES), 0, 0, 0};
}

static void step(const void *model, void *memory, struct bern_rng *rng, const void *action,
		 bern_outcome *out)
{
	state *s = memory;
	(void)model;
	(void)rng;
	s->from = s->at;
	s->action = *(const int32_t *)action;
	s->at = s->reached = follows(s->from, s->action);
	out->reward = pays(s->from, s->action);
	if (ends(s->from, s->action))
		out->flags = BERN_TERMINATED;
}

static void observe(const void *model, const void *memory, void *observation)
{
	(void)model;
	*(int32_t *)observation = ((const state *)memory)->at;
}

static void read_metrics(const void *model, const void *memory, double *out)
{
	const state *s = memory;
	(void)model;
	out[0] = s->from;
	out[1] = s->action;
	out[2] = s->reached;
}

static int32_t open_small(const bern_value *values, bern_instance *out, char *err, size_t err_size)
{
	(void)values;
	(void)err;
	(void)err_size;
	out->state_size = sizeof(state);
	out->observation = (bern_space){.kind = BERN_DISCRETE, .count = 1, .sizes = state_count};
	out->action = (bern_space){.kind = BERN_DISCRETE, .count = 1, .sizes = action_count};
	return 0;
}

static const bern_env small = {
	.abi = BERN_ENV_ABI,
	.struct_size = sizeof(bern_env),
	.id = "Small-v0",
	.summary = "six states, three actions, no chance",
	.source = "this test",
	.metrics = metrics,
	.metric_count = 3,
	.open = open_small,
	.reset = reset,
	.step = step,
	.observe = observe,
	.read_metrics = read_metrics,
};

/* Actions are allowed as (state + action) mod 3 is not 0. */
static void some_allowed(const void *model, const void *memory, uint8_t *allowed)
{
	(void)model;
	for (int a = 0; a < ACTIONS; a++)
		allowed[a] = (((const state *)memory)->at + a) % 3 != 0;
}

/* One state, one action, reward 1; the episode ends with every step if `ending` is set. */
static int32_t open_single(const bern_value *values, bern_instance *out, char *err, size_t err_size)
{
	open_small(values, out, err, err_size);
	out->observation.sizes = out->action.sizes = one_value;
	return 0;
}

static void single_reset(const void *model, void *memory, struct bern_rng *rng)
{
	(void)model;
	(void)rng;
	*(state *)memory = (state){0, 0, 0, 0};
}

static void single_step(const void *model, void *memory, struct bern_rng *rng, const void *action,
			bern_outcome *out)
{
	(void)model;
	(void)memory;
	(void)rng;
	(void)action;
	out->reward = 1;
}

static void single_last_step(const void *model, void *memory, struct bern_rng *rng,
			     const void *action, bern_outcome *out)
{
	single_step(model, memory, rng, action, out);
	out->flags = BERN_TERMINATED;
}

static bern_env single(int ending)
{
	bern_env env = small;
	env.id = "Single-v0";
	env.metric_count = 0;
	env.metrics = NULL;
	env.read_metrics = NULL;
	env.open = open_single;
	env.reset = single_reset;
	env.step = ending ? single_last_step : single_step;
	return env;
}

static const char *const agents[] = {"q-learning", "sarsa"};
enum { AGENTS = 2 };

/* What lane b just did. */
typedef struct move {
	int32_t s, a, next;
	double reward;
	uint32_t flags;
} move;

static move move_of(const trial *t, size_t b)
{
	const double *m = t->lanes.metrics + 3 * b;
	return (move){(int32_t)m[0], (int32_t)m[1], (int32_t)m[2], t->lanes.reward[b],
		      t->lanes.flags[b]};
}

static double largest(const double q[ACTIONS])
{
	return fmax(q[0], fmax(q[1], q[2]));
}

/* ---- updates -------------------------------------------------------------------------------------------- */

/* A table of the test's own, of updates in lane order. Values stay below 10^3 and every update rounds a few times. */
enum { STEPS = 400, LANES = 3 };
#define TABLE_TOLERANCE (STEPS * LANES * 8 * 0x1p-53 * 1e3)

START_TEST(q_learning_moves_towards_the_best_next_action)
{
	bern_agent_config config = trial_config("q-learning");
	double q[STATES][ACTIONS], n[STATES][ACTIONS] = {{0}};
	trial t;
	config.num_envs = LANES;
	config.step_size = _i ? 0.3 : 0;
	config.gamma = 0.9;
	config.epsilon = 0.5;
	config.initial_value = 1.5;
	trial_open(&t, &small, "7", &config, (uint64_t)_i);
	const double *table = trial_tensor(&t, "policy.q");
	for (int i = 0; i < STATES * ACTIONS; i++)
		q[i / ACTIONS][i % ACTIONS] = 1.5;
	for (int i = 0; i < STEPS; i++) {
		trial_learn(&t, 1);
		for (size_t b = 0; b < LANES; b++) {
			move m = move_of(&t, b);
			double target = m.reward;
			if (!(m.flags & BERN_TERMINATED))
				target += 0.9 * largest(q[m.next]);
			double alpha = _i ? 0.3 : 1 / ++n[m.s][m.a];
			q[m.s][m.a] += alpha * (target - q[m.s][m.a]);
		}
		for (int k = 0; k < STATES * ACTIONS; k++)
			ck_assert_double_eq_tol(table[k], q[k / ACTIONS][k % ACTIONS],
						TABLE_TOLERANCE);
	}
	trial_close(&t);
}
END_TEST

START_TEST(sarsa_moves_towards_the_action_that_is_then_played)
{
	/* no time limit, so that every next action is played; an update is known one step later */
	bern_agent_config config = trial_config("sarsa");
	double q[STATES][ACTIONS] = {{0}};
	trial t;
	config.step_size = 0.3;
	config.gamma = 0.9;
	config.epsilon = 0.9;
	trial_open(&t, &small, "0", &config, 6);
	const double *table = trial_tensor(&t, "policy.q");
	trial_learn(&t, 1);
	move before = move_of(&t, 0);
	int ended = 0;
	for (int i = 0; i < STEPS; i++) {
		double seen[STATES][ACTIONS];
		memcpy(seen, table, sizeof seen);
		trial_learn(&t, 1);
		move now = move_of(&t, 0);
		double target = before.reward;
		if (before.flags & BERN_TERMINATED)
			ended++;
		else
			target += 0.9 * q[now.s][now.a];
		q[before.s][before.a] += 0.3 * (target - q[before.s][before.a]);
		for (int k = 0; k < STATES * ACTIONS; k++)
			ck_assert_double_eq_tol(seen[k / ACTIONS][k % ACTIONS],
						q[k / ACTIONS][k % ACTIONS], TABLE_TOLERANCE);
		before = now;
	}
	ck_assert_int_gt(ended, 5);
	trial_close(&t);
}
END_TEST

START_TEST(greedy_sarsa_is_q_learning_in_each_lane_after_the_other)
{
	/* with epsilon 0 and no ties the next action is the best one: its value is the maximum, for the last observation of a
	 * truncated episode too; lanes update in order, and each chooses from the table as the lanes before left it */
	bern_agent_config config = trial_config("sarsa");
	double q[STATES][ACTIONS];
	trial t;
	config.num_envs = LANES;
	config.step_size = 0.3;
	config.gamma = 0.9;
	config.epsilon = 0;
	trial_open(&t, &small, "5", &config, 6);
	double *table = trial_tensor(&t, "policy.q");
	for (int i = 0; i < STATES * ACTIONS; i++)
		table[i] = q[i / ACTIONS][i % ACTIONS] = sqrt(i + 2); /* no two alike */
	for (int i = 0; i < STEPS; i++) {
		trial_learn(&t, 1);
		for (size_t b = 0; b < LANES; b++) {
			move m = move_of(&t, b);
			double target = m.reward;
			if (!(m.flags & BERN_TERMINATED))
				target += 0.9 * largest(q[m.next]);
			q[m.s][m.a] += 0.3 * (target - q[m.s][m.a]);
		}
		for (int k = 0; k < STATES * ACTIONS; k++)
			ck_assert_double_eq_tol(table[k], q[k / ACTIONS][k % ACTIONS],
						TABLE_TOLERANCE);
	}
	trial_close(&t);
}
END_TEST

START_TEST(truncation_bootstraps_and_termination_does_not)
{
	/* alone in one state with reward 1 and step 1/2: termination gives the target 1, so q = 1 - 2^-n; a cut gives 1 + q/2, so
	 * q = 2 (1 - (3/4)^n); both from 0 */
	for (int ending = 0; ending < 2; ending++) {
		bern_agent_config config = trial_config(agents[_i]);
		bern_env env = single(ending);
		trial t;
		config.step_size = 0.5;
		config.gamma = 0.5;
		trial_open(&t, &env, "1", &config, 1);
		const double *q = trial_tensor(&t, "policy.q");
		for (int n = 1; n <= 30; n++) {
			trial_learn(&t, 1);
			/* the last step allowed may also end the episode: then the end decides */
			ck_assert_uint_eq(t.lanes.flags[0], BERN_TRUNCATED | (uint32_t)ending);
			ck_assert_double_eq_tol(
				q[0], ending ? 1 - pow(0.5, n) : 2 * (1 - pow(0.75, n)), 1e-14);
		}
		trial_close(&t);
	}
}
END_TEST

START_TEST(each_action_is_chosen_for_the_observation_it_answers)
{
	/* greedy, on a table that hardly moves: every action is its row's best, after the ends of episodes too */
	bern_agent_config config = trial_config(agents[_i]);
	trial t;
	config.num_envs = LANES;
	config.num_steps = 1;
	config.step_size = 1e-9;
	config.epsilon = 0;
	trial_open(&t, &small, "3", &config, 2);
	double *q = trial_tensor(&t, "policy.q");
	const int best[STATES] = {1, 2, 0, 2, 1, 2};
	for (int s = 0; s < STATES; s++)
		q[s * ACTIONS + best[s]] = 1;
	for (int i = 0; i < 200; i++) {
		trial_learn(&t, 1);
		for (size_t b = 0; b < LANES; b++)
			ck_assert_int_eq(move_of(&t, b).a, best[move_of(&t, b).s]);
	}
	trial_close(&t);
}
END_TEST

/* ---- convergence ----------------------------------------------------------------------------------------- */

/* The fixed point of q(s,a) = r + gamma max q(s',.), to 0.9^400 * 100 < 1e-16. */
static void value_iteration(double gamma, double q[STATES][ACTIONS])
{
	memset(q, 0, sizeof(double[STATES][ACTIONS]));
	for (int i = 0; i < 400; i++) {
		double old[STATES][ACTIONS];
		memcpy(old, q, sizeof old);
		for (int32_t s = 0; s < STATES; s++)
			for (int32_t a = 0; a < ACTIONS; a++)
				q[s][a] = pays(s, a) +
					  (ends(s, a) ? 0 : gamma * largest(old[follows(s, a)]));
	}
}

START_TEST(q_learning_converges_to_value_iteration_as_fast_as_it_must)
{
	/* Without chance an update takes the error of its pair from at most M to at most (1 - alpha) M + alpha gamma M, where M is
	 * the largest error of all, and raises none above M. So each sweep, in which every pair is updated at least once, shrinks the
	 * largest error by 1 - alpha (1 - gamma). */
	const double alpha = _i ? 0.5 : 1, gamma = 0.9;
	bern_agent_config config = trial_config("q-learning");
	double exact[STATES][ACTIONS], bound = 0;
	int updated[STATES][ACTIONS] = {{0}}, left = STATES * ACTIONS, sweeps = 0;
	trial t;
	config.step_size = alpha;
	config.gamma = gamma;
	config.epsilon = 1;
	trial_open(&t, &small, "20", &config, 3);
	const double *q = trial_tensor(&t, "policy.q");
	value_iteration(gamma, exact);
	for (int k = 0; k < STATES * ACTIONS; k++)
		bound = fmax(bound, fabs(exact[k / ACTIONS][k % ACTIONS]));
	while (sweeps < 600) {
		trial_learn(&t, 1);
		move m = move_of(&t, 0);
		left -= !updated[m.s][m.a]++;
		if (left)
			continue;
		memset(updated, 0, sizeof updated);
		left = STATES * ACTIONS;
		sweeps++;
		bound *= 1 - alpha * (1 - gamma);
		double error = 0;
		for (int k = 0; k < STATES * ACTIONS; k++)
			error = fmax(error, fabs(q[k] - exact[k / ACTIONS][k % ACTIONS]));
		/* roundings of values below 100, fed back by at most 1 / (1 - gamma) */
		ck_assert_msg(error <= bound + 1e-12, "after %d sweeps the error is %g, above %g",
			      sweeps, error, bound);
	}
	ck_assert_double_lt(bound, 1e-11);
	trial_close(&t);
}
END_TEST

/* ---- choices ------------------------------------------------------------------------------------------- */

START_TEST(sampled_explores_and_the_other_modes_are_greedy)
{
	bern_agent_config config = trial_config(agents[_i]);
	const int N = 30000;
	double n[ACTIONS] = {0}, greedy[ACTIONS] = {0};
	trial t;
	config.epsilon = 0.3;
	trial_open(&t, &small, "0", &config, 1);
	const double row[ACTIONS] = {2, -1, 2};
	double *table = trial_tensor(&t, "policy.q");
	memcpy(table + (size_t)t.lanes.index[0] * ACTIONS, row, sizeof row);
	bern_firing_rng rng;
	bern_firing_rng_stream(&rng, 9, (bern_stream_key){BERN_FOR_EVAL_FIRING, 0, 0, 0});
	for (int i = 0; i < N; i++) {
		n[trial_act(&t, BERN_SAMPLED, &rng)]++;
		greedy[trial_act(&t, i % 2 ? BERN_MEAN_FIELD : BERN_THRESHOLDED, &rng)]++;
	}
	ASSERT_FREQUENCY(n[0], N, 0.45);
	ASSERT_FREQUENCY(n[1], N, 0.1);
	ASSERT_FREQUENCY(greedy[0], N, 0.5);
	ck_assert_double_eq(greedy[1], 0);
	trial_close(&t);
}
END_TEST

START_TEST(actions_that_are_not_allowed_are_neither_played_nor_expected)
{
	/* q-learning: what is not allowed keeps its first value, so high that any target that took it in would show */
	bern_agent_config config = trial_config(agents[_i]);
	bern_env env = small;
	trial t;
	env.id = "Masked-v0";
	env.mask = some_allowed;
	config.num_envs = 2;
	config.epsilon = 0.3;
	config.gamma = 0.5;
	trial_open(&t, &env, "0", &config, 4);
	double *q = trial_tensor(&t, "policy.q");
	for (int k = 0; k < STATES * ACTIONS; k++)
		if ((k / ACTIONS + k % ACTIONS) % 3 == 0)
			q[k] = 1e6;
	trial_learn(&t, 2000); /* lanes refuse what is not allowed */
	for (int k = 0; k < STATES * ACTIONS; k++)
		if ((k / ACTIONS + k % ACTIONS) % 3 == 0)
			ck_assert_double_eq(q[k], 1e6);
		else
			ck_assert_double_lt(fabs(q[k]), 8); /* rewards within 4, over 1 - gamma */
	trial_close(&t);
}
END_TEST

START_TEST(resumed_equals_unbroken)
{
	bern_agent_config config = trial_config(agents[_i]);
	config.num_envs = 3;
	config.num_steps = 5;
	config.step_size = 0;
	config.epsilon = 0.4;
	trial_resumes(&small, "7", &config, 6, 8);
}
END_TEST

static int32_t open_binary(const bern_value *values, bern_instance *out, char *err, size_t err_size)
{
	open_small(values, out, err, err_size);
	out->action = (bern_space){.kind = BERN_MULTI_BINARY, .count = 2};
	return 0;
}

static int32_t open_real(const bern_value *values, bern_instance *out, char *err, size_t err_size)
{
	open_small(values, out, err, err_size);
	out->observation = (bern_space){.kind = BERN_BOX, .count = 3};
	return 0;
}

START_TEST(what_cannot_work_is_refused_in_a_sentence)
{
	char text[100];
	bern_agent_config config = trial_config(agents[_i]);
	bern_env other = small;
	other.id = "Other-v0";
	other.open = open_real;
	snprintf(text, sizeof text, "%s needs DISCRETE observations, those of Other-v0 are BOX",
		 agents[_i]);
	trial_refused(&other, &config, text);
	other.open = open_binary;
	snprintf(text, sizeof text, "%s needs DISCRETE actions, those of Other-v0 are MULTI_BINARY",
		 agents[_i]);
	trial_refused(&other, &config, text);
	config.gamma = 1.01;
	trial_refused(&small, &config, "gamma is 1.01, allowed is [0, 1]");
	config.gamma = 1;
	config.step_size = 2;
	trial_refused(&small, &config, "step_size is 2, allowed is [0, 1]");
	config.step_size = 1;
	config.epsilon = -0.5;
	trial_refused(&small, &config, "epsilon is -0.5, allowed is [0, 1]");
	config.epsilon = 0;
	config.num_steps = 0;
	trial_refused(&small, &config, "num_steps is 0, allowed is [1, ");
}
END_TEST

/* Rewards near the largest double can make values infinite, then NaN, before an update is over and says so. */
START_TEST(values_that_are_no_numbers_still_give_an_allowed_action)
{
	static const double values[][3] = {{NAN, NAN, NAN},
					   {1, NAN, 2},
					   {-INFINITY, -INFINITY, -INFINITY},
					   {NAN, INFINITY, 0}};
	static const uint8_t mask[3] = {0, 1, 1};
	bern_firing_rng rng;
	bern_firing_rng_stream(&rng, 1, (bern_stream_key){.purpose = BERN_FOR_FIRING});
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
		for (int n = 0; n < 20; n++) {
			draws d;
			draws_begin(&d, &rng);
			int32_t a = bern_pick_best(values[i], mask, 3, &d);
			ck_assert_msg(a == 1 || a == 2, "case %zu: action %d", i, (int)a);
		}
}
END_TEST

START_TEST(lanes_of_another_number_are_refused)
{
	bern_agent_config config = trial_config(agents[_i]);
	bern_lanes two;
	trial t;
	trial_open(&t, &small, NULL, &config, 1);
	TRIAL_OK(&t, bern_lanes_init(&two, &t.world, 2, 1, BERN_FOR_ENVIRONMENT, 0, &t.e));
	TRIAL_OK(&t, bern_lanes_reset(&two, &t.e));
	ck_assert_int_eq(t.agent->kind->learn(t.agent, &two, &t.e), BERN_EUSAGE);
	ck_assert_ptr_nonnull(strstr(t.e.text, "made for 1 lanes of Small-v0, given are 2"));
	bern_lanes_finish(&two);
	trial_close(&t);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("tabular");
	TCase *t = tcase_create("updates");
	tcase_add_loop_test(t, q_learning_moves_towards_the_best_next_action, 0, 2);
	tcase_add_test(t, sarsa_moves_towards_the_action_that_is_then_played);
	tcase_add_test(t, greedy_sarsa_is_q_learning_in_each_lane_after_the_other);
	tcase_add_loop_test(t, truncation_bootstraps_and_termination_does_not, 0, AGENTS);
	tcase_add_loop_test(t, each_action_is_chosen_for_the_observation_it_answers, 0, AGENTS);
	tcase_add_loop_test(t, q_learning_converges_to_value_iteration_as_fast_as_it_must, 0, 2);
	suite_add_tcase(s, t);
	t = tcase_create("choices and the rest");
	tcase_add_loop_test(t, sampled_explores_and_the_other_modes_are_greedy, 0, AGENTS);
	tcase_add_loop_test(t, actions_that_are_not_allowed_are_neither_played_nor_expected, 0,
			    AGENTS);
	tcase_add_loop_test(t, resumed_equals_unbroken, 0, AGENTS);
	tcase_add_loop_test(t, what_cannot_work_is_refused_in_a_sentence, 0, AGENTS);
	tcase_add_test(t, values_that_are_no_numbers_still_give_an_allowed_action);
	tcase_add_loop_test(t, lanes_of_another_number_are_refused, 0, AGENTS);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
