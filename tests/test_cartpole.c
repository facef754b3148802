/* CartPole against mechanics derived another way: the equations of motion as a linear system, and what must be conserved. */
#include "env_run.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>

/* The state as the fields name it. */
typedef struct body {
	double *x, *v, *theta, *omega;
} body;

static body body_of(const env_run *run)
{
	return (body){env_field(run, "x"), env_field(run, "x_dot"), env_field(run, "theta"),
		      env_field(run, "theta_dot")};
}

/* What is set: numbers as a user writes them. */
typedef struct physics {
	double gravity, cart, pole, half_length, force, tau;
} physics;

static void open_with(env_run *run, const physics *p)
{
	char text[6][40];
	const double value[6] = {p->gravity, p->cart, p->pole, p->half_length, p->force, p->tau};
	const char *const key[6] = {"gravity",     "cart_mass", "pole_mass",
				    "half_length", "force",     "tau"};
	bern_setting settings[8] = {{"x_limit", "1000"}, {"angle_limit", "180"}};
	for (size_t i = 0; i < 6; i++) {
		snprintf(text[i], sizeof text[i], "%.17g", value[i]);
		settings[i + 2] = (bern_setting){key[i], text[i]};
	}
	env_open(run, "CartPole-v1", settings, 8);
}

/* Lagrange's equations of a uniform rod on a cart, with the pole's coordinate measured from upright:
 *     (M + m) x'' + m l cos(theta) theta''  =  F + m l theta'^2 sin(theta)
 *     cos(theta) x'' + (4/3) l theta''      =  g sin(theta)
 * solved by Cramer's rule. */
static void accelerations(const physics *p, double theta, double omega, double force,
			  long double *x_acc, long double *theta_acc)
{
	long double s = sinl(theta), c = cosl(theta), m = p->pole, l = p->half_length;
	long double a11 = p->cart + m, a12 = m * l * c, b1 = force + m * l * omega * omega * s;
	long double a21 = c, a22 = 4 * l / 3, b2 = p->gravity * s;
	long double determinant = a11 * a22 - a12 * a21;
	*x_acc = (b1 * a22 - a12 * b2) / determinant;
	*theta_acc = (a11 * b2 - a21 * b1) / determinant;
}

static double between(bern_rng *rng, double low, double high)
{
	return bern_rng_range(rng, low, high);
}

static bool near(double x, long double expected, long double scale)
{
	/* some 30 roundings of intermediate values no larger than scale */
	return fabsl(x - expected) <= 30 * DBL_EPSILON * scale;
}

START_TEST(a_step_is_eulers_step_of_lagranges_equations)
{
	bern_rng rng;
	bern_rng_seed(&rng, (uint64_t)_i);
	physics p = {9.8, 1, 0.1, 0.5, 10, 0.02};
	if (_i > 0)
		p = (physics){between(&rng, 0, 30),   between(&rng, 0.1, 5),
			      between(&rng, 0.01, 5), between(&rng, 0.1, 3),
			      between(&rng, 0, 50),   between(&rng, 0.001, 0.1)};
	env_run run;
	open_with(&run, &p);
	body b = body_of(&run);
	for (int i = 0; i < 1000; i++) {
		double x = between(&rng, -2, 2), v = between(&rng, -3, 3);
		double theta = between(&rng, -3, 3), omega = between(&rng, -3, 3);
		int32_t action = i & 1;
		double force = action ? p.force : -p.force;
		*b.x = x;
		*b.v = v;
		*b.theta = theta;
		*b.omega = omega;
		env_step(&run, action);

		long double x_acc, theta_acc;
		accelerations(&p, theta, omega, force, &x_acc, &theta_acc);
		long double ml = p.pole * p.half_length;
		long double size = (p.force + ml * omega * omega) / (p.cart + p.pole) + p.gravity;
		/* the elimination loses up to the condition of the system: (M + m) / M and 1 / l */
		long double worst = size * (p.cart + p.pole) / p.cart * (1 + p.half_length) /
				    p.half_length;
		ck_assert(near(*b.x, x + (long double)p.tau * v, fabs(x) + p.tau * fabs(v)));
		ck_assert(near(*b.theta, theta + (long double)p.tau * omega,
			       fabs(theta) + p.tau * fabs(omega)));
		ck_assert_msg(near(*b.v, v + p.tau * x_acc, fabs(v) + p.tau * worst),
			      "v %.17g, should be %.17Lg", *b.v, v + p.tau * x_acc);
		ck_assert_msg(
			near(*b.omega, omega + p.tau * theta_acc, fabs(omega) + p.tau * worst),
			"omega %.17g, should be %.17Lg", *b.omega, omega + p.tau * theta_acc);
	}
	env_close(&run);
}
END_TEST

