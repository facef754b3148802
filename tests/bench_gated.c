/* What skipping saves: a gated layer of 2,000 experts on 784 inputs with one gate in ten open, beside the same layer with all experts
 * computed and the closed ones multiplied by 0. Prints times of one input, and fails if the layer, gater included, takes more than a
 * fifth of the dense one, or if the results differ by a bit. */
#include <gated.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { INPUTS = 784, GATES = 2000, OUTPUTS = 10, GATER = 32, BATCH = 64, ROUNDS = 9 };

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef struct bench {
	bern_arena arena;
	bern_gated net;
	bern_gate_rng gates;
	float *x;   /* (BATCH, INPUTS) */
	float *all; /* (GATES) */
	float *a;   /* (GATES) */
	uint32_t every[GATES];
	float sum; /* of results, so that none is left out */
} bench;

/* One pass over the batch; returns its seconds. */
typedef void work(bench *b, size_t n);

static void whole_layer(bench *b, size_t n)
{
	bern_gated_pass *pass = &b->net.pass[n];
	bern_gated_open(&b->net, pass, b->x + n * INPUTS, &b->gates);
	bern_gated_compute(&b->net, pass, b->x + n * INPUTS);
	b->sum += pass->chance[0];
}

static void listed_experts(bench *b, size_t n)
{
	const bern_gated *net = &b->net;
	net->kernels->dot_rows(b->a, net->pass[n].on, net->pass[n].count, b->x + n * INPUTS,
			       net->params + net->expert_weight, net->params + net->expert_bias,
			       INPUTS);
	b->sum += b->a[0];
}

/* every expert, from weights by unit */
static void all_experts(bench *b, size_t n)
{
	const bern_gated *net = &b->net;
	net->kernels->dot_rows(b->all, b->every, GATES, b->x + n * INPUTS,
			       net->params + net->expert_weight, net->params + net->expert_bias,
			       INPUTS);
	b->sum += b->all[0];
}

/* every expert, as a plain layer does it: the same weights taken as (inputs, units) */
static void plain_layer(bench *b, size_t n)
{
	const bern_gated *net = &b->net;
	net->kernels->affine(b->all, b->x + n * INPUTS, net->params + net->expert_weight,
			     net->params + net->expert_bias, INPUTS, GATES);
	b->sum += b->all[0];
}

/* the fastest of the rounds, in microseconds for one input */
static double timed(bench *b, work *step)
{
	double best = 1e9;
	for (int round = 0; round < ROUNDS; round++) {
		double start = now();
		for (size_t n = 0; n < BATCH; n++)
			step(b, n);
		double took = 1e6 * (now() - start) / BATCH;
		best = took < best ? took : best;
	}
	return best;
}

/* 1: for every input the listed experts have the bits that they have among all of them. */
static int same_results(bench *b)
{
	for (size_t n = 0; n < BATCH; n++) {
		const bern_gated_pass *pass = &b->net.pass[n];
		listed_experts(b, n);
		all_experts(b, n);
		for (size_t r = 0; r < pass->count; r++)
			if (memcmp(&b->a[r], &b->all[pass->on[r]], sizeof(float)) != 0)
				return 0;
	}
	return 1;
}

int main(void)
{
	static bench b;
	const bern_kernels *kernels;
	bern_error e;
	bern_rng rng;
	bern_gated_plan plan = {INPUTS, GATES, OUTPUTS, BERN_GATES_REWARD, 0.1, .gater = GATER};
	bern_rng_seed(&rng, 1);
	bern_firing_rng_stream(&b.gates.firing, 1, (bern_stream_key){.purpose = BERN_FOR_FIRING});
	bern_rng_seed(&b.gates.noise, 2);
	if (bern_kernels_select(&kernels, &e) ||
	    bern_gated_init(&b.net, &b.arena, &plan, BATCH, kernels, &rng, &e)) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	b.x = bern_arena_take(&b.arena, BATCH * INPUTS, sizeof(float));
	b.all = bern_arena_take(&b.arena, GATES, sizeof(float));
	b.a = bern_arena_take(&b.arena, GATES, sizeof(float));
	for (size_t i = 0; i < BATCH * INPUTS; i++)
		b.x[i] = (float)bern_rng_range(&rng, 0.01, 1.0);
	for (uint32_t j = 0; j < GATES; j++)
		b.every[j] = j;

	double layer = timed(&b, whole_layer), open = 0.0;
	for (size_t n = 0; n < BATCH; n++)
		open += (double)b.net.pass[n].count / (BATCH * (double)GATES);
	int same = same_results(&b);
	double listed = timed(&b, listed_experts), all = timed(&b, all_experts);
	double plain = timed(&b, plain_layer), dense = all < plain ? all : plain;
	b.net.kernels = &bern_kernels_reference;
	double reference = timed(&b, listed_experts);
	printf("%d experts on %d inputs, %.1f%% of the gates open, %s kernels, us for one input\n",
	       GATES, INPUTS, 100.0 * open, kernels->name);
	printf("  all experts, weights by unit        %9.2f\n", all);
	printf("  all experts, as a plain layer       %9.2f\n", plain);
	printf("  open experts                        %9.2f  %5.3f of the faster dense one\n",
	       listed, listed / dense);
	printf("  open experts, reference kernel      %9.2f  %5.2f times the fast one\n", reference,
	       reference / listed);
	printf("  gater, gates, experts and outputs   %9.2f  %5.3f of the faster dense one\n",
	       layer, layer / dense);
	printf("results of sparse and dense with mask: %s (sum %g)\n",
	       same ? "the same bits" : "DIFFERENT", (double)b.sum);
	bern_arena_finish(&b.arena);
	return !same || layer > 0.2 * dense;
}
