#include "head.h"

#include <bern/math.h>
#include <math.h>
#include <string.h>

#define GRID  16777216.0f /* 24 bits */
#define LEAST 1e-30f      /* keeps log finite */

uint32_t bern_draw(bern_draws *draws)
{
	if (draws->left == 0) {
		draws->kernels->draw(draws->block, draws->rng);
		draws->left = BERN_LEAPS;
	}
	return draws->block[BERN_LEAPS - draws->left--];
}

static int32_t gaussian_init(bern_action_head *head, bern_arena *arena, const bern_space *action,
			     int64_t kind, bern_error *e)
{
	if (kind != BERN_HEAD_AUTO && kind != BERN_HEAD_GAUSSIAN)
		return bern_fail(e, BERN_EUSAGE,
				 "head: %s does not fit BOX actions; allowed here: auto, gaussian",
				 kind == BERN_HEAD_SOFTMAX ? "softmax" : "bernoulli");
	head->components = head->outputs = action->count;
	head->logits = 2 * head->components;
	return bern_gaussian_init(&head->gaussian, arena, action, e);
}

int32_t bern_head_init(bern_action_head *head, bern_arena *arena, const bern_space *action,
		       int masked, int64_t kind, bern_error *e)
{
	*head = (bern_action_head){0};
	if (action->kind == BERN_BOX)
		return gaussian_init(head, arena, action, kind, e);
	if (kind == BERN_HEAD_GAUSSIAN)
		return bern_fail(e, BERN_EUSAGE,
				 "head: gaussian needs BOX actions; allowed here: auto, %s",
				 action->kind == BERN_MULTI_BINARY ? "bernoulli" : "softmax");
	if (kind == BERN_HEAD_BERNOULLI &&
	    (action->kind == BERN_MULTI_DISCRETE ||
	     (action->kind == BERN_DISCRETE && action->sizes[0] != 2)))
		return bern_fail(e, BERN_EUSAGE,
				 "head: bernoulli needs two actions or MULTI_BINARY ones; allowed "
				 "here: auto, softmax");
	if (kind == BERN_HEAD_SOFTMAX && action->kind == BERN_MULTI_BINARY)
		return bern_fail(e, BERN_EUSAGE,
				 "head: softmax does not fit MULTI_BINARY actions; allowed here: "
				 "auto, bernoulli");
	if (kind == BERN_HEAD_BERNOULLI && masked)
		return bern_fail(e, BERN_EUSAGE,
				 "head: bernoulli cannot mask actions as this environment does; "
				 "allowed here: auto, softmax");
	size_t C = action->kind == BERN_DISCRETE ? 1 : action->count;
	for (size_t c = 0; c < C && action->kind != BERN_MULTI_BINARY; c++)
		if (action->sizes[c] < 2)
			return bern_fail(
				e, BERN_EUSAGE,
				"the network cannot choose where there is no choice: action "
				"element %zu has %d values; it takes 2 and more",
				c, (int)action->sizes[c]);
	head->components = C;
	head->offset = bern_arena_take(arena, C, sizeof *head->offset);
	head->size = bern_arena_take(arena, C, sizeof *head->size);
	int32_t failed = bern_arena_check(arena, e);
	if (failed)
		return failed;
	head->logits = 0;
	for (size_t c = 0; c < C; c++) {
		size_t values = action->kind == BERN_MULTI_BINARY ? 2 : (size_t)action->sizes[c];
		int one_unit = action->kind == BERN_MULTI_BINARY ||
			       (action->kind == BERN_DISCRETE && values == 2 && !masked &&
				kind != BERN_HEAD_SOFTMAX);
		head->offset[c] = head->logits;
		head->size[c] = one_unit ? 1 : values;
		head->logits += head->size[c];
	}
	head->outputs = head->logits;
	return 0;
}

