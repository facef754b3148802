/* cli/opened_env.h: the environment that a user named, found and opened with what --set gave. */
#ifndef BERN_CLI_OPENED_ENV_H
#define BERN_CLI_OPENED_ENV_H

#include "config.h"

typedef struct opened_env {
	bern_registry *registry; /* owned */
	bern_world world;        /* owned */
	const char *origin;      /* borrowed from the registry */
	run_config config;       /* only its settings are used */
	config_origins origins;
} opened_env;

/* word: an id or "./my_env.so[:Name-v0]". `command` stands in the error for a setting that is none of an environment's. isolation may
 * be NULL; the struct must stay where it is until it is finished. */
int32_t opened_env_init(opened_env *o, const char *command, const char *word,
			const char *const *paths, size_t path_count, const config_list *settings,
			const isolation *isolation, bern_error *e);
void opened_env_finish(opened_env *o);

#endif
