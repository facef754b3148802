/* bern/host.h: the side of the plugin interface that takes environments in.
 *
 * A bern_registry knows environments by id: built-in ones, adopted tables of a C program, and those loaded from shared
 * libraries. A bern_world is one of them opened with checked parameters. Loading a library runs its code.
 */
#ifndef BERN_HOST_H
#define BERN_HOST_H

#include <bern/env.h>
#include <bern/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- parameters ----------------------------------------------------------------------------------- */

/* Reads `text` as `param` says. Whole numbers and reals are checked to the last character and against min and max; TEXT is
 * borrowed. The sentence says what, given and allowed: "gravity: -3 is outside [0, 100]". */
int32_t bern_param_parse(const bern_param *param, const char *text, bern_value *value,
			 bern_error *e);

/* Writes ", did you mean X?" to out if one of the names is close to `given` (edit distance at most a third of its length,
 * letter case aside), else an empty string. Returns out. */
const char *bern_suggest(const char *given, const char *const *names, size_t count, char *out,
			 size_t size);

/* ---- registry ------------------------------------------------------------------------------------- */

typedef struct bern_registry bern_registry;

/* Makes an empty registry, which the caller owns. Returns 0, or an error for lack of memory. One thread at a time may change it;
 * any number may read it while none does. */
int32_t bern_registry_create(bern_registry **out, bern_error *e);
/* Frees a registry and closes the libraries it loaded: finish every world of their environments before. NULL does nothing. */
void bern_registry_destroy(bern_registry *registry);

/* Takes in the environments of a plugin table after checking it: abi, sizes, required functions, id, parameters whose
 * fallbacks pass their own check, fields. `origin` (copied) is a file name or "built in". All or none are taken. A second
 * environment of the same id is an error that names both origins. */
int32_t bern_registry_adopt(bern_registry *registry, const bern_plugin *plugin, const char *origin,
			    bern_error *e);

/* Opens a shared library and adopts what it exports. */
int32_t bern_registry_load(bern_registry *registry, const char *path, bern_error *e);

/* Takes out all environments of an origin. Their tables are gone: for before one of them is opened. The library stays open until
 * the registry is destroyed. */
void bern_registry_forget(bern_registry *registry, const char *origin);

/* Loads every *.so of a folder, sorted by name. Calls report(user, path, error) for each file, error NULL where it went
 * well; a bad file does not stop the rest. A folder that is not there is an error. */
int32_t bern_registry_load_folder(bern_registry *registry, const char *folder,
				  void (*report)(void *user, const char *path,
						 const bern_error *error),
				  void *user, bern_error *e);

/* How many environments there are; and the one of an index below that, sorted by id, with the file it came from or "built in". Both
 * belong to the registry. */
size_t bern_registry_count(const bern_registry *registry);
const bern_env *bern_registry_at(const bern_registry *registry, size_t index);
const char *bern_registry_origin(const bern_registry *registry, size_t index);

/* Finds an environment by id. Unknown: "did you mean"; another version: which there are. */
int32_t bern_registry_find(const bern_registry *registry, const char *id, const bern_env **env,
			   bern_error *e);

/* ---- an opened environment -------------------------------------------------------------------------- */

/* A parameter as a user gave it. The key "max_steps" is the host's own and works for every environment: it replaces the
 * instance's time limit (0: none), and with another limit its max_return is not known. */
typedef struct bern_setting {
	const char *key, *text;
} bern_setting;

typedef struct bern_world {
	const bern_env *env; /* borrowed from the registry, outlives the world */
	bern_instance instance;
	bern_value *values;        /* owned (param_count) */
	size_t observation_bytes;  /* of one raw observation */
	size_t action_bytes;       /* of one raw action */
	size_t observation_floats; /* O: length of an encoded observation, see bern_encode */
	size_t action_count; /* A: int32 numbers in an action as agents write it; BOX: its count */
	size_t state_stride; /* state_size rounded up to 16 */
	const bern_batch *
		batch; /* of env->batches, the one to use on this CPU, or NULL. BERN_CPU names another
	                            level; "reference" uses none */
	struct bern_isolate *isolate; /* owned: the process it runs in, NULL: this one */
} bern_world;

/* Opens an environment with its defaults and the given settings, and checks what it tells of itself (spaces not empty,
 * sizes and bounds in order, state size). */
int32_t bern_world_open(bern_world *world, const bern_env *env, const bern_setting *settings,
			size_t setting_count, bern_error *e);
void bern_world_finish(bern_world *world);

/* How far an environment may go in a process of its own. */
typedef struct bern_isolation {
	double seconds; /* how long a call may take, for all lanes together; 0: for ever */
	uint64_t
		memory; /* bytes of data that its process may have; 0: no limit (heeded on Linux) */
} bern_isolation;

/* As bern_world_open, but open() and all that follows run in a child process, to the same bits. A crash, an exit or a call that
 * does not come back is an error of the call that met it: one sentence with environment, lane, seed, episode and step. States lie
 * in shared memory. Where Bern was built with libseccomp the child cannot open files or sockets once open() is done. The library
 * has been loaded into this process already, and the environment cannot be drawn. `world` must stay where it is until it is
 * finished, which ends the child; so does the end of this process. */
int32_t bern_world_open_isolated(bern_world *world, const bern_env *env,
				 const bern_setting *settings, size_t setting_count,
				 const bern_isolation *plan, bern_error *e);

/* 1 if the world is isolated and files and sockets are closed to it. */
int bern_world_confined(const bern_world *world);

/* Writes an observation as O floats: BOX as it is (uint8 0..255 as floats), DISCRETE one-hot, MULTI_BINARY as 0 and 1,
 * MULTI_DISCRETE as one one-hot block per element. Returns 0, or an error if a number is not finite or lies outside its
 * space (the sentence names the element). */
int32_t bern_encode(const bern_world *world, const void *observation, float *out, bern_error *e);

#ifdef __cplusplus
}
#endif

#endif
