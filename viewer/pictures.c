/* Pictures by cairo: a bern_paper that becomes pixels, or a PNG or SVG file. */
#include "pictures.h"

#include "gif.h"
#include "pictures_text.h"

#include <cairo-svg.h>
#include <cairo.h>
#include <file.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* bytes of a text that are drawn */
#define TEXT_SIZE 512

/* Bytes that grow. */
typedef struct bytes {
	unsigned char *at; /* owned */
	size_t size, room;
} bytes;

struct bern_picture {
	bern_paper paper;         /* points back here */
	bern_picture_plan plan;   /* scale is set */
	cairo_surface_t *surface; /* owned */
	cairo_t *cr;              /* owned */
	bytes svg;                /* owned: what cairo has written of it */
	int32_t width, height;    /* of the surface, in dots: pixels, for SVG points */
	/* a point (x, y) of the view lies at ((x - left) * across, (top - y) * down) dots */
	double left, top, across, down;
	size_t clips; /* open ones */
};

static cairo_status_t append(void *user, const unsigned char *data, unsigned int length)
{
	bytes *b = user;
	if (b->size + length > b->room) {
		size_t room = 2 * b->room + length + 4096;
		unsigned char *more = realloc(b->at, room);
		if (!more)
			return CAIRO_STATUS_NO_MEMORY;
		b->at = more;
		b->room = room;
	}
	memcpy(b->at + b->size, data, length);
	b->size += length;
	return CAIRO_STATUS_SUCCESS;
}

/* ---- drawing ------------------------------------------------------------------------------------------------- */

static double dot_x(const bern_picture *p, double x)
{
	return (x - p->left) * p->across;
}

static double dot_y(const bern_picture *p, double y)
{
	return (p->top - y) * p->down;
}

/* One length for things that have no direction. */
static double dots(const bern_picture *p, double length)
{
	return length * fmin(p->across, p->down);
}

static int finite(const double *numbers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!isfinite(numbers[i]))
			return 0;
	return 1;
}

static void set_color(cairo_t *cr, uint32_t color)
{
	cairo_set_source_rgba(cr, (color >> 24) / 255.0, (color >> 16 & 255) / 255.0,
			      (color >> 8 & 255) / 255.0, (color & 255) / 255.0);
}

static void picture_view(void *user, double left, double bottom, double right, double top)
{
	bern_picture *p = user;
	if (!finite((double[]){left, bottom, right, top}, 4) || left >= right || bottom >= top)
		return;
	p->left = left;
	p->top = top;
	p->across = p->width / (right - left);
	p->down = p->height / (top - bottom);
}

/* A rectangle in dots. Its edges fall between pixels: rectangles side by side leave no seam, and grids are sharp. */
typedef struct box {
	double left, top, width, height;
} box;

static box box_of(const bern_picture *p, double x, double y, double width, double height)
{
	double left = dot_x(p, x), right = dot_x(p, x + width);
	double top = dot_y(p, y + height), bottom = dot_y(p, y);
	if (p->plan.kind == BERN_PICTURE_PIXELS) {
		left = floor(left + 0.5);
		top = floor(top + 0.5);
		right = floor(right + 0.5);
		bottom = floor(bottom + 0.5);
		/* what is there is seen, however thin */
		if (width > 0 && right <= left)
			right = left + 1;
		if (height > 0 && bottom <= top)
			bottom = top + 1;
	}
	return (box){left, top, right - left, bottom - top};
}

static void picture_rect(void *user, double x, double y, double width, double height,
			 uint32_t color)
{
	bern_picture *p = user;
	if (!finite((double[]){x, y, width, height}, 4))
		return;
	box b = box_of(p, x, y, width, height);
	set_color(p->cr, color);
	cairo_rectangle(p->cr, b.left, b.top, b.width, b.height);
	cairo_fill(p->cr);
}

static void picture_line(void *user, double x0, double y0, double x1, double y1, double width,
			 uint32_t color)
{
	bern_picture *p = user;
	if (!finite((double[]){x0, y0, x1, y1, width}, 5))
		return;
	set_color(p->cr, color);
	cairo_set_line_width(p->cr, dots(p, width));
	cairo_set_line_cap(p->cr, CAIRO_LINE_CAP_BUTT);
	cairo_move_to(p->cr, dot_x(p, x0), dot_y(p, y0));
	cairo_line_to(p->cr, dot_x(p, x1), dot_y(p, y1));
	cairo_stroke(p->cr);
}

