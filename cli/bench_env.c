#include "bench_env.h"

#include "bench_time.h"
#include "tiles.h"

#include <bern/batch.h>
#include <bern/lanes.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COPIES 64 /* stepped one by one */
#define TILES  64 /* stepped by the batch, and by lanes */
#define BLOCKS                                                                                     \
	64 /* sets of random actions, one for each copy; each step takes one of them by chance */
#define LANES (TILES * BERN_TILE)

/* ---- an environment that does nothing --------------------------------------------------------------- */

typedef struct empty_state {
	double x;
} empty_state;

static const bern_field empty_fields[] = {{"x", BERN_F64, 1, 0}};

static int32_t empty_open(const bern_value *values, bern_instance *out, char *err, size_t err_size)
{
	static const int32_t two[] = {2};
	(void)values, (void)err, (void)err_size;
	out->state_size = sizeof(empty_state);
	out->observation = (bern_space){.kind = BERN_BOX, .count = 1};
	out->action = (bern_space){.kind = BERN_DISCRETE, .count = 1, .sizes = two};
	return 0;
}

static void empty_reset(const void *model, void *block, bern_rng *rng)
{
	(void)model, (void)rng;
	((empty_state *)block)->x = 0;
}

static void empty_step(const void *model, void *block, bern_rng *rng, const void *action,
		       bern_outcome *out)
{
	(void)model, (void)block, (void)rng, (void)action;
	out->reward = 1;
}

static void empty_observe(const void *model, const void *block, void *observation)
{
	(void)model;
	*(float *)observation = (float)((const empty_state *)block)->x;
}

BERN_BATCH_INLINE void empty_step_tiles(const void *model, const bern_tiles *tiles)
{
	const empty_state *x = tiles->state;
	(void)model;
	for (size_t i = 0; i < (size_t)tiles->count * BERN_TILE; i++) {
		((float *)tiles->observation)[i] = (float)x[i].x;
		tiles->reward[i] = 1;
		tiles->flags[i] = 0;
	}
}

static void empty_reset_tiles(const void *model, const bern_tiles *tiles)
{
	(void)model;
	for (size_t i = 0; i < (size_t)tiles->count * BERN_TILE; i++)
		if (tiles->begin[i / BERN_TILE] >> i % BERN_TILE & 1)
			((empty_state *)tiles->state)[i].x = ((float *)tiles->observation)[i] = 0;
}

BERN_BATCHES(empty_batches, empty_step_tiles, empty_reset_tiles)

const bern_env bench_empty_env = {
	.abi = BERN_ENV_ABI,
	.struct_size = sizeof(bern_env),
	.id = "Empty-v0",
	.summary = "does nothing: the overhead of measuring",
	.source = "",
	.fields = empty_fields,
	.field_count = 1,
	.open = empty_open,
	.reset = empty_reset,
	.step = empty_step,
	.observe = empty_observe,
	.batches = empty_batches,
	.batch_count = BERN_BATCH_COUNT(empty_batches),
};

/* ---- random actions ----------------------------------------------------------------------------------- */

/* A random number of an element of an action space, as agents write it: int32, or float of a BOX. */
static void choose(const bern_space *s, size_t i, bern_rng *rng, void *out)
{
	double low = s->low && isfinite(s->low[i]) ? (double)s->low[i] : -1;
	double high = s->high && isfinite(s->high[i]) ? (double)s->high[i] : low + 2;
	if (s->kind == BERN_BOX && s->dtype == BERN_UINT8) {
		low = low < 0 ? 0 : low;
		high = high > 255 || !s->high ? 255 : high;
		*(float *)out = (float)floor(bern_rng_range(rng, low, high));
	} else if (s->kind == BERN_BOX) {
		*(float *)out = (float)bern_rng_range(rng, low, high);
	} else {
		*(int32_t *)out = (int32_t)bern_rng_below(
			rng, s->kind == BERN_MULTI_BINARY ? 2 : (uint64_t)s->sizes[i]);
	}
}

/* The same as the environment takes it. */
static void to_raw(const bern_space *s, const void *given, void *out)
{
	if (bern_space_element(s) == 4)
		memcpy(out, given, 4);
	else
		*(uint8_t *)out = (uint8_t)(s->kind == BERN_BOX ? *(const float *)given
								: *(const int32_t *)given);
}

/* ---- one way to step ---------------------------------------------------------------------------------- */

