/* Blackjack: take cards for a sum near 21, not above it, and nearer than the dealer's.
 *
 * Sutton & Barto 2018, example 5.1; Gymnasium's Blackjack-v1 with the same draws. Read in its source
 * (gymnasium/envs/toy_text/blackjack.py and the registry): cards are drawn with replacement by Generator.choice of 13, the dealer's
 * two first; a reset then draws a suit for the dealer's open card and, if that is a ten, its picture (both for drawing only, but
 * they use up random numbers); the registry sets sab (the rules of the book: a natural wins unless the dealer has one too).
 */
#include <bern/env.h>
#include <bern/rng.h>

#include <stdio.h>
#include <stdlib.h>

enum { P_SAB, P_NATURAL, P_COUNT };
enum { STICK, HIT };

static const bern_param params[P_COUNT] = {
	[P_SAB] = {"sab", "the book's rules: a natural wins unless the dealer has one too",
		   BERN_BOOL, 0, "true", 0, 0, NULL},
	[P_NATURAL] = {"natural", "without sab: whether winning with a natural pays 1.5", BERN_BOOL,
		       0, "false", 0, 0, NULL},
};

/* What counts of some cards. */
typedef struct hand {
	int32_t sum; /* aces as 1 */
	int32_t has_ace;
	int32_t cards;
} hand;

typedef struct state {
	hand player, dealer;
	int32_t shown; /* the dealer's open card, 1 an ace */
	int32_t over;  /* 1 after the last step */
	int32_t won;   /* 1, 0 or -1 when over */
} state;

static const bern_field fields[] = {
	{"player_sum", BERN_I32, 1, offsetof(state, player.sum)},
	{"player_has_ace", BERN_I32, 1, offsetof(state, player.has_ace)},
	{"player_cards", BERN_I32, 1, offsetof(state, player.cards)},
	{"dealer_sum", BERN_I32, 1, offsetof(state, dealer.sum)},
	{"dealer_has_ace", BERN_I32, 1, offsetof(state, dealer.has_ace)},
	{"dealer_cards", BERN_I32, 1, offsetof(state, dealer.cards)},
	{"dealer_shown", BERN_I32, 1, offsetof(state, shown)},
	{"over", BERN_I32, 1, offsetof(state, over)},
	{"won", BERN_I32, 1, offsetof(state, won)},
};

typedef struct model {
	int sab, natural;
} model;

static const int32_t observation_sizes[3] = {32, 11, 2};
static const char *const observation_labels[3] = {"player_sum", "dealer_shown", "usable_ace"};
static const int32_t action_sizes[1] = {2};
static const char *const action_labels[2] = {"stick", "hit"};
static const char *const action_keys[2] = {"left", "right"};

static const char *const metrics[] = {"won"};

static int32_t open_blackjack(const bern_value *values, bern_instance *out, char *err,
			      size_t err_size)
{
	model *m = calloc(1, sizeof *m);
	if (!m) {
		snprintf(err, err_size, "no memory for the model");
		return 1;
	}
	m->sab = values[P_SAB].i != 0;
	m->natural = values[P_NATURAL].i != 0;
	out->model = m;
	out->state_size = sizeof(state);
	out->observation = (bern_space){.kind = BERN_MULTI_DISCRETE,
					.count = 3,
					.sizes = observation_sizes,
					.labels = observation_labels};
	out->action = (bern_space){.kind = BERN_DISCRETE,
				   .count = 1,
				   .sizes = action_sizes,
				   .labels = action_labels,
				   .keys = action_keys};
	out->max_return = m->natural && !m->sab ? 1.5 : 1;
	out->has_max_return = 1;
	return 0;
}

/* Adds a card of 13 kinds, of which the last four count 10; returns what it counts. */
static int32_t deal(hand *h, bern_rng *rng)
{
	int32_t card = 1 + (int32_t)bern_rng_below(rng, 13);
	card = card > 10 ? 10 : card;
	h->sum += card;
	h->has_ace |= card == 1;
	h->cards++;
	return card;
}

static int32_t usable_ace(const hand *h)
{
	return h->has_ace && h->sum + 10 <= 21;
}

static int32_t total(const hand *h)
{
	return usable_ace(h) ? h->sum + 10 : h->sum;
}

static int is_natural(const hand *h)
{
	return h->cards == 2 && h->has_ace && h->sum == 11;
}

/* What a hand is worth in the end: nothing above 21. */
static int32_t score(const hand *h)
{
	return total(h) > 21 ? 0 : total(h);
}

