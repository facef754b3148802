#include "trace.h"

#include <bern/lanes.h>

#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

/* Steps of an episode of random actions that nothing else would end. */
#define MOST_RANDOM_STEPS 1000

typedef struct trace {
	const trace_request *request;
	const bern_world *world;
	bern_lanes lanes; /* one, started by hand */
	bern_rng choice;  /* of random actions in this episode */
	int32_t *whole;   /* (A) owned: the action as lanes take it */
	float *real;      /* (A) owned: the same of a BOX space */
	uint64_t episode; /* the next one to start */
	uint64_t length;  /* steps of this episode */
	const char *file; /* of actions, as it may stand in an error */
	uint64_t line;    /* of it */
	size_t column;    /* of the actions where the file is a table */
	int is_table;
	int silent;
	int done; /* as many as were asked for have been played */
} trace;

/* ---- rows --------------------------------------------------------------------------------------------------------- */

/* A name as the head of a column: a tab or a line end in it would break the table. */
static void print_name(const char *name)
{
	for (const char *c = name; *c; c++)
		putchar((unsigned char)*c < 0x20 || *c == 0x7f ? '_' : *c);
}

static void print_header(const trace *t)
{
	if (t->silent)
		return;
	const bern_env *env = t->world->env;
	const bern_space *space = &t->world->instance.observation;
	printf("t\taction\treward\tterminated\ttruncated");
	for (uint32_t i = 0; i < space->count; i++) {
		putchar('\t');
		/* labels of a discrete space name its values */
		if (space->kind == BERN_DISCRETE)
			printf("observation");
		else if (space->labels && space->labels[i])
			print_name(space->labels[i]);
		else
			printf("obs%" PRIu32, i);
	}
	for (uint32_t i = 0; t->request->state && i < env->field_count; i++)
		for (uint32_t k = 0; k < env->fields[i].count; k++) {
			printf("\tstate.");
			print_name(env->fields[i].name);
			if (env->fields[i].count > 1)
				printf("[%" PRIu32 "]", k);
		}
	putchar('\n');
}

static void print_action(const trace *t)
{
	const size_t A = t->world->action_count;
	for (size_t i = 0; i < A; i++) {
		if (i)
			putchar(',');
		if (t->world->instance.action.kind == BERN_BOX)
			printf("%.9g", (double)t->real[i]);
		else
			printf("%" PRId32, t->whole[i]);
	}
}

/* Lanes hold what agents see; here stands what the environment wrote: numbers in place of one-hot blocks. */
static void print_observation(const trace *t)
{
	const bern_space *space = &t->world->instance.observation;
	const float *obs = t->lanes.obs;
	if (space->kind == BERN_DISCRETE) {
		printf("\t%" PRId32, t->lanes.index[0]);
		return;
	}
	for (uint32_t i = 0; i < space->count; i++) {
		if (space->kind != BERN_MULTI_DISCRETE) {
			printf("\t%.9g", (double)obs[i]);
			continue;
		}
		int32_t value = 0;
		while (value < space->sizes[i] - 1 && obs[value] == 0.0f)
			value++;
		printf("\t%" PRId32, value);
		obs += space->sizes[i];
	}
}

/* Prints one element of a field. The bytes may lie anywhere, so they are copied out. */
static void print_element(const bern_field *field, const unsigned char *block, uint32_t k)
{
	double f64;
	float f32;
	int32_t i32;
	int64_t i64;
	const unsigned char *at = block + field->offset;
	switch (field->type) {
	case BERN_F64:
		memcpy(&f64, at + k * sizeof f64, sizeof f64);
		printf("\t%.17g", f64);
		break;
	case BERN_F32:
		memcpy(&f32, at + k * sizeof f32, sizeof f32);
		printf("\t%.9g", (double)f32);
		break;
	case BERN_I32:
		memcpy(&i32, at + k * sizeof i32, sizeof i32);
		printf("\t%" PRId32, i32);
		break;
	case BERN_I64:
		memcpy(&i64, at + k * sizeof i64, sizeof i64);
		printf("\t%" PRId64, i64);
		break;
	default:
		printf("\t%u", at[k]);
	}
}

