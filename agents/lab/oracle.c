#include "oracle.h"

#include <bern/math.h>
#include <assert.h>
#include <string.h>

#define POINTS   8 /* of a Gauss-Legendre panel */
#define PANELS   6
#define OUTCOMES (POINTS * PANELS + 1)

/* A layer's outputs with their derivatives. */
typedef struct dual {
	double y[LAB_UNITS];
	double d[LAB_UNITS][LAB_PARAMS];
	int constant; /* 1: all d are 0 */
} dual;

/* One thing that a unit may do: how likely (and the derivative of that probability), and what it passes on. Derivatives are with
 * respect to its activation. */
typedef struct outcome {
	double weight, weight_slope, y, y_slope;
} outcome;

typedef struct walk {
	const lab_net *net;
	size_t params;
	double *pi, *slope;
} walk;

size_t lab_net_params(const lab_net *net)
{
	size_t count = 0, inputs = net->inputs, logits = 0;
	for (size_t l = 0; l < net->depth; l++) {
		count += (inputs + 1) * net->units[l];
		inputs = net->units[l];
	}
	for (size_t g = 0; g < net->group_count; g++)
		logits += net->group[g];
	return count + (inputs + 1) * logits;
}

size_t lab_net_actions(const lab_net *net)
{
	size_t n = 1;
	for (size_t g = 0; g < net->group_count; g++)
		n *= net->group[g] == 1 ? 2 : net->group[g];
	return n;
}

size_t lab_net_bits(const lab_net *net)
{
	size_t bits = 0;
	for (size_t l = 0; l < net->depth; l++)
		if (net->kind[l] == LAB_BINARY || net->kind[l] == LAB_SMOOTH)
			bits += net->units[l];
	return bits;
}

static double normal_density(double z)
{
	return 0.3989422804014327 * bern_exp(-0.5 * z * z);
}

static double logistic_density(double z)
{
	double p = bern_sigmoid(z);
	return p * bern_sigmoid(-z);
}

/* max(0, a + z): one outcome for all z below -a, and the nodes of a quadrature over z from -a upwards, where the output is smooth. The
 * nodes stand still while a is differentiated; what moves at the kink cancels, since the output is continuous there. */
static size_t rectifier(outcome *out, double a, int logistic)
{
	static const double node[POINTS / 2] = {0.1834346424956498, 0.5255324099163290,
						0.7966664774136267, 0.9602898564975363};
	static const double weight[POINTS / 2] = {0.3626837833783620, 0.3137066458778873,
						  0.2223810344533745, 0.1012285362903763};
	double top = logistic ? 40.0 : 9.0, from = -a > -top ? -a : -top, above = 0.0;
	double width = logistic ? 0.0 : (top - from) / PANELS;
	size_t count = 1;
	for (size_t panel = 0; panel < PANELS; panel++) {
		/* a logistic tail is long: panels that double in width */
		if (logistic)
			width = panel == 0 ? (top - from) / 63.0 : 2.0 * width;
		for (size_t i = 0; i < POINTS; i++) {
			double side = i % 2 ? 1.0 : -1.0;
			double z = from + 0.5 * width * (1.0 + side * node[i / 2]);
			double w = 0.5 * width * weight[i / 2] *
				   (logistic ? logistic_density(z) : normal_density(z));
			out[count++] = (outcome){w, 0.0, a + z, 1.0};
			above += w;
		}
		from += width;
	}
	out[0] = (outcome){1.0 - above, 0.0, 0.0, 0.0};
	return count;
}

/* Writes all that a unit may do at activation a; returns how many. */
static size_t outcomes(outcome *out, int32_t kind, double a)
{
	double p = bern_sigmoid(a), q = bern_sigmoid(-a), root = bern_sqrt(p);
	switch (kind) {
	case LAB_BINARY:
		out[0] = (outcome){q, -p * q, 0.0, 0.0};
		out[1] = (outcome){p, p * q, 1.0, 0.0};
		return 2;
	case LAB_SMOOTH: /* d sqrt(p) / da = sqrt(p) q / 2 */
		out[0] = (outcome){1.0 - root, -0.5 * root * q, 0.0, 0.0};
		out[1] = (outcome){root, 0.5 * root * q, root, 0.5 * root * q};
		return 2;
	case LAB_RELU:
		out[0] = (outcome){1.0, 0.0, a > 0.0 ? a : 0.0, a > 0.0};
		return 1;
	case LAB_TANH: {
		double y = bern_tanh(a);
		out[0] = (outcome){1.0, 0.0, y, 1.0 - y * y};
		return 1;
	}
	default:
		return rectifier(out, a, kind == LAB_LOGISTIC_RECTIFIER);
	}
}

