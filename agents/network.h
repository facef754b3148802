/* network.h: a policy network of stochastic binary neurons, and of others beside them.
 *
 * Hidden layers, each of one kind of units (enum bern_units), and an action head (head.h). Binary: Bernoulli-logistic units, h ~
 * Bernoulli(p), p = sigmoid(bias + W x). Gated: conditional computation, as in gated.h: bits like these decide which experts,
 * rectified units that read the observation, are computed. At each step the network fires K times from the same input, K independent paths
 * h_1..h_K; the action is drawn from the mean of the K action distributions. Deterministic units have no firings of their
 * own, but below them may be some that have. What is the same for all K firings is computed and kept once.
 *
 * All parameters are one float block: for each layer the weights (inputs, units), then the biases (units), and after the output's
 * the log deviations of a Gaussian head. A forward pass fills
 * one row of a trace, all that learning needs. Nothing here learns; see estimator.h.
 */
#ifndef BERN_NETWORK_H
#define BERN_NETWORK_H

#include "head.h"
#include "kernels.h"
#include "marks.h"

#define BERN_MAX_LAYERS 16

typedef struct bern_layer {
	size_t inputs, units;  /* I, J */
	size_t padded;         /* J rounded up to 16 */
	size_t weight, bias;   /* offsets into the parameters: (I, J) and (J) */
	int64_t kind;          /* enum bern_units; of the output: not used */
	int each_in, each_out; /* 1: what comes in, goes out, differs from firing to firing */
	size_t expert_weight,
		expert_bias; /* gated: offsets of (J, O) and (J), experts read the observation */
	int each_p;          /* 1: so does what the trace keeps as p */
} bern_layer;

typedef struct bern_network {
	const bern_kernels *kernels;
	int binary;         /* 1: all hidden layers are */
	size_t depth;       /* hidden layers, L; layer L is the output */
	size_t firings;     /* K */
	int keeps_chance;   /* 1: traces keep chance */
	double gate_target; /* gated layers start with about this share of their gates open */
	bern_layer layer[BERN_MAX_LAYERS + 1];
	bern_action_head head;
	float *params; /* owned by the arena (param_count) */
	size_t param_count;
	size_t most_units; /* largest padded layer, inputs and K included */
	/* scratch of one forward pass */
	float *a;                /* (most_units) */
	float *x;                /* (most_units) what a smooth layer puts out */
	uint32_t *rows;          /* (most_units) */
	uint8_t *quiet_h;        /* (most_units) gates of a layer that decides */
	const bern_marks *marks; /* NULL: nobody listens */
} bern_network;

/* What n forward passes leave behind: row r of each array. */
typedef struct bern_trace {
	size_t rows, firings;
	float *x; /* (R, I) inputs */
	float *p[BERN_MAX_LAYERS]; /* (R, P), with each_p (R, K, P). binary: firing probabilities; smooth: q, also the
	                              probability that b is 1; gated: that of b; other units: what they put out */
	uint8_t *h[BERN_MAX_LAYERS]; /* (R, K, P) binary: firings; smooth, gated: b; others: NULL */
	float *y[BERN_MAX_LAYERS];   /* (R, K, P) gated: b relu(e); others: NULL */
	float *pi;                   /* (R, K, N) action probabilities of each firing */
	float *mean_pi;              /* (R, N) their mean: the policy acted from */
	float *posterior;            /* (R, K) which firing spoke, given the action */
	int32_t *action;             /* (R, C) */
	uint32_t *
		chance; /* (R, 2) the stream's next numbers after the action, for what an estimator draws given
	                                the row; NULL: not kept */
} bern_trace;

/* Reads "64" or "64,32" into units (at most BERN_MAX_LAYERS); returns the number of layers in *depth. */
int32_t bern_parse_layers(const char *text, size_t *units, size_t *depth, bern_error *e);

/* Reads "binary" or "tanh,binary" into kind (depth): one kind for all layers, or one for each. */
int32_t bern_parse_units(const char *text, int64_t *kind, size_t depth, bern_error *e);

/* What the kinds are called, as in the option. */
const char *bern_units_name(int64_t kind);

/* 1: units of this kind draw something. 1: what they draw are bits that a gradient does not pass. */
int bern_units_are_noisy(int64_t kind);
int bern_units_draw_bits(int64_t kind);

