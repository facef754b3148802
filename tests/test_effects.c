/* An option that is accepted does something: each estimator either learns otherwise with it, or refuses it in words. */
#include "agent_trial.h"

#include <bern/builtin.h>
#include <estimator.h>

#include <check.h>
#include <math.h>

static const bern_env *env_of(const char *id)
{
	const bern_plugin *plugin;
	for (size_t i = 0; (plugin = bern_builtin_plugin(i)); i++)
		for (uint32_t k = 0; k < plugin->count; k++)
			if (strcmp(plugin->envs[k]->id, id) == 0)
				return plugin->envs[k];
	ck_abort_msg("there is no %s", id);
	return NULL;
}

/* A config that the estimator takes. */
static bern_agent_config config_of(const bern_estimator *estimator)
{
	bern_agent_config config = trial_config("reinforce");
	const char *units = estimator->needs & BERN_NEEDS_REAL     ? "tanh"
			    : estimator->needs & BERN_NEEDS_SMOOTH ? "smooth"
								   : "binary";
	config.num_envs = 2;
	config.num_steps = 4;
	config.firings = 3;
	strcpy(config.hidden, "5,4");
	strcpy(config.units, units);
	strcpy(config.estimator, estimator->name);
	return config;
}

/* Learns a little and writes the weights that came of it; 0 if the agent refuses the config, with the sentence in `why`. */
static size_t learn(const bern_agent_config *config, const char *env, float *weights, size_t room,
		    bern_error *why)
{
	trial t;
	bern_world world;
	bern_agent *agent = NULL;
	ck_assert_int_eq(bern_world_open(&world, env_of(env), NULL, 0, why), 0);
	int32_t refused = bern_agent_create(&agent, config, &world, 3, why);
	bern_agent_destroy(agent);
	bern_world_finish(&world);
	if (refused) {
		ck_assert_int_eq(refused, BERN_EUSAGE);
		return 0;
	}
	size_t count = 0;
	trial_open(&t, env_of(env), NULL, config, 3);
	trial_learn(&t, 12);
	for (size_t i = 0; i < t.policy.count; i++) {
		const bern_tensor *item = &t.policy.items[i];
		if (item->type != BERN_T_F32)
			continue;
		ck_assert_uint_le(count + bern_tensor_elements(item), room);
		memcpy(weights + count, item->data, bern_tensor_size(item));
		count += bern_tensor_elements(item);
	}
	trial_close(&t);
	return count;
}

#define ROOM 4096

/* What is different or refused. hidden 1: a weight below the output must be different. */
static void acts_or_is_refused(const bern_agent_config *without, const bern_agent_config *with,
			       const char *env, const char *option, int hidden)
{
	static float a[ROOM], b[ROOM];
	bern_error e = {0};
	size_t count = learn(without, env, a, ROOM, &e), differ = 0;
	ck_assert_msg(count > 0, "%s: %s", without->estimator, e.text);
	if (learn(with, env, b, ROOM, &e) == 0) {
		ck_assert_msg(strstr(e.text, option) == e.text, "\"%s\" does not begin with %s",
			      e.text, option);
		return;
	}
	/* CartPole: 4 inputs and 5 units in the first layer */
	for (size_t i = 0; i < (hidden ? 4 * 5 : count); i++)
		differ += memcmp(&a[i], &b[i], sizeof a[i]) != 0;
	ck_assert_msg(differ > 0, "%s accepts %s and it does nothing", without->estimator, option);
}

START_TEST(an_entropy_bonus_acts_or_is_refused)
{
	const bern_agent_config without = config_of(bern_estimators[_i]);
	bern_agent_config with = without;
	with.entropy_coef = 0.3;
	acts_or_is_refused(&without, &with, "CartPole-v1", "entropy_coef:", 0);
}
END_TEST

START_TEST(baselines_of_units_act_on_hidden_units_or_are_refused)
{
	bern_agent_config without = config_of(bern_estimators[_i]), with;
	without.baseline = BERN_BASELINE_MEAN;
	with = without;
	with.baseline = BERN_BASELINE_UNIT;
	acts_or_is_refused(&without, &with, "CartPole-v1", "baseline:", 1);
}
END_TEST

/* How far the biases of the gates have gone by a penalty in two updates of so many passes, in all. */
static double pushed(int64_t epochs)
{
	bern_agent_config config = config_of(&(bern_estimator){.name = "auto"});
	double sum[2] = {0};
	strcpy(config.hidden, "6");
	strcpy(config.units, "gated");
	config.epochs = epochs;
	config.optimizer = BERN_SGD;
	config.momentum = 0.0;
	config.learning_rate = 1e-4;
	for (int i = 0; i < 2; i++) {
		trial t;
		config.gate_penalty = i ? 100.0 : 0.0;
		trial_open(&t, env_of("CartPole-v1"), NULL, &config, 3);
		trial_learn(&t, 2);
		const float *bias = trial_tensor(&t, "policy.layer1.bias");
		for (size_t j = 0; j < 6; j++)
			sum[i] += (double)bias[j];
		trial_close(&t);
	}
	return sum[1] - sum[0];
}

/* Steps are small, so that each pass over the same rows pushes alike: three times as far in three passes. */
START_TEST(the_push_of_gates_acts_in_every_epoch)
{
	double one = pushed(1), three = pushed(3);
	ck_assert_double_gt(fabs(one), 1e-3);
	ck_assert_msg(fabs(three - 3.0 * one) <= 0.05 * fabs(3.0 * one), "%g, not three times %g",
		      three, one);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("effects");
	TCase *t = tcase_create("effects");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, an_entropy_bonus_acts_or_is_refused, 0, (int)bern_estimator_count);
	tcase_add_loop_test(t, baselines_of_units_act_on_hidden_units_or_are_refused, 0,
			    (int)bern_estimator_count);
	tcase_add_test(t, the_push_of_gates_acts_in_every_epoch);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
