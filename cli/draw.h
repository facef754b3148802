/* cli/draw.h: pictures of environments, as files. */
#ifndef BERN_CLI_DRAW_H
#define BERN_CLI_DRAW_H

#include "module.h"
#include "trace.h"

/* Whether a file of that name is PNG or SVG, by its ending; `label` stands for it in the error: "-o". */
int32_t picture_kind_of(const char *label, const char *path, int32_t *kind, bern_error *e);

/* Refuses a path that no file can be written to, before time is spent on what would be: its folder is missing or may not be written
 * to, or it is a folder itself. */
int32_t picture_path_check(const char *label, const char *path, bern_error *e);

/* The sides of a picture whose view a probe has seen: those of the view, the longer one `most` units. An error if it saw none; `id`
 * is the environment's. */
int32_t picture_sides(const char *id, const bern_view_probe *probe, double most, double *width,
		      double *height, bern_error *e);

typedef struct draw_request {
	trace_request play; /* where to */
	const char *path;   /* NULL: ENV.png in this folder, a slash of the id as '-' */
	double scale;
	int quiet;
} draw_request;

/* Plays as asked, draws where that ends, writes the file and says so on stdout. */
int32_t draw_run(const draw_request *request, bern_error *e);

#endif
