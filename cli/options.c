#include "options.h"

#include <bern/host.h>

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* whole numbers that a double holds exactly, because bern_param keeps its range in doubles */
#define MANY 9e15

#define IN_RUN(field) offsetof(run_options, field)

static const char *const tag_names[] = {"bern", "sb3", NULL}; /* enum log_tags */

/* Options of a run. The seed stands first and is read by its own function: bern_param has no unsigned 64-bit range. */
static const bern_option run_table[] = {
	{{"seed", "of every random stream of the run", BERN_INT, 0, "1", 0, (double)UINT64_MAX,
	  NULL},
	 IN_RUN(seed),
	 "run"},
	{{"total_timesteps", "environment steps, of all lanes together", BERN_INT, 0, "100000", 1,
	  MANY, NULL},
	 IN_RUN(total_timesteps),
	 "run"},
	{{"runs_dir", "folder that run folders are made in", BERN_TEXT, 0, "runs", 1,
	  BERN_LIST_TEXT - 1, NULL},
	 IN_RUN(runs_dir),
	 "run"},
	{{"name", "name of the run folder; empty: ENV__AGENT__sSEED__TIME", BERN_TEXT, 0, "", 0,
	  200, NULL},
	 IN_RUN(name),
	 "run"},
	{{"eval_interval", "steps between looks at the policy; 0: no looks", BERN_INT, 0, "10000",
	  0, MANY, NULL},
	 IN_RUN(eval_interval),
	 "run"},
	{{"eval_episodes", "episodes of a look", BERN_INT, 0, "20", 1, 1e9, NULL},
	 IN_RUN(eval_episodes),
	 "run"},
	{{"final_episodes", "fresh episodes of the evaluation at the end; 0: none", BERN_INT, 0,
	  "100", 0, 1e9, NULL},
	 IN_RUN(final_episodes),
	 "run"},
	{{"stop_return",
	  "mean return from which a look is good; not given: the environment's own, if it has one",
	  BERN_REAL, 0, "0", -INFINITY, INFINITY, NULL},
	 IN_RUN(stop_return),
	 "run"},
	{{"stop_looks", "stop after so many good looks in a row; 0: never", BERN_INT, 0, "0", 0,
	  1e9, NULL},
	 IN_RUN(stop_looks),
	 "run"},
	{{"checkpoint_interval", "steps between checkpoints; 0: only at the end and on Ctrl-C",
	  BERN_INT, 0, "100000", 0, MANY, NULL},
	 IN_RUN(checkpoint_interval),
	 "run"},
	{{"keep_checkpoints", "how many of the newest to keep, besides the best; 0: all", BERN_INT,
	  0, "5", 0, 1e9, NULL},
	 IN_RUN(keep_checkpoints),
	 "run"},
	{{"log_interval", "steps between rows of progress.csv", BERN_INT, 0, "1000", 1, MANY, NULL},
	 IN_RUN(log_interval),
	 "run"},
	{{"log_json", "write rows of progress.csv as JSON lines too, to progress.jsonl", BERN_BOOL,
	  0, "false", 0, 0, NULL},
	 IN_RUN(log_json),
	 "run"},
	{{"tensorboard", "write event files for TensorBoard: scalars and histograms", BERN_BOOL, 0,
	  "false", 0, 0, NULL},
	 IN_RUN(tensorboard),
	 "run"},
	{{"tags", "names in event files: as CleanRL's, or as Stable-Baselines3's", BERN_CHOICE, 0,
	  "bern", 0, 0, tag_names},
	 IN_RUN(tags),
	 "run"},
	{{"init_from", "run folder or checkpoint whose weights a new run starts from", BERN_TEXT, 0,
	  "", 0, BERN_LIST_TEXT - 1, NULL},
	 IN_RUN(init_from),
	 "run"},
};

#define RUN_COUNT (sizeof run_table / sizeof run_table[0])

static const struct {
	const char *alias, *key;
} aliases[] = {{"lr", "learning_rate"}};

/* ---- the list ------------------------------------------------------------------------------------------------ */

size_t train_option_count(void)
{
	return RUN_COUNT + bern_agent_option_count;
}

const bern_option *train_option_at(size_t index)
{
	return index < RUN_COUNT ? &run_table[index] : &bern_agent_options[index - RUN_COUNT];
}

/* Whether a and b are the same key; '-' counts as '_'. */
static int same_key(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if ((*a == '-' ? '_' : *a) != (*b == '-' ? '_' : *b))
			return 0;
	return *a == *b;
}

size_t train_option_find(const char *key)
{
	for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++)
		if (same_key(key, aliases[i].alias))
			key = aliases[i].key;
	size_t count = train_option_count();
	for (size_t i = 0; i < count; i++)
		if (same_key(key, train_option_at(i)->param.key))
			return i;
	return count;
}

const char *train_option_suggest(const char *key, char *out, size_t size)
{
	size_t count = train_option_count();
	const char **names = malloc(count * sizeof *names);
	out[0] = '\0';
	if (!names)
		return out;
	for (size_t i = 0; i < count; i++)
		names[i] = train_option_at(i)->param.key;
	bern_suggest(key, names, count, out, size);
	free(names);
	return out;
}

