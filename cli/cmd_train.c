#include "command.h"

#include "mpirun.h"
#include "options.h"
#include "seeds.h"

#include <stdlib.h>

enum {
	FLAG_CONFIG,
	FLAG_RECIPE,
	FLAG_SET,
	FLAG_SEEDS,
	FLAG_JOBS,
	FLAG_ENV_PATH,
	CLI_ISOLATE_PLACES,
	FLAG_PRINT_CONFIG,
	FLAG_FORCE,
	FLAG_JSON,
	FLAG_QUIET,
	FLAG_VERBOSE,
	FLAG_HELP
};
static const cli_flag flags[] = {
	{"config", 0, "FILE", "take options and parameters from this YAML file"},
	{"recipe", 0, "NAME|FILE",
	 "start from this recipe, not the environment's own; none: from "
	 "the defaults"},
	{"set", 0, "KEY=VALUE",
	 "env.KEY=VALUE, env.KEY=@FILE for the text of a file, or "
	 "train.KEY=VALUE; may be given again"},
	{"seeds", 0, "LIST",
	 "train once for each seed: 10 (1 to 10), 1..10 or 3,5,8; a group of runs"},
	{"jobs", 0, "N", "--seeds: so many at a time [as many as there are cores; 1 .. 1024]"},
	{"env-path", 0, "PATH", "a plugin or a folder of plugins to load; may be given again"},
	CLI_ISOLATE_FLAGS,
	{"print-config", 0, NULL, "print all options as they would be and stop; -v: whence each"},
	{"force", 0, NULL, "write over a run folder of the same name"},
	{"json", 0, NULL, "report the result as one JSON object"},
	CLI_COMMON_FLAGS,
};

const command_help train_help = {
	.usage = "bern train ENV [options]",
	.summary = "Trains an agent in an environment, by the environment's recipe unless told\n"
		   "otherwise.",
	.examples = "  bern train CartPole-v1\n"
		    "  bern train CartPole-v1 --seed 7 --hidden 64,32 --total-timesteps 1e5\n"
		    "  bern train CartPole-v1 --seeds 10\n"
		    "  mpirun -n 4 bern train CartPole-v1 --num-envs 1024\n"
		    "  bern train CartPole-v1 --recipe CartPole-v1-throughput\n"
		    "  bern train CartPole-v1 --set env.gravity=1.6\n"
		    "  bern train Gridworld-v0 --set env.map=@map.txt\n"
		    "  bern train CartPole-v1 --print-config >mine.yaml\n"
		    "  bern train --config mine.yaml\n",
	.notes =
		"Each option is also a key of `train:` in a file, train.KEY of --set, and a\n"
		"variable BERN_KEY: learning_rate, train.learning_rate, BERN_LEARNING_RATE.\n"
		"Flags go over the file, the file over variables, variables over the recipe, the\n"
		"recipe over the defaults; of two flags the later counts. Parameters of the\n"
		"environment are keys of `env:`; `bern info ENV` lists them. Recipes are searched\n"
		"in $BERN_RECIPES, then where Bern keeps its own.\n"
		"Under mpirun (Meson feature `mpi`) ranks share the lanes of one run, to the same\n"
		"bits, or with --seeds the runs.\n",
	.flags = flags,
	.flag_count = sizeof flags / sizeof flags[0],
	.with_options = 1,
};

/* What the arguments of train say. */
typedef struct train_line {
	config_sources sources; /* flags owned */
	const char **paths;     /* owned */
	size_t path_count;
	output_style style;
	isolation isolation;
	uint64_t *seeds; /* owned; NULL: one training with the option's seed */
	size_t seed_count, at_once;
	int print_config, force, help;
} train_line;

static int32_t take_flag(train_line *line, const arg_reader *args, bern_error *e)
{
	static const bern_param jobs = {"--jobs", "", BERN_INT, 0, "1", 1, 1024, NULL};
	bern_value value = {0};
	int32_t rc;
	switch (args->index) {
	case FLAG_CONFIG:
		line->sources.file = args->text;
		break;
	case FLAG_RECIPE:
		line->sources.recipe = args->text;
		break;
	case FLAG_SET:
		return config_give_set(&line->sources.flags, args->text, e);
	case FLAG_SEEDS:
		free(line->seeds);
		return seeds_parse("--seeds", args->text, &line->seeds, &line->seed_count, e);
	case FLAG_JOBS:
		rc = bern_param_parse(&jobs, args->text, &value, e);
		line->at_once = (size_t)value.i;
		return rc;
	case FLAG_ENV_PATH:
		line->paths[line->path_count++] = args->text;
		break;
	case FLAG_ISOLATE:
	case FLAG_ISOLATE_SECONDS:
	case FLAG_ISOLATE_MEMORY:
		return isolation_take(&line->isolation, args->index - FLAG_ISOLATE, args->text, e);
	case FLAG_PRINT_CONFIG:
		line->print_config = 1;
		break;
	case FLAG_FORCE:
		line->force = 1;
		break;
	case FLAG_JSON:
		line->style.json = 1;
		break;
	case FLAG_QUIET:
		line->style.quiet = 1;
		line->style.progress = 0;
		break;
	case FLAG_VERBOSE:
		line->style.verbose = 1;
		break;
	default:
		line->help = 1;
	}
	return 0;
}

