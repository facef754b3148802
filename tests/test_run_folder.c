/* Run folders, their logs and the progress line. */
#include "fake_run.h"

#include "meta.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <locale.h>
#include <sys/resource.h>
#include <sys/wait.h>

static char dir[64];

static void set_up(void)
{
	make_dir(dir);
}

static void tear_down(void)
{
	remove_dir(dir);
}

/* ---- names and making ------------------------------------------------------------------------------ */

START_TEST(folder_is_named_after_environment_agent_seed_and_time)
{
	run_config config;
	run_folder folder;
	bern_error e;
	char wanted[200];
	setenv("TZ", "UTC", 1);
	tzset();
	fake_config(&config, dir, "");
	config.run.seed = UINT64_MAX;
	ck_assert_int_eq(run_folder_create(&folder, &config, 0, 1767268800, &e), 0);
	snprintf(wanted, sizeof wanted,
		 "%s/test-Walk-v0__fake__s18446744073709551615__20260101-120000", dir);
	ck_assert_str_eq(folder.path, wanted);
	ck_assert(is_there(folder.path, "checkpoints"));
	run_folder_close(&folder);
	unsetenv("TZ");
}
END_TEST

START_TEST(runs_of_the_same_second_get_suffixes)
{
	run_config config;
	run_folder folder[3];
	bern_error e;
	char wanted[RUN_PATH_ROOM + 8];
	fake_config(&config, dir, "");
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(run_folder_create(&folder[i], &config, i == 2, 1767268800, &e), 0);
	for (int i = 1; i < 3; i++) {
		snprintf(wanted, sizeof wanted, "%s-%d", folder[0].path, i + 1);
		ck_assert_str_eq(folder[i].path, wanted);
	}
	for (int i = 0; i < 3; i++)
		run_folder_close(&folder[i]);
}
END_TEST

START_TEST(existing_folder_is_written_over_only_by_force_and_only_what_a_run_makes)
{
	run_config config;
	run_folder folder;
	bern_error e;
	char path[128];
	fake_config(&config, dir, "mine");
	sprintf(path, "%s/mine", dir);
	ck_assert_int_eq(run_folder_create(&folder, &config, 0, 0, &e), 0);
	run_folder_close(&folder);
	static const char *const ours[] = {"config.yaml", "progress.csv",
					   "checkpoints/step_000000001.safetensors"};
	static const char *const theirs[] = {"notes.txt", "checkpoints/mine.safetensors",
					     "config.yaml.bak"};
	for (int i = 0; i < 3; i++) {
		append(path, ours[i], "old");
		append(path, theirs[i], "precious");
	}
	ck_assert_int_eq(run_folder_create(&folder, &config, 0, 0, &e), BERN_EIO);
	ck_assert_ptr_nonnull(strstr(e.text, "mine exists"));
	ck_assert_ptr_nonnull(strstr(e.text, "--force"));
	for (int i = 0; i < 3; i++)
		ck_assert(is_there(path, ours[i]));
	ck_assert_int_eq(run_folder_create(&folder, &config, 1, 0, &e), 0);
	for (int i = 0; i < 3; i++) {
		ck_assert(!is_there(path, ours[i]));
		ck_assert(is_there(path, theirs[i]));
	}
	/* taken back, it leaves what is not its own */
	run_folder_remove(&folder);
	run_folder_close(&folder);
	for (int i = 0; i < 3; i++)
		ck_assert(is_there(path, theirs[i]));
}
END_TEST

START_TEST(removed_folder_is_gone_if_nothing_else_is_in_it)
{
	run_config config;
	run_folder folder;
	bern_error e;
	fake_config(&config, dir, "short");
	ck_assert_int_eq(run_folder_create(&folder, &config, 0, 0, &e), 0);
	ck_assert_int_eq(run_folder_write(&folder, "config.yaml", "env: {}\n", &e), 0);
	run_folder_remove(&folder);
	run_folder_close(&folder);
	ck_assert(!is_there(dir, "short"));
}
END_TEST

START_TEST(names_that_lead_elsewhere_are_refused)
{
	static const char *const names[] = {"a/b", ".", "..", ".hidden", "/tmp/x", "a\nb", "a\x7f"};
	run_config config;
	run_folder folder;
	bern_error e;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		fake_config(&config, dir, names[i]);
		ck_assert_int_eq(run_folder_create(&folder, &config, 1, 0, &e), BERN_EUSAGE);
		ck_assert_ptr_nonnull(strstr(e.text, "is not allowed"));
	}
	fake_config(&config, dir, "");
	memset(config.run.name, 'n', 201);
	ck_assert_int_eq(run_folder_create(&folder, &config, 1, 0, &e), BERN_EUSAGE);
	ck_assert_int_eq(rmdir(dir), 0); /* nothing was made */
	ck_assert_int_eq(mkdir(dir, 0777), 0);
}
END_TEST

