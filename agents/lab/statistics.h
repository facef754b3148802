/* statistics.h: running moments of many numbers at once, and the test whether their means are what they should be. Internal to
 * the laboratory. */
#ifndef BERN_LAB_STATISTICS_H
#define BERN_LAB_STATISTICS_H

#include <stddef.h>

/* P(|T| > t) of Student's t with an even number of degrees of freedom. Abramowitz & Stegun 1964, 26.7.4. */
double lab_student_outside(double t, size_t freedom);

/* The t with P(|T| > t) = outside, 1e-12 <= outside < 1. */
double lab_student_quantile(double outside, size_t freedom);

/* Means and sums of squared deviations of `count` numbers. Welford 1962. Arrays are borrowed; zero at first. */
typedef struct lab_moments {
	size_t count, samples;
	double *mean, *square; /* (count) */
} lab_moments;

void lab_moments_add(lab_moments *m, const double *x);
/* Variance of number i, over samples - 1. */
double lab_moments_variance(const lab_moments *m, size_t i);

/* Whether the means are `exact` (count): a t test for each number, Bonferroni-corrected, so that all of them together are called
 * wrong with probability at most alpha if they are right. */
typedef struct lab_verdict {
	int rejected;
	size_t worst;    /* the number that is furthest off */
	double t, limit; /* its t, and the t from which it is rejected */
	double off;      /* mean - exact of that number */
	/* a bias of this size in any one number would have been rejected with probability `power` */
	double seen;
} lab_verdict;

/* The number of samples must be odd, so that the degrees of freedom are even. */
lab_verdict lab_moments_test(const lab_moments *m, const double *exact, double alpha, double power);

/* An odd number of samples, at least 101 and at most `most`, that sees a bias of `bias` in any number with probability `power`, judged by
 * the variances in m. */
size_t lab_samples_for(const lab_moments *m, double bias, double alpha, double power, size_t most);

#endif
