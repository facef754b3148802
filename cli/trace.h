/* cli/trace.h: episodes of one environment as a table of text, from actions that are given or drawn at random. */
#ifndef BERN_CLI_TRACE_H
#define BERN_CLI_TRACE_H

#include <bern/host.h>

typedef struct trace_request {
	const bern_world *world;  /* borrowed */
	const char *actions;      /* a file, "-" for stdin, "random" */
	uint64_t seed;            /* episode i starts from seed + i */
	uint64_t episodes, steps; /* stop after so many in all; 0: not given */
	int state;                /* with the declared fields of the state */
} trace_request;

/* Prints a header and a row for each reset and each step to stdout. What was printed before an error stays. */
int32_t trace_print(const trace_request *request, bern_error *e);

#endif
