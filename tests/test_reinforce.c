/* The agent reinforce as a whole: schedules, advantage scaling, the tree of gradient sums, entropy, numbers that go astray,
 * trivial tasks under every choice of parts, what truncation and termination do to values, and configurations that are
 * refused. Gradients are read from outside: with SGD, step size 1 and all parameters 0 before, an update leaves its gradient
 * behind as the parameters. */
#include "agent_trial.h"

#include <kernels.h>
#include <reinforce.h>

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- an environment of one choice ------------------------------------------------------------------------ */

enum { P_ACTIONS, P_LENGTH, P_PAY, P_ALWAYS, P_CLOCK, P_COUNT };
static const char *const action_kinds[] = {"two", "three", "bits", "mixed", "one", "box", NULL};
static const bern_param params[P_COUNT] = {
	[P_ACTIONS] = {"actions", "kind of action", BERN_CHOICE, 0, "two", 0, 0, action_kinds},
	[P_LENGTH] = {"length", "steps to the end, 0: it never ends", BERN_INT, 0, "1", 0, 1000,
		      NULL},
	[P_PAY] = {"pay", "reward of a right action", BERN_REAL, 0, "1", -1e300, 1e300, NULL},
	[P_ALWAYS] = {"always", "whatever the action", BERN_BOOL, 0, "false", 0, 0, NULL},
	[P_CLOCK] = {"clock", "shows the step", BERN_BOOL, 0, "false", 0, 0, NULL},
};

typedef struct choice_model {
	int64_t actions, length;
	double pay;
	int64_t always, clock;
} choice_model;

typedef struct choice {
	int32_t context; /* 0 or 1 */
	int32_t step;
} choice;

/* a model for each of a few worlds that may be open at once */
static int32_t choice_open(const bern_value *values, bern_instance *out, char *err, size_t size)
{
	static const int32_t sizes[6][2] = {{2}, {3}, {2, 2}, {3, 2}, {1}, {0}};
	static const int32_t kinds[] = {BERN_DISCRETE,       BERN_DISCRETE, BERN_MULTI_BINARY,
					BERN_MULTI_DISCRETE, BERN_DISCRETE, BERN_BOX};
	static const float low[] = {-1.0f}, high[] = {1.0f};
	int64_t kind = values[P_ACTIONS].i;
	choice_model *model = malloc(sizeof *model);
	(void)err;
	(void)size;
	if (!model)
		return 1;
	*model = (choice_model){kind, values[P_LENGTH].i, values[P_PAY].r, values[P_ALWAYS].i,
				values[P_CLOCK].i};
	out->model = model;
	out->state_size = sizeof(choice);
	out->observation = (bern_space){.kind = BERN_BOX, .count = 2};
	out->action = (bern_space){
		.kind = kinds[kind], .count = kind == 2 || kind == 3 ? 2 : 1, .sizes = sizes[kind]};
	if (kind == 5) {
		out->action.sizes = NULL;
		out->action.low = low;
		out->action.high = high;
	}
	return 0;
}

static void choice_close(void *model)
{
	free(model);
}

static void choice_reset(const void *model, void *state, struct bern_rng *rng)
{
	choice *s = state;
	const choice_model *m = model;
	s->context = m->always ? 0 : (int32_t)bern_rng_below(rng, 2);
	s->step = 0;
}

/* The context is the right first value, and its opposite the right second one. */
static void choice_step(const void *model, void *state, struct bern_rng *rng, const void *action,
			bern_outcome *out)
{
	choice *s = state;
	const choice_model *m = model;
	int right;
	(void)rng;
	if (m->actions == 2) {
		const uint8_t *bits = action;
		right = bits[0] == s->context && bits[1] == !s->context;
	} else {
		const int32_t *values = action;
		right = values[0] == s->context && (m->actions != 3 || values[1] == !s->context);
	}
	out->reward = right || m->always ? m->pay : 0.0;
	if (++s->step == m->length)
		out->flags = BERN_TERMINATED;
}

static void choice_observe(const void *model, const void *state, void *observation)
{
	const choice *s = state;
	const choice_model *m = model;
	float *obs = observation;
	obs[0] = s->context ? 1.0f : -1.0f;
	obs[1] = m->clock ? (float)s->step : 0.5f;
}

static const bern_env choice_env = {.abi = BERN_ENV_ABI,
				    .struct_size = sizeof(bern_env),
				    .id = "test/Choice-v0",
				    .summary = "one choice",
				    .source = "made up",
				    .params = params,
				    .param_count = P_COUNT,
				    .open = choice_open,
				    .close = choice_close,
				    .reset = choice_reset,
				    .step = choice_step,
				    .observe = choice_observe};

static void choice_mask(const void *model, const void *state, uint8_t *allowed)
{
	(void)model;
	(void)state;
	allowed[0] = allowed[1] = 1;
}

/* ---- configurations ---------------------------------------------------------------------------------------- */

#define PAIRS 20
typedef const char *const options[PAIRS];

static bern_agent_config configured(const char *const *list)
{
	bern_agent_config config = trial_config("reinforce");
	bern_error e;
	for (size_t i = 0; i + 1 < PAIRS && list && list[i]; i += 2)
		ck_assert_msg(bern_agent_config_set(&config, list[i], list[i + 1], &e) == 0, "%s",
			      e.text);
	return config;
}

/* One of the settings may be NULL. */
static void open_choice(trial *t, const char *actions, const char *length, const char *pay,
			const char *always, const bern_agent_config *config, uint64_t seed)
{
	const bern_setting settings[] = {
		{"actions", actions}, {"length", length}, {"pay", pay}, {"always", always}};
	trial_open_with(t, &choice_env, settings, 4, config, seed);
}

/* SGD whose update leaves the gradient in the parameters, if they are 0 before. */
static bern_agent_config exposing(void)
{
	options list = {"hidden",          "20",   "optimizer",      "sgd",   "momentum", "0",
			"learning_rate",   "1",    "fan_in_scaling", "false", "baseline", "none",
			"advantage_scale", "none", "binary_rate",    "1",     "centring", "false"};
	return configured(list);
}

