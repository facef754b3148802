/* Estimators that send a gradient back through bits, or learn to predict one: rules against the double reference, fits against least
 * squares done over, the control variate unbiased by enumeration, centring against the unit baseline; and how noise and
 * homeostasis come in. */
#include "agent_trial.h"
#include "mixed_oracle.h"

#include <bern/builtin.h>
#include <backward.h>
#include <homeostasis.h>
#include <reference.h>

#include <check.h>
#include <math.h>
#include <stdlib.h>

/* ---- a network, its trace, and an estimator that works on it --------------------------------------------------------- */

typedef struct made {
	bern_arena arena;
	bern_network net;
	bern_trace trace;
	bern_workspace work;
	const bern_estimator *estimator;
	bern_firing_rng firing;
	bern_pcg32 rng;
	bern_agent_config config;
	double *params;
	float *gradient;
} made;

#define ROWS   4
#define INPUTS 3

static double uniform(bern_pcg32 *rng)
{
	return (double)bern_pcg32_next(rng) / 4294967296.0;
}

static void make(made *m, const char *name, size_t depth, const size_t *units, const int64_t *kind,
		 int32_t actions, size_t K, double spread, uint64_t seed)
{
	bern_action_head head;
	bern_error e;
	const int32_t sizes[] = {actions};
	bern_space action = {.kind = BERN_DISCRETE, .count = 1, .sizes = sizes};
	memset(m, 0, sizeof *m);
	bern_pcg32_init(&m->rng, seed, 7);
	bern_agent_config_defaults(&m->config);
	bern_offer offer = {.kind = kind, .depth = depth, .firings = (int64_t)K};
	ck_assert_msg(bern_estimator_find(&m->estimator, name, &offer, &e) == 0, "%s", e.text);
	ck_assert_int_eq(bern_head_init(&head, &m->arena, &action, 0, BERN_HEAD_AUTO, &e), 0);
	ck_assert_int_eq(bern_network_init(&m->net, &m->arena, &head, INPUTS, units, kind, depth, K,
					   bern_kernels_usable()[0], &e),
			 0);
	ck_assert_int_eq(bern_trace_init(&m->trace, &m->arena, &m->net, ROWS, &e), 0);
	ck_assert_int_eq(bern_workspace_init(&m->work, &m->arena, &m->net, &e), 0);
	m->params = calloc(m->net.param_count, sizeof *m->params);
	m->gradient = calloc(m->net.param_count, sizeof *m->gradient);
	ck_assert(m->params && m->gradient);
	for (size_t i = 0; i < m->net.param_count; i++) {
		m->net.params[i] = (float)(spread * (2.0 * uniform(&m->rng) - 1.0));
		m->params[i] = (double)m->net.params[i];
	}
	bern_firing_rng_from(&m->firing, m->rng);
}

/* The memory depends on the config, which a test may change first. */
static void start(made *m)
{
	bern_error e;
	bern_estimator_setting setting = {.config = &m->config, .net = &m->net, .seed = 3};
	ck_assert_int_eq(bern_estimator_start(m->estimator, &m->work, &m->arena, &setting, &e), 0);
}

static void forget(made *m)
{
	free(m->params);
	free(m->gradient);
	bern_arena_finish(&m->arena);
}

static void act(made *m, size_t row)
{
	for (size_t i = 0; i < INPUTS; i++)
		m->trace.x[row * INPUTS + i] = (float)(2.0 * uniform(&m->rng) - 1.0);
	bern_network_act(&m->net, &m->trace, row, NULL, &m->firing);
}

/* The gradient of the listed rows, alone in m->gradient. */
static void estimate(made *m, const size_t *rows, size_t count, const float *advantage)
{
	bern_signal signal = {.advantage = advantage, .scale = 0.5f};
	memset(m->gradient, 0, m->net.param_count * sizeof *m->gradient);
	m->estimator->accumulate(&m->net, &m->trace, rows, count, &signal, &m->work, m->gradient);
}

