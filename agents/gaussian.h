/* gaussian.h: real actions. What the Gaussian head does (head.h calls it).
 *
 * An action of D numbers u, drawn from the mean of K Gaussians with means m_k (D) and one deviation sigma (D) for all of them. u
 * counts in half ranges from the middle of the action's bounds: the environment gets middle + half u, cut to the bounds, while
 * densities and scores are those of u itself, before the cut. An element without bounds has middle 0 and half 1.
 *
 * The code that deals with actions holds a number in an int32, as its bits. pi (2 D) are the means, then the deviations.
 */
#ifndef BERN_GAUSSIAN_H
#define BERN_GAUSSIAN_H

#include "arena.h"

#include <bern/host.h>

typedef struct bern_gaussian {
	size_t count;               /* D */
	float *low, *high;          /* (D) bounds, infinite where there are none */
	float *middle, *half;       /* (D) */
	const float *log_deviation; /* (D) borrowed from the network's parameters */
} bern_gaussian;

/* For a BOX of floats whose elements have two bounds with room between them, or none. */
int32_t bern_gaussian_init(bern_gaussian *gaussian, bern_arena *arena, const bern_space *action,
			   bern_error *e);

/* pi (2 D) from the means (D): adds the deviations, exp of log_deviation cut to -10 .. 10. */
void bern_gaussian_policy(const bern_gaussian *gaussian, float *pi, const float *mean);

/* The bits of one number u = m + sigma z, z standard normal from two words (Box & Muller 1958; |z| < 6.77). */
int32_t bern_gaussian_draw(float m, float sigma, const uint32_t words[2]);

/* log of the density of u under m and sigma. */
double bern_gaussian_log_density(const bern_gaussian *gaussian, const float *pi,
				 const int32_t *action);

/* delta (2 D) = c times the derivatives of the log density (Williams 1992, section 6): (u - m)/sigma^2 by the mean, and
 * ((u - m)/sigma)^2 - 1 by the log deviation, 0 where that is cut. */
void bern_gaussian_score(const bern_gaussian *gaussian, float *delta, const float *pi,
			 const int32_t *action, float c);

/* Entropy in nats of one Gaussian: sum of log sigma + log(2 pi e)/2. */
float bern_gaussian_entropy(const bern_gaussian *gaussian, const float *pi);

/* Adds c to each log deviation's delta, 0 where that is cut: c times the derivative of that entropy. */
void bern_gaussian_entropy_score(const bern_gaussian *gaussian, float *delta, float c);

/* What the environment gets: out (D). */
void bern_gaussian_write(const bern_gaussian *gaussian, float *out, const int32_t *action);

#endif
