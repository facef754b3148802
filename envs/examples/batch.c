/* An environment with all that is optional: parameters, a drawing, and a batch that steps 16 copies at a time. Park a boat that
 * drifts in a current of its own: push left or right, be near the pier and slow.
 *
 *     cc -O3 -fno-math-errno -fno-trapping-math -ffp-contract=off -shared -fPIC batch.c -o batch.so
 *     bern check-env ./batch.so      holds the batch to the bits of the plain functions
 *     bern bench env ./batch.so      tells what it brings
 */
#include <bern/batch.h>
#include <bern/env.h>
#include <bern/math.h>
#include <bern/rng.h>

#include <stdlib.h>

/* ---- parameters: declared here, read and checked by the host ------------------------------------------------ */

enum { P_THRUST, P_CURRENT, P_COUNT };
static const bern_param params[P_COUNT] = {
	[P_THRUST] = {"thrust", "acceleration of the motor, m/s^2", BERN_REAL, 0, "1", 0.1, 10,
		      NULL},
	[P_CURRENT] = {"current", "strongest current, m/s", BERN_REAL, 0, "0.2", 0, 1, NULL},
};

typedef struct {
	double thrust, current;
} model;

typedef struct {
	double x, v;   /* m from the pier, m/s */
	double stream; /* m/s, drawn for each episode, not to be seen */
} state;

/* All of the state is named: that is what a batch is made of. */
static const bern_field fields[] = {{"x", BERN_F64, 1, offsetof(state, x)},
				    {"v", BERN_F64, 1, offsetof(state, v)},
				    {"stream", BERN_F64, 1, offsetof(state, stream)}};

static int32_t boat_open(const bern_value *values, bern_instance *out, char *err, size_t err_size)
{
	static const int32_t actions[] = {2};
	static const char *const names[] = {"left", "right"}, *const seen[] = {"x", "v"};
	static const char text[] = "no memory";
	model *m = (model *)malloc(sizeof *m);
	if (!m) {
		for (size_t i = 0; i < sizeof text && i < err_size; i++)
			err[i] = text[i];
		return 1;
	}
	m->thrust = values[P_THRUST].r;
	m->current = values[P_CURRENT].r;
	out->model = m;
	out->state_size = sizeof(state);
	out->max_steps = 200;
	out->observation.kind = BERN_BOX;
	out->observation.count = 2;
	out->observation.labels = seen;
	out->action.kind = BERN_DISCRETE;
	out->action.count = 1;
	out->action.sizes = actions;
	out->action.labels = out->action.keys = names;
	out->max_return = 200;
	out->has_max_return = 1;
	return 0;
}

/* ---- the rules, written once for both ways ----------------------------------------------------------------------- */

/* Only values and pointers to single numbers, only x ? a : b: so a loop around it can become vector instructions. Returns the
 * reward; *lost is 1 where the boat has drifted away. */
BERN_BATCH_INLINE double sail(double thrust, int32_t action, double *x, double *v, double stream,
			      uint32_t *lost)
{
	double off, reward;
	*v += 0.05 * (action ? thrust : -thrust);
	*x += 0.05 * (*v + stream);
	off = bern_abs(*x) + bern_abs(*v);
	reward = 1 / (1 + off * off);
	*lost = bern_abs(*x) > 3 ? 1u : 0u;
	return reward;
}

static void boat_reset(const void *model_, void *block, struct bern_rng *rng)
{
	const model *m = (const model *)model_;
	state *s = (state *)block;
	s->x = bern_rng_range(rng, -1, 1);
	s->v = 0;
	s->stream = bern_rng_range(rng, -m->current, m->current);
}

static void boat_step(const void *model_, void *block, struct bern_rng *rng, const void *action,
		      bern_outcome *out)
{
	const model *m = (const model *)model_;
	state *s = (state *)block;
	uint32_t lost;
	(void)rng;
	out->reward = sail(m->thrust, *(const int32_t *)action, &s->x, &s->v, s->stream, &lost);
	out->flags = lost * BERN_TERMINATED;
}

