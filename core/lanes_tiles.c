/* Lanes stepped 16 at a time by the batch of their environment. What a lane sees is what it would see stepped alone. */
#include "lanes_private.h"
#include "tiles.h"
#include <bern/batch.h>

#include <math.h>
#include <string.h>

typedef struct bern_lanes_private lanes_private;

/* ---- loops over lanes ------------------------------------------------------------------------------- */

/* What is looked at in every lane at every step, compiled for the instruction sets of the batches, so that it does not take longer
 * than what the batch does. `lanes` is a multiple of 16. */
struct bern_lanes_loops {
	/* Counts a step and its reward in each lane and cuts at the time limit; 0 if an outcome is not as it should be. */
	int (*count)(const double *reward, uint32_t *flags, uint64_t *length, double *total,
		     uint64_t limit, size_t lanes);
	/* 1 if columns (count, 16) lie between the finite bounds (count). */
	int (*inside)(const float *columns, const float *low, const float *high, size_t count);
	/* The lanes of a tile that have flags, as bits. */
	uint32_t (*flagged)(const uint32_t *flags);
};

BERN_BATCH_INLINE int count_lanes(const double *reward, uint32_t *flags, uint64_t *length,
				  double *total, uint64_t limit, size_t lanes)
{
	uint32_t seen = 0, wild = 0;
	BERN_EACH_LANE
	for (size_t i = 0; i < lanes; i++) {
		seen |= flags[i];
		wild |= !(reward[i] - reward[i] == 0);
		total[i] += reward[i];
		length[i]++;
	}
	if (wild || (seen & ~(uint32_t)(BERN_TERMINATED | BERN_TRUNCATED)))
		return 0;
	BERN_EACH_LANE
	for (size_t i = 0; i < lanes; i++)
		flags[i] |= length[i] >= limit ? BERN_TRUNCATED : 0;
	return 1;
}

BERN_BATCH_INLINE int columns_inside(const float *columns, const float *low, const float *high,
				     size_t count)
{
	uint32_t bad = 0;
	for (size_t k = 0; k < count; k++)
		for (size_t i = 0; i < BERN_TILE; i++) {
			float x = columns[k * BERN_TILE + i];
			bad |= !(x >= low[k]) | !(x <= high[k]);
		}
	return !bad;
}

BERN_BATCH_INLINE uint32_t flagged_lanes(const uint32_t *flags)
{
	static const uint32_t bit[BERN_TILE] = {1,   2,   4,    8,    16,   32,   64,    128,
						256, 512, 1024, 2048, 4096, 8192, 16384, 32768};
	uint32_t bits = 0;
	for (size_t i = 0; i < BERN_TILE; i++)
		bits |= bit[i] & (0u - (flags[i] != 0));
	return bits;
}

