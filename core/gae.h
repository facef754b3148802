/* gae.h: advantages and value targets of a rollout. Internal to libbern.
 *
 * Schulman, Moritz, Levine, Jordan, Abbeel 2016, "High-dimensional continuous control using generalized advantage
 * estimation", eq. 16: advantage[t] = sum over k of (gamma lambda)^k delta[t + k], delta[t] = r[t] + gamma V[t + 1] - V[t].
 */
#ifndef BERN_GAE_H
#define BERN_GAE_H

#include <stddef.h>
#include <stdint.h>

/* Writes advantage (T, B) and target = advantage + value (T, B) of a time-major rollout of T steps in B lanes.
 *
 * reward (T, B) and flags (T, B) are of the step made from row t; value (T, B) is V of the observation that step answered;
 * last_value (B) is V of the observation after the last row. TERMINATED: nothing follows, the value after it is 0, also where
 * TRUNCATED stands beside it. TRUNCATED alone: the future goes on unseen, the value after it is bootstrap (T, B), V of the
 * episode's last observation; bootstrap is read nowhere else and may be NULL if there is no such step. Both end the sum.
 *
 * Sums are in double, results rounded to float. Threads: reads its arguments and writes its outputs, nothing else. */
void bern_gae(float *advantage, float *target, const float *reward, const uint32_t *flags,
	      const float *value, const float *last_value, const float *bootstrap, double gamma,
	      double lambda, size_t T, size_t B);

/* The same of lanes first .. first + count - 1 alone, first a multiple of 16: several threads may do several lanes at once. */
void bern_gae_lanes(float *advantage, float *target, const float *reward, const uint32_t *flags,
		    const float *value, const float *last_value, const float *bootstrap,
		    double gamma, double lambda, size_t T, size_t B, size_t first, size_t count);

#endif