/* ---- rules --------------------------------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	bern_reference_rule rule;
	size_t depth, units[3], K;
	int64_t kind[3];
} rules[] = {
	{"straight-through", {BERN_CARRY_IDENTITY, 0}, 1, {17}, 1, {BERN_UNITS_BINARY}},
	{"straight-through", {BERN_CARRY_IDENTITY, 0}, 2, {17, 9}, 5, {BERN_UNITS_BINARY}},
	{"straight-through-sigmoid", {BERN_CARRY_SIGMOID, 0}, 2, {9, 16}, 1, {BERN_UNITS_BINARY}},
	{"straight-through-sigmoid",
	 {BERN_CARRY_SIGMOID, 0},
	 3,
	 {9, 7, 16},
	 4,
	 {BERN_UNITS_BINARY, BERN_UNITS_TANH, BERN_UNITS_BINARY}},
	{"reinmax", {BERN_CARRY_REINMAX, 0}, 2, {17, 9}, 1, {BERN_UNITS_BINARY}},
	{"reinmax",
	 {BERN_CARRY_REINMAX, 0},
	 3,
	 {9, 7, 16},
	 6,
	 {BERN_UNITS_RELU, BERN_UNITS_BINARY, BERN_UNITS_SMOOTH}},
	{"pathwise",
	 {BERN_CARRY_NOTHING, 1},
	 2,
	 {17, 9},
	 1,
	 {BERN_UNITS_SMOOTH, BERN_UNITS_SMOOTH}},
	{"pathwise",
	 {BERN_CARRY_NOTHING, 1},
	 3,
	 {9, 7, 16},
	 3,
	 {BERN_UNITS_TANH, BERN_UNITS_SMOOTH, BERN_UNITS_RECTIFIER}},
};
#define RULES (int)(sizeof rules / sizeof rules[0])

START_TEST(rules_agree_with_the_double_reference)
{
	made m;
	static uint8_t h[3][16 * 64];
	static double y[3][16 * 64];
	size_t K = rules[_i].K;
	double x[INPUTS], largest = 0.0;
	make(&m, rules[_i].name, rules[_i].depth, rules[_i].units, rules[_i].kind, 3, K, 1.0,
	     (uint64_t)_i);
	start(&m);
	ck_assert_int_eq(m.estimator->unbiased, 0);
	act(&m, 2);
	const size_t row = 2;
	const float advantage[ROWS] = {0, 0, 1.7f, 0};
	estimate(&m, &row, 1, advantage);
	bern_reference_step step = {.firings = K,
				    .x = x,
				    .action = m.trace.action + row,
				    .advantage = 0.5 * (double)advantage[row]};
	for (size_t i = 0; i < INPUTS; i++)
		x[i] = (double)m.trace.x[row * INPUTS + i];
	for (size_t l = 0; l < m.net.depth; l++) {
		size_t J = m.net.layer[l].units;
		step.h[l] = h[l];
		step.y[l] = y[l];
		for (size_t k = 0; k < K; k++)
			for (size_t j = 0; j < J; j++) {
				y[l][k * J + j] = (double)bern_trace_p(&m.trace, &m.net, l, row,
								       k)[j];
				if (m.trace.h[l])
					h[l][k * J + j] = bern_trace_h(&m.trace, &m.net, l, row,
								       k)[j];
			}
	}
	double *g = calloc(m.net.param_count, sizeof *g);
	ck_assert_ptr_nonnull(g);
	bern_reference_mixed_estimate(&m.net, m.params, &step, &rules[_i].rule, g);
	for (size_t i = 0; i < m.net.param_count; i++) {
		/* sums of up to 17 terms in each of 4 layers, up and down: 100 roundings of 6e-8 of numbers below 4 */
		ck_assert_double_le(fabs((double)m.gradient[i] - g[i]), 2.4e-5);
		largest = fmax(largest, fabs(g[i]));
	}
	ck_assert_double_ge(largest, 2.4e-3);
	free(g);
	forget(&m);
}
END_TEST

/* Given the bit, the mean over z of s (1 - s)/t, by quadrature over u = P(z' < z): h = 1 where a + z > 0. */
static double relaxed_slope(double a, int h, double t)
{
	double total = 0.0, weight = 0.0, steps = 200000;
	for (double i = 0.5; i < steps; i += 1.0) {
		double u = i / steps, z = log(u / (1.0 - u));
		double s = 1.0 / (1.0 + exp(-(a + z) / t));
		if ((a + z > 0.0) == h) {
			total += s * (1.0 - s) / t;
			weight += 1.0;
		}
	}
	return total / weight;
}

START_TEST(gumbel_takes_a_bit_for_its_relaxation)
{
	static const double temperatures[] = {1.0, 0.5, 2.0, 1.0};
	const size_t units[] = {4}, rows[] = {0};
	const int64_t kind[] = {BERN_UNITS_BINARY};
	const float advantage[ROWS] = {1.3f};
	const int tries = 40000;
	made m;
	make(&m, "gumbel", 1, units, kind, 2, 1, 1.5, 50 + (uint64_t)_i);
	m.config.temperature = temperatures[_i];
	start(&m);
	act(&m, 0);
	double mean[4] = {0}, square[4] = {0};
	for (int i = 0; i < tries; i++) {
		estimate(&m, rows, 1, advantage);
		for (size_t j = 0; j < 4; j++) {
			double g = (double)m.gradient[m.net.layer[0].bias + j];
			mean[j] += g / tries;
			square[j] += g * g / tries;
		}
	}
	for (size_t j = 0; j < 4; j++) {
		double a = m.params[m.net.layer[0].bias + j];
		for (size_t i = 0; i < INPUTS; i++)
			a += (double)m.trace.x[i] * m.params[i * 4 + j];
		int h = bern_trace_h(&m.trace, &m.net, 0, 0, 0)[j];
		double score = (double)m.trace.action[0] - (double)m.trace.pi[0];
		double d = 0.5 * 1.3 * score * m.params[m.net.layer[1].weight + j];
		double expected = d * relaxed_slope(a, h, temperatures[_i]);
		double error = sqrt((square[j] - mean[j] * mean[j]) / tries);
		ck_assert_msg(fabs(mean[j] - expected) <= 5.0 * error + 1e-5 * fabs(expected),
			      "unit %zu: %g, not %g, error %g", j, mean[j], expected, error);
		ck_assert_double_le(error, 0.02 * fabs(expected));
	}
	forget(&m);
}
END_TEST

