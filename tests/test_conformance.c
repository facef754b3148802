/* The conformance checks pass every environment that Bern brings along, and find each planted way of breaking a promise: by the
 * check that is meant to, and by no other that is not named with it. */
#include <bern/builtin.h>
#include "recorder.h"
#include <bern/conformance.h>
#include <bern/rng.h>

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- an environment that breaks one promise at a time ---------------------------------------------------- */

enum sin {
	NONE,
	COUNTS_CALLS,    /* a static counter goes into the reward */
	SHARES_STATE,    /* what reset drew is kept in a static variable */
	DRAWS_BY_CALLS,  /* takes an extra random number now and then */
	KEEPS_OLD_BYTES, /* reset forgets a number that step reads */
	HALF_OBSERVES,   /* leaves an element of the observation as it was */
	HALF_MASKS,      /* likewise */
	HALF_MEASURES,   /* likewise */
	KNOWS_ITS_PLACE, /* the state holds its own address */
	OPENS_DIFFERENTLY,
	OPENS_LARGER,
	WRITES_PAST_STATE,
	WRITES_PAST_OBSERVATION,
	WRITES_BEFORE_OBSERVATION,
	WRITES_PAST_MASK,
	WRITES_PAST_METRICS,
	WRITES_PAST_OUTCOME,
	CHANGES_ACTION,
	OBSERVE_CHANGES,
	MASK_CHANGES,
	DRAW_CHANGES,
	LEAVES_ITS_SPACE, /* after 30 steps */
	SEES_NAN,         /* after 5,000 steps */
	PAYS_NAN,
	ODD_FLAGS,
	BREAKS_DOWN,
	PAYS_TOO_MUCH,
	FORBIDS_ALL,
	ODD_MASK,
	MEASURES_NAN,
	DRAWS_FIRST, /* before the view */
	DRAWS_NAN,
	DRAWS_NOTHING,
	DRAWS_BY_CALLS_TOO,
	SIN_COUNT
};

static enum sin the_sin;
static int calls, opens;
static double shared;

typedef struct state {
	double x, velocity;
	int64_t t;
	uintptr_t place;
} state;

static const float low[] = {-40, -40, 0}, high[] = {40, 40, 1e6f};
static const int32_t three[] = {3};

static int32_t sinner_open(const bern_value *values, bern_instance *out, char *err, size_t err_size)
{
	(void)values, (void)err, (void)err_size;
	double *model = malloc(sizeof *model);
	*model = the_sin == OPENS_DIFFERENTLY ? opens : 1;
	out->model = model;
	out->state_size = sizeof(state) - (the_sin == WRITES_PAST_STATE ? 1 : 0) +
			  (the_sin == OPENS_LARGER ? (unsigned)opens : 0);
	opens++;
	out->max_steps = the_sin == SEES_NAN ? 0 : 60;
	out->observation = (bern_space){.kind = BERN_BOX, .count = 3, .low = low, .high = high};
	out->action = (bern_space){.kind = BERN_DISCRETE, .count = 1, .sizes = three};
	out->has_max_return = 1;
	out->max_return = 60;
	if (the_sin == SEES_NAN)
		out->has_max_return = 0;
	return 0;
}

static void sinner_close(void *model)
{
	free(model);
}

static void sinner_reset(const void *model, void *block, struct bern_rng *rng)
{
	state *s = block;
	(void)model;
	s->x = bern_rng_uniform(rng);
	if (the_sin != KEEPS_OLD_BYTES)
		s->velocity = 0;
	s->t = 0;
	s->place = (uintptr_t)block;
	shared = s->x;
	if (the_sin == WRITES_PAST_STATE)
		((unsigned char *)block)[sizeof *s - 1] = 7;
}

