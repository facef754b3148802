/* B copies of one environment: stepped, cut, reset, checked. Everything that depends on the kind of space is decided once, at
 * init; a step of a lane is one call of step(), one of observe(), and a few compares. */
#include "lanes_private.h"
#include "tiles.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct bern_lanes_private lanes_private;

_Static_assert(sizeof(bern_rng) == 5 * sizeof(uint64_t), "a stream is saved as five words");

/* ---- what is wrong, and where --------------------------------------------------------------------- */

int32_t bern_lanes_at(const bern_lanes *lanes, size_t b, bern_error *e)
{
	const lanes_private *own = lanes->own;
	return bern_because(e, "%s: lane %zu of seed %llu, episode %llu, step %llu",
			    lanes->world->env->id, b, (unsigned long long)lanes->seed,
			    (unsigned long long)own->episode[b],
			    (unsigned long long)own->length[b]);
}

/* Says what is wrong with a raw observation, element by element: the slow path of a check that has failed. */
static int32_t bad_observation(const bern_lanes *lanes, size_t b, const void *raw, bern_error *e)
{
	const bern_world *world = lanes->world;
	const size_t id = strlen(world->env->id);
	if (bern_encode(world, raw, lanes->obs + b * world->observation_floats, e) == BERN_OK)
		bern_fail(e, BERN_EENV, "its observation is outside its space");
	/* the place names the environment already */
	if (strncmp(e->text, world->env->id, id) == 0 && strncmp(e->text + id, ": ", 2) == 0)
		memmove(e->text, e->text + id + 2, strlen(e->text + id + 2) + 1);
	return bern_lanes_at(lanes, b, e);
}

/* ---- observing ------------------------------------------------------------------------------------ */

/* Branch-free, so that it vectorises. */
int bern_lanes_inside(const float *x, const float *low, const float *high, size_t count)
{
	int bad = 0;
	for (size_t i = 0; i < count; i++)
		bad |= !(x[i] >= low[i]) | !(x[i] <= high[i]);
	return !bad;
}

int32_t bern_lanes_take_observation(bern_lanes *lanes, size_t b, const void *raw, bern_error *e)
{
	lanes_private *own = lanes->own;
	const bern_world *world = lanes->world;
	const bern_space *s = &world->instance.observation;
	const size_t O = world->observation_floats;
	float *obs_b = lanes->obs + b * O;

	if (s->kind == BERN_DISCRETE) {
		int32_t index = *(const int32_t *)raw;
		if ((uint32_t)index >= (uint32_t)s->sizes[0])
			return bad_observation(lanes, b, raw, e);
		/* the rest of the row is zero already */
		obs_b[lanes->index[b]] = 0;
		obs_b[index] = 1;
		lanes->index[b] = index;
		return BERN_OK;
	}
	if (s->kind == BERN_BOX) {
		for (size_t i = 0; s->dtype == BERN_UINT8 && i < O; i++)
			obs_b[i] = ((const uint8_t *)raw)[i];
		return bern_lanes_inside(obs_b, own->low, own->high, O)
			       ? BERN_OK
			       : bad_observation(lanes, b, raw, e);
	}
	return bern_encode(world, raw, obs_b, e) ? bad_observation(lanes, b, raw, e) : BERN_OK;
}

/* Writes the observation of a lane to its row of obs and index. */
static int32_t observe(bern_lanes *lanes, const bern_lanes_scratch *scratch, size_t b,
		       bern_error *e)
{
	const lanes_private *own = lanes->own;
	const bern_world *world = lanes->world;
	const bern_space *s = &world->instance.observation;
	const void *state = own->states + b * world->state_stride;
	void *raw = scratch->raw;
	if (s->kind == BERN_BOX && s->dtype == BERN_FLOAT32)
		raw = lanes->obs + b * world->observation_floats;
	world->env->observe(world->instance.model, state, raw);
	return bern_lanes_take_observation(lanes, b, raw, e);
}

/* Keeps the observation of a lane as the last one of its episode. */
static void keep_last(bern_lanes *lanes, size_t b)
{
	const size_t O = lanes->world->observation_floats;
	float *last_b = lanes->last_obs + b * O;
	if (lanes->world->instance.observation.kind == BERN_DISCRETE) {
		last_b[lanes->last_index[b]] = 0;
		last_b[lanes->index[b]] = 1;
		lanes->last_index[b] = lanes->index[b];
	} else {
		memcpy(last_b, lanes->obs + b * O, O * sizeof *last_b);
	}
}

