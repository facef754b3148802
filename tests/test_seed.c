/* bern/seed.h against what numpy drew (tests/data/numpy-streams.py), and no two streams of a run alike. */
#include <bern/seed.h>

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- numpy ----------------------------------------------------------------------------------------- */

/* Reads a line "word a b c ..." of the data file: the next number after *at. */
static uint64_t number(char **at, int base)
{
	char *end;
	uint64_t x = strtoull(*at, &end, base);
	ck_assert_msg(end > *at, "not a number: %s", *at);
	*at = end;
	return x;
}

static double real(char **at)
{
	char *end;
	double x = strtod(*at, &end);
	ck_assert_msg(end > *at, "not a number: %s", *at);
	*at = end;
	return x;
}

/* PCG64 from a seed and any spawn key, put together from the words as numpy's C source does. */
static void rng_of(bern_rng *rng, const uint32_t words[8])
{
	const uint64_t state[2] = {(uint64_t)words[3] << 32 | words[2],
				   (uint64_t)words[1] << 32 | words[0]};
	const uint64_t stream[2] = {(uint64_t)words[7] << 32 | words[6],
				    (uint64_t)words[5] << 32 | words[4]};
	bern_rng_init(rng, state, stream);
}

START_TEST(streams_are_those_of_numpy)
{
	FILE *f = fopen(BERN_TEST_DATA "/numpy-streams.txt", "r");
	char line[512];
	uint64_t seed = 0, facts = 0, streams = 0;
	uint32_t key[16], words[10] = {0};
	size_t key_count = 0;
	bern_rng rng = {{0, 0}, {0, 0}, 0, 0};
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof line, f)) {
		char *at = strchr(line, ' ');
		if (line[0] == '#')
			continue;
		facts++;
		ck_assert_ptr_nonnull(at);
		*at++ = '\0';
		if (!strcmp(line, "seed")) {
			seed = number(&at, 10);
			key_count = number(&at, 10);
			ck_assert_uint_le(key_count, 16);
			for (size_t i = 0; i < key_count; i++)
				key[i] = (uint32_t)number(&at, 10);
			bern_seed_words(seed, key, key_count, words, 10);
			streams++;
		} else if (!strcmp(line, "words")) {
			for (size_t i = 0; i < 10; i++)
				ck_assert_uint_eq(words[i], number(&at, 10));
		} else if (!strcmp(line, "state")) {
			rng_of(&rng, words);
			if (key_count == 0)
				bern_rng_seed(&rng, seed);
			if (key_count == 5)
				bern_rng_stream(&rng, seed,
						(bern_stream_key){key[0], key[1], key[2],
								  (uint64_t)key[4] << 32 | key[3]});
			ck_assert_uint_eq(rng.state[1], number(&at, 16));
			ck_assert_uint_eq(rng.state[0], number(&at, 16));
			ck_assert_uint_eq(rng.increment[1], number(&at, 16));
			ck_assert_uint_eq(rng.increment[0], number(&at, 16));
		} else if (!strcmp(line, "random")) {
			ck_assert(bern_rng_uniform(&rng) == real(&at));
		} else if (!strcmp(line, "uniform")) {
			double low = real(&at), high = real(&at);
			ck_assert(bern_rng_range(&rng, low, high) == real(&at));
		} else if (!strcmp(line, "below")) {
			uint64_t n = number(&at, 10), drawn = bern_rng_below(&rng, n);
			uint64_t expected = number(&at, 10);
			ck_assert_msg(drawn == expected,
				      "seed %" PRIu64 ": below(%" PRIu64 ") is %" PRIu64
				      ", numpy's is %" PRIu64,
				      seed, n, drawn, expected);
		} else {
			ck_abort_msg("unknown line: %s", line);
		}
	}
	fclose(f);
	ck_assert_uint_eq(streams, 38);
	ck_assert_uint_eq(facts, 38 * (3 + 3 * 18));
}
END_TEST

/* ---- leaps ------------------------------------------------------------------------------------------ */

START_TEST(the_leap_is_sixteen_steps)
{
	uint64_t multiplier, addend, power = 1;
	for (int i = 0; i < BERN_LEAPS; i++)
		power *= BERN_PCG32_MULTIPLIER;
	ck_assert_uint_eq(power, BERN_PCG32_LEAP);
	bern_pcg32_stride(12345, BERN_LEAPS, &multiplier, &addend);
	ck_assert_uint_eq(multiplier, BERN_PCG32_LEAP);
}
END_TEST

START_TEST(leapfrogged_numbers_are_the_plain_ones)
{
	bern_firing_rng leaping;
	bern_pcg32 plain;
	bern_pcg32_init(&plain, 1000 + (uint64_t)_i, 54 * (uint64_t)_i);
	bern_firing_rng_from(&leaping, plain);
	for (int i = 0; i < 1000; i++) {
		uint32_t drawn[BERN_LEAPS];
		bern_firing_rng_next(&leaping, drawn);
		for (int k = 0; k < BERN_LEAPS; k++)
			ck_assert_uint_eq(drawn[k], bern_pcg32_next(&plain));
	}
}
END_TEST

