/* The gated layer: gradients against finite differences and enumeration, both over a forward pass in double that shares nothing with
 * the layer; skipped experts; sparsity that reaches its target; thresholded gates. */
#include <gated.h>

#include <bern/math.h>

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { I = 5, R = 3, G = 6, C = 3, N = 4 };

typedef struct layer {
	bern_arena arena;
	bern_gated net;
	bern_gate_rng rng;
	float x[N * I];
	uint8_t labels[N];
} layer;

static void make(layer *l, int64_t kind, size_t gater, double target, uint64_t seed)
{
	bern_gated_plan plan = {I, G, C, kind, target, gater, .penalty = 0.3, .spread = 1.7};
	bern_error e;
	bern_rng rng;
	memset(l, 0, sizeof *l);
	bern_rng_seed(&rng, seed);
	bern_rng_seed(&l->rng.noise, seed + 100);
	bern_firing_rng_stream(&l->rng.firing, seed, (bern_stream_key){.purpose = BERN_FOR_FIRING});
	ck_assert_msg(
		!bern_gated_init(&l->net, &l->arena, &plan, N, bern_kernels_usable()[0], &rng, &e),
		"%s", e.text);
	/* every parameter away from zero, so that none is tested where it does nothing */
	for (size_t i = 0; i < l->net.param_count; i++)
		l->net.params[i] += (float)bern_rng_range(&rng, -0.5, 0.5);
	for (size_t i = 0; i < N * I; i++)
		l->x[i] = (float)bern_rng_range(&rng, -1, 1);
	for (size_t n = 0; n < N; n++)
		l->labels[n] = (uint8_t)bern_rng_below(&rng, C);
}

/* ---- the oracle: a forward pass in double, from the formulas at the top of gated.h ---- */

/* a (G) of the gates */
static void gate_inputs(double *a, const bern_gated *net, const double *w, const float *x)
{
	double below[I > R ? I : R];
	size_t gater = net->plan.gater, from = gater ? gater : I;
	for (size_t i = 0; i < from; i++)
		below[i] = gater ? w[net->z_bias + i] : (double)x[i];
	for (size_t k = 0; k < gater; k++) {
		for (size_t i = 0; i < I; i++)
			below[k] += w[net->z_weight + i * gater + k] * (double)x[i];
		below[k] = tanh(below[k]);
	}
	for (size_t j = 0; j < G; j++) {
		a[j] = w[net->gate_bias + j];
		for (size_t k = 0; k < from; k++)
			a[j] += w[net->gate_weight + k * G + j] * below[k];
	}
}

/* L for gates that are worth g (G) */
static double loss_of(const bern_gated *net, const double *w, const float *x, const double *g,
		      size_t label)
{
	double logit[C], sum = 0.0;
	for (size_t c = 0; c < C; c++)
		logit[c] = w[net->out_bias + c];
	for (size_t j = 0; j < G; j++) {
		double e = w[net->expert_bias + j];
		for (size_t i = 0; i < I; i++)
			e += w[net->expert_weight + j * I + i] * (double)x[i];
		for (size_t c = 0; c < C && e > 0.0; c++)
			logit[c] += g[j] * e * w[net->out_weight + j * C + c];
	}
	for (size_t c = 0; c < C; c++)
		sum += exp(logit[c]);
	return log(sum) - logit[label];
}

static double sigmoid(double a)
{
	return 1.0 / (1.0 + exp(-a));
}

/* Worth of the gates of a kind at a (G), with noise z (G) and coins h (G) held fast. */
static void gate_values(double *g, int64_t kind, const double *a, const double *z, const uint8_t *h)
{
	for (size_t j = 0; j < G; j++)
		switch (kind) {
		case BERN_GATES_STS:
			g[j] = h[j] ? sqrt(sigmoid(a[j])) : 0.0;
			break;
		case BERN_GATES_NOISY_RECTIFIER:
		case BERN_GATES_RECTIFIER:
			g[j] = fmax(0.0, a[j] + z[j]);
			break;
		case BERN_GATES_SIGMOID_NOISE:
		case BERN_GATES_SIGMOID:
			g[j] = sigmoid(a[j] + z[j]);
			break;
		case BERN_GATES_NONE:
			g[j] = 1.0;
			break;
		default:
			g[j] = h[j];
		}
}

