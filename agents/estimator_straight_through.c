/* Straight-through: binary units are taken for the identity, or for their probability, on the way back.
 *
 * Bengio, Leonard, Courville 2013, arXiv 1308.3432, section 4 (after Hinton's lectures, 2012): the gradient at h is handed to the
 * activation as it is, or times sigmoid'(a) = p (1 - p); the paper found it better without that factor. It enters at the action
 * layer, A d log pi(a | h)/dh: the reward stays a black box. Biased, for only d log pi at the h that fired is known; one layer's
 * signs are right where log pi is monotone in a unit. With K firings each is weighed by its posterior, as in estimator_firings.c. */
#include "backward.h"

static void identity(void *memory, const bern_bits *at, float *d)
{
	(void)memory;
	(void)at;
	(void)d;
}

static void through_sigmoid(void *memory, const bern_bits *at, float *d)
{
	(void)memory;
	for (size_t j = 0; j < at->units; j++)
		d[j] *= at->p[j] * (1.0f - at->p[j]);
}

static void accumulate(const bern_network *net, const bern_trace *trace, const size_t *rows,
		       size_t count, const bern_signal *signal, bern_workspace *work,
		       float *gradient)
{
	const bern_reverse reverse = {.rule = identity};
	bern_backward_rows(net, trace, rows, count, &reverse, signal, work, gradient);
}

static void accumulate_sigmoid(const bern_network *net, const bern_trace *trace, const size_t *rows,
			       size_t count, const bern_signal *signal, bern_workspace *work,
			       float *gradient)
{
	const bern_reverse reverse = {.rule = through_sigmoid};
	bern_backward_rows(net, trace, rows, count, &reverse, signal, work, gradient);
}

const bern_estimator bern_estimator_straight_through = {
	.name = "straight-through",
	.summary = "back-propagation that takes a bit for its activation",
	.source = "Bengio 2013, arXiv 1308.3432, section 4",
	.unbiased = 0,
	.needs = BERN_NEEDS_BITS | BERN_NEEDS_GRADIENT | BERN_TAKES_FIRINGS | BERN_TAKES_BOX,
	.accumulate = accumulate,
	.shared = 1,
	.cost = "a backward pass",
};

const bern_estimator bern_estimator_straight_through_sigmoid = {
	.name = "straight-through-sigmoid",
	.summary = "back-propagation that takes a bit for its probability",
	.source = "Bengio 2013, arXiv 1308.3432, section 4",
	.unbiased = 0,
	.needs = BERN_NEEDS_BITS | BERN_NEEDS_GRADIENT | BERN_TAKES_FIRINGS | BERN_TAKES_BOX,
	.accumulate = accumulate_sigmoid,
	.shared = 1,
	.cost = "a backward pass",
};
