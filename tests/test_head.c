/* Action heads against the same formulas in double with libm: probabilities, draws, posteriors, scores, entropies, and what
 * is refused. */
#include <head.h>

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define GRID 16777216.0 /* 2^24 */

/* Numbers of the test's own: xorshift64. */
static double draw(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return (double)(*x >> 11) / 9007199254740992.0;
}

typedef struct tried {
	bern_arena arena;
	bern_action_head head;
	uint64_t random;
} tried;

static const int32_t three[] = {3}, two[] = {2}, mixed[] = {3, 5, 2, 7};
/* kind, elements, sizes, head */
static const struct {
	int32_t kind;
	uint32_t count;
	const int32_t *sizes;
	int64_t head;
} spaces[] = {
	{BERN_DISCRETE, 1, three, BERN_HEAD_AUTO},
	{BERN_DISCRETE, 1, two, BERN_HEAD_AUTO},
	{BERN_DISCRETE, 1, two, BERN_HEAD_SOFTMAX},
	{BERN_DISCRETE, 1, two, BERN_HEAD_BERNOULLI},
	{BERN_MULTI_BINARY, 3, NULL, BERN_HEAD_AUTO},
	{BERN_MULTI_DISCRETE, 4, mixed, BERN_HEAD_AUTO},
};
#define SPACES (int)(sizeof spaces / sizeof spaces[0])

static void begin(tried *t, int space, uint64_t seed)
{
	bern_error e;
	memset(t, 0, sizeof *t);
	t->random = 88172645463325252u + 7919 * seed;
	bern_space action = {.kind = spaces[space].kind,
			     .count = spaces[space].count,
			     .sizes = spaces[space].sizes};
	ck_assert_int_eq(bern_head_init(&t->head, &t->arena, &action, 0, spaces[space].head, &e),
			 0);
}

/* A head of `count` components of one kind of space. */
static void begin_many(tried *t, int32_t kind, uint32_t count, const int32_t *sizes, uint64_t seed)
{
	bern_error e;
	bern_space action = {.kind = kind, .count = count, .sizes = sizes};
	memset(t, 0, sizeof *t);
	t->random = 88172645463325252u + 7919 * seed;
	ck_assert_int_eq(bern_head_init(&t->head, &t->arena, &action, 0, BERN_HEAD_AUTO, &e), 0);
}

static void end(tried *t)
{
	bern_arena_finish(&t->arena);
}

static void random_logits(tried *t, float *logits, double most)
{
	for (size_t n = 0; n < t->head.logits; n++)
		logits[n] = (float)(most * (2.0 * draw(&t->random) - 1.0));
}

/* P(value) of component c from logits, in double. */
static double exact(const tried *t, const double *logits, size_t c, int32_t value)
{
	const double *z = logits + t->head.offset[c];
	double total = 0.0;
	if (t->head.size[c] == 1)
		return 1.0 / (1.0 + exp(value ? -z[0] : z[0]));
	for (size_t n = 0; n < t->head.size[c]; n++)
		total += exp(z[n] - z[value]);
	return 1.0 / total;
}

static size_t values_of(const tried *t, size_t c)
{
	return t->head.size[c] == 1 ? 2 : t->head.size[c];
}

/* What pi says of a value. */
static double stored(const tried *t, const float *pi, size_t c, int32_t value)
{
	const float *pi_c = pi + t->head.offset[c];
	if (t->head.size[c] == 1)
		return value ? (double)pi_c[0] : 1.0 - (double)pi_c[0];
	return (double)pi_c[value];
}

static void widen(const tried *t, double *wide, const float *logits)
{
	for (size_t n = 0; n < t->head.logits; n++)
		wide[n] = (double)logits[n];
}

static void random_action(tried *t, int32_t *action)
{
	for (size_t c = 0; c < t->head.components; c++)
		action[c] = (int32_t)(draw(&t->random) * (double)values_of(t, c));
}

/* ---- layout ------------------------------------------------------------------------------------------ */