/* What the estimator keeps as its stream of numbers. */
static void *stream_of(made *m)
{
	bern_tensors list = {0};
	bern_error e;
	ck_assert_int_eq(m->estimator->tensors(m->work.memory, &list, &e), 0);
	ck_assert_str_eq(list.items[0].name, "estimator.stream");
	void *stream = list.items[0].data;
	bern_tensors_finish(&list);
	return stream;
}

/* One unit with the next number of the stream, v, at its highest, 1 - 2^-33, where u rounds to 1. The slope is s (1 - s) for s =
 * sigmoid(a + z) = p (1 - v)/(p (1 - v) + u) as long as it is computed from 1 - v and not from 1 - u. */
START_TEST(gumbel_bears_a_saturated_unit_and_the_highest_number)
{
	const size_t units[] = {1}, rows[] = {0};
	const int64_t kind[] = {BERN_UNITS_BINARY};
	const float advantage[ROWS] = {1.0f};
	made m;
	make(&m, "gumbel", 1, units, kind, 2, 1, 1.5, 50);
	m.config.temperature = 1.0;
	start(&m);
	act(&m, 0);
	bern_trace_p(&m.trace, &m.net, 0, 0, 0)[0] = 1.0f - 0x1p-24f;
	bern_trace_h(&m.trace, &m.net, 0, 0, 0)[0] = 0;
	bern_rng *stream = stream_of(&m);
	stream->half = 0xffffffff;
	stream->has_half = 1;
	estimate(&m, rows, 1, advantage);
	double score = (double)m.trace.action[0] - (double)m.trace.pi[0];
	double d = 0.5 * score * m.params[m.net.layer[1].weight];
	double expected = d * 0x1p-33; /* s = 2^-33 within 2^-24 of itself */
	double found = (double)m.gradient[m.net.layer[0].bias];
	ck_assert_msg(fabs(found - expected) <= 1e-6 * fabs(expected), "%g, not %g", found,
		      expected);
	forget(&m);
}
END_TEST

START_TEST(relax_bears_a_unit_that_fired_against_all_odds_and_the_highest_number)
{
	const size_t units[] = {1}, rows[] = {0};
	const int64_t kind[] = {BERN_UNITS_BINARY};
	const float advantage[ROWS] = {1.0f};
	made m;
	make(&m, "relax", 1, units, kind, 2, 1, 1.5, 50);
	start(&m);
	act(&m, 0);
	bern_trace_p(&m.trace, &m.net, 0, 0, 0)[0] = 0x1p-24f;
	bern_trace_h(&m.trace, &m.net, 0, 0, 0)[0] = 1;
	/* pcg32 puts out bits 27..58 of s ^ s >> 18 where the five bits above are 0: all ones */
	bern_pcg32 *stream = stream_of(&m);
	stream->state = 0;
	for (int bit = 58; bit >= 27; bit--)
		stream->state |= (1 ^ (stream->state >> (bit + 18 < 64 ? bit + 18 : 63) & 1))
				 << bit;
	bern_pcg32 ahead = *stream;
	ck_assert_uint_eq(bern_pcg32_next(&ahead), 0xffffffff);
	estimate(&m, rows, 1, advantage);
	/* the surrogate starts as 0, so that what is left is A (h - p) */
	ck_assert_float_eq(m.gradient[m.net.layer[0].bias], 0.5f * (1.0f - 0x1p-24f));
	for (size_t i = 0; i < m.net.param_count; i++)
		ck_assert_float_finite(m.gradient[i]);
	forget(&m);
}
END_TEST

/* ---- predictors ---------------------------------------------------------------------------------------------------------- */

#define MOST_FEATURES 5
#define UPDATES       70
#define K             3
#define UNITS         2

