#include "controls.h"

#include <bern/math.h>
#include <string.h>

/* g += advantage * score of the row (of K firings: their weighted score) */
static void add_score(const lab_path *path, size_t row, double advantage, double *g)
{
	bern_reference_step step = path->step[row];
	double one[LAB_PARAMS];
	step.advantage = advantage;
	bern_reference_estimate(&path->net, path->setup->params, &step, one);
	for (size_t i = 0; i < path->net.param_count; i++)
		g[i] += one[i];
}

static void clear(const lab_path *path, double *g)
{
	memset(g, 0, path->net.param_count * sizeof *g);
}

/* ---- straight-through ------------------------------------------------------------------------------------------- */

/* p of unit j of hidden layer l in the row's only firing */
static double unit_p(const lab_path *path, size_t row, size_t l, size_t j)
{
	const bern_layer *layer = &path->net.layer[l];
	const double *w = path->setup->params + layer->weight;
	double a = path->setup->params[layer->bias + j];
	for (size_t i = 0; i < layer->inputs; i++) {
		double x = l == 0 ? path->x[row][i] : (double)path->h[row][l - 1][i];
		a += x * w[i * layer->units + j];
	}
	return bern_sigmoid(a);
}

/* A d log pi(action | h), passed back through the layers as if a unit were the identity, or a sigmoid. Bengio et al. 2013, sec. 4 */
static double pass_through(const lab_path *path, double *g, int sigmoid)
{
	const bern_network *net = &path->net;
	const double *params = path->setup->params;
	double delta[LAB_UNITS] = {0}, up[LAB_UNITS], output[LAB_PARAMS];
	bern_reference_step step = path->step[0];
	step.advantage = path->worth[0];
	bern_reference_estimate(net, params, &step, output);
	memcpy(g, output, net->param_count * sizeof *g);
	for (size_t n = 0; n < net->head.logits; n++)
		delta[n] = output[net->layer[net->depth].bias + n];
	for (size_t l = net->depth; l-- > 0;) {
		const bern_layer *layer = &net->layer[l], *above = &net->layer[l + 1];
		for (size_t j = 0; j < layer->units; j++) {
			double p = unit_p(path, 0, l, j);
			up[j] = 0.0;
			for (size_t n = 0; n < above->units; n++)
				up[j] += params[above->weight + j * above->units + n] * delta[n];
			up[j] *= sigmoid ? p * (1.0 - p) : 1.0;
			g[layer->bias + j] = up[j];
			for (size_t i = 0; i < layer->inputs; i++)
				g[layer->weight + i * layer->units + j] =
					up[j] *
					(l == 0 ? path->x[0][i] : (double)path->h[0][l - 1][i]);
		}
		memcpy(delta, up, sizeof delta);
	}
	return 1.0;
}

static double straight_through(const lab_path *path, double *g)
{
	return pass_through(path, g, 0);
}

static double straight_through_sigmoid(const lab_path *path, double *g)
{
	return pass_through(path, g, 1);
}

/* ---- wrong baselines and scales ----------------------------------------------------------------------------------- */

static double own_sample_in_the_mean(const lab_path *path, double *g)
{
	double mean = 0.5 * (path->worth[0] + path->worth[1]);
	clear(path, g);
	for (size_t row = 0; row < 2; row++)
		add_score(path, row, 0.5 * (path->worth[row] - mean), g);
	return 1.0;
}

static double own_deviation(const lab_path *path, double *g)
{
	double square = 0.5 * (path->worth[0] * path->worth[0] + path->worth[1] * path->worth[1]);
	clear(path, g);
	for (size_t row = 0; row < 2; row++)
		add_score(path, row, 0.5 * path->worth[row] / (bern_sqrt(square) + 1e-8), g);
	return 1.0;
}

/* a running mean that has already moved towards the reward it is subtracted from */
static double updated_before_read(const lab_path *path, double *g)
{
	clear(path, g);
	add_score(path, 0, path->worth[0] - (0.9 * 0.4 + 0.1 * path->worth[0]), g);
	return 1.0;
}

/* ---- wrong sampling -------------------------------------------------------------------------------------------------- */

/* h = 1[z > sigmoid(a)]: fires with probability 1 - p, and learns from h - p */
static double misprinted(const lab_path *path, double *g)
{
	double factor = 1.0;
	for (size_t l = 0; l < path->net.depth; l++)
		for (size_t j = 0; j < path->net.layer[l].units; j++) {
			double p = unit_p(path, 0, l, j);
			factor *= path->h[0][l][j] ? (1.0 - p) / p : p / (1.0 - p);
		}
	clear(path, g);
	add_score(path, 0, path->worth[0], g);
	return factor;
}

