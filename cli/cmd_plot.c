/* bern plot: learning curves of runs, as a picture or on the terminal. */
#include "command.h"

#include "curves.h"
#include "draw.h"
#include "options.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
	FLAG_OUT,
	FLAG_TERMINAL,
	FLAG_X,
	FLAG_Y,
	FLAG_SMOOTH,
	FLAG_STATISTIC,
	FLAG_HOLD,
	FLAG_SIZE,
	FLAG_TITLE,
	FLAG_QUIET,
	FLAG_VERBOSE,
	FLAG_HELP
};
static const cli_flag flags[] = {
	{"out", 'o', "FILE", "the picture, .png or .svg"},
	{"terminal", 0, NULL, "draw on the terminal [where no -o is given]"},
	{"x", 'x', "NAME", "step, or seconds of training [step]"},
	{"y", 'y', "COLUMN",
	 "a column of progress.csv, or eval.COLUMN: one of eval.csv, such as eval.mean "
	 "[return_mean]"},
	{"smooth", 0, "X",
	 "each point is the mean over so many steps (or seconds) before it [a 200th of the longest "
	 "run; 0 .. 1e15]"},
	{"statistic", 0, "NAME", "over the runs of a side: iqm, mean, median [iqm]"},
	{"hold", 0, NULL, "a run that has ended keeps its last value"},
	{"size", 0, "WxH", "of the picture in pixels [800x500; 200x150 .. 8000x8000]"},
	{"title", 0, "TEXT", "above the picture [the environment]"},
	CLI_COMMON_FLAGS,
};

const command_help plot_help = {
	.usage = "bern plot RUN|GROUP... [-o FILE.png|FILE.svg] [--terminal] [-y COLUMN] [-x "
		 "step|seconds] [--smooth X] [--hold]",
	.summary = "Draws learning curves with a band over the runs of each side.",
	.examples = "  bern plot runs/one runs/many\n"
		    "  bern plot runs/one runs/many -o curves.png --hold\n"
		    "  bern plot runs/many -y eval.mean -o looks.svg\n"
		    "  bern plot runs/many -y fire_rate -x seconds --terminal\n",
	.notes = "Each group is a side; loose runs that differ in nothing but their seed are one. "
		 "A\n"
		 "side's line and band end with the first of its runs, and the others go on as "
		 "thin\n"
		 "lines; --hold carries what has ended on. Pictures need a Bern that was built "
		 "with\n"
		 "cairo (Meson feature `pictures`); the terminal does not.\n",
	.flags = flags,
	.flag_count = sizeof flags / sizeof flags[0],
};

/* What the command line says. */
typedef struct given {
	const char **runs; /* (run_count) owned */
	size_t run_count;
	const char *out, *title;
	int terminal, wants_help;
	double width, height;
	curves_plan plan;
	output_style style;
} given;

static int32_t take_size(given *g, const char *text, bern_error *e)
{
	char end;
	unsigned width, height;
	if (strlen(text) > 11 || sscanf(text, "%5ux%5u%c", &width, &height, &end) != 2 ||
	    width < 200 || width > 8000 || height < 150 || height > 8000)
		return bern_fail(e, BERN_EUSAGE,
				 "--size: '%.40s' is no WIDTHxHEIGHT from 200x150 to 8000x8000",
				 text);
	g->width = width;
	g->height = height;
	return 0;
}

static int32_t take_flag(given *g, const arg_reader *args, bern_error *e)
{
	static const char *const axes[] = {"step", "seconds", NULL};
	static const char *const names[] = {"iqm", "mean", "median", NULL};
	static const bern_param x = {"-x", "", BERN_CHOICE, 0, "step", 0, 0, axes};
	static const bern_param statistic = {"--statistic", "", BERN_CHOICE, 0, "iqm", 0, 0, names};
	static const bern_param smooth = {"--smooth", "", BERN_REAL, 0, "0", 0, 1e15, NULL};
	bern_value value = {0};
	int32_t rc = 0;
	switch (args->index) {
	case FLAG_OUT:
		g->out = args->text;
		break;
	case FLAG_TERMINAL:
		g->terminal = 1;
		break;
	case FLAG_X:
		rc = bern_param_parse(&x, args->text, &value, e);
		g->plan.x = axes[value.i];
		break;
	case FLAG_Y:
		g->plan.y = args->text;
		break;
	case FLAG_SMOOTH:
		rc = bern_param_parse(&smooth, args->text, &value, e);
		g->plan.smooth = value.r;
		break;
	case FLAG_STATISTIC:
		rc = bern_param_parse(&statistic, args->text, &value, e);
		g->plan.statistic = (int32_t)value.i;
		break;
	case FLAG_HOLD:
		g->plan.hold = 1;
		break;
	case FLAG_SIZE:
		rc = take_size(g, args->text, e);
		break;
	case FLAG_TITLE:
		g->title = args->text;
		break;
	case FLAG_QUIET:
		g->style.quiet = 1;
		break;
	case FLAG_VERBOSE:
		break;
	default:
		g->wants_help = 1;
	}
	return rc;
}

