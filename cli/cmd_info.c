#include "command.h"

#include "describe.h"
#include "opened_env.h"
#include "options.h"

#include <stdlib.h>

enum { FLAG_JSON, FLAG_SET, FLAG_ENV_PATH, FLAG_QUIET, FLAG_VERBOSE, FLAG_HELP };
static const cli_flag flags[] = {
	{"json", 0, NULL, "one JSON object on one line"},
	{"set", 0, "env.KEY=VALUE", "open it with that parameter; may be given again"},
	{"env-path", 0, "PATH", "a plugin or a folder of plugins to load; may be given again"},
	CLI_COMMON_FLAGS,
};

const command_help info_help = {
	.usage = "bern info ENV [--json] [--set env.KEY=VALUE]... [--env-path PATH]...",
	.summary = "Tells all about one environment: what is seen, what can be done, what can be\n"
		   "set.",
	.examples = "  bern info CartPole-v1\n"
		    "  bern info ./my_env.so\n"
		    "  bern info CartPole-v1 --json | jq .parameters\n",
	.flags = flags,
	.flag_count = sizeof flags / sizeof flags[0],
};

/* Finds, opens and describes the environment. */
static int32_t tell(const char *word, const char *const *paths, size_t path_count,
		    const config_list *given, int json, bern_error *e)
{
	opened_env opened;
	int32_t rc = opened_env_init(&opened, "info", word, paths, path_count, given, NULL, e);
	if (rc)
		return rc;
	char *recipe = recipe_find(opened.world.env->id);
	if (json)
		rc = describe_json(stdout, &opened.world, opened.origin, 1, e);
	else
		describe_text(stdout, &opened.world, opened.origin, recipe);
	free(recipe);
	opened_env_finish(&opened);
	return rc;
}

int cmd_info(const char *program, int argc, char **argv)
{
	(void)program;
	arg_reader args = {argc, argv, flags, sizeof flags / sizeof flags[0], .at = 0};
	const char **paths = calloc((size_t)argc + 1, sizeof *paths), *word = NULL;
	size_t path_count = 0;
	config_list given = {0};
	int json = 0, wants_help = 0;
	bern_error e;
	int32_t rc = paths ? 0 : bern_fail(&e, BERN_EMEMORY, "out of memory");
	while (rc == 0 && (rc = arg_next(&args, &e)) == 0 && args.kind != ARG_END) {
		if (args.kind == ARG_WORD && word)
			rc = bern_fail(&e, BERN_EUSAGE,
				       "'%.100s' is one argument too many; usage: %s", args.text,
				       info_help.usage);
		else if (args.kind == ARG_WORD)
			word = args.text;
		else if (args.index == FLAG_ENV_PATH)
			paths[path_count++] = args.text;
		else if (args.index == FLAG_SET)
			rc = config_give_set(&given, args.text, &e);
		json = json || (args.kind == ARG_FLAG && args.index == FLAG_JSON);
		wants_help = args.kind == ARG_FLAG && args.index == FLAG_HELP;
		if (wants_help)
			break;
	}
	if (rc == 0 && wants_help)
		help_print(stdout, &info_help);
	else if (rc == 0 && !word)
		rc = bern_fail(&e, BERN_EUSAGE,
			       "which environment? usage: %s; `bern envs` lists them",
			       info_help.usage);
	else if (rc == 0)
		rc = tell(word, paths, path_count, &given, json, &e);
	config_list_finish(&given);
	free(paths);
	return rc ? report_error("info", &e) : EXIT_OK;
}
