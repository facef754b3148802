/* Any bytes as the table of a plugin: sizes, counts, numbers, names and which functions are there come from the bytes; pointers are
 * good or NULL, and the table ends where its struct_size says. Nothing is read beyond, and what is taken has what the host
 * relies on. Built as fuzz_tensor.c is. */
#include <bern/host.h>
#include <bern/rng.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { ELEMENTS = 64, LABELS = 256 };

/* The bytes that are left; zeros after the last. */
typedef struct source {
	const uint8_t *at;
	size_t left;
} source;

static void expect(int true_)
{
	if (!true_)
		abort();
}

static uint8_t take(source *s)
{
	if (s->left == 0)
		return 0;
	s->left--;
	return *s->at++;
}

static uint64_t take_number(source *s, size_t bytes)
{
	uint64_t x = 0;
	for (size_t i = 0; i < bytes; i++)
		x = x << 8 | take(s);
	return x;
}

/* Mostly something likely; 1 of a zero. */
static uint32_t take_count(source *s, uint32_t most)
{
	uint8_t kind = take(s);
	return kind > 0 && kind < 8 ? 0
	       : kind < 200         ? 1u + kind % most
				    : UINT32_C(0x40000000) + kind;
}

static double take_double(source *s)
{
	static const double likely[] = {0, 1, -1, 0.5, 1e308, 1e-308, INFINITY, -INFINITY, NAN};
	uint8_t kind = take(s);
	uint64_t bits = kind < 128 ? 0 : take_number(s, 8);
	double x;
	memcpy(&x, &bits, sizeof x);
	return kind < 128 ? likely[kind % 9] : x;
}

/* A text of at most 39 bytes, or one of the likely, or NULL. */
static const char *take_text(source *s, char out[40])
{
	static const char *const likely[] = {"Name-v0", "a/Name-v12", "gravity", "9.8",
					     "true",    "two",        "",        "max_steps"};
	uint8_t kind = take(s);
	if (kind == 255)
		return NULL;
	if (kind < 160)
		return likely[kind % 8];
	size_t length = kind % 40;
	for (size_t i = 0; i < length; i++)
		out[i] = (char)take(s);
	out[length] = '\0';
	return out;
}

/* What one input is made into. open() is handed nothing of its own, so it finds this by a variable of the file. */
typedef struct made {
	source rest;
	char texts[16][40];
	bern_param params[4];
	bern_field fields[4];
	const char *metrics[4];
	const char *choices[3];
	int32_t sizes[ELEMENTS];
	float low[ELEMENTS], high[ELEMENTS];
	const char *labels[LABELS];
} made;

static made *current;

static void take_space(made *m, bern_space *space)
{
	source *s = &m->rest;
	memset(space, 0, sizeof *space);
	uint8_t kind = take(s);
	space->kind = kind < 224 ? 1 + kind % 4 : kind - 232;
	space->dtype = take(s) / 100;
	/* arrays of a count that is allowed must be there; a count that is not must be refused before they are read */
	space->count = take_count(s, space->kind == BERN_DISCRETE ? 2 : ELEMENTS);
	space->ndim = take(s) / 42;
	for (int i = 0; i < BERN_MAX_DIMS; i++)
		space->shape[i] = take_count(s, 8);
	space->sizes = take(s) < 240 ? m->sizes : NULL;
	space->low = take(s) % 2 ? NULL : m->low;
	space->high = take(s) % 2 ? NULL : m->high;
	space->labels = take(s) % 4 == 3 ? m->labels : NULL;
}

static int32_t fuzz_open(const bern_value *values, bern_instance *out, char *err, size_t err_size)
{
	made *m = current;
	source *s = &m->rest;
	(void)values;
	if (take(s) % 16 == 1) {
		/* no end within the room */
		memset(err, 'x', err_size);
		return 1;
	}
	out->state_size = take(s) % 8 < 7 ? 1u + take(s) : take_number(s, 8);
	out->max_steps = take_number(s, 8);
	take_space(m, &out->observation);
	take_space(m, &out->action);
	/* a few odd elements are enough */
	for (int i = 0; i < ELEMENTS; i++) {
		int odd = i < 4;
		m->sizes[i] = odd && take(s) % 16 == 15 ? (int32_t)(uint32_t)take_number(s, 4) : 3;
		/* labels are as many as a discrete space has values */
		m->sizes[i] = m->sizes[i] > LABELS ? LABELS : m->sizes[i];
		m->low[i] = odd && take(s) % 8 == 7 ? (float)take_double(s) : -1;
		m->high[i] = odd && take(s) % 8 == 7 ? (float)take_double(s) : 1;
	}
	for (int i = 0; i < LABELS; i++)
		m->labels[i] = i < 4 && take(s) == 255 ? NULL : "label";
	out->has_max_return = take(s) % 2;
	out->max_return = take_double(s);
	return 0;
}

static void fuzz_reset(const void *model, void *state, struct bern_rng *rng)
{
	(void)model, (void)state, (void)rng;
}

