/* Memory length: a few bits are shown at the first step, one of them is asked for at the last.
 *
 * After bsuite's memory_len and memory_size (bsuite/environments/memory_chain.py; Osband et al. 2020): the observation is the time left
 * (1 falling towards 0), which bit is asked for (at the last step, else 0), and the bits as -1 and 1 (at the first step, else 0).
 * Actions before the last do nothing; that one pays 1 if it names the bit and -1 if not. An episode has `length` steps with the bits in
 * the first observation alone; bsuite shows them in the first two and draws with numpy's older generator.
 *
 * What it tests: memory. Without one the mean return is 0.
 */
#include <bern/env.h>
#include <bern/rng.h>

#include <stdio.h>
#include <stdlib.h>

enum { P_LENGTH, P_BITS, P_COUNT };
enum { MOST = 64, FIXED = 2 };

static const bern_param params[P_COUNT] = {
	[P_LENGTH] = {"length", "steps of an episode", BERN_INT, 0, "10", 1, 10000, NULL},
	[P_BITS] = {"bits", "how many bits are shown", BERN_INT, 0, "1", 1, MOST, NULL},
};

typedef struct state {
	int32_t time, query;
	int32_t answered; /* 1: right, -1: wrong, 0: not yet */
	uint8_t bits[MOST];
} state;

static const bern_field fields[] = {
	{"time", BERN_I32, 1, offsetof(state, time)},
	{"query", BERN_I32, 1, offsetof(state, query)},
	{"bits", BERN_U8, MOST, offsetof(state, bits)},
};

typedef struct model {
	int32_t length, bits;
	float low[FIXED + MOST], high[FIXED + MOST];
	const char *labels[FIXED + MOST];
	char names[MOST][12];
} model;

static const int32_t action_sizes[1] = {2};
static const char *const action_names[2] = {"0", "1"};
static const char *const action_keys[2] = {"left", "right"};

static const char *const metrics[] = {"right"};

static int32_t open_memory(const bern_value *values, bern_instance *out, char *err, size_t err_size)
{
	model *m = calloc(1, sizeof *m);
	if (!m) {
		snprintf(err, err_size, "no memory for the model");
		return 1;
	}
	m->length = (int32_t)values[P_LENGTH].i;
	m->bits = (int32_t)values[P_BITS].i;
	m->labels[0] = "time_left";
	m->labels[1] = "query";
	m->high[0] = 1;
	m->high[1] = (float)(m->bits - 1);
	for (int32_t i = 0; i < m->bits; i++) {
		m->low[FIXED + i] = -1;
		m->high[FIXED + i] = 1;
		snprintf(m->names[i], sizeof m->names[0], "bit_%d", (int)i);
		m->labels[FIXED + i] = m->names[i];
	}
	out->model = m;
	out->state_size = sizeof(state);
	out->observation = (bern_space){.kind = BERN_BOX,
					.count = (uint32_t)(FIXED + m->bits),
					.low = m->low,
					.high = m->high,
					.labels = m->labels};
	out->action = (bern_space){.kind = BERN_DISCRETE,
				   .count = 1,
				   .sizes = action_sizes,
				   .labels = action_names,
				   .keys = action_keys};
	out->max_return = 1;
	out->has_max_return = 1;
	return 0;
}

static void reset(const void *model_, void *state_, bern_rng *rng)
{
	const model *m = model_;
	state *s = state_;
	*s = (state){0};
	for (int32_t i = 0; i < m->bits; i++)
		s->bits[i] = (uint8_t)bern_rng_below(rng, 2);
	s->query = (int32_t)bern_rng_below(rng, (uint32_t)m->bits);
}

static void step(const void *model_, void *state_, bern_rng *rng, const void *action,
		 bern_outcome *out)
{
	const model *m = model_;
	state *s = state_;
	(void)rng;
	if (++s->time < m->length)
		return;
	s->answered = *(const int32_t *)action == s->bits[s->query] ? 1 : -1;
	out->reward = s->answered;
	out->flags = BERN_TERMINATED;
}

static void observe(const void *model_, const void *state_, void *observation)
{
	const model *m = model_;
	const state *s = state_;
	float *o = observation; /* (FIXED + bits) */
	o[0] = (float)(1 - (double)s->time / m->length);
	o[1] = s->time == m->length - 1 ? (float)s->query : 0;
	for (int32_t i = 0; i < m->bits; i++)
		o[FIXED + i] = s->time == 0 ? (s->bits[i] ? 1.0f : -1.0f) : 0.0f;
}

static void read_metrics(const void *model_, const void *state_, double *out)
{
	const state *s = state_;
	(void)model_;
	out[0] = s->answered == 1;
}

static void draw(const void *model_, const void *state_, const bern_canvas *c)
{
	const model *m = model_;
	const state *s = state_;
	const uint32_t paper = BERN_RGB(255, 255, 255), ink = BERN_RGB(60, 60, 60);
	const uint32_t light = BERN_RGB(225, 225, 225), blue = BERN_RGB(0x00, 0x72, 0xb2);
	const uint32_t orange = BERN_RGB(0xe6, 0x9f, 0x00), red = BERN_RGB(0xd5, 0x5e, 0x00);
	double width = m->bits > 4 ? m->bits : 4;
	c->view(c->user, -0.5, -1.6, width + 0.5, 1.8);
	c->rect(c->user, -0.5, -1.6, width + 1, 3.4, paper);
	c->text(c->user, width / 2, 1.3, 0.3, ink,
		s->time == 0              ? "shown"
		: s->time < m->length - 1 ? "hidden"
		: s->answered == 0        ? "asked"
		: s->answered == 1        ? "right"
					  : "wrong");
	for (int32_t i = 0; i < m->bits; i++) {
		int hidden = s->time > 0 && !s->answered;
		c->rect(c->user, i + 0.1, 0, 0.8, 0.8, s->bits[i] ? blue : orange);
		if (hidden)
			c->rect(c->user, i + 0.16, 0.06, 0.68, 0.68, light);
		if (s->time >= m->length - 1 && i == s->query)
			c->line(c->user, i + 0.1, -0.15, i + 0.9, -0.15, 0.08,
				s->answered < 0 ? red : ink);
	}
	c->line(c->user, 0, -1.2, width, -1.2, 0.04, light);
	c->disc(c->user, width * s->time / m->length, -1.2, 0.15, ink);
}

static const bern_env memory_length = {
	.abi = BERN_ENV_ABI,
	.struct_size = sizeof(bern_env),
	.id = "MemoryLength-v0",
	.summary = "name a bit that was shown some steps ago; needs a memory",
	.source = "bsuite memory_len, memory_size; Osband et al. 2020",
	.params = params,
	.fields = fields,
	.metrics = metrics,
	.param_count = P_COUNT,
	.field_count = sizeof fields / sizeof fields[0],
	.metric_count = sizeof metrics / sizeof metrics[0],
	.has_returns = 1,
	.random_return = 0,
	.solved_return = 0.9,
	.step_seconds = 0.25,
	.open = open_memory,
	.close = free,
	.reset = reset,
	.step = step,
	.observe = observe,
	.read_metrics = read_metrics,
	.draw = draw,
};

BERN_PLUGIN(memorylength, &memory_length);
