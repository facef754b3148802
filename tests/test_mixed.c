/* Networks of mixed layers: the double reference is unbiased by enumeration, what is known to be biased is found to be, the fast
 * reverse pass agrees with the reference, noise has the distribution it claims, and units decide as the header says. */
#include "mixed_oracle.h"

#include <backward.h>
#include <noise.h>
#include <reference.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct shape {
	size_t depth, units[MIXED_LAYERS];
	int kind[MIXED_LAYERS];
	int32_t actions;
	size_t K;
} shape;

enum {
	B = MIXED_BINARY,
	R = MIXED_RELU,
	T = MIXED_TANH,
	N = MIXED_RECTIFIER,
	L = MIXED_LOGISTIC,
	S = MIXED_SMOOTH
};

/* every kind below and above bits, alone, and with deterministic layers that all firings share */
static const shape shapes[] = {
	{2, {2, 2}, {T, B}, 2, 1},
	{2, {2, 2}, {T, B}, 2, 2},
	{2, {2, 2}, {B, T}, 3, 1},
	{2, {2, 2}, {B, T}, 3, 3},
	{2, {3, 2}, {R, S}, 2, 1},
	{2, {3, 2}, {R, S}, 2, 2},
	{1, {2}, {N}, 2, 1},
	{1, {2}, {N}, 3, 2},
	{1, {2}, {S}, 2, 1},
	{1, {2}, {S}, 2, 3},
	{2, {2, 2}, {N, B}, 2, 1},
	{2, {2, 2}, {N, B}, 2, 2},
	{2, {2, 2}, {B, L}, 2, 1},
	{2, {2, 1}, {B, N}, 3, 2},
	{2, {2, 2}, {S, S}, 3, 1},
	{2, {2, 2}, {S, B}, 2, 2},
	{2, {2, 2}, {B, S}, 2, 2},
	{3, {2, 2, 2}, {B, T, B}, 2, 2},
	{3, {2, 2, 2}, {T, B, R}, 2, 2},
	{3, {1, 2, 1}, {L, B, S}, 2, 2},
	{3, {2, 2, 2}, {T, R, T}, 3, 1},
	{2, {2, 2}, {T, T}, 2, 3},
	{3, {2, 1, 1}, {B, N, B}, 2, 2},
	{3, {1, 1, 1}, {S, T, S}, 2, 4},
};
#define SHAPES (int)(sizeof shapes / sizeof shapes[0])

typedef struct small {
	bern_arena arena;
	bern_network net;
	mixed_net oracle;
	double params[MIXED_PARAMS], x[2], reward[4], exact[MIXED_PARAMS];
	size_t K;
} small;

static double uniform(bern_pcg32 *rng)
{
	return (double)bern_pcg32_next(rng) / 4294967296.0;
}

static void lay_out(bern_network *net, bern_arena *arena, const shape *shape, size_t inputs)
{
	bern_error e;
	bern_action_head head;
	const int32_t sizes[] = {shape->actions};
	int64_t kind[MIXED_LAYERS];
	bern_space action = {.kind = BERN_DISCRETE, .count = 1, .sizes = sizes};
	for (size_t l = 0; l < shape->depth; l++) /* the oracle's numbers are the header's */
		kind[l] = shape->kind[l];
	ck_assert_int_eq(bern_head_init(&head, arena, &action, 0, BERN_HEAD_AUTO, &e), 0);
	ck_assert_int_eq(bern_network_init(net, arena, &head, inputs, shape->units, kind,
					   shape->depth, shape->K, bern_kernels_usable()[0], &e),
			 0);
}

