/* bern/math.h against libm in a higher precision, and its bits against a stored hash.
 *
 * The float functions run over every 2003rd float, or over every one with BERN_TEST_EVERY_FLOAT=1 in the environment (minutes);
 * the errors stated in the header were measured over all of them. */
#include <bern/math.h>

#include "golden_math.h"

#include <check.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

/* The largest of many errors and where it was. Check writes a note at every assertion, so the loops over millions of numbers
 * keep the worst and assert once. */
typedef struct worst {
	double error, at;
} worst;

static void keep_worst(worst *w, double error, double at)
{
	if (!(error <= w->error)) {
		w->error = error;
		w->at = at;
	}
}

static uint64_t float_step(void)
{
	return getenv("BERN_TEST_EVERY_FLOAT") ? 1 : 2003;
}

static bern_rng stream(uint64_t number)
{
	bern_rng rng;
	const uint64_t state[2] = {number, 0}, which[2] = {7, 0};
	bern_rng_init(&rng, state, which);
	return rng;
}

/* |y - exact| in units of the last place of `exact` as a number of `digits` bits with smallest exponent `least`. */
static double ulps(long double y, long double exact, int digits, int least, long double largest)
{
	int exponent;
	if (isnan(exact) || isnan(y))
		return isnan(exact) && isnan(y) ? 0 : HUGE_VAL;
	/* beyond the largest number, the largest and infinity are both within an ulp */
	if (fabsl(exact) > largest)
		return y * exact > 0 && fabsl(y) >= largest ? 0 : HUGE_VAL;
	if (isinf(y))
		return HUGE_VAL;
	frexpl(exact, &exponent);
	if (exponent < least)
		exponent = least;
	return (double)(fabsl(y - exact) / ldexpl(1, exponent - digits));
}

static double ulps_float(float y, double exact)
{
	return ulps(y, exact, 24, -125, 3.40282346638528859812e38L);
}

static double ulps_double(double y, long double exact)
{
	return ulps(y, exact, 53, -1021, 1.79769313486231570815e308L);
}

/* ---- float ----------------------------------------------------------------------------------------- */

static double exact_sigmoid(double x)
{
	return x < -87.0 ? 0.0 : 1.0 / (1.0 + exp(-x));
}

typedef struct float_function {
	const char *name;
	float (*ours)(float x);
	double (*exact)(double x);
	double allowed; /* ulp, as the header says; libm's double adds 1e-8 */
} float_function;

static const float_function float_functions[] = {
	{"bern_expf", bern_expf, exp, 1.0},    {"bern_sigmoidf", bern_sigmoidf, exact_sigmoid, 2.5},
	{"bern_tanhf", bern_tanhf, tanh, 2.0}, {"bern_logf", bern_logf, log, 1.0},
	{"bern_sqrtf", bern_sqrtf, sqrt, 0.5},
};

START_TEST(float_functions_err_no_more_than_they_say)
{
	const float_function *f = &float_functions[_i];
	worst w = {0, 0};
	for (uint64_t bits = 0; bits < (uint64_t)1 << 32; bits += float_step()) {
		float x = bern_float_of_bits((uint32_t)bits);
		keep_worst(&w, ulps_float(f->ours(x), f->exact(x)), (double)x);
	}
	ck_assert_msg(w.error <= f->allowed + 1e-7, "%s(%a) errs by %.3f ulp, allowed %.1f",
		      f->name, w.at, w.error, f->allowed);
}
END_TEST

/* The float after x, upwards, zeros of both signs being one step. */
static float next_float(float x)
{
	uint32_t bits = bern_bits_of_float(x);
	return bern_float_of_bits(bits & 0x80000000u ? bits - 1 : bits + 1);
}

START_TEST(float_functions_never_decrease)
{
	float (*const functions[])(float) = {bern_expf, bern_sigmoidf, bern_tanhf};
	float (*f)(float) = functions[_i];
	/* runs of neighbours at many places, or all floats from -128 to 128 */
	int all = float_step() == 1;
	bern_rng rng = stream(3);
	for (int run = 0; run < (all ? 1 : 4000); run++) {
		float x = all ? -128.0f : (float)bern_rng_range(&rng, -100.0, 100.0);
		if (run % 2)
			x *= 0.01f;
		float before = f(x);
		for (int64_t i = 0; all ? x < 128.0f : i < 500; i++) {
			float y;
			x = next_float(x);
			if (bern_bits_of_float(x) == 0x80000000u)
				x = 0.0f;
			y = f(x);
			if (!(y >= before))
				ck_abort_msg("f(%a) = %a is below %a", (double)x, (double)y,
					     (double)before);
			before = y;
		}
	}
}
END_TEST

