/* Many firings, weighted by their posterior: the default.
 *
 * The action was drawn from the mean of K policies, one for each firing of the network. w_k = pi_k(a) / sum_j pi_j(a) is the
 * posterior probability that firing k spoke. With c_k = (w_k - 1/K) K/(K - 1),
 *     hidden layers  A sum_k c_k d log p(h_k | s),     output layer  A sum_k w_k d log pi(a | h_k)
 * is exactly unbiased for every K >= 2 and any depth: w_k Rao-Blackwellises which firing spoke; sum_k d log p(h_k) also has the
 * gradient as its expectation, so that the 1/K part takes off g/K and the factor puts it back. No environment step is added, and a
 * unit still needs only its own firings, its input and K numbers that all units hear. Acting with the mixture, which makes this
 * exact in reinforcement learning, is derived and checked by enumeration here (tests/test_estimators.c); related: Raiko et al. 2015,
 * arXiv 1406.2989; Mnih & Rezende 2016, arXiv 1602.06725.
 *
 * Layers that can be differentiated may stand among the binary ones (backward.h): the same holds, since the gradient of the
 * marginal policy is E[d pi(a|h) + pi(a|h) d log P(bits)], the first part through the noise that does not depend on parameters. */
#include "backward.h"

static void accumulate(const bern_network *net, const bern_trace *trace, const size_t *rows,
		       size_t count, const bern_signal *signal, bern_workspace *work,
		       float *gradient)
{
	size_t K = net->firings, N = net->head.logits, C = net->head.components;
	float each = 1.0f / (float)K, factor = (float)K / (float)(K - 1);
	const bern_reverse mixed = {0};
	bern_local_rules_begin(work);
	for (size_t i = 0; i < count; i++) {
		size_t r = rows[i];
		if (!net->binary) {
			bern_enter(net, trace, r, signal, work);
			bern_backward(net, trace, r, &mixed, signal, work, gradient);
			continue;
		}
		const float *w = trace->posterior + r * K;
		const int32_t *action = trace->action + r * C;
		float A = signal->scale * signal->advantage[r];
		const float *pi = trace->pi + r * K * N;
		for (size_t k = 0; k < K; k++) {
			work->c0[k] = (w[k] - each) * factor;
			work->c[k] = A * work->c0[k];
			work->r[k] = A * w[k];
		}
		bern_head_scores(&net->head, work->delta, pi, action, work->r, K);
		if (signal->unit)
			bern_head_scores(&net->head, work->delta0, pi, action, w, K);
		if (signal->entropy_coef != 0.0f)
			bern_entropy_rule(net, trace, r, signal, work);
		bern_local_rule(net, trace, r, signal, work, gradient);
	}
	bern_local_rules_end(net, work, gradient);
}

const bern_estimator bern_estimator_firings = {
	.name = "firings",
	.summary = "K firings a step, weighted by how well they explain the action",
	.source = "derived here, see agents/estimator_firings.c; cf. Raiko et al. 2015, "
		  "Mnih & Rezende 2016",
	.unbiased = 1,
	.needs = BERN_NEEDS_NOISE | BERN_NEEDS_FIRINGS | BERN_TAKES_BOX | BERN_TAKES_UNIT_BASELINES,
	.accumulate = accumulate,
	.shared = 1,
	.cost = "K forward passes from the hidden layers on",
};
