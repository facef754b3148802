/* cli/keyboard.h: a person's actions from the keys that are held down. */
#ifndef BERN_CLI_KEYBOARD_H
#define BERN_CLI_KEYBOARD_H

#include <bern/host.h>
#include <window.h>

typedef struct keyboard {
	const bern_world *world;   /* borrowed */
	int left, right, up, down; /* held */
	float real[2];             /* the action of a BOX */
	int32_t whole;             /* the action of a DISCRETE space */
	int32_t idle;              /* of a DISCRETE space: the value that does nothing, -1: none */
} keyboard;

/* An error if the action space has no keys: DISCRETE with keys, or with at most nine values, and BOX of one or two numbers do. */
int32_t keyboard_init(keyboard *k, const bern_world *world, bern_error *e);

/* Takes a key; returns the action to choose (as bern_player_choose takes it), or NULL if the key is none of its own. *own: 1 if the
 * key belongs to an action, also where nothing follows from it. */
const void *keyboard_take(keyboard *k, const window_event *event, int *own);

/* "left: push left, right: push right", to out. Returns out. */
char *keyboard_help(const keyboard *k, char *out, size_t size);

#endif
