/* Lanes: who resets, who cuts, what is kept of an ended episode, which stream an episode draws from, what a broken
 * environment is told, and that a restored run goes on bit for bit. */
#include <bern/lanes.h>

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- an environment that does as it is told ----------------------------------------------------------
 *
 * Its number x is drawn at reset and moves by the action and by a draw at each step; each parameter gives the step (from 1)
 * at which something happens, 0: never. */

enum {
	P_ENDS,   /* terminates */
	P_CUTS,   /* truncates by itself */
	P_FAULTS, /* says so */
	P_NAN,    /* reward is NaN */
	P_BLIND,  /* observation is NaN, or outside */
	P_FLAGS,  /* sets a flag that there is not */
	P_STUCK,  /* mask allows nothing */
	P_VIEW,   /* kind of observation: enum view */
	P_HAND,   /* kind of action: enum hand */
	P_RANDOM, /* 1: ends at a random step too */
	P_COUNT
};
enum view { VIEW_BOX, VIEW_BYTES, VIEW_DISCRETE, VIEW_BINARY, VIEW_MULTI };
enum hand { HAND_DISCRETE, HAND_BINARY, HAND_MULTI, HAND_BOX, HAND_BYTES };

#define STEP_PARAM(name)                                                                           \
	{                                                                                          \
		name, "step", BERN_INT, 0, "0", 0, 1e6, NULL                                       \
	}
static const bern_param params[P_COUNT] = {
	STEP_PARAM("ends"),  STEP_PARAM("cuts"),  STEP_PARAM("faults"), STEP_PARAM("nan"),
	STEP_PARAM("blind"), STEP_PARAM("flags"), STEP_PARAM("stuck"),  STEP_PARAM("view"),
	STEP_PARAM("hand"),  STEP_PARAM("random")};

typedef struct model {
	int64_t at[P_COUNT];
} model;

typedef struct inner {
	double x;
	int64_t t;
	int64_t hidden; /* never observed at once, decides later: a state that is not in the observation */
} inner;

static const int32_t sizes[] = {3, 4};
static const float bound_low[] = {-1e6f, 0}, bound_high[] = {1e6f, 1e6f};
static const float byte_high[] = {200, 200};
static const float act_low[] = {-1, 0}, act_high[] = {1, 9};

static int32_t probe_open(const bern_value *values, bern_instance *out, char *err, size_t err_size)
{
	model *m = calloc(1, sizeof *m);
	(void)err, (void)err_size;
	for (int i = 0; i < P_COUNT; i++)
		m->at[i] = values[i].i;
	out->model = m;
	out->state_size = sizeof(inner);
	bern_space *o = &out->observation, *a = &out->action;
	o->count = a->count = 2;
	switch (m->at[P_VIEW]) {
	case VIEW_BOX:
		o->kind = BERN_BOX, o->low = bound_low, o->high = bound_high;
		break;
	case VIEW_BYTES:
		o->kind = BERN_BOX, o->dtype = BERN_UINT8, o->high = byte_high;
		break;
	case VIEW_DISCRETE:
		o->kind = BERN_DISCRETE, o->count = 1, o->sizes = sizes + 1;
		break;
	case VIEW_BINARY:
		o->kind = BERN_MULTI_BINARY;
		break;
	default:
		o->kind = BERN_MULTI_DISCRETE, o->sizes = sizes;
	}
	switch (m->at[P_HAND]) {
	case HAND_DISCRETE:
		a->kind = BERN_DISCRETE, a->count = 1, a->sizes = sizes;
		break;
	case HAND_BINARY:
		a->kind = BERN_MULTI_BINARY;
		break;
	case HAND_MULTI:
		a->kind = BERN_MULTI_DISCRETE, a->sizes = sizes;
		break;
	default:
		a->kind = BERN_BOX, a->low = act_low, a->high = act_high;
		a->dtype = m->at[P_HAND] == HAND_BYTES ? BERN_UINT8 : BERN_FLOAT32;
	}
	return 0;
}

static void probe_close(void *m)
{
	free(m);
}

static void probe_reset(const void *m, void *state, struct bern_rng *rng)
{
	inner *s = state;
	(void)m;
	memset(s, 0, sizeof *s);
	s->x = bern_rng_uniform(rng);
	s->hidden = (int64_t)bern_rng_below(rng, 1000);
}

static double hand_of(const model *m, const void *action)
{
	const int32_t *i = action;
	const uint8_t *b = action;
	const float *f = action;
	switch (m->at[P_HAND]) {
	case HAND_DISCRETE:
		return i[0];
	case HAND_BINARY:
	case HAND_BYTES:
		return b[0] + 10 * b[1];
	case HAND_MULTI:
		return i[0] + 10 * i[1];
	default:
		return (double)f[0] + 10 * (double)f[1];
	}
}

static void probe_step(const void *model_, void *state, struct bern_rng *rng, const void *action,
		       bern_outcome *out)
{
	const model *m = model_;
	inner *s = state;
	s->t++;
	s->hidden = (s->hidden * 31 + 7) % 1000;
	if (s->hidden < 500)
		s->x += hand_of(m, action);
	s->x += bern_rng_uniform(rng);
	out->reward = s->t == m->at[P_NAN] ? NAN : s->x + (double)s->t;
	if (s->t == m->at[P_ENDS] || (m->at[P_RANDOM] && bern_rng_below(rng, 9) == 0))
		out->flags |= BERN_TERMINATED;
	if (s->t == m->at[P_CUTS])
		out->flags |= BERN_TRUNCATED;
	if (s->t == m->at[P_FAULTS])
		out->flags |= BERN_FAULT;
	if (s->t == m->at[P_FLAGS])
		out->flags |= 16;
}

