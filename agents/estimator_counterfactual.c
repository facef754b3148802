/* Counterfactual credit: what would the network have done, had this unit fired otherwise and the layers above met the same chances?
 *
 * Unit i of a hidden layer fired h_i with probability p. Above it every unit draws a logistic number and fires if its activation
 * exceeds it. Given the action, all other firings up to this layer, and these numbers, i fired with probability
 *     q = p m1 / M,    M = p m1 + (1 - p) m0,
 * m_h being the chance of the action if h_i = h and the layers above fire anew by the same numbers. So E[h_i - p | these] = q - p, and
 *     A sum over k of p (1 - p) (m1 - m0) / M
 * is unbiased as A sum over k of (h_ki - p) is. With K firings m_h is the sum of their policies, of which only the own one changes, as in
 * estimator_local_expectation.c; that is what the last hidden layer hears. A unit further down hears 0 where nothing turns over
 * because of it, and what it hears is the smaller, the less it decides. Nothing is propagated back, no step or clone added.
 *
 * The trace keeps bits and not the logistic numbers: they are drawn given the bits, with the same distribution, from a stream that starts
 * from the row's own numbers (trace->chance).
 *
 * Derived here. Local expectations: Titsias & Lazaro-Gredilla 2015, arXiv 1503.01494; what else an agent might have done, all else
 * alike: Foerster et al. 2018, arXiv 1705.08926. */
#include "estimator.h"

#include <bern/math.h>
#include <string.h>

#define MOST_LOG 80.0f /* of a ratio of probabilities: as much as a float's product bears */
#define MOST     1e36f

/* The numbers that a row's firings might have met, in the order of firings, layers and units. */
static bern_pcg32 chances_of(const bern_trace *trace, size_t row)
{
	const uint32_t *chance = trace->chance + 2 * row;
	bern_pcg32 start;
	bern_pcg32_init(&start, (uint64_t)chance[1] << 32 | chance[0], 0);
	return start;
}

/* By how much a unit's activation exceeded the logistic number it met, given that it fired (a) or not: logit(u) lies below a with u
 * uniform in 0 .. sigmoid(a). */
static float draw_excess(float a, int fired, bern_pcg32 *chances)
{
	double b = fired ? (double)a : -(double)a;
	double u = bern_sigmoid(b) * (((double)bern_pcg32_next(chances) + 0.5) * 0x1p-32);
	float excess = (float)(b - bern_log(u / (1.0 - u)));
	excess = excess > 1e-7f ? excess : 1e-7f;
	return fired ? excess : -excess;
}

/* Of all units above the first layer in firing k of row r. */
static void draw_excesses(const bern_network *net, const bern_trace *trace, size_t r, size_t k,
			  bern_what_if *room, bern_pcg32 *chances)
{
	for (size_t l = 1; l < net->depth; l++) {
		const bern_layer *layer = &net->layer[l];
		const uint8_t *h = bern_trace_h(trace, net, l, r, k);
		size_t count = net->kernels->fired(
			room->rows, bern_trace_h(trace, net, l - 1, r, k), layer->inputs);
		net->kernels->affine_rows(room->moved, room->rows, count,
					  net->params + layer->weight, net->params + layer->bias,
					  layer->units);
		for (size_t j = 0; j < layer->units; j++)
			room->excess[l][j] = draw_excess(room->moved[j], h[j], chances);
	}
}

/* room->moved[j] = from[j] + what the `count` listed units below, which fired h before they turned over, add to layer l's unit j. */
static void move(const bern_network *net, bern_what_if *room, const uint8_t *h, size_t count,
		 size_t l, const float *from)
{
	const bern_layer *layer = &net->layer[l];
	for (size_t i = 0; i < count; i++)
		room->sign[i] = 1.0f - 2.0f * (float)h[room->rows[i]];
	net->kernels->scaled_rows(room->moved, room->rows, room->sign, count,
				  net->params + layer->weight, from, layer->units);
}

/* turned[j] = whether the unit that fired h[j] would not with this excess, or the other way round; (P), the padding 0. */
static void compare(uint8_t *restrict turned, const float *restrict excess,
		    const uint8_t *restrict h, size_t J, size_t P)
{
	for (size_t j = 0; j < J; j++)
		turned[j] = (uint8_t)((excess[j] > 0.0f) ^ h[j]);
	memset(turned + J, 0, P - J);
}

