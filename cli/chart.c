#include "chart.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const uint32_t colors[CHART_SERIES] = {0x0072b2, 0xe69f00, 0x009e73, 0xcc79a7,
					      0xd55e00, 0x56b4e9, 0x000000, 0x8c7a00};

int32_t chart_line_init(chart_line *line, size_t points, bern_error *e)
{
	*line = (chart_line){calloc(points + 1, sizeof(double)), calloc(points + 1, sizeof(double)),
			     points};
	return line->x && line->y ? 0 : bern_fail(e, BERN_EMEMORY, "memory is out");
}

void chart_finish(chart *c)
{
	for (size_t i = 0; i < c->count; i++) {
		chart_series *s = &c->series[i];
		for (size_t k = 0; k < s->thin_count; k++) {
			free(s->thin[k].x);
			free(s->thin[k].y);
		}
		free(s->thin);
		free(s->line.x);
		free(s->line.y);
		free(s->low);
		free(s->high);
	}
	memset(c, 0, sizeof *c);
}

char *chart_number(double x, char *out, size_t size)
{
	static const struct {
		double unit;
		const char *letter;
	} units[] = {{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}};
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
		if (fabs(x) >= units[i].unit && fabs(x) < 1e15) {
			snprintf(out, size, "%.4g%s", x / units[i].unit, units[i].letter);
			return out;
		}
	snprintf(out, size, "%.4g", x == 0 ? 0.0 : x);
	return out;
}

/* ---- axes -------------------------------------------------------------------------------------------------------- */

static void widen(double *low, double *high, const double *x, size_t count)
{
	for (size_t i = 0; x && i < count; i++) {
		*low = fmin(*low, x[i]);
		*high = fmax(*high, x[i]);
	}
}

/* Steps of 1, 2 or 5 times a power of ten. */
static void take_ticks(chart_axis *a, int most)
{
	if (!(a->high > a->low)) {
		double room = a->low == 0 ? 1 : 0.1 * fabs(a->low);
		a->low -= room;
		a->high += room;
	}
	double least = (a->high - a->low) / most, unit = 1;
	while (unit > least)
		unit /= 10;
	while (unit * 10 <= least)
		unit *= 10;
	a->step = unit >= least       ? unit
		  : 2 * unit >= least ? 2 * unit
		  : 5 * unit >= least ? 5 * unit
				      : 10 * unit;
	/* a tick that rounding puts beside an end still belongs to it */
	double slack = 1e-9 * a->step;
	a->first = ceil((a->low - slack) / a->step) * a->step;
	a->ticks = (int)floor((a->high + slack - a->first) / a->step) + 1;
}

void chart_axes(const chart *c, int ticks_x, int ticks_y, chart_axis *x, chart_axis *y)
{
	*x = *y = (chart_axis){.low = INFINITY, .high = -INFINITY};
	for (size_t i = 0; i < c->count; i++) {
		const chart_series *s = &c->series[i];
		widen(&x->low, &x->high, s->line.x, s->line.points);
		widen(&y->low, &y->high, s->line.y, s->line.points);
		widen(&y->low, &y->high, s->low, s->line.points);
		widen(&y->low, &y->high, s->high, s->line.points);
		for (size_t k = 0; k < s->thin_count; k++) {
			widen(&x->low, &x->high, s->thin[k].x, s->thin[k].points);
			widen(&y->low, &y->high, s->thin[k].y, s->thin[k].points);
		}
	}
	/* from zero where that costs little room */
	if (x->low > 0 && x->low < 0.2 * x->high)
		x->low = 0;
	if (y->low > 0 && y->low < 0.2 * y->high)
		y->low = 0;
	take_ticks(x, ticks_x);
	take_ticks(y, ticks_y);
}

/* ---- the picture ------------------------------------------------------------------------------------------------- */

