/* The gridworlds: returns of random and of best policies, maps of a user's own, and maps that are wrong.
 *
 * The worlds are written down here a second time, as tables of transitions made from row lists, and solved by value iteration. */
#include "env_run.h"

#include <stdbool.h>
#include <stdio.h>

#define CELLS 256

/* A world by its table: probability, next cell, reward and end of each outcome of each action. */
typedef struct table {
	int cells, outcomes;
	struct {
		double p, reward;
		int next;
		bool end;
	} to[CELLS][4][3];
} table;

/* Moves as (row, column): compass[0..3] in the order of the world's actions. */
static const int left_first[4][2] = {{0, -1}, {1, 0}, {0, 1}, {-1, 0}};
static const int up_first[4][2] = {{-1, 0}, {0, 1}, {1, 0}, {0, -1}};

/* side: probability of each neighbour of the action. The reward of a cell: goal 'G', hole 'H' (the episode ends in both), cliff 'C'
 * (-100 and back to the start), else `step`. */
static void make_table(table *w, const char *const *rows, const int (*compass)[2], double side,
		       double step, double goal)
{
	int row_count = 0, columns = (int)strlen(rows[0]), start = 0;
	while (rows[row_count])
		row_count++;
	w->cells = row_count * columns;
	w->outcomes = 3;
	ck_assert_int_le(w->cells, CELLS);
	for (int cell = 0; cell < w->cells; cell++)
		if (rows[cell / columns][cell % columns] == 'S')
			start = cell;
	for (int cell = 0; cell < w->cells; cell++)
		for (int a = 0; a < 4; a++)
			for (int turn = -1; turn <= 1; turn++) {
				const int *d = compass[(a + turn + 4) % 4];
				int r = cell / columns + d[0], c = cell % columns + d[1];
				if (r < 0 || r == row_count || c < 0 || c == columns ||
				    rows[r][c] == '#') {
					r = cell / columns;
					c = cell % columns;
				}
				char letter = rows[r][c];
				w->to[cell][a][turn + 1].p = turn ? side : 1 - 2 * side;
				w->to[cell][a][turn + 1].next = letter == 'C' ? start
									      : r * columns + c;
				w->to[cell][a][turn + 1].reward = letter == 'C'   ? -100
								  : letter == 'G' ? step + goal
										  : step;
				w->to[cell][a][turn + 1].end = letter == 'G' || letter == 'H';
			}
}

/* Expected return of action a in a cell if `value` is what follows. */
static double action_value(const table *w, const double *value, int cell, int a)
{
	double q = 0;
	for (int o = 0; o < w->outcomes; o++)
		q += w->to[cell][a][o].p *
		     (w->to[cell][a][o].reward +
		      (w->to[cell][a][o].end ? 0 : value[w->to[cell][a][o].next]));
	return q;
}

/* best (limit+1, CELLS): the action to take with so many steps left; value (CELLS): of the best policy with all steps left. */
static void solve(const table *w, int limit, unsigned char *best, double *value)
{
	double next[CELLS];
	memset(value, 0, CELLS * sizeof *value);
	for (int left = 1; left <= limit; left++) {
		for (int cell = 0; cell < w->cells; cell++) {
			int top = 0;
			for (int a = 1; a < 4; a++)
				if (action_value(w, value, cell, a) >
				    action_value(w, value, cell, top) + 1e-12)
					top = a;
			best[left * CELLS + cell] = (unsigned char)top;
			next[cell] = action_value(w, value, cell, top);
		}
		memcpy(value, next, sizeof next);
	}
}

/* Value of uniformly random actions with `limit` steps left. */
static void solve_random(const table *w, int limit, double *value)
{
	double next[CELLS];
	memset(value, 0, CELLS * sizeof *value);
	for (int left = 1; left <= limit; left++) {
		for (int cell = 0; cell < w->cells; cell++) {
			next[cell] = 0;
			for (int a = 0; a < 4; a++)
				next[cell] += action_value(w, value, cell, a) / 4;
		}
		memcpy(value, next, sizeof next);
	}
}

