/* The viewer's player: the episodes of `bern eval`, and what is stepped back through. */
#include "watch_trial.h"

static const struct {
	const char *env;
	const char *options[12];
	int32_t mode;
} plays[] = {
	{"CartPole-v1", {"hidden", "8", "firings", "16", NULL}, BERN_INSPECT_SAMPLED},
	{"CartPole-v1", {"hidden", "8,6", "firings", "4", NULL}, BERN_INSPECT_MEAN_FIELD},
	{"CartPole-v1", {"hidden", "8,6", "firings", "4", NULL}, BERN_INSPECT_THRESHOLDED},
	{"CartPole-v1", {"hidden", "8", "firings", "1", "recurrent", "true", NULL}, 0},
	{"CartPole-v1", {"hidden", "8", "firings", "3", "stack", "2", NULL}, 0},
	{"FrozenLake-v1", {"hidden", "8", "firings", "3", NULL}, 0},
	{"Taxi-v4", {"hidden", "8", "firings", "3", NULL}, 0},
	{"Pendulum-v1", {"hidden", "8", "firings", "3", NULL}, 0},
	{"MinAtar/Breakout-v1", {"hidden", "8", "firings", "3", NULL}, 0},
	{"FrozenLake-v1", {"agent", "q-learning", NULL}, 0},
};
enum { PLAYS = sizeof plays / sizeof plays[0] };

static void step(watch_trial *t)
{
	WATCH_OK(t, bern_player_forward(t->player, &t->e));
}

START_TEST(episodes_are_those_of_an_evaluation)
{
	watch_trial t;
	enum { N = 12 };
	double returns[N];
	uint64_t lengths[N];
	bern_evaluator *evaluator;
	bern_eval_result result = {.returns = returns, .lengths = lengths};
	watch_open(&t, plays[_i].env, plays[_i].options);
	watch_scramble(&t, 1.0f);
	WATCH_OK(&t, bern_evaluator_create(&evaluator, &t.world, &t.e));
	bern_eval_plan plan = {
		.episodes = N, .seed = 77, .mode = plays[_i].mode, .max_episode_steps = 300};
	WATCH_OK(&t, bern_evaluate(evaluator, t.agent, &plan, &result, &t.e));
	watch_play(&t, (bern_player_plan){
			       .seed = 77, .mode = plays[_i].mode, .max_episode_steps = 300});
	for (uint64_t i = 0; i < N; i++) {
		const bern_situation *at;
		while (!(at = bern_player_at(t.player, 0))->flags)
			step(&t);
		ck_assert_uint_eq(at->episode, i);
		ck_assert_uint_eq(at->step, lengths[i]);
		ck_assert_double_eq(at->total, returns[i]);
		ck_assert_int_eq(at->has_choice, 0);
		step(&t);
	}
	bern_evaluator_destroy(evaluator);
	watch_close(&t);
}
END_TEST

/* A situation as one string of bytes, firings included. */
static uint64_t hash_bytes(uint64_t h, const void *bytes, size_t size)
{
	const unsigned char *b = bytes;
	for (size_t i = 0; i < size; i++)
		h = (h ^ b[i]) * 1099511628211u;
	return h;
}

static uint64_t look(watch_trial *t)
{
	const bern_inspector *i = &t->inspector;
	const bern_situation *at = bern_player_at(t->player, 0);
	const bern_moment *m = bern_player_moment(t->player, 0);
	const uint16_t *p = bern_player_mean_p(t->player, 0), *h = bern_player_mean_h(t->player, 0);
	uint64_t x = 14695981039346656037u;
	x = hash_bytes(x, &at->number, sizeof at->number);
	x = hash_bytes(x, &at->total, sizeof at->total);
	x = hash_bytes(x, &at->flags, sizeof at->flags);
	x = hash_bytes(x, at->state, t->world.instance.state_size);
	x = hash_bytes(x, at->obs, t->world.observation_floats * sizeof(float));
	if (at->mask)
		x = hash_bytes(x, at->mask, (size_t)t->world.instance.action.sizes[0]);
	ck_assert_int_eq(at->has_choice, !at->flags);
	ck_assert_int_eq(m != NULL, at->has_choice);
	if (at->has_choice) {
		x = hash_bytes(x, at->action, 4 * t->world.action_count);
		x = hash_bytes(x, m->p, i->p_count * sizeof *m->p);
		x = hash_bytes(x, m->h, i->h_count);
		x = hash_bytes(x, m->posterior, i->firings * sizeof *m->posterior);
		x = hash_bytes(x, m->chance, i->choice_count * sizeof *m->chance);
		x = hash_bytes(x, &m->value, sizeof m->value);
	}
	if (p) {
		x = hash_bytes(x, p, i->unit_count * sizeof *p);
		x = hash_bytes(x, h, i->unit_count * sizeof *h);
	}
	return x;
}

