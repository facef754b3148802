#include "ranks.h"

#include <bern/env.h>
#include <string.h>

void bern_ranks_all_gather(const bern_ranks *ranks, void *all, const size_t *offset)
{
	if (bern_ranks_count(ranks) > 1)
		ranks->all_gather(ranks->own, all, offset);
}

void bern_ranks_gather(const bern_ranks *ranks, const void *piece, void *all, const size_t *offset)
{
	if (bern_ranks_count(ranks) > 1)
		ranks->gather(ranks->own, piece, all, offset);
}

void bern_ranks_broadcast(const bern_ranks *ranks, void *bytes, size_t size)
{
	if (bern_ranks_count(ranks) > 1)
		ranks->broadcast(ranks->own, 0, bytes, size);
}

int64_t bern_ranks_most(const bern_ranks *ranks, int64_t number)
{
	return bern_ranks_count(ranks) > 1 ? ranks->most(ranks->own, number) : number;
}

void bern_ranks_meet(const bern_ranks *ranks)
{
	if (bern_ranks_count(ranks) > 1)
		ranks->meet(ranks->own);
}

int32_t bern_ranks_agree(const bern_ranks *ranks, int32_t rc, bern_error *e)
{
	const size_t rank = bern_ranks_rank(ranks), count = bern_ranks_count(ranks);
	/* the lowest rank that failed has the most ranks from it on */
	const int64_t from = bern_ranks_most(ranks, rc ? (int64_t)(count - rank) : 0);
	if (from == 0 || count == 1)
		return rc;
	const size_t first = count - (size_t)from;
	if (rank == first && rank > 0)
		bern_because(e, "rank %zu", rank);
	ranks->broadcast(ranks->own, first, e, sizeof *e);
	return e->code;
}

/* ---- lanes ---------------------------------------------------------------------------------------- */

/* Runs as long as they can be without giving any rank an eighth more than its part: the fewer there are, the fewer sums are sent. */
static size_t unit_of(size_t tiles, size_t count)
{
	const size_t fair = (tiles + count - 1) / count;
	size_t unit = 1;
	for (size_t next = 2; next <= fair + fair / 8; next *= 2) {
		const size_t units = (tiles + next - 1) / next;
		if ((units + count - 1) / count * next <= fair + fair / 8)
			unit = next;
	}
	return unit;
}

void bern_share_init(bern_share *share, bern_arena *arena, const bern_ranks *ranks, size_t lanes)
{
	const size_t count = bern_ranks_count(ranks), rank = bern_ranks_rank(ranks);
	*share = (bern_share){
		.ranks = ranks, .lanes = lanes, .tiles = (lanes + BERN_TILE - 1) / BERN_TILE};
	share->unit = unit_of(share->tiles, count);
	share->units = (share->tiles + share->unit - 1) / share->unit;
	share->first = bern_share_lane(share, rank);
	share->end = bern_share_lane(share, rank + 1);
	share->offset = bern_arena_take(arena, count + 1, sizeof *share->offset);
}

size_t bern_share_unit(const bern_share *share, size_t rank)
{
	const size_t count = bern_ranks_count(share->ranks);
	return (rank * share->units + count - 1) / count;
}

size_t bern_share_lane(const bern_share *share, size_t rank)
{
	const size_t lane = bern_share_unit(share, rank) * share->unit * BERN_TILE;
	return lane < share->lanes ? lane : share->lanes;
}

/* each: lanes of a row */
static const size_t *offsets(const bern_share *share, size_t each, size_t size)
{
	for (size_t r = 0; r <= bern_ranks_count(share->ranks); r++)
		share->offset[r] = (bern_share_lane(share, r) + each - 1) / each * size;
	return share->offset;
}

void bern_share_all_gather(const bern_share *share, void *rows, size_t size)
{
	if (bern_ranks_count(share->ranks) > 1)
		bern_ranks_all_gather(share->ranks, rows, offsets(share, 1, size));
}

void bern_share_gather(const bern_share *share, void *rows, size_t size)
{
	if (bern_ranks_count(share->ranks) > 1)
		bern_ranks_gather(share->ranks, (char *)rows + share->first * size, rows,
				  offsets(share, 1, size));
}

void bern_share_all_gather_leaves(const bern_share *share, void *rows, size_t count, size_t size)
{
	if (bern_ranks_count(share->ranks) > 1)
		bern_ranks_all_gather(share->ranks, rows,
				      offsets(share, count == share->lanes ? 1 : BERN_TILE, size));
}

void bern_share_gather_tensors(const bern_share *share, const bern_tensors *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const bern_tensor *item = &list->items[i];
		const int of_lanes = !strncmp(item->name, "lanes.", 6) ||
				     !strncmp(item->name, "streams.", 8);
		if (of_lanes && item->shape[0] == share->lanes)
			bern_share_gather(share, item->data, bern_tensor_size(item) / share->lanes);
	}
}
