/* The unbiased estimate predicted from several features, by least squares over all units of a layer.
 *
 * See predict.h. q = coefficients . (d p (1 - p), d |h - p|/2, d, p - 1/2, 1): the signals of straight-through, ReinMax and the plain
 * identity, the unit's own state, and a constant. The normal equations of each layer are running means, solved after each
 * update. */
#include "predict.h"

#include <math.h>

#define FEATURES 5
#define RIDGE    1e-6 /* of the mean diagonal, so that features that are always 0 do no harm */

typedef struct layer_fit {
	double product[FEATURES * FEATURES]; /* running mean of f f' */
	double target[FEATURES];             /* of u f */
} layer_fit;

typedef struct predict_linear {
	bern_fit fit;
	size_t depth;
	layer_fit *mean, *sum; /* (depth) */
	double *coefficients;  /* (depth, FEATURES) */
	double samples[BERN_MAX_LAYERS];
} predict_linear;

static int32_t init(void *memory, bern_arena *arena, const bern_estimator_setting *setting,
		    bern_error *e)
{
	predict_linear *self = memory;
	self->depth = setting->net->depth;
	int32_t failed = bern_fit_init(&self->fit, arena, setting->net, e);
	self->mean = bern_arena_take(arena, self->depth, sizeof *self->mean);
	self->sum = bern_arena_take(arena, self->depth, sizeof *self->sum);
	self->coefficients = bern_arena_take(arena, self->depth * FEATURES, sizeof(double));
	return failed;
}

static int32_t tensors(void *memory, bern_tensors *list, bern_error *e)
{
	predict_linear *self = memory;
	int32_t failed = bern_fit_tensors(&self->fit, list, e);
	if (!failed)
		failed = bern_tensors_add(list, BERN_T_F64, self->mean, self->depth,
					  sizeof *self->mean / sizeof(double), e,
					  "estimator.moments");
	if (!failed)
		failed = bern_tensors_add(list, BERN_T_F64, self->coefficients, self->depth,
					  FEATURES, e, "estimator.coefficients");
	return failed;
}

static void rule(void *memory, const bern_bits *at, float *d)
{
	predict_linear *self = memory;
	const double *w = self->coefficients + at->layer * FEATURES;
	layer_fit *sum = &self->sum[at->layer];
	int warm = bern_fit_is_warm(&self->fit);
	for (size_t j = 0; j < at->units; j++) {
		double p = (double)at->p[j], s = (double)at->h[j] - p, scale = (double)at->scale;
		double u = (double)at->c / scale * s, v = (double)d[j] / scale, q = 0.0;
		const double f[FEATURES] = {v * p * (1.0 - p), v * 0.5 * (s < 0.0 ? -s : s), v,
					    p - 0.5, 1.0};
		for (size_t a = 0; a < FEATURES; a++) {
			q += w[a] * f[a];
			sum->target[a] += u * f[a];
			for (size_t b = 0; b < FEATURES; b++)
				sum->product[a * FEATURES + b] += f[a] * f[b];
		}
		bern_fit_note(&self->fit, at->unit + j, u, q);
		d[j] = (float)(scale * (warm ? q : u));
	}
	self->samples[at->layer] += (double)at->units;
}

/* Solves (product + ridge) w = target by Cholesky's factorisation. */
static void solve(const layer_fit *fit, double *w)
{
	double l[FEATURES * FEATURES] = {0}, trace = 0.0;
	for (size_t a = 0; a < FEATURES; a++)
		trace += fit->product[a * FEATURES + a] / FEATURES;
	for (size_t a = 0; a < FEATURES; a++) {
		for (size_t b = 0; b <= a; b++) {
			double x = fit->product[a * FEATURES + b] + (a == b ? RIDGE * trace : 0.0);
			for (size_t c = 0; c < b; c++)
				x -= l[a * FEATURES + c] * l[b * FEATURES + c];
			if (a == b && !(x > 0.0)) /* nothing to learn from */
				return;
			l[a * FEATURES + b] = a == b ? sqrt(x) : x / l[b * FEATURES + b];
		}
	}
	for (size_t a = 0; a < FEATURES; a++) {
		w[a] = fit->target[a];
		for (size_t c = 0; c < a; c++)
			w[a] -= l[a * FEATURES + c] * w[c];
		w[a] /= l[a * FEATURES + a];
	}
	for (size_t a = FEATURES; a-- > 0;) {
		for (size_t c = a + 1; c < FEATURES; c++)
			w[a] -= l[c * FEATURES + a] * w[c];
		w[a] /= l[a * FEATURES + a];
	}
}

static void update(void *memory, int keep)
{
	predict_linear *self = memory;
	for (size_t l = 0; l < self->depth; l++) {
		bern_follow(self->mean[l].product, self->sum[l].product, FEATURES * FEATURES,
			    self->samples[l], keep);
		bern_follow(self->mean[l].target, self->sum[l].target, FEATURES, self->samples[l],
			    keep);
		if (keep && self->samples[l] > 0.0)
			solve(&self->mean[l], self->coefficients + l * FEATURES);
		self->samples[l] = 0.0;
	}
	bern_fit_update(&self->fit, keep);
}

static double r_squared(const void *memory)
{
	return bern_fit_r2(&((const predict_linear *)memory)->fit);
}

static void accumulate(const bern_network *net, const bern_trace *trace, const size_t *rows,
		       size_t count, const bern_signal *signal, bern_workspace *work,
		       float *gradient)
{
	predict_linear *self = work->memory;
	const bern_reverse reverse = {.rule = rule, .memory = self};
	bern_backward_rows(net, trace, rows, count, &reverse, signal, work, gradient);
	self->fit.samples += (double)(count * net->firings);
}

const bern_estimator bern_estimator_predict_linear = {
	.name = "predict-linear",
	.summary = "the unbiased estimate, predicted from five features by each layer",
	.source = "after Bengio 2013, arXiv 1305.2982; features: chosen here",
	.unbiased = 0,
	.needs = BERN_NEEDS_BITS | BERN_NEEDS_GRADIENT | BERN_TAKES_FIRINGS | BERN_TAKES_BOX,
	.accumulate = accumulate,
	.cost = "a backward pass, 25 multiplications a bit",
	.memory_size = sizeof(predict_linear),
	.init = init,
	.tensors = tensors,
	.update = update,
	.r_squared = r_squared,
};
