/* network.h: a policy network of stochastic binary neurons.
 *
 * Hidden layers of Bernoulli-logistic units, h ~ Bernoulli(p), p = sigmoid(bias + W x), and an action head (head.h). At each step
 * the network fires K times from the same input, K independent paths h_1..h_K; the action is drawn from the mean of the K
 * action distributions. As a yardstick the same shapes with deterministic relu or tanh units (K = 1).
 *
 * All parameters are one float block: for each layer the weights (inputs, units), then the biases (units). A forward pass fills
 * one row of a trace, all that learning needs. Nothing here learns; see estimator.h.
 */
#ifndef BERN_NETWORK_H
#define BERN_NETWORK_H

#include "head.h"
#include "kernels.h"

#define BERN_MAX_LAYERS 16

typedef struct bern_layer {
	size_t inputs, units; /* I, J */
	size_t padded;        /* J rounded up to 16 */
	size_t weight, bias;  /* offsets into the parameters: (I, J) and (J) */
} bern_layer;

typedef struct bern_network {
	const bern_kernels *kernels;
	int64_t units;  /* enum bern_units of the hidden layers */
	size_t depth;   /* hidden layers, L; layer L is the output */
	size_t firings; /* K */
	bern_layer layer[BERN_MAX_LAYERS + 1];
	bern_action_head head;
	float *params; /* owned by the arena (param_count) */
	size_t param_count;
	size_t most_units; /* largest padded layer, inputs and K included */
	/* scratch of one forward pass */
	float *a;       /* (most_units) */
	uint32_t *rows; /* (most_units) */
} bern_network;

/* What n forward passes leave behind: row r of each array. */
typedef struct bern_trace {
	size_t rows, firings;
	float *x;                  /* (R, I) inputs */
	float *p[BERN_MAX_LAYERS]; /* binary: layer 0 (R, P0), the others (R, K, P) firing probabilities; relu and
	                                       tanh: (R, P) activations */
	uint8_t *h[BERN_MAX_LAYERS]; /* binary: (R, K, P) firings */
	float *pi;                   /* (R, K, N) action probabilities of each firing */
	float *mean_pi;              /* (R, N) their mean: the policy acted from */
	float *posterior;            /* (R, K) which firing spoke, given the action */
	int32_t *action;             /* (R, C) */
} bern_trace;

/* Reads "64" or "64,32" into units (at most BERN_MAX_LAYERS); returns the number of layers in *depth. */
int32_t bern_parse_layers(const char *text, size_t *units, size_t *depth, bern_error *e);

/* Lays out the network for O inputs. The head is already made. Parameters are zero. */
int32_t bern_network_init(bern_network *net, bern_arena *arena, const bern_action_head *head,
			  size_t inputs, const size_t *units, size_t depth, int64_t unit_kind,
			  size_t firings, const bern_kernels *kernels, bern_error *e);

/* Initial weights: first layer U(-first, first), its biases too; later hidden layers U(-s, s), s = later/sqrt(fan-in), with the bias
 * minus half the sum of the incoming weights (binary units: half of them fire; relu and tanh: 0), so that units start decided
 * rather than at p = 1/2; output 0. */
void bern_network_randomize(bern_network *net, double first, double later, bern_rng *rng);

int32_t bern_trace_init(bern_trace *trace, bern_arena *arena, const bern_network *net, size_t rows,
			bern_error *e);

/* Fires all layers K times from trace->x[row], draws the action from the mean policy, and fills the row. mask (N) or NULL. */
void bern_network_act(bern_network *net, bern_trace *trace, size_t row, const uint8_t *mask,
		      bern_firing_rng *rng);

/* Acts without randomness: hidden units pass p (BERN_MEAN_FIELD) or p > 1/2 (BERN_THRESHOLDED), the most probable action. Fills
 * p, pi and action of the row (first firing) and leaves h, mean_pi and posterior. */
void bern_network_decide(bern_network *net, bern_trace *trace, size_t row, const uint8_t *mask,
			 int32_t mode);

static inline float *bern_trace_p(const bern_trace *trace, const bern_network *net, size_t layer,
				  size_t row, size_t k)
{
	size_t P = net->layer[layer].padded;
	if (layer == 0 || net->units != BERN_UNITS_BINARY)
		return trace->p[layer] + row * P;
	return trace->p[layer] + (row * trace->firings + k) * P;
}

static inline uint8_t *bern_trace_h(const bern_trace *trace, const bern_network *net, size_t layer,
				    size_t row, size_t k)
{
	return trace->h[layer] + (row * trace->firings + k) * net->layer[layer].padded;
}

#endif
