#include "manual.h"

#include "options.h"

#include <string.h>

/* What may stand after a flag: a list of words that a shell can have, or a kind that it finds itself. */
enum value_kind { VALUE_NONE, VALUE_TEXT, VALUE_FILE, VALUE_RECIPE, VALUE_CHOICE };

/* A flag or option as completion sees it. */
typedef struct entry {
	char name[80]; /* without dashes */
	char letter;
	int kind;                   /* enum value_kind */
	const char *const *choices; /* of VALUE_CHOICE */
	char help[512];
} entry;

typedef struct entries {
	entry list[256];
	size_t count;
} entries;

static entry *add(entries *all)
{
	entry *next = &all->list[all->count < 256 ? all->count++ : 255];
	memset(next, 0, sizeof *next);
	return next;
}

static int kind_of(const cli_flag *flag)
{
	if (!flag->metavar)
		return VALUE_NONE;
	if (strstr(flag->metavar, "NAME|FILE") && !strcmp(flag->name, "recipe"))
		return VALUE_RECIPE;
	return strstr(flag->metavar, "FILE") || strstr(flag->metavar, "PATH") ||
			       strstr(flag->metavar, "DIR")
		       ? VALUE_FILE
		       : VALUE_TEXT;
}

static void add_option(entries *all, const bern_option *option)
{
	int is_bool = option->param.type == BERN_BOOL;
	char typed[72];
	option_typed(option, 1, typed, sizeof typed);
	for (int no = 0; no <= is_bool; no++) {
		entry *x = add(all);
		snprintf(x->name, sizeof x->name, "%s%s", no ? "no-" : "", typed + 2);
		snprintf(x->help, sizeof x->help, "%s", option->param.help);
		x->kind = is_bool                             ? VALUE_NONE
			  : option->param.type == BERN_CHOICE ? VALUE_CHOICE
							      : VALUE_TEXT;
		x->choices = option->param.choices;
	}
}

static void collect(entries *all, const command_help *help)
{
	all->count = 0;
	for (size_t i = 0; i < help->flag_count; i++) {
		entry *x = add(all);
		snprintf(x->name, sizeof x->name, "%s", help->flags[i].name);
		snprintf(x->help, sizeof x->help, "%s", help->flags[i].help);
		x->letter = help->flags[i].letter;
		x->kind = kind_of(&help->flags[i]);
	}
	for (size_t i = 0; help->with_options && i < train_option_count(); i++)
		add_option(all, train_option_at(i));
}

/* Calls `each` for every command that has a help: "train", and "lab prove" as of = lab. */
static void walk(FILE *out, void (*each)(FILE *out, const command *found, const char *of))
{
	for (size_t i = 0; i < command_count; i++) {
		if (commands[i].help)
			each(out, &commands[i], NULL);
		for (size_t j = 0; j < commands[i].command_count; j++)
			each(out, &commands[i].commands[j], commands[i].name);
	}
}

static int has_word(const command *found, const char *word)
{
	return found->words && strstr(found->words, word);
}

/* ---- bash ----------------------------------------------------------------------------------------------------- */

static void bash_command(FILE *out, const command *found, const char *of)
{
	entries all;
	collect(&all, found->help);
	fprintf(out, "\t'%s%s%s')\n\t\tflags='", of ? of : "", of ? " " : "", found->name);
	for (size_t i = 0; i < all.count; i++)
		fprintf(out, "%s--%s", i ? " " : "", all.list[i].name);
	fprintf(out, "'\n\t\twords='%s'\n\t\tcase $before in\n", found->words ? found->words : "");
	for (size_t i = 0; i < all.count; i++) {
		const entry *x = &all.list[i];
		if (x->kind == VALUE_NONE)
			continue;
		fprintf(out, "\t\t--%s) ", x->name);
		if (x->kind == VALUE_CHOICE) {
			fputs("values='", out);
			for (size_t c = 0; x->choices[c]; c++)
				fprintf(out, "%s%s", c ? " " : "", x->choices[c]);
			fputs("'; kind=list ;;\n", out);
		} else
			fprintf(out, "kind=%s ;;\n",
				x->kind == VALUE_FILE     ? "file"
				: x->kind == VALUE_RECIPE ? "recipe"
							  : "text");
	}
	fputs("\t\tesac\n\t\t;;\n", out);
}

