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
	const double *y[BERN_MAX_LAYERS];  /* (K, units) what rectifier layers put out */
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

/* The mean of the counterfactual estimate over what the estimator draws, given the step: every way in which layers above a unit that
 * is turned over may follow. Formula: estimator_counterfactual.c. At most 16 units a layer. */
void bern_reference_counterfactual(const bern_network *net, const double *params,
				   const bern_reference_step *step, double *gradient);

/* The estimate from firings made afresh for an action that was chosen with probability mu. Formula: refire.h. */
void bern_reference_refire(const bern_network *net, const double *params,
			   const bern_reference_step *step, double mu, double *gradient);

/* ---- networks of mixed layers ---- */

/* What a binary layer does with the gradient at its outputs. */
enum bern_carry {
	BERN_CARRY_NOTHING,  /* stops it: the score alone, c (h - p) */
	BERN_CARRY_IDENTITY, /* passes it on in place of the score: straight-through */
	BERN_CARRY_SIGMOID,  /* times p (1 - p) */
	BERN_CARRY_REINMAX   /* times |h - p| / 2 */
};

/* The same for layers of any kind: step->h of binary and smooth layers, step->y of rectifiers. Formulas: backward.h. */
typedef struct bern_reference_rule {
	int carry;         /* enum bern_carry */
	int without_score; /* smooth layers do not count their bits' score */
} bern_reference_rule;

/* P(bits | x, noise) of all layers that draw bits; pi (K, N) of each firing, and the gradient (param_count) for K = 1 or more. */
double bern_reference_mixed_probability(const bern_network *net, const double *params,
					const bern_reference_step *step);
void bern_reference_mixed_policy(const bern_network *net, const double *params,
				 const bern_reference_step *step, double *pi);
void bern_reference_mixed_estimate(const bern_network *net, const double *params,
				   const bern_reference_step *step, const bern_reference_rule *rule,
				   double *gradient);

#endif
