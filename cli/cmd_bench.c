#include "command.h"

#include "bench_env.h"
#include "bench_net.h"
#include "bench_recipes.h"
#include "bench_train.h"
#include "opened_env.h"
#include "options.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	FLAG_JSON,
	FLAG_SECONDS,
	FLAG_REPEATS,
	FLAG_SEEDS,
	FLAG_FIRINGS,
	FLAG_FIRE_RATE,
	FLAG_PROFILE,
	FLAG_SET,
	FLAG_ENV_PATH,
	FLAG_QUIET,
	FLAG_VERBOSE,
	FLAG_HELP
};
static const cli_flag flags[] = {
	{"json", 0, NULL, "one JSON object a line"},
	{"seconds", 0, "S", "env, net, train: of one measurement [0.05, train 0.2; 0.001 .. 60]"},
	{"repeats", 0, "N",
	 "env, net, train: measurements, of which the median is told [5; 1 .. 1000]"},
	{"seeds", 0, "N", "recipes, train: trainings of each, seeds 1 .. N [10; 1 .. 10000]"},
	{"firings", 0, "K", "net: firings of a layer [16; 1 .. 4096]"},
	{"fire-rate", 0, "P", "net: share of the units that fire [0.5; 0 .. 1]"},
	{"profile", 0, NULL, "train: also where the time of a step goes"},
	{"set", 0, "KEY=VALUE",
	 "env, train: with env.KEY=VALUE, train also train.KEY=VALUE; may be given again"},
	{"env-path", 0, "PATH", "a plugin or a folder of plugins to load; may be given again"},
	CLI_COMMON_FLAGS,
};

const command_help bench_help = {
	.usage = "bern bench env [ENV]... [--json] [--seconds S] [--repeats N] "
		 "[--set env.KEY=VALUE]... [--env-path PATH]...\n"
		 "       bern bench net [INPUTSxUNITS]... [--firings K] [--fire-rate P] [--json] "
		 "[--seconds S] [--repeats N]\n"
		 "       bern bench train [RECIPE]... [--profile] [--set KEY=VALUE]... [--json] "
		 "[--seconds S] [--repeats N] [--seeds N]\n"
		 "       bern bench all [--json] [--seconds S] [--repeats N]\n"
		 "       bern bench recipes [RECIPE]... [--seeds N] [--json]",
	.summary =
		"env measures how many steps a second environments make with random actions, "
		"resets\n"
		"included: all that there are, or those named. net measures layers of neurons by\n"
		"shape, train how many steps a second trainings make, learning included. all is\n"
		"env, net and train. Everything on one core, beside what the machine could do at\n"
		"best. recipes trains from all recipes, or those named, and tells what return "
		"they\n"
		"reach.",
	.examples = "  bern bench env CartPole-v1\n"
		    "  bern bench env ./my_env.so --seconds 0.5 --repeats 9\n"
		    "  bern bench env --json >speeds.jsonl\n"
		    "  BERN_CPU=avx2 bern bench env CartPole-v1\n"
		    "  bern bench net 64x64 1024x1024 --fire-rate 0.1\n"
		    "  bern bench train --profile\n"
		    "  bern bench train CartPole-v1 --set train.num_envs=1024\n"
		    "  bern bench recipes CartPole-v1 FrozenLake-v1 --seeds 3\n",
	.notes =
		"scalar: reset, step and observe of 64 copies, called one by one. batch: the\n"
		"environment's own batch, 1024 copies, where it has one. lanes: 1024 lanes as\n"
		"training steps them, with every check and a random stream for each episode.\n"
		"Empty-v0 does nothing and shows what measuring itself takes. Times are of the\n"
		"processor, not of the clock on the wall; still, measure on a quiet machine.\n\n"
		"net: nanoseconds of one call, and which share of the machine's ceiling that is: "
		"of\n"
		"multiply-adds, of random numbers for draws. forward: p of the units; of firings: "
		"the\n"
		"same above a layer of which the share --fire-rate fired.\n\n"
		"train: each recipe as it is; without names a list of its own. passes: of the\n"
		"baseline over each rollout. Beside the steps a second: what a step needs at "
		"least,\n"
		"and which share of the time that would take where the machine does nothing else "
		"at\n"
		"its best: random numbers; multiply-adds, by zeros and firings, 10 for each "
		"sigmoid;\n"
		"bytes that are kept until they are learned from (not told with epochs). Then the\n"
		"recipe CartPole-v1 with --seeds seeds until it is solved, in seconds of "
		"learning,\n"
		"looks left out. --profile: the time of each part of a step, by the clock on the\n"
		"wall. One firing with many lanes goes a way of its own, where a layer's p, "
		"firings\n"
		"and the action are one part.\n\n"
		"A row of recipes, in Markdown: random is the return of random actions, best the\n"
		"highest that can be where that is known, goal the recipe's stop_return or else "
		"the\n"
		"return from which the environment counts as solved; steps the median that a\n"
		"training made; return what the agent that is left returns in final_episodes "
		"fresh\n"
		"episodes: the interquartile mean over the seeds, with the 95% interval of a\n"
		"bootstrap (10,000 resamples, seed 1); worst "
		"the\n"
		"seed with the least; learning the same of the episodes that ended in the "
		"last\n"
		"tenth of the steps. Where final_episodes is 0, learning stands for return. Each\n"
		"seed is the run that `bern train --recipe RECIPE --seed N` makes.\n",
	.flags = flags,
	.flag_count = sizeof flags / sizeof flags[0],
};

