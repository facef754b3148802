/* Shared libraries: the examples are built with nothing but the copied headers, load and play; each bad one is refused in
 * one sentence and leaves nothing behind. */
#include <bern/conformance.h>
#include <bern/host.h>
#include <bern/lanes.h>

#include <check.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PLUGIN(name) BERN_TEST_PLUGINS "/" name ".so"

static bern_registry *registry;

static void setup(void)
{
	bern_error e;
	ck_assert_int_eq(bern_registry_create(&registry, &e), BERN_OK);
}

static void teardown(void)
{
	bern_registry_destroy(registry);
}

static bern_world load_and_open(const char *path, const char *id)
{
	bern_error e;
	const bern_env *env;
	bern_world world;
	ck_assert_msg(bern_registry_load(registry, path, &e) == BERN_OK, "%s", e.text);
	ck_assert_msg(bern_registry_find(registry, id, &env, &e) == BERN_OK, "%s", e.text);
	ck_assert_msg(bern_world_open(&world, env, NULL, 0, &e) == BERN_OK, "%s", e.text);
	return world;
}

static bern_lanes lanes_of(const bern_world *world, size_t count)
{
	bern_error e;
	bern_lanes lanes;
	ck_assert_msg(bern_lanes_init(&lanes, world, count, 5, BERN_FOR_ENVIRONMENT, 0, &e) ==
			      BERN_OK,
		      "%s", e.text);
	ck_assert_msg(bern_lanes_reset(&lanes, &e) == BERN_OK, "%s", e.text);
	return lanes;
}

/* ---- good ones ----------------------------------------------------------------------------------------- */

START_TEST(the_smallest_example_plays)
{
	bern_error e;
	bern_world world = load_and_open(PLUGIN("smallest"), "examples/Corridor-v0");
	ck_assert_str_eq(bern_registry_origin(registry, 0), PLUGIN("smallest"));
	bern_lanes lanes = lanes_of(&world, 2);
	ck_assert_uint_eq(world.observation_floats, 5);
	/* lane 0 walks right and is there in four steps, lane 1 stays at the wall until it is cut */
	for (int t = 1; t <= 100; t++) {
		ck_assert_int_eq(bern_lanes_step(&lanes, (int32_t[]){1, 0}, &e), BERN_OK);
		ck_assert(lanes.reward[0] == -1);
		ck_assert_uint_eq(lanes.flags[0], t % 4 ? 0u : BERN_TERMINATED);
		ck_assert_uint_eq(lanes.flags[1], t == 100 ? BERN_TRUNCATED : 0u);
		ck_assert_int_eq(lanes.index[0], t % 4);
		ck_assert_int_eq(lanes.index[1], 0);
	}
	ck_assert_int_eq(lanes.last_index[0], 4);
	bern_lanes_finish(&lanes);
	bern_world_finish(&world);
}
END_TEST

START_TEST(the_example_with_a_handle_plays_and_is_saved)
{
	bern_error e;
	bern_world world = load_and_open(PLUGIN("handle"), "examples/Tube-v0");
	bern_lanes lanes = lanes_of(&world, 2);
	bern_tensors list = {0};
	float before[4];
	ck_assert_int_eq(bern_lanes_tensors(&lanes, &list, &e), BERN_OK);
	ck_assert_int_eq(bern_lanes_step(&lanes, (int32_t[]){1, 0}, &e), BERN_OK);
	ck_assert_int_eq(bern_lanes_before_save(&lanes, &e), BERN_OK);
	ck_assert_int_eq(bern_lanes_step(&lanes, (int32_t[]){1, 0}, &e), BERN_OK);
	memcpy(before, lanes.obs, sizeof before);
	/* up with the fan on, down without: two steps of 0.02 s at 9.8 m/s^2 */
	ck_assert(before[1] > 0.391f && before[1] < 0.393f);
	ck_assert(before[3] < -0.391f && before[3] > -0.393f);
	for (int t = 0; t < 50; t++)
		ck_assert_int_eq(bern_lanes_step(&lanes, (int32_t[]){0, 1}, &e), BERN_OK);
	ck_assert_int_eq(bern_lanes_after_load(&lanes, &e), BERN_OK);
	ck_assert_int_eq(bern_lanes_step(&lanes, (int32_t[]){1, 0}, &e), BERN_OK);
	ck_assert_mem_eq(lanes.obs, before, sizeof before);
	bern_tensors_finish(&list);
	bern_lanes_finish(&lanes);
	bern_world_finish(&world);
}
END_TEST