static void write_bash(FILE *out)
{
	fputs("# completion of bern's arguments for bash, written by `bern completion bash`\n"
	      "_bern() {\n"
	      "\tlocal now=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
	      "\tlocal name=${COMP_WORDS[1]} program=${COMP_WORDS[0]} flags= words= values= kind=\n"
	      "\tif [ \"$before\" = = ]; then before=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
	      "\tif [ \"$now\" = = ]; then now=; fi\n"
	      "\tCOMPREPLY=()\n"
	      "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n"
	      "\t\tCOMPREPLY=($(compgen -W '",
	      out);
	for (size_t i = 0; i < command_count; i++)
		fprintf(out, "%s ", commands[i].name);
	fputs("help --help --version' -- \"$now\"))\n\t\treturn\n\tfi\n", out);
	for (size_t i = 0; i < command_count; i++) {
		if (!commands[i].commands)
			continue;
		fprintf(out,
			"\tif [ \"$name\" = %s ]; then\n"
			"\t\tif [ \"$COMP_CWORD\" -eq 2 ]; then\n"
			"\t\t\tCOMPREPLY=($(compgen -W '",
			commands[i].name);
		for (size_t j = 0; j < commands[i].command_count; j++)
			fprintf(out, "%s%s", j ? " " : "", commands[i].commands[j].name);
		fputs("' -- \"$now\"))\n\t\t\treturn\n\t\tfi\n"
		      "\t\tname=\"$name ${COMP_WORDS[2]}\"\n\tfi\n",
		      out);
	}
	fputs("\tcase $name in\n\thelp) words=command ;;\n", out);
	walk(out, bash_command);
	fputs("\tesac\n"
	      "\tcase $kind in\n"
	      "\tlist) COMPREPLY=($(compgen -W \"$values\" -- \"$now\")); return ;;\n"
	      "\tfile) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- \"$now\")); "
	      "return ;;\n"
	      "\trecipe) words=recipe ;;\n"
	      "\ttext) return ;;\n"
	      "\tesac\n"
	      "\tif [ -z \"$kind\" ] && [ \"${now#-}\" != \"$now\" ]; then\n"
	      "\t\tCOMPREPLY=($(compgen -W \"$flags\" -- \"$now\"))\n"
	      "\t\treturn\n"
	      "\tfi\n"
	      "\tlocal word\n"
	      "\tfor word in $words; do\n"
	      "\t\tcase $word in\n"
	      "\t\trun) compopt -o filenames 2>/dev/null\n"
	      "\t\t\tCOMPREPLY+=($(compgen -d -- \"$now\") $(compgen -G \"runs/$now*\")) ;;\n"
	      "\t\tfile) compopt -o filenames 2>/dev/null; COMPREPLY+=($(compgen -f -- \"$now\")) "
	      ";;\n"
	      "\t\t*) COMPREPLY+=($(compgen -W \"$(\"$program\" completion --list \"$word\" "
	      "2>/dev/null)\" -- \"$now\")) ;;\n"
	      "\t\tesac\n"
	      "\tdone\n"
	      "}\n"
	      "complete -F _bern bern\n",
	      out);
}

/* ---- zsh ------------------------------------------------------------------------------------------------------ */

/* A flag's help inside '...[...]': without what zsh takes for its own. */
static void zsh_help(FILE *out, const char *text)
{
	for (const char *c = text; *c; c++) {
		if (*c == '\'')
			fputs("'\\''", out);
		else if (strchr("[]:\\", *c))
			fprintf(out, "\\%c", *c);
		else
			fputc(*c, out);
	}
}

static void zsh_value(FILE *out, const entry *x)
{
	switch (x->kind) {
	case VALUE_CHOICE:
		fputs(":value:(", out);
		for (size_t c = 0; x->choices[c]; c++)
			fprintf(out, "%s%s", c ? " " : "", x->choices[c]);
		fputc(')', out);
		break;
	case VALUE_FILE:
		fputs(":file:_files", out);
		break;
	case VALUE_RECIPE:
		fputs(":recipe:_bern_list recipe", out);
		break;
	case VALUE_TEXT:
		fputs(":value: ", out);
		break;
	}
}

static void zsh_command(FILE *out, const command *found, const char *of)
{
	entries all;
	collect(&all, found->help);
	fprintf(out, "\t'%s%s%s')\n\t\t_arguments -s \\\n", of ? of : "", of ? " " : "",
		found->name);
	for (size_t i = 0; i < all.count; i++) {
		const entry *x = &all.list[i];
		for (int way = 0; way < 1 + !!x->letter; way++) {
			/* '*': may be given again */
			fputs("\t\t\t'*", out);
			if (way)
				fprintf(out, "-%c", x->letter);
			else
				fprintf(out, "--%s", x->name);
			fputc('[', out);
			zsh_help(out, x->help);
			fputc(']', out);
			zsh_value(out, x);
			fputs("' \\\n", out);
		}
	}
	fprintf(out, "\t\t\t'*:%s:_bern_words %s'\n\t\t;;\n", found->words ? found->words : "word",
		found->words ? found->words : "");
}