#define LOOPS(name, target)                                                                        \
	target BERN_BATCH_FLATTEN static int name##_count(const double *reward, uint32_t *flags,   \
							  uint64_t *length, double *total,         \
							  uint64_t limit, size_t lanes)            \
	{                                                                                          \
		return count_lanes(reward, flags, length, total, limit, lanes);                    \
	}                                                                                          \
	target BERN_BATCH_FLATTEN static int name##_inside(const float *columns, const float *low, \
							   const float *high, size_t count)        \
	{                                                                                          \
		return columns_inside(columns, low, high, count);                                  \
	}                                                                                          \
	target BERN_BATCH_FLATTEN static uint32_t name##_flagged(const uint32_t *flags)            \
	{                                                                                          \
		return flagged_lanes(flags);                                                       \
	}                                                                                          \
	static const struct bern_lanes_loops name = {name##_count, name##_inside, name##_flagged};

LOOPS(loops_any, )
#ifdef BERN_TARGET_AVX2
LOOPS(loops_avx2, BERN_TARGET_AVX2)
LOOPS(loops_avx512, BERN_TARGET_AVX512)
#endif

/* cpu: what the batch in use needs, or NULL */
static const struct bern_lanes_loops *loops_for(const char *cpu)
{
#ifdef BERN_TARGET_AVX2
	if (cpu && strcmp(cpu, "avx512") == 0)
		return &loops_avx512;
	if (cpu && strcmp(cpu, "avx2") == 0)
		return &loops_avx2;
#endif
	(void)cpu;
	return &loops_any;
}

/* ---- between tiles and plain states --------------------------------------------------------------- */

void bern_lanes_take_tiles(bern_lanes *lanes)
{
	lanes_private *own = lanes->own;
	const bern_world *world = lanes->world;
	const size_t tiles = lanes->count / BERN_TILE;
	if (!world->batch || !tiles)
		return;
	own->loops = loops_for(world->batch->cpu);
	own->tile_count = tiles;
	own->tile_size = bern_tile_size(world->env);
	own->tiles = bern_arena_take(&own->arena, tiles, own->tile_size);
}

void bern_lanes_take_scratch(bern_lanes *lanes, bern_lanes_scratch *scratch)
{
	bern_arena *arena = &lanes->own->arena;
	const bern_world *world = lanes->world;
	const size_t tiles = lanes->own->tile_count;
	const size_t most = tiles < BERN_TILES_AT_ONCE ? tiles : BERN_TILES_AT_ONCE;
	scratch->raw = bern_arena_take(arena, 1, world->observation_bytes);
	scratch->action = bern_arena_take(arena, 1, world->action_bytes);
	scratch->observations = bern_arena_take(arena, most * BERN_TILE, world->observation_bytes);
	scratch->actions = bern_arena_take(arena, most * BERN_TILE, world->action_bytes);
	scratch->metrics = bern_arena_take(arena, most * BERN_TILE,
					   world->env->metric_count * sizeof *scratch->metrics);
	scratch->begin = bern_arena_take(arena, most, sizeof *scratch->begin);
}

void bern_lanes_unpack(const bern_lanes *lanes, size_t b)
{
	const lanes_private *own = lanes->own;
	if (bern_lanes_in_tile(lanes, b))
		bern_tile_get(lanes->world, own->tiles + b / BERN_TILE * own->tile_size,
			      b % BERN_TILE, own->states + b * lanes->world->state_stride);
}

void bern_lanes_pack(bern_lanes *lanes, size_t b)
{
	lanes_private *own = lanes->own;
	if (bern_lanes_in_tile(lanes, b))
		bern_tile_put(lanes->world, own->tiles + b / BERN_TILE * own->tile_size,
			      b % BERN_TILE, own->states + b * lanes->world->state_stride);
}

size_t bern_lanes_whole_tiles(const bern_lanes *lanes, size_t b, size_t end)
{
	static const uint8_t all[BERN_TILE] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
	const lanes_private *own = lanes->own;
	size_t count = 0;
	if (b % BERN_TILE)
		return 0;
	while (count < BERN_TILES_AT_ONCE && b / BERN_TILE + count < own->tile_count &&
	       b + (count + 1) * BERN_TILE <= end &&
	       memcmp(own->running + b + count * BERN_TILE, all, sizeof all) == 0)
		count++;
	return count;
}

/* ---- what a batch reads and writes ---------------------------------------------------------------- */

/* The actions of the lanes as (tiles, A, 16); actions themselves where that is the same. */
static const void *tile_actions(const bern_lanes *lanes, const bern_lanes_scratch *scratch,
				size_t first, size_t count, const void *actions)
{
	const size_t A = lanes->world->action_count, size = lanes->world->action_bytes;
	const size_t element = bern_space_element(&lanes->world->instance.action);
	if (A == 1 && element == sizeof(int32_t))
		return (const int32_t *)actions + first;
	for (size_t i = 0; i < count * BERN_TILE; i++)
		bern_tile_column_put(
			scratch->actions + i / BERN_TILE * BERN_TILE * size, i % BERN_TILE, A,
			element, bern_lanes_raw_action(lanes, actions, first + i, scratch->action));
	return scratch->actions;
}

/* Takes the observation of one lane out of its tile. */
static int32_t take_one(bern_lanes *lanes, const bern_lanes_scratch *scratch, size_t b,
			const unsigned char *tile, bern_error *e)
{
	const bern_world *world = lanes->world;
	const bern_space *s = &world->instance.observation;
	void *raw = scratch->raw;
	if (s->kind == BERN_BOX && s->dtype == BERN_FLOAT32)
		raw = lanes->obs + b * world->observation_floats;
	bern_tile_column_get(tile, b % BERN_TILE, s->count, bern_space_element(s), raw);
	return bern_lanes_take_observation(lanes, b, raw, e);
}

/* Takes the observations of a tile of floats: checks 16 lanes at a time and turns columns to rows. 0 if one is outside. */
static int take_floats(bern_lanes *lanes, size_t first, const float *tile)
{
	const lanes_private *own = lanes->own;
	const size_t O = lanes->world->observation_floats;
	float *obs = lanes->obs + first * O;
	int bad = 0;
	for (size_t k = 0; k < O; k++) {
		const float *column = tile + k * BERN_TILE;
		const float low = own->low[k], high = own->high[k];
		for (size_t i = 0; i < BERN_TILE; i++) {
			bad |= !(column[i] >= low) | !(column[i] <= high);
			obs[i * O + k] = column[i];
		}
	}
	return !bad;
}

static int32_t take_observations(bern_lanes *lanes, const bern_lanes_scratch *scratch, size_t first,
				 const unsigned char *tile, bern_error *e)
{
	const bern_space *s = &lanes->world->instance.observation;
	int32_t rc = BERN_OK;
	if (s->kind == BERN_BOX && s->dtype == BERN_FLOAT32 &&
	    take_floats(lanes, first, (const float *)(const void *)tile))
		return BERN_OK;
	for (size_t i = 0; !rc && i < BERN_TILE; i++)
		rc = take_one(lanes, scratch, first + i, tile, e);
	return rc;
}

/* ---- a step --------------------------------------------------------------------------------------- */

/* Ends the episodes of a tile that are over and draws streams for the next ones. Returns the lanes as bits. Their last
 * observations are rows already, or columns. */
static uint16_t end_episodes(bern_lanes *lanes, const bern_lanes_scratch *scratch, size_t first,
			     const float *columns)
{
	const size_t O = lanes->world->observation_floats;
	lanes_private *own = lanes->own;
	const uint32_t ended = own->loops->flagged(lanes->flags + first);
	for (uint32_t left = ended; left; left &= left - 1) {
		size_t b = first + (size_t)bern_lowest_lane(left);
		if (columns)
			bern_tile_column_get(columns, b % BERN_TILE, O, sizeof(float),
					     lanes->obs + b * O);
		bern_lanes_end_episode(lanes, scratch, b);
		own->episode[b]++;
		own->length[b] = 0;
		own->total[b] = 0;
		bern_lanes_draw_stream(lanes, b);
	}
	return (uint16_t)ended;
}

/* An outcome of these tiles is wrong: the first lane that has something wrong says what, be it an outcome or an observation. */
static int32_t first_fault(bern_lanes *lanes, const bern_lanes_scratch *scratch, size_t first,
			   size_t count, const unsigned char *seen, bern_error *e)
{
	const size_t observations = lanes->world->observation_bytes * BERN_TILE;
	int32_t rc = BERN_OK;
	for (size_t k = 0; !rc && k < count * BERN_TILE; k++) {
		size_t b = first + k;
		rc = bern_lanes_check_outcome(lanes, b, lanes->reward[b], lanes->flags[b], e);
		if (!rc)
			rc = take_one(lanes, scratch, b, seen + k / BERN_TILE * observations, e);
	}
	return rc;
}

int32_t bern_lanes_step_tiles(bern_lanes *lanes, const bern_lanes_scratch *scratch, size_t first,
			      size_t count, const void *actions, float *columns, bern_error *e)
{
	lanes_private *own = lanes->own;
	const bern_world *world = lanes->world;
	const size_t M = world->env->metric_count;
	const size_t observations = world->observation_bytes * BERN_TILE;
	unsigned char *seen = columns ? (unsigned char *)columns : scratch->observations;
	bern_tiles t = {.struct_size = sizeof t,
			.count = (uint32_t)count,
			.state = own->tiles + first / BERN_TILE * own->tile_size,
			.rng = own->streams + first,
			.action = tile_actions(lanes, scratch, first, count, actions),
			.reward = lanes->reward + first,
			.flags = lanes->flags + first,
			.observation = seen,
			.metrics = scratch->metrics};
	world->batch->step(world->instance.model, &t);
	int32_t rc = BERN_OK;
	const uint64_t limit = world->instance.max_steps ? world->instance.max_steps : UINT64_MAX;
	if (!own->loops->count(lanes->reward + first, lanes->flags + first, own->length + first,
			       own->total + first, limit, count * BERN_TILE))
		return first_fault(lanes, scratch, first, count, seen, e);
	for (size_t k = 0; M && k < count * BERN_TILE; k++)
		bern_tile_column_get(scratch->metrics + k / BERN_TILE * BERN_TILE * M,
				     k % BERN_TILE, M, sizeof(double),
				     lanes->metrics + (first + k) * M);

	uint32_t any = 0;
	for (size_t k = 0; !rc && k < count; k++) {
		size_t b = first + k * BERN_TILE;
		const float *column = columns ? columns + k * BERN_TILE * world->observation_floats
					      : NULL;
		if (!column ||
		    !own->loops->inside(column, own->low, own->high, world->observation_floats))
			rc = take_observations(lanes, scratch, b, seen + k * observations, e);
		if (!rc)
			any |= scratch->begin[k] = end_episodes(lanes, scratch, b, column);
	}
	if (rc || !any)
		return rc;
	bern_tiles begin = {.struct_size = sizeof begin,
			    .count = (uint32_t)count,
			    .state = t.state,
			    .rng = t.rng,
			    .begin = scratch->begin,
			    .observation = seen};
	world->batch->reset(world->instance.model, &begin);
	for (size_t k = 0; k < count; k++)
		for (uint32_t left = scratch->begin[k]; !rc && left; left &= left - 1)
			rc = take_one(lanes, scratch,
				      first + k * BERN_TILE + (size_t)bern_lowest_lane(left),
				      seen + k * observations, e);
	return rc;
}
