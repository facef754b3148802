/* Threads change nothing: everything that a run keeps, the episodes in the order they are reported, and the sentence of what goes
 * wrong are the same bytes for any number of them. Run it under ThreadSanitizer too. */
#include "agent_trial.h"
#include "frail.h"

#include <bern/builtin.h>

#include <check.h>
#include <stdio.h>

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

static uint64_t hash_of(trial *t)
{
	uint64_t hash = 1469598103934665603u;
	TRIAL_OK(t, bern_lanes_before_save(&t->lanes, &t->e));
	for (size_t i = 0; i < t->all.count; i++)
		hash = add_bytes(hash, t->all.items[i].data, bern_tensor_size(&t->all.items[i]));
	return add_bytes(hash, &t->lanes.steps, sizeof t->lanes.steps);
}

static const bern_env *find(const char *id)
{
	const bern_plugin *plugin;
	if (!id)
		return &frail_env;
	for (size_t i = 0; (plugin = bern_builtin_plugin(i)); i++)
		for (size_t k = 0; k < plugin->count; k++)
			if (strcmp(plugin->envs[k]->id, id) == 0)
				return plugin->envs[k];
	ck_abort_msg("no environment is called %s", id);
	return NULL;
}

static const struct {
	const char *env; /* NULL: Frail-v0 */
	int updates;
	const char *options[16]; /* key, value, ... */
} cases[] = {
	{"CartPole-v1", 6, {"num_envs", "64"}},
	{"CartPole-v1", 6, {"num_envs", "131", "firings", "1", "hidden", "20,12"}},
	{"CartPole-v1", 4, {"num_envs", "16"}},
	{"CartPole-v1", 4, {"num_envs", "33", "baseline", "linear", "entropy_coef", "0.01"}},
	{"CartPole-v1", 4, {"num_envs", "50", "baseline", "unit"}},
	{"CartPole-v1", 4, {"num_envs", "50", "normalize_observations", "true"}},
	{"CartPole-v1", 4, {"num_envs", "40", "stack", "3", "advantage_scale", "nvil"}},
	{"CartPole-v1",
	 4,
	 {"num_envs", "40", "recurrent", "true", "firings", "1", "keep_discount", "true"}},
	{"CartPole-v1",
	 3,
	 {"num_envs", "36", "epochs", "3", "minibatches", "2", "replay", "32", "replay_ratio",
	  "1"}},
	{"CartPole-v1",
	 5,
	 {"num_envs", "40", "traces", "true", "num_steps", "1", "advantage_scale", "running"}},
	{"CartPole-v1", 3, {"num_envs", "40", "value_weighting", "score"}},
	{"CartPole-v1", 3, {"num_envs", "40", "units", "tanh,binary,relu", "hidden", "9,17,5"}},
	{"CartPole-v1", 3, {"num_envs", "40", "units", "tanh,gated", "hidden", "9,40"}},
	{"CartPole-v1", 3, {"num_envs", "40", "estimator", "straight-through"}},
	{"CartPole-v1", 3, {"num_envs", "40", "estimator", "reinmax"}},
	{"CartPole-v1", 3, {"num_envs", "40", "estimator", "gumbel"}},
	{"CartPole-v1", 3, {"num_envs", "40", "estimator", "local-expectation"}},
	{"Taxi-v4", 3, {"num_envs", "40", "estimator", "local-expectation", "hidden", "24,9"}},
	{"Taxi-v4", 3, {"num_envs", "40", "estimator", "counterfactual", "hidden", "24,9,70"}},
	{"CartPole-v1", 3, {"num_envs", "40", "estimator", "centred"}},
	{"CartPole-v1", 3, {"num_envs", "40", "estimator", "predict-mlp"}},
	{"CartPole-v1", 3, {"num_envs", "40", "estimator", "relax"}},
	{"CartPole-v1", 3, {"num_envs", "40", "estimator", "node-perturbation"}},
	{"CartPole-v1", 3, {"num_envs", "40", "estimator", "gibbs"}},
	{"CartPole-v1", 3, {"num_envs", "40", "estimator", "weight-maximization"}},
	{"CartPole-v1", 2, {"num_envs", "34", "estimator", "disarm", "num_steps", "3"}},
	{"CartPole-v1", 2, {"num_envs", "34", "estimator", "rloo", "num_steps", "3"}},
	{"CartPole-v1", 2, {"num_envs", "34", "estimator", "spsa", "num_steps", "3"}},
	{"Pendulum-v1", 3, {"num_envs", "40"}},
	{"FrozenLake-v1", 4, {"num_envs", "70", "hidden", "24"}},
	{"MinAtar/Breakout-v1", 3, {"num_envs", "40", "hidden", "24"}},
	{"Taxi-v4", 3, {"num_envs", "40", "hidden", "24"}},
	{"Frail", 6, {"num_envs", "77"}},
	{"CartPole-v1", 10, {"agent", "ase-ace", "num_envs", "1"}},
};
#define CASES ((int)(sizeof cases / sizeof cases[0]))