START_TEST(back_and_forth_shows_the_same_bits)
{
	watch_trial t;
	enum { STEPS = 2500, KEPT = BERN_PLAYER_STEPS };
	static uint64_t seen[STEPS + 200];
	watch_open(&t, plays[_i].env, plays[_i].options);
	watch_scramble(&t, 1.0f);
	watch_play(&t,
		   (bern_player_plan){.seed = 5, .mode = plays[_i].mode, .max_episode_steps = 300});
	for (size_t n = 0; n < STEPS; n++) {
		seen[n] = look(&t);
		step(&t);
	}
	seen[STEPS] = look(&t);
	size_t back = 0;
	while (bern_player_back(t.player)) {
		back++;
		ck_assert_uint_eq(look(&t), seen[STEPS - back]);
	}
	ck_assert_uint_eq(back, KEPT - 1);
	ck_assert(bern_player_in_past(t.player));
	ck_assert_ptr_null(bern_player_at(t.player, 1));
	uint64_t made = bern_player_steps_made(t.player);
	for (size_t n = STEPS - back; n <= STEPS; n++) {
		ck_assert_uint_eq(look(&t), seen[n]);
		if (n < STEPS)
			step(&t);
	}
	ck_assert_uint_eq(bern_player_steps_made(t.player), made);
	ck_assert(!bern_player_in_past(t.player));
	/* what comes next does not know that anybody looked back: as in a player that did not */
	for (size_t n = 0; n < 100; n++) {
		step(&t);
		seen[n] = look(&t);
	}
	bern_player_destroy(t.player);
	watch_play(&t,
		   (bern_player_plan){.seed = 5, .mode = plays[_i].mode, .max_episode_steps = 300});
	for (size_t n = 0; n < STEPS; n++)
		step(&t);
	for (size_t n = 0; n < 100; n++) {
		step(&t);
		ck_assert_uint_eq(look(&t), seen[n]);
	}
	watch_close(&t);
}
END_TEST

/* Setting the mode that is set already makes everything after the situation shown anew: the same again. */
START_TEST(what_is_made_anew_from_the_past_is_the_same)
{
	watch_trial t;
	static uint64_t seen[400];
	watch_open(&t, plays[_i].env, plays[_i].options);
	watch_scramble(&t, 1.0f);
	watch_play(&t,
		   (bern_player_plan){.seed = 5, .mode = plays[_i].mode, .max_episode_steps = 300});
	for (size_t n = 0; n < 400; n++) {
		seen[n] = look(&t);
		step(&t);
	}
	for (size_t n = 0; n < 250; n++)
		bern_player_back(t.player);
	WATCH_OK(&t, bern_player_set_mode(t.player, plays[_i].mode, &t.e));
	ck_assert(!bern_player_in_past(t.player));
	for (size_t n = 150; n < 400; n++) {
		ck_assert_uint_eq(look(&t), seen[n]);
		step(&t);
	}
	watch_close(&t);
}
END_TEST

