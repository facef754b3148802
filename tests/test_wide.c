/* Wide layers: many rows that share a reading of the weights, against sums row by row, bit for bit. */
#include <estimator.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* ---- kernels -------------------------------------------------------------------------------------- */

#define MOST_ROWS   BERN_MANY
#define MOST_INPUTS 1100 /* more than is taken at once */
#define MOST_UNITS  330
#define GUARD       16

static const struct {
	size_t rows, inputs, units;
} shapes[] = {{1, 1, 1},        {2, 63, 15},   {64, 64, 64},   {65, 65, 65},
	      {3, 128, 330},    {128, 70, 81}, {127, 200, 47}, {17, 1100, 33},
	      {128, 1100, 272}, {63, 513, 16}, {129, 65, 48},  {512, 70, 81}};
#define SHAPES (sizeof shapes / sizeof shapes[0])

typedef struct stock {
	float w[MOST_INPUTS * MOST_UNITS + GUARD], bias[MOST_UNITS];
	float rows[MOST_ROWS * (MOST_UNITS + GUARD)]; /* sums, or scores */
	uint8_t h[MOST_ROWS * MOST_INPUTS];
} stock;

static void fill(float *x, size_t count, bern_pcg32 *rng)
{
	for (size_t i = 0; i < count; i++)
		x[i] = (float)(int32_t)bern_pcg32_next(rng) / 65536.0f;
}

static stock *make(uint64_t seed, double rate)
{
	stock *s = calloc(1, sizeof *s);
	bern_pcg32 rng;
	ck_assert_ptr_nonnull(s);
	bern_pcg32_init(&rng, seed, 3);
	fill(s->w, MOST_INPUTS * MOST_UNITS + GUARD, &rng);
	fill(s->bias, MOST_UNITS, &rng);
	fill(s->rows, sizeof s->rows / sizeof(float), &rng);
	for (size_t i = 0; i < sizeof s->h; i++)
		s->h[i] = bern_pcg32_next(&rng) < rate * 4294967296.0;
	return s;
}

static const double rates[] = {0.0, 0.1, 0.5, 0.999};

START_TEST(many_rows_sum_as_each_would_alone)
{
	size_t N = shapes[_i].rows, I = shapes[_i].inputs, J = shapes[_i].units, S = J + GUARD;
	for (size_t level = 0; bern_kernels_usable()[level]; level++)
		for (size_t rate = 0; rate < 4; rate++) {
			stock *s = make(_i, rates[rate]), *want = make(_i, rates[rate]);
			for (size_t r = 0; r < N; r++)
				for (size_t j = 0; j < J; j++) {
					float sum = s->bias[j];
					for (size_t i = 0; i < I; i++)
						if (s->h[r * I + i])
							sum += s->w[i * J + j];
					want->rows[r * S + j] = sum;
				}
			bern_kernels_usable()[level]->affine_many(s->rows, S, s->h, I, s->w,
								  s->bias, N, I, J);
			ck_assert_msg(memcmp(s, want, sizeof *s) == 0, "%s, rate %g",
				      bern_kernels_usable()[level]->name, rates[rate]);
			free(s);
			free(want);
		}
}
END_TEST

START_TEST(many_rows_are_learned_from_in_their_order)
{
	size_t N = shapes[_i].rows, I = shapes[_i].inputs, J = shapes[_i].units, S = J + GUARD;
	const uint8_t *h[MOST_ROWS];
	for (size_t level = 0; bern_kernels_usable()[level]; level++)
		for (size_t rate = 0; rate < 4; rate++) {
			stock *s = make(_i, rates[rate]), *want = make(_i, rates[rate]);
			for (size_t r = 0; r < N; r++) /* rows need not lie in order */
				h[r] = s->h + (N - 1 - r) * I;
			for (size_t i = 0; i < I; i++)
				for (size_t j = 0; j < J; j++)
					for (size_t r = 0; r < N; r++)
						if (h[r][i])
							want->w[i * J + j] += s->rows[r * S + j];
			bern_kernels_usable()[level]->outer_many(s->w, h, s->rows, S, N, I, J);
			ck_assert_msg(memcmp(s, want, sizeof *s) == 0, "%s, rate %g",
				      bern_kernels_usable()[level]->name, rates[rate]);
			free(s);
			free(want);
		}
}
END_TEST

/* ---- networks -------------------------------------------------------------------------------------- */

#define INPUTS 5
#define ROWS   150 /* with the firings more than a layer keeps waiting */
#define DEPTH  3

typedef struct party {
	bern_arena arena;
	bern_network net;
	bern_trace trace;
	bern_workspace work;
	bern_firing_rng rng[ROWS];
} party;

