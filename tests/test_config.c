/* From flags, files, variables, recipes and defaults to one configuration, and back from its file. */
#include <config.h>
#include <options.h>
#include <registry.h>

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64]; /* of this test, with its recipes in it */
static char file[128], recipe[128];
static char noted[1000];

static void note(void *user, const char *sentence)
{
	(void)user;
	strncat(noted, sentence, sizeof noted - strlen(noted) - 1);
}

static void write_file(const char *path, const char *text)
{
	FILE *out = fopen(path, "w");
	ck_assert_ptr_nonnull(out);
	fputs(text, out);
	ck_assert_int_eq(fclose(out), 0);
}

static void set_up(void)
{
	snprintf(folder, sizeof folder, "test_config.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(file, sizeof file, "%s/file.yaml", folder);
	snprintf(recipe, sizeof recipe, "%s/CartPole-v1.yaml", folder);
	setenv("BERN_RECIPES", folder, 1);
	setenv("XDG_DATA_HOME", "/nowhere", 1);
	unsetenv("BERN_ENV_PATH");
	noted[0] = '\0';
}

static void tear_down(void)
{
	unlink(file);
	unlink(recipe);
	ck_assert_int_eq(rmdir(folder), 0);
	unsetenv("BERN_LEARNING_RATE");
	unsetenv("BERN_LEARNING_RAT");
	unsetenv("BERN_SEED");
}

/* One resolution with all that it needs. */
typedef struct trial {
	config_sources sources;
	bern_registry *registry;
	run_config config;
	bern_world world;
	config_origins origins;
	bern_error e;
	int32_t rc;
} trial;

static void give(trial *t, const char *key, const char *text)
{
	char label[80];
	snprintf(label, sizeof label, "--%s", key);
	ck_assert_uint_lt(train_option_find(key), train_option_count());
	ck_assert_int_eq(
		config_give_option(&t->sources.flags, train_option_find(key), text, label, &t->e),
		0);
}

static void set(trial *t, const char *assignment)
{
	ck_assert_msg(config_give_set(&t->sources.flags, assignment, &t->e) == 0, "%s", t->e.text);
}

static int32_t try(trial *t, const char *env)
{
	t->sources.env = env;
	t->sources.note = note;
	ck_assert_int_eq(registry_search(&t->registry, NULL, 0, NULL, &t->e), 0);
	t->rc = config_resolve(&t->sources, t->registry, &t->config, &t->world, &t->origins, &t->e);
	return t->rc;
}

static void resolve(trial *t, const char *env)
{
	ck_assert_msg(try(t, env) == 0, "%s", t->e.text);
}

static void finish(trial *t)
{
	if (t->rc == 0) {
		bern_world_finish(&t->world);
		run_config_finish(&t->config);
		config_origins_finish(&t->origins);
	}
	config_list_finish(&t->sources.flags);
	bern_registry_destroy(t->registry);
	memset(t, 0, sizeof *t);
}

/* ---- precedence ------------------------------------------------------------------------------------------------ */

/* _i is how many of the sources speak, the weakest first: defaults, recipe, variable, file, --set, flag */
START_TEST(each_source_goes_over_the_weaker_ones)
{
	static const double expected[] = {0.02, 0.1, 0.2, 0.3, 0.4, 0.5};
	trial t = {0};
	if (_i >= 1)
		write_file(recipe, "train:\n  learning_rate: 0.1\n");
	if (_i >= 2)
		setenv("BERN_LEARNING_RATE", "0.2", 1);
	if (_i >= 3) {
		write_file(file, "train:\n  learning_rate: 0.3\n");
		t.sources.file = file;
	}
	if (_i >= 4)
		set(&t, "train.learning_rate=0.4");
	if (_i >= 5)
		give(&t, "learning_rate", "0.5");
	resolve(&t, "CartPole-v1");
	ck_assert_double_eq(t.config.agent.learning_rate, expected[_i]);
	finish(&t);
}
END_TEST

START_TEST(of_two_flags_the_later_counts)
{
	trial t = {0};
	give(&t, "lr", "0.5");
	set(&t, "train.lr=0.25");
	give(&t, "seed", "3");
	give(&t, "seed", "18446744073709551615");
	set(&t, "env.gravity=1");
	set(&t, "env.gravity=2");
	resolve(&t, "CartPole-v1");
	ck_assert_double_eq(t.config.agent.learning_rate, 0.25);
	ck_assert_uint_eq(t.config.run.seed, UINT64_MAX);
	ck_assert_uint_eq(t.config.setting_count, 1);
	ck_assert_str_eq(t.config.settings[0].text, "2");
	finish(&t);
}
END_TEST

START_TEST(total_timesteps_reaches_the_agent_for_its_schedules)
{
	trial t = {0};
	give(&t, "total_timesteps", "1234");
	resolve(&t, "CartPole-v1");
	ck_assert_uint_eq(t.config.agent.total_timesteps, 1234);
	finish(&t);
}
END_TEST

START_TEST(a_replaced_value_is_checked_all_the_same)
{
	trial t = {0};
	setenv("BERN_LEARNING_RATE", "ten", 1);
	give(&t, "learning_rate", "0.5");
	ck_assert_int_eq(try(&t, "CartPole-v1"), BERN_EUSAGE);
	ck_assert_ptr_nonnull(strstr(t.e.text, "BERN_LEARNING_RATE"));
	ck_assert_ptr_nonnull(strstr(t.e.text, "ten"));
	finish(&t);
}
END_TEST

START_TEST(a_misspelt_variable_is_noted_with_a_suggestion)
{
	trial t = {0};
	write_file(recipe, "train:\n");
	setenv("BERN_LEARNING_RAT", "1", 1);
	resolve(&t, "CartPole-v1");
	ck_assert_str_eq(noted, "the variable BERN_LEARNING_RAT is not known, did you mean "
				"BERN_LEARNING_RATE?");
	finish(&t);
}
END_TEST

START_TEST(a_missing_recipe_is_noted_once)
{
	trial t = {0};
	const bern_env *cartpole;
	ck_assert_int_eq(registry_search(&t.registry, NULL, 0, NULL, &t.e), 0);
	ck_assert_int_eq(bern_registry_find(t.registry, "CartPole-v1", &cartpole, &t.e), 0);
	bern_env env = *cartpole;
	env.id = "test/NoRecipe-v0";
	const bern_env *const envs[] = {&env};
	const bern_plugin plugin = {BERN_ENV_ABI, 1, envs};
	ck_assert_int_eq(bern_registry_adopt(t.registry, &plugin, "a test", &t.e), 0);
	t.sources.env = env.id;
	t.sources.note = note;
	t.rc = config_resolve(&t.sources, t.registry, &t.config, &t.world, &t.origins, &t.e);
	ck_assert_int_eq(t.rc, 0);
	ck_assert_str_eq(noted, "test/NoRecipe-v0 has no recipe, so the defaults are used");

	/* a slash of the id is a dash in the file's name */
	char path[128];
	snprintf(path, sizeof path, "%s/test-NoRecipe-v0.yaml", folder);
	write_file(path, "");
	char *found = recipe_find(env.id);
	ck_assert_str_eq(found, path);
	free(found);
	unlink(path);
	finish(&t);
}
END_TEST

START_TEST(the_threshold_of_the_environment_is_the_default_of_stop_return)
{
	trial t = {0};
	give(&t, "stop_looks", "3");
	resolve(&t, "CartPole-v1");
	ck_assert_double_eq(t.config.run.stop_return, 475);
	finish(&t);
	give(&t, "stop_return", "100");
	resolve(&t, "CartPole-v1");
	ck_assert_double_eq(t.config.run.stop_return, 100);
	finish(&t);
}
END_TEST

START_TEST(the_environment_may_come_from_the_file_or_a_named_recipe)
{
	trial t = {0};
	write_file(file, "env:\n  id: FrozenLake-v1\n  is_slippery: false\n");
	t.sources.file = file;
	resolve(&t, NULL);
	ck_assert_str_eq(t.config.env_id, "FrozenLake-v1");
	finish(&t);

	t.sources.recipe = file;
	resolve(&t, NULL);
	ck_assert_str_eq(t.config.env_id, "FrozenLake-v1");
	ck_assert_uint_eq(t.config.setting_count, 1);
	finish(&t);
}
END_TEST

START_TEST(a_bigger_time_limit_is_a_setting_like_any_other)
{
	trial t = {0};
	set(&t, "env.max_steps=7");
	resolve(&t, "CartPole-v1");
	ck_assert_uint_eq(t.world.instance.max_steps, 7);
	finish(&t);
}
END_TEST

/* ---- refusals ----------------------------------------------------------------------------------------------- */

/* what a --config file says, and what the sentence must hold */
static const struct {
	const char *text, *words[3];
} bad_files[] = {
	{"train:\n  learning_rat: 0.1\n", {"file.yaml:2", "learning_rat", "learning_rate"}},
	{"train:\n  learning_rate: ten\n", {"file.yaml:2", "learning_rate", "ten"}},
	{"train:\n  learning_rate: -1\n", {"file.yaml:2", "-1", "[0, 1000]"}},
	{"train:\n  learning_rate:\n", {"file.yaml:2", "learning_rate", "\"\""}},
	{"train:\n  learning_rate: nan\n", {"file.yaml:2", "nan", "number"}},
	{"train:\n  learning_rate: 1e400\n", {"file.yaml:2", "1e400", "large"}},
	{"train:\n  seed: 18446744073709551616\n", {"file.yaml:2", "18446744073709551616", "615"}},
	{"train:\n  seed: -1\n", {"file.yaml:2", "-1", "0 to"}},
	{"train:\n  lr: 1\n  learning_rate: 1\n", {"file.yaml:3", "before", "file.yaml:2"}},
	{"train:\n  seed: 1\n  seed: 1\n", {"file.yaml:3", "before", "line 2"}},
	{"env:\n  gravty: 1\n", {"file.yaml:2", "gravty", "gravity"}},
	{"env:\n  gravity: 1e9\n", {"file.yaml:2", "gravity", "[0, 100]"}},
	{"env:\n  max_steps: -1\n", {"file.yaml:2", "max_steps", "-1"}},
	{"trian:\n  seed: 1\n", {"file.yaml:1", "trian", "train"}},
	{"train:\n  recipe: CartPole-v9\n", {"recipe", "CartPole-v9", "CartPole-v1"}},
	{"train:\n  stop_looks: 2\n  eval_interval: 0\n", {"stop_looks", "eval_interval", "0"}},
	{"train:\n  name: a/b\n", {"name", "a/b", "runs_dir"}},
	{"", {"file.yaml", "empty", "env and train"}},
};

START_TEST(a_wrong_file_is_refused_in_words)
{
	trial t = {0};
	write_file(recipe, "train:\n");
	write_file(file, bad_files[_i].text);
	t.sources.file = file;
	ck_assert_int_eq(try(&t, "CartPole-v1"), BERN_EUSAGE);
	for (size_t k = 0; k < 3; k++)
		ck_assert_msg(strstr(t.e.text, bad_files[_i].words[k]) != NULL, "no '%s' in '%s'",
			      bad_files[_i].words[k], t.e.text);
	ck_assert_ptr_null(strchr(t.e.text, '\n'));
	finish(&t);
}
END_TEST

/* assignments of --set, and what the sentence must hold */
static const struct {
	const char *assignment, *words[2];
} bad_sets[] = {
	{"gravity=1", {"gravity=1", "env.KEY=VALUE"}},
	{"env.gravity", {"env.gravity", "env.KEY=VALUE"}},
	{"env.=1", {"env.=1", "env.KEY=VALUE"}},
	{".x=1", {".x=1", "env.KEY=VALUE"}},
	{"", {"''", "env.KEY=VALUE"}},
	{"envs.x=1", {"envs.x", "env.KEY=VALUE"}},
	{"a=env.x", {"a=env.x", "env.KEY=VALUE"}},
	{"train.sede=1", {"train.sede", "did you mean seed"}},
	{"env.id=CartPole-v0", {"env.id", "first argument"}},
	{"env.map=@/nowhere/map.txt", {"env.map", "/nowhere/map.txt"}},
	{"env.map=@/", {"env.map", "folder"}},
	{"env.map=\xff", {"env.map", "UTF-8"}},
	{"train.name=\xc0\xaf", {"train.name", "UTF-8"}},
	{"train.name=\xed\xa0\x80", {"train.name", "UTF-8"}},
	{"train.name=a\xe2\x82", {"train.name", "UTF-8"}},
};

START_TEST(a_wrong_assignment_is_refused_in_words)
{
	config_list list = {0};
	bern_error e;
	ck_assert_int_ne(config_give_set(&list, bad_sets[_i].assignment, &e), 0);
	ck_assert_uint_eq(list.count, 0);
	for (size_t k = 0; k < 2; k++)
		ck_assert_msg(strstr(e.text, bad_sets[_i].words[k]) != NULL, "no '%s' in '%s'",
			      bad_sets[_i].words[k], e.text);
	config_list_finish(&list);
}
END_TEST

START_TEST(a_recipe_of_another_environment_is_refused_where_it_is_not_asked_for)
{
	trial t = {0};
	write_file(recipe, "env:\n  id: CartPole-v0\n");
	ck_assert_int_eq(try(&t, "CartPole-v1"), BERN_EUSAGE);
	ck_assert_ptr_nonnull(strstr(t.e.text, "CartPole-v1.yaml:2"));
	finish(&t);
	t.sources.recipe = "CartPole-v1";
	resolve(&t, "CartPole-v1");
	finish(&t);
}
END_TEST

START_TEST(seeds_are_read_to_the_last_digit)
{
	static const struct {
		const char *text;
		int good;
		uint64_t value;
	} cases[] = {
		{"0", 1, 0},
		{"9007199254740993", 1, 9007199254740993u},
		{"18446744073709551615", 1, UINT64_MAX},
		{"007", 1, 7},
		{"18446744073709551616", 0, 0},
		{"99999999999999999999999", 0, 0},
		{"", 0, 0},
		{" 5", 0, 0},
		{"5 ", 0, 0},
		{"+5", 0, 0},
		{"-1", 0, 0},
		{"ten", 0, 0},
		{"1e3", 0, 0},
		{"0x10", 0, 0},
		{"1.0", 0, 0},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		uint64_t seed = 77;
		bern_error e;
		int32_t rc = parse_seed("--seed", cases[i].text, &seed, &e);
		ck_assert_msg((rc == 0) == cases[i].good, "'%s'", cases[i].text);
		ck_assert_uint_eq(seed, cases[i].good ? cases[i].value : 77);
	}
}
END_TEST

/* ---- the file of a run ---------------------------------------------------------------------------------------- */

/* the test's own numbers: xorshift64 (Marsaglia 2003) */
static uint64_t draw(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

/* A random value that the option allows, as text. */
static void random_value(const bern_param *param, uint64_t *x, char *out, size_t size)
{
	static const char *const pieces[] = {"a",
					     "Z",
					     "0",
					     "-",
					     ".",
					     "\"",
					     "\\",
					     "'",
					     " ",
					     "#",
					     ":",
					     "{",
					     "\n",
					     "\t",
					     "\r",
					     "\x01",
					     "~",
					     "\xc3\xa4",
					     "\xc2\x85",
					     "\xe2\x80\xa8",
					     "%",
					     "&",
					     "\xef\xbb\xbf",
					     "\x7f",
					     "\xf0\x9f\x90\xbb"};
	double low = isinf(param->min) ? -1e30 : param->min;
	double high = isinf(param->max) ? 1e30 : param->max;
	double part = (double)(draw(x) >> 11) * 0x1p-53, value;
	size_t choices = 0, at = 0;
	switch (param->type) {
	case BERN_INT:
		value = floor(low + part * (high - low));
		snprintf(out, size, "%.0f", value);
		break;
	case BERN_REAL:
		/* half of them near the lower end, where exponents vary */
		value = draw(x) & 1 ? part * part * part * 1e-9 : part;
		snprintf(out, size, "%.17g", fmin(low + value * (high - low), high));
		break;
	case BERN_BOOL:
		snprintf(out, size, "%s", draw(x) & 1 ? "true" : "false");
		break;
	case BERN_CHOICE:
		while (param->choices[choices])
			choices++;
		snprintf(out, size, "%s", param->choices[draw(x) % choices]);
		break;
	default:
		out[0] = '\0';
		for (size_t left = 1 + draw(x) % 30; left; left--)
			at += (size_t)snprintf(out + at, size - at, "%s",
					       pieces[draw(x) % (sizeof pieces / sizeof *pieces)]);
	}
}

/* The bytes of a field, with no help of what writes and reads files. */
static void assert_same_field(const bern_option *option, const char *a, const char *b)
{
	a += option->offset;
	b += option->offset;
	if (option->param.type == BERN_TEXT)
		ck_assert_str_eq(a, b);
	else
		ck_assert_msg(memcmp(a, b, 8) == 0, "%s changed", option->param.key);
}

START_TEST(any_configuration_comes_back_from_its_file)
{
	uint64_t x = 88172645463325252u + 977u * (uint64_t)_i;
	trial t = {0}, back = {0};
	char text[600], assignment[700];
	for (size_t i = 0; i < train_option_count(); i++) {
		const bern_param *param = &train_option_at(i)->param;
		/* looks that stop a run need a threshold, which not every environment has, and an interval */
		if (draw(&x) % 3 == 0 && strcmp(param->key, "stop_return") != 0 &&
		    strcmp(param->key, "eval_interval") != 0)
			continue;
		random_value(param, &x, text, sizeof text);
		if (!strcmp(param->key, "eval_interval"))
			snprintf(text, sizeof text, "%u", 1 + (unsigned)(draw(&x) % 1000));
		if (!strcmp(param->key, "seed"))
			snprintf(text, sizeof text, "%llu", (unsigned long long)draw(&x));
		give(&t, param->key, text);
	}
	t.sources.recipe = "none";
	static const char *const ids[] = {"CartPole-v1", "GaussianBandit-v0", "Gridworld-v0"};
	const char *id = ids[_i % 3];
	if (_i % 3 == 0) {
		snprintf(assignment, sizeof assignment, "env.gravity=%.17g",
			 (double)(draw(&x) >> 11) * 0x1p-53 * 100);
		set(&t, assignment);
	} else if (_i % 3 == 1) {
		set(&t, "env.arms=7");
		set(&t, "env.max_steps=12");
	} else {
		set(&t, "env.map=S..\n.#.\n..G\n");
	}
	resolve(&t, id);
	for (int with_origins = 0; with_origins < 2; with_origins++) {
		char *yaml = run_config_yaml_from(&t.config, &t.world,
						  with_origins ? &t.origins : NULL);
		ck_assert_ptr_nonnull(yaml);
		write_file(file, yaml);
		/* neither a recipe nor other values of the defaults get in */
		char other[200];
		snprintf(other, sizeof other, "%s/%s.yaml", folder, id);
		write_file(other,
			   "env:\n  max_steps: 3\ntrain:\n  learning_rate: 7\n  gamma: 0.5\n");
		back.sources.file = file;
		resolve(&back, NULL);
		unlink(other);

		ck_assert_str_eq(back.config.env_id, id);
		ck_assert_uint_eq(back.config.run.seed, t.config.run.seed);
		ck_assert_uint_eq(back.config.agent.total_timesteps,
				  t.config.agent.total_timesteps);
		size_t agent_options = bern_agent_option_count;
		size_t run_options = train_option_count() - agent_options;
		for (size_t i = 1; i < train_option_count(); i++)
			assert_same_field(train_option_at(i),
					  i < run_options ? (char *)&t.config.run
							  : (char *)&t.config.agent,
					  i < run_options ? (char *)&back.config.run
							  : (char *)&back.config.agent);
		ck_assert_uint_eq(back.world.instance.max_steps, t.world.instance.max_steps);
		ck_assert_uint_eq(back.world.instance.observation.count,
				  t.world.instance.observation.count);
		for (size_t i = 0; i < t.config.setting_count; i++) {
			size_t k = 0;
			while (k < back.config.setting_count &&
			       strcmp(back.config.settings[k].key, t.config.settings[i].key) != 0)
				k++;
			ck_assert_uint_lt(k, back.config.setting_count);
			ck_assert_str_eq(back.config.settings[k].text, t.config.settings[i].text);
		}

		/* the reader of run folders, which opens no environment, agrees */
		run_config read;
		bern_error e;
		ck_assert_msg(run_config_read(&read, file, &e) == 0, "%s", e.text);
		ck_assert_str_eq(read.env_id, id);
		ck_assert_uint_eq(read.run.seed, t.config.run.seed);
		char *again = run_config_yaml(&read, &t.world),
		     *first = run_config_yaml(&t.config, &t.world);
		ck_assert_str_eq(again, first);
		free(first);
		free(again);
		run_config_finish(&read);
		free(yaml);
		finish(&back);
	}
	finish(&t);
}
END_TEST

START_TEST(the_origin_of_each_value_is_told)
{
	trial t = {0};
	write_file(recipe, "env:\n  tau: 0.01\ntrain:\n  gamma: 0.9\n");
	write_file(file, "train:\n  hidden: \"8\"\n");
	setenv("BERN_SEED", "5", 1);
	t.sources.file = file;
	give(&t, "lr", "0.5");
	resolve(&t, "CartPole-v1");
	char *yaml = run_config_yaml_from(&t.config, &t.world, &t.origins);
	static const char *const lines[][2] = {
		{"  tau:", "CartPole-v1.yaml:2\n"}, {"  gamma:", "CartPole-v1.yaml:4\n"},
		{"  hidden:", "file.yaml:2\n"},     {"  seed:", "# BERN_SEED\n"},
		{"  learning_rate:", "# --lr\n"},   {"  gae_lambda:", "# default\n"},
		{"  force:", "# default\n"}};
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		const char *line = strstr(yaml, lines[i][0]);
		ck_assert_ptr_nonnull(line);
		const char *end = strchr(line, '\n') + 1 - strlen(lines[i][1]);
		ck_assert_msg(!strncmp(end, lines[i][1], strlen(lines[i][1])), "%.80s", line);
	}
	free(yaml);
	finish(&t);
}
END_TEST

START_TEST(a_broken_file_of_a_run_is_a_fault_of_the_file)
{
	static const char *const texts[] = {
		"", "train:\n  seed: 1\n", "env:\n  id: X-v0\ntrain: 3\n",
		"env:\n  id: X-v0\ntrain:\n  lr: ten\n", "env:\n  id:\n"};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		run_config config;
		bern_error e;
		write_file(file, texts[i]);
		ck_assert_int_eq(run_config_read(&config, file, &e), BERN_EFORMAT);
		ck_assert_ptr_nonnull(strstr(e.text, "file.yaml"));
	}
	run_config config;
	bern_error e;
	ck_assert_int_eq(run_config_read(&config, "/nowhere/config.yaml", &e), BERN_EIO);
}
END_TEST