START_TEST(time_makes_the_steps_that_are_due)
{
	watch_trial t;
	size_t made, total = 0;
	watch_open(&t, plays[0].env, plays[0].options);
	watch_play(&t, (bern_player_plan){.seed = 5});
	double second = t.world.env->step_seconds; /* CartPole: 0.02 s */
	ck_assert_double_eq_tol(second, 0.02, 1e-9);
	for (int frame = 0; frame < 600; frame++) { /* ten seconds at 60 frames a second */
		WATCH_OK(&t, bern_player_tick(t.player, 1.0 / 60, 1000, &made, &t.e));
		ck_assert_uint_le(made, 1);
		total += made;
	}
	ck_assert(total >= 499 && total <= 500);
	for (total = 0; total < 10;) { /* a display of two frames a second drops no step */
		bern_player_set_speed(t.player, 4);
		WATCH_OK(&t, bern_player_tick(t.player, 0.5, 1000, &made, &t.e));
		ck_assert(made >= 99 && made <= 101);
		total += 1;
	}
	/* what cannot be done in time is forgiven but for a tenth of a second */
	bern_player_set_speed(t.player, 1);
	WATCH_OK(&t, bern_player_tick(t.player, 100, 7, &made, &t.e));
	ck_assert_uint_eq(made, 7);
	WATCH_OK(&t, bern_player_tick(t.player, 0, 1000, &made, &t.e));
	ck_assert_uint_eq(made, 5);
	bern_player_pause(t.player, 1);
	WATCH_OK(&t, bern_player_tick(t.player, 100, 7, &made, &t.e));
	ck_assert_uint_eq(made, 0);
	bern_player_pause(t.player, 0);
	bern_player_set_speed(t.player, BERN_PLAYER_UNLIMITED);
	WATCH_OK(&t, bern_player_tick(t.player, 0, 333, &made, &t.e));
	ck_assert_uint_eq(made, 333);
	bern_player_set_speed(t.player, 1000);
	ck_assert_double_eq(bern_player_speed(t.player), 64);
	bern_player_set_speed(t.player, 0.001);
	ck_assert_double_eq(bern_player_speed(t.player), BERN_PLAYER_SLOWEST);
	watch_close(&t);
}
END_TEST

START_TEST(a_return_is_the_sum_of_what_came)
{
	watch_trial t;
	watch_open(&t, plays[_i].env, plays[_i].options);
	watch_scramble(&t, 1.0f);
	watch_play(&t,
		   (bern_player_plan){.seed = 9, .mode = plays[_i].mode, .max_episode_steps = 300});
	double gamma = t.inspector.gamma, sum = 0;
	ck_assert_int_eq(bern_player_at(t.player, 0)->has_obtained, 0);
	while (!bern_player_at(t.player, 0)->flags)
		step(&t);
	uint32_t flags = bern_player_at(t.player, 0)->flags;
	double total = bern_player_at(t.player, 0)->total;
	for (size_t ago = 1; ago <= bern_player_at(t.player, 0)->step; ago++) {
		const bern_situation *at = bern_player_at(t.player, ago);
		sum = at->reward + gamma * sum;
		total -= at->reward;
		ck_assert_int_eq(at->has_obtained, 1);
		ck_assert_double_eq_tol(at->obtained, sum, 1e-9);
		ck_assert_int_eq(at->was_cut, !(flags & BERN_TERMINATED));
		ck_assert_double_eq_tol(at->total, total, 1e-9);
	}
	/* an episode that is to end in another way has no return yet */
	bern_player_back(t.player);
	WATCH_OK(&t, bern_player_set_mode(t.player, plays[_i].mode, &t.e));
	ck_assert_int_eq(bern_player_at(t.player, 0)->has_obtained, 0);
	watch_close(&t);
}
END_TEST

START_TEST(a_person_takes_over_and_hands_back)
{
	watch_trial t;
	size_t made;
	int32_t right = 1, wrong = 2;
	watch_open(&t, plays[0].env, plays[0].options);
	watch_play(&t, (bern_player_plan){.seed = 5});
	WATCH_OK(&t, bern_player_take_over(t.player, 1, 1, &t.e));
	ck_assert(bern_player_is_waiting(t.player));
	WATCH_OK(&t, bern_player_tick(t.player, 10, 1000, &made, &t.e));
	ck_assert_uint_eq(made, 0);
	ck_assert_int_ne(bern_player_choose(t.player, &wrong, &t.e), 0);
	ck_assert_ptr_nonnull(strstr(t.e.text, "outside [0, 1]"));
	for (int i = 0; i < 5; i++) {
		WATCH_OK(&t, bern_player_choose(t.player, &right, &t.e));
		WATCH_OK(&t, bern_player_tick(t.player, 10, 1000, &made, &t.e));
		ck_assert_uint_eq(made, 1);
		const bern_situation *before = bern_player_at(t.player, 1);
		ck_assert_int_eq(*(const int32_t *)before->action, 1);
		ck_assert_int_eq(before->by_person, 1);
		ck_assert_int_eq(bern_player_at(t.player, 0)->by_person, 0);
	}
	/* the agent's own choice stands beside it, and is what it would be */
	ck_assert(bern_player_moment(t.player, 1)->firings == 16);
	/* in real time the last choice goes on */
	WATCH_OK(&t, bern_player_take_over(t.player, 1, 0, &t.e));
	WATCH_OK(&t, bern_player_tick(t.player, 0.041, 1000, &made, &t.e));
	ck_assert_uint_eq(made, 2);
	ck_assert_int_eq(bern_player_at(t.player, 1)->by_person, 0);
	WATCH_OK(&t, bern_player_choose(t.player, &right, &t.e));
	ck_assert_int_eq(bern_player_at(t.player, 0)->by_person, 1);
	step(&t);
	ck_assert_int_eq(bern_player_at(t.player, 0)->by_person,
			 bern_player_at(t.player, 0)->has_choice);
	WATCH_OK(&t, bern_player_take_over(t.player, 0, 0, &t.e));
	ck_assert_int_eq(bern_player_at(t.player, 0)->by_person, 0);
	watch_close(&t);
}
END_TEST

