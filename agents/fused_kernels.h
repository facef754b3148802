/* fused_kernels.h: the inner loops of learning with lanes across the vector register (fused.h).
 *
 * 16 lanes are a tile; whatever belongs to them stands side by side, [16] is the last index, and weights are broadcast. One source,
 * fused_kernels.c, is built once for each instruction set as core/kernels.c is. There is no reference here: what has to come
 * out, bit for bit, is what network.c, estimator_unbiased.c and value.c give, row by row.
 *
 * Letters: O inputs, J units of a layer, L hidden layers, N logits, T steps, V units of the baseline. Any thread; a tile and the
 * scratch belong to one at a time.
 */
#ifndef BERN_FUSED_KERNELS_H
#define BERN_FUSED_KERNELS_H

#include "network.h"

#define BERN_FUSED_LANES 16

/* What is fixed during a play: borrowed. */
typedef struct bern_fused_net {
	size_t inputs, depth, logits, steps; /* O, L, N, T */
	const bern_layer *layer;             /* (L + 1) */
	const float *params;
	int one_unit;       /* 1: the head is one Bernoulli unit, N = 1; 0: a softmax */
	int64_t value_kind; /* enum bern_baseline */
	size_t value_units; /* V of the MLP */
	const float *value; /* its parameters, as value.h lays them out */
} bern_fused_net;

typedef struct bern_fused_tile {
	uint64_t *state; /* (16, 16) sub-streams of the lanes' firing streams, [sub-stream][lane] */
	uint64_t *addend;          /* (16) */
	float *x;                  /* (T + 1, O, 16) */
	float *p[BERN_MAX_LAYERS]; /* (T, J, 16); the gradient writes the units' scores over it */
	void *fired[BERN_MAX_LAYERS];      /* (T, J) of fired_size bytes each: which lanes fired */
	float *pi;                         /* (T, N, 16) */
	float *delta;                      /* (T, N, 16) scratch of the gradient */
	int32_t *action;                   /* (T, 16) */
	float *last_p[BERN_MAX_LAYERS];    /* (J, 16) p of the last step, kept for the logs */
	void *last_fired[BERN_MAX_LAYERS]; /* (J) */
	float *signal; /* (T, 16) scaled advantages; 0 in lanes that are not there */
} bern_fused_tile;

typedef struct bern_fused_kernels {
	const char *name;  /* the level's, as in kernels.h */
	size_t fired_size; /* bytes of one unit's firings in 16 lanes */

	/* Fires all layers from x at step t and draws the actions. */
	void (*act)(const bern_fused_net *net, bern_fused_tile *tile, size_t t);
	/* out (rows, 16) = V of x (rows, O, 16), of a linear or MLP baseline; active (V, rows, 16), unless NULL, gets the activations of
	 * the MLP's units. */
	void (*values)(const bern_fused_net *net, float *out, const float *x, size_t rows,
		       float *active);
	/* out (16) = entropies of the policies pi (N, 16). */
	void (*entropies)(const bern_fused_net *net, float *out, const float *pi);
	/* sum (param_count, 16): each lane's estimates, summed over the steps. */
	void (*estimate)(const bern_fused_net *net, float *sum, const bern_fused_tile *tile);
	/* The same for the baseline: the sums of d dV/d params. x (T + 1, O, 16), d (T, 16); active (V, T, 16) as
	 * values() left it, or NULL; scratch (T, 16). */
	void (*value_estimate)(const bern_fused_net *net, float *sum, const float *x,
			       const float *d, const float *active, float *scratch);
	/* out[i] = the sum of the 16 lanes of sum[i], by a tree of neighbours. */
	void (*fold)(float *out, const float *sum, size_t count);
} bern_fused_kernels;

/* The kernels of a level (bern_kernels.name), NULL for the reference, which has none. */
const bern_fused_kernels *bern_fused_kernels_of(const char *level);

#endif
