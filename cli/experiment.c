#include "experiment.h"

#include "options.h"
#include "trainer.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

void experiment_set(experiment *x, const char *key, const char *text)
{
	assert(x->count < EXPERIMENT_SETTINGS);
	x->settings[x->count++] = (experiment_setting){key, text};
}

/* One training in progress. */
typedef struct training {
	run_config config;
	bern_registry *registry;
	bern_world world;
	bern_agent *agent;
	bern_lanes lanes;
	bern_evaluator *evaluator;
	uint64_t late; /* episodes that end after so many steps count for `learning` */
	double total;
	uint64_t episodes;
	const experiment *asked;
	double recent[EXPERIMENT_LEVEL]; /* returns, the next one at seen % EXPERIMENT_LEVEL */
	uint64_t seen, level;
} training;

static int32_t resolve(training *t, const experiment *x, bern_error *e)
{
	config_sources sources = {.env = x->env, .recipe = x->recipe};
	config_origins origins = {0};
	int32_t rc = open_registry(&t->registry, NULL, 0, e);
	for (size_t i = 0; !rc && i < x->count; i++) {
		const experiment_setting *s = &x->settings[i];
		char label[128], assignment[512];
		snprintf(label, sizeof label, "the setting %s", s->key);
		size_t option = train_option_find(s->key);
		if (option < train_option_count()) {
			rc = config_give_option(&sources.flags, option, s->text, label, e);
			continue;
		}
		snprintf(assignment, sizeof assignment, "%s=%s", s->key, s->text);
		rc = config_give_set(&sources.flags, assignment, e);
	}
	if (!rc)
		rc = config_resolve(&sources, t->registry, &t->config, &t->world, &origins, e);
	if (!rc)
		config_origins_finish(&origins);
	config_list_finish(&sources.flags);
	return rc;
}

static void watch_level(training *t, double total)
{
	double sum = 0.0;
	t->recent[t->seen++ % EXPERIMENT_LEVEL] = total;
	for (size_t i = 0; i < EXPERIMENT_LEVEL; i++)
		sum += t->recent[i];
	if (t->seen >= EXPERIMENT_LEVEL && sum >= EXPERIMENT_LEVEL * t->asked->level)
		t->level = t->lanes.steps;
}

static void see_episode(void *user, const bern_episode *episode)
{
	training *t = user;
	if (t->asked->has_level && !t->level)
		watch_level(t, episode->total);
	if (t->lanes.steps < t->late)
		return;
	t->total += episode->total;
	t->episodes++;
}

static int32_t make(training *t, const experiment *x, uint64_t seed, bern_error *e)
{
	int32_t rc = resolve(t, x, e);
	if (rc)
		return rc;
	t->config.run.seed = seed;
	t->config.agent.total_timesteps = (uint64_t)t->config.run.total_timesteps;
	t->late = t->config.agent.total_timesteps - t->config.agent.total_timesteps / 10;
	rc = bern_agent_create(&t->agent, &t->config.agent, &t->world, seed, e);
	if (!rc)
		rc = bern_lanes_init(&t->lanes, &t->world, (size_t)t->config.agent.num_envs, seed,
				     BERN_FOR_ENVIRONMENT, 0, e);
	if (!rc)
		rc = bern_lanes_reset(&t->lanes, e);
	t->asked = x;
	if (x->has_level)
		t->config.run.stop_looks = 0;
	t->lanes.on_episode = see_episode;
	t->lanes.user = t;
	return rc ? rc : bern_evaluator_create(&t->evaluator, &t->world, e);
}

static int32_t look(training *t, uint32_t number, int *good, bern_error *e)
{
	const run_options *run = &t->config.run;
	const bern_eval_plan plan = {.episodes = (uint64_t)run->eval_episodes,
				     .seed = run->seed,
				     .is_look = 1,
				     .look = number,
				     .has_target = 1,
				     .target = run->stop_return,
				     .max_episode_steps = EVAL_MAX_EPISODE_STEPS};
	bern_eval_result result = {0};
	int32_t rc = bern_evaluate(t->evaluator, t->agent, &plan, &result, e);
	*good = !rc && !result.given_up && result.mean >= run->stop_return;
	return rc;
}

