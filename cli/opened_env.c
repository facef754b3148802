#include "opened_env.h"

#include "command.h"
#include "registry.h"

#include <string.h>

int32_t opened_env_init(opened_env *o, const char *command, const char *word,
			const char *const *paths, size_t path_count, const config_list *settings,
			const isolation *isolation, bern_error *e)
{
	const bern_env *env = NULL;
	memset(o, 0, sizeof *o);
	for (size_t i = 0; i < settings->count; i++)
		if (!settings->items[i].in_env)
			return bern_fail(
				e, BERN_EUSAGE,
				"%s: %s knows parameters of environments only: env.KEY=VALUE",
				settings->items[i].label, command);
	int32_t rc = open_registry(&o->registry, paths, path_count, e);
	if (rc)
		return rc;
	rc = registry_find_word(o->registry, word, &env, e);
	if (rc == 0)
		rc = config_apply(settings, env, &o->config, &o->origins, e);
	if (rc == 0)
		rc = open_world(&o->world, env, o->config.settings, o->config.setting_count,
				isolation, e);
	if (rc && env)
		config_hint_file(&o->config, env, e);
	if (rc == 0) {
		o->origin = registry_origin_of(o->registry, env);
		return 0;
	}
	bern_registry_destroy(o->registry);
	run_config_finish(&o->config);
	config_origins_finish(&o->origins);
	memset(o, 0, sizeof *o);
	return rc;
}

void opened_env_finish(opened_env *o)
{
	if (!o || !o->registry)
		return;
	bern_world_finish(&o->world);
	bern_registry_destroy(o->registry);
	run_config_finish(&o->config);
	config_origins_finish(&o->origins);
	memset(o, 0, sizeof *o);
}
