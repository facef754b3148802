/* The window's module: what is drawn becomes these pixels. SDL2's driver that shows nothing takes the place of a display; where
 * the window is really seen is tests/viewer.sh's. Expected pixels come from geometry, not from the code under test. */
#include <check.h>
#include <dlfcn.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <window.h>

#define WHITE BERN_RGB(255, 255, 255)
#define BLACK BERN_RGB(0, 0, 0)
#define BLUE  BERN_RGB(0, 0x72, 0xb2)

typedef struct view {
	const window_module *module;
	window *w;
	const bern_paper *paper;
	double width, height;
	const uint32_t *pixels;
	size_t columns, rows;
} view;

static const window_module *module(void)
{
	void *library = dlopen(BERN_TEST_WINDOW, RTLD_NOW | RTLD_LOCAL);
	ck_assert_msg(library != NULL, "%s", dlerror());
	void *symbol = dlsym(library, WINDOW_SYMBOL);
	window_module_entry *entry;
	ck_assert_ptr_nonnull(symbol);
	memcpy(&entry, &symbol, sizeof entry);
	return entry();
}

static void begin(view *v)
{
	bern_error e = {0};
	ck_assert_msg(v->module->begin(v->w, WHITE, &v->paper, &v->width, &v->height, &e) == 0,
		      "%s", e.text);
}

static void open_view(view *v, double width, double height, double scale)
{
	bern_error e = {0};
	setenv("SDL_VIDEODRIVER", "dummy", 1);
	memset(v, 0, sizeof *v);
	v->module = module();
	const window_plan plan = {
		.title = "test", .width = width, .height = height, .scale = scale, .unseen = 1};
	ck_assert_msg(v->module->open(&v->w, &plan, &e) == 0, "%s", e.text);
	begin(v);
}

static void look(view *v)
{
	bern_error e = {0};
	ck_assert_msg(v->module->present(v->w, &e) == 0, "%s", e.text);
	ck_assert_msg(v->module->pixels(v->w, &v->pixels, &v->columns, &v->rows, &e) == 0, "%s",
		      e.text);
}

/* the pixel in column x, counted from the left, and row y, from the bottom */
static uint32_t pixel(const view *v, size_t x, size_t y)
{
	return v->pixels[(v->rows - 1 - y) * v->columns + x];
}

/* How dark the picture is in all, in black pixels. */
static double ink(const view *v)
{
	double sum = 0;
	for (size_t k = 0; k < v->rows * v->columns; k++)
		sum += 1 - (v->pixels[k] >> 24) / 255.0;
	return sum;
}

START_TEST(a_rectangle_covers_its_pixels_and_no_others)
{
	view v;
	open_view(&v, 320, 240, 1);
	ck_assert(v.width == 320 && v.height == 240);
	v.paper->canvas.rect(v.paper->canvas.user, 10, 20, 30, 40, BLUE);
	look(&v);
	ck_assert_uint_eq(v.columns, 320);
	ck_assert_uint_eq(v.rows, 240);
	for (size_t y = 0; y < 240; y++)
		for (size_t x = 0; x < 320; x++) {
			int inside = x >= 10 && x < 40 && y >= 20 && y < 60;
			ck_assert_msg(pixel(&v, x, y) == (inside ? BLUE : WHITE),
				      "pixel %zu, %zu is %08x", x, y, (unsigned)pixel(&v, x, y));
		}
	v.module->close(v.w);
}
END_TEST

START_TEST(neighbours_meet_without_gap_or_overlap_at_any_size)
{
	view v;
	open_view(&v, 323, 241, 1);
	const bern_canvas *c = &v.paper->canvas;
	/* half transparent: overlapping would be darker, a gap white */
	c->view(c->user, 0, 0, 7, 5);
	for (int i = 0; i < 7; i++)
		for (int j = 0; j < 5; j++)
			c->rect(c->user, i, j, 1, 1, 0x00000080);
	look(&v);
	uint32_t shade = pixel(&v, 161, 120);
	for (size_t x = 1; x < 322; x++)
		ck_assert_uint_eq(pixel(&v, x, 100), shade);
	for (size_t y = 8; y < 233; y++)
		ck_assert_uint_eq(pixel(&v, 100, y), shade);
	/* 128 of 255 black over white */
	ck_assert(abs((int)(shade >> 24) - 127) <= 1);
	v.module->close(v.w);
}
END_TEST

