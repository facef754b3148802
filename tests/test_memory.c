/* What a network carries from step to step: frames and its own last firing; the estimate through recurrence, unbiased by enumeration of
 * two steps; and the two environments that ask for it, by their rules written down a second time. */
#include "agent_trial.h"
#include "env_run.h"

#include <arena.h>
#include <estimator.h>
#include <memory.h>

#include <check.h>
#include <math.h>
#include <stdlib.h>

/* ---- inputs --------------------------------------------------------------------------------------- */

/* Observation n of an episode is (n + 1, -(n + 1)); the scales are 1 and 2. */
START_TEST(frames_are_the_last_observations_the_first_repeated)
{
	bern_arena arena = {0};
	bern_normalizer normalizer;
	bern_error e;
	size_t F = (size_t)_i + 1;
	bern_memory memory = bern_memory_of(2, F, 0);
	float lane[64] = {0}, x[64];
	ck_assert_int_eq(bern_normalizer_init(&normalizer, &arena, "1,2", 0, 2, &e), 0);
	ck_assert_uint_eq(memory.inputs, 2 * F);
	ck_assert_uint_eq(memory.size, F == 1 ? 0 : 2 * F - 1);
	for (int episode = 0; episode < 2; episode++) {
		memset(lane, 0, sizeof lane);
		for (int n = 0; n < 12; n++) {
			float obs[2] = {(float)(n + 1), -(float)(n + 1)};
			bern_memory_input(&memory, &normalizer, x, lane, obs);
			for (size_t f = 0; f < F; f++) {
				int back = (int)(F - 1 - f), of = n - back > 0 ? n - back + 1 : 1;
				ck_assert_float_eq(x[2 * f], (float)of);
				ck_assert_float_eq(x[2 * f + 1], -2.0f * (float)of);
			}
			bern_memory_keep(&memory, lane, obs, NULL, NULL, 0, 0);
		}
	}
	bern_arena_finish(&arena);
}
END_TEST

/* ---- recurrence ----------------------------------------------------------------------------------- */

enum { J = 2, STEPS = 2, PARAMS = 16, ROWS = STEPS };

/* One observed number, J units that hear themselves, one action unit. Parameters: weights (1 + J, J), biases (J), output weights
 * (J), output bias. */
typedef struct small {
	bern_arena arena;
	bern_network net;
	bern_trace trace;
	bern_workspace work;
	bern_normalizer normalizer;
	bern_memory memory;
	const bern_estimator *estimator;
	double params[PARAMS], obs[STEPS], reward[STEPS][4];
	size_t K;
} small;

static double uniform(bern_pcg32 *rng)
{
	return (double)bern_pcg32_next(rng) / 4294967296.0;
}

static void small_init(small *s, size_t K, uint64_t seed)
{
	static const size_t units[1] = {J};
	static const int64_t kinds[1] = {BERN_UNITS_BINARY};
	int32_t sizes[1] = {2};
	bern_space action = {.kind = BERN_DISCRETE, .count = 1, .sizes = sizes};
	bern_action_head head;
	bern_error e;
	bern_pcg32 rng;
	memset(s, 0, sizeof *s);
	s->K = K;
	s->memory = bern_memory_of(1, 1, J);
	bern_pcg32_init(&rng, seed, 5);
	ck_assert_int_eq(bern_normalizer_init(&s->normalizer, &s->arena, "1", 0, 1, &e), 0);
	ck_assert_int_eq(bern_head_init(&head, &s->arena, &action, 0, BERN_HEAD_AUTO, &e), 0);
	ck_assert_int_eq(bern_network_init(&s->net, &s->arena, &head, s->memory.inputs, units,
					   kinds, 1, K, bern_kernels_usable()[0], &e),
			 0);
	ck_assert_int_eq(bern_trace_init(&s->trace, &s->arena, &s->net, ROWS, &e), 0);
	ck_assert_int_eq(bern_workspace_init(&s->work, &s->arena, &s->net, &e), 0);
	const bern_offer offer = {.kind = kinds, .depth = 1, .firings = (int64_t)K};
	ck_assert_int_eq(bern_estimator_find(&s->estimator, "auto", &offer, &e), 0);
	for (size_t i = 0; i < s->net.param_count; i++) {
		s->net.params[i] = (float)(3.0 * uniform(&rng) - 1.5);
		s->params[i] = (double)s->net.params[i];
	}
	for (size_t t = 0; t < STEPS; t++) {
		s->obs[t] = (double)(float)(2.0 * uniform(&rng) - 1.0);
		/* the second reward depends on both actions */
		for (size_t i = 0; i < 4; i++)
			s->reward[t][i] = 4.0 * uniform(&rng) - 1.0;
	}
}

