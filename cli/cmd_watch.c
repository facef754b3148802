/* bern watch and bern play: one table of flags, two ways to begin. */
#include "command.h"

#include "options.h"
#include "watch.h"
#include "watch_record.h"

#include <stdlib.h>

enum {
	FLAG_CHECKPOINT,
	FLAG_FOLLOW,
	FLAG_AGENT,
	FLAG_SEED,
	FLAG_SPEED,
	FLAG_MODE,
	FLAG_SIZE,
	FLAG_SCALE,
	FLAG_FULL_SCREEN,
	FLAG_RECORD,
	FLAG_EPISODES,
	FLAG_FPS,
	FLAG_PANELS,
	FLAG_SET,
	FLAG_ENV_PATH,
	FLAG_QUIET,
	FLAG_VERBOSE,
	FLAG_HELP
};
static const cli_flag flags[] = {
	{"checkpoint", 0, "NAME", "best, latest, or a step [best, else latest]"},
	{"follow", 0, NULL, "read each new checkpoint of a run in progress, between episodes"},
	{"agent", 0, "NAME", "without a run: random actions, or an untrained network [random]"},
	{"seed", 0, "N", "episode i starts from seed N + i [0; 0 .. 18446744073709551615]"},
	{"speed", 0, "X", "times real time; 0: unlimited [1; 0, 0.1 .. 64]"},
	{"mode", 0, "NAME",
	 "policy: sampled as trained, mean-field: p in place of firings, thresholded: fire where "
	 "p > 1/2 [sampled]"},
	{"size", 0, "WxH", "of the window in points [1280x720; 320x240 .. 16000x16000]"},
	{"scale", 0, "K", "pixels a point [as the display likes it; 0.5 .. 8]"},
	{"full-screen", 0, NULL, "begin in full screen"},
	{"record", 0, "FILE",
	 "no window: record episodes to a .gif, .mp4, or a file for each frame: f/%05d.png"},
	{"episodes", 0, "N", "with --record: episodes to play [1; 1 .. 1000000000]"},
	{"fps", 0, "F",
	 "with --record: frames a second [those of the steps, at most 25; 0.1 .. 240, GIF 50]"},
	{"panels", 0, "LIST",
	 "with --record: all, env: the environment alone, or environment, raster, ... [all]"},
	{"set", 0, "KEY=VALUE", "of an environment: env.KEY or train.KEY; may be given again"},
	{"env-path", 0, "PATH", "a plugin or a folder of plugins to load; may be given again"},
	CLI_COMMON_FLAGS,
};

#define NOTES                                                                                      \
	"Keys: Space pause, . and , a step on and back, + - 0 speed, r n same and next seed,\n"    \
	"d policy, h take over by keyboard, [ ] checkpoints, l follow, Tab and 1 to 7 panels,\n"   \
	"k firing, w layer, s screenshot, v recording, f full screen, ? help, q quit. Click a\n"   \
	"unit to pin it.\n\n"                                                                      \
	"BERN_FONT names a font file if none is found. The viewer only reads the run's folder;\n"  \
	"training never waits for it.\n"

const struct command_help watch_help = {
	.usage = "bern watch RUN|ENV [--checkpoint NAME] [--follow] [--agent random|untrained] "
		 "[--seed N] [--speed X] [--mode NAME]",
	.summary = "Shows an agent in a window, and its neurons firing. RUN is a run folder or a\n"
		   "checkpoint file in one; ENV an id or a library ./my_env.so[:Name-v0].",
	.examples =
		"  bern watch runs/mine\n"
		"  bern watch runs/mine --follow --speed 4\n"
		"  bern watch runs/mine --checkpoint 100000 --mode mean-field\n"
		"  bern watch MinAtar/Breakout-v1 --agent untrained\n"
		"  bern watch runs/mine --record mine.gif --episodes 1 --fps 20 --size 960x540\n",
	.notes = NOTES,
	.flags = flags,
	.flag_count = sizeof flags / sizeof flags[0],
};

const struct command_help play_help = {
	.usage = "bern play ENV [RUN] [--seed N] [--speed X] [--set env.KEY=VALUE]...",
	.summary =
		"Gives the keyboard to you. The choice of the agent (of RUN, else a random or an\n"
		"untrained one) is shown beside yours.",
	.examples = "  bern play CartPole-v1\n"
		    "  bern play FrozenLake-v1 runs/frozen\n"
		    "  bern play MinAtar/Breakout-v1 --speed 0.5\n",
	.notes =
		"Arrow keys, or those that `bern info ENV` names, or numbers from 1. Where a step\n"
		"takes no real time or at least 0.15 s, each key is a step.\n\n" NOTES,
	.flags = flags,
	.flag_count = sizeof flags / sizeof flags[0],
};

static int32_t take_size(const char *text, double *width, double *height, bern_error *e)
{
	char end;
	if (sscanf(text, "%5lfx%5lf%c", width, height, &end) == 2 && *width >= 320 &&
	    *width <= 16000 && *height >= 240 && *height <= 16000)
		return 0;
	return bern_fail(e, BERN_EUSAGE,
			 "--size: '%.100s' is no size from 320x240 to 16000x16000, as 1280x720",
			 text);
}

