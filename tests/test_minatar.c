/* The five MinAtar games do what the recorded steps of the original do, draw by draw; where no recording reaches they follow the
 * written rules, in positions that are set up by hand.
 *
 * The files of the games are compiled a second time against minatar/bern/rng.h, so that a script can hand out the draws.
 * BERN_MINATAR_TRACES names another file of traces to compare with. Its format:
 *
 *     # GAME seed N policy NAME                 a new episode, in a fresh environment
 *     reset  draws  hash  boards
 *     step  action-given  action-carried-out  reward  ended  draws  hash  [boards]
 *
 * with tabs between; draws are u<uniform> or i<n>:<integer below n>, or "-"; the hash is FNV-1a over the bytes of the observation;
 * boards are one number of 100 bits for each channel, bit 10 y + x, commas between.
 */
#include "env_run.h"

#include <inttypes.h>
#include <stdio.h>

#define MOST_DRAWS   32
#define MOST_BOARD   1000
#define MOST_COLUMNS 8
#define MOST_LINE    4096

bern_plugin_entry replayed_asterix, replayed_breakout, replayed_freeway, replayed_seaquest,
	replayed_space_invaders;

static const struct {
	const char *name; /* in a trace */
	const char *id;   /* without the version */
	bern_plugin_entry *entry;
} games[] = {{"asterix", "MinAtar/Asterix", replayed_asterix},
	     {"breakout", "MinAtar/Breakout", replayed_breakout},
	     {"freeway", "MinAtar/Freeway", replayed_freeway},
	     {"seaquest", "MinAtar/Seaquest", replayed_seaquest},
	     {"space_invaders", "MinAtar/SpaceInvaders", replayed_space_invaders}};
enum { ASTERIX, BREAKOUT, FREEWAY, SEAQUEST, SPACE_INVADERS, GAMES };
enum { NONE, LEFT, UP, RIGHT, DOWN, FIRE };

/* ---- scripted draws ------------------------------------------------------------------------------------- */

typedef struct draw {
	uint64_t below; /* n of an integer; 0: a uniform */
	double value;
} draw;

typedef struct script {
	draw draws[MOST_DRAWS];
	size_t count, next;
	int32_t wrong; /* 1: something was drawn that the script does not have here */
} script;

double replayed_uniform(void *script_)
{
	script *s = script_;
	if (s->next == s->count || s->draws[s->next].below) {
		s->wrong = 1;
		return 0.5;
	}
	return s->draws[s->next++].value;
}

uint64_t replayed_below(void *script_, uint64_t n)
{
	script *s = script_;
	if (s->next == s->count || s->draws[s->next].below != n) {
		s->wrong = 1;
		return 0;
	}
	return (uint64_t)s->draws[s->next++].value;
}

/* "u0.25 i8:3", or "-" for none. Returns whether it is that. */
static int parse_draws(const char *text, script *s)
{
	memset(s, 0, sizeof *s);
	if (strcmp(text, "-") == 0)
		return 1;
	while (*text) {
		char *end;
		draw *d = &s->draws[s->count];
		if (s->count == MOST_DRAWS)
			return 0;
		if (*text == 'u') {
			d->value = strtod(text + 1, &end);
			if (end == text + 1 || !(d->value >= 0 && d->value < 1))
				return 0;
		} else if (*text == 'i') {
			d->below = strtoull(text + 1, &end, 10);
			if (*end != ':' || d->below == 0)
				return 0;
			d->value = (double)strtoull(end + 1, &end, 10);
			if (!(d->value < (double)d->below))
				return 0;
		} else {
			return 0;
		}
		s->count++;
		text = end + (*end == ' ');
		if (*end && *end != ' ')
			return 0;
	}
	return s->count > 0;
}

/* ---- a game in hand --------------------------------------------------------------------------------------- */

typedef struct play {
	env_run run;
	script script;
	uint8_t board[MOST_BOARD];
} play;

/* Opens version 0 or 1 of a game, compiled for scripts, with or without one setting. */
static void play_open(play *p, int game, int version, const char *key, const char *value)
{
	bern_error e;
	const bern_env *env;
	char id[64];
	const bern_setting setting = {key, value};
	memset(p, 0, sizeof *p);
	snprintf(id, sizeof id, "%s-v%d", games[game].id, version);
	ck_assert_int_eq(bern_registry_create(&p->run.registry, &e), 0);
	ck_assert_msg(bern_registry_adopt(p->run.registry, games[game].entry(), "replayed", &e) ==
			      0,
		      "%s", e.text);
	ck_assert_msg(bern_registry_find(p->run.registry, id, &env, &e) == 0, "%s", e.text);
	ck_assert_msg(bern_world_open(&p->run.world, env, &setting, key ? 1 : 0, &e) == 0, "%s",
		      e.text);
	p->run.state = aligned_alloc(16, p->run.world.state_stride);
	ck_assert_ptr_nonnull(p->run.state);
	memset(p->run.state, 0xa5, p->run.world.state_stride);
	ck_assert_uint_le(p->run.world.observation_bytes, sizeof p->board);
}

