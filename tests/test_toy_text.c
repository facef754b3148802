/* Taxi, Blackjack, the windy gridworld and the short corridor: every transition, and what random and best policies return.
 *
 * The worlds are written down here a second time and solved by dynamic programming. */
#include "env_run.h"

#include <stdio.h>

/* ---- deterministic worlds as tables ------------------------------------------------------------------------------ */

#define STATES  500
#define ACTIONS 9

typedef struct table {
	int states, actions;
	struct {
		int next;
		double reward;
		int end;
	} to[STATES][ACTIONS];
} table;

static double action_value(const table *w, const double *value, int s, int a)
{
	return w->to[s][a].reward + (w->to[s][a].end ? 0 : value[w->to[s][a].next]);
}

/* value (STATES) of the best policy, or of random actions, with so many steps left; best (limit+1, STATES) may be NULL. */
static void solve(const table *w, int limit, int random, double *value, unsigned char *best)
{
	double next[STATES];
	memset(value, 0, STATES * sizeof *value);
	for (int left = 1; left <= limit; left++) {
		for (int s = 0; s < w->states; s++) {
			int top = 0;
			double sum = 0;
			for (int a = 0; a < w->actions; a++) {
				sum += action_value(w, value, s, a) / w->actions;
				if (action_value(w, value, s, a) > action_value(w, value, s, top))
					top = a;
			}
			next[s] = random ? sum : action_value(w, value, s, top);
			if (best)
				best[left * STATES + s] = (unsigned char)top;
		}
		memcpy(value, next, sizeof next);
	}
}

static sample play_best(env_run *run, const unsigned char *best, int limit, int episodes)
{
	sample s = {0};
	env_seed(run, 3);
	for (int i = 0; i < episodes; i++) {
		double total = 0;
		env_reset(run);
		for (int left = limit; left > 0 && !run->flags; left--) {
			env_step(run, best[left * STATES + env_index(run)]);
			total += run->reward;
		}
		sample_add(&s, total);
	}
	return s;
}

/* ---- taxi ---------------------------------------------------------------------------------------------------------- */

/* The map as the sources print it: a taxi in column c stands at character 2c + 1 and passes a ':' to its side. */
static const char *const taxi_map[5] = {"|R: | : :G|", "| : | : : |", "| : : : : |", "| | : | : |",
					"|Y| : |B: |"};

/* The place whose letter stands in a cell, or -1. */
static int letter_at(int row, int column)
{
	static const char letters[] = "RGYB";
	const char *at = strchr(letters, taxi_map[row][2 * column + 1]);
	return at && *at ? (int)(at - letters) : -1;
}

static void make_taxi(table *w)
{
	w->states = 500;
	w->actions = 6;
	for (int s = 0; s < 500; s++) {
		int goal = s % 4, fare = s / 4 % 5, column = s / 20 % 5, row = s / 100;
		for (int a = 0; a < 6; a++) {
			int r = row, c = column, f = fare, here = letter_at(row, column);
			double reward = -1;
			int end = 0;
			if (a == 0 && r < 4)
				r++;
			if (a == 1 && r > 0)
				r--;
			if (a == 2 && taxi_map[r][2 * c + 2] == ':')
				c++;
			if (a == 3 && taxi_map[r][2 * c] == ':')
				c--;
			if (a == 4) {
				if (here >= 0 && here == fare)
					f = 4;
				else
					reward = -10;
			}
			if (a == 5) {
				if (here >= 0 && fare == 4) {
					f = here;
					end = here == goal;
					reward = end ? 20 : -1;
				} else {
					reward = -10;
				}
			}
			w->to[s][a].next = ((r * 5 + c) * 5 + f) * 4 + goal;
			w->to[s][a].reward = reward;
			w->to[s][a].end = end;
		}
	}
}

static int taxi_may_start(int s)
{
	return s / 4 % 5 < 4 && s / 4 % 5 != s % 4;
}

