#include "report.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

const char *policy_mode_name(int32_t mode)
{
	static const char *const names[] = {[BERN_SAMPLED] = "sampled",
					    [BERN_MEAN_FIELD] = "mean-field",
					    [BERN_THRESHOLDED] = "thresholded"};
	return names[mode];
}

char *interval_text(const bern_eval_result *result, char *out, size_t size)
{
	if (isnan(result->low))
		snprintf(out, size, "no interval of a single episode");
	else
		snprintf(out, size, "95%% interval %.6g to %.6g", result->low, result->high);
	return out;
}

void print_line(const char *key, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	printf("%-17s ", key);
	vprintf(format, args);
	putchar('\n');
	va_end(args);
}

/* ---- solved or not ------------------------------------------------------------------------------- */

/* The evaluation that counts: that of the weights `bern eval RUN` would take. */
static const bern_eval_result *headline(const report *r)
{
	return r->has_best ? &r->best : r->has_latest ? &r->latest : NULL;
}

/* The step from which the looks were good, as a session said that stopped there; infinite: none did. */
static double solved_step(const report *r)
{
	return r->end == END_SOLVED ? (double)r->trainer->count.good_step : r->solved_before;
}

/* 1 solved, 0 not, -1 not known. */
static int is_solved(const report *r)
{
	const trainer *t = r->trainer;
	const bern_env *env = t->setup.world->env;
	if (isfinite(solved_step(r)))
		return 1;
	if (t->setup.config->run.stop_looks > 0)
		return r->end == END_SOLVED;
	if (!env->has_returns || !headline(r))
		return -1;
	return headline(r)->mean >= t->setup.config->run.stop_return;
}

static void print_solved(const report *r)
{
	const trainer *t = r->trainer;
	const run_options *run = &t->setup.config->run;
	int solved = is_solved(r);
	if (solved < 0)
		print_line("solved", "unknown: %s",
			   headline(r) ? "no return is given from which this environment counts as "
					 "solved (--stop-return with --stop-looks)"
				       : "there was no evaluation at the end");
	else if (r->end != END_SOLVED && isfinite(r->solved_before))
		print_line("solved", "yes, at step %.0f, before it was made longer",
			   r->solved_before);
	else if (run->stop_looks > 0 && solved)
		print_line("solved",
			   "yes, at step %" PRIu64 ": the first of %" PRId64
			   " looks in a row with a mean of at least %g (%" PRId64
			   " episodes each, every %" PRId64 " steps)",
			   t->count.good_step, run->stop_looks, run->stop_return,
			   run->eval_episodes, run->eval_interval);
	else if (run->stop_looks > 0 && run->eval_interval == 0)
		print_line("solved", "unknown: there were no looks (--eval-interval is 0)");
	else if (run->stop_looks > 0)
		print_line("solved",
			   "no: %" PRId64 " looks in a row with a mean of at least %g were wanted, "
			   "the last %" PRIu64 " of %" PRIu64 " looks had it",
			   run->stop_looks, run->stop_return, t->count.good_looks, t->count.looks);
	else
		print_line("solved", "%s: the mean of the evaluation is %s %g",
			   solved ? "yes" : "no", solved ? "at least" : "below", run->stop_return);
}

/* The two together are " --env-path PLUGIN" or nothing: what a line to paste needs to find the environment again. */
static const char *path_flag(const trainer *t)
{
	return t->setup.plugin ? " --env-path " : "";
}

static const char *path_of(const trainer *t)
{
	return t->setup.plugin ? t->setup.plugin : "";
}

/* ---- plain --------------------------------------------------------------------------------------- */

static void print_return(const char *key, const bern_eval_result *result, uint64_t seed,
			 const char *weights, uint64_t step)
{
	char interval[96];
	print_line(key,
		   "%.6g, the mean of %" PRIu64 " fresh episodes (seed %" PRIu64
		   "); %s; sampled policy; %s weights, step %" PRIu64,
		   result->mean, result->episodes, seed,
		   interval_text(result, interval, sizeof interval), weights, step);
}

static void print_plain(const report *r)
{
	const trainer *t = r->trainer;
	const char *path = t->setup.folder->path;
	const uint64_t seed = trainer_final_seed(t->setup.config->run.seed);
	const double learned = (double)(t->lanes.steps - t->first_step);
	print_line("run", "%s", path);
	print_line("steps", "%" PRIu64 " in %" PRIu64 " episodes", t->lanes.steps,
		   t->count.episodes);
	print_line("seconds", "%.3f, of these learning %.3f, looks %.3f", r->seconds,
		   r->learn_seconds, t->look_seconds);
	print_line("steps_per_second", "%.0f while learning",
		   r->learn_seconds > 0 ? learned / r->learn_seconds : 0);
	print_solved(r);
	if (t->count.episodes > 0)
		print_line("return_learning",
			   "%.6g, the mean of the last %d of the episodes played while learning",
			   trainer_recent_return(t),
			   t->count.episodes < RECENT_EPISODES ? (int)t->count.episodes
							       : RECENT_EPISODES);
	if (r->has_best)
		print_return("return", &r->best, seed, "best", t->count.best_step);
	if (r->has_latest)
		print_return(r->has_best ? "return_latest" : "return", &r->latest, seed, "latest",
			     t->lanes.steps);
	if (t->count.has_best)
		print_line("best_look",
			   "%.6g, the highest mean of the %" PRIu64 " looks, at step %" PRIu64,
			   t->best_mean, t->count.looks, t->count.best_step);
	const char *program = t->setup.style->program;
	print_line("next", "%s eval %s%s%s", program, path, path_flag(t), path_of(t));
	print_line("next", "%s resume %s --total-timesteps %" PRIu64 "%s%s", program, path,
		   2 * t->lanes.steps, path_flag(t), path_of(t));
}

