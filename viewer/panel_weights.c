/* Weights of a layer as a heat map; of a pinned unit what it receives, as a grid where the observation is one. */
#include "panel.h"

#include <math.h>
#include <stdio.h>

/* The largest size of a weight, or 1e-9. */
static double largest(const float *w, size_t count)
{
	float most = 1e-9f;
	for (size_t i = 0; i < count; i++)
		most = fabsf(w[i]) > most ? fabsf(w[i]) : most;
	return (double)most;
}

/* The weight of largest size among rows i0 .. i1-1 and units j0 .. j1-1. */
static double pick(const float *w, size_t units, size_t i0, size_t i1, size_t j0, size_t j1)
{
	float x = 0;
	for (size_t i = i0; i < i1; i++)
		for (size_t j = j0; j < j1; j++)
			if (fabsf(w[i * units + j]) > fabsf(x))
				x = w[i * units + j];
	return (double)x;
}

/* How an observation lies on a grid: `planes` of height x width, by strides into the numbers. */
typedef struct grid {
	size_t planes, height, width;
	size_t plane_stride, row_stride, column_stride;
} grid;

/* 1 if the first layer's inputs are a grid. Three dimensions: the smallest one is the planes', if it is the first or the last. */
static int grid_of(const scene *s, grid *g)
{
	const bern_instance *instance = &bern_player_world(s->player)->instance;
	const bern_space *o = &instance->observation;
	size_t a = o->shape[0], b = o->shape[1], c = o->shape[2];
	if (instance->grid_rows && instance->grid_columns) {
		a = instance->grid_rows;
		b = instance->grid_columns;
		const size_t n = s->look->observation / (a * b);
		*g = instance->grid_turned ? (grid){n, a, b, 1, n, a * n}
					   : (grid){n, a, b, 1, b * n, n};
		return n > 0;
	}
	if (o->kind != BERN_BOX && o->kind != BERN_MULTI_BINARY)
		return 0;
	if (o->ndim == 2 && a > 1 && b > 1) {
		*g = (grid){1, a, b, 0, b, 1};
		return 1;
	}
	if (o->ndim != 3)
		return 0;
	if (c < a)
		*g = (grid){c, a, b, 1, b * c, c};
	else
		*g = (grid){a, b, c, b * c, c, 1};
	return g->height > 1 && g->width > 1;
}

static size_t grid_input(const grid *g, size_t plane, size_t row, size_t column)
{
	return plane * g->plane_stride + row * g->row_stride + column * g->column_stride;
}

/* 1 if all that is observed is zeros and ones: then it can be marked what is on. */
static int is_bits(const scene *s)
{
	for (size_t i = 0; i < s->look->observation; i++)
		if (s->at->obs[i] != 0.0f && s->at->obs[i] != 1.0f)
			return 0;
	return 1;
}

/* Dots in the cells of a plane that are on now. */
static void draw_dots(const scene *s, bern_box at, const grid *g, size_t plane)
{
	const double wide = at.width / (double)g->width, high = at.height / (double)g->height;
	const double side = 0.4 * fmin(wide, high);
	for (size_t r = 0; r < g->height; r++)
		for (size_t c = 0; c < g->width; c++)
			if (s->at->obs[grid_input(g, plane, r, c)] != 0.0f)
				panel_fill(s,
					   (bern_box){at.x + wide * ((double)c + 0.5) - side / 2,
						      at.y + at.height - high * ((double)r + 0.5) -
							      side / 2,
						      side, side},
					   COLOR_INK);
}

/* The planes side by side, in as many rows as make them largest, of what the newest frame of a stack sends to unit j. */
static void draw_grid(const scene *s, bern_box box, const grid *g, const float *w, size_t units,
		      size_t j, double most, int dots)
{
	uint32_t *colors = s->own->colors;
	size_t O = s->look->observation, newest = (s->look->stack - 1) * O, across = 1;
	double gap = 0.4 * s->font, aspect = (double)g->width / (double)g->height, high = 0;
	for (size_t n = 1; n <= g->planes; n++) {
		const size_t rows = (g->planes + n - 1) / n;
		const double wide = (box.width - gap * (double)(n - 1)) / (double)n;
		const double fits = fmin((box.height - gap * (double)(rows - 1)) / (double)rows,
					 wide / aspect);
		if (fits > high) {
			high = fits;
			across = n;
		}
	}
	const double wide = high * aspect;
	if (wide < 2 || high < 2 || g->height * g->width > PANEL_CELLS) {
		panel_say(s, box, "no room for the planes");
		return;
	}
	for (size_t p = 0; p < g->planes; p++) {
		for (size_t r = 0; r < g->height; r++)
			for (size_t c = 0; c < g->width; c++) {
				size_t i = newest + grid_input(g, p, r, c);
				colors[r * g->width + c] = panel_diverge((double)w[i * units + j] /
									 most);
			}
		bern_box at = {box.x + (wide + gap) * (double)(p % across),
			       box.y + box.height - high - (high + gap) * (double)(p / across),
			       wide, high};
		panel_fill(s, (bern_box){at.x - 1, at.y - 1, at.width + 2, at.height + 2},
			   COLOR_FAINT);
		panel_cells(s, at, g->height, g->width);
		if (dots)
			draw_dots(s, at, g, p);
	}
}

