/* The fast paths of one firing and of many against the plain one: kernels_ref.c, network.c, estimator_unbiased.c,
 * estimator_firings.c, estimator_local_expectation.c and value.c, row by row, which BERN_CPU=reference
 * runs. Everything that a run keeps must be the same bytes. */
#include "agent_trial.h"
#include "reinforce.h"

#include <bern/builtin.h>

#include <check.h>
#include <stdio.h>
#include <string.h>

#define LOCAL "estimator", "local-expectation"

static const struct {
	const char *env;
	int updates;
	const char *options[16]; /* key, value, ... */
} cases[] = {
	{"CartPole-v1", 60, {"num_envs", "16", "hidden", "32"}},
	{"CartPole-v1", 40, {"num_envs", "17", "hidden", "1", "num_steps", "1"}},
	{"CartPole-v1", 20, {"num_envs", "100", "hidden", "16", "num_steps", "5", "threads", "2"}},
	{"CartPole-v1", 20, {"num_envs", "9", "hidden", "33,17"}},
	{"CartPole-v1", 20, {"num_envs", "81", "hidden", "64,32", "max_grad_norm", "0.01"}},
	{"CartPole-v1", 20, {"num_envs", "8", "hidden", "5,18,40", "baseline", "linear"}},
	{"CartPole-v1", 20, {"num_envs", "33", "head", "softmax", "hidden", "20"}},
	{"CartPole-v1", 20, {"num_envs", "33", "head", "softmax", "hidden", "9,35"}},
	{"CartPole-v1", 20, {"num_envs", "40", "baseline", "mean", "gae_lambda", "1"}},
	{"CartPole-v1", 20, {"num_envs", "40", "baseline", "none", "keep_discount", "true"}},
	{"CartPole-v1", 20, {"num_envs", "40", "value_hidden", "3", "value_passes", "3"}},
	{"CartPole-v1", 20, {"num_envs", "40", "advantage_scale", "nvil", "optimizer", "sgd"}},
	{"CartPole-v1", 300, {"num_envs", "16", "learning_rate", "0.1", "hidden", "40"}},
	{"Acrobot-v1", 20, {"num_envs", "40", "hidden", "18", "value_hidden", "17"}},
	{"MountainCar-v0", 60, {"num_envs", "24", "hidden", "31", "baseline", "linear"}},
	{"FrozenLake-v1", 40, {"num_envs", "37", "hidden", "24", "baseline", "linear"}},
	{"Catch-v0", 20, {"num_envs", "37", "hidden", "24"}},
	{"GaussianBandit-v0", 20, {"num_envs", "20", "hidden", "7"}},
	{"CartPole-v0", 60, {"num_envs", "21", "observation_scale", "0.5,0,5,0.5"}},
	/* many firings of an action unit, */
	{"CartPole-v1", 60, {"firings", "16", "num_envs", "16", "hidden", "64"}},
	{"CartPole-v1", 40, {"firings", "2", "num_envs", "17", "hidden", "1", "num_steps", "1"}},
	{"CartPole-v1", 20, {"firings", "3", "num_envs", "100", "hidden", "33", "threads", "2"}},
	{"CartPole-v1", 20, {"firings", "16", "num_envs", "9", "hidden", "7", "value_hidden", "3"}},
	{"CartPole-v1", 20, {"firings", "64", "num_envs", "81", "hidden", "20"}},
	{"CartPole-v1",
	 20,
	 {"firings", "5", "num_envs", "8", "baseline", "linear", "hidden", "150"}},
	{"CartPole-v1", 20, {"firings", "16", "num_envs", "40", "entropy_coef", "0.1"}},
	{"CartPole-v1", 20, {"firings", "16", "num_envs", "40", "baseline", "mean"}},
	{"CartPole-v1", 20, {"firings", "4", "num_envs", "40", "baseline", "none"}},
	{"CartPole-v1", 300, {"firings", "8", "num_envs", "16", "learning_rate", "0.1"}},
	{"CartPole-v0", 60, {"firings", "4", "num_envs", "21", "observation_scale", "0.5,0,5,0.5"}},
	/* of a softmax, */
	{"CartPole-v1", 20, {"firings", "16", "num_envs", "33", "head", "softmax", "hidden", "20"}},
	{"Acrobot-v1",
	 20,
	 {"firings", "16", "num_envs", "40", "hidden", "48", "value_hidden", "17"}},
	{"Acrobot-v1", 20, {"firings", "3", "num_envs", "40", "entropy_coef", "0.05"}},
	{"FrozenLake-v1", 40, {"firings", "7", "num_envs", "37", "baseline", "linear"}},
	{"Taxi-v4", 20, {"firings", "4", "num_envs", "20", "entropy_coef", "1", "hidden", "30"}},
	{"GaussianBandit-v0", 20, {"firings", "16", "num_envs", "20", "hidden", "7"}},
	{"FrozenLake-v1", 200, {"firings", "4", "num_envs", "16", "learning_rate", "0.1"}},
	/* and where inputs stay rows */
	{"MinAtar/Breakout-v1", 10, {"firings", "32", "num_envs", "16", "entropy_coef", "0.05"}},
	{"MinAtar/Freeway-v1",
	 10,
	 {"firings", "4", "num_envs", "27", "threads", "2", "hidden", "70"}},
	{"MiniGrid-Empty-5x5-v0", 10, {"firings", "16", "num_envs", "10", "baseline", "linear"}},
	{"ImageBandit-v0", 10, {"firings", "16", "num_envs", "24", "num_steps", "1"}},
	/* credit averaged over each unit's own firing: the same kinds */
	{"CartPole-v1", 60, {LOCAL, "firings", "16", "num_envs", "16", "hidden", "64"}},
	{"CartPole-v1",
	 40,
	 {LOCAL, "firings", "2", "num_envs", "17", "hidden", "1", "num_steps", "1"}},
	{"CartPole-v1",
	 20,
	 {LOCAL, "firings", "5", "num_envs", "100", "hidden", "33", "threads", "2"}},
	{"CartPole-v1",
	 20,
	 {LOCAL, "firings", "16", "num_envs", "40", "hidden", "7", "entropy_coef", "0.1"}},
	{"CartPole-v1",
	 20,
	 {LOCAL, "firings", "2", "num_envs", "9", "hidden", "21", "entropy_coef", "0.1"}},
	{"CartPole-v1", 300, {LOCAL, "firings", "8", "num_envs", "16", "learning_rate", "1"}},
	{"CartPole-v1",
	 20,
	 {LOCAL, "firings", "5", "num_envs", "33", "head", "softmax", "hidden", "20"}},
	{"Acrobot-v1", 20, {LOCAL, "firings", "16", "num_envs", "40", "hidden", "50"}},
	{"Acrobot-v1", 20, {LOCAL, "firings", "2", "num_envs", "40", "entropy_coef", "0.05"}},
	{"Taxi-v4",
	 20,
	 {LOCAL, "firings", "5", "num_envs", "20", "entropy_coef", "1", "hidden", "30"}},
	{"FrozenLake-v1", 200, {LOCAL, "firings", "4", "num_envs", "16", "learning_rate", "1"}},
	{"MinAtar/Breakout-v1",
	 10,
	 {LOCAL, "firings", "16", "num_envs", "27", "entropy_coef", "0.05"}},
	/* of one firing, */
	{"CartPole-v1", 60, {LOCAL, "num_envs", "16", "hidden", "64"}},
	{"CartPole-v1", 40, {LOCAL, "num_envs", "17", "hidden", "1", "num_steps", "1"}},
	{"CartPole-v1", 20, {LOCAL, "num_envs", "100", "hidden", "33", "threads", "2"}},
	{"CartPole-v1", 20, {LOCAL, "num_envs", "9", "hidden", "7", "entropy_coef", "0.1"}},
	{"CartPole-v1", 20, {LOCAL, "num_envs", "40", "hidden", "150", "baseline", "linear"}},
	{"CartPole-v1", 20, {LOCAL, "num_envs", "40", "baseline", "none"}},
	{"CartPole-v1", 300, {LOCAL, "num_envs", "16", "learning_rate", "1"}},
	{"CartPole-v1", 20, {LOCAL, "num_envs", "33", "head", "softmax", "hidden", "20"}},
	{"Acrobot-v1", 20, {LOCAL, "num_envs", "40", "hidden", "50", "value_hidden", "17"}},
	{"Acrobot-v1", 20, {LOCAL, "num_envs", "40", "entropy_coef", "0.05"}},
	{"Catch-v0", 20, {LOCAL, "num_envs", "37", "hidden", "24"}},
	{"Taxi-v4", 20, {LOCAL, "num_envs", "20", "entropy_coef", "1", "hidden", "30"}},
	{"GaussianBandit-v0", 20, {LOCAL, "num_envs", "20", "hidden", "7"}},
	{"CartPole-v1", 20, {"estimator", "counterfactual", "num_envs", "20"}},
	{"Acrobot-v1", 10, {"estimator", "counterfactual", "num_envs", "17", "firings", "1"}},
	{"FrozenLake-v1", 200, {LOCAL, "num_envs", "16", "learning_rate", "1"}},
	{"MinAtar/Breakout-v1", 10, {LOCAL, "num_envs", "27", "entropy_coef", "0.05"}},
	{"ImageBandit-v0", 10, {LOCAL, "num_envs", "24", "num_steps", "1"}},
};
#define CASES ((int)(sizeof cases / sizeof cases[0]))

