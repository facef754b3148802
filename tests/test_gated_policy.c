/* Gated layers in policy networks: both estimators are unbiased by enumeration of every firing and action, over an oracle in double
 * that shares no code with them; experts behind closed gates are not read; the quiet policies are what the header says; the share of
 * open gates reaches its target while CartPole is learned. */
#include <backward.h>

#include <bern/agent.h>
#include <bern/builtin.h>

#include "agent_trial.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { B = BERN_UNITS_BINARY, T = BERN_UNITS_TANH, G = BERN_UNITS_GATED };
enum { MOST_LAYERS = 2, MOST_UNITS = 3, MOST_PARAMS = 128, INPUTS = 2 };

typedef struct shape {
	size_t depth, units[MOST_LAYERS];
	int64_t kind[MOST_LAYERS];
	int32_t actions;
	size_t K;
} shape;

static const shape shapes[] = {
	{1, {3}, {G}, 2, 1},       {1, {3}, {G}, 3, 2},       {1, {2}, {G}, 2, 3},
	{2, {2, 2}, {T, G}, 2, 1}, {2, {2, 2}, {T, G}, 3, 2}, {2, {2, 2}, {B, G}, 2, 1},
	{2, {2, 2}, {B, G}, 3, 2}, {2, {2, 2}, {G, B}, 2, 2}, {2, {2, 2}, {G, T}, 3, 2},
	{2, {2, 2}, {G, G}, 2, 2},
};
#define SHAPES (int)(sizeof shapes / sizeof shapes[0])

/* ---- the oracle ---- */

typedef struct firing {
	double p[MOST_LAYERS][MOST_UNITS], out[MOST_LAYERS][MOST_UNITS], pi[3], chance;
	uint8_t bit[MOST_LAYERS][MOST_UNITS];
} firing;

static double sigmoid(double a)
{
	return 1.0 / (1.0 + exp(-a));
}

/* The firing whose bits, layer by layer, are those of `way`. Parameters: weights (inputs, units), biases and, gated, the experts'
 * weights (units, INPUTS) and biases, of each layer. */
static void fire(const shape *s, const double *w, const double *x, size_t way, firing *f)
{
	const double *below = x;
	size_t inputs = INPUTS;
	f->chance = 1.0;
	for (size_t l = 0; l < s->depth; l++) {
		size_t J = s->units[l];
		const double *expert = w + (inputs + 1) * J;
		for (size_t j = 0; j < J; j++) {
			double a = w[inputs * J + j], e = expert[J * INPUTS + j];
			for (size_t i = 0; i < inputs; i++)
				a += below[i] * w[i * J + j];
			for (size_t i = 0; s->kind[l] == G && i < INPUTS; i++)
				e += x[i] * expert[j * INPUTS + i];
			f->p[l][j] = sigmoid(a);
			f->out[l][j] = tanh(a);
			if (s->kind[l] == T)
				continue;
			f->bit[l][j] = way & 1;
			f->chance *= way & 1 ? f->p[l][j] : 1.0 - f->p[l][j];
			f->out[l][j] = s->kind[l] == B ? (double)(way & 1)
				       : way & 1       ? fmax(0.0, e)
						       : 0.0;
			way >>= 1;
		}
		w += (inputs + 1) * J + (s->kind[l] == G ? (INPUTS + 1) * J : 0);
		below = f->out[l];
		inputs = J;
	}
	size_t N = s->actions == 2 ? 1 : (size_t)s->actions;
	double sum = 0.0, a[3];
	for (size_t n = 0; n < N; n++) {
		a[n] = w[inputs * N + n];
		for (size_t i = 0; i < inputs; i++)
			a[n] += below[i] * w[i * N + n];
		sum += exp(a[n]);
	}
	for (size_t n = 0; n < N; n++)
		f->pi[n] = exp(a[n]) / sum;
	if (N == 1) {
		f->pi[1] = sigmoid(a[0]);
		f->pi[0] = 1.0 - f->pi[1];
	}
}

static size_t ways_of(const shape *s)
{
	size_t bits = 0;
	for (size_t l = 0; l < s->depth; l++)
		bits += s->kind[l] == T ? 0 : s->units[l];
	return (size_t)1 << bits;
}

