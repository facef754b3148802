/* Pictures of the module, pixel by pixel; its PNG files read by libpng, its SVG files as text. */
#include "pictures.h"

#include "scratch.h"

#include <check.h>
#include <dlfcn.h>
#include <math.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WHITE      0xffffffffu /* as 0xRRGGBBAA and as 0xAARRGGBB */
#define BLUE       0x0072b2ffu
#define BLUE_PIXEL 0xff0072b2u

static const bern_pictures *module(void)
{
	void *library = dlopen(BERN_TEST_PICTURES, RTLD_NOW | RTLD_LOCAL);
	ck_assert_msg(library != NULL, "%s", library ? "" : dlerror());
	void *symbol = dlsym(library, BERN_PICTURES_SYMBOL);
	ck_assert_ptr_nonnull(symbol);
	bern_pictures_entry *entry;
	memcpy(&entry, &symbol, sizeof entry);
	return entry();
}

/* A white picture of pixels. */
static bern_picture *blank(double width, double height, double scale)
{
	bern_picture *p;
	bern_error e;
	bern_picture_plan plan = {.kind = BERN_PICTURE_PIXELS,
				  .width = width,
				  .height = height,
				  .scale = scale,
				  .background = WHITE};
	ck_assert_msg(module()->create(&p, &plan, &e) == 0, "%s", e.text);
	return p;
}

/* Whether exactly the pixels of columns left .. right - 1 and rows top .. bottom - 1 are of that colour, all others white. */
static int is_box(bern_picture *p, uint32_t pixel, uint32_t left, uint32_t top, uint32_t right,
		  uint32_t bottom)
{
	uint32_t width, height;
	const uint32_t *at = module()->pixels(p, &width, &height);
	for (uint32_t y = 0; y < height; y++)
		for (uint32_t x = 0; x < width; x++) {
			int inside = x >= left && x < right && y >= top && y < bottom;
			if (at[y * width + x] != (inside ? pixel : WHITE))
				return 0;
		}
	return 1;
}

/* The box around all pixels that are not white: left, top, right, bottom. Returns how much ink there is, in black pixels. */
static double ink(bern_picture *p, uint32_t box[4])
{
	uint32_t width, height;
	double sum = 0;
	const uint32_t *at = module()->pixels(p, &width, &height);
	box[0] = width;
	box[1] = height;
	box[2] = box[3] = 0;
	for (uint32_t y = 0; y < height; y++)
		for (uint32_t x = 0; x < width; x++) {
			if (at[y * width + x] == WHITE)
				continue;
			sum += 1 - (at[y * width + x] & 255) / 255.0;
			box[0] = x < box[0] ? x : box[0];
			box[1] = y < box[1] ? y : box[1];
			box[2] = x + 1 > box[2] ? x + 1 : box[2];
			box[3] = y + 1 > box[3] ? y + 1 : box[3];
		}
	return sum;
}

START_TEST(a_rectangle_covers_its_pixels_and_no_other)
{
	bern_picture *p = blank(40, 20, 1);
	const bern_canvas *c = &module()->paper(p)->canvas;
	/* y goes up in the view and down in the pixels */
	c->rect(c->user, 3, 2, 5, 4, BLUE);
	ck_assert(is_box(p, BLUE_PIXEL, 3, 14, 8, 18));
	module()->clear(p);
	ck_assert(is_box(p, 0, 0, 0, 0, 0));
	c->view(c->user, -1, -1, 1, 1);
	c->rect(c->user, 0, 0, 1, 1, BLUE);
	ck_assert(is_box(p, BLUE_PIXEL, 20, 0, 40, 10));
	/* a fresh picture has its first view again */
	module()->clear(p);
	c->rect(c->user, 0, 0, 1, 1, BLUE);
	ck_assert(is_box(p, BLUE_PIXEL, 0, 19, 1, 20));
	module()->destroy(p);
}
END_TEST

START_TEST(rectangles_side_by_side_leave_no_seam)
{
	bern_picture *p = blank(100, 10, 1);
	const bern_canvas *c = &module()->paper(p)->canvas;
	c->view(c->user, 0, 0, 7, 1);
	for (int i = 0; i < 7; i++)
		c->rect(c->user, i, 0, 1, 1, BLUE);
	ck_assert(is_box(p, BLUE_PIXEL, 0, 0, 100, 10));
	module()->clear(p);
	c->rect(c->user, 10.4, 2, 0.01, 3, BLUE);
	ck_assert_msg(is_box(p, BLUE_PIXEL, 10, 5, 11, 8), "what is thin is seen");
	module()->destroy(p);
}
END_TEST

