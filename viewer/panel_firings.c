/* The K firings of the step shown with what each counts, p of each unit over them with dead and saturated units, and h - p. */
#include "panel.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A column of the chart of p: `high` cells, filled up to p. Marks: where the mean was, dead (under 1%) and saturated (over 99%). */
typedef struct unit_bar {
	double p, mean;
	int dead, saturated, fires;
} unit_bar;

static unit_bar bar_of(const scene *s, size_t l, const unit_columns *at, size_t c,
		       const uint32_t *sum, size_t count)
{
	const bern_inspect_layer *layer = &s->look->layer[l];
	unit_bar bar = {.fires = layer->fires};
	const uint16_t *p = bern_player_mean_p(s->player, 0);
	size_t end, first = panel_column_units(at, c, &end);
	for (size_t j = first; j < end; j++) {
		double mean = count ? sum[layer->first_unit + j] / 65535.0 / (double)count : 0.5;
		bar.p += p ? p[layer->first_unit + j] / 65535.0 / (double)(end - first) : 0;
		bar.mean += mean / (double)(end - first);
		bar.dead |= layer->fires && mean < 0.01;
		bar.saturated |= layer->fires && mean > 0.99;
	}
	return bar;
}

static void draw_bars(const scene *s, const unit_columns *at, size_t l, const uint32_t *sum,
		      size_t count)
{
	uint32_t *colors = s->own->colors;
	size_t high = (size_t)(at->box.height < 8 ? 8 : at->box.height), n = at->columns;
	high = high < 400 ? high : 400;
	for (size_t c = 0; c < n; c++) {
		unit_bar bar = bar_of(s, l, at, c, sum, count);
		size_t full = (size_t)(bar.p * (double)high + 0.5);
		size_t mean = (size_t)(bar.mean * (double)(high - 1) + 0.5);
		uint32_t back = bar.dead || bar.saturated
					? panel_mix(COLOR_PAPER, COLOR_ORANGE, 0.45)
					: COLOR_FAINT;
		for (size_t r = 0; r < high; r++) {
			size_t up = high - 1 - r;
			uint32_t color = up < full ? COLOR_BLUE : back;
			if (up == mean || up + 1 == mean)
				color = COLOR_INK;
			colors[r * n + c] = color;
		}
		/* a foot for dead ones, a head for saturated ones */
		for (size_t r = 0; r < high / 8 + 1; r++) {
			if (bar.dead)
				colors[(high - 1 - r) * n + c] = COLOR_ORANGE;
			if (bar.saturated)
				colors[r * n + c] = COLOR_ORANGE;
		}
	}
	panel_cells(s, at->box, high, n);
	panel_mark_pin(s, at, l);
	panel_add_hit(s, at->box, l, at->units, 0);
}

/* (firings, columns): which units fired in each firing. */
static void draw_rows(const scene *s, const unit_columns *at, size_t l, size_t rows)
{
	const bern_inspect_layer *layer = &s->look->layer[l];
	uint32_t *colors = s->own->colors;
	size_t K = (size_t)s->moment->firings, n = at->columns;
	for (size_t r = 0; r < rows; r++)
		for (size_t c = 0; c < n; c++) {
			size_t end, first = panel_column_units(at, c, &end);
			size_t k0 = r * K / rows, k1 = (r + 1) * K / rows;
			double x = 0;
			for (size_t k = k0; k < k1; k++)
				for (size_t j = first; j < end; j++)
					x += layer->fires && s->moment->mode !=
								     BERN_INSPECT_MEAN_FIELD
						     ? bern_moment_h_of(s->moment, layer, k, j)
						     : fabs((double)bern_moment_p_of(s->moment,
										     layer, k, j));
			colors[r * n + c] = panel_glow(x / (double)((end - first) * (k1 - k0)));
		}
	panel_cells(s, at->box, rows, n);
	panel_add_hit(s, at->box, l, at->units, 0);
}

/* What each firing counts, and which one acted. */
static void draw_posterior(const scene *s, bern_box box, size_t rows)
{
	double line = box.height / (double)rows, most = 0;
	size_t K = (size_t)s->moment->firings;
	for (size_t k = 0; k < K; k++)
		most = fmax(most, (double)s->moment->posterior[k]);
	for (size_t r = 0; r < rows; r++) {
		size_t k0 = r * K / rows, k1 = (r + 1) * K / rows;
		double w = 0;
		int spoke = 0;
		for (size_t k = k0; k < k1; k++) {
			w = fmax(w, (double)s->moment->posterior[k]);
			spoke |= (int)k == s->moment->speaker;
		}
		double y = box.y + box.height - line * (double)(r + 1);
		double pad = line > 4 ? 1 : 0;
		if (most > 0)
			panel_fill(s,
				   (bern_box){box.x, y + pad, box.width * w / most, line - 2 * pad},
				   spoke ? COLOR_ORANGE : COLOR_BLUE);
	}
}

