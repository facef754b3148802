/* The viewer's look into agents, held against a forward pass that knows a network as plain weights and libm. */
#include "watch_trial.h"

static const char *const nets[][16] = {
	{"hidden", "7", "firings", "1", NULL},
	{"hidden", "20", "firings", "16", NULL},
	{"hidden", "20,9", "firings", "5", NULL},
	{"hidden", "6,20,9", "firings", "3", "head", "softmax", NULL},
	{"hidden", "6,20", "units", "tanh,binary", "firings", "4", NULL},
	{"hidden", "6,20", "units", "binary,relu", "firings", "4", NULL},
	{"hidden", "6,20", "units", "smooth", "firings", "4", NULL},
	{"hidden", "20,9", "units", "gated,binary", "firings", "4", NULL},
	{"hidden", "6", "recurrent", "true", "firings", "1", NULL},
	{"hidden", "6", "stack", "3", "firings", "8", NULL},
};
enum { NETS = sizeof nets / sizeof nets[0] };

/* a of unit j from what is below; y (I) */
static double affine(const watch_trial *t, size_t l, size_t j, const double *y)
{
	const bern_inspect_layer *layer = &t->inspector.layer[l];
	const float *w = t->inspector.weights(t->inspector.self, l);
	double a = (double)t->inspector.biases(t->inspector.self, l)[j];
	for (size_t i = 0; i < layer->inputs; i++)
		a += y[i] * (double)w[i * layer->units + j];
	return a;
}

static double sigmoid(double a)
{
	return 1.0 / (1.0 + exp(-a));
}

/* P(j = on) or the output that unit j should show. */
static double expected(const char *kind, double a)
{
	if (!strcmp(kind, "tanh"))
		return tanh(a);
	if (!strcmp(kind, "relu"))
		return a > 0 ? a : 0;
	if (!strcmp(kind, "smooth"))
		return sqrt(sigmoid(a));
	return sigmoid(a);
}

/* What the layer passes up, given what the moment shows of it. Gated layers' experts are not shown: NAN. */
static double output(const bern_inspect_layer *layer, const bern_moment *m, size_t k, size_t j)
{
	double p = (double)bern_moment_p_of(m, layer, k, j);
	int h = bern_moment_h_of(m, layer, k, j);
	if (!strcmp(layer->kind, "binary"))
		return m->mode == BERN_INSPECT_MEAN_FIELD ? p : h;
	if (!strcmp(layer->kind, "smooth"))
		return m->mode == BERN_INSPECT_MEAN_FIELD ? p * p : h ? p : 0;
	if (!strcmp(layer->kind, "gated"))
		return NAN;
	return p;
}

/* Checks all layers and the policy of every firing of a moment. Sums of up to 20 terms of size 2 in float: errors of 1e-5. */
static void check_moment(const watch_trial *t, const bern_moment *m)
{
	const bern_inspector *look = &t->inspector;
	double y[64], below[64], chance = 0, weight[64], total = 0;
	for (size_t k = 0; k < (size_t)m->firings; k++) {
		int known = 1;
		for (size_t i = 0; i < look->inputs; i++)
			below[i] = (double)m->x[i];
		for (size_t l = 0; l < look->hidden; l++) {
			const bern_inspect_layer *layer = &look->layer[l];
			for (size_t j = 0; j < layer->units; j++) {
				double p = (double)bern_moment_p_of(m, layer, k, j);
				if (known)
					ck_assert_double_eq_tol(
						p, expected(layer->kind, affine(t, l, j, below)),
						1e-5);
				if (m->mode == BERN_INSPECT_THRESHOLDED && layer->fires)
					ck_assert_int_eq(bern_moment_h_of(m, layer, k, j), p > 0.5);
				y[j] = output(layer, m, k, j);
			}
			known = known && !isnan(y[0]);
			memcpy(below, y, layer->units * sizeof *y);
		}
		weight[k] = NAN;
		if (!known)
			continue;
		double z[2] = {affine(t, look->hidden, 0, below), 0}, p1 = sigmoid(z[0]);
		if (!strcmp(look->layer[look->hidden].kind, "softmax")) {
			z[1] = affine(t, look->hidden, 1, below);
			p1 = sigmoid(z[1] - z[0]);
		}
		ck_assert_double_eq_tol((double)m->each[2 * k + 1], p1, 1e-5);
		ck_assert_double_eq_tol((double)m->each[2 * k], 1 - p1, 1e-5);
		weight[k] = p1;
		chance += p1 / m->firings;
		total += 1;
	}
	if (total > 0)
		ck_assert_double_eq_tol((double)m->chance[1], chance, 1e-5);
	for (size_t k = 0; total > 0 && k < (size_t)m->firings && m->firings > 1; k++) {
		/* the action is 1 or 0: posterior is in proportion to its chance in each firing */
		double one = weight[k] / (chance * m->firings);
		double none = (1 - weight[k]) / ((1 - chance) * m->firings);
		double shown = (double)m->posterior[k];
		ck_assert_msg(fabs(shown - one) < 1e-4 || fabs(shown - none) < 1e-4,
			      "posterior %g is neither %g nor %g", shown, one, none);
	}
}

