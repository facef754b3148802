/* Real actions: the Gaussian head's numbers against libm in double, and the estimators with it exactly unbiased: every firing of
 * small networks by enumeration, the action by quadrature. */
#include "agent_trial.h"

#include <arena.h>
#include <bern/builtin.h>
#include <bern/math.h>
#include <estimator.h>
#include <reference.h>

#include <check.h>
#include <math.h>
#include <stdlib.h>

static double uniform(bern_pcg32 *rng)
{
	return (double)bern_pcg32_next(rng) / 4294967296.0;
}

static int32_t bits_of(double u)
{
	return (int32_t)bern_bits_of_float((float)u);
}

static double number_of(int32_t bits)
{
	return (double)bern_float_of_bits((uint32_t)bits);
}

/* ---- the head ------------------------------------------------------------------------------------- */

static void head_of(bern_action_head *head, bern_arena *arena, const bern_space *action,
		    const float *log_deviation)
{
	bern_error e = {0};
	ck_assert_msg(bern_head_init(head, arena, action, 0, BERN_HEAD_AUTO, &e) == 0, "%s",
		      e.text);
	head->gaussian.log_deviation = log_deviation;
}

START_TEST(boxes_that_no_gaussian_fits_are_refused_with_a_sentence)
{
	static const float minus[2] = {-1, -1}, one[2] = {1, 1}, zero[2] = {0, 0};
	static const float far[2] = {1, INFINITY};
	static const struct {
		bern_space action;
		const char *says;
	} refused[] = {
		{{.kind = BERN_BOX, .count = 2, .low = zero, .high = far},
		 "[0, inf] of action element 1"},
		{{.kind = BERN_BOX, .count = 2, .low = zero}, "[0, inf] of action element 0"},
		{{.kind = BERN_BOX, .count = 2, .low = one, .high = one}, "[1, 1]"},
		{{.kind = BERN_BOX, .dtype = BERN_UINT8, .count = 2, .low = zero, .high = one},
		 "whole numbers"},
	};
	bern_space whole = {.kind = BERN_BOX, .count = 2, .low = minus, .high = one};
	bern_action_head head;
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		bern_arena arena = {0};
		bern_error e = {0};
		ck_assert_int_eq(
			bern_head_init(&head, &arena, &refused[i].action, 0, BERN_HEAD_AUTO, &e),
			BERN_EUSAGE);
		ck_assert_msg(strstr(e.text, refused[i].says) != NULL, "%s", e.text);
		bern_arena_finish(&arena);
	}
	bern_arena arena = {0};
	head_of(&head, &arena, &whole, NULL);
	ck_assert_uint_eq(head.components, 2);
	ck_assert_uint_eq(head.outputs, 2);
	ck_assert_uint_eq(head.logits, 4);
	bern_arena_finish(&arena);
}
END_TEST

START_TEST(the_environment_gets_numbers_inside_its_bounds)
{
	static const float low[3] = {-2, 10, -INFINITY}, high[3] = {2, 14, INFINITY};
	bern_space action = {.kind = BERN_BOX, .count = 3, .low = low, .high = high};
	static const double u[][3] = {{0, 0, 0}, {0.5, -0.5, 7}, {-3, 1.5, -1e6}};
	static const float expected[][3] = {{0, 12, 0}, {1, 11, 7}, {-2, 14, -1e6f}};
	bern_arena arena = {0};
	bern_action_head head;
	head_of(&head, &arena, &action, NULL);
	for (int i = 0; i < 3; i++) {
		float out[3];
		int32_t bits[3];
		for (int d = 0; d < 3; d++)
			bits[d] = bits_of(u[i][d]);
		bern_head_write(&head, out, bits);
		for (int d = 0; d < 3; d++)
			ck_assert_float_eq(out[d], expected[i][d]);
	}
	bern_arena_finish(&arena);
}
END_TEST

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* Kolmogorov and Smirnov: sqrt(n) times the largest distance from the distribution function stays below 2.23 with a probability
 * of 1 - 2 exp(-2 2.23^2) = 0.9999. The two numbers of an action are not correlated: 5 standard errors. */
