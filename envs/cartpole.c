/* Cart-pole: a pole hinged on a cart is kept upright by pushing the cart left or right.
 *
 * Barto, Sutton & Anderson 1983, "Neuronlike adaptive elements that can solve difficult learning control problems"; equations
 * without friction as in Florian 2007, "Correct equations for the dynamics of the cart-pole system"; constants, order of
 * operations and start state of Gymnasium's CartPole-v0 and -v1, so that the same seed gives the same episode.
 */
#include <bern/batch.h>
#include <bern/env.h>
#include <bern/math.h>
#include <bern/rng.h>

#include <math.h>
#include <stdlib.h>

/* The parameters, in the order of the table below. */
enum {
	P_GRAVITY,
	P_CART_MASS,
	P_POLE_MASS,
	P_HALF_LENGTH,
	P_FORCE,
	P_TAU,
	P_X_LIMIT,
	P_ANGLE_LIMIT,
	P_START_RANGE,
	P_COUNT
};

static const bern_param params[P_COUNT] = {
	[P_GRAVITY] = {"gravity", "acceleration down, m/s^2", BERN_REAL, 0, "9.8", 0, 100, NULL},
	[P_CART_MASS] = {"cart_mass", "mass of the cart, kg", BERN_REAL, 0, "1", 0.01, 1000, NULL},
	[P_POLE_MASS] = {"pole_mass", "mass of the pole, kg", BERN_REAL, 0, "0.1", 0, 1000, NULL},
	[P_HALF_LENGTH] = {"half_length", "half the length of the pole, m", BERN_REAL, 0, "0.5",
			   0.01, 100, NULL},
	[P_FORCE] = {"force", "size of a push, N", BERN_REAL, 0, "10", 0, 10000, NULL},
	[P_TAU] = {"tau", "time of one step, s", BERN_REAL, 0, "0.02", 0.0001, 1, NULL},
	[P_X_LIMIT] = {"x_limit", "the episode ends when the cart is farther from the middle, m",
		       BERN_REAL, 0, "2.4", 0.1, 1000, NULL},
	[P_ANGLE_LIMIT] = {"angle_limit", "the episode ends when the pole leans more, degrees",
			   BERN_REAL, 0, "12", 0.1, 180, NULL},
	[P_START_RANGE] =
		{"start_range",
		 "each start value lies in -start_range .. start_range, m, m/s, rad, rad/s",
		 BERN_REAL, 0, "0.05", 0, 1, NULL},
};

typedef struct state {
	double x;     /* m, positive right */
	double v;     /* m/s */
	double theta; /* rad from upright, positive leans right */
	double omega; /* rad/s */
} state;

static const bern_field fields[] = {
	{"x", BERN_F64, 1, offsetof(state, x)},
	{"x_dot", BERN_F64, 1, offsetof(state, v)},
	{"theta", BERN_F64, 1, offsetof(state, theta)},
	{"theta_dot", BERN_F64, 1, offsetof(state, omega)},
};

typedef struct model {
	double gravity, total_mass, pole_mass, half_length, force, tau, x_limit, angle_limit,
		start_range;
	double theta_limit;      /* rad */
	double pole_mass_length; /* pole_mass * half_length */
	float low[4], high[4];   /* bounds of the observation */
} model;

static const int32_t action_sizes[1] = {2};
static const char *const action_labels[2] = {"push left", "push right"};
static const char *const action_keys[2] = {"left", "right"};
static const char *const observation_labels[4] = {"x", "x_dot", "theta", "theta_dot"};

/* With other constants one step can leave any multiple of the limits, so only Gymnasium's have its bounds. */
static int is_standard(const model *m)
{
	return m->gravity == 9.8 && m->total_mass == 1.0 + 0.1 && m->pole_mass == 0.1 &&
	       m->half_length == 0.5 && m->force == 10 && m->tau == 0.02 && m->x_limit == 2.4 &&
	       m->angle_limit == 12 && m->start_range <= 0.05;
}

