#include "command.h"

#include "describe.h"
#include "options.h"
#include "registry.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { FLAG_JSON, FLAG_PATHS, FLAG_ENV_PATH, FLAG_QUIET, FLAG_VERBOSE, FLAG_HELP };
static const cli_flag flags[] = {
	{"json", 0, NULL, "one JSON object a line"},
	{"paths", 0, NULL, "where plugins were searched, what was loaded, and why each failed"},
	{"env-path", 0, "PATH", "a plugin or a folder of plugins to load; may be given again"},
	CLI_COMMON_FLAGS,
};

const command_help envs_help = {
	.usage = "bern envs [--json | --paths] [--env-path PATH]...",
	.summary = "Lists the environments that can be trained on: the built-in ones and those of\n"
		   "plugins.",
	.examples = "  bern envs\n"
		    "  bern envs --json | jq -r .id\n"
		    "  bern envs --env-path ./my_env.so\n",
	.notes =
		"Plugins are searched in --env-path, the folders of $BERN_ENV_PATH (with colons\n"
		"between them), $XDG_DATA_HOME/bern/envs-1 and the installed folder; never in the\n"
		"current folder. Loading a plugin runs its code.\n",
	.flags = flags,
	.flag_count = sizeof flags / sizeof flags[0],
};

static void looked(void *user, int32_t place, const char *path, int found)
{
	static const char *const names[] = {"--env-path", "$BERN_ENV_PATH", "data home",
					    "installed"};
	(void)user;
	printf("%-15s %s%s\n", names[place], path, found ? "" : " (not there)");
}

static void loaded(void *user, const char *path, const bern_error *why)
{
	(void)user;
	size_t length = strlen(path);
	const char *text = why ? why->text : "";
	if (!strncmp(text, path, length) && text[length] == ':')
		text += length + 1 + (text[length + 1] == ' ');
	printf("  %-13s %s%s%s\n", why ? "failed" : "loaded", path, why ? ": " : "", text);
}

static int print_paths(const char *const *paths, size_t count)
{
	bern_registry *registry;
	bern_error e;
	search_report report = {looked, loaded, NULL, 1};
	printf("%-15s %s\n", "built in", "part of the program");
	if (registry_search(&registry, paths, count, &report, &e))
		return report_error("envs", &e);
	bern_registry_destroy(registry);
	return EXIT_OK;
}

/* ---- the table ------------------------------------------------------------------------------------------ */

enum { COLUMN_ID, COLUMN_OBSERVATION, COLUMN_ACTION, COLUMN_LIMIT, COLUMN_SOLVED, COLUMNS };
static const char *const titles[COLUMNS] = {"id", "observation", "action", "limit", "solved at"};

/* One row. An environment that cannot be opened has none. */
typedef struct row {
	char cell[COLUMNS][160];
	const char *summary; /* borrowed; NULL: no row */
} row;

static int32_t fill_row(row *r, const bern_env *env, bern_error *e)
{
	bern_world world;
	int32_t rc = bern_world_open(&world, env, NULL, 0, e);
	if (rc)
		return bern_because(e, "%s", env->id);
	const bern_instance *instance = &world.instance;
	snprintf(r->cell[COLUMN_ID], sizeof r->cell[0], "%s", env->id);
	describe_space(&instance->observation, r->cell[COLUMN_OBSERVATION], sizeof r->cell[0]);
	describe_space(&instance->action, r->cell[COLUMN_ACTION], sizeof r->cell[0]);
	if (instance->max_steps)
		snprintf(r->cell[COLUMN_LIMIT], sizeof r->cell[0], "%" PRIu64, instance->max_steps);
	else
		snprintf(r->cell[COLUMN_LIMIT], sizeof r->cell[0], "none");
	if (env->has_returns)
		snprintf(r->cell[COLUMN_SOLVED], sizeof r->cell[0], "%g", env->solved_return);
	else
		snprintf(r->cell[COLUMN_SOLVED], sizeof r->cell[0], "-");
	r->summary = env->summary;
	bern_world_finish(&world);
	return 0;
}

