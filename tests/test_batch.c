/* Batches: 16 lanes at a time give the bits of one at a time, wherever the lanes come from and whatever ends; what a batch must
 * not do is found. */
#include "../core/tiles.h"

#include <bern/batch.h>
#include <bern/builtin.h>
#include <bern/conformance.h>
#include <bern/lanes.h>
#include <bern/math.h>
#include <bern/rng.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- an environment with a bit of everything ------------------------------------------------------- */

enum sees { SEES_FLOATS, SEES_BYTES, SEES_CELL, SEES_BITS, SEES_KINDS };
enum does { DOES_CHOOSE, DOES_BITS, DOES_REAL, DOES_BYTES, DOES_KINDS };
enum sin {
	NONE,
	ADDS_IN_ANOTHER_ORDER, /* the last bit of a sum */
	FORGETS_TO_DRAW,
	RESETS_A_NEIGHBOUR,
	LEAVES_OUT_A_METRIC,
	WRITES_PAST_ITS_TILES,
	MIXES_LANES,
	KEEPS_A_FIELD,
	FLAGS_OTHERWISE,
	SIN_COUNT
};
static enum sin the_sin;
static int sees, does;
/* what goes wrong, and in which lane: the one whose mark is this */
enum trouble { NO_TROUBLE, BREAKS, ODD_FLAG, PAYS_NAN, SEES_OUTSIDE };
static enum trouble trouble;

typedef struct state {
	double x, sum[2];
	uint8_t hidden; /* in no gap: what follows is not aligned in a tile unless the layout is right */
	int32_t t;
	float last;
	uint8_t mark[3];
} state;

static const bern_field fields[] = {
	{"x", BERN_F64, 1, offsetof(state, x)},     {"hidden", BERN_U8, 1, offsetof(state, hidden)},
	{"sum", BERN_F64, 2, offsetof(state, sum)}, {"mark", BERN_U8, 3, offsetof(state, mark)},
	{"t", BERN_I32, 1, offsetof(state, t)},     {"last", BERN_F32, 1, offsetof(state, last)},
};

typedef struct tile {
	double x[16];
	uint8_t hidden[16];
	double sum[2][16];
	uint8_t mark[3][16];
	int32_t t[16];
	float last[16];
} tile;

static const char *const metrics[] = {"x", "t"};

static int32_t walk_open(const bern_value *values, bern_instance *out, char *err, size_t err_size)
{
	static const int32_t three[] = {3}, cells[] = {8};
	static const float low[] = {-1, -1, -1}, high[] = {1, 1, 1};
	static const float zero[] = {0, 0, 0}, much[] = {255, 255, 255};
	(void)values, (void)err, (void)err_size;
	out->state_size = sizeof(state);
	out->max_steps = 40;
	out->observation.count = 2;
	switch (sees) {
	case SEES_FLOATS:
		out->observation.kind = BERN_BOX;
		out->observation.low = low;
		out->observation.high = high;
		break;
	case SEES_BYTES:
		out->observation.kind = BERN_BOX;
		out->observation.dtype = BERN_UINT8;
		out->observation.low = zero;
		out->observation.high = much;
		break;
	case SEES_CELL:
		out->observation.kind = BERN_DISCRETE;
		out->observation.count = 1;
		out->observation.sizes = cells;
		break;
	default:
		out->observation.kind = BERN_MULTI_BINARY;
	}
	out->action.count = 3;
	out->action.low = does == DOES_BYTES ? zero : low;
	out->action.high = does == DOES_BYTES ? much : high;
	if (does == DOES_CHOOSE) {
		out->action.kind = BERN_DISCRETE;
		out->action.count = 1;
		out->action.sizes = three;
	} else if (does == DOES_BITS) {
		out->action.kind = BERN_MULTI_BINARY;
	} else {
		out->action.kind = BERN_BOX;
		out->action.dtype = does == DOES_BYTES ? BERN_UINT8 : BERN_FLOAT32;
	}
	return 0;
}

static void walk_reset(const void *model, void *block, struct bern_rng *rng)
{
	state *s = block;
	(void)model;
	memset(s, 0, sizeof *s);
	s->x = bern_rng_range(rng, -0.5, 0.5);
	s->hidden = (uint8_t)bern_rng_below(rng, 50);
	s->mark[0] = (uint8_t)bern_rng_below(rng, 200);
}

