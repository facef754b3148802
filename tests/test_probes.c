/* The probes: their rules by other means, over many episodes, and what their tables state. */
#include "env_run.h"

#include <stdio.h>

/* ---- catch --------------------------------------------------------------------------------------------- */

/* Where the ones of a board (rows, columns) are. */
static int read_board(const env_run *run, int rows, int columns, int *at, int most)
{
	uint8_t board[64 * 64];
	int count = 0;
	run->world.env->observe(run->world.instance.model, run->state, board);
	for (int i = 0; i < rows * columns; i++)
		if (board[i] && count < most)
			at[count++] = i;
	return count;
}

START_TEST(catching_follows_from_the_board_alone)
{
	static const char *const sizes[][2] = {{"10", "5"}, {"4", "7"}, {"2", "1"}, {"5", "6"}};
	int rows = atoi(sizes[_i][0]), columns = atoi(sizes[_i][1]);
	const bern_setting settings[] = {{"rows", sizes[_i][0]}, {"columns", sizes[_i][1]}};
	env_run run;
	bern_rng actions;
	env_open(&run, "Catch-v0", settings, 2);
	env_seed(&run, 1);
	bern_rng_seed(&actions, 2);
	for (int episode = 0; episode < 300; episode++) {
		int at[3];
		env_reset(&run);
		ck_assert_int_eq(read_board(&run, rows, columns, at, 3), 2);
		ck_assert_int_lt(at[0], columns);
		int ball = at[0], paddle = columns / 2;
		ck_assert_int_eq(at[1], (rows - 1) * columns + paddle);
		for (int row = 1; row < rows; row++) {
			int move = (int)bern_rng_below(&actions, 3) - 1;
			paddle += paddle + move < 0 || paddle + move >= columns ? 0 : move;
			uint32_t flags = env_step(&run, move + 1);
			int landed = row == rows - 1;
			ck_assert_uint_eq(flags, landed ? BERN_TERMINATED : 0);
			ck_assert_double_eq(run.reward, !landed ? 0 : ball == paddle ? 1 : -1);
			int caught = landed && ball == paddle;
			ck_assert_int_eq(read_board(&run, rows, columns, at, 3), caught ? 1 : 2);
			ck_assert_int_eq(at[0],
					 row * columns + (landed && paddle < ball ? paddle : ball));
			ck_assert_int_eq(at[caught ? 0 : 1],
					 (rows - 1) * columns +
						 (landed && paddle < ball ? ball : paddle));
		}
	}
	env_close(&run);
}
END_TEST

/* ---- deep sea ------------------------------------------------------------------------------------------ */

/* Which action moves right in each cell, found by trying: (size, size), -1 where the cell cannot be reached. */
static void explore(env_run *run, int size, int right[64][64])
{
	for (int i = 0; i < size * size; i++)
		right[i / size][i % size] = -1;
	/* cells of a row are reached by rights first, then lefts */
	for (int row = 0; row < size - 1; row++)
		for (int column = row % 2; column <= row; column += 2) {
			env_reset(run);
			for (int r = 0, c = 0; r < row; r++) {
				int go = r < (row + column) / 2;
				env_step(run, go ? right[r][c] : 1 - right[r][c]);
				c += go ? 1 : c > 0 ? -1 : 0;
				ck_assert_int_eq(env_index(run), (r + 1) * size + c);
			}
			env_step(run, 1);
			int moved = env_index(run) % size > column;
			right[row][column] = moved;
			ck_assert_double_eq(run->reward, moved ? -0.01 / size : 0);
		}
}

