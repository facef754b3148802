/* minatar.h: what the five MinAtar games share: actions, sticky actions, parameters, opening, drawing. Header-only.
 *
 * Young & Tian 2019, "MinAtar: An Atari-inspired testbed for thorough and reproducible reinforcement learning experiments". A
 * game is a board of 10x10 cells in several channels of zeros and ones. x is the column, y the row, row 0 is on top; what lies
 * outside the board is not seen. The observation is one plane for each channel: channel c, row y, column x is byte
 * 100 c + 10 y + x.
 *
 * Id -v0 of a game has all six actions, -v1 only those that do something. Every step first draws a uniform number; below
 * sticky_action_prob the action carried out is the one carried out in the step before. The original remembers that action
 * beyond the end of an episode; here each episode begins with none.
 */
#ifndef BERN_ENVS_MINATAR_H
#define BERN_ENVS_MINATAR_H

#include <bern/env.h>
#include <bern/rng.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINATAR_SIDE    10
#define MINATAR_CELLS   100
#define MINATAR_ACTIONS 6
#define MINATAR_MOST    10 /* channels */

enum minatar_action {
	MINATAR_NONE,
	MINATAR_LEFT,
	MINATAR_UP,
	MINATAR_RIGHT,
	MINATAR_DOWN,
	MINATAR_FIRE
};

/* The parameters; a game whose difficulty does not rise has the first alone. */
enum { MINATAR_P_STICKY, MINATAR_P_RAMPING, MINATAR_P_COUNT };

static const bern_param minatar_params[MINATAR_P_COUNT] = {
	[MINATAR_P_STICKY] = {"sticky_action_prob",
			      "probability that the action before is carried out again", BERN_REAL,
			      0, "0.1", 0, 1, NULL},
	[MINATAR_P_RAMPING] = {"difficulty_ramping", "whether the game grows faster with time",
			       BERN_BOOL, 0, "true", 0, 0, NULL},
};

/* A channel: its name and its colour in a drawing. */
typedef struct minatar_channel {
	const char *name;
	uint32_t color;
} minatar_channel;

/* What is fixed for a game, whatever its parameters. */
typedef struct minatar_game {
	const minatar_channel *channels; /* (channel_count) */
	const uint8_t
		*layers; /* (channel_count) the channels from the bottom of a drawing to its top */
	const int32_t *actions; /* (action_count) of enum minatar_action: what action i of -v1 is */
	uint32_t channel_count, action_count;
	uint32_t param_count; /* of minatar_params */
	uint64_t state_size;
	void (*observe)(const void *model, const void *state, void *observation);
} minatar_game;

typedef struct minatar_model {
	const minatar_game *game;
	double sticky;
	int32_t ramping;
	int32_t action_count;
	int32_t actions[MINATAR_ACTIONS]; /* (action_count) of enum minatar_action */
	const char *labels[MINATAR_ACTIONS], *keys[MINATAR_ACTIONS]; /* (action_count) */
	float low[MINATAR_MOST * MINATAR_CELLS], high[MINATAR_MOST * MINATAR_CELLS];
} minatar_model;

/* Opens a game with all six actions, or with the minimal set. */
static inline int32_t minatar_open(const minatar_game *game, int all_actions,
				   const bern_value *values, bern_instance *out, char *err,
				   size_t err_size)
{
	static const char *const labels[] = {"none", "left", "up", "right", "down", "fire"};
	static const char *const keys[] = {NULL, "left", "up", "right", "down", "space"};
	minatar_model *m = calloc(1, sizeof *m);
	if (!m) {
		snprintf(err, err_size, "no memory for the model");
		return 1;
	}
	m->game = game;
	m->sticky = values[MINATAR_P_STICKY].r;
	m->ramping = game->param_count > MINATAR_P_RAMPING && values[MINATAR_P_RAMPING].i;
	m->action_count = all_actions ? MINATAR_ACTIONS : (int32_t)game->action_count;
	for (int32_t i = 0; i < m->action_count; i++) {
		m->actions[i] = all_actions ? i : game->actions[i];
		m->labels[i] = labels[m->actions[i]];
		m->keys[i] = keys[m->actions[i]];
	}
	for (size_t i = 0; i < MINATAR_MOST * MINATAR_CELLS; i++)
		m->high[i] = 1;

	out->model = m;
	out->state_size = game->state_size;
	out->observation = (bern_space){.kind = BERN_BOX,
					.dtype = BERN_UINT8,
					.count = game->channel_count * MINATAR_CELLS,
					.ndim = 3,
					.shape = {game->channel_count, MINATAR_SIDE, MINATAR_SIDE},
					.low = m->low,
					.high = m->high};
	out->action = (bern_space){.kind = BERN_DISCRETE,
				   .count = 1,
				   .sizes = &m->action_count,
				   .labels = m->labels,
				   .keys = m->keys};
	return 0;
}