START_TEST(heads_have_the_logits_that_their_space_needs)
{
	static const size_t logits[] = {3, 1, 2, 1, 3, 17}, components[] = {1, 1, 1, 1, 3, 4};
	tried t;
	size_t at = 0;
	begin(&t, _i, 0);
	ck_assert_uint_eq(t.head.logits, logits[_i]);
	ck_assert_uint_eq(t.head.components, components[_i]);
	for (size_t c = 0; c < t.head.components; c++) {
		ck_assert_uint_eq(t.head.offset[c], at);
		at += t.head.size[c];
	}
	ck_assert_uint_eq(at, t.head.logits);
	end(&t);
}
END_TEST

START_TEST(two_actions_with_a_mask_get_a_softmax)
{
	bern_arena arena = {0};
	bern_action_head head;
	bern_error e;
	bern_space action = {.kind = BERN_DISCRETE, .count = 1, .sizes = two};
	ck_assert_int_eq(bern_head_init(&head, &arena, &action, 1, BERN_HEAD_AUTO, &e), 0);
	ck_assert_uint_eq(head.logits, 2);
	bern_arena_finish(&arena);
}
END_TEST

START_TEST(heads_that_do_not_fit_are_refused_with_a_sentence)
{
	static const int32_t one[] = {1}, holed[] = {3, 1, 2};
	static const struct {
		bern_space action;
		int masked;
		int64_t kind;
		const char *says;
	} refused[] = {
		{{.kind = BERN_BOX, .count = 2}, 0, BERN_HEAD_SOFTMAX, "auto, gaussian"},
		{{.kind = BERN_MULTI_BINARY, .count = 3}, 0, BERN_HEAD_GAUSSIAN, "needs BOX"},
		{{.kind = BERN_DISCRETE, .count = 1, .sizes = three},
		 0,
		 BERN_HEAD_BERNOULLI,
		 "two"},
		{{.kind = BERN_MULTI_DISCRETE, .count = 4, .sizes = mixed},
		 0,
		 BERN_HEAD_BERNOULLI,
		 "allowed here: auto, softmax"},
		{{.kind = BERN_MULTI_BINARY, .count = 3}, 0, BERN_HEAD_SOFTMAX, "MULTI_BINARY"},
		{{.kind = BERN_DISCRETE, .count = 1, .sizes = two}, 1, BERN_HEAD_BERNOULLI, "mask"},
		{{.kind = BERN_DISCRETE, .count = 1, .sizes = one}, 0, BERN_HEAD_AUTO, "no choice"},
		{{.kind = BERN_MULTI_DISCRETE, .count = 3, .sizes = holed},
		 0,
		 BERN_HEAD_AUTO,
		 "element 1 has 1 values"},
	};
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		bern_arena arena = {0};
		bern_action_head head;
		bern_error e = {0};
		ck_assert_int_eq(bern_head_init(&head, &arena, &refused[i].action,
						refused[i].masked, refused[i].kind, &e),
				 BERN_EUSAGE);
		ck_assert_msg(strstr(e.text, refused[i].says) != NULL, "%s", e.text);
		bern_arena_finish(&arena);
	}
}
END_TEST

/* ---- probabilities ----------------------------------------------------------------------------------- */

/* Logits in -20..20: their difference is rounded by at most 2^-20 (half a unit in the last place of a number up to 40), twice in a
 * quotient; exp, up to 7 additions and a division add 10 * 2^-24. A Bernoulli unit: the grid and 2.5 ulp. */
