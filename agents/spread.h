/* spread.h: what the ranks of "reinforce" (ranks.h) tell each other of a play.
 *
 * Each rank plays the lanes of its share. Then all have the rows of all lanes that are summed or averaged in one order, and the first
 * failure; rank 0 has the episodes that ended. What follows from these (scales, means, checks) every rank computes for itself, to the
 * same bits, so that nobody need be told. A process by itself makes none of these calls.
 */
#ifndef BERN_SPREAD_H
#define BERN_SPREAD_H

#include "estimator.h"
#include "lanes_part.h"
#include "ranks.h"

#define BERN_SPREAD_ROWS 4

typedef struct bern_spread {
	bern_share share;
	size_t steps, metrics; /* T; M numbers of an episode */
	float *rows
		[BERN_SPREAD_ROWS]; /* (T, B) each, borrowed: what all ranks get after each play */
	unsigned char *buffer;      /* the same packed, rank after rank, behind a head of each */
	size_t *offset;             /* (ranks + 1) */
	size_t ended;               /* episodes that wait in `episodes` */
	unsigned char *episodes;    /* rank 0: of all, others: of their own */
} bern_spread;

/* Where a play broke off, and why. */
typedef struct bern_failure {
	uint64_t t;
	int32_t stage;    /* in step t: a greater one is later */
	uint64_t end;     /* lanes from here on had not been tried */
	bern_error error; /* code 0: it did not */
} bern_failure;

/* An episode that ended at step t of the play in lane b. */
typedef struct bern_spread_episode {
	uint64_t t, b;
	bern_ended ended;
} bern_spread_episode;

/* 0, or what in this configuration cannot be spread over ranks. */
int32_t bern_spread_check(const bern_agent_config *config, const bern_estimator *estimator,
			  const bern_world *world, bern_error *e);

/* Takes memory. share and rows are set already. */
void bern_spread_init(bern_spread *spread, bern_arena *arena, size_t steps, size_t metrics);

/* Puts an episode of this rank on the list for rank 0. */
void bern_spread_add(bern_spread *spread, const bern_spread_episode *episode,
		     const double *metrics);

/* After the play: all ranks get the rows, and in *failure, which holds this rank's first one, that of the rank that one process would
 * have seen fail first; on rank 0 the list holds the episodes of all, in no order. */
void bern_spread_tell(bern_spread *spread, bern_failure *failure);

/* Takes the next episode off the list, with its metrics (M), which stay until the next play: 1, or 0 if there is none. */
int bern_spread_take(bern_spread *spread, bern_spread_episode *episode, const double **metrics);

/* Gathers another array (T, B) of 4 bytes each in all ranks. */
void bern_spread_gather(const bern_spread *spread, void *rows);

#endif
