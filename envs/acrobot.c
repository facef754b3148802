/* Acrobot: two hanging links, a motor in the joint between them; swing the tip above a line.
 *
 * Sutton 1996, "Generalization in reinforcement learning: successful examples using sparse coarse coding"; Sutton & Barto. The
 * equations of the book (those of the paper lack a term, see `dynamics`), constants and start state of Gymnasium's
 * Acrobot-v1, so that the same seed gives the same episode but for rounding: the order of operations is our own. Read in its source
 * (gymnasium/envs/classic_control/acrobot.py): the start is rounded to float32, a step is one of Runge and Kutta's fourth-order
 * steps of 0.2 s in double, then angles are wrapped and velocities clipped; the reward is 0 on the step that ends the episode.
 */
#include <bern/batch.h>
#include <bern/env.h>
#include <bern/math.h>
#include <bern/rng.h>

#include <stdio.h>
#include <stdlib.h>

#define PI           3.14159265358979323846
#define MAX_SPEED_1  (4 * PI) /* rad/s */
#define MAX_SPEED_2  (9 * PI)
#define STEP_SECONDS 0.2

/* Both links: 1 m long, 1 kg, centre of mass in the middle, moment of inertia 1 kg m^2 about it. */
#define LENGTH  1.0
#define MASS    1.0
#define CENTRE  0.5
#define INERTIA 1.0

enum { P_TORQUE, P_TORQUE_NOISE, P_GRAVITY, P_START_RANGE, P_DYNAMICS, P_COUNT };
enum { BOOK, NIPS };

static const char *const dynamics_names[] = {"book", "nips", NULL};

static const bern_param params[P_COUNT] = {
	[P_TORQUE] = {"torque", "size of the motor's torque, N m", BERN_REAL, 0, "1", 0, 10, NULL},
	[P_TORQUE_NOISE] = {"torque_noise",
			    "each step adds a uniform torque in -torque_noise .. torque_noise, N m",
			    BERN_REAL, 0, "0", 0, 10, NULL},
	[P_GRAVITY] = {"gravity", "acceleration down, m/s^2", BERN_REAL, 0, "9.8", 0, 30, NULL},
	[P_START_RANGE] = {"start_range",
			   "each start value lies in -start_range .. start_range, rad, rad/s",
			   BERN_REAL, 0, "0.1", 0, 3, NULL},
	[P_DYNAMICS] = {"dynamics",
			"equations of the book, or of the paper of 1996, which lack a term",
			BERN_CHOICE, 0, "book", 0, 0, dynamics_names},
};

typedef struct state {
	double theta1; /* rad of the first link from hanging, positive to the right */
	double theta2; /* rad of the second link from the line of the first */
	double omega1; /* rad/s */
	double omega2;
} state;

static const bern_field fields[] = {
	{"theta1", BERN_F64, 1, offsetof(state, theta1)},
	{"theta2", BERN_F64, 1, offsetof(state, theta2)},
	{"omega1", BERN_F64, 1, offsetof(state, omega1)},
	{"omega2", BERN_F64, 1, offsetof(state, omega2)},
};

typedef struct model {
	double torque, torque_noise, gravity, start_range;
	int64_t dynamics;
} model;

static const int32_t action_sizes[1] = {3};
static const char *const action_labels[3] = {"torque -1", "no torque", "torque +1"};
static const char *const action_keys[3] = {"left", "down", "right"};
static const char *const observation_labels[6] = {"cos_theta1", "sin_theta1", "cos_theta2",
						  "sin_theta2", "omega1",     "omega2"};
static const float observation_high[6] = {1, 1, 1, 1, (float)MAX_SPEED_1, (float)MAX_SPEED_2};
static const float observation_low[6] = {-1, -1, -1, -1, -(float)MAX_SPEED_1, -(float)MAX_SPEED_2};

static const char *const metrics[] = {"height"};

