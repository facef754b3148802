/* RELAX: a learned function of relaxed firings as control variate. A unit fires where z = a + logistic noise is positive; with z given what
 * fired, and z~ drawn anew under the same condition,
 *     dJ/da = E[(A - c(z~)) (h - p) + dc(z)/da - dc(z~)/da]
 * for any function c, here a small tanh network of sigmoid(z) and the observation, one for each hidden layer, which learns to predict
 * the advantage from z~. Grathwohl et al. 2018, "Backpropagation through the Void", arXiv 1711.00123, eq. 8; the paper learns c by the
 * variance of the estimate itself. Unbiased: what c predicts is taken off and put back, and c learns after the estimate was made. */
#include "credit.h"

#include <bern/math.h>
#include <string.h>

#define UNITS 16    /* of the surrogate's layer */
#define RATE  0.01f /* of its Adam */

typedef struct surrogate {
	size_t units, inputs; /* of the layer whose firings it reads; observation */
	size_t features, count;
	float *params; /* weights (features, UNITS), biases (UNITS), output weights (UNITS), output bias */
	float *gradient, *m, *v; /* (count) */
} surrogate;

typedef struct relax {
	surrogate of[BERN_MAX_LAYERS];
	size_t depth, hidden;
	float *credit;    /* (hidden) */
	float *feature;   /* (most features) */
	float *slope[2];  /* (largest layer) dc/dz at z and at z~ */
	float *along;     /* (largest layer) dz~/da */
	uint64_t updates; /* of the surrogates */
	size_t samples;   /* in their gradients */
	bern_pcg32 rng;
	const bern_kernels *kernels;
} relax;

static int32_t start(void *memory, bern_arena *arena, const bern_estimator_setting *setting,
		     bern_error *e)
{
	relax *self = memory;
	const bern_network *net = setting->net;
	bern_rng rng;
	bern_rng_stream(&rng, setting->seed, (bern_stream_key){.purpose = BERN_FOR_LEARNING});
	uint64_t state = bern_rng_u64(&rng);
	bern_pcg32_init(&self->rng, state, bern_rng_u64(&rng));
	self->kernels = net->kernels;
	self->depth = net->depth;
	for (size_t l = 0; l < net->depth; l++) {
		surrogate *c = &self->of[l];
		c->units = net->layer[l].units;
		c->inputs = net->layer[0].inputs;
		c->features = c->units + c->inputs;
		c->count = (c->features + 2) * UNITS + 1;
		c->params = bern_arena_take(arena, c->count, sizeof(float));
		c->gradient = bern_arena_take(arena, c->count, sizeof(float));
		c->m = bern_arena_take(arena, c->count, sizeof(float));
		c->v = bern_arena_take(arena, c->count, sizeof(float));
		self->hidden += c->units;
	}
	self->credit = bern_arena_take(arena, self->hidden, sizeof(float));
	self->feature = bern_arena_take(arena, net->most_units + net->layer[0].inputs,
					sizeof(float));
	self->slope[0] = bern_arena_take(arena, net->most_units, sizeof(float));
	self->slope[1] = bern_arena_take(arena, net->most_units, sizeof(float));
	self->along = bern_arena_take(arena, net->most_units, sizeof(float));
	int32_t failed = bern_arena_check(arena, e);
	for (size_t l = 0; !failed && l < net->depth; l++)
		for (size_t i = 0; i < self->of[l].features * UNITS; i++)
			self->of[l].params[i] = (float)bern_rng_range(&rng, -0.5, 0.5);
	return failed;
}

static int32_t tensors(void *memory, bern_tensors *list, bern_error *e)
{
	relax *self = memory;
	int32_t failed = bern_tensors_add(list, BERN_T_U64, &self->rng, 2, 0, e,
					  "estimator.stream");
	if (!failed)
		failed = bern_tensors_add(list, BERN_T_U64, &self->updates, 1, 0, e,
					  "estimator.updates");
	for (size_t l = 0; l < self->depth; l++) {
		surrogate *c = &self->of[l];
		const struct {
			const char *name;
			float *data;
		} arrays[] = {{"params", c->params}, {"m", c->m}, {"v", c->v}};
		for (size_t i = 0; !failed && i < 3; i++)
			failed = bern_tensors_add(list, BERN_T_F32, arrays[i].data, c->count, 0, e,
						  "estimator.layer%zu.%s", l + 1, arrays[i].name);
	}
	return failed;
}

/* The numbers of a surrogate's layer at the features; returns c. */
static float surrogate_of(const surrogate *c, const float *feature, float *y)
{
	const float *w = c->params, *bias = w + c->features * UNITS, *out = bias + UNITS;
	memcpy(y, bias, UNITS * sizeof *y);
	for (size_t i = 0; i < c->features; i++)
		for (size_t m = 0; m < UNITS; m++)
			y[m] += feature[i] * w[i * UNITS + m];
	float total = out[UNITS];
	for (size_t m = 0; m < UNITS; m++) {
		y[m] = bern_tanhf(y[m]);
		total += out[m] * y[m];
	}
	return total;
}

/* dc/dz of each unit: through sigmoid(z), which is feature j. */
static void surrogate_slope(const surrogate *c, const float *feature, const float *y, float *slope)
{
	const float *w = c->params, *out = w + (c->features + 1) * UNITS;
	for (size_t j = 0; j < c->units; j++) {
		float total = 0.0f;
		for (size_t m = 0; m < UNITS; m++)
			total += out[m] * (1.0f - y[m] * y[m]) * w[j * UNITS + m];
		slope[j] = total * feature[j] * (1.0f - feature[j]);
	}
}

