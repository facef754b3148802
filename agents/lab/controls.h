/* controls.h: estimators that are known to be wrong. Internal to the laboratory.
 *
 * The proof must reject every one of them, or it proves nothing. Each is written down in double for itself and judged by the same
 * enumeration as the estimators.
 */
#ifndef BERN_LAB_CONTROLS_H
#define BERN_LAB_CONTROLS_H

#include "paths.h"

typedef struct lab_control {
	const char *name, *wrong; /* what is wrong with it */
	lab_problem problem;
	size_t episodes; /* in a batch */
	/* 1: a common factor on the whole gradient is forgiven, its direction is not */
	int any_length;
	/* Writes the estimate and returns by what factor its way of sampling makes the path more probable. NULL: see mean. */
	double (*estimate)(const lab_path *path, double *gradient);
	/* The expectation itself, for noise that is not enumerated. */
	void (*mean)(const lab_setup *setup, double *gradient);
	/* The gradient that it ought to have, where that is not the setup's. */
	void (*truth)(const lab_setup *setup, double *gradient);
} lab_control;

extern const lab_control lab_controls[];
extern const size_t lab_control_count;

#endif
