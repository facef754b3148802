#include "exact.h"

#include <bern/math.h>
#include <string.h>

typedef struct work {
	lab_exact *out;
	double square;
	lab_baselines baselines;
	const bern_estimator *estimator;
	bern_workspace space;
	bern_unit_baseline unit;
	lab_reference *reference;
	double unit_b[LAB_PARAMS];
	double most; /* largest |advantage| */
} work;

/* fixed numbers of the size of rewards, different for every unit */
static double unit_number(size_t u)
{
	return 0.3 * (double)(u % 7) - 0.8;
}

/* What a return counts for in this row: gamma^t (return - baseline). */
static double advantage(work *w, const lab_path *path, size_t row)
{
	double A = path->before[row] * (path->worth[row] - w->baselines.shared);
	w->most = bern_abs(A) > w->most ? bern_abs(A) : w->most;
	return A;
}

static void add(work *w, const double *g, size_t count, double probability)
{
	w->out->probability += probability;
	for (size_t i = 0; i < count; i++) {
		w->out->mean[i] += probability * g[i];
		w->square += probability * g[i] * g[i];
	}
}

static void visit_fast(const lab_path *path, double probability, double exactly, void *user)
{
	work *w = user;
	float A[LAB_ROWS], gradient[LAB_PARAMS] = {0};
	double g[LAB_PARAMS];
	size_t rows[LAB_ROWS];
	(void)exactly;
	for (size_t row = 0; row < path->rows; row++) {
		rows[row] = row;
		A[row] = (float)advantage(w, path, row);
	}
	bern_signal signal = {
		.advantage = A, .scale = 1.0f, .unit = w->baselines.units ? &w->unit : NULL};
	w->estimator->accumulate(&path->net, &path->trace, rows, path->rows, &signal, &w->space,
				 gradient);
	for (size_t i = 0; i < path->net.param_count; i++)
		g[i] = (double)gradient[i];
	add(w, g, path->net.param_count, probability);
}

static void visit_reference(const lab_path *path, double probability, double exactly, void *user)
{
	work *w = user;
	double g[LAB_PARAMS] = {0}, one[LAB_PARAMS];
	(void)probability;
	for (size_t row = 0; row < path->rows; row++) {
		bern_reference_step step = path->step[row];
		step.advantage = advantage(w, path, row);
		step.unit = w->baselines.units ? w->unit_b : NULL;
		w->reference(&path->net, path->setup->params, &step, one);
		for (size_t i = 0; i < path->net.param_count; i++)
			g[i] += one[i];
	}
	add(w, g, path->net.param_count, exactly);
}

/* What float32 may do to a number of the mean. Every unit's activation is a sum of fan-in + 1 terms, mostly below 4, and its p lies on a
 * grid of 2^-24: p is off by at most (fan-in + 3) 2^-24, and so are the path's probability, relative to p, and the unit's score; a
 * logit likewise. An estimate is at most advantage * 2, the inputs being at most 1. */
static double float_bound(const lab_setup *s, double most)
{
	double units = 0.0;
	for (size_t l = 0; l <= s->net.depth; l++)
		units += (double)s->net.layer[l].units * ((double)s->net.layer[l].inputs + 3.0);
	double steps = (double)(s->mdp.steps * s->net.firings);
	return 2.0 * most * units * steps * (double)s->mdp.steps / 16777216.0;
}

static int32_t moments(const lab_setup *setup, work *w, bern_error *e)
{
	bern_arena arena = {0};
	size_t count = setup->net.param_count;
	int32_t rc = bern_workspace_init(&w->space, &arena, &setup->net, e);
	if (!rc)
		rc = bern_unit_baseline_init(&w->unit, &arena, &setup->net, e);
	if (!rc && w->estimator) {
		bern_agent_config config;
		bern_agent_config_defaults(&config);
		const bern_estimator_setting setting = {
			.config = &config, .net = &setup->net, .world = &setup->world};
		rc = bern_estimator_start(w->estimator, &w->space, &arena, &setting, e);
	}
	for (size_t u = 0; !rc && u < w->unit.units; u++) {
		w->unit.b[u] = (float)unit_number(u);
		w->unit_b[u] = unit_number(u);
	}
	memset(w->out, 0, sizeof *w->out);
	if (!rc)
		rc = lab_each_path(setup, 1, w->reference != NULL,
				   w->reference ? visit_reference : visit_fast, w, e);
	bern_arena_finish(&arena);
	w->out->variance = w->square;
	for (size_t i = 0; i < count; i++)
		w->out->variance -= w->out->mean[i] * w->out->mean[i];
	if (w->baselines.units)
		w->most += 1.0; /* the largest of the unit numbers */
	w->out->bound = w->reference ? 1e-12 : float_bound(setup, w->most);
	return rc;
}

int32_t lab_exact_moments(const lab_setup *setup, const bern_estimator *estimator,
			  lab_baselines baselines, lab_exact *out, bern_error *e)
{
	work w = {.out = out, .estimator = estimator, .baselines = baselines};
	return moments(setup, &w, e);
}

int32_t lab_reference_moments(const lab_setup *setup, lab_reference *reference,
			      lab_baselines baselines, lab_exact *out, bern_error *e)
{
	work w = {.out = out, .reference = reference, .baselines = baselines};
	return moments(setup, &w, e);
}

double lab_exact_off(const lab_setup *setup, const lab_exact *m, const double *truth)
{
	double off = 0.0;
	for (size_t i = 0; i < setup->net.param_count; i++) {
		double d = bern_abs(m->mean[i] - truth[i]);
		off = d > off ? d : off;
	}
	return off;
}
