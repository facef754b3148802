#include "contest.h"

#include <bern/rng.h>
#include <bern/seed.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define GRID_SEED 1000
#define RESAMPLES 10000

contest_entry *contest_add(contest *c, const char *name)
{
	contest_entry *more = realloc(c->entries, (c->count + 1) * sizeof *more);
	if (!more)
		return NULL;
	c->entries = more;
	more[c->count] = (contest_entry){.name = name};
	return &more[c->count++];
}

void contest_finish(contest *c)
{
	for (size_t i = 0; i < c->count; i++)
		free(c->entries[i].results);
	free(c->entries);
	c->entries = NULL;
	c->count = 0;
}

/* ---- many trainings over threads ------------------------------------------------------------------------------ */

typedef struct job {
	const contest_entry *entry;
	size_t point; /* of the grid */
	uint64_t seed;
	experiment_result result;
} job;

typedef struct pool {
	pthread_mutex_t lock;
	const contest *contest;
	job *jobs;
	size_t count, next, done;
	size_t before, all; /* of the whole contest, for progress */
	int32_t failed;
	bern_error error;
} pool;

/* Points of an entry's grid; 1: there is nothing to choose. */
static size_t points_of(const contest_entry *entry)
{
	size_t count = 1;
	for (size_t a = 0; a < entry->axis_count; a++)
		count *= entry->axes[a].count;
	return count;
}

/* Numbers of each axis's value at a point: the first axis runs fastest. */
static void locate(const contest_entry *entry, size_t point, size_t *at)
{
	for (size_t a = 0; a < entry->axis_count; a++) {
		at[a] = point % entry->axes[a].count;
		point /= entry->axes[a].count;
	}
}

static int32_t run_job(job *j, bern_error *e)
{
	experiment x = j->entry->experiment;
	size_t at[CONTEST_GRID];
	locate(j->entry, j->point, at);
	for (size_t a = 0; a < j->entry->axis_count; a++)
		experiment_set(&x, j->entry->axes[a].key, j->entry->axes[a].values[at[a]]);
	int32_t rc = experiment_run(&x, j->seed, &j->result, e);
	if (!rc)
		return 0;
	return bern_because(e, "%s, seed %llu", j->entry->name, (unsigned long long)j->seed);
}

