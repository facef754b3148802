/* Tables and run folders are read as they lie on the disk: torn, missing, moved, broken, in progress. */
#define _XOPEN_SOURCE 700 /* nftw */
#include "runs_read.h"

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64];

static void set_up(void)
{
	snprintf(dir, sizeof dir, "/tmp/bern-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

static void tear_down(void)
{
	nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Writes dir/name, making the folders that it names. */
static const char *put(const char *name, const char *text)
{
	static char path[256];
	snprintf(path, sizeof path, "%s/%s", dir, name);
	for (char *c = path + strlen(dir) + 1; (c = strchr(c, '/')); c++) {
		*c = '\0';
		mkdir(path, 0777);
		*c = '/';
	}
	FILE *file = fopen(path, "wb");
	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
	return path;
}

static void put_run(const char *name, uint64_t seed, const char *exit, const char *result)
{
	char file[128], text[1024];
	snprintf(file, sizeof file, "%s/config.yaml", name);
	snprintf(text, sizeof text,
		 "env:\n  id: test/Walk-v0\n  push: 3\ntrain:\n  seed: %" PRIu64
		 "\n  hidden: \"7\"\n",
		 seed);
	put(file, text);
	snprintf(file, sizeof file, "%s/meta.json", name);
	snprintf(text, sizeof text,
		 "{\"env_origin\": \"built in\", \"sessions\": [{\"start\": \"a\", \"end\": null, "
		 "\"exit\": "
		 "\"interrupted\", \"last_step\": 5}, {\"start\": \"b\", \"end\": \"c\", \"exit\": "
		 "\"%s\", "
		 "\"last_step\": 70%s%s}]}",
		 exit, result ? ", \"result\": " : "", result ? result : "");
	put(file, text);
}

/* ---- tables ------------------------------------------------------------------------------------------------------ */

START_TEST(numbers_are_those_of_strtod_bit_for_bit)
{
	static const char *const texts[] = {"0",
					    "-0",
					    "1",
					    "-1.5",
					    "0.1",
					    "231.43",
					    "3.14159265",
					    "9007199254740992",
					    "9007199254740993",
					    "18446744073709551615",
					    "123456789012345678901234567890",
					    "0.30000000000000004",
					    "1e22",
					    "1.7e-7",
					    "-4.9406564584124654e-324",
					    "1e400",
					    "0.000000000000001234",
					    "12345.678901234567",
					    "inf",
					    "-inf",
					    "5.",
					    ".5"};
	char text[4096] = "a,b\n";
	const size_t count = sizeof texts / sizeof *texts;
	csv_table t;
	bern_error e;
	for (size_t i = 0; i < count; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "%s,%zu\n", texts[i], i);
	ck_assert_msg(csv_read(&t, put("t.csv", text), NULL, 0, &e) == 0, "%s", e.text);
	ck_assert_uint_eq(t.rows, count);
	for (size_t i = 0; i < count; i++) {
		double want = strtod(texts[i], NULL);
		ck_assert_msg(!memcmp(&want, &csv_column(&t, "a")[i], sizeof want), "%s: %.17g",
			      texts[i], csv_column(&t, "a")[i]);
		ck_assert_double_eq(csv_column(&t, "b")[i], (double)i);
	}
	csv_finish(&t);
}
END_TEST

START_TEST(columns_are_taken_by_name_and_empty_cells_are_nan)
{
	static const char *const wanted[] = {"c", "a", "no such"};
	csv_table t;
	bern_error e;
	char names[64];
	const char *path = put("t.csv", "#{\"t\": 1}\na,b,c,d\n1,x,,y\n2,,3,\n");
	ck_assert_msg(csv_read(&t, path, wanted, 3, &e) == 0, "%s", e.text);
	ck_assert_uint_eq(t.rows, 2);
	ck_assert_double_eq(csv_column(&t, "a")[1], 2);
	ck_assert(isnan(csv_column(&t, "c")[0]));
	ck_assert_double_eq(csv_column(&t, "c")[1], 3);
	ck_assert_ptr_null(csv_column(&t, "b"));
	ck_assert_ptr_null(csv_column(&t, "no such"));
	ck_assert_str_eq(csv_names(&t, names, sizeof names), "a, b, c, d");
	csv_finish(&t);
}
END_TEST

/* The same table cut after every byte: whole rows or an error, never half a number. */
START_TEST(a_table_that_is_cut_anywhere_has_its_whole_rows)
{
	static const char whole[] = "step,mean\n1000,12.5\n2000,25\n3000,123.75\n";
	static const double mean[] = {12.5, 25, 123.75};
	for (size_t cut = 0; cut < sizeof whole; cut++) {
		char text[sizeof whole];
		csv_table t;
		bern_error e;
		size_t lines = 0;
		memcpy(text, whole, cut);
		text[cut] = '\0';
		for (size_t i = 0; i < cut; i++)
			lines += text[i] == '\n';
		int32_t rc = csv_read(&t, put("t.csv", text), NULL, 0, &e);
		ck_assert_int_eq(rc != 0, lines == 0);
		if (!rc) {
			ck_assert_uint_eq(t.rows, lines - 1);
			ck_assert_int_eq(t.torn, cut > 0 && text[cut - 1] != '\n');
			for (size_t i = 0; i < t.rows; i++)
				ck_assert_double_eq(csv_column(&t, "mean")[i], mean[i]);
		}
		csv_finish(&t);
	}
}
END_TEST

START_TEST(broken_rows_are_named_by_their_line)
{
	csv_table t;
	bern_error e;
	ck_assert_int_ne(csv_read(&t, put("t.csv", "a,b\n1,2\n3,x4\n5,6\n"), NULL, 0, &e), 0);
	ck_assert_msg(strstr(e.text, "t.csv, line 3") && strstr(e.text, "'x4'") &&
			      strstr(e.text, "column b"),
		      "%s", e.text);
	csv_finish(&t);
	ck_assert_int_ne(csv_read(&t, put("t.csv", "a,b\n1\n3,4\n"), NULL, 0, &e), 0);
	ck_assert_msg(strstr(e.text, "line 2 has 1 cells, the head has 2"), "%s", e.text);
	csv_finish(&t);
	/* as the last row it is only torn */
	ck_assert_int_eq(csv_read(&t, put("t.csv", "a,b\n3,4\n1\n"), NULL, 0, &e), 0);
	ck_assert(t.rows == 1 && t.torn);
	csv_finish(&t);
	ck_assert_int_ne(csv_read(&t, dir, NULL, 0, &e), 0);
	ck_assert_msg(strstr(e.text, "no plain file"), "%s", e.text);
}
END_TEST

/* ---- runs -------------------------------------------------------------------------------------------------------- */

START_TEST(a_run_is_its_configuration_and_how_its_last_session_ended)
{
	run_record run;
	bern_error e;
	char path[256];
	put_run("one", UINT64_MAX, "solved",
		"{\"return\": 480.5, \"low\": 470, \"high\": null, \"episodes\": 100, "
		"\"learning\": 9, "
		"\"best_look\": 500, \"solved_step\": 50}");
	snprintf(path, sizeof path, "%s/one//", dir);
	ck_assert_msg(run_record_read(&run, path, &e) == 0, "%s", e.text);
	ck_assert_uint_eq(run.config.run.seed, UINT64_MAX);
	ck_assert_str_eq(run.config.env_id, "test/Walk-v0");
	ck_assert_int_eq(run.status, RUN_SOLVED);
	ck_assert_double_eq(run.outcome.mean, 480.5);
	ck_assert(isnan(run.outcome.high));
	ck_assert_double_eq(run.outcome.solved_step, 50);
	ck_assert_double_eq(run.outcome.last_step, 70);
	ck_assert_str_eq(run.start, "a");
	ck_assert_str_eq(run.end, "c");
	run_record_finish(&run);
	put_run("one", 1, "finished", "{\"return\": 1, \"solved_step\": null}");
	ck_assert_int_eq(run_record_read(&run, path, &e), 0);
	ck_assert(isinf(run.outcome.solved_step) && isnan(run.outcome.learning));
	run_record_finish(&run);
	/* what is not said is not known */
	put_run("one", 1, "failed: it broke", NULL);
	ck_assert_int_eq(run_record_read(&run, path, &e), 0);
	ck_assert_int_eq(run.status, RUN_FAILED);
	ck_assert_str_eq(run.failure, "it broke");
	ck_assert(isnan(run.outcome.mean) && isnan(run.outcome.solved_step));
	run_record_finish(&run);
	put("one/meta.json", "{\"sessions\": [");
	ck_assert_int_eq(run_record_read(&run, path, &e), 0);
	ck_assert_int_eq(run.status, RUN_UNKNOWN);
	run_record_finish(&run);
	put("one/config.yaml", "env:\n  id: A-v0\ntrain:\n  sede: 3\n");
	ck_assert_int_ne(run_record_read(&run, path, &e), 0);
	ck_assert_msg(strstr(e.text, "sede"), "%s", e.text);
}
END_TEST

START_TEST(a_run_without_an_end_is_running_if_its_folder_is_locked)
{
	run_record run;
	bern_error e;
	char path[256];
	put_run("one", 1, "running", NULL);
	snprintf(path, sizeof path, "%s/one", dir);
	ck_assert_int_eq(run_record_read(&run, path, &e), 0);
	ck_assert_int_eq(run.status, RUN_KILLED);
	run_record_finish(&run);
	int fd = open(path, O_RDONLY | O_DIRECTORY);
	ck_assert_int_eq(flock(fd, LOCK_EX | LOCK_NB), 0);
	ck_assert_int_eq(run_record_read(&run, path, &e), 0);
	ck_assert_int_eq(run.status, RUN_RUNNING);
	run_record_finish(&run);
	close(fd);
}
END_TEST

START_TEST(members_that_are_missing_or_broken_are_noted_and_the_others_stay)
{
	run_list list;
	bern_error e;
	char group[256], alone[256], nothing[256];
	put("g/group.json", "{\"format\": 1, \"members\": [\"s1\", \"s2\", \"s3\"]}");
	put_run("g/s1", 1, "finished", NULL);
	put("g/s3/config.yaml", "nonsense");
	put_run("alone", 9, "finished", NULL);
	snprintf(group, sizeof group, "%s/g/", dir);
	snprintf(alone, sizeof alone, "%s/alone", dir);
	snprintf(nothing, sizeof nothing, "%s/none", dir);
	const char *paths[] = {alone, group};
	ck_assert_msg(run_list_read(&list, paths, 2, &e) == 0, "%s", e.text);
	ck_assert_uint_eq(list.count, 2);
	ck_assert(list.from[0] == 0 && list.from[1] == 1);
	ck_assert_uint_eq(list.runs[1].config.run.seed, 1);
	ck_assert_uint_eq(list.note_count, 2);
	ck_assert_msg(strstr(list.notes[0], "g/s2 is left out: it is not there"), "%s",
		      list.notes[0]);
	ck_assert_msg(strstr(list.notes[1], "g/s3 is left out: "), "%s", list.notes[1]);
	run_list_finish(&list);
	paths[0] = nothing;
	ck_assert_int_ne(run_list_read(&list, paths, 2, &e), 0);
	ck_assert_msg(strstr(e.text, "there is no run folder"), "%s", e.text);
	paths[0] = dir;
	ck_assert_int_ne(run_list_read(&list, paths, 2, &e), 0);
	ck_assert_msg(strstr(e.text, "neither a config.yaml nor a group.json"), "%s", e.text);
	static const char *const broken[] = {"{",
					     "{}",
					     "{\"members\": []}",
					     "{\"members\": [3]}",
					     "{\"members\": [\"../alone\"]}",
					     "{\"members\": [\"s7\"]}"};
	paths[0] = group;
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
		put("g/group.json", broken[i]);
		ck_assert_int_ne(run_list_read(&list, paths, 1, &e), 0);
		ck_assert_msg(strstr(e.text, "/g"), "%s", e.text);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("runs_read");
	TCase *t = tcase_create("runs_read");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, numbers_are_those_of_strtod_bit_for_bit);
	tcase_add_test(t, columns_are_taken_by_name_and_empty_cells_are_nan);
	tcase_add_test(t, a_table_that_is_cut_anywhere_has_its_whole_rows);
	tcase_add_test(t, broken_rows_are_named_by_their_line);
	tcase_add_test(t, a_run_is_its_configuration_and_how_its_last_session_ended);
	tcase_add_test(t, a_run_without_an_end_is_running_if_its_folder_is_locked);
	tcase_add_test(t, members_that_are_missing_or_broken_are_noted_and_the_others_stay);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
