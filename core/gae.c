#include "gae.h"

#include <bern/env.h>

#include <assert.h>

#define TILE 16

/* Lanes b0 .. b0 + n - 1, n <= TILE, last step first. */
static void gae_tile(float *advantage, float *target, const float *reward, const uint32_t *flags,
		     const float *value, const float *last_value, const float *bootstrap,
		     double gamma, double lambda, size_t T, size_t B, size_t b0, size_t n)
{
	double sum[TILE] = {0}, next[TILE];
	for (size_t l = 0; l < n; l++)
		next[l] = last_value[b0 + l];
	for (size_t t = T; t-- > 0;) {
		for (size_t l = 0; l < n; l++) {
			size_t at = t * B + b0 + l;
			if (flags[at] & BERN_TERMINATED) {
				next[l] = 0;
				sum[l] = 0;
			} else if (flags[at] & BERN_TRUNCATED) {
				assert(bootstrap);
				next[l] = bootstrap[at];
				sum[l] = 0;
			}
			double delta = reward[at] + gamma * next[l] - value[at];
			sum[l] = delta + gamma * lambda * sum[l];
			advantage[at] = (float)sum[l];
			target[at] = (float)(sum[l] + value[at]);
			next[l] = value[at];
		}
	}
}

void bern_gae_lanes(float *advantage, float *target, const float *reward, const uint32_t *flags,
		    const float *value, const float *last_value, const float *bootstrap,
		    double gamma, double lambda, size_t T, size_t B, size_t first, size_t count)
{
	for (size_t b0 = first, end = first + count; b0 < end; b0 += TILE)
		gae_tile(advantage, target, reward, flags, value, last_value, bootstrap, gamma,
			 lambda, T, B, b0, end - b0 < TILE ? end - b0 : TILE);
}

void bern_gae(float *advantage, float *target, const float *reward, const uint32_t *flags,
	      const float *value, const float *last_value, const float *bootstrap, double gamma,
	      double lambda, size_t T, size_t B)
{
	bern_gae_lanes(advantage, target, reward, flags, value, last_value, bootstrap, gamma,
		       lambda, T, B, 0, B);
}
