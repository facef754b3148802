#include "table.h"

#include <bern/rng.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { P_PROBLEM, P_STATES, P_INPUTS, P_ACTIONS, P_BINARY, P_STEPS, P_NOISE, P_OFFSET, P_COUNT };

static const bern_param params[P_COUNT] = {
	[P_PROBLEM] = {"problem", "number of the random tables", BERN_INT, 0, "0", 0, 9e15, NULL},
	[P_STATES] = {"states", "number of states", BERN_INT, 0, "1", 1, LAB_STATES, NULL},
	[P_INPUTS] = {"inputs", "numbers of an observation", BERN_INT, 0, "2", 1, LAB_INPUTS, NULL},
	[P_ACTIONS] = {"actions", "values of each component of an action, with commas between",
		       BERN_TEXT, 0, "2", 1, 40, NULL},
	[P_BINARY] = {"binary", "components are bits (MULTI_BINARY)", BERN_BOOL, 0, "false", 0, 0,
		      NULL},
	[P_STEPS] = {"steps", "of an episode; 0: it goes on for ever", BERN_INT, 0, "1", 0, 1000,
		     NULL},
	[P_NOISE] = {"noise", "rewards are off by plus or minus this", BERN_REAL, 0, "0", 0, 1000,
		     NULL},
	[P_OFFSET] = {"offset", "added to every reward", BERN_REAL, 0, "0.5", -1000, 1000, NULL},
};

typedef struct state {
	int32_t at, step;
} state;

static const bern_field fields[] = {
	{"at", BERN_I32, 1, offsetof(state, at)},
	{"step", BERN_I32, 1, offsetof(state, step)},
};

static int32_t refuse(char *err, size_t err_size, const char *text)
{
	snprintf(err, err_size,
		 "actions: \"%s\" is not allowed; allowed: up to %d numbers from 2 to %d with "
		 "commas between, whose product is at most %d (with binary: each 2)",
		 text, LAB_GROUPS, LAB_ACTIONS, LAB_ACTIONS);
	return 1;
}

/* Reads "2", "3" or "2,3". */
static int32_t read_actions(lab_table *t, const char *text, int binary, char *err, size_t err_size)
{
	const char *c = text;
	t->mdp.actions = 1;
	for (;;) {
		char *end;
		long n = *c >= '0' && *c <= '9' ? strtol(c, &end, 10) : 0;
		if (n < 2 || n > LAB_ACTIONS || t->components == LAB_GROUPS || (binary && n != 2) ||
		    (*end && *end != ','))
			return refuse(err, err_size, text);
		t->sizes[t->components++] = (int32_t)n;
		t->mdp.actions *= (size_t)n;
		if (t->mdp.actions > LAB_ACTIONS)
			return refuse(err, err_size, text);
		if (!*end)
			break;
		c = end + 1;
	}
	t->kind = binary               ? BERN_MULTI_BINARY
		  : t->components == 1 ? BERN_DISCRETE
				       : BERN_MULTI_DISCRETE;
	return 0;
}

/* n probabilities, none of them very small, mostly far from equal: where an action leads ought to matter */
static void draw_distribution(double *p, size_t n, bern_rng *rng)
{
	double total = 0.0;
	for (size_t i = 0; i < n; i++) {
		double u = bern_rng_uniform(rng);
		total += p[i] = 0.05 + u * u * u;
	}
	for (size_t i = 0; i < n; i++)
		p[i] /= total;
}

static void draw_tables(lab_table *t, uint64_t problem, double offset)
{
	/* a stream apart from every seeded one: pcg64's own start-up and this file's constant */
	const uint64_t number[2] = {problem, 0}, stream[2] = {0x6c6162, 0};
	size_t S = t->mdp.states, A = t->mdp.actions;
	bern_rng rng;
	bern_rng_init(&rng, number, stream);
	for (size_t i = 0; i < S * t->inputs; i++) /* floats, as the network will see them */
		t->x[i] = (double)(float)bern_rng_range(&rng, -1.0, 1.0);
	draw_distribution(t->start, S, &rng);
	for (size_t i = 0; i < S * A; i++) {
		draw_distribution(t->next + i * S, S, &rng);
		t->reward[i] = (double)(float)(offset + bern_rng_range(&rng, -1.0, 1.0));
	}
}

