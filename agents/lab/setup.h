/* setup.h: a small problem made ready: the laboratory's environment, a network, and the same network as the oracle knows it. Internal
 * to the laboratory. */
#ifndef BERN_LAB_SETUP_H
#define BERN_LAB_SETUP_H

#include "table.h"

#include <estimator.h>

/* A problem in words that a config takes. Zero or NULL: the default in brackets. */
typedef struct lab_problem {
	const char *hidden;  /* "3,2" */
	const char *units;   /* [binary] */
	const char *actions; /* [2] */
	int64_t head;        /* enum bern_head */
	int binary;          /* 1: the action's components are bits */
	size_t inputs;       /* [2] */
	size_t states;       /* [1] */
	size_t steps;        /* of an episode [1] */
	size_t firings;      /* [1] */
	double gamma;        /* [1] */
	double noise;        /* of rewards */
	int cut; /* 1: the time limit cuts a process that would go on for ever; gamma < 1 */
} lab_problem;

typedef struct lab_setup {
	lab_problem problem; /* defaults filled in */
	uint64_t seed;
	bern_registry *registry;
	bern_world world;
	const lab_table *table;
	lab_mdp mdp; /* of the table, with gamma, steps and tail */
	double tail[LAB_STATES];
	bern_arena arena;
	bern_network net;
	lab_net oracle;
	double params[LAB_PARAMS]; /* of both; each is a float */
	double exact[LAB_PARAMS];  /* dJ / d params by the oracle */
	double J;
	double gradient_size; /* largest |exact| */
} lab_setup;

/* Opens tables number `seed` and draws parameters from U(-1.5, 1.5). Says so if the network is larger than the oracle can do. The setup
 * must not be moved. */
int32_t lab_setup_init(lab_setup *setup, const lab_problem *problem, uint64_t seed, bern_error *e);
void lab_setup_finish(lab_setup *setup);

/* "bandit, 3,2 binary, 2 actions, K=2" */
void lab_problem_name(const lab_problem *problem, char *out, size_t size);

/* Computes J, exact and gradient_size anew, after params of the oracle were changed. */
void lab_setup_truth(lab_setup *setup);

#endif
