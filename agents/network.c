#include "network.h"
#include "noise.h"

#include <bern/math.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* with fewer rows than that, packing weights costs more than reading them again */
#define LEAST_SUMS 8

int32_t bern_parse_layers(const char *text, size_t *units, size_t *depth, bern_error *e)
{
	const char *c = text;
	*depth = 0;
	for (;;) {
		size_t n = 0, digits = 0;
		for (; *c >= '0' && *c <= '9' && digits < 7; c++, digits++)
			n = 10 * n + (size_t)(*c - '0');
		if (digits == 0 || n < 1 || n > 65536 || (*c != '\0' && *c != ','))
			return bern_fail(e, BERN_EUSAGE,
					 "hidden: \"%s\" is not a list of layer sizes; allowed: "
					 "numbers from 1 to 65536 with commas between, such as 64 "
					 "or 64,32",
					 text);
		if (*depth == BERN_MAX_LAYERS)
			return bern_fail(e, BERN_EUSAGE,
					 "hidden: \"%s\" has more than %d layers, which is as many "
					 "as a network may have",
					 text, BERN_MAX_LAYERS);
		units[(*depth)++] = n;
		if (*c++ == '\0')
			return 0;
	}
}

/* one line for each kind: its name, whether it draws anything, whether bits, and the scale of later layers' initial weights.
 * Those: units that draw bits decided from the start (liked_scale); relu sqrt(6) (He et al. 2015, eq. 10, as a uniform distribution) and tanh
 * sqrt(3) (LeCun et al. 1998, sec. 4.6) keep the size of the signal. */
static const struct {
	const char *name;
	int noisy, bits;
	double later;
} kinds[BERN_UNITS_COUNT] = {
	[BERN_UNITS_BINARY] = {"binary", 1, 1, 10.0},
	[BERN_UNITS_RELU] = {"relu", 0, 0, 2.449489742783178},
	[BERN_UNITS_TANH] = {"tanh", 0, 0, 1.7320508075688772},
	[BERN_UNITS_RECTIFIER] = {"rectifier", 1, 0, 2.449489742783178},
	[BERN_UNITS_LOGISTIC_RECTIFIER] = {"logistic-rectifier", 1, 0, 2.449489742783178},
	[BERN_UNITS_SMOOTH] = {"smooth", 1, 1, 10.0},
	[BERN_UNITS_GATED] = {"gated", 1, 1, 10.0},
};

const char *bern_units_name(int64_t kind)
{
	return kinds[kind].name;
}

int bern_units_are_noisy(int64_t kind)
{
	return kinds[kind].noisy;
}

int bern_units_draw_bits(int64_t kind)
{
	return kinds[kind].bits;
}

static int32_t find_units(const char *text, const char *name, size_t length, int64_t *kind,
			  bern_error *e)
{
	const char *names[BERN_UNITS_COUNT];
	char given[32], hint[128], all[128] = "";
	for (size_t i = 0; i < BERN_UNITS_COUNT; i++) {
		names[i] = kinds[i].name;
		strcat(all, i ? ", " : "");
		strcat(all, names[i]);
		if (strlen(names[i]) == length && memcmp(names[i], name, length) == 0) {
			*kind = (int64_t)i;
			return 0;
		}
	}
	snprintf(given, sizeof given, "%.*s", (int)(length < 31 ? length : 31), name);
	return bern_fail(
		e, BERN_EUSAGE,
		"units: \"%s\" names no kind of units; allowed: %s; for all layers, or one "
		"for each with commas between%s",
		text, all, bern_suggest(given, names, BERN_UNITS_COUNT, hint, sizeof hint));
}

int32_t bern_parse_units(const char *text, int64_t *kind, size_t depth, bern_error *e)
{
	size_t count = 0;
	for (const char *c = text;; c++) {
		size_t length = strcspn(c, ",");
		int64_t found;
		int32_t failed = find_units(text, c, length, &found, e);
		if (failed)
			return failed;
		if (count < depth)
			kind[count] = found;
		count++;
		c += length;
		if (*c == '\0')
			break;
	}
	for (size_t l = 1; count == 1 && l < depth; l++)
		kind[l] = kind[0];
	if (count != 1 && count != depth)
		return bern_fail(e, BERN_EUSAGE,
				 "units: \"%s\" names the units of %zu layers, and there are %zu; "
				 "allowed: one kind for all layers, or one for each",
				 text, count, depth);
	return 0;
}