static const bern_env *find(const char *id)
{
	const bern_plugin *plugin;
	for (size_t i = 0; (plugin = bern_builtin_plugin(i)); i++)
		for (size_t k = 0; k < plugin->count; k++)
			if (strcmp(plugin->envs[k]->id, id) == 0)
				return plugin->envs[k];
	ck_abort_msg("no environment is called %s", id);
	return NULL;
}

static bern_agent_config config_of(size_t c)
{
	bern_agent_config config;
	bern_error e;
	bern_agent_config_defaults(&config);
	config.firings = 1;
	for (size_t i = 0; i < 16 && cases[c].options[i]; i += 2)
		ck_assert_msg(bern_agent_config_set(&config, cases[c].options[i],
						    cases[c].options[i + 1], &e) == 0,
			      "%s", e.text);
	config.total_timesteps = 100000;
	return config;
}

static void use(const char *level)
{
	ck_assert_int_eq(setenv("BERN_CPU", level, 1), 0);
}

static int went_fast(trial *t)
{
	bern_reinforce_view view;
	bern_reinforce_look(t->agent, &view);
	return view.fused;
}

typedef struct episodes {
	size_t count;
	uint64_t hash;
} episodes;

static void on_episode(void *user, const bern_episode *episode)
{
	episodes *s = user;
	uint64_t words[] = {episode->lane, episode->index, episode->length, episode->flags,
			    (uint64_t)episode->total};
	s->count++;
	for (size_t i = 0; i < 5; i++)
		s->hash = (s->hash ^ words[i]) * 1099511628211u;
}