START_TEST(file_in_place_of_the_folder_of_runs_is_an_error)
{
	run_config config;
	run_folder folder;
	bern_error e;
	append(dir, "file", "");
	for (int deep = 0; deep < 2; deep++) {
		fake_config(&config, dir, "x");
		strcat(config.run.runs_dir, deep ? "/file/runs" : "/file");
		ck_assert_int_eq(run_folder_create(&folder, &config, 0, 0, &e), BERN_EIO);
		ck_assert_ptr_nonnull(strstr(e.text, "/file"));
	}
	ck_assert_int_eq(run_folder_open(&folder, config.run.runs_dir, &e), BERN_EIO);
	snprintf(config.run.runs_dir, sizeof config.run.runs_dir, "%s/file", dir);
	ck_assert_int_eq(run_folder_open(&folder, config.run.runs_dir, &e), BERN_EIO);
	ck_assert_ptr_nonnull(strstr(e.text, "is a file, not a run folder"));
	snprintf(config.run.runs_dir, sizeof config.run.runs_dir, "%s/nothing", dir);
	ck_assert_int_eq(run_folder_open(&folder, config.run.runs_dir, &e), BERN_EIO);
	ck_assert_ptr_nonnull(strstr(e.text, "there is no run folder"));
}
END_TEST

START_TEST(folders_above_the_runs_are_made)
{
	run_config config;
	run_folder folder;
	bern_error e;
	fake_config(&config, dir, "x");
	strcat(config.run.runs_dir, "/a//b/c/");
	ck_assert_msg(!run_folder_create(&folder, &config, 0, 0, &e), "%s", e.text);
	run_folder_close(&folder);
	ck_assert(is_there(dir, "a/b/c/x/checkpoints"));
}
END_TEST

/* ---- links and pruning ------------------------------------------------------------------------------ */

static void new_folder(run_folder *folder)
{
	run_config config;
	bern_error e;
	fake_config(&config, dir, "f");
	ck_assert_int_eq(run_folder_create(folder, &config, 0, 0, &e), 0);
}

START_TEST(link_is_replaced_also_where_a_killed_process_left_one)
{
	run_folder folder;
	bern_error e;
	char target[128];
	new_folder(&folder);
	ck_assert_int_eq(run_folder_link(&folder, "latest", "checkpoints/a", &e), 0);
	append(folder.path, ".bern-link", "");
	ck_assert_int_eq(run_folder_link(&folder, "latest", "checkpoints/b", &e), 0);
	ck_assert_str_eq(target_of(folder.path, "latest", target), "checkpoints/b");
	ck_assert(!is_there(folder.path, ".bern-link"));
	run_folder_close(&folder);
}
END_TEST

START_TEST(pruning_keeps_the_newest_the_latest_and_the_best)
{
	static const uint64_t steps[] = {5, 40, 300, 2000, 1000000000000, 999999999, 70};
	run_folder folder;
	bern_error e;
	char name[64];
	new_folder(&folder);
	for (size_t i = 0; i < 7; i++)
		append(folder.path, run_folder_checkpoint(steps[i], name), "x");
	append(folder.path, "checkpoints/mine.safetensors", "x");
	run_folder_link(&folder, "best", run_folder_checkpoint(40, name), &e);
	run_folder_link(&folder, "latest", run_folder_checkpoint(1000000000000, name), &e);
	ck_assert_int_eq(run_folder_prune(&folder, 0, &e), 0);
	ck_assert(is_there(folder.path, run_folder_checkpoint(5, name)));
	ck_assert_int_eq(run_folder_prune(&folder, 3, &e), 0);
	static const int stays[] = {0, 1, 0, 1, 1, 1, 0};
	for (size_t i = 0; i < 7; i++)
		ck_assert_msg(is_there(folder.path, run_folder_checkpoint(steps[i], name)) ==
				      stays[i],
			      "%s", name);
	ck_assert(is_there(folder.path, "checkpoints/mine.safetensors"));
	/* latest may be old: a run resumed beside newer leftovers */
	run_folder_link(&folder, "latest", run_folder_checkpoint(2000, name), &e);
	ck_assert_int_eq(run_folder_prune(&folder, 1, &e), 0);
	ck_assert(is_there(folder.path, run_folder_checkpoint(2000, name)));
	ck_assert(is_there(folder.path, run_folder_checkpoint(40, name)));
	ck_assert(is_there(folder.path, run_folder_checkpoint(1000000000000, name)));
	ck_assert(!is_there(folder.path, run_folder_checkpoint(999999999, name)));
	run_folder_close(&folder);
}
END_TEST

