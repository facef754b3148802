/* bern train --seeds, and bern resume of the group that it makes. */
#include "seeds.h"

#include "jobs.h"
#include "meta.h"
#include "mpirun.h"
#include "options.h"
#include "progress.h"
#include "registry.h"
#include "run_folder.h"
#include "runs_read.h"
#include "summary.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_ROOM (RUN_PATH_ROOM + 64)

/* ---- lists of seeds ---------------------------------------------------------------------------------------------- */

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static int32_t refuse(const char *label, const char *text, const char *why, bern_error *e)
{
	return bern_fail(e, BERN_EUSAGE,
			 "%s: '%.60s' %s; give how many (10), a range (1..10) or a list (3,5,8)",
			 label, text, why);
}

/* The seeds first .. last. */
static int32_t take_range(uint64_t first, uint64_t last, uint64_t **seeds, size_t *count,
			  bern_error *e)
{
	if (last - first >= SEEDS_MOST)
		return bern_fail(e, BERN_EUSAGE, "--seeds: more than %d seeds are not allowed",
				 SEEDS_MOST);
	*count = (size_t)(last - first) + 1;
	*seeds = malloc(*count * sizeof **seeds);
	if (!*seeds)
		return bern_fail(e, BERN_EMEMORY, "memory is out: %zu seeds", *count);
	for (size_t i = 0; i < *count; i++)
		(*seeds)[i] = first + i;
	return 0;
}

static int32_t take_list(const char *label, const char *text, uint64_t **seeds, size_t *count,
			 bern_error *e)
{
	char word[32];
	size_t room = 1;
	for (const char *c = text; *c; c++)
		room += *c == ',';
	if (room > SEEDS_MOST)
		return bern_fail(e, BERN_EUSAGE, "%s: more than %d seeds are not allowed", label,
				 SEEDS_MOST);
	*seeds = malloc(2 * room * sizeof **seeds);
	if (!*seeds)
		return bern_fail(e, BERN_EMEMORY, "memory is out: %zu seeds", room);
	for (const char *c = text; *count < room; (*count)++) {
		size_t length = strcspn(c, ",");
		snprintf(word, sizeof word, "%.*s", (int)(length < 30 ? length : 30), c);
		int32_t rc = parse_seed(label, word, &(*seeds)[*count], e);
		if (rc)
			return refuse(label, text, "is no list of seeds", e);
		c += length + (c[length] == ',');
	}
	uint64_t *sorted = *seeds + room;
	memcpy(sorted, *seeds, room * sizeof *sorted);
	qsort(sorted, room, sizeof *sorted, ascending);
	for (size_t i = 1; i < room; i++)
		if (sorted[i] == sorted[i - 1])
			return bern_fail(e, BERN_EUSAGE, "%s: the seed %" PRIu64 " is given twice",
					 label, sorted[i]);
	return 0;
}

int32_t seeds_parse(const char *label, const char *text, uint64_t **seeds, size_t *count,
		    bern_error *e)
{
	char first[32], last[32];
	uint64_t a = 1, b;
	const char *dots = strstr(text, "..");
	int32_t rc;
	*seeds = NULL;
	*count = 0;
	if (!dots && strchr(text, ',')) {
		rc = take_list(label, text, seeds, count, e);
	} else {
		size_t length = dots ? (size_t)(dots - text) : 0;
		snprintf(first, sizeof first, "%.*s", (int)(length < 30 ? length : 30), text);
		snprintf(last, sizeof last, "%.30s", dots ? dots + 2 : text);
		if ((dots && parse_seed(label, first, &a, e)) || parse_seed(label, last, &b, e))
			rc = refuse(label, text, "is no number, range or list of seeds", e);
		else if (!dots && b == 0)
			rc = refuse(label, text, "is no seed at all", e);
		else if (b < a)
			rc = refuse(label, text, "is a range that ends before it begins", e);
		else
			rc = take_range(a, b, seeds, count, e);
	}
	if (rc) {
		free(*seeds);
		*seeds = NULL;
		*count = 0;
	}
	return rc;
}

/* ---- the group's folder ------------------------------------------------------------------------------------------ */