static void picture_disc(void *user, double x, double y, double radius, uint32_t color)
{
	bern_picture *p = user;
	if (!finite((double[]){x, y, radius}, 3) || radius <= 0)
		return;
	set_color(p->cr, color);
	cairo_new_path(p->cr);
	cairo_arc(p->cr, dot_x(p, x), dot_y(p, y), dots(p, radius), 0, 6.283185307179586);
	cairo_fill(p->cr);
}

static void picture_polygon(void *user, const double *xy, size_t corners, uint32_t color)
{
	bern_picture *p = user;
	if (!xy || corners < 3 || !finite(xy, 2 * corners))
		return;
	set_color(p->cr, color);
	for (size_t i = 0; i < corners; i++)
		cairo_line_to(p->cr, dot_x(p, xy[2 * i]), dot_y(p, xy[2 * i + 1]));
	cairo_close_path(p->cr);
	cairo_fill(p->cr);
}

/* Prepares a font of that size; 0 if there is nothing to be seen. */
static int choose_size(bern_picture *p, double height)
{
	double size = height * p->down;
	/* cairo takes no matrix that cannot be turned around */
	if (!isfinite(size) || size < 0.01 || size > 1e5)
		return 0;
	cairo_set_font_size(p->cr, size);
	return 1;
}

static void picture_label(void *user, double x, double y, double height, uint32_t color,
			  int32_t anchor, int32_t turned, const char *utf8)
{
	bern_picture *p = user;
	char text[TEXT_SIZE];
	cairo_text_extents_t extents;
	if (!utf8 || !finite((double[]){x, y}, 2) || !choose_size(p, height))
		return;
	picture_text_clean(text, sizeof text, utf8);
	cairo_text_extents(p->cr, text, &extents);
	double before = anchor == BERN_ANCHOR_LEFT    ? 0
			: anchor == BERN_ANCHOR_RIGHT ? extents.x_advance
						      : 0.5 * extents.x_advance;
	set_color(p->cr, color);
	cairo_matrix_t straight;
	cairo_get_matrix(p->cr, &straight);
	cairo_translate(p->cr, dot_x(p, x), dot_y(p, y));
	if (turned)
		cairo_rotate(p->cr, -1.5707963267948966);
	cairo_move_to(p->cr, -before, 0);
	cairo_show_text(p->cr, text);
	cairo_set_matrix(p->cr, &straight);
	cairo_new_path(p->cr);
}

static double picture_measure(void *user, double height, const char *utf8)
{
	bern_picture *p = user;
	char text[TEXT_SIZE];
	cairo_text_extents_t extents;
	if (!utf8 || !choose_size(p, height))
		return 0;
	picture_text_clean(text, sizeof text, utf8);
	cairo_text_extents(p->cr, text, &extents);
	return extents.x_advance / p->across;
}

static void picture_text(void *user, double x, double y, double height, uint32_t color,
			 const char *utf8)
{
	picture_label(user, x, y, height, color, BERN_ANCHOR_CENTRE, 0, utf8);
}

/* 0xRRGGBBAA as cairo stores it: 0xAARRGGBB, multiplied by its alpha. */
static uint32_t stored(uint32_t color)
{
	uint32_t a = color & 255, out = a << 24;
	for (unsigned i = 0; i < 3; i++)
		out |= ((color >> (8 * i + 8) & 255) * a + 127) / 255 << (8 * i);
	return out;
}

/* Few cells of an SVG are rectangles that any program can change; many are a picture in it. */
#define MOST_RECTANGLES 4096

static void cells_as_rectangles(bern_picture *p, box b, size_t rows, size_t columns,
				const uint32_t *colors)
{
	for (size_t i = 0; i < rows * columns; i++) {
		/* each begins exactly where its neighbour ends */
		double left = b.left + b.width * (double)(i % columns) / (double)columns;
		double top = b.top + b.height * (double)(i / columns) / (double)rows;
		set_color(p->cr, colors[i]);
		cairo_rectangle(p->cr, left, top, b.width / (double)columns,
				b.height / (double)rows);
		cairo_fill(p->cr);
	}
}

