/* Environments in a process of their own: the same bits, and one sentence for whatever ends them. */
#if defined(__linux__)
#define _GNU_SOURCE
#include <sys/prctl.h>
#endif
#include <bern/builtin.h>
#include <bern/lanes.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

static const bern_isolation patient = {.seconds = 20, .memory = (uint64_t)2 << 30};

/* No process of ours is left, running or as a zombie. */
static void no_child_left(void)
{
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
}

/* ---- an environment that misbehaves on demand -------------------------------------------------------- */

static const char *const calls[] = {"none", "open", "reset", "step", "observe",
				    "mask", "read", "close", NULL};
enum { IN_NONE, IN_OPEN, IN_RESET, IN_STEP, IN_OBSERVE, IN_MASK, IN_READ, IN_CLOSE };
static const char *const sins[] = {"segv",   "abort", "exit",   "hang", "file",
				   "socket", "eat",   "refuse", NULL};
enum { SEGV, ABORT, EXIT, HANG, OPENS_FILE, OPENS_SOCKET, EATS, REFUSES };

typedef struct wild_model {
	int32_t call, sin;
	int64_t at;
} wild_model;

typedef struct wild_state {
	int64_t t, lane;
	double told; /* what the sin came to */
} wild_state;

static const bern_param wild_params[] = {
	{"call", "where it misbehaves", BERN_CHOICE, 0, "none", 0, 0, calls},
	{"sin", "how", BERN_CHOICE, 0, "segv", 0, 0, sins},
	{"at", "at which step", BERN_INT, 0, "3", 0, 1000, NULL},
	{"note", "text that is not used", BERN_TEXT, 0, "", 0, 100, NULL},
};
static const char *const wild_metrics[] = {"t", "told"};
static const char *const wild_labels[] = {"t", "lane", "told", "zero", "one"};
static const char *const wild_actions[] = {"stay", "go", "run"};
static const char *const wild_keys[] = {"left", NULL, "right"};

/* What a sin that can be survived came to: 0, or errno. */
static double sin_now(int32_t sin)
{
	volatile int zero = 0;
	if (sin == SEGV)
		raise(SIGSEGV);
	if (sin == ABORT)
		abort();
	if (sin == EXIT)
		exit(5);
	while (sin == HANG)
		zero = 0;
	if (sin == OPENS_FILE) {
		int file = open("/dev/null", O_RDONLY);
		return file < 0 ? errno : zero;
	}
	if (sin == OPENS_SOCKET) {
		int file = socket(AF_INET, SOCK_STREAM, 0);
		return file < 0 ? errno : zero;
	}
	while (sin == EATS) {
		char *volatile more = malloc((size_t)1 << 20);
		if (!more)
			abort();
		memset(more, 1, (size_t)1 << 20);
	}
	return 0;
}

static int32_t wild_open(const bern_value *values, bern_instance *out, char *err, size_t err_size)
{
	static const int32_t three[] = {3};
	static const float low[] = {0, 0, 0, 0, 0}, high[] = {1e6f, 1e6f, 1e6f, 1e9f, 1};
	wild_model *model = calloc(1, sizeof *model);
	if (!model)
		return 1;
	*model = (wild_model){(int32_t)values[0].i, (int32_t)values[1].i, values[2].i};
	if (model->call == IN_OPEN && model->sin == REFUSES) {
		snprintf(err, err_size, "note: %.50s is refused", values[3].s);
		free(model);
		return 1;
	}
	if (model->call == IN_OPEN && sin_now(model->sin) != 0) {
		snprintf(err, err_size, "it was shut out while it opened");
		free(model);
		return 1;
	}
	out->model = model;
	out->state_size = sizeof(wild_state);
	out->max_steps = 50;
	out->observation = (bern_space){
		.kind = BERN_BOX, .count = 5, .low = low, .high = high, .labels = wild_labels};
	out->action = (bern_space){.kind = BERN_DISCRETE,
				   .count = 1,
				   .sizes = three,
				   .labels = wild_actions,
				   .keys = wild_keys};
	out->has_max_return = 1;
	out->max_return = 50;
	return 0;
}

/* Misbehaves if this is the call and the step has come. */
static void sin_in(const wild_model *model, int32_t call, wild_state *s)
{
	if (model->call == call && s->t >= model->at)
		s->told = sin_now(model->sin);
}

