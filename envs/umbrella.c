/* Umbrella chain: whether an umbrella is needed is shown, the first action takes it or not, and the last step tells who was right.
 *
 * bsuite's umbrella_length and umbrella_distract (bsuite/environments/umbrella_chain.py; Osband et al. 2020): the observation is
 * need, have, time left (1 falling to 0), and `distractors` bits drawn anew at each step. Only the first action counts. Steps
 * before the last pay 1 or -1 by chance; the last one pays 1 if have = need, else -1. bsuite draws with numpy's older generator, so
 * its seeds give other episodes.
 *
 * What it tests: credit to one step among `length` whose rewards are noise, and among inputs that mean nothing.
 */
#include <bern/env.h>
#include <bern/rng.h>

#include <stdio.h>
#include <stdlib.h>

enum { P_LENGTH, P_DISTRACTORS, P_COUNT };
enum { MOST = 100, FIXED = 3 };

static const bern_param params[P_COUNT] = {
	[P_LENGTH] = {"length", "steps of an episode", BERN_INT, 0, "10", 1, 1000, NULL},
	[P_DISTRACTORS] = {"distractors", "inputs that are coin tosses", BERN_INT, 0, "20", 0, MOST,
			   NULL},
};

typedef struct state {
	int32_t time, need, have, reserved;
	uint8_t tosses[MOST]; /* (distractors), of the observation shown */
} state;

static const bern_field fields[] = {
	{"time", BERN_I32, 1, offsetof(state, time)},
	{"need", BERN_I32, 1, offsetof(state, need)},
	{"have", BERN_I32, 1, offsetof(state, have)},
};

typedef struct model {
	int32_t length, distractors;
	float low[FIXED + MOST], high[FIXED + MOST];
	const char *labels[FIXED + MOST];
	char names[MOST][12];
} model;

static const int32_t action_sizes[1] = {2};
static const char *const action_names[2] = {"leave", "take"};
static const char *const action_keys[2] = {"left", "right"};

static const char *const metrics[] = {"right"};

static int32_t open_chain(const bern_value *values, bern_instance *out, char *err, size_t err_size)
{
	static const char *const labels[FIXED] = {"need", "have", "time_left"};
	model *m = calloc(1, sizeof *m);
	if (!m) {
		snprintf(err, err_size, "no memory for the model");
		return 1;
	}
	m->length = (int32_t)values[P_LENGTH].i;
	m->distractors = (int32_t)values[P_DISTRACTORS].i;
	for (int32_t i = 0; i < FIXED + m->distractors; i++) {
		m->high[i] = 1;
		if (i >= FIXED)
			snprintf(m->names[i - FIXED], sizeof m->names[0], "toss_%d",
				 (int)(i - FIXED));
		m->labels[i] = i < FIXED ? labels[i] : m->names[i - FIXED];
	}
	out->model = m;
	out->state_size = sizeof(state);
	out->observation = (bern_space){.kind = BERN_BOX,
					.count = (uint32_t)(FIXED + m->distractors),
					.low = m->low,
					.high = m->high,
					.labels = m->labels};
	out->action = (bern_space){.kind = BERN_DISCRETE,
				   .count = 1,
				   .sizes = action_sizes,
				   .labels = action_names,
				   .keys = action_keys};
	/* with luck at every step */
	out->max_return = m->length;
	out->has_max_return = 1;
	return 0;
}

static void toss(const model *m, state *s, bern_rng *rng)
{
	int32_t i = 0;
	if (i < m->distractors && rng->has_half)
		s->tosses[i++] = (uint8_t)bern_rng_below(rng, 2);
	/* What bern_rng_below(rng, 2) gives, two at a time: the highest bits of both halves of a draw. */
	for (; i + 1 < m->distractors; i += 2) {
		uint64_t pair = bern_rng_u64(rng);
		s->tosses[i] = pair >> 31 & 1;
		s->tosses[i + 1] = (uint8_t)(pair >> 63);
	}
	if (i < m->distractors)
		s->tosses[i] = (uint8_t)bern_rng_below(rng, 2);
}