static void sinner_step(const void *model, void *block, struct bern_rng *rng, const void *action,
			bern_outcome *out)
{
	state *s = block;
	int32_t a;
	memcpy(&a, action, sizeof a);
	calls++;
	s->t++;
	s->velocity += 0.01 * (a - 1) + 0.01 * (bern_rng_uniform(rng) - 0.5);
	/* old bytes may be anything at all */
	if (!(fabs(s->velocity) < 0.5))
		s->velocity = 0.25;
	s->x += s->velocity;
	out->reward = *(const double *)model - fabs(s->x) / 100;
	if (fabs(s->x) > 38) {
		if (the_sin == SEES_NAN)
			s->x = 0;
		else
			out->flags = BERN_TERMINATED;
	}
	switch (the_sin) {
	case COUNTS_CALLS:
		out->reward -= 1e-9 * calls;
		break;
	case SHARES_STATE:
		out->reward -= shared / 100;
		break;
	case DRAWS_BY_CALLS:
		if (calls % 1000 == 7)
			bern_rng_u32(rng);
		break;
	case KNOWS_ITS_PLACE:
		if (s->place != (uintptr_t)block)
			out->reward -= 0.5;
		break;
	case WRITES_PAST_OUTCOME:
		memset(out + 1, 1, 1);
		break;
	case CHANGES_ACTION:
		*(int32_t *)(uintptr_t)action = 2 - a;
		break;
	case LEAVES_ITS_SPACE:
		s->x = s->t > 30 ? 41 : s->x;
		break;
	case PAYS_NAN:
		out->reward = s->t == 31 ? NAN : out->reward;
		break;
	case ODD_FLAGS:
		out->flags |= s->t == 31 ? 8 : 0;
		break;
	case BREAKS_DOWN:
		out->flags |= s->t == 31 ? BERN_FAULT : 0;
		break;
	case PAYS_TOO_MUCH:
		out->reward = 1.01;
		break;
	default:
		break;
	}
}

static void sinner_observe(const void *model, const void *block, void *observation)
{
	const state *s = block;
	float *out = observation;
	(void)model;
	out[0] = (float)s->x;
	if (the_sin != HALF_OBSERVES || s->t != 13)
		out[1] = (float)s->velocity;
	out[2] = (float)s->t;
	if (the_sin == WRITES_PAST_OBSERVATION)
		memset(out + 3, 1, 4);
	if (the_sin == WRITES_BEFORE_OBSERVATION)
		memset(out - 1, 1, 4);
	if (the_sin == OBSERVE_CHANGES)
		((state *)(uintptr_t)block)->velocity += 1e-3;
	if (the_sin == SEES_NAN && s->t > 5000)
		out[1] = NAN;
}

static void sinner_mask(const void *model, const void *block, uint8_t *allowed)
{
	const state *s = block;
	(void)model;
	allowed[0] = s->velocity > -0.2;
	allowed[1] = 1;
	if (the_sin != HALF_MASKS || s->t != 13)
		allowed[2] = s->velocity < 0.2;
	if (the_sin == WRITES_PAST_MASK)
		allowed[3] = 1;
	if (the_sin == FORBIDS_ALL && s->t == 9)
		memset(allowed, 0, 3);
	if (the_sin == ODD_MASK)
		allowed[1] = 255;
	if (the_sin == MASK_CHANGES)
		((state *)(uintptr_t)block)->velocity += 1e-3;
}

static const char *const metrics[] = {"x", "speed"};

static void sinner_metrics(const void *model, const void *block, double *out)
{
	const state *s = block;
	(void)model;
	out[0] = s->x;
	if (the_sin != HALF_MEASURES || s->t != 13)
		out[1] = the_sin == MEASURES_NAN && s->t == 31 ? NAN : fabs(s->velocity);
	if (the_sin == WRITES_PAST_METRICS)
		memset(out + 2, 1, 1);
}

static void sinner_draw(const void *model, const void *block, const bern_canvas *c)
{
	const state *s = block;
	(void)model;
	if (the_sin == DRAWS_FIRST)
		c->rect(c->user, 0, 0, 1, 1, BERN_RGB(1, 2, 3));
	c->view(c->user, -40, -1, 40, 1);
	if (the_sin != DRAWS_NOTHING)
		c->disc(c->user, the_sin == DRAWS_NAN && s->t == 7 ? NAN : s->x, 0, 1,
			BERN_RGB(0, 0x72, 0xb2));
	if (the_sin == DRAWS_BY_CALLS_TOO)
		c->line(c->user, 0, 0, 1e-3 * calls++, 1, 0.1, BERN_RGB(0, 0, 0));
	if (the_sin == DRAW_CHANGES)
		((state *)(uintptr_t)block)->velocity += 1e-3;
}

static const bern_field fields[] = {{"x", BERN_F64, 1, offsetof(state, x)},
				    {"velocity", BERN_F64, 1, offsetof(state, velocity)}};

static const bern_env sinner = {.abi = BERN_ENV_ABI,
				.struct_size = sizeof(bern_env),
				.id = "Sinner-v0",
				.summary = "",
				.source = "",
				.fields = fields,
				.field_count = 2,
				.metrics = metrics,
				.metric_count = 2,
				.open = sinner_open,
				.close = sinner_close,
				.reset = sinner_reset,
				.step = sinner_step,
				.observe = sinner_observe,
				.mask = sinner_mask,
				.read_metrics = sinner_metrics,
				.draw = sinner_draw};