static void wild_close(void *model)
{
	const wild_model *m = model;
	if (m->call == IN_CLOSE)
		sin_now(m->sin);
	free(model);
}

static void wild_reset(const void *model, void *block, struct bern_rng *rng)
{
	wild_state *s = block;
	memset(s, 0, sizeof *s);
	s->lane = (int64_t)bern_rng_below(rng, 1000);
	if (((const wild_model *)model)->call == IN_RESET)
		s->told = sin_now(((const wild_model *)model)->sin);
}

static void wild_step(const void *model, void *block, struct bern_rng *rng, const void *action,
		      bern_outcome *out)
{
	wild_state *s = block;
	s->t++;
	sin_in(model, IN_STEP, s);
	out->reward = bern_rng_range(rng, 0, 1) + *(const int32_t *)action;
	if (bern_rng_below(rng, 20) == 0)
		out->flags = BERN_TERMINATED;
}

static void wild_observe(const void *model, const void *block, void *observation)
{
	wild_state s = *(const wild_state *)block;
	float *out = observation;
	sin_in(model, IN_OBSERVE, &s);
	out[0] = (float)s.t;
	out[1] = (float)s.lane;
	out[2] = (float)s.told;
	out[3] = 0;
	out[4] = 1;
}

static void wild_mask(const void *model, const void *block, uint8_t *allowed)
{
	wild_state s = *(const wild_state *)block;
	sin_in(model, IN_MASK, &s);
	allowed[0] = allowed[1] = 1;
	allowed[2] = s.t % 2 == 1;
}

static void wild_read(const void *model, const void *block, double *out)
{
	wild_state s = *(const wild_state *)block;
	sin_in(model, IN_READ, &s);
	out[0] = (double)s.t;
	out[1] = s.told;
}

static const bern_env wild = {.abi = BERN_ENV_ABI,
			      .struct_size = sizeof(bern_env),
			      .id = "test/Wild-v0",
			      .summary = "",
			      .source = "",
			      .params = wild_params,
			      .param_count = 4,
			      .metrics = wild_metrics,
			      .metric_count = 2,
			      .open = wild_open,
			      .close = wild_close,
			      .reset = wild_reset,
			      .step = wild_step,
			      .observe = wild_observe,
			      .mask = wild_mask,
			      .read_metrics = wild_read};

/* ---- an environment whose state is behind a pointer ----------------------------------------------------- */

typedef struct held {
	double x;
	int64_t t;
} held;

static int32_t held_open(const bern_value *values, bern_instance *out, char *err, size_t err_size)
{
	static const int32_t two[] = {2};
	(void)values, (void)err, (void)err_size;
	out->state_size = sizeof(held *);
	out->max_steps = 30;
	out->observation = (bern_space){.kind = BERN_BOX, .count = 1};
	out->action = (bern_space){.kind = BERN_MULTI_BINARY, .count = 2, .sizes = two};
	return 0;
}

static int32_t held_attach(const void *model, void *state, char *err, size_t err_size)
{
	held *h = calloc(1, sizeof *h);
	(void)model, (void)err, (void)err_size;
	memcpy(state, &h, sizeof h);
	return h == NULL;
}

static held *held_of(const void *state)
{
	held *h;
	memcpy(&h, state, sizeof h);
	return h;
}

static void held_detach(const void *model, void *state)
{
	(void)model;
	free(held_of(state));
}

static void held_reset(const void *model, void *state, struct bern_rng *rng)
{
	(void)model;
	*held_of(state) = (held){.x = bern_rng_range(rng, -1, 1)};
}

static void held_step(const void *model, void *state, struct bern_rng *rng, const void *action,
		      bern_outcome *out)
{
	held *h = held_of(state);
	const uint8_t *bits = action;
	(void)model;
	h->t++;
	h->x += 0.1 * bits[0] - 0.1 * bits[1] + bern_rng_range(rng, -0.01, 0.01);
	out->reward = h->x;
}

static void held_observe(const void *model, const void *state, void *observation)
{
	(void)model;
	*(float *)observation = (float)held_of(state)->x;
}

static uint64_t held_save(const void *model, const void *state, void *buffer, uint64_t size)
{
	(void)model;
	if (size >= sizeof(held))
		memcpy(buffer, held_of(state), sizeof(held));
	return sizeof(held);
}

static int32_t held_load(const void *model, void *state, const void *buffer, uint64_t size,
			 char *err, size_t err_size)
{
	(void)model;
	if (size != sizeof(held)) {
		snprintf(err, err_size, "wrong size");
		return 1;
	}
	memcpy(held_of(state), buffer, sizeof(held));
	return 0;
}