static int32_t open_limit(const bern_value *values, bern_instance *out, uint64_t max_steps,
			  char *err, size_t err_size)
{
	model *m = calloc(1, sizeof *m);
	if (!m) {
		static const char text[] = "no memory for the model";
		for (size_t i = 0; i < err_size && i < sizeof text; i++)
			err[i] = text[i];
		return 1;
	}
	m->gravity = values[P_GRAVITY].r;
	m->pole_mass = values[P_POLE_MASS].r;
	m->total_mass = m->pole_mass + values[P_CART_MASS].r;
	m->half_length = values[P_HALF_LENGTH].r;
	m->pole_mass_length = m->pole_mass * m->half_length;
	m->force = values[P_FORCE].r;
	m->tau = values[P_TAU].r;
	m->x_limit = values[P_X_LIMIT].r;
	m->angle_limit = values[P_ANGLE_LIMIT].r;
	m->theta_limit = m->angle_limit * 2 * 3.14159265358979323846 / 360;
	m->start_range = values[P_START_RANGE].r;

	float x_bound = is_standard(m) ? (float)(2 * m->x_limit) : INFINITY;
	float theta_bound = is_standard(m) ? (float)(2 * m->theta_limit) : INFINITY;
	const float bound[4] = {x_bound, INFINITY, theta_bound, INFINITY};
	for (size_t i = 0; i < 4; i++) {
		m->high[i] = bound[i];
		m->low[i] = -bound[i];
	}

	out->model = m;
	out->state_size = sizeof(state);
	out->max_steps = max_steps;
	out->observation = (bern_space){.kind = BERN_BOX,
					.count = 4,
					.low = m->low,
					.high = m->high,
					.labels = observation_labels};
	out->action = (bern_space){.kind = BERN_DISCRETE,
				   .count = 1,
				   .sizes = action_sizes,
				   .labels = action_labels,
				   .keys = action_keys};
	out->max_return = (double)max_steps;
	out->has_max_return = 1;
	return 0;
}

static int32_t open_v0(const bern_value *values, bern_instance *out, char *err, size_t err_size)
{
	return open_limit(values, out, 200, err, err_size);
}

static int32_t open_v1(const bern_value *values, bern_instance *out, char *err, size_t err_size)
{
	return open_limit(values, out, 500, err, err_size);
}

static void reset(const void *model_, void *state_, bern_rng *rng)
{
	const model *m = model_;
	state *s = state_;
	s->x = bern_rng_range(rng, -m->start_range, m->start_range);
	s->v = bern_rng_range(rng, -m->start_range, m->start_range);
	s->theta = bern_rng_range(rng, -m->start_range, m->start_range);
	s->omega = bern_rng_range(rng, -m->start_range, m->start_range);
}

/* Sine and cosine of a pole that leans so little are had for less. */
#define SMALL_ANGLE 0.78

/* A step in three parts, each of which a batch makes for 16 poles before the next, because four divisions that wait for each other
 * keep a processor idle. First the angle; `small` says that |theta| is at most SMALL_ANGLE. */
BERN_BATCH_INLINE void lean(int small, double theta, double *sine, double *cosine)
{
	if (small)
		bern_sincos_small(theta, sine, cosine);
	else
		bern_sincos(theta, sine, cosine);
}

/* Then the acceleration of the pole, rad/s^2; *temp is Florian's name for what the cart's needs too. */
BERN_BATCH_INLINE double turn(const model *m, int32_t action, double sine, double cosine,
			      double omega, double *temp)
{
	double force = action ? m->force : -m->force;
	*temp = (force + m->pole_mass_length * (omega * omega) * sine) / m->total_mass;
	return (m->gravity * sine - cosine * *temp) /
	       (m->half_length * (4.0 / 3.0 - m->pole_mass * (cosine * cosine) / m->total_mass));
}

/* Then explicit Euler: positions advance with the velocities from before the step. Returns 1 if that was too far. */
BERN_BATCH_INLINE uint32_t advance(const model *m, double cosine, double temp, double theta_acc,
				   double *x, double *v, double *theta, double *omega)
{
	double x_acc = temp - m->pole_mass_length * theta_acc * cosine / m->total_mass;
	*x += m->tau * *v;
	*v += m->tau * x_acc;
	*theta += m->tau * *omega;
	*omega += m->tau * theta_acc;
	return (uint32_t)(*x < -m->x_limit) | (uint32_t)(*x > m->x_limit) |
	       (uint32_t)(*theta < -m->theta_limit) | (uint32_t)(*theta > m->theta_limit);
}

static void step(const void *model_, void *state_, bern_rng *rng, const void *action,
		 bern_outcome *out)
{
	state *s = state_;
	double sine, cosine, temp;
	(void)rng;
	lean(bern_abs(s->theta) <= SMALL_ANGLE, s->theta, &sine, &cosine);
	double acc = turn(model_, *(const int32_t *)action, sine, cosine, s->omega, &temp);
	out->reward = 1;
	out->flags = BERN_TERMINATED *
		     advance(model_, cosine, temp, acc, &s->x, &s->v, &s->theta, &s->omega);
}

