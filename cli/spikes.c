#include "spikes.h"

#include "export.h"

#include <inspect_agent.h>

#include <bern/seed.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* what an NPZ file may hold, with room for its headers */
#define MOST_BYTES (UINT32_MAX - ((uint64_t)1 << 16))

enum { EPISODE, TIME, ACTION, REWARD, TERMINATED, TRUNCATED, INPUT, LAYERS };

/* One array that grows by a row a step. */
typedef struct column {
	char name[16];
	int32_t type;          /* enum bern_tensor_type */
	size_t width, element; /* elements a row, bytes an element; width 0: not kept */
	unsigned char *data;   /* owned */
} column;

struct spikes {
	const char *path;
	const bern_world *world;
	bern_inspector inspector;
	bern_arena arena; /* of the moment */
	bern_moment moment;
	bern_firing_rng others; /* for firings that nobody keeps */
	column columns[LAYERS + BERN_INSPECT_LAYERS];
	uint64_t fired[BERN_INSPECT_LAYERS]; /* in all */
	uint64_t steps, room, row; /* rows filled, rows there is memory for, bytes of one */
};

/* ---- which layers ---------------------------------------------------------------------------------- */

/* "layer 1 (binary), ...": those that fire. */
static char *name_firing(const bern_inspector *agent, char *out, size_t size)
{
	size_t n = 0;
	out[0] = '\0';
	for (size_t l = 0; l < agent->hidden && n + 1 < size; l++)
		if (agent->layer[l].fires)
			n += (size_t)snprintf(out + n, size - n, "%s%zu", n ? ", " : "", l + 1);
	return out;
}

static int32_t choose_layers(spikes *s, const char *list, bern_error *e)
{
	const bern_inspector *agent = &s->inspector;
	const char *at = list;
	char firing[128];
	name_firing(agent, firing, sizeof firing);
	if (!*firing)
		return bern_fail(e, BERN_EUSAGE,
				 "--spikes: no layer of this agent (%s) fires; it has nothing to "
				 "record",
				 agent->agent);
	for (size_t l = 0; !list && l < agent->hidden; l++)
		s->columns[LAYERS + l].width = agent->layer[l].fires ? agent->layer[l].units : 0;
	while (list) {
		char *end;
		unsigned long l = *at >= '1' && *at <= '9' ? strtoul(at, &end, 10) : 0;
		if (l == 0 || l > agent->hidden || (*end && *end != ',') ||
		    !agent->layer[l - 1].fires)
			return bern_fail(e, BERN_EUSAGE,
					 "--layers: '%.60s' is no list of layers that fire, which "
					 "are %s, as in --layers %.1s",
					 list, firing, firing);
		s->columns[LAYERS + l - 1].width = agent->layer[l - 1].units;
		if (!*end)
			break;
		at = end + 1;
	}
	return BERN_OK;
}

/* ---- recording ------------------------------------------------------------------------------------- */

static void set(column *c, const char *name, int32_t type, size_t width, size_t element)
{
	snprintf(c->name, sizeof c->name, "%s", name);
	c->type = type;
	c->width = width;
	c->element = element;
}

int32_t spikes_create(spikes **out, bern_agent *agent, const bern_world *world, int32_t mode,
		      const char *layers, int inputs, const char *path, bern_error *e)
{
	*out = NULL;
	if (mode == BERN_MEAN_FIELD)
		return bern_fail(
			e, BERN_EUSAGE,
			"--spikes: neurons of the mean-field policy do not fire, they pass "
			"on p; take --policy sampled or thresholded");
	spikes *s = calloc(1, sizeof *s);
	if (!s)
		return bern_fail(e, BERN_EMEMORY, "memory is out");
	s->path = path;
	s->world = world;
	int32_t rc = bern_agent_inspect(agent, world, &s->inspector, e);
	if (!rc)
		rc = choose_layers(s, layers, e);
	if (rc) {
		spikes_destroy(s);
		return rc;
	}
	const int box = world->instance.action.kind == BERN_BOX;
	set(&s->columns[EPISODE], "episode", BERN_T_U32, 1, 4);
	set(&s->columns[TIME], "t", BERN_T_U32, 1, 4);
	set(&s->columns[ACTION], "action", box ? BERN_T_F32 : BERN_T_I32, world->action_count, 4);
	set(&s->columns[REWARD], "reward", BERN_T_F64, 1, 8);
	set(&s->columns[TERMINATED], "terminated", BERN_T_U8, 1, 1);
	set(&s->columns[TRUNCATED], "truncated", BERN_T_U8, 1, 1);
	set(&s->columns[INPUT], "input", BERN_T_F32, inputs ? s->inspector.inputs : 0, 4);
	for (size_t l = 0; l < s->inspector.hidden; l++) {
		char name[16];
		snprintf(name, sizeof name, "layer%zu", l + 1);
		set(&s->columns[LAYERS + l], name, BERN_T_U8, s->columns[LAYERS + l].width, 1);
	}
	for (size_t c = 0; c < LAYERS + s->inspector.hidden; c++)
		s->row += s->columns[c].width * s->columns[c].element;
	bern_firing_rng_stream(&s->others, 0, (bern_stream_key){.purpose = BERN_FOR_EVAL_FIRING});
	bern_moment_init(&s->moment, &s->arena, &s->inspector);
	rc = bern_arena_check(&s->arena, e);
	if (rc) {
		spikes_destroy(s);
		return rc;
	}
	*out = s;
	return BERN_OK;
}