static void probe_observe(const void *model_, const void *state, void *observation)
{
	const model *m = model_;
	const inner *s = state;
	int blind = s->t && s->t == m->at[P_BLIND];
	int32_t *i = observation;
	uint8_t *b = observation;
	float *f = observation;
	switch (m->at[P_VIEW]) {
	case VIEW_BOX:
		f[0] = blind ? NAN : (float)s->x;
		f[1] = (float)s->t;
		break;
	case VIEW_BYTES:
		b[0] = blind ? 201 : (uint8_t)(s->hidden % 200);
		b[1] = (uint8_t)(s->t % 200);
		break;
	case VIEW_DISCRETE:
		i[0] = blind ? 4 : (int32_t)(s->hidden % 4);
		break;
	case VIEW_BINARY:
		b[0] = blind ? 2 : (uint8_t)(s->hidden % 2);
		b[1] = (uint8_t)(s->t % 2);
		break;
	default:
		i[0] = blind ? -1 : (int32_t)(s->hidden % 3);
		i[1] = (int32_t)(s->t % 4);
	}
}

static void probe_mask(const void *model_, const void *state, uint8_t *allowed)
{
	const model *m = model_;
	const inner *s = state;
	int stuck = s->t && s->t == m->at[P_STUCK];
	allowed[0] = !stuck;
	allowed[1] = !stuck && s->hidden % 2;
	allowed[2] = 0;
}

static void probe_metrics(const void *m, const void *state, double *out)
{
	const inner *s = state;
	(void)m;
	out[0] = s->x;
	out[1] = (double)s->t;
}

/* The same behind a pointer. */
static int attached; /* handles that are alive; only a test may count so */

typedef struct held {
	inner *handle;
	char pad[8];
} held;

static int32_t held_open(const bern_value *values, bern_instance *out, char *err, size_t err_size)
{
	int32_t rc = probe_open(values, out, err, err_size);
	out->state_size = sizeof(held);
	return rc;
}

static void held_reset(const void *m, void *state, struct bern_rng *rng)
{
	probe_reset(m, ((held *)state)->handle, rng);
}

static void held_step(const void *m, void *state, struct bern_rng *rng, const void *action,
		      bern_outcome *out)
{
	probe_step(m, ((held *)state)->handle, rng, action, out);
}

static void held_observe(const void *m, const void *state, void *observation)
{
	probe_observe(m, ((const held *)state)->handle, observation);
}

static void held_metrics(const void *m, const void *state, double *out)
{
	probe_metrics(m, ((const held *)state)->handle, out);
}

static int32_t held_attach(const void *m_, void *state, char *err, size_t err_size)
{
	const model *m = m_;
	held *h = state;
	/* the block must be zeroed */
	if (h->handle || memcmp(h->pad, (char[8]){0}, 8) != 0)
		abort();
	if (m->at[P_STUCK] && attached + 1 == m->at[P_STUCK]) {
		strncpy(err, "the licence server says no", err_size);
		return 1;
	}
	h->handle = malloc(sizeof *h->handle);
	memset(h->handle, 0x5a, sizeof *h->handle);
	attached++;
	return 0;
}

static void held_detach(const void *m, void *state)
{
	(void)m;
	free(((held *)state)->handle);
	attached--;
}

static uint64_t held_save(const void *m_, const void *state, void *buffer, uint64_t size)
{
	const model *m = m_;
	const inner *s = ((const held *)state)->handle;
	uint64_t need = sizeof *s + (m->at[P_FLAGS] && s->t == m->at[P_FLAGS] ? 1 : 0);
	if (size >= need)
		memcpy(buffer, s, sizeof *s);
	return need;
}

static int32_t held_load(const void *m, void *state, const void *buffer, uint64_t size, char *err,
			 size_t err_size)
{
	inner *s = ((held *)state)->handle;
	(void)m;
	if (size != sizeof *s || ((const inner *)buffer)->t < 0) {
		strncpy(err, "that is no saved state", err_size);
		return 1;
	}
	memcpy(s, buffer, sizeof *s);
	return 0;
}

static const char *const metric_names[] = {"x", "t"};

#define COMMON                                                                                     \
	.abi = BERN_ENV_ABI, .struct_size = sizeof(bern_env), .summary = "", .source = "",         \
	.params = params, .param_count = P_COUNT, .metrics = metric_names, .metric_count = 2,      \
	.close = probe_close
static const bern_env plain = {.id = "Probe-v0",
			       COMMON,
			       .open = probe_open,
			       .reset = probe_reset,
			       .step = probe_step,
			       .observe = probe_observe,
			       .read_metrics = probe_metrics};
static const bern_env masked = {.id = "Masked-v0",
				COMMON,
				.open = probe_open,
				.reset = probe_reset,
				.step = probe_step,
				.observe = probe_observe,
				.mask = probe_mask,
				.read_metrics = probe_metrics};
static const bern_env behind = {.id = "Held-v0",
				COMMON,
				.open = held_open,
				.reset = held_reset,
				.step = held_step,
				.observe = held_observe,
				.read_metrics = held_metrics,
				.attach = held_attach,
				.detach = held_detach,
				.save = held_save,
				.load = held_load};

/* ---- helpers ------------------------------------------------------------------------------------------ */

#define WITH(...)                                                                                  \
	(const bern_setting[])                                                                     \
	{                                                                                          \
		__VA_ARGS__,                                                                       \
		{                                                                                  \
			NULL, NULL                                                                 \
		}                                                                                  \
	}

static bern_world open_env(const bern_env *env, const bern_setting *settings)
{
	bern_world world;
	bern_error e;
	size_t count = 0;
	while (settings && settings[count].key)
		count++;
	ck_assert_msg(bern_world_open(&world, env, settings, count, &e) == BERN_OK, "%s", e.text);
	return world;
}

static bern_lanes lanes_of(const bern_world *world, size_t count, uint64_t seed)
{
	bern_lanes lanes;
	bern_error e;
	ck_assert_msg(bern_lanes_init(&lanes, world, count, seed, BERN_FOR_ENVIRONMENT, 0, &e) ==
			      BERN_OK,
		      "%s", e.text);
	ck_assert_msg(bern_lanes_reset(&lanes, &e) == BERN_OK, "%s", e.text);
	return lanes;
}

static void must_step(bern_lanes *lanes, const int32_t *actions)
{
	bern_error e;
	ck_assert_msg(bern_lanes_step(lanes, actions, &e) == BERN_OK, "%s", e.text);
}

