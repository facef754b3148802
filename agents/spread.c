#include "spread.h"

#include <string.h>

/* What comes before a rank's rows. */
typedef struct head {
	uint64_t ended;
	int32_t failed, unused;
} head;

static int32_t refuse(const char *what, const char *why, bern_error *e)
{
	return bern_fail(e, BERN_EUSAGE,
			 "%s: %s, and several ranks were started; allowed: one process, which may "
			 "have --threads",
			 what, why);
}

int32_t bern_spread_check(const bern_agent_config *config, const bern_estimator *estimator,
			  const bern_world *world, bern_error *e)
{
	static const char together[] = "lanes play together with it, in one process";
	if (world->isolate)
		return refuse("isolate", together, e);
	if (config->normalize_observations)
		return refuse("normalize_observations", together, e);
	if (config->whole_episodes)
		return refuse("whole_episodes", together, e);
	if (estimator->play || !estimator->shared)
		return refuse(estimator->name, "the estimator sees all lanes, in one process", e);
	if (config->baseline == BERN_BASELINE_UNIT)
		return refuse("baseline", "unit baselines see all lanes, in one process", e);
	if (config->traces)
		return refuse("traces", together, e);
	if (config->epochs > 1)
		return refuse("epochs", "passes after the first see all lanes, in one process", e);
	if (config->firing_floor > 0.0)
		return refuse("firing_floor", "averages are taken over all lanes, in one process",
			      e);
	return 0;
}

/* ---- rows ----------------------------------------------------------------------------------------- */

static size_t lanes_of(const bern_spread *spread, size_t rank)
{
	return bern_share_lane(&spread->share, rank + 1) - bern_share_lane(&spread->share, rank);
}

static size_t episode_size(const bern_spread *spread)
{
	return sizeof(bern_spread_episode) + spread->metrics * sizeof(double);
}

void bern_spread_init(bern_spread *spread, bern_arena *arena, size_t steps, size_t metrics)
{
	const bern_share *share = &spread->share;
	const size_t ranks = bern_ranks_count(share->ranks), rank = bern_ranks_rank(share->ranks);
	const size_t rows = steps * share->lanes;
	spread->steps = steps;
	spread->metrics = metrics;
	/* in two parts, so that a product that is too large is seen */
	spread->buffer = bern_arena_take(arena, rows + ranks,
					 BERN_SPREAD_ROWS * sizeof(float) + sizeof(head));
	spread->offset = bern_arena_take(arena, ranks + 1, sizeof *spread->offset);
	spread->episodes = bern_arena_take(arena, rank ? steps * lanes_of(spread, rank) : rows,
					   episode_size(spread));
}

/* Where the rows of a rank lie in those of all, step after step: `to` them or from them. */
static void copy_rows(const bern_spread *spread, size_t rank, unsigned char *packed, void *rows,
		      int take)
{
	const size_t B = spread->share.lanes, n = lanes_of(spread, rank) * sizeof(float);
	unsigned char *row = rows;
	row += bern_share_lane(&spread->share, rank) * sizeof(float);
	for (size_t t = 0; t < spread->steps; t++, packed += n, row += B * sizeof(float))
		memcpy(take ? row : packed, take ? packed : row, n);
}

/* Offsets of pieces that are a head and so many arrays of each rank's rows. */
static void lay_out(const bern_spread *spread, size_t size, size_t arrays)
{
	const size_t ranks = bern_ranks_count(spread->share.ranks);
	spread->offset[0] = 0;
	for (size_t r = 0; r < ranks; r++)
		spread->offset[r + 1] = spread->offset[r] + size +
					arrays * spread->steps * lanes_of(spread, r) *
						sizeof(float);
}

void bern_spread_gather(const bern_spread *spread, void *rows)
{
	const bern_ranks *ranks = spread->share.ranks;
	if (bern_ranks_count(ranks) == 1)
		return;
	lay_out(spread, 0, 1);
	copy_rows(spread, ranks->rank, spread->buffer + spread->offset[ranks->rank], rows, 0);
	bern_ranks_all_gather(ranks, spread->buffer, spread->offset);
	for (size_t r = 0; r < ranks->count; r++)
		if (r != ranks->rank)
			copy_rows(spread, r, spread->buffer + spread->offset[r], rows, 1);
}

/* ---- what became of a play -------------------------------------------------------------------------- */

void bern_spread_add(bern_spread *spread, const bern_spread_episode *episode, const double *metrics)
{
	unsigned char *at = spread->episodes + spread->ended++ * episode_size(spread);
	memcpy(at, episode, sizeof *episode);
	if (spread->metrics)
		memcpy(at + sizeof *episode, metrics, spread->metrics * sizeof(double));
}

int bern_spread_take(bern_spread *spread, bern_spread_episode *episode, const double **metrics)
{
	if (spread->ended == 0)
		return 0;
	const unsigned char *at = spread->episodes + --spread->ended * episode_size(spread);
	memcpy(episode, at, sizeof *episode);
	*metrics = (const double *)(const void *)(at + sizeof *episode);
	return 1;
}

/* The first of all ranks' failures; of those at once that of the lowest lanes. */
static void agree(const bern_spread *spread, bern_failure *failure)
{
	const bern_ranks *ranks = spread->share.ranks;
	bern_failure first = {0};
	for (size_t r = 0; r < ranks->count; r++) {
		bern_failure next = *failure;
		ranks->broadcast(ranks->own, r, &next, sizeof next);
		if (next.error.code && (!first.error.code || next.t < first.t ||
					(next.t == first.t && next.stage < first.stage)))
			first = next;
	}
	*failure = first;
}

void bern_spread_tell(bern_spread *spread, bern_failure *failure)
{
	const bern_ranks *ranks = spread->share.ranks;
	const size_t size = spread->steps * sizeof(float);
	const head mine = {.ended = spread->ended, .failed = failure->error.code};
	uint64_t ended = 0;
	int failed = 0;
	lay_out(spread, sizeof(head), BERN_SPREAD_ROWS);
	unsigned char *own = spread->buffer + spread->offset[ranks->rank];
	memcpy(own, &mine, sizeof mine);
	own += sizeof mine;
	for (size_t i = 0; i < BERN_SPREAD_ROWS; i++, own += size * lanes_of(spread, ranks->rank))
		copy_rows(spread, ranks->rank, own, spread->rows[i], 0);
	bern_ranks_all_gather(ranks, spread->buffer, spread->offset);
	for (size_t r = 0; r < ranks->count; r++) {
		unsigned char *at = spread->buffer + spread->offset[r];
		head theirs;
		memcpy(&theirs, at, sizeof theirs);
		at += sizeof theirs;
		for (size_t i = 0; i < BERN_SPREAD_ROWS; i++, at += size * lanes_of(spread, r))
			if (r != ranks->rank)
				copy_rows(spread, r, at, spread->rows[i], 1);
		/* the rows before are read, so their places serve for the offsets of the episodes */
		spread->offset[r] = ended * episode_size(spread);
		ended += theirs.ended;
		failed |= theirs.failed != 0;
	}
	spread->offset[ranks->count] = ended * episode_size(spread);
	if (ended > 0)
		bern_ranks_gather(ranks, spread->episodes, spread->episodes, spread->offset);
	spread->ended = ranks->rank ? 0 : ended;
	if (failed)
		agree(spread, failure);
}
