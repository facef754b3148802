#include <bern/seed.h>

/* The constants of O'Neill's seed_seq_fe as numpy has them (numpy/random/bit_generator.pyx). */
#define POOL 4
static const uint32_t init_a = 0x43b0d7e5u, mult_a = 0x931e8875u;
static const uint32_t init_b = 0x8b51f9ddu, mult_b = 0x58f38dedu;
static const uint32_t mix_left = 0xca01f9ddu, mix_right = 0x4973f715u;

/* Scrambles a word with a constant that changes from call to call. */
static uint32_t hash_word(uint32_t word, uint32_t *constant, uint32_t multiplier)
{
	word ^= *constant;
	*constant *= multiplier;
	word *= *constant;
	return word ^ word >> 16;
}

static uint32_t mix(uint32_t x, uint32_t y)
{
	uint32_t result = mix_left * x - mix_right * y;
	return result ^ result >> 16;
}

/* The pool before any word of a key. The seed's words come low first, padded with zeros to the size of the pool. Without a key
 * numpy hashes zeros in place of the missing words, which is the same. */
static void pool_init(bern_lane_seed *s, uint64_t seed)
{
	const uint32_t entropy[POOL] = {(uint32_t)seed, (uint32_t)(seed >> 32), 0, 0};
	s->constant = init_a;
	for (size_t i = 0; i < POOL; i++)
		s->pool[i] = hash_word(entropy[i], &s->constant, mult_a);
	for (size_t from = 0; from < POOL; from++)
		for (size_t to = 0; to < POOL; to++)
			if (from != to)
				s->pool[to] = mix(s->pool[to],
						  hash_word(s->pool[from], &s->constant, mult_a));
}

static void pool_add(bern_lane_seed *s, const uint32_t *key, size_t count)
{
	for (size_t k = 0; k < count; k++)
		for (size_t to = 0; to < POOL; to++)
			s->pool[to] = mix(s->pool[to], hash_word(key[k], &s->constant, mult_a));
}

static void pool_words(const bern_lane_seed *s, uint32_t *out, size_t count)
{
	uint32_t constant = init_b;
	for (size_t i = 0; i < count; i++)
		out[i] = hash_word(s->pool[i % POOL], &constant, mult_b);
}

void bern_seed_words(uint64_t seed, const uint32_t *key, size_t key_count, uint32_t *out,
		     size_t count)
{
	bern_lane_seed s;
	pool_init(&s, seed);
	pool_add(&s, key, key_count);
	pool_words(&s, out, count);
}

/* Two words, low first. */
static uint64_t pair(const uint32_t *words)
{
	return (uint64_t)words[1] << 32 | words[0];
}

/* numpy reads four 64-bit numbers: state high, state low, stream high, stream low. */
static void rng_from_words(bern_rng *rng, const uint32_t words[8])
{
	const uint64_t state[2] = {pair(words + 2), pair(words)};
	const uint64_t stream[2] = {pair(words + 6), pair(words + 4)};
	bern_rng_init(rng, state, stream);
}

static void key_words(uint64_t seed, bern_stream_key key, uint32_t *out, size_t count)
{
	const uint32_t words[5] = {key.purpose, key.agent, key.lane, (uint32_t)key.episode,
				   (uint32_t)(key.episode >> 32)};
	bern_seed_words(seed, words, 5, out, count);
}

void bern_rng_seed(bern_rng *rng, uint64_t seed)
{
	uint32_t words[8];
	bern_seed_words(seed, NULL, 0, words, 8);
	rng_from_words(rng, words);
}

void bern_rng_stream(bern_rng *rng, uint64_t seed, bern_stream_key key)
{
	uint32_t words[8];
	key_words(seed, key, words, 8);
	rng_from_words(rng, words);
}

void bern_lane_seed_init(bern_lane_seed *lane, uint64_t seed, bern_stream_key key)
{
	const uint32_t words[3] = {key.purpose, key.agent, key.lane};
	pool_init(lane, seed);
	pool_add(lane, words, 3);
}

void bern_rng_episode(bern_rng *rng, const bern_lane_seed *lane, uint64_t episode)
{
	const uint32_t key[2] = {(uint32_t)episode, (uint32_t)(episode >> 32)};
	uint32_t words[8];
	bern_lane_seed s = *lane;
	pool_add(&s, key, 2);
	pool_words(&s, words, 8);
	rng_from_words(rng, words);
}

void bern_firing_rng_from(bern_firing_rng *rng, bern_pcg32 start)
{
	uint64_t multiplier;
	for (size_t i = 0; i < BERN_LEAPS; i++) {
		rng->state[i] = start.state;
		bern_pcg32_next(&start);
	}
	bern_pcg32_stride(start.increment, BERN_LEAPS, &multiplier, &rng->addend);
}

void bern_firing_rng_stream(bern_firing_rng *rng, uint64_t seed, bern_stream_key key)
{
	uint32_t words[4];
	bern_pcg32 start;
	key_words(seed, key, words, 4);
	bern_pcg32_init(&start, pair(words), pair(words + 2));
	bern_firing_rng_from(rng, start);
}

void bern_firing_rng_next(bern_firing_rng *rng, uint32_t out[BERN_LEAPS])
{
	for (size_t i = 0; i < BERN_LEAPS; i++) {
		out[i] = bern_pcg32_output(rng->state[i]);
		rng->state[i] = rng->state[i] * BERN_PCG32_LEAP + rng->addend;
	}
}