static int32_t read_mask(bern_lanes *lanes, size_t b, bern_error *e)
{
	const lanes_private *own = lanes->own;
	const bern_world *world = lanes->world;
	uint8_t *mask_b = lanes->mask + b * own->mask_count;
	world->env->mask(world->instance.model, own->states + b * world->state_stride, mask_b);
	uint8_t any = 0;
	for (size_t i = 0; i < own->mask_count; i++)
		any |= mask_b[i];
	if (any == 1)
		return BERN_OK;
	bern_fail(e, BERN_EENV,
		  any ? "its mask holds %d, allowed are 0 and 1" : "its mask allows no action",
		  any);
	return bern_lanes_at(lanes, b, e);
}

/* ---- episodes ------------------------------------------------------------------------------------- */

void bern_lanes_seed(bern_lanes *lanes)
{
	lanes_private *own = lanes->own;
	bern_stream_key key = {.purpose = lanes->purpose, .agent = lanes->agent};
	/* whoever resumes a run sets the seed afterwards */
	if (!own->seeded || own->seed != lanes->seed || own->purpose != key.purpose ||
	    own->agent != key.agent) {
		for (; key.lane < lanes->count; key.lane++)
			bern_lane_seed_init(&own->seeds[key.lane], lanes->seed, key);
		own->seeded = 1;
		own->seed = lanes->seed;
		own->purpose = key.purpose;
		own->agent = key.agent;
	}
}

void bern_lanes_draw_stream(bern_lanes *lanes, size_t b)
{
	lanes_private *own = lanes->own;
	bern_rng_episode(&own->streams[b], &own->seeds[b], own->episode[b]);
}

/* Starts an episode from the stream that is already in streams[b]. */
static int32_t begin(bern_lanes *lanes, const bern_lanes_scratch *scratch, size_t b, bern_error *e)
{
	lanes_private *own = lanes->own;
	const bern_world *world = lanes->world;
	own->started[b] = own->running[b] = 1;
	own->length[b] = 0;
	own->total[b] = 0;
	world->env->reset(world->instance.model, own->states + b * world->state_stride,
			  &own->streams[b]);
	bern_lanes_pack(lanes, b);
	int32_t rc = bern_isolate_check(world, e);
	if (rc)
		return bern_lanes_at(lanes, b, e);
	rc = observe(lanes, scratch, b, e);
	return !rc && lanes->mask ? read_mask(lanes, b, e) : rc;
}

/* Starts an episode from the lane's own stream for it. */
static int32_t begin_own(bern_lanes *lanes, const bern_lanes_scratch *scratch, size_t b,
			 bern_error *e)
{
	lanes_private *own = lanes->own;
	bern_lanes_draw_stream(lanes, b);
	int32_t rc = begin(lanes, scratch, b, e);
	if (own->isolated) {
		bern_rng next;
		bern_rng_episode(&next, &own->seeds[b], own->episode[b] + 1);
		bern_isolate_put_next(own->isolated, b, &next);
	}
	return rc;
}

void bern_lanes_report(const bern_lanes *lanes, size_t b, const bern_ended *ended,
		       const double *metrics)
{
	if (!lanes->on_episode)
		return;
	bern_episode episode = {.lane = b,
				.index = ended->index,
				.length = ended->length,
				.total = ended->total,
				.flags = ended->flags,
				.metrics = metrics};
	lanes->on_episode(lanes->user, &episode);
}

void bern_lanes_end_episode(bern_lanes *lanes, const bern_lanes_scratch *scratch, size_t b)
{
	const lanes_private *own = lanes->own;
	const bern_ended ended = {own->episode[b], own->length[b], own->total[b], lanes->flags[b],
				  1};
	keep_last(lanes, b);
	if (scratch->quiet)
		own->ended[b] = ended;
	else
		bern_lanes_report(lanes, b, &ended,
				  lanes->metrics + b * lanes->world->env->metric_count);
}

int32_t bern_lanes_check_outcome(const bern_lanes *lanes, size_t b, double reward, uint32_t flags,
				 bern_error *e)
{
	if (flags & ~(uint32_t)(BERN_TERMINATED | BERN_TRUNCATED))
		bern_fail(e, BERN_EENV,
			  flags & BERN_FAULT ? "the simulation broke (flags %u)"
					     : "its step set unknown flags: %u, allowed are 0 to 7",
			  flags);
	else if (!isfinite(reward))
		bern_fail(e, BERN_EENV, "its reward is %g, not a finite number", reward);
	else
		return BERN_OK;
	return bern_lanes_at(lanes, b, e);
}

