#include "watch.h"

#include "keyboard.h"
#include "module.h"
#include "signals.h"
#include "watch_keys.h"
#include "watch_save.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRAME_SECONDS  (1.0 / 60) /* of a display that does not say */
#define NOTICE_SECONDS 5.0
#define LOOK_SECONDS   0.5 /* between looks at the folder of the run */
/* of a frame's time, what unlimited speed may spend on steps */
#define STEP_SHARE 0.6
/* environments with steps so long are games of turns, and wait for a person */
#define FASTEST_TURN 0.15
#define MOST_STEPS   100000 /* of a frame at limited speed */

typedef struct watch {
	const watch_options *options;
	const window_module *module;
	window *window;
	watched shown;
	bern_player *player;
	bern_panels *panels;
	bern_panel_view view;
	keyboard keys;
	int has_keys; /* the environment can be played by keyboard */
	watch_saver saver;
	char notice[1024], title[192];
	double notice_until, last_look, speed_before;
	/* steps a second, over the last half second or so */
	double count_from;
	uint64_t count_steps;
	int quit, changed; /* changed: the frame shows something that is no longer so */
} watch;

static void say(watch *w, const char *sentence)
{
	if (!*sentence)
		return;
	snprintf(w->notice, sizeof w->notice, "%s", sentence);
	w->notice_until = w->module->now(w->window) + NOTICE_SECONDS;
	w->changed = 1;
}

/* ---- following ------------------------------------------------------------------------------------------------------------ */

/* A player begins an episode: the moment for new weights. */
static int32_t before_episode(void *user, bern_error *e)
{
	watch *w = user;
	char notice[1024];
	(void)e;
	if (w->shown.following) {
		watched_follow(&w->shown, notice, sizeof notice);
		if (w->window)
			say(w, notice);
	}
	return 0;
}

/* What the folder of the run tells by now. */
static void look_at_run(watch *w, double now)
{
	if (now - w->last_look < LOOK_SECONDS || !w->shown.folder.path[0])
		return;
	w->last_look = now;
	watched_read_curve(&w->shown);
	w->changed = 1;
}

/* The same situation with other weights: the agent chooses anew. */
static int32_t choose_anew(watch *w, bern_error *e)
{
	return bern_player_set_mode(w->player, bern_player_mode(w->player), e);
}

static int32_t turn_checkpoint(watch *w, int direction, bern_error *e)
{
	char notice[1024];
	if (!watched_turn(&w->shown, direction, notice, sizeof notice)) {
		say(w, notice);
		return 0;
	}
	snprintf(notice, sizeof notice, "checkpoint of step %" PRIu64, w->shown.step);
	say(w, notice);
	return choose_anew(w, e);
}

static int32_t turn_follow(watch *w, bern_error *e)
{
	char notice[1024];
	if (!w->shown.folder.path[0]) {
		say(w, "there is nothing to follow: this is no run");
		return 0;
	}
	w->shown.following = !w->shown.following;
	if (!w->shown.following) {
		say(w, "these weights stay");
		return 0;
	}
	const int came = watched_follow(&w->shown, notice, sizeof notice);
	say(w, *notice ? notice : "following the latest checkpoint");
	return came ? choose_anew(w, e) : 0;
}

/* ---- keys ------------------------------------------------------------------------------------------------------------------ */

static void say_speed(watch *w)
{
	char text[64];
	snprintf(text, sizeof text, "%g times real time", bern_player_speed(w->player));
	say(w, text);
}

static void change_speed(watch *w, int faster)
{
	const double speed = bern_player_speed(w->player);
	bern_player_set_speed(w->player,
			      watch_next_speed(speed > 0 ? speed : BERN_PLAYER_FASTEST, faster));
	say_speed(w);
}

static void turn_unlimited(watch *w)
{
	const double speed = bern_player_speed(w->player);
	const int limited = speed > 0;
	if (limited)
		w->speed_before = speed;
	bern_player_set_speed(w->player, limited ? BERN_PLAYER_UNLIMITED : w->speed_before);
	if (limited)
		say(w, "as fast as it goes");
	else
		say_speed(w);
}

