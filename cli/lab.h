/* cli/lab.h: the commands of the laboratory, `bern lab NAME`. Each is a function in lab_NAME.c and a row in the table of commands.c. */
#ifndef BERN_CLI_LAB_H
#define BERN_CLI_LAB_H

#include "options.h"

int lab_gates(const char *program, int argc, char **argv);
int lab_list(const char *program, int argc, char **argv);
int lab_one_unit_table(const char *program, int argc, char **argv);
int lab_prove_all(const char *program, int argc, char **argv);
int lab_variance_table(const char *program, int argc, char **argv);
int lab_gap(const char *program, int argc, char **argv);
int lab_race(const char *program, int argc, char **argv);
int lab_scale(const char *program, int argc, char **argv);

extern const command_help lab_gap_help, lab_gates_help, lab_list_help, lab_one_unit_help,
	lab_prove_help, lab_race_help, lab_scale_help, lab_variance_help;

#endif
