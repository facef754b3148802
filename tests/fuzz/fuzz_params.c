/* Any bytes as parameters: a line with an id, then lines of key=value. What is refused is refused in one sentence;
 * what is taken plays. Built as fuzz_tensor.c is. */
#include <bern/builtin.h>
#include <bern/host.h>
#include <bern/rng.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { MOST = 16 };

static void expect(int true_)
{
	if (!true_)
		abort();
}

/* The environment of that id, else the one of a number made of it. */
static const bern_env *env_of(const char *id)
{
	const bern_env *all[256];
	size_t count = 0, number = 0;
	for (size_t i = 0; bern_builtin_plugin(i); i++)
		for (uint32_t k = 0; k < bern_builtin_plugin(i)->count && count < 256; k++)
			all[count++] = bern_builtin_plugin(i)->envs[k];
	for (size_t i = 0; i < count; i++)
		if (!strcmp(all[i]->id, id))
			return all[i];
	for (; *id; id++)
		number = 31 * number + (unsigned char)*id;
	return all[number % count];
}

/* Cuts the text into settings; returns how many. */
static size_t split(char *text, bern_setting *settings)
{
	size_t count = 0;
	for (char *line = strtok(text, "\n"); line && count < MOST; line = strtok(NULL, "\n")) {
		char *equals = strchr(line, '=');
		/* of files there are tests of their own */
		if (!equals || !strncmp(line, "images", 6) || !strncmp(line, "labels", 6))
			continue;
		*equals = '\0';
		settings[count++] = (bern_setting){line, equals + 1};
	}
	return count;
}

static void play(const bern_world *world)
{
	const bern_env *env = world->env;
	void *state = aligned_alloc(16, world->state_stride);
	void *observation = malloc(world->observation_bytes);
	float *encoded = malloc(world->observation_floats * sizeof *encoded);
	uint8_t *action = calloc(1, world->action_bytes);
	const uint64_t start[2] = {1, 2};
	bern_rng rng;
	bern_error e;
	expect(state && observation && encoded && action);
	bern_rng_init(&rng, start, start);
	env->reset(world->instance.model, state, &rng);
	for (int t = 0; t < 4; t++) {
		bern_outcome out = {0};
		env->observe(world->instance.model, state, observation);
		/* extreme parameters may overflow, which a run finds out; a number outside of a finite space would be wrong */
		(void)bern_encode(world, observation, encoded, &e);
		env->step(world->instance.model, state, &rng, action, &out);
		if (out.flags)
			break;
	}
	free(state);
	free(observation);
	free(encoded);
	free(action);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	bern_setting settings[MOST];
	bern_world world;
	bern_error e = {0};
	char *text = malloc(size + 1);
	expect(text != NULL);
	memcpy(text, bytes, size);
	text[size] = '\0';
	size_t first = strcspn(text, "\n");
	char *rest = text + first + (text[first] == '\n');
	text[first] = '\0';
	const bern_env *env = env_of(text);
	size_t count = split(rest, settings);
	if (bern_world_open(&world, env, settings, count, &e) == BERN_OK) {
		play(&world);
		bern_world_finish(&world);
	} else {
		expect(e.code == BERN_EUSAGE || e.code == BERN_EMEMORY);
		expect(e.text[0] && memchr(e.text, 0, sizeof e.text) != NULL);
		expect(!strncmp(e.text, env->id, strlen(env->id)));
	}
	free(text);
	return 0;
}