#ifdef BERN_TEST_CPP_PLUGIN
START_TEST(a_plugin_in_cpp_plays)
{
	bern_error e;
	bern_world world = load_and_open(PLUGIN("cpp"), "test/Coin-v0");
	bern_lanes lanes = lanes_of(&world, 1);
	for (int t = 1; t <= 20; t++) {
		ck_assert_int_eq(bern_lanes_step(&lanes, &lanes.index[0], &e), BERN_OK);
		ck_assert(lanes.reward[0] == 1);
		ck_assert_uint_eq(lanes.flags[0], t % 2 ? 0u : BERN_TERMINATED);
	}
	bern_lanes_finish(&lanes);
	bern_world_finish(&world);
}
END_TEST
#endif

/* _i = 0: a table from an older header, whose end is not read; 1: from a newer one */
START_TEST(tables_of_other_sizes_play)
{
	bern_error e;
	bern_world world = load_and_open(_i ? PLUGIN("bad_newer") : PLUGIN("bad_older"),
					 "test/Bad-v0");
	ck_assert_uint_eq(world.env->struct_size, sizeof(bern_env));
	ck_assert_ptr_null((void *)(uintptr_t)world.env->attach);
	bern_lanes lanes = lanes_of(&world, 3);
	for (int t = 1; t <= 20; t++)
		ck_assert_int_eq(bern_lanes_step(&lanes, (int32_t[]){0, 1, 0}, &e), BERN_OK);
	ck_assert(lanes.obs[2] == 20);
	bern_lanes_finish(&lanes);
	bern_world_finish(&world);
}
END_TEST

static void say(void *user, const char *check, const char *sentence)
{
	(void)user;
	fprintf(stderr, "# %s: %s\n", check, sentence);
}

START_TEST(the_examples_conform)
{
	static const char *const paths[] = {PLUGIN("smallest"), PLUGIN("handle")};
	for (size_t i = 0; i < 2; i++) {
		bern_error e;
		bern_world world;
		const bern_conformance_plan plan = {.seed = 2, .report = say};
		size_t failures = 1;
		teardown();
		setup();
		ck_assert_int_eq(bern_registry_load(registry, paths[i], &e), BERN_OK);
		ck_assert_int_eq(
			bern_world_open(&world, bern_registry_at(registry, 0), NULL, 0, &e),
			BERN_OK);
		ck_assert_msg(bern_conformance(&world, &plan, &failures, &e) == BERN_OK, "%s",
			      e.text);
		ck_assert_uint_eq(failures, 0);
		bern_world_finish(&world);
	}
}
END_TEST

/* ---- bad ones ------------------------------------------------------------------------------------------ */

static void refused(const char *path, const char *sentence)
{
	bern_error e = {0};
	char want[1024];
	snprintf(want, sizeof want, "%s: %s", path, sentence);
	ck_assert_int_ne(bern_registry_load(registry, path, &e), BERN_OK);
	ck_assert_str_eq(e.text, want);
	ck_assert_uint_eq(bern_registry_count(registry), 0);
	/* it was closed again */
	ck_assert_ptr_null(dlopen(path, RTLD_NOW | RTLD_NOLOAD));
}

