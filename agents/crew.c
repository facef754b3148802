#include "crew.h"

int32_t bern_crew_start(bern_crew *crew, size_t threads, size_t tiles, bern_error *e)
{
	size_t wanted = threads ? threads : bern_processors();
	if (wanted > tiles)
		wanted = tiles;
	crew->threads = wanted > BERN_MOST_THREADS ? BERN_MOST_THREADS : wanted;
	return crew->threads > 1 ? bern_pool_create(&crew->pool, crew->threads, e) : 0;
}

int32_t bern_crew_share(bern_crew *crew, bern_arena *arena, const bern_network *net,
			const bern_workspace *work, size_t rows, bern_error *e)
{
	int32_t failed = 0;
	crew->member = bern_arena_take(arena, crew->threads, sizeof *crew->member);
	for (size_t i = 0; crew->member && !failed && i < crew->threads; i++) {
		bern_crew_member *member = &crew->member[i];
		member->net = *net;
		member->work = *work;
		member->x = bern_arena_take(arena, net->layer[0].inputs, sizeof(float));
		member->rows = bern_arena_take(arena, rows, sizeof(size_t));
		if (i == 0)
			continue;
		failed = bern_network_scratch(&member->net, arena, e);
		if (!failed)
			failed = bern_workspace_init(&member->work, arena, net, e);
	}
	return failed ? failed : bern_arena_check(arena, e);
}

void bern_crew_finish(bern_crew *crew)
{
	bern_pool_destroy(crew->pool);
	crew->pool = NULL;
}