static void softmax(float *pi, const float *logits, const uint8_t *mask, size_t n)
{
	float most = -3e38f, total = 0.0f;
	for (size_t i = 0; i < n; i++)
		if ((!mask || mask[i]) && logits[i] > most)
			most = logits[i];
	for (size_t i = 0; i < n; i++) {
		pi[i] = !mask || mask[i] ? bern_expf(logits[i] - most) : 0.0f;
		total += pi[i];
	}
	for (size_t i = 0; i < n; i++)
		pi[i] /= total;
}

void bern_head_probabilities(const bern_action_head *head, float *pi, const float *logits,
			     const uint8_t *mask)
{
	if (head->gaussian.count) {
		bern_gaussian_policy(&head->gaussian, pi, logits);
		return;
	}
	for (size_t c = 0; c < head->components; c++) {
		size_t n = head->offset[c];
		if (head->size[c] == 1) /* on the grid of the draws, so that P(1) is exact */
			pi[n] = (float)(int32_t)(bern_sigmoidf(logits[n]) * GRID) / GRID;
		else
			softmax(pi + n, logits + n, mask ? mask + n : NULL, head->size[c]);
	}
}

static void sample_gaussian(const bern_action_head *head, int32_t *action, const float *pi,
			    bern_draws *draws)
{
	size_t D = head->components;
	for (size_t d = 0; d < D; d++) {
		uint32_t words[2];
		words[0] = bern_draw(draws);
		words[1] = bern_draw(draws);
		action[d] = bern_gaussian_draw(pi[d], pi[D + d], words);
	}
}

void bern_head_sample(const bern_action_head *head, int32_t *action, const float *pi,
		      bern_draws *draws)
{
	if (head->gaussian.count) {
		sample_gaussian(head, action, pi, draws);
		return;
	}
	for (size_t c = 0; c < head->components; c++) {
		const float *pi_c = pi + head->offset[c];
		float u = (float)(bern_draw(draws) >> 8) / GRID;
		if (head->size[c] == 1) {
			action[c] = u < pi_c[0];
			continue;
		}
		/* rounding may leave the sum below u: then the last possible value */
		float below = 0.0f;
		int32_t value = 0;
		for (size_t i = 0; i < head->size[c]; i++) {
			if (pi_c[i] == 0.0f)
				continue;
			value = (int32_t)i;
			below += pi_c[i];
			if (u < below)
				break;
		}
		action[c] = value;
	}
}

void bern_head_mode(const bern_action_head *head, int32_t *action, const float *pi)
{
	for (size_t d = 0; d < head->gaussian.count; d++)
		action[d] = (int32_t)bern_bits_of_float(pi[d]);
	for (size_t c = 0; !head->gaussian.count && c < head->components; c++) {
		const float *pi_c = pi + head->offset[c];
		if (head->size[c] == 1) {
			action[c] = pi_c[0] > 0.5f;
			continue;
		}
		size_t best = 0;
		for (size_t i = 1; i < head->size[c]; i++)
			if (pi_c[i] > pi_c[best])
				best = i;
		action[c] = (int32_t)best;
	}
}

static float likelihood(const bern_action_head *head, const float *pi, const int32_t *action,
			size_t c)
{
	const float *pi_c = pi + head->offset[c];
	if (head->size[c] == 1)
		return action[c] ? pi_c[0] : 1.0f - pi_c[0];
	return pi_c[action[c]];
}

#define SHRINK                                                                                     \
	0x1p-300 /* a product below it is divided by it; a factor is at least 2^-149, so none underflows */

/* The product of all components' likelihoods is the returned number times SHRINK to the power of *shrunk. */
static double product(const bern_action_head *head, const float *pi, const int32_t *action,
		      size_t *shrunk)
{
	double all = 1.0;
	*shrunk = 0;
	for (size_t c = 0; c < head->components; c++) {
		all *= (double)likelihood(head, pi, action, c);
		if (all < SHRINK && all > 0.0) {
			all /= SHRINK;
			++*shrunk;
		}
	}
	return all;
}

