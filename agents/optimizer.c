#include "optimizer.h"

#include <bern/agent.h>
#include <math.h>

int32_t bern_optimizer_init(bern_optimizer *optimizer, bern_arena *arena, bern_error *e)
{
	size_t count = optimizer->param_count;
	optimizer->first = bern_arena_take(arena, count, sizeof(float));
	optimizer->second = bern_arena_take(arena, count, sizeof(float));
	optimizer->power = bern_arena_take(arena, 2, sizeof(double));
	int32_t failed = bern_arena_check(arena, e);
	if (!failed)
		optimizer->power[0] = optimizer->power[1] = 1.0;
	return failed;
}

/* v <- momentum v + g, w += rate v. Polyak 1964. */
static void sgd(const bern_optimizer *o, float *w, const float *g, const bern_part *part,
		float rate)
{
	float momentum = (float)o->momentum;
	for (size_t i = part->start; i < part->start + part->count; i++) {
		o->first[i] = momentum * o->first[i] + g[i];
		w[i] += rate * o->first[i];
	}
}

/* Tieleman & Hinton 2012, lecture 6.5 */
static void rmsprop(const bern_optimizer *o, float *w, const float *g, const bern_part *part,
		    float rate)
{
	float decay = (float)o->decay, epsilon = (float)o->epsilon;
	for (size_t i = part->start; i < part->start + part->count; i++) {
		o->second[i] = decay * o->second[i] + (1.0f - decay) * (g[i] * g[i]);
		w[i] += rate * g[i] / (sqrtf(o->second[i]) + epsilon);
	}
}

void bern_optimizer_step(bern_optimizer *o, float *params, const float *gradient, double rate)
{
	o->power[0] *= o->momentum;
	o->power[1] *= o->decay;
	bern_adam_step step = {.beta1 = (float)o->momentum,
			       .beta2 = (float)o->decay,
			       .correct1 = (float)(1.0 / (1.0 - o->power[0])),
			       .correct2 = (float)(1.0 / (1.0 - o->power[1])),
			       .epsilon = (float)o->epsilon};
	for (size_t i = 0; i < o->part_count; i++) {
		const bern_part *part = &o->part[i];
		size_t at = part->start;
		float part_rate = (float)rate * part->factor;
		if (o->kind == BERN_SGD) {
			sgd(o, params, gradient, part, part_rate);
		} else if (o->kind == BERN_RMSPROP) {
			rmsprop(o, params, gradient, part, part_rate);
		} else {
			step.rate = part_rate;
			o->kernels->adam(params + at, o->first + at, o->second + at, gradient + at,
					 &step, part->count);
		}
	}
}

int32_t bern_optimizer_tensors(bern_optimizer *o, bern_tensors *list, const char *prefix,
			       bern_error *e)
{
	int32_t failed = 0;
	if (o->kind != BERN_RMSPROP)
		failed = bern_tensors_add(list, BERN_T_F32, o->first, o->param_count, 0, e,
					  "%s.first", prefix);
	if (!failed && o->kind != BERN_SGD)
		failed = bern_tensors_add(list, BERN_T_F32, o->second, o->param_count, 0, e,
					  "%s.second", prefix);
	if (!failed)
		failed = bern_tensors_add(list, BERN_T_F64, o->power, 2, 0, e, "%s.power", prefix);
	return failed;
}

double bern_clip_norm(const bern_kernels *kernels, float *gradient, size_t count, double most)
{
	double norm = sqrt((double)kernels->sum_squares(gradient, count));
	if (most > 0.0 && norm > most) {
		float factor = (float)(most / norm);
		for (size_t i = 0; i < count; i++)
			gradient[i] *= factor;
	}
	return norm;
}