static size_t policy_floats(const trial *t)
{
	size_t total = 0;
	for (size_t i = 0; i < t->policy.count; i++)
		total += bern_tensor_elements(&t->policy.items[i]);
	return total;
}

static void clear_policy(trial *t)
{
	for (size_t i = 0; i < t->policy.count; i++)
		memset(t->policy.items[i].data, 0, bern_tensor_size(&t->policy.items[i]));
}

/* Copies all parameters of the policy, one tensor after another. */
static float *copy_policy(const trial *t)
{
	float *out = malloc(policy_floats(t) * sizeof *out);
	size_t at = 0;
	ck_assert_ptr_nonnull(out);
	for (size_t i = 0; i < t->policy.count; i++) {
		memcpy(out + at, t->policy.items[i].data, bern_tensor_size(&t->policy.items[i]));
		at += bern_tensor_elements(&t->policy.items[i]);
	}
	return out;
}

/* ---- schedules --------------------------------------------------------------------------------------------- */

START_TEST(step_sizes_follow_their_schedule)
{
	static const char *const names[] = {"constant", "linear", "cosine"};
	trial t;
	bern_agent_config config = configured(
		(options){"schedule", names[_i], "num_steps", "10", "learning_rate", "0.03"});
	config.total_timesteps = 200;
	open_choice(&t, "two", "1", "1", "false", &config, 1);
	for (int update = 1; update <= 25; update++) {
		bern_learn_stats stats;
		double done = fmin(1.0, update * 10 / 200.0);
		double expected[] = {0.03, 0.03 * (1.0 - done),
				     0.015 * (1.0 + cos(acos(-1.0) * done))};
		float *before = copy_policy(&t);
		trial_learn(&t, 1);
		t.agent->kind->stats(t.agent, &stats);
		ck_assert_uint_eq(stats.updates, 1);
		ck_assert_double_le(fabs(stats.learning_rate - expected[_i]), 1e-15);
		if (update >= 20 && _i > 0) { /* the end: nothing moves any more */
			float *after = copy_policy(&t);
			ck_assert_mem_eq(before, after, policy_floats(&t) * sizeof *after);
			free(after);
		}
		free(before);
	}
	trial_close(&t);
}
END_TEST

START_TEST(the_learning_rate_that_is_reported_is_the_one_used)
{
	float *first = NULL;
	for (int half = 0; half < 2; half++) {
		trial t;
		bern_agent_config config = exposing();
		config.num_envs = 64;
		config.schedule = BERN_LINEAR;
		config.total_timesteps = half ? 128 : 1u << 30;
		open_choice(&t, "two", "1", "1", "false", &config, 1);
		clear_policy(&t);
		trial_learn(&t, 1);
		float *now = copy_policy(&t);
		for (size_t i = 0; half && i < policy_floats(&t); i++) /* 64 of 2^30 steps: 6e-8 */
			ck_assert_double_le(fabs((double)now[i] - 0.5 * (double)first[i]),
					    1e-6 * fabs((double)first[i]));
		free(first);
		first = now;
		trial_close(&t);
	}
	free(first);
}
END_TEST

/* What one update does to parameters that are not 0, where all rewards are: the entropy bonus alone moves them. `total` steps are
 * the whole run; the update makes 64. */
static float *entropy_step(const char *schedule, uint64_t total, size_t *count)
{
	trial t;
	bern_agent_config config = exposing();
	bern_error e;
	config.num_envs = 64;
	config.entropy_coef = 4;
	config.total_timesteps = total;
	ck_assert_int_eq(bern_agent_config_set(&config, "entropy_schedule", schedule, &e), 0);
	open_choice(&t, "three", "1", "0", "false", &config, 1);
	for (size_t i = 0; i < t.policy.count; i++) {
		float *x = t.policy.items[i].data;
		for (size_t k = 0; k < bern_tensor_elements(&t.policy.items[i]); k++)
			x[k] = 0.1f * (float)((int)(k * 7 % 11) - 5);
	}
	float *before = copy_policy(&t);
	trial_learn(&t, 1);
	float *step = copy_policy(&t);
	*count = policy_floats(&t);
	for (size_t i = 0; i < *count; i++)
		step[i] -= before[i];
	free(before);
	trial_close(&t);
	return step;
}

START_TEST(the_entropy_bonus_follows_its_own_schedule)
{
	static const char *const names[] = {"constant", "linear", "cosine"};
	const double quarter[] = {1, 0.75, 0.5 * (1 + sqrt(0.5))}, end[] = {1, 0, 0};
	size_t count;
	double largest = 0;
	float *whole = entropy_step("constant", 1u << 30, &count);
	float *late = entropy_step(names[_i], 256, &count);
	float *last = entropy_step(names[_i], 64, &count);
	for (size_t i = 0; i < count; i++) {
		/* float32 of parameters below 1, subtracted: 2^-23, and 1e-5 for the sums of the gradient */
		double allowed = 2.4e-7 + 1e-5 * fabs((double)whole[i]);
		largest = fmax(largest, fabs((double)whole[i]));
		ck_assert_double_le(fabs((double)late[i] - quarter[_i] * (double)whole[i]),
				    allowed);
		ck_assert_double_le(fabs((double)last[i] - end[_i] * (double)whole[i]), allowed);
	}
	ck_assert_double_ge(largest, 1e-2); /* there was something to schedule */
	free(whole);
	free(late);
	free(last);
}
END_TEST

/* ---- advantages --------------------------------------------------------------------------------------------- */

