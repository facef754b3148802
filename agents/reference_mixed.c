/* Networks of mixed layers in double: one firing at a time, forwards and then backwards, as in a textbook. */
#include "reference.h"

#include <bern/math.h>
#include <assert.h>
#include <math.h>
#include <string.h>

#define MOST_UNITS 128 /* references are for small networks */
#define MOST_PI    4096

/* One firing: what each layer got and put out. Layer 0 of `out` is the input. */
typedef struct pass {
	double a[BERN_MAX_LAYERS + 1][MOST_UNITS];
	double out[BERN_MAX_LAYERS + 1][MOST_UNITS];
} pass;

static double sigmoid(double a)
{
	return 1.0 / (1.0 + bern_exp(-a));
}

static double output_of(int64_t kind, double a, const bern_reference_step *step, size_t l,
			size_t index)
{
	switch (kind) {
	case BERN_UNITS_BINARY:
		return (double)step->h[l][index];
	case BERN_UNITS_SMOOTH:
		return (double)step->h[l][index] * sqrt(sigmoid(a));
	case BERN_UNITS_TANH:
		return bern_tanh(a);
	case BERN_UNITS_RELU:
		return a > 0.0 ? a : 0.0;
	default:
		return step->y[l][index];
	}
}

static void forward(const bern_network *net, const double *params, const bern_reference_step *step,
		    size_t k, pass *p)
{
	memcpy(p->out[0], step->x, net->layer[0].inputs * sizeof(double));
	for (size_t l = 0; l <= net->depth; l++) {
		const bern_layer *layer = &net->layer[l];
		assert(layer->units <= MOST_UNITS && layer->inputs <= MOST_UNITS);
		for (size_t j = 0; j < layer->units; j++) {
			p->a[l][j] = params[layer->bias + j];
			for (size_t i = 0; i < layer->inputs; i++)
				p->a[l][j] += p->out[l][i] *
					      params[layer->weight + i * layer->units + j];
			if (l < net->depth)
				p->out[l + 1][j] = output_of(layer->kind, p->a[l][j], step, l,
							     k * layer->units + j);
		}
	}
}

double bern_reference_mixed_probability(const bern_network *net, const double *params,
					const bern_reference_step *step)
{
	double product = 1.0;
	pass p;
	for (size_t k = 0; k < step->firings; k++) {
		forward(net, params, step, k, &p);
		for (size_t l = 0; l < net->depth; l++)
			for (size_t j = 0; j < net->layer[l].units; j++) {
				double one = sigmoid(p.a[l][j]);
				if (net->layer[l].kind == BERN_UNITS_SMOOTH)
					one = sqrt(one);
				else if (net->layer[l].kind != BERN_UNITS_BINARY)
					continue;
				product *= step->h[l][k * net->layer[l].units + j] ? one
										   : 1.0 - one;
			}
	}
	return product;
}

static void policy(const bern_action_head *head, const double *logit, double *pi)
{
	for (size_t c = 0; c < head->components; c++) {
		const double *a = logit + head->offset[c];
		double *out = pi + head->offset[c], total = 0.0;
		for (size_t n = 0; n < head->size[c]; n++) {
			out[n] = head->size[c] == 1 ? sigmoid(a[n]) : bern_exp(a[n]);
			total += out[n];
		}
		for (size_t n = 0; head->size[c] > 1 && n < head->size[c]; n++)
			out[n] /= total;
	}
}

void bern_reference_mixed_policy(const bern_network *net, const double *params,
				 const bern_reference_step *step, double *pi)
{
	pass p;
	for (size_t k = 0; k < step->firings; k++) {
		forward(net, params, step, k, &p);
		policy(&net->head, p.a[net->depth], pi + k * net->head.logits);
	}
}

/* pi(action), and d log pi(action) / d logit (N). */
static double chance(const bern_action_head *head, const double *pi, const int32_t *action,
		     double *score)
{
	double product = 1.0;
	for (size_t c = 0; c < head->components; c++) {
		size_t first = head->offset[c], value = (size_t)action[c];
		if (head->size[c] == 1)
			product *= value ? pi[first] : 1.0 - pi[first];
		else
			product *= pi[first + value];
		for (size_t n = 0; n < head->size[c]; n++)
			score[first + n] = (double)(head->size[c] == 1 ? value : n == value) -
					   pi[first + n];
	}
	return product;
}

/* From the gradient d at a unit's output to that at its activation; c weighs the score of what it drew. */
static double through(const bern_reference_rule *rule, int64_t kind, double a, double out, double d,
		      double c)
{
	double p = sigmoid(a), q = sqrt(p), fired = out > 0.0 ? 1.0 : 0.0;
	switch (kind) {
	case BERN_UNITS_BINARY:
		if (rule->carry == BERN_CARRY_IDENTITY)
			return d;
		if (rule->carry == BERN_CARRY_SIGMOID)
			return d * p * (1.0 - p);
		if (rule->carry == BERN_CARRY_REINMAX)
			return d * 0.5 * fabs(fired - p);
		return c * (fired - p);
	case BERN_UNITS_SMOOTH: { /* out = b q; log P(b) = b log q + (1 - b) log(1 - q) */
		double slope = 0.5 * (1.0 - p) * q;
		double score = fired / q - (1.0 - fired) / (1.0 - q);
		return d * fired * slope + (rule->without_score ? 0.0 : c * score * slope);
	}
	case BERN_UNITS_TANH:
		return d * (1.0 - out * out);
	default:
		return d * fired;
	}
}

static void backward(const bern_network *net, const double *params, const pass *p,
		     const bern_reference_rule *rule, const double *score, double head, double c,
		     double *gradient)
{
	double d[MOST_UNITS], below[MOST_UNITS];
	for (size_t n = 0; n < net->head.logits; n++)
		d[n] = head * score[n];
	for (size_t l = net->depth + 1; l-- > 0;) {
		const bern_layer *layer = &net->layer[l];
		for (size_t i = 0; i < layer->inputs; i++) {
			below[i] = 0.0;
			for (size_t j = 0; j < layer->units; j++) {
				size_t w = layer->weight + i * layer->units + j;
				gradient[w] += p->out[l][i] * d[j];
				below[i] += params[w] * d[j];
			}
		}
		for (size_t j = 0; j < layer->units; j++)
			gradient[layer->bias + j] += d[j];
		for (size_t i = 0; l > 0 && i < layer->inputs; i++)
			d[i] = through(rule, net->layer[l - 1].kind, p->a[l - 1][i], p->out[l][i],
				       below[i], c);
	}
}

void bern_reference_mixed_estimate(const bern_network *net, const double *params,
				   const bern_reference_step *step, const bern_reference_rule *rule,
				   double *gradient)
{
	size_t K = step->firings, N = net->head.logits;
	double pi[MOST_PI], score[MOST_PI], w[MOST_PI], total = 0.0;
	double A = step->advantage, each = 1.0 / (double)K;
	pass p;
	assert(K * N <= MOST_PI);
	memset(gradient, 0, net->param_count * sizeof *gradient);
	bern_reference_mixed_policy(net, params, step, pi);
	for (size_t k = 0; k < K; k++) {
		w[k] = chance(&net->head, pi + k * N, step->action, score + k * N);
		total += w[k];
	}
	for (size_t k = 0; k < K; k++) {
		double weight = w[k] / total;
		double c = K == 1 ? 1.0 : (weight - each) * (double)K / ((double)K - 1.0);
		forward(net, params, step, k, &p);
		backward(net, params, &p, rule, score + k * N, A * weight, A * c, gradient);
	}
}
