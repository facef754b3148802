#include "watched.h"

#include "meta.h"
#include "options.h"
#include "registry.h"
#include "trainer.h"

#include <inspect_agent.h>

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CONFIG_ROOM ((size_t)1 << 20)
#define FILE_ROOM   (RUN_PATH_ROOM + 64)

/* ---- which run, which checkpoint --------------------------------------------------------------------------------------- */

/* Whether a word names a run rather than an environment: something that lies there and is no library. */
static int is_run(const char *word)
{
	struct stat st;
	const size_t length = strlen(word);
	const char *end = strchr(word, ':');
	const int library = strstr(word, ".so:") ||
			    (!end && length > 3 && !strcmp(word + length - 3, ".so"));
	return !library && stat(word, &st) == 0;
}

/* Takes the folder of a run, or of the checkpoint file that was given, which is then in `file`, else "". */
static int32_t find_folder(watched *w, const char *run, char *file, bern_error *e)
{
	struct stat st;
	size_t length = strlen(run);
	while (length > 1 && run[length - 1] == '/')
		length--;
	file[0] = '\0';
	if (length >= sizeof w->folder.path)
		return bern_fail(e, BERN_EIO, "the path of the run is longer than %d bytes",
				 RUN_PATH_ROOM - 1);
	memcpy(w->folder.path, run, length);
	w->folder.path[length] = '\0';
	if (stat(w->folder.path, &st))
		return bern_fail(e, BERN_EIO, "there is no run folder or checkpoint %s: %s",
				 w->folder.path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return 0;
	/* RUN/best, or RUN/checkpoints/step_1.safetensors */
	snprintf(file, FILE_ROOM, "%s", w->folder.path);
	char *slash = strrchr(w->folder.path, '/');
	snprintf(slash ? slash : w->folder.path, 2, "%s", slash ? "" : ".");
	const size_t size = strlen(w->folder.path), tail = strlen("/checkpoints");
	if (size > tail && !strcmp(w->folder.path + size - tail, "/checkpoints"))
		w->folder.path[size - tail] = '\0';
	return 0;
}

/* The file of the checkpoint asked for; "" if a run that is followed has none yet. */
static int32_t find_checkpoint(const watched *w, const watch_request *r, char *file, bern_error *e)
{
	struct stat st;
	static const char *const links[] = {"best", "latest"};
	const char *wanted = r->checkpoint ? r->checkpoint : r->follow ? "latest" : NULL;
	char name[64];
	uint64_t step;
	if (wanted && strcmp(wanted, "best") != 0 && strcmp(wanted, "latest") != 0) {
		int32_t rc = parse_seed("--checkpoint", wanted, &step, e);
		if (rc)
			return bern_fail(
				e, BERN_EUSAGE,
				"--checkpoint: '%.100s' is none of best, latest, or a step",
				wanted);
		run_folder_file(&w->folder, run_folder_checkpoint(step, name), file);
		if (stat(file, &st))
			return bern_fail(e, BERN_EIO, "%s has no checkpoint of step %" PRIu64,
					 w->folder.path, step);
		return 0;
	}
	for (size_t i = 0; i < 2; i++)
		if ((!wanted || !strcmp(wanted, links[i])) &&
		    !stat(run_folder_file(&w->folder, links[i], file), &st))
			return 0;
	file[0] = '\0';
	if (r->follow && !stat(run_folder_file(&w->folder, "config.yaml", file), &st)) {
		file[0] = '\0';
		return 0;
	}
	return bern_fail(e, BERN_EIO,
			 "%s has no checkpoint%s%s: it is no run folder, or none was written yet",
			 w->folder.path, wanted ? " " : "", wanted ? wanted : "");
}

/* ---- reading weights ----------------------------------------------------------------------------------------------------- */

static int32_t identify(const char *file, uint64_t identity[3], bern_error *e)
{
	struct stat st;
	if (stat(file, &st))
		return bern_fail(e, BERN_EIO, "%s: %s", file, strerror(errno));
	identity[0] = (uint64_t)st.st_dev;
	identity[1] = (uint64_t)st.st_ino;
	identity[2] = (uint64_t)st.st_mtim.tv_sec * 1000000000u + (uint64_t)st.st_mtim.tv_nsec;
	return 0;
}

/* Reads the weights of a file into the agent; nothing changes if that fails. */
static int32_t read_weights(watched *w, const char *file, bern_error *e)
{
	char format[32] = "", step[32] = "";
	uint64_t identity[3], number;
	int32_t rc = identify(file, identity, e);
	if (!rc)
		rc = bern_checkpoint_metadata(file, "format", format, sizeof format, e);
	if (!rc && strcmp(format, TRAINER_FORMAT) != 0)
		rc = bern_fail(e, BERN_EFORMAT, "%s has format %s, this program reads %s", file,
			       format, TRAINER_FORMAT);
	if (!rc)
		rc = bern_checkpoint_metadata(file, "step", step, sizeof step, e);
	if (!rc)
		rc = parse_seed("step", step, &number, e);
	if (!rc)
		rc = bern_checkpoint_read_some(file, &w->tensors, e);
	/* what only learning needs may have had other names: the policy can be shown all the same */
	if (rc && *step)
		rc = bern_checkpoint_read_some(file, &w->policy, e);
	if (rc)
		return rc;
	memcpy(w->identity, identity, sizeof identity);
	w->step = number;
	w->has_step = 1;
	return 0;
}

static int32_t read_config(watched *w, const char *file, bern_error *e)
{
	char path[FILE_ROOM];
	int32_t rc = 0;
	if (!*file) {
		rc = run_config_read(&w->config, run_folder_file(&w->folder, "config.yaml", path),
				     e);
	} else {
		char *text = malloc(CONFIG_ROOM);
		rc = text ? bern_checkpoint_metadata(file, "config", text, CONFIG_ROOM, e)
			  : bern_fail(e, BERN_EMEMORY, "memory is out");
		if (!rc)
			rc = run_config_parse(&w->config, file, text, strlen(text), e);
		free(text);
	}
	w->has_config = !rc;
	return rc;
}

static int32_t open_run(watched *w, const watch_request *r, const char *run, bern_error *e)
{
	char given[FILE_ROOM], file[FILE_ROOM] = "";
	const bern_env *env;
	int32_t rc = find_folder(w, run, given, e);
	if (!rc && *given && (r->checkpoint || r->follow))
		rc = bern_fail(e, BERN_EUSAGE,
			       "%s is a checkpoint already; --checkpoint and --follow need the "
			       "folder of the run",
			       given);
	if (!rc && *given)
		memcpy(file, given, sizeof file);
	else if (!rc)
		rc = find_checkpoint(w, r, file, e);
	if (!rc)
		rc = read_config(w, file, e);
	if (!rc)
		rc = find_environment(w->registry, w->config.env_id, &w->folder, &env, e);
	if (rc)
		return rc;
	rc = open_world(&w->world, env, w->config.settings, w->config.setting_count, NULL, e);
	if (rc)
		return rc;
	w->has_world = 1;
	w->config.agent.total_timesteps = (uint64_t)w->config.run.total_timesteps;
	rc = bern_agent_create(&w->agent, &w->config.agent, &w->world, w->config.run.seed, e);
	if (!rc)
		rc = w->agent->kind->policy_tensors(w->agent, &w->policy, e);
	if (!rc)
		rc = w->agent->kind->policy_tensors(w->agent, &w->tensors, e);
	if (!rc)
		rc = w->agent->kind->learner_tensors(w->agent, &w->tensors, e);
	if (!rc && *file)
		rc = read_weights(w, file, e);
	const char *slash = strrchr(w->folder.path, '/');
	snprintf(w->name, sizeof w->name, "%s", slash && slash[1] ? slash + 1 : w->folder.path);
	w->following = r->follow;
	return rc;
}

static int32_t open_env(watched *w, const watch_request *r, bern_error *e)
{
	if (r->checkpoint || r->follow)
		return bern_fail(
			e, BERN_EUSAGE,
			"%s is no run folder, so there is nothing for --checkpoint or --follow",
			r->word);
	const config_sources sources = {.env = r->word, .flags = r->settings};
	int32_t rc = config_resolve(&sources, w->registry, &w->config, &w->world, &w->origins, e);
	if (rc && !r->is_play) {
		const bern_env *env;
		bern_error why;
		const size_t length = strlen(e->text);
		/* a word that is neither */
		if (registry_find_word(w->registry, r->word, &env, &why))
			snprintf(e->text + length, sizeof e->text - length,
				 "; and there is no run folder %.200s", r->word);
	}
	if (rc)
		return rc;
	w->has_config = w->has_world = 1;
	if (!strcmp(r->agent, "untrained"))
		rc = bern_agent_create(&w->agent, &w->config.agent, &w->world, w->config.run.seed,
				       e);
	snprintf(w->name, sizeof w->name, "%s, %s", w->world.env->id, r->agent);
	return rc;
}

int32_t watched_open(watched *w, const char *command, const watch_request *r, bern_error *e)
{
	memset(w, 0, sizeof *w);
	const char *run = r->run ? r->run : r->is_play || !is_run(r->word) ? NULL : r->word;
	int32_t rc = 0;
	if (run && r->settings.count)
		rc = bern_fail(e, BERN_EUSAGE,
			       "%s: a run has its configuration; %s takes --set for environments",
			       r->settings.items[0].label, command);
	if (!rc)
		rc = open_registry(&w->registry, r->env_paths, r->env_path_count, e);
	if (!rc)
		rc = run ? open_run(w, r, run, e) : open_env(w, r, e);
	if (!rc && r->run) {
		/* the word is an environment, and must be the run's own */
		const bern_env *env;
		rc = registry_find_word(w->registry, r->word, &env, e);
		if (!rc && env != w->world.env)
			rc = bern_fail(e, BERN_EUSAGE, "%s plays %s, not %s", r->run,
				       w->world.env->id, env->id);
	}
	if (rc)
		return rc;
	rc = w->agent ? bern_agent_inspect(w->agent, &w->world, &w->inspector, e)
		      : bern_inspect_random(&w->inspector, &w->world, e);
	w->has_inspector = !rc;
	if (!rc)
		watched_read_curve(w);
	return rc;
}

void watched_finish(watched *w)
{
	csv_finish(&w->table);
	if (w->has_inspector)
		bern_inspect_finish(&w->inspector);
	bern_tensors_finish(&w->tensors);
	bern_tensors_finish(&w->policy);
	bern_agent_destroy(w->agent);
	if (w->has_world)
		bern_world_finish(&w->world);
	if (w->registry)
		bern_registry_destroy(w->registry);
	if (w->has_config)
		run_config_finish(&w->config);
	config_origins_finish(&w->origins);
	memset(w, 0, sizeof *w);
}

/* ---- while it is watched --------------------------------------------------------------------------------------------------- */

int watched_follow(watched *w, char *notice, size_t size)
{
	char file[FILE_ROOM];
	uint64_t identity[3];
	bern_error e = {0};
	notice[0] = '\0';
	if (!w->folder.path[0])
		return 0;
	run_folder_file(&w->folder, "latest", file);
	if (identify(file, identity, &e)) {
		/* none yet is no news, one that is gone is */
		if (w->has_step)
			snprintf(notice, size, "%s",
				 "the run's latest checkpoint is gone; its weights stay");
		return 0;
	}
	if (w->has_step && !memcmp(identity, w->identity, sizeof identity))
		return 0;
	if (read_weights(w, file, &e)) {
		snprintf(notice, size, "%s", e.text);
		return 0;
	}
	return 1;
}

/* The step in a checkpoint's name, or -1. */
static int64_t step_in_name(const char *name)
{
	uint64_t step;
	int used = 0;
	if (sscanf(name, "step_%" SCNu64 ".safetensors%n", &step, &used) != 1 || !used ||
	    name[used])
		return -1;
	return step > INT64_MAX ? -1 : (int64_t)step;
}

int watched_turn(watched *w, int direction, char *notice, size_t size)
{
	char file[FILE_ROOM], name[64];
	bern_error e = {0};
	notice[0] = '\0';
	if (!w->folder.path[0]) {
		snprintf(notice, size, "there are no checkpoints: this is no run");
		return 0;
	}
	DIR *folder = opendir(run_folder_file(&w->folder, "checkpoints", file));
	const int64_t here = w->has_step ? (int64_t)w->step : -1;
	int64_t found = -1;
	for (struct dirent *entry; folder && (entry = readdir(folder));) {
		const int64_t step = step_in_name(entry->d_name);
		if (step < 0)
			continue;
		if (direction > 0 ? step > here && (found < 0 || step < found)
				  : step < here && step > found)
			found = step;
	}
	if (!folder) {
		snprintf(notice, size, "the run's checkpoints are gone; the weights stay");
		return 0;
	}
	closedir(folder);
	if (found < 0) {
		snprintf(notice, size, "this is the %s checkpoint",
			 direction > 0 ? "newest" : "oldest");
		return 0;
	}
	run_folder_file(&w->folder, run_folder_checkpoint((uint64_t)found, name), file);
	if (read_weights(w, file, &e)) {
		snprintf(notice, size, "%s", e.text);
		return 0;
	}
	w->following = 0;
	return 1;
}

/* Points the curve at the columns of the table; 0 if it has none to show. */
static int use_table(watched *w, const char *const names[4], const char *title)
{
	bern_curve c = {.count = w->table.rows,
			.steps = csv_column(&w->table, names[0]),
			.mean = csv_column(&w->table, names[1]),
			.low = names[2] ? csv_column(&w->table, names[2]) : NULL,
			.high = names[3] ? csv_column(&w->table, names[3]) : NULL,
			.name = title};
	if (!c.steps || !c.mean || !c.count)
		return 0;
	if (!c.low || !c.high)
		c.low = c.high = NULL;
	w->curve = c;
	return 1;
}

void watched_read_curve(watched *w)
{
	static const struct {
		const char *file, *columns[4], *title;
	} sources[] = {
		{"eval.csv", {"step", "mean", "low", "high"}, "looks, 95% interval"},
		{"progress.csv", {"step", "return_mean", NULL, NULL}, "training episodes"},
	};
	char file[FILE_ROOM];
	struct stat st;
	if (!w->folder.path[0])
		return;
	for (int k = 0; k < 2; k++) {
		bern_error e;
		csv_table table = {0};
		run_folder_file(&w->folder, sources[k].file, file);
		if (stat(file, &st))
			continue;
		if (w->curve_kind == k + 1 && w->curve_size == (int64_t)st.st_size)
			return;
		const size_t count = sources[k].columns[2] ? 4 : 2;
		if (csv_read(&table, file, sources[k].columns, count, &e) || table.rows < 2) {
			csv_finish(&table);
			continue;
		}
		csv_finish(&w->table);
		w->table = table;
		w->curve = (bern_curve){0};
		if (use_table(w, sources[k].columns, sources[k].title)) {
			w->curve_kind = k + 1;
			w->curve_size = (int64_t)st.st_size;
			return;
		}
	}
}
