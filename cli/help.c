/* What --help says: how it is called, examples, then every flag and option with type, default and range. */
#include "options.h"

#include <stdlib.h>
#include <string.h>

#define INDENT   30 /* column of the explanations */
#define WIDTH    80
#define NO_BREAK '\x1f' /* a blank that no line ends at */

/* Prints words from column `at`, going on in column INDENT after a full line. */
static void print_words(FILE *out, const char *words, int at)
{
	int fresh = 1;
	while (*words) {
		int length = (int)strcspn(words, " ");
		if (!fresh && at + 1 + length > WIDTH) {
			fprintf(out, "\n%*s", INDENT, "");
			at = INDENT;
			fresh = 1;
		}
		fprintf(out, "%s", fresh ? "" : " ");
		for (int i = 0; i < length; i++)
			fputc(words[i] == NO_BREAK ? ' ' : words[i], out);
		at += length + !fresh;
		fresh = 0;
		words += length;
		words += strspn(words, " ");
	}
	fprintf(out, "\n");
}

/* One row: what is typed, and what it does. */
static void print_row(FILE *out, const char *typed, const char *words)
{
	int length = (int)strlen(typed);
	if (length + 2 > INDENT)
		fprintf(out, "%s\n%*s", typed, INDENT, "");
	else
		fprintf(out, "%-*s", INDENT, typed);
	print_words(out, words, INDENT);
}

const char *option_typed(const bern_option *option, int bare, char *out, size_t size)
{
	static const char *const types[] = {[BERN_INT] = " N",
					    [BERN_REAL] = " X",
					    [BERN_TEXT] = " TEXT",
					    [BERN_CHOICE] = " NAME",
					    [BERN_BOOL] = ""};
	int is_bool = option->param.type == BERN_BOOL;
	snprintf(out, size, "--%s%s%s", is_bool && !bare ? "[no-]" : "", option->param.key,
		 bare ? "" : types[option->param.type]);
	for (char *c = out; *c && *c != ' '; c++)
		*c = *c == '_' ? '-' : *c;
	return out;
}

const char *option_words(const bern_option *option, char *out, size_t size)
{
	const bern_param *param = &option->param;
	char allowed[300];
	param_allowed(param, allowed, sizeof allowed);
	if (param->type == BERN_BOOL)
		allowed[0] = '\0'; /* the brackets of [no-] say it */
	snprintf(out, size, "%s [%s%s%s]", param->help, *param->fallback ? param->fallback : "\"\"",
		 *allowed ? "; " : "", allowed);
	return out;
}

static void print_option(FILE *out, const bern_option *option)
{
	char typed[128] = "  ", words[800];
	option_typed(option, 0, typed + 2, sizeof typed - 2);
	option_words(option, words, sizeof words);
	/* default and range stay together if a line has room for them */
	char *bracket = words + strlen(option->param.help) + 1;
	for (char *c = bracket; *c && strlen(bracket) <= WIDTH - INDENT; c++)
		*c = *c == ' ' ? NO_BREAK : *c;
	print_row(out, typed, words);
}

static void print_flag(FILE *out, const cli_flag *flag)
{
	char typed[128], letter[8] = "  ";
	if (flag->letter)
		snprintf(letter, sizeof letter, "  -%c, ", flag->letter);
	snprintf(typed, sizeof typed, "%s--%s%s%s", letter, flag->name, flag->metavar ? " " : "",
		 flag->metavar ? flag->metavar : "");
	print_row(out, typed, flag->help);
}

void help_print(FILE *out, const command_help *help)
{
	fprintf(out, "usage: %s\n\n%s\n\n", help->usage, help->summary);
	fprintf(out, "examples\n%s\nflags\n", help->examples);
	for (size_t i = 0; i < help->flag_count; i++)
		print_flag(out, &help->flags[i]);
	const char *group = "";
	for (size_t i = 0; help->with_options && i < train_option_count(); i++) {
		const bern_option *option = train_option_at(i);
		if (strcmp(group, option->group) != 0) {
			group = option->group;
			fprintf(out, "\n%s [default; allowed]\n", group);
		}
		print_option(out, option);
	}
	if (help->notes)
		fprintf(out, "\n%s", help->notes);
}
