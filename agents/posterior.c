#include "posterior.h"

#include <bern/math.h>
#include <string.h>

int32_t bern_posterior_init(bern_posterior *posterior, bern_arena *arena, const bern_network *net,
			    bern_error *e)
{
	*posterior = (bern_posterior){.net = net};
	for (size_t l = 0; l < net->depth; l++) {
		posterior->start[l] = posterior->bits;
		posterior->bits += net->layer[l].units;
	}
	posterior->start[net->depth] = posterior->bits;
	size_t bits = posterior->bits, N = net->head.logits;
	posterior->p = bern_arena_take(arena, bits, sizeof(double));
	posterior->odds = bern_arena_take(arena, bits, sizeof(double));
	posterior->a = bern_arena_take(arena, bits + N, sizeof(double));
	posterior->factor = bern_arena_take(arena, net->param_count, sizeof(double));
	posterior->pi = bern_arena_take(arena, N, sizeof(double));
	posterior->sum = bern_arena_take(arena, bits + N, sizeof(double));
	posterior->waiting = bern_arena_take(arena, bits + net->depth, (1 + N) * sizeof(double));
	posterior->fired = bern_arena_take(arena, bits, (1 + N) * sizeof(double));
	posterior->now = bern_arena_take(arena, net->depth, (1 + N) * sizeof(double));
	posterior->total = bern_arena_take(arena, net->param_count, sizeof(double));
	posterior->h = bern_arena_take(arena, bits, 1);
	posterior->free_units = bern_arena_take(arena, bits, sizeof(uint32_t));
	return bern_arena_check(arena, e);
}

/* ---- one pass through the network, in double ---- */

/* p on the grid that sampling uses, and the odds of firing */
static void probabilities(bern_posterior *posterior, size_t l)
{
	size_t J = posterior->net->layer[l].units, first = posterior->start[l];
	for (size_t j = first; j < first + J; j++) {
		double p = (double)(int32_t)(bern_sigmoid(posterior->a[j]) * (double)BERN_P_ONE) /
			   (double)BERN_P_ONE;
		posterior->p[j] = p;
		posterior->odds[j] = p < 1.0 ? p / (1.0 - p) : 0.0;
	}
}

static void from_input(bern_posterior *posterior, const float *x)
{
	const bern_layer *layer = &posterior->net->layer[0];
	const float *w = posterior->net->params + layer->weight;
	for (size_t j = 0; j < layer->units; j++)
		posterior->a[j] = (double)posterior->net->params[layer->bias + j];
	for (size_t i = 0; i < layer->inputs; i++)
		for (size_t j = 0; x[i] != 0.0f && j < layer->units; j++)
			posterior->a[j] += (double)x[i] * (double)w[i * layer->units + j];
}

/* Adds sign times row i of layer l's weights to a (units). */
static void add_row(const bern_network *net, size_t l, size_t i, double sign, double *a)
{
	const bern_layer *layer = &net->layer[l];
	const float *w = net->params + layer->weight + i * layer->units;
	for (size_t j = 0; j < layer->units; j++)
		a[j] += sign * (double)w[j];
}

/* Activations of layer l >= 1 from the firings below it. */
static void from_firings(bern_posterior *posterior, size_t l)
{
	const bern_layer *layer = &posterior->net->layer[l];
	const uint8_t *h = posterior->h + posterior->start[l - 1];
	double *a = posterior->a + posterior->start[l];
	for (size_t j = 0; j < layer->units; j++)
		a[j] = (double)posterior->net->params[layer->bias + j];
	for (size_t i = 0; i < layer->inputs; i++)
		if (h[i])
			add_row(posterior->net, l, i, 1.0, a);
}

/* The policy of these logits, into pi; returns the probability of the action. */
static double policy(bern_posterior *posterior, const double *logits, const int32_t *action,
		     const uint8_t *allowed)
{
	const bern_action_head *head = &posterior->net->head;
	double product = 1.0;
	for (size_t c = 0; c < head->components; c++) {
		const double *z = logits + head->offset[c];
		const uint8_t *may = allowed ? allowed + head->offset[c] : NULL;
		double *pi = posterior->pi + head->offset[c], most = -1e300, total = 0.0;
		if (head->size[c] == 1) {
			pi[0] = bern_sigmoid(z[0]);
			product *= action[c] ? pi[0] : 1.0 - pi[0];
			continue;
		}
		for (size_t n = 0; n < head->size[c]; n++)
			if ((!may || may[n]) && z[n] > most)
				most = z[n];
		for (size_t n = 0; n < head->size[c]; n++) {
			pi[n] = !may || may[n] ? bern_exp(z[n] - most) : 0.0;
			total += pi[n];
		}
		for (size_t n = 0; n < head->size[c]; n++)
			pi[n] /= total;
		product *= pi[action[c]];
	}
	return product;
}

