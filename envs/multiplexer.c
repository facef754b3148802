/* The multiplexer: k address bits choose one of 2^k data bits, and the action must be that bit. One step an episode.
 *
 * Barto 1985, "Learning by statistical cooperation of self-interested neuron-like computing elements", with k = 2; with k = 4 in
 * Chung 2020, "MAP propagation algorithm", and in his work on weight maximisation. All bits are fair coin tosses; right pays 1, wrong -1.
 *
 * What it tests: a network whose hidden neurons must share out the addresses, with a reward as the only teacher: no single
 * input tells anything about the action.
 */
#include <bern/env.h>
#include <bern/rng.h>

#include <stdio.h>
#include <stdlib.h>

enum { P_ADDRESS_BITS, P_COUNT };
enum { MOST = 6 };

static const bern_param params[P_COUNT] = {
	[P_ADDRESS_BITS] = {"address_bits", "k; there are 2^k data bits", BERN_INT, 0, "4", 1, MOST,
			    NULL},
};

typedef struct state {
	uint64_t data;   /* bit i is data bit i */
	int32_t address; /* its most significant bit is the first input */
	int32_t answer;  /* the action taken; -1 before */
} state;

static const bern_field fields[] = {
	{"data", BERN_I64, 1, offsetof(state, data)},
	{"address", BERN_I32, 1, offsetof(state, address)},
	{"answer", BERN_I32, 1, offsetof(state, answer)},
};

typedef struct model {
	int32_t k;
} model;

static const int32_t action_sizes[1] = {2};
static const char *const action_names[2] = {"0", "1"};
static const char *const action_keys[2] = {"left", "right"};

static const char *const metrics[] = {"right"};

static int32_t open_multiplexer(const bern_value *values, bern_instance *out, char *err,
				size_t err_size)
{
	model *m = calloc(1, sizeof *m);
	if (!m) {
		snprintf(err, err_size, "no memory for the model");
		return 1;
	}
	m->k = (int32_t)values[P_ADDRESS_BITS].i;
	out->model = m;
	out->state_size = sizeof(state);
	out->observation = (bern_space){.kind = BERN_MULTI_BINARY,
					.count = (uint32_t)m->k + (UINT32_C(1) << m->k)};
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
	s->address = (int32_t)bern_rng_below(rng, UINT64_C(1) << m->k);
	s->data = bern_rng_u64(rng) >> (64 - (UINT64_C(1) << m->k));
	s->answer = -1;
}

static int32_t wanted(const state *s)
{
	return (int32_t)(s->data >> s->address & 1);
}

static void step(const void *model_, void *state_, bern_rng *rng, const void *action,
		 bern_outcome *out)
{
	state *s = state_;
	(void)model_;
	(void)rng;
	s->answer = *(const int32_t *)action;
	out->reward = s->answer == wanted(s) ? 1 : -1;
	out->flags = BERN_TERMINATED;
}

static void observe(const void *model_, const void *state_, void *observation)
{
	const model *m = model_;
	const state *s = state_;
	uint8_t *o = observation; /* (k + 2^k) */
	for (int32_t i = 0; i < m->k; i++)
		*o++ = (uint8_t)(s->address >> (m->k - 1 - i) & 1);
	for (int32_t i = 0; i < 1 << m->k; i++)
		*o++ = (uint8_t)(s->data >> i & 1);
}

static void read_metrics(const void *model_, const void *state_, double *out)
{
	const state *s = state_;
	(void)model_;
	out[0] = s->answer == wanted(s);
}

static void draw(const void *model_, const void *state_, const bern_canvas *c)
{
	const model *m = model_;
	const state *s = state_;
	const uint32_t ink = BERN_RGB(60, 60, 60), paper = BERN_RGB(255, 255, 255);
	const uint32_t blue = BERN_RGB(0x00, 0x72, 0xb2), orange = BERN_RGB(0xe6, 0x9f, 0x00);
	int32_t count = 1 << m->k;
	double slot = 15.0 / count;
	c->view(c->user, 0, 0, 16, 7);
	c->rect(c->user, 0, 0, 16, 7, paper);
	for (int32_t i = 0; i < m->k; i++)
		c->text(c->user, 8 + 0.9 * (i - 0.5 * (m->k - 1)), 5.6, 0.9, ink,
			s->address >> (m->k - 1 - i) & 1 ? "1" : "0");
	for (int32_t i = 0; i < count; i++) {
		double x = 0.5 + slot * i;
		c->rect(c->user, x, 2.6, slot, 1.2, i == s->address ? orange : ink);
		c->rect(c->user, x + 0.08 * slot, 2.7, 0.84 * slot, 1,
			s->data >> i & 1 ? blue : paper);
	}
	c->line(c->user, 8, 5.2, 0.5 + slot * (s->address + 0.5), 3.9, 0.06, orange);
	if (s->answer >= 0)
		c->text(c->user, 8, 0.9, 0.9, s->answer == wanted(s) ? blue : orange,
			s->answer ? "1" : "0");
}

static const bern_env multiplexer = {
	.abi = BERN_ENV_ABI,
	.struct_size = sizeof(bern_env),
	.id = "Multiplexer-v0",
	.summary = "answer with the data bit that the address names (a probe of hidden neurons)",
	.source = "Barto 1985, Human Neurobiology 4; Chung 2020, arXiv 2010.07893",
	.params = params,
	.fields = fields,
	.metrics = metrics,
	.param_count = P_COUNT,
	.field_count = sizeof fields / sizeof fields[0],
	.metric_count = sizeof metrics / sizeof metrics[0],
	.has_returns = 1,
	.random_return = 0,
	.solved_return = 0.9,
	.step_seconds = 0.5,
	.open = open_multiplexer,
	.close = free,
	.reset = reset,
	.step = step,
	.observe = observe,
	.read_metrics = read_metrics,
	.draw = draw,
};

BERN_PLUGIN(multiplexer, &multiplexer);
