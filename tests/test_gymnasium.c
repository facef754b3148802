/* The recorded steps of the real Gymnasium are what our environments do with the same seeds and actions. */
#include <bern/builtin.h>
#include <bern/host.h>
#include <bern/seed.h>

#include <check.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_OBS 64
#define MAX_IDS 64

/* One line of a trace file: "env seed t action reward terminated truncated obs...", action and reward "-" at t = 0. */
typedef struct trace_line {
	char id[64];
	unsigned long long seed, t;
	double action, reward;
	int terminated, truncated;
	double obs[MAX_OBS];
	size_t obs_count;
} trace_line;

/* What a whole file said. */
typedef struct replay {
	bern_registry *registry;
	bern_world world;
	bool open;  /* world is open: it is `id` */
	bool known; /* `id` is built in */
	char id[64];
	unsigned long long seed, steps; /* of the episode under way; steps made in it */
	void *state;
	bern_rng rng;
	size_t lines, episodes; /* compared */
	char skipped[MAX_IDS][64];
	size_t skipped_count, covered_count;
	char fault[512]; /* the first thing that differs; "" if nothing */
} replay;

static void fault(replay *r, const trace_line *line, const char *what, double expected,
		  double given)
{
	if (!r->fault[0])
		snprintf(r->fault, sizeof r->fault,
			 "%s seed %llu t %llu: %s should be %.9g, is %.9g", line->id, line->seed,
			 line->t, what, expected, given);
}

static bool parse_line(char *text, trace_line *line)
{
	int used = 0;
	char action[64], reward[64];
	memset(line, 0, sizeof *line);
	if (sscanf(text, "%63s %llu %llu %63s %63s %d %d%n", line->id, &line->seed, &line->t,
		   action, reward, &line->terminated, &line->truncated, &used) != 7)
		return false;
	if ((line->t == 0) != (strcmp(action, "-") == 0))
		return false;
	line->action = line->t ? strtod(action, NULL) : 0;
	line->reward = line->t ? strtod(reward, NULL) : 0;
	char *p = text + used, *end;
	for (;;) {
		double x = strtod(p, &end);
		if (end == p)
			break;
		if (line->obs_count == MAX_OBS)
			return false;
		line->obs[line->obs_count++] = x;
		p = end;
	}
	return line->obs_count > 0 && strspn(p, " \r\n") == strlen(p);
}

static bool close_to(double expected, double given)
{
	return fabs(expected - given) <= 1e-6 * fmax(1, fabs(expected));
}

static void compare_observation(replay *r, const trace_line *line)
{
	const bern_space *space = &r->world.instance.observation;
	union {
		int32_t i[1024];
		float f[1024];
		uint8_t u[4096];
	} raw;
	ck_assert_uint_le(r->world.observation_bytes, sizeof raw);
	r->world.env->observe(r->world.instance.model, r->state, &raw);
	if (space->count != line->obs_count) {
		fault(r, line, "the size of the observation", (double)line->obs_count,
		      space->count);
		return;
	}
	for (size_t i = 0; i < line->obs_count; i++) {
		double x;
		if (space->kind == BERN_DISCRETE || space->kind == BERN_MULTI_DISCRETE)
			x = raw.i[i];
		else if (space->kind == BERN_BOX && space->dtype == BERN_FLOAT32)
			x = (double)raw.f[i];
		else
			x = raw.u[i];
		if (!close_to(line->obs[i], x))
			fault(r, line, "an observation", line->obs[i], x);
	}
}

static void start_environment(replay *r, const char *id)
{
	bern_error e;
	const bern_env *env;
	if (r->open) {
		free(r->state);
		bern_world_finish(&r->world);
		r->open = false;
	}
	snprintf(r->id, sizeof r->id, "%s", id);
	r->known = bern_registry_find(r->registry, id, &env, &e) == 0;
	if (!r->known) {
		ck_assert_uint_lt(r->skipped_count, MAX_IDS);
		snprintf(r->skipped[r->skipped_count++], sizeof r->skipped[0], "%s", id);
		return;
	}
	r->covered_count++;
	ck_assert_msg(bern_world_open(&r->world, env, NULL, 0, &e) == 0, "%s: %s", id, e.text);
	r->state = calloc(1, r->world.state_stride);
	ck_assert_ptr_nonnull(r->state);
	r->open = true;
}

