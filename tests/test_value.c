/* The learned baseline: its gradient against central differences of its loss in double, its running mean, and that it learns. */
#include <value.h>

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST 512 /* parameters */

/* Numbers of the test's own: xorshift64. */
static double draw(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return (double)(*x >> 11) / 9007199254740992.0;
}

typedef struct made {
	bern_arena arena;
	bern_value_function value;
	uint64_t random;
} made;

static void make_with(made *m, const bern_kernels *kernels, int64_t kind, size_t inputs,
		      int64_t hidden, int64_t optimizer, uint64_t seed)
{
	bern_agent_config config;
	bern_rng rng;
	bern_error e;
	memset(m, 0, sizeof *m);
	m->random = 88172645463325252u + 104729 * seed;
	bern_agent_config_defaults(&config);
	config.baseline = kind;
	config.value_hidden = hidden;
	config.optimizer = optimizer;
	config.value_init = 0.8;
	bern_rng_seed(&rng, seed);
	ck_assert_int_eq(bern_value_init(&m->value, &m->arena, &config, inputs, kernels, &rng, &e),
			 0);
}

static void make(made *m, int64_t kind, size_t inputs, int64_t hidden, int64_t optimizer,
		 uint64_t seed)
{
	make_with(m, bern_kernels_usable()[0], kind, inputs, hidden, optimizer, seed);
	ck_assert_uint_le(m->value.param_count, MOST);
}

static void forget(made *m)
{
	bern_arena_finish(&m->arena);
}

/* V of a linear function (V = 0) or an MLP of V relu units, from parameters as laid out in value.h. */
static double forward(const double *params, const float *x, size_t O, size_t V)
{
	const double *bias = params + O * V, *out = bias + V;
	double total = V ? out[V] : params[O];
	for (size_t i = 0; V == 0 && i < O; i++)
		total += params[i] * (double)x[i];
	for (size_t j = 0; j < V; j++) {
		double a = bias[j];
		for (size_t i = 0; i < O; i++)
			a += (double)x[i] * params[i * V + j];
		total += fmax(a, 0.0) * out[j];
	}
	return total;
}

/* minus half the mean squared error: what the gradient climbs */
static double minus_loss(const double *params, const float *x, const float *target, size_t R,
			 size_t O, size_t V)
{
	double total = 0.0;
	for (size_t r = 0; r < R; r++) {
		double error = (double)target[r] - forward(params, x + r * O, O, V);
		total -= 0.5 * error * error / (double)R;
	}
	return total;
}

static const struct {
	int64_t kind;
	size_t inputs;
	int64_t hidden;
} shapes[] = {
	{BERN_BASELINE_LINEAR, 4, 1}, {BERN_BASELINE_LINEAR, 33, 1}, {BERN_BASELINE_MLP, 4, 1},
	{BERN_BASELINE_MLP, 5, 16},   {BERN_BASELINE_MLP, 3, 33},    {BERN_BASELINE_MLP, 17, 7},
};
#define SHAPES (int)(sizeof shapes / sizeof shapes[0])

/* A step of rate 0 leaves the gradient behind. Central differences are off by 1e-10; where a relu's corner lies between the two
 * points (step 1e-6, 20 rows, units of slope below 4) a gradient of size 10 is off by 1e-5 at most half of the time. Float: sums
 * of 34 terms below 2, their errors times values below 10, 20 rows: 34 * 2 * 6e-8 * 10 = 4e-5. */
