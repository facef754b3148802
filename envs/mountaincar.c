/* Mountain car: a car too weak to drive up the hill on its right must first swing back up the one on its left.
 *
 * Moore 1990, "Efficient memory-based learning for robot control"; constants, order of operations and start state of
 * Gymnasium's MountainCar-v0 and MountainCarContinuous-v0, so that the same seed gives the same episode. Read in its source
 * (gymnasium/envs/classic_control/mountain_car.py, continuous_mountain_car.py): the start is one uniform draw, the wall on the left
 * stops the car, the goal asks for the velocity after the step, and the continuous one rounds position and velocity to float32
 * after each step (its arithmetic is in double).
 */
#include <bern/batch.h>
#include <bern/env.h>
#include <bern/math.h>
#include <bern/rng.h>

#include <stdio.h>
#include <stdlib.h>

#define LEFT_END  (-1.2)
#define RIGHT_END 0.6
#define MAX_SPEED 0.07

enum { P_FORCE, P_GRAVITY, P_GOAL, P_GOAL_VELOCITY, P_START_LOW, P_START_HIGH, P_COUNT };

#define PARAMS(force_, goal_)                                                                      \
	{                                                                                          \
		[P_FORCE] = {"force",   "velocity that a full push adds in a step",                \
			     BERN_REAL, 0,                                                         \
			     force_,    0,                                                         \
			     0.07,      NULL},                                                     \
		[P_GRAVITY] = {"gravity", "velocity that the steepest slope adds in a step",       \
			       BERN_REAL, 0,                                                       \
			       "0.0025",  0,                                                       \
			       0.07,      NULL},                                                   \
		[P_GOAL] = {"goal_position", "the episode ends from here on to the right",         \
			    BERN_REAL,       0,                                                    \
			    goal_,           LEFT_END,                                             \
			    RIGHT_END,       NULL},                                                \
		[P_GOAL_VELOCITY] = {"goal_velocity",                                              \
				     "least velocity with which the goal counts",                  \
				     BERN_REAL,                                                    \
				     0,                                                            \
				     "0",                                                          \
				     -MAX_SPEED,                                                   \
				     MAX_SPEED,                                                    \
				     NULL},                                                        \
		[P_START_LOW] = {"start_low", "leftmost start position",                           \
				 BERN_REAL,   0,                                                   \
				 "-0.6",      LEFT_END,                                            \
				 RIGHT_END,   NULL},                                               \
		[P_START_HIGH] = {"start_high", "rightmost start position",                        \
				  BERN_REAL,    0,                                                 \
				  "-0.4",       LEFT_END,                                          \
				  RIGHT_END,    NULL},                                             \
	}

static const bern_param params_discrete[P_COUNT] = PARAMS("0.001", "0.5");
static const bern_param params_continuous[P_COUNT] = PARAMS("0.0015", "0.45");

typedef struct state {
	double position;   /* the bottom of the valley is at -pi/6 */
	double velocity;   /* position a step */
	double right_most; /* of this episode */
} state;

static const bern_field fields[] = {
	{"position", BERN_F64, 1, offsetof(state, position)},
	{"velocity", BERN_F64, 1, offsetof(state, velocity)},
	{"right_most", BERN_F64, 1, offsetof(state, right_most)},
};

typedef struct model {
	double force, gravity, goal, goal_velocity, start_low, start_high;
} model;

static const int32_t action_sizes[1] = {3};
static const char *const action_labels[3] = {"push left", "do nothing", "push right"};
static const char *const action_keys[3] = {"left", "down", "right"};
static const char *const force_label[1] = {"force"};
static const float force_low[1] = {-1}, force_high[1] = {1};
static const char *const observation_labels[2] = {"position", "velocity"};
static const float observation_low[2] = {(float)LEFT_END, -(float)MAX_SPEED};
static const float observation_high[2] = {(float)RIGHT_END, (float)MAX_SPEED};

static const char *const metrics[] = {"success", "right_most"};