static struct bern_rng *script_rng(play *p)
{
	return (struct bern_rng *)(void *)&p->script;
}

static void play_look(play *p)
{
	p->run.world.env->observe(p->run.world.instance.model, p->run.state, p->board);
}

static void play_reset(play *p, const char *draws)
{
	ck_assert_msg(parse_draws(draws, &p->script), "draws \"%s\"", draws);
	p->run.world.env->reset(p->run.world.instance.model, p->run.state, script_rng(p));
	p->run.flags = 0;
	play_look(p);
}

/* One step with the script as it is. */
static void play_on(play *p, int32_t action)
{
	bern_outcome out = {0};
	p->run.world.env->step(p->run.world.instance.model, p->run.state, script_rng(p), &action,
			       &out);
	p->run.reward = out.reward;
	p->run.flags = out.flags;
	play_look(p);
}

/* A step that draws exactly what is given. */
static void play_step(play *p, int32_t action, const char *draws)
{
	ck_assert_msg(parse_draws(draws, &p->script), "draws \"%s\"", draws);
	play_on(p, action);
	ck_assert_msg(!p->script.wrong && p->script.next == p->script.count,
		      "the step drew other things than \"%s\"", draws);
}

static int32_t *number(play *p, const char *field)
{
	return env_field(&p->run, field);
}

static uint8_t *bytes(play *p, const char *field)
{
	return env_field(&p->run, field);
}

static int lit(const play *p, int channel, int x, int y)
{
	return p->board[100 * channel + 10 * y + x];
}

static int lights(const play *p, int channel)
{
	int count = 0;
	for (int i = 0; i < 100; i++)
		count += p->board[100 * channel + i];
	return count;
}

/* ---- comparing with a trace --------------------------------------------------------------------------------- */

typedef struct comparison {
	play play;
	int open, over;
	size_t line, episodes, steps, boards, steps_of[GAMES];
	int game;
	char fault[512]; /* the first thing that differs; "" if nothing */
} comparison;

static void comparison_close(comparison *c)
{
	if (c->open)
		env_close(&c->play.run);
	c->open = 0;
}

static void differs(comparison *c, const char *what, const char *expected, const char *given)
{
	if (!c->fault[0])
		snprintf(c->fault, sizeof c->fault, "line %zu: %s: recorded %.200s, here %.200s",
			 c->line, what, expected, given);
}

static void malformed(comparison *c, const char *what)
{
	differs(c, "the file", "a line as the format says", what);
}

/* A column that is a whole number, all of it. */
static int whole(const char *text, long *out)
{
	char *end;
	*out = strtol(text, &end, 10);
	return end != text && *end == '\0';
}

static void compare_number(comparison *c, const char *what, const char *recorded, double here)
{
	long number;
	char text[64];
	snprintf(text, sizeof text, "%.17g", here);
	if (!whole(recorded, &number))
		malformed(c, what);
	else if ((double)number != here)
		differs(c, what, recorded, text);
}

/* The observation's hash, and its channels if they are recorded. */
static void compare_observation(comparison *c, const char *hash, const char *boards)
{
	const uint8_t *board = c->play.board;
	size_t size = c->play.run.world.observation_bytes;
	uint64_t h = 0xcbf29ce484222325;
	char text[32 * 10] = "";
	for (size_t i = 0; i < size; i++)
		h = (h ^ board[i]) * 0x100000001b3;
	snprintf(text, sizeof text, "%016" PRIx64, h);
	if (boards) {
		char here[32 * 10];
		size_t used = 0;
		c->boards++;
		for (size_t k = 0; k < size / 100; k++) {
			int any = 0;
			for (size_t i = 0; i < 100; i++)
				any |= board[100 * k + i];
			here[used] = ',';
			used += k > 0;
			for (int digit = 24; digit >= 0 && any; digit--) {
				const uint8_t *four = board + 100 * k + 4 * (size_t)digit;
				here[used++] = "0123456789abcdef"[four[0] | four[1] << 1 |
								  four[2] << 2 | four[3] << 3];
			}
			if (!any)
				here[used++] = '0';
		}
		here[used] = '\0';
		if (strcmp(boards, here) != 0)
			differs(c, "the channels", boards, here);
	}
	if (strcmp(hash, text) != 0)
		differs(c, "the hash of the observation", hash, text);
}

static void compare_draws(comparison *c, const char *recorded)
{
	const script *s = &c->play.script;
	char here[64];
	snprintf(here, sizeof here, "%zu of %zu, %s", s->next, s->count,
		 s->wrong ? "and then another" : "no more");
	if (s->wrong || s->next != s->count)
		differs(c, "the draws", recorded, here);
}

