/* Counterfactual credit: what would the network have done, had this unit fired otherwise and the layers above met the same chances?
 *
 * Unit i of a hidden layer fired h_i with probability p. Above it every unit draws a logistic number and fires if its activation
 * exceeds it. Given the action, all other firings up to this layer, and these numbers, i fired with probability
 *     q = p m1 / M,    M = p m1 + (1 - p) m0,
 * m_h being the chance of the action if h_i = h and the layers above fire anew by the same numbers. So E[h_i - p | these] = q - p, and
 *     A sum over k of p (1 - p) (m1 - m0) / M
 * is unbiased as A sum over k of (h_ki - p) is. With K firings m_h is the sum of their policies, of which only the own one changes, as in
 * estimator_local_expectation.c; that is what the last hidden layer hears. A unit further down hears nothing (but rounding) where nothing turns over
 * because of it, and what it hears is the smaller, the less it decides. Nothing is propagated back, no step or clone added.
 *
 * The trace keeps bits and not the logistic numbers: they are drawn given the bits, with the same distribution, from a stream that starts
 * from the row's own numbers (trace->chance).
 *
 * Derived here. Local expectations: Titsias & Lazaro-Gredilla 2015, arXiv 1503.01494; what else an agent might have done, all else
 * alike: Foerster et al. 2018, arXiv 1705.08926. */
#include "estimator.h"

#include <assert.h>
#include <bern/math.h>
#include <string.h>

#define MOST_LOG 80.0f /* of odds and densities: as much as a float's product bears */
#define MOST     1e36f /* more than exp(MOST_LOG) */

static float limited(float x)
{
	return x < -MOST_LOG ? -MOST_LOG : x > MOST_LOG ? MOST_LOG : x;
}

/* The numbers that a row's firings might have met, in the order of firings, layers and units. */
static bern_pcg32 chances_of(const bern_trace *trace, size_t row)
{
	const uint32_t *chance = trace->chance + 2 * row;
	bern_pcg32 start;
	bern_pcg32_init(&start, (uint64_t)chance[1] << 32 | chance[0], 0);
	return start;
}

/* By how much activations a exceed the logistic numbers they met, given which units fired; to excess. With b = a or -a, towards what the
 * unit did, logit(u) lies below b, u = v sigmoid(b), v uniform in 0 .. 1: b - logit(u) = b + log((exp(-b) + 1 - v) / v) > 0. */
static void draw_excess(float *restrict excess, const float *restrict a, const uint8_t *restrict h,
			size_t J, bern_pcg32 *chances)
{
	for (size_t j = 0; j < J; j++)
		excess[j] = ((float)(bern_pcg32_next(chances) >> 9) + 0.5f) * 0x1p-23f;
	for (size_t j = 0; j < J; j++) {
		float v = excess[j], sign = h[j] ? 1.0f : -1.0f, b = limited(sign * a[j]);
		float d = b + bern_logf((bern_expf(-b) + (1.0f - v)) / v);
		excess[j] = sign * (d > 1e-7f ? d : 1e-7f);
	}
}

/* Of all units above the first layer in firing k of row r. */
static void draw_excesses(const bern_network *net, const bern_trace *trace, size_t r, size_t k,
			  bern_what_if *room, bern_pcg32 *chances)
{
	for (size_t l = 1; l < net->depth; l++) {
		const bern_layer *layer = &net->layer[l];
		const uint8_t *below = bern_trace_h(trace, net, l - 1, r, k);
		size_t count = net->kernels->fired(room->rows[0], below, layer->inputs);
		net->kernels->affine_rows(room->ratio, room->rows[0], count,
					  net->params + layer->weight, net->params + layer->bias,
					  layer->units);
		draw_excess(room->excess[l], room->ratio, bern_trace_h(trace, net, l, r, k),
			    layer->units, chances);
	}
}

/* room->sign of the listed units, which fired h before they turned over. */
static void take_signs(bern_what_if *room, const uint32_t *rows, size_t count, const uint8_t *h)
{
	for (size_t i = 0; i < count; i++)
		room->sign[i] = 1.0f - 2.0f * (float)h[rows[i]];
}