static double *doubles(const bern_gated *net)
{
	double *w = malloc(net->param_count * sizeof *w);
	ck_assert_ptr_nonnull(w);
	for (size_t i = 0; i < net->param_count; i++)
		w[i] = (double)net->params[i];
	return w;
}

/* Kinds whose loss can be differentiated once their noise is held fast: every parameter, gater included. The tolerance: central
 * differences of step 1e-5 in double err by 1e-8 here; floats by some ten operations of 6e-8 on numbers of up to ten. */
START_TEST(back_propagation_agrees_with_finite_differences)
{
	static const int64_t kinds[] = {BERN_GATES_STS,       BERN_GATES_NOISY_RECTIFIER,
					BERN_GATES_RECTIFIER, BERN_GATES_SIGMOID_NOISE,
					BERN_GATES_SIGMOID,   BERN_GATES_NONE};
	for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
		for (size_t gater = 0; gater <= R; gater += R) {
			layer l;
			double a[G], z[G] = {0}, g[G];
			make(&l, kinds[k], gater, 0.4, (uint64_t)_i);
			bern_gated *net = &l.net;
			double *w = doubles(net);
			bern_gated_pass *pass = &net->pass[0];
			bern_gate_rng before = l.rng;
			bern_gated_open(net, pass, l.x, &l.rng);
			bern_gated_compute(net, pass, l.x);
			if (kinds[k] == BERN_GATES_NOISY_RECTIFIER ||
			    kinds[k] == BERN_GATES_SIGMOID_NOISE)
				for (size_t j = 0; j < G; j++)
					z[j] = (double)(float)bern_normal(&before.noise);
			memset(net->gradient, 0, net->param_count * sizeof(float));
			bern_gated_backward(net, pass, l.x, l.labels[0], 0.0, NULL, 1.0);
			gate_inputs(a, net, w, l.x);
			gate_values(g, kinds[k], a, z, pass->h);
			ck_assert_double_le(fabs(loss_of(net, w, l.x, g, l.labels[0]) -
						 bern_gated_loss(pass, l.labels[0])),
					    2e-5);
			for (size_t i = 0; i < net->param_count; i++) {
				double was = w[i], side[2];
				for (int s = 0; s < 2; s++) {
					w[i] = was + (s ? -1e-5 : 1e-5);
					gate_inputs(a, net, w, l.x);
					gate_values(g, kinds[k], a, z, pass->h);
					side[s] = loss_of(net, w, l.x, g, l.labels[0]);
				}
				w[i] = was;
				double exact = (side[0] - side[1]) / 2e-5;
				ck_assert_msg(fabs(exact - (double)net->gradient[i]) <= 2e-5,
					      "%s, gater %zu, parameter %zu: %.7f, exact %.7f",
					      bern_gate_kinds[kinds[k]].name, gater, i,
					      (double)net->gradient[i], exact);
			}
			free(w);
			bern_arena_finish(&l.arena);
		}
}
END_TEST

/* chance of a firing, and d log of it / d a is h - p */
static double chance_of(const double *a, size_t bits)
{
	double chance = 1.0;
	for (size_t j = 0; j < G; j++)
		chance *= bits >> j & 1 ? sigmoid(a[j]) : 1.0 - sigmoid(a[j]);
	return chance;
}

static double expected_loss(const bern_gated *net, const double *w, const float *x, size_t label)
{
	double a[G], g[G], sum = 0.0;
	gate_inputs(a, net, w, x);
	for (size_t bits = 0; bits < (size_t)1 << G; bits++) {
		for (size_t j = 0; j < G; j++)
			g[j] = (double)(bits >> j & 1);
		sum += chance_of(a, bits) * loss_of(net, w, x, g, label);
	}
	return sum;
}

