/* A frame: panels in their boxes, the status line, what the mouse points at, help. */
#include "panel.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- colours -------------------------------------------------------------------------------------- */

uint32_t panel_mix(uint32_t from, uint32_t to, double part)
{
	uint32_t out = 0;
	uint32_t t = part <= 0 || isnan(part) ? 0 : part >= 1 ? 256 : (uint32_t)(part * 256);
	for (int shift = 0; shift < 32; shift += 8) {
		uint32_t a = from >> shift & 255, b = to >> shift & 255;
		out |= ((a * (256 - t) + b * t) >> 8) << shift;
	}
	return out;
}

uint32_t panel_diverge(double x)
{
	return panel_mix(COLOR_PAPER, x < 0 ? COLOR_BLUE : COLOR_ORANGE, fabs(x));
}

uint32_t panel_glow(double x)
{
	return x < 0.5 ? panel_mix(COLOR_NIGHT, COLOR_BLUE, 2 * x)
		       : panel_mix(COLOR_BLUE, COLOR_GLOW, 2 * x - 1);
}

/* ---- drawing -------------------------------------------------------------------------------------- */

void panel_fill(const scene *s, bern_box box, uint32_t color)
{
	const bern_canvas *c = &s->paper->canvas;
	if (box.width > 0 && box.height > 0)
		c->rect(c->user, box.x, box.y, box.width, box.height, color);
}

/* Cuts text to `room`, at the beginning of a character; 0 if nothing is left. */
static int cut(const scene *s, double room, double size, char *text)
{
	const bern_paper *p = s->paper;
	size_t length = strlen(text);
	if (p->measure(p->canvas.user, size, text) <= room)
		return length > 0;
	while (length > 0) {
		do
			length--;
		while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80);
		memcpy(text + length, "..", 3);
		if (length > 1 && p->measure(p->canvas.user, size, text) <= room)
			return 1;
	}
	return 0;
}

void panel_text(const scene *s, double x, double y, double room, double size, uint32_t color,
		int32_t anchor, const char *text)
{
	char line[256];
	snprintf(line, sizeof line - 3, "%s", text);
	if (cut(s, room, size, line))
		s->paper->label(s->paper->canvas.user, x, y, size, color, anchor, 0, line);
}

void panel_cells(const scene *s, bern_box box, size_t rows, size_t columns)
{
	const bern_canvas *c = &s->paper->canvas;
	if (rows && columns && box.width > 0 && box.height > 0)
		c->cells(c->user, box.x, box.y, box.width, box.height, rows, columns,
			 s->own->colors);
}

bern_box panel_frame(const scene *s, bern_box box, const char *title, uint32_t color)
{
	double f = s->font;
	panel_fill(s, box, COLOR_PAPER);
	panel_text(s, box.x + 0.6 * f, box.y + box.height - 1.25 * f, box.width - 1.2 * f, f, color,
		   BERN_ANCHOR_LEFT, title);
	return (bern_box){box.x + 0.6 * f, box.y + 0.5 * f, box.width - 1.2 * f,
			  box.height - 2.2 * f};
}

void panel_say(const scene *s, bern_box box, const char *text)
{
	panel_text(s, box.x + 0.5 * box.width, box.y + 0.5 * box.height - 0.35 * s->font, box.width,
		   s->font, COLOR_GREY, BERN_ANCHOR_CENTRE, text);
}

void panel_add_hit(const scene *s, bern_box box, size_t layer, size_t units, int upright)
{
	if (s->own->hit_count < PANEL_HITS)
		s->own->hits[s->own->hit_count++] = (panel_hit){box, layer, units, upright};
}

const char *panel_number(char *out, size_t size, double x)
{
	double big = fabs(x);
	if (isnan(x))
		snprintf(out, size, "-");
	else if (big >= 1e6 || (big > 0 && big < 1e-3))
		snprintf(out, size, "%.2e", x);
	else
		snprintf(out, size, "%.*f",
			 big >= 1000  ? 0
			 : big >= 100 ? 1
			 : big >= 10  ? 2
				      : 3,
			 x);
	return out;
}

size_t panel_span(const scene *s, size_t most)
{
	size_t known = bern_player_known(s->player), span = most;
	while (span > (most + 7) / 8 && span / 2 >= known)
		span /= 2;
	return span ? span : 1;
}

/* ---- units side by side ---------------------------------------------------------------------------- */

