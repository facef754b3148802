/* cli/plot.h: line plots as SVG, for what the program measures. */
#ifndef BERN_CLI_PLOT_H
#define BERN_CLI_PLOT_H

#include <bern/error.h>
#include <stddef.h>

#define PLOT_SERIES 12

typedef struct plot_series {
	const char *name;
	size_t count;
	const double *x,
		*y; /* (count) borrowed; a point that is not finite, or not above 0 on a log axis, is left out */
} plot_series;

typedef struct plot {
	const char *title, *x_label, *y_label;
	int log_x, log_y;
	size_t count; /* at most PLOT_SERIES */
	plot_series series[PLOT_SERIES];
} plot;

/* Writes the plot to a file, whole or not at all. A plot without a point is an error. */
int32_t plot_write(const plot *p, const char *path, bern_error *e);

#endif
