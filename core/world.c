/* One environment opened with checked parameters, and its observations as floats. */
#include "world.h"

#include "isolate.h"
#include "tiles.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_STATE    ((uint64_t)1 << 30) /* bytes of a state */
#define MOST_ELEMENTS ((uint64_t)1 << 28) /* of a space, raw or encoded */

/* ---- what open() tells of itself ------------------------------------------------------------------ */

static int32_t check_sizes(const bern_space *s, const char *what, const char *id, bern_error *e)
{
	if (!s->sizes)
		return bern_fail(e, BERN_EFORMAT, "%s: its %s space has no sizes", id, what);
	for (uint32_t i = 0; i < s->count; i++)
		if (s->sizes[i] <= 0)
			return bern_fail(e, BERN_EFORMAT,
					 "%s: its %s space is empty: size %d of element %u, "
					 "allowed are 1 and more",
					 id, what, (int)s->sizes[i], i);
	return BERN_OK;
}

static int32_t check_bounds(const bern_space *s, const char *what, const char *id, bern_error *e)
{
	for (uint32_t i = 0; i < s->count; i++) {
		double low = s->low ? s->low[i] : -INFINITY;
		double high = s->high ? s->high[i] : INFINITY;
		/* NaN fails every comparison; an infinite bound on the wrong side leaves no number */
		if (!(low <= high && low < INFINITY && high > -INFINITY))
			return bern_fail(e, BERN_EFORMAT,
					 "%s: its %s space is empty: bounds [%g, %g] of element %u",
					 id, what, low, high, i);
	}
	return BERN_OK;
}

static int32_t check_names(const bern_space *s, const char *what, const char *id, bern_error *e)
{
	uint32_t count = s->kind == BERN_DISCRETE ? (uint32_t)s->sizes[0] : s->count;
	for (uint32_t i = 0; s->labels && i < count; i++)
		if (!s->labels[i])
			return bern_fail(e, BERN_EFORMAT, "%s: label %u of its %s space is NULL",
					 id, i, what);
	return BERN_OK;
}

static int32_t check_space(const bern_space *s, const char *what, const char *id, bern_error *e)
{
	if (s->kind < BERN_DISCRETE || s->kind > BERN_BOX)
		return bern_fail(e, BERN_EFORMAT,
				 "%s: its %s space has kind %d, allowed are %d to %d", id, what,
				 (int)s->kind, BERN_DISCRETE, BERN_BOX);
	if (s->count == 0)
		return bern_fail(e, BERN_EFORMAT, "%s: its %s space is empty: count is 0", id,
				 what);
	if (s->count > MOST_ELEMENTS)
		return bern_fail(e, BERN_EFORMAT,
				 "%s: its %s space has %u elements, allowed are %llu", id, what,
				 s->count, (unsigned long long)MOST_ELEMENTS);
	if (s->kind == BERN_DISCRETE && s->count != 1)
		return bern_fail(e, BERN_EFORMAT, "%s: its discrete %s space has count %u, not 1",
				 id, what, s->count);
	if (s->dtype != BERN_FLOAT32 && (s->dtype != BERN_UINT8 || s->kind != BERN_BOX))
		return bern_fail(e, BERN_EFORMAT,
				 "%s: its %s space has dtype %d, allowed are 0 and, for BOX, %d",
				 id, what, (int)s->dtype, BERN_UINT8);
	if (s->ndim > BERN_MAX_DIMS)
		return bern_fail(e, BERN_EFORMAT,
				 "%s: its %s space has %u dimensions, allowed are 0 to %d", id,
				 what, s->ndim, BERN_MAX_DIMS);
	uint64_t product = 1;
	for (uint32_t i = 0; i < s->ndim && product <= s->count; i++)
		product = s->shape[i] ? product * s->shape[i] : UINT64_MAX;
	if (s->ndim && product != s->count)
		return bern_fail(e, BERN_EFORMAT,
				 "%s: the shape of its %s space is not of %u elements", id, what,
				 s->count);
	int32_t rc = BERN_OK;
	if (s->kind == BERN_DISCRETE || s->kind == BERN_MULTI_DISCRETE)
		rc = check_sizes(s, what, id, e);
	else if (s->kind == BERN_BOX)
		rc = check_bounds(s, what, id, e);
	return rc ? rc : check_names(s, what, id, e);
}

