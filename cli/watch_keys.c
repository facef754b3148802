#include "watch_keys.h"

#include <player.h>

#include <stddef.h>

#define KEYS_HELP(X)                                                                               \
	X("Space", "pause, and go on")                                                             \
	X(".  ,", "one step on, one step back")                                                    \
	X("+  -", "twice, half as fast (0.1 to 64 times)")                                         \
	X("0", "as fast as it goes; again: real time")                                             \
	X("r  n", "same seed again, next seed")                                                    \
	X("d", "policy: sampled, mean-field, thresholded")                                         \
	X("k", "raster: all firings, or one of them")                                              \
	X("w", "weights of the next layer")                                                        \
	X("h", "take over by keyboard, and give back")                                             \
	X("[  ]", "checkpoint before, checkpoint after")                                           \
	X("l", "follow the latest checkpoint, or stay")                                            \
	X("Tab", "all panels, or the environment alone")                                           \
	X("1 - 7", "a panel on or off")                                                            \
	X("Click", "pin a unit: its receptive field")                                              \
	X("s  v", "screenshot, recording on and off")                                              \
	X("f  F11", "full screen")                                                                 \
	X("?  F1", "this help")                                                                    \
	X("q  Esc", "quit")

const char *const watch_key_help[] = {
#define X(keys, what) keys "\t" what,
	KEYS_HELP(X)
#undef X
		NULL};

static const struct {
	int32_t kind, key, action;
} keys[] = {
	{WINDOW_TYPED, ' ', WATCH_PAUSE},
	{WINDOW_TYPED, '.', WATCH_STEP},
	{WINDOW_TYPED, ',', WATCH_BACK},
	{WINDOW_TYPED, '+', WATCH_FASTER},
	{WINDOW_TYPED, '=', WATCH_FASTER}, /* + without Shift on many keyboards */
	{WINDOW_TYPED, '-', WATCH_SLOWER},
	{WINDOW_TYPED, '0', WATCH_UNLIMITED},
	{WINDOW_TYPED, 'r', WATCH_RESTART},
	{WINDOW_TYPED, 'n', WATCH_NEXT_SEED},
	{WINDOW_TYPED, 'd', WATCH_MODE},
	{WINDOW_TYPED, 'k', WATCH_FIRING},
	{WINDOW_TYPED, 'w', WATCH_LAYER},
	{WINDOW_TYPED, 'h', WATCH_TAKE_OVER},
	{WINDOW_TYPED, '[', WATCH_OLDER},
	{WINDOW_TYPED, ']', WATCH_NEWER},
	{WINDOW_TYPED, 'l', WATCH_FOLLOW},
	{WINDOW_TYPED, 's', WATCH_SCREENSHOT},
	{WINDOW_TYPED, 'v', WATCH_RECORD},
	{WINDOW_TYPED, 'f', WATCH_FULL_SCREEN},
	{WINDOW_TYPED, '?', WATCH_HELP},
	{WINDOW_TYPED, 'q', WATCH_QUIT},
	{WINDOW_KEY_PRESS, WINDOW_KEY_TAB, WATCH_PANELS},
	{WINDOW_KEY_PRESS, WINDOW_KEY_F1, WATCH_HELP},
	{WINDOW_KEY_PRESS, WINDOW_KEY_F11, WATCH_FULL_SCREEN},
	{WINDOW_KEY_PRESS, WINDOW_KEY_ESCAPE, WATCH_QUIT},
};

int watch_action_of(const window_event *event, int *panel)
{
	*panel = event->key - '1';
	if (event->kind == WINDOW_TYPED && event->key >= '1' && event->key <= '7')
		return WATCH_PANEL;
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		/* a key that is held down turns full screen on and off only once */
		if (event->kind == keys[i].kind && event->key == keys[i].key && !event->repeated)
			return keys[i].action;
	return 0;
}

double watch_next_speed(double speed, int faster)
{
	double power = 1; /* the largest that is not above the speed */
	while (power > speed)
		power /= 2;
	while (2 * power <= speed)
		power *= 2;
	const double next = faster ? 2 * power : power < speed ? power : power / 2;
	return next < BERN_PLAYER_SLOWEST   ? BERN_PLAYER_SLOWEST
	       : next > BERN_PLAYER_FASTEST ? BERN_PLAYER_FASTEST
					    : next;
}