static double value(const shape *s, const double *w, const double *x, const double *reward)
{
	double sum = 0.0;
	firing f;
	for (size_t way = 0; way < ways_of(s); way++) {
		fire(s, w, x, way, &f);
		for (int32_t a = 0; a < s->actions; a++)
			sum += f.chance * f.pi[a] * reward[a];
	}
	return sum;
}

/* ---- the network ---- */

typedef struct small {
	bern_arena arena;
	bern_network net;
	bern_trace trace;
	bern_workspace work;
	double w[MOST_PARAMS], x[INPUTS], reward[3];
} small;

static void make(small *t, const shape *s, uint64_t seed)
{
	bern_rng rng;
	bern_error e;
	bern_action_head head;
	const int32_t sizes[] = {s->actions};
	bern_space action = {.kind = BERN_DISCRETE, .count = 1, .sizes = sizes};
	memset(t, 0, sizeof *t);
	ck_assert(!bern_head_init(&head, &t->arena, &action, 0, BERN_HEAD_AUTO, &e));
	ck_assert(!bern_network_init(&t->net, &t->arena, &head, INPUTS, s->units, s->kind, s->depth,
				     s->K, bern_kernels_usable()[0], &e));
	ck_assert(!bern_trace_init(&t->trace, &t->arena, &t->net, 1, &e));
	ck_assert(!bern_workspace_init(&t->work, &t->arena, &t->net, &e));
	ck_assert_uint_le(t->net.param_count, MOST_PARAMS);
	bern_rng_seed(&rng, seed);
	for (size_t i = 0; i < t->net.param_count; i++) {
		t->net.params[i] = (float)bern_rng_range(&rng, -1.5, 1.5);
		t->w[i] = (double)t->net.params[i];
	}
	for (size_t i = 0; i < INPUTS; i++) {
		t->trace.x[i] = (float)bern_rng_range(&rng, -1.0, 1.0);
		t->x[i] = (double)t->trace.x[i];
	}
	for (int32_t a = 0; a < s->actions; a++)
		t->reward[a] = bern_rng_range(&rng, -1.0, 3.0);
}

/* Puts firing k into the trace. */
static void put(small *t, const shape *s, size_t k, const firing *f)
{
	for (size_t l = 0; l < s->depth; l++)
		for (size_t j = 0; j < s->units[l]; j++) {
			bern_trace_p(&t->trace, &t->net, l, 0,
				     k)[j] = (float)(s->kind[l] == T ? f->out[l][j] : f->p[l][j]);
			if (s->kind[l] == T)
				continue;
			bern_trace_h(&t->trace, &t->net, l, 0, k)[j] = f->bit[l][j];
			if (s->kind[l] == G)
				t->trace.y[l][k * t->net.layer[l].padded + j] = (float)f->out[l][j];
		}
	size_t N = t->net.head.logits;
	for (size_t n = 0; n < N; n++)
		t->trace.pi[k * N + n] = (float)f->pi[N == 1 ? 1 : n];
}