/* ---- logs ------------------------------------------------------------------------------------------ */

START_TEST(log_is_cut_after_any_number_of_rows)
{
	run_folder folder;
	bern_error e;
	log_table log = {0};
	char row[64], last[LOG_ROW_ROOM];
	const uint64_t rows = 3000; /* several buffers */
	new_folder(&folder);
	static const uint64_t cuts[] = {3000, 2999, 1500, 700, 2, 1, 0};
	for (size_t c = 0; c < 7; c++) {
		size_t size;
		ck_assert_int_eq(log_create(&log, &folder, "log.csv", "#x\na,b\n", &e), 0);
		for (uint64_t i = 0; i < rows; i++) {
			sprintf(row, "%d,%d\n", (int)i, (int)(i * i));
			ck_assert_int_eq(log_row(&log, row, &e), 0);
		}
		ck_assert_uint_eq(log.rows, rows);
		ck_assert_int_eq(log_flush(&log, &e), 0);
		log_close(&log);
		append(folder.path, "log.csv", "torn");
		ck_assert_int_eq(
			log_reopen(&log, &folder, "log.csv", "#x\na,b\n", cuts[c], last, &e), 0);
		ck_assert_uint_eq(log.rows, cuts[c]);
		row[0] = '\0';
		if (cuts[c])
			sprintf(row, "%d,%d\n", (int)(cuts[c] - 1),
				(int)((cuts[c] - 1) * (cuts[c] - 1)));
		ck_assert_str_eq(last, row);
		ck_assert_int_eq(log_row(&log, "end\n", &e), 0);
		ck_assert_int_eq(log_flush(&log, &e), 0);
		log_close(&log);
		char *text = slurp(folder.path, "log.csv", &size), *at = text;
		for (uint64_t i = 0; i < cuts[c] + 2; i++)
			at = strchr(at, '\n') + 1;
		ck_assert_str_eq(at, "end\n");
		ck_assert(strncmp(text, "#x\na,b\n", 7) == 0);
		free(text);
	}
	run_folder_close(&folder);
}
END_TEST

START_TEST(log_that_has_fewer_rows_keeps_them)
{
	run_folder folder;
	bern_error e;
	log_table log = {0};
	char last[LOG_ROW_ROOM];
	new_folder(&folder);
	append(folder.path, "log.csv", "a,b\n1,2\n3,4\n5,");
	ck_assert_int_eq(log_reopen(&log, &folder, "log.csv", "a,b\n", 9, last, &e), 0);
	ck_assert_uint_eq(log.rows, 2);
	ck_assert_str_eq(last, "3,4\n");
	log_close(&log);
	char *text = slurp(folder.path, "log.csv", NULL);
	ck_assert_str_eq(text, "a,b\n1,2\n3,4\n");
	free(text);
	/* the largest count a broken file may hold */
	ck_assert_int_eq(log_reopen(&log, &folder, "log.csv", "a,b\n", UINT64_MAX, last, &e), 0);
	ck_assert_uint_eq(log.rows, 2);
	log_close(&log);
	run_folder_close(&folder);
}
END_TEST

START_TEST(full_device_is_an_error_of_the_log)
{
	run_folder folder;
	bern_error e;
	log_table log = {0};
	char path[RUN_PATH_ROOM + 64];
	new_folder(&folder);
	ck_assert_int_eq(symlink("/dev/full", run_folder_file(&folder, "log.csv", path)), 0);
	ck_assert_int_eq(log_create(&log, &folder, "log.csv", "a\n", &e), BERN_EIO);
	ck_assert_ptr_nonnull(strstr(e.text, "log.csv"));
	ck_assert_ptr_nonnull(strstr(e.text, strerror(ENOSPC)));
	log_close(&log);
	run_folder_close(&folder);
}
END_TEST

START_TEST(numbers_are_written_with_nine_digits_and_nan_as_nothing)
{
	char out[32];
	ck_assert_str_eq(log_number(0.1, out), "0.1");
	ck_assert_str_eq(log_number(1.0 / 3, out), "0.333333333");
	ck_assert_str_eq(log_number(500, out), "500");
	ck_assert_str_eq(log_number(-1e300 * 10, out), "-1e+301");
	ck_assert_str_eq(log_number(NAN, out), "");
}
END_TEST

