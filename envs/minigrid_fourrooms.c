/* The four rooms of MiniGrid: 19 x 19 cells, gaps, agent and goal drawn for each episode, of which 7 x 7 are seen. See minigrid.h. */
#include "minigrid.h"

enum { SIDE = 19, ROOM = SIDE / 2 };

static const bern_param params[] = {MINIGRID_PARAMS("false")};

static int32_t open_rooms(const bern_value *values, bern_instance *out, char *err, size_t err_size)
{
	return !minigrid_open(sizeof(minigrid_model), SIDE, SIDE, 100, 1, values, out, err,
			      err_size);
}

/* Where the gap of a wall is, in the room that begins at `first`. */
static int32_t draw_gap(int32_t first, bern_rng *rng)
{
	return first + 1 + (int32_t)bern_rng_below(rng, ROOM - 1);
}

static void reset(const void *model, void *state, bern_rng *rng)
{
	const minigrid_model *m = model;
	minigrid_state *s = state;
	int32_t x, y;
	minigrid_clear(m, s);
	for (int32_t i = 1; i < SIDE - 1; i++) {
		minigrid_put(m, s, ROOM, i, MINIGRID_WALL);
		minigrid_put(m, s, i, ROOM, MINIGRID_WALL);
	}
	/* in the original's order: right and lower wall of the first room, lower wall of the second, right wall of the third */
	minigrid_put(m, s, ROOM, draw_gap(0, rng), MINIGRID_EMPTY);
	minigrid_put(m, s, draw_gap(0, rng), ROOM, MINIGRID_EMPTY);
	minigrid_put(m, s, draw_gap(ROOM, rng), ROOM, MINIGRID_EMPTY);
	minigrid_put(m, s, ROOM, draw_gap(ROOM, rng), MINIGRID_EMPTY);
	minigrid_draw_agent(m, s, SIDE, rng);
	minigrid_draw_place(m, s, SIDE, rng, &x, &y);
	minigrid_put(m, s, x, y, MINIGRID_GOAL);
}

static const bern_env rooms = MINIGRID_TABLE(
	"MiniGrid-FourRooms-v0", "find the goal in four rooms, seeing 7x7 cells", MINIGRID_SOURCE,
	params, 0.0196, 0.5, open_rooms, reset);

BERN_PLUGIN(minigrid_fourrooms, &rooms);