/* ---- what the checks said ----------------------------------------------------------------------------------- */

typedef struct findings {
	char checks[256]; /* " repeat clone " */
	char text[4096];
} findings;

static void note(void *user, const char *check, const char *sentence)
{
	findings *f = user;
	strncat(f->checks, check, sizeof f->checks - strlen(f->checks) - 2);
	strcat(f->checks, " ");
	strncat(f->text, sentence, sizeof f->text - strlen(f->text) - 2);
	strcat(f->text, "\n");
}

static findings examine(const bern_env *env, uint64_t seed)
{
	findings f = {.checks = " "};
	bern_error e;
	bern_world world;
	size_t failures = 77, spaces = 0;
	const bern_conformance_plan plan = {.seed = seed, .report = note, .user = &f};
	calls = opens = 0;
	ck_assert_msg(bern_world_open(&world, env, NULL, 0, &e) == BERN_OK, "%s", e.text);
	ck_assert_msg(bern_conformance(&world, &plan, &failures, &e) == BERN_OK, "%s: %s", env->id,
		      e.text);
	for (const char *c = f.checks + 1; *c; c++)
		spaces += *c == ' ';
	ck_assert_uint_eq(failures, spaces);
	bern_world_finish(&world);
	return f;
}

/* The checks that must find each sin, those that may besides, and a word of the sentence. */
static const struct {
	enum sin sin;
	const char *must, *may, *word;
} table[] = {
	{COUNTS_CALLS, "repeat", "neighbours old-bytes clone reopen draw", "reward"},
	{SHARES_STATE, "neighbours", "", "reward"},
	{DRAWS_BY_CALLS, "repeat", "neighbours old-bytes clone reopen draw", "random stream"},
	{KEEPS_OLD_BYTES, "old-bytes", "", "with zeros in the buffers"},
	{HALF_OBSERVES, "old-bytes", "", "observation[1]"},
	{HALF_MASKS, "old-bytes", "mask", "mask[2]"},
	{HALF_MEASURES, "old-bytes", "metrics", "metrics[1]"},
	{KNOWS_ITS_PLACE, "clone", "", "without copying the state"},
	{OPENS_DIFFERENTLY, "reopen", "", "with the first model"},
	{OPENS_LARGER, "reopen", "", "state_size"},
	{WRITES_PAST_STATE, "buffers", "old-bytes", "reset wrote outside the state's 31 bytes"},
	{WRITES_PAST_OBSERVATION, "buffers", "",
	 "observe wrote outside the observation's 12 bytes"},
	{WRITES_BEFORE_OBSERVATION, "buffers", "", "observe wrote outside the observation"},
	{WRITES_PAST_MASK, "buffers", "", "mask wrote outside the mask's 3 bytes"},
	{WRITES_PAST_METRICS, "buffers", "", "read_metrics wrote outside the metrics's 16 bytes"},
	{WRITES_PAST_OUTCOME, "buffers", "", "step wrote outside the outcome's 16 bytes"},
	{CHANGES_ACTION, "action", "", "step changed the action that it was given"},
	{OBSERVE_CHANGES, "const", "", "observe changed the state"},
	{MASK_CHANGES, "const", "", "mask changed the state"},
	{DRAW_CHANGES, "const", "draw", "draw changed the state"},
	{LEAVES_ITS_SPACE, "observation", "", "step 31: Sinner-v0: observation[0] is 41"},
	{SEES_NAN, "observation", "", "step 5001: Sinner-v0: observation[1] is nan"},
	{PAYS_NAN, "outcome", "", "step 31: the reward is nan"},
	{ODD_FLAGS, "outcome", "", "step 31: the flags are 8"},
	{BREAKS_DOWN, "outcome", "", "step 31: the simulation broke"},
	{PAYS_TOO_MUCH, "outcome", "", "max_return says 60"},
	{FORBIDS_ALL, "mask", "", "step 9: no action is allowed"},
	{ODD_MASK, "mask", "", "not of zeros and ones"},
	{MEASURES_NAN, "metrics", "", "step 31: speed is nan"},
	{DRAWS_FIRST, "draw", "", "before the first view"},
	{DRAWS_NAN, "draw", "", "not finite"},
	{DRAWS_NOTHING, "draw", "", "nothing was drawn"},
	{DRAWS_BY_CALLS_TOO, "draw", "", "two pictures"},
};