static void write_zsh(FILE *out)
{
	fputs("#compdef bern\n"
	      "# completion of bern's arguments for zsh, written by `bern completion zsh`\n"
	      "_bern_list() {\n"
	      "\tlocal -a found\n"
	      "\tfound=(${(f)\"$(_call_program $1 bern completion --list $1 2>/dev/null)\"})\n"
	      "\tcompadd -a found\n"
	      "}\n"
	      "_bern_words() {\n"
	      "\tlocal word\n"
	      "\tfor word in $@; do\n"
	      "\t\tcase $word in\n"
	      "\t\trun) _files -/ -W '(. runs)' ;;\n"
	      "\t\tfile) _files ;;\n"
	      "\t\tenv|recipe|estimator|shell|command) _bern_list $word ;;\n"
	      "\t\tesac\n"
	      "\tdone\n"
	      "}\n"
	      "_bern() {\n"
	      "\tlocal name=$words[2]\n"
	      "\tlocal -a found\n"
	      "\tif (( CURRENT == 2 )); then\n"
	      "\t\tfound=(",
	      out);
	for (size_t i = 0; i < command_count; i++) {
		fprintf(out, "'%s:", commands[i].name);
		zsh_help(out, commands[i].summary);
		fputs("' ", out);
	}
	fputs("'help:tell more of a command')\n"
	      "\t\t_describe command found\n\t\treturn\n\tfi\n",
	      out);
	for (size_t i = 0; i < command_count; i++) {
		if (!commands[i].commands)
			continue;
		fprintf(out,
			"\tif [[ $name == %s ]]; then\n\t\tif (( CURRENT == 3 )); then\n"
			"\t\t\tfound=(",
			commands[i].name);
		for (size_t j = 0; j < commands[i].command_count; j++) {
			fprintf(out, "'%s:", commands[i].commands[j].name);
			zsh_help(out, commands[i].commands[j].summary);
			fputs("' ", out);
		}
		fputs(")\n\t\t\t_describe command found\n\t\t\treturn\n\t\tfi\n"
		      "\t\tname=\"$name $words[3]\"\n\t\tshift words; (( CURRENT-- ))\n\tfi\n",
		      out);
	}
	fputs("\tshift words; (( CURRENT-- ))\n"
	      "\tcase $name in\n\thelp) _bern_list command ;;\n",
	      out);
	walk(out, zsh_command);
	fputs("\tesac\n}\n"
	      "if [ \"$funcstack[1]\" = _bern ]; then _bern \"$@\"; else compdef _bern bern; fi\n",
	      out);
}

/* ---- fish ----------------------------------------------------------------------------------------------------- */

static void fish_text(FILE *out, const char *text)
{
	fputc('\'', out);
	for (const char *c = text; *c; c++) {
		if (*c == '\'' || *c == '\\')
			fputc('\\', out);
		fputc(*c, out);
	}
	fputc('\'', out);
}

static void fish_condition(FILE *out, const command *found, const char *of)
{
	if (of)
		fprintf(out,
			"complete -c bern -n '__fish_seen_subcommand_from %s; and "
			"__fish_seen_subcommand_from %s'",
			of, found->name);
	else
		fprintf(out, "complete -c bern -n '__bern_is %s'", found->name);
}

static void fish_command(FILE *out, const command *found, const char *of)
{
	static const char *const words[] = {"env", "recipe", "estimator", "shell", "command"};
	entries all;
	collect(&all, found->help);
	for (size_t i = 0; i < all.count; i++) {
		const entry *x = &all.list[i];
		fish_condition(out, found, of);
		fprintf(out, " -l %s", x->name);
		if (x->letter)
			fprintf(out, " -s %c", x->letter);
		if (x->kind == VALUE_FILE)
			fputs(" -r -F", out);
		else if (x->kind != VALUE_NONE)
			fputs(" -x", out);
		if (x->kind == VALUE_RECIPE)
			fputs(" -a '(bern completion --list recipe)'", out);
		if (x->kind == VALUE_CHOICE) {
			fputs(" -a '", out);
			for (size_t c = 0; x->choices[c]; c++)
				fprintf(out, "%s%s", c ? " " : "", x->choices[c]);
			fputs("'", out);
		}
		fputs(" -d ", out);
		fish_text(out, x->help);
		fputc('\n', out);
	}
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (has_word(found, words[i])) {
			fish_condition(out, found, of);
			fprintf(out, " -a '(bern completion --list %s)'\n", words[i]);
		}
	if (has_word(found, "run")) {
		fish_condition(out, found, of);
		fputs(" -a '(__fish_complete_directories; __fish_complete_directories runs/)'\n",
		      out);
	}
}

static void write_fish(FILE *out)
{
	fputs("# completion of bern's arguments for fish, written by `bern completion fish`\n"
	      "function __bern_is\n"
	      "\tset -l words (commandline -opc)\n"
	      "\ttest (count $words) -gt 1; and test $words[2] = $argv[1]\n"
	      "end\n"
	      "complete -c bern -f\n",
	      out);
	for (size_t i = 0; i < command_count; i++) {
		fprintf(out, "complete -c bern -n __fish_use_subcommand -a %s -d ",
			commands[i].name);
		fish_text(out, commands[i].summary);
		fputc('\n', out);
		for (size_t j = 0; j < commands[i].command_count; j++) {
			const command *own = &commands[i].commands[j];
			fprintf(out,
				"complete -c bern -n '__bern_is %s; and test (count (commandline "
				"-opc)) -eq 2' -a %s -d ",
				commands[i].name, own->name);
			fish_text(out, own->summary);
			fputc('\n', out);
		}
	}
	walk(out, fish_command);
}

int completion_write(FILE *out, const char *shell)
{
	if (!strcmp(shell, "bash"))
		write_bash(out);
	else if (!strcmp(shell, "zsh"))
		write_zsh(out);
	else if (!strcmp(shell, "fish"))
		write_fish(out);
	else
		return -1;
	return 0;
}