START_TEST(the_gradient_is_that_of_half_the_mean_squared_error)
{
	enum { ROWS = 20 };
	for (uint64_t seed = 0; seed < 10; seed++) {
		made m;
		float x[ROWS * 33], target[ROWS];
		double params[MOST], largest = 0.0, square = 0.0;
		size_t O = shapes[_i].inputs;
		make(&m, shapes[_i].kind, O, shapes[_i].hidden, BERN_ADAM, seed);
		size_t V = shapes[_i].kind == BERN_BASELINE_MLP ? (size_t)shapes[_i].hidden : 0;
		ck_assert_uint_eq(m.value.param_count, V ? (O + 2) * V + 1 : O + 1);
		for (size_t i = 0; i < m.value.param_count; i++) {
			m.value.params[i] = (float)(2.0 * draw(&m.random) - 1.0);
			params[i] = (double)m.value.params[i];
		}
		for (size_t i = 0; i < ROWS * O; i++)
			x[i] = (float)(2.0 * draw(&m.random) - 1.0);
		for (size_t r = 0; r < ROWS; r++) {
			target[r] = (float)(4.0 * draw(&m.random) - 1.0);
			double v = forward(params, x + r * O, O, V);
			ck_assert_double_le(fabs((double)bern_value_of(&m.value, x + r * O) - v),
					    4e-6 * 34);
			square += ((double)target[r] - v) * ((double)target[r] - v) / ROWS;
		}
		double loss = bern_value_learn(&m.value, x, target, ROWS, 1, 0.0);
		ck_assert_double_le(fabs(loss - square), 1e-4 * (1.0 + square));
		for (size_t i = 0; i < m.value.param_count; i++) {
			double kept = params[i], step = 1e-6;
			ck_assert_double_eq((double)m.value.params[i], kept);
			params[i] = kept + step;
			double up = minus_loss(params, x, target, ROWS, O, V);
			params[i] = kept - step;
			double down = minus_loss(params, x, target, ROWS, O, V);
			params[i] = kept;
			double exact = (up - down) / (2.0 * step);
			largest = fmax(largest, fabs(exact));
			ck_assert_msg(fabs((double)m.value.gradient[i] - exact) <= 1e-4,
				      "parameter %zu: %g, central difference %g", i,
				      (double)m.value.gradient[i], exact);
		}
		ck_assert_double_ge(largest, 0.02);
		forget(&m);
	}
}
END_TEST

/* The first hundred updates are the plain average of batch means, later ones weigh a hundredth. */
START_TEST(the_running_mean_is_an_average_that_turns_exponential)
{
	static const int64_t kinds[] = {BERN_BASELINE_MEAN, BERN_BASELINE_UNIT};
	made m;
	double sum = 0.0, expected = 0.0;
	make(&m, kinds[_i], 3, 1, BERN_ADAM, 1);
	ck_assert_float_eq(bern_value_of(&m.value, NULL), 0.0f);
	for (int n = 1; n <= 300; n++) {
		float target[8];
		double mean = 0.0, square = 0.0;
		for (int r = 0; r < 8; r++) {
			target[r] = (float)(5.0 + 10.0 * draw(&m.random));
			mean += (double)target[r] / 8.0;
			square += pow((double)target[r] - expected, 2) / 8.0;
		}
		double loss = bern_value_learn(&m.value, NULL, target, 8, 3, 0.5);
		ck_assert_double_le(fabs(loss - square), 1e-9);
		sum += mean;
		expected = n <= 100 ? sum / n : 0.99 * expected + 0.01 * mean;
		ck_assert_double_le(fabs((double)bern_value_of(&m.value, NULL) - expected), 1e-6);
	}
	forget(&m);
}
END_TEST

START_TEST(no_baseline_is_zero_and_stays_so)
{
	static const float target[] = {3.0f, -1.0f};
	made m;
	make(&m, BERN_BASELINE_NONE, 3, 1, BERN_ADAM, 1);
	for (int i = 0; i < 10; i++) {
		ck_assert_double_eq(bern_value_learn(&m.value, NULL, target, 2, 2, 0.1), 5.0);
		ck_assert_float_eq(bern_value_of(&m.value, NULL), 0.0f);
	}
	forget(&m);
}
END_TEST

/* The step at which each optimiser is tried: what a learning run would use. */
static const double rates[] = {0.02, 0.01, 0.01};

START_TEST(the_value_of_a_constant_target_converges_to_it)
{
	for (int64_t optimizer = BERN_SGD; optimizer <= BERN_ADAM; optimizer++)
		for (int64_t kind = BERN_BASELINE_LINEAR; kind <= BERN_BASELINE_MLP; kind++) {
			made m;
			float x[16 * 3], target[16];
			make(&m, kind, 3, 16, optimizer, 3);
			for (int i = 0; i < 48; i++)
				x[i] = (float)(2.0 * draw(&m.random) - 1.0);
			for (int r = 0; r < 16; r++)
				target[r] = 7.5f;
			for (int i = 0; i < 3000; i++) /* falling steps settle */
				bern_value_learn(&m.value, x, target, 16, 2,
						 rates[optimizer] * (1.0 - i / 3000.0));
			for (int r = 0; r < 16; r++)
				ck_assert_msg(fabsf(bern_value_of(&m.value, x + 3 * r) - 7.5f) <=
						      0.05f,
					      "optimiser %d, kind %d: V is %g in place of 7.5",
					      (int)optimizer, (int)kind,
					      (double)bern_value_of(&m.value, x + 3 * r));
			forget(&m);
		}
}
END_TEST