typedef struct bench {
	const bern_world *world;
	bern_pcg32 choice;      /* of blocks */
	int32_t *actions;       /* (BLOCKS, LANES, A) as agents write them */
	unsigned char *rows;    /* (BLOCKS, COPIES, A) raw */
	unsigned char *columns; /* (BLOCKS, TILES, A, 16) raw */
	unsigned char *states;  /* (COPIES, state_stride), or the tiles */
	unsigned char *observations;
	bern_rng *rng;    /* (LANES) */
	uint64_t *length; /* (COPIES) */
	uint32_t *rounds; /* (LANES) the same for the batch */
	double *reward, *metrics;
	uint32_t *flags;
	uint16_t begin[TILES];
	uint8_t *mask;
	size_t attached;
	bern_lanes lanes;
} bench;

static void bench_finish(bench *b)
{
	while (b->attached > 0)
		b->world->env->detach(b->world->instance.model,
				      b->states + --b->attached * b->world->state_stride);
	bern_lanes_finish(&b->lanes);
	free(b->actions);
	free(b->rows);
	free(b->columns);
	free(b->states);
	free(b->observations);
	free(b->rng);
	free(b->length);
	free(b->rounds);
	free(b->reward);
	free(b->metrics);
	free(b->flags);
	free(b->mask);
	memset(b, 0, sizeof *b);
}

/* Zeroed, aligned to 64 bytes, never NULL for nothing. */
static void *take(size_t count, size_t size)
{
	size_t bytes = (count * size + 64) / 64 * 64;
	void *piece = aligned_alloc(64, bytes);
	if (piece)
		memset(piece, 0, bytes);
	return piece;
}

static void draw_actions(bench *b)
{
	const bern_space *s = &b->world->instance.action;
	const size_t A = b->world->action_count, size = bern_space_element(s);
	bern_rng rng;
	bern_rng_seed(&rng, 1);
	for (size_t k = 0; k < BLOCKS * LANES; k++)
		for (size_t i = 0; i < A; i++) {
			size_t block = k / LANES, lane = k % LANES;
			int32_t *given = b->actions + k * A + i;
			choose(s, i, &rng, given);
			to_raw(s, given,
			       b->columns +
				       (((block * TILES + lane / BERN_TILE) * A + i) * BERN_TILE +
					lane % BERN_TILE) *
					       size);
			if (lane < COPIES)
				to_raw(s, given,
				       b->rows + ((block * COPIES + lane) * A + i) * size);
		}
}

static int32_t bench_init(bench *b, const bern_world *world, bern_error *e)
{
	const size_t stride = world->state_stride, tile = bern_tile_size(world->env);
	const size_t A = world->action_count, M = world->env->metric_count;
	memset(b, 0, sizeof *b);
	b->world = world;
	bern_pcg32_init(&b->choice, 1, 1);
	b->actions = take(BLOCKS * LANES, A * sizeof *b->actions);
	b->rows = take(BLOCKS * COPIES, world->action_bytes);
	b->columns = take(BLOCKS * LANES, world->action_bytes);
	b->states = take(1, COPIES * stride > TILES * tile ? COPIES * stride : TILES * tile);
	b->observations = take(LANES, world->observation_bytes);
	b->rng = take(LANES, sizeof *b->rng);
	b->length = take(COPIES, sizeof *b->length);
	b->rounds = take(LANES, sizeof *b->rounds);
	b->reward = take(LANES, sizeof *b->reward);
	b->metrics = take(LANES, M * sizeof *b->metrics);
	b->flags = take(LANES, sizeof *b->flags);
	b->mask = take(1, world->env->mask ? (size_t)world->instance.action.sizes[0] : 0);
	if (!b->actions || !b->rows || !b->columns || !b->states || !b->observations || !b->rng ||
	    !b->length || !b->rounds || !b->reward || !b->metrics || !b->flags || !b->mask)
		return bern_fail(e, BERN_EMEMORY, "%s: no memory to measure it", world->env->id);
	draw_actions(b);
	for (size_t i = 0; i < LANES; i++)
		bern_rng_stream(
			&b->rng[i], 1,
			(bern_stream_key){.purpose = BERN_FOR_ENVIRONMENT, .lane = (uint32_t)i});
	return BERN_OK;
}

static size_t any_block(bench *b)
{
	return bern_pcg32_next(&b->choice) % BLOCKS;
}

