/* oracle.h: the exact truth about a small network, by enumerating every firing. Shares no code with the estimators: it knows a
 * network as plain lists of doubles and libm.
 *
 * J = sum over firings h and actions a of P(h | x) pi(a | h) R(a), and its gradient by the score identity; tests check that
 * gradient against central differences of J before they trust it.
 */
#ifndef BERN_TEST_ORACLE_H
#define BERN_TEST_ORACLE_H

#include <math.h>
#include <stddef.h>
#include <string.h>

#define ORACLE_LAYERS 4
#define ORACLE_PARAMS 256

/* Layers of units[0 .. depth-1] hidden units, then groups of logits: group size 1 is one logistic unit (values 0, 1), size n a
 * softmax. Parameters: for each layer weights (inputs, units) then biases, output last. */
typedef struct oracle_net {
	size_t inputs, depth, units[ORACLE_LAYERS];
	size_t group_count, group[4];
	const double *params;
	const double *x;
} oracle_net;

static inline size_t oracle_logits(const oracle_net *net)
{
	size_t n = 0;
	for (size_t g = 0; g < net->group_count; g++)
		n += net->group[g];
	return n;
}

static inline size_t oracle_actions(const oracle_net *net)
{
	size_t n = 1;
	for (size_t g = 0; g < net->group_count; g++)
		n *= net->group[g] == 1 ? 2 : net->group[g];
	return n;
}

/* Splits action number a into one value for each group. */
static inline void oracle_action(const oracle_net *net, size_t a, int *values)
{
	for (size_t g = 0; g < net->group_count; g++) {
		size_t n = net->group[g] == 1 ? 2 : net->group[g];
		values[g] = (int)(a % n);
		a /= n;
	}
}

/* For one setting of all hidden bits and one action: log of P(h | x) pi(a | h), and its gradient. */
static inline double oracle_joint(const oracle_net *net, size_t bits, size_t action,
				  double *gradient)
{
	double below[64], log_joint = 0.0;
	size_t inputs = net->inputs, at = 0;
	int values[4];
	memcpy(below, net->x, inputs * sizeof *below);
	for (size_t l = 0; l < net->depth; l++) {
		size_t J = net->units[l];
		double h[64];
		for (size_t j = 0; j < J; j++) {
			double a = net->params[at + inputs * J + j];
			for (size_t i = 0; i < inputs; i++)
				a += below[i] * net->params[at + i * J + j];
			double p = 1.0 / (1.0 + exp(-a));
			h[j] = (double)(bits & 1);
			bits >>= 1;
			log_joint += h[j] > 0.5 ? log(p) : log1p(-p);
			gradient[at + inputs * J + j] = h[j] - p;
			for (size_t i = 0; i < inputs; i++)
				gradient[at + i * J + j] = (h[j] - p) * below[i];
		}
		at += (inputs + 1) * J;
		memcpy(below, h, J * sizeof *below);
		inputs = J;
	}
	size_t N = oracle_logits(net), first = 0;
	oracle_action(net, action, values);
	for (size_t g = 0; g < net->group_count; g++) {
		double z[16], total = 0.0;
		size_t n = net->group[g];
		for (size_t m = 0; m < n; m++) {
			z[m] = net->params[at + inputs * N + first + m];
			for (size_t i = 0; i < inputs; i++)
				z[m] += below[i] * net->params[at + i * N + first + m];
			total += exp(z[m]);
		}
		for (size_t m = 0; m < n; m++) {
			double p = n == 1 ? 1.0 / (1.0 + exp(-z[m])) : exp(z[m]) / total;
			double hit = n == 1 ? values[g] : values[g] == (int)m;
			if (n == 1)
				log_joint += values[g] ? log(p) : log1p(-p);
			else if (values[g] == (int)m)
				log_joint += log(p);
			gradient[at + inputs * N + first + m] = hit - p;
			for (size_t i = 0; i < inputs; i++)
				gradient[at + i * N + first + m] = (hit - p) * below[i];
		}
		first += n;
	}
	return log_joint;
}

static inline size_t oracle_bits(const oracle_net *net)
{
	size_t bits = 0;
	for (size_t l = 0; l < net->depth; l++)
		bits += net->units[l];
	return bits;
}

/* J and, unless NULL, its gradient (count). reward: one for each action number. */
static inline double oracle_value(const oracle_net *net, const double *reward, double *gradient,
				  size_t count)
{
	double total = 0.0, one[ORACLE_PARAMS];
	if (gradient)
		memset(gradient, 0, count * sizeof *gradient);
	for (size_t bits = 0; bits < (size_t)1 << oracle_bits(net); bits++)
		for (size_t a = 0; a < oracle_actions(net); a++) {
			double share = exp(oracle_joint(net, bits, a, one)) * reward[a];
			total += share;
			for (size_t i = 0; gradient && i < count; i++)
				gradient[i] += share * one[i];
		}
	return total;
}

#endif
