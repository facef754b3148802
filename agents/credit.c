#include "credit.h"

void bern_layer_rule(const bern_network *net, const bern_trace *trace, size_t row, size_t l,
		     const float *s, bern_workspace *work, float *gradient)
{
	const bern_layer *layer = &net->layer[l];
	float *weight = gradient + layer->weight;
	if (l == 0) {
		net->kernels->outer(weight, trace->x + row * layer->inputs, s, layer->inputs,
				    layer->units);
	} else {
		const uint8_t *below = bern_trace_h(trace, net, l - 1, row, 0);
		size_t count = net->kernels->fired(work->rows, below, layer->inputs);
		net->kernels->outer_rows(weight, work->rows, count, s, layer->units);
	}
	net->kernels->add(gradient + layer->bias, s, layer->units);
}

void bern_credit_rule(const bern_network *net, const bern_trace *trace, size_t row,
		      const float *credit, float factor, const bern_signal *signal,
		      bern_workspace *work, float *gradient)
{
	const float *pi = trace->pi + row * net->head.logits;
	const int32_t *action = trace->action + row * net->head.components;
	float A = signal->scale * signal->advantage[row];
	/* what the hidden units get by their scores is the entropy bonus only */
	work->c[0] = work->c0[0] = 0.0f;
	bern_head_score(&net->head, work->delta0, pi, action, 1.0f);
	bern_head_score(&net->head, work->delta, pi, action, A);
	if (signal->entropy_coef != 0.0f)
		bern_entropy_rule(net, trace, row, signal, work);
	bern_local_rule(net, trace, row, signal, work, gradient);
	for (size_t l = 0; l < net->depth; l++) {
		for (size_t j = 0; j < net->layer[l].units; j++)
			work->s[j] = signal->scale * factor * credit[j];
		bern_layer_rule(net, trace, row, l, work->s, work, gradient);
		credit += net->layer[l].units;
	}
}
