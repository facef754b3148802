#include "centring.h"

static int hears_bits(const bern_network *net, size_t l)
{
	return l > 0 && net->layer[l - 1].kind == BERN_UNITS_BINARY;
}

int32_t bern_centring_init(bern_centring *centring, bern_arena *arena, const bern_network *net,
			   int on, bern_error *e)
{
	size_t units = 0;
	for (size_t l = 1; l <= net->depth; l++)
		if (hears_bits(net, l))
			units += net->layer[l].units;
	centring->on = on && units > 0;
	centring->sum = bern_arena_take(arena, units, sizeof *centring->sum);
	return bern_arena_check(arena, e);
}

/* Adds sign times the sums of the weights into each unit. */
static void add_sums(double *restrict sum, const bern_network *net, const bern_layer *layer,
		     double sign)
{
	for (size_t i = 0; i < layer->inputs; i++) {
		const float *w = net->params + layer->weight + i * layer->units;
		for (size_t j = 0; j < layer->units; j++)
			sum[j] += sign * (double)w[j];
	}
}

/* dE/dw -= 1/2 dE/db */
static void centre(float *restrict gradient, const bern_layer *layer)
{
	const float *bias = gradient + layer->bias;
	for (size_t i = 0; i < layer->inputs; i++) {
		float *w = gradient + layer->weight + i * layer->units;
		for (size_t j = 0; j < layer->units; j++)
			w[j] -= 0.5f * bias[j];
	}
}

void bern_centring_step(bern_centring *centring, bern_optimizer *optimizer, bern_network *net,
			float *gradient, double rate)
{
	double *sum = centring->sum;
	for (size_t l = 1; centring->on && l <= net->depth; l++) {
		const bern_layer *layer = &net->layer[l];
		if (!hears_bits(net, l))
			continue;
		centre(gradient, layer);
		for (size_t j = 0; j < layer->units; j++)
			sum[j] = 0.0;
		add_sums(sum, net, layer, -1.0);
		sum += layer->units;
	}
	bern_optimizer_step(optimizer, net->params, gradient, rate);
	sum = centring->sum;
	for (size_t l = 1; centring->on && l <= net->depth; l++) {
		const bern_layer *layer = &net->layer[l];
		if (!hears_bits(net, l))
			continue;
		add_sums(sum, net, layer, 1.0);
		for (size_t j = 0; j < layer->units; j++)
			net->params[layer->bias + j] -= (float)(0.5 * sum[j]);
		sum += layer->units;
	}
}
