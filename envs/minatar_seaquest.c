/* Seaquest of MinAtar: a submarine shoots fish and other submarines, picks up divers and must come up for air in time.
 *
 * Rules, order of events and order of draws as in version 1.0.15 of the original: see minatar.h. Channels: sub front, sub back,
 * own bullet, trail, enemy bullet, enemy fish, enemy sub, oxygen gauge, diver gauge, diver. Nothing reaches the surface, and air
 * lasts there: who never dives plays for ever (a limit is the host's max_steps).
 */
#include "minatar.h"

#include <assert.h>

#define MOST_OXYGEN 200
#define MOST_DIVERS 6
#define SPAWN_TIME  20 /* steps between enemies, at first */
#define MOVE_TIME   5  /* steps between their moves, at first; of divers always */
#define LEAST_MOVE  2
#define DIVER_TIME  30 /* steps between divers */
#define SHOT_TIME   5  /* steps between own shots */
#define ENEMY_SHOT  10 /* and between those of an enemy sub */
#define ROW_CHOICES 8  /* things cross rows 1..8 */
#define GAUGE_ROW   9
#define DEEPEST_ROW 8

/* Something that crosses the board. x is outside of it only within a step. */
typedef struct thing {
	uint8_t x, y;
	uint8_t right; /* 1: moves right, 0: left */
	uint8_t move_timer, shot_timer;
} thing;

/* Room for each kind. A fish, sub or diver moves every 6 steps at most and so stays less than 60 steps, a bullet 10. Enemies come
 * one a step at most, divers every 30 steps, own shots every 5; a sub shoots every 11 steps. */
#define ROOM_ENEMIES       64
#define ROOM_ENEMY_BULLETS 80
#define ROOM_BULLETS       4
#define ROOM_DIVERS        4

/* Lists keep the order in which things came. */
typedef struct state {
	int32_t x, y;
	int32_t right; /* which way the sub faces */
	int32_t oxygen;
	int32_t aboard;   /* divers; -1 and -2 after surfacing with a full load */
	int32_t surfaced; /* 1: has not dived since it last took air */
	int32_t spawn_interval, spawn_timer, diver_timer, move_interval, shot_timer, ramp_index;
	int32_t bullet_count, enemy_bullet_count, fish_count, sub_count, diver_count;
	int32_t action; /* carried out last */
	thing bullets[ROOM_BULLETS], enemy_bullets[ROOM_ENEMY_BULLETS], fish[ROOM_ENEMIES],
		subs[ROOM_ENEMIES], divers[ROOM_DIVERS];
} state;

/* things are five bytes each: x, y, right, move_timer, shot_timer */
static const bern_field fields[] = {
	{"x", BERN_I32, 1, offsetof(state, x)},
	{"y", BERN_I32, 1, offsetof(state, y)},
	{"right", BERN_I32, 1, offsetof(state, right)},
	{"oxygen", BERN_I32, 1, offsetof(state, oxygen)},
	{"aboard", BERN_I32, 1, offsetof(state, aboard)},
	{"surfaced", BERN_I32, 1, offsetof(state, surfaced)},
	{"spawn_interval", BERN_I32, 1, offsetof(state, spawn_interval)},
	{"spawn_timer", BERN_I32, 1, offsetof(state, spawn_timer)},
	{"diver_timer", BERN_I32, 1, offsetof(state, diver_timer)},
	{"move_interval", BERN_I32, 1, offsetof(state, move_interval)},
	{"shot_timer", BERN_I32, 1, offsetof(state, shot_timer)},
	{"ramp_index", BERN_I32, 1, offsetof(state, ramp_index)},
	{"bullet_count", BERN_I32, 1, offsetof(state, bullet_count)},
	{"enemy_bullet_count", BERN_I32, 1, offsetof(state, enemy_bullet_count)},
	{"fish_count", BERN_I32, 1, offsetof(state, fish_count)},
	{"sub_count", BERN_I32, 1, offsetof(state, sub_count)},
	{"diver_count", BERN_I32, 1, offsetof(state, diver_count)},
	{"action", BERN_I32, 1, offsetof(state, action)},
	{"bullets", BERN_U8, ROOM_BULLETS * sizeof(thing), offsetof(state, bullets)},
	{"enemy_bullets", BERN_U8, ROOM_ENEMY_BULLETS * sizeof(thing),
	 offsetof(state, enemy_bullets)},
	{"fish", BERN_U8, ROOM_ENEMIES * sizeof(thing), offsetof(state, fish)},
	{"subs", BERN_U8, ROOM_ENEMIES * sizeof(thing), offsetof(state, subs)},
	{"divers", BERN_U8, ROOM_DIVERS * sizeof(thing), offsetof(state, divers)},
};

/* ---- lists ------------------------------------------------------------------------------------------------ */