/* The action itself, or the next one that is allowed. */
static const void *allowed(bench *b, const void *state, const void *action, int32_t *scratch)
{
	const bern_env *env = b->world->env;
	const int32_t n = b->world->instance.action.sizes[0];
	env->mask(b->world->instance.model, state, b->mask);
	*scratch = *(const int32_t *)action;
	for (int32_t tries = 0; tries < n && !b->mask[*scratch]; tries++)
		*scratch = (*scratch + 1) % n;
	return scratch;
}

static int32_t broke(const bench *b, bern_error *e)
{
	return bern_fail(e, BERN_EENV, "%s: the simulation broke while it was measured",
			 b->world->env->id);
}

/* ---- the three ways: begin, then play so many rounds ---------------------------------------------------- */

static int32_t begin_scalar(bench *b, bern_error *e)
{
	const bern_world *world = b->world;
	char why[256] = "";
	for (size_t i = 0; i < COPIES; i++) {
		void *state = b->states + i * world->state_stride;
		if (world->env->attach) {
			if (world->env->attach(world->instance.model, state, why, sizeof why))
				return bern_fail(e, BERN_EENV, "%s: attach: %s", world->env->id,
						 why);
			b->attached++;
		}
		world->env->reset(world->instance.model, state, &b->rng[i]);
	}
	return BERN_OK;
}

static int32_t play_scalar(bench *b, uint64_t rounds, bern_error *e)
{
	const bern_world *world = b->world;
	const bern_env *env = world->env;
	const void *model = world->instance.model;
	const uint64_t limit = world->instance.max_steps ? world->instance.max_steps : UINT64_MAX;
	uint32_t seen = 0;
	for (uint64_t r = 0; r < rounds; r++) {
		const unsigned char *row = b->rows + any_block(b) * COPIES * world->action_bytes;
		for (size_t i = 0; i < COPIES; i++) {
			void *state = b->states + i * world->state_stride;
			const void *action = row + i * world->action_bytes;
			int32_t scratch;
			bern_outcome out = {0};
			if (env->mask)
				action = allowed(b, state, action, &scratch);
			env->step(model, state, &b->rng[i], action, &out);
			seen |= out.flags;
			if (out.flags || ++b->length[i] >= limit) {
				env->reset(model, state, &b->rng[i]);
				b->length[i] = 0;
			}
			env->observe(model, state, b->observations + i * world->observation_bytes);
		}
	}
	return seen & BERN_FAULT ? broke(b, e) : BERN_OK;
}

static bern_tiles tiles_of(bench *b)
{
	return (bern_tiles){.struct_size = sizeof(bern_tiles),
			    .count = TILES,
			    .state = b->states,
			    .rng = b->rng,
			    .begin = b->begin,
			    .observation = b->observations};
}

static int32_t begin_batch(bench *b, bern_error *e)
{
	bern_tiles tiles = tiles_of(b);
	(void)e;
	memset(b->begin, 0xff, sizeof b->begin);
	b->world->batch->reset(b->world->instance.model, &tiles);
	return BERN_OK;
}

/* Counts a step of 16 lanes and returns those whose episode is over, as bits. Branch-free, so that it vectorises. */
BERN_BATCH_INLINE uint32_t count_tile(const uint32_t *restrict flags, uint32_t *restrict length,
				      uint32_t limit, uint32_t *restrict seen)
{
	static const uint32_t bit[BERN_TILE] = {1,   2,   4,    8,    16,   32,   64,    128,
						256, 512, 1024, 2048, 4096, 8192, 16384, 32768};
	uint32_t bits = 0, all = 0;
	for (size_t i = 0; i < BERN_TILE; i++) {
		uint32_t now = length[i] + 1, over = (flags[i] != 0) | (now == limit);
		length[i] = now & (over - 1);
		bits |= bit[i] & (0 - over);
		all |= flags[i];
	}
	*seen |= all;
	return bits;
}

/* The same of all tiles into begin; returns the bits of all together. */
BERN_BATCH_INLINE uint32_t count_tiles(bench *b, uint32_t limit, uint32_t *seen)
{
	uint32_t any = 0;
	for (size_t t = 0; t < TILES; t++) {
		uint32_t over = count_tile(b->flags + t * BERN_TILE, b->rounds + t * BERN_TILE,
					   limit, seen);
		b->begin[t] = (uint16_t)over;
		any |= over;
	}
	return any;
}

/* For the instruction sets of the batches, so that counting does not take as long as stepping. */
typedef uint32_t counter(bench *b, uint32_t limit, uint32_t *seen);

static uint32_t count_any(bench *b, uint32_t limit, uint32_t *seen)
{
	return count_tiles(b, limit, seen);
}