/* The mean over everything that can happen of what the estimator adds. Floats err by some 1e-6 of numbers up to ten. */
START_TEST(gated_layers_learn_without_bias_by_enumeration)
{
	const shape *s = &shapes[_i % SHAPES];
	static float gradient[MOST_PARAMS];
	double mean[MOST_PARAMS] = {0}, all = 0.0;
	size_t each = ways_of(s), ways = 1;
	const bern_estimator *estimator;
	bern_error e;
	small t;
	firing f;
	make(&t, s, (uint64_t)_i);
	bern_offer offer = {
		.kind = s->kind, .depth = s->depth, .firings = (int64_t)s->K, .lanes = 1};
	ck_assert_msg(!bern_estimator_find(&estimator, "auto", &offer, &e), "%s", e.text);
	ck_assert_str_eq(estimator->name, s->K > 1 ? "firings" : "unbiased");
	for (size_t k = 0; k < s->K; k++)
		ways *= each;
	for (size_t way = 0; way < ways; way++) {
		double chance = 1.0, bar[3] = {0};
		for (size_t k = 0, rest = way; k < s->K; k++, rest /= each) {
			fire(s, t.w, t.x, rest % each, &f);
			put(&t, s, k, &f);
			chance *= f.chance;
			for (int32_t a = 0; a < s->actions; a++)
				bar[a] += f.pi[a] / (double)s->K;
		}
		for (int32_t a = 0; a < s->actions; a++) {
			size_t row = 0, N = t.net.head.logits;
			float advantage = (float)t.reward[a];
			bern_signal signal = {.advantage = &advantage, .scale = 1.0f};
			t.trace.action[0] = a;
			for (size_t n = 0; n < N; n++)
				t.trace.mean_pi[n] = (float)bar[N == 1 ? 1 : n];
			bern_head_posterior(&t.net.head, t.trace.posterior, t.trace.pi,
					    t.trace.action, s->K);
			memset(gradient, 0, sizeof gradient);
			estimator->accumulate(&t.net, &t.trace, &row, 1, &signal, &t.work,
					      gradient);
			for (size_t i = 0; i < t.net.param_count; i++)
				mean[i] += chance * bar[a] * (double)gradient[i];
			all += chance * bar[a];
		}
	}
	ck_assert_double_le(fabs(all - 1.0), 1e-9);
	for (size_t i = 0; i < t.net.param_count; i++) {
		double was = t.w[i], side[2];
		for (int d = 0; d < 2; d++) {
			t.w[i] = was + (d ? -1e-5 : 1e-5);
			side[d] = value(s, t.w, t.x, t.reward);
		}
		t.w[i] = was;
		double exact = (side[0] - side[1]) / 2e-5;
		ck_assert_msg(fabs(exact - mean[i]) <= 2e-5,
			      "shape %d, parameter %zu: mean %.7f, exact %.7f", _i % SHAPES, i,
			      mean[i], exact);
	}
	bern_arena_finish(&t.arena);
}
END_TEST

/* What the network fired is a firing of the oracle's, with the same policies. */
START_TEST(the_network_fires_as_the_oracle_does)
{
	const shape *s = &shapes[_i % SHAPES];
	small t;
	firing f;
	bern_firing_rng rng;
	make(&t, s, (uint64_t)_i);
	bern_firing_rng_stream(&rng, (uint64_t)_i, (bern_stream_key){.purpose = BERN_FOR_FIRING});
	bern_network_act(&t.net, &t.trace, 0, NULL, &rng);
	for (size_t k = 0; k < s->K; k++) {
		size_t way = 0, bit = 0, N = t.net.head.logits;
		for (size_t l = 0; l < s->depth; l++)
			for (size_t j = 0; s->kind[l] != T && j < s->units[l]; j++)
				way |= (size_t)bern_trace_h(&t.trace, &t.net, l, 0, k)[j] << bit++;
		fire(s, t.w, t.x, way, &f);
		for (size_t l = 0; l < s->depth; l++)
			for (size_t j = 0; j < s->units[l]; j++) {
				double p = (double)bern_trace_p(&t.trace, &t.net, l, 0, k)[j];
				double expected = s->kind[l] == T ? f.out[l][j] : f.p[l][j];
				ck_assert_double_le(fabs(p - expected), 2e-6);
				if (s->kind[l] != G)
					continue;
				double y = (double)t.trace.y[l][k * t.net.layer[l].padded + j];
				ck_assert_double_le(fabs(y - f.out[l][j]), 2e-6);
			}
		for (size_t n = 0; n < N; n++)
			ck_assert_double_le(
				fabs((double)t.trace.pi[k * N + n] - f.pi[N == 1 ? 1 : n]), 5e-6);
	}
	bern_arena_finish(&t.arena);
}
END_TEST

/* pi of a layer of gates alone, with outputs y */
static double right(const small *t, const shape *s, const double *y)
{
	size_t J = s->units[0], out = (INPUTS + 1) * J * 2;
	double a = t->w[out + J];
	for (size_t j = 0; j < J; j++)
		a += y[j] * t->w[out + j];
	return sigmoid(a);
}

