/* The estimators are unbiased: by enumeration of every firing and action, in exact mode for the double references (1e-12) and with
 * the fast code itself (float error), for several K, one and two layers, every head and every baseline; and what is known to be
 * biased is found to be biased. */
#include "oracle.h"

#include <arena.h>
#include <estimator.h>
#include <reference.h>
#include <refire.h>

#include <check.h>
#include <jansson.h>
#include <stdlib.h>

/* ---- a small network in both forms ---------------------------------------------------------------- */

typedef struct small {
	bern_arena arena;
	bern_network net;
	bern_trace trace;
	bern_workspace work;
	bern_unit_baseline unit;
	oracle_net oracle;
	double params[ORACLE_PARAMS], x[8], reward[64];
	int32_t sizes[4];
	size_t K, bits; /* of one firing of all hidden layers */
} small;

/* One of the shapes that are enumerated: hidden layers, kind of action, firings. */
typedef struct shape {
	size_t inputs, depth, units[3];
	int32_t action; /* enum bern_space_kind */
	uint32_t count;
	int32_t sizes[2];
	int64_t head;
	size_t K;
} shape;

static const shape shapes[] = {
	{2, 1, {3}, BERN_DISCRETE, 1, {2}, BERN_HEAD_AUTO, 1},
	{2, 1, {3}, BERN_DISCRETE, 1, {2}, BERN_HEAD_AUTO, 2},
	{2, 1, {3}, BERN_DISCRETE, 1, {2}, BERN_HEAD_AUTO, 3},
	{2, 1, {2}, BERN_DISCRETE, 1, {2}, BERN_HEAD_AUTO, 5},
	{2, 1, {3}, BERN_DISCRETE, 1, {3}, BERN_HEAD_AUTO, 3},
	{1, 1, {3}, BERN_DISCRETE, 1, {2}, BERN_HEAD_SOFTMAX, 2},
	{2, 1, {3}, BERN_MULTI_BINARY, 2, {2, 2}, BERN_HEAD_AUTO, 2},
	{2, 1, {3}, BERN_MULTI_DISCRETE, 2, {3, 2}, BERN_HEAD_AUTO, 3},
	{2, 2, {3, 2}, BERN_DISCRETE, 1, {2}, BERN_HEAD_AUTO, 1},
	{2, 2, {3, 2}, BERN_DISCRETE, 1, {2}, BERN_HEAD_AUTO, 2},
	{2, 2, {2, 2}, BERN_DISCRETE, 1, {3}, BERN_HEAD_AUTO, 3},
	{2, 2, {2, 3}, BERN_MULTI_DISCRETE, 2, {2, 3}, BERN_HEAD_AUTO, 2},
	{1, 3, {2, 2, 2}, BERN_DISCRETE, 1, {3}, BERN_HEAD_AUTO, 1},
	{1, 3, {2, 1, 2}, BERN_DISCRETE, 1, {2}, BERN_HEAD_AUTO, 2},
};
#define SHAPE_COUNT (int)(sizeof shapes / sizeof shapes[0])

static double uniform(bern_pcg32 *rng)
{
	return (double)bern_pcg32_next(rng) / 4294967296.0;
}

static void small_init(small *s, const shape *shape, uint64_t seed)
{
	bern_error e;
	bern_pcg32 rng;
	bern_action_head head;
	const int64_t kind[3] = {BERN_UNITS_BINARY, BERN_UNITS_BINARY, BERN_UNITS_BINARY};
	memset(s, 0, sizeof *s);
	bern_pcg32_init(&rng, seed, 3);
	memcpy(s->sizes, shape->sizes, sizeof shape->sizes);
	bern_space action = {.kind = shape->action, .count = shape->count, .sizes = s->sizes};
	ck_assert_int_eq(bern_head_init(&head, &s->arena, &action, 0, shape->head, &e), 0);
	ck_assert_int_eq(bern_network_init(&s->net, &s->arena, &head, shape->inputs, shape->units,
					   kind, shape->depth, shape->K, bern_kernels_usable()[0],
					   &e),
			 0);
	s->net.keeps_chance = 1;
	ck_assert_int_eq(bern_trace_init(&s->trace, &s->arena, &s->net, 1, &e), 0);
	ck_assert_int_eq(bern_workspace_init(&s->work, &s->arena, &s->net, &e), 0);
	ck_assert_int_eq(bern_unit_baseline_init(&s->unit, &s->arena, &s->net, &e), 0);
	ck_assert_uint_le(s->net.param_count, ORACLE_PARAMS);
	for (size_t i = 0; i < s->net.param_count; i++) {
		s->net.params[i] = (float)(3.0 * uniform(&rng) - 1.5);
		s->params[i] = (double)s->net.params[i];
	}
	for (size_t i = 0; i < shape->inputs; i++) {
		s->trace.x[i] = (float)(2.0 * uniform(&rng) - 1.0);
		s->x[i] = (double)s->trace.x[i];
	}
	s->oracle = (oracle_net){.inputs = shape->inputs,
				 .depth = shape->depth,
				 .group_count = head.components,
				 .params = s->params,
				 .x = s->x};
	memcpy(s->oracle.units, shape->units, sizeof shape->units);
	for (size_t c = 0; c < head.components; c++)
		s->oracle.group[c] = head.size[c];
	for (size_t a = 0; a < oracle_actions(&s->oracle); a++)
		s->reward[a] = 4.0 * uniform(&rng) - 1.0;
	s->K = shape->K;
	s->bits = oracle_bits(&s->oracle);
}

