/* Which units fired, step by step: rows are units, layer under layer, the newest step is on the right. */
#include "panel.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Share of units first .. end-1 of a layer that fired `ago` situations before; below 0: nothing is known. */
static double share_of(const scene *s, const bern_inspect_layer *layer, size_t first, size_t end,
		       size_t ago, const uint16_t *mean, const bern_moment *moment)
{
	uint32_t sum = 0;
	(void)ago;
	if (s->view->firing >= 0) {
		if (!moment || s->view->firing >= moment->firings)
			return -1;
		for (size_t j = first; j < end; j++) {
			size_t k = (size_t)s->view->firing;
			sum += layer->fires && moment->mode != BERN_INSPECT_MEAN_FIELD
				       ? 65535u * (uint32_t)bern_moment_h_of(moment, layer, k, j)
				       : mean[layer->first_unit + j];
		}
	} else {
		for (size_t j = first; j < end; j++)
			sum += mean[layer->first_unit + j];
	}
	return (double)sum / 65535.0 / (double)(end - first);
}

/* One layer: (rows, columns) cells. */
static void draw_layer(const scene *s, bern_box box, size_t l, size_t rows, size_t columns)
{
	const bern_inspect_layer *layer = &s->look->layer[l];
	uint32_t *colors = s->own->colors, shade[257];
	for (size_t i = 0; i < 257; i++)
		shade[i] = panel_glow((double)i / 256);
	for (size_t c = 0; c < columns; c++) {
		size_t ago = columns - 1 - c;
		const bern_situation *at = bern_player_at(s->player, ago);
		const uint16_t *mean = bern_player_mean_h(s->player, ago);
		const bern_moment *moment = s->view->firing >= 0
						    ? bern_player_moment(s->player, ago)
						    : NULL;
		for (size_t r = 0; r < rows; r++) {
			size_t first = r * layer->units / rows, end = (r + 1) * layer->units / rows;
			uint32_t *color = &colors[r * columns + c];
			if (!mean) { /* before the first, or the end of an episode */
				*color = !at ? COLOR_NIGHT : at->flags ? COLOR_GREY : COLOR_WORN;
				continue;
			}
			double x = share_of(s, layer, first, end, ago, mean, moment);
			*color = x < 0 ? COLOR_WORN : shade[(size_t)(x * 256)];
		}
	}
	panel_cells(s, box, rows, columns);
	panel_add_hit(s, box, l, layer->units, 1);
	if (s->view->has_pin && s->view->pin.layer == l) {
		double height = box.height / (double)layer->units;
		double y = box.y + box.height - height * (double)(s->view->pin.unit + 1);
		panel_fill(s,
			   (bern_box){box.x - 0.4 * s->font, y, 0.4 * s->font,
				      height > 2 ? height : 2},
			   COLOR_ORANGE);
	}
}

/* An agent without neurons: what it keeps for each action in place of them. */
static void draw_worth(const scene *s, bern_box box)
{
	const bern_space *action = &bern_player_world(s->player)->instance.action;
	size_t V = s->look->choice_count;
	char number[32];
	double f = s->font, most = 1e-9;
	bern_box in = panel_frame(s, box, "this agent has no neurons", COLOR_INK);
	if (!s->look->has_worth || !s->moment || V == 0) {
		panel_say(s, in,
			  s->look->has_worth ? "no choice here" : "it keeps no values of actions");
		return;
	}
	in.height -= 1.5 * f;
	panel_text(s, in.x, in.y + in.height + 0.3 * f, in.width, f, COLOR_GREY, BERN_ANCHOR_LEFT,
		   "what it holds each action to be worth here");
	for (size_t v = 0; v < V; v++)
		most = fmax(most, fabs((double)s->moment->worth[v]));
	double line = fmin(3.2 * f, in.height / (double)V), bar = in.width - 13 * f;
	for (size_t v = 0; v < V && line > 1 && bar > 2 * f; v++) {
		double x = (double)s->moment->worth[v],
		       y = in.y + in.height - line * (double)(v + 1);
		double width = 0.5 * bar * fabs(x) / most, middle = in.x + 7 * f + 0.5 * bar;
		snprintf(number, sizeof number, "%zu", v);
		if (line >= f) {
			panel_text(s, in.x + 6.5 * f, y + 0.5 * line - 0.3 * f, 6.5 * f, 0.9 * f,
				   COLOR_GREY, BERN_ANCHOR_RIGHT,
				   action->kind == BERN_DISCRETE && action->labels
					   ? action->labels[v]
					   : number);
			panel_text(s, in.x + in.width, y + 0.5 * line - 0.3 * f, 5.5 * f, 0.9 * f,
				   COLOR_INK, BERN_ANCHOR_RIGHT,
				   panel_number(number, sizeof number, x));
		}
		panel_fill(s,
			   (bern_box){x < 0 ? middle - width : middle, y + 0.15 * line, width,
				      0.7 * line},
			   x < 0 ? COLOR_BLUE : COLOR_ORANGE);
		panel_fill(s, (bern_box){middle - 0.5, y, 1, line}, COLOR_FAINT);
	}
}