/* Some sequence of actions in 0 .. 2; nothing of the library's. */
static int32_t some_action(size_t t, size_t b)
{
	return (int32_t)((t * 7 + b * 13 + t * t * b) % 3);
}

/* ---- the meaning of a step ------------------------------------------------------------------------------ */

/* A lane is nothing but this loop. */
typedef struct single {
	bern_rng rng;
	_Alignas(16) inner state;
	uint64_t episode, length;
	double total;
} single;

static void single_begin(single *s, const bern_world *world, uint64_t seed, uint32_t lane)
{
	bern_stream_key key = {BERN_FOR_ENVIRONMENT, 0, lane, s->episode};
	bern_rng_stream(&s->rng, seed, key);
	probe_reset(world->instance.model, &s->state, &s->rng);
	s->length = 0;
	s->total = 0;
}

START_TEST(a_lane_is_a_plain_loop_with_a_stream_for_each_episode)
{
	enum { B = 5, T = 300 };
	bern_world world = open_env(&plain, WITH({"random", "1"}, {"max_steps", "12"}));
	bern_lanes lanes = lanes_of(&world, B, 42);
	single s[B] = {0};
	size_t ends = 0, cuts = 0;
	for (uint32_t b = 0; b < B; b++)
		single_begin(&s[b], &world, 42, b);
	for (size_t t = 0; t < T; t++) {
		int32_t actions[B];
		for (size_t b = 0; b < B; b++)
			actions[b] = some_action(t, b);
		must_step(&lanes, actions);
		ck_assert_uint_eq(lanes.steps, (t + 1) * B);
		for (uint32_t b = 0; b < B; b++) {
			bern_outcome out = {0};
			probe_step(world.instance.model, &s[b].state, &s[b].rng, &actions[b], &out);
			uint32_t flags = out.flags | (++s[b].length == 12 ? BERN_TRUNCATED : 0u);
			ck_assert(lanes.reward[b] == out.reward);
			ck_assert_uint_eq(lanes.flags[b], flags);
			ck_assert(lanes.metrics[2 * b] == s[b].state.x);
			float obs[2];
			probe_observe(world.instance.model, &s[b].state, obs);
			if (flags) {
				ends += flags == BERN_TERMINATED;
				cuts += flags == BERN_TRUNCATED;
				ck_assert_mem_eq(lanes.last_obs + 2 * b, obs, sizeof obs);
				s[b].episode++;
				single_begin(&s[b], &world, 42, b);
				probe_observe(world.instance.model, &s[b].state, obs);
			}
			ck_assert_mem_eq(lanes.obs + 2 * b, obs, sizeof obs);
			ck_assert_mem_eq(bern_lanes_state(&lanes, b), &s[b].state, sizeof(inner));
		}
	}
	ck_assert_uint_gt(ends, 50);
	ck_assert_uint_gt(cuts, 10);
	bern_lanes_finish(&lanes);
	bern_world_finish(&world);
}
END_TEST

START_TEST(lanes_do_not_depend_on_how_many_there_are)
{
	bern_world world = open_env(&plain, WITH({"random", "1"}));
	bern_lanes many = lanes_of(&world, 7, 3), few = lanes_of(&world, 2, 3);
	for (size_t t = 0; t < 200; t++) {
		int32_t actions[7];
		for (size_t b = 0; b < 7; b++)
			actions[b] = some_action(t, b);
		must_step(&many, actions);
		must_step(&few, actions);
		ck_assert_mem_eq(many.obs, few.obs, 4 * sizeof(float));
		ck_assert_mem_eq(many.reward, few.reward, 2 * sizeof(double));
	}
	bern_lanes_finish(&many);
	bern_lanes_finish(&few);
	bern_world_finish(&world);
}
END_TEST

START_TEST(purpose_agent_and_seed_each_change_the_stream)
{
	bern_world world = open_env(&plain, NULL);
	bern_error e;
	const struct {
		uint64_t seed;
		uint32_t purpose, agent;
	} cases[] = {{1, 1, 0}, {1, 4, 0}, {1, 1, 1}, {2, 1, 0}, {1ull << 60, 1, 0}};
	float first[5][4];
	for (size_t i = 0; i < 5; i++) {
		bern_lanes lanes;
		ck_assert_int_eq(bern_lanes_init(&lanes, &world, 2, cases[i].seed, cases[i].purpose,
						 cases[i].agent, &e),
				 BERN_OK);
		ck_assert_int_eq(bern_lanes_reset(&lanes, &e), BERN_OK);
		memcpy(first[i], lanes.obs, sizeof first[i]);
		ck_assert(first[i][0] != first[i][2]);
		for (size_t k = 0; k < i; k++)
			ck_assert(first[k][0] != first[i][0]);
		bern_lanes_finish(&lanes);
	}
	bern_world_finish(&world);
}
END_TEST

/* the episode's last step, its flags, with what ends it */
START_TEST(termination_and_truncation_are_told_apart)
{
	static const struct {
		bern_setting settings[4];
		uint64_t length;
		uint32_t flags;
	} cases[] = {
		{{{"ends", "5"}, {"max_steps", "9"}}, 5, BERN_TERMINATED},
		{{{"ends", "0"}, {"max_steps", "9"}}, 9, BERN_TRUNCATED},
		{{{"cuts", "4"}, {"max_steps", "9"}}, 4, BERN_TRUNCATED},
		/* the limit may coincide with the end: both are said, and TERMINATED decides the bootstrap */
		{{{"ends", "9"}, {"max_steps", "9"}}, 9, BERN_TERMINATED | BERN_TRUNCATED},
		{{{"ends", "6"}, {"cuts", "6"}}, 6, BERN_TERMINATED | BERN_TRUNCATED},
		{{{"ends", "1"}, {"max_steps", "1"}}, 1, BERN_TERMINATED | BERN_TRUNCATED},
		{{{"ends", "30"}, {"max_steps", "0"}}, 30, BERN_TERMINATED},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		bern_world world = open_env(&plain, cases[i].settings);
		bern_lanes lanes = lanes_of(&world, 1, i);
		for (int episode = 0; episode < 3; episode++)
			for (uint64_t t = 1; t <= cases[i].length; t++) {
				must_step(&lanes, (int32_t[]){1});
				ck_assert_uint_eq(lanes.flags[0],
						  t == cases[i].length ? cases[i].flags : 0);
				/* the clock in the observation: back at 0 in the same step, the last one kept */
				int over = t == cases[i].length;
				ck_assert(lanes.obs[1] == (over ? 0 : (float)t));
				if (over)
					ck_assert(lanes.last_obs[1] == (float)t);
			}
		bern_lanes_finish(&lanes);
		bern_world_finish(&world);
	}
}
END_TEST

