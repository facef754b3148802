/* What width and depth cost: steps to solve with every size of network, by the plain estimator, by many firings and by the best of the
 * others, with the rules for wide networks and without. */
#include "lab.h"
#include "lab_contest.h"
#include "plot.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ENV "CartPole-v1"

static const cli_flag flags[] = {
	LAB_CONTEST_FLAG_LIST,
	{"plot-width", 0, "FILE", "also draw steps against width, as SVG"},
	{"plot-depth", 0, "FILE", "also draw steps against depth, as SVG"},
};

const command_help lab_scale_help = {
	.usage = "bern lab scale [HIDDEN...] [--seeds N] [--budget N] [--plot-width FILE] "
		 "[--plot-depth FILE] [--json]",
	.summary = "Tells how many environment steps networks of the named HIDDEN layers need to "
		   "learn\n" ENV " (default: 8 to 2,048 units, and 1 to 8 layers of 64).",
	.examples = "  bern lab scale\n"
		    "  bern lab scale 64 64,64 64,64,64 --plot-depth depth.svg\n",
	.notes = "All with the recipe's settings. no rules: fan_in_scaling false.\n",
	.flags = flags,
	.flag_count = sizeof flags / sizeof flags[0],
};

static const char *const usual[] = {
	"8",
	"16",
	"32",
	"64",
	"128",
	"256",
	"512",
	"1024",
	"2048",
	"64,64",
	"64,64,64",
	"64,64,64,64",
	"64,64,64,64,64,64",
	"64,64,64,64,64,64,64,64",
};
static const char *const ways[][4] = {
	/* name, estimator, firings, fan_in_scaling */
	{"plain", "unbiased", "1", "true"},
	{"plain, no rules", "unbiased", "1", "false"},
	{"16 firings", "firings", "16", "true"},
	{"16 firings, no rules", "firings", "16", "false"},
	{"counterfactual", "counterfactual", "1", "true"},
};
enum { USUAL = sizeof usual / sizeof usual[0], WAYS = sizeof ways / sizeof ways[0] };

/* Entry i of the contest is shape i / WAYS, the request's word, in way i % WAYS. */

static int32_t enter(contest *c, const lab_contest *request, bern_error *e)
{
	for (size_t i = 0; i < request->word_count * WAYS; i++) {
		const char *const *way = ways[i % WAYS];
		contest_entry *entry = contest_add(c, way[0]);
		if (!entry)
			return bern_fail(e, BERN_EMEMORY, "no memory for a contest");
		entry->experiment.env = ENV;
		experiment_set(&entry->experiment, "hidden", request->words[i / WAYS]);
		experiment_set(&entry->experiment, "estimator", way[1]);
		experiment_set(&entry->experiment, "firings", way[2]);
		experiment_set(&entry->experiment, "fan_in_scaling", way[3]);
		experiment_set(&entry->experiment, "total_timesteps", request->budget);
		experiment_set(&entry->experiment, "final_episodes", "0");
	}
	return lab_contest_run(request, c, e);
}

static void print_json(const contest *c, const char *shape, size_t i)
{
	json_t *first = json_array();
	for (size_t s = 0; s < c->seeds; s++)
		json_array_append_new(
			first, c->entries[i].results[s].first
				       ? json_integer((json_int_t)c->entries[i].results[s].first)
				       : json_null());
	json_t *object = json_pack("{s:s,s:s,s:o}", "hidden", shape, "way", ways[i % WAYS][0],
				   "first", first);
	char *line = object ? json_dumps(object, JSON_COMPACT) : NULL;
	puts(line ? line : "null");
	free(line);
	json_decref(object);
}

static void print(const contest *c, const lab_contest *request)
{
	if (!request->json) {
		printf("%s, at most %s steps, %zu seeds: steps to the first look of at least 475, "
		       "median "
		       "[95%%] and how many got there.\n\n| %-23s |",
		       ENV, request->budget, c->seeds, "hidden");
		for (size_t w = 0; w < WAYS; w++)
			printf(" %-30s |", ways[w][0]);
		printf("\n|---|---|---|---|---|---|\n");
	}
	for (size_t i = 0; i < c->count; i++) {
		const char *shape = request->words[i / WAYS];
		contest_figure f = contest_figure_for(c, &c->entries[i], CONTEST_FIRST);
		char text[64], cell[96];
		if (request->json) {
			print_json(c, shape, i);
			continue;
		}
		lab_figure_text(text, sizeof text, f, 0);
		snprintf(cell, sizeof cell, "%s %zu/%zu", text, f.reached, c->seeds);
		if (i % WAYS == 0)
			printf("| %-23s |", shape);
		printf(" %-30s |%s", cell, i % WAYS == WAYS - 1 ? "\n" : "");
	}
}

/* Number of layers, and of units in the first. */
static void measure_shape(const char *shape, double *depth, double *width)
{
	*width = strtod(shape, NULL);
	*depth = 1.0;
	for (; *shape; shape++)
		*depth += *shape == ',';
}

/* Medians against width in one layer, or against depth with 64 units in each. Points where half the seeds did not get there are
 * left out. */
static int32_t draw(const contest *c, const lab_contest *request, int deep, const char *path,
		    bern_error *e)
{
	double x[WAYS][LAB_CONTEST_WORDS], y[WAYS][LAB_CONTEST_WORDS];
	plot picture = {.title = ENV ": steps to the first look of at least 475, median",
			.x_label = deep ? "layers of 64 units" : "units in one layer",
			.y_label = "environment steps",
			.log_x = !deep,
			.log_y = 1,
			.count = WAYS};
	for (size_t w = 0; w < WAYS; w++) {
		plot_series *series = &picture.series[w];
		*series = (plot_series){.name = ways[w][0], .x = x[w], .y = y[w]};
		for (size_t i = 0; i < request->word_count; i++) {
			double depth, width;
			measure_shape(request->words[i], &depth, &width);
			if (deep ? width != 64.0 : depth != 1.0)
				continue;
			x[w][series->count] = deep ? depth : width;
			y[w][series->count++] = contest_figure_for(c, &c->entries[i * WAYS + w],
								   CONTEST_FIRST)
							.median;
		}
	}
	return plot_write(&picture, path, e);
}

int lab_scale(const char *program, int argc, char **argv)
{
	lab_contest request = {.seeds = 10, .grid_seeds = 1, .budget = "50000"};
	contest c = {.measure = CONTEST_STEPS};
	bern_error e;
	(void)program;
	int32_t rc = lab_contest_read(&request, argc, argv, LAB_CONTEST_WORDS, &lab_scale_help, &e);
	if (rc == 0 && request.wants_help) {
		help_print(stdout, &lab_scale_help);
		return EXIT_OK;
	}
	if (rc == 0 && request.tries > 0)
		rc = bern_fail(&e, BERN_EUSAGE,
			       "--try: nothing is chosen here, every network has the recipe's "
			       "settings; `bern lab gap` and `race` choose");
	if (rc == 0 && request.word_count == 0) {
		memcpy(request.words, usual, sizeof usual);
		request.word_count = USUAL;
	}
	if (rc == 0)
		rc = enter(&c, &request, &e);
	if (rc == 0)
		print(&c, &request);
	for (size_t i = 0; rc == 0 && i < request.extra_count; i++)
		rc = draw(&c, &request, request.extra[i].flag == 1, request.extra[i].text, &e);
	contest_finish(&c);
	return rc ? report_error("lab scale", &e) : EXIT_OK;
}
