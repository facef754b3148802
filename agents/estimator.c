#include "estimator.h"

#include <stdio.h>
#include <string.h>

extern const bern_estimator bern_estimator_arm, bern_estimator_disarm, bern_estimator_gibbs,
	bern_estimator_leg, bern_estimator_local_expectation, bern_estimator_node_perturbation,
	bern_estimator_rao_blackwell, bern_estimator_relax, bern_estimator_rloo,
	bern_estimator_spsa, bern_estimator_weight_maximization;
extern const bern_estimator bern_estimator_backprop, bern_estimator_firings,
	bern_estimator_unbiased;

extern const bern_estimator bern_estimator_centred, bern_estimator_counterfactual,
	bern_estimator_gumbel, bern_estimator_pathwise, bern_estimator_predict_control,
	bern_estimator_predict_linear, bern_estimator_predict_mlp, bern_estimator_predict_unit,
	bern_estimator_reinmax, bern_estimator_straight_through,
	bern_estimator_straight_through_sigmoid;

/* one line for each estimator; its file says the rest */
const bern_estimator *const bern_estimators[] = {
	&bern_estimator_arm,
	&bern_estimator_backprop,
	&bern_estimator_centred,
	&bern_estimator_counterfactual,
	&bern_estimator_disarm,
	&bern_estimator_firings,
	&bern_estimator_gibbs,
	&bern_estimator_gumbel,
	&bern_estimator_leg,
	&bern_estimator_local_expectation,
	&bern_estimator_node_perturbation,
	&bern_estimator_pathwise,
	&bern_estimator_predict_control,
	&bern_estimator_predict_linear,
	&bern_estimator_predict_mlp,
	&bern_estimator_predict_unit,
	&bern_estimator_rao_blackwell,
	&bern_estimator_reinmax,
	&bern_estimator_relax,
	&bern_estimator_rloo,
	&bern_estimator_spsa,
	&bern_estimator_straight_through,
	&bern_estimator_straight_through_sigmoid,
	&bern_estimator_unbiased,
	&bern_estimator_weight_maximization,
};
const size_t bern_estimator_count = sizeof bern_estimators / sizeof bern_estimators[0];

/* how fast per-unit baselines follow: the weight of one update */
#define UNIT_RATE 0.05f

/* The first layer of which that is so; depth: there is none. */
enum { NOT_BINARY, DRAWS_BITS, IS_BINARY, IS_SMOOTH, IS_NOISY };
static size_t find_layer(const bern_offer *offer, int what)
{
	for (size_t l = 0; l < offer->depth; l++) {
		int64_t kind = offer->kind[l];
		if (what == NOT_BINARY   ? kind != BERN_UNITS_BINARY
		    : what == DRAWS_BITS ? bern_units_draw_bits(kind)
		    : what == IS_NOISY   ? bern_units_are_noisy(kind)
		    : what == IS_BINARY  ? kind == BERN_UNITS_BINARY
					 : kind == BERN_UNITS_SMOOTH)
			return l;
	}
	return offer->depth;
}

static const char *automatic(const bern_offer *offer)
{
	if (find_layer(offer, DRAWS_BITS) == offer->depth)
		return "backprop";
	return offer->firings > 1 ? "firings" : "unbiased";
}

