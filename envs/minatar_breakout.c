/* Breakout of MinAtar: a paddle keeps a ball in play that takes bricks out of a wall.
 *
 * Rules, order of events and order of draws as in version 1.0.15 of the original: see minatar.h. Channels: paddle, ball, trail
 * (the cell that the ball came from), brick. The ball always moves diagonally.
 */
#include "minatar.h"

#define FULL_ROW 0x3ff

/* Directions of the ball, clockwise: ^ 1 mirrors left and right, 3 - mirrors up and down, ^ 2 does both. */
enum { UP_LEFT, UP_RIGHT, DOWN_RIGHT, DOWN_LEFT };

typedef struct state {
	int32_t paddle;         /* column; it is in row 9 */
	int32_t x, y;           /* the ball */
	int32_t last_x, last_y; /* where it was before the last step */
	int32_t direction;
	int32_t strike;    /* 1: a brick was hit and the ball has not been clear of bricks since */
	int32_t bricks[3]; /* rows 1..3, bit x for column x */
	int32_t action;    /* carried out last */
} state;

static const bern_field fields[] = {
	{"paddle", BERN_I32, 1, offsetof(state, paddle)},
	{"x", BERN_I32, 1, offsetof(state, x)},
	{"y", BERN_I32, 1, offsetof(state, y)},
	{"last_x", BERN_I32, 1, offsetof(state, last_x)},
	{"last_y", BERN_I32, 1, offsetof(state, last_y)},
	{"direction", BERN_I32, 1, offsetof(state, direction)},
	{"strike", BERN_I32, 1, offsetof(state, strike)},
	{"bricks", BERN_I32, 3, offsetof(state, bricks)},
	{"action", BERN_I32, 1, offsetof(state, action)},
};

static void fill_wall(state *s)
{
	for (int32_t i = 0; i < 3; i++)
		s->bricks[i] = FULL_ROW;
}

static void reset(const void *model, void *state_, bern_rng *rng)
{
	state *s = state_;
	(void)model;
	int32_t right = bern_rng_below(rng, 2) == 1;
	*s = (state){.paddle = 4,
		     .x = right ? 9 : 0,
		     .y = 3,
		     .last_x = right ? 9 : 0,
		     .last_y = 3,
		     .direction = right ? DOWN_LEFT : DOWN_RIGHT};
	fill_wall(s);
}

static void step(const void *model, void *state_, bern_rng *rng, const void *action,
		 bern_outcome *out)
{
	state *s = state_;
	int32_t a = minatar_act(model, &s->action, rng, action);
	s->paddle = minatar_walk(s->paddle, a);

	s->last_x = s->x;
	s->last_y = s->y;
	int32_t x = s->x + (s->direction == UP_RIGHT || s->direction == DOWN_RIGHT ? 1 : -1);
	int32_t y = s->y + (s->direction >= DOWN_RIGHT ? 1 : -1);
	if (!minatar_inside(x)) {
		x = x < 0 ? 0 : MINATAR_SIDE - 1;
		s->direction ^= 1;
	}
	int32_t touched = y >= 1 && y <= 3 && (s->bricks[y - 1] >> x & 1);
	if (y < 0) {
		y = 0;
		s->direction = 3 - s->direction;
	} else if (touched) {
		/* while the mark is set the ball passes through */
		if (!s->strike) {
			out->reward = 1;
			s->strike = 1;
			s->bricks[y - 1] &= ~(1 << x);
			y = s->last_y;
			s->direction = 3 - s->direction;
		}
	} else if (y == MINATAR_SIDE - 1) {
		if (!(s->bricks[0] | s->bricks[1] | s->bricks[2]))
			fill_wall(s);
		if (s->last_x == s->paddle) {
			s->direction = 3 - s->direction;
			y = s->last_y;
		} else if (x == s->paddle) {
			s->direction ^= 2;
			y = s->last_y;
		} else {
			out->flags = BERN_TERMINATED;
		}
	}
	if (!touched)
		s->strike = 0;
	s->x = x;
	s->y = y;
}

static void observe(const void *model, const void *state_, void *observation)
{
	const state *s = state_;
	uint8_t *board = observation; /* (4, 10, 10) */
	(void)model;
	memset(board, 0, (size_t)4 * MINATAR_CELLS);
	minatar_light(board, 0, s->paddle, MINATAR_SIDE - 1);
	minatar_light(board, 1, s->x, s->y);
	minatar_light(board, 2, s->last_x, s->last_y);
	for (int32_t i = 0; i < 3; i++)
		minatar_light_row(board, 3, i + 1, s->bricks[i]);
}

static const minatar_channel channels[4] = {{"paddle", BERN_RGB(0x56, 0xb4, 0xe9)},
					    {"ball", BERN_RGB(0xf0, 0xe4, 0x42)},
					    {"trail", BERN_RGB(120, 116, 70)},
					    {"brick", BERN_RGB(0xd5, 0x5e, 0x00)}};
static const uint8_t layers[4] = {3, 2, 1, 0};
static const int32_t actions[3] = {MINATAR_NONE, MINATAR_LEFT, MINATAR_RIGHT};
static const minatar_game game = {.channels = channels,
				  .layers = layers,
				  .actions = actions,
				  .channel_count = 4,
				  .action_count = 3,
				  .param_count = MINATAR_P_RAMPING,
				  .state_size = sizeof(state),
				  .observe = observe};
MINATAR_OPENERS(game);

#define TABLE(id_, random_, open_)                                                                 \
	MINATAR_TABLE(id_, "keep a ball in play that takes bricks out of a wall", fields,          \
		      MINATAR_P_RAMPING, random_, 17.5, open_, reset, step, observe)

/* solved: the published actor-critic (lambda 0.8) after 5 million frames */
static const bern_env v0 = TABLE("Breakout-v0", 0.50, open_all);
static const bern_env v1 = TABLE("Breakout-v1", 0.38, open_few);

BERN_PLUGIN(minatar_breakout, &v0, &v1);
