/* viewer/sdl_text.h: lines of text as surfaces, in a font of the system, each drawn once and kept. */
#ifndef BERN_VIEWER_SDL_TEXT_H
#define BERN_VIEWER_SDL_TEXT_H

#include <SDL.h>
#include <SDL_ttf.h>
#include <bern/error.h>

#define SDL_TEXT_LARGEST 400 /* pixels of an em */
#define SDL_TEXT_SIZES   16  /* fonts open at a time */
#define SDL_TEXT_SETS    256 /* of the cache; a line goes into one of them ... */
#define SDL_TEXT_WAYS                                                                              \
	8 /* ... and takes the place of the one there that was not asked for longest */

typedef struct sdl_line {
	char *text; /* owned; NULL: empty place */
	int size;
	SDL_Surface *image; /* owned: white with the shape as alpha; NULL: the text shows nothing */
	uint64_t used;      /* when it was asked for last */
} sdl_line;

typedef struct sdl_text {
	char path[1024]; /* of the font */
	struct {
		TTF_Font *font; /* owned */
		int size;       /* pixels of an em; 0: empty place */
		uint64_t used;
	} fonts[SDL_TEXT_SIZES];
	sdl_line lines[SDL_TEXT_SETS][SDL_TEXT_WAYS];
	uint64_t clock; /* counts what is asked for */
} sdl_text;

/* Takes the font file, or looks for one that a system has if it is NULL. The library must have been started. */
int32_t sdl_text_init(sdl_text *text, const char *font, bern_error *e);
void sdl_text_finish(sdl_text *text); /* zeroed is fine */

/* The line drawn with `size` pixels an em, white; borrowed until the next call. NULL: nothing to see, or memory is out. */
SDL_Surface *sdl_text_line(sdl_text *text, int size, const char *utf8);

/* Pixels from the top of such an image to the baseline. */
int sdl_text_ascent(sdl_text *text, int size);

/* Pixels that the line takes across. */
int sdl_text_width(sdl_text *text, int size, const char *utf8);

#endif
