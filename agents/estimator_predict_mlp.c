/* The unbiased estimate predicted by a tiny network, one for each layer.
 *
 * See predict.h. Inputs: d p (1 - p) and d |h - p|/2 in units of their running root mean square, and 2p - 1; 8 tanh units; the output in
 * units of the root mean square of u. It learns by one step of Adam on the squared error after each update, from the gradients
 * that the samples left. */
#include "optimizer.h"
#include "predict.h"

#include <bern/math.h>
#include <math.h>
#include <string.h>

#define INPUTS 3
#define HIDDEN 8
#define PARAMS (INPUTS * HIDDEN + HIDDEN + HIDDEN + 1)
#define RATE   0.01

typedef struct predict_mlp {
	bern_fit fit;
	size_t depth;
	bern_optimizer optimizer;
	float *params,
		*gradient; /* (depth, PARAMS): weights (INPUTS, HIDDEN), biases, output weights, bias */
	double *mean,
		*sum; /* (depth, INPUTS) mean squares: of both signals, and of u in place of p's */
	double samples[BERN_MAX_LAYERS];
} predict_mlp;

static int32_t init(void *memory, bern_arena *arena, const bern_estimator_setting *setting,
		    bern_error *e)
{
	predict_mlp *self = memory;
	bern_rng rng;
	self->depth = setting->net->depth;
	size_t count = self->depth * PARAMS;
	int32_t failed = bern_fit_init(&self->fit, arena, setting->net, e);
	self->params = bern_arena_take(arena, count, sizeof(float));
	self->gradient = bern_arena_take(arena, count, sizeof(float));
	self->mean = bern_arena_take(arena, self->depth * INPUTS, sizeof(double));
	self->sum = bern_arena_take(arena, self->depth * INPUTS, sizeof(double));
	self->optimizer = (bern_optimizer){.kernels = setting->net->kernels,
					   .kind = BERN_ADAM,
					   .momentum = 0.9,
					   .decay = 0.999,
					   .epsilon = 1e-8,
					   .part = {{0, count, 1.0f}},
					   .part_count = 1,
					   .param_count = count};
	if (!failed)
		failed = bern_optimizer_init(&self->optimizer, arena, e);
	if (!failed)
		failed = bern_arena_check(arena, e);
	if (failed)
		return failed;
	/* the output starts at 0: nothing is predicted before anything is known */
	bern_rng_stream(&rng, setting->seed,
			(bern_stream_key){.purpose = BERN_FOR_LEARNING, .agent = 1});
	for (size_t l = 0; l < self->depth; l++)
		for (size_t i = 0; i < INPUTS * HIDDEN + HIDDEN; i++)
			self->params[l * PARAMS + i] = (float)bern_rng_range(&rng, -1.0, 1.0);
	return 0;
}

static int32_t tensors(void *memory, bern_tensors *list, bern_error *e)
{
	predict_mlp *self = memory;
	int32_t failed = bern_fit_tensors(&self->fit, list, e);
	if (!failed)
		failed = bern_tensors_add(list, BERN_T_F32, self->params, self->depth, PARAMS, e,
					  "estimator.params");
	if (!failed)
		failed = bern_tensors_add(list, BERN_T_F64, self->mean, self->depth, INPUTS, e,
					  "estimator.squares");
	if (!failed)
		failed = bern_optimizer_tensors(&self->optimizer, list, "estimator.optimizer", e);
	return failed;
}

/* The size that numbers of this running mean square have; 1 before anything is known. */
static double size_of(double square, double weight)
{
	double size = weight > 0.0 ? sqrt(square / weight) : 0.0;
	return size > 0.0 ? size : 1.0;
}

/* The output for x; y (HIDDEN) is what the hidden units put out. */
static float forward(const float *w, const float *x, float *y)
{
	const float *bias = w + INPUTS * HIDDEN, *out = bias + HIDDEN;
	float q = out[HIDDEN];
	for (size_t h = 0; h < HIDDEN; h++) {
		float a = bias[h];
		for (size_t i = 0; i < INPUTS; i++)
			a += x[i] * w[i * HIDDEN + h];
		y[h] = bern_tanhf(a);
		q += out[h] * y[h];
	}
	return q;
}

