/* SpaceInvaders of MinAtar: a cannon shoots at a block of aliens that comes down and shoots back.
 *
 * Rules and order of events as in version 1.0.15 of the original: see minatar.h. Nothing is drawn at random beside sticky
 * actions. Channels: cannon, alien, alien moving left, alien moving right, own bullet, enemy bullet.
 */
#include "minatar.h"

#define ROWS           MINATAR_SIDE
#define CANNON_ROW     9
#define ALIEN_BLOCK    0xfc /* columns 2..7 */
#define SHOT_TIME      5    /* steps between own shots */
#define ALIEN_SHOT     10   /* and between those of the aliens */
#define ALIEN_INTERVAL 12
#define LEAST_INTERVAL 6

typedef struct state {
	int32_t x;              /* column of the cannon */
	int32_t right;          /* 1: the aliens move right, 0: left */
	int32_t alien_interval; /* most steps between moves of the aliens */
	int32_t alien_timer, alien_shot_timer, shot_timer;
	int32_t aliens[ROWS]; /* row by row from the top, bit x for column x */
	int32_t bullets[ROWS], enemy_bullets[ROWS];
	int32_t action; /* carried out last */
} state;

static const bern_field fields[] = {
	{"x", BERN_I32, 1, offsetof(state, x)},
	{"right", BERN_I32, 1, offsetof(state, right)},
	{"alien_interval", BERN_I32, 1, offsetof(state, alien_interval)},
	{"alien_timer", BERN_I32, 1, offsetof(state, alien_timer)},
	{"alien_shot_timer", BERN_I32, 1, offsetof(state, alien_shot_timer)},
	{"shot_timer", BERN_I32, 1, offsetof(state, shot_timer)},
	{"aliens", BERN_I32, ROWS, offsetof(state, aliens)},
	{"bullets", BERN_I32, ROWS, offsetof(state, bullets)},
	{"enemy_bullets", BERN_I32, ROWS, offsetof(state, enemy_bullets)},
	{"action", BERN_I32, 1, offsetof(state, action)},
};

static void fill_block(state *s)
{
	for (int32_t y = 0; y < 4; y++)
		s->aliens[y] = ALIEN_BLOCK;
}

static void reset(const void *model, void *state_, bern_rng *rng)
{
	state *s = state_;
	(void)model;
	(void)rng;
	*s = (state){.x = 5,
		     .alien_interval = ALIEN_INTERVAL,
		     .alien_timer = ALIEN_INTERVAL,
		     .alien_shot_timer = ALIEN_SHOT};
	fill_block(s);
}

static int32_t bits_of(int32_t row)
{
	int32_t count = 0;
	for (; row; row &= row - 1)
		count++;
	return count;
}

static int32_t count_aliens(const state *s)
{
	int32_t count = 0;
	for (int32_t y = 0; y < ROWS; y++)
		count += bits_of(s->aliens[y]);
	return count;
}

/* Columns with an alien, bit x for column x. */
static int32_t alien_columns(const state *s)
{
	int32_t columns = 0;
	for (int32_t y = 0; y < ROWS; y++)
		columns |= s->aliens[y];
	return columns;
}

static int32_t hit(const state *s, const int32_t rows[ROWS])
{
	return rows[CANNON_ROW] >> s->x & 1;
}

/* The aliens go one column on, or turn and go one row down. Returns whether they landed. */
static int32_t move_aliens(state *s)
{
	int32_t edge = s->right ? 1 << (MINATAR_SIDE - 1) : 1;
	if (alien_columns(s) & edge) {
		int32_t lowest = s->aliens[CANNON_ROW];
		s->right = !s->right;
		memmove(s->aliens + 1, s->aliens, sizeof *s->aliens * (ROWS - 1));
		s->aliens[0] = lowest;
		return lowest != 0;
	}
	for (int32_t y = 0; y < ROWS; y++)
		s->aliens[y] = s->right ? s->aliens[y] << 1 : s->aliens[y] >> 1;
	return 0;
}

/* The lowest alien of the column nearest to the cannon shoots; of two columns equally near the left one. */
static void alien_shot(state *s)
{
	int32_t columns = alien_columns(s), x = -1;
	for (int32_t far = 0; far < MINATAR_SIDE && x < 0; far++) {
		if (s->x - far >= 0 && (columns >> (s->x - far) & 1))
			x = s->x - far;
		else if (s->x + far < MINATAR_SIDE && (columns >> (s->x + far) & 1))
			x = s->x + far;
	}
	for (int32_t y = ROWS - 1; y >= 0 && x >= 0; y--)
		if (s->aliens[y] >> x & 1) {
			s->enemy_bullets[y] |= 1 << x;
			return;
		}
}

