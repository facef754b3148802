/* What must cost next to nothing, each beside what the machine could do at best: starting the program, evaluating 1,000 episodes of
 * a policy that balances CartPole, writing a checkpoint of 10 million parameters. Medians of several times; status 1 if one is
 * above its limit.
 *
 * usage: bench_costs BERN [FOLDER]   FOLDER (".") is where files are written */
#include "bench_time.h"

#include <bern/agent.h>
#include <bern/builtin.h>

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PARAMETERS 10000000
#define STARTS     101
#define WRITES     7
#define LOOKS      5

extern char **environ;

static int failed;

static void row(const char *what, double seconds, const char *best, double best_seconds,
		double limit)
{
	int late = !(seconds <= limit);
	failed |= late;
	printf("%-44s %9.2f ms   at most %6.1f ms   %s: %.2f ms%s\n", what, 1e3 * seconds,
	       1e3 * limit, best, 1e3 * best_seconds, late ? "   TOO SLOW" : "");
}

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "bench_costs: %s\n", what);
	exit(2);
}

/* ---- starting ---------------------------------------------------------------------------------------------- */

static double start(char **arguments)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int status;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	double begin = bench_now();
	if (posix_spawn(&pid, arguments[0], &actions, NULL, arguments, environ) ||
	    waitpid(pid, &status, 0) != pid)
		die("a program could not be started");
	double end = bench_now();
	posix_spawn_file_actions_destroy(&actions);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		die("a program failed");
	return end - begin;
}

static void bench_start(char *bern, char *self)
{
	double ours[STARTS], least[STARTS];
	char *version[] = {bern, "--version", NULL}, *nothing[] = {self, "nothing", NULL};
	for (int i = 0; i < STARTS; i++) {
		ours[i] = start(version);
		least[i] = start(nothing);
	}
	row("bern --version", bench_median(ours, STARTS), "a program that does nothing",
	    bench_median(least, STARTS), 5e-3);
}

/* ---- evaluating -------------------------------------------------------------------------------------------- */

static const bern_env *cartpole(void)
{
	const bern_plugin *plugin;
	for (size_t i = 0; (plugin = bern_builtin_plugin(i)); i++)
		for (size_t k = 0; k < plugin->count; k++)
			if (strcmp(plugin->envs[k]->id, "CartPole-v1") == 0)
				return plugin->envs[k];
	die("there is no CartPole-v1");
	return NULL;
}

/* Learns with the recipe's options until all of 100 episodes come to the time limit. */
static bern_agent *trained(const bern_world *world, bern_evaluator *evaluator, bern_error *e)
{
	static const char *const options[][2] = {
		{"hidden", "64"},
		{"firings", "16"},
		{"num_steps", "8"},
		{"learning_rate", "0.03"},
		{"value_passes", "4"},
		{"momentum", "0.5"},
		{"observation_scale", "0.5,0.5,5,0.5"},
	};
	bern_agent_config config;
	bern_lanes lanes;
	bern_agent *agent;
	bern_eval_result result = {.mean = 0};
	const bern_eval_plan plan = {.episodes = 100, .seed = 5};
	bern_agent_config_defaults(&config);
	for (size_t i = 0; i < sizeof options / sizeof *options; i++)
		if (bern_agent_config_set(&config, options[i][0], options[i][1], e))
			die(e->text);
	if (bern_lanes_init(&lanes, world, 1, 1, BERN_FOR_ENVIRONMENT, 0, e) ||
	    bern_lanes_reset(&lanes, e) || bern_agent_create(&agent, &config, world, 1, e))
		die(e->text);
	for (int i = 0; i < 200 && result.mean < 499.5; i++) {
		for (int k = 0; k < 63; k++)
			if (agent->kind->learn(agent, &lanes, e))
				die(e->text);
		if (bern_evaluate(evaluator, agent, &plan, &result, e))
			die(e->text);
	}
	if (result.mean < 499.5)
		die("it did not learn to balance");
	bern_lanes_finish(&lanes);
	return agent;
}