static void observe(const void *model_, const void *state_, void *observation)
{
	const state *s = state_;
	float *o = observation; /* (4) */
	(void)model_;
	o[0] = (float)s->x;
	o[1] = (float)s->v;
	o[2] = (float)s->theta;
	o[3] = (float)s->omega;
}

/* ---- 16 at a time ------------------------------------------------------------------------------------- */

typedef struct tile {
	double x[BERN_TILE], v[BERN_TILE], theta[BERN_TILE], omega[BERN_TILE];
} tile;

BERN_BATCH_INLINE void step_tile(const model *m, int small, tile *restrict s,
				 const int32_t *restrict action, double *restrict reward,
				 uint32_t *restrict flags, float *restrict o)
{
	double sine[BERN_TILE], cosine[BERN_TILE], temp[BERN_TILE], acc[BERN_TILE];
	BERN_EACH_LANE
	for (int i = 0; i < BERN_TILE; i++)
		lean(small, s->theta[i], &sine[i], &cosine[i]);
	BERN_EACH_LANE
	for (int i = 0; i < BERN_TILE; i++)
		acc[i] = turn(m, action[i], sine[i], cosine[i], s->omega[i], &temp[i]);
	BERN_EACH_LANE
	for (int i = 0; i < BERN_TILE; i++) {
		double x = s->x[i], v = s->v[i], theta = s->theta[i], omega = s->omega[i];
		flags[i] = BERN_TERMINATED *
			   advance(m, cosine[i], temp[i], acc[i], &x, &v, &theta, &omega);
		reward[i] = 1;
		s->x[i] = x, s->v[i] = v, s->theta[i] = theta, s->omega[i] = omega;
		o[i] = (float)x, o[BERN_TILE + i] = (float)v;
		o[2 * BERN_TILE + i] = (float)theta, o[3 * BERN_TILE + i] = (float)omega;
	}
}

/* 1 if all angles of the tile are at most SMALL_ANGLE. */
BERN_BATCH_INLINE int all_small(const tile *s)
{
	/* bits of a double without its sign are in the order of its size, NaN last */
	uint64_t most = 0;
	for (int i = 0; i < BERN_TILE; i++) {
		uint64_t size = bern_bits_of_double(bern_abs(s->theta[i]));
		most = size > most ? size : most;
	}
	return bern_double_of_bits(most) <= SMALL_ANGLE;
}

BERN_BATCH_INLINE void step_tiles(const void *model_, const bern_tiles *tiles)
{
	const model m = *(const model *)model_; /* a copy: no store can change it */
	for (size_t t = 0; t < tiles->count; t++) {
		tile *s = (tile *)tiles->state + t;
		const int32_t *action = (const int32_t *)tiles->action + t * BERN_TILE;
		double *reward = tiles->reward + t * BERN_TILE;
		uint32_t *flags = tiles->flags + t * BERN_TILE;
		float *o = (float *)tiles->observation + t * 4 * BERN_TILE;
		if (all_small(s))
			step_tile(&m, 1, s, action, reward, flags, o);
		else
			step_tile(&m, 0, s, action, reward, flags, o);
	}
}

/* Tiles whose lanes are listed at once. */
#define LISTED 64

/* Writes the numbers of the lanes that are set in `begin` of so many tiles, 16 * tile + lane, and returns how many they are. Which
 * they are cannot be foretold, and to foretell a branch for each tile wrongly takes longer than to reset a pole. */
static size_t list_lanes(const uint16_t *begin, size_t tiles,
			 uint16_t lanes[LISTED * BERN_TILE + 1])
{
	size_t count = 0;
	for (size_t t = 0; t < tiles; t++) {
		const size_t first = t * BERN_TILE;
		uint32_t left = begin[t];
		/* two, which are mostly all, without a branch: one that is not there is written over by the next */
		for (int k = 0; k < 2; k++) {
			lanes[count] = (uint16_t)(first +
						  (size_t)bern_lowest_lane(left | 1u << 31));
			count += left != 0;
			left &= left - 1;
		}
		for (; left; left &= left - 1)
			lanes[count++] = (uint16_t)(first + (size_t)bern_lowest_lane(left));
	}
	return count;
}

static void reset_lane(const void *model, const bern_tiles *tiles, size_t lane)
{
	const size_t t = lane / BERN_TILE, i = lane % BERN_TILE;
	tile *s = (tile *)tiles->state + t;
	float *o = (float *)tiles->observation + t * 4 * BERN_TILE;
	state start;
	reset(model, &start, &tiles->rng[lane]);
	s->x[i] = start.x, s->v[i] = start.v;
	s->theta[i] = start.theta, s->omega[i] = start.omega;
	o[i] = (float)start.x, o[BERN_TILE + i] = (float)start.v;
	o[2 * BERN_TILE + i] = (float)start.theta, o[3 * BERN_TILE + i] = (float)start.omega;
}

