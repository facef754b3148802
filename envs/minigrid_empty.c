/* The empty room of MiniGrid: walk to the goal in the far corner, seeing 7 x 7 cells. See minigrid.h. */
#include "minigrid.h"

static const bern_param params[] = {MINIGRID_PARAMS("true")};

typedef struct room {
	minigrid_model grid;
	int32_t drawn; /* 1: the agent starts anywhere, facing anywhere; 0: top left, facing right */
} room;

static int32_t open_size(int32_t size, int32_t drawn, const bern_value *values, bern_instance *out,
			 char *err, size_t err_size)
{
	/* from corner to corner: the moves, and a turn between them */
	int32_t shortest = drawn ? 1 : 2 * (size - 3) + 1;
	room *m = minigrid_open(sizeof *m, size, size, 4 * size * size, shortest, values, out, err,
				err_size);
	if (!m)
		return 1;
	m->drawn = drawn;
	return 0;
}

static void reset(const void *model, void *state, bern_rng *rng)
{
	const room *m = model;
	minigrid_state *s = state;
	minigrid_clear(&m->grid, s);
	minigrid_put(&m->grid, s, m->grid.width - 2, m->grid.height - 2, MINIGRID_GOAL);
	if (m->drawn)
		minigrid_draw_agent(&m->grid, s, m->grid.width, rng);
	else
		s->x = s->y = 1;
}

/* One size: how it is opened, and its table. */
#define ROOM(name_, id_, size_, drawn_, random_)                                                   \
	static int32_t open_##name_(const bern_value *values, bern_instance *out, char *err,       \
				    size_t err_size)                                               \
	{                                                                                          \
		return open_size(size_, drawn_, values, out, err, err_size);                       \
	}                                                                                          \
	static const bern_env name_ = MINIGRID_TABLE(                                              \
		"MiniGrid-Empty-" id_ "-v0",                                                       \
		"walk to the goal of an empty room, seeing 7x7 cells", MINIGRID_SOURCE, params,    \
		random_, 0.9, open_##name_, reset)

ROOM(room_5, "5x5", 5, 0, 0.2);
ROOM(room_5_drawn, "Random-5x5", 5, 1, 0.317);
ROOM(room_6, "6x6", 6, 0, 0.137);
ROOM(room_6_drawn, "Random-6x6", 6, 1, 0.262);
ROOM(room_8, "8x8", 8, 0, 0.084);
ROOM(room_16, "16x16", 16, 0, 0.037);

BERN_PLUGIN(minigrid_empty, &room_5, &room_5_drawn, &room_6, &room_6_drawn, &room_8, &room_16);