/* Turns unit i of layer l over and lets firing k of row r go on from there; returns how many units of the last hidden layer turn over,
 * and if there are any, by how much that moves the outputs, in room->moved. */
static size_t follow(const bern_network *net, const bern_trace *trace, size_t r, size_t k, size_t l,
		     size_t i, bern_what_if *room)
{
	const uint8_t *h = bern_trace_h(trace, net, l, r, k);
	size_t count = 1;
	room->rows[0] = (uint32_t)i;
	while (++l < net->depth && count > 0) {
		const bern_layer *layer = &net->layer[l];
		move(net, room, h, count, l, room->excess[l]);
		h = bern_trace_h(trace, net, l, r, k);
		compare(room->turned, room->moved, h, layer->units, layer->padded);
		count = net->kernels->fired(room->rows, room->turned, layer->units);
	}
	if (count > 0)
		move(net, room, h, count, net->depth, room->zero);
	return count;
}

static float limited_exp(float x)
{
	return bern_expf(x < -MOST_LOG ? -MOST_LOG : x > MOST_LOG ? MOST_LOG : x);
}

/* How many times as likely value n of a component is, its logits moved by that much: pi and moved (size), size 1: a Bernoulli unit. */
static float choice_ratio(const float *pi, const float *moved, size_t size, int32_t value)
{
	float most = size == 1 && moved[0] < 0.0f ? 0.0f : moved[0], total = 0.0f;
	for (size_t n = 1; n < size; n++)
		most = moved[n] > most ? moved[n] : most;
	if (size == 1)
		total = (1.0f - pi[0]) * limited_exp(-most);
	for (size_t n = 0; n < size; n++)
		total += pi[n] * limited_exp(moved[n] - most);
	float chosen = size > 1 ? moved[value] : value ? moved[0] : 0.0f;
	return limited_exp(chosen - most) / (total > 1.0f / MOST ? total : 1.0f / MOST);
}

/* The same of D numbers, whose means move. */
static float numbers_ratio(const float *pi, const float *moved, size_t D, const int32_t *action)
{
	float log_ratio = 0.0f;
	for (size_t d = 0; d < D; d++) {
		float sigma = pi[D + d];
		float z = (bern_float_of_bits((uint32_t)action[d]) - pi[d]) / sigma;
		float there = z - moved[d] / sigma;
		log_ratio += 0.5f * (z * z - there * there);
	}
	return limited_exp(log_ratio);
}

static float action_ratio(const bern_action_head *head, const float *pi, const float *moved,
			  const int32_t *action)
{
	float ratio = 1.0f;
	if (head->gaussian.count)
		return numbers_ratio(pi, moved, head->components, action);
	for (size_t c = 0; c < head->components; c++) {
		const size_t n0 = head->offset[c];
		ratio *= choice_ratio(pi + n0, moved + n0, head->size[c], action[c]);
	}
	return ratio < MOST ? ratio : MOST;
}

/* Firing k of row r: what units of layer l, not the last, are told, to s. bonus: what the entropy adds to their scores. */
static void tell(const bern_network *net, const bern_trace *trace, size_t r, size_t k, size_t l,
		 float A, float bonus, bern_what_if *room, float *s)
{
	const bern_action_head *head = &net->head;
	const float w = trace->posterior[r * net->firings + k];
	const float *pi = trace->pi + (r * net->firings + k) * head->logits;
	const int32_t *action = trace->action + r * head->components;
	const uint8_t *h = bern_trace_h(trace, net, l, r, k);
	const float *p = bern_trace_p(trace, net, l, r, k);
	for (size_t i = 0; i < net->layer[l].units; i++) {
		float rest = 1.0f - p[i], turns = h[i] ? -p[i] : rest;
		s[i] = bonus * ((float)h[i] - p[i]);
		if (w > 0.0f && follow(net, trace, r, k, l, i, room) > 0) {
			/* M and its terms over what the chance of the action was */
			float x = w * (h[i] ? rest : p[i]) *
				  (action_ratio(head, pi, room->moved, action) - 1.0f);
			s[i] += A * turns * (x / (1.0f + x));
		}
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
	.cost = "a path up from each unit, through what it turns over",
};