static int32_t open_car(const bern_value *values, bern_instance *out, char *err, size_t err_size)
{
	if (values[P_START_LOW].r > values[P_START_HIGH].r) {
		snprintf(err, err_size, "start_low: %g is above start_high, %g",
			 values[P_START_LOW].r, values[P_START_HIGH].r);
		return 1;
	}
	model *m = calloc(1, sizeof *m);
	if (!m) {
		snprintf(err, err_size, "no memory for the model");
		return 1;
	}
	m->force = values[P_FORCE].r;
	m->gravity = values[P_GRAVITY].r;
	m->goal = values[P_GOAL].r;
	m->goal_velocity = values[P_GOAL_VELOCITY].r;
	m->start_low = values[P_START_LOW].r;
	m->start_high = values[P_START_HIGH].r;
	out->model = m;
	out->state_size = sizeof(state);
	out->observation = (bern_space){.kind = BERN_BOX,
					.count = 2,
					.low = observation_low,
					.high = observation_high,
					.labels = observation_labels};
	out->has_max_return = 1;
	return 0;
}

static int32_t open_discrete(const bern_value *values, bern_instance *out, char *err,
			     size_t err_size)
{
	if (open_car(values, out, err, err_size))
		return 1;
	out->max_steps = 200;
	out->max_return = -1;
	out->action = (bern_space){.kind = BERN_DISCRETE,
				   .count = 1,
				   .sizes = action_sizes,
				   .labels = action_labels,
				   .keys = action_keys};
	return 0;
}

static int32_t open_continuous(const bern_value *values, bern_instance *out, char *err,
			       size_t err_size)
{
	if (open_car(values, out, err, err_size))
		return 1;
	out->max_steps = 999;
	out->max_return = 100;
	out->action = (bern_space){.kind = BERN_BOX,
				   .count = 1,
				   .low = force_low,
				   .high = force_high,
				   .labels = force_label};
	return 0;
}

static void reset(const void *model_, void *state_, bern_rng *rng)
{
	const model *m = model_;
	state *s = state_;
	s->position = bern_rng_range(rng, m->start_low, m->start_high);
	s->velocity = 0;
	s->right_most = s->position;
}

BERN_BATCH_INLINE double clip(double x, double low, double high)
{
	x = x < low ? low : x;
	return x > high ? high : x;
}

/* Moves with the acceleration push - gravity cos(3 position); 1 at the goal. */
BERN_BATCH_INLINE uint32_t move(const model *m, double push, double *position, double *velocity,
				double *right_most)
{
	double sine, cosine;
	bern_sincos(3 * *position, &sine, &cosine);
	double v = clip(*velocity + (push - m->gravity * cosine), -MAX_SPEED, MAX_SPEED);
	double x = clip(*position + v, LEFT_END, RIGHT_END);
	/* not a test in a test: that would be a branch */
	double stopped = v < 0 ? 0 : v;
	v = x == LEFT_END ? stopped : v;
	*velocity = v;
	*position = x;
	*right_most = x > *right_most ? x : *right_most;
	return (uint32_t)(x >= m->goal) & (uint32_t)(v >= m->goal_velocity);
}

/* A step with one of three pushes. */
BERN_BATCH_INLINE uint32_t step_push(const model *m, int32_t action, double *position,
				     double *velocity, double *right_most, double *reward)
{
	*reward = -1;
	return move(m, (action - 1) * m->force, position, velocity, right_most);
}

/* A step with a force; position and velocity are then rounded to float. */
BERN_BATCH_INLINE uint32_t step_force(const model *m, float action, double *position,
				      double *velocity, double *right_most, double *reward)
{
	double force = (double)action;
	uint32_t arrived = move(m, clip(force, -1, 1) * m->force, position, velocity, right_most);
	*position = (double)(float)*position;
	*velocity = (double)(float)*velocity;
	*reward = (arrived ? 100.0 : 0.0) - force * force * 0.1;
	return arrived;
}

static void step_discrete(const void *model_, void *state_, bern_rng *rng, const void *action,
			  bern_outcome *out)
{
	state *s = state_;
	(void)rng;
	out->flags = BERN_TERMINATED * step_push(model_, *(const int32_t *)action, &s->position,
						 &s->velocity, &s->right_most, &out->reward);
}

static void step_continuous(const void *model_, void *state_, bern_rng *rng, const void *action,
			    bern_outcome *out)
{
	state *s = state_;
	(void)rng;
	out->flags = BERN_TERMINATED * step_force(model_, *(const float *)action, &s->position,
						  &s->velocity, &s->right_most, &out->reward);
}

