#include "describe.h"

#include "options.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN 64 /* elements of a space that are listed one by one */

const char *describe_space(const bern_space *space, char *out, size_t size)
{
	size_t at = 0;
	switch (space->kind) {
	case BERN_DISCRETE:
		snprintf(out, size, "Discrete(%" PRId32 ")", space->sizes[0]);
		break;
	case BERN_MULTI_BINARY:
		snprintf(out, size, "MultiBinary(%" PRIu32 ")", space->count);
		break;
	case BERN_MULTI_DISCRETE:
		at = (size_t)snprintf(out, size, "MultiDiscrete(");
		for (uint32_t i = 0; i < space->count && i < 8 && at < size; i++)
			at += (size_t)snprintf(out + at, size - at, "%s%" PRId32, i ? "," : "",
					       space->sizes[i]);
		if (at < size)
			snprintf(out + at, size - at, "%s)", space->count > 8 ? ",..." : "");
		break;
	default:
		at = (size_t)snprintf(out, size, "Box(");
		for (uint32_t i = 0; i < space->ndim && at < size; i++)
			at += (size_t)snprintf(out + at, size - at, "%s%" PRIu32, i ? "x" : "",
					       space->shape[i]);
		if (space->ndim == 0 && at < size)
			at += (size_t)snprintf(out + at, size - at, "%" PRIu32, space->count);
		if (at < size)
			snprintf(out + at, size - at, "%s)",
				 space->dtype == BERN_UINT8 ? " uint8" : "");
	}
	return out;
}

/* ---- for people ------------------------------------------------------------------------------------------------ */

/* How many names a space's labels and keys have. */
static uint32_t label_count(const bern_space *space)
{
	return space->kind == BERN_DISCRETE ? (uint32_t)space->sizes[0] : space->count;
}

/* One line for each element: name, bounds or number of values, key. Nothing where there is nothing to tell. */
static void print_elements(FILE *out, const bern_space *space)
{
	int box = space->kind == BERN_BOX, keys = space->kind == BERN_DISCRETE && space->keys;
	uint32_t count = label_count(space), shown = count < SHOWN ? count : SHOWN;
	if (!space->labels && !keys && !(box && space->low && count <= SHOWN))
		return;
	for (uint32_t i = 0; i < shown; i++) {
		fprintf(out, "    %3" PRIu32 "  %-24s", i,
			space->labels && space->labels[i] ? space->labels[i] : "");
		if (box && space->low && space->high)
			fprintf(out, " %g .. %g", (double)space->low[i], (double)space->high[i]);
		if (space->kind == BERN_MULTI_DISCRETE)
			fprintf(out, " 0 .. %" PRId32, space->sizes[i] - 1);
		if (keys && space->keys[i])
			fprintf(out, " key %s", space->keys[i]);
		fprintf(out, "\n");
	}
	if (shown < count)
		fprintf(out, "    ... and %" PRIu32 " more\n", count - shown);
}

static void print_param(FILE *out, const bern_param *param)
{
	char allowed[400];
	param_allowed(param, allowed, sizeof allowed);
	/* a map as a default has lines of its own */
	char fallback[120];
	snprintf(fallback, sizeof fallback, "%s", *param->fallback ? param->fallback : "\"\"");
	for (char *c = fallback; *c; c++)
		*c = *c == '\n' ? '/' : *c;
	fprintf(out, "    %-22s %s [%s%s%s]\n", param->key, param->help, fallback,
		*allowed ? "; " : "", allowed);
}

