/* cli/bench_time.h: how `bern bench` takes times, and what the machine could do at best. */
#ifndef BERN_CLI_BENCH_TIME_H
#define BERN_CLI_BENCH_TIME_H

#include "kernels.h"

/* Calls play(what, rounds) so often that it takes about `seconds` of this thread's processor time, `repeats` times. The median of
 * rounds a second. */
int32_t bench_rate(int32_t (*play)(void *what, uint64_t rounds, bern_error *e), void *what,
		   double seconds, size_t repeats, double *rate, bern_error *e);

/* The median of x, which is put in order. */
double bench_median(double *x, size_t count);

/* Processor time of this thread, so that what others do on the machine counts less. */
double bench_seconds_now(void);

/* What the machine can do at the level that BERN_CPU names, in a second, on one core: random 32-bit numbers, each compared with a
 * probability;
 * bytes copied by memcpy, of a block that does not fit the caches; multiplications each followed by an addition, of
 * numbers in registers (fused ones would give other bits). */
typedef struct bench_machine {
	const bern_kernels *kernels;
	double draws, copied, multiply_adds;
} bench_machine;
int32_t bench_machine_ceilings(bench_machine *machine, double seconds, size_t repeats,
			       bern_error *e);

/* One line of text, or an object. */
void bench_machine_print(const bench_machine *machine, int json);

#endif
