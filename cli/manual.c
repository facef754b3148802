#include "manual.h"

#include "options.h"

#include <string.h>

/* Text with what roff would take for its own made harmless. Line breaks stay, blank lines begin paragraphs. */
static void put(FILE *out, const char *text)
{
	int starts = 1;
	for (const char *c = text; *c; c++) {
		if (starts && (*c == '.' || *c == '\''))
			fputs("\\&", out);
		if (starts && *c == '\n' && c > text)
			fputs(".PP", out);
		starts = *c == '\n';
		if (*c == '\\')
			fputs("\\e", out);
		else if (*c == '-')
			fputs("\\-", out);
		else if (*c == '^' || *c == '~')
			fprintf(out, "\\(%s", *c == '^' ? "ha" : "ti");
		else
			fputc(*c, out);
	}
	if (!starts)
		fputc('\n', out);
}

/* One line of a list: what is typed, in bold, and what it does. */
static void put_item(FILE *out, const char *typed, const char *words)
{
	fputs(".TP\n\\fB", out);
	for (const char *c = typed; *c; c++)
		fputs(*c == '-' ? "\\-" : (char[]){*c, '\0'}, out);
	fputs("\\fR\n", out);
	put(out, words);
}

static void put_flag(FILE *out, const cli_flag *flag)
{
	char typed[128], letter[8] = "";
	if (flag->letter)
		snprintf(letter, sizeof letter, "-%c, ", flag->letter);
	snprintf(typed, sizeof typed, "%s--%s%s%s", letter, flag->name, flag->metavar ? " " : "",
		 flag->metavar ? flag->metavar : "");
	put_item(out, typed, flag->help);
}

/* Lines as they stand, as of examples. */
static void put_verbatim(FILE *out, const char *lines)
{
	fputs(".EX\n", out);
	put(out, lines);
	fputs(".EE\n", out);
}

static void put_options(FILE *out)
{
	const char *group = "";
	fputs(".SH OPTIONS\nDefault and what is allowed stand in brackets.\n", out);
	for (size_t i = 0; i < train_option_count(); i++) {
		const bern_option *option = train_option_at(i);
		char typed[128], words[800];
		if (strcmp(group, option->group) != 0) {
			group = option->group;
			fprintf(out, ".SS %s\n", group);
		}
		put_item(out, option_typed(option, 0, typed, sizeof typed),
			 option_words(option, words, sizeof words));
	}
}

static void put_commands(FILE *out, const command *list, size_t count)
{
	fputs(".SH COMMANDS\n", out);
	for (size_t i = 0; i < count; i++)
		put_item(out, list[i].name, list[i].summary);
}

static void put_help(FILE *out, const command_help *help)
{
	fputs(".SH SYNOPSIS\n", out);
	put_verbatim(out, help->usage);
	fputs(".SH DESCRIPTION\n", out);
	put(out, help->summary);
	fputs(".SH EXAMPLES\n", out);
	put_verbatim(out, help->examples);
	fputs(".SH FLAGS\n", out);
	for (size_t i = 0; i < help->flag_count; i++)
		put_flag(out, &help->flags[i]);
	if (help->with_options)
		put_options(out);
	if (help->notes) {
		fputs(".SH NOTES\n", out);
		put(out, help->notes);
	}
}

static void put_exit_status(FILE *out)
{
	fputs(".SH EXIT STATUS\n", out);
	put_item(out, "0", "Done.");
	put_item(out, "1", "Failed; one sentence on standard error says why.");
	put_item(out, "2", "Misused: an option, file or name that cannot be.");
	put_item(out, "3", "A target that was asked for is not reached.");
	put_item(out, "130", "Interrupted.");
}

static void put_environment(FILE *out)
{
	fputs(".SH ENVIRONMENT\n", out);
	put_item(out, "BERN_OPTION",
		 "An option of training in capitals, as BERN_LEARNING_RATE, stands in for the "
		 "flag.");
	put_item(out, "BERN_ENV_PATH", "Folders of plugins, with colons between them.");
	put_item(out, "BERN_RECIPES", "A folder of recipes to look in first.");
	put_item(out, "BERN_CPU", "The instruction set to use, in place of the best there is.");
	put_item(out, "NO_COLOR, FORCE_COLOR, TERM", "Whether messages are coloured.");
}

void manual_write(FILE *out, const command *found, const char *of, const char *version,
		  const char *date)
{
	char name[64] = "bern";
	if (found)
		snprintf(name, sizeof name, "bern-%s%s%s", of ? of : "", of ? "-" : "",
			 found->name);
	fprintf(out, ".TH %s 1 %s \"Bern %s\" \"Bern manual\"\n.SH NAME\n", name, date, version);
	for (const char *c = name; *c; c++)
		fputs(*c == '-' ? "\\-" : (char[]){*c, '\0'}, out);
	fprintf(out, " \\- ");
	put(out, found ? found->summary : "train networks of stochastic binary neurons by reward");
	if (found && found->help)
		put_help(out, found->help);
	else {
		fprintf(out, ".SH SYNOPSIS\n.B bern%s%s\n.I COMMAND\n[arguments]\n",
			found ? " " : "", found ? found->name : "");
		put_commands(out, found ? found->commands : commands,
			     found ? found->command_count : command_count);
	}
	put_exit_status(out);
	if (!found)
		put_environment(out);
	fputs(".SH SEE ALSO\n", out);
	if (found)
		fputs(".BR bern (1)", out);
	if (!found)
		for (size_t i = 0; i < command_count; i++)
			fprintf(out, ".BR bern\\-%s (1)%s\n", commands[i].name,
				i + 1 < command_count ? "," : "");
	else if (found->commands)
		for (size_t i = 0; i < found->command_count; i++)
			fprintf(out, ",\n.BR bern\\-%s\\-%s (1)", found->name,
				found->commands[i].name);
	if (found)
		fputc('\n', out);
}