static double sigmoid(double a)
{
	return 1 / (1 + exp(-a));
}

/* P(bits | observation, what fired before: -1 for nothing) */
static double firing(const small *s, size_t t, int before, size_t bits)
{
	double chance = 1;
	for (size_t j = 0; j < J; j++) {
		double a = s->params[(1 + J) * J + j] + s->obs[t] * s->params[j];
		for (size_t i = 0; before >= 0 && i < J; i++)
			a += (before >> i & 1 ? 1 : -1) * s->params[(1 + i) * J + j];
		chance *= bits >> j & 1 ? sigmoid(a) : sigmoid(-a);
	}
	return chance;
}

/* P(action 1 | bits) */
static double policy(const small *s, size_t bits)
{
	const double *out = s->params + (2 + J) * J;
	double a = out[J];
	for (size_t j = 0; j < J; j++)
		a += (double)(bits >> j & 1) * out[j];
	return sigmoid(a);
}

/* Expected sum of both rewards when one firing acts and is heard at the next step. */
static double value(const small *s)
{
	double total = 0;
	for (size_t h = 0; h < 4; h++)
		for (size_t a = 0; a < 2; a++) {
			double one = firing(s, 0, -1, h) * (a ? policy(s, h) : 1 - policy(s, h));
			total += one * s->reward[0][a];
			for (size_t g = 0; g < 4; g++)
				for (size_t b = 0; b < 2; b++)
					total += one * firing(s, 1, (int)h, g) *
						 (b ? policy(s, g) : 1 - policy(s, g)) *
						 s->reward[1][2 * a + b];
		}
	return total;
}

/* Puts K firings and an action into row t of the trace, with the inputs that the memory gives, and the speaker's firing into the
 * memory. Returns the probability of the firings, and in *act of the action from the speaker. */
static double play_row(small *s, size_t t, float *lane, int before, size_t way, size_t speaker,
		       int32_t action, double *act)
{
	bern_network *net = &s->net;
	const bern_layer *first = &net->layer[0], *out = &net->layer[1];
	float obs = (float)s->obs[t], a[16], pi[16];
	double chance = 1;
	bern_memory_input(&s->memory, &s->normalizer, s->trace.x + t * s->memory.inputs, lane,
			  &obs);
	net->kernels->affine(a, s->trace.x + t * s->memory.inputs, net->params + first->weight,
			     net->params + first->bias, first->inputs, J);
	net->kernels->probability(bern_trace_p(&s->trace, net, 0, t, 0), a, J);
	for (size_t k = 0; k < s->K; k++) {
		size_t bits = way >> (k * J) & 3;
		uint8_t *h = bern_trace_h(&s->trace, net, 0, t, k);
		for (size_t j = 0; j < J; j++)
			h[j] = bits >> j & 1;
		chance *= firing(s, t, before, bits);
		net->kernels->fired_dot(a, h, net->params + out->weight, net->params[out->bias], J,
					1);
		net->kernels->probability(pi, a, 1);
		s->trace.pi[t * s->K + k] = pi[0];
		if (k == speaker)
			*act = action ? policy(s, bits) : 1 - policy(s, bits);
	}
	s->trace.action[t] = action;
	bern_head_posterior(&net->head, s->trace.posterior + t * s->K, s->trace.pi + t * s->K,
			    s->trace.action + t, s->K);
	/* the memory keeps the first firing of a row */
	small heard = *s;
	uint8_t kept[16];
	uint8_t *h0 = bern_trace_h(&s->trace, net, 0, t, 0);
	memcpy(kept, h0, sizeof kept);
	memcpy(h0, bern_trace_h(&s->trace, net, 0, t, speaker), J);
	bern_memory_keep(&s->memory, lane, &obs, &heard.net, &s->trace, t, 0);
	memcpy(h0, kept, sizeof kept);
	return chance;
}

enum { AS_IT_IS, SPEAKER_IS_KNOWN };

