/* What holds for an agent of any kind: looks do not depend on lanes and leave no trace, and a policy read from a checkpoint
 * plays as the one that was written. */
#include "agent_trial.h"
#include <bern/builtin.h>
#include "evaluate.h"
#include "scratch.h"

#include <check.h>

typedef struct setup {
	const char *env, *kind;
	const char *options[6]; /* key, text, ... */
} setup;

static const setup setups[] = {
	{"CartPole-v1", "reinforce", {NULL}},
	{"CartPole-v1", "reinforce", {"hidden", "9,7", "firings", "3", "estimator", "unbiased"}},
	{"CartPole-v1", "reinforce", {"head", "softmax", "normalize_observations", "true"}},
	{"CartPole-v1", "reinforce", {"units", "relu", "baseline", "linear"}},
	{"CartPole-v1", "reinforce", {"units", "tanh", "baseline", "none", "firings", "1"}},
	{"CartPole-v1", "reinforce", {"baseline", "unit", "optimizer", "rmsprop"}},
	{"CartPole-v1", "reinforce", {"keep_discount", "true"}},
	{"CartPole-v1", "reinforce", {"hidden", "9,7", "units", "tanh,binary"}},
	{"CartPole-v1", "reinforce", {"hidden", "9,7", "units", "smooth,rectifier"}},
	{"CartPole-v1", "reinforce", {"units", "logistic-rectifier", "firing_floor", "0.9"}},
	{"CartPole-v1", "reinforce", {"estimator", "centred"}},
	{"CartPole-v1", "reinforce", {"estimator", "straight-through", "hidden", "9,7"}},
	{"CartPole-v1", "reinforce", {"estimator", "straight-through-sigmoid", "firings", "1"}},
	{"CartPole-v1", "reinforce", {"estimator", "reinmax"}},
	{"CartPole-v1", "reinforce", {"estimator", "gumbel", "temperature", "0.5"}},
	{"CartPole-v1", "reinforce", {"estimator", "pathwise", "units", "smooth"}},
	{"CartPole-v1", "reinforce", {"estimator", "predict-unit", "hidden", "9,7"}},
	{"CartPole-v1", "reinforce", {"estimator", "predict-linear", "hidden", "9,7"}},
	{"CartPole-v1",
	 "reinforce",
	 {"estimator", "predict-mlp", "hidden", "9,7", "units", "binary,tanh"}},
	{"CartPole-v1", "reinforce", {"estimator", "predict-control", "hidden", "9,7"}},
	{"CartPole-v1",
	 "reinforce",
	 {"estimator", "predict-control", "hidden", "9,7", "units", "binary,gated"}},
	{"CartPole-v1", "reinforce", {"hidden", "9,37", "units", "tanh,gated"}},
	{"CartPole-v1", "reinforce", {"estimator", "arm", "hidden", "5,4"}},
	{"CartPole-v1", "reinforce", {"estimator", "disarm", "hidden", "5,4"}},
	{"CartPole-v1", "reinforce", {"estimator", "leg", "hidden", "5,4"}},
	{"CartPole-v1", "reinforce", {"estimator", "rloo", "hidden", "5,4"}},
	{"CartPole-v1", "reinforce", {"estimator", "spsa", "hidden", "5,4"}},
	{"CartPole-v1", "reinforce", {"estimator", "node-perturbation", "hidden", "5,4"}},
	{"CartPole-v1", "reinforce", {"estimator", "relax", "hidden", "5,4"}},
	{"CartPole-v1", "reinforce", {"estimator", "weight-maximization", "hidden", "5,4"}},
	{"CartPole-v1", "reinforce", {"estimator", "gibbs", "hidden", "5,4"}},
	{"CartPole-v1", "reinforce", {"estimator", "rao-blackwell", "hidden", "5,4"}},
	{"CartPole-v1", "reinforce", {"estimator", "local-expectation", "hidden", "5,4"}},
	{"CartPole-v1", "reinforce", {"estimator", "counterfactual", "hidden", "5,4,3"}},
	{"CartPole-v1", "reinforce", {"centring", "false", "binary_rate", "1"}},
	{"FrozenLake-v1", "reinforce", {"advantage_scale", "running", "firings", "1"}},
	{"FrozenLake-v1", "reinforce", {"baseline", "mean", "schedule", "cosine"}},
	{"CartPole-v1", "reinforce", {"epochs", "2", "replay", "32", "replay_ratio", "3"}},
	{"CartPole-v1",
	 "reinforce",
	 {"traces", "true", "num_steps", "1", "advantage_scale", "running"}},
	{"GaussianBandit-v0", "reinforce", {"optimizer", "sgd"}},
	{"Pendulum-v1", "reinforce", {NULL}},
	{"Pendulum-v1", "reinforce", {"firings", "1", "entropy_coef", "0.01"}},
	{"MountainCarContinuous-v0", "reinforce", {"units", "tanh", "head", "gaussian"}},
	{"TMaze-v0", "reinforce", {"recurrent", "true", "firings", "1"}},
	{"TMaze-v0", "reinforce", {"recurrent", "true", "estimator", "unbiased", "stack", "3"}},
	{"CartPole-v1", "reinforce", {"stack", "4", "normalize_observations", "true"}},
	{"CartPole-v1", "ase-ace", {NULL}},
	{"FrozenLake-v1", "q-learning", {NULL}},
	{"CliffWalking-v1", "q-learning", {NULL}},
	{"CliffWalking-v1", "sarsa", {NULL}},
	{"GaussianBandit-v0", "epsilon-greedy", {NULL}},
	{"GaussianBandit-v0", "gradient-bandit", {NULL}},
	{"GaussianBandit-v0", "thompson", {NULL}},
	{"GaussianBandit-v0", "ucb", {NULL}},
};
#define SETUPS (int)(sizeof setups / sizeof setups[0])

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