/* "1-10", "3,5,8", or "3,5,..(40)" where the list is long; for the name of the folder. */
static void seeds_text(const uint64_t *seeds, size_t count, char *out, size_t size)
{
	int range = 1;
	for (size_t i = 1; i < count; i++)
		range &= seeds[i] == seeds[i - 1] + 1;
	if (range && count > 1) {
		snprintf(out, size, "%" PRIu64 "-%" PRIu64, seeds[0], seeds[count - 1]);
		return;
	}
	size_t at = 0;
	for (size_t i = 0; i < count && at < size; i++)
		if (i < 5)
			at += (size_t)snprintf(out + at, size - at, "%s%" PRIu64, i ? "," : "",
					       seeds[i]);
	if (count > 5 && at < size)
		snprintf(out + at, size - at, "+%zu", count - 5);
}

static void member_name(uint64_t seed, char out[64])
{
	snprintf(out, 64, "s%" PRIu64, seed);
}

/* group.json: which members there are to be, in order. */
static int32_t write_group(const run_folder *folder, const train_request *request,
			   const seeds_request *seeds, bern_error *e)
{
	json_t *root = json_object(), *members = json_array();
	char name[64];
	json_object_set_new(root, "format", json_integer(1));
	json_object_set_new(root, "env", json_string(request->config.env_id));
	json_object_set_new(root, "agent", json_string(request->config.agent.agent));
	for (size_t i = 0; i < seeds->count; i++) {
		member_name(seeds->seeds[i], name);
		json_array_append_new(members, json_string(name));
	}
	json_object_set_new(root, "members", members);
	char *text = json_dumps(root, JSON_INDENT(2));
	int32_t rc = text ? run_folder_write(folder, GROUP_FILE, text, e)
			  : bern_fail(e, BERN_EMEMORY, "memory is out");
	free(text);
	json_decref(root);
	return rc;
}

/* ---- jobs -------------------------------------------------------------------------------------------------------- */

typedef struct group_work {
	const char *path; /* of the group */
	const run_config *config;
	char (*members)[64]; /* (count) */
	const uint64_t *seeds;
	int64_t total_timesteps; /* resume: 0: as configured */
	int64_t threads;         /* of each run; -1: as configured */
	int force;
	const char *const *env_paths;
	size_t env_path_count;
	const isolation *isolation;
	bern_registry
		*registry; /* train: where the environment was found; NULL: each job looks itself */
	const bern_env *env;
	const char *origin;      /* the plugin that it came from; NULL: built in, or not known */
	const bern_ranks *ranks; /* processes that share the runs; NULL: this one makes all */
} group_work;

static void member_path(const group_work *w, size_t index, char out[FILE_ROOM])
{
	snprintf(out, FILE_ROOM, "%.1000s/%s", w->path, w->members[index]);
}

static int has_checkpoint(const char *path)
{
	char latest[FILE_ROOM + 8];
	struct stat st;
	snprintf(latest, sizeof latest, "%s/latest", path);
	return lstat(latest, &st) == 0;
}

/* A run from its beginning, as `bern train` makes it. */
static int begin_member(const group_work *w, size_t index, const output_style *style, int force)
{
	train_request request = {.config = *w->config, .style = *style, .force = force};
	const bern_env *env;
	bern_error e;
	run_options *run = &request.config.run;
	run->seed = w->seeds[index];
	if (strlen(w->path) >= sizeof run->runs_dir) {
		bern_fail(&e, BERN_EIO, "the path of the group is longer than %zu bytes",
			  sizeof run->runs_dir - 1);
		return report_error("train", &e);
	}
	snprintf(run->runs_dir, sizeof run->runs_dir, "%s", w->path);
	snprintf(run->name, sizeof run->name, "%.60s", w->members[index]);
	if (w->threads >= 0)
		request.config.agent.threads = w->threads;
	if (w->total_timesteps)
		run->total_timesteps = w->total_timesteps;
	run_folder folder = {.fd = -1};
	snprintf(folder.path, sizeof folder.path, "%.1000s", w->path);
	int32_t rc = 0;
	request.registry = w->registry;
	env = w->env;
	if (!env)
		rc = open_registry(&request.registry, w->env_paths, w->env_path_count, &e);
	if (!rc && !env)
		rc = find_environment(request.registry, request.config.env_id, &folder, &env, &e);
	if (!rc)
		rc = open_world(&request.world, env, request.config.settings,
				request.config.setting_count, w->isolation, &e);
	/* what is taken is given back when the process ends */
	return rc ? report_error("train", &e) : train_run(&request);
}

