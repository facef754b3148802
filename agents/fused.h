/* fused.h: playing and learning with 16 lanes side by side in the vector registers.
 *
 * The fast paths of "reinforce" for networks of binary units and actions of one choice: what network.c, estimator_unbiased.c,
 * estimator_firings.c, estimator_local_expectation.c and value.c do row by row, done for 16 lanes at once. The same bits. There are two:
 *
 * one firing, estimator "unbiased": no sum crosses a register, for which sums over rows run lane by lane: over a lane's steps, then
 *     over a tree of lanes. Agents whose configuration fits sum in this order on any path (bern_fused_fits).
 * many firings of one hidden layer, estimators "firings", "local-expectation" and "counterfactual", the latter two with one firing too: lanes fire and are
 *     scored side by side; scores are then turned to rows, whose sums are the tile sums of the plain path. Where inputs are many, and
 *     mostly 0, they stay rows, and so does the baseline.
 *
 * Memory of a tile of 16 lanes over T steps, [lane] always last: observations as columns (T + 1, O, 16), probabilities (T, J, 16),
 * firings as bits. See core/README.md.
 */
#ifndef BERN_FUSED_H
#define BERN_FUSED_H

#include "estimator.h"
#include "fused_kernels.h"
#include "normalizer.h"
#include "optimizer.h"
#include "value.h"

#include <bern/agent.h>
#include <bern/lanes.h>

/* 1: this configuration sums lane by lane. */
int bern_fused_fits(const bern_agent_config *config, const bern_network *net, const char *estimator,
		    const bern_world *world, size_t memory);

/* 1: this one has lanes side by side, if the level does, and sums row by row as the plain path does. */
int bern_fused_fits_firings(const bern_agent_config *config, const bern_network *net,
			    const bern_estimator *estimator, const bern_world *world,
			    size_t memory);

/* Where a play leaves its rows, (T, B) each: borrowed from the agent. */
typedef struct bern_fused_rows {
	float *reward;
	uint32_t *flags;
	float *values, *bootstrap, *advantage, *target, *entropy;
} bern_fused_rows;

typedef struct bern_fused {
	const bern_fused_kernels *kernels; /* NULL: there is no fast path */
	const bern_network *network;       /* borrowed, as the next three */
	bern_value_function *value_function;
	const bern_normalizer *normalizer;
	bern_firing_rng *firing; /* (B) */
	bern_fused_rows rows;
	int expects; /* 1: the estimator expects (estimator.h), 0: unbiased or firings */
	float *x;    /* (T B, O) inputs of the rows, where they are not columns: borrowed */
	bern_fused_net net;
	int sums_rows;       /* 1: the second of the two: sums go row by row through a tile */
	int by_rows;         /* 1: inputs stay rows, with lists of what is not 0 in them: */
	uint32_t *listed;    /* (T B, O padded) */
	float *given;        /* (T B, O padded) */
	uint32_t *counts;    /* (T B) */
	size_t fired_size;   /* bytes of one unit's firings in 16 lanes */
	size_t lanes, tiles; /* B, those of 16 lanes that hold them */
	double gamma, lambda;
	float scale;        /* of the advantages in the estimate */
	float bonus;        /* of the entropy in it */
	float mean_entropy; /* what that of one firing is compared with */
	float *turned; /* (2, N, P) of the weights as they stand, where the estimator expects */
	bern_fused_tile *tile;  /* (tiles) */
	float *target, *values; /* (tiles, T, 16), (tiles, T + 1, 16) */
	uint8_t *valued;        /* (tiles) 1: `values` are of the baseline as it stands */
	float *first; /* (tiles, its param_count) the baseline's gradient of its first pass, or NULL: not taken while playing */
	int32_t *actions;             /* (B) of the step that is made */
	struct bern_fused_room *room; /* (threads) scratch of each thread */
} bern_fused;

/* Takes memory, if `level` has kernels and there are lanes enough to fill half a tile; otherwise kernels stays NULL. The other fields up
 * to x, gamma and lambda are set already. */
int32_t bern_fused_init(bern_fused *fused, bern_arena *arena, const char *level, size_t lanes,
			size_t steps, size_t threads, bern_error *e);

/* Plays T steps of lanes first .. first + count - 1, first a multiple of 16, with their values, advantages, targets and entropies.
 * Episodes that end are left to `on_step`, called after each step of some of the lanes. After an error *t is the step it came from;
 * BERN_ENUMBER: a reward that is too large. */
int32_t bern_fused_play(bern_fused *fused, bern_lanes *lanes, size_t worker, size_t first,
			size_t count, size_t *t,
			void (*on_step)(void *user, size_t t, size_t first, size_t end), void *user,
			bern_error *e);

/* What the estimates of an update are made with: entropy's part of the signal, and the weights as they stand. */
void bern_fused_begin(bern_fused *fused, const bern_signal *signal);

/* A leaf of bern_tree_sum, after bern_fused_begin: adds the estimate of a tile from rows.advantage and scale. `user` is the bern_fused. */
void bern_fused_estimate(void *user, size_t tile, size_t worker, float *sum);

/* bern_value_learn_lanes for a linear or MLP baseline. */
double bern_fused_value_learn(bern_fused *fused, size_t passes, double rate);

/* Writes p and h of the first so many lanes at the last step to their rows of the agent's trace, for the logs. */
void bern_fused_last(const bern_fused *fused, const bern_trace *trace, size_t lanes);

#endif