START_TEST(shapes_have_the_area_that_geometry_says)
{
	static const double triangle[] = {20.3, 20.7, 180.2, 31.1, 90.9, 160.4};
	view v;
	open_view(&v, 320, 240, 1);
	const bern_canvas *c = &v.paper->canvas;
	/* eight strips a pixel: an edge of n rows is off by less than n / 8, and a pixel's shade by 1/255 */
	c->disc(c->user, 100.5, 99.25, 60.5, BLACK);
	look(&v);
	ck_assert_msg(fabs(ink(&v) - acos(-1.0) * 60.5 * 60.5) < 5, "%g", ink(&v));
	begin(&v);
	c->polygon(c->user, triangle, 3, BLACK);
	look(&v);
	double area = 0.5 * fabs((180.2 - 20.3) * (160.4 - 20.7) - (90.9 - 20.3) * (31.1 - 20.7));
	ck_assert_msg(fabs(ink(&v) - area) < 5, "%g, not %g", ink(&v), area);
	begin(&v);
	c->line(c->user, 20, 30, 200, 150, 3, BLACK);
	look(&v);
	area = 3 * sqrt(180.0 * 180 + 120 * 120);
	ck_assert_msg(fabs(ink(&v) - area) < 5, "%g, not %g", ink(&v), area);
	v.module->close(v.w);
}
END_TEST

START_TEST(shapes_over_the_edge_are_cut_there)
{
	view v;
	open_view(&v, 240, 160, 1);
	const bern_canvas *c = &v.paper->canvas;
	/* a quarter of it lies inside */
	c->disc(c->user, 0, 0, 50, BLACK);
	look(&v);
	ck_assert_msg(fabs(ink(&v) - acos(-1.0) * 50 * 50 / 4) < 5, "%g", ink(&v));
	begin(&v);
	c->disc(c->user, 1e9, -1e9, 50, BLACK);
	c->disc(c->user, 120, 80, NAN, BLACK);
	c->rect(c->user, INFINITY, 0, 1, 1, BLACK);
	c->line(c->user, 300, 20, 400, 90, 4, BLACK);
	c->rect(c->user, -100, -100, 90, 500, BLACK);
	look(&v);
	ck_assert(ink(&v) == 0);
	v.module->close(v.w);
}
END_TEST

START_TEST(a_clip_holds_for_every_kind_of_drawing)
{
	static const uint32_t dark[4] = {BLACK, BLACK, BLACK, 0x00000080};
	static const double all[] = {0, 0, 320, 0, 320, 240, 0, 240};
	view v;
	open_view(&v, 320, 240, 1);
	const bern_paper *p = v.paper;
	void *user = p->canvas.user;
	p->clip(user, 100, 50, 40, 30);
	p->clip(user, 90, 60, 30, 100);
	p->canvas.rect(user, 0, 0, 320, 240, BLACK);
	p->canvas.polygon(user, all, 4, BLACK);
	p->canvas.disc(user, 160, 120, 300, BLACK);
	p->canvas.line(user, 0, 0, 320, 240, 9, BLACK);
	p->canvas.cells(user, 0, 0, 320, 240, 2, 2, dark);
	p->canvas.text(user, 110, 60, 100, BLACK, "WWWWWW");
	p->label(user, 110, 60, 100, BLACK, BERN_ANCHOR_CENTRE, 1, "WWWWWW");
	look(&v);
	/* 100..120 across, 60..80 up */
	ck_assert(fabs(ink(&v) - 400) < 1e-9);
	ck_assert_uint_eq(pixel(&v, 100, 60), BLACK);
	ck_assert_uint_eq(pixel(&v, 119, 79), BLACK);
	p->unclip(user);
	p->unclip(user);
	p->canvas.rect(user, 0, 0, 10, 10, BLACK);
	look(&v);
	ck_assert(fabs(ink(&v) - 500) < 1e-9);
	v.module->close(v.w);
}
END_TEST

START_TEST(cells_lie_in_rows_from_the_top)
{
	static const uint32_t colors[6] = {0x100000ff, 0x200000ff, 0x300000ff,
					   0x400000ff, 0x500000ff, 0x600000ff};
	view v;
	open_view(&v, 300, 200, 1);
	const bern_canvas *c = &v.paper->canvas;
	c->cells(c->user, 30, 20, 90, 40, 2, 3, colors);
	look(&v);
	for (size_t y = 0; y < 200; y++)
		for (size_t x = 0; x < 300; x++) {
			uint32_t want = WHITE;
			if (x >= 30 && x < 120 && y >= 20 && y < 60)
				want = colors[(y < 40 ? 3 : 0) + (x - 30) / 30];
			ck_assert_msg(pixel(&v, x, y) == want, "pixel %zu, %zu is %08x", x, y,
				      (unsigned)pixel(&v, x, y));
		}
	v.module->close(v.w);
}
END_TEST

/* the smallest box that holds all ink: left, bottom, right, top */
static void box_of(const view *v, size_t box[4])
{
	box[0] = v->columns, box[1] = v->rows, box[2] = box[3] = 0;
	for (size_t y = 0; y < v->rows; y++)
		for (size_t x = 0; x < v->columns; x++) {
			if (pixel(v, x, y) == WHITE)
				continue;
			box[0] = x < box[0] ? x : box[0];
			box[1] = y < box[1] ? y : box[1];
			box[2] = x + 1 > box[2] ? x + 1 : box[2];
			box[3] = y + 1 > box[3] ? y + 1 : box[3];
		}
}