static sample play_best(env_run *run, const unsigned char *best, int limit, size_t episodes)
{
	sample s = {0};
	env_seed(run, 11);
	for (size_t i = 0; i < episodes; i++) {
		double total = 0;
		env_reset(run);
		for (int left = limit; left > 0; left--) {
			uint32_t flags = env_step(run, best[left * CELLS + env_index(run)]);
			total += run->reward;
			if (flags)
				break;
		}
		sample_add(&s, total);
	}
	return s;
}

static const char *const lake4[] = {"SFFF", "FHFH", "FFFH", "HFFG", NULL};
static const char *const lake8[] = {"SFFFFFFF", "FFFFFFFF", "FFFHFFFF", "FFFFFHFF", "FFFHFFFF",
				    "FHHFFFHF", "FHFFHFHF", "FFFHFFFG", NULL};
static const char *const cliff[] = {"............", "............", "............", "SCCCCCCCCCCG",
				    NULL};
/* the walls of the figure as coordinates would give them: a cross with four doors */
static const char *const rooms[] = {".....#.....", ".....#.....", "...........", ".....#.....",
				    ".....#.....", "#.####.....", ".....###.##", ".....#.....",
				    ".....#..G..", "...........", ".....#.....", NULL};
static const char *const maze[] = {".......#G", "..#....#.", "S.#....#.", "..#......",
				   ".....#...", ".........", NULL};

/* Everything the tests know of one world. */
typedef struct world_case {
	const char *id;
	const char *const *rows;
	const int (*compass)[2];
	double side, step, goal;
	int limit;   /* of the registration; 0: none */
	int horizon; /* steps to solve for */
	double random_return, best_return,
		rounding; /* of the reference, or computed here where it has none (NAN) */
	size_t random_episodes, best_episodes;
} world_case;

static const world_case worlds[] = {
	{"FrozenLake-v1", lake4, left_first, 1.0 / 3, 0, 1, 100, 100, 0.0139, 0.74419, 5e-5, 100000,
	 50000},
	{"FrozenLake8x8-v1", lake8, left_first, 1.0 / 3, 0, 1, 200, 200, 0.0019, 0.91322, 5e-5,
	 100000, 20000},
	/* a random walk falls and climbs for 8,000 steps on average: few episodes */
	{"CliffWalking-v1", cliff, up_first, 0, -1, 0, 0, 500, -65375, -13, 0.5, 1000, 10},
	{"CliffWalkingSlippery-v1", cliff, up_first, 1.0 / 3, -1, 0, 0, 3000, NAN, NAN, 0.5, 1000,
	 20000},
	{"FourRooms-v0", rooms, left_first, 0, 0, 1, 100, 100, NAN, NAN, 5e-4, 50000, 1000},
	{"Gridworld-v0", maze, left_first, 0, -0.01, 1, 4 * 54, 4 * 54, NAN, NAN, 5e-4, 20000, 10},
};

static const size_t world_count = sizeof worlds / sizeof worlds[0];

/* Mean of a value over the start cells. */
static double at_start(const world_case *c, const double *value)
{
	double sum = 0;
	int count = 0, columns = (int)strlen(c->rows[0]);
	bool everywhere = strcmp(c->id, "FourRooms-v0") == 0;
	for (int cell = 0; c->rows[cell / columns]; cell++) {
		char letter = c->rows[cell / columns][cell % columns];
		if (letter == 'S' || (everywhere && letter == '.')) {
			sum += value[cell];
			count++;
		}
	}
	return sum / count;
}

