/* Which tables are taken in, in which words others are refused, and how environments are found and opened. */
#include <bern/host.h>

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- a small environment whose every promise can be broken ------------------------------------------ */

static const int32_t two[] = {2}, none[] = {0}, three[] = {2, 3, 4};
static const float low[] = {-1, -2}, high[] = {1, 2}, nans[] = {NAN, 0}, swapped[] = {2, 1};
static const float upper[] = {INFINITY, INFINITY}, lower[] = {-INFINITY, -INFINITY};

typedef struct model {
	double gravity;
	int64_t size;
	int closed;
} model;

static bern_instance told; /* what open says; set by a test before it opens */
static model the_model;
static char text_seen[32];

static int32_t open_told(const bern_value *values, bern_instance *out, char *err, size_t err_size)
{
	uint32_t size = out->struct_size;
	(void)err, (void)err_size;
	*out = told;
	out->struct_size = size;
	out->model = &the_model;
	the_model = (model){values[0].r, values[1].i, 0};
	strncpy(text_seen, values[2].s, sizeof text_seen - 1);
	return 0;
}

static int32_t open_refuses(const bern_value *values, bern_instance *out, char *err,
			    size_t err_size)
{
	(void)values, (void)out;
	strncpy(err, "row 2 of the map is too short", err_size);
	return 1;
}

static int32_t open_silent(const bern_value *values, bern_instance *out, char *err, size_t err_size)
{
	(void)values, (void)out, (void)err;
	memset(err, 'x', err_size); /* not even an end */
	return 1;
}

static void close_it(void *m)
{
	((model *)m)->closed++;
}

static void reset(const void *m, void *state, struct bern_rng *rng)
{
	(void)m, (void)rng;
	memset(state, 0, 8);
}

static void step(const void *m, void *state, struct bern_rng *rng, const void *action,
		 bern_outcome *out)
{
	(void)m, (void)rng, (void)state, (void)action, (void)out;
}

static void observe(const void *m, const void *state, void *observation)
{
	(void)m, (void)state;
	memset(observation, 0, 4);
}

static void mask(const void *m, const void *state, uint8_t *allowed)
{
	(void)m, (void)state;
	allowed[0] = 1;
}

static int32_t attach(const void *m, void *state, char *err, size_t err_size)
{
	(void)m, (void)state, (void)err, (void)err_size;
	return 0;
}

static const bern_param params[] = {
	{"gravity", "m/s^2", BERN_REAL, 0, "9.8", 0, 100, NULL},
	{"size", "cells", BERN_INT, 0, "4", 1, 64, NULL},
	{"map", "rows", BERN_TEXT, 0, "S.G", 0, 31, NULL},
};
static const bern_field fields[] = {{"x", BERN_I32, 2, 0}};
static const char *const metrics[] = {"speed"};

static bern_env table(const char *id)
{
	return (bern_env){.abi = BERN_ENV_ABI,
			  .struct_size = sizeof(bern_env),
			  .id = id,
			  .summary = "a table",
			  .source = "this test",
			  .params = params,
			  .param_count = 3,
			  .fields = fields,
			  .field_count = 1,
			  .open = open_told,
			  .close = close_it,
			  .reset = reset,
			  .step = step,
			  .observe = observe};
}

static bern_instance sound(void)
{
	return (bern_instance){
		.state_size = 8,
		.max_steps = 500,
		.observation = {.kind = BERN_BOX, .count = 2, .low = low, .high = high},
		.action = {.kind = BERN_DISCRETE, .count = 1, .sizes = two}};
}

static bern_registry *registry;

static void setup(void)
{
	bern_error e;
	ck_assert_int_eq(bern_registry_create(&registry, &e), BERN_OK);
	told = sound();
}

static void teardown(void)
{
	bern_registry_destroy(registry);
}

static int32_t adopt(const bern_env *env, const char *origin, bern_error *e)
{
	const bern_env *const envs[] = {env};
	const bern_plugin plugin = {BERN_ENV_ABI, 1, envs};
	memset(e, 0, sizeof *e);
	return bern_registry_adopt(registry, &plugin, origin, e);
}

