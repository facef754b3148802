/* Weight maximisation: a hidden unit learns as an agent of its own, rewarded by how much the norm of its outgoing weights grows. A unit that
 * helps the units above it to reward gets larger weights from them, so that its own reward tells of the common one more
 * exactly than the broadcast does. With s = h - p the score of a unit, from the output downwards,
 *     r_action = A,      r_i = h_i sum over units j above of w_ij r_j s_j,      credit_i = r_i s_i,
 * where h_i r_j s_j is the change of w_ij and w_ij times it that of w_ij^2 / 2. Chung 2022, "Learning by Competition of Self-Interested
 * Reinforcement Learning Agents", AAAI, arXiv 2010.09770. Biased: it approximates the gradient to first order in the weights, exact only
 * for units whose effect is linear. */
#include "credit.h"

#include <string.h>

typedef struct weight_maximization {
	size_t hidden;
	float *credit; /* (hidden) of one row */
	float *above;  /* (largest layer) r_j s_j of the layer above */
} weight_maximization;

static int32_t start(void *memory, bern_arena *arena, const bern_estimator_setting *setting,
		     bern_error *e)
{
	weight_maximization *self = memory;
	for (size_t l = 0; l < setting->net->depth; l++)
		self->hidden += setting->net->layer[l].units;
	self->credit = bern_arena_take(arena, self->hidden, sizeof(float));
	self->above = bern_arena_take(arena, setting->net->most_units, sizeof(float));
	return bern_arena_check(arena, e);
}

/* Credits of all hidden units of a row, from the last layer down to the first. */
static void credits(weight_maximization *self, const bern_network *net, const bern_trace *trace,
		    size_t row, float advantage)
{
	float *credit = self->credit + self->hidden;
	bern_head_score(&net->head, self->above, trace->pi + row * net->head.logits,
			trace->action + row * net->head.components, advantage);
	for (size_t l = net->depth; l-- > 0;) {
		const bern_layer *above = &net->layer[l + 1];
		const float *w = net->params + above->weight;
		const float *p = bern_trace_p(trace, net, l, row, 0);
		const uint8_t *h = bern_trace_h(trace, net, l, row, 0);
		credit -= net->layer[l].units;
		for (size_t i = 0; i < net->layer[l].units; i++) {
			float reward = 0.0f;
			for (size_t j = 0; h[i] && j < above->units; j++)
				reward += w[i * above->units + j] * self->above[j];
			credit[i] = reward * ((float)h[i] - p[i]);
		}
		memcpy(self->above, credit, net->layer[l].units * sizeof *credit);
	}
}

static void accumulate(const bern_network *net, const bern_trace *trace, const size_t *rows,
		       size_t count, const bern_signal *signal, bern_workspace *work,
		       float *gradient)
{
	weight_maximization *self = work->memory;
	for (size_t i = 0; i < count; i++) {
		credits(self, net, trace, rows[i], signal->advantage[rows[i]]);
		bern_credit_rule(net, trace, rows[i], self->credit, 1.0f, signal, work, gradient);
	}
}

const bern_estimator bern_estimator_weight_maximization = {
	.name = "weight-maximization",
	.summary = "hidden units rewarded by the growth of their outgoing weights",
	.source = "Chung 2022, arXiv 2010.09770",
	.cost = "one pass down the weights of the units that fired",
	.unbiased = 0,
	.needs = BERN_NEEDS_BINARY,
	.memory_size = sizeof(weight_maximization),
	.init = start,
	.accumulate = accumulate,
};
