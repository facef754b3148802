/* Back-propagation through units that can be differentiated: the yardstick, not one of ours.
 *
 * REINFORCE at the action layer (Williams 1992), A d log pi(a | s), and from there the chain rule through relu, tanh and noisy
 * rectifier layers (Rumelhart, Hinton, Williams 1986). Noise that does not depend on the parameters changes nothing: the
 * gradient through max(0, a + z) is unbiased (Bengio 2013, arXiv 1308.3432, section 3, for a differentiable loss, which log pi is;
 * the reward stays a black box). */
#include "backward.h"

static void accumulate(const bern_network *net, const bern_trace *trace, const size_t *rows,
		       size_t count, const bern_signal *signal, bern_workspace *work,
		       float *gradient)
{
	const bern_reverse reverse = {0};
	bern_backward_rows(net, trace, rows, count, &reverse, signal, work, gradient);
}

const bern_estimator bern_estimator_backprop = {
	.name = "backprop",
	.summary = "back-propagation through relu, tanh and rectifier units, as a yardstick",
	.source = "Williams 1992; Rumelhart, Hinton, Williams 1986; noisy rectifiers: Bengio 2013, "
		  "arXiv 1308.3432",
	.unbiased = 1,
	.needs = BERN_NEEDS_REAL | BERN_TAKES_FIRINGS | BERN_NEEDS_GRADIENT | BERN_TAKES_BOX,
	.accumulate = accumulate,
	.shared = 1,
	.cost = "a backward pass",
};
