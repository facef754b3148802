/* The window by SDL2: viewer/window.h tells what each function does. Frames are drawn by the processor straight into the surface
 * that the display shows, so that every machine shows the same pixels and nothing waits for a graphics driver to load. */
#include "sdl_canvas.h"
#include "window.h"

#include <stdlib.h>
#include <string.h>

struct window {
	SDL_Window *sdl; /* owned */
	sdl_text text;
	sdl_canvas canvas;
	double scale;     /* pixels a point */
	int32_t typed[8]; /* characters of a text event that have not been handed out; 0: none */
	uint32_t *pixels; /* owned: the last frame, if it was asked for */
	size_t pixel_room;
};

static int unseen_driver(const char *driver)
{
	return !driver || !strcmp(driver, "offscreen") || !strcmp(driver, "dummy") ||
	       !strcmp(driver, "evdev");
}

static int32_t start(const window_plan *plan, bern_error *e)
{
	SDL_SetHint(SDL_HINT_FRAMEBUFFER_ACCELERATION, "0");
	SDL_SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "1");
	SDL_SetHint(SDL_HINT_VIDEO_ALLOW_SCREENSAVER, "1");
	/* a composited desktop shall stay so for a window that is only looked at */
	SDL_SetHint(SDL_HINT_VIDEO_X11_NET_WM_BYPASS_COMPOSITOR, "0");
#ifdef __linux__
	/* without that folder there is no Wayland, and its library would say so on stderr in words of its own */
	if (!getenv("XDG_RUNTIME_DIR"))
		SDL_SetHintWithPriority(SDL_HINT_VIDEODRIVER, "x11,kmsdrm", SDL_HINT_DEFAULT);
#endif
	if (SDL_Init(SDL_INIT_VIDEO | SDL_INIT_EVENTS))
		return bern_fail(e, BERN_EIO,
				 "no display can be opened (%s); --record FILE makes a recording "
				 "without one",
				 SDL_GetError());
	/* without a display some builds of SDL2 take a driver that shows nothing, and all seems well */
	if (!plan->unseen && unseen_driver(SDL_GetCurrentVideoDriver()))
		return bern_fail(
			e, BERN_EIO,
			"there is no display; --record FILE makes a recording without one");
	if (TTF_Init())
		return bern_fail(e, BERN_EIO, "SDL2_ttf does not start: %s", TTF_GetError());
	return 0;
}

/* Pixels a point that the display likes: 96 dots an inch are 1, in steps of a quarter, so that the font stays sharp. */
static double display_scale(void)
{
	float across = 0;
	if (SDL_GetDisplayDPI(0, NULL, &across, NULL) || !(across > 0))
		return 1;
	const double scale = (int)(across / 96 * 4 + 0.5) / 4.0;
	/* small dots are many dots; a coarse screen, or one that lies about its size, gets no smaller text */
	return scale < 1.5 ? 1 : scale > 4 ? 4 : scale;
}

static void close_window(window *w)
{
	if (w) {
		sdl_canvas_finish(&w->canvas);
		sdl_text_finish(&w->text);
		if (w->sdl)
			SDL_DestroyWindow(w->sdl);
		free(w->pixels);
		free(w);
	}
	if (TTF_WasInit())
		TTF_Quit();
	SDL_Quit();
}

static int32_t open_window(window **out, const window_plan *plan, bern_error *e)
{
	*out = NULL;
	window *w = calloc(1, sizeof *w);
	int32_t rc = w ? 0 : bern_fail(e, BERN_EMEMORY, "memory is out");
	if (!rc)
		rc = start(plan, e);
	if (!rc)
		rc = sdl_text_init(&w->text, plan->font, e);
	if (rc) {
		close_window(w);
		return rc;
	}
	w->scale = plan->scale > 0 ? plan->scale : display_scale();
	int width = (int)(plan->width * w->scale + 0.5),
	    height = (int)(plan->height * w->scale + 0.5);
	SDL_Rect usable;
	/* no larger than the desktop: what hangs out cannot be reached */
	if (!plan->unseen && !SDL_GetDisplayUsableBounds(0, &usable)) {
		width = width > usable.w ? usable.w : width;
		height = height > usable.h ? usable.h : height;
	}
	const Uint32 flags = SDL_WINDOW_RESIZABLE | SDL_WINDOW_ALLOW_HIGHDPI |
			     (plan->full_screen ? SDL_WINDOW_FULLSCREEN_DESKTOP : 0);
	w->sdl = SDL_CreateWindow(plan->title, SDL_WINDOWPOS_CENTERED, SDL_WINDOWPOS_CENTERED,
				  width, height, flags);
	if (!w->sdl || !SDL_GetWindowSurface(w->sdl)) {
		rc = bern_fail(e, BERN_EIO, "no window can be opened: %s", SDL_GetError());
		close_window(w);
		return rc;
	}
	SDL_SetWindowMinimumSize(w->sdl, 240, 160);
	SDL_StartTextInput();
	*out = w;
	return 0;
}

