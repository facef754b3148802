#include "gae.h"

#include <bern/env.h>

#include <assert.h>

#define TILE  16
#define ENDED (BERN_TERMINATED | BERN_TRUNCATED)

/* Lanes b0 .. b0 + n - 1, n <= TILE, last step first. Nothing branches on which
 * episodes end, which cannot be foretold. */
static inline void gae_tile(float *restrict advantage, float *restrict target, const float *reward,
			    const uint32_t *flags, const float *value, const float *last_value,
			    const float *bootstrap, double gamma, double lambda, size_t T, size_t B,
			    size_t b0, size_t n)
{
	double sum[TILE] = {0}, next[TILE];
	for (size_t l = 0; l < n; l++)
		next[l] = last_value[b0 + l];
	for (size_t t = T; t-- > 0;) {
		const size_t at = t * B + b0;
		uint32_t seen = 0;
		for (size_t l = 0; l < n; l++) {
			const int ended = (flags[at + l] & ENDED) != 0;
			seen |= flags[at + l];
			next[l] = ended ? 0.0 : next[l];
			sum[l] = ended ? 0.0 : sum[l];
		}
		for (size_t l = 0; (seen & BERN_TRUNCATED) && l < n; l++) {
			if ((flags[at + l] & ENDED) != BERN_TRUNCATED)
				continue;
			assert(bootstrap);
			next[l] = bootstrap[at + l];
		}
		for (size_t l = 0; l < n; l++) {
			double delta = reward[at + l] + gamma * next[l] - value[at + l];
			sum[l] = delta + gamma * lambda * sum[l];
			advantage[at + l] = (float)sum[l];
			target[at + l] = (float)(sum[l] + value[at + l]);
			next[l] = value[at + l];
		}
	}
}

void bern_gae_lanes(float *advantage, float *target, const float *reward, const uint32_t *flags,
		    const float *value, const float *last_value, const float *bootstrap,
		    double gamma, double lambda, size_t T, size_t B, size_t first, size_t count)
{
	size_t b0 = first, end = first + count;
	for (; b0 + TILE <= end; b0 += TILE)
		gae_tile(advantage, target, reward, flags, value, last_value, bootstrap, gamma,
			 lambda, T, B, b0, TILE);
	if (b0 < end)
		gae_tile(advantage, target, reward, flags, value, last_value, bootstrap, gamma,
			 lambda, T, B, b0, end - b0);
}

void bern_gae(float *advantage, float *target, const float *reward, const uint32_t *flags,
	      const float *value, const float *last_value, const float *bootstrap, double gamma,
	      double lambda, size_t T, size_t B)
{
	bern_gae_lanes(advantage, target, reward, flags, value, last_value, bootstrap, gamma,
		       lambda, T, B, 0, B);
}