/* Processor time of this thread, so that a busy machine counts little. */
static double thread_seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Learns until the steps are made or the looks are good. Looks that stop nothing change nothing, so they are left out. */
static int32_t learn(training *t, experiment_result *out, bern_error *e)
{
	const run_options *run = &t->config.run;
	uint64_t next = (uint64_t)run->eval_interval, start = 0;
	int64_t in_a_row = 0;
	uint32_t looks = 0;
	while (t->lanes.steps < (uint64_t)run->total_timesteps) {
		double began = thread_seconds();
		int good;
		int32_t rc = t->agent->kind->learn(t->agent, &t->lanes, e);
		out->seconds += thread_seconds() - began;
		if (rc)
			return rc;
		if (!run->stop_looks || !run->eval_interval || t->lanes.steps < next)
			continue;
		next = (t->lanes.steps / (uint64_t)run->eval_interval + 1) *
		       (uint64_t)run->eval_interval;
		rc = look(t, looks++, &good, e);
		if (rc)
			return rc;
		if (!good) {
			in_a_row = 0;
			continue;
		}
		if (!out->first) {
			out->first = t->lanes.steps;
			out->first_seconds = out->seconds;
		}
		if (in_a_row++ == 0)
			start = t->lanes.steps;
		if (in_a_row == run->stop_looks) {
			out->third = start;
			return 0;
		}
	}
	return 0;
}

static int32_t final_return(training *t, uint64_t seed, experiment_result *out, bern_error *e)
{
	const bern_eval_plan plan = {.episodes = (uint64_t)t->config.run.final_episodes,
				     .seed = trainer_final_seed(seed),
				     .max_episode_steps = EVAL_MAX_EPISODE_STEPS};
	bern_eval_result left = {0};
	if (plan.episodes == 0)
		return 0;
	int32_t rc = bern_evaluate(t->evaluator, t->agent, &plan, &left, e);
	out->mean = left.mean;
	out->error = left.deviation / sqrt((double)left.episodes);
	return rc;
}

static void training_finish(training *t)
{
	bern_evaluator_destroy(t->evaluator);
	bern_agent_destroy(t->agent);
	bern_lanes_finish(&t->lanes);
	bern_world_finish(&t->world);
	bern_registry_destroy(t->registry);
	run_config_finish(&t->config);
}

int32_t experiment_check(const experiment *x, char **yaml, int *looks, bern_error *e)
{
	training t = {0};
	int32_t rc = make(&t, x, 1, e);
	if (!rc && yaml && !(*yaml = run_config_yaml(&t.config, &t.world)))
		rc = bern_fail(e, BERN_EMEMORY, "out of memory");
	if (!rc && looks)
		*looks = t.config.run.stop_looks > 0 && t.config.run.eval_interval > 0;
	training_finish(&t);
	return rc;
}

int32_t experiment_run(const experiment *x, uint64_t seed, experiment_result *out, bern_error *e)
{
	training t = {0};
	*out = (experiment_result){.mean = NAN, .error = NAN, .learning = NAN};
	int32_t rc = make(&t, x, seed, e);
	if (!rc)
		rc = learn(&t, out, e);
	out->steps = t.lanes.steps;
	out->level = t.level;
	if (rc == BERN_ENUMBER) {
		out->broke = 1;
		out->first = out->third = out->level = 0;
		rc = 0;
	} else if (!rc) {
		out->learning = t.episodes ? t.total / (double)t.episodes : (double)NAN;
		rc = final_return(&t, seed, out, e);
	}
	training_finish(&t);
	return rc;
}