START_TEST(draws_are_normal)
{
	enum { DRAWS = 100000 };
	static double z[2][DRAWS];
	static const float deviation[2] = {-0.7f, 0.4f};
	bern_space action = {.kind = BERN_BOX, .count = 2};
	bern_arena arena = {0};
	bern_action_head head;
	bern_firing_rng firing;
	float mean[2] = {0.3f, -2.0f}, pi[4];
	double product = 0;
	head_of(&head, &arena, &action, deviation);
	bern_firing_rng_stream(&firing, 3, (bern_stream_key){.purpose = BERN_FOR_FIRING});
	bern_head_probabilities(&head, pi, mean, NULL);
	bern_draws draws = {.kernels = bern_kernels_usable()[0], .rng = &firing};
	for (int i = 0; i < DRAWS; i++) {
		int32_t bits[2];
		bern_head_sample(&head, bits, pi, &draws);
		for (int d = 0; d < 2; d++)
			z[d][i] = (number_of(bits[d]) - (double)mean[d]) /
				  exp((double)deviation[d]);
		product += z[0][i] * z[1][i];
	}
	ck_assert_double_le(fabs(product / DRAWS), 5 / sqrt(DRAWS));
	for (int d = 0; d < 2; d++) {
		double most = 0;
		qsort(z[d], DRAWS, sizeof z[d][0], ascending);
		for (int i = 0; i < DRAWS; i++) {
			double below = 0.5 * erfc(-z[d][i] / sqrt(2.0));
			most = fmax(most, fmax(fabs(below - (double)i / DRAWS),
					       fabs(below - (i + 1.0) / DRAWS)));
		}
		ck_assert_msg(most * sqrt(DRAWS) < 2.23, "number %d: %g", d, most * sqrt(DRAWS));
	}
	bern_arena_finish(&arena);
}
END_TEST

/* log density by libm */
static double log_density(const double *mean, const double *log_deviation, const double *u,
			  size_t D)
{
	double total = 0;
	for (size_t d = 0; d < D; d++) {
		double z = (u[d] - mean[d]) / exp(log_deviation[d]);
		total -= 0.5 * z * z + log_deviation[d] + 0.5 * log(2 * acos(-1.0));
	}
	return total;
}

/* Floats: means and deviations carry 2^-24 each, a difference of numbers up to 6 as much again, over a deviation of at least 0.3
 * squared, times |z| up to 20: 1e-4 of the result leaves a factor of 4. */
START_TEST(scores_and_posteriors_are_those_of_the_density)
{
	bern_pcg32 rng;
	bern_pcg32_init(&rng, (uint64_t)_i, 1);
	enum { D = 3, K = 4 };
	float deviation[D], mean[K][D], pi[K * 2 * D], delta[2 * D], weight[K];
	double wide[D], m[K][D], u[D], density[K], total = 0, most = -INFINITY;
	int32_t bits[D];
	bern_space action = {.kind = BERN_BOX, .count = D};
	bern_arena arena = {0};
	bern_action_head head;
	head_of(&head, &arena, &action, deviation);
	for (size_t d = 0; d < D; d++) {
		deviation[d] = (float)(1.2 * uniform(&rng) - 1.2);
		wide[d] = (double)deviation[d];
		/* every other time far out, where the densities themselves are 0 in float */
		bits[d] = bits_of(2 * uniform(&rng) - 1 + (_i % 2 ? 5 : 0));
		u[d] = number_of(bits[d]);
	}
	for (size_t k = 0; k < K; k++) {
		for (size_t d = 0; d < D; d++) {
			mean[k][d] = (float)(2 * uniform(&rng) - 1);
			m[k][d] = (double)mean[k][d];
		}
		bern_head_probabilities(&head, pi + k * 2 * D, mean[k], NULL);
		density[k] = log_density(m[k], wide, u, D);
		most = fmax(most, density[k]);
	}
	for (size_t k = 0; k < K; k++)
		total += exp(density[k] - most);
	bern_head_posterior(&head, weight, pi, bits, K);
	for (size_t k = 0; k < K; k++) {
		double expected = exp(density[k] - most) / total;
		ck_assert_double_le(fabs((double)weight[k] - expected), 1e-3 * expected + 1e-7);
	}
	double mixture = most + log(total / K);
	ck_assert_double_le(fabs(bern_head_log_mixture(&head, pi, bits, K) - mixture),
			    1e-4 * (1 + fabs(mixture)));
	bern_head_score(&head, delta, pi, bits, 1.5f);
	for (size_t n = 0; n < 2 * D; n++) {
		double *x = n < D ? &m[0][n] : &wide[n - D], kept = *x, step = 1e-5;
		*x = kept + step;
		double up = log_density(m[0], wide, u, D);
		*x = kept - step;
		double slope = 1.5 * (up - log_density(m[0], wide, u, D)) / (2 * step);
		*x = kept;
		ck_assert_msg(fabs((double)delta[n] - slope) <= 1e-4 * fabs(slope) + 1e-5,
			      "%zu: %g, expected %g", n, (double)delta[n], slope);
	}
	double entropy = 0;
	for (size_t d = 0; d < D; d++)
		entropy += wide[d] + 0.5 * log(2 * acos(-1.0) * exp(1.0));
	ck_assert_double_le(fabs((double)bern_head_entropy(&head, pi) - entropy), 2e-6);
	bern_arena_finish(&arena);
}
END_TEST

