/* bern/conformance.h: does an environment keep the promises of bern/env.h?
 *
 * The checks play an opened environment with random actions and watch it from outside: what it writes, what it leaves alone, and
 * whether the same seed gives the same bits whatever happens around it. They know nothing of its rules: an environment may
 * conform and still have its physics wrong.
 */
#ifndef BERN_CONFORMANCE_H
#define BERN_CONFORMANCE_H

#include <bern/host.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Where the checks are: written before each call into the environment, so that somebody who shares the memory knows where a
 * crash happened. */
typedef struct bern_conformance_place {
	const char *call; /* "reset", "step", ...; NULL before the first. Static. */
	uint64_t episode, step;
} bern_conformance_place;

typedef struct bern_conformance_plan {
	uint64_t seed;
	uint64_t steps; /* random steps of the long run; 0: 10,000 */
	/* called at each broken promise, once at most for each check: the check's name and a sentence that names the seed
	 * and the step. May be NULL. */
	void (*report)(void *user, const char *check, const char *sentence);
	void *user;
	bern_conformance_place *place; /* borrowed; may be NULL */
} bern_conformance_plan;

/* The checks in the order in which they run: a name and the promise it holds an environment to. */
typedef struct bern_conformance_check {
	const char *name, *promise;
} bern_conformance_check;
extern const bern_conformance_check bern_conformance_checks[];
extern const size_t bern_conformance_check_count;

/* Runs all checks. *failures becomes the number of checks that found something. An error only if the checks could not be run:
 * memory was out, or attach, save, load or a second open failed. One thread; the world is only read. */
int32_t bern_conformance(const bern_world *world, const bern_conformance_plan *plan,
			 size_t *failures, bern_error *e);

#ifdef __cplusplus
}
#endif

#endif