/* The gradient of the first update, or of the second from the same (zero) parameters. */
static float *gradient_of(const char *scale, const char *pay, int updates, size_t *count)
{
	trial t;
	bern_agent_config config = exposing();
	bern_error e;
	config.num_envs = 32;
	ck_assert_int_eq(bern_agent_config_set(&config, "advantage_scale", scale, &e), 0);
	open_choice(&t, "two", "1", pay, "false", &config, 3);
	for (int i = 0; i < updates; i++) {
		clear_policy(&t);
		trial_learn(&t, 1);
	}
	float *g = copy_policy(&t);
	*count = policy_floats(&t);
	trial_close(&t);
	return g;
}

/* Rewards are 0 or `pay`; `none` hands them on, `batch` makes them independent of pay, of root mean square 1. float: 1e-5. */
START_TEST(advantages_are_scaled_as_told)
{
	size_t count;
	float *plain = gradient_of("none", "1", 1, &count);
	float *tripled = gradient_of("none", "3", 1, &count);
	float *batch = gradient_of("batch", "1", 1, &count);
	float *batch3 = gradient_of("batch", "3000", 1, &count);
	float *running = gradient_of("running", "3", 1, &count);
	double largest = 0.0, most = 0.0, most_batch = 0.0;
	for (size_t i = 0; i < count; i++) {
		double g = fabs((double)plain[i]) + 1e-3;
		ck_assert_double_le(fabs((double)tripled[i] - 3.0 * (double)plain[i]), 1e-5 * g);
		ck_assert_double_le(fabs((double)batch[i] - (double)batch3[i]), 1e-5 * g);
		ck_assert_double_le(fabs((double)batch[i] - (double)running[i]), 1e-5 * g);
		if (fabs((double)plain[i]) > largest) {
			largest = most = fabs((double)plain[i]);
			most_batch = fabs((double)batch[i]);
		}
	}
	/* the root mean square of n ones and 32 - n zeros is sqrt(n/32) */
	double ratio = most / most_batch, n = 32.0 * ratio * ratio;
	ck_assert_double_le(fabs(n - round(n)), 1e-3);
	ck_assert(n > 1 && n < 32);
	free(plain);
	free(tripled);
	free(batch);
	free(batch3);
	free(running);
}
END_TEST

/* The second running mean square is (0.99 q1 + q2) / 1.99, whose q are the batches' own. */
START_TEST(the_running_scale_remembers_earlier_batches)
{
	size_t count, at = 0;
	float *one[2][3];
	static const char *const scales[] = {"none", "batch", "running"};
	for (int u = 0; u < 2; u++)
		for (int s = 0; s < 3; s++)
			one[u][s] = gradient_of(scales[s], "1", u + 1, &count);
	for (size_t i = 0; i < count; i++)
		if (fabsf(one[1][0][i]) > fabsf(one[1][0][at]))
			at = i;
	size_t at0 = 0;
	for (size_t i = 0; i < count; i++)
		if (fabsf(one[0][0][i]) > fabsf(one[0][0][at0]))
			at0 = i;
	double q1 = pow((double)one[0][0][at0] / (double)one[0][1][at0], 2);
	double q2 = pow((double)one[1][0][at] / (double)one[1][1][at], 2);
	double q = pow((double)one[1][0][at] / (double)one[1][2][at], 2);
	ck_assert_double_ge(fabs(q1 - q2), 0.01); /* or the test says nothing */
	ck_assert_double_le(fabs(q - (0.99 * q1 + q2) / 1.99), 1e-5);
	for (int u = 0; u < 2; u++)
		for (int s = 0; s < 3; s++)
			free(one[u][s]);
}
END_TEST

/* ---- sums over lanes ------------------------------------------------------------------------------------------ */

/* The gradient of one lane alone, its reward divided by the number of lanes. */
static void lane_gradient(float *g, size_t lanes, const bern_agent_config *all,
			  const bern_firing_rng *stream)
{
	trial t;
	bern_agent_config config = *all;
	char pay[40];
	snprintf(pay, sizeof pay, "%.17g", (double)(1.0f / (float)lanes));
	config.num_envs = 1;
	open_choice(&t, "two", "1", pay, "true", &config, 3);
	clear_policy(&t);
	memcpy(trial_tensor(&t, "streams.firing"), stream, sizeof *stream);
	trial_learn(&t, 1);
	float *copy = copy_policy(&t);
	memcpy(g, copy, policy_floats(&t) * sizeof *g);
	free(copy);
	trial_close(&t);
}

/* Tiles first .. first + count - 1: the largest full power of two, and the rest. */
static void tree(float *out, const float *tiles, size_t count, size_t P)
{
	if (count == 1) {
		memcpy(out, tiles, P * sizeof *out);
		return;
	}
	size_t left = 1;
	while (2 * left < count)
		left *= 2;
	/* a full tree splits in the middle, another after its largest full part */
	float *one = calloc(2 * P, sizeof *one), *two = one + P;
	ck_assert_ptr_nonnull(one);
	tree(one, tiles, left, P);
	tree(two, tiles + left * P, count - left, P);
	for (size_t i = 0; i < P; i++)
		out[i] = one[i] + two[i];
	free(one);
}

static const int64_t lane_counts[] = {1, 16, 17, 48, 100};

/* One firing and one step, so that a lane's part is one number for each parameter; the sum of 16 lanes in order, then of tiles
 * in pairs; where the fast path fits, of lanes in pairs. The same bits from every level of instructions. */
