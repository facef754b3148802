/* reference.h: the estimators once more, in double and as plainly as possible.
 *
 * What the fast code is held against, and what is proved by enumeration. One sample at a time; the layout of parameters is the
 * network's, nothing else is shared with it. Internal to libbern.
 */
#ifndef BERN_REFERENCE_H
#define BERN_REFERENCE_H

#include "network.h"

/* One step as it happened: the K firings of every hidden layer, and the action. */
typedef struct bern_reference_step {
	size_t firings;                    /* K */
	const double *x;                   /* (O) */
	const uint8_t *h[BERN_MAX_LAYERS]; /* (K, units) of each hidden layer, not padded */
	const int32_t *action;             /* (components) */
	double advantage;
	const double
		*unit; /* per-unit baselines of all layers' units, output logits last; NULL: none */
} bern_reference_step;

/* P(h_1 .. h_K | x): the probability of the step's firings. */
double bern_reference_probability(const bern_network *net, const double *params,
				  const bern_reference_step *step);

/* pi (K, N) of each firing. */
void bern_reference_policy(const bern_network *net, const double *params,
			   const bern_reference_step *step, double *pi);

/* The probability of the action under the mean of the K policies. */
double bern_reference_likelihood(const bern_network *net, const double *params,
				 const bern_reference_step *step);

/* Writes the unbiased (K = 1) or the many-firings (K >= 2) estimate of the gradient. Formulas: estimator_unbiased.c and
 * estimator_firings.c. */
void bern_reference_estimate(const bern_network *net, const double *params,
			     const bern_reference_step *step, double *gradient);

#endif
