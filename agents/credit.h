/* credit.h: gradients from credits. A unit's credit is an estimate of dJ/da, a being its activation; the gradient of its weights is
 * input times credit. For networks of binary layers with one firing a step.
 */
#ifndef BERN_CREDIT_H
#define BERN_CREDIT_H

#include "estimator.h"

/* Adds the gradient of layer l (net->depth: the output) whose units have the credits s (units). */
void bern_layer_rule(const bern_network *net, const bern_trace *trace, size_t row, size_t l,
		     const float *s, bern_workspace *work, float *gradient);

/* Adds a row's gradient: hidden units by their credits (of all hidden layers, first layer first), times `factor`; the action layer by
 * advantage * d log pi; and the entropy bonus. */
void bern_credit_rule(const bern_network *net, const bern_trace *trace, size_t row,
		      const float *credit, float factor, const bern_signal *signal,
		      bern_workspace *work, float *gradient);

#endif
