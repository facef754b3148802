/* paths.h: everything that can happen to a small network in a small world, with its probability. Internal to the laboratory.
 *
 * The network's own forward pass runs with a random stream that is written beforehand, so that every firing of every unit comes up
 * once; actions, rewards and next states are enumerated around it.
 */
#ifndef BERN_LAB_PATHS_H
#define BERN_LAB_PATHS_H

#include "setup.h"

#include <reference.h>

#define LAB_ROWS 6 /* steps of a path, of all its episodes */

/* One thing that can happen: `episodes` episodes one after another, each of mdp.steps steps; row = episode * steps + t. */
typedef struct lab_path {
	const lab_setup *setup;
	bern_network net; /* the setup's, with the stream that is written */
	bern_trace trace; /* (rows) as play leaves it, in float */
	size_t rows, steps;
	size_t state[LAB_ROWS], after[LAB_ROWS]; /* before and after the step */
	double reward[LAB_ROWS];
	double worth[LAB_ROWS];  /* return from here on, discounted from here; tail included */
	double before[LAB_ROWS]; /* gamma^t */
	bern_reference_step step[LAB_ROWS]; /* the same in double; advantage and unit are 0 */
	double firing[LAB_ROWS];            /* probability of the row's firings in double */
	double x[LAB_ROWS][LAB_INPUTS];
	uint8_t h[LAB_ROWS][LAB_LAYERS][256];
} lab_path;

/* probability: of the path, by the network's own p and pi in float; exactly: the same in double by the reference. */
typedef void lab_visit(const lab_path *path, double probability, double exactly, void *user);

/* How many paths there are; SIZE_MAX if more than 2^40. */
size_t lab_path_count(const lab_setup *setup, size_t episodes);

/* Visits them all. Only for networks whose hidden units are binary or draw nothing; with `in_double` these must be binary, otherwise
 * step, firing and exactly are not set. */
int32_t lab_each_path(const lab_setup *setup, size_t episodes, int in_double, lab_visit *visit,
		      void *user, bern_error *e);

#endif
