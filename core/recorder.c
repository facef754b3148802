/* A canvas that writes down what is drawn on it. */
#include "recorder.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int reserve(bern_recorder *r, size_t more)
{
	size_t need = r->length + more + 1;
	if (need <= r->capacity)
		return 1;
	size_t capacity = r->capacity ? r->capacity : 1024;
	while (capacity < need)
		capacity *= 2;
	char *text = realloc(r->text, capacity);
	if (!text) {
		r->out_of_memory = 1;
		return 0;
	}
	r->text = text;
	r->capacity = capacity;
	return 1;
}

static void put(bern_recorder *r, const char *text, size_t length)
{
	if (!reserve(r, length))
		return;
	memcpy(r->text + r->length, text, length);
	r->length += length;
	r->text[r->length] = '\0';
}

static void put_word(bern_recorder *r, const char *word)
{
	put(r, " ", 1);
	put(r, word, strlen(word));
}

/* Returns 0 if one of the numbers is not finite. */
static int put_numbers(bern_recorder *r, const double *numbers, size_t count)
{
	int finite = 1;
	char number[32];
	for (size_t i = 0; i < count; i++) {
		finite &= isfinite(numbers[i]) != 0;
		int wrote = snprintf(number, sizeof number, " %.17g", numbers[i]);
		put(r, number, (size_t)wrote);
	}
	return finite;
}

/* Starts a line with the call's name and its numbers; returns 0 if one of them is not finite. */
static int put_call(bern_recorder *r, const char *name, const double *numbers, size_t count)
{
	r->calls++;
	if (r->views == 0 && strcmp(name, "view") != 0)
		r->before_view++;
	put(r, name, strlen(name));
	return put_numbers(r, numbers, count);
}

static void put_color(bern_recorder *r, uint32_t color)
{
	char text[16];
	int wrote = snprintf(text, sizeof text, " #%08x", (unsigned)color);
	put(r, text, (size_t)wrote);
}

/* Ends a line; a call that no canvas could draw is counted. */
static void end(bern_recorder *r, int good)
{
	r->bad += !good;
	put(r, "\n", 1);
}

static void record_view(void *user, double left, double bottom, double right, double top)
{
	bern_recorder *r = user;
	int good = put_call(r, "view", (double[]){left, bottom, right, top}, 4);
	r->views++;
	end(r, good && left < right && bottom < top);
}

static void record_rect(void *user, double x, double y, double width, double height, uint32_t color)
{
	bern_recorder *r = user;
	int good = put_call(r, "rect", (double[]){x, y, width, height}, 4);
	put_color(r, color);
	end(r, good && width >= 0 && height >= 0);
}

static void record_line(void *user, double x0, double y0, double x1, double y1, double width,
			uint32_t color)
{
	bern_recorder *r = user;
	int good = put_call(r, "line", (double[]){x0, y0, x1, y1, width}, 5);
	put_color(r, color);
	end(r, good && width >= 0);
}

static void record_disc(void *user, double x, double y, double radius, uint32_t color)
{
	bern_recorder *r = user;
	int good = put_call(r, "disc", (double[]){x, y, radius}, 3);
	put_color(r, color);
	end(r, good && radius >= 0);
}

static void record_polygon(void *user, const double *xy, size_t corners, uint32_t color)
{
	bern_recorder *r = user;
	int good = put_call(r, "polygon", xy, xy ? 2 * corners : 0);
	put_color(r, color);
	end(r, good && xy && corners >= 3);
}

static void record_text(void *user, double x, double y, double height, uint32_t color,
			const char *utf8)
{
	bern_recorder *r = user;
	int good = put_call(r, "text", (double[]){x, y, height}, 3);
	put_color(r, color);
	put(r, " ", 1);
	if (utf8)
		put(r, utf8, strlen(utf8));
	end(r, good && utf8 && height >= 0);
}

static void record_cells(void *user, double x, double y, double width, double height, size_t rows,
			 size_t columns, const uint32_t *colors)
{
	bern_recorder *r = user;
	int good = put_call(r, "cells",
			    (double[]){x, y, width, height, (double)rows, (double)columns}, 6);
	for (size_t i = 0; colors && i < rows * columns; i++)
		put_color(r, colors[i]);
	end(r, good && colors && width >= 0 && height >= 0 && rows && columns);
}

static void record_label(void *user, double x, double y, double height, uint32_t color,
			 int32_t anchor, int32_t turned, const char *utf8)
{
	static const char *const anchors[] = {"left", "centre", "right"};
	bern_recorder *r = user;
	int good = put_call(r, "label", (double[]){x, y, height}, 3);
	int known = anchor >= 0 && anchor <= BERN_ANCHOR_RIGHT;
	put_color(r, color);
	put_word(r, known ? anchors[anchor] : "nowhere");
	put_word(r, turned ? "up" : "level");
	put_word(r, utf8 ? utf8 : "");
	end(r, good && known && utf8 && height >= 0);
}

static double record_measure(void *user, double height, const char *utf8)
{
	double letters = 0;
	(void)user;
	/* bytes that go on with a letter of UTF-8 do not count */
	for (; *utf8; utf8++)
		letters += ((unsigned char)*utf8 & 0xc0) != 0x80;
	return 0.6 * height * letters;
}

static void record_clip(void *user, double x, double y, double width, double height)
{
	bern_recorder *r = user;
	int good = put_call(r, "clip", (double[]){x, y, width, height}, 4);
	r->open_clips++;
	end(r, good && width >= 0 && height >= 0);
}

static void record_unclip(void *user)
{
	bern_recorder *r = user;
	put_call(r, "unclip", NULL, 0);
	end(r, r->open_clips > 0);
	r->open_clips -= r->open_clips > 0;
}

static void record_path(void *user, const double *xy, size_t points, double width, uint32_t color)
{
	bern_recorder *r = user;
	int good = put_call(r, "path", &width, 1);
	int finite = put_numbers(r, xy, xy ? 2 * points : 0);
	put_color(r, color);
	end(r, good && finite && xy && points >= 2 && width >= 0);
}

static void record_band(void *user, const double *x, const double *low, const double *high,
			size_t points, uint32_t color)
{
	bern_recorder *r = user;
	int given = x && low && high, good = put_call(r, "band", NULL, 0);
	for (size_t i = 0; given && i < points; i++)
		good &= put_numbers(r, (double[]){x[i], low[i], high[i]}, 3);
	put_color(r, color);
	end(r, given && good && points >= 2);
}

void bern_recorder_init(bern_recorder *recorder)
{
	memset(recorder, 0, sizeof *recorder);
	recorder->paper = (bern_paper){.canvas = {.struct_size = sizeof(bern_canvas),
						  .user = recorder,
						  .view = record_view,
						  .rect = record_rect,
						  .line = record_line,
						  .disc = record_disc,
						  .polygon = record_polygon,
						  .text = record_text,
						  .cells = record_cells},
				       .label = record_label,
				       .measure = record_measure,
				       .clip = record_clip,
				       .unclip = record_unclip,
				       .path = record_path,
				       .band = record_band};
	put(recorder, "", 0);
}

void bern_recorder_finish(bern_recorder *recorder)
{
	if (!recorder)
		return;
	free(recorder->text);
	memset(recorder, 0, sizeof *recorder);
}

void bern_recorder_clear(bern_recorder *recorder)
{
	recorder->length = recorder->calls = recorder->views = 0;
	recorder->before_view = recorder->open_clips = recorder->bad = 0;
	recorder->out_of_memory = 0;
	put(recorder, "", 0);
}
