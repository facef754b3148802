#include "statistics.h"

#include <bern/rng.h>
#include <bern/seed.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- pooled scores --------------------------------------------------------------------------------------------- */

/* All scores sorted once. A resample is then a count for each rank, so that no resample is sorted. */
typedef struct pool {
	size_t count, tasks;
	const size_t *runs; /* (tasks) borrowed */
	double *value;      /* (count) ascending */
	size_t *task;       /* (count) of each value */
	size_t *rank;       /* (count) of each score in the caller's order */
	size_t *drawn;      /* (count) how often each rank is in the resample */
	double *mean;       /* (tasks) of the resample */
	void *memory;       /* owned: all of the above */
} pool;

typedef struct ranked {
	double value;
	size_t index;
} ranked;

static int by_value(const void *a, const void *b)
{
	const ranked *x = a, *y = b;
	if (x->value != y->value)
		return x->value < y->value ? -1 : 1;
	return (x->index > y->index) - (x->index < y->index);
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static int32_t pool_init(pool *p, const score_set *set, bern_error *e)
{
	*p = (pool){.tasks = set->tasks, .runs = set->runs};
	for (size_t t = 0; t < set->tasks; t++) {
		if (set->runs[t] == 0)
			return bern_fail(e, BERN_EUSAGE, "there are no scores of task %zu", t);
		p->count += set->runs[t];
	}
	if (p->count == 0)
		return bern_fail(e, BERN_EUSAGE, "there are no scores");
	for (size_t i = 0; i < p->count; i++)
		if (!isfinite(set->scores[i]))
			return bern_fail(e, BERN_ENUMBER, "score %zu is %g", i, set->scores[i]);
	size_t size = p->count * (sizeof(double) + 3 * sizeof(size_t)) + p->tasks * sizeof(double);
	ranked *sorted = malloc(p->count * sizeof *sorted);
	p->memory = malloc(size);
	if (!sorted || !p->memory) {
		free(sorted);
		free(p->memory);
		*p = (pool){0};
		return bern_fail(e, BERN_EMEMORY, "memory is out: %zu scores", set->runs[0]);
	}
	p->value = p->memory;
	p->mean = p->value + p->count;
	p->task = (size_t *)(p->mean + p->tasks);
	p->rank = p->task + p->count;
	p->drawn = p->rank + p->count;
	for (size_t i = 0; i < p->count; i++)
		sorted[i] = (ranked){set->scores[i], i};
	qsort(sorted, p->count, sizeof *sorted, by_value);
	for (size_t r = 0; r < p->count; r++) {
		p->value[r] = sorted[r].value;
		p->rank[sorted[r].index] = r;
	}
	for (size_t t = 0, i = 0; t < p->tasks; t++)
		for (size_t k = 0; k < p->runs[t]; k++, i++)
			p->task[p->rank[i]] = t;
	free(sorted);
	return 0;
}

static void pool_finish(pool *p)
{
	free(p->memory);
}

/* The sample itself. */
static void take_all(pool *p)
{
	for (size_t r = 0; r < p->count; r++)
		p->drawn[r] = 1;
}

/* As many runs of each task as it has, drawn with replacement. */
static void draw(pool *p, bern_rng *rng)
{
	memset(p->drawn, 0, p->count * sizeof *p->drawn);
	const size_t *rank = p->rank;
	for (size_t t = 0; t < p->tasks; t++) {
		size_t n = p->runs[t];
		for (size_t k = 0; k < n; k++)
			p->drawn[rank[bern_rng_below(rng, n)]]++;
		rank += n;
	}
}

/* Whether each task has runs enough for an interval. */
static int has_interval(const score_set *set, const bootstrap *plan)
{
	for (size_t t = 0; t < set->tasks; t++)
		if (set->runs[t] < 2)
			return 0;
	return plan->resamples > 0;
}

/* The number at a share of the sorted ones, between neighbours in proportion. Hyndman and Fan 1996, type 7, as numpy. */
static double quantile(const double *sorted, size_t count, double share)
{
	double at = share * (double)(count - 1);
	size_t i = (size_t)at;
	if (i + 1 >= count)
		return sorted[count - 1];
	return sorted[i] + (at - (double)i) * (sorted[i + 1] - sorted[i]);
}

/* Sorts the resamples of one estimate and takes its interval. */
static void take_interval(double *resampled, size_t count, estimate *out)
{
	qsort(resampled, count, sizeof *resampled, ascending);
	out->low = quantile(resampled, count, 0.025);
	out->high = quantile(resampled, count, 0.975);
}

/* ---- aggregates ------------------------------------------------------------------------------------------------- */

/* The resample's element number k of the sorted ones, and the next. */
static double element(const pool *p, size_t k, double *next)
{
	size_t r = 0, below = 0;
	while (below + p->drawn[r] <= k)
		below += p->drawn[r++];
	double value = p->value[r];
	if (below + p->drawn[r] <= k + 1)
		do
			r++;
		while (r + 1 < p->count && p->drawn[r] == 0);
	*next = r < p->count ? p->value[r] : value;
	return value;
}

static double middle(const pool *p)
{
	double next, at = element(p, (p->count - 1) / 2, &next);
	return p->count % 2 ? at : 0.5 * (at + next);
}

/* Mean of the resample without the lowest and highest int(n / 4). */
static double inner_mean(const pool *p)
{
	size_t from = p->count / 4, to = p->count - from, at = 0;
	double sum = 0;
	for (size_t r = 0; r < p->count && at < to; r++) {
		size_t end = at + p->drawn[r];
		size_t a = at < from ? from : at, b = end > to ? to : end;
		if (b > a)
			sum += (double)(b - a) * p->value[r];
		at = end;
	}
	return sum / (double)(to - from);
}

static void aggregate(pool *p, double optimum, double out[STATISTICS])
{
	double gap = 0, mean = 0;
	for (size_t t = 0; t < p->tasks; t++)
		p->mean[t] = 0;
	for (size_t r = 0; r < p->count; r++) {
		double times = (double)p->drawn[r], value = p->value[r];
		p->mean[p->task[r]] += times * value;
		gap += times * (value < optimum ? value : optimum);
	}
	for (size_t t = 0; t < p->tasks; t++) {
		p->mean[t] /= (double)p->runs[t];
		mean += p->mean[t];
	}
	qsort(p->mean, p->tasks, sizeof *p->mean, ascending);
	out[STATISTIC_IQM] = inner_mean(p);
	out[STATISTIC_MEAN] = mean / (double)p->tasks;
	out[STATISTIC_MEDIAN] = middle(p);
	out[STATISTIC_TASK_MEDIAN] = 0.5 * (p->mean[(p->tasks - 1) / 2] + p->mean[p->tasks / 2]);
	out[STATISTIC_GAP] = optimum - gap / (double)p->count;
}

int32_t statistics_of(const score_set *set, double optimum, const bootstrap *plan,
		      estimate out[STATISTICS], bern_error *e)
{
	pool p;
	bern_rng rng;
	double now[STATISTICS], *resampled = NULL;
	size_t n = plan->resamples;
	int32_t rc = pool_init(&p, set, e);
	if (rc)
		return rc;
	take_all(&p);
	aggregate(&p, optimum, now);
	for (size_t s = 0; s < STATISTICS; s++)
		out[s] = (estimate){now[s], NAN, NAN};
	if (has_interval(set, plan)) {
		resampled = malloc(STATISTICS * n * sizeof *resampled);
		if (!resampled)
			rc = bern_fail(e, BERN_EMEMORY, "memory is out: %zu resamples", n);
		bern_rng_seed(&rng, plan->seed);
		for (size_t i = 0; !rc && i < n; i++) {
			draw(&p, &rng);
			aggregate(&p, optimum, now);
			for (size_t s = 0; s < STATISTICS; s++)
				resampled[s * n + i] = now[s];
		}
		for (size_t s = 0; !rc && s < STATISTICS; s++)
			take_interval(resampled + s * n, n, &out[s]);
	}
	free(resampled);
	pool_finish(&p);
	return rc;
}

/* ---- performance profile ---------------------------------------------------------------------------------------- */

/* above[i] = share of the resample whose rank is at least first[i] */
static void shares(const pool *p, const size_t *first, size_t count, double *above, size_t stride)
{
	size_t r = p->count, sum = 0;
	for (size_t i = count; i-- > 0;) {
		while (r > first[i])
			sum += p->drawn[--r];
		above[i * stride] = (double)sum / (double)p->count;
	}
}

int32_t statistics_profile(const score_set *set, const double *thresholds, size_t count,
			   const bootstrap *plan, estimate *out, bern_error *e)
{
	pool p;
	bern_rng rng;
	size_t n = plan->resamples;
	int32_t rc = pool_init(&p, set, e);
	if (rc)
		return rc;
	int interval = has_interval(set, plan);
	size_t *first = malloc((count + 1) * sizeof *first);
	double *above = malloc((count + 1) * sizeof *above);
	double *resampled = interval ? malloc((count + 1) * n * sizeof *resampled) : NULL;
	if (!first || !above || (interval && !resampled))
		rc = bern_fail(e, BERN_EMEMORY, "memory is out: a profile of %zu points", count);
	for (size_t i = 0, r = 0; !rc && i < count; i++) {
		while (r < p.count && p.value[r] <= thresholds[i])
			r++;
		first[i] = r;
	}
	if (!rc) {
		take_all(&p);
		shares(&p, first, count, above, 1);
		for (size_t i = 0; i < count; i++)
			out[i] = (estimate){above[i], NAN, NAN};
	}
	bern_rng_seed(&rng, plan->seed);
	for (size_t i = 0; !rc && interval && i < n; i++) {
		draw(&p, &rng);
		shares(&p, first, count, resampled + i, n);
	}
	for (size_t i = 0; !rc && interval && i < count; i++)
		take_interval(resampled + i * n, n, &out[i]);
	free(resampled);
	free(above);
	free(first);
	pool_finish(&p);
	return rc;
}

/* ---- probability of improvement --------------------------------------------------------------------------------- */

/* One task: the distinct scores of x and y together, numbered upwards. */
typedef struct duel {
	size_t nx, ny, levels;
	size_t *level_x, *level_y; /* (nx), (ny) */
	size_t *count_x, *count_y; /* (levels) of the resample */
} duel;

static void duel_level(duel *d, const double *x, const double *y, double *values)
{
	size_t n = d->nx + d->ny;
	memcpy(values, x, d->nx * sizeof *x);
	memcpy(values + d->nx, y, d->ny * sizeof *y);
	qsort(values, n, sizeof *values, ascending);
	d->levels = 0;
	for (size_t i = 0; i < n; i++)
		if (i == 0 || values[i] != values[d->levels - 1])
			values[d->levels++] = values[i];
	for (size_t i = 0; i < n; i++) {
		double score = i < d->nx ? x[i] : y[i - d->nx];
		const double *at = bsearch(&score, values, d->levels, sizeof *values, ascending);
		*(i < d->nx ? &d->level_x[i] : &d->level_y[i - d->nx]) = (size_t)(at - values);
	}
}

/* U / (nx ny): pairs that x wins, half of those that tie. */
static double won(const duel *d)
{
	double twice = 0, below = 0;
	for (size_t k = 0; k < d->levels; k++) {
		twice += (double)d->count_x[k] * (2 * below + (double)d->count_y[k]);
		below += (double)d->count_y[k];
	}
	return 0.5 * twice / ((double)d->nx * (double)d->ny);
}

static void duel_draw(duel *d, bern_rng *rng)
{
	memset(d->count_x, 0, d->levels * sizeof *d->count_x);
	memset(d->count_y, 0, d->levels * sizeof *d->count_y);
	for (size_t i = 0; i < d->nx; i++)
		d->count_x[d->level_x[rng ? bern_rng_below(rng, d->nx) : i]]++;
	for (size_t i = 0; i < d->ny; i++)
		d->count_y[d->level_y[rng ? bern_rng_below(rng, d->ny) : i]]++;
}

int32_t statistics_improvement(const score_set *x, const score_set *y, const bootstrap *plan,
			       estimate *out, bern_error *e)
{
	size_t n = plan->resamples, most = 0;
	int interval = has_interval(x, plan) && has_interval(y, plan);
	bern_rng rng;
	if (x->tasks != y->tasks || x->tasks == 0)
		return bern_fail(e, BERN_EUSAGE, "%zu tasks cannot be compared with %zu", x->tasks,
				 y->tasks);
	for (size_t t = 0; t < x->tasks; t++) {
		if (x->runs[t] == 0 || y->runs[t] == 0)
			return bern_fail(e, BERN_EUSAGE, "there are no scores of task %zu", t);
		most = x->runs[t] + y->runs[t] > most ? x->runs[t] + y->runs[t] : most;
	}
	double *values = malloc(most * sizeof *values);
	size_t *memory = malloc(3 * most * sizeof *memory);
	double *resampled = calloc(n + 1, sizeof *resampled);
	int32_t rc = values && memory && resampled
			     ? 0
			     : bern_fail(e, BERN_EMEMORY, "memory is out: %zu resamples", n);
	*out = (estimate){0, NAN, NAN};
	bern_rng_seed(&rng, plan->seed);
	const double *xs = x->scores, *ys = y->scores;
	for (size_t t = 0; !rc && t < x->tasks; t++) {
		duel d = {.nx = x->runs[t], .ny = y->runs[t]};
		for (size_t i = 0; !rc && i < d.nx + d.ny; i++)
			if (!isfinite(i < d.nx ? xs[i] : ys[i - d.nx]))
				rc = bern_fail(e, BERN_ENUMBER, "a score is not finite");
		if (rc)
			break;
		d.level_x = memory;
		d.level_y = memory + d.nx;
		d.count_x = memory + most;
		d.count_y = memory + 2 * most;
		duel_level(&d, xs, ys, values);
		duel_draw(&d, NULL);
		out->value += won(&d) / (double)x->tasks;
		for (size_t i = 0; interval && i < n; i++) {
			duel_draw(&d, &rng);
			resampled[i] += won(&d) / (double)x->tasks;
		}
		xs += d.nx;
		ys += d.ny;
	}
	if (!rc && interval)
		take_interval(resampled, n, out);
	free(resampled);
	free(memory);
	free(values);
	return rc;
}

/* ---- steps to solve --------------------------------------------------------------------------------------------- */

/* The largest rank r >= 1 with P(Binomial(n, 1/2) < r) <= 2.5%: the true median lies between the r-th smallest and the r-th largest
 * number with at least 95%. 0: none. */
static size_t median_rank(size_t n)
{
	double chance = pow(0.5, (double)n), below = 0.0;
	size_t r = 0;
	while (below + chance <= 0.025) {
		below += chance;
		chance *= (double)(n - r) / (double)(r + 1);
		r++;
	}
	return r;
}

censored statistics_censored(double *numbers, size_t count, double known_until)
{
	censored f = {.count = count, .median = NAN, .low = NAN, .high = NAN};
	size_t rank = median_rank(count);
	if (count == 0)
		return f;
	qsort(numbers, count, sizeof *numbers, ascending);
	for (size_t i = 0; i < count; i++)
		f.reached += !isinf(numbers[i]);
	double a = numbers[(count - 1) / 2], b = numbers[count / 2];
	f.median = isinf(b) ? b : 0.5 * (a + b);
	if (rank > 0) {
		f.low = numbers[rank - 1];
		f.high = numbers[count - rank];
	}
	/* a run that ended earlier might have come before any of these */
	double *parts[] = {&f.median, &f.low, &f.high};
	for (size_t i = 0; f.reached < count && i < 3; i++)
		if (isfinite(*parts[i]) && *parts[i] > known_until)
			*parts[i] = NAN;
	return f;
}