size_t panel_columns(const scene *s, bern_box box, unit_columns *out)
{
	const bern_inspector *look = s->look;
	double gap = 0.5 * s->font, x = box.x;
	size_t shared = 1;
	double room = box.width - gap * (double)(look->hidden - 1);
	for (size_t l = 0; l < look->hidden; l++) {
		size_t J = look->layer[l].units;
		double width = room * (double)J / (double)look->unit_count;
		size_t columns = (size_t)(width < 1 ? 1 : width);
		columns = columns < J ? columns : J;
		columns = columns < PANEL_COLUMNS ? columns : PANEL_COLUMNS;
		out[l] = (unit_columns){{x, box.y, width, box.height}, columns, J};
		if ((J + columns - 1) / columns > shared)
			shared = (J + columns - 1) / columns;
		x += width + gap;
	}
	return shared;
}

size_t panel_column_units(const unit_columns *layer, size_t c, size_t *end)
{
	*end = (c + 1) * layer->units / layer->columns;
	return c * layer->units / layer->columns;
}

void panel_mark_pin(const scene *s, const unit_columns *at, size_t l)
{
	const double f = s->font, unit = at->box.width / (double)at->units;
	const double wide = fmin(fmax(unit, 0.4 * f), at->box.width);
	if (!s->view->has_pin || s->view->pin.layer != l || s->view->pin.unit >= at->units)
		return;
	const double x = at->box.x + unit * ((double)s->view->pin.unit + 0.5) - 0.5 * wide;
	panel_fill(s,
		   (bern_box){fmin(fmax(x, at->box.x), at->box.x + at->box.width - wide),
			      at->box.y + at->box.height + 0.05 * f, wide, 0.25 * f},
		   COLOR_ORANGE);
}

/* ---- status, mouse, help ----------------------------------------------------------------------------- */

static const char *const modes[BERN_INSPECT_MODES] = {"sampled", "mean-field", "thresholded"};

static void draw_status(const scene *s, bern_box box)
{
	const bern_situation *at = s->at;
	char line[384], speed[32], rate[32] = "", total[32], past[48] = "";
	double f = s->font, y = box.y + 0.65 * f;
	if (s->view->notice) {
		panel_text(s, box.x, y, box.width, f, COLOR_INK, BERN_ANCHOR_LEFT, s->view->notice);
		return;
	}
	double x = bern_player_speed(s->player);
	if (bern_player_is_waiting(s->player))
		snprintf(speed, sizeof speed, "your move");
	else if (bern_player_paused(s->player))
		snprintf(speed, sizeof speed, "paused");
	else if (x == BERN_PLAYER_UNLIMITED)
		snprintf(speed, sizeof speed, "unlimited");
	else
		snprintf(speed, sizeof speed, "%g\xc3\x97", x);
	if (s->view->steps_per_second > 0)
		snprintf(rate, sizeof rate, "  |  %.0f steps/s", s->view->steps_per_second);
	if (bern_player_in_past(s->player))
		snprintf(past, sizeof past, "  |  looking back");
	const char *end = at->flags & BERN_TERMINATED  ? "  |  terminated"
			  : at->flags & BERN_TRUNCATED ? "  |  truncated"
						       : "";
	snprintf(line, sizeof line,
		 "%s%s  |  seed %llu  |  episode %llu  |  step %llu  |  return %s%s%s  |  %s "
		 "policy%s",
		 speed, rate, (unsigned long long)at->seed, (unsigned long long)at->episode,
		 (unsigned long long)at->step, panel_number(total, sizeof total, at->total), end,
		 past,
		 s->look->agent && !strcmp(s->look->agent, "random") ? "random" : modes[at->mode],
		 bern_player_is_person(s->player) ? "  |  you play" : "");
	const bern_paper *p = s->paper;
	double used = p->measure(p->canvas.user, f, line);
	panel_text(s, box.x, y, box.width, f, COLOR_INK, BERN_ANCHOR_LEFT, line);
	if (s->view->title && box.width - used > 4 * f)
		panel_text(s, box.x + box.width, y, box.width - used - 2 * f, f, COLOR_GREY,
			   BERN_ANCHOR_RIGHT, s->view->title);
}

