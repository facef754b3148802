/* MountainCar, Acrobot and Pendulum against mechanics derived another way, and against what simple rules and random actions return. */
#include "env_run.h"

#include <float.h>
#include <stdio.h>

static double between(bern_rng *rng, double low, double high)
{
	return bern_rng_range(rng, low, high);
}

/* A step with a number for an action. */
static uint32_t step_number(env_run *run, float action)
{
	bern_outcome out = {0};
	run->world.env->step(run->world.instance.model, run->state, &run->rng, &action, &out);
	run->reward = out.reward;
	run->flags = out.flags;
	return out.flags;
}

/* A step of whatever kind the environment takes, at random; every now and then an end of the range. */
static uint32_t step_random(env_run *run, bern_rng *rng)
{
	const bern_space *space = &run->world.instance.action;
	bern_outcome out = {0};
	uint8_t bits[64];
	if (space->kind == BERN_DISCRETE)
		return env_step(run, (int32_t)bern_rng_below(rng, (uint64_t)space->sizes[0]));
	if (space->kind == BERN_BOX)
		return step_number(run, (float)bern_rng_range(rng, (double)space->low[0],
							      (double)space->high[0]));
	ck_assert_int_eq(space->kind, BERN_MULTI_BINARY);
	for (uint32_t i = 0; i < space->count; i++)
		bits[i] = (uint8_t)bern_rng_below(rng, 2);
	run->world.env->step(run->world.instance.model, run->state, &run->rng, bits, &out);
	run->reward = out.reward;
	run->flags = out.flags;
	return out.flags;
}

/* ---- mountain car ---------------------------------------------------------------------------------------------- */

/* The car as a list of rules in long double; 1 at the goal. round: to float32 after the step. */
static int car_moves(long double *x, long double *v, long double push, long double gravity,
		     long double goal, int round)
{
	*v += push - gravity * cosl(3 * *x);
	*v = fminl(fmaxl(*v, -0.07), 0.07);
	*x += *v;
	*x = fminl(fmaxl(*x, -1.2), 0.6);
	if (*x == -1.2 && *v < 0)
		*v = 0;
	int there = *x >= goal && *v >= 0;
	*x = round ? (long double)(float)*x : *x;
	*v = round ? (long double)(float)*v : *v;
	return there;
}

START_TEST(the_car_moves_as_its_rules_say)
{
	int continuous = _i & 1;
	bern_rng rng;
	bern_rng_seed(&rng, (uint64_t)_i);
	double force = continuous ? 0.0015 : 0.001, gravity = 0.0025,
	       goal = continuous ? 0.45 : 0.5;
	if (_i > 1) {
		force = between(&rng, 0, 0.07);
		gravity = between(&rng, 0, 0.07);
		goal = between(&rng, -1, 0.6);
	}
	char text[3][40];
	snprintf(text[0], 40, "%.17g", force);
	snprintf(text[1], 40, "%.17g", gravity);
	snprintf(text[2], 40, "%.17g", goal);
	const bern_setting settings[] = {
		{"force", text[0]}, {"gravity", text[1]}, {"goal_position", text[2]}};
	env_run run;
	env_open(&run, continuous ? "MountainCarContinuous-v0" : "MountainCar-v0", settings, 3);
	env_seed(&run, 1);
	env_reset(&run);
	double *x = env_field(&run, "position"), *v = env_field(&run, "velocity");
	for (int i = 0; i < 3000; i++) {
		*x = i % 5 == 0   ? -1.2
		     : i % 5 == 1 ? between(&rng, 0.4, 0.6)
				  : between(&rng, -1.2, 0.6);
		*v = between(&rng, -0.07, 0.07);
		long double xx = *x, vv = *v;
		float number = (float)between(&rng, -1, 1);
		int32_t action = i % 3;
		int there = car_moves(
			&xx, &vv,
			force * (continuous ? (long double)number : (long double)(action - 1)),
			gravity, goal, continuous);
		uint32_t flags = continuous ? step_number(&run, number) : env_step(&run, action);
		/* a handful of roundings of numbers below 1.2; one of float32 may fall the other way */
		double off = continuous ? (double)FLT_EPSILON : 4 * DBL_EPSILON;
		ck_assert_double_eq_tol(*x, (double)xx, off);
		ck_assert_double_eq_tol(*v, (double)vv, off);
		ck_assert_uint_eq(flags, there ? BERN_TERMINATED : 0);
		double reward = -1;
		if (continuous)
			reward = (there ? 100 : 0) - 0.1 * (double)number * (double)number;
		ck_assert_double_eq_tol(run.reward, reward, 1e-13);
	}
	env_close(&run);
}
END_TEST

