/* minigrid.h: what the gridworlds after MiniGrid share: cells, actions, the partial view, reward, drawing. Header-only.
 *
 * Chevalier-Boisvert et al. 2023, "Minigrid & Miniworld", arXiv 2306.13831; rules, view and draws read in the source of its version
 * 2.5 (minigrid_env.py, core/grid.py). The agent stands in a cell and faces a direction; it sees the 7 x 7 cells before and beside it,
 * itself at the middle of the near edge, and not through walls and closed doors unless see_through_walls is set. It sees what it
 * carries in its own cell.
 *
 * An observation is 148 numbers: for each column of the view from left to right and in it each row from far to near, object, colour
 * and state of the cell (MiniGrid's image in C order), then the direction. As MULTI_DISCRETE, the default, a network gets each of
 * them one-hot, 984 inputs in all; with encoding=numbers it gets the numbers themselves.
 */
#ifndef BERN_ENVS_MINIGRID_H
#define BERN_ENVS_MINIGRID_H

#include <bern/env.h>
#include <bern/rng.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINIGRID_SIDE    64 /* most rows, most columns */
#define MINIGRID_VIEW    7
#define MINIGRID_SEEN    (MINIGRID_VIEW * MINIGRID_VIEW)
#define MINIGRID_NUMBERS (3 * MINIGRID_SEEN + 1)
#define MINIGRID_MARGIN                                                                            \
	(MINIGRID_VIEW - 1) /* cells of wall around a map: as far as the agent sees */

/* MiniGrid's numbers. A cell is a byte: the object, and for doors 16 times the state on top. */
enum minigrid_object {
	MINIGRID_UNSEEN = 0,
	MINIGRID_EMPTY = 1,
	MINIGRID_WALL = 2,
	MINIGRID_DOOR = 4,
	MINIGRID_KEY = 5,
	MINIGRID_GOAL = 8,
	MINIGRID_LAVA = 9,
	MINIGRID_OBJECTS = 11
};
enum minigrid_door { MINIGRID_OPEN = 0, MINIGRID_CLOSED = 16, MINIGRID_LOCKED = 32 };
enum minigrid_action {
	MINIGRID_LEFT,
	MINIGRID_RIGHT,
	MINIGRID_FORWARD,
	MINIGRID_PICKUP,
	MINIGRID_DROP,
	MINIGRID_TOGGLE,
	MINIGRID_DONE,
	MINIGRID_ACTIONS
};

typedef struct minigrid_state {
	int32_t x, y;      /* column from the left, row from the top */
	int32_t direction; /* 0 right, 1 down, 2 left, 3 up */
	int32_t carrying;  /* MINIGRID_KEY, or 0 */
	int32_t steps;
	int32_t success;
	/* The map within its margin, twice, row by row and column by column, so that what lies in a line across the view lies
	 * side by side in one of them: (height + 2 margins, width + 2 margins), then (width + .., height + ..). */
	uint8_t cells[];
} minigrid_state;

static const bern_field minigrid_fields[] = {
	{"x", BERN_I32, 1, offsetof(minigrid_state, x)},
	{"y", BERN_I32, 1, offsetof(minigrid_state, y)},
	{"direction", BERN_I32, 1, offsetof(minigrid_state, direction)},
	{"carrying", BERN_I32, 1, offsetof(minigrid_state, carrying)},
	{"steps", BERN_I32, 1, offsetof(minigrid_state, steps)},
};

/* The first member of each room's own model. */
typedef struct minigrid_model {
	int32_t width, height;
	int32_t limit;       /* steps; the reward falls over them */
	int32_t see_through; /* 1: walls hide nothing */
	int32_t numbers;     /* 1: the observation is a BOX */
	/* [p][n]: what is lit ahead of a row of which the cells p let light pass and the cells n are lit; column i is bit i */
	uint8_t ahead[1 << MINIGRID_VIEW][1 << MINIGRID_VIEW];
} minigrid_model;

static const char *const minigrid_metrics[] = {"success", "carrying"};