/* "layer 1, unit 17 (binary)" and its numbers, a line each; returns the lines. */
static size_t describe(const scene *s, bern_unit_name name, char lines[6][96])
{
	const bern_inspect_layer *layer = &s->look->layer[name.layer];
	size_t n = 0, count, j = name.unit;
	char a[32], b[32];
	snprintf(lines[n++], 96, "%s, unit %zu of %zu (%s)", layer->name, j, layer->units,
		 layer->kind);
	const float *w = s->look->weights(s->look->self, name.layer);
	double norm = 0;
	for (size_t i = 0; i < layer->inputs; i++)
		norm += (double)w[i * layer->units + j] * (double)w[i * layer->units + j];
	if (name.layer < s->look->hidden && s->moment && s->moment->firings) {
		double p = (double)bern_moment_p(s->moment, s->look, name.layer, j);
		double h = (double)bern_moment_h(s->moment, s->look, name.layer, j);
		if (layer->fires) {
			snprintf(lines[n++], 96, "now p %s, fired in %.0f of %d",
				 panel_number(a, sizeof a, p), h * s->moment->firings,
				 s->moment->firings);
			snprintf(lines[n++], 96, "h - p %s", panel_number(a, sizeof a, h - p));
		} else {
			snprintf(lines[n++], 96, "puts out %s", panel_number(a, sizeof a, p));
		}
		const uint32_t *sum = bern_player_sum_p(s->player, &count);
		double mean = count ? sum[layer->first_unit + j] / 65535.0 / (double)count : 0;
		if (layer->fires && count)
			snprintf(lines[n++], 96, "mean p %s over %zu steps%s",
				 panel_number(a, sizeof a, mean), count,
				 mean < 0.01   ? ": dead"
				 : mean > 0.99 ? ": saturated"
					       : "");
	}
	snprintf(lines[n++], 96, "bias %s, length of %zu weights %s",
		 panel_number(a, sizeof a, (double)s->look->biases(s->look->self, name.layer)[j]),
		 layer->inputs, panel_number(b, sizeof b, sqrt(norm)));
	return n;
}

/* The numbers of the unit that the mouse is on, in a box beside it. */
static void draw_mouse(const scene *s, double width, double height)
{
	bern_unit_name name;
	char lines[6][96];
	const bern_panel_view *v = s->view;
	if (!v->has_mouse || !bern_panels_unit_at(s->own, v->mouse_x, v->mouse_y, &name))
		return;
	size_t count = describe(s, name, lines);
	double f = s->font, wide = 0, line = 1.35 * f;
	for (size_t i = 0; i < count; i++)
		wide = fmax(wide, s->paper->measure(s->paper->canvas.user, f, lines[i]));
	bern_box box = {v->mouse_x + f, v->mouse_y + f, fmin(wide + f, width),
			line * (double)count + 0.6 * f};
	if (box.x + box.width > width)
		box.x = fmax(0, v->mouse_x - f - box.width);
	if (box.x + box.width > width)
		box.x = width - box.width;
	if (box.y + box.height > height)
		box.y = fmax(0, v->mouse_y - f - box.height);
	panel_fill(s, box, COLOR_INK);
	for (size_t i = 0; i < count; i++)
		panel_text(s, box.x + 0.5 * f,
			   box.y + box.height - line * (double)(i + 1) + 0.1 * f, box.width - f, f,
			   i ? COLOR_FAINT : COLOR_PAPER, BERN_ANCHOR_LEFT, lines[i]);
}

static void draw_help(const scene *s, double width, double height)
{
	size_t count = 0;
	double f = s->font;
	while (s->view->help[count])
		count++;
	double line = fmin(1.6 * f, (height - 4 * f) / (double)(count + 1));
	double size = fmin(f, 0.8 * line), wide = fmin(width - 2 * f, 46 * f);
	bern_box box = {0.5 * (width - wide), 0.5 * (height - line * (double)(count + 2)), wide,
			line * (double)(count + 2)};
	panel_fill(s, (bern_box){0, 0, width, height}, 0x00000066u);
	panel_fill(s, box, COLOR_PAPER);
	double y = box.y + box.height - 1.3 * line;
	panel_text(s, box.x + f, y, box.width - 2 * f, size, COLOR_BLUE, BERN_ANCHOR_LEFT, "Keys");
	for (size_t i = 0; i < count; i++) {
		char key[64];
		const char *tab = strchr(s->view->help[i], '\t'), *what = tab ? tab + 1 : "";
		size_t length = tab ? (size_t)(tab - s->view->help[i]) : strlen(s->view->help[i]);
		snprintf(key, sizeof key, "%.*s", (int)length, s->view->help[i]);
		y -= line;
		panel_text(s, box.x + f, y, 0.32 * wide, size, COLOR_INK, BERN_ANCHOR_LEFT, key);
		panel_text(s, box.x + f + 0.34 * wide, y, 0.66 * wide - 2 * f, size, COLOR_GREY,
			   BERN_ANCHOR_LEFT, what);
	}
}

