/* Local expectations: what a unit of the last hidden layer is told is averaged over its own firing.
 *
 * Given the action a and all other firings, unit j fired in firing k with probability
 *     q = p m1 / M,    M = p m1 + (1 - p) m0,    m_h = sum over i of pi(a | h_i), with h_kj = h,
 * so that E[h_kj - p | a, all others] = q - p = p (1 - p) (m1 - m0) / M is known, and
 *     A sum over k of p (1 - p) (pi(a | h_k with j = 1) - pi(a | h_k with j = 0)) / M
 * is unbiased as A sum over k of (h_kj - p) is, and as estimator_firings.c, whose mean given a and all others is the same. A unit need
 * know its outgoing weights and the policy: how likely the action would be had it not done as it did. Nothing is propagated back
 * through it. Turning a unit over multiplies the odds of action n by exp(w_jn) or exp(-w_jn), so no policy is computed twice.
 *
 * One firing: half a sweep of the estimator gibbs for every unit at once. Hidden layers further down hear what those of
 * estimator_firings.c do, and so do the output's weights. Local expectations: Titsias & Lazaro-Gredilla 2015, arXiv 1503.01494, there of the
 * reward, which takes clones (estimator_leg.c); Rao-Blackwell for the action of K firings: derived here.
 *
 * Real actions with K > 1: where a firing is less likely than exp(-87) to have spoken, it is told nothing, though turning a unit over might
 * make it likely. That takes weights that move a mean by 13 deviations. */
#include "estimator.h"

#include <bern/math.h>
#include <string.h>

#define MOST_LOG 80.0f /* of odds and densities: as much as a float's product bears */
#define MOST     1e36f /* more than exp(MOST_LOG) */

void bern_turn_weights(const bern_network *net, float *turned)
{
	const bern_layer *out = &net->layer[net->depth];
	const size_t J = out->inputs, N = out->units, P = net->layer[net->depth - 1].padded;
	for (size_t j = 0; j < J; j++)
		for (size_t n = 0; n < N; n++) {
			float w = net->params[out->weight + j * N + n];
			w = w < -MOST_LOG ? -MOST_LOG : w > MOST_LOG ? MOST_LOG : w;
			turned[n * P + j] = bern_expf(w);
			turned[(N + n) * P + j] = bern_expf(-w);
		}
}

/* ratio[j] / total[j] *= P(the value | unit j turned over) / P(the value), of a component whose values n0 .. n0 + size - 1 have
 * probabilities pi; size 1: a Bernoulli unit. Of the first component, total is 1 before. */
static void component(const bern_network *net, const float *turned, float *restrict ratio,
		      float *restrict total, const uint8_t *h, const float *pi, size_t n0,
		      size_t size, int32_t value)
{
	const size_t J = net->layer[net->depth].inputs, P = net->layer[net->depth - 1].padded;
	const size_t down = net->head.outputs * P;
	const float none = size == 1 ? 1.0f - pi[n0] : 0.0f;
	for (size_t j = 0; n0 > 0 && j < J; j++)
		ratio[j] /= total[j];
	for (size_t j = 0; j < J; j++)
		total[j] = none;
	for (size_t n = n0; n < n0 + size; n++) {
		const float *up = turned + n * P;
		for (size_t j = 0; j < J; j++)
			total[j] += pi[n] * (h[j] ? up[down + j] : up[j]);
	}
	if (size > 1 || value) {
		const float *up = turned + (size > 1 ? n0 + (size_t)value : n0) * P;
		for (size_t j = 0; j < J; j++)
			ratio[j] *= h[j] ? up[down + j] : up[j];
	}
}

/* The same of D numbers, whose means unit j moves by its weights. */
static void numbers(const bern_network *net, float *ratio, const uint8_t *h, const float *pi,
		    const int32_t *action)
{
	const bern_layer *out = &net->layer[net->depth];
	const size_t J = out->inputs, D = out->units;
	for (size_t j = 0; j < J; j++) {
		const float *w = net->params + out->weight + j * D;
		float log_ratio = 0.0f;
		for (size_t d = 0; d < D; d++) {
			float sigma = pi[D + d];
			float z = (bern_float_of_bits((uint32_t)action[d]) - pi[d]) / sigma;
			float moved = z - (h[j] ? -w[d] : w[d]) / sigma;
			log_ratio += 0.5f * (z * z - moved * moved);
		}
		ratio[j] = bern_expf(log_ratio > MOST_LOG ? MOST_LOG : log_ratio);
	}
}

