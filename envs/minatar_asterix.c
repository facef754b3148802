/* Asterix of MinAtar: gold and enemies cross eight rows; the player collects gold and keeps clear of enemies.
 *
 * Rules, order of events and order of draws as in version 1.0.15 of the original: see minatar.h. Channels: player, enemy, trail
 * (the cell that a thing came from), gold.
 */
#include "minatar.h"

#define SLOTS     8 /* slot k is row k + 1 */
#define RAMP_TIME 100

enum { EMPTY, ENEMY, GOLD };

typedef struct state {
	int32_t x, y;                          /* the player */
	int32_t spawn_interval, move_interval; /* steps */
	int32_t spawn_timer, move_timer;       /* steps until something appears, moves */
	int32_t ramp_timer, ramp_index;
	int32_t action;       /* carried out last */
	uint8_t kind[SLOTS];  /* EMPTY, ENEMY or GOLD */
	uint8_t at[SLOTS];    /* column */
	uint8_t right[SLOTS]; /* 1: moves right, 0: left */
} state;

static const bern_field fields[] = {
	{"x", BERN_I32, 1, offsetof(state, x)},
	{"y", BERN_I32, 1, offsetof(state, y)},
	{"spawn_interval", BERN_I32, 1, offsetof(state, spawn_interval)},
	{"move_interval", BERN_I32, 1, offsetof(state, move_interval)},
	{"spawn_timer", BERN_I32, 1, offsetof(state, spawn_timer)},
	{"move_timer", BERN_I32, 1, offsetof(state, move_timer)},
	{"ramp_timer", BERN_I32, 1, offsetof(state, ramp_timer)},
	{"ramp_index", BERN_I32, 1, offsetof(state, ramp_index)},
	{"action", BERN_I32, 1, offsetof(state, action)},
	{"kind", BERN_U8, SLOTS, offsetof(state, kind)},
	{"at", BERN_U8, SLOTS, offsetof(state, at)},
	{"right", BERN_U8, SLOTS, offsetof(state, right)},
};

static void reset(const void *model, void *state_, bern_rng *rng)
{
	state *s = state_;
	(void)model;
	(void)rng;
	*s = (state){.x = 5,
		     .y = 5,
		     .spawn_interval = 10,
		     .move_interval = 5,
		     .spawn_timer = 10,
		     .move_timer = 5,
		     .ramp_timer = RAMP_TIME};
}

/* Something appears at an edge, in an empty row if there is one. */
static void spawn(state *s, bern_rng *rng)
{
	int32_t empty[SLOTS];
	uint32_t count = 0;
	uint8_t right = bern_rng_uniform(rng) < 0.5;
	uint8_t kind = bern_rng_uniform(rng) < 1.0 / 3.0 ? GOLD : ENEMY;
	for (int32_t k = 0; k < SLOTS; k++)
		if (s->kind[k] == EMPTY)
			empty[count++] = k;
	if (count == 0)
		return;
	int32_t k = empty[bern_rng_below(rng, count)];
	s->kind[k] = kind;
	s->right[k] = right;
	s->at[k] = right ? 0 : MINATAR_SIDE - 1;
}

/* What happens if the thing of slot k stands on the player. */
static void meet(state *s, int32_t k, bern_outcome *out)
{
	if (s->kind[k] == EMPTY || s->at[k] != s->x || k + 1 != s->y)
		return;
	if (s->kind[k] == GOLD) {
		out->reward += 1;
		s->kind[k] = EMPTY;
	} else {
		out->flags = BERN_TERMINATED;
	}
}

static void ramp(state *s)
{
	if (s->spawn_interval <= 1 && s->move_interval <= 1)
		return;
	if (s->ramp_timer >= 0) {
		s->ramp_timer--;
		return;
	}
	if (s->move_interval > 1 && s->ramp_index % 2)
		s->move_interval--;
	if (s->spawn_interval > 1)
		s->spawn_interval--;
	s->ramp_index++;
	s->ramp_timer = RAMP_TIME;
}

static void step(const void *model, void *state_, bern_rng *rng, const void *action,
		 bern_outcome *out)
{
	const minatar_model *m = model;
	state *s = state_;
	int32_t a = minatar_act(m, &s->action, rng, action);
	if (s->spawn_timer == 0) {
		spawn(s, rng);
		s->spawn_timer = s->spawn_interval;
	}

	s->x = minatar_walk(s->x, a);
	if (a == MINATAR_UP && s->y > 1)
		s->y--;
	if (a == MINATAR_DOWN && s->y < SLOTS)
		s->y++;
	meet(s, s->y - 1, out);

	if (s->move_timer == 0) {
		s->move_timer = s->move_interval;
		for (int32_t k = 0; k < SLOTS; k++) {
			int32_t x = s->at[k] + (s->right[k] ? 1 : -1);
			if (s->kind[k] == EMPTY)
				continue;
			if (!minatar_inside(x)) {
				s->kind[k] = EMPTY;
				continue;
			}
			s->at[k] = (uint8_t)x;
			meet(s, k, out);
		}
	}
	s->spawn_timer--;
	s->move_timer--;
	if (m->ramping)
		ramp(s);
}

static void observe(const void *model, const void *state_, void *observation)
{
	const state *s = state_;
	uint8_t *board = observation; /* (4, 10, 10) */
	(void)model;
	memset(board, 0, (size_t)4 * MINATAR_CELLS);
	minatar_light(board, 0, s->x, s->y);
	for (int32_t k = 0; k < SLOTS; k++) {
		if (s->kind[k] == EMPTY)
			continue;
		minatar_light(board, s->kind[k] == GOLD ? 3 : 1, s->at[k], k + 1);
		minatar_light(board, 2, s->at[k] + (s->right[k] ? -1 : 1), k + 1);
	}
}

static const minatar_channel channels[4] = {{"player", BERN_RGB(0x56, 0xb4, 0xe9)},
					    {"enemy", BERN_RGB(0xd5, 0x5e, 0x00)},
					    {"trail", BERN_RGB(90, 94, 104)},
					    {"gold", BERN_RGB(0xf0, 0xe4, 0x42)}};
static const uint8_t layers[4] = {2, 3, 1, 0};
static const int32_t actions[5] = {MINATAR_NONE, MINATAR_LEFT, MINATAR_UP, MINATAR_RIGHT,
				   MINATAR_DOWN};
static const minatar_game game = {.channels = channels,
				  .layers = layers,
				  .actions = actions,
				  .channel_count = 4,
				  .action_count = 5,
				  .param_count = MINATAR_P_COUNT,
				  .state_size = sizeof(state),
				  .observe = observe};
MINATAR_OPENERS(game);

#define TABLE(id_, random_, open_)                                                                 \
	MINATAR_TABLE(id_, "collect gold between enemies that cross the board", fields,            \
		      MINATAR_P_COUNT, random_, 19, open_, reset, step, observe)

/* solved: the published actor-critic (lambda 0.8) after 5 million frames */
static const bern_env v0 = TABLE("Asterix-v0", 0.49, open_all);
static const bern_env v1 = TABLE("Asterix-v1", 0.52, open_few);

BERN_PLUGIN(minatar_asterix, &v0, &v1);
