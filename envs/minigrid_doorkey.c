/* MiniGrid's door and key: fetch the key, unlock the door in the wall, walk to the goal behind it. See minigrid.h. */
#include "minigrid.h"

static const bern_param params[] = {MINIGRID_PARAMS("false")};

static int32_t open_size(int32_t size, const bern_value *values, bern_instance *out, char *err,
			 size_t err_size)
{
	/* at best: pick up, turn or walk, unlock, two steps through the door, turn, a step; no door lies in the goal's row */
	int32_t shortest = 7;
	return !minigrid_open(sizeof(minigrid_model), size, size, 10 * size * size, shortest,
			      values, out, err, err_size);
}

static void reset(const void *model, void *state, bern_rng *rng)
{
	const minigrid_model *m = model;
	minigrid_state *s = state;
	int32_t x, y;
	minigrid_clear(m, s);
	minigrid_put(m, s, m->width - 2, m->height - 2, MINIGRID_GOAL);
	int32_t split = 2 + (int32_t)bern_rng_below(rng, (uint64_t)m->width - 4);
	for (int32_t i = 1; i < m->height - 1; i++)
		minigrid_put(m, s, split, i, MINIGRID_WALL);
	minigrid_draw_agent(m, s, split, rng);
	int32_t door = 1 + (int32_t)bern_rng_below(rng, (uint64_t)m->height - 3);
	minigrid_put(m, s, split, door, MINIGRID_DOOR | MINIGRID_LOCKED);
	minigrid_draw_place(m, s, split, rng, &x, &y);
	minigrid_put(m, s, x, y, MINIGRID_KEY);
}

/* One size: how it is opened, and its table. */
#define ROOM(name_, id_, size_, random_)                                                           \
	static int32_t open_##name_(const bern_value *values, bern_instance *out, char *err,       \
				    size_t err_size)                                               \
	{                                                                                          \
		return open_size(size_, values, out, err, err_size);                               \
	}                                                                                          \
	static const bern_env name_ = MINIGRID_TABLE(                                              \
		"MiniGrid-DoorKey-" id_ "-v0", "fetch the key, open the door, walk to the goal",   \
		MINIGRID_SOURCE, params, random_, 0.9, open_##name_, reset)

ROOM(room_5, "5x5", 5, 0.033);
ROOM(room_6, "6x6", 6, 0.02);
ROOM(room_8, "8x8", 8, 0.0097);
ROOM(room_16, "16x16", 16, 0.0023);

BERN_PLUGIN(minigrid_doorkey, &room_5, &room_6, &room_8, &room_16);
