#include "command.h"
#include "lab.h"

#include <lab/one_unit.h>

#include <jansson.h>
#include <math.h>
#include <stdlib.h>

enum { FLAG_P, FLAG_TARGET, FLAG_UNITS, FLAG_JSON, FLAG_QUIET, FLAG_VERBOSE, FLAG_HELP };
static const cli_flag flags[] = {
	{"p", 0, "X", "probability that the unit fires [0.5 and 0.9; 0.001 .. 0.999]"},
	{"target", 0, "X", "t of the loss (h - t)^2 [0.499; -100 .. 100]"},
	{"units", 0, "N", "of the team in the last table [200; 1 .. 1000]"},
	{"json", 0, NULL, "one JSON object a line"},
	CLI_COMMON_FLAGS,
};

const command_help lab_one_unit_help = {
	.usage = "bern lab one-unit [--p X] [--target X] [--units N] [--json]",
	.summary =
		"One unit fires, h = 1 with probability p, and pays the loss f = (h - t)^2. What "
		"is\n"
		"the gradient of the mean loss with respect to the unit's logit? Shows what each\n"
		"estimator answers in the mean and how much it varies: counted over all that can\n"
		"happen, and in closed form. Then the same for a team of units that share one\n"
		"loss, f = sum of (h_j - t)^2 / N, the variance of one unit's answer, two\n"
		"evaluations of the loss each.",
	.examples = "  bern lab one-unit\n"
		    "  bern lab one-unit --p 0.99 --target 0.3\n"
		    "  bern lab one-unit --json | jq -r '[.name, .variance] | @tsv'\n",
	.notes =
		"'exact' is the gradient of the loss that this unit causes: the stochastic-times-\n"
		"smooth unit and the misprinted one have losses of their own.\n"
		"Formulas: Bengio 2013 (arXiv 1305.2982, 1308.3432), Williams 1992, Yin & Zhou "
		"2019\n"
		"(ARM), Dong, Mnih & Tucker 2020 (DisARM), Kool, van Hoof & Welling 2019 (RLOO),\n"
		"Titsias & Lazaro-Gredilla 2015 (LEG).\n",
	.flags = flags,
	.flag_count = sizeof flags / sizeof flags[0],
};

typedef struct one_unit_request {
	double p, target; /* p 0: both defaults */
	size_t units;
	int json;
} one_unit_request;

static json_t *number(double x)
{
	return isfinite(x) ? json_real(x) : json_null();
}

static void print_rows(const lab_unit_row *rows, size_t count, size_t units, double p, double t,
		       int json)
{
	for (size_t i = 0; i < count; i++) {
		const lab_unit_row *r = &rows[i];
		char closed[32] = "-";
		if (json) {
			json_t *object = json_pack(
				"{s:I,s:f,s:f,s:s,s:s,s:b,s:o,s:o,s:o,s:o}", "units",
				(json_int_t)units, "p", p, "target", t, "name", r->name, "formula",
				r->formula, "unbiased", r->unbiased, "exact", number(r->exact),
				"mean", number(r->mean), "variance", number(r->variance), "closed",
				number(r->closed));
			char *line = object ? json_dumps(object, JSON_COMPACT) : NULL;
			puts(line ? line : "null");
			free(line);
			json_decref(object);
			continue;
		}
		if (isfinite(r->closed))
			snprintf(closed, sizeof closed, "%.7g", r->closed);
		printf("  %-34s %13.6g %13.6g  %-8s %14.7g %14s\n", r->name, r->exact, r->mean,
		       r->unbiased ? "unbiased" : "biased", r->variance, closed);
	}
}

static void print_story(const one_unit_request *request)
{
	static const double both[2] = {0.5, 0.9};
	lab_unit_row rows[LAB_UNIT_ROWS], team[LAB_TEAM_ROWS];
	for (int i = 0; i < (request->p > 0.0 ? 1 : 2); i++) {
		double p = request->p > 0.0 ? request->p : both[i], t = request->target;
		lab_one_unit(rows, p, t);
		if (!request->json)
			printf("%sone unit, p = %g, f = (h - %g)^2\n  %-34s %13s %13s  %-8s %14s "
			       "%14s\n",
			       i ? "\n" : "", p, t, "estimator", "exact", "mean", "claims",
			       "variance", "closed form");
		print_rows(rows, LAB_UNIT_ROWS, 1, p, t, request->json);
	}
	double p = request->p > 0.0 ? request->p : 0.5;
	lab_unit_team(team, request->units, p, request->target);
	if (!request->json)
		printf("\n%zu units, p = %g, f = sum of (h_j - %g)^2 / %zu, one unit's answer from "
		       "two evaluations\n",
		       request->units, p, request->target, request->units);
	print_rows(team, LAB_TEAM_ROWS, request->units, p, request->target, request->json);
}

int lab_one_unit_table(const char *program, int argc, char **argv)
{
	static const bern_param p = {"--p", "", BERN_REAL, 0, "0.5", 0.001, 0.999, NULL};
	static const bern_param target = {"--target", "", BERN_REAL, 0, "0.499", -100, 100, NULL};
	static const bern_param units = {"--units", "", BERN_INT, 0, "200", 1, LAB_TEAM_MOST, NULL};
	(void)program;
	arg_reader args = {argc, argv, flags, sizeof flags / sizeof flags[0], .at = 0};
	one_unit_request request = {.target = 0.499, .units = 200};
	bern_value value = {0};
	int wants_help = 0;
	bern_error e;
	int32_t rc;
	while ((rc = arg_next(&args, &e)) == 0 && args.kind != ARG_END && !wants_help) {
		if (args.kind == ARG_WORD) {
			rc = bern_fail(&e, BERN_EUSAGE,
				       "'%.100s' is one argument too many; usage: %s", args.text,
				       lab_one_unit_help.usage);
		} else if (args.index == FLAG_P) {
			rc = bern_param_parse(&p, args.text, &value, &e);
			request.p = value.r;
		} else if (args.index == FLAG_TARGET) {
			rc = bern_param_parse(&target, args.text, &value, &e);
			request.target = value.r;
		} else if (args.index == FLAG_UNITS) {
			rc = bern_param_parse(&units, args.text, &value, &e);
			request.units = (size_t)value.i;
		}
		if (rc)
			break;
		request.json = request.json || args.index == FLAG_JSON;
		wants_help = args.index == FLAG_HELP;
	}
	if (rc == 0 && wants_help)
		help_print(stdout, &lab_one_unit_help);
	else if (rc == 0)
		print_story(&request);
	return rc ? report_error("lab one-unit", &e) : EXIT_OK;
}
