/* Evaluation of a made-up agent in a made-up environment whose returns are known beforehand. */
#include "evaluate.h"

#include <bern/env.h>

#include <check.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- an environment: its episode's first 64 bits decide its length, return and end ----------------------- */

typedef struct fate {
	uint64_t word, at, length;
	double action_sum;
} fate;

static uint64_t length_of(uint64_t word)
{
	return 1 + word % 37;
}

static int32_t env_open(const bern_value *values, bern_instance *out, char *err, size_t size)
{
	static const int32_t sizes[] = {5};
	(void)err;
	(void)size;
	out->state_size = sizeof(fate);
	out->observation = (bern_space){.kind = BERN_BOX, .count = 2};
	out->action = (bern_space){.kind = BERN_DISCRETE, .count = 1, .sizes = sizes};
	out->max_return = 40;
	out->has_max_return = (int32_t)values[0].i;
	return 0;
}

static void env_reset(const void *model, void *state, struct bern_rng *rng)
{
	fate *s = state;
	(void)model;
	memset(s, 0, sizeof *s);
	s->word = bern_rng_u64(rng);
	s->length = length_of(s->word);
}

static void env_step(const void *model, void *state, struct bern_rng *rng, const void *action,
		     bern_outcome *out)
{
	fate *s = state;
	(void)model;
	(void)rng;
	s->at++;
	out->reward = 1 + 0.125 * *(const int32_t *)action;
	if (s->word % 11 == 10)
		return; /* goes on until the host cuts it */
	if (s->at == s->length)
		out->flags = s->word % 3 == 0   ? BERN_TRUNCATED
			     : s->word % 3 == 1 ? BERN_TERMINATED
						: (uint32_t)(BERN_TERMINATED | BERN_TRUNCATED);
}

static void env_observe(const void *model, const void *state, void *observation)
{
	const fate *s = state;
	float *obs = observation;
	(void)model;
	obs[0] = (float)s->at;
	obs[1] = (float)(s->word % 16777216);
}

static const bern_param env_params[] = {
	{"bounded", "whether the best return is told", BERN_BOOL, 0, "true", 0, 0, NULL}};
static const bern_env env = {.abi = BERN_ENV_ABI,
			     .struct_size = sizeof(bern_env),
			     .id = "Fate-v0",
			     .summary = "episodes known beforehand",
			     .source = "this file",
			     .params = env_params,
			     .param_count = 1,
			     .open = env_open,
			     .reset = env_reset,
			     .step = env_step,
			     .observe = env_observe};
static const bern_env *const env_list[] = {&env};
static const bern_plugin plugin = {BERN_ENV_ABI, 1, env_list};

typedef struct place {
	bern_registry *registry;
	bern_world world;
} place;

static void place_open(place *p, const char *bounded)
{
	bern_error e = {0};
	const bern_env *found;
	bern_setting setting = {"bounded", bounded};
	ck_assert_msg(bern_registry_create(&p->registry, &e) == 0, "%s", e.text);
	ck_assert_msg(bern_registry_adopt(p->registry, &plugin, "test", &e) == 0, "%s", e.text);
	ck_assert_msg(bern_registry_find(p->registry, "Fate-v0", &found, &e) == 0, "%s", e.text);
	ck_assert_msg(bern_world_open(&p->world, found, &setting, 1, &e) == 0, "%s", e.text);
}

static void place_close(place *p)
{
	bern_world_finish(&p->world);
	bern_registry_destroy(p->registry);
}

/* ---- an agent that draws its action from the lane's firings ---------------------------------------------- */

typedef struct fake {
	bern_agent head;
	uint64_t calls, rows;
	int32_t mode;
	int32_t constant; /* action to take; -1: drawn */
	uint64_t misled;  /* lanes that were out of order, not there or not running */
} fake;

static void fake_act(bern_agent *agent, const bern_lanes *lanes, const size_t *which, size_t count,
		     int32_t mode, bern_firing_rng *firing, float *memory, void *actions)
{
	fake *f = (fake *)(void *)agent;
	int32_t *action = actions;
	(void)memory;
	f->calls++;
	f->rows += count;
	f->mode = mode;
	for (size_t i = 0; i < count; i++) {
		uint32_t words[BERN_LEAPS];
		f->misled += (i > 0 && which[i] <= which[i - 1]) || which[i] >= lanes->count ||
			     !bern_lanes_running(lanes, which[i]);
		bern_firing_rng_next(&firing[which[i]], words);
		action[which[i]] = f->constant >= 0 ? f->constant : (int32_t)(words[3] % 5);
	}
}

