/* Back-propagation through deterministic units: the yardstick, not one of ours.
 *
 * REINFORCE at the action layer (Williams 1992), A d log pi(a | s), and from there the chain rule through relu or tanh layers
 * (Rumelhart, Hinton, Williams 1986). Unbiased, since only the action is random. */
#include "estimator.h"

/* d[j] *= derivative of the unit at its activation y[j] */
static void through_units(int64_t kind, float *d, const float *y, size_t units)
{
	for (size_t j = 0; j < units; j++)
		d[j] = kind == BERN_UNITS_TANH ? d[j] * (1.0f - y[j] * y[j])
					       : (y[j] > 0.0f ? d[j] : 0.0f);
}

static void accumulate(const bern_network *net, const bern_trace *trace, const size_t *rows,
		       size_t count, const bern_signal *signal, bern_workspace *work,
		       float *gradient)
{
	size_t N = net->head.logits, C = net->head.components;
	for (size_t i = 0; i < count; i++) {
		size_t r = rows[i];
		float *d = work->delta, *next = work->back[0], *other = work->back[1];
		bern_head_score(&net->head, d, trace->pi + r * N, trace->action + r * C,
				signal->scale * signal->advantage[r]);
		if (signal->entropy_coef != 0.0f) {
			work->c[0] = 0.0f;
			bern_entropy_rule(net, trace, r, signal, work);
		}
		for (size_t l = net->depth + 1; l-- > 0;) {
			const bern_layer *layer = &net->layer[l];
			const float *w = net->params + layer->weight;
			const float *y = l > 0 ? bern_trace_p(trace, net, l - 1, r, 0)
					       : trace->x + r * layer->inputs;
			net->kernels->outer(gradient + layer->weight, y, d, layer->inputs,
					    layer->units);
			net->kernels->add(gradient + layer->bias, d, layer->units);
			if (l == 0)
				break;
			for (size_t j = 0; j < layer->inputs; j++)
				next[j] = net->kernels->dot(d, w + j * layer->units, 0.0f,
							    layer->units);
			through_units(net->layer[l - 1].kind, next, y, layer->inputs);
			d = next;
			next = other;
			other = d;
		}
	}
}

const bern_estimator bern_estimator_backprop = {
	.name = "backprop",
	.summary = "back-propagation through relu or tanh units, as a yardstick",
	.source = "Williams 1992; Rumelhart, Hinton, Williams 1986",
	.unbiased = 1,
	.needs = BERN_NEEDS_REAL,
	.accumulate = accumulate,
	.cost = "a backward pass",
};