/* What every room has; the first two of its parameters. */
enum { MINIGRID_P_ENCODING, MINIGRID_P_SEE_THROUGH, MINIGRID_P_COUNT };
static const char *const minigrid_encodings[] = {"categories", "numbers", NULL};
#define MINIGRID_PARAMS(see_through_)                                                              \
	[MINIGRID_P_ENCODING] = {"encoding",                                                       \
				 "what a network sees of each number: categories, one input "      \
				 "for each value; numbers, the number itself",                     \
				 BERN_CHOICE,                                                      \
				 0,                                                                \
				 "categories",                                                     \
				 0,                                                                \
				 0,                                                                \
				 minigrid_encodings},                                              \
	[MINIGRID_P_SEE_THROUGH] = {"see_through_walls",                                           \
				    "whether walls and closed doors hide nothing",                 \
				    BERN_BOOL,                                                     \
				    0,                                                             \
				    see_through_,                                                  \
				    0,                                                             \
				    0,                                                             \
				    NULL}

#define MINIGRID_7(x) x, x, x, x, x, x, x
#define MINIGRID_CELL MINIGRID_OBJECTS, 6, 3
static const int32_t minigrid_sizes[MINIGRID_NUMBERS] = {
	MINIGRID_7(MINIGRID_CELL), MINIGRID_7(MINIGRID_CELL),
	MINIGRID_7(MINIGRID_CELL), MINIGRID_7(MINIGRID_CELL),
	MINIGRID_7(MINIGRID_CELL), MINIGRID_7(MINIGRID_CELL),
	MINIGRID_7(MINIGRID_CELL), 4};
static const int32_t minigrid_action_sizes[1] = {MINIGRID_ACTIONS};
static const char *const minigrid_action_names[MINIGRID_ACTIONS] = {
	"left", "right", "forward", "pickup", "drop", "toggle", "done"};
static const char *const minigrid_keys[MINIGRID_ACTIONS] = {"left", "right", "up",    "p",
							    "d",    "space", "return"};

/* The reward of reaching the goal after so many steps. */
static inline double minigrid_reward(const minigrid_model *m, int32_t steps)
{
	/* where a user let the episode go on beyond the limit, it falls no further */
	double part = steps < m->limit ? (double)steps / m->limit : 1;
	return 1 - 0.9 * part;
}

/* Cells of a map with its margin. */
static inline size_t minigrid_area(const minigrid_model *m)
{
	return (size_t)(m->width + 2 * MINIGRID_MARGIN) * (size_t)(m->height + 2 * MINIGRID_MARGIN);
}

/* Spreads light to both sides from each lit cell that lets it pass, until nothing changes. */
static inline void minigrid_fill_ahead(minigrid_model *m)
{
	for (uint32_t passes = 0; passes < 1u << MINIGRID_VIEW; passes++)
		for (uint32_t now = 0; now < 1u << MINIGRID_VIEW; now++) {
			uint32_t bright = now & passes;
			for (int32_t k = 1; k < MINIGRID_VIEW; k++)
				bright |= (bright << 1 | bright >> 1) & passes;
			bright |= bright << 1 | bright >> 1;
			m->ahead[passes][now] = (uint8_t)(bright & ((1u << MINIGRID_VIEW) - 1));
		}
}

/* Makes a model of `size` bytes that begins with a minigrid_model, and tells the host of it. shortest: the goal cannot be reached in fewer steps.
 * NULL, with the sentence written, if there is no memory. */