/* the network that fires so is the one with all hidden parameters negated */
static void misprinted_truth(const lab_setup *setup, double *g)
{
	size_t hidden = setup->net.layer[setup->net.depth].weight;
	double params[LAB_PARAMS];
	lab_net net = setup->oracle;
	memcpy(params, setup->params, sizeof params);
	for (size_t i = 0; i < hidden; i++)
		params[i] = -params[i];
	net.params = params;
	lab_oracle_return(&net, &setup->mdp, g);
	for (size_t i = 0; i < hidden; i++)
		g[i] = -g[i];
}

static double without_the_factor(const lab_path *path, double *g)
{
	double K = (double)path->net.firings;
	size_t hidden = path->net.layer[path->net.depth].weight;
	clear(path, g);
	add_score(path, 0, path->worth[0], g);
	for (size_t i = 0; i < hidden; i++)
		g[i] *= (K - 1.0) / K;
	return 1.0;
}

/* ---- wrong returns ---------------------------------------------------------------------------------------------------- */

static double dropped_discount(const lab_path *path, double *g)
{
	clear(path, g);
	for (size_t row = 0; row < path->rows; row++)
		add_score(path, row, path->worth[row], g);
	return 1.0;
}

static double limit_is_an_end(const lab_path *path, double *g)
{
	double worth = 0.0;
	clear(path, g);
	for (size_t row = path->rows; row-- > 0;) {
		worth = path->reward[row] + path->setup->mdp.gamma * worth;
		add_score(path, row, path->before[row] * worth, g);
	}
	return 1.0;
}

/* ---- other units, by their own forward pass: one hidden layer of two, a bandit ------------------------------------- */

/* Adds share * sum over actions of pi(a | y) R(a) { d log pi / d output parameters, d log pi / d y }. */
static void surrogate(const lab_setup *s, const double *y, double share, double *g, double *slope)
{
	const bern_layer *out = &s->net.layer[1];
	double pi[LAB_ACTIONS], total = 0.0;
	size_t N = out->units, A = s->mdp.actions;
	for (size_t n = 0; n < N; n++) {
		double a = s->params[out->bias + n];
		for (size_t j = 0; j < 2; j++)
			a += y[j] * s->params[out->weight + j * N + n];
		pi[n] = bern_exp(a);
		total += pi[n];
	}
	slope[0] = slope[1] = 0.0;
	for (size_t action = 0; action < A; action++)
		for (size_t n = 0; n < N; n++) {
			double delta = pi[action] / total * s->mdp.reward[action] *
				       ((double)(n == action) - pi[n] / total);
			g[out->bias + n] += share * delta;
			for (size_t j = 0; j < 2; j++) {
				g[out->weight + j * N + n] += share * delta * y[j];
				slope[j] += delta * s->params[out->weight + j * N + n];
			}
		}
}

/* Adds share * slope_j dy_j/da_j to the hidden layer. */
static void hidden_part(const lab_setup *s, const double *slope, double share, double *g)
{
	const bern_layer *layer = &s->net.layer[0];
	for (size_t j = 0; j < 2; j++) {
		g[layer->bias + j] += share * slope[j];
		for (size_t i = 0; i < layer->inputs; i++)
			g[layer->weight + i * 2 + j] += share * slope[j] * s->mdp.x[i];
	}
}

static void activations(const lab_setup *s, double *a)
{
	const bern_layer *layer = &s->net.layer[0];
	for (size_t j = 0; j < 2; j++) {
		a[j] = s->params[layer->bias + j];
		for (size_t i = 0; i < layer->inputs; i++)
			a[j] += s->mdp.x[i] * s->params[layer->weight + i * 2 + j];
	}
}

/* Concrete bits sigmoid((a + z) / temperature), z logistic; Maddison, Mnih, Teh 2017. Integrated over the two units' noise by the
 * midpoint rule in u, z = log(u / (1 - u)). */