static void fuzz_step(const void *model, void *state, struct bern_rng *rng, const void *action,
		      bern_outcome *out)
{
	(void)model, (void)state, (void)rng, (void)action, (void)out;
}

static void fuzz_observe(const void *model, const void *state, void *observation)
{
	(void)model, (void)state, (void)observation;
}

static void fuzz_metrics(const void *model, const void *state, double *out)
{
	(void)model, (void)state, (void)out;
}

static void take_lists(made *m, bern_env *env)
{
	source *s = &m->rest;
	m->choices[0] = "one";
	m->choices[1] = "two";
	for (int i = 0; i < 4; i++) {
		bern_param *p = &m->params[i];
		p->key = take_text(s, m->texts[2 + 2 * i]);
		p->help = take(s) % 16 < 15 ? "help" : NULL;
		p->type = take(s) % 7;
		p->fallback = take_text(s, m->texts[3 + 2 * i]);
		p->min = take_double(s);
		p->max = take_double(s);
		p->choices = take(s) % 8 < 7 ? m->choices : NULL;
		m->fields[i].name = take_text(s, m->texts[10 + i]);
		m->fields[i].type = take(s) % 7;
		m->fields[i].count = take_count(s, 8);
		m->fields[i].offset = take(s) % 8 < 7 ? (uint64_t)take(s) : take_number(s, 8);
		m->metrics[i] = take(s) % 8 < 7 ? "metric" : NULL;
	}
	env->params = take(s) % 16 < 15 ? m->params : NULL;
	env->fields = take(s) % 16 < 15 ? m->fields : NULL;
	env->metrics = take(s) % 16 < 15 ? m->metrics : NULL;
	/* as many as there are: a count that lies cannot be found out */
	env->param_count = take(s) % 5;
	env->field_count = take(s) % 5;
	env->metric_count = take(s) % 5;
}

/* What the host relies on in a table that was taken. */
static void examine(const bern_registry *registry)
{
	for (size_t i = 0; i < bern_registry_count(registry); i++) {
		const bern_env *env = bern_registry_at(registry, i);
		bern_world world;
		bern_error e = {0};
		expect(env->id && env->summary && env->source);
		expect(env->open && env->reset && env->step && env->observe);
		for (uint32_t k = 0; k < env->param_count; k++)
			expect(env->params[k].key && env->params[k].help &&
			       env->params[k].fallback);
		if (bern_world_open(&world, env, NULL, 0, &e) == BERN_OK) {
			expect(world.observation_bytes <= (size_t)1 << 30 &&
			       world.action_bytes <= (size_t)1 << 30);
			expect(world.instance.state_size > 0 && world.observation_floats > 0 &&
			       world.action_bytes > 0);
			for (uint32_t k = 0; k < env->field_count; k++)
				expect(env->fields[k].offset < world.instance.state_size);
			bern_world_finish(&world);
		} else {
			expect(e.code != BERN_OK && e.text[0] &&
			       memchr(e.text, 0, sizeof e.text) != NULL);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	made *m = calloc(1, sizeof *m);
	bern_registry *registry = NULL;
	bern_error e = {0};
	bern_env env;
	expect(m && bern_registry_create(&registry, &e) == BERN_OK);
	current = m;
	m->rest = (source){bytes, size};
	source *s = &m->rest;
	memset(&env, 0, sizeof env);
	env.abi = take(s) % 16 < 15 ? BERN_ENV_ABI : take(s);
	env.struct_size = take(s) % 4 < 3 ? sizeof env : take(s);
	env.id = take_text(s, m->texts[0]);
	env.summary = take_text(s, m->texts[1]);
	take_lists(m, &env);
	env.has_returns = take(s) % 2;
	env.random_return = take_double(s);
	env.solved_return = take_double(s);
	env.step_seconds = take_double(s);
	uint8_t functions = take(s), optional = take(s);
	env.open = functions % 16 == 1 ? NULL : fuzz_open;
	env.reset = functions % 16 == 2 ? NULL : fuzz_reset;
	env.step = functions % 16 == 3 ? NULL : fuzz_step;
	env.observe = functions % 16 == 4 ? NULL : fuzz_observe;
	env.read_metrics = optional % 4 < 3 ? fuzz_metrics : NULL;

	/* a block of its own, so that reading beyond struct_size is found */
	size_t length = env.struct_size < 8 ? 8 : env.struct_size;
	bern_env *table = malloc(length);
	expect(table != NULL);
	memset(table, 0, length);
	memcpy(table, &env, length < sizeof env ? length : sizeof env);
	const bern_env *const envs[2] = {take(s) == 255 ? NULL : table, table};
	const bern_plugin plugin = {take(s) == 255 ? 2 : BERN_ENV_ABI,
				    take(s) % 64 < 63 ? 1 : take(s) % 3u, envs};
	if (bern_registry_adopt(registry, &plugin, "fuzz", &e) == BERN_OK)
		examine(registry);
	else
		expect(e.code != BERN_OK && e.text[0] && bern_registry_count(registry) == 0);
	bern_registry_destroy(registry);
	free(table);
	free(m);
	current = NULL;
	return 0;
}