/* ---- unbiased ------------------------------------------------------------------------------------- */

#define PARAMS 64
#define MOST   2 /* hidden layers */

typedef struct shape {
	size_t inputs, depth, units[MOST];
	size_t D, K;
} shape;

static const shape shapes[] = {
	{2, 1, {3}, 1, 1}, {2, 1, {3}, 1, 2},    {1, 1, {2}, 1, 3},
	{2, 1, {2}, 2, 2}, {2, 2, {2, 2}, 1, 2}, {2, 2, {3, 2}, 1, 1},
};
#define SHAPES (int)(sizeof shapes / sizeof shapes[0])

typedef struct small {
	const shape *shape;
	bern_arena arena;
	bern_network net;
	bern_trace trace;
	bern_workspace work;
	double params[PARAMS], x[4];
} small;

static void small_init(small *s, const shape *shape, uint64_t seed)
{
	bern_error e;
	bern_pcg32 rng;
	bern_action_head head;
	const int64_t kinds[MOST] = {BERN_UNITS_BINARY, BERN_UNITS_BINARY};
	bern_space action = {.kind = BERN_BOX, .count = (uint32_t)shape->D};
	memset(s, 0, sizeof *s);
	s->shape = shape;
	bern_pcg32_init(&rng, seed, 3);
	head_of(&head, &s->arena, &action, NULL);
	ck_assert_int_eq(bern_network_init(&s->net, &s->arena, &head, shape->inputs, shape->units,
					   kinds, shape->depth, shape->K, bern_kernels_usable()[0],
					   &e),
			 0);
	s->net.keeps_chance = 1;
	ck_assert_int_eq(bern_trace_init(&s->trace, &s->arena, &s->net, 1, &e), 0);
	ck_assert_int_eq(bern_workspace_init(&s->work, &s->arena, &s->net, &e), 0);
	ck_assert_uint_le(s->net.param_count, PARAMS);
	for (size_t i = 0; i < s->net.param_count; i++) {
		double wide = 2.0 * uniform(&rng) - 1.0;
		if (i >= s->net.param_count - shape->D) /* log deviations */
			wide = -0.4 + 0.3 * wide;
		s->net.params[i] = (float)wide;
		s->params[i] = (double)s->net.params[i];
	}
	for (size_t i = 0; i < shape->inputs; i++) {
		s->trace.x[i] = (float)(2.0 * uniform(&rng) - 1.0);
		s->x[i] = (double)s->trace.x[i];
	}
}

/* P(h | x) of one firing whose bits are given, and the means (D); nothing of Bern but the layout of the parameters. */
static double firing(const small *s, size_t bits, double *mean)
{
	const shape *shape = s->shape;
	double below[4], chance = 1;
	const double *at = s->params;
	size_t inputs = shape->inputs;
	memcpy(below, s->x, sizeof below);
	for (size_t l = 0; l <= shape->depth; l++) {
		size_t J = l < shape->depth ? shape->units[l] : shape->D;
		double h[4];
		for (size_t j = 0; j < J; j++) {
			double a = at[inputs * J + j];
			for (size_t i = 0; i < inputs; i++)
				a += below[i] * at[i * J + j];
			if (l == shape->depth) {
				mean[j] = a;
				continue;
			}
			h[j] = (double)(bits & 1);
			chance *= bits & 1 ? 1 / (1 + exp(-a)) : 1 / (1 + exp(a));
			bits >>= 1;
		}
		if (l < shape->depth)
			memcpy(below, h, J * sizeof *h);
		at += (inputs + 1) * J;
		inputs = J;
	}
	return chance;
}

