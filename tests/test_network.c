/* The network: lists of layers, layout, initial weights; what act() does against plain sums in double and against enumeration
 * of every firing; decide(); the fast estimators against the double reference on larger networks. */
#include "oracle.h"

#include <estimator.h>
#include <reference.h>

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Numbers of the test's own: xorshift64. */
static double draw(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return (double)(*x >> 11) / 9007199254740992.0;
}

/* Check notes every assertion that it passes, which takes longer than the sums of a hot loop. */
static void within(double off, double bound, const char *what)
{
	if (!(off <= bound))
		ck_abort_msg("%s: off by %g, allowed is %g", what, off, bound);
}

/* ---- lists of layers --------------------------------------------------------------------------------- */

START_TEST(layer_lists_are_read)
{
	size_t units[BERN_MAX_LAYERS], depth;
	bern_error e;
	ck_assert_int_eq(bern_parse_layers("64", units, &depth, &e), 0);
	ck_assert_uint_eq(depth, 1);
	ck_assert_uint_eq(units[0], 64);
	ck_assert_int_eq(bern_parse_layers("1,65536,33", units, &depth, &e), 0);
	ck_assert_uint_eq(depth, 3);
	ck_assert_uint_eq(units[0], 1);
	ck_assert_uint_eq(units[1], 65536);
	ck_assert_uint_eq(units[2], 33);
	ck_assert_int_eq(
		bern_parse_layers("1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16", units, &depth, &e), 0);
	ck_assert_uint_eq(depth, 16);
	ck_assert_uint_eq(units[15], 16);
}
END_TEST

START_TEST(wrong_layer_lists_are_refused)
{
	static const char *const lists[] = {"",
					    ",",
					    "64,",
					    ",64",
					    "64,,32",
					    "0",
					    "64,0",
					    "65537",
					    "a",
					    "64a",
					    "64 ",
					    " 64",
					    "64, 32",
					    "-1",
					    "+1",
					    "1e3",
					    "64.0",
					    "64;32",
					    "99999999",
					    "64x2",
					    "4294967297",
					    "64\n",
					    "0x10",
					    "６４",
					    "00000000000064",
					    "18446744073709551617",
					    "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17"};
	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
		size_t units[BERN_MAX_LAYERS + 1], depth;
		bern_error e = {0};
		units[BERN_MAX_LAYERS] = 4711; /* not written */
		ck_assert_msg(bern_parse_layers(lists[i], units, &depth, &e) == BERN_EUSAGE,
			      "\"%s\" was read", lists[i]);
		ck_assert_ptr_nonnull(strstr(e.text, "hidden: \""));
		ck_assert_ptr_nonnull(strstr(e.text, lists[i]));
		ck_assert_uint_eq(units[BERN_MAX_LAYERS], 4711);
	}
}
END_TEST

/* ---- a network and its parameters in double ---------------------------------------------------------- */

typedef struct made {
	bern_arena arena;
	bern_network net;
	bern_trace trace;
	double *params;
	uint64_t random;
	int32_t sizes[4];
} made;

typedef struct plan {
	size_t inputs, depth, units[4];
	int32_t action; /* enum bern_space_kind */
	uint32_t count;
	int32_t sizes[4];
	size_t K;
	int64_t kind; /* enum bern_units */
	size_t rows;
} plan;

static void make(made *m, const plan *p, uint64_t seed)
{
	bern_action_head head;
	bern_error e;
	const int64_t kind[] = {p->kind, p->kind, p->kind, p->kind};
	memset(m, 0, sizeof *m);
	m->random = 88172645463325252u + 104729 * seed;
	memcpy(m->sizes, p->sizes, sizeof p->sizes);
	bern_space action = {.kind = p->action, .count = p->count, .sizes = m->sizes};
	ck_assert_int_eq(bern_head_init(&head, &m->arena, &action, 0, BERN_HEAD_AUTO, &e), 0);
	ck_assert_int_eq(bern_network_init(&m->net, &m->arena, &head, p->inputs, p->units, kind,
					   p->depth, p->K, bern_kernels_usable()[0], &e),
			 0);
	ck_assert_int_eq(bern_trace_init(&m->trace, &m->arena, &m->net, p->rows ? p->rows : 1, &e),
			 0);
	m->params = calloc(m->net.param_count, sizeof *m->params);
	ck_assert_ptr_nonnull(m->params);
}

