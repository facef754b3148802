#include "summary.h"

#include "progress.h"
#include "report.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const score_names[] = {"return", "learning", "best-look", NULL};

const char *score_words(int32_t kind)
{
	static const char *const words[] = {
		[SCORE_RETURN] = "return of the evaluation at the end",
		[SCORE_LEARNING] = "mean return of the last training episodes",
		[SCORE_BEST] = "highest mean return of a look, which flatters",
	};
	return words[kind];
}

double score_of(const run_record *run, int32_t kind)
{
	const run_outcome *o = &run->outcome;
	return kind == SCORE_RETURN ? o->mean : kind == SCORE_LEARNING ? o->learning : o->best_look;
}

int32_t summary_make(summary *s, const run_record *const *runs, size_t count, int32_t kind,
		     bern_error *e)
{
	const bootstrap plan = {BOOTSTRAP_SEED, BOOTSTRAP_RESAMPLES};
	*s = (summary){.runs = count, .known_until = INFINITY};
	s->scores = malloc((count + 1) * sizeof *s->scores);
	double *steps = malloc((count + 1) * sizeof *steps);
	int32_t rc = s->scores && steps ? 0 : bern_fail(e, BERN_EMEMORY, "memory is out");
	for (size_t i = 0; !rc && i < count; i++) {
		const run_options *run = &runs[i]->config.run;
		const run_outcome *o = &runs[i]->outcome;
		double score = score_of(runs[i], kind);
		if (isfinite(score))
			s->scores[s->scored++] = score;
		/* only a run that looked, and would have stopped, tells that it was not solved */
		if (isnan(o->solved_step) ||
		    (isinf(o->solved_step) && (!run->stop_looks || !run->eval_interval)))
			continue;
		steps[s->asked++] = o->solved_step;
		if (isinf(o->solved_step) && o->last_step < s->known_until)
			s->known_until = o->last_step;
	}
	if (!rc)
		s->steps = statistics_censored(steps, s->asked, s->known_until);
	if (!rc && s->scored) {
		score_set set = {1, &s->scored, s->scores};
		rc = statistics_of(&set, 0, &plan, s->figures, e);
		s->has_figures = !rc;
	}
	free(steps);
	return rc;
}

void summary_finish(summary *s)
{
	free(s->scores);
	memset(s, 0, sizeof *s);
}

/* ---- words ------------------------------------------------------------------------------------------------------- */

char *estimate_text(const estimate *x, char *out, size_t size)
{
	if (isnan(x->value))
		snprintf(out, size, "-");
	else if (isnan(x->low))
		snprintf(out, size, "%.5g", x->value);
	else
		snprintf(out, size, "%.5g (%.5g to %.5g)", x->value, x->low, x->high);
	return out;
}

/* A number of steps: "7,000", or "never" among these runs, or "?" */
static char *steps_text(double steps, char out[32])
{
	if (isnan(steps))
		snprintf(out, 32, "?");
	else if (isinf(steps))
		snprintf(out, 32, "more");
	else
		progress_count((uint64_t)(steps + 0.5), out);
	return out;
}

char *solved_text(const summary *s, char *out, size_t size)
{
	char median[32], low[32], high[32], until[32];
	const censored *c = &s->steps;
	steps_text(s->known_until, until);
	if (s->asked == 0)
		snprintf(out, size,
			 "unknown: no run that is over was to stop when solved (stop_looks)");
	else if (isinf(c->median))
		snprintf(out, size, "no median: %zu of %zu were not solved within %s steps",
			 c->count - c->reached, c->count, until);
	else if (isnan(c->median))
		snprintf(out, size,
			 "no median: a run ended unsolved at step %s, before half were solved",
			 until);
	else if (isnan(c->low) && isnan(c->high))
		snprintf(out, size, "median %s", steps_text(c->median, median));
	else
		snprintf(out, size, "median %s (%s to %s)", steps_text(c->median, median),
			 steps_text(c->low, low), steps_text(c->high, high));
	return out;
}

/* ---- a group ----------------------------------------------------------------------------------------------------- */

/* The runs of a list as an array of pointers, owned by the caller: free. */
static const run_record **pointers(const run_list *list, bern_error *e)
{
	const run_record **runs = malloc((list->count + 1) * sizeof *runs);
	if (!runs)
		bern_fail(e, BERN_EMEMORY, "memory is out: %zu runs", list->count);
	for (size_t i = 0; runs && i < list->count; i++)
		runs[i] = &list->runs[i];
	return runs;
}

static void print_runs(const run_list *list)
{
	printf("%-20s %12s %12s %10s  %s\n", "seed", "steps", "solved_at", "return", "");
	for (size_t i = 0; i < list->count; i++) {
		const run_record *run = &list->runs[i];
		const run_outcome *o = &run->outcome;
		char steps[32], solved[32] = "-", score[32] = "-";
		steps_text(o->last_step, steps);
		if (isfinite(o->solved_step))
			steps_text(o->solved_step, solved);
		if (isfinite(o->mean))
			snprintf(score, sizeof score, "%.6g", o->mean);
		printf("%-20" PRIu64 " %12s %12s %10s  %s%s%s\n", run->config.run.seed, steps,
		       solved, score, run_status_name(run->status), run->failure[0] ? ": " : "",
		       run->failure);
	}
}

