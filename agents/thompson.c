/* thompson: draws a value for each arm from what is believed of it and takes the best. Thompson 1933; Russo et al. 2018, "A
 * Tutorial on Thompson Sampling", algorithms 3.2 (Beta-Bernoulli) and 4.2.
 *
 * As long as every reward was 0 or 1 an arm is a Bernoulli arm with the prior Beta(1, 1). From the first other reward on, for
 * good and everywhere, arms are Gaussian with unit variance and the prior N(initial_value, 1): after n rewards of sum S an arm's
 * value is N((initial_value + S) / (n + 1), 1 / (n + 1)). Before any reward both say the same: all arms are alike. Rewards far
 * from unit variance make the Gaussian model explore too little or too much.
 *
 * act(): sampled = as in training, mean-field and thresholded = the best posterior mean. */
#include "bandit.h"
#include "kinds.h"

#include <bern/math.h>

#include <math.h>

/* N(0, 1) by the polar method: Marsaglia & Bray 1964. */
static double draw_normal(draws *d)
{
	for (;;) {
		double u = 2 * draws_uniform(d) - 1, v = 2 * draws_uniform(d) - 1;
		double s = u * u + v * v;
		if (s < 1)
			return u * sqrt(-2 * bern_log(s) / s);
	}
}

/* Gamma(shape), shape >= 1: Marsaglia & Tsang 2000, "A simple method for generating gamma variables". */
static double draw_gamma(double shape, draws *d)
{
	double k = shape - 1.0 / 3, c = 1 / sqrt(9 * k);
	for (;;) {
		double x = draw_normal(d), v = 1 + c * x;
		if (v <= 0)
			continue;
		v = v * v * v;
		if (bern_log(draws_uniform(d)) < 0.5 * x * x + k - k * v + k * bern_log(v))
			return k * v;
	}
}

static double posterior_mean(const bandit *self, double sum, double n)
{
	if (self->other_than_0_and_1)
		return (self->base.config.initial_value + sum) / (n + 1);
	return (1 + sum) / (2 + n);
}

static double posterior_draw(const bandit *self, double sum, double n, draws *d)
{
	if (self->other_than_0_and_1)
		return posterior_mean(self, sum, n) + draw_normal(d) / sqrt(n + 1);
	double wins = draw_gamma(1 + sum, d), losses = draw_gamma(1 + n - sum, d);
	return wins / (wins + losses);
}

static int32_t choose(const bandit *self, const place *at, const uint8_t *mask, int greedy,
		      double *drawn, draws *d)
{
	size_t A = self->base.A;
	for (size_t a = 0; a < A; a++)
		drawn[a] = greedy ? posterior_mean(self, at->value[a], at->count[a])
				  : posterior_draw(self, at->value[a], at->count[a], d);
	return bern_pick_best(drawn, mask, A, d);
}

static double learn(bandit *self, place *at, int32_t arm, double reward, const double *drawn)
{
	double error = reward - posterior_mean(self, at->value[arm], at->count[arm]);
	(void)drawn;
	if (reward != 0 && reward != 1)
		self->other_than_0_and_1 = 1;
	at->count[arm] += 1;
	at->value[arm] += reward;
	return error;
}

static int32_t create(bern_agent **agent, const bern_agent_config *config, const bern_world *world,
		      uint64_t seed, bern_error *e)
{
	static const bandit_rule rule = {0, choose, learn};
	return bern_bandit_create(agent, &bern_agent_thompson, &rule, config, world, seed, e);
}

const bern_agent_kind bern_agent_thompson = {
	.name = "thompson",
	.summary = "bandit: an arm as often as it is believed to be the best",
	.source = "Thompson 1933; Russo et al. 2018, A Tutorial on Thompson Sampling",
	.create = create,
	BERN_BANDIT_FUNCTIONS,
};