static void small_init(small *s, const shape *shape, uint64_t seed)
{
	bern_pcg32 rng;
	memset(s, 0, sizeof *s);
	bern_pcg32_init(&rng, seed, 5);
	lay_out(&s->net, &s->arena, shape, 2);
	ck_assert_uint_le(s->net.param_count, MIXED_PARAMS);
	s->oracle = (mixed_net){.inputs = 2,
				.depth = shape->depth,
				.actions = (size_t)shape->actions,
				.params = s->params,
				.x = s->x};
	memcpy(s->oracle.units, shape->units, sizeof shape->units);
	memcpy(s->oracle.kind, shape->kind, sizeof shape->kind);
	for (size_t i = 0; i < s->net.param_count; i++)
		s->params[i] = 3.0 * uniform(&rng) - 1.5;
	for (size_t i = 0; i < 2; i++)
		s->x[i] = 2.0 * uniform(&rng) - 1.0;
	for (int32_t a = 0; a < shape->actions; a++)
		s->reward[a] = 4.0 * uniform(&rng) - 1.0;
	s->K = shape->K;
	mixed_gradient(&s->oracle, s->params, s->net.param_count, s->reward, s->exact);
}

/* The mean of the reference's estimate over all firings, noise and actions. */
static void expect(small *s, const bern_reference_rule *rule, double *mean)
{
	static uint8_t h[MIXED_LAYERS][4 * MIXED_UNITS];
	static double y[MIXED_LAYERS][4 * MIXED_UNITS];
	size_t each = mixed_ways(&s->oracle), ways = 1;
	double g[MIXED_PARAMS], all = 0.0;
	memset(mean, 0, s->net.param_count * sizeof *mean);
	for (size_t k = 0; k < s->K; k++)
		ways *= each;
	for (size_t way = 0; way < ways; way++) {
		bern_reference_step step = {.firings = s->K, .x = s->x};
		double probability = 1.0, pibar[4] = {0};
		mixed_firing f;
		for (size_t k = 0, rest = way; k < s->K; k++, rest /= each) {
			mixed_fire(&s->oracle, rest % each, &f);
			probability *= f.probability;
			for (size_t a = 0; a < s->oracle.actions; a++)
				pibar[a] += f.pi[a] / (double)s->K;
			for (size_t l = 0; l < s->oracle.depth; l++) {
				size_t J = s->oracle.units[l];
				memcpy(h[l] + k * J, f.bit[l], J);
				memcpy(y[l] + k * J, f.out[l], J * sizeof(double));
			}
		}
		for (size_t l = 0; l < s->oracle.depth; l++) {
			step.h[l] = h[l];
			step.y[l] = y[l];
		}
		for (size_t a = 0; a < s->oracle.actions; a++) {
			int32_t action = (int32_t)a;
			step.action = &action;
			step.advantage = s->reward[a] - 0.4;
			bern_reference_mixed_estimate(&s->net, s->params, &step, rule, g);
			all += probability * pibar[a];
			for (size_t i = 0; i < s->net.param_count; i++)
				mean[i] += probability * pibar[a] * g[i];
		}
	}
	ck_assert_double_le(fabs(all - 1.0), 1e-12);
}

static double farthest(const small *s, const double *mean)
{
	double most = 0.0;
	for (size_t i = 0; i < s->net.param_count; i++)
		most = fmax(most, fabs(mean[i] - s->exact[i]));
	return most;
}

START_TEST(gradients_of_mixed_layers_are_exactly_unbiased)
{
	small s;
	double mean[MIXED_PARAMS];
	const bern_reference_rule rule = {0};
	small_init(&s, &shapes[_i], 40 + (uint64_t)_i);
	expect(&s, &rule, mean);
	/* the error of central differences */
	ck_assert_msg(farthest(&s, mean) <= 1e-8, "off by %g", farthest(&s, mean));
	bern_arena_finish(&s.arena);
}
END_TEST

START_TEST(gradients_that_leave_something_out_are_found_out)
{
	static const struct {
		shape shape;
		bern_reference_rule rule;
	} biased[] = {
		{{1, {3}, {S}, 2, 1}, {BERN_CARRY_NOTHING, 1}},
		{{2, {2, 2}, {T, S}, 2, 2}, {BERN_CARRY_NOTHING, 1}},
		{{1, {3}, {B}, 2, 1}, {BERN_CARRY_IDENTITY, 0}},
		{{1, {3}, {B}, 2, 2}, {BERN_CARRY_SIGMOID, 0}},
		{{2, {2, 2}, {B, B}, 2, 1}, {BERN_CARRY_REINMAX, 0}},
	};
	small s;
	double mean[MIXED_PARAMS];
	small_init(&s, &biased[_i].shape, 70 + (uint64_t)_i);
	expect(&s, &biased[_i].rule, mean);
	ck_assert_double_ge(farthest(&s, mean), 1e-3);
	bern_arena_finish(&s.arena);
}
END_TEST

