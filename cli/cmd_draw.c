#include "command.h"

#include "draw.h"
#include "opened_env.h"
#include "options.h"

#include <stdlib.h>

enum {
	FLAG_OUT,
	FLAG_SCALE,
	FLAG_SEED,
	FLAG_ACTIONS,
	FLAG_EPISODES,
	FLAG_STEPS,
	FLAG_SET,
	FLAG_ENV_PATH,
	FLAG_QUIET,
	FLAG_VERBOSE,
	FLAG_HELP
};
static const cli_flag flags[] = {
	{"out", 'o', "FILE", "the picture, .png or .svg [ENV.png in this folder]"},
	{"scale", 0, "K", "size; 1: the longer side has 480 pixels [1; 0.1 .. 20]"},
	{"seed", 0, "N", "episode i starts from seed N + i [0; 0 .. 18446744073709551615]"},
	{"actions", 0, "FILE", "one action a line; -: from stdin; random: drawn [random]"},
	{"episodes", 0, "N", "draw where the Nth episode ends [1 .. 1000000000]"},
	{"steps", 0, "N",
	 "draw after so many steps in all [none; all of the file; 1 .. 1000000000000]"},
	{"set", 0, "env.KEY=VALUE", "open it with that parameter; may be given again"},
	{"env-path", 0, "PATH", "a plugin or a folder of plugins to load; may be given again"},
	CLI_COMMON_FLAGS,
};

const command_help draw_help = {
	.usage = "bern draw ENV [-o FILE.png|FILE.svg] [--scale K] [--seed N] [--steps N] "
		 "[--episodes N] [--actions FILE|-|random] [--set env.KEY=VALUE]... "
		 "[--env-path PATH]...",
	.summary = "Draws an environment into a file: the beginning of an episode, or where it is\n"
		   "after some steps.",
	.examples = "  bern draw CartPole-v1 --seed 3 -o cartpole.svg\n"
		    "  bern draw MinAtar/Breakout-v1 --steps 40 --scale 2 -o breakout.png\n"
		    "  bern draw FrozenLake-v1 --episodes 1 -o where_it_ended.png\n"
		    "  printf '2\\n2\\n1\\n' | bern draw FrozenLake-v1 --actions - -o lake.png\n",
	.notes = "Actions and episodes are those of `bern trace` with the same flags; the\n"
		 "table that it prints is such a file of actions. Only a Bern that was built with\n"
		 "cairo draws (Meson feature `pictures`).\n",
	.flags = flags,
	.flag_count = sizeof flags / sizeof flags[0],
};

/* What the command line says. */
typedef struct given {
	const char *word;
	const char **paths; /* owned */
	size_t path_count;
	config_list settings;
	draw_request request;
	int wants_help;
} given;

static int32_t take_flag(given *g, const arg_reader *args, bern_error *e)
{
	static const bern_param episodes = {"--episodes", "", BERN_INT, 0, "1", 1, 1e9, NULL};
	static const bern_param steps = {"--steps", "", BERN_INT, 0, "1", 1, 1e12, NULL};
	static const bern_param scale = {"--scale", "", BERN_REAL, 0, "1", 0.1, 20, NULL};
	bern_value value = {0};
	int32_t rc = 0;
	switch (args->index) {
	case FLAG_OUT:
		g->request.path = args->text;
		break;
	case FLAG_SCALE:
		rc = bern_param_parse(&scale, args->text, &value, e);
		g->request.scale = value.r;
		break;
	case FLAG_SEED:
		rc = parse_seed("--seed", args->text, &g->request.play.seed, e);
		break;
	case FLAG_ACTIONS:
		g->request.play.actions = args->text;
		break;
	case FLAG_EPISODES:
		rc = bern_param_parse(&episodes, args->text, &value, e);
		g->request.play.episodes = (uint64_t)value.i;
		break;
	case FLAG_STEPS:
		rc = bern_param_parse(&steps, args->text, &value, e);
		g->request.play.steps = (uint64_t)value.i;
		break;
	case FLAG_SET:
		rc = config_give_set(&g->settings, args->text, e);
		break;
	case FLAG_ENV_PATH:
		g->paths[g->path_count++] = args->text;
		break;
	case FLAG_QUIET:
		g->request.quiet = 1;
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
	int32_t rc = opened_env_init(&opened, "draw", g->word, g->paths, g->path_count,
				     &g->settings, NULL, e);
	if (rc)
		return rc;
	g->request.play.world = &opened.world;
	rc = draw_run(&g->request, e);
	opened_env_finish(&opened);
	return rc;
}

int cmd_draw(const char *program, int argc, char **argv)
{
	(void)program;
	arg_reader args = {argc, argv, flags, sizeof flags / sizeof flags[0], .at = 0};
	given g = {.paths = calloc((size_t)argc + 1, sizeof *g.paths),
		   .request = {.play = {.actions = "random"}, .scale = 1}};
	bern_error e;
	int32_t rc = g.paths ? 0 : bern_fail(&e, BERN_EMEMORY, "out of memory");
	while (rc == 0 && !g.wants_help && (rc = arg_next(&args, &e)) == 0 &&
	       args.kind != ARG_END) {
		if (args.kind == ARG_FLAG)
			rc = take_flag(&g, &args, &e);
		else if (g.word)
			rc = bern_fail(&e, BERN_EUSAGE,
				       "'%.100s' is one argument too many; usage: %s", args.text,
				       draw_help.usage);
		else
			g.word = args.text;
	}
	if (rc == 0 && g.wants_help)
		help_print(stdout, &draw_help);
	else if (rc == 0 && !g.word)
		rc = bern_fail(&e, BERN_EUSAGE,
			       "which environment? usage: %s; `bern envs` lists them",
			       draw_help.usage);
	else if (rc == 0)
		rc = run(&g, &e);
	config_list_finish(&g.settings);
	free(g.paths);
	return rc ? report_error("draw", &e) : EXIT_OK;
}
