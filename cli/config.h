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
} run_options;

/* Everything that decides a run. */
typedef struct run_config {
	char env_id[256];
	bern_setting *settings; /* owned, with its strings: the environment's parameters as given */
	size_t setting_count;
	bern_agent_config agent;
	run_options run;
} run_config;

/* Where a value came from, for errors ("runs/recipes/CartPole-v1.yaml:7: ...") and --print-config. */

/* What the command line of `train` and its kin gave, before it is resolved. */
typedef struct config_sources config_sources;

void run_config_finish(run_config *config);

/* The complete configuration as YAML text, which config_read_file takes back to the same run_config. Returned string is
 * owned by the caller (free). NULL if memory is out. */
char *run_config_yaml(const run_config *config, const bern_world *world);

/* Reads a complete config.yaml (of a run folder) over the defaults. */
int32_t run_config_read(run_config *config, const char *path, bern_error *e);

#endif