/* The step of one lane; its action is known to be inside its space. */
static int32_t step_lane(bern_lanes *lanes, const bern_lanes_scratch *scratch, size_t b,
			 const void *action, bern_error *e)
{
	lanes_private *own = lanes->own;
	const bern_world *world = lanes->world;
	const bern_env *env = world->env;
	void *state = own->states + b * world->state_stride;
	bern_outcome outcome = {0};
	bern_lanes_unpack(lanes, b);
	env->step(world->instance.model, state, &own->streams[b], action, &outcome);
	own->length[b]++;
	bern_lanes_pack(lanes, b);

	int32_t rc = bern_lanes_check_outcome(lanes, b, outcome.reward, outcome.flags, e);
	if (rc)
		return rc;
	own->total[b] += outcome.reward;
	if (world->instance.max_steps && own->length[b] >= world->instance.max_steps)
		outcome.flags |= BERN_TRUNCATED;
	lanes->reward[b] = outcome.reward;
	lanes->flags[b] = outcome.flags;
	if (env->metric_count)
		env->read_metrics(world->instance.model, state,
				  lanes->metrics + b * env->metric_count);
	rc = observe(lanes, scratch, b, e);
	if (rc)
		return rc;
	if (!outcome.flags)
		return lanes->mask ? read_mask(lanes, b, e) : BERN_OK;

	bern_lanes_end_episode(lanes, scratch, b);
	if (own->manual) {
		own->running[b] = 0;
		return BERN_OK;
	}
	own->episode[b]++;
	return begin_own(lanes, scratch, b, e);
}

/* ---- actions -------------------------------------------------------------------------------------- */

static int32_t check_started(const bern_lanes *lanes, bern_error *e)
{
	if (lanes->own->manual || lanes->own->started[0])
		return BERN_OK;
	return bern_fail(e, BERN_EUSAGE, "%s: a step was asked for before the first reset",
			 lanes->world->env->id);
}

/* 1 if each of `count` actions lies in 0 .. n-1. Branch-free, so that it vectorises. */
static int all_below(const int32_t *actions, size_t count, int32_t n)
{
	int bad = 0;
	for (size_t i = 0; i < count; i++)
		bad |= (uint32_t)actions[i] >= (uint32_t)n;
	return !bad;
}

/* Refuses a whole set of actions before any lane moves. */
static int32_t check_actions(const bern_lanes *lanes, const int32_t *actions, size_t first,
			     size_t end, bern_error *e)
{
	const lanes_private *own = lanes->own;
	const bern_space *s = &lanes->world->instance.action;
	const size_t A = lanes->world->action_count;
	if (s->kind != BERN_MULTI_DISCRETE && !lanes->mask &&
	    all_below(actions + first * A, (end - first) * A,
		      s->kind == BERN_DISCRETE ? s->sizes[0] : 2))
		return BERN_OK;
	for (size_t b = first; b < end; b++) {
		if (!own->running[b])
			continue;
		for (size_t i = 0; i < A; i++) {
			int32_t x = actions[b * A + i];
			int32_t n = s->kind == BERN_MULTI_BINARY ? 2 : s->sizes[i];
			if ((uint32_t)x >= (uint32_t)n) {
				bern_fail(e, BERN_EUSAGE, "action[%zu] is %d, outside [0, %d]", i,
					  (int)x, (int)n - 1);
				return bern_lanes_at(lanes, b, e);
			}
		}
		if (lanes->mask && !lanes->mask[b * own->mask_count + (size_t)actions[b]]) {
			bern_fail(e, BERN_EUSAGE, "action %d is not allowed now", (int)actions[b]);
			return bern_lanes_at(lanes, b, e);
		}
	}
	return BERN_OK;
}

static void skip_lane(bern_lanes *lanes, size_t b)
{
	lanes->reward[b] = 0;
	lanes->flags[b] = 0;
}

const void *bern_lanes_raw_action(const bern_lanes *lanes, const void *actions, size_t b,
				  unsigned char *scratch)
{
	const bern_space *s = &lanes->world->instance.action;
	const size_t A = lanes->world->action_count;
	const int32_t *whole_b = (const int32_t *)actions + b * A;
	const float *real_b = (const float *)actions + b * A;
	if (bern_space_element(s) == sizeof *whole_b)
		return whole_b;
	for (size_t i = 0; i < A; i++)
		scratch[i] = s->kind == BERN_BOX ? (unsigned char)real_b[i]
						 : (unsigned char)whole_b[i];
	return scratch;
}

