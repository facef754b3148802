/* optimizer.h: SGD with momentum, RMSProp and Adam over one float block, uphill.
 *
 * The block is made of parts (a layer's weights, a layer's biases) that may have step sizes of their own. */
#ifndef BERN_OPTIMIZER_H
#define BERN_OPTIMIZER_H

#include "arena.h"
#include "kernels.h"

#include <bern/tensor.h>

#define BERN_MAX_PARTS 80

typedef struct bern_part {
	size_t start, count;
	float factor; /* of the learning rate */
} bern_part;

typedef struct bern_optimizer {
	const bern_kernels *kernels;
	int64_t kind;    /* enum bern_optimizer_kind */
	double momentum; /* SGD: heavy ball; Adam: beta 1 */
	double decay;    /* RMSProp: of the mean square; Adam: beta 2 */
	double epsilon;
	bern_part part[BERN_MAX_PARTS];
	size_t part_count, param_count;
	float *first;  /* (param_count) velocity, or first moment */
	float *second; /* (param_count) mean square */
	double *power; /* (2) beta1^t, beta2^t */
} bern_optimizer;

/* kind, momentum, decay, epsilon, parts and param_count are set; takes the memory. */
int32_t bern_optimizer_init(bern_optimizer *optimizer, bern_arena *arena, bern_error *e);

/* params += rate * direction(gradient). */
void bern_optimizer_step(bern_optimizer *optimizer, float *params, const float *gradient,
			 double rate);

int32_t bern_optimizer_tensors(bern_optimizer *optimizer, bern_tensors *list, const char *prefix,
			       bern_error *e);

/* Scales the gradient so that its Euclidean norm is at most `most` (0: leaves it); returns the norm before. */
double bern_clip_norm(const bern_kernels *kernels, float *gradient, size_t count, double most);

#endif
