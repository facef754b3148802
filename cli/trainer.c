#include "trainer.h"

#include "signals.h"
#include "trained.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define FILE_ROOM     (RUN_PATH_ROOM + 64)
#define FLUSH_SECONDS 0.5
#define EVAL_HEAD     "step,mean,low,high,episodes,given_up,best\n"

double trainer_clock(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int trainer_leads(const trainer *t)
{
	return bern_ranks_rank(t->setup.ranks) == 0;
}

/* What went wrong in one rank ends the run in all. */
static int32_t agree(const trainer *t, int32_t rc, bern_error *e)
{
	return bern_ranks_agree(t->setup.ranks, rc, e);
}

/* Gives all ranks the arrays that rank 0 has read. */
static void broadcast(const trainer *t, const bern_tensors *list)
{
	for (size_t i = 0; i < list->count; i++)
		bern_ranks_broadcast(t->setup.ranks, list->items[i].data,
				     bern_tensor_size(&list->items[i]));
}

/* ---- making ------------------------------------------------------------------------------------- */

static int32_t add_own_tensors(trainer *t, bern_error *e)
{
	int32_t rc = 0;
#define X(name)                                                                                    \
	if (!rc)                                                                                   \
		rc = bern_tensors_add(&t->tensors, BERN_T_U64, &t->count.name, 1, 0, e,            \
				      "run." #name);
	TRAINER_COUNTERS(X)
#undef X
	if (!rc)
		rc = bern_tensors_add(&t->tensors, BERN_T_F64, &t->best_mean, 1, 0, e,
				      "run.best_mean");
	if (!rc)
		rc = bern_tensors_add(&t->tensors, BERN_T_F64, t->recent_returns, RECENT_EPISODES,
				      0, e, "run.recent_returns");
	if (!rc)
		rc = bern_tensors_add(&t->tensors, BERN_T_F64, t->recent_lengths, RECENT_EPISODES,
				      0, e, "run.recent_lengths");
	return rc;
}

/* A second set of the same tensors, in one block. */
static int32_t make_best(trainer *t, bern_error *e)
{
	const size_t align = 16;
	size_t size = 0;
	int32_t rc = 0;
	for (size_t i = 0; i < t->tensors.count; i++)
		size += (bern_tensor_size(&t->tensors.items[i]) + align - 1) / align * align;
	t->best_memory = malloc(size ? size : 1);
	if (!t->best_memory)
		return bern_fail(e, BERN_EMEMORY, "memory is out: the best weights take %zu bytes",
				 size);
	size = 0;
	for (size_t i = 0; !rc && i < t->tensors.count; i++) {
		const bern_tensor *item = &t->tensors.items[i];
		rc = bern_tensors_add(&t->best, item->type, t->best_memory + size, item->shape[0],
				      item->ndim > 1 ? item->shape[1] : 0, e, "%s", item->name);
		size += (bern_tensor_size(item) + align - 1) / align * align;
	}
	return rc;
}

static void on_episode(void *user, const bern_episode *episode)
{
	trainer *t = user;
	char row[LOG_ROW_ROOM], number[32];
	size_t slot = t->count.episodes++ % RECENT_EPISODES;
	t->recent_returns[slot] = episode->total;
	t->recent_lengths[slot] = (double)episode->length;
	if (t->episode_error.code)
		return;
	snprintf(row, sizeof row, "%s,%llu,%.6f\n", log_number(episode->total, number),
		 (unsigned long long)episode->length,
		 t->time_before + (trainer_clock() - t->run_start));
	log_row(&t->monitor, row, &t->episode_error);
}

int32_t trainer_init(trainer *t, const trainer_setup *setup, bern_error *e)
{
	const run_config *config = setup->config;
	const bern_agent_kind *kind = setup->agent->kind;
	memset(t, 0, sizeof *t);
	t->setup = *setup;
	t->now = t->run_start = t->log_clock = t->flush_clock = setup->start;
	int32_t rc = bern_lanes_init(&t->lanes, setup->world, (size_t)config->agent.num_envs,
				     config->run.seed, BERN_FOR_ENVIRONMENT, 0, e);
	if (!rc)
		rc = bern_lanes_reset(&t->lanes, e);
	if (!rc)
		rc = bern_evaluator_create(&t->evaluator, setup->world, e);
	if (!rc)
		rc = kind->policy_tensors(setup->agent, &t->tensors, e);
	t->policy_tensors = t->tensors.count;
	if (!rc)
		rc = kind->learner_tensors(setup->agent, &t->tensors, e);
	if (!rc)
		rc = bern_lanes_tensors(&t->lanes, &t->tensors, e);
	if (!rc)
		rc = add_own_tensors(t, e);
	if (!rc && trainer_leads(t))
		rc = make_best(t, e);
	bern_share_init(&t->share, &t->arena, setup->ranks, (size_t)config->agent.num_envs);
	if (!rc)
		rc = bern_arena_check(&t->arena, e);
	run_logs_init(&t->logs, setup->agent);
	t->lanes.on_episode = on_episode;
	t->lanes.user = t;
	return rc;
}

void trainer_finish(trainer *t)
{
	progress_clear(&t->bar);
	run_logs_close(&t->logs);
	log_close(&t->eval);
	log_close(&t->monitor);
	bern_tensors_finish(&t->best);
	bern_tensors_finish(&t->tensors);
	free(t->best_memory);
	bern_evaluator_destroy(t->evaluator);
	bern_lanes_finish(&t->lanes);
	bern_arena_finish(&t->arena);
	memset(t, 0, sizeof *t);
}

/* ---- starting ----------------------------------------------------------------------------------- */

/* The first multiple of the interval beyond `steps`. */
static uint64_t next_due(int64_t interval, uint64_t steps)
{
	return interval > 0 ? (steps / (uint64_t)interval + 1) * (uint64_t)interval : UINT64_MAX;
}

/* The first lines of monitor.csv, as Stable-Baselines3's Monitor writes them. */
static int32_t monitor_head(const trainer *t, char *out, size_t size, bern_error *e)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	json_t *head = json_pack("{s:f, s:s}", "t_start",
				 (double)now.tv_sec + 1e-9 * (double)now.tv_nsec, "env_id",
				 t->setup.config->env_id);
	char *text = head ? json_dumps(head, JSON_REAL_PRECISION(17)) : NULL;
	int32_t rc = 0;
	if (text)
		snprintf(out, size, "#%s\nr,l,t\n", text);
	else
		rc = bern_fail(e, BERN_EMEMORY, "the head of monitor.csv could not be made");
	free(text);
	json_decref(head);
	return rc;
}

int32_t trainer_begin(trainer *t, bern_error *e)
{
	const run_options *run = &t->setup.config->run;
	const run_folder *folder = t->setup.folder;
	char head[2048];
	t->count.next_log = next_due(run->log_interval, 0);
	t->count.next_look = next_due(run->eval_interval, 0);
	t->count.next_checkpoint = next_due(run->checkpoint_interval, 0);
	if (!trainer_leads(t))
		return 0;
	int32_t rc = monitor_head(t, head, sizeof head, e);
	if (!rc)
		rc = log_create(&t->monitor, folder, "monitor.csv", head, e);
	if (!rc)
		rc = run_logs_create(&t->logs, folder, run, e);
	if (!rc)
		rc = log_create(&t->eval, folder, "eval.csv", EVAL_HEAD, e);
	return rc;
}

int32_t trainer_take_weights(trainer *t, const char *run, bern_error *e)
{
	const bern_tensors policy = {t->tensors.items, t->policy_tensors, t->policy_tensors};
	int32_t rc = 0;
	if (trainer_leads(t))
		rc = trained_read_weights(run, &t->setup.config->agent, &policy, e);
	rc = agree(t, rc, e);
	if (!rc)
		broadcast(t, &policy);
	return rc;
}

/* The checkpoint must be of this run: the same environment, agent and seed. */
static int32_t check_metadata(const trainer *t, const char *path, bern_error *e)
{
	const run_config *config = t->setup.config;
	char seed[32], text[512];
	snprintf(seed, sizeof seed, "%" PRIu64, config->run.seed);
	const struct {
		const char *key, *wanted;
	} entries[] = {{"format", TRAINER_FORMAT},
		       {"env", config->env_id},
		       {"agent", config->agent.agent},
		       {"seed", seed}};
	for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
		int32_t rc = bern_checkpoint_metadata(path, entries[i].key, text, sizeof text, e);
		if (rc)
			return rc;
		if (strcmp(text, entries[i].wanted) != 0)
			return bern_fail(e, BERN_EFORMAT,
					 "%s is of another run: its %s is %s, config.yaml has %s",
					 path, entries[i].key, text, entries[i].wanted);
	}
	return 0;
}