static inline void *minigrid_open(size_t size, int32_t width, int32_t height, int32_t limit,
				  int32_t shortest, const bern_value *values, bern_instance *out,
				  char *err, size_t err_size)
{
	minigrid_model *m = calloc(1, size);
	if (!m) {
		snprintf(err, err_size, "no memory for the model");
		return NULL;
	}
	m->width = width;
	m->height = height;
	m->limit = limit;
	m->numbers = values[MINIGRID_P_ENCODING].i == 1;
	m->see_through = values[MINIGRID_P_SEE_THROUGH].i != 0;
	minigrid_fill_ahead(m);
	out->model = m;
	out->state_size = sizeof(minigrid_state) + 2 * minigrid_area(m);
	out->max_steps = (uint64_t)limit;
	if (m->numbers) {
		static const float low[MINIGRID_NUMBERS];
		static const float high[MINIGRID_NUMBERS] = {
#define MINIGRID_HIGH MINIGRID_OBJECTS - 1, 5, 2
			MINIGRID_7(MINIGRID_HIGH), MINIGRID_7(MINIGRID_HIGH),
			MINIGRID_7(MINIGRID_HIGH), MINIGRID_7(MINIGRID_HIGH),
			MINIGRID_7(MINIGRID_HIGH), MINIGRID_7(MINIGRID_HIGH),
			MINIGRID_7(MINIGRID_HIGH), 3};
#undef MINIGRID_HIGH
		out->observation = (bern_space){.kind = BERN_BOX,
						.dtype = BERN_UINT8,
						.count = MINIGRID_NUMBERS,
						.low = low,
						.high = high};
	} else {
		out->observation = (bern_space){.kind = BERN_MULTI_DISCRETE,
						.count = MINIGRID_NUMBERS,
						.sizes = minigrid_sizes};
	}
	out->action = (bern_space){.kind = BERN_DISCRETE,
				   .count = 1,
				   .sizes = minigrid_action_sizes,
				   .labels = minigrid_action_names,
				   .keys = minigrid_keys};
	out->grid_rows = out->grid_columns = MINIGRID_VIEW;
	out->grid_turned = 1;
	out->max_return = minigrid_reward(m, shortest);
	out->has_max_return = 1;
	return m;
}

/* ---- making rooms ---------------------------------------------------------------------------------- */

/* Where a cell is in the rows of the state, and where in its columns. */
static inline int32_t minigrid_in_rows(const minigrid_model *m, int32_t x, int32_t y)
{
	return (y + MINIGRID_MARGIN) * (m->width + 2 * MINIGRID_MARGIN) + x + MINIGRID_MARGIN;
}

static inline int32_t minigrid_in_columns(const minigrid_model *m, int32_t x, int32_t y)
{
	return (int32_t)minigrid_area(m) +
	       (x + MINIGRID_MARGIN) * (m->height + 2 * MINIGRID_MARGIN) + y + MINIGRID_MARGIN;
}

static inline uint8_t minigrid_get(const minigrid_model *m, const minigrid_state *s, int32_t x,
				   int32_t y)
{
	return s->cells[minigrid_in_rows(m, x, y)];
}

static inline void minigrid_put(const minigrid_model *m, minigrid_state *s, int32_t x, int32_t y,
				int32_t cell)
{
	s->cells[minigrid_in_rows(m, x, y)] = (uint8_t)cell;
	s->cells[minigrid_in_columns(m, x, y)] = (uint8_t)cell;
}

/* Empties the state and walls it in; the agent is nowhere yet. */
static inline void minigrid_clear(const minigrid_model *m, minigrid_state *s)
{
	memset(s, 0, sizeof *s);
	s->x = s->y = -1;
	memset(s->cells, MINIGRID_WALL, 2 * minigrid_area(m));
	if (m->width <= 2 || m->height <= 2)
		return;
	for (int32_t y = 1; y < m->height - 1; y++)
		memset(&s->cells[minigrid_in_rows(m, 1, y)], MINIGRID_EMPTY, (size_t)m->width - 2);
	for (int32_t x = 1; x < m->width - 1; x++)
		memset(&s->cells[minigrid_in_columns(m, x, 1)], MINIGRID_EMPTY,
		       (size_t)m->height - 2);
}

/* Draws a cell of the first `columns` columns that is empty and not the agent's, column before row, until one is found. */
static inline void minigrid_draw_place(const minigrid_model *m, minigrid_state *s, int32_t columns,
				       bern_rng *rng, int32_t *x, int32_t *y)
{
	do {
		*x = (int32_t)bern_rng_below(rng, (uint64_t)columns);
		*y = (int32_t)bern_rng_below(rng, (uint64_t)m->height);
	} while (minigrid_get(m, s, *x, *y) != MINIGRID_EMPTY || (*x == s->x && *y == s->y));
}