START_TEST(probabilities_are_those_of_the_logits_and_sum_to_one)
{
	for (uint64_t seed = 0; seed < 200; seed++) {
		tried t;
		float logits[32], pi[32];
		double wide[32];
		begin(&t, _i, seed);
		random_logits(&t, logits, 20.0);
		widen(&t, wide, logits);
		bern_head_probabilities(&t.head, pi, logits, NULL);
		for (size_t c = 0; c < t.head.components; c++) {
			double total = 0.0;
			int one = t.head.size[c] == 1;
			for (int32_t v = 0; v < (int32_t)values_of(&t, c); v++) {
				double p = exact(&t, wide, c, v);
				double off = fabs(stored(&t, pi, c, v) - p);
				ck_assert_msg(off <= (one ? 3.5 / GRID
							  : p * (2.0 * 0x1p-20 + 10.0 / GRID)),
					      "component %zu, value %d: off by %g of %g", c, v, off,
					      p);
				total += stored(&t, pi, c, v);
			}
			ck_assert_double_le(fabs(total - 1.0), 9.0 / GRID);
			if (one) {
				double steps = GRID * (double)pi[t.head.offset[c]];
				ck_assert_double_eq(steps, floor(steps));
			}
		}
		end(&t);
	}
}
END_TEST

START_TEST(logits_of_any_size_give_probabilities)
{
	static const float sizes[] = {1e3f, 1e10f, 1e30f, 3e38f};
	for (int s = 0; s < 4; s++) {
		tried t;
		float logits[32], pi[32];
		begin(&t, _i, 3);
		for (size_t n = 0; n < t.head.logits; n++)
			logits[n] = n % 2 ? -0.4f * sizes[s] : 0.4f * sizes[s];
		bern_head_probabilities(&t.head, pi, logits, NULL);
		for (size_t c = 0; c < t.head.components; c++) {
			double total = 0.0;
			for (int32_t v = 0; v < (int32_t)values_of(&t, c); v++) {
				ck_assert(stored(&t, pi, c, v) >= 0.0);
				total += stored(&t, pi, c, v);
			}
			ck_assert_double_le(fabs(total - 1.0), 9.0 / GRID);
		}
		ck_assert(isfinite(bern_head_entropy(&t.head, pi)));
		end(&t);
	}
}
END_TEST

/* All masks of five values: what is left is the softmax over the rest. */
START_TEST(masked_values_have_no_probability_and_are_never_drawn)
{
	static const int32_t five[] = {5};
	bern_firing_rng rng;
	bern_firing_rng_stream(&rng, 4, (bern_stream_key){BERN_FOR_FIRING, 0, 0, 0});
	bern_draws draws = {.kernels = &bern_kernels_reference, .rng = &rng};
	for (unsigned bits = 1; bits < 32; bits++) {
		tried t;
		float logits[5], pi[5];
		uint8_t mask[5];
		double total = 0.0;
		begin_many(&t, BERN_DISCRETE, 1, five, bits);
		random_logits(&t, logits, 8.0);
		/* the largest of all must not matter if it is masked */
		if (!(bits & 1))
			logits[0] = 1000.0f;
		for (unsigned n = 0; n < 5; n++) {
			mask[n] = bits >> n & 1;
			total += mask[n] ? exp((double)logits[n]) : 0.0;
		}
		bern_head_probabilities(&t.head, pi, logits, mask);
		for (unsigned n = 0; n < 5; n++) {
			double p = mask[n] ? exp((double)logits[n]) / total : 0.0;
			ck_assert_double_le(fabs((double)pi[n] - p), p * 4e-6);
		}
		for (int i = 0; i < 500; i++) {
			int32_t action;
			bern_head_sample(&t.head, &action, pi, &draws);
			ck_assert_int_eq(mask[action], 1);
		}
		int32_t mode;
		bern_head_mode(&t.head, &mode, pi);
		ck_assert_int_eq(mask[mode], 1);
		end(&t);
	}
}
END_TEST

/* ---- draws ------------------------------------------------------------------------------------------- */

