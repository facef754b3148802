#include "homeostasis.h"

#define MEMORY 0.99f /* of the averages: what an update leaves of them */

static int rectifies(const bern_layer *layer)
{
	return layer->kind == BERN_UNITS_RELU || layer->kind == BERN_UNITS_RECTIFIER ||
	       layer->kind == BERN_UNITS_LOGISTIC_RECTIFIER;
}

int32_t bern_homeostasis_init(bern_homeostasis *homeostasis, bern_arena *arena,
			      const bern_network *net, double floor, bern_error *e)
{
	*homeostasis = (bern_homeostasis){.floor = floor};
	for (size_t l = 0; l < net->depth; l++)
		homeostasis->units += rectifies(&net->layer[l]) ? net->layer[l].units : 0;
	if (floor > 0.0 && homeostasis->units == 0)
		return bern_fail(e, BERN_EUSAGE,
				 "firing_floor: %g needs a layer of rectifiers, and units of layer "
				 "1 is %s; allowed with it: 0",
				 floor, bern_units_name(net->layer[0].kind));
	homeostasis->average = bern_arena_take(arena, homeostasis->units, sizeof(float));
	homeostasis->weight = bern_arena_take(arena, 1, sizeof(float));
	return bern_arena_check(arena, e);
}

/* In what part of the rows and firings unit j of layer l was above 0. */
static float activity(const bern_network *net, const bern_trace *trace, size_t rows, size_t l,
		      size_t j)
{
	size_t firings = net->layer[l].each_p ? trace->firings : 1, above = 0;
	for (size_t r = 0; r < rows; r++)
		for (size_t k = 0; k < firings; k++)
			above += bern_trace_p(trace, net, l, r, k)[j] > 0.0f;
	return (float)((double)above / (double)(rows * firings));
}

void bern_homeostasis_step(bern_homeostasis *homeostasis, bern_network *net,
			   const bern_trace *trace, size_t rows, double rate)
{
	float *average = homeostasis->average, *weight = homeostasis->weight;
	if (!(homeostasis->floor > 0.0))
		return;
	*weight = MEMORY * *weight + (1.0f - MEMORY);
	for (size_t l = 0; l < net->depth; l++)
		for (size_t j = 0; rectifies(&net->layer[l]) && j < net->layer[l].units; j++) {
			*average = MEMORY * *average +
				   (1.0f - MEMORY) * activity(net, trace, rows, l, j);
			double below = homeostasis->floor - (double)(*average++ / *weight);
			if (below > 0.0)
				net->params[net->layer[l].bias + j] += (float)(rate * below);
		}
}

int32_t bern_homeostasis_tensors(bern_homeostasis *homeostasis, bern_tensors *list, bern_error *e)
{
	if (!(homeostasis->floor > 0.0))
		return 0;
	int32_t failed = bern_tensors_add(list, BERN_T_F32, homeostasis->average,
					  homeostasis->units, 0, e, "homeostasis.average");
	return failed ? failed
		      : bern_tensors_add(list, BERN_T_F32, homeostasis->weight, 1, 0, e,
					 "homeostasis.weight");
}
