/* Windy gridworld: reach the goal across columns whose wind blows upwards.
 *
 * Sutton & Barto 2018, example 6.5, and exercises 6.9 (moves as a king, or standing still too) and 6.10 (the wind varies by one
 * row). The wind is that of the column that is left. No limit in the book; here an episode is cut after 1,000 steps, because a
 * policy may well never arrive.
 */
#include <bern/env.h>
#include <bern/rng.h>

#include <stdio.h>
#include <stdlib.h>

enum { ROWS = 7, COLUMNS = 10, START = 3 * COLUMNS, GOAL = 3 * COLUMNS + 7 };
enum { P_MOVES, P_STOCHASTIC, P_COUNT };

static const char *const moves_names[] = {"4", "8", "9", NULL};
static const int32_t moves_counts[][1] = {{4}, {8}, {9}};

static const bern_param params[P_COUNT] = {
	[P_MOVES] = {"moves", "number of actions: 4 straight ones, 8 as a king, 9 with standing",
		     BERN_CHOICE, 0, "4", 0, 0, moves_names},
	[P_STOCHASTIC] = {"stochastic_wind",
			  "whether a wind is one row weaker or stronger, with probability 1/3 each",
			  BERN_BOOL, 0, "false", 0, 0, NULL},
};

typedef struct state {
	int32_t cell; /* row * 10 + column */
} state;

static const bern_field fields[] = {
	{"cell", BERN_I32, 1, offsetof(state, cell)},
};

typedef struct model {
	int stochastic;
} model;

static const int32_t wind[COLUMNS] = {0, 0, 0, 1, 1, 1, 2, 2, 1, 0};

static const int32_t observation_sizes[1] = {ROWS * COLUMNS};
static const char *const action_labels[9] = {
	"up", "right", "down", "left", "up right", "down right", "down left", "up left", "stand"};
static const char *const action_keys[9] = {"up", "right", "down", "left", "e", "c", "z", "q", "s"};
static const int32_t down[9] = {-1, 0, 1, 0, -1, 1, 1, -1, 0};
static const int32_t right[9] = {0, 1, 0, -1, 1, 1, -1, -1, 0};

static const char *const metrics[] = {"success"};

static int32_t open_windy(const bern_value *values, bern_instance *out, char *err, size_t err_size)
{
	model *m = calloc(1, sizeof *m);
	if (!m) {
		snprintf(err, err_size, "no memory for the model");
		return 1;
	}
	m->stochastic = values[P_STOCHASTIC].i != 0;
	out->model = m;
	out->state_size = sizeof(state);
	out->max_steps = 1000;
	out->observation = (bern_space){
		.kind = BERN_DISCRETE, .count = 1, .sizes = observation_sizes};
	out->grid_rows = ROWS;
	out->grid_columns = COLUMNS;
	out->action = (bern_space){.kind = BERN_DISCRETE,
				   .count = 1,
				   .sizes = moves_counts[values[P_MOVES].i],
				   .labels = action_labels,
				   .keys = action_keys};
	/* the goal is 7 columns away; with straight moves and the book's wind it takes 15 */
	out->max_return = values[P_MOVES].i == 0 && !m->stochastic ? -15 : -7;
	out->has_max_return = 1;
	return 0;
}

static void reset(const void *model_, void *state_, bern_rng *rng)
{
	state *s = state_;
	(void)model_;
	(void)rng;
	s->cell = START;
}

static int32_t inside(int32_t x, int32_t count)
{
	x = x < 0 ? 0 : x;
	return x >= count ? count - 1 : x;
}

static void step(const void *model_, void *state_, bern_rng *rng, const void *action,
		 bern_outcome *out)
{
	const model *m = model_;
	state *s = state_;
	int32_t a = *(const int32_t *)action, row = s->cell / COLUMNS, column = s->cell % COLUMNS;
	int32_t blown = wind[column];
	if (m->stochastic && blown > 0)
		blown += (int32_t)bern_rng_below(rng, 3) - 1;
	row = inside(row + down[a] - blown, ROWS);
	column = inside(column + right[a], COLUMNS);
	s->cell = row * COLUMNS + column;
	out->reward = -1;
	out->flags = s->cell == GOAL ? BERN_TERMINATED : 0;
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
	out[0] = s->cell == GOAL;
}

static void draw(const void *model_, const void *state_, const bern_canvas *c)
{
	const state *s = state_;
	const uint32_t paper = BERN_RGB(255, 255, 255), ink = BERN_RGB(60, 60, 60);
	const uint32_t rule = BERN_RGB(200, 204, 208);
	const uint32_t blue = BERN_RGB(0x00, 0x72, 0xb2), orange = BERN_RGB(0xe6, 0x9f, 0x00);
	static const uint32_t ground[3] = {BERN_RGB(244, 246, 248), BERN_RGB(222, 234, 243),
					   BERN_RGB(198, 219, 235)};
	static const char *const force[3] = {"0", "1", "2"};
	uint32_t cells[ROWS * COLUMNS];
	(void)model_;
	for (int32_t i = 0; i < ROWS * COLUMNS; i++)
		cells[i] = ground[wind[i % COLUMNS]];

	c->view(c->user, -0.1, -0.8, COLUMNS + 0.1, ROWS + 0.1);
	c->rect(c->user, -0.1, -0.8, COLUMNS + 0.2, ROWS + 0.9, paper);
	c->cells(c->user, 0, 0, COLUMNS, ROWS, ROWS, COLUMNS, cells);
	for (int32_t row = 0; row <= ROWS; row++)
		c->line(c->user, 0, row, COLUMNS, row, 0.02, rule);
	for (int32_t column = 0; column <= COLUMNS; column++)
		c->line(c->user, column, 0, column, ROWS, 0.02, rule);
	for (int32_t column = 0; column < COLUMNS; column++)
		c->text(c->user, column + 0.5, -0.6, 0.4, ink, force[wind[column]]);

	double x = GOAL % COLUMNS + 0.5, y = ROWS - GOAL / COLUMNS - 0.5;
	const double flag[6] = {x - 0.14, y + 0.34, x + 0.3, y + 0.17, x - 0.14, y};
	c->line(c->user, x - 0.16, y - 0.34, x - 0.16, y + 0.36, 0.06, ink);
	c->polygon(c->user, flag, 3, orange);
	x = s->cell % COLUMNS + 0.5;
	y = ROWS - s->cell / COLUMNS - 0.5;
	c->disc(c->user, x, y, 0.29, paper);
	c->disc(c->user, x, y, 0.25, blue);
}

static const bern_env windy = {
	.abi = BERN_ENV_ABI,
	.struct_size = sizeof(bern_env),
	.id = "WindyGridworld-v0",
	.summary = "cross a field with a wind from the side",
	.source = "Sutton & Barto 2018, example 6.5, exercises 6.9 and 6.10",
	.params = params,
	.fields = fields,
	.metrics = metrics,
	.param_count = P_COUNT,
	.field_count = sizeof fields / sizeof fields[0],
	.metric_count = sizeof metrics / sizeof metrics[0],
	.has_returns = 1,
	.random_return = -932.9,
	.solved_return = -17, /* the best that can be had is -15 */
	.step_seconds = 0.25,
	.open = open_windy,
	.close = free,
	.reset = reset,
	.step = step,
	.observe = observe,
	.read_metrics = read_metrics,
	.draw = draw,
};

BERN_PLUGIN(windygridworld, &windy);