static const bern_env held_env = {.abi = BERN_ENV_ABI,
				  .struct_size = sizeof(bern_env),
				  .id = "test/Held-v0",
				  .summary = "",
				  .source = "",
				  .open = held_open,
				  .reset = held_reset,
				  .step = held_step,
				  .observe = held_observe,
				  .attach = held_attach,
				  .detach = held_detach,
				  .save = held_save,
				  .load = held_load};

/* ---- the same bits ------------------------------------------------------------------------------------------- */

#define B 5

/* Actions that are allowed in both, drawn from a stream of the test's own. */
static void draw_actions(const bern_lanes *lanes, bern_rng *rng, int32_t *whole, float *real)
{
	const bern_space *s = &lanes->world->instance.action;
	const size_t A = lanes->world->action_count;
	for (size_t k = 0; k < B * A; k++) {
		size_t i = k % A;
		if (s->kind == BERN_BOX) {
			double low = s->low ? (double)s->low[i] : -1;
			double high = s->high ? (double)s->high[i] : 1;
			real[k] = (float)bern_rng_range(rng, low, high);
			continue;
		}
		uint64_t n = s->kind == BERN_MULTI_BINARY ? 2 : (uint64_t)s->sizes[i];
		do
			whole[k] = (int32_t)bern_rng_below(rng, n);
		while (lanes->mask && !lanes->mask[k / A * n + (size_t)whole[k]]);
	}
}

static int32_t step(bern_lanes *lanes, const int32_t *whole, const float *real, bern_error *e)
{
	return lanes->world->instance.action.kind == BERN_BOX ? bern_lanes_step_box(lanes, real, e)
							      : bern_lanes_step(lanes, whole, e);
}

static void same(const bern_lanes *a, const bern_lanes *b, const char *id, int t)
{
	const bern_world *world = a->world;
	const size_t O = world->observation_floats, M = world->env->metric_count;
	const size_t n = a->mask ? (size_t)world->instance.action.sizes[0] : 0;
	ck_assert_msg(!memcmp(a->obs, b->obs, B * O * sizeof *a->obs), "%s: obs at %d", id, t);
	ck_assert_msg(!memcmp(a->reward, b->reward, B * sizeof *a->reward), "%s: reward at %d", id,
		      t);
	ck_assert_msg(!memcmp(a->flags, b->flags, B * sizeof *a->flags), "%s: flags at %d", id, t);
	ck_assert_msg(!M || !memcmp(a->metrics, b->metrics, B * M * sizeof *a->metrics),
		      "%s: metrics at %d", id, t);
	ck_assert_msg(!n || !memcmp(a->mask, b->mask, B * n), "%s: mask at %d", id, t);
	for (size_t k = 0; k < B; k++) {
		ck_assert_msg(
			!memcmp(bern_lanes_stream(a, k), bern_lanes_stream(b, k), sizeof(bern_rng)),
			"%s: stream of lane %zu at %d", id, k, t);
		ck_assert_msg(world->env->attach ||
				      !memcmp(bern_lanes_state(a, k), bern_lanes_state(b, k),
					      (size_t)world->instance.state_size),
			      "%s: state of lane %zu at %d", id, k, t);
		if (a->flags[k])
			ck_assert_msg(!memcmp(a->last_obs + k * O, b->last_obs + k * O,
					      O * sizeof *a->last_obs),
				      "%s: last_obs of lane %zu at %d", id, k, t);
	}
}

static void same_names(const char *const *a, const char *const *b, int64_t count)
{
	ck_assert_int_eq(a != NULL, b != NULL);
	for (int64_t i = 0; a && i < count; i++) {
		ck_assert_int_eq(a[i] != NULL, b[i] != NULL);
		if (a[i])
			ck_assert_str_eq(a[i], b[i]);
	}
}

