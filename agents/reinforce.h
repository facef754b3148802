/* reinforce.h: the inside of the agent "reinforce", for the laboratory and tests: the same code as trains, step by step. Internal
 * to libbern.
 *
 * learn() is bern_reinforce_estimate, then the update: the estimator's memory and unit baselines, the optimiser's step, the
 * learned baseline.
 */
#ifndef BERN_REINFORCE_H
#define BERN_REINFORCE_H

#include "estimator.h"
#include "memory.h"
#include "value.h"

/* What is in the agent; borrowed, lives as long as it. Rows of one play: t lanes + b. */
typedef struct bern_reinforce_view {
	const bern_estimator *estimator;
	bern_network *net;       /* its parameters may be written between plays */
	const bern_trace *trace; /* of the last play; if that was fused, p and h of its last step */
	int fused;               /* 1: lanes were played across the register (fused.h) */
	const bern_workspace *work;
	size_t lanes;           /* B */
	size_t steps;           /* of the last play, at most num_steps */
	const float *reward;    /* (T, B) */
	const uint32_t *flags;  /* (T, B) */
	const float *values;    /* (T, B) of the learned baseline */
	const float *target;    /* (T, B) what it should have said */
	const float *advantage; /* (T, B) as the estimator got them */
	const float *gradient;  /* (param_count) of the last play, uphill, before it is clipped */
	const bern_agent_config *config;
	const bern_world *world;
	const bern_memory *memory;
	const bern_normalizer *normalizer;
	bern_value_function *value; /* asking it uses its scratch */
} bern_reinforce_view;

/* `agent` is of the kind bern_agent_reinforce. */
void bern_reinforce_look(bern_agent *agent, bern_reinforce_view *view);

/* From here on learn() tells the listener of each part of its work that is done (borrowed, outlives the agent; NULL: nobody
 * listens). */
void bern_reinforce_watch(bern_agent *agent, const bern_marks *marks);

/* Plays as learn() does, and writes the estimate of the gradient. Lanes, random streams, the running normalisation of
 * observations and (advantage_scale running) of advantages move on; parameters, baselines and the estimator's memory stay as
 * they are. The gradient is that of the mean over steps, with whole_episodes over episodes. */
int32_t bern_reinforce_estimate(bern_agent *agent, bern_lanes *lanes, bern_error *e);

#endif
