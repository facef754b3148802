#include "sdl_canvas.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* lines across a pixel along which a smoothed shape is measured */
#define STRIPS 8

typedef struct point {
	double x, y; /* pixels, y down */
} point;

static point at(const sdl_canvas *c, double x, double y)
{
	return (point){c->x0 + x * c->scale, c->y0 - y * c->scale};
}

static int clamp(double v, int low, int high)
{
	return v <= low ? low : v >= high ? high : (int)v;
}

/* The part of the surface that may be drawn on. */
static SDL_Rect clip_of(const sdl_canvas *c)
{
	return c->clip[c->clips - 1];
}

/* A call with a number that is not finite draws nothing. */
static int all_finite(const double *numbers, size_t count)
{
	for (size_t k = 0; k < count; k++)
		if (!isfinite(numbers[k]))
			return 0;
	return 1;
}
#define FINITE(...)                                                                                \
	all_finite((const double[]){__VA_ARGS__},                                                  \
		   sizeof((const double[]){__VA_ARGS__}) / sizeof(double))

static uint32_t *row_of(const sdl_canvas *c, int y)
{
	return (uint32_t *)(void *)((unsigned char *)c->target->pixels +
				    (size_t)y * (size_t)c->target->pitch);
}

/* dst with alpha/255 of src over it, both 0x00RRGGBB */
static uint32_t over(uint32_t dst, uint32_t src, uint32_t alpha)
{
	/* two channels at a time; 255 stands for all of it */
	uint32_t a = alpha + (alpha >> 7);
	uint32_t rb = dst & 0xff00ff, g = dst & 0x00ff00;
	rb += ((src & 0xff00ff) - rb) * a >> 8;
	g += ((src & 0x00ff00) - g) * a >> 8;
	return (rb & 0xff00ff) | (g & 0x00ff00);
}

static void fill(const sdl_canvas *c, int x0, int y0, int x1, int y1, uint32_t color)
{
	const uint32_t rgb = color >> 8, alpha = color & 0xff;
	if (x0 >= x1 || y0 >= y1 || alpha == 0)
		return;
	if (alpha == 255) {
		const SDL_Rect rect = {x0, y0, x1 - x0, y1 - y0};
		SDL_FillRect(c->target, &rect, rgb);
		return;
	}
	for (int y = y0; y < y1; y++) {
		uint32_t *row = row_of(c, y);
		for (int x = x0; x < x1; x++)
			row[x] = over(row[x], rgb, alpha);
	}
}

/* Where a coordinate falls between pixels, the same for all that share it. */
static double snap(double v)
{
	return floor(v + 0.5);
}

/* Both ends of an extent on whole pixels; nothing that has a size disappears. */
static void snap_extent(double from, double to, int first, int size, int *low, int *high)
{
	double a = snap(from), b = snap(to);
	if (b == a && to > from)
		b = a + 1;
	*low = clamp(a, first, first + size);
	*high = clamp(b, first, first + size);
}

/* The pixels of a rectangle given by two of its corners, inside the clip. */
static void snap_rect(const sdl_canvas *c, point low, point high, int *x0, int *y0, int *x1,
		      int *y1)
{
	const SDL_Rect clip = clip_of(c);
	snap_extent(low.x, high.x, clip.x, clip.w, x0, x1);
	snap_extent(high.y, low.y, clip.y, clip.h, y0, y1);
}

/* ---- smoothed shapes ------------------------------------------------------------------------------------------------- */

/* A convex shape: what it covers of the line at height y, or nothing. */
typedef struct shape {
	const double *xy; /* (corners, 2) in the view's units */
	size_t corners;   /* 0: a disc */
	point centre;     /* of a disc */
	double radius;
} shape;

static int extent(const sdl_canvas *c, const shape *s, double y, double *low, double *high)
{
	if (!s->corners) {
		double h = s->radius * s->radius - (y - s->centre.y) * (y - s->centre.y);
		if (h <= 0)
			return 0;
		*low = s->centre.x - sqrt(h);
		*high = s->centre.x + sqrt(h);
		return 1;
	}
	*low = INFINITY;
	*high = -INFINITY;
	point a = at(c, s->xy[2 * s->corners - 2], s->xy[2 * s->corners - 1]);
	for (size_t k = 0; k < s->corners; k++) {
		point b = at(c, s->xy[2 * k], s->xy[2 * k + 1]);
		if ((a.y <= y) != (b.y <= y)) {
			double x = a.x + (y - a.y) / (b.y - a.y) * (b.x - a.x);
			*low = x < *low ? x : *low;
			*high = x > *high ? x : *high;
		}
		a = b;
	}
	return *low < *high;
}

