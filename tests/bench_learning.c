/* The table of what the recipes reach, over all seeds of each row. Fails if a goal is missed. `bench_learning FOLDER [RECIPE]`
 * reads the recipes from a folder and plays all rows or those of one recipe. */
#include "learning.h"

#include <stdio.h>

static void print_cell(double steps, size_t count, size_t seeds)
{
	char text[64] = "-";
	if (count)
		snprintf(text, sizeof text, "%.0f (%zu/%zu)", steps, count, seeds);
	printf(" %18s", text);
}

/* One line a row, then all returns; 1 if a goal is missed, -1 if it could not be played. */
static int print_row(const learning_row *row, const char *folder)
{
	learning_summary s;
	bern_error e;
	char name[128];
	size_t n = row->seeds;
	if (learning_summarize(row, folder, n, &s, &e)) {
		fprintf(stderr, "bench_learning: %s: %s\n", row->recipe, e.text);
		return -1;
	}
	snprintf(name, sizeof name, "%s%s%s%s%s", row->recipe, row->options[0][0] ? " " : "",
		 row->options[0][0] ? row->options[0][0] : "", row->options[0][0] ? "=" : "",
		 row->options[0][1] ? row->options[0][1] : "");
	int missed = s.passed < row->passes ||
		     (row->first > 0 && (s.seen < n || s.first > row->first)) ||
		     (row->third > 0 && (s.confirmed < n || s.third > row->third));
	printf("%-32s %8g %8g %5zu/%zu %8.4g %8.4g %9.0f", name, row->best, row->wanted, s.passed,
	       n, s.median, s.mean[0], s.steps);
	print_cell(s.first, s.seen, n);
	print_cell(s.third, s.confirmed, n);
	printf("%s\n", missed ? "  missed" : "");
	fflush(stdout);
	return missed;
}

int main(int argc, char **argv)
{
	int missed = 0, failed = 0, rows = 0;
	if (argc < 2 || argc > 3) {
		fprintf(stderr, "usage: bench_learning FOLDER [RECIPE]\n");
		return 2;
	}
	printf("Mean return of the sampled policy that a training leaves, over fresh episodes; "
	       "seeds 1, 2, ...\n\n");
	printf("%-32s %8s %8s %8s %8s %8s %9s %18s %18s\n", "recipe", "best", "goal", "reached",
	       "median", "worst", "steps", "first good look", "first of three");
	for (int i = 0; i < LEARNING_ROWS; i++) {
		if (argc == 3 && strcmp(argv[2], learning_rows[i].recipe) != 0)
			continue;
		int result = print_row(&learning_rows[i], argv[1]);
		rows++;
		missed += result > 0;
		failed += result < 0;
	}
	if (!rows) {
		fprintf(stderr, "bench_learning: %s: there is no row of that recipe\n", argv[2]);
		return 2;
	}
	return missed || failed;
}
