#include "runs.h"

#include "options.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ---- finding -------------------------------------------------------------------------------------------------- */

typedef struct found_runs {
	run_record *runs; /* owned */
	size_t count, room;
	size_t broken; /* named on stderr */
} found_runs;

static void found_finish(found_runs *found)
{
	for (size_t i = 0; i < found->count; i++)
		run_record_finish(&found->runs[i]);
	free(found->runs);
}

static int is_folder(const char *path)
{
	struct stat info;
	return !stat(path, &info) && S_ISDIR(info.st_mode);
}

static int has_file(const char *folder, const char *name)
{
	char path[RUN_PATH_ROOM + 64];
	struct stat info;
	snprintf(path, sizeof path, "%s/%s", folder, name);
	return !lstat(path, &info);
}

/* Adds a run; one that is broken is named and counted. */
static int32_t add_run(found_runs *found, const char *path, bern_error *e)
{
	bern_error why;
	if (found->count == found->room) {
		size_t room = found->room ? 2 * found->room : 64;
		run_record *more = realloc(found->runs, room * sizeof *more);
		if (!more)
			return bern_fail(e, BERN_EMEMORY, "out of memory for %zu runs", room);
		found->runs = more;
		found->room = room;
	}
	if (run_record_read(&found->runs[found->count], path, &why)) {
		found->broken++;
		report_error("runs", &why);
	} else
		found->count++;
	return 0;
}

static int32_t add_group(found_runs *found, const char *path, bern_error *e)
{
	run_group group;
	bern_error why;
	int32_t rc = 0;
	if (run_group_read(&group, path, &why)) {
		found->broken++;
		report_error("runs", &why);
		return 0;
	}
	for (size_t i = 0; !rc && i < group.count; i++) {
		char member[RUN_PATH_ROOM + 65];
		snprintf(member, sizeof member, "%s/%s", path, group.members[i]);
		/* a member that has not begun, or that somebody took away */
		if (is_folder(member))
			rc = add_run(found, member, e);
	}
	run_group_finish(&group);
	return rc;
}

