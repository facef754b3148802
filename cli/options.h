/* cli/options.h: the one table of what can be chosen about a run, and the reader of command lines over it.
 *
 * The options of a run (options.c) and those of an agent (bern_agent_options) are one list here, numbered from 0: the
 * parser, the help, the file's keys and the environment variables all walk it.
 */
#ifndef BERN_CLI_OPTIONS_H
#define BERN_CLI_OPTIONS_H

#include "config.h"

#include <stdio.h>

/* ---- the list ------------------------------------------------------------------------------------------------ */

size_t train_option_count(void);
const bern_option *train_option_at(size_t index);

/* The option of a key as in a file ("learning_rate"; '-' counts as '_', "lr" is learning_rate). train_option_count() if there
 * is none. */
size_t train_option_find(const char *key);

/* Writes ", did you mean X?" or nothing, as bern_suggest. */
const char *train_option_suggest(const char *key, char *out, size_t size);

void run_config_defaults(run_config *config);

/* Sets one option. `label` stands for the key in an error: "--learning-rate", "a.yaml:3: learning_rate". */
int32_t train_option_set(run_config *config, size_t index, const char *label, const char *text,
			 bern_error *e);
void train_option_get(const run_config *config, size_t index, char *out, size_t size);

/* Reads a seed: a whole number from 0 to 2^64-1. */
int32_t parse_seed(const char *label, const char *text, uint64_t *seed, bern_error *e);

/* "-1 .. 1", "one of a, b", ...: what the option takes. Empty for text of any length. Returns out. */
const char *param_allowed(const bern_param *param, char *out, size_t size);

/* ---- command lines -------------------------------------------------------------------------------------------- */

/* A flag of one command that is not an option of the list. */
typedef struct cli_flag {
	const char *name;    /* without the dashes */
	char letter;         /* 0: none */
	const char *metavar; /* NULL: takes no value */
	const char *help;
} cli_flag;

enum arg_kind {
	ARG_END,
	ARG_WORD,  /* text */
	ARG_FLAG,  /* index into flags; text is its value or NULL */
	ARG_OPTION /* index into the list of options; text is its value */
};

/* Walks an argument vector. Set the first four fields, the rest to zero. */
typedef struct arg_reader {
	int argc;
	char **argv; /* argv[0] is skipped */
	const cli_flag *flags;
	size_t flag_count;
	int with_options; /* the list of options belongs to this command */
	/* of the argument just read */
	int32_t kind; /* enum arg_kind */
	size_t index;
	const char *text; /* borrowed from argv */
	char label[80];   /* the flag as it may stand in an error: "--learning-rate" */
	/* private */
	int at, words_only;
	const char *cluster;
} arg_reader;

/* Reads the next argument. */
int32_t arg_next(arg_reader *reader, bern_error *e);

/* What `--help` says of a command. */
typedef struct command_help {
	const char *usage;    /* "bern eval RUN [options]" */
	const char *summary;  /* a sentence or two */
	const char *examples; /* lines, each ending in a newline */
	const char *notes;    /* paragraphs at the end; may be NULL */
	const cli_flag *flags;
	size_t flag_count;
	int with_options;
} command_help;

void help_print(FILE *out, const command_help *help);

/* How an option is typed, "--gamma X" or "--[no-]recurrent", without its value's name where `bare`. Returns out. */
const char *option_typed(const bern_option *option, int bare, char *out, size_t size);

/* What it says of itself, with "[default; allowed]" at the end. Returns out. */
const char *option_words(const bern_option *option, char *out, size_t size);

/* The flags that every command takes. */
#define CLI_COMMON_FLAGS                                                                           \
	{"quiet", 'q', NULL, "no messages but errors"}, {"verbose", 'v', NULL, "say more"},        \
	{                                                                                          \
		"help", 'h', NULL, "show this help"                                                \
	}

#endif
