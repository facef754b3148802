/* posterior.h: what the hidden neurons did, given the state and the action: expectations of their scores under P(h | s, a).
 *
 * An action was drawn from pi(a | h). Of all firings h that could have led to it, the one that happened is a single sample; its
 * estimate of the gradient keeps its expectation, and loses variance, if the scores are averaged over P(h | s, a), which is
 * proportional to P(h | s) pi(a | h) (Rao-Blackwell). Exactly, by visiting all 2^n firings, or by Gibbs sampling. A Gibbs chain needs
 * time to forget where it starts, and is biased until then; here it starts from the firing that acted, which is itself a draw from
 * P(h | s, a). So every state of the chain has the right distribution from the first sweep on, and the mean is unbiased after any
 * number of sweeps.
 *
 * Numbers are double inside. For networks whose hidden layers are all binary, with one firing a step.
 */
#ifndef BERN_POSTERIOR_H
#define BERN_POSTERIOR_H

#include "network.h"

#define BERN_MOST_POSTERIOR_BITS 20 /* 2^20 firings a step */

/* Room for one step's work; made once. */
typedef struct bern_posterior {
	const bern_network *net; /* borrowed */
	size_t bits;             /* hidden units of all layers */
	double *p, *odds;        /* (bits) P(h = 1) given what is below, and p / (1 - p) */
	double *a;               /* (bits + logits) activations given what is below */
	double *factor;          /* (param_count) exp(weight) of all layers but the first */
	double *pi;              /* (logits) the policy of one firing */
	double *sum;             /* (bits + logits) sums of scores of a layer */
	/* sums over firings in the making, 1 + logits numbers each */
	double *waiting, *fired, *now; /* (bits + depth, ...), (bits, ...), (depth, ...) */
	double *total; /* (param_count) sums over firings, before the division by their mass */
	uint8_t *h;    /* (bits) the firing visited */
	uint32_t *free_units;              /* (bits) of each layer, those with 0 < p < 1 */
	size_t start[BERN_MAX_LAYERS + 1]; /* first unit of each layer in these arrays */
} bern_posterior;

int32_t bern_posterior_init(bern_posterior *posterior, bern_arena *arena, const bern_network *net,
			    bern_error *e);

/* Adds c * E[d log(P(h | s) pi(a | h)) | s, a] to gradient (param_count) for the observation x (inputs) and the action (C), by
 * visiting every firing; units whose p is 0 or 1 are not visited. allowed (N) or NULL is the mask of a softmax head. */
void bern_posterior_enumerate(bern_posterior *posterior, const float *x, const int32_t *action,
			      const uint8_t *allowed, float c, float *gradient);

/* Makes ready for samples under the present parameters: turning a unit over multiplies the odds of those above by exp(weight). */
void bern_posterior_prepare(bern_posterior *posterior);

/* Adds the mean over `sweeps` sweeps of a Gibbs chain that starts from the firing h (one byte a unit, layer l at
 * fired[l]); draws from rng. */
void bern_posterior_sample(bern_posterior *posterior, const float *x, const uint8_t *const *fired,
			   const int32_t *action, const uint8_t *allowed, size_t sweeps,
			   bern_pcg32 *rng, float c, float *gradient);

#endif
