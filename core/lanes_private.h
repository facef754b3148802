/* lanes_private.h: what the two halves of bern/lanes.h share: lanes stepped one by one (lanes.c) and 16 at a time by the batch
 * of an environment (lanes_tiles.c). Internal to libbern.
 */
#ifndef BERN_LANES_PRIVATE_H
#define BERN_LANES_PRIVATE_H

#include "arena.h"
#include "isolate.h"
#include "lanes_part.h"
#include <bern/lanes.h>

/* Enough to make a call cheap, few enough that all of it stays in the nearest cache. */
#define BERN_TILES_AT_ONCE 8

/* What stepping some lanes works on; threads have one each. */
typedef struct bern_lanes_scratch {
	unsigned char *raw;    /* one raw observation, where it is not written to obs at once */
	unsigned char *action; /* one raw action, where agents write it differently */
	/* what one call of the batch works on, at most BERN_TILES_AT_ONCE tiles */
	unsigned char *observations; /* (tiles, count, 16) of the raw type */
	unsigned char *actions; /* (tiles, A, 16) of the raw type, where it is not actions itself */
	double *metrics;        /* (tiles, M, 16) */
	uint16_t *begin;        /* (tiles) */
	int quiet;              /* 1: episodes that end wait in `ended` for bern_lanes_take_ended */
} bern_lanes_scratch;

struct bern_lanes_private {
	bern_arena arena;      /* owns every array of the lanes */
	unsigned char *states; /* (B, state_stride); of lanes in tiles a copy that may be old */
	bern_isolate_region *isolated; /* owned: where the states lie if the world is isolated */
	size_t attached;               /* lanes whose states attach() made a handle in */
	bern_rng *streams;             /* (B) of the running episodes */
	bern_lane_seed
		*seeds; /* (B) what the streams of a lane come from, once `seeded`, from these: */
	uint64_t seed;
	uint32_t purpose, agent;
	int seeded;
	uint64_t *episode;    /* (B) index of the running episode, from 0 */
	uint64_t *length;     /* (B) steps of the running episode */
	double *total;        /* (B) its rewards so far */
	uint8_t *started;     /* (B) 1: the lane has begun an episode at some time */
	uint8_t *running;     /* (B) 0: parked, or ended in a manual lane */
	float *low, *high;    /* (O) bounds of a BOX observation, finite; NULL for other kinds */
	unsigned char *saved; /* (B, saved_size) what save() wrote, for attached states */
	size_t saved_size;
	size_t mask_count; /* sizes[0] of the action space if there is a mask, else 0 */
	int manual;
	/* the first lanes, in whole tiles of 16, where the environment has a batch: their states live there */
	size_t tile_count;
	const struct bern_lanes_loops *loops; /* lanes_tiles.c */
	size_t tile_size;                     /* bytes of a tile's state */
	unsigned char *tiles;                 /* (tile_count, tile_size) */
	bern_lanes_scratch scratch;           /* of the thread that owns the lanes */
	bern_lanes_scratch *parts;            /* (part_count) of others, see lanes_part.h */
	size_t part_count;
	bern_ended *ended; /* (B) or NULL */
};

/* Puts the place in front of an error: "CartPole-v1: lane 2 of seed 7, episode 0, step 31: ..." */
int32_t bern_lanes_at(const bern_lanes *lanes, size_t b, bern_error *e);

/* 1 if every number lies between its finite bounds; NaN and infinities do not. */
int bern_lanes_inside(const float *x, const float *low, const float *high, size_t count);

/* Takes a raw observation of a lane into its row of obs and index, if it is in its space. Raw is the row itself for floats. */
int32_t bern_lanes_take_observation(bern_lanes *lanes, size_t b, const void *raw, bern_error *e);

/* What is wrong with the outcome of a lane's step, if anything. */
int32_t bern_lanes_check_outcome(const bern_lanes *lanes, size_t b, double reward, uint32_t flags,
				 bern_error *e);

/* Keeps the last observation of an episode that has ended, and reports the episode. */
void bern_lanes_end_episode(bern_lanes *lanes, const bern_lanes_scratch *scratch, size_t b);

/* A lane's action as the environment takes it, from actions (B, A) of int32 or float; scratch has room for one. */
const void *bern_lanes_raw_action(const bern_lanes *lanes, const void *actions, size_t b,
				  unsigned char *scratch);

/* Sees to it that `seeds` are those of the lanes' seed, purpose and agent; several threads may draw streams after that. */
void bern_lanes_seed(bern_lanes *lanes);

/* Puts the stream of the running episode in place. */
void bern_lanes_draw_stream(bern_lanes *lanes, size_t b);

/* ---- lanes_tiles.c ---------------------------------------------------------------------------------- */

/* Takes memory for the tiles, if the world has a batch and the lanes fill one. */
void bern_lanes_take_tiles(bern_lanes *lanes);
void bern_lanes_take_scratch(bern_lanes *lanes, bern_lanes_scratch *scratch);

/* 1 if lane b lives in a tile. */
static inline int bern_lanes_in_tile(const bern_lanes *lanes, size_t b)
{
	return b / BERN_TILE < lanes->own->tile_count;
}

/* How many tiles from the one that begins with lane b on, up to lane `end`, can be stepped by one call of the batch, 0 if lane b does not begin one
 * or one of its lanes rests. */
size_t bern_lanes_whole_tiles(const bern_lanes *lanes, size_t b, size_t end);

/* Steps `count` tiles from lane `first` on: as stepping each of their lanes. columns (count, O, 16) or NULL: where observations of
 * floats go instead of the rows of obs; of episodes that end or begin, the rows are written too. */
int32_t bern_lanes_step_tiles(bern_lanes *lanes, const bern_lanes_scratch *scratch, size_t first,
			      size_t count, const void *actions, float *columns, bern_error *e);

/* Brings the plain state of a lane up to date, or its tile after the plain state was written; nothing for lanes in no tile. */
void bern_lanes_unpack(const bern_lanes *lanes, size_t b);
void bern_lanes_pack(bern_lanes *lanes, size_t b);

#endif
