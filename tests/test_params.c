/* Values as a user types them: read to the last character, refused with what, given and allowed. */
#include <bern/host.h>

#include <check.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kinds[] = {"gaussian", "bernoulli", "drifting", NULL};
static const bern_param gravity = {"gravity", "m/s^2", BERN_REAL, 0, "9.8", 0, 100, NULL};
static const bern_param size = {"size", "cells", BERN_INT, 0, "4", -3, 1000000, NULL};
static const bern_param any = {"any", "x", BERN_INT, 0, "0", -INFINITY, INFINITY, NULL};
static const bern_param rate = {"rate", "x", BERN_REAL, 0, "1", 0, INFINITY, NULL};
static const bern_param slip = {"slip", "x", BERN_BOOL, 0, "true", 0, 0, NULL};
static const bern_param name = {"name", "x", BERN_TEXT, 0, "", 0, 5, NULL};
static const bern_param kind = {"kind", "x", BERN_CHOICE, 0, "gaussian", 0, 0, kinds};

static bern_value good(const bern_param *p, const char *text)
{
	bern_error e = {0};
	bern_value v = {0};
	ck_assert_msg(bern_param_parse(p, text, &v, &e) == BERN_OK, "%s was refused: %s", text,
		      e.text);
	return v;
}

static void bad(const bern_param *p, const char *text, const char *sentence)
{
	bern_error e = {0};
	bern_value v = {.i = 77};
	ck_assert_msg(bern_param_parse(p, text, &v, &e) == BERN_EUSAGE, "\"%s\" was accepted",
		      text);
	ck_assert_str_eq(e.text, sentence);
	ck_assert_int_eq(v.i, 77);
}

START_TEST(numbers_are_read_exactly)
{
	ck_assert_double_eq(good(&gravity, "9.8").r, 9.8);
	ck_assert_double_eq(good(&gravity, "1e-300").r, 1e-300);
	ck_assert_double_eq(good(&gravity, "0").r, 0);
	ck_assert_double_eq(good(&gravity, "-0.0e5").r, 0);
	ck_assert_double_eq(good(&gravity, "100").r, 100);
	ck_assert_double_eq(good(&gravity, ".5").r, 0.5);
	ck_assert_int_eq(good(&size, "-3").i, -3);
	ck_assert_int_eq(good(&size, "1e6").i, 1000000);
	ck_assert_int_eq(good(&any, "9223372036854775807").i, INT64_MAX);
	ck_assert_int_eq(good(&any, "-9223372036854775808").i, INT64_MIN);
}
END_TEST

START_TEST(what_is_no_number_is_refused)
{
	bad(&gravity, "ten", "gravity: \"ten\" is not a number in [0, 100]");
	bad(&gravity, "", "gravity: \"\" is not a number in [0, 100]");
	bad(&gravity, "9.8 ", "gravity: \"9.8 \" is not a number in [0, 100]");
	bad(&gravity, " 9.8", "gravity: \" 9.8\" is not a number in [0, 100]");
	bad(&gravity, "9.8m", "gravity: \"9.8m\" is not a number in [0, 100]");
	bad(&gravity, "nan", "gravity: \"nan\" is not a number in [0, 100]");
	bad(&gravity, "inf", "gravity: \"inf\" is not a number in [0, 100]");
	bad(&gravity, "0x10", "gravity: \"0x10\" is not a number in [0, 100]");
	bad(&gravity, "e", "gravity: \"e\" is not a number in [0, 100]");
	bad(&rate, "1e400", "rate: 1e400 is too large for a number");
	bad(&rate, "0.01e-400", "rate: 0.01e-400 is too small for a number other than 0");
	bad(&size, "ten", "size: \"ten\" is not a whole number in [-3, 1000000]");
	bad(&size, "1e-400", "size: \"1e-400\" is not a whole number in [-3, 1000000]");
	bad(&size, "2.5", "size: \"2.5\" is not a whole number in [-3, 1000000]");
	bad(&size, " 2", "size: \" 2\" is not a whole number in [-3, 1000000]");
	bad(&size, "2 ", "size: \"2 \" is not a whole number in [-3, 1000000]");
	bad(&size, "", "size: \"\" is not a whole number in [-3, 1000000]");
}
END_TEST

START_TEST(numbers_out_of_range_are_refused_with_the_range)
{
	bad(&gravity, "-3", "gravity: -3 is outside [0, 100]");
	bad(&gravity, "100.001", "gravity: 100.001 is outside [0, 100]");
	bad(&size, "1000001", "size: 1000001 is outside [-3, 1000000]");
	bad(&size, "18446744073709551616", "size: 18446744073709551616 is outside [-3, 1000000]");
	bad(&size, "-4", "size: -4 is outside [-3, 1000000]");
	bad(&rate, "-1", "rate: -1 is less than 0");
}
END_TEST