START_TEST(gates_decide_as_the_header_says)
{
	const shape *s = &shapes[0];
	small t;
	firing all;
	double y[2][MOST_UNITS];
	make(&t, s, (uint64_t)_i);
	fire(s, t.w, t.x, ways_of(s) - 1, &all); /* every gate open: out is relu(e) */
	for (size_t j = 0; j < s->units[0]; j++) {
		y[0][j] = all.p[0][j] * all.out[0][j];
		y[1][j] = all.p[0][j] > 0.5 ? all.out[0][j] : 0.0;
	}
	bern_network_decide(&t.net, &t.trace, 0, NULL, BERN_MEAN_FIELD);
	ck_assert_double_le(fabs((double)t.trace.pi[0] - right(&t, s, y[0])), 2e-6);
	/* experts of closed gates may say anything */
	for (size_t j = 0; j < s->units[0]; j++)
		if (all.p[0][j] <= 0.5)
			t.net.params[t.net.layer[0].expert_bias + j] = 100.0f;
	bern_network_decide(&t.net, &t.trace, 0, NULL, BERN_THRESHOLDED);
	ck_assert_double_le(fabs((double)t.trace.pi[0] - right(&t, s, y[1])), 2e-6);
	bern_arena_finish(&t.arena);
}
END_TEST

static const bern_env *cartpole(void)
{
	const bern_plugin *plugin;
	for (size_t i = 0; (plugin = bern_builtin_plugin(i)); i++)
		for (uint32_t k = 0; k < plugin->count; k++)
			if (strcmp(plugin->envs[k]->id, "CartPole-v1") == 0)
				return plugin->envs[k];
	ck_abort_msg("there is no CartPole-v1");
	return NULL;
}

/* The mean rate of the gates after 2,000 updates of CartPole, by the agent's own figure, which is a running mean of p. Each gate's rate
 * is held near the target by a term that need not win against the reward: within a third of it is asked for. */
START_TEST(the_share_of_open_gates_reaches_its_target)
{
	static const char *const targets[] = {"0.1", "0.2", "0.5"};
	double target = 0.1 * (double[]){1, 2, 5}[_i];
	bern_agent_config config;
	bern_learn_stats stats;
	bern_error e;
	trial t;
	bern_agent_config_defaults(&config);
	ck_assert(!bern_agent_config_set(&config, "units", "gated", &e));
	ck_assert(!bern_agent_config_set(&config, "gate_target", targets[_i], &e));
	ck_assert(!bern_agent_config_set(&config, "observation_scale", "0.5,0.5,5,0.5", &e));
	trial_open(&t, cartpole(), NULL, &config, (uint64_t)_i);
	trial_learn(&t, 2000);
	t.agent->kind->stats(t.agent, &stats);
	ck_assert_msg(fabs(stats.fire_rate - target) <= target / 3.0,
		      "%.3f of the gates are open, target %g", stats.fire_rate, target);
	trial_close(&t);
}
END_TEST

START_TEST(gate_targets_outside_0_to_1_are_refused)
{
	static const char *const wrong[] = {"0", "1", "-0.5", "2"};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		bern_agent_config config;
		bern_agent *agent = NULL;
		bern_world world;
		bern_error e;
		bern_agent_config_defaults(&config);
		ck_assert(!bern_agent_config_set(&config, "units", "gated", &e));
		ck_assert(!bern_agent_config_set(&config, "gate_target", wrong[i], &e));
		ck_assert(!bern_world_open(&world, cartpole(), NULL, 0, &e));
		ck_assert_int_eq(bern_agent_create(&agent, &config, &world, 1, &e), BERN_EUSAGE);
		ck_assert_ptr_nonnull(strstr(e.text, "gate_target"));
		ck_assert_ptr_nonnull(strstr(e.text, "between 0 and 1"));
		bern_world_finish(&world);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("gated policy");
	TCase *t = tcase_create("gated policy");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, gated_layers_learn_without_bias_by_enumeration, 0, 3 * SHAPES);
	tcase_add_loop_test(t, the_network_fires_as_the_oracle_does, 0, 3 * SHAPES);
	tcase_add_loop_test(t, gates_decide_as_the_header_says, 0, 6);
	tcase_add_loop_test(t, the_share_of_open_gates_reaches_its_target, 0, 3);
	tcase_add_test(t, gate_targets_outside_0_to_1_are_refused);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