START_TEST(float_functions_are_right_at_the_ends)
{
	const float inf = INFINITY;
	ck_assert(bern_expf(-inf) == 0 && bern_expf(inf) == inf && bern_expf(0.0f) == 1);
	ck_assert(bern_expf(-104.0f) == 0 && bern_expf(88.8f) == inf && bern_expf(-103.0f) > 0);
	ck_assert(bern_sigmoidf(-inf) == 0 && bern_sigmoidf(inf) == 1);
	ck_assert(bern_sigmoidf(0.0f) == 0.5f && bern_sigmoidf(-0.0f) == 0.5f);
	ck_assert(bern_sigmoidf(-3e38f) == 0 && bern_sigmoidf(3e38f) == 1);
	ck_assert(bern_sigmoidf(-87.0f) >= 0x1p-126f);
	ck_assert(bern_tanhf(-inf) == -1 && bern_tanhf(inf) == 1);
	ck_assert(bern_bits_of_float(bern_tanhf(-0.0f)) == 0x80000000u);
	ck_assert(bern_logf(0.0f) == -inf && bern_logf(-0.0f) == -inf && bern_logf(inf) == inf);
	ck_assert(isnan(bern_logf(-1.0f)) && isnan(bern_logf(-inf)) && bern_logf(1.0f) == 0);
	ck_assert(isnan(bern_sqrtf(-1.0f)) && bern_sqrtf(inf) == inf);
	for (size_t i = 0; i < sizeof float_functions / sizeof float_functions[0]; i++)
		ck_assert_msg(isnan(float_functions[i].ours(NAN)), "%s of NaN is a number",
			      float_functions[i].name);
}
END_TEST

START_TEST(float_sigmoid_and_its_mirror_image_add_up_to_one)
{
	bern_rng rng = stream(4);
	worst w = {0, 0};
	for (int i = 0; i < 1000000; i++) {
		float x = (float)bern_rng_range(&rng, -20.0, 20.0);
		double sum = (double)bern_sigmoidf(x) + (double)bern_sigmoidf(-x);
		keep_worst(&w, fabs(sum - 1), (double)x);
	}
	/* Of p >= 1/2, one ulp is 2^-24: 2 of them, from the roundings of e^-x, 1 + e^-x and the quotient; 1 - p adds less. */
	ck_assert_msg(w.error <= 1.2e-7, "at %a the sum is off by %g", w.at, w.error);
}
END_TEST

START_TEST(float_tanh_is_odd)
{
	size_t uneven = 0;
	for (uint64_t bits = 0; bits < 0x7f800000u; bits += 10007) {
		float x = bern_float_of_bits((uint32_t)bits);
		uneven += bern_tanhf(-x) != -bern_tanhf(x);
	}
	ck_assert_uint_eq(uneven, 0);
}
END_TEST

/* ---- double ---------------------------------------------------------------------------------------- */

static long double exact_sigmoidl(long double x)
{
	return x < -708 ? 0 : 1 / (1 + expl(-x));
}

typedef struct double_function {
	const char *name;
	double (*ours)(double x);
	long double (*exact)(long double x);
	double low, high; /* inputs; equal: positive numbers of every exponent */
	double allowed;   /* ulp, as the header says */
} double_function;

static const double_function double_functions[] = {
	{"bern_exp", bern_exp, expl, -746, 711, 1.0},
	{"bern_exp", bern_exp, expl, -1, 1, 1.0},
	{"bern_exp", bern_exp, expl, -746, -708, 1.0},
	{"bern_log", bern_log, logl, 0, 0, 1.0},
	{"bern_log", bern_log, logl, 0.4, 2.5, 1.0},
	{"bern_log", bern_log, logl, 0, 0x1p-1021, 1.0},
	{"bern_sin", bern_sin, sinl, -1e6, 1e6, 1.0},
	{"bern_sin", bern_sin, sinl, -4, 4, 1.0},
	{"bern_cos", bern_cos, cosl, -1e6, 1e6, 1.0},
	{"bern_cos", bern_cos, cosl, -4, 4, 1.0},
	{"bern_tanh", bern_tanh, tanhl, -20, 20, 2.0},
	{"bern_tanh", bern_tanh, tanhl, -1, 1, 2.0},
	{"bern_sigmoid", bern_sigmoid, exact_sigmoidl, -710, 40, 2.5},
	{"bern_sigmoid", bern_sigmoid, exact_sigmoidl, -4, 4, 2.5},
	{"bern_sqrt", bern_sqrt, sqrtl, 0, 0, 0.5},
};