typedef struct log {
	bern_episode episodes[64];
	double x[64], t[64];
	size_t count;
} log_of;

static void keep_episode(void *user, const bern_episode *episode)
{
	log_of *l = user;
	ck_assert_uint_lt(l->count, 64);
	l->episodes[l->count] = *episode;
	l->x[l->count] = episode->metrics[0];
	l->t[l->count++] = episode->metrics[1];
}

START_TEST(each_ended_episode_is_reported_once_in_lane_order)
{
	bern_world world = open_env(&plain, WITH({"ends", "4"}));
	bern_lanes lanes = lanes_of(&world, 3, 1);
	log_of log = {.count = 0};
	lanes.on_episode = keep_episode;
	lanes.user = &log;
	double total[3] = {0};
	for (size_t t = 0; t < 8; t++) {
		must_step(&lanes, (int32_t[]){0, 1, 2});
		for (size_t b = 0; b < 3; b++)
			total[b] += lanes.reward[b];
		if (t == 3)
			for (size_t b = 0; b < 3; b++) {
				ck_assert_uint_eq(log.count, 3);
				ck_assert_uint_eq(log.episodes[b].lane, b);
				ck_assert_uint_eq(log.episodes[b].index, 0);
				ck_assert_uint_eq(log.episodes[b].length, 4);
				ck_assert_uint_eq(log.episodes[b].flags, BERN_TERMINATED);
				ck_assert(log.episodes[b].total == total[b]);
				/* metrics are of the last step, not of the new episode */
				ck_assert(log.t[b] == 4);
				ck_assert(lanes.metrics[2 * b + 1] == 4);
			}
	}
	ck_assert_uint_eq(log.count, 6);
	for (size_t b = 0; b < 3; b++)
		ck_assert(fabs(log.episodes[b].total + log.episodes[3 + b].total - total[b]) <
			  1e-9);
	ck_assert_uint_eq(log.episodes[5].index, 1);
	bern_lanes_finish(&lanes);
	bern_world_finish(&world);
}
END_TEST

/* ---- kinds of observations and actions ------------------------------------------------------------------ */

static const char *const view_names[] = {"0", "1", "2", "3", "4"};

/* _i is the kind of observation */
START_TEST(rows_are_what_bern_encode_says)
{
	const bern_setting settings[] = {{"view", view_names[_i]}, {"random", "1"}, {NULL, NULL}};
	bern_world world = open_env(&plain, settings);
	const size_t O = world.observation_floats;
	bern_lanes lanes = lanes_of(&world, 3, 8);
	float want[9];
	bern_error e;
	for (size_t t = 0; t < 300; t++) {
		must_step(&lanes, (int32_t[]){0, 2, 1});
		for (size_t b = 0; b < 3; b++) {
			_Alignas(16) unsigned char raw[16];
			probe_observe(world.instance.model, bern_lanes_state(&lanes, b), raw);
			ck_assert_int_eq(bern_encode(&world, raw, want, &e), BERN_OK);
			ck_assert_mem_eq(lanes.obs + b * O, want, O * sizeof(float));
			if (_i == VIEW_DISCRETE) {
				float sum = 0, last_sum = 0;
				ck_assert(lanes.obs[b * O + (size_t)lanes.index[b]] == 1);
				for (size_t i = 0; i < O; i++) {
					sum += lanes.obs[b * O + i];
					last_sum += lanes.last_obs[b * O + i];
				}
				ck_assert(sum == 1);
				if (lanes.flags[b]) {
					ck_assert(last_sum == 1);
					ck_assert(lanes.last_obs[b * O +
								 (size_t)lanes.last_index[b]] == 1);
				}
			} else {
				ck_assert_int_eq(lanes.index[b], 0);
			}
		}
	}
	bern_lanes_finish(&lanes);
	bern_world_finish(&world);
}
END_TEST

/* x moves by i0 + 10 i1 (and a draw below 1) where the hidden half lets it */
START_TEST(actions_arrive_as_their_space_says)
{
	const int32_t pairs[][2] = {{1, 1}, {0, 1}, {1, 0}};
	for (int hand = HAND_BINARY; hand <= HAND_BYTES; hand++) {
		char text[] = {(char)('0' + hand), '\0'};
		bern_world world = open_env(&plain, WITH({"hand", text}));
		bern_lanes lanes = lanes_of(&world, 1, 5);
		bern_error e;
		ck_assert_uint_eq(world.action_count, 2);
		size_t moved = 0;
		for (size_t t = 0; t < 60; t++) {
			const int32_t *pair = pairs[t % 3];
			double before = lanes.metrics[0];
			if (t == 0)
				before = ((inner *)bern_lanes_state(&lanes, 0))->x;
			if (hand < HAND_BOX)
				must_step(&lanes, pair);
			else
				ck_assert_int_eq(bern_lanes_step_box(
							 &lanes,
							 (float[]){(float)pair[0], (float)pair[1]},
							 &e),
						 BERN_OK);
			double change = lanes.metrics[0] - before;
			double want = pair[0] + 10 * pair[1];
			int free_now = ((inner *)bern_lanes_state(&lanes, 0))->hidden < 500;
			ck_assert(floor(change) == (free_now ? want : 0));
			moved += (size_t)free_now;
		}
		ck_assert_uint_gt(moved, 10);
		bern_lanes_finish(&lanes);
		bern_world_finish(&world);
	}
}
END_TEST

/* ---- errors ------------------------------------------------------------------------------------------------ */

