#include "reference.h"

#include <bern/math.h>
#include <assert.h>
#include <math.h>
#include <string.h>

/* Activation of unit j of layer l given what is below: firing k, or the input. */
static double activation(const bern_network *net, const double *params,
			 const bern_reference_step *step, size_t l, size_t k, size_t j)
{
	const bern_layer *layer = &net->layer[l];
	double a = params[layer->bias + j];
	for (size_t i = 0; i < layer->inputs; i++) {
		double x = l == 0 ? step->x[i] : (double)step->h[l - 1][k * layer->inputs + i];
		a += x * params[layer->weight + i * layer->units + j];
	}
	return a;
}

static double sigmoid(double a)
{
	return 1.0 / (1.0 + bern_exp(-a));
}

double bern_reference_probability(const bern_network *net, const double *params,
				  const bern_reference_step *step)
{
	double product = 1.0;
	for (size_t l = 0; l < net->depth; l++)
		for (size_t k = 0; k < step->firings; k++)
			for (size_t j = 0; j < net->layer[l].units; j++) {
				double p = sigmoid(activation(net, params, step, l, k, j));
				product *= step->h[l][k * net->layer[l].units + j] ? p : 1.0 - p;
			}
	return product;
}

void bern_reference_policy(const bern_network *net, const double *params,
			   const bern_reference_step *step, double *pi)
{
	const bern_action_head *head = &net->head;
	for (size_t k = 0; k < step->firings && head->gaussian.count; k++)
		for (size_t d = 0; d < head->outputs; d++) {
			pi[k * head->logits + d] = activation(net, params, step, net->depth, k, d);
			pi[k * head->logits + head->outputs + d] = bern_exp(
				params[net->param_count - head->outputs + d]);
		}
	for (size_t k = 0; k < step->firings && !head->gaussian.count; k++)
		for (size_t c = 0; c < head->components; c++) {
			double *pi_c = pi + k * head->logits + head->offset[c], total = 0.0;
			for (size_t n = 0; n < head->size[c]; n++) {
				double a = activation(net, params, step, net->depth, k,
						      head->offset[c] + n);
				pi_c[n] = head->size[c] == 1 ? sigmoid(a) : bern_exp(a);
				total += pi_c[n];
			}
			for (size_t n = 0; head->size[c] > 1 && n < head->size[c]; n++)
				pi_c[n] /= total;
		}
}

/* (u - m)/sigma of number d of a BOX action */
static double standard(const bern_action_head *head, const double *pi, const int32_t *action,
		       size_t d)
{
	return ((double)bern_float_of_bits((uint32_t)action[d]) - pi[d]) / pi[head->outputs + d];
}

/* pi_k(action); of a Gaussian head the density. */
static double chance(const bern_action_head *head, const double *pi, const int32_t *action)
{
	double product = 1.0;
	for (size_t d = 0; d < head->gaussian.count; d++) {
		double z = standard(head, pi, action, d);
		product *= bern_exp(-0.5 * z * z) / (2.5066282746310002 * pi[head->outputs + d]);
	}
	for (size_t c = 0; !head->gaussian.count && c < head->components; c++) {
		const double *pi_c = pi + head->offset[c];
		if (head->size[c] == 1)
			product *= action[c] ? pi_c[0] : 1.0 - pi_c[0];
		else
			product *= pi_c[action[c]];
	}
	return product;
}

#define MOST 4096 /* K * N: references are for small networks */

double bern_reference_likelihood(const bern_network *net, const double *params,
				 const bern_reference_step *step)
{
	double pi[MOST], mean = 0.0;
	assert(step->firings * net->head.logits <= MOST);
	bern_reference_policy(net, params, step, pi);
	for (size_t k = 0; k < step->firings; k++)
		mean += chance(&net->head, pi + k * net->head.logits, step->action) /
			(double)step->firings;
	return mean;
}

/* Score of unit j of hidden layer l in firing k: h - p. */
static double score(const bern_network *net, const double *params, const bern_reference_step *step,
		    size_t l, size_t k, size_t j)
{
	return (double)step->h[l][k * net->layer[l].units + j] -
	       sigmoid(activation(net, params, step, l, k, j));
}

