/* replay.h: steps that are remembered, so that the network can learn from them again.
 *
 * A remembered step is its input, its action, the probability mu with which the mixture of firings that acted chose that action,
 * and what came of it. The latest steps of every lane are kept in the order in which they were made, so that values and
 * advantages of all of them can be computed anew from the baseline as it is now. How the network learns from them: refire.h.
 *
 * All arrays are taken at init; the newest rollout is appended, the oldest steps are forgotten. */
#ifndef BERN_REPLAY_H
#define BERN_REPLAY_H

#include "network.h"
#include "value.h"

#include <bern/tensor.h>

typedef struct bern_replay {
	size_t lanes;      /* B */
	size_t capacity;   /* S steps of every lane */
	size_t inputs;     /* O */
	size_t components; /* C */
	size_t logits;     /* N; 0 if nothing is masked */
	uint64_t *
		filled; /* (1) steps of every lane that are remembered; rows filled * B .. are unused */
	/* row t B + b, oldest step first */
	float *x;     /* (S, B, O) inputs */
	float *end_x; /* (S, B, O) the last observation's, where the step was cut by a time limit */
	int32_t *action; /* (S, B, C) */
	uint8_t *mask;   /* (S, B, N) allowed actions, or NULL */
	double *log_mu; /* (S, B) log of the probability of the action under the mixture that acted */
	float *reward;   /* (S, B) */
	uint32_t *flags; /* (S, B) */
	float *weight;   /* (S, B) of the step in the gradient: 1, or gamma^t where that is kept */
	float *ratio;    /* (S, B) pi(action)/mu when the step was last fired; 1 at first */
	/* computed anew by bern_replay_credit, not saved */
	float *value, *advantage, *target; /* (S, B) */
} bern_replay;

/* Room for `capacity` steps in every lane, for the shapes of net. masked: 1 if the environment forbids actions. */
int32_t bern_replay_init(bern_replay *replay, bern_arena *arena, const bern_network *net,
			 size_t lanes, size_t capacity, int masked, bern_error *e);

/* Makes room for `steps` new steps in every lane and returns the row of the first of them; the caller fills the arrays from
 * there. The oldest steps are forgotten if there is no room. steps is at most S. */
size_t bern_replay_append(bern_replay *replay, size_t steps);

/* Computes value, advantage and target of all remembered steps from V as it is now; last_x (B, O) is the input after the newest
 * step. Off-policy sums: with delta = r + gamma V' - V and c = min(1, ratio),
 *     advantage[t] = delta[t] + gamma lambda c[t+1] advantage[t+1],     target[t] = V + c[t] advantage[t],
 * so that a later reward counts less, the less likely its actions have become; with ratios of 1 this is bern_gae. Munos et al.
 * 2016 (Retrace), eq. 4; Espeholt et al. 2018 (V-trace), eq. 1. The ratios are those of each step's last firing. */
void bern_replay_credit(bern_replay *replay, bern_value_function *value, const float *last_x,
			double gamma, double lambda);

int32_t bern_replay_tensors(bern_replay *replay, bern_tensors *list, bern_error *e);

#endif
