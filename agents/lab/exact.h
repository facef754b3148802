/* exact.h: mean and variance of an estimator over its own noise, by enumeration. Internal to the laboratory. */
#ifndef BERN_LAB_EXACT_H
#define BERN_LAB_EXACT_H

#include "paths.h"

typedef struct lab_exact {
	double probability;
	double mean[LAB_PARAMS], variance; /* total */
	double bound; /* what rounding in float32 may do to a number of the mean; in double 1e-12 */
} lab_exact;

/* A constant that is subtracted from every return, and whether each unit has a baseline of its own (some fixed numbers). */
typedef struct lab_baselines {
	double shared;
	int units;
} lab_baselines;

/* Of an estimator of the list, through its accumulate. */
int32_t lab_exact_moments(const lab_setup *setup, const bern_estimator *estimator,
			  lab_baselines baselines, lab_exact *out, bern_error *e);

/* The reference of an estimator in double: writes the estimate of one step, as bern_reference_estimate. */
typedef void lab_reference(const bern_network *net, const double *params,
			   const bern_reference_step *step, double *gradient);
int32_t lab_reference_moments(const lab_setup *setup, lab_reference *reference,
			      lab_baselines baselines, lab_exact *out, bern_error *e);

/* Largest |mean - exact|. */
double lab_exact_off(const lab_setup *setup, const lab_exact *m, const double *truth);

#endif
