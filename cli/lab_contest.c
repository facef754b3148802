#include "lab_contest.h"
#include "config.h"
#include "registry.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	FLAG_SEEDS,
	FLAG_GRID_SEEDS,
	FLAG_BUDGET,
	FLAG_THREADS,
	FLAG_TRY,
	FLAG_JSON,
	FLAG_QUIET,
	FLAG_VERBOSE,
	FLAG_HELP
};
const cli_flag lab_contest_flags[LAB_CONTEST_FLAGS] = {LAB_CONTEST_FLAG_LIST};

/* "key=a,b" as an axis whose strings lie in text. */
static int32_t read_axis(contest_axis *axis, char *text, size_t size, const char *given,
			 bern_error *e)
{
	snprintf(text, size, "%s", given);
	char *rest = strlen(given) < size ? strchr(text, '=') : NULL;
	*axis = (contest_axis){.key = text};
	if (!rest || rest == text)
		return bern_fail(e, BERN_EUSAGE,
				 "--try %.100s: not an option and its values; allowed: "
				 "KEY=VALUE,VALUE as in momentum=0,0.9",
				 given);
	for (*rest++ = '\0'; rest;) {
		char *comma = strchr(rest, ',');
		if (axis->count == CONTEST_GRID)
			return bern_fail(e, BERN_EUSAGE, "--try %.100s: more than %d values", given,
					 CONTEST_GRID);
		axis->values[axis->count++] = rest;
		if (comma)
			*comma++ = '\0';
		rest = comma;
	}
	return 0;
}

/* Takes the place of the axis of the same option. */
static int32_t add_axis(lab_contest *request, const char *given, bern_error *e)
{
	contest_axis axis;
	char text[sizeof request->text[0]];
	size_t at = 0;
	int32_t rc = read_axis(&axis, text, sizeof text, given, e);
	if (rc)
		return rc;
	while (at < request->axis_count && strcmp(request->axes[at].key, axis.key) != 0)
		at++;
	if (at == CONTEST_GRID)
		return bern_fail(e, BERN_EUSAGE, "--try %.100s: more than %d options to choose",
				 given, CONTEST_GRID);
	request->axis_count += at == request->axis_count;
	return read_axis(&request->axes[at], request->text[at], sizeof request->text[at], given, e);
}

int32_t lab_contest_read(lab_contest *request, int argc, char **argv, size_t max_words,
			 const command_help *help, bern_error *e)
{
	static const bern_param seeds = {"--seeds", "", BERN_INT, 0, "20", 1, 1000, NULL};
	static const bern_param grid = {"--grid-seeds", "", BERN_INT, 0, "5", 1, 100, NULL};
	static const bern_param budget = {"--budget", "", BERN_INT, 0, "0", 1000, 1e9, NULL};
	static const bern_param threads = {"--threads", "", BERN_INT, 0, "1", 1, 64, NULL};
	arg_reader args = {argc, argv, help->flags, help->flag_count, .at = 0};
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	int32_t rc;
	request->threads = cores > 0 && cores < 64 ? (size_t)cores : 1;
	rc = add_axis(request, "learning_rate=0.003,0.01,0.03,0.1", e);
	while (rc == 0 && (rc = arg_next(&args, e)) == 0 && args.kind != ARG_END) {
		bern_value value = {0};
		if (args.kind == ARG_WORD) {
			if (request->word_count == max_words)
				return bern_fail(e, BERN_EUSAGE,
						 "'%.100s' is one argument too many; usage: %s",
						 args.text, help->usage);
			request->words[request->word_count++] = args.text;
			continue;
		}
		switch (args.index) {
		case FLAG_SEEDS:
			rc = bern_param_parse(&seeds, args.text, &value, e);
			request->seeds = (size_t)value.i;
			break;
		case FLAG_GRID_SEEDS:
			rc = bern_param_parse(&grid, args.text, &value, e);
			request->grid_seeds = (size_t)value.i;
			break;
		case FLAG_BUDGET:
			rc = bern_param_parse(&budget, args.text, &value, e);
			snprintf(request->budget, sizeof request->budget, "%lld",
				 (long long)value.i);
			break;
		case FLAG_THREADS:
			rc = bern_param_parse(&threads, args.text, &value, e);
			request->threads = (size_t)value.i;
			break;
		case FLAG_TRY:
			request->tries++;
			rc = add_axis(request, args.text, e);
			break;
		case FLAG_JSON:
			request->json = 1;
			break;
		case FLAG_QUIET:
			request->quiet = 1;
			break;
		case FLAG_HELP:
			request->wants_help = 1;
			return 0;
		default:
			if (args.index < LAB_CONTEST_FLAGS)
				break;
			if (request->extra_count == LAB_CONTEST_EXTRA)
				return bern_fail(e, BERN_EUSAGE,
						 "--%s %.100s: there are more than %d of such "
						 "options",
						 help->flags[args.index].name, args.text,
						 LAB_CONTEST_EXTRA);
			request->extra[request->extra_count].flag = args.index - LAB_CONTEST_FLAGS;
			request->extra[request->extra_count++].text = args.text;
			break;
		}
		if (rc)
			return rc;
	}
	return rc;
}