/* What the layers and the environment lack of the estimator's needs. */
static int32_t check_needs(const bern_estimator *estimator, const bern_offer *offer, bern_error *e)
{
	const char *name = estimator->name;
	uint32_t needs = estimator->needs;
	size_t odd = find_layer(offer, NOT_BINARY), bits = find_layer(offer, DRAWS_BITS);
	size_t binary = find_layer(offer, IS_BINARY), smooth = find_layer(offer, IS_SMOOTH);
	if ((needs & BERN_NEEDS_BINARY) && odd < offer->depth)
		return bern_fail(e, BERN_EUSAGE,
				 "estimator: %s needs units that fire, binary ones in every layer, "
				 "and units of layer %zu is %s; allowed with it: %s",
				 name, odd + 1, bern_units_name(offer->kind[odd]),
				 automatic(offer));
	if ((needs & BERN_NEEDS_NOISE) && find_layer(offer, IS_NOISY) == offer->depth)
		return bern_fail(
			e, BERN_EUSAGE,
			"estimator: %s needs units that draw something, and units of layer "
			"1 is %s; allowed with it: backprop",
			name, bern_units_name(offer->kind[0]));
	if ((needs & BERN_NEEDS_REAL) && bits < offer->depth)
		return bern_fail(e, BERN_EUSAGE,
				 "estimator: %s needs units that can be differentiated, and units "
				 "of layer %zu is %s; allowed with it: unbiased, firings",
				 name, bits + 1, bern_units_name(offer->kind[bits]));
	if ((needs & BERN_NEEDS_BITS) && binary == offer->depth)
		return bern_fail(
			e, BERN_EUSAGE,
			"estimator: %s needs a layer of binary units, and units of layer 1 "
			"is %s; allowed with it: %s",
			name, bern_units_name(offer->kind[0]), automatic(offer));
	if ((needs & BERN_NEEDS_SMOOTH) && (smooth == offer->depth || binary < offer->depth))
		return bern_fail(
			e, BERN_EUSAGE,
			"estimator: %s needs smooth units and no binary ones, and units of "
			"layer %zu is %s; allowed with it: %s",
			name, (binary < offer->depth ? binary : 0) + 1,
			bern_units_name(offer->kind[binary < offer->depth ? binary : 0]),
			automatic(offer));
	if ((needs & BERN_NEEDS_FIRINGS) && offer->firings < 2)
		return bern_fail(e, BERN_EUSAGE,
				 "estimator: %s needs firings of at least 2, and firings is %lld; "
				 "one firing is the estimator \"unbiased\"",
				 name, (long long)offer->firings);
	if (!(needs & BERN_TAKES_BOX) && offer->world &&
	    offer->world->instance.action.kind == BERN_BOX)
		return bern_fail(e, BERN_EUSAGE,
				 "estimator: %s needs actions that can be listed, and those of %s "
				 "are BOX; allowed with it: %s",
				 name, offer->world->env->id, automatic(offer));
	if ((needs & BERN_NEEDS_ROLLOUTS) && offer->lanes == 1)
		return bern_fail(e, BERN_EUSAGE,
				 "estimator: %s needs num_envs of at least 2, and num_envs is 1",
				 name);
	if ((needs & BERN_NEEDS_CLONES) && offer->world && offer->world->env->attach)
		return bern_fail(e, BERN_EUSAGE,
				 "estimator: %s needs an environment that can be cloned byte by "
				 "byte, and the state of %s is a handle",
				 name, offer->world->env->id);
	return 0;
}

int32_t bern_estimator_find(const bern_estimator **out, const char *name, const bern_offer *offer,
			    bern_error *e)
{
	const char *names[sizeof bern_estimators / sizeof bern_estimators[0]];
	char hint[128], all[512] = "";
	size_t length = 0;
	*out = NULL;
	if (strcmp(name, "auto") == 0)
		name = automatic(offer);
	for (size_t i = 0; i < bern_estimator_count; i++) {
		names[i] = bern_estimators[i]->name;
		if (length < sizeof all)
			length += (size_t)snprintf(all + length, sizeof all - length, "%s%s",
						   i ? ", " : "", names[i]);
		if (strcmp(names[i], name) == 0)
			*out = bern_estimators[i];
	}
	if (!*out)
		return bern_fail(
			e, BERN_EUSAGE, "estimator: there is no \"%s\"; allowed: auto, %s%s", name,
			all, bern_suggest(name, names, bern_estimator_count, hint, sizeof hint));
	return check_needs(*out, offer, e);
}

int32_t bern_estimator_start(const bern_estimator *estimator, bern_workspace *work,
			     bern_arena *arena, const bern_estimator_setting *setting,
			     bern_error *e)
{
	work->memory = NULL;
	if (estimator->memory_size == 0)
		return 0;
	work->memory = bern_arena_take(arena, 1, estimator->memory_size);
	int32_t failed = bern_arena_check(arena, e);
	if (!failed && estimator->init)
		failed = estimator->init(work->memory, arena, setting, e);
	return failed ? failed : bern_arena_check(arena, e);
}