static void forget(made *m)
{
	free(m->params);
	bern_arena_finish(&m->arena);
}

/* Parameters in -size..size and an input in -1..1 for each row. */
static void fill(made *m, double size)
{
	for (size_t i = 0; i < m->net.param_count; i++) {
		m->net.params[i] = (float)(size * (2.0 * draw(&m->random) - 1.0));
		m->params[i] = (double)m->net.params[i];
	}
	for (size_t i = 0; i < m->trace.rows * m->net.layer[0].inputs; i++)
		m->trace.x[i] = (float)(2.0 * draw(&m->random) - 1.0);
}

/* Activation of unit j of a layer that takes x (inputs) from below, and a bound of what float summation may be off by: every
 * product is rounded once and every sum once. */
static double sum_of(const made *m, size_t l, const double *x, size_t j, double *bound)
{
	const bern_layer *layer = &m->net.layer[l];
	double a = m->params[layer->bias + j], size = fabs(a);
	for (size_t i = 0; i < layer->inputs; i++) {
		double part = x[i] * m->params[layer->weight + i * layer->units + j];
		a += part;
		size += fabs(part);
	}
	*bound = ((double)layer->inputs + 2.0) * 0x1p-24 * size;
	return a;
}

static double sigmoid(double a)
{
	return 1.0 / (1.0 + exp(-a));
}

/* ---- layout, initial weights --------------------------------------------------------------------------- */

START_TEST(parameters_are_laid_out_layer_by_layer_weights_then_biases)
{
	static const plan p = {
		5, 3, {7, 20, 3}, BERN_MULTI_DISCRETE, 2, {4, 3}, 3, BERN_UNITS_BINARY, 2};
	static const size_t fan_in[] = {5, 7, 20, 3}, units[] = {7, 20, 3, 7};
	static const size_t padded[] = {16, 32, 16, 16};
	made m;
	size_t at = 0;
	make(&m, &p, 0);
	for (size_t l = 0; l < 4; l++) {
		const bern_layer *layer = &m.net.layer[l];
		ck_assert_uint_eq(layer->inputs, fan_in[l]);
		ck_assert_uint_eq(layer->units, units[l]);
		ck_assert_uint_eq(layer->padded, padded[l]);
		ck_assert_uint_eq(layer->weight, at);
		ck_assert_uint_eq(layer->bias, at + fan_in[l] * units[l]);
		at += (fan_in[l] + 1) * units[l];
	}
	ck_assert_uint_eq(m.net.param_count, at);
	for (size_t i = 0; i < at; i++)
		ck_assert_float_eq(m.net.params[i], 0.0f);
	forget(&m);
}
END_TEST

/* In range, and reaching out to nine tenths of it with mean 0 (5 standard errors of a uniform distribution). */
static void is_uniform(const float *w, size_t count, double most)
{
	double sum = 0.0, largest = 0.0;
	for (size_t i = 0; i < count; i++) {
		ck_assert_double_le(fabs((double)w[i]), most);
		largest = fmax(largest, fabs((double)w[i]));
		sum += (double)w[i];
	}
	ck_assert_double_ge(largest, 0.9 * most);
	ck_assert_double_le(fabs(sum), 5.0 * most * sqrt((double)count / 3.0));
}

