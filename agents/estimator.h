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
	const float *
		weight; /* (R) what advantages were multiplied with: their scale, gamma^t; NULL: 1 */
	float scale;    /* of each sample's gradient: 1/R for a mean */
	float entropy_coef; /* 0: no bonus */
	float entropy_mean; /* a constant to compare the bonus with: the last update's mean entropy */
	const float *
		gate_push; /* (all hidden units) added to dE/dp of gates, for each row: sparsity; or NULL */
	bern_unit_baseline *unit; /* or NULL */
} bern_signal;

static inline float bern_weight(const bern_signal *signal, size_t row)
{
	return signal->weight ? signal->weight[row] : 1.0f;
}

/* What a wide layer learns from many firings together: their scores and what fired below. */
typedef struct bern_pending {
	float *s;          /* (most, padded) NULL: the layer does not wait */
	const uint8_t **h; /* (most) in the trace */
	size_t most, count;
} bern_pending;

/* Room to turn a unit over and follow what comes of it (estimator_counterfactual.c). */
typedef struct bern_what_if {
	/* (K, P) of each hidden layer: its units' credit */
	float *told[BERN_MAX_LAYERS];
	/* (P) of a firing's layers from the second on: activations less what was drawn, above 0 where units fired */
	float *excess[BERN_MAX_LAYERS];
	float *moved; /* (N, most_units) by how much each unit moves the outputs */
	float *ratio; /* (3, most_units) how many times as likely that makes the action, and scratch */
	float *sign;       /* (most_units) of the listed units */
	uint32_t *rows[2]; /* (most_units) units that turn over */
} bern_what_if;

/* Room for one sample's work; made once. */
typedef struct bern_workspace {
	float *c, *c0;   /* (K) coefficients of the firings' scores: signal, and without it */
	float *r;        /* (K) entropy credit of each firing */
	float *delta;    /* (K, N) of the logits, as dE/d logit */
	float *delta0;   /* (K, N) without the signal */
	float *surprise; /* (2 N) */
	float *s, *s0;   /* (most_units) scores */
	float *back[2];  /* (most_units) */
	float *path[2];  /* (K, most_units) back-propagated in each firing */
	uint32_t *rows;  /* (most_units) */
	struct bern_pending
		*pending; /* (L + 1) what wide layers have yet to learn, see bern_local_rules */
	int gathers;      /* 1: wide layers wait for more */
	const float *given[BERN_MAX_LAYERS]; /* (K, padded) of a hidden layer: its scores, what they
						are multiplied with included; NULL: by c */
	float *turned; /* (2, N, padded) of the last hidden layer: exp(w), exp(-w) */
	struct bern_what_if
		*what_if; /* see estimator_counterfactual.c; NULL: traces keep no chance */
	void *memory;     /* what the estimator keeps from update to update, or NULL */
} bern_workspace;

/* What an estimator asks for; refused with a sentence where it is not there (bern_estimator_find). */
enum bern_needs {
	BERN_NEEDS_BINARY = 1,    /* every hidden layer fires bits */
	BERN_NEEDS_REAL = 2,      /* no hidden layer draws bits: relu, tanh, rectifiers */
	BERN_NEEDS_FIRINGS = 4,   /* K >= 2 */
	BERN_NEEDS_BITS = 8,      /* at least one hidden layer is binary */
	BERN_NEEDS_SMOOTH = 16,   /* at least one is smooth, none is binary */
	BERN_NEEDS_ROLLOUTS = 32, /* at least two lanes */
	BERN_NEEDS_CLONES = 64,   /* an environment whose state is plain bytes */
	BERN_NEEDS_NOISE = 512,   /* at least one hidden layer is noisy */
	BERN_TAKES_FIRINGS =
		128, /* any K; estimators that neither need nor take firings have K = 1 */
	BERN_NEEDS_GRADIENT = 256, /* dL/dh, which enters at the action layer: told in lists */
	BERN_TAKES_BOX = 1024, /* BOX actions; the others know only choices that can be listed */
	BERN_TAKES_UNIT_BASELINES = 2048, /* signal->unit lowers what every unit hears */
	BERN_LEAVES_ENTROPY = 4096,       /* signal->entropy_coef moves nothing */
	BERN_NEEDS_CHANCE = 8192          /* draws given the trace, from trace->chance */
};

/* What a config and an environment offer to an estimator. */
typedef struct bern_offer {
	const int64_t *kind; /* (depth) enum bern_units of the hidden layers */
	size_t depth;
	int64_t firings;         /* K that the config names */
	size_t lanes;            /* 0: not known */
	const bern_world *world; /* or NULL: not known */
} bern_offer;

/* What an estimator is set up for. */
typedef struct bern_estimator_setting {
	const bern_agent_config *config;
	const bern_network *net; /* laid out; outlives the estimator */
	const bern_world *world; /* NULL: a network by itself */
	uint64_t seed;           /* for a stream of purpose BERN_FOR_LEARNING */
} bern_estimator_setting;

/* When an estimator is asked during play. */
enum bern_play_stage {
	BERN_PLAY_BEGIN, /* before the first step: parameters may be moved, if END moves them back */
	BERN_PLAY_ACTED, /* rows t B .. t B + B - 1 of the trace are filled, the lanes have not stepped */
	BERN_PLAY_STEPPED, /* they have: reward and flags of these rows are known */
	BERN_PLAY_END      /* advantages are known and may be changed; accumulate comes next */
};

