#include "gate_trial.h"

#include <string.h>

#define LEAST_IMAGES 60

typedef struct work {
	bern_gated net;
	bern_gate_rng gates;
	bern_rng order;
	const bern_images *images;
	size_t learn, valid, test; /* how many images of each, in this order in `index` */
	size_t *index;             /* (count) */
	float *x;                  /* (batch, pixels) */
	uint8_t *labels;           /* (batch) */
} work;

static void shuffle(size_t *index, size_t count, bern_rng *rng)
{
	for (size_t i = count; i > 1; i--) {
		size_t other = (size_t)bern_rng_below(rng, i), was = index[i - 1];
		index[i - 1] = index[other];
		index[other] = was;
	}
}

static void take(work *w, size_t n, size_t image)
{
	size_t pixels = w->images->pixels;
	const uint8_t *from = w->images->pixel + image * pixels;
	for (size_t i = 0; i < pixels; i++)
		w->x[n * pixels + i] = (float)from[i] / 255.0f;
	w->labels[n] = w->images->label[image];
}

/* One epoch; returns the share of experts that were computed. */
static double learn(work *w)
{
	double open = 0.0;
	shuffle(w->index, w->learn, &w->order);
	for (size_t at = 0; at < w->learn;) {
		size_t count = w->learn - at < w->net.batch ? w->learn - at : w->net.batch;
		for (size_t n = 0; n < count; n++)
			take(w, n, w->index[at + n]);
		bern_gated_learn(&w->net, w->x, w->labels, count, &w->gates);
		for (size_t n = 0; n < count; n++)
			open += (double)w->net.pass[n].count;
		at += count;
	}
	return open / (double)w->learn / (double)w->net.plan.gates;
}

/* The share of wrong answers with thresholded gates, and of experts computed for them. */
static double judge(work *w, size_t from, size_t count, double *open)
{
	bern_gated_pass *pass = &w->net.pass[0];
	size_t wrong = 0, computed = 0;
	for (size_t i = from; i < from + count; i++) {
		size_t best = 0;
		take(w, 0, w->index[i]);
		bern_gated_open(&w->net, pass, w->x, NULL);
		bern_gated_compute(&w->net, pass, w->x);
		for (size_t c = 1; c < w->images->classes; c++)
			best = pass->chance[c] > pass->chance[best] ? c : best;
		wrong += best != w->labels[0];
		computed += pass->count;
	}
	*open = (double)computed / (double)count / (double)w->net.plan.gates;
	return (double)wrong / (double)count;
}

static int32_t make(work *w, bern_arena *arena, const bern_gate_trial *trial, bern_error *e)
{
	const bern_images *images = w->images;
	const bern_kernels *kernels;
	bern_gated_plan plan = trial->plan;
	bern_rng weights;
	plan.inputs = images->pixels;
	plan.outputs = images->classes;
	bern_rng_stream(&weights, trial->seed, (bern_stream_key){.purpose = BERN_FOR_WEIGHTS});
	bern_rng_stream(&w->order, trial->seed, (bern_stream_key){.purpose = BERN_FOR_LEARNING});
	bern_rng_stream(&w->gates.noise, trial->seed,
			(bern_stream_key){.purpose = BERN_FOR_LEARNING, .lane = 1});
	bern_firing_rng_stream(&w->gates.firing, trial->seed,
			       (bern_stream_key){.purpose = BERN_FOR_FIRING});
	int32_t failed = bern_kernels_select(&kernels, e);
	if (!failed)
		failed = bern_gated_init(&w->net, arena, &plan, trial->batch, kernels, &weights, e);
	if (failed)
		return failed;
	w->index = bern_arena_take(arena, images->count, sizeof *w->index);
	w->x = bern_arena_take(arena, trial->batch, images->pixels * sizeof(float));
	w->labels = bern_arena_take(arena, trial->batch, 1);
	failed = bern_arena_check(arena, e);
	if (failed)
		return failed;
	for (size_t i = 0; i < images->count; i++)
		w->index[i] = i;
	shuffle(w->index, images->count, &w->order);
	w->valid = w->test = images->count / 6;
	w->learn = images->count - w->valid - w->test;
	return 0;
}

int32_t bern_gate_trial_run(bern_gate_result *result, const bern_gate_trial *trial,
			    const bern_images *images, bern_error *e)
{
	bern_arena arena = {0};
	work w = {.images = images};
	if (images->count < LEAST_IMAGES)
		return bern_fail(e, BERN_EUSAGE, "%zu images are too few; at least %d are needed",
				 images->count, LEAST_IMAGES);
	int32_t failed = make(&w, &arena, trial, e);
	for (size_t epoch = 1; !failed && epoch <= trial->epochs; epoch++) {
		double open = learn(&w), open_test;
		double valid = judge(&w, w.learn, w.valid, &open_test);
		if (epoch > 1 && valid >= result->valid_error)
			continue;
		*result = (bern_gate_result){
			.epoch = epoch, .valid_error = valid, .open_learning = open};
		result->test_error = judge(&w, w.learn + w.valid, w.test, &result->open_test);
	}
	bern_arena_finish(&arena);
	return failed;
}
