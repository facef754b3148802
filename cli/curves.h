/* cli/curves.h: learning curves of the runs of each side on a common grid, with a band over the runs.
 *
 * The grid has CURVE_POINTS points from 0 to where the longest run ends. A run's value at a point is the mean of its rows within the
 * window that ends there; where the window holds no row, the straight line between the rows around it. Before its first row and after
 * its last one a run has no value, unless it is held.
 */
#ifndef BERN_CLI_CURVES_H
#define BERN_CLI_CURVES_H

#include "chart.h"
#include "sides.h"
#include "statistics.h"

#define CURVE_POINTS    200
#define CURVE_RESAMPLES 1000

typedef struct curves_plan {
	const char *x;     /* "step" or "seconds" */
	const char *y;     /* a column of progress.csv, or "eval.COLUMN" */
	double smooth;     /* the window, in units of x; at least a step of the grid */
	int32_t statistic; /* STATISTIC_IQM, _MEAN or _MEDIAN: over the runs of a side */
	int hold;          /* 1: a run that has ended keeps its last value */
} curves_plan;

/* Why a run is left out; the sentence is gone when this returns. */
typedef void curves_note(void *user, const char *sentence);

/* Fills the series, labels and captions of a chart (chart_finish it, also after a failure); its title and sizes are the caller's.
 * A side's line and band go as far as all of its runs have values; beyond, its runs are thin lines, each for itself. A run whose table
 * cannot be read is told to note() and left out. A column that does not exist, or holds no number in any run, is an error, as are more
 * sides than there are colours. */
int32_t curves_make(chart *c, const sides *s, const curves_plan *plan, curves_note *note,
		    void *user, bern_error *e);

#endif
