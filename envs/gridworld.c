/* A gridworld of the user's own: a map given as text, with rewards and slipping as parameters.
 *
 * Letters of a map: S start (several: one is drawn), G goal, # wall, . or F free ground, H hole. Goals and holes end the episode. Rows
 * are separated by '/' or line ends. Each step pays step_reward, and the goal or hole it enters pays on top. Episodes are cut after
 * four steps for each cell of the map; the setting max_steps changes that. The default map is the maze of Sutton & Barto 2018,
 * example 8.1.
 */
#include "grid.h"

#include <bern/env.h>
#include <bern/rng.h>

#include <stdlib.h>

enum { P_MAP, P_STEP_REWARD, P_GOAL_REWARD, P_HOLE_REWARD, P_SLIP, P_COUNT };

static const bern_param params[P_COUNT] = {
	[P_MAP] = {"map",
		   "rows of S (start), G (goal), # (wall), . or F (free), H (hole), separated by / "
		   "or line ends",
		   BERN_TEXT, 0, ".......#G/..#....#./S.#....#./..#....../.....#.../.........", 1,
		   GRID_TEXT, NULL},
	[P_STEP_REWARD] = {"step_reward", "reward of each step", BERN_REAL, 0, "-0.01", -1e6, 1e6,
			   NULL},
	[P_GOAL_REWARD] = {"goal_reward", "added when a goal is reached", BERN_REAL, 0, "1", -1e6,
			   1e6, NULL},
	[P_HOLE_REWARD] = {"hole_reward", "added when the agent falls into a hole", BERN_REAL, 0,
			   "-1", -1e6, 1e6, NULL},
	[P_SLIP] = {"slip", "probability that a move turns to a side (half for each)", BERN_REAL, 0,
		    "0", 0, 1, NULL},
};

typedef struct state {
	int32_t cell; /* row * columns + column */
} state;

static const bern_field fields[] = {
	{"cell", BERN_I32, 1, offsetof(state, cell)},
};

typedef struct model {
	grid grid;
	grid_slip slip;
	int32_t slips; /* 0: moves never turn, nothing is drawn */
	double step_reward, goal_reward, hole_reward;
	int32_t sizes[1]; /* number of cells */
	int16_t next[GRID_CELLS][4];
} model;

static const int32_t action_sizes[1] = {4};
static const char *const action_names[4] = {"left", "down", "right", "up"};
static const int32_t down[4] = {0, 1, 0, -1}, right[4] = {-1, 0, 1, 0};

static const char *const metrics[] = {"success"};

/* What an episode of `steps` steps returns that ends with `last` on top, summed as a host sums it. */
static double return_of(const model *m, int32_t steps, double last)
{
	double sum = 0;
	for (int32_t i = 1; i < steps; i++)
		sum += m->step_reward;
	return sum + (m->step_reward + last);
}

/* The best of: the shortest way to a goal, the shortest way into a hole, being cut after one step or later. */
static double best_return(const model *m)
{
	double best = m->step_reward;
	double goal = return_of(m, m->grid.to_goal, m->goal_reward);
	if (goal > best)
		best = goal;
	double hole = return_of(m, m->grid.to_hole, m->hole_reward);
	if (m->grid.to_hole > 0 && hole > best)
		best = hole;
	return best;
}

static int32_t open_map(const bern_value *values, bern_instance *out, char *err, size_t err_size)
{
	model *m = calloc(1, sizeof *m);
	if (!m) {
		snprintf(err, err_size, "no memory for the model");
		return 1;
	}
	if (grid_parse(&m->grid, values[P_MAP].s, "SG#.FH", err, err_size)) {
		free(m);
		return 1;
	}
	m->step_reward = values[P_STEP_REWARD].r;
	m->goal_reward = values[P_GOAL_REWARD].r;
	m->hole_reward = values[P_HOLE_REWARD].r;
	double slip = values[P_SLIP].r;
	m->slips = slip > 0;
	m->slip = grid_slip_of(slip / 2, 1 - slip);
	int32_t cells = m->grid.rows * m->grid.columns;
	for (int32_t cell = 0; cell < cells; cell++)
		for (int32_t a = 0; a < 4; a++)
			m->next[cell][a] = (int16_t)grid_move(&m->grid, cell, down[a], right[a]);
	m->sizes[0] = cells;

	out->model = m;
	out->state_size = sizeof(state);
	out->max_steps = 4 * (uint64_t)cells;
	out->observation = (bern_space){.kind = BERN_DISCRETE, .count = 1, .sizes = m->sizes};
	out->grid_rows = (uint32_t)m->grid.rows;
	out->grid_columns = (uint32_t)m->grid.columns;
	out->action = (bern_space){.kind = BERN_DISCRETE,
				   .count = 1,
				   .sizes = action_sizes,
				   .labels = action_names,
				   .keys = action_names};
	/* where walking on is paid, only the time limit bounds the return, and that is the host's */
	if (m->step_reward <= 0) {
		out->max_return = best_return(m);
		out->has_max_return = 1;
	}
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
	char letter = m->grid.letters[s->cell];
	out->reward = m->step_reward;
	if (letter == GRID_GOAL) {
		out->reward += m->goal_reward;
		out->flags = BERN_TERMINATED;
	} else if (letter == GRID_HOLE) {
		out->reward += m->hole_reward;
		out->flags = BERN_TERMINATED;
	}
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
					   .start = BERN_RGB(205, 224, 238),
					   .wall = BERN_RGB(84, 88, 94),
					   .hole = BERN_RGB(32, 52, 70),
					   .round_holes = 1};
	grid_draw(&m->grid, s->cell, &colors, c);
}

static const bern_env gridworld = {
	.abi = BERN_ENV_ABI,
	.struct_size = sizeof(bern_env),
	.id = "Gridworld-v0",
	.summary = "walk to the goal of a map given as text (map=...)",
	.source = "Bern's own; default map: maze of Sutton & Barto 2018, example 8.1",
	.params = params,
	.fields = fields,
	.metrics = metrics,
	.param_count = P_COUNT,
	.field_count = sizeof fields / sizeof fields[0],
	.metric_count = sizeof metrics / sizeof metrics[0],
	.has_returns = 1,
	.random_return = -1.882,
	.solved_return = 0.8,
	.step_seconds = 0.15,
	.open = open_map,
	.close = free,
	.reset = reset,
	.step = step,
	.observe = observe,
	.read_metrics = read_metrics,
	.draw = draw,
};

BERN_PLUGIN(gridworld, &gridworld);
