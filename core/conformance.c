/* Holding an environment to its promises, from outside.
 *
 * A rig is one copy of the environment in buffers with guard bytes around them. A script plays it: event after event (a reset or a
 * step), each with random actions that the script's own stream chooses. What can be seen after an event is one row of a trace; the
 * checks play the same script again under other circumstances and compare rows. */
#include "kernels.h"
#include "recorder.h"
#include "tiles.h"
#include <bern/conformance.h>
#include <bern/seed.h>

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GUARD       256 /* bytes before and after each buffer */
#define GUARD_BYTE  0xa5
#define MOST_EVENTS 400
#define TRACE_BYTES ((size_t)32 << 20)
#define CUT         40 /* steps after which a script starts a new episode */
#define NEIGHBOURS  3
#define WATCHED_STATE                                                                              \
	((size_t)64 << 10) /* bytes; whether a larger state is left alone is not watched */

enum check {
	CHECK_REPEAT,
	CHECK_NEIGHBOURS,
	CHECK_OLD_BYTES,
	CHECK_CLONE,
	CHECK_REOPEN,
	CHECK_BUFFERS,
	CHECK_ACTION,
	CHECK_CONST,
	CHECK_OBSERVATION,
	CHECK_OUTCOME,
	CHECK_MASK,
	CHECK_METRICS,
	CHECK_SAVE,
	CHECK_DRAW,
	CHECK_BATCH,
	CHECK_COUNT
};

const bern_conformance_check bern_conformance_checks[] = {
	[CHECK_REPEAT] = {"repeat", "the same seed and actions give the same bits"},
	[CHECK_NEIGHBOURS] = {"neighbours", "other copies of the environment do not disturb"},
	[CHECK_OLD_BYTES] = {"old-bytes", "what was in the buffers before does not matter"},
	[CHECK_CLONE] = {"clone", "a copy of the state goes on like the original"},
	[CHECK_REOPEN] = {"reopen", "a second model of the same parameters behaves the same"},
	[CHECK_BUFFERS] = {"buffers", "nothing is written outside a buffer"},
	[CHECK_ACTION] = {"action", "the action is left alone"},
	[CHECK_CONST] = {"const", "looking at a state leaves it alone"},
	[CHECK_OBSERVATION] = {"observation", "observations are finite and inside their space"},
	[CHECK_OUTCOME] = {"outcome",
			   "rewards are finite, flags known, max_return is not exceeded"},
	[CHECK_MASK] = {"mask", "a mask is of zeros and ones and allows an action"},
	[CHECK_METRICS] = {"metrics", "metrics are finite"},
	[CHECK_SAVE] = {"save", "save takes one size and stays inside its room"},
	[CHECK_DRAW] = {"draw",
			"drawing begins with a view, uses finite numbers, and is the same twice"},
	[CHECK_BATCH] = {"batch", "stepping 16 lanes at a time gives the bits of one at a time"},
};
const size_t bern_conformance_check_count = CHECK_COUNT;
_Static_assert(sizeof bern_conformance_checks / sizeof bern_conformance_checks[0] == CHECK_COUNT,
	       "a check without a name");

/* ---- buffers with guards ------------------------------------------------------------------------------ */

typedef struct guarded {
	unsigned char *base; /* owned */
	unsigned char *data; /* size bytes between two guards, aligned to 16 */
	size_t size;
} guarded;

static int guarded_init(guarded *g, size_t size)
{
	g->base = malloc(size + 2 * GUARD + 16);
	g->size = size;
	if (!g->base)
		return 0;
	g->data = g->base + GUARD;
	g->data += (16 - (uintptr_t)g->data % 16) % 16;
	memset(g->data - GUARD, GUARD_BYTE, size + 2 * GUARD);
	return 1;
}

static int guards_intact(const guarded *g)
{
	int bad = 0;
	if (!g->base)
		return 1;
	for (size_t i = 1; i <= GUARD; i++)
		bad |= g->data[-(ptrdiff_t)i] != GUARD_BYTE;
	for (size_t i = 0; i < GUARD; i++)
		bad |= g->data[g->size + i] != GUARD_BYTE;
	return !bad;
}

static void guards_mend(guarded *g)
{
	memset(g->data - GUARD, GUARD_BYTE, GUARD);
	memset(g->data + g->size, GUARD_BYTE, GUARD);
}

/* ---- one copy of the environment ------------------------------------------------------------------------ */

enum buffer { STATE, OBSERVATION, ACTION, MASK, METRICS, OUTCOME, BUFFER_COUNT };
static const char *const buffer_names[] = {"state", "observation", "action",
					   "mask",  "metrics",     "outcome"};

typedef struct rig {
	const bern_world *world;
	const void *model;
	guarded buffers[BUFFER_COUNT];
	bern_rng rng;
	int attached;
	/* where it is */
	uint64_t episode, length;
	double total;
	int over; /* the episode has ended, or none has begun */
} rig;

static size_t mask_count(const bern_world *world)
{
	return world->env->mask ? (size_t)world->instance.action.sizes[0] : 0;
}

static void rig_finish(rig *r)
{
	if (r->attached)
		r->world->env->detach(r->model, r->buffers[STATE].data);
	for (int i = 0; i < BUFFER_COUNT; i++)
		free(r->buffers[i].base);
	memset(r, 0, sizeof *r);
}