int32_t summary_print(const run_list *list, const char *group, size_t wanted,
		      const output_style *style, bern_error *e)
{
	summary s;
	char iqm[96], mean[96], median[96], solved[160];
	const run_record **runs = pointers(list, e);
	int32_t rc = runs ? summary_make(&s, runs, list->count, SCORE_RETURN, e) : e->code;
	free(runs);
	if (rc)
		return rc;
	print_runs(list);
	for (size_t i = 0; i < list->note_count; i++)
		fprintf(stderr, "bern: %s\n", list->notes[i]);
	print_line("group", "%s", group);
	print_line("runs", "%zu of %zu with an evaluation at the end", s.scored, wanted);
	if (!s.has_figures)
		print_line("return", "unknown: there was no evaluation at the end");
	else
		print_line("return", "IQM %s; mean %s; median %s%s",
			   estimate_text(&s.figures[STATISTIC_IQM], iqm, sizeof iqm),
			   estimate_text(&s.figures[STATISTIC_MEAN], mean, sizeof mean),
			   estimate_text(&s.figures[STATISTIC_MEDIAN], median, sizeof median),
			   s.scored < 2 ? "; no interval of a single run" : "");
	if (s.scored > 1)
		print_line("intervals",
			   "95%%, stratified bootstrap over %zu runs, %d resamples, seed %d%s",
			   s.scored, BOOTSTRAP_RESAMPLES, BOOTSTRAP_SEED,
			   s.scored < 5 ? "; too narrow, as always with so few runs" : "");
	if (s.asked)
		print_line("solved", "%zu of %zu", s.steps.reached, s.asked);
	print_line("steps_to_solve", "%s", solved_text(&s, solved, sizeof solved));
	print_line("next", "%s resume %s --total-timesteps N", style->program, group);
	summary_finish(&s);
	return 0;
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

json_t *json_estimate(const estimate *x)
{
	return json_pack("{s:o, s:o, s:o}", "value", json_number(x->value), "low",
			 json_number(x->low), "high", json_number(x->high));
}

json_t *json_summary(const summary *s)
{
	json_t *root = json_object(), *scores = json_array();
	for (size_t i = 0; i < s->scored; i++)
		json_array_append_new(scores, json_real(s->scores[i]));
	json_object_set_new(root, "runs", json_integer((json_int_t)s->runs));
	json_object_set_new(root, "scores", scores);
	static const struct {
		const char *key;
		int32_t statistic;
	} parts[] = {
		{"iqm", STATISTIC_IQM}, {"mean", STATISTIC_MEAN}, {"median", STATISTIC_MEDIAN}};
	for (size_t i = 0; i < 3; i++)
		json_object_set_new(root, parts[i].key,
				    s->has_figures ? json_estimate(&s->figures[parts[i].statistic])
						   : json_null());
	json_object_set_new(root, "asked_to_solve", json_integer((json_int_t)s->asked));
	json_object_set_new(root, "solved", json_integer((json_int_t)s->steps.reached));
	/* null: more than half were not solved, or it is not known */
	const estimate steps = {s->steps.median, s->steps.low, s->steps.high};
	json_object_set_new(root, "steps_to_solve", json_estimate(&steps));
	return root;
}

int32_t summary_print_json(const run_list *list, const char *group, size_t wanted, size_t failed,
			   bern_error *e)
{
	summary s;
	const run_record **runs = pointers(list, e);
	int32_t rc = runs ? summary_make(&s, runs, list->count, SCORE_RETURN, e) : e->code;
	free(runs);
	if (rc)
		return rc;
	json_t *root = json_summary(&s), *members = json_array();
	for (size_t i = 0; i < list->count; i++) {
		const run_record *run = &list->runs[i];
		char seed[32];
		snprintf(seed, sizeof seed, "%" PRIu64, run->config.run.seed);
		json_array_append_new(
			members, json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}", "run", run->path,
					   "seed", seed, "status", run_status_name(run->status),
					   "steps", json_number(run->outcome.last_step), "return",
					   json_number(run->outcome.mean), "solved_step",
					   json_number(run->outcome.solved_step)));
	}
	json_object_set_new(root, "group", json_string(group));
	json_object_set_new(root, "wanted", json_integer((json_int_t)wanted));
	json_object_set_new(root, "failed", json_integer((json_int_t)failed));
	json_object_set_new(
		root, "bootstrap",
		json_pack("{s:i, s:i}", "seed", BOOTSTRAP_SEED, "resamples", BOOTSTRAP_RESAMPLES));
	json_object_set_new(root, "members", members);
	json_dumpf(root, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15));
	putchar('\n');
	json_decref(root);
	summary_finish(&s);
	return 0;
}
