/* estimator.h: how the gradient of the expected return is estimated from a trace.
 *
 * An estimator turns what a network did (trace) and what came of it (advantages) into an estimate of the gradient. Each is one
 * file, one paper; the list is estimator.c. What "unbiased" claims: the estimate, given the advantage it is handed.
 */
#ifndef BERN_ESTIMATOR_H
#define BERN_ESTIMATOR_H

#include "network.h"

/* Per-unit baselines: b_i = E[s_i^2 A] / E[s_i^2] with s_i the unit's score. Bengio 2013 (arXiv 1308.3432), eq. 10. Running
 * averages, read before they are updated. */
typedef struct bern_unit_baseline {
	size_t units;                 /* all units of all layers, output logits last */
	float *above;                 /* (units) running mean of s^2 A */
	float *below;                 /* (units) running mean of s^2 */
	float *b;                     /* (units) what is subtracted now */
	float *above_sum, *below_sum; /* (units) of this update */
	float samples;                /* in these sums */
} bern_unit_baseline;

/* What came of the trace's actions. */
typedef struct bern_signal {
	const float *advantage; /* (R) */
	float scale;            /* of each sample's gradient: 1/R for a mean */
	float entropy_coef;     /* 0: no bonus */
	float entropy_mean; /* a constant to compare the bonus with: the last update's mean entropy */
	bern_unit_baseline *unit; /* or NULL */
} bern_signal;

/* Room for one sample's work; made once. */
typedef struct bern_workspace {
	float *c, *c0;   /* (K) coefficients of the firings' scores: signal, and without it */
	float *r;        /* (K) entropy credit of each firing */
	float *delta;    /* (K, N) of the logits, as dE/d logit */
	float *delta0;   /* (K, N) without the signal */
	float *surprise; /* (2 N) */
	float *s, *s0;   /* (most_units) scores */
	float *back[2];  /* (most_units) back-propagated, for the yardstick */
	uint32_t *rows;  /* (most_units) */
} bern_workspace;

enum bern_needs {
	BERN_NEEDS_BINARY = 1, /* hidden units that fire */
	BERN_NEEDS_REAL = 2,   /* deterministic hidden units that can be differentiated */
	BERN_NEEDS_FIRINGS = 4 /* K >= 2 */
};

typedef struct bern_estimator {
	const char *name, *summary, *source;
	int unbiased;
	uint32_t needs; /* of enum bern_needs */
	/* Adds the estimates of the listed rows, times signal->scale, to gradient (param_count), in their order. */
	void (*accumulate)(const bern_network *net, const bern_trace *trace, const size_t *rows,
			   size_t count, const bern_signal *signal, bern_workspace *work,
			   float *gradient);
} bern_estimator;

extern const bern_estimator *const bern_estimators[];
extern const size_t bern_estimator_count;

/* Finds the estimator that a config names ("auto" chooses by units and firings) and checks that its needs are met. */
int32_t bern_estimator_find(const bern_estimator **out, const char *name, int64_t units,
			    int64_t firings, bern_error *e);

int32_t bern_workspace_init(bern_workspace *work, bern_arena *arena, const bern_network *net,
			    bern_error *e);
int32_t bern_unit_baseline_init(bern_unit_baseline *unit, bern_arena *arena,
				const bern_network *net, bern_error *e);
/* Moves the averages towards this update's sums and takes the new b. */
void bern_unit_baseline_update(bern_unit_baseline *unit);

/* The local rule that the reward-based estimators share: for row r, work->c (K) and work->c0 (K) weigh the scores of the K firings,
 * work->delta (K, N) and delta0 those of the logits. Adds
 *     hidden:  sum over k of c[k] (h_kj - p_kj) x_ki        output:  sum over k of delta[k,n] h_ki
 * to gradient; a unit uses its own firing, its input and K numbers that all units hear. With unit baselines the signal
 * of unit j is lowered by b[j] times the same sum with c0, delta0. */
void bern_local_rule(const bern_network *net, const bern_trace *trace, size_t row,
		     const bern_signal *signal, bern_workspace *work, float *gradient);

/* Entropy bonus of a row, added to work->c and delta. The mean policy's entropy is -sum pibar log pibar; firing k is credited
 * with r_k = -sum pi_k log pibar against the mean of the others (K = 1: against signal->entropy_mean). The estimate of log
 * pibar contains the own firing, so for finite K this bonus is slightly biased; the reward part stays exact. */
void bern_entropy_rule(const bern_network *net, const bern_trace *trace, size_t row,
		       const bern_signal *signal, bern_workspace *work);

#endif
