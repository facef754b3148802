/* bern/batch.h: one source of a batch, compiled for several instruction sets; header-only.
 *
 * BERN_BATCHES(name, step, reset) defines `static const bern_batch *const name[]` and BERN_BATCH_COUNT(name) its length. `step` is a
 * function declared with BERN_BATCH_INLINE; it is compiled once for any CPU and, where the compiler can, once more for AVX2 and for
 * AVX-512. `reset` is an ordinary function. Neither the linker nor any flag has a part in it:
 *
 *     BERN_BATCH_INLINE void step_tiles(const void *model, const bern_tiles *t) { ... }
 *     static void reset_tiles(const void *model, const bern_tiles *t) { ... }
 *     BERN_BATCHES(batches, step_tiles, reset_tiles)
 *     ... .batches = batches, .batch_count = BERN_BATCH_COUNT(batches), ...
 *
 * All give the same bits if the file is compiled with -ffp-contract=off, as pkg-config says.
 */
#ifndef BERN_BATCH_H
#define BERN_BATCH_H

#include <bern/env.h>

/* A loop becomes vector instructions only if nothing in it is called, so all that step calls is made part of it. */
#if defined(__GNUC__)
#define BERN_BATCH_INLINE  static inline __attribute__((always_inline))
#define BERN_BATCH_FLATTEN __attribute__((flatten))
#else
#define BERN_BATCH_INLINE static inline
#define BERN_BATCH_FLATTEN
#endif

/* The lowest lane that is set, for loops over the lanes of `begin`; lanes is not 0:
 * for (uint32_t left = tiles->begin[t]; left; left &= left - 1) ... bern_lowest_lane(left) ... */
static inline int bern_lowest_lane(uint32_t lanes)
{
#if defined(__GNUC__)
	return __builtin_ctz(lanes);
#else
	int lane = 0;
	while (!(lanes >> lane & 1))
		lane++;
	return lane;
#endif
}

/* Stands before a loop over lanes none of which writes what another one reads. The compiler then need not prove it, or look each
 * time the loop is entered:
 * BERN_EACH_LANE
 * for (int i = 0; i < BERN_TILE; i++) ... */
#if defined(__clang__)
#define BERN_EACH_LANE _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define BERN_EACH_LANE _Pragma("GCC ivdep")
#else
#define BERN_EACH_LANE
#endif

#define BERN_BATCH_COUNT(name) ((uint32_t)(sizeof(name) / sizeof((name)[0])))

#if defined(__x86_64__) && defined(__clang__)
#define BERN_TARGET_AVX2 __attribute__((target("avx2")))
#define BERN_TARGET_AVX512                                                                         \
	__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl"), min_vector_width(512)))
#elif defined(__x86_64__) && defined(__GNUC__)
#define BERN_TARGET_AVX2 __attribute__((target("avx2")))
#define BERN_TARGET_AVX512                                                                         \
	__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,prefer-vector-width=512")))
#endif

#define BERN_BATCH_LEVEL(function, target, needs, step, reset)                                     \
	target BERN_BATCH_FLATTEN static void function##_step(const void *model,                   \
							      const bern_tiles *tiles)             \
	{                                                                                          \
		step(model, tiles);                                                                \
	}                                                                                          \
	static const bern_batch function = {sizeof(bern_batch), 0, needs, function##_step, reset};

#ifdef BERN_TARGET_AVX2
#define BERN_BATCHES(name, step, reset)                                                            \
	BERN_BATCH_LEVEL(name##_avx512, BERN_TARGET_AVX512, "avx512", step, reset)                 \
	BERN_BATCH_LEVEL(name##_avx2, BERN_TARGET_AVX2, "avx2", step, reset)                       \
	BERN_BATCH_LEVEL(name##_any, , NULL, step, reset)                                          \
	static const bern_batch *const name[] = {&name##_avx512, &name##_avx2, &name##_any};
#else
#define BERN_BATCHES(name, step, reset)                                                            \
	BERN_BATCH_LEVEL(name##_any, , NULL, step, reset)                                          \
	static const bern_batch *const name[] = {&name##_any};
#endif

#endif