static void reset(const void *model_, void *state_, bern_rng *rng)
{
	state *s = state_;
	(void)model_;
	*s = (state){0};
	s->shown = deal(&s->dealer, rng);
	deal(&s->dealer, rng);
	deal(&s->player, rng);
	deal(&s->player, rng);
	(void)bern_rng_below(rng, 4);
	if (s->shown == 10)
		(void)bern_rng_below(rng, 3);
}

static double settle(const model *m, const state *s)
{
	int32_t mine = score(&s->player), theirs = score(&s->dealer);
	double reward = (mine > theirs) - (mine < theirs);
	if (m->sab)
		return is_natural(&s->player) && !is_natural(&s->dealer) ? 1 : reward;
	return m->natural && is_natural(&s->player) && reward > 0 ? 1.5 : reward;
}

static void step(const void *model_, void *state_, bern_rng *rng, const void *action,
		 bern_outcome *out)
{
	const model *m = model_;
	state *s = state_;
	if (*(const int32_t *)action == HIT) {
		deal(&s->player, rng);
		s->over = total(&s->player) > 21;
		out->reward = s->over ? -1 : 0;
	} else {
		while (total(&s->dealer) < 17)
			deal(&s->dealer, rng);
		s->over = 1;
		out->reward = settle(m, s);
	}
	s->won = (out->reward > 0) - (out->reward < 0);
	out->flags = s->over ? BERN_TERMINATED : 0;
}

static void observe(const void *model_, const void *state_, void *observation)
{
	const state *s = state_;
	int32_t *o = observation; /* (3) */
	(void)model_;
	o[0] = total(&s->player);
	o[1] = s->shown;
	o[2] = usable_ace(&s->player);
}

static void read_metrics(const void *model_, const void *state_, double *out)
{
	const state *s = state_;
	(void)model_;
	out[0] = s->won > 0;
}

/* A row of cards, of which only the count is known, with a text beside it. */
static void draw_hand(const bern_canvas *c, double y, int32_t cards, const char *text)
{
	const uint32_t paper = BERN_RGB(255, 255, 255), blue = BERN_RGB(0x00, 0x72, 0xb2);
	for (int32_t i = 0; i < cards; i++) {
		double x = 0.4 + 0.45 * i;
		c->rect(c->user, x, y, 0.8, 1.2, BERN_RGB(40, 60, 50));
		c->rect(c->user, x + 0.03, y + 0.03, 0.74, 1.14, paper);
		c->rect(c->user, x + 0.12, y + 0.12, 0.56, 0.96, blue);
	}
	c->text(c->user, 3.2, y + 1.35, 0.4, paper, text);
}

static void draw(const void *model_, const void *state_, const bern_canvas *c)
{
	const state *s = state_;
	const uint32_t table = BERN_RGB(70, 110, 90);
	char text[64];
	(void)model_;
	c->view(c->user, 0, 0, 6.4, 4.6);
	c->rect(c->user, 0, 0, 6.4, 4.6, table);
	if (s->over)
		snprintf(text, sizeof text, "dealer %d", (int)total(&s->dealer));
	else
		snprintf(text, sizeof text, "dealer shows %d", (int)s->shown);
	draw_hand(c, 2.6, s->dealer.cards, text);
	snprintf(text, sizeof text, "player %d%s%s", (int)total(&s->player),
		 usable_ace(&s->player) ? ", ace as 11" : "",
		 !s->over     ? ""
		 : s->won > 0 ? ", won"
		 : s->won < 0 ? ", lost"
			      : ", drawn");
	draw_hand(c, 0.4, s->player.cards, text);
}

static const bern_env blackjack = {
	.abi = BERN_ENV_ABI,
	.struct_size = sizeof(bern_env),
	.id = "Blackjack-v1",
	.summary = "take cards until near enough to 21",
	.source = "Sutton & Barto 2018, example 5.1; Gymnasium Blackjack-v1",
	.params = params,
	.fields = fields,
	.metrics = metrics,
	.param_count = P_COUNT,
	.field_count = sizeof fields / sizeof fields[0],
	.metric_count = sizeof metrics / sizeof metrics[0],
	.has_returns = 1,
	.random_return = -0.3942,
	.solved_return = -0.06, /* the best that can be had is -0.0431 */
	.step_seconds = 0.5,
	.open = open_blackjack,
	.close = free,
	.reset = reset,
	.step = step,
	.observe = observe,
	.read_metrics = read_metrics,
	.draw = draw,
};

BERN_PLUGIN(blackjack, &blackjack);