/* The action that is carried out; `last` is that of the step before and becomes it. */
static inline int32_t minatar_act(const minatar_model *m, int32_t *last, bern_rng *rng,
				  const void *action)
{
	int32_t given = m->actions[*(const int32_t *)action];
	if (!(bern_rng_uniform(rng) < m->sticky))
		*last = given;
	return *last;
}

static inline int32_t minatar_inside(int32_t x)
{
	return x >= 0 && x < MINATAR_SIDE;
}

/* One cell further left or right, but not off the board. */
static inline int32_t minatar_walk(int32_t x, int32_t action)
{
	if (action == MINATAR_LEFT && x > 0)
		return x - 1;
	if (action == MINATAR_RIGHT && x < MINATAR_SIDE - 1)
		return x + 1;
	return x;
}

/* Lights a cell of a channel, if it is on the board. */
static inline void minatar_light(uint8_t *board, int32_t channel, int32_t x, int32_t y)
{
	if (minatar_inside(x) && minatar_inside(y))
		board[MINATAR_CELLS * channel + MINATAR_SIDE * y + x] = 1;
}

/* Lights the cells of a channel's row whose bits are set, bit x for column x. */
static inline void minatar_light_row(uint8_t *board, int32_t channel, int32_t y, int32_t bits)
{
	uint8_t *row = board + MINATAR_CELLS * channel + MINATAR_SIDE * y; /* (10) */
	for (int32_t x = 0; x < MINATAR_SIDE; x++)
		row[x] = (uint8_t)(bits >> x & 1);
}

/* Every channel in its colour, and beside the board the names. */
static inline void minatar_draw(const void *model, const void *state, const bern_canvas *c)
{
	const minatar_model *m = model;
	const minatar_game *game = m->game;
	const uint32_t ground = BERN_RGB(24, 26, 32), paper = BERN_RGB(255, 255, 255);
	uint8_t board[MINATAR_MOST * MINATAR_CELLS];
	uint32_t cells[MINATAR_CELLS];
	game->observe(model, state, board);
	for (size_t i = 0; i < MINATAR_CELLS; i++) {
		cells[i] = ground;
		for (uint32_t k = 0; k < game->channel_count; k++)
			if (board[MINATAR_CELLS * game->layers[k] + i])
				cells[i] = game->channels[game->layers[k]].color;
	}
	c->view(c->user, -0.2, -0.2, 14, 10.2);
	c->rect(c->user, -0.2, -0.2, 14.2, 10.4, paper);
	c->cells(c->user, 0, 0, 10, 10, MINATAR_SIDE, MINATAR_SIDE, cells);
	for (uint32_t k = 0; k < game->channel_count; k++) {
		const uint32_t color = game->channels[k].color;
		const double y = 9.3 - 0.8 * k;
		/* how bright it looks, of 255: dark letters on light colours */
		const uint32_t light =
			(2 * (color >> 24) + 7 * (color >> 16 & 255) + (color >> 8 & 255)) / 10;
		c->rect(c->user, 10.3, y, 3.5, 0.66, ground);
		c->rect(c->user, 10.34, y + 0.04, 3.42, 0.58, color);
		c->text(c->user, 12.05, y + 0.19, 0.4, light > 120 ? ground : paper,
			game->channels[k].name);
	}
}

/* One table of a game. */
#define MINATAR_TABLE(id_, summary_, fields_, params_, random_, solved_, open_, reset_, step_,     \
		      observe_)                                                                    \
	{                                                                                          \
		.abi = BERN_ENV_ABI, .struct_size = sizeof(bern_env), .id = "MinAtar/" id_,        \
		.summary = summary_,                                                               \
		.source = "Young & Tian 2019, MinAtar; rules of its version 1.0.15",               \
		.params = minatar_params, .fields = fields_, .param_count = params_,               \
		.field_count = sizeof fields_ / sizeof fields_[0], .has_returns = 1,               \
		.random_return = random_, .solved_return = solved_, .step_seconds = 0.1,           \
		.open = open_, .close = free, .reset = reset_, .step = step_, .observe = observe_, \
		.draw = minatar_draw,                                                              \
	}

/* Defines open_all and open_few of a game. */
#define MINATAR_OPENERS(game_)                                                                     \
	static int32_t open_all(const bern_value *values, bern_instance *out, char *err,           \
				size_t err_size)                                                   \
	{                                                                                          \
		return minatar_open(&game_, 1, values, out, err, err_size);                        \
	}                                                                                          \
	static int32_t open_few(const bern_value *values, bern_instance *out, char *err,           \
				size_t err_size)                                                   \
	{                                                                                          \
		return minatar_open(&game_, 0, values, out, err, err_size);                        \
	}                                                                                          \
	struct minatar_game /* takes the semicolon */

#endif