/* A policy that is nearly linear in the hidden units, for small output weights w: sigmoid(w h) = 1/2 + w h/4 + O(w^3). Then the smooth
 * factor alone gives half of the gradient; straight-through times p (1 - p) all of it, as d E[h]/da = p (1 - p); without that
 * factor 1/(p (1 - p)) times as much. */
START_TEST(of_a_linear_policy_the_smooth_factor_gives_half_and_straight_through_all)
{
	static const int kinds[] = {S, B, B, B};
	static const bern_reference_rule rules[] = {{BERN_CARRY_NOTHING, 1},
						    {BERN_CARRY_SIGMOID, 0},
						    {BERN_CARRY_REINMAX, 0},
						    {BERN_CARRY_IDENTITY, 0}};
	small s;
	double mean[MIXED_PARAMS];
	shape shape = {1, {3}, {kinds[_i]}, 2, 1};
	small_init(&s, &shape, 90);
	for (size_t i = s.net.layer[1].weight; i < s.net.param_count; i++)
		s.params[i] = i < s.net.layer[1].bias ? 1e-3 * (s.params[i] + 2.0) : 0.0;
	mixed_gradient(&s.oracle, s.params, s.net.param_count, s.reward, s.exact);
	expect(&s, &rules[_i], mean);
	for (size_t j = 0; j < 3; j++) {
		double a = s.params[s.net.layer[0].bias + j];
		for (size_t i = 0; i < 2; i++)
			a += s.x[i] * s.params[i * 3 + j];
		double p = 1.0 / (1.0 + exp(-a));
		double ratio = mean[s.net.layer[0].bias + j] / s.exact[s.net.layer[0].bias + j];
		double expected[] = {0.5, 1.0, 1.0, 1.0 / (p * (1.0 - p))};
		/* the next term of the series is (w h)^2/4, with three units up to (3 * 3.5e-3)^2/4 = 3e-5, to be halved and doubled; central
		 * differences of gradients of 1e-4 err by 1e-6 of them */
		ck_assert_msg(fabs(ratio / expected[_i] - 1.0) <= 1e-4, "%zu: %.6f, not %.6f", j,
			      ratio, expected[_i]);
	}
	bern_arena_finish(&s.arena);
}
END_TEST

/* One bit, output weight w: f(1) - f(0) against the mean of both slopes. The trapezoidal rule errs by |f'''|/12, and sigmoid's third
 * derivative is at most 1/8; its first is above 0.19 for arguments below 1. */
START_TEST(reinmax_is_right_to_second_order)
{
	small s;
	double mean[MIXED_PARAMS];
	const bern_reference_rule rule = {BERN_CARRY_REINMAX, 0};
	shape shape = {1, {1}, {B}, 2, 1};
	small_init(&s, &shape, 95);
	const double w = 0.5;
	s.params[s.net.layer[1].weight] = w;
	s.params[s.net.layer[1].bias] = 0.4;
	mixed_gradient(&s.oracle, s.params, s.net.param_count, s.reward, s.exact);
	expect(&s, &rule, mean);
	size_t at = s.net.layer[0].bias;
	ck_assert_double_le(fabs(mean[at] / s.exact[at] - 1.0), w * w / 12.0 / 8.0 / 0.19);
	ck_assert_double_ge(fabs(mean[at] / s.exact[at] - 1.0), 1e-6);
	bern_arena_finish(&s.arena);
}
END_TEST

/* ---- the fast pass -------------------------------------------------------------------------------------------------- */

