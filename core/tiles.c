#include "tiles.h"

#include "kernels.h"

#include <string.h>

size_t bern_field_size(const bern_field *field)
{
	static const size_t sizes[] = {
		[BERN_F64] = 8, [BERN_F32] = 4, [BERN_I32] = 4, [BERN_I64] = 8, [BERN_U8] = 1};
	return sizes[field->type];
}

size_t bern_space_element(const bern_space *s)
{
	int small = s->kind == BERN_MULTI_BINARY || (s->kind == BERN_BOX && s->dtype == BERN_UINT8);
	return small ? 1 : 4;
}

size_t bern_tile_size(const bern_env *env)
{
	size_t size = 0;
	for (uint32_t i = 0; i < env->field_count; i++)
		size += bern_field_size(&env->fields[i]) * env->fields[i].count * BERN_TILE;
	return size;
}

static inline void get_column(unsigned char *to, const unsigned char *from, size_t count,
			      size_t size)
{
	for (size_t k = 0; k < count; k++)
		memcpy(to + k * size, from + k * size * BERN_TILE, size);
}

static inline void put_column(unsigned char *to, const unsigned char *from, size_t count,
			      size_t size)
{
	for (size_t k = 0; k < count; k++)
		memcpy(to + k * size * BERN_TILE, from + k * size, size);
}

/* Sizes that are known spare a call of memcpy for each number. */
void bern_tile_column_get(const void *column, size_t lane, size_t count, size_t size, void *out)
{
	const unsigned char *from = (const unsigned char *)column + lane * size;
	if (size == 4)
		get_column(out, from, count, 4);
	else if (size == 8)
		get_column(out, from, count, 8);
	else
		get_column(out, from, count, size);
}

void bern_tile_column_put(void *column, size_t lane, size_t count, size_t size, const void *in)
{
	unsigned char *to = (unsigned char *)column + lane * size;
	if (size == 4)
		put_column(to, in, count, 4);
	else if (size == 8)
		put_column(to, in, count, 8);
	else
		put_column(to, in, count, size);
}

void bern_tile_get(const bern_world *world, const void *tile, size_t lane, void *state)
{
	const bern_env *env = world->env;
	const unsigned char *column = tile;
	memset(state, 0, (size_t)world->instance.state_size);
	for (uint32_t i = 0; i < env->field_count; i++) {
		const bern_field *f = &env->fields[i];
		size_t size = bern_field_size(f);
		bern_tile_column_get(column, lane, f->count, size,
				     (unsigned char *)state + f->offset);
		column += f->count * size * BERN_TILE;
	}
}

void bern_tile_put(const bern_world *world, void *tile, size_t lane, const void *state)
{
	const bern_env *env = world->env;
	unsigned char *column = tile;
	for (uint32_t i = 0; i < env->field_count; i++) {
		const bern_field *f = &env->fields[i];
		size_t size = bern_field_size(f);
		bern_tile_column_put(column, lane, f->count, size,
				     (const unsigned char *)state + f->offset);
		column += f->count * size * BERN_TILE;
	}
}

int bern_batch_runs_on(const bern_batch *batch, const char *level)
{
	const bern_kernels *const *usable = bern_kernels_usable();
	if (strcmp(level, bern_kernels_reference.name) == 0)
		return 0;
	if (!batch->cpu)
		return 1;
	/* from the level on downwards: best first */
	while (*usable && strcmp((*usable)->name, level) != 0)
		usable++;
	for (; *usable; usable++)
		if (strcmp((*usable)->name, batch->cpu) == 0)
			return 1;
	return 0;
}

int32_t bern_batch_select(const bern_env *env, const bern_batch **out, bern_error *e)
{
	const bern_kernels *kernels;
	*out = NULL;
	if (!env->batch_count)
		return BERN_OK;
	int32_t rc = bern_kernels_select(&kernels, e);
	for (uint32_t i = 0; !rc && !*out && i < env->batch_count; i++)
		if (bern_batch_runs_on(env->batches[i], kernels->name))
			*out = env->batches[i];
	return rc;
}
