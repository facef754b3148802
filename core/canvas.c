#include "canvas.h"

#include <math.h>
#include <string.h>

/* ---- a region ----------------------------------------------------------------------------------------------- */

static double across(const bern_region *r, double x)
{
	return r->origin_x + r->scale * x;
}

static double up(const bern_region *r, double y)
{
	return r->origin_y + r->scale * y;
}

static void region_view(void *user, double left, double bottom, double right, double top)
{
	bern_region *r = user;
	double width = right - left, height = top - bottom;
	if (!isfinite(width) || !isfinite(height) || width <= 0 || height <= 0)
		return;
	r->scale = fmin(r->width / width, r->height / height);
	r->origin_x = r->left + 0.5 * (r->width - r->scale * width) - r->scale * left;
	r->origin_y = r->bottom + 0.5 * (r->height - r->scale * height) - r->scale * bottom;
}

static void region_rect(void *user, double x, double y, double width, double height, uint32_t color)
{
	const bern_region *r = user;
	const bern_canvas *to = &r->parent->canvas;
	to->rect(to->user, across(r, x), up(r, y), r->scale * width, r->scale * height, color);
}

static void region_line(void *user, double x0, double y0, double x1, double y1, double width,
			uint32_t color)
{
	const bern_region *r = user;
	const bern_canvas *to = &r->parent->canvas;
	to->line(to->user, across(r, x0), up(r, y0), across(r, x1), up(r, y1), r->scale * width,
		 color);
}

static void region_disc(void *user, double x, double y, double radius, uint32_t color)
{
	const bern_region *r = user;
	const bern_canvas *to = &r->parent->canvas;
	to->disc(to->user, across(r, x), up(r, y), r->scale * radius, color);
}

/* Points that are changed at a time; longer lists go on in pieces. */
#define POINTS 128

static void change(const bern_region *r, double *out, const double *xy, size_t points)
{
	for (size_t i = 0; i < points; i++) {
		out[2 * i] = across(r, xy[2 * i]);
		out[2 * i + 1] = up(r, xy[2 * i + 1]);
	}
}

static void region_polygon(void *user, const double *xy, size_t corners, uint32_t color)
{
	const bern_region *r = user;
	const bern_canvas *to = &r->parent->canvas;
	double out[2 * POINTS];
	if (!xy || corners < 3)
		return;
	/* a convex polygon is cut into pieces that share its first corner */
	change(r, out, xy, 1);
	for (size_t from = 1; from + 1 < corners;) {
		size_t count = corners - from < POINTS - 1 ? corners - from : POINTS - 1;
		change(r, out + 2, xy + 2 * from, count);
		to->polygon(to->user, out, count + 1, color);
		from += count - 1;
	}
}

static void region_text(void *user, double x, double y, double height, uint32_t color,
			const char *utf8)
{
	const bern_region *r = user;
	const bern_canvas *to = &r->parent->canvas;
	to->text(to->user, across(r, x), up(r, y), r->scale * height, color, utf8);
}

static void region_cells(void *user, double x, double y, double width, double height, size_t rows,
			 size_t columns, const uint32_t *colors)
{
	const bern_region *r = user;
	const bern_canvas *to = &r->parent->canvas;
	to->cells(to->user, across(r, x), up(r, y), r->scale * width, r->scale * height, rows,
		  columns, colors);
}

static void region_label(void *user, double x, double y, double height, uint32_t color,
			 int32_t anchor, int32_t turned, const char *utf8)
{
	const bern_region *r = user;
	r->parent->label(r->parent->canvas.user, across(r, x), up(r, y), r->scale * height, color,
			 anchor, turned, utf8);
}

static double region_measure(void *user, double height, const char *utf8)
{
	const bern_region *r = user;
	return r->parent->measure(r->parent->canvas.user, r->scale * height, utf8) / r->scale;
}

static void region_clip(void *user, double x, double y, double width, double height)
{
	const bern_region *r = user;
	r->parent->clip(r->parent->canvas.user, across(r, x), up(r, y), r->scale * width,
			r->scale * height);
}

static void region_unclip(void *user)
{
	const bern_region *r = user;
	r->parent->unclip(r->parent->canvas.user);
}