/* Turns unit i of layer l over, lets firing k of row r go on from there, and tells by how much that moves the outputs: to moved, each
 * S numbers from the last. */
static void follow(const bern_network *net, const bern_trace *trace, size_t r, size_t k, size_t l,
		   size_t i, bern_what_if *room, float *moved, size_t S)
{
	const bern_layer *out = &net->layer[net->depth];
	const uint8_t *h = bern_trace_h(trace, net, l, r, k);
	uint32_t *rows = room->rows[0], *turned = room->rows[1];
	size_t count = 1;
	rows[0] = (uint32_t)i;
	while (++l < net->depth && count > 0) {
		const bern_layer *layer = &net->layer[l];
		uint32_t *below = rows;
		take_signs(room, rows, count, h);
		h = bern_trace_h(trace, net, l, r, k);
		count = net->kernels->turn_over(turned, rows, room->sign, count,
						net->params + layer->weight, room->excess[l], h,
						layer->units);
		rows = turned;
		turned = below;
	}
	take_signs(room, rows, count, h);
	for (size_t n = 0; n < out->units; n++) {
		const float *w = net->params + out->weight + n;
		float sum = 0.0f;
		for (size_t j = 0; j < count; j++)
			sum += room->sign[j] * w[rows[j] * out->units];
		moved[n * S] = sum;
	}
}

/* ratio[i] *= P(the value | logits moved) / P(the value), of a component whose values n0 .. n0 + size - 1 have probabilities pi and
 * move by moved (N, S); size 1: a Bernoulli unit. room (2, S) is scratch. */
static void choice_ratios(float *restrict ratio, float *room, const float *restrict moved,
			  const float *pi, size_t n0, size_t size, int32_t value, size_t J,
			  size_t S)
{
	float *restrict most = room, *restrict total = room + S;
	const float *chosen = moved + (n0 + (size > 1 ? (size_t)value : 0)) * S;
	const float none = size == 1 ? 1.0f - pi[n0] : 0.0f;
	const float takes = size > 1 || value ? 1.0f : 0.0f;
	for (size_t i = 0; i < J; i++)
		most[i] = size > 1 ? moved[n0 * S + i] : 0.0f;
	for (size_t n = n0; n < n0 + size; n++)
		for (size_t i = 0; i < J; i++)
			most[i] = moved[n * S + i] > most[i] ? moved[n * S + i] : most[i];
	for (size_t i = 0; i < J; i++)
		ratio[i] *= bern_expf(limited(takes * chosen[i] - most[i]));
	for (size_t i = 0; i < J; i++)
		total[i] = none * bern_expf(limited(-most[i]));
	for (size_t n = n0; n < n0 + size; n++)
		for (size_t i = 0; i < J; i++)
			total[i] += pi[n] * bern_expf(limited(moved[n * S + i] - most[i]));
	for (size_t i = 0; i < J; i++)
		ratio[i] /= total[i] > 1.0f / MOST ? total[i] : 1.0f / MOST;
}

/* ratio[i] = the same of D numbers, whose means move. */
static void number_ratios(float *restrict ratio, const float *restrict moved, const float *pi,
			  const int32_t *action, size_t D, size_t J, size_t S)
{
	for (size_t i = 0; i < J; i++)
		ratio[i] = 0.0f;
	for (size_t d = 0; d < D; d++) {
		float sigma = pi[D + d];
		float z = (bern_float_of_bits((uint32_t)action[d]) - pi[d]) / sigma;
		for (size_t i = 0; i < J; i++) {
			float there = z - moved[d * S + i] / sigma;
			ratio[i] += 0.5f * (z * z - there * there);
		}
	}
	for (size_t i = 0; i < J; i++)
		ratio[i] = bern_expf(limited(ratio[i]));
}