static void print_cells(const char *const cells[COLUMNS], const int width[COLUMNS],
			const char *summary)
{
	/* numbers to the right */
	for (int i = 0; i < COLUMNS; i++)
		printf("%*s  ", i < COLUMN_LIMIT ? -width[i] : width[i], cells[i]);
	printf("%s\n", summary);
}

static int print_table(const bern_registry *registry)
{
	size_t count = bern_registry_count(registry);
	row *rows = calloc(count ? count : 1, sizeof *rows);
	int width[COLUMNS], status = EXIT_OK;
	bern_error e;
	if (!rows) {
		bern_fail(&e, BERN_EMEMORY, "out of memory");
		return report_error("envs", &e);
	}
	for (int k = 0; k < COLUMNS; k++)
		width[k] = (int)strlen(titles[k]);
	for (size_t i = 0; i < count; i++) {
		if (fill_row(&rows[i], bern_registry_at(registry, i), &e)) {
			status = report_error("envs", &e);
			continue;
		}
		for (int k = 0; k < COLUMNS; k++) {
			int length = (int)strlen(rows[i].cell[k]);
			width[k] = length > width[k] ? length : width[k];
		}
	}
	print_cells(titles, width, "summary");
	for (size_t i = 0; i < count; i++) {
		const char *cells[COLUMNS];
		for (int k = 0; k < COLUMNS; k++)
			cells[k] = rows[i].cell[k];
		if (rows[i].summary)
			print_cells(cells, width, rows[i].summary);
	}
	free(rows);
	return status;
}

/* One line for each. */
static int print_json(const bern_registry *registry)
{
	int status = EXIT_OK;
	for (size_t i = 0; i < bern_registry_count(registry); i++) {
		bern_world world;
		bern_error e;
		const bern_env *env = bern_registry_at(registry, i);
		int32_t rc = bern_world_open(&world, env, NULL, 0, &e);
		if (rc) {
			bern_because(&e, "%s", env->id);
		} else {
			rc = describe_json(stdout, &world, bern_registry_origin(registry, i), 0,
					   &e);
			bern_world_finish(&world);
		}
		if (rc)
			status = report_error("envs", &e);
	}
	return status;
}

int cmd_envs(const char *program, int argc, char **argv)
{
	(void)program;
	arg_reader args = {argc, argv, flags, sizeof flags / sizeof flags[0], .at = 0};
	const char **paths = calloc((size_t)argc + 1, sizeof *paths);
	size_t path_count = 0;
	int json = 0, show_paths = 0, status;
	bern_registry *registry;
	bern_error e;
	int32_t rc = paths ? 0 : bern_fail(&e, BERN_EMEMORY, "out of memory");
	while (rc == 0 && (rc = arg_next(&args, &e)) == 0 && args.kind != ARG_END) {
		if (args.kind == ARG_WORD) {
			rc = bern_fail(&e, BERN_EUSAGE,
				       "'%.100s' is one argument too many; usage: %s", args.text,
				       envs_help.usage);
			break;
		}
		if (args.index == FLAG_HELP) {
			help_print(stdout, &envs_help);
			free(paths);
			return EXIT_OK;
		}
		json = json || args.index == FLAG_JSON;
		show_paths = show_paths || args.index == FLAG_PATHS;
		if (args.index == FLAG_ENV_PATH)
			paths[path_count++] = args.text;
	}
	if (rc == 0 && json && show_paths)
		rc = bern_fail(&e, BERN_EUSAGE, "--json and --paths exclude each other");
	if (rc) {
		status = report_error("envs", &e);
	} else if (show_paths) {
		status = print_paths(paths, path_count);
	} else if (open_registry(&registry, paths, path_count, &e)) {
		status = report_error("envs", &e);
	} else {
		status = json ? print_json(registry) : print_table(registry);
		bern_registry_destroy(registry);
	}
	free(paths);
	return status;
}
