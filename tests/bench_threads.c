/* How much faster threads make a training: steps a second of CartPole-v1, learning included, with one thread and with 2, 4, ... up to
 * as many as there are processors, taken in turns. Medians of several times. Quiet machines tell; status 1 if two threads are not
 * 1.8 times as fast as one.
 *
 * usage: bench_threads [LANES [KEY VALUE]...]   options of the agent */
#include "bench_time.h"

#include <bern/agent.h>
#include <bern/builtin.h>
#include <pool.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPEATS 9
#define MOST    8
#define SECONDS 0.4

typedef struct runner {
	bern_world world;
	bern_lanes lanes;
	bern_agent *agent;
	double speed[REPEATS];
} runner;

static void check(int32_t rc, const bern_error *e)
{
	if (!rc)
		return;
	fprintf(stderr, "bench_threads: %s\n", e->text);
	exit(2);
}

static const bern_env *cartpole(void)
{
	const bern_plugin *plugin;
	for (size_t i = 0; (plugin = bern_builtin_plugin(i)); i++)
		for (size_t k = 0; k < plugin->count; k++)
			if (strcmp(plugin->envs[k]->id, "CartPole-v1") == 0)
				return plugin->envs[k];
	exit(2);
}

static void start(runner *r, int argc, char **argv, size_t threads)
{
	bern_agent_config config;
	bern_error e;
	bern_agent_config_defaults(&config);
	config.num_envs = argc > 1 ? atoll(argv[1]) : 1024;
	for (int i = 2; i + 1 < argc; i += 2)
		check(bern_agent_config_set(&config, argv[i], argv[i + 1], &e), &e);
	config.threads = (int64_t)threads;
	check(bern_world_open(&r->world, cartpole(), NULL, 0, &e), &e);
	check(bern_lanes_init(&r->lanes, &r->world, (size_t)config.num_envs, 1,
			      BERN_FOR_ENVIRONMENT, 0, &e),
	      &e);
	check(bern_lanes_reset(&r->lanes, &e), &e);
	check(bern_agent_create(&r->agent, &config, &r->world, 1, &e), &e);
}

static double speed(runner *r)
{
	bern_error e;
	double begin = bench_now(), now;
	uint64_t steps = r->lanes.steps;
	do {
		check(r->agent->kind->learn(r->agent, &r->lanes, &e), &e);
		now = bench_now();
	} while (now - begin < SECONDS);
	return (double)(r->lanes.steps - steps) / (now - begin);
}

int main(int argc, char **argv)
{
	static runner runners[MOST];
	size_t threads[MOST], count = 0, processors = bern_processors();
	for (size_t n = 1; count < MOST && n <= processors; n *= 2)
		threads[count++] = n;
	for (size_t i = 0; i < count; i++)
		start(&runners[i], argc, argv, threads[i]);
	for (int k = -1; k < REPEATS; k++)
		for (size_t i = 0; i < count; i++)
			runners[i].speed[k < 0 ? 0 : k] = speed(&runners[i]);
	double one = 0, two = 0;
	for (size_t i = 0; i < count; i++) {
		double median = bench_median(runners[i].speed, REPEATS);
		one = i == 0 ? median : one;
		two = i == 1 ? median : two;
		printf("%3zu threads %12.0f steps a second   %.2f times one\n", threads[i], median,
		       median / one);
		bern_agent_destroy(runners[i].agent);
		bern_lanes_finish(&runners[i].lanes);
		bern_world_finish(&runners[i].world);
	}
	return count > 1 && two < 1.8 * one;
}