/* A corner that no line follows: |x| has variance 1/12 over -1..1, which is the best that a line can do. */
START_TEST(the_mlp_learns_what_a_line_cannot)
{
	double left[2] = {0, 0};
	for (int mlp = 0; mlp < 2; mlp++) {
		made m;
		float x[41], target[41];
		make(&m, mlp ? BERN_BASELINE_MLP : BERN_BASELINE_LINEAR, 1, 16, BERN_ADAM, 5);
		for (int r = 0; r < 41; r++) {
			x[r] = (float)(r - 20) / 20.0f;
			target[r] = fabsf(x[r]);
		}
		double first = bern_value_learn(&m.value, x, target, 41, 1, 0.01);
		for (int i = 0; i < 2000; i++)
			left[mlp] = bern_value_learn(&m.value, x, target, 41, 2, 0.01);
		ck_assert_double_lt(left[mlp], first);
		forget(&m);
	}
	ck_assert_double_le(left[1], 0.005);
	ck_assert_double_ge(left[0], 0.07);
}
END_TEST

START_TEST(initial_values_are_zero_with_weights_in_their_range)
{
	made m, again;
	static const float x[4] = {1.0f, -2.0f, 3.0f, 0.5f};
	make(&m, BERN_BASELINE_MLP, 4, 32, BERN_ADAM, 9);
	make(&again, BERN_BASELINE_MLP, 4, 32, BERN_ADAM, 9);
	ck_assert_float_eq(bern_value_of(&m.value, x), 0.0f);
	for (size_t i = 0; i < m.value.param_count; i++) {
		float most = i < 128 ? 0.8f : i < 160 ? 0.4f : 0.0f;
		ck_assert(fabsf(m.value.params[i]) <= most);
		ck_assert_float_eq(m.value.params[i], again.value.params[i]);
		if (i < 160)
			ck_assert_float_ne(m.value.params[i], 0.0f);
	}
	forget(&m);
	forget(&again);
}
END_TEST

START_TEST(a_target_that_is_not_finite_moves_nothing)
{
	static const float x[2] = {1.0f, 2.0f}, bad[3] = {NAN, INFINITY, -INFINITY};
	for (int64_t kind = BERN_BASELINE_LINEAR; kind <= BERN_BASELINE_MLP; kind++)
		for (int i = 0; i < 3; i++) {
			made m;
			float before[MOST], target[2] = {1.0f, bad[i]};
			make(&m, kind, 1, 8, BERN_ADAM, 9);
			size_t size = m.value.param_count * sizeof(float);
			memcpy(before, m.value.params, size);
			double loss = bern_value_learn(&m.value, x, target, 2, 2, 0.1);
			ck_assert(!(loss < (double)INFINITY));
			ck_assert_mem_eq(before, m.value.params, size);
			forget(&m);
		}
}
END_TEST

/* The same tolerances as above for the sum over 20 rows; one row has a 20th of that. */
START_TEST(the_gradient_of_v_is_that_of_central_differences)
{
	for (uint64_t seed = 0; seed < 10; seed++) {
		made m;
		float x[33], gradient[MOST];
		double params[MOST], largest = 0.0;
		size_t O = shapes[_i].inputs;
		make(&m, shapes[_i].kind, O, shapes[_i].hidden, BERN_ADAM, seed);
		size_t V = shapes[_i].kind == BERN_BASELINE_MLP ? (size_t)shapes[_i].hidden : 0;
		for (size_t i = 0; i < m.value.param_count; i++) {
			m.value.params[i] = (float)(2.0 * draw(&m.random) - 1.0);
			params[i] = (double)m.value.params[i];
			gradient[i] = 5.0f; /* what was there is written over */
		}
		for (size_t i = 0; i < O; i++)
			x[i] = (float)(2.0 * draw(&m.random) - 1.0);
		float v = bern_value_gradient(&m.value, x, gradient);
		ck_assert_double_le(fabs((double)v - forward(params, x, O, V)), 4e-6 * 34);
		for (size_t i = 0; i < m.value.param_count; i++) {
			double kept = params[i], step = 1e-6;
			params[i] = kept + step;
			double up = forward(params, x, O, V);
			params[i] = kept - step;
			double down = forward(params, x, O, V);
			params[i] = kept;
			double exact = (up - down) / (2.0 * step);
			largest = fmax(largest, fabs(exact));
			ck_assert_double_le(fabs((double)gradient[i] - exact), 1e-4);
		}
		ck_assert_double_ge(largest, 0.02);
		forget(&m);
	}
}
END_TEST

/* Three values of the input, one a line's bias cannot tell apart: the best constant is the weighted mean. Adam with rate 0.01
 * stays within 0.05 of where it settles; the running mean is exact after one update. */