void run_config_defaults(run_config *config)
{
	memset(config, 0, sizeof *config);
	/* the seed is not an int64 field: its entry would be read as one, so it is set by hand */
	bern_options_defaults(run_table + 1, RUN_COUNT - 1, &config->run);
	config->run.seed = 1;
	bern_agent_config_defaults(&config->agent);
	config->agent.total_timesteps = (uint64_t)config->run.total_timesteps;
}

int32_t parse_seed(const char *label, const char *text, uint64_t *seed, bern_error *e)
{
	/* strtoull takes blanks and signs, and wraps a minus around: only digits may come here */
	size_t length = strspn(text, "0123456789");
	errno = 0;
	unsigned long long value = length ? strtoull(text, NULL, 10) : 0;
	if (!length || text[length] || errno == ERANGE || value > UINT64_MAX)
		return bern_fail(
			e, BERN_EUSAGE,
			"%s: '%.100s' is not a whole number from 0 to 18446744073709551615", label,
			text);
	*seed = value;
	return 0;
}

int32_t train_option_set(run_config *config, size_t index, const char *label, const char *text,
			 bern_error *e)
{
	if (index == 0)
		return parse_seed(label, text, &config->run.seed, e);
	bern_option option = *train_option_at(index);
	option.param.key = label;
	void *fields = index < RUN_COUNT ? (void *)&config->run : (void *)&config->agent;
	int32_t rc = bern_option_set(&option, fields, text, e);
	config->agent.total_timesteps = (uint64_t)config->run.total_timesteps;
	return rc;
}

void train_option_get(const run_config *config, size_t index, char *out, size_t size)
{
	if (index == 0)
		snprintf(out, size, "%" PRIu64, config->run.seed);
	else if (index < RUN_COUNT)
		bern_option_get(train_option_at(index), &config->run, out, size);
	else
		bern_option_get(train_option_at(index), &config->agent, out, size);
}

/* A bound as a person writes it: 1048576, but 1e9 and 9e15. */
static void bound_text(double bound, char *out, size_t size)
{
	/* only the seed has this bound, and a double only comes near it */
	if (bound >= (double)UINT64_MAX) {
		snprintf(out, size, "%" PRIu64, UINT64_MAX);
		return;
	}
	snprintf(out, size, "%.15g", bound);
	char *zeros = out + strlen(out);
	while (zeros > out && zeros[-1] == '0')
		zeros--;
	size_t count = strlen(zeros);
	char *e = strchr(out, 'e');
	if (e && e[1] == '+')
		memmove(e + 1, e + 2, strlen(e + 1)); /* 9e+15 */
	else if (!e && count >= 6 && !strchr(out, '.'))
		snprintf(zeros, size - (size_t)(zeros - out), "e%zu", count);
}

const char *param_allowed(const bern_param *param, char *out, size_t size)
{
	char low[40], high[40];
	size_t at = 0;
	out[0] = '\0';
	switch (param->type) {
	case BERN_INT:
	case BERN_REAL:
		bound_text(param->min, low, sizeof low);
		bound_text(param->max, high, sizeof high);
		if (param->min > -1e300 && param->max < 1e300)
			snprintf(out, size, "%s .. %s", low, high);
		else if (param->min > -1e300)
			snprintf(out, size, "at least %s", low);
		else if (param->max < 1e300)
			snprintf(out, size, "at most %s", high);
		break;
	case BERN_BOOL:
		snprintf(out, size, "true, false");
		break;
	case BERN_CHOICE:
		for (size_t i = 0; param->choices[i] && at < size; i++)
			at += (size_t)snprintf(out + at, size - at, "%s%s", i ? ", " : "",
					       param->choices[i]);
		break;
	default:
		break;
	}
	return out;
}

/* ---- command lines -------------------------------------------------------------------------------------------- */

/* Says that --name is unknown, with a suggestion from the command's flags and the list. */
static int32_t unknown_flag(const arg_reader *reader, const char *name, int length, bern_error *e)
{
	size_t options = reader->with_options ? train_option_count() : 0;
	size_t count = reader->flag_count + options;
	const char **names = malloc((count ? count : 1) * sizeof *names);
	char(*dashed)[64] = malloc((options ? options : 1) * sizeof *dashed);
	char given[80], hint[160] = "";
	snprintf(given, sizeof given, "%.*s", length, name);
	if (names && dashed) {
		for (size_t i = 0; i < reader->flag_count; i++)
			names[i] = reader->flags[i].name;
		for (size_t i = 0; i < options; i++) {
			snprintf(dashed[i], sizeof dashed[i], "%s", train_option_at(i)->param.key);
			for (char *c = dashed[i]; *c; c++)
				*c = *c == '_' ? '-' : *c;
			names[reader->flag_count + i] = dashed[i];
		}
		bern_suggest(given, names, count, hint, sizeof hint);
	}
	free(dashed);
	free(names);
	/* the hint is about a name; the user writes it with two dashes */
	static const char lead[] = ", did you mean ";
	if (!strncmp(hint, lead, sizeof lead - 1))
		return bern_fail(e, BERN_EUSAGE, "no option --%s%s--%s", given, lead,
				 hint + sizeof lead - 1);
	/* somebody may mean a parameter of the environment, which is not known yet */
	for (size_t i = 0; i < reader->flag_count; i++)
		if (!strcmp(reader->flags[i].name, "set"))
			return bern_fail(
				e, BERN_EUSAGE,
				"no option --%s; --help lists them, and a parameter of the "
				"environment is --set env.KEY=VALUE",
				given);
	return bern_fail(e, BERN_EUSAGE, "no option --%s; --help lists them", given);
}

