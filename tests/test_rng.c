/* bern/rng.h against the published numbers of the PCG reference library (pcg-c 0.94, its check-pcg32 and check-pcg64 programs),
 * and the properties that its users build on. test_seed holds it against numpy, pcg_reference against pcg-cpp. */
#include <bern/rng.h>

#include <check.h>
#include <math.h>

static bern_rng pcg64(uint64_t state, uint64_t which)
{
	bern_rng rng;
	const uint64_t start[2] = {state, 0}, stream[2] = {which, 0};
	bern_rng_init(&rng, start, stream);
	return rng;
}

START_TEST(pcg32_gives_the_published_numbers)
{
	static const uint32_t published[] = {0xa15c02b7, 0x7b47f409, 0xba1d3330,
					     0x83d2f293, 0xbfa4784b, 0xcbed606e};
	bern_pcg32 rng;
	bern_pcg32_init(&rng, 42, 54);
	for (size_t i = 0; i < 6; i++)
		ck_assert_uint_eq(bern_pcg32_next(&rng), published[i]);
	bern_pcg32_init(&rng, 42, 54);
	bern_pcg32_advance(&rng, 1000000);
	ck_assert_uint_eq(bern_pcg32_next(&rng), 0x11918599);
}
END_TEST

START_TEST(pcg64_gives_the_published_numbers)
{
	static const uint64_t published[] = {0x86b1da1d72062b68, 0x1304aa46c9853d39,
					     0xa3670e9e0dd50358, 0xf9090e529a7dae00};
	bern_rng rng = pcg64(42, 54);
	for (size_t i = 0; i < 4; i++)
		ck_assert_uint_eq(bern_rng_u64(&rng), published[i]);
}
END_TEST

START_TEST(advancing_equals_drawing)
{
	static const uint64_t strides[] = {0, 1, 2, 3, 16, 17, 1000, 65537};
	for (size_t k = 0; k < sizeof strides / sizeof strides[0]; k++) {
		bern_pcg32 drawn, advanced, start;
		bern_pcg32_init(&start, 7 + k, 99 * k);
		drawn = advanced = start;
		for (uint64_t i = 0; i < strides[k]; i++)
			bern_pcg32_next(&drawn);
		bern_pcg32_advance(&advanced, strides[k]);
		ck_assert_uint_eq(advanced.state, drawn.state);
		bern_pcg32_advance(&advanced, 0 - strides[k]);
		ck_assert_uint_eq(advanced.state, start.state);
	}
}
END_TEST

START_TEST(halves_are_the_low_then_the_high_one)
{
	bern_rng halves = pcg64(1, 2), whole = pcg64(1, 2);
	for (int i = 0; i < 100; i++) {
		uint64_t x = bern_rng_u64(&whole);
		ck_assert_uint_eq(bern_rng_u32(&halves), (uint32_t)x);
		ck_assert_uint_eq(bern_rng_u32(&halves), (uint32_t)(x >> 32));
	}
	/* a half that waits is passed by, not lost */
	uint64_t x = bern_rng_u64(&whole);
	ck_assert_uint_eq(bern_rng_u32(&halves), (uint32_t)x);
	ck_assert_uint_eq(bern_rng_u64(&halves), bern_rng_u64(&whole));
	ck_assert_uint_eq(bern_rng_u32(&halves), (uint32_t)(x >> 32));
}
END_TEST

START_TEST(uniforms_lie_in_their_range)
{
	enum { COUNT = 1000000 };
	bern_rng rng = pcg64(3, (uint64_t)_i);
	double sum = 0, least = 1, most = 0;
	size_t outside = 0;
	for (size_t i = 0; i < COUNT; i++) {
		double u = bern_rng_uniform(&rng);
		outside += !(u >= 0 && u < 1) || u * 0x1p53 != floor(u * 0x1p53);
		sum += u;
		least = u < least ? u : least;
		most = u > most ? u : most;
		double v = bern_rng_range(&rng, -3, 2);
		outside += !(v >= -3 && v < 2);
	}
	ck_assert_uint_eq(outside, 0);
	ck_assert_double_le(fabs(sum / COUNT - 0.5), 5 * sqrt(1.0 / 12 / COUNT));
	/* a million draws leave no gap of 2e-5 at an end, but once in e^20 times */
	ck_assert(least < 2e-5 && most > 1 - 2e-5);
}
END_TEST

START_TEST(bounded_numbers_are_even)
{
	/* counted modulo 3 or n; without rejection every third number below 3 * 2^30 would come twice as often */
	static const uint64_t bounds[] = {2, 3, 10, 3u << 30, (uint64_t)3 << 62};
	enum { COUNT = 300000 };
	uint64_t n = bounds[_i], buckets = n <= 10 ? n : 3;
	double seen[10] = {0}, chi_square = 0, expected = (double)COUNT / (double)buckets;
	bern_rng rng = pcg64(5, n);
	for (int i = 0; i < COUNT; i++) {
		uint64_t x = bern_rng_below(&rng, n);
		if (x >= n)
			ck_abort_msg("%llu is not below %llu", (unsigned long long)x,
				     (unsigned long long)n);
		seen[x % buckets]++;
	}
	for (uint64_t k = 0; k < buckets; k++)
		chi_square += (seen[k] - expected) * (seen[k] - expected) / expected;
	/* mean plus five deviations of chi-square with buckets - 1 degrees of freedom, rounded up */
	ck_assert_double_le(chi_square, (double)buckets - 1 + 5 * sqrt(2.0 * (double)buckets) + 8);
}
END_TEST

START_TEST(a_bound_of_one_draws_nothing)
{
	bern_rng rng = pcg64(6, 0), before = rng;
	ck_assert_uint_eq(bern_rng_below(&rng, 1), 0);
	ck_assert_mem_eq(&rng, &before, sizeof rng);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("rng");
	TCase *t = tcase_create("rng");
	tcase_add_test(t, pcg32_gives_the_published_numbers);
	tcase_add_test(t, pcg64_gives_the_published_numbers);
	tcase_add_test(t, advancing_equals_drawing);
	tcase_add_test(t, halves_are_the_low_then_the_high_one);
	tcase_add_loop_test(t, uniforms_lie_in_their_range, 0, 3);
	tcase_add_loop_test(t, bounded_numbers_are_even, 0, 5);
	tcase_add_test(t, a_bound_of_one_draws_nothing);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