static void add(thing *list, int32_t *count, int32_t room, thing new_one)
{
	assert(*count < room);
	(void)room;
	list[(*count)++] = new_one;
}

static void drop(thing *list, int32_t *count, int32_t i)
{
	--*count;
	memmove(list + i, list + i + 1, (size_t)(*count - i) * sizeof *list);
}

/* The oldest thing on a cell, or -1. */
static int32_t find(const thing *list, int32_t count, int32_t x, int32_t y)
{
	for (int32_t i = 0; i < count; i++)
		if (list[i].x == x && list[i].y == y)
			return i;
	return -1;
}

/* Moves a thing by one cell. Returns 0, and leaves it where it is, if that is off the board. */
static int32_t advance(thing *t)
{
	int32_t x = t->x + (t->right ? 1 : -1);
	if (!minatar_inside(x))
		return 0;
	t->x = (uint8_t)x;
	return 1;
}

static int32_t on_player(const state *s, const thing *t)
{
	return t->x == s->x && t->y == s->y;
}

/* ---- one step, part by part --------------------------------------------------------------------------------- */

static void reset(const void *model, void *state_, bern_rng *rng)
{
	state *s = state_;
	(void)model;
	(void)rng;
	*s = (state){.x = 5,
		     .oxygen = MOST_OXYGEN,
		     .surfaced = 1,
		     .spawn_interval = SPAWN_TIME,
		     .spawn_timer = SPAWN_TIME,
		     .diver_timer = DIVER_TIME,
		     .move_interval = MOVE_TIME};
}

/* Whether a fish or an enemy sub in that row moves the other way. */
static int32_t opposed(const thing *list, int32_t count, uint8_t row, uint8_t right)
{
	for (int32_t i = 0; i < count; i++)
		if (list[i].y == row && list[i].right != right)
			return 1;
	return 0;
}

static void spawn_enemy(state *s, bern_rng *rng)
{
	uint8_t right = bern_rng_uniform(rng) < 0.5;
	int32_t is_sub = bern_rng_uniform(rng) < 1.0 / 3.0;
	uint8_t row = (uint8_t)(1 + bern_rng_below(rng, ROW_CHOICES));
	if (opposed(s->subs, s->sub_count, row, right) ||
	    opposed(s->fish, s->fish_count, row, right))
		return;
	thing new_one = {.x = right ? 0 : MINATAR_SIDE - 1,
			 .y = row,
			 .right = right,
			 .move_timer = (uint8_t)s->move_interval,
			 .shot_timer = is_sub ? ENEMY_SHOT : 0};
	if (is_sub)
		add(s->subs, &s->sub_count, ROOM_ENEMIES, new_one);
	else
		add(s->fish, &s->fish_count, ROOM_ENEMIES, new_one);
}

static void spawn_diver(state *s, bern_rng *rng)
{
	uint8_t right = bern_rng_uniform(rng) < 0.5;
	uint8_t row = (uint8_t)(1 + bern_rng_below(rng, ROW_CHOICES));
	thing new_one = {.x = right ? 0 : MINATAR_SIDE - 1,
			 .y = row,
			 .right = right,
			 .move_timer = MOVE_TIME};
	add(s->divers, &s->diver_count, ROOM_DIVERS, new_one);
}

static void act(state *s, int32_t a)
{
	if (a == MINATAR_FIRE && s->shot_timer == 0) {
		thing shot = {.x = (uint8_t)s->x, .y = (uint8_t)s->y, .right = (uint8_t)s->right};
		add(s->bullets, &s->bullet_count, ROOM_BULLETS, shot);
		s->shot_timer = SHOT_TIME;
		return;
	}
	s->x = minatar_walk(s->x, a);
	if (a == MINATAR_LEFT || a == MINATAR_RIGHT)
		s->right = a == MINATAR_RIGHT;
	if (a == MINATAR_UP && s->y > 0)
		s->y--;
	if (a == MINATAR_DOWN && s->y < DEEPEST_ROW)
		s->y++;
}

/* Own bullets, newest first: one takes a fish, or else a sub, from the cell it comes to. */
static void move_bullets(state *s, bern_outcome *out)
{
	for (int32_t i = s->bullet_count - 1; i >= 0; i--) {
		thing *b = &s->bullets[i];
		if (!advance(b)) {
			drop(s->bullets, &s->bullet_count, i);
			continue;
		}
		int32_t fish = find(s->fish, s->fish_count, b->x, b->y);
		int32_t sub = fish < 0 ? find(s->subs, s->sub_count, b->x, b->y) : -1;
		if (fish >= 0)
			drop(s->fish, &s->fish_count, fish);
		else if (sub >= 0)
			drop(s->subs, &s->sub_count, sub);
		else
			continue;
		out->reward += 1;
		drop(s->bullets, &s->bullet_count, i);
	}
}