/* Activations of a layer of J units whose parameters start at `at`. */
static void affine(const walk *w, const dual *below, size_t inputs, size_t at, size_t J, dual *a)
{
	const double *weight = w->net->params + at, *bias = weight + inputs * J;
	for (size_t j = 0; j < J; j++) {
		double *d = a->d[j];
		memset(d, 0, w->params * sizeof *d);
		a->y[j] = bias[j];
		d[at + inputs * J + j] = 1.0;
		for (size_t i = 0; i < inputs; i++) {
			double w_ij = weight[i * J + j];
			a->y[j] += below->y[i] * w_ij;
			d[at + i * J + j] += below->y[i];
			for (size_t m = 0; !below->constant && m < at; m++)
				d[m] += w_ij * below->d[i][m];
		}
	}
}

/* Adds probability * pi(action | below) of every action, and its derivatives. */
static void add_policy(const walk *w, const dual *below, size_t inputs, size_t at,
		       double probability, const double *log_slope)
{
	const lab_net *net = w->net;
	size_t N = 0, actions = lab_net_actions(net);
	dual a;
	double value[LAB_ACTIONS], sum[LAB_GROUPS];
	for (size_t g = 0; g < net->group_count; g++)
		N += net->group[g];
	affine(w, below, inputs, at, N, &a);
	for (size_t g = 0, n = 0; g < net->group_count; n += net->group[g++]) {
		sum[g] = 0.0;
		for (size_t m = n; m < n + net->group[g]; m++) {
			value[m] = net->group[g] == 1 ? bern_sigmoid(a.y[m]) : bern_exp(a.y[m]);
			sum[g] += value[m];
		}
		for (size_t m = n; net->group[g] > 1 && m < n + net->group[g]; m++)
			value[m] /= sum[g];
	}
	for (size_t action = 0; action < actions; action++) {
		double share = probability, hit[LAB_ACTIONS];
		size_t rest = action;
		for (size_t g = net->group_count, n = N; g-- > 0;) {
			size_t size = net->group[g], ways = size == 1 ? 2 : size;
			size_t chosen = rest % ways;
			rest /= ways;
			n -= size;
			for (size_t m = 0; m < size; m++)
				hit[n + m] = (size == 1 ? (double)chosen : (double)(m == chosen)) -
					     value[n + m];
			share *= size > 1 ? value[n + chosen] : chosen ? value[n] : 1.0 - value[n];
		}
		w->pi[action] += share;
		if (!w->slope)
			continue;
		double *slope = w->slope + action * w->params;
		for (size_t m = 0; m < w->params; m++) {
			double log_policy = log_slope[m];
			for (size_t n = 0; n < N; n++)
				log_policy += hit[n] * a.d[n][m];
			slope[m] += share * log_policy;
		}
	}
}

/* Visits every outcome of layer l and those above it, given what the layer below passes on. log_slope (P) is the derivative of
 * log probability, the probability of what has happened so far. */
static void visit(const walk *w, size_t l, const dual *below, size_t inputs, size_t at,
		  double probability, const double *log_slope)
{
	const lab_net *net = w->net;
	if (l == LAB_LAYERS || l == net->depth) {
		add_policy(w, below, inputs, at, probability, log_slope);
		return;
	}
	size_t J = net->units[l], count[LAB_UNITS], chosen[LAB_UNITS] = {0};
	outcome out[LAB_UNITS][OUTCOMES];
	dual a, y;
	affine(w, below, inputs, at, J, &a);
	for (size_t j = 0; j < J; j++)
		count[j] = outcomes(out[j], net->kind[l], a.y[j]);
	y.constant = net->kind[l] == LAB_BINARY;
	for (;;) {
		double share = probability, slope[LAB_PARAMS];
		memcpy(slope, log_slope, w->params * sizeof *slope);
		for (size_t j = 0; j < J; j++) {
			const outcome *o = &out[j][chosen[j]];
			share *= o->weight;
			y.y[j] = o->y;
			double log_weight = o->weight > 0.0 ? o->weight_slope / o->weight : 0.0;
			for (size_t m = 0; w->slope && m < w->params; m++) {
				slope[m] += log_weight * a.d[j][m];
				if (!y.constant)
					y.d[j][m] = o->y_slope * a.d[j][m];
			}
		}
		if (share > 0.0)
			visit(w, l + 1, &y, J, at + (inputs + 1) * J, share, slope);
		size_t j = 0;
		while (j < J && ++chosen[j] == count[j])
			chosen[j++] = 0;
		if (j == J)
			return;
	}
}

