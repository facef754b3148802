#include "network.h"

#include <bern/math.h>
#include <math.h>
#include <string.h>

int32_t bern_parse_layers(const char *text, size_t *units, size_t *depth, bern_error *e)
{
	const char *c = text;
	*depth = 0;
	for (;;) {
		size_t n = 0, digits = 0;
		for (; *c >= '0' && *c <= '9' && digits < 7; c++, digits++)
			n = 10 * n + (size_t)(*c - '0');
		if (digits == 0 || n < 1 || n > 65536 || (*c != '\0' && *c != ','))
			return bern_fail(e, BERN_EUSAGE,
					 "hidden: \"%s\" is not a list of layer sizes; allowed: "
					 "numbers from 1 to 65536 with commas between, such as 64 "
					 "or 64,32",
					 text);
		if (*depth == BERN_MAX_LAYERS)
			return bern_fail(e, BERN_EUSAGE,
					 "hidden: \"%s\" has more than %d layers, which is as many "
					 "as a network may have",
					 text, BERN_MAX_LAYERS);
		units[(*depth)++] = n;
		if (*c++ == '\0')
			return 0;
	}
}

int32_t bern_network_init(bern_network *net, bern_arena *arena, const bern_action_head *head,
			  size_t inputs, const size_t *units, size_t depth, int64_t unit_kind,
			  size_t firings, const bern_kernels *kernels, bern_error *e)
{
	*net = (bern_network){.kernels = kernels,
			      .units = unit_kind,
			      .depth = depth,
			      .firings = firings,
			      .head = *head,
			      .most_units = bern_padded(inputs > firings ? inputs : firings)};
	size_t fan_in = inputs;
	for (size_t l = 0; l <= depth; l++) {
		bern_layer *layer = &net->layer[l];
		layer->inputs = fan_in;
		layer->units = l < depth ? units[l] : head->logits;
		layer->padded = bern_padded(layer->units);
		layer->weight = net->param_count;
		layer->bias = layer->weight + layer->inputs * layer->units;
		net->param_count = layer->bias + layer->units;
		if (layer->padded > net->most_units)
			net->most_units = layer->padded;
		fan_in = layer->units;
	}
	net->params = bern_arena_take(arena, net->param_count, sizeof *net->params);
	net->a = bern_arena_take(arena, net->most_units, sizeof *net->a);
	net->rows = bern_arena_take(arena, net->most_units, sizeof *net->rows);
	return bern_arena_check(arena, e);
}

void bern_network_randomize(bern_network *net, double first, double later, bern_rng *rng)
{
	memset(net->params, 0, net->param_count * sizeof *net->params);
	for (size_t l = 0; l < net->depth; l++) {
		const bern_layer *layer = &net->layer[l];
		float *w = net->params + layer->weight;
		float *bias = net->params + layer->bias;
		double s = l == 0 ? first : later / sqrt((double)layer->inputs);
		for (size_t j = 0; l == 0 && j < layer->units; j++)
			bias[j] = (float)bern_rng_range(rng, -s, s);
		for (size_t i = 0; i < layer->inputs; i++)
			for (size_t j = 0; j < layer->units; j++) {
				float *w_ij = &w[i * layer->units + j];
				*w_ij = (float)bern_rng_range(rng, -s, s);
				if (l > 0 && net->units == BERN_UNITS_BINARY)
					bias[j] -= 0.5f * *w_ij;
			}
	}
}

int32_t bern_trace_init(bern_trace *trace, bern_arena *arena, const bern_network *net, size_t rows,
			bern_error *e)
{
	size_t K = net->firings, N = net->head.logits;
	*trace = (bern_trace){.rows = rows, .firings = K};
	trace->x = bern_arena_take(arena, rows, net->layer[0].inputs * sizeof(float));
	for (size_t l = 0; l < net->depth; l++) {
		size_t P = net->layer[l].padded;
		int once = l == 0 || net->units != BERN_UNITS_BINARY;
		trace->p[l] = bern_arena_take(arena, rows, (once ? 1 : K) * P * sizeof(float));
		if (net->units == BERN_UNITS_BINARY)
			trace->h[l] = bern_arena_take(arena, rows, K * P);
	}
	trace->pi = bern_arena_take(arena, rows, K * N * sizeof(float));
	trace->mean_pi = bern_arena_take(arena, rows, N * sizeof(float));
	trace->posterior = bern_arena_take(arena, rows, K * sizeof(float));
	trace->action = bern_arena_take(arena, rows, net->head.components * sizeof(int32_t));
	return bern_arena_check(arena, e);
}

/* pi of the K firings from the last hidden layer's. */
static void fired_policies(bern_network *net, float *pi, const uint8_t *h, const uint8_t *mask)
{
	const bern_layer *out = &net->layer[net->depth];
	const float *w = net->params + out->weight, *bias = net->params + out->bias;
	size_t K = net->firings, N = out->units, P = bern_padded(out->inputs);
	float *logits = net->a; /* free again once the hidden layers have fired */
	if (N == 1) {           /* one action unit: all firings at once */
		net->kernels->fired_dot(logits, h, w, bias[0], out->inputs, K);
		net->kernels->probability(logits, logits, K);
		memcpy(pi, logits, K * sizeof *pi);
		return;
	}
	for (size_t k = 0; k < K; k++) {
		size_t count = net->kernels->fired(net->rows, h + k * P, out->inputs);
		net->kernels->affine_rows(logits, net->rows, count, w, bias, N);
		bern_head_probabilities(&net->head, pi + k * N, logits, mask);
	}
}