START_TEST(only_right_at_every_step_finds_the_treasure)
{
	static const char *const sizes[] = {"2", "7", "10"};
	const bern_setting settings[] = {{"size", sizes[_i]}, {"mapping", "3"}};
	int size = atoi(sizes[_i]);
	int right[64][64];
	env_run run;
	env_open(&run, "DeepSea-v0", settings, 2);
	env_seed(&run, 1);
	explore(&run, size, right);
	/* in the last cell both actions are tried: one pays */
	int paid = 0;
	for (int last = 0; last < 2; last++) {
		double total = 0;
		env_reset(&run);
		for (int i = 0; i < size; i++) {
			uint32_t flags = env_step(&run, i < size - 1 ? right[i][i] : last);
			total += run.reward;
			ck_assert_uint_eq(flags, i == size - 1 ? BERN_TERMINATED : 0);
		}
		paid += run.reward > 0.5;
		if (run.reward > 0.5) {
			ck_assert_double_eq(total, run.world.instance.max_return);
			ck_assert_double_eq_tol(total, 0.99, 1e-12);
		}
	}
	ck_assert_int_eq(paid, 1);
	/* one turn away from the diagonal and it is lost */
	for (int turn = 0; turn < size - 1; turn++) {
		env_reset(&run);
		for (int i = 0, c = 0; i < size; i++) {
			int r = i < size - 1 && right[i][c] >= 0 ? right[i][c] : 1;
			env_step(&run, i == turn ? 1 - r : r);
			ck_assert_double_lt(run.reward, 0.5);
			c = env_index(&run) % size;
		}
	}
	env_close(&run);
}
END_TEST

START_TEST(mappings_differ_and_are_fair)
{
	double ones = 0, cells = 0;
	int same = 0;
	int first[64][64], right[64][64];
	for (int mapping = 0; mapping < 20; mapping++) {
		char text[16];
		snprintf(text, sizeof text, "%d", mapping);
		const bern_setting settings[] = {{"size", "16"}, {"mapping", text}};
		env_run run;
		env_open(&run, "DeepSea-v0", settings, 2);
		explore(&run, 16, mapping ? right : first);
		for (int i = 0; i < 16 * 16; i++) {
			int value = (mapping ? right : first)[i / 16][i % 16];
			ones += value > 0;
			cells += value >= 0;
		}
		same += mapping && !memcmp(first, right, sizeof first);
		env_close(&run);
	}
	ck_assert_int_eq(same, 0);
	ck_assert_double_eq_tol(ones, cells / 2, 5 * sqrt(cells / 4));
	const bern_setting plain[] = {{"mapping", "-1"}};
	env_run run;
	env_open(&run, "DeepSea-v0", plain, 1);
	explore(&run, 10, right);
	for (int i = 0; i < 9; i++)
		ck_assert_int_eq(right[i][i], 1);
	env_close(&run);
}
END_TEST

START_TEST(a_stochastic_sea_lets_moves_fail_and_adds_noise_at_its_ends)
{
	const bern_setting settings[] = {{"size", "5"}, {"mapping", "-1"}, {"stochastic", "true"}};
	env_run run;
	env_open(&run, "DeepSea-v0", settings, 3);
	env_seed(&run, 9);
	ck_assert_int_eq(run.world.instance.has_max_return, 0);
	sample moved = {0}, noise = {0}, square = {0};
	for (int episode = 0; episode < 20000; episode++) {
		env_reset(&run);
		int before = 0;
		for (int i = 0; i < 5; i++) {
			int32_t cell = env_index(&run);
			before = cell % 5;
			env_step(&run, 1);
			if (i < 4) {
				sample_add(&moved, env_index(&run) % 5 != before);
				ck_assert_double_eq(run.reward, -0.01 / 5);
			}
		}
		if (before == 4) {
			double rest = run.reward - 1 + 0.01 / 5;
			sample_add(&noise, rest);
			sample_add(&square, rest * rest);
		}
	}
	ck_assert_mean(moved, 0.8, 0, "moves to the right");
	ck_assert_mean(noise, 0, 0, "noise of the last cell");
	ck_assert_mean(square, 1, 0, "its square");
	env_close(&run);
}
END_TEST

/* ---- umbrella ------------------------------------------------------------------------------------------ */

