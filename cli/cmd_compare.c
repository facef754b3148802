/* bern compare: what runs of several configurations came to, beside each other. */
#include "command.h"

#include "chart.h"
#include "draw.h"
#include "options.h"
#include "report.h"
#include "sides.h"
#include "summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PROFILE_POINTS 7
#define DRAWN_POINTS   201

enum { FLAG_SCORE, FLAG_EXPECT_BETTER, FLAG_OUT, FLAG_JSON, FLAG_QUIET, FLAG_VERBOSE, FLAG_HELP };
static const cli_flag flags[] = {
	{"score", 0, "NAME",
	 "what a run is worth: return, of the evaluation at the end; learning, mean return of the "
	 "last training episodes; best-look, which flatters [return]"},
	{"expect-better", 0, NULL,
	 "exit with status 3 unless each later side is better than the first: the interval of the "
	 "probability of improvement lies above 1/2"},
	{"out", 'o', "FILE", "draw the performance profiles too, into a .png or .svg"},
	{"json", 0, NULL, "report as one JSON object"},
	CLI_COMMON_FLAGS,
};

const command_help compare_help = {
	.usage =
		"bern compare RUN|GROUP... [--score NAME] [--expect-better] [-o FILE.png|FILE.svg] "
		"[--json]",
	.summary =
		"Compares runs of several configurations: aggregate scores with intervals, steps "
		"to\n"
		"solve, the probability that each is better than the first, performance profiles.",
	.examples = "  bern train CartPole-v1 --seeds 10 --firings 1 --name one\n"
		    "  bern train CartPole-v1 --seeds 10 --name many\n"
		    "  bern compare runs/one runs/many\n"
		    "  bern compare runs/one runs/many --score learning --expect-better\n"
		    "  bern compare runs/one runs/many -o profiles.svg\n",
	.notes = "Each group is a side; loose runs that differ in nothing but their seed are one.\n"
		 "Figures are those of Agarwal et al. 2021: interquartile mean (IQM), 95% "
		 "intervals\n"
		 "by stratified bootstrap over runs, the share of runs above each score.\n",
	.flags = flags,
	.flag_count = sizeof flags / sizeof flags[0],
};

/* What is compared, and what came of it. */
typedef struct comparison {
	int32_t score; /* enum score_kind */
	int expect, no_better;
	const char *out; /* NULL: no picture */
	int32_t kind;    /* enum bern_picture_kind of it */
	const bern_pictures *pictures;
	output_style style;
	run_list list;
	sides sides;
	summary *summaries; /* (sides) owned */
	estimate *better;   /* (sides) owned: than the first; NaN: not known */
	double thresholds[PROFILE_POINTS];
	size_t threshold_count;
	estimate (*profiles)[PROFILE_POINTS]; /* (sides) owned; NaN: not known */
} comparison;

/* Thresholds from the lowest to the highest score of all sides, both included: none is above the highest. */
static void choose_thresholds(comparison *c)
{
	double low = INFINITY, high = -INFINITY;
	for (size_t i = 0; i < c->sides.count; i++)
		for (size_t k = 0; k < c->summaries[i].scored; k++) {
			low = fmin(low, c->summaries[i].scores[k]);
			high = fmax(high, c->summaries[i].scores[k]);
		}
	c->threshold_count = high > low ? PROFILE_POINTS : high == low;
	for (size_t t = 0; t < c->threshold_count; t++)
		c->thresholds[t] = low + (high - low) * (double)t / (PROFILE_POINTS - 1);
}

static int32_t compute(comparison *c, bern_error *e)
{
	const bootstrap plan = {BOOTSTRAP_SEED, BOOTSTRAP_RESAMPLES};
	size_t n = c->sides.count;
	c->summaries = calloc(n, sizeof *c->summaries);
	c->better = calloc(n, sizeof *c->better);
	c->profiles = calloc(n, sizeof *c->profiles);
	if (!c->summaries || !c->better || !c->profiles)
		return bern_fail(e, BERN_EMEMORY, "memory is out");
	int32_t rc = 0;
	for (size_t i = 0; !rc && i < n; i++)
		rc = summary_make(&c->summaries[i], c->sides.sides[i].runs, c->sides.sides[i].count,
				  c->score, e);
	if (rc)
		return rc;
	choose_thresholds(c);
	const summary *first = &c->summaries[0];
	for (size_t i = 0; !rc && i < n; i++) {
		const summary *s = &c->summaries[i];
		score_set set = {1, &s->scored, s->scores},
			  base = {1, &first->scored, first->scores};
		c->better[i] = (estimate){NAN, NAN, NAN};
		for (size_t t = 0; t < PROFILE_POINTS; t++)
			c->profiles[i][t] = (estimate){NAN, NAN, NAN};
		if (s->scored)
			rc = statistics_profile(&set, c->thresholds, c->threshold_count, &plan,
						c->profiles[i], e);
		if (!rc && i > 0 && s->scored && first->scored)
			rc = statistics_improvement(&set, &base, &plan, &c->better[i], e);
		if (i > 0 && !(c->better[i].low > 0.5))
			c->no_better = 1;
	}
	return rc;
}