/* Lanes of an isolated world are stepped by one question; stepping them one by one then takes the answers. */
static int32_t step_isolated(bern_lanes *lanes, const void *actions, bern_error *e)
{
	lanes_private *own = lanes->own;
	const uint64_t limit = lanes->world->instance.max_steps;
	size_t at = 0;
	for (size_t b = 0; b < lanes->count; b++)
		if (own->running[b])
			bern_isolate_put(
				own->isolated, b,
				bern_lanes_raw_action(lanes, actions, b, own->scratch.action),
				&own->streams[b], limit && own->length[b] + 1 >= limit);
	if (bern_isolate_step(own->isolated, &at, e) == BERN_OK)
		return BERN_OK;
	own->length[at]++;
	return bern_lanes_at(lanes, at, e);
}

/* Steps the lanes that run from first to end - 1; their actions (B, A), int32 or float, have been checked. Adds to *steps. */
static int32_t step_lanes(bern_lanes *lanes, const bern_lanes_scratch *scratch, size_t first,
			  size_t end, const void *actions, uint64_t *steps, bern_error *e)
{
	const lanes_private *own = lanes->own;
	int32_t rc = BERN_OK;
	for (size_t b = first; !rc && b < end;) {
		size_t tiles = bern_lanes_whole_tiles(lanes, b, end);
		if (tiles) {
			rc = bern_lanes_step_tiles(lanes, scratch, b, tiles, actions, NULL, e);
			b += tiles * BERN_TILE;
			*steps += tiles * BERN_TILE;
			continue;
		}
		if (own->running[b]) {
			++*steps;
			rc = step_lane(lanes, scratch, b,
				       bern_lanes_raw_action(lanes, actions, b, scratch->action),
				       e);
		} else {
			skip_lane(lanes, b);
		}
		b++;
	}
	return rc;
}

static int32_t step_all(bern_lanes *lanes, const void *actions, bern_error *e)
{
	lanes_private *own = lanes->own;
	bern_lanes_seed(lanes);
	int32_t rc = own->isolated ? step_isolated(lanes, actions, e) : BERN_OK;
	return rc ? rc
		  : step_lanes(lanes, &own->scratch, 0, lanes->count, actions, &lanes->steps, e);
}

int32_t bern_lanes_step(bern_lanes *lanes, const int32_t *actions, bern_error *e)
{
	const bern_space *s = &lanes->world->instance.action;
	if (s->kind == BERN_BOX)
		return bern_fail(e, BERN_EUSAGE,
				 "%s: its actions are real numbers, and whole ones were given",
				 lanes->world->env->id);
	int32_t rc = check_started(lanes, e);
	if (!rc)
		rc = check_actions(lanes, actions, 0, lanes->count, e);
	return rc ? rc : step_all(lanes, actions, e);
}

static int32_t check_box_actions(const bern_lanes *lanes, const float *actions, size_t first,
				 size_t end, bern_error *e)
{
	const lanes_private *own = lanes->own;
	const bern_space *s = &lanes->world->instance.action;
	const size_t A = lanes->world->action_count;
	const int bytes = s->dtype == BERN_UINT8;
	for (size_t k = first * A; k < end * A; k++) {
		size_t b = k / A, i = k % A;
		double x = (double)actions[k];
		double low = s->low ? s->low[i] : -INFINITY, high = s->high ? s->high[i] : INFINITY;
		if (bytes) {
			low = low > 0 ? low : 0;
			high = high < 255 ? high : 255;
		}
		if (!own->running[b] ||
		    (isfinite(x) && x >= low && x <= high && (!bytes || x == floor(x))))
			continue;
		bern_fail(e, BERN_EUSAGE, "action[%zu] is %.9g, allowed are %s in [%.9g, %.9g]", i,
			  x, bytes ? "whole numbers" : "finite numbers", low, high);
		return bern_lanes_at(lanes, b, e);
	}
	return BERN_OK;
}

int32_t bern_lanes_step_box(bern_lanes *lanes, const float *actions, bern_error *e)
{
	const bern_space *s = &lanes->world->instance.action;
	if (s->kind != BERN_BOX)
		return bern_fail(e, BERN_EUSAGE,
				 "%s: its actions are whole numbers, and real ones were given",
				 lanes->world->env->id);
	int32_t rc = check_started(lanes, e);
	if (!rc)
		rc = check_box_actions(lanes, actions, 0, lanes->count, e);
	return rc ? rc : step_all(lanes, actions, e);
}

/* ---- in parts ------------------------------------------------------------------------------------- */

int bern_lanes_can_part(const bern_lanes *lanes)
{
	return !lanes->own->isolated && !lanes->own->manual;
}