static void same_space(const bern_space *a, const bern_space *b)
{
	ck_assert_int_eq(a->kind, b->kind);
	ck_assert_int_eq(a->dtype, b->dtype);
	ck_assert_uint_eq(a->count, b->count);
	ck_assert_uint_eq(a->ndim, b->ndim);
	ck_assert_int_eq(memcmp(a->shape, b->shape, sizeof a->shape), 0);
	int64_t counted = a->kind == BERN_DISCRETE || a->kind == BERN_MULTI_DISCRETE;
	for (uint32_t i = 0; counted && i < a->count; i++)
		ck_assert_int_eq(a->sizes[i], b->sizes[i]);
	ck_assert_int_eq(a->low != NULL, b->low != NULL);
	ck_assert_int_eq(a->high != NULL, b->high != NULL);
	for (uint32_t i = 0; a->low && i < a->count; i++)
		ck_assert(memcmp(&a->low[i], &b->low[i], sizeof(float)) == 0);
	for (uint32_t i = 0; a->high && i < a->count; i++)
		ck_assert(memcmp(&a->high[i], &b->high[i], sizeof(float)) == 0);
	int64_t values = a->kind == BERN_DISCRETE ? a->sizes[0] : (int64_t)a->count;
	same_names(a->labels, b->labels, values);
	if (a->kind == BERN_DISCRETE)
		same_names(a->keys, b->keys, values);
}

static void plays_alike(const bern_env *env, int steps)
{
	bern_world here, there;
	bern_lanes a, b;
	bern_error e;
	bern_rng rng;
	ck_assert_msg(!bern_world_open(&here, env, NULL, 0, &e), "%s", e.text);
	ck_assert_msg(!bern_world_open_isolated(&there, env, NULL, 0, &patient, &e), "%s", e.text);
	same_space(&here.instance.observation, &there.instance.observation);
	same_space(&here.instance.action, &there.instance.action);
	ck_assert_uint_eq(here.instance.state_size, there.instance.state_size);
	ck_assert_uint_eq(here.instance.max_steps, there.instance.max_steps);
	ck_assert_double_eq(here.instance.max_return, there.instance.max_return);
	ck_assert_msg(!bern_lanes_init(&a, &here, B, 7, BERN_FOR_ENVIRONMENT, 0, &e), "%s", e.text);
	ck_assert_msg(!bern_lanes_init(&b, &there, B, 7, BERN_FOR_ENVIRONMENT, 0, &e), "%s",
		      e.text);
	int32_t *whole = calloc(B * here.action_count, sizeof *whole);
	float *real = calloc(B * here.action_count, sizeof *real);
	bern_rng_seed(&rng, 3);
	ck_assert_msg(!bern_lanes_reset(&a, &e), "%s", e.text);
	ck_assert_msg(!bern_lanes_reset(&b, &e), "%s", e.text);
	for (int t = 0; t <= steps; t++) {
		same(&a, &b, env->id, t);
		draw_actions(&a, &rng, whole, real);
		ck_assert_msg(!step(&a, whole, real, &e), "%s", e.text);
		ck_assert_msg(!step(&b, whole, real, &e), "%s", e.text);
		if (t == steps / 2) {
			ck_assert_msg(!bern_lanes_clone(&a, 1, &a, 3, &e), "%s", e.text);
			ck_assert_msg(!bern_lanes_clone(&b, 1, &b, 3, &e), "%s", e.text);
		}
	}
	free(whole);
	free(real);
	bern_lanes_finish(&a);
	bern_lanes_finish(&b);
	bern_world_finish(&here);
	bern_world_finish(&there);
	no_child_left();
}

START_TEST(every_built_in_environment_gives_the_same_bits)
{
	const bern_plugin *plugin;
	for (size_t i = 0; (plugin = bern_builtin_plugin(i)); i++)
		for (uint32_t k = 0; k < plugin->count; k++)
			plays_alike(plugin->envs[k], 60);
}
END_TEST

START_TEST(masks_metrics_and_handles_give_the_same_bits)
{
	plays_alike(&wild, 200);
	plays_alike(&held_env, 200);
}
END_TEST

