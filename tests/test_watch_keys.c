/* The keys of the window: what the program takes, what its help overlay says and what README.md says are the same. */
#include "watch_keys.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Keys with a name in the help, and which event they are. */
static const struct {
	const char *name;
	int32_t kind, key;
} named[] = {
	{"Space", WINDOW_TYPED, ' '},
	{"Tab", WINDOW_KEY_PRESS, WINDOW_KEY_TAB},
	{"Esc", WINDOW_KEY_PRESS, WINDOW_KEY_ESCAPE},
	{"F1", WINDOW_KEY_PRESS, WINDOW_KEY_F1},
	{"F11", WINDOW_KEY_PRESS, WINDOW_KEY_F11},
};

/* Whether a key's name stands in the first column of a line of help. "1 - 7" names seven. */
static int is_named(const char *name)
{
	for (const char *const *line = watch_key_help; *line; line++) {
		char keys[64];
		snprintf(keys, sizeof keys, "%.*s", (int)strcspn(*line, "\t"), *line);
		if (!strcmp(keys, "1 - 7") && strlen(name) == 1 && name[0] >= '1' && name[0] <= '7')
			return 1;
		for (char *at = strtok(keys, " "); at; at = strtok(NULL, " "))
			if (!strcmp(at, name))
				return 1;
	}
	return 0;
}

START_TEST(every_key_that_does_something_is_in_the_help)
{
	int panel;
	for (int32_t c = 0x21; c < 0x7f; c++) {
		const window_event event = {.kind = WINDOW_TYPED, .key = c};
		const char name[2] = {(char)c, 0};
		/* = is + without Shift */
		if (watch_action_of(&event, &panel) && c != '=')
			ck_assert_msg(is_named(name), "%s is not in the help", name);
	}
	for (size_t i = 0; i < sizeof named / sizeof named[0]; i++) {
		const window_event event = {.kind = named[i].kind, .key = named[i].key};
		ck_assert_msg(watch_action_of(&event, &panel) != 0, "%s does nothing",
			      named[i].name);
		ck_assert_msg(is_named(named[i].name), "%s is not in the help", named[i].name);
	}
}
END_TEST

START_TEST(every_key_in_the_help_does_something)
{
	for (const char *const *line = watch_key_help; *line; line++) {
		char keys[64];
		int panel;
		snprintf(keys, sizeof keys, "%.*s", (int)strcspn(*line, "\t"), *line);
		if (!strcmp(keys, "Click") || !strcmp(keys, "1 - 7"))
			continue;
		for (char *at = strtok(keys, " "); at; at = strtok(NULL, " ")) {
			window_event event = {.kind = WINDOW_TYPED, .key = (unsigned char)at[0]};
			for (size_t i = 0; i < sizeof named / sizeof named[0]; i++)
				if (!strcmp(at, named[i].name)) {
					event.kind = named[i].kind;
					event.key = named[i].key;
				}
			ck_assert_msg(event.kind != WINDOW_TYPED || event.key == ' ' || !at[1],
				      "%s is no key", at);
			ck_assert_msg(watch_action_of(&event, &panel) != 0, "%s does nothing", at);
		}
	}
}
END_TEST

START_TEST(no_action_has_its_key_twice_in_the_help)
{
	for (const char *const *a = watch_key_help; *a; a++)
		for (const char *const *b = a + 1; *b; b++)
			ck_assert_str_ne(*a, *b);
	int panel;
	for (int32_t c = '1'; c <= '7'; c++) {
		const window_event event = {.kind = WINDOW_TYPED, .key = c};
		ck_assert_int_eq(watch_action_of(&event, &panel), WATCH_PANEL);
		ck_assert_int_eq(panel, c - '1');
	}
}
END_TEST

START_TEST(the_readme_has_the_lines_of_the_help)
{
	FILE *file = fopen(BERN_TEST_README, "r");
	ck_assert_ptr_nonnull(file);
	char *text = calloc(1, 1 << 20), row[256];
	ck_assert_ptr_nonnull(text);
	ck_assert(fread(text, 1, (1 << 20) - 1, file) > 0);
	fclose(file);
	for (const char *const *line = watch_key_help; *line; line++) {
		const int keys = (int)strcspn(*line, "\t");
		snprintf(row, sizeof row, "\n| %.*s | %s |\n", keys, *line, *line + keys + 1);
		ck_assert_msg(strstr(text, row) != NULL, "README.md lacks:%s", row);
	}
	free(text);
}
END_TEST

START_TEST(speeds_come_back_to_real_time_from_both_ends)
{
	static const double ladder[] = {0.1, 0.125, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64};
	for (size_t i = 0; i < 11; i++) {
		ck_assert_double_eq(watch_next_speed(ladder[i], 1), ladder[i < 10 ? i + 1 : 10]);
		ck_assert_double_eq(watch_next_speed(ladder[i], 0), ladder[i ? i - 1 : 0]);
	}
	/* --speed takes others too */
	ck_assert_double_eq(watch_next_speed(3, 1), 4);
	ck_assert_double_eq(watch_next_speed(3, 0), 2);
	ck_assert_double_eq(watch_next_speed(0.11, 0), 0.1);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("watch_keys");
	TCase *t = tcase_create("watch_keys");
	tcase_add_test(t, every_key_that_does_something_is_in_the_help);
	tcase_add_test(t, every_key_in_the_help_does_something);
	tcase_add_test(t, no_action_has_its_key_twice_in_the_help);
	tcase_add_test(t, the_readme_has_the_lines_of_the_help);
	tcase_add_test(t, speeds_come_back_to_real_time_from_both_ends);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
