/* panel.h: what the panels share while a frame is drawn. Internal to viewer/.
 *
 * A panel draws inside its box. Many small things are drawn by one call of cells() with colours from the scratch.
 */
#ifndef BERN_VIEWER_PANEL_H
#define BERN_VIEWER_PANEL_H

#include "panels.h"

#define PANEL_CELLS   ((size_t)1 << 20) /* colours of the scratch */
#define PANEL_POINTS  1024              /* of a curve */
#define PANEL_HITS    128
#define PANEL_COLUMNS 4096

/* Blue and orange are those of Okabe & Ito's set, which people who see fewer colours tell apart. */
#define COLOR_BLUE   0x0072b2ffu
#define COLOR_ORANGE 0xe69f00ffu
#define COLOR_INK    0x20262effu
#define COLOR_GREY   0x6b7480ffu
#define COLOR_FAINT  0xd5dae0ffu
#define COLOR_PAPER  0xffffffffu
#define COLOR_NIGHT  0x0d1520ffu /* behind firings */
#define COLOR_GLOW   0xbfe6ffffu /* a unit that fires */
#define COLOR_WORN   0x2a333effu /* not known */

/* Where units lie: the units of a layer side by side from left to right, or one above the other. */
typedef struct panel_hit {
	bern_box box;
	size_t layer, units;
	int32_t upright; /* 1: the first unit on top */
} panel_hit;

struct bern_panels {
	bern_player *player;        /* borrowed */
	const bern_inspector *look; /* borrowed */
	uint32_t *colors;           /* owned (PANEL_CELLS) */
	float *unit;                /* owned (most units of a layer) scratch */
	double xy[2 * PANEL_POINTS], x[PANEL_POINTS], low[PANEL_POINTS], high[PANEL_POINTS];
	bern_box box[BERN_PANELS]; /* of the last frame */
	panel_hit hits[PANEL_HITS];
	size_t hit_count;
};

typedef struct scene {
	bern_panels *own;
	const bern_panel_view *view;
	bern_player *player;
	const bern_inspector *look;
	const bern_paper *paper;
	double font;
	const bern_situation *at;  /* shown */
	const bern_moment *moment; /* or NULL */
} scene;

uint32_t panel_mix(uint32_t from, uint32_t to, double part); /* part 0: from */
uint32_t panel_diverge(double x);                            /* -1: blue, 0: paper, 1: orange */
uint32_t panel_glow(double x);                               /* 0: night, 1: glow */

void panel_fill(const scene *s, bern_box box, uint32_t color);
/* Text that ends with dots where it would be wider than `room`; nothing where not even two letters fit. */
void panel_text(const scene *s, double x, double y, double room, double size, uint32_t color,
		int32_t anchor, const char *text);
void panel_cells(const scene *s, bern_box box, size_t rows, size_t columns);
/* The box with its title line drawn; returns what is left inside of it. */
bern_box panel_frame(const scene *s, bern_box box, const char *title, uint32_t color);
/* A sentence in the middle of a panel that has nothing to show. */
void panel_say(const scene *s, bern_box box, const char *text);
void panel_add_hit(const scene *s, bern_box box, size_t layer, size_t units, int upright);
/* The same number with 4 digits at most, for people. */
const char *panel_number(char *out, size_t size, double x);

/* How many situations a panel shows that has room for `most`: fewer and wider ones, by halves and down to an eighth, while all that
 * is remembered fits in them, so that a slow environment's first steps are seen. */
size_t panel_span(const scene *s, size_t most);

/* Hidden units side by side, layer after layer with gaps between. */
typedef struct unit_columns {
	bern_box box;   /* of the layer */
	size_t columns; /* cells across */
	size_t units;   /* of the layer */
} unit_columns;
/* Writes the place of each hidden layer; returns the most units that share a column. */
size_t panel_columns(const scene *s, bern_box box, unit_columns *out);
/* Units first .. *end - 1 are in column c. */
size_t panel_column_units(const unit_columns *layer, size_t c, size_t *end);

/* A mark over the unit that is pinned, if it is of layer l; there is room for it under a panel's title. */
void panel_mark_pin(const scene *s, const unit_columns *at, size_t l);

/* Each draws itself into its box. */
void panel_environment(const scene *s, bern_box box);
void panel_raster(const scene *s, bern_box box);
void panel_firings(const scene *s, bern_box box);
void panel_value(const scene *s, bern_box box);
void panel_curve(const scene *s, bern_box box);
void panel_weights(const scene *s, bern_box box);
void panel_score(const scene *s, bern_box box);

/* What unit j of a hidden layer would learn from for an advantage of 1: the sum over firings of c_k (h_k - p_k), where c_k =
 * (w_k - 1/K) K/(K - 1), w the posterior; one firing: h - p. */
void panel_unit_scores(const scene *s, size_t layer, float *out);

#endif