/* ---- JSON ---------------------------------------------------------------------------------------- */

json_t *json_number(double x)
{
	return isfinite(x) ? json_real(x) : json_null();
}

static json_t *json_return(const bern_eval_result *result, uint64_t seed, uint64_t step)
{
	char text[32];
	snprintf(text, sizeof text, "%" PRIu64, seed);
	return json_pack("{s:o, s:o, s:o, s:I, s:s, s:s, s:I}", "mean", json_number(result->mean),
			 "low", json_number(result->low), "high", json_number(result->high),
			 "episodes", (json_int_t)result->episodes, "seed", text, "policy",
			 "sampled", "step", (json_int_t)step);
}

static void print_json(const report *r)
{
	const trainer *t = r->trainer;
	const run_config *config = t->setup.config;
	const uint64_t final_seed = trainer_final_seed(config->run.seed);
	const double learned = (double)(t->lanes.steps - t->first_step);
	static const char *const ends[] = {
		[END_STEPS] = "steps", [END_SOLVED] = "solved", [END_INTERRUPTED] = "interrupted"};
	char seed[32];
	int solved = r->end == END_INTERRUPTED ? -1 : is_solved(r);
	snprintf(seed, sizeof seed, "%" PRIu64, config->run.seed);
	json_t *root = json_object();
	json_object_set_new(root, "run", json_string(t->setup.folder->path));
	json_object_set_new(root, "env", json_string(config->env_id));
	json_object_set_new(root, "agent", json_string(config->agent.agent));
	json_object_set_new(root, "seed", json_string(seed));
	json_object_set_new(root, "end", json_string(ends[r->end]));
	json_object_set_new(root, "steps", json_integer((json_int_t)t->lanes.steps));
	json_object_set_new(root, "episodes", json_integer((json_int_t)t->count.episodes));
	json_object_set_new(root, "seconds", json_real(r->seconds));
	json_object_set_new(root, "learn_seconds", json_real(r->learn_seconds));
	json_object_set_new(root, "look_seconds", json_real(t->look_seconds));
	json_object_set_new(root, "steps_per_second",
			    json_number(r->learn_seconds > 0 ? learned / r->learn_seconds : NAN));
	json_object_set_new(root, "looks", json_integer((json_int_t)t->count.looks));
	json_object_set_new(root, "solved", solved < 0 ? json_null() : json_boolean(solved));
	json_object_set_new(root, "solved_step",
			    isfinite(solved_step(r)) ? json_integer((json_int_t)solved_step(r))
						     : json_null());
	if (t->count.episodes > 0)
		json_object_set_new(root, "return_learning", json_number(trainer_recent_return(t)));
	if (t->count.has_best) {
		json_object_set_new(root, "best_step",
				    json_integer((json_int_t)t->count.best_step));
		json_object_set_new(root, "best_look", json_number(t->best_mean));
	}
	if (headline(r))
		json_object_set_new(root, "return",
				    json_return(headline(r), final_seed,
						r->has_best ? t->count.best_step : t->lanes.steps));
	if (r->has_best)
		json_object_set_new(root, "return_latest",
				    json_return(&r->latest, final_seed, t->lanes.steps));
	json_dumpf(root, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15));
	putchar('\n');
	json_decref(root);
}

/* ---- all of it ------------------------------------------------------------------------------------ */

void report_print(const report *r)
{
	const trainer *t = r->trainer;
	const output_style *style = t->setup.style;
	if (r->end == END_INTERRUPTED && !style->quiet)
		fprintf(stderr,
			"bern: %s: interrupted at step %" PRIu64
			", a checkpoint is written; `%s resume %s%s%s` goes on from there\n",
			t->setup.command, t->lanes.steps, style->program, t->setup.folder->path,
			path_flag(t), path_of(t));
	if (style->json)
		print_json(r);
	else if (r->end != END_INTERRUPTED && !style->quiet)
		print_plain(r);
}

run_outcome report_outcome(const report *r)
{
	const trainer *t = r->trainer;
	const bern_eval_result *result = headline(r);
	run_outcome o = {.mean = NAN, .low = NAN, .high = NAN, .episodes = NAN};
	if (result) {
		o.mean = result->mean;
		o.low = result->low;
		o.high = result->high;
		o.episodes = (double)result->episodes;
	}
	o.learning = trainer_recent_return(t);
	o.best_look = t->count.has_best ? t->best_mean : (double)NAN;
	o.solved_step = solved_step(r);
	o.last_step = (double)t->lanes.steps;
	return o;
}

void report_nothing_left(const report *r)
{
	const trainer *t = r->trainer;
	const output_style *style = t->setup.style;
	if (style->json)
		print_json(r);
	else if (!style->quiet)
		printf("%s is finished: %s at step %" PRIu64
		       "; `%s resume %s --total-timesteps %" PRIu64 "%s%s` makes it longer\n",
		       t->setup.folder->path,
		       r->end == END_SOLVED ? "it stopped as solved" : "all its steps are made",
		       t->lanes.steps, style->program, t->setup.folder->path, 2 * t->lanes.steps,
		       path_flag(t), path_of(t));
}