/* Writes weight * d log pi(action | h) / d logits (N) to delta; pi is that of h. */
static void output_score(const bern_posterior *posterior, const int32_t *action, double weight,
			 double *delta)
{
	const bern_action_head *head = &posterior->net->head;
	for (size_t c = 0; c < head->components; c++)
		for (size_t i = 0; i < head->size[c]; i++) {
			size_t n = head->offset[c] + i;
			int chosen = head->size[c] == 1 ? action[c] : (size_t)action[c] == i;
			delta[n] = weight * ((double)chosen - posterior->pi[n]);
		}
}

/* Adds to the output layer's sums: delta (N) for unit j of the last hidden layer, and for the biases. */
static void add_output(bern_posterior *posterior, size_t j, const double *delta)
{
	const bern_layer *out = &posterior->net->layer[posterior->net->depth];
	for (size_t n = 0; n < out->units; n++)
		posterior->total[out->weight + j * out->units + n] += delta[n];
}

static void add_output_bias(bern_posterior *posterior, const double *delta)
{
	const bern_layer *out = &posterior->net->layer[posterior->net->depth];
	for (size_t n = 0; n < out->units; n++)
		posterior->total[out->bias + n] += delta[n];
}

/* Adds the scores s of layer l to its sums, given what is below. */
static void add_score(bern_posterior *posterior, size_t l, const float *x, const double *s)
{
	const bern_layer *layer = &posterior->net->layer[l];
	const uint8_t *h = l > 0 ? posterior->h + posterior->start[l - 1] : NULL;
	double *weight = posterior->total + layer->weight;
	for (size_t i = 0; i < layer->inputs; i++) {
		double below = h ? (double)h[i] : (double)x[i];
		for (size_t j = 0; below != 0.0 && j < layer->units; j++)
			weight[i * layer->units + j] += below * s[j];
	}
	for (size_t j = 0; j < layer->units; j++)
		posterior->total[layer->bias + j] += s[j];
}

static void finish(bern_posterior *posterior, double factor, float *gradient)
{
	for (size_t i = 0; i < posterior->net->param_count; i++)
		gradient[i] += (float)(factor * posterior->total[i]);
}

/* ---- every firing ---- */

typedef struct visit {
	bern_posterior *posterior;
	const float *x;
	const int32_t *action;
	const uint8_t *allowed;
} visit;

/* Sums of the last 2^level firings wait at their level, as in binary counting; where two halves meet, unit `level` fired in one of
 * them, which goes to that unit's sum. So a firing costs no loop over the units. Firings have `width` numbers each, those of
 * firing `code` in `now`, which is changed. */
static void fold(double *waiting, double *fired, size_t width, size_t code, double *now)
{
	size_t level = 0;
	for (; code >> level & 1; level++) {
		double *before = waiting + level * width;
		/* the Gray code's bit: 1 in the second half unless the next bit of the count is 1 */
		const double *with = code >> (level + 1) & 1 ? before : now;
		for (size_t i = 0; i < width; i++)
			fired[level * width + i] += with[i];
		for (size_t i = 0; i < width; i++)
			now[i] += before[i];
	}
	memcpy(waiting + level * width, now, width * sizeof *now);
}

/* Visits all firings of layer l and above, given those below, whose probability is `before`. Neighbours in the Gray code differ in
 * one unit, so that one row of weights and one factor of the probability change. Returns the sum of P(h | s) pi(a | h). */