START_TEST(initial_weights_lie_in_their_ranges_and_later_units_start_decided)
{
	static const int64_t kinds[] = {BERN_UNITS_BINARY, BERN_UNITS_RELU, BERN_UNITS_TANH};
	plan p = {6, 2, {50, 40}, BERN_DISCRETE, 1, {3}, 1, kinds[_i], 1};
	made m, again;
	bern_rng rng;
	make(&m, &p, 0);
	make(&again, &p, 0);
	const bern_layer *layer = m.net.layer;
	bern_rng_seed(&rng, 5);
	bern_network_randomize(&m.net, 0.7, 10.0, &rng);
	is_uniform(m.net.params, 6 * 50, 0.7);
	is_uniform(m.net.params + layer[0].bias, 50, 0.7);
	is_uniform(m.net.params + layer[1].weight, 50 * 40, 10.0 / sqrt(50.0));
	for (size_t j = 0; j < 40; j++) {
		double total = 0.0, size = 0.0;
		for (size_t i = 0; i < 50; i++) {
			double w = (double)m.net.params[layer[1].weight + i * 40 + j];
			total += w;
			size += fabs(w);
		}
		double expected = kinds[_i] == BERN_UNITS_BINARY ? -0.5 * total : 0.0;
		/* 50 float additions of partial sums below the sum of sizes */
		ck_assert_double_le(fabs((double)m.net.params[layer[1].bias + j] - expected),
				    50.0 * 0x1p-24 * 0.5 * size);
	}
	for (size_t i = layer[2].weight; i < m.net.param_count; i++)
		ck_assert_float_eq(m.net.params[i], 0.0f);

	/* same seed, same bits, whatever stood there before; another seed, other weights */
	fill(&again, 3.0);
	bern_rng_seed(&rng, 5);
	bern_network_randomize(&again.net, 0.7, 10.0, &rng);
	ck_assert_mem_eq(m.net.params, again.net.params, m.net.param_count * sizeof(float));
	bern_rng_seed(&rng, 6);
	bern_network_randomize(&again.net, 0.7, 10.0, &rng);
	ck_assert_mem_ne(m.net.params, again.net.params, m.net.param_count * sizeof(float));
	forget(&m);
	forget(&again);
}
END_TEST

/* 10/sqrt(fan-in) for each layer of bits above the first; what is differentiated, and one such layer, keep their own. */
START_TEST(the_more_layers_of_bits_the_more_decided_they_start)
{
	static const struct {
		int64_t kind[4];
		double scale[4];
	} cases[] = {
		{{BERN_UNITS_BINARY, BERN_UNITS_BINARY, BERN_UNITS_BINARY, BERN_UNITS_BINARY},
		 {0, 30, 30, 30}},
		{{BERN_UNITS_TANH, BERN_UNITS_BINARY, BERN_UNITS_TANH, BERN_UNITS_SMOOTH},
		 {0, 20, 1.7320508, 20}},
		{{BERN_UNITS_BINARY, BERN_UNITS_RELU, BERN_UNITS_RELU, BERN_UNITS_BINARY},
		 {0, 2.4494898, 2.4494898, 10}},
		{{BERN_UNITS_BINARY, BERN_UNITS_TANH, BERN_UNITS_RECTIFIER, BERN_UNITS_TANH},
		 {0, 1.7320508, 2.4494898, 1.7320508}},
	};
	static const size_t units[] = {50, 40, 30, 20};
	bern_arena arena = {0};
	bern_action_head head;
	bern_network net;
	bern_error e;
	bern_rng rng;
	int32_t sizes[] = {3};
	bern_space action = {.kind = BERN_DISCRETE, .count = 1, .sizes = sizes};
	ck_assert_int_eq(bern_head_init(&head, &arena, &action, 0, BERN_HEAD_AUTO, &e), 0);
	ck_assert_int_eq(bern_network_init(&net, &arena, &head, 6, units, cases[_i].kind, 4, 1,
					   bern_kernels_usable()[0], &e),
			 0);
	bern_rng_seed(&rng, 5);
	bern_network_randomize(&net, 1.0, 0.0, &rng);
	for (size_t l = 1; l < 4; l++)
		is_uniform(net.params + net.layer[l].weight, units[l - 1] * units[l],
			   cases[_i].scale[l] / sqrt((double)units[l - 1]));
	bern_arena_finish(&arena);
}
END_TEST

/* ---- act ------------------------------------------------------------------------------------------------ */

static const plan acting[] = {
	{2, 1, {3}, BERN_DISCRETE, 1, {2}, 1, BERN_UNITS_BINARY, 1},
	{2, 1, {3}, BERN_DISCRETE, 1, {2}, 4, BERN_UNITS_BINARY, 1},
	{2, 1, {3}, BERN_DISCRETE, 1, {4}, 4, BERN_UNITS_BINARY, 1},
	{2, 2, {3, 2}, BERN_DISCRETE, 1, {3}, 1, BERN_UNITS_BINARY, 1},
	{2, 2, {3, 2}, BERN_DISCRETE, 1, {2}, 4, BERN_UNITS_BINARY, 1},
	{2, 2, {2, 3}, BERN_MULTI_BINARY, 2, {2, 2}, 4, BERN_UNITS_BINARY, 1},
	{2, 2, {2, 3}, BERN_MULTI_DISCRETE, 2, {3, 2}, 3, BERN_UNITS_BINARY, 1},
};
#define ACTING (int)(sizeof acting / sizeof acting[0])