static int32_t check_instance(const bern_env *env, const bern_instance *x, bern_error *e)
{
	const char *id = env->id;
	if (x->state_size == 0 || x->state_size > MOST_STATE)
		return bern_fail(e, BERN_EFORMAT,
				 "%s: its state_size is %llu, allowed are 1 to %llu", id,
				 (unsigned long long)x->state_size, (unsigned long long)MOST_STATE);
	for (uint32_t i = 0; i < env->field_count; i++) {
		const bern_field *f = &env->fields[i];
		if (f->offset > x->state_size ||
		    f->count > (x->state_size - f->offset) / bern_field_size(f))
			return bern_fail(e, BERN_EFORMAT,
					 "%s: field %s ends beyond its state of %llu bytes", id,
					 f->name, (unsigned long long)x->state_size);
	}
	int32_t rc = check_space(&x->observation, "observation", id, e);
	if (!rc)
		rc = check_space(&x->action, "action", id, e);
	if (rc)
		return rc;
	if (env->mask && x->action.kind != BERN_DISCRETE)
		return bern_fail(e, BERN_EFORMAT,
				 "%s: it has a mask, which only discrete actions can have", id);
	if (x->has_max_return && !isfinite(x->max_return))
		return bern_fail(e, BERN_EFORMAT, "%s: its max_return is %g, not a finite number",
				 id, x->max_return);
	return BERN_OK;
}

/* Bytes of a raw observation or action of the space. */
static size_t raw_bytes(const bern_space *s)
{
	return s->count * bern_space_element(s);
}

static int32_t derive(bern_world *world, bern_error *e)
{
	const bern_space *o = &world->instance.observation;
	uint64_t floats = o->count;
	if (o->kind == BERN_DISCRETE || o->kind == BERN_MULTI_DISCRETE) {
		floats = 0;
		for (uint32_t i = 0; i < o->count && floats <= MOST_ELEMENTS; i++)
			floats += (uint64_t)o->sizes[i];
	}
	if (floats > MOST_ELEMENTS)
		return bern_fail(e, BERN_EFORMAT,
				 "%s: its observation encodes to more than %llu numbers",
				 world->env->id, (unsigned long long)MOST_ELEMENTS);
	const uint64_t rows = world->instance.grid_rows, columns = world->instance.grid_columns;
	if (!rows != !columns || rows * columns > floats)
		return bern_fail(e, BERN_EFORMAT,
				 "%s: its grid of %llu x %llu cells does not fit in an observation "
				 "of %llu numbers",
				 world->env->id, (unsigned long long)rows,
				 (unsigned long long)columns, (unsigned long long)floats);
	world->observation_floats = (size_t)floats;
	world->observation_bytes = raw_bytes(o);
	world->action_bytes = raw_bytes(&world->instance.action);
	world->action_count = world->instance.action.count;
	world->state_stride = ((size_t)world->instance.state_size + 15) / 16 * 16;
	return BERN_OK;
}

/* ---- settings ------------------------------------------------------------------------------------- */

static const bern_param max_steps_param = {.key = "max_steps",
					   .help = "steps after which an episode is cut, 0: never",
					   .type = BERN_INT,
					   .fallback = "0",
					   .min = 0,
					   .max = 9007199254740992.0};

