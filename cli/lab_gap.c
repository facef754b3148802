/* How far binary neurons that learn from reward are behind the same network with units that are differentiated through. */
#include "lab.h"
#include "lab_contest.h"
#include "registry.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const cli_flag flags[] = {
	LAB_CONTEST_FLAG_LIST,
	{"level", 0, "X",
	 "compare steps until 20 episodes in a row return X on average while learning"},
};

const command_help lab_gap_help = {
	.usage = "bern lab gap [ENV...] [--seeds N] [--budget N] [--try KEY=VALUES] [--level X] "
		 "[--json]",
	.summary =
		"Trains networks of one shape on each ENV (default: CartPole-v1, Acrobot-v1): relu "
		"and\n"
		"tanh units by back-propagation, binary units with 1, 4, 16 and 64 firings, and "
		"by\n"
		"local expectations.",
	.examples = "  bern lab gap\n"
		    "  bern lab gap MinAtar/Breakout-v1 --seeds 10 --budget 1000000\n"
		    "  bern lab gap Acrobot-v1 --try gae_lambda=0.9,0.97 --level -100\n",
	.notes = "Each has the environment's recipe and its own learning rate, chosen by seeds of "
		 "their\n"
		 "own, as is the better of relu and tanh. gap: steps to the first look of at least "
		 "the\n"
		 "recipe's stop_return, or to --level, over those of the better of relu and tanh. "
		 "share:\n"
		 "the return of the last tenth of the steps over that of the better of them, both\n"
		 "counted from random play.\n",
	.flags = flags,
	.flag_count = sizeof flags / sizeof flags[0],
};

static const char *const kinds[][4] = {
	/* name, units, firings, estimator */
	{"relu", "relu", "1", "auto"},
	{"tanh", "tanh", "1", "auto"},
	{"binary, K=1", "binary", "1", "auto"},
	{"binary, K=4", "binary", "4", "auto"},
	{"binary, K=16", "binary", "16", "auto"},
	{"binary, K=64", "binary", "64", "auto"},
	{"local expectation, K=1", "binary", "1", "local-expectation"},
	{"local expectation, K=16", "binary", "16", "local-expectation"},
};
enum { KINDS = sizeof kinds / sizeof kinds[0], YARDSTICKS = 2 };

/* What counts as having got there: NULL: a look of at least the recipe's stop_return. */
static int32_t read_level(const lab_contest *request, const double **level, double *room,
			  bern_error *e)
{
	static const bern_param param = {"--level", "", BERN_REAL, 0, "0", -1e300, 1e300, NULL};
	bern_value value = {0};
	int32_t rc = 0;
	*level = NULL;
	for (size_t i = 0; rc == 0 && i < request->extra_count; i++) {
		rc = bern_param_parse(&param, request->extra[i].text, &value, e);
		*room = value.r;
		*level = room;
	}
	return rc;
}

static int32_t enter(contest *c, const char *env, const lab_contest *request, const double *level,
		     bern_error *e)
{
	for (size_t i = 0; i < KINDS; i++) {
		contest_entry *entry = contest_add(c, kinds[i][0]);
		if (!entry)
			return bern_fail(e, BERN_EMEMORY, "no memory for a contest");
		entry->experiment.env = env;
		experiment_set(&entry->experiment, "estimator", kinds[i][3]);
		experiment_set(&entry->experiment, "units", kinds[i][1]);
		experiment_set(&entry->experiment, "firings", kinds[i][2]);
		experiment_set(&entry->experiment, "final_episodes", "0");
		if (request->budget[0])
			experiment_set(&entry->experiment, "total_timesteps", request->budget);
		lab_contest_choices(request, entry);
		entry->experiment.has_level = level != NULL;
		entry->experiment.level = level ? *level : 0.0;
	}
	return lab_contest_run(request, c, e);
}

/* The better yardstick, by the seeds that chose the rates and not by those of the figures: so it is not flattered by its choice. */
static const contest_entry *yardstick(const contest *c)
{
	const contest_entry *best = &c->entries[0];
	for (size_t i = 1; i < YARDSTICKS; i++)
		if (c->entries[i].badness < best->badness)
			best = &c->entries[i];
	return best;
}

