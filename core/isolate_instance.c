/* What open() told, from one process to another: the instance, then each array it points to, in a fixed order. */
#include "isolate.h"

#include <stdlib.h>
#include <string.h>

/* Bytes that are written or read one after another; past the end nothing happens, and `at` still counts. */
typedef struct tape {
	unsigned char *out;      /* writing, else NULL */
	const unsigned char *in; /* reading, else NULL */
	size_t at, room;
	int broken; /* reading: something lay past the end */
} tape;

/* Goes on by `size` bytes, rounded up so that the next piece is aligned. Returns where they were, NULL past the end. */
static const void *pass(tape *t, const void *from, size_t size)
{
	size_t start = t->at, padded = (size + 7) / 8 * 8;
	t->at += padded;
	if (t->at > t->room || t->at < start) {
		t->broken = 1;
		return NULL;
	}
	if (!t->out)
		return t->in + start;
	memcpy(t->out + start, from, size);
	return t->out + start;
}

static const void *array(tape *t, const void *from, uint64_t count, size_t size)
{
	if (!from || (t->in && t->broken))
		return NULL;
	if (count > (uint64_t)1 << 32) {
		t->broken = 1;
		return NULL;
	}
	return pass(t, from, (size_t)count * size);
}

/* A list of names, some of which may be missing. When reading, `list` is where the pointers lie in the block. */
static const char *const *names(tape *t, const char *const *from, uint64_t count)
{
	const char **list = (const char **)(uintptr_t)array(t, from, count, sizeof *from);
	if (!from)
		return NULL;
	for (uint64_t i = 0; i < count && !(t->in && t->broken); i++) {
		const char *name = t->in ? list[i] : from[i];
		uint64_t length = t->in || !name ? 0 : strlen(name) + 1;
		const uint64_t *said = pass(t, &length, sizeof length);
		if (t->in)
			length = said ? *said : 0;
		const char *text = name ? array(t, name, length, 1) : NULL;
		if (t->in && text && (length == 0 || text[length - 1] != '\0'))
			t->broken = 1;
		if (t->in && list)
			list[i] = text;
	}
	return list;
}

/* The arrays of a space. When reading, the pointers of `s` tell which were there, and then lead into the block. */
static void space(tape *t, bern_space *s)
{
	bern_space said = *s;
	const int counted = s->kind == BERN_DISCRETE || s->kind == BERN_MULTI_DISCRETE;
	const uint64_t sizes = s->kind == BERN_DISCRETE ? 1 : s->count;
	s->sizes = array(t, counted ? said.sizes : NULL, sizes, sizeof *s->sizes);
	s->low = array(t, s->kind == BERN_BOX ? said.low : NULL, s->count, sizeof *s->low);
	s->high = array(t, s->kind == BERN_BOX ? said.high : NULL, s->count, sizeof *s->high);
	const int32_t *first = t->in ? s->sizes : said.sizes;
	uint64_t values = s->kind != BERN_DISCRETE ? s->count
			  : first && *first > 0    ? (uint64_t)*first
						   : 0;
	s->labels = names(t, values ? said.labels : NULL, values);
	s->keys = names(t, s->kind == BERN_DISCRETE && values ? said.keys : NULL, values);
}

size_t bern_isolate_pack(const bern_instance *instance, void *out, size_t room)
{
	unsigned char none;
	bern_instance copy = *instance;
	tape t = {.out = out ? out : &none, .room = out ? room : 0};
	pass(&t, instance, sizeof *instance);
	space(&t, &copy.observation);
	space(&t, &copy.action);
	return t.at;
}

bern_instance *bern_isolate_unpack(const void *bytes, size_t size)
{
	/* a copy of our own: the other process may still write to the shared one */
	unsigned char *block = size >= sizeof(bern_instance) ? malloc(size) : NULL;
	if (!block)
		return NULL;
	memcpy(block, bytes, size);
	bern_instance *instance = (bern_instance *)(void *)block;
	tape t = {.in = block, .room = size, .at = sizeof *instance};
	instance->model = NULL;
	space(&t, &instance->observation);
	space(&t, &instance->action);
	if (!t.broken)
		return instance;
	free(block);
	return NULL;
}