static void reset(const void *model_, void *state_, bern_rng *rng)
{
	const model *m = model_;
	state *s = state_;
	*s = (state){0};
	s->need = (int32_t)bern_rng_below(rng, 2);
	s->have = (int32_t)bern_rng_below(rng, 2);
	toss(m, s, rng);
}

static void step(const void *model_, void *state_, bern_rng *rng, const void *action,
		 bern_outcome *out)
{
	const model *m = model_;
	state *s = state_;
	s->time++;
	if (s->time == 1)
		s->have = *(const int32_t *)action;
	if (s->time == m->length) {
		out->reward = s->have == s->need ? 1 : -1;
		out->flags = BERN_TERMINATED;
	} else {
		out->reward = bern_rng_below(rng, 2) ? 1 : -1;
	}
	toss(m, s, rng);
}

static void observe(const void *model_, const void *state_, void *observation)
{
	const model *m = model_;
	const state *s = state_;
	float *o = observation; /* (FIXED + distractors) */
	o[0] = (float)s->need;
	o[1] = (float)s->have;
	o[2] = (float)(1 - (double)s->time / m->length);
	for (int32_t i = 0; i < m->distractors; i++)
		o[FIXED + i] = s->tosses[i];
}

static void read_metrics(const void *model_, const void *state_, double *out)
{
	const state *s = state_;
	(void)model_;
	out[0] = s->time > 0 && s->have == s->need;
}

static void draw(const void *model_, const void *state_, const bern_canvas *c)
{
	const model *m = model_;
	const state *s = state_;
	const uint32_t ink = BERN_RGB(60, 60, 60), blue = BERN_RGB(0x00, 0x72, 0xb2);
	const uint32_t orange = BERN_RGB(0xe6, 0x9f, 0x00), sky = BERN_RGB(232, 242, 248);
	c->view(c->user, 0, 0, 12, 6);
	c->rect(c->user, 0, 0, 12, 6, s->need ? BERN_RGB(206, 214, 222) : sky);
	c->text(c->user, 3, 5.1, 0.5, ink, s->need ? "rain will come" : "it will stay dry");
	if (s->need)
		for (int32_t i = 0; i < 6; i++)
			c->line(c->user, 1 + 0.8 * i, 4.6, 0.8 + 0.8 * i, 3.9, 0.06, blue);
	else
		c->disc(c->user, 3, 4.2, 0.5, orange);
	if (s->have) {
		const double roof[6] = {7, 3.2, 10, 3.2, 8.5, 4.6};
		c->polygon(c->user, roof, 3, blue);
		c->line(c->user, 8.5, 3.2, 8.5, 1.8, 0.1, ink);
	}
	c->text(c->user, 8.5, 5.1, 0.5, ink, s->have ? "with umbrella" : "without");
	/* how far along, and the tosses */
	c->rect(c->user, 0.5, 0.9, 11, 0.3, BERN_RGB(255, 255, 255));
	c->rect(c->user, 0.5, 0.9, 11.0 * s->time / m->length, 0.3, ink);
	for (int32_t i = 0; i < m->distractors; i++)
		c->rect(c->user, 0.5 + 11.0 * i / m->distractors, 0.3, 8.0 / m->distractors, 0.3,
			s->tosses[i] ? ink : BERN_RGB(255, 255, 255));
}

static const bern_env umbrella = {
	.abi = BERN_ENV_ABI,
	.struct_size = sizeof(bern_env),
	.id = "UmbrellaChain-v0",
	.summary = "take an umbrella or not; many steps of noise later it matters (a probe of "
		   "credit)",
	.source = "bsuite umbrella_length, umbrella_distract (Osband et al. 2020, arXiv "
		  "1908.03568)",
	.params = params,
	.fields = fields,
	.metrics = metrics,
	.param_count = P_COUNT,
	.field_count = sizeof fields / sizeof fields[0],
	.metric_count = sizeof metrics / sizeof metrics[0],
	.has_returns = 1,
	.random_return = 0,
	.solved_return = 0.9, /* the best mean is 1 */
	.step_seconds = 0.2,
	.open = open_chain,
	.close = free,
	.reset = reset,
	.step = step,
	.observe = observe,
	.read_metrics = read_metrics,
	.draw = draw,
};

BERN_PLUGIN(umbrella, &umbrella);
