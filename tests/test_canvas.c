/* Regions of a paper: coordinates, the ratio of sides, clips. The recorder is the parent, its lines are what was drawn. */
#include "canvas.h"
#include "recorder.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Forgets what the recorder has and begins a region in (100, 50) .. (300, 150). */
static void begin(bern_region *region, bern_recorder *r)
{
	bern_recorder_init(r);
	r->canvas.view(r, 0, 0, 640, 480);
	bern_recorder_clear(r);
	r->canvas.view(r, 0, 0, 640, 480);
	bern_region_begin(region, &r->paper, 100, 50, 200, 100);
}

/* What was drawn since the clip of the region. */
static const char *drawn(const bern_recorder *r)
{
	const char *clip = "view 0 0 640 480\nclip 100 50 200 100\n";
	ck_assert(!strncmp(r->text, clip, strlen(clip)));
	return r->text + strlen(clip);
}

START_TEST(a_view_that_is_too_tall_is_centred_between_left_and_right)
{
	bern_recorder r;
	bern_region g;
	begin(&g, &r);
	const bern_canvas *c = &g.paper.canvas;
	/* a square in 200 x 100: 50 units of the parent a unit, from 150 to 250 */
	c->view(c->user, -1, 2, 1, 4);
	c->rect(c->user, -1, 2, 2, 2, 0x0072b2ff);
	c->line(c->user, -1, 4, 0, 3, 0.1, 0xff);
	c->disc(c->user, 0, 3, 0.5, 0xff);
	c->text(c->user, 0, 2.5, 0.2, 0xff, "two words");
	c->polygon(c->user, (double[]){-1, 2, 1, 2, 0, 4}, 3, 0x01020304);
	c->cells(c->user, 0, 2, 1, 1, 1, 2, (uint32_t[]){0xff, 0xffffffff});
	ck_assert_str_eq(drawn(&r), "rect 150 50 100 100 #0072b2ff\n"
				    "line 150 150 200 100 5 #000000ff\n"
				    "disc 200 100 25 #000000ff\n"
				    "text 200 75 10 #000000ff two words\n"
				    "polygon 150 50 250 50 200 150 #01020304\n"
				    "cells 200 50 50 50 1 2 #000000ff #ffffffff\n");
	ck_assert_uint_eq(r.open_clips, 1);
	bern_region_end(&g);
	ck_assert_uint_eq(r.open_clips, 0);
	ck_assert_uint_eq(r.bad, 0);
	bern_recorder_finish(&r);
}
END_TEST

START_TEST(a_view_that_is_too_wide_is_centred_between_top_and_bottom)
{
	bern_recorder r;
	bern_region g;
	begin(&g, &r);
	const bern_canvas *c = &g.paper.canvas;
	c->view(c->user, 0, 0, 100, 25);
	c->rect(c->user, 0, 0, 100, 25, 0xff);
	ck_assert_str_eq(drawn(&r), "rect 100 75 200 50 #000000ff\n");
	bern_recorder_finish(&r);
}
END_TEST

START_TEST(labels_paths_bands_and_clips_are_changed_alike)
{
	bern_recorder r;
	bern_region g;
	begin(&g, &r);
	const bern_paper *p = &g.paper;
	p->canvas.view(p->canvas.user, 0, 0, 20, 10);
	p->label(p->canvas.user, 1, 2, 0.5, 0xff, BERN_ANCHOR_RIGHT, 1, "up");
	p->clip(p->canvas.user, 1, 1, 2, 2);
	p->path(p->canvas.user, (double[]){0, 0, 1, 1}, 2, 0.2, 0xff);
	p->band(p->canvas.user, (double[]){0, 1}, (double[]){0, 1}, (double[]){2, 3}, 2, 0xff);
	p->unclip(p->canvas.user);
	ck_assert_str_eq(drawn(&r), "label 110 70 5 #000000ff right up up\n"
				    "clip 110 60 20 20\n"
				    "path 2 100 50 110 60 #000000ff\n"
				    "band 100 50 70 110 60 80 #000000ff\n"
				    "unclip\n");
	/* 0.6 of the font size a letter, also where a letter has two bytes */
	ck_assert_double_eq_tol(p->measure(p->canvas.user, 1, "a\xc3\xa4"), 1.2, 1e-12);
	bern_recorder_finish(&r);
}
END_TEST

START_TEST(views_that_are_none_change_nothing)
{
	bern_recorder r;
	bern_region g;
	begin(&g, &r);
	const bern_canvas *c = &g.paper.canvas;
	c->view(c->user, 0, 0, 0, 1);
	c->view(c->user, 0, 1, 1, 0);
	c->view(c->user, 0, 0, NAN, 1);
	c->view(c->user, 0, 0, INFINITY, 1);
	c->rect(c->user, 1, 2, 3, 4, 0xff);
	ck_assert_str_eq(drawn(&r), "rect 101 52 3 4 #000000ff\n");
	bern_recorder_finish(&r);
}
END_TEST

START_TEST(a_region_in_a_region_stands_where_its_parent_says)
{
	bern_recorder r;
	bern_region g, inner;
	begin(&g, &r);
	g.paper.canvas.view(&g, 0, 0, 20, 10);
	bern_region_begin(&inner, &g.paper, 10, 0, 5, 5);
	inner.paper.canvas.view(&inner, 0, 0, 1, 1);
	inner.paper.canvas.rect(&inner, 0.5, 0.5, 0.5, 0.5, 0xff);
	bern_region_end(&inner);
	ck_assert_str_eq(drawn(&r), "clip 200 50 50 50\nrect 225 75 25 25 #000000ff\nunclip\n");
	bern_region_end(&g);
	bern_recorder_finish(&r);
}
END_TEST

