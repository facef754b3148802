/* branches.h: what would have come of another firing.
 *
 * The state of an environment is plain bytes and its stream is the host's, so a lane can be cloned, some neurons turned over, and the
 * clone played on with the very draws that the lane is about to make (common random numbers). Estimators that compare such
 * returns (ARM, DisARM, LEG, RLOO, SPSA) share this file. A branch plays to the end of the running play or of its episode, and
 * its return ends in the learned baseline's value where the future is cut, as that of the lane itself. The steps of branches
 * are environment steps and are counted with those of the lanes.
 */
#ifndef BERN_BRANCHES_H
#define BERN_BRANCHES_H

#include "estimator.h"

typedef struct bern_branches {
	bern_lanes lanes; /* (1), manual; owned: bern_branches_finish */
	int made;         /* 1: the lanes are */
	double gamma;
	bern_network net;  /* the same parameters and scratch, one firing */
	bern_trace trace;  /* row 0: the step where a branch leaves the lane; row 1: those after */
	bern_rng rng;      /* what the estimator itself draws */
	size_t hidden;     /* units of all hidden layers */
	float *credit;     /* (rows of a play, hidden), see credit.h */
	double *u;         /* (largest layer) scratch */
	uint8_t *other[2]; /* (largest layer) scratch: two firings of one layer */
} bern_branches;

/* rows: for how many rows of a play credits are kept; 0: none. Refuses recurrent networks and BOX actions. */
int32_t bern_branches_init(bern_branches *branches, bern_arena *arena,
			   const bern_estimator_setting *setting, size_t rows, bern_error *e);
void bern_branches_finish(bern_branches *branches);
int32_t bern_branches_tensors(bern_branches *branches, bern_tensors *list, bern_error *e);

/* Copies a row of a trace, all a network with one firing leaves there. */
void bern_copy_row(const bern_network *net, bern_trace *to, size_t to_row, const bern_trace *from,
		   size_t from_row);

/* A clone of the lane acts with the firing in row 0: layers below `from` as they stand there, those from `from` on fire anew, with
 * draws from a copy of `firing`. Then it plays on. *result: sum of gamma^i reward, and gamma^n V where the future is cut. */
int32_t bern_branches_return(bern_branches *branches, bern_play *play, size_t lane, size_t from,
			     const bern_firing_rng *firing, double *result, bern_error *e);

/* Draws for each unit of layer l a uniform u, into branches->u, and the two firings other[0] = 1[u > 1 - p] and other[1] = 1[u < p];
 * then result[0] and [1] are the returns of branches with each in place of the lane's own. */
int32_t bern_branches_antithetic(bern_branches *branches, bern_play *play, size_t lane, size_t l,
				 double result[2], bern_error *e);

/* init(), tensors() and finish() of estimators whose whole memory is a bern_branches with credits. */
int32_t bern_branches_start(void *memory, bern_arena *arena, const bern_estimator_setting *setting,
			    bern_error *e);
int32_t bern_branches_save(void *memory, bern_tensors *list, bern_error *e);
void bern_branches_end(void *memory);

/* accumulate() of the estimators whose memory begins with bern_branches. */
void bern_branches_accumulate(const bern_network *net, const bern_trace *trace, const size_t *rows,
			      size_t count, const bern_signal *signal, bern_workspace *work,
			      float *gradient);

/* An estimator whose play hook fills branches->credit. */
#define BERN_BRANCHING_ESTIMATOR(name_, summary_, source_, cost_, play_)                           \
	const bern_estimator bern_estimator_##name_ = {                                            \
		.name = #name_,                                                                    \
		.summary = summary_,                                                               \
		.source = source_,                                                                 \
		.cost = cost_,                                                                     \
		.unbiased = 1,                                                                     \
		.needs = BERN_NEEDS_BINARY | BERN_NEEDS_CLONES,                                    \
		.memory_size = sizeof(bern_branches),                                              \
		.init = bern_branches_start,                                                       \
		.finish = bern_branches_end,                                                       \
		.tensors = bern_branches_save,                                                     \
		.play = play_,                                                                     \
		.accumulate = bern_branches_accumulate,                                            \
		.shared = 1,                                                                       \
	}

#endif
