/* How far binary neurons that learn from reward are behind the same network with units that are differentiated through. */
#include "lab.h"
#include "lab_contest.h"
#include "registry.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const command_help lab_gap_help = {
	.usage = "bern lab gap [ENV...] [--seeds N] [--budget N] [--json]",
	.summary =
		"Trains networks of one shape on each ENV (default: CartPole-v1, Acrobot-v1): relu "
		"and\n"
		"tanh units by back-propagation, binary units with 1, 4, 16 and 64 firings.",
	.examples = "  bern lab gap\n"
		    "  bern lab gap MinAtar/Breakout-v1 --seeds 10 --budget 1000000\n",
	.notes = "Each has the environment's recipe and its own learning rate. gap: steps to the "
		 "first\n"
		 "look of at least the recipe's stop_return, over those of the better of relu and "
		 "tanh;\n"
		 "where that has no such look: the other's return over its own, both in the last "
		 "tenth\n"
		 "of the steps and counted from random play.\n",
	.flags = lab_contest_flags,
	.flag_count = LAB_CONTEST_FLAGS,
};

static const char *const rates[] = {"0.003", "0.01", "0.03", "0.1"};
static const char *const kinds[][3] = {
	/* name, units, firings */
	{"relu", "relu", "1"},
	{"tanh", "tanh", "1"},
	{"binary, K=1", "binary", "1"},
	{"binary, K=4", "binary", "4"},
	{"binary, K=16", "binary", "16"},
	{"binary, K=64", "binary", "64"},
};
enum { KINDS = sizeof kinds / sizeof kinds[0], YARDSTICKS = 2 };

static int32_t enter(contest *c, const char *env, const lab_contest *request, bern_error *e)
{
	for (size_t i = 0; i < KINDS; i++) {
		contest_entry *entry = contest_add(c, kinds[i][0]);
		if (!entry)
			return bern_fail(e, BERN_EMEMORY, "no memory for a contest");
		entry->experiment.env = env;
		experiment_set(&entry->experiment, "estimator", "auto");
		experiment_set(&entry->experiment, "units", kinds[i][1]);
		experiment_set(&entry->experiment, "firings", kinds[i][2]);
		experiment_set(&entry->experiment, "final_episodes", "0");
		if (request->budget[0])
			experiment_set(&entry->experiment, "total_timesteps", request->budget);
		entry->grid_key = "learning_rate";
		entry->grid_count = sizeof rates / sizeof rates[0];
		memcpy(entry->grid, rates, sizeof rates);
	}
	return lab_contest_run(request, c, e);
}

/* The better yardstick: the one that more seeds got there with, in fewer steps; else the higher return. */
static const contest_entry *yardstick(const contest *c)
{
	const contest_entry *best = &c->entries[0];
	for (size_t i = 1; i < YARDSTICKS; i++) {
		const contest_entry *other = &c->entries[i];
		contest_figure a = contest_figure_for(c, best, CONTEST_FIRST);
		contest_figure b = contest_figure_for(c, other, CONTEST_FIRST);
		double ra = contest_figure_for(c, best, CONTEST_LEARNING).median;
		double rb = contest_figure_for(c, other, CONTEST_LEARNING).median;
		if (b.reached > a.reached || (b.reached == a.reached && b.median < a.median) ||
		    (b.reached == 0 && a.reached == 0 && rb > ra))
			best = other;
	}
	return best;
}

static void print_json(const contest *c, const contest_entry *entry, const char *env)
{
	json_t *first = json_array(), *learning = json_array();
	for (size_t s = 0; s < c->seeds; s++) {
		const experiment_result *r = &entry->results[s];
		json_array_append_new(first,
				      r->first ? json_integer((json_int_t)r->first) : json_null());
		json_array_append_new(learning,
				      isnan(r->learning) ? json_null() : json_real(r->learning));
	}
	json_t *object = json_pack("{s:s,s:s,s:s,s:o,s:o}", "env", env, "network", entry->name,
				   "learning_rate", entry->grid[entry->chosen], "first", first,
				   "return", learning);
	char *line = object ? json_dumps(object, JSON_COMPACT) : NULL;
	puts(line ? line : "null");
	free(line);
	json_decref(object);
}

