#include "backward.h"

#include <string.h>

void bern_enter_signal(const bern_network *net, const bern_trace *trace, size_t row, float A,
		       bern_workspace *work)
{
	size_t K = net->firings, N = net->head.logits;
	const int32_t *action = trace->action + row * net->head.components;
	const float *w = trace->posterior + row * K;
	float each = 1.0f / (float)K, factor = K > 1 ? (float)K / (float)(K - 1) : 1.0f;
	for (size_t k = 0; k < K; k++) {
		work->c[k] = K > 1 ? A * ((w[k] - each) * factor) : A;
		bern_head_score(&net->head, work->delta + k * N, trace->pi + (row * K + k) * N,
				action, K > 1 ? A * w[k] : A);
	}
}

void bern_enter(const bern_network *net, const bern_trace *trace, size_t row,
		const bern_signal *signal, bern_workspace *work)
{
	bern_enter_signal(net, trace, row, signal->scale * signal->advantage[row], work);
	if (signal->entropy_coef != 0.0f)
		bern_entropy_rule(net, trace, row, signal, work);
}

/* gradient += x' d for the layer's input in firing k */
static void add_outer(const bern_network *net, const bern_trace *trace, size_t row, size_t l,
		      size_t k, const float *d, bern_workspace *work, float *gradient)
{
	const bern_layer *layer = &net->layer[l];
	float *weight = gradient + layer->weight;
	const float *x = l == 0 ? trace->x + row * layer->inputs
				: bern_trace_output(trace, net, l - 1, row, k, work->back[0]);
	if (x) {
		net->kernels->outer(weight, x, d, layer->inputs, layer->units);
	} else {
		size_t count = net->kernels->fired(
			work->rows, bern_trace_h(trace, net, l - 1, row, k), layer->inputs);
		net->kernels->outer_rows(weight, work->rows, count, d, layer->units);
	}
	/* the deltas of log deviations lie behind those of the outputs */
	net->kernels->add(gradient + layer->bias, d,
			  l < net->depth ? layer->units : net->head.logits);
}

/* From the gradient at a smooth layer's outputs y = b q to that at its activations. q = sqrt(sigmoid(a)), so dq/da = q (1 - q^2)/2,
 * and d log P(b)/da = (b - q)/(q (1 - q)) dq/da = (b - q)(1 + q)/2. */
static void through_smooth(float *d, const uint8_t *b, const float *q, size_t units, float c)
{
	for (size_t j = 0; j < units; j++) {
		float bit = (float)b[j];
		d[j] = d[j] * bit * (0.5f * q[j] * (1.0f - q[j] * q[j])) +
		       c * (0.5f * (bit - q[j]) * (1.0f + q[j]));
	}
}

/* From the gradient at the outputs of hidden layer l in firing k to that at its activations. */
static void through_layer(const bern_network *net, const bern_trace *trace, size_t row,
			  const bern_bits *at, const bern_reverse *reverse, float *d)
{
	const bern_layer *layer = &net->layer[at->layer];
	size_t units = layer->units;
	const float *y = bern_trace_p(trace, net, at->layer, row, at->k);
	switch (layer->kind) {
	case BERN_UNITS_BINARY:
		reverse->rule(reverse->memory, at, d);
		break;
	case BERN_UNITS_SMOOTH:
		through_smooth(d, bern_trace_h(trace, net, at->layer, row, at->k), y, units,
			       reverse->without_score ? 0.0f : at->c);
		break;
	case BERN_UNITS_TANH:
		for (size_t j = 0; j < units; j++)
			d[j] *= 1.0f - y[j] * y[j];
		break;
	default:
		for (size_t j = 0; j < units; j++)
			d[j] = y[j] > 0.0f ? d[j] : 0.0f;
	}
}

/* A gated layer in firing k: d at its outputs b relu(e) goes into the experts whose gate is open, exactly, and becomes that at the
 * gates' activations: the score c (b - p), and 1/K of the row's push towards the target. */
static void through_gates(const bern_network *net, const bern_trace *trace, size_t row,
			  const bern_bits *at, int without_score, const bern_signal *signal,
			  bern_workspace *work, float *gradient, float *d)
{
	const bern_layer *layer = &net->layer[at->layer];
	size_t K = net->firings, O = net->layer[0].inputs, first = 0;
	const float *y = trace->y[at->layer] + (row * K + at->k) * layer->padded;
	float *open = work->back[0], c = without_score ? 0.0f : at->c;
	size_t count = net->kernels->fired(work->rows, at->h, layer->units);
	for (size_t r = 0; gradient && r < count; r++) {
		size_t j = work->rows[r];
		open[r] = y[j] > 0.0f ? d[j] : 0.0f;
		gradient[layer->expert_bias + j] += open[r];
	}
	if (gradient)
		net->kernels->outer_scaled(gradient + layer->expert_weight, work->rows, open, count,
					   trace->x + row * O, O);
	for (size_t l = 0; l < at->layer; l++)
		first += net->layer[l].units;
	for (size_t j = 0; j < layer->units; j++) {
		float p = at->p[j];
		d[j] = c * ((float)at->h[j] - p);
		/* the push is no part of what is only asked for: its mean given the bits below is not 0 */
		if (signal->gate_push && gradient)
			d[j] += signal->scale / (float)K * signal->gate_push[first + j] *
				(p * (1.0f - p));
	}
}

