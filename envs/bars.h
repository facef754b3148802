/* bars.h: how the bandits are drawn: one bar an arm. Header-only. */
#ifndef BERN_ENVS_BARS_H
#define BERN_ENVS_BARS_H

#include <bern/env.h>

#include <stdio.h>

/* Draws (arms) values as bars from zero, in a picture of 16 x 9 whose scale holds at least low .. high. The arm `pulled` (-1: none) is
 * orange, a dot marks the best; below stand the numbers of the actions. title may be NULL. */
static inline void bars_draw(const double *value, int32_t arms, double low, double high,
			     int32_t pulled, const char *title, const bern_canvas *c)
{
	const uint32_t ink = BERN_RGB(60, 60, 60), blue = BERN_RGB(0x00, 0x72, 0xb2);
	const uint32_t orange = BERN_RGB(0xe6, 0x9f, 0x00);
	int32_t best = 0;
	for (int32_t a = 0; a < arms; a++) {
		best = value[a] > value[best] ? a : best;
		low = value[a] < low ? value[a] : low;
		high = value[a] > high ? value[a] : high;
	}
	double unit = 6.4 / (high - low), zero = 0.8 - low * unit, slot = 15.0 / arms;

	c->view(c->user, 0, 0, 16, 9);
	c->rect(c->user, 0, 0, 16, 9, BERN_RGB(255, 255, 255));
	if (title)
		c->text(c->user, 8, 8.1, 0.6, ink, title);
	for (int32_t a = 0; a < arms; a++) {
		double x = 0.5 + slot * a, height = value[a] * unit;
		double bottom = height < 0 ? zero + height : zero;
		double size = height < 0 ? -height : height;
		c->rect(c->user, x + 0.12 * slot, bottom, 0.76 * slot, size,
			a == pulled ? orange : blue);
		if (a == best)
			c->disc(c->user, x + 0.5 * slot, bottom + size + 0.25, 0.12, ink);
		if (arms <= 20) {
			char label[16];
			snprintf(label, sizeof label, "%d", (int)a);
			c->text(c->user, x + 0.5 * slot, 0.2, 0.4, ink, label);
		}
	}
	c->line(c->user, 0.5, zero, 15.5, zero, 0.04, ink);
}

#endif
