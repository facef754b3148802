/* cli/bench_recipes.h: what the recipes reach, over seeds, as one table. */
#ifndef BERN_CLI_BENCH_RECIPES_H
#define BERN_CLI_BENCH_RECIPES_H

#include <bern/error.h>

#include <stddef.h>

/* Trains from each of the named recipes, or from all if count is 0, with seeds 1 .. seeds, and prints a row for each to stdout as
 * soon as it is known: Markdown, or with json an object a line. A name that is none is an error before anything is trained. */
int32_t bench_recipes(const char *const *names, size_t count, size_t seeds, int json,
		      bern_error *e);

#endif
