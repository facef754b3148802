/* Every level of the kernels gives the bits of the reference, over odd sizes and every count of firings; the reference itself is
 * held against sums written out here in double. */
#include <bern/math.h>
#include <kernels.h>

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST    200 /* units; padded 208 */
#define FIRINGS 17

static const size_t sizes[] = {1, 2, 3, 7, 15, 16, 17, 31, 33, 64, 65, 100, 127, 200};
#define SIZE_COUNT (sizeof sizes / sizeof sizes[0])

typedef struct buffers {
	float x[MOST + 16], a[MOST + 16], p[MOST + 16], s[MOST + 16], bias[MOST + 16], c[FIRINGS],
		dots[FIRINGS], gated[MOST], pi[FIRINGS * BERN_FEW];
	float w[(MOST + 1) * MOST], m[MOST + 16], v[MOST + 16];
	uint8_t h[FIRINGS * (MOST + 16)];
	uint32_t rows[MOST + BERN_LEAPS], turned[MOST];
	bern_firing_rng rng;
} buffers;

/* numbers of mixed size and sign, some of them zero */
static void fill(float *x, size_t count, bern_pcg32 *rng)
{
	for (size_t i = 0; i < count; i++) {
		float u = (float)(bern_pcg32_next(rng) >> 8) / 16777216.0f;
		x[i] = bern_pcg32_next(rng) % 4 == 0 ? 0.0f : 8.0f * u - 4.0f;
	}
}

static void make(buffers *b, uint64_t seed)
{
	bern_pcg32 rng;
	memset(b, 0, sizeof *b);
	bern_pcg32_init(&rng, seed, 7);
	fill(b->x, MOST, &rng);
	fill(b->a, MOST, &rng);
	fill(b->s, MOST, &rng);
	fill(b->bias, MOST, &rng);
	fill(b->c, FIRINGS, &rng);
	fill(b->w, (MOST + 1) * MOST, &rng);
	fill(b->m, MOST, &rng);
	for (size_t j = 0; j < MOST; j++)
		b->v[j] = b->m[j] * b->m[j];
	bern_firing_rng_from(&b->rng, rng);
}

/* Runs every kernel on the buffers, for one size. */
static void run(const bern_kernels *k, buffers *b, size_t I, size_t J, size_t K, size_t n,
		float out[5])
{
	static const bern_adam_step step = {0.02f, 0.9f, 0.999f, 1.7f, 20.0f, 1e-8f};
	k->affine(b->a, b->x, b->w, b->bias, I, J);
	k->probability(b->p, b->a, J);
	k->fire(b->h, b->p, J, K, &b->rng);
	size_t count = k->fired(b->rows, b->h, J);
	for (size_t r = count; r < MOST; r++) /* what lies behind the list is free */
		b->rows[r] = 0;
	k->fired_dot(b->dots, b->h, b->bias, 0.25f, J, K);
	out[0] = b->dots[K - 1];
	/* rows of as many weights as there are logits, with zeros in them and all signs */
	k->fired_softmax(b->pi, b->h, b->w, b->bias, J, 1 + n % BERN_FEW, K);
	out[1] = k->dot(b->x, b->bias, -0.5f, J);
	out[2] = k->sum_squares(b->x, J);
	out[3] = (float)count;
	k->draw(b->rows + MOST, &b->rng);
	k->score(b->s, b->h, b->p, b->c, J, K);
	k->fired_sum(b->x, b->h, b->c, J, K);
	/* K deltas of a few outputs: any numbers will do */
	k->fired_outer(b->m, b->h, b->w + 7, J / BERN_FEW, 1 + n % BERN_FEW, K);
	k->outer(b->w, b->x, b->s, I, J);
	k->outer_rows(b->w, b->rows, count, b->bias, MOST);
	k->affine_rows(b->a, b->rows, count, b->w, b->bias, MOST);
	/* the listed units' rows are I long, then J */
	k->dot_rows(b->gated, b->rows, count, b->x, b->w, n % 2 ? b->bias : NULL, I);
	k->outer_scaled(b->w, b->rows, b->gated, count, b->x, I);
	k->scaled_rows(b->a, b->rows, b->gated, count, b->w, b->bias, J);
	size_t turned = k->turn_over(b->turned, b->rows, b->gated, count, b->w, b->bias, b->h, J);
	for (size_t r = turned; r < MOST; r++)
		b->turned[r] = 0;
	out[4] = (float)turned;
	k->add(b->bias, b->s, J);
	k->adam(b->a, b->m, b->v, b->s, &step, J);
	k->multiply_add(b->w, 0.75f, -1.5f, 192, n % 5);
}

