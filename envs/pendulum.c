/* Pendulum: a motor too weak to lift a hanging pole must swing it up, and then hold it there.
 *
 * Constants, order of operations and start state of Gymnasium's Pendulum-v1, so that the same seed gives the same episode. Read
 * in its source (gymnasium/envs/classic_control/pendulum.py): the start is two uniform draws, the cost is that of the state before
 * the step, the angle advances with the new velocity and is never wrapped, torques are float32.
 *
 * Two more ids give the torque to policies whose actions are not numbers: PendulumBinned-v1 has a discrete action, one of some
 * evenly spaced torques; PendulumBits-v1 has some binary actions, and the torque goes with how many of them are 1.
 */
#include <bern/batch.h>
#include <bern/env.h>
#include <bern/math.h>
#include <bern/rng.h>

#include <stdio.h>
#include <stdlib.h>

#define PI           3.14159265358979323846
#define MAX_SPEED    8.0 /* rad/s */
#define STEP_SECONDS 0.05
#define MOST_LEVELS  101
#define MOST_BITS    64

enum { P_GRAVITY, P_MASS, P_LENGTH, P_MAX_TORQUE, P_CODE, P_COUNT };

#define PHYSICS                                                                                    \
	[P_GRAVITY] = {"gravity", "acceleration down, m/s^2", BERN_REAL, 0, "10", 0, 100, NULL},   \
	[P_MASS] = {"mass", "mass of the pole, kg", BERN_REAL, 0, "1", 0.01, 100, NULL},           \
	[P_LENGTH] = {"length", "length of the pole, m", BERN_REAL, 0, "1", 0.1, 10, NULL},        \
	[P_MAX_TORQUE] = {                                                                         \
		"max_torque", "largest torque of the motor, N m", BERN_REAL, 0, "2", 0.001, 1000,  \
		NULL}

static const bern_param params_torque[P_CODE] = {PHYSICS};
static const bern_param params_binned[P_COUNT] = {
	PHYSICS,
	[P_CODE] = {"levels", "number of evenly spaced torques, the first -max_torque", BERN_INT, 0,
		    "5", 2, MOST_LEVELS, NULL},
};
static const bern_param params_bits[P_COUNT] = {
	PHYSICS,
	[P_CODE] = {"bits", "number of binary actions; none set is -max_torque, all max_torque",
		    BERN_INT, 0, "4", 1, MOST_BITS, NULL},
};

typedef struct state {
	double theta;  /* rad from upright, positive counter-clockwise, not wrapped */
	double omega;  /* rad/s */
	double torque; /* N m, of the last step */
} state;

static const bern_field fields[] = {
	{"theta", BERN_F64, 1, offsetof(state, theta)},
	{"theta_dot", BERN_F64, 1, offsetof(state, omega)},
	{"torque", BERN_F64, 1, offsetof(state, torque)},
};

typedef struct model {
	double gravity, mass, length, max_torque;
	int32_t count[1];            /* levels or bits */
	float low[1], high[1];       /* of the torque */
	double torques[MOST_LEVELS]; /* of each level, or of each number of bits set */
	char names[MOST_LEVELS][24];
	const char *labels[MOST_LEVELS], *keys[MOST_LEVELS];
} model;

static const char *const torque_label[1] = {"torque"};
static const char *const observation_labels[3] = {"cos_theta", "sin_theta", "theta_dot"};
static const float observation_low[3] = {-1, -1, -(float)MAX_SPEED};
static const float observation_high[3] = {1, 1, (float)MAX_SPEED};

static const char *const metrics[] = {"upright"};

static model *open_physics(const bern_value *values, bern_instance *out, char *err, size_t err_size)
{
	model *m = calloc(1, sizeof *m);
	if (!m) {
		snprintf(err, err_size, "no memory for the model");
		return NULL;
	}
	m->gravity = values[P_GRAVITY].r;
	m->mass = values[P_MASS].r;
	m->length = values[P_LENGTH].r;
	m->max_torque = values[P_MAX_TORQUE].r;
	out->model = m;
	out->state_size = sizeof(state);
	out->max_steps = 200;
	out->observation = (bern_space){.kind = BERN_BOX,
					.count = 3,
					.low = observation_low,
					.high = observation_high,
					.labels = observation_labels};
	out->has_max_return = 1; /* 0: always upright, at rest, without torque */
	return m;
}