static void start_game(comparison *c, const char *name)
{
	comparison_close(c);
	for (c->game = 0; c->game < GAMES; c->game++)
		if (strcmp(games[c->game].name, name) == 0)
			break;
	if (c->game == GAMES) {
		malformed(c, name);
		return;
	}
	play_open(&c->play, c->game, 0, NULL, NULL);
	c->open = 1;
	c->over = 1;
	c->episodes++;
}

static void compare_line(comparison *c, char *line)
{
	char *columns[MOST_COLUMNS] = {line}, name[64];
	size_t count = 1;
	long step, action;
	line[strcspn(line, "\r\n")] = '\0';
	if (sscanf(line, "# %63s seed", name) == 1) {
		start_game(c, name);
		return;
	}
	for (char *p = line; *p; p++)
		if (*p == '\t') {
			*p = '\0';
			if (count == MOST_COLUMNS) {
				malformed(c, "more columns");
				return;
			}
			columns[count++] = p + 1;
		}
	if (!c->open) {
		malformed(c, "no game yet");
	} else if (strcmp(columns[0], "reset") == 0) {
		if (count != 4 || !parse_draws(columns[1], &c->play.script)) {
			malformed(c, "reset");
			return;
		}
		play_reset(&c->play, columns[1]);
		c->over = 0;
		compare_draws(c, columns[1]);
		compare_observation(c, columns[2], columns[3]);
	} else if (count < 7 || !whole(columns[0], &step) || !whole(columns[1], &action) ||
		   action < 0 || action > 5 || !parse_draws(columns[5], &c->play.script)) {
		malformed(c, "a step");
	} else if (c->over) {
		malformed(c, "a step after the end");
	} else {
		play_on(&c->play, (int32_t)action);
		c->over = c->play.run.flags != 0;
		c->steps++;
		c->steps_of[c->game]++;
		compare_draws(c, columns[5]);
		compare_number(c, "the action carried out", columns[2],
			       *number(&c->play, "action"));
		compare_number(c, "the reward", columns[3], c->play.run.reward);
		compare_number(c, "the end", columns[4], c->play.run.flags == BERN_TERMINATED);
		compare_observation(c, columns[6], count == 8 ? columns[7] : NULL);
	}
}

/* Compares a file of traces until something differs. */
static void compare(comparison *c, FILE *file)
{
	char line[MOST_LINE];
	memset(c, 0, sizeof *c);
	while (!c->fault[0] && fgets(line, sizeof line, file)) {
		c->line++;
		compare_line(c, line);
	}
	if (ferror(file))
		differs(c, "the file", "readable", "not so");
	comparison_close(c);
}

START_TEST(every_recorded_step_is_reproduced)
{
	comparison c;
	const char *given = getenv("BERN_MINATAR_TRACES");
	const char *path = given && *given ? given : BERN_TEST_DATA "/minatar-traces.txt";
	FILE *file = fopen(path, "r");
	ck_assert_msg(file != NULL, "%s cannot be read", path);
	compare(&c, file);
	fclose(file);
	ck_assert_msg(c.fault[0] == '\0', "%s: %s", path, c.fault);
	ck_assert_msg(c.steps > 0, "%s has no step", path);
	if (path != given) {
		/* what is in the file that comes along */
		ck_assert_uint_eq(c.episodes, 33);
		ck_assert_uint_eq(c.steps, 13515);
		for (int game = 0; game < GAMES; game++)
			ck_assert_uint_gt(c.steps_of[game], 900);
	}
}
END_TEST

/* The first lines of a game's first episode, with one character of one column changed. */
START_TEST(a_change_in_any_column_is_noticed)
{
	enum { LINES = 40 };
	static char lines[LINES][MOST_LINE];
	char line[MOST_LINE], header[64];
	size_t count = 0, changed = 0;
	FILE *file = fopen(BERN_TEST_DATA "/minatar-traces.txt", "r");
	ck_assert_ptr_nonnull(file);
	snprintf(header, sizeof header, "# %s seed", games[_i].name);
	while (count < LINES && fgets(line, sizeof line, file))
		if (count || strncmp(line, header, strlen(header)) == 0)
			memcpy(lines[count++], line, sizeof line);
	fclose(file);
	for (size_t i = 2; i < count && lines[i][0] != '#'; i++)
		for (size_t column = 2; column < MOST_COLUMNS; column++) {
			comparison c;
			char *at = lines[i];
			for (size_t k = 0; k < column && at; k++)
				at = strchr(at, '\t') ? strchr(at, '\t') + 1 : NULL;
			/* a draw's value may change without effect; its kind may not */
			if (!at)
				break;
			char kept = *at;
			*at = column == 5 ? (kept == 'u' ? 'i' : 'u') : kept == '0' ? '1' : '0';
			FILE *copy = tmpfile();
			ck_assert_ptr_nonnull(copy);
			for (size_t k = 0; k <= i; k++)
				fputs(lines[k], copy);
			rewind(copy);
			compare(&c, copy);
			fclose(copy);
			ck_assert_msg(c.fault[0] && c.line == i + 1,
				      "%s: column %zu of line %zu changed unseen (%s)",
				      games[_i].name, column, i + 1, c.fault);
			*at = kept;
			changed++;
		}
	ck_assert_uint_ge(changed, 6 * 15);
}
END_TEST

