#include "command.h"

#include "check_env.h"
#include "opened_env.h"
#include "options.h"

#include <stdlib.h>

enum {
	FLAG_SEED,
	FLAG_STEPS,
	FLAG_TIME_LIMIT,
	FLAG_JSON,
	FLAG_SET,
	FLAG_ENV_PATH,
	FLAG_QUIET,
	FLAG_VERBOSE,
	FLAG_HELP
};
static const cli_flag flags[] = {
	{"seed", 0, "N", "of the random actions and episodes [0; 0 .. 18446744073709551615]"},
	{"steps", 0, "N", "steps of the long run [10000; 1 .. 1000000000]"},
	{"time-limit", 0, "N", "seconds of computing before it counts as hung [60; 1 .. 86400]"},
	{"json", 0, NULL, "report as one JSON object on one line"},
	{"set", 0, "env.KEY=VALUE", "open it with that parameter; may be given again"},
	{"env-path", 0, "PATH", "a plugin or a folder of plugins to load; may be given again"},
	CLI_COMMON_FLAGS,
};

const command_help check_env_help = {
	.usage = "bern check-env FILE.so[:ID]|ID [--seed N] [--steps N] [--json] "
		 "[--set env.KEY=VALUE]... [--env-path PATH]...",
	.summary =
		"Plays an environment with random actions and checks from outside whether it\n"
		"keeps the promises of bern/env.h. Tells each broken one in words, with the seed,\n"
		"episode and step where it showed. Exits with 0 if all were kept, else with 1.",
	.examples = "  bern check-env ./my_env.so\n"
		    "  bern check-env ./my_env.so --seed 7 --steps 1000000\n"
		    "  bern check-env CartPole-v1 --set env.gravity=1.6\n"
		    "  bern check-env ./my_env.so --json | jq '.checks[] | "
		    "select(.result==\"failed\")'\n",
	.notes = "The environment runs in a process of its own: a crash, an exit or a hang is a\n"
		 "failed check like any other. What cannot be checked is listed with the reason.\n"
		 "The checks know nothing of the rules of a game: compare `bern trace` with what\n"
		 "you expect.\n",
	.flags = flags,
	.flag_count = sizeof flags / sizeof flags[0],
};

static int32_t take_flag(check_request *request, const char **paths, config_list *settings,
			 const arg_reader *args, int *wants_help, bern_error *e)
{
	static const bern_param steps = {"--steps", "", BERN_INT, 0, "10000", 1, 1e9, NULL};
	static const bern_param limit = {"--time-limit", "", BERN_INT, 0, "60", 1, 86400, NULL};
	bern_value value = {0};
	int32_t rc = 0;
	switch (args->index) {
	case FLAG_SEED:
		rc = parse_seed("--seed", args->text, &request->seed, e);
		break;
	case FLAG_STEPS:
		rc = bern_param_parse(&steps, args->text, &value, e);
		request->steps = (uint64_t)value.i;
		break;
	case FLAG_TIME_LIMIT:
		rc = bern_param_parse(&limit, args->text, &value, e);
		request->seconds = (unsigned)value.i;
		break;
	case FLAG_JSON:
		request->style.json = 1;
		break;
	case FLAG_SET:
		rc = config_give_set(settings, args->text, e);
		break;
	case FLAG_ENV_PATH:
		paths[request->env_path_count++] = args->text;
		break;
	case FLAG_QUIET:
		request->style.quiet = 1;
		break;
	case FLAG_VERBOSE:
		request->style.verbose = 1;
		break;
	default:
		*wants_help = 1;
	}
	return rc;
}

int cmd_check_env(const char *program, int argc, char **argv)
{
	arg_reader args = {argc, argv, flags, sizeof flags / sizeof flags[0], .at = 0};
	const char **paths = calloc((size_t)argc + 1, sizeof *paths);
	config_list settings = {0};
	check_request request = {.steps = 10000,
				 .seconds = CHECK_SECONDS,
				 .env_paths = paths,
				 .settings = &settings,
				 .style = output_style_now(program)};
	int wants_help = 0, status = EXIT_OK;
	bern_error e;
	int32_t rc = paths ? 0 : bern_fail(&e, BERN_EMEMORY, "out of memory");
	while (rc == 0 && !wants_help && (rc = arg_next(&args, &e)) == 0 && args.kind != ARG_END) {
		if (args.kind == ARG_FLAG)
			rc = take_flag(&request, paths, &settings, &args, &wants_help, &e);
		else if (request.word)
			rc = bern_fail(&e, BERN_EUSAGE,
				       "'%.100s' is one argument too many; usage: %s", args.text,
				       check_env_help.usage);
		else
			request.word = args.text;
	}
	if (rc == 0 && wants_help)
		help_print(stdout, &check_env_help);
	else if (rc == 0 && !request.word)
		rc = bern_fail(&e, BERN_EUSAGE, "which environment? usage: %s",
			       check_env_help.usage);
	else if (rc == 0)
		rc = check_env(&request, &status, &e);
	config_list_finish(&settings);
	free(paths);
	return rc ? report_error("check-env", &e) : status;
}