static const char *const way_names[BENCH_WAYS] = {
	[BENCH_SCALAR] = "scalar", [BENCH_BATCH] = "batch", [BENCH_LANES] = "lanes"};

/* What the command line says. */
typedef struct given {
	const char **words, **paths; /* owned lists of borrowed texts */
	size_t word_count, path_count;
	config_list settings;
	double seconds; /* 0: as usual */
	double fire_rate;
	size_t repeats, seeds, firings;
	int json, profile, wants_help;
	bench_machine machine;
} given;

static void print_row(const given *g, const char *id, const char *cpu,
		      const double rates[BENCH_WAYS])
{
	if (g->json) {
		printf("{\"id\":\"%s\",\"cpu\":%s%s%s", id, cpu ? "\"" : "", cpu ? cpu : "null",
		       cpu ? "\"" : "");
		for (int k = 0; k < BENCH_WAYS; k++)
			if (isnan(rates[k]))
				printf(",\"%s\":null", way_names[k]);
			else
				printf(",\"%s\":%.6g", way_names[k], rates[k]);
		printf("}\n");
	} else {
		printf("%-30s", id);
		for (int k = 0; k < BENCH_WAYS; k++)
			if (isnan(rates[k]))
				printf(" %10s", "-");
			else
				printf(" %10.4g", rates[k] / 1e6);
		printf("  %s\n", cpu ? cpu : "");
	}
	fflush(stdout);
}

static int32_t measure(const given *g, const bern_world *world, bern_error *e)
{
	double rates[BENCH_WAYS];
	int32_t rc = bench_env(world, g->seconds, g->repeats, rates, e);
	const char *cpu = !world->batch ? NULL : world->batch->cpu ? world->batch->cpu : "any";
	if (!rc)
		print_row(g, world->env->id, cpu, rates);
	return rc;
}

static int32_t measure_empty(const given *g, bern_error *e)
{
	bern_world world;
	int32_t rc = bern_world_open(&world, &bench_empty_env, NULL, 0, e);
	if (rc)
		return rc;
	rc = measure(g, &world, e);
	bern_world_finish(&world);
	return rc;
}

static int32_t measure_word(const given *g, const char *word, bern_error *e)
{
	opened_env opened;
	int32_t rc = opened_env_init(&opened, "bench", word, g->paths, g->path_count, &g->settings,
				     NULL, e);
	if (rc)
		return rc;
	rc = measure(g, &opened.world, e);
	opened_env_finish(&opened);
	return rc;
}