START_TEST(firings_start_from_the_words_of_their_key)
{
	/* numpy: SeedSequence(42, spawn_key=(2, 0, 15, 7, 0)).generate_state(4) */
	static const uint32_t words[4] = {716986971u, 461282270u, 2183241619u, 286270386u};
	const bern_stream_key key = {BERN_FOR_FIRING, 0, 15, 7};
	bern_firing_rng firing;
	bern_pcg32 plain;
	uint32_t drawn[BERN_LEAPS];
	bern_pcg32_init(&plain, (uint64_t)words[1] << 32 | words[0],
			(uint64_t)words[3] << 32 | words[2]);
	bern_firing_rng_stream(&firing, 42, key);
	bern_firing_rng_next(&firing, drawn);
	for (int k = 0; k < BERN_LEAPS; k++)
		ck_assert_uint_eq(drawn[k], bern_pcg32_next(&plain));
}
END_TEST

/* ---- no two alike ------------------------------------------------------------------------------------ */

/* A stream as it starts. Two of them could give the same numbers at some point only if their increments were equal. */
typedef struct start {
	uint64_t increment[2], state[2];
} start;

static int by_increment(const void *a, const void *b)
{
	return memcmp(a, b, sizeof((const start *)a)->increment);
}

static size_t coinciding(start *list, size_t count)
{
	size_t same = 0;
	qsort(list, count, sizeof *list, by_increment);
	for (size_t i = 1; i < count; i++)
		same += by_increment(list + i - 1, list + i) == 0;
	return same;
}

static start start_of_pcg64(uint64_t seed, bern_stream_key key)
{
	bern_rng rng;
	start s;
	bern_rng_stream(&rng, seed, key);
	memcpy(s.increment, rng.increment, sizeof s.increment);
	memcpy(s.state, rng.state, sizeof s.state);
	return s;
}

static start start_of_pcg32(uint64_t seed, bern_stream_key key)
{
	bern_firing_rng rng;
	start s = {{0, 0}, {0, 0}};
	bern_firing_rng_stream(&rng, seed, key);
	s.state[0] = rng.state[0];
	s.increment[0] = rng.state[1] - rng.state[0] * BERN_PCG32_MULTIPLIER;
	return s;
}

/* What many programs do instead: everything as above, but the lane counted on from the seed. */
static start start_of_seed_plus_lane(uint64_t seed, bern_stream_key key)
{
	uint64_t lane = key.lane;
	key.lane = 0;
	return start_of_pcg64(seed + lane, key);
}

enum { PURPOSES = 7, AGENTS = 4, LANES = 64, EPISODES = 250 };

/* The streams of runs with seeds 1 and 2: every purpose, agents, lanes, episodes, and a few at the far ends of the words. */
static size_t coinciding_in_a_large_run(start (*start_of)(uint64_t, bern_stream_key),
					uint64_t with_plain_seeds)
{
	size_t capacity = 2 * PURPOSES * AGENTS * LANES * EPISODES + 100000, count = 0, same;
	start *list = malloc(capacity * sizeof *list);
	ck_assert_ptr_nonnull(list);
	for (uint64_t seed = 1; seed <= 2; seed++)
		for (uint32_t purpose = 1; purpose <= PURPOSES; purpose++)
			for (uint32_t agent = 0; agent < AGENTS; agent++)
				for (uint32_t lane = 0; lane < LANES; lane++)
					for (uint64_t n = 0; n < EPISODES; n++) {
						/* the last ones have episodes beyond 32 bits */
						uint64_t episode = n < EPISODES - 10
									   ? n
									   : (n + 1) << 32;
						list[count++] = start_of(
							seed, (bern_stream_key){purpose, agent,
										lane, episode});
					}
	/* plain seeds, as `bern eval` and an explicit reset use them, those of the two runs among them */
	for (uint64_t i = 0; i < with_plain_seeds; i++) {
		bern_rng rng;
		bern_rng_seed(&rng, i - 100);
		memcpy(list[count].increment, rng.increment, sizeof rng.increment);
		memcpy(list[count++].state, rng.state, sizeof rng.state);
	}
	ck_assert_uint_le(count, capacity);
	same = coinciding(list, count);
	free(list);
	return same;
}

START_TEST(no_two_streams_of_environments_coincide)
{
	ck_assert_uint_eq(coinciding_in_a_large_run(start_of_pcg64, 100000), 0);
}
END_TEST

START_TEST(no_two_streams_of_firings_coincide)
{
	ck_assert_uint_eq(coinciding_in_a_large_run(start_of_pcg32, 0), 0);
}
END_TEST

START_TEST(seed_plus_lane_would_coincide)
{
	/* seed 1's lane k + 1 is seed 2's lane k */
	ck_assert_uint_eq(coinciding_in_a_large_run(start_of_seed_plus_lane, 0),
			  (size_t)PURPOSES * AGENTS * (LANES - 1) * EPISODES);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("seed");
	TCase *t = tcase_create("numpy");
	tcase_add_test(t, streams_are_those_of_numpy);
	suite_add_tcase(s, t);
	t = tcase_create("leaps");
	tcase_add_test(t, the_leap_is_sixteen_steps);
	tcase_add_loop_test(t, leapfrogged_numbers_are_the_plain_ones, 0, 4);
	tcase_add_test(t, firings_start_from_the_words_of_their_key);
	suite_add_tcase(s, t);
	t = tcase_create("no two alike");
	tcase_set_timeout(t, 60);
	tcase_add_test(t, no_two_streams_of_environments_coincide);
	tcase_add_test(t, no_two_streams_of_firings_coincide);
	tcase_add_test(t, seed_plus_lane_would_coincide);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