static void set_taxi(env_run *run, int s)
{
	*(int32_t *)env_field(run, "row") = s / 100;
	*(int32_t *)env_field(run, "column") = s / 20 % 5;
	*(int32_t *)env_field(run, "passenger") = s / 4 % 5;
	*(int32_t *)env_field(run, "destination") = s % 4;
}

START_TEST(every_transition_of_taxi_is_the_maps)
{
	env_run run;
	table *w = calloc(1, sizeof *w);
	make_taxi(w);
	env_open(&run, "Taxi-v4", NULL, 0);
	env_seed(&run, 1);
	ck_assert_int_eq(run.world.instance.observation.sizes[0], 500);
	int refusals = 0;
	for (int s = 0; s < 500; s++)
		for (int a = 0; a < 6; a++) {
			double metrics[2];
			env_reset(&run);
			set_taxi(&run, s);
			ck_assert_int_eq(env_index(&run), s);
			env_step(&run, a);
			ck_assert_msg(env_index(&run) == w->to[s][a].next &&
					      run.reward == w->to[s][a].reward &&
					      (run.flags == BERN_TERMINATED) == w->to[s][a].end,
				      "state %d, action %d: %d, %g", s, a, env_index(&run),
				      run.reward);
			run.world.env->read_metrics(run.world.instance.model, run.state, metrics);
			ck_assert_double_eq(metrics[0], w->to[s][a].end);
			ck_assert_double_eq(metrics[1], w->to[s][a].reward == -10);
			refusals += w->to[s][a].reward == -10;
		}
	ck_assert_int_gt(refusals, 500);
	free(w);
	env_close(&run);
}
END_TEST

START_TEST(taxi_starts_anywhere_with_somewhere_to_go)
{
	env_run run;
	int seen[500] = {0}, starts = 0;
	double square = 0;
	env_open(&run, "Taxi-v4", NULL, 0);
	env_seed(&run, 5);
	for (int i = 0; i < 300 * 200; i++) {
		env_reset(&run);
		seen[env_index(&run)]++;
	}
	for (int s = 0; s < 500; s++) {
		starts += taxi_may_start(s);
		if (taxi_may_start(s))
			square += (seen[s] - 200.0) * (seen[s] - 200.0) / 200;
		else
			ck_assert_int_eq(seen[s], 0);
	}
	ck_assert_int_eq(starts, 300);
	/* chi-square with 299 degrees: mean 299, deviation sqrt(598) */
	ck_assert_double_le(fabs(square - 299), 5 * sqrt(598));
	env_close(&run);
}
END_TEST

START_TEST(taxi_returns_what_the_table_says)
{
	env_run run;
	table *w = calloc(1, sizeof *w);
	unsigned char *best = calloc(201, STATES);
	double top[STATES], random[STATES], best_mean = 0, random_mean = 0, most = -1000;
	make_taxi(w);
	solve(w, 200, 0, top, best);
	solve(w, 200, 1, random, NULL);
	for (int s = 0; s < 500; s++)
		if (taxi_may_start(s)) {
			best_mean += top[s] / 300;
			random_mean += random[s] / 300;
			most = fmax(most, top[s]);
		}
	ck_assert_double_eq_tol(best_mean, 7.93, 0.005);
	ck_assert_double_eq_tol(random_mean, -771, 0.5);
	env_open(&run, "Taxi-v4", NULL, 0);
	ck_assert_double_eq(run.world.instance.max_return, most);
	ck_assert_double_eq(run.world.env->random_return, -771);
	ck_assert_double_lt(run.world.env->solved_return, best_mean);
	sample s = play_best(&run, best, 200, 20000);
	ck_assert_mean(s, best_mean, 0, "the best policy");
	s = env_random_returns(&run, 5000, 200, 6);
	ck_assert_mean(s, random_mean, 0, "random actions");
	free(best);
	free(w);
	env_close(&run);
}
END_TEST

/* ---- windy gridworld ------------------------------------------------------------------------------------------------- */