START_TEST(scale_makes_more_pixels)
{
	uint32_t width, height;
	bern_picture *p = blank(40, 20, 2.5);
	const bern_canvas *c = &module()->paper(p)->canvas;
	module()->pixels(p, &width, &height);
	ck_assert_uint_eq(width, 100);
	ck_assert_uint_eq(height, 50);
	c->rect(c->user, 4, 4, 8, 8, BLUE);
	ck_assert(is_box(p, BLUE_PIXEL, 10, 20, 30, 40));
	module()->destroy(p);
}
END_TEST

/* Areas from geometry: each pixel at the edge errs by far less than a hundredth on average. */
START_TEST(discs_polygons_lines_and_bands_have_their_areas)
{
	bern_picture *p = blank(100, 100, 1);
	const bern_paper *to = module()->paper(p);
	void *user = to->canvas.user;
	uint32_t box[4];
	to->canvas.disc(user, 50, 50, 20, 0xff);
	ck_assert_double_eq_tol(ink(p, box), 3.14159265 * 400, 6);
	ck_assert(box[0] == 30 && box[1] == 30 && box[2] == 70 && box[3] == 70);
	module()->clear(p);
	to->canvas.polygon(user, (double[]){10, 10, 90, 10, 50, 60}, 3, 0xff);
	ck_assert_double_eq_tol(ink(p, box), 2000, 6);
	module()->clear(p);
	to->canvas.line(user, 20, 20, 50, 60, 4, 0xff);
	ck_assert_double_eq_tol(ink(p, box), 200, 4);
	module()->clear(p);
	to->band(user, (double[]){10, 50, 90}, (double[]){10, 30, 10}, (double[]){20, 60, 20}, 3,
		 0xff);
	/* trapezoids of width 40: (10 + 30) / 2 each */
	ck_assert_double_eq_tol(ink(p, box), 1600, 6);
	module()->clear(p);
	/* a right angle with round ends and a round joint: two legs, three quarters of a disc at the joint's outside less what
	 * the legs share */
	to->path(user, (double[]){20, 20, 20, 80, 80, 80}, 3, 10, 0xff);
	double legs = 2 * 600, ends = 3.14159265 * 25, joint = 3.14159265 * 25 / 4 - 25;
	ck_assert_double_eq_tol(ink(p, box), legs + ends + joint, 6);
	module()->destroy(p);
}
END_TEST

START_TEST(cells_keep_their_colours_and_their_order)
{
	bern_picture *p = blank(70, 40, 1);
	const bern_canvas *c = &module()->paper(p)->canvas;
	static const uint32_t colors[6] = {0x102030ff, 0x405060ff, 0x708090ff,
					   0xa0b0c0ff, 0xd0e0f0ff, 0x112233ff};
	uint32_t width, height;
	c->cells(c->user, 5, 0, 60, 40, 2, 3, colors);
	const uint32_t *at = module()->pixels(p, &width, &height);
	for (uint32_t y = 0; y < 40; y++)
		for (uint32_t x = 0; x < 70; x++) {
			uint32_t want = WHITE;
			if (x >= 5 && x < 65) {
				uint32_t color = colors[y / 20 * 3 + (x - 5) / 20];
				want = color >> 8 | 0xff000000u;
			}
			ck_assert_msg(at[y * 70 + x] == want, "pixel %u, %u is %08x, not %08x", x,
				      y, at[y * 70 + x], want);
		}
	module()->destroy(p);
}
END_TEST

START_TEST(nothing_is_drawn_outside_of_a_clip)
{
	bern_picture *p = blank(40, 40, 1);
	const bern_paper *to = module()->paper(p);
	void *user = to->canvas.user;
	to->clip(user, 10, 10, 20, 20);
	to->clip(user, 0, 0, 20, 40);
	to->canvas.rect(user, 0, 0, 40, 40, BLUE);
	ck_assert(is_box(p, BLUE_PIXEL, 10, 10, 20, 30));
	to->unclip(user);
	to->canvas.rect(user, 0, 0, 40, 40, BLUE);
	ck_assert(is_box(p, BLUE_PIXEL, 10, 10, 30, 30));
	to->unclip(user);
	/* one too many is none */
	to->unclip(user);
	to->canvas.rect(user, 0, 0, 40, 40, BLUE);
	ck_assert(is_box(p, BLUE_PIXEL, 0, 0, 40, 40));
	/* a clip that was left open ends with the picture */
	to->clip(user, 0, 0, 1, 1);
	module()->clear(p);
	to->canvas.rect(user, 0, 0, 40, 40, BLUE);
	ck_assert(is_box(p, BLUE_PIXEL, 0, 0, 40, 40));
	module()->destroy(p);
}
END_TEST

