/* cli/statistics.h: what may be said of scores over a few seeds: aggregates with bootstrap intervals, comparisons, steps to solve.
 *
 * Definitions are those of Agarwal et al. 2021, "Deep Reinforcement Learning at the Edge of the Statistical Precipice", as its
 * library rliable computes them. Intervals are 95% percentile intervals of a stratified bootstrap: runs are drawn anew within each
 * task. Draws come from one seeded stream, so the same scores and seed give the same bits. What cannot be had is NaN: an
 * interval where some task has a single run. Nothing here prints; any thread.
 */
#ifndef BERN_CLI_STATISTICS_H
#define BERN_CLI_STATISTICS_H

#include <bern/error.h>
#include <stddef.h>

/* Scores of one contestant, all finite, borrowed. Tasks may have different numbers of runs, each at least one. */
typedef struct score_set {
	size_t tasks;
	const size_t *runs;   /* (tasks) */
	const double *scores; /* those of the first task, then those of the second, ... */
} score_set;

typedef struct bootstrap {
	uint64_t seed;
	size_t resamples; /* 0: no intervals */
} bootstrap;

/* What the program's own tables use, and say that they do. */
#define BOOTSTRAP_SEED      1
#define BOOTSTRAP_RESAMPLES 10000

/* low, high: NaN where no interval can be had. */
typedef struct estimate {
	double value, low, high;
} estimate;

enum statistic {
	STATISTIC_IQM,         /* mean of all scores but the lowest and highest int(n / 4) */
	STATISTIC_MEAN,        /* mean over tasks of the mean over runs */
	STATISTIC_MEDIAN,      /* of all scores */
	STATISTIC_TASK_MEDIAN, /* median over tasks of the mean over runs; rliable's "median" */
	STATISTIC_GAP, /* optimality gap: mean of how much each score lacks to the optimum */
	STATISTICS
};

/* All aggregates from one set of resamples. `optimum` is that of the gap, 1 for scores that are normalised so. */
int32_t statistics_of(const score_set *set, double optimum, const bootstrap *plan,
		      estimate out[STATISTICS], bern_error *e);

/* Performance profile: the share of all scores that are above each of the thresholds (count, ascending). */
int32_t statistics_profile(const score_set *set, const double *thresholds, size_t count,
			   const bootstrap *plan, estimate *out, bern_error *e);

/* Probability that a run of x scores higher than a run of y on a task drawn at random; a tie counts half (Mann and Whitney's U).
 * Both have the same tasks in the same order. x and y are drawn anew independently. */
int32_t statistics_improvement(const score_set *x, const score_set *y, const bootstrap *plan,
			       estimate *out, bern_error *e);

/* Steps until something is reached, over runs of which some ended without it: censored. */
typedef struct censored {
	size_t count, reached;
	double median, low,
		high; /* infinite: among the runs that never got there; NaN: not known. low and
	                             high are order statistics that hold the true median with at least 95% */
} censored;

/* numbers (count), in any order and left sorted; INFINITY where it was not reached. Censored runs count as later than all others,
 * which is known only up to where the first of them ended: `known_until` steps (INFINITY if that is sure). */
censored statistics_censored(double *numbers, size_t count, double known_until);

#endif
