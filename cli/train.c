/* bern train: a run from the start. */
#include "registry.h"
#include "session.h"
#include "trainer.h"

int train_run(train_request *request)
{
	session s = {.command = "train",
		     .config = &request->config,
		     .world = &request->world,
		     .env_origin = registry_origin_of(request->registry, request->world.env),
		     .style = &request->style,
		     .force = request->force,
		     .folder = {.fd = -1},
		     .start = trainer_clock(),
		     .ranks = request->ranks};
	request->config.agent.total_timesteps = (uint64_t)request->config.run.total_timesteps;
	return session_run(&s, 0);
}