/* Reads the numbers of a recorded line after its first word. Returns how many. */
static size_t numbers_of(const char *line, double *out, size_t room)
{
	size_t count = 0;
	char *end;
	for (const char *at = strchr(line, ' '); count < room; at = end) {
		out[count] = strtod(at, &end);
		if (end == at)
			break;
		count++;
	}
	return count;
}

/* Twice the area of the polygons that were drawn, by the shoelace formula. */
static double area_of(const char *text)
{
	double sum = 0;
	static double xy[4096];
	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, "polygon", 7) != 0)
			continue;
		size_t n = numbers_of(line, xy, 4096) / 2;
		for (size_t i = 0; i < n; i++) {
			size_t j = (i + 1) % n;
			sum += xy[2 * i] * xy[2 * j + 1] - xy[2 * j] * xy[2 * i + 1];
		}
	}
	return sum;
}

/* _i corners: around the lengths at which a polygon is cut into pieces */
START_TEST(long_polygons_cover_the_same_area)
{
	bern_recorder r;
	bern_region g;
	double *xy = calloc(2 * (size_t)_i, sizeof *xy), want = 0;
	begin(&g, &r);
	g.paper.canvas.view(&g, -1, -0.5, 1, 0.5); /* scale 100 */
	for (int i = 0; i < _i; i++) {
		double angle = 2 * 3.14159265358979 * i / _i;
		xy[2 * i] = 0.5 * cos(angle);
		xy[2 * i + 1] = 0.5 * sin(angle);
	}
	/* a regular polygon of n corners on a circle of radius 50: n r^2 sin(2 pi / n), twice its area */
	want = _i * 2500 * sin(2 * 3.14159265358979 / _i);
	g.paper.canvas.polygon(&g, xy, (size_t)_i, 0xff);
	ck_assert_double_eq_tol(area_of(drawn(&r)), want, 1e-6);
	free(xy);
	bern_recorder_finish(&r);
}
END_TEST

START_TEST(long_paths_keep_every_point_and_have_no_gaps)
{
	enum { N = 300 };
	bern_recorder r;
	bern_region g;
	static double xy[2 * N], got[2 * N + 2];
	begin(&g, &r);
	for (int i = 0; i < N; i++) {
		xy[2 * i] = i;
		xy[2 * i + 1] = i % 7;
	}
	g.paper.path(&g, xy, N, 1, 0xff);
	int next = 0;
	for (const char *line = drawn(&r); *line; line = strchr(line, '\n') + 1) {
		size_t count = numbers_of(line, got, 2 * N + 2) - 1;
		/* of the second piece on, the first point is the last of the piece before */
		next -= next > 0;
		for (size_t i = 0; i < count / 2; i++, next++) {
			ck_assert_double_eq(got[1 + 2 * i], 100 + xy[2 * next]);
			ck_assert_double_eq(got[2 + 2 * i], 50 + xy[2 * next + 1]);
		}
	}
	ck_assert_int_eq(next, N);
	bern_recorder_finish(&r);
}
END_TEST

START_TEST(a_probe_notes_the_first_good_view)
{
	bern_view_probe p;
	bern_view_probe_init(&p);
	const bern_canvas *c = &p.canvas;
	c->rect(c->user, 0, 0, 1, 1, 0xff);
	c->view(c->user, 1, 1, 1, 2);
	ck_assert_int_eq(p.seen, 0);
	c->view(c->user, 1, 2, 3, 4);
	c->view(c->user, 5, 6, 7, 8);
	ck_assert_int_eq(p.seen, 1);
	ck_assert_double_eq(p.left, 1);
	ck_assert_double_eq(p.bottom, 2);
	ck_assert_double_eq(p.right, 3);
	ck_assert_double_eq(p.top, 4);
}
END_TEST

START_TEST(the_recorder_counts_what_no_paper_can_draw)
{
	bern_recorder r;
	bern_recorder_init(&r);
	const bern_paper *p = &r.paper;
	p->label(&r, 0, 0, 1, 0xff, 7, 0, "x");
	p->label(&r, 0, NAN, 1, 0xff, BERN_ANCHOR_LEFT, 0, "x");
	p->path(&r, (double[]){0, 0}, 1, 1, 0xff);
	p->band(&r, (double[]){0, 1}, (double[]){0, INFINITY}, (double[]){1, 1}, 2, 0xff);
	p->unclip(&r);
	ck_assert_uint_eq(r.bad, 5);
	p->clip(&r, 0, 0, 1, 1);
	p->unclip(&r);
	p->label(&r, 0, 0, 1, 0xff, BERN_ANCHOR_LEFT, 0, "");
	ck_assert_uint_eq(r.bad, 5);
	bern_recorder_finish(&r);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("canvas");
	TCase *t = tcase_create("canvas");
	static const int corners[] = {3, 126, 127, 128, 129, 253, 254, 255, 256, 500};
	tcase_add_test(t, a_view_that_is_too_tall_is_centred_between_left_and_right);
	tcase_add_test(t, a_view_that_is_too_wide_is_centred_between_top_and_bottom);
	tcase_add_test(t, labels_paths_bands_and_clips_are_changed_alike);
	tcase_add_test(t, views_that_are_none_change_nothing);
	tcase_add_test(t, a_region_in_a_region_stands_where_its_parent_says);
	for (size_t i = 0; i < sizeof corners / sizeof corners[0]; i++)
		tcase_add_loop_test(t, long_polygons_cover_the_same_area, corners[i],
				    corners[i] + 1);
	tcase_add_test(t, long_paths_keep_every_point_and_have_no_gaps);
	tcase_add_test(t, a_probe_notes_the_first_good_view);
	tcase_add_test(t, the_recorder_counts_what_no_paper_can_draw);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
