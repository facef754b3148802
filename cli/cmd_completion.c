#include "command.h"

#include "estimator.h"
#include "manual.h"
#include "options.h"

#include <stdlib.h>
#include <string.h>

enum { FLAG_LIST, FLAG_QUIET, FLAG_VERBOSE, FLAG_HELP };
static const cli_flag flags[] = {
	{"list", 0, "KIND",
	 "print names, one a line: env, recipe, estimator, command or shell; scripts ask this"},
	CLI_COMMON_FLAGS,
};

const command_help completion_help = {
	.usage = "bern completion bash|zsh|fish\n"
		 "       bern completion --list env|recipe|estimator|command|shell",
	.summary = "Prints a script that lets the shell complete bern's commands, options,\n"
		   "environments, recipes and run folders. An installed Bern has them in place.",
	.examples = "  . <(bern completion bash)\n"
		    "  bern completion zsh >~/.zfunc/_bern\n"
		    "  bern completion fish >~/.config/fish/completions/bern.fish\n",
	.flags = flags,
	.flag_count = sizeof flags / sizeof flags[0],
};

static int32_t list_environments(bern_error *e)
{
	bern_registry *registry;
	int32_t rc = open_registry(&registry, NULL, 0, e);
	for (size_t i = 0; !rc && i < bern_registry_count(registry); i++)
		printf("%s\n", bern_registry_at(registry, i)->id);
	if (!rc)
		bern_registry_destroy(registry);
	return rc;
}

static void list_recipes(void)
{
	char **names;
	size_t count = recipe_names(&names);
	for (size_t i = 0; i < count; i++) {
		printf("%s\n", names[i]);
		free(names[i]);
	}
	free(names);
}

/* Prints the names of one kind. */
static int32_t list(const char *kind, bern_error *e)
{
	static const char *const kinds[] = {"env", "recipe", "estimator", "command", "shell", NULL};
	static const bern_param param = {"--list", "", BERN_CHOICE, 0, "env", 0, 0, kinds};
	bern_value value;
	int32_t rc = bern_param_parse(&param, kind, &value, e);
	if (rc)
		return rc;
	switch (value.i) {
	case 0:
		return list_environments(e);
	case 1:
		list_recipes();
		break;
	case 2:
		for (size_t i = 0; i < bern_estimator_count; i++)
			printf("%s\n", bern_estimators[i]->name);
		break;
	case 3:
		for (size_t i = 0; i < command_count; i++)
			printf("%s\n", commands[i].name);
		break;
	default:
		printf("bash\nfish\nzsh\n");
	}
	return 0;
}

int cmd_completion(const char *program, int argc, char **argv)
{
	(void)program;
	arg_reader args = {argc, argv, flags, sizeof flags / sizeof flags[0], .at = 0};
	const char *shell = NULL, *kind = NULL;
	int wants_help = 0;
	bern_error e;
	int32_t rc = 0;
	while (rc == 0 && !wants_help && (rc = arg_next(&args, &e)) == 0 && args.kind != ARG_END) {
		if (args.kind == ARG_WORD && shell)
			rc = bern_fail(&e, BERN_EUSAGE,
				       "'%.100s' is one argument too many; usage: %s", args.text,
				       completion_help.usage);
		else if (args.kind == ARG_WORD)
			shell = args.text;
		else if (args.index == FLAG_LIST)
			kind = args.text;
		wants_help = args.kind == ARG_FLAG && args.index == FLAG_HELP;
	}
	if (rc == 0 && wants_help)
		help_print(stdout, &completion_help);
	else if (rc == 0 && !!shell == !!kind)
		rc = bern_fail(&e, BERN_EUSAGE, "%s; usage: %s",
			       shell ? "a script or a list, not both" : "for which shell?",
			       completion_help.usage);
	else if (rc == 0 && kind)
		rc = list(kind, &e);
	else if (rc == 0 && completion_write(stdout, shell))
		rc = bern_fail(&e, BERN_EUSAGE, "'%.100s' is none of bash, fish, zsh", shell);
	return rc ? report_error("completion", &e) : EXIT_OK;
}
