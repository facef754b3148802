/* epsilon-greedy: mostly the arm with the best estimate, sometimes any arm. Sutton & Barto 2018, sections 2.2 to 2.6.
 *
 * Estimates start at initial_value: high ones make every arm be tried early ("optimistic", section 2.6, with epsilon 0 and a
 * constant step_size). Ties are broken at random. act(): sampled = epsilon-greedy, mean-field and thresholded = greedy. */
#include "bandit.h"
#include "kinds.h"

#include <math.h>

static int32_t choose(const bandit *self, const place *at, const uint8_t *mask, int greedy,
		      double *chance, draws *d)
{
	double epsilon = greedy ? 0 : self->base.config.epsilon;
	(void)chance;
	return bern_pick_epsilon_greedy(at->value, mask, self->base.A, epsilon, d);
}

/* Q <- Q + alpha (R - Q), eq. 2.5; alpha = 1/n makes Q the sample average, eq. 2.3. */
static double learn(bandit *self, place *at, int32_t arm, double reward, const double *chance)
{
	double error = reward - at->value[arm], alpha = self->base.config.step_size;
	(void)chance;
	at->count[arm] += 1;
	at->value[arm] += (alpha > 0 ? alpha : 1 / at->count[arm]) * error;
	return error;
}

static int32_t create(bern_agent **agent, const bern_agent_config *config, const bern_world *world,
		      uint64_t seed, bern_error *e)
{
	static const bandit_rule rule = {NAN, choose, learn};
	const char *name = bern_agent_epsilon_greedy.name;
	int32_t rc = bern_table_in_range(name, "epsilon", config->epsilon, 0, 1, e);
	if (!rc)
		rc = bern_table_in_range(name, "step_size", config->step_size, 0, 1, e);
	if (!rc)
		rc = bern_bandit_create(agent, &bern_agent_epsilon_greedy, &rule, config, world,
					seed, e);
	return rc;
}

const bern_agent_kind bern_agent_epsilon_greedy = {
	.name = "epsilon-greedy",
	.summary = "bandit: the best estimate so far, any arm with probability epsilon",
	.source = "Sutton & Barto 2018, Reinforcement Learning, sections 2.2 to 2.6",
	.create = create,
	BERN_BANDIT_FUNCTIONS,
};
