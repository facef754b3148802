#include "run_logs.h"

#include "tfevents.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define COLUMNS_MOST (17 + 3 * BERN_STATS_LAYERS)

/* A number of a row. */
typedef struct column {
	char name[40];
	char tag[2][48]; /* by enum log_tags; "": no event */
	int decimals;    /* -1: as log_number writes it */
	double value;
} column;

static void add(column *columns, size_t *count, const char *name, const char *tag, const char *sb3,
		int decimals, double value)
{
	column *c = &columns[(*count)++];
	snprintf(c->name, sizeof c->name, "%s", name);
	snprintf(c->tag[TAGS_BERN], sizeof c->tag[0], "%s", tag);
	snprintf(c->tag[TAGS_SB3], sizeof c->tag[0], "%s", sb3 ? sb3 : tag);
	c->decimals = decimals;
	c->value = value;
}

/* Everything of a row but its step, in the order of the table. */
static size_t columns_of(column *columns, const log_values *v, size_t layers)
{
	const bern_learn_stats *s = &v->stats;
	size_t count = 0;
	char name[40], tag[48];
	const struct {
		const char *name;
		const double *of_layer;
	} health[] = {{"fire_rate", s->layer_fire_rate},
		      {"dead_fraction", s->layer_dead},
		      {"saturated_fraction", s->layer_saturated}};
	add(columns, &count, "episodes", "charts/episodes", "time/episodes", 0,
	    (double)v->episodes);
	add(columns, &count, "time_seconds", "charts/seconds", "time/time_elapsed", 6, v->seconds);
	add(columns, &count, "steps_per_second", "charts/SPS", "time/fps", 0, v->per_second);
	add(columns, &count, "return_mean", "charts/episodic_return", "rollout/ep_rew_mean", -1,
	    v->return_mean);
	add(columns, &count, "length_mean", "charts/episodic_length", "rollout/ep_len_mean", -1,
	    v->length_mean);
	add(columns, &count, "entropy", "losses/entropy", "train/entropy", -1, s->entropy);
	add(columns, &count, "value_loss", "losses/value_loss", "train/value_loss", -1,
	    s->value_loss);
	add(columns, &count, "explained_variance", "losses/explained_variance",
	    "train/explained_variance", -1, s->explained_variance);
	add(columns, &count, "grad_norm", "grad/norm", NULL, -1, s->grad_norm);
	add(columns, &count, "fire_rate", "neurons/fire_rate", NULL, -1, s->fire_rate);
	add(columns, &count, "dead_fraction", "neurons/dead_fraction", NULL, -1, s->dead_fraction);
	add(columns, &count, "saturated_fraction", "neurons/saturated_fraction", NULL, -1,
	    s->saturated_fraction);
	add(columns, &count, "learning_rate", "charts/learning_rate", "train/learning_rate", -1,
	    s->learning_rate);
	add(columns, &count, "estimator_r2", "grad/estimator_r2", NULL, -1, s->estimator_r2);
	add(columns, &count, "grad_noise", "grad/noise", NULL, -1, s->grad_noise);
	for (size_t l = 0; l < layers; l++)
		for (size_t i = 0; i < 3; i++) {
			snprintf(name, sizeof name, "%s_%zu", health[i].name, l + 1);
			snprintf(tag, sizeof tag, "neurons/%.36s", name);
			add(columns, &count, name, tag, NULL, -1, health[i].of_layer[l]);
		}
	return count;
}

void run_logs_init(run_logs *logs, bern_agent *agent)
{
	column columns[COLUMNS_MOST];
	log_values none = {0};
	agent->kind->stats(agent, &none.stats);
	logs->layers = none.stats.layers;
	logs->progress.fd = logs->json.fd = logs->events.fd = -1;
	size_t count = columns_of(columns, &none, logs->layers), n = 0;
	n += (size_t)snprintf(logs->head, sizeof logs->head, "step");
	for (size_t i = 0; i < count; i++)
		n += (size_t)snprintf(logs->head + n, sizeof logs->head - n, ",%s",
				      columns[i].name);
	snprintf(logs->head + n, sizeof logs->head - n, "\n");
}