/* The mean over all 2^G firings of what one backward pass adds. */
static void expected_estimate(layer *l, double *mean, const double *w, double baseline)
{
	bern_gated *net = &l->net;
	bern_gated_pass *pass = &net->pass[0];
	double a[G];
	gate_inputs(a, net, w, l->x);
	memset(mean, 0, net->param_count * sizeof *mean);
	bern_gated_open(net, pass, l->x, &l->rng); /* z and p */
	for (size_t bits = 0; bits < (size_t)1 << G; bits++) {
		pass->count = 0;
		for (size_t j = 0; j < G; j++) {
			pass->h[j] = bits >> j & 1;
			if (!pass->h[j])
				continue;
			pass->slope[pass->count] = net->plan.kind == BERN_GATES_STRAIGHT_THROUGH
							   ? 1.0f
							   : 0.0f;
			pass->gate[pass->count] = 1.0f;
			pass->on[pass->count++] = (uint32_t)j;
		}
		bern_gated_compute(net, pass, l->x);
		memset(net->gradient, 0, net->param_count * sizeof(float));
		bern_gated_backward(net, pass, l->x, l->labels[0], baseline, NULL, 1.0);
		for (size_t i = 0; i < net->param_count; i++)
			mean[i] += chance_of(a, bits) * (double)net->gradient[i];
	}
}

/* Over every firing, with and without a baseline. p lies on a grid of 2^-24, which moves means by less than the float error. */
START_TEST(reward_alone_is_unbiased_by_enumeration)
{
	for (size_t gater = 0; gater <= R; gater += R)
		for (int with = 0; with < 2; with++) {
			layer l;
			make(&l, BERN_GATES_REWARD, gater, 0.3, (uint64_t)_i);
			double *w = doubles(&l.net);
			double *mean = malloc(l.net.param_count * sizeof *mean);
			expected_estimate(&l, mean, w, with ? 1.7 : 0.0);
			for (size_t i = 0; i < l.net.param_count; i++) {
				double was = w[i], side[2];
				for (int s = 0; s < 2; s++) {
					w[i] = was + (s ? -1e-5 : 1e-5);
					side[s] = expected_loss(&l.net, w, l.x, l.labels[0]);
				}
				w[i] = was;
				double exact = (side[0] - side[1]) / 2e-5;
				ck_assert_msg(fabs(exact - mean[i]) <= 2e-5,
					      "gater %zu, baseline %d, parameter %zu: mean %.7f, "
					      "exact %.7f",
					      gater, with, i, mean[i], exact);
			}
			free(w);
			free(mean);
			bern_arena_finish(&l.arena);
		}
}
END_TEST

/* The control: the same enumeration finds out straight-through, at the gates and only there. */
START_TEST(straight_through_is_found_out_by_the_same_enumeration)
{
	layer l;
	double worst_gate = 0.0, worst_rest = 0.0;
	make(&l, BERN_GATES_STRAIGHT_THROUGH, 0, 0.3, (uint64_t)_i);
	double *w = doubles(&l.net);
	double *mean = malloc(l.net.param_count * sizeof *mean);
	expected_estimate(&l, mean, w, 0.0);
	for (size_t i = 0; i < l.net.param_count; i++) {
		double was = w[i], side[2];
		for (int s = 0; s < 2; s++) {
			w[i] = was + (s ? -1e-5 : 1e-5);
			side[s] = expected_loss(&l.net, w, l.x, l.labels[0]);
		}
		w[i] = was;
		double off = fabs((side[0] - side[1]) / 2e-5 - mean[i]);
		int of_gate = i >= l.net.gate_weight && i < l.net.expert_weight;
		double *worst = of_gate ? &worst_gate : &worst_rest;
		*worst = off > *worst ? off : *worst;
	}
	ck_assert_double_gt(worst_gate, 1e-3);
	ck_assert_double_le(worst_rest, 2e-5);
	free(w);
	free(mean);
	bern_arena_finish(&l.arena);
}
END_TEST