static const bern_agent_kind fake_kind = {.name = "fake", .act = fake_act};

/* ---- what must come out, worked out one episode at a time -------------------------------------------------- */

#define LIMIT 50

typedef struct known {
	double total;
	uint64_t length;
	int terminated;
} known;

static known foresee(const bern_eval_plan *plan, uint64_t episode, int32_t constant)
{
	bern_rng rng;
	bern_firing_rng firing;
	known k = {0};
	if (plan->is_look)
		bern_rng_stream(
			&rng, plan->seed,
			(bern_stream_key){BERN_FOR_LOOK_ENVIRONMENT, plan->look, 0, episode});
	else
		bern_rng_seed(&rng, plan->seed + episode);
	bern_firing_rng_stream(
		&firing, plan->seed,
		(bern_stream_key){plan->is_look ? BERN_FOR_LOOK_FIRING : BERN_FOR_EVAL_FIRING,
				  plan->is_look ? plan->look : 0, 0, episode});
	uint64_t word = bern_rng_u64(&rng);
	int endless = word % 11 == 10;
	k.length = endless ? LIMIT : length_of(word);
	k.terminated = !endless && word % 3 != 0;
	for (uint64_t i = 0; i < k.length; i++) {
		uint32_t words[BERN_LEAPS];
		bern_firing_rng_next(&firing, words);
		k.total += 1 + 0.125 * (constant >= 0 ? constant : (int32_t)(words[3] % 5));
	}
	return k;
}

static void evaluate(const place *p, size_t lanes, fake *agent, const bern_eval_plan *plan,
		     bern_eval_result *result)
{
	bern_evaluator *evaluator;
	bern_error e = {0};
	ck_assert_msg(bern_evaluator_create_lanes(&evaluator, &p->world, lanes, &e) == 0, "%s",
		      e.text);
	ck_assert_msg(bern_evaluate(evaluator, &agent->head, plan, result, &e) == 0, "%s", e.text);
	ck_assert_uint_eq(agent->misled, 0);
	bern_evaluator_destroy(evaluator);
}

#define MOST 203
static const size_t lane_counts[] = {1, 3, 16, 64};

START_TEST(episodes_are_those_of_their_own_seeds_whatever_the_number_of_lanes)
{
	place p;
	bern_eval_plan plan = {.episodes = _i % 2 ? MOST : 7,
			       .seed = _i == 2 ? 18446744073709551615u : 7,
			       .mode = BERN_SAMPLED,
			       .is_look = _i >= 3,
			       .look = (uint32_t)_i,
			       .max_episode_steps = LIMIT};
	place_open(&p, "true");
	for (size_t c = 0; c < 4; c++) {
		double returns[MOST];
		uint64_t lengths[MOST], steps = 0, terminated = 0;
		bern_eval_result result = {.returns = returns, .lengths = lengths};
		fake agent = {.head = {&fake_kind}, .constant = -1};
		evaluate(&p, lane_counts[c], &agent, &plan, &result);
		ck_assert_uint_eq(result.episodes, plan.episodes);
		ck_assert_int_eq(result.given_up, 0);
		for (uint64_t i = 0; i < plan.episodes; i++) {
			known k = foresee(&plan, i, -1);
			ck_assert_msg(returns[i] == k.total && lengths[i] == k.length,
				      "episode %" PRIu64 " from %zu lanes: %g in %" PRIu64
				      " steps, not %g in %" PRIu64,
				      i, lane_counts[c], returns[i], lengths[i], k.total, k.length);
			steps += k.length;
			terminated += (uint64_t)k.terminated;
		}
		ck_assert_uint_eq(result.steps, steps);
		ck_assert_uint_eq(agent.rows, steps);
		ck_assert_double_eq(result.mean_length, (double)steps / (double)plan.episodes);
		ck_assert_double_eq(result.success, (double)terminated / (double)plan.episodes);
		if (plan.episodes == MOST)
			ck_assert(result.success > 0.3 && result.success < 0.9);
	}
	place_close(&p);
}
END_TEST