/* The field number `column` of a row, 0 if there is none. */
static double field(const char *row, int column)
{
	for (; column && row; column--) {
		const char *comma = strchr(row, ',');
		row = comma ? comma + 1 : NULL;
	}
	return row ? strtod(row, NULL) : 0;
}

/* Opens a log again. One that has lost rows is only told of, because a run is worth more than its log. */
static int32_t reopen(trainer *t, log_table *log, const char *name, const char *head, uint64_t rows,
		      char *last, bern_error *e)
{
	int32_t rc = log_reopen(log, t->setup.folder, name, head, rows, last, e);
	if (!rc && log->rows < rows)
		fprintf(stderr,
			"bern: %s: %s holds %" PRIu64 " of the %" PRIu64
			" rows that the checkpoint counts; it goes on without the rest\n",
			t->setup.command, log->path, log->rows, rows);
	return rc;
}

static int32_t restore_logs(trainer *t, bern_error *e)
{
	char head[2048], last[LOG_ROW_ROOM], last_episode[LOG_ROW_ROOM];
	int32_t rc = monitor_head(t, head, sizeof head, e);
	if (!rc)
		rc = reopen(t, &t->monitor, "monitor.csv", head, t->count.monitor_rows,
			    last_episode, e);
	if (!rc)
		rc = reopen(t, &t->eval, "eval.csv", EVAL_HEAD, t->count.eval_rows, last, e);
	if (!rc)
		rc = reopen(t, &t->logs.progress, "progress.csv", t->logs.head,
			    t->count.progress_rows, last, e);
	if (!rc)
		rc = run_logs_go_on(&t->logs, t->setup.folder, &t->setup.config->run,
				    t->lanes.steps, e);
	if (rc)
		return rc;
	double row_time = field(last, 2), episode_time = field(last_episode, 2);
	t->time_before = row_time > episode_time ? row_time : episode_time;
	return 0;
}

