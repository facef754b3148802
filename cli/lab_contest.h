/* cli/lab_contest.h: what the commands of the laboratory share that let trainings compete: flags, progress, cells of tables. */
#ifndef BERN_CLI_LAB_CONTEST_H
#define BERN_CLI_LAB_CONTEST_H

#include "contest.h"
#include "options.h"

#define LAB_CONTEST_WORDS 32

/* What was asked for. Set the defaults, then read the arguments. */
typedef struct lab_contest {
	size_t seeds, grid_seeds, threads;
	char budget[32]; /* environment steps of each training, as text */
	int json, quiet, wants_help;
	const char *words[LAB_CONTEST_WORDS]; /* borrowed from argv */
	size_t word_count;
} lab_contest;

/* The flags of these commands, for a command_help. */
enum { LAB_CONTEST_FLAGS = 8 };
extern const cli_flag lab_contest_flags[LAB_CONTEST_FLAGS];

/* name: "lab race", for errors. Words are refused where max_words is 0. */
int32_t lab_contest_read(lab_contest *request, int argc, char **argv, size_t max_words,
			 const char *usage, bern_error *e);

/* Runs the contest with the request's numbers, progress on stderr. */
int32_t lab_contest_run(const lab_contest *request, contest *c, bern_error *e);

/* "4752 [4504, 5002]"; "-" if half the seeds did not get there, "> x" ends of intervals likewise. */
void lab_figure_text(char *out, size_t size, contest_figure f, int digits);
/* "2.1 [1.9, 2.4]" or "-" */
void lab_ratio_text(char *out, size_t size, contest_ratio r);

#endif