START_TEST(random_actions_return_what_the_table_says)
{
	const world_case *c = &worlds[_i];
	env_run run;
	env_open(&run, c->id, NULL, 0);
	ck_assert_uint_eq(run.world.instance.max_steps, (uint64_t)c->limit);
	double said = run.world.env->random_return, expected = c->random_return;
	if (c->limit) {
		/* the exact value, by dynamic programming */
		table *w = calloc(1, sizeof *w);
		double value[CELLS];
		make_table(w, c->rows, c->compass, c->side, c->step, c->goal);
		solve_random(w, c->limit, value);
		if (!isnan(expected))
			ck_assert_double_eq_tol(expected, at_start(c, value), c->rounding);
		expected = at_start(c, value);
		free(w);
	} else if (isnan(expected)) {
		/* a random action that slips is a random action */
		expected = -65375;
	}
	ck_assert_double_eq_tol(said, expected, c->rounding);
	sample s = env_random_returns(&run, c->random_episodes, run.world.instance.max_steps, 5);
	ck_assert_mean(s, expected, c->limit ? 0 : c->rounding, c->id);
	env_close(&run);
}
END_TEST

START_TEST(the_best_policy_returns_what_value_iteration_says)
{
	const world_case *c = &worlds[_i];
	env_run run;
	env_open(&run, c->id, NULL, 0);
	table *w = calloc(1, sizeof *w);
	unsigned char *best = calloc((size_t)c->horizon + 1, CELLS);
	double value[CELLS];
	make_table(w, c->rows, c->compass, c->side, c->step, c->goal);
	solve(w, c->horizon, best, value);
	double expected = at_start(c, value);
	if (!isnan(c->best_return))
		ck_assert_double_eq_tol(expected, c->best_return, 5e-6);
	sample s = play_best(&run, best, c->horizon, c->best_episodes);
	/* rounding: sums of a few hundred rewards */
	ck_assert_mean(s, expected, 1e-9, c->id);
	ck_assert(run.world.instance.has_max_return);
	ck_assert_double_le(sample_mean(&s), run.world.instance.max_return + 1e-12);
	ck_assert_double_lt(run.world.env->solved_return, expected);
	free(best);
	free(w);
	env_close(&run);
}
END_TEST

/* Where walls, edges and turns are: every transition of every cell, by its frequency. */
START_TEST(every_move_leads_where_the_map_says)
{
	const world_case *c = &worlds[_i];
	env_run run;
	env_open(&run, c->id, NULL, 0);
	table *w = calloc(1, sizeof *w);
	make_table(w, c->rows, c->compass, c->side, c->step, c->goal);
	int32_t *at = env_field(&run, "cell");
	int columns = (int)strlen(c->rows[0]);
	env_seed(&run, 1);
	env_reset(&run);
	for (int cell = 0; cell < w->cells; cell++)
		for (int a = 0; a < 4; a++) {
			if (strchr("#GHC", c->rows[cell / columns][cell % columns]))
				continue;
			int seen[3] = {0};
			for (int i = 0; i < 60; i++) {
				*at = cell;
				uint32_t flags = env_step(&run, a);
				bool found = false;
				for (int o = 0; o < 3; o++)
					if (w->to[cell][a][o].p > 0 &&
					    *at == w->to[cell][a][o].next &&
					    run.reward == w->to[cell][a][o].reward &&
					    flags == (w->to[cell][a][o].end ? BERN_TERMINATED
									    : 0u)) {
						seen[o]++;
						found = true;
					}
				ck_assert_msg(found,
					      "%s: action %d in cell %d led to %d with reward %g",
					      c->id, a, cell, *at, run.reward);
			}
			/* (2/3)^60 = 3e-11: an outcome not seen in 60 tries does not happen */
			for (int o = 0; o < 3; o++)
				ck_assert_msg(w->to[cell][a][o].p == 0 || seen[o],
					      "%s: action %d in cell %d never led to %d", c->id, a,
					      cell, w->to[cell][a][o].next);
		}
	free(w);
	env_close(&run);
}
END_TEST