/* Puts the agent on a drawn cell of the first `columns` columns, in a drawn direction. */
static inline void minigrid_draw_agent(const minigrid_model *m, minigrid_state *s, int32_t columns,
				       bern_rng *rng)
{
	int32_t x, y;
	minigrid_draw_place(m, s, columns, rng, &x, &y);
	s->x = x;
	s->y = y;
	s->direction = (int32_t)bern_rng_below(rng, 4);
}

/* ---- a step ---------------------------------------------------------------------------------------- */

static const int32_t minigrid_dx[4] = {1, 0, -1, 0}, minigrid_dy[4] = {0, 1, 0, -1};

static inline void minigrid_forward(const minigrid_model *m, minigrid_state *s, uint8_t cell,
				    bern_outcome *out)
{
	if (cell != MINIGRID_EMPTY && cell != MINIGRID_GOAL && cell != MINIGRID_LAVA &&
	    cell != (MINIGRID_DOOR | MINIGRID_OPEN))
		return;
	s->x += minigrid_dx[s->direction];
	s->y += minigrid_dy[s->direction];
	if (cell == MINIGRID_GOAL) {
		out->reward = minigrid_reward(m, s->steps);
		s->success = 1;
	}
	if (cell == MINIGRID_GOAL || cell == MINIGRID_LAVA)
		out->flags = BERN_TERMINATED;
}

/* What toggling makes of a cell. Keys and doors have one colour, so any key fits. A key opens and stays in hand. */
static inline int32_t minigrid_toggled(int32_t cell, int32_t carrying)
{
	if (cell == (MINIGRID_DOOR | MINIGRID_LOCKED))
		return carrying ? MINIGRID_DOOR | MINIGRID_OPEN : cell;
	if (cell == (MINIGRID_DOOR | MINIGRID_CLOSED))
		return MINIGRID_DOOR | MINIGRID_OPEN;
	if (cell == (MINIGRID_DOOR | MINIGRID_OPEN))
		return MINIGRID_DOOR | MINIGRID_CLOSED;
	return cell;
}

static inline void minigrid_step(const void *model, void *state, bern_rng *rng, const void *action,
				 bern_outcome *out)
{
	/* a turn, or none */
	static const int32_t turns[MINIGRID_ACTIONS] = {[MINIGRID_LEFT] = 3, [MINIGRID_RIGHT] = 1};
	const minigrid_model *m = model;
	minigrid_state *s = state;
	(void)rng;
	const int32_t a = *(const int32_t *)action;
	/* beyond the map lies its margin, of walls */
	const int32_t x = s->x + minigrid_dx[s->direction], y = s->y + minigrid_dy[s->direction];
	const uint8_t front = minigrid_get(m, s, x, y);
	s->steps++;
	s->direction = (s->direction + turns[a]) & 3;
	if (a == MINIGRID_FORWARD) {
		minigrid_forward(m, s, front, out);
	} else if (a == MINIGRID_PICKUP && front == MINIGRID_KEY && !s->carrying) {
		s->carrying = MINIGRID_KEY;
		minigrid_put(m, s, x, y, MINIGRID_EMPTY);
	} else if (a == MINIGRID_DROP && front == MINIGRID_EMPTY && s->carrying) {
		minigrid_put(m, s, x, y, MINIGRID_KEY);
		s->carrying = 0;
	} else if (a == MINIGRID_TOGGLE) {
		minigrid_put(m, s, x, y, minigrid_toggled(front, s->carrying));
	}
}

/* ---- the view -------------------------------------------------------------------------------------- */

/* The map's cell at column i (from the left) and row j (6: the agent's own) of the view. */
static inline void minigrid_to_map(const minigrid_state *s, int32_t i, int32_t j, int32_t *x,
				   int32_t *y)
{
	int32_t dx = minigrid_dx[s->direction], dy = minigrid_dy[s->direction];
	int32_t ahead = MINIGRID_VIEW - 1 - j, aside = i - MINIGRID_VIEW / 2;
	/* to the right of (dx, dy) lies (-dy, dx) */
	*x = s->x + dx * ahead - dy * aside;
	*y = s->y + dy * ahead + dx * aside;
}