/* Each value, and each pair of values of neighbouring components, which are drawn independently; within 5 standard errors. */
START_TEST(values_are_drawn_as_often_as_they_should)
{
	enum { DRAWS = 200000 };
	tried t;
	float logits[32], pi[32];
	static double count[4][8], pair[4][8][8];
	bern_firing_rng rng;
	memset(count, 0, sizeof count);
	memset(pair, 0, sizeof pair);
	bern_firing_rng_stream(&rng, 17 + (uint64_t)_i,
			       (bern_stream_key){BERN_FOR_FIRING, 0, 0, 0});
	bern_draws draws = {.kernels = &bern_kernels_reference, .rng = &rng};
	begin(&t, _i, 1);
	random_logits(&t, logits, 2.0);
	bern_head_probabilities(&t.head, pi, logits, NULL);
	for (int i = 0; i < DRAWS; i++) {
		int32_t action[4];
		bern_head_sample(&t.head, action, pi, &draws);
		for (size_t c = 0; c < t.head.components; c++) {
			ck_assert(action[c] >= 0 && action[c] < (int32_t)values_of(&t, c));
			count[c][action[c]] += 1.0;
			if (c > 0)
				pair[c][action[c - 1]][action[c]] += 1.0;
		}
	}
	for (size_t c = 0; c < t.head.components; c++)
		for (int32_t v = 0; v < (int32_t)values_of(&t, c); v++) {
			double p = stored(&t, pi, c, v);
			ck_assert_msg(fabs(count[c][v] - DRAWS * p) <=
					      5.0 * sqrt(DRAWS * p * (1.0 - p)),
				      "component %zu, value %d: %g of %d, expected %g", c, v,
				      count[c][v], DRAWS, DRAWS * p);
			for (int32_t u = 0; c > 0 && u < (int32_t)values_of(&t, c - 1); u++) {
				double both = p * stored(&t, pi, c - 1, u);
				ck_assert_msg(fabs(pair[c][u][v] - DRAWS * both) <=
						      5.0 * sqrt(DRAWS * both * (1.0 - both)),
					      "components %zu and %zu are not independent", c - 1,
					      c);
			}
		}
	end(&t);
}
END_TEST

START_TEST(draws_are_the_numbers_of_the_stream)
{
	bern_firing_rng rng, same;
	uint32_t numbers[BERN_LEAPS];
	bern_firing_rng_stream(&rng, 6, (bern_stream_key){BERN_FOR_FIRING, 0, 0, 0});
	same = rng;
	bern_draws draws = {.kernels = &bern_kernels_reference, .rng = &rng};
	for (int i = 0; i < 100; i++) {
		if (i % BERN_LEAPS == 0)
			bern_firing_rng_next(&same, numbers);
		ck_assert_uint_eq(bern_draw(&draws), numbers[i % BERN_LEAPS]);
	}
}
END_TEST

/* Of the 2^24 numbers u / 2^24 exactly those below p lead to 1. */
START_TEST(a_unit_takes_one_below_its_probability_and_not_at_it)
{
	tried t;
	static const uint32_t steps[] = {0, 1, 5, 1u << 23, (1u << 24) - 1, 1u << 24};
	begin_many(&t, BERN_MULTI_BINARY, 1, NULL, 0);
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
		for (uint32_t off = 0; off < 2; off++) {
			if (steps[i] < off || steps[i] - off == 1u << 24)
				continue;
			float p = (float)steps[i] / 16777216.0f;
			bern_draws draws = {.left = 1};
			int32_t action;
			draws.block[BERN_LEAPS - 1] = (steps[i] - off) << 8 | 0xff;
			bern_head_sample(&t.head, &action, &p, &draws);
			ck_assert_int_eq(action, (int32_t)off);
		}
	end(&t);
}
END_TEST

START_TEST(certain_values_are_always_drawn)
{
	tried t;
	bern_firing_rng rng;
	bern_firing_rng_stream(&rng, 5, (bern_stream_key){BERN_FOR_FIRING, 0, 0, 0});
	bern_draws draws = {.kernels = &bern_kernels_reference, .rng = &rng};
	begin_many(&t, BERN_MULTI_BINARY, 2, NULL, 0);
	for (int i = 0; i < 2000; i++) {
		int32_t action[2];
		bern_head_sample(&t.head, action, (float[]){0.0f, 1.0f}, &draws);
		ck_assert_int_eq(action[0], 0);
		ck_assert_int_eq(action[1], 1);
	}
	end(&t);
	begin_many(&t, BERN_DISCRETE, 1, three, 0);
	for (int i = 0; i < 2000; i++) {
		int32_t action;
		bern_head_sample(&t.head, &action, (float[]){0.0f, 1.0f, 0.0f}, &draws);
		ck_assert_int_eq(action, 1);
		/* a sum rounded below 1 never leads to an impossible value */
		bern_head_sample(&t.head, &action, (float[]){1e-30f, 1e-30f, 0.0f}, &draws);
		ck_assert_int_eq(action, 1);
	}
	end(&t);
}
END_TEST