START_TEST(four_rooms_starts_anywhere_but_at_the_goal)
{
	env_run run;
	env_open(&run, "FourRooms-v0", NULL, 0);
	env_seed(&run, 2);
	int seen[11 * 11] = {0}, cells = 0;
	const int tries = 103 * 400;
	for (int i = 0; i < tries; i++) {
		env_reset(&run);
		seen[env_index(&run)]++;
	}
	double square = 0;
	for (int cell = 0; cell < 11 * 11; cell++) {
		if (rooms[cell / 11][cell % 11] == '.') {
			cells++;
			square += (seen[cell] - 400.0) * (seen[cell] - 400.0) / 400;
		} else
			ck_assert_int_eq(seen[cell], 0);
	}
	/* 121 cells, 17 of them walls, one the goal; chi-square with 102 degrees: mean 102, deviation sqrt(204) */
	ck_assert_int_eq(cells, 103);
	ck_assert_double_le(fabs(square - 102), 5 * sqrt(204));
	env_close(&run);
}
END_TEST

START_TEST(slipping_turns_as_often_as_asked)
{
	static const char *const ids[] = {"FourRooms-v0", "Gridworld-v0", "FrozenLake-v1"};
	/* an open field, the agent in its middle */
	const bern_setting field = {"map", "FFFFF/FFFFF/FFFFF/FFFFF/SFFFG"};
	bern_setting settings[2] = {{_i == 2 ? "success_rate" : "slip", _i == 2 ? "0.7" : "0.3"},
				    field};
	env_run run;
	env_open(&run, ids[_i], settings, _i == 0 ? 1 : 2);
	int columns = _i == 0 ? 11 : 5, middle = _i == 0 ? 2 * 11 + 2 : 2 * 5 + 2;
	int32_t *at = env_field(&run, "cell");
	env_seed(&run, 9);
	env_reset(&run);
	for (int a = 0; a < 4; a++) {
		sample side[3] = {0};
		for (int i = 0; i < 20000; i++) {
			*at = middle;
			env_step(&run, a);
			for (int turn = -1; turn <= 1; turn++) {
				const int *d = left_first[(a + turn + 4) % 4];
				sample_add(&side[turn + 1], *at == middle + d[0] * columns + d[1]);
			}
		}
		ck_assert_mean(side[0], 0.15, 0, "turned one way");
		ck_assert_mean(side[1], 0.7, 0, "kept");
		ck_assert_mean(side[2], 0.15, 0, "turned the other way");
	}
	env_close(&run);
}
END_TEST

/* A map of three starts, two goals, a hole and a wall. */
START_TEST(own_maps_do_what_their_letters_say)
{
	static const char *const forms[] = {"S.G/S#H/SFG", "S.G\nS#H\nSFG", "S.G\r\nS#H\r\nSFG\r\n",
					    "SFG/S#H/S.G/"};
	bern_setting settings[] = {{"map", forms[_i]},
				   {"step_reward", "-2"},
				   {"goal_reward", "10"},
				   {"hole_reward", "-7"}};
	env_run run;
	env_open(&run, "Gridworld-v0", settings, 4);
	ck_assert_int_eq(run.world.instance.observation.sizes[0], 9);
	ck_assert_uint_eq(run.world.instance.max_steps, 36);
	ck_assert_double_eq(run.world.instance.max_return, 10 - 2 * 2);
	env_seed(&run, 4);
	sample first = {0}, second = {0};
	for (int i = 0; i < 9000; i++) {
		env_reset(&run);
		int32_t start = env_index(&run);
		ck_assert(start == 0 || start == 3 || start == 6);
		sample_add(&first, start == 0);
		sample_add(&second, start == 3);
	}
	ck_assert_mean(first, 1.0 / 3, 0, "first start");
	ck_assert_mean(second, 1.0 / 3, 0, "second start");

	/* the wall, the edge, the way round to a goal; metrics say success */
	int32_t *at = env_field(&run, "cell");
	double success = -1;
	*at = 3;
	ck_assert_uint_eq(env_step(&run, 2), 0);
	ck_assert_int_eq(*at, 3);
	ck_assert_uint_eq(env_step(&run, 0), 0);
	ck_assert_int_eq(*at, 3);
	ck_assert_uint_eq(env_step(&run, 3), 0);
	ck_assert_uint_eq(env_step(&run, 2), 0);
	ck_assert_double_eq(run.reward, -2);
	run.world.env->read_metrics(run.world.instance.model, run.state, &success);
	ck_assert_double_eq(success, 0);
	ck_assert_uint_eq(env_step(&run, 2), BERN_TERMINATED);
	ck_assert_double_eq(run.reward, 8);
	run.world.env->read_metrics(run.world.instance.model, run.state, &success);
	ck_assert_double_eq(success, 1);
	/* into the hole */
	*at = 2;
	ck_assert_uint_eq(env_step(&run, 1), BERN_TERMINATED);
	ck_assert_double_eq(run.reward, -9);
	env_close(&run);
}
END_TEST

