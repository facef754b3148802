#include "bench_net.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const usual_shapes[] = {"4x32",    "4x64",      "64x32",  "64x64",
					   "256x256", "1024x1024", "400x128"};
#define USUAL_SHAPES  (sizeof usual_shapes / sizeof usual_shapes[0])
#define MOST_UNITS    65536
#define MOST_WEIGHTS  ((size_t)1 << 26)
#define WEIGHT_SPREAD 0.5f

/* What is measured of a layer; one call each. */
enum {
	FORWARD,        /* p of real inputs */
	FORWARD_FIRED,  /* p of firings: rows of those that fired */
	DRAW,           /* K firings from one p */
	GRADIENT,       /* score of K firings, outer product with real inputs */
	GRADIENT_FIRED, /* score of one, outer product with firings */
	PARTS
};
static const struct {
	const char *name, *key;
} parts[PARTS] = {
	[FORWARD] = {"forward", "forward"},
	[FORWARD_FIRED] = {"of firings", "forward_fired"},
	[DRAW] = {"draws", "draws"},
	[GRADIENT] = {"gradient", "gradient"},
	[GRADIENT_FIRED] = {"of firings", "gradient_fired"},
};

typedef struct layer {
	const bern_kernels *kernels;
	size_t I, J, K, fired;
	int part;
	float *x, *w, *bias, *a, *p, *s, *c, *g;
	uint8_t *h;
	uint32_t *rows;
	bern_firing_rng rng;
} layer;

static int32_t play(void *what, uint64_t rounds, bern_error *e)
{
	layer *l = what;
	const bern_kernels *k = l->kernels;
	(void)e;
	for (uint64_t r = 0; r < rounds; r++)
		switch (l->part) {
		case FORWARD:
			k->affine(l->a, l->x, l->w, l->bias, l->I, l->J);
			k->probability(l->p, l->a, l->J);
			break;
		case FORWARD_FIRED:
			k->affine_rows(l->a, l->rows, l->fired, l->w, l->bias, l->J);
			k->probability(l->p, l->a, l->J);
			break;
		case DRAW:
			k->fire(l->h, l->p, l->J, l->K, &l->rng);
			break;
		case GRADIENT:
			k->score(l->s, l->h, l->p, l->c, l->J, l->K);
			k->outer(l->g, l->x, l->s, l->I, l->J);
			break;
		default:
			k->score(l->s, l->h, l->p, l->c, l->J, 1);
			k->outer_rows(l->g, l->rows, l->fired, l->s, l->J);
		}
	return 0;
}

/* Numbers of mixed sign in -size .. size. */
static void fill(float *x, size_t count, float size, bern_pcg32 *rng)
{
	for (size_t i = 0; i < count; i++)
		x[i] = size * ((float)(bern_pcg32_next(rng) >> 8) / 8388608.0f - 1.0f);
}

static void layer_finish(layer *l)
{
	free(l->x);
	free(l->w);
	free(l->bias);
	free(l->a);
	free(l->p);
	free(l->s);
	free(l->c);
	free(l->g);
	free(l->h);
	free(l->rows);
}

static int32_t layer_init(layer *l, const bench_net_request *request, size_t I, size_t J,
			  bern_error *e)
{
	size_t P = bern_padded(J), K = request->firings;
	bern_pcg32 rng;
	*l = (layer){.kernels = request->machine->kernels, .I = I, .J = J, .K = K};
	l->x = calloc(bern_padded(I), sizeof(float));
	l->w = calloc(I * J, sizeof(float));
	l->bias = calloc(P, sizeof(float));
	l->a = calloc(P, sizeof(float));
	l->p = calloc(P, sizeof(float));
	l->s = calloc(P, sizeof(float));
	l->c = calloc(K, sizeof(float));
	l->g = calloc(I * J, sizeof(float));
	l->h = calloc(K, P);
	l->rows = calloc(bern_padded(I), sizeof(uint32_t));
	if (!l->x || !l->w || !l->bias || !l->a || !l->p || !l->s || !l->c || !l->g || !l->h ||
	    !l->rows)
		return bern_fail(e, BERN_EMEMORY, "%zux%zu: no memory to measure it", I, J);
	bern_pcg32_init(&rng, 1, 1);
	fill(l->x, I, 1.0f, &rng);
	fill(l->w, I * J, WEIGHT_SPREAD, &rng);
	fill(l->bias, J, WEIGHT_SPREAD, &rng);
	fill(l->c, K, 0.001f, &rng);
	bern_firing_rng_from(&l->rng, rng);
	for (size_t j = 0; j < J; j++)
		l->p[j] = (float)((int32_t)(request->fire_rate * (double)BERN_P_ONE)) / BERN_P_ONE;
	/* spread over all inputs, so that no two follow each other more than chance has it */
	for (size_t i = 0; i < I; i++)
		if (bern_pcg32_next(&rng) < request->fire_rate * 4294967295.0)
			l->rows[l->fired++] = (uint32_t)i;
	return 0;
}