/* Posterior of many components: products relative to the largest, however small they are. Writes unnormalised weights. */
static void relative_products(const bern_action_head *head, float *weight, const float *pi,
			      const int32_t *action, size_t K)
{
	size_t N = head->logits, shrunk, least = 0;
	double most = 0.0;
	for (size_t k = 0; k < K; k++) {
		double all = product(head, pi + k * N, action, &shrunk);
		if (all > 0.0 && (most == 0.0 || shrunk < least)) {
			least = shrunk;
			most = all;
		} else if (shrunk == least && all > most) {
			most = all;
		}
	}
	for (size_t k = 0; k < K; k++) {
		double all = product(head, pi + k * N, action, &shrunk);
		for (; all > 0.0 && shrunk > least; shrunk--)
			all *= SHRINK; /* two such steps leave nothing that a float could tell from 0 */
		weight[k] = most > 0.0 ? (float)(all / most) : 0.0f;
	}
}

/* Posterior of a Gaussian head: densities relative to the largest. Writes unnormalised weights; the largest log density
 * is kept from exp's range by the difference. */
static void relative_densities(const bern_action_head *head, float *weight, const float *pi,
			       const int32_t *action, size_t K)
{
	size_t N = head->logits;
	double most = -(double)INFINITY;
	for (size_t k = 0; k < K; k++) {
		double log_density = bern_gaussian_log_density(&head->gaussian, pi + k * N, action);
		most = log_density > most ? log_density : most;
	}
	for (size_t k = 0; k < K; k++)
		weight[k] = (float)bern_exp(
			bern_gaussian_log_density(&head->gaussian, pi + k * N, action) - most);
}

void bern_head_posterior(const bern_action_head *head, float *weight, const float *pi,
			 const int32_t *action, size_t K)
{
	float total = 0.0f;
	if (head->gaussian.count)
		relative_densities(head, weight, pi, action, K);
	else if (head->logits == 1)
		for (size_t k = 0; k < K; k++)
			weight[k] = action[0] ? pi[k] : 1.0f - pi[k];
	else if (head->components == 1)
		for (size_t k = 0; k < K; k++)
			weight[k] = likelihood(head, pi + k * head->logits, action, 0);
	else
		relative_products(head, weight, pi, action, K);
	for (size_t k = 0; k < K; k++)
		total += weight[k];
	if (total > 0.0f)
		for (size_t k = 0; k < K; k++)
			weight[k] /= total;
	else
		for (size_t k = 0; k < K; k++)
			weight[k] = 1.0f / (float)K;
}

/* log of the mean of the K densities. */
static double log_mean_density(const bern_action_head *head, const float *pi, const int32_t *action,
			       size_t K)
{
	size_t N = head->logits;
	double most = -(double)INFINITY, total = 0.0;
	for (size_t k = 0; k < K; k++) {
		double log_density = bern_gaussian_log_density(&head->gaussian, pi + k * N, action);
		most = log_density > most ? log_density : most;
	}
	for (size_t k = 0; k < K; k++)
		total += bern_exp(bern_gaussian_log_density(&head->gaussian, pi + k * N, action) -
				  most);
	return most + bern_log(total / (double)K);
}

double bern_head_log_mixture(const bern_action_head *head, const float *pi, const int32_t *action,
			     size_t K)
{
	size_t N = head->logits, shrunk, least = 0;
	double total = 0.0;
	if (head->gaussian.count)
		return log_mean_density(head, pi, action, K);
	for (size_t k = 0; k < K; k++) {
		double all = product(head, pi + k * N, action, &shrunk);
		if (all == 0.0)
			continue;
		/* a sum in units of the largest product's power of SHRINK; what is further below it is lost in rounding */
		if (total == 0.0 || shrunk < least) {
			total = total > 0.0 && least == shrunk + 1 ? total * SHRINK : 0.0;
			least = shrunk;
		}
		if (shrunk == least)
			total += all;
		else if (shrunk == least + 1)
			total += all * SHRINK;
	}
	if (total == 0.0)
		return -(double)INFINITY;
	return bern_log(total / (double)K) + (double)least * bern_log(SHRINK);
}