/* Reads the latest checkpoint into the arrays. */
static int32_t read_latest(const trainer *t, bern_error *e)
{
	char path[FILE_ROOM];
	struct stat st;
	run_folder_file(t->setup.folder, "latest", path);
	if (lstat(path, &st))
		return bern_fail(e, BERN_EIO,
				 "%s has no checkpoint (no link \"latest\"): the run ended before "
				 "the first one was written",
				 t->setup.folder->path);
	int32_t rc = check_metadata(t, path, e);
	return rc ? rc : bern_checkpoint_read(path, &t->tensors, e);
}

int32_t trainer_restore(trainer *t, bern_error *e)
{
	int32_t rc = agree(t, trainer_leads(t) ? read_latest(t, e) : 0, e);
	if (rc)
		return rc;
	broadcast(t, &t->tensors);
	rc = agree(t, bern_lanes_after_load(&t->lanes, e), e);
	/* a process that was killed right after its last checkpoint left one too many */
	if (!rc && trainer_leads(t))
		rc = run_folder_prune(t->setup.folder,
				      (uint64_t)t->setup.config->run.keep_checkpoints, e);
	snprintf(t->written, sizeof t->written, "latest");
	t->first_step = t->log_step = t->lanes.steps;
	if (!rc && trainer_leads(t))
		rc = restore_logs(t, e);
	return agree(t, rc, e);
}

/* ---- checkpoints -------------------------------------------------------------------------------- */

