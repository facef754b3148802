/* marks.h: where the time of a training step goes.
 *
 * Code that learns tells, each time a part of its work is done; who listens reads a clock, which only the command line may.
 * Nothing that is computed depends on it.
 */
#ifndef BERN_MARKS_H
#define BERN_MARKS_H

/* The parts of a training step, in the order of their first time. */
enum bern_mark {
	BERN_MARK_STREAMS, /* fused: random streams and observations of a tile are taken, put back */
	BERN_MARK_INPUT,   /* observations become inputs */
	BERN_MARK_FORWARD,   /* activations and probabilities of the hidden layers */
	BERN_MARK_DRAW,      /* firings */
	BERN_MARK_HEAD,      /* policies, action, posterior */
	BERN_MARK_LAYERS,    /* fused: the three above at once */
	BERN_MARK_PHYSICS,   /* the environments step */
	BERN_MARK_OUTCOME,   /* rewards and flags are taken, with V at cuts */
	BERN_MARK_VALUES,    /* V of every row */
	BERN_MARK_CREDIT,    /* advantages */
	BERN_MARK_ESTIMATOR, /* the gradient */
	BERN_MARK_OPTIMIZER, /* clipping, the step */
	BERN_MARK_BASELINE,  /* the baseline learns */
	BERN_MARK_AGAIN,     /* all of the passes after the first, but for their firings */
	BERN_MARK_LOGS,      /* entropy, explained variance, firing rates, looks at the weights */
	BERN_MARK_COUNT
};

typedef struct bern_marks {
	void (*done)(void *user, int mark);
	void *user;
} bern_marks;

/* What was done since the last call was this part. marks NULL: nobody listens. */
static inline void bern_mark(const bern_marks *marks, int mark)
{
	if (marks)
		marks->done(marks->user, mark);
}

#endif
