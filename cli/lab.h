/* cli/lab.h: the commands of the laboratory, `bern lab NAME`. Each is a function in lab_NAME.c and a row in the table of cmd_lab.c. */
#ifndef BERN_CLI_LAB_H
#define BERN_CLI_LAB_H

#include "options.h"

typedef struct lab_command {
	const char *name, *summary;
	/* as of struct command; argv[0] is the name */
	int (*run)(const char *program, int argc, char **argv);
} lab_command;

int lab_gates(const char *program, int argc, char **argv);
int lab_list(const char *program, int argc, char **argv);
int lab_one_unit_table(const char *program, int argc, char **argv);
int lab_prove_all(const char *program, int argc, char **argv);
int lab_variance_table(const char *program, int argc, char **argv);
int lab_gap(const char *program, int argc, char **argv);
int lab_race(const char *program, int argc, char **argv);
int lab_scale(const char *program, int argc, char **argv);

#endif