/* Evenly spaced torques, `count` of them; the first turns clockwise, to the right. */
static void space_torques(model *m, int32_t count)
{
	for (int32_t i = 0; i < count; i++) {
		m->torques[i] = m->max_torque * (2.0 * i / (count - 1) - 1);
		snprintf(m->names[i], sizeof m->names[i], "torque %.3g", m->torques[i]);
		m->labels[i] = m->names[i];
	}
	m->keys[0] = "right";
	m->keys[count - 1] = "left";
	if (count % 2)
		m->keys[count / 2] = "down";
}

static int32_t open_torque(const bern_value *values, bern_instance *out, char *err, size_t err_size)
{
	model *m = open_physics(values, out, err, err_size);
	if (!m)
		return 1;
	m->high[0] = (float)m->max_torque;
	m->low[0] = -m->high[0];
	out->action = (bern_space){.kind = BERN_BOX,
				   .count = 1,
				   .low = m->low,
				   .high = m->high,
				   .labels = torque_label};
	return 0;
}

static int32_t open_binned(const bern_value *values, bern_instance *out, char *err, size_t err_size)
{
	model *m = open_physics(values, out, err, err_size);
	if (!m)
		return 1;
	m->count[0] = (int32_t)values[P_CODE].i;
	space_torques(m, m->count[0]);
	out->action = (bern_space){.kind = BERN_DISCRETE,
				   .count = 1,
				   .sizes = m->count,
				   .labels = m->labels,
				   .keys = m->keys};
	return 0;
}

static int32_t open_bits(const bern_value *values, bern_instance *out, char *err, size_t err_size)
{
	model *m = open_physics(values, out, err, err_size);
	if (!m)
		return 1;
	m->count[0] = (int32_t)values[P_CODE].i;
	space_torques(m, m->count[0] + 1);
	out->action = (bern_space){.kind = BERN_MULTI_BINARY, .count = (uint32_t)m->count[0]};
	return 0;
}

static void reset(const void *model_, void *state_, bern_rng *rng)
{
	state *s = state_;
	(void)model_;
	s->theta = bern_rng_range(rng, -PI, PI);
	s->omega = bern_rng_range(rng, -1, 1);
	s->torque = 0;
}

BERN_BATCH_INLINE double clip(double x, double limit)
{
	x = x < -limit ? -limit : x;
	return x > limit ? limit : x;
}

/* The angle in -pi .. pi. Only its square counts, so it does not matter to which side an odd half turn goes. */
BERN_BATCH_INLINE double wrap(double angle)
{
	const double shift = 0x1p52; /* adding it leaves no room for a fraction */
	double turns = angle / (2 * PI);
	turns = turns < -1e15 ? -1e15 : turns > 1e15 ? 1e15 : turns;
	double size = bern_abs(turns) + 0.5, whole = (size + shift) - shift;
	whole = whole > size ? whole - 1 : whole;
	return angle - bern_copysign(whole, turns) * (2 * PI);
}

/* Turns for a step and returns the reward, which is that of the state before. */
BERN_BATCH_INLINE double turn(const model *m, double torque, double *theta, double *omega)
{
	double off = wrap(*theta), sine, cosine;
	double cost = off * off + 0.1 * (*omega * *omega) + 0.001 * (torque * torque);
	bern_sincos(*theta, &sine, &cosine);
	double acc = 3 * m->gravity / (2 * m->length) * sine +
		     3.0 / (m->mass * (m->length * m->length)) * torque;
	*omega = clip(*omega + acc * STEP_SECONDS, MAX_SPEED);
	*theta += *omega * STEP_SECONDS;
	return -cost;
}

static void turn_state(const model *m, state *s, double torque, bern_outcome *out)
{
	out->reward = turn(m, torque, &s->theta, &s->omega);
	s->torque = torque;
}

static void step_torque(const void *model_, void *state_, bern_rng *rng, const void *action,
			bern_outcome *out)
{
	const model *m = model_;
	(void)rng;
	turn_state(m, state_, clip((double)*(const float *)action, m->max_torque), out);
}