/* Features of predict-unit and predict-linear. */
static size_t features(int linear, double d, double p, int h, double *f)
{
	if (!linear) {
		f[0] = d * p * (1.0 - p);
		f[1] = 1.0;
		return 2;
	}
	f[0] = d * p * (1.0 - p);
	f[1] = d * 0.5 * fabs((double)h - p);
	f[2] = d;
	f[3] = p - 0.5;
	f[4] = 1.0;
	return 5;
}

/* Weighted least squares by Gauss-Jordan elimination with a ridge on the diagonal. */
static void least_squares(size_t n, const double *product, const double *target, double ridge,
			  double *w)
{
	double a[MOST_FEATURES][MOST_FEATURES + 1], trace = 0.0;
	for (size_t i = 0; i < n; i++)
		trace += product[i * MOST_FEATURES + i] / (double)n;
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < n; j++)
			a[i][j] = product[i * MOST_FEATURES + j];
		a[i][i] += ridge * trace;
		a[i][n] = target[i];
	}
	for (size_t i = 0; i < n; i++)
		for (size_t r = 0; r < n; r++) {
			double factor = r == i ? 0.0 : a[r][i] / a[i][i];
			for (size_t c = i; c <= n; c++)
				a[r][c] -= factor * a[i][c];
		}
	for (size_t i = 0; i < n; i++)
		w[i] = a[i][n] / a[i][i];
}

/* What a firing of a row showed of a unit. */
static void seen(const made *m, size_t row, size_t k, size_t j, float advantage, double *u,
		 double *d, double *p, int *h)
{
	double w = (double)m->trace.posterior[row * K + k];
	double c = (w - 1.0 / K) * K / (K - 1.0);
	double score = (double)m->trace.action[row] - (double)m->trace.pi[row * K + k];
	*p = (double)bern_trace_p(&m->trace, &m->net, 0, row, k)[j];
	*h = bern_trace_h(&m->trace, &m->net, 0, row, k)[j];
	*u = (double)advantage * c * ((double)*h - *p);
	*d = (double)advantage * w * score * m->params[m->net.layer[1].weight + j];
}

/* All samples of all updates, each update of ROWS rows weighing 0.99 of the next. Least squares over them, for each unit or for
 * all, must be what goes on to the biases in the next row. */
START_TEST(predictions_are_least_squares_over_what_was_seen)
{
	static const char *const names[] = {"predict-unit", "predict-linear"};
	const size_t units[] = {UNITS};
	const int64_t kind[] = {BERN_UNITS_BINARY};
	double product[UNITS][MOST_FEATURES * MOST_FEATURES] = {{0}};
	double target[UNITS][MOST_FEATURES] = {{0}}, w[UNITS][MOST_FEATURES];
	double sum_u[UNITS] = {0}, sum_uu[UNITS] = {0}, off[UNITS] = {0};
	size_t rows[ROWS] = {1, 0, 3, 2}, n = 0;
	int linear = _i % 2;
	made m;
	make(&m, names[linear], 1, units, kind, 2, K, 1.5, 80 + (uint64_t)_i);
	start(&m);
	ck_assert_int_eq(m.estimator->unbiased, 0);
	for (int update = 0; update <= UPDATES; update++) {
		float advantage[ROWS];
		double expected[UNITS] = {0}, plain[UNITS] = {0};
		for (size_t r = 0; r < ROWS; r++) {
			act(&m, r);
			advantage[r] = (float)(m.trace.action[r] ? 1.0 : -0.6) +
				       m.trace.x[r * INPUTS];
		}
		for (size_t j = 0; j < UNITS; j++) {
			sum_u[j] *= 0.99;
			sum_uu[j] *= 0.99;
			off[j] *= 0.99;
			for (size_t i = 0; i < MOST_FEATURES; i++) {
				target[j][i] *= 0.99;
				for (size_t l = 0; l < MOST_FEATURES; l++)
					product[j][i * MOST_FEATURES + l] *= 0.99;
			}
		}
		for (size_t r = 0; r < ROWS; r++)
			for (size_t k = 0; k < K; k++)
				for (size_t j = 0; j < UNITS; j++) {
					double u, d, p, f[MOST_FEATURES], q = 0.0;
					int h;
					size_t who = linear ? 0 : j;
					seen(&m, r, k, j, advantage[r], &u, &d, &p, &h);
					n = features(linear, d, p, h, f);
					for (size_t i = 0; update > 0 && i < n; i++)
						q += w[who][i] * f[i];
					expected[j] += 0.5 * q;
					plain[j] += 0.5 * u;
					sum_u[j] += u;
					sum_uu[j] += u * u;
					off[j] += (u - q) * (u - q);
					for (size_t i = 0; i < n; i++) {
						target[who][i] += u * f[i];
						for (size_t l = 0; l < n; l++)
							product[who][i * MOST_FEATURES + l] +=
								f[i] * f[l];
					}
				}
		estimate(&m, rows, ROWS, advantage);
		for (size_t j = 0; j < UNITS; j++) {
			double got = (double)m.gradient[m.net.layer[0].bias + j];
			/* before it has learned enough the unbiased estimate itself goes on. Floats of u, d and p err by 1e-7 of
			 * numbers below 2 and fits of 70 updates by their condition, up to some 100 */
			double want = update < 50 ? plain[j] : expected[j];
			ck_assert_msg(fabs(got - want) <= 1e-4, "update %d, unit %zu: %g, not %g",
				      update, j, got, want);
		}
		for (size_t who = 0; who < (linear ? 1 : UNITS); who++)
			least_squares(n, product[who], target[who], linear ? 1e-6 : 0.0, w[who]);
		if (update < UPDATES)
			m.estimator->update(m.work.memory, 1);
	}
	m.estimator->update(m.work.memory, 1);
	/* R^2 from all updates, each weighing 0.01 of what 0.99 of the others leave */
	double error = 0.0, variance = 0.0, weight = 1.0 - pow(0.99, UPDATES + 1);
	for (size_t j = 0; j < UNITS; j++) {
		double each = 0.01 / (ROWS * K * weight), mean = each * sum_u[j];
		variance += each * sum_uu[j] - mean * mean;
		error += each * off[j];
	}
	ck_assert_double_le(fabs(m.estimator->r_squared(m.work.memory) - (1.0 - error / variance)),
			    1e-3);
	forget(&m);
}
END_TEST

