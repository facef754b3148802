/* ARM: augment, REINFORCE, merge. For each layer one vector of uniforms u gives two firings, 1[u > 1 - p] and 1[u < p], which lean
 * opposite ways; with f the return of each,
 *     dJ/da = E[(f(1[u > 1 - p]) - f(1[u < p])) (u - 1/2)].
 * Yin & Zhou 2019, arXiv 1807.11143, eq. 8 and theorem 1. Unbiased. f is a clone of the lane with that firing in place of its own, played on with
 * the lane's own draws: two clones a layer and step. */
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
			failed = bern_branches_antithetic(branches, play, b, l, f, e);
			for (size_t j = 0; !failed && j < net->layer[l].units; j++)
				*credit++ = (float)((f[0] - f[1]) * (branches->u[j] - 0.5));
		}
	}
	return failed;
}

BERN_BRANCHING_ESTIMATOR(arm, "two opposite firings of each layer, compared in clones",
			 "Yin & Zhou 2019, arXiv 1807.11143, theorem 1",
			 "2 clones a layer and step, each played to the end of the rollout",
			 branch);
