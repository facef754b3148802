/* world.h: opening an environment in another way than by its own open(). Internal to libbern. */
#ifndef BERN_WORLD_H
#define BERN_WORLD_H

#include <bern/host.h>

/* Calls open(), wherever that runs: fills in `out` or returns a code after writing the sentence, without the environment's id. */
typedef int32_t bern_world_opener(void *user, const bern_value *values, bern_instance *out,
				  bern_error *e);

/* As bern_world_open, with `open` in place of env->open. What goes wrong afterwards is followed by env->close. */
int32_t bern_world_open_by(bern_world *world, const bern_env *env, const bern_setting *settings,
			   size_t setting_count, bern_world_opener *open, void *user,
			   bern_error *e);

#endif