static void print(const contest *c, const char *env, double random_return,
		  const lab_contest *request)
{
	const contest_entry *best = yardstick(c);
	contest_figure bar = contest_figure_for(c, best, CONTEST_FIRST);
	int silent = 0;
	for (size_t i = 0; i < c->count; i++) {
		const contest_entry *entry = &c->entries[i];
		contest_figure f = contest_figure_for(c, entry, CONTEST_FIRST);
		contest_figure learning = contest_figure_for(c, entry, CONTEST_LEARNING);
		char first[64], returns[64], gap[64], reached[32];
		if (request->json) {
			print_json(c, entry, env);
			continue;
		}
		silent |= !isfinite(learning.median);
		lab_figure_text(first, sizeof first, f, 0);
		lab_figure_text(returns, sizeof returns, learning, 2);
		if (isfinite(bar.median)) {
			lab_ratio_text(gap, sizeof gap,
				       contest_ratio_of(c, entry, best, CONTEST_FIRST));
		} else {
			double over = contest_figure_for(c, best, CONTEST_LEARNING).median -
				      random_return;
			double under = learning.median - random_return;
			if (under > 0.0 && isfinite(over))
				snprintf(gap, sizeof gap, "%.2f of the return", under / over);
			else
				snprintf(gap, sizeof gap, "-");
		}
		snprintf(reached, sizeof reached, "%zu/%zu", f.reached, c->seeds);
		printf("| %-20s | %-13s | %-5s | %7s | %-24s | %-28s | %-20s |\n", env, entry->name,
		       entry->grid[entry->chosen], reached, first, returns, gap);
		fflush(stdout);
	}
	if (silent)
		fprintf(stderr,
			"bern: lab gap: %s: trainings without a return had no episode that ended "
			"in the "
			"last tenth of their steps; a larger --budget shows more\n",
			env);
}

/* The environment's random return, or 0 where it tells none; refuses what is not there. */
static int32_t random_return_of(const char *word, double *out, bern_error *e)
{
	bern_registry *registry = NULL;
	const bern_env *env = NULL;
	int32_t rc = open_registry(&registry, NULL, 0, e);
	if (!rc)
		rc = registry_find_word(registry, word, &env, e);
	if (!rc)
		*out = env->has_returns ? env->random_return : 0.0;
	bern_registry_destroy(registry);
	return rc;
}

int lab_gap(const char *program, int argc, char **argv)
{
	lab_contest request = {.seeds = 10, .grid_seeds = 3};
	double random_return[LAB_CONTEST_WORDS];
	bern_error e;
	(void)program;
	int32_t rc = lab_contest_read(&request, argc, argv, LAB_CONTEST_WORDS, &lab_gap_help, &e);
	if (rc == 0 && request.wants_help) {
		help_print(stdout, &lab_gap_help);
		return EXIT_OK;
	}
	if (rc == 0 && request.word_count == 0) {
		request.words[request.word_count++] = "CartPole-v1";
		request.words[request.word_count++] = "Acrobot-v1";
	}
	for (size_t i = 0; rc == 0 && i < request.word_count; i++)
		rc = random_return_of(request.words[i], &random_return[i], &e);
	if (rc == 0 && !request.json)
		printf("Recipes of the environments, %zu seeds; learning rate chosen from 0.003, "
		       "0.01, "
		       "0.03, 0.1 by %zu other seeds.\nfirst: steps to the first look of at least "
		       "stop_return; return: of the last tenth of the steps; median [95%%].\n\n"
		       "| %-20s | %-13s | %-5s | %7s | %-24s | %-28s | %-20s |\n"
		       "|---|---|---|---|---|---|---|\n",
		       request.seeds, request.grid_seeds, "environment", "units", "rate", "reached",
		       "first", "return", "gap");
	for (size_t i = 0; rc == 0 && i < request.word_count; i++) {
		contest c = {.measure = CONTEST_STEPS};
		rc = enter(&c, request.words[i], &request, &e);
		if (rc == 0)
			print(&c, request.words[i], random_return[i], &request);
		contest_finish(&c);
	}
	return rc ? report_error("lab gap", &e) : EXIT_OK;
}