/* Without a push the step is the symplectic Euler method of a particle in the potential U = (gravity / 3) sin(3x): the energy
 * swings about a constant by |v U'| / 2, to first order, and does not drift. */
START_TEST(a_car_left_alone_keeps_its_energy)
{
	env_run run;
	env_open(&run, "MountainCar-v0", NULL, 0);
	env_seed(&run, (uint64_t)_i);
	env_reset(&run);
	double *x = env_field(&run, "position"), *v = env_field(&run, "velocity");
	*x = -0.5236 + 0.05 + 0.05 * _i;
	double start = *v * *v / 2 + 0.0025 / 3 * sin(3 * *x), worst = 0, most = 0;
	for (int t = 0; t < 10000; t++) {
		env_step(&run, 1);
		double slope = 0.0025 * cos(3 * *x);
		worst = fmax(worst, fabs(*v * *v / 2 + 0.0025 / 3 * sin(3 * *x) - start));
		most = fmax(most, fabs(*v * slope) / 2);
	}
	ck_assert_double_gt(worst, 0);
	ck_assert_double_le(worst, 2 * most);
	env_close(&run);
}
END_TEST

START_TEST(pushing_along_the_velocity_reaches_the_flag)
{
	env_run run;
	env_open(&run, "MountainCar-v0", NULL, 0);
	double *v = env_field(&run, "velocity");
	sample s = {0};
	env_seed(&run, 4);
	for (int i = 0; i < 20000; i++) {
		double total = 0;
		env_reset(&run);
		for (int t = 0; t < 200; t++) {
			uint32_t flags = env_step(&run, *v < 0 ? 0 : 2);
			total += run.reward;
			if (flags)
				break;
		}
		sample_add(&s, total);
	}
	ck_assert_mean(s, -119.3, 0.05, "pushes along the velocity");
	env_close(&run);

	env_open(&run, "MountainCarContinuous-v0", NULL, 0);
	v = env_field(&run, "velocity");
	env_seed(&run, 4);
	for (int i = 0; i < 1000; i++) {
		double total = 0;
		env_reset(&run);
		for (int t = 0; t < 999 && !run.flags; t++) {
			step_number(&run, *v < 0 ? -1 : 1);
			total += run.reward;
		}
		double success[2] = {0};
		run.world.env->read_metrics(run.world.instance.model, run.state, success);
		ck_assert_uint_eq(run.flags, BERN_TERMINATED);
		ck_assert_double_eq(success[0], 1);
		ck_assert_double_ge(total, 85); /* 150 steps of full force cost 15 */
	}
	env_close(&run);
}
END_TEST

START_TEST(the_car_starts_in_its_range)
{
	const bern_setting settings[] = {{"start_low", "-1"}, {"start_high", "0.2"}};
	const bern_setting wrong[] = {{"start_low", "0.3"}, {"start_high", "0.2"}};
	env_run run;
	bern_error e;
	env_open(&run, "MountainCar-v0", settings, 2);
	env_seed(&run, 8);
	double *x = env_field(&run, "position"), *v = env_field(&run, "velocity");
	sample mean = {0}, square = {0};
	for (int i = 0; i < 20000; i++) {
		env_reset(&run);
		ck_assert(*x >= -1 && *x < 0.2 && *v == 0);
		sample_add(&mean, *x + 0.4);
		sample_add(&square, (*x + 0.4) * (*x + 0.4));
	}
	ck_assert_mean(mean, 0, 0, "start");
	ck_assert_mean(square, 1.2 * 1.2 / 12, 0, "square of the start");
	env_close(&run);
	ck_assert_int_ne(env_try(&run, "MountainCar-v0", wrong, 2, &e), 0);
	ck_assert_str_eq(e.text, "MountainCar-v0: start_low: 0.3 is above start_high, 0.2");
}
END_TEST

/* ---- acrobot --------------------------------------------------------------------------------------------------- */