static void breaks(const bern_env *env, const bern_setting *settings, size_t good_steps,
		   const char *sentence)
{
	bern_world world = open_env(env, settings);
	bern_lanes lanes = lanes_of(&world, 2, 9);
	bern_error e;
	for (size_t t = 0; t < good_steps; t++)
		must_step(&lanes, (int32_t[]){0, 0});
	ck_assert_int_eq(bern_lanes_step(&lanes, (int32_t[]){0, 0}, &e), BERN_EENV);
	ck_assert_str_eq(e.text, sentence);
	bern_lanes_finish(&lanes);
	bern_world_finish(&world);
}

START_TEST(a_broken_environment_is_named_with_its_place)
{
	breaks(&plain, WITH({"nan", "3"}), 2,
	       "Probe-v0: lane 0 of seed 9, episode 0, step 3: its reward is nan, not a finite "
	       "number");
	breaks(&plain, WITH({"faults", "1"}), 0,
	       "Probe-v0: lane 0 of seed 9, episode 0, step 1: the simulation broke (flags 4)");
	breaks(&plain, WITH({"flags", "2"}), 1,
	       "Probe-v0: lane 0 of seed 9, episode 0, step 2: its step set unknown flags: 16, "
	       "allowed are 0 to 7");
	breaks(&masked, WITH({"stuck", "2"}), 1,
	       "Masked-v0: lane 0 of seed 9, episode 0, step 2: its mask allows no action");
	breaks(&plain, WITH({"max_steps", "6"}, {"blind", "4"}), 3,
	       "Probe-v0: lane 0 of seed 9, episode 0, step 4: observation[0] is nan");
	breaks(&plain, WITH({"blind", "4"}, {"view", "1"}), 3,
	       "Probe-v0: lane 0 of seed 9, episode 0, step 4: observation[0] is 201, "
	       "outside [-inf, 200]");
	breaks(&plain, WITH({"blind", "4"}, {"view", "2"}), 3,
	       "Probe-v0: lane 0 of seed 9, episode 0, step 4: observation[0] is 4, "
	       "outside [0, 3]");
	breaks(&plain, WITH({"blind", "4"}, {"view", "3"}), 3,
	       "Probe-v0: lane 0 of seed 9, episode 0, step 4: observation[0] is 2, "
	       "outside [0, 1]");
	breaks(&plain, WITH({"blind", "4"}, {"view", "4"}), 3,
	       "Probe-v0: lane 0 of seed 9, episode 0, step 4: observation[0] is -1, "
	       "outside [0, 2]");
}
END_TEST

START_TEST(a_bad_action_moves_no_lane)
{
	bern_world world = open_env(&plain, NULL);
	bern_lanes lanes = lanes_of(&world, 3, 9);
	bern_error e;
	inner before[3];
	for (size_t b = 0; b < 3; b++)
		memcpy(&before[b], bern_lanes_state(&lanes, b), sizeof before[b]);
	ck_assert_int_eq(bern_lanes_step(&lanes, (int32_t[]){0, 1, 3}, &e), BERN_EUSAGE);
	ck_assert_str_eq(
		e.text,
		"Probe-v0: lane 2 of seed 9, episode 0, step 0: action[0] is 3, outside [0, 2]");
	ck_assert_int_eq(bern_lanes_step(&lanes, (int32_t[]){0, -1, 3}, &e), BERN_EUSAGE);
	ck_assert_int_eq(bern_lanes_step_box(&lanes, (float[]){0, 0, 0}, &e), BERN_EUSAGE);
	ck_assert_str_eq(e.text,
			 "Probe-v0: its actions are whole numbers, and real ones were given");
	for (size_t b = 0; b < 3; b++)
		ck_assert_mem_eq(&before[b], bern_lanes_state(&lanes, b), sizeof before[b]);
	ck_assert_uint_eq(lanes.steps, 0);
	bern_lanes_finish(&lanes);
	bern_world_finish(&world);
}
END_TEST

START_TEST(bad_box_actions_are_refused)
{
	bern_error e;
	bern_world world = open_env(&plain, WITH({"hand", "3"}));
	bern_lanes lanes = lanes_of(&world, 1, 9);
	ck_assert_int_eq(bern_lanes_step_box(&lanes, (float[]){1, 9}, &e), BERN_OK);
	ck_assert_int_eq(bern_lanes_step_box(&lanes, (float[]){1.5f, 0}, &e), BERN_EUSAGE);
	ck_assert_str_eq(e.text, "Probe-v0: lane 0 of seed 9, episode 0, step 1: action[0] is 1.5, "
				 "allowed are finite numbers in [-1, 1]");
	ck_assert_int_eq(bern_lanes_step_box(&lanes, (float[]){0, NAN}, &e), BERN_EUSAGE);
	ck_assert_int_eq(bern_lanes_step(&lanes, (int32_t[]){0, 0}, &e), BERN_EUSAGE);
	bern_lanes_finish(&lanes);
	bern_world_finish(&world);
	world = open_env(&plain, WITH({"hand", "4"}));
	lanes = lanes_of(&world, 1, 9);
	ck_assert_int_eq(bern_lanes_step_box(&lanes, (float[]){0.5f, 0}, &e), BERN_EUSAGE);
	ck_assert_int_eq(bern_lanes_step_box(&lanes, (float[]){-1, 0}, &e), BERN_EUSAGE);
	ck_assert_str_eq(e.text, "Probe-v0: lane 0 of seed 9, episode 0, step 0: action[0] is -1, "
				 "allowed are whole numbers in [0, 1]");
	bern_lanes_finish(&lanes);
	bern_world_finish(&world);
}
END_TEST

