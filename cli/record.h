/* cli/record.h: recordings of what a player plays, without a window: GIF, MP4 by ffmpeg, or a PNG file for each frame. */
#ifndef BERN_CLI_RECORD_H
#define BERN_CLI_RECORD_H

#include "module.h"

#include <panels.h>

typedef struct record_plan {
	const char *path;     /* out.gif, out.mp4, or frames/%05d.png, numbered from 0 */
	uint64_t episodes;    /* 1 or more, played to their ends */
	double fps;           /* frames a second; 0: those of the environment's steps, at most 25 */
	double speed;         /* times real time, more than 0; 0 stands for 1 */
	double scale;         /* pixels a point; 0 stands for 1 */
	double width, height; /* points of a frame with panels */
	/* 0: the environment alone, in its own sides; else panels as bits of view->shown */
	const bern_panel_view *view;
} record_plan;

typedef struct record_result {
	uint64_t frames, episodes, steps;
	uint32_t width, height; /* pixels */
	double fps, seconds;    /* seconds that it plays */
} record_result;

/* Refuses what can be refused before anything is opened: an unknown ending, a folder that is missing or may not be written to, frames
 * without a number in their name, fps and episodes out of range. `label` stands before the path: "--record". */
int32_t record_check(const record_plan *plan, const char *label, bern_error *e);

/* Records the episodes that the player begins with the situation it shows, which should be the first of one. Frame i shows where the
 * episode is i / fps seconds after its beginning at that speed; each ends with a frame of its last situation, which stays half a
 * second. The same player, seed and plan give the same frames. GIF and MP4 are written whole or not at all.
 * SIGPIPE is to be ignored, as main() does. */
int32_t record_play(const record_plan *plan, const bern_pictures *pictures, bern_player *player,
		    record_result *result, bern_error *e);

#endif
