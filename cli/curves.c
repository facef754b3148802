#include "curves.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One run's column, without the rows that have no number in it. */
typedef struct course {
	double *x, *y; /* (rows) owned by the memory of `courses` */
	size_t rows;
	double at[CURVE_POINTS]; /* on the grid; NaN: none */
} course;

typedef struct courses {
	course *all; /* (count) owned: those of the first side, then the second, ... */
	size_t count;
	double end, window; /* of x */
} courses;

static void courses_finish(courses *c)
{
	for (size_t i = 0; c->all && i < c->count; i++) {
		free(c->all[i].x);
		free(c->all[i].y);
	}
	free(c->all);
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static const char *file_of(const char *y, const char **column)
{
	int eval = !strncmp(y, "eval.", 5);
	*column = eval ? y + 5 : y;
	return eval ? "eval.csv" : "progress.csv";
}

static int32_t no_column(const run_record *run, const char *file, const char *column, bern_error *e)
{
	csv_table all;
	char names[600];
	int32_t rc = run_table_read(run, file, NULL, 0, &all, e);
	if (!rc)
		rc = bern_fail(e, BERN_EUSAGE, "%.200s/%s has no column '%.60s'; it has %s",
			       run->path, file, column, csv_names(&all, names, sizeof names));
	csv_finish(&all);
	return rc;
}

static int32_t take_rows(course *c, const run_record *run, const char *file, const double *x,
			 const double *y, size_t rows, bern_error *e)
{
	c->x = malloc((rows + 1) * sizeof *c->x);
	c->y = malloc((rows + 1) * sizeof *c->y);
	if (!c->x || !c->y)
		return bern_fail(e, BERN_EMEMORY, "memory is out");
	for (size_t i = 0; i < rows; i++) {
		if (!isfinite(x[i]) || !isfinite(y[i]))
			continue;
		if (c->rows && x[i] < c->x[c->rows - 1])
			return bern_fail(e, BERN_EFORMAT,
					 "%.200s/%s: row %zu goes back from %g to %g", run->path,
					 file, i + 1, c->x[c->rows - 1], x[i]);
		c->x[c->rows] = x[i];
		c->y[c->rows++] = y[i];
	}
	return 0;
}

/* 0 with no rows where there is nothing to draw. `fatal`: what is wrong is wrong with the question, not with this run. */
static int32_t read_course(course *c, const run_record *run, const curves_plan *plan, int *fatal,
			   bern_error *e)
{
	const char *column, *file = file_of(plan->y, &column);
	const char *time = !strcmp(plan->x, "seconds") ? "time_seconds" : "step";
	const char *const wanted[] = {time, column};
	csv_table table;
	int32_t rc = run_table_read(run, file, wanted, 2, &table, e);
	const double *x = rc ? NULL : csv_column(&table, time);
	const double *y = rc ? NULL : csv_column(&table, column);
	*fatal = 0;
	if (!rc && (!x || !y)) {
		*fatal = 1;
		rc = no_column(run, file, x ? column : time, e);
	}
	if (!rc)
		rc = take_rows(c, run, file, x, y, table.rows, e);
	csv_finish(&table);
	return rc;
}

static int32_t read_all(courses *c, const sides *s, const curves_plan *plan, curves_note *note,
			void *user, bern_error *e)
{
	bern_error why;
	char text[sizeof why.text + RUN_PATH_ROOM];
	size_t i = 0;
	int32_t rc = 0;
	for (size_t k = 0; k < s->count; k++)
		c->count += s->sides[k].count;
	c->all = calloc(c->count + 1, sizeof *c->all);
	if (!c->all)
		return bern_fail(e, BERN_EMEMORY, "memory is out");
	for (size_t k = 0; !rc && k < s->count; k++)
		for (size_t r = 0; !rc && r < s->sides[k].count; r++, i++) {
			const run_record *run = s->sides[k].runs[r];
			course *one = &c->all[i];
			int fatal;
			int32_t failed = read_course(one, run, plan, &fatal, &why);
			if (failed && (fatal || failed == BERN_EMEMORY)) {
				*e = why;
				rc = failed;
			} else if (failed || one->rows == 0) {
				one->rows = 0;
				if (failed)
					snprintf(text, sizeof text, "left out: %s", why.text);
				else
					snprintf(text, sizeof text,
						 "%s is left out: its %s holds no number yet",
						 run->path, plan->y);
				note(user, text);
			}
			if (one->rows && one->x[one->rows - 1] > c->end)
				c->end = one->x[one->rows - 1];
		}
	if (!rc && !(c->end > 0))
		rc = bern_fail(e, BERN_EFORMAT,
			       "there is nothing to draw: no run has a number in %s", plan->y);
	return rc;
}

/* ---- the grid ---------------------------------------------------------------------------------------------------- */

static double grid_x(const courses *c, size_t i)
{
	return c->end * (double)(i + 1) / CURVE_POINTS;
}

static void take_grid(course *one, const courses *c, int hold)
{
	size_t first = 0, next = 0; /* rows of the window: first .. next - 1 */
	double slack = 1e-9 * c->end;
	for (size_t i = 0; i < CURVE_POINTS; i++) {
		double x = grid_x(c, i), sum = 0;
		one->at[i] = NAN;
		if (one->rows == 0 || one->x[0] > x + slack)
			continue;
		if (one->x[one->rows - 1] < x - slack) {
			/* the last point that it has, where there is one */
			if (hold)
				one->at[i] = i && !isnan(one->at[i - 1]) ? one->at[i - 1]
									 : one->y[one->rows - 1];
			continue;
		}
		while (next < one->rows && one->x[next] <= x + slack)
			next++;
		while (first < next && one->x[first] <= x - c->window + slack)
			first++;
		for (size_t r = first; r < next; r++)
			sum += one->y[r];
		if (next > first) {
			one->at[i] = sum / (double)(next - first);
		} else {
			/* next is at least 1: the first row lies before x; and below rows: the last does not */
			double x0 = one->x[next - 1], x1 = one->x[next];
			double share = x1 > x0 ? (x - x0) / (x1 - x0) : 1;
			one->at[i] = one->y[next - 1] + share * (one->y[next] - one->y[next - 1]);
		}
	}
}

/* ---- sides ------------------------------------------------------------------------------------------------------- */

static int all_have(const course *runs, size_t count, size_t i)
{
	size_t with = 0, having = 0;
	for (size_t r = 0; r < count; r++) {
		with += runs[r].rows > 0;
		having += runs[r].rows > 0 && !isnan(runs[r].at[i]);
	}
	return with > 0 && with == having;
}

/* Points first .. end - 1 of one run as a thin line. */
static int32_t add_thin(chart_series *s, const courses *c, const course *run, size_t first,
			size_t end, bern_error *e)
{
	while (first < end && isnan(run->at[first]))
		first++;
	while (end > first && isnan(run->at[end - 1]))
		end--;
	if (end < first + 2)
		return 0;
	chart_line *line = &s->thin[s->thin_count];
	int32_t rc = chart_line_init(line, end - first, e);
	s->thin_count++;
	for (size_t i = first; !rc && i < end; i++) {
		line->x[i - first] = grid_x(c, i);
		line->y[i - first] = run->at[i];
	}
	return rc;
}

static int32_t take_side(chart_series *s, const courses *c, const course *runs, size_t count,
			 const curves_plan *plan, bern_error *e)
{
	const bootstrap draws = {BOOTSTRAP_SEED, CURVE_RESAMPLES};
	estimate figures[STATISTICS];
	size_t first = 0, end, n = 0;
	double *scores = calloc(count + 1, sizeof *scores);
	s->thin = calloc(2 * count + 1, sizeof *s->thin);
	int32_t rc = scores && s->thin ? 0 : bern_fail(e, BERN_EMEMORY, "memory is out");
	while (first < CURVE_POINTS && !all_have(runs, count, first))
		first++;
	for (end = first; end < CURVE_POINTS && all_have(runs, count, end);)
		end++;
	for (size_t r = 0; r < count; r++)
		n += runs[r].rows > 0;
	if (!rc)
		rc = chart_line_init(&s->line, end - first, e);
	if (!rc && n > 1 && end > first) {
		s->low = calloc(end - first, sizeof *s->low);
		s->high = calloc(end - first, sizeof *s->high);
		if (!s->low || !s->high)
			rc = bern_fail(e, BERN_EMEMORY, "memory is out");
	}
	for (size_t i = first; !rc && i < end; i++) {
		size_t k = 0;
		for (size_t r = 0; r < count; r++)
			if (runs[r].rows)
				scores[k++] = runs[r].at[i];
		const score_set set = {1, &n, scores};
		rc = statistics_of(&set, 1, &draws, figures, e);
		s->line.x[i - first] = grid_x(c, i);
		s->line.y[i - first] = figures[plan->statistic].value;
		if (s->low) {
			s->low[i - first] = figures[plan->statistic].low;
			s->high[i - first] = figures[plan->statistic].high;
		}
	}
	/* joined to the line where it ends */
	for (size_t r = 0; !rc && r < count; r++) {
		if (first > 0 && runs[r].rows)
			rc = add_thin(s, c, &runs[r], 0, first < CURVE_POINTS ? first + 1 : first,
				      e);
		if (!rc && first < CURVE_POINTS && end < CURVE_POINTS && runs[r].rows &&
		    !isnan(runs[r].at[end]))
			rc = add_thin(s, c, &runs[r], end - 1, CURVE_POINTS, e);
	}
	snprintf(s->detail, sizeof s->detail, "%zu run%s%s", n, n == 1 ? "" : "s",
		 n == 1 ? ", no band" : "");
	free(scores);
	return rc;
}

static void write_captions(chart *c, const courses *all, const curves_plan *plan)
{
	static const char *const names[] = {"IQM", "mean", "median"};
	char number[32];
	size_t bands = 0, thin = 0;
	for (size_t i = 0; i < c->count; i++) {
		bands += c->series[i].low != NULL;
		thin += c->series[i].thin_count;
	}
	snprintf(c->caption[0], sizeof c->caption[0],
		 bands ? "line: %s over the runs; band: 95%% interval by stratified bootstrap, %d "
			 "resamples, seed %d"
		       : "line: a single run of each side; no band",
		 names[plan->statistic], CURVE_RESAMPLES, BOOTSTRAP_SEED);
	snprintf(c->caption[1], sizeof c->caption[1],
		 "smoothed: mean of the rows of the last %s %s%s%s",
		 chart_number(all->window, number, sizeof number),
		 !strcmp(plan->x, "seconds") ? "seconds" : "steps",
		 thin ? "; thin: single runs, where not all of a side have values" : "",
		 plan->hold ? "; a run that has ended keeps its last value" : "");
}

int32_t curves_make(chart *c, const sides *s, const curves_plan *plan, curves_note *note,
		    void *user, bern_error *e)
{
	courses all = {0};
	if (s->count > CHART_SERIES)
		return bern_fail(e, BERN_EUSAGE,
				 "%zu sides are too many for one picture: at most %d can be told "
				 "apart",
				 s->count, CHART_SERIES);
	int32_t rc = read_all(&all, s, plan, note, user, e);
	all.window = fmax(plan->smooth, all.end / CURVE_POINTS);
	for (size_t i = 0; !rc && i < all.count; i++)
		take_grid(&all.all[i], &all, plan->hold);
	for (size_t k = 0, at = 0; !rc && k < s->count; at += s->sides[k++].count) {
		size_t with = 0;
		for (size_t r = 0; r < s->sides[k].count; r++)
			with += all.all[at + r].rows > 0;
		if (with == 0)
			continue;
		chart_series *series = &c->series[c->count++];
		snprintf(series->name, sizeof series->name, "%s", s->sides[k].name);
		rc = take_side(series, &all, all.all + at, s->sides[k].count, plan, e);
	}
	if (!rc) {
		snprintf(c->x_label, sizeof c->x_label, "%s",
			 !strcmp(plan->x, "seconds") ? "seconds of training" : "environment steps");
		snprintf(c->y_label, sizeof c->y_label, "%s", plan->y);
		write_captions(c, &all, plan);
	}
	courses_finish(&all);
	return rc;
}