START_TEST(the_mask_is_of_now_and_binds)
{
	bern_world world = open_env(&masked, WITH({"random", "1"}));
	bern_lanes lanes = lanes_of(&world, 2, 4);
	bern_error e;
	size_t open_ = 0;
	for (size_t t = 0; t < 100; t++) {
		for (size_t b = 0; b < 2; b++) {
			const inner *s = bern_lanes_state(&lanes, b);
			ck_assert_uint_eq(lanes.mask[3 * b], 1);
			ck_assert_uint_eq(lanes.mask[3 * b + 1], s->hidden % 2);
			open_ += lanes.mask[3 * b + 1];
		}
		must_step(&lanes, (int32_t[]){0, lanes.mask[4]});
	}
	ck_assert(open_ > 20 && open_ < 180);
	ck_assert_int_eq(bern_lanes_step(&lanes, (int32_t[]){2, 0}, &e), BERN_EUSAGE);
	ck_assert_ptr_nonnull(strstr(e.text, "action 2 is not allowed now"));
	bern_lanes_finish(&lanes);
	bern_world_finish(&world);
}
END_TEST

START_TEST(misuse_is_refused)
{
	bern_world world = open_env(&plain, NULL);
	bern_lanes lanes;
	bern_error e;
	ck_assert_int_eq(bern_lanes_init(&lanes, &world, 0, 1, 1, 0, &e), BERN_EUSAGE);
	bern_lanes_finish(&lanes);
	ck_assert_int_eq(bern_lanes_init(&lanes, &world, 2, 1, 1, 0, &e), BERN_OK);
	ck_assert_int_eq(bern_lanes_step(&lanes, (int32_t[]){0, 0}, &e), BERN_EUSAGE);
	ck_assert_str_eq(e.text, "Probe-v0: a step was asked for before the first reset");
	bern_lanes_finish(&lanes);
	bern_lanes_finish(&lanes);
	bern_lanes_finish(NULL);
	bern_world_finish(&world);
}
END_TEST

/* ---- chosen episodes ----------------------------------------------------------------------------------------- */

START_TEST(manual_lanes_play_the_given_stream_and_stop)
{
	bern_world world = open_env(&plain, WITH({"ends", "3"}));
	bern_lanes lanes;
	bern_error e;
	bern_rng stream, again;
	log_of log = {.count = 0};
	ck_assert_int_eq(bern_lanes_init(&lanes, &world, 2, 1, 1, 0, &e), BERN_OK);
	bern_lanes_set_manual(&lanes);
	lanes.on_episode = keep_episode;
	lanes.user = &log;
	must_step(&lanes, (int32_t[]){0, 0});
	ck_assert_uint_eq(lanes.steps, 0);

	bern_rng_seed(&stream, 77);
	again = stream;
	ck_assert_int_eq(bern_lanes_start(&lanes, 1, &stream, &e), BERN_OK);
	ck_assert_mem_eq(&stream, &again, sizeof stream); /* copied */
	ck_assert(lanes.obs[2] == (float)bern_rng_uniform(&again));
	ck_assert(!bern_lanes_running(&lanes, 0) && bern_lanes_running(&lanes, 1));
	for (int t = 0; t < 3; t++)
		must_step(&lanes, (int32_t[]){-5, 0}); /* nobody reads a parked lane's action */
	ck_assert_uint_eq(lanes.flags[1], BERN_TERMINATED);
	ck_assert_uint_eq(lanes.steps, 3);
	ck_assert(!bern_lanes_running(&lanes, 1));
	ck_assert(lanes.obs[3] == 3 && lanes.last_obs[3] == 3); /* no reset */
	must_step(&lanes, (int32_t[]){0, 0});
	ck_assert(lanes.flags[1] == 0 && lanes.reward[1] == 0);
	ck_assert_uint_eq(lanes.steps, 3);
	ck_assert_uint_eq(log.count, 1);

	/* the same stream gives the same episode, in any lane; a parked lane is skipped */
	ck_assert_int_eq(bern_lanes_start(&lanes, 0, &stream, &e), BERN_OK);
	ck_assert_int_eq(bern_lanes_start(&lanes, 1, &stream, &e), BERN_OK);
	must_step(&lanes, (int32_t[]){1, 1});
	ck_assert(lanes.reward[0] == lanes.reward[1] && lanes.reward[0] != 0);
	bern_lanes_park(&lanes, 1);
	must_step(&lanes, (int32_t[]){1, 1});
	must_step(&lanes, (int32_t[]){1, 1});
	ck_assert_uint_eq(log.count, 2);
	ck_assert_uint_eq(log.episodes[0].index, 0);
	ck_assert_uint_eq(log.episodes[1].lane, 0);
	ck_assert_uint_eq(log.episodes[1].index, 0);
	ck_assert_uint_eq(log.episodes[1].length, 3);
	bern_lanes_finish(&lanes);
	bern_world_finish(&world);
}
END_TEST

/* ---- saving ---------------------------------------------------------------------------------------------------- */

typedef struct seen {
	float obs[500][3 * 9];
	double reward[500][3];
	uint32_t flags[500][3];
	uint8_t mask[500][3 * 3];
	double total[1500]; /* of each ended episode */
	uint64_t index[1500], length[1500];
	size_t ended;
} seen;

static void see_episode(void *user, const bern_episode *episode)
{
	seen *out = user;
	out->total[out->ended] = episode->total;
	out->length[out->ended] = episode->length;
	out->index[out->ended++] = episode->index;
}

/* Steps on, choosing actions by step, lane and mask; `out` may be NULL. */
static void go_on(bern_lanes *lanes, size_t from, size_t steps, seen *out)
{
	const size_t O = lanes->world->observation_floats;
	lanes->on_episode = out ? see_episode : NULL;
	lanes->user = out;
	for (size_t t = 0; t < steps; t++) {
		int32_t actions[3];
		for (size_t b = 0; b < 3; b++)
			actions[b] = lanes->mask ? lanes->mask[3 * b + 1]
						 : some_action(from + t, b);
		must_step(lanes, actions);
		if (!out)
			continue;
		memcpy(out->obs[t], lanes->obs, 3 * O * sizeof(float));
		memcpy(out->reward[t], lanes->reward, sizeof out->reward[0]);
		memcpy(out->flags[t], lanes->flags, sizeof out->flags[0]);
		if (lanes->mask)
			memcpy(out->mask[t], lanes->mask, sizeof out->mask[0]);
	}
}