void describe_text(FILE *out, const bern_world *world, const char *origin, const char *recipe)
{
	static const char *const types[] = {[BERN_F64] = "float64",
					    [BERN_F32] = "float32",
					    [BERN_I32] = "int32",
					    [BERN_I64] = "int64",
					    [BERN_U8] = "uint8"};
	const bern_env *env = world->env;
	const bern_instance *instance = &world->instance;
	char space[80];
	fprintf(out, "%s\n  %s\n", env->id, env->summary);
	if (env->source && *env->source)
		fprintf(out, "  source        %s\n", env->source);
	fprintf(out, "  origin        %s\n", origin);
	fprintf(out, "  recipe        %s\n", recipe ? recipe : "none: the defaults are used");
	if (instance->max_steps)
		fprintf(out, "  time limit    %" PRIu64 " steps\n", instance->max_steps);
	else
		fprintf(out, "  time limit    none\n");
	if (env->has_returns)
		fprintf(out, "  return        random %g, solved from %g", env->random_return,
			env->solved_return);
	else
		fprintf(out, "  return        not told");
	if (instance->has_max_return)
		fprintf(out, ", at most %g", instance->max_return);
	fprintf(out, "\n");
	if (env->step_seconds > 0)
		fprintf(out, "  real time     %g s a step\n", env->step_seconds);
	fprintf(out, "  state         %" PRIu64 " bytes\n", instance->state_size);
	fprintf(out, "  observation   %s\n",
		describe_space(&instance->observation, space, sizeof space));
	print_elements(out, &instance->observation);
	fprintf(out, "  action        %s%s\n",
		describe_space(&instance->action, space, sizeof space),
		env->mask ? ", masked" : "");
	print_elements(out, &instance->action);
	fprintf(out, "  parameters    --set env.KEY=VALUE [default; allowed]\n");
	for (uint32_t i = 0; i < env->param_count; i++)
		print_param(out, &env->params[i]);
	fprintf(out, "    %-22s time limit of an episode; 0: none [%" PRIu64 "]\n", "max_steps",
		instance->max_steps);
	if (env->metric_count) {
		fprintf(out, "  metrics      ");
		for (uint32_t i = 0; i < env->metric_count; i++)
			fprintf(out, " %s", env->metrics[i]);
		fprintf(out, "\n");
	}
	if (env->field_count)
		fprintf(out, "  fields        of the state\n");
	for (uint32_t i = 0; i < env->field_count; i++) {
		const bern_field *field = &env->fields[i];
		fprintf(out, "    %-22s %s", field->name, types[field->type]);
		if (field->count != 1)
			fprintf(out, " x %" PRIu32, field->count);
		fprintf(out, "\n");
	}
}

/* ---- as JSON --------------------------------------------------------------------------------------------------- */

/* Text of a plugin, which may not be UTF-8. */
static json_t *json_text(const char *text)
{
	json_t *value = json_string(text ? text : "");
	return value ? value : json_string("?");
}

/* JSON has no infinity: null. */
static json_t *json_number_or_null(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static json_t *json_texts(const char *const *texts, size_t count)
{
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, texts[i] ? json_text(texts[i]) : json_null());
	return list;
}

static json_t *json_floats(const float *values, size_t count)
{
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_number_or_null((double)values[i]));
	return list;
}

static json_t *json_space(const bern_space *space, int full)
{
	static const char *const kinds[] = {[BERN_DISCRETE] = "discrete",
					    [BERN_MULTI_BINARY] = "multi_binary",
					    [BERN_MULTI_DISCRETE] = "multi_discrete",
					    [BERN_BOX] = "box"};
	json_t *object = json_object(), *shape = json_array();
	json_object_set_new(object, "kind", json_string(kinds[space->kind]));
	json_object_set_new(object, "count", json_integer(space->count));
	for (uint32_t i = 0; i < space->ndim; i++)
		json_array_append_new(shape, json_integer(space->shape[i]));
	if (space->ndim == 0)
		json_array_append_new(shape, json_integer(space->count));
	json_object_set_new(object, "shape", shape);
	if (space->kind == BERN_BOX)
		json_object_set_new(object, "dtype",
				    json_string(space->dtype == BERN_UINT8 ? "uint8" : "float32"));
	if (space->kind == BERN_DISCRETE || space->kind == BERN_MULTI_DISCRETE) {
		json_t *sizes = json_array();
		for (uint32_t i = 0; i < space->count; i++)
			json_array_append_new(sizes, json_integer(space->sizes[i]));
		json_object_set_new(object, "sizes", sizes);
	}
	if (!full)
		return object;
	if (space->kind == BERN_BOX && space->low)
		json_object_set_new(object, "low", json_floats(space->low, space->count));
	if (space->kind == BERN_BOX && space->high)
		json_object_set_new(object, "high", json_floats(space->high, space->count));
	if (space->labels)
		json_object_set_new(object, "labels",
				    json_texts(space->labels, label_count(space)));
	if (space->keys && space->kind == BERN_DISCRETE)
		json_object_set_new(object, "keys", json_texts(space->keys, label_count(space)));
	return object;
}

