/* recorder.h: a canvas that writes down what is drawn on it, for tests and checks. Internal to libbern.
 *
 * One line of text a call: "rect 0 0 2 1 #0072b2ff". Numbers are written so that reading them back gives the same double.
 */
#ifndef BERN_RECORDER_H
#define BERN_RECORDER_H

#include "canvas.h"

typedef struct bern_recorder {
	/* hand out &canvas or &paper; they point back here, so do not move the recorder */
	union {
		bern_canvas canvas;
		bern_paper paper; /* a letter is as wide as 0.6 of the font size */
	};
	char *text; /* owned; "" at first, NULL only if memory was out from the start */
	size_t length, capacity;
	size_t calls;       /* drawing calls, view() included */
	size_t views;       /* calls of view() */
	size_t before_view; /* calls made before the first view() */
	size_t open_clips;  /* clips without their unclip yet */
	size_t bad; /* calls with a number that is not finite, an empty view, a negative size or a NULL */
	int out_of_memory; /* 1: lines are missing */
} bern_recorder;

void bern_recorder_init(bern_recorder *recorder);
void bern_recorder_finish(bern_recorder *recorder);
void bern_recorder_clear(bern_recorder *recorder); /* forgets what was drawn, keeps the memory */

#endif
