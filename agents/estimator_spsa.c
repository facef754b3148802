/* SPSA, for contrast: simultaneous perturbation of all parameters. With random signs d and a small c,
 *     dJ/dtheta_i = E[(J(theta + c d) - J(theta - c d)) / (2 c) d_i],
 * where each J is the return of a clone of the lane played from the start of the rollout to its end, with the same draws on both
 * sides. Spall 1992, IEEE Trans. Automatic Control 37, eq. 2.2. One number tells of all parameters at once: its variance grows with their count.
 * Biased by the third derivative times c^2. A clone ends with its episode, so a rollout that goes on into further episodes is
 * judged by its first one alone, while the step is still divided by all of its steps: with short episodes make num_steps as long
 * as one of them, or the steps are small for what they say. */
#include "branches.h"
#include "normalizer.h"

#include <string.h>

typedef struct spsa {
	bern_branches branches;
	double c;
	float *sign;  /* (param_count) */
	float *kept;  /* (param_count) the parameters between two sides */
	float *slope; /* (lanes) */
	size_t lanes;
} spsa;

static int32_t start(void *memory, bern_arena *arena, const bern_estimator_setting *setting,
		     bern_error *e)
{
	spsa *self = memory;
	self->c = setting->config->perturbation;
	self->lanes = (size_t)setting->config->num_envs;
	self->sign = bern_arena_take(arena, setting->net->param_count, sizeof(float));
	self->kept = bern_arena_take(arena, setting->net->param_count, sizeof(float));
	self->slope = bern_arena_take(arena, self->lanes, sizeof(float));
	return bern_branches_init(&self->branches, arena, setting, 0, e);
}

static void finish(void *memory)
{
	bern_branches_finish(&((spsa *)memory)->branches);
}

static int32_t tensors(void *memory, bern_tensors *list, bern_error *e)
{
	return bern_branches_tensors(&((spsa *)memory)->branches, list, e);
}

/* Returns of all lanes with the parameters moved by `move` times the signs, times `weight`, onto the slopes. */
static int32_t side(spsa *self, bern_play *play, float move, double weight, bern_error *e)
{
	bern_branches *branches = &self->branches;
	float *params = play->net->params;
	int32_t failed = 0;
	for (size_t i = 0; i < play->net->param_count; i++)
		params[i] = self->kept[i] + move * self->sign[i];
	for (size_t b = 0; !failed && b < self->lanes; b++) {
		double result = 0.0;
		bern_normalizer_apply(play->normalizer, branches->trace.x,
				      play->lanes->obs +
					      b * play->lanes->world->observation_floats);
		failed = bern_branches_return(branches, play, b, 0, &play->firing[b], &result, e);
		self->slope[b] += (float)(weight * result);
	}
	return failed;
}

static int32_t play(void *memory, int stage, bern_play *play, bern_error *e)
{
	spsa *self = memory;
	size_t size = play->net->param_count * sizeof *self->kept;
	if (stage != BERN_PLAY_BEGIN)
		return 0;
	for (size_t i = 0; i < play->net->param_count; i++)
		self->sign[i] = bern_rng_u32(&self->branches.rng) & 1 ? 1.0f : -1.0f;
	memcpy(self->kept, play->net->params, size);
	memset(self->slope, 0, self->lanes * sizeof *self->slope);
	int32_t failed = side(self, play, (float)self->c, 0.5 / self->c, e);
	if (!failed)
		failed = side(self, play, -(float)self->c, -0.5 / self->c, e);
	memcpy(play->net->params, self->kept, size);
	return failed;
}

static void accumulate(const bern_network *net, const bern_trace *trace, const size_t *rows,
		       size_t count, const bern_signal *signal, bern_workspace *work,
		       float *gradient)
{
	const spsa *self = work->memory;
	(void)trace;
	/* the rows of a lane are one rollout; its slope goes with the first */
	for (size_t i = 0; i < count; i++) {
		float slope = signal->scale * bern_weight(signal, rows[i]);
		if (rows[i] >= self->lanes)
			continue;
		slope *= self->slope[rows[i]];
		for (size_t k = 0; k < net->param_count; k++)
			gradient[k] += slope * self->sign[k];
	}
}

const bern_estimator bern_estimator_spsa = {
	.name = "spsa",
	.summary = "all parameters perturbed at once, both ways",
	.source = "Spall 1992, eq. 2.2",
	.cost = "2 clones a lane and rollout, each played to the end of the rollout",
	.unbiased = 0,
	.needs = BERN_NEEDS_BINARY | BERN_NEEDS_CLONES | BERN_LEAVES_ENTROPY,
	.memory_size = sizeof(spsa),
	.init = start,
	.finish = finish,
	.tensors = tensors,
	.play = play,
	.accumulate = accumulate,
	.shared = 1,
};
