/* The unbiased estimate less what can be predicted of its noise: u - beta v, with E[v | h] = 0.
 *
 * See predict.h; the form that stays unbiased: v as control variate, u - beta (v - E[v | c]). Taken is v = (h - p) w d log pi(a | h)/dh, a
 * unit's score times the gradient at its output without the advantage: given all firings, the mean of w_k d log pi_k(a) over
 * the actions a is 0, whatever the reward, so E[v | h] = 0 is known without asking anything, and beta u's regression on v,
 * E[u v]/E[v^2] of each unit in earlier updates, may be any number. Derived here. */
#include "predict.h"

typedef struct predict_control {
	bern_fit fit;
	double *mean, *sum; /* (2, units) of u v, v^2 */
	float *beta;        /* (units) */
	float *v;           /* (K, units) of the row, before the factor h - p */
} predict_control;

static int32_t init(void *memory, bern_arena *arena, const bern_estimator_setting *setting,
		    bern_error *e)
{
	predict_control *self = memory;
	int32_t failed = bern_fit_init(&self->fit, arena, setting->net, e);
	self->mean = bern_arena_take(arena, 2 * self->fit.units, sizeof(double));
	self->sum = bern_arena_take(arena, 2 * self->fit.units, sizeof(double));
	self->beta = bern_arena_take(arena, self->fit.units, sizeof(float));
	self->v = bern_arena_take(arena, setting->net->firings, self->fit.units * sizeof(float));
	return failed;
}

static int32_t tensors(void *memory, bern_tensors *list, bern_error *e)
{
	predict_control *self = memory;
	int32_t failed = bern_fit_tensors(&self->fit, list, e);
	if (!failed)
		failed = bern_tensors_add(list, BERN_T_F64, self->mean, 2, self->fit.units, e,
					  "estimator.moments");
	if (!failed)
		failed = bern_tensors_add(list, BERN_T_F32, self->beta, self->fit.units, 0, e,
					  "estimator.beta");
	return failed;
}

/* First pass: keeps what reaches each unit, and lets it pass. */
static void gather(void *memory, const bern_bits *at, float *d)
{
	predict_control *self = memory;
	float *v = self->v + at->k * self->fit.units + at->unit;
	for (size_t j = 0; j < at->units; j++)
		v[j] = d[j];
}

/* Second pass. */
static void rule(void *memory, const bern_bits *at, float *d)
{
	predict_control *self = memory;
	size_t units = self->fit.units;
	for (size_t j = 0; j < at->units; j++) {
		size_t unit = at->unit + j;
		float s = (float)at->h[j] - at->p[j], v = s * self->v[at->k * units + unit];
		float u = at->c / at->scale * s, q = self->beta[unit] * v;
		bern_fit_note(&self->fit, unit, (double)u, (double)q);
		self->sum[unit] += (double)u * (double)v;
		self->sum[units + unit] += (double)v * (double)v;
		d[j] = at->scale * (u - q);
	}
}

static void update(void *memory, int keep)
{
	predict_control *self = memory;
	size_t units = self->fit.units;
	bern_follow(self->mean, self->sum, 2 * units, self->fit.samples, keep);
	for (size_t i = 0; keep && i < units; i++)
		self->beta[i] = self->mean[units + i] > 0.0
					? (float)(self->mean[i] / self->mean[units + i])
					: 0.0f;
	bern_fit_update(&self->fit, keep);
}

static double r_squared(const void *memory)
{
	return bern_fit_r2(&((const predict_control *)memory)->fit);
}

static void accumulate(const bern_network *net, const bern_trace *trace, const size_t *rows,
		       size_t count, const bern_signal *signal, bern_workspace *work,
		       float *gradient)
{
	predict_control *self = work->memory;
	const bern_reverse first = {.rule = gather, .memory = self, .without_score = 1};
	const bern_reverse second = {.rule = rule, .memory = self};
	for (size_t i = 0; i < count; i++) {
		/* without advantage, scale and bonus */
		bern_enter_signal(net, trace, rows[i], 1.0f, work);
		bern_backward(net, trace, rows[i], &first, signal, work, NULL);
		bern_enter(net, trace, rows[i], signal, work);
		bern_backward(net, trace, rows[i], &second, signal, work, gradient);
	}
	self->fit.samples += (double)(count * net->firings);
}

const bern_estimator bern_estimator_predict_control = {
	.name = "predict-control",
	.summary = "the unbiased estimate less the predictable part of its noise",
	.source = "after Bengio 2013, arXiv 1305.2982; the control variate: derived here",
	.unbiased = 1,
	.needs = BERN_NEEDS_BITS | BERN_NEEDS_GRADIENT | BERN_TAKES_FIRINGS | BERN_TAKES_BOX,
	.accumulate = accumulate,
	.cost = "two backward passes, two running averages a unit",
	.memory_size = sizeof(predict_control),
	.init = init,
	.tensors = tensors,
	.update = update,
	.r_squared = r_squared,
};