int32_t bern_lanes_part(bern_lanes *lanes, size_t parts, bern_error *e)
{
	lanes_private *own = lanes->own;
	int32_t rc = check_started(lanes, e);
	bern_lanes_seed(lanes);
	if (rc || parts <= own->part_count)
		return rc;
	own->parts = bern_arena_take(&own->arena, parts, sizeof *own->parts);
	if (!own->ended)
		own->ended = bern_arena_take(&own->arena, lanes->count, sizeof *own->ended);
	for (size_t p = 0; own->parts && p < parts; p++) {
		bern_lanes_take_scratch(lanes, &own->parts[p]);
		own->parts[p].quiet = 1;
	}
	rc = bern_arena_check(&own->arena, e);
	own->part_count = rc ? 0 : parts;
	return rc;
}

int32_t bern_lanes_check_part(const bern_lanes *lanes, size_t first, size_t count,
			      const void *actions, bern_error *e)
{
	return lanes->world->instance.action.kind == BERN_BOX
		       ? check_box_actions(lanes, actions, first, first + count, e)
		       : check_actions(lanes, actions, first, first + count, e);
}

int32_t bern_lanes_step_part(bern_lanes *lanes, size_t part, size_t first, size_t count,
			     const void *actions, bern_error *e)
{
	uint64_t steps = 0;
	return step_lanes(lanes, &lanes->own->parts[part], first, first + count, actions, &steps,
			  e);
}

void bern_lanes_get_columns(const bern_lanes *lanes, size_t first, size_t count, float *columns)
{
	const size_t O = lanes->world->observation_floats;
	for (size_t k = 0; k < count; k++)
		bern_tile_column_put(columns + k / BERN_TILE * BERN_TILE * O, k % BERN_TILE, O,
				     sizeof(float), lanes->obs + (first + k) * O);
}

void bern_lanes_put_columns(bern_lanes *lanes, size_t first, size_t count, const float *columns)
{
	const size_t O = lanes->world->observation_floats;
	for (size_t k = 0; k < count; k++)
		bern_tile_column_get(columns + k / BERN_TILE * BERN_TILE * O, k % BERN_TILE, O,
				     sizeof(float), lanes->obs + (first + k) * O);
}

int32_t bern_lanes_step_columns(bern_lanes *lanes, size_t part, size_t first, size_t count,
				const int32_t *actions, float *columns, bern_error *e)
{
	const bern_lanes_scratch *scratch = &lanes->own->parts[part];
	const bern_space *s = &lanes->world->instance.observation;
	const int floats = s->kind == BERN_BOX && s->dtype == BERN_FLOAT32;
	const size_t O = lanes->world->observation_floats, end = first + count;
	int32_t rc = BERN_OK;
	for (size_t b = first; !rc && b < end;) {
		uint64_t steps = 0;
		size_t tiles = floats ? bern_lanes_whole_tiles(lanes, b, end) : 0;
		size_t n = end - b < BERN_TILE ? end - b : BERN_TILE;
		float *columns_b = columns + (b - first) * O;
		if (tiles) {
			rc = bern_lanes_step_tiles(lanes, scratch, b, tiles, actions, columns_b, e);
			b += tiles * BERN_TILE;
			continue;
		}
		rc = step_lanes(lanes, scratch, b, b + n, actions, &steps, e);
		bern_lanes_get_columns(lanes, b, n, columns_b);
		b += n;
	}
	return rc;
}

int bern_lanes_take_ended(bern_lanes *lanes, size_t b, bern_ended *ended)
{
	bern_ended *own = &lanes->own->ended[b];
	if (!own->fresh)
		return 0;
	*ended = *own;
	own->fresh = 0;
	return 1;
}

/* ---- memory --------------------------------------------------------------------------------------- */

/* Finite bounds for the fast check: float's own range where the space has none. */
static void set_bounds(lanes_private *own, const bern_space *s)
{
	for (uint32_t i = 0; i < s->count; i++) {
		float low = s->low ? s->low[i] : -FLT_MAX, high = s->high ? s->high[i] : FLT_MAX;
		own->low[i] = low >= -FLT_MAX ? low : -FLT_MAX;
		own->high[i] = high <= FLT_MAX ? high : FLT_MAX;
	}
}

