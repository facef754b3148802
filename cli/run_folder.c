#include "run_folder.h"

#include "file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_ROOM (RUN_PATH_ROOM + 64)

static int32_t fail_io(bern_error *e, const char *doing, const char *path)
{
	return bern_fail(e, BERN_EIO, "%s %s: %s", doing, path, strerror(errno));
}

/* ---- names --------------------------------------------------------------------------------------- */

static int32_t check_name(const char *name, bern_error *e)
{
	size_t length = strlen(name);
	int odd = 0;
	for (size_t i = 0; i < length; i++)
		odd |= name[i] == '/' || (unsigned char)name[i] < ' ' || name[i] == 127;
	if (odd || !length || length > 200 || name[0] == '.')
		return bern_fail(e, BERN_EUSAGE,
				 "name: \"%.200s\" is not allowed; a run's name is 1 to 200 "
				 "characters without / and does not begin with a dot",
				 name);
	return 0;
}

/* A slash in an id becomes a dash. */
static void default_name(char *out, size_t size, const run_config *config, const char *seeds,
			 time_t now)
{
	char id[sizeof config->env_id], when[32] = "00000000-000000";
	struct tm t;
	snprintf(id, sizeof id, "%s", config->env_id);
	for (char *c = id; *c; c++)
		if (*c == '/')
			*c = '-';
	if (localtime_r(&now, &t))
		strftime(when, sizeof when, "%Y%m%d-%H%M%S", &t);
	snprintf(out, size, "%.100s__%.40s__s%s__%s", id, config->agent.agent, seeds, when);
}

char *run_folder_file(const run_folder *folder, const char *name, char *out)
{
	snprintf(out, FILE_ROOM, "%s/%s", folder->path, name);
	return out;
}

char *run_folder_checkpoint(uint64_t step, char *out)
{
	snprintf(out, 64, "checkpoints/step_%09llu.safetensors", (unsigned long long)step);
	return out;
}

static int ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);
	return n >= m && strcmp(name + n - m, end) == 0;
}

static int is_checkpoint(const char *name)
{
	return strncmp(name, "step_", 5) == 0 && ends_with(name, ".safetensors");
}

/* What a killed process leaves behind: the temporary names of core/file.c and of links here. */
static int is_temporary(const char *name)
{
	return strncmp(name, ".bern-", 6) == 0;
}

/* ---- making and opening --------------------------------------------------------------------------- */

/* mkdir -p */
static int32_t make_parents(const char *path, bern_error *e)
{
	char part[RUN_PATH_ROOM];
	size_t length = strlen(path);
	for (size_t i = 1; i <= length; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, 0777) && errno != EEXIST && errno != EISDIR)
			return fail_io(e, "making the folder", part);
	}
	struct stat st;
	if (stat(path, &st))
		return fail_io(e, "making the folder", path);
	if (!S_ISDIR(st.st_mode))
		return bern_fail(e, BERN_EIO, "making the folder %s: a file of that name exists",
				 path);
	return 0;
}

/* Calls remove on what `wanted` picks of a folder. A folder that is not there holds nothing. */
static int32_t remove_files(const char *path, int (*wanted)(const char *name), bern_error *e)
{
	DIR *d = opendir(path);
	if (!d)
		return errno == ENOENT ? 0 : fail_io(e, "reading the folder", path);
	int32_t rc = 0;
	for (struct dirent *entry; !rc && (entry = readdir(d));)
		if (wanted(entry->d_name) && unlinkat(dirfd(d), entry->d_name, 0) &&
		    errno != ENOENT)
			rc = bern_fail(e, BERN_EIO, "removing %s/%s: %s", path, entry->d_name,
				       strerror(errno));
	closedir(d);
	return rc;
}

static int is_run_file(const char *name)
{
	static const char *const names[] = {"config.yaml", "meta.json",     "progress.csv",
					    "eval.csv",    "monitor.csv",   "latest",
					    "best",        "progress.jsonl"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(name, names[i]) == 0)
			return 1;
	return is_temporary(name) || strncmp(name, "events.out.tfevents.", 20) == 0;
}