/* ---- rules that no recording reaches -------------------------------------------------------------------------- */

START_TEST(few_actions_are_those_that_do_something_in_order)
{
	static const struct {
		const char *labels[6];
		int32_t actions[6], count;
	} few[GAMES] = {[ASTERIX] = {{"none", "left", "up", "right", "down"},
				     {NONE, LEFT, UP, RIGHT, DOWN},
				     5},
			[BREAKOUT] = {{"none", "left", "right"}, {NONE, LEFT, RIGHT}, 3},
			[FREEWAY] = {{"none", "up", "down"}, {NONE, UP, DOWN}, 3},
			[SEAQUEST] = {{"none", "left", "up", "right", "down", "fire"},
				      {NONE, LEFT, UP, RIGHT, DOWN, FIRE},
				      6},
			[SPACE_INVADERS] = {
				{"none", "left", "right", "fire"}, {NONE, LEFT, RIGHT, FIRE}, 4}};
	static const char *const starts[GAMES] = {
		"-", "i2:0",
		"i5:0 i5:0 i5:0 i5:0 i5:0 i5:0 i5:0 i5:0 u0.1 u0.1 u0.1 u0.1 u0.1 u0.1 u0.1 u0.1",
		"-", "-"};
	for (int game = 0; game < GAMES; game++) {
		play p;
		play_open(&p, game, 1, NULL, NULL);
		const bern_space *space = &p.run.world.instance.action;
		ck_assert_int_eq(space->sizes[0], few[game].count);
		for (int32_t i = 0; i < few[game].count; i++) {
			ck_assert_str_eq(space->labels[i], few[game].labels[i]);
			play_reset(&p, starts[game]);
			play_step(&p, i, "u0.9");
			ck_assert_int_eq(*number(&p, "action"), few[game].actions[i]);
		}
		env_close(&p.run);
		play_open(&p, game, 0, NULL, NULL);
		ck_assert_int_eq(p.run.world.instance.action.sizes[0], 6);
		env_close(&p.run);
	}
}
END_TEST

START_TEST(an_action_sticks_below_the_probability_and_not_beyond_a_reset)
{
	play p;
	play_open(&p, ASTERIX, 0, NULL, NULL);
	play_reset(&p, "-");
	play_step(&p, RIGHT, "u0.09999");
	ck_assert_int_eq(*number(&p, "x"), 5); /* none came before */
	play_step(&p, RIGHT, "u0.1");
	ck_assert_int_eq(*number(&p, "x"), 6);
	play_step(&p, LEFT, "u0");
	ck_assert_int_eq(*number(&p, "x"), 7);
	/* what sticks is what was carried out, not what was given */
	play_step(&p, NONE, "u0");
	ck_assert_int_eq(*number(&p, "x"), 8);
	play_reset(&p, "-");
	play_step(&p, LEFT, "u0");
	ck_assert_int_eq(*number(&p, "x"), 5);
	env_close(&p.run);

	play_open(&p, ASTERIX, 0, "sticky_action_prob", "0");
	play_reset(&p, "-");
	play_step(&p, LEFT, "u0");
	ck_assert_int_eq(*number(&p, "x"), 4);
	env_close(&p.run);

	play_open(&p, ASTERIX, 0, "sticky_action_prob", "1");
	play_reset(&p, "-");
	play_step(&p, LEFT, "u0.99999");
	ck_assert_int_eq(*number(&p, "x"), 5);
	env_close(&p.run);
}
END_TEST

START_TEST(asterix_places_nothing_in_a_full_board)
{
	play p;
	play_open(&p, ASTERIX, 0, NULL, NULL);
	play_reset(&p, "-");
	memset(bytes(&p, "kind"), 1, 8);
	memset(bytes(&p, "at"), 2, 8);
	*number(&p, "spawn_timer") = 0;
	play_step(&p, NONE, "u0.9 u0.1 u0.1");
	ck_assert_int_eq(*number(&p, "spawn_timer"), 9);
	ck_assert_int_eq(lights(&p, 1), 8);
	ck_assert_int_eq(lights(&p, 3), 0);
	/* two are empty: the second of them, which is row 6; at 1/2 from the right, at 1/3 an enemy */
	bytes(&p, "kind")[3] = bytes(&p, "kind")[5] = 0;
	*number(&p, "spawn_timer") = 0;
	play_step(&p, NONE, "u0.9 u0.5 u0.33333333333333331 i2:1");
	ck_assert_int_eq(lit(&p, 1, 9, 6), 1);
	ck_assert_int_eq(lights(&p, 2), 6); /* the new one's would be off the board */
	*number(&p, "spawn_timer") = 0;
	play_step(&p, NONE, "u0.9 u0.49999999999999994 u0.33333333333333326 i1:0");
	ck_assert_int_eq(lit(&p, 3, 0, 4), 1);
	env_close(&p.run);
}
END_TEST

