/* cli/manual.h: manual pages and shell completion, written from the table of commands and the list of options. */
#ifndef BERN_CLI_MANUAL_H
#define BERN_CLI_MANUAL_H

#include "command.h"

#include <stdio.h>

/* Writes the page of a command, bern-NAME(1), in man(7); found == NULL: bern(1) itself. of: "lab" for a command of `bern lab`,
 * else NULL. date: "2026-11-23". */
void manual_write(FILE *out, const command *found, const char *of, const char *version,
		  const char *date);

/* Writes a script that completes bern's arguments. Ids of environments, recipes and run folders are asked for when the user
 * presses Tab; the rest stands in the script. Returns 0, or -1 for a shell it does not know. */
int completion_write(FILE *out, const char *shell);

#endif
