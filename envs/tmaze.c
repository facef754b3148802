/* T-maze: a sign at the start of a corridor tells which way to turn at its end.
 *
 * Bakker 2001, "Reinforcement learning with long short-term memory" (NIPS 14), section 4.1: three observed bits, 011 or 110 at the start
 * (turn north, turn south), 101 in the corridor, 010 at the junction; four moves. The right turn at the junction pays 4, the wrong one
 * -0.1, and both end the episode; standing still (a move against a wall) costs 0.1. There is no limit on the steps in the paper; here
 * an episode is cut after 4 (length + 1).
 *
 * What it tests: memory over `length` steps. Without one the best mean return is 1.95.
 */
#include <bern/env.h>
#include <bern/rng.h>

#include <stdio.h>
#include <stdlib.h>

enum { P_LENGTH, P_COUNT };
enum { NORTH, EAST, SOUTH, WEST };

static const bern_param params[P_COUNT] = {
	[P_LENGTH] = {"length", "steps from the start to the junction", BERN_INT, 0, "10", 1, 10000,
		      NULL},
};

typedef struct state {
	int32_t place; /* 0 at the start, length at the junction */
	int32_t south; /* the sign: 0 north, 1 south */
	int32_t turn;  /* 1 north, -1 south of the junction, 0 in the corridor */
} state;

static const bern_field fields[] = {
	{"place", BERN_I32, 1, offsetof(state, place)},
	{"south", BERN_I32, 1, offsetof(state, south)},
	{"turn", BERN_I32, 1, offsetof(state, turn)},
};

typedef struct model {
	int32_t length;
} model;

static const int32_t action_sizes[1] = {4};
static const char *const action_names[4] = {"north", "east", "south", "west"};
static const char *const action_keys[4] = {"up", "right", "down", "left"};
static const char *const observation_labels[3] = {"north", "plain", "south"};

static const char *const metrics[] = {"success"};

static int32_t open_maze(const bern_value *values, bern_instance *out, char *err, size_t err_size)
{
	model *m = calloc(1, sizeof *m);
	if (!m) {
		snprintf(err, err_size, "no memory for the model");
		return 1;
	}
	m->length = (int32_t)values[P_LENGTH].i;
	out->model = m;
	out->state_size = sizeof(state);
	out->max_steps = 4 * ((uint64_t)m->length + 1);
	out->observation = (bern_space){
		.kind = BERN_MULTI_BINARY, .count = 3, .labels = observation_labels};
	out->action = (bern_space){.kind = BERN_DISCRETE,
				   .count = 1,
				   .sizes = action_sizes,
				   .labels = action_names,
				   .keys = action_keys};
	out->max_return = 4;
	out->has_max_return = 1;
	return 0;
}

static void reset(const void *model_, void *state_, bern_rng *rng)
{
	state *s = state_;
	(void)model_;
	*s = (state){.south = (int32_t)bern_rng_below(rng, 2)};
}

static void step(const void *model_, void *state_, bern_rng *rng, const void *action,
		 bern_outcome *out)
{
	const model *m = model_;
	state *s = state_;
	int32_t move = *(const int32_t *)action, before = s->place;
	(void)rng;
	if (s->place == m->length && (move == NORTH || move == SOUTH)) {
		s->turn = move == NORTH ? 1 : -1;
		out->reward = (move == SOUTH) == s->south ? 4 : -0.1;
		out->flags = BERN_TERMINATED;
		return;
	}
	if (move == EAST && s->place < m->length)
		s->place++;
	if (move == WEST && s->place > 0)
		s->place--;
	out->reward = s->place == before ? -0.1 : 0;
}

static void observe(const void *model_, const void *state_, void *observation)
{
	const model *m = model_;
	const state *s = state_;
	uint8_t *o = observation; /* (3) */
	int junction = s->place == m->length, start = s->place == 0;
	o[0] = !junction && !(start && !s->south);
	o[1] = junction || start;
	o[2] = !junction && !(start && s->south);
}

static void read_metrics(const void *model_, const void *state_, double *out)
{
	const state *s = state_;
	(void)model_;
	out[0] = s->turn == (s->south ? -1 : 1);
}

static void draw(const void *model_, const void *state_, const bern_canvas *c)
{
	const model *m = model_;
	const state *s = state_;
	const uint32_t wall = BERN_RGB(90, 90, 90), floor = BERN_RGB(238, 238, 234);
	const uint32_t blue = BERN_RGB(0x00, 0x72, 0xb2), orange = BERN_RGB(0xe6, 0x9f, 0x00);
	double end = m->length + 1;
	const double up[6] = {0.2, -0.25, 0.8, -0.25, 0.5, 0.3};
	c->view(c->user, -0.5, -2, end + 0.5, 2);
	c->rect(c->user, -0.5, -2, end + 1, 4, wall);
	c->rect(c->user, 0, -0.5, end, 1, floor);
	c->rect(c->user, m->length, -1.5, 1, 3, floor);
	/* counter-clockwise either way */
	if (s->south) {
		const double down[6] = {0.8, 0.25, 0.2, 0.25, 0.5, -0.3};
		c->polygon(c->user, down, 3, orange);
	} else {
		c->polygon(c->user, up, 3, orange);
	}
	c->disc(c->user, s->place + 0.5, s->turn, 0.22, blue);
}

static const bern_env tmaze = {
	.abi = BERN_ENV_ABI,
	.struct_size = sizeof(bern_env),
	.id = "TMaze-v0",
	.summary = "walk a corridor and turn as a sign at its start said; needs a memory",
	.source = "Bakker 2001, section 4.1",
	.params = params,
	.fields = fields,
	.metrics = metrics,
	.param_count = P_COUNT,
	.field_count = sizeof fields / sizeof fields[0],
	.metric_count = sizeof metrics / sizeof metrics[0],
	.has_returns = 1,
	.random_return = -2.43,
	.solved_return = 3.8,
	.step_seconds = 0.1,
	.open = open_maze,
	.close = free,
	.reset = reset,
	.step = step,
	.observe = observe,
	.read_metrics = read_metrics,
	.draw = draw,
};

BERN_PLUGIN(tmaze, &tmaze);