static int is_checkpoint_file(const char *name)
{
	return is_checkpoint(name) || is_temporary(name);
}

/* Opens the folder itself and locks it, so that no two processes write one run. */
static int32_t lock(run_folder *folder, bern_error *e)
{
	folder->fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder->fd < 0)
		return fail_io(e, "opening the run folder", folder->path);
	/* some network file systems cannot lock: then the user sees to it */
	if (flock(folder->fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK) {
		run_folder_close(folder);
		return bern_fail(e, BERN_EIO, "%s is in use: another process trains in it",
				 folder->path);
	}
	return 0;
}

/* Takes over or clears what is there already, and completes an empty folder. */
static int32_t prepare(run_folder *folder, int force, bern_error *e)
{
	char checkpoints[FILE_ROOM];
	int32_t rc = lock(folder, e);
	if (rc)
		return rc;
	run_folder_file(folder, "checkpoints", checkpoints);
	if (force) {
		rc = remove_files(folder->path, is_run_file, e);
		if (!rc)
			rc = remove_files(checkpoints, is_checkpoint_file, e);
	}
	if (!rc && mkdir(checkpoints, 0777) && errno != EEXIST)
		rc = fail_io(e, "making the folder", checkpoints);
	if (rc)
		run_folder_close(folder);
	return rc;
}

/* Makes the folder itself, as the header says of runs and of groups. *taken_over tells that it was there. */
static int32_t make_folder(run_folder *folder, const run_config *config, const char *seeds,
			   int force, time_t now, int *taken_over, bern_error *e)
{
	const char *dir = config->run.runs_dir[0] ? config->run.runs_dir : ".";
	char name[RUN_PATH_ROOM];
	int named = config->run.name[0] != '\0';
	*folder = (run_folder){.fd = -1};
	*taken_over = 0;
	if (named)
		snprintf(name, sizeof name, "%s", config->run.name);
	else
		default_name(name, sizeof name, config, seeds, now);
	int32_t rc = check_name(name, e);
	if (!rc)
		rc = make_parents(dir, e);
	if (rc)
		return rc;
	const char *slash = ends_with(dir, "/") ? "" : "/";
	snprintf(folder->path, sizeof folder->path, "%s%s%.230s", dir, slash, name);
	for (int attempt = 2; mkdir(folder->path, 0777); attempt++) {
		if (errno != EEXIST)
			return fail_io(e, "making the folder", folder->path);
		if (named && !force)
			return bern_fail(e, BERN_EIO,
					 "the run folder %s exists; choose another --name, or "
					 "--force writes over it",
					 folder->path);
		if (named) {
			*taken_over = 1;
			break;
		}
		snprintf(folder->path, sizeof folder->path, "%s%s%.230s-%d", dir, slash, name,
			 attempt);
	}
	return 0;
}

int32_t run_folder_create(run_folder *folder, const run_config *config, int force, time_t now,
			  bern_error *e)
{
	char seed[32];
	int taken_over;
	snprintf(seed, sizeof seed, "%llu", (unsigned long long)config->run.seed);
	int32_t rc = make_folder(folder, config, seed, force, now, &taken_over, e);
	return rc ? rc : prepare(folder, taken_over, e);
}

int32_t run_folder_create_group(run_folder *folder, const run_config *config, const char *seeds,
				int force, time_t now, bern_error *e)
{
	int taken_over;
	int32_t rc = make_folder(folder, config, seeds, force, now, &taken_over, e);
	return rc ? rc : lock(folder, e);
}

int32_t run_folder_open(run_folder *folder, const char *path, bern_error *e)
{
	char file[FILE_ROOM];
	struct stat st;
	*folder = (run_folder){.fd = -1};
	size_t length = strlen(path);
	while (length > 1 && path[length - 1] == '/')
		length--;
	if (length >= sizeof folder->path)
		return bern_fail(e, BERN_EIO, "the path of the run folder is longer than %d bytes",
				 RUN_PATH_ROOM - 1);
	memcpy(folder->path, path, length);
	folder->path[length] = '\0';
	if (stat(folder->path, &st))
		return errno == ENOENT
			       ? bern_fail(e, BERN_EIO, "there is no run folder %s", folder->path)
			       : fail_io(e, "opening the run folder", folder->path);
	if (!S_ISDIR(st.st_mode))
		return bern_fail(e, BERN_EIO, "%s is a file, not a run folder", folder->path);
	int32_t rc = lock(folder, e);
	if (!rc)
		rc = remove_files(folder->path, is_temporary, e);
	if (!rc)
		rc = remove_files(run_folder_file(folder, "checkpoints", file), is_temporary, e);
	if (rc)
		run_folder_close(folder);
	return rc;
}

