/* variance.h: how much an agent's own estimates of the gradient vary while its parameters stand still. Internal to the laboratory. */
#ifndef BERN_LAB_VARIANCE_H
#define BERN_LAB_VARIANCE_H

#include <bern/agent.h>

#define LAB_VARIANCE_LAYERS 17 /* hidden layers and the output */

typedef struct lab_variance {
	size_t plays;  /* that were judged; as many again gave the long-run gradient */
	double steps;  /* environment steps of a play, mean */
	size_t layers; /* output included */
	double total;  /* variance of one play's estimate, summed over all parameters */
	double layer[LAB_VARIANCE_LAYERS]; /* and over each layer's, output last */
	double length; /* of the long-run gradient, its own noise taken off; 0 if noise is all there is */
	double cosine; /* of one play's estimate with the long-run gradient of the other plays, mean */
} lab_variance;

/* Plays 2 * plays times as training does, without learning: the first half gives the long-run gradient, the second is judged. `agent` is
 * of the kind reinforce; lanes have been reset. */
int32_t lab_variance_measure(bern_agent *agent, bern_lanes *lanes, size_t plays, lab_variance *out,
			     bern_error *e);

/* Copies what decides the policy and the value from one reinforce agent to another of the same network: other estimators, firings or
 * lengths of a play meet the same parameters. */
int32_t lab_variance_copy(bern_agent *to, bern_agent *from, bern_error *e);

#endif
