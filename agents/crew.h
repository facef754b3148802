/* crew.h: the threads that an agent works with, and what each of them scribbles on.
 *
 * Parameters, trace and everything else that is read is shared; who writes, writes what belongs to its own rows, or here.
 */
#ifndef BERN_CREW_H
#define BERN_CREW_H

#include "estimator.h"
#include "pool.h"

typedef struct bern_crew_member {
	bern_network net;    /* the same parameters, scratch of its own */
	bern_workspace work; /* the same memory of the estimator, the rest its own */
	float *x;            /* (I) */
	size_t *rows;        /* (most rows) */
} bern_crew_member;

typedef struct bern_crew {
	bern_pool *pool; /* owned; NULL with one thread */
	size_t threads;
	bern_crew_member *member; /* (threads) */
} bern_crew;

/* Starts the threads; 0: as many as there are processors. More than `tiles`, the parts that lanes are shared out in, would find
 * nothing to do and are not started. */
int32_t bern_crew_start(bern_crew *crew, size_t threads, size_t tiles, bern_error *e);

/* Makes the members once net and work are complete; member 0 works with their own scratch. */
int32_t bern_crew_share(bern_crew *crew, bern_arena *arena, const bern_network *net,
			const bern_workspace *work, size_t rows, bern_error *e);

/* Ends the threads. */
void bern_crew_finish(bern_crew *crew);

#endif