/* The same lane played by the agent's own act() and by the inspector: actions, streams and memory agree, and what is shown is right. */
START_TEST(a_network_is_shown_as_it_acts)
{
	watch_trial t;
	watch_open(&t, "CartPole-v1", nets[_i % NETS]);
	watch_scramble(&t, 2.0f);
	int32_t mode = _i / NETS;
	bern_inspector *look = &t.inspector;
	bern_arena arena = {0};
	bern_moment m;
	bern_lanes lanes;
	bern_firing_rng own, seen, others;
	size_t which = 0, spoke[64] = {0};
	float memory[2][64] = {{0}};
	bern_moment_init(&m, &arena, look);
	WATCH_OK(&t, bern_lanes_init(&lanes, &t.world, 1, 5, BERN_FOR_ENVIRONMENT, 0, &t.e));
	WATCH_OK(&t, bern_lanes_reset(&lanes, &t.e));
	bern_firing_rng_stream(&own, 8, (bern_stream_key){.purpose = BERN_FOR_EVAL_FIRING});
	bern_firing_rng_stream(&others, 9, (bern_stream_key){.purpose = BERN_FOR_EVAL_FIRING});
	seen = own;
	for (int step = 0; step < 200; step++) {
		int32_t action, shown = -1;
		t.agent->kind->act(t.agent, &lanes, &which, 1, mode, &own, memory[0], &action);
		look->act(look->self, &lanes, mode, &seen, &others, memory[1], &shown, &m);
		ck_assert_int_eq(action, shown);
		ck_assert_mem_eq(&own, &seen, sizeof own);
		ck_assert_mem_eq(memory[0], memory[1], look->memory_size * sizeof(float));
		ck_assert_int_eq(m.firings, mode == BERN_SAMPLED ? (int)look->firings : 1);
		ck_assert(m.speaker >= 0 && m.speaker < m.firings);
		spoke[m.speaker]++;
		check_moment(&t, &m);
		double sum = 0;
		for (int k = 0; k < m.firings; k++)
			sum += (double)m.posterior[k];
		ck_assert_double_eq_tol(sum, 1, 1e-5);
		WATCH_OK(&t, bern_lanes_step(&lanes, &action, &t.e));
		if (lanes.flags[0])
			memset(memory, 0, sizeof memory);
	}
	/* 200 draws among K: none is missed but with chance K (1 - 1/K)^200 < 4e-5 */
	for (size_t k = 0; mode == BERN_SAMPLED && k < look->firings; k++)
		ck_assert_uint_gt(spoke[k], 0);
	bern_lanes_finish(&lanes);
	bern_arena_finish(&arena);
	watch_close(&t);
}
END_TEST

