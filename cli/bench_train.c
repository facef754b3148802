#include "bench_train.h"

#include "command.h"
#include "experiment.h"
#include "kinds.h"
#include "options.h"
#include "reinforce.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SETTINGS 4

/* What is measured where nothing is named: a recipe with some options changed. */
static const struct usual {
	const char *recipe;
	const char *settings[SETTINGS];
} usual[] = {
	{"CartPole-v1-throughput", {"train.num_envs=1024"}},
	{"CartPole-v1-throughput", {"train.num_envs=1024", "train.hidden=64"}},
	{"CartPole-v1-throughput", {"train.num_envs=1024", "train.hidden=64,32"}},
	{"CartPole-v1-throughput", {"train.num_envs=1024", "train.hidden=64", "train.firings=16"}},
	{"CartPole-v1", {0}},
	{"CartPole-v1-frugal", {0}},
	{"MinAtar-Breakout-v1", {"train.estimator=firings", "train.firings=32"}},
	{"MinAtar-Breakout-v1", {0}},
};
#define USUAL (sizeof usual / sizeof usual[0])

static const char *const mark_names[BERN_MARK_COUNT] = {
	[BERN_MARK_STREAMS] = "streams taken, put back",
	[BERN_MARK_INPUT] = "inputs from observations",
	[BERN_MARK_FORWARD] = "forward: activations, p",
	[BERN_MARK_DRAW] = "firings drawn",
	[BERN_MARK_HEAD] = "policies, action, posterior",
	[BERN_MARK_LAYERS] = "layers: p, firings, action",
	[BERN_MARK_PHYSICS] = "environments step",
	[BERN_MARK_OUTCOME] = "rewards taken, V at cuts",
	[BERN_MARK_VALUES] = "V of every row",
	[BERN_MARK_CREDIT] = "credit",
	[BERN_MARK_ESTIMATOR] = "estimator",
	[BERN_MARK_OPTIMIZER] = "clipping, optimiser",
	[BERN_MARK_BASELINE] = "baseline learns",
	[BERN_MARK_AGAIN] = "epochs after the first",
	[BERN_MARK_LOGS] = "logs and checks of numbers",
};

/* ---- one training ---------------------------------------------------------------------------------------- */

typedef struct trained {
	bern_registry *registry;
	run_config config;
	bern_world world;
	config_origins origins;
	int resolved;
	bern_agent *agent;
	bern_lanes lanes;
} trained;

static void trained_finish(trained *t)
{
	bern_agent_destroy(t->agent);
	bern_lanes_finish(&t->lanes);
	if (t->resolved) {
		bern_world_finish(&t->world);
		run_config_finish(&t->config);
		config_origins_finish(&t->origins);
	}
	bern_registry_destroy(t->registry);
}

/* settings: (SETTINGS) ended by NULL, then what the user gave. */
static int32_t trained_init(trained *t, const char *recipe, const char *const *settings,
			    const config_list *given, bern_error *e)
{
	config_sources sources = {.recipe = recipe};
	memset(t, 0, sizeof *t);
	int32_t rc = open_registry(&t->registry, NULL, 0, e);
	for (size_t i = 0; !rc && settings && i < SETTINGS && settings[i]; i++)
		rc = config_give_set(&sources.flags, settings[i], e);
	for (size_t i = 0; !rc && i < given->count; i++) {
		const config_given *g = &given->items[i];
		char assignment[1024];
		snprintf(assignment, sizeof assignment, "%s.%s=%s", g->in_env ? "env" : "train",
			 g->in_env ? g->key : train_option_at(g->option)->param.key, g->text);
		rc = config_give_set(&sources.flags, assignment, e);
	}
	if (!rc)
		rc = config_resolve(&sources, t->registry, &t->config, &t->world, &t->origins, e);
	t->resolved = !rc;
	config_list_finish(&sources.flags);
	if (rc)
		return rc;
	t->config.agent.total_timesteps = (uint64_t)t->config.run.total_timesteps;
	rc = bern_agent_create(&t->agent, &t->config.agent, &t->world, t->config.run.seed, e);
	if (!rc)
		rc = bern_lanes_init(&t->lanes, &t->world, (size_t)t->config.agent.num_envs,
				     t->config.run.seed, BERN_FOR_ENVIRONMENT, 0, e);
	return rc ? rc : bern_lanes_reset(&t->lanes, e);
}

