/* Deep sea: dive from the top left corner of an N x N sea, one row a step, left or right; the treasure lies bottom right.
 *
 * Osband et al. 2019, "Deep exploration via randomized value functions", as bsuite has it (bsuite/environments/deep_sea.py): moving
 * right costs move_cost / N; moving right in the last column pays 1, which is reached only by moving right at every step. Which
 * of the two actions is right is drawn once for each cell (`mapping`), so that no action is good in itself. With stochastic = true a move to the
 * right succeeds with probability 1 - 1/N, and the two end cells of the last row add N(0, 1) to their reward.
 * bsuite draws its mapping with numpy's older generator, so the same number gives another mapping there.
 *
 * What it tests: exploration over many steps. Random actions find the treasure once in 2^N episodes, and everything before pays for
 * turning away from it.
 */
#include <bern/env.h>
#include <bern/math.h>
#include <bern/rng.h>

#include <stdio.h>
#include <stdlib.h>

enum { P_SIZE, P_MAPPING, P_STOCHASTIC, P_MOVE_COST, P_COUNT };
enum { MOST = 64 };

static const bern_param params[P_COUNT] = {
	[P_SIZE] = {"size", "rows and columns, and steps of an episode", BERN_INT, 0, "10", 2, MOST,
		    NULL},
	[P_MAPPING] = {"mapping",
		       "number of the drawing of which action is right in which cell; -1: action 1 "
		       "everywhere",
		       BERN_INT, 0, "0", -1, 1e15, NULL},
	[P_STOCHASTIC] = {"stochastic", "whether moves to the right may fail and ends are noisy",
			  BERN_BOOL, 0, "false", 0, 0, NULL},
	[P_MOVE_COST] = {"move_cost", "cost of an episode of moves to the right", BERN_REAL, 0,
			 "0.01", 0, 1e6, NULL},
};

typedef struct state {
	int32_t row, column; /* row = size: below the sea, the episode is over */
	int32_t found;       /* 1 if the last step paid the treasure */
	int32_t on_course;   /* 1 while every move was to the right */
} state;

static const bern_field fields[] = {
	{"row", BERN_I32, 1, offsetof(state, row)},
	{"column", BERN_I32, 1, offsetof(state, column)},
	{"found", BERN_I32, 1, offsetof(state, found)},
	{"on_course", BERN_I32, 1, offsetof(state, on_course)},
};

typedef struct model {
	int32_t size, stochastic;
	double move_cost;           /* of one move */
	int32_t sizes[1];           /* of the observation */
	uint8_t right[MOST * MOST]; /* (size, size) the action that moves right */
} model;

static const int32_t action_sizes[1] = {2};
static const char *const action_keys[2] = {"left", "right"};

static const char *const metrics[] = {"found", "on_course"};

/* What the best policy returns, summed as a host sums it: right at every step, or where that costs more than it pays, never. */
static double best_return(const model *m)
{
	double sum = 0;
	for (int32_t i = 1; i < m->size; i++)
		sum -= m->move_cost;
	sum += 1 - m->move_cost;
	return sum > 0 ? sum : 0;
}

static int32_t open_sea(const bern_value *values, bern_instance *out, char *err, size_t err_size)
{
	model *m = calloc(1, sizeof *m);
	if (!m) {
		snprintf(err, err_size, "no memory for the model");
		return 1;
	}
	m->size = (int32_t)values[P_SIZE].i;
	m->stochastic = values[P_STOCHASTIC].i != 0;
	m->move_cost = values[P_MOVE_COST].r / m->size;
	m->sizes[0] = m->size * m->size + 1;
	int64_t mapping = values[P_MAPPING].i;
	/* a stream apart from every seeded one: pcg64's own start-up, the mapping's number and this file's constant */
	const uint64_t number[2] = {(uint64_t)mapping, 0}, stream[2] = {0x64656570736561, 0};
	bern_rng rng;
	bern_rng_init(&rng, number, stream);
	for (int32_t cell = 0; cell < m->size * m->size; cell++)
		m->right[cell] = mapping < 0 || bern_rng_below(&rng, 2);

	out->model = m;
	out->state_size = sizeof(state);
	out->observation = (bern_space){.kind = BERN_DISCRETE, .count = 1, .sizes = m->sizes};
	out->grid_rows = out->grid_columns = (uint32_t)m->size;
	out->action = (bern_space){
		.kind = BERN_DISCRETE, .count = 1, .sizes = action_sizes, .keys = action_keys};
	/* the noise has no bound */
	if (!m->stochastic) {
		out->max_return = best_return(m);
		out->has_max_return = 1;
	}
	return 0;
}

