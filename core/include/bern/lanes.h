/* bern/lanes.h: B copies of one environment, stepped together.
 *
 * Lanes reset and cut: a lane whose episode ended starts the next one within the same step (Gymnasium's SAME_STEP
 * autoreset); the last observation of the ended episode stays in last_obs for bootstrapping. Every episode draws from a stream
 * of its own, (seed, purpose, agent, lane, episode), so that nothing depends on the order in which lanes run. An environment
 * with a batch (bern/env.h) is stepped 16 lanes at a time, and the lanes beyond a multiple of 16 one by one: the same bits.
 * No allocation after init. One thread at a time;
 * an agent may have threads of its own step parts of the lanes within learn(), which take memory the first time.
 */
#ifndef BERN_LANES_H
#define BERN_LANES_H

#include <bern/host.h>
#include <bern/seed.h>
#include <bern/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An episode that just ended. */
typedef struct bern_episode {
	size_t lane;
	uint64_t index;        /* of this lane, from 0 */
	uint64_t length;       /* steps */
	double total;          /* sum of rewards */
	uint32_t flags;        /* BERN_TERMINATED, BERN_TRUNCATED or both */
	const double *metrics; /* (metric_count) after its last step; borrowed for the call */
} bern_episode;

typedef struct bern_lanes {
	const bern_world *world; /* borrowed, outlives the lanes */
	size_t count;            /* B */
	uint64_t seed;
	uint32_t purpose; /* enum bern_purpose of the environments' streams */
	uint32_t agent;
	/* read these after reset and step */
	float *obs; /* (B, O) encoded observations that the next actions answer */
	float *last_obs; /* (B, O) last observation of an episode that ended in this step, else unspecified */
	int32_t *index;      /* (B) the raw observation of a DISCRETE space, else 0 */
	int32_t *last_index; /* (B) the same of last_obs */
	double *reward;      /* (B) of the step just made */
	uint32_t *
		flags; /* (B) BERN_TERMINATED | BERN_TRUNCATED of the step just made; time limits set TRUNCATED,
	                            which may stand beside TERMINATED */
	uint8_t *
		mask; /* (B, sizes[0]) allowed actions now, or NULL if the environment has no mask */
	double *metrics; /* (B, M) of the step just made */
	uint64_t steps;  /* environment steps made by all lanes together */
	/* called for each episode that ends, in lane order; may be NULL */
	void (*on_episode)(void *user, const bern_episode *episode);
	void *user;
	struct bern_lanes_private *own;
} bern_lanes;

/* Allocates for `count` lanes; nothing has been reset yet. */
int32_t bern_lanes_init(bern_lanes *lanes, const bern_world *world, size_t count, uint64_t seed,
			uint32_t purpose, uint32_t agent, bern_error *e);
void bern_lanes_finish(bern_lanes *lanes);

/* Starts the first episode of every lane. */
int32_t bern_lanes_reset(bern_lanes *lanes, bern_error *e);

/* One step of every lane. actions: (B, A) int32 (DISCRETE: A = 1; MULTI_BINARY: 0 or 1 each); for a BOX action space see
 * bern_lanes_step_box. An action outside its space, a fault, a reward or observation that is not finite is an error that names
 * the environment, lane, seed, episode and step. */
int32_t bern_lanes_step(bern_lanes *lanes, const int32_t *actions, bern_error *e);

/* The same for a BOX action space: actions (B, A) float, inside the bounds. */
int32_t bern_lanes_step_box(bern_lanes *lanes, const float *actions, bern_error *e);

/* For evaluation, where each lane plays chosen episodes: starts an episode in one lane from the given stream (copied). Lanes
 * with `manual` set do not reset by themselves; a lane that has ended, or was parked, is skipped by step until it is started. */
void bern_lanes_set_manual(bern_lanes *lanes);
int32_t bern_lanes_start(bern_lanes *lanes, size_t lane, const bern_rng *stream, bern_error *e);
void bern_lanes_park(bern_lanes *lanes, size_t lane);
int bern_lanes_running(const bern_lanes *lanes, size_t lane);

/* State block of a lane, borrowed: for drawing and tests. Good until the next step; where the environment has a batch it is a
 * copy, and what is written to it is lost. */
void *bern_lanes_state(const bern_lanes *lanes, size_t lane);

/* Makes lane `to_lane` a clone of `from_lane`: state, running episode, observation, and the environment's stream, so that both go on
 * alike while they get the same actions (common random numbers); put another stream into bern_lanes_stream for other
 * noise. Both lanes belong to the same world. The clone reports and counts like any lane; in manual lanes it stops where its
 * episode ends. An environment with attach/save/load is cloned through save and load: the first time takes memory, and what
 * they say is the error. */
int32_t bern_lanes_clone(bern_lanes *to, size_t to_lane, const bern_lanes *from, size_t from_lane,
			 bern_error *e);

/* The stream that the running episode of a lane draws from, borrowed. */
bern_rng *bern_lanes_stream(const bern_lanes *lanes, size_t lane);

/* Registers everything that a resumed run needs: states, streams, running returns and lengths, episode counts, observations.
 * An environment with attach/save/load is saved through buffers: call bern_lanes_before_save first and bern_lanes_after_load
 * last; both do nothing for plain-byte states. */
int32_t bern_lanes_tensors(bern_lanes *lanes, bern_tensors *list, bern_error *e);
int32_t bern_lanes_before_save(bern_lanes *lanes, bern_error *e);
int32_t bern_lanes_after_load(bern_lanes *lanes, bern_error *e);

#ifdef __cplusplus
}
#endif

#endif