static void print_plain(const comparison *c)
{
	char text[160];
	size_t width = 4;
	for (size_t i = 0; i < c->sides.count; i++) {
		size_t length = strlen(c->sides.sides[i].name);
		width = length > width ? length : width;
	}
	printf("%-*s %5s %-28s %-28s %-28s %9s\n", (int)width, "side", "runs", "IQM", "mean",
	       "median", "solved");
	for (size_t i = 0; i < c->sides.count; i++) {
		const summary *s = &c->summaries[i];
		static const int32_t shown[] = {STATISTIC_IQM, STATISTIC_MEAN, STATISTIC_MEDIAN};
		printf("%-*s %5zu", (int)width, c->sides.sides[i].name, s->scored);
		for (size_t k = 0; k < 3; k++)
			printf(" %-28s", s->has_figures ? estimate_text(&s->figures[shown[k]], text,
									sizeof text)
							: "-");
		if (s->asked)
			snprintf(text, sizeof text, "%zu of %zu", s->steps.reached, s->asked);
		printf(" %9s\n", s->asked ? text : "-");
	}
	printf("\nsteps to solve\n");
	for (size_t i = 0; i < c->sides.count; i++)
		printf("%-*s %s\n", (int)width, c->sides.sides[i].name,
		       solved_text(&c->summaries[i], text, sizeof text));
	printf("\nprobability that a run is better than one of %s (a tie counts half)\n",
	       c->sides.sides[0].name);
	for (size_t i = 1; i < c->sides.count; i++)
		printf("%-*s %s%s\n", (int)width, c->sides.sides[i].name,
		       estimate_text(&c->better[i], text, sizeof text),
		       isnan(c->better[i].value) ? " (a side has no scores)"
		       : isnan(c->better[i].low) ? " (no interval: a side has a single run)"
						 : "");
	printf("\nshare of runs above a score\n%-*s", (int)width, "");
	for (size_t t = 0; t < c->threshold_count; t++)
		printf(" %9.5g", c->thresholds[t]);
	putchar('\n');
	for (size_t i = 0; i < c->sides.count; i++) {
		printf("%-*s", (int)width, c->sides.sides[i].name);
		for (size_t t = 0; t < c->threshold_count; t++)
			if (isnan(c->profiles[i][t].value))
				printf(" %9s", "-");
			else
				printf(" %9.2f", c->profiles[i][t].value);
		putchar('\n');
	}
	printf("\nscore: %s; in brackets 95%% intervals by stratified bootstrap, %d resamples, "
	       "seed %d;\n"
	       "those of steps by order statistics, from six runs on\n",
	       score_words(c->score), BOOTSTRAP_RESAMPLES, BOOTSTRAP_SEED);
}

static void print_json(const comparison *c)
{
	json_t *root = json_object(), *all = json_array(), *thresholds = json_array();
	for (size_t t = 0; t < c->threshold_count; t++)
		json_array_append_new(thresholds, json_real(c->thresholds[t]));
	for (size_t i = 0; i < c->sides.count; i++) {
		json_t *side = json_summary(&c->summaries[i]), *profile = json_array();
		for (size_t t = 0; t < c->threshold_count; t++)
			json_array_append_new(profile, json_estimate(&c->profiles[i][t]));
		json_object_set_new(side, "side", json_string(c->sides.sides[i].name));
		json_object_set_new(side, "better_than_first", json_estimate(&c->better[i]));
		json_object_set_new(side, "profile", profile);
		json_array_append_new(all, side);
	}
	json_object_set_new(root, "score", json_string(score_names[c->score]));
	json_object_set_new(root, "thresholds", thresholds);
	json_object_set_new(
		root, "bootstrap",
		json_pack("{s:i, s:i}", "seed", BOOTSTRAP_SEED, "resamples", BOOTSTRAP_RESAMPLES));
	json_object_set_new(root, "sides", all);
	json_dumpf(root, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15));
	putchar('\n');
	json_decref(root);
}