static void refused(const bern_env *env, const char *sentence)
{
	bern_error e;
	size_t before = bern_registry_count(registry);
	ck_assert_int_eq(adopt(env, "x.so", &e), BERN_EFORMAT);
	ck_assert_str_eq(e.text, sentence);
	ck_assert_uint_eq(bern_registry_count(registry), before);
}

static void accepted(const bern_env *env)
{
	bern_error e;
	ck_assert_msg(adopt(env, "x.so", &e) == BERN_OK, "%s", e.text);
}

/* ---- taking in --------------------------------------------------------------------------------------- */

START_TEST(ids_are_checked)
{
	static const char *const bad_ids[] = {"",         "Name",     "Name-v",       "Name-v01",
					      "-v1",      "a/-v1",    "/Name-v1",     "a/b/Name-v1",
					      "Na me-v1", "Name-v1x", ".Name-v1",     "-N-v1",
					      "a/.N-v1",  "Näme-v1",  "N-v1234567890"};
	static const char *const good_ids[] = {"Name-v0", "Name-v10", "space/Name-v2",
					       "a.b/X_y-z-v3", "N-v1"};
	char sentence[300];
	for (size_t i = 0; i < sizeof bad_ids / sizeof bad_ids[0]; i++) {
		bern_env env = table(bad_ids[i]);
		snprintf(sentence, sizeof sentence,
			 "x.so: the id \"%s\" is not [namespace/]Name-vN (letters, digits, \"_\", "
			 "\".\", \"-\"; at most 127)",
			 bad_ids[i]);
		refused(&env, sentence);
	}
	for (size_t i = 0; i < sizeof good_ids / sizeof good_ids[0]; i++) {
		bern_env env = table(good_ids[i]);
		accepted(&env);
	}
	bern_env env = table(NULL);
	refused(&env, "x.so: environment 0 of bern_plugin_1 has no id");
}
END_TEST

START_TEST(another_abi_is_refused_with_both_versions)
{
	bern_env env = table("A-v0");
	env.abi = 7;
	refused(&env, "x.so: environment 0 of bern_plugin_1 has ABI 7, this host reads ABI 1");
	const bern_plugin plugin = {2, 1, NULL};
	bern_error e;
	ck_assert_int_eq(bern_registry_adopt(registry, &plugin, "y.so", &e), BERN_EFORMAT);
	ck_assert_str_eq(e.text, "y.so: bern_plugin_1 has ABI 2, this host reads ABI 1");
	const bern_plugin empty = {1, 0, NULL};
	ck_assert_int_eq(bern_registry_adopt(registry, &empty, "y.so", &e), BERN_EFORMAT);
	ck_assert_str_eq(e.text, "y.so: bern_plugin_1 holds no environments");
	ck_assert_int_eq(bern_registry_adopt(registry, NULL, "y.so", &e), BERN_EFORMAT);
	ck_assert_str_eq(e.text, "y.so: bern_plugin_1 gives no table");
}
END_TEST

START_TEST(an_older_table_is_filled_with_zeros)
{
	/* allocated to its very size, so that a sanitizer sees a read beyond it */
	const size_t size = offsetof(bern_env, attach);
	bern_env whole = table("Old-v0");
	whole.struct_size = (uint32_t)size;
	bern_env *old = malloc(size);
	memcpy(old, &whole, size);
	accepted(old);
	const bern_env *env = bern_registry_at(registry, 0);
	ck_assert_uint_eq(env->struct_size, sizeof(bern_env));
	ck_assert_ptr_null((void *)(uintptr_t)env->attach);
	ck_assert_ptr_null((void *)(uintptr_t)env->load);
	ck_assert(env->step == step);
	free(old);
	whole.id = "Older-v0";
	whole.struct_size = 100;
	refused(&whole,
		"x.so: environment 0 of bern_plugin_1 has struct_size 100, the least is 136");
}
END_TEST