/* Whether there is any trace of a run. */
static int looks_like_run(const char *path)
{
	return has_file(path, "config.yaml") || has_file(path, "meta.json") ||
	       has_file(path, "progress.csv");
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names in a folder, sorted; owned by the caller. */
static int32_t names_in(const char *folder, char ***out, size_t *count, bern_error *e)
{
	DIR *dir = opendir(folder);
	char **names = NULL;
	size_t room = 0;
	*count = 0;
	if (!dir)
		return bern_fail(e, BERN_EIO, "there is no folder %s to read: %s", folder,
				 strerror(errno));
	for (struct dirent *entry; (entry = readdir(dir));) {
		if (entry->d_name[0] == '.')
			continue;
		if (*count == room) {
			room = room ? 2 * room : 64;
			char **more = realloc(names, room * sizeof *more);
			if (!more)
				break;
			names = more;
		}
		if (!(names[*count] = strdup(entry->d_name)))
			break;
		++*count;
	}
	closedir(dir);
	if (*count)
		qsort(names, *count, sizeof *names, by_name);
	*out = names;
	return 0;
}

static void names_free(char **names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

/* Adds a run, the runs of a group, or all those of a folder of runs. */
static int32_t add_path(found_runs *found, const char *path, bern_error *e)
{
	char **names;
	size_t count;
	if (is_run_group(path))
		return add_group(found, path, e);
	if (looks_like_run(path))
		return add_run(found, path, e);
	int32_t rc = names_in(path, &names, &count, e);
	if (rc)
		return rc;
	for (size_t i = 0; !rc && i < count; i++) {
		char inside[RUN_PATH_ROOM];
		if (snprintf(inside, sizeof inside, "%s/%s", path, names[i]) >=
			    (int)sizeof inside ||
		    !is_folder(inside))
			continue;
		if (is_run_group(inside))
			rc = add_group(found, inside, e);
		else if (looks_like_run(inside))
			rc = add_run(found, inside, e);
	}
	names_free(names, count);
	return rc;
}

/* ---- listing -------------------------------------------------------------------------------------------------- */

int32_t runs_since(runs_filter *filter, const char *text, int64_t now, bern_error *e)
{
	static const struct {
		char letter;
		int64_t seconds;
	} units[] = {{'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
	int year, month, day, hour = 0, minute = 0, second = 0, used = 0;
	size_t digits = strspn(text, "0123456789");
	if (digits && digits < 9 && text[digits] && !text[digits + 1])
		for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
			if (text[digits] == units[i].letter) {
				time_t then = (time_t)(now -
						       strtol(text, NULL, 10) * units[i].seconds);
				struct tm t;
				if (!gmtime_r(&then, &t))
					break;
				strftime(filter->since, sizeof filter->since, "%Y-%m-%dT%H:%M:%SZ",
					 &t);
				return 0;
			}
	int read = sscanf(text, "%4d-%2d-%2d%nT%2d:%2d:%2d%n", &year, &month, &day, &used, &hour,
			  &minute, &second, &used);
	int whole = digits == 4 && (read == 3 || read == 6) &&
		    (!text[used] || (read == 6 && !strcmp(text + used, "Z")));
	if (!whole || month < 1 || month > 12 || day < 1 || day > 31 || hour < 0 || hour > 23 ||
	    minute < 0 || minute > 59 || second < 0 || second > 60)
		return bern_fail(e, BERN_EUSAGE,
				 "--since: '%.60s' is no time; allowed: 2026-01-31, "
				 "2026-01-31T12:00:00Z, or an age as 90m, 12h, 7d, 2w",
				 text);
	snprintf(filter->since, sizeof filter->since, "%04d-%02d-%02dT%02d:%02d:%02dZ",
		 year % 10000, month, day, hour, minute, second);
	return 0;
}

static int is_wanted(const run_record *run, const runs_filter *filter)
{
	if (filter->env && !strstr(run->config.env_id, filter->env))
		return 0;
	if (filter->status >= 0 && run->status != filter->status)
		return 0;
	return strcmp(run->start, filter->since) >= 0;
}

/* Oldest first; those of the same second, as of a group, by their place in the list. */
static int by_start(const void *a, const void *b)
{
	const run_record *const *x = a, *const *y = b;
	int order = strcmp((*x)->start, (*y)->start);
	return order ? order : (*x > *y) - (*x < *y);
}

static json_t *number(double x)
{
	if (!isfinite(x))
		return json_null();
	return x == floor(x) && fabs(x) < 9e15 ? json_integer((json_int_t)x) : json_real(x);
}

static json_t *run_json(const run_record *run)
{
	const run_outcome *o = &run->outcome;
	char seed[32];
	snprintf(seed, sizeof seed, "%llu", (unsigned long long)run->config.run.seed);
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:s}", "path",
			 run->path, "env", run->config.env_id, "agent", run->config.agent.agent,
			 "seed", seed, "status", run_status_name(run->status), "start", run->start,
			 "end", run->end, "steps", number(o->last_step), "return", number(o->mean),
			 "low", number(o->low), "high", number(o->high), "learning",
			 number(o->learning), "best_look", number(o->best_look), "solved_step",
			 number(o->solved_step), "failure", run->failure);
}

static int32_t print_json(json_t *object, bern_error *e)
{
	char *text = object ? json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;
	json_decref(object);
	if (!text)
		return bern_fail(e, BERN_EMEMORY, "out of memory");
	printf("%s\n", text);
	free(text);
	return 0;
}

/* A number in a column, "-" if it is not known. */
static const char *cell(double x, int digits, char out[32])
{
	if (isfinite(x))
		snprintf(out, 32, "%.*f", digits, x);
	else
		snprintf(out, 32, "-");
	return out;
}

static void print_table(const run_record *const *runs, size_t count)
{
	int path = 4, env = 3, agent = 5;
	for (size_t i = 0; i < count; i++) {
		int widths[] = {(int)strlen(runs[i]->path), (int)strlen(runs[i]->config.env_id),
				(int)strlen(runs[i]->config.agent.agent)};
		path = widths[0] > path ? widths[0] : path;
		env = widths[1] > env ? widths[1] : env;
		agent = widths[2] > agent ? widths[2] : agent;
	}
	printf("%-*s  %-*s  %-*s  %6s  %-11s  %10s  %9s  %9s  %s\n", path, "run", env, "env", agent,
	       "agent", "seed", "status", "steps", "best look", "return", "began (UTC)");
	for (size_t i = 0; i < count; i++) {
		char steps[32], best[32], last[32];
		const run_outcome *o = &runs[i]->outcome;
		/* of a run without a final evaluation: the mean of what it got while learning */
		double mean = isfinite(o->mean) ? o->mean : o->learning;
		printf("%-*s  %-*s  %-*s  %6llu  %-11s  %10s  %9s  %9s  %.16s\n", path,
		       runs[i]->path, env, runs[i]->config.env_id, agent,
		       runs[i]->config.agent.agent, (unsigned long long)runs[i]->config.run.seed,
		       run_status_name(runs[i]->status), cell(o->last_step, 0, steps),
		       cell(o->best_look, 2, best), cell(mean, 2, last),
		       *runs[i]->start ? runs[i]->start : "-");
	}
}

int32_t runs_list(const char *folder, const runs_filter *filter, int json, bern_error *e)
{
	found_runs found = {0};
	int32_t rc = add_path(&found, folder, e);
	const run_record **wanted = malloc((found.count + 1) * sizeof *wanted);
	size_t count = 0;
	if (!rc && !wanted)
		rc = bern_fail(e, BERN_EMEMORY, "out of memory for %zu runs", found.count);
	for (size_t i = 0; !rc && i < found.count; i++)
		if (is_wanted(&found.runs[i], filter))
			wanted[count++] = &found.runs[i];
	if (!rc && count)
		qsort(wanted, count, sizeof *wanted, by_start);
	for (size_t i = 0; !rc && json && i < count; i++)
		rc = print_json(run_json(wanted[i]), e);
	if (!rc && !json && count)
		print_table(wanted, count);
	if (!rc && !json && !count)
		fprintf(stderr, "bern: runs: no runs in %s%s\n", folder,
			found.count ? " that are wanted" : "");
	free(wanted);
	found_finish(&found);
	return rc;
}

/* ---- one ------------------------------------------------------------------------------------------------------ */

static void print_checkpoints(const run_record *run)
{
	char path[RUN_PATH_ROOM + 64], target[256];
	char **names;
	size_t count;
	bern_error e;
	snprintf(path, sizeof path, "%s/checkpoints", run->path);
	if (names_in(path, &names, &count, &e))
		count = 0, names = NULL;
	printf("%-16s %zu", "checkpoints", count);
	static const char *const links[] = {"latest", "best"};
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "%s/%s", run->path, links[i]);
		ssize_t length = readlink(path, target, sizeof target - 1);
		if (length > 0) {
			target[length] = '\0';
			printf(", %s %s", links[i], target);
		}
	}
	printf("\n");
	names_free(names, count);
}