/* How far an action goes; element i of `stride` apart. */
static double push(const void *action, size_t stride)
{
	if (does == DOES_CHOOSE)
		return 0.1 * (*(const int32_t *)action - 1);
	if (does == DOES_REAL)
		return 0.1 * (double)(((const float *)action)[0] + ((const float *)action)[stride] -
				      ((const float *)action)[2 * stride]);
	const uint8_t *bytes = action;
	return (does == DOES_BITS ? 0.1 : 0.001) * (bytes[0] + bytes[stride] - bytes[2 * stride]);
}

static void trouble_at(int32_t t, uint8_t mark, double *reward, uint32_t *flags, double *x)
{
	if (t != 7 || mark % 10 != 3)
		return;
	*flags |= trouble == BREAKS ? BERN_FAULT : trouble == ODD_FLAG ? 64 : 0;
	*reward = trouble == PAYS_NAN ? (double)NAN : *reward;
	*x = trouble == SEES_OUTSIDE ? 9 : *x;
}

static uint32_t flags_of(double x, int32_t t, uint8_t hidden)
{
	return (x > 0.9 || x < -0.9 ? BERN_TERMINATED : 0u) |
	       (t == 5 + hidden ? BERN_TRUNCATED : 0u);
}

static void walk_step(const void *model, void *block, struct bern_rng *rng, const void *action,
		      bern_outcome *out)
{
	state *s = block;
	(void)model;
	double go = push(action, 1), noise = bern_rng_range(rng, -0.1, 0.1);
	s->x += go + noise;
	s->sum[0] += s->x;
	s->sum[1] += s->sum[0] * 0.1;
	s->t++;
	s->last = (float)go;
	s->mark[1] = (uint8_t)(s->mark[1] + s->mark[0]);
	out->reward = s->x * go + 0.1;
	out->flags = flags_of(s->x, s->t, s->hidden);
	s->x = s->x > 1 ? 1 : s->x < -1 ? -1 : s->x;
	trouble_at(s->t, s->mark[0], &out->reward, &out->flags, &s->x);
}

static void see(double x, uint8_t mark, void *observation, size_t stride)
{
	uint8_t *bytes = observation;
	if (sees == SEES_FLOATS) {
		((float *)observation)[0] = (float)x;
		((float *)observation)[stride] = (float)mark / 255;
	} else if (sees == SEES_CELL) {
		*(int32_t *)observation = (int32_t)((x + 1) * 3.9);
	} else {
		bytes[0] = sees == SEES_BYTES ? (uint8_t)((x + 1) * 100) : x > 0;
		bytes[stride] = sees == SEES_BYTES ? mark : mark & 1;
	}
}

static void walk_observe(const void *model, const void *block, void *observation)
{
	const state *s = block;
	(void)model;
	see(s->x, s->mark[1], observation, 1);
}

static void walk_metrics(const void *model, const void *block, double *out)
{
	(void)model;
	out[0] = ((const state *)block)->x;
	out[1] = ((const state *)block)->t;
}

static void *column(void *observation, size_t t, size_t i)
{
	size_t size = sees == SEES_FLOATS || sees == SEES_CELL ? 4 : 1;
	size_t count = sees == SEES_CELL ? 1 : 2;
	return (uint8_t *)observation + (t * count * 16 + i) * size;
}