/* Whether anything above hidden layer l matters to it and below. */
static int wants_gradient(const bern_network *net, const bern_reverse *reverse, size_t l)
{
	return net->layer[l].kind != BERN_UNITS_BINARY || reverse->rule;
}

/* d (K or 1, most_units) at the outputs of hidden layer l becomes that at its activations, one row for each input it had. */
static void through(const bern_network *net, const bern_trace *trace, size_t row, size_t l,
		    size_t unit, const bern_reverse *reverse, const bern_signal *signal,
		    bern_workspace *work, float *gradient, float *d)
{
	const bern_layer *layer = &net->layer[l];
	size_t K = net->firings, S = net->most_units, outputs = layer->each_out ? K : 1;
	if (!wants_gradient(net, reverse, l)) {
		size_t inputs = layer->each_in ? K : 1, from_one = layer->each_in ? 1 : K;
		for (size_t k = 0; k < inputs; k++)
			net->kernels->score(d + k * S, bern_trace_h(trace, net, l, row, k),
					    bern_trace_p(trace, net, l, row, k), work->c + k,
					    layer->units, from_one);
		return;
	}
	for (size_t k = 0; k < outputs; k++) {
		bern_bits at = {.layer = l,
				.unit = unit,
				.units = layer->units,
				.k = k,
				.p = bern_trace_p(trace, net, l, row, k),
				.c = work->c[k],
				.scale = signal->scale};
		if (bern_units_draw_bits(layer->kind))
			at.h = bern_trace_h(trace, net, l, row, k);
		if (layer->kind == BERN_UNITS_GATED)
			through_gates(net, trace, row, &at, reverse->without_score, signal, work,
				      gradient, d + k * S);
		else
			through_layer(net, trace, row, &at, reverse, d + k * S);
		if (k > 0 && !layer->each_in)
			net->kernels->add(d, d + k * S, layer->units);
	}
}

size_t bern_binary_units(const bern_network *net)
{
	size_t units = 0;
	for (size_t l = 0; l < net->depth; l++)
		units += net->layer[l].kind == BERN_UNITS_BINARY ? net->layer[l].units : 0;
	return units;
}

void bern_backward(const bern_network *net, const bern_trace *trace, size_t row,
		   const bern_reverse *reverse, const bern_signal *signal, bern_workspace *work,
		   float *gradient)
{
	const bern_layer *out = &net->layer[net->depth];
	size_t K = net->firings, S = net->most_units, N = net->head.logits;
	size_t unit = bern_binary_units(net);
	float *d = work->path[0], *next = work->path[1];
	for (size_t k = 0; k < K; k++) {
		memcpy(d + k * S, work->delta + k * N, N * sizeof *d);
		if (k > 0 && !out->each_in)
			net->kernels->add(d, d + k * S, N);
	}
	for (size_t l = net->depth + 1; l-- > 0;) {
		const bern_layer *layer = &net->layer[l];
		const float *w = net->params + layer->weight;
		size_t inputs = layer->each_in ? K : 1;
		for (size_t k = 0; k < inputs; k++) {
			if (gradient)
				add_outer(net, trace, row, l, k, d + k * S, work, gradient);
			for (size_t i = 0;
			     l > 0 && wants_gradient(net, reverse, l - 1) && i < layer->inputs; i++)
				next[k * S + i] = net->kernels->dot(d + k * S, w + i * layer->units,
								    0.0f, layer->units);
		}
		if (l == 0)
			break;
		unit -= net->layer[l - 1].kind == BERN_UNITS_BINARY ? layer->inputs : 0;
		through(net, trace, row, l - 1, unit, reverse, signal, work, gradient, next);
		float *swap = d;
		d = next;
		next = swap;
	}
}

void bern_backward_rows(const bern_network *net, const bern_trace *trace, const size_t *rows,
			size_t count, const bern_reverse *reverse, const bern_signal *signal,
			bern_workspace *work, float *gradient)
{
	for (size_t i = 0; i < count; i++) {
		bern_enter(net, trace, rows[i], signal, work);
		bern_backward(net, trace, rows[i], reverse, signal, work, gradient);
	}
}