static int32_t open_acrobot(const bern_value *values, bern_instance *out, char *err,
			    size_t err_size)
{
	model *m = calloc(1, sizeof *m);
	if (!m) {
		snprintf(err, err_size, "no memory for the model");
		return 1;
	}
	m->torque = values[P_TORQUE].r;
	m->torque_noise = values[P_TORQUE_NOISE].r;
	m->gravity = values[P_GRAVITY].r;
	m->start_range = values[P_START_RANGE].r;
	m->dynamics = values[P_DYNAMICS].i;
	out->model = m;
	out->state_size = sizeof(state);
	out->max_steps = 500;
	out->observation = (bern_space){.kind = BERN_BOX,
					.count = 6,
					.low = observation_low,
					.high = observation_high,
					.labels = observation_labels};
	out->action = (bern_space){.kind = BERN_DISCRETE,
				   .count = 1,
				   .sizes = action_sizes,
				   .labels = action_labels,
				   .keys = action_keys};
	out->has_max_return = 1; /* 0: at the goal after one step */
	return 0;
}

static void reset(const void *model_, void *state_, bern_rng *rng)
{
	const model *m = model_;
	state *s = state_;
	s->theta1 = (double)(float)bern_rng_range(rng, -m->start_range, m->start_range);
	s->theta2 = (double)(float)bern_rng_range(rng, -m->start_range, m->start_range);
	s->omega1 = (double)(float)bern_rng_range(rng, -m->start_range, m->start_range);
	s->omega2 = (double)(float)bern_rng_range(rng, -m->start_range, m->start_range);
}

/* Sines and cosines of a state, and from them how high the tip is above the fixed joint, m. */
typedef struct pose {
	double sin1, cos1, sin2, cos2, tip;
} pose;

BERN_BATCH_INLINE pose look(double theta1, double theta2)
{
	pose p;
	bern_sincos_quick(theta1, &p.sin1, &p.cos1);
	bern_sincos_quick(theta2, &p.sin2, &p.cos2);
	p.tip = -p.cos1 - (p.cos1 * p.cos2 - p.sin1 * p.sin2);
	return p;
}

/* The rates of change of a state. Sutton & Barto's equations of the acrobot, d and phi as named there, cos(x - pi/2) written as
 * sin(x), and both accelerations taken at once from d1 a1 + d2 a2 = -phi1 and d2 a1 + d3 a2 = push - phi2, with one division. `book`:
 * with the term that the paper lacks. */
BERN_BATCH_INLINE state rates(double gravity, int book, const state *s, const pose *p,
			      double torque)
{
	const double squared = CENTRE * CENTRE, across = LENGTH * CENTRE;
	const double d3 = MASS * squared + INERTIA;
	const double sin1 = p->sin1, cos1 = p->cos1, sin2 = p->sin2, cos2 = p->cos2;
	double d1 = (MASS * squared + MASS * (LENGTH * LENGTH + squared) + INERTIA + INERTIA) +
		    2 * MASS * across * cos2;
	double d2 = (MASS * squared + INERTIA) + MASS * across * cos2;
	double phi2 = MASS * CENTRE * gravity * (sin1 * cos2 + cos1 * sin2);
	double phi1 = (MASS * CENTRE + MASS * LENGTH) * gravity * sin1 + phi2 -
		      MASS * across * sin2 * (s->omega2 * (s->omega2 + 2 * s->omega1));
	double push = torque - phi2;
	if (book)
		push -= MASS * across * sin2 * (s->omega1 * s->omega1);
	double part = 1 / (d1 * d3 - d2 * d2);
	return (state){s->omega1, s->omega2, -(d3 * phi1 + d2 * push) * part,
		       (d1 * push + d2 * phi1) * part};
}

/* s + dt * rate */
BERN_BATCH_INLINE state ahead(const state *s, double dt, const state *rate)
{
	return (state){s->theta1 + dt * rate->theta1, s->theta2 + dt * rate->theta2,
		       s->omega1 + dt * rate->omega1, s->omega2 + dt * rate->omega2};
}

/* The mean slope of a Runge-Kutta step: 1 2 2 1. */
BERN_BATCH_INLINE double slope(double k1, double k2, double k3, double k4)
{
	/* from 0 on, as a batch adds them up: -0 does not stay */
	return STEP_SECONDS / 6.0 * (0.0 + k1 + 2 * k2 + 2 * k3 + k4);
}

static double wrap(double angle)
{
	while (angle > PI)
		angle -= 2 * PI;
	while (angle < -PI)
		angle += 2 * PI;
	return angle;
}