static void step_tiles(const void *model, const bern_tiles *tiles)
{
	const size_t size = does == DOES_CHOOSE || does == DOES_REAL ? 4 : 1;
	const size_t count = does == DOES_CHOOSE ? 1 : 3;
	(void)model;
	for (size_t t = 0; t < tiles->count; t++) {
		tile *s = (tile *)tiles->state + t;
		for (size_t i = 0; i < 16; i++) {
			size_t b = 16 * t + i;
			double noise = bern_rng_range(&tiles->rng[b], -0.1, 0.1);
			double go = push(
				(const uint8_t *)tiles->action + (t * count * 16 + i) * size, 16);
			uint32_t flags;
			if (the_sin == ADDS_IN_ANOTHER_ORDER)
				s->x[i] = (s->x[i] + go) + noise;
			else
				s->x[i] += go + noise;
			s->sum[0][i] += s->x[the_sin == MIXES_LANES ? i ^ 1 : i];
			s->sum[1][i] += s->sum[0][i] * 0.1;
			s->t[i]++;
			s->last[i] = (float)go;
			s->mark[1][i] = (uint8_t)(s->mark[1][i] + s->mark[0][i]);
			tiles->reward[b] = s->x[i] * go + 0.1;
			flags = flags_of(s->x[i], s->t[i], s->hidden[i]);
			s->x[i] = s->x[i] > 1 ? 1 : s->x[i] < -1 ? -1 : s->x[i];
			trouble_at(s->t[i], s->mark[0][i], &tiles->reward[b], &flags, &s->x[i]);
			if (the_sin == FLAGS_OTHERWISE && flags == BERN_TRUNCATED)
				flags = BERN_TERMINATED;
			if (the_sin == FORGETS_TO_DRAW && i == 11)
				bern_rng_u64(&tiles->rng[b]);
			tiles->flags[b] = flags;
			see(s->x[i], s->mark[1][i], column(tiles->observation, t, i), 16);
			tiles->metrics[32 * t + i] = s->x[i];
			if (the_sin != LEAVES_OUT_A_METRIC)
				tiles->metrics[32 * t + 16 + i] = s->t[i];
		}
	}
	if (the_sin == WRITES_PAST_ITS_TILES)
		tiles->flags[16 * tiles->count] = 0;
}

static void reset_tiles(const void *model, const bern_tiles *tiles)
{
	for (size_t t = 0; t < tiles->count; t++)
		for (uint32_t left = tiles->begin[t]; left; left &= left - 1) {
			size_t i = (size_t)bern_lowest_lane(left);
			tile *s = (tile *)tiles->state + t;
			state start;
			walk_reset(model, &start, &tiles->rng[16 * t + i]);
			s->x[i] = start.x;
			s->hidden[i] = start.hidden;
			s->sum[0][i] = 0;
			if (the_sin != KEEPS_A_FIELD)
				s->sum[1][i] = 0;
			s->t[i] = 0;
			s->last[i] = 0;
			s->mark[0][i] = start.mark[0];
			s->mark[1][i] = s->mark[2][i] = 0;
			see(start.x, 0, column(tiles->observation, t, i), 16);
			if (the_sin == RESETS_A_NEIGHBOUR)
				s->t[i ^ 1] = 0;
		}
}

static const bern_batch only = {sizeof(bern_batch), 0, NULL, step_tiles, reset_tiles};
static const bern_batch *const batches[] = {&only};

static const bern_env walk = {.abi = BERN_ENV_ABI,
			      .struct_size = sizeof(bern_env),
			      .id = "Walk-v0",
			      .summary = "",
			      .source = "",
			      .fields = fields,
			      .field_count = sizeof fields / sizeof fields[0],
			      .metrics = metrics,
			      .metric_count = 2,
			      .open = walk_open,
			      .reset = walk_reset,
			      .step = walk_step,
			      .observe = walk_observe,
			      .read_metrics = walk_metrics,
			      .batches = batches,
			      .batch_count = 1};

static void setup(void)
{
	unsetenv("BERN_CPU");
	the_sin = NONE;
	trouble = NO_TROUBLE;
	sees = SEES_FLOATS;
	does = DOES_CHOOSE;
}

/* ---- two sets of lanes, one without the batch ------------------------------------------------------ */

/* three tiles with a rest, and more than are stepped by one call */
static const size_t lane_counts[] = {16, 53, 137};

typedef struct pair {
	bern_world worlds[2];
	bern_lanes lanes[2];
	char log[2][1 << 18]; /* episodes */
	bern_rng choice;
	void *actions;
	bern_error e[2];
} pair;

static size_t metric_count; /* of the environment that is played */

