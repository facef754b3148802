/* What the tests of runs share: an environment, an agent and a run in a temporary folder, all small and made up.
 *
 * The environment walks at random, pays by the action and ends by chance. The agent draws actions from its own generator and
 * has weights, a generator and sums between two rows of the log, so that anything that is not restored shows. At a chosen
 * update it does what a test asks: a signal, an end of the process, NaN. */
#define _XOPEN_SOURCE 700 /* nftw */
#ifndef BERN_TEST_FAKE_RUN_H
#define BERN_TEST_FAKE_RUN_H

#include "trainer.h"

#include <bern/env.h>

#include <check.h>
#include <ftw.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the environment ------------------------------------------------------------------------------- */

typedef struct walk {
	double x;
	int64_t step;
} walk;

static int64_t fault_at; /* the environment breaks in this step of an episode; 0: never */

static int32_t walk_open(const bern_value *values, bern_instance *out, char *err, size_t size)
{
	static const int32_t sizes[] = {2};
	(void)values;
	(void)err;
	(void)size;
	out->state_size = sizeof(walk);
	out->max_steps = 50;
	out->observation = (bern_space){.kind = BERN_BOX, .count = 1};
	out->action = (bern_space){.kind = BERN_DISCRETE, .count = 1, .sizes = sizes};
	out->max_return = 50;
	out->has_max_return = 1;
	return 0;
}

static void walk_reset(const void *model, void *state, struct bern_rng *rng)
{
	walk *s = state;
	(void)model;
	s->x = bern_rng_uniform(rng);
	s->step = 0;
}

static void walk_step(const void *model, void *state, struct bern_rng *rng, const void *action,
		      bern_outcome *out)
{
	walk *s = state;
	(void)model;
	s->x += bern_rng_uniform(rng) - 0.5;
	s->step++;
	out->reward = *(const int32_t *)action ? 1 : 0.25;
	if (bern_rng_uniform(rng) < 0.05)
		out->flags = BERN_TERMINATED;
	if (fault_at && s->step == fault_at)
		out->flags = BERN_FAULT;
}

static void walk_observe(const void *model, const void *state, void *observation)
{
	(void)model;
	*(float *)observation = (float)((const walk *)state)->x;
}

static const bern_env walk_env = {.abi = BERN_ENV_ABI,
				  .struct_size = sizeof(bern_env),
				  .id = "test/Walk-v0",
				  .summary = "walks",
				  .source = "made up",
				  .open = walk_open,
				  .reset = walk_reset,
				  .step = walk_step,
				  .observe = walk_observe};

/* ---- the agent -------------------------------------------------------------------------------------- */

enum fake_deed { DO_NOTHING, DO_SIGNAL, DO_TWO_SIGNALS, DO_KILL, DO_NAN, DO_CALL };

typedef struct fake {
	bern_agent base;
	size_t lanes;
	float weights[4];
	bern_pcg32 rng;
	double sum;
	uint64_t sum_count, updates;
	int32_t actions[8];
	/* what to do after which update of this process */
	int deed;
	uint64_t deed_at, updates_here;
	void (*call)(void);
	int kill_next; /* 1: the process ends in the update after it */
} fake;

static int32_t fake_learn(bern_agent *agent, bern_lanes *lanes, bern_error *e)
{
	fake *a = (fake *)agent;
	for (int t = 0; t < 3; t++) {
		for (size_t b = 0; b < a->lanes; b++) {
			double u = bern_pcg32_next(&a->rng) / 4294967296.0;
			a->actions[b] = u < 0.2 + 0.1 * (double)a->weights[0];
		}
		int32_t rc = bern_lanes_step(lanes, a->actions, e);
		if (rc)
			return rc;
		for (size_t b = 0; b < a->lanes; b++) {
			a->weights[b % 4] += 0.01f * (float)lanes->reward[b] * lanes->obs[b];
			a->weights[0] += 0.004f;
			a->sum += lanes->reward[b];
			a->sum_count++;
		}
	}
	a->updates++;
	if (a->kill_next && a->updates_here == a->deed_at)
		raise(SIGKILL);
	if (++a->updates_here != a->deed_at)
		return 0;
	if (a->deed == DO_SIGNAL || a->deed == DO_TWO_SIGNALS)
		raise(SIGINT);
	if (a->deed == DO_TWO_SIGNALS)
		raise(SIGINT);
	if (a->deed == DO_KILL)
		raise(SIGKILL);
	if (a->deed == DO_NAN)
		a->weights[2] = NAN;
	if (a->deed == DO_CALL)
		a->call();
	return 0;
}

/* Draws like learn does, but from the firing stream of the lane. */
static void fake_act(bern_agent *agent, const bern_lanes *lanes, const size_t *which, size_t count,
		     int32_t mode, bern_firing_rng *firing, float *memory, void *actions)
{
	fake *a = (fake *)agent;
	int32_t *action = actions;
	(void)lanes;
	(void)memory;
	(void)mode;
	for (size_t i = 0; i < count; i++) {
		uint32_t words[BERN_LEAPS];
		bern_firing_rng_next(&firing[which[i]], words);
		action[which[i]] = words[0] / 4294967296.0 < 0.2 + 0.1 * (double)a->weights[0];
	}
}

static void fake_stats(bern_agent *agent, bern_learn_stats *stats)
{
	fake *a = (fake *)agent;
	*stats = (bern_learn_stats){.updates = a->updates,
				    .entropy = a->sum / (double)a->sum_count,
				    .value_loss = NAN,
				    .explained_variance = NAN,
				    .grad_norm = (double)a->sum_count,
				    .fire_rate = NAN,
				    .estimator_r2 = NAN,
				    .grad_noise = NAN,
				    .dead_fraction = 0,
				    .saturated_fraction = NAN,
				    .learning_rate = 0.01};
	a->sum = 0;
	a->sum_count = 0;
}