static int32_t take_over(watch *w, bern_error *e)
{
	char keys[256], text[320];
	const int person = !bern_player_is_person(w->player);
	if (person && !w->has_keys) {
		say(w, "this environment cannot be played by keyboard");
		return 0;
	}
	const double seconds = w->shown.world.env->step_seconds;
	const int waits = !(seconds > 0) || seconds >= FASTEST_TURN;
	int32_t rc = bern_player_take_over(w->player, person, waits, e);
	snprintf(text, sizeof text, "yours: %.250s", keyboard_help(&w->keys, keys, sizeof keys));
	say(w, person ? text : "the agent's again");
	return rc;
}

static void next_firing(watch *w)
{
	char text[64];
	const int32_t count = (int32_t)w->shown.inspector.firings;
	w->view.firing = w->view.firing + 1 < count ? w->view.firing + 1 : -1;
	snprintf(text, sizeof text, w->view.firing < 0 ? "all %d firings, as shades" : "firing %d",
		 w->view.firing < 0 ? count : w->view.firing + 1);
	say(w, text);
}

static void next_panels(watch *w)
{
	const uint32_t alone = 1u << BERN_PANEL_ENVIRONMENT;
	w->view.shown = w->view.shown == alone ? BERN_PANELS_ALL : alone;
}

static int32_t step(watch *w, int forward, bern_error *e)
{
	bern_player_pause(w->player, 1);
	if (forward)
		return bern_player_forward(w->player, e);
	if (!bern_player_back(w->player))
		say(w, "further back is remembered no more");
	return 0;
}

static void save(watch *w, int moving)
{
	char text[512];
	if (moving)
		watch_saver_turn(&w->saver, text, sizeof text);
	else
		watch_saver_picture(&w->saver, text, sizeof text);
	say(w, text);
}

static int32_t next_mode(watch *w, bern_error *e)
{
	static const char *const names[] = {"sampled policy", "mean-field policy: p in place of h",
					    "thresholded policy: fire where p > 1/2"};
	const int32_t mode = (bern_player_mode(w->player) + 1) % BERN_INSPECT_MODES;
	say(w, names[mode]);
	return bern_player_set_mode(w->player, mode, e);
}

static int32_t act(watch *w, int action, int panel, bern_error *e)
{
	switch (action) {
	case WATCH_PAUSE:
		bern_player_pause(w->player, !bern_player_paused(w->player));
		break;
	case WATCH_STEP:
		return step(w, 1, e);
	case WATCH_BACK:
		return step(w, 0, e);
	case WATCH_FASTER:
		change_speed(w, 1);
		break;
	case WATCH_SLOWER:
		change_speed(w, 0);
		break;
	case WATCH_UNLIMITED:
		turn_unlimited(w);
		break;
	case WATCH_RESTART:
		return bern_player_restart(w->player, e);
	case WATCH_NEXT_SEED:
		return bern_player_next_seed(w->player, e);
	case WATCH_SCREENSHOT:
		save(w, 0);
		break;
	case WATCH_RECORD:
		save(w, 1);
		break;
	case WATCH_PANELS:
		next_panels(w);
		break;
	case WATCH_PANEL:
		w->view.shown ^= 1u << panel;
		break;
	case WATCH_MODE:
		return next_mode(w, e);
	case WATCH_FIRING:
		next_firing(w);
		break;
	case WATCH_LAYER:
		if (w->shown.inspector.layer_count)
			w->view.layer = (w->view.layer + 1) % w->shown.inspector.layer_count;
		break;
	case WATCH_TAKE_OVER:
		return take_over(w, e);
	case WATCH_OLDER:
		return turn_checkpoint(w, -1, e);
	case WATCH_NEWER:
		return turn_checkpoint(w, 1, e);
	case WATCH_FOLLOW:
		return turn_follow(w, e);
	case WATCH_FULL_SCREEN:
		w->module->turn_full_screen(w->window);
		break;
	case WATCH_HELP:
		w->view.help = w->view.help ? NULL : watch_key_help;
		break;
	case WATCH_QUIT:
		/* the first Escape closes the page of help */
		if (w->view.help)
			w->view.help = NULL;
		else
			w->quit = 1;
		break;
	default:
		break;
	}
	return 0;
}