static void step_binned(const void *model_, void *state_, bern_rng *rng, const void *action,
			bern_outcome *out)
{
	const model *m = model_;
	(void)rng;
	turn_state(m, state_, m->torques[*(const int32_t *)action], out);
}

static void step_bits(const void *model_, void *state_, bern_rng *rng, const void *action,
		      bern_outcome *out)
{
	const model *m = model_;
	const uint8_t *bits = action;
	int32_t ones = 0;
	(void)rng;
	for (int32_t i = 0; i < m->count[0]; i++)
		ones += bits[i];
	turn_state(m, state_, m->torques[ones], out);
}

static void observe(const void *model_, const void *state_, void *observation)
{
	const state *s = state_;
	float *o = observation; /* (3) */
	double sine, cosine;
	(void)model_;
	bern_sincos(s->theta, &sine, &cosine);
	o[0] = (float)cosine;
	o[1] = (float)sine;
	o[2] = (float)s->omega;
}

static void read_metrics(const void *model_, const void *state_, double *out)
{
	const state *s = state_;
	(void)model_;
	out[0] = bern_cos(s->theta);
}

static void draw(const void *model_, const void *state_, const bern_canvas *c)
{
	const model *m = model_;
	const state *s = state_;
	const uint32_t paper = BERN_RGB(255, 255, 255), ink = BERN_RGB(70, 70, 70);
	const uint32_t light = BERN_RGB(225, 225, 225);
	const uint32_t blue = BERN_RGB(0x00, 0x72, 0xb2), orange = BERN_RGB(0xe6, 0x9f, 0x00);
	double sine = bern_sin(s->theta), cosine = bern_cos(s->theta);

	c->view(c->user, -1.3, -1.3, 1.3, 1.3);
	c->rect(c->user, -1.3, -1.3, 2.6, 2.6, paper);
	c->line(c->user, 0, 0, 0, 1.2, 0.01, light);
	c->line(c->user, 0, 0, -sine, cosine, 0.14, orange);
	c->disc(c->user, -sine, cosine, 0.07, orange);
	c->disc(c->user, 0, 0, 0.05, ink);
	/* the torque: to the left what turns to the left */
	c->line(c->user, 0, -1.2, -1.2 * s->torque / m->max_torque, -1.2, 0.06, blue);
	c->line(c->user, 0, -1.25, 0, -1.15, 0.02, ink);
}

/* ---- 16 at a time ------------------------------------------------------------------------------------- */

typedef struct tile {
	double theta[BERN_TILE], omega[BERN_TILE], torque[BERN_TILE];
} tile;

/* Turns 16 pendulums; their torques are in place. o is (3, 16). */
BERN_BATCH_INLINE void turn_tile(const model *m, tile *restrict s, double *restrict reward,
				 uint32_t *restrict flags, float *restrict o,
				 double *restrict upright)
{
	for (int i = 0; i < BERN_TILE; i++) {
		double theta = s->theta[i], omega = s->omega[i], sine, cosine;
		reward[i] = turn(m, s->torque[i], &theta, &omega);
		bern_sincos(theta, &sine, &cosine);
		s->theta[i] = theta;
		s->omega[i] = omega;
		flags[i] = 0;
		o[i] = (float)cosine;
		o[BERN_TILE + i] = (float)sine;
		o[2 * BERN_TILE + i] = (float)omega;
		upright[i] = cosine;
	}
}

enum { TORQUE, BINNED, BITS };

/* Writes the torques that the actions of tile t mean. */
BERN_BATCH_INLINE void set_torques(const model *m, int kind, const void *action, size_t t,
				   double *restrict torque)
{
	if (kind == TORQUE) {
		const float *a = (const float *)action + t * BERN_TILE;
		for (int i = 0; i < BERN_TILE; i++)
			torque[i] = clip((double)a[i], m->max_torque);
	} else if (kind == BINNED) {
		const int32_t *a = (const int32_t *)action + t * BERN_TILE;
		for (int i = 0; i < BERN_TILE; i++)
			torque[i] = m->torques[a[i]];
	} else {
		const size_t count = (size_t)m->count[0];
		const uint8_t *a = (const uint8_t *)action + t * count * BERN_TILE;
		uint8_t ones[BERN_TILE] = {0}; /* at most MOST_BITS */
		for (size_t k = 0; k < count; k++)
			for (int i = 0; i < BERN_TILE; i++)
				ones[i] = (uint8_t)(ones[i] + a[k * BERN_TILE + (size_t)i]);
		for (int i = 0; i < BERN_TILE; i++)
			torque[i] = m->torques[ones[i]];
	}
}