/* pi of one pass of real numbers. */
static void real_policy(bern_network *net, float *pi, const float *x, const uint8_t *mask)
{
	const bern_layer *out = &net->layer[net->depth];
	net->kernels->affine(net->a, x, net->params + out->weight, net->params + out->bias,
			     out->inputs, out->units);
	bern_head_probabilities(&net->head, pi, net->a, mask);
}

/* Activations of a relu or tanh layer. */
static void activate(const bern_network *net, float *y, const float *a, size_t units)
{
	if (net->units == BERN_UNITS_RELU)
		for (size_t j = 0; j < units; j++)
			y[j] = a[j] > 0.0f ? a[j] : 0.0f;
	else
		for (size_t j = 0; j < units; j++)
			y[j] = bern_tanhf(a[j]);
}

/* A pass of real numbers through the hidden layers, into p of the row; returns the last layer's. mode: BERN_MEAN_FIELD or
 * BERN_THRESHOLDED for binary units; relu and tanh have one pass only. */
static const float *pass(bern_network *net, bern_trace *trace, size_t row, int32_t mode)
{
	const float *x = trace->x + row * net->layer[0].inputs;
	for (size_t l = 0; l < net->depth; l++) {
		const bern_layer *layer = &net->layer[l];
		float *y = bern_trace_p(trace, net, l, row, 0);
		net->kernels->affine(net->a, x, net->params + layer->weight,
				     net->params + layer->bias, layer->inputs, layer->units);
		if (net->units == BERN_UNITS_BINARY) {
			net->kernels->probability(y, net->a, layer->units);
			for (size_t j = 0; mode == BERN_THRESHOLDED && j < layer->units; j++)
				y[j] = y[j] > 0.5f;
		} else {
			activate(net, y, net->a, layer->units);
		}
		x = y;
	}
	return x;
}

/* Fires every hidden layer K times. */
static void fire(bern_network *net, bern_trace *trace, size_t row, bern_firing_rng *rng)
{
	const bern_kernels *kernels = net->kernels;
	size_t K = net->firings;
	const bern_layer *first = &net->layer[0];
	float *p = bern_trace_p(trace, net, 0, row, 0);
	kernels->affine(net->a, trace->x + row * first->inputs, net->params + first->weight,
			net->params + first->bias, first->inputs, first->units);
	kernels->probability(p, net->a, first->units);
	kernels->fire(bern_trace_h(trace, net, 0, row, 0), p, first->units, K, rng);
	for (size_t l = 1; l < net->depth; l++) {
		const bern_layer *layer = &net->layer[l];
		for (size_t k = 0; k < K; k++) {
			const uint8_t *below = bern_trace_h(trace, net, l - 1, row, k);
			p = bern_trace_p(trace, net, l, row, k);
			size_t count = kernels->fired(net->rows, below, layer->inputs);
			kernels->affine_rows(net->a, net->rows, count, net->params + layer->weight,
					     net->params + layer->bias, layer->units);
			kernels->probability(p, net->a, layer->units);
			kernels->fire(bern_trace_h(trace, net, l, row, k), p, layer->units, 1, rng);
		}
	}
}

static void mean_policy(float *mean, const float *pi, size_t K, size_t N)
{
	for (size_t n = 0; n < N; n++) {
		float total = 0.0f;
		for (size_t k = 0; k < K; k++)
			total += pi[k * N + n];
		mean[n] = total / (float)K;
	}
}

void bern_network_act(bern_network *net, bern_trace *trace, size_t row, const uint8_t *mask,
		      bern_firing_rng *rng)
{
	size_t K = net->firings, N = net->head.logits, last = net->depth - 1;
	float *pi = trace->pi + row * K * N;
	if (net->units == BERN_UNITS_BINARY) {
		fire(net, trace, row, rng);
		fired_policies(net, pi, bern_trace_h(trace, net, last, row, 0), mask);
	} else {
		real_policy(net, pi, pass(net, trace, row, BERN_SAMPLED), mask);
	}
	mean_policy(trace->mean_pi + row * N, pi, K, N);

	/* to draw from the mean of K distributions: choose one of them, then draw from it */
	bern_draws draws = {.kernels = net->kernels, .rng = rng};
	size_t speaker = (size_t)((uint64_t)bern_draw(&draws) * K >> 32);
	int32_t *action = trace->action + row * net->head.components;
	bern_head_sample(&net->head, action, pi + speaker * N, &draws);
	bern_head_posterior(&net->head, trace->posterior + row * K, pi, action, K);
}

void bern_network_decide(bern_network *net, bern_trace *trace, size_t row, const uint8_t *mask,
			 int32_t mode)
{
	float *pi = trace->pi + row * net->firings * net->head.logits;
	real_policy(net, pi, pass(net, trace, row, mode), mask);
	bern_head_mode(&net->head, trace->action + row * net->head.components, pi);
}