static void party_open(party *p, uint64_t seed, size_t firings)
{
	static const size_t units[DEPTH] = {70, 45, 33};
	static const int64_t kind[DEPTH] = {BERN_UNITS_BINARY, BERN_UNITS_BINARY,
					    BERN_UNITS_BINARY};
	int32_t sizes[1] = {3};
	bern_space action = {.kind = BERN_DISCRETE, .count = 1, .sizes = sizes};
	bern_action_head head;
	bern_pcg32 rng;
	bern_error e;
	memset(p, 0, sizeof *p);
	ck_assert(!bern_head_init(&head, &p->arena, &action, 0, BERN_HEAD_AUTO, &e));
	ck_assert(!bern_network_init(&p->net, &p->arena, &head, INPUTS, units, kind, DEPTH, firings,
				     bern_kernels_usable()[0], &e));
	ck_assert(!bern_trace_init(&p->trace, &p->arena, &p->net, ROWS, &e));
	ck_assert(!bern_workspace_init(&p->work, &p->arena, &p->net, &e));
	bern_pcg32_init(&rng, seed, 5);
	for (size_t i = 0; i < p->net.param_count; i++)
		p->net.params[i] = (float)(int32_t)bern_pcg32_next(&rng) / 4294967296.0f;
	for (size_t i = 0; i < ROWS * INPUTS; i++)
		p->trace.x[i] = (float)(int32_t)bern_pcg32_next(&rng) / 1073741824.0f;
	for (size_t r = 0; r < ROWS; r++) {
		bern_pcg32 own;
		bern_pcg32_init(&own, seed, r);
		bern_firing_rng_from(&p->rng[r], own);
	}
}

static const uint8_t *no_last_action(const void *user, size_t n)
{
	static const uint8_t masks[2][3] = {{1, 1, 1}, {1, 1, 0}};
	const size_t *first = user;
	return masks[(*first + n) % 2];
}

START_TEST(rows_fired_together_are_those_fired_one_by_one)
{
	static party one, many;
	size_t K = _i % 2 ? 3 : 1, none = 0, tenth = 10;
	party_open(&one, (uint64_t)_i, K);
	party_open(&many, (uint64_t)_i, K);
	for (size_t r = 0; r < ROWS; r++)
		bern_network_act(&one.net, &one.trace, r, no_last_action(&none, r), &one.rng[r]);
	bern_network_act_rows(&many.net, &many.trace, 0, 10, no_last_action, &none, many.rng);
	bern_network_act_rows(&many.net, &many.trace, 10, ROWS - 10, no_last_action, &tenth,
			      many.rng + 10);
	for (size_t l = 0; l < DEPTH; l++) {
		size_t n = ROWS * K * many.net.layer[l].padded;
		ck_assert_mem_eq(one.trace.h[l], many.trace.h[l], n);
		ck_assert_mem_eq(one.trace.p[l], many.trace.p[l], (l ? n : n / K) * sizeof(float));
	}
	ck_assert_mem_eq(one.trace.pi, many.trace.pi, ROWS * K * 3 * sizeof(float));
	ck_assert_mem_eq(one.trace.action, many.trace.action, ROWS * sizeof(int32_t));
	ck_assert_mem_eq(one.trace.posterior, many.trace.posterior, ROWS * K * sizeof(float));
	ck_assert_mem_eq(one.rng, many.rng, sizeof one.rng);
	bern_arena_finish(&one.arena);
	bern_arena_finish(&many.arena);
}
END_TEST

START_TEST(layers_that_wait_learn_what_the_others_do)
{
	static party p;
	static float gradient[2][16384], advantage[ROWS];
	static const size_t parts[] = {0, 1, 40, 41, ROWS};
	const bern_estimator *estimator = NULL;
	size_t K = _i % 2 ? 3 : 1, rows[ROWS];
	party_open(&p, (uint64_t)_i, K);
	for (size_t i = 0; i < bern_estimator_count; i++)
		if (strcmp(bern_estimators[i]->name, K > 1 ? "firings" : "unbiased") == 0)
			estimator = bern_estimators[i];
	ck_assert_uint_le(p.net.param_count, 16384);
	for (size_t r = 0; r < ROWS; r++) {
		bern_network_act(&p.net, &p.trace, r, NULL, &p.rng[r]);
		advantage[r] = (float)(r % 7) - 2.5f;
		rows[r] = ROWS - 1 - r;
	}
	bern_signal signal = {.advantage = advantage, .scale = 0.125f};
	memset(gradient, 0, sizeof gradient);
	ck_assert_ptr_nonnull(p.work.pending[1].s);
	for (size_t i = 0; i + 1 < sizeof parts / sizeof parts[0]; i++)
		estimator->accumulate(&p.net, &p.trace, rows + parts[i], parts[i + 1] - parts[i],
				      &signal, &p.work, gradient[0]);
	for (size_t l = 0; l < DEPTH; l++)
		p.work.pending[l].s = NULL; /* none waits */
	estimator->accumulate(&p.net, &p.trace, rows, ROWS, &signal, &p.work, gradient[1]);
	ck_assert_mem_eq(gradient[0], gradient[1], sizeof gradient[0]);
	ck_assert_float_ne(gradient[0][p.net.layer[2].weight + 7], 0.0f);
	bern_arena_finish(&p.arena);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("wide");
	TCase *t = tcase_create("wide");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, many_rows_sum_as_each_would_alone, 0, SHAPES);
	tcase_add_loop_test(t, many_rows_are_learned_from_in_their_order, 0, SHAPES);
	tcase_add_loop_test(t, rows_fired_together_are_those_fired_one_by_one, 0, 4);
	tcase_add_loop_test(t, layers_that_wait_learn_what_the_others_do, 0, 4);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
