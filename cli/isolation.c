#include "isolation.h"

#include <stdio.h>

int32_t isolation_take(isolation *isolation, size_t which, const char *text, bern_error *e)
{
	static const bern_param params[] = {
		{"--isolate", "", BERN_BOOL, 0, "true", 0, 1, NULL},
		{"--isolate-seconds", "", BERN_REAL, 0, "30", 0, 1e6, NULL},
		{"--isolate-memory", "", BERN_INT, 0, "2048", 0, 1e6, NULL},
	};
	bern_value value;
	isolation->on = 1;
	if (which == 0)
		return 0;
	int32_t rc = bern_param_parse(&params[which], text, &value, e);
	if (rc == 0 && which == 1)
		isolation->plan.seconds = value.r;
	else if (rc == 0)
		isolation->plan.memory = (uint64_t)value.i << 20;
	return rc;
}

int32_t open_world(bern_world *world, const bern_env *env, const bern_setting *settings,
		   size_t setting_count, const isolation *isolation, bern_error *e)
{
	if (!isolation || !isolation->on)
		return bern_world_open(world, env, settings, setting_count, e);
	int32_t rc = bern_world_open_isolated(world, env, settings, setting_count, &isolation->plan,
					      e);
	if (rc == 0 && isolation->command && !bern_world_confined(world))
		fprintf(stderr,
			"bern: %s: --isolate: %s is in a process of its own, but files and sockets "
			"stay open to it: %s\n",
			isolation->command, env->id,
#if defined(BERN_SECCOMP)
			"the system does not let libseccomp close them"
#else
			"this program was built without libseccomp"
#endif
		);
	return rc;
}
