/* cli/sweep.h: runs a sweep: trains configurations over the cores, chooses, and reports the best with other seeds.
 *
 * A sweep has a folder: sweep.yaml (a copy of its file), trials/ with the result of each training as it ends, and at the end
 * ranking.csv and best.yaml, a configuration that `bern train --config` takes. Whatever ends the program, the same command goes on
 * with what is not in trials/; the ranking does not depend on that, nor on how many processes share the work. Under mpirun the
 * ranks share the trainings, over a folder that all of them see.
 */
#ifndef BERN_CLI_SWEEP_H
#define BERN_CLI_SWEEP_H

#include "command.h"

typedef struct sweep_request {
	const char *file;
	const char *out; /* folder; NULL: runs/sweep-NAME, of the file's name */
	size_t at_once;  /* processes; 0: as many as there are cores */
	int force;       /* begin anew in a folder of another sweep */
	int check_only;
	output_style style;
} sweep_request;

/* Returns the exit status. */
int sweep_run(const sweep_request *request);

#endif