static double visit_layer(const visit *v, size_t l, double before)
{
	bern_posterior *posterior = v->posterior;
	const bern_network *net = posterior->net;
	size_t J = net->layer[l].units, first = posterior->start[l], free_count = 0;
	int last = l + 1 == net->depth;
	/* of each firing: P(h | s) pi(a | h), and in the last layer that times d log pi / d logits */
	size_t most = 1 + net->head.logits, width = last ? most : 1;
	double *above = posterior->a + posterior->start[l + 1], *s = posterior->sum + first;
	double *waiting = posterior->waiting + (first + l) * most;
	double *fired = posterior->fired + first * most, *now = posterior->now + l * most;
	uint32_t *free_unit = posterior->free_units + first;
	double chance = before;
	probabilities(posterior, l);
	for (size_t j = 0; j < J; j++) {
		double p = posterior->p[first + j];
		posterior->h[first + j] = p == 1.0;
		if (p > 0.0 && p < 1.0) {
			free_unit[free_count++] = (uint32_t)j;
			chance *= 1.0 - p;
		}
	}
	memset(fired, 0, J * width * sizeof *fired);
	from_firings(posterior, l + 1);
	for (size_t code = 0; code < (size_t)1 << free_count; code++) {
		if (code > 0) {
			size_t at = 0;
			while (!(code >> at & 1))
				at++;
			size_t j = free_unit[at];
			int fires = posterior->h[first + j] ^= 1;
			add_row(net, l + 1, j, fires ? 1.0 : -1.0, above);
			chance = fires ? chance * posterior->odds[first + j]
				       : chance / posterior->odds[first + j];
		}
		if (last) {
			now[0] = chance * policy(posterior, above, v->action, v->allowed);
			output_score(posterior, v->action, now[0], now + 1);
		} else {
			now[0] = visit_layer(v, l + 1, chance);
		}
		fold(waiting, fired, width, code, now);
	}
	/* the sums of all firings, and of those in which a unit fired */
	const double *all = waiting + free_count * width;
	size_t next = 0;
	if (last)
		add_output_bias(posterior, all + 1);
	for (size_t j = 0; j < J; j++) {
		double p = posterior->p[first + j];
		static const double none[1] = {0.0};
		const double *with = p == 1.0 ? all : none;
		if (p > 0.0 && p < 1.0)
			with = fired + next++ * width;
		s[j] = with[0] - all[0] * p;
		if (last && with != none)
			add_output(posterior, j, with + 1);
	}
	add_score(posterior, l, v->x, s);
	return all[0];
}

void bern_posterior_enumerate(bern_posterior *posterior, const float *x, const int32_t *action,
			      const uint8_t *allowed, float c, float *gradient)
{
	visit v = {.posterior = posterior, .x = x, .action = action, .allowed = allowed};
	memset(posterior->total, 0, posterior->net->param_count * sizeof *posterior->total);
	from_input(posterior, x);
	double mass = visit_layer(&v, 0, 1.0);
	if (mass > 0.0)
		finish(posterior, (double)c / mass, gradient);
}

/* ---- Gibbs sampling ---- */

/* A product of many factors that neither overflows nor vanishes: value times 1e100 to the power of scale. */
typedef struct long_product {
	double value;
	int scale;
} long_product;

static void multiply(long_product *product, double factor)
{
	product->value *= factor;
	if (product->value > 1e100) {
		product->value *= 1e-100;
		product->scale++;
	} else if (product->value < 1e-100) {
		product->value *= 1e100;
		product->scale--;
	}
}

/* How many times likelier a bit h of probability p becomes if its odds grow by `factor`. */
static double bit_gain(int h, double p, double factor)
{
	return (h ? factor : 1.0) / (1.0 + p * (factor - 1.0));
}

/* The same of the chosen value of a softmax whose values' odds grow by factors, or by one over them. */
static double softmax_gain(const double *pi, const double *factor, int inverse, size_t n,
			   size_t chosen)
{
	double total = 0.0, own = 1.0;
	for (size_t i = 0; i < n; i++) {
		double f = inverse ? 1.0 / factor[i] : factor[i];
		total += pi[i] * f;
		own = i == chosen ? f : own;
	}
	return own / total;
}

