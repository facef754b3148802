/* cli/report.h: what is printed when training has ended: "key value" lines on stdout, or one JSON object. */
#ifndef BERN_CLI_REPORT_H
#define BERN_CLI_REPORT_H

#include "meta.h"
#include "trainer.h"

#include <jansson.h>

typedef struct report {
	const trainer *trainer;
	int end; /* enum trainer_end */
	/* evaluations of the weights at the end, and of those of the best look if they are others */
	int has_latest, has_best;
	bern_eval_result latest, best;
	double solved_before; /* step at which an earlier session solved it; infinite: none did */
	double seconds, learn_seconds; /* in all; in learning, without looks */
} report;

/* Prints the report; after an interruption how to resume, on stderr. */
void report_print(const report *r);

/* What meta.json keeps of it. */
run_outcome report_outcome(const report *r);

/* Prints that a run has nothing left to do, and how to make it longer. */
void report_nothing_left(const report *r);

/* "sampled", "mean-field", "thresholded" */
const char *policy_mode_name(int32_t mode);

/* Writes "95% interval LOW to HIGH", or why there is none, to out. Returns out. */
char *interval_text(const bern_eval_result *result, char *out, size_t size);

/* x as JSON: null if it is not finite. */
json_t *json_number(double x);

/* Writes "KEY value" with the values below each other. */
void print_line(const char *key, const char *format, ...) BERN_PRINTF(2, 3);

#endif