static void play(trial *t, size_t c, episodes *s)
{
	bern_agent_config config = config_of(c);
	trial_open(t, find(cases[c].env), NULL, &config, 3);
	*s = (episodes){0, 1469598103934665603u};
	t->lanes.on_episode = on_episode;
	t->lanes.user = s;
	trial_learn(t, cases[c].updates);
	TRIAL_OK(t, bern_lanes_before_save(&t->lanes, &t->e));
}

START_TEST(every_level_leaves_the_bytes_of_the_reference)
{
	const bern_kernels *const *levels = bern_kernels_usable();
	trial slow, fast;
	episodes plain, seen;
	use("reference");
	play(&slow, (size_t)_i, &plain);
	ck_assert_int_eq(went_fast(&slow), 0);
	for (; *levels != &bern_kernels_reference; levels++) {
		use((*levels)->name);
		play(&fast, (size_t)_i, &seen);
		ck_assert_int_eq(went_fast(&fast), 1);
		for (size_t i = 0; i < slow.all.count; i++)
			ck_assert_msg(memcmp(slow.all.items[i].data, fast.all.items[i].data,
					     bern_tensor_size(&slow.all.items[i])) == 0,
				      "case %d: %s differs at level %s", _i, slow.all.items[i].name,
				      (*levels)->name);
		/* what logs of distributions read */
		bern_reinforce_view a, b;
		bern_reinforce_look(slow.agent, &a);
		bern_reinforce_look(fast.agent, &b);
		for (size_t l = 0; l < a.net->depth; l++)
			for (size_t row = (a.steps - 1) * a.lanes; row < a.steps * a.lanes; row++) {
				size_t units = a.net->layer[l].units;
				ck_assert_mem_eq(bern_trace_p(a.trace, a.net, l, row, 0),
						 bern_trace_p(b.trace, b.net, l, row, 0),
						 units * sizeof(float));
				for (size_t k = 0; k < a.net->firings; k++)
					ck_assert_mem_eq(bern_trace_h(a.trace, a.net, l, row, k),
							 bern_trace_h(b.trace, b.net, l, row, k),
							 units);
			}
		ck_assert_uint_eq(slow.lanes.steps, fast.lanes.steps);
		ck_assert_uint_eq(plain.count, seen.count);
		ck_assert_uint_eq(plain.hash, seen.hash);
		trial_close(&fast);
	}
	trial_close(&slow);
}
END_TEST