/* If the one that acted were not among the K as in training, the mean posterior weight of the speaker would not be that of the
 * posterior itself: E[posterior of the speaker] = E[sum of squares]. */
START_TEST(the_speaker_is_drawn_from_the_posterior)
{
	watch_trial t;
	watch_open(&t, "CartPole-v1", (const char *const[]){"hidden", "4", "firings", "3", NULL});
	watch_scramble(&t, 3.0f);
	bern_inspector *look = &t.inspector;
	bern_arena arena = {0};
	bern_moment m;
	bern_lanes lanes;
	bern_firing_rng firing, others;
	enum { N = 40000 };
	double mean = 0, square = 0;
	bern_moment_init(&m, &arena, look);
	WATCH_OK(&t, bern_lanes_init(&lanes, &t.world, 1, 5, BERN_FOR_ENVIRONMENT, 0, &t.e));
	WATCH_OK(&t, bern_lanes_reset(&lanes, &t.e));
	bern_firing_rng_stream(&firing, 8, (bern_stream_key){.purpose = BERN_FOR_EVAL_FIRING});
	bern_firing_rng_stream(&others, 9, (bern_stream_key){.purpose = BERN_FOR_EVAL_FIRING});
	for (int i = 0; i < N; i++) {
		int32_t action;
		double off = (double)0;
		look->act(look->self, &lanes, BERN_SAMPLED, &firing, &others, NULL, &action, &m);
		off = (double)m.posterior[m.speaker];
		for (int k = 0; k < 3; k++)
			off -= (double)m.posterior[k] * (double)m.posterior[k];
		mean += off / N;
		square += off * off / N;
	}
	double error = sqrt(square / N);
	ck_assert_double_gt(square, 1e-4); /* the firings do differ */
	ck_assert_msg(fabs(mean) < 5 * error, "off by %g, standard error %g", mean, error);
	bern_lanes_finish(&lanes);
	bern_arena_finish(&arena);
	watch_close(&t);
}
END_TEST

START_TEST(real_actions_are_shown_in_the_environments_units)
{
	watch_trial t;
	watch_open(&t, "Pendulum-v1",
		   (const char *const[]){"hidden", "5", "firings", "4", "init_deviation", "0.5",
					 NULL});
	watch_scramble(&t, 0.3f);
	watch_play(&t, (bern_player_plan){.seed = 2});
	double half = 2.0, sum = 0, square = 0; /* torques are in -2 .. 2 N m */
	double sigma = half * exp((double)t.inspector.biases(t.inspector.self, 1)[1]);
	const bern_moment *m = bern_player_moment(t.player, 0);
	ck_assert_ptr_nonnull(m);
	ck_assert_uint_eq(t.inspector.real_count, 1);
	for (size_t k = 0; k < 4; k++) {
		double mean = 0, y[5];
		for (size_t j = 0; j < 5; j++)
			y[j] = bern_moment_h_of(m, &t.inspector.layer[0], k, j);
		mean = half * affine(&t, 1, 0, y);
		ck_assert_double_eq_tol((double)m->each[k], mean, 1e-5);
		sum += mean / 4;
		square += mean * mean / 4;
	}
	ck_assert_double_eq_tol((double)m->real[0], sum, 1e-5);
	ck_assert_double_eq_tol((double)m->real[1], sqrt(sigma * sigma + square - sum * sum), 1e-4);
	watch_close(&t);
}
END_TEST

/* Agents without neurons offer what they have. */
static const struct {
	const char *env, *agent;
	int worth, chance, value;
} tables[] = {
	{"FrozenLake-v1", "q-learning", 1, 1, 1},
	{"FrozenLake-v1", "sarsa", 1, 1, 1},
	{"BernoulliBandit-v0", "ucb", 1, 0, 0},
	{"BernoulliBandit-v0", "thompson", 1, 0, 0},
	{"BernoulliBandit-v0", "epsilon-greedy", 1, 1, 0},
	{"BernoulliBandit-v0", "gradient-bandit", 1, 1, 0},
	{"CartPole-v1", "ase-ace", 0, 1, 1},
};