static size_t bits_of_shape(const shape *shape)
{
	return shape->units[0] + (shape->depth > 1 ? shape->units[1] : 0);
}

/* Smooth, so that sums over an even grid converge faster than any power of its step; no symmetry to hide behind. */
static double reward(const double *u, size_t D)
{
	double r = sin(1.3 * u[0]) + 0.2 * u[0] * u[0] - 0.5;
	return D > 1 ? r + cos(u[1]) * u[0] : r;
}

/* The grid: means lie within 4 and deviations within 0.37 .. 0.91. The trapezoid rule on a Gaussian of deviation s with step d errs by
 * exp(-2 (pi s/d)^2): 1e-11 at d = 0.2 s; the ends, 6.5 deviations out and more, by 1e-9. */
#define STEP 0.1
#define ENDS 10.0

static size_t grid_points(size_t D)
{
	size_t line = (size_t)(2 * ENDS / STEP) + 1;
	return D > 1 ? line * line : line;
}

/* Point number i, on floats' grid so that the code under test gets just this action. */
static void grid_point(size_t i, size_t D, double *u)
{
	size_t line = (size_t)(2 * ENDS / STEP) + 1;
	for (size_t d = 0; d < D; d++, i /= line)
		u[d] = -ENDS + STEP * (double)(i % line);
}

/* Expected reward: independent of the estimator, of K too. */
static double value(const small *s)
{
	size_t D = s->shape->D;
	double total = 0, volume = D > 1 ? STEP * STEP : STEP;
	for (size_t bits = 0; bits < (size_t)1 << bits_of_shape(s->shape); bits++) {
		double mean[2], chance = firing(s, bits, mean), inner = 0, u[2];
		for (size_t i = 0; i < grid_points(D); i++) {
			grid_point(i, D, u);
			inner += reward(u, D) *
				 exp(log_density(mean, s->params + s->net.param_count - D, u, D));
		}
		total += chance * inner * volume;
	}
	return total;
}

/* The firings of one way, for the reference and in the trace. */
static double set_firings(small *s, size_t way, uint8_t h[MOST][16], bern_reference_step *step)
{
	const shape *shape = s->shape;
	double chance = 1, mean[2];
	size_t each = bits_of_shape(shape);
	for (size_t k = 0; k < shape->K; k++) {
		size_t bits = way >> (k * each) & (((size_t)1 << each) - 1);
		chance *= firing(s, bits, mean);
		for (size_t l = 0; l < shape->depth; l++)
			for (size_t j = 0; j < shape->units[l]; j++, bits >>= 1) {
				h[l][k * shape->units[l] + j] = bits & 1;
				bern_trace_h(&s->trace, &s->net, l, 0, k)[j] = bits & 1;
			}
		for (size_t l = 0; l < shape->depth; l++)
			step->h[l] = h[l];
	}
	return chance;
}

/* p and pi of the firings in the trace, by the network's own kernels. */
static void fill_trace(small *s)
{
	bern_network *net = &s->net;
	for (size_t k = 0; k < s->shape->K; k++)
		for (size_t l = 0; l <= net->depth; l++) {
			const bern_layer *layer = &net->layer[l];
			const float *w = net->params + layer->weight;
			const float *bias = net->params + layer->bias;
			float a[64] = {0};
			uint32_t rows[64];
			if (l == 0) {
				net->kernels->affine(a, s->trace.x, w, bias, layer->inputs,
						     layer->units);
			} else {
				const uint8_t *h = bern_trace_h(&s->trace, net, l - 1, 0, k);
				size_t count = net->kernels->fired(rows, h, layer->inputs);
				net->kernels->affine_rows(a, rows, count, w, bias, layer->units);
			}
			if (l < net->depth)
				net->kernels->probability(bern_trace_p(&s->trace, net, l, 0, k), a,
							  layer->units);
			else
				bern_head_probabilities(
					&net->head, s->trace.pi + k * net->head.logits, a, NULL);
		}
}

enum { FAST, LOCAL, REFERENCE, COUNTERFACTUAL, EQUAL_WEIGHTS };