static void print_state(const trace *t)
{
	const bern_env *env = t->world->env;
	const unsigned char *block = bern_lanes_state(&t->lanes, 0);
	for (uint32_t i = 0; i < env->field_count; i++)
		for (uint32_t k = 0; k < env->fields[i].count; k++)
			print_element(&env->fields[i], block, k);
}

/* Prints where the episode is now. An error if nobody reads on. */
static int32_t print_row(const trace *t, bern_error *e)
{
	const uint32_t flags = t->length ? t->lanes.flags[0] : 0;
	if (t->silent)
		return 0;
	printf("%" PRIu64 "\t", t->length);
	if (t->length) {
		print_action(t);
		printf("\t%.17g", t->lanes.reward[0]);
	} else {
		printf("-\t-");
	}
	printf("\t%d\t%d", (flags & BERN_TERMINATED) != 0, (flags & BERN_TRUNCATED) != 0);
	print_observation(t);
	if (t->request->state)
		print_state(t);
	putchar('\n');
	return ferror(stdout) ? bern_fail(e, BERN_EIO, "the table could not be written") : 0;
}

/* ---- episodes ------------------------------------------------------------------------------------------------------ */

static int32_t start_episode(trace *t, bern_error *e)
{
	bern_rng stream;
	const uint64_t seed = t->request->seed, i = t->episode++;
	bern_rng_seed(&stream, seed + i);
	bern_rng_stream(&t->choice, seed,
			(bern_stream_key){.purpose = BERN_FOR_EVAL_FIRING, .episode = i});
	t->length = 0;
	int32_t rc = bern_lanes_start(&t->lanes, 0, &stream, e);
	return rc ? rc : print_row(t, e);
}

static int32_t make_step(trace *t, bern_error *e)
{
	t->length++;
	int32_t rc = t->world->instance.action.kind == BERN_BOX
			     ? bern_lanes_step_box(&t->lanes, t->real, e)
			     : bern_lanes_step(&t->lanes, t->whole, e);
	return rc ? rc : print_row(t, e);
}

static int enough_steps(const trace *t)
{
	return t->request->steps && t->lanes.steps >= t->request->steps;
}

static int enough_episodes(const trace *t)
{
	return t->request->episodes && t->episode >= t->request->episodes;
}

/* ---- random actions -------------------------------------------------------------------------------------------------- */

/* A number between the bounds of a BOX action, between -1 and 1 where there are none. */
static float random_real(const bern_space *s, size_t i, bern_rng *choice)
{
	double low = s->low ? (double)s->low[i] : -INFINITY;
	double high = s->high ? (double)s->high[i] : INFINITY;
	if (s->dtype == BERN_UINT8) {
		low = low > 0 ? ceil(low) : 0;
		high = high < 255 ? floor(high) : 255;
		return (float)(low + (double)bern_rng_below(choice, (uint64_t)(high - low) + 1));
	}
	if (isinf(low))
		low = isinf(high) ? -1 : high - 2;
	if (isinf(high))
		high = low + 2;
	float x = (float)bern_rng_range(choice, low, high);
	/* rounding to float may step over an end */
	return (double)x < low ? (float)low : (double)x > high ? (float)high : x;
}

/* Draws among the allowed values of a masked DISCRETE space. */
static int32_t random_allowed(const uint8_t *mask, int32_t size, bern_rng *choice)
{
	uint64_t allowed = 0;
	for (int32_t i = 0; i < size; i++)
		allowed += mask[i];
	uint64_t left = bern_rng_below(choice, allowed);
	int32_t i = 0;
	while (!mask[i] || left-- > 0)
		i++;
	return i;
}

static void choose_action(trace *t)
{
	const bern_space *s = &t->world->instance.action;
	for (uint32_t i = 0; i < s->count; i++) {
		if (s->kind == BERN_BOX)
			t->real[i] = random_real(s, i, &t->choice);
		else if (t->lanes.mask)
			t->whole[i] = random_allowed(t->lanes.mask, s->sizes[0], &t->choice);
		else
			t->whole[i] = (int32_t)bern_rng_below(
				&t->choice,
				s->kind == BERN_MULTI_BINARY ? 2 : (uint64_t)s->sizes[i]);
	}
}

