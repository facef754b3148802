/* The 10-armed testbed: Sutton & Barto 2018, chapter 2. Each run is a new problem of ten arms with values N(mean, 1) and rewards
 * N(value, 1), played for 1,000 steps; what counts is how often the best arm is pulled in the last 100. The references were
 * recomputed from the book's rules with 20,000 runs. */
#ifndef BERN_TEST_TESTBED_H
#define BERN_TEST_TESTBED_H

#include <bern/agent.h>
#include <bern/builtin.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TESTBED_STEPS = 1000, TESTBED_LAST = 100, TESTBED_LANES = 250, TESTBED_OPTIONS = 8 };

/* Standard error of the references, in points of per cent. */
#define TESTBED_REFERENCE_ERROR 0.35

typedef struct testbed_row {
	const char *name, *agent;
	const char *options[TESTBED_OPTIONS][2]; /* key and text; up to the first NULL */
	const char *mean;                        /* of the arms' values */
	double reference;                        /* per cent; NAN: none */
} testbed_row;

static const testbed_row testbed_rows[] = {
	{"greedy", "epsilon-greedy", {{"epsilon", "0"}, {"step_size", "0"}}, "0", 36.5},
	{"epsilon 0.01", "epsilon-greedy", {{"epsilon", "0.01"}, {"step_size", "0"}}, "0", 59.8},
	{"epsilon 0.1", "epsilon-greedy", {{"epsilon", "0.1"}, {"step_size", "0"}}, "0", 79.9},
	{"optimistic, alpha 0.1",
	 "epsilon-greedy",
	 {{"epsilon", "0"}, {"step_size", "0.1"}, {"initial_value", "5"}},
	 "0",
	 85.9},
	{"UCB, c 2", "ucb", {{"ucb_c", "2"}, {"step_size", "0"}}, "0", 85.2},
	{"gradient, alpha 0.1, baseline",
	 "gradient-bandit",
	 {{"step_size", "0.1"}, {"gradient_baseline", "true"}},
	 "4",
	 85.3},
	{"gradient, alpha 0.1, none",
	 "gradient-bandit",
	 {{"step_size", "0.1"}, {"gradient_baseline", "false"}},
	 "4",
	 49.3},
	{"gradient, alpha 0.4, baseline",
	 "gradient-bandit",
	 {{"step_size", "0.4"}, {"gradient_baseline", "true"}},
	 "4",
	 73.2},
	{"gradient, alpha 0.4, none",
	 "gradient-bandit",
	 {{"step_size", "0.4"}, {"gradient_baseline", "false"}},
	 "4",
	 28.4},
	{"Thompson", "thompson", {{NULL, NULL}}, "0", NAN},
};
enum { TESTBED_ROWS = sizeof testbed_rows / sizeof testbed_rows[0] };

/* What a row reached: per cent of pulls of a best arm, and the standard error of that. */
typedef struct testbed_result {
	double optimal, error;
} testbed_result;

static inline const bern_env *testbed_env(void)
{
	const bern_plugin *plugin;
	for (size_t i = 0; (plugin = bern_builtin_plugin(i)) != NULL; i++)
		for (uint32_t k = 0; k < plugin->count; k++)
			if (strcmp(plugin->envs[k]->id, "GaussianBandit-v0") == 0)
				return plugin->envs[k];
	return NULL;
}

/* Plays `rounds` problems in each of TESTBED_LANES lanes. Each lane is a learner by itself that forgets when its episode ends. */
static inline int32_t testbed_play(const bern_world *world, bern_agent *agent, bern_lanes *lanes,
				   size_t rounds, testbed_result *result, bern_error *e)
{
	double sum = 0, squares = 0, runs = (double)(rounds * TESTBED_LANES);
	for (size_t round = 0; round < rounds; round++) {
		double hits[TESTBED_LANES] = {0};
		for (int step = 0; step < TESTBED_STEPS; step++) {
			int32_t rc = agent->kind->learn(agent, lanes, e);
			if (rc)
				return rc;
			for (size_t b = 0; step >= TESTBED_STEPS - TESTBED_LAST && b < lanes->count;
			     b++)
				hits[b] += lanes->metrics[b * world->env->metric_count];
		}
		for (size_t b = 0; b < TESTBED_LANES; b++) {
			sum += hits[b];
			squares += hits[b] * hits[b];
		}
	}
	double mean = sum / runs, variance = (squares / runs - mean * mean) * runs / (runs - 1);
	*result = (testbed_result){100 * mean / TESTBED_LAST,
				   100 * sqrt(variance / runs) / TESTBED_LAST};
	return 0;
}