static void observe(const void *model_, const void *state_, void *observation)
{
	const state *s = state_;
	float *o = observation; /* (2) */
	(void)model_;
	o[0] = (float)s->position;
	o[1] = (float)s->velocity;
}

static void read_metrics(const void *model_, const void *state_, double *out)
{
	const model *m = model_;
	const state *s = state_;
	out[0] = s->position >= m->goal && s->velocity >= m->goal_velocity;
	out[1] = s->right_most;
}

/* The hill that the dynamics stand for: its slope is proportional to cos(3 x). */
static double height(double x)
{
	return 0.45 * bern_sin(3 * x) + 0.55;
}

static void draw(const void *model_, const void *state_, const bern_canvas *c)
{
	const model *m = model_;
	const state *s = state_;
	const uint32_t paper = BERN_RGB(255, 255, 255), ink = BERN_RGB(70, 70, 70);
	const uint32_t earth = BERN_RGB(228, 222, 210);
	const uint32_t blue = BERN_RGB(0x00, 0x72, 0xb2), orange = BERN_RGB(0xe6, 0x9f, 0x00);
	enum { PIECES = 60 };

	c->view(c->user, LEFT_END, 0, RIGHT_END, 1.25);
	c->rect(c->user, LEFT_END, 0, RIGHT_END - LEFT_END, 1.25, paper);
	c->rect(c->user, LEFT_END, 0, RIGHT_END - LEFT_END, 0.1, earth);
	for (int i = 0; i < PIECES; i++) {
		double x0 = LEFT_END + (RIGHT_END - LEFT_END) * i / PIECES;
		double x1 = LEFT_END + (RIGHT_END - LEFT_END) * (i + 1) / PIECES;
		const double piece[8] = {x0, 0, x1, 0, x1, height(x1), x0, height(x0)};
		c->polygon(c->user, piece, 4, earth);
		/* what smoothed edges leave between two pieces */
		const double d = 0.004, low = height(x0 - d), high = height(x0 + d);
		c->rect(c->user, x0 - (i ? d : 0), 0, i ? 2 * d : d, low < high ? low : high,
			earth);
	}
	for (int i = 0; i < PIECES; i++) {
		double x0 = LEFT_END + (RIGHT_END - LEFT_END) * i / PIECES;
		double x1 = LEFT_END + (RIGHT_END - LEFT_END) * (i + 1) / PIECES;
		c->line(c->user, x0, height(x0), x1, height(x1), 0.008, ink);
	}

	double flag = height(m->goal);
	const double cloth[6] = {m->goal,      flag + 0.16, m->goal + 0.07,
				 flag + 0.135, m->goal,     flag + 0.11};
	c->line(c->user, m->goal, flag, m->goal, flag + 0.16, 0.008, ink);
	c->polygon(c->user, cloth, 3, orange);

	/* the car along the slope: (right, ahead) and (up, across) as unit vectors */
	double rise = 0.45 * 3 * bern_cos(3 * s->position), length = bern_sqrt(1 + rise * rise);
	double ax = 1 / length, ay = rise / length, ux = -ay, uy = ax;
	double x = s->position, y = height(x);
	double body[8];
	static const double corner[4][2] = {
		{-0.06, 0.025}, {0.06, 0.025}, {0.06, 0.075}, {-0.06, 0.075}};
	for (int i = 0; i < 4; i++) {
		body[2 * i] = x + corner[i][0] * ax + corner[i][1] * ux;
		body[2 * i + 1] = y + corner[i][0] * ay + corner[i][1] * uy;
	}
	c->polygon(c->user, body, 4, blue);
	for (int side = -1; side <= 1; side += 2)
		c->disc(c->user, x + side * 0.035 * ax + 0.022 * ux,
			y + side * 0.035 * ay + 0.022 * uy, 0.022, ink);
}

/* ---- 16 at a time ------------------------------------------------------------------------------------- */

typedef struct tile {
	double position[BERN_TILE], velocity[BERN_TILE], right_most[BERN_TILE];
} tile;