int32_t bern_network_scratch(bern_network *net, bern_arena *arena, bern_error *e)
{
	net->a = bern_arena_take(arena, net->most_units, sizeof *net->a);
	net->x = bern_arena_take(arena, net->most_units, sizeof *net->x);
	net->rows = bern_arena_take(arena, net->most_units, sizeof *net->rows);
	net->quiet_h = bern_arena_take(arena, net->most_units, 1);
	return bern_arena_check(arena, e);
}

int32_t bern_network_init(bern_network *net, bern_arena *arena, const bern_action_head *head,
			  size_t inputs, const size_t *units, const int64_t *kind, size_t depth,
			  size_t firings, const bern_kernels *kernels, bern_error *e)
{
	*net = (bern_network){.kernels = kernels,
			      .binary = 1,
			      .depth = depth,
			      .firings = firings,
			      .head = *head,
			      .most_units = bern_padded(inputs > firings ? inputs : firings)};
	if (bern_padded(head->logits) > net->most_units)
		net->most_units = bern_padded(head->logits);
	size_t fan_in = inputs;
	int each = 0;
	for (size_t l = 0; l <= depth; l++) {
		bern_layer *layer = &net->layer[l];
		layer->inputs = fan_in;
		layer->units = l < depth ? units[l] : head->outputs;
		layer->padded = bern_padded(layer->units);
		layer->weight = net->param_count;
		layer->bias = layer->weight + layer->inputs * layer->units;
		net->param_count = layer->bias + (l < depth ? layer->units : head->logits);
		if (layer->padded > net->most_units)
			net->most_units = layer->padded;
		fan_in = layer->units;
		layer->each_in = layer->each_out = layer->each_p = each;
		if (l == depth)
			break;
		layer->kind = kind[l];
		if (kind[l] == BERN_UNITS_GATED) {
			layer->expert_weight = net->param_count;
			layer->expert_bias = layer->expert_weight + layer->units * inputs;
			net->param_count = layer->expert_bias + layer->units;
		}
		layer->each_out = each = each || kinds[kind[l]].noisy;
		if (!kinds[kind[l]].bits)
			layer->each_p = each;
		if (kind[l] != BERN_UNITS_BINARY)
			net->binary = 0;
	}
	net->params = bern_arena_take(arena, net->param_count, sizeof *net->params);
	/* a Gaussian head's log deviations lie behind the output's biases */
	if (net->params)
		net->head.gaussian.log_deviation = net->params + net->layer[depth].bias +
						   net->layer[depth].units;
	return bern_network_scratch(net, arena, e);
}

/* Experts like a first layer; and gates so that about the target's share of them opens. A sum of `inputs` weights in -s..s times
 * inputs of size 1/2 deviates by s sqrt(inputs/12); a logistic distribution is a normal one 1.702 times as wide, within 0.01. */
static void randomize_gated(bern_network *net, const bern_layer *layer, double s, double first,
			    bern_rng *rng)
{
	size_t count = layer->units * net->layer[0].inputs;
	double target = net->gate_target > 0.0 ? net->gate_target : 0.5;
	double shift = bern_log(target / (1.0 - target)) / 1.702 *
		       sqrt(s * s * (double)layer->inputs / 12.0 + 1.702 * 1.702);
	for (size_t i = 0; i < count; i++)
		net->params[layer->expert_weight + i] = (float)bern_rng_range(rng, -first, first);
	for (size_t j = 0; j < layer->units; j++) {
		net->params[layer->expert_bias + j] = (float)bern_rng_range(rng, -first, first);
		net->params[layer->bias + j] += (float)shift;
	}
}

/* The scale that units of a kind like. Each layer of bits adds noise to what comes through: n of them above the first let as much
 * through as one does if their units start n times as decided. */
static double liked_scale(const bern_network *net, int64_t kind)
{
	size_t n = 0;
	for (size_t l = 1; l < net->depth; l++)
		n += kinds[net->layer[l].kind].bits != 0;
	return kinds[kind].bits ? kinds[kind].later * (double)n : kinds[kind].later;
}