/* theta1, theta2 and their rates, in this order. */
typedef struct pose {
	long double q[4];
} pose;

/* Lagrange's equations of two rods, from the kinetic energy of the two centres of mass (at l/2, moment of inertia 1 about each) and
 * the potential: M (a1, a2) = b, solved by Cramer's rule. paper: without the term in omega1^2 of the second equation. */
static pose acrobot_rates(const pose *s, long double torque, long double g, int paper)
{
	long double t1 = s->q[0], t2 = s->q[1], w1 = s->q[2], w2 = s->q[3];
	/* |v2|^2 = w1^2 + (w1 + w2)^2 / 4 + w1 (w1 + w2) cos(t2) */
	long double m22 = 0.25L + 1, m12 = m22 + 0.5L * cosl(t2);
	long double m11 = 0.25L + 1 + 1 + m22 + cosl(t2);
	long double bend = 0.5L * sinl(t2);
	long double b1 = bend * (2 * w1 * w2 + w2 * w2) - 1.5L * g * sinl(t1) -
			 0.5L * g * sinl(t1 + t2);
	long double b2 = torque - (paper ? 0 : bend * w1 * w1) - 0.5L * g * sinl(t1 + t2);
	long double determinant = m11 * m22 - m12 * m12;
	return (pose){
		{w1, w2, (b1 * m22 - m12 * b2) / determinant, (m11 * b2 - m12 * b1) / determinant}};
}

static pose runge_kutta(const pose *s, long double torque, long double g, int paper, long double dt)
{
	static const long double at[4] = {0, 0.5L, 0.5L, 1}, weight[4] = {1, 2, 2, 1};
	pose sum = *s, k = {{0}};
	for (int i = 0; i < 4; i++) {
		pose probe;
		for (int j = 0; j < 4; j++)
			probe.q[j] = s->q[j] + dt * at[i] * k.q[j];
		k = acrobot_rates(&probe, torque, g, paper);
		for (int j = 0; j < 4; j++)
			sum.q[j] += dt * weight[i] * k.q[j] / 6;
	}
	return sum;
}

static long double acrobot_energy(const pose *s, long double g)
{
	long double t1 = s->q[0], t2 = s->q[1], w1 = s->q[2], w2 = s->q[3], w = w1 + w2;
	/* velocities of the centres of mass by differentiating where they are */
	long double vx = cosl(t1) * w1 + 0.5L * cosl(t1 + t2) * w;
	long double vy = sinl(t1) * w1 + 0.5L * sinl(t1 + t2) * w;
	return (w1 * w1 / 4 + vx * vx + vy * vy + w1 * w1 + w * w) / 2 -
	       g * (0.5L * cosl(t1) + cosl(t1) + 0.5L * cosl(t1 + t2));
}

/* The oracle itself: its equations conserve the energy, written down apart, and a torque adds what it works. */
START_TEST(the_equations_of_the_oracle_conserve_energy)
{
	pose s = {{1.2L, -0.7L, 0.5L, 1.5L}};
	const long double g = 9.8L;
	long double start = acrobot_energy(&s, g), work = 0, torque = _i;
	for (int i = 0; i < 20000; i++) {
		pose next = runge_kutta(&s, torque, g, 0, 1e-4L);
		work += torque * (next.q[1] - s.q[1]);
		s = next;
	}
	/* the error of the method is of the order of 1e-16 a unit of time */
	ck_assert_msg(fabsl(acrobot_energy(&s, g) - start - work) < 1e-11L, "%Lg",
		      acrobot_energy(&s, g) - start - work);
}
END_TEST

static void acrobot_pose(const env_run *run, double *part[4])
{
	static const char *const names[4] = {"theta1", "theta2", "omega1", "omega2"};
	for (int j = 0; j < 4; j++)
		part[j] = env_field(run, names[j]);
}