static const int windy_moves[9][2] = {{-1, 0}, {0, 1},  {1, 0},   {0, -1}, {-1, 1},
				      {1, 1},  {1, -1}, {-1, -1}, {0, 0}};
static const char windy_columns[] = "0001112210"; /* the figures under the book's picture */

static int windy_next(int cell, int a, int gust)
{
	int blow = windy_columns[cell % 10] - '0';
	int row = cell / 10 + windy_moves[a][0] - blow - (blow ? gust : 0);
	int column = cell % 10 + windy_moves[a][1];
	row = row < 0 ? 0 : row > 6 ? 6 : row;
	column = column < 0 ? 0 : column > 9 ? 9 : column;
	return row * 10 + column;
}

static void make_windy(table *w, int moves)
{
	w->states = 70;
	w->actions = moves;
	for (int s = 0; s < 70; s++)
		for (int a = 0; a < moves; a++) {
			w->to[s][a].next = windy_next(s, a, 0);
			w->to[s][a].reward = -1;
			w->to[s][a].end = w->to[s][a].next == 3 * 10 + 7;
		}
}

START_TEST(the_wind_blows_as_in_the_book)
{
	static const char *const moves[] = {"4", "8", "9"};
	static const int counts[] = {4, 8, 9};
	static const double best_return[] = {-15, -7, -7}; /* the last two: 7 columns, one a step */
	const bern_setting setting = {"moves", moves[_i]};
	env_run run;
	table *w = calloc(1, sizeof *w);
	unsigned char *best = calloc(1001, STATES);
	double value[STATES];
	make_windy(w, counts[_i]);
	env_open(&run, "WindyGridworld-v0", &setting, 1);
	ck_assert_int_eq(run.world.instance.action.sizes[0], counts[_i]);
	int32_t *at = env_field(&run, "cell");
	env_seed(&run, 1);
	for (int s = 0; s < 70; s++)
		for (int a = 0; a < counts[_i]; a++) {
			double success;
			env_reset(&run);
			ck_assert_int_eq(env_index(&run), 30);
			*at = s;
			env_step(&run, a);
			ck_assert_int_eq(env_index(&run), w->to[s][a].next);
			ck_assert_double_eq(run.reward, -1);
			ck_assert_int_eq(run.flags == BERN_TERMINATED, w->to[s][a].end);
			run.world.env->read_metrics(run.world.instance.model, run.state, &success);
			ck_assert_double_eq(success, w->to[s][a].end);
		}
	solve(w, 1000, 0, value, best);
	ck_assert_double_eq(value[30], best_return[_i]);
	ck_assert_double_eq(run.world.instance.max_return, value[30]);
	sample s = play_best(&run, best, 1000, 10);
	ck_assert_mean(s, value[30], 0, "the best policy");
	if (_i == 0) {
		solve(w, 1000, 1, value, NULL);
		ck_assert_double_eq_tol(run.world.env->random_return, value[30], 0.05);
		s = env_random_returns(&run, 5000, 1000, 2);
		ck_assert_mean(s, value[30], 0, "random actions");
	}
	free(best);
	free(w);
	env_close(&run);
}
END_TEST

START_TEST(a_stochastic_wind_varies_by_one_row)
{
	const bern_setting setting = {"stochastic_wind", "true"};
	env_run run;
	env_open(&run, "WindyGridworld-v0", &setting, 1);
	int32_t *at = env_field(&run, "cell");
	env_seed(&run, 4);
	env_reset(&run);
	for (int column = 0; column < 10; column++) {
		sample weaker = {0}, stronger = {0};
		int cell = 4 * 10 + column, calm = windy_columns[column] == '0';
		for (int i = 0; i < 9000; i++) {
			*at = cell;
			env_step(&run, 2);
			sample_add(&weaker, !calm && *at == windy_next(cell, 2, -1));
			sample_add(&stronger, !calm && *at == windy_next(cell, 2, 1));
			ck_assert(*at == windy_next(cell, 2, 0) || *at == windy_next(cell, 2, 1) ||
				  *at == windy_next(cell, 2, -1));
		}
		ck_assert_mean(weaker, calm ? 0 : 1.0 / 3, 0, "weaker");
		ck_assert_mean(stronger, calm ? 0 : 1.0 / 3, 0, "stronger");
	}
	ck_assert_double_eq(run.world.instance.max_return, -7);
	env_close(&run);
}
END_TEST