static void step(const void *model, void *state_, bern_rng *rng, const void *action,
		 bern_outcome *out)
{
	const minatar_model *m = model;
	state *s = state_;
	int32_t a = minatar_act(m, &s->action, rng, action), over = 0, hits = 0;
	if (a == MINATAR_FIRE && s->shot_timer == 0) {
		s->bullets[CANNON_ROW] |= 1 << s->x;
		s->shot_timer = SHOT_TIME;
	} else {
		s->x = minatar_walk(s->x, a);
	}

	memmove(s->bullets, s->bullets + 1, sizeof *s->bullets * (ROWS - 1));
	s->bullets[ROWS - 1] = 0;
	memmove(s->enemy_bullets + 1, s->enemy_bullets, sizeof *s->bullets * (ROWS - 1));
	s->enemy_bullets[0] = 0;
	over |= hit(s, s->enemy_bullets);

	over |= hit(s, s->aliens);
	if (s->alien_timer == 0) {
		int32_t count = count_aliens(s);
		s->alien_timer = count < s->alien_interval ? count : s->alien_interval;
		over |= move_aliens(s);
		over |= hit(s, s->aliens);
	}
	if (s->alien_shot_timer == 0) {
		s->alien_shot_timer = ALIEN_SHOT;
		alien_shot(s);
	}

	for (int32_t y = 0; y < ROWS; y++) {
		int32_t both = s->aliens[y] & s->bullets[y];
		hits += bits_of(both);
		s->aliens[y] &= ~both;
		s->bullets[y] &= ~both;
	}
	s->shot_timer -= s->shot_timer > 0;
	s->alien_timer--;
	s->alien_shot_timer--;
	if (alien_columns(s) == 0) {
		if (m->ramping && s->alien_interval > LEAST_INTERVAL)
			s->alien_interval--;
		fill_block(s);
	}
	out->reward = hits;
	out->flags = over ? BERN_TERMINATED : 0;
}

static void observe(const void *model, const void *state_, void *observation)
{
	const state *s = state_;
	uint8_t *board = observation; /* (6, 10, 10) */
	(void)model;
	memset(board, 0, (size_t)6 * MINATAR_CELLS);
	minatar_light(board, 0, s->x, CANNON_ROW);
	for (int32_t y = 0; y < ROWS; y++) {
		if (s->aliens[y]) {
			minatar_light_row(board, 1, y, s->aliens[y]);
			minatar_light_row(board, s->right ? 3 : 2, y, s->aliens[y]);
		}
		if (s->bullets[y])
			minatar_light_row(board, 4, y, s->bullets[y]);
		if (s->enemy_bullets[y])
			minatar_light_row(board, 5, y, s->enemy_bullets[y]);
	}
}

/* an alien is drawn in the colour of its direction, so that of the channel "alien" is never seen on the board */
static const minatar_channel channels[6] = {
	{"cannon", BERN_RGB(0x56, 0xb4, 0xe9)},      {"alien", BERN_RGB(0xcc, 0x79, 0xa7)},
	{"moving left", BERN_RGB(0xb0, 0x60, 0x90)}, {"moving right", BERN_RGB(0xe0, 0x90, 0xc0)},
	{"own bullet", BERN_RGB(0xf0, 0xe4, 0x42)},  {"enemy bullet", BERN_RGB(0xd5, 0x5e, 0x00)}};
static const uint8_t layers[6] = {1, 2, 3, 4, 5, 0};
static const int32_t actions[4] = {MINATAR_NONE, MINATAR_LEFT, MINATAR_RIGHT, MINATAR_FIRE};
static const minatar_game game = {.channels = channels,
				  .layers = layers,
				  .actions = actions,
				  .channel_count = 6,
				  .action_count = 4,
				  .param_count = MINATAR_P_COUNT,
				  .state_size = sizeof(state),
				  .observe = observe};
MINATAR_OPENERS(game);

#define TABLE(id_, random_, open_)                                                                 \
	MINATAR_TABLE(id_, "shoot aliens that come down and shoot back", fields, MINATAR_P_COUNT,  \
		      random_, 185, open_, reset, step, observe)

/* solved: the published actor-critic (lambda 0.8) after 5 million frames */
static const bern_env v0 = TABLE("SpaceInvaders-v0", 2.9, open_all);
static const bern_env v1 = TABLE("SpaceInvaders-v1", 4.1, open_few);

BERN_PLUGIN(minatar_space_invaders, &v0, &v1);
