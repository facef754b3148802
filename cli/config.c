#include "config.h"

#include "options.h"
#include "registry.h"
#include "yaml_map.h"

#include <bern/host.h>

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

static const char *const sections[] = {"env", "train"};

/* the host's own parameter of every environment */
static const bern_param max_steps_param = {
	"max_steps", "time limit of an episode; 0: none", BERN_INT, 0, "0", 0, 9e15, NULL};

/* ---- growing text ---------------------------------------------------------------------------------------------- */

/* Text that grows; once memory is out it stays failed. */
typedef struct text {
	char *at; /* owned */
	size_t length, room;
	int failed;
} text;

static void add_bytes(text *t, const char *bytes, size_t count)
{
	if (t->failed)
		return;
	if (t->length + count + 1 > t->room) {
		size_t room = 2 * (t->length + count + 1);
		char *more = realloc(t->at, room);
		if (!more) {
			t->failed = 1;
			return;
		}
		t->at = more;
		t->room = room;
	}
	memcpy(t->at + t->length, bytes, count);
	t->length += count;
	t->at[t->length] = '\0';
}

static void add(text *t, const char *bytes)
{
	add_bytes(t, bytes, strlen(bytes));
}

/* ---- what was given ------------------------------------------------------------------------------------------- */

static int32_t out_of_memory(bern_error *e)
{
	return bern_fail(e, BERN_EMEMORY, "out of memory");
}

static void given_finish(config_given *given)
{
	free(given->key);
	free(given->text);
	free(given->from);
	free(given->label);
}

void config_list_finish(config_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		given_finish(&list->items[i]);
	free(list->items);
	memset(list, 0, sizeof *list);
}