static void check_sums(int64_t lanes, size_t leaf)
{
	size_t B = (size_t)lanes, leaves = (B + leaf - 1) / leaf, P = 0;
	bern_agent_config config = exposing();
	const bern_kernels *const *level = bern_kernels_usable();
	float *expected = NULL;
	config.firings = 1;
	config.num_envs = lanes;
	if (leaf ==
	    16) /* of no consequence for this gradient, and nothing that the fast path knows */
		config.value_weighting = BERN_WEIGHTING_SCORE;
	for (; *level; level++) {
		trial t;
		setenv("BERN_CPU", (*level)->name, 1);
		open_choice(&t, "two", "1", "1", "true", &config, 3);
		P = policy_floats(&t);
		clear_policy(&t);
		if (!expected) {
			float *tile = calloc(leaves * P, sizeof *tile), *g = calloc(P, sizeof *g);
			const bern_firing_rng *streams = trial_tensor(&t, "streams.firing");
			expected = calloc(P, sizeof *expected);
			ck_assert(tile && g && expected);
			for (size_t b = 0; b < B; b++) {
				lane_gradient(g, B, &config, &streams[b]);
				for (size_t i = 0; i < P; i++)
					tile[b / leaf * P + i] += g[i];
			}
			tree(expected, tile, leaves, P);
			free(tile);
			free(g);
		}
		trial_learn(&t, 1);
		float *sum = copy_policy(&t);
		double size = 0.0;
		for (size_t i = 0; i < P; i++) {
			size += fabs((double)sum[i]);
			ck_assert_msg(sum[i] == expected[i],
				      "%zu lanes, %s, parameter %zu: %.9g, slowly %.9g", B,
				      (*level)->name, i, (double)sum[i], (double)expected[i]);
		}
		ck_assert_double_ge(size, 0.1);
		free(sum);
		trial_close(&t);
	}
	unsetenv("BERN_CPU");
	free(expected);
}

START_TEST(gradients_are_summed_by_tiles_and_a_tree_to_the_same_bits_at_every_level)
{
	check_sums(lane_counts[_i], 16);
}
END_TEST

START_TEST(gradients_of_one_firing_are_summed_by_a_tree_of_lanes)
{
	check_sums(lane_counts[_i], 1);
}
END_TEST

/* ---- entropy ---------------------------------------------------------------------------------------------------- */

static double entropy_after(const char *const *list, int updates)
{
	trial t;
	bern_learn_stats stats;
	bern_agent_config config = configured(list);
	config.num_envs = 8;
	open_choice(&t, "three", "1", "1", "false", &config, 2);
	trial_learn(&t, updates);
	t.agent->kind->stats(t.agent, &stats);
	trial_learn(&t, 50);
	t.agent->kind->stats(t.agent, &stats);
	trial_close(&t);
	return stats.entropy;
}

START_TEST(an_entropy_bonus_keeps_actions_undecided)
{
	static const char *const units[] = {"binary", "binary", "relu"};
	static const char *const firings[] = {"1", "8", "8"};
	options without = {"units", units[_i], "firings", firings[_i], "hidden", "16"};
	options with = {"units",  units[_i], "firings",      firings[_i],
			"hidden", "16",      "entropy_coef", "5"};
	double plain = entropy_after(without, 300), raised = entropy_after(with, 300);
	ck_assert_msg(plain < 0.2 && raised > 1.0, "entropy %g without a bonus, %g with one, of %g",
		      plain, raised, log(3.0));
}
END_TEST

/* ---- numbers that go astray --------------------------------------------------------------------------------- */

static void goes_astray(const char *pay, bern_agent_config *config, const char *what)
{
	trial t;
	int32_t rc = 0;
	config->num_envs = 4;
	open_choice(&t, "three", "1", pay, "false", config, 2);
	for (int i = 0; i < 20 && !rc; i++)
		rc = t.agent->kind->learn(t.agent, &t.lanes, &t.e);
	ck_assert_int_eq(rc, BERN_ENUMBER);
	ck_assert_msg(strstr(t.e.text, what) != NULL, "\"%s\" does not say \"%s\"", t.e.text, what);
	ck_assert_ptr_nonnull(strstr(t.e.text, "at step "));
	trial_close(&t);
}

START_TEST(numbers_that_go_astray_are_named)
{
	bern_agent_config config = configured((options){"baseline", "none"});
	config.learning_rate = 1e39; /* times 0 it is NaN */
	goes_astray("1", &config, "element 0 of policy.layer1.weight became NaN");
	config.learning_rate = 1e30;
	goes_astray("1", &config, "beyond 1e+15 at step ");
	config = configured((options){"baseline", "mlp"});
	config.value_learning_rate = 1e30;
	goes_astray("1", &config,
		    "of value.layer1.weight became NaN at step 12 (update 3); a smaller "
		    "value_learning");
	config.value_learning_rate = 1e16;
	config.value_passes = 1;
	goes_astray("1", &config,
		    "beyond 1e+15 at step 12 (update 3); a smaller value_learning_rate");
	config = configured((options){"baseline", "none", "advantage_scale", "none"});
	goes_astray("1e25", &config, "the norm of the policy's gradient became infinite");
	goes_astray("1e18", &config, ", beyond 1e+15 at step 12 (update 3); smaller rewards");
	goes_astray("1e300", &config, "a reward of 1e+300");
	config = configured((options){"baseline", "mlp"});
	config.advantage_scale = BERN_SCALE_BATCH;
	goes_astray("1e16", &config, "the baseline's squared error became ");
	trial t;
	config = configured((options){"baseline", "mlp", "gamma", "1", "gae_lambda", "1"});
	config.num_envs = 4;
	config.num_steps = 8;
	open_choice(&t, "three", "8", "3e38", "true", &config, 2);
	ck_assert_int_eq(t.agent->kind->learn(t.agent, &t.lanes, &t.e), BERN_ENUMBER);
	ck_assert_msg(strncmp(t.e.text, "the advantage (lane ", 20) == 0 &&
			      strstr(t.e.text, "at step 32 (update 1); smaller rewards"),
		      "\"%s\"", t.e.text);
	trial_close(&t);
}
END_TEST

enum { POKE_LANES = 32, POKE_STEPS = 4 };