START_TEST(the_most_probable_value_is_taken_and_ties_go_to_the_lowest)
{
	tried t;
	int32_t action[4];
	static const float pi[17] = {0.2f, 0.4f, 0.4f, 0.1f, 0.1f, 0.1f, 0.1f,  0.6f, 0.5f,
				     0.5f, 0.3f, 0.0f, 0.3f, 0.1f, 0.1f, 0.15f, 0.05f};
	begin_many(&t, BERN_MULTI_DISCRETE, 4, mixed, 0);
	bern_head_mode(&t.head, action, pi);
	ck_assert_int_eq(action[0], 1);
	ck_assert_int_eq(action[1], 4);
	ck_assert_int_eq(action[2], 0);
	ck_assert_int_eq(action[3], 0);
	end(&t);
	begin_many(&t, BERN_MULTI_BINARY, 3, NULL, 0);
	bern_head_mode(&t.head, action, (float[]){0.49f, 0.5f, 0.51f});
	ck_assert_int_eq(action[0], 0);
	ck_assert_int_eq(action[1], 0);
	ck_assert_int_eq(action[2], 1);
	end(&t);
}
END_TEST

/* ---- posterior --------------------------------------------------------------------------------------- */

/* Bayes by logarithms in double. The float code may lose K + 3 roundings; the oracle's sums of 200 logarithms of up to 30
 * each err by 200 * 6000 * 2^-53 = 1.4e-10 at most. */
static void posterior_is_bayes(tried *t, const float *pi, const int32_t *action, size_t K)
{
	float weight[64];
	double log_weight[64], most = -INFINITY, total = 0.0;
	size_t N = t->head.logits;
	for (size_t k = 0; k < K; k++) {
		log_weight[k] = 0.0;
		for (size_t c = 0; c < t->head.components; c++)
			log_weight[k] += log(stored(t, pi + k * N, c, action[c]));
		most = fmax(most, log_weight[k]);
	}
	for (size_t k = 0; k < K; k++)
		total += exp(log_weight[k] - most);
	bern_head_posterior(&t->head, weight, pi, action, K);
	for (size_t k = 0; k < K; k++) {
		double w = exp(log_weight[k] - most) / total;
		ck_assert_msg(fabs((double)weight[k] - w) <=
				      w * ((double)K + 3.0) / GRID + 1.4e-10 * w + 1e-37,
			      "firing %zu of %zu: %g, Bayes says %g", k, K, (double)weight[k], w);
	}
}

START_TEST(the_posterior_is_bayes_rule)
{
	for (uint64_t seed = 0; seed < 100; seed++)
		for (size_t K = 1; K <= 16; K += 5) {
			tried t;
			float logits[32], pi[16 * 32];
			int32_t action[4];
			begin(&t, _i, seed);
			for (size_t k = 0; k < K; k++) {
				random_logits(&t, logits, 6.0);
				bern_head_probabilities(&t.head, pi + k * t.head.logits, logits,
							NULL);
			}
			random_action(&t, action);
			posterior_is_bayes(&t, pi, action, K);
			end(&t);
		}
}
END_TEST

/* 200 components whose probabilities multiply to 1e-100, or to 1e-600, which no double holds, and firings that change places: the one that explains
 * the first hundred components worst explains all of them best. */