/* Stepped by hand, as estimators that clone do: states that are no lane's. */
START_TEST(a_state_anywhere_may_be_asked_about)
{
	bern_world here, there;
	bern_error e;
	wild_state a, b;
	bern_rng for_a, for_b;
	float seen_a[5], seen_b[5];
	ck_assert_int_eq(bern_world_open(&here, &wild, NULL, 0, &e), 0);
	ck_assert_int_eq(bern_world_open_isolated(&there, &wild, NULL, 0, &patient, &e), 0);
	bern_rng_seed(&for_a, 4);
	bern_rng_seed(&for_b, 4);
	here.env->reset(here.instance.model, &a, &for_a);
	there.env->reset(there.instance.model, &b, &for_b);
	for (int32_t t = 0; t < 40; t++) {
		bern_outcome out_a = {0}, out_b = {0};
		int32_t action = t % 3;
		uint8_t mask_a[3], mask_b[3];
		here.env->step(here.instance.model, &a, &for_a, &action, &out_a);
		there.env->step(there.instance.model, &b, &for_b, &action, &out_b);
		here.env->observe(here.instance.model, &a, seen_a);
		there.env->observe(there.instance.model, &b, seen_b);
		here.env->mask(here.instance.model, &a, mask_a);
		there.env->mask(there.instance.model, &b, mask_b);
		ck_assert_int_eq(memcmp(&a, &b, sizeof a), 0);
		ck_assert_int_eq(memcmp(&for_a, &for_b, sizeof for_a), 0);
		ck_assert_int_eq(memcmp(&out_a, &out_b, sizeof out_a), 0);
		ck_assert_int_eq(memcmp(seen_a, seen_b, sizeof seen_a), 0);
		ck_assert_int_eq(memcmp(mask_a, mask_b, sizeof mask_a), 0);
	}
	bern_world_finish(&here);
	bern_world_finish(&there);
}
END_TEST

/* What came with the last answer is taken once: whoever writes to a state and looks again sees what was written. */
START_TEST(a_state_that_was_written_to_is_seen_as_it_is_now)
{
	bern_world world;
	bern_lanes lanes;
	bern_error e;
	const int32_t actions[B] = {0};
	float seen[5];
	double metrics[2];
	uint8_t mask[3];
	ck_assert_int_eq(bern_world_open_isolated(&world, &wild, NULL, 0, &patient, &e), 0);
	ck_assert_int_eq(bern_lanes_init(&lanes, &world, B, 2, BERN_FOR_ENVIRONMENT, 0, &e), 0);
	ck_assert_int_eq(bern_lanes_reset(&lanes, &e), 0);
	ck_assert_int_eq(bern_lanes_step(&lanes, actions, &e), 0);
	wild_state *s = bern_lanes_state(&lanes, 1);
	s->t = 17;
	s->lane = 4;
	world.env->observe(world.instance.model, s, seen);
	world.env->read_metrics(world.instance.model, s, metrics);
	world.env->mask(world.instance.model, s, mask);
	ck_assert_float_eq(seen[0], 17);
	ck_assert_float_eq(seen[1], 4);
	ck_assert_double_eq(metrics[0], 17);
	ck_assert_uint_eq(mask[2], 1);
	bern_lanes_finish(&lanes);
	bern_world_finish(&world);
}
END_TEST

/* ---- what ends it ------------------------------------------------------------------------------------------------ */

/* Plays the wild environment until something goes wrong, or for 20 steps; then ends everything. Returns the code. */
static int32_t play_wild(const bern_setting *settings, size_t count, const bern_isolation *plan,
			 double *told, bern_error *e)
{
	bern_world world;
	bern_lanes lanes;
	const int32_t actions[B] = {0};
	bern_error again;
	*told = -1;
	int32_t rc = bern_world_open_isolated(&world, &wild, settings, count, plan, e);
	if (rc) {
		no_child_left();
		return rc;
	}
	rc = bern_lanes_init(&lanes, &world, B, 11, BERN_FOR_ENVIRONMENT, 0, e);
	ck_assert_int_eq(rc, 0);
	rc = bern_lanes_reset(&lanes, e);
	for (int t = 0; !rc && t < 20; t++) {
		rc = bern_lanes_step(&lanes, actions, e);
		for (size_t b = 0; !rc && b < B; b++)
			if (lanes.metrics[2 * b + 1] > *told)
				*told = lanes.metrics[2 * b + 1];
	}
	if (rc) {
		/* it stays an error, and nothing hangs */
		ck_assert_int_ne(bern_lanes_step(&lanes, actions, &again), 0);
		no_child_left();
	}
	bern_lanes_finish(&lanes);
	bern_world_finish(&world);
	no_child_left();
	return rc;
}

static const struct {
	const char *call, *where; /* where the sentence says it was; NULL: it need not */
} places[] = {{"reset", "lane 0 of seed 11, episode 0, step 0: "},
	      {"step", "lane 0 of seed 11, episode 0, step 3: "},
	      {"observe", "lane 0 of seed 11, episode 0, step 3: "},
	      {"mask", "lane 0 of seed 11, episode 0, step 3: "},
	      {"read", "lane 0 of seed 11, episode 0, step 3: "}};
