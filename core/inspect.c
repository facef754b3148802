#include "inspect.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void bern_inspect_lay_out(bern_inspector *inspector, const bern_world *world)
{
	const bern_space *action = &world->instance.action;
	size_t K = inspector->firings;
	inspector->unit_count = inspector->p_count = inspector->h_count = 0;
	for (size_t l = 0; l < inspector->hidden; l++) {
		bern_inspect_layer *layer = &inspector->layer[l];
		layer->first_unit = inspector->unit_count;
		layer->first_p = inspector->p_count;
		layer->first_h = inspector->h_count;
		inspector->unit_count += layer->units;
		inspector->p_count += (layer->each_p ? K : 1) * layer->units;
		inspector->h_count += layer->fires ? K * layer->units : 0;
		snprintf(layer->name, sizeof layer->name, "layer %zu", l + 1);
	}
	if (inspector->layer_count > inspector->hidden)
		snprintf(inspector->layer[inspector->hidden].name, sizeof inspector->layer[0].name,
			 "output");
	inspector->choice_count = inspector->real_count = 0;
	if (action->kind == BERN_BOX)
		inspector->real_count = action->count;
	else if (action->kind == BERN_MULTI_BINARY)
		inspector->choice_count = action->count;
	else
		for (uint32_t c = 0; c < action->count; c++)
			inspector->choice_count += (size_t)action->sizes[c];
}

void bern_inspect_finish(bern_inspector *inspector)
{
	if (!inspector)
		return;
	if (inspector->finish)
		inspector->finish(inspector->self);
	memset(inspector, 0, sizeof *inspector);
}

/* ---- moments -------------------------------------------------------------------------------------- */

void bern_moment_init(bern_moment *moment, bern_arena *arena, const bern_inspector *inspector)
{
	size_t K = inspector->firings, V = inspector->choice_count;
	*moment = (bern_moment){.speaker = -1};
	moment->x = bern_arena_take(arena, inspector->inputs, sizeof *moment->x);
	moment->p = bern_arena_take(arena, inspector->p_count, sizeof *moment->p);
	moment->h = bern_arena_take(arena, inspector->h_count, 1);
	moment->posterior = bern_arena_take(arena, K, sizeof *moment->posterior);
	moment->chance = bern_arena_take(arena, V, sizeof *moment->chance);
	moment->each = bern_arena_take(arena, K * (V + inspector->real_count),
				       sizeof *moment->each);
	moment->worth = bern_arena_take(arena, V, sizeof *moment->worth);
	moment->real = bern_arena_take(arena, 2 * inspector->real_count, sizeof *moment->real);
}

static void unknown(float *x, size_t count)
{
	for (size_t i = 0; i < count; i++)
		x[i] = NAN;
}

void bern_moment_clear(bern_moment *moment, const bern_inspector *inspector)
{
	size_t K = inspector->firings, V = inspector->choice_count;
	moment->mode = BERN_INSPECT_SAMPLED;
	moment->firings = 0;
	moment->speaker = -1;
	moment->value = NAN;
	memset(moment->x, 0, inspector->inputs * sizeof *moment->x);
	memset(moment->p, 0, inspector->p_count * sizeof *moment->p);
	memset(moment->h, 0, inspector->h_count);
	memset(moment->posterior, 0, K * sizeof *moment->posterior);
	unknown(moment->chance, V);
	unknown(moment->each, K * (V + inspector->real_count));
	unknown(moment->worth, V);
	unknown(moment->real, 2 * inspector->real_count);
}

float bern_moment_p(const bern_moment *moment, const bern_inspector *inspector, size_t layer,
		    size_t j)
{
	const bern_inspect_layer *l = &inspector->layer[layer];
	size_t K = l->each_p ? (size_t)moment->firings : 1;
	float sum = 0.0f;
	for (size_t k = 0; k < K; k++)
		sum += bern_moment_p_of(moment, l, k, j);
	return K ? sum / (float)K : 0.0f;
}

