/* The bern program: finds the subcommand, and sees to it that results really reached stdout. */
#include "command.h"

#include <bern/env.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void print_help(FILE *out)
{
	fprintf(out, "usage: bern COMMAND [arguments]\n\n"
		     "Trains networks of stochastic binary neurons by reward.\n\n"
		     "examples\n"
		     "  bern train CartPole-v1\n"
		     "  bern info CartPole-v1\n\n"
		     "commands\n");
	for (size_t i = 0; i < command_count; i++)
		fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].summary);
	fprintf(out, "\n`bern COMMAND --help` tells more. Also: bern --version\n");
}

static void print_version(void)
{
	printf("bern %s\n"
	       "plugin ABI  %u\n"
	       "commit      %s\n"
	       "compiler    %s\n"
	       "features    %s\n",
	       BERN_VERSION, BERN_ENV_ABI, version_commit(), BERN_COMPILER, BERN_FEATURES);
}

static int no_command(const char *name)
{
	const char *names[64];
	size_t count = 0;
	char hint[128];
	bern_error e;
	while (count < command_count && count < sizeof names / sizeof names[0]) {
		names[count] = commands[count].name;
		count++;
	}
	bern_suggest(name, names, count, hint, sizeof hint);
	bern_fail(&e, BERN_EUSAGE, "no %s %.100s%s%s", name[0] == '-' ? "option" : "command", name,
		  hint, *hint ? "" : "; `bern --help` lists what there is");
	return report_error(NULL, &e);
}

static int run(int argc, char **argv)
{
	if (argc < 2) {
		print_help(stderr);
		return EXIT_MISUSED;
	}
	const char *name = argv[1];
	if (!strcmp(name, "--help") || !strcmp(name, "-h") ||
	    (!strcmp(name, "help") && argc == 2)) {
		print_help(stdout);
		return EXIT_OK;
	}
	if (!strcmp(name, "--version")) {
		print_version();
		return EXIT_OK;
	}
	int wants_help = !strcmp(name, "help");
	const command *found = command_find(wants_help ? argv[2] : name);
	if (!found)
		return no_command(wants_help ? argv[2] : name);
	if (wants_help) {
		char help[] = "--help", *vector[] = {argv[2], help, NULL};
		return found->run(argv[0], 2, vector);
	}
	return found->run(argv[0], argc - 1, argv + 1);
}

/* A closed standard descriptor would be given to the next file that is opened, and messages would end up in it: /dev/null,
 * opened the wrong way around, takes its place and keeps every write an error. */
static void fill_standard_descriptors(void)
{
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) == -1 && errno == EBADF)
			if (open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
				_exit(EXIT_FAILED);
}

int main(int argc, char **argv)
{
	fill_standard_descriptors();
	/* a reader that went away is an error of the write, told like any other */
	signal(SIGPIPE, SIG_IGN);
	int status = run(argc, argv);

	/* of a write that failed earlier only the fact is known */
	int failed_before = ferror(stdout);
	if (fflush(stdout) != 0 || failed_before) {
		bern_error e;
		bern_fail(&e, BERN_EIO, "standard output: %s",
			  failed_before ? "not all of the results could be written"
					: strerror(errno));
		int failed = report_error(NULL, &e);
		status = status == EXIT_OK || status == EXIT_NOT_REACHED ? failed : status;
	}
	return status;
}