/* Bars of all inputs, with names where they have some and there is room. */
static void draw_inputs(const scene *s, bern_box box, size_t l, const float *w, size_t units,
			size_t j, double most)
{
	const bern_space *o = &bern_player_world(s->player)->instance.observation;
	size_t I = s->look->layer[l].inputs, n = I;
	uint32_t *colors = s->own->colors;
	double f = s->font;
	int named = l == 0 && o->labels && s->look->inputs == s->look->observation &&
		    o->kind != BERN_MULTI_DISCRETE && box.width / (double)I > 2.5 * f;
	double foot = named ? 1.2 * f : 0;
	n = n < (size_t)box.width ? n : (size_t)box.width;
	size_t half = (size_t)(0.5 * (box.height - foot));
	half = half < 4 ? 4 : half < 200 ? half : 200;
	for (size_t c = 0; c < n; c++) {
		double x = pick(w, units, c * I / n, (c + 1) * I / n, j, j + 1) / most;
		size_t full = (size_t)(fabs(x) * (double)half + 0.5);
		for (size_t r = 0; r < half; r++) {
			colors[r * n + c] = x > 0 && half - 1 - r < full ? COLOR_ORANGE
									 : 0xf3f5f7ffu;
			colors[(half + r) * n + c] = x < 0 && r < full ? COLOR_BLUE : 0xf3f5f7ffu;
		}
	}
	panel_cells(s, (bern_box){box.x, box.y + foot, box.width, box.height - foot}, 2 * half, n);
	for (size_t i = 0; named && i < I; i++)
		panel_text(s, box.x + box.width * ((double)i + 0.5) / (double)I, box.y + 0.2 * f,
			   box.width / (double)I - 0.3 * f, 0.85 * f, COLOR_GREY,
			   BERN_ANCHOR_CENTRE, o->labels[i]);
}

static void draw_pinned(const scene *s, bern_box box)
{
	size_t l = s->view->pin.layer, j = s->view->pin.unit;
	const bern_inspect_layer *layer = &s->look->layer[l];
	const float *w = s->look->weights(s->look->self, l);
	char title[160], number[32];
	double most = 1e-9;
	grid g;
	for (size_t i = 0; i < layer->inputs; i++)
		most = fmax(most, fabs((double)w[i * layer->units + j]));
	const int on_grid = l == 0 && grid_of(s, &g), dots = on_grid && is_bits(s);
	snprintf(title, sizeof title, "what %s, unit %zu receives  |  weights to \xc2\xb1%s%s%s",
		 layer->name, j, panel_number(number, sizeof number, most),
		 l == 0 && s->look->stack > 1 ? "  |  newest frame" : "",
		 dots ? "  |  dots: what it sees now" : "");
	bern_box in = panel_frame(s, box, title, 0xa87400ffu);
	if (on_grid)
		draw_grid(s, in, &g, w, layer->units, j, most, dots);
	else
		draw_inputs(s, in, l, w, layer->units, j, most);
}

void panel_weights(const scene *s, bern_box box)
{
	const bern_inspector *look = s->look;
	char title[200], number[32];
	if (look->layer_count == 0) {
		panel_say(s, panel_frame(s, box, "weights", COLOR_INK),
			  "this agent has no neurons");
		return;
	}
	if (s->view->has_pin && s->view->pin.layer < look->layer_count &&
	    s->view->pin.unit < look->layer[s->view->pin.layer].units) {
		draw_pinned(s, box);
		return;
	}
	size_t l = s->view->layer < look->layer_count ? s->view->layer : look->layer_count - 1;
	const bern_inspect_layer *layer = &look->layer[l];
	const float *w = look->weights(look->self, l);
	size_t I = layer->inputs, J = layer->units, per = 1;
	double most = largest(w, I * J);
	bern_box in = {box.x + 0.6 * s->font, box.y + 0.5 * s->font, box.width - 1.2 * s->font,
		       box.height - 2.2 * s->font};
	size_t rows = I, columns = J;
	rows = rows < (size_t)in.height ? rows : (size_t)in.height;
	columns = columns < (size_t)in.width ? columns : (size_t)in.width;
	rows = rows ? rows : 1;
	columns = columns ? columns : 1;
	per = ((I + rows - 1) / rows) * ((J + columns - 1) / columns);
	int length = snprintf(
		title, sizeof title,
		"weights of %s  |  %zu inputs down, %zu units across  |  to \xc2\xb1%s",
		layer->name, I, J, panel_number(number, sizeof number, most));
	if (per > 1 && length > 0 && length < (int)sizeof title)
		snprintf(title + length, sizeof title - (size_t)length, "  |  largest of up to %zu",
			 per);
	panel_frame(s, box, title, COLOR_INK);
	for (size_t r = 0; r < rows; r++)
		for (size_t c = 0; c < columns; c++)
			s->own->colors[r * columns + c] = panel_diverge(
				pick(w, J, r * I / rows, (r + 1) * I / rows, c * J / columns,
				     (c + 1) * J / columns) /
				most);
	panel_fill(s, (bern_box){in.x - 1, in.y - 1, in.width + 2, in.height + 2}, COLOR_FAINT);
	panel_cells(s, in, rows, columns);
	panel_add_hit(s, in, l, J, 0);
}