/* ---- the picture ------------------------------------------------------------------------------------------------- */

static int32_t add_profile(chart *picture, const comparison *c, size_t side, const double *at,
			   size_t points, bern_error *e)
{
	const bootstrap plan = {BOOTSTRAP_SEED, BOOTSTRAP_RESAMPLES};
	const summary *s = &c->summaries[side];
	const score_set set = {1, &s->scored, s->scores};
	chart_series *series = &picture->series[picture->count++];
	estimate *shares = calloc(points, sizeof *shares);
	int32_t rc = shares ? chart_line_init(&series->line, points, e)
			    : bern_fail(e, BERN_EMEMORY, "memory is out");
	if (!rc)
		rc = statistics_profile(&set, at, points, &plan, shares, e);
	if (!rc && s->scored > 1) {
		series->low = calloc(points, sizeof *series->low);
		series->high = calloc(points, sizeof *series->high);
		if (!series->low || !series->high)
			rc = bern_fail(e, BERN_EMEMORY, "memory is out");
	}
	for (size_t i = 0; !rc && i < points; i++) {
		series->line.x[i] = at[i];
		series->line.y[i] = shares[i].value;
		if (series->low) {
			series->low[i] = shares[i].low;
			series->high[i] = shares[i].high;
		}
	}
	snprintf(series->name, sizeof series->name, "%s", c->sides.sides[side].name);
	snprintf(series->detail, sizeof series->detail, "%zu run%s%s", s->scored,
		 s->scored == 1 ? "" : "s", s->scored == 1 ? ", no band" : "");
	free(shares);
	return rc;
}

static void write_improvements(const comparison *c, char *out, size_t size)
{
	char text[160];
	int at = snprintf(out, size, "probability of improvement over %s:", c->sides.sides[0].name);
	for (size_t i = 1; i < c->sides.count && at > 0 && (size_t)at < size; i++)
		at += snprintf(out + at, size - (size_t)at, "%s %s %s", i > 1 ? ";" : "",
			       c->sides.sides[i].name,
			       estimate_text(&c->better[i], text, sizeof text));
}

/* Performance profiles of all sides that have scores. */
static int32_t draw_profiles(const comparison *c, bern_error *e)
{
	chart picture = {.width = 800, .height = 500};
	double at[DRAWN_POINTS];
	size_t points = c->threshold_count > 1 ? DRAWN_POINTS : c->threshold_count;
	int32_t rc = 0;
	if (points == 0)
		return bern_fail(e, BERN_EFORMAT, "there is nothing to draw: no side has a score");
	double low = c->thresholds[0], high = c->thresholds[c->threshold_count - 1];
	for (size_t i = 0; i < points; i++)
		at[i] = low + (high - low) * (double)i / (DRAWN_POINTS - 1);
	at[points - 1] = high;
	for (size_t i = 0; !rc && i < c->sides.count; i++)
		if (c->summaries[i].scored)
			rc = add_profile(&picture, c, i, at, points, e);
	snprintf(picture.title, sizeof picture.title, "%s", c->list.runs[0].config.env_id);
	snprintf(picture.x_label, sizeof picture.x_label, "score: %.100s", score_words(c->score));
	snprintf(picture.y_label, sizeof picture.y_label, "share of runs above");
	snprintf(picture.caption[0], sizeof picture.caption[0],
		 "performance profiles; band: 95%% interval by stratified bootstrap, %d resamples, "
		 "seed %d",
		 BOOTSTRAP_RESAMPLES, BOOTSTRAP_SEED);
	write_improvements(c, picture.caption[1], sizeof picture.caption[1]);
	if (!rc)
		rc = chart_write(&picture, c->out, c->kind, c->pictures, e);
	chart_finish(&picture);
	return rc;
}

