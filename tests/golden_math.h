/* One number for all results of bern/math.h over a grid of inputs: equal wherever the bits are equal. NaN results count as NaN,
 * because their sign and payload are the one thing IEEE 754 leaves open. */
#ifndef BERN_TEST_GOLDEN_MATH_H
#define BERN_TEST_GOLDEN_MATH_H

#include <bern/math.h>
#include <stddef.h>

/* FNV-1a over the bytes of a word, low first. */
static inline uint64_t golden_add(uint64_t hash, uint64_t word)
{
	for (int i = 0; i < 8; i++) {
		hash = (hash ^ (word & 0xff)) * 1099511628211u;
		word >>= 8;
	}
	return hash;
}

static inline uint64_t golden_addf(uint64_t hash, float x)
{
	return golden_add(hash, x == x ? bern_bits_of_float(x) : 1);
}

static inline uint64_t golden_addd(uint64_t hash, double x)
{
	return golden_add(hash, x == x ? bern_bits_of_double(x) : 1);
}

#define GOLDEN_START 14695981039346656037u

/* Every exponent and both signs: floats of all bit patterns in steps of 1000003, doubles of random bits, and angles, logits and
 * probabilities as they occur. Arrays, so that optimising compilers make vector loops of it. */
static inline uint64_t golden_math(void)
{
	enum { COUNT = 4096 };
	static float xf[COUNT], yf[COUNT];
	static double xd[COUNT], yd[COUNT], zd[COUNT];
	uint64_t hash = GOLDEN_START;
	bern_rng rng;
	const uint64_t state[2] = {42, 0}, stream[2] = {54, 0};
	bern_rng_init(&rng, state, stream);
	for (int round = 0; round < 4; round++) {
		for (size_t i = 0; i < COUNT; i++) {
			uint64_t bits = bern_rng_u64(&rng);
			double part = 2.0 * bern_rng_uniform(&rng) - 1.0;
			if (round == 0) {
				xf[i] = bern_float_of_bits((uint32_t)i * 1000003u);
				xd[i] = bern_double_of_bits(bits);
			} else {
				xd[i] = part * (round == 1 ? 1.0 : round == 2 ? 30.0 : 700.0);
				xf[i] = (float)(part * (round == 1 ? 1.0 : 90.0));
			}
		}
#define GOLDEN_F(call)                                                                             \
	for (size_t i = 0; i < COUNT; i++)                                                         \
		yf[i] = call;                                                                      \
	for (size_t i = 0; i < COUNT; i++)                                                         \
		hash = golden_addf(hash, yf[i]);
#define GOLDEN_D(call)                                                                             \
	for (size_t i = 0; i < COUNT; i++)                                                         \
		yd[i] = call;                                                                      \
	for (size_t i = 0; i < COUNT; i++)                                                         \
		hash = golden_addd(hash, yd[i]);
		GOLDEN_F(bern_expf(xf[i]))
		GOLDEN_F(bern_sigmoidf(xf[i]))
		GOLDEN_F(bern_tanhf(xf[i]))
		GOLDEN_F(bern_logf(xf[i]))
		GOLDEN_F(bern_sqrtf(xf[i]))
		GOLDEN_D(bern_exp(xd[i]))
		GOLDEN_D(bern_sigmoid(xd[i]))
		GOLDEN_D(bern_tanh(xd[i]))
		GOLDEN_D(bern_log(xd[i]))
		GOLDEN_D(bern_sqrt(xd[i]))
		GOLDEN_D(bern_sin(xd[i]))
		GOLDEN_D(bern_cos(xd[i]))
		GOLDEN_D(bern_pow(bern_abs(xd[i]), xd[COUNT - 1 - i]))
		for (size_t i = 0; i < COUNT; i++)
			bern_sincos(xd[i], &yd[i], &zd[i]);
		for (size_t i = 0; i < COUNT; i++)
			hash = golden_addd(golden_addd(hash, yd[i]), zd[i]);
		GOLDEN_D(bern_normal(&rng))
#undef GOLDEN_F
#undef GOLDEN_D
	}
	return hash;
}

#endif
