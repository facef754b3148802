/* What the recipes reach: trains from a recipe's file with the streams of `bern train`, so that a row's seed gives the bits that
 * the program gives. Shared by the test and the benchmark, which judge the same rows over more seeds. */
#ifndef BERN_TEST_LEARNING_H
#define BERN_TEST_LEARNING_H

#include "experiment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEARNING_SEEDS = 20, LEARNING_OPTIONS = 2 };

typedef struct learning_row {
	const char *recipe;                       /* without .yaml */
	const char *options[LEARNING_OPTIONS][2]; /* key and text; up to the first NULL */
	size_t seeds, test_seeds;                 /* of the benchmark and of the test */
	size_t passes;             /* so many of the benchmark's seeds must reach `wanted` */
	double wanted;             /* mean return of the agent that is left, over fresh episodes */
	double best, first, third; /* 0: not asked */
} learning_row;

#define CARTPOLE_WIDTH(units_)                                                                     \
	{                                                                                          \
		"CartPole-v1", {{"hidden", units_}}, 10, 10, 10, 475, 500, 5000, 7000              \
	}

/* In what order they are printed. `best` is the best mean that is possible; first and third are what the medians
 * over the seeds of the steps at the first good look and at the first of three in a row may be. */
static const learning_row learning_rows[] = {
	{"CartPole-v1", {{NULL, NULL}}, 20, 20, 20, 475, 500, 5000, 7000},
	{"CartPole-v1",
	 {{"firings", "1"}, {"learning_rate", "0.015"}},
	 20,
	 20,
	 20,
	 475,
	 500,
	 10000,
	 0},
	CARTPOLE_WIDTH("512"),
	CARTPOLE_WIDTH("64,32"),
	CARTPOLE_WIDTH("64,64,64,64"),
	{"CartPole-v1-frugal", {{NULL, NULL}}, 20, 20, 20, 475, 500, 3000, 5000},
	{"CartPole-v1-online", {{NULL, NULL}}, 20, 5, 20, 475, 500, 10000, 14000},
	{"CartPole-v0", {{NULL, NULL}}, 10, 3, 10, 195, 200, 0, 0},
	{"CartPole-v1-throughput", {{NULL, NULL}}, 10, 2, 10, 475, 500, 0, 0},
	{"FrozenLake-v1", {{NULL, NULL}}, 10, 2, 9, 0.70, 0.744, 0, 0},
	{"FrozenLake8x8-v1", {{NULL, NULL}}, 10, 1, 8, 0.80, 0.913, 0, 0},
	{"CliffWalking-v1", {{NULL, NULL}}, 10, 3, 9, -20, -13, 0, 0},
	{"FourRooms-v0", {{NULL, NULL}}, 10, 3, 10, 0.95, 1, 0, 0},
	{"Gridworld-v0", {{NULL, NULL}}, 10, 2, 10, 0.85, 0.86, 0, 0},
	{"ContextualBandit-v0", {{NULL, NULL}}, 10, 2, 10, 75, 78.79, 0, 0},
	{"GaussianBandit-v0-network", {{NULL, NULL}}, 10, 2, 9, 1500, 1562.5, 0, 0},
	{"BernoulliBandit-v0-network", {{NULL, NULL}}, 10, 2, 9, 900, 943.4, 0, 0},
	{"SimpleBandit-v0", {{NULL, NULL}}, 10, 2, 10, 0.95, 1, 0, 0},
	{"Catch-v0", {{NULL, NULL}}, 10, 1, 9, 0.95, 1, 0, 0},
	{"MemoryLength-v0", {{NULL, NULL}}, 10, 1, 10, 0.95, 1, 0, 0},
	{"TMaze-v0", {{NULL, NULL}}, 10, 0, 10, 3.8, 4, 0, 0},
	{"TMaze-v0-stacked", {{NULL, NULL}}, 10, 1, 10, 3.8, 4, 0, 0},
	{"Pendulum-v1", {{NULL, NULL}}, 10, 0, 8, -200, 0, 0, 0},
	{"MountainCarContinuous-v0", {{NULL, NULL}}, 10, 0, 9, 90, 100, 0, 0},
	{"UmbrellaChain-v0", {{NULL, NULL}}, 10, 1, 10, 0.9, 1, 0, 0},
	{"ImageBandit-v0", {{NULL, NULL}}, 10, 0, 10, 0.95, 1, 0, 0},
	{"DeepSea-v0", {{NULL, NULL}}, 10, 0, 10, 0.9, 0.99, 0, 0},
	{"Multiplexer-v0", {{NULL, NULL}}, 10, 0, 9, 0.9, 1, 0, 0},
	{"MiniGrid-Empty-5x5-v0", {{NULL, NULL}}, 10, 1, 10, 0.94, 0.955, 0, 0},
	{"MiniGrid-Empty-Random-5x5-v0", {{NULL, NULL}}, 10, 0, 10, 0.94, 0.991, 0, 0},
	{"MiniGrid-Empty-6x6-v0", {{NULL, NULL}}, 10, 0, 10, 0.94, 0.95625, 0, 0},
	{"MiniGrid-Empty-Random-6x6-v0", {{NULL, NULL}}, 10, 0, 10, 0.94, 0.99375, 0, 0},
	{"MiniGrid-Empty-8x8-v0", {{NULL, NULL}}, 10, 0, 10, 0.94, 0.96133, 0, 0},
	{"MiniGrid-DoorKey-5x5-v0", {{NULL, NULL}}, 10, 0, 10, 0.9, 0.9748, 0, 0},
};
enum { LEARNING_ROWS = sizeof learning_rows / sizeof learning_rows[0] };

