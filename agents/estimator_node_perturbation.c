/* Node perturbation, for contrast: in each step a little Gaussian noise xi of deviation sigma is added to the activations of all units, and
 *     dJ/da_j = E[A xi_j] / sigma^2.
 * Williams 1992, section 6 (Gaussian units); Fiete & Seung 2006, Phys. Rev. Lett. 97, 048104. It does not use that the neurons themselves
 * are noisy, so that the neurons' noise only drowns the perturbation, and the small sigma that keeps the bias small divides it:
 * this is what learning from the own firing saves. Unbiased for the objective that is smoothed by the noise, biased by about
 * sigma^2 / 2 times its curvature for the one without. All lanes of a step share the noise. */
#include "credit.h"

#include <bern/math.h>

typedef struct node_perturbation {
	const bern_network *net;
	size_t units, lanes; /* of all layers, the output with them */
	double sigma;
	bern_rng rng;
	float *noise;  /* (T, units) */
	float *biases; /* (units) as they were */
} node_perturbation;

static int32_t start(void *memory, bern_arena *arena, const bern_estimator_setting *setting,
		     bern_error *e)
{
	node_perturbation *self = memory;
	self->net = setting->net;
	self->sigma = setting->config->perturbation;
	self->lanes = (size_t)setting->config->num_envs;
	for (size_t l = 0; l <= self->net->depth; l++)
		self->units += self->net->layer[l].units;
	bern_rng_stream(&self->rng, setting->seed, (bern_stream_key){.purpose = BERN_FOR_LEARNING});
	self->noise = bern_arena_take(arena, (size_t)setting->config->num_steps,
				      self->units * sizeof(float));
	self->biases = bern_arena_take(arena, self->units, sizeof(float));
	return bern_arena_check(arena, e);
}

static int32_t tensors(void *memory, bern_tensors *list, bern_error *e)
{
	node_perturbation *self = memory;
	return bern_tensors_add(list, BERN_T_U64, &self->rng, sizeof self->rng / sizeof(uint64_t),
				0, e, "estimator.stream");
}

/* Noise in the biases is noise in the activations of every lane. */
static void set_biases(node_perturbation *self, bern_network *net, const float *noise)
{
	const float *bias = self->biases;
	for (size_t l = 0; l <= net->depth; l++)
		for (size_t j = 0; j < net->layer[l].units; j++)
			net->params[net->layer[l].bias + j] = *bias++ + (noise ? *noise++ : 0.0f);
}

static int32_t play(void *memory, int stage, bern_play *play, bern_error *e)
{
	node_perturbation *self = memory;
	bern_network *net = play->net;
	float *bias = self->biases;
	(void)e;
	if (stage == BERN_PLAY_BEGIN)
		for (size_t l = 0; l <= net->depth; l++)
			for (size_t j = 0; j < net->layer[l].units; j++)
				*bias++ = net->params[net->layer[l].bias + j];
	if (stage == BERN_PLAY_END)
		set_biases(self, net, NULL);
	size_t next = stage == BERN_PLAY_BEGIN ? 0 : play->t + 1;
	if ((stage == BERN_PLAY_BEGIN || stage == BERN_PLAY_STEPPED) && next < play->steps) {
		float *noise = self->noise + next * self->units;
		for (size_t u = 0; u < self->units; u++)
			noise[u] = (float)(self->sigma * bern_normal(&self->rng));
		set_biases(self, net, noise);
	}
	return 0;
}

static void accumulate(const bern_network *net, const bern_trace *trace, const size_t *rows,
		       size_t count, const bern_signal *signal, bern_workspace *work,
		       float *gradient)
{
	const node_perturbation *self = work->memory;
	float scale = (float)(1.0 / (self->sigma * self->sigma));
	for (size_t i = 0; i < count; i++) {
		const float *noise = self->noise + rows[i] / self->lanes * self->units;
		float A = signal->scale * signal->advantage[rows[i]] * scale;
		for (size_t l = 0; l <= net->depth; l++) {
			for (size_t j = 0; j < net->layer[l].units; j++)
				work->s[j] = A * *noise++;
			bern_layer_rule(net, trace, rows[i], l, work->s, work, gradient);
		}
	}
}

const bern_estimator bern_estimator_node_perturbation = {
	.name = "node-perturbation",
	.summary = "noise added to activations, correlated with the reward",
	.source = "Williams 1992, section 6; Fiete & Seung 2006",
	.cost = "a normal number for each unit a step",
	.unbiased = 0,
	.needs = BERN_NEEDS_BINARY | BERN_LEAVES_ENTROPY,
	.memory_size = sizeof(node_perturbation),
	.init = start,
	.tensors = tensors,
	.play = play,
	.accumulate = accumulate,
	.shared = 1,
};