static int work(void *user, size_t index, const output_style *style)
{
	const group_work *w = user;
	char path[FILE_ROOM];
	struct stat st;
	member_path(w, index, path);
	if (w->force || !has_checkpoint(path))
		return begin_member(w, index, style, w->force || stat(path, &st) == 0);
	resume_request request = {.run = path,
				  .total_timesteps = w->total_timesteps,
				  .threads = w->threads,
				  .env_paths = w->env_paths,
				  .env_path_count = w->env_path_count,
				  .style = *style};
	if (w->isolation)
		request.isolation = *w->isolation;
	return train_resume(&request);
}

static void describe(void *user, size_t index, char *out, size_t size)
{
	const group_work *w = user;
	char path[FILE_ROOM], step[32];
	run_record run;
	bern_error e;
	member_path(w, index, path);
	snprintf(out, size, "ended");
	if (run_record_read(&run, path, &e) == 0) {
		double at = run.status == RUN_SOLVED ? run.outcome.solved_step
						     : run.outcome.last_step;
		int length = snprintf(out, size, "%s", run_status_name(run.status));
		if (at >= 0 && at < 9e15)
			length += snprintf(out + length, size - (size_t)length, " at step %s",
					   progress_count((uint64_t)at, step));
		if (run.outcome.mean == run.outcome.mean)
			snprintf(out + length, size - (size_t)length, ", return %.6g",
				 run.outcome.mean);
	}
	run_record_finish(&run);
}

/* Says what the group has come to. */
static int conclude(const group_work *w, const output_style *style, const job *jobs, size_t count,
		    const char *command, int interrupted)
{
	run_list list;
	bern_error e;
	size_t failed = 0, done = 0;
	for (size_t i = 0; i < count; i++) {
		failed += jobs[i].state == JOB_FAILED;
		done += jobs[i].state == JOB_DONE;
	}
	int status = failed ? EXIT_FAILED : EXIT_OK;
	if (interrupted) {
		if (!style->quiet)
			fprintf(stderr,
				"bern: %s: interrupted, %zu of %zu runs are done; `%s resume %s` "
				"goes on "
				"with the others\n",
				command, done, count, style->program, w->path);
		return EXIT_INTERRUPTED;
	}
	int32_t rc = run_list_read(&list, &w->path, 1, &e);
	if (rc)
		return report_error(command, &e);
	if (style->json)
		rc = summary_print_json(&list, w->path, count, failed, &e);
	else if (!style->quiet)
		rc = summary_print(&list, w->path, count, style, &e);
	run_list_finish(&list);
	if (rc)
		return report_error(command, &e);
	if (failed)
		fprintf(stderr, "bern: %s: %zu of %zu runs failed\n", command, failed, count);
	return status;
}

/* How a run ended, for rank 0. */
typedef struct member_end {
	int32_t state, status;
} member_end;

/* The first run of a rank; of rank `count` the number of runs. */
static size_t first_of(const group_work *w, size_t count, size_t rank)
{
	return count * rank / bern_ranks_count(w->ranks);
}

/* Leaves those runs to other ranks that are theirs. */
static void leave_to_others(const group_work *w, job *jobs, size_t count)
{
	for (size_t r = 0; r < bern_ranks_count(w->ranks); r++)
		for (size_t i = first_of(w, count, r); i < first_of(w, count, r + 1); i++) {
			if (r == bern_ranks_rank(w->ranks) || jobs[i].state != JOB_WAITING)
				continue;
			jobs[i].state = JOB_DONE;
			snprintf(jobs[i].how, sizeof jobs[i].how, "left to rank %zu", r);
		}
}