/* Plays one seed of a row whose recipe lies in `folder`. */
static inline int32_t learning_run(const learning_row *row, const char *folder, uint64_t seed,
				   experiment_result *out, bern_error *e)
{
	char path[1024];
	snprintf(path, sizeof path, "%s/%s.yaml", folder, row->recipe);
	experiment x = {.recipe = path};
	for (size_t i = 0; i < LEARNING_OPTIONS && row->options[i][0]; i++)
		experiment_set(&x, row->options[i][0], row->options[i][1]);
	return experiment_run(&x, seed, out, e);
}

static inline int learning_ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* Sorts. */
static inline double learning_median(double *x, size_t count)
{
	qsort(x, count, sizeof *x, learning_ascending);
	return count % 2 ? x[count / 2] : 0.5 * (x[count / 2 - 1] + x[count / 2]);
}

/* A row over seeds 1 .. count. */
typedef struct learning_summary {
	size_t passed, seen; /* seeds whose agent reached `wanted`; that had a first good look */
	size_t confirmed;    /* that had three in a row */
	double mean[LEARNING_SEEDS]; /* ascending */
	double median;
	double above; /* how far a mean minus 5 standard errors lies above the best that is possible, at most */
	double first, first_max, third, third_max; /* steps, of the seeds that had them, else 0 */
	double steps;                              /* median, made in all */
} learning_summary;

/* Steps at which looks were good: their median and the last of them. */
static inline void learning_steps(double *x, size_t count, double *median, double *last)
{
	*median = count ? learning_median(x, count) : 0;
	*last = count ? x[count - 1] : 0;
}

static inline int32_t learning_summarize(const learning_row *row, const char *folder, size_t count,
					 learning_summary *s, bern_error *e)
{
	double first[LEARNING_SEEDS], third[LEARNING_SEEDS], steps[LEARNING_SEEDS];
	memset(s, 0, sizeof *s);
	for (size_t i = 0; i < count; i++) {
		experiment_result r;
		int32_t rc = learning_run(row, folder, i + 1, &r, e);
		if (rc)
			return rc;
		s->mean[i] = r.mean;
		s->passed += r.mean >= row->wanted;
		double above = r.mean - 5 * r.error - row->best;
		s->above = i == 0 || above > s->above ? above : s->above;
		steps[i] = (double)r.steps;
		if (r.first)
			first[s->seen++] = (double)r.first;
		if (r.third)
			third[s->confirmed++] = (double)r.third;
	}
	s->median = learning_median(s->mean, count);
	s->steps = learning_median(steps, count);
	learning_steps(first, s->seen, &s->first, &s->first_max);
	learning_steps(third, s->confirmed, &s->third, &s->third_max);
	return 0;
}

#endif
