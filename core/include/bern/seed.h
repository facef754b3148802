/* bern/seed.h: independent random streams from one user seed.
 *
 * numpy's SeedSequence (O'Neill's seed_seq_fe, as in numpy 1.17 and later): (seed, spawn_key) -> any number of well
 * mixed words. Every stream of a run is bern_stream_key: what it is for, and for whom, so that no two of them coincide
 * and none depends on the number of threads.
 */
#ifndef BERN_SEED_H
#define BERN_SEED_H

#include <bern/rng.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a stream is for: the first word of its spawn key. Values are part of the checkpoint format. */
enum bern_purpose {
	BERN_FOR_ENVIRONMENT = 1,      /* dynamics and start states while training */
	BERN_FOR_FIRING = 2,           /* neurons and actions while training */
	BERN_FOR_WEIGHTS = 3,          /* initial weights */
	BERN_FOR_LOOK_ENVIRONMENT = 4, /* environments of the looks during training */
	BERN_FOR_LOOK_FIRING = 5,
	BERN_FOR_EVAL_FIRING =
		6, /* neurons of `bern eval`; its environments take plain seeds as Gymnasium's do */
	BERN_FOR_LEARNING = 7 /* anything random in an update */
};

typedef struct bern_stream_key {
	uint32_t purpose; /* enum bern_purpose */
	uint32_t agent;   /* which agent or look; 0 if there is one */
	uint32_t lane;
	uint64_t episode;
} bern_stream_key;

/* Writes `count` words of SeedSequence(seed, spawn_key=key).generate_state(count, uint32). */
void bern_seed_words(uint64_t seed, const uint32_t *key, size_t key_count, uint32_t *out,
		     size_t count);

/* numpy's default_rng(seed), which is Gymnasium's reset(seed=seed): PCG64(SeedSequence(seed)). */
void bern_rng_seed(bern_rng *rng, uint64_t seed);

/* PCG64(SeedSequence(seed, spawn_key=(purpose, agent, lane, episode low, episode high))). */
void bern_rng_stream(bern_rng *rng, uint64_t seed, bern_stream_key key);

/* What the streams of one lane have in common, so that each costs a third: bern_rng_episode(rng, &lane, i) is
 * bern_rng_stream(rng, seed, key) with key.episode = i. */
typedef struct bern_lane_seed {
	uint32_t pool[4], constant;
} bern_lane_seed;
void bern_lane_seed_init(bern_lane_seed *lane, uint64_t seed, bern_stream_key key);
void bern_rng_episode(bern_rng *rng, const bern_lane_seed *lane, uint64_t episode);

/* ---- firings: one pcg32 stream read 16 numbers at a time -------------------------------------------- */

#define BERN_LEAPS 16

/* The stream of a pcg32, as 16 leapfrogged sub-streams: number i comes from sub-stream i mod 16, so that a vector register
 * holds 16 successive numbers. */
typedef struct bern_firing_rng {
	uint64_t state[BERN_LEAPS]; /* state of sub-stream i: the pcg32 state i draws on */
	uint64_t addend;            /* of 16 steps at once */
} bern_firing_rng;

/* The multiplier of 16 pcg32 steps at once: BERN_PCG32_MULTIPLIER^16 modulo 2^64. */
#define BERN_PCG32_LEAP 10186629832379121217u

/* Spreads a pcg32 over 16 sub-streams: from here on, both give the same numbers. */
void bern_firing_rng_from(bern_firing_rng *rng, bern_pcg32 start);

/* The firing stream of a key: pcg32 with state and stream from SeedSequence, as for bern_rng_stream. */
void bern_firing_rng_stream(bern_firing_rng *rng, uint64_t seed, bern_stream_key key);

/* The next 16 numbers; the plain version of what kernels do in vector registers. */
void bern_firing_rng_next(bern_firing_rng *rng, uint32_t out[BERN_LEAPS]);

#ifdef __cplusplus
}
#endif

#endif