static int32_t open_table(const bern_value *values, bern_instance *out, char *err, size_t err_size)
{
	lab_table *t = calloc(1, sizeof *t);
	if (!t) {
		snprintf(err, err_size, "no memory for the model");
		return 1;
	}
	t->inputs = (size_t)values[P_INPUTS].i;
	t->noise = values[P_NOISE].r;
	t->mdp.states = (size_t)values[P_STATES].i;
	t->mdp.steps = (size_t)values[P_STEPS].i;
	t->mdp.gamma = 1.0;
	if (read_actions(t, values[P_ACTIONS].s, (int)values[P_BINARY].i, err, err_size)) {
		free(t);
		return 1;
	}
	draw_tables(t, (uint64_t)values[P_PROBLEM].i, values[P_OFFSET].r);
	t->mdp.x = t->x;
	t->mdp.start = t->start;
	t->mdp.next = t->next;
	t->mdp.reward = t->reward;
	for (size_t i = 0; i < t->inputs; i++) {
		t->low[i] = -1.0f;
		t->high[i] = 1.0f;
	}
	out->model = t;
	out->state_size = sizeof(state);
	out->observation = (bern_space){
		.kind = BERN_BOX, .count = (uint32_t)t->inputs, .low = t->low, .high = t->high};
	out->action = (bern_space){.kind = t->kind,
				   .count = t->components,
				   .sizes = t->kind == BERN_MULTI_BINARY ? NULL : t->sizes};
	return 0;
}

/* Draws from n probabilities. */
static int32_t draw_from(const double *p, size_t n, bern_rng *rng)
{
	double u = bern_rng_uniform(rng), below = 0.0;
	for (size_t i = 0; i + 1 < n; i++) {
		below += p[i];
		if (u < below)
			return (int32_t)i;
	}
	return (int32_t)n - 1;
}

static void reset(const void *model, void *state_, bern_rng *rng)
{
	const lab_table *t = model;
	state *s = state_;
	s->at = draw_from(t->start, t->mdp.states, rng);
	s->step = 0;
}

static size_t joint_of(const lab_table *t, const void *action)
{
	size_t joint = 0;
	for (uint32_t c = 0; c < t->components; c++) {
		size_t value = t->kind == BERN_MULTI_BINARY ? ((const uint8_t *)action)[c]
							    : (size_t)((const int32_t *)action)[c];
		joint = joint * (size_t)t->sizes[c] + value;
	}
	return joint;
}

static void step(const void *model, void *state_, bern_rng *rng, const void *action,
		 bern_outcome *out)
{
	const lab_table *t = model;
	state *s = state_;
	size_t row = (size_t)s->at * t->mdp.actions + joint_of(t, action);
	out->reward = t->reward[row];
	if (t->noise > 0.0)
		out->reward += bern_rng_below(rng, 2) ? t->noise : -t->noise;
	s->at = draw_from(t->next + row * t->mdp.states, t->mdp.states, rng);
	s->step++;
	if (t->mdp.steps > 0 && (size_t)s->step == t->mdp.steps)
		out->flags = BERN_TERMINATED;
}

static void observe(const void *model, const void *state_, void *observation)
{
	const lab_table *t = model;
	const state *s = state_;
	float *x = observation;
	for (size_t i = 0; i < t->inputs; i++)
		x[i] = (float)t->x[(size_t)s->at * t->inputs + i];
}

const bern_env lab_table_env = {
	.abi = BERN_ENV_ABI,
	.struct_size = sizeof(bern_env),
	.id = "lab/Table-v0",
	.summary = "a small random decision process of the laboratory",
	.source = "tables drawn from a seed",
	.params = params,
	.param_count = P_COUNT,
	.fields = fields,
	.field_count = sizeof fields / sizeof fields[0],
	.open = open_table,
	.close = free,
	.reset = reset,
	.step = step,
	.observe = observe,
};

const lab_table *lab_table_of(const bern_world *world)
{
	return world->instance.model;
}

size_t lab_table_action(const lab_table *table, const int32_t *action)
{
	size_t joint = 0;
	for (uint32_t c = 0; c < table->components; c++)
		joint = joint * (size_t)table->sizes[c] + (size_t)action[c];
	return joint;
}

void lab_table_split(const lab_table *table, size_t joint, int32_t *action)
{
	for (uint32_t c = table->components; c-- > 0;) {
		action[c] = (int32_t)(joint % (size_t)table->sizes[c]);
		joint /= (size_t)table->sizes[c];
	}
}
