#include "bench_time.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

double bench_seconds_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

double bench_median(double *x, size_t count)
{
	qsort(x, count, sizeof *x, by_size);
	return (x[(count - 1) / 2] + x[count / 2]) / 2;
}

int32_t bench_rate(int32_t (*play)(void *what, uint64_t rounds, bern_error *e), void *what,
		   double seconds, size_t repeats, double *rate, bern_error *e)
{
	uint64_t rounds = 1;
	double took = 0, *rates = malloc(repeats * sizeof *rates);
	int32_t rc = rates ? BERN_OK : bern_fail(e, BERN_EMEMORY, "out of memory");
	while (!rc && took < seconds / 4) {
		double start = bench_seconds_now();
		rounds *= 2;
		rc = play(what, rounds, e);
		took = bench_seconds_now() - start;
	}
	rounds = (uint64_t)((double)rounds * seconds / (took > 0 ? took : 1)) + 1;
	for (size_t i = 0; !rc && i < repeats; i++) {
		double start = bench_seconds_now();
		rc = play(what, rounds, e);
		took = bench_seconds_now() - start;
		rates[i] = (double)rounds / (took > 0 ? took : 1e-9);
	}
	if (!rc)
		*rate = bench_median(rates, repeats);
	free(rates);
	return rc;
}

#define COPIED_BYTES ((size_t)64 << 20)
#define DRAWN        1024
#define CHAINED      192
#define CHAIN_ROUNDS 64

typedef struct stock {
	const bern_kernels *kernels;
	bern_firing_rng rng;
	uint32_t sum;
	unsigned char *from, *to;
	float x[CHAINED], p[DRAWN];
	uint8_t h[DRAWN];
} stock;

static int32_t play_draws(void *what, uint64_t rounds, bern_error *e)
{
	stock *s = what;
	(void)e;
	for (uint64_t r = 0; r < rounds; r++)
		s->kernels->fire(s->h, s->p, DRAWN, 1, &s->rng);
	return BERN_OK;
}

static int32_t play_copies(void *what, uint64_t rounds, bern_error *e)
{
	stock *s = what;
	(void)e;
	for (uint64_t r = 0; r < rounds; r++) {
		s->from[r % COPIED_BYTES]++;
		memcpy(s->to, s->from, COPIED_BYTES);
		s->sum += s->to[s->sum % COPIED_BYTES];
	}
	return BERN_OK;
}

static int32_t play_multiply_adds(void *what, uint64_t rounds, bern_error *e)
{
	stock *s = what;
	(void)e;
	for (uint64_t r = 0; r < rounds; r++)
		s->kernels->multiply_add(s->x, 0.5f, 1.0f, CHAINED, CHAIN_ROUNDS);
	return BERN_OK;
}

int32_t bench_machine_ceilings(bench_machine *machine, double seconds, size_t repeats,
			       bern_error *e)
{
	stock s = {.from = calloc(1, COPIED_BYTES), .to = calloc(1, COPIED_BYTES)};
	int32_t rc = s.from && s.to ? BERN_OK : bern_fail(e, BERN_EMEMORY, "out of memory");
	bern_firing_rng_stream(&s.rng, 1, (bern_stream_key){.purpose = BERN_FOR_FIRING});
	if (!rc)
		rc = bern_kernels_select(&s.kernels, e);
	if (!rc)
		rc = bench_rate(play_draws, &s, seconds, repeats, &machine->draws, e);
	if (!rc)
		rc = bench_rate(play_copies, &s, seconds, repeats, &machine->copied, e);
	if (!rc)
		rc = bench_rate(play_multiply_adds, &s, seconds, repeats, &machine->multiply_adds,
				e);
	if (!rc) {
		machine->kernels = s.kernels;
		machine->multiply_adds *= (double)CHAINED * CHAIN_ROUNDS;
		machine->draws *= DRAWN;
		machine->copied *= (double)COPIED_BYTES;
	}
	free(s.from);
	free(s.to);
	return rc;
}

void bench_machine_print(const bench_machine *machine, int json)
{
	if (json)
		printf("{\"machine\":\"%s\",\"draws\":%.6g,\"copied_bytes\":%.6g,"
		       "\"multiply_adds\":%.6g}\n",
		       machine->kernels->name, machine->draws, machine->copied,
		       machine->multiply_adds);
	else
		printf("one core, %s: %.3g million random numbers a second, %.3g GB/s copied, "
		       "%.3g billion multiply-adds a second\n",
		       machine->kernels->name, machine->draws / 1e6, machine->copied / 1e9,
		       machine->multiply_adds / 1e9);
	fflush(stdout);
}