/* ---- events ---- */

static double wall_time(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* A name of its own for each session. */
static int32_t begin_events(run_logs *logs, const run_folder *folder, bern_error *e)
{
	unsigned char record[TFEVENTS_ROOM];
	char host[64] = "", name[160], path[RUN_PATH_ROOM + 64];
	double now = wall_time();
	gethostname(host, sizeof host - 1);
	for (int n = 0;; n++) {
		snprintf(name, sizeof name, "events.out.tfevents.%010" PRId64 ".%s.%ld.%d",
			 (int64_t)now, host[0] ? host : "localhost", (long)getpid(), n);
		if (strlen(folder->path) + strlen(name) + 2 > sizeof path)
			return bern_fail(e, BERN_EIO,
					 "the path of the event file in %s is too long",
					 folder->path);
		if (access(run_folder_file(folder, name, path), F_OK))
			break;
	}
	int32_t rc = log_create(&logs->events, folder, name, "", e);
	return rc ? rc : log_bytes(&logs->events, record, tfevents_version(record, now), e);
}

#define KINDS 3
static const char *const kinds[KINDS] = {"fire_rate", "score", "weight"};

/* All histograms of a row, filled in two visits. */
typedef struct distributions {
	tfevents_histogram of[KINDS][BERN_STATS_LAYERS + 1];
	const char *what; /* the kind that came last */
	size_t kind;
} distributions;

static tfevents_histogram *histogram_of(distributions *d, const char *what, size_t layer)
{
	if (what != d->what) {
		for (d->kind = 0; d->kind < KINDS && strcmp(what, kinds[d->kind]) != 0;)
			d->kind++;
		d->what = what;
	}
	return d->kind < KINDS && layer <= BERN_STATS_LAYERS ? &d->of[d->kind][layer] : NULL;
}

static void measure(void *user, const char *what, size_t layer, double x)
{
	tfevents_histogram *histogram = histogram_of(user, what, layer);
	if (histogram)
		tfevents_measure(histogram, x);
}

static void fill(void *user, const char *what, size_t layer, double x)
{
	tfevents_histogram *histogram = histogram_of(user, what, layer);
	if (histogram)
		tfevents_fill(histogram, x);
}

static int32_t histograms(run_logs *logs, const log_values *v, double now, bern_error *e)
{
	unsigned char record[TFEVENTS_ROOM];
	char tag[64];
	distributions d = {0};
	int32_t rc = 0;
	if (!v->agent || !v->agent->kind->distributions)
		return 0;
	v->agent->kind->distributions(v->agent, measure, &d);
	v->agent->kind->distributions(v->agent, fill, &d);
	for (size_t k = 0; k < KINDS; k++)
		for (size_t l = 0; !rc && l <= logs->layers; l++) {
			if (d.of[k][l].count == 0)
				continue;
			if (l < logs->layers)
				snprintf(tag, sizeof tag, "%s/layer%zu", kinds[k], l + 1);
			else
				snprintf(tag, sizeof tag, "%s/output", kinds[k]);
			rc = log_bytes(
				&logs->events, record,
				tfevents_histogram_record(record, now, v->step, tag, &d.of[k][l]),
				e);
		}
	return rc;
}

static int32_t scalar(run_logs *logs, double now, uint64_t step, const char *tag, double value,
		      bern_error *e)
{
	unsigned char record[TFEVENTS_ROOM];
	if (logs->events.fd < 0 || isnan(value) || !tag[0])
		return 0;
	return log_bytes(&logs->events, record,
			 tfevents_scalar(record, now, step, tag, (float)value), e);
}

int32_t run_logs_look(run_logs *logs, uint64_t step, double mean, double length, bern_error *e)
{
	int sb3 = logs->tags == TAGS_SB3;
	double now = logs->events.fd < 0 ? 0 : wall_time();
	int32_t rc = scalar(logs, now, step, sb3 ? "eval/mean_reward" : "eval/return", mean, e);
	return rc ? rc
		  : scalar(logs, now, step, sb3 ? "eval/mean_ep_length" : "eval/length", length, e);
}

/* ---- rows ---- */

static const char *number_text(const column *c, char out[32])
{
	if (c->decimals < 0)
		return log_number(c->value, out);
	snprintf(out, 32, "%.*f", c->decimals, c->value);
	return out;
}

/* The same row as an object; what is not known, or no number that JSON has, is null. */
static int32_t json_row(run_logs *logs, uint64_t step, const column *columns, size_t count,
			bern_error *e)
{
	char row[LOG_ROW_ROOM], number[32];
	int n = snprintf(row, sizeof row, "{\"step\":%" PRIu64, step);
	for (size_t i = 0; i < count; i++)
		n += snprintf(row + n, sizeof row - (size_t)n, ",\"%s\":%s", columns[i].name,
			      isfinite(columns[i].value) ? number_text(&columns[i], number)
							 : "null");
	snprintf(row + n, sizeof row - (size_t)n, "}\n");
	return log_row(&logs->json, row, e);
}

int32_t run_logs_row(run_logs *logs, const log_values *values, bern_error *e)
{
	column columns[COLUMNS_MOST];
	char row[LOG_ROW_ROOM], number[32];
	size_t count = columns_of(columns, values, logs->layers);
	int n = snprintf(row, sizeof row, "%" PRIu64, values->step);
	for (size_t i = 0; i < count; i++)
		n += snprintf(row + n, sizeof row - (size_t)n, ",%s",
			      number_text(&columns[i], number));
	snprintf(row + n, sizeof row - (size_t)n, "\n");
	int32_t rc = log_row(&logs->progress, row, e);
	if (!rc && logs->json.fd >= 0)
		rc = json_row(logs, values->step, columns, count, e);
	if (logs->events.fd < 0)
		return rc;
	double now = wall_time();
	for (size_t i = 0; !rc && i < count; i++)
		rc = scalar(logs, now, values->step, columns[i].tag[logs->tags], columns[i].value,
			    e);
	return rc ? rc : histograms(logs, values, now, e);
}

/* ---- opening and closing ---- */

int32_t run_logs_create(run_logs *logs, const run_folder *folder, const run_options *run,
			bern_error *e)
{
	logs->tags = run->tags;
	int32_t rc = log_create(&logs->progress, folder, "progress.csv", logs->head, e);
	if (!rc && run->log_json)
		rc = log_create(&logs->json, folder, "progress.jsonl", "", e);
	if (!rc && run->tensorboard)
		rc = begin_events(logs, folder, e);
	return rc;
}

int32_t run_logs_go_on(run_logs *logs, const run_folder *folder, const run_options *run,
		       uint64_t step, bern_error *e)
{
	unsigned char record[TFEVENTS_ROOM];
	char last[LOG_ROW_ROOM];
	int32_t rc = 0;
	logs->tags = run->tags;
	if (run->log_json)
		rc = log_reopen(&logs->json, folder, "progress.jsonl", "", logs->progress.rows,
				last, e);
	if (!rc && run->tensorboard)
		rc = begin_events(logs, folder, e);
	if (!rc && run->tensorboard) /* what belongs to this step itself was written before */
		rc = log_bytes(&logs->events, record,
			       tfevents_restart(record, wall_time(), step + 1), e);
	return rc;
}

int32_t run_logs_flush(run_logs *logs, bern_error *e)
{
	int32_t rc = log_flush(&logs->progress, e);
	if (!rc && logs->json.fd >= 0)
		rc = log_flush(&logs->json, e);
	if (!rc && logs->events.fd >= 0)
		rc = log_flush(&logs->events, e);
	return rc;
}

void run_logs_close(run_logs *logs)
{
	log_close(&logs->progress);
	log_close(&logs->json);
	log_close(&logs->events);
}