START_TEST(asterix_grows_faster_by_turns_and_stops_at_one)
{
	play p;
	play_open(&p, ASTERIX, 0, NULL, NULL);
	play_reset(&p, "-");
	*number(&p, "ramp_timer") = -1;
	play_step(&p, NONE, "u0.9");
	ck_assert_int_eq(*number(&p, "spawn_interval"), 9);
	ck_assert_int_eq(*number(&p, "move_interval"), 5);
	ck_assert_int_eq(*number(&p, "ramp_timer"), 100);
	*number(&p, "ramp_timer") = -1;
	play_step(&p, NONE, "u0.9");
	ck_assert_int_eq(*number(&p, "spawn_interval"), 8);
	ck_assert_int_eq(*number(&p, "move_interval"), 4);
	/* at the fastest something appears and everything moves in every step */
	play_reset(&p, "-");
	*number(&p, "spawn_interval") = *number(&p, "spawn_timer") = 1;
	*number(&p, "move_interval") = *number(&p, "move_timer") = 1;
	play_step(&p, NONE, "u0.9");
	play_step(&p, NONE, "u0.9 u0.1 u0.1 i8:0");
	play_step(&p, NONE, "u0.9 u0.1 u0.1 i7:0");
	ck_assert_int_eq(bytes(&p, "at")[0], 2);
	ck_assert_int_eq(bytes(&p, "at")[1], 1);
	ck_assert_int_eq(*number(&p, "ramp_timer"), 100);
	*number(&p, "ramp_timer") = -1;
	play_step(&p, NONE, "u0.9 u0.1 u0.1 i6:0");
	ck_assert_int_eq(*number(&p, "spawn_interval"), 1);
	ck_assert_int_eq(*number(&p, "move_interval"), 1);
	ck_assert_int_eq(*number(&p, "ramp_timer"), -1);
	/* one of the two at its end does not hold up the other */
	play_reset(&p, "-");
	*number(&p, "ramp_timer") = -1;
	*number(&p, "move_interval") = 1;
	play_step(&p, NONE, "u0.9");
	ck_assert_int_eq(*number(&p, "spawn_interval"), 9);
	*number(&p, "ramp_timer") = -1;
	*number(&p, "ramp_index") = 1;
	*number(&p, "spawn_interval") = 1;
	*number(&p, "move_interval") = 3;
	play_step(&p, NONE, "u0.9");
	ck_assert_int_eq(*number(&p, "spawn_interval"), 1);
	ck_assert_int_eq(*number(&p, "move_interval"), 2);
	env_close(&p.run);

	play_open(&p, ASTERIX, 0, "difficulty_ramping", "false");
	play_reset(&p, "-");
	*number(&p, "ramp_timer") = -1;
	*number(&p, "ramp_index") = 1;
	play_step(&p, NONE, "u0.9");
	ck_assert_int_eq(*number(&p, "spawn_interval"), 10);
	ck_assert_int_eq(*number(&p, "move_interval"), 5);
	env_close(&p.run);
}
END_TEST

/* Puts the ball above the last row, on its way down to the right, and the paddle into a column. */
static void last_row(play *p, int32_t paddle)
{
	play_reset(p, "i2:0");
	*number(p, "x") = 3;
	*number(p, "y") = 8;
	*number(p, "direction") = 2;
	*number(p, "paddle") = paddle;
	memset(number(p, "bricks"), 0, 3 * sizeof(int32_t));
}

START_TEST(breakout_fills_an_empty_wall_when_the_ball_is_down_whether_caught_or_lost)
{
	play p;
	play_open(&p, BREAKOUT, 0, NULL, NULL);
	last_row(&p, 9);
	play_step(&p, NONE, "u0.9");
	ck_assert_uint_eq(p.run.flags, BERN_TERMINATED);
	ck_assert_int_eq(lights(&p, 3), 30);
	ck_assert_int_eq(lit(&p, 1, 4, 9), 1);
	/* under the ball: back up to the right */
	last_row(&p, 3);
	play_step(&p, NONE, "u0.9");
	ck_assert_uint_eq(p.run.flags, 0);
	ck_assert_int_eq(lights(&p, 3), 30);
	ck_assert_int_eq(lit(&p, 1, 4, 8), 1);
	ck_assert_int_eq(*number(&p, "direction"), 1);
	/* where it comes down: back where it came from; the paddle moves first */
	last_row(&p, 5);
	play_step(&p, LEFT, "u0.9");
	ck_assert_uint_eq(p.run.flags, 0);
	ck_assert_int_eq(*number(&p, "direction"), 0);
	/* one brick is left: nothing is filled */
	last_row(&p, 9);
	number(&p, "bricks")[1] = 1;
	play_step(&p, NONE, "u0.9");
	ck_assert_int_eq(lights(&p, 3), 1);
	env_close(&p.run);
}
END_TEST

