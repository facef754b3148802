/* cli/bench_net.h: how fast a layer of stochastic binary neurons fires and learns, by shape. */
#ifndef BERN_CLI_BENCH_NET_H
#define BERN_CLI_BENCH_NET_H

#include "bench_time.h"

typedef struct bench_net_request {
	const char *const *shapes; /* (count) "IxJ": inputs and units; none: a list of its own */
	size_t count;
	size_t firings; /* K */
	double fire_rate;
	double seconds;
	size_t repeats;
	int json;
	const bench_machine *machine;
} bench_net_request;

/* Whether all words are shapes. */
int32_t bench_net_check(const char *const *shapes, size_t count, bern_error *e);

/* Prints a row for each shape. */
int32_t bench_net(const bench_net_request *request, bern_error *e);

#endif
