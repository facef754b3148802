/* Four rooms: find the way to the goal from anywhere, through doors one cell wide.
 *
 * The rooms of Sutton, Precup & Singh 1999, "Between MDPs and semi-MDPs", figure 2, without their outer wall: 11 rows and 11
 * columns. The goal is fixed in the lower right room; the start is drawn uniformly from the other free cells. Reward 1 at the goal, 0
 * else; with slip > 0 a move turns to either side.
 */
#include "grid.h"

#include <bern/env.h>
#include <bern/rng.h>

#include <stdlib.h>

enum { P_SLIP, P_COUNT };

static const bern_param params[P_COUNT] = {
	[P_SLIP] = {"slip", "probability that a move turns to a side (half for each)", BERN_REAL, 0,
		    "0", 0, 1, NULL},
};

/* every free cell is a start */
static const char map[] = "SSSSS#SSSSS/"
			  "SSSSS#SSSSS/"
			  "SSSSSSSSSSS/"
			  "SSSSS#SSSSS/"
			  "SSSSS#SSSSS/"
			  "#S####SSSSS/"
			  "SSSSS###S##/"
			  "SSSSS#SSSSS/"
			  "SSSSS#SSGSS/"
			  "SSSSSSSSSSS/"
			  "SSSSS#SSSSS";

typedef struct state {
	int32_t cell; /* row * 11 + column */
} state;

static const bern_field fields[] = {
	{"cell", BERN_I32, 1, offsetof(state, cell)},
};

typedef struct model {
	grid grid;
	grid_slip slip;
	int32_t slips; /* 0: moves never turn, nothing is drawn */
	int16_t next[11 * 11][4];
} model;

static const int32_t observation_sizes[1] = {11 * 11};
static const int32_t action_sizes[1] = {4};
static const char *const action_names[4] = {"left", "down", "right", "up"};
static const int32_t down[4] = {0, 1, 0, -1}, right[4] = {-1, 0, 1, 0};

static const char *const metrics[] = {"success"};

static int32_t open_rooms(const bern_value *values, bern_instance *out, char *err, size_t err_size)
{
	model *m = calloc(1, sizeof *m);
	if (!m) {
		snprintf(err, err_size, "no memory for the model");
		return 1;
	}
	if (grid_parse(&m->grid, map, "S#G", err, err_size)) {
		free(m);
		return 1;
	}
	double slip = values[P_SLIP].r;
	m->slips = slip > 0;
	m->slip = grid_slip_of(slip / 2, 1 - slip);
	for (int32_t cell = 0; cell < 11 * 11; cell++)
		for (int32_t a = 0; a < 4; a++)
			m->next[cell][a] = (int16_t)grid_move(&m->grid, cell, down[a], right[a]);

	out->model = m;
	out->state_size = sizeof(state);
	out->max_steps = 100;
	out->observation = (bern_space){
		.kind = BERN_DISCRETE, .count = 1, .sizes = observation_sizes};
	out->grid_rows = out->grid_columns = 11;
	out->action = (bern_space){.kind = BERN_DISCRETE,
				   .count = 1,
				   .sizes = action_sizes,
				   .labels = action_names,
				   .keys = action_names};
	out->max_return = 1;
	out->has_max_return = 1;
	return 0;
}

static void reset(const void *model_, void *state_, bern_rng *rng)
{
	const model *m = model_;
	state *s = state_;
	s->cell = m->grid.starts[bern_rng_below(rng, (uint64_t)m->grid.start_count)];
}

static void step(const void *model_, void *state_, bern_rng *rng, const void *action,
		 bern_outcome *out)
{
	const model *m = model_;
	state *s = state_;
	int32_t direction = *(const int32_t *)action;
	if (m->slips)
		direction = grid_slipped(&m->slip, direction, bern_rng_uniform(rng));
	s->cell = m->next[s->cell][direction];
	int32_t there = m->grid.letters[s->cell] == GRID_GOAL;
	out->reward = there;
	out->flags = there ? BERN_TERMINATED : 0;
}

static void observe(const void *model_, const void *state_, void *observation)
{
	const state *s = state_;
	(void)model_;
	*(int32_t *)observation = s->cell;
}

static void read_metrics(const void *model_, const void *state_, double *out)
{
	const model *m = model_;
	const state *s = state_;
	out[0] = m->grid.letters[s->cell] == GRID_GOAL;
}

static void draw(const void *model_, const void *state_, const bern_canvas *c)
{
	const model *m = model_;
	const state *s = state_;
	static const grid_colors colors = {.ground = BERN_RGB(246, 246, 244),
					   .start = BERN_RGB(246, 246, 244),
					   .wall = BERN_RGB(84, 88, 94)};
	grid_draw(&m->grid, s->cell, &colors, c);
}

static const bern_env rooms = {
	.abi = BERN_ENV_ABI,
	.struct_size = sizeof(bern_env),
	.id = "FourRooms-v0",
	.summary = "find the goal in four rooms of 11 x 11 cells, from anywhere",
	.source = "rooms of Sutton, Precup & Singh 1999, figure 2; goal, starts and reward are "
		  "Bern's own",
	.params = params,
	.fields = fields,
	.metrics = metrics,
	.param_count = P_COUNT,
	.field_count = sizeof fields / sizeof fields[0],
	.metric_count = sizeof metrics / sizeof metrics[0],
	.has_returns = 1,
	.random_return = 0.264,
	.solved_return = 0.95,
	.step_seconds = 0.15,
	.open = open_rooms,
	.close = free,
	.reset = reset,
	.step = step,
	.observe = observe,
	.read_metrics = read_metrics,
	.draw = draw,
};

BERN_PLUGIN(fourrooms, &rooms);
