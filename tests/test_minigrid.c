/* The rooms after MiniGrid: recorded episodes of a program that shares no code with Bern, step by step and number by number; then
 * what the recordings do not show: maps as text, lava, doors that are closed, the two encodings, other time limits. */
#include "env_run.h"

#include <stdio.h>

enum { SIDE = 7, NUMBERS = 3 * SIDE * SIDE + 1 };
enum { LEFT, RIGHT, FORWARD, PICKUP, DROP, TOGGLE, DONE };
enum { UNSEEN = 0, EMPTY = 1, WALL = 2, DOOR = 4, KEY = 5, GOAL = 8, LAVA = 9 };

/* The view as recorded: (column, row, object-colour-state), then the direction. */
typedef struct view {
	int32_t numbers[NUMBERS];
} view;

static view look(const env_run *run)
{
	view v;
	run->world.env->observe(run->world.instance.model, run->state, v.numbers);
	return v;
}

static int32_t object_at(const view *v, int column, int row)
{
	return v->numbers[3 * (SIDE * column + row)];
}

static int32_t state_at(const view *v, int column, int row)
{
	return v->numbers[3 * (SIDE * column + row) + 2];
}

/* ---- recorded episodes --------------------------------------------------------------------------------- */

static void compare_view(const env_run *run, const char *image, int direction, const char *where)
{
	view v = look(run);
	for (int i = 0; i < NUMBERS - 1; i++) {
		const char digit[2] = {image[i], 0};
		int recorded = (int)strtol(digit, NULL, 16);
		ck_assert_msg(v.numbers[i] == recorded,
			      "%s: column %d, row %d, number %d is %d, recorded %d", where,
			      i / 3 / SIDE, i / 3 % SIDE, i % 3, v.numbers[i], recorded);
	}
	ck_assert_msg(v.numbers[NUMBERS - 1] == direction, "%s: direction", where);
}

START_TEST(recorded_episodes_are_reproduced)
{
	FILE *file = fopen(BERN_TEST_DATA "/minigrid-traces.txt", "r");
	ck_assert_ptr_nonnull(file);
	env_run run = {0};
	char line[512], id[64] = "", word[64], image[256], action[8], where[160];
	unsigned long seed = 0, episodes = 0, ended = 0;
	int steps = 0, end, direction;
	double reward;
	while (fgets(line, sizeof line, file)) {
		if (line[0] == '#')
			continue;
		if (sscanf(line, "%63s %lu %1s", word, &seed, action) == 2) {
			memcpy(id, word, sizeof id);
			if (run.registry)
				env_close(&run);
			env_open(&run, id, NULL, 0);
			env_seed(&run, seed);
			episodes++;
			steps = 0;
			continue;
		}
		ck_assert_int_eq(sscanf(line, "%7s %lf %d %d %255s", action, &reward, &end,
					&direction, image),
				 5);
		ck_assert_uint_eq(strlen(image), NUMBERS - 1);
		snprintf(where, sizeof where, "%s, seed %lu, step %d", id, seed, steps);
		if (action[0] == '-') {
			env_reset(&run);
		} else {
			uint32_t flags = env_step(&run, action[0] - '0');
			steps++;
			/* both compute 1 - 0.9 * (steps / limit) in double */
			ck_assert_msg(run.reward == reward, "%s: reward %.17g, recorded %.17g",
				      where, run.reward, reward);
			ck_assert_msg(flags == (end & 1 ? BERN_TERMINATED : 0), "%s: flags", where);
			int cut = (uint64_t)steps >= run.world.instance.max_steps;
			ck_assert_msg(cut == (end >> 1), "%s: time limit", where);
			ended += (unsigned)end & 1;
		}
		compare_view(&run, image, direction, where);
	}
	fclose(file);
	ck_assert_uint_eq(episodes, 31);
	ck_assert_uint_eq(ended, 31);
	env_close(&run);
}
END_TEST