/* Counts the steps of an episode in its memory, and takes that as its action. */
static void count_act(bern_agent *agent, const bern_lanes *lanes, const size_t *which, size_t count,
		      int32_t mode, bern_firing_rng *firing, float *memory, void *actions)
{
	int32_t *action = actions;
	(void)agent;
	(void)lanes;
	(void)mode;
	(void)firing;
	for (size_t i = 0; i < count; i++) {
		float *own = memory + which[i] * 3; /* (3) */
		action[which[i]] = (int32_t)own[2] % 5;
		ck_assert(own[0] == own[2] && own[1] == -own[2]);
		own[0] += 1;
		own[1] -= 1;
		own[2] += 1;
	}
}

static size_t three_floats(const bern_agent *agent)
{
	(void)agent;
	return 3;
}

static const bern_agent_kind counting_kind = {
	.name = "counting", .act = count_act, .memory_size = three_floats};

START_TEST(memory_is_each_lane_s_own_and_zero_where_an_episode_starts)
{
	place p;
	double returns[MOST];
	bern_evaluator *evaluator;
	bern_error e = {0};
	bern_eval_plan plan = {.episodes = MOST, .seed = 9, .max_episode_steps = LIMIT};
	place_open(&p, "true");
	ck_assert_int_eq(bern_evaluator_create_lanes(&evaluator, &p.world, lane_counts[_i], &e), 0);
	for (int again = 0; again < 2; again++) {
		fake agent = {.head = {&counting_kind}};
		bern_eval_result result = {.returns = returns};
		ck_assert_msg(bern_evaluate(evaluator, &agent.head, &plan, &result, &e) == 0, "%s",
			      e.text);
		for (uint64_t i = 0; i < MOST; i++) {
			double total = 0;
			for (uint64_t n = 0; n < foresee(&plan, i, -1).length; n++)
				total += 1 + 0.125 * (double)(n % 5);
			ck_assert_double_eq(returns[i], total);
		}
	}
	bern_evaluator_destroy(evaluator);
	place_close(&p);
}
END_TEST

START_TEST(looks_and_evaluations_differ_from_each_other)
{
	place p;
	double returns[4][40];
	bern_eval_plan plans[4] = {{.seed = 7},
				   {.seed = 7, .is_look = 1, .look = 0},
				   {.seed = 7, .is_look = 1, .look = 1},
				   {.seed = 8, .is_look = 1, .look = 1}};
	place_open(&p, "true");
	for (int k = 0; k < 4; k++) {
		fake agent = {.head = {&fake_kind}, .constant = -1};
		bern_eval_result result = {.returns = returns[k]};
		plans[k].episodes = 40;
		plans[k].max_episode_steps = LIMIT;
		evaluate(&p, 16, &agent, &plans[k], &result);
		for (int other = 0; other < k; other++)
			ck_assert_mem_ne(returns[k], returns[other], sizeof returns[k]);
	}
	place_close(&p);
}
END_TEST

START_TEST(mean_deviation_and_interval_are_those_of_the_returns)
{
	place p;
	double returns[100];
	bern_eval_plan plan = {.episodes = 100, .seed = 3, .max_episode_steps = LIMIT};
	bern_eval_result r = {.returns = returns};
	fake agent = {.head = {&fake_kind}, .constant = -1};
	place_open(&p, "true");
	evaluate(&p, 16, &agent, &plan, &r);
	long double sum = 0, squares = 0, low = INFINITY, high = -INFINITY;
	for (int i = 0; i < 100; i++) {
		long double x = foresee(&plan, (uint64_t)i, -1).total;
		sum += x;
		squares += x * x;
		low = x < low ? x : low;
		high = x > high ? x : high;
	}
	long double mean = sum / 100, deviation = sqrtl((squares - sum * sum / 100) / 99);
	/* sums of 100 numbers near 20, squares near 4e4, in double and long double: 1e-12 is generous */
	ck_assert_double_eq_tol(r.mean, (double)mean, 1e-12);
	ck_assert_double_eq_tol(r.deviation, (double)deviation, 1e-11);
	ck_assert_double_eq(r.minimum, (double)low);
	ck_assert_double_eq(r.maximum, (double)high);
	/* t of 99 degrees of freedom from a printed table, to its last digit */
	double half = 1.984216952 * (double)deviation / 10;
	ck_assert_double_eq_tol(r.low, (double)mean - half, 1e-8);
	ck_assert_double_eq_tol(r.high, (double)mean + half, 1e-8);
	place_close(&p);
}
END_TEST

