/* Frozen lake: cross the ice from the start to the goal without falling into a hole; ice is slippery.
 *
 * Gymnasium's FrozenLake-v1 and FrozenLake8x8-v1, with the same draws: one uniform at reset for the start, one each step for
 * where the agent slips, so that the same seed gives the same episode.
 */
#include "grid.h"

#include <bern/env.h>
#include <bern/rng.h>

#include <stdlib.h>

enum { P_MAP, P_SLIPPERY, P_SUCCESS_RATE, P_COUNT };

#define PARAMS(map_)                                                                               \
	{                                                                                          \
		[P_MAP] = {"map",                                                                  \
			   "4x4, 8x8, or own rows of S (start), F (ice), H (hole), G (goal), "     \
			   "separated by / or line ends",                                          \
			   BERN_TEXT,                                                              \
			   0,                                                                      \
			   map_,                                                                   \
			   1,                                                                      \
			   GRID_TEXT,                                                              \
			   NULL},                                                                  \
		[P_SLIPPERY] = {"is_slippery",                                                     \
				"whether the agent slips to the side",                             \
				BERN_BOOL,                                                         \
				0,                                                                 \
				"true",                                                            \
				0,                                                                 \
				0,                                                                 \
				NULL},                                                             \
		[P_SUCCESS_RATE] = {"success_rate",                                                \
				    "probability of moving as meant on slippery ice; each side "   \
				    "has half of the rest",                                        \
				    BERN_REAL,                                                     \
				    0,                                                             \
				    "0.3333333333333333",                                          \
				    0,                                                             \
				    1,                                                             \
				    NULL},                                                         \
	}

static const bern_param params_4x4[P_COUNT] = PARAMS("4x4");
static const bern_param params_8x8[P_COUNT] = PARAMS("8x8");

static const char map_4x4[] = "SFFF/FHFH/FFFH/HFFG";
static const char map_8x8[] =
	"SFFFFFFF/FFFFFFFF/FFFHFFFF/FFFFFHFF/FFFHFFFF/FHHFFFHF/FHFFHFHF/FFFHFFFG";

typedef struct state {
	int32_t cell; /* row * columns + column */
} state;

static const bern_field fields[] = {
	{"cell", BERN_I32, 1, offsetof(state, cell)},
};

typedef struct model {
	grid grid;
	grid_slip slip;
	int32_t sizes[1];                    /* number of cells */
	double start_cumulative[GRID_CELLS]; /* (start_count) */
	int16_t next[GRID_CELLS][4];         /* cell after a move */
} model;

static const int32_t action_sizes[1] = {4};
static const char *const action_names[4] = {"left", "down", "right", "up"};
static const int32_t down[4] = {0, 1, 0, -1}, right[4] = {-1, 0, 1, 0};

static const char *const metrics[] = {"success"};

static int32_t open_limit(const bern_value *values, bern_instance *out, uint64_t max_steps,
			  char *err, size_t err_size)
{
	model *m = calloc(1, sizeof *m);
	if (!m) {
		snprintf(err, err_size, "no memory for the model");
		return 1;
	}
	const char *map = values[P_MAP].s;
	map = strcmp(map, "4x4") == 0 ? map_4x4 : strcmp(map, "8x8") == 0 ? map_8x8 : map;
	if (grid_parse(&m->grid, map, "SFHG", err, err_size)) {
		free(m);
		return 1;
	}

	double kept = values[P_SLIPPERY].i ? values[P_SUCCESS_RATE].r : 1;
	m->slip = grid_slip_of((1 - kept) / 2, kept);
	int32_t cells = m->grid.rows * m->grid.columns;
	for (int32_t cell = 0; cell < cells; cell++)
		for (int32_t a = 0; a < 4; a++)
			m->next[cell][a] = (int16_t)grid_move(&m->grid, cell, down[a], right[a]);
	double sum = 0;
	for (int32_t i = 0; i < m->grid.start_count; i++) {
		sum += 1.0 / m->grid.start_count;
		m->start_cumulative[i] = sum;
	}
	m->sizes[0] = cells;

	out->model = m;
	out->state_size = sizeof(state);
	out->max_steps = max_steps;
	out->observation = (bern_space){.kind = BERN_DISCRETE, .count = 1, .sizes = m->sizes};
	out->grid_rows = (uint32_t)m->grid.rows;
	out->grid_columns = (uint32_t)m->grid.columns;
	out->action = (bern_space){.kind = BERN_DISCRETE,
				   .count = 1,
				   .sizes = action_sizes,
				   .labels = action_names,
				   .keys = action_names};
	out->max_return = 1;
	out->has_max_return = 1;
	return 0;
}

static int32_t open_4x4(const bern_value *values, bern_instance *out, char *err, size_t err_size)
{
	return open_limit(values, out, 100, err, err_size);
}

static int32_t open_8x8(const bern_value *values, bern_instance *out, char *err, size_t err_size)
{
	return open_limit(values, out, 200, err, err_size);
}

static void reset(const void *model_, void *state_, bern_rng *rng)
{
	const model *m = model_;
	state *s = state_;
	double u = bern_rng_uniform(rng);
	int32_t i = 0;
	while (i < m->grid.start_count - 1 && m->start_cumulative[i] <= u)
		i++;
	s->cell = m->grid.starts[i];
}

static void step(const void *model_, void *state_, bern_rng *rng, const void *action,
		 bern_outcome *out)
{
	const model *m = model_;
	state *s = state_;
	int32_t direction = grid_slipped(&m->slip, *(const int32_t *)action, bern_rng_uniform(rng));
	s->cell = m->next[s->cell][direction];
	char letter = m->grid.letters[s->cell];
	out->reward = letter == GRID_GOAL;
	out->flags = letter == GRID_GOAL || letter == GRID_HOLE ? BERN_TERMINATED : 0;
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
	static const grid_colors colors = {.ground = BERN_RGB(232, 242, 248),
					   .start = BERN_RGB(205, 224, 238),
					   .hole = BERN_RGB(32, 52, 70),
					   .round_holes = 1};
	grid_draw(&m->grid, s->cell, &colors, c);
}

#define TABLE(id_, size_, random_, solved_)                                                        \
	{                                                                                          \
		.abi = BERN_ENV_ABI, .struct_size = sizeof(bern_env), .id = id_,                   \
		.summary = "cross a frozen lake of " #size_ " cells, slippery, around its holes",  \
		.source = "Gymnasium " id_, .params = params_##size_, .fields = fields,            \
		.metrics = metrics, .param_count = P_COUNT,                                        \
		.field_count = sizeof fields / sizeof fields[0],                                   \
		.metric_count = sizeof metrics / sizeof metrics[0], .has_returns = 1,              \
		.random_return = random_, .solved_return = solved_, .step_seconds = 0.25,          \
		.open = open_##size_, .close = free, .reset = reset, .step = step,                 \
		.observe = observe, .read_metrics = read_metrics, .draw = draw,                    \
	}

/* solved: the thresholds of Gymnasium's registry */
static const bern_env lake_4x4 = TABLE("FrozenLake-v1", 4x4, 0.0139, 0.70);
static const bern_env lake_8x8 = TABLE("FrozenLake8x8-v1", 8x8, 0.0019, 0.85);

BERN_PLUGIN(frozenlake, &lake_4x4, &lake_8x8);
