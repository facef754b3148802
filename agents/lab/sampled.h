/* sampled.h: the mean of an agent's own estimates, played as in training, against the exact gradient. Internal to the laboratory. */
#ifndef BERN_LAB_SAMPLED_H
#define BERN_LAB_SAMPLED_H

#include "setup.h"
#include "statistics.h"

typedef struct lab_sampling {
	const char *estimator; /* as a config names it */
	size_t samples;        /* at most; episodes, of all lanes together */
	double alpha, power;
	double bias; /* wanted: to see a bias of this share of the largest number of the gradient */
	int drop_discount;   /* 1: gamma^t is left out */
	int batch_deviation; /* 1: advantages are divided by their batch's root mean square */
} lab_sampling;

typedef struct lab_sampled {
	lab_verdict verdict;
	size_t samples;  /* episodes drawn for it; the pilot's apart */
	double variance; /* total, of the estimate from one episode */
} lab_sampled;

/* Makes an agent "reinforce" with the setup's parameters and world, plays a pilot to choose the number of samples, then that many anew and
 * tests their mean. With any gamma the discount is kept and an update is one episode of each lane. An estimator with a memory
 * first fills it from a few hundred plays. */
int32_t lab_sample(const lab_setup *setup, const lab_sampling *sampling, uint64_t seed,
		   lab_sampled *out, bern_error *e);

/* The same without a pilot: n plays, odd, of `lanes` episodes each. */
int32_t lab_sample_plays(const lab_setup *setup, const lab_sampling *sampling, uint64_t seed,
			 size_t lanes, size_t plays, lab_sampled *out, bern_error *e);

#endif