static void note_episode(void *user, const bern_episode *episode)
{
	char *log = user;
	size_t used = strlen(log);
	if (used > (1 << 18) - 200)
		return;
	used += (size_t)snprintf(log + used, 120, "%zu %llu %llu %a %u", episode->lane,
				 (unsigned long long)episode->index,
				 (unsigned long long)episode->length, episode->total,
				 episode->flags);
	for (size_t i = 0; i < metric_count && i < 2; i++)
		used += (size_t)snprintf(log + used, 30, " %a", episode->metrics[i]);
	snprintf(log + used, 2, "\n");
}

static pair *pair_create(const bern_env *env, size_t count)
{
	pair *p = calloc(1, sizeof *p);
	metric_count = env->metric_count;
	for (int k = 0; k < 2; k++) {
		ck_assert_msg(!bern_world_open(&p->worlds[k], env, NULL, 0, &p->e[k]), "%s",
			      p->e[k].text);
		if (k)
			p->worlds[k].batch = NULL;
		ck_assert_msg(!bern_lanes_init(&p->lanes[k], &p->worlds[k], count, 5,
					       BERN_FOR_ENVIRONMENT, 0, &p->e[k]),
			      "%s", p->e[k].text);
		p->lanes[k].on_episode = note_episode;
		p->lanes[k].user = p->log[k];
		ck_assert_int_eq(bern_lanes_reset(&p->lanes[k], &p->e[k]), 0);
	}
	ck_assert_ptr_nonnull(p->worlds[0].batch);
	p->actions = calloc(count * p->worlds[0].action_count, 4);
	bern_rng_seed(&p->choice, count);
	return p;
}

static void pair_destroy(pair *p)
{
	for (int k = 0; k < 2; k++) {
		bern_lanes_finish(&p->lanes[k]);
		bern_world_finish(&p->worlds[k]);
	}
	free(p->actions);
	free(p);
}

static void choose(pair *p)
{
	const bern_space *s = &p->worlds[0].instance.action;
	for (size_t i = 0; i < p->lanes[0].count * s->count; i++) {
		double low = s->low ? (double)s->low[i % s->count] : -1;
		double high = s->high ? (double)s->high[i % s->count] : 1;
		if (s->kind == BERN_BOX && s->dtype == BERN_UINT8)
			((float *)p->actions)[i] = (float)bern_rng_below(&p->choice, 256);
		else if (s->kind == BERN_BOX)
			((float *)p->actions)[i] = (float)bern_rng_range(&p->choice, low, high);
		else
			((int32_t *)p->actions)[i] = (int32_t)bern_rng_below(
				&p->choice, s->kind == BERN_DISCRETE ? (uint64_t)s->sizes[0] : 2);
	}
}

static void pair_step(pair *p, int32_t rc[2])
{
	choose(p);
	for (int k = 0; k < 2; k++)
		rc[k] = p->worlds[0].instance.action.kind == BERN_BOX
				? bern_lanes_step_box(&p->lanes[k], p->actions, &p->e[k])
				: bern_lanes_step(&p->lanes[k], p->actions, &p->e[k]);
}

static void same(const pair *p, size_t t)
{
	const bern_lanes *a = &p->lanes[0], *b = &p->lanes[1];
	const bern_world *world = &p->worlds[0];
	const size_t B = a->count, O = world->observation_floats, M = world->env->metric_count;
	ck_assert_msg(!memcmp(a->obs, b->obs, B * O * sizeof *a->obs), "obs, step %zu", t);
	ck_assert_mem_eq(a->index, b->index, B * sizeof *a->index);
	ck_assert_mem_eq(a->reward, b->reward, B * sizeof *a->reward);
	ck_assert_mem_eq(a->flags, b->flags, B * sizeof *a->flags);
	if (M)
		ck_assert_mem_eq(a->metrics, b->metrics, B * M * sizeof *a->metrics);
	ck_assert_uint_eq(a->steps, b->steps);
	int other = 0;
	for (size_t i = 0; i < B; i++) {
		if (a->flags[i])
			other |= memcmp(a->last_obs + i * O, b->last_obs + i * O,
					O * sizeof *a->obs) ||
				 a->last_index[i] != b->last_index[i];
		other |= memcmp(bern_lanes_stream(a, i), bern_lanes_stream(b, i), sizeof(bern_rng));
		const unsigned char *s = bern_lanes_state(a, i), *r = bern_lanes_state(b, i);
		for (uint32_t f = 0; f < world->env->field_count; f++)
			other |= memcmp(s + world->env->fields[f].offset,
					r + world->env->fields[f].offset,
					bern_field_size(&world->env->fields[f]) *
						world->env->fields[f].count);
		ck_assert_msg(!other, "step %zu, lane %zu", t, i);
	}
	size_t at = 0;
	while (p->log[0][at] && p->log[0][at] == p->log[1][at])
		at++;
	ck_assert_msg(p->log[0][at] == p->log[1][at], "%s, step %zu: %.60s is not %.60s",
		      world->env->id, t, p->log[0] + (at < 60 ? 0 : at - 60),
		      p->log[1] + (at < 60 ? 0 : at - 60));
}