START_TEST(double_functions_err_no_more_than_they_say)
{
	const double_function *f = &double_functions[_i];
	/* the oracle's own error, where long double is no wider than double */
	double slack = sizeof(long double) > sizeof(double) ? 2e-3 : 1;
	worst w = {0, 0};
	bern_rng rng = stream(5);
	for (int i = 0; i < 400000; i++) {
		double x = f->low < f->high ? bern_rng_range(&rng, f->low, f->high)
					    : bern_double_of_bits(bern_rng_u64(&rng) >> 1);
		keep_worst(&w, ulps_double(f->ours(x), f->exact(x)), x);
	}
	ck_assert_msg(w.error <= f->allowed + slack, "%s(%a) errs by %.3f ulp, allowed %.1f",
		      f->name, w.at, w.error, f->allowed);
}
END_TEST

/* The worst of Cody and Waite's reduction is where x is close to a multiple of pi/2 and nearly everything cancels. */
START_TEST(sine_and_cosine_hold_beside_multiples_of_a_right_angle)
{
	double slack = sizeof(long double) > sizeof(double) ? 2e-3 : 1;
	worst of_sine = {0, 0}, of_cosine = {0, 0};
	for (int n = -636000; n <= 636000; n += 7) {
		double x = (double)(n * 1.57079632679489661923132169163975144L);
		for (int beside = -1; beside <= 1; beside++) {
			double y = bern_double_of_bits(bern_bits_of_double(x) + (uint64_t)beside);
			double sine, cosine;
			if (n == 0)
				y = beside * 1e-300;
			bern_sincos(y, &sine, &cosine);
			keep_worst(&of_sine, ulps_double(sine, sinl(y)), y);
			keep_worst(&of_cosine, ulps_double(cosine, cosl(y)), y);
		}
	}
	ck_assert_msg(of_sine.error <= 1 + slack, "sin(%a) errs by %.3f ulp", of_sine.at,
		      of_sine.error);
	ck_assert_msg(of_cosine.error <= 1 + slack, "cos(%a) errs by %.3f ulp", of_cosine.at,
		      of_cosine.error);
}
END_TEST

START_TEST(sine_and_cosine_of_huge_angles_are_bounded_or_nan)
{
	for (int e = 20; e < 1023; e++) {
		double x = ldexp(1.2345678, e), sine, cosine;
		bern_sincos(x, &sine, &cosine);
		if (x <= 0x1p40) {
			ck_assert(fabs(sine - (double)sinl(x)) <= x * 0x1p-50);
			ck_assert(fabs(cosine - (double)cosl(x)) <= x * 0x1p-50);
		} else {
			ck_assert(isnan(sine) && isnan(cosine));
		}
	}
	ck_assert(isnan(bern_sin(INFINITY)) && isnan(bern_cos(-INFINITY)) && isnan(bern_sin(NAN)));
	ck_assert(bern_sin(0.0) == 0 && bern_cos(0.0) == 1);
}
END_TEST

/* Ranges of angles, and last the neighbours of multiples of pi/2. */
START_TEST(quick_sines_err_no_more_than_they_say)
{
	static const double range[] = {0.78, 4, 40, 1e3, 1e6};
	const int beside = _i == sizeof range / sizeof range[0];
	/* the oracle's own error, where long double is no wider than double */
	double slack = sizeof(long double) > sizeof(double) ? 0 : 0x1p-53;
	worst of_sine = {0, 0}, of_cosine = {0, 0};
	bern_rng rng = stream(7);
	for (int i = 0; i < 400000; i++) {
		double x, sine, cosine;
		if (beside) {
			int n = (int)bern_rng_below(&rng, 1272000) - 636000;
			x = (double)(n * 1.57079632679489661923132169163975144L);
			x = n ? bern_double_of_bits(bern_bits_of_double(x) + (uint64_t)(i % 3) - 1)
			      : (i % 3 - 1) * 1e-300;
		} else {
			x = bern_rng_range(&rng, -range[_i], range[_i]);
		}
		bern_sincos_quick(x, &sine, &cosine);
		keep_worst(&of_sine, (double)fabsl(sine - sinl(x)), x);
		keep_worst(&of_cosine, (double)fabsl(cosine - cosl(x)), x);
	}
	ck_assert_msg(of_sine.error <= 0x1p-52 + slack, "sin(%a) errs by %a", of_sine.at,
		      of_sine.error);
	ck_assert_msg(of_cosine.error <= 0x1p-52 + slack, "cos(%a) errs by %a", of_cosine.at,
		      of_cosine.error);
}
END_TEST