/* Ink reaches a little beyond or stays within the width that was measured: letters have room at their sides. */
START_TEST(labels_stand_where_their_anchor_says)
{
	bern_picture *p = blank(200, 200, 1);
	const bern_paper *to = module()->paper(p);
	void *user = to->canvas.user;
	uint32_t box[4];
	double wide = to->measure(user, 20, "Hamburg");
	ck_assert(wide > 60 && wide < 120);
	ck_assert_double_eq_tol(to->measure(user, 40, "Hamburg"), 2 * wide, 1e-6);
	for (int anchor = BERN_ANCHOR_LEFT; anchor <= BERN_ANCHOR_RIGHT; anchor++)
		for (int turned = 0; turned < 2; turned++) {
			module()->clear(p);
			to->label(user, 100, 100, 20, 0xff, anchor, turned, "Hamburg");
			double black = ink(p, box), from = 100 - 0.5 * anchor * wide;
			ck_assert_msg(black > 100, "there is ink");
			/* along the text, from the anchor; turned ones run up, which is down in rows of pixels */
			double low = turned ? 200 - box[3] : box[0];
			double high = turned ? 200 - box[1] : box[2];
			ck_assert_double_ge(low, from - 1);
			ck_assert_double_le(low, from + 4);
			ck_assert_double_le(high, from + wide + 1);
			ck_assert_double_ge(high, from + wide - 4);
			/* across: the H above the baseline, the g below; turned ones have their heads to the left */
			double above = turned ? 100 - (double)box[0] : 100 - (double)box[1];
			double below = turned ? box[2] - 100.0 : box[3] - 100.0;
			ck_assert(above > 12 && above < 20 && below > 2 && below < 7);
		}
	module()->destroy(p);
}
END_TEST

START_TEST(what_cannot_be_drawn_spoils_nothing)
{
	bern_picture *p = blank(40, 40, 1);
	const bern_paper *to = module()->paper(p);
	const bern_canvas *c = &to->canvas;
	void *user = c->user;
	uint32_t box[4];
	double bad[] = {NAN, INFINITY, -INFINITY};
	for (int i = 0; i < 3; i++) {
		c->view(user, bad[i], 0, 1, 1);
		c->rect(user, bad[i], 0, 1, 1, 0xff);
		c->line(user, 0, 0, bad[i], 1, 1, 0xff);
		c->disc(user, 0, 0, bad[i], 0xff);
		c->polygon(user, (double[]){0, 0, 1, 1, bad[i], 0}, 3, 0xff);
		c->text(user, 0, bad[i], 1, 0xff, "x");
		c->text(user, 0, 0, bad[i], 0xff, "x");
		c->cells(user, 0, 0, bad[i], 1, 1, 1, (uint32_t[]){0xff});
		to->clip(user, 0, bad[i], 1, 1);
		to->unclip(user);
		to->path(user, (double[]){0, 0, bad[i], 1}, 2, 1, 0xff);
		to->band(user, (double[]){0, 1}, (double[]){0, bad[i]}, (double[]){1, 1}, 2, 0xff);
	}
	c->text(user, 10, 10, 0, 0xff, "x");
	c->text(user, 10, 10, 5, 0xff, NULL);
	c->disc(user, 10, 10, -1, 0xff);
	c->polygon(user, NULL, 3, 0xff);
	c->cells(user, 0, 0, 9, 9, 0, 1, (uint32_t[]){0xff});
	ck_assert_double_eq(ink(p, box), 0);
	/* bytes that are no letters are seen as such, and what follows is drawn */
	c->text(user, 20, 20, 10, 0xff, "\xff\xc3(\xed\xa0\x80\xf4\x90\x80\x80 \x01");
	ck_assert_double_gt(ink(p, box), 5);
	module()->clear(p);
	c->rect(user, 0, 0, 40, 40, BLUE);
	ck_assert(is_box(p, BLUE_PIXEL, 0, 0, 40, 40));
	module()->destroy(p);
}
END_TEST

START_TEST(sizes_that_no_picture_has_are_refused)
{
	static const double sides[][3] = {{0, 10, 1},     {10, -1, 1},    {NAN, 10, 1},
					  {1e9, 10, 1},   {10, 10, 1e-3}, {10, 10, INFINITY},
					  {100, 100, 200}};
	for (size_t i = 0; i < sizeof sides / sizeof sides[0]; i++)
		for (int kind = 0; kind < 2; kind++) {
			bern_picture *p;
			bern_error e = {0};
			bern_picture_plan plan = {.kind = kind,
						  .width = sides[i][0],
						  .height = sides[i][1],
						  .scale = sides[i][2]};
			ck_assert_int_eq(module()->create(&p, &plan, &e), BERN_EUSAGE);
			ck_assert_ptr_null(p);
			ck_assert_ptr_nonnull(strstr(e.text, "1 x 1 .. 16384 x 16384 pixels"));
		}
}
END_TEST

