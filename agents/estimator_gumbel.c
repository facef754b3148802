/* Straight-through Gumbel-softmax for bits.
 *
 * Jang, Gu, Poole 2017, arXiv 1611.01144; Maddison, Mnih, Teh 2017, arXiv 1611.00712: a bit is h = 1[a + z > 0] with logistic z.
 * On the way back it is taken for the relaxed s = sigmoid((a + z)/t), g = s (1 - s)/t dE/dh, the gradient entering at the action
 * layer. Biased; a small temperature t has less bias and more variance. The trace keeps the bit and p, not z: a fresh z is drawn
 * given the bit, which has the same distribution. z = -logit(u) with u < p exactly if h = 1. */
#include "backward.h"

#include <bern/math.h>

typedef struct gumbel {
	bern_rng rng;
	double temperature;
} gumbel;

static void relaxed(void *memory, const bern_bits *at, float *d)
{
	gumbel *self = memory;
	for (size_t j = 0; j < at->units; j++) {
		double v = ((double)bern_rng_u32(&self->rng) + 0.5) * (1.0 / 4294967296.0);
		/* p lies on a grid of 2^-24 and may be 0 or 1 there: half a step inside */
		double p = (double)at->p[j], least = 0x1p-25;
		p = p < least ? least : p > 1.0 - least ? 1.0 - least : p;
		double u = at->h[j] ? p * v : p + (1.0 - p) * v;
		/* u of a nearly saturated unit may round to 1 */
		double rest = u < 1.0 ? 1.0 - u : (1.0 - p) * (1.0 - v);
		double a = bern_log(p / (1.0 - p)), z = bern_log(rest / u);
		double s = bern_sigmoid((a + z) / self->temperature);
		d[j] *= (float)(s * (1.0 - s) / self->temperature);
	}
}

static int32_t init(void *memory, bern_arena *arena, const bern_estimator_setting *setting,
		    bern_error *e)
{
	gumbel *self = memory;
	(void)arena;
	(void)e;
	self->temperature = setting->config->temperature;
	bern_rng_stream(&self->rng, setting->seed, (bern_stream_key){.purpose = BERN_FOR_LEARNING});
	return 0;
}

static int32_t tensors(void *memory, bern_tensors *list, bern_error *e)
{
	gumbel *self = memory;
	return bern_tensors_add(list, BERN_T_U64, &self->rng, sizeof self->rng / sizeof(uint64_t),
				0, e, "estimator.stream");
}

static void accumulate(const bern_network *net, const bern_trace *trace, const size_t *rows,
		       size_t count, const bern_signal *signal, bern_workspace *work,
		       float *gradient)
{
	const bern_reverse reverse = {.rule = relaxed, .memory = work->memory};
	bern_backward_rows(net, trace, rows, count, &reverse, signal, work, gradient);
}

const bern_estimator bern_estimator_gumbel = {
	.name = "gumbel",
	.summary = "straight-through by the relaxed bit of a temperature",
	.source = "Jang 2017, arXiv 1611.01144; Maddison 2017, arXiv 1611.00712",
	.unbiased = 0,
	.needs = BERN_NEEDS_BITS | BERN_NEEDS_GRADIENT | BERN_TAKES_FIRINGS | BERN_TAKES_BOX,
	.accumulate = accumulate,
	.cost = "a backward pass, a random number a bit",
	.memory_size = sizeof(gumbel),
	.init = init,
	.tensors = tensors,
};