static void copy_out(const bern_tensors *list, unsigned char *bytes)
{
	for (size_t i = 0; i < list->count; i++) {
		memcpy(bytes, list->items[i].data, bern_tensor_size(&list->items[i]));
		bytes += bern_tensor_size(&list->items[i]);
	}
}

static void copy_in(const bern_tensors *list, const unsigned char *bytes)
{
	for (size_t i = 0; i < list->count; i++) {
		memcpy(list->items[i].data, bytes, bern_tensor_size(&list->items[i]));
		bytes += bern_tensor_size(&list->items[i]);
	}
}

/* _i: kind of observation, then the masked and the attached environment */
START_TEST(a_restored_run_goes_on_bit_for_bit)
{
	const bern_env *env = _i < 5 ? &plain : _i == 5 ? &masked : &behind;
	const bern_setting settings[] = {{"view", view_names[_i < 5 ? _i : 0]},
					 {"random", "1"},
					 {"max_steps", "20"},
					 {NULL, NULL}};
	bern_world world = open_env(env, settings);
	bern_error e;
	seen *first = calloc(1, sizeof *first), *second = calloc(1, sizeof *second);
	unsigned char *bytes = malloc(1 << 16);

	bern_lanes lanes = lanes_of(&world, 3, 6);
	bern_tensors list = {0};
	ck_assert_msg(bern_lanes_tensors(&lanes, &list, &e) == BERN_OK, "%s", e.text);
	go_on(&lanes, 0, 137, NULL);
	ck_assert_int_eq(bern_lanes_before_save(&lanes, &e), BERN_OK);
	copy_out(&list, bytes);
	uint64_t steps = lanes.steps;
	go_on(&lanes, 137, 500, first);

	/* back in the same lanes */
	copy_in(&list, bytes);
	ck_assert_int_eq(bern_lanes_after_load(&lanes, &e), BERN_OK);
	ck_assert_uint_eq(lanes.steps, steps);
	go_on(&lanes, 137, 500, second);
	ck_assert_mem_eq(first, second, sizeof *first);
	ck_assert_uint_gt(first->ended, 50);

	/* in other lanes that have seen other things */
	bern_lanes other = lanes_of(&world, 3, 6);
	bern_tensors other_list = {0};
	go_on(&other, 5, 31, NULL);
	ck_assert_int_eq(bern_lanes_tensors(&other, &other_list, &e), BERN_OK);
	copy_in(&other_list, bytes);
	ck_assert_int_eq(bern_lanes_after_load(&other, &e), BERN_OK);
	memset(second, 0, sizeof *second);
	go_on(&other, 137, 500, second);
	ck_assert_mem_eq(first, second, sizeof *first);
	ck_assert_uint_eq(other.steps, steps + 1500);

	bern_tensors_finish(&list);
	bern_tensors_finish(&other_list);
	bern_lanes_finish(&lanes);
	bern_lanes_finish(&other);
	bern_world_finish(&world);
	free(first);
	free(second);
	free(bytes);
	ck_assert_int_eq(attached, 0);
}
END_TEST

/* _i: kind of observation, then the masked and the attached environment */
START_TEST(a_clone_does_what_the_original_does)
{
	const bern_env *env = _i < 5 ? &plain : _i == 5 ? &masked : &behind;
	const bern_setting settings[] = {{"view", view_names[_i < 5 ? _i : 0]},
					 {"random", "1"},
					 {"max_steps", "20"},
					 {NULL, NULL}};
	bern_world world = open_env(env, settings);
	const size_t O = world.observation_floats;
	bern_error e;
	bern_lanes lanes = lanes_of(&world, 3, 6), clones = lanes_of(&world, 3, 9);
	bern_lanes_set_manual(&clones);
	go_on(&lanes, 0, 43, NULL);
	go_on(&clones, 0, 6, NULL);
	/* lanes 0, 1, 2 into places 2, 0, 1 */
	for (size_t b = 0; b < 3; b++) {
		ck_assert_int_eq(bern_lanes_clone(&clones, (b + 2) % 3, &lanes, b, &e), BERN_OK);
		ck_assert_int_eq(clones.index[(b + 2) % 3], lanes.index[b]);
	}
	uint8_t over[3] = {0};
	for (size_t t = 0; t < 20; t++) {
		int32_t actions[3], turned[3];
		for (size_t b = 0; b < 3; b++)
			turned[(b + 2) % 3] = actions[b] = lanes.mask ? lanes.mask[3 * b + 1]
								      : some_action(t, b);
		/* what the originals do after the end of an episode is none of the clones' */
		must_step(&lanes, actions);
		must_step(&clones, turned);
		for (size_t b = 0; b < 3; b++) {
			size_t c = (b + 2) % 3;
			if (over[b]) {
				ck_assert(!bern_lanes_running(&clones, c));
				continue;
			}
			over[b] = lanes.flags[b] != 0;
			ck_assert_double_eq(clones.reward[c], lanes.reward[b]);
			ck_assert_uint_eq(clones.flags[c], lanes.flags[b]);
			ck_assert_mem_eq(clones.obs + c * O,
					 (over[b] ? lanes.last_obs : lanes.obs) + b * O,
					 O * sizeof(float));
		}
	}
	ck_assert_int_eq(over[0] + over[1] + over[2], 3);
	bern_lanes_finish(&lanes);
	bern_lanes_finish(&clones);
	bern_world_finish(&world);
	ck_assert_int_eq(attached, 0);
}
END_TEST

START_TEST(a_clone_with_a_stream_of_its_own_meets_other_noise)
{
	bern_world world = open_env(&plain, WITH({"random", "1"}));
	bern_error e;
	bern_lanes lanes = lanes_of(&world, 1, 6), clone = lanes_of(&world, 1, 6);
	int32_t action = 0;
	ck_assert_int_eq(bern_lanes_clone(&clone, 0, &lanes, 0, &e), BERN_OK);
	bern_rng_stream(bern_lanes_stream(&clone, 0), 77, (bern_stream_key){.purpose = 1});
	must_step(&lanes, &action);
	must_step(&clone, &action);
	ck_assert_mem_ne(lanes.obs, clone.obs, world.observation_floats * sizeof(float));
	bern_lanes_finish(&lanes);
	bern_lanes_finish(&clone);
	bern_world_finish(&world);
}
END_TEST

