/* An agent, an environment and lanes together, with everything that a resumed run needs as one list: what the tests of the
 * agents share. Errors end the test. */
#ifndef BERN_TEST_AGENT_TRIAL_H
#define BERN_TEST_AGENT_TRIAL_H

#include <bern/agent.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

typedef struct trial {
	bern_world world;
	bern_lanes lanes;
	bern_agent *agent;
	bern_tensors policy, all;
	bern_error e;
} trial;

#define TRIAL_OK(t, call) ck_assert_msg((call) == 0, "%s", (t)->e.text)

static inline void trial_open_with(trial *t, const bern_env *env, const bern_setting *settings,
				   size_t setting_count, const bern_agent_config *config,
				   uint64_t seed)
{
	memset(t, 0, sizeof *t);
	TRIAL_OK(t, bern_world_open(&t->world, env, settings, setting_count, &t->e));
	TRIAL_OK(t, bern_lanes_init(&t->lanes, &t->world, (size_t)config->num_envs, seed,
				    BERN_FOR_ENVIRONMENT, 0, &t->e));
	TRIAL_OK(t, bern_lanes_reset(&t->lanes, &t->e));
	TRIAL_OK(t, bern_agent_create(&t->agent, config, &t->world, seed, &t->e));
	TRIAL_OK(t, t->agent->kind->policy_tensors(t->agent, &t->policy, &t->e));
	TRIAL_OK(t, t->agent->kind->policy_tensors(t->agent, &t->all, &t->e));
	TRIAL_OK(t, t->agent->kind->learner_tensors(t->agent, &t->all, &t->e));
	TRIAL_OK(t, bern_lanes_tensors(&t->lanes, &t->all, &t->e));
}

static inline void trial_open(trial *t, const bern_env *env, const char *max_steps,
			      const bern_agent_config *config, uint64_t seed)
{
	bern_setting setting = {"max_steps", max_steps};
	trial_open_with(t, env, &setting, max_steps ? 1 : 0, config, seed);
}

static inline void trial_close(trial *t)
{
	bern_tensors_finish(&t->policy);
	bern_tensors_finish(&t->all);
	bern_agent_destroy(t->agent);
	bern_lanes_finish(&t->lanes);
	bern_world_finish(&t->world);
}

static inline void trial_learn(trial *t, int times)
{
	for (int i = 0; i < times; i++)
		TRIAL_OK(t, t->agent->kind->learn(t->agent, &t->lanes, &t->e));
}

static inline void *trial_tensor(trial *t, const char *name)
{
	for (size_t i = 0; i < t->all.count; i++)
		if (strcmp(t->all.items[i].name, name) == 0)
			return t->all.items[i].data;
	ck_abort_msg("no tensor is called %s", name);
	return NULL;
}

/* What act() chooses in lane 0. */
static inline int32_t trial_act(trial *t, int32_t mode, bern_firing_rng *firing)
{
	const size_t which = 0;
	union {
		int32_t whole[8];
		float real[8];
	} action = {{-1}};
	/* as at the start of an episode */
	size_t M = t->agent->kind->memory_size ? t->agent->kind->memory_size(t->agent) : 0;
	float *memory = calloc(t->lanes.count * M + 1, sizeof *memory);
	ck_assert_ptr_nonnull(memory);
	t->agent->kind->act(t->agent, &t->lanes, &which, 1, mode, firing, memory, &action);
	free(memory);
	return action.whole[0]; /* or the bits of a number */
}

/* Learns `before` + `after` times unbroken, and with everything carried over to a new agent and new lanes in between, made
 * from another seed; every registered byte and the actions of act() must be the same. */
static inline void trial_resumes(const bern_env *env, const char *max_steps,
				 const bern_agent_config *config, int before, int after)
{
	trial whole, first, second;
	trial_open(&whole, env, max_steps, config, 11);
	trial_learn(&whole, before + after);
	trial_open(&first, env, max_steps, config, 11);
	trial_learn(&first, before);
	TRIAL_OK(&first, bern_lanes_before_save(&first.lanes, &first.e));
	trial_open(&second, env, max_steps, config, 12);
	trial_learn(&second, 1);
	second.lanes.seed = 11; /* the run's seed is in its config, not among the tensors */
	ck_assert_uint_eq(first.all.count, second.all.count);
	for (size_t i = 0; i < first.all.count; i++) {
		ck_assert_str_eq(first.all.items[i].name, second.all.items[i].name);
		memcpy(second.all.items[i].data, first.all.items[i].data,
		       bern_tensor_size(&first.all.items[i]));
	}
	TRIAL_OK(&second, bern_lanes_after_load(&second.lanes, &second.e));
	trial_learn(&second, after);
	TRIAL_OK(&whole, bern_lanes_before_save(&whole.lanes, &whole.e));
	TRIAL_OK(&second, bern_lanes_before_save(&second.lanes, &second.e));
	for (size_t i = 0; i < whole.all.count; i++)
		ck_assert_msg(memcmp(whole.all.items[i].data, second.all.items[i].data,
				     bern_tensor_size(&whole.all.items[i])) == 0,
			      "%s differs after resuming", whole.all.items[i].name);
	ck_assert_uint_eq(whole.lanes.steps, second.lanes.steps);
	bern_firing_rng one, two;
	bern_firing_rng_stream(&one, 5, (bern_stream_key){BERN_FOR_EVAL_FIRING, 0, 0, 0});
	two = one;
	for (int i = 0; i < 50; i++)
		ck_assert_int_eq(trial_act(&whole, BERN_SAMPLED, &one),
				 trial_act(&second, BERN_SAMPLED, &two));
	trial_close(&whole);
	trial_close(&first);
	trial_close(&second);
}

/* Creating the agent of the config for env fails with a sentence that contains `what`. */
static inline void trial_refused(const bern_env *env, const bern_agent_config *config,
				 const char *what)
{
	bern_world world;
	bern_agent *agent = NULL;
	bern_error e = {0, ""};
	ck_assert_int_eq(bern_world_open(&world, env, NULL, 0, &e), 0);
	ck_assert_int_eq(bern_agent_create(&agent, config, &world, 1, &e), BERN_EUSAGE);
	ck_assert_msg(strstr(e.text, what) != NULL, "\"%s\" does not say \"%s\"", e.text, what);
	ck_assert_ptr_null(agent);
	bern_world_finish(&world);
}

/* The defaults of a kind, with one lane and one step a learn call. */
static inline bern_agent_config trial_config(const char *agent)
{
	bern_agent_config config;
	bern_agent_config_defaults(&config);
	strncpy(config.agent, agent, sizeof config.agent - 1);
	config.num_envs = config.num_steps = 1;
	return config;
}

/* |count - n p| is within 5 standard errors of a binomial. */
#define ASSERT_FREQUENCY(count, n, p)                                                              \
	ck_assert_msg(fabs((count) - (n) * (p)) <= 5 * sqrt((n) * (p) * (1 - (p))) + 1e-9 * (n),   \
		      "%g of %g, expected a fraction of %.5f", (double)(count), (double)(n),       \
		      (double)(p))

#endif