/* Score of a logit in firing k: d log pi_k(action) / d logit. */
static double output_score(const bern_action_head *head, const double *pi, const int32_t *action,
			   size_t logit)
{
	size_t c = 0, D = head->gaussian.count;
	if (D > 0 && logit < D)
		return standard(head, pi, action, logit) / pi[D + logit];
	if (D > 0) {
		double z = standard(head, pi, action, logit - D);
		return z * z - 1.0;
	}
	while (head->offset[c] + head->size[c] <= logit)
		c++;
	double chosen = head->size[c] == 1 ? (double)action[c]
					   : (double)((size_t)action[c] == logit - head->offset[c]);
	return chosen - pi[logit];
}

/* The local rule: hidden units of all layers, counted through, are told told (units, K), and w[k] weighs the scores of firing k's
 * logits. */
static void local_rule(const bern_network *net, const bern_reference_step *step, const double *pi,
		       const double *told, const double *w, double *gradient)
{
	size_t K = step->firings, N = net->head.logits, unit = 0;
	memset(gradient, 0, net->param_count * sizeof *gradient);
	for (size_t l = 0; l <= net->depth; l++) {
		const bern_layer *layer = &net->layer[l];
		/* log deviations have biases alone */
		size_t biases = l < net->depth ? layer->units : N;
		for (size_t j = 0; j < biases; j++, unit++) {
			double A = step->advantage - (step->unit ? step->unit[unit] : 0.0);
			for (size_t k = 0; k < K; k++) {
				double s = l < net->depth
						   ? told[unit * K + k]
						   : w[k] * output_score(&net->head, pi + k * N,
									 step->action, j);
				gradient[layer->bias + j] += A * s;
				for (size_t i = 0; i < layer->inputs && j < layer->units; i++) {
					double x = l == 0 ? step->x[i]
							  : (double)step->h[l - 1]
									   [k * layer->inputs + i];
					gradient[layer->weight + i * layer->units + j] += A * s * x;
				}
			}
		}
	}
}

static size_t hidden_units(const bern_network *net)
{
	size_t units = 0;
	for (size_t l = 0; l < net->depth; l++)
		units += net->layer[l].units;
	return units;
}

/* told (units, K): c[k] (h - p) for every hidden unit. */
static void weigh_scores(const bern_network *net, const double *params,
			 const bern_reference_step *step, const double *c, double *told)
{
	size_t K = step->firings, unit = 0;
	for (size_t l = 0; l < net->depth; l++)
		for (size_t j = 0; j < net->layer[l].units; j++, unit++)
			for (size_t k = 0; k < K; k++)
				told[unit * K + k] = c[k] * score(net, params, step, l, k, j);
}

void bern_reference_estimate(const bern_network *net, const double *params,
			     const bern_reference_step *step, double *gradient)
{
	size_t K = step->firings, N = net->head.logits;
	double pi[MOST], w[MOST], c[MOST], told[MOST], total = 0.0;
	assert(K * N <= MOST && K * hidden_units(net) <= MOST);
	bern_reference_policy(net, params, step, pi);
	for (size_t k = 0; k < K; k++) {
		w[k] = chance(&net->head, pi + k * N, step->action);
		total += w[k];
	}
	for (size_t k = 0; k < K; k++) {
		w[k] /= total;
		c[k] = K == 1 ? 1.0 : (w[k] - 1.0 / (double)K) * (double)K / ((double)K - 1.0);
	}
	weigh_scores(net, params, step, c, told);
	local_rule(net, step, pi, told, w, gradient);
}

void bern_reference_refire(const bern_network *net, const double *params,
			   const bern_reference_step *step, double mu, double *gradient)
{
	size_t K = step->firings, N = net->head.logits;
	double pi[MOST], w[MOST], c[MOST], told[MOST], total = 0.0;
	assert(K * N <= MOST && K * hidden_units(net) <= MOST);
	bern_reference_policy(net, params, step, pi);
	for (size_t k = 0; k < K; k++)
		total += chance(&net->head, pi + k * N, step->action);
	for (size_t k = 0; k < K; k++) {
		double now = chance(&net->head, pi + k * N, step->action);
		double others = K == 1 ? 0.0 : (total - now) / ((double)K - 1.0);
		c[k] = (now - others) / (mu * (double)K);
		w[k] = now / (mu * (double)K);
	}
	weigh_scores(net, params, step, c, told);
	local_rule(net, step, pi, told, w, gradient);
}