static void small_finish(small *s)
{
	bern_arena_finish(&s->arena);
}

/* ---- enumeration ---------------------------------------------------------------------------------- */

typedef void visit(small *s, const bern_reference_step *step, size_t action, double probability,
		   void *user);

/* Calls visit for every way in which K firings and an action can come out, with its probability. */
static void enumerate(small *s, visit *f, void *user)
{
	uint8_t h[ORACLE_LAYERS][256];
	size_t ways = (size_t)1 << (s->bits * s->K);
	for (size_t way = 0; way < ways; way++) {
		bern_reference_step step = {.firings = s->K, .x = s->x};
		int32_t values[4];
		size_t bits = way;
		for (size_t k = 0; k < s->K; k++)
			for (size_t l = 0; l < s->net.depth; l++)
				for (size_t j = 0; j < s->net.layer[l].units; j++, bits >>= 1)
					h[l][k * s->net.layer[l].units + j] = bits & 1;
		for (size_t l = 0; l < s->net.depth; l++)
			step.h[l] = h[l];
		step.action = values;
		double firing = bern_reference_probability(&s->net, s->params, &step);
		for (size_t a = 0; a < oracle_actions(&s->oracle); a++) {
			int split[4];
			oracle_action(&s->oracle, a, split);
			for (size_t g = 0; g < s->oracle.group_count; g++)
				values[g] = split[g];
			f(s, &step, a,
			  firing * bern_reference_likelihood(&s->net, s->params, &step), user);
		}
	}
}

typedef struct moments {
	double mean[ORACLE_PARAMS], square[ORACLE_PARAMS], probability;
	double baseline;
	const double *unit;
	int variant;
} moments;

enum {
	AS_IT_IS,
	WITHOUT_THE_CORRECTION,
	OWN_SAMPLE_IN_THE_MEAN,
	WRONG_SIGN,
	MEAN_LOGIT_NOT_MIXTURE
};

static void add_moments(moments *m, const double *estimate, size_t count, double probability)
{
	m->probability += probability;
	for (size_t i = 0; i < count; i++) {
		m->mean[i] += probability * estimate[i];
		m->square[i] += probability * estimate[i] * estimate[i];
	}
}

/* the double reference, and what breaks it */
static void visit_reference(small *s, const bern_reference_step *step, size_t action,
			    double probability, void *user)
{
	moments *m = user;
	bern_reference_step now = *step;
	double g[ORACLE_PARAMS];
	size_t hidden = s->net.layer[s->net.depth].weight;
	now.advantage = s->reward[action] - m->baseline;
	now.unit = m->unit;
	if (m->variant == OWN_SAMPLE_IN_THE_MEAN) /* b = mean of two, one of them this reward */
		now.advantage = s->reward[action] - 0.5 * (s->reward[action] + m->baseline);
	if (m->variant ==
	    MEAN_LOGIT_NOT_MIXTURE) { /* acts from the mean logit, not from the mean policy */
		double pi[64], logit = 0.0;
		bern_reference_policy(&s->net, s->params, step, pi);
		for (size_t k = 0; k < s->K; k++)
			logit += log(pi[k] / (1.0 - pi[k])) / (double)s->K;
		double one = 1.0 / (1.0 + exp(-logit));
		probability *= (action ? one : 1.0 - one) /
			       bern_reference_likelihood(&s->net, s->params, step);
	}
	bern_reference_estimate(&s->net, s->params, &now, g);
	for (size_t i = 0; i < hidden; i++) {
		if (m->variant == WITHOUT_THE_CORRECTION)
			g[i] *= ((double)s->K - 1.0) / (double)s->K;
		if (m->variant == WRONG_SIGN)
			g[i] = -g[i];
	}
	add_moments(m, g, s->net.param_count, probability);
}

static void bits_to_trace(small *s, const bern_reference_step *step);

/* The estimator of a name for two layers of one kind, with K firings. */
static int32_t find(const bern_estimator **out, const char *name, int64_t kind, int64_t K,
		    bern_error *e)
{
	const int64_t kinds[2] = {kind, kind};
	bern_offer offer = {.kind = kinds, .depth = 2, .firings = K};
	return bern_estimator_find(out, name, &offer, e);
}

/* the fast code, given the same firings and action */
static void visit_fast(small *s, const bern_reference_step *step, size_t action, double probability,
		       void *user)
{
	static const bern_estimator *estimators[2];
	moments *m = user;
	bern_error e;
	float advantage = (float)(s->reward[action] - m->baseline), gradient[ORACLE_PARAMS] = {0};
	double g[ORACLE_PARAMS];
	size_t row = 0;
	if (!estimators[0]) {
		find(&estimators[0], "unbiased", BERN_UNITS_BINARY, 1, &e);
		find(&estimators[1], "firings", BERN_UNITS_BINARY, 2, &e);
	}
	bits_to_trace(s, step);
	bern_signal signal = {
		.advantage = &advantage, .scale = 1.0f, .unit = m->unit ? &s->unit : NULL};
	estimators[s->K > 1]->accumulate(&s->net, &s->trace, &row, 1, &signal, &s->work, gradient);
	for (size_t i = 0; i < s->net.param_count; i++)
		g[i] = (double)gradient[i];
	add_moments(m, g, s->net.param_count, probability);
}