BERN_BATCH_INLINE double clip(double x, double limit)
{
	x = x < -limit ? -limit : x;
	return x > limit ? limit : x;
}

/* Where a step leads, angles not yet wrapped. */
BERN_BATCH_INLINE state swing(double gravity, int book, const state *s, double torque)
{
	pose p = look(s->theta1, s->theta2);
	state k1 = rates(gravity, book, s, &p, torque), probe = ahead(s, STEP_SECONDS / 2, &k1);
	p = look(probe.theta1, probe.theta2);
	state k2 = rates(gravity, book, &probe, &p, torque);
	probe = ahead(s, STEP_SECONDS / 2, &k2);
	p = look(probe.theta1, probe.theta2);
	state k3 = rates(gravity, book, &probe, &p, torque);
	probe = ahead(s, STEP_SECONDS, &k3);
	p = look(probe.theta1, probe.theta2);
	state k4 = rates(gravity, book, &probe, &p, torque);
	return (state){
		s->theta1 + slope(k1.theta1, k2.theta1, k3.theta1, k4.theta1),
		s->theta2 + slope(k1.theta2, k2.theta2, k3.theta2, k4.theta2),
		clip(s->omega1 + slope(k1.omega1, k2.omega1, k3.omega1, k4.omega1), MAX_SPEED_1),
		clip(s->omega2 + slope(k1.omega2, k2.omega2, k3.omega2, k4.omega2), MAX_SPEED_2)};
}

static double noise_of(const model *m, bern_rng *rng)
{
	return bern_rng_range(rng, -m->torque_noise, m->torque_noise);
}

static void step(const void *model_, void *state_, bern_rng *rng, const void *action,
		 bern_outcome *out)
{
	const model *m = model_;
	state *s = state_;
	double torque = (*(const int32_t *)action - 1) * m->torque;
	if (m->torque_noise > 0)
		torque += noise_of(m, rng);
	*s = swing(m->gravity, m->dynamics == BOOK, s, torque);
	s->theta1 = wrap(s->theta1);
	s->theta2 = wrap(s->theta2);
	int arrived = look(s->theta1, s->theta2).tip > 1.0;
	out->reward = arrived ? 0 : -1;
	out->flags = arrived ? BERN_TERMINATED : 0;
}

static void observe(const void *model_, const void *state_, void *observation)
{
	const state *s = state_;
	float *o = observation; /* (6) */
	(void)model_;
	const pose p = look(s->theta1, s->theta2);
	o[0] = (float)p.cos1;
	o[1] = (float)p.sin1;
	o[2] = (float)p.cos2;
	o[3] = (float)p.sin2;
	o[4] = (float)s->omega1;
	o[5] = (float)s->omega2;
}

static void read_metrics(const void *model_, const void *state_, double *out)
{
	const state *s = state_;
	(void)model_;
	out[0] = look(s->theta1, s->theta2).tip;
}

static void draw(const void *model_, const void *state_, const bern_canvas *c)
{
	const state *s = state_;
	const uint32_t paper = BERN_RGB(255, 255, 255), ink = BERN_RGB(70, 70, 70);
	const uint32_t light = BERN_RGB(190, 190, 190);
	const uint32_t blue = BERN_RGB(0x00, 0x72, 0xb2), orange = BERN_RGB(0xe6, 0x9f, 0x00);
	(void)model_;
	double x1 = bern_sin(s->theta1), y1 = -bern_cos(s->theta1);
	double x2 = x1 + bern_sin(s->theta1 + s->theta2);
	double y2 = y1 - bern_cos(s->theta1 + s->theta2);

	c->view(c->user, -2.3, -2.3, 2.3, 2.3);
	c->rect(c->user, -2.3, -2.3, 4.6, 4.6, paper);
	c->line(c->user, -2.3, 1, 2.3, 1, 0.03, light);
	c->line(c->user, 0, 0, x1, y1, 0.16, blue);
	c->line(c->user, x1, y1, x2, y2, 0.16, orange);
	c->disc(c->user, 0, 0, 0.1, ink);
	c->disc(c->user, x1, y1, 0.1, ink);
	c->disc(c->user, x2, y2, 0.05, ink);
}

/* ---- 16 at a time ------------------------------------------------------------------------------------- */