/* ---- counterfactual credit ---- */

#define MOST_WIDE 16 /* units of a layer, which may turn over in 2^16 ways */

/* Unit `unit` of layer `layer` in firing `k`, turned over. */
typedef struct turning {
	const bern_network *net;
	const double *params;
	const bern_reference_step *step;
	size_t layer, unit, k;
	double chance; /* sum over the K firings of pi(action), as they were */
	double told;   /* mean credit, without the advantage */
	uint8_t h[BERN_MAX_LAYERS][MOST_WIDE]; /* of firing k, after */
} turning;

/* The chance of the action in firing k with the last hidden layer h. */
static double chance_after(const turning *t, const uint8_t *h)
{
	bern_reference_step step = *t->step;
	double pi[MOST];
	step.firings = 1;
	step.h[t->net->depth - 1] = h;
	bern_reference_policy(t->net, t->params, &step, pi);
	return chance(&t->net->head, pi, step.action);
}

static double activation_over(const turning *t, size_t l, size_t j, const uint8_t *below)
{
	const bern_layer *layer = &t->net->layer[l];
	double a = t->params[layer->bias + j];
	for (size_t i = 0; i < layer->inputs; i++)
		a += below[i] * t->params[layer->weight + i * layer->units + j];
	return a;
}

/* Adds the credit that follows with this probability, units of layer l up to j and all layers below having turned over or not. */
static void turn_on(turning *t, size_t l, size_t j, double probability)
{
	const bern_network *net = t->net;
	const uint8_t *was = t->step->h[l] + t->k * net->layer[l].units;
	if (j == net->layer[l].units && l + 1 < net->depth) {
		turn_on(t, l + 1, 0, probability);
		return;
	}
	if (j == net->layer[l].units) {
		size_t units = net->layer[t->layer].units;
		int fired = t->step->h[t->layer][t->k * units + t->unit];
		double p = sigmoid(activation(net, t->params, t->step, t->layer, t->k, t->unit));
		double own = chance_after(t, t->step->h[l] + t->k * net->layer[l].units);
		double other = t->chance - own + chance_after(t, t->h[l]);
		double m1 = fired ? t->chance : other, m0 = fired ? other : t->chance;
		t->told += probability * p * (1.0 - p) * (m1 - m0) / (p * m1 + (1.0 - p) * m0);
		return;
	}
	if (l == t->layer) { /* the unit itself and its neighbours */
		t->h[l][j] = was[j] ^ (j == t->unit);
		turn_on(t, l, j + 1, probability);
		return;
	}
	/* a logistic number below the old activation, or not, and the new one */
	double p = sigmoid(activation(net, t->params, t->step, l, t->k, j));
	double q = sigmoid(activation_over(t, l, j, t->h[l - 1]));
	double turns = was[j] ? 1.0 - q / p : (q - p) / (1.0 - p);
	turns = turns > 0.0 ? turns : 0.0;
	for (int turned = 0; turned < 2; turned++) {
		t->h[l][j] = was[j] ^ turned;
		turn_on(t, l, j + 1, probability * (turned ? turns : 1.0 - turns));
	}
}

void bern_reference_counterfactual(const bern_network *net, const double *params,
				   const bern_reference_step *step, double *gradient)
{
	size_t K = step->firings, N = net->head.logits, unit = 0;
	double pi[MOST], w[MOST], told[MOST], total = 0.0;
	assert(K * N <= MOST && K * hidden_units(net) <= MOST);
	for (size_t l = 0; l < net->depth; l++)
		assert(net->layer[l].units <= MOST_WIDE);
	bern_reference_policy(net, params, step, pi);
	for (size_t k = 0; k < K; k++)
		total += w[k] = chance(&net->head, pi + k * N, step->action);
	for (size_t k = 0; k < K; k++)
		w[k] /= total;
	for (size_t l = 0; l < net->depth; l++)
		for (size_t j = 0; j < net->layer[l].units; j++, unit++)
			for (size_t k = 0; k < K; k++) {
				turning t = {.net = net,
					     .params = params,
					     .step = step,
					     .layer = l,
					     .unit = j,
					     .k = k,
					     .chance = total};
				turn_on(&t, l, 0, 1.0);
				told[unit * K + k] = t.told;
			}
	local_rule(net, step, pi, told, w, gradient);
}