static const struct poke {
	const char *tensor;
	size_t element, count;
	float with;
	const char *told; /* the sentence begins so */
} pokes[] = {
	{"policy.layer1.weight", 3, 1, NAN, "element 3 of policy.layer1.weight became NaN"},
	{"policy.layer1.weight", 3, 1, INFINITY,
	 "element 3 of policy.layer1.weight became infinite"},
	{"policy.layer1.bias", 5, 1, 2e15f,
	 "element 5 of policy.layer1.bias became 2e+15, beyond 1e+15"},
	{"policy.layer1.bias", 5, 1, -INFINITY, "element 5 of policy.layer1.bias became infinite"},
	{"policy.output.weight", 0, 1, NAN, "element 0 of policy.output.weight became NaN"},
	{"policy.output.bias", 0, 1, NAN, "element 0 of policy.output.bias became NaN"},
	{"value.layer1.weight", 2, 1, NAN, "element 2 of value.layer1.weight became NaN"},
	{"value.output.bias", 0, 1, NAN, "element 0 of value.output.bias became NaN"},
	{"value.output.weight", 1, 1, 3e38f, "element 1 of value.output.weight became 3e+38"},
	{"value.output.bias", 0, 1, 1e16f, "element 0 of value.output.bias became 1e+16"},
};

/* The sentence of one update after a number was put into a parameter, into text. */
static void poke(const struct poke *poke, const char *const *more,
		 char text[sizeof((bern_error *)0)->text])
{
	trial t;
	bern_agent_config config = configured(more);
	config.num_envs = POKE_LANES;
	config.num_steps = POKE_STEPS;
	config.firings = 1;
	config.baseline = BERN_BASELINE_MLP;
	config.value_hidden = 16;
	config.value_init = 2.0;
	config.advantage_scale = BERN_SCALE_NONE;
	open_choice(&t, "two", "3", "1", "false", &config, 2);
	trial_learn(&t, 1);
	float *x = trial_tensor(&t, poke->tensor);
	for (size_t i = 0; i < poke->count; i++)
		x[poke->element + i] = poke->with;
	ck_assert_int_eq(t.agent->kind->learn(t.agent, &t.lanes, &t.e), BERN_ENUMBER);
	memcpy(text, t.e.text, sizeof t.e.text);
	trial_close(&t);
}

/* Lanes across the register, lane by lane, and threads: what broke is the same, so is the sentence. */
START_TEST(the_first_number_that_broke_is_named_alike_on_every_path)
{
	static const options paths[] = {{"threads", "1"},
					{"threads", "2"},
					{"threads", "1", "value_weighting", "score"},
					{"threads", "2", "value_weighting", "score"}};
	bern_error first, other;
	poke(&pokes[_i], paths[0], first.text);
	ck_assert_msg(strncmp(first.text, pokes[_i].told, strlen(pokes[_i].told)) == 0,
		      "\"%s\" does not begin with \"%s\"", first.text, pokes[_i].told);
	ck_assert_msg(strstr(first.text, "at step 256 (update 2); a smaller ") != NULL, "\"%s\"",
		      first.text);
	ck_assert_ptr_nonnull(strstr(first.text, strncmp(pokes[_i].tensor, "policy", 6)
							 ? "; a smaller value_learning_rate"
							 : "; a smaller learning_rate"));
	for (size_t i = 1; i < sizeof paths / sizeof *paths; i++) {
		poke(&pokes[_i], paths[i], other.text);
		ck_assert_str_eq(first.text, other.text);
	}
}
END_TEST

START_TEST(a_gradient_that_goes_astray_leaves_the_weights_as_they_were)
{
	trial t;
	bern_agent_config config = configured(
		(options){"baseline", "none", "advantage_scale", "none"});
	config.num_envs = 64;
	open_choice(&t, "three", "1", "1e30", "false", &config, 2);
	float *before = copy_policy(&t);
	ck_assert_int_eq(t.agent->kind->learn(t.agent, &t.lanes, &t.e), BERN_ENUMBER);
	float *after = copy_policy(&t);
	ck_assert_mem_eq(before, after, policy_floats(&t) * sizeof *after);
	free(before);
	free(after);
	trial_close(&t);
}
END_TEST

/* ---- trivial tasks ---------------------------------------------------------------------------------------------- */

static const struct {
	const char *actions;
	options list;
} tasks[] = {
	{"two", {"hidden", "16"}},
	{"two", {"hidden", "16", "firings", "1"}},
	{"two", {"hidden", "16", "estimator", "unbiased"}},
	{"two", {"hidden", "16,16", "firings", "4"}},
	{"two", {"hidden", "16", "head", "softmax"}},
	{"three", {"hidden", "16"}},
	{"three", {"hidden", "16", "firings", "1"}},
	{"bits", {"hidden", "16"}},
	{"bits", {"hidden", "16,16", "firings", "4"}},
	{"mixed", {"hidden", "16"}},
	{"two", {"hidden", "16", "baseline", "none"}},
	{"two", {"hidden", "16", "baseline", "mean"}},
	{"two", {"hidden", "16", "baseline", "unit"}},
	{"two", {"hidden", "16", "baseline", "unit", "firings", "1"}},
	{"two", {"hidden", "16", "baseline", "linear"}},
	{"two", {"hidden", "16", "units", "relu"}},
	{"two", {"hidden", "16", "units", "tanh"}},
	{"three", {"hidden", "16,8", "units", "tanh", "init_later", "1", "baseline", "mean"}},
	{"two", {"hidden", "16", "optimizer", "sgd", "learning_rate", "0.1"}},
	{"two", {"hidden", "16", "optimizer", "rmsprop", "decay", "0.99"}},
	{"two", {"hidden", "16", "advantage_scale", "none"}},
	{"two", {"hidden", "16", "advantage_scale", "running"}},
	{"two", {"hidden", "16", "normalize_observations", "true"}},
	{"two", {"hidden", "16", "max_grad_norm", "0.5"}},
	{"two", {"hidden", "16", "schedule", "linear"}},
	{"two", {"hidden", "16", "schedule", "cosine"}},
};
#define TASKS (int)(sizeof tasks / sizeof tasks[0])

static void count_reward(void *user, const bern_episode *episode)
{
	double *sums = user;
	sums[0] += episode->total;
	sums[1] += 1.0;
}

/* A chance player is right in a half to a sixth of the cases; 4,000 steps of 8 lanes are enough for all. The right answer depends on
 * the context, which a bandit of two arms without a context is a part of. */
