/* tiles.h: lanes of an environment in the layout of its batch (bern/env.h). Internal to libbern and the program.
 *
 * A tile holds the fields of 16 states side by side. Any thread; nothing here allocates.
 */
#ifndef BERN_TILES_H
#define BERN_TILES_H

#include <bern/host.h>

/* Bytes of one element of a field, of a raw observation or action, and of a tile's state. */
size_t bern_field_size(const bern_field *field);
size_t bern_space_element(const bern_space *space);
size_t bern_tile_size(const bern_env *env);

/* Copies a lane's state out of a tile; bytes of the state that belong to no field become 0. */
void bern_tile_get(const bern_world *world, const void *tile, size_t lane, void *state);
/* Copies a state into a lane of a tile. */
void bern_tile_put(const bern_world *world, void *tile, size_t lane, const void *state);

/* Copies `count` elements of `size` bytes of one lane out of, or into, an array (count, 16): observations, actions, metrics. */
void bern_tile_column_get(const void *column, size_t lane, size_t count, size_t size, void *out);
void bern_tile_column_put(void *column, size_t lane, size_t count, size_t size, const void *in);

/* The batch that this CPU (or the level that BERN_CPU names) is to use: the first that can run, NULL if none can or there is
 * none. The level "reference" takes no batch. An error if BERN_CPU names none of the levels usable here. */
int32_t bern_batch_select(const bern_env *env, const bern_batch **out, bern_error *e);

/* Whether a batch can run at a level of kernels.h, or at a lower one. */
int bern_batch_runs_on(const bern_batch *batch, const char *level);

#endif
