/* ranks.h: processes that learn together, on one machine or many, and how lanes are shared out among them. Internal to libbern.
 *
 * Whoever works sees this table, not the library behind it. All ranks run the same program: each makes the same calls in the same order,
 * and every call waits for what it needs of the others. Nothing is added up on the way: pieces are gathered as they are, and
 * whoever needs a sum takes it in an order of its own, so that the bits do not depend on how many ranks there are. A table of NULL is
 * a process by itself, for which all of this does nothing. Calls come from one thread. A call that cannot reach the others does not
 * return: the library behind the table ends all processes.
 */
#ifndef BERN_RANKS_H
#define BERN_RANKS_H

#include "arena.h"

#include <bern/tensor.h>

typedef struct bern_ranks {
	size_t rank, count; /* this one: 0 .. count - 1 */
	void *own;          /* of the library behind the table, its first argument */
	/* all consists of one piece for each rank, bytes offset[r] .. offset[r + 1] - 1, and every rank has filled in its own. All ranks get all
	 * pieces. offset (count + 1) is the same everywhere. */
	void (*all_gather)(void *own, void *all, const size_t *offset);
	/* The same, and rank 0 alone gets them: piece is that of this rank, of rank 0 where it belongs in all; the others' all is not
	 * looked at. */
	void (*gather)(void *own, const void *piece, void *all, const size_t *offset);
	/* Sends bytes from_offset[r] .. from_offset[r + 1] - 1 of `from` to each rank r, and gets its piece for this one at to_offset[r]. */
	void (*exchange)(void *own, const void *from, const size_t *from_offset, void *to,
			 const size_t *to_offset);
	/* All get what rank `root` has. */
	void (*broadcast)(void *own, size_t root, void *bytes, size_t size);
	/* The largest of the ranks' numbers. */
	int64_t (*most)(void *own, int64_t number);
	/* Waits until all ranks have come here, asleep: it may take hours. */
	void (*meet)(void *own);
} bern_ranks;

/* NULL: 0 and 1. */
static inline size_t bern_ranks_rank(const bern_ranks *ranks)
{
	return ranks ? ranks->rank : 0;
}

static inline size_t bern_ranks_count(const bern_ranks *ranks)
{
	return ranks ? ranks->count : 1;
}

/* The functions of the table, for any table, NULL too. */
void bern_ranks_all_gather(const bern_ranks *ranks, void *all, const size_t *offset);
void bern_ranks_gather(const bern_ranks *ranks, const void *piece, void *all, const size_t *offset);
void bern_ranks_broadcast(const bern_ranks *ranks, void *bytes, size_t size); /* from rank 0 */
int64_t bern_ranks_most(const bern_ranks *ranks, int64_t number);
void bern_ranks_meet(const bern_ranks *ranks);

/* What went wrong anywhere goes wrong everywhere: rc is this rank's, 0 or the code in *e. Returns 0 if all ranks give 0; else the
 * code of the first one that does not, whose sentence is in *e then ("rank 3: ..." if rank 0 has none). */
int32_t bern_ranks_agree(const bern_ranks *ranks, int32_t rc, bern_error *e);

/* ---- lanes --------------------------------------------------------------------------------------------- */

/* Which lanes each rank plays: whole tiles of 16, in runs of `unit` tiles, a power of 2, which are subtrees of any tree of tiles
 * (tree.h). Rank 0 has lane 0. Ranks beyond the number of tiles have none. */
typedef struct bern_share {
	const bern_ranks *ranks; /* borrowed; NULL: all lanes are this process's */
	size_t lanes, tiles;     /* B, those of 16 lanes that hold them */
	size_t unit, units;      /* tiles of a run; runs */
	size_t first, end;       /* lanes of this rank */
	size_t *offset;          /* (count + 1) scratch */
} bern_share;

/* Takes memory. Zero-initialised, it is the share of a process by itself for whoever looks at ranks alone. */
void bern_share_init(bern_share *share, bern_arena *arena, const bern_ranks *ranks, size_t lanes);

/* The first unit, or lane, of a rank; of rank `count` one beyond the last. */
size_t bern_share_unit(const bern_share *share, size_t rank);
size_t bern_share_lane(const bern_share *share, size_t rank);

/* Gathers rows (lanes, size bytes), of which every rank has those of its lanes. */
void bern_share_all_gather(const bern_share *share, void *rows, size_t size);
void bern_share_gather(const bern_share *share, void *rows, size_t size); /* rank 0 gets them */

/* The same of rows (tiles, size bytes), or of lanes if `count` is their number. */
void bern_share_all_gather_leaves(const bern_share *share, void *rows, size_t count, size_t size);

/* Before a run is saved: gives rank 0 the rows of all lanes in the arrays that have one for each, "lanes.NAME" and "streams.NAME". */
void bern_share_gather_tensors(const bern_share *share, const bern_tensors *list);

#endif
