/* The network of stochastic binary neurons, seen through core/inspect.h. */
#include "inspect_agent.h"
#include "reinforce.h"

#include <bern/math.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One firing acts, as in evaluation; K are looked at. Parameters and the networks' scratch are the agent's. */
typedef struct network_look {
	bern_arena arena;
	bern_reinforce_view agent; /* borrowed */
	bern_inspector shape;
	bern_network one, all;
	bern_trace one_trace, all_trace; /* a row each */
	float *a;                        /* (most_units) scratch */
} network_look;

/* chance (V) of one policy pi (N): a Bernoulli unit that chooses between two actions stands for both. */
static void write_chance(const network_look *self, float *chance, const float *pi)
{
	const bern_action_head *head = &self->one.head;
	const bern_space *action = &self->agent.world->instance.action;
	if (head->gaussian.count)
		return;
	if (action->kind == BERN_DISCRETE && head->size[0] == 1) {
		chance[0] = 1.0f - pi[0];
		chance[1] = pi[0];
		return;
	}
	memcpy(chance, pi, head->logits * sizeof *chance);
}

/* Means and deviations of the mixture of rows Gaussians pi (rows, 2 D), in the environment's units. */
static void write_real(const network_look *self, bern_moment *moment, const float *pi, size_t rows)
{
	const bern_gaussian *g = &self->one.head.gaussian;
	size_t D = g->count;
	for (size_t d = 0; d < D; d++) {
		double mean = 0.0, square = 0.0;
		for (size_t k = 0; k < rows; k++) {
			double m = (double)pi[2 * D * k + d];
			moment->each[k * D + d] = g->middle[d] + g->half[d] * (float)m;
			mean += m / (double)rows;
			square += m * m / (double)rows;
		}
		double sigma = (double)pi[D + d], between = square - mean * mean;
		moment->real[d] = g->middle[d] + g->half[d] * (float)mean;
		moment->real[D + d] = g->half[d] *
				      (float)sqrt(sigma * sigma + (between > 0.0 ? between : 0.0));
	}
}

/* Everything of the moment that rows 0 .. K-1 of a fired row tell. */
static void write_firings(const network_look *self, bern_moment *moment, const bern_network *net,
			  const bern_trace *trace)
{
	size_t K = net->firings, N = net->head.logits, V = self->shape.choice_count;
	for (size_t l = 0; l < net->depth; l++) {
		const bern_inspect_layer *layer = &self->shape.layer[l];
		size_t J = layer->units;
		for (size_t k = 0; k < (layer->each_p ? K : 1); k++)
			memcpy(moment->p + layer->first_p + k * J,
			       bern_trace_p(trace, net, l, 0, k), J * sizeof *moment->p);
		for (size_t k = 0; layer->fires && k < K; k++)
			memcpy(moment->h + layer->first_h + k * J,
			       bern_trace_h(trace, net, l, 0, k), J);
	}
	for (size_t k = 0; k < K; k++)
		write_chance(self, moment->each + k * V, trace->pi + k * N);
	write_chance(self, moment->chance, trace->mean_pi);
	write_real(self, moment, trace->pi, K);
	memcpy(moment->posterior, trace->posterior, K * sizeof *moment->posterior);
	moment->firings = (int32_t)K;
}

/* Puts the firing that acted in place k of those that are looked at, with its action. */
static void put_speaker(network_look *self, size_t k)
{
	bern_network *all = &self->all;
	bern_trace *to = &self->all_trace;
	const bern_trace *from = &self->one_trace;
	size_t K = all->firings, N = all->head.logits;
	for (size_t l = 0; l < all->depth; l++) {
		const bern_layer *layer = &all->layer[l];
		if (layer->each_p)
			memcpy(bern_trace_p(to, all, l, 0, k), from->p[l],
			       layer->units * sizeof(float));
		if (to->h[l])
			memcpy(bern_trace_h(to, all, l, 0, k), from->h[l], layer->units);
	}
	memcpy(to->pi + k * N, from->pi, N * sizeof *to->pi);
	memcpy(to->action, from->action, all->head.components * sizeof *to->action);
	for (size_t n = 0; n < N; n++) {
		float total = 0.0f;
		for (size_t i = 0; i < K; i++)
			total += to->pi[i * N + n];
		to->mean_pi[n] = total / (float)K;
	}
	bern_head_posterior(&all->head, to->posterior, to->pi, to->action, K);
}

/* Fires all K, of which the first that acted is one. */
static void look_at_firings(network_look *self, bern_moment *moment, const uint8_t *mask,
			    bern_firing_rng *others)
{
	uint32_t words[BERN_LEAPS];
	size_t K = self->all.firings;
	moment->speaker = 0;
	if (K == 1) {
		write_firings(self, moment, &self->one, &self->one_trace);
		return;
	}
	memcpy(self->all_trace.x, self->one_trace.x, self->shape.inputs * sizeof(float));
	bern_network_act(&self->all, &self->all_trace, 0, mask, others);
	bern_firing_rng_next(others, words);
	moment->speaker = (int32_t)((uint64_t)words[0] * K >> 32);
	put_speaker(self, (size_t)moment->speaker);
	write_firings(self, moment, &self->all, &self->all_trace);
}