float bern_moment_h(const bern_moment *moment, const bern_inspector *inspector, size_t layer,
		    size_t j)
{
	const bern_inspect_layer *l = &inspector->layer[layer];
	size_t K = (size_t)moment->firings, fired = 0;
	if (!l->fires || moment->mode == BERN_INSPECT_MEAN_FIELD)
		return bern_moment_p(moment, inspector, layer, j);
	for (size_t k = 0; k < K; k++)
		fired += moment->h[l->first_h + k * l->units + j];
	return K ? (float)fired / (float)K : 0.0f;
}

/* ---- no agent ------------------------------------------------------------------------------------- */

typedef struct random_player {
	const bern_world *world; /* borrowed */
	size_t choices;
} random_player;

/* Uniform in 0 .. n-1 from one word. */
static uint32_t below(uint32_t word, uint32_t n)
{
	return (uint32_t)((uint64_t)word * n >> 32);
}

static float real_between(const bern_space *s, size_t i, uint32_t word)
{
	double low = s->low ? (double)s->low[i] : -INFINITY;
	double high = s->high ? (double)s->high[i] : INFINITY;
	if (s->dtype == BERN_UINT8) {
		low = low > 0.0 ? low : 0.0;
		high = high < 255.0 ? high : 255.0;
		return (float)(low + below(word, (uint32_t)(high - low) + 1));
	}
	if (isinf(low))
		low = isinf(high) ? -1.0 : high - 2.0;
	if (isinf(high))
		high = low + 2.0;
	return (float)(low + (high - low) * ((double)word / 4294967295.0));
}

static void random_act(void *user, const bern_lanes *lanes, int32_t mode, bern_firing_rng *firing,
		       bern_firing_rng *others, float *memory, void *action, bern_moment *moment)
{
	const random_player *self = user;
	const bern_space *s = &self->world->instance.action;
	uint32_t words[BERN_LEAPS] = {0};
	size_t left = 0, A = self->world->action_count, at = 0;
	(void)others;
	(void)memory;
	moment->mode = mode;
	moment->firings = 0;
	moment->speaker = -1;
	moment->value = NAN;
	for (size_t v = 0; v < self->choices; v++)
		moment->worth[v] = moment->each[v] = NAN;
	for (size_t i = 0; i < A; i++) {
		if (left == 0) {
			bern_firing_rng_next(firing, words);
			left = BERN_LEAPS;
		}
		uint32_t word = words[--left], n = 2;
		if (s->kind == BERN_BOX) {
			float x = real_between(s, i, word);
			((float *)action)[i] = x;
			moment->real[i] = moment->real[A + i] = NAN;
			continue;
		}
		if (s->kind == BERN_MULTI_BINARY) {
			((int32_t *)action)[i] = (int32_t)below(word, 2);
			moment->chance[at++] = 0.5f;
			continue;
		}
		n = (uint32_t)s->sizes[i];
		const uint8_t *mask = lanes->mask;
		uint32_t allowed = 0, chosen;
		for (uint32_t v = 0; v < n; v++)
			allowed += !mask || mask[v];
		chosen = below(word, allowed);
		for (uint32_t v = 0; v < n; v++) {
			int may = !mask || mask[v];
			moment->chance[at++] = may ? 1.0f / (float)allowed : 0.0f;
			if (may && chosen-- == 0)
				((int32_t *)action)[i] = (int32_t)v;
		}
	}
}

int32_t bern_inspect_random(bern_inspector *inspector, const bern_world *world, bern_error *e)
{
	*inspector = (bern_inspector){0};
	random_player *self = calloc(1, sizeof *self);
	if (!self)
		return bern_fail(e, BERN_EMEMORY, "memory is out");
	*inspector = (bern_inspector){.self = self,
				      .agent = "random",
				      .firings = 1,
				      .observation = world->observation_floats,
				      .stack = 1,
				      .inputs = world->observation_floats,
				      .gamma = 1.0,
				      .act = random_act,
				      .finish = free};
	bern_inspect_lay_out(inspector, world);
	inspector->has_chance = inspector->choice_count > 0;
	self->world = world;
	self->choices = inspector->choice_count;
	return BERN_OK;
}