START_TEST(quick_sines_of_huge_angles_are_bounded_or_nan)
{
	double sine, cosine;
	for (int e = 20; e <= 40; e++) {
		double x = ldexp(e == 40 ? 1 : 1.2345678, e);
		bern_sincos_quick(x, &sine, &cosine);
		ck_assert(fabs(sine - (double)sinl(x)) <= x * 0x1p-50);
		ck_assert(fabs(cosine - (double)cosl(x)) <= x * 0x1p-50);
	}
	const double odd[] = {INFINITY, -INFINITY, NAN};
	for (int i = 0; i < 3; i++) {
		bern_sincos_quick(odd[i], &sine, &cosine);
		ck_assert(isnan(sine) && isnan(cosine));
	}
	bern_sincos_quick(0.0, &sine, &cosine);
	ck_assert(sine == 0 && cosine == 1);
}
END_TEST

START_TEST(double_functions_are_right_at_the_ends)
{
	const double inf = INFINITY;
	ck_assert(bern_exp(-inf) == 0 && bern_exp(inf) == inf && bern_exp(0.0) == 1);
	ck_assert(bern_exp(-745.2) == 0 && bern_exp(-745.1) > 0 && bern_exp(709.8) == inf);
	ck_assert(bern_sigmoid(-inf) == 0 && bern_sigmoid(inf) == 1 && bern_sigmoid(0.0) == 0.5);
	ck_assert(bern_tanh(-inf) == -1 && bern_tanh(inf) == 1 && bern_tanh(0.0) == 0);
	ck_assert(bern_log(0.0) == -inf && bern_log(inf) == inf && bern_log(1.0) == 0);
	ck_assert(isnan(bern_log(-1.0)) && isnan(bern_log(-inf)) && isnan(bern_log(NAN)));
	ck_assert(isnan(bern_exp(NAN)) && isnan(bern_sigmoid(NAN)) && isnan(bern_tanh(NAN)));
	ck_assert(bern_pow(0.0, 0.0) == 1 && bern_pow(0.0, 2.0) == 0 && bern_pow(2.0, 0.0) == 1);
	ck_assert(bern_pow(0.0, -1.0) == inf && bern_pow(1.0, inf) == 1 &&
		  isnan(bern_pow(-2.0, 2.0)));
	ck_assert(bern_pow(0.5, inf) == 0 && bern_pow(2.0, inf) == inf);
	ck_assert(isnan(bern_sqrt(-1.0)) && bern_sqrt(4.0) == 2);
	ck_assert(bern_abs(-2.5) == 2.5 && bern_absf(-2.5f) == 2.5f);
	ck_assert(bern_copysign(2.5, -0.0) == -2.5 && bern_copysignf(-2.5f, 1.0f) == 2.5f);
}
END_TEST

START_TEST(powers_err_no_more_than_they_say)
{
	bern_rng rng = stream(6);
	worst w = {0, 0}; /* error as a part of what is allowed */
	for (int i = 0; i < 400000; i++) {
		double x = bern_rng_range(&rng, 0, i % 2 ? 2 : 100);
		double y = bern_rng_range(&rng, -150, 150);
		double error = ulps_double(bern_pow(x, y), powl(x, y));
		keep_worst(&w, error / (2 + 3 * fabs(y * log(x))), x);
	}
	ck_assert_msg(w.error <= 1, "pow(%a, y) errs by %.3f of what is allowed", w.at, w.error);
}
END_TEST

/* ---- normal numbers -------------------------------------------------------------------------------- */

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

START_TEST(normal_numbers_are_distributed_normally)
{
	enum { COUNT = 1000000 };
	double *x = malloc(COUNT * sizeof *x), sum = 0, squares = 0, fourths = 0, distance = 0;
	bern_rng rng = stream(100 + (uint64_t)_i);
	ck_assert_ptr_nonnull(x);
	for (size_t i = 0; i < COUNT; i++) {
		x[i] = bern_normal(&rng);
		sum += x[i];
		squares += x[i] * x[i];
		fourths += x[i] * x[i] * x[i] * x[i];
	}
	/* five standard errors; the variances of x, x^2 and x^4 are 1, 2 and 96 */
	ck_assert_double_le(fabs(sum / COUNT), 5 * sqrt(1.0 / COUNT));
	ck_assert_double_le(fabs(squares / COUNT - 1), 5 * sqrt(2.0 / COUNT));
	ck_assert_double_le(fabs(fourths / COUNT - 3), 5 * sqrt(96.0 / COUNT));
	/* Kolmogorov and Smirnov: sqrt(n) times the distance exceeds 2.6 once in 370,000 times */
	qsort(x, COUNT, sizeof *x, by_size);
	for (size_t i = 0; i < COUNT; i++) {
		double below = 0.5 * erfc(-x[i] * 0.70710678118654752);
		distance = fmax(distance, fabs(below - (double)i / COUNT));
		distance = fmax(distance, fabs(below - (double)(i + 1) / COUNT));
	}
	ck_assert_double_le(distance * sqrt(COUNT), 2.6);
	free(x);
}
END_TEST