/* The estimate's expectation over firings and action, with an advantage of reward - 0.7. */
static void expectation(small *s, int how, double *mean)
{
	size_t D = s->shape->D, K = s->shape->K, ways = (size_t)1 << (K * bits_of_shape(s->shape));
	double volume = D > 1 ? STEP * STEP : STEP;
	const bern_estimator *estimator;
	bern_error e;
	const int64_t kinds[MOST] = {BERN_UNITS_BINARY, BERN_UNITS_BINARY};
	const bern_offer offer = {.kind = kinds, .depth = s->shape->depth, .firings = (int64_t)K};
	const char *name = how == LOCAL ? "local-expectation" : "auto";
	ck_assert_int_eq(bern_estimator_find(&estimator, name, &offer, &e), 0);
	memset(mean, 0, PARAMS * sizeof *mean);
	for (size_t way = 0; way < ways; way++) {
		uint8_t h[MOST][16];
		int32_t action[2];
		double u[2];
		bern_reference_step step = {.firings = K, .x = s->x, .action = action};
		double chance = set_firings(s, way, h, &step);
		fill_trace(s);
		for (size_t i = 0; i < grid_points(D); i++) {
			double g[PARAMS];
			grid_point(i, D, u);
			for (size_t d = 0; d < D; d++) {
				action[d] = bits_of(u[d]);
				u[d] = number_of(action[d]);
			}
			double density = bern_reference_likelihood(&s->net, s->params, &step);
			double share = chance * density * volume;
			if (share < 1e-14)
				continue;
			step.advantage = reward(u, D) - 0.7;
			if (how == REFERENCE) {
				bern_reference_estimate(&s->net, s->params, &step, g);
			} else if (how == COUNTERFACTUAL) {
				bern_reference_counterfactual(&s->net, s->params, &step, g);
			} else {
				float gradient[PARAMS] = {0}, advantage = (float)step.advantage;
				size_t row = 0;
				bern_signal signal = {.advantage = &advantage, .scale = 1.0f};
				memcpy(s->trace.action, action, D * sizeof *action);
				bern_head_posterior(&s->net.head, s->trace.posterior, s->trace.pi,
						    s->trace.action, K);
				for (size_t k = 0; how == EQUAL_WEIGHTS && k < K; k++)
					s->trace.posterior[k] = 1.0f / (float)K;
				estimator->accumulate(&s->net, &s->trace, &row, 1, &signal,
						      &s->work, gradient);
				for (size_t n = 0; n < s->net.param_count; n++)
					g[n] = (double)gradient[n];
			}
			for (size_t n = 0; n < s->net.param_count; n++)
				mean[n] += share * g[n];
		}
	}
}

static double worst(small *s, const double *mean)
{
	double most = 0;
	for (size_t n = 0; n < s->net.param_count; n++) {
		double kept = s->params[n], step = 1e-4;
		s->params[n] = kept + step;
		double up = value(s);
		s->params[n] = kept - step;
		double slope = (up - value(s)) / (2 * step);
		s->params[n] = kept;
		most = fmax(most, fabs(mean[n] - slope));
	}
	return most;
}

/* Central differences err by step^2 = 1e-8 times a third derivative of about 1; the points of the grid are rounded to floats, by 5e-7 at
 * most where the density counts, which moves the sum by its second order only where it is even and by 1e-7 otherwise. */
START_TEST(references_are_unbiased_with_real_actions)
{
	small s;
	double mean[PARAMS];
	int shape = _i / 2;
	small_init(&s, &shapes[shape], 20 + (uint64_t)shape);
	expectation(&s, _i % 2 ? COUNTERFACTUAL : REFERENCE, mean);
	double off = worst(&s, mean);
	ck_assert_msg(off <= 5e-7, "off by %g", off);
	bern_arena_finish(&s.arena);
}
END_TEST

/* Float error: K scores of up to 30 (z of 6 over 0.4^2) with a mean near 2, of about ten rounded operations: 2e-6 of that. */
START_TEST(fast_estimators_are_unbiased_with_real_actions)
{
	small s;
	double mean[PARAMS];
	int shape = _i / 2;
	small_init(&s, &shapes[shape], 40 + (uint64_t)shape);
	expectation(&s, _i % 2 ? LOCAL : FAST, mean);
	double off = worst(&s, mean);
	ck_assert_msg(off <= 5e-6, "off by %g", off);
	bern_arena_finish(&s.arena);
}
END_TEST

