#include "plot.h"

#include <file.h>

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* the picture, and the frame in it */
#define WIDTH  720.0
#define HEIGHT 440.0
#define LEFT   80.0
#define RIGHT  530.0
#define TOP    40.0
#define BOTTOM 385.0

/* Okabe & Ito 2008: told apart by everybody */
static const char *const colors[] = {"#0072b2", "#e69f00", "#009e73", "#cc79a7",
				     "#56b4e9", "#d55e00", "#000000", "#999999"};
#define COLORS (sizeof colors / sizeof colors[0])

/* Text that grows. */
typedef struct text {
	char *at; /* owned */
	size_t length, room;
	int failed;
} text;

static void put(text *t, const char *format, ...) BERN_PRINTF(2, 3);
static void put(text *t, const char *format, ...)
{
	char line[512];
	va_list list;
	va_start(list, format);
	int length = vsnprintf(line, sizeof line, format, list);
	va_end(list);
	if (length < 0 || (size_t)length >= sizeof line)
		length = (int)strlen(line);
	if (t->length + (size_t)length + 1 > t->room) {
		size_t room = 2 * t->room + sizeof line;
		char *more = realloc(t->at, room);
		if (!more) {
			t->failed = 1;
			return;
		}
		t->at = more;
		t->room = room;
	}
	memcpy(t->at + t->length, line, (size_t)length + 1);
	t->length += (size_t)length;
}

/* words as XML wants them */
static void put_words(text *t, const char *words)
{
	for (; *words; words++)
		switch (*words) {
		case '<':
			put(t, "&lt;");
			break;
		case '>':
			put(t, "&gt;");
			break;
		case '&':
			put(t, "&amp;");
			break;
		default:
			put(t, "%c", (unsigned char)*words < 0x20 ? ' ' : *words);
		}
}

static void put_label(text *t, double x, double y, const char *style, const char *words)
{
	put(t, "<text x=\"%.1f\" y=\"%.1f\" %s>", x, y, style);
	put_words(t, words);
	put(t, "</text>\n");
}

typedef struct axis {
	int log;
	double low, high; /* of the data, logarithms where log; widened to the frame */
	double from, to;  /* in the picture */
} axis;

static int usable(int log, double v)
{
	return isfinite(v) && (!log || v > 0.0);
}

static double place(const axis *a, double v)
{
	double x = a->log ? log10(v) : v;
	return a->from + (x - a->low) / (a->high - a->low) * (a->to - a->from);
}

static void widen(axis *a, double v)
{
	double x = a->log ? log10(v) : v;
	a->low = x < a->low ? x : a->low;
	a->high = x > a->high ? x : a->high;
}

static void finish(axis *a)
{
	double margin = 0.06 * (a->high - a->low);
	if (margin == 0.0)
		margin = a->log ? 0.5 : 0.5 * fabs(a->low) + 0.5;
	a->low -= margin;
	a->high += margin;
}

static void put_tick(text *t, const axis *a, int vertical, double v)
{
	char words[32];
	double at = place(a, v);
	snprintf(words, sizeof words, "%g", v);
	if (vertical) {
		put(t, "<path class=\"grid\" d=\"M%.1f %.1fH%.1f\"/>\n", LEFT, at, RIGHT);
		put_label(t, LEFT - 8.0, at + 4.0, "text-anchor=\"end\"", words);
	} else {
		put(t, "<path class=\"grid\" d=\"M%.1f %.1fV%.1f\"/>\n", at, TOP, BOTTOM);
		put_label(t, at, BOTTOM + 18.0, "text-anchor=\"middle\"", words);
	}
}