START_TEST(each_bad_library_is_refused_in_a_sentence)
{
	bern_error e;
	refused(PLUGIN("bad_abi"),
		"environment 0 of bern_plugin_1 has ABI 9, this host reads ABI 1");
	refused(PLUGIN("bad_plugin_abi"), "bern_plugin_1 has ABI 3, this host reads ABI 1");
	refused(PLUGIN("bad_no_symbol"), "it has no symbol bern_plugin_1, so it is no plugin of "
					 "ABI 1 (BERN_PLUGIN makes one)");
	refused(PLUGIN("bad_symbol_2"),
		"it has the symbol bern_plugin_2 (ABI 2), this host reads bern_plugin_1 (ABI 1)");
	refused(PLUGIN("bad_null_function"), "test/Bad-v0: its required function step is NULL");
	/* glibc's and musl's own words, after our path */
	ck_assert_int_eq(bern_registry_load(registry, PLUGIN("bad_undefined"), &e), BERN_EFORMAT);
	ck_assert_ptr_nonnull(strstr(e.text, "there_is_no_such_function"));
	ck_assert_int_eq(bern_registry_load(registry, "/no/such/file.so", &e), BERN_EIO);
	ck_assert_str_eq(e.text, "/no/such/file.so: No such file or directory");
	ck_assert_int_eq(bern_registry_load(registry, "nothing_here.so", &e), BERN_EIO);
	ck_assert_str_eq(e.text, "nothing_here.so: No such file or directory");
	ck_assert_int_eq(bern_registry_load(registry, "/", &e), BERN_EFORMAT);
	ck_assert_str_eq(e.text, "/: it is a folder, not a library");
}
END_TEST

START_TEST(a_file_that_is_no_library_is_refused)
{
	char path[] = "/tmp/bern-plugin-XXXXXX";
	int file = mkstemp(path);
	ck_assert_int_ge(file, 0);
	bern_error e = {0};
	ck_assert_int_eq(bern_registry_load(registry, path, &e), BERN_EFORMAT);
	ck_assert_int_eq(write(file, "this is text\n", 13), 13);
	ck_assert_int_eq(bern_registry_load(registry, path, &e), BERN_EFORMAT);
	ck_assert_int_eq(strncmp(e.text, path, strlen(path)), 0);
	close(file);
	unlink(path);
}
END_TEST

START_TEST(duplicates_name_both_files)
{
	bern_error e;
	ck_assert_int_eq(bern_registry_load(registry, PLUGIN("bad_duplicate"), &e), BERN_EFORMAT);
	ck_assert_str_eq(e.text, "test/Bad-v0: it is in " PLUGIN("bad_duplicate") " and in " PLUGIN(
					 "bad_duplicate"));
	ck_assert_int_eq(bern_registry_load(registry, PLUGIN("bad_fault"), &e), BERN_OK);
	ck_assert_int_eq(bern_registry_load(registry, PLUGIN("bad_newer"), &e), BERN_EFORMAT);
	ck_assert_str_eq(e.text, "test/Bad-v0: it is in " PLUGIN("bad_fault") " and in " PLUGIN(
					 "bad_newer"));
	ck_assert_uint_eq(bern_registry_count(registry), 1);
}
END_TEST

static void not_opened(const char *path, int32_t code, const char *sentence)
{
	bern_error e;
	bern_world world;
	setup();
	ck_assert_int_eq(bern_registry_load(registry, path, &e), BERN_OK);
	ck_assert_int_eq(bern_world_open(&world, bern_registry_at(registry, 0), NULL, 0, &e), code);
	ck_assert_str_eq(e.text, sentence);
	teardown();
}

START_TEST(a_bad_opening_is_refused)
{
	teardown();
	not_opened(PLUGIN("bad_empty_space"), BERN_EFORMAT,
		   "test/Bad-v0: its observation space is empty: count is 0");
	not_opened(PLUGIN("bad_refuses"), BERN_EUSAGE, "test/Bad-v0: the data file is missing");
	setup();
}
END_TEST

static void breaks(const char *path, const char *sentence)
{
	bern_error e;
	setup();
	bern_world world = load_and_open(path, "test/Bad-v0");
	bern_lanes lanes = lanes_of(&world, 2);
	ck_assert_int_eq(bern_lanes_step(&lanes, (int32_t[]){0, 1}, &e), BERN_OK);
	ck_assert_int_eq(bern_lanes_step(&lanes, (int32_t[]){0, 1}, &e), BERN_OK);
	ck_assert_int_eq(bern_lanes_step(&lanes, (int32_t[]){0, 1}, &e), BERN_EENV);
	ck_assert_str_eq(e.text, sentence);
	bern_lanes_finish(&lanes);
	bern_world_finish(&world);
	teardown();
}