/* ---- input ------------------------------------------------------------------------------------------------------------------- */

/* Pixels a unit of SDL's mouse positions: more than 1 on displays that count in points of their own. */
static double pixels_a_step(const window *w)
{
	int width = 0, pixels = 0;
	SDL_GetWindowSize(w->sdl, &width, NULL);
	SDL_GetWindowSizeInPixels(w->sdl, &pixels, NULL);
	return width > 0 && pixels > 0 ? (double)pixels / width : 1;
}

static void place(const window *w, int x, int y, window_event *event)
{
	int height = 0;
	SDL_GetWindowSize(w->sdl, NULL, &height);
	const double points = pixels_a_step(w) / w->scale;
	event->x = (x + 0.5) * points;
	event->y = (height - y - 0.5) * points;
}

static int32_t key_of(SDL_Keycode sym)
{
	switch (sym) {
	case SDLK_LEFT:
		return WINDOW_KEY_LEFT;
	case SDLK_RIGHT:
		return WINDOW_KEY_RIGHT;
	case SDLK_UP:
		return WINDOW_KEY_UP;
	case SDLK_DOWN:
		return WINDOW_KEY_DOWN;
	case SDLK_F1:
		return WINDOW_KEY_F1;
	case SDLK_F11:
		return WINDOW_KEY_F11;
	case SDLK_KP_ENTER:
		return WINDOW_KEY_RETURN;
	default:
		return sym > 0 && sym < 0x110000 ? sym : 0;
	}
}

/* The next character that was typed but not handed out, or 0. */
static int32_t take_typed(window *w)
{
	const int32_t first = w->typed[0];
	memmove(w->typed, w->typed + 1, sizeof w->typed - sizeof w->typed[0]);
	w->typed[sizeof w->typed / sizeof w->typed[0] - 1] = 0;
	return first;
}

/* Commands are plain characters: what lies beyond ASCII is nobody's. */
static void keep_typed(window *w, const char *utf8)
{
	size_t n = 0;
	for (; *utf8 && n + 1 < sizeof w->typed / sizeof w->typed[0]; utf8++)
		if ((unsigned char)*utf8 >= 0x20 && (unsigned char)*utf8 < 0x7f)
			w->typed[n++] = *utf8;
	w->typed[n] = 0;
}

/* What an event of SDL's means here; 0: nothing. */
static int translate(window *w, const SDL_Event *in, window_event *out)
{
	switch (in->type) {
	case SDL_QUIT:
		out->kind = WINDOW_QUIT;
		return 1;
	case SDL_TEXTINPUT:
		keep_typed(w, in->text.text);
		out->key = take_typed(w);
		out->kind = WINDOW_TYPED;
		return out->key != 0;
	case SDL_KEYDOWN:
	case SDL_KEYUP:
		out->kind = in->type == SDL_KEYDOWN ? WINDOW_KEY_PRESS : WINDOW_KEY_RELEASE;
		out->key = key_of(in->key.keysym.sym);
		out->repeated = in->key.repeat != 0;
		out->shift = (in->key.keysym.mod & KMOD_SHIFT) != 0;
		return out->key != 0;
	case SDL_MOUSEMOTION:
		out->kind = WINDOW_MOVE;
		place(w, in->motion.x, in->motion.y, out);
		return 1;
	case SDL_MOUSEBUTTONDOWN:
		out->kind = WINDOW_CLICK;
		place(w, in->button.x, in->button.y, out);
		return in->button.button == SDL_BUTTON_LEFT;
	case SDL_WINDOWEVENT:
		switch (in->window.event) {
		case SDL_WINDOWEVENT_CLOSE:
			out->kind = WINDOW_QUIT;
			return 1;
		case SDL_WINDOWEVENT_LEAVE:
			out->kind = WINDOW_LEAVE;
			return 1;
		case SDL_WINDOWEVENT_EXPOSED:
		case SDL_WINDOWEVENT_SIZE_CHANGED:
			out->kind = WINDOW_REDRAW;
			return 1;
		default:
			return 0;
		}
	default:
		return 0;
	}
}