/* Weights that are NaN or infinite must not reach a checkpoint. */
static int32_t check_finite(const trainer *t, bern_error *e)
{
	for (size_t i = 0; i < t->policy_tensors; i++) {
		const bern_tensor *item = &t->tensors.items[i];
		uint64_t count = bern_tensor_elements(item), bad = 0;
		double value = 0;
		if (item->type == BERN_T_F32) {
			const float *x = item->data;
			while (bad < count && isfinite(x[bad]))
				bad++;
			value = bad < count ? (double)x[bad] : 0;
		} else if (item->type == BERN_T_F64) {
			const double *x = item->data;
			while (bad < count && isfinite(x[bad]))
				bad++;
			value = bad < count ? x[bad] : 0;
		} else
			continue;
		if (bad < count)
			return bern_fail(e, BERN_ENUMBER,
					 "learning went astray: at step %" PRIu64
					 " element %" PRIu64 " of %s is %g",
					 t->lanes.steps, bad, item->name, value);
	}
	return 0;
}

static int32_t write_tensors(const trainer *t, const bern_tensors *list, uint64_t step,
			     bern_error *e)
{
	char path[FILE_ROOM], name[64], step_text[32], seed[32];
	const run_config *config = t->setup.config;
	snprintf(step_text, sizeof step_text, "%" PRIu64, step);
	snprintf(seed, sizeof seed, "%" PRIu64, config->run.seed);
	const bern_metadata metadata[] = {
		{"format", TRAINER_FORMAT},       {"bern", BERN_VERSION}, {"env", config->env_id},
		{"agent", config->agent.agent},   {"seed", seed},         {"step", step_text},
		{"config", t->setup.config_text},
	};
	run_folder_file(t->setup.folder, run_folder_checkpoint(step, name), path);
	return bern_checkpoint_write(path, list, metadata, sizeof metadata / sizeof *metadata, e);
}

static int32_t link_to(const trainer *t, const char *link, uint64_t step, bern_error *e)
{
	char name[64];
	return run_folder_link(t->setup.folder, link, run_folder_checkpoint(step, name), e);
}

/* Writes the file of the best look, if it still waits. */
static int32_t write_best(trainer *t, bern_error *e)
{
	if (!t->best_waits)
		return 0;
	int32_t rc = write_tensors(t, &t->best, t->count.best_step, e);
	if (!rc)
		rc = link_to(t, "best", t->count.best_step, e);
	t->best_waits = rc != 0;
	return rc;
}

static int32_t flush_logs(trainer *t, bern_error *e)
{
	int32_t rc = log_flush(&t->monitor, e);
	if (!rc)
		rc = run_logs_flush(&t->logs, e);
	if (!rc)
		rc = log_flush(&t->eval, e);
	t->flush_clock = t->now;
	return rc;
}

/* All that is saved, as it is now, in rank 0. */
static int32_t gather(trainer *t, bern_error *e)
{
	int32_t rc = agree(t, bern_lanes_before_save(&t->lanes, e), e);
	t->count.progress_rows = t->logs.progress.rows;
	t->count.eval_rows = t->eval.rows;
	t->count.monitor_rows = t->monitor.rows;
	if (!rc)
		bern_share_gather_tensors(&t->share, &t->tensors);
	return rc;
}

/* The logs first, so that a checkpoint never counts rows that are not there; then the best one, so that `latest` never
 * speaks of a best file that is not there. */
static int32_t write_files(trainer *t, bern_error *e)
{
	const uint64_t step = t->lanes.steps;
	int32_t rc = flush_logs(t, e);
	if (!rc && t->best_waits && t->count.best_step == step)
		t->best_waits = 0; /* the file written next is the best one too */
	else if (!rc)
		rc = write_best(t, e);
	if (!rc)
		rc = write_tensors(t, &t->tensors, step, e);
	if (!rc && t->count.has_best && t->count.best_step == step)
		rc = link_to(t, "best", step, e);
	if (!rc)
		rc = link_to(t, "latest", step, e);
	if (!rc) {
		run_folder_checkpoint(step, t->written);
		rc = run_folder_prune(t->setup.folder,
				      (uint64_t)t->setup.config->run.keep_checkpoints, e);
	}
	return rc;
}

static int32_t write_checkpoint(trainer *t, bern_error *e)
{
	int32_t rc = agree(t, check_finite(t, e), e);
	if (!rc)
		rc = gather(t, e);
	if (rc)
		return rc;
	return agree(t, trainer_leads(t) ? write_files(t, e) : 0, e);
}