static void print_value(const char *name, double x)
{
	if (isfinite(x))
		printf("%-16s %.10g\n", name, x);
}

static void print_run(const run_record *run)
{
	const run_outcome *o = &run->outcome;
	printf("%-16s %s\n%-16s %s\n%-16s %s\n%-16s %llu\n%-16s %s\n", "run", run->path, "env",
	       run->config.env_id, "agent", run->config.agent.agent, "seed",
	       (unsigned long long)run->config.run.seed, "status", run_status_name(run->status));
	if (*run->failure)
		printf("%-16s %s\n", "failure", run->failure);
	if (*run->start)
		printf("%-16s %s\n", "began", run->start);
	if (*run->end)
		printf("%-16s %s\n", "ended", run->end);
	if (*run->origin)
		printf("%-16s %s\n", "env_from", run->origin);
	print_value("steps", o->last_step);
	print_value("solved_step", o->solved_step);
	print_value("best_look", o->best_look);
	print_value("return_learning", o->learning);
	print_value("return", o->mean);
	if (isfinite(o->low))
		printf("%-16s %.6g to %.6g, 95%%, %.0f episodes\n", "interval", o->low, o->high,
		       o->episodes);
	print_checkpoints(run);
	/* what was chosen, as far as it is not the default */
	run_config fallback;
	run_config_defaults(&fallback);
	for (size_t i = 0; i < train_option_count(); i++) {
		char text[BERN_LIST_TEXT + 32], usual[BERN_LIST_TEXT + 32];
		train_option_get(&run->config, i, text, sizeof text);
		train_option_get(&fallback, i, usual, sizeof usual);
		if (strcmp(text, usual) != 0)
			printf("  %-24s %s\n", train_option_at(i)->param.key, text);
	}
	for (size_t i = 0; i < run->config.setting_count; i++)
		printf("  env.%-20s %s\n", run->config.settings[i].key,
		       run->config.settings[i].text);
}