/* `hidden` replaces the setup's if it is not NULL. */
static void begin(trial *t, const setup *s, const char *hidden, uint64_t seed)
{
	bern_agent_config config;
	bern_error e;
	bern_agent_config_defaults(&config);
	ck_assert_int_eq(bern_agent_config_set(&config, "agent", s->kind, &e), 0);
	ck_assert_int_eq(bern_agent_config_set(&config, "num_envs", "2", &e), 0);
	for (int i = 0; i < 6 && s->options[i]; i += 2)
		ck_assert_msg(
			bern_agent_config_set(&config, s->options[i], s->options[i + 1], &e) == 0,
			"%s", e.text);
	if (hidden)
		ck_assert_int_eq(bern_agent_config_set(&config, "hidden", hidden, &e), 0);
	config.total_timesteps = 10000;
	trial_open(t, built_in(s->env), "60", &config, seed);
}

#define EPISODES 40

static void look(trial *t, size_t lanes, int32_t mode, double returns[EPISODES])
{
	bern_evaluator *evaluator;
	bern_eval_plan plan = {.episodes = EPISODES,
			       .seed = 5,
			       .mode = mode,
			       .is_look = 1,
			       .look = 3,
			       .max_episode_steps = 60};
	bern_eval_result result = {.returns = returns};
	TRIAL_OK(t, bern_evaluator_create_lanes(&evaluator, &t->world, lanes, &t->e));
	TRIAL_OK(t, bern_evaluate(evaluator, t->agent, &plan, &result, &t->e));
	ck_assert_uint_eq(result.episodes, EPISODES);
	bern_evaluator_destroy(evaluator);
}

START_TEST(every_kind_is_tried)
{
	for (size_t k = 0; k < bern_agent_kind_count; k++) {
		int found = 0;
		for (int i = 0; i < SETUPS; i++)
			found += strcmp(setups[i].kind, bern_agent_kinds[k]->name) == 0;
		ck_assert_msg(found > 0, "%s is not tried", bern_agent_kinds[k]->name);
	}
}
END_TEST

START_TEST(looks_do_not_depend_on_the_number_of_lanes)
{
	static const size_t lanes[] = {1, 3, 16, 64};
	trial t;
	begin(&t, &setups[_i], NULL, 1);
	trial_learn(&t, 40);
	for (int32_t mode = BERN_SAMPLED; mode <= BERN_THRESHOLDED; mode++) {
		double returns[4][EPISODES];
		for (int c = 0; c < 4; c++) {
			look(&t, lanes[c], mode, returns[c]);
			for (int i = 0; i < EPISODES; i++)
				ck_assert_msg(
					returns[c][i] == returns[0][i],
					"%s, mode %d, episode %d: %g from %zu lanes, %g from 1",
					setups[_i].kind, mode, i, returns[c][i], lanes[c],
					returns[0][i]);
		}
	}
	trial_close(&t);
}
END_TEST

