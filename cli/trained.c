#include "trained.h"

#include "command.h"
#include "meta.h"
#include "registry.h"
#include "trainer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CONFIG_ROOM ((size_t)1 << 20)

int32_t trained_find(trained *v, const char *run, bern_error *e)
{
	struct stat st;
	size_t length = strlen(run);
	while (length > 1 && run[length - 1] == '/')
		length--;
	if (length >= sizeof v->folder.path)
		return bern_fail(e, BERN_EIO, "the path of the run is longer than %d bytes",
				 RUN_PATH_ROOM - 1);
	memcpy(v->folder.path, run, length);
	v->folder.path[length] = '\0';
	if (stat(v->folder.path, &st))
		return bern_fail(e, BERN_EIO, "there is no run folder or checkpoint %s: %s",
				 v->folder.path, strerror(errno));
	if (!S_ISDIR(st.st_mode)) {
		v->which = "given";
		snprintf(v->path, sizeof v->path, "%s", v->folder.path);
		/* RUN/best, or RUN/checkpoints/step_1.safetensors */
		char *slash = strrchr(v->folder.path, '/');
		snprintf(slash ? slash : v->folder.path, 2, ".");
		if (slash)
			*slash = '\0';
		size_t size = strlen(v->folder.path), tail = strlen("/checkpoints");
		if (size > tail && !strcmp(v->folder.path + size - tail, "/checkpoints"))
			v->folder.path[size - tail] = '\0';
		return 0;
	}
	static const char *const links[] = {"best", "latest"};
	for (size_t i = 0; i < 2; i++) {
		v->which = links[i];
		if (!lstat(run_folder_file(&v->folder, links[i], v->path), &st))
			return 0;
	}
	return bern_fail(e, BERN_EIO,
			 "%s has no checkpoint (no link \"best\" or \"latest\"): it is no run "
			 "folder, or the run ended before the first one was written",
			 v->folder.path);
}

/* The configuration that the checkpoint itself carries. */
static int32_t read_config(trained *v, bern_error *e)
{
	char *text = malloc(CONFIG_ROOM), format[32];
	int32_t rc = text ? 0 : bern_fail(e, BERN_EMEMORY, "memory is out");
	if (!rc)
		rc = bern_checkpoint_metadata(v->path, "format", format, sizeof format, e);
	if (!rc && strcmp(format, TRAINER_FORMAT) != 0)
		rc = bern_fail(e, BERN_EFORMAT, "%s has format %s, this program reads %s", v->path,
			       format, TRAINER_FORMAT);
	if (!rc)
		rc = bern_checkpoint_metadata(v->path, "step", v->step, sizeof v->step, e);
	if (!rc)
		rc = bern_checkpoint_metadata(v->path, "config", text, CONFIG_ROOM, e);
	if (!rc) {
		rc = run_config_parse(&v->config, v->path, text, strlen(text), e);
		v->has_config = !rc;
	}
	free(text);
	return rc;
}

/* A policy that learned `mine` options must be read into one of the same. */
static int32_t same_network(const trained *v, const bern_agent_config *mine, const char *run,
			    bern_error *e)
{
	static const char *const keys[] = {
		"agent", "hidden", "units", "stack", "recurrent", "head", "normalize_observations"};
	for (size_t i = 0; i < bern_agent_option_count; i++) {
		const bern_option *option = &bern_agent_options[i];
		char theirs[512], ours[512];
		for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
			if (strcmp(option->param.key, keys[k]) != 0)
				continue;
			bern_option_get(option, &v->config.agent, theirs, sizeof theirs);
			bern_option_get(option, mine, ours, sizeof ours);
			if (strcmp(theirs, ours) != 0)
				return bern_fail(e, BERN_EUSAGE,
						 "init_from: the weights of %.300s do not fit: its "
						 "%s is %.100s, here it is %.100s",
						 run, keys[k], theirs, ours);
		}
	}
	return 0;
}

int32_t trained_read_weights(const char *run, const bern_agent_config *config,
			     const bern_tensors *policy, bern_error *e)
{
	trained v = {0};
	int32_t rc = trained_find(&v, run, e);
	if (!rc)
		rc = read_config(&v, e);
	if (rc)
		return bern_because(e, "init_from");
	rc = same_network(&v, config, run, e);
	if (!rc && bern_checkpoint_read_some(v.path, policy, e))
		rc = bern_because(e, "init_from: the weights do not fit (observations and actions "
				     "must have the same sizes)");
	run_config_finish(&v.config);
	return rc;
}

int32_t trained_open(trained *v, const char *run, const char *const *env_paths,
		     size_t env_path_count, const isolation *isolation, bern_error *e)
{
	const bern_env *env;
	int32_t rc = trained_find(v, run, e);
	if (!rc)
		rc = read_config(v, e);
	if (!rc)
		rc = open_registry(&v->registry, env_paths, env_path_count, e);
	if (!rc)
		rc = find_environment(v->registry, v->config.env_id, &v->folder, &env, e);
	if (!rc) {
		rc = open_world(&v->world, env, v->config.settings, v->config.setting_count,
				isolation, e);
		v->has_world = !rc;
	}
	if (rc)
		return rc;
	v->config.agent.total_timesteps = (uint64_t)v->config.run.total_timesteps;
	rc = bern_agent_create(&v->agent, &v->config.agent, &v->world, v->config.run.seed, e);
	if (!rc)
		rc = v->agent->kind->policy_tensors(v->agent, &v->tensors, e);
	return rc ? rc : bern_checkpoint_read_some(v->path, &v->tensors, e);
}

void trained_close(trained *v)
{
	bern_tensors_finish(&v->tensors);
	bern_agent_destroy(v->agent);
	if (v->has_world)
		bern_world_finish(&v->world);
	if (v->registry)
		bern_registry_destroy(v->registry);
	if (v->has_config)
		run_config_finish(&v->config);
	memset(v, 0, sizeof *v);
}
