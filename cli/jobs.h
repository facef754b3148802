/* cli/jobs.h: many trainings at once, each in a process of its own, with one live table on a terminal.
 *
 * A job that fails or crashes is named and the others go on. The first Ctrl-C or SIGTERM asks every running job to end with a
 * checkpoint and begins no more; a second one ends all at once. Jobs share nothing, so what each of them computes does not
 * depend on how many run side by side.
 */
#ifndef BERN_CLI_JOBS_H
#define BERN_CLI_JOBS_H

#include "command.h"

enum job_state { JOB_WAITING, JOB_RUNNING, JOB_DONE, JOB_FAILED, JOB_STOPPED };

typedef struct job {
	char label[64];     /* "seed 3" */
	uint64_t total;     /* steps wanted, for the time left; 0: not known */
	int32_t state;      /* enum job_state; JOB_DONE at the start: nothing is left to do */
	int status;         /* exit status once it ended; below 0: ended by that signal */
	uint64_t steps;     /* as last heard of */
	double mean_return; /* NaN: not known */
	char said[400];     /* last line of its stderr */
	char how[160];      /* how it ended, in words, by the plan's describe() */
	/* private */
	int pid, notes, words; /* descriptors: progress, stderr; 0: closed */
	uint64_t first;        /* steps when first heard of */
	int heard;
	double began, seconds;
	char line[1200]; /* of its stderr, not yet whole */
	size_t length;
} job;

typedef struct job_plan {
	const char *command; /* "train", for messages */
	const char *title;   /* over the table */
	job *jobs;
	size_t count, at_once; /* at_once: at least 1 */
	const output_style *style;
	/* Called in the job's own process; returns its exit status. stdout is closed, stderr is told by the parent. */
	int (*work)(void *user, size_t index, const output_style *style);
	/* Writes how a job ended: "solved at step 13,504"; called in the parent. */
	void (*describe)(void *user, size_t index, char *out, size_t size);
	void *user;
} job_plan;

/* Runs all jobs that wait. *interrupted tells whether a signal ended them early. */
int32_t jobs_run(job_plan *plan, int *interrupted, bern_error *e);

/* How many processes this process may run on at once. */
size_t jobs_cores(void);

#endif