START_TEST(freeway_takes_2501_steps_and_a_draw_of_a_half_as_left)
{
	play p;
	play_open(&p, FREEWAY, 0, NULL, NULL);
	play_reset(&p,
		   "i5:0 i5:1 i5:2 i5:3 i5:4 i5:0 i5:0 i5:0 u0.5 u0.50000000000000011 u0.49 u0.1 "
		   "u0.1 u0.1 u0.1 u0.1");
	ck_assert_int_eq(bytes(&p, "right")[0], 0);
	ck_assert_int_eq(bytes(&p, "right")[1], 1);
	ck_assert_int_eq(bytes(&p, "right")[2], 0);
	for (int t = 1; t <= 2501; t++) {
		ck_assert_uint_eq(p.run.flags, 0);
		play_step(&p, NONE, "u0.9");
		/* a car moves every wait + 1 steps, the first time after wait steps, round the board */
		ck_assert_int_eq(bytes(&p, "at")[1], (t / 3) % 10);
		ck_assert_int_eq(bytes(&p, "at")[0], (10 - t / 2 % 10) % 10);
	}
	ck_assert_uint_eq(p.run.flags, BERN_TERMINATED);
	env_close(&p.run);
}
END_TEST

START_TEST(walking_into_an_alien_ends_space_invaders)
{
	play p;
	play_open(&p, SPACE_INVADERS, 0, NULL, NULL);
	play_reset(&p, "-");
	number(&p, "aliens")[9] = 1 << 6;
	play_step(&p, NONE, "u0.9");
	ck_assert_uint_eq(p.run.flags, 0);
	play_step(&p, RIGHT, "u0.9");
	ck_assert_uint_eq(p.run.flags, BERN_TERMINATED);
	/* an alien that turns in the last row ends it too, and comes back on top */
	play_reset(&p, "-");
	memset(number(&p, "aliens"), 0, 10 * sizeof(int32_t));
	number(&p, "aliens")[9] = 1;
	*number(&p, "alien_timer") = 0;
	play_step(&p, NONE, "u0.9");
	ck_assert_uint_eq(p.run.flags, BERN_TERMINATED);
	ck_assert_int_eq(lit(&p, 1, 0, 0), 1);
	ck_assert_int_eq(lit(&p, 3, 0, 0), 1); /* now moving right */
	ck_assert_int_eq(lights(&p, 1), 1);
	env_close(&p.run);
}
END_TEST

/* One alien is left, one row above an own bullet's next cell; its interval is given. Returns that after it is shot. */
static int32_t interval_after_the_last(play *p, int32_t interval)
{
	play_reset(p, "-");
	memset(number(p, "aliens"), 0, 10 * sizeof(int32_t));
	number(p, "aliens")[5] = 1 << 4;
	number(p, "bullets")[6] = 1 << 4;
	*number(p, "alien_interval") = interval;
	play_step(p, NONE, "u0.9");
	ck_assert_int_eq((int)p->run.reward, 1);
	ck_assert_int_eq(lights(p, 1), 24);
	ck_assert_int_eq(lights(p, 4), 0);
	return *number(p, "alien_interval");
}

START_TEST(aliens_come_back_faster_down_to_six_steps)
{
	play p;
	play_open(&p, SPACE_INVADERS, 0, NULL, NULL);
	ck_assert_int_eq(interval_after_the_last(&p, 12), 11);
	ck_assert_int_eq(interval_after_the_last(&p, 7), 6);
	ck_assert_int_eq(interval_after_the_last(&p, 6), 6);
	/* the timer of 24 aliens is the interval, that of few is their number */
	*number(&p, "alien_timer") = 0;
	play_step(&p, NONE, "u0.9");
	ck_assert_int_eq(*number(&p, "alien_timer"), 5);
	env_close(&p.run);
	play_open(&p, SPACE_INVADERS, 0, "difficulty_ramping", "false");
	ck_assert_int_eq(interval_after_the_last(&p, 12), 12);
	env_close(&p.run);
}
END_TEST

/* The sub comes up with some divers and some oxygen. */
static void come_up(play *p, int32_t divers, int32_t oxygen, int32_t ramp_index)
{
	play_reset(p, "-");
	*number(p, "y") = 1;
	*number(p, "surfaced") = 0;
	*number(p, "aboard") = divers;
	*number(p, "oxygen") = oxygen;
	*number(p, "ramp_index") = ramp_index;
	play_step(p, UP, "u0.9");
}