void lab_oracle_policy(const lab_net *net, const double *x, double *pi, double *slope)
{
	double zero[LAB_PARAMS] = {0};
	dual input = {.constant = 1};
	walk w = {.net = net, .params = lab_net_params(net), .pi = pi, .slope = slope};
	size_t actions = lab_net_actions(net);
	assert(w.params <= LAB_PARAMS && actions <= LAB_ACTIONS && net->inputs <= LAB_UNITS);
	memcpy(input.y, x, net->inputs * sizeof *x);
	memset(pi, 0, actions * sizeof *pi);
	if (slope)
		memset(slope, 0, actions * w.params * sizeof *slope);
	visit(&w, 0, &input, net->inputs, 0, 1.0, zero);
}

/* The policy of every state: pi (S, A), slope (S, A, P) or NULL. */
static void all_policies(const lab_net *net, const lab_mdp *mdp, double *pi, double *slope)
{
	size_t A = mdp->actions, P = lab_net_params(net);
	assert(A == lab_net_actions(net) && mdp->states <= LAB_STATES);
	for (size_t s = 0; s < mdp->states; s++)
		lab_oracle_policy(net, mdp->x + s * net->inputs, pi + s * A,
				  slope ? slope + s * A * P : NULL);
}

/* r(s, a) + gamma sum over s' of P(s' | s, a) v(s') */
static double worth(const lab_mdp *mdp, size_t s, size_t a, const double *v)
{
	const double *next = mdp->next + (s * mdp->actions + a) * mdp->states;
	double q = mdp->reward[s * mdp->actions + a];
	for (size_t s1 = 0; s1 < mdp->states; s1++)
		q += mdp->gamma * next[s1] * v[s1];
	return q;
}

/* Dynamic programming from the last step back, with every value's derivatives beside it. */
double lab_oracle_return(const lab_net *net, const lab_mdp *mdp, double *gradient)
{
	size_t S = mdp->states, A = mdp->actions, P = lab_net_params(net);
	double pi[LAB_STATES * LAB_ACTIONS], v[LAB_STATES] = {0}, now[LAB_STATES], J = 0.0;
	const size_t most = (size_t)LAB_STATES * LAB_PARAMS;
	double slope[LAB_STATES * LAB_ACTIONS * LAB_PARAMS];
	double dv[LAB_STATES * LAB_PARAMS], dnow[LAB_STATES * LAB_PARAMS];
	all_policies(net, mdp, pi, gradient ? slope : NULL);
	memset(dv, 0, most * sizeof *dv);
	for (size_t s = 0; mdp->tail && s < S; s++)
		v[s] = mdp->tail[s];
	for (size_t t = mdp->steps; t-- > 0;) {
		memset(now, 0, sizeof now);
		memset(dnow, 0, most * sizeof *dnow);
		for (size_t s = 0; s < S; s++)
			for (size_t a = 0; a < A; a++) {
				const double *next = mdp->next + (s * A + a) * S;
				double q = worth(mdp, s, a, v), share = pi[s * A + a];
				now[s] += share * q;
				for (size_t m = 0; gradient && m < P; m++) {
					double dq = 0.0;
					for (size_t s1 = 0; s1 < S; s1++)
						dq += next[s1] * dv[s1 * P + m];
					dnow[s * P + m] += slope[(s * A + a) * P + m] * q +
							   share * mdp->gamma * dq;
				}
			}
		memcpy(v, now, sizeof v);
		memcpy(dv, dnow, sizeof dv);
	}
	for (size_t s = 0; s < S; s++)
		J += mdp->start[s] * v[s];
	for (size_t m = 0; gradient && m < P; m++) {
		gradient[m] = 0.0;
		for (size_t s = 0; s < S; s++)
			gradient[m] += mdp->start[s] * dv[s * P + m];
	}
	return J;
}

void lab_oracle_value(const lab_net *net, const lab_mdp *mdp, double *value)
{
	double pi[LAB_STATES * LAB_ACTIONS], now[LAB_STATES];
	int changed = 1;
	assert(mdp->gamma < 1.0);
	all_policies(net, mdp, pi, NULL);
	memset(value, 0, mdp->states * sizeof *value);
	/* contracts by gamma a round; 10^5 rounds are enough for gamma up to 0.9996 */
	for (size_t round = 0; changed && round < 100000; round++) {
		changed = 0;
		for (size_t s = 0; s < mdp->states; s++) {
			now[s] = 0.0;
			for (size_t a = 0; a < mdp->actions; a++)
				now[s] += pi[s * mdp->actions + a] * worth(mdp, s, a, value);
			changed |= bern_abs(now[s] - value[s]) > 1e-15 * (1.0 + bern_abs(now[s]));
		}
		memcpy(value, now, mdp->states * sizeof *value);
	}
}