START_TEST(a_look_leaves_learning_as_it_was)
{
	trial plain, looked;
	double returns[EPISODES];
	begin(&plain, &setups[_i], NULL, 1);
	begin(&looked, &setups[_i], NULL, 1);
	for (int n = 0; n < 10; n++) {
		trial_learn(&plain, 3);
		trial_learn(&looked, 3);
		look(&looked, 16, n % 3, returns);
	}
	ck_assert_uint_eq(plain.all.count, looked.all.count);
	for (size_t i = 0; i < plain.all.count; i++) {
		const bern_tensor *a = &plain.all.items[i], *b = &looked.all.items[i];
		ck_assert_str_eq(a->name, b->name);
		ck_assert_msg(memcmp(a->data, b->data, bern_tensor_size(a)) == 0, "%s differs",
			      a->name);
	}
	trial_close(&plain);
	trial_close(&looked);
}
END_TEST

START_TEST(a_policy_read_from_a_checkpoint_plays_as_the_one_written)
{
	char folder[SCRATCH_PATH], path[SCRATCH_PATH + 32];
	trial first, second;
	double a[EPISODES], b[EPISODES];
	scratch_make(folder);
	snprintf(path, sizeof path, "%s/a.safetensors", folder);
	begin(&first, &setups[_i], NULL, 1);
	begin(&second, &setups[_i], NULL, 2);
	trial_learn(&first, 40);
	TRIAL_OK(&first, bern_checkpoint_write(path, &first.all, NULL, 0, &first.e));
	TRIAL_OK(&second, bern_checkpoint_read_some(path, &second.policy, &second.e));
	for (int32_t mode = BERN_SAMPLED; mode <= BERN_THRESHOLDED; mode++) {
		look(&first, 16, mode, a);
		look(&second, 16, mode, b);
		ck_assert_msg(memcmp(a, b, sizeof a) == 0, "%s, mode %d plays differently",
			      setups[_i].kind, mode);
	}
	trial_close(&first);
	trial_close(&second);
	scratch_remove(folder);
}
END_TEST

START_TEST(a_checkpoint_of_another_network_is_refused_and_changes_nothing)
{
	static const char *const others[] = {"32", "64,64", "65", "64,1"};
	char folder[SCRATCH_PATH], path[SCRATCH_PATH + 32];
	trial first, other;
	scratch_make(folder);
	snprintf(path, sizeof path, "%s/a.safetensors", folder);
	begin(&first, &setups[0], "64", 1);
	trial_learn(&first, 5);
	TRIAL_OK(&first, bern_checkpoint_write(path, &first.all, NULL, 0, &first.e));
	for (int k = 0; k < 4; k++) {
		begin(&other, &setups[0], others[k], 2);
		for (size_t i = 0; i < other.policy.count; i++) {
			const bern_tensor *tensor = &other.policy.items[i];
			void *before = malloc(bern_tensor_size(tensor) + 1);
			memcpy(before, tensor->data, bern_tensor_size(tensor));
			ck_assert_int_eq(bern_checkpoint_read(path, &other.all, &other.e),
					 BERN_EFORMAT);
			ck_assert_msg(strstr(other.e.text, "it is of something else") != NULL, "%s",
				      other.e.text);
			ck_assert_int_eq(bern_checkpoint_read_some(path, &other.policy, &other.e),
					 BERN_EFORMAT);
			ck_assert_mem_eq(before, tensor->data, bern_tensor_size(tensor));
			free(before);
		}
		trial_close(&other);
	}
	trial_close(&first);
	scratch_remove(folder);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("agents");
	TCase *t = tcase_create("any kind");
	tcase_set_timeout(t, 60);
	tcase_add_test(t, every_kind_is_tried);
	tcase_add_loop_test(t, looks_do_not_depend_on_the_number_of_lanes, 0, SETUPS);
	tcase_add_loop_test(t, a_look_leaves_learning_as_it_was, 0, SETUPS);
	tcase_add_loop_test(t, a_policy_read_from_a_checkpoint_plays_as_the_one_written, 0, SETUPS);
	tcase_add_test(t, a_checkpoint_of_another_network_is_refused_and_changes_nothing);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
