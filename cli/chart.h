/* cli/chart.h: curves with bands over a pair of axes, as a picture (SVG or PNG by cairo) or as braille on a terminal. */
#ifndef BERN_CLI_CHART_H
#define BERN_CLI_CHART_H

#include <pictures.h>
#include <stdio.h>

/* As many as colours that can be told apart, also by the colour-blind. */
#define CHART_SERIES 8

typedef struct chart_line {
	double *x, *y; /* (points) owned; x ascending, all finite */
	size_t points;
} chart_line;

typedef struct chart_series {
	char name[96];   /* in the legend */
	char detail[96]; /* behind it, "" for none */
	chart_line line;
	double *low, *high; /* (line.points) owned: the band; NULL: none */
	chart_line *thin;   /* (thin_count) owned: drawn thin beside the line */
	size_t thin_count;
} chart_series;

typedef struct chart {
	char title[256], x_label[128], y_label[128];
	char caption[2][256]; /* lines below, "" for none */
	double width, height; /* of the picture, pixels; of the terminal, characters */
	size_t count;
	chart_series series[CHART_SERIES];
} chart;

void chart_finish(chart *c);

/* Takes memory for a line of so many points. */
int32_t chart_line_init(chart_line *line, size_t points, bern_error *e);

/* Writes 20000 as "20k", 1500000 as "1.5M"; fractions as they are. Returns out. */
char *chart_number(double x, char *out, size_t size);

/* Draws into a file of that kind (enum bern_picture_kind), whole or not at all. */
int32_t chart_write(const chart *c, const char *path, int32_t kind, const bern_pictures *pictures,
		    bern_error *e);

/* Draws with braille dots, axes and legend. color: by escape sequences; without, letters in the curves tell them apart. */
int32_t chart_print(const chart *c, FILE *out, int color, bern_error *e);

/* ---- shared by both ---------------------------------------------------------------------------------------------- */

typedef struct chart_axis {
	double low, high; /* what is shown */
	double first, step;
	int ticks; /* at first + i step */
} chart_axis;

/* Axes that hold all there is, with at most so many ticks each. */
void chart_axes(const chart *c, int ticks_x, int ticks_y, chart_axis *x, chart_axis *y);

#endif