/* Choosing in the past leads to another future from there. */
START_TEST(a_choice_in_the_past_begins_another_future)
{
	watch_trial t;
	int32_t action;
	watch_open(&t, plays[0].env, plays[0].options);
	watch_play(&t, (bern_player_plan){.seed = 5});
	for (int i = 0; i < 6; i++)
		step(&t);
	float x = bern_player_at(t.player, 0)->obs[1];
	bern_player_back(t.player);
	action = 1 - *(const int32_t *)bern_player_at(t.player, 0)->action;
	WATCH_OK(&t, bern_player_take_over(t.player, 1, 1, &t.e));
	WATCH_OK(&t, bern_player_choose(t.player, &action, &t.e));
	step(&t);
	ck_assert(!bern_player_in_past(t.player));
	ck_assert_uint_eq(bern_player_at(t.player, 0)->step, 6);
	ck_assert_float_ne(bern_player_at(t.player, 0)->obs[1], x);
	watch_close(&t);
}
END_TEST

START_TEST(seeds_start_over)
{
	watch_trial t;
	watch_open(&t, plays[0].env, plays[0].options);
	watch_play(&t, (bern_player_plan){.seed = 5});
	float first[4];
	memcpy(first, bern_player_at(t.player, 0)->obs, sizeof first);
	for (int i = 0; i < 60; i++)
		step(&t);
	WATCH_OK(&t, bern_player_restart(t.player, &t.e));
	ck_assert_mem_eq(first, bern_player_at(t.player, 0)->obs, sizeof first);
	ck_assert_uint_eq(bern_player_at(t.player, 0)->episode, 0);
	ck_assert_ptr_null(bern_player_at(t.player, 1));
	WATCH_OK(&t, bern_player_next_seed(t.player, &t.e));
	ck_assert_uint_eq(bern_player_seed(t.player), 6);
	ck_assert_mem_ne(first, bern_player_at(t.player, 0)->obs, sizeof first);
	watch_close(&t);
}
END_TEST

static int32_t count_episode(void *user, bern_error *e)
{
	(void)e;
	++*(int *)user;
	return 0;
}

START_TEST(whoever_changes_weights_is_asked_between_episodes_only)
{
	watch_trial t;
	int asked = 0;
	watch_open(&t, plays[0].env, plays[0].options);
	watch_play(&t, (bern_player_plan){.before_episode = count_episode, .user = &asked});
	ck_assert_int_eq(asked, 1);
	for (int i = 0; i < 300; i++) {
		step(&t);
		ck_assert_uint_eq(bern_player_at(t.player, 0)->episode + 1, (uint64_t)asked);
	}
	ck_assert_int_gt(asked, 3);
	watch_close(&t);
}
END_TEST

/* The sums behind dead and saturated units are those of the situations themselves, wherever one looks. */
START_TEST(sums_of_p_follow_the_situation_shown)
{
	watch_trial t;
	uint32_t word = 7;
	watch_open(&t, plays[0].env, plays[0].options);
	watch_scramble(&t, 2.0f);
	watch_play(&t, (bern_player_plan){.seed = 1});
	for (int i = 0; i < 1500; i++) {
		size_t count, expected = 0;
		uint32_t sum[8] = {0};
		word = word * 1664525u + 1013904223u;
		if (word >> 24 < 60 && i > 300)
			bern_player_back(t.player);
		else if (word >> 24 == 60)
			WATCH_OK(&t,
				 bern_player_set_mode(t.player, (int32_t)(word >> 8 & 1), &t.e));
		else
			step(&t);
		const uint32_t *got = bern_player_sum_p(t.player, &count);
		for (size_t ago = 0; ago < BERN_PLAYER_WINDOW; ago++) {
			const uint16_t *p = bern_player_mean_p(t.player, ago);
			expected += p != NULL;
			for (size_t u = 0; p && u < 8; u++)
				sum[u] += p[u];
		}
		ck_assert_uint_eq(count, expected);
		ck_assert_mem_eq(got, sum, sizeof sum);
	}
	watch_close(&t);
}
END_TEST