/* pi of component c's value, of N numbers laid out like logits */
static double chance(const bern_action_head *head, const float *pi, size_t c, int32_t value)
{
	const float *pi_c = pi + head->offset[c];
	if (head->size[c] == 1)
		return value ? (double)pi_c[0] : 1.0 - (double)pi_c[0];
	return (double)pi_c[value];
}

/* Over many firings, the action is drawn from the marginal policy sum over h of P(h | x) pi(a | h), whatever K: within 5 standard
 * errors of the enumeration, float error (1e-6) included. */
START_TEST(actions_come_from_the_marginal_policy)
{
	enum { ACTS = 100000 };
	made m;
	double x[2], count[16] = {0};
	bern_firing_rng rng;
	make(&m, &acting[_i], 7);
	fill(&m, 2.5);
	x[0] = (double)m.trace.x[0];
	x[1] = (double)m.trace.x[1];
	const bern_action_head *head = &m.net.head;
	oracle_net oracle = {.inputs = 2,
			     .depth = acting[_i].depth,
			     .group_count = head->components,
			     .params = m.params,
			     .x = x};
	memcpy(oracle.units, acting[_i].units, sizeof oracle.units);
	for (size_t c = 0; c < head->components; c++)
		oracle.group[c] = head->size[c];
	bern_firing_rng_stream(&rng, 3, (bern_stream_key){BERN_FOR_FIRING, 0, (uint32_t)_i, 0});
	for (int i = 0; i < ACTS; i++) {
		size_t number = 0, factor = 1;
		bern_network_act(&m.net, &m.trace, 0, NULL, &rng);
		for (size_t c = 0; c < head->components; c++) {
			number += factor * (size_t)m.trace.action[c];
			factor *= head->size[c] == 1 ? 2 : head->size[c];
		}
		count[number] += 1.0;
	}
	for (size_t a = 0; a < oracle_actions(&oracle); a++) {
		double reward[16] = {0};
		reward[a] = 1.0;
		double p = oracle_value(&oracle, reward, NULL, 0);
		ck_assert_msg(fabs(count[a] - ACTS * p) <=
				      5.0 * sqrt(ACTS * p * (1.0 - p)) + 1e-6 * ACTS,
			      "action %zu: %g of %d, expected %g", a, count[a], ACTS, ACTS * p);
	}
	forget(&m);
}
END_TEST

/* A sum of differences from a conditional mean, and of their conditional variances. */
typedef struct martingale {
	double sum, variance;
} martingale;

static void add(martingale *m, double factor, int happened, double p)
{
	m->sum += factor * ((happened ? 1.0 : 0.0) - p);
	m->variance += factor * factor * p * (1.0 - p);
}

static void is_fair(const martingale *m, const char *what, size_t i)
{
	ck_assert_msg(fabs(m->sum) <= 5.0 * sqrt(m->variance) + 1e-9, "%s %zu: %g, deviation %g",
		      what, i, m->sum, sqrt(m->variance));
}

/* Given its K firings, an action is drawn from exactly the mean of their policies: also when each act is weighed by how far
 * firing k's policy is from the mean, which finds a firing that speaks too often. */
START_TEST(given_its_firings_an_action_comes_from_the_mean_policy)
{
	enum { ACTS = 60000 };
	made m;
	bern_firing_rng rng;
	martingale plain[8] = {{0, 0}}, weighed[8] = {{0, 0}};
	make(&m, &acting[_i], 8);
	fill(&m, 2.5);
	const bern_action_head *head = &m.net.head;
	size_t K = m.net.firings, N = head->logits;
	bern_firing_rng_stream(&rng, 4, (bern_stream_key){BERN_FOR_FIRING, 0, (uint32_t)_i, 0});
	for (int i = 0; i < ACTS; i++) {
		bern_network_act(&m.net, &m.trace, 0, NULL, &rng);
		for (size_t n = 0; n < N; n++) {
			double mean = 0.0;
			for (size_t k = 0; k < K; k++)
				mean += (double)m.trace.pi[k * N + n] / (double)K;
			within(fabs(mean - (double)m.trace.mean_pi[n]), ((double)K + 1.0) * 0x1p-24,
			       "mean policy");
		}
		for (size_t c = 0; c < head->components; c++) {
			double p = chance(head, m.trace.mean_pi, c, 1);
			add(&plain[c], 1.0, m.trace.action[c] == 1, p);
			for (size_t k = 0; k < K; k++)
				add(&weighed[k], chance(head, m.trace.pi + k * N, c, 1) - p,
				    m.trace.action[c] == 1, p);
		}
	}
	for (size_t c = 0; c < head->components; c++)
		is_fair(&plain[c], "component", c);
	/* components share the speaker, so their deviations may add up */
	for (size_t k = 0; k < K; k++) {
		weighed[k].variance *= (double)head->components;
		is_fair(&weighed[k], "firing", k);
	}
	forget(&m);
}
END_TEST