/* d/da of the sparsity term of the whole batch, from its own formula in double */
static double divergence(const bern_gated *net, const double *w, const float *x)
{
	double rho[G] = {0}, a[G], sum = 0.0, s = net->plan.target;
	for (size_t n = 0; n < N; n++) {
		gate_inputs(a, net, w, x + n * I);
		for (size_t j = 0; j < G; j++)
			rho[j] += (net->plan.kind == BERN_GATES_STS ? sqrt(sigmoid(a[j]))
								    : sigmoid(a[j])) /
				  N;
	}
	for (size_t j = 0; j < G; j++)
		sum += s * log(s / rho[j]) + (1.0 - s) * log((1.0 - s) / (1.0 - rho[j]));
	return sum * net->plan.penalty;
}

START_TEST(the_sparsity_term_is_the_gradient_of_the_divergence)
{
	static const int64_t kinds[] = {BERN_GATES_REWARD, BERN_GATES_STS, BERN_GATES_SIGMOID};
	for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
		layer l;
		float push[16];
		make(&l, kinds[k], 0, 0.1, (uint64_t)_i);
		bern_gated *net = &l.net;
		double *w = doubles(net);
		double *given = calloc(net->param_count, sizeof *given);
		for (size_t n = 0; n < N; n++)
			bern_gated_open(net, &net->pass[n], l.x + n * I, &l.rng);
		bern_gated_average(net, N);
		for (size_t n = 0; n < N; n++) {
			bern_gated_sparsity(net, &net->pass[n], push);
			for (size_t j = 0; j < G; j++) {
				given[net->gate_bias + j] += (double)push[j] / N;
				for (size_t i = 0; i < I; i++)
					given[net->gate_weight + i * G + j] +=
						(double)push[j] * (double)l.x[n * I + i] / N;
			}
		}
		for (size_t i = net->gate_weight; i < net->expert_weight; i++) {
			double was = w[i], side[2];
			for (int s = 0; s < 2; s++) {
				w[i] = was + (s ? -1e-5 : 1e-5);
				side[s] = divergence(net, w, l.x);
			}
			w[i] = was;
			double exact = (side[0] - side[1]) / 2e-5;
			ck_assert_msg(fabs(exact - given[i]) <= 1e-5,
				      "%s, parameter %zu: %.7f, exact %.7f",
				      bern_gate_kinds[kinds[k]].name, i, given[i], exact);
		}
		free(w);
		free(given);
		bern_arena_finish(&l.arena);
	}
}
END_TEST

/* What a closed gate's expert holds plays no part, forward or backward: its weights may be NaN. */
START_TEST(closed_experts_are_neither_read_nor_written)
{
	layer l;
	make(&l, BERN_GATES_REWARD, R, 0.3, (uint64_t)_i);
	bern_gated *net = &l.net;
	bern_gated_pass *pass = &net->pass[0];
	bern_gated_open(net, pass, l.x, &l.rng);
	bern_gated_compute(net, pass, l.x);
	double loss = bern_gated_loss(pass, 0);
	for (size_t j = 0; j < G; j++)
		for (size_t i = 0; !pass->h[j] && i < I; i++)
			net->params[net->expert_weight + j * I + i] = (float)NAN;
	bern_gated_compute(net, pass, l.x);
	ck_assert(bern_gated_loss(pass, 0) == loss);
	memset(net->gradient, 0, net->param_count * sizeof(float));
	bern_gated_backward(net, pass, l.x, 0, 0.0, NULL, 1.0);
	for (size_t j = 0; j < G; j++)
		for (size_t i = 0; !pass->h[j] && i < I; i++)
			ck_assert(net->gradient[net->expert_weight + j * I + i] == 0.0f);
	bern_arena_finish(&l.arena);
}
END_TEST

