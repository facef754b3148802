/* Advantages against the definition: sums of powers over each episode, written down one term at a time. */
#include "gae.h"

#include <bern/env.h>

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_T 40
#define MAX_B 37

typedef struct rollout {
	size_t T, B;
	float reward[MAX_T * MAX_B], value[MAX_T * MAX_B], bootstrap[MAX_T * MAX_B];
	float last_value[MAX_B];
	uint32_t flags[MAX_T * MAX_B];
	float advantage[MAX_T * MAX_B], target[MAX_T * MAX_B];
} rollout;

/* numbers of the test's own: xorshift64 */
static double draw(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return (double)(*x >> 11) / 9007199254740992.0;
}

/* About one step in six ends an episode, in all three ways. */
static rollout *random_rollout(uint64_t seed, size_t T, size_t B)
{
	rollout *r = calloc(1, sizeof *r);
	uint64_t x = seed * 2654435761u + 88172645463325252u;
	ck_assert_ptr_nonnull(r);
	r->T = T;
	r->B = B;
	for (size_t i = 0; i < T * B; i++) {
		r->reward[i] = (float)(2 * draw(&x) - 1);
		r->value[i] = (float)(10 * draw(&x) - 5);
		r->flags[i] = draw(&x) < 1.0 / 6 ? 1 + (uint32_t)(3 * draw(&x)) : 0;
		/* unspecified where nothing was cut: must not be read */
		r->bootstrap[i] = r->flags[i] == BERN_TRUNCATED ? (float)(10 * draw(&x) - 5)
								: (float)NAN;
	}
	for (size_t b = 0; b < B; b++)
		r->last_value[b] = (float)(10 * draw(&x) - 5);
	return r;
}

static void run(rollout *r, double gamma, double lambda)
{
	bern_gae(r->advantage, r->target, r->reward, r->flags, r->value, r->last_value,
		 r->bootstrap, gamma, lambda, r->T, r->B);
}

/* V of what follows step (t, b). */
static double after(const rollout *r, size_t t, size_t b)
{
	size_t at = t * r->B + b;
	switch (r->flags[at]) {
	case 0:
		return t + 1 < r->T ? r->value[at + r->B] : r->last_value[b];
	case BERN_TRUNCATED:
		return r->bootstrap[at];
	default:
		return 0;
	}
}

/* sum over k of (gamma lambda)^k delta[t + k] up to the end of the episode or of the rollout */
static double definition(const rollout *r, double gamma, double lambda, size_t t, size_t b)
{
	double sum = 0;
	for (size_t k = 0; t + k < r->T; k++) {
		size_t at = (t + k) * r->B + b;
		double delta = r->reward[at] + gamma * after(r, t + k, b) - r->value[at];
		sum += pow(gamma * lambda, (double)k) * delta;
		if (r->flags[at])
			break;
	}
	return sum;
}

/* discounted rewards to the end, and the value of what was not seen */
static double discounted_return(const rollout *r, double gamma, size_t t, size_t b)
{
	double sum = 0;
	for (size_t k = 0;; k++) {
		size_t at = (t + k) * r->B + b;
		sum += pow(gamma, (double)k) * r->reward[at];
		if (r->flags[at] || t + k + 1 == r->T)
			return sum + pow(gamma, (double)k + 1) * after(r, t + k, b);
	}
}

/* One rounding to float of numbers that a sum of doubles brought: half a unit in the last place, and 1e-12 for the sums. */
static void assert_near(float got, double want, const char *what, size_t t, size_t b)
{
	ck_assert_msg(fabs(got - want) <= fabs(want) * 6e-8 + 1e-12,
		      "%s at step %zu of lane %zu is %.9g, not %.9g", what, t, b, got, want);
}

static const double gammas[] = {0.99, 1, 0.9, 0.5, 0, 0.97};
static const double lambdas[] = {0.9, 1, 0, 0.95, 1, 0.3};
static const size_t lanes[] = {1, 3, 16, 17, 32, 37};