/* The config of a row: the defaults, num_steps 1, and the row's options. */
static inline int32_t testbed_config(const testbed_row *row, bern_agent_config *config,
				     bern_error *e)
{
	bern_agent_config_defaults(config);
	config->num_steps = 1;
	int32_t rc = bern_agent_config_set(config, "agent", row->agent, e);
	for (int i = 0; !rc && i < TESTBED_OPTIONS && row->options[i][0]; i++)
		rc = bern_agent_config_set(config, row->options[i][0], row->options[i][1], e);
	return rc;
}

static inline int32_t testbed_run(const testbed_row *row, size_t rounds, uint64_t seed,
				  testbed_result *result, bern_error *e)
{
	const bern_setting mean = {"mean", row->mean};
	bern_agent_config config;
	bern_world world = {0};
	bern_lanes lanes = {0};
	bern_agent *agent = NULL;
	int32_t rc = testbed_config(row, &config, e);
	config.num_envs = TESTBED_LANES;
	config.forget = 1;
	if (!rc)
		rc = bern_world_open(&world, testbed_env(), &mean, 1, e);
	if (rc)
		return rc;
	rc = bern_lanes_init(&lanes, &world, TESTBED_LANES, seed, BERN_FOR_ENVIRONMENT, 0, e);
	if (!rc)
		rc = bern_lanes_reset(&lanes, e);
	if (!rc)
		rc = bern_agent_create(&agent, &config, &world, seed, e);
	if (!rc)
		rc = testbed_play(&world, agent, &lanes, rounds, result, e);
	bern_agent_destroy(agent);
	bern_lanes_finish(&lanes);
	bern_world_finish(&world);
	return rc;
}

/* ---- the network: no agent that forgets, so each run is one of its own -------------------------------------- */

/* 16 binary neurons, 16 firings, a learned linear value of the one constant observation; each step an update by Adam. */
#define TESTBED_NETWORK                                                                            \
	{                                                                                          \
		{"hidden", "16"}, {"firings", "16"}, {"baseline", "linear"}, {"gamma", "0"},       \
			{"learning_rate", "0.005"}, {"advantage_scale", "none"},                   \
	}
static const testbed_row testbed_networks[] = {
	{"network", "reinforce", TESTBED_NETWORK, "0", NAN},
	{"network, values N(4, 1)", "reinforce", TESTBED_NETWORK, "4", NAN},
};
enum { TESTBED_NETWORKS = 2, TESTBED_CURVE = TESTBED_STEPS / TESTBED_LAST };

/* Adds to curve[k] how often the best arm was pulled in the steps from 100 k on. */
static inline int32_t testbed_one_network(const bern_agent_config *config, const bern_world *world,
					  uint64_t seed, double curve[TESTBED_CURVE], bern_error *e)
{
	bern_lanes lanes = {0};
	bern_agent *agent = NULL;
	int32_t rc = bern_lanes_init(&lanes, world, 1, seed, BERN_FOR_ENVIRONMENT, 0, e);
	if (!rc)
		rc = bern_lanes_reset(&lanes, e);
	if (!rc)
		rc = bern_agent_create(&agent, config, world, seed, e);
	for (int step = 0; !rc && step < TESTBED_STEPS; step++) {
		rc = agent->kind->learn(agent, &lanes, e);
		curve[step / TESTBED_LAST] += lanes.metrics[0];
	}
	bern_agent_destroy(agent);
	bern_lanes_finish(&lanes);
	return rc;
}

/* `runs` networks, each with a problem of its own. curve: per cent of best arms in each 100 steps. */
static inline int32_t testbed_run_networks(const testbed_row *row, size_t runs, uint64_t seed,
					   double curve[TESTBED_CURVE], testbed_result *result,
					   bern_error *e)
{
	const bern_setting mean = {"mean", row->mean};
	bern_agent_config config;
	bern_world world = {0};
	double squares = 0, n = (double)runs;
	memset(curve, 0, TESTBED_CURVE * sizeof *curve);
	int32_t rc = testbed_config(row, &config, e);
	if (!rc)
		rc = bern_world_open(&world, testbed_env(), &mean, 1, e);
	for (size_t i = 0; !rc && i < runs; i++) {
		double before = curve[TESTBED_CURVE - 1];
		rc = testbed_one_network(&config, &world, seed + i, curve, e);
		squares += pow(curve[TESTBED_CURVE - 1] - before, 2);
	}
	bern_world_finish(&world);
	for (int k = 0; k < TESTBED_CURVE; k++)
		curve[k] *= 100 / (n * TESTBED_LAST);
	double last = curve[TESTBED_CURVE - 1];
	squares *= pow(100.0 / TESTBED_LAST, 2) / n;
	*result = (testbed_result){last, sqrt((squares - last * last) / (n - 1))};
	return rc;
}

#endif
