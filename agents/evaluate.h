/* evaluate.h: the inner parts of evaluation that its tests reach. Internal to libbern. */
#ifndef BERN_EVALUATE_H
#define BERN_EVALUATE_H

#include <bern/agent.h>

/* bern_evaluator_create with a number of lanes of the caller's; results do not depend on it. */
int32_t bern_evaluator_create_lanes(bern_evaluator **out, const bern_world *world, size_t lanes,
				    bern_error *e);

/* The t that Student's distribution with `freedom` >= 1 degrees of freedom exceeds, either way, once in 20 times: 12.706 for
 * 1, 1.96 for many. Abramowitz & Stegun 1964, 26.7.3 and 26.7.4, solved by bisection; above 200 their expansion 26.7.5. */
double bern_student_95(uint64_t freedom);

#endif