/* The code point at *c and how many bytes it takes, or 0 bytes if they are not UTF-8. */
static size_t utf8_read(const unsigned char *c, uint32_t *point)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t size = c[0] < 0x80             ? 1
		      : (c[0] & 0xe0) == 0xc0 ? 2
		      : (c[0] & 0xf0) == 0xe0 ? 3
		      : (c[0] & 0xf8) == 0xf0 ? 4
					      : 0;
	if (size == 0)
		return 0;
	uint32_t value = size == 1 ? c[0] : c[0] & (0x7fu >> size);
	for (size_t i = 1; i < size; i++) {
		if ((c[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (c[i] & 0x3f);
	}
	/* overlong forms, surrogates and what lies beyond Unicode */
	if (value < least[size] || (value >= 0xd800 && value < 0xe000) || value > 0x10ffff)
		return 0;
	*point = value;
	return size;
}

static int is_utf8(const char *text)
{
	uint32_t point;
	for (const unsigned char *c = (const unsigned char *)text; *c;) {
		size_t size = utf8_read(c, &point);
		if (size == 0)
			return 0;
		c += size;
	}
	return 1;
}

/* Adds a value. All strings are copied; key NULL for an option. */
static int32_t give(config_list *list, size_t option, const char *key, const char *value,
		    const char *from, const char *label, bern_error *e)
{
	/* the run folder keeps every value in a YAML file, which has room for nothing else */
	if (!is_utf8(value))
		return bern_fail(e, BERN_EUSAGE, "%s: the value is not text in UTF-8", label);
	if (list->count == list->room) {
		size_t room = list->room ? 2 * list->room : 32;
		config_given *more = realloc(list->items, room * sizeof *more);
		if (!more)
			return out_of_memory(e);
		list->items = more;
		list->room = room;
	}
	config_given given = {.in_env = key != NULL,
			      .option = option,
			      .key = key ? strdup(key) : NULL,
			      .text = strdup(value),
			      .from = strdup(from),
			      .label = strdup(label)};
	if ((key && !given.key) || !given.text || !given.from || !given.label) {
		given_finish(&given);
		return out_of_memory(e);
	}
	list->items[list->count++] = given;
	return 0;
}

int32_t config_give_option(config_list *list, size_t option, const char *value, const char *label,
			   bern_error *e)
{
	return give(list, option, NULL, value, label, label, e);
}

/* --set env.KEY=@FILE */
static int32_t give_file(config_list *list, const char *key, const char *path, const char *label,
			 bern_error *e)
{
	char *content;
	size_t size;
	int32_t rc = read_text_file(path, YAML_MAX_SIZE / 2, &content, &size, e);
	if (rc == 0 && strlen(content) != size)
		rc = bern_fail(e, BERN_EUSAGE, "%s: holds a NUL character, it must be text", path);
	if (rc)
		bern_because(e, "%s", label);
	else
		rc = give(list, 0, key, content, label, label, e);
	free(content);
	return rc;
}

int32_t config_give_set(config_list *list, const char *assignment, bern_error *e)
{
	const char *dot = strchr(assignment, '.'), *equals = strchr(assignment, '=');
	size_t section = dot ? (size_t)(dot - assignment) : 0;
	int in_env = section == 3 && !strncmp(assignment, "env", 3);
	int in_train = section == 5 && !strncmp(assignment, "train", 5);
	/* what is nearly right: a known option without train., any other key without env. */
	if (equals && equals > assignment && (!dot || dot > equals)) {
		char key[128];
		snprintf(key, sizeof key, "%.*s", (int)(equals - assignment), assignment);
		int option = train_option_find(key) < train_option_count();
		return bern_fail(e, BERN_EUSAGE,
				 "--set: '%.200s' is not env.KEY=VALUE, env.KEY=@FILE or "
				 "train.KEY=VALUE, did you mean %s.%.200s?",
				 assignment, option ? "train" : "env", assignment);
	}
	if (!equals || !dot || equals <= dot + 1 || (!in_env && !in_train))
		return bern_fail(e, BERN_EUSAGE,
				 "--set: '%.200s' is not env.KEY=VALUE, env.KEY=@FILE or "
				 "train.KEY=VALUE",
				 assignment);
	char key[128], label[160];
	if ((size_t)(equals - dot - 1) >= sizeof key)
		return bern_fail(e, BERN_EUSAGE, "--set: the key '%.100s...' is too long", dot + 1);
	snprintf(key, sizeof key, "%.*s", (int)(equals - dot - 1), dot + 1);
	snprintf(label, sizeof label, "--set %s.%s", in_env ? "env" : "train", key);
	if (in_env && !strcmp(key, "id"))
		return bern_fail(e, BERN_EUSAGE,
				 "%s: the environment is the first argument: bern train ENV",
				 label);
	if (in_env && equals[1] == '@')
		return give_file(list, key, equals + 2, label, e);
	if (in_env)
		return give(list, 0, key, equals + 1, label, label, e);

	size_t option = train_option_find(key);
	char hint[160];
	if (option == train_option_count())
		return bern_fail(e, BERN_EUSAGE, "%s: no such option%s", label,
				 train_option_suggest(key, hint, sizeof hint));
	return give(list, option, NULL, equals + 1, label, label, e);
}

/* ---- files ----------------------------------------------------------------------------------------------------- */

/* A file being read: its values, and what it says besides. */
typedef struct config_file {
	const char *name;
	config_list given;
	char *id;      /* owned; NULL: none */
	char *id_from; /* owned */
	char *recipe;  /* owned; NULL: not said */
} config_file;

static void config_file_finish(config_file *file)
{
	config_list_finish(&file->given);
	free(file->id);
	free(file->id_from);
	free(file->recipe);
	memset(file, 0, sizeof *file);
}

static int32_t keep_text(char **out, const char *value, bern_error *e)
{
	free(*out);
	*out = strdup(value);
	return *out ? 0 : out_of_memory(e);
}

/* One key of a file: yaml_entry. */
static int32_t file_entry(void *user, const char *section, const char *key, const char *value,
			  size_t line, bern_error *e)
{
	config_file *file = user;
	char from[600], label[800], hint[160];
	snprintf(from, sizeof from, "%.500s:%zu", file->name, line);
	snprintf(label, sizeof label, "%s: %.150s", from, key);
	if (!strcmp(section, "env")) {
		if (strcmp(key, "id") != 0)
			return give(&file->given, 0, key, value, from, label, e);
		int32_t rc = keep_text(&file->id, value, e);
		return rc ? rc : keep_text(&file->id_from, from, e);
	}
	if (!strcmp(key, "recipe"))
		return keep_text(&file->recipe, value, e);

	size_t option = train_option_find(key);
	if (option == train_option_count())
		return bern_fail(e, BERN_EUSAGE, "%s: no such option%s", label,
				 train_option_suggest(key, hint, sizeof hint));
	/* the reader finds the same word twice; this finds two spellings of one option */
	for (size_t i = 0; i < file->given.count; i++)
		if (!file->given.items[i].in_env && file->given.items[i].option == option)
			return bern_fail(e, BERN_EUSAGE,
					 "%s: was given before as %s, once is allowed", label,
					 file->given.items[i].label);
	return give(&file->given, option, NULL, value, from, label, e);
}

/* Reads a --config file or a recipe. What is wrong in it is the user's to mend: BERN_EUSAGE; what cannot be read is
 * BERN_EIO. */
static int32_t config_file_read(config_file *file, const char *path, bern_error *e)
{
	char *content;
	size_t size;
	memset(file, 0, sizeof *file);
	file->name = path;
	int32_t rc = read_text_file(path, YAML_MAX_SIZE, &content, &size, e);
	if (rc == 0)
		rc = yaml_parse(path, content, size, sections, 2, file_entry, file, e);
	if (rc == BERN_EFORMAT)
		rc = e->code = BERN_EUSAGE;
	free(content);
	return rc;
}

/* ---- environment variables ----------------------------------------------------------------------------------- */

/* Writes the variable of an option: BERN_LEARNING_RATE. */
static void variable_of(size_t option, char *out, size_t size)
{
	snprintf(out, size, "BERN_%s", train_option_at(option)->param.key);
	for (char *c = out; *c; c++)
		*c = (char)toupper((unsigned char)*c);
}

/* Says so if a variable looks like an option's but is none. */
static void warn_of_variable(const config_sources *sources, const char *name)
{
	static const char *const others[] = {"BERN_ENV_PATH", "BERN_RECIPES"};
	size_t other_count = sizeof others / sizeof others[0], count = train_option_count();
	char(*names)[64] = malloc(count * sizeof *names);
	const char **list = malloc((count + other_count) * sizeof *list);
	char hint[160] = "", sentence[400];
	for (size_t i = 0; names && list && i < count; i++) {
		variable_of(i, names[i], sizeof names[i]);
		list[i] = names[i];
	}
	for (size_t i = 0; list && i < other_count; i++)
		list[count + i] = others[i];
	int known = 0;
	for (size_t i = 0; i < other_count; i++)
		known = known || !strcmp(name, others[i]);
	if (names && list && !known)
		bern_suggest(name, list, count + other_count, hint, sizeof hint);
	if (*hint && sources->note) {
		snprintf(sentence, sizeof sentence, "the variable %.100s is not known%s", name,
			 hint);
		sources->note(sources->user, sentence);
	}
	free(list);
	free(names);
}

/* Collects BERN_<OPTION> variables. */
static int32_t read_variables(const config_sources *sources, config_list *list, bern_error *e)
{
	size_t count = train_option_count();
	for (char **at = environ; at && *at; at++) {
		const char *equals = strchr(*at, '=');
		if (!equals || strncmp(*at, "BERN_", 5) != 0)
			continue;
		char name[128], variable[72];
		snprintf(name, sizeof name, "%.*s", (int)(equals - *at), *at);
		size_t option = 0;
		for (; option < count; option++) {
			variable_of(option, variable, sizeof variable);
			if (!strcmp(name, variable))
				break;
		}
		if (option == count) {
			warn_of_variable(sources, name);
			continue;
		}
		int32_t rc = config_give_option(list, option, equals + 1, name, e);
		if (rc)
			return rc;
	}
	return 0;
}

/* ---- resolving ------------------------------------------------------------------------------------------------ */

/* The parameter of that key: the environment's own, or the host's max_steps. */
static const bern_param *env_param(const bern_env *env, const char *key)
{
	for (uint32_t i = 0; i < env->param_count; i++)
		if (!strcmp(env->params[i].key, key))
			return &env->params[i];
	return strcmp(key, max_steps_param.key) ? NULL : &max_steps_param;
}

static int32_t unknown_param(const bern_env *env, const config_given *given, bern_error *e)
{
	char hint[160] = "";
	const char **names = malloc((env->param_count + 1) * sizeof *names);
	if (names) {
		for (uint32_t i = 0; i < env->param_count; i++)
			names[i] = env->params[i].key;
		names[env->param_count] = max_steps_param.key;
		bern_suggest(given->key, names, env->param_count + 1, hint, sizeof hint);
	}
	free(names);
	if (*hint)
		return bern_fail(e, BERN_EUSAGE, "%s: %s has no such parameter%s", given->label,
				 env->id, hint);
	return bern_fail(e, BERN_EUSAGE, "%s: %s has no such parameter; `bern info %s` lists them",
			 given->label, env->id, env->id);
}

/* Takes over one setting of the environment, in place of an earlier one of that key. */
static int32_t apply_setting(const config_given *given, const bern_env *env, run_config *config,
			     config_origins *origins, bern_error *e)
{
	const bern_param *param = env_param(env, given->key);
	if (!param)
		return unknown_param(env, given, e);
	bern_param labelled = *param;
	bern_value value;
	labelled.key = given->label;
	int32_t rc = bern_param_parse(&labelled, given->text, &value, e);
	if (rc)
		return rc;

	size_t i = 0;
	while (i < config->setting_count && strcmp(config->settings[i].key, given->key) != 0)
		i++;
	if (i == config->setting_count) {
		size_t count = config->setting_count + 1;
		bern_setting *settings = realloc(config->settings, count * sizeof *settings);
		if (!settings)
			return out_of_memory(e);
		config->settings = settings;
		char **from = realloc(origins->settings, count * sizeof *from);
		if (!from)
			return out_of_memory(e);
		origins->settings = from;
		char *key = strdup(given->key);
		if (!key)
			return out_of_memory(e);
		settings[i] = (bern_setting){key, NULL};
		from[i] = NULL;
		config->setting_count = origins->setting_count = count;
	}
	free((char *)config->settings[i].text);
	config->settings[i].text = strdup(given->text);
	if (!config->settings[i].text)
		return out_of_memory(e);
	return keep_text(&origins->settings[i], given->from, e);
}

int32_t config_apply(const config_list *list, const bern_env *env, run_config *config,
		     config_origins *origins, bern_error *e)
{
	for (size_t i = 0; i < list->count; i++) {
		const config_given *given = &list->items[i];
		int32_t rc;
		if (given->in_env)
			rc = apply_setting(given, env, config, origins, e);
		else
			rc = train_option_set(config, given->option, given->label, given->text, e);
		if (rc == 0 && !given->in_env)
			rc = keep_text(&origins->options[given->option], given->from, e);
		if (rc)
			return rc;
	}
	return 0;
}

void config_hint_file(const run_config *config, const bern_env *env, bern_error *e)
{
	for (size_t i = 0; i < config->setting_count; i++) {
		const bern_setting *setting = &config->settings[i];
		size_t key = strlen(setting->key), length = strlen(e->text);
		/* the sentence is about this parameter, and its text is a file's name */
		const char *about = strstr(e->text, setting->key);
		if (!about || about[key] != ':' || access(setting->text, R_OK) != 0)
			continue;
		for (uint32_t k = 0; k < env->param_count; k++)
			if (env->params[k].type == BERN_TEXT &&
			    !strcmp(env->params[k].key, setting->key) && length < sizeof e->text)
				snprintf(e->text + length, sizeof e->text - length,
					 "; for the text of that file: env.%s=@%s", setting->key,
					 setting->text);
	}
}

/* What hangs together: checked when all is known. The agent checks its own options when it is made. */
static int32_t check(run_config *config, const bern_env *env, config_origins *origins,
		     bern_error *e)
{
	run_options *run = &config->run;
	size_t stop_return = train_option_find("stop_return");
	if (strchr(run->name, '/') || !strcmp(run->name, ".") || !strcmp(run->name, ".."))
		return bern_fail(
			e, BERN_EUSAGE,
			"name: '%s' is not the name of one folder; runs_dir says where it goes",
			run->name);
	if (run->stop_looks > 0 && run->eval_interval == 0)
		return bern_fail(e, BERN_EUSAGE,
				 "stop_looks: %" PRId64
				 " good looks never come with eval_interval 0; allowed: 0, or an "
				 "eval_interval of 1 or more",
				 run->stop_looks);
	if (!origins->options[stop_return] && env->has_returns) {
		run->stop_return = env->solved_return;
		return keep_text(&origins->options[stop_return], "from which it is solved", e);
	}
	if (!origins->options[stop_return] && run->stop_looks > 0)
		return bern_fail(e, BERN_EUSAGE,
				 "stop_looks: %s does not tell from which return it is solved, so "
				 "stop_looks needs stop_return",
				 env->id);
	return 0;
}

/* Finds the recipe to start from and reads it, if there is one. `id` is the environment's, or NULL if only the recipe can tell;
 * `said` is what --recipe or the file said, or NULL. */
static int32_t read_recipe(const config_sources *sources, const char *said, const char *id,
			   config_file *recipe, char **path, bern_error *e)
{
	*path = NULL;
	if (said && !strcmp(said, "none"))
		return 0;
	if (said) {
		int32_t rc = recipe_choose(said, path, e);
		if (rc)
			return rc;
	} else if (id) {
		*path = recipe_find(id);
		if (!*path && sources->note) {
			char sentence[400];
			snprintf(sentence, sizeof sentence,
				 "%.256s has no recipe, so the defaults are used", id);
			sources->note(sources->user, sentence);
		}
	}
	if (!*path)
		return 0;
	int32_t rc = config_file_read(recipe, *path, e);
	if (rc == 0 && recipe->recipe)
		rc = bern_fail(e, BERN_EUSAGE, "%s: a recipe cannot name another (train.recipe)",
			       *path);
	if (rc == 0 && !said && recipe->id && strcmp(recipe->id, id) != 0)
		rc = bern_fail(e, BERN_EUSAGE, "%s: id: '%.200s' is not %s, whose recipe this is",
			       recipe->id_from, recipe->id, id);
	return rc;
}

/* The part of config_resolve that needs no cleaning up of its own. */
static int32_t resolve(const config_sources *sources, bern_registry *registry, config_file *file,
		       config_file *recipe, config_list *variables, char **recipe_path,
		       run_config *config, bern_world *world, config_origins *origins,
		       bern_error *e)
{
	int32_t rc = read_variables(sources, variables, e);
	if (rc == 0 && sources->file)
		rc = config_file_read(file, sources->file, e);
	if (rc)
		return rc;

	/* the environment: from the line, else the file, else a recipe that was named */
	const char *said = sources->recipe ? sources->recipe : file->recipe;
	const char *word = sources->env ? sources->env : file->id;
	const bern_env *env = NULL;
	if (word) {
		rc = registry_find_word(registry, word, &env, e);
		if (rc && !sources->env)
			bern_because(e, "%s", file->id_from);
	}
	if (rc == 0)
		rc = read_recipe(sources, said, env ? env->id : NULL, recipe, recipe_path, e);
	if (rc == 0 && !env && recipe->id) {
		rc = registry_find_word(registry, recipe->id, &env, e);
		if (rc)
			bern_because(e, "%s", recipe->id_from);
	}
	if (rc)
		return rc;
	if (!env)
		return bern_fail(e, BERN_EUSAGE,
				 "which environment? usage: bern train ENV [options]; `bern envs` "
				 "lists them");
	if (strlen(env->id) >= sizeof config->env_id)
		return bern_fail(e, BERN_EFORMAT, "%.100s...: the id is longer than %zu bytes",
				 env->id, sizeof config->env_id - 1);
	snprintf(config->env_id, sizeof config->env_id, "%s", env->id);
	rc = keep_text(&origins->id,
		       sources->env ? "command line"
		       : file->id   ? file->id_from
				    : recipe->id_from,
		       e);

	/* weakest first */
	if (rc == 0)
		rc = config_apply(&recipe->given, env, config, origins, e);
	if (rc == 0)
		rc = config_apply(variables, env, config, origins, e);
	if (rc == 0)
		rc = config_apply(&file->given, env, config, origins, e);
	if (rc == 0)
		rc = config_apply(&sources->flags, env, config, origins, e);
	if (rc == 0)
		rc = check(config, env, origins, e);
	if (rc)
		return rc;
	rc = open_world(world, env, config->settings, config->setting_count, sources->isolation, e);
	if (rc)
		config_hint_file(config, env, e);
	return rc;
}

int32_t config_resolve(const config_sources *sources, bern_registry *registry, run_config *config,
		       bern_world *world, config_origins *origins, bern_error *e)
{
	config_file file = {0}, recipe = {0};
	config_list variables = {0};
	char *recipe_path = NULL;
	run_config_defaults(config);
	memset(world, 0, sizeof *world);
	memset(origins, 0, sizeof *origins);
	origins->option_count = train_option_count();
	origins->options = calloc(origins->option_count, sizeof *origins->options);
	int32_t rc = origins->options ? resolve(sources, registry, &file, &recipe, &variables,
						&recipe_path, config, world, origins, e)
				      : out_of_memory(e);
	config_list_finish(&variables);
	config_file_finish(&recipe);
	config_file_finish(&file);
	free(recipe_path);
	if (rc) {
		run_config_finish(config);
		config_origins_finish(origins);
	}
	return rc;
}

void config_origins_finish(config_origins *origins)
{
	for (size_t i = 0; i < origins->setting_count; i++)
		free(origins->settings[i]);
	for (size_t i = 0; origins->options && i < origins->option_count; i++)
		free(origins->options[i]);
	free(origins->settings);
	free(origins->options);
	free(origins->id);
	memset(origins, 0, sizeof *origins);
}

void run_config_finish(run_config *config)
{
	for (size_t i = 0; i < config->setting_count; i++) {
		free((char *)config->settings[i].key);
		free((char *)config->settings[i].text);
	}
	free(config->settings);
	config->settings = NULL;
	config->setting_count = 0;
}

/* ---- as a file ------------------------------------------------------------------------------------------------ */

/* Adds text as a double-quoted YAML scalar. */
static void add_quoted(text *out, const char *value)
{
	add(out, "\"");
	for (const unsigned char *c = (const unsigned char *)value; *c;) {
		uint32_t point = 0;
		size_t size = utf8_read(c, &point);
		if (size ==
		    0) { /* a plugin's default may hold anything; what a user gives is UTF-8 */
			point = '?';
			size = 1;
		}
		char escape[12];
		/* control characters, and those that YAML does not let stand as they are */
		if (point == '"' || point == '\\')
			snprintf(escape, sizeof escape, "\\%c", (char)point);
		else if (point == '\n')
			snprintf(escape, sizeof escape, "\\n");
		else if (point < 0x20 || (point >= 0x7f && point < 0xa0))
			snprintf(escape, sizeof escape, "\\x%02x", (unsigned)point);
		else if (point == 0x2028 || point == 0x2029 || point == 0xfeff || point == 0xfffe ||
			 point == 0xffff)
			snprintf(escape, sizeof escape, "\\u%04x", (unsigned)point);
		else
			snprintf(escape, sizeof escape, "%s", *c == point || size > 1 ? "" : "?");
		if (escape[0])
			add(out, escape);
		else
			add_bytes(out, (const char *)c, size);
		c += size;
	}
	add(out, "\"");
}

/* Whether a text may stand without quotes and stay a text for other readers of YAML too. */
static int is_plain(const char *value)
{
	static const char *const words[] = {"true", "false", "yes", "no", "on",
					    "off",  "null",  "y",   "n"};
	if (!isalpha((unsigned char)value[0]))
		return 0;
	for (const char *c = value; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("_-./", *c))
			return 0;
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		size_t k = 0;
		while (value[k] && tolower((unsigned char)value[k]) == words[i][k])
			k++;
		if (!value[k] && !words[i][k])
			return 0;
	}
	return 1;
}

/* Adds "  key: value" and, where `from` is not NULL, "  # from". */
static void add_line(text *out, const char *key, int32_t type, const char *value, const char *from)
{
	size_t start = out->length;
	add(out, "  ");
	add(out, key);
	add(out, ": ");
	int is_number = (type == BERN_INT || type == BERN_REAL || type == BERN_BOOL) && *value;
	for (const char *c = value; is_number && *c; c++)
		is_number = isalnum((unsigned char)*c) || *c == '.' || *c == '-' || *c == '+';
	if (is_number || is_plain(value))
		add(out, value);
	else
		add_quoted(out, value);
	if (from) {
		for (size_t width = out->length - start; width < 34; width++)
			add(out, " ");
		add(out, "  # ");
		/* a path may hold anything, a comment must stay on its line */
		for (const char *c = from; *c; c++)
			add_bytes(out, iscntrl((unsigned char)*c) ? "?" : c, 1);
	}
	add(out, "\n");
}

static const char *from_of(const config_origins *origins, const char *from)
{
	return !origins ? NULL : from ? from : "default";
}

/* The text of a parameter: as it was set, else its default. */
static const char *setting_text(const run_config *config, const char *key, const char *fallback,
				size_t *at)
{
	for (*at = 0; *at < config->setting_count; ++*at)
		if (!strcmp(config->settings[*at].key, key))
			return config->settings[*at].text;
	return fallback;
}

char *run_config_yaml_from(const run_config *config, const bern_world *world,
			   const config_origins *origins)
{
	text out = {0};
	char value[BERN_LIST_TEXT + 64];
	size_t at;
	add(&out, "env:\n");
	add_line(&out, "id", BERN_TEXT, config->env_id,
		 origins ? from_of(origins, origins->id) : NULL);
	for (uint32_t i = 0; i < world->env->param_count; i++) {
		const bern_param *param = &world->env->params[i];
		const char *set = setting_text(config, param->key, param->fallback, &at);
		const char *from = origins && at < origins->setting_count ? origins->settings[at]
									  : NULL;
		add_line(&out, param->key, param->type, set, from_of(origins, from));
	}
	/* a limit that was not given follows from the parameters above, so it is only told */
	const char *limit = setting_text(config, max_steps_param.key, NULL, &at);
	if (limit) {
		add_line(&out, max_steps_param.key, BERN_INT, limit,
			 origins ? from_of(origins, origins->settings[at]) : NULL);
	} else {
		snprintf(value, sizeof value, "  # max_steps: %" PRIu64 "\n",
			 world->instance.max_steps);
		add(&out, value);
	}

	/* no recipe lies under a file that holds everything */
	add(&out, "train:\n  recipe: none\n");
	const char *group = "";
	for (size_t i = 0; i < train_option_count(); i++) {
		const bern_option *option = train_option_at(i);
		if (strcmp(group, option->group) != 0) {
			group = option->group;
			add(&out, "  # ");
			add(&out, group);
			add(&out, "\n");
		}
		train_option_get(config, i, value, sizeof value);
		add_line(&out, option->param.key, option->param.type, value,
			 origins ? from_of(origins, origins->options[i]) : NULL);
	}
	if (out.failed) {
		free(out.at);
		return NULL;
	}
	return out.at;
}

char *run_config_yaml(const run_config *config, const bern_world *world)
{
	return run_config_yaml_from(config, world, NULL);
}

/* Takes over what a complete file says; the environment is not opened here, so its parameters stay text. */
static int32_t take_file(config_file *file, run_config *config, bern_error *e)
{
	if (!file->id || !*file->id)
		return bern_fail(e, BERN_EFORMAT, "%s: env.id is missing", file->name);
	if (strlen(file->id) >= sizeof config->env_id)
		return bern_fail(e, BERN_EFORMAT, "%s: the id is longer than %zu bytes",
				 file->id_from, sizeof config->env_id - 1);
	snprintf(config->env_id, sizeof config->env_id, "%s", file->id);
	config->settings = calloc(file->given.count + 1, sizeof *config->settings);
	if (!config->settings)
		return out_of_memory(e);
	for (size_t i = 0; i < file->given.count; i++) {
		config_given *given = &file->given.items[i];
		if (given->in_env) {
			config->settings[config->setting_count++] = (bern_setting){given->key,
										   given->text};
			given->key = given->text = NULL; /* now the config's */
			continue;
		}
		int32_t rc = train_option_set(config, given->option, given->label, given->text, e);
		if (rc)
			return rc;
	}
	return 0;
}

int32_t run_config_parse(run_config *config, const char *name, const char *content, size_t size,
			 bern_error *e)
{
	config_file file = {.name = name};
	run_config_defaults(config);
	int32_t rc = yaml_parse(name, content, size, sections, 2, file_entry, &file, e);
	if (rc == 0)
		rc = take_file(&file, config, e);
	config_file_finish(&file);
	/* nobody typed this file: it is broken, not misused */
	if (rc == BERN_EUSAGE)
		rc = e->code = BERN_EFORMAT;
	if (rc)
		run_config_finish(config);
	return rc;
}

int32_t run_config_read(run_config *config, const char *path, bern_error *e)
{
	char *content;
	size_t size;
	memset(config, 0, sizeof *config);
	int32_t rc = read_text_file(path, YAML_MAX_SIZE, &content, &size, e);
	if (rc == 0)
		rc = run_config_parse(config, path, content, size, e);
	free(content);
	return rc;
}