START_TEST(seaquest_pays_for_six_divers_by_the_oxygen_left)
{
	play p;
	play_open(&p, SEAQUEST, 0, NULL, NULL);
	come_up(&p, 0, 100, 0);
	ck_assert_uint_eq(p.run.flags, BERN_TERMINATED);
	ck_assert_int_eq(*number(&p, "oxygen"), 100);
	come_up(&p, 1, 100, 0);
	ck_assert_uint_eq(p.run.flags, 0);
	ck_assert_int_eq((int)p.run.reward, 0);
	ck_assert_int_eq(*number(&p, "oxygen"), 200);
	ck_assert_int_eq(*number(&p, "aboard"), 0);
	ck_assert_int_eq(*number(&p, "spawn_interval"), 19);
	ck_assert_int_eq(*number(&p, "move_interval"), 5);
	come_up(&p, 6, 119, 1);
	ck_assert_int_eq((int)p.run.reward, 5);
	ck_assert_int_eq(*number(&p, "aboard"), -1);
	ck_assert_int_eq(lights(&p, 8), 0);
	ck_assert_int_eq(*number(&p, "move_interval"), 4);
	come_up(&p, -1, 0, 0); /* ends for want of air, not of divers */
	ck_assert_uint_eq(p.run.flags, BERN_TERMINATED);
	ck_assert_int_eq(*number(&p, "aboard"), -2);
	/* each interval goes down to its own end */
	play_reset(&p, "-");
	for (int i = 0; i < 40; i++) {
		*number(&p, "y") = 1;
		*number(&p, "surfaced") = 0;
		*number(&p, "aboard") = 1;
		*number(&p, "spawn_timer") = *number(&p, "diver_timer") = 9;
		play_step(&p, UP, "u0.9");
		int done = i + 1;
		ck_assert_int_eq(*number(&p, "spawn_interval"), done < 19 ? 20 - done : 1);
		ck_assert_int_eq(*number(&p, "move_interval"), done < 6 ? 5 - done / 2 : 2);
		/* with both at the end, after 19, nothing is counted on */
		ck_assert_int_eq(*number(&p, "ramp_index"), done < 19 ? done : 19);
	}
	env_close(&p.run);
	play_open(&p, SEAQUEST, 0, "difficulty_ramping", "false");
	come_up(&p, 1, 100, 1);
	ck_assert_int_eq(*number(&p, "spawn_interval"), 20);
	ck_assert_int_eq(*number(&p, "move_interval"), 5);
	env_close(&p.run);
}
END_TEST

/* Puts one enemy sub, about to move right and to shoot, into row 3. */
static void lone_sub(play *p, uint8_t x)
{
	const uint8_t sub[5] = {x, 3, 1, 0, 0};
	play_reset(p, "-");
	*number(p, "sub_count") = 1;
	memcpy(bytes(p, "subs"), sub, sizeof sub);
}

START_TEST(seaquest_subs_shoot_in_the_step_they_are_shot_and_not_from_beyond_the_board)
{
	const uint8_t bullet[5] = {6, 3, 0, 0, 0};
	play p;
	play_open(&p, SEAQUEST, 0, NULL, NULL);
	lone_sub(&p, 4);
	*number(&p, "bullet_count") = 1;
	memcpy(bytes(&p, "bullets"), bullet, sizeof bullet);
	play_step(&p, NONE, "u0.9");
	ck_assert_int_eq((int)p.run.reward, 1);
	ck_assert_int_eq(lights(&p, 2) + lights(&p, 6), 0);
	ck_assert_int_eq(lights(&p, 4), 1);
	ck_assert_int_eq(lit(&p, 4, 6, 3), 1);
	/* off the board, and its bullet with it */
	lone_sub(&p, 9);
	play_step(&p, NONE, "u0.9");
	ck_assert_int_eq(lights(&p, 4) + lights(&p, 6), 0);
	ck_assert_int_eq(*number(&p, "enemy_bullet_count"), 0);
	/* one that stays moves on and shoots from there */
	lone_sub(&p, 7);
	play_step(&p, NONE, "u0.9");
	ck_assert_int_eq(lit(&p, 6, 8, 3), 1);
	ck_assert_int_eq(lit(&p, 4, 9, 3), 1);
	env_close(&p.run);
}
END_TEST

START_TEST(seaquest_has_room_for_the_most_enemies_that_there_can_be)
{
	env_run run;
	int32_t most = 0, most_bullets = 0;
	env_open(&run, "MinAtar/Seaquest-v1", NULL, 0);
	env_seed(&run, 3);
	env_reset(&run);
	/* one enemy a step, each at its slowest: faster than ramping ever lets it be; nothing reaches the surface */
	*(int32_t *)env_field(&run, "spawn_interval") = 1;
	for (int t = 0; t < 20000; t++) {
		ck_assert_uint_eq(env_step(&run, NONE), 0);
		int32_t fish = *(int32_t *)env_field(&run, "fish_count");
		int32_t subs = *(int32_t *)env_field(&run, "sub_count");
		int32_t bullets = *(int32_t *)env_field(&run, "enemy_bullet_count");
		most = fish + subs > most ? fish + subs : most;
		most_bullets = bullets > most_bullets ? bullets : most_bullets;
	}
	ck_assert_int_le(most, 60);
	/* all 60 could be of one kind; a thing takes five bytes */
	for (uint32_t i = 0; i < run.world.env->field_count; i++) {
		const bern_field *f = &run.world.env->fields[i];
		if (strcmp(f->name, "fish") == 0 || strcmp(f->name, "subs") == 0)
			ck_assert_uint_ge(f->count / 5, 61);
	}
	ck_assert_int_ge(most, 40);
	ck_assert_int_ge(most_bullets, 5);
	env_close(&run);
}
END_TEST

