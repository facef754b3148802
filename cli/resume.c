/* bern resume: a run from its latest checkpoint. */
#include "meta.h"
#include "registry.h"
#include "session.h"
#include "trainer.h"

int train_resume(resume_request *request)
{
	bern_error e = {0};
	run_config config;
	bern_registry *registry = NULL;
	bern_world world;
	const bern_env *env;
	char path[RUN_PATH_ROOM + 64];
	int has_config = 0, has_world = 0, status;
	session s = {.command = "resume", .style = &request->style, .start = trainer_clock()};
	int32_t rc = run_folder_open(&s.folder, request->run, &e);
	if (!rc) {
		rc = run_config_read(&config, run_folder_file(&s.folder, "config.yaml", path), &e);
		has_config = !rc;
	}
	if (!rc)
		rc = open_registry(&registry, request->env_paths, request->env_path_count, &e);
	if (!rc)
		rc = find_environment(registry, config.env_id, &s.folder, &env, &e);
	if (!rc) {
		rc = open_world(&world, env, config.settings, config.setting_count,
				&request->isolation, &e);
		has_world = !rc;
	}
	if (rc) {
		status = report_error("resume", &e);
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
	return status;
}