static void take_what_if(bern_workspace *work, bern_arena *arena, const bern_network *net)
{
	bern_what_if *room = work->what_if = bern_arena_take(arena, 1, sizeof *room);
	for (size_t l = 0; room && l < net->depth; l++) {
		size_t P = net->layer[l].padded;
		room->told[l] = bern_arena_take(arena, net->firings, P * sizeof(float));
		room->excess[l] = bern_arena_take(arena, P, sizeof(float));
	}
	if (!room)
		return;
	room->moved = bern_arena_take(arena, net->head.logits, net->most_units * sizeof(float));
	room->ratio = bern_arena_take(arena, 3, net->most_units * sizeof(float));
	room->sign = bern_arena_take(arena, net->most_units, sizeof(float));
	for (size_t i = 0; i < 2; i++)
		room->rows[i] = bern_arena_take(arena, net->most_units, sizeof(uint32_t));
}

int32_t bern_workspace_init(bern_workspace *work, bern_arena *arena, const bern_network *net,
			    bern_error *e)
{
	size_t K = net->firings, N = net->head.logits, most = net->most_units;
	work->c = bern_arena_take(arena, K, sizeof(float));
	work->c0 = bern_arena_take(arena, K, sizeof(float));
	work->r = bern_arena_take(arena, K, sizeof(float));
	work->delta = bern_arena_take(arena, K * N, sizeof(float));
	work->delta0 = bern_arena_take(arena, K * N, sizeof(float));
	work->surprise = bern_arena_take(arena, 2 * N, sizeof(float));
	work->s = bern_arena_take(arena, most, sizeof(float));
	work->s0 = bern_arena_take(arena, most, sizeof(float));
	work->back[0] = bern_arena_take(arena, most, sizeof(float));
	work->back[1] = bern_arena_take(arena, most, sizeof(float));
	work->path[0] = bern_arena_take(arena, K, most * sizeof(float));
	work->path[1] = bern_arena_take(arena, K, most * sizeof(float));
	work->rows = bern_arena_take(arena, most, sizeof(uint32_t));
	memset(work->given, 0, sizeof work->given);
	work->what_if = NULL;
	work->turned = bern_arena_take(arena, 2 * N * net->layer[net->depth - 1].padded,
				       sizeof(float));
	work->gathers = 0;
	work->pending = bern_arena_take(arena, net->depth + 1, sizeof *work->pending);
	for (size_t l = 1; work->pending && l < net->depth; l++) {
		const bern_layer *layer = &net->layer[l];
		if (!net->binary || layer->inputs * layer->units < BERN_WIDE)
			continue;
		bern_pending *pending = &work->pending[l];
		pending->most = bern_many(layer->inputs);
		pending->s = bern_arena_take(arena, pending->most, layer->padded * sizeof(float));
		pending->h = bern_arena_take(arena, pending->most, sizeof(uint8_t *));
	}
	if (net->keeps_chance)
		take_what_if(work, arena, net);
	return bern_arena_check(arena, e);
}

int32_t bern_unit_baseline_init(bern_unit_baseline *unit, bern_arena *arena,
				const bern_network *net, bern_error *e)
{
	*unit = (bern_unit_baseline){0};
	for (size_t l = 0; l < net->depth; l++)
		unit->units += net->layer[l].units;
	unit->units += net->head.logits;
	unit->above = bern_arena_take(arena, unit->units, sizeof(float));
	unit->below = bern_arena_take(arena, unit->units, sizeof(float));
	unit->b = bern_arena_take(arena, unit->units, sizeof(float));
	unit->above_sum = bern_arena_take(arena, unit->units, sizeof(float));
	unit->below_sum = bern_arena_take(arena, unit->units, sizeof(float));
	return bern_arena_check(arena, e);
}