static void take_memory(bern_lanes *lanes)
{
	lanes_private *own = lanes->own;
	const bern_world *world = lanes->world;
	bern_arena *arena = &own->arena;
	const size_t B = lanes->count, O = world->observation_floats;
	/* rows of B times bytes: a product that does not fit is refused by the arena, so let none wrap before */
	const size_t rows = O <= SIZE_MAX / sizeof(float) ? O * sizeof(float) : SIZE_MAX;
	lanes->obs = bern_arena_take(arena, B, rows);
	lanes->last_obs = bern_arena_take(arena, B, rows);
	lanes->index = bern_arena_take(arena, B, sizeof *lanes->index);
	lanes->last_index = bern_arena_take(arena, B, sizeof *lanes->last_index);
	lanes->reward = bern_arena_take(arena, B, sizeof *lanes->reward);
	lanes->flags = bern_arena_take(arena, B, sizeof *lanes->flags);
	if (world->env->mask) {
		own->mask_count = (size_t)world->instance.action.sizes[0];
		lanes->mask = bern_arena_take(arena, B, own->mask_count);
	}
	lanes->metrics = bern_arena_take(arena, B,
					 world->env->metric_count * sizeof *lanes->metrics);
	if (!world->isolate)
		own->states = bern_arena_take(arena, B, world->state_stride);
	own->streams = bern_arena_take(arena, B, sizeof *own->streams);
	own->seeds = bern_arena_take(arena, B, sizeof *own->seeds);
	own->episode = bern_arena_take(arena, B, sizeof *own->episode);
	own->length = bern_arena_take(arena, B, sizeof *own->length);
	own->total = bern_arena_take(arena, B, sizeof *own->total);
	own->started = bern_arena_take(arena, B, sizeof *own->started);
	own->running = bern_arena_take(arena, B, sizeof *own->running);
	if (world->instance.observation.kind == BERN_BOX) {
		own->low = bern_arena_take(arena, O, sizeof *own->low);
		own->high = bern_arena_take(arena, O, sizeof *own->high);
	}
	bern_lanes_take_tiles(lanes);
	bern_lanes_take_scratch(lanes, &own->scratch);
}

static int32_t attach_states(bern_lanes *lanes, bern_error *e)
{
	lanes_private *own = lanes->own;
	const bern_world *world = lanes->world;
	if (!world->env->attach)
		return BERN_OK;
	for (size_t b = 0; b < lanes->count; b++) {
		char why[512] = "";
		if (world->env->attach(world->instance.model, own->states + b * world->state_stride,
				       why, sizeof why)) {
			why[sizeof why - 1] = '\0';
			return bern_fail(e, BERN_EENV, "%s: lane %zu: %s", world->env->id, b,
					 why[0] ? why : "its attach failed and did not say why");
		}
		own->attached++;
	}
	return BERN_OK;
}

int32_t bern_lanes_init(bern_lanes *lanes, const bern_world *world, size_t count, uint64_t seed,
			uint32_t purpose, uint32_t agent, bern_error *e)
{
	memset(lanes, 0, sizeof *lanes);
	if (count == 0 || count > UINT32_MAX)
		return bern_fail(e, BERN_EUSAGE,
				 "%s: %zu lanes were asked for, allowed are 1 to %u",
				 world->env->id, count, UINT32_MAX);
	lanes->world = world;
	lanes->count = count;
	lanes->seed = seed;
	lanes->purpose = purpose;
	lanes->agent = agent;
	lanes->own = calloc(1, sizeof *lanes->own);
	if (!lanes->own) {
		memset(lanes, 0, sizeof *lanes);
		return bern_fail(e, BERN_EMEMORY, "%s: no memory for %zu lanes", world->env->id,
				 count);
	}
	take_memory(lanes);
	int32_t rc = bern_arena_check(&lanes->own->arena, e);
	if (rc)
		bern_because(e, "%s: %zu lanes", world->env->id, count);
	else if (lanes->own->low)
		set_bounds(lanes->own, &world->instance.observation);
	if (!rc && world->isolate) {
		void *states = NULL;
		lanes->own->isolated = bern_isolate_lanes(world, count, &states, e);
		lanes->own->states = states;
		rc = states ? BERN_OK : e->code;
	}
	if (!rc)
		rc = attach_states(lanes, e);
	if (rc)
		bern_lanes_finish(lanes);
	return rc;
}

void bern_lanes_finish(bern_lanes *lanes)
{
	if (!lanes || !lanes->own)
		return;
	lanes_private *own = lanes->own;
	const bern_world *world = lanes->world;
	while (own->attached > 0)
		world->env->detach(world->instance.model,
				   own->states + --own->attached * world->state_stride);
	bern_isolate_release(own->isolated);
	bern_arena_finish(&own->arena);
	free(own);
	memset(lanes, 0, sizeof *lanes);
}

/* ---- starting ------------------------------------------------------------------------------------- */

