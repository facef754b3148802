#include "arena.h"

#include <stdint.h>
#include <stdlib.h>

#define CHUNK_SIZE ((size_t)64 << 10)

struct bern_arena_chunk {
	struct bern_arena_chunk *next;
	char *free, *end; /* what is left of it; free is aligned */
};

static void *refuse(bern_arena *arena, size_t size)
{
	if (!arena->refused)
		arena->refused = size ? size : 1;
	return NULL;
}

/* Puts a chunk with room for `size` bytes in front. calloc leaves the pages of a large one untouched until they are used. */
static int add_chunk(bern_arena *arena, size_t size)
{
	size_t room = size > CHUNK_SIZE ? size : CHUNK_SIZE;
	size_t head = sizeof(struct bern_arena_chunk) + BERN_ARENA_ALIGN;
	if (room > SIZE_MAX - head)
		return 0;
	struct bern_arena_chunk *chunk = calloc(1, head + room);
	if (!chunk)
		return 0;
	char *start = (char *)(chunk + 1);
	start += (BERN_ARENA_ALIGN - (uintptr_t)start % BERN_ARENA_ALIGN) % BERN_ARENA_ALIGN;
	chunk->free = start;
	chunk->end = start + room;
	chunk->next = arena->chunks;
	arena->chunks = chunk;
	return 1;
}

void *bern_arena_take(bern_arena *arena, size_t count, size_t size)
{
	if (arena->refused)
		return NULL;
	if (size && count > (SIZE_MAX - BERN_ARENA_ALIGN) / size)
		return refuse(arena, SIZE_MAX);
	/* a piece of nothing takes a line too, so that every pointer is its own */
	size_t bytes = count * size;
	if (bytes == 0)
		bytes = 1;
	bytes = (bytes + BERN_ARENA_ALIGN - 1) / BERN_ARENA_ALIGN * BERN_ARENA_ALIGN;
	struct bern_arena_chunk *chunk = arena->chunks;
	if (!chunk || (size_t)(chunk->end - chunk->free) < bytes) {
		if (!add_chunk(arena, bytes))
			return refuse(arena, bytes);
		chunk = arena->chunks;
	}
	void *piece = chunk->free;
	chunk->free += bytes;
	arena->taken += bytes;
	return piece;
}

int32_t bern_arena_check(const bern_arena *arena, bern_error *e)
{
	if (!arena->refused)
		return BERN_OK;
	if (arena->refused == SIZE_MAX)
		return bern_fail(e, BERN_EMEMORY,
				 "memory is out: a piece is larger than any memory can be");
	return bern_fail(e, BERN_EMEMORY, "memory is out: %zu more bytes than %zu were asked for",
			 arena->refused, arena->taken);
}

void bern_arena_finish(bern_arena *arena)
{
	struct bern_arena_chunk *chunk = arena->chunks;
	while (chunk) {
		struct bern_arena_chunk *next = chunk->next;
		free(chunk);
		chunk = next;
	}
	*arena = (bern_arena){0};
}
