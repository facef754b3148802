#include "draw.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

/* The longer side of a picture, in pixels at scale 1. */
#define MOST 480.0

int32_t picture_kind_of(const char *label, const char *path, int32_t *kind, bern_error *e)
{
	const char *dot = strrchr(path, '.');
	if (dot && !strcasecmp(dot, ".png"))
		*kind = BERN_PICTURE_PIXELS;
	else if (dot && !strcasecmp(dot, ".svg"))
		*kind = BERN_PICTURE_SVG;
	else
		return bern_fail(e, BERN_EUSAGE,
				 "%s: '%.300s' is neither .png nor .svg, the pictures there are",
				 label, path);
	return 0;
}

int32_t picture_path_check(const char *label, const char *path, bern_error *e)
{
	struct stat info;
	const char *slash = strrchr(path, '/');
	size_t length = slash ? (size_t)(slash - path) + (slash == path) : 1;
	char *folder = strndup(slash ? path : ".", length);
	int32_t rc = 0;
	if (!folder)
		return bern_fail(e, BERN_EMEMORY, "out of memory");
	if (stat(path, &info) == 0 && S_ISDIR(info.st_mode))
		rc = bern_fail(e, BERN_EIO, "%s: %.300s is a folder", label, path);
	else if (stat(folder, &info) != 0)
		rc = bern_fail(e, BERN_EIO, "%s: the folder %.300s: %s", label, folder,
			       strerror(errno));
	else if (!S_ISDIR(info.st_mode))
		rc = bern_fail(e, BERN_EIO, "%s: %.300s is no folder", label, folder);
	else if (access(folder, W_OK | X_OK) != 0)
		rc = bern_fail(e, BERN_EIO, "%s: the folder %.300s may not be written to: %s",
			       label, folder, strerror(errno));
	free(folder);
	return rc;
}

int32_t picture_sides(const char *id, const bern_view_probe *probe, double most, double *width,
		      double *height, bern_error *e)
{
	if (!probe->seen)
		return bern_fail(e, BERN_EENV,
				 "%s cannot be drawn: its draw() never calls view() with a "
				 "left below the right and a bottom below the top",
				 id);
	double across = probe->right - probe->left, up = probe->top - probe->bottom;
	double unit = most / (across > up ? across : up);
	*width = across * unit;
	*height = up * unit;
	return 0;
}

/* ---- one picture ---------------------------------------------------------------------------------------------- */

typedef struct drawing {
	const draw_request *request;
	const bern_pictures *pictures;
	char path[300]; /* of the file */
	int32_t kind;
	trace_end at;
	double width, height;
	int32_t rc; /* what became of it */
	bern_error *e;
} drawing;

static void draw_state(void *user, const trace_end *at)
{
	drawing *d = user;
	const bern_world *world = d->request->play.world;
	bern_picture *picture = NULL;
	bern_region region;
	bern_view_probe probe;
	d->at = *at;
	bern_view_probe_init(&probe);
	world->env->draw(world->instance.model, at->state, &probe.canvas);
	d->rc = picture_sides(world->env->id, &probe, MOST, &d->width, &d->height, d->e);
	if (d->rc)
		return;
	const bern_picture_plan plan = {.kind = d->kind,
					.width = d->width,
					.height = d->height,
					.scale = d->request->scale,
					.background = BERN_RGB(255, 255, 255)};
	d->rc = d->pictures->create(&picture, &plan, d->e);
	if (d->rc)
		return;
	bern_region_begin(&region, d->pictures->paper(picture), 0, 0, d->width, d->height);
	world->env->draw(world->instance.model, at->state, &region.paper.canvas);
	bern_region_end(&region);
	d->rc = d->pictures->write(picture, d->path, d->e);
	d->pictures->destroy(picture);
}

/* The name of the file where none was given. */
static void name_file(drawing *d)
{
	const char *id = d->request->play.world->env->id;
	if (d->request->path) {
		snprintf(d->path, sizeof d->path, "%s", d->request->path);
		return;
	}
	snprintf(d->path, sizeof d->path, "%.280s.png", id);
	for (char *c = d->path; *c; c++)
		*c = *c == '/' ? '-' : *c;
}

int32_t draw_run(const draw_request *request, bern_error *e)
{
	drawing d = {.request = request, .e = e};
	const bern_world *world = request->play.world;
	int32_t rc = 0;
	if (request->path && strlen(request->path) >= sizeof d.path)
		rc = bern_fail(e, BERN_EUSAGE, "-o: the name has %zu bytes, allowed are %zu",
			       strlen(request->path), sizeof d.path - 1);
	name_file(&d);
	if (!rc)
		rc = picture_kind_of("-o", d.path, &d.kind, e);
	/* before a long way is played for nothing */
	if (!rc && !world->env->draw)
		rc = bern_fail(e, BERN_EENV, "%s cannot be drawn: it has no draw()",
			       world->env->id);
	if (!rc)
		rc = picture_path_check("-o", d.path, e);
	if (!rc)
		rc = module_open_pictures(&d.pictures, e);
	if (!rc)
		rc = trace_play(&request->play, draw_state, &d, e);
	rc = rc ? rc : d.rc;
	if (!rc && !request->quiet)
		printf("%s: %s, seed %" PRIu64 ", step %" PRIu64
		       " of the episode; %.0f x %.0f %s\n",
		       d.path, world->env->id, d.at.seed, d.at.length, d.width * request->scale,
		       d.height * request->scale, d.kind == BERN_PICTURE_SVG ? "points" : "pixels");
	return rc;
}