/* Writes the step's firings into row 0 of the trace, with p, pi and posterior computed by the network's own kernels. */
static void bits_to_trace(small *s, const bern_reference_step *step)
{
	bern_network *net = &s->net;
	for (size_t l = 0; l < net->depth; l++) {
		const bern_layer *layer = &net->layer[l];
		for (size_t k = 0; k < s->K; k++) {
			uint8_t *h = bern_trace_h(&s->trace, net, l, 0, k);
			for (size_t j = 0; j < layer->units; j++)
				h[j] = step->h[l][k * layer->units + j];
			float a[64] = {0};
			uint32_t rows[64];
			if (l == 0) {
				net->kernels->affine(a, s->trace.x, net->params + layer->weight,
						     net->params + layer->bias, layer->inputs,
						     layer->units);
			} else {
				size_t count = net->kernels->fired(
					rows, bern_trace_h(&s->trace, net, l - 1, 0, k),
					layer->inputs);
				net->kernels->affine_rows(a, rows, count,
							  net->params + layer->weight,
							  net->params + layer->bias, layer->units);
			}
			net->kernels->probability(bern_trace_p(&s->trace, net, l, 0, k), a,
						  layer->units);
		}
	}
	const bern_layer *out = &net->layer[net->depth];
	for (size_t k = 0; k < s->K; k++) {
		float logits[16];
		uint32_t rows[64];
		size_t count = net->kernels->fired(
			rows, bern_trace_h(&s->trace, net, net->depth - 1, 0, k), out->inputs);
		net->kernels->affine_rows(logits, rows, count, net->params + out->weight,
					  net->params + out->bias, out->units);
		bern_head_probabilities(&net->head, s->trace.pi + k * out->units, logits, NULL);
	}
	memcpy(s->trace.action, step->action, net->head.components * sizeof(int32_t));
	bern_head_posterior(&net->head, s->trace.posterior, s->trace.pi, s->trace.action, s->K);
}

static double worst(const small *s, const moments *m, const double *exact)
{
	double most = 0.0;
	for (size_t i = 0; i < s->net.param_count; i++)
		most = fmax(most, fabs(m->mean[i] - exact[i]));
	return most;
}

/* ---- the oracle itself ---------------------------------------------------------------------------- */

/* central differences err by O(step^2) = 1e-10 and by rounding 1e-16/step = 1e-11 */
START_TEST(the_oracle_agrees_with_central_differences)
{
	small s;
	double exact[ORACLE_PARAMS];
	small_init(&s, &shapes[_i], 11);
	oracle_value(&s.oracle, s.reward, exact, s.net.param_count);
	for (size_t i = 0; i < s.net.param_count; i++) {
		double kept = s.params[i], step = 1e-5;
		s.params[i] = kept + step;
		double up = oracle_value(&s.oracle, s.reward, NULL, 0);
		s.params[i] = kept - step;
		double down = oracle_value(&s.oracle, s.reward, NULL, 0);
		s.params[i] = kept;
		ck_assert_double_le(fabs((up - down) / (2.0 * step) - exact[i]), 1e-8);
	}
	small_finish(&s);
}
END_TEST

/* ---- unbiased ------------------------------------------------------------------------------------- */

START_TEST(references_are_exactly_unbiased)
{
	small s;
	double exact[ORACLE_PARAMS];
	moments m = {.baseline = 0.7};
	small_init(&s, &shapes[_i], 20 + (uint64_t)_i);
	oracle_value(&s.oracle, s.reward, exact, s.net.param_count);
	enumerate(&s, visit_reference, &m);
	ck_assert_double_le(fabs(m.probability - 1.0), 1e-12);
	ck_assert_double_le(worst(&s, &m, exact), 1e-12);
	small_finish(&s);
}
END_TEST

START_TEST(references_are_exactly_unbiased_with_unit_baselines)
{
	small s;
	double exact[ORACLE_PARAMS], unit[64];
	moments m = {.unit = unit};
	small_init(&s, &shapes[_i], 40 + (uint64_t)_i);
	for (size_t u = 0; u < 64; u++)
		unit[u] = 0.3 * (double)u - 1.0;
	oracle_value(&s.oracle, s.reward, exact, s.net.param_count);
	enumerate(&s, visit_reference, &m);
	ck_assert_double_le(worst(&s, &m, exact), 1e-12);
	small_finish(&s);
}
END_TEST

/* The fast code: p lies on a grid of 2^-24 and sums have up to K units terms of float error, each at most 2^-24 times an
 * advantage below 4 and a weight of the posterior below 2; 2e-6 leaves a factor of about two. */
