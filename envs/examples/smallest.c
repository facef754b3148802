/* The smallest environment: a corridor of five cells; walk right to its end. Build it with nothing but the headers, and try it:
 *
 *     cc -shared -fPIC smallest.c -o smallest.so
 *     bern train ./smallest.so:examples/Corridor-v0
 */
#include <bern/env.h>

enum { CELLS = 5, LEFT = 0, RIGHT = 1 };

/* All that changes. The host owns these bytes and may copy them at any time, so they hold no pointers. */
typedef struct {
	int32_t cell; /* 0 .. CELLS-1; the episode ends in the last one */
} state;

/* Says what observations and actions look like. Nothing here depends on parameters, so there is no model. */
static int32_t corridor_open(const bern_value *values, bern_instance *out, char *err,
			     size_t err_size)
{
	static const int32_t cells[] = {CELLS}, actions[] = {2};
	static const char *const names[] = {"left", "right"};
	(void)values, (void)err, (void)err_size;
	out->state_size = sizeof(state);
	out->max_steps = 100; /* the host counts and cuts */
	out->max_return = 1 - CELLS;
	out->has_max_return = 1;
	out->observation.kind = out->action.kind = BERN_DISCRETE;
	out->observation.count = out->action.count = 1;
	out->observation.sizes = cells;
	out->action.sizes = actions;
	out->action.labels = out->action.keys = names;
	return 0;
}

static void corridor_reset(const void *model, void *block, struct bern_rng *rng)
{
	(void)model, (void)rng;
	((state *)block)->cell = 0;
}

static void corridor_step(const void *model, void *block, struct bern_rng *rng, const void *action,
			  bern_outcome *out)
{
	state *s = (state *)block;
	(void)model, (void)rng;
	if (*(const int32_t *)action == RIGHT)
		s->cell++;
	else if (s->cell > 0)
		s->cell--;
	out->reward = -1;
	if (s->cell == CELLS - 1)
		out->flags = BERN_TERMINATED;
}

static void corridor_observe(const void *model, const void *block, void *observation)
{
	(void)model;
	*(int32_t *)observation = ((const state *)block)->cell;
}

/* What is not named here is zero: no parameters, no metrics, no drawing. */
static const bern_env corridor = {.abi = BERN_ENV_ABI,
				  .struct_size = sizeof(bern_env),
				  .id = "examples/Corridor-v0",
				  .summary = "Five cells in a row: walk right to the end",
				  .source = "made up for this file",
				  .open = corridor_open,
				  .reset = corridor_reset,
				  .step = corridor_step,
				  .observe = corridor_observe};

BERN_PLUGIN(corridor, &corridor);