void run_folder_remove(const run_folder *folder)
{
	char checkpoints[FILE_ROOM];
	bern_error ignored;
	if (folder->fd < 0)
		return;
	run_folder_file(folder, "checkpoints", checkpoints);
	remove_files(checkpoints, is_checkpoint_file, &ignored);
	rmdir(checkpoints);
	remove_files(folder->path, is_run_file, &ignored);
	rmdir(folder->path);
}

void run_folder_close(run_folder *folder)
{
	if (folder->path[0] && folder->fd >= 0)
		close(folder->fd);
	folder->fd = -1;
}

/* ---- writing ------------------------------------------------------------------------------------- */

int32_t run_folder_write(const run_folder *folder, const char *name, const char *text,
			 bern_error *e)
{
	char path[FILE_ROOM];
	bern_piece piece = {text, strlen(text)};
	return bern_file_replace(run_folder_file(folder, name, path), &piece, 1, e);
}

int32_t run_folder_link(const run_folder *folder, const char *name, const char *target,
			bern_error *e)
{
	char path[FILE_ROOM], temporary[FILE_ROOM];
	run_folder_file(folder, name, path);
	run_folder_file(folder, ".bern-link", temporary);
	unlink(temporary); /* of a process that was killed */
	if (symlink(target, temporary) || rename(temporary, path)) {
		int32_t rc = fail_io(e, "linking", path);
		unlink(temporary);
		return rc;
	}
	return 0;
}

/* ---- pruning ------------------------------------------------------------------------------------- */

/* Reads where a link of the folder points; empty if there is none. */
static void link_target(const run_folder *folder, const char *name, char *out, size_t size)
{
	char path[FILE_ROOM];
	ssize_t n = readlink(run_folder_file(folder, name, path), out, size - 1);
	out[n < 0 ? 0 : n] = '\0';
}

/* Steps of more than nine digits make longer names, which are newer. */
static int newest_first(const struct dirent **a, const struct dirent **b)
{
	size_t n = strlen((*a)->d_name), m = strlen((*b)->d_name);
	return n != m ? (n < m ? 1 : -1) : -strcmp((*a)->d_name, (*b)->d_name);
}

static int select_checkpoint(const struct dirent *entry)
{
	return is_checkpoint(entry->d_name);
}

int32_t run_folder_prune(const run_folder *folder, uint64_t keep, bern_error *e)
{
	char path[FILE_ROOM], latest[FILE_ROOM], best[FILE_ROOM], file[FILE_ROOM + 300];
	struct dirent **entries;
	if (keep == 0)
		return 0;
	link_target(folder, "latest", latest, sizeof latest);
	link_target(folder, "best", best, sizeof best);
	run_folder_file(folder, "checkpoints", path);
	int count = scandir(path, &entries, select_checkpoint, newest_first);
	if (count < 0)
		return fail_io(e, "reading the folder", path);
	int32_t rc = 0;
	uint64_t kept = 0;
	for (int i = 0; i < count; i++) {
		snprintf(file, sizeof file, "checkpoints/%s", entries[i]->d_name);
		int is_best = strcmp(file, best) == 0;
		int stays = is_best || strcmp(file, latest) == 0 || kept < keep;
		kept += !is_best || strcmp(file, latest) == 0;
		if (!stays && !rc) {
			snprintf(file, sizeof file, "%s/%s", path, entries[i]->d_name);
			if (unlink(file) && errno != ENOENT)
				rc = fail_io(e, "removing", file);
		}
		free(entries[i]);
	}
	free(entries);
	return rc;
}