static void note(void *user, const char *sentence)
{
	const given *g = user;
	if (!g->style.quiet)
		fprintf(stderr, "bern: plot: %s\n", sentence);
}

static int32_t print_chart(chart *c, bern_error *e)
{
	struct winsize window;
	int terminal = isatty(STDOUT_FILENO);
	const char *no_color = getenv("NO_COLOR"), *force = getenv("FORCE_COLOR");
	int color = terminal;
	if (force && *force)
		color = strcmp(force, "0") != 0;
	if (no_color && *no_color)
		color = 0;
	/* room for the numbers on the left */
	c->width = 66;
	c->height = 18;
	if (terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col >= 40) {
		c->width = window.ws_col > 132 ? 120 : window.ws_col - 12;
		c->height = window.ws_row >= 40 ? 24 : 18;
	}
	return chart_print(c, stdout, color, e);
}

static int32_t plot(given *g, bern_error *e)
{
	run_list list = {0};
	sides all = {0};
	chart c = {.width = g->width, .height = g->height};
	const bern_pictures *pictures = NULL;
	int32_t kind = 0, rc = 0;
	if (g->out) {
		rc = picture_kind_of("-o", g->out, &kind, e);
		if (!rc)
			rc = picture_path_check("-o", g->out, e);
		if (!rc)
			rc = module_open_pictures(&pictures, e);
	}
	if (!rc)
		rc = run_list_read(&list, g->runs, g->run_count, e);
	for (size_t i = 0; !rc && i < list.note_count; i++)
		note(g, list.notes[i]);
	if (!rc)
		rc = sides_make(&all, &list, g->runs, e);
	if (!rc)
		rc = curves_make(&c, &all, &g->plan, note, g, e);
	if (!rc)
		snprintf(c.title, sizeof c.title, "%s",
			 g->title ? g->title : list.runs[0].config.env_id);
	if (!rc && g->out)
		rc = chart_write(&c, g->out, kind, pictures, e);
	if (!rc && g->out && !g->style.quiet)
		printf("%s: %s of %zu side%s, %.0f x %.0f\n", g->out, g->plan.y, c.count,
		       c.count == 1 ? "" : "s", g->width, g->height);
	if (!rc && (g->terminal || !g->out))
		rc = print_chart(&c, e);
	chart_finish(&c);
	sides_finish(&all);
	run_list_finish(&list);
	return rc;
}

int cmd_plot(const char *program, int argc, char **argv)
{
	arg_reader args = {argc, argv, flags, sizeof flags / sizeof flags[0], .at = 0};
	given g = {.runs = calloc((size_t)argc + 1, sizeof *g.runs),
		   .width = 800,
		   .height = 500,
		   .plan = {.x = "step", .y = "return_mean", .statistic = STATISTIC_IQM},
		   .style = output_style_now(program)};
	bern_error e;
	int32_t rc = g.runs ? 0 : bern_fail(&e, BERN_EMEMORY, "out of memory");
	while (rc == 0 && !g.wants_help && (rc = arg_next(&args, &e)) == 0 &&
	       args.kind != ARG_END) {
		if (args.kind == ARG_FLAG)
			rc = take_flag(&g, &args, &e);
		else
			g.runs[g.run_count++] = args.text;
	}
	if (rc == 0 && g.wants_help)
		help_print(stdout, &plot_help);
	else if (rc == 0 && g.run_count == 0)
		rc = bern_fail(&e, BERN_EUSAGE, "which runs? usage: %s", plot_help.usage);
	else if (rc == 0)
		rc = plot(&g, &e);
	free(g.runs);
	return rc ? report_error("plot", &e) : EXIT_OK;
}
