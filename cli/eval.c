/* bern eval: how good the policy of a run is, over episodes of its own seeds. */
#include "report.h"
#include "spikes.h"
#include "trained.h"
#include "trainer.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

/* What an evaluation is made of; finish in reverse. */
typedef struct evaluation {
	trained run;
	bern_evaluator *evaluator;
	spikes *spikes; /* NULL: not asked for */
	bern_eval_result result;
} evaluation;

/* ---- results ------------------------------------------------------------------------------------- */

static void print_plain(const evaluation *v, const eval_request *request, double seconds)
{
	const bern_eval_result *r = &v->result;
	char interval[96];
	print_line("checkpoint", "%s (%s, step %s)", v->run.path, v->run.which, v->run.step);
	print_line("environment", "%s", v->run.config.env_id);
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
	if (v->spikes) {
		char told[1024];
		print_line("spikes", "%s: %s", request->spikes,
			   spikes_tell(v->spikes, told, sizeof told));
	}
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
	json_object_set_new(root, "checkpoint", json_string(v->run.path));
	json_object_set_new(root, "step",
			    json_integer((json_int_t)strtoull(v->run.step, NULL, 10)));
	json_object_set_new(root, "env", json_string(v->run.config.env_id));
	json_object_set_new(root, "agent", json_string(v->run.config.agent.agent));
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
	if (v->spikes)
		json_object_set_new(root, "spikes", json_string(request->spikes));
	if (request->has_min_return) {
		json_object_set_new(root, "min_return", json_number(request->min_return));
		json_object_set_new(root, "reached", json_boolean(r->mean >= request->min_return));
	}
	json_dumpf(root, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15));
	putchar('\n');
	json_decref(root);
}

/* Plays the episodes; with --spikes it also writes what fired. */
static int32_t play(evaluation *v, const eval_request *request, bern_error *e)
{
	const bern_eval_plan plan = {.episodes = request->episodes,
				     .seed = request->seed,
				     .mode = request->mode,
				     .max_episode_steps = EVAL_MAX_EPISODE_STEPS};
	int32_t rc;
	if (!request->spikes) {
		rc = bern_evaluator_create(&v->evaluator, &v->run.world, e);
		return rc ? rc : bern_evaluate(v->evaluator, v->run.agent, &plan, &v->result, e);
	}
	rc = spikes_create(&v->spikes, v->run.agent, &v->run.world, request->mode, request->layers,
			   request->inputs, request->spikes, e);
	if (!rc)
		rc = bern_evaluator_create_lanes(&v->evaluator, &v->run.world, 1, e);
	if (!rc) {
		const bern_eval_watcher watcher = spikes_watcher(v->spikes);
		rc = bern_evaluate_watched(v->evaluator, v->run.agent, &plan, &watcher, &v->result,
					   e);
	}
	return rc ? rc : spikes_write(v->spikes, request->seed, e);
}

int eval_run(eval_request *request)
{
	bern_error e = {0};
	evaluation v = {0};
	double start = trainer_clock();
	int status = EXIT_OK;
	int32_t rc = trained_open(&v.run, request->run, request->env_paths, request->env_path_count,
				  &request->isolation, &e);
	if (!rc)
		rc = play(&v, request, &e);
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
	spikes_destroy(v.spikes);
	bern_evaluator_destroy(v.evaluator);
	trained_close(&v.run);
	return status;
}