START_TEST(an_acrobot_step_is_runge_kuttas_step_of_lagranges_equations)
{
	static const bern_setting settings[] = {
		{"dynamics", "nips"}, {"gravity", "3.7"}, {"torque", "2.5"}};
	int other = _i;
	long double g = other ? 3.7L : 9.8L, size = other ? 2.5L : 1;
	bern_rng rng;
	bern_rng_seed(&rng, (uint64_t)_i);
	env_run run;
	env_open(&run, "Acrobot-v1", settings, other ? 3 : 0);
	double *part[4];
	acrobot_pose(&run, part);
	const double pi = acos(-1);
	const double range[4] = {pi, pi, 4 * pi, 9 * pi};
	int wrapped = 0, clipped = 0;
	for (int i = 0; i < 5000; i++) {
		pose s;
		for (int j = 0; j < 4; j++) {
			double far = j < 2 ? 1 : i % 2 ? 0.1 : 1;
			*part[j] = far * between(&rng, -range[j], range[j]);
			s.q[j] = *part[j];
		}
		uint32_t flags = env_step(&run, i % 3);
		pose next = runge_kutta(&s, size * (i % 3 - 1), g, other, 0.2L);
		/* intermediate rates reach the square of the velocities, and every stage multiplies them by some ten */
		long double w = fabsl(s.q[2]) + fabsl(s.q[3]) + 1;
		double off = (double)(1e-15L * w * w * w);
		for (int j = 0; j < 4; j++) {
			long double expected = next.q[j];
			if (j < 2) {
				/* the angle that is the same but for whole turns */
				wrapped += fabsl(expected) > pi;
				expected -= 2 * acosl(-1) * roundl((expected - *part[j]) / 2 / pi);
				ck_assert_double_le(fabs(*part[j]), pi);
			} else {
				clipped += fabsl(expected) > range[j];
				expected = fminl(fmaxl(expected, -range[j]), range[j]);
			}
			ck_assert_msg(fabsl(*part[j] - expected) <= off,
				      "element %d is %.17g, should be %.17Lg within %.1g", j,
				      *part[j], expected, off);
		}
		long double tip = -cosl(*part[0]) - cosl(*part[0] + *part[1]);
		if (fabsl(tip - 1) > 1e-12L) {
			ck_assert_uint_eq(flags, tip > 1 ? BERN_TERMINATED : 0);
			ck_assert_double_eq(run.reward, tip > 1 ? 0 : -1);
		}
	}
	ck_assert_int_gt(wrapped, 100);
	ck_assert_int_gt(clipped, 100);
	env_close(&run);
}
END_TEST

/* An episode of the recording's length and its actions, next to the oracle: recordings are compared within 1e-6. */
START_TEST(two_hundred_steps_of_acrobot_stay_with_libms)
{
	env_run run;
	env_open(&run, "Acrobot-v1", NULL, 0);
	env_seed(&run, (uint64_t)_i);
	env_reset(&run);
	double *part[4];
	acrobot_pose(&run, part);
	pose s;
	for (int j = 0; j < 4; j++) {
		ck_assert_double_eq(*part[j], (double)(float)*part[j]); /* starts are float32 */
		s.q[j] = *part[j];
	}
	for (int t = 1; t <= 200; t++) {
		ck_assert_uint_eq(env_step(&run, t % 3), 0);
		s = runge_kutta(&s, t % 3 - 1, 9.8L, 0, 0.2L);
		for (int j = 0; j < 4; j++)
			ck_assert_msg(fabsl(s.q[j] - *part[j]) <= 1e-7L,
				      "step %d, element %d: %.12g, should be %.12Lg", t, j,
				      *part[j], s.q[j]);
	}
	env_close(&run);
}
END_TEST

START_TEST(torque_along_omega2_swings_up)
{
	env_run run;
	env_open(&run, "Acrobot-v1", NULL, 0);
	double *part[4];
	acrobot_pose(&run, part);
	sample s = {0};
	env_seed(&run, 6);
	for (int i = 0; i < 5000; i++) {
		double total = 0;
		env_reset(&run);
		for (int t = 0; t < 500 && !run.flags; t++) {
			env_step(&run, *part[3] < 0 ? 0 : 2);
			total += run.reward;
		}
		sample_add(&s, total);
	}
	ck_assert_mean(s, -90.4, 0.05, "torque along omega2");
	env_close(&run);
}
END_TEST

