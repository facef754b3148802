/* inspect.h: how the viewer reads an agent without knowing agents/. Internal to libbern.
 *
 * A bern_inspector is a table that an agent fills in: which layers it has, and act(), which chooses an action for one lane as the
 * agent's own act() would, from the same random numbers, without learning, and writes down all that happened inside: a
 * bern_moment. Layers, units and offsets stay the same while the inspector lives; weights are read where the agent keeps them, so
 * that reading a checkpoint into the agent shows at once. An agent without neurons has no layers and offers what it has: the
 * worth of each action. Whoever plays without an agent takes bern_inspect_random.
 *
 * The policy is played with one firing, which is the same policy as that of K firings and what `bern eval` does. K firings are
 * looked at all the same: K - 1 more are fired beside it from a stream of their own, and the one that acted is put at a place
 * drawn by chance. So firings and action have the distribution that they have in training, and so has the posterior.
 */
#ifndef BERN_INSPECT_H
#define BERN_INSPECT_H

#include "arena.h"

#include <bern/lanes.h>

#define BERN_INSPECT_LAYERS 18 /* hidden ones and the output */

/* How neurons decide: the same numbers as enum bern_policy_mode. */
enum bern_inspect_mode {
	BERN_INSPECT_SAMPLED,     /* neurons fire, the action is drawn */
	BERN_INSPECT_MEAN_FIELD,  /* hidden units pass p in place of h; the most probable action */
	BERN_INSPECT_THRESHOLDED, /* hidden units fire where p > 1/2; the most probable action */
	BERN_INSPECT_MODES
};

/* A layer of units, hidden ones first, the output last. */
typedef struct bern_inspect_layer {
	char name[24];    /* "layer 1", "output" */
	const char *kind; /* "binary", "tanh", ...; output: "softmax", "bernoulli", "gaussian" */
	size_t inputs, units; /* I, J of this layer */
	int32_t fires;     /* 1: units are bits h that fire with probability p; 0: they put out p */
	int32_t each_p;    /* 1: p differs between the K firings; 0: one row for all */
	size_t first_unit; /* of all hidden units, counted through the layers */
	size_t first_p;    /* offset into moment.p of (K, J), or (1, J) */
	size_t first_h;    /* offset into moment.h of (K, J); layers that fire only */
} bern_inspect_layer;

/* What happened inside the agent in one step. */
typedef struct bern_moment {
	int32_t mode;     /* enum bern_inspect_mode */
	int32_t firings;  /* rows filled of the K: 1 where nothing is drawn */
	int32_t speaker;  /* the firing that acted; -1: there are none */
	float value;      /* V(s); NaN: the agent has none */
	float *x;         /* (I) what the first layer saw */
	float *p;         /* (p_count) firing probabilities, or outputs, by the layers' first_p */
	uint8_t *h;       /* (h_count) firings by the layers' first_h; thresholded: p > 1/2 */
	float *posterior; /* (K) which firing spoke, given the action that the agent chose */
	float *chance; /* (V) probability of each value of the action, see choice_count; NaN: not known */
	float *each;  /* (K, V) the same in each firing; BOX: (K, D) the means */
	float *worth; /* (V) what each value is expected to bring; NaN: not known */
	float *real;  /* (2, D) BOX actions: means and deviations, as the environment takes them */
} bern_moment;

typedef struct bern_inspector {
	void *self;         /* owned, ended by finish */
	const char *agent;  /* "reinforce", "random", ...; borrowed */
	size_t layer_count; /* 0: no neurons */
	bern_inspect_layer layer[BERN_INSPECT_LAYERS];
	size_t hidden;                       /* layers but the output */
	size_t inputs;                       /* I = stack * observation + feedback */
	size_t observation, stack, feedback; /* O numbers, how many frames, units heard again */
	size_t firings;                      /* K, at least 1 */
	size_t unit_count;                   /* hidden units of all layers */
	size_t p_count, h_count;             /* numbers in moment.p and moment.h */
	/* V values of the action: DISCRETE: its values; MULTI_BINARY: P(1) of each element; MULTI_DISCRETE: the values of element 0,
	 * then of element 1, ...; BOX: 0 */
	size_t choice_count;
	size_t real_count; /* D of a BOX, else 0 */
	size_t memory_size; /* M floats that the agent carries from step to step, 0 where an episode starts */
	double gamma; /* the agent's discount */
	int32_t has_value, has_chance, has_worth;

	/* Chooses an action (A: int32, or float of a BOX) for the first lane from lanes->obs, index and mask. Draws what the agent's
	 * act() would draw from `firing`, and from `others` for the firings that are only looked at. memory (M) moves on, or NULL.
	 * Writes all of the moment. */
	void (*act)(void *self, const bern_lanes *lanes, int32_t mode, bern_firing_rng *firing,
		    bern_firing_rng *others, float *memory, void *action, bern_moment *moment);
	/* Weights (inputs, units) and biases (units) of a layer, borrowed; of a gated layer those of its gates. NULL without layers. */
	const float *(*weights)(const void *self, size_t layer);
	const float *(*biases)(const void *self, size_t layer);
	void (*finish)(void *self); /* optional */
} bern_inspector;

/* Sets what follows from the layers (first_unit, first_p, first_h, counts) and from the world's actions. */
void bern_inspect_lay_out(bern_inspector *inspector, const bern_world *world);

/* An inspector of no agent: allowed actions, all equally likely; numbers of a BOX uniform between their bounds, or in -1 .. 1
 * beyond a missing one. */
int32_t bern_inspect_random(bern_inspector *inspector, const bern_world *world, bern_error *e);

void bern_inspect_finish(bern_inspector *inspector); /* NULL and zeroed ones are fine */

/* Takes the arrays of a moment; arena_check tells if that failed. */
void bern_moment_init(bern_moment *moment, bern_arena *arena, const bern_inspector *inspector);

/* Marks everything as not known: NaN, no firings. What act() functions begin with. */
void bern_moment_clear(bern_moment *moment, const bern_inspector *inspector);

/* Mean over the moment's firings of p, and of h (of p where nothing fires), of hidden unit j of a layer. */
float bern_moment_p(const bern_moment *moment, const bern_inspector *inspector, size_t layer,
		    size_t j);
float bern_moment_h(const bern_moment *moment, const bern_inspector *inspector, size_t layer,
		    size_t j);

/* p and h in firing k. */
static inline float bern_moment_p_of(const bern_moment *moment, const bern_inspect_layer *layer,
				     size_t k, size_t j)
{
	return moment->p[layer->first_p + (layer->each_p ? k * layer->units : 0) + j];
}

static inline int bern_moment_h_of(const bern_moment *moment, const bern_inspect_layer *layer,
				   size_t k, size_t j)
{
	return layer->fires && moment->h[layer->first_h + k * layer->units + j];
}

#endif