/* Every p of a trace follows from the input and the firings below, pi and posterior from the last firings, and units fire with p,
 * independently of their neighbours and of other firings. */
START_TEST(firings_probabilities_and_policies_of_a_trace_fit_together)
{
	enum { ACTS = 20000 };
	made m;
	bern_firing_rng rng;
	static martingale unit[4][4][4], pair[4][4][4], across[4][4][4];
	memset(unit, 0, sizeof unit);
	memset(pair, 0, sizeof pair);
	memset(across, 0, sizeof across);
	make(&m, &acting[_i], 9);
	fill(&m, 2.5);
	const bern_network *net = &m.net;
	const bern_action_head *head = &net->head;
	size_t K = net->firings, N = head->logits;
	bern_firing_rng_stream(&rng, 5, (bern_stream_key){BERN_FOR_FIRING, 0, (uint32_t)_i, 0});
	for (int i = 0; i < ACTS; i++) {
		double below[8], total = 0.0, likelihood[8];
		bern_network_act(&m.net, &m.trace, 0, NULL, &rng);
		for (size_t k = 0; k < K; k++) {
			for (size_t o = 0; o < 2; o++)
				below[o] = (double)m.trace.x[o];
			for (size_t l = 0; l <= net->depth; l++) {
				size_t J = net->layer[l].units;
				double next[8], e_total[4] = {0}, bound;
				for (size_t j = 0; j < J; j++)
					next[j] = sum_of(&m, l, below, j, &bound);
				if (l == net->depth) {
					for (size_t c = 0; c < head->components; c++)
						for (size_t n = 0; n < head->size[c]; n++)
							e_total[c] += exp(
								next[head->offset[c] + n]);
					for (size_t c = 0; c < head->components; c++)
						for (size_t n = 0; n < head->size[c]; n++) {
							size_t at = head->offset[c] + n;
							double p = head->size[c] == 1
									   ? sigmoid(next[at])
									   : exp(next[at]) /
										     e_total[c];
							/* sums below 13 in size, 4 terms */
							within(fabs(p -
								    (double)m.trace.pi[k * N + at]),
							       1e-5, "pi");
						}
					break;
				}
				const float *p = bern_trace_p(&m.trace, net, l, 0, k);
				const uint8_t *h = bern_trace_h(&m.trace, net, l, 0, k);
				for (size_t j = 0; j < J; j++) {
					sum_of(&m, l, below, j, &bound);
					within(fabs(sigmoid(next[j]) - (double)p[j]),
					       0.25 * bound + 3.5 * 0x1p-24, "p");
					within(h[j], 1.0, "h");
					add(&unit[l][k][j], 1.0, h[j], (double)p[j]);
					/* weighed by the neighbour's, and by the firing before */
					if (j > 0)
						add(&pair[l][k][j],
						    (double)h[j - 1] - (double)p[j - 1], h[j],
						    (double)p[j]);
					if (k > 0) {
						const uint8_t *h0 = bern_trace_h(&m.trace, net, l,
										 0, k - 1);
						const float *p0 = bern_trace_p(&m.trace, net, l, 0,
									       k - 1);
						add(&across[l][k][j], (double)h0[j] - (double)p0[j],
						    h[j], (double)p[j]);
					}
				}
				/* padding stays silent */
				for (size_t j = J; j < net->layer[l].padded; j++)
					within(h[j], 0.0, "padding");
				for (size_t j = 0; j < J; j++)
					below[j] = (double)h[j];
			}
			likelihood[k] = 1.0;
			for (size_t c = 0; c < head->components; c++)
				likelihood[k] *= chance(head, m.trace.pi + k * N, c,
							m.trace.action[c]);
			total += likelihood[k];
		}
		for (size_t k = 0; k < K; k++)
			within(fabs((double)m.trace.posterior[k] - likelihood[k] / total),
			       ((double)K + 4.0) * 0x1p-24, "posterior");
	}
	for (size_t l = 0; l < net->depth; l++)
		for (size_t k = 0; k < K; k++)
			for (size_t j = 0; j < net->layer[l].units; j++) {
				is_fair(&unit[l][k][j], "unit", j);
				is_fair(&pair[l][k][j], "neighbours, unit", j);
				is_fair(&across[l][k][j], "two firings, unit", j);
			}
	forget(&m);
}
END_TEST

