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

/* The local rule: c[k] weighs the scores of firing k's hidden units, w[k] those of its logits. */
static void local_rule(const bern_network *net, const double *params,
		       const bern_reference_step *step, const double *pi, const double *c,
		       const double *w, double *gradient)
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
						   ? c[k] * score(net, params, step, l, k, j)
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

void bern_reference_estimate(const bern_network *net, const double *params,
			     const bern_reference_step *step, double *gradient)
{
	size_t K = step->firings, N = net->head.logits;
	double pi[MOST], w[MOST], c[MOST], total = 0.0;
	assert(K * N <= MOST);
	bern_reference_policy(net, params, step, pi);
	for (size_t k = 0; k < K; k++) {
		w[k] = chance(&net->head, pi + k * N, step->action);
		total += w[k];
	}
	for (size_t k = 0; k < K; k++) {
		w[k] /= total;
		c[k] = K == 1 ? 1.0 : (w[k] - 1.0 / (double)K) * (double)K / ((double)K - 1.0);
	}
	local_rule(net, params, step, pi, c, w, gradient);
}

void bern_reference_refire(const bern_network *net, const double *params,
			   const bern_reference_step *step, double mu, double *gradient)
{
	size_t K = step->firings, N = net->head.logits;
	double pi[MOST], w[MOST], c[MOST], total = 0.0;
	assert(K * N <= MOST);
	bern_reference_policy(net, params, step, pi);
	for (size_t k = 0; k < K; k++)
		total += chance(&net->head, pi + k * N, step->action);
	for (size_t k = 0; k < K; k++) {
		double now = chance(&net->head, pi + k * N, step->action);
		double others = K == 1 ? 0.0 : (total - now) / ((double)K - 1.0);
		c[k] = (now - others) / (mu * (double)K);
		w[k] = now / (mu * (double)K);
	}
	local_rule(net, params, step, pi, c, w, gradient);
}