START_TEST(fast_estimators_are_unbiased_up_to_float_error)
{
	small s;
	double exact[ORACLE_PARAMS];
	moments m = {.baseline = 0.7};
	small_init(&s, &shapes[_i], 60 + (uint64_t)_i);
	oracle_value(&s.oracle, s.reward, exact, s.net.param_count);
	enumerate(&s, visit_fast, &m);
	ck_assert_msg(worst(&s, &m, exact) <= 2e-6, "off by %g", worst(&s, &m, exact));
	small_finish(&s);
}
END_TEST

/* The firings and the action are some that can come out; what the estimator draws are CHANCES different starts. */
#define CHANCES 20000
static void some_step(small *s, bern_reference_step *step, uint8_t h[ORACLE_LAYERS][256],
		      int32_t *values, bern_pcg32 *rng)
{
	int split[4];
	*step = (bern_reference_step){
		.firings = s->K, .x = s->x, .action = values, .advantage = 1.7};
	for (size_t l = 0; l < s->net.depth; l++) {
		for (size_t j = 0; j < s->K * s->net.layer[l].units; j++)
			h[l][j] = uniform(rng) < 0.5;
		step->h[l] = h[l];
	}
	oracle_action(&s->oracle, bern_pcg32_next(rng) % oracle_actions(&s->oracle), split);
	for (size_t g = 0; g < s->oracle.group_count; g++)
		values[g] = split[g];
}

/* Each number is a mean of CHANCES independent ones: within 6 of its standard errors, once in 5e8; the fast code's own error as above. */
START_TEST(a_counterfactual_estimate_is_right_on_the_mean_of_what_it_draws)
{
	small s;
	bern_error e;
	bern_pcg32 rng;
	const bern_estimator *estimator;
	small_init(&s, &shapes[_i], 80 + (uint64_t)_i);
	bern_pcg32_init(&rng, 5, (uint64_t)_i);
	ck_assert_int_eq(find(&estimator, "counterfactual", BERN_UNITS_BINARY, (int64_t)s.K, &e),
			 0);
	for (int n = 0; n < 4; n++) {
		uint8_t h[ORACLE_LAYERS][256];
		int32_t values[4];
		bern_reference_step step;
		double exact[ORACLE_PARAMS], sum[ORACLE_PARAMS] = {0}, square[ORACLE_PARAMS] = {0};
		size_t row = 0, P = s.net.param_count, moving = 0;
		some_step(&s, &step, h, values, &rng);
		bern_reference_counterfactual(&s.net, s.params, &step, exact);
		bits_to_trace(&s, &step);
		for (size_t c = 0; c < CHANCES; c++) {
			float advantage = 1.7f, g[ORACLE_PARAMS] = {0};
			bern_signal signal = {.advantage = &advantage, .scale = 1.0f};
			s.trace.chance[0] = bern_pcg32_next(&rng);
			s.trace.chance[1] = bern_pcg32_next(&rng);
			estimator->accumulate(&s.net, &s.trace, &row, 1, &signal, &s.work, g);
			for (size_t i = 0; i < P; i++) {
				sum[i] += (double)g[i];
				square[i] += (double)g[i] * (double)g[i];
			}
		}
		for (size_t i = 0; i < P; i++) {
			double mean = sum[i] / CHANCES, spread = square[i] / CHANCES - mean * mean;
			double error = sqrt(fmax(spread, 0.0) / CHANCES);
			moving += spread > 1e-6;
			ck_assert_msg(fabs(mean - exact[i]) <= 6.0 * error + 4e-6,
				      "step %d, parameter %zu: %g and not %g, standard error %g", n,
				      i, mean, exact[i], error);
		}
		/* it draws for what is below the last layer, and for that alone */
		ck_assert_int_eq(moving > 0, s.net.depth > 1);
	}
	small_finish(&s);
}
END_TEST

START_TEST(fast_estimators_are_unbiased_with_unit_baselines)
{
	small s;
	double exact[ORACLE_PARAMS], unit[64] = {0};
	moments m = {.unit = unit};
	small_init(&s, &shapes[_i], 80 + (uint64_t)_i);
	for (size_t u = 0; u < s.unit.units; u++)
		s.unit.b[u] = 0.3f * (float)u - 1.0f;
	oracle_value(&s.oracle, s.reward, exact, s.net.param_count);
	enumerate(&s, visit_fast, &m);
	ck_assert_msg(worst(&s, &m, exact) <= 4e-6, "off by %g", worst(&s, &m, exact));
	small_finish(&s);
}
END_TEST

/* ---- firing afresh -------------------------------------------------------------------------------- */

/* A remembered step: its action, and the probability with which it was chosen, which is another policy's. */
#define MU 0.37

typedef struct remembered {
	moments moments;
	size_t action;
	double advantage, clip_range;
} remembered;

/* The firings are new ones whatever the action is, so their probability is that of the firings alone. */
static int is_remembered(const small *s, const bern_reference_step *step, size_t action,
			 const remembered *r, double *probability)
{
	if (action == r->action)
		*probability /= bern_reference_likelihood(&s->net, s->params, step);
	return action == r->action;
}

static void visit_refired_reference(small *s, const bern_reference_step *step, size_t action,
				    double probability, void *user)
{
	remembered *r = user;
	bern_reference_step now = *step;
	double g[ORACLE_PARAMS];
	if (!is_remembered(s, step, action, r, &probability))
		return;
	now.advantage = r->advantage;
	bern_reference_refire(&s->net, s->params, &now, MU, g);
	add_moments(&r->moments, g, s->net.param_count, probability);
}