START_TEST(every_level_gives_the_bits_of_the_reference)
{
	static buffers expected, given;
	const bern_kernels *const *levels = bern_kernels_usable();
	size_t compared = 0;
	for (size_t level = 0; levels[level]; level++) {
		for (size_t n = 0; n < SIZE_COUNT * SIZE_COUNT; n++) {
			float want[5], got[5];
			size_t I = sizes[n / SIZE_COUNT], J = sizes[n % SIZE_COUNT];
			size_t K = 1 + n % FIRINGS;
			make(&expected, 100 * (uint64_t)_i + n);
			given = expected;
			run(&bern_kernels_reference, &expected, I, J, K, n, want);
			run(levels[level], &given, I, J, K, n, got);
			ck_assert_msg(memcmp(want, got, sizeof want) == 0,
				      "%s, I=%zu, J=%zu, K=%zu: sums %g %g %g, reference %g %g %g",
				      levels[level]->name, I, J, K, got[0], got[1], got[2], want[0],
				      want[1], want[2]);
			ck_assert_msg(memcmp(&expected, &given, sizeof given) == 0,
				      "%s, I=%zu, J=%zu, K=%zu: arrays differ", levels[level]->name,
				      I, J, K);
			compared++;
		}
	}
	ck_assert_uint_ge(compared, SIZE_COUNT * SIZE_COUNT);
}
END_TEST

/* |sum of n terms in float - exact| <= n eps sum of |terms| (Higham 2002, eq. 4.4, with n eps much below 1) */
START_TEST(the_reference_sums_what_it_says)
{
	static buffers b;
	size_t I = 37, J = 65;
	make(&b, 5);
	float w0 = b.w[0];
	bern_kernels_reference.affine(b.a, b.x, b.w, b.bias, I, J);
	for (size_t j = 0; j < J; j++) {
		double sum = (double)b.bias[j], size = fabs(sum);
		for (size_t i = 0; i < I; i++) {
			sum += (double)b.x[i] * (double)b.w[i * J + j];
			size += fabs((double)b.x[i] * (double)b.w[i * J + j]);
		}
		ck_assert_double_le(fabs((double)b.a[j] - sum), (double)(I + 1) * 6e-8 * size);
	}
	ck_assert(b.w[0] == w0);
	double dot = 0.5, size = 0.5;
	for (size_t j = 0; j < J; j++) {
		dot += (double)b.x[j] * (double)b.bias[j];
		size += fabs((double)b.x[j] * (double)b.bias[j]);
	}
	ck_assert_double_le(fabs((double)bern_kernels_reference.dot(b.x, b.bias, 0.5f, J) - dot),
			    (double)J * 6e-8 * size);
}
END_TEST

START_TEST(listed_units_are_computed_as_all_of_them_are_and_masked)
{
	static buffers b;
	static float all[MOST], some[MOST], dense[MOST];
	const bern_kernels *const *levels = bern_kernels_usable();
	for (size_t level = 0; levels[level]; level++)
		for (size_t n = 0; n < SIZE_COUNT * SIZE_COUNT; n++) {
			const bern_kernels *k = levels[level];
			size_t I = sizes[n / SIZE_COUNT], J = sizes[n % SIZE_COUNT];
			make(&b, 100 * (uint64_t)_i + n);
			for (size_t j = 0; j < J; j++) {
				b.h[j] = b.x[j % MOST] > 1.0f;
				all[j] = k->dot(b.x, b.w + j * I, b.bias[j], I);
			}
			size_t count = k->fired(b.rows, b.h, J);
			/* weights of units that are off may hold anything */
			for (size_t j = 0; j < J; j++)
				for (size_t i = 0; !b.h[j] && i < I; i++)
					b.w[j * I + i] = (float)NAN;
			k->dot_rows(some, b.rows, count, b.x, b.w, b.bias, I);
			memset(dense, 0, sizeof dense);
			for (size_t r = 0; r < count; r++)
				dense[b.rows[r]] = some[r];
			for (size_t j = 0; j < J; j++) {
				float masked = b.h[j] ? all[j] : 0.0f;
				ck_assert_msg(memcmp(&dense[j], &masked, sizeof masked) == 0,
					      "%s, I=%zu, J=%zu: unit %zu gives %g, dense %g",
					      k->name, I, J, j, (double)dense[j], (double)masked);
			}
		}
}
END_TEST

