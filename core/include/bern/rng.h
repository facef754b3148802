/* bern/rng.h: random numbers for environments and agents, header-only.
 *
 * pcg64 (XSL-RR 128/64) and pcg32 (XSH-RR 64/32) as published in O'Neill 2014, "PCG: A Family of Simple Fast
 * Space-Efficient Statistically Good Algorithms for Random Number Generation". bern_rng is what an environment
 * is handed: pcg64 with numpy's way of making doubles, bounded integers and their order, so that an environment
 * seeded like Gymnasium's draws the same numbers.
 *
 * Nothing here is thread-safe: a generator belongs to one caller at a time. All results are the same bits on every
 * platform. Seeding from user seeds is the host's business (bern/seed.h).
 */
#ifndef BERN_RNG_H
#define BERN_RNG_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

__extension__ typedef unsigned __int128 bern_u128;

/* ---- pcg64: the generator of environments ---------------------------------------------------------- */

typedef struct bern_rng {
	uint64_t state[2];     /* low, high half of the 128-bit state */
	uint64_t increment[2]; /* low, high half; odd */
	uint32_t
		half; /* upper half of the last 64 bits, kept for the next 32-bit draw as numpy does */
	uint32_t has_half; /* 1 if `half` is waiting */
} bern_rng;

/* 128 bits from and to their low and high half. */
static inline bern_u128 bern_u128_of(const uint64_t pair[2])
{
	return (bern_u128)pair[1] << 64 | pair[0];
}

static inline void bern_u128_to(uint64_t pair[2], bern_u128 x)
{
	pair[0] = (uint64_t)x;
	pair[1] = (uint64_t)(x >> 64);
}

/* state <- state * multiplier + increment, modulo 2^128 */
static inline void bern_rng_advance_one(bern_rng *rng)
{
	const bern_u128 multiplier = (bern_u128)2549297995355413924u << 64 | 4865540595714422341u;
	bern_u128_to(rng->state,
		     bern_u128_of(rng->state) * multiplier + bern_u128_of(rng->increment));
}

/* Starts pcg64 from the reference library's (initial state, stream). */
static inline void bern_rng_init(bern_rng *rng, const uint64_t state[2], const uint64_t stream[2])
{
	bern_u128 start = bern_u128_of(state);
	bern_u128_to(rng->increment, bern_u128_of(stream) << 1 | 1u);
	rng->state[0] = rng->state[1] = 0;
	rng->half = rng->has_half = 0;
	bern_rng_advance_one(rng);
	bern_u128_to(rng->state, bern_u128_of(rng->state) + start);
	bern_rng_advance_one(rng);
}

/* 64 uniform random bits. */
static inline uint64_t bern_rng_u64(bern_rng *rng)
{
	uint64_t x;
	uint32_t turn;
	bern_rng_advance_one(rng);
	x = rng->state[1] ^ rng->state[0];
	turn = (uint32_t)(rng->state[1] >> 58);
	return x >> turn | x << (-turn & 63u);
}

/* 32 uniform random bits: the lower half of a draw, then its upper half. numpy's next_uint32. */
static inline uint32_t bern_rng_u32(bern_rng *rng)
{
	uint64_t x;
	if (rng->has_half) {
		rng->has_half = 0;
		return rng->half;
	}
	x = bern_rng_u64(rng);
	rng->half = (uint32_t)(x >> 32);
	rng->has_half = 1;
	return (uint32_t)x;
}

/* Uniform in [0, 1), a multiple of 2^-53. numpy's Generator.random(). */
static inline double bern_rng_uniform(bern_rng *rng)
{
	return (double)(bern_rng_u64(rng) >> 11) * (1.0 / 9007199254740992.0);
}

/* Uniform in [low, high). numpy's Generator.uniform(low, high). */
static inline double bern_rng_range(bern_rng *rng, double low, double high)
{
	double width = high - low;
	double part = width * bern_rng_uniform(rng);
	return low + part;
}

/* Uniform integer in 0 .. n-1, n >= 1, without bias. numpy's Generator.integers(n): Lemire 2019, "Fast random integer
 * generation in an interval", on 32 bits where n allows. */
static inline uint64_t bern_rng_below(bern_rng *rng, uint64_t n)
{
	if (n <= 1)
		return 0;
	if (n == (uint64_t)1 << 32)
		return bern_rng_u32(rng);
	if (n < (uint64_t)1 << 32) {
		uint32_t n32 = (uint32_t)n;
		uint64_t product = (uint64_t)bern_rng_u32(rng) * n32;
		if ((uint32_t)product < n32) {
			uint32_t least = (uint32_t)(-n32) % n32;
			while ((uint32_t)product < least)
				product = (uint64_t)bern_rng_u32(rng) * n32;
		}
		return product >> 32;
	} else {
		bern_u128 product = (bern_u128)bern_rng_u64(rng) * n;
		if ((uint64_t)product < n) {
			uint64_t least = (0 - n) % n;
			while ((uint64_t)product < least)
				product = (bern_u128)bern_rng_u64(rng) * n;
		}
		return (uint64_t)(product >> 64);
	}
}

/* ---- pcg32: the generator of firings --------------------------------------------------------------- */

#define BERN_PCG32_MULTIPLIER 6364136223846793005u

typedef struct bern_pcg32 {
	uint64_t state;
	uint64_t increment; /* odd */
} bern_pcg32;

/* Starts pcg32 from the reference library's (initial state, stream). */
static inline void bern_pcg32_init(bern_pcg32 *rng, uint64_t state, uint64_t stream)
{
	rng->increment = stream << 1 | 1u;
	rng->state = (rng->increment + state) * BERN_PCG32_MULTIPLIER + rng->increment;
}

/* The output function: 32 bits of a 64-bit state. */
static inline uint32_t bern_pcg32_output(uint64_t state)
{
	uint32_t x = (uint32_t)((state >> 18 ^ state) >> 27);
	uint32_t turn = (uint32_t)(state >> 59);
	return x >> turn | x << (-turn & 31u);
}

/* 32 uniform random bits. */
static inline uint32_t bern_pcg32_next(bern_pcg32 *rng)
{
	uint64_t state = rng->state;
	rng->state = state * BERN_PCG32_MULTIPLIER + rng->increment;
	return bern_pcg32_output(state);
}

/* The multiplier and addend of `steps` steps at once: state -> state * *multiplier + *addend. Brown 1994, "Random
 * number generation with arbitrary strides". */
static inline void bern_pcg32_stride(uint64_t increment, uint64_t steps, uint64_t *multiplier,
				     uint64_t *addend)
{
	uint64_t m = BERN_PCG32_MULTIPLIER, a = increment;
	*multiplier = 1;
	*addend = 0;
	for (; steps; steps >>= 1) {
		if (steps & 1) {
			*multiplier *= m;
			*addend = *addend * m + a;
		}
		a = (m + 1) * a;
		m *= m;
	}
}

/* Moves on as `steps` draws would; 2^64 - n moves back by n. */
static inline void bern_pcg32_advance(bern_pcg32 *rng, uint64_t steps)
{
	uint64_t m, a;
	bern_pcg32_stride(rng->increment, steps, &m, &a);
	rng->state = rng->state * m + a;
}

#ifdef __cplusplus
}
#endif

#endif