static void replay_line(replay *r, const trace_line *line)
{
	if (strcmp(r->id, line->id) != 0)
		start_environment(r, line->id);
	if (!r->known)
		return;
	const bern_instance *it = &r->world.instance;
	r->lines++;
	if (line->t == 0) {
		r->seed = line->seed;
		r->steps = 0;
		r->episodes++;
		bern_rng_seed(&r->rng, line->seed);
		r->world.env->reset(it->model, r->state, &r->rng);
	} else {
		bern_outcome out = {0};
		int32_t discrete = (int32_t)line->action;
		float box = (float)line->action;
		ck_assert_msg(line->seed == r->seed && line->t == r->steps + 1,
			      "%s: lines out of order", line->id);
		ck_assert_uint_eq(it->action.count, 1);
		r->world.env->step(it->model, r->state, &r->rng,
				   it->action.kind == BERN_BOX ? (void *)&box : (void *)&discrete,
				   &out);
		r->steps++;
		int truncated = (out.flags & BERN_TRUNCATED) ||
				(it->max_steps && r->steps >= it->max_steps);
		int terminated = (out.flags & BERN_TERMINATED) != 0;
		if (!close_to(line->reward, out.reward))
			fault(r, line, "the reward", line->reward, out.reward);
		if (terminated != line->terminated)
			fault(r, line, "terminated", line->terminated, terminated);
		if (truncated != line->truncated)
			fault(r, line, "truncated", line->truncated, truncated);
	}
	compare_observation(r, line);
}

/* Replays a file; if `spoil` is a line number (from 1, among those covered), that line's first observation is changed first. */
static void replay_file(replay *r, const char *path, size_t spoil)
{
	bern_error e;
	memset(r, 0, sizeof *r);
	ck_assert_int_eq(bern_registry_create(&r->registry, &e), 0);
	const bern_plugin *plugin;
	for (size_t i = 0; (plugin = bern_builtin_plugin(i)); i++)
		ck_assert_msg(bern_registry_adopt(r->registry, plugin, "built in", &e) == 0, "%s",
			      e.text);

	FILE *file = fopen(path, "r");
	ck_assert_msg(file != NULL, "%s cannot be opened", path);
	char text[4096];
	for (size_t number = 1; fgets(text, sizeof text, file); number++) {
		trace_line line;
		if (text[0] == '#' || strspn(text, " \r\n") == strlen(text))
			continue;
		ck_assert_msg(parse_line(text, &line), "%s:%zu: not a line of a trace", path,
			      number);
		if (r->lines + 1 == spoil)
			line.obs[0] += 2e-6 * fmax(1, fabs(line.obs[0]));
		replay_line(r, &line);
	}
	fclose(file);
	if (r->open) {
		free(r->state);
		bern_world_finish(&r->world);
	}
	bern_registry_destroy(r->registry);
}

static void report(const replay *r, const char *path)
{
	printf("# %s: %zu episodes and %zu lines of %zu environments compared", path, r->episodes,
	       r->lines, r->covered_count);
	printf("; %zu environments not built in:", r->skipped_count);
	for (size_t i = 0; i < r->skipped_count; i++)
		printf(" %s", r->skipped[i]);
	printf("\n");
}

static const char *data_file(void)
{
	return BERN_TEST_DATA "/gymnasium-golden-traces.txt";
}

START_TEST(recorded_steps_are_reproduced)
{
	replay r;
	replay_file(&r, data_file(), 0);
	report(&r, data_file());
	ck_assert_msg(!r.fault[0], "%s", r.fault);
	/* every environment of the recording, two episodes each */
	ck_assert_uint_eq(r.skipped_count, 0);
	ck_assert_uint_eq(r.covered_count, 11);
	ck_assert_uint_eq(r.episodes, 22);
	ck_assert_uint_eq(r.lines, 252);
}
END_TEST

/* The negative control: the comparison sees a change of two millionths in any line it claims to compare. */
START_TEST(a_changed_line_is_found)
{
	replay r;
	replay_file(&r, data_file(), 0);
	size_t lines = r.lines;
	for (size_t spoil = 1; spoil <= lines; spoil += 7) {
		replay_file(&r, data_file(), spoil);
		ck_assert_msg(r.fault[0], "line %zu was changed and nobody saw", spoil);
	}
}
END_TEST

START_TEST(another_file_is_reproduced_too)
{
	const char *path = getenv("BERN_GYMNASIUM_TRACES");
	if (!path || !path[0]) {
		printf("# BERN_GYMNASIUM_TRACES is not set: no other traces are compared\n");
		return;
	}
	replay r;
	replay_file(&r, path, 0);
	report(&r, path);
	ck_assert_msg(!r.fault[0], "%s", r.fault);
	ck_assert_msg(r.lines > 0, "%s has no line of an environment that is built in", path);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("gymnasium");
	TCase *t = tcase_create("traces");
	tcase_set_timeout(t, 60);
	tcase_add_test(t, recorded_steps_are_reproduced);
	tcase_add_test(t, a_changed_line_is_found);
	tcase_add_test(t, another_file_is_reproduced_too);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