START_TEST(large_networks_keep_as_many_firings_as_there_is_room_for)
{
	watch_trial t;
	watch_open(&t, "CartPole-v1",
		   (const char *const[]){"hidden", "2048,2048,2048", "firings", "64", "num_envs",
					 "1", "num_steps", "1", NULL});
	watch_play(&t, (bern_player_plan){.seed = 1});
	for (int i = 0; i < 170; i++)
		step(&t);
	ck_assert_ptr_nonnull(
		bern_player_moment(t.player, 0)); /* CartPole has not ended just now */
	size_t with = 0, ago = 0;
	for (; bern_player_at(t.player, ago); ago++)
		with += bern_player_moment(t.player, ago) != NULL;
	ck_assert_uint_eq(ago, 171);
	/* 2048 (1 + 2 * 64) floats and 3 * 2048 * 64 bytes each */
	ck_assert(with > 50 && with < BERN_PLAYER_ROOM / (2048 * 129 * 4 + 3 * 2048 * 64));
	ck_assert_ptr_nonnull(bern_player_mean_p(t.player, 165));
	watch_close(&t);
}
END_TEST

START_TEST(nobody_plays_at_random)
{
	watch_trial t;
	static const char *const ids[] = {"Taxi-v4", "Pendulum-v1", "Blackjack-v1"};
	watch_open_env(&t, ids[_i], NULL, 0);
	WATCH_OK(&t, bern_inspect_random(&t.inspector, &t.world, &t.e));
	watch_play(&t, (bern_player_plan){.seed = 1});
	int differ = 0;
	for (int i = 0; i < 300; i++) {
		const bern_situation *at = bern_player_at(t.player, 0);
		int32_t before = at->has_choice ? *(const int32_t *)at->action : 0;
		step(&t);
		at = bern_player_at(t.player, 0);
		differ += at->has_choice && *(const int32_t *)at->action != before;
	}
	ck_assert_int_gt(differ, 20);
	watch_close(&t);
}
END_TEST

/* The firings that are only looked at are drawn from numbers of their own. Would they begin with the same as the one that acts, one of
 * them would equal it in three of four first steps; by chance 12 units of p near 1/2 fire alike in one of hundreds. */
START_TEST(the_firings_looked_at_are_not_the_one_that_acted)
{
	watch_trial t;
	int alike = 0;
	watch_open(&t, "CartPole-v1", (const char *const[]){"hidden", "12", "firings", "4", NULL});
	watch_play(&t, (bern_player_plan){.seed = 1});
	for (int i = 0; i < 40; i++) {
		const bern_moment *m = bern_player_moment(t.player, 0);
		ck_assert_ptr_nonnull(m);
		for (int k = 0; k < 4; k++)
			alike += k != m->speaker &&
				 !memcmp(m->h + 12 * k, m->h + 12 * m->speaker, 12);
		WATCH_OK(&t, bern_player_next_seed(t.player, &t.e));
	}
	ck_assert_int_lt(alike, 10);
	watch_close(&t);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("player");
	TCase *t = tcase_create("player");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, episodes_are_those_of_an_evaluation, 0, PLAYS);
	tcase_add_loop_test(t, back_and_forth_shows_the_same_bits, 0, PLAYS);
	tcase_add_loop_test(t, what_is_made_anew_from_the_past_is_the_same, 0, PLAYS);
	tcase_add_loop_test(t, a_return_is_the_sum_of_what_came, 0, PLAYS);
	tcase_add_test(t, time_makes_the_steps_that_are_due);
	tcase_add_test(t, a_person_takes_over_and_hands_back);
	tcase_add_test(t, a_choice_in_the_past_begins_another_future);
	tcase_add_test(t, seeds_start_over);
	tcase_add_test(t, whoever_changes_weights_is_asked_between_episodes_only);
	tcase_add_test(t, sums_of_p_follow_the_situation_shown);
	tcase_add_test(t, large_networks_keep_as_many_firings_as_there_is_room_for);
	tcase_add_test(t, the_firings_looked_at_are_not_the_one_that_acted);
	tcase_add_loop_test(t, nobody_plays_at_random, 0, 3);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