static void boat_observe(const void *model_, const void *block, void *observation)
{
	const state *s = (const state *)block;
	float *out = (float *)observation;
	(void)model_;
	out[0] = (float)s->x;
	out[1] = (float)s->v;
}

/* ---- the drawing: x to the right, y up, in metres ------------------------------------------------------------------ */

static void boat_draw(const void *model_, const void *block, const bern_canvas *c)
{
	const state *s = (const state *)block;
	const double hull[] = {s->x - 0.3, 0.1,  s->x - 0.2, -0.1,
			       s->x + 0.2, -0.1, s->x + 0.3, 0.1};
	(void)model_;
	c->view(c->user, -3, -1, 3, 1);
	c->rect(c->user, -3, -1, 6, 1, BERN_RGB(0x56, 0xb4, 0xe9));
	c->rect(c->user, -0.05, -1, 0.1, 1.2, BERN_RGB(90, 90, 90));
	c->polygon(c->user, hull, 4, BERN_RGB(0xd5, 0x5e, 0x00));
	c->line(c->user, s->x, 0.3, s->x + 0.5 * s->v, 0.3, 0.04, BERN_RGB(0, 0x72, 0xb2));
}

/* ---- 16 at a time ---------------------------------------------------------------------------------------------------- */

/* The fields of 16 states, in the order of `fields`. */
typedef struct {
	double x[BERN_TILE], v[BERN_TILE], stream[BERN_TILE];
} tile;

BERN_BATCH_INLINE void sail_tile(double thrust, tile *restrict s, const int32_t *restrict action,
				 double *restrict reward, uint32_t *restrict flags,
				 float *restrict seen)
{
	for (int i = 0; i < BERN_TILE; i++) {
		double x = s->x[i], v = s->v[i];
		uint32_t lost;
		reward[i] = sail(thrust, action[i], &x, &v, s->stream[i], &lost);
		flags[i] = lost * BERN_TERMINATED;
		s->x[i] = x;
		s->v[i] = v;
		seen[i] = (float)x;             /* element 0 of the 16 observations */
		seen[BERN_TILE + i] = (float)v; /* element 1 */
	}
}

BERN_BATCH_INLINE void boat_step_tiles(const void *model_, const bern_tiles *tiles)
{
	const model *m = (const model *)model_;
	for (size_t t = 0; t < tiles->count; t++)
		sail_tile(m->thrust, (tile *)tiles->state + t,
			  (const int32_t *)tiles->action + t * BERN_TILE,
			  tiles->reward + t * BERN_TILE, tiles->flags + t * BERN_TILE,
			  (float *)tiles->observation + t * 2 * BERN_TILE);
}

static void boat_reset_tiles(const void *model_, const bern_tiles *tiles)
{
	for (size_t t = 0; t < tiles->count; t++)
		for (uint32_t left = tiles->begin[t]; left; left &= left - 1) {
			const int i = bern_lowest_lane(left);
			tile *s = (tile *)tiles->state + t;
			float *seen = (float *)tiles->observation + t * 2 * BERN_TILE;
			state start;
			boat_reset(model_, &start, &tiles->rng[t * BERN_TILE + (size_t)i]);
			s->x[i] = start.x;
			s->v[i] = start.v;
			s->stream[i] = start.stream;
			seen[i] = (float)start.x;
			seen[BERN_TILE + i] = (float)start.v;
		}
}

BERN_BATCHES(batches, boat_step_tiles, boat_reset_tiles)

static const bern_env boat = {.abi = BERN_ENV_ABI,
			      .struct_size = sizeof(bern_env),
			      .id = "examples/Boat-v0",
			      .summary = "Keep a boat at the pier in a current that is not seen",
			      .source = "made up for this file",
			      .params = params,
			      .fields = fields,
			      .param_count = P_COUNT,
			      .field_count = 3,
			      .step_seconds = 0.05,
			      .open = boat_open,
			      .close = free,
			      .reset = boat_reset,
			      .step = boat_step,
			      .observe = boat_observe,
			      .draw = boat_draw,
			      .batches = batches,
			      .batch_count = BERN_BATCH_COUNT(batches)};

BERN_PLUGIN(boat, &boat);