void bern_network_randomize(bern_network *net, double first, double later, bern_rng *rng)
{
	memset(net->params, 0, net->param_count * sizeof *net->params);
	for (size_t l = 0; l < net->depth; l++) {
		const bern_layer *layer = &net->layer[l];
		float *w = net->params + layer->weight;
		float *bias = net->params + layer->bias;
		double scale = later > 0.0 ? later : liked_scale(net, layer->kind);
		double s = l == 0 ? first : scale / sqrt((double)layer->inputs);
		for (size_t j = 0; l == 0 && j < layer->units; j++)
			bias[j] = (float)bern_rng_range(rng, -s, s);
		for (size_t i = 0; i < layer->inputs; i++)
			for (size_t j = 0; j < layer->units; j++) {
				float *w_ij = &w[i * layer->units + j];
				*w_ij = (float)bern_rng_range(rng, -s, s);
				if (l > 0 && kinds[net->layer[l - 1].kind].bits &&
				    net->layer[l - 1].kind != BERN_UNITS_GATED)
					bias[j] -= 0.5f * *w_ij;
			}
		if (layer->kind == BERN_UNITS_GATED)
			randomize_gated(net, layer, s, first, rng);
	}
}

int32_t bern_trace_init(bern_trace *trace, bern_arena *arena, const bern_network *net, size_t rows,
			bern_error *e)
{
	size_t K = net->firings, N = net->head.logits;
	*trace = (bern_trace){.rows = rows, .firings = K};
	trace->x = bern_arena_take(arena, rows, net->layer[0].inputs * sizeof(float));
	for (size_t l = 0; l < net->depth; l++) {
		const bern_layer *layer = &net->layer[l];
		size_t P = layer->padded;
		trace->p[l] = bern_arena_take(arena, rows,
					      (layer->each_p ? K : 1) * P * sizeof(float));
		if (kinds[layer->kind].bits)
			trace->h[l] = bern_arena_take(arena, rows, K * P);
		if (layer->kind == BERN_UNITS_GATED)
			trace->y[l] = bern_arena_take(arena, rows, K * P * sizeof(float));
	}
	trace->pi = bern_arena_take(arena, rows, K * N * sizeof(float));
	trace->mean_pi = bern_arena_take(arena, rows, N * sizeof(float));
	trace->posterior = bern_arena_take(arena, rows, K * sizeof(float));
	trace->action = bern_arena_take(arena, rows, net->head.components * sizeof(int32_t));
	if (net->keeps_chance)
		trace->chance = bern_arena_take(arena, rows, 2 * sizeof(uint32_t));
	return bern_arena_check(arena, e);
}

const float *bern_trace_output(const bern_trace *trace, const bern_network *net, size_t layer,
			       size_t row, size_t k, float *x)
{
	const bern_layer *l = &net->layer[layer];
	const float *p = bern_trace_p(trace, net, layer, row, k);
	if (!kinds[l->kind].bits)
		return p;
	if (l->kind == BERN_UNITS_BINARY)
		return NULL;
	if (l->kind == BERN_UNITS_GATED)
		return trace->y[layer] + (row * trace->firings + k) * l->padded;
	const uint8_t *b = bern_trace_h(trace, net, layer, row, k);
	for (size_t j = 0; j < l->padded; j++)
		x[j] = b[j] ? p[j] : 0.0f;
	return x;
}

/* ---- firing ---- */

/* net->a (units) of layer l in firing k, from what is below */
static void affine(bern_network *net, const bern_trace *trace, size_t l, size_t row, size_t k)
{
	const bern_layer *layer = &net->layer[l];
	const float *w = net->params + layer->weight, *bias = net->params + layer->bias;
	const float *x = l == 0 ? trace->x + row * layer->inputs
				: bern_trace_output(trace, net, l - 1, row, k, net->x);
	if (x) {
		net->kernels->affine(net->a, x, w, bias, layer->inputs, layer->units);
	} else {
		size_t count = net->kernels->fired(
			net->rows, bern_trace_h(trace, net, l - 1, row, k), layer->inputs);
		net->kernels->affine_rows(net->a, net->rows, count, w, bias, layer->units);
	}
}

/* y = max(0, a + z) with one number of the stream for each unit, padding included as in fire */
static void rectify(const bern_network *net, float *y, int64_t kind, size_t units,
		    bern_firing_rng *rng)
{
	uint32_t word[BERN_LEAPS];
	for (size_t j = 0; j < units; j++) {
		if (j % BERN_LEAPS == 0)
			net->kernels->draw(word, rng);
		float a = net->a[j] + (kind == BERN_UNITS_RECTIFIER
					       ? bern_noise_normal(word[j % BERN_LEAPS])
					       : bern_noise_logistic(word[j % BERN_LEAPS]));
		y[j] = a > 0.0f ? a : 0.0f;
	}
}