START_TEST(advantages_equal_the_definition_term_by_term)
{
	for (size_t c = 0; c < 6; c++) {
		size_t T = c == 2 ? 1 : MAX_T - c;
		rollout *r = random_rollout((uint64_t)_i * 6 + c, T, lanes[c]);
		run(r, gammas[c], lambdas[c]);
		for (size_t t = 0; t < T; t++)
			for (size_t b = 0; b < r->B; b++) {
				size_t at = t * r->B + b;
				double want = definition(r, gammas[c], lambdas[c], t, b);
				assert_near(r->advantage[at], want, "the advantage", t, b);
				assert_near(r->target[at], want + r->value[at], "the target", t, b);
			}
		free(r);
	}
}
END_TEST

START_TEST(targets_with_lambda_one_are_discounted_returns)
{
	rollout *r = random_rollout((uint64_t)_i + 100, MAX_T, 5);
	run(r, 0.97, 1);
	for (size_t t = 0; t < r->T; t++)
		for (size_t b = 0; b < r->B; b++) {
			/* the definition's sum telescopes: 40 terms of size 10, each off by 1e-15 */
			double want = discounted_return(r, 0.97, t, b);
			assert_near(r->target[t * r->B + b], want, "the target", t, b);
		}
	free(r);
}
END_TEST

/* One lane, reward 1 in the only step, V before it 2, V after it 10 if it is asked for. */
static float advantage_of_one_step(uint32_t flags)
{
	const float reward = 1, value = 2, last = 1000, bootstrap = 10;
	float advantage, target;
	bern_gae(&advantage, &target, &reward, &flags, &value, &last, &bootstrap, 0.5, 0.9, 1, 1);
	ck_assert_float_eq(target, advantage + 2);
	return advantage;
}

START_TEST(a_time_limit_bootstraps_and_an_end_does_not)
{
	ck_assert_float_eq(advantage_of_one_step(0), 1 + 500 - 2);
	ck_assert_float_eq(advantage_of_one_step(BERN_TRUNCATED), 1 + 5 - 2);
	ck_assert_float_eq(advantage_of_one_step(BERN_TERMINATED), 1 - 2);
	ck_assert_float_eq(advantage_of_one_step(BERN_TERMINATED | BERN_TRUNCATED), 1 - 2);
}
END_TEST

START_TEST(nothing_of_the_next_episode_reaches_the_one_before)
{
	for (uint32_t flags = 1; flags <= 3; flags++) {
		rollout *a = random_rollout(7, 10, 2), *b = random_rollout(7, 10, 2);
		a->flags[4 * 2] = b->flags[4 * 2] = flags;
		a->bootstrap[4 * 2] = b->bootstrap[4 * 2] = 3;
		for (size_t t = 5; t < 10; t++) {
			b->reward[t * 2] += 100;
			b->value[t * 2] -= 50;
		}
		b->last_value[0] = 1e6f;
		run(a, 0.99, 0.95);
		run(b, 0.99, 0.95);
		for (size_t t = 0; t < 10; t++) {
			ck_assert_float_eq(a->advantage[t * 2 + 1], b->advantage[t * 2 + 1]);
			if (t < 5)
				ck_assert_float_eq(a->advantage[t * 2], b->advantage[t * 2]);
			else
				ck_assert_float_ne(a->advantage[t * 2], b->advantage[t * 2]);
		}
		free(a);
		free(b);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("gae");
	TCase *t = tcase_create("advantages");
	tcase_add_loop_test(t, advantages_equal_the_definition_term_by_term, 0, 8);
	tcase_add_loop_test(t, targets_with_lambda_one_are_discounted_returns, 0, 8);
	tcase_add_test(t, a_time_limit_bootstraps_and_an_end_does_not);
	tcase_add_test(t, nothing_of_the_next_episode_reaches_the_one_before);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
