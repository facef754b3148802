/* RLOO: reinforce leave one out. From the same state the network acts n times with independent firings, each in a clone of the lane that
 * plays on; every firing is compared with the mean return of the others, which no more depends on it than a baseline does:
 *     dJ/dtheta = E[1/n sum_k (R_k - mean of the others' R) d log P(h_k, a_k | s)].
 * Salimans & Knowles 2014, arXiv 1401.1022; Kool, van Hoof & Welling 2019, "Buy 4 REINFORCE samples, get a baseline for free!". Unbiased. The
 * clones meet the same chances of the environment's, and different ones of the network's. */
#include "branches.h"

typedef struct rloo {
	bern_branches branches;
	bern_trace tried; /* (rows of a play times rollouts) */
	float *result;    /* (the same) returns */
	size_t rollouts;  /* n */
} rloo;

static int32_t start(void *memory, bern_arena *arena, const bern_estimator_setting *setting,
		     bern_error *e)
{
	rloo *self = memory;
	const bern_agent_config *config = setting->config;
	self->rollouts = (size_t)config->rollouts;
	size_t rows = (size_t)config->num_envs * (size_t)config->num_steps * self->rollouts;
	int32_t failed = bern_branches_init(&self->branches, arena, setting, 0, e);
	self->result = bern_arena_take(arena, rows, sizeof(float));
	return failed ? failed : bern_trace_init(&self->tried, arena, &self->branches.net, rows, e);
}

static void finish(void *memory)
{
	bern_branches_finish(&((rloo *)memory)->branches);
}

static int32_t tensors(void *memory, bern_tensors *list, bern_error *e)
{
	return bern_branches_tensors(&((rloo *)memory)->branches, list, e);
}

static int32_t branch(void *memory, int stage, bern_play *play, bern_error *e)
{
	rloo *self = memory;
	bern_branches *branches = &self->branches;
	int32_t failed = 0;
	if (stage != BERN_PLAY_ACTED)
		return 0;
	for (size_t b = 0; b < play->lanes->count; b++) {
		size_t row = play->t * play->lanes->count + b;
		bern_copy_row(&branches->net, &branches->trace, 0, play->trace, row);
		for (size_t k = row * self->rollouts; k < (row + 1) * self->rollouts; k++) {
			bern_firing_rng firing;
			bern_pcg32 own;
			double result;
			uint64_t state = bern_rng_u64(&branches->rng);
			bern_pcg32_init(&own, state, bern_rng_u64(&branches->rng));
			bern_firing_rng_from(&firing, own);
			failed = bern_branches_return(branches, play, b, 0, &firing, &result, e);
			if (failed)
				return failed;
			self->result[k] = (float)result;
			bern_copy_row(&branches->net, &self->tried, k, &branches->trace, 0);
		}
	}
	return 0;
}

static void accumulate(const bern_network *net, const bern_trace *trace, const size_t *rows,
		       size_t count, const bern_signal *signal, bern_workspace *work,
		       float *gradient)
{
	rloo *self = work->memory;
	const bern_trace *tried = &self->tried;
	size_t n = self->rollouts, N = net->head.logits, C = net->head.components;
	bern_signal each = *signal;
	(void)trace;
	each.unit = NULL;
	each.scale /= (float)n;
	for (size_t i = 0; i < count; i++) {
		const float *result = self->result + rows[i] * n;
		float mean = 0.0f;
		for (size_t k = 0; k < n; k++)
			mean += result[k] / (float)n;
		for (size_t k = 0; k < n; k++) {
			size_t r = rows[i] * n + k;
			/* R_k - mean of the others = (R_k - mean of all) n/(n - 1) */
			float A = signal->scale * bern_weight(signal, rows[i]) *
				  (result[k] - mean) / (float)(n - 1);
			work->c[0] = A;
			bern_head_score(&net->head, work->delta, tried->pi + r * N,
					tried->action + r * C, A);
			if (each.entropy_coef != 0.0f)
				bern_entropy_rule(net, tried, r, &each, work);
			bern_local_rule(net, tried, r, &each, work, gradient);
		}
	}
}

const bern_estimator bern_estimator_rloo = {
	.name = "rloo",
	.summary = "several rollouts from each state, each compared with the mean of the others",
	.source = "Salimans & Knowles 2014, arXiv 1401.1022; Kool et al. 2019",
	.cost = "rollouts clones a step, each played to the end of the rollout",
	.unbiased = 1,
	.needs = BERN_NEEDS_BINARY | BERN_NEEDS_CLONES,
	.memory_size = sizeof(rloo),
	.init = start,
	.finish = finish,
	.tensors = tensors,
	.play = branch,
	.accumulate = accumulate,
	.shared = 1,
};