int32_t bern_lanes_reset(bern_lanes *lanes, bern_error *e)
{
	lanes_private *own = lanes->own;
	int32_t rc = BERN_OK;
	bern_lanes_seed(lanes);
	for (size_t b = 0; !rc && b < lanes->count; b++) {
		own->episode[b] = 0;
		skip_lane(lanes, b);
		rc = begin_own(lanes, &own->scratch, b, e);
	}
	return rc;
}

void bern_lanes_set_manual(bern_lanes *lanes)
{
	lanes_private *own = lanes->own;
	own->manual = 1;
	/* lanes that start and stop one by one are stepped one by one */
	for (size_t b = 0; b < lanes->count; b++)
		bern_lanes_unpack(lanes, b);
	own->tile_count = 0;
}

int32_t bern_lanes_start(bern_lanes *lanes, size_t lane, const bern_rng *stream, bern_error *e)
{
	lanes_private *own = lanes->own;
	if (own->started[lane])
		own->episode[lane]++;
	own->streams[lane] = *stream;
	return begin(lanes, &own->scratch, lane, e);
}

void bern_lanes_park(bern_lanes *lanes, size_t lane)
{
	lanes->own->running[lane] = 0;
}

int bern_lanes_running(const bern_lanes *lanes, size_t lane)
{
	return lanes->own->running[lane];
}

void *bern_lanes_state(const bern_lanes *lanes, size_t lane)
{
	bern_lanes_unpack(lanes, lane);
	return lanes->own->states + lane * lanes->world->state_stride;
}

bern_rng *bern_lanes_stream(const bern_lanes *lanes, size_t lane)
{
	return &lanes->own->streams[lane];
}

/* ---- saving --------------------------------------------------------------------------------------- */

/* Room for what save() writes, which is the same number of bytes at any time. */
static int32_t take_saved(bern_lanes *lanes, bern_error *e)
{
	lanes_private *own = lanes->own;
	const bern_world *world = lanes->world;
	if (!world->env->attach || own->saved)
		return BERN_OK;
	uint64_t size = world->env->save(world->instance.model, own->states, NULL, 0);
	int32_t rc = bern_isolate_check(world, e);
	if (rc)
		return bern_because(e, "%s: lane 0", world->env->id);
	if (size == 0 || size > (uint64_t)1 << 30)
		return bern_fail(e, BERN_EENV,
				 "%s: its save takes %llu bytes, allowed are 1 to 2^30",
				 world->env->id, (unsigned long long)size);
	own->saved = bern_arena_take(&own->arena, lanes->count, (size_t)size);
	own->saved_size = (size_t)size;
	return bern_arena_check(&own->arena, e);
}

int32_t bern_lanes_tensors(bern_lanes *lanes, bern_tensors *list, bern_error *e)
{
	lanes_private *own = lanes->own;
	const bern_world *world = lanes->world;
	const size_t B = lanes->count;
	int32_t rc = take_saved(lanes, e);
	if (rc)
		return rc;
	const struct {
		const char *name;
		int32_t type;
		void *data;
		size_t columns; /* 0: a vector */
	} arrays[] = {
		{"state", BERN_T_U8, own->saved ? own->saved : own->states,
		 own->saved ? own->saved_size : world->state_stride},
		{"stream", BERN_T_U64, own->streams, 5},
		{"episode", BERN_T_U64, own->episode, 0},
		{"length", BERN_T_U64, own->length, 0},
		{"return", BERN_T_F64, own->total, 0},
		{"started", BERN_T_U8, own->started, 0},
		{"running", BERN_T_U8, own->running, 0},
		{"observation", BERN_T_F32, lanes->obs, world->observation_floats},
		{"index", BERN_T_I32, lanes->index, 0},
		{"reward", BERN_T_F64, lanes->reward, 0},
		{"flags", BERN_T_U32, lanes->flags, 0},
	};
	for (size_t i = 0; !rc && i < sizeof arrays / sizeof arrays[0]; i++)
		rc = bern_tensors_add(list, arrays[i].type, arrays[i].data, B, arrays[i].columns, e,
				      "lanes.%s", arrays[i].name);
	if (!rc && lanes->mask)
		rc = bern_tensors_add(list, BERN_T_U8, lanes->mask, B, own->mask_count, e,
				      "lanes.mask");
	if (!rc && world->env->metric_count)
		rc = bern_tensors_add(list, BERN_T_F64, lanes->metrics, B, world->env->metric_count,
				      e, "lanes.metrics");
	if (!rc)
		rc = bern_tensors_add(list, BERN_T_U64, &lanes->steps, 1, 0, e, "lanes.steps");
	return rc;
}