/* Waits for the other ranks; rank 0 is told how their runs ended. */
static int32_t hear_of_others(const group_work *w, job *jobs, size_t count, int *interrupted,
			      int32_t rc, bern_error *e)
{
	const bern_ranks *ranks = w->ranks;
	const size_t processes = bern_ranks_count(ranks);
	if (processes == 1)
		return rc;
	member_end *ends = calloc(count, sizeof *ends);
	size_t *offset = calloc(processes + 1, sizeof *offset);
	if (!rc && (!ends || !offset))
		rc = bern_fail(e, BERN_EMEMORY, "memory is out: %zu runs", count);
	bern_ranks_meet(ranks);
	rc = bern_ranks_agree(ranks, rc, e);
	*interrupted = (int)bern_ranks_most(ranks, *interrupted);
	for (size_t r = 0; !rc && r <= processes; r++)
		offset[r] = first_of(w, count, r) * sizeof *ends;
	for (size_t i = 0; !rc && i < count; i++)
		ends[i] = (member_end){jobs[i].state, jobs[i].status};
	if (!rc)
		bern_ranks_gather(ranks, ends + first_of(w, count, ranks->rank), ends, offset);
	for (size_t i = 0; !rc && ranks->rank == 0 && i < count; i++) {
		jobs[i].state = ends[i].state;
		jobs[i].status = ends[i].status;
	}
	free(ends);
	free(offset);
	return rc;
}

static int run_members(group_work *w, size_t count, size_t at_once, const output_style *style,
		       const char *command, const job *before)
{
	char title[128];
	bern_error e;
	int interrupted = 0;
	job *jobs = calloc(count, sizeof *jobs);
	if (!jobs) {
		bern_fail(&e, BERN_EMEMORY, "memory is out: %zu runs", count);
		return report_error(command, &e);
	}
	/* the cores are shared by runs and by the threads of each; 0 threads take them all */
	int64_t threads = w->threads >= 0 ? w->threads : w->config->agent.threads;
	if (!at_once)
		at_once = threads ? jobs_cores() / (size_t)threads : 1;
	if (!at_once)
		at_once = 1;
	for (size_t i = 0; i < count; i++) {
		if (before)
			jobs[i] = before[i];
		snprintf(jobs[i].label, sizeof jobs[i].label, "seed %" PRIu64, w->seeds[i]);
		jobs[i].total = (uint64_t)(w->total_timesteps ? w->total_timesteps
							      : w->config->run.total_timesteps);
	}
	leave_to_others(w, jobs, count);
	snprintf(title, sizeof title, "%.80s, %zu seeds", w->config->env_id, count);
	job_plan plan = {.command = command,
			 .title = title,
			 .jobs = jobs,
			 .count = count,
			 .at_once = at_once,
			 .style = style,
			 .work = work,
			 .describe = describe,
			 .user = w};
	int32_t rc = jobs_run(&plan, &interrupted, &e);
	rc = hear_of_others(w, jobs, count, &interrupted, rc, &e);
	int status = EXIT_OK;
	if (rc)
		status = mpirun_report(w->ranks, command, &e);
	else if (bern_ranks_rank(w->ranks) == 0)
		status = conclude(w, style, jobs, count, command, interrupted);
	free(jobs);
	return status;
}

/* ---- train ------------------------------------------------------------------------------------------------------- */

int train_seeds(train_request *request, const seeds_request *seeds)
{
	bern_error e;
	bern_agent *agent = NULL;
	run_folder folder = {.fd = -1};
	char which[128], *text = NULL;
	int status = EXIT_OK;
	group_work w = {.config = &request->config,
			.seeds = seeds->seeds,
			.threads = -1,
			.force = request->force,
			.env_paths = seeds->env_paths,
			.env_path_count = seeds->env_path_count,
			.isolation = seeds->isolation,
			.ranks = request->ranks};
	const int leads = bern_ranks_rank(w.ranks) == 0;
	/* the table of an isolated environment goes with its world, that of the registry stays */
	w.registry = request->registry;
	if (bern_registry_find(w.registry, request->config.env_id, &w.env, &e))
		return mpirun_report(w.ranks, "train", &e);
	w.origin = registry_origin_of(w.registry, w.env);
	if (!strcmp(w.origin, "built in"))
		w.origin = NULL;
	/* what no seed can be trained with is said once */
	int32_t rc = bern_agent_create(&agent, &request->config.agent, &request->world,
				       request->config.run.seed, &e);
	bern_agent_destroy(rc ? NULL : agent);
	seeds_text(seeds->seeds, seeds->count, which, sizeof which);
	if (!rc && !(text = run_config_yaml(&request->config, &request->world)))
		rc = bern_fail(&e, BERN_EMEMORY, "memory is out");
	/* an isolated environment is a process of its own, which the jobs must not share */
	bern_world_finish(&request->world);
	rc = bern_ranks_agree(w.ranks, rc, &e);
	if (!rc)
		rc = mpirun_compare(w.ranks, "configuration", text, strlen(text), &e);
	if (!rc && leads)
		rc = run_folder_create_group(&folder, &request->config, which, request->force,
					     time(NULL), &e);
	if (!rc && leads)
		rc = run_folder_write(&folder, "config.yaml", text, &e);
	if (!rc && leads)
		rc = write_group(&folder, request, seeds, &e);
	run_folder_close(&folder);
	if (!rc && !(w.members = calloc(seeds->count, sizeof *w.members)))
		rc = bern_fail(&e, BERN_EMEMORY, "memory is out: %zu seeds", seeds->count);
	for (size_t i = 0; !rc && i < seeds->count; i++)
		member_name(seeds->seeds[i], w.members[i]);
	/* the folder is one that all ranks see */
	rc = bern_ranks_agree(w.ranks, rc, &e);
	bern_ranks_broadcast(w.ranks, folder.path, sizeof folder.path);
	w.path = folder.path;
	status = rc ? mpirun_report(w.ranks, "train", &e)
		    : run_members(&w, seeds->count, seeds->at_once, &request->style, "train", NULL);
	free(w.members);
	free(text);
	return status;
}

