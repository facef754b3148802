/* eligibility.h: learning at every step by eligibility traces: no rollout is kept.
 *
 * Each weight has a trace of its own scores, e <- gamma lambda e + score, which an episode's end clears. After each step a
 * number that all neurons hear, the error delta = r + gamma V(s') - V(s) of the learned value, moves every weight by delta e. With
 * weights that stay put, the sum over an episode is the estimate that generalised advantages with the same gamma lambda give
 * (test_eligibility.c), so what is unbiased stays so. Barto, Sutton & Anderson 1983; Williams 1992, section 7; Sutton & Barto
 * 2018, section 13.5. With K firings the score is that of the estimator, whose posterior is known when the action is. The value
 * learns in the same way, TD(lambda), from the error itself.
 *
 * The broadcast may be worse than the error, as a neuromodulator's may be: it comes `signal_delay` steps late (biased: meanwhile
 * the traces take in later firings), with noise of deviation `signal_noise` (unbiased: the noise knows nothing of the firings),
 * or as its sign alone (`signal_sign`, after the noise; biased). What is under way when an episode ends arrives before the next
 * one begins, step by step, while the traces decay.
 */
#ifndef BERN_ELIGIBILITY_H
#define BERN_ELIGIBILITY_H

#include "estimator.h"
#include "value.h"

typedef struct bern_eligibility {
	const bern_agent_config *config; /* borrowed */
	size_t lanes;                    /* B */
	size_t params, value_params;
	float *policy;   /* (B, params) traces of the policy's scores */
	float *value;    /* (B, value_params) traces of dV/d params */
	float *scratch;  /* (value_params) */
	double *pending; /* (B, signal_delay) signals under way, the next to arrive first */
	bern_rng *noise; /* (1) */
	/* of the step that is being learned from, filled in by the caller */
	float *error;  /* (B) delta, as the value learns from it */
	float *weight; /* (B) of the score: 1, or gamma^t */
	float *zero;   /* (B) 0 */
} bern_eligibility;

/* Checks num_steps, epochs, baseline, advantage_scale, whole_episodes and the estimator against `traces`, and the signal's
 * options against its absence. */
int32_t bern_eligibility_check(const bern_agent_config *config, const bern_estimator *estimator,
			       bern_error *e);

int32_t bern_eligibility_init(bern_eligibility *traces, bern_arena *arena,
			      const bern_agent_config *config, const bern_network *net,
			      const bern_value_function *value, uint64_t seed, bern_error *e);

/* What neurons hear in lane b after an error: the signal that arrives now, and if the episode ended those under way too, less by
 * what the traces decay until then. The others move up. */
double bern_eligibility_hear(bern_eligibility *traces, size_t b, double error, int ended);

/* One step of all lanes, whose row b of the trace is lane b: the traces take in the scores; gradient (params) becomes the sum
 * over lanes of signal->scale * signal->advantage[b] times trace, with the entropy bonus of the step; value->gradient the same of
 * error and the value's traces. Lanes with flags begin with empty traces next. */
void bern_eligibility_step(bern_eligibility *traces, const bern_estimator *estimator,
			   const bern_network *net, const bern_trace *trace,
			   bern_value_function *value, const bern_signal *signal,
			   const uint32_t *flags, bern_workspace *work, float *gradient);

int32_t bern_eligibility_tensors(bern_eligibility *traces, bern_tensors *list, bern_error *e);

#endif
