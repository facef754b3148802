/* ReinMax for bits: straight-through to second order.
 *
 * Liu et al. 2023, arXiv 2304.08612, for a Bernoulli unit: g = |h - p|/2 dE/dh. In the mean over h that is p (1 - p) times the mean of
 * the slopes at 0 and at 1, the trapezoidal rule for E(1) - E(0): exact where E is quadratic in the unit. The gradient enters at the
 * action layer, A d log pi(a | h)/dh. Biased otherwise. */
#include "backward.h"

static void second_order(void *memory, const bern_bits *at, float *d)
{
	(void)memory;
	for (size_t j = 0; j < at->units; j++)
		d[j] *= 0.5f * (at->h[j] ? 1.0f - at->p[j] : at->p[j]);
}

static void accumulate(const bern_network *net, const bern_trace *trace, const size_t *rows,
		       size_t count, const bern_signal *signal, bern_workspace *work,
		       float *gradient)
{
	const bern_reverse reverse = {.rule = second_order};
	bern_backward_rows(net, trace, rows, count, &reverse, signal, work, gradient);
}

const bern_estimator bern_estimator_reinmax = {
	.name = "reinmax",
	.summary = "straight-through to second order",
	.source = "Liu 2023, arXiv 2304.08612",
	.unbiased = 0,
	.needs = BERN_NEEDS_BITS | BERN_NEEDS_GRADIENT | BERN_TAKES_FIRINGS | BERN_TAKES_BOX,
	.accumulate = accumulate,
	.shared = 1,
	.cost = "a backward pass",
};
