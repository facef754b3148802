/* The unbiased reward-based estimator of stochastic binary neurons.
 *
 * Bengio, Leonard, Courville 2013, arXiv 1308.3432, theorem 1; Williams 1992, eq. 11: a unit's own firing times the reward,
 * (h - p) A, estimates the gradient of the expected return with respect to its bias, and that times its input with respect to a
 * weight. The action units learn by the same rule from d log pi(action | h). Nothing is propagated back, unless other layers than
 * binary ones stand between: see backward.h. */
#include "backward.h"

static void accumulate(const bern_network *net, const bern_trace *trace, const size_t *rows,
		       size_t count, const bern_signal *signal, bern_workspace *work,
		       float *gradient)
{
	size_t N = net->head.logits, C = net->head.components;
	const bern_reverse mixed = {0};
	bern_local_rules_begin(work);
	for (size_t i = 0; i < count; i++) {
		size_t r = rows[i];
		if (!net->binary) {
			bern_enter(net, trace, r, signal, work);
			bern_backward(net, trace, r, &mixed, signal, work, gradient);
			continue;
		}
		const float *pi = trace->pi + r * N;
		work->c0[0] = 1.0f;
		work->c[0] = signal->scale * signal->advantage[r];
		bern_head_score(&net->head, work->delta0, pi, trace->action + r * C, 1.0f);
		bern_head_score(&net->head, work->delta, pi, trace->action + r * C, work->c[0]);
		if (signal->entropy_coef != 0.0f)
			bern_entropy_rule(net, trace, r, signal, work);
		bern_local_rule(net, trace, r, signal, work, gradient);
	}
	bern_local_rules_end(net, work, gradient);
}

const bern_estimator bern_estimator_unbiased = {
	.name = "unbiased",
	.summary = "one firing a step: (h - p) times the advantage",
	.source = "Bengio 2013, arXiv 1308.3432, theorem 1; Williams 1992, eq. 11",
	.unbiased = 1,
	.needs = BERN_NEEDS_NOISE | BERN_TAKES_BOX | BERN_TAKES_UNIT_BASELINES,
	.accumulate = accumulate,
	.shared = 1,
	.cost = "none",
};
