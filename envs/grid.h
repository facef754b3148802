/* grid.h: what the gridworlds share: maps as text, moves, distances, drawing. Header-only.
 *
 * A map is rows of letters, separated by '/' or by a line end; one separator at the end is allowed. Cells are numbered from 0,
 * row by row from the top, which is what a gridworld observes. Errors count rows and columns from 1.
 */
#ifndef BERN_ENVS_GRID_H
#define BERN_ENVS_GRID_H

#include <bern/env.h>

#include <stdio.h>
#include <string.h>

#define GRID_SIDE  64 /* most rows, most columns */
#define GRID_CELLS (GRID_SIDE * GRID_SIDE)
/* longest text: every row full and ended by "\r\n" */
#define GRID_TEXT (GRID_CELLS + 2 * GRID_SIDE)

/* The letters of a cell. A user may also write '.' for free ground. */
enum { GRID_START = 'S', GRID_GOAL = 'G', GRID_HOLE = 'H', GRID_WALL = '#', GRID_FREE = 'F' };

typedef struct grid {
	int32_t rows, columns, start_count;
	int32_t to_goal; /* steps from the nearest start to the nearest goal, around holes */
	int32_t to_hole; /* steps from the nearest start to the nearest hole; -1: none in reach */
	int16_t starts[GRID_CELLS]; /* (start_count) cells, in order */
	char letters[GRID_CELLS];   /* (rows, columns) one of the enum above */
} grid;

/* A move by one row or column that stays where it is at the edge and at a wall. */
static inline int32_t grid_move(const grid *g, int32_t cell, int32_t down, int32_t right)
{
	int32_t row = cell / g->columns + down, column = cell % g->columns + right;
	if (row < 0 || row >= g->rows || column < 0 || column >= g->columns)
		return cell;
	int32_t next = row * g->columns + column;
	return g->letters[next] == GRID_WALL ? cell : next;
}

/* How a message shows one byte of a map: as it is, or as its number. */
static inline const char *grid_show(char letter, char out[8])
{
	unsigned char byte = (unsigned char)letter;
	if (byte >= 33 && byte < 127)
		snprintf(out, 8, "'%c'", letter);
	else
		snprintf(out, 8, "0x%02x", (unsigned)byte);
	return out;
}

/* Fills rows, columns, letters and starts. */
static inline int32_t grid_read(grid *g, const char *text, const char *allowed, char *err,
				size_t err_size)
{
	size_t row = 0, column = 0, columns = 0;
	for (const char *p = text;; p++) {
		if (*p == '\r' && p[1] == '\n')
			continue;
		if (*p == '/' || *p == '\n' || *p == '\0') {
			/* the end of the text closes a row only if there is something in it */
			if (*p == '\0' && column == 0 && row > 0)
				break;
			if (row == 0)
				columns = column;
			if (column == 0 || column != columns) {
				snprintf(err, err_size,
					 columns ? "map: row %zu has %zu columns, row 1 has %zu; "
						   "all rows must be equally long"
						 : "map: row %zu is empty; rows of letters are "
						   "separated by / or line ends",
					 row + 1, column, columns);
				return 1;
			}
			row++;
			column = 0;
			if (*p == '\0')
				break;
			continue;
		}
		if (row >= GRID_SIDE || column >= GRID_SIDE) {
			snprintf(err, err_size,
				 "map: row %zu, column %zu: too large, at most %d rows and %d "
				 "columns are allowed",
				 row + 1, column + 1, GRID_SIDE, GRID_SIDE);
			return 1;
		}
		if (row > 0 && column >= columns) {
			snprintf(err, err_size,
				 "map: row %zu goes on at column %zu, row 1 has %zu columns; all "
				 "rows must be equally long",
				 row + 1, column + 1, columns);
			return 1;
		}
		if (!strchr(allowed, *p)) {
			char shown[8];
			snprintf(err, err_size,
				 "map: row %zu, column %zu is %s, not one of the letters %s",
				 row + 1, column + 1, grid_show(*p, shown), allowed);
			return 1;
		}
		/* rows before this one are full, so the cell number is known */
		size_t cell = row * columns + column;
		g->letters[cell] = *p == '.' ? GRID_FREE : *p;
		if (*p == GRID_START)
			g->starts[g->start_count++] = (int16_t)cell;
		column++;
	}
	g->rows = (int32_t)row;
	g->columns = (int32_t)columns;
	return 0;
}

