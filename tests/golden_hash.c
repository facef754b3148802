/* Prints hashes of what Bern computes: bern/math.h over a grid, random streams, and the weights that a few short trainings
 * leave behind. Every compiler, optimisation level and instruction set must print the lines of data/golden-hashes.txt;
 * determinism.sh sees to it. It is also a small program against the installed library, which test_install.sh builds.
 *
 * A line of that file changes only when learning itself is meant to change: build/tests/golden_hash > tests/data/golden-hashes.txt
 */
#include <bern/agent.h>
#include <bern/builtin.h>

#include "golden_math.h"

#include <inttypes.h>
#include <stdio.h>

/* One short training. Enough of the options to reach every kernel: firings and none, units of each kind, layers, tiles that
 * are not full, heads, baselines, optimisers. */
typedef struct training {
	const char *name, *env;
	const char *options[20]; /* key, value, ... */
	int updates;
} training;

static const training trainings[] = {
	{"default", "CartPole-v1", {"observation_scale", "0.5,0.5,5,0.5", "num_steps", "8"}, 100},
	{"one-firing-deep",
	 "CartPole-v1",
	 {"hidden", "33,17", "firings", "1", "num_envs", "5", "num_steps", "7", "head", "softmax",
	  "baseline", "linear", "optimizer", "rmsprop", "entropy_coef", "0.01"},
	 40},
	{"one-firing-wide",
	 "CartPole-v1",
	 {"hidden", "33,17", "firings", "1", "num_envs", "37"},
	 40},
	{"unit-baseline",
	 "CartPole-v1",
	 {"hidden", "20", "firings", "3", "num_envs", "17", "baseline", "unit", "optimizer", "sgd",
	  "max_grad_norm", "0.5", "normalize_observations", "true"},
	 40},
	{"tanh",
	 "CartPole-v1",
	 {"units", "tanh", "hidden", "16,16", "num_envs", "4", "num_steps", "16"},
	 30},
	{"relu", "FrozenLake-v1", {"units", "relu", "hidden", "24", "num_envs", "16"}, 30},
	{"fired-afresh",
	 "CartPole-v1",
	 {"hidden", "17,9", "firings", "4", "num_steps", "4", "epochs", "2", "minibatches", "2",
	  "replay", "48", "replay_ratio", "5"},
	 40},
	{"traces",
	 "CartPole-v1",
	 {"hidden", "17,9", "firings", "4", "num_envs", "2", "num_steps", "1", "traces", "true",
	  "advantage_scale", "running", "signal_delay", "2", "signal_noise", "0.1"},
	 300},
	{"lake", "FrozenLake-v1", {"firings", "8", "hidden", "40", "num_envs", "3"}, 40},
	{"mixed",
	 "CartPole-v1",
	 {"hidden", "18,33,9", "units", "tanh,binary,logistic-rectifier", "firings", "5",
	  "num_envs", "3"},
	 40},
	{"noisy",
	 "CartPole-v1",
	 {"hidden", "18,33", "units", "rectifier,smooth", "firings", "4", "num_envs", "3"},
	 40},
	{"gumbel", "CartPole-v1", {"estimator", "gumbel", "hidden", "18,9", "firings", "3"}, 60},
	{"local-expectation",
	 "FrozenLake-v1",
	 {"estimator", "local-expectation", "num_envs", "9", "entropy_coef", "0.01"},
	 30},
	{"counterfactual",
	 "CartPole-v1",
	 {"estimator", "counterfactual", "hidden", "70,9,18", "firings", "3", "entropy_coef",
	  "0.01"},
	 30},
	{"predicting",
	 "CartPole-v1",
	 {"estimator", "predict-mlp", "hidden", "18,9", "firings", "3"},
	 60},
	{"gated",
	 "CartPole-v1",
	 {"hidden", "9,70", "units", "tanh,gated", "firings", "4", "num_envs", "3"},
	 40},
	{"bandit", "GaussianBandit-v0", {"agent", "gradient-bandit"}, 50},
};