/* ---- maps ---------------------------------------------------------------------------------------------- */

static void open_map(env_run *run, const char *map)
{
	const bern_setting settings[] = {{"map", map}};
	env_open(run, "MiniGrid-Map-v0", settings, 1);
	env_seed(run, 1);
	env_reset(run);
}

static void play(env_run *run, const int32_t *actions, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		env_step(run, actions[i]);
		if (i + 1 < count)
			ck_assert_msg(!run->flags && run->reward == 0, "step %zu", i);
	}
}
#define PLAY(run_, ...)                                                                            \
	play(run_, (const int32_t[]){__VA_ARGS__},                                                 \
	     sizeof((const int32_t[]){__VA_ARGS__}) / sizeof(int32_t))

START_TEST(a_key_opens_a_locked_door_and_stays_in_hand)
{
	env_run run;
	open_map(&run, ">KDG");
	view v = look(&run);
	/* the agent looks along the row: key, locked door, and nothing behind it */
	ck_assert_int_eq(object_at(&v, 3, 5), KEY);
	ck_assert_int_eq(object_at(&v, 3, 4), DOOR);
	ck_assert_int_eq(state_at(&v, 3, 4), 2);
	ck_assert_int_eq(object_at(&v, 3, 3), UNSEEN);
	ck_assert_int_eq(object_at(&v, 2, 6), WALL);
	/* a key blocks the way, a locked door does not open without one */
	PLAY(&run, FORWARD, TOGGLE, DROP, PICKUP, FORWARD);
	v = look(&run);
	ck_assert_int_eq(object_at(&v, 3, 6), KEY);
	ck_assert_int_eq(object_at(&v, 3, 5), DOOR);
	PLAY(&run, FORWARD, TOGGLE);
	v = look(&run);
	ck_assert_int_eq(state_at(&v, 3, 5), 0);
	ck_assert_int_eq(object_at(&v, 3, 4), GOAL);
	ck_assert_int_eq(object_at(&v, 3, 6), KEY);
	/* open, it closes and opens by hand; closed, it hides and blocks */
	PLAY(&run, TOGGLE, FORWARD);
	v = look(&run);
	ck_assert_int_eq(state_at(&v, 3, 5), 1);
	ck_assert_int_eq(object_at(&v, 3, 4), UNSEEN);
	PLAY(&run, TOGGLE, FORWARD, DROP, FORWARD);
	ck_assert_uint_eq(run.flags, BERN_TERMINATED);
	/* 13 steps of a limit of 40 */
	ck_assert_double_eq(run.reward, 1 - 0.9 * (13.0 / 40));
	env_close(&run);
}
END_TEST

START_TEST(a_key_can_be_laid_down_on_free_ground_alone)
{
	env_run run;
	open_map(&run, "#.#/#^K/#.G");
	PLAY(&run, RIGHT, PICKUP, LEFT, DROP);
	view v = look(&run);
	ck_assert_int_eq(object_at(&v, 3, 5), KEY);
	ck_assert_int_eq(object_at(&v, 3, 6), EMPTY);
	/* taken up again; not onto a wall, nor onto the goal */
	PLAY(&run, PICKUP, LEFT, DROP);
	v = look(&run);
	ck_assert_int_eq(object_at(&v, 3, 6), KEY);
	PLAY(&run, LEFT, FORWARD, LEFT, DROP, FORWARD);
	ck_assert_uint_eq(run.flags, BERN_TERMINATED);
	ck_assert_double_gt(run.reward, 0);
	env_close(&run);
}
END_TEST

START_TEST(lava_ends_the_episode_without_a_reward)
{
	env_run run;
	open_map(&run, "LvG/.../...");
	view v = look(&run);
	/* facing down, the agent's right is the left of the map */
	ck_assert_int_eq(object_at(&v, 4, 6), LAVA);
	ck_assert_int_eq(object_at(&v, 2, 6), GOAL);
	PLAY(&run, RIGHT, FORWARD);
	ck_assert_uint_eq(run.flags, BERN_TERMINATED);
	ck_assert_double_eq(run.reward, 0);
	env_close(&run);
}
END_TEST

