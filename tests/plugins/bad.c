/* A plugin with one thing wrong with it, chosen by a -DBAD_...; test_plugin.c knows what the host must say. */
#include <bern/env.h>

#include <math.h>
#include <stdio.h>

typedef struct {
	int32_t t;
} state;

#ifdef BAD_UNDEFINED
extern int there_is_no_such_function(void);
#endif

static int32_t bad_open(const bern_value *values, bern_instance *out, char *err, size_t err_size)
{
	static const int32_t two[] = {2};
	(void)values, (void)err, (void)err_size;
	out->state_size = sizeof(state);
	out->observation.kind = BERN_BOX;
	out->observation.count = 1;
	out->action.kind = BERN_DISCRETE;
	out->action.count = 1;
	out->action.sizes = two;
#ifdef BAD_EMPTY_SPACE
	out->observation.count = 0;
#endif
#ifdef BAD_UNDEFINED
	return there_is_no_such_function();
#endif
#ifdef BAD_REFUSES
	snprintf(err, err_size, "the data file is missing");
	return 1;
#endif
	return 0;
}

static void bad_reset(const void *model, void *block, struct bern_rng *rng)
{
	(void)model, (void)rng;
	((state *)block)->t = 0;
}

#ifndef BAD_NULL_FUNCTION
static void bad_step(const void *model, void *block, struct bern_rng *rng, const void *action,
		     bern_outcome *out)
{
	state *s = (state *)block;
	(void)model, (void)rng, (void)action;
	s->t++;
	out->reward = 1;
#ifdef BAD_NAN_REWARD
	if (s->t == 3)
		out->reward = NAN;
#endif
#ifdef BAD_FAULT
	if (s->t == 3)
		out->flags = BERN_FAULT;
#endif
}
#endif

static void bad_observe(const void *model, const void *block, void *observation)
{
	const state *s = (const state *)block;
	(void)model;
	*(float *)observation = (float)s->t;
#ifdef BAD_NAN_OBSERVATION
	if (s->t == 3)
		*(float *)observation = NAN;
#endif
}

#ifdef BAD_OLDER
static int32_t bad_attach(const void *model, void *block, char *err, size_t err_size)
{
	(void)model, (void)block, (void)err, (void)err_size;
	return 1;
}
#endif

/* a table of a header to come: what follows is read by nobody */
typedef struct {
	bern_env env;
	void *news[4];
} newer_env;

#ifdef BAD_NULL_FUNCTION
#define TABLE_STEP NULL
#else
#define TABLE_STEP bad_step
#endif
#ifdef BAD_ABI
#define TABLE_ABI 9
#else
#define TABLE_ABI BERN_ENV_ABI
#endif
#if defined BAD_NEWER
#define TABLE_SIZE sizeof(newer_env)
#elif defined BAD_OLDER
#define TABLE_SIZE offsetof(bern_env, attach)
#else
#define TABLE_SIZE sizeof(bern_env)
#endif

static const newer_env bad = {{.abi = TABLE_ABI,
			       .struct_size = TABLE_SIZE,
			       .id = "test/Bad-v0",
			       .summary = "a plugin of the tests",
			       .source = "none",
			       .open = bad_open,
			       .reset = bad_reset,
			       .step = TABLE_STEP,
#ifdef BAD_OLDER
			       /* beyond its end: junk that must not be read */
			       .attach = bad_attach,
#endif
			       .observe = bad_observe},
			      {0}};

#if defined BAD_NO_SYMBOL
BERN_EXPORT const bern_env *bern_has_no_entry(void);
const bern_env *bern_has_no_entry(void)
{
	return &bad.env;
}
#elif defined BAD_SYMBOL_2
BERN_EXPORT const bern_env *bern_plugin_2(void);
const bern_env *bern_plugin_2(void)
{
	return &bad.env;
}
#elif defined BAD_PLUGIN_ABI
BERN_EXPORT const bern_plugin *bern_plugin_1(void);
const bern_plugin *bern_plugin_1(void)
{
	static const bern_env *const envs[] = {&bad.env};
	static const bern_plugin plugin = {3, 1, envs};
	return &plugin;
}
#elif defined BAD_DUPLICATE
BERN_PLUGIN(bad, &bad.env, &bad.env);
#else
BERN_PLUGIN(bad, &bad.env);
#endif
