/* head.h: what the outputs of a policy network say about an action.
 *
 * An action has C components, each drawn by itself given the firings: a softmax over its own logits, or one Bernoulli-logistic
 * unit (one logit, values 0 and 1). DISCRETE: one softmax, or one Bernoulli unit for two actions; MULTI_BINARY: a Bernoulli
 * unit each; MULTI_DISCRETE: a softmax each. N logits in all; probabilities pi are stored like logits: a softmax's values, a
 * Bernoulli unit's P(1).
 *
 * BOX: a Gaussian for each of D numbers (gaussian.h); C = D, N = 2 D, the pi of a firing are its means and the deviations. Only the
 * means are outputs of the network; the log deviations are D parameters of their own, behind the output layer's biases, which
 * have the same place in delta. An action's numbers stand in its int32 as the bits of floats.
 */
#ifndef BERN_HEAD_H
#define BERN_HEAD_H

#include "arena.h"
#include "gaussian.h"
#include "kernels.h"

#include <bern/agent.h>

typedef struct bern_action_head {
	size_t components; /* C */
	size_t logits;     /* N */
	size_t outputs; /* logits that are units of the output layer: N, or D of a Gaussian head */
	size_t *offset; /* (C) first logit */
	size_t *size;   /* (C) logits; 1: a Bernoulli unit */
	bern_gaussian gaussian; /* count 0: not a Gaussian head, which has no offset and size */
} bern_action_head;

/* Numbers of a firing stream one by one, taken in blocks of 16. Zero `left` to start. */
typedef struct bern_draws {
	const bern_kernels *kernels;
	bern_firing_rng *rng;
	uint32_t block[BERN_LEAPS];
	size_t left;
} bern_draws;

uint32_t bern_draw(bern_draws *draws);

/* Chooses the head for an action space; `kind` is enum bern_head. A mask needs a softmax. Errors: an element
 * with a single value, a BOX that is not of floats or has one bound, a kind that does not fit the space. */
int32_t bern_head_init(bern_action_head *head, bern_arena *arena, const bern_space *action,
		       int masked, int64_t kind, bern_error *e);

/* pi (N) from logits (N). mask (N) of a softmax head, or NULL: values with mask 0 get probability 0. */
void bern_head_probabilities(const bern_action_head *head, float *pi, const float *logits,
			     const uint8_t *mask);

/* Draws action (C) from pi (N). */
void bern_head_sample(const bern_action_head *head, int32_t *action, const float *pi,
		      bern_draws *draws);

/* The most probable value of each component, a Gaussian's mean; ties go to the lowest. */
void bern_head_mode(const bern_action_head *head, int32_t *action, const float *pi);

/* weight[k] = pi_k(action) / sum over j of pi_j(action), with pi (K, N): which firing spoke. 1/K each if no pi allows the
 * action. */
void bern_head_posterior(const bern_action_head *head, float *weight, const float *pi,
			 const int32_t *action, size_t K);

/* log of the mean over k of pi_k(action), pi (K, N): of the probability, or density, with which the mixture of K firings chooses
 * the action. -infinity if no pi allows it. */
double bern_head_log_mixture(const bern_action_head *head, const float *pi, const int32_t *action,
			     size_t K);

/* delta[n] = c * d log pi(action) / d logit n = c * (1[n is chosen] - pi[n]). Williams 1992, section 4. */
void bern_head_score(const bern_action_head *head, float *delta, const float *pi,
		     const int32_t *action, float c);

/* The same of K firings, each with its own factor: delta and pi (K, N), c (K). */
void bern_head_scores(const bern_action_head *head, float *delta, const float *pi,
		      const int32_t *action, const float *c, size_t K);

/* An action (C) as the environment takes it: int32 (C), or float (C) inside the bounds. */
void bern_head_write(const bern_action_head *head, void *out, const int32_t *action);

/* Entropy in nats of pi, summed over components. The mean pi of several firings are a Gaussian head's mean policy only where their
 * means agree; else the mixture's entropy is larger. */
float bern_head_entropy(const bern_action_head *head, const float *pi);

/* The mixture's entropy bonus of one firing: surprise[n] holds -log of the mean policy (bern_head_surprise). Returns
 * r = sum over components and values of pi(value) * surprise(value), and adds c * d r / d logit n (surprise held
 * fixed) to delta[n]. A Gaussian head: r is the entropy of the firing's Gaussian, without surprise. It bounds the
 * mixture's from below, by at most log K, and leaves the spread between firings unrewarded: a biased bonus without noise. */
float bern_head_bonus(const bern_action_head *head, float *delta, const float *pi,
		      const float *surprise, float c);

/* surprise (2 N): -log pi of each value; of a Bernoulli unit -log P(1) at n and -log P(0) at N + n. */
void bern_head_surprise(const bern_action_head *head, float *surprise, const float *pi);

#endif