/* ---- short corridor ------------------------------------------------------------------------------------------------------ */

START_TEST(the_corridor_returns_what_its_formula_says)
{
	/* right with probability p: v = -2 (2 - p) / (p (1 - p)), from the three linear equations of the cells' values */
	const double chance[] = {0.5, 2 - sqrt(2), 0.05, 0.95, 0.7};
	const double book[] = {-12, -11.657, -82, -44, NAN};
	double p = chance[_i], expected = -2 * (2 - p) / (p * (1 - p));
	if (!isnan(book[_i]))
		ck_assert_double_eq_tol(expected, book[_i], _i < 2 ? 0.0005 : 0.5);
	env_run run;
	env_open(&run, "ShortCorridor-v0", NULL, 0);
	bern_rng rng;
	bern_rng_seed(&rng, 8);
	sample s = {0};
	for (int i = 0; i < 50000; i++) {
		double total = 0;
		env_reset(&run);
		while (!run.flags) {
			ck_assert_int_eq(env_index(&run), 0);
			env_step(&run, bern_rng_uniform(&rng) < p);
			total += run.reward;
		}
		sample_add(&s, total);
	}
	ck_assert_mean(s, expected, 0, "the corridor");
	ck_assert_double_eq(run.world.env->random_return, -12);
	ck_assert_double_lt(run.world.env->solved_return, -11.657);
	ck_assert_uint_eq(run.world.instance.max_steps, 1000);
	env_close(&run);
}
END_TEST

START_TEST(a_corridor_that_is_seen_takes_three_steps)
{
	const bern_setting setting = {"see_cell", "true"};
	static const int way[3] = {1, 0, 1};
	env_run run;
	env_open(&run, "ShortCorridor-v0", &setting, 1);
	env_reset(&run);
	ck_assert_uint_eq(env_step(&run, 0), 0); /* the wall */
	ck_assert_int_eq(env_index(&run), 0);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(env_index(&run), i);
		ck_assert_uint_eq(env_step(&run, way[i]), i == 2 ? BERN_TERMINATED : 0);
	}
	ck_assert_int_lt(env_index(&run), run.world.instance.observation.sizes[0]);
	*(int32_t *)env_field(&run, "cell") = 1;
	env_step(&run, 1);
	ck_assert_int_eq(env_index(&run), 0);
	*(int32_t *)env_field(&run, "cell") = 2;
	env_step(&run, 0);
	ck_assert_int_eq(env_index(&run), 1);
	ck_assert_double_eq(run.world.instance.max_return, -3);
	env_close(&run);
}
END_TEST

/* ---- blackjack --------------------------------------------------------------------------------------------------------------- */

/* Hands as (hard sum with aces as 1, any ace). chance (27): of each final total of the dealer, 0 for a bust. */
static int worth(int hard, int ace)
{
	return ace && hard <= 11 ? hard + 10 : hard;
}

static double chance_of(int card)
{
	return card == 10 ? 4.0 / 13 : 1.0 / 13;
}

static void dealer_plays(int hard, int ace, double weight, double *chance)
{
	int now = worth(hard, ace);
	if (now >= 17) {
		chance[now > 21 ? 0 : now] += weight;
		return;
	}
	for (int card = 1; card <= 10; card++)
		dealer_plays(hard + card, ace || card == 1, weight * chance_of(card), chance);
}

typedef struct rules {
	int sab, natural, random;
} rules;

