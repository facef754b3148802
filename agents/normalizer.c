#include "normalizer.h"

#include <bern/host.h>
#include <math.h>
#include <string.h>

#define LARGEST 10.0f

static int32_t read_factors(bern_normalizer *normalizer, const char *scale, bern_error *e)
{
	static const bern_param number = {
		"observation_scale", "", BERN_REAL, 0, "1", -1e6, 1e6, NULL};
	size_t count = 0;
	const char *c = scale;
	for (;;) {
		char text[64];
		size_t length = strcspn(c, ",");
		bern_value value;
		if (length >= sizeof text)
			return bern_fail(e, BERN_EUSAGE,
					 "observation_scale: a number of %zu characters is too "
					 "long; allowed: %zu",
					 length, sizeof text - 1);
		memcpy(text, c, length);
		text[length] = '\0';
		int32_t failed = bern_param_parse(&number, text, &value, e);
		if (failed)
			return failed;
		if (count < normalizer->size)
			normalizer->factor[count] = (float)value.r;
		count++;
		if (c[length] != ',')
			break;
		c += length + 1;
	}
	if (count == 1)
		for (size_t i = 1; i < normalizer->size; i++)
			normalizer->factor[i] = normalizer->factor[0];
	else if (count != normalizer->size)
		return bern_fail(e, BERN_EUSAGE,
				 "observation_scale: \"%s\" has %zu numbers; allowed: one, or %zu, "
				 "one for each number of the observation",
				 scale, count, normalizer->size);
	return 0;
}

int32_t bern_normalizer_init(bern_normalizer *normalizer, bern_arena *arena, const char *scale,
			     int running, size_t size, bern_error *e)
{
	*normalizer = (bern_normalizer){.size = size, .running = running};
	normalizer->factor = bern_arena_take(arena, size, sizeof(float));
	normalizer->count = bern_arena_take(arena, 1, sizeof(double));
	normalizer->mean = bern_arena_take(arena, size, sizeof(double));
	normalizer->spread = bern_arena_take(arena, size, sizeof(double));
	int32_t failed = bern_arena_check(arena, e);
	return failed ? failed : read_factors(normalizer, scale, e);
}

void bern_normalizer_observe(bern_normalizer *normalizer, const float *obs)
{
	if (!normalizer->running)
		return;
	*normalizer->count += 1.0;
	for (size_t i = 0; i < normalizer->size; i++) {
		double before = (double)obs[i] - normalizer->mean[i];
		normalizer->mean[i] += before / *normalizer->count;
		normalizer->spread[i] += before * ((double)obs[i] - normalizer->mean[i]);
	}
}

void bern_normalizer_apply(const bern_normalizer *normalizer, float *x, const float *obs)
{
	if (!normalizer->running) {
		for (size_t i = 0; i < normalizer->size; i++)
			x[i] = obs[i] * normalizer->factor[i];
		return;
	}
	double count = *normalizer->count > 1.0 ? *normalizer->count : 1.0;
	for (size_t i = 0; i < normalizer->size; i++) {
		double deviation = sqrt(normalizer->spread[i] / count + 1e-8);
		float z = (float)(((double)obs[i] - normalizer->mean[i]) / deviation) *
			  normalizer->factor[i];
		x[i] = z > LARGEST ? LARGEST : z < -LARGEST ? -LARGEST : z;
	}
}

int32_t bern_normalizer_tensors(bern_normalizer *normalizer, bern_tensors *list, bern_error *e)
{
	if (!normalizer->running)
		return 0;
	int32_t failed = bern_tensors_add(list, BERN_T_F64, normalizer->count, 1, 0, e,
					  "observation.count");
	if (!failed)
		failed = bern_tensors_add(list, BERN_T_F64, normalizer->mean, normalizer->size, 0,
					  e, "observation.mean");
	if (!failed)
		failed = bern_tensors_add(list, BERN_T_F64, normalizer->spread, normalizer->size, 0,
					  e, "observation.spread");
	return failed;
}
