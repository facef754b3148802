/* bern compare: what runs of several configurations came to, beside each other. */
#include "command.h"

#include "options.h"
#include "report.h"
#include "sides.h"
#include "summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PROFILE_POINTS 7

enum { FLAG_SCORE, FLAG_EXPECT_BETTER, FLAG_JSON, FLAG_QUIET, FLAG_VERBOSE, FLAG_HELP };
static const cli_flag flags[] = {
	{"score", 0, "NAME",
	 "what a run is worth: return, of the evaluation at the end; learning, mean return of the "
	 "last training episodes; best-look, which flatters [return]"},
	{"expect-better", 0, NULL,
	 "exit with status 3 unless each later side is better than the first: the interval of the "
	 "probability of improvement lies above 1/2"},
	{"json", 0, NULL, "report as one JSON object"},
	CLI_COMMON_FLAGS,
};

const command_help compare_help = {
	.usage = "bern compare RUN|GROUP... [--score NAME] [--expect-better] [--json]",
	.summary =
		"Compares runs of several configurations: aggregate scores with intervals, steps "
		"to\n"
		"solve, the probability that each is better than the first, performance profiles.",
	.examples = "  bern train CartPole-v1 --seeds 10 --firings 1 --name one\n"
		    "  bern train CartPole-v1 --seeds 10 --name many\n"
		    "  bern compare runs/one runs/many\n"
		    "  bern compare runs/one runs/many --score learning --expect-better\n",
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
	int32_t rc = run_list_read(&c->list, paths, count, e);
	if (!rc)
		rc = sides_make(&c->sides, &c->list, paths, e);
	if (!rc && c->sides.count < 2)
		rc = bern_fail(e, BERN_EUSAGE,
			       "there is one side only: the %zu run%s differ in nothing but the "
			       "seed; give "
			       "another run or group to compare with",
			       c->list.count, c->list.count == 1 ? "" : "s");
	if (!rc)
		rc = compute(c, e);
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
