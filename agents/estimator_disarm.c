/* DisARM, also U2G: ARM with what its uniforms leave open averaged out. With the two opposite firings b = 1[u > 1 - p] and
 * b~ = 1[u < p] of a layer and their returns f,
 *     dJ/da_j = E[1/2 (f(b) - f(b~)) (-1)^b~_j 1[b_j != b~_j] sigmoid(|a_j|)].
 * Dong, Mnih & Tucker 2020, arXiv 2006.10680, eq. 6; Yin et al. 2020. Unbiased, and never of larger variance than ARM. */
#include "branches.h"

static int32_t branch(void *memory, int stage, bern_play *play, bern_error *e)
{
	bern_branches *branches = memory;
	const bern_network *net = &branches->net;
	int32_t failed = 0;
	if (stage != BERN_PLAY_ACTED)
		return 0;
	for (size_t b = 0; !failed && b < play->lanes->count; b++) {
		size_t row = play->t * play->lanes->count + b;
		float *credit = branches->credit + row * branches->hidden;
		for (size_t l = 0; !failed && l < net->depth; l++) {
			double f[2];
			bern_copy_row(net, &branches->trace, 0, play->trace, row);
			const float *p = bern_trace_p(&branches->trace, net, l, 0, 0);
			failed = bern_branches_antithetic(branches, play, b, l, f, e);
			for (size_t j = 0; !failed && j < net->layer[l].units; j++) {
				/* sigmoid(|a|) = max(p, 1 - p) */
				double most = (double)(p[j] > 0.5f ? p[j] : 1.0f - p[j]);
				int differ = branches->other[0][j] - branches->other[1][j];
				*credit++ = (float)(0.5 * (f[0] - f[1]) * differ * most);
			}
		}
	}
	return failed;
}

BERN_BRANCHING_ESTIMATOR(disarm, "ARM with the uniforms averaged out",
			 "Dong, Mnih & Tucker 2020, arXiv 2006.10680, eq. 6",
			 "2 clones a layer and step, each played to the end of the rollout",
			 branch);