void bern_head_score(const bern_action_head *head, float *delta, const float *pi,
		     const int32_t *action, float c)
{
	if (head->gaussian.count) {
		bern_gaussian_score(&head->gaussian, delta, pi, action, c);
		return;
	}
	for (size_t i = 0; i < head->components; i++) {
		const float *pi_i = pi + head->offset[i];
		float *delta_i = delta + head->offset[i];
		if (head->size[i] == 1) {
			delta_i[0] = c * ((float)action[i] - pi_i[0]);
			continue;
		}
		for (size_t n = 0; n < head->size[i]; n++)
			delta_i[n] = c * ((float)((size_t)action[i] == n) - pi_i[n]);
	}
}

void bern_head_scores(const bern_action_head *head, float *delta, const float *pi,
		      const int32_t *action, const float *c, size_t K)
{
	size_t N = head->logits;
	if (N != 1 || head->gaussian.count) {
		for (size_t k = 0; k < K; k++)
			bern_head_score(head, delta + k * N, pi + k * N, action, c[k]);
		return;
	}
	float chosen = (float)action[0];
	for (size_t k = 0; k < K; k++)
		delta[k] = c[k] * (chosen - pi[k]);
}

void bern_head_surprise(const bern_action_head *head, float *surprise, const float *pi)
{
	for (size_t c = 0; !head->gaussian.count && c < head->components; c++) {
		size_t n = head->offset[c];
		for (size_t i = n; i < n + head->size[c]; i++) {
			float other = 1.0f - pi[i];
			surprise[i] = -bern_logf(pi[i] > LEAST ? pi[i] : LEAST);
			surprise[head->logits + i] = -bern_logf(other > LEAST ? other : LEAST);
		}
	}
}

float bern_head_bonus(const bern_action_head *head, float *delta, const float *pi,
		      const float *surprise, float c)
{
	float total = 0.0f;
	if (head->gaussian.count) {
		bern_gaussian_entropy_score(&head->gaussian, delta, c);
		return bern_gaussian_entropy(&head->gaussian, pi);
	}
	for (size_t i = 0; i < head->components; i++) {
		size_t n = head->offset[i];
		if (head->size[i] == 1) {
			float one = surprise[n], zero = surprise[head->logits + n];
			total += pi[n] * one + (1.0f - pi[n]) * zero;
			delta[n] += c * (pi[n] * (1.0f - pi[n])) * (one - zero);
			continue;
		}
		float mean = 0.0f;
		for (size_t m = n; m < n + head->size[i]; m++)
			mean += pi[m] * surprise[m];
		for (size_t m = n; m < n + head->size[i]; m++)
			delta[m] += c * pi[m] * (surprise[m] - mean);
		total += mean;
	}
	return total;
}

float bern_head_entropy(const bern_action_head *head, const float *pi)
{
	float total = 0.0f;
	if (head->gaussian.count)
		return bern_gaussian_entropy(&head->gaussian, pi);
	for (size_t c = 0; c < head->components; c++) {
		size_t n = head->offset[c];
		for (size_t i = n; i < n + head->size[c]; i++) {
			float other = 1.0f - pi[i];
			total -= pi[i] * bern_logf(pi[i] > LEAST ? pi[i] : LEAST);
			if (head->size[c] == 1)
				total -= other * bern_logf(other > LEAST ? other : LEAST);
		}
	}
	return total;
}

void bern_head_write(const bern_action_head *head, void *out, const int32_t *action)
{
	if (head->gaussian.count)
		bern_gaussian_write(&head->gaussian, out, action);
	else
		memcpy(out, action, head->components * sizeof *action);
}