/* Keeps everything as it is now, for the file of the best look. */
static int32_t keep_best(trainer *t, bern_error *e)
{
	int32_t rc = gather(t, e);
	if (rc || !trainer_leads(t))
		return rc;
	for (size_t i = 0; i < t->tensors.count; i++)
		memcpy(t->best.items[i].data, t->tensors.items[i].data,
		       bern_tensor_size(&t->tensors.items[i]));
	t->best_waits = 1;
	return 0;
}

/* ---- what is due --------------------------------------------------------------------------------- */

/* Mean over the last episodes; NaN before the first has ended. */
static double recent_mean(const trainer *t, const double *recent)
{
	size_t n = t->count.episodes < RECENT_EPISODES ? t->count.episodes : RECENT_EPISODES;
	double sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += recent[i];
	return n ? sum / (double)n : NAN;
}

double trainer_recent_return(const trainer *t)
{
	return recent_mean(t, t->recent_returns);
}

/* One row of progress.csv, and of what else is asked for: means since the row before. */
static int32_t write_progress_row(trainer *t, bern_error *e)
{
	bern_agent *agent = t->setup.agent;
	if (t->setup.config->run.tensorboard && agent->kind->distributions)
		agent->kind->distributions(agent, NULL, NULL); /* rank 0 gathers them */
	if (!trainer_leads(t)) {
		bern_learn_stats ignored;
		agent->kind->stats(agent, &ignored); /* begin anew, as rank 0's do */
		return 0;
	}
	t->now = trainer_clock();
	double passed = t->now - t->log_clock;
	log_values values = {
		.step = t->lanes.steps,
		.episodes = t->count.episodes,
		.seconds = t->time_before + (t->now - t->run_start),
		.per_second = passed > 0 ? (double)(t->lanes.steps - t->log_step) / passed : 0,
		.return_mean = trainer_recent_return(t),
		.length_mean = recent_mean(t, t->recent_lengths)};
	if (t->logs.events.fd >= 0) /* before the stats are begun anew */
		values.agent = agent;
	agent->kind->stats(agent, &values.stats);
	t->log_clock = t->now;
	t->log_step = t->lanes.steps;
	return run_logs_row(&t->logs, &values, e);
}

/* The best look has the highest mean; of equals the newest, which has learned longest. One that was given up early, over
 * fewer episodes, never beats one that was not. */
static int is_best(const trainer *t, const bern_eval_result *look)
{
	if (!t->count.has_best || look->given_up != (int)t->count.best_given_up)
		return !t->count.has_best || !look->given_up;
	return look->mean >= t->best_mean;
}

static int32_t write_eval_row(trainer *t, const bern_eval_result *look, int best, bern_error *e)
{
	char row[LOG_ROW_ROOM], mean[32], low[32], high[32];
	snprintf(row, sizeof row, "%" PRIu64 ",%s,%s,%s,%" PRIu64 ",%d,%d\n", t->lanes.steps,
		 log_number(look->mean, mean), log_number(look->low, low),
		 log_number(look->high, high), look->episodes, look->given_up, best);
	return log_row(&t->eval, row, e);
}

static void say_look(trainer *t, const bern_eval_result *look)
{
	const output_style *style = t->setup.style;
	if (!style->verbose || style->quiet)
		return;
	progress_clear(&t->bar);
	fprintf(stderr,
		"bern: %s: look at step %" PRIu64 ": mean return %.6g of %" PRIu64 " episodes%s\n",
		t->setup.command, t->lanes.steps, look->mean, look->episodes,
		look->given_up ? ", given up: the target is out of reach" : "");
}

