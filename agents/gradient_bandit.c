/* gradient-bandit: softmax over preferences that follow the gradient of the expected reward. Sutton & Barto 2018, section 2.8;
 * it is REINFORCE (Williams 1992) for a single stochastic unit.
 *
 * The baseline is the mean of all rewards, this one included, as in the book's own experiments (footnote of section 2.8). It
 * is no bias: with n rewards, R - mean_n = (1 - 1/n) (R - mean_{n-1}), the step of a baseline that does not depend on
 * the action, a little shorter at first. With several lanes each update uses the probabilities its action was drawn from.
 * act(): sampled = drawn from the softmax, mean-field and thresholded = the most preferred. */
#include "bandit.h"
#include "kinds.h"

#include <bern/math.h>

#include <math.h>

/* An arm with probability pi[a]; (A), which sum to 1 but for rounding. */
static int32_t draw_from(const double *pi, size_t A, draws *d)
{
	double left = draws_uniform(d);
	int32_t last = 0;
	for (size_t a = 0; a < A && left >= 0; a++) {
		if (pi[a] <= 0)
			continue;
		last = (int32_t)a;
		left -= pi[a];
	}
	return last;
}

/* pi = softmax of the preferences of allowed arms, eq. 2.11 */
static int32_t choose(const bandit *self, const place *at, const uint8_t *mask, int greedy,
		      double *pi, draws *d)
{
	size_t A = self->base.A;
	if (greedy)
		return bern_pick_best(at->value, mask, A, d);
	double top = bern_best_value(at->value, mask, A), total = 0;
	for (size_t a = 0; a < A; a++) {
		pi[a] = !mask || mask[a] ? bern_exp(at->value[a] - top) : 0;
		total += pi[a];
	}
	for (size_t a = 0; a < A; a++)
		pi[a] /= total;
	return draw_from(pi, A, d);
}

/* H[a] <- H[a] + alpha (R - mean) ([a = arm] - pi[a]), eq. 2.12 */
static double learn(bandit *self, place *at, int32_t arm, double reward, const double *pi)
{
	const bern_agent_config *config = &self->base.config;
	double surprise = *at->trials > 0 ? reward - *at->mean : 0;
	at->count[arm] += 1;
	*at->trials += 1;
	*at->mean += (reward - *at->mean) / *at->trials;
	double baseline = config->gradient_baseline ? *at->mean : 0;
	double step = config->step_size * (reward - baseline);
	for (size_t a = 0; a < self->base.A; a++)
		at->value[a] += step * ((a == (size_t)arm) - pi[a]);
	return surprise;
}

static int32_t create(bern_agent **agent, const bern_agent_config *config, const bern_world *world,
		      uint64_t seed, bern_error *e)
{
	static const bandit_rule rule = {0, choose, learn};
	if (!(config->step_size > 0 && config->step_size <= 1e15))
		return bern_fail(e, BERN_EUSAGE,
				 "gradient-bandit: step_size is %g, allowed is anything above 0",
				 config->step_size);
	return bern_bandit_create(agent, &bern_agent_gradient_bandit, &rule, config, world, seed,
				  e);
}

const bern_agent_kind bern_agent_gradient_bandit = {
	.name = "gradient-bandit",
	.summary = "bandit: softmax over preferences that follow the gradient of the reward",
	.source = "Sutton & Barto 2018, Reinforcement Learning, section 2.8, eq. 2.12",
	.create = create,
	BERN_BANDIT_FUNCTIONS,
};
