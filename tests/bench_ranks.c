/* What ranks cost: a gradient of several sizes added over all of them, whole and in ranges, and an update of CartPole-v1, alone and in
 * all ranks: calls, bytes and time. Times are the shortest of many, so that other work on the machine disturbs them least.
 *
 * usage: mpirun -n N bench_ranks MODULE [LANES [KEY VALUE]...]   the module mpi; options of the agent */
#include "bench_time.h"
#include "mpirun.h"

#include <bern/agent.h>
#include <bern/builtin.h>
#include <tree.h>

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#define UPDATES 1000

static void check(int32_t rc, const bern_error *e)
{
	if (!rc)
		return;
	fprintf(stderr, "bench_ranks: %s\n", e->text);
	exit(2);
}

/* ---- a table that counts ------------------------------------------------------------------------------ */

typedef struct counter {
	const bern_ranks *behind;
	size_t calls, bytes; /* bytes: that this rank sends, and gets */
	double seconds;
} counter;

static double begin(counter *c, size_t bytes)
{
	c->calls++;
	c->bytes += bytes;
	return bench_now();
}

static void end(counter *c, double since)
{
	c->seconds += bench_now() - since;
}

static void all_gather(void *own, void *all, const size_t *offset)
{
	counter *c = own;
	double since = begin(c, offset[c->behind->count]);
	c->behind->all_gather(c->behind->own, all, offset);
	end(c, since);
}

static void gather(void *own, const void *piece, void *all, const size_t *offset)
{
	counter *c = own;
	double since = begin(c, offset[c->behind->count]);
	c->behind->gather(c->behind->own, piece, all, offset);
	end(c, since);
}

static void exchange(void *own, const void *from, const size_t *from_offset, void *to,
		     const size_t *to_offset)
{
	counter *c = own;
	double since = begin(c, from_offset[c->behind->count] + to_offset[c->behind->count]);
	c->behind->exchange(c->behind->own, from, from_offset, to, to_offset);
	end(c, since);
}

static void broadcast(void *own, size_t root, void *bytes, size_t size)
{
	counter *c = own;
	double since = begin(c, size);
	c->behind->broadcast(c->behind->own, root, bytes, size);
	end(c, since);
}

static int64_t most(void *own, int64_t number)
{
	counter *c = own;
	double since = begin(c, sizeof number);
	number = c->behind->most(c->behind->own, number);
	end(c, since);
	return number;
}

static void meet(void *own)
{
	const counter *c = own;
	c->behind->meet(c->behind->own);
}

static bern_ranks counting(counter *c)
{
	return (bern_ranks){.rank = c->behind->rank,
			    .count = c->behind->count,
			    .own = c,
			    .all_gather = all_gather,
			    .gather = gather,
			    .exchange = exchange,
			    .broadcast = broadcast,
			    .most = most,
			    .meet = meet};
}

/* ---- sums --------------------------------------------------------------------------------------------- */

static void leaf(void *user, size_t tile, size_t worker, float *sum)
{
	(void)user;
	(void)worker;
	sum[0] = (float)tile;
}

/* One tile a rank, so that little but the calls and the additions is timed. */
static void time_sums(const bern_ranks *ranks)
{
	const size_t sizes[] = {1, 256, 4096, 16384, 65536, 1 << 20, 4 << 20};
	if (ranks->rank == 0)
		printf("floats     microseconds, of these in calls   calls   bytes of this rank\n");
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		const size_t size = sizes[i], times = size < 100000 ? 2000 : 30;
		counter c = {.behind = ranks};
		bern_ranks table = counting(&c);
		bern_arena arena = {0};
		bern_share share;
		bern_tree tree;
		bern_error e;
		double fastest = 1e9, calls = 1e9;
		bern_share_init(&share, &arena, &table, 16 * ranks->count);
		bern_tree_init(&tree, &arena, bern_kernels_usable()[0], NULL, ranks->count, size);
		bern_tree_spread(&tree, &arena, &share);
		float *out = bern_arena_take(&arena, size, sizeof *out);
		check(bern_arena_check(&arena, &e), &e);
		for (size_t k = 0; k < times; k++) {
			c = (counter){.behind = ranks};
			double since = bench_now();
			bern_tree_sum(&tree, out, ranks->count, 0, leaf, NULL);
			since = bench_now() - since;
			fastest = since < fastest ? since : fastest;
			calls = c.seconds < calls ? c.seconds : calls;
		}
		if (ranks->rank == 0)
			printf("%-10zu %12.1f %20.1f %7zu %12zu\n", size, 1e6 * fastest,
			       1e6 * calls, c.calls, c.bytes);
		bern_arena_finish(&arena);
	}
}

