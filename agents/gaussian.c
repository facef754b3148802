#include "gaussian.h"

#include <bern/math.h>
#include <math.h>

#define MOST_LOG 10.0f /* a deviation of e^-10 .. e^10 half ranges */
#define TWO_PI   6.283185307179586

int32_t bern_gaussian_init(bern_gaussian *gaussian, bern_arena *arena, const bern_space *action,
			   bern_error *e)
{
	size_t D = action->count;
	if (action->dtype != BERN_FLOAT32)
		return bern_fail(e, BERN_EUSAGE,
				 "the network has no head for BOX actions of whole numbers; it "
				 "takes BOX actions of floats, DISCRETE, MULTI_BINARY and "
				 "MULTI_DISCRETE");
	*gaussian = (bern_gaussian){.count = D,
				    .low = bern_arena_take(arena, D, sizeof(float)),
				    .high = bern_arena_take(arena, D, sizeof(float)),
				    .middle = bern_arena_take(arena, D, sizeof(float)),
				    .half = bern_arena_take(arena, D, sizeof(float))};
	int32_t failed = bern_arena_check(arena, e);
	for (size_t d = 0; !failed && d < D; d++) {
		float low = action->low ? action->low[d] : -(float)INFINITY;
		float high = action->high ? action->high[d] : (float)INFINITY;
		int bounds = (low > -(float)INFINITY) + (high < (float)INFINITY);
		if (bounds == 1 || low == high)
			failed = bern_fail(e, BERN_EUSAGE,
					   "the network cannot act in the BOX [%g, %g] of action "
					   "element %zu; it takes two bounds with room between "
					   "them, or none",
					   (double)low, (double)high, d);
		gaussian->low[d] = low;
		gaussian->high[d] = high;
		/* halves first: the sum of two large bounds need not be a float */
		gaussian->middle[d] = bounds ? 0.5f * low + 0.5f * high : 0.0f;
		gaussian->half[d] = bounds ? 0.5f * high - 0.5f * low : 1.0f;
	}
	return failed;
}

static int is_cut(float log_deviation)
{
	return !(log_deviation > -MOST_LOG && log_deviation < MOST_LOG);
}

void bern_gaussian_policy(const bern_gaussian *gaussian, float *pi, const float *mean)
{
	size_t D = gaussian->count;
	for (size_t d = 0; d < D; d++) {
		float s = gaussian->log_deviation[d];
		pi[d] = mean[d];
		pi[D + d] = bern_expf(s < -MOST_LOG ? -MOST_LOG : s > MOST_LOG ? MOST_LOG : s);
	}
}

int32_t bern_gaussian_draw(float m, float sigma, const uint32_t words[2])
{
	double radius = sqrt(-2.0 * bern_log(((double)words[0] + 0.5) / 4294967296.0));
	double angle = TWO_PI * ((double)words[1] / 4294967296.0);
	return (int32_t)bern_bits_of_float(m + sigma * (float)(radius * bern_cos(angle)));
}

/* (u - m)/sigma of number d */
static float standard(const bern_gaussian *gaussian, const float *pi, const int32_t *action,
		      size_t d)
{
	return (bern_float_of_bits((uint32_t)action[d]) - pi[d]) / pi[gaussian->count + d];
}

double bern_gaussian_log_density(const bern_gaussian *gaussian, const float *pi,
				 const int32_t *action)
{
	double total = 0.0;
	for (size_t d = 0; d < gaussian->count; d++) {
		double z = (double)standard(gaussian, pi, action, d);
		total -= 0.5 * z * z + 0.5 * bern_log(TWO_PI) +
			 bern_log((double)pi[gaussian->count + d]);
	}
	return total;
}

void bern_gaussian_score(const bern_gaussian *gaussian, float *delta, const float *pi,
			 const int32_t *action, float c)
{
	size_t D = gaussian->count;
	for (size_t d = 0; d < D; d++) {
		float z = standard(gaussian, pi, action, d);
		delta[d] = c * (z / pi[D + d]);
		delta[D + d] = is_cut(gaussian->log_deviation[d]) ? 0.0f : c * (z * z - 1.0f);
	}
}

float bern_gaussian_entropy(const bern_gaussian *gaussian, const float *pi)
{
	float total = 0.0f;
	for (size_t d = 0; d < gaussian->count; d++)
		total += bern_logf(pi[gaussian->count + d]) + 1.41893853f;
	return total;
}

void bern_gaussian_entropy_score(const bern_gaussian *gaussian, float *delta, float c)
{
	for (size_t d = 0; d < gaussian->count; d++)
		delta[gaussian->count + d] += is_cut(gaussian->log_deviation[d]) ? 0.0f : c;
}

void bern_gaussian_write(const bern_gaussian *gaussian, float *out, const int32_t *action)
{
	for (size_t d = 0; d < gaussian->count; d++) {
		float x = gaussian->middle[d] +
			  gaussian->half[d] * bern_float_of_bits((uint32_t)action[d]);
		x = x < gaussian->low[d] ? gaussian->low[d] : x;
		out[d] = x > gaussian->high[d] ? gaussian->high[d] : x;
	}
}