static const shape large[] = {
	{2, {33, 17}, {T, B}, 2, 16},
	{2, {20, 31}, {B, T}, 3, 5},
	{3, {16, 17, 18}, {R, S, B}, 4, 7},
	{2, {40, 15}, {N, L}, 3, 3},
	{3, {9, 33, 8}, {B, N, S}, 2, 4},
	{3, {21, 21, 21}, {S, S, T}, 2, 1},
	{1, {50}, {N}, 2, 1},
	{3, {18, 19, 20}, {T, T, B}, 3, 2},
};
#define LARGE (int)(sizeof large / sizeof large[0])

typedef struct seen {
	const bern_network *net;
	size_t units;
} seen;

static void sigmoid_rule(void *memory, const bern_bits *at, float *d)
{
	seen *s = memory;
	size_t unit = 0;
	for (size_t l = 0; l < at->layer; l++)
		unit += s->net->layer[l].kind == BERN_UNITS_BINARY ? s->net->layer[l].units : 0;
	ck_assert_uint_eq(at->unit, unit);
	s->units += at->units;
	for (size_t j = 0; j < at->units; j++)
		d[j] *= at->p[j] * (1.0f - at->p[j]);
}

/* The gradient of rows 1 and 0 of a trace, twice the mean, by the fast pass and by the reference. */
START_TEST(the_fast_reverse_pass_agrees_with_the_double_reference)
{
	static const bern_reference_rule rules[3] = {
		{BERN_CARRY_NOTHING, 0}, {BERN_CARRY_NOTHING, 1}, {BERN_CARRY_SIGMOID, 0}};
	int variant = _i / LARGE;
	const shape *shape = &large[_i % LARGE];
	bern_arena arena = {0};
	bern_network net;
	bern_trace trace;
	bern_workspace work = {0};
	bern_firing_rng firing;
	bern_pcg32 rng;
	bern_error e;
	size_t K = shape->K, binary = 0;
	seen visited = {&net, 0};
	const float advantage[2] = {0.8f, -1.3f};
	bern_pcg32_init(&rng, (uint64_t)_i, 2);
	lay_out(&net, &arena, shape, 6);
	ck_assert_int_eq(bern_trace_init(&trace, &arena, &net, 2, &e), 0);
	ck_assert_int_eq(bern_workspace_init(&work, &arena, &net, &e), 0);
	double *params = calloc(net.param_count, sizeof *params);
	double *g = calloc(2 * net.param_count, sizeof *g), *sum = g + net.param_count;
	float *gradient = calloc(net.param_count, sizeof *gradient);
	ck_assert(params && g && gradient);
	for (size_t i = 0; i < net.param_count; i++) {
		net.params[i] = (float)(1.6 * uniform(&rng) - 0.8);
		params[i] = (double)net.params[i];
	}
	for (size_t i = 0; i < 12; i++)
		trace.x[i] = (float)(2.0 * uniform(&rng) - 1.0);
	bern_firing_rng_from(&firing, rng);
	bern_signal signal = {.advantage = advantage, .scale = 2.0f};
	bern_reverse reverse = {.without_score = rules[variant].without_score};
	if (variant == 2) {
		reverse.rule = sigmoid_rule;
		reverse.memory = &visited;
	}
	for (size_t r = 2; r-- > 0;) {
		static uint8_t h[MIXED_LAYERS][16 * 64];
		static double y[MIXED_LAYERS][16 * 64];
		double x[6];
		bern_network_act(&net, &trace, r, NULL, &firing);
		bern_enter(&net, &trace, r, &signal, &work);
		bern_backward(&net, &trace, r, &reverse, &signal, &work, gradient);
		bern_reference_step step = {.firings = K,
					    .x = x,
					    .action = trace.action + r,
					    .advantage = 2.0 * (double)advantage[r]};
		for (size_t i = 0; i < 6; i++)
			x[i] = (double)trace.x[r * 6 + i];
		for (size_t l = 0; l < net.depth; l++)
			for (size_t k = 0; k < K; k++)
				for (size_t j = 0; j < net.layer[l].units; j++) {
					size_t at = k * net.layer[l].units + j;
					y[l][at] = (double)bern_trace_p(&trace, &net, l, r, k)[j];
					if (trace.h[l])
						h[l][at] = bern_trace_h(&trace, &net, l, r, k)[j];
					step.h[l] = h[l];
					step.y[l] = y[l];
				}
		bern_reference_mixed_estimate(&net, params, &step, &rules[variant], g);
		for (size_t i = 0; i < net.param_count; i++)
			sum[i] += g[i];
	}
	/* Sums of up to 50 terms below 1 in each of 4 layers, up and down, and K posterior weights that depend on their exponentials:
	 * some 100 roundings of 6e-8 of numbers below 4. A mistake of one per cent in a layer would show. */
	for (size_t l = 0; l <= net.depth; l++) {
		double largest = 0.0;
		for (size_t i = net.layer[l].weight; i < net.layer[l].bias + net.layer[l].units;
		     i++) {
			largest = fmax(largest, fabs(sum[i]));
			ck_assert_msg(fabs((double)gradient[i] - sum[i]) <= 2.4e-5,
				      "layer %zu, parameter %zu: %g, not %g", l, i,
				      (double)gradient[i], sum[i]);
		}
		ck_assert_double_ge(largest, 2.4e-3);
		if (l < net.depth && shape->kind[l] == B)
			binary += shape->units[l];
	}
	if (variant == 2)
		ck_assert_uint_eq(visited.units, 2 * K * binary);
	free(params);
	free(g);
	free(gradient);
	bern_arena_finish(&arena);
}
END_TEST