START_TEST(every_choice_of_parts_learns_a_contextual_bandit)
{
	trial t;
	double sums[2] = {0, 0};
	bern_agent_config config = configured(tasks[_i].list);
	config.num_envs = 8;
	config.num_steps = 4;
	config.total_timesteps = 40000;
	open_choice(&t, tasks[_i].actions, "1", "1", "false", &config, 4);
	trial_learn(&t, 1000);
	t.lanes.on_episode = count_reward;
	t.lanes.user = sums;
	trial_learn(&t, 100);
	ck_assert_double_eq(sums[1], 3200.0);
	ck_assert_msg(sums[0] / sums[1] >= 0.95, "right in %g of the cases", sums[0] / sums[1]);
	/* and so do the policies without randomness */
	for (int32_t mode = BERN_MEAN_FIELD; mode <= BERN_THRESHOLDED; mode++)
		for (int i = 0; i < 20; i++) {
			size_t which[8] = {0, 1, 2, 3, 4, 5, 6, 7};
			int32_t actions[16];
			t.agent->kind->act(t.agent, &t.lanes, which, 8, mode, NULL, NULL, actions);
			TRIAL_OK(&t, bern_lanes_step(&t.lanes, actions, &t.e));
			for (int b = 0; b < 8; b++)
				ck_assert_double_eq(t.lanes.reward[b], 1.0);
		}
	trial_close(&t);
}
END_TEST

/* ---- what follows an end ---------------------------------------------------------------------------------------- */

/* V of the one state, from a linear baseline: observation (-1, 0.5). */
static double value_learned(const char *length, const char *max_steps, int64_t steps, double lambda)
{
	trial t;
	bern_agent_config config = configured((options){"baseline", "linear", "gamma", "0.9",
							"value_learning_rate", "0.02", "hidden",
							"4"});
	const bern_setting settings[] = {
		{"length", length}, {"always", "true"}, {"max_steps", max_steps}};
	config.num_steps = steps;
	config.gae_lambda = lambda;
	config.schedule = BERN_LINEAR;
	config.total_timesteps = 3000 * (uint64_t)steps;
	trial_open_with(&t, &choice_env, settings, 3, &config, 1);
	trial_learn(&t, 3000);
	const float *w = trial_tensor(&t, "value.weight"), *bias = trial_tensor(&t, "value.bias");
	double v = -(double)w[0] + 0.5 * (double)w[1] + (double)bias[0];
	trial_close(&t);
	return v;
}

/* One state with reward 1 and gamma 0.9. Cut short, its future goes on: 1/(1 - 0.9) = 10, wherever the cut falls. At a true end
 * nothing follows: 1, or, five steps before it, the mean of (1 - 0.9^n)/0.1 for n = 1 .. 5. Falling step sizes end within 0.02. */
START_TEST(truncation_bootstraps_and_termination_does_not)
{
	double five = 0.0;
	for (int n = 1; n <= 5; n++)
		five += (1.0 - pow(0.9, n)) / 0.1 / 5.0;
	ck_assert_double_le(fabs(value_learned("0", "1", 5, 0.9) - 10.0), 0.02);
	ck_assert_double_le(fabs(value_learned("0", "5", 5, 1.0) - 10.0), 0.02);
	ck_assert_double_le(fabs(value_learned("0", "7", 5, 0.5) - 10.0), 0.02);
	ck_assert_double_le(fabs(value_learned("0", "0", 5, 0.9) - 10.0), 0.02);
	ck_assert_double_le(fabs(value_learned("1", "0", 5, 0.9) - 1.0), 0.02);
	ck_assert_double_le(fabs(value_learned("5", "0", 5, 1.0) - five), 0.02);
	/* both at once: it is over */
	ck_assert_double_le(fabs(value_learned("5", "5", 5, 1.0) - five), 0.02);
}
END_TEST

/* The value after a cut is that of the last observation seen, not of the one that starts the next episode. With V = the clock,
 * fixed, no reward and a cut after the first step the advantage is 0.9 V(1) = 0.9; so is a reward of 0.9 at a true end. */
START_TEST(a_cut_is_bootstrapped_from_the_last_observation)
{
	float *g[2];
	size_t count = 0;
	double size = 0.0;
	for (int cut = 0; cut < 2; cut++) {
		trial t;
		const bern_setting settings[] = {{"length", cut ? "0" : "1"},
						 {"pay", cut ? "0" : "0.9"},
						 {"always", "true"},
						 {"clock", "true"},
						 {"max_steps", cut ? "1" : "0"}};
		bern_agent_config config = exposing();
		config.num_envs = 20;
		config.gamma = 0.9;
		config.baseline = BERN_BASELINE_LINEAR;
		config.value_learning_rate = 0.0;
		trial_open_with(&t, &choice_env, settings, 5, &config, 1);
		clear_policy(&t);
		((float *)trial_tensor(&t, "value.weight"))[1] = 1.0f;
		trial_learn(&t, 1);
		g[cut] = copy_policy(&t);
		count = policy_floats(&t);
		trial_close(&t);
	}
	for (size_t i = 0; i < count; i++) {
		size += fabs((double)g[0][i]);
		ck_assert_float_eq(g[0][i], g[1][i]);
	}
	ck_assert_double_ge(size, 0.1);
	free(g[0]);
	free(g[1]);
}
END_TEST

/* ---- an estimate by itself ---------------------------------------------------------------------------------- */

