#include "keyboard.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The name that environments give a key. */
static int32_t key_named(const char *name)
{
	static const struct {
		const char *name;
		int32_t key;
	} names[] = {
		{"left", WINDOW_KEY_LEFT},
		{"right", WINDOW_KEY_RIGHT},
		{"up", WINDOW_KEY_UP},
		{"down", WINDOW_KEY_DOWN},
		{"space", ' '},
		{"return", WINDOW_KEY_RETURN},
		{"enter", WINDOW_KEY_RETURN},
		{"tab", WINDOW_KEY_TAB},
	};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (!strcmp(name, names[i].name))
			return names[i].key;
	return name[0] && !name[1] ? (unsigned char)name[0] : 0;
}

/* The key of a value: the environment's, or 1, 2, ... where it names none at all. */
static int32_t key_of(const bern_space *space, int32_t value)
{
	if (space->keys)
		return space->keys[value] ? key_named(space->keys[value]) : 0;
	return value < 9 ? '1' + value : 0;
}

int32_t keyboard_init(keyboard *k, const bern_world *world, bern_error *e)
{
	const bern_space *space = &world->instance.action;
	*k = (keyboard){.world = world, .idle = -1};
	if (space->kind == BERN_BOX && space->count <= 2)
		return 0;
	if (space->kind != BERN_DISCRETE || (!space->keys && space->sizes[0] > 9))
		return bern_fail(
			e, BERN_EUSAGE,
			"%s cannot be played by keyboard: its actions are neither a choice "
			"with keys nor one or two numbers",
			world->env->id);
	int keys = 0;
	for (int32_t i = 0; i < space->sizes[0]; i++)
		if (key_of(space, i))
			keys++;
		else
			k->idle = i;
	/* the only one without a key is what no key stands for */
	if (keys + 1 != space->sizes[0])
		k->idle = -1;
	return 0;
}

static float reach(const bern_space *space, uint32_t i, int direction)
{
	const float low = space->low ? space->low[i] : -INFINITY;
	const float high = space->high ? space->high[i] : INFINITY;
	const float rest = low <= 0 && high >= 0 ? 0 : isfinite(low) ? low : high;
	if (direction > 0)
		return isfinite(high) ? high : rest + 1;
	if (direction < 0)
		return isfinite(low) ? low : rest - 1;
	return rest;
}

const void *keyboard_take(keyboard *k, const window_event *event, int *own)
{
	const bern_space *space = &k->world->instance.action;
	const int pressed = event->kind == WINDOW_KEY_PRESS;
	*own = 0;
	if (!pressed && event->kind != WINDOW_KEY_RELEASE && event->kind != WINDOW_TYPED)
		return NULL;
	if (space->kind == BERN_BOX) {
		int *held = event->key == WINDOW_KEY_LEFT    ? &k->left
			    : event->key == WINDOW_KEY_RIGHT ? &k->right
			    : event->key == WINDOW_KEY_UP    ? &k->up
			    : event->key == WINDOW_KEY_DOWN  ? &k->down
							     : NULL;
		if (!held)
			return NULL;
		*own = 1;
		*held = pressed;
		k->real[0] = reach(space, 0, k->right - k->left);
		if (space->count > 1)
			k->real[1] = reach(space, 1, k->up - k->down);
		return k->real;
	}
	for (int32_t i = 0; i < space->sizes[0]; i++) {
		if (key_of(space, i) != event->key)
			continue;
		*own = 1;
		/* the character of a key that has been pressed already */
		if (event->kind == WINDOW_TYPED)
			return NULL;
		if (!pressed && (k->idle < 0 || k->whole != i))
			return NULL;
		k->whole = pressed ? i : k->idle;
		return &k->whole;
	}
	return NULL;
}

char *keyboard_help(const keyboard *k, char *out, size_t size)
{
	const bern_space *space = &k->world->instance.action;
	size_t at = 0;
	out[0] = '\0';
	if (space->kind == BERN_BOX) {
		snprintf(out, size, space->count > 1 ? "arrow keys" : "left and right");
		return out;
	}
	for (int32_t i = 0; i < space->sizes[0] && at < size; i++) {
		char number[2] = {(char)('1' + (i < 9 ? i : 0)), '\0'};
		const char *key = space->keys ? space->keys[i] : number;
		/* "left" needs no "left: left" */
		const int named = space->labels && key && strcmp(space->labels[i], key) != 0;
		if (key && key_of(space, i))
			at += (size_t)snprintf(out + at, size - at, "%s%s%s%s", at ? ", " : "", key,
					       named ? ": " : "", named ? space->labels[i] : "");
	}
	return out;
}