/* One look at the policy; *best tells whether it is the best so far. */
static int32_t take_look(trainer *t, int *best, bern_error *e)
{
	const run_options *run = &t->setup.config->run;
	bern_eval_result look = {0};
	const bern_eval_plan plan = {.episodes = (uint64_t)run->eval_episodes,
				     .seed = run->seed,
				     .mode = BERN_SAMPLED,
				     .is_look = 1,
				     .look = (uint32_t)t->count.looks,
				     .has_target = run->stop_looks > 0,
				     .target = run->stop_return,
				     .max_episode_steps = EVAL_MAX_EPISODE_STEPS};
	double before = trainer_clock();
	int32_t rc = 0;
	if (trainer_leads(t))
		rc = bern_evaluate(t->evaluator, t->setup.agent, &plan, &look, e);
	rc = agree(t, rc, e);
	t->now = trainer_clock();
	t->look_seconds += t->now - before;
	if (rc)
		return rc;
	bern_ranks_broadcast(t->setup.ranks, &look, sizeof look);
	t->count.looks++;
	int good = run->stop_looks > 0 && !look.given_up && look.mean >= run->stop_return;
	if (good && t->count.good_looks == 0)
		t->count.good_step = t->lanes.steps;
	t->count.good_looks = good ? t->count.good_looks + 1 : 0;
	*best = is_best(t, &look);
	if (*best) {
		t->count.has_best = 1;
		t->count.best_step = t->lanes.steps;
		t->count.best_given_up = (uint64_t)look.given_up;
		t->best_mean = look.mean;
	}
	if (!trainer_leads(t))
		return 0;
	say_look(t, &look);
	rc = write_eval_row(t, &look, *best, e);
	return rc ? rc : run_logs_look(&t->logs, t->lanes.steps, look.mean, look.mean_length, e);
}

/* SIGUSR1: the episodes that the next look of the run will play, and a checkpoint. Neither is counted, so that the run goes on to
 * the same bits. */
static int32_t answer(trainer *t, bern_error *e)
{
	const run_options *run = &t->setup.config->run;
	const output_style *style = t->setup.style;
	bern_eval_result look = {0};
	const bern_eval_plan plan = {.episodes = (uint64_t)run->eval_episodes,
				     .seed = run->seed,
				     .mode = BERN_SAMPLED,
				     .is_look = 1,
				     .look = (uint32_t)t->count.looks,
				     .max_episode_steps = EVAL_MAX_EPISODE_STEPS};
	double before = trainer_clock();
	int32_t rc = check_finite(t, e);
	if (!rc && trainer_leads(t))
		rc = bern_evaluate(t->evaluator, t->setup.agent, &plan, &look, e);
	rc = agree(t, rc, e);
	t->now = trainer_clock();
	t->look_seconds += t->now - before;
	if (!rc)
		rc = write_checkpoint(t, e);
	if (rc || style->quiet)
		return rc;
	progress_clear(&t->bar);
	fprintf(stderr,
		"bern: %s: asked at step %" PRIu64 ": mean return %.6g of %" PRIu64
		" episodes; checkpoint %s/%s\n",
		t->setup.command, t->lanes.steps, look.mean, look.episodes, t->setup.folder->path,
		t->written);
	return 0;
}

/* What falls on this update, but for checkpoints. Once done nothing is due before the next update. */
static int32_t do_due(trainer *t, bern_error *e)
{
	const run_options *run = &t->setup.config->run;
	const uint64_t steps = t->lanes.steps;
	int32_t rc = 0;
	int best = 0;
	if (steps < t->count.next_log && steps < t->count.next_look)
		return 0;
	rc = check_finite(t, e);
	if (!rc && steps >= t->count.next_log) {
		rc = write_progress_row(t, e);
		t->count.next_log = next_due(run->log_interval, steps);
	}
	rc = agree(t, rc, e);
	if (!rc && steps >= t->count.next_look) {
		rc = agree(t, take_look(t, &best, e), e);
		t->count.next_look = next_due(run->eval_interval, steps);
	}
	if (!rc && best)
		rc = keep_best(t, e);
	return rc;
}

/* ---- the loop ------------------------------------------------------------------------------------ */

int trainer_ended(const trainer *t)
{
	const run_options *run = &t->setup.config->run;
	const uint64_t steps = t->lanes.steps;
	if (steps >= t->count.next_log || steps >= t->count.next_look)
		return 0;
	if (run->stop_looks > 0 && t->count.good_looks >= (uint64_t)run->stop_looks)
		return END_SOLVED;
	return steps >= (uint64_t)run->total_timesteps ? END_STEPS : 0;
}

