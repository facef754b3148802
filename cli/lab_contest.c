#include "lab_contest.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	FLAG_SEEDS,
	FLAG_GRID_SEEDS,
	FLAG_BUDGET,
	FLAG_THREADS,
	FLAG_JSON,
	FLAG_QUIET,
	FLAG_VERBOSE,
	FLAG_HELP
};
const cli_flag lab_contest_flags[LAB_CONTEST_FLAGS] = {LAB_CONTEST_FLAG_LIST};

int32_t lab_contest_read(lab_contest *request, int argc, char **argv, size_t max_words,
			 const command_help *help, bern_error *e)
{
	static const bern_param seeds = {"--seeds", "", BERN_INT, 0, "20", 1, 1000, NULL};
	static const bern_param grid = {"--grid-seeds", "", BERN_INT, 0, "5", 1, 100, NULL};
	static const bern_param budget = {"--budget", "", BERN_INT, 0, "0", 1000, 1e9, NULL};
	static const bern_param threads = {"--threads", "", BERN_INT, 0, "1", 1, 64, NULL};
	arg_reader args = {argc, argv, help->flags, help->flag_count, .at = 0};
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	int32_t rc;
	request->threads = cores > 0 && cores < 64 ? (size_t)cores : 1;
	while ((rc = arg_next(&args, e)) == 0 && args.kind != ARG_END) {
		bern_value value = {0};
		if (args.kind == ARG_WORD) {
			if (request->word_count == max_words)
				return bern_fail(e, BERN_EUSAGE,
						 "'%.100s' is one argument too many; usage: %s",
						 args.text, help->usage);
			request->words[request->word_count++] = args.text;
			continue;
		}
		switch (args.index) {
		case FLAG_SEEDS:
			rc = bern_param_parse(&seeds, args.text, &value, e);
			request->seeds = (size_t)value.i;
			break;
		case FLAG_GRID_SEEDS:
			rc = bern_param_parse(&grid, args.text, &value, e);
			request->grid_seeds = (size_t)value.i;
			break;
		case FLAG_BUDGET:
			rc = bern_param_parse(&budget, args.text, &value, e);
			snprintf(request->budget, sizeof request->budget, "%lld",
				 (long long)value.i);
			break;
		case FLAG_THREADS:
			rc = bern_param_parse(&threads, args.text, &value, e);
			request->threads = (size_t)value.i;
			break;
		case FLAG_JSON:
			request->json = 1;
			break;
		case FLAG_QUIET:
			request->quiet = 1;
			break;
		case FLAG_HELP:
			request->wants_help = 1;
			return 0;
		default:
			if (args.index >= LAB_CONTEST_FLAGS)
				request->extra[args.index - LAB_CONTEST_FLAGS] = args.text;
			break;
		}
		if (rc)
			return rc;
	}
	return rc;
}

static void show_progress(void *user, size_t done, size_t all)
{
	(void)user;
	fprintf(stderr, "\r%zu of %zu trainings%s", done, all, done == all ? "\n" : "");
}

int32_t lab_contest_run(const lab_contest *request, contest *c, bern_error *e)
{
	c->seeds = request->seeds;
	c->grid_seeds = request->grid_seeds;
	c->threads = request->threads;
	c->progress = !request->quiet && isatty(STDERR_FILENO) ? show_progress : NULL;
	return contest_run(c, e);
}

/* a number, or "-" where there is none */
static void number_text(char *out, size_t size, double x, int digits)
{
	if (isfinite(x))
		snprintf(out, size, "%.*f", digits, x);
	else
		snprintf(out, size, "-");
}

void lab_figure_text(char *out, size_t size, contest_figure f, int digits)
{
	char middle[32], low[32], high[32];
	number_text(middle, sizeof middle, f.median, digits);
	number_text(low, sizeof low, f.low, digits);
	number_text(high, sizeof high, f.high, digits);
	if (isfinite(f.median) || isfinite(f.low))
		snprintf(out, size, "%s [%s, %s]", middle, low, high);
	else
		snprintf(out, size, "-");
}

void lab_ratio_text(char *out, size_t size, contest_ratio r)
{
	char high[32];
	number_text(high, sizeof high, r.high, 2);
	if (isfinite(r.ratio) && r.ratio > 0.0)
		snprintf(out, size, "%.2f [%.2f, %s]", r.ratio, r.low, high);
	else
		snprintf(out, size, "-");
}
