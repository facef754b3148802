/* The unbiased estimator, centred for each unit by the baseline that makes its variance least.
 *
 * Bengio, Leonard, Courville 2013, arXiv 1308.3432, corollary 1, eq. 10: (h - p)(A - b_i) with b_i = E[(h - p)^2 A]/E[(h - p)^2], two
 * running averages for each unit, read before the update. It is what `unbiased` does with the baseline `unit`, on top of any
 * other baseline: b_i centres the advantage that is left. */
#include "estimator.h"

extern const bern_estimator bern_estimator_unbiased;

typedef struct centred {
	bern_unit_baseline unit;
} centred;

static int32_t init(void *memory, bern_arena *arena, const bern_estimator_setting *setting,
		    bern_error *e)
{
	centred *self = memory;
	return bern_unit_baseline_init(&self->unit, arena, setting->net, e);
}

static int32_t tensors(void *memory, bern_tensors *list, bern_error *e)
{
	bern_unit_baseline *unit = &((centred *)memory)->unit;
	int32_t failed = bern_tensors_add(list, BERN_T_F32, unit->above, unit->units, 0, e,
					  "estimator.above");
	if (!failed)
		failed = bern_tensors_add(list, BERN_T_F32, unit->below, unit->units, 0, e,
					  "estimator.below");
	if (!failed)
		failed = bern_tensors_add(list, BERN_T_F32, unit->b, unit->units, 0, e,
					  "estimator.baseline");
	return failed;
}

static void update(void *memory, int keep)
{
	bern_unit_baseline_update(&((centred *)memory)->unit, keep);
}

static void accumulate(const bern_network *net, const bern_trace *trace, const size_t *rows,
		       size_t count, const bern_signal *signal, bern_workspace *work,
		       float *gradient)
{
	bern_signal centred_signal = *signal;
	centred_signal.unit = &((centred *)work->memory)->unit;
	bern_estimator_unbiased.accumulate(net, trace, rows, count, &centred_signal, work,
					   gradient);
}

const bern_estimator bern_estimator_centred = {
	.name = "centred",
	.summary = "one firing a step, with a baseline for each unit that makes its variance least",
	.source = "Bengio 2013, arXiv 1308.3432, corollary 1, eq. 10",
	.unbiased = 1,
	.needs = BERN_NEEDS_BINARY | BERN_TAKES_BOX,
	.accumulate = accumulate,
	.cost = "two running averages a unit",
	.memory_size = sizeof(centred),
	.init = init,
	.tensors = tensors,
	.update = update,
};