START_TEST(a_normal_number_takes_two_draws)
{
	bern_rng rng = stream(8), other = stream(8);
	for (int i = 0; i < 1000; i++) {
		bern_normal(&rng);
		bern_rng_u64(&other);
		bern_rng_u64(&other);
		ck_assert_mem_eq(&rng, &other, sizeof rng);
	}
}
END_TEST

/* ---- bits ------------------------------------------------------------------------------------------ */

START_TEST(vector_loops_give_the_bits_of_single_calls)
{
	enum { COUNT = 1 << 14 };
	static float x[COUNT], y[COUNT];
	for (size_t i = 0; i < COUNT; i++)
		x[i] = bern_float_of_bits((uint32_t)i * 262147u);
	for (size_t f = 0; f < sizeof float_functions / sizeof float_functions[0]; f++) {
		for (size_t i = 0; i < COUNT; i++) {
			switch (f) {
			case 0:
				y[i] = bern_expf(x[i]);
				break;
			case 1:
				y[i] = bern_sigmoidf(x[i]);
				break;
			case 2:
				y[i] = bern_tanhf(x[i]);
				break;
			case 3:
				y[i] = bern_logf(x[i]);
				break;
			default:
				y[i] = bern_sqrtf(x[i]);
			}
		}
		for (size_t i = 0; i < COUNT; i++) {
			float one = float_functions[f].ours(x[i]);
			if (!(isnan(one) && isnan(y[i])) &&
			    bern_bits_of_float(one) != bern_bits_of_float(y[i]))
				ck_abort_msg("%s(%a) is %a alone and %a in a loop",
					     float_functions[f].name, (double)x[i], (double)one,
					     (double)y[i]);
		}
	}
}
END_TEST

START_TEST(the_bits_are_the_stored_ones)
{
	/* printed by this test where it fails; a change of it is a change of every trained agent */
	ck_assert_msg(golden_math() == 0x9e473a3cbc847786u, "the hash is 0x%016llx",
		      (unsigned long long)golden_math());
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("math");
	TCase *t = tcase_create("float");
	int floats = sizeof float_functions / sizeof float_functions[0];
	tcase_set_timeout(t, 0);
	tcase_add_loop_test(t, float_functions_err_no_more_than_they_say, 0, floats);
	tcase_add_loop_test(t, float_functions_never_decrease, 0, 3);
	tcase_add_test(t, float_functions_are_right_at_the_ends);
	tcase_add_test(t, float_sigmoid_and_its_mirror_image_add_up_to_one);
	tcase_add_test(t, float_tanh_is_odd);
	suite_add_tcase(s, t);
	t = tcase_create("double");
	tcase_add_loop_test(t, double_functions_err_no_more_than_they_say, 0,
			    sizeof double_functions / sizeof double_functions[0]);
	tcase_add_test(t, sine_and_cosine_hold_beside_multiples_of_a_right_angle);
	tcase_add_test(t, sine_and_cosine_of_huge_angles_are_bounded_or_nan);
	tcase_add_loop_test(t, quick_sines_err_no_more_than_they_say, 0, 6);
	tcase_add_test(t, quick_sines_of_huge_angles_are_bounded_or_nan);
	tcase_add_test(t, double_functions_are_right_at_the_ends);
	tcase_add_test(t, powers_err_no_more_than_they_say);
	suite_add_tcase(s, t);
	t = tcase_create("normal");
	tcase_add_loop_test(t, normal_numbers_are_distributed_normally, 0, 3);
	tcase_add_test(t, a_normal_number_takes_two_draws);
	suite_add_tcase(s, t);
	t = tcase_create("bits");
	tcase_add_test(t, vector_loops_give_the_bits_of_single_calls);
	tcase_add_test(t, the_bits_are_the_stored_ones);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