typedef struct tile {
	double theta1[BERN_TILE], theta2[BERN_TILE], omega1[BERN_TILE], omega2[BERN_TILE];
} tile;

/* Sines and cosines of the angles of a tile. */
typedef struct poses {
	double sin1[BERN_TILE], cos1[BERN_TILE], sin2[BERN_TILE], cos2[BERN_TILE];
} poses;

BERN_BATCH_INLINE void pose_tile(const tile *restrict s, poses *restrict p)
{
	BERN_EACH_LANE
	for (int i = 0; i < BERN_TILE; i++) {
		bern_sincos_quick(s->theta1[i], &p->sin1[i], &p->cos1[i]);
		bern_sincos_quick(s->theta2[i], &p->sin2[i], &p->cos2[i]);
	}
}

/* One of the four slopes at `probe`: adds `weight` times it to `sum`, and puts `probe` where it leads from s in `dt`. */
BERN_BATCH_INLINE void probe_tile(double gravity, int book, double weight, double dt,
				  const tile *restrict s, const poses *restrict p,
				  const double *restrict torque, tile *restrict probe,
				  tile *restrict sum)
{
	BERN_EACH_LANE
	for (int i = 0; i < BERN_TILE; i++) {
		const state from = {s->theta1[i], s->theta2[i], s->omega1[i], s->omega2[i]};
		const state at = {probe->theta1[i], probe->theta2[i], probe->omega1[i],
				  probe->omega2[i]};
		const pose seen = {p->sin1[i], p->cos1[i], p->sin2[i], p->cos2[i], 0};
		const state k = rates(gravity, book, &at, &seen, torque[i]);
		const state to = ahead(&from, dt, &k);
		sum->theta1[i] += weight * k.theta1;
		sum->theta2[i] += weight * k.theta2;
		sum->omega1[i] += weight * k.omega1;
		sum->omega2[i] += weight * k.omega2;
		probe->theta1[i] = to.theta1;
		probe->theta2[i] = to.theta2;
		probe->omega1[i] = to.omega1;
		probe->omega2[i] = to.omega2;
	}
}

/* Each of the four slopes for all 16 before the next: what one of them needs the others need not wait for. */
BERN_BATCH_INLINE void swing_tile(double gravity, int book, tile *restrict s,
				  const double *restrict torque)
{
	static const double dt[4] = {STEP_SECONDS / 2, STEP_SECONDS / 2, STEP_SECONDS, 0};
	static const double weight[4] = {1, 2, 2, 1};
	tile probe = *s, sum = {0};
	poses p;
	for (int k = 0; k < 4; k++) {
		pose_tile(&probe, &p);
		probe_tile(gravity, book, weight[k], dt[k], s, &p, torque, &probe, &sum);
	}
	BERN_EACH_LANE
	for (int i = 0; i < BERN_TILE; i++) {
		s->theta1[i] += STEP_SECONDS / 6.0 * sum.theta1[i];
		s->theta2[i] += STEP_SECONDS / 6.0 * sum.theta2[i];
		s->omega1[i] = clip(s->omega1[i] + STEP_SECONDS / 6.0 * sum.omega1[i], MAX_SPEED_1);
		s->omega2[i] = clip(s->omega2[i] + STEP_SECONDS / 6.0 * sum.omega2[i], MAX_SPEED_2);
	}
}

/* One turn back, which nearly always does. */
BERN_BATCH_INLINE double wrap_once(double x)
{
	return x - (bern_abs(x) > PI ? bern_copysign(2 * PI, x) : 0);
}

/* Wraps the angles of 16 states, whatever a turn leaves one by one. */
BERN_BATCH_INLINE void wrap_tile(tile *restrict s)
{
	/* bits of a double without its sign are in the order of its size, NaN last */
	uint64_t most = 0;
	for (int i = 0; i < BERN_TILE; i++) {
		double theta1 = wrap_once(s->theta1[i]), theta2 = wrap_once(s->theta2[i]);
		uint64_t size1 = bern_bits_of_double(bern_abs(theta1));
		uint64_t size2 = bern_bits_of_double(bern_abs(theta2));
		s->theta1[i] = theta1;
		s->theta2[i] = theta2;
		size1 = size1 > size2 ? size1 : size2;
		most = size1 > most ? size1 : most;
	}
	for (int i = 0; bern_double_of_bits(most) > PI && i < BERN_TILE; i++) {
		s->theta1[i] = wrap(s->theta1[i]);
		s->theta2[i] = wrap(s->theta2[i]);
	}
}