/* As in test_estimators.c: the mean over 20,000 starts of what is drawn, within 6 standard errors; float error as above. */
START_TEST(counterfactual_credit_for_real_actions_is_right_on_the_mean)
{
	enum { CHANCES = 20000 };
	const double u[2] = {0.3, -0.4};
	const int64_t kinds[MOST] = {BERN_UNITS_BINARY, BERN_UNITS_BINARY};
	uint8_t h[MOST][16];
	int32_t action[2] = {bits_of(u[0]), bits_of(u[1])};
	bern_reference_step step = {.firings = shapes[_i].K, .action = action, .advantage = 1.3};
	double exact[PARAMS], sum[PARAMS] = {0}, square[PARAMS] = {0};
	bern_pcg32 rng;
	bern_error e;
	const bern_estimator *estimator;
	const bern_offer offer = {
		.kind = kinds, .depth = shapes[_i].depth, .firings = (int64_t)shapes[_i].K};
	small s;
	small_init(&s, &shapes[_i], 70 + (uint64_t)_i);
	bern_pcg32_init(&rng, 9, (uint64_t)_i);
	ck_assert_int_eq(bern_estimator_find(&estimator, "counterfactual", &offer, &e), 0);
	step.x = s.x;
	set_firings(&s, 0x5a5 & (((size_t)1 << (step.firings * bits_of_shape(s.shape))) - 1), h,
		    &step);
	fill_trace(&s);
	memcpy(s.trace.action, action, s.shape->D * sizeof *action);
	bern_head_posterior(&s.net.head, s.trace.posterior, s.trace.pi, action, step.firings);
	bern_reference_counterfactual(&s.net, s.params, &step, exact);
	for (int c = 0; c < CHANCES; c++) {
		float g[PARAMS] = {0}, advantage = 1.3f;
		size_t row = 0;
		bern_signal signal = {.advantage = &advantage, .scale = 1.0f};
		s.trace.chance[0] = bern_pcg32_next(&rng);
		s.trace.chance[1] = bern_pcg32_next(&rng);
		estimator->accumulate(&s.net, &s.trace, &row, 1, &signal, &s.work, g);
		for (size_t n = 0; n < s.net.param_count; n++) {
			sum[n] += (double)g[n];
			square[n] += (double)g[n] * (double)g[n];
		}
	}
	for (size_t n = 0; n < s.net.param_count; n++) {
		double mean = sum[n] / CHANCES, spread = square[n] / CHANCES - mean * mean;
		double off = fabs(mean - exact[n]);
		ck_assert_msg(off <= 6.0 * sqrt(fmax(spread, 0.0) / CHANCES) + 5e-6,
			      "parameter %zu is off by %g", n, off);
	}
	bern_arena_finish(&s.arena);
}
END_TEST

START_TEST(firings_that_all_count_alike_are_found_biased)
{
	small s;
	double mean[PARAMS];
	small_init(&s, &shapes[1], 60);
	expectation(&s, EQUAL_WEIGHTS, mean);
	ck_assert_double_ge(worst(&s, mean), 1e-3);
	bern_arena_finish(&s.arena);
}
END_TEST

/* ---- the agent ------------------------------------------------------------------------------------ */

static const bern_env *pendulum(void)
{
	const bern_plugin *plugin;
	for (size_t i = 0; (plugin = bern_builtin_plugin(i)); i++)
		for (uint32_t k = 0; k < plugin->count; k++)
			if (strcmp(plugin->envs[k]->id, "Pendulum-v1") == 0)
				return plugin->envs[k];
	ck_abort_msg("there is no Pendulum-v1");
	return NULL;
}

START_TEST(a_resumed_run_with_real_actions_has_the_same_bits)
{
	bern_agent_config config = trial_config("reinforce");
	config.num_envs = 3;
	config.num_steps = 5;
	config.entropy_coef = 0.01;
	trial_resumes(pendulum(), "30", &config, 20, 30);
}
END_TEST

START_TEST(estimators_that_list_actions_are_refused)
{
	static const char *const names[] = {"rao-blackwell", "rloo", "relax"};
	for (int i = 0; i < 3; i++) {
		bern_agent_config config = trial_config("reinforce");
		bern_error e;
		config.num_envs = 2;
		ck_assert_int_eq(bern_agent_config_set(&config, "estimator", names[i], &e), 0);
		trial_refused(pendulum(), &config, "needs actions that can be listed");
	}
}
END_TEST