static int32_t play(void *what, uint64_t rounds, bern_error *e)
{
	trained *t = what;
	int32_t rc = 0;
	for (uint64_t r = 0; !rc && r < rounds; r++)
		rc = t->agent->kind->learn(t->agent, &t->lanes, e);
	return rc;
}

/* ---- what a step needs at least ---------------------------------------------------------------------------- */

/* A sigmoid or an exponential: that many multiplications, each with an addition, in the polynomial of bern/math.h. */
#define PER_SIGMOID 10.0

/* Of one environment step: random numbers; multiply-adds (or additions alone) without those that firings and zeros spare; bytes
 * that have to be kept until the play is learned from and cannot be had from others. */
typedef struct need {
	double draws, multiply_adds, bytes;
} need;

/* How many of count numbers, or bytes, are not 0. */
static double not_zero(const float *x, const uint8_t *h, size_t count)
{
	size_t n = 0;
	for (size_t i = 0; i < count; i++)
		n += x ? x[i] != 0.0f : h[i] != 0;
	return (double)n;
}

/* Counted over the rows of the last update. NaN where the agent is no network of binary neurons. */
static int32_t find_need(need *all, trained *t, bern_error *e)
{
	const bern_agent_config *config = &t->config.agent;
	bern_reinforce_view view;
	int32_t rc = 0;
	*all = (need){NAN, NAN, NAN};
	if (t->agent->kind != &bern_agent_reinforce)
		return 0;
	bern_reinforce_look(t->agent, &view);
	const bern_network *net = view.net;
	const size_t K = net->firings;
	if (!net->binary || config->epochs > 1)
		return 0;
	if (view.fused) /* that path fills no trace: one more play, row by row */
		rc = bern_reinforce_estimate(t->agent, &t->lanes, e);
	if (rc)
		return rc;
	const size_t R = view.steps * view.lanes, N = net->head.logits;
	double inputs = not_zero(view.trace->x, NULL, R * net->layer[0].inputs) / (double)R;
	all->draws = 16.0; /* which firing speaks, and the action: one vector */
	all->multiply_adds = PER_SIGMOID * (double)(K * N);
	/* what was seen, done and earned; firings are bits, and p can be had again */
	all->bytes = 4.0 * (double)(net->layer[0].inputs + net->head.components + 1);
	double into = inputs, times = 1.0;
	for (size_t l = 0; l <= net->depth; l++) {
		double units = (double)net->layer[l].units;
		all->multiply_adds += 2.0 * times * into * units;
		if (l == net->depth)
			break;
		all->draws += (double)(K * net->layer[l].padded);
		all->bytes += (double)K * units / 8.0;
		all->multiply_adds += times * units * PER_SIGMOID;
		all->multiply_adds += (double)K * units; /* the score */
		into = not_zero(NULL, view.trace->h[l], R * K * net->layer[l].padded) /
		       (double)(R * K);
		times = (double)K;
	}
	double passes = (double)config->value_passes, V = (double)config->value_hidden, once = 0.0;
	if (config->baseline == BERN_BASELINE_MLP)
		once = (inputs + 1.0) * V;
	else if (config->baseline == BERN_BASELINE_LINEAR)
		once = inputs, V = 0.0;
	/* V of the first pass is that of the play */
	all->multiply_adds += (passes > 1.0 ? passes : 1.0) * once + passes * (once + V);
	return 0;
}

/* ---- the walk through a step ---------------------------------------------------------------------------------- */

