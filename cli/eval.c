/* bern eval: how good the policy of a run is, over episodes of its own seeds. */
#include "meta.h"
#include "registry.h"
#include "report.h"
#include "trainer.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CONFIG_ROOM ((size_t)1 << 20)

/* What an evaluation is made of; finish in reverse. */
typedef struct evaluation {
	char path[RUN_PATH_ROOM + 64]; /* of the checkpoint */
	const char *which;             /* "best", "latest" or "given" */
	run_folder folder;             /* of the run, not opened: for its meta.json */
	char step[32];
	run_config config;
	int has_config;
	bern_registry *registry;
	bern_world world;
	int has_world;
	bern_agent *agent;
	bern_evaluator *evaluator;
	bern_tensors tensors;
	bern_eval_result result;
} evaluation;

/* A folder stands for its best checkpoint, or for its latest if no look was made. */
static int32_t find_checkpoint(evaluation *v, const char *run, bern_error *e)
{
	struct stat st;
	size_t length = strlen(run);
	while (length > 1 && run[length - 1] == '/')
		length--;
	if (length >= sizeof v->folder.path)
		return bern_fail(e, BERN_EIO, "the path of the run is longer than %d bytes",
				 RUN_PATH_ROOM - 1);
	memcpy(v->folder.path, run, length);
	v->folder.path[length] = '\0';
	if (stat(v->folder.path, &st))
		return bern_fail(e, BERN_EIO, "there is no run folder or checkpoint %s: %s",
				 v->folder.path, strerror(errno));
	if (!S_ISDIR(st.st_mode)) {
		v->which = "given";
		snprintf(v->path, sizeof v->path, "%s", v->folder.path);
		/* RUN/best, or RUN/checkpoints/step_1.safetensors */
		char *slash = strrchr(v->folder.path, '/');
		snprintf(slash ? slash : v->folder.path, 2, ".");
		if (slash)
			*slash = '\0';
		size_t size = strlen(v->folder.path), tail = strlen("/checkpoints");
		if (size > tail && !strcmp(v->folder.path + size - tail, "/checkpoints"))
			v->folder.path[size - tail] = '\0';
		return 0;
	}
	static const char *const links[] = {"best", "latest"};
	for (size_t i = 0; i < 2; i++) {
		v->which = links[i];
		if (!lstat(run_folder_file(&v->folder, links[i], v->path), &st))
			return 0;
	}
	return bern_fail(e, BERN_EIO,
			 "%s has no checkpoint (no link \"best\" or \"latest\"): it is no run "
			 "folder, or the run ended before the first one was written",
			 v->folder.path);
}

/* The configuration that the checkpoint itself carries. */
static int32_t read_config(evaluation *v, bern_error *e)
{
	char *text = malloc(CONFIG_ROOM), format[32];
	int32_t rc = text ? 0 : bern_fail(e, BERN_EMEMORY, "memory is out");
	if (!rc)
		rc = bern_checkpoint_metadata(v->path, "format", format, sizeof format, e);
	if (!rc && strcmp(format, TRAINER_FORMAT) != 0)
		rc = bern_fail(e, BERN_EFORMAT, "%s has format %s, this program reads %s", v->path,
			       format, TRAINER_FORMAT);
	if (!rc)
		rc = bern_checkpoint_metadata(v->path, "step", v->step, sizeof v->step, e);
	if (!rc)
		rc = bern_checkpoint_metadata(v->path, "config", text, CONFIG_ROOM, e);
	if (!rc) {
		rc = run_config_parse(&v->config, v->path, text, strlen(text), e);
		v->has_config = !rc;
	}
	free(text);
	return rc;
}

static int32_t prepare(evaluation *v, const eval_request *request, bern_error *e)
{
	const bern_env *env;
	int32_t rc = find_checkpoint(v, request->run, e);
	if (!rc)
		rc = read_config(v, e);
	if (!rc)
		rc = open_registry(&v->registry, request->env_paths, request->env_path_count, e);
	if (!rc)
		rc = find_environment(v->registry, v->config.env_id, &v->folder, &env, e);
	if (!rc) {
		rc = open_world(&v->world, env, v->config.settings, v->config.setting_count,
				&request->isolation, e);
		v->has_world = !rc;
	}
	if (rc)
		return rc;
	v->config.agent.total_timesteps = (uint64_t)v->config.run.total_timesteps;
	rc = bern_agent_create(&v->agent, &v->config.agent, &v->world, v->config.run.seed, e);
	if (!rc)
		rc = v->agent->kind->policy_tensors(v->agent, &v->tensors, e);
	if (!rc)
		rc = bern_checkpoint_read_some(v->path, &v->tensors, e);
	if (!rc)
		rc = bern_evaluator_create(&v->evaluator, &v->world, e);
	return rc;
}

