/* cli/seeds.h: one training with many seeds: a group folder, a run in it for each seed, and what they say together. */
#ifndef BERN_CLI_SEEDS_H
#define BERN_CLI_SEEDS_H

#include "command.h"

#define SEEDS_MOST 10000

/* Reads "10" (1 to 10), "1..10" or "3,5,8": at most SEEDS_MOST different seeds. *seeds is owned by the caller: free. */
int32_t seeds_parse(const char *label, const char *text, uint64_t **seeds, size_t *count,
		    bern_error *e);

typedef struct seeds_request {
	const uint64_t *seeds; /* (count) */
	size_t count, at_once; /* at_once 0: as many as there are cores */
	const char *const *env_paths;
	size_t env_path_count;
	const isolation *isolation;
} seeds_request;

/* Trains request->config once for each seed. Each run is the one that `bern train --seed S` gives. Closes the request's world.
 * Returns the exit status. */
int train_seeds(train_request *request, const seeds_request *seeds);

/* Goes on with the runs of a group that are not done, or with all up to more steps. */
int resume_group(resume_request *request, size_t at_once);

#endif