START_TEST(a_lake_by_name_and_by_letters_is_the_same)
{
	const bern_setting named = {"map", "8x8"};
	const bern_setting spelled = {
		"map", "SFFFFFFF/FFFFFFFF/FFFHFFFF/FFFFFHFF/FFFHFFFF/FHHFFFHF/FHFFHFHF/FFFHFFFG"};
	env_run a, b, c;
	env_open(&a, "FrozenLake-v1", &named, 1);
	env_open(&b, "FrozenLake-v1", &spelled, 1);
	env_open(&c, "FrozenLake8x8-v1", NULL, 0);
	for (uint64_t seed = 0; seed < 200; seed++) {
		env_seed(&a, seed);
		env_seed(&b, seed);
		env_seed(&c, seed);
		env_reset(&a);
		env_reset(&b);
		env_reset(&c);
		for (int32_t t = 0; t < 200 && !a.flags; t++) {
			env_step(&a, (t + (int32_t)seed) % 4);
			env_step(&b, (t + (int32_t)seed) % 4);
			env_step(&c, (t + (int32_t)seed) % 4);
			ck_assert_int_eq(env_index(&a), env_index(&b));
			ck_assert_int_eq(env_index(&a), env_index(&c));
			ck_assert(a.flags == b.flags && a.flags == c.flags && a.reward == b.reward);
		}
	}
	env_close(&a);
	env_close(&b);
	env_close(&c);
}
END_TEST

START_TEST(ice_that_is_not_slippery_does_as_told)
{
	const bern_setting firm = {"is_slippery", "false"};
	env_run run;
	env_open(&run, "FrozenLake-v1", &firm, 1);
	env_seed(&run, 0);
	static const int32_t way[6] = {1, 1, 2, 2, 1, 2};
	for (int i = 0; i < 100; i++) {
		env_reset(&run);
		for (int t = 0; t < 6; t++)
			ck_assert_uint_eq(env_step(&run, way[t]), t == 5 ? BERN_TERMINATED : 0u);
		ck_assert_double_eq(run.reward, 1);
	}
	env_close(&run);
}
END_TEST

START_TEST(falls_are_counted)
{
	env_run run;
	env_open(&run, "CliffWalking-v1", NULL, 0);
	env_seed(&run, 0);
	env_reset(&run);
	for (int i = 1; i <= 3; i++) {
		double falls;
		env_step(&run, 1);
		ck_assert_double_eq(run.reward, -100);
		ck_assert_int_eq(env_index(&run), 36);
		run.world.env->read_metrics(run.world.instance.model, run.state, &falls);
		ck_assert_double_eq(falls, i);
	}
	env_close(&run);
}
END_TEST

/* A wrong map and what its sentence must say. */
typedef struct bad_map {
	const char *id, *map, *says;
} bad_map;

