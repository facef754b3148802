#include "runs_read.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_ROOM (RUN_PATH_ROOM + 64)

const char *run_status_name(int32_t status)
{
	static const char *const names[] = {
		[RUN_UNKNOWN] = "unknown", [RUN_RUNNING] = "running",
		[RUN_KILLED] = "killed",   [RUN_INTERRUPTED] = "interrupted",
		[RUN_FAILED] = "failed",   [RUN_FINISHED] = "finished",
		[RUN_SOLVED] = "solved",
	};
	return names[status];
}

/* ---- one run ---------------------------------------------------------------------------------------------------- */

/* Copies a path without slashes at its end. */
static int32_t take_path(char out[RUN_PATH_ROOM], const char *path, bern_error *e)
{
	size_t length = strlen(path);
	while (length > 1 && path[length - 1] == '/')
		length--;
	if (length == 0 || length >= RUN_PATH_ROOM)
		return bern_fail(e, BERN_EIO, "'%.40s...' is no path of a run: %zu bytes", path,
				 length);
	memcpy(out, path, length);
	out[length] = '\0';
	return 0;
}

/* Whether a process trains in the folder: it holds the lock. */
static int is_locked(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	int locked = flock(fd, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK;
	close(fd);
	return locked;
}

static double number_of(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

static void text_of(const json_t *object, const char *key, char *out, size_t size)
{
	const char *text = json_string_value(json_object_get(object, key));
	snprintf(out, size, "%s", text ? text : "");
}

static int32_t status_of(const char *exit, const char *path, char *failure, size_t size)
{
	static const char failed[] = "failed: ";
	if (!strcmp(exit, "solved"))
		return RUN_SOLVED;
	if (!strcmp(exit, "finished"))
		return RUN_FINISHED;
	if (!strcmp(exit, "interrupted"))
		return RUN_INTERRUPTED;
	if (!strncmp(exit, failed, sizeof failed - 1)) {
		snprintf(failure, size, "%.255s", exit + sizeof failed - 1);
		return RUN_FAILED;
	}
	if (!strcmp(exit, "running"))
		return is_locked(path) ? RUN_RUNNING : RUN_KILLED;
	return RUN_UNKNOWN;
}

/* Takes what a whole meta.json says; of one that is missing or broken nothing. */
static void take_meta(run_record *run)
{
	char path[FILE_ROOM], exit[512];
	json_error_t why;
	snprintf(path, sizeof path, "%s/meta.json", run->path);
	json_t *root = json_load_file(path, 0, &why);
	const json_t *sessions = json_object_get(root, "sessions");
	const json_t *first = json_array_get(sessions, 0);
	const json_t *last = json_array_get(sessions, json_array_size(sessions) - 1);
	const json_t *result = json_object_get(last, "result");
	run_outcome *o = &run->outcome;
	text_of(root, "env_origin", run->origin, sizeof run->origin);
	text_of(first, "start", run->start, sizeof run->start);
	text_of(last, "end", run->end, sizeof run->end);
	text_of(last, "exit", exit, sizeof exit);
	run->status = status_of(exit, run->path, run->failure, sizeof run->failure);
	o->last_step = number_of(last, "last_step");
	o->mean = number_of(result, "return");
	o->low = number_of(result, "low");
	o->high = number_of(result, "high");
	o->episodes = number_of(result, "episodes");
	o->learning = number_of(result, "learning");
	o->best_look = number_of(result, "best_look");
	o->solved_step = number_of(result, "solved_step");
	if (result && isnan(o->solved_step))
		o->solved_step = INFINITY;
	json_decref(root);
}

int32_t run_record_read(run_record *run, const char *path, bern_error *e)
{
	char file[FILE_ROOM];
	struct stat st;
	memset(run, 0, sizeof *run);
	int32_t rc = take_path(run->path, path, e);
	if (rc)
		return rc;
	if (stat(run->path, &st))
		return bern_fail(e, BERN_EIO, "there is no run folder %s: %s", run->path,
				 strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return bern_fail(e, BERN_EIO, "%s is a file, not a run folder", run->path);
	snprintf(file, sizeof file, "%s/config.yaml", run->path);
	if (stat(file, &st))
		return bern_fail(e, BERN_EIO,
				 "%s is no run folder, and no group of them: it has neither a "
				 "config.yaml nor a " GROUP_FILE,
				 run->path);
	rc = run_config_read(&run->config, file, e);
	if (!rc)
		take_meta(run);
	return rc;
}

void run_record_finish(run_record *run)
{
	run_config_finish(&run->config);
	memset(run, 0, sizeof *run);
}

int32_t run_table_read(const run_record *run, const char *file, const char *const *wanted,
		       size_t count, csv_table *table, bern_error *e)
{
	char path[FILE_ROOM];
	struct stat st;
	memset(table, 0, sizeof *table);
	snprintf(path, sizeof path, "%s/%s", run->path, file);
	if (stat(path, &st))
		return bern_fail(e, BERN_EIO, "%s has no %s: %s", run->path, file, strerror(errno));
	return csv_read(table, path, wanted, count, e);
}

/* ---- groups ----------------------------------------------------------------------------------------------------- */

int is_run_group(const char *path)
{
	char folder[RUN_PATH_ROOM], file[FILE_ROOM];
	struct stat st;
	bern_error ignored;
	if (take_path(folder, path, &ignored))
		return 0;
	snprintf(file, sizeof file, "%s/" GROUP_FILE, folder);
	return stat(file, &st) == 0 && S_ISREG(st.st_mode);
}

int32_t run_group_read(run_group *group, const char *path, bern_error *e)
{
	char file[FILE_ROOM];
	json_error_t why;
	memset(group, 0, sizeof *group);
	int32_t rc = take_path(group->path, path, e);
	if (rc)
		return rc;
	snprintf(file, sizeof file, "%s/" GROUP_FILE, group->path);
	json_t *root = json_load_file(file, 0, &why);
	if (!root)
		return bern_fail(e, BERN_EFORMAT, "%s cannot be read: %s", file, why.text);
	const json_t *members = json_object_get(root, "members");
	size_t count = json_array_size(members);
	if (count == 0)
		rc = bern_fail(e, BERN_EFORMAT, "%s names no members", file);
	if (!rc && !(group->members = calloc(count, sizeof *group->members)))
		rc = bern_fail(e, BERN_EMEMORY, "reading %s: memory is out", file);
	for (size_t i = 0; !rc && i < count; i++) {
		const char *name = json_string_value(json_array_get(members, i));
		if (!name || !*name || *name == '.' || strchr(name, '/') ||
		    strlen(name) >= sizeof *group->members)
			rc = bern_fail(e, BERN_EFORMAT,
				       "%s: member %zu is no name of a folder in it", file, i + 1);
		else
			snprintf(group->members[group->count++], sizeof *group->members, "%s",
				 name);
	}
	json_decref(root);
	if (rc)
		run_group_finish(group);
	return rc;
}

void run_group_finish(run_group *group)
{
	free(group->members);
	memset(group, 0, sizeof *group);
}

/* ---- several ---------------------------------------------------------------------------------------------------- */

static int32_t out_of_memory(bern_error *e)
{
	return bern_fail(e, BERN_EMEMORY, "memory is out: too many runs");
}

static int32_t add_note(run_list *list, const char *sentence, bern_error *e)
{
	char **more = realloc(list->notes, (list->note_count + 1) * sizeof *more);
	if (!more)
		return out_of_memory(e);
	list->notes = more;
	more[list->note_count] = strdup(sentence);
	if (!more[list->note_count])
		return out_of_memory(e);
	list->note_count++;
	return 0;
}

/* Adds a run; *broken tells that it was the run that could not be read, not the list that could not grow. */
static int32_t add_run(run_list *list, const char *path, size_t from, int *broken, bern_error *e)
{
	*broken = 0;
	/* doubled at powers of two, one at the start */
	if ((list->count & (list->count - 1)) == 0) {
		size_t room = list->count ? 2 * list->count : 1;
		run_record *runs = realloc(list->runs, room * sizeof *runs);
		if (runs)
			list->runs = runs;
		size_t *origins = runs ? realloc(list->from, room * sizeof *origins) : NULL;
		if (!origins)
			return out_of_memory(e);
		list->from = origins;
	}
	int32_t rc = run_record_read(&list->runs[list->count], path, e);
	*broken = rc != 0;
	if (!rc)
		list->from[list->count++] = from;
	return rc;
}

static int32_t add_group(run_list *list, const char *path, size_t from, bern_error *e)
{
	run_group group;
	size_t before = list->count;
	int32_t rc = run_group_read(&group, path, e);
	for (size_t i = 0; !rc && i < group.count; i++) {
		char member[FILE_ROOM + 8], said[FILE_ROOM + sizeof e->text + 64];
		struct stat st;
		int broken;
		snprintf(member, sizeof member, "%s/%s", group.path, group.members[i]);
		if (stat(member, &st)) {
			snprintf(said, sizeof said, "%s is left out: it is not there", member);
			rc = add_note(list, said, e);
			continue;
		}
		rc = add_run(list, member, from, &broken, e);
		if (rc && broken) {
			snprintf(said, sizeof said, "%s is left out: %s", member, e->text);
			rc = add_note(list, said, e);
		}
	}
	if (!rc && list->count == before)
		rc = bern_fail(e, BERN_EIO, "the group %s has no run that can be read", group.path);
	run_group_finish(&group);
	return rc;
}

int32_t run_list_read(run_list *list, const char *const *paths, size_t count, bern_error *e)
{
	memset(list, 0, sizeof *list);
	int32_t rc = 0;
	for (size_t i = 0; !rc && i < count; i++) {
		int broken;
		rc = is_run_group(paths[i]) ? add_group(list, paths[i], i, e)
					    : add_run(list, paths[i], i, &broken, e);
	}
	if (rc)
		run_list_finish(list);
	return rc;
}

void run_list_finish(run_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		run_record_finish(&list->runs[i]);
	for (size_t i = 0; i < list->note_count; i++)
		free(list->notes[i]);
	free(list->runs);
	free(list->from);
	free(list->notes);
	memset(list, 0, sizeof *list);
}
