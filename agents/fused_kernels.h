/* fused_kernels.h: the inner loops of learning with lanes across the vector register (fused.h).
 *
 * 16 lanes are a tile; whatever belongs to them stands side by side, [16] is the last index, and weights are broadcast. Two
 * sources, fused_kernels.c for sums lane by lane and fused_firings.c for those row by row, are built once for each instruction set as
 * core/kernels.c is. There is no reference here: what has to come out, bit for bit, is what network.c, the estimators and value.c
 * give, row by row.
 *
 * Letters: O inputs, J units of a layer, K firings, L hidden layers, N logits, T steps, V units of the baseline. Any thread; a tile and the
 * scratch belong to one at a time.
 */
#ifndef BERN_FUSED_KERNELS_H
#define BERN_FUSED_KERNELS_H

#include "network.h"

#define BERN_FUSED_LANES 16

/* What is fixed during a play: borrowed. */
typedef struct bern_fused_net {
	size_t inputs, depth, logits, steps; /* O, L, N, T */
	size_t firings;                      /* K */
	const bern_layer *layer;             /* (L + 1) */
	const float *params;
	int one_unit;       /* 1: the head is one Bernoulli unit, N = 1; 0: a softmax */
	int expects;        /* 1: hidden units hear what local-expectation tells them */
	int64_t value_kind; /* enum bern_baseline */
	size_t value_units; /* V of the MLP */
	const float *value; /* its parameters, as value.h lays them out */
} bern_fused_net;

typedef struct bern_fused_tile {
	uint64_t *
		state; /* (16, 16) sub-streams of the lanes' firing streams, [sub-stream][lane], as kernels order them */
	uint64_t *addend; /* (16) */
	float *x;         /* (T + 1, O, 16) */
	float *p[BERN_MAX_LAYERS]; /* (T, J, 16); summing lane by lane, the gradient writes the units' scores over it */
	void *fired[BERN_MAX_LAYERS]; /* (T, K, J, 16 / W) bits of W lanes each: which fired */
	float *pi;                    /* (T, K, N, 16) */
	float *mean_pi;   /* (T, N, 16) their mean; K = 1: pi; NULL where sums go lane by lane */
	float *posterior; /* (T, K, 16) K > 1: which firing spoke, given the action */
	float *delta;     /* (T, N, 16) scratch of the gradient, summing lane by lane */
	int32_t *action;  /* (T, 16) */
	float *last_p[BERN_MAX_LAYERS];    /* (J, 16) p of the last step, kept for the logs */
	void *last_fired[BERN_MAX_LAYERS]; /* (K, J, 16 / W) */
	float *signal; /* (T, 16) scaled advantages; 0 in lanes that are not there */
} bern_fused_tile;

/* Scratch of one thread: P and VP are J and V rounded up to 16. */
typedef struct bern_firing_room {
	int32_t *grid; /* (J, 16) 2^24 p */
	float *bonus;  /* (16) what the entropy is multiplied with, 0 in lanes that are not there */
	float *c;      /* (K, 16) what a firing's score is multiplied with */
	float *surprise; /* (N + 1, 16) of what the mean policy chooses */
	float *gain;     /* (K, 16) of the entropy, by a firing */
	float *delta;    /* (K, N, 16) of the logits */
	uint32_t *bits;  /* (K, 16, 2) which of 64 units fired in a lane */
	float *rows; /* (T, 16, P) row by row the units' scores; while inputs stay rows, their activations at a step */
	float *out;         /* (N, P) sums of the output weights */
	float mean_entropy; /* K = 1: what the policy's is compared with */
	const float *
		turned; /* (2, N, P) where the estimator expects, as bern_turn_weights gives them: borrowed */
	float *weights; /* (O + 2, VP) of the baseline's units, those that are not there 0 */
	float *back;    /* (T, 16, VP) d dV/da of the baseline's units */
} bern_firing_room;

/* Firings of one hidden layer, many or, where the estimator expects, one. Lanes stand side by side while they fire and are scored; sums
 * over rows are those of the estimator and of value.c, row by row, for which scores are turned to rows. */
typedef struct bern_firing_kernels {
	/* Fires the layer K times from x at step t, draws the actions from the mean policies, and weighs the firings. turned 1: room->rows
	 * (16, P) already hold the units' activations, whatever x is. */
	void (*act)(const bern_fused_net *net, bern_fused_tile *tile, const bern_firing_room *room,
		    size_t t, int turned);
	/* sum (param_count), of zeros: the output layer's estimate. room->rows gets the scores of the hidden units. */
	void (*estimate)(const bern_fused_net *net, float *sum, const bern_fused_tile *tile,
			 const bern_firing_room *room);
	/* Adds to w (I, J) and bias (J) x s and s of each row; row r is lane r mod 16 of x (rows / 16, I, 16), and of s (rows, P). */
	void (*outer)(float *w, float *bias, const float *x, const float *s, size_t rows, size_t I,
		      size_t J);
	/* Adds to sum (param_count) d dV/d params of each row, of a linear or MLP baseline; x (rows / 16, O, 16), d (rows). */
	void (*value_estimate)(const bern_fused_net *net, float *sum, const float *x,
			       const float *d, size_t rows, const bern_firing_room *room);
} bern_firing_kernels;

typedef struct bern_fused_kernels {
	const char *name;  /* the level's, as in kernels.h */
	size_t fired_size; /* bytes of one unit's firings in 16 lanes */
	size_t width;      /* lanes of a register, W */

	/* The firing streams of a tile's lanes, from rows and back to them. */
	void (*take_streams)(bern_fused_tile *tile, const bern_firing_rng *firing, size_t lanes);
	void (*put_streams)(bern_firing_rng *firing, const bern_fused_tile *tile, size_t lanes);

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

	const bern_firing_kernels *firings;
} bern_fused_kernels;

/* The kernels of a level (bern_kernels.name), NULL for the reference, which has none. */
const bern_fused_kernels *bern_fused_kernels_of(const char *level);

#endif