static int32_t pick_up(state *s, const thing *t)
{
	if (!on_player(s, t) || s->aboard >= MOST_DIVERS)
		return 0;
	s->aboard++;
	return 1;
}

static void move_divers(state *s)
{
	for (int32_t i = s->diver_count - 1; i >= 0; i--) {
		thing *t = &s->divers[i];
		int32_t gone = pick_up(s, t);
		if (!gone && t->move_timer == 0) {
			t->move_timer = MOVE_TIME;
			gone = !advance(t) || pick_up(s, t);
		} else if (!gone) {
			t->move_timer--;
		}
		if (gone)
			drop(s->divers, &s->diver_count, i);
	}
}

/* One fish or enemy sub. Returns 1 if it is gone: off the board, or shot. */
static int32_t move_enemy(state *s, thing *t, bern_outcome *out)
{
	if (on_player(s, t))
		out->flags = BERN_TERMINATED;
	if (t->move_timer > 0) {
		t->move_timer--;
		return 0;
	}
	t->move_timer = (uint8_t)s->move_interval;
	if (!advance(t))
		return 1;
	if (on_player(s, t)) {
		out->flags = BERN_TERMINATED;
		return 0;
	}
	int32_t shot = find(s->bullets, s->bullet_count, t->x, t->y);
	if (shot < 0)
		return 0;
	drop(s->bullets, &s->bullet_count, shot);
	out->reward += 1;
	return 1;
}

/* A sub shoots even in the step in which it is shot or leaves the board. One that leaves shoots from the edge, not from beyond it:
 * either bullet is gone at the end of the step, and a player on the edge cell has been hit by the sub. */
static void move_subs(state *s, bern_outcome *out)
{
	for (int32_t i = s->sub_count - 1; i >= 0; i--) {
		thing *t = &s->subs[i];
		int32_t gone = move_enemy(s, t, out);
		if (t->shot_timer == 0) {
			t->shot_timer = ENEMY_SHOT;
			add(s->enemy_bullets, &s->enemy_bullet_count, ROOM_ENEMY_BULLETS,
			    (thing){.x = t->x, .y = t->y, .right = t->right});
		} else {
			t->shot_timer--;
		}
		if (gone)
			drop(s->subs, &s->sub_count, i);
	}
}

static void move_enemy_bullets(state *s, bern_outcome *out)
{
	for (int32_t i = s->enemy_bullet_count - 1; i >= 0; i--) {
		thing *t = &s->enemy_bullets[i];
		if (on_player(s, t))
			out->flags = BERN_TERMINATED;
		if (!advance(t))
			drop(s->enemy_bullets, &s->enemy_bullet_count, i);
		else if (on_player(s, t))
			out->flags = BERN_TERMINATED;
	}
}

static void move_fish(state *s, bern_outcome *out)
{
	for (int32_t i = s->fish_count - 1; i >= 0; i--)
		if (move_enemy(s, &s->fish[i], out))
			drop(s->fish, &s->fish_count, i);
}

/* The tenths of the oxygen that are left. */
static int32_t oxygen_cells(const state *s)
{
	return s->oxygen > 0 ? s->oxygen * MINATAR_SIDE / MOST_OXYGEN : 0;
}

static void surface(const minatar_model *m, state *s, bern_outcome *out)
{
	if (s->aboard == 0) {
		out->flags = BERN_TERMINATED;
		return;
	}
	s->surfaced = 1;
	if (s->aboard == MOST_DIVERS) {
		out->reward += oxygen_cells(s);
		s->aboard = 0;
	}
	s->oxygen = MOST_OXYGEN;
	s->aboard--;
	if (m->ramping && (s->spawn_interval > 1 || s->move_interval > LEAST_MOVE)) {
		if (s->move_interval > LEAST_MOVE && s->ramp_index % 2)
			s->move_interval--;
		if (s->spawn_interval > 1)
			s->spawn_interval--;
		s->ramp_index++;
	}
}

static void step(const void *model, void *state_, bern_rng *rng, const void *action,
		 bern_outcome *out)
{
	const minatar_model *m = model;
	state *s = state_;
	int32_t a = minatar_act(m, &s->action, rng, action);
	if (s->spawn_timer == 0) {
		spawn_enemy(s, rng);
		s->spawn_timer = s->spawn_interval;
	}
	if (s->diver_timer == 0) {
		spawn_diver(s, rng);
		s->diver_timer = DIVER_TIME;
	}
	act(s, a);
	move_bullets(s, out);
	move_divers(s);
	move_subs(s, out);
	move_enemy_bullets(s, out);
	move_fish(s, out);

	s->spawn_timer -= s->spawn_timer > 0;
	s->diver_timer -= s->diver_timer > 0;
	s->shot_timer -= s->shot_timer > 0;
	if (s->oxygen <= 0)
		out->flags = BERN_TERMINATED;
	if (s->y > 0) {
		s->oxygen--;
		s->surfaced = 0;
	} else if (!s->surfaced) {
		surface(m, s, out);
	}
}

