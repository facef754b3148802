#include "command.h"

#include "mpirun.h"
#include "options.h"
#include "runs_read.h"
#include "seeds.h"

#include <stdlib.h>

enum {
	FLAG_TOTAL_TIMESTEPS,
	FLAG_THREADS,
	FLAG_JOBS,
	FLAG_ENV_PATH,
	CLI_ISOLATE_PLACES,
	FLAG_JSON,
	FLAG_QUIET,
	FLAG_VERBOSE,
	FLAG_HELP
};
static const cli_flag flags[] = {
	{"total-timesteps", 0, "N",
	 "train up to so many environment steps in all, not as configured"},
	{"threads", 0, "N",
	 "go on with so many threads, not as configured; 0: one for each processor"},
	{"jobs", 0, "N", "a group: so many runs at a time [as many as there are cores; 1 .. 1024]"},
	{"env-path", 0, "PATH", "a plugin or a folder of plugins to load; may be given again"},
	CLI_ISOLATE_FLAGS,
	{"json", 0, NULL, "report the result as one JSON object"},
	CLI_COMMON_FLAGS,
};

const command_help resume_help = {
	.usage = "bern resume RUN|GROUP [--total-timesteps N] [--threads N] [--jobs N] "
		 "[--env-path PATH]...",
	.summary =
		"Goes on with a run from its latest checkpoint, to the same bits as if it had\n"
		"never stopped. Of a group that `bern train --seeds` made: with all its runs that\n"
		"are not done.",
	.examples = "  bern resume runs/CartPole-v1__reinforce__s1__20260101-120000\n"
		    "  bern resume runs/mine --total-timesteps 1e6\n",
	.flags = flags,
	.flag_count = sizeof flags / sizeof flags[0],
};

int cmd_resume(const char *program, int argc, char **argv)
{
	static const bern_param threads = {"--threads", "", BERN_INT, 0, "1", 0, 1024, NULL};
	static const bern_param steps = {"--total-timesteps", "", BERN_INT, 0, "1", 1, 9e15, NULL};
	arg_reader args = {argc, argv, flags, sizeof flags / sizeof flags[0], .at = 0};
	resume_request request = {
		.style = output_style_now(program), .threads = -1, .isolation = ISOLATION_DEFAULTS};
	const char **paths = calloc((size_t)argc + 1, sizeof *paths);
	static const bern_param jobs = {"--jobs", "", BERN_INT, 0, "1", 1, 1024, NULL};
	size_t at_once = 0;
	int wants_help = 0;
	bern_value value;
	bern_error e;
	int32_t rc = paths ? 0 : bern_fail(&e, BERN_EMEMORY, "out of memory");
	while (rc == 0 && !wants_help && (rc = arg_next(&args, &e)) == 0 && args.kind != ARG_END) {
		if (args.kind == ARG_WORD && request.run)
			rc = bern_fail(&e, BERN_EUSAGE,
				       "'%.100s' is one argument too many; usage: %s", args.text,
				       resume_help.usage);
		else if (args.kind == ARG_WORD)
			request.run = args.text;
		else if (args.index == FLAG_TOTAL_TIMESTEPS) {
			rc = bern_param_parse(&steps, args.text, &value, &e);
			if (rc == 0)
				request.total_timesteps = value.i;
		} else if (args.index == FLAG_THREADS) {
			rc = bern_param_parse(&threads, args.text, &value, &e);
			if (rc == 0)
				request.threads = value.i;
		} else if (args.index == FLAG_JOBS) {
			rc = bern_param_parse(&jobs, args.text, &value, &e);
			at_once = (size_t)value.i;
		} else if (args.index == FLAG_ENV_PATH)
			paths[request.env_path_count++] = args.text;
		else if (args.index >= FLAG_ISOLATE && args.index <= FLAG_ISOLATE_MEMORY)
			rc = isolation_take(&request.isolation, args.index - FLAG_ISOLATE,
					    args.text, &e);
		else if (args.index == FLAG_JSON)
			request.style.json = 1;
		else if (args.index == FLAG_QUIET) {
			request.style.quiet = 1;
			request.style.progress = 0;
		} else if (args.index == FLAG_VERBOSE)
			request.style.verbose = 1;
		else
			wants_help = 1;
	}
	int status = EXIT_OK, group = 0;
	size_t rank, processes;
	mpirun m = {0};
	mpirun_place(&rank, &processes);
	if (rc == 0 && !wants_help && !request.run)
		rc = bern_fail(&e, BERN_EUSAGE, "which run? usage: %s", resume_help.usage);
	if (rc == 0 && !wants_help)
		rc = mpirun_join(&m, &e);
	mpirun_style(m.ranks, &request.style);
	request.ranks = m.ranks;
	request.env_paths = paths;
	request.isolation.command = request.style.quiet ? NULL : "resume";
	if (rc == 0 && !wants_help) {
		group = is_run_group(request.run);
		bern_ranks_broadcast(m.ranks, &group, sizeof group);
	}
	if (rc == 0 && wants_help && rank == 0)
		help_print(stdout, &resume_help);
	else if (rc == 0 && group)
		status = resume_group(&request, at_once);
	else if (rc == 0 && at_once)
		rc = bern_fail(&e, BERN_EUSAGE, "--jobs is for a group, and %.200s is none",
			       request.run);
	else if (rc == 0 && !wants_help)
		status = train_resume(&request);
	free(paths);
	return mpirun_leave(&m, rc ? mpirun_report_alike("resume", &e) : status);
}
