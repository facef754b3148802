/* gated.h: conditional computation: a layer of expert units of which only those with an open gate are computed.
 *
 * Bengio, Leonard, Courville 2013, arXiv 1308.3432, sec. 5. A gater (input -> R tanh units, or none -> G gates) decides for each
 * input which of G experts take part; expert j, a unit of its own weights, is computed only where gate j is on, and what it says is
 * multiplied by its gate. Outputs are a softmax over the gated experts. Expert weights are stored by unit, (G, I), so that an open
 * gate reads one contiguous row and a closed one reads nothing, in both directions.
 *
 *     z = tanh(bz + Wz x)   a = bg + Wg z   g = gates(a)   e_j = relu(be_j + we_j x) where g_j != 0   logits = bo + sum_j g_j e_j wo_j
 *
 * Experts, outputs and the gater's inside learn by back-propagation of the loss L = -log softmax; what reaches the gates' a is the
 * kind's own. Only experts with an open gate pass anything back: a closed one was not computed.
 *
 * All memory is taken at init; learning and evaluation allocate nothing. One thread at a time.
 */
#ifndef BERN_GATED_H
#define BERN_GATED_H

#include "arena.h"
#include "kernels.h"
#include "optimizer.h"

#include <bern/seed.h>

/* How gates are opened, and what reaches their a in learning. p = sigmoid(a). */
enum bern_gate_kind {
	BERN_GATES_REWARD, /* g ~ Bernoulli(p); (g - p)(L - b): reward alone, b learned; unbiased */
	BERN_GATES_STRAIGHT_THROUGH, /* g ~ Bernoulli(p); dL/dg as if it were dL/da; biased */
	BERN_GATES_STS, /* stochastic times smooth: g = sqrt(p) b, b ~ Bernoulli(sqrt(p)); through the smooth factor; biased */
	BERN_GATES_NOISY_RECTIFIER, /* g = max(0, a + z), z ~ N(0, 1); exact, as L can be differentiated */
	BERN_GATES_RECTIFIER,     /* g = max(0, a); exact */
	BERN_GATES_SIGMOID_NOISE, /* g = sigmoid(a + z): every expert is computed */
	BERN_GATES_SIGMOID,       /* g = p: every expert is computed */
	BERN_GATES_NONE,          /* g = 1: a plain layer, the dense yardstick */
	BERN_GATE_KINDS
};

/* One line for each kind. */
typedef struct bern_gate_info {
	const char *name, *summary;
	int closes; /* gates can be exactly 0, so that experts are skipped */
	int rectifies; /* sparsity by an adaptive L1 penalty on g; the others by KL(target || mean chance of being open) */
	int has_no_gate; /* NONE */
} bern_gate_info;
extern const bern_gate_info bern_gate_kinds[BERN_GATE_KINDS];

/* What is to be made. Zero is a sensible default but for the first five. */
typedef struct bern_gated_plan {
	size_t inputs;  /* I */
	size_t gates;   /* G gates and as many experts */
	size_t outputs; /* C classes */
	int64_t kind;   /* enum bern_gate_kind */
	double target;  /* s, the share of gates to be open, inside (0, 1) */
	size_t gater;   /* R tanh units before the gates; 0: gates read the input */
	double penalty; /* weight of the KL term; 0: 0.1. Rectifiers start with an L1 weight of penalty / 1000 */
	double spread; /* initial gate weights are U(-x, x)/sqrt(fan-in); 0: 10 for Bernoulli gates, else sqrt(3) */
	double rate;       /* Adam's step; 0: 0.005 */
	double gater_rate; /* the gater's, as a factor of rate; 0: 1 */
} bern_gated_plan;

typedef struct bern_gate_rng {
	bern_firing_rng firing;
	bern_rng noise;
} bern_gate_rng;

/* What one input left in the layer. */
typedef struct bern_gated_pass {
	float *z;            /* (R) the gater's tanh units */
	float *p;            /* (G) chance that the gate is open; sigmoids: their value */
	uint8_t *h;          /* (G) 1: open */
	uint32_t *on;        /* (G) the open gates, ascending */
	size_t count;        /* of them; the next arrays are (count) */
	float *gate, *slope; /* g and dg/da */
	float *expert;       /* e */
	float *y;            /* g e */
	float *chance;       /* (C) softmax */
} bern_gated_pass;