/* Adds `error` times dc/dparams. */
static void surrogate_learn(surrogate *c, const float *feature, const float *y, float error)
{
	const float *out = c->params + (c->features + 1) * UNITS;
	float *g = c->gradient, *g_bias = g + c->features * UNITS, *g_out = g_bias + UNITS;
	for (size_t m = 0; m < UNITS; m++) {
		float back = error * out[m] * (1.0f - y[m] * y[m]);
		for (size_t i = 0; i < c->features; i++)
			g[i * UNITS + m] += back * feature[i];
		g_bias[m] += back;
		g_out[m] += error * y[m];
	}
	g_out[UNITS] += error;
}

/* Draws sigmoid(z) given what fired, into feature, and dz/da, that is 1 + du/da / (u (1 - u)) with z = a + log(u / (1 - u)), u = v (1 - p)
 * for h = 0 and 1 - p + v p for h = 1. */
static void draw_relaxed(relax *self, const bern_network *net, const bern_trace *trace, size_t row,
			 size_t l, float *along)
{
	const float *p = bern_trace_p(trace, net, l, row, 0);
	const uint8_t *h = bern_trace_h(trace, net, l, row, 0);
	for (size_t j = 0; j < net->layer[l].units; j++) {
		double v = ((double)bern_pcg32_next(&self->rng) + 0.5) * 0x1p-32;
		/* a saturated unit has a z that is as good as infinite; what it is does not matter */
		double q = (double)p[j] < 1e-7       ? 1e-7
			   : (double)p[j] > 1 - 1e-7 ? 1 - 1e-7
						     : (double)p[j];
		double u = h[j] ? 1.0 - q + v * q : v * (1.0 - q);
		/* of a unit that fired against all odds u may round to 1 */
		double rest = u < 1.0 ? 1.0 - u : q * (1.0 - v);
		double du = -q * (1.0 - q) * (h[j] ? 1.0 - v : v);
		/* sigmoid(z) from the odds of a and of u */
		double odds = q / (1.0 - q) * (u / rest);
		self->feature[j] = (float)(odds / (1.0 + odds));
		along[j] = (float)(1.0 + du / (u * rest));
	}
}

static void layer_credits(relax *self, const bern_network *net, const bern_trace *trace, size_t row,
			  size_t l, float advantage, float *credit)
{
	surrogate *c = &self->of[l];
	const float *p = bern_trace_p(trace, net, l, row, 0);
	const uint8_t *h = bern_trace_h(trace, net, l, row, 0);
	float y[UNITS];
	memcpy(self->feature + c->units, trace->x + row * c->inputs, c->inputs * sizeof(float));
	draw_relaxed(self, net, trace, row, l, self->along);
	surrogate_of(c, self->feature, y);
	surrogate_slope(c, self->feature, y, self->slope[0]);
	draw_relaxed(self, net, trace, row, l, self->along);
	float predicted = surrogate_of(c, self->feature, y);
	surrogate_slope(c, self->feature, y, self->slope[1]);
	surrogate_learn(c, self->feature, y, advantage - predicted);
	for (size_t j = 0; j < c->units; j++)
		credit[j] = (advantage - predicted) * ((float)h[j] - p[j]) + self->slope[0][j] -
			    self->slope[1][j] * self->along[j];
}

static void accumulate(const bern_network *net, const bern_trace *trace, const size_t *rows,
		       size_t count, const bern_signal *signal, bern_workspace *work,
		       float *gradient)
{
	relax *self = work->memory;
	for (size_t i = 0; i < count; i++) {
		float *credit = self->credit;
		for (size_t l = 0; l < net->depth; l++) {
			layer_credits(self, net, trace, rows[i], l, signal->advantage[rows[i]],
				      credit);
			credit += net->layer[l].units;
		}
		bern_credit_rule(net, trace, rows[i], self->credit, 1.0f, signal, work, gradient);
		self->samples++;
	}
}

static void update(void *memory, int keep)
{
	relax *self = memory;
	if (keep && self->samples > 0) {
		double decay1 = 1.0, decay2 = 1.0;
		/* 1 - beta^t; after 20,000 updates it is 1 in float */
		self->updates++;
		for (uint64_t t = 0; t < self->updates && t < 20000; t++) {
			decay1 *= 0.9;
			decay2 *= 0.999;
		}
		const bern_adam_step step = {.rate = RATE,
					     .beta1 = 0.9f,
					     .beta2 = 0.999f,
					     .correct1 = (float)(1.0 / (1.0 - decay1)),
					     .correct2 = (float)(1.0 / (1.0 - decay2)),
					     .epsilon = 1e-8f};
		for (size_t l = 0; l < self->depth; l++) {
			surrogate *c = &self->of[l];
			for (size_t i = 0; i < c->count; i++)
				c->gradient[i] /= (float)self->samples;
			self->kernels->adam(c->params, c->m, c->v, c->gradient, &step, c->count);
		}
	}
	for (size_t l = 0; l < self->depth; l++)
		memset(self->of[l].gradient, 0, self->of[l].count * sizeof(float));
	self->samples = 0;
}

const bern_estimator bern_estimator_relax = {
	.name = "relax",
	.summary = "a learned function of relaxed firings as control variate",
	.source = "Grathwohl et al. 2018, arXiv 1711.00123, eq. 8",
	.cost = "3 passes of a network of 16 units for each layer",
	.unbiased = 1,
	.needs = BERN_NEEDS_BINARY,
	.memory_size = sizeof(relax),
	.init = start,
	.tensors = tensors,
	.update = update,
	.accumulate = accumulate,
};
