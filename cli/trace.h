/* cli/trace.h: episodes of one environment from actions that are given or drawn at random: as a table of text, or played to where
 * a picture is wanted. */
#ifndef BERN_CLI_TRACE_H
#define BERN_CLI_TRACE_H

#include <bern/lanes.h>

typedef struct trace_request {
	const bern_world *world;  /* borrowed */
	const char *actions;      /* a file, "-" for stdin, "random" */
	uint64_t seed;            /* episode i starts from seed + i */
	uint64_t episodes, steps; /* stop after so many in all; 0: not given */
	int state;                /* with the declared fields of the state */
} trace_request;

/* Prints a header and a row for each reset and each step to stdout. What was printed before an error stays. */
int32_t trace_print(const trace_request *request, bern_error *e);

/* Where trace_play stands at its end. */
typedef struct trace_end {
	const void *state;  /* of the environment; borrowed for the call */
	uint64_t seed;      /* of the episode */
	uint64_t length;    /* steps of it */
	uint64_t all_steps; /* with those of the episodes before */
} trace_end;

/* Plays the same without a word, and calls `end` where it stops. With neither episodes nor steps given and random actions that is
 * the beginning of the first episode. */
int32_t trace_play(const trace_request *request, void (*end)(void *user, const trace_end *at),
		   void *user, bern_error *e);

#endif