static int32_t unknown_key(const bern_env *env, const char *key, bern_error *e)
{
	char hint[192], all[512];
	size_t used = 0;
	const char **names = malloc((env->param_count + (size_t)1) * sizeof *names);
	if (!names)
		return bern_fail(e, BERN_EMEMORY, "no memory to open %s", env->id);
	for (uint32_t i = 0; i <= env->param_count; i++) {
		names[i] = i < env->param_count ? env->params[i].key : max_steps_param.key;
		int wrote = snprintf(all + used, sizeof all - used, "%s%s", i ? ", " : "",
				     names[i]);
		used += wrote > 0 ? (size_t)wrote : 0;
		used = used < sizeof all ? used : sizeof all - 1;
	}
	bern_suggest(key, names, env->param_count + (size_t)1, hint, sizeof hint);
	free(names);
	return bern_fail(e, BERN_EUSAGE, "%s: it has no parameter \"%.100s\", only %s%s", env->id,
			 key, all, hint);
}

/* Keeps a copy of each text beside the values, so that world->values stays readable for as long as the world. */
static int32_t keep_texts(bern_world *world, bern_error *e)
{
	const bern_env *env = world->env;
	size_t head = env->param_count * sizeof *world->values, size = head;
	for (uint32_t i = 0; i < env->param_count; i++)
		if (env->params[i].type == BERN_TEXT)
			size += strlen(world->values[i].s) + 1;
	if (size == head)
		return BERN_OK;
	bern_value *values = malloc(size);
	if (!values)
		return bern_fail(e, BERN_EMEMORY, "no memory to open %s", env->id);
	memcpy(values, world->values, head);
	char *text = (char *)values + head;
	for (uint32_t i = 0; i < env->param_count; i++) {
		if (env->params[i].type != BERN_TEXT)
			continue;
		size_t length = strlen(values[i].s) + 1;
		memcpy(text, values[i].s, length);
		values[i].s = text;
		text += length;
	}
	free(world->values);
	world->values = values;
	return BERN_OK;
}

/* Fills world->values; *cut becomes max_steps if the user gave it. */
static int32_t parse_settings(bern_world *world, const bern_setting *settings, size_t count,
			      bern_value *cut, int *has_cut, bern_error *e)
{
	const bern_env *env = world->env;
	int32_t rc = BERN_OK;
	for (uint32_t i = 0; !rc && i < env->param_count; i++)
		rc = bern_param_parse(&env->params[i], env->params[i].fallback, &world->values[i],
				      e);
	for (size_t k = 0; !rc && k < count; k++) {
		const char *key = settings[k].key;
		uint32_t i = 0;
		while (i < env->param_count && strcmp(env->params[i].key, key) != 0)
			i++;
		if (i < env->param_count) {
			rc = bern_param_parse(&env->params[i], settings[k].text, &world->values[i],
					      e);
		} else if (strcmp(key, max_steps_param.key) == 0) {
			rc = bern_param_parse(&max_steps_param, settings[k].text, cut, e);
			*has_cut = 1;
		} else {
			return unknown_key(env, key, e);
		}
		if (rc)
			return bern_because(e, "%s", env->id);
	}
	return rc ? rc : keep_texts(world, e);
}

int32_t bern_world_open_by(bern_world *world, const bern_env *env, const bern_setting *settings,
			   size_t setting_count, bern_world_opener *open, void *user, bern_error *e)
{
	bern_value cut = {0};
	int has_cut = 0;
	memset(world, 0, sizeof *world);
	world->env = env;
	world->values = calloc(env->param_count + (size_t)1, sizeof *world->values);
	if (!world->values)
		return bern_fail(e, BERN_EMEMORY, "no memory to open %s", env->id);
	int32_t rc = parse_settings(world, settings, setting_count, &cut, &has_cut, e);
	if (rc)
		goto fail;

	world->instance.struct_size = sizeof world->instance;
	rc = open(user, world->values, &world->instance, e);
	if (rc) {
		bern_because(e, "%s", env->id);
		/* what a failed open() wrote means nothing: there is nothing to close */
		goto fail;
	}
	if (has_cut && world->instance.max_steps != (uint64_t)cut.i) {
		/* the most an episode can return was told for the environment's own limit */
		world->instance.max_steps = (uint64_t)cut.i;
		world->instance.has_max_return = 0;
		world->instance.max_return = 0;
	}
	rc = check_instance(env, &world->instance, e);
	if (!rc)
		rc = derive(world, e);
	if (!rc)
		rc = bern_batch_select(env, &world->batch, e);
	if (!rc)
		return BERN_OK;
	if (env->close)
		env->close(world->instance.model);
fail:
	free(world->values);
	memset(world, 0, sizeof *world);
	return rc;
}

