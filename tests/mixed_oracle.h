/* mixed_oracle.h: the exact truth about a small network of mixed layers, by enumerating every bit and every value of a noise that
 * takes three. Shares no code with the estimators: it knows a network as plain lists of doubles and libm.
 *
 * A gradient through noise is unbiased whatever the noise's distribution, so three values prove as much as a normal one.
 */
#ifndef BERN_TEST_MIXED_ORACLE_H
#define BERN_TEST_MIXED_ORACLE_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { MIXED_BINARY, MIXED_RELU, MIXED_TANH, MIXED_RECTIFIER, MIXED_LOGISTIC, MIXED_SMOOTH };

#define MIXED_LAYERS 3
#define MIXED_UNITS  4
#define MIXED_PARAMS 128

static const double mixed_noise[3] = {-0.9, 0.3, 1.4}, mixed_noise_weight[3] = {0.3, 0.5, 0.2};

typedef struct mixed_net {
	size_t inputs, depth, units[MIXED_LAYERS], actions; /* 2: one logistic unit */
	int kind[MIXED_LAYERS];
	const double *params; /* of each layer weights (inputs, units), then biases; output last */
	const double *x;
} mixed_net;

/* What one firing was: bits and outputs of all hidden layers, its probability given the noise times that of the noise, and the
 * policy (actions). */
typedef struct mixed_firing {
	uint8_t bit[MIXED_LAYERS][MIXED_UNITS];
	double out[MIXED_LAYERS][MIXED_UNITS];
	double p[MIXED_LAYERS][MIXED_UNITS]; /* P(bit = 1) */
	double probability, pi[4];
} mixed_firing;

/* In how many ways a unit can come out. */
static size_t mixed_ways_of(int kind)
{
	return kind == MIXED_BINARY || kind == MIXED_SMOOTH        ? 2
	       : kind == MIXED_RECTIFIER || kind == MIXED_LOGISTIC ? 3
								   : 1;
}

static size_t mixed_ways(const mixed_net *net)
{
	size_t ways = 1;
	for (size_t l = 0; l < net->depth; l++)
		for (size_t j = 0; j < net->units[l]; j++)
			ways *= mixed_ways_of(net->kind[l]);
	return ways;
}

/* Firing number `way`. */
static void mixed_fire(const mixed_net *net, size_t way, mixed_firing *f)
{
	const double *w = net->params, *below = net->x;
	size_t inputs = net->inputs;
	f->probability = 1.0;
	for (size_t l = 0; l <= net->depth; l++) {
		size_t J = l < net->depth ? net->units[l] : net->actions == 2 ? 1 : net->actions;
		double a[MIXED_UNITS], total = 0.0;
		for (size_t j = 0; j < J; j++) {
			a[j] = w[inputs * J + j];
			for (size_t i = 0; i < inputs; i++)
				a[j] += below[i] * w[i * J + j];
			total += exp(a[j]);
		}
		for (size_t j = 0; l == net->depth && j < J; j++)
			f->pi[j] = exp(a[j]) / total;
		if (l == net->depth) {
			if (J == 1) {
				f->pi[1] = 1.0 / (1.0 + exp(-a[0]));
				f->pi[0] = 1.0 - f->pi[1];
			}
			return;
		}
		for (size_t j = 0; j < J; j++) {
			size_t choice = way % mixed_ways_of(net->kind[l]);
			double p = 1.0 / (1.0 + exp(-a[j])), q = sqrt(p);
			way /= mixed_ways_of(net->kind[l]);
			f->bit[l][j] = (uint8_t)choice;
			switch (net->kind[l]) {
			case MIXED_BINARY:
				f->p[l][j] = p;
				f->out[l][j] = (double)choice;
				f->probability *= choice ? p : 1.0 - p;
				break;
			case MIXED_SMOOTH:
				f->p[l][j] = q;
				f->out[l][j] = choice ? q : 0.0;
				f->probability *= choice ? q : 1.0 - q;
				break;
			case MIXED_RELU:
				f->out[l][j] = fmax(a[j], 0.0);
				break;
			case MIXED_TANH:
				f->out[l][j] = tanh(a[j]);
				break;
			default:
				f->out[l][j] = fmax(a[j] + mixed_noise[choice], 0.0);
				f->probability *= mixed_noise_weight[choice];
			}
		}
		w += (inputs + 1) * J;
		below = f->out[l];
		inputs = J;
	}
}

/* The expected reward of the marginal policy. */
static double mixed_value(const mixed_net *net, const double *reward)
{
	double total = 0.0;
	mixed_firing f;
	for (size_t way = 0; way < mixed_ways(net); way++) {
		mixed_fire(net, way, &f);
		for (size_t a = 0; a < net->actions; a++)
			total += f.probability * f.pi[a] * reward[a];
	}
	return total;
}

/* Its gradient by central differences: they err by O(step^2) = 1e-10 and by rounding 1e-16/step = 1e-11. params is moved and put
 * back. */
static void mixed_gradient(const mixed_net *net, double *params, size_t count, const double *reward,
			   double *gradient)
{
	const double step = 1e-5;
	for (size_t i = 0; i < count; i++) {
		double kept = params[i];
		params[i] = kept + step;
		double up = mixed_value(net, reward);
		params[i] = kept - step;
		double down = mixed_value(net, reward);
		params[i] = kept;
		gradient[i] = (up - down) / (2.0 * step);
	}
}

#endif
