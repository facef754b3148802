/* panels.h: what a viewer shows of a player: the environment, the neurons, the values. Drawn on any bern_paper.
 *
 * Seven panels in order of use, a status line, what the mouse points at, and a page of help. Whoever shows them (window, recording)
 * owns a bern_panel_view, changes it as keys are pressed, and calls bern_panels_draw for each frame. Coordinates are points, y up
 * from the lower left corner, as the paper's are before any view(). One thread at a time.
 */
#ifndef BERN_VIEWER_PANELS_H
#define BERN_VIEWER_PANELS_H

#include "player.h"

#include <canvas.h>

enum bern_panel {
	BERN_PANEL_ENVIRONMENT, /* with the action and its probabilities */
	BERN_PANEL_RASTER,      /* which units fired, step by step */
	BERN_PANEL_FIRINGS, /* the K firings of this step, firing probabilities, dead and saturated units */
	BERN_PANEL_VALUE,   /* V(s), the return really obtained, advantage */
	BERN_PANEL_CURVE,   /* the run's returns */
	BERN_PANEL_WEIGHTS, /* of one layer; of one unit if it is pinned */
	BERN_PANEL_SCORE,   /* h - p */
	BERN_PANELS
};
#define BERN_PANELS_ALL ((1u << BERN_PANELS) - 1)

#define BERN_PAGE_COLOR 0xeef0f2ffu /* behind the panels */

/* Mean returns over the steps of a training, with a band; arrays borrowed, count of each. A value that is not finite is left out;
 * low and high may be NULL. */
typedef struct bern_curve {
	size_t count;
	const double *steps, *mean, *low, *high;
	const char *name; /* of what is drawn: "evaluation, 95% interval" */
} bern_curve;

/* A unit of a layer that is looked at; the output layer's too, in the panel of weights. */
typedef struct bern_unit_name {
	size_t layer, unit;
} bern_unit_name;

/* How the player is looked at. */
typedef struct bern_panel_view {
	uint32_t
		shown; /* bit 1 << panel for each one wanted; those that find no room are left out */
	int32_t firing; /* the one shown in the raster, 0 .. K-1; below 0: all of them, as shades */
	size_t layer;   /* whose weights are shown, up to layer_count - 1 */
	int32_t has_mouse;
	double mouse_x, mouse_y;
	int32_t has_pin;
	bern_unit_name pin;
	const bern_curve *curve; /* or NULL: not of a run */
	double curve_mark;       /* step of the checkpoint shown; not finite: none */
	const char *title;       /* run or environment, for the status line; may be NULL */
	double steps_per_second; /* as measured; 0: not yet */
	const char *notice;      /* a sentence in place of the status line; NULL: none */
	/* help overlay: lines "key\twhat it does", NULL at the end; NULL: not shown */
	const char *const *help;
} bern_panel_view;

/* All panels, all firings, nothing pinned. */
bern_panel_view bern_panel_view_default(void);

typedef struct bern_panels bern_panels;

/* The player is borrowed and outlives the panels. */
int32_t bern_panels_create(bern_panels **out, bern_player *player, bern_error *e);
void bern_panels_destroy(bern_panels *panels); /* NULL is fine */

/* Draws a frame on a paper of width x height points that shows BERN_PAGE_COLOR. Takes no memory. */
void bern_panels_draw(bern_panels *panels, const bern_panel_view *view, const bern_paper *paper,
		      double width, double height);

/* The unit at a point of the last frame; 0: there is none. For a click: pin it, or unpin if it is pinned already. */
int bern_panels_unit_at(const bern_panels *panels, double x, double y, bern_unit_name *unit);
/* The panel there, or -1. */
int bern_panels_panel_at(const bern_panels *panels, double x, double y);

/* ---- layout, by itself for tests --------------------------------------------------------------------- */

typedef struct bern_box {
	double x, y, width, height; /* y of its lower side; width 0: not placed */
} bern_box;

/* Size of letters for a window of that size. */
double bern_panels_font(double width, double height);

/* Places the panels wanted, and the status line at the foot. What finds no room is left out, the last in order of use first; at least
 * one is placed. */
void bern_panels_lay_out(uint32_t shown, double width, double height, bern_box box[BERN_PANELS],
			 bern_box *status);

const char *bern_panel_name(int panel); /* "environment", "raster", ...: as options name them */

#endif