/* ---- noise ---------------------------------------------------------------------------------------------------------------- */

START_TEST(noise_is_the_quantile_of_its_number)
{
	for (uint64_t i = 0; i <= 100000; i++) {
		uint64_t spread = i * 42950; /* 0 .. 2^32 - 1, and its two ends below */
		uint32_t word = i < 50000 ? (uint32_t)spread
					  : (uint32_t)(UINT32_MAX - (100000 - i) * 42950);
		double u = ((double)word + 0.5) / 4294967296.0;
		double z = (double)bern_noise_normal(word), l = (double)bern_noise_logistic(word);
		/* the nearer tail, so that its size is known in full; PPND7 errs by 1e-7 of z, and a tail's relative change is |z| dz + dz */
		double tail = u < 0.5 ? u : 1.0 - u;
		double normal = 0.5 * erfc((u < 0.5 ? -z : z) / sqrt(2.0));
		ck_assert_msg(fabs(normal / tail - 1.0) <= 2e-7 * (1.0 + z * z) + 1e-9,
			      "%08x: %.9g of %.9g", word, normal, tail);
		double logistic = 1.0 / (1.0 + exp(u < 0.5 ? -l : l));
		ck_assert_double_le(fabs(logistic / tail - 1.0), 2e-7 * (1.0 + fabs(l)));
		if (i == 50000)
			ck_assert_double_le(fabs(z), 1.0);
	}
	ck_assert_double_le(fabs((double)bern_noise_normal(0) + 6.33), 0.02);
	for (uint32_t word = 0; word < 5000; word++) /* the complement is the opposite */
		ck_assert_float_eq(bern_noise_normal(word * 858993u),
				   -bern_noise_normal(~(word * 858993u)));
}
END_TEST

START_TEST(means_of_noisy_rectifiers_are_their_integrals)
{
	for (double a = -6.0; a <= 6.0; a += 0.37) {
		/* by quadrature: the density's tail beyond 40 is below 1e-17; 1e-4 steps of a smooth function but for one kink */
		double normal = 0.0, logistic = 0.0, step = 1e-3;
		for (double z = -40.0; z < 40.0; z += step) {
			double mid = z + 0.5 * step, e = exp(-fabs(mid));
			normal += fmax(0.0, a + mid) * exp(-0.5 * mid * mid) * step;
			logistic += fmax(0.0, a + mid) * e / ((1.0 + e) * (1.0 + e)) * step;
		}
		normal /= sqrt(2.0 * acos(-1.0));
		ck_assert_double_le(fabs((double)bern_mean_rectified_normal((float)a) - normal),
				    2e-6);
		ck_assert_double_le(fabs((double)bern_mean_rectified_logistic((float)a) - logistic),
				    2e-6);
	}
	ck_assert_float_eq(bern_mean_rectified_normal(50.0f), 50.0f);
	ck_assert_float_eq(bern_mean_rectified_normal(-50.0f), 0.0f);
	ck_assert_float_eq(bern_mean_rectified_logistic(200.0f), 200.0f);
	ck_assert_float_eq(bern_mean_rectified_logistic(-200.0f), 0.0f);
}
END_TEST

