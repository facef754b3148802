/* ucb: the arm that could be best, as far as is known. Sutton & Barto 2018, section 2.7, eq. 2.10.
 *
 * An arm that was never tried counts as best; ties are broken at random. act() is greedy in every mode: the bonus is there
 * for what a trial teaches, and evaluation does not learn. */
#include "bandit.h"
#include "kinds.h"

#include <bern/math.h>

#include <math.h>

/* Value plus c sqrt(ln t / n), where t is the number of this choice. */
static int32_t choose(const bandit *self, const place *at, const uint8_t *mask, int greedy,
		      double *bound, draws *d)
{
	size_t A = self->base.A;
	if (greedy)
		return bern_pick_best(at->value, mask, A, d);
	double c = self->base.config.ucb_c, log_t = bern_log(*at->trials + 1);
	for (size_t a = 0; a < A; a++)
		bound[a] = at->count[a] > 0 ? at->value[a] + c * sqrt(log_t / at->count[a])
					    : INFINITY;
	return bern_pick_best(bound, mask, A, d);
}

static double learn(bandit *self, place *at, int32_t arm, double reward, const double *bound)
{
	double error = reward - at->value[arm], alpha = self->base.config.step_size;
	(void)bound;
	*at->trials += 1;
	at->count[arm] += 1;
	at->value[arm] += (alpha > 0 ? alpha : 1 / at->count[arm]) * error;
	return error;
}

static int32_t create(bern_agent **agent, const bern_agent_config *config, const bern_world *world,
		      uint64_t seed, bern_error *e)
{
	static const bandit_rule rule = {NAN, choose, learn};
	const char *name = bern_agent_ucb.name;
	int32_t rc = bern_table_in_range(name, "ucb_c", config->ucb_c, 0, 1e15, e);
	if (!rc)
		rc = bern_table_in_range(name, "step_size", config->step_size, 0, 1, e);
	if (!rc)
		rc = bern_bandit_create(agent, &bern_agent_ucb, &rule, config, world, seed, e);
	return rc;
}

const bern_agent_kind bern_agent_ucb = {
	.name = "ucb",
	.summary = "bandit: the arm with the best upper confidence bound",
	.source = "Sutton & Barto 2018, Reinforcement Learning, section 2.7, eq. 2.10",
	.create = create,
	BERN_BANDIT_FUNCTIONS,
};