START_TEST(a_table_shows_the_worth_of_actions_and_no_units)
{
	watch_trial t;
	int32_t action;
	watch_open(&t, tables[_i].env, (const char *const[]){"agent", tables[_i].agent, NULL});
	for (int mode = 0; mode < 3; mode++) {
		watch_play(&t, (bern_player_plan){.mode = mode});
		const bern_moment *m = bern_player_moment(t.player, 0);
		double sum = 0;
		ck_assert_ptr_nonnull(m);
		ck_assert_uint_eq(t.inspector.unit_count, 0);
		ck_assert_int_eq(t.inspector.has_worth, tables[_i].worth);
		ck_assert_int_eq(t.inspector.has_chance, tables[_i].chance);
		ck_assert_int_eq(!isnan(m->value), tables[_i].value);
		ck_assert_int_eq(!isnan(m->worth[0]), tables[_i].worth);
		for (size_t v = 0; v < t.inspector.choice_count; v++)
			sum += (double)m->chance[v];
		if (tables[_i].chance)
			ck_assert_double_eq_tol(sum, 1, 1e-5);
		memcpy(&action, bern_player_at(t.player, 0)->choice, 4);
		ck_assert(action >= 0 && action < (int32_t)t.inspector.choice_count);
		bern_player_destroy(t.player);
		t.player = NULL;
	}
	watch_close(&t);
}
END_TEST

/* Draws by chance as often as it says: the shares of 30,000 actions are within 5 standard errors, or two actions
 * where one is so rare that its count is no normal number. */
START_TEST(the_chance_of_an_action_is_how_often_it_is_taken)
{
	watch_trial t;
	watch_open(&t, tables[_i].env,
		   (const char *const[]){"agent", tables[_i].agent, "epsilon", "0.3", NULL});
	bern_lanes lanes;
	bern_firing_rng firing, others = {0};
	bern_arena arena = {0};
	bern_moment m;
	bern_moment_init(&m, &arena, &t.inspector);
	WATCH_OK(&t, bern_lanes_init(&lanes, &t.world, (size_t)t.config.num_envs, 5,
				     BERN_FOR_ENVIRONMENT, 0, &t.e));
	WATCH_OK(&t, bern_lanes_reset(&lanes, &t.e));
	for (int i = 0; i < 30; i++)
		WATCH_OK(&t, t.agent->kind->learn(t.agent, &lanes, &t.e));
	bern_firing_rng_stream(&firing, 8, (bern_stream_key){.purpose = BERN_FOR_EVAL_FIRING});
	enum { N = 30000 };
	double count[16] = {0};
	for (int i = 0; i < N; i++) {
		int32_t action;
		t.inspector.act(t.inspector.self, &lanes, BERN_SAMPLED, &firing, &others, NULL,
				&action, &m);
		count[action]++;
	}
	for (size_t v = 0; t.inspector.has_chance && v < t.inspector.choice_count; v++) {
		double p = (double)m.chance[v];
		ck_assert_msg(fabs(count[v] / N - p) <= 5 * sqrt(p * (1 - p) / N) + 2.0 / N,
			      "action %zu: %g of the time, said %.9g", v, count[v] / N, p);
	}
	bern_lanes_finish(&lanes);
	bern_arena_finish(&arena);
	watch_close(&t);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("inspect");
	TCase *t = tcase_create("inspect");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, a_network_is_shown_as_it_acts, 0, 3 * NETS);
	tcase_add_test(t, the_speaker_is_drawn_from_the_posterior);
	tcase_add_test(t, real_actions_are_shown_in_the_environments_units);
	tcase_add_loop_test(t, a_table_shows_the_worth_of_actions_and_no_units, 0, 7);
	tcase_add_loop_test(t, the_chance_of_an_action_is_how_often_it_is_taken, 0, 7);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