START_TEST(noise_of_the_torque_is_drawn_only_if_there_is_any)
{
	const bern_setting noisy = {"torque_noise", "0.5"};
	env_run run;
	for (int with = 0; with < 2; with++) {
		env_open(&run, "Acrobot-v1", &noisy, (size_t)with);
		env_seed(&run, 3);
		env_reset(&run);
		bern_rng before = run.rng;
		double *part[4];
		acrobot_pose(&run, part);
		pose s;
		for (int j = 0; j < 4; j++)
			s.q[j] = *part[j];
		env_step(&run, 2);
		long double torque = 1;
		if (with)
			torque += -0.5L + (long double)bern_rng_uniform(&before);
		ck_assert_mem_eq(&before, &run.rng, sizeof before);
		s = runge_kutta(&s, torque, 9.8L, 0, 0.2L);
		for (int j = 0; j < 4; j++)
			ck_assert_double_eq_tol(*part[j], (double)s.q[j], 1e-14);
		env_close(&run);
	}
}
END_TEST

/* ---- pendulum -------------------------------------------------------------------------------------------------- */

/* A rod that turns about its end: its moment of inertia is m l^2 / 3, its weight pulls at l / 2. */
START_TEST(a_pendulum_step_is_eulers_step_of_newtons_equation)
{
	bern_rng rng;
	bern_rng_seed(&rng, (uint64_t)_i);
	double g = 10, m = 1, l = 1, most = 2;
	if (_i) {
		g = between(&rng, 0, 30);
		m = between(&rng, 0.1, 10);
		l = between(&rng, 0.2, 5);
		most = between(&rng, 0.1, 50);
	}
	char text[4][40];
	const double value[4] = {g, m, l, most};
	const char *const key[4] = {"gravity", "mass", "length", "max_torque"};
	bern_setting settings[4];
	for (int k = 0; k < 4; k++) {
		snprintf(text[k], 40, "%.17g", value[k]);
		settings[k] = (bern_setting){key[k], text[k]};
	}
	env_run run;
	env_open(&run, "Pendulum-v1", settings, 4);
	double *theta = env_field(&run, "theta"), *omega = env_field(&run, "theta_dot");
	int clipped = 0;
	for (int i = 0; i < 3000; i++) {
		*theta = between(&rng, -40, 40);
		*omega = between(&rng, -8, 8);
		/* as far as the space goes, not as far as max_torque if float32 rounds it up */
		float u = (float)between(&rng, -most, most) * 0.999999f;
		long double inertia = m * (long double)l * l / 3;
		long double acc = (m * (long double)g * l / 2 * sinl(*theta) + (long double)u) /
				  inertia;
		long double w = *omega + 0.05 * acc;
		clipped += fabsl(w) > 8;
		w = fminl(fmaxl(w, -8), 8);
		long double angle = *theta + 0.05 * w, off = remainderl(*theta, 2 * acosl(-1));
		long double cost = off * off + 0.1L * *omega * *omega +
				   0.001L * (long double)u * (long double)u;
		ck_assert_uint_eq(step_number(&run, u), 0);
		double size = (double)(fabsl(acc) + 40);
		ck_assert_double_eq_tol(*omega, (double)w, 10 * DBL_EPSILON * size);
		ck_assert_double_eq_tol(*theta, (double)angle, 10 * DBL_EPSILON * size);
		ck_assert_double_eq_tol(-run.reward, (double)cost,
					20 * DBL_EPSILON * (double)(cost + 40));
	}
	ck_assert_int_gt(clipped, 0);
	env_close(&run);
}
END_TEST

/* Swings by its energy, then balances: Åström & Furuta 2000, "Swinging up a pendulum by energy control". */
static double swing_up(double theta, double omega)
{
	double off = remainder(theta, 2 * acos(-1));
	double energy = omega * omega / 6 + 5 * (cos(theta) - 1); /* 0 upright and at rest */
	double u = fabs(off) < 0.5 ? -10 * off - 2 * omega
		   : energy < 0    ? 2 * (omega < 0 ? -1 : 1)
				   : -2 * (omega < 0 ? -1 : 1) * fmin(1, energy);
	return fmin(fmax(u, -2), 2);
}