/* The expectation of the estimate's sum over the two steps, each with what follows as its advantage. */
static void expectation(small *s, int how, double *mean)
{
	size_t ways = (size_t)1 << (J * s->K);
	memset(mean, 0, PARAMS * sizeof *mean);
	for (size_t one = 0; one < ways * s->K * 2; one++)
		for (size_t two = 0; two < ways * s->K * 2; two++) {
			float lane[8] = {0}, gradient[PARAMS] = {0};
			size_t z[2] = {one / ways % s->K, two / ways % s->K}, rows[2] = {0, 1};
			int32_t a = (int32_t)(one / ways / s->K), b = (int32_t)(two / ways / s->K);
			double act = 0, chance;
			chance = play_row(s, 0, lane, -1, one % ways, z[0], a, &act) * act;
			int heard = (int)(one % ways >> (z[0] * J) & 3);
			chance *= play_row(s, 1, lane, heard, two % ways, z[1], b, &act) * act;
			chance /= (double)(s->K * s->K);
			for (size_t t = 0; how == SPEAKER_IS_KNOWN && t < 2; t++)
				for (size_t k = 0; k < s->K; k++)
					s->trace.posterior[t * s->K + k] = k == z[t];
			float advantage[2] = {(float)(s->reward[0][a] + s->reward[1][2 * a + b]),
					      (float)s->reward[1][2 * a + b]};
			bern_signal signal = {.advantage = advantage, .scale = 1.0f};
			s->estimator->accumulate(&s->net, &s->trace, rows, 2, &signal, &s->work,
						 gradient);
			for (size_t i = 0; i < s->net.param_count; i++)
				mean[i] += chance * (double)gradient[i];
		}
}

static double worst(small *s, const double *mean)
{
	double most = 0;
	for (size_t i = 0; i < s->net.param_count; i++) {
		double kept = s->params[i], step = 1e-5;
		s->params[i] = kept + step;
		double up = value(s);
		s->params[i] = kept - step;
		double slope = (up - value(s)) / (2 * step);
		s->params[i] = kept;
		most = fmax(most, fabs(mean[i] - slope));
	}
	return most;
}

/* Advantages up to 6 times scores below 2, p on a grid of 2^-24, about ten rounded operations: 4e-6. */
START_TEST(one_firing_that_is_heard_again_is_unbiased)
{
	small s;
	double mean[PARAMS];
	small_init(&s, 1, (uint64_t)_i);
	expectation(&s, AS_IT_IS, mean);
	ck_assert_msg(worst(&s, mean) <= 4e-6, "off by %g", worst(&s, mean));
	bern_arena_finish(&s.arena);
}
END_TEST

/* Why more firings are refused: weighed by the action alone they are biased, ... */
START_TEST(two_firings_weighed_by_the_action_alone_are_found_biased)
{
	small s;
	double mean[PARAMS];
	small_init(&s, 2, 3);
	expectation(&s, AS_IT_IS, mean);
	ck_assert_double_ge(worst(&s, mean), 1e-3);
	bern_arena_finish(&s.arena);
}
END_TEST

/* ... and weighed by which one is heard again they are not, but the other tells nothing. */
START_TEST(two_firings_weighed_by_the_one_that_is_heard_are_unbiased)
{
	small s;
	double mean[PARAMS];
	small_init(&s, 2, 3);
	expectation(&s, SPEAKER_IS_KNOWN, mean);
	ck_assert_msg(worst(&s, mean) <= 8e-6, "off by %g", worst(&s, mean));
	bern_arena_finish(&s.arena);
}
END_TEST

/* ---- the agent ------------------------------------------------------------------------------------ */

static const bern_env *built_in(const char *id)
{
	const bern_plugin *plugin;
	for (size_t i = 0; (plugin = bern_builtin_plugin(i)); i++)
		for (uint32_t k = 0; k < plugin->count; k++)
			if (strcmp(plugin->envs[k]->id, id) == 0)
				return plugin->envs[k];
	ck_abort_msg("there is no environment %s", id);
	return NULL;
}

static bern_agent_config remembering(const char *what)
{
	bern_agent_config config = trial_config("reinforce");
	config.num_envs = 3;
	config.num_steps = 5;
	config.stack = strcmp(what, "recurrent") == 0 ? 1 : 4;
	if (strcmp(what, "stack") != 0) {
		config.recurrent = 1;
		config.firings = 1;
	}
	return config;
}