START_TEST(a_plugin_that_breaks_is_named_with_its_place)
{
	teardown();
	breaks(PLUGIN("bad_nan_reward"), "test/Bad-v0: lane 0 of seed 5, episode 0, step 3: its "
					 "reward is nan, not a finite number");
	breaks(PLUGIN("bad_nan_observation"),
	       "test/Bad-v0: lane 0 of seed 5, episode 0, step 3: observation[0] is nan");
	breaks(PLUGIN("bad_fault"),
	       "test/Bad-v0: lane 0 of seed 5, episode 0, step 3: the simulation broke (flags 4)");
	setup();
}
END_TEST

/* ---- folders ------------------------------------------------------------------------------------------- */

typedef struct report_log {
	char lines[40][300];
	size_t count, bad;
} report_log;

static void log_report(void *user, const char *path, const bern_error *error)
{
	report_log *l = user;
	ck_assert_uint_lt(l->count, 40);
	snprintf(l->lines[l->count++], sizeof l->lines[0], "%s", path);
	l->bad += error != NULL;
}

START_TEST(a_folder_is_read_in_order_and_a_bad_file_stops_nothing)
{
	char folder[] = "/tmp/bern-folder-XXXXXX", path[3][300];
	bern_error e;
	report_log log = {.count = 0};
	ck_assert_ptr_nonnull(mkdtemp(folder));
	const char *const from[] = {PLUGIN("smallest"), PLUGIN("bad_no_symbol"), PLUGIN("handle")};
	const char *const to[] = {"c.so", "b.so", "a.so"};
	for (int i = 0; i < 3; i++) {
		snprintf(path[i], sizeof path[i], "%s/%s", folder, to[i]);
		ck_assert_int_eq(symlink(from[i], path[i]), 0);
	}
	ck_assert_int_eq(bern_registry_load_folder(registry, folder, log_report, &log, &e),
			 BERN_OK);
	ck_assert_uint_eq(log.count, 3);
	ck_assert_uint_eq(log.bad, 1);
	for (int i = 0; i < 3; i++)
		ck_assert_str_eq(log.lines[i], path[2 - i]);
	ck_assert_uint_eq(bern_registry_count(registry), 2);
	ck_assert_str_eq(bern_registry_origin(registry, 0), path[0]);
	/* once more, with nobody to tell: all are there already */
	ck_assert_int_eq(bern_registry_load_folder(registry, folder, NULL, NULL, &e), BERN_OK);
	ck_assert_uint_eq(bern_registry_count(registry), 2);
	for (int i = 0; i < 3; i++)
		unlink(path[i]);
	ck_assert_int_eq(bern_registry_load_folder(registry, folder, log_report, &log, &e),
			 BERN_OK);
	ck_assert_uint_eq(log.count, 3);
	rmdir(folder);
	ck_assert_int_eq(bern_registry_load_folder(registry, folder, log_report, &log, &e),
			 BERN_EIO);
	ck_assert_ptr_nonnull(strstr(e.text, "No such file or directory"));
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("plugin");
	TCase *t = tcase_create("good");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, the_smallest_example_plays);
	tcase_add_test(t, the_example_with_a_handle_plays_and_is_saved);
#ifdef BERN_TEST_CPP_PLUGIN
	tcase_add_test(t, a_plugin_in_cpp_plays);
#endif
	tcase_add_test(t, the_examples_conform);
	tcase_add_loop_test(t, tables_of_other_sizes_play, 0, 2);
	suite_add_tcase(s, t);
	t = tcase_create("bad");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, each_bad_library_is_refused_in_a_sentence);
	tcase_add_test(t, a_file_that_is_no_library_is_refused);
	tcase_add_test(t, duplicates_name_both_files);
	tcase_add_test(t, a_bad_opening_is_refused);
	tcase_add_test(t, a_plugin_that_breaks_is_named_with_its_place);
	tcase_add_test(t, a_folder_is_read_in_order_and_a_bad_file_stops_nothing);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