/* ---- command lines -------------------------------------------------------------------------------------------- */

static const cli_flag flags[] = {{"config", 0, "FILE", ""}, CLI_COMMON_FLAGS};

START_TEST(a_command_line_is_read_in_all_its_forms)
{
	char *argv[] = {"train",
			"-qv",
			"--learning-rate=0.1",
			"--learning_rate",
			"-5",
			"--normalize-observations",
			"--no-fan-in-scaling",
			"--fan-in-scaling=no",
			"-",
			"--config",
			"x.yaml",
			"--",
			"--seed",
			NULL};
	static const struct {
		int32_t kind;
		const char *name, *text;
	} expected[] = {{ARG_FLAG, "quiet", NULL},
			{ARG_FLAG, "verbose", NULL},
			{ARG_OPTION, "learning_rate", "0.1"},
			{ARG_OPTION, "learning_rate", "-5"},
			{ARG_OPTION, "normalize_observations", "true"},
			{ARG_OPTION, "fan_in_scaling", "false"},
			{ARG_OPTION, "fan_in_scaling", "no"},
			{ARG_WORD, NULL, "-"},
			{ARG_FLAG, "config", "x.yaml"},
			{ARG_WORD, NULL, "--seed"},
			{ARG_END, NULL, NULL}};
	arg_reader args = {13, argv, flags, sizeof flags / sizeof flags[0], 1, .at = 0};
	bern_error e;
	for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
		ck_assert_msg(arg_next(&args, &e) == 0, "%s", e.text);
		ck_assert_int_eq(args.kind, expected[i].kind);
		ck_assert_pstr_eq(args.text, expected[i].text);
		if (args.kind == ARG_FLAG)
			ck_assert_str_eq(flags[args.index].name, expected[i].name);
		if (args.kind == ARG_OPTION)
			ck_assert_str_eq(train_option_at(args.index)->param.key, expected[i].name);
	}
}
END_TEST