START_TEST(one_episode_has_a_mean_and_no_interval)
{
	place p;
	bern_eval_plan plan = {.episodes = 1, .seed = 3, .max_episode_steps = LIMIT};
	bern_eval_result r = {0};
	fake agent = {.head = {&fake_kind}, .constant = 2};
	place_open(&p, "true");
	evaluate(&p, 16, &agent, &plan, &r);
	ck_assert_double_eq(r.mean, foresee(&plan, 0, 2).total);
	ck_assert(isnan(r.deviation) && isnan(r.low) && isnan(r.high));
	place_close(&p);
}
END_TEST

START_TEST(hope_is_given_up_at_the_first_episode_that_decides_and_not_before)
{
	place p;
	place_open(&p, "true");
	for (size_t c = 0; c < 4; c++)
		for (double target = 5; target < 40; target += 2.5) {
			double returns[MOST];
			bern_eval_plan plan = {.episodes = MOST,
					       .seed = 11,
					       .has_target = 1,
					       .target = target,
					       .max_episode_steps = LIMIT};
			bern_eval_result r = {.returns = returns};
			fake agent = {.head = {&fake_kind}, .constant = 0};
			evaluate(&p, lane_counts[c], &agent, &plan, &r);
			uint64_t want = 0, steps = 0;
			double sum = 0;
			while (want < MOST) {
				known k = foresee(&plan, want++, 0);
				sum += k.total;
				steps += k.length;
				if (sum + 40 * (double)(MOST - want) < target * MOST)
					break;
			}
			ck_assert_uint_eq(r.episodes, want);
			ck_assert_int_eq(r.given_up, want < MOST);
			ck_assert_uint_eq(r.steps, steps);
			ck_assert_double_eq_tol(r.mean, sum / (double)want, 1e-12);
			/* work is saved, except what other lanes had begun: at most an episode each */
			ck_assert_uint_le(agent.rows, steps + lane_counts[c] * LIMIT * 3);
		}
	place_close(&p);
}
END_TEST

START_TEST(without_a_bound_or_a_target_all_episodes_are_played)
{
	place p;
	bern_eval_plan plan = {.episodes = 50, .max_episode_steps = LIMIT, .target = 1e6};
	bern_eval_result r = {0};
	fake agent = {.head = {&fake_kind}, .constant = 0};
	place_open(&p, "true");
	evaluate(&p, 16, &agent, &plan, &r);
	ck_assert_uint_eq(r.episodes, 50);
	place_close(&p);
	plan.has_target = 1;
	place_open(&p, "false");
	evaluate(&p, 16, &agent, &plan, &r);
	ck_assert_uint_eq(r.episodes, 50);
	ck_assert_int_eq(r.given_up, 0);
	place_close(&p);
}
END_TEST

START_TEST(a_target_that_only_the_best_returns_reach_is_not_given_up_for_a_rounding)
{
	/* every return is 40 at most; a mean of the largest return can still be reached while all have it */
	place p;
	bern_eval_plan plan = {.episodes = 50, .has_target = 1, .max_episode_steps = 3};
	bern_eval_result r = {0};
	fake agent = {.head = {&fake_kind}, .constant = 0};
	place_open(&p, "true");
	p.world.instance.max_return = 0.1 + 0.2;
	plan.target = 0.3;
	evaluate(&p, 16, &agent, &plan, &r);
	ck_assert_int_eq(r.given_up, 0);
	p.world.instance.max_return = 1;
	plan.target = 3.0000001;
	evaluate(&p, 16, &agent, &plan, &r);
	ck_assert_int_eq(r.given_up, 1);
	place_close(&p);
}
END_TEST

START_TEST(the_limit_of_the_plan_is_for_environments_without_one)
{
	place p;
	uint64_t lengths[60];
	bern_eval_plan plan = {.episodes = 60, .max_episode_steps = 5};
	bern_eval_result r = {.lengths = lengths};
	fake agent = {.head = {&fake_kind}, .constant = 0};
	place_open(&p, "true");
	for (uint64_t own = 0; own <= 20; own += 20) {
		uint64_t limit = own ? own : 5;
		p.world.instance.max_steps = own;
		evaluate(&p, 16, &agent, &plan, &r);
		for (uint64_t i = 0; i < 60; i++) {
			/* LIMIT, of endless episodes, is longer than both */
			known k = foresee(&plan, i, 0);
			ck_assert_uint_eq(lengths[i], k.length < limit ? k.length : limit);
		}
	}
	place_close(&p);
}
END_TEST