START_TEST(a_newer_table_is_cut)
{
	struct {
		bern_env env;
		void *news[3];
	} newer = {table("New-v0"), {NULL, &newer, &newer}};
	newer.env.struct_size = sizeof newer;
	accepted(&newer.env);
	ck_assert_uint_eq(bern_registry_at(registry, 0)->struct_size, sizeof(bern_env));
}
END_TEST

START_TEST(functions_are_there)
{
	bern_env env = table("A-v0");
	env.step = NULL;
	refused(&env, "x.so: A-v0: its required function step is NULL");
	env = table("A-v0");
	env.open = NULL;
	refused(&env, "x.so: A-v0: its required function open is NULL");
	env = table("A-v0");
	env.reset = NULL;
	refused(&env, "x.so: A-v0: its required function reset is NULL");
	env = table("A-v0");
	env.observe = NULL;
	refused(&env, "x.so: A-v0: its required function observe is NULL");
	env = table("A-v0");
	env.attach = attach;
	refused(&env, "x.so: A-v0: 1 of attach, detach, save and load are given, allowed are all "
		      "four or none");
	env = table("A-v0");
	env.metrics = metrics;
	env.metric_count = 1;
	refused(&env, "x.so: A-v0: it names 1 metrics, but read_metrics is NULL");
}
END_TEST