START_TEST(lanes_do_not_notice_the_batch)
{
	sees = _i % SEES_KINDS;
	does = _i / SEES_KINDS;
	for (size_t n = 0; n < sizeof lane_counts / sizeof lane_counts[0]; n++) {
		int32_t rc[2];
		pair *p = pair_create(&walk, lane_counts[n]);
		for (size_t t = 0; t < 90; t++) {
			pair_step(p, rc);
			ck_assert_msg(!rc[0] && !rc[1], "%s %s", p->e[0].text, p->e[1].text);
			same(p, t);
		}
		ck_assert_uint_gt(strlen(p->log[0]), 1000);
		pair_destroy(p);
	}
}
END_TEST

START_TEST(lanes_may_rest_and_start_and_be_cloned_within_tiles)
{
	int32_t rc[2];
	pair *p = pair_create(&walk, 53);
	for (size_t t = 0; t < 200; t++) {
		bern_rng stream;
		bern_rng_seed(&stream, t);
		for (int k = 0; k < 2; k++) {
			if (t % 20 == 5)
				bern_lanes_park(&p->lanes[k], 17 + t % 3);
			if (t % 20 == 12)
				ck_assert_int_eq(bern_lanes_start(&p->lanes[k], 17 + t % 3, &stream,
								  &p->e[k]),
						 0);
			if (t % 7 == 3)
				ck_assert_int_eq(bern_lanes_clone(&p->lanes[k], t % 53,
								  &p->lanes[k], t * 5 % 53,
								  &p->e[k]),
						 0);
		}
		pair_step(p, rc);
		ck_assert(!rc[0] && !rc[1]);
		same(p, t);
	}
	for (int k = 0; k < 2; k++)
		bern_lanes_set_manual(&p->lanes[k]);
	for (size_t t = 0; t < 60; t++) {
		pair_step(p, rc);
		ck_assert(!rc[0] && !rc[1]);
		same(p, t);
	}
	pair_destroy(p);
}
END_TEST

START_TEST(what_is_wrong_is_told_alike)
{
	trouble = (enum trouble)_i;
	int32_t rc[2] = {0, 0};
	pair *p = pair_create(&walk, 53);
	for (size_t t = 0; t < 400 && !rc[0] && !rc[1]; t++)
		pair_step(p, rc);
	ck_assert_int_ne(rc[0], 0);
	ck_assert_int_eq(rc[0], rc[1]);
	ck_assert_str_eq(p->e[0].text, p->e[1].text);
	pair_destroy(p);
}
END_TEST

