/* cli/lab_contest.h: what the commands of the laboratory share that let trainings compete: flags, progress, cells of tables. */
#ifndef BERN_CLI_LAB_CONTEST_H
#define BERN_CLI_LAB_CONTEST_H

#include "contest.h"
#include "options.h"

#define LAB_CONTEST_WORDS 32

/* The flags of these commands; a command's own may follow. */
enum { LAB_CONTEST_FLAGS = 9, LAB_CONTEST_EXTRA = 4 };
#define LAB_CONTEST_FLAG_LIST                                                                      \
	{"seeds", 0, "N", "seeds of the figures: 1 .. N [1 .. 1000]"},                             \
		{"grid-seeds", 0, "N",                                                             \
		 "other seeds that choose the learning rate of each entry [1 .. 100]"},            \
		{"budget", 0, "N", "environment steps of each training [1000 .. 1e9]"},            \
		{"threads", 0, "N", "trainings at a time [all cores; 1 .. 64]"},                   \
		{"try", 0, "KEY=VALUES",                                                           \
		 "values of an option that each entry chooses from, as momentum=0,0.9; may be "    \
		 "repeated"},                                                                      \
		{"json", 0, NULL, "one JSON object a line"}, CLI_COMMON_FLAGS
extern const cli_flag lab_contest_flags[LAB_CONTEST_FLAGS];

/* What was asked for. Set the defaults, then read the arguments. */
typedef struct lab_contest {
	size_t seeds, grid_seeds, threads;
	char budget[32]; /* environment steps of each training, as text */
	int json, quiet, wants_help;
	contest_axis
		axes[CONTEST_GRID]; /* what each entry chooses from; the first are learning rates */
	size_t axis_count, tries;   /* tries: given by --try */
	char text[CONTEST_GRID][256];         /* what the axes point into */
	const char *words[LAB_CONTEST_WORDS]; /* borrowed from argv */
	size_t word_count;
	struct {
		size_t flag; /* which of the command's own flags */
		const char *text;
	} extra[LAB_CONTEST_EXTRA]; /* what was given of them, in order */
	size_t extra_count;
} lab_contest;

/* Words beyond max_words are refused. */
int32_t lab_contest_read(lab_contest *request, int argc, char **argv, size_t max_words,
			 const command_help *help, bern_error *e);

/* Runs the contest with the request's numbers, progress on stderr. */
int32_t lab_contest_run(const lab_contest *request, contest *c, bern_error *e);

/* Gives an entry the request's axes. */
void lab_contest_choices(const lab_contest *request, contest_entry *entry);
/* "0.003, 0.01": learning rates that are chosen from. */
void lab_rates_text(char *out, size_t size, const lab_contest *request);
/* "0.03, momentum 0.5": what was chosen, a star behind the rate if it is the first or last of them. */
void lab_choice_text(char *out, size_t size, const contest_entry *entry);

/* "4752 [4504, 5002]"; "-" if half the seeds did not get there, "> x" ends of intervals likewise. */
void lab_figure_text(char *out, size_t size, contest_figure f, int digits);
/* "2.1 [1.9, 2.4]" or "-" */
void lab_ratio_text(char *out, size_t size, contest_ratio r);

#endif
