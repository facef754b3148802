/* cli/bench_env.h: how fast environments step with random actions, on one core. */
#ifndef BERN_CLI_BENCH_ENV_H
#define BERN_CLI_BENCH_ENV_H

#include <bern/host.h>

enum {
	BENCH_SCALAR, /* reset, step and observe of 64 copies, called one by one */
	BENCH_BATCH,  /* reset and step of the batch, 1024 copies */
	BENCH_LANES, /* bern_lanes_step of 1024 lanes: as training steps them, all checks and an own stream an episode included */
	BENCH_WAYS
};

/* Steps a second of processor time: the median of `repeats` measurements of about `seconds` each; NaN for a way that the
 * environment does not have. */
int32_t bench_env(const bern_world *world, double seconds, size_t repeats,
		  double steps_per_second[BENCH_WAYS], bern_error *e);

/* An environment that does nothing: what its steps take is what measuring takes. */
extern const bern_env bench_empty_env;

#endif
