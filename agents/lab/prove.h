/* prove.h: the proof that an estimator is what it claims to be. Internal to the laboratory.
 *
 * Each estimator meets a list of small random problems. Where its own noise is finite the proof is exact: every firing, action, reward and
 * next state is enumerated, once through the very code that trains (float32, within a bound that is derived), and once through
 * its reference in double if it has one (1e-12). Otherwise, and for every estimator in addition, the agent plays as it does in training
 * and a t test of each parameter, Bonferroni-corrected, judges the mean of its estimates; the smallest bias that it could have
 * seen is told. The controls of controls.h, which are wrong, must be found out by the same procedures.
 */
#ifndef BERN_LAB_PROVE_H
#define BERN_LAB_PROVE_H

#include "setup.h"

enum lab_way {
	LAB_EXACT,   /* enumerated, the code that trains */
	LAB_DOUBLE,  /* enumerated, a reference in double */
	LAB_SAMPLED, /* sampled, the agent that trains */
	LAB_RECORDED /* numbers recorded elsewhere */
};

enum lab_claim { LAB_CLAIMS_UNBIASED, LAB_CLAIMS_NOTHING, LAB_CONTROL };

/* One proof: a row of the table. */
typedef struct lab_proof {
	char subject[64], problem[128];
	int32_t way, claim;
	int biased;     /* the verdict */
	int failed;     /* the verdict is not what was claimed */
	double size;    /* of the exact gradient: its largest number */
	double off;     /* largest |mean - exact| */
	double allowed; /* exact: what rounding may do; sampled: the bias of one number that was seen with the power asked for */
	double variance; /* total, of one estimate; NaN: not known */
	double paths;    /* exact: how many were enumerated; sampled: estimates drawn */
	double t, limit; /* sampled */
} lab_proof;

typedef struct lab_plan {
	uint64_t seed;
	size_t max_bits; /* that are enumerated at once, LAB_MOST_BITS at most */
	double alpha;    /* probability that a sampled proof rejects an estimator that is right */
	double power;    /* probability that it rejects a bias of the size told */
	double bias;     /* wanted: this share of the largest number of the gradient */
	size_t samples;  /* at most, a sampled proof */
	const char *const *names; /* (name_count) estimators and controls; none: all */
	size_t name_count;
	/* one more, not of the list, proved by enumeration alone; may be NULL */
	const bern_estimator *planted;
	/* called for every proof; may be NULL */
	void (*row)(void *user, const lab_proof *proof);
	void *user;
} lab_plan;

typedef struct lab_outcome {
	size_t proofs, failed;
	size_t controls, rejected; /* controls, and how many of them were found out */
} lab_outcome;

/* Proves all that the plan names. An unknown name, or more bits than allowed, is an error with a sentence. */
int32_t lab_prove(const lab_plan *plan, lab_outcome *outcome, bern_error *e);

/* How often a sampled proof of an estimator that is right rejects it: counts over seeds seed .. seed + count - 1, each with `samples`
 * estimates of a small bandit through the agent. */
int32_t lab_false_alarms(const char *estimator, uint64_t seed, size_t count, size_t samples,
			 double alpha, size_t *alarms, bern_error *e);

#endif
