/* A built-in environment, an agent with its inspector, and a player of both: what the tests of the viewer share. */
#ifndef BERN_TEST_WATCH_TRIAL_H
#define BERN_TEST_WATCH_TRIAL_H

#include "inspect_agent.h"
#include "player.h"

#include <bern/builtin.h>

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct watch_trial {
	bern_registry *registry;
	bern_world world;
	bern_agent_config config;
	bern_agent *agent;
	bern_inspector inspector;
	bern_player *player;
	bern_error e;
} watch_trial;

#define WATCH_OK(t, call) ck_assert_msg((call) == 0, "%s", (t)->e.text)

/* options: "agent", "reinforce", "hidden", "8,4", ..., NULL. */
static inline void watch_open_env(watch_trial *t, const char *id, const bern_setting *settings,
				  size_t count)
{
	const bern_env *env;
	const bern_plugin *plugin;
	memset(t, 0, sizeof *t);
	WATCH_OK(t, bern_registry_create(&t->registry, &t->e));
	for (size_t i = 0; (plugin = bern_builtin_plugin(i)); i++)
		WATCH_OK(t, bern_registry_adopt(t->registry, plugin, "built in", &t->e));
	WATCH_OK(t, bern_registry_find(t->registry, id, &env, &t->e));
	WATCH_OK(t, bern_world_open(&t->world, env, settings, count, &t->e));
}

static inline void watch_make_agent(watch_trial *t, const char *const *options, uint64_t seed)
{
	bern_agent_config_defaults(&t->config);
	t->config.total_timesteps = 1000;
	for (size_t i = 0; options[i]; i += 2)
		WATCH_OK(t, bern_agent_config_set(&t->config, options[i], options[i + 1], &t->e));
	WATCH_OK(t, bern_agent_create(&t->agent, &t->config, &t->world, seed, &t->e));
	WATCH_OK(t, bern_agent_inspect(t->agent, &t->world, &t->inspector, &t->e));
}

static inline void watch_open(watch_trial *t, const char *id, const char *const *options)
{
	watch_open_env(t, id, NULL, 0);
	watch_make_agent(t, options, 3);
}

static inline void watch_play(watch_trial *t, bern_player_plan plan)
{
	plan.world = &t->world;
	plan.inspector = &t->inspector;
	WATCH_OK(t, bern_player_create(&t->player, &plan, &t->e));
}

/* Weights other than the first ones, so that outputs differ from action to action. */
static inline void watch_scramble(watch_trial *t, float size)
{
	uint32_t word = 12345;
	for (size_t l = 0; l < t->inspector.layer_count; l++) {
		const bern_inspect_layer *layer = &t->inspector.layer[l];
		float *w = (float *)(uintptr_t)t->inspector.weights(t->inspector.self, l);
		float *b = (float *)(uintptr_t)t->inspector.biases(t->inspector.self, l);
		for (size_t i = 0; i < (layer->inputs + 1) * layer->units; i++) {
			word = word * 1664525u + 1013904223u;
			float x = size * ((float)(word >> 8) / 8388608.0f - 1.0f);
			if (i < layer->inputs * layer->units)
				w[i] = x;
			else
				b[i - layer->inputs * layer->units] = x;
		}
	}
}

static inline void watch_close(watch_trial *t)
{
	bern_player_destroy(t->player);
	bern_inspect_finish(&t->inspector);
	bern_agent_destroy(t->agent);
	bern_world_finish(&t->world);
	bern_registry_destroy(t->registry);
}

#endif