/* ---- a frame ------------------------------------------------------------------------------------------ */

static int inside(bern_box box, double x, double y)
{
	return x >= box.x && x < box.x + box.width && y >= box.y && y < box.y + box.height;
}

int bern_panels_unit_at(const bern_panels *panels, double x, double y, bern_unit_name *unit)
{
	for (size_t i = 0; i < panels->hit_count; i++) {
		const panel_hit *hit = &panels->hits[i];
		if (!inside(hit->box, x, y))
			continue;
		double part = hit->upright ? 1 - (y - hit->box.y) / hit->box.height
					   : (x - hit->box.x) / hit->box.width;
		size_t j = (size_t)(part * (double)hit->units);
		*unit = (bern_unit_name){hit->layer, j < hit->units ? j : hit->units - 1};
		return 1;
	}
	return 0;
}

int bern_panels_panel_at(const bern_panels *panels, double x, double y)
{
	for (int p = 0; p < BERN_PANELS; p++)
		if (inside(panels->box[p], x, y))
			return p;
	return -1;
}

void bern_panels_draw(bern_panels *panels, const bern_panel_view *view, const bern_paper *paper,
		      double width, double height)
{
	static void (*const draw[BERN_PANELS])(const scene *, bern_box) = {
		[BERN_PANEL_ENVIRONMENT] = panel_environment,
		[BERN_PANEL_RASTER] = panel_raster,
		[BERN_PANEL_FIRINGS] = panel_firings,
		[BERN_PANEL_VALUE] = panel_value,
		[BERN_PANEL_CURVE] = panel_curve,
		[BERN_PANEL_WEIGHTS] = panel_weights,
		[BERN_PANEL_SCORE] = panel_score,
	};
	bern_box status;
	scene s = {.own = panels,
		   .view = view,
		   .player = panels->player,
		   .look = panels->look,
		   .paper = paper,
		   .font = bern_panels_font(width, height),
		   .at = bern_player_at(panels->player, 0),
		   .moment = bern_player_moment(panels->player, 0)};
	uint32_t shown = view->shown;
	/* what shows neurons alone leaves its room to others, unless it is all that is wanted */
	uint32_t neurons = 1u << BERN_PANEL_FIRINGS | 1u << BERN_PANEL_WEIGHTS |
			   1u << BERN_PANEL_SCORE;
	if (s.look->unit_count == 0 && (shown & ~neurons))
		shown &= ~neurons;
	panels->hit_count = 0;
	paper->canvas.view(paper->canvas.user, 0, 0, width, height);
	bern_panels_lay_out(shown, width, height, panels->box, &status);
	for (int p = 0; p < BERN_PANELS; p++)
		if (panels->box[p].width > 0)
			draw[p](&s, panels->box[p]);
	draw_status(&s, status);
	if (view->help)
		draw_help(&s, width, height);
	else
		draw_mouse(&s, width, height);
}

bern_panel_view bern_panel_view_default(void)
{
	return (bern_panel_view){.shown = BERN_PANELS_ALL, .firing = -1, .curve_mark = NAN};
}

int32_t bern_panels_create(bern_panels **out, bern_player *player, bern_error *e)
{
	bern_panels *panels = *out = calloc(1, sizeof *panels);
	size_t most = 1;
	if (!panels)
		return bern_fail(e, BERN_EMEMORY, "memory is out");
	panels->player = player;
	panels->look = bern_player_inspector(player);
	for (size_t l = 0; l < panels->look->layer_count; l++)
		if (panels->look->layer[l].units > most)
			most = panels->look->layer[l].units;
	panels->colors = malloc(PANEL_CELLS * sizeof *panels->colors);
	panels->unit = calloc(most, sizeof *panels->unit);
	if (panels->colors && panels->unit)
		return BERN_OK;
	bern_panels_destroy(panels);
	*out = NULL;
	return bern_fail(e, BERN_EMEMORY, "memory is out");
}

void bern_panels_destroy(bern_panels *panels)
{
	if (!panels)
		return;
	free(panels->colors);
	free(panels->unit);
	free(panels);
}