START_TEST(saved_lanes_go_on_alike)
{
	int32_t rc[2];
	pair *p = pair_create(&walk, 53);
	bern_tensors lists[2] = {{0}, {0}};
	for (size_t t = 0; t < 60; t++)
		pair_step(p, rc);
	for (int k = 0; k < 2; k++) {
		ck_assert_int_eq(bern_lanes_tensors(&p->lanes[k], &lists[k], &p->e[k]), 0);
		ck_assert_int_eq(bern_lanes_before_save(&p->lanes[k], &p->e[k]), 0);
	}
	/* from those without the batch to those with it, which have gone on in the meantime */
	for (size_t i = 0; i < lists[0].count; i++)
		ck_assert_str_eq(lists[0].items[i].name, lists[1].items[i].name);
	unsigned char *bytes[64];
	for (size_t i = 0; i < lists[1].count; i++) {
		size_t size = bern_tensor_size(&lists[1].items[i]);
		bytes[i] = malloc(size);
		memcpy(bytes[i], lists[1].items[i].data, size);
	}
	for (int t = 0; t < 9; t++)
		ck_assert_int_eq(bern_lanes_step(&p->lanes[0], p->actions, &p->e[0]), 0);
	for (size_t i = 0; i < lists[0].count; i++) {
		memcpy(lists[0].items[i].data, bytes[i], bern_tensor_size(&lists[0].items[i]));
		free(bytes[i]);
	}
	ck_assert_int_eq(bern_lanes_after_load(&p->lanes[0], &p->e[0]), 0);
	p->log[0][0] = p->log[1][0] = 0;
	for (size_t t = 0; t < 100; t++) {
		pair_step(p, rc);
		same(p, t);
	}
	bern_tensors_finish(&lists[0]);
	bern_tensors_finish(&lists[1]);
	pair_destroy(p);
}
END_TEST

START_TEST(built_in_batches_are_not_noticed_either)
{
	bern_error e;
	bern_registry *registry;
	size_t found = 0;
	ck_assert_int_eq(bern_registry_create(&registry, &e), 0);
	for (size_t i = 0; bern_builtin_plugin(i); i++)
		ck_assert_int_eq(
			bern_registry_adopt(registry, bern_builtin_plugin(i), "built in", &e), 0);
	for (size_t k = 0; k < bern_registry_count(registry); k++) {
		int32_t rc[2];
		const bern_env *env = bern_registry_at(registry, k);
		if (!env->batch_count)
			continue;
		found++;
		pair *p = pair_create(env, 37);
		for (size_t t = 0; t < 700; t++) {
			pair_step(p, rc);
			ck_assert_msg(!rc[0] && !rc[1], "%s %s", p->e[0].text, p->e[1].text);
			same(p, t);
		}
		pair_destroy(p);
	}
	ck_assert_uint_ge(found, 2);
	bern_registry_destroy(registry);
}
END_TEST

/* ---- which batch is taken --------------------------------------------------------------------------- */

START_TEST(the_variable_chooses_the_level)
{
	static const bern_batch future = {sizeof(bern_batch), 0, "neon9", step_tiles, reset_tiles};
	static const bern_batch *const both[] = {&future, &only};
	bern_env env = walk;
	bern_world world;
	bern_error e;
	env.batches = both;
	env.batch_count = 2;
	ck_assert_int_eq(bern_world_open(&world, &env, NULL, 0, &e), 0);
	ck_assert_ptr_eq(world.batch, &only);
	bern_world_finish(&world);
	setenv("BERN_CPU", "reference", 1);
	ck_assert_int_eq(bern_world_open(&world, &env, NULL, 0, &e), 0);
	ck_assert_ptr_null(world.batch);
	bern_world_finish(&world);
	setenv("BERN_CPU", "abacus", 1);
	ck_assert_int_ne(bern_world_open(&world, &env, NULL, 0, &e), 0);
	ck_assert_ptr_nonnull(strstr(e.text, "BERN_CPU: abacus is not one of"));
	unsetenv("BERN_CPU");
	/* none that can run here */
	env.batch_count = 1;
	ck_assert_int_eq(bern_world_open(&world, &env, NULL, 0, &e), 0);
	ck_assert_ptr_null(world.batch);
	bern_world_finish(&world);
}
END_TEST

/* ---- what a batch must not do ------------------------------------------------------------------------ */

static char found[512], told[4096];

static void note(void *user, const char *check, const char *sentence)
{
	(void)user;
	strcat(strcat(found, " "), check);
	strcat(strcat(told, sentence), "\n");
}