START_TEST(p_is_the_sigmoid_on_a_grid_of_24_bits)
{
	float a[16], p[16];
	for (int n = -200; n <= 200; n++) {
		for (int l = 0; l < 16; l++)
			a[l] = 0.11f * (float)n + 0.001f * (float)l;
		bern_kernels_reference.probability(p, a, 16);
		for (int l = 0; l < 16; l++) {
			double exact = 1.0 / (1.0 + exp(-(double)a[l]));
			/* one grid step, and two ulp of a float below 1 */
			ck_assert_double_le(fabs((double)p[l] - exact), 3.0 / 16777216.0);
			ck_assert(p[l] * BERN_P_ONE == floorf(p[l] * BERN_P_ONE));
			ck_assert(p[l] >= 0.0f && p[l] <= 1.0f);
		}
	}
	bern_kernels_reference.probability(p, a, 3);
	for (int l = 3; l < 16; l++)
		ck_assert(p[l] == 0.0f);
}
END_TEST

/* A unit with probability p fires in p N of N draws, within five standard errors; 0 never and 1 always. */
START_TEST(units_fire_with_their_probability)
{
	enum { DRAWS = 200000, UNITS = 7 };
	static const float p[16] = {0.0f,          0.125f,           0.5f, 0.9375f, 1.0f,
				    3.0f / 512.0f, 1023.0f / 1024.0f};
	static const size_t firings[] = {1, 2, 5, 16, 100};
	static uint8_t h[100 * 16];
	size_t K = firings[_i], count[UNITS] = {0};
	bern_pcg32 start;
	bern_firing_rng rng;
	bern_pcg32_init(&start, (uint64_t)_i, 1);
	bern_firing_rng_from(&rng, start);
	for (size_t n = 0; n < DRAWS / K; n++) {
		bern_kernels_reference.fire(h, p, UNITS, K, &rng);
		for (size_t k = 0; k < K; k++) {
			for (size_t j = 0; j < UNITS; j++)
				count[j] += h[16 * k + j];
			ck_assert(!h[16 * k + UNITS]);
		}
	}
	for (size_t j = 0; j < UNITS; j++) {
		double mean = (double)p[j], draws = (double)(DRAWS / K * K);
		double error = sqrt(mean * (1.0 - mean) / draws);
		ck_assert_double_le(fabs((double)count[j] / draws - mean), 5.0 * error);
	}
}
END_TEST

/* Blocks that neither begin nor end with a firing, more units than a block has, and every number that is drawn is used up
 * alike: the stream goes on at the same place. */
START_TEST(many_firings_of_any_width_agree)
{
	enum { MOST_FIRINGS = 70, WIDEST = 1600 };
	static const size_t widths[] = {16, 48, 64, 80, 960, 1008, 1024, 1040, WIDEST};
	static float p[WIDEST];
	static uint8_t want[MOST_FIRINGS * WIDEST], got[MOST_FIRINGS * WIDEST];
	const bern_kernels *const *levels = bern_kernels_usable();
	size_t J = widths[_i];
	for (size_t j = 0; j < J; j++)
		p[j] = (float)(j * 40503 % 65537) / 65536.0f;
	for (size_t level = 0; levels[level]; level++)
		for (size_t K = 2; K <= MOST_FIRINGS; K += 17) {
			bern_pcg32 start;
			bern_firing_rng a, b;
			bern_pcg32_init(&start, K, J);
			bern_firing_rng_from(&a, start);
			b = a;
			bern_kernels_reference.fire(want, p, J, K, &a);
			levels[level]->fire(got, p, J, K, &b);
			ck_assert_msg(memcmp(want, got, K * J) == 0, "%s, J=%zu, K=%zu",
				      levels[level]->name, J, K);
			ck_assert_msg(memcmp(&a, &b, sizeof a) == 0, "%s, J=%zu, K=%zu: the stream",
				      levels[level]->name, J, K);
		}
}
END_TEST