static int32_t attach(const bern_world *world, const void *model, void *state, bern_error *e)
{
	char why[512] = "";
	memset(state, 0, (size_t)world->instance.state_size);
	if (!world->env->attach(model, state, why, sizeof why))
		return BERN_OK;
	why[sizeof why - 1] = '\0';
	return bern_fail(e, BERN_EENV, "%s: attach: %s", world->env->id, why);
}

static int32_t rig_init(rig *r, const bern_world *world, const void *model, bern_error *e)
{
	const size_t sizes[] = {(size_t)world->instance.state_size,
				world->observation_bytes,
				world->action_bytes,
				mask_count(world),
				world->env->metric_count * sizeof(double),
				sizeof(bern_outcome)};
	memset(r, 0, sizeof *r);
	r->world = world;
	r->model = model;
	r->over = 1;
	for (int i = 0; i < BUFFER_COUNT; i++)
		if (!guarded_init(&r->buffers[i], sizes[i])) {
			rig_finish(r);
			return bern_fail(e, BERN_EMEMORY, "%s: no memory to check it",
					 world->env->id);
		}
	if (!world->env->attach)
		return BERN_OK;
	int32_t rc = attach(world, model, r->buffers[STATE].data, e);
	if (rc)
		rig_finish(r);
	else
		r->attached = 1;
	return rc;
}

/* ---- the run of all checks -------------------------------------------------------------------------------- */

typedef struct run {
	const bern_world *world;
	const bern_conformance_plan *plan;
	uint8_t failed[CHECK_COUNT];
	size_t failures;
	size_t events;        /* rows of a trace */
	size_t row;           /* bytes of one */
	unsigned char *trace; /* (events, row) owned: the first play of the script */
} run;

/* Reports a broken promise, once for each check. */
static void broken(run *x, enum check check, const rig *r, const char *format, ...)
	BERN_PRINTF(4, 5);
static void broken(run *x, enum check check, const rig *r, const char *format, ...)
{
	char text[1024];
	if (x->failed[check])
		return;
	x->failed[check] = 1;
	x->failures++;
	int used = snprintf(text, sizeof text, "seed %llu, episode %llu, step %llu: ",
			    (unsigned long long)x->plan->seed,
			    (unsigned long long)(r->episode ? r->episode - 1 : 0),
			    (unsigned long long)r->length);
	va_list args;
	va_start(args, format);
	vsnprintf(text + used, sizeof text - (size_t)used, format, args);
	va_end(args);
	if (x->plan->report)
		x->plan->report(x->plan->user, bern_conformance_checks[check].name, text);
}

/* Before each call into the environment. */
static void calling(const run *x, const rig *r, const char *call)
{
	if (x->plan->place)
		*x->plan->place = (bern_conformance_place){call, r->episode ? r->episode - 1 : 0,
							   r->length};
}

/* After each call: nobody wrote beside a buffer. */
static void check_guards(run *x, rig *r, const char *call)
{
	for (int i = 0; i < BUFFER_COUNT; i++)
		if (!guards_intact(&r->buffers[i])) {
			broken(x, CHECK_BUFFERS, r, "%s wrote outside the %s's %zu bytes", call,
			       buffer_names[i], r->buffers[i].size);
			guards_mend(&r->buffers[i]);
		}
}

/* ---- random actions ------------------------------------------------------------------------------------------ */

/* A number of a BOX action: anywhere between its bounds, between -1 and 1 where there are none. */
static float box_number(const bern_space *s, size_t i, bern_rng *choice)
{
	double low = s->low ? (double)s->low[i] : -INFINITY;
	double high = s->high ? (double)s->high[i] : INFINITY;
	if (isinf(low))
		low = isinf(high) ? -1 : high - 2;
	if (isinf(high))
		high = low + 2;
	double x = bern_rng_range(choice, low, high);
	/* the ends belong to the space and are where things break */
	uint64_t corner = bern_rng_below(choice, 8);
	float out = (float)(corner == 0 ? low : corner == 1 ? high : x);
	return out < (float)low ? (float)low : out > (float)high ? (float)high : out;
}

static void choose_byte_box(const bern_space *s, unsigned char *out, bern_rng *choice)
{
	for (size_t i = 0; i < s->count; i++) {
		double low = s->low && s->low[i] > 0 ? ceil((double)s->low[i]) : 0;
		double high = s->high && s->high[i] < 255 ? floor((double)s->high[i]) : 255;
		uint64_t width = high > low ? (uint64_t)(high - low) : 0;
		out[i] = (unsigned char)((uint64_t)low + bern_rng_below(choice, width + 1));
	}
}

/* Writes a random action, an allowed one where there is a mask. */
static void choose_action(rig *r, bern_rng *choice)
{
	const bern_space *s = &r->world->instance.action;
	unsigned char *out = r->buffers[ACTION].data;
	if (s->kind == BERN_MULTI_BINARY) {
		for (size_t i = 0; i < s->count; i++)
			out[i] = (unsigned char)bern_rng_below(choice, 2);
	} else if (s->kind == BERN_BOX && s->dtype == BERN_UINT8) {
		choose_byte_box(s, out, choice);
	} else if (s->kind == BERN_BOX) {
		for (size_t i = 0; i < s->count; i++) {
			float x = box_number(s, i, choice);
			memcpy(out + i * sizeof x, &x, sizeof x);
		}
	} else {
		for (size_t i = 0; i < s->count; i++) {
			int32_t x = (int32_t)bern_rng_below(choice, (uint64_t)s->sizes[i]);
			/* the next allowed one, round the circle */
			const unsigned char *mask = r->buffers[MASK].data;
			for (int32_t tries = 0; r->world->env->mask && tries < s->sizes[0];
			     tries++) {
				if (mask[x])
					break;
				x = (x + 1) % s->sizes[0];
			}
			memcpy(out + i * sizeof x, &x, sizeof x);
		}
	}
}