/* Firing k of row r: what units of layer l, not the last, are told, to s. bonus: what the entropy adds to their scores. */
static void tell(const bern_network *net, const bern_trace *trace, size_t r, size_t k, size_t l,
		 float A, float bonus, bern_what_if *room, float *restrict s)
{
	const bern_action_head *head = &net->head;
	const size_t J = net->layer[l].units, S = net->most_units;
	const float w = trace->posterior[r * net->firings + k];
	const float *pi = trace->pi + (r * net->firings + k) * head->logits;
	const int32_t *action = trace->action + r * head->components;
	const uint8_t *h = bern_trace_h(trace, net, l, r, k);
	const float *p = bern_trace_p(trace, net, l, r, k);
	float *restrict ratio = room->ratio;
	for (size_t i = 0; i < J; i++)
		ratio[i] = 1.0f;
	if (w > 0.0f) { /* else all they could do would not have led to the action */
		for (size_t i = 0; i < J; i++)
			follow(net, trace, r, k, l, i, room, room->moved + i, S);
		if (head->gaussian.count)
			number_ratios(ratio, room->moved, pi, action, head->components, J, S);
		for (size_t c = 0; !head->gaussian.count && c < head->components; c++)
			choice_ratios(ratio, room->ratio + S, room->moved, pi, head->offset[c],
				      head->size[c], action[c], J, S);
	}
	for (size_t i = 0; i < J; i++) {
		/* as in estimator_local_expectation.c, M over what the chance of the action was: 1 + x */
		float turned = ratio[i] < MOST ? ratio[i] : MOST, rest = 1.0f - p[i];
		float x = w * (h[i] ? rest : p[i]) * (turned - 1.0f);
		s[i] = A * (h[i] ? -p[i] : rest) * (x / (1.0f + x)) + bonus * ((float)h[i] - p[i]);
	}
}

/* What all hidden units are told of row r, whose firings' scores the entropy weighs by work->c, to work->what_if->told. */
static void tell_all(const bern_network *net, const bern_trace *trace, size_t r, float A,
		     bern_workspace *work)
{
	bern_what_if *room = work->what_if;
	const size_t last = net->depth - 1;
	bern_pcg32 chances = chances_of(trace, r);
	for (size_t k = 0; k < net->firings; k++) {
		draw_excesses(net, trace, r, k, room, &chances);
		for (size_t l = 0; l < last; l++)
			tell(net, trace, r, k, l, A, work->c[k], room,
			     room->told[l] + k * net->layer[l].padded);
		bern_tell_last(net, trace, r, k, A, work->c[k], work,
			       room->told[last] + k * net->layer[last].padded);
	}
}

static void accumulate(const bern_network *net, const bern_trace *trace, const size_t *rows,
		       size_t count, const bern_signal *signal, bern_workspace *work,
		       float *gradient)
{
	const size_t K = net->firings, N = net->head.logits, C = net->head.components;
	assert(work->what_if && trace->chance);
	if (!net->head.gaussian.count)
		bern_turn_weights(net, work->turned);
	for (size_t l = 0; l < net->depth; l++)
		work->given[l] = work->what_if->told[l];
	bern_local_rules_begin(work);
	for (size_t i = 0; i < count; i++) {
		const size_t r = rows[i];
		const float A = signal->scale * signal->advantage[r];
		for (size_t k = 0; k < K; k++) {
			work->c[k] = 0.0f;
			work->r[k] = A * trace->posterior[r * K + k];
		}
		bern_head_scores(&net->head, work->delta, trace->pi + r * K * N,
				 trace->action + r * C, work->r, K);
		if (signal->entropy_coef != 0.0f)
			bern_entropy_rule(net, trace, r, signal, work);
		tell_all(net, trace, r, A, work);
		bern_local_rule(net, trace, r, signal, work, gradient);
	}
	bern_local_rules_end(net, work, gradient);
	memset(work->given, 0, sizeof work->given);
}

const bern_estimator bern_estimator_counterfactual = {
	.name = "counterfactual",
	.summary =
		"every layer's credit, averaged over each unit's own firing, chances above it kept",
	.source = "derived here, see agents/estimator_counterfactual.c; cf. Titsias & "
		  "Lazaro-Gredilla 2015",
	.unbiased = 1,
	.needs = BERN_NEEDS_BINARY | BERN_TAKES_FIRINGS | BERN_TAKES_BOX | BERN_NEEDS_CHANCE,
	.accumulate = accumulate,
	.shared = 1,
	.expects = 1,
	.cost = "a path up from each unit, through what it turns over",
};