void bern_unit_baseline_update(bern_unit_baseline *unit, int keep)
{
	if (unit->samples == 0.0f)
		return;
	for (size_t u = 0; u < unit->units; u++) {
		if (keep) {
			unit->above[u] += UNIT_RATE *
					  (unit->above_sum[u] / unit->samples - unit->above[u]);
			unit->below[u] += UNIT_RATE *
					  (unit->below_sum[u] / unit->samples - unit->below[u]);
			unit->b[u] = unit->below[u] > 0.0f ? unit->above[u] / unit->below[u] : 0.0f;
		}
		unit->above_sum[u] = unit->below_sum[u] = 0.0f;
	}
	unit->samples = 0.0f;
}

/* s -= scale b s0 for the units of one layer, whose first unit is u0 */
static void lower(const bern_signal *signal, float *s, const float *s0, size_t u0, size_t units)
{
	for (size_t j = 0; j < units; j++)
		s[j] -= signal->scale * signal->unit->b[u0 + j] * s0[j];
}

/* adds this sample's s0^2 A and s0^2 to the sums */
static void remember(const bern_signal *signal, const float *s0, float advantage, size_t u0,
		     size_t units)
{
	for (size_t j = 0; j < units; j++) {
		float square = s0[j] * s0[j];
		signal->unit->above_sum[u0 + j] += square * advantage;
		signal->unit->below_sum[u0 + j] += square;
	}
}

static void first_layer(const bern_network *net, const bern_trace *trace, size_t row,
			const bern_signal *signal, bern_workspace *work, float *gradient)
{
	const bern_layer *layer = &net->layer[0];
	const uint8_t *h = bern_trace_h(trace, net, 0, row, 0);
	const float *p = bern_trace_p(trace, net, 0, row, 0);
	if (work->given[0]) {
		memset(work->s, 0, layer->units * sizeof *work->s);
		for (size_t k = 0; k < net->firings; k++)
			net->kernels->add(work->s, work->given[0] + k * layer->padded,
					  layer->units);
	} else {
		net->kernels->score(work->s, h, p, work->c, layer->units, net->firings);
	}
	if (signal->unit) {
		net->kernels->score(work->s0, h, p, work->c0, layer->units, net->firings);
		lower(signal, work->s, work->s0, 0, layer->units);
		remember(signal, work->s0, signal->advantage[row], 0, layer->units);
	}
	/* all firings share the input: one outer product */
	net->kernels->outer(gradient + layer->weight, trace->x + row * layer->inputs, work->s,
			    layer->inputs, layer->units);
	net->kernels->add(gradient + layer->bias, work->s, layer->units);
}

/* What layer l has left behind. */
static void learn_pending(const bern_network *net, size_t l, bern_workspace *work, float *gradient)
{
	const bern_layer *layer = &net->layer[l];
	bern_pending *pending = &work->pending[l];
	if (pending->count > 0)
		net->kernels->outer_many(gradient + layer->weight, pending->h, pending->s,
					 layer->padded, pending->count, layer->inputs,
					 layer->units);
	pending->count = 0;
}

void bern_local_rules_end(const bern_network *net, bern_workspace *work, float *gradient)
{
	for (size_t l = 1; l < net->depth; l++)
		learn_pending(net, l, work, gradient);
	work->gathers = 0;
}