static void visit_refired_fast(small *s, const bern_reference_step *step, size_t action,
			       double probability, void *user)
{
	remembered *r = user;
	const bern_estimator *estimator;
	bern_error e;
	float gradient[ORACLE_PARAMS] = {0};
	double g[ORACLE_PARAMS];
	size_t row = 0;
	if (!is_remembered(s, step, action, r, &probability))
		return;
	find(&estimator, "auto", BERN_UNITS_BINARY, (int64_t)s->K, &e);
	bits_to_trace(s, step);
	double ratio = exp(bern_head_log_mixture(&s->net.head, s->trace.pi, step->action, s->K) -
			   log(MU));
	float advantage = bern_refire_advantage((float)r->advantage, ratio, r->clip_range);
	bern_signal signal = {.advantage = &advantage, .scale = 1.0f};
	estimator->accumulate(&s->net, &s->trace, &row, 1, &signal, &s->work, gradient);
	for (size_t i = 0; i < s->net.param_count; i++)
		g[i] = (double)gradient[i];
	add_moments(&r->moments, g, s->net.param_count, probability);
}

/* The worst error over all actions of the shape, each as the remembered one. */
static double worst_refired(small *s, visit *f, double advantage, double clip_range)
{
	double most = 0.0;
	for (size_t a = 0; a < oracle_actions(&s->oracle); a++) {
		double exact[ORACLE_PARAMS], chosen[64] = {0};
		remembered r = {.action = a, .advantage = advantage, .clip_range = clip_range};
		/* A d pi(a | s)/mu is the gradient of the mean reward if action a alone gives A/mu */
		chosen[a] = advantage / MU;
		oracle_value(&s->oracle, chosen, exact, s->net.param_count);
		enumerate(s, f, &r);
		ck_assert_double_le(fabs(r.moments.probability - 1.0), 1e-5);
		most = fmax(most, worst(s, &r.moments, exact));
	}
	return most;
}

START_TEST(fired_afresh_the_reference_is_exactly_unbiased)
{
	small s;
	small_init(&s, &shapes[_i], 120 + (uint64_t)_i);
	ck_assert_double_le(worst_refired(&s, visit_refired_reference, 1.3, 0.0), 1e-12);
	small_finish(&s);
}
END_TEST

/* As above, and ratios of up to 1/MU with a relative error of some 2^-24: four times as much. */
START_TEST(fired_afresh_the_fast_estimators_are_unbiased_up_to_float_error)
{
	small s;
	small_init(&s, &shapes[_i], 140 + (uint64_t)_i);
	double off = worst_refired(&s, visit_refired_fast, -1.3, 0.0);
	ck_assert_msg(off <= 8e-6, "off by %g", off);
	small_finish(&s);
}
END_TEST

/* Clipping is biased, whichever way the advantage points; shape 2 has three firings and two actions. */
START_TEST(a_clipped_ratio_is_found_out)
{
	small s;
	small_init(&s, &shapes[2], 160);
	double off = worst_refired(&s, visit_refired_fast, _i ? 1.3 : -1.3, 0.2);
	ck_assert_msg(off >= 1e-2, "off by %g only", off);
	small_finish(&s);
}
END_TEST

START_TEST(the_clip_leaves_out_what_has_gone_far_enough)
{
	ck_assert_float_eq(bern_refire_advantage(2.0f, 1.3, 0.0), 2.6f);
	ck_assert_float_eq(bern_refire_advantage(2.0f, 1.3, 0.2), 0.0f);
	ck_assert_float_eq(bern_refire_advantage(-2.0f, 1.3, 0.2), -2.6f);
	ck_assert_float_eq(bern_refire_advantage(2.0f, 0.5, 0.2), 1.0f);
	ck_assert_float_eq(bern_refire_advantage(-2.0f, 0.5, 0.2), 0.0f);
}
END_TEST

/* ---- negative controls ---------------------------------------------------------------------------- */

/* Each must be off by far more than the tolerance above. */
START_TEST(biased_variants_are_found_out)
{
	static const int variants[] = {WITHOUT_THE_CORRECTION, OWN_SAMPLE_IN_THE_MEAN, WRONG_SIGN,
				       MEAN_LOGIT_NOT_MIXTURE};
	small s;
	double exact[ORACLE_PARAMS];
	moments m = {.variant = variants[_i]};
	small_init(&s, &shapes[2], 100);
	oracle_value(&s.oracle, s.reward, exact, s.net.param_count);
	enumerate(&s, visit_reference, &m);
	ck_assert_double_le(fabs(m.probability - 1.0), 1e-12);
	ck_assert_double_ge(worst(&s, &m, exact), 1e-3);
	small_finish(&s);
}
END_TEST