/* Half the mean squared error of the tiny network over what ROWS rows showed, everything in units of `size`. */
static double tiny_loss(const made *m, const double *w, const double *size, const float *advantage)
{
	double loss = 0.0;
	for (size_t r = 0; r < ROWS; r++)
		for (size_t k = 0; k < K; k++)
			for (size_t j = 0; j < UNITS; j++) {
				double u, d, p, out = w[40];
				int h;
				seen(m, r, k, j, advantage[r], &u, &d, &p, &h);
				const double x[3] = {d * p * (1.0 - p) / size[0],
						     d * 0.5 * fabs((double)h - p) / size[1],
						     2.0 * p - 1.0};
				for (size_t i = 0; i < 8; i++)
					out += w[32 + i] * tanh(w[24 + i] + x[0] * w[i] +
								x[1] * w[8 + i] + x[2] * w[16 + i]);
				loss += 0.5 * (u / size[2] - out) * (u / size[2] - out);
			}
	return loss / (ROWS * K * UNITS);
}

/* Adam's running mean of the gradient gives the gradient away: in the third update, when no weight is 0 any more, against central
 * differences. */
START_TEST(the_tiny_network_descends_its_squared_error)
{
	const size_t units[] = {UNITS}, rows[ROWS] = {0, 1, 2, 3};
	const int64_t kind[] = {BERN_UNITS_BINARY};
	double square[3] = {0}, weight = 0.0, w[41], before[41] = {0}, largest = 0.0;
	bern_tensors list = {0};
	bern_error e;
	float *params = NULL, *first = NULL;
	made m;
	make(&m, "predict-mlp", 1, units, kind, 2, K, 1.5, 17 + (uint64_t)_i);
	start(&m);
	ck_assert_int_eq(m.estimator->tensors(m.work.memory, &list, &e), 0);
	for (size_t i = 0; i < list.count; i++) {
		if (strcmp(list.items[i].name, "estimator.params") == 0)
			params = list.items[i].data;
		if (bern_tensor_elements(&list.items[i]) == 41 && list.items[i].data != params &&
		    !first)
			first = list.items[i].data;
	}
	ck_assert(params && first);
	for (int update = 0; update < 3; update++) {
		float advantage[ROWS];
		double size[3];
		for (size_t r = 0; r < ROWS; r++) {
			act(&m, r);
			advantage[r] = m.trace.action[r] ? 2.0f : -0.5f;
		}
		for (size_t i = 0; i < 3; i++)
			size[i] = weight > 0.0 ? sqrt(square[i] / weight) : 1.0;
		for (size_t i = 0; i < 41; i++) {
			w[i] = (double)params[i];
			before[i] = (double)first[i];
		}
		estimate(&m, rows, ROWS, advantage);
		m.estimator->update(m.work.memory, 1);
		for (size_t i = 0; i < 41 && update == 2; i++) {
			double kept = w[i];
			w[i] = kept + 1e-5;
			double up = tiny_loss(&m, w, size, advantage);
			w[i] = kept - 1e-5;
			double down = tiny_loss(&m, w, size, advantage);
			w[i] = kept;
			double uphill = ((double)first[i] - 0.9 * before[i]) / 0.1;
			largest = fmax(largest, fabs(uphill));
			/* floats of three running sums: 1e-6 of numbers below 1, divided by 0.1 */
			ck_assert_msg(fabs(uphill + (up - down) / 2e-5) <= 1e-5,
				      "weight %zu: %g, not %g", i, uphill, -(up - down) / 2e-5);
		}
		weight += 0.01 * (1.0 - weight);
		double now[3] = {0};
		for (size_t r = 0; r < ROWS; r++)
			for (size_t k = 0; k < K; k++)
				for (size_t j = 0; j < UNITS; j++) {
					double u, d, p;
					int h;
					seen(&m, r, k, j, advantage[r], &u, &d, &p, &h);
					now[0] += pow(d * p * (1.0 - p), 2.0);
					now[1] += pow(d * 0.5 * fabs((double)h - p), 2.0);
					now[2] += u * u;
				}
		for (size_t i = 0; i < 3; i++)
			square[i] += 0.01 * (now[i] / (ROWS * K * UNITS) - square[i]);
	}
	ck_assert_double_ge(largest, 1e-2);
	bern_tensors_finish(&list);
	forget(&m);
}
END_TEST

