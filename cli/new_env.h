/* cli/new_env.h: the folder that an author of an environment starts from. */
#ifndef BERN_CLI_NEW_ENV_H
#define BERN_CLI_NEW_ENV_H

#include <bern/error.h>

#include <stddef.h>

#define NEW_ENV_NAME_ROOM 64

typedef struct new_env {
	char folder[NEW_ENV_NAME_ROOM]; /* an identifier, also the name of the library */
	char id[3 * NEW_ENV_NAME_ROOM]; /* "[namespace/]Name-vN" */
} new_env;

/* Takes apart what the user typed, "[namespace/]Name[-vN]": "my_env" becomes MyEnv-v0 in the folder my_env. */
int32_t new_env_name(new_env *n, const char *typed, bern_error *e);

/* Writes the folder `path`, which must not be there yet: all of it, or nothing. */
int32_t new_env_write(const new_env *n, const char *path, bern_error *e);

#endif
