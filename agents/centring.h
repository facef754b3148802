/* centring.h: steps of the policy as if a unit that fires said 1/2 and one that does not -1/2.
 *
 * With firings 0 and 1 all weights of a unit above share a direction, their sum, along which the objective is about as many times steeper
 * than along the others as there are units below, and a step size that is right for one is wrong for the other. In
 *     a = b + sum over i of w_i h_i = b' + sum over i of w_i (h_i - 1/2),    b' = b + 1/2 sum over i of w_i
 * that direction is gone. So gradients of w and b' are what the optimiser is given, dE/dw_i at fixed b' being dE/dw_i - 1/2 dE/db, and b
 * moves by what it says of b', less half of what the weights moved. Networks compute, and estimators estimate, what they did.
 * Schraudolph 1998, Centering neural network gradient factors; of binary units Montavon & Mueller 2012, arXiv 1203.3783.
 */
#ifndef BERN_CENTRING_H
#define BERN_CENTRING_H

#include "network.h"
#include "optimizer.h"

typedef struct bern_centring {
	int on;
	double *sum; /* (most units of a layer that hears bits) of the weights, for each unit */
} bern_centring;

/* on 0: steps are the optimiser's own. */
int32_t bern_centring_init(bern_centring *centring, bern_arena *arena, const bern_network *net,
			   int on, bern_error *e);

/* One step of the optimiser on the network's parameters; gradient (param_count) is changed on the way. */
void bern_centring_step(bern_centring *centring, bern_optimizer *optimizer, bern_network *net,
			float *gradient, double rate);

#endif