static void picture_cells(void *user, double x, double y, double width, double height, size_t rows,
			  size_t columns, const uint32_t *colors)
{
	bern_picture *p = user;
	box b = box_of(p, x, y, width, height);
	if (!finite((double[]){x, y, width, height}, 4) || !colors || !rows || !columns ||
	    b.width <= 0 || b.height <= 0 || rows > 32767 || columns > 32767)
		return;
	if (p->plan.kind == BERN_PICTURE_SVG && rows * columns <= MOST_RECTANGLES) {
		cells_as_rectangles(p, b, rows, columns, colors);
		return;
	}
	cairo_surface_t *image = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, (int)columns,
							    (int)rows);
	unsigned char *data = cairo_image_surface_get_data(image);
	const size_t stride = data ? (size_t)cairo_image_surface_get_stride(image) : 0;
	for (size_t i = 0; data && i < rows; i++)
		for (size_t j = 0; j < columns; j++) {
			uint32_t pixel = stored(colors[i * columns + j]);
			memcpy(data + i * stride + 4 * j, &pixel, sizeof pixel);
		}
	cairo_surface_mark_dirty(image);
	cairo_save(p->cr);
	cairo_rectangle(p->cr, b.left, b.top, b.width, b.height);
	cairo_clip(p->cr);
	cairo_translate(p->cr, b.left, b.top);
	cairo_scale(p->cr, b.width / (double)columns, b.height / (double)rows);
	cairo_set_source_surface(p->cr, image, 0, 0);
	/* no cell runs into the next, and none fades at the edge */
	cairo_pattern_set_filter(cairo_get_source(p->cr), CAIRO_FILTER_NEAREST);
	cairo_pattern_set_extend(cairo_get_source(p->cr), CAIRO_EXTEND_PAD);
	cairo_paint(p->cr);
	cairo_restore(p->cr);
	cairo_surface_destroy(image);
}

static void picture_clip(void *user, double x, double y, double width, double height)
{
	bern_picture *p = user;
	cairo_save(p->cr);
	p->clips++;
	if (!finite((double[]){x, y, width, height}, 4))
		return;
	box b = box_of(p, x, y, width, height);
	cairo_rectangle(p->cr, b.left, b.top, b.width, b.height);
	cairo_clip(p->cr);
}

static void picture_unclip(void *user)
{
	bern_picture *p = user;
	if (p->clips == 0)
		return;
	p->clips--;
	cairo_restore(p->cr);
}

static void picture_path(void *user, const double *xy, size_t points, double width, uint32_t color)
{
	bern_picture *p = user;
	if (!xy || points < 2 || !isfinite(width) || !finite(xy, 2 * points))
		return;
	set_color(p->cr, color);
	cairo_set_line_width(p->cr, dots(p, width));
	cairo_set_line_cap(p->cr, CAIRO_LINE_CAP_ROUND);
	cairo_set_line_join(p->cr, CAIRO_LINE_JOIN_ROUND);
	for (size_t i = 0; i < points; i++)
		cairo_line_to(p->cr, dot_x(p, xy[2 * i]), dot_y(p, xy[2 * i + 1]));
	cairo_stroke(p->cr);
}

static void picture_band(void *user, const double *x, const double *low, const double *high,
			 size_t points, uint32_t color)
{
	bern_picture *p = user;
	if (!x || !low || !high || points < 2 || !finite(x, points) || !finite(low, points) ||
	    !finite(high, points))
		return;
	set_color(p->cr, color);
	for (size_t i = 0; i < points; i++)
		cairo_line_to(p->cr, dot_x(p, x[i]), dot_y(p, high[i]));
	for (size_t i = points; i-- > 0;)
		cairo_line_to(p->cr, dot_x(p, x[i]), dot_y(p, low[i]));
	cairo_close_path(p->cr);
	cairo_fill(p->cr);
}

static const bern_paper *paper(bern_picture *p)
{
	return &p->paper;
}

/* ---- pictures ------------------------------------------------------------------------------------------------ */

/* The background and the view of a fresh picture. */
static void begin(bern_picture *p)
{
	picture_view(p, 0, 0, p->plan.width, p->plan.height);
	cairo_save(p->cr);
	if (p->plan.kind == BERN_PICTURE_PIXELS)
		cairo_set_operator(p->cr, CAIRO_OPERATOR_SOURCE);
	set_color(p->cr, p->plan.background);
	if (p->plan.kind == BERN_PICTURE_PIXELS || (p->plan.background & 255))
		cairo_paint(p->cr);
	cairo_restore(p->cr);
}

static void clear(bern_picture *p)
{
	while (p->clips)
		picture_unclip(p);
	if (p->plan.kind == BERN_PICTURE_PIXELS)
		begin(p);
}

