#include "memory.h"

#include <string.h>

bern_memory bern_memory_of(size_t observation, size_t stack, size_t units)
{
	bern_memory memory = {.observation = observation, .stack = stack, .units = units};
	if (stack > 1 || units > 0)
		memory.size = 1 + (stack - 1) * observation + units;
	memory.inputs = stack * observation + units;
	return memory;
}

void bern_memory_input(const bern_memory *memory, const bern_normalizer *normalizer, float *x,
		       const float *lane, const float *obs)
{
	size_t O = memory->observation, earlier = memory->stack - 1;
	for (size_t f = 0; f < earlier; f++)
		bern_normalizer_apply(normalizer, x + f * O,
				      lane[0] != 0.0f ? lane + 1 + f * O : obs);
	bern_normalizer_apply(normalizer, x + earlier * O, obs);
	if (memory->units > 0)
		memcpy(x + memory->stack * O, lane + 1 + earlier * O, memory->units * sizeof *x);
}

void bern_memory_keep(const bern_memory *memory, float *lane, const float *obs,
		      const bern_network *net, const bern_trace *trace, size_t row, int decided)
{
	size_t O = memory->observation, earlier = memory->stack - 1;
	if (memory->size == 0)
		return;
	float *frames = lane + 1, *last = frames + earlier * O;
	for (size_t f = 0; lane[0] == 0.0f && f < earlier; f++)
		memcpy(frames + f * O, obs, O * sizeof *obs);
	lane[0] = 1.0f;
	if (earlier > 0) {
		memmove(frames, frames + O, (earlier - 1) * O * sizeof *obs);
		memcpy(frames + (earlier - 1) * O, obs, O * sizeof *obs);
	}
	for (size_t j = 0; j < memory->units; j++)
		last[j] = 2.0f * (decided ? bern_trace_p(trace, net, 0, row, 0)[j]
					  : (float)bern_trace_h(trace, net, 0, row, 0)[j]) -
			  1.0f;
}

void bern_memory_latch(const bern_memory *memory, bern_network *net, double latch)
{
	const bern_layer *first = &net->layer[0];
	float *w = net->params + first->weight;
	for (size_t i = 0; i < memory->units; i++)
		for (size_t j = 0; j < first->units; j++)
			w[(memory->stack * memory->observation + i) * first->units + j] =
				i == j ? (float)latch : 0.0f;
}
