/* table.h: the laboratory's environment: a small decision process whose tables are drawn from a seed. Internal to the laboratory.
 *
 * To an agent it is an environment like any other, through bern/env.h; to the oracle it is the tables themselves. A bandit has one
 * state and episodes of one step, a contextual bandit several states. Features, transitions and rewards are random; nothing about
 * them is special.
 */
#ifndef BERN_LAB_TABLE_H
#define BERN_LAB_TABLE_H

#include "oracle.h"

#include <bern/host.h>

typedef struct lab_table {
	lab_mdp mdp;               /* points into what follows */
	size_t inputs;             /* numbers of an observation */
	int32_t kind;              /* enum bern_space_kind of the action */
	uint32_t components;       /* of the action */
	int32_t sizes[LAB_GROUPS]; /* values of each component */
	double noise; /* rewards are the expected one plus or minus this, half the time each */
	float low[LAB_INPUTS], high[LAB_INPUTS];
	double x[LAB_STATES * LAB_INPUTS];
	double start[LAB_STATES];
	double next[LAB_STATES * LAB_ACTIONS * LAB_STATES];
	double reward[LAB_STATES * LAB_ACTIONS];
} lab_table;

/* "lab/Table-v0". Parameters: problem (number of the tables), states, inputs, actions ("2", "3", "2,3"; "2,2" with binary: true), binary,
 * steps (of an episode; 0: it goes on for ever), noise, offset (added to every reward). */
extern const bern_env lab_table_env;

/* The tables of an opened world of this environment. gamma and, for an episode without end, steps are left to the caller. */
const lab_table *lab_table_of(const bern_world *world);

/* Number of the joint action that an agent's action stands for. */
size_t lab_table_action(const lab_table *table, const int32_t *action);
/* The reverse. */
void lab_table_split(const lab_table *table, size_t joint, int32_t *action);

#endif