/* Looks at the clock: about every 5 milliseconds, however fast or slow an update is. */
static int32_t tick(trainer *t, uint64_t *updates, uint64_t *every, bern_error *e)
{
	if (++*updates < *every)
		return 0;
	double now = trainer_clock();
	if (now - t->now < 0.005 && *every < 64)
		*every *= 2;
	else if (now - t->now > 0.02 && *every > 1)
		*every /= 2;
	t->now = now;
	*updates = 0;
	if (t->bar.out || t->bar.report_to)
		progress_update(&t->bar, t->lanes.steps, trainer_recent_return(t), now);
	return trainer_leads(t) && now - t->flush_clock > FLUSH_SECONDS ? flush_logs(t, e) : 0;
}

enum news { NO_NEWS, ASKED, CAME, FAILED };

/* What the ranks have heard and how they fared, in one go; *news is the same in all. A question to many counts as it came to rank 0. */
static int32_t hear(const trainer *t, int32_t rc, int *news, bern_error *e)
{
	const int asked = trainer_leads(t) && signals_asked();
	*news = rc ? FAILED : signals_came() ? CAME : asked ? ASKED : NO_NEWS;
	*news = (int)bern_ranks_most(t->setup.ranks, *news);
	return *news == FAILED ? agree(t, rc, e) : 0;
}

static int32_t loop(trainer *t, int *end, bern_error *e)
{
	const run_options *run = &t->setup.config->run;
	bern_agent *agent = t->setup.agent;
	uint64_t updates = 0, every = 1;
	int news = NO_NEWS;
	for (;;) {
		int32_t rc = do_due(t, e);
		if (rc)
			return rc;
		*end = trainer_ended(t);
		if (*end)
			return 0;
		if (t->lanes.steps >= t->count.next_checkpoint) {
			t->count.next_checkpoint = next_due(run->checkpoint_interval,
							    t->lanes.steps);
			rc = write_checkpoint(t, e);
		}
		if (!rc && news == ASKED)
			rc = answer(t, e);
		if (rc)
			return rc;
		/* its failures are those of all ranks already, as all of the above */
		rc = agent->kind->learn(agent, &t->lanes, e);
		if (rc)
			return rc;
		if (t->episode_error.code) {
			*e = t->episode_error;
			rc = e->code;
		}
		if (!rc)
			rc = tick(t, &updates, &every, e);
		rc = hear(t, rc, &news, e);
		if (rc)
			return rc;
		/* what is due now is done after resuming: it depends on nothing but what is saved */
		if (news == CAME) {
			*end = END_INTERRUPTED;
			return 0;
		}
	}
}

int32_t trainer_run(trainer *t, int *end, bern_error *e)
{
	const run_config *config = t->setup.config;
	bern_error ignored;
	progress_start(&t->bar, t->setup.style, stderr, config->env_id, t->lanes.steps,
		       (uint64_t)config->run.total_timesteps, t->setup.start);
	t->run_start = t->log_clock = t->flush_clock = t->now = trainer_clock();
	*end = 0;
	int32_t rc = loop(t, end, e);
	if (!rc)
		rc = write_checkpoint(t, e);
	if (rc) {
		progress_clear(&t->bar);
		t->episode_error.code = 0;
		if (trainer_leads(t)) {
			flush_logs(t, &ignored);
			write_best(t, &ignored);
		}
		return rc;
	}
	t->now = trainer_clock();
	progress_finish(&t->bar, t->lanes.steps, trainer_recent_return(t), t->now);
	return 0;
}

/* ---- the evaluation at the end --------------------------------------------------------------------- */

uint64_t trainer_final_seed(uint64_t seed)
{
	return (seed + 1) * 1000000;
}

int32_t trainer_final(trainer *t, bern_eval_result *result, bern_error *e)
{
	const run_options *run = &t->setup.config->run;
	const bern_eval_plan plan = {.episodes = (uint64_t)run->final_episodes,
				     .seed = trainer_final_seed(run->seed),
				     .mode = BERN_SAMPLED,
				     .max_episode_steps = EVAL_MAX_EPISODE_STEPS};
	return bern_evaluate(t->evaluator, t->setup.agent, &plan, result, e);
}

int32_t trainer_take_best(trainer *t, bern_error *e)
{
	char path[FILE_ROOM];
	bern_tensors policy = {t->tensors.items, t->policy_tensors, t->policy_tensors};
	return bern_checkpoint_read_some(run_folder_file(t->setup.folder, "best", path), &policy,
					 e);
}