static const char *const kinds_of_memory[] = {"recurrent", "stack", "both"};

START_TEST(a_resumed_run_remembers_the_same)
{
	bern_agent_config config = remembering(kinds_of_memory[_i]);
	/* episodes that end and are cut, between updates and within */
	trial_resumes(built_in("TMaze-v0"), "13", &config, 21, 30);
}
END_TEST

START_TEST(what_cannot_be_remembered_is_refused)
{
	static const struct {
		const char *key, *text, *says;
	} wrong[] = {{"firings", "16", "allowed: unbiased"},
		     {"units", "tanh", "binary"},
		     {"estimator", "rloo", "recurrent: the estimator is rloo"},
		     {"epochs", "2", "allowed: epochs 1"}};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		bern_agent_config config = remembering("recurrent");
		bern_error e;
		ck_assert_int_eq(bern_agent_config_set(&config, wrong[i].key, wrong[i].text, &e),
				 0);
		trial_refused(built_in("TMaze-v0"), &config, wrong[i].says);
	}
	bern_agent_config config = remembering("stack");
	bern_error e;
	ck_assert_int_eq(bern_agent_config_set(&config, "estimator", "rloo", &e), 0);
	trial_refused(built_in("TMaze-v0"), &config, "allowed with it: stack 1");
}
END_TEST

/* Memory length 5: without a memory the mean return is 0, in every policy mode. */
START_TEST(a_bit_is_remembered)
{
	trial t;
	bern_evaluator *evaluator;
	bern_setting length = {"length", "5"};
	bern_agent_config config = remembering(kinds_of_memory[_i]);
	bern_error e;
	config.num_envs = 16;
	config.stack = config.stack > 1 ? 5 : 1;
	ck_assert_int_eq(bern_agent_config_set(&config, "observation_scale", "1,1,6", &e), 0);
	trial_open_with(&t, built_in("MemoryLength-v0"), &length, 1, &config, 3);
	trial_learn(&t, 600);
	TRIAL_OK(&t, bern_evaluator_create(&evaluator, &t.world, &t.e));
	for (int32_t mode = BERN_SAMPLED; mode <= BERN_THRESHOLDED; mode++) {
		bern_eval_plan plan = {.episodes = 100, .seed = 5, .mode = mode};
		bern_eval_result result = {0};
		TRIAL_OK(&t, bern_evaluate(evaluator, t.agent, &plan, &result, &t.e));
		ck_assert_msg(result.mean >= 0.9, "%s, mode %d: %g", kinds_of_memory[_i], mode,
			      result.mean);
	}
	bern_evaluator_destroy(evaluator);
	trial_close(&t);
}
END_TEST

/* ---- the environments ----------------------------------------------------------------------------- */

static void observed_bits(const env_run *run, int *bits)
{
	uint8_t o[3];
	run->world.env->observe(run->world.instance.model, run->state, o);
	for (int i = 0; i < 3; i++)
		bits[i] = o[i];
}

START_TEST(the_t_maze_follows_the_paper)
{
	const bern_setting settings[] = {{"length", "3"}};
	env_run run;
	int south = 0, bits[3];
	env_open(&run, "TMaze-v0", settings, 1);
	ck_assert_uint_eq(run.world.instance.max_steps, 16);
	env_seed(&run, 1);
	for (int n = 0; n < 400; n++) {
		env_reset(&run);
		observed_bits(&run, bits);
		int sign = bits[0]; /* 011 north, 110 south */
		south += sign;
		ck_assert(bits[1] == 1 && bits[2] == !sign);
		ck_assert_uint_eq(env_step(&run, n % 2 ? 0 : 3), 0); /* a wall */
		ck_assert_double_eq(run.reward, -0.1);
		for (int place = 1; place <= 3; place++) {
			ck_assert_uint_eq(env_step(&run, 1), 0);
			ck_assert_double_eq(run.reward, 0);
			observed_bits(&run, bits);
			ck_assert(bits[0] == (place < 3) && bits[1] == (place == 3) &&
				  bits[2] == (place < 3));
		}
		ck_assert_uint_eq(env_step(&run, 1), 0); /* the wall behind the junction */
		ck_assert_double_eq(run.reward, -0.1);
		ck_assert_uint_eq(env_step(&run, 3), 0); /* back, and forth again */
		ck_assert_double_eq(run.reward, 0);
		ck_assert_uint_eq(env_step(&run, 2), 0); /* no turn in the corridor */
		ck_assert_double_eq(run.reward, -0.1);
		env_step(&run, 1);
		int right = n / 2 % 2;
		ck_assert_uint_eq(env_step(&run, right == sign ? 2 : 0), BERN_TERMINATED);
		ck_assert_double_eq(run.reward, right ? 4 : -0.1);
	}
	ck_assert_double_le(fabs(south - 200.0), 5 * sqrt(100.0));
	env_close(&run);
}
END_TEST