int32_t runs_show(const char *path, int json, bern_error *e)
{
	run_list list;
	int32_t rc = run_list_read(&list, &path, 1, e);
	if (rc)
		return rc;
	for (size_t i = 0; !rc && i < list.count; i++) {
		if (json)
			rc = print_json(run_json(&list.runs[i]), e);
		else {
			printf("%s", i ? "\n" : "");
			print_run(&list.runs[i]);
		}
	}
	for (size_t i = 0; i < list.note_count; i++)
		fprintf(stderr, "bern: runs: %s\n", list.notes[i]);
	run_list_finish(&list);
	return rc;
}

/* ---- two ------------------------------------------------------------------------------------------------------ */

/* One row of a difference: nothing if both are alike. */
static int32_t print_difference(const char *name, const char *a, const char *b, int json,
				bern_error *e)
{
	if (!strcmp(a, b))
		return 0;
	if (json)
		return print_json(json_pack("{s:s,s:s,s:s}", "key", name, "a", a, "b", b), e);
	printf("%-26s %-24s %s\n", name, *a ? a : "\"\"", *b ? b : "\"\"");
	return 0;
}

static const char *setting_of(const run_record *run, const char *key)
{
	for (size_t i = 0; i < run->config.setting_count; i++)
		if (!strcmp(run->config.settings[i].key, key))
			return run->config.settings[i].text;
	return "";
}

static const char *plain(double x, char out[40])
{
	if (isfinite(x))
		snprintf(out, 40, "%.10g", x);
	else
		out[0] = '\0';
	return out;
}

static int32_t print_outcomes(const run_record *a, const run_record *b, int json, bern_error *e)
{
	const struct {
		const char *name;
		double a, b;
	} rows[] = {
		{"steps", a->outcome.last_step, b->outcome.last_step},
		{"solved_step", a->outcome.solved_step, b->outcome.solved_step},
		{"best_look", a->outcome.best_look, b->outcome.best_look},
		{"return_learning", a->outcome.learning, b->outcome.learning},
		{"return", a->outcome.mean, b->outcome.mean},
	};
	int32_t rc = print_difference("status", run_status_name(a->status),
				      run_status_name(b->status), json, e);
	for (size_t i = 0; !rc && i < sizeof rows / sizeof rows[0]; i++) {
		char x[40], y[40];
		rc = print_difference(rows[i].name, plain(rows[i].a, x), plain(rows[i].b, y), json,
				      e);
	}
	return rc;
}

static int32_t print_configs(const run_record *a, const run_record *b, int json, bern_error *e)
{
	int32_t rc = print_difference("env.id", a->config.env_id, b->config.env_id, json, e);
	char name[300];
	for (size_t i = 0; !rc && i < a->config.setting_count; i++) {
		const char *key = a->config.settings[i].key;
		snprintf(name, sizeof name, "env.%s", key);
		rc = print_difference(name, a->config.settings[i].text, setting_of(b, key), json,
				      e);
	}
	for (size_t i = 0; !rc && i < b->config.setting_count; i++) {
		const char *key = b->config.settings[i].key;
		snprintf(name, sizeof name, "env.%s", key);
		if (!*setting_of(a, key))
			rc = print_difference(name, "", b->config.settings[i].text, json, e);
	}
	for (size_t i = 0; !rc && i < train_option_count(); i++) {
		char x[BERN_LIST_TEXT + 32], y[BERN_LIST_TEXT + 32];
		train_option_get(&a->config, i, x, sizeof x);
		train_option_get(&b->config, i, y, sizeof y);
		snprintf(name, sizeof name, "train.%s", train_option_at(i)->param.key);
		rc = print_difference(name, x, y, json, e);
	}
	return rc;
}

int32_t runs_diff(const char *a, const char *b, int json, bern_error *e)
{
	run_record x, y;
	const char *group = is_run_group(a) ? a : is_run_group(b) ? b : NULL;
	if (group)
		return bern_fail(e, BERN_EUSAGE,
				 "%.500s is a group of runs; give one of its runs, or take bern "
				 "compare for groups",
				 group);
	int32_t rc = run_record_read(&x, a, e);
	if (rc)
		return rc;
	rc = run_record_read(&y, b, e);
	if (!rc) {
		if (!json)
			printf("%-26s %-24s %s\n", "", a, b);
		rc = print_configs(&x, &y, json, e);
		if (!rc)
			rc = print_outcomes(&x, &y, json, e);
		run_record_finish(&y);
	}
	run_record_finish(&x);
	return rc;
}

/* ---- pruning -------------------------------------------------------------------------------------------------- */