START_TEST(a_controller_swings_the_pendulum_up)
{
	static const char *const ids[] = {"Pendulum-v1", "PendulumBinned-v1", "PendulumBits-v1"};
	env_run run;
	env_open(&run, ids[_i], NULL, 0);
	double *theta = env_field(&run, "theta"), *omega = env_field(&run, "theta_dot");
	sample s = {0};
	env_seed(&run, 2);
	for (int i = 0; i < 2000; i++) {
		double total = 0;
		env_reset(&run);
		for (int t = 0; t < 200; t++) {
			double u = swing_up(*theta, *omega);
			int32_t level = (int32_t)lround(u + 2); /* torques -2 -1 0 1 2 */
			if (_i == 0) {
				step_number(&run, (float)u);
			} else if (_i == 1) {
				env_step(&run, level);
			} else {
				uint8_t bits[4];
				bern_outcome out = {0};
				for (int k = 0; k < 4; k++)
					bits[k] = (k + t) % 4 < level;
				run.world.env->step(run.world.instance.model, run.state, &run.rng,
						    bits, &out);
				run.reward = out.reward;
			}
			total += run.reward;
		}
		sample_add(&s, total);
	}
	printf("# %s by energy: %.1f\n", ids[_i], sample_mean(&s));
	/* "about -150" is the reference's figure of good controllers; this one is none of the best */
	ck_assert_double_gt(sample_mean(&s), run.world.env->solved_return);
	ck_assert_double_lt(sample_mean(&s), -100);
	env_close(&run);
}
END_TEST

/* The two coded pendulums are the plain one with other words for the torque, bit for bit. */
START_TEST(levels_and_bits_stand_for_even_torques)
{
	static const int counts[] = {2, 3, 5, 9, 33};
	int count = counts[_i];
	char levels[16], bits_text[16];
	snprintf(levels, sizeof levels, "%d", count);
	snprintf(bits_text, sizeof bits_text, "%d", count - 1);
	const bern_setting by_level = {"levels", levels}, by_bits = {"bits", bits_text};
	env_run plain, binned, coded;
	env_open(&plain, "Pendulum-v1", NULL, 0);
	env_open(&binned, "PendulumBinned-v1", &by_level, 1);
	env_open(&coded, "PendulumBits-v1", &by_bits, 1);
	ck_assert_int_eq(binned.world.instance.action.sizes[0], count);
	ck_assert_uint_eq(coded.world.instance.action.count, (uint32_t)count - 1);
	env_seed(&plain, 5);
	env_seed(&binned, 5);
	env_seed(&coded, 5);
	env_reset(&plain);
	env_reset(&binned);
	env_reset(&coded);
	size_t size = plain.world.instance.state_size;
	ck_assert_mem_eq(plain.state, binned.state, size);
	ck_assert_mem_eq(plain.state, coded.state, size);
	bern_rng rng;
	bern_rng_seed(&rng, 1);
	for (int t = 0; t < 300; t++) {
		uint8_t bits[64];
		bern_outcome out = {0};
		int ones = 0;
		for (int k = 0; k < count - 1; k++)
			ones += bits[k] = (uint8_t)bern_rng_below(&rng, 2);
		/* quarters and sixteenths are exact in float32 */
		step_number(&plain, (float)(-2 + 4.0 * ones / (count - 1)));
		env_step(&binned, ones);
		coded.world.env->step(coded.world.instance.model, coded.state, &coded.rng, bits,
				      &out);
		ck_assert_mem_eq(plain.state, binned.state, size);
		ck_assert_mem_eq(plain.state, coded.state, size);
		ck_assert_double_eq(plain.reward, binned.reward);
		ck_assert_double_eq(plain.reward, out.reward);
	}
	env_close(&plain);
	env_close(&binned);
	env_close(&coded);
}
END_TEST

/* ---- all of them ----------------------------------------------------------------------------------------------- */

static const struct {
	const char *id;
	double random_return, rounding;
	uint64_t limit;
	int episodes;
} shelf[] = {
	/* the reference's figures; of the codings, and of the force, what 20,000 episodes gave, whose standard error is 2 and 0.03 */
	{"MountainCar-v0", -200, 0.05, 200, 3000},
	{"MountainCarContinuous-v0", -33.1, 0.16, 999, 2000},
	{"Acrobot-v1", -499.2, 0.05, 500, 2000},
	{"Pendulum-v1", -1226, 0.5, 200, 5000},
	{"PendulumBinned-v1", -1225, 10, 200, 5000},
	{"PendulumBits-v1", -1228, 10, 200, 5000},
};