/* A reward for one of the actions can be foreseen in part from what comes back from the action layer; with output weights of 0 nothing
 * comes back, and what is foreseen of unseen samples is nothing. */
START_TEST(r_squared_tells_what_can_be_predicted)
{
	static const char *const names[] = {"predict-unit", "predict-linear", "predict-mlp",
					    "predict-control"};
	double r2[2];
	for (int blind = 0; blind < 2; blind++) {
		const size_t units[] = {3}, rows[] = {0, 1, 2, 3};
		const int64_t kind[] = {BERN_UNITS_BINARY};
		made m;
		make(&m, names[_i], 1, units, kind, 2, 8, 2.5, 7);
		start(&m);
		ck_assert(isnan(m.estimator->r_squared(m.work.memory)));
		for (size_t i = m.net.layer[1].weight; blind && i < m.net.param_count; i++)
			m.net.params[i] = 0.0f;
		for (int update = 0; update < 3000; update++) {
			float advantage[ROWS];
			for (size_t r = 0; r < ROWS; r++) {
				act(&m, r);
				/* blind: all firings agree, so that u is 0 unless they are told apart by hand */
				for (size_t k = 0; blind && k < 8; k++)
					m.trace.posterior[r * 8 + k] = (float)uniform(&m.rng);
				advantage[r] = m.trace.action[r] ? 2.0f : 0.0f;
			}
			estimate(&m, rows, ROWS, advantage);
			m.estimator->update(m.work.memory, 1);
		}
		r2[blind] = m.estimator->r_squared(m.work.memory);
		forget(&m);
	}
	/* The running mean weighs about the last 100 updates, 3,200 samples of a unit: an R^2 of 0 has a standard error below 0.001, and
	 * five coefficients fitted to as many samples cost 5/3,200. */
	ck_assert_msg(r2[0] >= 0.03 && r2[0] <= 1.0, "R^2 is %g", r2[0]);
	ck_assert_msg(fabs(r2[1]) <= 0.01, "R^2 of noise is %g", r2[1]);
}
END_TEST

#undef K

/* ---- the control variate is exact ---------------------------------------------------------------------------------------- */

static const struct {
	size_t depth, units[3], K;
	int kind[3];
	int32_t actions;
} controlled[] = {
	{1, {3}, 1, {MIXED_BINARY}, 2},
	{1, {2}, 3, {MIXED_BINARY}, 3},
	{2, {2, 2}, 1, {MIXED_BINARY, MIXED_BINARY}, 2},
	{2, {2, 2}, 2, {MIXED_BINARY, MIXED_BINARY}, 2},
	{2, {2, 2}, 2, {MIXED_TANH, MIXED_BINARY}, 2},
	{3, {2, 2, 2}, 1, {MIXED_BINARY, MIXED_TANH, MIXED_BINARY}, 3},
	{2, {2, 2}, 2, {MIXED_SMOOTH, MIXED_BINARY}, 2},
	{2, {2, 2}, 2, {MIXED_BINARY, MIXED_SMOOTH}, 2},
	{2, {2, 2}, 1, {MIXED_BINARY, MIXED_SMOOTH}, 2},
};