START_TEST(an_evaluator_can_be_used_again_after_giving_up)
{
	place p;
	bern_evaluator *evaluator;
	bern_error e;
	double first[60], second[60];
	fake agent = {.head = {&fake_kind}, .constant = -1};
	bern_eval_plan plan = {.episodes = 60, .seed = 5, .max_episode_steps = LIMIT};
	bern_eval_plan hopeless = plan;
	bern_eval_result r = {.returns = first};
	hopeless.has_target = 1;
	hopeless.target = 39;
	hopeless.episodes = 20;
	place_open(&p, "true");
	ck_assert_int_eq(bern_evaluator_create(&evaluator, &p.world, &e), 0);
	ck_assert_int_eq(bern_evaluate(evaluator, &agent.head, &hopeless, &r, &e), 0);
	ck_assert_int_eq(r.given_up, 1);
	ck_assert_int_eq(bern_evaluate(evaluator, &agent.head, &plan, &r, &e), 0);
	r.returns = second;
	plan.mode = BERN_THRESHOLDED;
	ck_assert_int_eq(bern_evaluate(evaluator, &agent.head, &plan, &r, &e), 0);
	ck_assert_int_eq(agent.mode, BERN_THRESHOLDED);
	ck_assert_mem_eq(first, second, sizeof first);
	for (uint64_t i = 0; i < 60; i++)
		ck_assert_double_eq(first[i], foresee(&plan, i, -1).total);
	plan.episodes = 0;
	ck_assert_int_eq(bern_evaluate(evaluator, &agent.head, &plan, &r, &e), BERN_EUSAGE);
	ck_assert_str_eq(e.text, "evaluation: 0 episodes, at least 1 is needed");
	plan.episodes = UINT64_MAX / 2;
	ck_assert_int_eq(bern_evaluate(evaluator, &agent.head, &plan, &r, &e), BERN_EMEMORY);
	plan.episodes = 60;
	ck_assert_int_eq(bern_evaluate(evaluator, &agent.head, &plan, &r, &e), 0);
	ck_assert_mem_eq(first, second, sizeof first);
	/* what the agent or the environment does wrong is said */
	agent.constant = 5;
	ck_assert_int_eq(bern_evaluate(evaluator, &agent.head, &plan, &r, &e), BERN_EUSAGE);
	ck_assert_msg(strstr(e.text, "evaluation: ") == e.text, "%s", e.text);
	bern_evaluator_destroy(evaluator);
	bern_evaluator_destroy(NULL);
	place_close(&p);
}
END_TEST

/* ---- watching --------------------------------------------------------------------------------------------- */

typedef struct witness {
	fake *agent;
	uint64_t episode, t, ended,
		stop_at; /* where it must be next; steps until an error, 0: none */
	uint64_t steps;
	double total;
} witness;

static void watch_act(void *user, const bern_lanes *lanes, int32_t mode, bern_firing_rng *firing,
		      float *memory, void *action)
{
	const witness *w = user;
	const size_t only = 0;
	fake_act(&w->agent->head, lanes, &only, 1, mode, firing, memory, action);
}

static int32_t watch_step(void *user, uint64_t episode, uint64_t t, const bern_lanes *lanes,
			  const void *action, int ends, bern_error *e)
{
	witness *w = user;
	ck_assert_uint_eq(episode, w->episode);
	ck_assert_uint_eq(t, w->t);
	ck_assert_double_eq(lanes->reward[0], 1 + 0.125 * *(const int32_t *)action);
	ck_assert_int_eq(ends, lanes->flags[0] != 0 || t + 1 == LIMIT);
	w->total += lanes->reward[0];
	w->steps++;
	w->t = ends ? 0 : t + 1;
	w->episode += ends ? 1 : 0;
	w->ended += ends ? 1 : 0;
	return w->steps == w->stop_at ? bern_fail(e, BERN_EIO, "the disk is full") : BERN_OK;
}