static void click(watch *w, const window_event *event)
{
	bern_unit_name unit;
	if (!bern_panels_unit_at(w->panels, event->x, event->y, &unit)) {
		w->view.has_pin = 0;
		return;
	}
	w->view.has_pin = !w->view.has_pin || unit.layer != w->view.pin.layer ||
			  unit.unit != w->view.pin.unit;
	w->view.pin = unit;
	w->view.layer = unit.layer;
}

static int32_t take_key(watch *w, const window_event *event, bern_error *e)
{
	int panel, own = 0;
	if (w->has_keys && bern_player_is_person(w->player)) {
		const void *action = keyboard_take(&w->keys, event, &own);
		const int waiting = bern_player_is_waiting(w->player);
		if (action && bern_player_choose(w->player, action, e)) {
			say(w, e->text);
			return 0;
		}
		/* where time stands still, the key makes the step */
		if (action && waiting && event->kind == WINDOW_KEY_PRESS)
			return bern_player_forward(w->player, e);
		if (own)
			return 0;
	}
	const int what = watch_action_of(event, &panel);
	return what ? act(w, what, panel, e) : 0;
}

static int32_t take_event(watch *w, const window_event *event, bern_error *e)
{
	w->changed = 1;
	switch (event->kind) {
	case WINDOW_QUIT:
		w->quit = 1;
		return 0;
	case WINDOW_MOVE:
		w->view.has_mouse = 1;
		w->view.mouse_x = event->x;
		w->view.mouse_y = event->y;
		return 0;
	case WINDOW_LEAVE:
		w->view.has_mouse = 0;
		return 0;
	case WINDOW_CLICK:
		click(w, event);
		return 0;
	case WINDOW_REDRAW:
		return 0;
	default:
		return take_key(w, event, e);
	}
}

/* ---- frames ---------------------------------------------------------------------------------------------------------------- */

static void name_window(watch *w)
{
	char title[320], step[64] = "";
	const bern_situation *s = bern_player_at(w->player, 0);
	if (w->shown.has_step)
		snprintf(step, sizeof step, " (checkpoint %" PRIu64 ")", w->shown.step);
	snprintf(title, sizeof title, "bern: %s%s: seed %" PRIu64 ", step %" PRIu64 ", return %g",
		 w->shown.name, step, s ? s->seed + s->episode : 0, s ? s->step : 0,
		 s ? s->total : 0.0);
	w->module->set_title(w->window, title);
}

static int32_t show(watch *w, double now, bern_error *e)
{
	const bern_paper *paper;
	double width, height;
	int32_t rc = w->module->begin(w->window, BERN_PAGE_COLOR, &paper, &width, &height, e);
	if (rc)
		return rc;
	snprintf(w->title, sizeof w->title, "%s%s", w->shown.name,
		 w->shown.following ? ", following" : "");
	w->view.curve = w->shown.curve.count ? &w->shown.curve : NULL;
	w->view.curve_mark = w->shown.has_step ? (double)w->shown.step : NAN;
	w->view.notice = now < w->notice_until ? w->notice : NULL;
	bern_panels_draw(w->panels, &w->view, paper, width, height);
	rc = w->module->present(w->window, e);
	if (!rc && watch_saver_frame(&w->saver, now, w->notice, sizeof w->notice))
		w->notice_until = now + NOTICE_SECONDS;
	return rc;
}

/* Makes the steps that are due after `seconds`. */
static int32_t play(watch *w, double seconds, double frame, bern_error *e)
{
	size_t made = 0;
	if (bern_player_speed(w->player) > 0) {
		int32_t rc = bern_player_tick(w->player, seconds, MOST_STEPS, &made, e);
		w->changed |= made > 0;
		return rc;
	}
	/* as many as fit in beside the drawing of a frame */
	const double end = w->module->now(w->window) + STEP_SHARE * frame;
	do {
		int32_t rc = bern_player_tick(w->player, seconds, 16, &made, e);
		if (rc)
			return rc;
		seconds = 0;
		w->changed |= made > 0;
	} while (made && w->module->now(w->window) < end);
	return 0;
}

static void count_speed(watch *w, double now)
{
	const uint64_t steps = bern_player_steps_made(w->player);
	if (now - w->count_from < 0.5)
		return;
	w->view.steps_per_second = (double)(steps - w->count_steps) / (now - w->count_from);
	w->count_from = now;
	w->count_steps = steps;
	name_window(w);
}