/* A row of the view as one number: the byte of column i is bits 8i .. 8i + 7. */
#define MINIGRID_ONES 0x01010101010101u
#define MINIGRID_ALL  0xffffffffffffffu

/* Eight bytes as a number, the first lowest. */
static inline uint64_t minigrid_bytes(const uint8_t *b)
{
	return (uint64_t)b[0] | (uint64_t)b[1] << 8 | (uint64_t)b[2] << 16 | (uint64_t)b[3] << 24 |
	       (uint64_t)b[4] << 32 | (uint64_t)b[5] << 40 | (uint64_t)b[6] << 48 |
	       (uint64_t)b[7] << 56;
}

/* The same, the last lowest. */
static inline uint64_t minigrid_bytes_back(const uint8_t *b)
{
	return (uint64_t)b[7] | (uint64_t)b[6] << 8 | (uint64_t)b[5] << 16 | (uint64_t)b[4] << 24 |
	       (uint64_t)b[3] << 32 | (uint64_t)b[2] << 40 | (uint64_t)b[1] << 48 |
	       (uint64_t)b[0] << 56;
}

/* What can be seen: MiniGrid lets light start at the agent and spread row by row away from it, first to the right, then to the
 * left, each time to the neighbour, to the cell ahead, and to the one between them, from every lit cell that lets it pass. So in a
 * row every stretch of cells that let light pass is lit as a whole if one of them is, and so are its neighbours, and what is ahead
 * of all these; minigrid_fill_ahead has written down which. lit: a row of bytes each, 255 where light is. */
static inline void minigrid_light(const minigrid_model *m, const uint64_t rows[MINIGRID_VIEW],
				  uint64_t lit[MINIGRID_VIEW])
{
	uint32_t now = 1u << MINIGRID_VIEW / 2;
	for (int32_t j = MINIGRID_VIEW - 1; j >= 0; j--) {
		/* walls alone have bit 1, closed and locked doors bit 4 or 5 */
		const uint64_t row = rows[j];
		const uint64_t one = ~(row >> 1 | row >> 4 | row >> 5) & MINIGRID_ONES;
		/* the lowest bits of seven bytes side by side, and below seven bits to a byte each */
		const uint32_t passes = (uint32_t)(one * 0x0102040810204080u >> 56);
		const uint32_t ahead = m->ahead[passes][now];
		lit[j] = ((now | ahead) * 0x0002040810204081u & MINIGRID_ONES) * 255;
		now = ahead;
	}
}

/* The view by rows, far to near, and where each is seen. */
static inline void minigrid_look(const minigrid_model *m, const minigrid_state *s,
				 uint64_t rows[MINIGRID_VIEW], uint64_t lit[MINIGRID_VIEW])
{
	const int32_t half = MINIGRID_VIEW / 2, last = MINIGRID_VIEW - 1;
	/* facing right and left a line across the view is a column of the map; facing down and left its cells come backwards */
	const int across = !(s->direction & 1), back = s->direction == 1 || s->direction == 2;
	const int32_t line = (across ? m->height : m->width) + 2 * MINIGRID_MARGIN;
	const int32_t ahead = s->direction < 2 ? line : -line;
	const uint8_t *own = s->cells + (across ? minigrid_in_columns(m, s->x, s->y)
						: minigrid_in_rows(m, s->x, s->y));
	/* seven bytes are wanted and eight are read: the last is masked */
	own -= back ? half + 1 : half;
	for (int32_t j = 0; j < MINIGRID_VIEW; j++) {
		const uint8_t *cells = own + (last - j) * ahead;
		const uint64_t there = minigrid_bytes(cells), reversed = minigrid_bytes_back(cells);
		rows[j] = (back ? reversed : there) & MINIGRID_ALL;
	}
	if (m->see_through)
		for (int32_t j = 0; j < MINIGRID_VIEW; j++)
			lit[j] = MINIGRID_ALL;
	else
		minigrid_light(m, rows, lit);
	/* the agent's own cell shows what it carries */
	uint64_t carried = (uint64_t)(s->carrying ? s->carrying : MINIGRID_EMPTY);
	rows[last] = (rows[last] & ~((uint64_t)255 << 8 * half)) | carried << 8 * half;
}