START_TEST(beyond_the_map_there_are_walls)
{
	env_run run;
	open_map(&run, "^G");
	PLAY(&run, FORWARD, TOGGLE, PICKUP, LEFT, FORWARD, LEFT, FORWARD);
	for (int i = 0; i < 20; i++)
		PLAY(&run, DONE, DROP);
	PLAY(&run, LEFT, FORWARD);
	ck_assert_uint_eq(run.flags, BERN_TERMINATED);
	/* the limit of two cells is 20: later than that the reward falls no further */
	ck_assert_double_eq_tol(run.reward, 0.1, 1e-15);
	env_close(&run);
}
END_TEST

START_TEST(starts_and_directions_are_drawn_evenly)
{
	const bern_setting settings[] = {{"map", "S.S/>G."}};
	env_run run;
	env_open(&run, "MiniGrid-Map-v0", settings, 1);
	env_seed(&run, 3);
	double counts[3][4] = {{0}};
	const int n = 12000;
	for (int i = 0; i < n; i++) {
		env_reset(&run);
		int32_t x = *(int32_t *)env_field(&run, "x"), y = *(int32_t *)env_field(&run, "y");
		counts[y ? 2 : x / 2][*(int32_t *)env_field(&run, "direction")]++;
	}
	/* 5 standard deviations of a binomial count */
	for (int d = 0; d < 4; d++) {
		double p = 1.0 / 12, sigma = sqrt(n * p * (1 - p));
		ck_assert_double_eq_tol(counts[0][d], n * p, 5 * sigma);
		ck_assert_double_eq_tol(counts[1][d], n * p, 5 * sigma);
	}
	ck_assert_double_eq_tol(counts[2][0], n / 3.0, 5 * sqrt(n * 2.0 / 9));
	ck_assert_double_eq(counts[2][1] + counts[2][2] + counts[2][3], 0);
	env_close(&run);
}
END_TEST

START_TEST(bad_maps_are_refused_with_the_place)
{
	static const char *const cases[][2] = {
		{"S.X/..G", "map: row 1, column 3 is 'X', not one of the letters #.SGKDOLv<>^"},
		{"S./..G", "map: row 2 goes on at column 3, row 1 has 2 columns; all rows must be "
			   "equally long"},
		{"..G", "map: no start in its 1 rows and 3 columns; at least one of S > v < ^ is "
			"needed"},
		{"S..", "map: no goal in its 1 rows and 3 columns; at least one G is needed"},
		{"SDG", "map: no goal can be reached from the start at row 1, column 1, with the "
			"keys that can be"},
		{"SDKDG", "map: no goal can be reached from the start at row 1, column 1, with the "
			  "keys that can be"},
		{"SL/LG", "map: no goal can be reached from the start at row 1, column 1, with the "
			  "keys that can be"},
		{"SOG/.../>#G/..#", NULL},
		{"SKDG", NULL},
		{"SG/##/K#", NULL},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const bern_setting settings[] = {{"map", cases[i][0]}};
		env_run run;
		bern_error e;
		int32_t rc = env_try(&run, "MiniGrid-Map-v0", settings, 1, &e);
		ck_assert_msg(!rc == !cases[i][1], "%s: %s", cases[i][0], rc ? e.text : "taken");
		if (!rc) {
			env_close(&run);
			continue;
		}
		const char *said = strstr(e.text, "map:");
		ck_assert_msg(said && strcmp(said, cases[i][1]) == 0, "%s: %s", cases[i][0],
			      e.text);
	}
}
END_TEST

/* ---- what the host sees --------------------------------------------------------------------------------- */