/* Everything but what play itself moves on: streams, and the lanes. */
START_TEST(an_estimate_is_the_one_that_learning_takes_and_changes_nothing_else)
{
	static const char *const baselines[] = {"unit", "mlp"};
	trial alone, learning;
	bern_reinforce_view view;
	bern_agent_config config = configured(
		(options){"hidden", "20", "optimizer", "sgd", "momentum", "0", "learning_rate", "1",
			  "fan_in_scaling", "false", "advantage_scale", "none", "baseline",
			  baselines[_i], "binary_rate", "1", "centring", "false"});
	config.num_envs = 19;
	config.num_steps = 3;
	open_choice(&alone, "two", "2", "1", "false", &config, 1);
	open_choice(&learning, "two", "2", "1", "false", &config, 1);
	trial_learn(&alone, 3);
	trial_learn(&learning, 3);
	size_t count = alone.all.count;
	void **kept = calloc(count, sizeof *kept);
	ck_assert_ptr_nonnull(kept);
	for (size_t i = 0; i < count; i++) {
		size_t size = bern_tensor_size(&alone.all.items[i]);
		kept[i] = malloc(size + 1);
		memcpy(kept[i], alone.all.items[i].data, size);
	}
	TRIAL_OK(&alone, bern_reinforce_estimate(alone.agent, &alone.lanes, &alone.e));
	size_t looked = 0;
	for (size_t i = 0; i < count; i++) {
		const bern_tensor *x = &alone.all.items[i];
		if (strncmp(x->name, "lanes.", 6) == 0 || strncmp(x->name, "streams.", 8) == 0)
			continue;
		ck_assert_msg(memcmp(kept[i], x->data, bern_tensor_size(x)) == 0, "%s changed",
			      x->name);
		looked++;
	}
	ck_assert_uint_ge(looked, 8);
	float *before = copy_policy(&learning);
	trial_learn(&learning, 1);
	float *after = copy_policy(&learning);
	bern_reinforce_look(alone.agent, &view);
	ck_assert_uint_eq(view.steps, 3);
	ck_assert_uint_eq(view.net->param_count, policy_floats(&learning));
	for (size_t i = 0; i < view.net->param_count; i++)
		ck_assert_float_eq(after[i], before[i] + view.gradient[i]);
	for (size_t i = 0; i < count; i++)
		free(kept[i]);
	free(kept);
	free(before);
	free(after);
	trial_close(&alone);
	trial_close(&learning);
}
END_TEST

/* Rewards are 1 always, gamma and lambda make returns of any kind; only the factor is asked for. */
START_TEST(the_discount_is_kept_through_an_episode_and_over_the_end_of_a_play)
{
	trial plain, kept;
	bern_reinforce_view a, b;
	bern_agent_config config = exposing();
	config.num_steps = 7;
	config.num_envs = 2;
	config.gamma = 0.5;
	open_choice(&plain, "two", "5", "1", "true", &config, 1);
	config.keep_discount = 1;
	open_choice(&kept, "two", "5", "1", "true", &config, 1);
	size_t step = 0;
	for (int play = 0; play < 3; play++) {
		TRIAL_OK(&plain, bern_reinforce_estimate(plain.agent, &plain.lanes, &plain.e));
		TRIAL_OK(&kept, bern_reinforce_estimate(kept.agent, &kept.lanes, &kept.e));
		bern_reinforce_look(plain.agent, &a);
		bern_reinforce_look(kept.agent, &b);
		for (size_t t = 0; t < 7; t++, step++)
			for (size_t lane = 0; lane < 2; lane++) { /* powers of 1/2 are exact */
				float factor = ldexpf(1.0f, -(int)(step % 5));
				ck_assert_float_gt(a.advantage[2 * t + lane], 0.0f);
				ck_assert_float_eq(b.advantage[2 * t + lane],
						   factor * a.advantage[2 * t + lane]);
			}
	}
	trial_close(&plain);
	trial_close(&kept);
}
END_TEST

START_TEST(an_update_of_whole_episodes_is_the_sum_over_their_steps)
{
	trial cut, whole;
	bern_reinforce_view a, b;
	bern_agent_config config = exposing();
	config.num_steps = 4;
	config.num_envs = 3;
	open_choice(&cut, "two", "4", "1", "false", &config, 1);
	config.whole_episodes = 1;
	config.num_steps = 9;
	open_choice(&whole, "two", "4", "1", "false", &config, 1);
	for (int play = 0; play < 3; play++) {
		double largest = 0.0;
		TRIAL_OK(&cut, bern_reinforce_estimate(cut.agent, &cut.lanes, &cut.e));
		TRIAL_OK(&whole, bern_reinforce_estimate(whole.agent, &whole.lanes, &whole.e));
		bern_reinforce_look(cut.agent, &a);
		bern_reinforce_look(whole.agent, &b);
		ck_assert_uint_eq(b.steps, 4);
		for (size_t i = 0; i < a.net->param_count; i++) { /* 12 terms, each scaled alike */
			ck_assert_double_le(
				fabs(4.0 * (double)a.gradient[i] - (double)b.gradient[i]), 1e-5);
			largest = fmax(largest, fabs((double)b.gradient[i]));
		}
		ck_assert_double_ge(largest, 1e-2);
	}
	trial_close(&cut);
	trial_close(&whole);
}
END_TEST

START_TEST(whole_episodes_that_do_not_fit_a_play_are_named)
{
	trial t;
	bern_agent_config config = exposing();
	config.num_steps = 3;
	config.whole_episodes = 1;
	open_choice(&t, "two", "4", "1", "false", &config, 1);
	ck_assert_int_eq(t.agent->kind->learn(t.agent, &t.lanes, &t.e), BERN_EUSAGE);
	ck_assert_ptr_nonnull(strstr(t.e.text, "was not over after num_steps = 3"));
	trial_close(&t);
}
END_TEST

/* ---- what is refused -------------------------------------------------------------------------------------------- */