/* Writes one way in which all firings can come out into row 0 of the trace. Returns its probability. */
static double write_way(made *m, const mixed_net *net, size_t way, size_t K, double *pibar)
{
	size_t each = mixed_ways(net), N = m->net.head.logits;
	double probability = 1.0;
	mixed_firing f;
	memset(pibar, 0, 4 * sizeof *pibar);
	for (size_t k = 0; k < K; k++, way /= each) {
		mixed_fire(net, way % each, &f);
		probability *= f.probability;
		for (size_t a = 0; a < net->actions; a++)
			pibar[a] += f.pi[a] / (double)K;
		for (size_t n = 0; n < N; n++)
			m->trace.pi[k * N + n] = (float)f.pi[N == 1 ? 1 : n];
		for (size_t l = 0; l < net->depth; l++)
			for (size_t j = 0; j < net->units[l]; j++) {
				float *p = bern_trace_p(&m->trace, &m->net, l, 0, k) + j;
				*p = (float)(m->net.layer[l].kind == BERN_UNITS_TANH ? f.out[l][j]
										     : f.p[l][j]);
				if (m->trace.h[l])
					bern_trace_h(&m->trace, &m->net, l, 0, k)[j] = f.bit[l][j];
			}
	}
	return probability;
}

START_TEST(the_control_variate_leaves_no_bias)
{
	made m;
	int64_t kind[3];
	double x[INPUTS], reward[4], exact[MIXED_PARAMS], mean[MIXED_PARAMS] = {0};
	double plain[MIXED_PARAMS] = {0}, pibar[4], changed = 0.0;
	size_t K = controlled[_i].K, ways = 1;
	const size_t row = 0, rows[ROWS] = {0, 1, 2, 3};
	for (size_t l = 0; l < controlled[_i].depth; l++)
		kind[l] = controlled[_i].kind[l];
	make(&m, "predict-control", controlled[_i].depth, controlled[_i].units, kind,
	     controlled[_i].actions, K, 1.5, 30 + (uint64_t)_i);
	start(&m);
	ck_assert_int_eq(m.estimator->unbiased, 1);
	/* coefficients of any kind, from rewards that have nothing to do with those below */
	for (int update = 0; update < 60; update++) {
		float advantage[ROWS];
		for (size_t r = 0; r < ROWS; r++) {
			act(&m, r);
			advantage[r] = m.trace.action[r] ? 3.0f : -2.0f;
		}
		estimate(&m, rows, ROWS, advantage);
		m.estimator->update(m.work.memory, 1);
	}
	const bern_estimator *without;
	bern_error e;
	bern_offer offer = {.kind = kind, .depth = m.net.depth, .firings = (int64_t)K};
	ck_assert_int_eq(bern_estimator_find(&without, "auto", &offer, &e), 0);
	mixed_net net = {.inputs = INPUTS,
			 .depth = controlled[_i].depth,
			 .actions = (size_t)controlled[_i].actions,
			 .params = m.params,
			 .x = x};
	memcpy(net.units, controlled[_i].units, sizeof net.units);
	memcpy(net.kind, controlled[_i].kind, sizeof net.kind);
	for (size_t i = 0; i < INPUTS; i++)
		x[i] = (double)m.trace.x[i];
	for (size_t a = 0; a < net.actions; a++)
		reward[a] = 4.0 * uniform(&m.rng) - 1.0;
	mixed_gradient(&net, m.params, m.net.param_count, reward, exact);
	for (size_t k = 0; k < K; k++)
		ways *= mixed_ways(&net);
	for (size_t way = 0; way < ways; way++) {
		double probability = write_way(&m, &net, way, K, pibar);
		for (size_t a = 0; a < net.actions; a++) {
			const float advantage[ROWS] = {(float)(2.0 * (reward[a] - 0.3))};
			m.trace.action[0] = (int32_t)a;
			bern_head_posterior(&m.net.head, m.trace.posterior, m.trace.pi,
					    m.trace.action, K);
			estimate(&m, &row, 1, advantage);
			bern_signal signal = {.advantage = advantage, .scale = 0.5f};
			float g[MIXED_PARAMS] = {0};
			without->accumulate(&m.net, &m.trace, &row, 1, &signal, &m.work, g);
			for (size_t i = 0; i < m.net.param_count; i++) {
				mean[i] += probability * pibar[a] * (double)m.gradient[i];
				plain[i] += probability * pibar[a] * (double)g[i];
				changed = fmax(changed, fabs((double)(m.gradient[i] - g[i])));
			}
		}
	}
	ck_assert_double_ge(changed, 1e-3); /* the coefficients are not 0 */
	for (size_t i = 0; i < m.net.param_count; i++) {
		/* float error of some 30 operations on numbers below 4 */
		ck_assert_msg(fabs(mean[i] - exact[i]) <= 4e-6, "parameter %zu: off by %g", i,
			      mean[i] - exact[i]);
		ck_assert_double_le(fabs(plain[i] - exact[i]), 4e-6);
	}
	forget(&m);
}
END_TEST

/* ---- centred ------------------------------------------------------------------------------------------------------------- */

static const bern_env *cartpole(void)
{
	const bern_plugin *plugin;
	for (size_t i = 0; (plugin = bern_builtin_plugin(i)); i++)
		for (uint32_t k = 0; k < plugin->count; k++)
			if (strcmp(plugin->envs[k]->id, "CartPole-v1") == 0)
				return plugin->envs[k];
	ck_abort_msg("there is no CartPole-v1");
	return NULL;
}