/* Object, colour and state of each cell that there can be. */
#define MINIGRID_TRIPLES                                                                           \
	{                                                                                          \
		[MINIGRID_EMPTY] = {MINIGRID_EMPTY, 0, 0},                                         \
		[MINIGRID_WALL] = {MINIGRID_WALL, 5, 0},                                           \
		[MINIGRID_DOOR | MINIGRID_OPEN] = {MINIGRID_DOOR, 4, 0},                           \
		[MINIGRID_DOOR | MINIGRID_CLOSED] = {MINIGRID_DOOR, 4, 1},                         \
		[MINIGRID_DOOR | MINIGRID_LOCKED] = {MINIGRID_DOOR, 4, 2},                         \
		[MINIGRID_KEY] = {MINIGRID_KEY, 4, 0}, [MINIGRID_GOAL] = {MINIGRID_GOAL, 1, 0},    \
		[MINIGRID_LAVA] = {MINIGRID_LAVA, 0, 0},                                           \
	}

static inline void minigrid_observe(const void *model, const void *state, void *observation)
{
	/* of four, so that one copy of a fixed size moves three; the next cell, at last the direction, covers the fourth */
	static const uint8_t bytes[64][4] = MINIGRID_TRIPLES;
	static const int32_t words[64][4] = MINIGRID_TRIPLES;
	const minigrid_model *m = model;
	const minigrid_state *s = state;
	uint64_t rows[MINIGRID_VIEW];
	uint64_t lit[MINIGRID_VIEW];
	minigrid_look(m, s, rows, lit);
	for (int32_t j = 0; j < MINIGRID_VIEW; j++)
		rows[j] &= lit[j];
	if (m->numbers) {
		uint8_t *o = observation; /* (7, 7, 3), then the direction */
		for (int32_t i = 0; i < MINIGRID_VIEW; i++)
			for (int32_t j = 0; j < MINIGRID_VIEW; j++, o += 3)
				memcpy(o, bytes[rows[j] >> 8 * i & 63], sizeof bytes[0]);
		*o = (uint8_t)s->direction;
	} else {
		int32_t *o = observation;
		for (int32_t i = 0; i < MINIGRID_VIEW; i++)
			for (int32_t j = 0; j < MINIGRID_VIEW; j++, o += 3)
				memcpy(o, words[rows[j] >> 8 * i & 63], sizeof words[0]);
		*o = s->direction;
	}
}

static inline void minigrid_read_metrics(const void *model, const void *state, double *out)
{
	const minigrid_state *s = state;
	(void)model;
	out[0] = s->success;
	out[1] = s->carrying != 0;
}

/* ---- drawing --------------------------------------------------------------------------------------- */

static inline void minigrid_draw_key(const bern_canvas *c, double x, double y, double size,
				     uint32_t color)
{
	c->disc(c->user, x, y + 0.25 * size, 0.16 * size, color);
	c->line(c->user, x, y + 0.25 * size, x, y - 0.35 * size, 0.09 * size, color);
	c->line(c->user, x, y - 0.3 * size, x + 0.18 * size, y - 0.3 * size, 0.09 * size, color);
}

static inline void minigrid_draw_door(const bern_canvas *c, double x, double y, int32_t door,
				      uint32_t color)
{
	if (door == MINIGRID_OPEN) {
		c->rect(c->user, x - 0.46, y - 0.46, 0.14, 0.92, color);
		return;
	}
	c->rect(c->user, x - 0.46, y - 0.46, 0.92, 0.92, color);
	c->disc(c->user, x + 0.25, y, 0.1, BERN_RGB(60, 60, 60));
	if (door == MINIGRID_LOCKED)
		c->line(c->user, x + 0.25, y, x + 0.25, y - 0.25, 0.07, BERN_RGB(60, 60, 60));
}