#define FONT  13.0
#define INK   BERN_RGB(40, 40, 40)
#define GRID  BERN_RGB(228, 228, 228)
#define FAINT BERN_RGB(110, 110, 110)

typedef struct sheet {
	const chart *chart;
	const bern_paper *paper;
	chart_axis x, y;
	double left, bottom, right, top; /* of the axes */
} sheet;

static double at_x(const sheet *s, double x)
{
	return s->left + (x - s->x.low) / (s->x.high - s->x.low) * (s->right - s->left);
}

static double at_y(const sheet *s, double y)
{
	return s->bottom + (y - s->y.low) / (s->y.high - s->y.low) * (s->top - s->bottom);
}

static double measure(const sheet *s, double height, const char *text)
{
	return s->paper->measure(s->paper->canvas.user, height, text);
}

static void label(const sheet *s, double x, double y, double height, uint32_t color, int32_t anchor,
		  const char *text)
{
	s->paper->label(s->paper->canvas.user, x, y, height, color, anchor, 0, text);
}

/* Words from left to right, with as many lines as they need. Returns how many; draws nothing where `top` is NaN. */
static size_t legend(const sheet *s, double top)
{
	const chart *c = s->chart;
	double x = s->left;
	size_t lines = 1;
	for (size_t i = 0; i < c->count; i++) {
		char text[200];
		snprintf(text, sizeof text, "%s%s%s", c->series[i].name,
			 c->series[i].detail[0] ? ", " : "", c->series[i].detail);
		double width = 30 + measure(s, FONT, text);
		if (x > s->left && x + width > c->width - 12) {
			x = s->left;
			lines++;
		}
		double y = top - 19 * (double)lines;
		if (!isnan(top)) {
			s->paper->canvas.rect(s->paper->canvas.user, x, y + 3, 20, 3,
					      colors[i] << 8 | 255);
			label(s, x + 26, y, FONT, INK, BERN_ANCHOR_LEFT, text);
		}
		x += width + 18;
	}
	return lines;
}

static void draw_axes(const sheet *s)
{
	char text[32];
	const bern_canvas *canvas = &s->paper->canvas;
	for (int i = 0; i < s->x.ticks; i++) {
		double value = s->x.first + i * s->x.step, x = at_x(s, value);
		canvas->line(canvas->user, x, s->bottom, x, s->top, 1, GRID);
		label(s, x, s->bottom - 17, 12, INK, BERN_ANCHOR_CENTRE,
		      chart_number(fabs(value) < 1e-9 * s->x.step ? 0 : value, text, sizeof text));
	}
	for (int i = 0; i < s->y.ticks; i++) {
		double value = s->y.first + i * s->y.step, y = at_y(s, value);
		canvas->line(canvas->user, s->left, y, s->right, y, 1, GRID);
		label(s, s->left - 7, y - 4, 12, INK, BERN_ANCHOR_RIGHT,
		      chart_number(fabs(value) < 1e-9 * s->y.step ? 0 : value, text, sizeof text));
	}
	canvas->line(canvas->user, s->left, s->bottom, s->right, s->bottom, 1, FAINT);
	canvas->line(canvas->user, s->left, s->bottom, s->left, s->top, 1, FAINT);
	label(s, 0.5 * (s->left + s->right), s->bottom - 37, FONT, INK, BERN_ANCHOR_CENTRE,
	      s->chart->x_label);
	s->paper->label(canvas->user, 17, 0.5 * (s->bottom + s->top), FONT, INK, BERN_ANCHOR_CENTRE,
			1, s->chart->y_label);
}

static void draw_path(const sheet *s, const chart_line *line, double *room, double width,
		      uint32_t color)
{
	for (size_t i = 0; i < line->points; i++) {
		room[2 * i] = at_x(s, line->x[i]);
		room[2 * i + 1] = at_y(s, line->y[i]);
	}
	if (line->points == 1)
		s->paper->canvas.disc(s->paper->canvas.user, room[0], room[1], 1.5 * width, color);
	else
		s->paper->path(s->paper->canvas.user, room, line->points, width, color);
}