static int32_t measure_all(const given *g, bern_error *e)
{
	bern_registry *registry;
	int32_t rc = open_registry(&registry, g->paths, g->path_count, e);
	if (rc)
		return rc;
	for (size_t i = 0; !rc && i < bern_registry_count(registry); i++) {
		bern_world world;
		rc = bern_world_open(&world, bern_registry_at(registry, i), NULL, 0, e);
		if (rc)
			break;
		rc = measure(g, &world, e);
		bern_world_finish(&world);
	}
	bern_registry_destroy(registry);
	return rc;
}

/* What cannot be opened is refused before anything is measured. */
static int32_t check_envs(const given *g, bern_error *e)
{
	int32_t rc = BERN_OK;
	if (!g->word_count && g->settings.count)
		return bern_fail(e, BERN_EUSAGE, "--set: of which environment? name it; usage: %s",
				 bench_help.usage);
	for (size_t i = 0; !rc && i < g->word_count; i++) {
		opened_env opened;
		rc = opened_env_init(&opened, "bench", g->words[i], g->paths, g->path_count,
				     &g->settings, NULL, e);
		if (!rc)
			opened_env_finish(&opened);
	}
	return rc;
}

static int32_t run_env(const given *g, bern_error *e)
{
	if (!g->json)
		printf("%-30s %10s %10s %10s  batch for   (million steps a second)\n",
		       "environment", way_names[0], way_names[1], way_names[2]);
	int32_t rc = measure_empty(g, e);
	for (size_t i = 0; !rc && i < g->word_count; i++)
		rc = measure_word(g, g->words[i], e);
	if (!rc && !g->word_count)
		rc = measure_all(g, e);
	return rc;
}

static int32_t run_net(const given *g, bern_error *e)
{
	const bench_net_request request = {.shapes = g->words,
					   .count = g->word_count,
					   .firings = g->firings,
					   .fire_rate = g->fire_rate,
					   .seconds = g->seconds,
					   .repeats = g->repeats,
					   .json = g->json,
					   .machine = &g->machine};
	return bench_net(&request, e);
}

static int32_t run_train(const given *g, double seconds, bern_error *e)
{
	const bench_train_request request = {.recipes = g->words,
					     .count = g->word_count,
					     .settings = &g->settings,
					     .seconds = seconds,
					     .repeats = g->repeats,
					     .seeds = g->seeds,
					     .json = g->json,
					     .profile = g->profile,
					     .machine = &g->machine};
	return bench_train(&request, e);
}

/* env, net, train: 'e', 'n', 't'; all: 'a'. */
static int32_t run(given *g, int said, bern_error *e)
{
	double seconds = g->seconds > 0 ? g->seconds : 0.2;
	if (g->seconds <= 0)
		g->seconds = 0.05;
	int32_t rc = BERN_OK;
	if (said == 'e')
		rc = check_envs(g, e);
	else if (said == 'n')
		rc = bench_net_check(g->words, g->word_count, e);
	else if (said == 't')
		rc = bench_train_check(g->words, g->word_count, &g->settings, e);
	if (!rc && said != 'e' && g->path_count)
		rc = bern_fail(e, BERN_EUSAGE, "--env-path goes with env");
	if (!rc && said != 'e' && said != 't' && g->settings.count)
		rc = bern_fail(e, BERN_EUSAGE, "--set goes with env and train");
	if (!rc && said == 'a' && g->word_count)
		rc = bern_fail(e, BERN_EUSAGE, "all takes no names, and '%.100s' was given",
			       g->words[0]);
	if (!rc)
		rc = bench_machine_ceilings(&g->machine, g->seconds, g->repeats, e);
	if (rc)
		return rc;
	bench_machine_print(&g->machine, g->json);
	if (said == 'e' || said == 'a')
		rc = run_env(g, e);
	if (!rc && (said == 'n' || said == 'a'))
		rc = run_net(g, e);
	if (!rc && (said == 't' || said == 'a'))
		rc = run_train(g, seconds, e);
	return rc;
}