/* Says what is left out, and why. */
static void print_notes(const comparison *c)
{
	for (size_t i = 0; i < c->list.note_count && !c->style.quiet; i++)
		fprintf(stderr, "bern: compare: %s\n", c->list.notes[i]);
	for (size_t i = 0; i < c->list.count && !c->style.quiet; i++)
		if (!isfinite(score_of(&c->list.runs[i], c->score)))
			fprintf(stderr,
				"bern: compare: %s is left out: it is %s and has no score \"%s\"\n",
				c->list.runs[i].path, run_status_name(c->list.runs[i].status),
				score_names[c->score]);
}

static int compare(comparison *c, const char *const *paths, size_t count, bern_error *e)
{
	int32_t rc = 0;
	if (c->out)
		rc = picture_kind_of("-o", c->out, &c->kind, e);
	if (!rc && c->out)
		rc = picture_path_check("-o", c->out, e);
	if (!rc && c->out)
		rc = module_open_pictures(&c->pictures, e);
	if (!rc)
		rc = run_list_read(&c->list, paths, count, e);
	if (!rc)
		rc = sides_make(&c->sides, &c->list, paths, e);
	if (!rc && c->sides.count < 2)
		rc = bern_fail(e, BERN_EUSAGE,
			       "there is one side only: the %zu run%s differ in nothing but the "
			       "seed; give "
			       "another run or group to compare with",
			       c->list.count, c->list.count == 1 ? "" : "s");
	if (!rc && c->out && c->sides.count > CHART_SERIES)
		rc = bern_fail(e, BERN_EUSAGE,
			       "-o: %zu sides are too many for one picture: at most %d can be told "
			       "apart",
			       c->sides.count, CHART_SERIES);
	if (!rc)
		rc = compute(c, e);
	if (!rc && c->out)
		rc = draw_profiles(c, e);
	if (rc)
		return report_error("compare", e);
	print_notes(c);
	if (c->style.json)
		print_json(c);
	else if (!c->style.quiet)
		print_plain(c);
	if (!c->expect || !c->no_better)
		return EXIT_OK;
	if (!c->style.quiet)
		fprintf(stderr,
			"bern: compare: not better: the probability of improvement over %s is not "
			"above "
			"1/2 with its whole interval, for every other side\n",
			c->sides.sides[0].name);
	return EXIT_NOT_REACHED;
}

static void finish(comparison *c)
{
	for (size_t i = 0; c->summaries && i < c->sides.count; i++)
		summary_finish(&c->summaries[i]);
	free(c->summaries);
	free(c->better);
	free(c->profiles);
	sides_finish(&c->sides);
	run_list_finish(&c->list);
}

int cmd_compare(const char *program, int argc, char **argv)
{
	static const bern_param score = {"--score", "", BERN_CHOICE, 0,
					 "return",  0,  0,           score_names};
	arg_reader args = {argc, argv, flags, sizeof flags / sizeof flags[0], .at = 0};
	comparison c = {.style = output_style_now(program)};
	const char **paths = calloc((size_t)argc + 1, sizeof *paths);
	size_t count = 0;
	int wants_help = 0, status = EXIT_OK;
	bern_value value = {0};
	bern_error e;
	int32_t rc = paths ? 0 : bern_fail(&e, BERN_EMEMORY, "out of memory");
	while (rc == 0 && !wants_help && (rc = arg_next(&args, &e)) == 0 && args.kind != ARG_END) {
		if (args.kind == ARG_WORD)
			paths[count++] = args.text;
		else if (args.index == FLAG_SCORE) {
			rc = bern_param_parse(&score, args.text, &value, &e);
			c.score = (int32_t)value.i;
		} else if (args.index == FLAG_EXPECT_BETTER)
			c.expect = 1;
		else if (args.index == FLAG_OUT)
			c.out = args.text;
		else if (args.index == FLAG_JSON)
			c.style.json = 1;
		else if (args.index == FLAG_QUIET)
			c.style.quiet = 1;
		else if (args.index == FLAG_VERBOSE)
			c.style.verbose = 1;
		else
			wants_help = 1;
	}
	if (rc == 0 && wants_help)
		help_print(stdout, &compare_help);
	else if (rc == 0 && count == 0)
		rc = bern_fail(&e, BERN_EUSAGE, "which runs? usage: %s", compare_help.usage);
	else if (rc == 0)
		status = compare(&c, paths, count, &e);
	finish(&c);
	free(paths);
	return rc ? report_error("compare", &e) : status;
}