START_TEST(the_posterior_of_200_components_does_not_underflow)
{
	static float pi[4 * 400];
	int32_t action[200], sizes[200];
	for (int binary = 0; binary < 2; binary++)
		for (uint64_t seed = 0; seed < 20; seed++) {
			tried t;
			float logits[400];
			for (int c = 0; c < 200; c++)
				sizes[c] = 2;
			begin_many(&t, binary ? BERN_MULTI_BINARY : BERN_MULTI_DISCRETE, 200, sizes,
				   seed);
			random_action(&t, action);
			for (size_t k = 0; k < 4; k++) {
				for (size_t c = 0; c < 200; c++) {
					/* how much firing k is for the value taken, in nats */
					double in_favour = 2.0 * draw(&t.random) -
							   (seed % 4 > 1 ? 8.0 : 3.0);
					if (seed % 2 && k == 1)
						in_favour += c < 100 ? -4.0 : 8.0;
					double sign = action[c] ? 1.0 : -1.0;
					size_t n = t.head.offset[c];
					if (!binary)
						logits[n] = 0.0f;
					logits[n + !binary] = (float)(sign * in_favour);
				}
				bern_head_probabilities(&t.head, pi + k * t.head.logits, logits,
							NULL);
			}
			posterior_is_bayes(&t, pi, action, 4);
			end(&t);
		}
}
END_TEST

START_TEST(an_action_that_no_firing_allows_leaves_equal_weights)
{
	tried t;
	float weight[4];
	static const float pi[4 * 2] = {0};
	begin_many(&t, BERN_MULTI_BINARY, 2, NULL, 0);
	bern_head_posterior(&t.head, weight, pi, (int32_t[]){1, 1}, 4);
	for (int k = 0; k < 4; k++)
		ck_assert_float_eq(weight[k], 0.25f);
	end(&t);
}
END_TEST

/* ---- score, entropy, bonus ---------------------------------------------------------------------------- */

static double log_pi(const tried *t, const double *logits, const int32_t *action)
{
	double total = 0.0;
	for (size_t c = 0; c < t->head.components; c++)
		total += log(exact(t, logits, c, action[c]));
	return total;
}

/* pi is off by at most 4e-6 (above, with smaller logits), central differences by 1e-10 + 1e-15/1e-5. */
START_TEST(the_score_is_the_derivative_of_log_pi)
{
	for (uint64_t seed = 0; seed < 50; seed++) {
		tried t;
		float logits[32], pi[32], delta[32];
		double wide[32], step = 1e-5;
		int32_t action[4];
		begin(&t, _i, seed);
		random_logits(&t, logits, 4.0);
		widen(&t, wide, logits);
		random_action(&t, action);
		bern_head_probabilities(&t.head, pi, logits, NULL);
		bern_head_score(&t.head, delta, pi, action, -1.5f);
		for (size_t n = 0; n < t.head.logits; n++) {
			double kept = wide[n];
			wide[n] = kept + step;
			double up = log_pi(&t, wide, action);
			wide[n] = kept - step;
			double down = log_pi(&t, wide, action);
			wide[n] = kept;
			ck_assert_double_le(
				fabs((double)delta[n] + 1.5 * (up - down) / (2.0 * step)),
				1.5 * 4e-6);
		}
		end(&t);
	}
}
END_TEST

/* sum of pi(value) s(value) over components and values; s NULL: s = -log pi */
static double mean_surprise(const tried *t, const double *logits, const float *surprise)
{
	double total = 0.0;
	for (size_t c = 0; c < t->head.components; c++)
		for (int32_t v = 0; v < (int32_t)values_of(t, c); v++) {
			double p = exact(t, logits, c, v);
			size_t n = t->head.offset[c];
			size_t at = t->head.size[c] > 1 ? n + (size_t)v
							: (v ? n : t->head.logits + n);
			total += p * (surprise ? (double)surprise[at] : -log(p));
		}
	return total;
}

/* Up to 17 values, each with p log p off by at most 4e-6 * (1 + |log p|) p: below 4e-6 * 3 for a component. */
START_TEST(entropy_is_minus_the_mean_logarithm)
{
	for (uint64_t seed = 0; seed < 50; seed++) {
		tried t;
		float logits[32], pi[32];
		double wide[32];
		begin(&t, _i, seed);
		random_logits(&t, logits, 5.0);
		widen(&t, wide, logits);
		bern_head_probabilities(&t.head, pi, logits, NULL);
		ck_assert_double_le(fabs((double)bern_head_entropy(&t.head, pi) -
					 mean_surprise(&t, wide, NULL)),
				    12e-6 * (double)t.head.components);
		end(&t);
	}
}
END_TEST

