/* gate_trial.h: the paper's conditional-computation experiment on one set of images: a gated layer of one kind, trained, and
 * its errors with thresholded gates. Bengio, Leonard, Courville 2013, arXiv 1308.3432, sec. 5.
 *
 * Two thirds of the images are learned from, one sixth decides which epoch counts (the lowest error, of equals the first), and
 * the last sixth is tested with the weights of that epoch; which is which is shuffled by the seed.
 */
#ifndef BERN_GATE_TRIAL_H
#define BERN_GATE_TRIAL_H

#include "gated.h"

typedef struct bern_images {
	const uint8_t *pixel; /* (count, pixels), borrowed; 255 is taken for 1 */
	const uint8_t *label; /* (count), borrowed, each below classes */
	size_t count, pixels, classes;
} bern_images;

typedef struct bern_gate_trial {
	bern_gated_plan plan; /* inputs and outputs are taken from the images */
	size_t epochs, batch; /* each at least 1 */
	uint64_t seed;
} bern_gate_trial;

typedef struct bern_gate_result {
	size_t epoch;                   /* the one that counts, from 1 */
	double valid_error, test_error; /* shares of the images, thresholded gates */
	double open_learning; /* share of the experts computed in that epoch's learning, by chance */
	double open_test;     /* and in the test, thresholded */
} bern_gate_result;

/* EUSAGE if there are fewer than 60 images, or what bern_gated_init refuses. Same arguments: same bits. */
int32_t bern_gate_trial_run(bern_gate_result *result, const bern_gate_trial *trial,
			    const bern_images *images, bern_error *e);

#endif