/* P(what is above | unit j of layer l turned over) / P(what is above). */
static double gain(const visit *v, size_t l, size_t j)
{
	const bern_posterior *posterior = v->posterior;
	const bern_network *net = posterior->net;
	const bern_layer *above = &net->layer[l + 1];
	const double *factor = posterior->factor + above->weight + j * above->units;
	int fires = posterior->h[posterior->start[l] + j];
	long_product product = {1.0, 0};
	if (l + 1 < net->depth) {
		const double *p = posterior->p + posterior->start[l + 1];
		const uint8_t *h = posterior->h + posterior->start[l + 1];
		for (size_t k = 0; k < above->units; k++)
			multiply(&product,
				 bit_gain(h[k], p[k], fires ? 1.0 / factor[k] : factor[k]));
	}
	for (size_t c = 0; l + 1 == net->depth && c < net->head.components; c++) {
		size_t n = net->head.offset[c], size = net->head.size[c];
		const double *pi = posterior->pi + n;
		size_t chosen = (size_t)v->action[c];
		multiply(&product, size > 1 ? softmax_gain(pi, factor + n, fires, size, chosen)
					    : bit_gain(v->action[c], *pi,
						       fires ? 1.0 / factor[n] : factor[n]));
	}
	return product.scale > 0 ? 1e100 : product.scale < 0 ? 1e-100 : product.value;
}

/* P(unit j of layer l fires | all other units, the action) */
static double conditional(const visit *v, size_t l, size_t j)
{
	const bern_posterior *posterior = v->posterior;
	size_t unit = posterior->start[l] + j;
	double p = posterior->p[unit], turned = gain(v, l, j);
	if (posterior->h[unit])
		return p / (p + (1.0 - p) * turned);
	return p * turned / (p * turned + 1.0 - p);
}

/* Draws each unit of layer l anew given all others; sums what is expected of its score. */
static void sweep_layer(const visit *v, size_t l, bern_pcg32 *rng)
{
	bern_posterior *posterior = v->posterior;
	const bern_network *net = posterior->net;
	size_t J = net->layer[l].units, first = posterior->start[l];
	double *above = posterior->a + posterior->start[l + 1], *s = posterior->sum + first;
	for (size_t j = 0; j < J; j++) {
		double p = posterior->p[first + j];
		s[j] = 0.0;
		if (p == 0.0 || p == 1.0)
			continue;
		double q = conditional(v, l, j);
		double u = (double)bern_pcg32_next(rng) * 0x1p-32;
		uint8_t fires = u < q;
		s[j] = q - p;
		if (fires == posterior->h[first + j])
			continue;
		posterior->h[first + j] = fires;
		add_row(net, l + 1, j, fires ? 1.0 : -1.0, above);
		if (l + 1 < net->depth)
			probabilities(posterior, l + 1);
		else
			policy(posterior, above, v->action, v->allowed);
	}
	add_score(posterior, l, v->x, s);
}

/* exp(w) for the weights from hidden units upwards: what turning a unit over does to odds. Beyond +-40 nothing is left to chance. */
void bern_posterior_prepare(bern_posterior *posterior)
{
	const bern_network *net = posterior->net;
	for (size_t i = net->layer[1].weight; i < net->param_count; i++) {
		double w = (double)net->params[i];
		posterior->factor[i] = bern_exp(w > 40.0 ? 40.0 : w < -40.0 ? -40.0 : w);
	}
}

void bern_posterior_sample(bern_posterior *posterior, const float *x, const uint8_t *const *fired,
			   const int32_t *action, const uint8_t *allowed, size_t sweeps,
			   bern_pcg32 *rng, float c, float *gradient)
{
	const bern_network *net = posterior->net;
	visit v = {.posterior = posterior, .x = x, .action = action, .allowed = allowed};
	memset(posterior->total, 0, net->param_count * sizeof *posterior->total);
	for (size_t l = 0; l < net->depth; l++)
		memcpy(posterior->h + posterior->start[l], fired[l], net->layer[l].units);
	from_input(posterior, x);
	for (size_t l = 0; l < net->depth; l++) {
		probabilities(posterior, l);
		from_firings(posterior, l + 1);
	}
	policy(posterior, posterior->a + posterior->bits, action, allowed);
	for (size_t i = 0; i < sweeps; i++) {
		for (size_t l = 0; l < net->depth; l++)
			sweep_layer(&v, l, rng);
		double *delta = posterior->now;
		const uint8_t *h = posterior->h + posterior->start[net->depth - 1];
		output_score(posterior, action, 1.0, delta);
		add_output_bias(posterior, delta);
		for (size_t j = 0; j < net->layer[net->depth].inputs; j++)
			if (h[j])
				add_output(posterior, j, delta);
	}
	finish(posterior, (double)c / (double)sweeps, gradient);
}