static json_t *json_param(const bern_param *param)
{
	static const char *const types[] = {[BERN_INT] = "int",
					    [BERN_REAL] = "real",
					    [BERN_BOOL] = "bool",
					    [BERN_TEXT] = "text",
					    [BERN_CHOICE] = "choice"};
	json_t *object = json_object();
	json_object_set_new(object, "key", json_text(param->key));
	json_object_set_new(object, "help", json_text(param->help));
	json_object_set_new(object, "type", json_string(types[param->type]));
	json_object_set_new(object, "default", json_text(param->fallback));
	if (param->type == BERN_INT || param->type == BERN_REAL) {
		json_object_set_new(object, "min", json_number_or_null(param->min));
		json_object_set_new(object, "max", json_number_or_null(param->max));
	}
	size_t choices = 0;
	while (param->type == BERN_CHOICE && param->choices[choices])
		choices++;
	if (param->type == BERN_CHOICE)
		json_object_set_new(object, "choices", json_texts(param->choices, choices));
	return object;
}

/* What only `info` tells. */
static void add_details(json_t *object, const bern_world *world)
{
	static const char *const types[] = {[BERN_F64] = "float64",
					    [BERN_F32] = "float32",
					    [BERN_I32] = "int32",
					    [BERN_I64] = "int64",
					    [BERN_U8] = "uint8"};
	const bern_env *env = world->env;
	json_t *params = json_array(), *fields = json_array();
	for (uint32_t i = 0; i < env->param_count; i++)
		json_array_append_new(params, json_param(&env->params[i]));
	json_object_set_new(object, "parameters", params);
	json_object_set_new(object, "metrics", json_texts(env->metrics, env->metric_count));
	for (uint32_t i = 0; i < env->field_count; i++) {
		json_t *field = json_object();
		json_object_set_new(field, "name", json_text(env->fields[i].name));
		json_object_set_new(field, "type", json_string(types[env->fields[i].type]));
		json_object_set_new(field, "count", json_integer(env->fields[i].count));
		json_object_set_new(field, "offset",
				    json_integer((json_int_t)env->fields[i].offset));
		json_array_append_new(fields, field);
	}
	json_object_set_new(object, "fields", fields);
	json_object_set_new(object, "step_seconds", json_number_or_null(env->step_seconds));
	json_object_set_new(object, "state_size",
			    json_integer((json_int_t)world->instance.state_size));
	json_object_set_new(object, "masked", json_boolean(env->mask != NULL));
}

int32_t describe_json(FILE *out, const bern_world *world, const char *origin, int full,
		      bern_error *e)
{
	const bern_env *env = world->env;
	const bern_instance *instance = &world->instance;
	json_t *object = json_object();
	json_object_set_new(object, "id", json_text(env->id));
	json_object_set_new(object, "summary", json_text(env->summary));
	json_object_set_new(object, "source", json_text(env->source));
	json_object_set_new(object, "origin", json_text(origin));
	json_object_set_new(object, "observation", json_space(&instance->observation, full));
	json_object_set_new(object, "action", json_space(&instance->action, full));
	json_object_set_new(object, "max_steps",
			    instance->max_steps ? json_integer((json_int_t)instance->max_steps)
						: json_null());
	json_object_set_new(object, "random_return",
			    env->has_returns ? json_number_or_null(env->random_return)
					     : json_null());
	json_object_set_new(object, "solved_return",
			    env->has_returns ? json_number_or_null(env->solved_return)
					     : json_null());
	json_object_set_new(object, "max_return",
			    instance->has_max_return ? json_number_or_null(instance->max_return)
						     : json_null());
	if (full)
		add_details(object, world);
	/* every call above is harmless with NULL; missing memory shows here at the latest */
	char *line = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(15));
	json_decref(object);
	if (!line)
		return bern_fail(e, BERN_EMEMORY, "out of memory");
	fprintf(out, "%s\n", line);
	free(line);
	return 0;
}