static int32_t fake_policy(bern_agent *agent, bern_tensors *list, bern_error *e)
{
	return bern_tensors_add(list, BERN_T_F32, ((fake *)agent)->weights, 4, 0, e, "weights");
}

static int32_t fake_learner(bern_agent *agent, bern_tensors *list, bern_error *e)
{
	fake *a = (fake *)agent;
	int32_t rc = bern_tensors_add(list, BERN_T_U64, &a->rng.state, 2, 0, e, "agent.rng");
	if (!rc)
		rc = bern_tensors_add(list, BERN_T_F64, &a->sum, 1, 0, e, "agent.sum");
	if (!rc)
		rc = bern_tensors_add(list, BERN_T_U64, &a->sum_count, 2, 0, e, "agent.counts");
	return rc;
}

static const bern_agent_kind fake_kind = {.name = "fake",
					  .learn = fake_learn,
					  .act = fake_act,
					  .stats = fake_stats,
					  .policy_tensors = fake_policy,
					  .learner_tensors = fake_learner};

/* ---- a run ------------------------------------------------------------------------------------------- */

typedef struct fake_run {
	run_config config;
	bern_world world;
	fake agent;
	run_folder folder;
	output_style style;
	trainer trainer;
	bern_error e;
} fake_run;

/* An update is 6 steps, so that intervals fall between updates. */
static inline void fake_config(run_config *config, const char *dir, const char *name)
{
	memset(config, 0, sizeof *config);
	strcpy(config->env_id, walk_env.id);
	strcpy(config->agent.agent, "fake");
	config->agent.num_envs = 2;
	config->agent.num_steps = 3;
	config->run.seed = 7;
	config->run.total_timesteps = 400;
	snprintf(config->run.runs_dir, sizeof config->run.runs_dir, "%s", dir);
	snprintf(config->run.name, sizeof config->run.name, "%s", name);
	config->run.eval_interval = 50;
	config->run.eval_episodes = 5;
	config->run.final_episodes = 3;
	config->run.checkpoint_interval = 110;
	config->run.log_interval = 25;
}

/* Everything up to a trainer, in a new folder or in the one of the same name. */
static inline void fake_make(fake_run *r, const run_config *config, int resumed)
{
	memset(r, 0, sizeof *r);
	r->config = *config;
	ck_assert_int_eq(bern_world_open(&r->world, &walk_env, NULL, 0, &r->e), 0);
	r->style.program = "bern";
	r->agent = (fake){.base = {&fake_kind}, .lanes = (size_t)config->agent.num_envs};
	bern_pcg32_init(&r->agent.rng, 42, 54);
	const trainer_setup setup = {.command = "test",
				     .config = &r->config,
				     .config_text = "env: {id: test/Walk-v0}\n",
				     .world = &r->world,
				     .agent = &r->agent.base,
				     .folder = &r->folder,
				     .style = &r->style,
				     .start = trainer_clock()};
	r->folder.fd = -1;
	ck_assert_msg(!trainer_init(&r->trainer, &setup, &r->e), "%s", r->e.text);
	if (resumed) {
		char path[RUN_PATH_ROOM];
		snprintf(path, sizeof path, "%s/%s", config->run.runs_dir, config->run.name);
		ck_assert_msg(!run_folder_open(&r->folder, path, &r->e), "%s", r->e.text);
	} else {
		ck_assert_msg(!run_folder_create(&r->folder, config, 0, 0, &r->e), "%s", r->e.text);
		ck_assert_msg(!trainer_begin(&r->trainer, &r->e), "%s", r->e.text);
	}
}

static inline void fake_finish(fake_run *r)
{
	trainer_finish(&r->trainer);
	run_folder_close(&r->folder);
	bern_world_finish(&r->world);
}

/* ---- files ------------------------------------------------------------------------------------------- */

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	return remove(path);
}

/* In memory where that can be had: flushing hundreds of small files to a disk takes long. */
static inline char *make_dir(char out[64])
{
	strcpy(out, access("/dev/shm", W_OK) == 0 ? "/dev/shm/bern-test-XXXXXX"
						  : "/tmp/bern-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(out));
	return out;
}

static inline void remove_dir(const char *dir)
{
	nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* A whole file (free) with a zero at its end; fails the test if there is none. */
static inline char *slurp(const char *dir, const char *name, size_t *size)
{
	char path[2048];
	snprintf(path, sizeof path, "%s/%s", dir, name);
	FILE *file = fopen(path, "rb");
	ck_assert_msg(file != NULL, "%s is missing", path);
	char *bytes = malloc(1 << 20);
	size_t n = fread(bytes, 1, (1 << 20) - 1, file);
	bytes[n] = '\0';
	fclose(file);
	if (size)
		*size = n;
	return bytes;
}

static inline int is_there(const char *dir, const char *name)
{
	char path[2048];
	struct stat st;
	snprintf(path, sizeof path, "%s/%s", dir, name);
	return lstat(path, &st) == 0;
}

static inline void append(const char *dir, const char *name, const char *text)
{
	char path[2048];
	snprintf(path, sizeof path, "%s/%s", dir, name);
	FILE *file = fopen(path, "ab");
	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
}

static inline char *target_of(const char *dir, const char *name, char out[128])
{
	char path[2048];
	snprintf(path, sizeof path, "%s/%s", dir, name);
	ssize_t n = readlink(path, out, 127);
	ck_assert_msg(n > 0, "%s is no link", path);
	out[n] = '\0';
	return out;
}

#endif
