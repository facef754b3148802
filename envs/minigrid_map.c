/* A room of the user's own after MiniGrid, drawn as text, with keys, doors and lava. See minigrid.h for what is seen and done.
 *
 * Letters: # wall, . free, S start (of several one is drawn, and the direction with it), > v < ^ start facing that way, G goal,
 * K key, D locked door, O closed door that needs no key, L lava (ends the episode). Rows are separated by '/' or line ends. What lies outside the map is a
 * wall. An episode is cut after ten steps for each cell.
 */
#include "grid.h"
#include "minigrid.h"

enum { P_MAP = MINIGRID_P_COUNT, P_COUNT };
#define LETTERS "#.SGKDOLv<>^"

static const bern_param params[P_COUNT] = {
	MINIGRID_PARAMS("false"),
	[P_MAP] = {"map",
		   "rows of # (wall), . (free), S (start), > v < ^ (start facing so), G (goal), K "
		   "(key), D (locked door), O (closed door), L (lava), separated by / or line ends",
		   BERN_TEXT, 0, "S.K#.G/...D../..L#..", 1, GRID_TEXT, NULL},
};

typedef struct room {
	minigrid_model grid;
	int32_t start_count;
	int16_t starts[GRID_CELLS];    /* (start_count) cells */
	int8_t directions[GRID_CELLS]; /* (start_count) -1: drawn */
	uint8_t cells[GRID_CELLS];
} room;

static uint8_t cell_of(char letter)
{
	switch (letter) {
	case '#':
		return MINIGRID_WALL;
	case 'G':
		return MINIGRID_GOAL;
	case 'K':
		return MINIGRID_KEY;
	case 'D':
		return MINIGRID_DOOR | MINIGRID_LOCKED;
	case 'O':
		return MINIGRID_DOOR | MINIGRID_CLOSED;
	case 'L':
		return MINIGRID_LAVA;
	default:
		return MINIGRID_EMPTY;
	}
}

/* Marks what can be walked to from a start: through locked doors only with a key. Returns whether a goal is among it, and
 * whether a key. A goal and lava end the walk. */
static int walk(const grid *g, int32_t start, int with_key, int *key)
{
	static const int32_t down[4] = {0, 1, 0, -1}, right[4] = {-1, 0, 1, 0};
	uint8_t seen[GRID_CELLS] = {0};
	int16_t queue[GRID_CELLS];
	int32_t head = 0, tail = 0;
	int goal = 0;
	seen[start] = 1;
	queue[tail++] = (int16_t)start;
	*key = 0;
	while (head < tail) {
		int32_t cell = queue[head++];
		goal |= g->letters[cell] == 'G';
		*key |= g->letters[cell] == 'K';
		if (g->letters[cell] == 'G')
			continue;
		for (int32_t i = 0; i < 4; i++) {
			int32_t next = grid_move(g, cell, down[i], right[i]);
			char letter = g->letters[next];
			if (seen[next] || letter == 'L' || (letter == 'D' && !with_key))
				continue;
			seen[next] = 1;
			queue[tail++] = (int16_t)next;
		}
	}
	return goal;
}

/* Whether a goal can be reached from the start, fetching a key first where it takes one. */
static int solvable(const grid *g, int32_t start)
{
	int key, none;
	return walk(g, start, 0, &key) || (key && walk(g, start, 1, &none));
}

/* Fills cells and starts from the text; 1 with a sentence if it is no room. */
static int32_t read_room(const char *text, grid *g, room *m, char *err, size_t err_size)
{
	memset(g, 0, sizeof *g);
	if (grid_read(g, text, LETTERS, err, err_size))
		return 1;
	for (int32_t cell = 0; cell < g->rows * g->columns; cell++) {
		static const char facing[] = ">v<^";
		const char *way = strchr(facing, g->letters[cell]);
		m->cells[cell] = cell_of(g->letters[cell]);
		if (g->letters[cell] != 'S' && !way)
			continue;
		m->directions[m->start_count] = (int8_t)(way ? way - facing : -1);
		m->starts[m->start_count++] = (int16_t)cell;
	}
	if (m->start_count == 0 || !memchr(g->letters, 'G', (size_t)(g->rows * g->columns))) {
		snprintf(err, err_size,
			 "map: no %s in its %d rows and %d columns; at least one %s is needed",
			 m->start_count ? "goal" : "start", (int)g->rows, (int)g->columns,
			 m->start_count ? "G" : "of S > v < ^");
		return 1;
	}
	for (int32_t i = 0; i < m->start_count; i++)
		if (!solvable(g, m->starts[i])) {
			snprintf(err, err_size,
				 "map: no goal can be reached from the start at row %d, column %d, "
				 "with the keys that can be",
				 (int)(m->starts[i] / g->columns) + 1,
				 (int)(m->starts[i] % g->columns) + 1);
			return 1;
		}
	return 0;
}

static int32_t open_map(const bern_value *values, bern_instance *out, char *err, size_t err_size)
{
	/* its size is not known before it is read */
	room read = {0};
	grid g;
	if (read_room(values[P_MAP].s, &g, &read, err, err_size))
		return 1;
	room *m = minigrid_open(sizeof *m, g.columns, g.rows, 10 * g.rows * g.columns, 1, values,
				out, err, err_size);
	if (!m)
		return 1;
	read.grid = m->grid;
	*m = read;
	return 0;
}

static void reset(const void *model, void *state, bern_rng *rng)
{
	const room *m = model;
	minigrid_state *s = state;
	uint64_t i = bern_rng_below(rng, (uint64_t)m->start_count);
	minigrid_clear(&m->grid, s);
	for (int32_t cell = 0; cell < m->grid.width * m->grid.height; cell++)
		minigrid_put(&m->grid, s, cell % m->grid.width, cell / m->grid.width,
			     m->cells[cell]);
	s->x = m->starts[i] % m->grid.width;
	s->y = m->starts[i] / m->grid.width;
	s->direction = m->directions[i] < 0 ? (int32_t)bern_rng_below(rng, 4) : m->directions[i];
}

static const bern_env map = MINIGRID_TABLE("MiniGrid-Map-v0",
					   "walk to the goal of a room given as text (map=...), "
					   "with keys, doors and lava",
					   "Bern's own maps with the rules of MiniGrid 2.5", params,
					   0.0016, 0.9, open_map, reset);

BERN_PLUGIN(minigrid_map, &map);
