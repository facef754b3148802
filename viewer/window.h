/* viewer/window.h: a window on the screen, as a table of functions that a module gives.
 *
 * `bern watch` opens the module at run time, so that the program itself links no library of windows; nothing here names
 * that library. Lengths are in points: pixels divided by the window's scale. Points of the canvas and of the mouse are counted
 * from the lower left corner, y up. Everything belongs to the thread that opened the window.
 */
#ifndef BERN_VIEWER_WINDOW_H
#define BERN_VIEWER_WINDOW_H

#include <bern/error.h>
#include <canvas.h>

#define WINDOW_ABI    1u
#define WINDOW_SYMBOL "bern_window_1"

/* Keys that type no character; others are the character that they type without Shift, in small letters. */
enum window_key {
	WINDOW_KEY_LEFT = 0x110000, /* past the last character of Unicode */
	WINDOW_KEY_RIGHT,
	WINDOW_KEY_UP,
	WINDOW_KEY_DOWN,
	WINDOW_KEY_F1,
	WINDOW_KEY_F11
};
#define WINDOW_KEY_TAB    9
#define WINDOW_KEY_RETURN 13
#define WINDOW_KEY_ESCAPE 27

enum window_event_kind {
	WINDOW_QUIT = 1, /* the window is to be closed */
	WINDOW_TYPED,    /* key: a character as the keyboard's layout and Shift make it: '?', '+' */
	WINDOW_KEY_PRESS, /* key: of enum window_key or a character; also while it repeats */
	WINDOW_KEY_RELEASE,
	WINDOW_MOVE,  /* x, y: the mouse is there now */
	WINDOW_LEAVE, /* the mouse is no longer over the window */
	WINDOW_CLICK, /* x, y: the main button was pressed there */
	WINDOW_REDRAW /* the size changed, or what was covered is to be seen */
};

typedef struct window_event {
	int32_t kind; /* enum window_event_kind */
	int32_t key;
	int32_t repeated; /* WINDOW_KEY_PRESS: the key was held down since the last one */
	int32_t shift;    /* 1: Shift is held, with a key or a click */
	double x, y;      /* points */
} window_event;

typedef struct window_plan {
	const char *title;    /* UTF-8 */
	double width, height; /* points, of the drawing */
	double scale;         /* pixels a point; 0: as the display likes it */
	int32_t full_screen;
	int32_t unseen; /* 1: take a driver that shows nothing too, if the system offers no other; for tests */
	const char *font; /* a font file; NULL: one is looked for */
} window_plan;

typedef struct window window;

/* Grows only at its end. */
typedef struct window_module {
	uint32_t abi;         /* WINDOW_ABI */
	uint32_t struct_size; /* sizeof(window_module) */
	const char *version;  /* of the Bern that it was built with */
	/* Opens a window. No display, or no font: an error that says what to do. */
	int32_t (*open)(window **out, const window_plan *plan, bern_error *e);
	void (*close)(window *w); /* NULL is fine */
	/* Waits at most `seconds` for input; writes the next event and returns 1, or returns 0 if there is none. */
	int (*next)(window *w, double seconds, window_event *event);
	/* Begins a frame of the background's colour. The paper is borrowed until present(), its view is (0, 0, width,
	 * height): points of the window now. */
	int32_t (*begin)(window *w, uint32_t background, const bern_paper **paper, double *width,
			 double *height, bern_error *e);
	/* Shows the frame. */
	int32_t (*present)(window *w, bern_error *e);
	/* The pixels of the last frame, 0xRRGGBBFF, rows from the top; borrowed until the next call. */
	int32_t (*pixels)(window *w, const uint32_t **out, size_t *columns, size_t *rows,
			  bern_error *e);
	void (*set_title)(window *w, const char *title);
	void (*turn_full_screen)(window *w); /* on, or off again */
	double (*scale)(const window *w);    /* pixels a point */
	double (*now)(const window *w);      /* seconds, of a clock that never goes back */
	/* Seconds from one frame of the display to the next; 0: not known. */
	double (*frame_seconds)(const window *w);
} window_module;

typedef const window_module *window_module_entry(void);

/* The symbol itself, for the module's own source. */
BERN_EXPORT const window_module *bern_window_1(void);

#endif
