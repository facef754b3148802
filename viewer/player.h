/* player.h: plays one lane of an environment for a viewer, remembers what happened, and steps back through it.
 *
 * No window and no clock: time is passed in. The player moves through situations: a state, what the agent thought of it and chose,
 * and, once the step is made, what it brought. The last thing of an episode is a situation without a choice. Situations of at least
 * 2,000 steps are kept in a ring (fewer only where states are so large that 1 GiB does not hold them), so that back() and forward()
 * show them again bit for bit; new steps are made only beyond the newest one. Episode i of seed s plays what episode i of
 * `bern eval --seed s` plays, from the same random numbers.
 *
 * One thread at a time. Steps take no memory, but in environments whose own functions do.
 */
#ifndef BERN_VIEWER_PLAYER_H
#define BERN_VIEWER_PLAYER_H

#include "inspect.h"

#define BERN_PLAYER_STEPS     2048 /* situations kept, unless the plan says otherwise */
#define BERN_PLAYER_SLOWEST   0.1  /* speeds */
#define BERN_PLAYER_FASTEST   64.0
#define BERN_PLAYER_UNLIMITED 0.0
#define BERN_PLAYER_SECONDS   0.1 /* of a step, where the environment does not say */

typedef struct bern_player bern_player;

typedef struct bern_player_plan {
	const bern_world *world;   /* borrowed, outlives the player */
	bern_inspector *inspector; /* borrowed, outlives the player */
	uint64_t seed;
	int32_t mode; /* enum bern_inspect_mode */
	size_t steps; /* situations to keep; 0: BERN_PLAYER_STEPS */
	uint64_t
		max_episode_steps; /* cuts episodes of an environment without a time limit; 0: never */
	/* Optional: called before an episode begins, from within a step: the moment to read other weights into the agent. */
	int32_t (*before_episode)(void *user, bern_error *e);
	void *user;
} bern_player_plan;

/* A situation. Borrowed from the player, good until the next call that moves it. */
typedef struct bern_situation {
	uint64_t
		number; /* counted from 0 since the player was made; grows by 1 with each situation made */
	uint64_t seed;
	uint64_t episode;  /* of this seed, from 0 */
	uint64_t step;     /* steps of the episode that led here */
	double total;      /* of the rewards on the way here */
	const void *state; /* for the environment's draw(); NULL where states are not plain bytes */
	const float *obs;  /* (O) encoded */
	const uint8_t *mask; /* allowed actions, or NULL */
	uint32_t
		flags; /* how the episode ended here: BERN_TERMINATED, BERN_TRUNCATED, both, or 0 */
	int32_t mode;  /* the policy's */
	/* the choice; an episode's last situation has none */
	int32_t has_choice;
	int32_t by_person;  /* 1: action is a person's */
	const void *choice; /* (A) the agent's: int32, or float of a BOX */
	const void *
		action; /* (A) the one taken; of the newest situation the one that would be taken now */
	float value; /* V(s), or NaN */
	/* what the choice brought; known once the step is made */
	int32_t has_outcome;
	double reward;
	/* the return really obtained from here to the episode's end, discounted by the agent's gamma; once that is reached */
	int32_t has_obtained;
	int32_t was_cut; /* 1: the episode was truncated, so that more would have come */
	double obtained;
} bern_situation;

/* Takes all memory, starts the first episode and stands at its beginning, not paused, at speed 1. */
int32_t bern_player_create(bern_player **out, const bern_player_plan *plan, bern_error *e);
void bern_player_destroy(bern_player *player); /* NULL is fine */

/* ---- time ------------------------------------------------------------------------------------------ */

/* Lets `seconds` go by: makes the steps that are due, at most `most`, and counts them in *made. At speed 1 a step takes the
 * environment's step_seconds; at unlimited speed `most` steps are due. What was not made of a tenth of a second or more is
 * forgiven, so that a slow display drops frames and a slow environment runs slower. While paused nothing is due. */
