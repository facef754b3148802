/* All estimators on one task, with one and with two hidden layers, the same budget and a small grid each. */
#include "command.h"
#include "lab.h"
#include "lab_contest.h"

#include <estimator.h>
#include <network.h>

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ENV "CartPole-v1"
const command_help lab_race_help = {
	.usage = "bern lab race [NAME...] [--seeds N] [--budget N] [--try KEY=VALUES] [--json]",
	.summary = "Lets the estimators NAME (default: all) learn " ENV " with one and with two\n"
		   "hidden layers, and tells the environment steps each needs.",
	.examples = "  bern lab race\n"
		    "  bern lab race firings gibbs --seeds 10\n",
	.notes = "Every estimator has the recipe's settings and its own learning rate. Steps of "
		 "clones\n"
		 "are counted. Times are processor time of learning, on this machine.\n",
	.flags = lab_contest_flags,
	.flag_count = LAB_CONTEST_FLAGS,
};

typedef struct race_entry {
	char name[80];
	const bern_estimator *estimator;
	int64_t kind;       /* enum bern_units */
	const char *hidden; /* "64" */
	int one_firing;     /* 1: although the estimator takes more */
	size_t depth;
} race_entry;

typedef struct race {
	contest contest;
	race_entry *entries; /* (contest.count), owned */
	size_t count, room;
} race;

/* 1: the estimator can do with layers of this kind */
static int takes(const bern_estimator *estimator, int64_t kind, size_t depth)
{
	const bern_estimator *found;
	const int64_t kinds[2] = {kind, kind};
	bern_error e;
	bern_offer offer = {.kind = kinds, .depth = depth, .lanes = 1};
	offer.firings = estimator->needs & BERN_NEEDS_FIRINGS ? 16 : 1;
	return bern_estimator_find(&found, estimator->name, &offer, &e) == 0;
}

static int32_t add(race *r, const bern_estimator *estimator, int64_t kind, int one_firing,
		   size_t depth, bern_error *e)
{
	/* 2^n firings a step: few units */
	int few = strcmp(estimator->name, "rao-blackwell") == 0;
	if (r->count == r->room) {
		race_entry *more = realloc(r->entries, (r->room + 16) * sizeof *more);
		if (!more)
			return bern_fail(e, BERN_EMEMORY, "no memory for a race");
		r->entries = more;
		r->room += 16;
	}
	race_entry *entry = &r->entries[r->count++];
	*entry = (race_entry){
		.estimator = estimator, .kind = kind, .one_firing = one_firing, .depth = depth};
	entry->hidden = depth == 1 ? few ? "10" : "64" : few ? "6,5" : "64,64";
	if (kind == BERN_UNITS_BINARY)
		snprintf(entry->name, sizeof entry->name, "%s%s", estimator->name,
			 one_firing ? ", one firing" : "");
	else
		snprintf(entry->name, sizeof entry->name, "%s, %s units", estimator->name,
			 bern_units_name(kind));
	return 0;
}

static int32_t collect(race *r, const lab_contest *request, bern_error *e)
{
	for (size_t i = 0; i < request->word_count; i++) {
		const bern_estimator *found = NULL;
		for (size_t k = 0; k < bern_estimator_count; k++)
			if (!strcmp(bern_estimators[k]->name, request->words[i]))
				found = bern_estimators[k];
		if (!found)
			return bern_fail(e, BERN_EUSAGE,
					 "there is no estimator \"%.100s\"; `bern lab list` names "
					 "them",
					 request->words[i]);
	}
	for (size_t depth = 1; depth <= 2; depth++)
		for (size_t k = 0; k < bern_estimator_count; k++) {
			const bern_estimator *estimator = bern_estimators[k];
			/* the plain one is what all are compared with */
			int wanted = request->word_count == 0 ||
				     strcmp(estimator->name, "unbiased") == 0;
			for (size_t i = 0; i < request->word_count; i++)
				wanted |= !strcmp(estimator->name, request->words[i]);
			int binary = takes(estimator, BERN_UNITS_BINARY, depth);
			for (int64_t kind = 0; wanted && kind < BERN_UNITS_COUNT; kind++) {
				if (binary ? kind != BERN_UNITS_BINARY
					   : !takes(estimator, kind, depth))
					continue;
				int32_t rc = add(r, estimator, kind, 0, depth, e);
				/* these need no others to compare a firing with */
				if (!rc && estimator->expects)
					rc = add(r, estimator, kind, 1, depth, e);
				if (rc)
					return rc;
			}
		}
	return 0;
}

static int32_t enter(race *r, const lab_contest *request, bern_error *e)
{
	for (size_t i = 0; i < r->count; i++) {
		const race_entry *entry = &r->entries[i];
		contest_entry *c = contest_add(&r->contest, entry->name);
		uint32_t many = BERN_NEEDS_FIRINGS | BERN_TAKES_FIRINGS;
		int firings = (entry->estimator->needs & many) && !entry->one_firing &&
			      entry->kind != BERN_UNITS_RELU && entry->kind != BERN_UNITS_TANH;
		if (!c)
			return bern_fail(e, BERN_EMEMORY, "no memory for a race");
		c->experiment.env = ENV;
		experiment_set(&c->experiment, "estimator", entry->estimator->name);
		experiment_set(&c->experiment, "units", bern_units_name(entry->kind));
		experiment_set(&c->experiment, "hidden", entry->hidden);
		experiment_set(&c->experiment, "firings", firings ? "16" : "1");
		experiment_set(&c->experiment, "total_timesteps", request->budget);
		experiment_set(&c->experiment, "final_episodes", "0");
		lab_contest_choices(request, c);
	}
	return lab_contest_run(request, &r->contest, e);
}