/* Lays out the network for O inputs, with depth layers of units[l] units of kind[l]. The head is already made. Parameters are
 * zero. */
int32_t bern_network_init(bern_network *net, bern_arena *arena, const bern_action_head *head,
			  size_t inputs, const size_t *units, const int64_t *kind, size_t depth,
			  size_t firings, const bern_kernels *kernels, bern_error *e);

/* Takes scratch for forward passes, so that a copy of a network may run beside it. */
int32_t bern_network_scratch(bern_network *net, bern_arena *arena, bern_error *e);

/* Initial weights: first layer U(-first, first), its biases too; later hidden layers U(-s, s), s = later/sqrt(fan-in), with the bias
 * of a binary unit minus half the sum of its incoming weights if these come from binary units (half of which fire), of others 0,
 * so that units start decided rather than at p = 1/2; output 0. later 0: as the units like it, those that
 * draw bits the more decided the more layers of them there are; see network.c. */
void bern_network_randomize(bern_network *net, double first, double later, bern_rng *rng);

int32_t bern_trace_init(bern_trace *trace, bern_arena *arena, const bern_network *net, size_t rows,
			bern_error *e);

/* Fires all layers K times from trace->x[row], draws the action from the mean policy, and fills the row. mask (N) or NULL. */
void bern_network_act(bern_network *net, bern_trace *trace, size_t row, const uint8_t *mask,
		      bern_firing_rng *rng);

/* Rows row .. row + count - 1, each as by bern_network_act with the mask (N) and the stream of its own; mask_of NULL: none. The same
 * bits, faster where layers are wide: weights are read once for many rows. */
void bern_network_act_rows(bern_network *net, bern_trace *trace, size_t row, size_t count,
			   const uint8_t *(*mask_of)(const void *user, size_t n), const void *user,
			   bern_firing_rng *rng);

/* The same with the layers below `from` as they stand in the row: those from `from` on fire, and the action is drawn. */
void bern_network_act_from(bern_network *net, bern_trace *trace, size_t row, size_t from,
			   const uint8_t *mask, bern_firing_rng *rng);
/* Fires all layers K times afresh from trace->x[row] for the action that stands in trace->action[row]: fills all of the row but
 * that. How a remembered step is learned from again (refire.h). */
void bern_network_refire(bern_network *net, bern_trace *trace, size_t row, const uint8_t *mask,
			 bern_firing_rng *rng);

/* Acts without randomness; the most probable action. Hidden units pass on, BERN_MEAN_FIELD or BERN_THRESHOLDED:
 *     binary               p                             1 if p > 1/2
 *     relu, tanh           as ever
 *     rectifier            a Phi(a) + phi(a), its mean   max(0, a)
 *     logistic-rectifier   log(1 + exp(a)), its mean     max(0, a)
 *     smooth               p = q^2, its mean             q if q > 1/2, else 0
 *     gated                p relu(e), its mean           relu(e) if p > 1/2, else 0, and then e is not computed
 * Fills p of the row (first firing) with that, pi and action, and leaves h, mean_pi and posterior. */
void bern_network_decide(bern_network *net, bern_trace *trace, size_t row, const uint8_t *mask,
			 int32_t mode);

static inline float *bern_trace_p(const bern_trace *trace, const bern_network *net, size_t layer,
				  size_t row, size_t k)
{
	const bern_layer *l = &net->layer[layer];
	if (!l->each_p)
		return trace->p[layer] + row * l->padded;
	return trace->p[layer] + (row * trace->firings + k) * l->padded;
}

/* Layers that draw bits: binary, smooth and gated ones. */
static inline uint8_t *bern_trace_h(const bern_trace *trace, const bern_network *net, size_t layer,
				    size_t row, size_t k)
{
	return trace->h[layer] + (row * trace->firings + k) * net->layer[layer].padded;
}

/* What a hidden layer put out in firing k. Smooth units: written to x (padded), which is then returned; NULL for binary
 * ones, whose output is the bytes of bern_trace_h. */
const float *bern_trace_output(const bern_trace *trace, const bern_network *net, size_t layer,
			       size_t row, size_t k, float *x);

#endif