START_TEST(thresholded_gates_open_where_they_are_more_likely_open_than_not)
{
	static const int64_t kinds[] = {BERN_GATES_REWARD, BERN_GATES_STRAIGHT_THROUGH,
					BERN_GATES_STS, BERN_GATES_NOISY_RECTIFIER};
	size_t open = 0, all = 0;
	for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
		layer l;
		double a[G];
		make(&l, kinds[k], R, 0.4, (uint64_t)_i);
		double *w = doubles(&l.net);
		bern_gated_pass *pass = &l.net.pass[0];
		bern_gated_open(&l.net, pass, l.x, NULL);
		gate_inputs(a, &l.net, w, l.x);
		size_t r = 0;
		for (size_t j = 0; j < G; j++) {
			double p = sigmoid(a[j]);
			double chance = kinds[k] == BERN_GATES_STS ? sqrt(p) : p;
			int expected = chance > 0.5;
			if (kinds[k] == BERN_GATES_NOISY_RECTIFIER)
				expected = a[j] > 0.0; /* noise at its mean */
			if (fabs(chance - 0.5) < 1e-5)
				continue;
			ck_assert_int_eq(pass->h[j], expected);
			double worth = kinds[k] == BERN_GATES_STS               ? sqrt(p)
				       : kinds[k] == BERN_GATES_NOISY_RECTIFIER ? a[j]
										: 1.0;
			if (expected)
				ck_assert_double_le(fabs((double)pass->gate[r++] - worth), 1e-5);
			open += (size_t)expected;
			all++;
		}
		ck_assert_uint_eq(pass->count, r);
		free(w);
		bern_arena_finish(&l.arena);
	}
	ck_assert(open > 0 && open < all); /* both happened */
}
END_TEST

/* ---- learning ---- */

enum { SIDE = 4, PIXELS = SIDE * SIDE, GATES = 64, BATCH = 32 };

/* Four classes: which quarter of a noisy picture is bright. */
static void pictures(float *x, uint8_t *labels, size_t count, bern_rng *rng)
{
	for (size_t n = 0; n < count; n++) {
		labels[n] = (uint8_t)bern_rng_below(rng, 4);
		for (size_t i = 0; i < PIXELS; i++) {
			size_t quarter = i / SIDE / (SIDE / 2) * 2 + i % SIDE / (SIDE / 2);
			x[n * PIXELS + i] = (float)(bern_rng_range(rng, -0.5, 0.5) +
						    (quarter == labels[n] ? 1.0 : 0.0));
		}
	}
}

/* 3,000 batches; returns the share of gates open over the last 1,000 and the error of thresholded (or full) gates on new pictures */
static void train(int64_t kind, double target, uint64_t seed, double *share, double *error)
{
	static float x[BATCH * PIXELS];
	static uint8_t labels[BATCH];
	bern_arena arena = {0};
	bern_gated net;
	bern_gated_plan plan = {PIXELS, GATES, 4, kind, target, .gater = 8, .rate = 0.002};
	bern_rng rng;
	bern_error e;
	bern_gate_rng gates;
	bern_rng_seed(&rng, seed);
	bern_rng_seed(&gates.noise, seed + 1);
	bern_firing_rng_stream(&gates.firing, seed, (bern_stream_key){.purpose = BERN_FOR_FIRING});
	ck_assert(!bern_gated_init(&net, &arena, &plan, BATCH, bern_kernels_usable()[0], &rng, &e));
	*share = *error = 0.0;
	for (size_t t = 0; t < 3000; t++) {
		pictures(x, labels, BATCH, &rng);
		bern_gated_learn(&net, x, labels, BATCH, &gates);
		for (size_t n = 0; t >= 2000 && n < BATCH; n++)
			*share += (double)net.pass[n].count / (1000.0 * BATCH * GATES);
	}
	for (size_t t = 0; t < 20; t++) {
		pictures(x, labels, BATCH, &rng);
		for (size_t n = 0; n < BATCH; n++) {
			bern_gated_pass *pass = &net.pass[n];
			size_t best = 0;
			bern_gated_open(&net, pass, x + n * PIXELS, &gates);
			bern_gated_compute(&net, pass, x + n * PIXELS);
			for (size_t c = 1; c < 4; c++)
				best = pass->chance[c] > pass->chance[best] ? c : best;
			*error += (best != labels[n]) / (20.0 * BATCH);
		}
	}
	bern_arena_finish(&arena);
}

/* KL: the mean share sits where its pull and that of the loss balance; within a third of the target is asked for. L1 is steered until
 * the share lies within 0.01, and sways around it:
 * 0.03 with noise; 0.06 without, where closed gates come back by the push alone and many at once. */