START_TEST(settings_outside_their_range_or_of_another_game_are_refused)
{
	env_run run;
	bern_error e;
	bern_setting sticky = {"sticky_action_prob", "1.5"},
		     ramping = {"difficulty_ramping", "false"};
	ck_assert_int_ne(env_try(&run, "MinAtar/Asterix-v1", &sticky, 1, &e), 0);
	ck_assert_msg(strstr(e.text, "sticky_action_prob: 1.5 is outside [0, 1]") != NULL, "%s",
		      e.text);
	ck_assert_int_ne(env_try(&run, "MinAtar/Freeway-v1", &ramping, 1, &e), 0);
	ck_assert_msg(strstr(e.text, "difficulty_ramping") != NULL, "%s", e.text);
	ck_assert_int_ne(env_try(&run, "MinAtar/Breakout-v0", &ramping, 1, &e), 0);
}
END_TEST

/* ---- random actions ------------------------------------------------------------------------------------------- */

/* The original's own mean returns over 3,000 episodes (Freeway 100), with two figures behind the point or, for SpaceInvaders, one.
 * Both means are samples, so that the difference has the variance of two; at least as many episodes are played here. */
START_TEST(random_actions_return_what_they_do_in_the_original)
{
	static const struct {
		double all, few, rounding;
		size_t episodes;
	} recorded[GAMES] = {[ASTERIX] = {0.49, 0.52, 0.005, 3000},
			     [BREAKOUT] = {0.50, 0.38, 0.005, 3000},
			     [FREEWAY] = {0.18, 0.44, 0.005, 100},
			     [SEAQUEST] = {0.10, 0.10, 0.005, 3000},
			     [SPACE_INVADERS] = {2.9, 4.1, 0.05, 3000}};
	for (int version = 0; version < 2; version++) {
		env_run run;
		char id[64];
		snprintf(id, sizeof id, "%s-v%d", games[_i].id, version);
		env_open(&run, id, NULL, 0);
		double expected = version ? recorded[_i].few : recorded[_i].all;
		ck_assert_double_eq(run.world.env->random_return, expected);
		sample s = env_random_returns(&run, recorded[_i].episodes, 0, 5);
		double error = sqrt(2 * sample_variance(&s) / s.count);
		ck_assert_msg(fabs(sample_mean(&s) - expected) <= 5 * error + recorded[_i].rounding,
			      "%s: mean %.4f, recorded %.2f, standard error %.4f", id,
			      sample_mean(&s), expected, error);
		env_close(&run);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("minatar");
	TCase *t = tcase_create("traces");
	tcase_set_timeout(t, 60);
	tcase_add_test(t, every_recorded_step_is_reproduced);
	tcase_add_loop_test(t, a_change_in_any_column_is_noticed, 0, GAMES);
	suite_add_tcase(s, t);
	t = tcase_create("rules");
	tcase_add_test(t, few_actions_are_those_that_do_something_in_order);
	tcase_add_test(t, an_action_sticks_below_the_probability_and_not_beyond_a_reset);
	tcase_add_test(t, asterix_places_nothing_in_a_full_board);
	tcase_add_test(t, asterix_grows_faster_by_turns_and_stops_at_one);
	tcase_add_test(t,
		       breakout_fills_an_empty_wall_when_the_ball_is_down_whether_caught_or_lost);
	tcase_add_test(t, freeway_takes_2501_steps_and_a_draw_of_a_half_as_left);
	tcase_add_test(t, walking_into_an_alien_ends_space_invaders);
	tcase_add_test(t, aliens_come_back_faster_down_to_six_steps);
	tcase_add_test(t, seaquest_pays_for_six_divers_by_the_oxygen_left);
	tcase_add_test(t,
		       seaquest_subs_shoot_in_the_step_they_are_shot_and_not_from_beyond_the_board);
	tcase_add_test(t, seaquest_has_room_for_the_most_enemies_that_there_can_be);
	tcase_add_test(t, settings_outside_their_range_or_of_another_game_are_refused);
	suite_add_tcase(s, t);
	t = tcase_create("random actions");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, random_actions_return_what_they_do_in_the_original, 0, GAMES);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