START_TEST(each_sin_of_a_batch_is_found)
{
	static const struct {
		const char *checks, *word;
	} expected[] = {
		[NONE] = {"", ""},
		[ADDS_IN_ANOTHER_ORDER] = {" batch",
					   "of the batch for any CPU is not that of step"},
		[FORGETS_TO_DRAW] = {" batch", "lane 11: random stream of the batch"},
		[RESETS_A_NEIGHBOUR] = {" batch", "field t of the batch"},
		[LEAVES_OUT_A_METRIC] = {" batch", "metrics[1] of the batch"},
		[WRITES_PAST_ITS_TILES] = {" buffers", "step of the batch wrote outside the flags"},
		[MIXES_LANES] = {" batch", "field sum[0] of the batch"},
		[KEEPS_A_FIELD] = {" batch", "field sum[1] of the batch for any CPU is not that of "
					     "reset"},
		[FLAGS_OTHERWISE] = {" batch", "flags of the batch"},
	};
	_Static_assert(sizeof expected / sizeof expected[0] == SIN_COUNT, "a sin is missing");
	bern_world world;
	bern_error e;
	size_t failures;
	const bern_conformance_plan plan = {.seed = 3, .report = note};
	the_sin = (enum sin)_i;
	found[0] = told[0] = 0;
	ck_assert_int_eq(bern_world_open(&world, &walk, NULL, 0, &e), 0);
	ck_assert_msg(!bern_conformance(&world, &plan, &failures, &e), "%s", e.text);
	ck_assert_msg(!strcmp(found, expected[_i].checks), "found%s, expected%s: %s", found,
		      expected[_i].checks, told);
	ck_assert_msg(strstr(told, expected[_i].word) != NULL, "%s", told);
	bern_world_finish(&world);
}
END_TEST

/* ---- tables -------------------------------------------------------------------------------------------- */

static void refused(const bern_env *env, const char *sentence)
{
	const bern_env *const envs[] = {env};
	const bern_plugin plugin = {BERN_ENV_ABI, 1, envs};
	bern_registry *registry;
	bern_error e;
	ck_assert_int_eq(bern_registry_create(&registry, &e), 0);
	ck_assert_int_eq(bern_registry_adopt(registry, &plugin, "x.so", &e), BERN_EFORMAT);
	ck_assert_str_eq(e.text, sentence);
	bern_registry_destroy(registry);
}

static void forbid(const void *model, const void *block, uint8_t *allowed)
{
	(void)model, (void)block;
	memset(allowed, 1, 3);
}

START_TEST(bad_tables_are_refused)
{
	bern_env env = walk;
	env.batches = NULL;
	refused(&env, "x.so: Walk-v0: it has 1 batches, but batches is NULL");
	static const bern_batch *const hole[] = {&only, NULL};
	env.batches = hole;
	env.batch_count = 2;
	refused(&env, "x.so: Walk-v0: batch 1 is NULL");
	bern_batch bad = only;
	const bern_batch *const one[] = {&bad};
	env.batches = one;
	env.batch_count = 1;
	bad.struct_size = 16;
	refused(&env, "x.so: Walk-v0: batch 0 has struct_size 16, the least is 32");
	bad = only;
	bad.step = NULL;
	refused(&env, "x.so: Walk-v0: the required function step of batch 0 is NULL");
	bad = only;
	bad.reset = NULL;
	refused(&env, "x.so: Walk-v0: the required function reset of batch 0 is NULL");
	bad = only;
	env.mask = forbid;
	refused(&env, "x.so: Walk-v0: it has batches and a mask, which exclude each other");
	env = walk;
	env.field_count = 0;
	refused(&env, "x.so: Walk-v0: it has batches, which need fields, and no fields");
	env = walk;
	bern_field twice[] = {fields[0], fields[2]};
	twice[1].offset = 4;
	env.fields = twice;
	env.field_count = 2;
	refused(&env, "x.so: Walk-v0: it has batches, and the fields x and sum of its state "
		      "overlap");
	twice[0].offset = 16;
	refused(&env, "x.so: Walk-v0: it has batches, and the fields x and sum of its state "
		      "overlap");
}
END_TEST

