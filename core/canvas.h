/* canvas.h: what the program's own canvases can do beyond bern_canvas, and drawing inside a rectangle of one. Internal.
 *
 * A bern_paper begins with the bern_canvas that environments draw on; panels and plots use the whole of it. The window (SDL2),
 * pictures (cairo) and the recorder of tests are papers, and so is a region of a paper. Coordinates are those of the last
 * view(), x to the right and y up. A call with a number that is not finite draws nothing. One thread at a time.
 */
#ifndef BERN_CANVAS_H
#define BERN_CANVAS_H

#include <bern/env.h>

/* Where x is in a label. */
enum bern_anchor { BERN_ANCHOR_LEFT, BERN_ANCHOR_CENTRE, BERN_ANCHOR_RIGHT };

typedef struct bern_paper {
	bern_canvas canvas; /* its `user` is the first argument of the functions below too */

	/* Text of that font size with its baseline at y. turned: 0, or 1: a quarter turn to the left, so that it reads upwards,
	 * with its baseline at x and y where the anchor is. Bytes that are not UTF-8 are shown as '?'. */
	void (*label)(void *user, double x, double y, double height, uint32_t color, int32_t anchor,
		      int32_t turned, const char *utf8);
	/* How far a label reaches to the right. */
	double (*measure)(void *user, double height, const char *utf8);
	/* Until the unclip() that belongs to it, nothing is drawn outside of the rectangle (and of those of clips before). */
	void (*clip)(void *user, double x, double y, double width, double height);
	void (*unclip)(void *user);
	/* A line through all points, (points, 2), joined without gaps. */
	void (*path)(void *user, const double *xy, size_t points, double width, uint32_t color);
	/* The area between two curves over the same x, each (points). */
	void (*band)(void *user, const double *x, const double *low, const double *high,
		     size_t points, uint32_t color);
} bern_paper;

/* A rectangle of a paper with coordinates of its own: hand &region.paper.canvas to an environment. view() is fitted into the
 * rectangle, centred, with the ratio of its sides kept: circles stay round. Until the first view() one unit is one of the
 * paper's, from the rectangle's lower left corner. */
typedef struct bern_region {
	bern_paper paper;                   /* points back here: do not move the region */
	const bern_paper *parent;           /* borrowed */
	double left, bottom, width, height; /* of the rectangle, in the parent's coordinates */
	/* a point (x, y) lies at (origin_x + scale x, origin_y + scale y) of the parent */
	double origin_x, origin_y, scale;
} bern_region;

/* Begins drawing in a rectangle of the parent, given in its coordinates, which should have square units. Clips to it until
 * bern_region_end. Takes no memory. */
void bern_region_begin(bern_region *region, const bern_paper *parent, double left, double bottom,
		       double width, double height);
void bern_region_end(bern_region *region);

/* A canvas that draws nothing and only notes the first good view(): what sides a picture of it should have. */
typedef struct bern_view_probe {
	bern_canvas canvas; /* points back here: do not move the probe */
	int32_t seen;       /* 1: the numbers below are set */
	double left, bottom, right, top;
} bern_view_probe;

void bern_view_probe_init(bern_view_probe *probe);

#endif