/* ---- meta.json --------------------------------------------------------------------------------------- */

START_TEST(meta_has_a_session_for_each_sitting)
{
	run_folder folder;
	run_config config;
	bern_error e;
	char text[64];
	new_folder(&folder);
	fake_config(&config, dir, "f");
	config.run.seed = UINT64_MAX;
	ck_assert_int_eq(meta_start(&folder, &config, "/a/plug\xff.so", 0, &e), 0);
	ck_assert_int_eq(meta_end(&folder, "interrupted", 120, NULL, &e), 0);
	ck_assert_int_eq(meta_start(&folder, &config, "built in", 120, &e), 0);
	ck_assert_str_eq(meta_text(&folder, "seed", text, sizeof text), "18446744073709551615");
	ck_assert_str_eq(meta_text(&folder, "env_origin", text, sizeof text), "built in");
	ck_assert_str_eq(meta_text(&folder, "nothing", text, sizeof text), "");
	char path[RUN_PATH_ROOM + 64];
	json_t *root = json_load_file(run_folder_file(&folder, "meta.json", path), 0, NULL);
	json_t *sessions = json_object_get(root, "sessions");
	ck_assert_uint_eq(json_array_size(sessions), 2);
	json_t *first = json_array_get(sessions, 0), *second = json_array_get(sessions, 1);
	ck_assert_str_eq(json_string_value(json_object_get(first, "exit")), "interrupted");
	ck_assert_int_eq(json_integer_value(json_object_get(first, "last_step")), 120);
	ck_assert_str_eq(json_string_value(json_object_get(second, "exit")), "running");
	ck_assert(json_is_null(json_object_get(second, "end")));
	ck_assert_uint_eq(strlen(json_string_value(json_object_get(first, "start"))), 20);
	json_decref(root);
	/* a broken file does not stop anything */
	ck_assert_int_eq(run_folder_write(&folder, "meta.json", "{", &e), 0);
	ck_assert_int_eq(meta_end(&folder, "finished", 1, NULL, &e), 0);
	ck_assert_int_eq(meta_start(&folder, &config, "built in", 120, &e), 0);
	run_folder_close(&folder);
}
END_TEST

/* ---- progress ---------------------------------------------------------------------------------------- */

START_TEST(progress_line_shows_steps_speed_return_and_time_left)
{
	static const output_style style = {.progress = 1};
	progress p;
	char line[512];
	FILE *out = tmpfile();
	progress_start(&p, &style, out, "CartPole-v1", 0, 100000, 10);
	p.utf8 = 1;
	for (int i = 0; i < 4; i++)
		progress_update(&p, 0, i, 10);
	progress_line(&p, 25000, 231.44, 12.5, 0, 200, line, sizeof line);
	ck_assert_str_eq(line, "CartPole-v1  25,000/100,000 steps  10,000/s  return 231.4 "
			       "\u2581\u2583\u2586\u2588  0:08 left");
	p.utf8 = 0;
	progress_line(&p, 100000, NAN, 20, 1, 200, line, sizeof line);
	ck_assert_str_eq(line, "CartPole-v1  100,000/100,000 steps  10,000/s _,+#  10.00 s");
	progress_line(&p, 1, 1, 110, 0, 200, line, sizeof line);
	ck_assert_ptr_nonnull(strstr(line, "2777:45:00 left"));
	fclose(out);
}
END_TEST

START_TEST(progress_line_fits_the_terminal_in_characters)
{
	static const output_style style = {.progress = 1};
	progress p;
	char line[512];
	FILE *out = tmpfile();
	progress_start(&p, &style, out, "CartPole-v1", 0, 100000, 10);
	p.utf8 = 1;
	for (int i = 0; i < 100; i++)
		progress_update(&p, 0, i % 7, 10);
	for (size_t width = 1; width < 110; width++) {
		progress_line(&p, 5000, 100, 12, 0, width, line, sizeof line);
		size_t characters = 0;
		for (char *c = line; *c; c++)
			characters += ((unsigned char)*c & 0xc0) != 0x80;
		ck_assert_uint_le(characters, width);
		ck_assert_uint_ge(characters, width < 59 ? width : 59);
		/* what is told last is not what is given up first */
		ck_assert(width < 65 || strstr(line, "0:38 left"));
	}
	fclose(out);
}
END_TEST