/* ---- events --------------------------------------------------------------------------------------------------- */

/* How buffers are filled before they are written, and what else happens. */
typedef struct circumstances {
	int fill;      /* 0 .. 255; FILL_RANDOM; FILL_NONE */
	uint32_t lane; /* of the stream */
	uint64_t cut;  /* steps of an episode; 0: never */
} circumstances;
enum { FILL_RANDOM = 256, FILL_NONE = 257 };

typedef struct script {
	bern_rng choice; /* of actions */
	bern_rng junk;   /* of old bytes: not the same stream, so that junk changes no action */
} script;

static script script_start(const run *x, uint32_t lane)
{
	script s;
	bern_rng_stream(&s.choice, x->plan->seed,
			(bern_stream_key){.purpose = BERN_FOR_FIRING, .lane = lane});
	bern_rng_stream(&s.junk, x->plan->seed,
			(bern_stream_key){.purpose = BERN_FOR_LEARNING, .lane = lane});
	return s;
}

static void fill(guarded *g, const circumstances *how, script *s)
{
	if (how->fill == FILL_NONE)
		return;
	for (size_t i = 0; i < g->size; i++)
		g->data[i] = (unsigned char)(how->fill == FILL_RANDOM ? bern_rng_u32(&s->junk)
								      : (unsigned)how->fill);
}

/* A copy of the state to see whether it is left alone; NULL if it is too large for that. */
static unsigned char *snapshot(const rig *r)
{
	const guarded *g = &r->buffers[STATE];
	if (g->size > WATCHED_STATE)
		return NULL;
	unsigned char *copy = malloc(g->size);
	if (copy)
		memcpy(copy, g->data, g->size);
	return copy;
}

static void check_unchanged(run *x, const rig *r, const unsigned char *before, enum check check,
			    const char *call)
{
	if (before && memcmp(before, r->buffers[STATE].data, r->buffers[STATE].size) != 0)
		broken(x, check, r, "%s changed the state", call);
}

/* Looks at the state through observe, mask and read_metrics. */
static void look(run *x, rig *r, const circumstances *how, script *s, int after_step)
{
	const bern_env *env = r->world->env;
	const void *state = r->buffers[STATE].data;
	unsigned char *before = snapshot(r);
	fill(&r->buffers[OBSERVATION], how, s);
	calling(x, r, "observe");
	env->observe(r->model, state, r->buffers[OBSERVATION].data);
	check_guards(x, r, "observe");
	check_unchanged(x, r, before, CHECK_CONST, "observe");
	/* nobody asks for the mask of an ended episode */
	fill(&r->buffers[MASK], how, s);
	if (env->mask && !r->over) {
		calling(x, r, "mask");
		env->mask(r->model, state, r->buffers[MASK].data);
		check_guards(x, r, "mask");
		check_unchanged(x, r, before, CHECK_CONST, "mask");
	} else if (r->buffers[MASK].size) {
		memset(r->buffers[MASK].data, 0, r->buffers[MASK].size);
	}
	fill(&r->buffers[METRICS], how, s);
	if (env->metric_count && after_step) {
		calling(x, r, "read_metrics");
		env->read_metrics(r->model, state, (double *)(void *)r->buffers[METRICS].data);
		check_guards(x, r, "read_metrics");
		check_unchanged(x, r, before, CHECK_CONST, "read_metrics");
	} else if (r->buffers[METRICS].size) {
		memset(r->buffers[METRICS].data, 0, r->buffers[METRICS].size);
	}
	free(before);
}

static void event_reset(run *x, rig *r, const circumstances *how, script *s)
{
	bern_stream_key key = {
		.purpose = BERN_FOR_ENVIRONMENT, .lane = how->lane, .episode = r->episode++};
	bern_rng_stream(&r->rng, x->plan->seed, key);
	/* a handle in the state must stay */
	if (!r->attached)
		fill(&r->buffers[STATE], how, s);
	r->length = 0;
	r->total = 0;
	r->over = 0;
	memset(r->buffers[OUTCOME].data, 0, sizeof(bern_outcome));
	calling(x, r, "reset");
	r->world->env->reset(r->model, r->buffers[STATE].data, &r->rng);
	check_guards(x, r, "reset");
	look(x, r, how, s, 0);
}

static void event_step(run *x, rig *r, const circumstances *how, script *s)
{
	bern_outcome *out = (bern_outcome *)(void *)r->buffers[OUTCOME].data;
	const guarded *action = &r->buffers[ACTION];
	choose_action(r, &s->choice);
	unsigned char *kept = malloc(action->size);
	if (kept)
		memcpy(kept, action->data, action->size);
	memset(out, 0, sizeof *out);
	r->length++;
	calling(x, r, "step");
	r->world->env->step(r->model, r->buffers[STATE].data, &r->rng, action->data, out);
	check_guards(x, r, "step");
	if (kept && memcmp(kept, action->data, action->size) != 0)
		broken(x, CHECK_ACTION, r, "step changed the action that it was given");
	free(kept);
	r->total += out->reward;
	r->over = out->flags != 0 || (how->cut && r->length >= how->cut);
	look(x, r, how, s, 1);
}