/* Takes the value of the flag just read: after '=', or the next argument unless that is a flag. */
static int32_t take_value(arg_reader *reader, const char *equals, const char *metavar,
			  bern_error *e)
{
	if (equals) {
		reader->text = equals + 1;
		return 0;
	}
	const char *next = reader->at < reader->argc ? reader->argv[reader->at] : NULL;
	/* "-5" and "-.5" are values, "-v" and "--seed" are not */
	int is_flag = next && next[0] == '-' && next[1] && !isdigit((unsigned char)next[1]) &&
		      next[1] != '.';
	if (!next || is_flag)
		return bern_fail(e, BERN_EUSAGE, "%s needs a value: %s %s", reader->label,
				 reader->label, metavar);
	reader->text = next;
	reader->at++;
	return 0;
}

/* One letter of "-qv" or "-o FILE". */
static int32_t next_letter(arg_reader *reader, bern_error *e)
{
	char letter = *reader->cluster++;
	if (!*reader->cluster)
		reader->cluster = NULL;
	snprintf(reader->label, sizeof reader->label, "-%c", letter);
	for (size_t i = 0; i < reader->flag_count; i++) {
		if (reader->flags[i].letter != letter)
			continue;
		reader->kind = ARG_FLAG;
		reader->index = i;
		if (!reader->flags[i].metavar)
			return 0;
		/* its value is the rest of the word, "-oFILE", or the next one */
		const char *rest = reader->cluster;
		reader->cluster = NULL;
		return take_value(reader, rest ? rest - 1 : NULL, reader->flags[i].metavar, e);
	}
	return bern_fail(e, BERN_EUSAGE, "no option %s; --help lists them", reader->label);
}

int32_t arg_next(arg_reader *reader, bern_error *e)
{
	if (reader->at == 0)
		reader->at = 1;
	reader->text = NULL;
	if (reader->cluster)
		return next_letter(reader, e);
	if (reader->at >= reader->argc) {
		reader->kind = ARG_END;
		return 0;
	}
	const char *arg = reader->argv[reader->at++];
	if (!reader->words_only && !strcmp(arg, "--")) {
		reader->words_only = 1;
		return arg_next(reader, e);
	}
	if (reader->words_only || arg[0] != '-' || !arg[1]) {
		reader->kind = ARG_WORD;
		reader->text = arg;
		return 0;
	}
	if (arg[1] != '-') {
		reader->cluster = arg + 1;
		return next_letter(reader, e);
	}

	const char *name = arg + 2, *equals = strchr(name, '=');
	int length = (int)(equals ? (size_t)(equals - name) : strlen(name));
	length = length > 70 ? 70 : length;
	char key[72];
	snprintf(key, sizeof key, "%.*s", length, name);
	snprintf(reader->label, sizeof reader->label, "--%s", key);
	for (char *c = reader->label; *c; c++)
		*c = *c == '_' ? '-' : *c;

	for (size_t i = 0; i < reader->flag_count; i++) {
		const cli_flag *flag = &reader->flags[i];
		if (!same_key(key, flag->name))
			continue;
		reader->kind = ARG_FLAG;
		reader->index = i;
		if (flag->metavar)
			return take_value(reader, equals, flag->metavar, e);
		if (equals)
			return bern_fail(e, BERN_EUSAGE, "%s takes no value, not '%.100s'",
					 reader->label, equals + 1);
		return 0;
	}
	if (!reader->with_options)
		return unknown_flag(reader, name, length, e);

	size_t count = train_option_count();
	reader->kind = ARG_OPTION;
	reader->index = train_option_find(key);
	if (reader->index < count) {
		const bern_option *option = train_option_at(reader->index);
		if (option->param.type != BERN_BOOL)
			return take_value(reader, equals, "VALUE", e);
		reader->text = equals ? equals + 1 : "true";
		return 0;
	}
	/* --no-x of a yes-or-no option x */
	if (!strncmp(key, "no-", 3) || !strncmp(key, "no_", 3)) {
		reader->index = train_option_find(key + 3);
		if (reader->index < count &&
		    train_option_at(reader->index)->param.type == BERN_BOOL) {
			if (equals)
				return bern_fail(e, BERN_EUSAGE, "%s takes no value, not '%.100s'",
						 reader->label, equals + 1);
			reader->text = "false";
			return 0;
		}
	}
	return unknown_flag(reader, name, length, e);
}