/* An episode kept up for 200 steps by a simple rule, next to the same equations with libm's sine. What rounding differs grows like
 * e^(4t): 200 steps are 4 s, so some 1e-16 become 1e-9, and 1e-6 is what recordings are compared to. */
START_TEST(two_hundred_steps_stay_with_libms)
{
	const physics p = {9.8, 1, 0.1, 0.5, 10, 0.02};
	env_run run;
	env_open(&run, "CartPole-v1", NULL, 0);
	env_seed(&run, (uint64_t)_i);
	env_reset(&run);
	body b = body_of(&run);
	long double x = *b.x, v = *b.v, theta = *b.theta, omega = *b.omega;
	for (int t = 1; t <= 200; t++) {
		int32_t action = theta + 0.5L * omega + 0.02L * x + 0.1L * v > 0;
		long double x_acc, theta_acc;
		accelerations(&p, (double)theta, (double)omega, action ? 10 : -10, &x_acc,
			      &theta_acc);
		x += 0.02 * v;
		theta += 0.02 * omega;
		v += 0.02 * x_acc;
		omega += 0.02 * theta_acc;
		ck_assert_uint_eq(env_step(&run, action), 0);
		const long double pair[4][2] = {
			{x, *b.x}, {v, *b.v}, {theta, *b.theta}, {omega, *b.omega}};
		for (int k = 0; k < 4; k++)
			ck_assert_msg(fabsl(pair[k][0] - pair[k][1]) <=
					      1e-6L * fmaxl(1, fabsl(pair[k][0])),
				      "step %d, element %d: %.12Lg, should be %.12Lg", t, k,
				      pair[k][1], pair[k][0]);
	}
	env_close(&run);
}
END_TEST

/* Energy and horizontal momentum of the free cart and pole. */
static void conserved(const physics *p, const body *b, double *energy, double *momentum)
{
	double c = cos(*b->theta), m = p->pole, l = p->half_length;
	*energy = 0.5 * (p->cart + m) * *b->v * *b->v + m * l * *b->v * *b->omega * c +
		  0.5 * (4.0 / 3) * m * l * l * *b->omega * *b->omega + m * p->gravity * l * c;
	*momentum = (p->cart + m) * *b->v + m * l * *b->omega * c;
}

/* By how much a fall of one second changes both. */
static void drift_of(double tau, double *energy, double *momentum)
{
	physics p = {9.8, 1, 0.3, 0.5, 0, tau};
	env_run run;
	open_with(&run, &p);
	body b = body_of(&run);
	*b.x = 0;
	*b.v = 0.2;
	*b.theta = 0.4;
	*b.omega = -0.3;
	double e0, p0, e1, p1;
	conserved(&p, &b, &e0, &p0);
	for (long i = 0; i < lround(1 / tau); i++)
		env_step(&run, 1);
	conserved(&p, &b, &e1, &p1);
	*energy = e1 - e0;
	*momentum = p1 - p0;
	env_close(&run);
}

/* Euler's method is of first order: a tenth of the step is a tenth of the drift, so that none is left in the limit. */
START_TEST(without_a_push_energy_and_momentum_are_conserved)
{
	double energy[2], momentum[2];
	drift_of(0.001, &energy[0], &momentum[0]);
	drift_of(0.0001, &energy[1], &momentum[1]);
	ck_assert_double_lt(fabs(energy[1]), 0.005);
	ck_assert_double_lt(fabs(momentum[1]), 0.005);
	/* the next order changes the ratio of 10 by parts of the size of the larger step's drift */
	ck_assert_double_eq_tol(energy[0] / energy[1], 10, 1);
	ck_assert_double_eq_tol(momentum[0] / momentum[1], 10, 1);
}
END_TEST