START_TEST(text_stands_on_its_line_where_its_anchor_says)
{
	view v;
	size_t left[4], middle[4], right[4], up[4];
	open_view(&v, 320, 240, 1);
	const bern_paper *p = v.paper;
	void *user = p->canvas.user;
	p->label(user, 160, 100, 40, BLACK, BERN_ANCHOR_LEFT, 0, "HHH");
	look(&v);
	box_of(&v, left);
	/* capitals stand on the baseline, and are smaller than the font's size but more than half of it */
	ck_assert(left[1] == 100 && left[3] > 120 && left[3] < 140);
	double across = p->measure(user, 40, "HHH");
	ck_assert((double)(left[2] - left[0]) <= across && across < 120);
	ck_assert(left[0] >= 160 && (double)left[2] <= 160 + across);
	begin(&v);
	p->canvas.text(user, 160, 100, 40, BLACK, "HHH");
	look(&v);
	box_of(&v, middle);
	ck_assert(fabs(0.5 * (double)(middle[0] + middle[2]) - 160) <= 3);
	begin(&v);
	p->label(user, 160, 100, 40, BLACK, BERN_ANCHOR_RIGHT, 0, "HHH");
	look(&v);
	box_of(&v, right);
	ck_assert(right[2] <= 160 && (double)right[0] >= 160 - across);
	begin(&v);
	p->label(user, 160, 100, 40, BLACK, BERN_ANCHOR_LEFT, 1, "HHH");
	look(&v);
	box_of(&v, up);
	/* the same letters on their side: upwards from 100, to the left of 160 */
	ck_assert_uint_eq(up[3] - up[1], left[2] - left[0]);
	ck_assert_uint_eq(up[2] - up[0], left[3] - left[1]);
	ck_assert(up[2] == 160 && up[1] >= 100);
	v.module->close(v.w);
}
END_TEST

START_TEST(twice_the_scale_is_twice_the_pixels_and_the_same_points)
{
	view v;
	open_view(&v, 320, 240, 2);
	ck_assert(v.width == 320 && v.height == 240 && v.module->scale(v.w) == 2);
	v.paper->canvas.rect(v.paper->canvas.user, 10, 20, 30, 40, BLACK);
	look(&v);
	ck_assert_uint_eq(v.columns, 640);
	ck_assert(fabs(ink(&v) - 4 * 30 * 40) < 1e-9);
	ck_assert(pixel(&v, 20, 40) == BLACK && pixel(&v, 79, 119) == BLACK);
	v.module->close(v.w);
}
END_TEST

START_TEST(an_unusable_font_is_one_sentence_with_its_name)
{
	setenv("SDL_VIDEODRIVER", "dummy", 1);
	const window_module *m = module();
	const window_plan plan = {.title = "test",
				  .width = 320,
				  .height = 240,
				  .unseen = 1,
				  .font = "/nowhere/none.ttf"};
	bern_error e = {0};
	window *w = NULL;
	ck_assert_int_eq(m->open(&w, &plan, &e), BERN_EIO);
	ck_assert_ptr_null(w);
	ck_assert_msg(strstr(e.text, "/nowhere/none.ttf") != NULL, "%s", e.text);
}
END_TEST

START_TEST(a_driver_that_shows_nothing_is_no_display)
{
	setenv("SDL_VIDEODRIVER", _i ? "offscreen" : "dummy", 1);
	const window_module *m = module();
	const window_plan plan = {.title = "test", .width = 320, .height = 240};
	bern_error e = {0};
	window *w = NULL;
	ck_assert_int_eq(m->open(&w, &plan, &e), BERN_EIO);
	ck_assert_msg(strstr(e.text, "--record") != NULL, "%s", e.text);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("window");
	TCase *t = tcase_create("window");
	tcase_add_test(t, a_rectangle_covers_its_pixels_and_no_others);
	tcase_add_test(t, neighbours_meet_without_gap_or_overlap_at_any_size);
	tcase_add_test(t, shapes_have_the_area_that_geometry_says);
	tcase_add_test(t, shapes_over_the_edge_are_cut_there);
	tcase_add_test(t, a_clip_holds_for_every_kind_of_drawing);
	tcase_add_test(t, cells_lie_in_rows_from_the_top);
	tcase_add_test(t, text_stands_on_its_line_where_its_anchor_says);
	tcase_add_test(t, twice_the_scale_is_twice_the_pixels_and_the_same_points);
	tcase_add_test(t, an_unusable_font_is_one_sentence_with_its_name);
	tcase_add_loop_test(t, a_driver_that_shows_nothing_is_no_display, 0, 2);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
