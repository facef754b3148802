/* One built-in environment stepped by hand, for the tests of environments: no lanes, no time limit, no encoding. */
#ifndef BERN_TEST_ENV_RUN_H
#define BERN_TEST_ENV_RUN_H

#include <bern/builtin.h>
#include <bern/host.h>
#include <bern/seed.h>

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct env_run {
	bern_registry *registry;
	bern_world world;
	void *state;
	bern_rng rng;
	double reward; /* of the last step */
	uint32_t flags;
} env_run;

/* The environment of an id with settings; a sentence in e if it can't be opened. */
static inline int32_t env_try(env_run *run, const char *id, const bern_setting *settings,
			      size_t count, bern_error *e)
{
	const bern_env *env;
	const bern_plugin *plugin;
	memset(run, 0, sizeof *run);
	ck_assert_int_eq(bern_registry_create(&run->registry, e), 0);
	for (size_t i = 0; (plugin = bern_builtin_plugin(i)); i++)
		ck_assert_msg(bern_registry_adopt(run->registry, plugin, "built in", e) == 0, "%s",
			      e->text);
	ck_assert_msg(bern_registry_find(run->registry, id, &env, e) == 0, "%s", e->text);
	int32_t rc = bern_world_open(&run->world, env, settings, count, e);
	if (rc) {
		bern_registry_destroy(run->registry);
		return rc;
	}
	run->state = aligned_alloc(16, run->world.state_stride);
	ck_assert_ptr_nonnull(run->state);
	memset(run->state, 0xa5, run->world.state_stride);
	return 0;
}

static inline void env_open(env_run *run, const char *id, const bern_setting *settings,
			    size_t count)
{
	bern_error e;
	ck_assert_msg(env_try(run, id, settings, count, &e) == 0, "%s: %s", id, e.text);
}

static inline void env_close(env_run *run)
{
	free(run->state);
	bern_world_finish(&run->world);
	bern_registry_destroy(run->registry);
}

static inline void env_seed(env_run *run, uint64_t seed)
{
	bern_rng_seed(&run->rng, seed);
}

static inline void env_reset(env_run *run)
{
	run->world.env->reset(run->world.instance.model, run->state, &run->rng);
	run->flags = 0;
}

static inline uint32_t env_step(env_run *run, int32_t action)
{
	bern_outcome out = {0};
	run->world.env->step(run->world.instance.model, run->state, &run->rng, &action, &out);
	run->reward = out.reward;
	run->flags = out.flags;
	return out.flags;
}

/* The observation of a DISCRETE space. */
static inline int32_t env_index(const env_run *run)
{
	int32_t index = -1;
	run->world.env->observe(run->world.instance.model, run->state, &index);
	return index;
}

/* Where a named field lives in the state. */
static inline void *env_field(const env_run *run, const char *name)
{
	const bern_env *env = run->world.env;
	for (uint32_t i = 0; i < env->field_count; i++)
		if (strcmp(env->fields[i].name, name) == 0)
			return (char *)run->state + env->fields[i].offset;
	ck_abort_msg("%s has no field %s", env->id, name);
	return NULL;
}

/* Sums for a mean and its standard error. */
typedef struct sample {
	double count, sum, squares;
} sample;

static inline void sample_add(sample *s, double x)
{
	s->count++;
	s->sum += x;
	s->squares += x * x;
}

static inline double sample_mean(const sample *s)
{
	return s->sum / s->count;
}

static inline double sample_variance(const sample *s)
{
	/* equal numbers may leave a rounding below 0 */
	return fmax(0, s->squares - s->sum * s->sum / s->count) / (s->count - 1);
}

/* Fails unless the mean lies within 5 standard errors (plus what the expected value was rounded by) of the expected one. */
#define ck_assert_mean(sample_, expected_, rounding_, what_)                                       \
	do {                                                                                       \
		double mean_ = sample_mean(&(sample_)), off_ = mean_ - (expected_);                \
		double error_ = sqrt(sample_variance(&(sample_)) / (sample_).count);               \
		ck_assert_msg(fabs(off_) <= 5 * error_ + (rounding_),                              \
			      "%s: mean %.6g, expected %.6g, standard error %.2g", what_, mean_,   \
			      (double)(expected_), error_);                                        \
	} while (0)

/* The returns of uniformly random actions. */
static inline sample env_random_returns(env_run *run, size_t episodes, uint64_t limit,
					uint64_t seed)
{
	sample s = {0};
	bern_rng actions;
	bern_rng_seed(&actions, seed + 1000);
	env_seed(run, seed);
	int32_t n = run->world.instance.action.sizes[0];
	for (size_t i = 0; i < episodes; i++) {
		double total = 0;
		env_reset(run);
		for (uint64_t t = 0; !limit || t < limit; t++) {
			uint32_t flags = env_step(run,
						  (int32_t)bern_rng_below(&actions, (uint64_t)n));
			total += run->reward;
			if (flags)
				break;
		}
		sample_add(&s, total);
	}
	return s;
}

#endif