START_TEST(a_sound_environment_passes)
{
	the_sin = NONE;
	findings f = examine(&sinner, (uint64_t)_i);
	ck_assert_msg(strcmp(f.checks, " ") == 0, "found%s: %s", f.checks, f.text);
}
END_TEST

START_TEST(each_sin_is_found_by_its_check)
{
	char padded[64];
	the_sin = table[_i].sin;
	findings f = examine(&sinner, 1);
	snprintf(padded, sizeof padded, " %s ", table[_i].must);
	ck_assert_msg(strstr(f.checks, padded) != NULL, "sin %d: %s did not find it, but%s: %s",
		      table[_i].sin, table[_i].must, f.checks, f.text);
	ck_assert_msg(strstr(f.text, table[_i].word) != NULL, "sin %d: \"%s\" is not in %s",
		      table[_i].sin, table[_i].word, f.text);
	/* no other check is led astray */
	char all[256];
	snprintf(all, sizeof all, " %s %s ", table[_i].must, table[_i].may);
	char *rest = f.checks, *word;
	while ((word = strtok(rest, " "))) {
		rest = NULL;
		snprintf(padded, sizeof padded, " %s ", word);
		ck_assert_msg(strstr(all, padded) != NULL, "sin %d: %s complained too: %s",
			      table[_i].sin, word, f.text);
	}
}
END_TEST

START_TEST(every_sin_is_in_the_table)
{
	ck_assert_uint_eq(sizeof table / sizeof table[0], SIN_COUNT - 1);
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		ck_assert_int_eq(table[i].sin, (int)i + 1);
}
END_TEST

/* ---- attached states ------------------------------------------------------------------------------------------ */

enum { SAVES_ALL, SAVES_LESS, SAVES_MORE_LATER, SAVES_PAST_ITS_ROOM, SHARES_HANDLE };
static int how_saved;

typedef struct handle {
	state *inner;
} handle;

static int32_t held_open(const bern_value *values, bern_instance *out, char *err, size_t err_size)
{
	sinner_open(values, out, err, err_size);
	out->state_size = sizeof(handle);
	return 0;
}

static void held_reset(const void *model, void *block, struct bern_rng *rng)
{
	sinner_reset(model, ((handle *)block)->inner, rng);
}

static void held_step(const void *model, void *block, struct bern_rng *rng, const void *action,
		      bern_outcome *out)
{
	sinner_step(model, ((handle *)block)->inner, rng, action, out);
}

static void held_observe(const void *model, const void *block, void *observation)
{
	sinner_observe(model, ((const handle *)block)->inner, observation);
}

static void held_draw(const void *model, const void *block, const bern_canvas *canvas)
{
	sinner_draw(model, ((const handle *)block)->inner, canvas);
}

static int32_t held_attach(const void *model, void *block, char *err, size_t err_size)
{
	(void)model, (void)err, (void)err_size;
	((handle *)block)->inner = calloc(1, sizeof(state));
	return 0;
}

static void held_detach(const void *model, void *block)
{
	(void)model;
	free(((handle *)block)->inner);
}

static uint64_t held_save(const void *model, const void *block, void *buffer, uint64_t size)
{
	const state *s = ((const handle *)block)->inner;
	uint64_t need = sizeof *s + (how_saved == SAVES_MORE_LATER && s->t > 20 ? 8 : 0);
	(void)model;
	if (size >= sizeof *s || (how_saved == SAVES_PAST_ITS_ROOM && buffer)) {
		memset(buffer, 0, size);
		memcpy(buffer, s, sizeof *s);
		if (how_saved == SAVES_LESS)
			((state *)buffer)->velocity = 0;
	}
	return need;
}

static int32_t held_load(const void *model, void *block, const void *buffer, uint64_t size,
			 char *err, size_t err_size)
{
	(void)model, (void)size, (void)err, (void)err_size;
	memcpy(((handle *)block)->inner, buffer, sizeof(state));
	return 0;
}

static const bern_env held = {.abi = BERN_ENV_ABI,
			      .struct_size = sizeof(bern_env),
			      .id = "Held-v0",
			      .summary = "",
			      .source = "",
			      .open = held_open,
			      .close = sinner_close,
			      .reset = held_reset,
			      .step = held_step,
			      .observe = held_observe,
			      .draw = held_draw,
			      .attach = held_attach,
			      .detach = held_detach,
			      .save = held_save,
			      .load = held_load};