static void event(run *x, rig *r, const circumstances *how, script *s)
{
	if (r->over)
		event_reset(x, r, how, s);
	else
		event_step(x, r, how, s);
}

/* ---- rows ------------------------------------------------------------------------------------------------------- */

static size_t field_bytes(const bern_field *f)
{
	return bern_field_size(f) * f->count;
}

/* One part of what can be seen after an event. */
typedef struct part {
	const char *what, *name; /* name: of a field, or NULL */
	const void *data;
	size_t size, element; /* bytes in all, and of one element */
} part;

static size_t list_parts(const rig *r, size_t index, part *p)
{
	const bern_env *env = r->world->env;
	const bern_outcome *out = (const bern_outcome *)(const void *)r->buffers[OUTCOME].data;
	const guarded *b = r->buffers;
	const size_t observation = r->world->observation_bytes /
				   r->world->instance.observation.count;
	switch (index) {
	case 0:
		*p = (part){"reward", NULL, &out->reward, sizeof out->reward, sizeof out->reward};
		return 1;
	case 1:
		*p = (part){"flags", NULL, &out->flags, sizeof out->flags, sizeof out->flags};
		return 1;
	case 2:
		*p = (part){"observation", NULL, b[OBSERVATION].data, b[OBSERVATION].size,
			    observation};
		return 1;
	case 3:
		*p = (part){"mask", NULL, b[MASK].data, b[MASK].size, 1};
		return 1;
	case 4:
		*p = (part){"metrics", NULL, b[METRICS].data, b[METRICS].size, sizeof(double)};
		return 1;
	case 5:
		*p = (part){"random stream", NULL, &r->rng, sizeof r->rng, sizeof r->rng};
		return 1;
	default:
		break;
	}
	index -= 6;
	if (index >= env->field_count)
		return 0;
	const bern_field *f = &env->fields[index];
	*p = (part){"field", f->name, b[STATE].data + f->offset, field_bytes(f),
		    field_bytes(f) / f->count};
	return 1;
}

static size_t row_size(const rig *r)
{
	part p;
	size_t size = 0;
	for (size_t i = 0; list_parts(r, i, &p); i++)
		size += p.size;
	return size;
}

static void write_row(const rig *r, unsigned char *row)
{
	part p;
	for (size_t i = 0; list_parts(r, i, &p); i++) {
		if (p.size)
			memcpy(row, p.data, p.size);
		row += p.size;
	}
}

/* Compares what is seen now with a row of the trace. Returns 1 if they are the same. */
static int same_row(run *x, const rig *r, const unsigned char *row, enum check check,
		    const char *when)
{
	part p;
	for (size_t i = 0; list_parts(r, i, &p); i++) {
		const unsigned char *now = p.data;
		size_t at = 0;
		while (at < p.size && now[at] == row[at])
			at++;
		if (at < p.size) {
			char place[32] = "";
			if (p.size > p.element)
				snprintf(place, sizeof place, "[%zu]", at / p.element);
			broken(x, check, r, "%s%s%s%s is not what it was %s", p.what,
			       p.name ? " " : "", p.name ? p.name : "", place, when);
			return 0;
		}
		row += p.size;
	}
	return 1;
}

/* ---- the same script under other circumstances ------------------------------------------------------------------- */

static int32_t play_first(run *x, bern_error *e)
{
	rig r;
	int32_t rc = rig_init(&r, x->world, x->world->instance.model, e);
	if (rc)
		return rc;
	x->row = row_size(&r);
	x->events = TRACE_BYTES / x->row;
	x->events = x->events < 4 ? 4 : x->events > MOST_EVENTS ? MOST_EVENTS : x->events;
	x->trace = malloc(x->events * x->row);
	if (!x->trace) {
		rig_finish(&r);
		return bern_fail(e, BERN_EMEMORY, "%s: no memory to check it", x->world->env->id);
	}
	script s = script_start(x, 0);
	const circumstances how = {.fill = 0, .cut = CUT};
	for (size_t t = 0; t < x->events; t++) {
		event(x, &r, &how, &s);
		write_row(&r, x->trace + t * x->row);
	}
	rig_finish(&r);
	return BERN_OK;
}

/* Plays the script again with `fill` in the buffers and a model of its own; compares each row. */
static int32_t replay(run *x, const void *model, int fill_with, enum check check, const char *when,
		      bern_error *e)
{
	rig r;
	int32_t rc = rig_init(&r, x->world, model, e);
	if (rc)
		return rc;
	script s = script_start(x, 0);
	const circumstances how = {.fill = fill_with, .cut = CUT};
	for (size_t t = 0; t < x->events; t++) {
		event(x, &r, &how, &s);
		if (!same_row(x, &r, x->trace + t * x->row, check, when))
			break;
	}
	rig_finish(&r);
	return BERN_OK;
}

