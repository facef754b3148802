/* What benchmarks share: a clock, and the median. */
#ifndef BERN_BENCH_TIME_H
#define BERN_BENCH_TIME_H

#include <stddef.h>
#include <stdlib.h>
#include <time.h>

static inline double bench_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static inline int bench_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* Sorts x. */
static inline double bench_median(double *x, size_t count)
{
	qsort(x, count, sizeof *x, bench_compare);
	return 0.5 * (x[(count - 1) / 2] + x[count / 2]);
}

#endif
