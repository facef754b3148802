#define _XOPEN_SOURCE 700 /* realpath */
#include "command.h"

#include "new_env.h"
#include "options.h"

#include <stdlib.h>
#include <string.h>

enum { FLAG_DIR, FLAG_QUIET, FLAG_VERBOSE, FLAG_HELP };
static const cli_flag flags[] = {
	{"dir", 0, "DIR", "the folder to make it in; must be there [the current one]"},
	CLI_COMMON_FLAGS,
};

const command_help new_env_help = {
	.usage = "bern new-env NAME [--dir DIR]",
	.summary = "Writes a folder to start an environment of your own from: env.c, a small task\n"
		   "that can be learned; meson.build, which builds it and checks it; README.md.",
	.examples = "  bern new-env hover\n"
		    "  cd hover && meson setup build && meson test -C build\n"
		    "  bern train build/hover.so\n"
		    "  bern new-env me/Hover-v2 --dir ~/environments\n",
	.notes =
		"NAME is [namespace/]Name[-vN]: letters, digits and _, beginning with a letter.\n"
		"my_env makes the folder my_env and the id MyEnv-v0; me/Hover-v2 makes the folder\n"
		"Hover and the id me/Hover-v2. What is there already is never written over.\n",
	.flags = flags,
	.flag_count = sizeof flags / sizeof flags[0],
};

/* Prints what to type next. A program that was not installed is named by its path, and its headers too. */
static void print_next(const new_env *n, const char *path, const char *program)
{
	char *include = source_path("core/include");
	char *called = strchr(program, '/') ? realpath(program, NULL) : NULL;
	printf("id    %s\nnext  cd ", n->id);
	print_word(path);
	printf("\nnext  ");
	if (include) {
		printf("BERN_INCLUDE=");
		print_word(include);
		printf(" ");
	}
	if (include && called) {
		printf("BERN=");
		print_word(called);
		printf(" ");
	}
	printf("meson setup build && meson test -C build\nnext  ");
	print_word(called ? called : program);
	printf(" train build/%s.so\n", n->folder);
	free(called);
	free(include);
}

static int32_t make(const char *name, const char *dir, const char *program, bern_error *e)
{
	new_env n;
	int32_t rc = new_env_name(&n, name, e);
	if (rc)
		return rc;
	size_t length = dir ? strlen(dir) : 0, size = length + sizeof n.folder + 2;
	char *path = malloc(size);
	if (!path)
		return bern_fail(e, BERN_EMEMORY, "out of memory");
	int slash = length > 0 && dir[length - 1] != '/';
	snprintf(path, size, "%s%s%s", dir ? dir : "", slash ? "/" : "", n.folder);
	rc = new_env_write(&n, path, e);
	if (rc == 0) {
		printf("made  ");
		print_word(path);
		printf(": env.c, meson.build, README.md\n");
		print_next(&n, path, program);
	}
	free(path);
	return rc;
}

int cmd_new_env(const char *program, int argc, char **argv)
{
	arg_reader args = {argc, argv, flags, sizeof flags / sizeof flags[0], .at = 0};
	const char *name = NULL, *dir = NULL;
	int wants_help = 0;
	bern_error e;
	int32_t rc = 0;
	while (rc == 0 && !wants_help && (rc = arg_next(&args, &e)) == 0 && args.kind != ARG_END) {
		if (args.kind == ARG_WORD && name)
			rc = bern_fail(&e, BERN_EUSAGE,
				       "'%.100s' is one argument too many; usage: %s", args.text,
				       new_env_help.usage);
		else if (args.kind == ARG_WORD)
			name = args.text;
		else if (args.index == FLAG_DIR)
			dir = args.text;
		wants_help = args.kind == ARG_FLAG && args.index == FLAG_HELP;
	}
	if (rc == 0 && !wants_help && dir && !*dir)
		rc = bern_fail(&e, BERN_EUSAGE, "--dir: '' is no folder");
	if (rc == 0 && wants_help)
		help_print(stdout, &new_env_help);
	else if (rc == 0 && !name)
		rc = bern_fail(&e, BERN_EUSAGE, "which name? usage: %s", new_env_help.usage);
	else if (rc == 0)
		rc = make(name, dir, program, &e);
	return rc ? report_error("new-env", &e) : EXIT_OK;
}
