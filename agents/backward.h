/* backward.h: the reverse pass of a network whose layers may be of any kind.
 *
 * The K firings of a row are a stochastic computation graph (Schulman et al. 2015, arXiv 1506.05254). What is to be made large
 * enters at two places: at the logits of each firing, work->delta (K, N), and at each layer of bits, where firing k counts its
 * score, the gradient of log P(its bits), c[k] times, work->c (K). From both, gradients flow back through layers that can be
 * differentiated: through relu and tanh; through the noisy rectifiers, whose noise does not depend on the parameters; through the
 * smooth factor of smooth layers. At a binary layer they stop, unless a rule lets them pass. Where the layers below are the same
 * for all firings the gradients of the firings are summed before they go on.
 */
#ifndef BERN_BACKWARD_H
#define BERN_BACKWARD_H

#include "estimator.h"

/* A binary layer in one firing. */
typedef struct bern_bits {
	size_t layer;     /* of the network */
	size_t unit;      /* number of its first unit among the units of all binary layers */
	size_t units;     /* J */
	size_t k;         /* firing */
	const uint8_t *h; /* (J) firings */
	const float *p;   /* (J) their probabilities */
	float c;          /* weight of the score in this firing */
	float scale;      /* bern_signal.scale, which c and d contain */
} bern_bits;

/* Turns d (J), the gradient at the layer's outputs h, into the gradient at its activations. */
typedef void bern_bits_rule(void *memory, const bern_bits *bits, float *d);

typedef struct bern_reverse {
	bern_bits_rule
		*rule;     /* at binary layers; NULL: c (h - p), and nothing is read from above */
	void *memory;      /* handed to the rule */
	int without_score; /* 1: smooth layers are as if their bits did not depend on the parameters */
} bern_reverse;

/* Adds the gradient of row r to gradient (param_count); work->delta and, if bits are drawn, work->c say what enters. Uses
 * work->path. gradient NULL: only asks the rule at each layer. */
void bern_backward(const bern_network *net, const bern_trace *trace, size_t row,
		   const bern_reverse *reverse, const bern_signal *signal, bern_workspace *work,
		   float *gradient);

/* What enters with one firing or many, for a signal A: for K = 1 delta = A d log pi(a) and c = A; for more delta[k] = A w_k d log
 * pi_k(a) and c[k] = A (w_k - 1/K) K/(K - 1), see estimator_firings.c. */
void bern_enter_signal(const bern_network *net, const bern_trace *trace, size_t row, float A,
		       bern_workspace *work);

/* The same for the row's advantage times signal->scale, and the entropy bonus. */
void bern_enter(const bern_network *net, const bern_trace *trace, size_t row,
		const bern_signal *signal, bern_workspace *work);

/* bern_enter and bern_backward for the listed rows: the whole accumulate of an estimator that is a rule. */
void bern_backward_rows(const bern_network *net, const bern_trace *trace, const size_t *rows,
			size_t count, const bern_reverse *reverse, const bern_signal *signal,
			bern_workspace *work, float *gradient);

/* Units of all binary layers. */
size_t bern_binary_units(const bern_network *net);

#endif
