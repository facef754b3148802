/* Short corridor: three cells that look alike, and in the middle one left and right are exchanged.
 *
 * Sutton & Barto 2018, example 13.1: the best policy is a random one, right with probability 2 - sqrt(2). A policy that takes the
 * same action always never arrives, so an episode is cut after 1,000 steps; the book knows no limit.
 */
#include <bern/env.h>
#include <bern/rng.h>

#include <stdio.h>
#include <stdlib.h>

enum { CELLS = 3, GOAL = CELLS };
enum { P_SEE_CELL, P_COUNT };

static const bern_param params[P_COUNT] = {
	[P_SEE_CELL] = {"see_cell",
			"whether the observation tells the cell, which spoils the point", BERN_BOOL,
			0, "false", 0, 0, NULL},
};

typedef struct state {
	int32_t cell; /* 0 .. 2 from the left, 3 the goal */
} state;

static const bern_field fields[] = {
	{"cell", BERN_I32, 1, offsetof(state, cell)},
};

typedef struct model {
	int see_cell;
} model;

/* with the cell, the goal is one of the values, for the last observation */
static const int32_t size_blind[1] = {1}, size_seeing[1] = {CELLS + 1};
static const int32_t action_sizes[1] = {2};
static const char *const action_names[2] = {"left", "right"};

static const char *const metrics[] = {"success"};

static int32_t open_corridor(const bern_value *values, bern_instance *out, char *err,
			     size_t err_size)
{
	model *m = calloc(1, sizeof *m);
	if (!m) {
		snprintf(err, err_size, "no memory for the model");
		return 1;
	}
	m->see_cell = values[P_SEE_CELL].i != 0;
	out->model = m;
	out->state_size = sizeof(state);
	out->max_steps = 1000;
	out->observation = (bern_space){
		.kind = BERN_DISCRETE, .count = 1, .sizes = m->see_cell ? size_seeing : size_blind};
	out->action = (bern_space){.kind = BERN_DISCRETE,
				   .count = 1,
				   .sizes = action_sizes,
				   .labels = action_names,
				   .keys = action_names};
	out->max_return = -CELLS;
	out->has_max_return = 1;
	return 0;
}

static void reset(const void *model_, void *state_, bern_rng *rng)
{
	state *s = state_;
	(void)model_;
	(void)rng;
	s->cell = 0;
}

static void step(const void *model_, void *state_, bern_rng *rng, const void *action,
		 bern_outcome *out)
{
	state *s = state_;
	int32_t move = *(const int32_t *)action ? 1 : -1;
	(void)model_;
	(void)rng;
	move = s->cell == 1 ? -move : move;
	s->cell += move;
	s->cell = s->cell < 0 ? 0 : s->cell;
	out->reward = -1;
	out->flags = s->cell == GOAL ? BERN_TERMINATED : 0;
}

static void observe(const void *model_, const void *state_, void *observation)
{
	const model *m = model_;
	const state *s = state_;
	*(int32_t *)observation = m->see_cell ? s->cell : 0;
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
	const uint32_t plain = BERN_RGB(238, 238, 234), odd = BERN_RGB(250, 228, 190);
	const uint32_t blue = BERN_RGB(0x00, 0x72, 0xb2), orange = BERN_RGB(0xe6, 0x9f, 0x00);
	(void)model_;
	c->view(c->user, -0.2, -0.2, CELLS + 1.2, 1.2);
	c->rect(c->user, -0.2, -0.2, CELLS + 1.4, 1.4, paper);
	for (int32_t i = 0; i <= CELLS; i++)
		c->rect(c->user, i + 0.03, 0.03, 0.94, 0.94, i == 1 ? odd : plain);
	c->text(c->user, 1.5, 0.75, 0.14, ink, "exchanged");

	double x = GOAL + 0.5, y = 0.5;
	const double flag[6] = {x - 0.14, y + 0.34, x + 0.3, y + 0.17, x - 0.14, y};
	c->line(c->user, x - 0.16, y - 0.34, x - 0.16, y + 0.36, 0.06, ink);
	c->polygon(c->user, flag, 3, orange);
	c->disc(c->user, s->cell + 0.5, 0.42, 0.22, blue);
}

static const bern_env corridor = {
	.abi = BERN_ENV_ABI,
	.struct_size = sizeof(bern_env),
	.id = "ShortCorridor-v0",
	.summary = "leave a corridor whose cells look alike; only a random policy is good",
	.source = "Sutton & Barto 2018, example 13.1",
	.params = params,
	.fields = fields,
	.metrics = metrics,
	.param_count = P_COUNT,
	.field_count = sizeof fields / sizeof fields[0],
	.metric_count = sizeof metrics / sizeof metrics[0],
	.has_returns = 1,
	.random_return = -12,
	.solved_return = -11.8, /* the best that can be had is -11.657 */
	.step_seconds = 0.25,
	.open = open_corridor,
	.close = free,
	.reset = reset,
	.step = step,
	.observe = observe,
	.read_metrics = read_metrics,
	.draw = draw,
};

BERN_PLUGIN(shortcorridor, &corridor);