static const bad_map bad_maps[] = {
	{"Gridworld-v0", "S..G/...", "row 2 has 3 columns, row 1 has 4"},
	{"Gridworld-v0", "S..G/...../....", "row 2 goes on at column 5, row 1 has 4"},
	{"Gridworld-v0", "S..G/....//....", "row 3 has 0 columns, row 1 has 4"},
	{"Gridworld-v0", "/S..G", "row 1 is empty"},
	{"Gridworld-v0", "\n", "row 1 is empty"},
	{"Gridworld-v0", "S..G/..x.", "row 2, column 3 is 'x'"},
	{"Gridworld-v0", "S..G/.\t..", "row 2, column 2 is 0x09"},
	{"Gridworld-v0", "S..G/.\xc3\xa4..", "row 2, column 2 is 0xc3"},
	{"Gridworld-v0", "S..G/s...", "row 2, column 1 is 's'"},
	{"Gridworld-v0", "...G/....", "no start"},
	{"Gridworld-v0", "S.../....", "no goal in"},
	{"Gridworld-v0", "S#.G/##..", "no goal can be reached from the start at row 1, column 1"},
	{"Gridworld-v0", "S.HG/..HH", "no goal can be reached from the start at row 1, column 1"},
	{"Gridworld-v0", "G.S#/..##/###S",
	 "no goal can be reached from the start at row 3, column 4"},
	{"FrozenLake-v1", "SFFG/FF", "row 2 has 2 columns, row 1 has 4"},
	{"FrozenLake-v1", "SFFG/F#FF", "row 2, column 2 is '#'"},
	{"FrozenLake-v1", "5x5", "row 1, column 1 is '5'"},
	{"FrozenLake-v1", "FFFG", "no start"},
	{"FrozenLake8x8-v1", "SFFF", "no goal in"},
	{"FrozenLake8x8-v1", "SHFG", "no goal can be reached from the start at row 1, column 1"},
};

START_TEST(a_wrong_map_is_told_by_row_and_column)
{
	const bad_map *b = &bad_maps[_i];
	const bern_setting setting = {"map", b->map};
	env_run run;
	bern_error e;
	ck_assert_msg(env_try(&run, b->id, &setting, 1, &e) != 0, "the map %s was taken", b->map);
	ck_assert_msg(strstr(e.text, b->says) != NULL, "\"%s\" does not say \"%s\"", e.text,
		      b->says);
	ck_assert_msg(!strchr(e.text, '\n'), "more than one line: %s", e.text);
}
END_TEST

/* rows x columns of free ground with a start and a goal in two corners */
static char *field_of(size_t rows, size_t columns, const char *separator)
{
	size_t gap = strlen(separator);
	char *text = calloc(1, rows * (columns + gap) + 1), *p = text;
	for (size_t r = 0; r < rows; r++) {
		memset(p, '.', columns);
		if (r == 0)
			p[0] = 'S';
		if (r == rows - 1)
			p[columns - 1] = 'G';
		memcpy(p + columns, separator, gap);
		p += columns + gap;
	}
	return text;
}

START_TEST(maps_are_taken_up_to_64_rows_and_columns)
{
	static const size_t rows[] = {64, 65, 64, 1, 65, 2}, columns[] = {64, 64, 65, 65, 1, 1};
	static const char *const says[] = {
		NULL, "row 65", "row 1, column 65", "row 1, column 65", "row 65", NULL};
	char *map = field_of(rows[_i], columns[_i], _i == 0 ? "\r\n" : "/");
	const bern_setting setting = {"map", map};
	env_run run;
	bern_error e;
	int32_t rc = env_try(&run, "Gridworld-v0", &setting, 1, &e);
	if (says[_i]) {
		ck_assert_int_ne(rc, 0);
		/* longer than any map may be: the host speaks of the length first */
		ck_assert_msg(strstr(e.text, says[_i]) || strstr(e.text, "map"), "%s", e.text);
	} else {
		ck_assert_msg(rc == 0, "%s", e.text);
		/* on the way to the far corner of a large map more is lost than by being cut after one step */
		double way = 1 - 0.01 * (double)(rows[_i] + columns[_i] - 2);
		ck_assert_double_eq_tol(run.world.instance.max_return, fmax(way, -0.01), 1e-9);
		env_close(&run);
	}
	free(map);
}
END_TEST

