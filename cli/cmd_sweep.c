#include "command.h"

#include "options.h"
#include "sweep.h"

enum {
	FLAG_OUT,
	FLAG_JOBS,
	FLAG_CHECK,
	FLAG_FORCE,
	FLAG_JSON,
	FLAG_QUIET,
	FLAG_VERBOSE,
	FLAG_HELP
};
static const cli_flag flags[] = {
	{"out", 0, "DIR", "folder of the sweep [runs/sweep-NAME, of FILE's name]"},
	{"jobs", 0, "N", "trainings at a time [all cores; 1 .. 1024]"},
	{"check", 0, NULL, "check file, space and every configuration, and stop"},
	{"force", 0, NULL, "begin anew in a folder that holds another sweep"},
	{"json", 0, NULL, "the finalists as one JSON object a line"},
	CLI_COMMON_FLAGS,
};

const command_help sweep_help = {
	.usage = "bern sweep FILE [--out DIR] [--jobs N] [--check] [--force] [--json]",
	.summary =
		"Searches for good settings: trains many configurations of a YAML file over the\n"
		"cores, chooses the best, and reports them with seeds that chose nothing. Killed "
		"or\n"
		"stopped, the same command goes on where it was.",
	.examples = "  bern sweep runs/sweeps/rates.yaml\n"
		    "  bern sweep mine.yaml --check\n"
		    "  bern sweep mine.yaml --jobs 4 --out results && bern train --config "
		    "results/best.yaml\n"
		    "  mpirun -n 4 bern sweep mine.yaml --jobs 1\n",
	.notes = "The file:\n"
		 "  env: CartPole-v1          and, or in its place, recipe: NAME or FILE\n"
		 "  method: random            grid [default], random, or halving\n"
		 "  measure: steps            to the first good look; or return [default]\n"
		 "  configurations: 20        that random and halving draw\n"
		 "  budget: 20000             steps of a training [50000]\n"
		 "  seeds: 3                  that choose, from 1001 up\n"
		 "  finalists: 3              trained anew and reported\n"
		 "  final_seeds: 10           that report, from 1 up\n"
		 "  sweep_seed: 1             of the draws\n"
		 "  eta: 3                    halving: one in 3 goes on, with 3 times the steps\n"
		 "  least_budget: 2000        halving: of the first round [budget / eta / eta]\n"
		 "  base: {hidden: 64}        options and env.KEY of all configurations\n"
		 "  space:                    what is varied\n"
		 "    optimizer: [adam, sgd]\n"
		 "    learning_rate: {log_uniform: [0.003, 0.3]}\n"
		 "    firings: {integer: [1, 32]}      also uniform, log_integer, choice\n\n"
		 "Each round of halving trains from the start with more steps. A training that is "
		 "not\n"
		 "solved counts twice its steps (PAR2). Trainings leave no run folders; best.yaml "
		 "is a\n"
		 "complete configuration, ranking.csv tells of all. Under mpirun ranks share the "
		 "work\n"
		 "over a folder that all see.\n",
	.flags = flags,
	.flag_count = sizeof flags / sizeof flags[0],
};

static int32_t take_flag(sweep_request *request, const arg_reader *args, int *wants_help,
			 bern_error *e)
{
	static const bern_param jobs = {"--jobs", "", BERN_INT, 0, "1", 1, 1024, NULL};
	bern_value value = {0};
	int32_t rc = 0;
	switch (args->index) {
	case FLAG_OUT:
		request->out = args->text;
		if (!*args->text)
			rc = bern_fail(e, BERN_EUSAGE, "--out: the name of a folder is wanted");
		break;
	case FLAG_JOBS:
		rc = bern_param_parse(&jobs, args->text, &value, e);
		request->at_once = (size_t)value.i;
		break;
	case FLAG_CHECK:
		request->check_only = 1;
		break;
	case FLAG_FORCE:
		request->force = 1;
		break;
	case FLAG_JSON:
		request->style.json = 1;
		break;
	case FLAG_QUIET:
		request->style.quiet = 1;
		request->style.progress = 0;
		break;
	case FLAG_VERBOSE:
		break;
	default:
		*wants_help = 1;
	}
	return rc;
}

int cmd_sweep(const char *program, int argc, char **argv)
{
	arg_reader args = {argc, argv, flags, sizeof flags / sizeof flags[0], .at = 0};
	sweep_request request = {.style = output_style_now(program)};
	int wants_help = 0;
	bern_error e;
	int32_t rc = 0;
	while (rc == 0 && !wants_help && (rc = arg_next(&args, &e)) == 0 && args.kind != ARG_END) {
		if (args.kind == ARG_FLAG)
			rc = take_flag(&request, &args, &wants_help, &e);
		else if (request.file)
			rc = bern_fail(&e, BERN_EUSAGE,
				       "'%.100s' is one argument too many; usage: %s", args.text,
				       sweep_help.usage);
		else
			request.file = args.text;
	}
	if (rc == 0 && wants_help)
		help_print(stdout, &sweep_help);
	else if (rc == 0 && !request.file)
		rc = bern_fail(&e, BERN_EUSAGE, "which file? usage: %s", sweep_help.usage);
	else if (rc == 0)
		return sweep_run(&request);
	return rc ? report_error("sweep", &e) : EXIT_OK;
}