/* Writes to distance (rows*columns) the least steps from any of the `count` cells of `from`; goals and holes are reached but not
 * passed through; -1 where there is no way. */
static inline void grid_distances(const grid *g, const int16_t *from, int32_t count,
				  int16_t *distance)
{
	static const int32_t down[4] = {0, 1, 0, -1}, right[4] = {-1, 0, 1, 0};
	int16_t queue[GRID_CELLS];
	int32_t head = 0, tail = 0;
	for (int32_t cell = 0; cell < g->rows * g->columns; cell++)
		distance[cell] = -1;
	for (int32_t i = 0; i < count; i++) {
		distance[from[i]] = 0;
		queue[tail++] = from[i];
	}
	while (head < tail) {
		int32_t cell = queue[head++];
		if (distance[cell] > 0 &&
		    (g->letters[cell] == GRID_GOAL || g->letters[cell] == GRID_HOLE))
			continue;
		for (int32_t i = 0; i < 4; i++) {
			int32_t next = grid_move(g, cell, down[i], right[i]);
			if (distance[next] < 0) {
				distance[next] = (int16_t)(distance[cell] + 1);
				queue[tail++] = (int16_t)next;
			}
		}
	}
}

/* The least distance over all cells of a letter; -1: none can be reached. */
static inline int32_t grid_nearest(const grid *g, const int16_t *distance, char letter)
{
	int32_t best = -1;
	for (int32_t cell = 0; cell < g->rows * g->columns; cell++)
		if (g->letters[cell] == letter && distance[cell] >= 0 &&
		    (best < 0 || distance[cell] < best))
			best = distance[cell];
	return best;
}

/* Reads a map with the given letters. Returns 0, or 1 after writing one sentence: an unknown letter, rows of unequal length, too
 * many rows or columns, no start, no goal, a start from which no goal can be reached. */
static inline int32_t grid_parse(grid *g, const char *text, const char *allowed, char *err,
				 size_t err_size)
{
	memset(g, 0, sizeof *g);
	if (grid_read(g, text, allowed, err, err_size))
		return 1;
	if (g->start_count == 0) {
		snprintf(err, err_size,
			 "map: no start in its %d rows and %d columns; at least one S is needed",
			 (int)g->rows, (int)g->columns);
		return 1;
	}
	if (!memchr(g->letters, GRID_GOAL, (size_t)(g->rows * g->columns))) {
		snprintf(err, err_size,
			 "map: no goal in its %d rows and %d columns; at least one G is needed",
			 (int)g->rows, (int)g->columns);
		return 1;
	}

	/* ways lead both ways, so one search from the goals finds the starts that reach none */
	int16_t distance[GRID_CELLS], goals[GRID_CELLS];
	int32_t goal_count = 0;
	for (int32_t cell = 0; cell < g->rows * g->columns; cell++)
		if (g->letters[cell] == GRID_GOAL)
			goals[goal_count++] = (int16_t)cell;
	grid_distances(g, goals, goal_count, distance);
	for (int32_t i = 0; i < g->start_count; i++)
		if (distance[g->starts[i]] < 0) {
			snprintf(err, err_size,
				 "map: no goal can be reached from the start at row %d, column %d",
				 (int)(g->starts[i] / g->columns) + 1,
				 (int)(g->starts[i] % g->columns) + 1);
			return 1;
		}
	grid_distances(g, g->starts, g->start_count, distance);
	g->to_goal = grid_nearest(g, distance, GRID_GOAL);
	g->to_hole = grid_nearest(g, distance, GRID_HOLE);
	return 0;
}

