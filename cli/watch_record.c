#include "watch_record.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Episodes of an environment that never ends one by itself are cut after so many steps. */
#define MOST_STEPS 10000

int32_t watch_record_panels(const char *text, uint32_t *shown, bern_error *e)
{
	*shown = 0;
	if (!strcmp(text, "all") || !strcmp(text, "env")) {
		*shown = text[0] == 'a' ? BERN_PANELS_ALL : 0;
		return 0;
	}
	for (const char *at = text;; at++) {
		size_t length = strcspn(at, ",");
		int panel = 0;
		while (panel < BERN_PANELS && (strlen(bern_panel_name(panel)) != length ||
					       strncmp(bern_panel_name(panel), at, length) != 0))
			panel++;
		if (panel == BERN_PANELS) {
			char names[200] = "";
			for (int i = 0; i < BERN_PANELS; i++)
				snprintf(names + strlen(names), sizeof names - strlen(names),
					 ", %s", bern_panel_name(i));
			return bern_fail(e, BERN_EUSAGE,
					 "--panels: '%.*s' is none of all, env%s; several have "
					 "commas between them",
					 (int)(length < 100 ? length : 100), at, names);
		}
		*shown |= 1u << panel;
		at += length;
		if (!*at)
			return 0;
	}
}

static void tell(const record_plan *plan, const record_result *r)
{
	printf("%s: %" PRIu64 " frame%s of %" PRIu32 " x %" PRIu32
	       " pixels, %.4g s at %.4g frames a second; %" PRIu64 " episode%s, %" PRIu64
	       " steps\n",
	       plan->path, r->frames, r->frames == 1 ? "" : "s", r->width, r->height, r->seconds,
	       r->fps, r->episodes, r->episodes == 1 ? "" : "s", r->steps);
}

int watch_record(const watch_options *o)
{
	watched what = {0};
	bern_player *player = NULL;
	const bern_pictures *pictures = NULL;
	bern_panel_view view = bern_panel_view_default();
	record_plan plan = o->record;
	const uint32_t shown = o->record_panels;
	record_result result;
	bern_error e;
	int opened = 0;
	int32_t rc = record_check(&plan, "--record", &e);
	if (!rc && o->by_person)
		rc = bern_fail(&e, BERN_EUSAGE, "--record is for bern watch; in bern play press v");
	if (!rc && o->speed == 0)
		rc = bern_fail(
			&e, BERN_EUSAGE,
			"--speed: 0 is unlimited, which no recording can show; give 0.1 .. 64");
	if (!rc && o->what.follow)
		rc = bern_fail(&e, BERN_EUSAGE,
			       "--follow goes on until a window is closed, --record ends after its "
			       "episodes; give one of them");
	if (!rc)
		rc = module_open_pictures(&pictures, &e);
	if (!rc) {
		opened = 1;
		rc = watched_open(&what, o->command, &o->what, &e);
	}
	if (!rc) {
		const bern_player_plan play = {.world = &what.world,
					       .inspector = &what.inspector,
					       .seed = o->seed,
					       .mode = o->mode,
					       .max_episode_steps = MOST_STEPS};
		rc = bern_player_create(&player, &play, &e);
	}
	if (!rc) {
		/* for the status line */
		bern_player_set_speed(player, o->speed);
		watched_read_curve(&what);
		view.title = what.name;
		view.curve = what.curve.count ? &what.curve : NULL;
		view.curve_mark = what.has_step ? (double)what.step : NAN;
		view.shown = shown;
		plan.view = shown ? &view : NULL;
		plan.width = o->width;
		plan.height = o->height;
		plan.scale = o->scale;
		plan.speed = o->speed;
		rc = record_play(&plan, pictures, player, &result, &e);
	}
	if (!rc && !o->style.quiet)
		tell(&plan, &result);
	bern_player_destroy(player);
	if (opened)
		watched_finish(&what);
	return rc ? report_error(o->command, &e) : EXIT_OK;
}
