/* oracle.h: the exact gradient of a small network's expected return, by enumeration. Internal to the laboratory.
 *
 * Shares no code with the networks and estimators it judges: a network is plain lists of doubles here, and derivatives are carried
 * forward beside the values (dual numbers), never propagated back. Every outcome of every hidden unit is visited, so a network
 * may have only a few of them; noise that is continuous is integrated by Gauss-Legendre quadrature.
 */
#ifndef BERN_LAB_ORACLE_H
#define BERN_LAB_ORACLE_H

#include <stddef.h>
#include <stdint.h>

#define LAB_LAYERS  3
#define LAB_UNITS   16  /* of a layer */
#define LAB_INPUTS  8   /* numbers of an observation */
#define LAB_PARAMS  256 /* of a network */
#define LAB_GROUPS  3   /* components of an action */
#define LAB_ACTIONS 16  /* joint values of an action */
#define LAB_STATES  8

#define LAB_MOST_BITS 20 /* enumerated at once */

/* What a hidden unit does with its activation a. */
enum lab_unit {
	LAB_BINARY,             /* 1 with probability p = sigmoid(a), else 0 */
	LAB_RELU,               /* max(0, a) */
	LAB_TANH,               /* tanh(a) */
	LAB_RECTIFIER,          /* max(0, a + z), z standard normal */
	LAB_LOGISTIC_RECTIFIER, /* the same, z standard logistic */
	LAB_SMOOTH              /* sqrt(p) with probability sqrt(p), else 0 */
};

/* Parameters as bern_network lays them out: for each layer weights (inputs, units), then biases (units), output last. */
typedef struct lab_net {
	size_t inputs, depth;
	size_t units[LAB_LAYERS];
	int32_t kind[LAB_LAYERS]; /* enum lab_unit */
	size_t group_count;
	size_t group[LAB_GROUPS]; /* logits of each component; 1: a Bernoulli unit of two values */
	const double *params;     /* borrowed */
} lab_net;

/* A finite decision process: S states, A joint actions, the last component of an action running fastest. Arrays are borrowed. */
typedef struct lab_mdp {
	size_t states, actions;
	const double *x;      /* (S, inputs) what the network sees */
	const double *start;  /* (S) */
	const double *next;   /* (S, A, S) */
	const double *reward; /* (S, A) expected */
	double gamma;
	size_t steps;       /* T of an episode */
	const double *tail; /* (S) worth of the state after the last step, a constant; NULL: 0 */
} lab_mdp;

size_t lab_net_params(const lab_net *net);
size_t lab_net_actions(const lab_net *net);
/* Units that fire or not, of all layers. */
size_t lab_net_bits(const lab_net *net);

/* pi (A): the policy at x, averaged over all that the hidden units may do; slope (A, P), unless NULL: its derivatives. */
void lab_oracle_policy(const lab_net *net, const double *x, double *pi, double *slope);

/* Returns J = E[sum over t < T of gamma^t r_t (+ gamma^T tail)]; gradient (P), unless NULL: dJ / d params, with gamma^t kept. */
double lab_oracle_return(const lab_net *net, const lab_mdp *mdp, double *gradient);

/* The value of each state when the policy goes on for ever, gamma < 1: V = r + gamma P V, iterated until nothing changes. */
void lab_oracle_value(const lab_net *net, const lab_mdp *mdp, double *value);

#endif