/* Surprises are below 9 + log 7 (logits in -4..4), so the mean and the gradient err by at most 4e-6 * 11, and a bit for sums. */
START_TEST(the_bonus_is_the_mean_surprise_and_its_derivative)
{
	for (uint64_t seed = 0; seed < 50; seed++) {
		tried t;
		float logits[32], pi[32], other[32], surprise[64], delta[32];
		double wide[32], step = 1e-5;
		begin(&t, _i, seed);
		random_logits(&t, logits, 4.0);
		bern_head_probabilities(&t.head, other, logits, NULL);
		bern_head_surprise(&t.head, surprise, other);
		widen(&t, wide, logits);
		for (size_t c = 0; c < t.head.components; c++)
			for (int32_t v = 0; v < (int32_t)values_of(&t, c); v++) {
				size_t n = t.head.offset[c];
				size_t at = t.head.size[c] > 1 ? n + (size_t)v
							       : (v ? n : t.head.logits + n);
				ck_assert_double_le(
					fabs((double)surprise[at] + log(exact(&t, wide, c, v))),
					2e-5);
			}
		random_logits(&t, logits, 4.0);
		widen(&t, wide, logits);
		bern_head_probabilities(&t.head, pi, logits, NULL);
		for (size_t n = 0; n < t.head.logits; n++)
			delta[n] = 1.0f; /* it adds */
		double mean = (double)bern_head_bonus(&t.head, delta, pi, surprise, 0.5f);
		double exact_mean = mean_surprise(&t, wide, surprise);
		ck_assert_double_le(fabs(mean - exact_mean), 5e-5 * (double)t.head.components);
		for (size_t n = 0; n < t.head.logits; n++) {
			double kept = wide[n];
			wide[n] = kept + step;
			double up = mean_surprise(&t, wide, surprise);
			wide[n] = kept - step;
			double down = mean_surprise(&t, wide, surprise);
			wide[n] = kept;
			ck_assert_double_le(
				fabs((double)delta[n] - 1.0 - 0.5 * (up - down) / (2.0 * step)),
				5e-5);
		}
		end(&t);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("head");
	TCase *t = tcase_create("head");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, heads_have_the_logits_that_their_space_needs, 0, SPACES);
	tcase_add_test(t, two_actions_with_a_mask_get_a_softmax);
	tcase_add_test(t, heads_that_do_not_fit_are_refused_with_a_sentence);
	tcase_add_loop_test(t, probabilities_are_those_of_the_logits_and_sum_to_one, 0, SPACES);
	tcase_add_loop_test(t, logits_of_any_size_give_probabilities, 0, SPACES);
	tcase_add_test(t, masked_values_have_no_probability_and_are_never_drawn);
	tcase_add_loop_test(t, values_are_drawn_as_often_as_they_should, 0, SPACES);
	tcase_add_test(t, draws_are_the_numbers_of_the_stream);
	tcase_add_test(t, a_unit_takes_one_below_its_probability_and_not_at_it);
	tcase_add_test(t, certain_values_are_always_drawn);
	tcase_add_test(t, the_most_probable_value_is_taken_and_ties_go_to_the_lowest);
	tcase_add_loop_test(t, the_posterior_is_bayes_rule, 0, SPACES);
	tcase_add_test(t, the_posterior_of_200_components_does_not_underflow);
	tcase_add_test(t, an_action_that_no_firing_allows_leaves_equal_weights);
	tcase_add_loop_test(t, the_score_is_the_derivative_of_log_pi, 0, SPACES);
	tcase_add_loop_test(t, entropy_is_minus_the_mean_logarithm, 0, SPACES);
	tcase_add_loop_test(t, the_bonus_is_the_mean_surprise_and_its_derivative, 0, SPACES);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
