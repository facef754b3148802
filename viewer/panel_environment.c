/* The environment, and under it what the policy makes of the situation. */
#include "panel.h"

#include <math.h>
#include <stdio.h>

/* The value of a number of an action that is taken. */
static int chosen(const bern_space *action, const void *taken, size_t component, size_t value)
{
	int32_t x = ((const int32_t *)taken)[component];
	(void)action;
	return x >= 0 && (size_t)x == value;
}

/* One value of an action: its bar, its name. */
static void draw_choice(const scene *s, bern_box box, const char *name, double chance, double worth,
			int taken, int own)
{
	char text[64], number[32];
	double f = s->font, foot = 1.4 * f;
	bern_box bar = {box.x, box.y + foot, box.width, box.height - foot - 1.3 * f};
	panel_fill(s, bar, COLOR_FAINT);
	if (!isnan(chance)) {
		bar.height *= fmin(fmax(chance, 0), 1);
		panel_fill(s, bar, taken ? COLOR_ORANGE : COLOR_BLUE);
		snprintf(text, sizeof text, "%.0f%%", 100 * chance);
	} else {
		if (taken)
			panel_fill(s, bar, COLOR_ORANGE);
		snprintf(text, sizeof text, "%s",
			 isnan(worth) ? "" : panel_number(number, sizeof number, worth));
	}
	if (bern_player_is_person(s->player) && own && !taken)
		snprintf(text, sizeof text, "agent");
	double x = box.x + 0.5 * box.width;
	panel_text(s, x, box.y + box.height - f, box.width, 0.9 * f, COLOR_INK, BERN_ANCHOR_CENTRE,
		   text);
	panel_text(s, x, box.y + 0.3 * f, box.width, 0.9 * f, taken ? COLOR_INK : COLOR_GREY,
		   BERN_ANCHOR_CENTRE, name);
}

static void draw_choices(const scene *s, bern_box box)
{
	const bern_space *action = &bern_player_world(s->player)->instance.action;
	size_t V = s->look->choice_count, at = 0, components = action->count;
	double wide = fmin(box.width / (double)V, 7 * s->font),
	       pad = fmin(0.15 * wide, 0.4 * s->font);
	double x = box.x + 0.5 * (box.width - wide * (double)V);
	if (wide < 3) {
		panel_say(s, box, "too many actions to show here");
		return;
	}
	for (size_t c = 0; c < components; c++) {
		size_t n = action->kind == BERN_MULTI_BINARY ? 1 : (size_t)action->sizes[c];
		for (size_t v = 0; v < n; v++, at++) {
			char number[24];
			const char *name = number;
			size_t value = action->kind == BERN_MULTI_BINARY ? 1 : v;
			snprintf(number, sizeof number, "%zu",
				 action->kind == BERN_DISCRETE ? v : c);
			if (action->labels)
				name = action->labels[action->kind == BERN_DISCRETE ? v : c];
			draw_choice(s, (bern_box){x + pad, box.y, wide - 2 * pad, box.height}, name,
				    (double)s->moment->chance[at], (double)s->moment->worth[at],
				    chosen(action, s->at->action, c, value),
				    chosen(action, s->at->choice, c, value));
			x += wide;
		}
	}
}

/* Each number of a BOX action: a scale with the policy's mean and deviation, and what is taken. */
static void draw_reals(const scene *s, bern_box box)
{
	const bern_space *action = &bern_player_world(s->player)->instance.action;
	size_t D = s->look->real_count, shown = D;
	double f = s->font, line = box.height / (double)D;
	if (line < 1.5 * f) {
		shown = (size_t)(box.height / (1.5 * f));
		line = 1.5 * f;
	}
	for (size_t d = 0; d < shown; d++) {
		double low = action->low ? (double)action->low[d] : -INFINITY;
		double high = action->high ? (double)action->high[d] : INFINITY;
		double taken = (double)((const float *)s->at->action)[d];
		double mean = (double)s->moment->real[d],
		       deviation = (double)s->moment->real[D + d];
		double y = box.y + box.height - line * ((double)d + 0.5);
		char number[32], text[64];
		low = isfinite(low) ? low : fmin(taken, -3);
		high = isfinite(high) ? high : fmax(taken, 3);
		double left = box.x + 5 * f, width = box.width - 10 * f;
		double unit = width / (high - low);
		if (width < 2 * f)
			return;
		panel_fill(s, (bern_box){left, y - 1, width, 2}, COLOR_FAINT);
		if (!isnan(mean)) {
			double from = fmax(low, mean - deviation),
			       to = fmin(high, mean + deviation);
			if (to > from)
				panel_fill(s,
					   (bern_box){left + unit * (from - low), y - 0.3 * f,
						      unit * (to - from), 0.6 * f},
					   panel_mix(COLOR_PAPER, COLOR_BLUE, 0.45));
			if (mean >= low && mean <= high)
				panel_fill(s,
					   (bern_box){left + unit * (mean - low) - 1, y - 0.4 * f,
						      2, 0.8 * f},
					   COLOR_BLUE);
		}
		double x = left + unit * (fmin(fmax(taken, low), high) - low);
		panel_fill(s, (bern_box){x - 2, y - 0.5 * f, 4, f}, COLOR_ORANGE);
		snprintf(text, sizeof text, "%zu", d);
		panel_text(s, left - 0.5 * f, y - 0.35 * f, 4.5 * f, f, COLOR_GREY,
			   BERN_ANCHOR_RIGHT, action->labels ? action->labels[d] : text);
		panel_text(s, left + width + 0.5 * f, y - 0.35 * f, 4.5 * f, f, COLOR_INK,
			   BERN_ANCHOR_LEFT, panel_number(number, sizeof number, taken));
	}
}

void panel_environment(const scene *s, bern_box box)
{
	const bern_world *world = bern_player_world(s->player);
	char title[128], reward[32];
	double f = s->font;
	const bern_situation *before = bern_player_at(s->player, 1);
	if (s->at->step && before && before->has_outcome)
		snprintf(title, sizeof title, "%s  |  reward %s", world->env->id,
			 panel_number(reward, sizeof reward, before->reward));
	else
		snprintf(title, sizeof title, "%s", world->env->id);
	bern_box in = panel_frame(s, box, title, COLOR_INK);
	double bars = fmin(7 * f, 0.35 * in.height);
	bern_region region;
	bern_region_begin(&region, s->paper, in.x, in.y + bars + 0.5 * f, in.width,
			  in.height - bars - 0.5 * f);
	int drawn = bern_player_draw(s->player, &region.paper.canvas);
	bern_region_end(&region);
	if (!drawn)
		panel_say(s, in, "this environment has no picture");
	in.height = bars;
	if (!s->moment)
		panel_say(s, in,
			  s->at->flags & BERN_TERMINATED ? "the episode is over"
			  : s->at->flags                 ? "the episode was cut"
							 : "");
	else if (s->look->real_count)
		draw_reals(s, in);
	else
		draw_choices(s, in);
}