START_TEST(a_wrong_flag_is_refused_in_words)
{
	static const struct {
		char *argv[4];
		const char *words;
	} cases[] = {{{"train", "--learnin-rate", "1"}, "did you mean --learning-rate?"},
		     {{"train", "--confg"}, "did you mean --config?"},
		     {{"train", "-x"}, "no option -x"},
		     {{"train", "--zzzzzz"}, "no option --zzzzzz"},
		     {{"train", "--seed"}, "--seed needs a value"},
		     {{"train", "--seed", "--lr"}, "--seed needs a value"},
		     {{"train", "--seed", "-v"}, "--seed needs a value"},
		     {{"train", "--config"}, "--config FILE"},
		     {{"train", "--quiet=yes"}, "--quiet takes no value"},
		     {{"train", "--no-seed"}, "no option --no-seed"},
		     {{"train", "--no-fan-in-scaling=1"}, "takes no value"},
		     {{"train", "--="}, "no option --"},
		     {{"train", "---"}, "no option ---"}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int argc = 0;
		while (cases[i].argv[argc])
			argc++;
		arg_reader args = {argc,  (char **)(void *)cases[i].argv,
				   flags, sizeof flags / sizeof flags[0],
				   1,     .at = 0};
		bern_error e;
		ck_assert_msg(arg_next(&args, &e) == BERN_EUSAGE, "case %zu", i);
		ck_assert_msg(strstr(e.text, cases[i].words) != NULL, "%s", e.text);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("config");
	TCase *t = tcase_create("sources");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, each_source_goes_over_the_weaker_ones, 0, 6);
	tcase_add_test(t, of_two_flags_the_later_counts);
	tcase_add_test(t, total_timesteps_reaches_the_agent_for_its_schedules);
	tcase_add_test(t, a_replaced_value_is_checked_all_the_same);
	tcase_add_test(t, a_misspelt_variable_is_noted_with_a_suggestion);
	tcase_add_test(t, a_missing_recipe_is_noted_once);
	tcase_add_test(t, the_threshold_of_the_environment_is_the_default_of_stop_return);
	tcase_add_test(t, the_environment_may_come_from_the_file_or_a_named_recipe);
	tcase_add_test(t, a_bigger_time_limit_is_a_setting_like_any_other);
	suite_add_tcase(s, t);
	t = tcase_create("refusals");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, a_wrong_file_is_refused_in_words, 0,
			    sizeof bad_files / sizeof bad_files[0]);
	tcase_add_loop_test(t, a_wrong_assignment_is_refused_in_words, 0,
			    sizeof bad_sets / sizeof bad_sets[0]);
	tcase_add_test(t, a_recipe_of_another_environment_is_refused_where_it_is_not_asked_for);
	tcase_add_test(t, seeds_are_read_to_the_last_digit);
	suite_add_tcase(s, t);
	t = tcase_create("files of runs");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, any_configuration_comes_back_from_its_file, 0, 60);
	tcase_add_test(t, the_origin_of_each_value_is_told);
	tcase_add_test(t, a_broken_file_of_a_run_is_a_fault_of_the_file);
	suite_add_tcase(s, t);
	t = tcase_create("command lines");
	tcase_add_test(t, a_command_line_is_read_in_all_its_forms);
	tcase_add_test(t, a_wrong_flag_is_refused_in_words);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
