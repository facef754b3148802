/* The laboratory's own commands. */
#include "command.h"
#include "lab.h"

#include <string.h>

static void print_help(FILE *out, const command *lab)
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
	for (size_t i = 0; i < lab->command_count; i++)
		fprintf(out, "  %-10s %s\n", lab->commands[i].name, lab->commands[i].summary);
	fprintf(out, "\n`bern lab COMMAND --help` tells more.\n");
}

int cmd_lab(const char *program, int argc, char **argv)
{
	const command *lab = command_find("lab");
	const char *names[32];
	size_t count = 0;
	char hint[128];
	bern_error e;
	if (argc < 2) {
		print_help(stderr, lab);
		return EXIT_MISUSED;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		print_help(stdout, lab);
		return EXIT_OK;
	}
	for (size_t i = 0; i < lab->command_count; i++) {
		if (!strcmp(argv[1], lab->commands[i].name))
			return lab->commands[i].run(program, argc - 1, argv + 1);
		if (count < sizeof names / sizeof names[0])
			names[count++] = lab->commands[i].name;
	}
	bern_suggest(argv[1], names, count, hint, sizeof hint);
	bern_fail(&e, BERN_EUSAGE, "no %s %.100s%s%s", argv[1][0] == '-' ? "option" : "command",
		  argv[1], hint, *hint ? "" : "; `bern lab --help` lists what there is");
	return report_error("lab", &e);
}
