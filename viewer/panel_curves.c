/* V(s) beside the return really obtained, and the returns of the run. */
#include "panel.h"

#include <math.h>
#include <stdio.h>

typedef struct span {
	double low, high;
} span;

static void widen(span *range, double x)
{
	if (!isfinite(x))
		return;
	range->low = fmin(range->low, x);
	range->high = fmax(range->high, x);
}

/* With a little room at both ends; any span but an empty one. */
static int settle(span *range)
{
	if (!(range->low <= range->high))
		return 0;
	double pad = 0.06 * (range->high - range->low);
	if (!(pad > 1e-9 * fmax(fabs(range->low), fabs(range->high))))
		pad = 0.5 + 0.05 * fabs(range->low);
	range->low -= pad;
	range->high += pad;
	return isfinite(range->high - range->low);
}

/* The smallest of 1, 2, 5, 10, 20, ... that goes at most `most` times into a span above 0. */
static double round_step(double length, double most)
{
	double least = length / most, ten = 1;
	while (ten < least)
		ten *= 10;
	while (ten / 10 >= least)
		ten /= 10;
	return ten / 5 >= least ? ten / 5 : ten / 2 >= least ? ten / 2 : ten;
}

/* A round number as people write it, with the decimals that its step has. */
static const char *round_number(char *out, size_t size, double x, double step)
{
	int decimals = 0;
	if (fabs(x) >= 1e5 || step < 1e-4) {
		snprintf(out, size, "%.4g", x);
		return out;
	}
	for (double unit = 1; unit > 1.5 * step && decimals < 4; unit /= 10)
		decimals++;
	snprintf(out, size, "%.*f", decimals, x);
	return out;
}

/* Steps of a training: 8504, 1.25M. */
static const char *count_number(char *out, size_t size, double x)
{
	if (x < 1e6)
		snprintf(out, size, "%.0f", x);
	else
		snprintf(out, size, "%.4g%c", x < 1e9 ? x / 1e6 : x / 1e9, x < 1e9 ? 'M' : 'G');
	return out;
}

/* The scale at the left of a chart: round numbers, and lines at them; both ends where no round number lies between. */
static void draw_scale(const scene *s, bern_box box, span range, double room)
{
	char number[32];
	double f = 0.85 * s->font, length = range.high - range.low;
	double step = round_step(length, fmin(5, fmax(1, floor(box.height / (1.9 * f)))));
	double first = ceil(range.low / step), last = floor(range.high / step);
	panel_fill(s, box, 0xf3f5f7ffu);
	if (first > last) { /* a chart of one line's height */
		panel_text(s, box.x - 0.4 * f, box.y + 0.5 * box.height - 0.35 * f, room, f,
			   COLOR_GREY, BERN_ANCHOR_RIGHT,
			   panel_number(number, sizeof number, 0.5 * (range.low + range.high)));
		return;
	}
	for (double i = first; i <= last; i++) {
		double x = i * step + 0.0 /* no -0 */,
		       y = box.y + box.height * (x - range.low) / length;
		panel_fill(s, (bern_box){box.x, y - 0.5, box.width, 1},
			   i == 0 ? 0xb8c0c8ffu : COLOR_FAINT);
		/* in the height of the chart, so that it meets nothing above or below */
		y = fmin(fmax(y - 0.35 * f, box.y), box.y + box.height - 0.8 * f);
		panel_text(s, box.x - 0.4 * f, y, room, f, COLOR_GREY, BERN_ANCHOR_RIGHT,
			   round_number(number, sizeof number, x, step));
	}
}

static void draw_path(const scene *s, size_t count, double width, uint32_t color)
{
	if (count > 1)
		s->paper->path(s->paper->canvas.user, s->own->xy, count, width, color);
}

enum { SHOWN_V, SHOWN_OBTAINED };

static double value_at(const bern_situation *at, int what)
{
	if (what == SHOWN_V)
		return (double)at->value;
	return at->has_obtained ? at->obtained : NAN;
}

