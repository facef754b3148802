#include "export.h"
#include "reinforce.h"
#include "registry.h"
#include "command.h"

#include <check.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* As the header declares them. */
typedef struct exported_state {
	uint64_t state, increment;
} exported_state;
typedef void start_function(exported_state *state, uint64_t seed, uint64_t episode);
typedef void act_function(exported_state *state, const float *observation, const uint8_t *mask,
			  int32_t *action);

#define SEED    77
#define EPISODE 5000000003u /* needs both of its words */
#define STEPS   600

/* Layers below, at and above 16 units; a softmax of two, of few and of many actions; one unit, and several. */
static const struct {
	const char *id, *key, *text, *hidden, *head, *scale;
	int masked; /* 1: the test hands out masks */
} cases[] = {
	{"CartPole-v1", NULL, NULL, "20", "auto", "0.5,0.25,5,0.3", 0},
	{"CartPole-v1", NULL, NULL, "16,5,33", "auto", "1", 0},
	{"CartPole-v1", NULL, NULL, "7,18", "softmax", "1", 0},
	{"Acrobot-v1", NULL, NULL, "64", "auto", "3", 0},
	{"Acrobot-v1", NULL, NULL, "64", "auto", "3", 1},
	{"BernoulliBandit-v0", NULL, NULL, "12", "auto", "1", 0},
	{"PendulumBits-v1", "bits", "18", "24,8", "auto", "2", 0},
};
enum { CASES = sizeof cases / sizeof *cases, MODES = 3 };

typedef struct setup {
	bern_registry *registry;
	bern_world world;
	bern_agent *agent;
	bern_agent_config config;
	bern_reinforce_view view;
	char folder[64];
} setup;

static void set(bern_agent_config *config, const char *key, const char *text)
{
	bern_error e;
	ck_assert_msg(!bern_agent_config_set(config, key, text, &e), "%s", e.text);
}

/* Opens an agent whose weights, those of the output too, are large enough to decide; where half of the inputs fire, nothing is
 * decided, so that it wavers. */
