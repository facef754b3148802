/* Rao-Blackwell over the hidden bits: the score of the firing that happened is replaced by its mean over all firings that could have led to
 * the action,
 *     dJ/dtheta = E[A E[d log P(h | s) pi(a | h) | s, a]].
 * Casella & Robert 1996, Biometrika 83; for these networks derived here (posterior.h). "rao-blackwell" visits all 2^n firings, so that n is
 * limited; "gibbs" averages over sweeps of a Gibbs chain and takes any width. Both are exactly unbiased: the chain starts from the firing that
 * acted, which is a draw from P(h | s, a) already. */
#include "posterior.h"

#include "estimator.h"

#include <string.h>

typedef struct rao_blackwell {
	bern_posterior posterior;
	size_t logits, sweeps;
	uint8_t *allowed; /* (rows of a play, logits) masks as they were, or NULL */
	bern_pcg32 rng;
} rao_blackwell;

static int32_t start(rao_blackwell *self, bern_arena *arena, const bern_estimator_setting *setting,
		     bern_error *e)
{
	const bern_agent_config *config = setting->config;
	bern_rng rng;
	bern_rng_stream(&rng, setting->seed, (bern_stream_key){.purpose = BERN_FOR_LEARNING});
	uint64_t state = bern_rng_u64(&rng);
	bern_pcg32_init(&self->rng, state, bern_rng_u64(&rng));
	self->logits = setting->net->head.logits;
	self->sweeps = (size_t)config->sweeps;
	if (setting->world && setting->world->env->mask)
		self->allowed = bern_arena_take(
			arena, (size_t)config->num_envs * (size_t)config->num_steps, self->logits);
	return bern_posterior_init(&self->posterior, arena, setting->net, e);
}

static int32_t start_exact(void *memory, bern_arena *arena, const bern_estimator_setting *setting,
			   bern_error *e)
{
	size_t bits = 0;
	for (size_t l = 0; l < setting->net->depth; l++)
		bits += setting->net->layer[l].units;
	if (bits > BERN_MOST_POSTERIOR_BITS)
		return bern_fail(
			e, BERN_EUSAGE,
			"estimator: rao-blackwell visits 2^n firings of n hidden units, and "
			"hidden is %s, which makes n = %zu; allowed: at most %d; with more: gibbs",
			setting->config->hidden, bits, BERN_MOST_POSTERIOR_BITS);
	return start(memory, arena, setting, e);
}

static int32_t start_gibbs(void *memory, bern_arena *arena, const bern_estimator_setting *setting,
			   bern_error *e)
{
	return start(memory, arena, setting, e);
}

static int32_t tensors(void *memory, bern_tensors *list, bern_error *e)
{
	rao_blackwell *self = memory;
	return bern_tensors_add(list, BERN_T_U64, &self->rng, 2, 0, e, "estimator.stream");
}

/* Keeps the masks, which the trace does not. */
static int32_t play(void *memory, int stage, bern_play *play, bern_error *e)
{
	rao_blackwell *self = memory;
	size_t B = play->lanes->count;
	(void)e;
	if (stage == BERN_PLAY_ACTED && self->allowed)
		memcpy(self->allowed + play->t * B * self->logits, play->lanes->mask,
		       B * self->logits);
	return 0;
}

/* The entropy bonus by the plain score, and nothing else. */
static void add_bonus(const bern_network *net, const bern_trace *trace, size_t row,
		      const bern_signal *signal, bern_workspace *work, float *gradient)
{
	if (signal->entropy_coef == 0.0f)
		return;
	bern_signal bonus = *signal;
	bonus.unit = NULL;
	work->c[0] = 0.0f;
	memset(work->delta, 0, net->head.logits * sizeof *work->delta);
	bern_entropy_rule(net, trace, row, &bonus, work);
	bern_local_rule(net, trace, row, &bonus, work, gradient);
}

static void accumulate_exact(const bern_network *net, const bern_trace *trace, const size_t *rows,
			     size_t count, const bern_signal *signal, bern_workspace *work,
			     float *gradient)
{
	rao_blackwell *self = work->memory;
	size_t inputs = net->layer[0].inputs, C = net->head.components;
	for (size_t i = 0; i < count; i++) {
		size_t r = rows[i];
		const uint8_t *allowed = self->allowed ? self->allowed + r * self->logits : NULL;
		bern_posterior_enumerate(&self->posterior, trace->x + r * inputs,
					 trace->action + r * C, allowed,
					 signal->scale * signal->advantage[r], gradient);
		add_bonus(net, trace, r, signal, work, gradient);
	}
}

static void accumulate_gibbs(const bern_network *net, const bern_trace *trace, const size_t *rows,
			     size_t count, const bern_signal *signal, bern_workspace *work,
			     float *gradient)
{
	rao_blackwell *self = work->memory;
	size_t inputs = net->layer[0].inputs, C = net->head.components;
	const uint8_t *fired[BERN_MAX_LAYERS];
	bern_posterior_prepare(&self->posterior);
	for (size_t i = 0; i < count; i++) {
		size_t r = rows[i];
		const uint8_t *allowed = self->allowed ? self->allowed + r * self->logits : NULL;
		for (size_t l = 0; l < net->depth; l++)
			fired[l] = bern_trace_h(trace, net, l, r, 0);
		bern_posterior_sample(&self->posterior, trace->x + r * inputs, fired,
				      trace->action + r * C, allowed, self->sweeps, &self->rng,
				      signal->scale * signal->advantage[r], gradient);
		add_bonus(net, trace, r, signal, work, gradient);
	}
}

const bern_estimator bern_estimator_rao_blackwell = {
	.name = "rao-blackwell",
	.summary = "the mean score of all firings that could have led to the action",
	.source = "Casella & Robert 1996; derived here, see agents/posterior.h",
	.cost = "2^n firings a step, n hidden units",
	.unbiased = 1,
	.needs = BERN_NEEDS_BINARY,
	.memory_size = sizeof(rao_blackwell),
	.init = start_exact,
	.tensors = tensors,
	.play = play,
	.accumulate = accumulate_exact,
};

const bern_estimator bern_estimator_gibbs = {
	.name = "gibbs",
	.summary = "the same mean by Gibbs sampling, from the firing that acted",
	.source = "Geman & Geman 1984; derived here, see agents/posterior.h",
	.cost = "per sweep and step: 2 policies a unit of the last layer, 2 passes a unit of "
		"others",
	.unbiased = 1,
	.needs = BERN_NEEDS_BINARY,
	.memory_size = sizeof(rao_blackwell),
	.init = start_gibbs,
	.tensors = tensors,
	.play = play,
	.accumulate = accumulate_gibbs,
};
