/* Freeway of MinAtar: a chicken crosses eight lanes of cars, again and again, until the time is over.
 *
 * Rules, order of events and order of draws as in version 1.0.15 of the original: see minatar.h. Channels: chicken, car, and one
 * for each speed, in which the cell behind a car tells how many steps it waits before each move. A draw of exactly 1/2 for a
 * car's direction leaves it standing in the original; here it then moves left.
 */
#include "minatar.h"

#define CARS         8 /* car k is in row k + 1 */
#define COLUMN       4 /* of the chicken */
#define START_ROW    9
#define MOVE_TIME    3    /* steps between moves of the chicken */
#define GAME_TIME    2500 /* the step that takes the timer below 0 is the last: 2,501 steps */
#define CHANNEL_CAR  1
#define MOST_WAITING 5

typedef struct state {
	int32_t y;          /* row of the chicken */
	int32_t move_timer; /* steps until it may move */
	int32_t game_timer; /* steps left; -1 at the end */
	int32_t action;     /* carried out last */
	uint8_t at[CARS];   /* column */
	uint8_t wait[CARS]; /* 1..5 steps that a car stands between two moves */
	uint8_t timer[CARS];
	uint8_t right[CARS]; /* 1: moves right, 0: left */
} state;

static const bern_field fields[] = {
	{"y", BERN_I32, 1, offsetof(state, y)},
	{"move_timer", BERN_I32, 1, offsetof(state, move_timer)},
	{"game_timer", BERN_I32, 1, offsetof(state, game_timer)},
	{"action", BERN_I32, 1, offsetof(state, action)},
	{"at", BERN_U8, CARS, offsetof(state, at)},
	{"wait", BERN_U8, CARS, offsetof(state, wait)},
	{"timer", BERN_U8, CARS, offsetof(state, timer)},
	{"right", BERN_U8, CARS, offsetof(state, right)},
};

/* New speeds and directions; the cars stay where they are. */
static void set_up_cars(state *s, bern_rng *rng)
{
	for (size_t k = 0; k < CARS; k++)
		s->timer[k] = s->wait[k] = (uint8_t)(1 + bern_rng_below(rng, MOST_WAITING));
	for (size_t k = 0; k < CARS; k++)
		s->right[k] = bern_rng_uniform(rng) > 0.5;
}

static void reset(const void *model, void *state_, bern_rng *rng)
{
	state *s = state_;
	(void)model;
	*s = (state){.y = START_ROW, .move_timer = MOVE_TIME, .game_timer = GAME_TIME};
	set_up_cars(s, rng);
}

/* The cell ahead of a car or, with ahead = 0, behind it; the board is round. */
static int32_t beside(const state *s, int32_t k, int32_t ahead)
{
	int32_t x = s->at[k] + (s->right[k] == ahead ? 1 : -1);
	return x < 0 ? MINATAR_SIDE - 1 : x == MINATAR_SIDE ? 0 : x;
}

static void step(const void *model, void *state_, bern_rng *rng, const void *action,
		 bern_outcome *out)
{
	state *s = state_;
	int32_t a = minatar_act(model, &s->action, rng, action);
	if (s->move_timer == 0 && (a == MINATAR_UP || a == MINATAR_DOWN)) {
		s->move_timer = MOVE_TIME;
		if (a == MINATAR_UP && s->y > 0)
			s->y--;
		if (a == MINATAR_DOWN && s->y < MINATAR_SIDE - 1)
			s->y++;
	}
	if (s->y == 0) {
		out->reward = 1;
		set_up_cars(s, rng);
		s->y = START_ROW;
	}
	for (int32_t k = 0; k < CARS; k++) {
		if (s->at[k] == COLUMN && k + 1 == s->y)
			s->y = START_ROW;
		if (s->timer[k] > 0) {
			s->timer[k]--;
			continue;
		}
		s->timer[k] = s->wait[k];
		s->at[k] = (uint8_t)beside(s, k, 1);
		if (s->at[k] == COLUMN && k + 1 == s->y)
			s->y = START_ROW;
	}
	if (s->move_timer > 0)
		s->move_timer--;
	if (--s->game_timer < 0)
		out->flags = BERN_TERMINATED;
}

static void observe(const void *model, const void *state_, void *observation)
{
	const state *s = state_;
	uint8_t *board = observation; /* (7, 10, 10) */
	(void)model;
	memset(board, 0, (size_t)7 * MINATAR_CELLS);
	minatar_light(board, 0, COLUMN, s->y);
	for (int32_t k = 0; k < CARS; k++) {
		minatar_light(board, CHANNEL_CAR, s->at[k], k + 1);
		minatar_light(board, CHANNEL_CAR + s->wait[k], beside(s, k, 0), k + 1);
	}
}

static const minatar_channel channels[7] = {
	{"chicken", BERN_RGB(0xf0, 0xe4, 0x42)}, {"car", BERN_RGB(0xd5, 0x5e, 0x00)},
	{"speed 1", BERN_RGB(230, 230, 236)},    {"speed 2", BERN_RGB(190, 192, 202)},
	{"speed 3", BERN_RGB(150, 154, 166)},    {"speed 4", BERN_RGB(112, 116, 130)},
	{"speed 5", BERN_RGB(78, 82, 96)}};
static const uint8_t layers[7] = {6, 5, 4, 3, 2, 1, 0};
static const int32_t actions[3] = {MINATAR_NONE, MINATAR_UP, MINATAR_DOWN};
static const minatar_game game = {.channels = channels,
				  .layers = layers,
				  .actions = actions,
				  .channel_count = 7,
				  .action_count = 3,
				  .param_count = MINATAR_P_RAMPING,
				  .state_size = sizeof(state),
				  .observe = observe};
MINATAR_OPENERS(game);

#define TABLE(id_, random_, open_)                                                                 \
	MINATAR_TABLE(id_, "cross eight lanes of cars as often as the time allows", fields,        \
		      MINATAR_P_RAMPING, random_, 47, open_, reset, step, observe)

/* solved: the published actor-critic (lambda 0.8) after 5 million frames */
static const bern_env v0 = TABLE("Freeway-v0", 0.18, open_all);
static const bern_env v1 = TABLE("Freeway-v1", 0.44, open_few);

BERN_PLUGIN(minatar_freeway, &v0, &v1);
