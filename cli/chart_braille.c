/* Charts on a terminal: each character is 2 x 4 dots of braille. */
#include "chart.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct cell {
	uint8_t dots, series; /* series: of the last dot, from 1 */
	char letter;          /* instead of dots; 0: none */
} cell;

typedef struct screen {
	size_t columns, rows;
	cell *cells; /* (rows, columns) owned */
	chart_axis x, y;
} screen;

/* The bit of U+2800 for the dot at (column 0 or 1, row 0 .. 3 from above) */
static const uint8_t dot_bits[4][2] = {{1, 8}, {2, 16}, {4, 32}, {64, 128}};

static double column_of(const screen *s, double x)
{
	return (x - s->x.low) / (s->x.high - s->x.low) * (double)(2 * s->columns - 1);
}

static double row_of(const screen *s, double y)
{
	return (s->y.high - y) / (s->y.high - s->y.low) * (double)(4 * s->rows - 1);
}

static void dot(screen *s, double column, double row, size_t series)
{
	size_t i = (size_t)fmax(0, floor(column + 0.5)), k = (size_t)fmax(0, floor(row + 0.5));
	if (i >= 2 * s->columns || k >= 4 * s->rows)
		return;
	cell *c = &s->cells[k / 4 * s->columns + i / 2];
	c->dots |= dot_bits[k % 4][i % 2];
	c->series = (uint8_t)(series + 1);
}

static void draw_line(screen *s, const chart_line *line, size_t series)
{
	for (size_t i = 0; i < line->points; i++) {
		double x = column_of(s, line->x[i]), y = row_of(s, line->y[i]);
		double x0 = i ? column_of(s, line->x[i - 1]) : x;
		double y0 = i ? row_of(s, line->y[i - 1]) : y;
		int steps = (int)ceil(fmax(fabs(x - x0), fabs(y - y0)));
		for (int k = 0; k <= steps; k++) {
			double share = steps ? (double)k / steps : 0;
			dot(s, x0 + share * (x - x0), y0 + share * (y - y0), series);
		}
	}
}

/* A letter in the line, at another place for each series. */
static void mark(screen *s, const chart_series *one, size_t series, size_t count)
{
	const chart_line *line = one->line.points || !one->thin_count ? &one->line : &one->thin[0];
	if (line->points == 0)
		return;
	size_t i = line->points * (2 * series + 1) / (2 * count);
	size_t column = (size_t)fmax(0, floor(column_of(s, line->x[i]) + 0.5)) / 2;
	size_t row = (size_t)fmax(0, floor(row_of(s, line->y[i]) + 0.5)) / 4;
	if (column < s->columns && row < s->rows) {
		cell *c = &s->cells[row * s->columns + column];
		c->letter = (char)('a' + series);
		c->series = (uint8_t)(series + 1);
	}
}

static void print_cell(const cell *c, FILE *out, int color)
{
	/* the 256 colours that come nearest to those of the picture */
	static const int shades[CHART_SERIES] = {32, 214, 36, 175, 166, 74, 250, 100};
	unsigned code = 0x2800u + c->dots;
	if (!c->dots && !c->letter) {
		fputc(' ', out);
		return;
	}
	if (color)
		fprintf(out, "\033[38;5;%dm", shades[c->series - 1]);
	if (c->letter)
		fputc(c->letter, out);
	else
		fprintf(out, "%c%c%c", (int)(0xe0 | code >> 12), (int)(0x80 | (code >> 6 & 63)),
			(int)(0x80 | (code & 63)));
	if (color)
		fputs("\033[0m", out);
}

/* The tick that lies in a row of characters, or NaN. */
static double tick_of_row(const screen *s, size_t row)
{
	for (int i = 0; i < s->y.ticks; i++) {
		double value = s->y.first + i * s->y.step;
		if ((size_t)fmax(0, floor(row_of(s, value) + 0.5)) / 4 == row)
			return fabs(value) < 1e-9 * s->y.step ? 0 : value;
	}
	return NAN;
}

static void print_x_axis(const screen *s, const chart *c, FILE *out, int margin)
{
	char line[512], text[32];
	size_t width = s->columns + 8, used = 0;
	memset(line, ' ', sizeof line);
	for (int i = 0; i < s->x.ticks; i++) {
		double value = s->x.first + i * s->x.step;
		chart_number(fabs(value) < 1e-9 * s->x.step ? 0 : value, text, sizeof text);
		size_t length = strlen(text), at = (size_t)fmax(0, column_of(s, value)) / 2;
		at = at > length / 2 ? at - length / 2 : 0;
		if (at + length > width || (i && at < used + 1))
			continue;
		memcpy(line + at, text, length);
		used = at + length;
	}
	line[used] = '\0';
	fprintf(out, "%*s+", margin, "");
	for (size_t i = 0; i < s->columns; i++)
		fputc('-', out);
	fprintf(out, "\n%*s %s\n%*s %s\n", margin, "", line, margin, "", c->x_label);
}

int32_t chart_print(const chart *c, FILE *out, int color, bern_error *e)
{
	screen s = {.columns = (size_t)c->width, .rows = (size_t)c->height};
	char text[32];
	int margin = 0;
	s.cells = calloc(s.columns * s.rows, sizeof *s.cells);
	if (!s.cells)
		return bern_fail(e, BERN_EMEMORY, "memory is out");
	chart_axes(c, (int)(s.columns / 12) + 1, (int)(s.rows / 3) + 1, &s.x, &s.y);
	for (size_t i = 0; i < c->count; i++) {
		for (size_t k = 0; k < c->series[i].thin_count; k++)
			draw_line(&s, &c->series[i].thin[k], i);
		draw_line(&s, &c->series[i].line, i);
	}
	for (size_t i = 0; c->count > 1 && !color && i < c->count; i++)
		mark(&s, &c->series[i], i, c->count);
	for (size_t r = 0; r < s.rows; r++)
		if (!isnan(tick_of_row(&s, r))) {
			int length = (int)strlen(
				chart_number(tick_of_row(&s, r), text, sizeof text));
			margin = length > margin ? length : margin;
		}
	if (c->title[0])
		fprintf(out, "%s\n", c->title);
	fprintf(out, "%s\n", c->y_label);
	for (size_t r = 0; r < s.rows; r++) {
		double tick = tick_of_row(&s, r);
		size_t end = s.columns;
		const cell *row = s.cells + r * s.columns;
		while (end > 0 && !row[end - 1].dots && !row[end - 1].letter)
			end--;
		fprintf(out, "%*s|", margin,
			isnan(tick) ? "" : chart_number(tick, text, sizeof text));
		for (size_t i = 0; i < end; i++)
			print_cell(&row[i], out, color);
		fputc('\n', out);
	}
	print_x_axis(&s, c, out, margin);
	for (size_t i = 0; i < c->count; i++) {
		const cell key = {.dots = color ? 0x12 | 0x24 : 0,
				  .series = (uint8_t)(i + 1),
				  .letter = color ? 0 : (char)('a' + i)};
		print_cell(&key, out, color);
		fprintf(out, "  %s%s%s\n", c->series[i].name, c->series[i].detail[0] ? ", " : "",
			c->series[i].detail);
	}
	for (size_t i = 0; i < 2; i++)
		if (c->caption[i][0])
			fprintf(out, "%s\n", c->caption[i]);
	free(s.cells);
	return 0;
}
