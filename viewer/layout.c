/* Where panels are: two columns where there is room for them, heights in proportion. */
#include "panels.h"

#include <math.h>

/* Heights in letters: the least that a panel makes sense with, and its part of what is left. */
static const struct {
	const char *name;
	double least, share;
	int right;
} shapes[BERN_PANELS] = {
	[BERN_PANEL_ENVIRONMENT] = {"environment", 12, 56, 0},
	[BERN_PANEL_RASTER] = {"raster", 7, 36, 1},
	[BERN_PANEL_FIRINGS] = {"firings", 9, 32, 1},
	[BERN_PANEL_VALUE] = {"value", 7, 23, 0},
	[BERN_PANEL_CURVE] = {"curve", 7, 21, 0},
	[BERN_PANEL_WEIGHTS] = {"weights", 6, 18, 1},
	[BERN_PANEL_SCORE] = {"score", 5, 14, 1},
};

const char *bern_panel_name(int panel)
{
	return panel >= 0 && panel < BERN_PANELS ? shapes[panel].name : "";
}

double bern_panels_font(double width, double height)
{
	double font = fmin(width / 106, height / 60);
	return fmin(fmax(font, 10), 26);
}

/* Stacks the panels of a list, first on top. Returns how many found room. */
static size_t stack(const int *list, size_t count, bern_box area, double font, double gap,
		    bern_box *box)
{
	double least = 0, shares = 0;
	for (size_t i = 0; i < count; i++) {
		least += shapes[list[i]].least * font + (i ? gap : 0);
		shares += shapes[list[i]].share;
	}
	while (count > 1 && least > area.height) {
		count--;
		least -= shapes[list[count]].least * font + gap;
		shares -= shapes[list[count]].share;
	}
	/* each gets its share, but no less than its least: those that would are set first */
	double room = area.height - gap * (double)(count ? count - 1 : 0);
	double height[BERN_PANELS];
	int set[BERN_PANELS] = {0};
	for (int again = 1; again;) {
		again = 0;
		for (size_t i = 0; i < count; i++) {
			if (set[i])
				continue;
			height[i] = room * shapes[list[i]].share / shares;
			if (height[i] < shapes[list[i]].least * font && count > 1) {
				height[i] = shapes[list[i]].least * font;
				set[i] = again = 1;
				room -= height[i];
				shares -= shapes[list[i]].share;
				break;
			}
		}
	}
	double top = area.y + area.height;
	for (size_t i = 0; i < count; i++) {
		box[list[i]] = (bern_box){area.x, top - height[i], area.width, height[i]};
		top -= height[i] + gap;
	}
	return count;
}

void bern_panels_lay_out(uint32_t shown, double width, double height, bern_box box[BERN_PANELS],
			 bern_box *status)
{
	double font = bern_panels_font(width, height), gap = 0.5 * font;
	int left[BERN_PANELS], right[BERN_PANELS], all[BERN_PANELS];
	size_t lefts = 0, rights = 0, count = 0;
	for (int p = 0; p < BERN_PANELS; p++) {
		box[p] = (bern_box){0, 0, 0, 0};
		if (!(shown >> p & 1))
			continue;
		all[count++] = p;
		if (shapes[p].right)
			right[rights++] = p;
		else
			left[lefts++] = p;
	}
	*status = (bern_box){gap, 0, width - 2 * gap, 2 * font};
	bern_box area = {gap, 2 * font, width - 2 * gap, height - 2 * font - gap};
	if (!lefts || !rights || width < 36 * font) {
		stack(all, count, area, font, gap, box);
		return;
	}
	/* the environment is no wider than it is high with its bars: the neurons get the rest */
	double part = fmin(0.42 * area.width, 1.05 * area.height);
	stack(left, lefts, (bern_box){area.x, area.y, part, area.height}, font, gap, box);
	area.x += part + gap;
	area.width -= part + gap;
	stack(right, rights, area, font, gap, box);
}