START_TEST(sparsity_reaches_its_target)
{
	static const int64_t kinds[] = {BERN_GATES_REWARD, BERN_GATES_STRAIGHT_THROUGH,
					BERN_GATES_STS, BERN_GATES_NOISY_RECTIFIER,
					BERN_GATES_RECTIFIER};
	static const double targets[] = {0.1, 0.25};
	int64_t kind = kinds[_i / 2];
	double target = targets[_i % 2], share, error;
	train(kind, target, 7, &share, &error);
	double room = kind == BERN_GATES_NOISY_RECTIFIER ? 0.03
		      : kind == BERN_GATES_RECTIFIER     ? 0.06
							 : target / 3.0;
	ck_assert_msg(fabs(share - target) <= room, "%s: %.4f of the gates are open, target %g",
		      bern_gate_kinds[kind].name, share, target);
	/* one gate in ten of 64 experts is enough to tell four quarters; guessing errs in 75% */
	ck_assert_msg(error < 0.15, "%s: error %.3f", bern_gate_kinds[kind].name, error);
}
END_TEST

START_TEST(same_seed_same_bits_at_every_level)
{
	const bern_kernels *const *levels = bern_kernels_usable();
	for (int64_t kind = 0; kind < BERN_GATE_KINDS; kind++) {
		static float first[4096];
		for (size_t level = 0; levels[level]; level++) {
			layer l;
			make(&l, kind, R, 0.3, 11);
			l.net.kernels = l.net.optimizer.kernels = levels[level];
			for (size_t t = 0; t < 20; t++)
				bern_gated_learn(&l.net, l.x, l.labels, N, &l.rng);
			size_t size = l.net.param_count * sizeof(float);
			ck_assert_uint_le(size, sizeof first);
			if (level == 0)
				memcpy(first, l.net.params, size);
			ck_assert_msg(!memcmp(first, l.net.params, size), "%s: %s differs",
				      bern_gate_kinds[kind].name, levels[level]->name);
			bern_arena_finish(&l.arena);
		}
	}
}
END_TEST

START_TEST(targets_outside_0_to_1_and_empty_layers_are_refused)
{
	static const double targets[] = {0.0, 1.0, -0.1, 1.5, (double)NAN, (double)INFINITY};
	bern_rng rng;
	bern_error e;
	bern_rng_seed(&rng, 1);
	for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
		bern_arena arena = {0};
		bern_gated net;
		bern_gated_plan plan = {I, G, C, BERN_GATES_REWARD, targets[i], .gater = 0};
		ck_assert_int_eq(
			bern_gated_init(&net, &arena, &plan, N, bern_kernels_usable()[0], &rng, &e),
			BERN_EUSAGE);
		ck_assert_ptr_nonnull(strstr(e.text, "between 0 and 1"));
		bern_arena_finish(&arena);
	}
	bern_arena arena = {0};
	bern_gated net;
	bern_gated_plan plan = {I, 0, C, BERN_GATES_REWARD, 0.5, .gater = 0};
	ck_assert_int_eq(
		bern_gated_init(&net, &arena, &plan, N, bern_kernels_usable()[0], &rng, &e),
		BERN_EUSAGE);
	bern_arena_finish(&arena);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("gated");
	TCase *t = tcase_create("gated");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, back_propagation_agrees_with_finite_differences, 0, 5);
	tcase_add_loop_test(t, reward_alone_is_unbiased_by_enumeration, 0, 5);
	tcase_add_loop_test(t, straight_through_is_found_out_by_the_same_enumeration, 0, 3);
	tcase_add_loop_test(t, the_sparsity_term_is_the_gradient_of_the_divergence, 0, 3);
	tcase_add_loop_test(t, closed_experts_are_neither_read_nor_written, 0, 5);
	tcase_add_loop_test(t, thresholded_gates_open_where_they_are_more_likely_open_than_not, 0,
			    5);
	tcase_add_loop_test(t, sparsity_reaches_its_target, 0, 10);
	tcase_add_test(t, same_seed_same_bits_at_every_level);
	tcase_add_test(t, targets_outside_0_to_1_and_empty_layers_are_refused);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