static void concrete(const lab_setup *s, double *g)
{
	enum { POINTS = 200 };
	const double temperature = 0.5;
	double a[2], y[2], slope[2];
	memset(g, 0, s->net.param_count * sizeof *g);
	activations(s, a);
	for (size_t i = 0; i < POINTS * POINTS; i++) {
		size_t part[2] = {i % POINTS, i / POINTS};
		for (size_t j = 0; j < 2; j++) {
			double u = ((double)part[j] + 0.5) / POINTS;
			double z = bern_log(u / (1.0 - u));
			y[j] = bern_sigmoid((a[j] + z) / temperature);
		}
		surrogate(s, y, 1.0 / (POINTS * POINTS), g, slope);
		for (size_t j = 0; j < 2; j++)
			slope[j] *= y[j] * (1.0 - y[j]) / temperature;
		hidden_part(s, slope, 1.0 / (POINTS * POINTS), g);
	}
}

/* b sqrt(p), b ~ Bernoulli(sqrt(p)), differentiated through the smooth factor alone: d sqrt(p) / da = sqrt(p)(1 - p) / 2 */
static void smooth_pathwise(const lab_setup *s, double *g)
{
	double a[2], y[2], slope[2];
	memset(g, 0, s->net.param_count * sizeof *g);
	activations(s, a);
	for (size_t bits = 0; bits < 4; bits++) {
		double share = 1.0;
		for (size_t j = 0; j < 2; j++) {
			double root = bern_sqrt(bern_sigmoid(a[j]));
			y[j] = bits >> j & 1 ? root : 0.0;
			share *= bits >> j & 1 ? root : 1.0 - root;
		}
		surrogate(s, y, share, g, slope);
		for (size_t j = 0; j < 2; j++)
			slope[j] *= bits >> j & 1 ? 0.5 * y[j] * bern_sigmoid(-a[j]) : 0.0;
		hidden_part(s, slope, share, g);
	}
}

static void smooth_truth(const lab_setup *setup, double *g)
{
	lab_net net = setup->oracle;
	net.kind[0] = LAB_SMOOTH;
	lab_oracle_return(&net, &setup->mdp, g);
}

const lab_control lab_controls[] = {
	{"straight-through",
	 "units differentiated as if they were the identity",
	 {.hidden = "3,2"},
	 1,
	 0,
	 straight_through,
	 NULL,
	 NULL},
	{"straight-through-sigmoid",
	 "units differentiated as if they passed p on",
	 {.hidden = "3,2"},
	 1,
	 0,
	 straight_through_sigmoid,
	 NULL,
	 NULL},
	{"concrete",
	 "relaxed bits, temperature 0.5, learn for the binary network",
	 {.hidden = "2", .head = BERN_HEAD_SOFTMAX},
	 1,
	 0,
	 NULL,
	 concrete,
	 NULL},
	{"own-sample-in-the-mean",
	 "the batch mean that is subtracted contains the own sample",
	 {.hidden = "2"},
	 2,
	 0,
	 own_sample_in_the_mean,
	 NULL,
	 NULL},
	{"own-deviation",
	 "advantages divided by the batch's own root mean square",
	 {.hidden = "2", .actions = "3"},
	 2,
	 1,
	 own_deviation,
	 NULL,
	 NULL},
	{"updated-before-read",
	 "the baseline has seen the reward it is subtracted from",
	 {.hidden = "3"},
	 1,
	 0,
	 updated_before_read,
	 NULL,
	 NULL},
	{"misprint",
	 "eq. 3 as printed: a unit fires where z > sigmoid(a)",
	 {.hidden = "3"},
	 1,
	 0,
	 misprinted,
	 NULL,
	 misprinted_truth},
	{"firings-without-factor",
	 "many firings without K/(K - 1)",
	 {.hidden = "3", .firings = 2},
	 1,
	 0,
	 without_the_factor,
	 NULL,
	 NULL},
	{"dropped-discount",
	 "gamma^t left out, gamma 0.7",
	 {.hidden = "2", .states = 2, .steps = 2, .gamma = 0.7},
	 1,
	 0,
	 dropped_discount,
	 NULL,
	 NULL},
	{"limit-is-an-end",
	 "a time limit treated as an end, gamma 0.8",
	 {.hidden = "2", .states = 2, .steps = 2, .gamma = 0.8, .cut = 1},
	 1,
	 0,
	 limit_is_an_end,
	 NULL,
	 NULL},
	{"smooth-pathwise",
	 "stochastic times smooth without the score of its bit",
	 {.hidden = "2", .head = BERN_HEAD_SOFTMAX},
	 1,
	 0,
	 NULL,
	 smooth_pathwise,
	 smooth_truth},
};
const size_t lab_control_count = sizeof lab_controls / sizeof lab_controls[0];
