/* cli/command.h: the subcommands of bern and what they share.
 *
 * Each subcommand is a function in cmd_NAME.c and a row in the table of main.c. Results go to stdout, messages and progress to
 * stderr as "bern: train: ...". Exit status: 0 ok, 1 failed, 2 misused, 3 target not reached, 130 after Ctrl-C.
 */
#ifndef BERN_CLI_COMMAND_H
#define BERN_CLI_COMMAND_H

#include "config.h"

enum exit_status {
	EXIT_OK = 0,
	EXIT_FAILED = 1,
	EXIT_MISUSED = 2,
	EXIT_NOT_REACHED = 3,
	EXIT_INTERRUPTED = 130
};

typedef struct command {
	const char *name, *summary;
	/* program: as the user called it; argv[0] is the subcommand's name. Returns the exit status. */
	int (*run)(const char *program, int argc, char **argv);
	const struct command_help *help; /* what --help says; NULL: it has commands of its own */
	/* What its words name, for completion: "env", "recipe", "run", "estimator", "shell"; several with blanks between;
	 * NULL: nothing that could be listed. */
	const char *words;
	const struct command *commands; /* (command_count) its own, as of `bern lab` */
	size_t command_count;
} command;

int cmd_train(const char *program, int argc, char **argv);
int cmd_resume(const char *program, int argc, char **argv);
int cmd_eval(const char *program, int argc, char **argv);
int cmd_export(const char *program, int argc, char **argv);
int cmd_envs(const char *program, int argc, char **argv);
int cmd_info(const char *program, int argc, char **argv);
int cmd_watch(const char *program, int argc, char **argv);
int cmd_play(const char *program, int argc, char **argv);
int cmd_trace(const char *program, int argc, char **argv);
int cmd_draw(const char *program, int argc, char **argv);
int cmd_new_env(const char *program, int argc, char **argv);
int cmd_check_env(const char *program, int argc, char **argv);
int cmd_bench(const char *program, int argc, char **argv);
int cmd_runs(const char *program, int argc, char **argv);
int cmd_sweep(const char *program, int argc, char **argv);
int cmd_compare(const char *program, int argc, char **argv);
int cmd_plot(const char *program, int argc, char **argv);
int cmd_completion(const char *program, int argc, char **argv);
int cmd_lab(const char *program, int argc, char **argv);

/* What their --help says; in their files. */
extern const struct command_help compare_help, train_help;
extern const struct command_help resume_help;
extern const struct command_help eval_help;
extern const struct command_help export_help;
extern const struct command_help runs_help;
extern const struct command_help sweep_help;
extern const struct command_help watch_help;
extern const struct command_help play_help;
extern const struct command_help envs_help;
extern const struct command_help info_help;
extern const struct command_help trace_help;
extern const struct command_help draw_help;
extern const struct command_help new_env_help;
extern const struct command_help check_env_help;
extern const struct command_help bench_help;
extern const struct command_help plot_help;
extern const struct command_help completion_help;

/* The table of commands (commands.c), in the order of the help: --help, the manual pages and completion read it. */
extern const command commands[];
extern const size_t command_count;
const command *command_find(const char *name); /* NULL: there is none */

/* A file or folder of the source tree if the program lies in its build folder, else NULL. Owned by the caller: free. */
char *source_path(const char *inside);

/* A file or folder of the build folder if the program lies in one, else NULL. Owned by the caller: free. */
char *build_path(const char *inside);

/* The commit the program was built from, or "unknown". */
const char *version_commit(void);

/* Verbosity and output style, set by -q, -v, --json, NO_COLOR, FORCE_COLOR, TERM and whether stderr is a terminal. */
typedef struct output_style {
	int quiet, verbose, json, color, progress;
	const char *program; /* as the user called it, for lines to paste: "bern", "build/bern" */
	int report_to;       /* descriptor that takes a progress_note now and then; 0: none */
} output_style;

/* The style that the environment asks for: NO_COLOR, FORCE_COLOR, TERM and whether stderr is a terminal. Flags are added by
 * the command. */
output_style output_style_now(const char *program);

/* ---- what train, resume and eval are given by the parsing half (options.c, config.c) ------------------------ */

typedef struct train_request {
	run_config config;       /* resolved */
	bern_registry *registry; /* owned */
	bern_world world;        /* opened with config's parameters */
	output_style style;
	int force;                      /* write over an existing run folder of that name */
	const struct bern_ranks *ranks; /* processes that train together; NULL: this one alone */
} train_request;

/* ---- the running half (train.c, run_folder.c, progress.c) ---------------------------------------------------- */

/* Trains as asked, from the start: makes the run folder, logs, looks, checkpoints, final evaluation, report. */
int train_run(train_request *request);

typedef struct resume_request {
	const char *run;              /* folder */
	int64_t total_timesteps;      /* 0: as configured */
	int64_t threads;              /* -1: as configured */
	const char *const *env_paths; /* plugins and folders of plugins, as from --env-path */
	size_t env_path_count;
	isolation isolation;
	output_style style;
	const struct bern_ranks *ranks; /* as of train_request */
} resume_request;
int train_resume(resume_request *request);

typedef struct eval_request {
	const char *run; /* run folder, or a checkpoint file in it */
	uint64_t episodes, seed;
	int32_t mode; /* enum bern_policy_mode */
	int has_min_return;
	double min_return;
	const char *spikes; /* file for every firing, or NULL */
	const char *layers; /* of it; NULL: all that fire */
	int inputs;         /* of it: also what the first layer hears */
	const char *const *env_paths;
	size_t env_path_count;
	isolation isolation;
	output_style style;
} eval_request;
int eval_run(eval_request *request);

/* Built-in environments, then $BERN_ENV_PATH, the XDG data home, the installed folder, and the given paths. */
int32_t open_registry(bern_registry **out, const char *const *paths, size_t count, bern_error *e);

/* Prints a word of a line to paste, quoted where a shell would take it apart. */
void print_word(const char *word);

/* Says "bern: WHAT: sentence" on stderr, in one line whatever the sentence holds. Returns the exit status for e's code. */
int report_error(const char *what, const bern_error *e);
int exit_status_of(const bern_error *e); /* without saying it */

#endif