static void reset(const void *model_, void *state_, bern_rng *rng)
{
	(void)model_;
	(void)rng;
	*(state *)state_ = (state){.on_course = 1};
}

static void step(const void *model_, void *state_, bern_rng *rng, const void *action,
		 bern_outcome *out)
{
	const model *m = model_;
	state *s = state_;
	int32_t last = m->size - 1;
	int32_t right = *(const int32_t *)action == m->right[s->row * m->size + s->column];
	s->found = right && s->column == last;
	out->reward = s->found;
	if (m->stochastic && s->row == last && (s->column == 0 || s->column == last))
		out->reward += bern_normal(rng);
	if (right) {
		int32_t moves = !m->stochastic || bern_rng_uniform(rng) > 1.0 / m->size;
		s->column += moves && s->column < last;
		out->reward -= m->move_cost;
	} else {
		s->column -= s->column > 0;
		s->on_course = 0;
	}
	s->row++;
	if (s->row == m->size)
		out->flags = BERN_TERMINATED;
}

static void observe(const void *model_, const void *state_, void *observation)
{
	const model *m = model_;
	const state *s = state_;
	*(int32_t *)observation = s->row == m->size ? m->size * m->size
						    : s->row * m->size + s->column;
}

static void read_metrics(const void *model_, const void *state_, double *out)
{
	const state *s = state_;
	(void)model_;
	out[0] = s->found;
	out[1] = s->on_course;
}

static void draw(const void *model_, const void *state_, const bern_canvas *c)
{
	const model *m = model_;
	const state *s = state_;
	uint32_t colors[MOST * MOST];
	double size = m->size;
	for (int32_t cell = 0; cell < m->size * m->size; cell++) {
		/* deeper is darker; what lies right of the diagonal cannot be reached */
		int32_t row = cell / m->size, column = cell % m->size, shade = 110 * row / m->size;
		colors[cell] = column > row ? BERN_RGB(238, 238, 234)
					    : BERN_RGB(205 - shade, 228 - shade, 240 - shade / 2);
	}
	c->view(c->user, -0.1, -1.1, size + 0.1, size + 0.1);
	c->rect(c->user, -0.1, -1.1, size + 0.2, size + 1.2, BERN_RGB(255, 255, 255));
	c->cells(c->user, 0, 0, size, size, (size_t)m->size, (size_t)m->size, colors);
	c->disc(c->user, size - 0.5, 0.5, 0.4, BERN_RGB(0xe6, 0x9f, 0x00));
	c->disc(c->user, s->column + 0.5, size - s->row - 0.5, 0.28, BERN_RGB(0x00, 0x72, 0xb2));
}

static const bern_env deepsea = {
	.abi = BERN_ENV_ABI,
	.struct_size = sizeof(bern_env),
	.id = "DeepSea-v0",
	.summary = "dive to the treasure that one way in 2^N reaches (a probe of exploration)",
	.source = "bsuite deep_sea (Osband et al. 2020, arXiv 1908.03568); Osband et al. 2019, "
		  "arXiv 1703.07608",
	.params = params,
	.fields = fields,
	.metrics = metrics,
	.param_count = P_COUNT,
	.field_count = sizeof fields / sizeof fields[0],
	.metric_count = sizeof metrics / sizeof metrics[0],
	.has_returns = 1,
	.random_return = -0.004023, /* 2^-10 - 0.01 / 2 */
	.solved_return = 0.9,       /* the best is 0.99 */
	.step_seconds = 0.15,
	.open = open_sea,
	.close = free,
	.reset = reset,
	.step = step,
	.observe = observe,
	.read_metrics = read_metrics,
	.draw = draw,
};

BERN_PLUGIN(deepsea, &deepsea);