/* Adds the edge of one strip: from x on, each pixel is covered by `share` more. */
static void add_edge(sdl_canvas *c, SDL_Rect clip, double x, double share)
{
	const int end = clip.x + clip.w, k = clamp(x, clip.x, end);
	const double inside = x <= clip.x || x >= end ? 0 : x - k;
	c->cover[k] += (float)((1 - inside) * share);
	c->cover[k + 1] += (float)(inside * share);
}

/* Fills the shape, which lies between the heights top and bottom. */
static void fill_shape(sdl_canvas *c, const shape *s, double top, double bottom, uint32_t color)
{
	const uint32_t rgb = color >> 8, alpha = color & 0xff;
	const SDL_Rect clip = clip_of(c);
	const int first = clamp(floor(top), clip.y, clip.y + clip.h);
	const int last = clamp(ceil(bottom), clip.y, clip.y + clip.h);
	for (int y = first; y < last; y++) {
		double from = INFINITY, to = -INFINITY;
		for (int k = 0; k < STRIPS; k++) {
			double low, high;
			if (!extent(c, s, y + (k + 0.5) / STRIPS, &low, &high))
				continue;
			add_edge(c, clip, low, 1.0 / STRIPS);
			add_edge(c, clip, high, -1.0 / STRIPS);
			from = low < from ? low : from;
			to = high > to ? high : to;
		}
		if (from > to)
			continue;
		/* the row of differences is zero again when it has been summed up */
		uint32_t *row = row_of(c, y);
		const int x0 = clamp(floor(from), clip.x, clip.x + clip.w);
		const int x1 = clamp(floor(to) + 1, clip.x, clip.x + clip.w);
		float covered = 0;
		for (int x = x0; x < x1; x++) {
			covered += c->cover[x];
			c->cover[x] = 0;
			uint32_t a = (uint32_t)(covered * (float)alpha + 0.5f);
			row[x] = a >= 255 ? rgb : over(row[x], rgb, a);
		}
		c->cover[x1] = c->cover[x1 + 1] = 0;
	}
}

/* ---- the calls ---------------------------------------------------------------------------------------------------------- */

static void set_view(void *user, double left, double bottom, double right, double top)
{
	sdl_canvas *c = user;
	const double width = c->target->w, height = c->target->h;
	if (!FINITE(left, bottom, right, top) || !(right > left) || !(top > bottom))
		return;
	/* the same scale in both directions, in the middle */
	double across = width / (right - left), up = height / (top - bottom);
	c->scale = across < up ? across : up;
	c->x0 = 0.5 * (width - (right + left) * c->scale);
	c->y0 = 0.5 * (height + (top + bottom) * c->scale);
}

static void draw_rect(void *user, double x, double y, double width, double height, uint32_t color)
{
	sdl_canvas *c = user;
	int x0, x1, y0, y1;
	if (!FINITE(x, y, width, height))
		return;
	snap_rect(c, at(c, x, y), at(c, x + width, y + height), &x0, &y0, &x1, &y1);
	fill(c, x0, y0, x1, y1, color);
}

static void draw_polygon(void *user, const double *xy, size_t corners, uint32_t color)
{
	sdl_canvas *c = user;
	if (corners < 3 || !all_finite(xy, 2 * corners))
		return;
	double top = INFINITY, bottom = -INFINITY;
	for (size_t k = 0; k < corners; k++) {
		double y = at(c, xy[2 * k], xy[2 * k + 1]).y;
		top = y < top ? y : top;
		bottom = y > bottom ? y : bottom;
	}
	const shape s = {.xy = xy, .corners = corners};
	fill_shape(c, &s, top, bottom, color);
}

static void draw_disc(void *user, double x, double y, double radius, uint32_t color)
{
	sdl_canvas *c = user;
	if (!FINITE(x, y, radius))
		return;
	/* half a pixel at least, or it would be lost */
	const double r = radius * c->scale;
	const shape s = {.centre = at(c, x, y), .radius = r < 0.5 ? 0.5 : r};
	fill_shape(c, &s, s.centre.y - s.radius, s.centre.y + s.radius, color);
}

/* A line along the pixels: as wide as the nearest number of them. */
static void straight_line(const sdl_canvas *c, point a, point b, double width, uint32_t color)
{
	const double w = width < 1 ? 1 : snap(width);
	point low = {a.x < b.x ? a.x : b.x, a.y > b.y ? a.y : b.y};
	point high = {a.x < b.x ? b.x : a.x, a.y > b.y ? b.y : a.y};
	int x0, x1, y0, y1;
	if (a.y == b.y) {
		high.y = snap(a.y - w / 2);
		low.y = high.y + w;
	} else {
		low.x = snap(a.x - w / 2);
		high.x = low.x + w;
	}
	snap_rect(c, low, high, &x0, &y0, &x1, &y1);
	fill(c, x0, y0, x1, y1, color);
}

