/* Stochastic times smooth, by its smooth factor alone.
 *
 * Bengio, Leonard, Courville 2013, arXiv 1308.3432, section 4: units b sqrt(p), b ~ Bernoulli(sqrt(p)), trained by
 * back-propagation through sqrt(p) as if b did not depend on it. Biased: for a loss that is linear in the unit it is half of the
 * gradient (tests/test_mixed.c). The other half is the score of b, which the estimators unbiased and firings add. */
#include "backward.h"

static void accumulate(const bern_network *net, const bern_trace *trace, const size_t *rows,
		       size_t count, const bern_signal *signal, bern_workspace *work,
		       float *gradient)
{
	const bern_reverse reverse = {.without_score = 1};
	bern_backward_rows(net, trace, rows, count, &reverse, signal, work, gradient);
}

const bern_estimator bern_estimator_pathwise = {
	.name = "pathwise",
	.summary = "back-propagation through the smooth factor of smooth units",
	.source = "Bengio 2013, arXiv 1308.3432, section 4",
	.unbiased = 0,
	.needs = BERN_NEEDS_SMOOTH | BERN_NEEDS_GRADIENT | BERN_TAKES_FIRINGS | BERN_TAKES_BOX,
	.accumulate = accumulate,
	.shared = 1,
	.cost = "a backward pass",
};