START_TEST(only_the_first_action_decides_about_the_umbrella)
{
	const bern_setting settings[] = {{"length", "5"}, {"distractors", "3"}};
	env_run run;
	bern_rng actions;
	sample between = {0}, tosses = {0}, need = {0}, have = {0};
	env_open(&run, "UmbrellaChain-v0", settings, 2);
	env_seed(&run, 5);
	bern_rng_seed(&actions, 6);
	for (int episode = 0; episode < 5000; episode++) {
		float o[6], first_need;
		int32_t first = 0;
		env_reset(&run);
		run.world.env->observe(run.world.instance.model, run.state, o);
		first_need = o[0];
		ck_assert_float_eq(o[2], 1);
		sample_add(&need, (double)o[0]);
		sample_add(&have, (double)o[1]);
		for (int i = 0; i < 5; i++) {
			int32_t a = (int32_t)bern_rng_below(&actions, 2);
			first = i ? first : a;
			uint32_t flags = env_step(&run, a);
			run.world.env->observe(run.world.instance.model, run.state, o);
			ck_assert_float_eq(o[0], first_need);
			ck_assert_float_eq(o[1], (float)first);
			ck_assert_float_eq_tol(o[2], 1 - 0.2f * (float)(i + 1), 1e-6f);
			sample_add(&tosses, (double)o[3 + i % 3]);
			ck_assert_double_eq(fabs(run.reward), 1);
			ck_assert_uint_eq(flags, i == 4 ? BERN_TERMINATED : 0);
			if (i == 4)
				ck_assert_double_eq(run.reward,
						    (float)first == first_need ? 1 : -1);
			else
				sample_add(&between, run.reward);
		}
	}
	ck_assert_mean(between, 0, 0, "rewards between");
	ck_assert_mean(tosses, 0.5, 0, "tosses");
	ck_assert_mean(need, 0.5, 0, "need");
	ck_assert_mean(have, 0.5, 0, "have at the start");
	env_close(&run);
}
END_TEST

/* All that chance decides in the first two observations of an episode, as 0 or 1: need, what is had at the start, the tosses shown,
 * and, if the episode goes on, the reward of the first step as a coin and the tosses after it. Returns how many. */
static int toss_episode(env_run *run, int distractors, uint8_t bits[64])
{
	float o[64];
	int count = 0;
	env_reset(run);
	run->world.env->observe(run->world.instance.model, run->state, o);
	bits[count++] = o[0] != 0;
	bits[count++] = o[1] != 0;
	for (int i = 0; i < distractors; i++)
		bits[count++] = o[3 + i] != 0;
	if (env_step(run, 0))
		return count;
	run->world.env->observe(run->world.instance.model, run->state, o);
	bits[count++] = run->reward > 0;
	for (int i = 0; i < distractors; i++)
		bits[count++] = o[3 + i] != 0;
	return count;
}

/* Bits that are fair and independent in pairs: each is 1, and each two agree, within one episode or from one to the next, in half
 * of n episodes, with a deviation of sqrt(n)/2. The largest of fewer than 5000 such counts is beyond 6 deviations once in
 * 1/(5000 * 2e-9) = 10^5 seeds; a coin that is off by 0.03 is found. */
START_TEST(forecasts_and_tosses_are_fair_coins_that_know_nothing_of_each_other)
{
	enum { N = 20000, MOST = 46 };
	/* one step an episode too: then a draw may be left over from an episode to the next */
	static const char *const kinds[][2] = {{"10", "20"}, {"2", "21"}, {"1", "3"}, {"1", "20"}};
	const bern_setting settings[] = {{"length", kinds[_i][0]}, {"distractors", kinds[_i][1]}};
	const double most = 6 * sqrt((double)N) / 2;
	uint8_t(*bits)[64] = calloc(N + 1, sizeof *bits);
	int count = 0;
	env_run run;
	env_open(&run, "UmbrellaChain-v0", settings, 2);
	env_seed(&run, 40 + (uint64_t)_i);
	for (int n = 0; n <= N; n++)
		count = toss_episode(&run, atoi(kinds[_i][1]), bits[n]);
	ck_assert_int_le(count, MOST);
	for (int a = 0; a < count; a++) {
		int ones = 0;
		for (int n = 0; n < N; n++)
			ones += bits[n][a];
		ck_assert_msg(fabs(ones - N / 2.0) <= most, "bit %d is 1 in %d of %d", a, ones, N);
		for (int b = 0; b < count; b++) {
			int now = 0, next = 0;
			for (int n = 0; n < N; n++) {
				now += bits[n][a] == bits[n][b];
				next += bits[n][a] == bits[n + 1][b];
			}
			ck_assert_msg(a == b || fabs(now - N / 2.0) <= most,
				      "bits %d and %d agree in %d of %d", a, b, now, N);
			ck_assert_msg(fabs(next - N / 2.0) <= most,
				      "bits %d and %d, an episode later, agree in %d of %d", a, b,
				      next, N);
		}
	}
	free(bits);
	env_close(&run);
}
END_TEST

/* ---- multiplexer --------------------------------------------------------------------------------------- */

