/* cli/bench_train.h: how many steps a second trainings make, learning included, on one core; and where the time of a step goes. */
#ifndef BERN_CLI_BENCH_TRAIN_H
#define BERN_CLI_BENCH_TRAIN_H

#include "bench_time.h"
#include "config.h"

typedef struct bench_train_request {
	const char *const *recipes; /* (count) measured as they are; none: a list of its own */
	size_t count;
	const config_list *settings; /* given to each; may be empty */
	double seconds;
	size_t repeats;
	size_t seeds; /* of the default recipe of CartPole-v1, trained until it is solved; 0: not */
	int json, profile;
	const bench_machine *machine;
} bench_train_request;

/* Whether all recipes are there, and all settings go with them. */
int32_t bench_train_check(const char *const *recipes, size_t count, const config_list *settings,
			  bern_error *e);

/* Prints a row for each training. */
int32_t bench_train(const bench_train_request *request, bern_error *e);

#endif
