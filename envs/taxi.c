/* Taxi: fetch a passenger at one of four places and bring them to another.
 *
 * Dietterich 2000, "Hierarchical reinforcement learning with the MAXQ value function decomposition"; Gymnasium's Taxi-v4 with the
 * same draws: one uniform at reset for the start, one each step (its value decides nothing). Read in its source
 * (gymnasium/envs/toy_text/taxi.py): the start is the first of the states whose cumulative probability is above the draw, summed
 * in order; a passenger may be set down at any of the four places. Version 4 differs from 3 only in its rain and its fickle
 * passengers (Gymnasium, pull request 1561), which this file leaves out: both are off there unless asked for.
 */
#include <bern/env.h>
#include <bern/rng.h>

#include <stdio.h>
#include <stdlib.h>

enum { SIDE = 5, PLACES = 4, IN_TAXI = PLACES, STARTS = SIDE * SIDE * PLACES * (PLACES - 1) };
enum { SOUTH, NORTH, EAST, WEST, PICK_UP, SET_DOWN, ACTIONS };

typedef struct state {
	int32_t row, column; /* of the taxi, from the top left */
	int32_t passenger;   /* place, or IN_TAXI */
	int32_t destination; /* place */
	int32_t delivered;   /* 1 at the end */
	int32_t refused; /* picking up and setting down where it was not allowed, in this episode */
} state;

static const bern_field fields[] = {
	{"row", BERN_I32, 1, offsetof(state, row)},
	{"column", BERN_I32, 1, offsetof(state, column)},
	{"passenger", BERN_I32, 1, offsetof(state, passenger)},
	{"destination", BERN_I32, 1, offsetof(state, destination)},
	{"delivered", BERN_I32, 1, offsetof(state, delivered)},
	{"refused", BERN_I32, 1, offsetof(state, refused)},
};

typedef struct model {
	double cumulative[STARTS]; /* of the starts, in the order of their states */
} model;

/* R, G, Y, B: (row, column) */
static const int32_t places[PLACES][2] = {{0, 0}, {0, 4}, {4, 0}, {4, 3}};

/* Row by row, 1 where a wall stands to the right of a column. */
static const uint8_t wall[SIDE][SIDE] = {
	{0, 1, 0, 0, 1}, {0, 1, 0, 0, 1}, {0, 0, 0, 0, 1}, {1, 0, 1, 0, 1}, {1, 0, 1, 0, 1}};

static const int32_t observation_sizes[1] = {SIDE * SIDE * (PLACES + 1) * PLACES};
static const int32_t action_sizes[1] = {ACTIONS};
static const char *const action_labels[ACTIONS] = {"south", "north",   "east",
						   "west",  "pick up", "set down"};
static const char *const action_keys[ACTIONS] = {"down", "up", "right", "left", "p", "d"};

static const char *const metrics[] = {"success", "refused"};

static int32_t open_taxi(const bern_value *values, bern_instance *out, char *err, size_t err_size)
{
	(void)values;
	model *m = calloc(1, sizeof *m);
	if (!m) {
		snprintf(err, err_size, "no memory for the model");
		return 1;
	}
	double sum = 0;
	for (int32_t i = 0; i < STARTS; i++) {
		sum += 1.0 / STARTS;
		m->cumulative[i] = sum;
	}
	out->model = m;
	out->state_size = sizeof(state);
	out->max_steps = 200;
	out->observation = (bern_space){
		.kind = BERN_DISCRETE, .count = 1, .sizes = observation_sizes};
	out->grid_rows = out->grid_columns = SIDE;
	out->action = (bern_space){.kind = BERN_DISCRETE,
				   .count = 1,
				   .sizes = action_sizes,
				   .labels = action_labels,
				   .keys = action_keys};
	/* from the passenger's place to a destination 4 steps away, as R and Y are */
	out->max_return = 20 - 1 - 4;
	out->has_max_return = 1;
	return 0;
}

static void reset(const void *model_, void *state_, bern_rng *rng)
{
	const model *m = model_;
	state *s = state_;
	double u = bern_rng_uniform(rng);
	int32_t i = 0;
	while (i < STARTS - 1 && m->cumulative[i] <= u)
		i++;
	/* a start is a cell, a place, and one of the three other places */
	int32_t other = i % (PLACES - 1), cell = i / (PLACES - 1) / PLACES;
	s->row = cell / SIDE;
	s->column = cell % SIDE;
	s->passenger = i / (PLACES - 1) % PLACES;
	s->destination = other + (other >= s->passenger);
	s->delivered = 0;
	s->refused = 0;
}

/* The place where the taxi stands, or -1. */
static int32_t place_of(const state *s)
{
	for (int32_t i = 0; i < PLACES; i++)
		if (s->row == places[i][0] && s->column == places[i][1])
			return i;
	return -1;
}

