/* The 10-armed testbed: 20,000 runs of 1,000 steps a row, each next to its reference. Fails if one is more than 1.5 points
 * off. `bench_testbed ROUNDS` plays 250 runs a round in place of 80 rounds. */
#include "testbed.h"

#include <stdio.h>

int main(int argc, char **argv)
{
	const double allowed = 1.5;
	size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 80;
	int off = 0;
	if (rounds < 1) {
		fprintf(stderr, "bench_testbed: rounds: %s is not a number above 0\n", argv[1]);
		return 2;
	}
	printf("10-armed testbed, %zu runs of %d steps: %% best arm in the last %d\n\n",
	       rounds * TESTBED_LANES, TESTBED_STEPS, TESTBED_LAST);
	printf("%-32s %8s %6s %10s %6s\n", "", "here", "+-", "reference", "off");
	for (int i = 0; i < TESTBED_ROWS; i++) {
		const testbed_row *row = &testbed_rows[i];
		testbed_result r;
		bern_error e;
		if (testbed_run(row, rounds, 1, &r, &e)) {
			fprintf(stderr, "bench_testbed: %s: %s\n", row->name, e.text);
			return 1;
		}
		printf("%-32s %8.1f %6.2f", row->name, r.optimal, r.error);
		if (!isnan(row->reference)) {
			double difference = r.optimal - row->reference;
			off += fabs(difference) > allowed;
			printf(" %10.1f %+6.1f%s", row->reference, difference,
			       fabs(difference) > allowed ? "  too far" : "");
		}
		printf("\n");
		fflush(stdout);
	}
	if (off)
		fprintf(stderr, "bench_testbed: %d rows are more than %.1f points off\n", off,
			allowed);
	return off > 0;
}