/* A play as it goes on. Lanes may be cloned, not changed: no stage may step, reset or draw from what belongs to the play. */
typedef struct bern_play {
	const bern_agent_config *config;
	bern_network *net;
	bern_trace *trace;
	const bern_lanes *lanes;
	const bern_firing_rng *firing;            /* (B) as they are now */
	const struct bern_normalizer *normalizer; /* from observations to inputs */
	struct bern_value_function *value;        /* the learned baseline */
	size_t t;                                 /* step of this play */
	size_t steps;                             /* of this play; at END as many as were played */
	const float *reward;                      /* (T, B) */
	const uint32_t *flags;                    /* (T, B) */
	float *advantage;                         /* (T, B) at END */
	uint64_t
		branch_steps; /* an estimator adds the steps its clones made: they count like the lanes' */
} bern_play;

typedef struct bern_estimator {
	const char *name, *summary, *source;
	int unbiased;
	uint32_t needs; /* of enum bern_needs */
	/* Adds the estimates of the listed rows, times signal->scale, to gradient (param_count), in their order. */
	void (*accumulate)(const bern_network *net, const bern_trace *trace, const size_t *rows,
			   size_t count, const bern_signal *signal, bern_workspace *work,
			   float *gradient);

	/* ---- the rest is optional ---- */

	/* 1: accumulate reads its memory and writes work and gradient alone, so that several threads may be in it at once, for
	 * different rows, with a work of their own. */
	int shared;

	/* 1: the last hidden layer is told local expectations (bern_tell_last), and with one hidden layer that is all there is. */
	int expects;

	const char *cost; /* beside a forward pass: "K forward passes", "2 clones a step" */
	/* Memory of its own, memory_size bytes zeroed, at work->memory. init takes what it points to from the arena. */
	size_t memory_size;
	int32_t (*init)(void *memory, bern_arena *arena, const bern_estimator_setting *setting,
			bern_error *e);
	/* Gives back what is not the arena's; also after an init that failed. */
	void (*finish)(void *memory);
	/* Registers what a resumed run needs. */
	int32_t (*tensors)(void *memory, bern_tensors *list, bern_error *e);
	/* After all rows of an update. keep 1: learns from what accumulate gathered; 0: drops it, the estimate was only looked
	 * at. What accumulate reads of it must not change before: an estimate may not contain its own sample. */
	void (*update)(void *memory, int keep);
	/* R^2 of what the estimator predicts, for the log; NaN: not known yet. */
	double (*r_squared)(const void *memory);
	/* Called at each stage of a play (enum bern_play_stage). */
	int32_t (*play)(void *memory, int stage, bern_play *play, bern_error *e);
} bern_estimator;

extern const bern_estimator *const bern_estimators[];
extern const size_t bern_estimator_count;

/* Finds the estimator that a config names ("auto" chooses by units and firings) and checks that its needs are met. */
int32_t bern_estimator_find(const bern_estimator **out, const char *name, const bern_offer *offer,
			    bern_error *e);

/* Makes work->memory. */
int32_t bern_estimator_start(const bern_estimator *estimator, bern_workspace *work,
			     bern_arena *arena, const bern_estimator_setting *setting,
			     bern_error *e);

int32_t bern_workspace_init(bern_workspace *work, bern_arena *arena, const bern_network *net,
			    bern_error *e);
int32_t bern_unit_baseline_init(bern_unit_baseline *unit, bern_arena *arena,
				const bern_network *net, bern_error *e);
/* Moves the averages towards this update's sums and takes the new b; keep 0: drops the sums. */
void bern_unit_baseline_update(bern_unit_baseline *unit, int keep);

/* The local rule that the reward-based estimators share: for row r, work->c (K) and work->c0 (K) weigh the scores of the K firings,
 * work->delta (K, N) and delta0 those of the logits. Adds
 *     hidden:  sum over k of c[k] (h_kj - p_kj) x_ki        output:  sum over k of delta[k,n] h_ki
 * to gradient; a unit uses its own firing, its input and K numbers that all units hear. With unit baselines the signal
 * of unit j is lowered by b[j] times the same sum with c0, delta0. Where work->given has a layer, its c[k] (h_kj - p_kj) are
 * these; not with unit baselines. */
void bern_local_rule(const bern_network *net, const bern_trace *trace, size_t row,
		     const bern_signal *signal, bern_workspace *work, float *gradient);

/* Between these two, bern_local_rule may leave hidden layers above the first behind, to read their gradient once for many rows: the
 * same sums. Trace and gradient stay where they are. */
static inline void bern_local_rules_begin(bern_workspace *work)
{
	work->gathers = 1;
}
void bern_local_rules_end(const bern_network *net, bern_workspace *work, float *gradient);

/* Entropy bonus of a row, added to work->c and delta. The mean policy's entropy is -sum pibar log pibar; firing k is credited
 * with r_k = -sum pi_k log pibar against the mean of the others (K = 1: against signal->entropy_mean). The estimate of log
 * pibar contains the own firing, so for finite K this bonus is slightly biased; the reward part stays exact. */
void bern_entropy_rule(const bern_network *net, const bern_trace *trace, size_t row,
		       const bern_signal *signal, bern_workspace *work);

/* exp(w) and exp(-w) of the output's weights w (J, N), to turned (2, N, P): how the odds of the actions change when a unit is turned
 * over (estimator_local_expectation.c). */
void bern_turn_weights(const bern_network *net, float *turned);

/* What the last hidden layer's units in firing k of row r are told by local expectations, to s (padded): A is the advantage times the
 * scale, bonus what the entropy adds to their scores. Reads work->turned, writes work->s and s0. */
void bern_tell_last(const bern_network *net, const bern_trace *trace, size_t r, size_t k, float A,
		    float bonus, bern_workspace *work, float *s);

#endif