/* A per-unit baseline that has already seen the sample it is subtracted from. */
static void visit_late_baseline(small *s, const bern_reference_step *step, size_t action,
				double probability, void *user)
{
	moments *m = user;
	bern_reference_step now = *step;
	double g[ORACLE_PARAMS], score[ORACLE_PARAMS], unit[64];
	size_t u = 0;
	now.advantage = 1.0;
	bern_reference_estimate(&s->net, s->params, &now, score);
	for (size_t l = 0; l <= s->net.depth; l++)
		for (size_t j = 0; j < s->net.layer[l].units; j++, u++) {
			double square = score[s->net.layer[l].bias + j];
			square *= square;
			unit[u] = 0.1 * square * s->reward[action] / (0.9 * 0.2 + 0.1 * square);
		}
	now.advantage = s->reward[action];
	now.unit = unit;
	bern_reference_estimate(&s->net, s->params, &now, g);
	add_moments(m, g, s->net.param_count, probability);
}

START_TEST(a_unit_baseline_updated_before_it_is_read_is_found_out)
{
	small s;
	double exact[ORACLE_PARAMS];
	moments m = {0};
	small_init(&s, &shapes[1], 120);
	oracle_value(&s.oracle, s.reward, exact, s.net.param_count);
	enumerate(&s, visit_late_baseline, &m);
	ck_assert_double_ge(worst(&s, &m, exact), 1e-3);
	small_finish(&s);
}
END_TEST

/* ---- recorded numbers ----------------------------------------------------------------------------- */

static double number_at(const json_t *object, const char *key, size_t index)
{
	const json_t *value = json_object_get(object, key);
	return json_number_value(json_is_array(value) ? json_array_get(value, index) : value);
}

static void golden_init(small *s, const json_t *golden, size_t K)
{
	shape shape = {1, 1, {3}, BERN_DISCRETE, 1, {2}, BERN_HEAD_AUTO, K};
	small_init(s, &shape, 0);
	s->x[0] = 0.0; /* units have logits alone */
	for (size_t j = 0; j < 3; j++) {
		s->params[s->net.layer[0].bias + j] = number_at(golden, "b", j);
		s->params[s->net.layer[1].weight + j] = number_at(golden, "w", j);
	}
	s->params[s->net.layer[1].bias] = number_at(golden, "c", 0);
	s->reward[0] = number_at(golden, "R", 0);
	s->reward[1] = number_at(golden, "R", 1);
}

START_TEST(gradient_and_variance_are_those_recorded)
{
	json_t *golden = json_load_file(BERN_TEST_DATA "/golden-firings.json", 0, NULL);
	size_t K = 1 + (size_t)_i;
	char key[16];
	small s;
	ck_assert_ptr_nonnull(golden);
	moments m = {.baseline = number_at(golden, "baseline", 0)};
	golden_init(&s, golden, K);
	enumerate(&s, visit_reference, &m);
	double variance = 0.0;
	for (size_t j = 0; j < 3; j++) {
		size_t at = s.net.layer[0].bias + j;
		ck_assert_double_le(fabs(m.mean[at] - number_at(golden, "gradient", j)), 1e-12);
		ck_assert_double_le(fabs(m.mean[s.net.layer[1].weight + j] -
					 number_at(golden, "gradient", 3 + j)),
				    1e-12);
		variance += m.square[at] - m.mean[at] * m.mean[at];
	}
	ck_assert_double_le(fabs(m.mean[s.net.layer[1].bias] - number_at(golden, "gradient", 6)),
			    1e-12);
	snprintf(key, sizeof key, "K=%zu", K);
	ck_assert_double_le(fabs(variance - number_at(json_object_get(golden, "variance"), key, 0)),
			    1e-12);
	small_finish(&s);
	json_decref(golden);
}
END_TEST

/* ---- the entropy bonus, the yardstick ------------------------------------------------------------- */

/* With the surprise -log pibar held fixed, the bonus estimates the gradient of sum_a pi(a) surprise(a), exactly. */
static void visit_bonus(small *s, const bern_reference_step *step, size_t action,
			double probability, void *user)
{
	static const float fixed[2] = {0.3f, 0.0f};
	moments *m = user;
	float gradient[ORACLE_PARAMS] = {0}, advantage = 0.0f;
	double g[ORACLE_PARAMS];
	(void)action;
	bits_to_trace(s, step);
	s->trace.mean_pi[0] = fixed[0];
	bern_signal signal = {.advantage = &advantage, .scale = 1.0f, .entropy_coef = 1.0f};
	memset(s->work.c, 0, s->K * sizeof(float));
	memset(s->work.delta, 0, s->K * sizeof(float));
	bern_entropy_rule(&s->net, &s->trace, 0, &signal, &s->work);
	bern_local_rule(&s->net, &s->trace, 0, &signal, &s->work, gradient);
	for (size_t i = 0; i < s->net.param_count; i++)
		g[i] = (double)gradient[i];
	add_moments(m, g, s->net.param_count, probability);
}

START_TEST(the_entropy_bonus_is_exact_given_the_mean_policy)
{
	small s;
	double exact[ORACLE_PARAMS], surprise[2];
	moments m = {0};
	small_init(&s, &shapes[_i], 140);
	surprise[1] = -log((double)0.3f);
	surprise[0] = -log(1.0 - (double)0.3f);
	oracle_value(&s.oracle, surprise, exact, s.net.param_count);
	enumerate(&s, visit_bonus, &m);
	ck_assert_msg(worst(&s, &m, exact) <= 2e-6, "off by %g", worst(&s, &m, exact));
	small_finish(&s);
}
END_TEST