static int32_t loop(watch *w, bern_error *e)
{
	const window_module *m = w->module;
	double frame = m->frame_seconds(w->window), last = m->now(w->window), drawn = 0;
	frame = frame > 0.004 ? frame : FRAME_SECONDS;
	w->count_from = last;
	w->changed = 1;
	name_window(w);
	int32_t rc = 0;
	while (!rc && !w->quit && !signals_came()) {
		const double now = m->now(w->window);
		rc = play(w, now - last, frame, e);
		last = now;
		count_speed(w, now);
		look_at_run(w, now);
		if (w->notice_until && now >= w->notice_until) {
			w->notice_until = 0;
			w->changed = 1;
		}
		if (!rc && (w->changed || watch_saver_runs(&w->saver))) {
			w->changed = 0;
			rc = show(w, now, e);
			drawn = now;
		}
		/* sleep until the next frame is due, or a key is pressed */
		const double rest = drawn + frame - m->now(w->window);
		window_event event;
		for (int first = 1;
		     !rc && !w->quit && m->next(w->window, first && rest > 0 ? rest : 0, &event);
		     first = 0)
			rc = take_event(w, &event, e);
	}
	return rc;
}

/* ---- from start to end ------------------------------------------------------------------------------------------------------ */

static int32_t open_module(watch *w, bern_error *e)
{
	const void *table;
	int32_t rc = module_open("window", WINDOW_SYMBOL, &table, e);
	if (rc)
		return rc;
	w->module = table;
	if (w->module->abi != WINDOW_ABI || w->module->struct_size < sizeof *w->module ||
	    strcmp(w->module->version, BERN_VERSION) != 0)
		return bern_fail(e, BERN_EFORMAT,
				 "the module window is of another version of Bern");
	return 0;
}

static int32_t open_player(watch *w, bern_error *e)
{
	const watch_options *o = w->options;
	const bern_player_plan plan = {.world = &w->shown.world,
				       .inspector = &w->shown.inspector,
				       .seed = o->seed,
				       .mode = o->mode,
				       .before_episode = before_episode,
				       .user = w};
	bern_error ignored;
	w->has_keys = !keyboard_init(&w->keys, &w->shown.world, o->by_person ? e : &ignored);
	if (o->by_person && !w->has_keys)
		return e->code;
	int32_t rc = bern_player_create(&w->player, &plan, e);
	if (!rc)
		rc = bern_panels_create(&w->panels, w->player, e);
	if (rc)
		return rc;
	bern_player_set_speed(w->player, o->speed);
	w->speed_before = o->speed > 0 ? o->speed : 1;
	w->view = bern_panel_view_default();
	w->view.title = w->title;
	/* no neurons, no run: nothing else to show */
	if (!w->shown.inspector.layer_count && !w->shown.folder.path[0])
		w->view.shown = 1u << BERN_PANEL_ENVIRONMENT;
	return 0;
}

int watch_run(const watch_options *o)
{
	bern_error e = {0};
	watch w = {.options = o};
	/* a window is asked for first: without a display nothing else matters, and with one it is there at once */
	int32_t rc = open_module(&w, &e);
	if (!rc)
		rc = watched_open(&w.shown, o->command, &o->what, &e);
	if (!rc)
		rc = open_player(&w, &e);
	if (!rc) {
		char title[192];
		snprintf(title, sizeof title, "bern: %s", w.shown.name);
		const window_plan plan = {.title = title,
					  .width = o->width,
					  .height = o->height,
					  .scale = o->scale,
					  .full_screen = o->full_screen,
					  .font = getenv("BERN_FONT")};
		rc = w.module->open(&w.window, &plan, &e);
	}
	if (!rc) {
		signals_watch();
		watch_saver_init(&w.saver, w.module, w.window);
		if (o->by_person)
			rc = take_over(&w, &e);
		if (!rc)
			rc = loop(&w, &e);
		watch_saver_finish(&w.saver);
	}
	const int signal = rc ? 0 : signals_came();
	if (w.window) {
		w.module->close(w.window);
		signals_release();
	}
	bern_panels_destroy(w.panels);
	bern_player_destroy(w.player);
	watched_finish(&w.shown);
	return rc ? report_error(o->command, &e) : signal ? EXIT_INTERRUPTED : EXIT_OK;
}