/* Numbers 1, 2, 5 times powers of ten; on a log axis of many decades the powers alone. */
static void put_ticks(text *t, const axis *a, int vertical)
{
	static const double steps[3] = {1.0, 2.0, 5.0};
	if (a->log) {
		double decades = a->high - a->low;
		int stride = decades > 12.0 ? (int)(decades / 6.0) : 1;
		for (int d = (int)floor(a->low); d <= (int)ceil(a->high); d += stride)
			for (int s = 0; s < (decades < 3.0 ? 3 : 1); s++) {
				double v = steps[s] * pow(10.0, d);
				if (log10(v) >= a->low && log10(v) <= a->high)
					put_tick(t, a, vertical, v);
			}
		return;
	}
	double step = pow(10.0, floor(log10((a->high - a->low) / 5.0)));
	if ((a->high - a->low) / step > 12.0)
		step *= 2.0;
	if ((a->high - a->low) / step > 12.0)
		step *= 2.5;
	for (double k = ceil(a->low / step); k * step <= a->high; k += 1.0)
		put_tick(t, a, vertical, k * step);
}

static void put_series(text *t, const plot *p, size_t s, const axis *x, const axis *y)
{
	const plot_series *series = &p->series[s];
	const char *color = colors[s % COLORS];
	const char *dash = s >= COLORS ? " stroke-dasharray=\"5 3\"" : "";
	char move = 'M';
	put(t, "<path fill=\"none\" stroke=\"%s\" stroke-width=\"2\"%s d=\"", color, dash);
	for (size_t i = 0; i < series->count; i++)
		if (usable(p->log_x, series->x[i]) && usable(p->log_y, series->y[i])) {
			put(t, "%c%.1f %.1f", move, place(x, series->x[i]), place(y, series->y[i]));
			move = 'L';
		}
	put(t, "%s\"/>\n", move == 'M' ? "M0 0" : "");
	for (size_t i = 0; i < series->count; i++)
		if (usable(p->log_x, series->x[i]) && usable(p->log_y, series->y[i]))
			put(t, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\" fill=\"%s\"/>\n",
			    place(x, series->x[i]), place(y, series->y[i]), color);
	double at = TOP + 14.0 + 20.0 * (double)s;
	put(t, "<path stroke=\"%s\" stroke-width=\"2\"%s d=\"M%.1f %.1fh22\"/>\n", color, dash,
	    RIGHT + 14.0, at - 4.0);
	put_label(t, RIGHT + 42.0, at, "", series->name);
}

int32_t plot_write(const plot *p, const char *path, bern_error *e)
{
	axis x = {p->log_x, INFINITY, -INFINITY, LEFT, RIGHT};
	axis y = {p->log_y, INFINITY, -INFINITY, BOTTOM, TOP};
	text t = {0};
	size_t points = 0;
	for (size_t s = 0; s < p->count; s++)
		for (size_t i = 0; i < p->series[s].count; i++)
			if (usable(p->log_x, p->series[s].x[i]) &&
			    usable(p->log_y, p->series[s].y[i])) {
				widen(&x, p->series[s].x[i]);
				widen(&y, p->series[s].y[i]);
				points++;
			}
	if (points == 0)
		return bern_fail(e, BERN_EUSAGE, "%s: there is nothing to draw", path);
	finish(&x);
	finish(&y);
	put(&t,
	    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" "
	    "height=\"%.0f\" font-family=\"sans-serif\" font-size=\"13\">\n",
	    WIDTH, HEIGHT, WIDTH, HEIGHT);
	put(&t, "<style>.grid{stroke:#dddddd;fill:none}</style>\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n");
	put_label(&t, LEFT, 24.0, "font-size=\"15\"", p->title);
	put_ticks(&t, &x, 0);
	put_ticks(&t, &y, 1);
	put(&t, "<path fill=\"none\" stroke=\"#444444\" d=\"M%.1f %.1fV%.1fH%.1f\"/>\n", LEFT, TOP,
	    BOTTOM, RIGHT);
	put_label(&t, 0.5 * (LEFT + RIGHT), BOTTOM + 42.0, "text-anchor=\"middle\"", p->x_label);
	put_label(&t, 0.0, 0.0,
		  "text-anchor=\"middle\" transform=\"translate(18 212) rotate(-90)\"", p->y_label);
	for (size_t s = 0; s < p->count; s++)
		put_series(&t, p, s, &x, &y);
	put(&t, "</svg>\n");
	int32_t rc = t.failed ? bern_fail(e, BERN_EMEMORY, "no memory for a plot")
			      : bern_file_replace(path, &(bern_piece){t.at, t.length}, 1, e);
	free(t.at);
	return rc;
}