/* The value of sticking on a total; natural: the player holds an ace and a ten and no more. */
static double stick_value(const rules *r, int total, int natural, int shown)
{
	double value = 0;
	for (int hidden = 1; hidden <= 10; hidden++) {
		double chance[27] = {0};
		int ace = shown == 1 || hidden == 1;
		int theirs = ace && shown + hidden == 11;
		dealer_plays(shown + hidden, ace, 1, chance);
		for (int end = 0; end < 27; end++) {
			double pay = total > end ? 1 : total < end ? -1 : 0;
			if (natural && r->sab && !theirs)
				pay = 1;
			if (natural && !r->sab && r->natural && pay == 1)
				pay = 1.5;
			value += chance_of(hidden) * chance[end] * pay;
		}
	}
	return value;
}

typedef struct solution {
	double stick[32][11];         /* (total, shown) */
	double value[32][2][11];      /* (hard sum, any ace, shown), after the start */
	unsigned char hit[32][11][2]; /* (total, shown, usable ace) as observed */
} solution;

static double hit_value(const solution *x, int hard, int ace, int shown)
{
	double value = 0;
	for (int card = 1; card <= 10; card++)
		value += chance_of(card) * x->value[hard + card][ace || card == 1][shown];
	return value;
}

/* Returns the value of a game, of random actions or of the best ones. */
static double solve_blackjack(const rules *r, solution *x)
{
	memset(x, 0, sizeof *x);
	for (int shown = 1; shown <= 10; shown++) {
		for (int total = 2; total <= 21; total++)
			x->stick[total][shown] = stick_value(r, total, 0, shown);
		for (int hard = 31; hard >= 2; hard--)
			for (int ace = 0; ace < 2; ace++) {
				if (hard > 21) {
					x->value[hard][ace][shown] = -1;
					continue;
				}
				int total = worth(hard, ace), usable = total != hard;
				double stay = x->stick[total][shown];
				double more = hit_value(x, hard, ace, shown);
				x->value[hard][ace][shown] = r->random ? (stay + more) / 2
								       : fmax(stay, more);
				x->hit[total][shown][usable] = more > stay;
			}
	}
	double game = 0;
	for (int shown = 1; shown <= 10; shown++)
		for (int a = 1; a <= 10; a++)
			for (int b = 1; b <= 10; b++) {
				int ace = a == 1 || b == 1;
				double value = x->value[a + b][ace][shown];
				if (ace && a + b == 11) {
					double stay = stick_value(r, 21, 1, shown);
					double more = hit_value(x, 11, 1, shown);
					value = r->random ? (stay + more) / 2 : fmax(stay, more);
				}
				game += chance_of(shown) * chance_of(a) * chance_of(b) * value;
			}
	return game;
}

START_TEST(blackjack_returns_what_its_cards_say)
{
	static const bern_setting settings[3][2] = {{{"sab", "true"}, {"natural", "false"}},
						    {{"sab", "false"}, {"natural", "false"}},
						    {{"sab", "false"}, {"natural", "true"}}};
	rules r = {_i == 0, _i == 2, 0};
	static solution best, random;
	double best_value = solve_blackjack(&r, &best);
	r.random = 1;
	double random_value = solve_blackjack(&r, &random);
	env_run run;
	env_open(&run, "Blackjack-v1", settings[_i], 2);
	if (_i == 0) {
		/* the defaults are the registry's */
		ck_assert_double_eq_tol(best_value, -0.0431, 5e-5);
		ck_assert_double_eq_tol(run.world.env->random_return, random_value, 5e-5);
		ck_assert_double_lt(run.world.env->solved_return, best_value);
		env_close(&run);
		env_open(&run, "Blackjack-v1", NULL, 0);
		/* the book's figure 5.2: without an ace, stick on 17 and more, hit on 11 and less, and on 12 to 16 against an ace */
		for (int shown = 1; shown <= 10; shown++) {
			ck_assert(!best.hit[17][shown][0] && best.hit[11][shown][0]);
			ck_assert(best.hit[16][1][0] && !best.hit[16][6][0]);
			ck_assert(best.hit[17][shown][1] && !best.hit[19][shown][1]);
		}
	}
	ck_assert_double_eq(run.world.instance.max_return, _i == 2 ? 1.5 : 1);
	sample played = {0}, at_random = {0};
	bern_rng rng;
	bern_rng_seed(&rng, 5);
	env_seed(&run, 12);
	for (int i = 0; i < 200000; i++) {
		sample *s = i & 1 ? &played : &at_random;
		env_reset(&run);
		while (!run.flags) {
			int32_t seen[3];
			run.world.env->observe(run.world.instance.model, run.state, seen);
			env_step(&run, i & 1 ? best.hit[seen[0]][seen[1]][seen[2]]
					     : (int32_t)bern_rng_below(&rng, 2));
			ck_assert(run.flags || run.reward == 0);
		}
		sample_add(s, run.reward);
	}
	ck_assert_mean(played, best_value, 0, "the best policy");
	ck_assert_mean(at_random, random_value, 0, "random actions");
	env_close(&run);
}
END_TEST