START_TEST(random_actions_return_what_the_table_says)
{
	env_run run;
	env_open(&run, shelf[_i].id, NULL, 0);
	ck_assert_uint_eq(run.world.instance.max_steps, shelf[_i].limit);
	ck_assert_double_eq(run.world.env->random_return, shelf[_i].random_return);
	bern_rng actions;
	bern_rng_seed(&actions, 77);
	env_seed(&run, 9);
	sample s = {0};
	for (int i = 0; i < shelf[_i].episodes; i++) {
		double total = 0;
		env_reset(&run);
		for (uint64_t t = 0; t < shelf[_i].limit && !run.flags; t++) {
			step_random(&run, &actions);
			total += run.reward;
		}
		sample_add(&s, total);
	}
	ck_assert_mean(s, shelf[_i].random_return, shelf[_i].rounding, shelf[_i].id);
	env_close(&run);
}
END_TEST

/* Parameters at and between the ends of their ranges, random actions: the observation stays in its space, the reward finite. */
START_TEST(no_parameters_lead_out_of_the_space)
{
	bern_rng rng;
	bern_rng_seed(&rng, (uint64_t)_i);
	env_run about;
	env_open(&about, shelf[_i].id, NULL, 0);
	const bern_env *env = about.world.env;
	for (int trial = 0; trial < 60; trial++) {
		env_run run;
		bern_error e;
		char text[8][40];
		bern_setting settings[8];
		ck_assert_uint_le(env->param_count, 8);
		for (uint32_t k = 0; k < env->param_count; k++) {
			const bern_param *p = &env->params[k];
			uint64_t kind = bern_rng_below(&rng, 4);
			double x = kind == 0   ? p->min
				   : kind == 1 ? p->max
					       : bern_rng_range(&rng, p->min, p->max);
			if (p->type == BERN_CHOICE)
				snprintf(text[k], 40, "%s", p->choices[kind & 1]);
			else if (p->type == BERN_INT)
				snprintf(text[k], 40, "%.0f", floor(x));
			else
				snprintf(text[k], 40, "%.17g", x);
			settings[k] = (bern_setting){p->key, text[k]};
		}
		if (env_try(&run, shelf[_i].id, settings, env->param_count, &e)) {
			ck_assert_ptr_nonnull(strstr(e.text, "start_low"));
			continue;
		}
		env_seed(&run, (uint64_t)trial);
		float seen[8], floats[8];
		for (int t = 0; t < 2000; t++) {
			if (t % 500 == 0)
				env_reset(&run);
			step_random(&run, &rng);
			run.world.env->observe(run.world.instance.model, run.state, seen);
			ck_assert_msg(bern_encode(&run.world, seen, floats, &e) == 0, "%s", e.text);
			ck_assert(isfinite(run.reward));
			ck_assert(!(run.flags & ~(uint32_t)BERN_TERMINATED));
		}
		env_close(&run);
	}
	env_close(&about);
}
END_TEST

static Suite *suite(void)
{
	int count = (int)(sizeof shelf / sizeof shelf[0]);
	Suite *s = suite_create("classic_control");
	TCase *t = tcase_create("mountain car");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, the_car_moves_as_its_rules_say, 0, 8);
	tcase_add_loop_test(t, a_car_left_alone_keeps_its_energy, 0, 6);
	tcase_add_test(t, pushing_along_the_velocity_reaches_the_flag);
	tcase_add_test(t, the_car_starts_in_its_range);
	suite_add_tcase(s, t);
	t = tcase_create("acrobot");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, the_equations_of_the_oracle_conserve_energy, 0, 2);
	tcase_add_loop_test(t, an_acrobot_step_is_runge_kuttas_step_of_lagranges_equations, 0, 2);
	tcase_add_loop_test(t, two_hundred_steps_of_acrobot_stay_with_libms, 0, 5);
	tcase_add_test(t, torque_along_omega2_swings_up);
	tcase_add_test(t, noise_of_the_torque_is_drawn_only_if_there_is_any);
	suite_add_tcase(s, t);
	t = tcase_create("pendulum");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, a_pendulum_step_is_eulers_step_of_newtons_equation, 0, 8);
	tcase_add_loop_test(t, a_controller_swings_the_pendulum_up, 0, 3);
	tcase_add_loop_test(t, levels_and_bits_stand_for_even_torques, 0, 5);
	suite_add_tcase(s, t);
	t = tcase_create("all");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, random_actions_return_what_the_table_says, 0, count);
	tcase_add_loop_test(t, no_parameters_lead_out_of_the_space, 0, count);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
