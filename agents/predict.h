/* predict.h: what the estimators share that learn to predict the unbiased estimate from a biased signal.
 *
 * For a binary unit in one firing, u = A c (h - p) is the unbiased estimate of the gradient at its activation and d the gradient that
 * reaches its output from the action layer, A w d log pi(a | h)/dh, straight through what lies between. d has little noise and a
 * bias. Fitted by least squares, q(d, p, h) approximates E[u | d, p, h], whose mean is that of u: the true gradient with noise
 * regressed away. In place of u, q goes on to the weights and to the layers below.
 *
 * Bengio 2013, arXiv 1305.2982, whose abstract proposes it; the forms here are our reconstruction. q is read from what earlier updates
 * taught, so R^2 is that of a prediction of samples not seen before.
 */
#ifndef BERN_PREDICT_H
#define BERN_PREDICT_H

#include "backward.h"

/* Weight of one update in the running means, and the updates before q is trusted: until then u itself goes on. */
#define BERN_PREDICT_RATE   0.01
#define BERN_PREDICT_WARMUP 50

/* How well u was predicted: running means for each binary unit. */
typedef struct bern_fit {
	size_t units;
	double *mean;   /* (3, units) of u, u^2, (u - q)^2, undivided by weight[0] */
	double *sum;    /* (3, units) of this update */
	double *weight; /* (2) what the means weigh; updates so far */
	double samples; /* in the sums, each unit's */
} bern_fit;

int32_t bern_fit_init(bern_fit *fit, bern_arena *arena, const bern_network *net, bern_error *e);
int32_t bern_fit_tensors(bern_fit *fit, bern_tensors *list, bern_error *e);

static inline void bern_fit_note(bern_fit *fit, size_t unit, double u, double q)
{
	double *sum = fit->sum + unit;
	sum[0] += u;
	sum[fit->units] += u * u;
	sum[2 * fit->units] += (u - q) * (u - q);
}

static inline int bern_fit_is_warm(const bern_fit *fit)
{
	return fit->weight[1] >= BERN_PREDICT_WARMUP;
}

/* Moves mean (count) towards sum/samples and clears the sum; keep 0 only clears. */
void bern_follow(double *mean, double *sum, size_t count, double samples, int keep);
void bern_fit_update(bern_fit *fit, int keep);

/* 1 - E[(u - q)^2] / Var(u), summed over units; NaN before anything is known. */
double bern_fit_r2(const bern_fit *fit);

#endif