START_TEST(configurations_that_contradict_themselves_are_refused)
{
	static const struct {
		options list;
		const char *says;
	} wrong[] = {
		{{"hidden", "64,"}, "hidden: \"64,\""},
		{{"hidden", "0"}, "hidden: \"0\""},
		{{"estimator", "firing"}, "did you mean"},
		{{"estimator", "firings", "firings", "1"}, "at least 2"},
		{{"estimator", "backprop"}, "layer 1 is binary"},
		{{"estimator", "firings", "units", "relu"}, "layer 1 is relu"},
		{{"estimator", "unbiased", "units", "tanh"}, "layer 1 is tanh"},
		{{"estimator", "straight-through", "units", "tanh"},
		 "straight-through needs a layer of binary units"},
		{{"estimator", "predict-unit", "units", "smooth"},
		 "predict-unit needs a layer of binary units"},
		{{"estimator", "pathwise"}, "pathwise needs smooth units and no binary ones"},
		{{"estimator", "pathwise", "units", "relu"}, "pathwise needs smooth units"},
		{{"estimator", "centred", "hidden", "8,8", "units", "binary,tanh"},
		 "units of layer 2 is tanh; allowed with it: firings"},
		{{"estimator", "backprop", "units", "smooth"}, "layer 1 is smooth"},
		{{"firing_floor", "0.1"}, "firing_floor: 0.1 needs a layer of rectifiers"},
		{{"units", "binry"}, "did you mean binary?"},
		{{"units", "relu,"}, "units: \"relu,\" names no kind"},
		{{"units", "tanh,binary"}, "the units of 2 layers, and there are 1"},
		{{"hidden", "8,8,8", "units", "tanh,binary"}, "and there are 3"},
		{{"baseline", "unit", "units", "relu"}, "baseline: unit needs units that fire"},
		{{"observation_scale", "1,2,3"}, "observation_scale: \"1,2,3\" has 3 numbers"},
		{{"observation_scale", "x"}, "observation_scale: "},
	};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		bern_agent_config config = configured(wrong[i].list);
		trial_refused(&choice_env, &config, wrong[i].says);
	}
}
END_TEST

static void refused_with(const bern_env *env, const char *actions, const char *head,
			 const char *says)
{
	bern_world world;
	bern_agent *agent = NULL;
	bern_error e = {0};
	bern_setting setting = {"actions", actions};
	bern_agent_config config = configured((options){"head", head});
	ck_assert_msg(bern_world_open(&world, env, &setting, 1, &e) == 0, "%s", e.text);
	ck_assert_int_eq(bern_agent_create(&agent, &config, &world, 1, &e), BERN_EUSAGE);
	ck_assert_msg(strstr(e.text, says) != NULL, "\"%s\" does not say \"%s\"", e.text, says);
	ck_assert_ptr_null(agent);
	bern_world_finish(&world);
}

START_TEST(heads_that_do_not_fit_the_environment_are_refused)
{
	bern_env masked = choice_env;
	masked.mask = choice_mask;
	refused_with(&choice_env, "three", "bernoulli", "two actions");
	refused_with(&choice_env, "mixed", "bernoulli", "two actions");
	refused_with(&choice_env, "bits", "softmax", "MULTI_BINARY");
	refused_with(&choice_env, "one", "auto", "no choice");
	refused_with(&choice_env, "box", "softmax", "BOX");
	refused_with(&choice_env, "two", "gaussian", "BOX");
	refused_with(&masked, "two", "bernoulli", "mask");
}
END_TEST

START_TEST(lanes_of_another_number_are_refused)
{
	trial t;
	bern_lanes more;
	bern_agent_config config = configured(NULL);
	config.num_envs = 2;
	open_choice(&t, "two", "1", "1", "false", &config, 1);
	ck_assert_int_eq(bern_lanes_init(&more, &t.world, 3, 1, BERN_FOR_ENVIRONMENT, 0, &t.e), 0);
	ck_assert_int_eq(bern_lanes_reset(&more, &t.e), 0);
	ck_assert_int_eq(t.agent->kind->learn(t.agent, &more, &t.e), BERN_EUSAGE);
	ck_assert_ptr_nonnull(strstr(t.e.text, "2 lanes and was given 3"));
	ck_assert_uint_eq(more.steps, 0);
	bern_lanes_finish(&more);
	trial_close(&t);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("reinforce");
	TCase *t = tcase_create("reinforce");
	tcase_set_timeout(t, 100);
	tcase_add_loop_test(t, step_sizes_follow_their_schedule, 0, 3);
	tcase_add_loop_test(t, the_entropy_bonus_follows_its_own_schedule, 0, 3);
	tcase_add_test(t, the_learning_rate_that_is_reported_is_the_one_used);
	tcase_add_test(t, advantages_are_scaled_as_told);
	tcase_add_test(t, the_running_scale_remembers_earlier_batches);
	tcase_add_loop_test(
		t, gradients_are_summed_by_tiles_and_a_tree_to_the_same_bits_at_every_level, 0, 5);
	tcase_add_loop_test(t, gradients_of_one_firing_are_summed_by_a_tree_of_lanes, 0, 5);
	tcase_add_loop_test(t, an_entropy_bonus_keeps_actions_undecided, 0, 3);
	tcase_add_test(t, numbers_that_go_astray_are_named);
	tcase_add_loop_test(t, the_first_number_that_broke_is_named_alike_on_every_path, 0,
			    sizeof pokes / sizeof *pokes);
	tcase_add_test(t, a_gradient_that_goes_astray_leaves_the_weights_as_they_were);
	tcase_add_loop_test(t, every_choice_of_parts_learns_a_contextual_bandit, 0, TASKS);
	tcase_add_test(t, truncation_bootstraps_and_termination_does_not);
	tcase_add_test(t, a_cut_is_bootstrapped_from_the_last_observation);
	tcase_add_loop_test(t, an_estimate_is_the_one_that_learning_takes_and_changes_nothing_else,
			    0, 2);
	tcase_add_test(t, the_discount_is_kept_through_an_episode_and_over_the_end_of_a_play);
	tcase_add_test(t, an_update_of_whole_episodes_is_the_sum_over_their_steps);
	tcase_add_test(t, whole_episodes_that_do_not_fit_a_play_are_named);
	tcase_add_test(t, configurations_that_contradict_themselves_are_refused);
	tcase_add_test(t, heads_that_do_not_fit_the_environment_are_refused);
	tcase_add_test(t, lanes_of_another_number_are_refused);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
