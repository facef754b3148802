/* cli/contest.h: several experiments against one another, each with its own small grid of options, over many seeds and threads.
 *
 * Seeds of the grid are not those of the figures, so that choosing flatters nobody. The figures do not depend on the number of
 * threads; seconds do.
 */
#ifndef BERN_CLI_CONTEST_H
#define BERN_CLI_CONTEST_H

#include "experiment.h"
#include "statistics.h"

#define CONTEST_GRID 8 /* values of an option, and options of a grid */

/* How one entry's results are ordered: fewer steps to the first good look (to the level of an experiment that has one), or a higher
 * return while learning. */
enum contest_measure { CONTEST_STEPS, CONTEST_RETURN };

/* One option of a grid. */
typedef struct contest_axis {
	const char *key;
	const char *values[CONTEST_GRID];
	size_t count;
} contest_axis;

typedef struct contest_entry {
	const char *name; /* borrowed, like all strings */
	experiment experiment;
	contest_axis axes[CONTEST_GRID]; /* the grid is their product */
	size_t axis_count;               /* 0: no grid */
	/* results */
	size_t chosen[CONTEST_GRID]; /* number of each axis's value */
	double badness;              /* of the chosen, on the grid's seeds: less is better */
	experiment_result *results;  /* (seeds), owned by the contest */
} contest_entry;

typedef struct contest {
	contest_entry *entries; /* owned: the array */
	size_t count;
	size_t seeds, grid_seeds; /* figures: seeds 1 .. seeds; grid: 1001 .. 1000 + grid_seeds */
	int32_t measure;          /* enum contest_measure */
	size_t threads;
	/* told now and then how many of the trainings are done; may be NULL */
	void (*progress)(void *user, size_t done, size_t all);
	void *user;
} contest;

/* Adds an entry and returns it, valid until the next is added; NULL if memory is out. */
contest_entry *contest_add(contest *c, const char *name);
void contest_finish(contest *c);

/* Runs the grids, chooses, runs the seeds. An error names entry and seed. */
int32_t contest_run(contest *c, bern_error *e);

/* ---- what came of it ------------------------------------------------------------------------------------------ */

/* A number over the seeds. Seeds that never got there count as later than all others. */
typedef censored contest_figure;

/* What there is a number of in every seed; the last: seconds of learning up to the first good look. */
enum contest_number {
	CONTEST_FIRST,
	CONTEST_THIRD,
	CONTEST_LEVEL,
	CONTEST_LEARNING,
	CONTEST_MEAN,
	CONTEST_SECONDS_TO_FIRST
};
contest_figure contest_figure_for(const contest *c, const contest_entry *entry, int32_t number);

/* The ratio of two entries' medians, both counted from `zero`, with a 95% interval by bootstrap over seeds (10,000 resamples, seed 1);
 * NaN where a median is infinite. */
typedef struct contest_ratio {
	double ratio, low, high;
} contest_ratio;
contest_ratio contest_ratio_of(const contest *c, const contest_entry *over,
			       const contest_entry *under, int32_t number, double zero);

#endif