static void print_json(const contest *c, const contest_entry *entry, const char *env)
{
	json_t *first = json_array(), *learning = json_array(), *chosen = json_object();
	for (size_t a = 0; a < entry->axis_count; a++)
		json_object_set_new(chosen, entry->axes[a].key,
				    json_string(entry->axes[a].values[entry->chosen[a]]));
	for (size_t s = 0; s < c->seeds; s++) {
		const experiment_result *r = &entry->results[s];
		uint64_t steps = entry->experiment.has_level ? r->level : r->first;
		json_array_append_new(first, steps ? json_integer((json_int_t)steps) : json_null());
		json_array_append_new(learning,
				      isnan(r->learning) ? json_null() : json_real(r->learning));
	}
	json_t *object = json_pack("{s:s,s:s,s:o,s:o,s:o}", "env", env, "network", entry->name,
				   "chosen", chosen, "first", first, "return", learning);
	char *line = object ? json_dumps(object, JSON_COMPACT) : NULL;
	puts(line ? line : "null");
	free(line);
	json_decref(object);
}

/* What is learned over what the yardstick learned, both counted from random play. */
static void share_text(char *out, size_t size, const contest *c, const contest_entry *entry,
		       const contest_entry *best, double random_return)
{
	contest_ratio r = contest_ratio_of(c, entry, best, CONTEST_LEARNING, random_return);
	if (contest_figure_for(c, best, CONTEST_LEARNING).median <= random_return)
		r.ratio = NAN; /* nothing was learned: no share of it */
	lab_ratio_text(out, size, r);
}

static void print(const contest *c, const char *env, double random_return,
		  const lab_contest *request, const double *level)
{
	const contest_entry *best = yardstick(c);
	int32_t number = level ? CONTEST_LEVEL : CONTEST_FIRST;
	int silent = 0;
	for (size_t i = 0; i < c->count; i++) {
		const contest_entry *entry = &c->entries[i];
		contest_figure f = contest_figure_for(c, entry, number);
		contest_figure learning = contest_figure_for(c, entry, CONTEST_LEARNING);
		char first[64], returns[64], gap[64], share[64], reached[32], choice[256];
		if (request->json) {
			print_json(c, entry, env);
			continue;
		}
		silent |= !isfinite(learning.median);
		lab_choice_text(choice, sizeof choice, entry);
		lab_figure_text(first, sizeof first, f, 0);
		lab_figure_text(returns, sizeof returns, learning, 2);
		lab_ratio_text(gap, sizeof gap, contest_ratio_of(c, entry, best, number, 0.0));
		share_text(share, sizeof share, c, entry, best, random_return);
		snprintf(reached, sizeof reached, "%zu/%zu", f.reached, c->seeds);
		printf("| %-20s | %-23s | %-6s | %7s | %-24s | %-18s | %-28s | %-18s |\n", env,
		       entry->name, choice, reached, first, gap, returns, share);
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

static void print_head(const lab_contest *request, const double *level)
{
	char rates[256], goal[64] = "the first look of at least stop_return";
	lab_rates_text(rates, sizeof rates, request);
	if (level)
		snprintf(goal, sizeof goal, "where 20 episodes in a row return %g on average",
			 *level);
	printf("Recipes of the environments, %zu seeds; learning rate chosen from %s by %zu other "
	       "seeds (*: an edge of these).\n"
	       "first: steps to %s; return: of the last tenth of the steps; median [95%%].\n\n"
	       "| %-20s | %-23s | %-6s | %7s | %-24s | %-18s | %-28s | %-18s |\n"
	       "|---|---|---|---|---|---|---|---|\n",
	       request->seeds, rates, request->grid_seeds, goal, "environment", "units", "rate",
	       "reached", "first", "gap", "return", "share");
}

int lab_gap(const char *program, int argc, char **argv)
{
	lab_contest request = {.seeds = 10, .grid_seeds = 3};
	const double *level = NULL;
	double room;
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
	if (rc == 0)
		rc = read_level(&request, &level, &room, &e);
	for (size_t i = 0; rc == 0 && i < request.word_count; i++) {
		contest c = {.measure = CONTEST_STEPS};
		rc = enter(&c, request.words[i], &request, level, &e);
		if (rc == 0 && i == 0 && !request.json)
			print_head(&request, level);
		if (rc == 0)
			print(&c, request.words[i], random_return[i], &request, level);
		contest_finish(&c);
	}
	return rc ? report_error("lab gap", &e) : EXIT_OK;
}