/* q = sqrt(sigmoid(a)) on the grid of the draws, like p */
static void smooth_probability(float *q, const float *a, size_t units)
{
	for (size_t j = 0; j < units; j++)
		q[j] = (float)(int32_t)(bern_sqrtf(bern_sigmoidf(a[j])) * BERN_P_ONE) / BERN_P_ONE;
}

/* Activations of a relu or tanh layer. */
static void activate(int64_t kind, float *y, const float *a, size_t units)
{
	if (kind == BERN_UNITS_RELU)
		for (size_t j = 0; j < units; j++)
			y[j] = a[j] > 0.0f ? a[j] : 0.0f;
	else
		for (size_t j = 0; j < units; j++)
			y[j] = bern_tanhf(a[j]);
}

/* y (padded) of a gated layer, whose open gates are bits h: only their experts are computed. Uses net->a and net->rows. */
static void open_experts(bern_network *net, float *y, const float *x, const uint8_t *h, size_t l)
{
	const bern_layer *layer = &net->layer[l];
	size_t count = net->kernels->fired(net->rows, h, layer->units);
	net->kernels->dot_rows(net->a, net->rows, count, x, net->params + layer->expert_weight,
			       net->params + layer->expert_bias, net->layer[0].inputs);
	memset(y, 0, layer->padded * sizeof *y);
	for (size_t r = 0; r < count; r++)
		y[net->rows[r]] = net->a[r] > 0.0f ? net->a[r] : 0.0f;
}

/* Fires hidden layer l: once for each of the inputs it gets, and K times from the same p if that is one. */
static void fire_layer(bern_network *net, bern_trace *trace, size_t l, size_t row,
		       bern_firing_rng *rng)
{
	const bern_layer *layer = &net->layer[l];
	size_t K = net->firings, inputs = layer->each_in ? K : 1, from_one = layer->each_in ? 1 : K;
	for (size_t k = 0; k < inputs; k++) {
		float *p = bern_trace_p(trace, net, l, row, k);
		affine(net, trace, l, row, k);
		switch (layer->kind) {
		case BERN_UNITS_BINARY:
			net->kernels->probability(p, net->a, layer->units);
			bern_mark(net->marks, BERN_MARK_FORWARD);
			net->kernels->fire(bern_trace_h(trace, net, l, row, k), p, layer->units,
					   from_one, rng);
			break;
		case BERN_UNITS_SMOOTH:
			smooth_probability(p, net->a, layer->units);
			net->kernels->fire(bern_trace_h(trace, net, l, row, k), p, layer->units,
					   from_one, rng);
			break;
		case BERN_UNITS_GATED:
			net->kernels->probability(p, net->a, layer->units);
			net->kernels->fire(bern_trace_h(trace, net, l, row, k), p, layer->units,
					   from_one, rng);
			for (size_t i = k; i < k + from_one; i++)
				open_experts(net, trace->y[l] + (row * K + i) * layer->padded,
					     trace->x + row * net->layer[0].inputs,
					     bern_trace_h(trace, net, l, row, i), l);
			break;
		case BERN_UNITS_RECTIFIER:
		case BERN_UNITS_LOGISTIC_RECTIFIER:
			for (size_t i = 0; i < from_one; i++)
				rectify(net, bern_trace_p(trace, net, l, row, k + i), layer->kind,
					layer->units, rng);
			break;
		default:
			activate(layer->kind, p, net->a, layer->units);
		}
		bern_mark(net->marks, BERN_MARK_DRAW);
	}
}

