#include "command.h"

#include "options.h"
#include "runs.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	FLAG_RUNS_DIR,
	FLAG_ENV,
	FLAG_STATUS,
	FLAG_SINCE,
	FLAG_KEEP,
	FLAG_YES,
	FLAG_JSON,
	FLAG_QUIET,
	FLAG_VERBOSE,
	FLAG_HELP
};
static const cli_flag flags[] = {
	{"runs-dir", 0, "DIR", "list: the folder of run folders [runs]"},
	{"env", 0, "ID", "list: only of environments whose id holds this"},
	{"status", 0, "NAME",
	 "list: only those running, killed, interrupted, failed, finished, solved or unknown"},
	{"since", 0, "TIME",
	 "list: only those that began at 2026-01-31 (UTC) or later, or in the last 90m, 12h, 7d, "
	 "2w"},
	{"keep", 0, "LIST",
	 "prune: checkpoints to keep: best, latest, and a number for so many of the newest "
	 "[best,latest]"},
	{"yes", 'y', NULL, "prune: do not ask"},
	{"json", 0, NULL, "one JSON object a line"},
	CLI_COMMON_FLAGS,
};

const command_help runs_help = {
	.usage = "bern runs [--runs-dir DIR] [--env ID] [--status NAME] [--since TIME] [--json]\n"
		 "       bern runs show RUN [--json]\n"
		 "       bern runs diff RUN RUN [--json]\n"
		 "       bern runs prune PATH... [--keep LIST] [--yes]",
	.summary = "Lists runs, shows one, tells in what two differ, and removes checkpoints that "
		   "are\n"
		   "not wanted any more. Runs are plain folders: they may be moved and deleted by "
		   "hand.",
	.examples = "  bern runs\n"
		    "  bern runs --env CartPole --status solved --since 7d\n"
		    "  bern runs show runs/mine\n"
		    "  bern runs diff runs/mine runs/other\n"
		    "  bern runs prune runs --keep best,latest\n"
		    "  bern runs --json | jq -r 'select(.status == \"failed\") | .path'\n",
	.notes = "A run is killed if its last session did not say how it ended and no process "
		 "trains\n"
		 "in its folder. best look: the highest mean of a look; return: the evaluation at "
		 "the\n"
		 "end, or the mean while learning if there was none. What cannot be read is named "
		 "on\n"
		 "stderr. prune with a --keep without latest leaves runs that cannot be resumed.\n",
	.flags = flags,
	.flag_count = sizeof flags / sizeof flags[0],
};

enum verb { VERB_LIST, VERB_SHOW, VERB_DIFF, VERB_PRUNE };

typedef struct given {
	const char **words; /* owned list of borrowed texts */
	size_t count;
	int verb;
	const char *folder;
	runs_filter filter;
	runs_prune_plan plan;
	int json, wants_help;
	int listing, pruning; /* 1: a flag of list, of prune was given */
} given;

static int32_t take_status(given *g, const char *text, bern_error *e)
{
	bern_param param = {"--status", "", BERN_CHOICE, 0, "", 0, 0, NULL};
	const char *choices[RUN_SOLVED + 2];
	bern_value value;
	for (int32_t i = 0; i <= RUN_SOLVED; i++)
		choices[i] = run_status_name(i);
	choices[RUN_SOLVED + 1] = NULL;
	param.choices = choices;
	int32_t rc = bern_param_parse(&param, text, &value, e);
	if (!rc)
		g->filter.status = (int32_t)value.i;
	return rc;
}

static int32_t take_keep(given *g, const char *text, bern_error *e)
{
	runs_prune_plan *plan = &g->plan;
	plan->keep_best = plan->keep_latest = 0;
	plan->keep_newest = 0;
	for (const char *at = text; *at;) {
		size_t length = strcspn(at, ",");
		size_t digits = strspn(at, "0123456789");
		if (length == 4 && !strncmp(at, "best", 4))
			plan->keep_best = 1;
		else if (length == 6 && !strncmp(at, "latest", 6))
			plan->keep_latest = 1;
		else if (length && digits == length && length < 10)
			plan->keep_newest = strtol(at, NULL, 10);
		else
			break;
		at += length;
		if (!*at)
			return 0;
		at++;
	}
	return bern_fail(
		e, BERN_EUSAGE,
		"--keep: '%.60s' is none of best, latest and a number, with commas between", text);
}