typedef struct bern_gated {
	const bern_kernels *kernels;
	bern_gated_plan plan;
	/* offsets into the parameters; Wz (I, R), Wg (R, G), we (G, I), wo (G, C) */
	size_t z_weight, z_bias, gate_weight, gate_bias, expert_weight, expert_bias, out_weight,
		out_bias;
	float *params,
		*gradient; /* (param_count) of -L, the mean over the batch: learning goes uphill */
	size_t param_count;
	bern_optimizer optimizer;
	size_t batch;          /* N */
	bern_gated_pass *pass; /* (N) */
	float *baseline; /* (max(R, I) + 1) REWARD: b(x), linear in z, or in x without a gater */
	double l1;       /* rectifiers: the weight of |g| now */
	double open;     /* gates seen open since l1 was last looked at */
	uint64_t seen, batches; /* gates and batches since then */
	float *rho;             /* (G) mean of p over the batch */
	float *rate;            /* (G) rectifiers: running share of the inputs that open each */
	int too_few; /* rectifiers: fewer gates were open than asked for when l1 was last looked at */
	float *a, *logits, *da, *dz, *dy, *d, *push; /* scratch of one input */
} bern_gated;

/* Takes memory for batches of up to N inputs. EUSAGE, with a sentence, if the target is not inside (0, 1) or a size is 0.
 * Parameters: U(-sqrt(6/I), sqrt(6/I)) for the experts (He et al. 2015), U(-sqrt(3/fan-in), ...) for tanh units, outputs small; gates
 * as plan->spread says, with biases so that about the target's share starts open. */
int32_t bern_gated_init(bern_gated *net, bern_arena *arena, const bern_gated_plan *plan,
			size_t batch, const bern_kernels *kernels, bern_rng *rng, bern_error *e);

/* Opens the gates of pass for x (I): by chance, or if rng is NULL thresholded: Bernoulli gates where the chance of being open is over
 * one half, noise 0. Writes z, p, h, on, count, gate, slope. */
void bern_gated_open(bern_gated *net, bern_gated_pass *pass, const float *x, bern_gate_rng *rng);

/* Computes the experts listed in pass->on, and the softmax. Writes expert, y, chance. */
void bern_gated_compute(bern_gated *net, bern_gated_pass *pass, const float *x);

/* -log of the label's chance. */
double bern_gated_loss(const bern_gated_pass *pass, size_t label);

/* Adds scale * dL/d params of one computed pass to the gradient. extra (G) is added to dL/da (NULL: nothing): the sparsity term. For
 * REWARD the gates get (h - p)(L - baseline). */
void bern_gated_backward(bern_gated *net, const bern_gated_pass *pass, const float *x, size_t label,
			 double baseline, const float *extra, double scale);

/* The mean of p over the first `count` passes, into net->rho, and of rectifiers the rates: what the sparsity term goes by. */
void bern_gated_average(bern_gated *net, size_t count);

/* What sparsity adds to dL/da of one opened pass, into push (G). KL with rho_j as above: penalty (-s/rho + (1-s)/(1-rho)) dp/da,
 * a gradient. Rectifiers: the L1 weight of now where the gate is open, a gradient too; and while fewer than the target are open
 * -penalty/10 (s - rate_j) at those open less often than that, which is none. */
void bern_gated_sparsity(const bern_gated *net, const bern_gated_pass *pass, float *push);

/* One step of learning on count <= N inputs: x (count, I) and labels, each below C. Opens, computes, penalises, goes one step of Adam;
 * rectifiers change the weight of L1 by a tenth after every 10 batches whose share of open gates was off target by more than 0.01.
 * Returns the mean loss. */
double bern_gated_learn(bern_gated *net, const float *x, const uint8_t *labels, size_t count,
			bern_gate_rng *rng);

#endif