/* ---- slipping ------------------------------------------------------------------------------------- */

/* An action that slips turns to the one before it (by 1 of 4) with probability `side`, to the one after it with `side`, and is
 * kept else; of the four actions, neighbours in number are at right angles. */
typedef struct grid_slip {
	double cumulative
		[3]; /* of before, kept, after; summed in this order, as numpy's cumsum does */
} grid_slip;

static inline grid_slip grid_slip_of(double side, double kept)
{
	double before = side, middle = before + kept;
	return (grid_slip){{before, middle, middle + side}};
}

/* What becomes of an action by a uniform u: argmax(cumulative > u), as Gymnasium's categorical_sample, which gives the first
 * one if rounding leaves none. */
static inline int32_t grid_slipped(const grid_slip *slip, int32_t action, double u)
{
	int32_t turn = (u >= slip->cumulative[0]) + (u >= slip->cumulative[1]);
	turn = u >= slip->cumulative[2] ? 0 : turn;
	return (action + turn + 3) & 3;
}

/* ---- drawing -------------------------------------------------------------------------------------- */

#define GRID_INK    BERN_RGB(60, 60, 60)
#define GRID_BLUE   BERN_RGB(0x00, 0x72, 0xb2)
#define GRID_ORANGE BERN_RGB(0xe6, 0x9f, 0x00)

typedef struct grid_colors {
	uint32_t ground, start, wall, hole;
	int32_t round_holes; /* 1: discs in the ground; 0: whole cells */
} grid_colors;

/* Draws the map, one unit a cell, and the agent in its cell. */
static inline void grid_draw(const grid *g, int32_t agent, const grid_colors *colors,
			     const bern_canvas *c)
{
	uint32_t cells[GRID_CELLS];
	int32_t count = g->rows * g->columns;
	double width = g->columns, height = g->rows;
	for (int32_t cell = 0; cell < count; cell++) {
		char letter = g->letters[cell];
		cells[cell] = letter == GRID_WALL                           ? colors->wall
			      : letter == GRID_START                        ? colors->start
			      : letter == GRID_HOLE && !colors->round_holes ? colors->hole
									    : colors->ground;
	}
	c->view(c->user, -0.1, -0.1, width + 0.1, height + 0.1);
	c->rect(c->user, -0.1, -0.1, width + 0.2, height + 0.2, BERN_RGB(255, 255, 255));
	c->cells(c->user, 0, 0, width, height, (size_t)g->rows, (size_t)g->columns, cells);

	const uint32_t rule = BERN_RGB(200, 204, 208);
	for (int32_t row = 0; row <= g->rows; row++)
		c->line(c->user, 0, row, width, row, 0.02, rule);
	for (int32_t column = 0; column <= g->columns; column++)
		c->line(c->user, column, 0, column, height, 0.02, rule);

	for (int32_t cell = 0; cell < count; cell++) {
		double x = cell % g->columns + 0.5, y = g->rows - cell / g->columns - 0.5;
		if (g->letters[cell] == GRID_HOLE && colors->round_holes)
			c->disc(c->user, x, y, 0.36, colors->hole);
		if (g->letters[cell] == GRID_GOAL) {
			/* a flag on its pole */
			const double flag[6] = {x - 0.14, y + 0.34, x + 0.3, y + 0.17, x - 0.14, y};
			c->line(c->user, x - 0.16, y - 0.34, x - 0.16, y + 0.36, 0.06, GRID_INK);
			c->polygon(c->user, flag, 3, GRID_ORANGE);
		}
	}

	double x = agent % g->columns + 0.5, y = g->rows - agent / g->columns - 0.5;
	c->disc(c->user, x, y, 0.29, BERN_RGB(255, 255, 255));
	c->disc(c->user, x, y, 0.25, GRID_BLUE);
}

#endif