static void later_layer(const bern_network *net, const bern_trace *trace, size_t row, size_t l,
			size_t u0, const bern_signal *signal, bern_workspace *work, float *gradient)
{
	const bern_layer *layer = &net->layer[l];
	float *total0 = work->back[0], *s = work->s;
	bern_pending *pending = work->gathers && work->pending[l].s ? &work->pending[l] : NULL;
	if (signal->unit)
		memset(total0, 0, layer->units * sizeof *total0);
	for (size_t k = 0; k < net->firings; k++) {
		const uint8_t *h = bern_trace_h(trace, net, l, row, k);
		const uint8_t *below = bern_trace_h(trace, net, l - 1, row, k);
		const float *p = bern_trace_p(trace, net, l, row, k);
		if (pending)
			s = pending->s + pending->count * layer->padded;
		if (work->given[l])
			memcpy(s, work->given[l] + k * layer->padded, layer->units * sizeof *s);
		else
			net->kernels->score(s, h, p, &work->c[k], layer->units, 1);
		if (signal->unit) {
			net->kernels->score(work->s0, h, p, &work->c0[k], layer->units, 1);
			lower(signal, s, work->s0, u0, layer->units);
			net->kernels->add(total0, work->s0, layer->units);
		}
		net->kernels->add(gradient + layer->bias, s, layer->units);
		if (pending) {
			pending->h[pending->count++] = below;
			if (pending->count == pending->most)
				learn_pending(net, l, work, gradient);
			continue;
		}
		size_t count = net->kernels->fired(work->rows, below, layer->inputs);
		net->kernels->outer_rows(gradient + layer->weight, work->rows, count, s,
					 layer->units);
	}
	if (signal->unit)
		remember(signal, total0, signal->advantage[row], u0, layer->units);
}

static void output_layer(const bern_network *net, const bern_trace *trace, size_t row, size_t u0,
			 const bern_signal *signal, bern_workspace *work, float *gradient)
{
	const bern_layer *out = &net->layer[net->depth];
	size_t K = net->firings, N = net->head.logits, last = net->depth - 1;
	float *total0 = work->back[0];
	if (signal->unit) {
		memset(total0, 0, N * sizeof *total0);
		for (size_t k = 0; k < K; k++) {
			lower(signal, work->delta + k * N, work->delta0 + k * N, u0, N);
			net->kernels->add(total0, work->delta0 + k * N, N);
		}
		remember(signal, total0, signal->advantage[row], u0, N);
	}
	int few = N > 1 && N <= BERN_FEW && N == out->units;
	if (N == 1)
		net->kernels->fired_sum(gradient + out->weight,
					bern_trace_h(trace, net, last, row, 0), work->delta,
					out->inputs, K);
	if (few)
		net->kernels->fired_outer(gradient + out->weight,
					  bern_trace_h(trace, net, last, row, 0), work->delta,
					  out->inputs, N, K);
	for (size_t k = 0; k < K; k++) {
		if (N > 1 && !few) {
			const uint8_t *h = bern_trace_h(trace, net, last, row, k);
			size_t count = net->kernels->fired(work->rows, h, out->inputs);
			net->kernels->outer_rows(gradient + out->weight, work->rows, count,
						 work->delta + k * N, out->units);
		}
		/* log deviations, if there are any, have their deltas behind those of the outputs, as in the parameters */
		net->kernels->add(gradient + out->bias, work->delta + k * N, N);
	}
}

void bern_local_rule(const bern_network *net, const bern_trace *trace, size_t row,
		     const bern_signal *signal, bern_workspace *work, float *gradient)
{
	size_t u0 = net->layer[0].units;
	first_layer(net, trace, row, signal, work, gradient);
	for (size_t l = 1; l < net->depth; l++) {
		later_layer(net, trace, row, l, u0, signal, work, gradient);
		u0 += net->layer[l].units;
	}
	output_layer(net, trace, row, u0, signal, work, gradient);
	if (signal->unit)
		signal->unit->samples += 1.0f;
}

void bern_entropy_rule(const bern_network *net, const bern_trace *trace, size_t row,
		       const bern_signal *signal, bern_workspace *work)
{
	size_t K = net->firings, N = net->head.logits;
	const float *pi = trace->pi + row * K * N;
	float coef = signal->scale * signal->entropy_coef;
	float mean = 0.0f;
	bern_head_surprise(&net->head, work->surprise, trace->mean_pi + row * N);
	for (size_t k = 0; k < K; k++) {
		work->r[k] = bern_head_bonus(&net->head, work->delta + k * N, pi + k * N,
					     work->surprise, coef / (float)K);
		mean += work->r[k] / (float)K;
	}
	for (size_t k = 0; k < K; k++) /* (r_k - mean of the others) / K */
		work->c[k] += coef * (K > 1 ? (work->r[k] - mean) / (float)(K - 1)
					    : work->r[k] - signal->entropy_mean);
}