static void draw_line(void *user, double x0, double y0, double x1, double y1, double width,
		      uint32_t color)
{
	sdl_canvas *c = user;
	const point a = at(c, x0, y0), b = at(c, x1, y1);
	if (!FINITE(x0, y0, x1, y1, width) || (a.x == b.x && a.y == b.y))
		return;
	if (a.x == b.x || a.y == b.y) {
		straight_line(c, a, b, width * c->scale, color);
		return;
	}
	/* a pixel wide at least */
	const double dx = x1 - x0, dy = y1 - y0, length = sqrt(dx * dx + dy * dy);
	const double half = 0.5 * (width * c->scale < 1 ? 1 / c->scale : width) / length;
	const double corners[8] = {
		x0 - dy * half, y0 + dx * half, x1 - dy * half, y1 + dx * half,
		x1 + dy * half, y1 - dx * half, x0 + dy * half, y0 - dx * half,
	};
	draw_polygon(c, corners, 4, color);
}

/* Draws an image of white and alpha a quarter turn to the left, its left end at (x, y) and its line `ascent` below its top. */
static void blit_turned(const sdl_canvas *c, SDL_Surface *image, int x, int y, uint32_t color)
{
	const SDL_Rect clip = clip_of(c);
	for (int k = 0; k < image->h; k++) {
		const uint32_t *line =
			(const uint32_t *)(const void *)((const unsigned char *)image->pixels +
							 (size_t)k * (size_t)image->pitch);
		if (x + k < clip.x || x + k >= clip.x + clip.w)
			continue;
		for (int i = 0; i < image->w; i++) {
			const uint32_t alpha = (line[i] >> 24) * (color & 0xff) / 255;
			if (!alpha || y - i < clip.y || y - i >= clip.y + clip.h)
				continue;
			uint32_t *pixel = row_of(c, y - i) + x + k;
			*pixel = over(*pixel, color >> 8, alpha);
		}
	}
}

static void draw_label(void *user, double x, double y, double height, uint32_t color,
		       int32_t anchor, int32_t turned, const char *utf8)
{
	static const double shares[] = {
		[BERN_ANCHOR_LEFT] = 0, [BERN_ANCHOR_CENTRE] = 0.5, [BERN_ANCHOR_RIGHT] = 1};
	sdl_canvas *c = user;
	if (!FINITE(x, y, height))
		return;
	const int size = clamp(snap(height * c->scale), 0, SDL_TEXT_LARGEST);
	SDL_Surface *image = sdl_text_line(c->text, size, utf8);
	const point p = at(c, x, y);
	/* numbers that SDL's ints hold */
	if (!image || fabs(p.x) > 1e6 || fabs(p.y) > 1e6)
		return;
	const double before = shares[anchor] * image->w;
	const int ascent = sdl_text_ascent(c->text, size);
	if (turned) {
		blit_turned(c, image, (int)snap(p.x) - ascent, (int)snap(p.y + before) - 1, color);
		return;
	}
	SDL_Rect to = {(int)snap(p.x - before), (int)snap(p.y) - ascent, 0, 0};
	SDL_SetSurfaceColorMod(image, (Uint8)(color >> 24), (Uint8)(color >> 16),
			       (Uint8)(color >> 8));
	SDL_SetSurfaceAlphaMod(image, (Uint8)color);
	SDL_BlitSurface(image, NULL, c->target, &to);
}

static void draw_text(void *user, double x, double y, double height, uint32_t color,
		      const char *utf8)
{
	draw_label(user, x, y, height, color, BERN_ANCHOR_CENTRE, 0, utf8);
}

static double measure(void *user, double height, const char *utf8)
{
	sdl_canvas *c = user;
	if (!FINITE(height))
		return 0;
	const int size = clamp(snap(height * c->scale), 0, SDL_TEXT_LARGEST);
	return sdl_text_width(c->text, size, utf8) / c->scale;
}

static void push_clip(void *user, double x, double y, double width, double height)
{
	sdl_canvas *c = user;
	int x0, x1, y0, y1;
	if (c->clips == SDL_CANVAS_CLIPS || !FINITE(x, y, width, height)) {
		c->too_many++;
		return;
	}
	snap_rect(c, at(c, x, y), at(c, x + width, y + height), &x0, &y0, &x1, &y1);
	c->clip[c->clips++] = (SDL_Rect){x0, y0, x1 > x0 ? x1 - x0 : 0, y1 > y0 ? y1 - y0 : 0};
	SDL_SetClipRect(c->target, &c->clip[c->clips - 1]);
}