START_TEST(attached_states_are_checked_through_save_and_load)
{
	static const char *const found[] = {" ", " clone ", " save ", " save "};
	the_sin = NONE;
	for (how_saved = SAVES_ALL; how_saved <= SAVES_PAST_ITS_ROOM; how_saved++) {
		findings f = examine(&held, 3);
		ck_assert_msg(strcmp(f.checks, found[how_saved]) == 0, "case %d found%s: %s",
			      how_saved, f.checks, f.text);
	}
	/* a handle hides the state, but not what comes of it */
	how_saved = SAVES_ALL;
	the_sin = DRAW_CHANGES;
	ck_assert_str_eq(examine(&held, 3).checks, " draw ");
}
END_TEST

/* ---- every built-in environment ------------------------------------------------------------------------------------ */

START_TEST(built_in_environments_conform)
{
	bern_error e;
	bern_registry *registry;
	ck_assert_int_eq(bern_registry_create(&registry, &e), BERN_OK);
	const bern_plugin *plugin;
	for (size_t i = 0; (plugin = bern_builtin_plugin(i)); i++)
		ck_assert_msg(bern_registry_adopt(registry, plugin, "built in", &e) == BERN_OK,
			      "%s", e.text);
	ck_assert_uint_gt(bern_registry_count(registry), 0);
	for (size_t i = 0; i < bern_registry_count(registry); i++) {
		const bern_env *env = bern_registry_at(registry, i);
		findings f = examine(env, 11);
		ck_assert_msg(strcmp(f.checks, " ") == 0, "%s: %s", env->id, f.text);
	}
	bern_registry_destroy(registry);
}
END_TEST

/* ---- the recorder ------------------------------------------------------------------------------------------------------ */

START_TEST(the_recorder_writes_each_call_as_a_line)
{
	bern_recorder r;
	bern_recorder_init(&r);
	ck_assert_str_eq(r.text, "");
	const bern_canvas *c = &r.canvas;
	const double corners[] = {0, 0, 1, 0, 0.5, 1};
	const uint32_t cells[] = {0x11223344, 0xff};
	c->view(c->user, -1, -2, 3, 4);
	c->rect(c->user, 0, 0.1, 2, 1, BERN_RGB(0, 0x72, 0xb2));
	c->line(c->user, 0, 1, 2, 3, 0.5, 1);
	c->disc(c->user, 1, 1, 0.25, 2);
	c->polygon(c->user, corners, 3, 3);
	c->text(c->user, 0, 0, 1, 4, "cart 1");
	c->cells(c->user, 0, 0, 2, 1, 1, 2, cells);
	ck_assert_str_eq(r.text, "view -1 -2 3 4\n"
				 "rect 0 0.10000000000000001 2 1 #0072b2ff\n"
				 "line 0 1 2 3 0.5 #00000001\n"
				 "disc 1 1 0.25 #00000002\n"
				 "polygon 0 0 1 0 0.5 1 #00000003\n"
				 "text 0 0 1 #00000004 cart 1\n"
				 "cells 0 0 2 1 1 2 #11223344 #000000ff\n");
	ck_assert_uint_eq(r.calls, 7);
	ck_assert_uint_eq(r.views, 1);
	ck_assert_uint_eq(r.before_view + r.bad, 0);
	c->view(c->user, 1, 0, 1, 1);
	c->disc(c->user, INFINITY, 0, 1, 0);
	c->rect(c->user, 0, 0, -1, 1, 0);
	c->text(c->user, 0, 0, 1, 0, NULL);
	c->polygon(c->user, corners, 2, 0);
	ck_assert_uint_eq(r.bad, 5);
	bern_recorder_clear(&r);
	ck_assert_str_eq(r.text, "");
	c->disc(c->user, 0, 0, 1, 0);
	ck_assert_uint_eq(r.before_view, 1);
	for (int i = 0; i < 1000; i++) /* longer than its first room */
		c->disc(c->user, 0.1, 0.2, 0.3, 0);
	ck_assert_uint_eq(r.calls, 1001);
	ck_assert_uint_eq(r.length, strlen(r.text));
	bern_recorder_finish(&r);
	bern_recorder_finish(&r);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("conformance");
	TCase *t = tcase_create("planted");
	tcase_add_loop_test(t, a_sound_environment_passes, 0, 3);
	tcase_add_loop_test(t, each_sin_is_found_by_its_check, 0,
			    (int)(sizeof table / sizeof table[0]));
	tcase_add_test(t, every_sin_is_in_the_table);
	tcase_add_test(t, attached_states_are_checked_through_save_and_load);
	tcase_add_test(t, the_recorder_writes_each_call_as_a_line);
	suite_add_tcase(s, t);
	t = tcase_create("built in");
	tcase_set_timeout(t, 60);
	tcase_add_test(t, built_in_environments_conform);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