static void draw_band(const sheet *s, const chart_series *one, double *room, uint32_t color)
{
	size_t n = one->line.points;
	for (size_t i = 0; one->low && i < n; i++) {
		room[i] = at_x(s, one->line.x[i]);
		room[n + i] = at_y(s, one->low[i]);
		room[2 * n + i] = at_y(s, one->high[i]);
	}
	if (one->low)
		s->paper->band(s->paper->canvas.user, room, room + n, room + 2 * n, n, color);
}

static size_t most_points(const chart *c)
{
	size_t most = 1;
	for (size_t i = 0; i < c->count; i++) {
		const chart_series *s = &c->series[i];
		most = s->line.points > most ? s->line.points : most;
		for (size_t k = 0; k < s->thin_count; k++)
			most = s->thin[k].points > most ? s->thin[k].points : most;
	}
	return most;
}

static void draw(sheet *s, double *room)
{
	const chart *c = s->chart;
	char text[32];
	double widest = 0;
	size_t captions = (size_t)(c->caption[0][0] != 0) + (size_t)(c->caption[1][0] != 0);
	chart_axes(c, (int)fmax(2, c->width / 95), (int)fmax(2, c->height / 60), &s->x, &s->y);
	for (int i = 0; i < s->y.ticks; i++)
		widest = fmax(widest,
			      measure(s, 12,
				      chart_number(s->y.first + i * s->y.step, text, sizeof text)));
	s->left = 34 + widest;
	s->right = c->width - 24;
	s->bottom = 52 + 16 * (double)captions;
	double head = c->height - 10;
	label(s, s->left, head - 14, 16, INK, BERN_ANCHOR_LEFT, c->title);
	head -= c->title[0] ? 22 : 0;
	s->top = head - 19 * (double)legend(s, NAN) - 16;
	legend(s, head);
	draw_axes(s);
	s->paper->clip(s->paper->canvas.user, s->left, s->bottom - 2, s->right - s->left + 2,
		       s->top - s->bottom + 4);
	for (size_t i = 0; i < c->count; i++)
		draw_band(s, &c->series[i], room, colors[i] << 8 | 50);
	for (size_t i = 0; i < c->count; i++)
		for (size_t k = 0; k < c->series[i].thin_count; k++)
			draw_path(s, &c->series[i].thin[k], room, 0.8, colors[i] << 8 | 140);
	for (size_t i = 0; i < c->count; i++)
		if (c->series[i].line.points)
			draw_path(s, &c->series[i].line, room, 2, colors[i] << 8 | 255);
	s->paper->unclip(s->paper->canvas.user);
	for (size_t i = 0; i < captions; i++) {
		/* what is too long for the picture is written smaller */
		double size = 11, width = measure(s, size, c->caption[i]);
		size *= fmin(1, (c->width - 24) / fmax(width, 1));
		label(s, 12, 9 + 15 * (double)(captions - 1 - i), size, FAINT, BERN_ANCHOR_LEFT,
		      c->caption[i]);
	}
}

int32_t chart_write(const chart *c, const char *path, int32_t kind, const bern_pictures *pictures,
		    bern_error *e)
{
	bern_picture *picture = NULL;
	const bern_picture_plan plan = {.kind = kind,
					.width = c->width,
					.height = c->height,
					.background = BERN_RGB(255, 255, 255)};
	double *room = calloc(3 * most_points(c), sizeof *room);
	int32_t rc = room ? pictures->create(&picture, &plan, e)
			  : bern_fail(e, BERN_EMEMORY, "memory is out");
	if (!rc) {
		sheet s = {.chart = c, .paper = pictures->paper(picture)};
		draw(&s, room);
		rc = pictures->write(picture, path, e);
		pictures->destroy(picture);
	}
	free(room);
	return rc;
}
