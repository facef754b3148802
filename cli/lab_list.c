#include "command.h"
#include "lab.h"

#include <estimator.h>
#include <lab/controls.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { FLAG_JSON, FLAG_QUIET, FLAG_VERBOSE, FLAG_HELP };
static const cli_flag flags[] = {
	{"json", 0, NULL, "one JSON object a line"},
	CLI_COMMON_FLAGS,
};

const command_help lab_list_help = {
	.usage = "bern lab list [--json]",
	.summary =
		"Lists the estimators of the gradient that `bern train --estimator` knows, and\n"
		"the controls: estimators that are known to be wrong, which `bern lab prove` must\n"
		"find out.",
	.examples = "  bern lab list\n"
		    "  bern lab list --json | jq -r 'select(.unbiased) | .name'\n",
	.flags = flags,
	.flag_count = sizeof flags / sizeof flags[0],
};

/* in the order of the bits of enum bern_needs */
static const struct {
	uint32_t bit;
	const char *words;
} needs[] = {
	{BERN_NEEDS_BINARY, "binary units in every layer"},
	{BERN_NEEDS_REAL, "units that can be differentiated"},
	{BERN_NEEDS_FIRINGS, "2 firings or more"},
	{BERN_NEEDS_BITS, "a layer of binary units"},
	{BERN_NEEDS_SMOOTH, "smooth units, no binary ones"},
	{BERN_NEEDS_ROLLOUTS, "2 lanes or more"},
	{BERN_NEEDS_CLONES, "an environment that can be cloned"},
	{BERN_NEEDS_GRADIENT, "the gradient at the action layer"},
};
#define NEEDS (sizeof needs / sizeof needs[0])

static void print_list(void)
{
	printf("estimators\n");
	for (size_t i = 0; i < bern_estimator_count; i++) {
		const bern_estimator *e = bern_estimators[i];
		const char *between = "";
		printf("  %s\n    %s\n", e->name, e->summary);
		printf("    %s\n    source  %s\n    needs   ", e->unbiased ? "unbiased" : "biased",
		       e->source);
		for (size_t k = 0; k < NEEDS; k++)
			if (e->needs & needs[k].bit) {
				printf("%s%s", between, needs[k].words);
				between = ", ";
			}
		printf("%s\n    cost    %s\n", *between ? "" : "nothing beyond a network",
		       e->cost ? e->cost : "not told");
	}
	printf("controls, which are wrong\n");
	for (size_t i = 0; i < lab_control_count; i++)
		printf("  %-26s %s\n", lab_controls[i].name, lab_controls[i].wrong);
}

static int32_t print_object(json_t *object, bern_error *e)
{
	char *line = object ? json_dumps(object, JSON_COMPACT) : NULL;
	json_decref(object);
	if (!line)
		return bern_fail(e, BERN_EMEMORY, "memory is out");
	puts(line);
	free(line);
	return 0;
}

static int32_t print_json(bern_error *error)
{
	int32_t rc = 0;
	for (size_t i = 0; !rc && i < bern_estimator_count; i++) {
		const bern_estimator *e = bern_estimators[i];
		json_t *list = json_array();
		for (size_t k = 0; k < NEEDS; k++)
			if (e->needs & needs[k].bit)
				json_array_append_new(list, json_string(needs[k].words));
		json_t *object = json_pack("{s:s,s:s,s:s,s:s,s:b,s:o,s:s*}", "kind", "estimator",
					   "name", e->name, "summary", e->summary, "source",
					   e->source, "unbiased", e->unbiased, "needs", list,
					   "cost", e->cost);
		rc = print_object(object, error);
	}
	for (size_t i = 0; !rc && i < lab_control_count; i++)
		rc = print_object(json_pack("{s:s,s:s,s:s,s:b}", "kind", "control", "name",
					    lab_controls[i].name, "summary", lab_controls[i].wrong,
					    "unbiased", 0),
				  error);
	return rc;
}

int lab_list(const char *program, int argc, char **argv)
{
	(void)program;
	arg_reader args = {argc, argv, flags, sizeof flags / sizeof flags[0], .at = 0};
	int json = 0, wants_help = 0;
	bern_error e;
	int32_t rc;
	while ((rc = arg_next(&args, &e)) == 0 && args.kind != ARG_END && !wants_help) {
		if (args.kind == ARG_WORD) {
			rc = bern_fail(&e, BERN_EUSAGE,
				       "'%.100s' is one argument too many; usage: %s", args.text,
				       lab_list_help.usage);
			break;
		}
		json = json || args.index == FLAG_JSON;
		wants_help = args.index == FLAG_HELP;
	}
	if (rc == 0 && wants_help)
		help_print(stdout, &lab_list_help);
	else if (rc == 0 && json)
		rc = print_json(&e);
	else if (rc == 0)
		print_list();
	return rc ? report_error("lab list", &e) : EXIT_OK;
}
