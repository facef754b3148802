/* How to wrap a simulator that keeps its state to itself, behind a pointer: the state block holds the pointer, and four more
 * functions make, free, save and restore what it leads to.
 *
 *     cc -shared -fPIC handle.c -o handle.so
 *
 * Here the "simulator" is a ball in a tube, thrown up by a fan that is on or off; keep it near the middle.
 */
#include <bern/env.h>
#include <bern/rng.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the simulator, as if it came from someone else's library -------------------------------------- */

typedef struct simulator {
	double height, speed; /* m, m/s; the tube is 1 m high */
} simulator;

static void simulate(simulator *sim, double lift, double seconds)
{
	sim->speed += (lift - 9.8) * seconds;
	sim->height += sim->speed * seconds;
}

/* ---- the environment -------------------------------------------------------------------------------- */

/* A pointer lives in the state block between attach() and detach(), and in no other kind of environment. */
typedef struct {
	simulator *sim;
} state;

static simulator *of(const void *block)
{
	return ((const state *)block)->sim;
}

static int32_t tube_open(const bern_value *values, bern_instance *out, char *err, size_t err_size)
{
	static const int32_t actions[] = {2};
	static const char *const action_names[] = {"off", "on"};
	static const char *const names[] = {"height", "speed"};
	(void)values, (void)err, (void)err_size;
	out->state_size = sizeof(state);
	out->max_steps = 200;
	out->observation.kind = BERN_BOX;
	out->observation.count = 2;
	out->observation.labels = names;
	out->action.kind = BERN_DISCRETE;
	out->action.count = 1;
	out->action.sizes = actions;
	out->action.labels = action_names;
	out->max_return = 200;
	out->has_max_return = 1;
	return 0;
}

static void tube_reset(const void *model, void *block, struct bern_rng *rng)
{
	simulator *sim = of(block);
	(void)model;
	sim->height = bern_rng_range(rng, 0.4, 0.6);
	sim->speed = 0;
}

static void tube_step(const void *model, void *block, struct bern_rng *rng, const void *action,
		      bern_outcome *out)
{
	simulator *sim = of(block);
	(void)model, (void)rng;
	simulate(sim, *(const int32_t *)action ? 19.6 : 0, 0.02);
	out->reward = 1;
	if (!(sim->height > 0 && sim->height < 1))
		out->flags = BERN_TERMINATED;
}

static void tube_observe(const void *model, const void *block, void *observation)
{
	float *out = (float *)observation;
	(void)model;
	out[0] = (float)of(block)->height;
	out[1] = (float)of(block)->speed;
}

/* ---- what a pointer in the state asks for ------------------------------------------------------------- */

static int32_t tube_attach(const void *model, void *block, char *err, size_t err_size)
{
	simulator *sim = (simulator *)calloc(1, sizeof *sim);
	(void)model;
	if (!sim) {
		snprintf(err, err_size, "no memory for a simulator");
		return 1;
	}
	((state *)block)->sim = sim;
	return 0;
}

static void tube_detach(const void *model, void *block)
{
	(void)model;
	free(of(block));
}

/* The size is the same for every state: the host makes room once. */
static uint64_t tube_save(const void *model, const void *block, void *buffer, uint64_t size)
{
	(void)model;
	if (size >= sizeof(simulator))
		memcpy(buffer, of(block), sizeof(simulator));
	return sizeof(simulator);
}

static int32_t tube_load(const void *model, void *block, const void *buffer, uint64_t size,
			 char *err, size_t err_size)
{
	(void)model;
	if (size != sizeof(simulator)) {
		snprintf(err, err_size, "a saved ball has %lu bytes, %lu were given",
			 (unsigned long)sizeof(simulator), (unsigned long)size);
		return 1;
	}
	memcpy(of(block), buffer, sizeof(simulator));
	return 0;
}

static const bern_env tube = {.abi = BERN_ENV_ABI,
			      .struct_size = sizeof(bern_env),
			      .id = "examples/Tube-v0",
			      .summary = "Keep a ball inside a tube with a fan that is on or off",
			      .source = "made up for this file",
			      .step_seconds = 0.02,
			      .open = tube_open,
			      .reset = tube_reset,
			      .step = tube_step,
			      .observe = tube_observe,
			      .attach = tube_attach,
			      .detach = tube_detach,
			      .save = tube_save,
			      .load = tube_load};

BERN_PLUGIN(tube, &tube);