START_TEST(random_pushes_last_as_long_as_in_the_reference)
{
	env_run run;
	env_open(&run, _i ? "CartPole-v1" : "CartPole-v0", NULL, 0);
	sample s = env_random_returns(&run, 100000, run.world.instance.max_steps, 7);
	ck_assert_mean(s, 22.19, 0.005, run.world.env->id);
	ck_assert_double_eq(run.world.env->random_return, 22.19);
	env_close(&run);
}
END_TEST

START_TEST(the_limits_themselves_are_still_inside)
{
	env_run run;
	env_open(&run, "CartPole-v1", NULL, 0);
	body b = body_of(&run);
	double angle = 12 * 2 * acos(-1) / 360;
	for (int side = -1; side <= 1; side += 2)
		for (int beyond = 0; beyond < 2; beyond++) {
			double far = side * HUGE_VAL;
			*b.v = *b.theta = *b.omega = 0;
			*b.x = beyond ? nextafter(side * 2.4, far) : side * 2.4;
			ck_assert_uint_eq(env_step(&run, 0), beyond ? BERN_TERMINATED : 0);
			ck_assert_double_eq(run.reward, 1);
			*b.x = *b.v = *b.omega = 0;
			*b.theta = beyond ? nextafter(side * angle, far) : side * angle;
			ck_assert_uint_eq(env_step(&run, 0), beyond ? BERN_TERMINATED : 0);
			ck_assert_double_eq(run.reward, 1);
		}
	env_close(&run);
}
END_TEST

START_TEST(starts_fill_their_range)
{
	const bern_setting wide = {"start_range", "0.25"}, none = {"start_range", "0"};
	env_run run;
	env_open(&run, "CartPole-v1", &wide, 1);
	env_seed(&run, 3);
	body b = body_of(&run);
	double *const part[4] = {b.x, b.v, b.theta, b.omega};
	sample mean[4] = {0}, square[4] = {0};
	for (int i = 0; i < 20000; i++) {
		env_reset(&run);
		for (int k = 0; k < 4; k++) {
			ck_assert(*part[k] >= -0.25 && *part[k] < 0.25);
			sample_add(&mean[k], *part[k]);
			sample_add(&square[k], *part[k] * *part[k]);
		}
	}
	for (int k = 0; k < 4; k++) {
		ck_assert_mean(mean[k], 0, 0, "start");
		ck_assert_mean(square[k], 0.25 * 0.25 / 3, 0, "square of the start");
	}
	env_close(&run);

	env_open(&run, "CartPole-v1", &none, 1);
	env_seed(&run, 3);
	env_reset(&run);
	b = body_of(&run);
	ck_assert(*b.x == 0 && *b.v == 0 && *b.theta == 0 && *b.omega == 0);
	env_close(&run);
}
END_TEST

START_TEST(both_versions_have_their_limits)
{
	env_run run;
	env_open(&run, "CartPole-v0", NULL, 0);
	ck_assert_uint_eq(run.world.instance.max_steps, 200);
	ck_assert_double_eq(run.world.instance.max_return, 200);
	ck_assert_double_eq(run.world.env->solved_return, 195);
	env_close(&run);
	env_open(&run, "CartPole-v1", NULL, 0);
	ck_assert_uint_eq(run.world.instance.max_steps, 500);
	ck_assert_double_eq(run.world.instance.max_return, 500);
	ck_assert_double_eq(run.world.env->solved_return, 475);
	env_close(&run);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("cartpole");
	TCase *t = tcase_create("cartpole");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, a_step_is_eulers_step_of_lagranges_equations, 0, 8);
	tcase_add_loop_test(t, two_hundred_steps_stay_with_libms, 0, 20);
	tcase_add_test(t, without_a_push_energy_and_momentum_are_conserved);
	tcase_add_loop_test(t, random_pushes_last_as_long_as_in_the_reference, 0, 2);
	tcase_add_test(t, the_limits_themselves_are_still_inside);
	tcase_add_test(t, starts_fill_their_range);
	tcase_add_test(t, both_versions_have_their_limits);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