START_TEST(sparkline_merges_old_points_and_keeps_their_mean)
{
	static const output_style style = {.progress = 1};
	progress p;
	FILE *out = tmpfile();
	progress_start(&p, &style, out, "x", 0, 100, 0);
	const int n = 1000;
	for (int i = 0; i < n; i++)
		progress_update(&p, 0, i, 0);
	ck_assert_uint_le(p.count, PROGRESS_POINTS);
	ck_assert_uint_ge(p.count, PROGRESS_POINTS / 2);
	/* point k stands for the samples k * stride .. (k + 1) * stride - 1 */
	for (size_t k = 0; k < p.count; k++)
		ck_assert_double_eq(p.points[k],
				    (double)(k * p.stride) + 0.5 * (double)(p.stride - 1));
	fclose(out);
}
END_TEST

START_TEST(progress_draws_ten_times_a_second_at_most_and_ends_its_line)
{
	static const output_style style = {.progress = 1};
	progress p;
	FILE *out = tmpfile();
	progress_start(&p, &style, out, "x", 0, 1000, 0);
	for (int i = 0; i < 1000; i++)
		progress_update(&p, (uint64_t)i, 1, 0.001 * i);
	progress_finish(&p, 1000, 1, 1);
	long size = ftell(out);
	rewind(out);
	char *text = calloc(1, (size_t)size + 1);
	ck_assert_uint_eq(fread(text, 1, (size_t)size, out), (size_t)size);
	int draws = 0;
	for (char *c = text; *c; c++)
		draws += *c == '\r';
	ck_assert_int_ge(draws, 10);
	ck_assert_int_le(draws, 11);
	ck_assert_int_eq(text[size - 1], '\n');
	free(text);
	fclose(out);
}
END_TEST

START_TEST(no_progress_is_drawn_unless_asked_for)
{
	static const output_style styles[] = {{.progress = 0}, {.progress = 1, .quiet = 1}};
	for (int i = 0; i < 2; i++) {
		progress p;
		FILE *out = tmpfile();
		progress_start(&p, &styles[i], out, "x", 0, 1000, 0);
		progress_update(&p, 10, 1, 5);
		progress_clear(&p);
		progress_finish(&p, 1000, 1, 1);
		ck_assert_int_eq(ftell(out), 0);
		fclose(out);
	}
}
END_TEST

START_TEST(counts_have_commas)
{
	char out[32];
	ck_assert_str_eq(progress_count(0, out), "0");
	ck_assert_str_eq(progress_count(999, out), "999");
	ck_assert_str_eq(progress_count(1000, out), "1,000");
	ck_assert_str_eq(progress_count(UINT64_MAX, out), "18,446,744,073,709,551,615");
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("run_folder");
	TCase *t = tcase_create("folder");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, folder_is_named_after_environment_agent_seed_and_time);
	tcase_add_test(t, runs_of_the_same_second_get_suffixes);
	tcase_add_test(t, existing_folder_is_written_over_only_by_force_and_only_what_a_run_makes);
	tcase_add_test(t, removed_folder_is_gone_if_nothing_else_is_in_it);
	tcase_add_test(t, names_that_lead_elsewhere_are_refused);
	tcase_add_test(t, file_in_place_of_the_folder_of_runs_is_an_error);
	tcase_add_test(t, folders_above_the_runs_are_made);
	tcase_add_test(t, link_is_replaced_also_where_a_killed_process_left_one);
	tcase_add_test(t, pruning_keeps_the_newest_the_latest_and_the_best);
	tcase_add_test(t, meta_has_a_session_for_each_sitting);
	suite_add_tcase(s, t);
	t = tcase_create("logs");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, log_is_cut_after_any_number_of_rows);
	tcase_add_test(t, log_that_has_fewer_rows_keeps_them);
	tcase_add_test(t, full_device_is_an_error_of_the_log);
	tcase_add_test(t, numbers_are_written_with_nine_digits_and_nan_as_nothing);
	suite_add_tcase(s, t);
	t = tcase_create("progress");
	tcase_add_test(t, progress_line_shows_steps_speed_return_and_time_left);
	tcase_add_test(t, progress_line_fits_the_terminal_in_characters);
	tcase_add_test(t, sparkline_merges_old_points_and_keeps_their_mean);
	tcase_add_test(t, progress_draws_ten_times_a_second_at_most_and_ends_its_line);
	tcase_add_test(t, no_progress_is_drawn_unless_asked_for);
	tcase_add_test(t, counts_have_commas);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