/* ---- updates ------------------------------------------------------------------------------------------ */

static const bern_env *cartpole(void)
{
	const bern_plugin *plugin;
	for (size_t i = 0; (plugin = bern_builtin_plugin(i)); i++)
		for (size_t k = 0; k < plugin->count; k++)
			if (strcmp(plugin->envs[k]->id, "CartPole-v1") == 0)
				return plugin->envs[k];
	exit(2);
}

/* Seconds of the fastest update, and in *c what the last one called, but the shortest time in calls; ranks NULL: alone. */
static double time_updates(const bern_ranks *ranks, counter *c, int argc, char **argv)
{
	bern_agent_config config;
	bern_world world;
	bern_lanes lanes;
	bern_agent *agent;
	bern_error e;
	double fastest = 1e9, calls = 1e9;
	bern_agent_config_defaults(&config);
	config.num_envs = argc > 2 ? atoll(argv[2]) : 1024;
	for (int i = 3; i + 1 < argc; i += 2)
		check(bern_agent_config_set(&config, argv[i], argv[i + 1], &e), &e);
	config.ranks = ranks;
	check(bern_world_open(&world, cartpole(), NULL, 0, &e), &e);
	check(bern_lanes_init(&lanes, &world, (size_t)config.num_envs, 1, BERN_FOR_ENVIRONMENT, 0,
			      &e),
	      &e);
	check(bern_lanes_reset(&lanes, &e), &e);
	check(bern_agent_create(&agent, &config, &world, 1, &e), &e);
	for (int k = 0; k < UPDATES; k++) {
		*c = (counter){.behind = c->behind};
		double since = bench_now();
		check(agent->kind->learn(agent, &lanes, &e), &e);
		since = bench_now() - since;
		fastest = since < fastest ? since : fastest;
		calls = c->seconds < calls ? c->seconds : calls;
	}
	c->seconds = calls;
	bern_agent_destroy(agent);
	bern_lanes_finish(&lanes);
	bern_world_finish(&world);
	return fastest;
}

int main(int argc, char **argv)
{
	size_t rank, count;
	bern_ranks ranks = {0};
	bern_error e;
	const bern_mpi *(*entry)(void) = NULL;
	mpirun_place(&rank, &count);
	void *library = argc > 1 && count > 1 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
	void *found = library ? dlsym(library, BERN_MPI_SYMBOL) : NULL;
	if (!found) {
		fprintf(stderr,
			"usage: mpirun -n N bench_ranks MODULE [LANES [KEY VALUE]...], N >= 2\n");
		return 2;
	}
	memcpy(&entry, &found, sizeof entry);
	const bern_mpi *module = entry();
	check(module->join(&ranks, count, &e), &e);
	time_sums(&ranks);
	counter c = {.behind = &ranks};
	bern_ranks table = counting(&c);
	double alone = rank == 0 ? time_updates(NULL, &c, argc, argv) : 0;
	bern_ranks_meet(&ranks);
	double together = time_updates(&table, &c, argc, argv);
	if (rank == 0)
		printf("\nan update: alone %.1f microseconds; in %zu ranks %.1f, %zu calls, %zu "
		       "bytes of this rank, %.1f in calls at best\n",
		       1e6 * alone, count, 1e6 * together, c.calls, c.bytes, 1e6 * c.seconds);
	bern_ranks_meet(&ranks);
	module->leave(&ranks);
	return 0;
}
