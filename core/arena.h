/* arena.h: memory that is taken piece by piece at init and given back at once. Internal to libbern.
 *
 * Pieces are zeroed, start on a multiple of 64 bytes and share no cache line. A failure sticks, so that an init function takes
 * everything and checks once. Zero-initialise before first use.
 */
#ifndef BERN_ARENA_H
#define BERN_ARENA_H

#include <bern/error.h>
#include <stddef.h>

typedef struct bern_arena {
	struct bern_arena_chunk *chunks; /* owned, newest first */
	size_t taken;                    /* bytes given out, rounding included */
	size_t refused;                  /* bytes of the first piece that could not be had */
} bern_arena;

#define BERN_ARENA_ALIGN 64

/* Returns count * size zeroed bytes that live until finish, never NULL for a count of 0; NULL if the product does not fit in
 * memory, and from then on. */
void *bern_arena_take(bern_arena *arena, size_t count, size_t size);

/* An error if any piece was refused. */
int32_t bern_arena_check(const bern_arena *arena, bern_error *e);

/* Gives everything back and leaves the arena zeroed. */
void bern_arena_finish(bern_arena *arena);

#endif
