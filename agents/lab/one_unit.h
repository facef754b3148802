/* one_unit.h: the smallest story there is: one unit, h ~ Bernoulli(p), and the loss f(h) = (h - t)^2. Internal to the laboratory.
 *
 * Every estimator of the gradient with respect to the unit's logit by its own formula, its mean and variance twice: in closed form,
 * and counted over all that can happen (continuous noise: by a quadrature that is exact for the piecewise polynomials at hand).
 */
#ifndef BERN_LAB_ONE_UNIT_H
#define BERN_LAB_ONE_UNIT_H

#include <stddef.h>

typedef struct lab_unit_row {
	const char *name, *formula;
	int unbiased;    /* what its papers claim */
	double exact;    /* the gradient of the loss that this unit causes */
	double mean;     /* of the estimator, counted */
	double variance; /* counted */
	double closed;   /* the variance in closed form; NaN: none is given */
} lab_unit_row;

#define LAB_UNIT_ROWS 13
#define LAB_TEAM_ROWS 3

/* Writes LAB_UNIT_ROWS rows for 0 < p < 1. */
void lab_one_unit(lab_unit_row *rows, double p, double t);

/* The same for n units with f = sum of (h_j - t)^2 / n, two evaluations each; variance of one coordinate. LAB_TEAM_ROWS rows. */
void lab_unit_team(lab_unit_row *rows, size_t n, double p, double t);

#define LAB_TEAM_MOST 1000 /* units */

#endif