static int32_t parse_shape(const char *word, size_t *I, size_t *J, bern_error *e)
{
	unsigned long long i = 0, j = 0;
	char rest = 0;
	if (strspn(word, "0123456789x") != strlen(word) || strlen(word) > 12 ||
	    sscanf(word, "%llux%llu%c", &i, &j, &rest) != 2 || i < 1 || j < 1 || i > MOST_UNITS ||
	    j > MOST_UNITS || i * j > MOST_WEIGHTS)
		return bern_fail(e, BERN_EUSAGE,
				 "'%.100s' is no shape of a layer; allowed: inputs x units, such "
				 "as 64x32, up to %d each and %zu weights",
				 word, MOST_UNITS, MOST_WEIGHTS);
	*I = (size_t)i;
	*J = (size_t)j;
	return 0;
}

/* What a call would take if it reached the ceiling that it must reach first. */
static double least_seconds(const layer *l, int part, const bench_machine *machine)
{
	double I = (double)l->I, J = (double)l->J, K = (double)l->K, fired = (double)l->fired;
	switch (part) {
	case FORWARD:
		return I * J / machine->multiply_adds;
	case FORWARD_FIRED:
		return fired * J / machine->multiply_adds;
	case DRAW:
		return K * (double)bern_padded(l->J) / machine->draws;
	case GRADIENT:
		return (K + I) * J / machine->multiply_adds;
	default:
		return (1.0 + fired) * J / machine->multiply_adds;
	}
}

static void print_head(const bench_net_request *request)
{
	if (request->json)
		return;
	printf("\nnanoseconds a call, and the share of the ceiling; %zu firings, rate %g\n",
	       request->firings, request->fire_rate);
	printf("%-12s", "layer");
	for (int part = 0; part < PARTS; part++)
		printf(" %16s", parts[part].name);
	printf("\n");
}

static int32_t measure(const bench_net_request *request, const char *word, bern_error *e)
{
	layer l = {0};
	size_t I = 0, J = 0;
	double seconds[PARTS];
	int32_t rc = parse_shape(word, &I, &J, e);
	if (!rc)
		rc = layer_init(&l, request, I, J, e);
	for (int part = 0; !rc && part < PARTS; part++) {
		double rate = 0;
		l.part = part;
		rc = bench_rate(play, &l, request->seconds, request->repeats, &rate, e);
		seconds[part] = 1.0 / rate;
	}
	if (!rc && request->json) {
		printf("{\"layer\":\"%s\",\"firings\":%zu,\"fire_rate\":%g", word, l.K,
		       request->fire_rate);
		for (int part = 0; part < PARTS; part++)
			printf(",\"%s_ns\":%.6g,\"%s_share\":%.4g", parts[part].key,
			       1e9 * seconds[part], parts[part].key,
			       least_seconds(&l, part, request->machine) / seconds[part]);
		printf("}\n");
	} else if (!rc) {
		printf("%-12s", word);
		for (int part = 0; part < PARTS; part++)
			printf(" %10.4g %4.0f%%", 1e9 * seconds[part],
			       100 * least_seconds(&l, part, request->machine) / seconds[part]);
		printf("\n");
	}
	fflush(stdout);
	layer_finish(&l);
	return rc;
}

int32_t bench_net_check(const char *const *shapes, size_t count, bern_error *e)
{
	int32_t rc = 0;
	for (size_t i = 0; !rc && i < count; i++) {
		size_t I = 0, J = 0;
		rc = parse_shape(shapes[i], &I, &J, e);
	}
	return rc;
}

int32_t bench_net(const bench_net_request *request, bern_error *e)
{
	const char *const *shapes = request->count ? request->shapes : usual_shapes;
	size_t count = request->count ? request->count : USUAL_SHAPES;
	int32_t rc = 0;
	print_head(request);
	for (size_t i = 0; !rc && i < count; i++)
		rc = measure(request, shapes[i], e);
	return rc;
}