int32_t bern_player_tick(bern_player *player, double seconds, size_t most, size_t *made,
			 bern_error *e);

void bern_player_pause(bern_player *player, int paused);
int bern_player_paused(const bern_player *player);
/* In BERN_PLAYER_SLOWEST .. FASTEST, or BERN_PLAYER_UNLIMITED; others are moved to the nearest end. */
void bern_player_set_speed(bern_player *player, double speed);
double bern_player_speed(const bern_player *player);
double bern_player_step_seconds(const bern_player *player); /* of a step at speed 1 */

/* ---- moving ---------------------------------------------------------------------------------------- */

/* To the next situation: one remembered, or a new one. After an episode's last situation comes the next episode's first. */
int32_t bern_player_forward(bern_player *player, bern_error *e);
/* To the one before; 0 if it is remembered no more. */
int bern_player_back(bern_player *player);
/* 1 while the situation shown is not the newest. */
int bern_player_in_past(const bern_player *player);

/* The same seed from its first episode on, or the next one. Forgets what was. */
int32_t bern_player_restart(bern_player *player, bern_error *e);
int32_t bern_player_next_seed(bern_player *player, bern_error *e);

/* Another policy mode, from the situation shown on: what came after it is forgotten, and the agent chooses anew there. Also the
 * way to have a choice made by weights that were just changed (the same mode again). */
int32_t bern_player_set_mode(bern_player *player, int32_t mode, bern_error *e);
int32_t bern_player_mode(const bern_player *player);

/* ---- a person -------------------------------------------------------------------------------------- */

/* Hands the controls to a person, or back to the agent, from the situation shown on: what came after it is forgotten. With `waits`
 * time stands still until choose(); without, a person's last choice goes on being made, and until the first the agent's. */
int32_t bern_player_take_over(bern_player *player, int person, int waits, bern_error *e);
int bern_player_is_person(const bern_player *player);
/* 1 if time stands still for a person's choice. */
int bern_player_is_waiting(const bern_player *player);

/* A person's action (A: int32, or float of a BOX). An error if it is outside its space or not allowed now. */
int32_t bern_player_choose(bern_player *player, const void *action, bern_error *e);

/* ---- looking --------------------------------------------------------------------------------------- */

/* The situation `ago` before the one shown (0: that itself), or NULL if it is remembered no more. */
const bern_situation *bern_player_at(bern_player *player, size_t ago);

/* Situations remembered, those after the one shown too: going back and forth does not change it. At least 1. */
size_t bern_player_known(const bern_player *player);

/* What happened in the agent there; NULL if it made no choice there or the firings are remembered no more: they are kept as far
 * back as BERN_PLAYER_ROOM bytes reach. Overwritten by the next call. */
#define BERN_PLAYER_ROOM ((size_t)192 << 20)
const bern_moment *bern_player_moment(bern_player *player, size_t ago);

/* Of each hidden unit (unit_count) there, kept longer than moments: p and the share of firings in which it fired, averages over
 * the firings, in 1/65535. Units that put out numbers: of their absolute value, cut to 1. NULL as above. */
const uint16_t *bern_player_mean_p(const bern_player *player, size_t ago);
const uint16_t *bern_player_mean_h(const bern_player *player, size_t ago);

/* Sums of mean_p over the last BERN_PLAYER_WINDOW situations up to the one shown; *count of them, as ends of episodes and what is
 * remembered no more do not count. (unit_count). For dead and saturated units. */
#define BERN_PLAYER_WINDOW 200
const uint32_t *bern_player_sum_p(bern_player *player, size_t *count);

const bern_inspector *bern_player_inspector(const bern_player *player);
const bern_world *bern_player_world(const bern_player *player);
uint64_t bern_player_seed(const bern_player *player);
uint64_t bern_player_steps_made(const bern_player *player); /* new ones, ever */

/* Draws the situation shown; 0 if the environment cannot be drawn. */
int bern_player_draw(bern_player *player, const bern_canvas *canvas);

#endif
