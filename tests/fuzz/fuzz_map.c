/* Any bytes as a map: the first byte chooses an environment, the rest is its map. What is refused is refused in one sentence about the map;
 * in what is taken every step leads to an observation that its space allows. Built as fuzz_tensor.c is. */
#include <bern/env.h>
#include <bern/host.h>
#include <bern/rng.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

bern_plugin_entry bern_plugin_frozenlake, bern_plugin_gridworld, bern_plugin_minigrid_map;

static void expect(int true_)
{
	if (!true_)
		abort();
}

/* Random actions, over and over, so that ends and starts are met. */
static void play(const bern_world *world, const uint8_t *bytes, size_t size)
{
	const bern_env *env = world->env;
	/* not a byte more than it asked for, aligned as malloc does */
	void *state = malloc(world->instance.state_size);
	void *observation = malloc(world->observation_bytes);
	float *encoded = malloc(world->observation_floats * sizeof *encoded);
	const uint64_t start[2] = {size, bytes[size - 1]}, stream[2] = {1, 2};
	uint32_t flags = BERN_TERMINATED;
	double total = 0;
	bern_rng rng;
	bern_error e;
	expect(state && observation && encoded);
	bern_rng_init(&rng, start, stream);
	for (int t = 0; t < 40; t++) {
		bern_outcome out = {0};
		int32_t action = (int32_t)bern_rng_below(&rng,
							 (uint64_t)world->instance.action.sizes[0]);
		if (flags)
			env->reset(world->instance.model, state, &rng);
		else
			env->step(world->instance.model, state, &rng, &action, &out);
		flags = out.flags;
		env->observe(world->instance.model, state, observation);
		expect(bern_encode(world, observation, encoded, &e) == BERN_OK);
		total += out.reward;
		expect(!flags || total <= world->instance.max_return);
		total = flags ? 0 : total;
	}
	free(state);
	free(observation);
	free(encoded);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const bern_plugin *const plugins[] = {bern_plugin_frozenlake(), bern_plugin_gridworld(),
					      bern_plugin_minigrid_map()};
	if (size < 2)
		return 0;
	char *map = malloc(size);
	expect(map != NULL);
	memcpy(map, bytes + 1, size - 1);
	map[size - 1] = '\0';
	/* every other time what is no letter becomes free ground, so that more is taken and played */
	static const char letters[] = "#.SGFHKDOLv<>^/\r\n";
	for (size_t i = 0; i + 1 < size && bytes[0] / 3 % 2; i++)
		map[i] = map[i] && strchr(letters, map[i]) ? map[i] : '.';
	const bern_env *env = plugins[bytes[0] % 3]->envs[0];
	const bern_setting setting = {"map", map};
	bern_world world;
	bern_error e = {0};
	if (bern_world_open(&world, env, &setting, 1, &e) == BERN_OK) {
		play(&world, bytes, size);
		bern_world_finish(&world);
	} else {
		expect(e.code == BERN_EUSAGE && !strchr(e.text, '\n'));
		expect(!strncmp(e.text, env->id, strlen(env->id)) && strstr(e.text, ": map: "));
	}
	free(map);
	return 0;
}
