/* cli/watch_save.h: what the window saves of itself: screenshots as PNG, recordings as GIF, in the current folder. */
#ifndef BERN_CLI_WATCH_SAVE_H
#define BERN_CLI_WATCH_SAVE_H

#include <pictures.h>
#include <window.h>

typedef struct watch_saver {
	const window_module *module;
	window *window;
	const bern_pictures *pictures; /* NULL: not opened yet */
	bern_gif *gif;                 /* NULL: nothing is being recorded */
	uint32_t *frame;               /* (rows, columns) owned: pixels as a GIF takes them */
	size_t columns, rows;
	double next; /* when the next frame of the recording is due */
	size_t frames;
} watch_saver;

void watch_saver_init(watch_saver *saver, const window_module *module, window *w);
void watch_saver_finish(watch_saver *saver); /* writes a recording that is under way */

/* Saves the frame shown; a sentence about it goes to text. */
void watch_saver_picture(watch_saver *saver, char *text, size_t size);

/* Begins a recording, or ends and writes the one under way. */
void watch_saver_turn(watch_saver *saver, char *text, size_t size);
int watch_saver_runs(const watch_saver *saver);

/* Adds the frame just shown if one is due; 1 if the recording had to end, which text then tells. */
int watch_saver_frame(watch_saver *saver, double now, char *text, size_t size);

#endif