#ifdef BERN_TARGET_AVX2
BERN_TARGET_AVX2 BERN_BATCH_FLATTEN static uint32_t count_avx2(bench *b, uint32_t limit,
							       uint32_t *seen)
{
	return count_tiles(b, limit, seen);
}

BERN_TARGET_AVX512 BERN_BATCH_FLATTEN static uint32_t count_avx512(bench *b, uint32_t limit,
								   uint32_t *seen)
{
	return count_tiles(b, limit, seen);
}
#endif

static counter *counter_for(const char *cpu)
{
#ifdef BERN_TARGET_AVX2
	if (cpu && strcmp(cpu, "avx512") == 0)
		return count_avx512;
	if (cpu && strcmp(cpu, "avx2") == 0)
		return count_avx2;
#endif
	(void)cpu;
	return count_any;
}

static int32_t play_batch(bench *b, uint64_t rounds, bern_error *e)
{
	const bern_world *world = b->world;
	/* a limit that a counter of 32 bits does not reach is none */
	const uint64_t most = world->instance.max_steps;
	const uint32_t limit = most < UINT32_MAX ? (uint32_t)most : 0;
	counter *const count = counter_for(world->batch->cpu);
	bern_tiles begin = tiles_of(b), step = begin;
	uint32_t seen = 0;
	step.begin = NULL;
	step.reward = b->reward;
	step.flags = b->flags;
	step.metrics = b->metrics;
	for (uint64_t r = 0; r < rounds; r++) {
		step.action = b->columns + any_block(b) * LANES * world->action_bytes;
		world->batch->step(world->instance.model, &step);
		if (count(b, limit, &seen))
			world->batch->reset(world->instance.model, &begin);
	}
	return seen & BERN_FAULT ? broke(b, e) : BERN_OK;
}

static int32_t begin_lanes(bench *b, bern_error *e)
{
	int32_t rc = bern_lanes_init(&b->lanes, b->world, LANES, 1, BERN_FOR_ENVIRONMENT, 0, e);
	return rc ? rc : bern_lanes_reset(&b->lanes, e);
}

static int32_t play_lanes(bench *b, uint64_t rounds, bern_error *e)
{
	const size_t A = b->world->action_count;
	int32_t rc = BERN_OK;
	for (uint64_t r = 0; !rc && r < rounds; r++) {
		int32_t *actions = b->actions + any_block(b) * LANES * A;
		const int32_t n = b->lanes.mask ? b->world->instance.action.sizes[0] : 0;
		/* a forbidden action becomes the next allowed one, in this set for good */
		for (size_t i = 0; n && i < LANES; i++)
			while (!b->lanes.mask[i * (size_t)n + (size_t)actions[i]])
				actions[i] = (actions[i] + 1) % n;
		rc = b->world->instance.action.kind == BERN_BOX
			     ? bern_lanes_step_box(&b->lanes, (const float *)(void *)actions, e)
			     : bern_lanes_step(&b->lanes, actions, e);
	}
	return rc;
}

/* ---- all three ------------------------------------------------------------------------------------------ */

static const struct way {
	int32_t (*begin)(bench *b, bern_error *e);
	int32_t (*play)(bench *b, uint64_t rounds, bern_error *e);
	size_t copies;
} ways[BENCH_WAYS] = {
	[BENCH_SCALAR] = {begin_scalar, play_scalar, COPIES},
	[BENCH_BATCH] = {begin_batch, play_batch, LANES},
	[BENCH_LANES] = {begin_lanes, play_lanes, LANES},
};

typedef struct player {
	const struct way *way;
	bench *bench;
} player;

static int32_t play_way(void *what, uint64_t rounds, bern_error *e)
{
	player *p = what;
	return p->way->play(p->bench, rounds, e);
}

int32_t bench_env(const bern_world *world, double seconds, size_t repeats,
		  double steps_per_second[BENCH_WAYS], bern_error *e)
{
	int32_t rc = BERN_OK;
	for (int k = 0; !rc && k < BENCH_WAYS; k++) {
		bench b;
		player p = {&ways[k], &b};
		steps_per_second[k] = NAN;
		if (k == BENCH_BATCH && !world->batch)
			continue;
		rc = bench_init(&b, world, e);
		if (!rc)
			rc = ways[k].begin(&b, e);
		if (!rc)
			rc = bench_rate(play_way, &p, seconds, repeats, &steps_per_second[k], e);
		steps_per_second[k] *= (double)ways[k].copies;
		bench_finish(&b);
	}
	return rc;
}