static int length_after(int length, size_t size)
{
	return length < 0 ? 0 : length < (int)size ? length : (int)size - 1;
}

void panel_firings(const scene *s, bern_box box)
{
	const bern_inspector *look = s->look;
	unit_columns at[BERN_INSPECT_LAYERS];
	char title[400];
	double f = s->font;
	size_t count = 0, dead = 0, saturated = 0, firing_units = 0;
	if (look->unit_count == 0) {
		panel_say(s, panel_frame(s, box, "firing probabilities", COLOR_INK),
			  "this agent has no neurons");
		return;
	}
	const uint32_t *sum = bern_player_sum_p(s->player, &count);
	int length = 0;
	uint32_t ink = COLOR_INK;
	for (size_t l = 0; l < look->hidden; l++) {
		size_t dead_here = 0, saturated_here = 0, units = look->layer[l].units;
		for (size_t j = 0; look->layer[l].fires && j < units; j++) {
			double mean = count ? sum[look->layer[l].first_unit + j] / 65535.0 /
						      (double)count
					    : 0.5;
			dead_here += mean < 0.01;
			saturated_here += mean > 0.99;
			firing_units++;
		}
		dead += dead_here;
		saturated += saturated_here;
		/* a layer that tells nothing is told first */
		if (count < 10 || dead_here + saturated_here < units)
			continue;
		ink = 0xa87400ffu;
		length = length_after(length + snprintf(title + length,
							sizeof title - (size_t)length,
							"%s is %s!  |  ", look->layer[l].name,
							dead_here == units        ? "dead"
							: saturated_here == units ? "saturated"
										  : "stuck"),
				      sizeof title);
	}
	bern_box in = {box.x + 0.6 * f, box.y + 0.5 * f, box.width - 1.2 * f, box.height - 2.2 * f};
	double side = fmin(8 * f, 0.2 * in.width);
	bern_box units = {in.x, in.y, in.width - side - 0.5 * f, in.height};
	size_t shared = panel_columns(s, units, at);
	length = length_after(
		length + snprintf(title + length, sizeof title - (size_t)length,
				  "p of each unit  |  %zu dead, %zu saturated of %zu (%zu steps)",
				  dead, saturated, firing_units, count),
		sizeof title);
	if (shared > 1)
		snprintf(title + length, sizeof title - (size_t)length,
			 "  |  up to %zu units a column", shared);
	panel_frame(s, box, title, ink);
	double middle = in.y + 0.58 * in.height, gap = 1.5 * f;
	for (size_t l = 0; l < look->hidden; l++) {
		at[l].box.y = middle;
		at[l].box.height = in.y + in.height - middle;
		draw_bars(s, &at[l], l, sum, count);
	}
	panel_text(s, in.x + in.width, middle + 0.5 * (in.y + in.height - middle) - 0.3 * f, side,
		   0.9 * f, COLOR_GREY, BERN_ANCHOR_RIGHT, "p, mean as line");
	if (!s->moment || s->moment->firings < 1) {
		panel_text(s, in.x, in.y + 0.25 * in.height, in.width, f, COLOR_GREY,
			   BERN_ANCHOR_LEFT,
			   s->at->has_choice ? "the firings of this step are remembered no more"
					     : "no choice here: the episode is over");
		return;
	}
	size_t K = (size_t)s->moment->firings, rows = K;
	double height = middle - gap - in.y;
	if (height < 2 * (double)rows)
		rows = (size_t)(height / 2) ? (size_t)(height / 2) : 1;
	if (rows < K)
		snprintf(title, sizeof title, "%zu firings now, up to %zu a row", K,
			 (K + rows - 1) / rows);
	else
		snprintf(title, sizeof title, K > 1 ? "%zu firings now" : "the firing now", K);
	panel_text(s, in.x, middle - 1.15 * f, units.width, 0.9 * f, COLOR_GREY, BERN_ANCHOR_LEFT,
		   title);
	panel_text(s, in.x + in.width, middle - 1.15 * f, side + 0.4 * f, 0.9 * f, COLOR_GREY,
		   BERN_ANCHOR_RIGHT, "weight");
	for (size_t l = 0; l < look->hidden; l++) {
		at[l].box.y = in.y;
		at[l].box.height = height;
		draw_rows(s, &at[l], l, rows);
	}
	draw_posterior(s, (bern_box){in.x + in.width - side, in.y, side, height}, rows);
}