static void begin(setup *s, int c)
{
	bern_error e = {0};
	bern_rng rng;
	const bern_env *env;
	bern_setting setting = {cases[c].key, cases[c].text};
	memset(s, 0, sizeof *s);
	ck_assert_msg(!open_registry(&s->registry, NULL, 0, &e), "%s", e.text);
	ck_assert_msg(!bern_registry_find(s->registry, cases[c].id, &env, &e), "%s", e.text);
	ck_assert_msg(!bern_world_open(&s->world, env, &setting, cases[c].key ? 1 : 0, &e), "%s",
		      e.text);
	bern_agent_config_defaults(&s->config);
	set(&s->config, "hidden", cases[c].hidden);
	set(&s->config, "head", cases[c].head);
	set(&s->config, "observation_scale", cases[c].scale);
	ck_assert_msg(!bern_agent_create(&s->agent, &s->config, &s->world, 1, &e), "%s", e.text);
	bern_reinforce_look(s->agent, &s->view);
	bern_rng_seed(&rng, 9);
	for (size_t i = 0; i < s->view.net->param_count; i++)
		s->view.net->params[i] = (float)bern_rng_range(&rng, -2.0, 2.0);
	for (size_t l = 1; l <= s->view.net->depth; l++) {
		const bern_layer *layer = &s->view.net->layer[l];
		float *w = s->view.net->params + layer->weight;
		float *bias = s->view.net->params + layer->bias;
		for (size_t j = 0; j < layer->units; j++)
			bias[j] = 0.0f;
		for (size_t i = 0; i < layer->inputs * layer->units; i++)
			bias[i % layer->units] -= 0.5f * w[i];
	}
	strcpy(s->folder, "/tmp/bern-export-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(s->folder));
}

static void end(setup *s)
{
	static const char *const names[] = {"p.c", "p.h", "p.so"};
	for (size_t i = 0; i < 3; i++) {
		char path[128];
		snprintf(path, sizeof path, "%s/%s", s->folder, names[i]);
		unlink(path);
	}
	rmdir(s->folder);
	bern_agent_destroy(s->agent);
	bern_world_finish(&s->world);
	bern_registry_destroy(s->registry);
}

static void put(const setup *s, const char *name, const char *text)
{
	char path[128];
	snprintf(path, sizeof path, "%s/%s", s->folder, name);
	FILE *file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

/* Compiles the exported text with every warning an error, and loads it. */
static void *compile(setup *s, int32_t mode)
{
	bern_error e = {0};
	char *c, *h, command[512];
	const export_c_plan plan = {"p", "p.h", "runs/*/is a comment's end", "100", mode};
	ck_assert_msg(!export_c(s->agent, &plan, &c, &h, &e), "%s", e.text);
	put(s, "p.c", c);
	put(s, "p.h", h);
	free(c);
	free(h);
	snprintf(command, sizeof command,
		 "cd %s && cc -std=c99 -Wall -Wextra -Werror -pedantic -O2 -shared -fPIC -o p.so "
		 "p.c",
		 s->folder);
	ck_assert_int_eq(system(command), 0);
	snprintf(command, sizeof command, "%s/p.so", s->folder);
	void *library = dlopen(command, RTLD_NOW | RTLD_LOCAL);
	ck_assert_msg(library != NULL, "%s", dlerror());
	return library;
}

START_TEST(exported_c_decides_as_the_agent_does)
{
	int c = _i / MODES;
	int32_t mode = _i % MODES;
	setup s;
	begin(&s, c);
	void *library = compile(&s, mode);
	start_function *start;
	act_function *act;
	*(void **)&start = dlsym(library, "p_start");
	*(void **)&act = dlsym(library, "p_act");
	ck_assert(start && act);

	size_t O = s.world.observation_floats, C = s.view.net->head.components;
	size_t N = s.view.net->head.logits, which = 0, differ = 0;
	float obs[64];
	uint8_t mask[64];
	int32_t index = 0, ours[64], theirs[64], before[64] = {0};
	ck_assert(O <= 64 && C <= 64 && N <= 64);
	/* what act() reads of lanes */
	const bern_lanes lanes = {.world = &s.world,
				  .count = 1,
				  .obs = obs,
				  .index = &index,
				  .mask = cases[c].masked ? mask : NULL};
	bern_firing_rng firing;
	exported_state state;
	bern_rng rng;
	bern_rng_seed(&rng, (uint64_t)_i);
	bern_firing_rng_stream(
		&firing, SEED,
		(bern_stream_key){.purpose = BERN_FOR_EVAL_FIRING, .episode = EPISODE});
	start(&state, SEED, EPISODE);
	for (int t = 0; t < STEPS; t++) {
		for (size_t i = 0; i < O; i++) /* now and then exactly 0 */
			obs[i] = bern_rng_below(&rng, 8) ? (float)bern_rng_range(&rng, -3, 3) : 0;
		for (size_t n = 0; n < N; n++)
			mask[n] = (uint8_t)bern_rng_below(&rng, 2);
		mask[bern_rng_below(&rng, N)] = 1;
		s.agent->kind->act(s.agent, &lanes, &which, 1, mode, &firing, NULL, ours);
		act(&state, obs, lanes.mask, theirs);
		for (size_t k = 0; k < C; k++)
			ck_assert_msg(ours[k] == theirs[k],
				      "step %d, number %zu: Bern %d, exported %d", t, k,
				      (int)ours[k], (int)theirs[k]);
		differ += memcmp(ours, before, C * sizeof *ours) != 0;
		memcpy(before, ours, C * sizeof *ours);
	}
	/* a policy that never changes its mind proves nothing */
	if (strcmp(cases[c].id, "BernoulliBandit-v0") != 0)
		ck_assert_uint_ge(differ, STEPS / 20);
	/* and both stand at the same random number, which is the next of the first sub-stream */
	if (mode == BERN_SAMPLED)
		ck_assert_uint_eq(state.state, firing.state[0]);
	dlclose(library);
	end(&s);
}
END_TEST

START_TEST(what_cannot_go_as_c_is_refused_in_words)
{
	static const struct {
		const char *id, *key, *text, *words;
	} refused[] = {
		{"CartPole-v1", "units", "relu", "relu units"},
		{"CartPole-v1", "stack", "2", "stack"},
		{"Pendulum-v1", "gamma", "0.9", "gaussian"},
		{"CartPole-v1", "normalize_observations", "true", "normalised"},
	};
	bern_error e = {0};
	bern_registry *registry;
	ck_assert(!open_registry(&registry, NULL, 0, &e));
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		const bern_env *env;
		bern_world world;
		bern_agent *agent;
		bern_agent_config config;
		char *c, *h;
		const export_c_plan plan = {"p", "p.h", "x", "1", BERN_SAMPLED};
		ck_assert(!bern_registry_find(registry, refused[i].id, &env, &e));
		ck_assert(!bern_world_open(&world, env, NULL, 0, &e));
		bern_agent_config_defaults(&config);
		set(&config, refused[i].key, refused[i].text);
		ck_assert_msg(!bern_agent_create(&agent, &config, &world, 1, &e), "%s", e.text);
		ck_assert_int_eq(export_c(agent, &plan, &c, &h, &e), BERN_EUSAGE);
		ck_assert_msg(strstr(e.text, refused[i].words) != NULL, "%s", e.text);
		ck_assert(!c && !h);
		bern_agent_destroy(agent);
		bern_world_finish(&world);
	}
	bern_registry_destroy(registry);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("export");
	TCase *t = tcase_create("c");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, exported_c_decides_as_the_agent_does, 0, CASES * MODES);
	tcase_add_test(t, what_cannot_go_as_c_is_refused_in_words);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