static void show_progress(void *user, size_t done, size_t all)
{
	(void)user;
	fprintf(stderr, "\r%zu of %zu trainings%s", done, all, done == all ? "\n" : "");
}

/* All entries of a contest are of one environment. What is wrong about it is told when it is trained. */
static void tell_lack_of_recipe(const lab_contest *request, const contest *c)
{
	bern_registry *registry = NULL;
	const bern_env *env = NULL;
	bern_error e;
	if (!request->quiet && c->count && c->entries[0].experiment.env &&
	    !open_registry(&registry, NULL, 0, &e) &&
	    !registry_find_word(registry, c->entries[0].experiment.env, &env, &e)) {
		char *recipe = recipe_find(env->id);
		if (!recipe)
			fprintf(stderr, "bern: lab: %s has no recipe, so the defaults are used\n",
				env->id);
		free(recipe);
	}
	bern_registry_destroy(registry);
}

int32_t lab_contest_run(const lab_contest *request, contest *c, bern_error *e)
{
	tell_lack_of_recipe(request, c);
	c->seeds = request->seeds;
	c->grid_seeds = request->grid_seeds;
	c->threads = request->threads;
	c->progress = !request->quiet && isatty(STDERR_FILENO) ? show_progress : NULL;
	return contest_run(c, e);
}

void lab_contest_choices(const lab_contest *request, contest_entry *entry)
{
	memcpy(entry->axes, request->axes, sizeof request->axes);
	entry->axis_count = request->axis_count;
}

void lab_rates_text(char *out, size_t size, const lab_contest *request)
{
	const contest_axis *rates = &request->axes[0];
	size_t length = 0;
	*out = '\0';
	for (size_t i = 0; i < rates->count && length < size; i++)
		length += (size_t)snprintf(out + length, size - length, "%s%s", i ? ", " : "",
					   rates->values[i]);
}

void lab_choice_text(char *out, size_t size, const contest_entry *entry)
{
	const contest_axis *rates = &entry->axes[0];
	size_t chosen = entry->chosen[0], length;
	int edge = rates->count > 1 && (chosen == 0 || chosen + 1 == rates->count);
	length = (size_t)snprintf(out, size, "%s%s", rates->values[chosen], edge ? "*" : "");
	for (size_t a = 1; a < entry->axis_count && length < size; a++)
		length += (size_t)snprintf(out + length, size - length, ", %s %s",
					   entry->axes[a].key,
					   entry->axes[a].values[entry->chosen[a]]);
}

/* a number, or "-" where there is none */
static void number_text(char *out, size_t size, double x, int digits)
{
	if (isfinite(x))
		snprintf(out, size, "%.*f", digits, x);
	else
		snprintf(out, size, "-");
}

void lab_figure_text(char *out, size_t size, contest_figure f, int digits)
{
	char middle[32], low[32], high[32];
	number_text(middle, sizeof middle, f.median, digits);
	number_text(low, sizeof low, f.low, digits);
	number_text(high, sizeof high, f.high, digits);
	if (isfinite(f.median) || isfinite(f.low))
		snprintf(out, size, "%s [%s, %s]", middle, low, high);
	else
		snprintf(out, size, "-");
}

void lab_ratio_text(char *out, size_t size, contest_ratio r)
{
	char low[32], high[32];
	number_text(low, sizeof low, r.low, 2);
	number_text(high, sizeof high, r.high, 2);
	if (isfinite(r.ratio) && r.ratio > 0.0)
		snprintf(out, size, "%.2f [%s, %s]", r.ratio, low, high);
	else
		snprintf(out, size, "-");
}