/* ---- h - p -------------------------------------------------------------------------------------------- */

void panel_unit_scores(const scene *s, size_t layer, float *out)
{
	const bern_inspect_layer *l = &s->look->layer[layer];
	size_t K = (size_t)s->moment->firings, J = l->units;
	memset(out, 0, J * sizeof *out);
	for (size_t k = 0; k < K && l->fires && s->moment->mode != BERN_INSPECT_MEAN_FIELD; k++) {
		float c = 1.0f;
		if (K > 1)
			c = (s->moment->posterior[k] - 1.0f / (float)K) * (float)K / (float)(K - 1);
		if (s->view->firing >= 0)
			c = (int32_t)k == s->view->firing || K == 1 ? 1.0f : 0.0f;
		for (size_t j = 0; j < J; j++)
			out[j] += c * ((float)bern_moment_h_of(s->moment, l, k, j) -
				       bern_moment_p_of(s->moment, l, k, j));
	}
}

void panel_score(const scene *s, bern_box box)
{
	const bern_inspector *look = s->look;
	unit_columns at[BERN_INSPECT_LAYERS];
	char title[200], number[32];
	if (look->unit_count == 0) {
		panel_say(s, panel_frame(s, box, "h - p", COLOR_INK), "this agent has no neurons");
		return;
	}
	const char *what = s->view->firing >= 0 ? "h - p of the firing chosen"
			   : look->firings > 1  ? "h - p, firings weighed: what units learn from"
						: "h - p: what units learn from";
	int drawn = s->moment && s->moment->firings > 0 && s->moment->mode == BERN_INSPECT_SAMPLED;
	float most = 0;
	for (size_t l = 0; drawn && l < look->hidden; l++) {
		panel_unit_scores(s, l, s->own->unit);
		for (size_t j = 0; j < look->layer[l].units; j++)
			most = fmaxf(most, fabsf(s->own->unit[j]));
	}
	int length = length_after(snprintf(title, sizeof title, "%s", what), sizeof title);
	if (drawn)
		length = length_after(
			length + snprintf(title + length, sizeof title - (size_t)length,
					  "  |  to \xc2\xb1%s",
					  panel_number(number, sizeof number, (double)most)),
			sizeof title);
	if (s->at->has_obtained && !isnan(s->at->value))
		snprintf(title + length, sizeof title - (size_t)length,
			 "  |  times the advantage %s",
			 panel_number(number, sizeof number,
				      s->at->obtained - (double)s->at->value));
	bern_box in = panel_frame(s, box, title, COLOR_INK);
	if (!drawn || !(most > 1e-6f)) {
		panel_say(
			s, in,
			!s->moment || s->moment->firings < 1 ? "no firing here"
			: drawn ? "all firings say the same about the action: nothing to learn from"
				: "nothing is drawn in this policy mode");
		return;
	}
	panel_columns(s, in, at);
	for (size_t l = 0; l < look->hidden; l++) {
		uint32_t *colors = s->own->colors;
		size_t n = at[l].columns, half = (size_t)(in.height / 2);
		half = half < 4 ? 4 : half < 200 ? half : 200;
		panel_unit_scores(s, l, s->own->unit);
		for (size_t c = 0; c < n; c++) {
			size_t end, first = panel_column_units(&at[l], c, &end);
			float x = 0;
			for (size_t j = first; j < end;
			     j++) /* the largest of those that share it */
				if (fabsf(s->own->unit[j]) > fabsf(x))
					x = s->own->unit[j];
			size_t full = (size_t)(fmin(fabs((double)x / (double)most), 1) *
						       (double)half +
					       0.5);
			for (size_t r = 0; r < half; r++) {
				int upper = x > 0 && half - 1 - r < full, lower = x < 0 && r < full;
				colors[r * n + c] = upper ? COLOR_ORANGE : 0xf3f5f7ffu;
				colors[(half + r) * n + c] = lower ? COLOR_BLUE : 0xf3f5f7ffu;
			}
		}
		panel_cells(s, at[l].box, 2 * half, n);
		panel_mark_pin(s, &at[l], l);
		panel_add_hit(s, at[l].box, l, at[l].units, 0);
		panel_fill(
			s,
			(bern_box){at[l].box.x, in.y + 0.5 * in.height - 0.5, at[l].box.width, 1},
			COLOR_GREY);
	}
}