static int32_t check_neighbours(run *x, bern_error *e)
{
	rig rigs[NEIGHBOURS + 1];
	script scripts[NEIGHBOURS + 1];
	size_t count = 0;
	int32_t rc = BERN_OK;
	for (; !rc && count <= NEIGHBOURS; count++) {
		rc = rig_init(&rigs[count], x->world, x->world->instance.model, e);
		scripts[count] = script_start(x, (uint32_t)count);
		if (rc)
			break;
	}
	for (size_t t = 0; !rc && t < x->events; t++) {
		for (size_t k = NEIGHBOURS + 1; k-- > 0;) {
			circumstances how = {.fill = 0, .lane = (uint32_t)k, .cut = CUT};
			/* one neighbour is slower, one faster */
			size_t turns = k == 1 ? t % 2 : k == 2 ? 2 : 1;
			for (size_t i = 0; i < turns; i++)
				event(x, &rigs[k], &how, &scripts[k]);
		}
		if (!same_row(x, &rigs[0], x->trace + t * x->row, CHECK_NEIGHBOURS,
			      "without other copies"))
			break;
	}
	while (count-- > 0)
		rig_finish(&rigs[count]);
	return rc;
}

/* ---- clones ----------------------------------------------------------------------------------------------------- */

/* The bytes that save() writes for an attached state; the caller frees them. Checks the size and the room. */
static unsigned char *save_state(run *x, const rig *r, size_t *size, bern_error *e)
{
	const bern_env *env = r->world->env;
	guarded room, tight;
	calling(x, r, "save");
	*size = (size_t)env->save(r->model, r->buffers[STATE].data, NULL, 0);
	if (!*size || !guarded_init(&room, *size)) {
		bern_fail(e, BERN_EENV, "%s: save of %zu bytes cannot be had", env->id, *size);
		return NULL;
	}
	size_t wrote = (size_t)env->save(r->model, r->buffers[STATE].data, room.data, *size);
	if (wrote != *size)
		broken(x, CHECK_SAVE, r, "save takes %zu bytes after it said %zu", wrote, *size);
	if (!guards_intact(&room))
		broken(x, CHECK_SAVE, r, "save wrote outside its room of %zu bytes", *size);
	/* too little room: nothing may be written beyond it, the size is told all the same */
	if (*size > 1 && guarded_init(&tight, *size - 1)) {
		wrote = (size_t)env->save(r->model, r->buffers[STATE].data, tight.data, *size - 1);
		if (!guards_intact(&tight))
			broken(x, CHECK_SAVE, r, "save wrote outside its room of %zu bytes",
			       *size - 1);
		if (wrote != *size)
			broken(x, CHECK_SAVE, r,
			       "save said %zu bytes where room was short, %zu before", wrote,
			       *size);
		free(tight.base);
	}
	unsigned char *bytes = malloc(*size);
	if (bytes)
		memcpy(bytes, room.data, *size);
	else
		bern_fail(e, BERN_EMEMORY, "%s: no memory to check it", env->id);
	free(room.base);
	return bytes;
}

/* Moves the state to a new block and leaves junk in the old one. */
static int32_t move_state(run *x, rig *r, bern_error *e)
{
	const bern_env *env = r->world->env;
	guarded block;
	if (!guarded_init(&block, r->buffers[STATE].size))
		return bern_fail(e, BERN_EMEMORY, "%s: no memory to check it", env->id);
	int32_t rc = BERN_OK;
	if (r->attached) {
		size_t size;
		char why[512] = "";
		unsigned char *bytes = save_state(x, r, &size, e);
		rc = bytes ? attach(r->world, r->model, block.data, e) : e->code;
		calling(x, r, "load");
		if (!rc && env->load(r->model, block.data, bytes, size, why, sizeof why)) {
			why[sizeof why - 1] = '\0';
			rc = bern_fail(e, BERN_EENV, "%s: load: %s", env->id, why);
			env->detach(r->model, block.data);
		}
		free(bytes);
		if (!rc)
			env->detach(r->model, r->buffers[STATE].data);
	} else {
		memcpy(block.data, r->buffers[STATE].data, block.size);
	}
	if (rc) {
		free(block.base);
		return rc;
	}
	memset(r->buffers[STATE].data, 0xdb, r->buffers[STATE].size);
	free(r->buffers[STATE].base);
	r->buffers[STATE] = block;
	return BERN_OK;
}

static int32_t check_clone(run *x, bern_error *e)
{
	rig r;
	int32_t rc = rig_init(&r, x->world, x->world->instance.model, e);
	if (rc)
		return rc;
	script s = script_start(x, 0);
	const circumstances how = {.fill = 0, .cut = CUT};
	size_t size = r.attached
			      ? (size_t)x->world->env->save(r.model, r.buffers[STATE].data, NULL, 0)
			      : 0;
	for (size_t t = 0; !rc && t < x->events; t++) {
		event(x, &r, &how, &s);
		if (!same_row(x, &r, x->trace + t * x->row, CHECK_CLONE,
			      "without copying the state"))
			break;
		if (r.attached) {
			size_t now = (size_t)x->world->env->save(r.model, r.buffers[STATE].data,
								 NULL, 0);
			if (now != size)
				broken(x, CHECK_SAVE, &r,
				       "save takes %zu bytes, and took %zu before", now, size);
		}
		if (t % 7 == 3)
			rc = move_state(x, &r, e);
	}
	rig_finish(&r);
	return rc;
}