static int32_t play_random(trace *t, bern_error *e)
{
	const trace_request *r = t->request;
	const uint64_t episodes = r->episodes || r->steps ? r->episodes : 1;
	const int endless = !r->steps && !t->world->instance.max_steps;
	int32_t rc = 0;
	while (!rc && !enough_steps(t) && (!episodes || t->episode < episodes)) {
		rc = start_episode(t, e);
		while (!rc && bern_lanes_running(&t->lanes, 0) && !enough_steps(t) &&
		       !(endless && t->length >= MOST_RANDOM_STEPS)) {
			choose_action(t);
			rc = make_step(t, e);
		}
	}
	return rc;
}

/* ---- actions of a file ------------------------------------------------------------------------------------------------ */

/* Cuts the cell of that number, from 0, out of a line with tabs; NULL if there are not so many. */
static char *cut_cell(char *line, size_t index)
{
	while (index-- > 0) {
		line = strchr(line, '\t');
		if (!line)
			return NULL;
		line++;
	}
	line[strcspn(line, "\t")] = '\0';
	return line;
}

/* Whether a line is the head of a table, one that trace printed itself; notes where its actions are. */
static int is_header(trace *t, const char *line)
{
	size_t column = 0;
	if (!strcmp(line, "action"))
		return 1;
	if (strncmp(line, "t\t", 2) != 0)
		return 0;
	for (const char *at = line; at; at = strchr(at, '\t'), column++) {
		at += *at == '\t';
		if (strcspn(at, "\t") == 6 && !strncmp(at, "action", 6)) {
			t->column = column;
			t->is_table = 1;
			return 1;
		}
	}
	return 0;
}

/* The number of a named action, or -1. */
static int32_t find_label(const bern_space *s, const char *word)
{
	if (s->kind == BERN_DISCRETE && s->labels)
		for (int32_t i = 0; i < s->sizes[0]; i++)
			if (s->labels[i] && !strcmp(s->labels[i], word))
				return i;
	return -1;
}

/* Reads the numbers of one action, with blanks or commas between them. */
static int32_t read_action(trace *t, char *text, bern_error *e)
{
	const bern_space *s = &t->world->instance.action;
	const size_t A = t->world->action_count;
	char key[300], *rest = NULL;
	size_t i = 0;
	int32_t named = find_label(s, text);
	if (named >= 0) {
		t->whole[0] = named;
		return 0;
	}
	snprintf(key, sizeof key, "%.200s:%" PRIu64, t->file, t->line);
	for (char *word = strtok_r(text, " ,\t", &rest); word;
	     word = strtok_r(NULL, " ,\t", &rest), i++) {
		bern_value value;
		bern_param number = {.key = key, .help = "", .fallback = "0"};
		if (i == A)
			break;
		if (s->kind == BERN_BOX) {
			number.type = BERN_REAL;
			number.min = -(double)FLT_MAX;
			number.max = (double)FLT_MAX;
		} else {
			number.type = BERN_INT;
			number.max = s->kind == BERN_MULTI_BINARY ? 1 : s->sizes[i] - 1;
		}
		int32_t rc = bern_param_parse(&number, word, &value, e);
		if (rc)
			return rc;
		if (s->kind == BERN_BOX)
			t->real[i] = (float)value.r;
		else
			t->whole[i] = (int32_t)value.i;
		if (i + 1 == A && *rest == '\0')
			return 0;
	}
	return bern_fail(e, BERN_EUSAGE, "%s: an action has %zu number%s, here are %s", key, A,
			 A == 1 ? "" : "s", i < A ? "fewer" : "more");
}

/* Does what one line of the file says. */
static int32_t play_line(trace *t, char *line, bern_error *e)
{
	char *word = line + strspn(line, " ");
	if (t->is_table)
		word = cut_cell(line, t->column);
	if (!word)
		return bern_fail(e, BERN_EUSAGE, "%s:%" PRIu64 ": has no column for the action",
				 t->file, t->line);
	word[strcspn(word, "\r")] = '\0';
	if (!*word || *word == '#')
		return 0;
	int resets = !strcmp(word, "reset") || !strcmp(word, "-");
	t->done = enough_steps(t) || (resets && enough_episodes(t));
	if (t->done)
		return 0;
	if (resets)
		return start_episode(t, e);
	int32_t rc = t->episode ? 0 : start_episode(t, e);
	if (!rc && !bern_lanes_running(&t->lanes, 0))
		return bern_fail(e, BERN_EUSAGE,
				 "%s:%" PRIu64 ": the episode ended at step %" PRIu64
				 "; only a line `reset` may follow, %.50s was given",
				 t->file, t->line, t->length, word);
	if (!rc)
		rc = read_action(t, word, e);
	if (!rc && (rc = make_step(t, e)))
		bern_because(e, "%s:%" PRIu64, t->file, t->line);
	return rc;
}

