/* bern resume: a run from its latest checkpoint. */
#include "meta.h"
#include "mpirun.h"
#include "registry.h"
#include "session.h"
#include "trainer.h"
#include "yaml_map.h"

#include <stdio.h>
#include <stdlib.h>

/* Opens the folder, in rank 0, and reads the configuration for all ranks. *text is owned by the caller: free. */
static int32_t open_run(session *s, const char *run, run_config *config, char **text, bern_error *e)
{
	char path[RUN_PATH_ROOM + 64];
	size_t size = 0;
	int32_t rc = 0;
	if (bern_ranks_rank(s->ranks) == 0) {
		rc = run_folder_open(&s->folder, run, e);
		if (!rc)
			rc = read_text_file(run_folder_file(&s->folder, "config.yaml", path),
					    YAML_MAX_SIZE, text, &size, e);
	} else {
		s->folder.fd = -1;
		snprintf(s->folder.path, sizeof s->folder.path, "%s", run);
	}
	rc = bern_ranks_agree(s->ranks, rc, e);
	if (!rc)
		rc = mpirun_share_text(s->ranks, text, &size, e);
	run_folder_file(&s->folder, "config.yaml", path);
	return rc ? rc : run_config_parse(config, path, *text, size, e);
}

int train_resume(resume_request *request)
{
	bern_error e = {0};
	run_config config;
	bern_registry *registry = NULL;
	bern_world world;
	const bern_env *env;
	char *text = NULL;
	int has_world = 0, status;
	session s = {.command = "resume",
		     .style = &request->style,
		     .start = trainer_clock(),
		     .ranks = request->ranks};
	int32_t rc = open_run(&s, request->run, &config, &text, &e);
	const int has_config = !rc;
	if (!rc)
		rc = open_registry(&registry, request->env_paths, request->env_path_count, &e);
	if (!rc)
		rc = find_environment(registry, config.env_id, &s.folder, &env, &e);
	if (!rc) {
		rc = open_world(&world, env, config.settings, config.setting_count,
				&request->isolation, &e);
		has_world = !rc;
	}
	rc = bern_ranks_agree(s.ranks, rc, &e);
	if (rc) {
		status = mpirun_report(s.ranks, "resume", &e);
		run_folder_close(&s.folder);
	} else {
		s.extend = request->total_timesteps > 0;
		s.configured = config.run.total_timesteps;
		if (s.extend)
			config.run.total_timesteps = request->total_timesteps;
		if (request->threads >= 0)
			config.agent.threads = request->threads;
		config.agent.total_timesteps = (uint64_t)config.run.total_timesteps;
		s.config = &config;
		s.world = &world;
		s.env_origin = registry_origin_of(registry, env);
		status = session_run(&s, 1);
	}
	if (has_world)
		bern_world_finish(&world);
	if (registry)
		bern_registry_destroy(registry);
	if (has_config)
		run_config_finish(&config);
	free(text);
	return status;
}