static int32_t check_reopen(run *x, bern_error *e)
{
	const bern_env *env = x->world->env;
	char why[512] = "";
	bern_instance again = {.struct_size = sizeof again};
	const rig none = {.world = x->world};
	calling(x, &none, "a second open");
	if (env->open(x->world->values, &again, why, sizeof why)) {
		why[sizeof why - 1] = '\0';
		return bern_fail(e, BERN_EENV, "%s: a second open: %s", env->id, why);
	}
	int32_t rc = BERN_OK;
	rig r = {.world = x->world};
	const bern_instance *first = &x->world->instance;
	if (again.state_size != first->state_size ||
	    again.observation.kind != first->observation.kind ||
	    again.observation.count != first->observation.count ||
	    again.action.kind != first->action.kind || again.action.count != first->action.count)
		broken(x, CHECK_REOPEN, &r,
		       "a second open gives other spaces or another state_size");
	else
		rc = replay(x, again.model, 0, CHECK_REOPEN, "with the first model", e);
	if (env->close)
		env->close(again.model);
	return rc;
}

/* ---- a long run ---------------------------------------------------------------------------------------------------- */

static void check_seen(run *x, rig *r, float *encoded)
{
	bern_error why;
	const bern_env *env = r->world->env;
	const bern_outcome *out = (const bern_outcome *)(const void *)r->buffers[OUTCOME].data;
	const bern_instance *told = &r->world->instance;
	if (bern_encode(r->world, r->buffers[OBSERVATION].data, encoded, &why))
		broken(x, CHECK_OBSERVATION, r, "%s", why.text);
	if (!isfinite(out->reward))
		broken(x, CHECK_OUTCOME, r, "the reward is %g", out->reward);
	if (out->flags & BERN_FAULT)
		broken(x, CHECK_OUTCOME, r, "the simulation broke (flags %u)", out->flags);
	else if (out->flags & ~(uint32_t)(BERN_TERMINATED | BERN_TRUNCATED))
		broken(x, CHECK_OUTCOME, r, "the flags are %u, allowed are 0 to 7", out->flags);
	/* a sum of rewards in another order may round up */
	if (r->over && told->has_max_return &&
	    r->total > told->max_return + 1e-9 * (fabs(told->max_return) + 1))
		broken(x, CHECK_OUTCOME, r, "the return is %.17g, and max_return says %.17g",
		       r->total, told->max_return);
	const unsigned char *mask = r->buffers[MASK].data;
	size_t allowed = 0, odd = 0;
	for (size_t i = 0; i < mask_count(r->world); i++) {
		allowed += mask[i] != 0;
		odd += mask[i] > 1;
	}
	if (env->mask && !r->over && (!allowed || odd))
		broken(x, CHECK_MASK, r,
		       odd ? "the mask is not of zeros and ones" : "no action is allowed");
	for (size_t i = 0; i < env->metric_count; i++) {
		double metric;
		memcpy(&metric, r->buffers[METRICS].data + i * sizeof metric, sizeof metric);
		if (!isfinite(metric))
			broken(x, CHECK_METRICS, r, "%s is %g", env->metrics[i], metric);
	}
}

static int32_t check_long_run(run *x, bern_error *e)
{
	rig r;
	const uint64_t steps = x->plan->steps ? x->plan->steps : 10000;
	float *encoded = malloc(x->world->observation_floats * sizeof *encoded);
	int32_t rc = encoded ? rig_init(&r, x->world, x->world->instance.model, e)
			     : bern_fail(e, BERN_EMEMORY, "%s: no memory to check it",
					 x->world->env->id);
	if (rc) {
		free(encoded);
		return rc;
	}
	script s = script_start(x, NEIGHBOURS + 1);
	/* as the host plays it: cut by its own limit only */
	const circumstances how = {
		.fill = FILL_NONE, .lane = NEIGHBOURS + 1, .cut = x->world->instance.max_steps};
	for (uint64_t made = 0; made < steps;) {
		made += !r.over;
		event(x, &r, &how, &s);
		check_seen(x, &r, encoded);
	}
	rig_finish(&r);
	free(encoded);
	return BERN_OK;
}

/* ---- drawing --------------------------------------------------------------------------------------------------------- */

static void draw_once(run *x, rig *r, bern_recorder *recorder)
{
	unsigned char *before = snapshot(r);
	bern_recorder_clear(recorder);
	calling(x, r, "draw");
	r->world->env->draw(r->model, r->buffers[STATE].data, &recorder->canvas);
	check_guards(x, r, "draw");
	check_unchanged(x, r, before, CHECK_CONST, "draw");
	free(before);
	if (recorder->calls <= recorder->views)
		broken(x, CHECK_DRAW, r, "nothing was drawn");
	if (recorder->before_view)
		broken(x, CHECK_DRAW, r, "something was drawn before the first view");
	if (recorder->bad)
		broken(x, CHECK_DRAW, r,
		       "%zu calls had a number that is not finite, an empty view, a negative "
		       "length or a NULL",
		       recorder->bad);
}

static int32_t check_draw(run *x, bern_error *e)
{
	rig r;
	bern_recorder first, second;
	if (!x->world->env->draw)
		return BERN_OK;
	int32_t rc = rig_init(&r, x->world, x->world->instance.model, e);
	if (rc)
		return rc;
	bern_recorder_init(&first);
	bern_recorder_init(&second);
	script s = script_start(x, 0);
	const circumstances how = {.fill = 0, .cut = CUT};
	for (size_t t = 0; t < x->events; t++) {
		event(x, &r, &how, &s);
		/* attached states are out of sight of check_unchanged, but the rows tell */
		if (!same_row(x, &r, x->trace + t * x->row, CHECK_DRAW, "without drawing"))
			break;
		draw_once(x, &r, &first);
		draw_once(x, &r, &second);
		if (first.out_of_memory || second.out_of_memory) {
			rc = bern_fail(e, BERN_EMEMORY, "%s: no memory for what it draws",
				       x->world->env->id);
			break;
		}
		if (strcmp(first.text, second.text) != 0)
			broken(x, CHECK_DRAW, &r, "drawing the same state twice gave two pictures");
	}
	bern_recorder_finish(&first);
	bern_recorder_finish(&second);
	rig_finish(&r);
	return rc;
}