/* pi of the K firings from the last hidden layer's. */
static void policies(bern_network *net, bern_trace *trace, size_t row, const uint8_t *mask)
{
	const bern_layer *out = &net->layer[net->depth];
	size_t K = net->firings, N = net->head.logits;
	float *pi = trace->pi + row * K * N;
	if (N == 1 && net->layer[net->depth - 1].kind == BERN_UNITS_BINARY) {
		/* one action unit: all firings at once; net->a is free again */
		net->kernels->fired_dot(net->a, bern_trace_h(trace, net, net->depth - 1, row, 0),
					net->params + out->weight, net->params[out->bias],
					out->inputs, K);
		net->kernels->probability(net->a, net->a, K);
		memcpy(pi, net->a, K * sizeof *pi);
		return;
	}
	if (N <= BERN_FEW && net->head.components == 1 && !net->head.gaussian.count && !mask &&
	    net->layer[net->depth - 1].kind == BERN_UNITS_BINARY) {
		/* one softmax of a few actions */
		net->kernels->fired_softmax(pi, bern_trace_h(trace, net, net->depth - 1, row, 0),
					    net->params + out->weight, net->params + out->bias,
					    out->inputs, N, K);
		return;
	}
	for (size_t k = 0; k < K; k++) {
		if (k > 0 && !out->each_in) {
			memcpy(pi + k * N, pi, N * sizeof *pi);
			continue;
		}
		affine(net, trace, net->depth, row, k);
		bern_head_probabilities(&net->head, pi + k * N, net->a, mask);
	}
}

static void mean_policy(float *mean, const float *pi, size_t K, size_t N)
{
	for (size_t n = 0; n < N; n++) {
		float total = 0.0f;
		for (size_t k = 0; k < K; k++)
			total += pi[k * N + n];
		mean[n] = total / (float)K;
	}
}

/* Everything of the row but what follows from the action, from layer `from` on. */
static void fire_from(bern_network *net, bern_trace *trace, size_t row, size_t from,
		      const uint8_t *mask, bern_firing_rng *rng)
{
	size_t K = net->firings, N = net->head.logits;
	for (size_t l = from; l < net->depth; l++)
		fire_layer(net, trace, l, row, rng);
	policies(net, trace, row, mask);
	mean_policy(trace->mean_pi + row * N, trace->pi + row * K * N, K, N);
}

static void keep_chance(bern_trace *trace, size_t row, bern_draws *draws)
{
	for (size_t i = 0; trace->chance && i < 2; i++)
		trace->chance[2 * row + i] = bern_draw(draws);
}

void bern_network_act_from(bern_network *net, bern_trace *trace, size_t row, size_t from,
			   const uint8_t *mask, bern_firing_rng *rng)
{
	size_t K = net->firings, N = net->head.logits;
	const float *pi = trace->pi + row * K * N;
	fire_from(net, trace, row, from, mask, rng);

	/* to draw from the mean of K distributions: choose one of them, then draw from it */
	bern_draws draws = {.kernels = net->kernels, .rng = rng};
	size_t speaker = (size_t)((uint64_t)bern_draw(&draws) * K >> 32);
	int32_t *action = trace->action + row * net->head.components;
	bern_head_sample(&net->head, action, pi + speaker * N, &draws);
	bern_head_posterior(&net->head, trace->posterior + row * K, pi, action, K);
	keep_chance(trace, row, &draws);
	bern_mark(net->marks, BERN_MARK_HEAD);
}

/* Many rows read the weights of layer l once, and what they add up lies where p will. */
static int is_wide(const bern_network *net, size_t l, size_t sums)
{
	const bern_layer *layer = &net->layer[l];
	return l > 0 && sums >= LEAST_SUMS && layer->inputs * layer->units >= BERN_WIDE &&
	       layer->kind == BERN_UNITS_BINARY && layer->each_in &&
	       net->layer[l - 1].kind == BERN_UNITS_BINARY;
}

static void fire_rows(bern_network *net, bern_trace *trace, size_t l, size_t row, size_t count,
		      bern_firing_rng *rng)
{
	const bern_layer *layer = &net->layer[l];
	size_t K = net->firings;
	if (!is_wide(net, l, count * K)) {
		for (size_t n = 0; n < count; n++)
			fire_layer(net, trace, l, row + n, &rng[n]);
		return;
	}
	net->kernels->affine_many(bern_trace_p(trace, net, l, row, 0), layer->padded,
				  bern_trace_h(trace, net, l - 1, row, 0), net->layer[l - 1].padded,
				  net->params + layer->weight, net->params + layer->bias, count * K,
				  layer->inputs, layer->units);
	for (size_t k = 0; k < count * K; k++) {
		float *p = bern_trace_p(trace, net, l, row, k);
		net->kernels->probability(p, p, layer->units);
	}
	bern_mark(net->marks, BERN_MARK_FORWARD);
	for (size_t k = 0; k < count * K; k++)
		net->kernels->fire(bern_trace_h(trace, net, l, row, k),
				   bern_trace_p(trace, net, l, row, k), layer->units, 1,
				   &rng[k / K]);
	bern_mark(net->marks, BERN_MARK_DRAW);
}