/* A policy without noise: the trace holds what layers put out, and p is that of what they hear. */
static void look_at_quiet(network_look *self, bern_moment *moment, int32_t mode)
{
	bern_network *net = &self->one;
	const float *x = self->one_trace.x;
	for (size_t l = 0; l < net->depth; l++) {
		const bern_layer *layer = &net->layer[l];
		const bern_inspect_layer *seen = &self->shape.layer[l];
		const float *y = bern_trace_p(&self->one_trace, net, l, 0, 0);
		float *p = moment->p + seen->first_p;
		size_t J = layer->units;
		if (!seen->fires) {
			memcpy(p, y, J * sizeof *p);
			x = y;
			continue;
		}
		net->kernels->affine(self->a, x, net->params + layer->weight,
				     net->params + layer->bias, layer->inputs, J);
		for (size_t j = 0; layer->kind == BERN_UNITS_SMOOTH && j < J; j++)
			p[j] = bern_sqrtf(bern_sigmoidf(self->a[j]));
		if (layer->kind != BERN_UNITS_SMOOTH) {
			net->kernels->probability(self->a, self->a, J);
			memcpy(p, self->a, J * sizeof *p);
		}
		for (size_t j = 0; j < J; j++)
			moment->h[seen->first_h + j] = mode == BERN_THRESHOLDED && p[j] > 0.5f;
		x = y;
	}
	write_chance(self, moment->chance, self->one_trace.pi);
	write_chance(self, moment->each, self->one_trace.pi);
	write_real(self, moment, self->one_trace.pi, 1);
	moment->posterior[0] = 1.0f;
	moment->firings = 1;
	moment->speaker = 0;
}

static void network_act(void *user, const bern_lanes *lanes, int32_t mode, bern_firing_rng *firing,
			bern_firing_rng *others, float *memory, void *action, bern_moment *moment)
{
	network_look *self = user;
	const bern_reinforce_view *agent = &self->agent;
	const bern_memory *carried = agent->memory;
	int drawn = mode == BERN_SAMPLED;
	bern_moment_clear(moment, &self->shape);
	moment->mode = mode;
	bern_memory_input(carried, agent->normalizer, self->one_trace.x, memory, lanes->obs);
	memcpy(moment->x, self->one_trace.x, self->shape.inputs * sizeof *moment->x);
	if (self->shape.has_value)
		moment->value = bern_value_of(agent->value, self->one_trace.x);
	if (drawn)
		bern_network_act(&self->one, &self->one_trace, 0, lanes->mask, firing);
	else
		bern_network_decide(&self->one, &self->one_trace, 0, lanes->mask, mode);
	bern_memory_keep(carried, memory, lanes->obs, &self->one, &self->one_trace, 0, !drawn);
	bern_head_write(&self->one.head, action, self->one_trace.action);
	if (drawn)
		look_at_firings(self, moment, lanes->mask, others);
	else
		look_at_quiet(self, moment, mode);
}

static const float *network_weights(const void *user, size_t layer)
{
	const network_look *self = user;
	return self->one.params + self->one.layer[layer].weight;
}

static const float *network_biases(const void *user, size_t layer)
{
	const network_look *self = user;
	return self->one.params + self->one.layer[layer].bias;
}

static void network_finish(void *user)
{
	network_look *self = user;
	bern_arena_finish(&self->arena);
	free(self);
}

static void describe(bern_inspector *out, const bern_reinforce_view *agent, size_t K)
{
	const bern_network *net = agent->net;
	const bern_memory *memory = agent->memory;
	*out = (bern_inspector){.agent = "reinforce",
				.layer_count = net->depth + 1,
				.hidden = net->depth,
				.inputs = memory->inputs,
				.observation = memory->observation,
				.stack = memory->stack,
				.feedback = memory->units,
				.firings = K,
				.memory_size = memory->size,
				.gamma = agent->config->gamma,
				.has_value = agent->config->baseline != BERN_BASELINE_NONE,
				.has_chance = net->head.gaussian.count == 0,
				.act = network_act,
				.weights = network_weights,
				.biases = network_biases,
				.finish = network_finish};
	for (size_t l = 0; l <= net->depth; l++) {
		const bern_layer *layer = &net->layer[l];
		int hidden = l < net->depth;
		out->layer[l] = (bern_inspect_layer){.kind = hidden ? bern_units_name(layer->kind)
							     : net->head.gaussian.count ? "gaussian"
							     : net->head.size[0] == 1 ? "bernoulli"
										      : "softmax",
						     .inputs = layer->inputs,
						     .units = layer->units,
						     .fires = hidden &&
							      bern_units_draw_bits(layer->kind),
						     .each_p = hidden && layer->each_p};
	}
	bern_inspect_lay_out(out, agent->world);
}

int32_t bern_reinforce_inspect(bern_agent *agent, bern_inspector *inspector, bern_error *e)
{
	*inspector = (bern_inspector){0};
	network_look *self = calloc(1, sizeof *self);
	if (!self)
		return bern_fail(e, BERN_EMEMORY, "memory is out");
	bern_reinforce_look(agent, &self->agent);
	self->all = self->one = *self->agent.net;
	self->one.firings = 1;
	self->all.keeps_chance = self->one.keeps_chance = 0;
	int32_t rc = bern_trace_init(&self->one_trace, &self->arena, &self->one, 1, e);
	if (!rc)
		rc = bern_trace_init(&self->all_trace, &self->arena, &self->all, 1, e);
	self->a = bern_arena_take(&self->arena, self->one.most_units, sizeof *self->a);
	if (!rc)
		rc = bern_arena_check(&self->arena, e);
	if (rc) {
		network_finish(self);
		return rc;
	}
	describe(inspector, &self->agent, self->all.firings);
	inspector->self = self;
	self->shape = *inspector;
	return BERN_OK;
}
