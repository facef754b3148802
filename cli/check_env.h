/* cli/check_env.h: the conformance checks on one environment, in a process of their own, and what to say of them. */
#ifndef BERN_CLI_CHECK_ENV_H
#define BERN_CLI_CHECK_ENV_H

#include "command.h"

#define CHECK_SECONDS 60 /* where --time-limit is not given */

typedef struct check_request {
	const char *word; /* an id or a library */
	uint64_t seed, steps;
	unsigned seconds; /* of processor time before it counts as hung */
	const char *const *env_paths;
	size_t env_path_count;
	const config_list *settings; /* from --set */
	output_style style;
} check_request;

/* Runs the checks and prints what they found. *status becomes the exit status. An error if they could not be run. */
int32_t check_env(const check_request *request, int *status, bern_error *e);

#endif