/* A p (1 - p) (m1 - m0) / M of the units in a firing that spoke with probability w, to s. With x = w q (m - m'), q the probability that
 * the unit does not what it did, m' what the action's was and m what it is turned over, M is m' + x: never 0, as q and w q are below 1.
 * m / m' is ratio / total. */
static void expect(float *restrict s, const float *restrict ratio, const float *restrict total,
		   const uint8_t *h, const float *p, float A, float w, size_t J)
{
	for (size_t j = 0; j < J; j++) {
		float turned = ratio[j] < MOST ? ratio[j] : MOST, rest = 1.0f - p[j];
		float x = w * (h[j] ? rest : p[j]) * (turned - total[j]);
		s[j] = A * (h[j] ? -p[j] : rest) * (x / (total[j] + x));
	}
}

void bern_tell_last(const bern_network *net, const bern_trace *trace, size_t r, size_t k, float A,
		    float bonus, bern_workspace *work, float *s)
{
	const bern_action_head *head = &net->head;
	const size_t last = net->depth - 1, J = net->layer[last].units;
	const size_t K = net->firings, N = head->logits, C = head->components;
	const float w = trace->posterior[r * K + k], *pi = trace->pi + (r * K + k) * N;
	const int32_t *action = trace->action + r * C;
	const uint8_t *h = bern_trace_h(trace, net, last, r, k);
	const float *p = bern_trace_p(trace, net, last, r, k);
	float *ratio = work->s, *total = work->s0;
	memset(s, 0, J * sizeof *s);
	if (w > 0.0f) { /* else all it could say would not have led to the action */
		for (size_t j = 0; j < J; j++)
			ratio[j] = total[j] = 1.0f;
		if (head->gaussian.count)
			numbers(net, ratio, h, pi, action);
		for (size_t c = 0; !head->gaussian.count && c < C; c++)
			component(net, work->turned, ratio, total, h, pi, head->offset[c],
				  head->size[c], action[c]);
		expect(s, ratio, total, h, p, A, w, J);
	}
	for (size_t j = 0; bonus != 0.0f && j < J; j++)
		s[j] += bonus * ((float)h[j] - p[j]);
}

static void accumulate(const bern_network *net, const bern_trace *trace, const size_t *rows,
		       size_t count, const bern_signal *signal, bern_workspace *work,
		       float *gradient)
{
	const size_t K = net->firings, N = net->head.logits, C = net->head.components;
	const size_t P = net->layer[net->depth - 1].padded;
	const float each = 1.0f / (float)K, factor = K > 1 ? (float)K / (float)(K - 1) : 1.0f;
	if (!net->head.gaussian.count)
		bern_turn_weights(net, work->turned);
	bern_local_rules_begin(work);
	for (size_t i = 0; i < count; i++) {
		size_t r = rows[i];
		const float *w = trace->posterior + r * K;
		const float A = signal->scale * signal->advantage[r];
		for (size_t k = 0; k < K; k++) {
			work->c[k] = 0.0f;
			work->r[k] = A * w[k];
		}
		bern_head_scores(&net->head, work->delta, trace->pi + r * K * N,
				 trace->action + r * C, work->r, K);
		if (signal->entropy_coef != 0.0f)
			bern_entropy_rule(net, trace, r, signal, work);
		for (size_t k = 0; k < K; k++) {
			bern_tell_last(net, trace, r, k, A, work->c[k], work,
				       work->path[0] + k * P);
			work->c[k] += K > 1 ? A * ((w[k] - each) * factor) : A;
		}
		work->given[net->depth - 1] = work->path[0];
		bern_local_rule(net, trace, r, signal, work, gradient);
		work->given[net->depth - 1] = NULL;
	}
	bern_local_rules_end(net, work, gradient);
}

const bern_estimator bern_estimator_local_expectation = {
	.name = "local-expectation",
	.summary = "the last hidden layer's credit, averaged over each unit's own firing",
	.source = "derived here, see agents/estimator_local_expectation.c; cf. Titsias & "
		  "Lazaro-Gredilla 2015",
	.unbiased = 1,
	.needs = BERN_NEEDS_BINARY | BERN_TAKES_FIRINGS | BERN_TAKES_BOX,
	.accumulate = accumulate,
	.shared = 1,
	.expects = 1,
	.cost = "K policies a unit of the last hidden layer, without their exponentials",
};