static void reset_tiles(const void *model, const bern_tiles *tiles)
{
	uint16_t lanes[LISTED * BERN_TILE + 1];
	for (size_t t = 0; t < tiles->count; t += LISTED) {
		size_t some = tiles->count - t < LISTED ? tiles->count - t : LISTED;
		size_t count = list_lanes(tiles->begin + t, some, lanes);
		for (size_t k = 0; k < count; k++)
			reset_lane(model, tiles, t * BERN_TILE + lanes[k]);
	}
}

BERN_BATCHES(batches, step_tiles, reset_tiles)

static void draw(const void *model_, const void *state_, const bern_canvas *c)
{
	const model *m = model_;
	const state *s = state_;
	const uint32_t paper = BERN_RGB(255, 255, 255), ink = BERN_RGB(70, 70, 70);
	const uint32_t light = BERN_RGB(210, 210, 210);
	const uint32_t blue = BERN_RGB(0x00, 0x72, 0xb2), orange = BERN_RGB(0xe6, 0x9f, 0x00);
	double pole = 2 * m->half_length;
	double side = m->x_limit + 0.25 * m->x_limit;
	double low = -0.45 * pole, high = 1.35 * pole;
	double cart_width = 0.5 * pole, cart_height = 0.24 * pole;

	c->view(c->user, -side, low, side, high);
	c->rect(c->user, -side, low, 2 * side, high - low, paper);

	/* track with its two ends and the middle */
	double track = -0.5 * cart_height - 0.08 * pole;
	c->line(c->user, -m->x_limit, track, m->x_limit, track, 0.02 * pole, ink);
	c->line(c->user, -m->x_limit, track - 0.06 * pole, -m->x_limit, track + 0.06 * pole,
		0.02 * pole, ink);
	c->line(c->user, m->x_limit, track - 0.06 * pole, m->x_limit, track + 0.06 * pole,
		0.02 * pole, ink);
	c->line(c->user, 0, track - 0.04 * pole, 0, track + 0.04 * pole, 0.01 * pole, ink);

	/* how far the pole may lean, from where the cart is */
	double lean_x = pole * bern_sin(m->theta_limit), lean_y = pole * bern_cos(m->theta_limit);
	c->line(c->user, s->x, 0, s->x - lean_x, lean_y, 0.008 * pole, light);
	c->line(c->user, s->x, 0, s->x + lean_x, lean_y, 0.008 * pole, light);

	/* cart, wheels, pole, hinge */
	double wheel = 0.08 * pole;
	c->disc(c->user, s->x - 0.3 * cart_width, track + wheel, wheel, ink);
	c->disc(c->user, s->x + 0.3 * cart_width, track + wheel, wheel, ink);
	c->rect(c->user, s->x - 0.5 * cart_width, -0.5 * cart_height, cart_width, cart_height,
		blue);
	c->line(c->user, s->x, 0, s->x + pole * bern_sin(s->theta), pole * bern_cos(s->theta),
		0.07 * pole, orange);
	c->disc(c->user, s->x, 0, 0.045 * pole, ink);
}

#define TABLE(id_, limit_, solved_, random_, open_)                                                \
	{                                                                                          \
		.abi = BERN_ENV_ABI, .struct_size = sizeof(bern_env), .id = id_,                   \
		.summary = "balance a pole on a cart for " limit_                                  \
			   " steps by pushing left or right",                                      \
		.source = "Barto, Sutton & Anderson 1983; Florian 2007; constants of "             \
			  "Gymnasium " id_,                                                        \
		.params = params, .fields = fields, .param_count = P_COUNT,                        \
		.field_count = sizeof fields / sizeof fields[0], .has_returns = 1,                 \
		.random_return = random_, .solved_return = solved_, .step_seconds = 0.02,          \
		.open = open_, .close = free, .reset = reset, .step = step, .observe = observe,    \
		.draw = draw, .batches = batches, .batch_count = BERN_BATCH_COUNT(batches),        \
	}

static const bern_env v0 = TABLE("CartPole-v0", "200", 195, 22.19, open_v0);
static const bern_env v1 = TABLE("CartPole-v1", "500", 475, 22.19, open_v1);

BERN_PLUGIN(cartpole, &v0, &v1);