START_TEST(centred_is_the_unbiased_estimator_with_a_baseline_for_each_unit)
{
	trial a, b;
	bern_agent_config config = trial_config("reinforce");
	config.num_envs = 3;
	config.num_steps = 4;
	strcpy(config.hidden, "9,5");
	strcpy(config.estimator, "centred");
	config.baseline = BERN_BASELINE_MEAN;
	trial_open(&a, cartpole(), NULL, &config, 5);
	strcpy(config.estimator, "unbiased");
	config.baseline = BERN_BASELINE_UNIT;
	config.firings = 1;
	trial_open(&b, cartpole(), NULL, &config, 5);
	trial_learn(&a, 50);
	trial_learn(&b, 50);
	for (size_t i = 0; i < a.policy.count; i++)
		ck_assert_mem_eq(a.policy.items[i].data, b.policy.items[i].data,
				 bern_tensor_size(&a.policy.items[i]));
	trial_close(&a);
	trial_close(&b);
}
END_TEST

/* ---- homeostasis --------------------------------------------------------------------------------------------------------- */

/* A unit that is never above 0, one that always is, one that is half of the time: only the first rises, by rate (floor - 0). */
START_TEST(homeostasis_lifts_the_units_that_are_too_seldom_above_zero)
{
	const size_t units[] = {3, 2};
	const int64_t kind[] = {BERN_UNITS_RECTIFIER, BERN_UNITS_BINARY};
	made m;
	bern_error e;
	bern_homeostasis h;
	make(&m, "auto", 2, units, kind, 2, 64, 1.0, 1);
	ck_assert_int_eq(bern_homeostasis_init(&h, &m.arena, &m.net, 0.3, &e), 0);
	ck_assert_uint_eq(h.units, 3);
	memset(m.net.params, 0, m.net.param_count * sizeof(float));
	float *bias = m.net.params + m.net.layer[0].bias;
	bias[0] = -50.0f;
	bias[1] = 50.0f;
	for (size_t r = 0; r < ROWS; r++)
		act(&m, r);
	bern_homeostasis_step(&h, &m.net, &m.trace, ROWS, 0.5);
	ck_assert_float_eq(bias[0], -50.0f + 0.5f * 0.3f);
	ck_assert_float_eq(bias[1], 50.0f);
	ck_assert_float_eq(bias[2], 0.0f);
	for (size_t i = 0; i < m.net.param_count; i++) /* nothing else moves */
		if (&m.net.params[i] != &bias[0] && &m.net.params[i] != &bias[1])
			ck_assert_float_eq(m.net.params[i], 0.0f);
	/* the averages forget: from now on it is always above */
	bias[0] = 50.0f;
	for (size_t r = 0; r < ROWS; r++)
		act(&m, r);
	int updates = 0;
	for (float before = 0.0f; bias[0] != before; updates++) {
		before = bias[0];
		bern_homeostasis_step(&h, &m.net, &m.trace, ROWS, 0.5);
	}
	/* after n updates the dead one weighs 0.99^n 0.01 of 1 - 0.99^(n+1): 1 - average <= 0.7 from n = 1 on */
	ck_assert_int_le(updates, 2);
	h.floor = 0.0;
	bias[0] = -50.0f;
	bern_homeostasis_step(&h, &m.net, &m.trace, ROWS, 0.5);
	ck_assert_float_eq(bias[0], -50.0f);
	forget(&m);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("predict");
	TCase *t = tcase_create("predict");
	tcase_set_timeout(t, 100);
	tcase_add_loop_test(t, rules_agree_with_the_double_reference, 0, RULES);
	tcase_add_loop_test(t, gumbel_takes_a_bit_for_its_relaxation, 0, 4);
	tcase_add_test(t, gumbel_bears_a_saturated_unit_and_the_highest_number);
	tcase_add_test(t, relax_bears_a_unit_that_fired_against_all_odds_and_the_highest_number);
	tcase_add_loop_test(t, predictions_are_least_squares_over_what_was_seen, 0, 6);
	tcase_add_loop_test(t, the_tiny_network_descends_its_squared_error, 0, 3);
	tcase_add_loop_test(t, r_squared_tells_what_can_be_predicted, 0, 4);
	tcase_add_loop_test(t, the_control_variate_leaves_no_bias, 0,
			    (int)(sizeof controlled / sizeof controlled[0]));
	tcase_add_test(t, centred_is_the_unbiased_estimator_with_a_baseline_for_each_unit);
	tcase_add_test(t, homeostasis_lifts_the_units_that_are_too_seldom_above_zero);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