static int32_t take_flag(given *g, const arg_reader *args, bern_error *e)
{
	int32_t rc = 0;
	switch (args->index) {
	case FLAG_RUNS_DIR:
		g->folder = args->text;
		break;
	case FLAG_ENV:
		g->filter.env = args->text;
		break;
	case FLAG_STATUS:
		rc = take_status(g, args->text, e);
		break;
	case FLAG_SINCE:
		rc = runs_since(&g->filter, args->text, (int64_t)time(NULL), e);
		break;
	case FLAG_KEEP:
		rc = take_keep(g, args->text, e);
		break;
	case FLAG_YES:
		g->plan.yes = 1;
		break;
	case FLAG_JSON:
		g->json = 1;
		break;
	case FLAG_HELP:
		g->wants_help = 1;
		break;
	default:
		break;
	}
	g->listing |= args->index <= FLAG_SINCE;
	g->pruning |= args->index == FLAG_KEEP || args->index == FLAG_YES;
	return rc;
}

static int32_t run(const given *g, bern_error *e)
{
	static const char *const names[] = {"list", "show", "diff", "prune"};
	static const size_t least[] = {0, 1, 2, 1}, most[] = {0, 1, 2, (size_t)-1};
	if (g->count < least[g->verb])
		return bern_fail(e, BERN_EUSAGE, "%s: which run%s? `bern runs --help` tells",
				 names[g->verb], g->verb == VERB_SHOW ? "" : "s");
	if (g->count > most[g->verb])
		return bern_fail(e, BERN_EUSAGE, "'%.100s' is one argument too many for %s",
				 g->words[most[g->verb]], names[g->verb]);
	if (g->listing && g->verb != VERB_LIST)
		return bern_fail(
			e, BERN_EUSAGE,
			"--runs-dir, --env, --status and --since are for the list, not for %s",
			names[g->verb]);
	if (g->pruning && g->verb != VERB_PRUNE)
		return bern_fail(e, BERN_EUSAGE, "--keep and --yes are for prune, not for %s",
				 names[g->verb]);
	switch (g->verb) {
	case VERB_SHOW:
		return runs_show(g->words[0], g->json, e);
	case VERB_DIFF:
		return runs_diff(g->words[0], g->words[1], g->json, e);
	case VERB_PRUNE:
		return runs_prune(g->words, g->count, &g->plan, e);
	default:
		return runs_list(g->folder, &g->filter, g->json, e);
	}
}

int cmd_runs(const char *program, int argc, char **argv)
{
	(void)program;
	arg_reader args = {argc, argv, flags, sizeof flags / sizeof flags[0], .at = 0};
	given g = {.words = calloc((size_t)argc + 1, sizeof *g.words),
		   .verb = -1,
		   .folder = "runs",
		   .filter = {.status = -1},
		   .plan = {.keep_best = 1, .keep_latest = 1}};
	static const char *const verbs[] = {"list", "show", "diff", "prune"};
	bern_error e;
	int32_t rc = g.words ? 0 : bern_fail(&e, BERN_EMEMORY, "out of memory");
	while (rc == 0 && !g.wants_help && (rc = arg_next(&args, &e)) == 0 &&
	       args.kind != ARG_END) {
		if (args.kind == ARG_FLAG)
			rc = take_flag(&g, &args, &e);
		else if (g.verb >= 0)
			g.words[g.count++] = args.text;
		else {
			for (int v = 0; v < 4; v++)
				if (!strcmp(args.text, verbs[v]))
					g.verb = v;
			if (g.verb < 0)
				rc = bern_fail(&e, BERN_EUSAGE,
					       "'%.100s' is none of list, show, diff, prune; "
					       "another folder "
					       "of runs is named by --runs-dir",
					       args.text);
		}
	}
	if (g.verb < 0)
		g.verb = VERB_LIST;
	if (rc == 0 && g.wants_help)
		help_print(stdout, &runs_help);
	else if (rc == 0)
		rc = run(&g, &e);
	free(g.words);
	return rc ? report_error("runs", &e) : EXIT_OK;
}