/* ---- resume ------------------------------------------------------------------------------------------------------ */

/* Which members have nothing left to do. */
static void find_done(const group_work *w, size_t count, job *jobs)
{
	for (size_t i = 0; i < count; i++) {
		char path[FILE_ROOM];
		run_record run;
		bern_error e;
		member_path(w, i, path);
		if (run_record_read(&run, path, &e) == 0 && !w->total_timesteps &&
		    (run.status == RUN_FINISHED || run.status == RUN_SOLVED)) {
			jobs[i].state = JOB_DONE;
			jobs[i].steps = run.outcome.last_step >= 0 ? (uint64_t)run.outcome.last_step
								   : 0;
			snprintf(jobs[i].how, sizeof jobs[i].how, "was %s",
				 run_status_name(run.status));
		}
		run_record_finish(&run);
	}
}

int resume_group(resume_request *request, size_t at_once)
{
	run_group group;
	run_config config = {0};
	char file[FILE_ROOM];
	bern_error e;
	uint64_t *seeds = NULL;
	job *jobs = NULL;
	int status;
	int32_t rc = run_group_read(&group, request->run, &e);
	if (!rc) {
		snprintf(file, sizeof file, "%s/config.yaml", group.path);
		rc = run_config_read(&config, file, &e);
	}
	if (!rc) {
		seeds = calloc(group.count, sizeof *seeds);
		jobs = calloc(group.count, sizeof *jobs);
		if (!seeds || !jobs)
			rc = bern_fail(&e, BERN_EMEMORY, "memory is out: %zu runs", group.count);
	}
	for (size_t i = 0; !rc && i < group.count; i++)
		if (group.members[i][0] != 's' ||
		    parse_seed("", group.members[i] + 1, &seeds[i], &e))
			rc = bern_fail(&e, BERN_EFORMAT,
				       "%s: the member %s is not named after its seed (s1)",
				       group.path, group.members[i]);
	rc = bern_ranks_agree(request->ranks, rc, &e);
	if (!rc)
		rc = mpirun_compare(request->ranks, "list of seeds", seeds,
				    group.count * sizeof *seeds, &e);
	if (!rc)
		rc = mpirun_compare(request->ranks, "total_timesteps", &request->total_timesteps,
				    sizeof request->total_timesteps, &e);
	if (rc) {
		status = mpirun_report(request->ranks, "resume", &e);
	} else {
		group_work w = {.path = group.path,
				.config = &config,
				.members = group.members,
				.seeds = seeds,
				.total_timesteps = request->total_timesteps,
				.threads = request->threads,
				.env_paths = request->env_paths,
				.env_path_count = request->env_path_count,
				.isolation = &request->isolation,
				.ranks = request->ranks};
		find_done(&w, group.count, jobs);
		status = run_members(&w, group.count, at_once, &request->style, "resume", jobs);
	}
	free(jobs);
	free(seeds);
	run_config_finish(&config);
	run_group_finish(&group);
	return status;
}