#define PLACES (int)(sizeof places / sizeof places[0])

static void says(const bern_error *e, const char *words)
{
	ck_assert_msg(strstr(e->text, words) != NULL, "no \"%s\" in: %s", words, e->text);
}

START_TEST(a_crash_an_exit_or_a_hang_is_one_sentence)
{
	static const char *const how[][2] = {{"segv", SANITIZED ? "" : "signal 11"},
					     {"abort", "signal 6"},
					     {"exit", SANITIZED ? "exit status" : "exit status 5"},
					     {"hang", "within 0.3 s"}};
	const bern_isolation plan = {.seconds = 0.3, .memory = patient.memory};
	for (size_t i = 0; i < sizeof how / sizeof how[0]; i++) {
		const bern_setting settings[] = {{"call", places[_i].call}, {"sin", how[i][0]}};
		/* a loaded machine must not make a hang of what is none */
		const int hangs = !strcmp(how[i][0], "hang");
		char in[64];
		bern_error e = {0};
		double told;
		int32_t rc = play_wild(settings, 2, hangs ? &plan : &patient, &told, &e);
		ck_assert_msg(rc == BERN_EENV, "%s in %s: %d %s", how[i][0], places[_i].call,
			      (int)rc, e.text);
		says(&e, "test/Wild-v0: ");
		says(&e, places[_i].where);
		says(&e, how[i][1]);
		snprintf(in, sizeof in, "%s", places[_i].call);
		says(&e, in);
		ck_assert_ptr_null(strchr(e.text, '\n'));
	}
}
END_TEST

START_TEST(what_goes_wrong_in_open_is_told_as_well)
{
	static const char *const how[][2] = {{"abort", "test/Wild-v0: it crashed with signal 6"},
					     {"exit", "exit status 5 in open()"},
					     {"hang", "its open() did not come back within 0.3 s"}};
	const bern_isolation plan = {.seconds = 0.3};
	double told;
	for (size_t i = 0; i < sizeof how / sizeof how[0]; i++) {
		const bern_setting settings[] = {{"call", "open"}, {"sin", how[i][0]}};
		bern_error e;
		ck_assert_int_eq(play_wild(settings, 2, i == 2 ? &plan : &patient, &told, &e),
				 BERN_EENV);
		says(&e, how[i][1]);
	}
	const bern_setting settings[] = {{"call", "open"}, {"sin", "refuse"}, {"note", "x y"}};
	bern_error here, there;
	bern_world world;
	int32_t rc = bern_world_open(&world, &wild, settings, 3, &here);
	ck_assert_int_eq(play_wild(settings, 3, &patient, &told, &there), rc);
	ck_assert_str_eq(here.text, there.text);
}
END_TEST

START_TEST(what_goes_wrong_in_close_harms_nobody)
{
	static const char *const how[] = {"abort", "exit", "hang"};
	const bern_isolation plan = {.seconds = 0.3};
	for (size_t i = 0; i < 3; i++) {
		const bern_setting settings[] = {{"call", "close"}, {"sin", how[i]}};
		bern_error e;
		double told;
		ck_assert_int_eq(play_wild(settings, 2, i == 2 ? &plan : &patient, &told, &e), 0);
	}
}
END_TEST

START_TEST(memory_has_a_limit)
{
	const bern_isolation plan = {.seconds = 20, .memory = (uint64_t)64 << 20};
	const bern_setting settings[] = {{"call", places[_i].call}, {"sin", "eat"}};
	bern_error e = {0};
	double told;
	/* a sanitizer's own memory is beyond any limit, and other systems know no such limit */
	if (SANITIZED)
		return;
#if defined(__linux__)
	ck_assert_int_eq(play_wild(settings, 2, &plan, &told, &e), BERN_EENV);
	says(&e, "signal 6");
	says(&e, places[_i].where);
#else
	(void)plan, (void)settings, (void)e, (void)told;
#endif
}
END_TEST