/* Opens a map straight through the table, past the host's own checks. */
static int32_t open_raw(const bern_env *env, const bern_value *defaults, const char *map,
			bern_instance *out, char *err, size_t err_size)
{
	bern_value values[8];
	ck_assert_uint_le(env->param_count, 8);
	memcpy(values, defaults, env->param_count * sizeof values[0]);
	for (uint32_t i = 0; i < env->param_count; i++)
		if (strcmp(env->params[i].key, "map") == 0)
			values[i].s = map;
	memset(out, 0, sizeof *out);
	out->struct_size = sizeof *out;
	return env->open(values, out, err, err_size);
}

/* Texts of random letters, mostly allowed ones: never a crash (the sanitizers watch), always a sentence or a world that runs. */
START_TEST(random_maps_never_break_anything)
{
	static const char *const ids[] = {"Gridworld-v0", "FrozenLake-v1"};
	static const char common[] = "SG#.FH/";
	env_run run;
	env_open(&run, ids[_i], NULL, 0);
	const bern_env *env = run.world.env;
	bern_rng rng;
	bern_rng_seed(&rng, 77);
	int taken = 0;
	for (int i = 0; i < 20000; i++) {
		char map[200], err[160];
		size_t length = bern_rng_below(&rng, i % 4 ? 24 : sizeof map - 1);
		size_t columns = 1 + bern_rng_below(&rng, 6);
		bool wild = bern_rng_below(&rng, 4) == 0;
		for (size_t k = 0; k < length; k++) {
			bool row_end = k % (columns + 1) == columns &&
				       bern_rng_below(&rng, 50) != 0;
			map[k] = row_end ? '/' : common[bern_rng_below(&rng, sizeof common - 2)];
			if (wild && bern_rng_below(&rng, 8) == 0)
				map[k] = (char)(1 + bern_rng_below(&rng, 255));
		}
		map[length] = '\0';
		size_t room = bern_rng_below(&rng, sizeof err);
		memset(err, 0x5a, sizeof err);
		bern_instance it;
		if (open_raw(env, run.world.values, map, &it, err, room)) {
			ck_assert(room == 0 || memchr(err, '\0', room));
			ck_assert(room < 2 || err[0]);
			for (size_t k = room; k < sizeof err; k++)
				ck_assert_int_eq(err[k], 0x5a);
			continue;
		}
		taken++;
		int32_t state[4] = {0}, index;
		ck_assert_uint_le(it.state_size, sizeof state);
		env->reset(it.model, state, &rng);
		for (int t = 0; t < 30; t++) {
			bern_outcome out = {0};
			int32_t action = (int32_t)bern_rng_below(&rng, 4);
			env->step(it.model, state, &rng, &action, &out);
			env->observe(it.model, state, &index);
			ck_assert(index >= 0 && index < it.observation.sizes[0]);
			if (out.flags)
				break;
		}
		env->close(it.model);
	}
	ck_assert_msg(taken > 100, "only %d maps were taken: nothing is tested", taken);
	env_close(&run);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("grids");
	TCase *t = tcase_create("worlds");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, random_actions_return_what_the_table_says, 0, (int)world_count);
	tcase_add_loop_test(t, the_best_policy_returns_what_value_iteration_says, 0,
			    (int)world_count);
	tcase_add_loop_test(t, every_move_leads_where_the_map_says, 0, (int)world_count);
	tcase_add_test(t, four_rooms_starts_anywhere_but_at_the_goal);
	tcase_add_loop_test(t, slipping_turns_as_often_as_asked, 0, 3);
	tcase_add_test(t, ice_that_is_not_slippery_does_as_told);
	tcase_add_test(t, falls_are_counted);
	suite_add_tcase(s, t);

	t = tcase_create("maps");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, own_maps_do_what_their_letters_say, 0, 4);
	tcase_add_test(t, a_lake_by_name_and_by_letters_is_the_same);
	tcase_add_loop_test(t, a_wrong_map_is_told_by_row_and_column, 0,
			    (int)(sizeof bad_maps / sizeof bad_maps[0]));
	tcase_add_loop_test(t, maps_are_taken_up_to_64_rows_and_columns, 0, 6);
	tcase_add_loop_test(t, random_maps_never_break_anything, 0, 2);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