START_TEST(an_attached_environment_steps_as_the_plain_one)
{
	bern_world a = open_env(&plain, WITH({"random", "1"})),
		   b = open_env(&behind, WITH({"random", "1"}));
	bern_lanes x = lanes_of(&a, 3, 2), y = lanes_of(&b, 3, 2);
	ck_assert_int_eq(attached, 3);
	for (size_t t = 0; t < 100; t++) {
		int32_t actions[3] = {some_action(t, 0), some_action(t, 1), some_action(t, 2)};
		must_step(&x, actions);
		must_step(&y, actions);
		ck_assert_mem_eq(x.obs, y.obs, 6 * sizeof(float));
	}
	bern_lanes_finish(&x);
	bern_lanes_finish(&y);
	ck_assert_int_eq(attached, 0);
	bern_world_finish(&a);
	bern_world_finish(&b);
}
END_TEST

START_TEST(attach_save_and_load_fail_with_their_own_words)
{
	bern_error e;
	bern_lanes lanes;
	bern_tensors list = {0};
	bern_world world = open_env(&behind, WITH({"stuck", "3"}));
	ck_assert_int_eq(bern_lanes_init(&lanes, &world, 4, 1, 1, 0, &e), BERN_EENV);
	ck_assert_str_eq(e.text, "Held-v0: lane 2: the licence server says no");
	ck_assert_int_eq(attached, 0);
	bern_world_finish(&world);

	world = open_env(&behind, WITH({"flags", "2"}));
	lanes = lanes_of(&world, 1, 1);
	ck_assert_int_eq(bern_lanes_tensors(&lanes, &list, &e), BERN_OK);
	((held *)bern_lanes_state(&lanes, 0))->handle->t = 2;
	ck_assert_int_eq(bern_lanes_before_save(&lanes, &e), BERN_EENV);
	ck_assert_str_eq(
		e.text,
		"Held-v0: lane 0: its save takes 25 bytes and took 24 before, allowed is one size");
	((held *)bern_lanes_state(&lanes, 0))->handle->t = -1;
	ck_assert_int_eq(bern_lanes_before_save(&lanes, &e), BERN_OK);
	ck_assert_int_eq(bern_lanes_after_load(&lanes, &e), BERN_EENV);
	ck_assert_str_eq(e.text, "Held-v0: lane 0: that is no saved state");
	bern_tensors_finish(&list);
	bern_lanes_finish(&lanes);
	bern_world_finish(&world);
}
END_TEST

START_TEST(a_loaded_index_outside_its_space_is_refused)
{
	bern_error e;
	bern_world world = open_env(&plain, WITH({"view", "2"}));
	bern_lanes lanes = lanes_of(&world, 2, 1);
	lanes.index[1] = 4;
	ck_assert_int_eq(bern_lanes_after_load(&lanes, &e), BERN_EFORMAT);
	ck_assert_str_eq(e.text, "Probe-v0: lane 1: the saved observation is 4, outside [0, 3]");
	bern_lanes_finish(&lanes);
	bern_world_finish(&world);
}
END_TEST

/* ---- memory ---------------------------------------------------------------------------------------------------- */

static size_t allocations;
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size)
{
	allocations++;
	return __real_malloc(size);
}
void *__wrap_calloc(size_t count, size_t size)
{
	allocations++;
	return __real_calloc(count, size);
}
void *__wrap_realloc(void *old, size_t size)
{
	allocations++;
	return __real_realloc(old, size);
}

START_TEST(a_step_allocates_nothing)
{
	bern_world world = open_env(&masked, WITH({"random", "1"}));
	bern_lanes lanes = lanes_of(&world, 8, 1);
	bern_error e;
	int32_t actions[8] = {0};
	int32_t rc = BERN_OK;
	ck_assert_uint_gt(allocations, 0); /* they are counted */
	size_t before = allocations;
	for (size_t t = 0; t < 200; t++)
		rc |= bern_lanes_step(&lanes, actions, &e);
	size_t after = allocations;
	ck_assert_int_eq(rc, BERN_OK);
	ck_assert_uint_eq(after, before);
	bern_lanes_finish(&lanes);
	bern_world_finish(&world);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("lanes");
	TCase *t = tcase_create("steps");
	tcase_add_test(t, a_lane_is_a_plain_loop_with_a_stream_for_each_episode);
	tcase_add_test(t, lanes_do_not_depend_on_how_many_there_are);
	tcase_add_test(t, purpose_agent_and_seed_each_change_the_stream);
	tcase_add_test(t, termination_and_truncation_are_told_apart);
	tcase_add_test(t, each_ended_episode_is_reported_once_in_lane_order);
	tcase_add_loop_test(t, rows_are_what_bern_encode_says, 0, 5);
	tcase_add_test(t, actions_arrive_as_their_space_says);
	tcase_add_test(t, a_step_allocates_nothing);
	suite_add_tcase(s, t);
	t = tcase_create("errors");
	tcase_add_test(t, a_broken_environment_is_named_with_its_place);
	tcase_add_test(t, a_bad_action_moves_no_lane);
	tcase_add_test(t, bad_box_actions_are_refused);
	tcase_add_test(t, the_mask_is_of_now_and_binds);
	tcase_add_test(t, misuse_is_refused);
	suite_add_tcase(s, t);
	t = tcase_create("chosen episodes and saving");
	tcase_add_test(t, manual_lanes_play_the_given_stream_and_stop);
	tcase_add_loop_test(t, a_restored_run_goes_on_bit_for_bit, 0, 7);
	tcase_add_loop_test(t, a_clone_does_what_the_original_does, 0, 7);
	tcase_add_test(t, a_clone_with_a_stream_of_its_own_meets_other_noise);
	tcase_add_test(t, an_attached_environment_steps_as_the_plain_one);
	tcase_add_test(t, attach_save_and_load_fail_with_their_own_words);
	tcase_add_test(t, a_loaded_index_outside_its_space_is_refused);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
