/* guard.h: the sentence for a number that went astray in learning: which was the first, where, and what may help. Internal to libbern.
 *
 * An update looks at few sums that it has anyway: a NaN or an infinity anywhere before reaches one of them. Only then is everything
 * that went into the sum searched, in the order in which it was computed; so looking costs next to nothing. Any thread; allocates
 * only when something is broken.
 */
#ifndef BERN_GUARD_H
#define BERN_GUARD_H

#include <bern/agent.h>

/* Learning whose gradient or parameters are longer than this, or hold a number beyond it, has exploded even if it is finite: one more
 * product with such numbers is, with float's 24 bits, of nothing else. */
#define BERN_GUARD_MOST 1e15
/* A mean squared error beyond its square: the squares of its gradient, which the optimisers keep, are not floats any more. */
#define BERN_GUARD_MOST_SQUARE 1e30

/* When and where. */
typedef struct bern_guard {
	uint64_t steps;  /* of the environment, made so far */
	uint64_t update; /* the number of this update from 1, or 0: not known */
	size_t lanes;    /* B: rows are step t * B + lane b */
} bern_guard;

/* All of these return 0 if nothing is broken, else BERN_ENUMBER with the sentence. `advice` is what may help: "a smaller
 * learning_rate may help". */

/* A number that must be within -most .. most; INFINITY for most: any finite one. */
int32_t bern_guard_number(const bern_guard *guard, const char *what, double x, double most,
			  const char *advice, bern_error *e);

/* x (rows): the first row in time that is not finite. what: "the baseline's value". */
int32_t bern_guard_rows(const bern_guard *guard, const char *what, const float *x, size_t rows,
			const char *advice, bern_error *e);

/* The first element of the tensors whose names begin with `prefix` that is not finite or beyond `most`. */
int32_t bern_guard_tensors(const bern_guard *guard, const bern_tensors *list, const char *prefix,
			   double most, const char *advice, bern_error *e);

#endif