/* The physics alone: the steps of the evaluation with actions that keep nobody waiting. */
static double physics(const bern_world *world, uint64_t steps, bern_error *e)
{
	bern_lanes lanes;
	int32_t actions[16];
	if (bern_lanes_init(&lanes, world, 16, 1, BERN_FOR_ENVIRONMENT, 0, e) ||
	    bern_lanes_reset(&lanes, e))
		die(e->text);
	double begin = bench_now();
	while (lanes.steps < steps) {
		for (int b = 0; b < 16; b++)
			actions[b] = lanes.obs[4 * b + 2] > 0;
		if (bern_lanes_step(&lanes, actions, e))
			die(e->text);
	}
	double end = bench_now();
	bern_lanes_finish(&lanes);
	return end - begin;
}

static void bench_evaluation(void)
{
	double times[LOOKS], least[LOOKS];
	bern_world world;
	bern_evaluator *evaluator;
	bern_eval_result result = {.mean = 0};
	const bern_eval_plan plan = {.episodes = 1000, .seed = 7};
	bern_error e;
	if (bern_world_open(&world, cartpole(), NULL, 0, &e) ||
	    bern_evaluator_create(&evaluator, &world, &e))
		die(e.text);
	bern_agent *agent = trained(&world, evaluator, &e);
	for (int i = 0; i < LOOKS; i++) {
		double begin = bench_now();
		if (bern_evaluate(evaluator, agent, &plan, &result, &e))
			die(e.text);
		times[i] = bench_now() - begin;
		least[i] = physics(&world, result.steps, &e);
	}
	char what[80];
	snprintf(what, sizeof what, "1,000 episodes of CartPole-v1, mean %.1f", result.mean);
	row(what, bench_median(times, LOOKS), "its steps without a network",
	    bench_median(least, LOOKS), 0.1);
	bern_agent_destroy(agent);
	bern_evaluator_destroy(evaluator);
	bern_world_finish(&world);
}

/* ---- writing ----------------------------------------------------------------------------------------------- */

/* The same bytes, written and flushed as plainly as can be. */
static double write_plainly(const char *path, const float *data, size_t size)
{
	const char *bytes = (const char *)data;
	double begin = bench_now();
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	for (size_t at = 0; at < size;) {
		ssize_t n = write(fd, bytes + at, size - at);
		if (n < 0)
			die("a file could not be written");
		at += (size_t)n;
	}
	if (fsync(fd) || close(fd))
		die("a file could not be written");
	return bench_now() - begin;
}

static void bench_checkpoint(const char *folder)
{
	double ours[WRITES], plain[WRITES], copy[WRITES];
	char path[4096];
	bern_tensors list = {0};
	bern_error e;
	const size_t size = PARAMETERS * sizeof(float);
	float *data = malloc(size), *other = malloc(size);
	if (!data || !other)
		die("no memory");
	for (size_t i = 0; i < PARAMETERS; i++)
		data[i] = (float)i;
	memset(other, 1, size);
	snprintf(path, sizeof path, "%s/bench_costs.%ld", folder, (long)getpid());
	if (bern_tensors_add(&list, BERN_T_F32, data, PARAMETERS, 0, &e, "weights"))
		die(e.text);
	for (int i = 0; i < WRITES; i++) {
		double begin = bench_now();
		if (bern_checkpoint_write(path, &list, NULL, 0, &e))
			die(e.text);
		ours[i] = bench_now() - begin;
		unlink(path);
		plain[i] = write_plainly(path, data, size);
		unlink(path);
		begin = bench_now();
		memcpy(other, data, size);
		copy[i] = bench_now() - begin;
	}
	double best = bench_median(plain, WRITES);
	/* disks take their time as they like: half as much again */
	row("a checkpoint of 10 million parameters", bench_median(ours, WRITES),
	    "write and fsync of the bytes", best, 1.5 * best);
	printf("%-44s %9.2f ms\n", "  copying them in memory", 1e3 * bench_median(copy, WRITES));
	bern_tensors_finish(&list);
	free(data);
	free(other);
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "nothing") == 0)
		return 0;
	if (argc < 2)
		die("usage: bench_costs BERN [FOLDER]");
	bench_start(argv[1], argv[0]);
	bench_evaluation();
	bench_checkpoint(argc > 2 ? argv[2] : ".");
	return failed;
}