START_TEST(tables_of_other_minor_versions_load)
{
	/* from before there were batches; to its very size, so that a sanitizer sees a read beyond it */
	const size_t size = offsetof(bern_env, batches);
	bern_env whole = walk, *old = malloc(size);
	whole.struct_size = (uint32_t)size;
	memcpy(old, &whole, size);
	/* from after: a longer environment with longer batches */
	struct {
		bern_batch batch;
		void *news[2];
	} newer = {only, {NULL, NULL}};
	newer.batch.struct_size = sizeof newer;
	const bern_batch *const list[] = {&newer.batch};
	struct {
		bern_env env;
		void *news[3];
	} longer = {walk, {NULL, &longer, &longer}};
	longer.env.id = "Walk-v1";
	longer.env.struct_size = sizeof longer;
	longer.env.batches = list;
	const bern_env *const envs[] = {old, &longer.env};
	const bern_plugin plugin = {BERN_ENV_ABI, 2, envs};
	bern_registry *registry;
	bern_error e;
	bern_world world;
	ck_assert_int_eq(bern_registry_create(&registry, &e), 0);
	ck_assert_int_eq(bern_registry_adopt(registry, &plugin, "x.so", &e), 0);
	ck_assert_uint_eq(bern_registry_at(registry, 0)->batch_count, 0);
	ck_assert_int_eq(bern_world_open(&world, bern_registry_at(registry, 0), NULL, 0, &e), 0);
	ck_assert_ptr_null(world.batch);
	bern_world_finish(&world);
	ck_assert_int_eq(bern_world_open(&world, bern_registry_at(registry, 1), NULL, 0, &e), 0);
	ck_assert_ptr_eq(world.batch, &newer.batch);
	bern_world_finish(&world);
	bern_registry_destroy(registry);
	free(old);
}
END_TEST

/* ---- what makes it fast ---------------------------------------------------------------------------------- */

START_TEST(streams_of_a_lane_are_those_of_their_keys)
{
	static const uint64_t episodes[] = {0, 1, 2, 77, 1u << 31, (uint64_t)1 << 40, UINT64_MAX};
	for (uint32_t lane = 0; lane < 40; lane += 13)
		for (size_t i = 0; i < sizeof episodes / sizeof episodes[0]; i++) {
			bern_stream_key key = {1, 2, lane, episodes[i]};
			bern_lane_seed seed;
			bern_rng a, b;
			bern_lane_seed_init(&seed, 0x123456789abcdefu, key);
			bern_rng_episode(&a, &seed, episodes[i]);
			bern_rng_stream(&b, 0x123456789abcdefu, key);
			ck_assert_mem_eq(&a, &b, sizeof a);
		}
}
END_TEST

START_TEST(sines_of_small_angles_are_those_of_any)
{
	bern_rng rng;
	bern_rng_seed(&rng, 4);
	for (int i = 0; i < 400000; i++) {
		double x = i < 200000 ? bern_rng_range(&rng, -0.78, 0.78)
				      : bern_double_of_bits(bern_rng_u64(&rng));
		double ends[] = {0.0, -0.0, 0.78, -0.78, 0x1p-1074, -0x1p-1074, 0x1p-1022};
		if (i < 7)
			x = ends[i];
		if (!(bern_abs(x) <= 0.78))
			continue;
		double s, c, sine, cosine;
		bern_sincos_small(x, &s, &c);
		bern_sincos(x, &sine, &cosine);
		ck_assert_msg(bern_bits_of_double(s) == bern_bits_of_double(sine) &&
				      bern_bits_of_double(c) == bern_bits_of_double(cosine),
			      "%a: %a %a, expected %a %a", x, s, c, sine, cosine);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("batch");
	TCase *t = tcase_create("batch");
	tcase_add_checked_fixture(t, setup, NULL);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, lanes_do_not_notice_the_batch, 0, SEES_KINDS * DOES_KINDS);
	tcase_add_test(t, lanes_may_rest_and_start_and_be_cloned_within_tiles);
	tcase_add_loop_test(t, what_is_wrong_is_told_alike, BREAKS, SEES_OUTSIDE + 1);
	tcase_add_test(t, saved_lanes_go_on_alike);
	tcase_add_test(t, built_in_batches_are_not_noticed_either);
	tcase_add_test(t, the_variable_chooses_the_level);
	tcase_add_loop_test(t, each_sin_of_a_batch_is_found, 0, SIN_COUNT);
	tcase_add_test(t, bad_tables_are_refused);
	tcase_add_test(t, tables_of_other_minor_versions_load);
	tcase_add_test(t, streams_of_a_lane_are_those_of_their_keys);
	tcase_add_test(t, sines_of_small_angles_are_those_of_any);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
