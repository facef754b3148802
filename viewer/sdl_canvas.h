/* viewer/sdl_canvas.h: a bern_paper on a surface of SDL's.
 *
 * Rectangles and cells end on whole pixels, so that neighbours meet without a seam; discs, polygons and slanting lines are
 * smoothed, each pixel by the share of it that is covered. That is why they are filled here: SDL's own software renderer
 * puts the corners of its triangles on whole pixels and smooths nothing. Text is SDL_ttf's.
 */
#ifndef BERN_VIEWER_SDL_CANVAS_H
#define BERN_VIEWER_SDL_CANVAS_H

#include "sdl_text.h"

#include <canvas.h>

#define SDL_CANVAS_CLIPS 16 /* inside one another */

typedef struct sdl_canvas {
	bern_paper paper;    /* hand out &paper; it points back here, so do not move it */
	SDL_Surface *target; /* borrowed; 32 bits a pixel, 0x00RRGGBB */
	sdl_text *text;      /* borrowed */
	double scale;        /* pixels a unit of the view */
	double x0, y0;       /* pixel of the view's origin, y0 counted from the top */
	float *cover; /* (width + 2) owned: how the covered share changes from one pixel to the next */
	int *column; /* (width) owned: the cell that each pixel of a row shows */
	int room;    /* width that they have room for */
	SDL_Rect clip
		[SDL_CANVAS_CLIPS]; /* pixels; the last one holds, and lies inside those before */
	size_t clips;               /* how many, the first being the whole surface */
	size_t too_many;            /* clips beyond them, which change nothing */
} sdl_canvas;

/* Draws on `target` from now on, which may have another size than before; without clips, and `scale` pixels a unit until view()
 * is called. */
int32_t sdl_canvas_aim(sdl_canvas *canvas, SDL_Surface *target, double scale, sdl_text *text,
		       bern_error *e);
void sdl_canvas_finish(sdl_canvas *canvas); /* zeroed is fine */

#endif