static int next_event(window *w, double seconds, window_event *event)
{
	SDL_Event in;
	memset(event, 0, sizeof *event);
	if ((event->key = take_typed(w))) {
		event->kind = WINDOW_TYPED;
		return 1;
	}
	while (SDL_PollEvent(&in))
		if (translate(w, &in, event))
			return 1;
	const int milliseconds = (int)(seconds * 1000);
	if (milliseconds < 1 || !SDL_WaitEventTimeout(&in, milliseconds))
		return 0;
	return translate(w, &in, event);
}

/* ---- frames ------------------------------------------------------------------------------------------------------------------ */

static int32_t surface_of(window *w, SDL_Surface **out, bern_error *e)
{
	*out = SDL_GetWindowSurface(w->sdl);
	if (!*out)
		return bern_fail(e, BERN_EIO, "the window cannot be drawn in: %s", SDL_GetError());
	const SDL_PixelFormat *format = (*out)->format;
	if (format->BytesPerPixel != 4 || format->Rmask != 0xff0000 || format->Gmask != 0xff00 ||
	    format->Bmask != 0xff)
		return bern_fail(e, BERN_EIO,
				 "the display has no pixels of 32 bits, which the window needs; "
				 "--record FILE makes a recording without it");
	return 0;
}

static int32_t begin(window *w, uint32_t background, const bern_paper **paper, double *width,
		     double *height, bern_error *e)
{
	SDL_Surface *surface;
	int32_t rc = surface_of(w, &surface, e);
	if (!rc)
		rc = sdl_canvas_aim(&w->canvas, surface, w->scale, &w->text, e);
	if (rc)
		return rc;
	SDL_FillRect(surface, NULL, background >> 8);
	*paper = &w->canvas.paper;
	*width = surface->w / w->scale;
	*height = surface->h / w->scale;
	return 0;
}

static int32_t present(window *w, bern_error *e)
{
	if (SDL_UpdateWindowSurface(w->sdl))
		return bern_fail(e, BERN_EIO, "the window cannot be drawn in: %s", SDL_GetError());
	return 0;
}

static int32_t pixels(window *w, const uint32_t **out, size_t *columns, size_t *rows, bern_error *e)
{
	SDL_Surface *surface;
	int32_t rc = surface_of(w, &surface, e);
	if (rc)
		return rc;
	*columns = (size_t)surface->w;
	*rows = (size_t)surface->h;
	if (*columns * *rows > w->pixel_room) {
		free(w->pixels);
		w->pixel_room = 0;
		w->pixels = malloc(*columns * *rows * sizeof *w->pixels);
		if (!w->pixels)
			return bern_fail(e, BERN_EMEMORY, "memory is out");
		w->pixel_room = *columns * *rows;
	}
	for (size_t y = 0; y < *rows; y++) {
		uint32_t *to = w->pixels + y * *columns;
		memcpy(to, (unsigned char *)surface->pixels + y * (size_t)surface->pitch,
		       *columns * sizeof *to);
		for (size_t x = 0; x < *columns; x++)
			to[x] = to[x] << 8 | 0xff;
	}
	*out = w->pixels;
	return 0;
}

static void set_title(window *w, const char *title)
{
	SDL_SetWindowTitle(w->sdl, title);
}

static void turn_full_screen(window *w)
{
	const Uint32 full = SDL_GetWindowFlags(w->sdl) & SDL_WINDOW_FULLSCREEN_DESKTOP;
	SDL_SetWindowFullscreen(w->sdl, full ? 0 : SDL_WINDOW_FULLSCREEN_DESKTOP);
}

static double scale_of(const window *w)
{
	return w->scale;
}

static double now(const window *w)
{
	(void)w;
	return (double)SDL_GetPerformanceCounter() / (double)SDL_GetPerformanceFrequency();
}

static double frame_seconds(const window *w)
{
	SDL_DisplayMode mode;
	const int display = SDL_GetWindowDisplayIndex(w->sdl);
	if (display < 0 || SDL_GetCurrentDisplayMode(display, &mode) || mode.refresh_rate <= 0)
		return 0;
	return 1.0 / mode.refresh_rate;
}

BERN_EXPORT const window_module *bern_window_1(void)
{
	static const window_module table = {
		.abi = WINDOW_ABI,
		.struct_size = sizeof table,
		.version = BERN_VERSION,
		.open = open_window,
		.close = close_window,
		.next = next_event,
		.begin = begin,
		.present = present,
		.pixels = pixels,
		.set_title = set_title,
		.turn_full_screen = turn_full_screen,
		.scale = scale_of,
		.now = now,
		.frame_seconds = frame_seconds,
	};
	return &table;
}