static void pop_clip(void *user)
{
	sdl_canvas *c = user;
	if (c->too_many)
		c->too_many--;
	else if (c->clips > 1)
		SDL_SetClipRect(c->target, &c->clip[--c->clips - 1]);
}

static void draw_path(void *user, const double *xy, size_t points, double width, uint32_t color)
{
	sdl_canvas *c = user;
	for (size_t k = 1; k < points; k++) {
		draw_line(user, xy[2 * k - 2], xy[2 * k - 1], xy[2 * k], xy[2 * k + 1], width,
			  color);
		/* round corners, where the line is wide enough to show a gap */
		if (k + 1 < points && width * c->scale > 2)
			draw_disc(user, xy[2 * k], xy[2 * k + 1], width / 2, color);
	}
}

static void draw_band(void *user, const double *x, const double *low, const double *high,
		      size_t points, uint32_t color)
{
	for (size_t k = 1; k < points; k++) {
		const double corners[8] = {x[k - 1], low[k - 1], x[k],     low[k],
					   x[k],     high[k],    x[k - 1], high[k - 1]};
		draw_polygon(user, corners, 4, color);
	}
}

/* Draws row y of the pixels from the cells of their row. Returns 1 if nothing shines through. */
static int cell_row(const sdl_canvas *c, int y, int x0, int x1, const uint32_t *colors)
{
	uint32_t *row = row_of(c, y);
	int opaque = 1;
	for (int x = x0; x < x1; x++) {
		const uint32_t color = colors[c->column[x]];
		if ((color & 0xff) == 255) {
			row[x] = color >> 8;
		} else {
			row[x] = over(row[x], color >> 8, color & 0xff);
			opaque = 0;
		}
	}
	return opaque;
}

/* Which of `count` cells from `low` to `high` the middle of pixel k shows. */
static size_t cell_at(int k, double low, double high, size_t count)
{
	double cell = floor((k + 0.5 - low) / (high - low) * (double)count);
	return cell <= 0 ? 0 : cell >= (double)count ? count - 1 : (size_t)cell;
}

static void draw_cells(void *user, double x, double y, double width, double height, size_t rows,
		       size_t columns, const uint32_t *colors)
{
	sdl_canvas *c = user;
	const point low = at(c, x, y), high = at(c, x + width, y + height);
	int x0, x1, y0, y1;
	if (!FINITE(x, y, width, height) || !rows || !columns)
		return;
	snap_rect(c, low, high, &x0, &y0, &x1, &y1);
	for (int k = x0; k < x1; k++)
		c->column[k] = (int)cell_at(k, snap(low.x), snap(high.x), columns);
	size_t shown =
		rows; /* the row of cells that the pixels above show, if they can be copied */
	for (int k = y0; k < y1; k++) {
		const size_t r = cell_at(k, snap(high.y), snap(low.y), rows);
		if (r == shown) {
			memcpy(row_of(c, k) + x0, row_of(c, k - 1) + x0,
			       (size_t)(x1 - x0) * sizeof(uint32_t));
			continue;
		}
		shown = cell_row(c, k, x0, x1, colors + r * columns) ? r : rows;
	}
}

int32_t sdl_canvas_aim(sdl_canvas *canvas, SDL_Surface *target, double scale, sdl_text *text,
		       bern_error *e)
{
	if (target->w > canvas->room) {
		free(canvas->cover);
		free(canvas->column);
		canvas->room = target->w;
		canvas->cover = calloc((size_t)target->w + 2, sizeof *canvas->cover);
		canvas->column = calloc((size_t)target->w, sizeof *canvas->column);
	}
	if (!canvas->cover || !canvas->column) {
		canvas->room = 0;
		return bern_fail(e, BERN_EMEMORY, "memory is out");
	}
	canvas->paper = (bern_paper){.canvas = {.struct_size = sizeof canvas->paper.canvas,
						.user = canvas,
						.view = set_view,
						.rect = draw_rect,
						.line = draw_line,
						.disc = draw_disc,
						.polygon = draw_polygon,
						.text = draw_text,
						.cells = draw_cells},
				     .label = draw_label,
				     .measure = measure,
				     .clip = push_clip,
				     .unclip = pop_clip,
				     .path = draw_path,
				     .band = draw_band};
	canvas->target = target;
	canvas->text = text;
	canvas->clip[0] = (SDL_Rect){0, 0, target->w, target->h};
	canvas->clips = 1;
	canvas->too_many = 0;
	SDL_SetClipRect(target, NULL);
	canvas->scale = scale;
	canvas->x0 = 0;
	canvas->y0 = target->h;
	return 0;
}

void sdl_canvas_finish(sdl_canvas *canvas)
{
	free(canvas->cover);
	free(canvas->column);
	memset(canvas, 0, sizeof *canvas);
}
