/* lanes_part.h: stepping some lanes and not others, so that threads may share them out. Internal to libbern.
 *
 * Part p is scratch memory that one thread at a time may use; different parts may step different lanes at once, and then an
 * environment's functions are called for different states at once. Whole tiles of 16 lanes belong together. Episodes that end
 * are not reported by themselves: whoever steps takes them from here and reports them, in what order is right.
 */
#ifndef BERN_LANES_PART_H
#define BERN_LANES_PART_H

#include <bern/lanes.h>

/* The episode of a lane that ended in its last step. */
typedef struct bern_ended {
	uint64_t index, length;
	double total;
	uint32_t flags; /* of that step */
	int32_t fresh;  /* 1: it ended since it was last taken */
} bern_ended;

/* 1 if threads may step parts of these lanes: they lie in this process and begin their episodes by themselves. */
int bern_lanes_can_part(const bern_lanes *lanes);

/* Takes memory for `parts` parts, unless it has been taken; before the first of them steps, each time. */
int32_t bern_lanes_part(bern_lanes *lanes, size_t parts, bern_error *e);

/* Whether the actions (B, A) of these lanes, int32 or float (BOX), lie inside their space. */
int32_t bern_lanes_check_part(const bern_lanes *lanes, size_t first, size_t count,
			      const void *actions, bern_error *e);

/* One step of lanes first .. first + count - 1 in part `part`; first is a multiple of 16, and so is count unless it reaches the
 * last lane. actions are those of all lanes, and have been checked. Does not count lanes->steps. The error
 * is that of the first lane that has one. */
int32_t bern_lanes_step_part(bern_lanes *lanes, size_t part, size_t first, size_t count,
			     const void *actions, bern_error *e);

/* The same with observations as columns (tiles, O, 16) for learners that keep 16 lanes in a vector: number o of lane first + 16 k +
 * i goes to [k][o][i]. Rows of obs may be old until bern_lanes_put_columns. Whole numbers as actions; no mask. */
int32_t bern_lanes_step_columns(bern_lanes *lanes, size_t part, size_t first, size_t count,
				const int32_t *actions, float *columns, bern_error *e);

/* Columns from the rows of obs, and back. */
void bern_lanes_get_columns(const bern_lanes *lanes, size_t first, size_t count, float *columns);
void bern_lanes_put_columns(bern_lanes *lanes, size_t first, size_t count, const float *columns);

/* Takes the episode that ended in lane b, if one did since: 1 and *ended, else 0. */
int bern_lanes_take_ended(bern_lanes *lanes, size_t b, bern_ended *ended);

/* Calls lanes->on_episode, if there is one. */
void bern_lanes_report(const bern_lanes *lanes, size_t b, const bern_ended *ended,
		       const double *metrics);

#endif
