/* What all commands do alike when they print. */
#include "command.h"

#include "version.h"

#include <bern/error.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is_set(const char *name)
{
	const char *value = getenv(name);
	return value && *value;
}

output_style output_style_now(const char *program)
{
	output_style style = {.program = program};
	const char *term = getenv("TERM");
	int dumb = term && !strcmp(term, "dumb");
	int terminal = isatty(STDERR_FILENO);
	const char *force = getenv("FORCE_COLOR");
	style.progress = terminal && !dumb;
	style.color = style.progress;
	if (force && *force)
		style.color = strcmp(force, "0") != 0;
	/* who asks for no colour gets none, whoever else asks for it */
	if (is_set("NO_COLOR"))
		style.color = 0;
	return style;
}

int exit_status_of(const bern_error *e)
{
	return e->code == BERN_EUSAGE ? EXIT_MISUSED : EXIT_FAILED;
}

int report_error(const char *what, const bern_error *e)
{
	char text[sizeof e->text + 64];
	snprintf(text, sizeof text, "bern: %s%s%s", what ? what : "", what ? ": " : "", e->text);
	/* one sentence is one line; what a user typed may hold anything */
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	fprintf(stderr, "%s\n", text);
	return exit_status_of(e);
}

void print_word(const char *word)
{
	const char *const safe =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+-=:,@";
	if (*word && !word[strspn(word, safe)]) {
		printf("%s", word);
		return;
	}
	putchar('\'');
	for (; *word; word++)
		if (*word == '\'')
			printf("'\\''");
		else
			putchar(*word);
	putchar('\'');
}

const char *version_commit(void)
{
	return BERN_COMMIT;
}