/* Mean and mean square of what 16 firings of 32 units put out, over 200 rows, all with a = 0.5. */
START_TEST(every_unit_draws_its_own_noise_in_every_firing)
{
	static const struct {
		int kind;
		double mean, square; /* of max(0, 1/2 + z); of b q with q^2 = sigmoid(1/2) */
	} known[] = {
		{N, 0.6977965, 1.0403607}, {L, 0.9740770, 2.4735737}, {S, 0.6224593, 0.4910961}};
	shape shape = {1, {32}, {known[_i].kind}, 2, 16};
	bern_arena arena = {0};
	bern_network net;
	bern_trace trace;
	bern_firing_rng firing;
	bern_error e;
	double mean = 0.0, square = 0.0, fourth = 0.0, count = 0.0, same = 0.0;
	float x[32], other[32];
	lay_out(&net, &arena, &shape, 1);
	ck_assert_int_eq(bern_trace_init(&trace, &arena, &net, 1, &e), 0);
	for (size_t j = 0; j < 32; j++)
		net.params[net.layer[0].bias + j] = 0.5f;
	bern_firing_rng_stream(&firing, 3, (bern_stream_key){.purpose = BERN_FOR_FIRING});
	for (int row = 0; row < 200; row++) {
		bern_network_act(&net, &trace, 0, NULL, &firing);
		for (size_t k = 0; k < 16; k++) {
			const float *y = bern_trace_output(&trace, &net, 0, 0, k, x);
			for (size_t j = 0; j < 32; j++, count += 1.0) {
				double v = (double)y[j];
				mean += v;
				square += v * v;
				fourth += v * v * v * v;
				if (k > 0)
					same += y[j] > 0.0f && y[j] == other[j];
			}
			memcpy(other, y, sizeof other);
		}
	}
	mean /= count;
	square /= count;
	fourth /= count;
	ck_assert_double_le(fabs(mean - known[_i].mean),
			    5.0 * sqrt((square - mean * mean) / count));
	ck_assert_double_le(fabs(square - known[_i].square),
			    5.0 * sqrt((fourth - square * square) / count));
	if (known[_i].kind != S) /* floats of 24 bits: two of 96,000 pairs alike would be much */
		ck_assert_double_le(same, 2.0);
	bern_arena_finish(&arena);
}
END_TEST

/* ---- deciding ---------------------------------------------------------------------------------------------------------------- */

START_TEST(units_decide_without_noise_as_the_header_says)
{
	for (double a = -4.25; a <= 4.5; a += 0.5) {
		double p = 1.0 / (1.0 + exp(-a)), q = sqrt(p);
		double phi = exp(-0.5 * a * a) / sqrt(2.0 * acos(-1.0));
		const struct {
			int kind;
			int32_t mode;
			double out;
		} ways[] = {{N, BERN_MEAN_FIELD, a * 0.5 * erfc(-a / sqrt(2.0)) + phi},
			    {N, BERN_THRESHOLDED, fmax(a, 0.0)},
			    {L, BERN_MEAN_FIELD, log1p(exp(a))},
			    {L, BERN_THRESHOLDED, fmax(a, 0.0)},
			    {S, BERN_MEAN_FIELD, p},
			    {S, BERN_THRESHOLDED, q > 0.5 ? q : 0.0},
			    {B, BERN_MEAN_FIELD, p},
			    {B, BERN_THRESHOLDED, a > 0.0},
			    {T, BERN_THRESHOLDED, tanh(a)}};
		for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
			shape shape = {1, {1}, {ways[i].kind}, 2, 3};
			bern_arena arena = {0};
			bern_network net;
			bern_trace trace;
			bern_error e;
			lay_out(&net, &arena, &shape, 1);
			ck_assert_int_eq(bern_trace_init(&trace, &arena, &net, 1, &e), 0);
			trace.x[0] = 1.0f;
			net.params[net.layer[0].weight] = (float)a - 0.25f;
			net.params[net.layer[0].bias] = 0.25f;
			net.params[net.layer[1].weight] = 2.0f;
			net.params[net.layer[1].bias] = -1.0f;
			bern_network_decide(&net, &trace, 0, NULL, ways[i].mode);
			double pi = 1.0 / (1.0 + exp(1.0 - 2.0 * ways[i].out));
			/* errors of a unit, 1e-6, times 2 and the slope 1/4 of the head */
			ck_assert_msg(fabs((double)trace.pi[0] - pi) <= 1e-6,
				      "kind %d at %g: %g, not %g", ways[i].kind, a,
				      (double)trace.pi[0], pi);
			ck_assert_int_eq(trace.action[0], pi > 0.5);
			bern_arena_finish(&arena);
		}
	}
}
END_TEST