static int32_t read_line(train_line *line, int argc, char **argv, bern_error *e)
{
	arg_reader args = {argc, argv, flags, sizeof flags / sizeof flags[0], 1, .at = 0};
	int32_t rc;
	int has_seed = 0;
	while ((rc = arg_next(&args, e)) == 0 && args.kind != ARG_END && !line->help) {
		has_seed |= args.kind == ARG_OPTION && args.index == train_option_find("seed");
		if (args.kind == ARG_OPTION)
			rc = config_give_option(&line->sources.flags, args.index, args.text,
						args.label, e);
		else if (args.kind == ARG_FLAG)
			rc = take_flag(line, &args, e);
		else if (line->sources.env)
			rc = bern_fail(e, BERN_EUSAGE,
				       "'%.100s' is one argument too many; usage: %s", args.text,
				       train_help.usage);
		else
			line->sources.env = args.text;
		if (rc)
			break;
	}
	if (rc || line->help)
		return rc;
	if (line->seeds && has_seed)
		return bern_fail(e, BERN_EUSAGE, "--seed and --seeds exclude each other");
	if (line->at_once && !line->seeds)
		return bern_fail(e, BERN_EUSAGE, "--jobs is for --seeds, and there is none");
	return 0;
}

/* What is worth knowing but no error. */
static void note(void *user, const char *sentence)
{
	const output_style *style = user;
	if (!style->quiet)
		fprintf(stderr, "bern: train: %s\n", sentence);
}

/* Prints the configuration, if an agent can be made of it. */
static int32_t print_config(const train_request *request, const config_origins *origins,
			    bern_error *e)
{
	bern_agent *agent;
	int32_t rc = bern_agent_create(&agent, &request->config.agent, &request->world,
				       request->config.run.seed, e);
	if (rc)
		return rc;
	bern_agent_destroy(agent);
	char *text = run_config_yaml_from(&request->config, &request->world,
					  request->style.verbose ? origins : NULL);
	if (!text)
		return bern_fail(e, BERN_EMEMORY, "out of memory");
	fputs(text, stdout);
	free(text);
	return 0;
}

/* Trains by a configuration that holds, once or with many seeds. */
static int train(train_request *request, const train_line *line)
{
	if (!line->seeds)
		return train_run(request);
	return train_seeds(request, &(seeds_request){.seeds = line->seeds,
						     .count = line->seed_count,
						     .at_once = line->at_once,
						     .env_paths = line->paths,
						     .env_path_count = line->path_count,
						     .isolation = &line->isolation});
}

/* Does what the line says; returns a code, or 0 and *status. */
static int32_t run_line(train_line *line, const bern_ranks *ranks, int *status, bern_error *e)
{
	train_request request = {.style = line->style, .force = line->force, .ranks = ranks};
	config_origins origins;
	int32_t rc = open_registry(&request.registry, line->paths, line->path_count, e);
	if (!rc) {
		rc = config_resolve(&line->sources, request.registry, &request.config,
				    &request.world, &origins, e);
		if (rc)
			bern_registry_destroy(request.registry);
	}
	const int has_world = !rc;
	rc = bern_ranks_agree(ranks, rc, e);
	if (!rc)
		rc = mpirun_compare(ranks, "list of seeds", line->seeds,
				    line->seed_count * sizeof *line->seeds, e);
	if (!rc && line->print_config)
		rc = print_config(&request, &origins, e);
	else if (!rc)
		*status = train(&request, line);
	if (has_world) {
		bern_world_finish(&request.world);
		run_config_finish(&request.config);
		config_origins_finish(&origins);
		bern_registry_destroy(request.registry);
	}
	return rc;
}

int cmd_train(const char *program, int argc, char **argv)
{
	train_line line = {.style = output_style_now(program), .isolation = ISOLATION_DEFAULTS};
	bern_error e;
	mpirun m = {0};
	size_t rank, processes;
	mpirun_place(&rank, &processes);
	line.paths = calloc((size_t)argc + 1, sizeof *line.paths);
	int32_t rc = line.paths ? read_line(&line, argc, argv, &e)
				: bern_fail(&e, BERN_EMEMORY, "out of memory");
	int status = EXIT_OK;
	const int prints = line.help || line.print_config; /* and no more: one of many does it */
	if (rc == 0 && !prints)
		rc = mpirun_join(&m, &e);
	mpirun_style(m.ranks, &line.style);
	line.isolation.command = line.style.quiet ? NULL : "train";
	line.sources.isolation = &line.isolation;
	line.sources.note = note;
	line.sources.user = &line.style;
	if (rc == 0 && line.help && rank == 0)
		help_print(stdout, &train_help);
	else if (rc == 0 && !line.help && (!prints || rank == 0))
		rc = run_line(&line, m.ranks, &status, &e);
	config_list_finish(&line.sources.flags);
	free(line.seeds);
	free(line.paths);
	return mpirun_leave(&m, rc ? mpirun_report_alike("train", &e) : status);
}