/* A curve over the last situations, broken where episodes end or it is not known. */
static void draw_curve(const scene *s, bern_box box, span range, size_t columns, int what,
		       uint32_t color)
{
	size_t points = 0;
	uint64_t episode = 0;
	for (size_t c = 0; c <= columns; c++) {
		const bern_situation *at = c < columns ? bern_player_at(s->player, columns - 1 - c)
						       : NULL;
		double y = at ? value_at(at, what) : NAN;
		if (!isfinite(y) || (points && at->episode != episode)) {
			draw_path(s, points, 0.15 * s->font, color);
			points = 0;
		}
		if (!isfinite(y))
			continue;
		episode = at->episode;
		s->own->xy[2 * points] = box.x + box.width * ((double)c + 0.5) / (double)columns;
		s->own->xy[2 * points + 1] = box.y + box.height * (y - range.low) /
							     (range.high - range.low);
		points++;
	}
}

void panel_value(const scene *s, bern_box box)
{
	char title[200], v[32], g[32], a[32];
	double f = s->font, scale = 5.6 * f;
	const bern_situation *at = s->at;
	size_t columns = panel_span(s, 300);
	span range = {INFINITY, -INFINITY};
	for (size_t ago = 0; ago < columns; ago++) {
		const bern_situation *before = bern_player_at(s->player, ago);
		if (!before)
			break;
		widen(&range, value_at(before, SHOWN_V));
		widen(&range, value_at(before, SHOWN_OBTAINED));
	}
	if (at->has_obtained)
		snprintf(title, sizeof title, "V(s) %s  |  return obtained %s%s  |  advantage %s",
			 panel_number(v, sizeof v, (double)at->value),
			 panel_number(g, sizeof g, at->obtained), at->was_cut ? " (cut)" : "",
			 panel_number(a, sizeof a, at->obtained - (double)at->value));
	else
		snprintf(title, sizeof title, "V(s) %s  |  its return: when the episode is over",
			 panel_number(v, sizeof v, (double)at->value));
	if (!s->look->has_value)
		snprintf(title, sizeof title, "return obtained  |  this agent has no V(s)");
	bern_box in = panel_frame(s, box, title, COLOR_INK);
	double strip = fmin(1.2 * f, 0.2 * in.height), legend = 1.3 * f;
	bern_box chart = {in.x + scale, in.y + strip + 0.3 * f + legend, in.width - scale,
			  in.height - strip - 0.3 * f - legend};
	if (chart.height < f || !settle(&range)) {
		panel_say(s, in, "nothing is known yet");
		return;
	}
	draw_scale(s, chart, range, scale - 0.6 * f);
	draw_curve(s, chart, range, columns, SHOWN_OBTAINED, COLOR_ORANGE);
	draw_curve(s, chart, range, columns, SHOWN_V, COLOR_BLUE);
	double y = in.y + strip + 0.45 * f;
	panel_text(s, chart.x, y, 0.3 * chart.width, 0.9 * f, COLOR_BLUE, BERN_ANCHOR_LEFT, "V(s)");
	panel_text(s, chart.x + 4 * f, y, chart.width - 4 * f, 0.9 * f, 0xa87400ffu,
		   BERN_ANCHOR_LEFT, "return really obtained, discounted");
	/* the advantage as a strip of colour */
	double most = 1e-9;
	for (size_t ago = 0; ago < columns; ago++) {
		const bern_situation *before = bern_player_at(s->player, ago);
		if (before && before->has_obtained && isfinite((double)before->value))
			most = fmax(most, fabs(before->obtained - (double)before->value));
	}
	for (size_t c = 0; c < columns; c++) {
		const bern_situation *before = bern_player_at(s->player, columns - 1 - c);
		int known = before && before->has_obtained && isfinite((double)before->value);
		s->own->colors[c] =
			known ? panel_diverge((before->obtained - (double)before->value) / most)
			      : 0xf3f5f7ffu;
	}
	panel_cells(s, (bern_box){chart.x, in.y, chart.width, strip}, 1, columns);
	panel_text(s, chart.x - 0.4 * f, in.y + 0.15 * f, scale - 0.6 * f, 0.85 * f, COLOR_GREY,
		   BERN_ANCHOR_RIGHT, "advantage");
}