typedef struct walk {
	double last, spent[BERN_MARK_COUNT];
	uint64_t looks[BERN_MARK_COUNT];
} walk;

/* The clock that is read fastest; processor time would cost a call of the kernel each time. */
static double clock_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void note_time(void *user, int mark)
{
	walk *w = user;
	double now = clock_now();
	w->spent[mark] += now - w->last;
	w->looks[mark]++;
	w->last = now;
}

static int32_t play_looks(void *what, uint64_t rounds, bern_error *e)
{
	(void)e;
	for (uint64_t r = 0; r < rounds; r++)
		note_time(what, 0);
	return 0;
}

static int32_t print_profile(const bench_train_request *request, trained *t, bern_error *e)
{
	walk w = {0}, empty = {0};
	const bern_marks marks = {note_time, &w};
	double looks_a_second, total = 0.0;
	int32_t rc = bench_rate(play_looks, &empty, request->seconds, request->repeats,
				&looks_a_second, e);
	if (rc)
		return rc;
	bern_reinforce_watch(t->agent, &marks);
	uint64_t start = t->lanes.steps;
	double begin = w.last = clock_now();
	while (!rc && w.last - begin < request->seconds * (double)request->repeats)
		rc = play(t, 1, e);
	bern_reinforce_watch(t->agent, NULL);
	double steps = (double)(t->lanes.steps - start);
	for (int m = 0; m < BERN_MARK_COUNT; m++) {
		w.spent[m] -= (double)w.looks[m] / looks_a_second;
		w.spent[m] = w.spent[m] > 0 ? w.spent[m] : 0;
		total += w.spent[m];
	}
	if (!rc && !request->json)
		printf("    nanoseconds a step; %.0f ns for each look at the clock are taken off\n",
		       1e9 / looks_a_second);
	else if (!rc)
		printf("{\"profile_ns\":{");
	for (int m = 0, any = 0; !rc && m < BERN_MARK_COUNT; m++) {
		if (!w.looks[m])
			continue;
		if (request->json)
			printf("%s\"%s\":%.5g", any++ ? "," : "", mark_names[m],
			       1e9 * w.spent[m] / steps);
		else
			printf("    %-28s %9.1f  %3.0f%%\n", mark_names[m],
			       1e9 * w.spent[m] / steps, 100 * w.spent[m] / total);
	}
	if (!rc && request->json)
		printf("}}\n");
	return rc;
}

/* ---- rows ---------------------------------------------------------------------------------------------------- */

static void print_head(const bench_train_request *request)
{
	if (!request->json)
		printf("\n%-24s %-8s %7s %5s %6s %10s %7s %6s %8s %6s %6s %6s\n", "recipe",
		       "hidden", "firings", "lanes", "passes", "M steps/s", "draws", "share",
		       "mul-adds", "share", "bytes", "share");
}

