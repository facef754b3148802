/* normalizer.h: from observations to inputs: fixed factors, and on request a running mean and deviation. */
#ifndef BERN_NORMALIZER_H
#define BERN_NORMALIZER_H

#include "arena.h"

#include <bern/tensor.h>

typedef struct bern_normalizer {
	size_t size;    /* O */
	int running;    /* 1: subtract the running mean, divide by the running deviation */
	float *factor;  /* (O) */
	double *count;  /* (1) observations so far */
	double *mean;   /* (O) */
	double *spread; /* (O) sum of squared differences from the mean */
} bern_normalizer;

/* scale: one number for all or O of them, with commas, each in -1e6 .. 1e6. */
int32_t bern_normalizer_init(bern_normalizer *normalizer, bern_arena *arena, const char *scale,
			     int running, size_t size, bern_error *e);

/* Takes an observation into the running mean and deviation (Welford 1962). */
void bern_normalizer_observe(bern_normalizer *normalizer, const float *obs);

/* x = obs * factor; running: (obs - mean) / deviation * factor, cut to [-10, 10], with the deviation of the observations so
 * far, the root of their variance plus 1e-8. */
void bern_normalizer_apply(const bern_normalizer *normalizer, float *x, const float *obs);

int32_t bern_normalizer_tensors(bern_normalizer *normalizer, bern_tensors *list, bern_error *e);

#endif