START_TEST(lists_of_units_are_read_and_wrong_ones_refused)
{
	static const struct {
		const char *text;
		size_t depth;
		const char *says;
	} wrong[] = {{"binar", 1, "did you mean binary?"},
		     {"binary,", 2, "names no kind"},
		     {",binary", 2, "names no kind"},
		     {"binary, tanh", 2, "names no kind"},
		     {"Binary", 1, "did you mean binary?"},
		     {"tanh,relu", 3, "2 layers, and there are 3"},
		     {"tanh,relu", 1, "2 layers, and there are 1"},
		     {"an impossibly long name of a kind of units", 1, "names no kind"}};
	int64_t kind[4] = {7, 7, 7, 7};
	bern_error e;
	ck_assert_int_eq(bern_parse_units("smooth", kind, 3, &e), 0);
	for (size_t l = 0; l < 3; l++)
		ck_assert_int_eq(kind[l], BERN_UNITS_SMOOTH);
	ck_assert_int_eq(kind[3], 7);
	ck_assert_int_eq(bern_parse_units("tanh,logistic-rectifier", kind, 2, &e), 0);
	ck_assert_int_eq(kind[0], BERN_UNITS_TANH);
	ck_assert_int_eq(kind[1], BERN_UNITS_LOGISTIC_RECTIFIER);
	for (int64_t i = 0; i < BERN_UNITS_COUNT; i++) {
		ck_assert_int_eq(bern_parse_units(bern_units_name(i), kind, 1, &e), 0);
		ck_assert_int_eq(kind[0], i);
	}
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		ck_assert_int_eq(bern_parse_units(wrong[i].text, kind, wrong[i].depth, &e),
				 BERN_EUSAGE);
		ck_assert_msg(strstr(e.text, wrong[i].says) && strstr(e.text, "allowed: "), "%s",
			      e.text);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("mixed");
	TCase *t = tcase_create("mixed");
	tcase_set_timeout(t, 100);
	tcase_add_loop_test(t, gradients_of_mixed_layers_are_exactly_unbiased, 0, SHAPES);
	tcase_add_loop_test(t, gradients_that_leave_something_out_are_found_out, 0, 5);
	tcase_add_loop_test(
		t, of_a_linear_policy_the_smooth_factor_gives_half_and_straight_through_all, 0, 4);
	tcase_add_test(t, reinmax_is_right_to_second_order);
	tcase_add_loop_test(t, the_fast_reverse_pass_agrees_with_the_double_reference, 0,
			    3 * LARGE);
	tcase_add_test(t, noise_is_the_quantile_of_its_number);
	tcase_add_test(t, means_of_noisy_rectifiers_are_their_integrals);
	tcase_add_loop_test(t, every_unit_draws_its_own_noise_in_every_firing, 0, 3);
	tcase_add_test(t, units_decide_without_noise_as_the_header_says);
	tcase_add_test(t, lists_of_units_are_read_and_wrong_ones_refused);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