static int32_t play_file(trace *t, FILE *file, bern_error *e)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t length;
	int32_t rc = 0, begun = 0;
	errno = 0;
	while (!rc && !t->done && (length = getline(&line, &room, file)) >= 0) {
		t->line++;
		if (length && line[length - 1] == '\n')
			line[--length] = '\0';
		if (length && line[length - 1] == '\r')
			line[--length] = '\0';
		if (strlen(line) != (size_t)length)
			rc = bern_fail(e, BERN_EUSAGE, "%s:%" PRIu64 ": holds a NUL byte", t->file,
				       t->line);
		else if (!begun && (begun = *line && *line != '#') && is_header(t, line))
			continue;
		else
			rc = play_line(t, line, e);
	}
	if (!rc && ferror(file))
		rc = bern_fail(e, BERN_EIO, "%s: %s", t->file, strerror(errno));
	free(line);
	/* no action at all: how the first episode begins */
	return rc || t->episode ? rc : start_episode(t, e);
}

static int32_t play_actions(trace *t, bern_error *e)
{
	const char *path = t->request->actions;
	if (!strcmp(path, "-")) {
		t->file = "stdin";
		print_header(t);
		return play_file(t, stdin, e);
	}
	FILE *file = fopen(path, "r");
	t->file = path;
	/* of a folder only the first read fails */
	int first = file ? getc(file) : EOF;
	if (!file || ferror(file)) {
		bern_fail(e, BERN_EIO, "--actions: %.300s: %s", path, strerror(errno));
		if (file)
			fclose(file);
		return e->code;
	}
	ungetc(first, file);
	print_header(t);
	int32_t rc = play_file(t, file, e);
	fclose(file);
	return rc;
}

static int32_t init(trace *t, const trace_request *request, bern_error *e)
{
	const bern_world *world = request->world;
	*t = (trace){.request = request, .world = world};
	int32_t rc = bern_lanes_init(&t->lanes, world, 1, request->seed, BERN_FOR_ENVIRONMENT, 0,
				     e);
	if (rc)
		return rc;
	bern_lanes_set_manual(&t->lanes);
	t->whole = calloc(world->action_count, sizeof *t->whole);
	t->real = calloc(world->action_count, sizeof *t->real);
	return t->whole && t->real ? 0 : bern_fail(e, BERN_EMEMORY, "out of memory");
}

static void finish(trace *t)
{
	free(t->whole);
	free(t->real);
	bern_lanes_finish(&t->lanes);
}

int32_t trace_print(const trace_request *request, bern_error *e)
{
	trace t;
	if (request->state && !request->world->env->field_count)
		return bern_fail(e, BERN_EUSAGE,
				 "--state: %s declares no fields of its state, so there is nothing "
				 "to print",
				 request->world->env->id);
	int32_t rc = init(&t, request, e);
	if (!rc && !strcmp(request->actions, "random")) {
		print_header(&t);
		rc = play_random(&t, e);
	} else if (!rc) {
		rc = play_actions(&t, e);
	}
	finish(&t);
	return rc;
}

int32_t trace_play(const trace_request *request, void (*end)(void *user, const trace_end *at),
		   void *user, bern_error *e)
{
	trace t;
	int32_t rc = init(&t, request, e);
	t.silent = 1;
	if (!rc && strcmp(request->actions, "random") != 0)
		rc = play_actions(&t, e);
	else if (!rc && (request->steps || request->episodes))
		rc = play_random(&t, e);
	else if (!rc)
		rc = start_episode(&t, e);
	if (!rc)
		end(user, &(trace_end){.state = bern_lanes_state(&t.lanes, 0),
				       .seed = request->seed + t.episode - 1,
				       .length = t.length,
				       .all_steps = t.lanes.steps});
	finish(&t);
	return rc;
}