START_TEST(the_addressed_bit_is_the_right_answer)
{
	char text[2] = {(char)('1' + _i), 0};
	const bern_setting settings[] = {{"address_bits", text}};
	int k = _i + 1, seen[64] = {0};
	env_run run;
	sample ones = {0};
	env_open(&run, "Multiplexer-v0", settings, 1);
	env_seed(&run, 5);
	ck_assert_uint_eq(run.world.instance.observation.count, (unsigned)(k + (1 << k)));
	for (int episode = 0; episode < 4000; episode++) {
		uint8_t o[70];
		int address = 0;
		env_reset(&run);
		run.world.env->observe(run.world.instance.model, run.state, o);
		for (int i = 0; i < k; i++)
			address = 2 * address + o[i];
		seen[address]++;
		/* any data bit, each once in a while */
		sample_add(&ones, o[k + episode % (1 << k)]);
		int32_t a = episode % 2;
		ck_assert_uint_eq(env_step(&run, a), BERN_TERMINATED);
		ck_assert_double_eq(run.reward, o[k + address] == a ? 1 : -1);
	}
	for (int i = 0; i < 1 << k; i++) {
		double p = 1.0 / (1 << k);
		ck_assert_double_eq_tol(seen[i], 4000 * p, 5 * sqrt(4000 * p * (1 - p)));
	}
	ck_assert_mean(ones, 0.5, 0, "data bits");
	env_close(&run);
}
END_TEST

/* ---- simple bandit ------------------------------------------------------------------------------------- */

START_TEST(the_arms_pay_a_ladder_in_an_order_of_their_own)
{
	double best[11] = {0};
	const int problems = 2200;
	for (int problem = 0; problem < problems; problem++) {
		char text[16];
		snprintf(text, sizeof text, "%d", problem);
		const bern_setting settings[] = {{"problem", text}};
		env_run run;
		int seen[11] = {0};
		env_open(&run, "SimpleBandit-v0", settings, 1);
		for (int32_t arm = 0; arm < 11; arm++) {
			env_reset(&run);
			ck_assert_uint_eq(env_step(&run, arm), BERN_TERMINATED);
			int place = (int)lround(10 * run.reward);
			ck_assert_double_eq_tol(run.reward, place / 10.0, 1e-15);
			seen[place]++;
			best[arm] += place == 10;
		}
		for (int i = 0; i < 11; i++)
			ck_assert_int_eq(seen[i], 1);
		env_close(&run);
	}
	for (int arm = 0; arm < 11; arm++)
		ck_assert_double_eq_tol(best[arm], problems / 11.0,
					5 * sqrt(problems * 10.0 / 121));
}
END_TEST

/* ---- what the tables state ------------------------------------------------------------------------------ */

static const struct stated {
	const char *id;
	double random_return;
} table[] = {
	{"Catch-v0", -0.6},    {"DeepSea-v0", -0.004023}, {"UmbrellaChain-v0", 0},
	{"Multiplexer-v0", 0}, {"SimpleBandit-v0", 0.5},
};

START_TEST(random_actions_return_what_is_stated)
{
	env_run run;
	env_open(&run, table[_i].id, NULL, 0);
	ck_assert_double_eq(run.world.env->random_return, table[_i].random_return);
	sample s = env_random_returns(&run, 20000, run.world.instance.max_steps, 17);
	/* 5e-7: the last digit of the deep sea's */
	ck_assert_mean(s, table[_i].random_return, 5e-7, table[_i].id);
	env_close(&run);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("probes");
	TCase *t = tcase_create("rules");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, catching_follows_from_the_board_alone, 0, 4);
	tcase_add_loop_test(t, only_right_at_every_step_finds_the_treasure, 0, 3);
	tcase_add_test(t, mappings_differ_and_are_fair);
	tcase_add_test(t, a_stochastic_sea_lets_moves_fail_and_adds_noise_at_its_ends);
	tcase_add_test(t, only_the_first_action_decides_about_the_umbrella);
	tcase_add_loop_test(t, forecasts_and_tosses_are_fair_coins_that_know_nothing_of_each_other,
			    0, 4);
	tcase_add_loop_test(t, the_addressed_bit_is_the_right_answer, 0, 6);
	tcase_add_test(t, the_arms_pay_a_ladder_in_an_order_of_their_own);
	tcase_add_loop_test(t, random_actions_return_what_is_stated, 0,
			    (int)(sizeof table / sizeof table[0]));
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
