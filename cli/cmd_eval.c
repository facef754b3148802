#include "command.h"

#include "options.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	FLAG_EPISODES,
	FLAG_POLICY,
	FLAG_SEED,
	FLAG_MIN_RETURN,
	FLAG_SPIKES,
	FLAG_LAYERS,
	FLAG_INPUTS,
	FLAG_ENV_PATH,
	CLI_ISOLATE_PLACES,
	FLAG_JSON,
	FLAG_QUIET,
	FLAG_VERBOSE,
	FLAG_HELP
};
static const cli_flag flags[] = {
	{"episodes", 0, "N", "episodes to play [100; 1 .. 1000000000]"},
	{"policy", 0, "NAME",
	 "sampled: as trained; mean-field: p in place of firings; thresholded: fire "
	 "where p > 1/2; both of these take the likeliest action [sampled]"},
	{"seed", 0, "N", "episode i starts from seed N + i [0; 0 .. 18446744073709551615]"},
	{"min-return", 0, "X", "exit with status 3 if the mean return is below X"},
	{"spikes", 0, "FILE",
	 "write every firing with its time, episode, action and reward to FILE.npz"},
	{"layers", 0, "LIST",
	 "of --spikes: which layers, 1 being the first [every one that fires]"},
	{"inputs", 0, NULL, "of --spikes: also what the first layer heard at every step"},
	{"env-path", 0, "PATH", "a plugin or a folder of plugins to load; may be given again"},
	CLI_ISOLATE_FLAGS,
	{"json", 0, NULL, "report as one JSON object"},
	CLI_COMMON_FLAGS,
};

const command_help eval_help = {
	.usage =
		"bern eval RUN [--episodes N] [--policy sampled|mean-field|thresholded] [--seed N] "
		"[--min-return X] [--spikes FILE.npz [--layers 1,2] [--inputs]] [--json]",
	.summary =
		"Plays a fixed set of episodes with a trained agent and reports the mean return\n"
		"with its interval. RUN is a run folder (its best checkpoint, else its latest) or\n"
		"a checkpoint file in it.",
	.examples = "  bern eval runs/CartPole-v1__reinforce__s1__20260101-120000\n"
		    "  bern eval runs/mine --episodes 1000 --policy mean-field --json\n"
		    "  bern eval runs/mine --min-return 475 && echo solved\n"
		    "  bern eval runs/mine --episodes 20 --spikes spikes.npz --layers 1\n",
	.notes = "numpy.load opens what --spikes writes: episode, t, action, reward, terminated\n"
		 "and truncated have a row for each step; layer1 (steps, units) and so on are 1\n"
		 "where a neuron fired.\n",
	.flags = flags,
	.flag_count = sizeof flags / sizeof flags[0],
};

/* Takes one flag with what it says. */
static int32_t take_flag(eval_request *request, const char **paths, const arg_reader *args,
			 int *wants_help, bern_error *e)
{
	/* in the order of enum bern_policy_mode */
	static const char *const modes[] = {"sampled", "mean-field", "thresholded", NULL};
	static const bern_param episodes = {"--episodes", "", BERN_INT, 0, "100", 1, 1e9, NULL};
	static const bern_param policy = {"--policy", "", BERN_CHOICE, 0, "sampled", 0, 0, modes};
	static const bern_param min_return = {"--min-return", "",       BERN_REAL, 0, "0",
					      -INFINITY,      INFINITY, NULL};
	bern_value value = {0};
	int32_t rc = 0;
	switch (args->index) {
	case FLAG_EPISODES:
		rc = bern_param_parse(&episodes, args->text, &value, e);
		request->episodes = (uint64_t)value.i;
		break;
	case FLAG_POLICY:
		rc = bern_param_parse(&policy, args->text, &value, e);
		request->mode = (int32_t)value.i;
		break;
	case FLAG_SEED:
		rc = parse_seed("--seed", args->text, &request->seed, e);
		break;
	case FLAG_MIN_RETURN:
		rc = bern_param_parse(&min_return, args->text, &value, e);
		request->has_min_return = 1;
		request->min_return = value.r;
		break;
	case FLAG_SPIKES:
		request->spikes = args->text;
		break;
	case FLAG_LAYERS:
		request->layers = args->text;
		break;
	case FLAG_INPUTS:
		request->inputs = 1;
		break;
	case FLAG_ENV_PATH:
		paths[request->env_path_count++] = args->text;
		break;
	case FLAG_ISOLATE:
	case FLAG_ISOLATE_SECONDS:
	case FLAG_ISOLATE_MEMORY:
		rc = isolation_take(&request->isolation, args->index - FLAG_ISOLATE, args->text, e);
		break;
	case FLAG_JSON:
		request->style.json = 1;
		break;
	case FLAG_QUIET:
		request->style.quiet = 1;
		request->style.progress = 0;
		break;
	case FLAG_VERBOSE:
		request->style.verbose = 1;
		break;
	default:
		*wants_help = 1;
	}
	return rc;
}

/* Whether the options fit together. */
static int32_t check(const eval_request *request, bern_error *e)
{
	const size_t n = request->spikes ? strlen(request->spikes) : 0;
	if (!request->run)
		return bern_fail(e, BERN_EUSAGE, "which run? usage: %s", eval_help.usage);
	if (!request->spikes && (request->layers || request->inputs))
		return bern_fail(e, BERN_EUSAGE, "%s says what --spikes FILE.npz writes; give both",
				 request->layers ? "--layers" : "--inputs");
	if (request->spikes && (n < 5 || strcmp(request->spikes + n - 4, ".npz") != 0))
		return bern_fail(e, BERN_EUSAGE, "--spikes: '%.100s' does not end in .npz",
				 request->spikes);
	return BERN_OK;
}

int cmd_eval(const char *program, int argc, char **argv)
{
	arg_reader args = {argc, argv, flags, sizeof flags / sizeof flags[0], .at = 0};
	eval_request request = {.episodes = 100,
				.mode = BERN_SAMPLED,
				.style = output_style_now(program),
				.isolation = ISOLATION_DEFAULTS};
	const char **paths = calloc((size_t)argc + 1, sizeof *paths);
	int wants_help = 0;
	bern_error e;
	int32_t rc = paths ? 0 : bern_fail(&e, BERN_EMEMORY, "out of memory");
	while (rc == 0 && !wants_help && (rc = arg_next(&args, &e)) == 0 && args.kind != ARG_END) {
		if (args.kind == ARG_FLAG)
			rc = take_flag(&request, paths, &args, &wants_help, &e);
		else if (request.run)
			rc = bern_fail(&e, BERN_EUSAGE,
				       "'%.100s' is one argument too many; usage: %s", args.text,
				       eval_help.usage);
		else
			request.run = args.text;
	}
	int status = EXIT_OK;
	request.env_paths = paths;
	request.isolation.command = request.style.quiet ? NULL : "eval";
	if (rc == 0 && wants_help)
		help_print(stdout, &eval_help);
	else if (rc == 0 && (rc = check(&request, &e)) == 0)
		status = eval_run(&request);
	free(paths);
	return rc ? report_error("eval", &e) : status;
}