START_TEST(words_of_bool_and_choice_are_exact)
{
	ck_assert_int_eq(good(&slip, "true").i, 1);
	ck_assert_int_eq(good(&slip, "off").i, 0);
	bad(&slip, "True", "slip: \"True\" is neither true nor false");
	bad(&slip, "2", "slip: \"2\" is neither true nor false");
	ck_assert_int_eq(good(&kind, "drifting").i, 2);
	bad(&kind, "gausian",
	    "kind: \"gausian\" is not one of gaussian, bernoulli, drifting, did you mean "
	    "gaussian?");
	bad(&kind, "", "kind: \"\" is not one of gaussian, bernoulli, drifting");
	ck_assert_str_eq(good(&name, "abcde").s, "abcde");
	bad(&name, "abcdef", "name: a text of 6 bytes was given, allowed are 0 to 5");
}
END_TEST

/* Sets a locale with a decimal comma; where the machine has none, makes one in `folder`. Returns 0 if that cannot be done. */
static int set_comma_locale(const char *folder)
{
	char command[400];
	if (setlocale(LC_ALL, "de_DE.UTF-8") || setlocale(LC_ALL, "fr_FR.UTF-8"))
		return 1;
	snprintf(command, sizeof command,
		 "localedef --no-archive -i de_DE -f UTF-8 %s/de_DE.UTF-8 >/dev/null 2>&1", folder);
	if (system(command))
		return 0;
	setenv("LOCPATH", folder, 1);
	return setlocale(LC_ALL, "de_DE.UTF-8") != NULL;
}

START_TEST(the_locale_of_the_program_changes_nothing)
{
	char folder[] = "/tmp/bern-locale-XXXXXX", command[100], number[16];
	ck_assert_ptr_nonnull(mkdtemp(folder));
	int comma = set_comma_locale(folder);
	snprintf(number, sizeof number, "%.1f", 9.5);
	if (!comma)
		fprintf(stderr, "# SKIPPED: no locale with a decimal comma can be had here\n");
	else
		ck_assert_str_eq(number, "9,5"); /* it is in force */
	ck_assert_double_eq(good(&gravity, "9.5").r, 9.5);
	bad(&gravity, "9,5", "gravity: \"9,5\" is not a number in [0, 100]");
	setlocale(LC_ALL, "C");
	unsetenv("LOCPATH");
	snprintf(command, sizeof command, "rm -r %s", folder);
	ck_assert_int_eq(system(command), 0);
}
END_TEST

static const char *suggest(const char *given)
{
	static const char *const names[] = {"CartPole-v0", "CartPole-v1", "FrozenLake-v1", "ab",
					    "speed"};
	static char out[64];
	return bern_suggest(given, names, 5, out, sizeof out);
}

START_TEST(suggestions_are_close_names_only)
{
	ck_assert_str_eq(suggest("CartPloe-v1"), ", did you mean CartPole-v1?");
	ck_assert_str_eq(suggest("cartpole-v1"), ", did you mean CartPole-v1?");
	ck_assert_str_eq(suggest("Cart-Pole-v1"), ", did you mean CartPole-v1?");
	ck_assert_str_eq(suggest("Frozenlak-v1"), ", did you mean FrozenLake-v1?");
	/* four edits of twelve letters are a third; five of twelve are more */
	ck_assert_str_eq(suggest("FrozenLa-xyz"), "");
	ck_assert_str_eq(suggest("FrozenLaxev9"), ", did you mean FrozenLake-v1?");
	/* neighbours that changed places are one edit */
	ck_assert_str_eq(suggest("spede"), ", did you mean speed?");
	ck_assert_str_eq(suggest("Taxi-v3"), "");
	ck_assert_str_eq(suggest("ax"), "");
	ck_assert_str_eq(suggest("AB"), ", did you mean ab?");
	ck_assert_str_eq(suggest(""), "");
	char none[8] = "junk";
	ck_assert_str_eq(bern_suggest("x", NULL, 0, none, sizeof none), "");
}
END_TEST

START_TEST(a_suggestion_is_cut_inside_its_room)
{
	const char *const names[] = {"a_long_name_of_a_parameter"};
	char out[12];
	memset(out, 'x', sizeof out);
	bern_suggest("a_long_name_of_a_parametre", names, 1, out, 8);
	ck_assert_uint_eq(strlen(out), 7);
	ck_assert_int_eq(out[8], 'x');
	char longest[400];
	memset(longest, 'y', sizeof longest);
	longest[sizeof longest - 1] = '\0';
	const char *const longs[] = {longest};
	ck_assert_str_eq(bern_suggest(longest, longs, 1, out, sizeof out), "");
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("params");
	TCase *t = tcase_create("values");
	tcase_add_test(t, numbers_are_read_exactly);
	tcase_add_test(t, what_is_no_number_is_refused);
	tcase_add_test(t, numbers_out_of_range_are_refused_with_the_range);
	tcase_add_test(t, words_of_bool_and_choice_are_exact);
	tcase_add_test(t, the_locale_of_the_program_changes_nothing);
	suite_add_tcase(s, t);
	t = tcase_create("suggestions");
	tcase_add_test(t, suggestions_are_close_names_only);
	tcase_add_test(t, a_suggestion_is_cut_inside_its_room);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