/* Saves the attached state of a lane to `saved` (saved_size). */
static int32_t save_state(const bern_lanes *lanes, size_t b, unsigned char *saved,
			  size_t saved_size, bern_error *e)
{
	const bern_world *world = lanes->world;
	uint64_t size = world->env->save(world->instance.model, bern_lanes_state(lanes, b), saved,
					 saved_size);
	if (size == saved_size)
		return BERN_OK;
	if (bern_isolate_check(world, e))
		return bern_because(e, "%s: lane %zu", world->env->id, b);
	return bern_fail(e, BERN_EENV,
			 "%s: lane %zu: its save takes %llu bytes and took %zu before, allowed is "
			 "one size",
			 world->env->id, b, (unsigned long long)size, saved_size);
}

static int32_t load_state(bern_lanes *lanes, size_t b, const unsigned char *saved,
			  size_t saved_size, bern_error *e)
{
	const bern_world *world = lanes->world;
	char why[512] = "";
	if (!world->env->load(world->instance.model, bern_lanes_state(lanes, b), saved, saved_size,
			      why, sizeof why))
		return BERN_OK;
	why[sizeof why - 1] = '\0';
	return bern_fail(e, BERN_EENV, "%s: lane %zu: %s", world->env->id, b,
			 why[0] ? why : "its load failed and did not say why");
}

int32_t bern_lanes_before_save(bern_lanes *lanes, bern_error *e)
{
	lanes_private *own = lanes->own;
	int32_t rc = take_saved(lanes, e);
	for (size_t b = 0; b < own->tile_count * BERN_TILE; b++)
		bern_lanes_unpack(lanes, b);
	for (size_t b = 0; !rc && lanes->world->env->attach && b < lanes->count; b++)
		rc = save_state(lanes, b, own->saved + b * own->saved_size, own->saved_size, e);
	return rc;
}

int32_t bern_lanes_clone(bern_lanes *to, size_t to_lane, const bern_lanes *from, size_t from_lane,
			 bern_error *e)
{
	const bern_world *world = from->world;
	const lanes_private *source = from->own;
	lanes_private *own = to->own;
	const size_t O = world->observation_floats;
	if (world->env->attach) {
		int32_t rc = take_saved(to, e);
		unsigned char *saved = own->saved + to_lane * own->saved_size;
		if (!rc)
			rc = save_state(from, from_lane, saved, own->saved_size, e);
		if (!rc)
			rc = load_state(to, to_lane, saved, own->saved_size, e);
		if (rc)
			return rc;
	} else {
		memcpy(bern_lanes_state(to, to_lane), bern_lanes_state(from, from_lane),
		       world->state_stride);
		bern_lanes_pack(to, to_lane);
	}
	own->streams[to_lane] = source->streams[from_lane];
	own->episode[to_lane] = source->episode[from_lane];
	own->length[to_lane] = source->length[from_lane];
	own->total[to_lane] = source->total[from_lane];
	own->started[to_lane] = source->started[from_lane];
	own->running[to_lane] = source->running[from_lane];
	memcpy(to->obs + to_lane * O, from->obs + from_lane * O, O * sizeof *to->obs);
	to->index[to_lane] = from->index[from_lane];
	to->reward[to_lane] = from->reward[from_lane];
	to->flags[to_lane] = from->flags[from_lane];
	if (from->mask)
		memcpy(to->mask + to_lane * own->mask_count,
		       from->mask + from_lane * source->mask_count, own->mask_count);
	return BERN_OK;
}

int32_t bern_lanes_after_load(bern_lanes *lanes, bern_error *e)
{
	lanes_private *own = lanes->own;
	const bern_world *world = lanes->world;
	const bern_space *s = &world->instance.observation;
	/* the index is used to clear its place in a row, so a file must not lead outside */
	for (size_t b = 0; b < lanes->count; b++) {
		int32_t n = s->kind == BERN_DISCRETE ? s->sizes[0] : 1;
		if ((uint32_t)lanes->index[b] >= (uint32_t)n)
			return bern_fail(
				e, BERN_EFORMAT,
				"%s: lane %zu: the saved observation is %d, outside [0, %d]",
				world->env->id, b, (int)lanes->index[b], (int)n - 1);
	}
	for (size_t b = 0; b < own->tile_count * BERN_TILE; b++)
		bern_lanes_pack(lanes, b);
	int32_t rc = BERN_OK;
	for (size_t b = 0; !rc && world->env->attach && b < lanes->count; b++)
		rc = load_state(lanes, b, own->saved + b * own->saved_size, own->saved_size, e);
	return rc;
}
