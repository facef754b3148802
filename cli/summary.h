/* cli/summary.h: what the runs of one side say together: a score for each, aggregates, steps to solve; as words. */
#ifndef BERN_CLI_SUMMARY_H
#define BERN_CLI_SUMMARY_H

#include "command.h"
#include "runs_read.h"
#include "statistics.h"

#include <jansson.h>

enum score_kind {
	SCORE_RETURN,   /* the evaluation at the end, over fresh episodes */
	SCORE_LEARNING, /* mean return of the last training episodes */
	SCORE_BEST      /* highest mean of a look: flatters */
};

/* "return", "learning", "best-look"; NULL past the last. */
extern const char *const score_names[];
/* What that is, in words. */
const char *score_words(int32_t kind);

/* The score of a run; NaN: it has none. */
double score_of(const run_record *run, int32_t kind);

typedef struct summary {
	size_t runs;     /* all that were given */
	size_t scored;   /* those that have a score */
	double *scores;  /* (scored) owned, in the order of the runs */
	int has_figures; /* 0: no run has a score, and figures are not set */
	estimate figures[STATISTICS];
	size_t asked;       /* runs that are over and were to stop when solved */
	censored steps;     /* of those */
	double known_until; /* least steps of one of them that was not solved; infinite: all were */
} summary;

/* Over runs (count). A run without a score is counted and left out. */
int32_t summary_make(summary *s, const run_record *const *runs, size_t count, int32_t kind,
		     bern_error *e);
void summary_finish(summary *s);

/* "480.5 (470.1 to 490)", "480.5 (no interval of one run)", "-". Returns out. */
char *estimate_text(const estimate *x, char *out, size_t size);

/* "median 7,000 steps (5,000 to 9,000)", or why there is none. Returns out. */
char *solved_text(const summary *s, char *out, size_t size);

json_t *json_estimate(const estimate *x);
json_t *json_summary(const summary *s);

/* Prints the runs of a group of `wanted` members and what they say together. */
int32_t summary_print(const run_list *list, const char *group, size_t wanted,
		      const output_style *style, bern_error *e);
int32_t summary_print_json(const run_list *list, const char *group, size_t wanted, size_t failed,
			   bern_error *e);

#endif