static uint64_t hash_of_random_streams(void)
{
	uint64_t hash = GOLDEN_START;
	bern_rng rng;
	bern_firing_rng firing;
	const bern_stream_key key = {BERN_FOR_FIRING, 1, 2, (uint64_t)3 << 32 | 4};
	bern_rng_stream(&rng, 5, key);
	bern_firing_rng_stream(&firing, 5, key);
	for (uint64_t i = 1; i < 2000; i++) {
		uint32_t numbers[BERN_LEAPS];
		hash = golden_add(hash, bern_rng_u32(&rng));
		hash = golden_add(hash, bern_rng_below(&rng, i * i * i));
		hash = golden_addd(hash, bern_rng_range(&rng, -1.0, 3.0));
		bern_firing_rng_next(&firing, numbers);
		for (size_t k = 0; k < BERN_LEAPS; k++)
			hash = golden_add(hash, numbers[k]);
	}
	return hash;
}

static uint64_t add_bytes(uint64_t hash, const void *data, uint64_t size)
{
	const unsigned char *bytes = data;
	for (uint64_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * 1099511628211u;
	return hash;
}

/* Trains and hashes what was learned, and what the lanes show at the end. */
static int32_t hash_of_training(const training *t, const bern_registry *registry, uint64_t *hash,
				bern_error *e)
{
	const bern_env *env;
	bern_world world = {0};
	bern_lanes lanes = {0};
	bern_agent *agent = NULL;
	bern_agent_config config;
	bern_tensors list = {0};
	bern_agent_config_defaults(&config);
	int32_t rc = bern_registry_find(registry, t->env, &env, e);
	for (size_t i = 0; !rc && i < 20 && t->options[i]; i += 2)
		rc = bern_agent_config_set(&config, t->options[i], t->options[i + 1], e);
	config.total_timesteps = 1000;
	if (!rc)
		rc = bern_world_open(&world, env, NULL, 0, e);
	if (!rc)
		rc = bern_lanes_init(&lanes, &world, (size_t)config.num_envs, 9,
				     BERN_FOR_ENVIRONMENT, 0, e);
	if (!rc)
		rc = bern_lanes_reset(&lanes, e);
	if (!rc)
		rc = bern_agent_create(&agent, &config, &world, 9, e);
	for (int i = 0; !rc && i < t->updates; i++)
		rc = agent->kind->learn(agent, &lanes, e);
	if (!rc)
		rc = agent->kind->policy_tensors(agent, &list, e);
	*hash = GOLDEN_START;
	for (size_t i = 0; !rc && i < list.count; i++)
		*hash = add_bytes(*hash, list.items[i].data, bern_tensor_size(&list.items[i]));
	if (!rc)
		*hash = add_bytes(*hash, lanes.obs,
				  lanes.count * world.observation_floats * sizeof *lanes.obs);
	bern_tensors_finish(&list);
	bern_agent_destroy(agent);
	bern_lanes_finish(&lanes);
	bern_world_finish(&world);
	return rc;
}

int main(void)
{
	bern_registry *registry = NULL;
	bern_error e = {0};
	int32_t rc = bern_registry_create(&registry, &e);
	const bern_plugin *plugin;
	for (size_t i = 0; !rc && (plugin = bern_builtin_plugin(i)); i++)
		rc = bern_registry_adopt(registry, plugin, "built in", &e);
	if (!rc) {
		printf("math %016" PRIx64 "\n", golden_math());
		printf("streams %016" PRIx64 "\n", hash_of_random_streams());
	}
	for (size_t i = 0; !rc && i < sizeof trainings / sizeof trainings[0]; i++) {
		uint64_t hash;
		rc = hash_of_training(&trainings[i], registry, &hash, &e);
		if (!rc)
			printf("%s %016" PRIx64 "\n", trainings[i].name, hash);
	}
	if (rc)
		fprintf(stderr, "golden_hash: %s\n", e.text);
	bern_registry_destroy(registry);
	return rc != 0;
}