/* The mean return of random actions in so many steps from each place, by dynamic programming. */
static double random_walk(int length, int steps)
{
	double now[64] = {0}, next[64];
	for (int left = 0; left < steps; left++) {
		memcpy(next, now, sizeof now);
		for (int p = 0; p <= length; p++) {
			double stay = -0.1 + next[p], back = p ? next[p - 1] : stay;
			double turn = p == length ? (4 - 0.1) / 2 : stay;
			now[p] = (2 * turn + (p == length ? stay : next[p + 1]) + back) / 4;
		}
	}
	return now[0];
}

START_TEST(random_actions_return_what_is_registered)
{
	env_run run;
	env_open(&run, "TMaze-v0", NULL, 0);
	double exact = random_walk(10, 44);
	ck_assert_double_le(fabs(run.world.env->random_return - exact), 0.005);
	sample s = env_random_returns(&run, 20000, 44, 4);
	ck_assert_mean(s, exact, 0, "the T-maze");
	env_close(&run);
	env_open(&run, "MemoryLength-v0", NULL, 0);
	s = env_random_returns(&run, 20000, 0, 4);
	ck_assert_mean(s, run.world.env->random_return, 0, "memory length");
	env_close(&run);
}
END_TEST

START_TEST(memory_length_shows_its_bits_once_and_asks_for_one)
{
	const bern_setting settings[] = {{"length", "4"}, {"bits", "3"}};
	env_run run;
	int asked[3] = {0};
	env_open(&run, "MemoryLength-v0", settings, 2);
	env_seed(&run, 1);
	for (int n = 0; n < 300; n++) {
		float first[5], o[5];
		env_reset(&run);
		run.world.env->observe(run.world.instance.model, run.state, first);
		ck_assert(first[0] == 1 && first[1] == 0);
		for (int i = 2; i < 5; i++)
			ck_assert(fabsf(first[i]) == 1);
		for (int t = 1; t <= 3; t++) {
			ck_assert_uint_eq(env_step(&run, t % 2), 0);
			ck_assert_double_eq(run.reward, 0);
			run.world.env->observe(run.world.instance.model, run.state, o);
			ck_assert(o[0] == 1 - 0.25f * (float)t && o[2] == 0 && o[3] == 0 &&
				  o[4] == 0 && (t == 3 || o[1] == 0));
		}
		int query = (int)o[1], right = n % 2;
		asked[query]++;
		int32_t bit = first[2 + query] > 0;
		ck_assert_uint_eq(env_step(&run, right ? bit : !bit), BERN_TERMINATED);
		ck_assert_double_eq(run.reward, right ? 1 : -1);
	}
	for (int i = 0; i < 3; i++)
		ck_assert_double_le(fabs(asked[i] - 100.0), 5 * sqrt(300 * 2.0 / 9));
	env_close(&run);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("memory");
	TCase *t = tcase_create("memory");
	tcase_set_timeout(t, 100);
	tcase_add_loop_test(t, frames_are_the_last_observations_the_first_repeated, 0, 5);
	tcase_add_loop_test(t, one_firing_that_is_heard_again_is_unbiased, 0, 8);
	tcase_add_test(t, two_firings_weighed_by_the_action_alone_are_found_biased);
	tcase_add_test(t, two_firings_weighed_by_the_one_that_is_heard_are_unbiased);
	tcase_add_loop_test(t, a_resumed_run_remembers_the_same, 0, 3);
	tcase_add_test(t, what_cannot_be_remembered_is_refused);
	tcase_add_loop_test(t, a_bit_is_remembered, 0, 3);
	tcase_add_test(t, the_t_maze_follows_the_paper);
	tcase_add_test(t, random_actions_return_what_is_registered);
	tcase_add_test(t, memory_length_shows_its_bits_once_and_asks_for_one);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
