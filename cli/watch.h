/* cli/watch.h: the window of `bern watch` and `bern play`: its loop of input, steps and frames. */
#ifndef BERN_CLI_WATCH_H
#define BERN_CLI_WATCH_H

#include "record.h"
#include "watched.h"

typedef struct watch_options {
	const char *command; /* "watch" or "play" */
	watch_request what;
	uint64_t seed;
	double speed; /* 0: unlimited */
	int32_t mode; /* enum bern_inspect_mode */
	double width, height, scale;
	int full_screen;
	int by_person;          /* play: the keyboard has the controls from the start */
	record_plan record;     /* path NULL: a window; else path, episodes and fps */
	uint32_t record_panels; /* bits of panels, 0: the environment alone */
	output_style style;
} watch_options;

/* Opens the window and stays until it is closed. Returns the exit status; what went wrong has been told. */
int watch_run(const watch_options *options);

#endif