BERN_BATCH_INLINE void step_tiles(const void *model_, int kind, const bern_tiles *tiles)
{
	const model *m = model_;
	/* a copy of what the loop reads: no store can change it */
	const model physics = {.gravity = m->gravity, .mass = m->mass, .length = m->length};
	for (size_t t = 0; t < tiles->count; t++) {
		tile *s = (tile *)tiles->state + t;
		set_torques(m, kind, tiles->action, t, s->torque);
		turn_tile(&physics, s, tiles->reward + t * BERN_TILE, tiles->flags + t * BERN_TILE,
			  (float *)tiles->observation + t * 3 * BERN_TILE,
			  tiles->metrics + t * BERN_TILE);
	}
}

BERN_BATCH_INLINE void step_torque_tiles(const void *model_, const bern_tiles *tiles)
{
	step_tiles(model_, TORQUE, tiles);
}

BERN_BATCH_INLINE void step_binned_tiles(const void *model_, const bern_tiles *tiles)
{
	step_tiles(model_, BINNED, tiles);
}

BERN_BATCH_INLINE void step_bits_tiles(const void *model_, const bern_tiles *tiles)
{
	step_tiles(model_, BITS, tiles);
}

static void reset_tiles(const void *model_, const bern_tiles *tiles)
{
	for (size_t t = 0; t < tiles->count; t++)
		for (uint32_t left = tiles->begin[t]; left; left &= left - 1) {
			const int i = bern_lowest_lane(left);
			tile *s = (tile *)tiles->state + t;
			float *o = (float *)tiles->observation + t * 3 * BERN_TILE, seen[3];
			state start;
			reset(model_, &start, &tiles->rng[t * BERN_TILE + (size_t)i]);
			observe(model_, &start, seen);
			s->theta[i] = start.theta;
			s->omega[i] = start.omega;
			s->torque[i] = start.torque;
			for (int k = 0; k < 3; k++)
				o[k * BERN_TILE + i] = seen[k];
		}
}

BERN_BATCHES(batches_torque, step_torque_tiles, reset_tiles)
BERN_BATCHES(batches_binned, step_binned_tiles, reset_tiles)
BERN_BATCHES(batches_bits, step_bits_tiles, reset_tiles)

/* solved: Gymnasium has no threshold; the best controllers reach about -150 */
#define TABLE(id_, kind_, summary_, count_, random_)                                               \
	{                                                                                          \
		.abi = BERN_ENV_ABI, .struct_size = sizeof(bern_env), .id = id_,                   \
		.summary = summary_, .source = "Gymnasium Pendulum-v1", .params = params_##kind_,  \
		.fields = fields, .metrics = metrics, .param_count = count_,                       \
		.field_count = sizeof fields / sizeof fields[0],                                   \
		.metric_count = sizeof metrics / sizeof metrics[0], .has_returns = 1,              \
		.random_return = random_, .solved_return = -200, .step_seconds = STEP_SECONDS,     \
		.open = open_##kind_, .close = free, .reset = reset, .step = step_##kind_,         \
		.observe = observe, .read_metrics = read_metrics, .draw = draw,                    \
		.batches = batches_##kind_, .batch_count = BERN_BATCH_COUNT(batches_##kind_),      \
	}

static const bern_env with_torque = TABLE("Pendulum-v1", torque,
					  "swing a pole up and hold it; the action is a torque",
					  P_CODE, -1226);
static const bern_env with_levels = TABLE("PendulumBinned-v1", binned,
					  "swing a pole up and hold it by one of some torques",
					  P_COUNT, -1225);
static const bern_env with_bits = TABLE(
	"PendulumBits-v1", bits, "swing a pole up and hold it; each binary action adds torque",
	P_COUNT, -1228);

BERN_PLUGIN(pendulum, &with_torque, &with_levels, &with_bits);