/* ---- decide --------------------------------------------------------------------------------------------- */

static double unit_of(int64_t kind, double a, int32_t mode)
{
	if (kind == BERN_UNITS_RELU)
		return fmax(a, 0.0);
	if (kind == BERN_UNITS_TANH)
		return tanh(a);
	return mode == BERN_THRESHOLDED ? a > 0.0 : sigmoid(a);
}

/* Seeds in which an activation or two best logits lie too near each other to tell, about one in a thousand, are passed over. */
START_TEST(decide_is_a_plain_forward_pass)
{
	static const struct {
		int64_t kind;
		int32_t mode;
	} ways[] = {{BERN_UNITS_BINARY, BERN_MEAN_FIELD},
		    {BERN_UNITS_BINARY, BERN_THRESHOLDED},
		    {BERN_UNITS_RELU, BERN_MEAN_FIELD},
		    {BERN_UNITS_TANH, BERN_THRESHOLDED}};
	int compared = 0, seen[3] = {0};
	for (uint64_t seed = 0; seed < 200; seed++) {
		plan p = {9, 2, {33, 17}, BERN_DISCRETE, 1, {3}, 1, ways[_i].kind, 1};
		made m;
		double below[40], next[40], bound, error = 0.0, total = 0.0;
		int32_t best = 0;
		int clear = 1;
		if (seed % 2)
			p.sizes[0] = 2; /* one Bernoulli unit */
		if (ways[_i].kind == BERN_UNITS_BINARY)
			p.K = 4; /* decides alike */
		make(&m, &p, seed);
		fill(&m, 1.5);
		bern_network_decide(&m.net, &m.trace, 0, NULL, ways[_i].mode);
		for (size_t o = 0; o < 9; o++)
			below[o] = (double)m.trace.x[o];
		for (size_t l = 0; l <= 2; l++) {
			size_t J = m.net.layer[l].units;
			double worst = 0.0;
			for (size_t j = 0; j < J; j++) {
				double a = sum_of(&m, l, below, j, &bound);
				double off = bound + error * 1.5 * (double)m.net.layer[l].inputs;
				worst = fmax(worst, off);
				clear &= l == 2 || ways[_i].mode != BERN_THRESHOLDED ||
					 fabs(a) > 2.0 * off || ways[_i].kind != BERN_UNITS_BINARY;
				next[j] = l == 2 ? a : unit_of(ways[_i].kind, a, ways[_i].mode);
			}
			/* slopes are at most 1; sigmoid and tanh add 3.5 steps of the grid */
			error = ways[_i].mode == BERN_THRESHOLDED &&
						ways[_i].kind == BERN_UNITS_BINARY && l < 2
					? 0.0
					: worst + 3.5 * 0x1p-24;
			memcpy(below, next, sizeof below);
		}
		size_t N = m.net.head.logits;
		if (N == 1) {
			best = below[0] > 0.0;
			clear &= fabs(below[0]) > 2.0 * error;
			if (clear)
				ck_assert_double_le(fabs(sigmoid(below[0]) - (double)m.trace.pi[0]),
						    error);
		} else {
			for (size_t n = 0; n < N; n++) {
				total += exp(below[n]);
				best = below[n] > below[best] ? (int32_t)n : best;
			}
			for (size_t n = 0; n < N; n++) {
				clear &= (int32_t)n == best || below[best] - below[n] > 2.0 * error;
			}
			for (size_t n = 0; n < N && clear; n++)
				ck_assert_double_le(
					fabs(exp(below[n]) / total - (double)m.trace.pi[n]),
					2.0 * error + 1e-6);
		}
		if (clear) {
			ck_assert_int_eq(m.trace.action[0], best);
			compared++;
			seen[best]++;
		}
		forget(&m);
	}
	ck_assert_int_ge(compared, 180);
	for (int a = 0; a < 3; a++)
		ck_assert_int_ge(seen[a], 5);
}
END_TEST

