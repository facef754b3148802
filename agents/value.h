/* value.h: the learned baseline: what return is to be expected from an observation.
 *
 * A constant (none: 0; mean: a running mean of the targets), a linear function, or an MLP of one relu layer trained by
 * back-propagation on its own squared error: it never touches the policy's gradient. Parameters of the MLP are one block: weights
 * (O, V), biases (V), output weights (V), output bias.
 */
#ifndef BERN_VALUE_H
#define BERN_VALUE_H

#include "fused_kernels.h"
#include "optimizer.h"
#include "tree.h"

#include <bern/agent.h>

typedef struct bern_value_function {
	const bern_kernels *kernels;
	int64_t kind; /* enum bern_baseline; UNIT is a mean here, its units' part is estimator.h's */
	size_t inputs;   /* O */
	size_t units;    /* V of the MLP */
	float *params;   /* (param_count) */
	float *gradient; /* (param_count) */
	size_t param_count;
	bern_optimizer optimizer;
	double *mean; /* (2) running mean of the targets, updates so far */
	/* scratch of each thread */
	float *a;                         /* (threads, V padded) activations */
	float *d;                         /* (threads, V padded) */
	const bern_fused_kernels *beside; /* learn from rows side by side, or NULL */
	struct bern_value_beside *room;   /* (threads) for that */
	bern_tree tree;                   /* of the gradient's sums */
	size_t leaf;         /* lanes that are one leaf of the tree: a tile's 16, or 1 */
	double *leaf_square; /* (leaves) */
} bern_value_function;

int32_t bern_value_init(bern_value_function *value, bern_arena *arena,
			const bern_agent_config *config, size_t inputs, const bern_kernels *kernels,
			bern_rng *rng, bern_error *e);

/* Has the threads of a pool (borrowed; or NULL) learn from up to `leaves` leaves of `leaf` lanes. */
int32_t bern_value_share(bern_value_function *value, bern_arena *arena, bern_pool *pool,
			 size_t leaf, size_t leaves, bern_error *e);

/* An observation: x (O), and if that is known which of its numbers are not 0, as kernels->nonzero lists them; else rows is NULL. */
typedef struct bern_value_input {
	const float *x;
	const uint32_t *rows; /* (count) */
	const float *given;   /* (count) */
	size_t count;
} bern_value_input;

/* V of one observation x (O). */
float bern_value_of(bern_value_function *value, const float *x);

/* The same by a worker of the pool; several at once. */
float bern_value_of_by(bern_value_function *value, size_t worker, const float *x);

/* The same where it may be known what is not 0: the same bits. */
float bern_value_of_input(bern_value_function *value, size_t worker, const bern_value_input *input);

/* Adds to g (param_count) share * (target - V) * dV/d params; returns target - V. By a worker of the pool; linear and MLP
 * baselines. */
float bern_value_add_row(bern_value_function *value, size_t worker, const bern_value_input *input,
			 float target, float share, float *g);

/* Moves V towards target (R) at x (R, O): `passes` steps on the mean squared error, or of the running mean. Returns the mean
 * squared error before; if that is not finite, nothing moves. */
double bern_value_learn(bern_value_function *value, const float *x, const float *target,
			size_t rows, size_t passes, double rate);

/* The same on the weighted mean squared error, weight (R) >= 0 in any unit (NULL, or all 0: all count alike). Weighed by the
 * square of what multiplies the advantage in the policy's gradient, V becomes the baseline of least variance: it minimises
 * E[|score|^2 (R - b(x))^2]. Weaver & Tao 2001, sec. 4; Greensmith, Bartlett & Baxter 2004, theorem 8. Returns the plain mean
 * squared error before. */
double bern_value_learn_weighted(bern_value_function *value, const float *x, const float *target,
				 const float *weight, size_t rows, size_t passes, double rate);

/* The same over T steps of B lanes, row t B + b: gradients are summed over each tile of 16 lanes, step by step, then over the tree
 * of tiles; the threads of the pool share the tiles. The functions above take their rows for steps of one lane. */
double bern_value_learn_lanes(bern_value_function *value, const float *x, const float *target,
			      const float *weight, size_t T, size_t B, size_t passes, double rate);

/* The same where somebody else knows the gradient: leaf(user, i, worker, sum) adds that of the i-th of `leaves` leaves, and
 * writes the squared errors to leaf_square (squares). Linear and MLP baselines. */
double bern_value_learn_leaves(bern_value_function *value, size_t leaves, bern_tree_leaf *leaf,
			       void *user, size_t squares, size_t rows, size_t passes, double rate);

/* Writes dV/d params at x (O) to gradient (param_count), as eligibility traces need it; returns V. */
float bern_value_gradient(bern_value_function *value, const float *x, float *gradient);

int32_t bern_value_tensors(bern_value_function *value, bern_tensors *list, bern_error *e);

#endif
