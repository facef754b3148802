/* Cliff walking: along the edge of a cliff from the left corner to the right one; who steps over it starts again and pays 100.
 *
 * Sutton & Barto 2018, example 6.6; Gymnasium's CliffWalking-v1 and CliffWalkingSlippery-v1 with the same draws: one uniform at
 * reset (its value decides nothing), one each step.
 */
#include "grid.h"

#include <bern/env.h>
#include <bern/rng.h>

#include <stdlib.h>

enum { P_SLIPPERY, P_COUNT };

#define PARAMS(slippery_)                                                                          \
	{                                                                                          \
		[P_SLIPPERY] = {"is_slippery",                                                     \
				"whether a move turns to each side with probability 1/3",          \
				BERN_BOOL,                                                         \
				0,                                                                 \
				slippery_,                                                         \
				0,                                                                 \
				0,                                                                 \
				NULL},                                                             \
	}

static const bern_param params_firm[P_COUNT] = PARAMS("false");
static const bern_param params_slippery[P_COUNT] = PARAMS("true");

/* the cliff is what the other gridworlds call holes */
static const char map[] = "FFFFFFFFFFFF/FFFFFFFFFFFF/FFFFFFFFFFFF/SHHHHHHHHHHG";

typedef struct state {
	int32_t cell;  /* row * 12 + column */
	int32_t falls; /* over the cliff, in this episode */
} state;

static const bern_field fields[] = {
	{"cell", BERN_I32, 1, offsetof(state, cell)},
	{"falls", BERN_I32, 1, offsetof(state, falls)},
};

typedef struct model {
	grid grid;
	grid_slip slip;
	int16_t next[4 * 12][4]; /* cell a move leads to, cliff included */
} model;

static const int32_t observation_sizes[1] = {4 * 12};
static const int32_t action_sizes[1] = {4};
static const char *const action_names[4] = {"up", "right", "down", "left"};
static const int32_t down[4] = {-1, 0, 1, 0}, right[4] = {0, 1, 0, -1};

static const char *const metrics[] = {"falls"};

static int32_t open_cliff(const bern_value *values, bern_instance *out, char *err, size_t err_size)
{
	model *m = calloc(1, sizeof *m);
	if (!m) {
		snprintf(err, err_size, "no memory for the model");
		return 1;
	}
	if (grid_parse(&m->grid, map, "FSHG", err, err_size)) {
		free(m);
		return 1;
	}
	int slippery = values[P_SLIPPERY].i != 0;
	m->slip = slippery ? grid_slip_of(1.0 / 3.0, 1.0 / 3.0) : grid_slip_of(0, 1);
	for (int32_t cell = 0; cell < 4 * 12; cell++)
		for (int32_t a = 0; a < 4; a++)
			m->next[cell][a] = (int16_t)grid_move(&m->grid, cell, down[a], right[a]);

	out->model = m;
	out->state_size = sizeof(state);
	out->observation = (bern_space){
		.kind = BERN_DISCRETE, .count = 1, .sizes = observation_sizes};
	out->grid_rows = 4;
	out->grid_columns = 12;
	out->action = (bern_space){.kind = BERN_DISCRETE,
				   .count = 1,
				   .sizes = action_sizes,
				   .labels = action_names,
				   .keys = action_names};
	/* the way along the edge: -1 for each of 13 steps */
	out->max_return = -m->grid.to_goal;
	out->has_max_return = 1;
	return 0;
}

static void reset(const void *model_, void *state_, bern_rng *rng)
{
	const model *m = model_;
	state *s = state_;
	(void)bern_rng_uniform(rng); /* Gymnasium draws its only start */
	s->cell = m->grid.starts[0];
	s->falls = 0;
}

static void step(const void *model_, void *state_, bern_rng *rng, const void *action,
		 bern_outcome *out)
{
	const model *m = model_;
	state *s = state_;
	int32_t direction = grid_slipped(&m->slip, *(const int32_t *)action, bern_rng_uniform(rng));
	s->cell = m->next[s->cell][direction];
	char letter = m->grid.letters[s->cell];
	out->reward = -1;
	if (letter == GRID_HOLE) {
		out->reward = -100;
		s->cell = m->grid.starts[0];
		s->falls += s->falls < INT32_MAX;
	}
	out->flags = letter == GRID_GOAL ? BERN_TERMINATED : 0;
}

static void observe(const void *model_, const void *state_, void *observation)
{
	const state *s = state_;
	(void)model_;
	*(int32_t *)observation = s->cell;
}

static void read_metrics(const void *model_, const void *state_, double *out)
{
	const state *s = state_;
	(void)model_;
	out[0] = s->falls;
}

static void draw(const void *model_, const void *state_, const bern_canvas *c)
{
	const model *m = model_;
	const state *s = state_;
	static const grid_colors colors = {.ground = BERN_RGB(244, 240, 230),
					   .start = BERN_RGB(205, 224, 238),
					   .hole = BERN_RGB(84, 76, 70)};
	grid_draw(&m->grid, s->cell, &colors, c);
}

#define TABLE(id_, params_, summary_, random_, solved_)                                            \
	{                                                                                          \
		.abi = BERN_ENV_ABI, .struct_size = sizeof(bern_env), .id = id_,                   \
		.summary = summary_, .source = "Sutton & Barto 2018, example 6.6; Gymnasium " id_, \
		.params = params_, .fields = fields, .metrics = metrics, .param_count = P_COUNT,   \
		.field_count = sizeof fields / sizeof fields[0],                                   \
		.metric_count = sizeof metrics / sizeof metrics[0], .has_returns = 1,              \
		.random_return = random_, .solved_return = solved_, .step_seconds = 0.25,          \
		.open = open_cliff, .close = free, .reset = reset, .step = step,                   \
		.observe = observe, .read_metrics = read_metrics, .draw = draw,                    \
	}

/* solved: the best that can be had is -13, and -64.7 on slippery ground */
static const bern_env firm = TABLE("CliffWalking-v1", params_firm,
				   "walk along a cliff without stepping over it", -65375, -20);
static const bern_env slippery = TABLE("CliffWalkingSlippery-v1", params_slippery,
				       "walk along a cliff whose ground is slippery", -65375, -80);

BERN_PLUGIN(cliffwalking, &firm, &slippery);