static int32_t take_flag(watch_options *o, const char **paths, const arg_reader *args,
			 int *wants_help, bern_error *e)
{
	/* in the order of enum bern_inspect_mode */
	static const char *const modes[] = {"sampled", "mean-field", "thresholded", NULL};
	static const char *const agents[] = {"random", "untrained", NULL};
	static const bern_param mode = {"--mode", "", BERN_CHOICE, 0, "sampled", 0, 0, modes};
	static const bern_param agent = {"--agent", "", BERN_CHOICE, 0, "random", 0, 0, agents};
	static const bern_param speed = {"--speed", "", BERN_REAL, 0, "1", 0, 64, NULL};
	static const bern_param scale = {"--scale", "", BERN_REAL, 0, "1", 0.5, 8, NULL};
	static const bern_param episodes = {"--episodes", "", BERN_INT, 0, "1", 1, 1e9, NULL};
	static const bern_param fps = {"--fps", "", BERN_REAL, 0, "25", 0.1, 240, NULL};
	bern_value value = {0};
	int32_t rc = 0;
	switch (args->index) {
	case FLAG_CHECKPOINT:
		o->what.checkpoint = args->text;
		break;
	case FLAG_FOLLOW:
		o->what.follow = 1;
		break;
	case FLAG_AGENT:
		rc = bern_param_parse(&agent, args->text, &value, e);
		o->what.agent = rc ? NULL : agents[value.i];
		break;
	case FLAG_SEED:
		rc = parse_seed("--seed", args->text, &o->seed, e);
		break;
	case FLAG_SPEED:
		rc = bern_param_parse(&speed, args->text, &value, e);
		if (!rc && value.r != 0 && value.r < 0.1)
			rc = bern_fail(e, BERN_EUSAGE,
				       "--speed: %.100s is neither 0 nor in [0.1, 64]", args->text);
		o->speed = value.r;
		break;
	case FLAG_MODE:
		rc = bern_param_parse(&mode, args->text, &value, e);
		o->mode = (int32_t)value.i;
		break;
	case FLAG_SIZE:
		rc = take_size(args->text, &o->width, &o->height, e);
		break;
	case FLAG_SCALE:
		rc = bern_param_parse(&scale, args->text, &value, e);
		o->scale = value.r;
		break;
	case FLAG_FULL_SCREEN:
		o->full_screen = 1;
		break;
	case FLAG_RECORD:
		o->record.path = args->text;
		break;
	case FLAG_EPISODES:
		rc = bern_param_parse(&episodes, args->text, &value, e);
		o->record.episodes = (uint64_t)value.i;
		break;
	case FLAG_FPS:
		rc = bern_param_parse(&fps, args->text, &value, e);
		o->record.fps = value.r;
		break;
	case FLAG_PANELS:
		rc = watch_record_panels(args->text, &o->record_panels, e);
		break;
	case FLAG_SET:
		rc = config_give_set(&o->what.settings, args->text, e);
		break;
	case FLAG_ENV_PATH:
		paths[o->what.env_path_count++] = args->text;
		break;
	case FLAG_QUIET:
		o->style.quiet = 1;
		break;
	case FLAG_VERBOSE:
		break;
	default:
		*wants_help = 1;
	}
	return rc;
}

static int run(const char *program, int argc, char **argv, const command_help *help, int is_play)
{
	arg_reader args = {argc, argv, flags, sizeof flags / sizeof flags[0], .at = 0};
	const char **paths = calloc((size_t)argc + 1, sizeof *paths);
	watch_options o = {.command = is_play ? "play" : "watch",
			   .what = {.env_paths = paths, .is_play = is_play},
			   .speed = 1,
			   .width = 1280,
			   .height = 720,
			   .by_person = is_play,
			   .record = {.episodes = 1},
			   .record_panels = BERN_PANELS_ALL,
			   .style = output_style_now(program)};
	int wants_help = 0;
	bern_error e;
	int32_t rc = paths ? 0 : bern_fail(&e, BERN_EMEMORY, "out of memory");
	while (rc == 0 && !wants_help && (rc = arg_next(&args, &e)) == 0 && args.kind != ARG_END) {
		if (args.kind == ARG_FLAG)
			rc = take_flag(&o, paths, &args, &wants_help, &e);
		else if (!o.what.word)
			o.what.word = args.text;
		else if (is_play && !o.what.run)
			o.what.run = args.text;
		else
			rc = bern_fail(&e, BERN_EUSAGE,
				       "'%.100s' is one argument too many; usage: %s", args.text,
				       help->usage);
	}
	int status = EXIT_OK;
	if (rc == 0 && wants_help) {
		help_print(stdout, help);
	} else if (rc == 0 && !o.what.word) {
		rc = bern_fail(&e, BERN_EUSAGE, "%s? usage: %s",
			       is_play ? "which environment" : "which run or environment",
			       help->usage);
	} else if (rc == 0) {
		if (!o.what.agent)
			o.what.agent = "random";
		status = o.record.path ? watch_record(&o) : watch_run(&o);
	}
	config_list_finish(&o.what.settings);
	free(paths);
	return rc ? report_error(o.command, &e) : status;
}

int cmd_watch(const char *program, int argc, char **argv)
{
	return run(program, argc, argv, &watch_help, 0);
}

int cmd_play(const char *program, int argc, char **argv)
{
	return run(program, argc, argv, &play_help, 1);
}