START_TEST(a_network_sees_each_number_one_hot_or_as_it_is)
{
	for (int numbers = 0; numbers < 2; numbers++) {
		const bern_setting settings[] = {{"encoding", numbers ? "numbers" : "categories"}};
		env_run run;
		bern_error e;
		float seen[984];
		int32_t raw[NUMBERS];
		uint8_t bytes[NUMBERS];
		env_open(&run, "MiniGrid-DoorKey-6x6-v0", settings, 1);
		env_seed(&run, 4);
		env_reset(&run);
		ck_assert_uint_eq(run.world.observation_floats, numbers ? NUMBERS : 984);
		void *observation = numbers ? (void *)bytes : (void *)raw;
		run.world.env->observe(run.world.instance.model, run.state, observation);
		ck_assert_int_eq(bern_encode(&run.world, observation, seen, &e), 0);
		double sum = 0;
		for (size_t i = 0; i < run.world.observation_floats; i++)
			sum += (double)seen[i];
		double expected = NUMBERS;
		if (numbers) {
			expected = 0;
			for (int i = 0; i < NUMBERS; i++)
				expected += bytes[i];
		}
		ck_assert_double_eq(sum, expected);
		env_close(&run);
	}
}
END_TEST

/* Means of uniformly random actions, as the tables state them. */
static const struct shelf {
	const char *id;
	double random_return;
	double rounding; /* half a unit of its last digit */
	size_t episodes;
} shelf[] = {
	{"MiniGrid-Empty-5x5-v0", 0.2, 0.0005, 10000},
	{"MiniGrid-Empty-Random-5x5-v0", 0.317, 0.0005, 10000},
	{"MiniGrid-Empty-6x6-v0", 0.137, 0.0005, 10000},
	{"MiniGrid-Empty-Random-6x6-v0", 0.262, 0.0005, 10000},
	{"MiniGrid-Empty-8x8-v0", 0.084, 0.0005, 10000},
	{"MiniGrid-Empty-16x16-v0", 0.037, 0.0005, 3000},
	{"MiniGrid-FourRooms-v0", 0.0196, 0.00005, 10000},
	{"MiniGrid-DoorKey-5x5-v0", 0.033, 0.0005, 10000},
	{"MiniGrid-DoorKey-6x6-v0", 0.02, 0.0005, 10000},
	{"MiniGrid-DoorKey-8x8-v0", 0.0097, 0.00005, 5000},
	{"MiniGrid-DoorKey-16x16-v0", 0.0023, 0.00005, 2000},
	{"MiniGrid-Map-v0", 0.0016, 0.00005, 10000},
};

START_TEST(random_actions_return_what_is_stated)
{
	env_run run;
	env_open(&run, shelf[_i].id, NULL, 0);
	ck_assert_double_eq(run.world.env->random_return, shelf[_i].random_return);
	sample s = env_random_returns(&run, shelf[_i].episodes, run.world.instance.max_steps, 17);
	ck_assert_mean(s, shelf[_i].random_return, shelf[_i].rounding, shelf[_i].id);
	env_close(&run);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("minigrid");
	TCase *t = tcase_create("rooms");
	tcase_set_timeout(t, 60);
	tcase_add_test(t, recorded_episodes_are_reproduced);
	tcase_add_test(t, a_key_opens_a_locked_door_and_stays_in_hand);
	tcase_add_test(t, a_key_can_be_laid_down_on_free_ground_alone);
	tcase_add_test(t, lava_ends_the_episode_without_a_reward);
	tcase_add_test(t, beyond_the_map_there_are_walls);
	tcase_add_test(t, starts_and_directions_are_drawn_evenly);
	tcase_add_test(t, bad_maps_are_refused_with_the_place);
	tcase_add_test(t, a_network_sees_each_number_one_hot_or_as_it_is);
	tcase_add_loop_test(t, random_actions_return_what_is_stated, 0,
			    (int)(sizeof shelf / sizeof shelf[0]));
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
