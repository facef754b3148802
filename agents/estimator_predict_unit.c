/* The unbiased estimate predicted by each unit for itself: q = alpha v + beta.
 *
 * See predict.h. v = d p (1 - p), the straight-through gradient at the activation; alpha = Cov(u, v)/Var(v) and beta = E[u] - alpha
 * E[v] come from five running means of the unit: of u, v, u^2, v^2 and u v. A unit needs no other's. */
#include "predict.h"

typedef struct predict_unit {
	bern_fit fit;
	double *mean, *sum; /* (3, units) of v, v^2, u v */
} predict_unit;

static int32_t init(void *memory, bern_arena *arena, const bern_estimator_setting *setting,
		    bern_error *e)
{
	predict_unit *self = memory;
	int32_t failed = bern_fit_init(&self->fit, arena, setting->net, e);
	self->mean = bern_arena_take(arena, 3 * self->fit.units, sizeof(double));
	self->sum = bern_arena_take(arena, 3 * self->fit.units, sizeof(double));
	return failed;
}

static int32_t tensors(void *memory, bern_tensors *list, bern_error *e)
{
	predict_unit *self = memory;
	int32_t failed = bern_fit_tensors(&self->fit, list, e);
	if (!failed)
		failed = bern_tensors_add(list, BERN_T_F64, self->mean, 3, self->fit.units, e,
					  "estimator.moments");
	return failed;
}

/* The unit's prediction at v; the means share one weight, which cancels but in beta's u. */
static double predict(const predict_unit *self, size_t unit, double v)
{
	size_t units = self->fit.units;
	double weight = self->fit.weight[0];
	if (weight == 0.0)
		return 0.0;
	double u = self->fit.mean[unit] / weight, mean = self->mean[unit] / weight;
	double variance = self->mean[units + unit] / weight - mean * mean;
	double covariance = self->mean[2 * units + unit] / weight - u * mean;
	return variance > 0.0 ? u + covariance / variance * (v - mean) : u;
}

static void rule(void *memory, const bern_bits *at, float *d)
{
	predict_unit *self = memory;
	size_t units = self->fit.units;
	int warm = bern_fit_is_warm(&self->fit);
	for (size_t j = 0; j < at->units; j++) {
		size_t unit = at->unit + j;
		double p = (double)at->p[j], scale = (double)at->scale;
		double u = (double)at->c / scale * ((double)at->h[j] - p);
		double v = (double)d[j] / scale * p * (1.0 - p), q = predict(self, unit, v);
		bern_fit_note(&self->fit, unit, u, q);
		self->sum[unit] += v;
		self->sum[units + unit] += v * v;
		self->sum[2 * units + unit] += u * v;
		d[j] = (float)(scale * (warm ? q : u));
	}
}

static void update(void *memory, int keep)
{
	predict_unit *self = memory;
	bern_follow(self->mean, self->sum, 3 * self->fit.units, self->fit.samples, keep);
	bern_fit_update(&self->fit, keep);
}

static double r_squared(const void *memory)
{
	return bern_fit_r2(&((const predict_unit *)memory)->fit);
}

static void accumulate(const bern_network *net, const bern_trace *trace, const size_t *rows,
		       size_t count, const bern_signal *signal, bern_workspace *work,
		       float *gradient)
{
	predict_unit *self = work->memory;
	const bern_reverse reverse = {.rule = rule, .memory = self};
	bern_backward_rows(net, trace, rows, count, &reverse, signal, work, gradient);
	self->fit.samples += (double)(count * net->firings);
}

const bern_estimator bern_estimator_predict_unit = {
	.name = "predict-unit",
	.summary = "the unbiased estimate, predicted from straight-through by each unit alone",
	.source = "after Bengio 2013, arXiv 1305.2982; five moments a unit: derived here",
	.unbiased = 0,
	.needs = BERN_NEEDS_BITS | BERN_NEEDS_GRADIENT | BERN_TAKES_FIRINGS | BERN_TAKES_BOX,
	.accumulate = accumulate,
	.cost = "a backward pass, five running averages a unit",
	.memory_size = sizeof(predict_unit),
	.init = init,
	.tensors = tensors,
	.update = update,
	.r_squared = r_squared,
};