/* What 16 states look like. o is (6, 16). */
BERN_BATCH_INLINE void look_tile(const tile *restrict s, double *restrict reward,
				 uint32_t *restrict flags, float *restrict o,
				 double *restrict height)
{
	BERN_EACH_LANE
	for (int i = 0; i < BERN_TILE; i++) {
		const pose p = look(s->theta1[i], s->theta2[i]);
		height[i] = p.tip;
		reward[i] = p.tip > 1.0 ? 0 : -1;
		flags[i] = p.tip > 1.0 ? BERN_TERMINATED : 0;
		o[i] = (float)p.cos1;
		o[BERN_TILE + i] = (float)p.sin1;
		o[2 * BERN_TILE + i] = (float)p.cos2;
		o[3 * BERN_TILE + i] = (float)p.sin2;
		o[4 * BERN_TILE + i] = (float)s->omega1[i];
		o[5 * BERN_TILE + i] = (float)s->omega2[i];
	}
}

BERN_BATCH_INLINE void step_tiles(const void *model_, const bern_tiles *tiles)
{
	const model m = *(const model *)model_; /* a copy: no store can change it */
	for (size_t t = 0; t < tiles->count; t++) {
		const size_t first = t * BERN_TILE;
		const int32_t *action = (const int32_t *)tiles->action + first;
		tile *s = (tile *)tiles->state + t;
		double torque[BERN_TILE];
		for (size_t i = 0; i < BERN_TILE; i++)
			torque[i] = (action[i] - 1) * m.torque;
		if (m.torque_noise > 0)
			for (size_t i = 0; i < BERN_TILE; i++)
				torque[i] += noise_of(&m, &tiles->rng[first + i]);
		if (m.dynamics == BOOK)
			swing_tile(m.gravity, 1, s, torque);
		else
			swing_tile(m.gravity, 0, s, torque);
		wrap_tile(s);
		look_tile(s, tiles->reward + first, tiles->flags + first,
			  (float *)tiles->observation + 6 * first, tiles->metrics + first);
	}
}

static void reset_tiles(const void *model_, const bern_tiles *tiles)
{
	for (size_t t = 0; t < tiles->count; t++)
		for (uint32_t left = tiles->begin[t]; left; left &= left - 1) {
			const int i = bern_lowest_lane(left);
			tile *s = (tile *)tiles->state + t;
			float *o = (float *)tiles->observation + t * 6 * BERN_TILE, seen[6];
			state start;
			reset(model_, &start, &tiles->rng[t * BERN_TILE + (size_t)i]);
			observe(model_, &start, seen);
			s->theta1[i] = start.theta1;
			s->theta2[i] = start.theta2;
			s->omega1[i] = start.omega1;
			s->omega2[i] = start.omega2;
			for (int k = 0; k < 6; k++)
				o[k * BERN_TILE + i] = seen[k];
		}
}

BERN_BATCHES(batches, step_tiles, reset_tiles)

static const bern_env acrobot = {
	.abi = BERN_ENV_ABI,
	.struct_size = sizeof(bern_env),
	.id = "Acrobot-v1",
	.summary = "swing the tip of two hanging links above a line, in few steps",
	.source = "Sutton 1996; Sutton & Barto 2018, section 11.3 of the first edition; Gymnasium "
		  "Acrobot-v1",
	.params = params,
	.fields = fields,
	.metrics = metrics,
	.param_count = P_COUNT,
	.field_count = sizeof fields / sizeof fields[0],
	.metric_count = sizeof metrics / sizeof metrics[0],
	.has_returns = 1,
	.random_return = -499.2,
	.solved_return = -100, /* the threshold of Gymnasium's registry */
	.step_seconds = STEP_SECONDS,
	.open = open_acrobot,
	.close = free,
	.reset = reset,
	.step = step,
	.observe = observe,
	.read_metrics = read_metrics,
	.draw = draw,
	.batches = batches,
	.batch_count = BERN_BATCH_COUNT(batches),
};

BERN_PLUGIN(acrobot, &acrobot);