/* The plain estimator of the same depth. */
static const contest_entry *plain(const race *r, size_t depth)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->entries[i].depth == depth &&
		    !strcmp(r->entries[i].estimator->name, "unbiased"))
			return &r->contest.entries[i];
	return NULL;
}

static void print_json(const race *r, const lab_contest *request, size_t i)
{
	const race_entry *entry = &r->entries[i];
	const contest_entry *c = &r->contest.entries[i];
	json_t *first = json_array(), *third = json_array(), *seconds = json_array();
	for (size_t s = 0; s < request->seeds; s++) {
		const experiment_result *one = &c->results[s];
		json_array_append_new(first, one->first ? json_integer((json_int_t)one->first)
							: json_null());
		json_array_append_new(third, one->third ? json_integer((json_int_t)one->third)
							: json_null());
		json_array_append_new(seconds, json_real(one->seconds));
	}
	json_t *object = json_pack(
		"{s:s,s:s,s:s,s:b,s:s,s:s,s:o,s:o,s:o}", "estimator", entry->estimator->name,
		"units", bern_units_name(entry->kind), "hidden", entry->hidden, "unbiased",
		entry->estimator->unbiased, "learning_rate", c->axes[0].values[c->chosen[0]],
		"budget", request->budget, "first", first, "third", third, "seconds", seconds);
	char *line = object ? json_dumps(object, JSON_COMPACT) : NULL;
	puts(line ? line : "null");
	free(line);
	json_decref(object);
}

static void print_row(const race *r, const lab_contest *request, size_t i)
{
	const race_entry *entry = &r->entries[i];
	const contest_entry *c = &r->contest.entries[i], *base = plain(r, entry->depth);
	char first[64], third[64], steps[64], seconds[64], solved[32], rate[256];
	contest_figure f = contest_figure_for(&r->contest, c, CONTEST_FIRST);
	lab_figure_text(first, sizeof first, f, 0);
	lab_figure_text(third, sizeof third, contest_figure_for(&r->contest, c, CONTEST_THIRD), 0);
	lab_ratio_text(steps, sizeof steps,
		       contest_ratio_of(&r->contest, base, c, CONTEST_FIRST, 0.0));
	lab_ratio_text(seconds, sizeof seconds,
		       contest_ratio_of(&r->contest, base, c, CONTEST_SECONDS_TO_FIRST, 0.0));
	snprintf(solved, sizeof solved, "%zu/%zu", f.reached, request->seeds);
	lab_choice_text(rate, sizeof rate, c);
	printf("| %-38s | %-6s | %-8s | %-5s | %6s | %-22s | %-22s | %-18s | %-20s |\n",
	       entry->name, entry->hidden, entry->estimator->unbiased ? "yes" : "no", rate, solved,
	       first, third, steps, seconds);
}

static void print(const race *r, const lab_contest *request)
{
	char rates[256];
	lab_rates_text(rates, sizeof rates, request);
	if (!request->json)
		printf("%s, %s steps each, %zu seeds; learning rate chosen from %s by %zu other "
		       "seeds (*: an edge of these).\n"
		       "first: steps to the first look of at least 475, three: to the first of "
		       "three "
		       "in a row; median [95%%].\n"
		       "fewer steps, less time: how many times, against the plain estimator of the "
		       "same depth, to the first.\n\n"
		       "| %-38s | %-6s | %-8s | %-5s | %6s | %-22s | %-22s | %-18s | %-20s |\n"
		       "|---|---|---|---|---|---|---|---|---|\n",
		       ENV, request->budget, request->seeds, rates, request->grid_seeds,
		       "estimator", "hidden", "unbiased", "rate", "solved", "first", "three",
		       "fewer steps", "less time");
	for (size_t i = 0; i < r->count; i++)
		if (request->json)
			print_json(r, request, i);
		else
			print_row(r, request, i);
}

int lab_race(const char *program, int argc, char **argv)
{
	lab_contest request = {.seeds = 20, .grid_seeds = 5, .budget = "50000"};
	race r = {.contest = {.measure = CONTEST_STEPS}};
	bern_error e;
	(void)program;
	int32_t rc = lab_contest_read(&request, argc, argv, LAB_CONTEST_WORDS, &lab_race_help, &e);
	if (rc == 0 && request.wants_help) {
		help_print(stdout, &lab_race_help);
		return EXIT_OK;
	}
	if (rc == 0)
		rc = collect(&r, &request, &e);
	if (rc == 0)
		rc = enter(&r, &request, &e);
	if (rc == 0)
		print(&r, &request);
	contest_finish(&r.contest);
	free(r.entries);
	return rc ? report_error("lab race", &e) : EXIT_OK;
}