START_TEST(files_and_sockets_are_closed_to_it_once_it_is_open)
{
	static const char *const how[] = {"file", "socket"};
	bern_world world;
	bern_error e;
	ck_assert_int_eq(bern_world_open_isolated(&world, &wild, NULL, 0, &patient, &e), 0);
	const int confined = bern_world_confined(&world);
	bern_world_finish(&world);
	for (size_t i = 0; i < 2; i++) {
		const bern_setting settings[] = {{"call", "step"}, {"sin", how[i]}};
		const bern_setting at_first[] = {{"call", "open"}, {"sin", how[i]}};
		double told;
		ck_assert_int_eq(play_wild(settings, 2, &patient, &told, &e), 0);
		ck_assert_double_eq(told, confined ? EACCES : 0);
		ck_assert_int_eq(play_wild(at_first, 2, &patient, &told, &e), 0);
	}
#if defined(BERN_SECCOMP)
	ck_assert_int_eq(confined, 1);
#else
	ck_assert_int_eq(confined, 0);
#endif
}
END_TEST

/* What waits in a buffer of stdio must not be written twice, and what the environment prints is no result. */
START_TEST(its_exit_writes_nothing_of_ours)
{
	const bern_setting settings[] = {{"call", "step"}, {"sin", "exit"}};
	bern_error e;
	double told;
	struct stat about;
	FILE *file = tmpfile();
	ck_assert_ptr_nonnull(file);
	fputs("once\n", file);
	ck_assert_int_eq(play_wild(settings, 2, &patient, &told, &e), BERN_EENV);
	fflush(file);
	ck_assert_int_eq(fstat(fileno(file), &about), 0);
	ck_assert_int_eq(about.st_size, 5);
	fclose(file);
}
END_TEST

#if defined(__linux__)
/* A process that opens a world, steps into a hang, and is killed: its child must follow. We inherit that child. */
START_TEST(the_hosts_death_is_its_own)
{
	int hangs = _i;
	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	pid_t host = fork();
	ck_assert_int_ge(host, 0);
	if (host == 0) {
		const bern_setting settings[] = {{"call", hangs ? "step" : "none"},
						 {"sin", "hang"}};
		const bern_isolation plan = {.seconds = 0};
		const int32_t actions[B] = {0};
		bern_world world;
		bern_lanes lanes;
		bern_error e;
		if (bern_world_open_isolated(&world, &wild, settings, 2, &plan, &e) ||
		    bern_lanes_init(&lanes, &world, B, 1, BERN_FOR_ENVIRONMENT, 0, &e) ||
		    bern_lanes_reset(&lanes, &e))
			_exit(1);
		while (hangs && bern_lanes_step(&lanes, actions, &e) == 0)
			;
		for (;;)
			pause();
	}
	usleep(300000);
	kill(host, SIGKILL);
	/* both are ours to wait for now; meson's time limit ends the wait if one lives on */
	for (int i = 0; i < 2; i++) {
		int status;
		pid_t ended = waitpid(-1, &status, 0);
		ck_assert_int_gt(ended, 0);
		if (ended == host)
			ck_assert_int_eq(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, 1);
	}
	no_child_left();
	prctl(PR_SET_CHILD_SUBREAPER, 0);
}
END_TEST
#endif

START_TEST(descriptors_are_given_back)
{
	int before = dup(0);
	close(before);
	for (int i = 0; i < 3; i++) {
		bern_error e;
		double told;
		ck_assert_int_eq(play_wild(NULL, 0, &patient, &told, &e), 0);
	}
	int after = dup(0);
	close(after);
	ck_assert_int_eq(before, after);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("isolate");
	TCase *t = tcase_create("bits");
	tcase_set_timeout(t, 120);
	tcase_add_test(t, every_built_in_environment_gives_the_same_bits);
	tcase_add_test(t, masks_metrics_and_handles_give_the_same_bits);
	tcase_add_test(t, a_state_anywhere_may_be_asked_about);
	tcase_add_test(t, a_state_that_was_written_to_is_seen_as_it_is_now);
	suite_add_tcase(s, t);
	t = tcase_create("ends");
	tcase_add_loop_test(t, a_crash_an_exit_or_a_hang_is_one_sentence, 0, PLACES);
	tcase_add_test(t, what_goes_wrong_in_open_is_told_as_well);
	tcase_add_test(t, what_goes_wrong_in_close_harms_nobody);
	tcase_add_loop_test(t, memory_has_a_limit, 0, PLACES);
	tcase_add_test(t, files_and_sockets_are_closed_to_it_once_it_is_open);
	tcase_add_test(t, its_exit_writes_nothing_of_ours);
#if defined(__linux__)
	tcase_add_loop_test(t, the_hosts_death_is_its_own, 0, 2);
#endif
	tcase_add_test(t, descriptors_are_given_back);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