START_TEST(cards_come_as_often_as_in_a_deck)
{
	env_run run;
	env_open(&run, "Blackjack-v1", NULL, 0);
	env_seed(&run, 31);
	int count[11] = {0};
	const int n = 13 * 4000;
	for (int i = 0; i < n; i++) {
		env_reset(&run);
		count[*(int32_t *)env_field(&run, "dealer_shown")]++;
	}
	double square = 0;
	for (int card = 1; card <= 10; card++)
		square += (count[card] - n * chance_of(card)) *
			  (count[card] - n * chance_of(card)) / (n * chance_of(card));
	/* chi-square with 9 degrees: mean 9, deviation sqrt(18), and a long tail: 7 of them */
	ck_assert_double_le(square, 9 + 7 * sqrt(18));
	env_close(&run);
}
END_TEST

/* A reset takes four cards, a suit, and a picture for a ten: 13-, 4- and 3-sided draws of 32 bits each. */
START_TEST(a_blackjack_reset_draws_as_gymnasium_does)
{
	env_run run;
	env_open(&run, "Blackjack-v1", NULL, 0);
	int tens = 0;
	for (uint64_t seed = 0; seed < 200; seed++) {
		bern_rng rng;
		bern_rng_seed(&rng, seed);
		env_seed(&run, seed);
		env_reset(&run);
		env_reset(&run); /* the second one shows how much the first took */
		for (int k = 0; k < 2; k++) {
			uint64_t first = bern_rng_below(&rng, 13);
			for (int card = 1; card < 4; card++)
				bern_rng_below(&rng, 13);
			bern_rng_below(&rng, 4);
			if (first >= 9) {
				bern_rng_below(&rng, 3);
				tens++;
			}
		}
		ck_assert_mem_eq(&rng, &run.rng, sizeof rng);
	}
	ck_assert_int_gt(tens, 50);
	env_close(&run);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("toy_text");
	TCase *t = tcase_create("toy_text");
	tcase_set_timeout(t, 60);
	tcase_add_test(t, every_transition_of_taxi_is_the_maps);
	tcase_add_test(t, taxi_starts_anywhere_with_somewhere_to_go);
	tcase_add_test(t, taxi_returns_what_the_table_says);
	tcase_add_loop_test(t, the_wind_blows_as_in_the_book, 0, 3);
	tcase_add_test(t, a_stochastic_wind_varies_by_one_row);
	tcase_add_loop_test(t, the_corridor_returns_what_its_formula_says, 0, 5);
	tcase_add_test(t, a_corridor_that_is_seen_takes_three_steps);
	tcase_add_loop_test(t, blackjack_returns_what_its_cards_say, 0, 3);
	tcase_add_test(t, cards_come_as_often_as_in_a_deck);
	tcase_add_test(t, a_blackjack_reset_draws_as_gymnasium_does);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