START_TEST(a_run_resumes_to_the_same_bytes)
{
	bern_agent_config config = config_of((size_t)_i);
	trial_resumes(find(cases[_i].env), NULL, &config, 5, 4);
}
END_TEST

/* What an estimate leaves to look at, the trace, is there after it and not made by the fast path. */
START_TEST(an_estimate_to_look_at_is_that_of_learning)
{
	trial t;
	bern_error e;
	bern_reinforce_view view;
	bern_agent_config config = config_of(0);
	trial_open(&t, find("CartPole-v1"), NULL, &config, 3);
	trial_learn(&t, 2);
	ck_assert_int_eq(went_fast(&t), 1);
	ck_assert_int_eq(bern_reinforce_estimate(t.agent, &t.lanes, &e), 0);
	bern_reinforce_look(t.agent, &view);
	ck_assert_int_eq(view.fused, 0);
	size_t fired = 0;
	for (size_t row = 0; row < view.steps * view.lanes; row++)
		for (size_t j = 0; j < 32; j++)
			fired += bern_trace_h(view.trace, view.net, 0, row, 0)[j];
	ck_assert_uint_gt(fired, 0);
	trial_close(&t);
}
END_TEST

/* Configurations whose sums run tile by tile, and too few lanes to fill half a register. */
START_TEST(what_does_not_fit_goes_the_plain_way)
{
	const char *options[][2] = {{"firings", "257"},    {"stack", "2"},
				    {"units", "tanh"},     {"baseline", "unit"},
				    {"epochs", "2"},       {"entropy_coef", "0.01"},
				    {"num_envs", "7"},     {"normalize_observations", "true"},
				    {"recurrent", "true"}, {"value_weighting", "score"},
				    {"estimator", "leg"},  {"estimator", "centred"}};
	trial t;
	bern_error e;
	bern_agent_config config = config_of(0);
	ck_assert_int_eq(bern_agent_config_set(&config, options[_i][0], options[_i][1], &e), 0);
	trial_open(&t, find("CartPole-v1"), NULL, &config, 3);
	trial_learn(&t, 2);
	ck_assert_int_eq(went_fast(&t), 0);
	trial_close(&t);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("fused");
	TCase *t = tcase_create("fused");
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, every_level_leaves_the_bytes_of_the_reference, 0, CASES);
	tcase_add_loop_test(t, a_run_resumes_to_the_same_bytes, 0, CASES);
	tcase_add_test(t, an_estimate_to_look_at_is_that_of_learning);
	tcase_add_loop_test(t, what_does_not_fit_goes_the_plain_way, 0, 12);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
