#include "command.h"

#include "opened_env.h"
#include "options.h"
#include "trace.h"

#include <stdlib.h>

enum {
	FLAG_SEED,
	FLAG_ACTIONS,
	FLAG_EPISODES,
	FLAG_STEPS,
	FLAG_STATE,
	FLAG_SET,
	FLAG_ENV_PATH,
	CLI_ISOLATE_PLACES,
	FLAG_QUIET,
	FLAG_VERBOSE,
	FLAG_HELP
};
static const cli_flag flags[] = {
	{"seed", 0, "N", "episode i starts from seed N + i [0; 0 .. 18446744073709551615]"},
	{"actions", 0, "FILE", "one action a line; -: from stdin; random: drawn [random]"},
	{"episodes", 0, "N",
	 "stop after so many episodes [all of the file; 1 of random actions; 1 .. 1000000000]"},
	{"steps", 0, "N", "stop after so many steps in all [no limit; 1 .. 1000000000000]"},
	{"state", 0, NULL, "also the declared fields of the state"},
	{"set", 0, "env.KEY=VALUE", "open it with that parameter; may be given again"},
	{"env-path", 0, "PATH", "a plugin or a folder of plugins to load; may be given again"},
	CLI_ISOLATE_FLAGS,
	CLI_COMMON_FLAGS,
};

const command_help trace_help = {
	.usage = "bern trace ENV [--seed N] [--actions FILE|-|random] [--episodes N] [--steps N] "
		 "[--state] [--set env.KEY=VALUE]... [--env-path PATH]...",
	.summary = "Plays an environment and prints every step as a table with tabs: t, action,\n"
		   "reward, terminated, truncated, observation. Numbers have all their digits.",
	.examples = "  bern trace CartPole-v1 --seed 42\n"
		    "  bern trace CartPole-v1 --seed 42 --episodes 3 >first.tsv\n"
		    "  bern trace CartPole-v1 --seed 42 --actions first.tsv | cmp - first.tsv\n"
		    "  printf '0\\n1\\nreset\\n1\\n' | bern trace CartPole-v1 --actions -\n"
		    "  bern trace ./my_env.so --actions random --steps 1000 | cut -f 3\n",
	.notes =
		"Row t = 0 is a reset: no action, no reward. In a file of actions a line `reset`\n"
		"(or -) starts the next episode; the first one starts by itself. An action is a\n"
		"number, or a name as in `bern info`; one of several numbers has commas or blanks\n"
		"between them. Empty lines and lines that begin with # are left out. What trace\n"
		"printed is such a file as it stands, and so is its column of actions alone\n"
		"(cut -f 2): with the same seed it gives the same table.\n\n"
		"reset with seed N draws as Gymnasium's reset(seed=N) does. An episode of random\n"
		"actions without any limit is cut after 1000 steps.\n",
	.flags = flags,
	.flag_count = sizeof flags / sizeof flags[0],
};

/* What the command line says. */
typedef struct given {
	const char *word;
	const char **paths; /* owned */
	size_t path_count;
	config_list settings;
	trace_request request;
	isolation isolation;
	int wants_help;
} given;

static int32_t take_flag(given *g, const arg_reader *args, bern_error *e)
{
	static const bern_param episodes = {"--episodes", "", BERN_INT, 0, "1", 1, 1e9, NULL};
	static const bern_param steps = {"--steps", "", BERN_INT, 0, "1", 1, 1e12, NULL};
	bern_value value = {0};
	int32_t rc = 0;
	switch (args->index) {
	case FLAG_SEED:
		rc = parse_seed("--seed", args->text, &g->request.seed, e);
		break;
	case FLAG_ACTIONS:
		g->request.actions = args->text;
		break;
	case FLAG_EPISODES:
		rc = bern_param_parse(&episodes, args->text, &value, e);
		g->request.episodes = (uint64_t)value.i;
		break;
	case FLAG_STEPS:
		rc = bern_param_parse(&steps, args->text, &value, e);
		g->request.steps = (uint64_t)value.i;
		break;
	case FLAG_STATE:
		g->request.state = 1;
		break;
	case FLAG_SET:
		rc = config_give_set(&g->settings, args->text, e);
		break;
	case FLAG_ENV_PATH:
		g->paths[g->path_count++] = args->text;
		break;
	case FLAG_ISOLATE:
	case FLAG_ISOLATE_SECONDS:
	case FLAG_ISOLATE_MEMORY:
		rc = isolation_take(&g->isolation, args->index - FLAG_ISOLATE, args->text, e);
		break;
	case FLAG_QUIET:
		g->isolation.command = NULL;
		break;
	case FLAG_VERBOSE:
		break;
	default:
		g->wants_help = 1;
	}
	return rc;
}

static int32_t run(given *g, bern_error *e)
{
	opened_env opened;
	int32_t rc = opened_env_init(&opened, "trace", g->word, g->paths, g->path_count,
				     &g->settings, &g->isolation, e);
	if (rc)
		return rc;
	g->request.world = &opened.world;
	rc = trace_print(&g->request, e);
	opened_env_finish(&opened);
	return rc;
}

int cmd_trace(const char *program, int argc, char **argv)
{
	(void)program;
	arg_reader args = {argc, argv, flags, sizeof flags / sizeof flags[0], .at = 0};
	given g = {.paths = calloc((size_t)argc + 1, sizeof *g.paths),
		   .request = {.actions = "random"},
		   .isolation = ISOLATION_DEFAULTS};
	g.isolation.command = "trace";
	bern_error e;
	int32_t rc = g.paths ? 0 : bern_fail(&e, BERN_EMEMORY, "out of memory");
	while (rc == 0 && !g.wants_help && (rc = arg_next(&args, &e)) == 0 &&
	       args.kind != ARG_END) {
		if (args.kind == ARG_FLAG)
			rc = take_flag(&g, &args, &e);
		else if (g.word)
			rc = bern_fail(&e, BERN_EUSAGE,
				       "'%.100s' is one argument too many; usage: %s", args.text,
				       trace_help.usage);
		else
			g.word = args.text;
	}
	if (rc == 0 && g.wants_help)
		help_print(stdout, &trace_help);
	else if (rc == 0 && !g.word)
		rc = bern_fail(&e, BERN_EUSAGE,
			       "which environment? usage: %s; `bern envs` lists them",
			       trace_help.usage);
	else if (rc == 0)
		rc = run(&g, &e);
	config_list_finish(&g.settings);
	free(g.paths);
	return rc ? report_error("trace", &e) : EXIT_OK;
}
