/* homeostasis.h: keeps rectifier units alive.
 *
 * A rectifier that is never above 0 passes no gradient and never comes back. Bengio, Leonard, Courville 2013 (arXiv 1308.3432, section 3)
 * push the bias of a noisy rectifier up when its firing average falls below a threshold: here bias += rate (floor - average)
 * after each update, average the running mean of how often the unit was above 0. A unit needs its own firings alone. It is no
 * gradient of the reward, so what it adds is a bias, in both senses.
 */
#ifndef BERN_HOMEOSTASIS_H
#define BERN_HOMEOSTASIS_H

#include "network.h"

#include <bern/tensor.h>

typedef struct bern_homeostasis {
	double floor;
	size_t units;   /* of all layers of rectifiers, noisy or relu */
	float *average; /* (units) undivided by weight[0] */
	float *weight;  /* (1) what the averages weigh: 1 after many updates */
} bern_homeostasis;

/* The layers' kinds are known. A floor above 0 needs a layer of rectifiers. */
int32_t bern_homeostasis_init(bern_homeostasis *homeostasis, bern_arena *arena,
			      const bern_network *net, double floor, bern_error *e);

/* Takes rows 0 .. rows-1 into the averages and moves the biases. */
void bern_homeostasis_step(bern_homeostasis *homeostasis, bern_network *net,
			   const bern_trace *trace, size_t rows, double rate);

int32_t bern_homeostasis_tensors(bern_homeostasis *homeostasis, bern_tensors *list, bern_error *e);

#endif