static void destroy(bern_picture *p)
{
	if (!p)
		return;
	if (p->cr)
		cairo_destroy(p->cr);
	if (p->surface)
		cairo_surface_destroy(p->surface);
	free(p->svg.at);
	free(p);
}

static int32_t create(bern_picture **out, const bern_picture_plan *plan, bern_error *e)
{
	double scale = plan->scale == 0 ? 1 : plan->scale;
	double width = floor(plan->width * scale + 0.5), height = floor(plan->height * scale + 0.5);
	*out = NULL;
	/* also false for what is not a number */
	if (!(width >= 1 && width <= BERN_PICTURE_LIMIT && height >= 1 &&
	      height <= BERN_PICTURE_LIMIT))
		return bern_fail(
			e, BERN_EUSAGE,
			"a picture of %g x %g pixels is outside of 1 x 1 .. %d x %d pixels", width,
			height, BERN_PICTURE_LIMIT, BERN_PICTURE_LIMIT);
	bern_picture *p = calloc(1, sizeof *p);
	if (!p)
		return bern_fail(e, BERN_EMEMORY, "out of memory");
	p->plan = *plan;
	p->plan.scale = scale;
	p->width = (int32_t)width;
	p->height = (int32_t)height;
	p->paper = (bern_paper){.canvas = {.struct_size = sizeof(bern_canvas),
					   .user = p,
					   .view = picture_view,
					   .rect = picture_rect,
					   .line = picture_line,
					   .disc = picture_disc,
					   .polygon = picture_polygon,
					   .text = picture_text,
					   .cells = picture_cells},
				.label = picture_label,
				.measure = picture_measure,
				.clip = picture_clip,
				.unclip = picture_unclip,
				.path = picture_path,
				.band = picture_band};
	p->surface = plan->kind == BERN_PICTURE_SVG
			     ? cairo_svg_surface_create_for_stream(append, &p->svg, width, height)
			     : cairo_image_surface_create(CAIRO_FORMAT_ARGB32, p->width, p->height);
	p->cr = cairo_create(p->surface);
	if (cairo_status(p->cr) != CAIRO_STATUS_SUCCESS) {
		bern_fail(e, BERN_EMEMORY, "a picture of %g x %g pixels: %s", width, height,
			  cairo_status_to_string(cairo_status(p->cr)));
		destroy(p);
		return e->code;
	}
	picture_text_font(p->cr);
	begin(p);
	*out = p;
	return 0;
}

static const uint32_t *pixels(bern_picture *p, uint32_t *width, uint32_t *height)
{
	if (p->plan.kind != BERN_PICTURE_PIXELS)
		return NULL;
	cairo_surface_flush(p->surface);
	*width = (uint32_t)p->width;
	*height = (uint32_t)p->height;
	/* rows of four bytes a pixel have no gaps, and are aligned for it */
	return (const uint32_t *)(const void *)cairo_image_surface_get_data(p->surface);
}

static int32_t write_picture(bern_picture *p, const char *path, bern_error *e)
{
	bytes png = {0};
	cairo_status_t status = cairo_status(p->cr);
	const bytes *written = &png;
	if (p->plan.kind == BERN_PICTURE_SVG) {
		cairo_surface_finish(p->surface);
		written = &p->svg;
		status = status ? status : cairo_surface_status(p->surface);
	} else if (status == CAIRO_STATUS_SUCCESS) {
		status = cairo_surface_write_to_png_stream(p->surface, append, &png);
	}
	int32_t rc = 0;
	if (status != CAIRO_STATUS_SUCCESS)
		rc = bern_fail(e, BERN_EIO, "%.500s: the picture could not be made: %s", path,
			       cairo_status_to_string(status));
	else
		rc = bern_file_replace(path, &(bern_piece){written->at, written->size}, 1, e);
	free(png.at);
	return rc;
}

__attribute__((visibility("default"))) const bern_pictures *bern_pictures_1(void);
const bern_pictures *bern_pictures_1(void)
{
	static const bern_pictures table = {
		.struct_size = sizeof(bern_pictures),
		.version = BERN_VERSION,
		.create = create,
		.destroy = destroy,
		.paper = paper,
		.clear = clear,
		.pixels = pixels,
		.write = write_picture,
#ifdef BERN_GIF
		.gif_create = gif_create,
		.gif_frame = gif_frame,
		.gif_write = gif_write,
		.gif_destroy = gif_destroy,
#endif
	};
	return &table;
}
