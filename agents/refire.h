/* refire.h: learning again from remembered steps by firing afresh, without back-propagation.
 *
 * A remembered step (s, a, A) was chosen with probability mu by the mixture that acted, which is exactly known. The network fires
 * K times afresh from s under the weights as they are now; with pi_k = pi(a | h_k) and their mean pibar,
 *     hidden layers  (A/mu) sum_k (pi_k - mean of the others)/K d log p(h_k | s),   output layer  (A/mu) sum_k pi_k/K d log pi(a | h_k)
 * is unbiased for A d pi(a | s)/mu, because pi(a | s) = E pi(a | h) is linear in the firings. With the posterior w_k =
 * pi_k / sum_j pi_j these are the estimator "firings" with A pibar/mu in place of A (K = 1: "unbiased"), so that re-firing is
 * an importance ratio on the advantage, and any estimator that is linear in the advantage can do it.
 *
 * clip_range leaves a step out once its ratio has gone further than that from 1 in the direction the advantage points to
 * (Schulman et al. 2017, eq. 7). That is biased: E over firings of what is left is not the gradient. Older steps were met
 * by older policies, so their states are not those that the policy meets now: also a bias, of every method with a memory
 * (Degris, White & Sutton 2012). */
#ifndef BERN_REFIRE_H
#define BERN_REFIRE_H

#include "estimator.h"
#include "replay.h"

typedef struct bern_refire {
	const bern_agent_config *config; /* borrowed */
	bern_replay replay;
	/* beside the trace, of the rollout that is being played: rows t B + b, filled in by the caller */
	float *end_x;  /* (T, B, O) the last observation's inputs where flags are TRUNCATED alone */
	uint8_t *mask; /* (T, B, N) or NULL */
	float *weight; /* (T, B) of the step in the gradient: 1, or gamma^t */
	float *last_x; /* (B, O) inputs after the last step */
	bern_trace batch;        /* the steps of one part, fired afresh */
	size_t batch_rows;       /* room in it */
	size_t count;            /* steps of this pass */
	size_t *drawn;           /* (count) their rows in the replay, shuffled */
	float *advantage;        /* (batch_rows) times the ratio, or 0 if clipped */
	float *target;           /* (batch_rows) for V */
	bern_firing_rng *stream; /* (1) draws steps and firings */
} bern_refire;

/* Checks epochs, minibatches, replay, replay_ratio and clip_range against each other, the estimator and the baseline. */
int32_t bern_refire_check(const bern_agent_config *config, const bern_estimator *estimator,
			  bern_error *e);

/* For epochs of at least 2. `masked` as in bern_replay_init. */
int32_t bern_refire_init(bern_refire *refire, bern_arena *arena, const bern_agent_config *config,
			 const bern_network *net, int masked, uint64_t seed, bern_error *e);

/* Remembers the first `steps` steps of a rollout: its trace, reward and flags (T, B), and what the caller filled in. */
void bern_refire_remember(bern_refire *refire, const bern_network *net, const bern_trace *trace,
			  const float *reward, const uint32_t *flags, size_t steps);

/* Forgets everything: the next rollout does not go on where the last one ended. */
void bern_refire_forget(bern_refire *refire);

/* Begins a pass: values, advantages and targets of all that is remembered from V as it is now, and the steps of the pass,
 * shuffled: all of the newest `steps` in every lane, and replay_ratio times as many of the older ones, each drawn by itself.
 * Returns the root mean square of the advantages of all remembered steps. */
double bern_refire_pass(bern_refire *refire, const bern_network *net, bern_value_function *value,
			size_t steps);

/* Fires the steps of part m of minibatches afresh into `batch`, with advantage (times `scale`) and target of each; returns how
 * many there are: 0 in a pass of fewer steps than parts. */
size_t bern_refire_part(bern_refire *refire, bern_network *net, size_t m, float scale);

/* A times the ratio, 0 where clip_range (0: no clipping) leaves the step out. */
float bern_refire_advantage(float A, double ratio, double clip_range);

int32_t bern_refire_tensors(bern_refire *refire, bern_tensors *list, bern_error *e);

#endif