static void step(const void *model_, void *state_, bern_rng *rng, const void *action,
		 bern_outcome *out)
{
	state *s = state_;
	int32_t place = place_of(s);
	int refused = 0;
	(void)model_;
	(void)bern_rng_uniform(rng); /* Gymnasium draws its only outcome */
	switch (*(const int32_t *)action) {
	case SOUTH:
		s->row += s->row < SIDE - 1;
		break;
	case NORTH:
		s->row -= s->row > 0;
		break;
	case EAST:
		s->column += !wall[s->row][s->column];
		break;
	case WEST:
		s->column -= s->column > 0 && !wall[s->row][s->column - 1];
		break;
	case PICK_UP:
		refused = place < 0 || s->passenger != place;
		s->passenger = refused ? s->passenger : IN_TAXI;
		break;
	case SET_DOWN:
		refused = place < 0 || s->passenger != IN_TAXI;
		s->passenger = refused ? s->passenger : place;
		s->delivered = !refused && place == s->destination;
		break;
	}
	s->refused += refused && s->refused < INT32_MAX;
	out->reward = s->delivered ? 20 : refused ? -10 : -1;
	out->flags = s->delivered ? BERN_TERMINATED : 0;
}

static void observe(const void *model_, const void *state_, void *observation)
{
	const state *s = state_;
	(void)model_;
	*(int32_t *)observation = ((s->row * SIDE + s->column) * (PLACES + 1) + s->passenger) *
					  PLACES +
				  s->destination;
}

static void read_metrics(const void *model_, const void *state_, double *out)
{
	const state *s = state_;
	(void)model_;
	out[0] = s->delivered;
	out[1] = s->refused;
}

static void draw(const void *model_, const void *state_, const bern_canvas *c)
{
	const state *s = state_;
	const uint32_t paper = BERN_RGB(255, 255, 255), ink = BERN_RGB(70, 70, 70);
	const uint32_t road = BERN_RGB(238, 238, 234), rule = BERN_RGB(215, 215, 210);
	const uint32_t blue = BERN_RGB(0x00, 0x72, 0xb2), orange = BERN_RGB(0xe6, 0x9f, 0x00);
	static const char *const names[PLACES] = {"R", "G", "Y", "B"};
	(void)model_;

	c->view(c->user, -0.1, -0.1, SIDE + 0.1, SIDE + 0.1);
	c->rect(c->user, -0.1, -0.1, SIDE + 0.2, SIDE + 0.2, paper);
	c->rect(c->user, 0, 0, SIDE, SIDE, road);
	for (int32_t i = 0; i <= SIDE; i++) {
		c->line(c->user, 0, i, SIDE, i, 0.02, rule);
		c->line(c->user, i, 0, i, SIDE, 0.02, rule);
	}
	c->line(c->user, 0, 0, 0, SIDE, 0.08, ink);
	for (int32_t row = 0; row < SIDE; row++)
		for (int32_t column = 0; column < SIDE; column++)
			if (wall[row][column])
				c->line(c->user, column + 1, SIDE - row, column + 1, SIDE - 1 - row,
					0.08, ink);

	/* places by their letters, the destination on a ground of its own */
	for (int32_t i = 0; i < PLACES; i++) {
		double x = places[i][1], y = SIDE - 1 - places[i][0];
		if (i == s->destination)
			c->rect(c->user, x + 0.1, y + 0.1, 0.8, 0.8, orange);
		c->text(c->user, x + 0.22, y + 0.6, 0.28, ink, names[i]);
	}

	double x = s->column + 0.5, y = SIDE - 0.5 - s->row;
	c->rect(c->user, x - 0.3, y - 0.2, 0.6, 0.4, blue);
	if (s->passenger < PLACES) {
		x = places[s->passenger][1] + 0.75;
		y = SIDE - 0.75 - places[s->passenger][0];
	}
	c->disc(c->user, x, y, 0.16, paper);
	c->disc(c->user, x, y, 0.12, ink);
}

static const bern_env taxi = {
	.abi = BERN_ENV_ABI,
	.struct_size = sizeof(bern_env),
	.id = "Taxi-v4",
	.summary = "fetch a passenger and bring them where they want to go",
	.source = "Dietterich 2000; Gymnasium Taxi-v4",
	.fields = fields,
	.metrics = metrics,
	.field_count = sizeof fields / sizeof fields[0],
	.metric_count = sizeof metrics / sizeof metrics[0],
	.has_returns = 1,
	.random_return = -771,
	.solved_return =
		7.5, /* the best that can be had is 7.93; 8, Gymnasium's threshold, is not */
	.step_seconds = 0.25,
	.open = open_taxi,
	.close = free,
	.reset = reset,
	.step = step,
	.observe = observe,
	.read_metrics = read_metrics,
	.draw = draw,
};

BERN_PLUGIN(taxi, &taxi);