static bern_agent_config config_of(size_t c, const char *threads)
{
	bern_agent_config config;
	bern_error e;
	bern_agent_config_defaults(&config);
	for (size_t i = 0; i < 16 && cases[c].options[i]; i += 2)
		ck_assert_msg(bern_agent_config_set(&config, cases[c].options[i],
						    cases[c].options[i + 1], &e) == 0,
			      "%s", e.text);
	ck_assert_int_eq(bern_agent_config_set(&config, "threads", threads, &e), 0);
	config.total_timesteps = 100000;
	return config;
}

static const bern_env *env_of(size_t c)
{
	return find(strcmp(cases[c].env, "Frail") == 0 ? NULL : cases[c].env);
}

START_TEST(any_number_of_threads_leaves_the_same_bits)
{
	const char *threads[] = {"1", "2", "3", "8"};
	seen first = {0};
	uint64_t hash = 0;
	for (size_t n = 0; n < 4; n++) {
		trial t;
		bern_agent_config config = config_of((size_t)_i, threads[n]);
		seen s = {.metrics = env_of((size_t)_i)->metric_count};
		trial_open(&t, env_of((size_t)_i), NULL, &config, 3);
		t.lanes.on_episode = on_episode;
		t.lanes.user = &s;
		trial_learn(&t, cases[_i].updates);
		if (n == 0) {
			first = s;
			hash = hash_of(&t);
		}
		ck_assert_msg(hash_of(&t) == hash, "case %d, %s threads: other bits than with one",
			      _i, threads[n]);
		ck_assert_msg(s.hash == first.hash && s.episodes == first.episodes,
			      "case %d, %s threads: other episodes, or in another order", _i,
			      threads[n]);
		trial_close(&t);
	}
}
END_TEST

START_TEST(a_run_goes_on_with_another_number_of_threads)
{
	const char *then[] = {"1", "8", "2"}, *now[] = {"3", "1", "8"};
	trial whole, first, second;
	bern_agent_config config = config_of(1, "2");
	trial_open(&whole, env_of(1), NULL, &config, 3);
	trial_learn(&whole, 6);
	config = config_of(1, then[_i]);
	trial_open(&first, env_of(1), NULL, &config, 3);
	trial_learn(&first, 3);
	config = config_of(1, now[_i]);
	trial_open(&second, env_of(1), NULL, &config, 3);
	trial_learn(&second, 1);
	TRIAL_OK(&first, bern_lanes_before_save(&first.lanes, &first.e));
	for (size_t i = 0; i < first.all.count; i++)
		memcpy(second.all.items[i].data, first.all.items[i].data,
		       bern_tensor_size(&first.all.items[i]));
	TRIAL_OK(&second, bern_lanes_after_load(&second.lanes, &second.e));
	trial_learn(&second, 3);
	ck_assert_uint_eq(hash_of(&second), hash_of(&whole));
	trial_close(&whole);
	trial_close(&first);
	trial_close(&second);
}
END_TEST

/* Learns until something breaks; the sentence in `text`. */
static void learn_until_broken(const char *threads, const char *odds, const char *way,
			       uint64_t seed, seen *s, char *text)
{
	trial t;
	bern_agent_config config;
	const bern_setting settings[] = {{"odds", odds}, {"way", way}};
	bern_agent_config_defaults(&config);
	config.num_envs = 100;
	config.firings = seed % 2 ? 1 : 16; /* the fast path of one firing, too */
	ck_assert_int_eq(bern_agent_config_set(&config, "threads", threads, &t.e), 0);
	trial_open_with(&t, &frail_env, settings, 2, &config, seed);
	*s = (seen){.metrics = 1};
	t.lanes.on_episode = on_episode;
	t.lanes.user = s;
	int32_t failed = 0;
	for (int i = 0; i < 1000 && !failed; i++)
		failed = t.agent->kind->learn(t.agent, &t.lanes, &t.e);
	ck_assert_int_ne(failed, 0);
	ck_assert_int_eq(failed, t.e.code);
	strcpy(text, t.e.text);
	trial_close(&t);
}

START_TEST(what_breaks_is_told_as_one_thread_tells_it)
{
	const char *threads[] = {"1", "2", "3", "8"}, *odds[] = {"100", "1000", "5000"};
	const char *ways[] = {"0", "1", "2", "3"};
	for (size_t o = 0; o < 3; o++)
		for (size_t w = 0; w < 4; w++) {
			char first[1024] = "", text[1024];
			seen all = {0}, s;
			for (size_t n = 0; n < 4; n++) {
				learn_until_broken(threads[n], odds[o], ways[w], (uint64_t)_i, &s,
						   text);
				if (n == 0) {
					all = s;
					strcpy(first, text);
				}
				ck_assert_str_eq(text, first);
				ck_assert_uint_eq(s.episodes, all.episodes);
				ck_assert_uint_eq(s.hash, all.hash);
			}
		}
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("threads");
	TCase *t = tcase_create("threads");
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, any_number_of_threads_leaves_the_same_bits, 0, CASES);
	tcase_add_loop_test(t, a_run_goes_on_with_another_number_of_threads, 0, 3);
	tcase_add_loop_test(t, what_breaks_is_told_as_one_thread_tells_it, 0, 3);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
