/* cli/meta.h: meta.json of a run folder: which program ran, where, when, and how it ended.
 *
 *     {"env": .., "env_origin": .., "agent": .., "seed": "1",
 *      "sessions": [{"bern": .., "commit": .., "command": [..], "host": .., "cpu": .., "start": .., "end": .., "exit": ..,
 *                    "first_step": .., "last_step": ..,
 *                    "result": {"return": .., "low": .., "high": .., "episodes": .., "learning": .., "best_look": ..,
 *                               "solved_step": ..}}]}
 *
 * Each train or resume is a session. Times are UTC. The seed is text, because many readers of JSON know no whole numbers
 * above 2^53.
 */
#ifndef BERN_CLI_META_H
#define BERN_CLI_META_H

#include "run_folder.h"

/* Writes meta.json with a new session in it, whose exit is "running" until meta_end; earlier sessions stay. `origin` is where the
 * environment came from. */
int32_t meta_start(const run_folder *folder, const run_config *config, const char *origin,
		   uint64_t step, bern_error *e);

/* What came of a run. NaN: not known. */
typedef struct run_outcome {
	double mean, low,
		high;     /* the evaluation at the end, of the best weights: return, 95% interval */
	double episodes;  /* of that evaluation */
	double learning;  /* mean return of the last training episodes */
	double best_look; /* highest mean of a look */
	double solved_step; /* first of the good looks in a row; infinite: not solved up to last_step */
	double last_step; /* environment steps made */
} run_outcome;

/* Says in the last session how it ended: "solved", "finished", "interrupted" or "failed: ...", and what came of it (NULL:
 * nothing). */
int32_t meta_end(const run_folder *folder, const char *how, uint64_t step,
		 const run_outcome *outcome, bern_error *e);

/* The step at which an earlier session solved it, at or before `step`; infinite: none did, or nothing is known. */
double meta_solved_before(const run_folder *folder, uint64_t step);

/* Copies the text of a key ("env_origin") to out, "" if the file or the key is not there. Returns out. */
char *meta_text(const run_folder *folder, const char *key, char *out, size_t size);

/* Finds the environment of a run; for one that is missing, the error says from which plugin it came. */
int32_t find_environment(const bern_registry *registry, const char *id, const run_folder *folder,
			 const bern_env **env, bern_error *e);

#endif