/* The file that a link of the run points to, "" if there is none. */
static void link_target(const char *run, const char *name, char out[256])
{
	char path[RUN_PATH_ROOM + 64];
	snprintf(path, sizeof path, "%s/%s", run, name);
	ssize_t length = readlink(path, out, 255);
	out[length > 0 ? length : 0] = '\0';
	char *slash = strrchr(out, '/');
	if (slash)
		memmove(out, slash + 1, strlen(slash));
}

static int is_checkpoint(const char *name)
{
	size_t digits = strncmp(name, "step_", 5) ? 0 : strspn(name + 5, "0123456789");
	return digits && !strcmp(name + 5 + digits, ".safetensors");
}

/* Goes over the checkpoints that may go: counts them and their bytes, or removes them. */
static int32_t prune_run(const char *run, const runs_prune_plan *plan, int remove_them,
			 size_t *files, uint64_t *bytes, bern_error *e)
{
	char folder[RUN_PATH_ROOM + 64], path[RUN_PATH_ROOM + 400], best[256], latest[256];
	char **names;
	size_t count, kept = 0;
	snprintf(folder, sizeof folder, "%s/checkpoints", run);
	if (!is_folder(folder))
		return 0;
	int32_t rc = names_in(folder, &names, &count, e);
	if (rc)
		return rc;
	link_target(run, "best", best);
	link_target(run, "latest", latest);
	/* newest last: a name has its step in twelve digits */
	for (size_t i = count; !rc && i-- > 0;) {
		struct stat info;
		if (!is_checkpoint(names[i]))
			continue;
		int keep = (plan->keep_best && !strcmp(names[i], best)) ||
			   (plan->keep_latest && !strcmp(names[i], latest)) ||
			   (int64_t)kept++ < plan->keep_newest;
		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		if (keep || stat(path, &info))
			continue;
		++*files;
		*bytes += (uint64_t)info.st_size;
		if (remove_them && unlink(path) && errno != ENOENT)
			rc = bern_fail(e, BERN_EIO, "removing %s: %s", path, strerror(errno));
	}
	/* a link to what is gone would only be an error for whoever follows it */
	static const char *const links[] = {"best", "latest"};
	for (size_t i = 0; !rc && remove_them && i < 2; i++) {
		struct stat info;
		snprintf(path, sizeof path, "%s/%s", run, links[i]);
		if (!lstat(path, &info) && stat(path, &info))
			unlink(path);
	}
	names_free(names, count);
	return rc;
}

/* Whether the person says yes. */
static int agrees(size_t files, uint64_t bytes, size_t runs)
{
	char answer[16] = "";
	fprintf(stderr, "remove %zu checkpoints (%.1f MiB) of %zu runs? [y/N] ", files,
		(double)bytes / 1048576, runs);
	fflush(stderr);
	return fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

int32_t runs_prune(const char *const *paths, size_t count, const runs_prune_plan *plan,
		   bern_error *e)
{
	found_runs found = {0};
	size_t files = 0, runs = 0;
	uint64_t bytes = 0;
	int32_t rc = 0;
	for (size_t i = 0; !rc && i < count; i++)
		rc = add_path(&found, paths[i], e);
	for (size_t i = 0; !rc && i < found.count; i++) {
		size_t before = files;
		rc = prune_run(found.runs[i].path, plan, 0, &files, &bytes, e);
		runs += files > before;
	}
	if (!rc && files && !plan->yes) {
		if (!isatty(STDIN_FILENO))
			rc = bern_fail(e, BERN_EUSAGE,
				       "nobody to ask whether %zu checkpoints of %zu runs may go; "
				       "--yes removes them",
				       files, runs);
		else if (!agrees(files, bytes, runs))
			files = 0;
	}
	size_t removed = 0;
	uint64_t freed = 0;
	for (size_t i = 0; !rc && files && i < found.count; i++) {
		run_folder folder = {.fd = -1};
		bern_error why;
		/* the lock is taken, so that no process trains in it meanwhile */
		if (run_folder_open(&folder, found.runs[i].path, &why)) {
			report_error("runs", &why);
			continue;
		}
		rc = prune_run(found.runs[i].path, plan, 1, &removed, &freed, e);
		run_folder_close(&folder);
	}
	if (!rc)
		printf("removed %zu checkpoints, %.1f MiB\n", removed, (double)freed / 1048576);
	found_finish(&found);
	return rc;
}
