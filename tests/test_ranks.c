/* Ranks change nothing: what an agent learns, the episodes that rank 0 reports and the sentence of what goes wrong are the same bytes for
 * any number of them. Here they are threads of the test (fake_ranks.h), each with lanes and an agent of its own. Run it under
 * ThreadSanitizer too. */
#include "agent_trial.h"
#include "fake_ranks.h"
#include "frail.h"

#include <bern/builtin.h>

#include <check.h>
#include <stdio.h>

static const bern_env *find(const char *id)
{
	const bern_plugin *plugin;
	if (strcmp(id, frail_env.id) == 0)
		return &frail_env;
	for (size_t i = 0; (plugin = bern_builtin_plugin(i)); i++)
		for (size_t k = 0; k < plugin->count; k++)
			if (strcmp(plugin->envs[k]->id, id) == 0)
				return plugin->envs[k];
	ck_abort_msg("no environment is called %s", id);
	return NULL;
}

/* ---- what is compared -------------------------------------------------------------------------------------- */

#define FNV 1099511628211u

static uint64_t add_bytes(uint64_t hash, const void *data, size_t size)
{
	const unsigned char *bytes = data;
	for (size_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * FNV;
	return hash;
}

typedef struct seen {
	uint64_t hash, episodes, metrics;
} seen;

static void on_episode(void *user, const bern_episode *episode)
{
	seen *s = user;
	uint64_t words[] = {episode->lane, episode->index, episode->length, episode->flags};
	s->episodes++;
	s->hash = add_bytes(s->hash, words, sizeof words);
	s->hash = add_bytes(s->hash, &episode->total, sizeof episode->total);
	s->hash = add_bytes(s->hash, episode->metrics, s->metrics * sizeof(double));
}

static void take_number(void *user, const char *what, size_t layer, double x)
{
	uint64_t *hash = user;
	*hash = add_bytes(*hash, what, strlen(what));
	*hash = add_bytes(*hash, &layer, sizeof layer);
	*hash = add_bytes(*hash, &x, sizeof x);
}

/* One rank's life. */
typedef struct life {
	const char *env, *odds, *way; /* the last two of Frail-v0 */
	bern_agent_config config;
	uint64_t seed;
	int updates; /* 0: until something breaks */
	uint64_t hash, weights, numbers;
	seen seen;
	char text[1024];
} life;

static void gather(const bern_ranks *ranks, const trial *t)
{
	bern_arena arena = {0};
	bern_share share;
	bern_share_init(&share, &arena, ranks, t->lanes.count);
	bern_share_gather_tensors(&share, &t->all);
	bern_arena_finish(&arena);
}

static void live(const bern_ranks *ranks, void *user)
{
	life *self = user;
	trial t;
	const bern_setting settings[] = {{"odds", self->odds}, {"way", self->way}};
	const bern_env *env = find(self->env);
	self->config.ranks = ranks;
	self->seen.metrics = env->metric_count;
	trial_open_with(&t, env, settings, self->odds ? 2 : 0, &self->config, self->seed);
	t.lanes.on_episode = on_episode;
	t.lanes.user = &self->seen;
	int32_t failed = 0;
	for (int i = 0; !failed && i < (self->updates ? self->updates : 1000); i++)
		failed = t.agent->kind->learn(t.agent, &t.lanes, &t.e);
	ck_assert_msg(!failed || !self->updates, "%s", t.e.text);
	if (failed) {
		strcpy(self->text, t.e.text);
		ck_assert_int_eq(failed, t.e.code);
	}
	t.agent->kind->distributions(t.agent, NULL, NULL);
	t.agent->kind->distributions(t.agent, take_number, &self->numbers);
	for (size_t i = 0; i < t.policy.count; i++)
		self->weights = add_bytes(self->weights, t.policy.items[i].data,
					  bern_tensor_size(&t.policy.items[i]));
	TRIAL_OK(&t, bern_lanes_before_save(&t.lanes, &t.e));
	gather(ranks, &t);
	for (size_t i = 0; i < t.all.count; i++)
		self->hash = add_bytes(self->hash, t.all.items[i].data,
				       bern_tensor_size(&t.all.items[i]));
	self->hash = add_bytes(self->hash, &t.lanes.steps, sizeof t.lanes.steps);
	trial_close(&t);
}

static const size_t rank_counts[] = {2, 5};
#define RANK_COUNTS (sizeof rank_counts / sizeof *rank_counts)

/* Rank 0 leaves what a process by itself leaves; the others have learned the same, and say so if it broke. */
static void compare(const life *life_of_one)
{
	life alone = *life_of_one;
	live(NULL, &alone);
	ck_assert(!alone.text[0] == (alone.updates > 0));
	for (size_t n = 0; n < RANK_COUNTS; n++) {
		const size_t ranks = rank_counts[n];
		life each[5];
		for (size_t r = 0; r < ranks; r++)
			each[r] = *life_of_one;
		fake_run(ranks, live, each, sizeof *each);
		for (size_t r = 0; r < ranks; r++) {
			ck_assert_str_eq(each[r].text, alone.text);
			ck_assert_msg(each[r].weights == alone.weights,
				      "rank %zu of %zu: other weights than alone", r, ranks);
			ck_assert_uint_eq(each[r].seen.episodes, r ? 0 : alone.seen.episodes);
		}
		ck_assert_uint_eq(each[0].seen.hash, alone.seen.hash);
		if (*alone.text)
			continue;
		ck_assert_msg(each[0].hash == alone.hash, "%zu ranks: other bits than one", ranks);
		ck_assert_msg(each[0].numbers == alone.numbers,
			      "%zu ranks: other distributions than one", ranks);
	}
}

static const struct {
	const char *env;
	int updates;
	const char *options[16]; /* key, value, ... */
} cases[] = {
	{"CartPole-v1", 6, {"num_envs", "64"}},
	{"CartPole-v1", 6, {"num_envs", "131", "firings", "1", "hidden", "20,12"}},
	{"CartPole-v1", 12, {"num_envs", "256", "firings", "1", "hidden", "16"}},
	{"CartPole-v1",
	 6,
	 {"num_envs", "100", "firings", "1", "baseline", "linear", "threads", "2"}},
	{"CartPole-v1", 6, {"num_envs", "130", "threads", "3", "hidden", "24,16"}},
	{"CartPole-v1", 4, {"num_envs", "16"}},
	{"CartPole-v1", 4, {"num_envs", "5", "firings", "1"}},
	{"CartPole-v1", 4, {"num_envs", "33", "baseline", "linear", "entropy_coef", "0.01"}},
	{"CartPole-v1", 4, {"num_envs", "40", "baseline", "mean", "firings", "1"}},
	{"CartPole-v1", 4, {"num_envs", "40", "stack", "3", "advantage_scale", "nvil"}},
	{"CartPole-v1",
	 4,
	 {"num_envs", "40", "recurrent", "true", "firings", "1", "keep_discount", "true"}},
	{"CartPole-v1", 3, {"num_envs", "40", "value_weighting", "score"}},
	{"CartPole-v1", 3, {"num_envs", "40", "units", "tanh,binary,relu", "hidden", "9,17,5"}},
	{"CartPole-v1", 3, {"num_envs", "40", "units", "tanh,gated", "hidden", "9,40"}},
	{"CartPole-v1",
	 5,
	 {"num_envs", "70", "units", "gated", "gate_penalty", "0.1", "advantage_scale", "running"}},
	{"CartPole-v1", 3, {"num_envs", "40", "estimator", "straight-through"}},
	{"Taxi-v4", 3, {"num_envs", "40", "estimator", "counterfactual", "hidden", "24,9,70"}},
	{"CartPole-v1", 2, {"num_envs", "40", "hidden", "512,512", "firings", "2"}},
	{"Pendulum-v1", 3, {"num_envs", "40"}},
	{"FrozenLake-v1", 4, {"num_envs", "70", "hidden", "24"}},
	{"MinAtar/Breakout-v1", 3, {"num_envs", "40", "hidden", "24"}},
	{"Taxi-v4", 3, {"num_envs", "40", "hidden", "24"}},
	{"Frail-v0", 6, {"num_envs", "77"}},
};
#define CASES ((int)(sizeof cases / sizeof cases[0]))

START_TEST(any_number_of_ranks_leaves_the_same_bits)
{
	life one = {.env = cases[_i].env, .updates = cases[_i].updates};
	bern_error e;
	bern_agent_config_defaults(&one.config);
	for (size_t i = 0; i < 16 && cases[_i].options[i]; i += 2)
		ck_assert_msg(bern_agent_config_set(&one.config, cases[_i].options[i],
						    cases[_i].options[i + 1], &e) == 0,
			      "%s", e.text);
	one.config.total_timesteps = 100000;
	compare(&one);
}
END_TEST

START_TEST(what_breaks_is_told_as_one_process_tells_it)
{
	static char *const odds[] = {"20", "100", "1000"}, *const ways[] = {"0", "1", "2", "3"};
	life one = {.env = "Frail-v0", .odds = odds[_i / 4], .way = ways[_i % 4]};
	for (one.seed = 0; one.seed < 2; one.seed++) {
		bern_agent_config_defaults(&one.config);
		one.config.num_envs = 100;
		one.config.firings = one.seed % 2 ? 1 : 2; /* the fast path of one, too */
		compare(&one);
	}
}
END_TEST

/* V of what was seen last is known to the rank of its lane alone, until it breaks. */
START_TEST(a_broken_value_of_a_last_observation_is_found_by_all)
{
	life one = {.env = "Frail-v0", .odds = "1", .way = "4"};
	bern_agent_config_defaults(&one.config);
	one.config.num_envs = 100;
	one.config.baseline = BERN_BASELINE_LINEAR;
	one.config.value_learning_rate = 1.0;
	one.config.firings = _i ? 1 : 2;
	compare(&one);
}
END_TEST

/* Learning that goes astray is seen by all alike. */
START_TEST(numbers_that_break_are_told_as_one_process_tells_them)
{
	life one = {.env = "CartPole-v1"};
	bern_agent_config_defaults(&one.config);
	one.config.num_envs = 64;
	one.config.firings = _i ? 1 : 4;
	one.config.value_learning_rate = 1e30;
	one.config.optimizer = BERN_SGD;
	compare(&one);
}
END_TEST

static void be_refused(const bern_ranks *ranks, void *user)
{
	const char *const *option = user;
	bern_agent_config config;
	bern_error e;
	bern_agent_config_defaults(&config);
	config.ranks = ranks;
	ck_assert_int_eq(bern_agent_config_set(&config, option[0], option[1], &e), 0);
	if (!strcmp(option[0], "whole_episodes"))
		config.num_steps = 500;
	trial_refused(find("CartPole-v1"), &config, "several ranks");
}

START_TEST(what_sees_all_lanes_is_refused)
{
	static const char *const options[][2] = {{"normalize_observations", "true"},
						 {"whole_episodes", "true"},
						 {"epochs", "2"},
						 {"traces", "true"},
						 {"baseline", "unit"},
						 {"estimator", "disarm"},
						 {"estimator", "centred"},
						 {"agent", "q-learning"}};
	const char *each[2][2] = {{options[_i][0], options[_i][1]},
				  {options[_i][0], options[_i][1]}};
	fake_run(2, be_refused, each, sizeof *each);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("ranks");
	TCase *t = tcase_create("ranks");
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, any_number_of_ranks_leaves_the_same_bits, 0, CASES);
	tcase_add_loop_test(t, what_breaks_is_told_as_one_process_tells_it, 0, 12);
	tcase_add_loop_test(t, a_broken_value_of_a_last_observation_is_found_by_all, 0, 2);
	tcase_add_loop_test(t, numbers_that_break_are_told_as_one_process_tells_them, 0, 2);
	tcase_add_loop_test(t, what_sees_all_lanes_is_refused, 0, 8);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