/* Inputs of which most are 0, in runs, -0 among them, are skipped without a trace. */
START_TEST(sparse_inputs_give_the_bits_of_the_reference)
{
	enum { INPUTS = 700, UNITS = 37 };
	static float x[INPUTS], w[INPUTS * UNITS], g[2][INPUTS * UNITS], bias[UNITS], a[2][48];
	const bern_kernels *const *levels = bern_kernels_usable();
	const bern_kernels *reference = &bern_kernels_reference;
	bern_pcg32 rng;
	bern_pcg32_init(&rng, (uint64_t)_i, 3);
	fill(w, INPUTS * UNITS, &rng);
	fill(bias, UNITS, &rng);
	for (size_t i = 0; i < INPUTS; i++)
		x[i] = bern_pcg32_next(&rng) % 20 == 0  ? 1.0f + (float)i
		       : bern_pcg32_next(&rng) % 9 == 0 ? -0.0f
							: 0.0f;
	for (size_t level = 0; levels[level]; level++)
		for (size_t I = 1; I <= INPUTS; I += 37) {
			reference->affine(a[0], x, w, bias, I, UNITS);
			levels[level]->affine(a[1], x, w, bias, I, UNITS);
			ck_assert_msg(memcmp(a[0], a[1], UNITS * sizeof(float)) == 0,
				      "%s: affine of %zu inputs", levels[level]->name, I);
			memcpy(g[0], w, sizeof w);
			memcpy(g[1], w, sizeof w);
			reference->outer(g[0], x, bias, I, UNITS);
			levels[level]->outer(g[1], x, bias, I, UNITS);
			ck_assert_msg(memcmp(g[0], g[1], sizeof w) == 0, "%s: outer of %zu inputs",
				      levels[level]->name, I);
		}
}
END_TEST

/* A fifth of them, and zeros of either sign; NaN is not 0. */
START_TEST(what_is_not_0_is_listed)
{
	const bern_kernels *const *levels = bern_kernels_usable();
	static float x[1000], given[1008];
	static uint32_t rows[1008];
	bern_pcg32 rng;
	bern_pcg32_init(&rng, (uint64_t)_i, 5);
	for (; *levels; levels++)
		for (size_t I = 1; I < 1000; I += 1 + I / 7) {
			for (size_t i = 0; i < I; i++) {
				uint32_t u = bern_pcg32_next(&rng) % 50;
				x[i] = u < 10 ? (float)u - 20.0f : u < 30 ? 0.0f : -0.0f;
			}
			x[I / 2] = NAN;
			size_t count = (*levels)->nonzero(rows, given, x, I), at = 0;
			for (size_t i = 0; i < I; i++) {
				if (x[i] == 0.0f)
					continue;
				ck_assert_uint_lt(at, count);
				ck_assert_uint_eq(rows[at], i);
				ck_assert_mem_eq(&given[at], &x[i], sizeof(float));
				at++;
			}
			ck_assert_uint_eq(at, count);
		}
}
END_TEST

START_TEST(the_environment_variable_forces_a_level)
{
	const bern_kernels *kernels;
	bern_error e;
	setenv("BERN_CPU", "reference", 1);
	ck_assert_int_eq(bern_kernels_select(&kernels, &e), 0);
	ck_assert_str_eq(kernels->name, "reference");
	setenv("BERN_CPU", "z80", 1);
	ck_assert_int_eq(bern_kernels_select(&kernels, &e), BERN_EUSAGE);
	ck_assert_ptr_nonnull(strstr(e.text, "BERN_CPU: z80"));
	ck_assert_ptr_nonnull(strstr(e.text, "reference"));
	unsetenv("BERN_CPU");
	ck_assert_int_eq(bern_kernels_select(&kernels, &e), 0);
	ck_assert_ptr_eq(kernels, bern_kernels_usable()[0]);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("kernels");
	TCase *t = tcase_create("kernels");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, every_level_gives_the_bits_of_the_reference, 0, 3);
	tcase_add_test(t, the_reference_sums_what_it_says);
	tcase_add_loop_test(t, listed_units_are_computed_as_all_of_them_are_and_masked, 0, 2);
	tcase_add_test(t, p_is_the_sigmoid_on_a_grid_of_24_bits);
	tcase_add_loop_test(t, units_fire_with_their_probability, 0, 5);
	tcase_add_loop_test(t, many_firings_of_any_width_agree, 0, 9);
	tcase_add_loop_test(t, sparse_inputs_give_the_bits_of_the_reference, 0, 2);
	tcase_add_loop_test(t, what_is_not_0_is_listed, 0, 3);
	tcase_add_test(t, the_environment_variable_forces_a_level);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
