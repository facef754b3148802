/* bern/rng.h against pcg-cpp, the PCG reference library in C++ by its author (Debian: libpcg-cpp-dev). TAP on stdout. */
#include <bern/rng.h>
#include <bern/seed.h>

#include <cstdio>
#include <pcg_random.hpp>

static int count, failed;

static void claim(bool holds, const char *sentence)
{
	std::printf("%s %d - %s\n", holds ? "ok" : "not ok", ++count, sentence);
	failed += !holds;
}

static bool pcg32_agrees(uint64_t state, uint64_t stream)
{
	pcg32 theirs(state, stream);
	bern_pcg32 ours;
	bern_pcg32_init(&ours, state, stream);
	for (int i = 0; i < 10000; i++)
		if (theirs() != bern_pcg32_next(&ours))
			return false;
	return true;
}

static bool pcg32_advances_alike(uint64_t state, uint64_t stream, uint64_t steps)
{
	pcg32 theirs(state, stream);
	bern_pcg32 ours;
	bern_pcg32_init(&ours, state, stream);
	theirs.advance(steps);
	bern_pcg32_advance(&ours, steps);
	return theirs() == bern_pcg32_next(&ours);
}

static bool leaps_agree(uint64_t state, uint64_t stream)
{
	pcg32 theirs(state, stream);
	bern_pcg32 start;
	bern_firing_rng ours;
	bern_pcg32_init(&start, state, stream);
	bern_firing_rng_from(&ours, start);
	for (int i = 0; i < 1000; i++) {
		uint32_t numbers[BERN_LEAPS];
		bern_firing_rng_next(&ours, numbers);
		for (int k = 0; k < BERN_LEAPS; k++)
			if (theirs() != numbers[k])
				return false;
	}
	return true;
}

static bool pcg64_agrees(uint64_t low, uint64_t high, uint64_t stream_low, uint64_t stream_high)
{
	const uint64_t state[2] = {low, high}, stream[2] = {stream_low, stream_high};
	pcg64 theirs((bern_u128)high << 64 | low, (bern_u128)stream_high << 64 | stream_low);
	bern_rng ours;
	bern_rng_init(&ours, state, stream);
	for (int i = 0; i < 10000; i++)
		if (theirs() != bern_rng_u64(&ours))
			return false;
	return true;
}

int main()
{
	bool same = true, advance = true, leaps = true, wide = true;
	pcg64 random(2024, 1); /* of the library that judges */
	for (int i = 0; i < 100; i++) {
		uint64_t a = random(), b = random(), c = random(), d = random();
		same = same && pcg32_agrees(a, b >> 1);
		advance = advance && pcg32_advances_alike(a, b >> 1, c >> (d & 63));
		leaps = leaps && leaps_agree(a, b >> 1);
		wide = wide && pcg64_agrees(a, b, c, d >> 1);
	}
	claim(same && pcg32_agrees(42, 54) && pcg32_agrees(0, 0), "pcg32 draws alike");
	claim(advance, "pcg32 advances alike");
	claim(leaps, "16 leapfrogged sub-streams are the one stream");
	claim(wide && pcg64_agrees(42, 0, 54, 0), "pcg64 draws alike");
	std::printf("1..%d\n", count);
	return failed != 0;
}
