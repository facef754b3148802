/* Pendulum: a motor too weak to lift a hanging pole must swing it up, and then hold it there.
 *
 * Constants, order of operations and start state of Gymnasium's Pendulum-v1, so that the same seed gives the same episode. Read
 * in its source (gymnasium/envs/classic_control/pendulum.py): the start is two uniform draws, the cost is that of the state before
 * the step, the angle advances with the new velocity and is never wrapped, torques are float32.
 *
 * Two more ids give the torque to policies whose actions are not numbers: PendulumBinned-v1 has a discrete action, one of some
 * evenly spaced torques; PendulumBits-v1 has some binary actions, and the torque goes with how many of them are 1.
 */
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

static double clip(double x, double limit)
{
	x = x < -limit ? -limit : x;
	return x > limit ? limit : x;
}

/* The angle in -pi .. pi. Only its square counts, so it does not matter to which side an odd half turn goes. */
static double wrap(double angle)
{
	double turns = angle / (2 * PI);
	turns = turns < -1e15 ? -1e15 : turns > 1e15 ? 1e15 : turns;
	double whole = (double)(int64_t)(turns + (turns < 0 ? -0.5 : 0.5));
	return angle - whole * (2 * PI);
}

static void turn(const model *m, state *s, double torque, bern_outcome *out)
{
	double off = wrap(s->theta);
	double cost = off * off + 0.1 * (s->omega * s->omega) + 0.001 * (torque * torque);
	double acc = 3 * m->gravity / (2 * m->length) * bern_sin(s->theta) +
		     3.0 / (m->mass * (m->length * m->length)) * torque;
	s->omega = clip(s->omega + acc * STEP_SECONDS, MAX_SPEED);
	s->theta += s->omega * STEP_SECONDS;
	s->torque = torque;
	out->reward = -cost;
}

static void step_torque(const void *model_, void *state_, bern_rng *rng, const void *action,
			bern_outcome *out)
{
	const model *m = model_;
	(void)rng;
	turn(m, state_, clip((double)*(const float *)action, m->max_torque), out);
}

static void step_binned(const void *model_, void *state_, bern_rng *rng, const void *action,
			bern_outcome *out)
{
	const model *m = model_;
	(void)rng;
	turn(m, state_, m->torques[*(const int32_t *)action], out);
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
	turn(m, state_, m->torques[ones], out);
}

static void observe(const void *model_, const void *state_, void *observation)
{
	const state *s = state_;
	float *o = observation; /* (3) */
	(void)model_;
	o[0] = (float)bern_cos(s->theta);
	o[1] = (float)bern_sin(s->theta);
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