void spikes_destroy(spikes *s)
{
	if (!s)
		return;
	bern_inspect_finish(&s->inspector);
	bern_arena_finish(&s->arena);
	for (size_t c = 0; c < LAYERS + BERN_INSPECT_LAYERS; c++)
		free(s->columns[c].data);
	free(s);
}

static void act(void *user, const bern_lanes *lanes, int32_t mode, bern_firing_rng *firing,
		float *memory, void *action)
{
	spikes *s = user;
	s->inspector.act(s->inspector.self, lanes, mode, firing, &s->others, memory, action,
			 &s->moment);
}

/* Room for one more row in every column. */
static int32_t grow(spikes *s, uint64_t episode, bern_error *e)
{
	const uint64_t most = MOST_BYTES / s->row;
	if (s->steps < s->room)
		return BERN_OK;
	if (s->room == most)
		return bern_fail(e, BERN_EUSAGE,
				 "--spikes: %" PRIu64 " steps of %" PRIu64
				 " bytes fill the 4 GiB that an NPZ file may have in episode "
				 "%" PRIu64 "; take fewer --episodes or --layers",
				 s->steps, s->row, episode);
	uint64_t room = s->room ? 2 * s->room : 1024;
	room = room < most ? room : most;
	for (size_t c = 0; c < LAYERS + s->inspector.hidden; c++) {
		column *at = &s->columns[c];
		unsigned char *data = at->width ? realloc(at->data, room * at->width * at->element)
						: NULL;
		if (at->width && !data)
			return bern_fail(e, BERN_EMEMORY,
					 "memory is out: --spikes of %" PRIu64 " steps of %" PRIu64
					 " bytes; take fewer --episodes or --layers",
					 room, s->row);
		if (at->width)
			at->data = data;
	}
	s->room = room;
	return BERN_OK;
}

static void put(spikes *s, size_t c, const void *row)
{
	column *at = &s->columns[c];
	const size_t size = at->width * at->element;
	if (size)
		memcpy(at->data + s->steps * size, row, size);
}

static int32_t stepped(void *user, uint64_t episode, uint64_t t, const bern_lanes *lanes,
		       const void *action, int ends, bern_error *e)
{
	spikes *s = user;
	const uint32_t number = (uint32_t)episode, time = (uint32_t)t, flags = lanes->flags[0];
	const uint8_t terminated = flags & BERN_TERMINATED ? 1 : 0;
	const uint8_t truncated = flags & BERN_TRUNCATED || (ends && !flags) ? 1 : 0;
	int32_t rc = grow(s, episode, e);
	if (rc)
		return rc;
	put(s, EPISODE, &number);
	put(s, TIME, &time);
	put(s, ACTION, action);
	put(s, REWARD, &lanes->reward[0]);
	put(s, TERMINATED, &terminated);
	put(s, TRUNCATED, &truncated);
	put(s, INPUT, s->moment.x);
	for (size_t l = 0; l < s->inspector.hidden; l++) {
		const bern_inspect_layer *layer = &s->inspector.layer[l];
		const size_t width = s->columns[LAYERS + l].width;
		const uint8_t *h = s->moment.h + layer->first_h +
				   (size_t)s->moment.speaker * layer->units;
		if (!width)
			continue;
		put(s, LAYERS + l, h);
		for (size_t j = 0; j < width; j++)
			s->fired[l] += h[j];
	}
	s->steps++;
	return BERN_OK;
}

bern_eval_watcher spikes_watcher(spikes *s)
{
	return (bern_eval_watcher){.user = s, .act = act, .stepped = stepped};
}

/* ---- the file -------------------------------------------------------------------------------------- */

int32_t spikes_write(spikes *s, uint64_t seed, bern_error *e)
{
	double seconds = s->world->env->step_seconds;
	bern_tensors list = {0};
	int32_t rc = BERN_OK;
	if (!(seconds > 0))
		seconds = NAN;
	for (size_t c = 0; !rc && c < LAYERS + s->inspector.hidden; c++) {
		const column *at = &s->columns[c];
		const int is_flat = at->width == 1 && c < INPUT;
		if (at->width)
			rc = bern_tensors_add(&list, at->type, at->data, s->steps,
					      is_flat ? 0 : at->width, e, "%s", at->name);
	}
	if (!rc)
		rc = bern_tensors_add(&list, BERN_T_U64, &seed, 1, 0, e, "seed");
	if (!rc)
		rc = bern_tensors_add(&list, BERN_T_F64, &seconds, 1, 0, e, "step_seconds");
	if (!rc)
		rc = npz_write(s->path, &list, e);
	bern_tensors_finish(&list);
	return rc;
}

uint64_t spikes_steps(const spikes *s)
{
	return s->steps;
}

char *spikes_tell(const spikes *s, char *out, size_t size)
{
	size_t n = (size_t)snprintf(out, size, "%" PRIu64 " steps", s->steps);
	for (size_t l = 0; l < s->inspector.hidden && n < size; l++) {
		const size_t width = s->columns[LAYERS + l].width;
		if (width)
			n += (size_t)snprintf(out + n, size - n,
					      "; layer %zu: %zu units, %.3g%% fired", l + 1, width,
					      100 * (double)s->fired[l] /
						      ((double)width * (double)s->steps));
	}
	return out;
}