START_TEST(weights_move_the_baseline_towards_what_weighs)
{
	const float x[3] = {0.0f, 0.0f, 0.0f}, target[3] = {1.0f, 2.0f, 6.0f};
	const float weight[3] = {1.0f, 0.0f, 3.0f}, nothing[3] = {0.0f, 0.0f, 0.0f};
	const int64_t kinds[3] = {BERN_BASELINE_MEAN, BERN_BASELINE_LINEAR, BERN_BASELINE_MLP};
	const struct {
		const float *weight;
		double mean;
	} cases[3] = {{weight, 4.75}, {NULL, 3.0}, {nothing, 3.0}};
	for (size_t i = 0; i < 3; i++) {
		made m;
		make(&m, kinds[_i], 1, 4, BERN_ADAM, 3);
		double loss = 0.0;
		for (int update = 0; update < 3000; update++) {
			double now = bern_value_learn_weighted(&m.value, x, target, cases[i].weight,
							       3, 1, 0.01);
			loss = update ? loss : now;
		}
		/* V is 0 at first, whatever the weights: (1 + 4 + 36) / 3 */
		ck_assert_double_le(fabs(loss - 41.0 / 3.0), 1e-5);
		ck_assert_double_le(fabs((double)bern_value_of(&m.value, x) - cases[i].mean), 0.05);
		forget(&m);
	}
}
END_TEST

/* Rows side by side in a register learn to the bytes of one after the other, which the reference does; with weights, and of
 * several calls, so that what the first one learned is met by the next. */
START_TEST(rows_side_by_side_give_the_bytes_of_one_after_the_other)
{
	static const struct {
		size_t inputs, units, rows;
	} sizes[] = {{4, 32, 8},   {1, 1, 1},    {3, 17, 16},  {4, 16, 17},
		     {9, 48, 127}, {64, 5, 128}, {4, 33, 129}, {16, 64, 300}};
	const bern_kernels *const *levels = bern_kernels_usable();
	size_t O = sizes[_i].inputs, V = sizes[_i].units, R = sizes[_i].rows;
	static float x[128 * 300], target[300], weight[300];
	uint64_t random = 7 + (uint64_t)_i;
	for (size_t i = 0; i < R * O; i++)
		x[i] = draw(&random) < 0.2 ? 0.0f : (float)(4.0 * draw(&random) - 2.0);
	for (size_t r = 0; r < R; r++) {
		target[r] = (float)(10.0 * draw(&random) - 5.0);
		weight[r] = (float)draw(&random);
	}
	made plain;
	make_with(&plain, &bern_kernels_reference, BERN_BASELINE_MLP, O, (int64_t)V, BERN_ADAM, 3);
	ck_assert_ptr_null(plain.value.beside);
	double first = bern_value_learn(&plain.value, x, target, R, 3, 0.05);
	double second = bern_value_learn_weighted(&plain.value, x, target, weight, R, 2, 0.05);
	for (; *levels != &bern_kernels_reference; levels++) {
		made fast;
		make_with(&fast, *levels, BERN_BASELINE_MLP, O, (int64_t)V, BERN_ADAM, 3);
		ck_assert_ptr_nonnull(fast.value.beside);
		double a = bern_value_learn(&fast.value, x, target, R, 3, 0.05);
		double b = bern_value_learn_weighted(&fast.value, x, target, weight, R, 2, 0.05);
		ck_assert_msg(a == first && b == second, "%s: errors %g %g, reference %g %g",
			      (*levels)->name, a, b, first, second);
		ck_assert_mem_eq(fast.value.params, plain.value.params,
				 plain.value.param_count * sizeof(float));
		forget(&fast);
	}
	forget(&plain);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("value");
	TCase *t = tcase_create("value");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, the_gradient_is_that_of_half_the_mean_squared_error, 0, SHAPES);
	tcase_add_loop_test(t, the_gradient_of_v_is_that_of_central_differences, 0, SHAPES);
	tcase_add_loop_test(t, weights_move_the_baseline_towards_what_weighs, 0, 3);
	tcase_add_loop_test(t, the_running_mean_is_an_average_that_turns_exponential, 0, 2);
	tcase_add_test(t, no_baseline_is_zero_and_stays_so);
	tcase_add_test(t, the_value_of_a_constant_target_converges_to_it);
	tcase_add_test(t, the_mlp_learns_what_a_line_cannot);
	tcase_add_test(t, initial_values_are_zero_with_weights_in_their_range);
	tcase_add_test(t, a_target_that_is_not_finite_moves_nothing);
	tcase_add_loop_test(t, rows_side_by_side_give_the_bytes_of_one_after_the_other, 0, 8);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