static void finish(evaluation *v)
{
	bern_evaluator_destroy(v->evaluator);
	bern_tensors_finish(&v->tensors);
	bern_agent_destroy(v->agent);
	if (v->has_world)
		bern_world_finish(&v->world);
	if (v->registry)
		bern_registry_destroy(v->registry);
	if (v->has_config)
		run_config_finish(&v->config);
}

/* ---- results ------------------------------------------------------------------------------------- */

static void print_plain(const evaluation *v, const eval_request *request, double seconds)
{
	const bern_eval_result *r = &v->result;
	char interval[96];
	print_line("checkpoint", "%s (%s, step %s)", v->path, v->which, v->step);
	print_line("environment", "%s", v->config.env_id);
	print_line("return",
		   "%.6g, the mean of %" PRIu64 " episodes (seed %" PRIu64 "); %s; %s policy",
		   r->mean, r->episodes, request->seed, interval_text(r, interval, sizeof interval),
		   policy_mode_name(request->mode));
	if (r->episodes > 1)
		print_line("deviation", "%.6g", r->deviation);
	print_line("range", "%.6g to %.6g", r->minimum, r->maximum);
	print_line("length", "%.6g steps, the mean", r->mean_length);
	print_line("terminated", "%.0f of %" PRIu64 " episodes; the others were cut",
		   r->success * (double)r->episodes, r->episodes);
	print_line("seconds", "%.3f", seconds);
	if (request->has_min_return)
		print_line("min_return", "%g %s", request->min_return,
			   r->mean >= request->min_return ? "reached" : "not reached");
}

static void print_json(const evaluation *v, const eval_request *request, double seconds)
{
	const bern_eval_result *r = &v->result;
	char seed[32];
	snprintf(seed, sizeof seed, "%" PRIu64, request->seed);
	json_t *root = json_object();
	json_object_set_new(root, "checkpoint", json_string(v->path));
	json_object_set_new(root, "step", json_integer((json_int_t)strtoull(v->step, NULL, 10)));
	json_object_set_new(root, "env", json_string(v->config.env_id));
	json_object_set_new(root, "agent", json_string(v->config.agent.agent));
	json_object_set_new(root, "policy", json_string(policy_mode_name(request->mode)));
	json_object_set_new(root, "seed", json_string(seed));
	json_object_set_new(root, "episodes", json_integer((json_int_t)r->episodes));
	json_object_set_new(root, "mean", json_number(r->mean));
	json_object_set_new(root, "low", json_number(r->low));
	json_object_set_new(root, "high", json_number(r->high));
	json_object_set_new(root, "deviation", json_number(r->deviation));
	json_object_set_new(root, "minimum", json_number(r->minimum));
	json_object_set_new(root, "maximum", json_number(r->maximum));
	json_object_set_new(root, "mean_length", json_number(r->mean_length));
	json_object_set_new(root, "terminated", json_number(r->success));
	json_object_set_new(root, "steps", json_integer((json_int_t)r->steps));
	json_object_set_new(root, "seconds", json_number(seconds));
	if (request->has_min_return) {
		json_object_set_new(root, "min_return", json_number(request->min_return));
		json_object_set_new(root, "reached", json_boolean(r->mean >= request->min_return));
	}
	json_dumpf(root, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15));
	putchar('\n');
	json_decref(root);
}

int eval_run(eval_request *request)
{
	bern_error e = {0};
	evaluation v = {0};
	double start = trainer_clock();
	int status = EXIT_OK;
	int32_t rc = prepare(&v, request, &e);
	if (!rc) {
		const bern_eval_plan plan = {.episodes = request->episodes,
					     .seed = request->seed,
					     .mode = request->mode,
					     .max_episode_steps = EVAL_MAX_EPISODE_STEPS};
		rc = bern_evaluate(v.evaluator, v.agent, &plan, &v.result, &e);
	}
	if (rc) {
		status = report_error("eval", &e);
	} else {
		double seconds = trainer_clock() - start;
		if (request->style.json)
			print_json(&v, request, seconds);
		else if (!request->style.quiet)
			print_plain(&v, request, seconds);
		if (request->has_min_return && !(v.result.mean >= request->min_return)) {
			status = EXIT_NOT_REACHED;
			if (!request->style.quiet)
				fprintf(stderr,
					"bern: eval: the mean return %g is below --min-return %g\n",
					v.result.mean, request->min_return);
		}
	}
	finish(&v);
	return status;
}
