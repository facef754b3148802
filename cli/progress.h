/* cli/progress.h: one line on a terminal that is drawn again and again while training.
 *
 *     CartPole-v1  6,016/100,000 steps  310,000/s  return 231.4 ▁▁▂▃▅▆█  1:02 left
 *
 * Nothing is drawn where the style says no progress. Clocks are the caller's: seconds since some fixed moment.
 */
#ifndef BERN_CLI_PROGRESS_H
#define BERN_CLI_PROGRESS_H

#include "command.h"

#include <stdio.h>

#define PROGRESS_POINTS 16

/* What a job tells the process that began it (output_style.report_to). */
typedef struct progress_note {
	uint64_t steps;
	double mean_return; /* NaN: no episode has ended */
} progress_note;

typedef struct progress {
	FILE *out;         /* borrowed; NULL: draws nothing */
	const char *label; /* borrowed */
	int utf8, shown;
	int report_to;         /* 0: nobody is told */
	double start, drawn;   /* seconds */
	uint64_t first, total; /* steps done before, steps wanted */
	/* the sparkline: points of `stride` samples each, merged in pairs when they are too many */
	double points[PROGRESS_POINTS];
	size_t count;
	uint64_t stride, samples;
	double sum;
} progress;

void progress_start(progress *p, const output_style *style, FILE *out, const char *label,
		    uint64_t steps, uint64_t total, double seconds);

/* Takes note of where training is and draws at most ten times a second. mean_return: NaN if no episode has ended. */
void progress_update(progress *p, uint64_t steps, double mean_return, double seconds);

/* Takes the line away, so that a message can be printed; the next update draws it again. */
void progress_clear(progress *p);

/* Draws it for the last time and goes to the next line. */
void progress_finish(progress *p, uint64_t steps, double mean_return, double seconds);

/* Writes n with commas between thousands (32 bytes). Returns out. */
char *progress_count(uint64_t n, char *out);

/* Writes the text of the line to out: at most `width` columns. Returns out. */
char *progress_line(const progress *p, uint64_t steps, double mean_return, double seconds,
		    int finished, size_t width, char *out, size_t size);

#endif