/* ---- looking at it -------------------------------------------------------------------------------------------- */

enum {
	SUB_FRONT,
	SUB_BACK,
	OWN_BULLET,
	TRAIL,
	ENEMY_BULLET,
	ENEMY_FISH,
	ENEMY_SUB,
	OXYGEN,
	DIVERS_ABOARD,
	DIVER,
	CHANNELS
};

static void light_things(uint8_t *board, int32_t channel, const thing *list, int32_t count,
			 int32_t with_trail)
{
	for (int32_t i = 0; i < count; i++) {
		minatar_light(board, channel, list[i].x, list[i].y);
		if (with_trail)
			minatar_light(board, TRAIL, list[i].x + (list[i].right ? -1 : 1),
				      list[i].y);
	}
}

static void observe(const void *model, const void *state_, void *observation)
{
	const state *s = state_;
	uint8_t *board = observation; /* (10, 10, 10) */
	(void)model;
	memset(board, 0, (size_t)CHANNELS * MINATAR_CELLS);
	minatar_light(board, SUB_FRONT, s->x, s->y);
	minatar_light(board, SUB_BACK, s->x + (s->right ? -1 : 1), s->y);
	for (int32_t x = 0; x < oxygen_cells(s); x++)
		minatar_light(board, OXYGEN, x, GAUGE_ROW);
	for (int32_t i = 1; i <= s->aboard; i++)
		minatar_light(board, DIVERS_ABOARD, GAUGE_ROW - i, GAUGE_ROW);
	light_things(board, OWN_BULLET, s->bullets, s->bullet_count, 0);
	light_things(board, ENEMY_BULLET, s->enemy_bullets, s->enemy_bullet_count, 0);
	light_things(board, ENEMY_FISH, s->fish, s->fish_count, 1);
	light_things(board, ENEMY_SUB, s->subs, s->sub_count, 1);
	light_things(board, DIVER, s->divers, s->diver_count, 1);
}

static const minatar_channel channels[CHANNELS] = {
	[SUB_FRONT] = {"sub front", BERN_RGB(0x56, 0xb4, 0xe9)},
	[SUB_BACK] = {"sub back", BERN_RGB(0x00, 0x72, 0xb2)},
	[OWN_BULLET] = {"own bullet", BERN_RGB(250, 250, 250)},
	[TRAIL] = {"trail", BERN_RGB(70, 74, 84)},
	[ENEMY_BULLET] = {"enemy bullet", BERN_RGB(0xcc, 0x79, 0xa7)},
	[ENEMY_FISH] = {"enemy fish", BERN_RGB(0xe6, 0x9f, 0x00)},
	[ENEMY_SUB] = {"enemy sub", BERN_RGB(0xd5, 0x5e, 0x00)},
	[OXYGEN] = {"oxygen", BERN_RGB(150, 190, 210)},
	[DIVERS_ABOARD] = {"divers aboard", BERN_RGB(190, 180, 60)},
	[DIVER] = {"diver", BERN_RGB(0xf0, 0xe4, 0x42)}};
/* the two gauges share a row; six divers reach to where the oxygen is, and lie over it */
static const uint8_t layers[CHANNELS] = {TRAIL,     OXYGEN,     DIVERS_ABOARD, DIVER,    ENEMY_FISH,
					 ENEMY_SUB, OWN_BULLET, ENEMY_BULLET,  SUB_BACK, SUB_FRONT};
static const int32_t actions[6] = {MINATAR_NONE,  MINATAR_LEFT, MINATAR_UP,
				   MINATAR_RIGHT, MINATAR_DOWN, MINATAR_FIRE};
static const minatar_game game = {.channels = channels,
				  .layers = layers,
				  .actions = actions,
				  .channel_count = CHANNELS,
				  .action_count = 6,
				  .param_count = MINATAR_P_COUNT,
				  .state_size = sizeof(state),
				  .observe = observe};
MINATAR_OPENERS(game);

#define TABLE(id_, open_)                                                                          \
	MINATAR_TABLE(id_, "shoot, rescue divers and come up for air in time", fields,             \
		      MINATAR_P_COUNT, 0.10, 16, open_, reset, step, observe)

/* All actions do something, so both have the same. Solved: the published actor-critic (lambda 0.8) after 5 million frames. */
static const bern_env v0 = TABLE("Seaquest-v0", open_all);
static const bern_env v1 = TABLE("Seaquest-v1", open_few);

BERN_PLUGIN(minatar_seaquest, &v0, &v1);
