#include "record.h"

#include "draw.h"
#include "record_sink.h"

#include <math.h>

/* The longer side of an environment that is recorded alone, in points. */
#define MOST 480.0

/* How long the last frame of an episode stays, in seconds. */
#define LAST_SECONDS 0.5

int32_t record_check(const record_plan *plan, const char *label, bern_error *e)
{
	int32_t kind, rc = record_kind_of(label, plan->path, &kind, e);
	const double most = kind == RECORD_GIF ? 50 : 240;
	if (!rc && plan->episodes == 0)
		rc = bern_fail(e, BERN_EUSAGE, "--episodes: 0 is outside [1, 1000000000]");
	if (!rc && plan->fps != 0 && !(plan->fps >= 0.1 && plan->fps <= most))
		rc = bern_fail(e, BERN_EUSAGE, "--fps: %g is outside [0.1, %g]%s", plan->fps, most,
			       kind == RECORD_GIF ? ", what a GIF can show" : "");
	if (!rc)
		rc = picture_path_check(label, plan->path, e);
	return rc;
}

typedef struct recording {
	const record_plan *plan;
	const bern_pictures *pictures;
	bern_player *player;
	bern_panels *panels; /* owned; NULL: the environment alone */
	bern_picture *picture;
	record_sink sink;
	double width, height; /* points */
	record_result *result;
} recording;

static int32_t paint(recording *r, bern_error *e)
{
	r->pictures->clear(r->picture);
	const bern_paper *paper = r->pictures->paper(r->picture);
	if (r->panels) {
		bern_panels_draw(r->panels, r->plan->view, paper, r->width, r->height);
	} else {
		bern_region region;
		bern_region_begin(&region, paper, 0, 0, r->width, r->height);
		bern_player_draw(r->player, &region.paper.canvas);
		bern_region_end(&region);
	}
	r->result->frames++;
	return record_sink_frame(&r->sink, r->picture, e);
}

static int at_end(recording *r)
{
	return !bern_player_at(r->player, 0)->has_choice;
}

/* One episode from its beginning to its last situation. */
static int32_t record_episode(recording *r, double steps_a_frame, bern_error *e)
{
	uint64_t made = 0, frame = 0;
	int32_t rc = paint(r, e);
	while (!rc && !at_end(r)) {
		/* counted from the episode's beginning, so that nothing adds up */
		double due = floor((double)++frame * steps_a_frame + 1e-9);
		while (!rc && (double)made < due && !at_end(r)) {
			rc = bern_player_forward(r->player, e);
			made += rc == 0;
		}
		if (!rc)
			rc = paint(r, e);
	}
	const uint64_t more = (uint64_t)ceil(LAST_SECONDS * r->result->fps) - 1;
	for (uint64_t i = 0; !rc && i < more; i++)
		rc = paint(r, e);
	r->result->steps += made;
	return rc;
}

/* The sides of a frame and what draws it. */
static int32_t prepare(recording *r, bern_error *e)
{
	const char *id = bern_player_world(r->player)->env->id;
	bern_view_probe probe;
	int32_t rc = 0;
	bern_view_probe_init(&probe);
	if (r->plan->view) {
		r->width = r->plan->width;
		r->height = r->plan->height;
		rc = bern_panels_create(&r->panels, r->player, e);
	} else if (!bern_player_draw(r->player, &probe.canvas)) {
		rc = bern_fail(e, BERN_EENV, "%s cannot be drawn: it has no draw()", id);
	} else {
		rc = picture_sides(id, &probe, MOST, &r->width, &r->height, e);
	}
	const bern_picture_plan plan = {.kind = BERN_PICTURE_PIXELS,
					.width = r->width,
					.height = r->height,
					.scale = r->plan->scale,
					.background = r->panels ? BERN_PAGE_COLOR : 0xffffffff};
	if (!rc)
		rc = r->pictures->create(&r->picture, &plan, e);
	return rc;
}

int32_t record_play(const record_plan *plan, const bern_pictures *pictures, bern_player *player,
		    record_result *result, bern_error *e)
{
	recording r = {.plan = plan,
		       .pictures = pictures,
		       .player = player,
		       .result = result,
		       .sink = {.pipe = -1}};
	const double step = bern_player_step_seconds(player);
	*result = (record_result){.fps = plan->fps > 0 ? plan->fps : fmin(25, 1 / step)};
	const double speed = plan->speed > 0 ? plan->speed : 1;
	int32_t rc = record_check(plan, "--record", e);
	if (!rc)
		rc = prepare(&r, e);
	if (!rc) {
		r.pictures->pixels(r.picture, &result->width, &result->height);
		rc = record_sink_begin(&r.sink, r.pictures, plan->path, result->fps, result->width,
				       result->height, e);
		for (uint64_t i = 0; !rc && i < plan->episodes; i++) {
			if (i > 0)
				rc = bern_player_forward(player, e);
			if (!rc)
				rc = record_episode(&r, speed / (step * result->fps), e);
			result->episodes += rc == 0;
		}
		int32_t ended = record_sink_finish(&r.sink, rc == 0, e);
		rc = rc ? rc : ended;
	}
	result->seconds = (double)result->frames / result->fps;
	bern_panels_destroy(r.panels);
	if (r.picture)
		r.pictures->destroy(r.picture);
	return rc;
}