START_TEST(a_masked_action_is_neither_drawn_nor_decided)
{
	static const plan p = {3, 1, {20}, BERN_DISCRETE, 1, {5}, 3, BERN_UNITS_BINARY, 1};
	static const uint8_t mask[5] = {0, 1, 0, 1, 0};
	made m;
	bern_firing_rng rng;
	make(&m, &p, 2);
	fill(&m, 2.0);
	bern_firing_rng_stream(&rng, 5, (bern_stream_key){BERN_FOR_FIRING, 0, 0, 0});
	for (int i = 0; i < 2000; i++) {
		bern_network_act(&m.net, &m.trace, 0, mask, &rng);
		ck_assert_int_eq(mask[m.trace.action[0]], 1);
		bern_network_decide(&m.net, &m.trace, 0, mask,
				    i % 2 ? BERN_MEAN_FIELD : BERN_THRESHOLDED);
		ck_assert_int_eq(mask[m.trace.action[0]], 1);
	}
	forget(&m);
}
END_TEST

/* ---- float against double --------------------------------------------------------------------------------- */

static const plan large[] = {
	{17, 1, {33}, BERN_DISCRETE, 1, {3}, 7, BERN_UNITS_BINARY, 5},
	{17, 1, {33}, BERN_DISCRETE, 1, {3}, 1, BERN_UNITS_BINARY, 5},
	{17, 1, {33}, BERN_DISCRETE, 1, {2}, 16, BERN_UNITS_BINARY, 5},
	{5, 2, {31, 18}, BERN_DISCRETE, 1, {2}, 4, BERN_UNITS_BINARY, 5},
	{4, 3, {16, 17, 9}, BERN_MULTI_DISCRETE, 2, {4, 3}, 7, BERN_UNITS_BINARY, 5},
	{3, 2, {40, 15}, BERN_MULTI_BINARY, 4, {2, 2, 2, 2}, 9, BERN_UNITS_BINARY, 5},
};
#define LARGE (int)(sizeof large / sizeof large[0])

/* The largest error of any activation, layer l or the output, for inputs of size at most 1. */
static double activation_error(const made *m, size_t l)
{
	double worst = 0.0, bound, ones[64];
	for (size_t i = 0; i < 64; i++)
		ones[i] = 1.0;
	for (size_t j = 0; j < m->net.layer[l].units; j++) {
		sum_of(m, l, ones, j, &bound);
		worst = fmax(worst, bound);
	}
	return worst;
}

/* With d the error of a logit, log pi of C components errs by 2 C d, so w_k by a factor exp(4 C d) at most; the sum over k of w is
 * 1 and of |c| at most 2 K/(K - 1). p errs by a quarter of its activation's error and 3.5 steps of the grid, pi by half of d
 * and 1e-6. Sums over K firings and 5 rows add (K + 5) roundings of parts below 2. */