static void region_path(void *user, const double *xy, size_t points, double width, uint32_t color)
{
	const bern_region *r = user;
	double out[2 * POINTS];
	/* a piece begins with the point that the one before ended with */
	for (size_t from = 0; xy && from + 1 < points;) {
		size_t count = points - from < POINTS ? points - from : POINTS;
		change(r, out, xy + 2 * from, count);
		r->parent->path(r->parent->canvas.user, out, count, r->scale * width, color);
		from += count - 1;
	}
}

static void region_band(void *user, const double *x, const double *low, const double *high,
			size_t points, uint32_t color)
{
	const bern_region *r = user;
	double to_x[POINTS], to_low[POINTS], to_high[POINTS];
	for (size_t from = 0; x && low && high && from + 1 < points;) {
		size_t count = points - from < POINTS ? points - from : POINTS;
		for (size_t i = 0; i < count; i++) {
			to_x[i] = across(r, x[from + i]);
			to_low[i] = up(r, low[from + i]);
			to_high[i] = up(r, high[from + i]);
		}
		r->parent->band(r->parent->canvas.user, to_x, to_low, to_high, count, color);
		from += count - 1;
	}
}

void bern_region_begin(bern_region *region, const bern_paper *parent, double left, double bottom,
		       double width, double height)
{
	*region = (bern_region){
		.paper = {.canvas = {.struct_size = sizeof(bern_canvas),
				     .user = region,
				     .view = region_view,
				     .rect = region_rect,
				     .line = region_line,
				     .disc = region_disc,
				     .polygon = region_polygon,
				     .text = region_text,
				     .cells = region_cells},
			  .label = region_label,
			  .measure = region_measure,
			  .clip = region_clip,
			  .unclip = region_unclip,
			  .path = region_path,
			  .band = region_band},
		.parent = parent,
		.left = left,
		.bottom = bottom,
		.width = width,
		.height = height,
		.origin_x = left,
		.origin_y = bottom,
		.scale = 1,
	};
	parent->clip(parent->canvas.user, left, bottom, width, height);
}

void bern_region_end(bern_region *region)
{
	region->parent->unclip(region->parent->canvas.user);
}

/* ---- a probe ------------------------------------------------------------------------------------------------ */

static void probe_view(void *user, double left, double bottom, double right, double top)
{
	bern_view_probe *p = user;
	double width = right - left, height = top - bottom;
	if (p->seen || !isfinite(width) || !isfinite(height) || width <= 0 || height <= 0)
		return;
	p->seen = 1;
	p->left = left;
	p->bottom = bottom;
	p->right = right;
	p->top = top;
}

static void no_rect(void *user, double x, double y, double width, double height, uint32_t color)
{
	(void)user, (void)x, (void)y, (void)width, (void)height, (void)color;
}

static void no_line(void *user, double x0, double y0, double x1, double y1, double width,
		    uint32_t color)
{
	(void)user, (void)x0, (void)y0, (void)x1, (void)y1, (void)width, (void)color;
}

static void no_disc(void *user, double x, double y, double radius, uint32_t color)
{
	(void)user, (void)x, (void)y, (void)radius, (void)color;
}

static void no_polygon(void *user, const double *xy, size_t corners, uint32_t color)
{
	(void)user, (void)xy, (void)corners, (void)color;
}

static void no_text(void *user, double x, double y, double height, uint32_t color, const char *utf8)
{
	(void)user, (void)x, (void)y, (void)height, (void)color, (void)utf8;
}

static void no_cells(void *user, double x, double y, double width, double height, size_t rows,
		     size_t columns, const uint32_t *colors)
{
	(void)user, (void)x, (void)y, (void)width, (void)height, (void)rows;
	(void)columns, (void)colors;
}

void bern_view_probe_init(bern_view_probe *probe)
{
	memset(probe, 0, sizeof *probe);
	probe->canvas = (bern_canvas){.struct_size = sizeof(bern_canvas),
				      .user = probe,
				      .view = probe_view,
				      .rect = no_rect,
				      .line = no_line,
				      .disc = no_disc,
				      .polygon = no_polygon,
				      .text = no_text,
				      .cells = no_cells};
}
