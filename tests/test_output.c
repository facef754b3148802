/* How the program prints: colours and progress as asked for, errors in one line with the right status. */
#define _XOPEN_SOURCE 700 /* posix_openpt */
#include <command.h>

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int real_stderr, terminal;

/* stderr becomes a terminal of its own, or a file that is none */
static void set_stderr(int to_terminal)
{
	int fd = to_terminal ? open(ptsname(terminal), O_RDWR | O_NOCTTY)
			     : open("/dev/null", O_WRONLY);
	ck_assert_int_ge(fd, 0);
	dup2(fd, STDERR_FILENO);
	close(fd);
}

static void set_up(void)
{
	real_stderr = dup(STDERR_FILENO);
	terminal = posix_openpt(O_RDWR | O_NOCTTY);
	ck_assert_int_ge(terminal, 0);
	ck_assert_int_eq(grantpt(terminal), 0);
	ck_assert_int_eq(unlockpt(terminal), 0);
}

static void tear_down(void)
{
	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	close(terminal);
}

static void set_variable(const char *name, const char *value)
{
	if (value)
		setenv(name, value, 1);
	else
		unsetenv(name);
}

START_TEST(colour_and_progress_are_as_the_environment_asks)
{
	static const struct {
		int to_terminal;
		const char *term, *no_color, *force_color;
		int color, progress;
	} cases[] = {
		{1, "xterm", NULL, NULL, 1, 1}, {0, "xterm", NULL, NULL, 0, 0},
		{1, "dumb", NULL, NULL, 0, 0},  {1, NULL, NULL, NULL, 1, 1},
		{1, "xterm", "1", NULL, 0, 1},  {1, "xterm", "", NULL, 1, 1},
		{0, "xterm", NULL, "1", 1, 0},  {0, "xterm", NULL, "", 0, 0},
		{1, "xterm", NULL, "0", 0, 1},  {0, "xterm", "1", "1", 0, 0},
		{1, "dumb", NULL, "1", 1, 0},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		set_stderr(cases[i].to_terminal);
		set_variable("TERM", cases[i].term);
		set_variable("NO_COLOR", cases[i].no_color);
		set_variable("FORCE_COLOR", cases[i].force_color);
		output_style style = output_style_now("bern");
		ck_assert_msg(style.color == cases[i].color, "case %zu: colour %d", i, style.color);
		ck_assert_msg(style.progress == cases[i].progress, "case %zu: progress %d", i,
			      style.progress);
		ck_assert(!style.quiet && !style.verbose && !style.json);
	}
}
END_TEST

START_TEST(an_error_is_one_line_with_its_status)
{
	static const struct {
		int32_t code;
		int status;
	} cases[] = {{BERN_EUSAGE, 2},  {BERN_EIO, 1},  {BERN_EFORMAT, 1},
		     {BERN_EMEMORY, 1}, {BERN_EENV, 1}, {BERN_ENUMBER, 1}};
	char line[400];
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int ends[2];
		bern_error e;
		ck_assert_int_eq(pipe(ends), 0);
		dup2(ends[1], STDERR_FILENO);
		close(ends[1]);
		bern_fail(&e, cases[i].code, "a\nb\x1b[31m\xc3\xa4");
		ck_assert_int_eq(report_error(i ? "train" : NULL, &e), cases[i].status);
		ssize_t length = read(ends[0], line, sizeof line - 1);
		ck_assert_int_gt((int)length, 0);
		line[length] = '\0';
		ck_assert_str_eq(line, i ? "bern: train: a?b?[31m\xc3\xa4\n"
					 : "bern: a?b?[31m\xc3\xa4\n");
		close(ends[0]);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("output");
	TCase *t = tcase_create("stderr");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, colour_and_progress_are_as_the_environment_asks);
	tcase_add_test(t, an_error_is_one_line_with_its_status);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