START_TEST(a_watched_evaluation_is_the_same_and_every_step_of_it_is_seen_in_order)
{
	place p;
	bern_error e = {0};
	bern_evaluator *evaluator;
	bern_eval_result plain = {0}, watched = {0};
	const bern_eval_plan plan = {
		.episodes = MOST, .seed = 7, .mode = BERN_SAMPLED, .max_episode_steps = LIMIT};
	place_open(&p, "true");
	fake alone = {.head.kind = &fake_kind, .constant = -1};
	fake seen = alone;
	witness w = {.agent = &seen};
	const bern_eval_watcher watcher = {&w, watch_act, watch_step};
	evaluate(&p, 16, &alone, &plan, &plain);
	ck_assert_int_eq(bern_evaluator_create_lanes(&evaluator, &p.world, 1, &e), 0);
	ck_assert_int_eq(
		bern_evaluate_watched(evaluator, &seen.head, &plan, &watcher, &watched, &e), 0);
	ck_assert_uint_eq(seen.misled, 0);
	ck_assert_uint_eq(w.ended, MOST);
	ck_assert_uint_eq(w.steps, plain.steps);
	ck_assert_uint_eq(watched.steps, plain.steps);
	ck_assert_uint_eq(watched.episodes, plain.episodes);
	ck_assert_double_eq(watched.mean, plain.mean);
	ck_assert_double_eq(watched.deviation, plain.deviation);
	ck_assert_double_eq(watched.success, plain.success);
	ck_assert_double_eq_tol(w.total, plain.mean * MOST, 1e-9 * w.total);

	/* an error of the watcher ends it */
	w = (witness){.agent = &seen, .stop_at = 10};
	ck_assert_int_eq(
		bern_evaluate_watched(evaluator, &seen.head, &plan, &watcher, &watched, &e),
		BERN_EIO);
	ck_assert_uint_eq(w.steps, 10);
	ck_assert_ptr_nonnull(strstr(e.text, "the disk is full"));
	bern_evaluator_destroy(evaluator);

	/* and more than one lane can't be watched */
	ck_assert_int_eq(bern_evaluator_create_lanes(&evaluator, &p.world, 16, &e), 0);
	ck_assert_int_eq(
		bern_evaluate_watched(evaluator, &seen.head, &plan, &watcher, &watched, &e),
		BERN_EUSAGE);
	ck_assert_ptr_nonnull(strstr(e.text, "1 lane, not 16"));
	bern_evaluator_destroy(evaluator);
	place_close(&p);
}
END_TEST

START_TEST(quantiles_of_student_are_those_of_the_tables)
{
	/* two-sided 95%, from printed tables */
	static const struct {
		uint64_t freedom;
		double t;
	} table[] = {{1, 12.7062047364}, {2, 4.3026527297},    {3, 3.1824463053},
		     {4, 2.7764451052},  {5, 2.5705818356},    {6, 2.4469118511},
		     {7, 2.3646242516},  {8, 2.3060041352},    {9, 2.2621571628},
		     {10, 2.2281388520}, {19, 2.0930240544},   {20, 2.0859634473},
		     {29, 2.0452296421}, {30, 2.0422724563},   {60, 2.0002978220},
		     {99, 1.9842169516}, {100, 1.9839715185},  {200, 1.9718962236},
		     {201, 1.9718365},   {1000, 1.9623390808}, {1000000000, 1.959963987}};
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		ck_assert_msg(fabs(bern_student_95(table[i].freedom) - table[i].t) < 1e-6,
			      "%" PRIu64 ": %.10f, not %.10f", table[i].freedom,
			      bern_student_95(table[i].freedom), table[i].t);
	for (uint64_t v = 1; v < 2000; v++)
		ck_assert_double_gt(bern_student_95(v), bern_student_95(v + 1));
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("evaluate");
	TCase *t = tcase_create("episodes");
	tcase_add_loop_test(t, episodes_are_those_of_their_own_seeds_whatever_the_number_of_lanes,
			    0, 5);
	tcase_add_loop_test(t, memory_is_each_lane_s_own_and_zero_where_an_episode_starts, 0, 4);
	tcase_add_test(t, looks_and_evaluations_differ_from_each_other);
	tcase_add_test(t, mean_deviation_and_interval_are_those_of_the_returns);
	tcase_add_test(t, one_episode_has_a_mean_and_no_interval);
	tcase_add_test(t, hope_is_given_up_at_the_first_episode_that_decides_and_not_before);
	tcase_add_test(t, without_a_bound_or_a_target_all_episodes_are_played);
	tcase_add_test(t, a_target_that_only_the_best_returns_reach_is_not_given_up_for_a_rounding);
	tcase_add_test(t, the_limit_of_the_plan_is_for_environments_without_one);
	tcase_add_test(t, an_evaluator_can_be_used_again_after_giving_up);
	tcase_add_test(t, a_watched_evaluation_is_the_same_and_every_step_of_it_is_seen_in_order);
	tcase_add_test(t, quantiles_of_student_are_those_of_the_tables);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
