/* The part of YAML that a configuration is: what is handed on, and everything that is refused with file and line. */
#include <yaml_map.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const sections[] = {"env", "train"};

/* Writes "section.key=text@line;" for each entry. */
static int32_t collect(void *user, const char *section, const char *key, const char *text,
		       size_t line, bern_error *e)
{
	char *out = user;
	size_t at = strlen(out);
	(void)e;
	snprintf(out + at, 2000 - at, "%s.%s=%s@%zu;", section, key, text, line);
	return 0;
}

static int32_t parse(const char *text, size_t size, char *out, bern_error *e)
{
	out[0] = '\0';
	return yaml_parse("f.yaml", text, size, sections, 2, collect, out, e);
}

START_TEST(maps_of_scalars_are_handed_on_as_text)
{
	static const struct {
		const char *text, *entries;
	} cases[] = {
		{"env:\n  id: A-v0\ntrain:\n  seed: 1\n", "env.id=A-v0@2;train.seed=1@4;"},
		{"# words\n\ntrain: {a: yes, b: 0x1F, c: ~, d: 1e400}\n",
		 "train.a=yes@3;train.b=0x1F@3;train.c=~@3;train.d=1e400@3;"},
		{"---\ntrain:\n  a: \"x\\ty\"\n  b: 'it''s'\n...\n",
		 "train.a=x\ty@3;train.b=it's@4;"},
		{"env:\n  map: |\n    S.\n    .G\n", "env.map=S.\n.G\n@2;"},
		{"train:\n  a:\nenv:\n", "train.a=@2;"},
		{"train:\n", ""},
		{"{}", ""},
		{"train:\r\n  a: 1\r\n", "train.a=1@2;"},
		{"\xef\xbb\xbftrain:\n  a: 1\n", "train.a=1@2;"},
		{"env:\n  k: \xc3\xa4\n", "env.k=\xc3\xa4@2;"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char out[2000];
		bern_error e;
		ck_assert_msg(parse(cases[i].text, strlen(cases[i].text), out, &e) == 0, "%zu: %s",
			      i, e.text);
		ck_assert_str_eq(out, cases[i].entries);
	}
}
END_TEST

/* what is wrong, where the sentence must see it, and a word of the sentence */
static const struct {
	const char *text, *place, *word;
} bad[] = {
	{"", "f.yaml:", "empty"},
	{"# nothing\n", "f.yaml:", "empty"},
	{"3\n", "f.yaml:1", "not a map"},
	{"- a\n- b\n", "f.yaml:1", "not a map"},
	{"train: 3\n", "f.yaml:1", "train must be a map"},
	{"train: ''\n", "f.yaml:1", "train must be a map"},
	{"train:\n- a\n", "f.yaml:1", "train must be a map"},
	{"trian:\n  a: 1\n", "f.yaml:1", "did you mean train"},
	{"seed: 1\n", "f.yaml:1", "there are env and train"},
	{"train:\n  a: [1, 2]\n", "f.yaml:2", "list"},
	{"train:\n  a:\n    - 1\n", "f.yaml:2", "list"},
	{"train:\n  a:\n    b: 1\n", "f.yaml:2", "map"},
	{"train:\n  a: 1\n  a: 2\n", "f.yaml:3", "line 2"},
	{"train:\n  a: 1\ntrain:\n  b: 1\n", "f.yaml:3", "line 1"},
	{"train:\n\ta: 1\n", "f.yaml:2", "spaces"},
	{"train:\n  a: 1\n b: 2\n", "f.yaml:3", "not YAML"},
	{"train:\n  a: \"x\n", "f.yaml:", "not YAML"},
	{"train:\n  a: @x\n", "f.yaml:2", "not YAML"},
	{"train: {a: 1\n", "f.yaml:", "not YAML"},
	{"train:\n  a: &x 1\n", "f.yaml:2", "anchor"},
	{"train: &x\n  a: 1\n", "f.yaml:1", "anchor"},
	{"train:\n  a: *x\n", "f.yaml:2", "alias"},
	{"train:\n  *x : 1\n", "f.yaml:2", "alias"},
	{"train:\n  a: !!int 1\n", "f.yaml:2", "tag"},
	{"train: !foo\n  a: 1\n", "f.yaml:1", "tag"},
	{"train:\n  [a, b]: 1\n", "f.yaml:2", "name"},
	{"? [a]\n: 1\n", "f.yaml:1", "name"},
	{"train:\n  a: \"x\\0y\"\n", "f.yaml:2", "NUL"},
	{"train:\n  \"a\\0\": 1\n", "f.yaml:2", "NUL"},
	{"train:\n  a: 1\n---\ntrain:\n", "f.yaml:3", "second document"},
	{"train:\n  a: \x01\n", "f.yaml:", "UTF-8"},
	{"train:\n  a: \xff\n", "f.yaml:", "UTF-8"},
	{"\xff\xfet\0r\0", "f.yaml:", "UTF-8"},
};

START_TEST(everything_else_is_refused_with_its_place)
{
	char out[2000];
	bern_error e;
	ck_assert_int_eq(parse(bad[_i].text, strlen(bad[_i].text), out, &e), BERN_EFORMAT);
	ck_assert_msg(!strncmp(e.text, bad[_i].place, strlen(bad[_i].place)), "%s", e.text);
	ck_assert_msg(strstr(e.text, bad[_i].word) != NULL, "%s", e.text);
	ck_assert_ptr_null(strchr(e.text, '\n'));
}
END_TEST

START_TEST(a_nul_byte_is_refused_with_its_line)
{
	static const char text[] = "train:\n  a: 1\n\0  b: 2\n";
	char out[2000];
	bern_error e;
	ck_assert_int_eq(parse(text, sizeof text - 1, out, &e), BERN_EFORMAT);
	ck_assert_msg(!strncmp(e.text, "f.yaml:3: a NUL", 15), "%s", e.text);
}
END_TEST

/* _i: kind of bracket */
START_TEST(deep_nesting_ends_at_once)
{
	static const char *const openers[] = {"[", "{", "{a: ", "- ", "? "};
	size_t size = YAML_MAX_SIZE, length = strlen(openers[_i]);
	char *text = malloc(size), out[2000];
	bern_error e;
	for (size_t i = 0; i + length <= size; i += length)
		memcpy(text + i, openers[_i], length);
	ck_assert_int_eq(parse(text, size - size % length, out, &e), BERN_EFORMAT);
	/* and where a value is expected */
	memcpy(text, "train:\n  a: ", 12);
	size_t end = 12;
	for (; end + length <= size; end += length)
		memcpy(text + end, openers[_i], length);
	ck_assert_int_eq(parse(text, end, out, &e), BERN_EFORMAT);
	free(text);
}
END_TEST

START_TEST(very_many_keys_are_refused)
{
	char *text = malloc(100000), out[2000];
	size_t at = (size_t)sprintf(text, "train:\n");
	bern_error e;
	for (int i = 0; i < 5000; i++)
		at += (size_t)sprintf(text + at, "  k%d: 1\n", i);
	ck_assert_int_eq(parse(text, at, out, &e), BERN_EFORMAT);
	ck_assert_ptr_nonnull(strstr(e.text, "1000 keys"));
	free(text);
}
END_TEST

START_TEST(files_that_cannot_be_one_are_refused)
{
	char *text;
	size_t size;
	bern_error e;
	ck_assert_int_eq(read_text_file("/", 100, &text, &size, &e), BERN_EIO);
	ck_assert_ptr_null(text);
	ck_assert_ptr_nonnull(strstr(e.text, "folder"));
	ck_assert_int_eq(read_text_file("/nowhere/x", 100, &text, &size, &e), BERN_EIO);
	ck_assert_int_eq(read_text_file("/dev/zero", 100, &text, &size, &e), BERN_EFORMAT);
	ck_assert_ptr_nonnull(strstr(e.text, "larger than 100 bytes"));
	ck_assert_int_eq(read_text_file("/dev/null", 100, &text, &size, &e), 0);
	ck_assert_uint_eq(size, 0);
	free(text);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("yaml_map");
	TCase *t = tcase_create("reading");
	tcase_add_test(t, maps_of_scalars_are_handed_on_as_text);
	tcase_add_loop_test(t, everything_else_is_refused_with_its_place, 0,
			    sizeof bad / sizeof bad[0]);
	tcase_add_test(t, a_nul_byte_is_refused_with_its_line);
	tcase_add_loop_test(t, deep_nesting_ends_at_once, 0, 5);
	tcase_add_test(t, very_many_keys_are_refused);
	tcase_add_test(t, files_that_cannot_be_one_are_refused);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
