/* cli/describe.h: environments in words and as JSON. */
#ifndef BERN_CLI_DESCRIBE_H
#define BERN_CLI_DESCRIBE_H

#include <bern/host.h>

#include <stdio.h>

/* Writes "Box(4)", "Discrete(16)", ... Returns out. */
const char *describe_space(const bern_space *space, char *out, size_t size);

/* Prints everything about an opened environment for people. recipe may be NULL. */
void describe_text(FILE *out, const bern_world *world, const char *origin, const char *recipe);

/* Prints one line of JSON; `full`: with parameters, bounds, labels and fields. */
int32_t describe_json(FILE *out, const bern_world *world, const char *origin, int full,
		      bern_error *e);

#endif
