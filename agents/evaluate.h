/* evaluate.h: the inner parts of evaluation that its tests reach. Internal to libbern. */
#ifndef BERN_EVALUATE_H
#define BERN_EVALUATE_H

#include <bern/agent.h>

/* bern_evaluator_create with a number of lanes of the caller's; results do not depend on it. */
int32_t bern_evaluator_create_lanes(bern_evaluator **out, const bern_world *world, size_t lanes,
				    bern_error *e);

/* Who looks on while an evaluation plays: what happens inside the agent at every step. */
typedef struct bern_eval_watcher {
	void *user;
	/* Chooses the action (A: int32, or float of a BOX) of the first lane in place of the agent's own act(), which would choose the
	 * same: it must draw the same numbers from `firing`. memory (M) moves on, or NULL. */
	void (*act)(void *user, const bern_lanes *lanes, int32_t mode, bern_firing_rng *firing,
		    float *memory, void *action);
	/* After the step: number t of an episode, both from 0, with its action; lanes->reward and flags are of this step. `ends`: it
	 * is the episode's last, be it for a limit that the evaluation sets. An error ends the evaluation. */
	int32_t (*stepped)(void *user, uint64_t episode, uint64_t t, const bern_lanes *lanes,
			   const void *action, int ends, bern_error *e);
} bern_eval_watcher;

/* bern_evaluate with a watcher: the same episodes and results, one after another. The evaluator must have one lane
 * (bern_evaluator_create_lanes). */
int32_t bern_evaluate_watched(bern_evaluator *evaluator, bern_agent *agent,
			      const bern_eval_plan *plan, const bern_eval_watcher *watcher,
			      bern_eval_result *result, bern_error *e);

/* The t that Student's distribution with `freedom` >= 1 degrees of freedom exceeds, either way, once in 20 times: 12.706 for
 * 1, 1.96 for many. Abramowitz & Stegun 1964, 26.7.3 and 26.7.4, solved by bisection; above 200 their expansion 26.7.5. */
double bern_student_95(uint64_t freedom);

#endif