START_TEST(a_png_file_has_the_pixels_of_the_picture)
{
	char folder[SCRATCH_PATH], path[2 * SCRATCH_PATH];
	bern_error e;
	uint32_t width, height;
	scratch_make(folder);
	snprintf(path, sizeof path, "%s/a.png", folder);
	bern_picture *p = blank(64, 48, 2);
	const bern_canvas *c = &module()->paper(p)->canvas;
	c->disc(c->user, 30, 20, 15, BLUE);
	c->text(c->user, 30, 20, 9, 0xe69f00ff, "letters");
	ck_assert_msg(module()->write(p, path, &e) == 0, "%s", e.text);
	const uint32_t *at = module()->pixels(p, &width, &height);

	png_image image = {.version = PNG_IMAGE_VERSION};
	ck_assert(png_image_begin_read_from_file(&image, path));
	image.format = PNG_FORMAT_BGRA;
	ck_assert_uint_eq(image.width, 128);
	ck_assert_uint_eq(image.height, 96);
	unsigned char *bytes = malloc(PNG_IMAGE_SIZE(image));
	ck_assert(png_image_finish_read(&image, NULL, bytes, 0, NULL));
	for (size_t i = 0; i < (size_t)width * height; i++) {
		uint32_t read = bytes[4 * i] | (uint32_t)bytes[4 * i + 1] << 8 |
				(uint32_t)bytes[4 * i + 2] << 16 | (uint32_t)bytes[4 * i + 3] << 24;
		ck_assert_uint_eq(read, at[i]);
	}
	free(bytes);
	ck_assert_int_eq(scratch_count(folder), 1);
	module()->destroy(p);
	scratch_remove(folder);
}
END_TEST

START_TEST(an_svg_file_is_written_whole_with_its_shapes)
{
	char folder[SCRATCH_PATH], path[2 * SCRATCH_PATH];
	bern_error e;
	bern_picture *p;
	size_t size;
	bern_picture_plan plan = {
		.kind = BERN_PICTURE_SVG, .width = 60, .height = 40, .background = WHITE};
	scratch_make(folder);
	snprintf(path, sizeof path, "%s/a.svg", folder);
	ck_assert_msg(module()->create(&p, &plan, &e) == 0, "%s", e.text);
	const bern_canvas *c = &module()->paper(p)->canvas;
	c->rect(c->user, 10.25, 10, 20, 20, 0xff0000ff);
	c->text(c->user, 30, 5, 8, 0xff, "words");
	ck_assert_ptr_null(module()->pixels(p, NULL, NULL));
	ck_assert_msg(module()->write(p, path, &e) == 0, "%s", e.text);
	module()->destroy(p);
	char *text = (char *)scratch_read(path, &size);
	ck_assert_ptr_nonnull(strstr(text, "width=\"60"));
	ck_assert_ptr_nonnull(strstr(text, "height=\"40"));
	ck_assert_ptr_nonnull(strstr(text, "rgb(100%,0%,0%)"));
	ck_assert_ptr_nonnull(strstr(text, "10.25"));
	ck_assert_ptr_nonnull(strstr(text, "<use "));
	ck_assert_ptr_nonnull(strstr(text, "</svg>"));
	free(text);
	scratch_remove(folder);
}
END_TEST

START_TEST(a_file_that_cannot_be_written_is_a_sentence)
{
	bern_error e;
	bern_picture *p = blank(10, 10, 1);
	ck_assert_int_eq(module()->write(p, "/nowhere/at/all/a.png", &e), BERN_EIO);
	ck_assert_ptr_nonnull(strstr(e.text, "/nowhere/at/all/a.png cannot be written"));
	module()->destroy(p);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("pictures");
	TCase *t = tcase_create("pictures");
	tcase_add_test(t, a_rectangle_covers_its_pixels_and_no_other);
	tcase_add_test(t, rectangles_side_by_side_leave_no_seam);
	tcase_add_test(t, scale_makes_more_pixels);
	tcase_add_test(t, discs_polygons_lines_and_bands_have_their_areas);
	tcase_add_test(t, cells_keep_their_colours_and_their_order);
	tcase_add_test(t, nothing_is_drawn_outside_of_a_clip);
	tcase_add_test(t, labels_stand_where_their_anchor_says);
	tcase_add_test(t, what_cannot_be_drawn_spoils_nothing);
	tcase_add_test(t, sizes_that_no_picture_has_are_refused);
	tcase_add_test(t, a_png_file_has_the_pixels_of_the_picture);
	tcase_add_test(t, an_svg_file_is_written_whole_with_its_shapes);
	tcase_add_test(t, a_file_that_cannot_be_written_is_a_sentence);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