/* Steps 16 cars by discrete actions or by forces. o and measured are (2, 16). */
BERN_BATCH_INLINE void step_tile(const model *m, int discrete, tile *restrict s, const void *action,
				 double *restrict reward, uint32_t *restrict flags,
				 float *restrict o, double *restrict measured)
{
	for (int i = 0; i < BERN_TILE; i++) {
		double x = s->position[i], v = s->velocity[i], most = s->right_most[i], pay;
		uint32_t arrived;
		if (discrete)
			arrived = step_push(m, ((const int32_t *)action)[i], &x, &v, &most, &pay);
		else
			arrived = step_force(m, ((const float *)action)[i], &x, &v, &most, &pay);
		s->position[i] = x;
		s->velocity[i] = v;
		s->right_most[i] = most;
		reward[i] = pay;
		flags[i] = arrived * BERN_TERMINATED;
		o[i] = (float)x;
		o[BERN_TILE + i] = (float)v;
		measured[i] = (x >= m->goal ? 1.0 : 0.0) * (v >= m->goal_velocity ? 1.0 : 0.0);
		measured[BERN_TILE + i] = most;
	}
}

BERN_BATCH_INLINE void step_discrete_tiles(const void *model_, const bern_tiles *tiles)
{
	const model m = *(const model *)model_; /* a copy: no store can change it */
	for (size_t t = 0; t < tiles->count; t++)
		step_tile(&m, 1, (tile *)tiles->state + t,
			  (const int32_t *)tiles->action + t * BERN_TILE,
			  tiles->reward + t * BERN_TILE, tiles->flags + t * BERN_TILE,
			  (float *)tiles->observation + t * 2 * BERN_TILE,
			  tiles->metrics + t * 2 * BERN_TILE);
}

BERN_BATCH_INLINE void step_continuous_tiles(const void *model_, const bern_tiles *tiles)
{
	const model m = *(const model *)model_;
	for (size_t t = 0; t < tiles->count; t++)
		step_tile(&m, 0, (tile *)tiles->state + t,
			  (const float *)tiles->action + t * BERN_TILE,
			  tiles->reward + t * BERN_TILE, tiles->flags + t * BERN_TILE,
			  (float *)tiles->observation + t * 2 * BERN_TILE,
			  tiles->metrics + t * 2 * BERN_TILE);
}

static void reset_tiles(const void *model_, const bern_tiles *tiles)
{
	for (size_t t = 0; t < tiles->count; t++)
		for (uint32_t left = tiles->begin[t]; left; left &= left - 1) {
			const int i = bern_lowest_lane(left);
			tile *s = (tile *)tiles->state + t;
			float *o = (float *)tiles->observation + t * 2 * BERN_TILE;
			state start;
			reset(model_, &start, &tiles->rng[t * BERN_TILE + (size_t)i]);
			s->position[i] = start.position;
			s->velocity[i] = start.velocity;
			s->right_most[i] = start.right_most;
			o[i] = (float)start.position;
			o[BERN_TILE + i] = (float)start.velocity;
		}
}

BERN_BATCHES(batches_discrete, step_discrete_tiles, reset_tiles)
BERN_BATCHES(batches_continuous, step_continuous_tiles, reset_tiles)

/* solved: the thresholds of Gymnasium's registry */
#define TABLE(id_, kind_, summary_, random_, solved_)                                              \
	{                                                                                          \
		.abi = BERN_ENV_ABI, .struct_size = sizeof(bern_env), .id = id_,                   \
		.summary = summary_, .source = "Moore 1990; Gymnasium " id_,                       \
		.params = params_##kind_, .fields = fields, .metrics = metrics,                    \
		.param_count = P_COUNT, .field_count = sizeof fields / sizeof fields[0],           \
		.metric_count = sizeof metrics / sizeof metrics[0], .has_returns = 1,              \
		.random_return = random_, .solved_return = solved_, .step_seconds = 1.0 / 30,      \
		.open = open_##kind_, .close = free, .reset = reset, .step = step_##kind_,         \
		.observe = observe, .read_metrics = read_metrics, .draw = draw,                    \
		.batches = batches_##kind_, .batch_count = BERN_BATCH_COUNT(batches_##kind_),      \
	}

static const bern_env with_pushes = TABLE(
	"MountainCar-v0", discrete, "swing a weak car out of a valley, in few steps", -200, -110);
static const bern_env with_force = TABLE("MountainCarContinuous-v0", continuous,
					 "swing a weak car out of a valley, with little force",
					 -33.1, 90);

BERN_PLUGIN(mountaincar, &with_pushes, &with_force);
