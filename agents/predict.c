#include "predict.h"

#include <math.h>

int32_t bern_fit_init(bern_fit *fit, bern_arena *arena, const bern_network *net, bern_error *e)
{
	fit->units = bern_binary_units(net);
	fit->mean = bern_arena_take(arena, 3 * fit->units, sizeof(double));
	fit->sum = bern_arena_take(arena, 3 * fit->units, sizeof(double));
	fit->weight = bern_arena_take(arena, 2, sizeof(double));
	return bern_arena_check(arena, e);
}

int32_t bern_fit_tensors(bern_fit *fit, bern_tensors *list, bern_error *e)
{
	int32_t failed = bern_tensors_add(list, BERN_T_F64, fit->mean, 3, fit->units, e,
					  "estimator.fit");
	if (!failed)
		failed = bern_tensors_add(list, BERN_T_F64, fit->weight, 2, 0, e,
					  "estimator.weight");
	return failed;
}

void bern_follow(double *mean, double *sum, size_t count, double samples, int keep)
{
	for (size_t i = 0; i < count; i++) {
		if (keep && samples > 0.0)
			mean[i] += BERN_PREDICT_RATE * (sum[i] / samples - mean[i]);
		sum[i] = 0.0;
	}
}

void bern_fit_update(bern_fit *fit, int keep)
{
	bern_follow(fit->mean, fit->sum, 3 * fit->units, fit->samples, keep);
	if (keep && fit->samples > 0.0) {
		fit->weight[0] += BERN_PREDICT_RATE * (1.0 - fit->weight[0]);
		fit->weight[1] += 1.0;
	}
	fit->samples = 0.0;
}

double bern_fit_r2(const bern_fit *fit)
{
	double error = 0.0, variance = 0.0;
	for (size_t i = 0; i < fit->units; i++) {
		double u = fit->mean[i] / fit->weight[0];
		double square = fit->mean[fit->units + i] / fit->weight[0];
		variance += square - u * u;
		error += fit->mean[2 * fit->units + i] / fit->weight[0];
	}
	return variance > 0.0 ? 1.0 - error / variance : (double)NAN;
}
