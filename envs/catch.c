/* Catch: a ball falls from the top row, and a paddle in the bottom row must be under it when it lands.
 *
 * Mnih et al. 2014, "Recurrent models of visual attention", section 4.2, as bsuite plays it (bsuite/environments/catch.py): the
 * ball falls straight down from a column drawn at reset, one row a step; the paddle starts in the middle, at columns / 2. The last
 * step pays 1 or -1, all others 0. bsuite draws with numpy's older generator, so its seeds give other columns.
 *
 * What it tests: credit over rows - 1 steps, with nothing to explore and nothing to remember.
 */
#include <bern/env.h>
#include <bern/rng.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { P_ROWS, P_COLUMNS, P_COUNT };
enum { MOST = 64 };

static const bern_param params[P_COUNT] = {
	[P_ROWS] = {"rows", "rows of the board; an episode has one step less", BERN_INT, 0, "10", 2,
		    MOST, NULL},
	[P_COLUMNS] = {"columns", "columns of the board", BERN_INT, 0, "5", 1, MOST, NULL},
};

typedef struct state {
	int32_t ball_row, ball_column; /* rows from the top */
	int32_t paddle;                /* column */
} state;

static const bern_field fields[] = {
	{"ball_row", BERN_I32, 1, offsetof(state, ball_row)},
	{"ball_column", BERN_I32, 1, offsetof(state, ball_column)},
	{"paddle", BERN_I32, 1, offsetof(state, paddle)},
};

typedef struct model {
	int32_t rows, columns;
} model;

static const int32_t action_sizes[1] = {3};
static const char *const action_names[3] = {"left", "stay", "right"};
static const char *const action_keys[3] = {"left", "down", "right"};

static const char *const metrics[] = {"caught"};

static int32_t open_catch(const bern_value *values, bern_instance *out, char *err, size_t err_size)
{
	model *m = calloc(1, sizeof *m);
	if (!m) {
		snprintf(err, err_size, "no memory for the model");
		return 1;
	}
	m->rows = (int32_t)values[P_ROWS].i;
	m->columns = (int32_t)values[P_COLUMNS].i;
	out->model = m;
	out->state_size = sizeof(state);
	out->observation = (bern_space){.kind = BERN_MULTI_BINARY,
					.count = (uint32_t)(m->rows * m->columns),
					.ndim = 2,
					.shape = {(uint32_t)m->rows, (uint32_t)m->columns}};
	out->action = (bern_space){.kind = BERN_DISCRETE,
				   .count = 1,
				   .sizes = action_sizes,
				   .labels = action_names,
				   .keys = action_keys};
	out->max_return = 1;
	out->has_max_return = 1;
	return 0;
}

static void reset(const void *model_, void *state_, bern_rng *rng)
{
	const model *m = model_;
	state *s = state_;
	s->ball_row = 0;
	s->ball_column = (int32_t)bern_rng_below(rng, (uint64_t)m->columns);
	s->paddle = m->columns / 2;
}

static void step(const void *model_, void *state_, bern_rng *rng, const void *action,
		 bern_outcome *out)
{
	const model *m = model_;
	state *s = state_;
	(void)rng;
	int32_t to = s->paddle + *(const int32_t *)action - 1;
	if (to >= 0 && to < m->columns)
		s->paddle = to;
	s->ball_row++;
	if (s->ball_row == m->rows - 1) {
		out->reward = s->paddle == s->ball_column ? 1 : -1;
		out->flags = BERN_TERMINATED;
	}
}

static void observe(const void *model_, const void *state_, void *observation)
{
	const model *m = model_;
	const state *s = state_;
	uint8_t *board = observation; /* (rows, columns) */
	memset(board, 0, (size_t)(m->rows * m->columns));
	board[s->ball_row * m->columns + s->ball_column] = 1;
	board[(m->rows - 1) * m->columns + s->paddle] = 1;
}

static void read_metrics(const void *model_, const void *state_, double *out)
{
	const model *m = model_;
	const state *s = state_;
	out[0] = s->ball_row == m->rows - 1 && s->paddle == s->ball_column;
}

static void draw(const void *model_, const void *state_, const bern_canvas *c)
{
	const model *m = model_;
	const state *s = state_;
	const uint32_t rule = BERN_RGB(222, 226, 230);
	c->view(c->user, -0.1, -0.1, m->columns + 0.1, m->rows + 0.1);
	c->rect(c->user, -0.1, -0.1, m->columns + 0.2, m->rows + 0.2, BERN_RGB(255, 255, 255));
	for (int32_t row = 0; row <= m->rows; row++)
		c->line(c->user, 0, row, m->columns, row, 0.02, rule);
	for (int32_t column = 0; column <= m->columns; column++)
		c->line(c->user, column, 0, column, m->rows, 0.02, rule);
	c->rect(c->user, s->paddle + 0.05, 0.05, 0.9, 0.3, BERN_RGB(0x00, 0x72, 0xb2));
	c->disc(c->user, s->ball_column + 0.5, m->rows - s->ball_row - 0.5, 0.3,
		BERN_RGB(0xe6, 0x9f, 0x00));
}

static const bern_env catch = {
	.abi = BERN_ENV_ABI,
	.struct_size = sizeof(bern_env),
	.id = "Catch-v0",
	.summary = "have the paddle under the ball when it lands (a probe of credit over time)",
	.source = "bsuite catch (Osband et al. 2020, arXiv 1908.03568); Mnih et al. 2014, arXiv "
		  "1406.6247",
	.params = params,
	.fields = fields,
	.metrics = metrics,
	.param_count = P_COUNT,
	.field_count = sizeof fields / sizeof fields[0],
	.metric_count = sizeof metrics / sizeof metrics[0],
	.has_returns = 1,
	.random_return = -0.6, /* the ball's column is drawn without regard to the paddle's */
	.solved_return = 0.95,
	.step_seconds = 0.1,
	.open = open_catch,
	.close = free,
	.reset = reset,
	.step = step,
	.observe = observe,
	.read_metrics = read_metrics,
	.draw = draw,
};

BERN_PLUGIN(catch, &catch);
