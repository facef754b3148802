/* memory.h: what a network carries from step to step: earlier observations (frame stacking) and its own last firing (recurrence).
 *
 * The network's input x (I) is F = `stack` frames of O numbers, the oldest first, each through the normaliser, and, with
 * recurrence, the last output of the first hidden layer's U units as -1 and 1: 2 h - 1, in its place 2 p - 1 where units pass p. At
 * the start of an episode the frames are all its first observation (as Gymnasium's FrameStackObservation pads with "reset"), and
 * the units hear 0: nothing has fired.
 *
 * A lane's memory is M floats, all 0 where an episode starts: whether a step has been made, the F - 1 earlier observations, and U
 * numbers. Whoever plays the lane owns it.
 */
#ifndef BERN_MEMORY_H
#define BERN_MEMORY_H

#include "network.h"
#include "normalizer.h"

typedef struct bern_memory {
	size_t observation; /* O */
	size_t stack;       /* F, at least 1 */
	size_t units;       /* U; 0 without recurrence */
	size_t size;        /* M; 0: nothing is carried */
	size_t inputs;      /* I */
} bern_memory;

bern_memory bern_memory_of(size_t observation, size_t stack, size_t units);

/* x (I) from what the lane remembers and its observation now (O). */
void bern_memory_input(const bern_memory *memory, const bern_normalizer *normalizer, float *x,
		       const float *lane, const float *obs);

/* Takes a step into the lane's memory: its observation, and what the first layer put out in `row` of the trace. decided 1: by
 * bern_network_decide, which leaves it in p; 0: by firing, in h. */
void bern_memory_keep(const bern_memory *memory, float *lane, const float *obs,
		      const bern_network *net, const bern_trace *trace, size_t row, int decided);

/* Initial weights of what is fed back: each unit hears its own last firing with weight `latch` and the others' with 0. So from the
 * start a unit goes on as it began, with probability sigmoid(latch) where nothing else speaks: it remembers. */
void bern_memory_latch(const bern_memory *memory, bern_network *net, double latch);

#endif