/* Adds error times the output's gradient. */
static void backward(float *g, const float *w, const float *x, const float *y, float error)
{
	const float *out = w + INPUTS * HIDDEN + HIDDEN;
	float *g_bias = g + INPUTS * HIDDEN, *g_out = g_bias + HIDDEN;
	g_out[HIDDEN] += error;
	for (size_t h = 0; h < HIDDEN; h++) {
		float d = error * out[h] * (1.0f - y[h] * y[h]);
		g_out[h] += error * y[h];
		g_bias[h] += d;
		for (size_t i = 0; i < INPUTS; i++)
			g[i * HIDDEN + h] += d * x[i];
	}
}

static void rule(void *memory, const bern_bits *at, float *d)
{
	predict_mlp *self = memory;
	const float *w = self->params + at->layer * PARAMS;
	float *g = self->gradient + at->layer * PARAMS, y[HIDDEN];
	const double *mean = self->mean + at->layer * INPUTS;
	double *sum = self->sum + at->layer * INPUTS, size[INPUTS];
	int warm = bern_fit_is_warm(&self->fit);
	for (size_t i = 0; i < INPUTS; i++)
		size[i] = size_of(mean[i], self->fit.weight[0]);
	for (size_t j = 0; j < at->units; j++) {
		double p = (double)at->p[j], s = (double)at->h[j] - p, scale = (double)at->scale;
		double u = (double)at->c / scale * s, v = (double)d[j] / scale;
		double v1 = v * p * (1.0 - p), v2 = v * 0.5 * (s < 0.0 ? -s : s);
		const float x[INPUTS] = {(float)(v1 / size[0]), (float)(v2 / size[1]),
					 (float)(2.0 * p - 1.0)};
		float out = forward(w, x, y);
		double q = size[2] * (double)out;
		backward(g, w, x, y, (float)(u / size[2]) - out);
		bern_fit_note(&self->fit, at->unit + j, u, q);
		sum[0] += v1 * v1;
		sum[1] += v2 * v2;
		sum[2] += u * u;
		d[j] = (float)(scale * (warm ? q : u));
	}
	self->samples[at->layer] += (double)at->units;
}

static void update(void *memory, int keep)
{
	predict_mlp *self = memory;
	for (size_t l = 0; l < self->depth; l++) {
		float *g = self->gradient + l * PARAMS, each = 1.0f / (float)self->samples[l];
		for (size_t i = 0; self->samples[l] > 0.0 && i < PARAMS; i++)
			g[i] *= each;
		bern_follow(self->mean + l * INPUTS, self->sum + l * INPUTS, INPUTS,
			    self->samples[l], keep);
		self->samples[l] = 0.0;
	}
	if (keep)
		bern_optimizer_step(&self->optimizer, self->params, self->gradient, RATE);
	memset(self->gradient, 0, self->depth * PARAMS * sizeof(float));
	bern_fit_update(&self->fit, keep);
}

static double r_squared(const void *memory)
{
	return bern_fit_r2(&((const predict_mlp *)memory)->fit);
}

static void accumulate(const bern_network *net, const bern_trace *trace, const size_t *rows,
		       size_t count, const bern_signal *signal, bern_workspace *work,
		       float *gradient)
{
	predict_mlp *self = work->memory;
	const bern_reverse reverse = {.rule = rule, .memory = self};
	bern_backward_rows(net, trace, rows, count, &reverse, signal, work, gradient);
	self->fit.samples += (double)(count * net->firings);
}

const bern_estimator bern_estimator_predict_mlp = {
	.name = "predict-mlp",
	.summary = "the unbiased estimate, predicted by a tiny network for each layer",
	.source = "after Bengio 2013, arXiv 1305.2982; the network: chosen here",
	.unbiased = 0,
	.needs = BERN_NEEDS_BITS | BERN_NEEDS_GRADIENT | BERN_TAKES_FIRINGS | BERN_TAKES_BOX,
	.accumulate = accumulate,
	.cost = "a backward pass, 8 tanh a bit",
	.memory_size = sizeof(predict_mlp),
	.init = init,
	.tensors = tensors,
	.update = update,
	.r_squared = r_squared,
};