START_TEST(params_are_sound)
{
	static const struct {
		bern_param param;
		const char *sentence;
	} cases[] = {
		{{"gravity", "x", BERN_REAL, 0, "-3", 0, 100, NULL},
		 "x.so: A-v0: the fallback of a parameter: gravity: -3 is outside [0, 100]"},
		{{"gravity", "x", BERN_REAL, 0, "1", 5, 4, NULL},
		 "x.so: A-v0: parameter gravity has the empty range [5, 4]"},
		{{"gravity", "x", BERN_REAL, 0, "1", NAN, 4, NULL},
		 "x.so: A-v0: parameter gravity has the empty range [nan, 4]"},
		{{"Gravity", "x", BERN_REAL, 0, "1", 0, 4, NULL},
		 "x.so: A-v0: parameter 0 has the key \"Gravity\", not "
		 "lower_case_with_underscores"},
		{{NULL, "x", BERN_REAL, 0, "1", 0, 4, NULL},
		 "x.so: A-v0: parameter 0 has the key \"\", not lower_case_with_underscores"},
		{{"max_steps", "x", BERN_INT, 0, "1", 0, 4, NULL},
		 "x.so: A-v0: parameter max_steps has a name that the host keeps for itself"},
		{{"gravity", NULL, BERN_REAL, 0, "1", 0, 4, NULL},
		 "x.so: A-v0: parameter gravity has no help"},
		{{"gravity", "x", BERN_REAL, 0, NULL, 0, 4, NULL},
		 "x.so: A-v0: parameter gravity has no fallback"},
		{{"gravity", "x", 9, 0, "1", 0, 4, NULL},
		 "x.so: A-v0: parameter gravity has type 9, allowed are 1 to 5"},
		{{"kind", "x", BERN_CHOICE, 0, "1", 0, 4, NULL},
		 "x.so: A-v0: parameter kind has no choices"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		bern_env env = table("A-v0");
		env.params = &cases[i].param;
		env.param_count = 1;
		refused(&env, cases[i].sentence);
	}
	bern_param twice[] = {params[0], params[0]};
	bern_env env = table("A-v0");
	env.params = twice;
	env.param_count = 2;
	refused(&env, "x.so: A-v0: parameter gravity is there twice");
	env.params = NULL;
	refused(&env, "x.so: A-v0: it has 2 parameters, but params is NULL");
}
END_TEST

START_TEST(fields_and_numbers_of_the_table_are_sound)
{
	static const bern_field nameless = {NULL, BERN_F64, 1, 0}, odd = {"x", 0, 1, 0},
				empty = {"x", BERN_F64, 0, 0};
	bern_env env = table("A-v0");
	env.fields = &nameless;
	refused(&env, "x.so: A-v0: field 0 of the state has no name");
	env.fields = &odd;
	refused(&env, "x.so: A-v0: field x of the state has type 0, allowed are 1 to 5");
	env.fields = &empty;
	refused(&env, "x.so: A-v0: field x of the state has no elements");
	env.fields = NULL;
	refused(&env, "x.so: A-v0: it has 1 fields, but fields is NULL");
	env = table("A-v0");
	env.step_seconds = NAN;
	refused(&env, "x.so: A-v0: step_seconds is nan, allowed are 0 and more");
	env = table("A-v0");
	env.has_returns = 1;
	env.solved_return = INFINITY;
	refused(&env, "x.so: A-v0: random_return and solved_return are not both finite");
}
END_TEST

START_TEST(a_duplicate_names_both_origins_and_nothing_is_taken)
{
	bern_error e;
	bern_env a = table("A-v0"), b = table("B-v0");
	ck_assert_int_eq(adopt(&b, "first.so", &e), BERN_OK);
	const bern_env *const envs[] = {&a, &b};
	const bern_plugin plugin = {BERN_ENV_ABI, 2, envs};
	ck_assert_int_eq(bern_registry_adopt(registry, &plugin, "second.so", &e), BERN_EFORMAT);
	ck_assert_str_eq(e.text, "B-v0: it is in first.so and in second.so");
	ck_assert_uint_eq(bern_registry_count(registry), 1);
	const bern_env *const same[] = {&a, &a};
	const bern_plugin twice = {BERN_ENV_ABI, 2, same};
	ck_assert_int_eq(bern_registry_adopt(registry, &twice, "third.so", &e), BERN_EFORMAT);
	ck_assert_str_eq(e.text, "A-v0: it is in third.so and in third.so");
	const bern_env *const holed[] = {&a, NULL};
	const bern_plugin hole = {BERN_ENV_ABI, 2, holed};
	ck_assert_int_eq(bern_registry_adopt(registry, &hole, "third.so", &e), BERN_EFORMAT);
	ck_assert_str_eq(e.text, "third.so: environment 1 of bern_plugin_1 is NULL");
	ck_assert_uint_eq(bern_registry_count(registry), 1);
}
END_TEST

START_TEST(an_origin_is_forgotten_whole_and_alone)
{
	bern_error e;
	bern_env a = table("A-v0"), b = table("B-v0"), c = table("C-v0");
	const bern_env *const outer[] = {&a, &c}, *kept = NULL;
	const bern_plugin plugin = {BERN_ENV_ABI, 2, outer};
	ck_assert_int_eq(bern_registry_adopt(registry, &plugin, "first.so", &e), BERN_OK);
	ck_assert_int_eq(adopt(&b, "second.so", &e), BERN_OK);
	bern_registry_forget(registry, "first");
	ck_assert_uint_eq(bern_registry_count(registry), 3);
	bern_registry_forget(registry, "first.so");
	ck_assert_uint_eq(bern_registry_count(registry), 1);
	ck_assert_int_eq(bern_registry_find(registry, "B-v0", &kept, &e), BERN_OK);
	ck_assert_int_ne(bern_registry_find(registry, "C-v0", &kept, &e), BERN_OK);
	ck_assert_int_eq(adopt(&a, "third.so", &e), BERN_OK);
	ck_assert_str_eq(bern_registry_origin(registry, 0), "third.so");
}
END_TEST

START_TEST(the_list_is_sorted_and_its_pointers_stay)
{
	bern_error e;
	bern_env c = table("C-v0"), a = table("A-v0"), b = table("B-v0");
	ck_assert_int_eq(adopt(&c, "c.so", &e), BERN_OK);
	const bern_env *first = bern_registry_at(registry, 0);
	ck_assert_int_eq(adopt(&a, "a.so", &e), BERN_OK);
	ck_assert_int_eq(adopt(&b, "b.so", &e), BERN_OK);
	ck_assert_uint_eq(bern_registry_count(registry), 3);
	ck_assert_str_eq(bern_registry_at(registry, 0)->id, "A-v0");
	ck_assert_str_eq(bern_registry_at(registry, 1)->id, "B-v0");
	ck_assert_ptr_eq(bern_registry_at(registry, 2), first);
	ck_assert_str_eq(bern_registry_origin(registry, 1), "b.so");
	ck_assert_ptr_null(bern_registry_at(registry, 3));
}
END_TEST

static void not_found(const char *id, const char *sentence)
{
	bern_error e = {0};
	const bern_env *env = NULL;
	ck_assert_int_eq(bern_registry_find(registry, id, &env, &e), BERN_EUSAGE);
	ck_assert_str_eq(e.text, sentence);
	ck_assert_ptr_null(env);
}

START_TEST(finding_says_what_there_is)
{
	bern_error e;
	not_found("CartPole-v1", "CartPole-v1: no such environment");
	bern_env a = table("CartPole-v0"), b = table("CartPole-v1"), c = table("space/Taxi-v3");
	adopt(&a, "x.so", &e);
	adopt(&b, "x.so", &e);
	adopt(&c, "x.so", &e);
	const bern_env *env = NULL;
	ck_assert_int_eq(bern_registry_find(registry, "CartPole-v1", &env, &e), BERN_OK);
	ck_assert_str_eq(env->id, "CartPole-v1");
	not_found("CartPole-v1x", "CartPole-v1x: no such environment, did you mean CartPole-v1?");
	env = NULL;
	not_found("CartPole-v7",
		  "CartPole-v7: no such version; there are CartPole-v0, CartPole-v1, "
		  "the current one is CartPole-v1");
	not_found("space/Taxi-v4", "space/Taxi-v4: no such version; there is space/Taxi-v3");
	not_found("CartPole",
		  "CartPole: the version is missing; there are CartPole-v0, CartPole-v1");
	not_found("CartPloe-v1", "CartPloe-v1: no such environment, did you mean CartPole-v1?");
	not_found("cartpole-v1", "cartpole-v1: no such environment, did you mean CartPole-v1?");
	not_found("Acrobot-v1", "Acrobot-v1: no such environment");
	not_found("", ": no such environment");
}
END_TEST

/* ---- opening ----------------------------------------------------------------------------------------- */

static int32_t open_with(bern_world *world, const bern_setting *settings, size_t count,
			 bern_error *e)
{
	if (bern_registry_count(registry) == 0) {
		bern_env env = table("A-v0");
		accepted(&env);
	}
	memset(e, 0, sizeof *e);
	return bern_world_open(world, bern_registry_at(registry, 0), settings, count, e);
}

START_TEST(settings_are_checked_and_the_last_one_counts)
{
	bern_world world;
	bern_error e;
	char map[] = "S..G";
	const bern_setting settings[] = {
		{"gravity", "1"}, {"max_steps", "7"}, {"gravity", "2.5"}, {"map", map}};
	ck_assert_int_eq(open_with(&world, settings, 4, &e), BERN_OK);
	ck_assert_double_eq(the_model.gravity, 2.5);
	ck_assert_int_eq(the_model.size, 4);
	ck_assert_str_eq(text_seen, "S..G");
	ck_assert_uint_eq(world.instance.max_steps, 7);
	/* the world's own copy of a text */
	memset(map, '?', 4);
	ck_assert_str_eq(world.values[2].s, "S..G");
	ck_assert_double_eq(world.values[0].r, 2.5);
	bern_world_finish(&world);
	ck_assert_int_eq(the_model.closed, 1);
	bern_world_finish(&world);
	ck_assert_int_eq(the_model.closed, 1);

	ck_assert_int_eq(open_with(&world, NULL, 0, &e), BERN_OK);
	ck_assert_uint_eq(world.instance.max_steps, 500);
	ck_assert_str_eq(world.values[2].s, "S.G");
	bern_world_finish(&world);
}
END_TEST

/* A limit of the user's makes longer episodes, which return more, or shorter ones, which lose less. */
START_TEST(another_limit_makes_the_most_a_return_can_be_unknown)
{
	static const struct {
		const char *limit;
		int32_t known;
	} cases[] = {{"1000", 0}, {"7", 0}, {"0", 0}, {"500", 1}, {NULL, 1}};
	told.has_max_return = 1;
	told.max_return = 40;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		bern_world world;
		bern_error e;
		const bern_setting setting = {"max_steps", cases[i].limit};
		ck_assert_int_eq(open_with(&world, &setting, cases[i].limit != NULL, &e), BERN_OK);
		ck_assert_int_eq(world.instance.has_max_return, cases[i].known);
		ck_assert_double_eq(world.instance.max_return, cases[i].known ? 40 : 0);
		bern_world_finish(&world);
	}
}
END_TEST