/* ---- batches ----------------------------------------------------------------------------------------------------------- */

#define TILES       2
#define BATCH_LANES (TILES * BERN_TILE)
#define BATCH_STEPS 250

/* What a batch works on, with guards, and the same lanes one by one. */
typedef struct crowd {
	const bern_batch *batch;
	guarded state, rng, action, reward, flags, observation, metrics, begin;
	guarded scratch; /* one raw observation, row of metrics, or plain state */
	rig rigs[BATCH_LANES];
	script scripts[BATCH_LANES];
	size_t rig_count;
} crowd;

static void crowd_finish(crowd *c)
{
	guarded *const all[] = {&c->state,       &c->rng,     &c->action, &c->reward, &c->flags,
				&c->observation, &c->metrics, &c->begin,  &c->scratch};
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		free(all[i]->base);
	while (c->rig_count > 0)
		rig_finish(&c->rigs[--c->rig_count]);
	free(c);
}

static crowd *crowd_create(const run *x, const bern_batch *batch, bern_error *e)
{
	const bern_world *world = x->world;
	const size_t metrics = world->env->metric_count * sizeof(double);
	size_t scratch = (size_t)world->instance.state_size;
	scratch = scratch > world->observation_bytes ? scratch : world->observation_bytes;
	scratch = scratch > metrics ? scratch : metrics;
	crowd *c = calloc(1, sizeof *c);
	if (!c || !guarded_init(&c->state, TILES * bern_tile_size(world->env)) ||
	    !guarded_init(&c->rng, BATCH_LANES * sizeof(bern_rng)) ||
	    !guarded_init(&c->action, BATCH_LANES * world->action_bytes) ||
	    !guarded_init(&c->reward, BATCH_LANES * sizeof(double)) ||
	    !guarded_init(&c->flags, BATCH_LANES * sizeof(uint32_t)) ||
	    !guarded_init(&c->observation, BATCH_LANES * world->observation_bytes) ||
	    !guarded_init(&c->metrics, BATCH_LANES * metrics) ||
	    !guarded_init(&c->begin, TILES * sizeof(uint16_t)) ||
	    !guarded_init(&c->scratch, scratch)) {
		if (c)
			crowd_finish(c);
		bern_fail(e, BERN_EMEMORY, "%s: no memory to check it", world->env->id);
		return NULL;
	}
	c->batch = batch;
	/* old bytes of any kind: whatever begins must not depend on them */
	memset(c->state.data, 0x3f, c->state.size);
	for (; c->rig_count < BATCH_LANES; c->rig_count++) {
		if (rig_init(&c->rigs[c->rig_count], world, world->instance.model, e)) {
			crowd_finish(c);
			return NULL;
		}
		c->scripts[c->rig_count] = script_start(x, (uint32_t)c->rig_count);
	}
	return c;
}

/* Gathers what the batch says of a part of a lane; NULL if a batch has no such part, or does not write it in a reset. */
static const void *batch_part(const crowd *c, const bern_world *world, size_t lane, size_t index,
			      const part *p, int after_step)
{
	const size_t t = lane / BERN_TILE, i = lane % BERN_TILE;
	unsigned char *out = c->scratch.data;
	const unsigned char *from = c->observation.data;
	switch (index) {
	case 0:
		return after_step ? c->reward.data + lane * sizeof(double) : NULL;
	case 1:
		return after_step ? c->flags.data + lane * sizeof(uint32_t) : NULL;
	case 4:
		from = c->metrics.data;
		if (!after_step)
			return NULL;
		/* fallthrough */
	case 2:
		bern_tile_column_get(from + t * BERN_TILE * p->size, i, p->size / p->element,
				     p->element, out);
		return out;
	case 3:
		return NULL;
	case 5:
		return c->rng.data + lane * sizeof(bern_rng);
	default:
		bern_tile_get(world, c->state.data + t * bern_tile_size(world->env), i, out);
		return out + world->env->fields[index - 6].offset;
	}
}

/* Compares a lane of the batch with the same lane stepped alone. */
static void compare_lane(run *x, const crowd *c, size_t lane, int after_step)
{
	part p;
	const rig *r = &c->rigs[lane];
	for (size_t index = 0; list_parts(r, index, &p); index++) {
		const unsigned char *given =
			p.size ? batch_part(c, x->world, lane, index, &p, after_step) : NULL;
		const unsigned char *expected = p.data;
		size_t at = 0;
		while (given && at < p.size && given[at] == expected[at])
			at++;
		if (!given || at == p.size)
			continue;
		char place[32] = "";
		if (p.size > p.element)
			snprintf(place, sizeof place, "[%zu]", at / p.element);
		broken(x, CHECK_BATCH, r,
		       "lane %zu: %s%s%s%s of the batch for %s is not that of %s", lane, p.what,
		       p.name ? " " : "", p.name ? p.name : "", place,
		       c->batch->cpu ? c->batch->cpu : "any CPU", after_step ? "step" : "reset");
		return;
	}
}

