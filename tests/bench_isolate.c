/* What a process of its own costs: steps a second of lanes with drawn actions, in this process and in one of their own. Prints a
 * row for each number of lanes; a machine that does other things as well shows less. */
#include <bern/builtin.h>
#include <bern/lanes.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SECONDS 1.0

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void check(int32_t rc, const bern_error *e)
{
	if (!rc)
		return;
	fprintf(stderr, "bench_isolate: %s\n", e->text);
	exit(1);
}

/* Nanoseconds of a step of all lanes together. */
static double measure(const bern_world *world, size_t count)
{
	bern_lanes lanes;
	bern_error e;
	bern_rng rng;
	uint64_t rounds = 0;
	int32_t *actions = calloc(count, sizeof *actions);
	bern_rng_seed(&rng, 1);
	check(actions ? 0 : bern_fail(&e, BERN_EMEMORY, "out of memory"), &e);
	check(bern_lanes_init(&lanes, world, count, 1, BERN_FOR_ENVIRONMENT, 0, &e), &e);
	check(bern_lanes_reset(&lanes, &e), &e);
	double start = now(), passed;
	do {
		for (int i = 0; i < 100; i++, rounds++) {
			uint64_t bits = bern_rng_u64(&rng);
			for (size_t b = 0; b < count; b++)
				actions[b] = (int32_t)(bits >> (b + rounds) % 64 & 1);
			check(bern_lanes_step(&lanes, actions, &e), &e);
		}
		passed = now() - start;
	} while (passed < SECONDS);
	bern_lanes_finish(&lanes);
	free(actions);
	return 1e9 * passed / (double)rounds;
}

int main(void)
{
	static const size_t counts[] = {1, 16, 256};
	const bern_isolation plan = {.seconds = 30};
	const bern_plugin *plugin;
	bern_registry *registry;
	bern_world here, there;
	const bern_env *env;
	bern_error e;
	check(bern_registry_create(&registry, &e), &e);
	for (size_t i = 0; (plugin = bern_builtin_plugin(i)); i++)
		check(bern_registry_adopt(registry, plugin, "built in", &e), &e);
	check(bern_registry_find(registry, "CartPole-v1", &env, &e), &e);
	check(bern_world_open(&here, env, NULL, 0, &e), &e);
	check(bern_world_open_isolated(&there, env, NULL, 0, &plan, &e), &e);
	printf("%s, nanoseconds of a step of all lanes\n\n%6s %10s %10s %8s %18s\n", env->id,
	       "lanes", "here", "isolated", "ratio", "added, each lane");
	for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
		double a = measure(&here, counts[i]), b = measure(&there, counts[i]);
		printf("%6zu %10.0f %10.0f %8.2f %18.1f\n", counts[i], a, b, b / a,
		       (b - a) / (double)counts[i]);
		fflush(stdout);
	}
	bern_world_finish(&here);
	bern_world_finish(&there);
	bern_registry_destroy(registry);
	return 0;
}