START_TEST(bad_settings_are_one_sentence)
{
	static const struct {
		bern_setting setting;
		const char *sentence;
	} cases[] = {
		{{"gravity", "-3"}, "A-v0: gravity: -3 is outside [0, 100]"},
		{{"gravty", "3"},
		 "A-v0: it has no parameter \"gravty\", only gravity, size, map, max_steps, did "
		 "you mean gravity?"},
		{{"colour", "3"},
		 "A-v0: it has no parameter \"colour\", only gravity, size, map, max_steps"},
		{{"max_steps", "-1"}, "A-v0: max_steps: -1 is outside [0, 9007199254740992]"},
		{{"max_steps", "few"},
		 "A-v0: max_steps: \"few\" is not a whole number in [0, 9007199254740992]"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		bern_world world;
		bern_error e;
		ck_assert_int_eq(open_with(&world, &cases[i].setting, 1, &e), BERN_EUSAGE);
		ck_assert_str_eq(e.text, cases[i].sentence);
		bern_world_finish(&world);
	}
}
END_TEST

START_TEST(a_refusing_open_gives_its_own_words)
{
	bern_world world;
	bern_error e;
	bern_env env = table("A-v0");
	env.open = open_refuses;
	accepted(&env);
	the_model.closed = 0;
	ck_assert_int_eq(open_with(&world, NULL, 0, &e), BERN_EUSAGE);
	ck_assert_str_eq(e.text, "A-v0: row 2 of the map is too short");
	ck_assert_int_eq(the_model.closed, 0);
	env = table("B-v0");
	env.open = open_silent;
	accepted(&env);
	ck_assert_int_eq(bern_world_open(&world, bern_registry_at(registry, 1), NULL, 0, &e),
			 BERN_EUSAGE);
	ck_assert_uint_lt(strlen(e.text), 600);
}
END_TEST

static void not_opened(const char *sentence)
{
	bern_world world;
	bern_error e;
	the_model.closed = 0;
	ck_assert_int_eq(open_with(&world, NULL, 0, &e), BERN_EFORMAT);
	ck_assert_str_eq(e.text, sentence);
	ck_assert_int_eq(the_model.closed, 1);
	told = sound();
}

START_TEST(empty_spaces_are_refused)
{
	told.observation.count = 0;
	not_opened("A-v0: its observation space is empty: count is 0");
	told.action.sizes = none;
	not_opened("A-v0: its action space is empty: size 0 of element 0, allowed are 1 and more");
	told.action.sizes = NULL;
	not_opened("A-v0: its action space has no sizes");
	told.observation.low = swapped;
	not_opened("A-v0: its observation space is empty: bounds [2, 1] of element 0");
	told.observation.low = nans;
	not_opened("A-v0: its observation space is empty: bounds [nan, 1] of element 0");
	told.observation.low = upper;
	told.observation.high = upper;
	not_opened("A-v0: its observation space is empty: bounds [inf, inf] of element 0");
	told.observation.low = lower;
	told.observation.high = lower;
	not_opened("A-v0: its observation space is empty: bounds [-inf, -inf] of element 0");
	told.observation.kind = 0;
	not_opened("A-v0: its observation space has kind 0, allowed are 1 to 4");
	told.action.count = 2;
	not_opened("A-v0: its discrete action space has count 2, not 1");
	told.action.dtype = BERN_UINT8;
	not_opened("A-v0: its action space has dtype 1, allowed are 0 and, for BOX, 1");
	told.observation.ndim = 2;
	told.observation.shape[0] = told.observation.shape[1] = 2;
	not_opened("A-v0: the shape of its observation space is not of 2 elements");
	told.observation.ndim = 5;
	not_opened("A-v0: its observation space has 5 dimensions, allowed are 0 to 4");
	static const char *const holed[] = {"x", NULL};
	told.observation.labels = holed;
	not_opened("A-v0: label 1 of its observation space is NULL");
}
END_TEST

START_TEST(the_state_is_checked)
{
	told.state_size = 0;
	not_opened("A-v0: its state_size is 0, allowed are 1 to 1073741824");
	told.state_size = ((uint64_t)1 << 30) + 1;
	not_opened("A-v0: its state_size is 1073741825, allowed are 1 to 1073741824");
	told.state_size = 7;
	not_opened("A-v0: field x ends beyond its state of 7 bytes");
	told.has_max_return = 1;
	told.max_return = NAN;
	not_opened("A-v0: its max_return is nan, not a finite number");
	told.grid_rows = 2;
	not_opened("A-v0: its grid of 2 x 0 cells does not fit in an observation of 2 numbers");
	told.grid_rows = told.grid_columns = 2;
	not_opened("A-v0: its grid of 2 x 2 cells does not fit in an observation of 2 numbers");
}
END_TEST

START_TEST(fields_cannot_wrap_around)
{
	static const bern_field far = {"x", BERN_F64, UINT32_MAX, UINT64_MAX - 7};
	bern_env env = table("A-v0");
	env.fields = &far;
	accepted(&env);
	not_opened("A-v0: field x ends beyond its state of 8 bytes");
}
END_TEST

START_TEST(a_mask_needs_discrete_actions)
{
	bern_env env = table("A-v0");
	env.mask = mask;
	accepted(&env);
	told.action = (bern_space){.kind = BERN_MULTI_BINARY, .count = 3};
	not_opened("A-v0: it has a mask, which only discrete actions can have");
}
END_TEST

/* ---- encoding ---------------------------------------------------------------------------------------- */

static bern_world world_of(bern_space observation)
{
	bern_world world;
	bern_error e;
	told.observation = observation;
	ck_assert_msg(open_with(&world, NULL, 0, &e) == BERN_OK, "%s", e.text);
	return world;
}

static void encodes_badly(const bern_world *world, const void *raw, const char *sentence)
{
	float out[16];
	bern_error e = {0};
	ck_assert_int_eq(bern_encode(world, raw, out, &e), BERN_EENV);
	ck_assert_str_eq(e.text, sentence);
}

START_TEST(each_kind_of_observation_is_encoded)
{
	float out[16];
	bern_error e;

	bern_world world = world_of(
		(bern_space){.kind = BERN_BOX, .count = 2, .low = low, .high = high});
	ck_assert_uint_eq(world.observation_floats, 2);
	ck_assert_uint_eq(world.observation_bytes, 8);
	ck_assert_uint_eq(world.action_bytes, 4);
	ck_assert_uint_eq(world.state_stride, 16);
	ck_assert_int_eq(bern_encode(&world, (float[]){-1, 2}, out, &e), BERN_OK);
	ck_assert(out[0] == -1 && out[1] == 2);
	encodes_badly(&world, (float[]){0, 2.5f}, "A-v0: observation[1] is 2.5, outside [-2, 2]");
	encodes_badly(&world, (float[]){NAN, 2}, "A-v0: observation[0] is nan");
	bern_world_finish(&world);

	static const char *const names[] = {"speed", "angle"};
	world = world_of((bern_space){.kind = BERN_BOX, .count = 2, .labels = names});
	encodes_badly(&world, (float[]){0, INFINITY}, "A-v0: observation[1] (angle) is infinite");
	bern_world_finish(&world);

	world = world_of((bern_space){.kind = BERN_BOX, .dtype = BERN_UINT8, .count = 3});
	ck_assert_uint_eq(world.observation_bytes, 3);
	ck_assert_int_eq(bern_encode(&world, (uint8_t[]){0, 7, 255}, out, &e), BERN_OK);
	ck_assert(out[0] == 0 && out[1] == 7 && out[2] == 255);
	bern_world_finish(&world);

	world = world_of((bern_space){.kind = BERN_MULTI_BINARY, .count = 3});
	ck_assert_int_eq(bern_encode(&world, (uint8_t[]){0, 1, 1}, out, &e), BERN_OK);
	ck_assert(out[0] == 0 && out[1] == 1 && out[2] == 1);
	encodes_badly(&world, (uint8_t[]){0, 2, 1}, "A-v0: observation[1] is 2, outside [0, 1]");
	bern_world_finish(&world);

	world = world_of((bern_space){.kind = BERN_DISCRETE, .count = 1, .sizes = three + 2});
	ck_assert_uint_eq(world.observation_floats, 4);
	ck_assert_int_eq(bern_encode(&world, (int32_t[]){2}, out, &e), BERN_OK);
	ck_assert(out[0] == 0 && out[1] == 0 && out[2] == 1 && out[3] == 0);
	encodes_badly(&world, (int32_t[]){4}, "A-v0: observation[0] is 4, outside [0, 3]");
	encodes_badly(&world, (int32_t[]){-1}, "A-v0: observation[0] is -1, outside [0, 3]");
	bern_world_finish(&world);

	world = world_of((bern_space){.kind = BERN_MULTI_DISCRETE, .count = 3, .sizes = three});
	ck_assert_uint_eq(world.observation_floats, 9);
	const float want[] = {0, 1, 0, 0, 1, 1, 0, 0, 0};
	ck_assert_int_eq(bern_encode(&world, (int32_t[]){1, 2, 0}, out, &e), BERN_OK);
	ck_assert_mem_eq(out, want, sizeof want);
	encodes_badly(&world, (int32_t[]){1, 3, 0}, "A-v0: observation[1] is 3, outside [0, 2]");
	bern_world_finish(&world);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("registry");
	TCase *t = tcase_create("taking in");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, ids_are_checked);
	tcase_add_test(t, another_abi_is_refused_with_both_versions);
	tcase_add_test(t, an_older_table_is_filled_with_zeros);
	tcase_add_test(t, a_newer_table_is_cut);
	tcase_add_test(t, functions_are_there);
	tcase_add_test(t, params_are_sound);
	tcase_add_test(t, fields_and_numbers_of_the_table_are_sound);
	tcase_add_test(t, a_duplicate_names_both_origins_and_nothing_is_taken);
	tcase_add_test(t, an_origin_is_forgotten_whole_and_alone);
	tcase_add_test(t, the_list_is_sorted_and_its_pointers_stay);
	tcase_add_test(t, finding_says_what_there_is);
	suite_add_tcase(s, t);
	t = tcase_create("opening");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, settings_are_checked_and_the_last_one_counts);
	tcase_add_test(t, another_limit_makes_the_most_a_return_can_be_unknown);
	tcase_add_test(t, bad_settings_are_one_sentence);
	tcase_add_test(t, a_refusing_open_gives_its_own_words);
	tcase_add_test(t, empty_spaces_are_refused);
	tcase_add_test(t, the_state_is_checked);
	tcase_add_test(t, fields_cannot_wrap_around);
	tcase_add_test(t, a_mask_needs_discrete_actions);
	tcase_add_test(t, each_kind_of_observation_is_encoded);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