void bern_network_act_rows(bern_network *net, bern_trace *trace, size_t row, size_t count,
			   const uint8_t *(*mask_of)(const void *user, size_t n), const void *user,
			   bern_firing_rng *rng)
{
	for (size_t l = 0; l < net->depth; l++)
		fire_rows(net, trace, l, row, count, rng);
	for (size_t n = 0; n < count; n++)
		bern_network_act_from(net, trace, row + n, net->depth,
				      mask_of ? mask_of(user, n) : NULL, &rng[n]);
}

void bern_network_act(bern_network *net, bern_trace *trace, size_t row, const uint8_t *mask,
		      bern_firing_rng *rng)
{
	bern_network_act_from(net, trace, row, 0, mask, rng);
}

/* ---- deciding ---- */

/* What a layer passes on without noise, see bern_network_decide. */
static void quiet(const bern_network *net, float *y, int64_t kind, size_t units, int32_t mode)
{
	const float *a = net->a;
	int mean = mode == BERN_MEAN_FIELD;
	switch (kind) {
	case BERN_UNITS_BINARY:
		net->kernels->probability(y, a, units);
		for (size_t j = 0; !mean && j < units; j++)
			y[j] = y[j] > 0.5f;
		break;
	case BERN_UNITS_SMOOTH:
		smooth_probability(y, a, units);
		for (size_t j = 0; j < units; j++)
			y[j] = mean ? y[j] * y[j] : y[j] > 0.5f ? y[j] : 0.0f;
		break;
	case BERN_UNITS_RECTIFIER:
	case BERN_UNITS_LOGISTIC_RECTIFIER:
		for (size_t j = 0; j < units; j++)
			y[j] = !mean                          ? (a[j] > 0.0f ? a[j] : 0.0f)
			       : kind == BERN_UNITS_RECTIFIER ? bern_mean_rectified_normal(a[j])
							      : bern_mean_rectified_logistic(a[j]);
		break;
	default:
		activate(kind, y, a, units);
	}
}

void bern_network_refire(bern_network *net, bern_trace *trace, size_t row, const uint8_t *mask,
			 bern_firing_rng *rng)
{
	size_t K = net->firings;
	bern_draws draws = {.kernels = net->kernels, .rng = rng};
	fire_from(net, trace, row, 0, mask, rng);
	keep_chance(trace, row, &draws);
	bern_head_posterior(&net->head, trace->posterior + row * K,
			    trace->pi + row * K * net->head.logits,
			    trace->action + row * net->head.components, K);
}

/* The same of a gated layer: p is of the gates and becomes what the layer puts out, h (padded) is scratch. */
static void quiet_gated(bern_network *net, float *p, float *y, uint8_t *h, const float *x, size_t l,
			int32_t mode)
{
	size_t units = net->layer[l].units;
	int mean = mode == BERN_MEAN_FIELD;
	net->kernels->probability(p, net->a, units);
	for (size_t j = 0; j < units; j++)
		h[j] = mean || p[j] > 0.5f;
	open_experts(net, y, x, h, l);
	for (size_t j = 0; j < units; j++)
		p[j] = mean ? p[j] * y[j] : y[j];
}

void bern_network_decide(bern_network *net, bern_trace *trace, size_t row, const uint8_t *mask,
			 int32_t mode)
{
	const float *x = trace->x + row * net->layer[0].inputs;
	float *pi = trace->pi + row * net->firings * net->head.logits;
	for (size_t l = 0; l <= net->depth; l++) {
		const bern_layer *layer = &net->layer[l];
		net->kernels->affine(net->a, x, net->params + layer->weight,
				     net->params + layer->bias, layer->inputs, layer->units);
		if (l == net->depth)
			break;
		float *y = bern_trace_p(trace, net, l, row, 0);
		if (layer->kind == BERN_UNITS_GATED)
			quiet_gated(net, y, net->x, net->quiet_h,
				    trace->x + row * net->layer[0].inputs, l, mode);
		else
			quiet(net, y, layer->kind, layer->units, mode);
		x = y;
	}
	bern_head_probabilities(&net->head, pi, net->a, mask);
	bern_head_mode(&net->head, trace->action + row * net->head.components, pi);
}
