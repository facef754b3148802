/* cli/watch_keys.h: the keys of the window, once for the program, its help overlay and its manual. */
#ifndef BERN_CLI_WATCH_KEYS_H
#define BERN_CLI_WATCH_KEYS_H

#include <window.h>

enum watch_action {
	WATCH_PAUSE = 1,
	WATCH_STEP,
	WATCH_BACK,
	WATCH_FASTER,
	WATCH_SLOWER,
	WATCH_UNLIMITED,
	WATCH_RESTART,
	WATCH_NEXT_SEED,
	WATCH_SCREENSHOT,
	WATCH_RECORD,
	WATCH_PANELS, /* from one selection to the next */
	WATCH_PANEL,  /* one of them, on or off */
	WATCH_MODE,
	WATCH_FIRING,
	WATCH_LAYER,
	WATCH_TAKE_OVER,
	WATCH_OLDER,
	WATCH_NEWER,
	WATCH_FOLLOW,
	WATCH_FULL_SCREEN,
	WATCH_HELP,
	WATCH_QUIT
};

/* The next speed up or down: powers of two, and the player's slowest and fastest. */
double watch_next_speed(double speed, int faster);

/* The action of a key that was typed or pressed, 0: none. *panel: which one, from 0, of WATCH_PANEL. */
int watch_action_of(const window_event *event, int *panel);

/* Lines "KEYS\twhat they do", NULL at the end; every key of watch_action_of is in it. */
extern const char *const watch_key_help[];

#endif