static int32_t open_here(void *user, const bern_value *values, bern_instance *out, bern_error *e)
{
	const bern_env *env = user;
	char why[512] = "";
	if (!env->open(values, out, why, sizeof why))
		return BERN_OK;
	why[sizeof why - 1] = '\0';
	return bern_fail(e, BERN_EUSAGE, "%s",
			 why[0] ? why : "it could not be opened and did not say why");
}

int32_t bern_world_open(bern_world *world, const bern_env *env, const bern_setting *settings,
			size_t setting_count, bern_error *e)
{
	return bern_world_open_by(world, env, settings, setting_count, open_here,
				  (void *)(uintptr_t)env, e);
}

void bern_world_finish(bern_world *world)
{
	if (!world || !world->env)
		return;
	if (world->env->close)
		world->env->close(world->instance.model);
	bern_isolate_destroy(world->isolate);
	free(world->values);
	memset(world, 0, sizeof *world);
}

/* ---- observations as floats ----------------------------------------------------------------------- */

static int32_t outside(const bern_world *world, uint32_t i, double x, double low, double high,
		       bern_error *e)
{
	const bern_space *s = &world->instance.observation;
	const char *label = s->labels && s->kind != BERN_DISCRETE ? s->labels[i] : NULL;
	char place[128];
	snprintf(place, sizeof place, label ? "observation[%u] (%.80s)" : "observation[%u]", i,
		 label);
	if (!isfinite(x))
		return bern_fail(e, BERN_EENV, "%s: %s is %s", world->env->id, place,
				 isnan(x) ? "nan" : "infinite");
	return bern_fail(e, BERN_EENV, "%s: %s is %.9g, outside [%.9g, %.9g]", world->env->id,
			 place, x, low, high);
}

static int32_t encode_box(const bern_world *world, const void *observation, float *out,
			  bern_error *e)
{
	const bern_space *s = &world->instance.observation;
	if (s->dtype == BERN_UINT8) {
		const uint8_t *raw = observation;
		for (uint32_t i = 0; i < s->count; i++)
			out[i] = raw[i];
	} else if (out != observation) {
		memcpy(out, observation, s->count * sizeof *out);
	}
	for (uint32_t i = 0; i < s->count; i++) {
		float low = s->low ? s->low[i] : -INFINITY, high = s->high ? s->high[i] : INFINITY;
		if (!(fabsf(out[i]) <= FLT_MAX && out[i] >= low && out[i] <= high))
			return outside(world, i, out[i], low, high, e);
	}
	return BERN_OK;
}

int32_t bern_encode(const bern_world *world, const void *observation, float *out, bern_error *e)
{
	const bern_space *s = &world->instance.observation;
	if (s->kind == BERN_BOX)
		return encode_box(world, observation, out, e);
	if (s->kind == BERN_MULTI_BINARY) {
		const uint8_t *raw = observation;
		for (uint32_t i = 0; i < s->count; i++) {
			if (raw[i] > 1)
				return outside(world, i, raw[i], 0, 1, e);
			out[i] = raw[i];
		}
		return BERN_OK;
	}
	/* one block of zeros and a one for each number */
	const int32_t *raw = observation;
	memset(out, 0, world->observation_floats * sizeof *out);
	for (uint32_t i = 0; i < s->count; i++) {
		if (raw[i] < 0 || raw[i] >= s->sizes[i])
			return outside(world, i, raw[i], 0, s->sizes[i] - 1, e);
		out[raw[i]] = 1;
		out += s->sizes[i];
	}
	return BERN_OK;
}