static void check_crowd_guards(run *x, const crowd *c, const char *call)
{
	static const char *const names[] = {"state", "streams",     "action",  "reward",
					    "flags", "observation", "metrics", "begin"};
	const guarded *const all[] = {&c->state, &c->rng,         &c->action,  &c->reward,
				      &c->flags, &c->observation, &c->metrics, &c->begin};
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		if (!guards_intact(all[i]))
			broken(x, CHECK_BUFFERS, &c->rigs[0], "%s wrote outside the %s's %zu bytes",
			       call, names[i], all[i]->size);
}

static bern_tiles crowd_tiles(const crowd *c)
{
	return (bern_tiles){.struct_size = sizeof(bern_tiles),
			    .count = TILES,
			    .state = c->state.data,
			    .rng = (bern_rng *)(void *)c->rng.data,
			    .observation = c->observation.data};
}

/* Begins an episode in each lane that has none. */
static void crowd_reset(run *x, crowd *c)
{
	uint16_t *begin = (uint16_t *)(void *)c->begin.data;
	bern_tiles tiles = crowd_tiles(c);
	memset(begin, 0, c->begin.size);
	for (size_t b = 0; b < BATCH_LANES; b++) {
		const circumstances how = {.fill = FILL_NONE, .lane = (uint32_t)b};
		if (!c->rigs[b].over)
			continue;
		event_reset(x, &c->rigs[b], &how, &c->scripts[b]);
		begin[b / BERN_TILE] |= (uint16_t)(1u << b % BERN_TILE);
		bern_rng_stream(&tiles.rng[b], x->plan->seed,
				(bern_stream_key){.purpose = BERN_FOR_ENVIRONMENT,
						  .lane = (uint32_t)b,
						  .episode = c->rigs[b].episode - 1});
	}
	tiles.begin = begin;
	calling(x, &c->rigs[0], "reset of the batch");
	c->batch->reset(x->world->instance.model, &tiles);
	check_crowd_guards(x, c, "reset of the batch");
	/* the others must have been left alone */
	for (size_t b = 0; b < BATCH_LANES; b++)
		compare_lane(x, c, b, 0);
}

static void crowd_step(run *x, crowd *c)
{
	const size_t count = x->world->action_count, size = x->world->action_bytes;
	bern_tiles tiles = crowd_tiles(c);
	for (size_t b = 0; b < BATCH_LANES; b++) {
		/* lanes part from each other: each is cut at a length of its own */
		const circumstances how = {
			.fill = FILL_NONE, .lane = (uint32_t)b, .cut = 5 + 3 * b};
		event_step(x, &c->rigs[b], &how, &c->scripts[b]);
		bern_tile_column_put(c->action.data + b / BERN_TILE * BERN_TILE * size,
				     b % BERN_TILE, count, size / count,
				     c->rigs[b].buffers[ACTION].data);
	}
	tiles.action = c->action.data;
	tiles.reward = (double *)(void *)c->reward.data;
	tiles.flags = (uint32_t *)(void *)c->flags.data;
	tiles.metrics = (double *)(void *)c->metrics.data;
	calling(x, &c->rigs[0], "step of the batch");
	c->batch->step(x->world->instance.model, &tiles);
	check_crowd_guards(x, c, "step of the batch");
	for (size_t b = 0; b < BATCH_LANES; b++)
		compare_lane(x, c, b, 1);
}

/* Every batch that this CPU can run. */
static int32_t check_batches(run *x, bern_error *e)
{
	const bern_env *env = x->world->env;
	for (uint32_t i = 0; i < env->batch_count; i++) {
		if (!bern_batch_runs_on(env->batches[i], bern_kernels_usable()[0]->name))
			continue;
		crowd *c = crowd_create(x, env->batches[i], e);
		if (!c)
			return e->code;
		for (size_t t = 0; t < BATCH_STEPS && !x->failed[CHECK_BATCH]; t++) {
			crowd_reset(x, c);
			crowd_step(x, c);
		}
		crowd_finish(c);
	}
	return BERN_OK;
}

/* ---- all ----------------------------------------------------------------------------------------------------------------- */

int32_t bern_conformance(const bern_world *world, const bern_conformance_plan *plan,
			 size_t *failures, bern_error *e)
{
	static const int fills[] = {0xff, 0x01, FILL_RANDOM};
	run x = {.world = world, .plan = plan};
	int32_t rc = play_first(&x, e);
	if (!rc)
		rc = replay(&x, world->instance.model, 0, CHECK_REPEAT, "the first time", e);
	if (!rc)
		rc = check_neighbours(&x, e);
	for (size_t i = 0; !rc && i < sizeof fills / sizeof fills[0]; i++)
		rc = replay(&x, world->instance.model, fills[i], CHECK_OLD_BYTES,
			    "with zeros in the buffers", e);
	if (!rc)
		rc = check_clone(&x, e);
	if (!rc)
		rc = check_reopen(&x, e);
	if (!rc)
		rc = check_draw(&x, e);
	if (!rc)
		rc = check_batches(&x, e);
	if (!rc)
		rc = check_long_run(&x, e);
	free(x.trace);
	*failures = x.failures;
	return rc;
}