/* log pi(action | x) of a relu or tanh network, in double with libm */
static double log_policy(const bern_network *net, const double *params, const double *x, int action)
{
	double below[8], y[8];
	memcpy(below, x, net->layer[0].inputs * sizeof *below);
	for (size_t l = 0; l <= net->depth; l++) {
		const bern_layer *layer = &net->layer[l];
		for (size_t j = 0; j < layer->units; j++) {
			double a = params[layer->bias + j];
			for (size_t i = 0; i < layer->inputs; i++)
				a += below[i] * params[layer->weight + i * layer->units + j];
			if (l < net->depth)
				a = net->layer[l].kind == BERN_UNITS_RELU ? fmax(a, 0.0) : tanh(a);
			y[j] = a;
		}
		memcpy(below, y, sizeof below);
	}
	double total = 0.0;
	for (size_t n = 0; n < net->head.logits; n++)
		total += exp(y[n]);
	return y[action] - log(total);
}

START_TEST(back_propagation_gives_the_gradient_of_the_log_policy)
{
	static const size_t units[2] = {5, 4};
	bern_arena arena = {0};
	bern_network net;
	bern_trace trace;
	bern_workspace work = {0};
	bern_action_head head;
	bern_error e;
	bern_pcg32 rng;
	bern_firing_rng firing;
	int32_t sizes[1] = {3};
	bern_space action = {.kind = BERN_DISCRETE, .count = 1, .sizes = sizes};
	const bern_estimator *estimator;
	float gradient[ORACLE_PARAMS] = {0}, advantage = 1.5f;
	double params[ORACLE_PARAMS], x[3];
	size_t row = 0;
	const int64_t kind[2] = {_i % 2 ? BERN_UNITS_TANH : BERN_UNITS_RELU,
				 _i % 2 ? BERN_UNITS_TANH : BERN_UNITS_RELU};
	bern_pcg32_init(&rng, (uint64_t)_i, 9);
	ck_assert_int_eq(bern_head_init(&head, &arena, &action, 0, BERN_HEAD_AUTO, &e), 0);
	ck_assert_int_eq(bern_network_init(&net, &arena, &head, 3, units, kind, 2, 1,
					   bern_kernels_usable()[0], &e),
			 0);
	ck_assert_int_eq(bern_trace_init(&trace, &arena, &net, 1, &e), 0);
	ck_assert_int_eq(bern_workspace_init(&work, &arena, &net, &e), 0);
	ck_assert_int_eq(find(&estimator, "auto", kind[0], 16, &e), 0);
	for (size_t i = 0; i < net.param_count; i++) {
		net.params[i] = (float)(2.0 * uniform(&rng) - 1.0);
		params[i] = (double)net.params[i];
	}
	for (size_t i = 0; i < 3; i++) {
		trace.x[i] = (float)(2.0 * uniform(&rng) - 1.0);
		x[i] = (double)trace.x[i];
	}
	bern_firing_rng_from(&firing, rng);
	bern_network_act(&net, &trace, 0, NULL, &firing);
	bern_signal signal = {.advantage = &advantage, .scale = 2.0f};
	estimator->accumulate(&net, &trace, &row, 1, &signal, &work, gradient);
	for (size_t i = 0; i < net.param_count; i++) {
		double kept = params[i], step = 1e-5;
		params[i] = kept + step;
		double up = log_policy(&net, params, x, trace.action[0]);
		params[i] = kept - step;
		double down = log_policy(&net, params, x, trace.action[0]);
		params[i] = kept;
		/* 3.0 = scale times advantage; float error of about 30 operations */
		ck_assert_double_le(fabs(3.0 * (up - down) / (2.0 * step) - (double)gradient[i]),
				    1e-5);
	}
	bern_arena_finish(&arena);
}
END_TEST

/* ---- needs ---------------------------------------------------------------------------------------- */

START_TEST(what_cannot_be_estimated_is_refused)
{
	const bern_estimator *estimator;
	bern_error e;
	ck_assert_int_eq(find(&estimator, "firing", 0, 16, &e), BERN_EUSAGE);
	char want[768] = "estimator: there is no \"firing\"; allowed: auto";
	for (size_t i = 0; i < bern_estimator_count; i++) {
		strcat(want, ", ");
		strcat(want, bern_estimators[i]->name);
	}
	strcat(want, ", did you mean firings?");
	ck_assert_str_eq(e.text, want);
	ck_assert_int_eq(find(&estimator, "firings", BERN_UNITS_BINARY, 1, &e), BERN_EUSAGE);
	ck_assert_ptr_nonnull(strstr(e.text, "at least 2"));
	ck_assert_int_eq(find(&estimator, "firings", BERN_UNITS_RELU, 16, &e), BERN_EUSAGE);
	ck_assert_int_eq(find(&estimator, "backprop", BERN_UNITS_BINARY, 1, &e), BERN_EUSAGE);
	ck_assert_int_eq(find(&estimator, "auto", BERN_UNITS_BINARY, 1, &e), 0);
	ck_assert_str_eq(estimator->name, "unbiased");
	ck_assert_int_eq(find(&estimator, "auto", BERN_UNITS_BINARY, 2, &e), 0);
	ck_assert_str_eq(estimator->name, "firings");
}
END_TEST