/* ---- the run -------------------------------------------------------------------------------------------- */

void panel_curve(const scene *s, bern_box box)
{
	const bern_curve *curve = s->view->curve;
	char title[160], number[32], mark[48];
	double f = s->font, scale = 5.6 * f, mark_at = s->view->curve_mark;
	span range = {INFINITY, -INFINITY}, steps = {0, 1};
	size_t points = 0, stride;
	if (!curve || curve->count == 0) {
		panel_say(s, panel_frame(s, box, "returns of the run", COLOR_INK),
			  curve ? "no returns are written yet" : "this is no run");
		return;
	}
	snprintf(title, sizeof title, "returns of the run  |  %s",
		 curve->name ? curve->name : "mean");
	bern_box in = panel_frame(s, box, title, COLOR_INK);
	for (size_t i = 0; i < curve->count; i++) {
		if (!isfinite(curve->mean[i]) || !isfinite(curve->steps[i]))
			continue;
		widen(&range, curve->mean[i]);
		widen(&range, curve->low ? curve->low[i] : NAN);
		widen(&range, curve->high ? curve->high[i] : NAN);
		widen(&steps, curve->steps[i]);
	}
	if (isfinite(mark_at))
		widen(&steps, mark_at);
	bern_box chart = {in.x + scale, in.y + 1.3 * f, in.width - scale, in.height - 1.3 * f};
	if (chart.height < f || !settle(&range)) {
		panel_say(s, in, "no returns are written yet");
		return;
	}
	draw_scale(s, chart, range, scale - 0.6 * f);
	/* long runs: every so many rows, the last one always */
	stride = curve->count / (PANEL_POINTS - 1) + 1;
	for (size_t i = 0; i < curve->count; i++) {
		double high = curve->high ? curve->high[i] : NAN,
		       low = curve->low ? curve->low[i] : NAN;
		if ((i % stride && i + 1 < curve->count) || !isfinite(curve->mean[i]) ||
		    !isfinite(curve->steps[i]) || points == PANEL_POINTS)
			continue;
		double unit = chart.height / (range.high - range.low);
		double x = chart.x + chart.width * curve->steps[i] / steps.high;
		s->own->xy[2 * points] = s->own->x[points] = x;
		s->own->xy[2 * points + 1] = chart.y + unit * (curve->mean[i] - range.low);
		s->own->low[points] = chart.y +
				      unit * ((isfinite(low) ? low : curve->mean[i]) - range.low);
		s->own->high[points++] =
			chart.y + unit * ((isfinite(high) ? high : curve->mean[i]) - range.low);
	}
	if (curve->low && curve->high && points > 1)
		s->paper->band(s->paper->canvas.user, s->own->x, s->own->low, s->own->high, points,
			       panel_mix(COLOR_PAPER, COLOR_BLUE, 0.3));
	draw_path(s, points, 0.15 * f, COLOR_BLUE);
	if (points == 1)
		panel_fill(s,
			   (bern_box){fmin(s->own->xy[0], chart.x + chart.width - 4),
				      fmin(s->own->xy[1], chart.y + chart.height - 4), 4, 4},
			   COLOR_BLUE);
	snprintf(mark, sizeof mark, "%s steps", count_number(number, sizeof number, steps.high));
	panel_text(s, chart.x + chart.width, in.y, 0.4 * chart.width, 0.85 * f, COLOR_GREY,
		   BERN_ANCHOR_RIGHT, mark);
	if (!isfinite(mark_at) || mark_at < 0)
		return;
	double x = chart.x + (chart.width - 2) * mark_at / steps.high;
	panel_fill(s, (bern_box){x, chart.y, 2, chart.height}, COLOR_ORANGE);
	snprintf(mark, sizeof mark, "shown: step %s", count_number(number, sizeof number, mark_at));
	panel_text(s, chart.x, in.y, 0.55 * chart.width, 0.85 * f, 0xa87400ffu, BERN_ANCHOR_LEFT,
		   mark);
}