static int32_t take_flag(given *g, const arg_reader *args, bern_error *e)
{
	static const bern_param seconds = {"--seconds", "", BERN_REAL, 0, "0.05", 0.001, 60, NULL};
	static const bern_param repeats = {"--repeats", "", BERN_INT, 0, "5", 1, 1000, NULL};
	static const bern_param seeds = {"--seeds", "", BERN_INT, 0, "10", 1, 10000, NULL};
	static const bern_param firings = {"--firings", "", BERN_INT, 0, "16", 1, 4096, NULL};
	static const bern_param fire_rate = {"--fire-rate", "", BERN_REAL, 0, "0.5", 0, 1, NULL};
	bern_value value = {0};
	int32_t rc = 0;
	switch (args->index) {
	case FLAG_JSON:
		g->json = 1;
		break;
	case FLAG_SECONDS:
		rc = bern_param_parse(&seconds, args->text, &value, e);
		g->seconds = value.r;
		break;
	case FLAG_REPEATS:
		rc = bern_param_parse(&repeats, args->text, &value, e);
		g->repeats = (size_t)value.i;
		break;
	case FLAG_SEEDS:
		rc = bern_param_parse(&seeds, args->text, &value, e);
		g->seeds = (size_t)value.i;
		break;
	case FLAG_FIRINGS:
		rc = bern_param_parse(&firings, args->text, &value, e);
		g->firings = (size_t)value.i;
		break;
	case FLAG_FIRE_RATE:
		rc = bern_param_parse(&fire_rate, args->text, &value, e);
		g->fire_rate = value.r;
		break;
	case FLAG_PROFILE:
		g->profile = 1;
		break;
	case FLAG_SET:
		rc = config_give_set(&g->settings, args->text, e);
		break;
	case FLAG_ENV_PATH:
		g->paths[g->path_count++] = args->text;
		break;
	case FLAG_QUIET:
	case FLAG_VERBOSE:
		break;
	default:
		g->wants_help = 1;
	}
	return rc;
}

int cmd_bench(const char *program, int argc, char **argv)
{
	(void)program;
	arg_reader args = {argc, argv, flags, sizeof flags / sizeof flags[0], .at = 0};
	given g = {.words = calloc((size_t)argc + 1, sizeof *g.words),
		   .paths = calloc((size_t)argc + 1, sizeof *g.paths),
		   .fire_rate = 0.5,
		   .firings = 16,
		   .repeats = 5,
		   .seeds = 10};
	int said = 0; /* what to measure */
	bern_error e;
	int32_t rc = g.words && g.paths ? 0 : bern_fail(&e, BERN_EMEMORY, "out of memory");
	while (rc == 0 && !g.wants_help && (rc = arg_next(&args, &e)) == 0 &&
	       args.kind != ARG_END) {
		if (args.kind == ARG_FLAG)
			rc = take_flag(&g, &args, &e);
		else if (said)
			g.words[g.word_count++] = args.text;
		else if (!strcmp(args.text, "env") || !strcmp(args.text, "recipes") ||
			 !strcmp(args.text, "net") || !strcmp(args.text, "train") ||
			 !strcmp(args.text, "all"))
			said = args.text[0];
		else
			rc = bern_fail(&e, BERN_EUSAGE,
				       "'%.100s' cannot be measured, only env, net, train, all and "
				       "recipes; usage: %s",
				       args.text, bench_help.usage);
	}
	if (rc == 0 && g.wants_help)
		help_print(stdout, &bench_help);
	else if (rc == 0 && !said)
		rc = bern_fail(&e, BERN_EUSAGE, "measure what? usage: %s", bench_help.usage);
	else if (rc == 0 && said != 'r')
		rc = run(&g, said, &e);
	else if (rc == 0 && (g.settings.count || g.path_count))
		rc = bern_fail(&e, BERN_EUSAGE,
			       "recipes are measured as they are, without --set and --env-path");
	else if (rc == 0)
		rc = bench_recipes(g.words, g.word_count, g.seeds, g.json, &e);
	config_list_finish(&g.settings);
	free(g.words);
	free(g.paths);
	return rc ? report_error("bench", &e) : EXIT_OK;
}