START_TEST(fast_estimates_of_larger_networks_agree_with_the_double_reference)
{
	made m;
	bern_error e;
	bern_firing_rng rng;
	bern_workspace work = {0};
	bern_unit_baseline unit;
	const bern_estimator *estimator;
	float advantage[5];
	size_t rows[5] = {3, 0, 4, 1, 2};
	make(&m, &large[_i % LARGE], 20 + (uint64_t)_i);
	fill(&m, 1.0);
	const bern_network *net = &m.net;
	size_t K = net->firings, O = net->layer[0].inputs, C = net->head.components;
	int with_unit = _i >= LARGE;
	double *sum = calloc(net->param_count, sizeof *sum),
	       *g = calloc(net->param_count, sizeof *g);
	float *gradient = calloc(net->param_count, sizeof *gradient);
	double b[256] = {0};
	ck_assert(sum && g && gradient);
	ck_assert_int_eq(bern_workspace_init(&work, &m.arena, net, &e), 0);
	ck_assert_int_eq(bern_unit_baseline_init(&unit, &m.arena, net, &e), 0);
	const int64_t kind[4] = {BERN_UNITS_BINARY};
	bern_offer offer = {.kind = kind, .depth = net->depth, .firings = (int64_t)K};
	ck_assert_int_eq(bern_estimator_find(&estimator, "auto", &offer, &e), 0);
	for (size_t u = 0; u < unit.units; u++) {
		unit.b[u] = (float)(2.0 * draw(&m.random) - 1.0);
		b[u] = (double)unit.b[u];
	}
	bern_firing_rng_stream(&rng, 5, (bern_stream_key){BERN_FOR_FIRING, 0, (uint32_t)_i, 0});
	for (size_t r = 0; r < 5; r++) {
		static uint8_t h[4][16 * 64];
		double x[32];
		bern_network_act(&m.net, &m.trace, r, NULL, &rng);
		advantage[r] = (float)(2.0 * draw(&m.random) - 1.0);
		bern_reference_step step = {.firings = K,
					    .x = x,
					    .action = m.trace.action + r * C,
					    .advantage = (double)advantage[r],
					    .unit = with_unit ? b : NULL};
		for (size_t o = 0; o < O; o++)
			x[o] = (double)m.trace.x[r * O + o];
		for (size_t l = 0; l < net->depth; l++) {
			step.h[l] = h[l];
			for (size_t k = 0; k < K; k++)
				memcpy(h[l] + k * net->layer[l].units,
				       bern_trace_h(&m.trace, net, l, r, k), net->layer[l].units);
		}
		bern_reference_estimate(net, m.params, &step, g);
		for (size_t i = 0; i < net->param_count; i++)
			sum[i] += 0.25 * g[i];
	}
	bern_signal signal = {
		.advantage = advantage, .scale = 0.25f, .unit = with_unit ? &unit : NULL};
	estimator->accumulate(net, &m.trace, rows, 5, &signal, &work, gradient);

	double d = activation_error(&m, net->depth), factor = exp(4.0 * (double)C * d) - 1.0 + 1e-6;
	double spread = K > 1 ? 2.0 * (double)K / ((double)K - 1.0) : 1.0;
	double largest = 0.0, loosest = 0.0;
	for (size_t l = 0; l <= net->depth; l++) {
		double p_error = l < net->depth ? 0.25 * activation_error(&m, l) + 3.5 * 0x1p-24
						: 0.5 * d + 1e-6;
		double each = spread * p_error + (K > 1 ? spread * factor : 0.0) +
			      ((double)K + 5.0) * 2.0 * 0x1p-24;
		/* 5 rows, a quarter each, advantages less baselines up to 2 */
		double bound = 5.0 * 0.25 * (with_unit ? 2.0 : 1.0) * each;
		loosest = fmax(loosest, bound);
		size_t end = net->layer[l].bias + net->layer[l].units;
		for (size_t i = net->layer[l].weight; i < end; i++) {
			double off = fabs((double)gradient[i] - sum[i]);
			largest = fmax(largest, fabs(sum[i]));
			ck_assert_msg(off <= bound, "layer %zu, parameter %zu: off by %g of %g", l,
				      i, off, bound);
		}
	}
	/* a mistake of two per cent would show */
	ck_assert_double_le(loosest, 0.02 * largest);
	free(sum);
	free(g);
	free(gradient);
	forget(&m);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("network");
	TCase *t = tcase_create("network");
	tcase_set_timeout(t, 100);
	tcase_add_test(t, layer_lists_are_read);
	tcase_add_test(t, wrong_layer_lists_are_refused);
	tcase_add_test(t, parameters_are_laid_out_layer_by_layer_weights_then_biases);
	tcase_add_loop_test(t, the_more_layers_of_bits_the_more_decided_they_start, 0, 4);
	tcase_add_loop_test(t, initial_weights_lie_in_their_ranges_and_later_units_start_decided, 0,
			    3);
	tcase_add_loop_test(t, actions_come_from_the_marginal_policy, 0, ACTING);
	tcase_add_loop_test(t, given_its_firings_an_action_comes_from_the_mean_policy, 0, ACTING);
	tcase_add_loop_test(t, firings_probabilities_and_policies_of_a_trace_fit_together, 0,
			    ACTING);
	tcase_add_loop_test(t, decide_is_a_plain_forward_pass, 0, 4);
	tcase_add_test(t, a_masked_action_is_neither_drawn_nor_decided);
	tcase_add_loop_test(t, fast_estimates_of_larger_networks_agree_with_the_double_reference, 0,
			    2 * LARGE);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
