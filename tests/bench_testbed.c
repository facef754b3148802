/* The 10-armed testbed: 20,000 runs of 1,000 steps a row, each next to its reference. Fails if one is more than 1.5 points
 * off. Then 2,000 networks of binary neurons, whose curve has no reference. `bench_testbed ROUNDS` plays 250 runs a round in
 * place of 80 rounds, and 25 networks a round. */
#include "testbed.h"

#include <stdio.h>

/* One line a row; returns 1 if it is too far off, -1 if it could not be played. */
static int print_row(const testbed_row *row, size_t rounds)
{
	const double allowed = 1.5;
	testbed_result r;
	bern_error e;
	if (testbed_run(row, rounds, 1, &r, &e)) {
		fprintf(stderr, "bench_testbed: %s: %s\n", row->name, e.text);
		return -1;
	}
	double difference = r.optimal - row->reference;
	int off = fabs(difference) > allowed;
	printf("%-32s %8.1f %6.2f", row->name, r.optimal, r.error);
	if (!isnan(row->reference))
		printf(" %10.1f %+6.1f%s", row->reference, difference, off ? "  too far" : "");
	printf("\n");
	fflush(stdout);
	return off;
}

static int print_networks(const testbed_row *row, size_t runs)
{
	double curve[TESTBED_CURVE];
	testbed_result r;
	bern_error e;
	if (testbed_run_networks(row, runs, 1, curve, &r, &e)) {
		fprintf(stderr, "bench_testbed: %s: %s\n", row->name, e.text);
		return -1;
	}
	printf("%-32s %8.1f %6.2f   each 100 steps:", row->name, r.optimal, r.error);
	for (int k = 0; k < TESTBED_CURVE; k++)
		printf(" %.0f", curve[k]);
	printf("\n");
	return 0;
}

int main(int argc, char **argv)
{
	size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 80;
	int off = 0, failed = 0;
	if (rounds < 1) {
		fprintf(stderr, "bench_testbed: rounds: %s is not a number above 0\n", argv[1]);
		return 2;
	}
	printf("10-armed testbed, %zu runs of %d steps: %% best arm in the last %d\n\n",
	       rounds * TESTBED_LANES, TESTBED_STEPS, TESTBED_LAST);
	printf("%-32s %8s %6s %10s %6s\n", "", "here", "+-", "reference", "off");
	for (int i = 0; i < TESTBED_ROWS; i++) {
		int result = print_row(&testbed_rows[i], rounds);
		off += result > 0;
		failed += result < 0;
	}
	printf("\n%zu networks of 16 binary neurons, 16 firings\n", 25 * rounds);
	for (int i = 0; i < TESTBED_NETWORKS; i++)
		failed += print_networks(&testbed_networks[i], 25 * rounds) < 0;
	if (off)
		fprintf(stderr, "bench_testbed: %d rows are too far off\n", off);
	return off || failed;
}
