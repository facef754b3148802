#include "watch_save.h"

#include "module.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CENTISECONDS 5    /* of a recorded frame: 20 a second */
#define MOST_FRAMES  1200 /* a minute; a GIF lies in memory until it is written */

void watch_saver_init(watch_saver *s, const window_module *module, window *w)
{
	*s = (watch_saver){.module = module, .window = w};
}

/* The first name of the form "bern-007.png" that is not taken. Returns 0 if all are. */
static int free_name(const char *ending, char *out, size_t size)
{
	for (int i = 1; i < 10000; i++) {
		snprintf(out, size, "bern-%03d.%s", i, ending);
		if (access(out, F_OK) != 0)
			return 1;
	}
	return 0;
}

static int32_t open_pictures(watch_saver *s, bern_error *e)
{
	return s->pictures ? 0 : module_open_pictures(&s->pictures, e);
}

static int32_t save_picture(watch_saver *s, const char *path, bern_error *e)
{
	const uint32_t *pixels;
	size_t columns, rows;
	bern_picture *picture = NULL;
	int32_t rc = s->module->pixels(s->window, &pixels, &columns, &rows, e);
	if (rc)
		return rc;
	const bern_picture_plan plan = {.kind = BERN_PICTURE_PIXELS,
					.width = (double)columns,
					.height = (double)rows,
					.background = 0xffffffff};
	rc = s->pictures->create(&picture, &plan, e);
	if (!rc) {
		/* a cell for each pixel */
		const bern_paper *paper = s->pictures->paper(picture);
		paper->canvas.cells(paper->canvas.user, 0, 0, (double)columns, (double)rows, rows,
				    columns, pixels);
		rc = s->pictures->write(picture, path, e);
	}
	s->pictures->destroy(picture);
	return rc;
}

void watch_saver_picture(watch_saver *s, char *text, size_t size)
{
	char name[32];
	bern_error e = {0};
	int32_t rc = open_pictures(s, &e);
	if (!rc && !free_name("png", name, sizeof name))
		rc = bern_fail(&e, BERN_EIO, "there are 9999 screenshots in this folder already");
	if (!rc)
		rc = save_picture(s, name, &e);
	if (rc)
		snprintf(text, size, "%s", e.text);
	else
		snprintf(text, size, "saved %s", name);
}

static void end_recording(watch_saver *s, char *text, size_t size)
{
	char name[32];
	bern_error e = {0};
	int32_t rc = 0;
	if (!free_name("gif", name, sizeof name))
		rc = bern_fail(&e, BERN_EIO, "there are 9999 recordings in this folder already");
	else if (!s->frames)
		rc = bern_fail(&e, BERN_EUSAGE, "nothing was recorded");
	else
		rc = s->pictures->gif_write(s->gif, name, &e);
	if (rc)
		snprintf(text, size, "%s", e.text);
	else
		snprintf(text, size, "saved %s, %zu frames", name, s->frames);
	s->pictures->gif_destroy(s->gif);
	free(s->frame);
	s->gif = NULL;
	s->frame = NULL;
	s->frames = 0;
}

static int32_t begin_recording(watch_saver *s, bern_error *e)
{
	const uint32_t *pixels;
	int32_t rc = open_pictures(s, e);
	if (!rc && !s->pictures->gif_create)
		rc = bern_fail(e, BERN_EIO, "this bern was built without the Meson feature `gif`");
	if (!rc)
		rc = s->module->pixels(s->window, &pixels, &s->columns, &s->rows, e);
	if (!rc)
		rc = s->pictures->gif_create(&s->gif, (uint32_t)s->columns, (uint32_t)s->rows, e);
	if (rc)
		return rc;
	s->frame = malloc(s->columns * s->rows * sizeof *s->frame);
	s->frames = 0;
	s->next = 0;
	if (s->frame)
		return 0;
	s->pictures->gif_destroy(s->gif);
	s->gif = NULL;
	return bern_fail(e, BERN_EMEMORY, "memory is out");
}

void watch_saver_turn(watch_saver *s, char *text, size_t size)
{
	bern_error e = {0};
	if (s->gif)
		end_recording(s, text, size);
	else if (begin_recording(s, &e))
		snprintf(text, size, "%s", e.text);
	else
		text[0] = '\0'; /* what is recorded shall not say so */
}

int watch_saver_runs(const watch_saver *s)
{
	return s->gif != NULL;
}

int watch_saver_frame(watch_saver *s, double now, char *text, size_t size)
{
	const uint32_t *pixels;
	size_t columns, rows;
	bern_error e = {0};
	if (!s->gif || now < s->next)
		return 0;
	/* frames are counted from the first one, so that a late one does not delay the others */
	s->next = (s->frames ? s->next : now) + 0.01 * CENTISECONDS;
	int32_t rc = s->module->pixels(s->window, &pixels, &columns, &rows, &e);
	if (!rc && (columns != s->columns || rows != s->rows)) {
		end_recording(s, text, size);
		return 1;
	}
	for (size_t k = 0; !rc && k < columns * rows; k++)
		s->frame[k] = pixels[k] >> 8 | 0xff000000u;
	if (!rc)
		rc = s->pictures->gif_frame(s->gif, s->frame, CENTISECONDS, &e);
	s->frames += !rc;
	if (rc || s->frames == MOST_FRAMES) {
		end_recording(s, text, size);
		if (rc)
			snprintf(text, size, "%s", e.text);
		return 1;
	}
	return 0;
}

void watch_saver_finish(watch_saver *s)
{
	char text[512];
	if (s->gif)
		end_recording(s, text, sizeof text);
}
