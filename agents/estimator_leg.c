/* LEG, local expectation gradients, also RAM: every unit is turned over by itself, and its two returns weighed by its own probability,
 *     dJ/da_j = E[p_j (1 - p_j) (f(h_j = 1) - f(h_j = 0))],    the other units of its layer as they fired.
 * Titsias & Lazaro-Gredilla 2015, arXiv 1503.01494; Tokui & Sato 2017, arXiv 1702.01721. Unbiased, and the
 * dearest of those that compare clones: one clone for each unit and one for each layer. */
#include "branches.h"

/* Credits of the units of one layer. */
static int32_t layer_credits(bern_branches *branches, bern_play *play, size_t lane, size_t l,
			     float *credit, bern_error *e)
{
	const bern_network *net = &branches->net;
	const float *p = bern_trace_p(&branches->trace, net, l, 0, 0);
	uint8_t *h = bern_trace_h(&branches->trace, net, l, 0, 0);
	double as_fired, turned;
	int32_t failed = bern_branches_return(branches, play, lane, l + 1, &play->firing[lane],
					      &as_fired, e);
	for (size_t j = 0; !failed && j < net->layer[l].units; j++) {
		h[j] ^= 1;
		failed = bern_branches_return(branches, play, lane, l + 1, &play->firing[lane],
					      &turned, e);
		h[j] ^= 1;
		double gain = h[j] ? as_fired - turned : turned - as_fired;
		credit[j] = (float)((double)p[j] * (1.0 - (double)p[j]) * gain);
	}
	return failed;
}

static int32_t branch(void *memory, int stage, bern_play *play, bern_error *e)
{
	bern_branches *branches = memory;
	int32_t failed = 0;
	if (stage != BERN_PLAY_ACTED)
		return 0;
	for (size_t b = 0; !failed && b < play->lanes->count; b++) {
		size_t row = play->t * play->lanes->count + b;
		float *credit = branches->credit + row * branches->hidden;
		for (size_t l = 0; !failed && l < branches->net.depth; l++) {
			bern_copy_row(&branches->net, &branches->trace, 0, play->trace, row);
			failed = layer_credits(branches, play, b, l, credit, e);
			credit += branches->net.layer[l].units;
		}
	}
	return failed;
}

BERN_BRANCHING_ESTIMATOR(leg, "every unit turned over by itself, in a clone",
			 "Titsias & Lazaro-Gredilla 2015, arXiv 1503.01494",
			 "a clone for each unit and layer a step, each played to the end of the "
			 "rollout",
			 branch);
