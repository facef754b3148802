/* Sentences of errors: composed, cut at the end of their room, never beyond. */
#include <bern/error.h>

#include <check.h>
#include <string.h>

START_TEST(because_puts_the_cause_in_front)
{
	bern_error e;
	ck_assert_int_eq(bern_fail(&e, BERN_EIO, "%s is %d", "x", 3), BERN_EIO);
	ck_assert_int_eq(bern_because(&e, "reading %s", "a.ckpt"), BERN_EIO);
	ck_assert_str_eq(e.text, "reading a.ckpt: x is 3");
}
END_TEST

START_TEST(long_sentences_are_cut_inside_their_room)
{
	bern_error e;
	char text[3000];
	memset(text, 'y', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	bern_fail(&e, BERN_EUSAGE, "%s", text);
	ck_assert_uint_eq(strlen(e.text), sizeof e.text - 1);
	bern_because(&e, "%s", text);
	ck_assert_uint_eq(strlen(e.text), sizeof e.text - 1);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("error");
	TCase *t = tcase_create("sentences");
	tcase_add_test(t, because_puts_the_cause_in_front);
	tcase_add_test(t, long_sentences_are_cut_inside_their_room);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
