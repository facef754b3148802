/* cli/registry.h: which environments there are for the program: the built-in ones and those of plugins found on the way. */
#ifndef BERN_CLI_REGISTRY_H
#define BERN_CLI_REGISTRY_H

#include <bern/host.h>

/* Where a plugin was looked for. */
enum search_place {
	SEARCH_GIVEN,    /* --env-path: must be there and good */
	SEARCH_VARIABLE, /* $BERN_ENV_PATH */
	SEARCH_HOME,     /* $XDG_DATA_HOME/bern/envs-1 */
	SEARCH_INSTALLED /* libdir/bern/envs-1 */
};

/* What the search met, in order; for `envs --paths`. */
typedef struct search_report {
	/* folder or file that was looked at; found 0: it is not there */
	void (*looked)(void *user, int32_t place, const char *path, int found);
	/* a library in it (or itself): why NULL where it was loaded */
	void (*loaded)(void *user, const char *path, const bern_error *why);
	void *user;
	int go_on; /* 1: what was given and is not there or not good is told, and no error */
} search_report;

/* As open_registry of command.h, telling `report` on the way. */
int32_t registry_search(bern_registry **out, const char *const *paths, size_t count,
			const search_report *report, bern_error *e);

/* Finds the environment that a user named: an id, or a library "./my_env.so[:Name-v0]", which is then loaded. One that was
 * named goes before one of the same id that was merely found. */
int32_t registry_find_word(bern_registry *registry, const char *word, const bern_env **env,
			   bern_error *e);

/* Where an environment comes from: "built in" or a file. */
const char *registry_origin_of(const bern_registry *registry, const bern_env *env);

#endif
