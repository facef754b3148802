/* The laboratory's own commands. */
#include "command.h"
#include "lab.h"

#include <string.h>

static const lab_command lab_commands[] = {
	{"gap", "binary neurons beside the same network by back-propagation", lab_gap},
	{"gates", "conditional computation: experts behind gates of every kind", lab_gates},
	{"list", "the estimators: source, biased or not, needs, cost", lab_list},
	{"one-unit", "the smallest story: one unit, every estimator, exactly", lab_one_unit_table},
	{"prove", "prove that each estimator is what it claims to be", lab_prove_all},
	{"variance", "measure how much estimates vary along a training", lab_variance_table},
	{"race", "the steps that each estimator needs on CartPole-v1", lab_race},
	{"scale", "the steps that wide and deep networks need", lab_scale},
};
#define COUNT (sizeof lab_commands / sizeof lab_commands[0])

static void print_help(FILE *out)
{
	fprintf(out,
		"usage: bern lab COMMAND [arguments]\n\n"
		"Examines the estimators of the gradient: what each is, what it costs, and whether "
		"it\n"
		"is unbiased, by enumeration of everything that can happen in small networks.\n\n"
		"examples\n"
		"  bern lab list\n"
		"  bern lab one-unit\n"
		"  bern lab prove firings\n\n"
		"commands\n");
	for (size_t i = 0; i < COUNT; i++)
		fprintf(out, "  %-10s %s\n", lab_commands[i].name, lab_commands[i].summary);
	fprintf(out, "\n`bern lab COMMAND --help` tells more.\n");
}

int cmd_lab(const char *program, int argc, char **argv)
{
	const char *names[COUNT];
	char hint[128];
	bern_error e;
	if (argc < 2) {
		print_help(stderr);
		return EXIT_MISUSED;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		print_help(stdout);
		return EXIT_OK;
	}
	for (size_t i = 0; i < COUNT; i++) {
		names[i] = lab_commands[i].name;
		if (!strcmp(argv[1], names[i]))
			return lab_commands[i].run(program, argc - 1, argv + 1);
	}
	bern_suggest(argv[1], names, COUNT, hint, sizeof hint);
	bern_fail(&e, BERN_EUSAGE, "no %s %.100s%s%s", argv[1][0] == '-' ? "option" : "command",
		  argv[1], hint, *hint ? "" : "; `bern lab --help` lists what there is");
	return report_error("lab", &e);
}
