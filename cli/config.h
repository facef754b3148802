/* cli/config.h: what a run is: one resolved description from flags, file, environment variables, recipe and defaults.
 *
 * The same table (run_options and bern_agent_options together) makes the parser, the help, the file's keys and the names of
 * environment variables: option `total_timesteps` is --total-timesteps, `train: {total_timesteps: ...}` in a file, --set
 * train.total_timesteps=..., and BERN_TOTAL_TIMESTEPS. Precedence: flags (and --set, in the order given), --config file,
 * environment variables, recipe (runs/recipes/NAME.yaml or its installed copy), defaults.
 *
 * A file has two maps: `env:` with `id` and the environment's own parameters, `train:` with the options.
 */
#ifndef BERN_CLI_CONFIG_H
#define BERN_CLI_CONFIG_H

#include "isolation.h"

#include <bern/agent.h>

/* Options of a run that are not the agent's; same rules for fields as bern_option. */
typedef struct run_options {
	uint64_t seed;                 /* parsed apart: all of 0 .. 2^64-1 */
	int64_t total_timesteps;       /* environment steps of all lanes together */
	char runs_dir[BERN_LIST_TEXT]; /* folder that run folders are made in; "runs" */
	char name
		[BERN_LIST_TEXT]; /* name of the run folder; "": made from environment, agent, seed, time */
	int64_t eval_interval;       /* steps between looks; 0: no looks */
	int64_t eval_episodes;       /* of a look */
	int64_t final_episodes;      /* of the evaluation at the end; 0: none */
	double stop_return;          /* stop when looks are at least this ... */
	int64_t stop_looks;          /* ... so many times in a row; 0: never stop early */
	int64_t checkpoint_interval; /* steps between checkpoints; 0: only at the end and on Ctrl-C */
	int64_t keep_checkpoints;    /* how many of the newest to keep, besides best; 0: all */
	int64_t log_interval;        /* steps between rows of progress.csv */
	int64_t log_json;            /* bool: rows of progress.csv as lines of progress.jsonl too */
	int64_t tensorboard;         /* bool: event files too */
	int64_t tags;                /* enum log_tags of them */
	char init_from
		[BERN_LIST_TEXT]; /* run folder or checkpoint whose weights a new run starts from; "": none */
} run_options;

/* Everything that decides a run. */
typedef struct run_config {
	char env_id[256];
	bern_setting *settings; /* owned, with its strings: the environment's parameters as given */
	size_t setting_count;
	bern_agent_config agent;
	run_options run;
} run_config;

/* ---- from sources to a run ------------------------------------------------------------------------------------ */

/* One value as somebody gave it, before it is resolved. */
typedef struct config_given {
	int32_t in_env;   /* 1: a key of `env`, 0: an option */
	size_t option;    /* number in the list of options (options.h) */
	char *key, *text; /* owned; key only with in_env */
	char *from;       /* owned: "--seed", "BERN_SEED", "a.yaml:3" */
	char *label; /* owned: how it is called in an error: from, for a file "a.yaml:3: seed" */
} config_given;

typedef struct config_list {
	config_given *items; /* owned */
	size_t count, room;
} config_list;

/* What the command line of `train` gave. Strings are borrowed. */
typedef struct config_sources {
	const char *env;    /* ENV; NULL: the id in the file or recipe */
	const char *file;   /* --config; may be NULL */
	const char *recipe; /* --recipe NAME or FILE; "none"; NULL: the recipe of the environment */
	config_list flags;  /* options and --set, in the order given */
	const isolation *isolation; /* how the environment is opened; may be NULL */
	/* told what is worth knowing but no error; may be NULL */
	void (*note)(void *user, const char *sentence);
	void *user;
} config_sources;

/* Where the resolved values came from, for --print-config -v. NULL: a default. All owned. */
typedef struct config_origins {
	char *id;
	char **settings; /* (setting_count) of config->settings */
	size_t setting_count;
	char **options; /* (option_count) of the list of options */
	size_t option_count;
} config_origins;

/* Adds `--NAME text` (option: its number in the list) to the flags. */
int32_t config_give_option(config_list *list, size_t option, const char *text, const char *label,
			   bern_error *e);

/* Adds what `--set` was given: "env.KEY=TEXT", "env.KEY=@FILE" (the text of that file) or "train.KEY=TEXT". */
int32_t config_give_set(config_list *list, const char *assignment, bern_error *e);
void config_list_finish(config_list *list);

/* Resolves all sources to a run and opens its environment. On success the caller finishes config, world and origins. Every
 * value given is checked, also one that another replaces. */
int32_t config_resolve(const config_sources *sources, bern_registry *registry, run_config *config,
		       bern_world *world, config_origins *origins, bern_error *e);

/* Puts the values of a list into config, each checked; the later one wins. origins->options must have room for all options that
 * the list sets. */
int32_t config_apply(const config_list *list, const bern_env *env, run_config *config,
		     config_origins *origins, bern_error *e);
void config_origins_finish(config_origins *origins);

/* After an environment could not be opened: adds to the sentence that a text parameter which names a file, and is none of
 * its text, is written env.KEY=@FILE. */
void config_hint_file(const run_config *config, const bern_env *env, bern_error *e);

/* As run_config_yaml; with origins (may be NULL) each value's as a comment. */
char *run_config_yaml_from(const run_config *config, const bern_world *world,
			   const config_origins *origins);

/* Reads a configuration from text; `name` stands for it in errors. As run_config_read. */
int32_t run_config_parse(run_config *config, const char *name, const char *text, size_t size,
			 bern_error *e);

/* ---- recipes -------------------------------------------------------------------------------------------------- */

/* Finds the recipe of that name (an id with '-' for '/') in $BERN_RECIPES, in the source tree of a program run from its build
 * folder, or where recipes are installed. Returns its path (owned by the caller: free), or NULL if there is none. */
char *recipe_find(const char *name);

/* As recipe_find for what --recipe was given, a name or a file; none is an error with a suggestion. */
int32_t recipe_choose(const char *name_or_file, char **path, bern_error *e);

/* The names of all recipes, sorted. Returns how many; names and the array are owned by the caller: free. */
size_t recipe_names(char ***out);

/* The folders recipe_find looks in, one after another: NULL past the last. Owned by the caller: free. */
char *recipe_folder(size_t index);

/* ---- a run's configuration ------------------------------------------------------------------------------------ */

void run_config_finish(run_config *config);

/* The complete configuration as YAML text, which config_read_file takes back to the same run_config. Returned string is
 * owned by the caller (free). NULL if memory is out. */
char *run_config_yaml(const run_config *config, const bern_world *world);

/* Reads a complete config.yaml (of a run folder) over the defaults. */
int32_t run_config_read(run_config *config, const char *path, bern_error *e);

#endif