/* A task of one step: the number wanted is 0.5 or -0.5 times the observed 1 or -1, and the cost its squared distance. */
static int32_t aim_open(const bern_value *values, bern_instance *out, char *err, size_t size)
{
	static const float low[1] = {-1}, high[1] = {1};
	(void)values;
	(void)err;
	(void)size;
	out->state_size = sizeof(int32_t);
	out->observation = (bern_space){.kind = BERN_BOX, .count = 1, .low = low, .high = high};
	out->action = (bern_space){.kind = BERN_BOX, .count = 1, .low = low, .high = high};
	return 0;
}

static void aim_reset(const void *model, void *state, struct bern_rng *rng)
{
	(void)model;
	*(int32_t *)state = bern_rng_below(rng, 2) ? 1 : -1;
}

static void aim_step(const void *model, void *state, struct bern_rng *rng, const void *action,
		     bern_outcome *out)
{
	double off = (double)*(const float *)action - 0.5 * *(const int32_t *)state;
	(void)model;
	(void)rng;
	out->reward = -off * off;
	out->flags = BERN_TERMINATED;
}

static void aim_observe(const void *model, const void *state, void *observation)
{
	(void)model;
	*(float *)observation = (float)*(const int32_t *)state;
}

static const bern_env aim_env = {.abi = BERN_ENV_ABI,
				 .struct_size = sizeof(bern_env),
				 .id = "test/Aim-v0",
				 .summary = "hit a number",
				 .source = "made up",
				 .open = aim_open,
				 .reset = aim_reset,
				 .step = aim_step,
				 .observe = aim_observe};

/* Without looking at the observation the cost is 0.25 at best; the mean field is not the mean policy, so it need not hit. */
START_TEST(a_number_is_learned)
{
	static const char *const variants[][2] = {
		{"firings", "16"}, {"firings", "1"}, {"units", "tanh"}};
	trial t;
	bern_error e;
	bern_agent_config config = trial_config("reinforce");
	config.num_envs = 16;
	config.num_steps = 2;
	config.learning_rate = 0.005;
	ck_assert_int_eq(bern_agent_config_set(&config, variants[_i][0], variants[_i][1], &e), 0);
	trial_open(&t, &aim_env, NULL, &config, 2);
	trial_learn(&t, 2000);
	const float *deviation = trial_tensor(&t, "policy.output.log_deviation");
	ck_assert_msg(*deviation < -1, "the log deviation is %g, from 0", (double)*deviation);
	for (int n = 0; n < 50; n++) {
		float real[16];
		size_t which[16];
		for (size_t b = 0; b < 16; b++)
			which[b] = b;
		t.agent->kind->act(t.agent, &t.lanes, which, 16, BERN_MEAN_FIELD, NULL, NULL, real);
		TRIAL_OK(&t, bern_lanes_step_box(&t.lanes, real, &t.e));
		for (size_t b = 0; b < 16; b++)
			ck_assert_msg(t.lanes.reward[b] > -0.05, "a cost of %g",
				      -t.lanes.reward[b]);
	}
	trial_close(&t);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("gaussian");
	TCase *t = tcase_create("real actions");
	tcase_set_timeout(t, 100);
	tcase_add_test(t, boxes_that_no_gaussian_fits_are_refused_with_a_sentence);
	tcase_add_test(t, the_environment_gets_numbers_inside_its_bounds);
	tcase_add_test(t, draws_are_normal);
	tcase_add_loop_test(t, scores_and_posteriors_are_those_of_the_density, 0, 40);
	tcase_add_loop_test(t, references_are_unbiased_with_real_actions, 0, 2 * SHAPES);
	tcase_add_loop_test(t, fast_estimators_are_unbiased_with_real_actions, 0, 2 * SHAPES);
	tcase_add_loop_test(t, counterfactual_credit_for_real_actions_is_right_on_the_mean, 0,
			    SHAPES);
	tcase_add_test(t, firings_that_all_count_alike_are_found_biased);
	tcase_add_test(t, a_resumed_run_with_real_actions_has_the_same_bits);
	tcase_add_test(t, estimators_that_list_actions_are_refused);
	tcase_add_loop_test(t, a_number_is_learned, 0, 3);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