static void *work(void *user)
{
	pool *p = user;
	pthread_mutex_lock(&p->lock);
	while (!p->failed && p->next < p->count) {
		job *j = &p->jobs[p->next++];
		bern_error e;
		pthread_mutex_unlock(&p->lock);
		int32_t rc = run_job(j, &e);
		pthread_mutex_lock(&p->lock);
		p->done++;
		if (rc && !p->failed) {
			p->failed = rc;
			p->error = e;
		}
		if (p->contest->progress)
			p->contest->progress(p->contest->user, p->before + p->done, p->all);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

static int32_t run_jobs(pool *p, bern_error *e)
{
	pthread_t threads[64];
	size_t started = 0, wanted = p->contest->threads > 64 ? 64 : p->contest->threads;
	pthread_mutex_init(&p->lock, NULL);
	p->next = p->done = 0;
	/* this thread works too, so that one is always there */
	while (started + 1 < wanted && started + 1 < p->count &&
	       pthread_create(&threads[started], NULL, work, p) == 0)
		started++;
	work(p);
	while (started > 0)
		pthread_join(threads[--started], NULL);
	pthread_mutex_destroy(&p->lock);
	p->before += p->count;
	if (p->failed)
		*e = p->error;
	return p->failed;
}

/* ---- grids ---------------------------------------------------------------------------------------------------- */

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(double *x, size_t count)
{
	qsort(x, count, sizeof *x, ascending);
	if (count % 2)
		return x[count / 2];
	double a = x[count / 2 - 1], b = x[count / 2];
	return isinf(b) ? b : 0.5 * (a + b);
}

/* What is better is less. A seed that did not get there counts twice the steps it made, among those that never do by its return
 * (PAR2, Kerschke et al. 2019); so a setting that is fast in half the seeds and fails in the others is not chosen. */
static double badness(const contest *c, const contest_entry *entry, const experiment_result *r)
{
	uint64_t got = entry->experiment.has_level ? r->level : r->first;
	if (r->broke)
		return 1e12;
	if (c->measure == CONTEST_RETURN)
		return isnan(r->learning) ? 1e11 : -r->learning;
	if (got)
		return (double)got;
	/* less than a step apart for any return that counts */
	return 2.0 * (double)r->steps - (isnan(r->learning) ? 0.0 : 1e-9 * r->learning);
}

static size_t grid_jobs(const contest *c, const contest_entry *entry)
{
	size_t points = points_of(entry);
	return points > 1 ? points * c->grid_seeds : 0;
}

static int32_t choose(contest *c, pool *p, bern_error *e)
{
	size_t count = 0;
	for (size_t i = 0; i < c->count; i++)
		count += grid_jobs(c, &c->entries[i]);
	p->jobs = calloc(count ? count : 1, sizeof *p->jobs);
	int32_t rc = p->jobs ? 0 : bern_fail(e, BERN_EMEMORY, "no memory for a contest");
	p->count = 0;
	for (size_t i = 0; !rc && i < c->count; i++) {
		const contest_entry *entry = &c->entries[i];
		size_t points = points_of(entry);
		for (size_t g = 0; points > 1 && g < points; g++)
			for (size_t s = 1; s <= c->grid_seeds; s++)
				p->jobs[p->count++] = (job){
					.entry = entry, .point = g, .seed = GRID_SEED + s};
	}
	if (!rc && p->count)
		rc = run_jobs(p, e);
	const job *j = p->jobs;
	for (size_t i = 0; !rc && i < c->count; i++) {
		contest_entry *entry = &c->entries[i];
		double best = INFINITY;
		size_t points = points_of(entry);
		for (size_t g = 0; points > 1 && g < points; g++) {
			double total = 0.0;
			for (size_t s = 0; s < c->grid_seeds; s++)
				total += badness(c, entry, &j++->result);
			if (total < best) {
				best = entry->badness = total;
				locate(entry, g, entry->chosen);
			}
		}
	}
	free(p->jobs);
	return rc;
}

static size_t chosen_point(const contest_entry *entry)
{
	size_t point = 0;
	for (size_t a = entry->axis_count; a-- > 0;)
		point = point * entry->axes[a].count + entry->chosen[a];
	return point;
}

int32_t contest_run(contest *c, bern_error *e)
{
	pool p = {.contest = c};
	for (size_t i = 0; i < c->count; i++)
		p.all += c->seeds + grid_jobs(c, &c->entries[i]);
	int32_t rc = choose(c, &p, e);
	if (rc)
		return rc;
	p.count = 0;
	p.jobs = calloc(c->count * c->seeds + 1, sizeof *p.jobs);
	if (!p.jobs)
		return bern_fail(e, BERN_EMEMORY, "no memory for a contest");
	for (size_t i = 0; i < c->count; i++)
		for (size_t s = 1; s <= c->seeds; s++)
			p.jobs[p.count++] = (job){.entry = &c->entries[i],
						  .point = chosen_point(&c->entries[i]),
						  .seed = s};
	rc = run_jobs(&p, e);
	for (size_t i = 0; !rc && i < c->count; i++) {
		contest_entry *entry = &c->entries[i];
		entry->results = calloc(c->seeds + 1, sizeof *entry->results);
		if (!entry->results)
			rc = bern_fail(e, BERN_EMEMORY, "no memory for a contest");
		for (size_t s = 0; !rc && s < c->seeds; s++)
			entry->results[s] = p.jobs[i * c->seeds + s].result;
	}
	free(p.jobs);
	return rc;
}

/* ---- figures -------------------------------------------------------------------------------------------------- */

/* infinite: there is none */
static double number_of(const experiment_result *r, int32_t number)
{
	switch (number) {
	case CONTEST_FIRST:
		return r->first ? (double)r->first : (double)INFINITY;
	case CONTEST_LEVEL:
		return r->level ? (double)r->level : (double)INFINITY;
	case CONTEST_THIRD:
		return r->third ? (double)r->third : (double)INFINITY;
	case CONTEST_SECONDS_TO_FIRST:
		return r->first ? r->seconds * (double)r->first / (double)r->steps
				: (double)INFINITY;
	case CONTEST_LEARNING:
		return isnan(r->learning) ? -(double)INFINITY : r->learning;
	default:
		return isnan(r->mean) ? -(double)INFINITY : r->mean;
	}
}

contest_figure contest_figure_for(const contest *c, const contest_entry *entry, int32_t number)
{
	contest_figure f = {.median = NAN, .low = NAN, .high = NAN};
	double *x = calloc(c->seeds + 1, sizeof *x);
	if (!x)
		return f;
	for (size_t s = 0; s < c->seeds; s++)
		x[s] = number_of(&entry->results[s], number);
	f = statistics_censored(x, c->seeds, INFINITY);
	free(x);
	return f;
}

contest_ratio contest_ratio_of(const contest *c, const contest_entry *over,
			       const contest_entry *under, int32_t number, double zero)
{
	contest_ratio r = {NAN, NAN, NAN};
	size_t n = c->seeds;
	double *x = calloc(2 * n + RESAMPLES, sizeof *x), *y = x + n, *ratios = y + n;
	bern_rng rng;
	if (!x)
		return r;
	bern_rng_stream(&rng, 1, (bern_stream_key){.purpose = BERN_FOR_LEARNING});
	for (size_t i = 0; i <= RESAMPLES; i++) { /* the first is the sample itself */
		for (size_t s = 0; s < n; s++) {
			size_t a = i ? (size_t)bern_rng_below(&rng, n) : s;
			size_t b = i ? (size_t)bern_rng_below(&rng, n) : s;
			x[s] = number_of(&over->results[a], number);
			y[s] = number_of(&under->results[b], number);
		}
		double ratio = (median(x, n) - zero) / (median(y, n) - zero);
		if (i == 0)
			r.ratio = ratio;
		else
			ratios[i - 1] = isnan(ratio) ? (double)INFINITY : ratio;
	}
	if (isfinite(r.ratio)) {
		qsort(ratios, RESAMPLES, sizeof *ratios, ascending);
		r.low = ratios[RESAMPLES / 40];
		r.high = ratios[RESAMPLES - 1 - RESAMPLES / 40];
	} else {
		r.ratio = NAN;
	}
	free(x);
	return r;
}