static int32_t attach(const void *model, void *state, char *err, size_t err_size)
{
	(void)model;
	(void)state;
	(void)err;
	(void)err_size;
	return 1;
}

/* Each need by itself: an offer that lacks nothing else is refused in a sentence that names estimator and need, and taken where it
 * is met. */
START_TEST(each_need_is_told_by_itself)
{
	enum { B = BERN_UNITS_BINARY, T = BERN_UNITS_TANH, S = BERN_UNITS_SMOOTH };
	static const struct {
		const char *name, *says;
		int64_t bad[2], good[2];
		int64_t firings[2]; /* bad, good */
		int handle, box;    /* of the bad offer */
	} cases[] = {
		{"gibbs", "units of layer 2 is tanh", {B, T}, {B, B}, {1, 1}, 0, 0},
		{"unbiased", "units that draw something", {T, T}, {T, B}, {1, 1}, 0, 0},
		{"backprop", "can be differentiated", {T, B}, {T, T}, {1, 1}, 0, 0},
		{"reinmax", "a layer of binary units", {T, T}, {B, T}, {1, 1}, 0, 0},
		{"pathwise", "smooth units and no binary", {S, B}, {S, T}, {4, 4}, 0, 0},
		{"firings", "firings of at least 2", {B, B}, {B, B}, {1, 2}, 0, 0},
		{"rao-blackwell", "actions that can be listed", {B, B}, {B, B}, {1, 1}, 0, 1},
		{"arm", "cloned byte by byte", {B, B}, {B, B}, {1, 1}, 1, 0},
		{"disarm", "cloned byte by byte", {B, B}, {B, B}, {1, 1}, 1, 0},
		{"leg", "cloned byte by byte", {B, B}, {B, B}, {1, 1}, 1, 0},
		{"rloo", "cloned byte by byte", {B, B}, {B, B}, {1, 1}, 1, 0},
		{"spsa", "cloned byte by byte", {B, B}, {B, B}, {1, 1}, 1, 0},
	};
	const bern_env plain = {.id = "Plain-v0"};
	const bern_env handle = {.id = "Handle-v0", .attach = attach};
	const bern_estimator *found;
	bern_error e;
	bern_world world = {.env = cases[_i].handle ? &handle : &plain};
	world.instance.action.kind = cases[_i].box ? BERN_BOX : BERN_DISCRETE;
	bern_offer offer = {.kind = cases[_i].bad,
			    .depth = 2,
			    .firings = cases[_i].firings[0],
			    .lanes = 1,
			    .world = &world};
	ck_assert_int_eq(bern_estimator_find(&found, cases[_i].name, &offer, &e), BERN_EUSAGE);
	ck_assert_msg(strstr(e.text, cases[_i].name) && strstr(e.text, cases[_i].says), "%s",
		      e.text);
	world.env = &plain;
	world.instance.action.kind = BERN_DISCRETE;
	offer.kind = cases[_i].good;
	offer.firings = cases[_i].firings[1];
	ck_assert_msg(bern_estimator_find(&found, cases[_i].name, &offer, &e) == 0, "%s", e.text);
	ck_assert_str_eq(found->name, cases[_i].name);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("estimators");
	TCase *t = tcase_create("exact");
	tcase_set_timeout(t, 100);
	tcase_add_loop_test(t, the_oracle_agrees_with_central_differences, 0, SHAPE_COUNT);
	tcase_add_loop_test(t, references_are_exactly_unbiased, 0, SHAPE_COUNT);
	tcase_add_loop_test(t, references_are_exactly_unbiased_with_unit_baselines, 0, SHAPE_COUNT);
	tcase_add_loop_test(t, fast_estimators_are_unbiased_up_to_float_error, 0, SHAPE_COUNT);
	tcase_add_loop_test(t, a_counterfactual_estimate_is_right_on_the_mean_of_what_it_draws, 0,
			    SHAPE_COUNT);
	tcase_add_loop_test(t, fast_estimators_are_unbiased_with_unit_baselines, 0, SHAPE_COUNT);
	tcase_add_loop_test(t, fired_afresh_the_reference_is_exactly_unbiased, 0, SHAPE_COUNT);
	tcase_add_loop_test(t, fired_afresh_the_fast_estimators_are_unbiased_up_to_float_error, 0,
			    SHAPE_COUNT);
	tcase_add_loop_test(t, a_clipped_ratio_is_found_out, 0, 2);
	tcase_add_test(t, the_clip_leaves_out_what_has_gone_far_enough);
	tcase_add_loop_test(t, biased_variants_are_found_out, 0, 4);
	tcase_add_test(t, a_unit_baseline_updated_before_it_is_read_is_found_out);
	tcase_add_loop_test(t, gradient_and_variance_are_those_recorded, 0, 4);
	tcase_add_loop_test(t, the_entropy_bonus_is_exact_given_the_mean_policy, 0, 3);
	tcase_add_loop_test(t, back_propagation_gives_the_gradient_of_the_log_policy, 0, 6);
	tcase_add_test(t, what_cannot_be_estimated_is_refused);
	tcase_add_loop_test(t, each_need_is_told_by_itself, 0, 12);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
