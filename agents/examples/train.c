/* Trains an agent on an environment of its own, without the command line. The task is exclusive or: two lights are on or off, and the
 * lever is to be pulled (1) where one of them alone is on. No network without a hidden layer can do it. Prints the mean return
 * before and after learning, of at most 10. Where Bern is installed:
 *
 *     cc train.c $(pkg-config --cflags --libs bern) -o train && ./train
 */
#include <bern/agent.h>
#include <bern/rng.h>
#include <stdio.h>

typedef struct {
	int32_t lights; /* bit 0: the first is on, bit 1: the second */
} state;

static int32_t lights_open(const bern_value *values, bern_instance *out, char *err, size_t err_size)
{
	static const int32_t lever[] = {2};
	(void)values, (void)err, (void)err_size;
	out->state_size = sizeof(state);
	out->max_steps = 10;
	out->observation = (bern_space){.kind = BERN_MULTI_BINARY, .count = 2};
	out->action = (bern_space){.kind = BERN_DISCRETE, .count = 1, .sizes = lever};
	return 0;
}

static void lights_reset(const void *model, void *block, bern_rng *rng)
{
	(void)model;
	((state *)block)->lights = (int32_t)bern_rng_below(rng, 4);
}

static void lights_step(const void *model, void *block, bern_rng *rng, const void *action,
			bern_outcome *out)
{
	int32_t lights = ((state *)block)->lights;
	out->reward = *(const int32_t *)action == ((lights ^ lights >> 1) & 1);
	lights_reset(model, block, rng);
}

static void lights_observe(const void *model, const void *block, void *observation)
{
	uint8_t *seen = observation;
	(void)model;
	seen[0] = ((const state *)block)->lights & 1;
	seen[1] = ((const state *)block)->lights >> 1 & 1;
}

static const bern_env lights = {.abi = BERN_ENV_ABI,
				.struct_size = sizeof(bern_env),
				.id = "examples/Lights-v0",
				.open = lights_open,
				.reset = lights_reset,
				.step = lights_step,
				.observe = lights_observe};
BERN_PLUGIN(lights, &lights);

int main(void)
{
	const bern_env *env;
	bern_registry *registry = NULL;
	bern_world world = {0};
	bern_lanes lanes = {0};
	bern_agent *agent = NULL;
	bern_evaluator *evaluator = NULL;
	bern_eval_plan plan = {.episodes = 200, .seed = 1000};
	bern_eval_result before = {0}, after = {0};
	bern_agent_config config;
	bern_error e;
	/* every function returns 0, or fills in e */
	bern_agent_config_defaults(&config);
	int32_t rc = bern_agent_config_set(&config, "hidden", "32", &e) ||
		     bern_agent_config_set(&config, "num_envs", "16", &e) ||
		     bern_registry_create(&registry, &e) ||
		     bern_registry_adopt(registry, bern_plugin_1(), "this program", &e) ||
		     bern_registry_find(registry, "examples/Lights-v0", &env, &e) ||
		     bern_world_open(&world, env, NULL, 0, &e) ||
		     bern_lanes_init(&lanes, &world, (size_t)config.num_envs, 1,
				     BERN_FOR_ENVIRONMENT, 0, &e) ||
		     bern_lanes_reset(&lanes, &e) ||
		     bern_agent_create(&agent, &config, &world, 1, &e) ||
		     bern_evaluator_create(&evaluator, &world, &e) ||
		     bern_evaluate(evaluator, agent, &plan, &before, &e);
	while (!rc && lanes.steps < 60000)
		rc = agent->kind->learn(agent, &lanes, &e);
	rc = rc || bern_evaluate(evaluator, agent, &plan, &after, &e);
	if (rc)
		fprintf(stderr, "%s\n", e.text);
	else
		printf("before %.2f\nafter %.2f\n", before.mean, after.mean);
	bern_evaluator_destroy(evaluator);
	bern_agent_destroy(agent);
	bern_lanes_finish(&lanes);
	bern_world_finish(&world);
	bern_registry_destroy(registry);
	return rc != 0;
}