void panel_raster(const scene *s, bern_box box)
{
	const bern_inspector *look = s->look;
	char title[160], which[64];
	double f = s->font, gap = 0.4 * f;
	if (look->unit_count == 0) {
		draw_worth(s, box);
		return;
	}
	double wide = f < 12 ? 2 : f / 5;
	size_t columns = panel_span(s, (size_t)((box.width - 2.6 * f) / wide)), per = 1;
	double room = box.height - 2.2 * f - gap * (double)(look->hidden - 1);
	size_t rows[BERN_INSPECT_LAYERS], limit = PANEL_CELLS / (columns ? columns : 1);
	double high[BERN_INSPECT_LAYERS];
	for (size_t l = 0; l < look->hidden; l++) {
		size_t J = look->layer[l].units;
		/* a quarter of the room is shared alike, so that a small layer beside a large one is seen */
		high[l] = room * (0.25 / (double)look->hidden +
				  0.75 * (double)J / (double)look->unit_count);
		rows[l] = high[l] < 1 ? 1 : (size_t)high[l];
		rows[l] = rows[l] < J ? rows[l] : J;
		rows[l] = rows[l] < limit ? rows[l] : limit;
		if ((J + rows[l] - 1) / rows[l] > per)
			per = (J + rows[l] - 1) / rows[l];
	}
	if (s->view->firing >= 0 && (size_t)s->view->firing < look->firings)
		snprintf(which, sizeof which, "firing %d of %zu", (int)s->view->firing + 1,
			 look->firings);
	else
		snprintf(which, sizeof which,
			 look->firings > 1 ? "%zu firings as shades" : "one firing", look->firings);
	int length = snprintf(title, sizeof title,
			      "firing by layer  |  %s  |  %zu steps, newest right", which, columns);
	if (per > 1 && length < (int)sizeof title)
		snprintf(title + length, sizeof title - (size_t)length,
			 "  |  up to %zu units a row", per);
	bern_box in = panel_frame(s, box, title, COLOR_INK);
	double top = in.y + in.height;
	for (size_t l = 0; l < look->hidden; l++) {
		top -= high[l];
		draw_layer(s, (bern_box){in.x + 1.4 * f, top, in.width - 1.4 * f, high[l]}, l,
			   rows[l], columns);
		char short_name[24];
		snprintf(short_name, sizeof short_name, "%zu", l + 1);
		if (high[l] <= 5 * f && high[l] >= f)
			panel_text(s, in.x + 0.6 * f, top + 0.5 * high[l] - 0.3 * f, 1.2 * f,
				   0.9 * f, COLOR_GREY, BERN_ANCHOR_CENTRE, short_name);
		if (high[l] > 5 * f)
			s->paper->label(s->paper->canvas.user, in.x + 0.7 * f, top + 0.5 * high[l],
					0.9 * f, COLOR_GREY, BERN_ANCHOR_CENTRE, 1,
					look->layer[l].name);
		top -= gap;
	}
}
