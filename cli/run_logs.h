/* cli/run_logs.h: the rows of a run's progress, as a table (progress.csv), as lines of JSON (progress.jsonl) and as events for
 * TensorBoard; the last two where asked for.
 *
 * All three have the same numbers under the columns' names; event files call them by tags. Rows wait in memory until run_logs_flush:
 * readers see whole rows. A resumed run cuts the first two like its other tables, and begins a new event file which says from
 * which step on the older ones do not count.
 */
#ifndef BERN_CLI_RUN_LOGS_H
#define BERN_CLI_RUN_LOGS_H

#include "logs.h"

#include <bern/agent.h>

enum log_tags { TAGS_BERN, TAGS_SB3 };

typedef struct run_logs {
	log_table progress, json, events; /* fd -1: not written */
	size_t layers;                    /* of the agent */
	int64_t tags;                     /* enum log_tags */
	char head[LOG_ROW_ROOM];          /* the line of column names */
} run_logs;

/* What a row is made of. */
typedef struct log_values {
	uint64_t step, episodes;
	double seconds, per_second, return_mean, length_mean;
	bern_learn_stats stats;
	const bern_agent *agent; /* whose distributions go into the event file */
} log_values;

/* Asks the agent, which has not learned yet, for its layers. */
void run_logs_init(run_logs *logs, bern_agent *agent);

int32_t run_logs_create(run_logs *logs, const run_folder *folder, const run_options *run,
			bern_error *e);

/* After logs->progress has been opened again: the others. */
int32_t run_logs_go_on(run_logs *logs, const run_folder *folder, const run_options *run,
		       uint64_t step, bern_error *e);

int32_t run_logs_row(run_logs *logs, const log_values *values, bern_error *e);

/* A look at the policy, for the event file. */
int32_t run_logs_look(run_logs *logs, uint64_t step, double mean, double length, bern_error *e);

int32_t run_logs_flush(run_logs *logs, bern_error *e);
void run_logs_close(run_logs *logs); /* zeroed or closed is fine */

#endif
