/* The mean score over all hidden firings, in Gray code order and by the obvious loop over all of them; and a Gibbs sweep beside the time of
 * one forward pass. Prints times of one step and their ratios; fails if the two ways disagree. */
#include "oracle.h"

#include <arena.h>
#include <posterior.h>

#include <bern/rng.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { REPEATS = 7 };

static double seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

typedef struct subject {
	bern_arena arena;
	bern_action_head head;
	bern_network net;
	bern_trace trace;
	bern_posterior posterior;
	oracle_net oracle;
	double params[ORACLE_PARAMS], xs[4];
	float gradient[70000];
	bern_firing_rng firing;
	bern_pcg32 rng;
} subject;

static int make(subject *s, const size_t *units, size_t depth)
{
	static const int32_t sizes[] = {2};
	const int64_t kinds[] = {BERN_UNITS_BINARY, BERN_UNITS_BINARY, BERN_UNITS_BINARY};
	const bern_space action = {.kind = BERN_DISCRETE, .count = 1, .sizes = sizes};
	bern_error e;
	*s = (subject){0};
	bern_pcg32_init(&s->rng, 1, 2);
	bern_pcg32 stream = s->rng;
	bern_firing_rng_from(&s->firing, stream);
	int32_t rc = bern_head_init(&s->head, &s->arena, &action, 0, BERN_HEAD_AUTO, &e);
	if (!rc)
		rc = bern_network_init(&s->net, &s->arena, &s->head, 4, units, kinds, depth, 1,
				       bern_kernels_usable()[0], &e);
	if (!rc)
		rc = bern_trace_init(&s->trace, &s->arena, &s->net, 1, &e);
	if (!rc)
		rc = bern_posterior_init(&s->posterior, &s->arena, &s->net, &e);
	if (rc) {
		fprintf(stderr, "bench_posterior: %s\n", e.text);
		return 1;
	}
	for (size_t i = 0; i < s->net.param_count; i++) {
		s->net.params[i] = (float)((double)bern_pcg32_next(&s->rng) / 4294967296.0 - 0.5);
		if (i < ORACLE_PARAMS)
			s->params[i] = (double)s->net.params[i];
	}
	for (size_t i = 0; i < 4; i++)
		s->xs[i] = (double)(s->trace.x[i] = 0.25f * (float)(i + 1));
	s->oracle = (oracle_net){.inputs = 4,
				 .depth = depth,
				 .group_count = 1,
				 .group = {1},
				 .params = s->params,
				 .x = s->xs};
	for (size_t l = 0; l < depth && l < ORACLE_LAYERS; l++)
		s->oracle.units[l] = units[l];
	bern_network_act(&s->net, &s->trace, 0, NULL, &s->firing);
	return 0;
}

/* E[score | s, a] by the obvious loop. */
static void obvious(const subject *s, double *gradient)
{
	double one[ORACLE_PARAMS], mass = 0.0;
	size_t action = (size_t)s->trace.action[0];
	memset(gradient, 0, s->net.param_count * sizeof *gradient);
	for (size_t bits = 0; bits < (size_t)1 << oracle_bits(&s->oracle); bits++) {
		double share = exp(oracle_joint(&s->oracle, bits, action, one));
		mass += share;
		for (size_t i = 0; i < s->net.param_count; i++)
			gradient[i] += share * one[i];
	}
	for (size_t i = 0; i < s->net.param_count; i++)
		gradient[i] /= mass;
}

static int compare(size_t bits)
{
	static subject s;
	double fast[REPEATS], slow[REPEATS], want[ORACLE_PARAMS];
	int wrong = 0;
	if (make(&s, &bits, 1))
		return 1;
	for (size_t r = 0; r < REPEATS; r++) {
		double start = seconds();
		obvious(&s, want);
		slow[r] = seconds() - start;
		memset(s.gradient, 0, s.net.param_count * sizeof *s.gradient);
		start = seconds();
		bern_posterior_enumerate(&s.posterior, s.trace.x, s.trace.action, NULL, 1.0f,
					 s.gradient);
		fast[r] = seconds() - start;
	}
	for (size_t i = 0; i < s.net.param_count; i++)
		wrong |= fabs((double)s.gradient[i] - want[i]) > 1e-5;
	qsort(fast, REPEATS, sizeof *fast, ascending);
	qsort(slow, REPEATS, sizeof *slow, ascending);
	printf("enumeration, %2zu units: obvious %10.1f us, Gray code %9.1f us, %5.1f times "
	       "faster%s\n",
	       bits, 1e6 * slow[REPEATS / 2], 1e6 * fast[REPEATS / 2],
	       slow[REPEATS / 2] / fast[REPEATS / 2], wrong ? "  WRONG" : "");
	bern_arena_finish(&s.arena);
	return wrong;
}

static int sweep(const size_t *units, size_t depth, const char *name)
{
	static subject s;
	double act[REPEATS], gibbs[REPEATS];
	enum { STEPS = 200 };
	const uint8_t *fired[BERN_MAX_LAYERS];
	if (make(&s, units, depth))
		return 1;
	for (size_t l = 0; l < depth; l++)
		fired[l] = bern_trace_h(&s.trace, &s.net, l, 0, 0);
	bern_posterior_prepare(&s.posterior);
	for (size_t r = 0; r < REPEATS; r++) {
		double start = seconds();
		for (size_t i = 0; i < STEPS; i++)
			bern_network_act(&s.net, &s.trace, 0, NULL, &s.firing);
		act[r] = (seconds() - start) / STEPS;
		start = seconds();
		for (size_t i = 0; i < STEPS; i++)
			bern_posterior_sample(&s.posterior, s.trace.x, fired, s.trace.action, NULL,
					      1, &s.rng, 1.0f, s.gradient);
		gibbs[r] = (seconds() - start) / STEPS;
	}
	qsort(act, REPEATS, sizeof *act, ascending);
	qsort(gibbs, REPEATS, sizeof *gibbs, ascending);
	printf("Gibbs sweep, %-9s: acting %8.2f us, a sweep %8.2f us, %5.1f times acting\n", name,
	       1e6 * act[REPEATS / 2], 1e6 * gibbs[REPEATS / 2],
	       gibbs[REPEATS / 2] / act[REPEATS / 2]);
	bern_arena_finish(&s.arena);
	return 0;
}

int main(void)
{
	static const size_t one[] = {64}, two[] = {64, 64}, wide[] = {512};
	int wrong = compare(6) | compare(10) | compare(14);
	wrong |= sweep(one, 1, "64") | sweep(two, 2, "64,64") | sweep(wide, 1, "512");
	return wrong;
}