static int32_t measure(const bench_train_request *request, const char *recipe,
		       const char *const *settings, bern_error *e)
{
	const bench_machine *machine = request->machine;
	trained t;
	double rate = 0;
	int32_t rc = trained_init(&t, recipe, settings, request->settings, e);
	const bern_agent_config *config = &t.config.agent;
	uint64_t updates = 1;
	if (!rc) /* memory is touched, and how many steps an update makes is known */
		rc = play(&t, updates, e);
	double steps = (double)t.lanes.steps;
	if (!rc)
		rc = bench_rate(play, &t, request->seconds, request->repeats, &rate, e);
	rate *= steps / (double)updates;
	need n = {NAN, NAN, NAN};
	if (!rc)
		rc = find_need(&n, &t, e);
	if (!rc) {
		int reinforce = t.agent->kind == &bern_agent_reinforce;
		const char *hidden = reinforce ? config->hidden : "-";
		double draws = n.draws * rate / machine->draws;
		double adds = n.multiply_adds * rate / machine->multiply_adds;
		double bytes = n.bytes * rate / machine->copied;
		long long firings = reinforce ? (long long)config->firings : 0;
		if (request->json) {
			printf("{\"recipe\":\"%s\",\"hidden\":\"%s\",\"firings\":%lld,"
			       "\"lanes\":%lld,"
			       "\"value_passes\":%lld,\"steps_per_second\":%.6g",
			       recipe, hidden, firings, (long long)config->num_envs,
			       (long long)config->value_passes, rate);
			if (!isnan(draws))
				printf(",\"draws\":%.6g,\"draws_share\":%.4g,"
				       "\"multiply_adds\":%.6g,\"multiply_adds_share\":%.4g,"
				       "\"bytes\":%.6g,\"bytes_share\":%.4g",
				       n.draws, draws, n.multiply_adds, adds, n.bytes, bytes);
			printf("}\n");
		} else {
			printf("%-24s %-8s %7lld %5lld %6lld %10.4g", recipe, hidden, firings,
			       (long long)config->num_envs, (long long)config->value_passes,
			       rate / 1e6);
			if (isnan(draws))
				printf("\n");
			else
				printf(" %7.0f %5.1f%% %8.0f %5.1f%% %6.0f %5.1f%%\n", n.draws,
				       100 * draws, n.multiply_adds, 100 * adds, n.bytes,
				       100 * bytes);
		}
		if (request->profile && reinforce)
			rc = print_profile(request, &t, e);
	}
	fflush(stdout);
	trained_finish(&t);
	return rc;
}

/* The default recipe until it is solved, over seeds. */
static int32_t solve(const bench_train_request *request, bern_error *e)
{
	const experiment x = {
		.recipe = "CartPole-v1", .settings = {{"final_episodes", "0"}}, .count = 1};
	size_t N = request->seeds, solved = 0;
	double *first = calloc(2 * N, sizeof *first), *third = first + N;
	int32_t rc = first ? 0 : bern_fail(e, BERN_EMEMORY, "out of memory");
	for (size_t i = 0; !rc && i < N; i++) {
		experiment_result result;
		rc = experiment_run(&x, i + 1, &result, e);
		if (rc || !result.third)
			continue;
		first[solved] = result.first_seconds;
		third[solved++] = result.seconds;
	}
	if (!rc && request->json) {
		printf("{\"solve\":\"CartPole-v1\",\"seeds\":%zu,\"solved\":%zu", N, solved);
		if (solved)
			printf(",\"first_good_look_seconds\":%.5g,\"third_seconds\":%.5g",
			       bench_median(first, solved), bench_median(third, solved));
		printf("}\n");
	} else if (!rc) {
		printf("\nCartPole-v1 until it is solved: %zu of %zu seeds", solved, N);
		if (solved)
			printf(", %.4f s of learning to the first good look, %.4f s to the "
			       "third in a row (medians)",
			       bench_median(first, solved), bench_median(third, solved));
		printf("\n");
	}
	free(first);
	return rc;
}

int32_t bench_train_check(const char *const *recipes, size_t count, const config_list *settings,
			  bern_error *e)
{
	int32_t rc = 0;
	for (size_t i = 0; !rc && i < (count ? count : USUAL); i++) {
		trained t;
		rc = trained_init(&t, count ? recipes[i] : usual[i].recipe,
				  count ? NULL : usual[i].settings, settings, e);
		trained_finish(&t);
	}
	return rc;
}

int32_t bench_train(const bench_train_request *request, bern_error *e)
{
	int32_t rc = 0;
	print_head(request);
	for (size_t i = 0; !rc && i < request->count; i++)
		rc = measure(request, request->recipes[i], NULL, e);
	for (size_t i = 0; !rc && !request->count && i < USUAL; i++)
		rc = measure(request, usual[i].recipe, usual[i].settings, e);
	if (!rc && !request->count && !request->settings->count && request->seeds)
		rc = solve(request, e);
	return rc;
}