/* The room from above; the cells in view are lighter. */
static inline void minigrid_draw(const void *model, const void *state, const bern_canvas *c)
{
	const minigrid_model *m = model;
	const minigrid_state *s = state;
	const uint32_t yellow = BERN_RGB(0xe6, 0x9f, 0x00), green = BERN_RGB(0x00, 0x9e, 0x73);
	uint64_t rows[MINIGRID_VIEW];
	uint64_t lit[MINIGRID_VIEW];
	double width = m->width, height = m->height;
	c->view(c->user, 0, 0, width, height);
	c->rect(c->user, 0, 0, width, height, BERN_RGB(214, 218, 222));
	minigrid_look(m, s, rows, lit);
	for (int32_t j = 0; j < MINIGRID_VIEW; j++)
		for (int32_t i = 0; i < MINIGRID_VIEW; i++) {
			int32_t x, y;
			minigrid_to_map(s, i, j, &x, &y);
			if (lit[j] >> 8 * i & 1 && x >= 0 && y >= 0 && x < m->width &&
			    y < m->height)
				c->rect(c->user, x, m->height - 1 - y, 1, 1,
					BERN_RGB(248, 248, 244));
		}
	for (int32_t cell = 0; cell < m->width * m->height; cell++) {
		double x = cell % m->width + 0.5, y = m->height - cell / m->width - 0.5;
		const int32_t what = minigrid_get(m, s, cell % m->width, cell / m->width);
		switch (what & 15) {
		case MINIGRID_WALL:
			c->rect(c->user, x - 0.5, y - 0.5, 1, 1, BERN_RGB(84, 88, 94));
			break;
		case MINIGRID_GOAL:
			c->rect(c->user, x - 0.46, y - 0.46, 0.92, 0.92, green);
			break;
		case MINIGRID_LAVA:
			c->rect(c->user, x - 0.46, y - 0.46, 0.92, 0.92, BERN_RGB(0xd5, 0x5e, 0));
			break;
		case MINIGRID_KEY:
			minigrid_draw_key(c, x, y, 1, yellow);
			break;
		case MINIGRID_DOOR:
			minigrid_draw_door(c, x, y, what & 48, yellow);
			break;
		default:
			break;
		}
	}
	/* the agent, pointing where it faces, and what it carries */
	double x = s->x + 0.5, y = m->height - s->y - 0.5;
	double dx = minigrid_dx[s->direction], dy = -minigrid_dy[s->direction];
	const double body[6] = {x + 0.4 * dx,
				y + 0.4 * dy,
				x - 0.35 * dx - 0.32 * dy,
				y - 0.35 * dy + 0.32 * dx,
				x - 0.35 * dx + 0.32 * dy,
				y - 0.35 * dy - 0.32 * dx};
	c->polygon(c->user, body, 3, BERN_RGB(0x00, 0x72, 0xb2));
	if (s->carrying)
		minigrid_draw_key(c, x, y, 0.5, yellow);
}

/* One table. Each room has its own reset. */
#define MINIGRID_TABLE(id_, summary_, source_, params_, random_, solved_, open_, reset_)           \
	{                                                                                          \
		.abi = BERN_ENV_ABI, .struct_size = sizeof(bern_env), .id = id_,                   \
		.summary = summary_, .source = source_, .params = params_,                         \
		.fields = minigrid_fields, .metrics = minigrid_metrics,                            \
		.param_count = sizeof params_ / sizeof params_[0],                                 \
		.field_count = sizeof minigrid_fields / sizeof minigrid_fields[0],                 \
		.metric_count = sizeof minigrid_metrics / sizeof minigrid_metrics[0],              \
		.has_returns = 1, .random_return = random_, .solved_return = solved_,              \
		.step_seconds = 0.1, .open = open_, .close = free, .reset = reset_,                \
		.step = minigrid_step, .observe = minigrid_observe,                                \
		.read_metrics = minigrid_read_metrics, .draw = minigrid_draw,                      \
	}

#define MINIGRID_SOURCE                                                                            \
	"MiniGrid 2.5 (Chevalier-Boisvert et al. 2023, arXiv 2306.13831), same draws"

#endif
