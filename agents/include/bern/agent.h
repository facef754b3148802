/* bern/agent.h: agents that learn in lanes of an environment.
 *
 * An agent is made from a bern_agent_config for an opened environment. One call of learn() plays a few steps in every lane
 * and learns from them; act() chooses actions for evaluation without learning. The network of stochastic binary neurons is the
 * agent "reinforce"; the others are here for comparison and teaching.
 *
 * An agent belongs to one thread at a time; learn() may start others for itself (config.threads), and they step lanes. All memory is taken at create. Same config, seed and lanes: same bits.
 */
#ifndef BERN_AGENT_H
#define BERN_AGENT_H

#include <bern/lanes.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- options -------------------------------------------------------------------------------------- */

/* Everything that can be chosen about an agent. Fill with bern_agent_config_defaults, then set fields or use
 * bern_agent_config_set. Strings are owned by the config (fixed room), so it may be copied. */
#define BERN_LIST_TEXT 256
enum bern_units {
	BERN_UNITS_BINARY,             /* h ~ Bernoulli(sigmoid(a)) */
	BERN_UNITS_RELU,               /* max(0, a) */
	BERN_UNITS_TANH,               /* tanh(a) */
	BERN_UNITS_RECTIFIER,          /* max(0, a + z), z standard normal */
	BERN_UNITS_LOGISTIC_RECTIFIER, /* the same, z standard logistic */
	BERN_UNITS_SMOOTH,             /* b q, q = sqrt(sigmoid(a)), b ~ Bernoulli(q) */
	BERN_UNITS_GATED, /* b relu(e), b ~ Bernoulli(sigmoid(a)), e a unit of its own, computed where b = 1 */
	BERN_UNITS_COUNT
};
enum bern_head { BERN_HEAD_AUTO, BERN_HEAD_SOFTMAX, BERN_HEAD_BERNOULLI, BERN_HEAD_GAUSSIAN };
enum bern_baseline {
	BERN_BASELINE_NONE,
	BERN_BASELINE_MEAN,
	BERN_BASELINE_UNIT,
	BERN_BASELINE_LINEAR,
	BERN_BASELINE_MLP
};
enum bern_optimizer_kind { BERN_SGD, BERN_RMSPROP, BERN_ADAM };
enum bern_schedule { BERN_CONSTANT, BERN_LINEAR, BERN_COSINE };
enum bern_advantage_scale {
	BERN_SCALE_NONE,
	BERN_SCALE_BATCH,
	BERN_SCALE_RUNNING,
	BERN_SCALE_NVIL
};
enum bern_value_weighting { BERN_WEIGHTING_NONE, BERN_WEIGHTING_SCORE };

typedef struct bern_agent_config {
	char agent[BERN_LIST_TEXT]; /* name of a bern_agent_kind */
	/* the network */
	char hidden[BERN_LIST_TEXT]; /* units of each hidden layer: "64" or "64,32" */
	char units
		[BERN_LIST_TEXT]; /* kind of the hidden units, one for all layers or one for each */
	int64_t head;             /* enum bern_head */
	char estimator
		[BERN_LIST_TEXT]; /* name of a bern_estimator; "auto": firings, or backprop for relu and tanh */
	int64_t firings;       /* K */
	double temperature;    /* of the relaxed bits of the estimator gumbel */
	double firing_floor;   /* rectifiers above 0 less often get higher biases; 0: off */
	double init_deviation; /* initial deviation of BOX actions, in half ranges of their bounds */
	double init_first;     /* initial weights of the first layer are U(-x, x) */
	double init_later; /* those of later hidden layers U(-x/sqrt(fan-in), x/sqrt(fan-in)); 0: as
			      the units like it */
	double gate_target;  /* gated units: share of the gates to be open, inside (0, 1) */
	double gate_penalty; /* weight of the divergence of each gate's rate from it */
	char observation_scale
		[BERN_LIST_TEXT];       /* factors on the observation, one or O of them; "1" */
	int64_t normalize_observations; /* bool: running mean and deviation */
	int64_t stack;                  /* observations of the last steps that the network sees */
	int64_t recurrent;              /* bool: the first layer hears its own last firing */
	double init_latch;              /* initial weight from a unit to itself */
	/* baseline */
	int64_t baseline;     /* enum bern_baseline */
	int64_t value_hidden; /* units of the MLP's layer */
	int64_t value_passes; /* over each rollout */
	double value_learning_rate;
	int64_t value_weighting; /* enum bern_value_weighting */
	double value_init;       /* its first-layer weights are U(-x, x), biases U(-x/2, x/2) */
	/* learning */
	int64_t num_envs;  /* B lanes */
	int64_t num_steps; /* T steps an update */
	int64_t threads; /* that share the lanes out; 0: one for each processor. Any number gives the
			      same bits. */
	double gamma, gae_lambda;
	double learning_rate;
	int64_t schedule;  /* enum bern_schedule of both learning rates */
	int64_t optimizer; /* enum bern_optimizer_kind */
	double momentum;   /* SGD: heavy ball; Adam: beta 1 */
	double decay;      /* RMSProp: of the mean square; Adam: beta 2 */
	double epsilon_optimizer;
	int64_t fan_in_scaling; /* bool: smaller steps for wide layers */
	double binary_rate;     /* times the rate, for weights into binary units */
	int64_t centring;       /* bool: steps as if firings counted -1/2 and 1/2 */
	double max_grad_norm;   /* 0: no clipping */
	double entropy_coef;
	int64_t entropy_schedule; /* enum bern_schedule of entropy_coef */
	int64_t advantage_scale;  /* enum bern_advantage_scale */
	int64_t keep_discount;    /* bool: step t of an episode counts gamma^t */
	int64_t whole_episodes;   /* bool: an update is one episode of each lane */
	int64_t rollouts;         /* from each state, of "rloo" */
	int64_t sweeps;           /* of the Gibbs chain, of "gibbs" */
	double perturbation;      /* of "node-perturbation" and "spsa" */
	/* learning again from remembered steps; see refire.h */
	int64_t epochs; /* passes at each update, the first one over the firings as they were played */
	int64_t minibatches; /* optimiser steps in each of the others */
	int64_t replay;      /* steps of each lane that are remembered; 0: those of one rollout */
	double replay_ratio; /* older steps drawn in a pass for each new one */
	double clip_range;   /* of the importance ratio; 0: no clipping */
	/* learning at every step by eligibility traces; see eligibility.h */
	int64_t traces;       /* bool */
	int64_t signal_delay; /* steps until the error reaches the neurons */
	double signal_noise;  /* deviation of what is added to it */
	int64_t signal_sign;  /* bool: its sign alone */
	/* tables and bandits */
	double step_size; /* alpha; 0: sample average where that makes sense */
	double epsilon;   /* exploration of epsilon-greedy, Q-learning, Sarsa */
	double ucb_c;
	double initial_value;      /* optimistic starts */
	int64_t gradient_baseline; /* bool: gradient bandit subtracts the running mean */
	int64_t forget; /* bool: bandits start afresh in each episode, every lane by itself */
	uint64_t
		total_timesteps; /* the whole run, for schedules; set by the caller, not an option */
	/* processes that share the lanes out (ranks.h, internal to libbern), borrowed; NULL: this one alone. Set by the caller, not an
	 * option. Any number gives the same bits. */
	const struct bern_ranks *ranks;
} bern_agent_config;

/* One option: how a user names it, what it may be, and where it goes in a config struct. The same table is used for
 * parsing, help and files. */
typedef struct bern_option {
	bern_param param; /* bern/env.h */
	size_t offset; /* of the field: int64_t (INT, BOOL, CHOICE), double (REAL), char[BERN_LIST_TEXT] (TEXT) */
	const char *
		group; /* heading in the help: "network", "baseline", "learning", "tables and bandits" */
} bern_option;

extern const bern_option bern_agent_options[];
extern const size_t bern_agent_option_count;

/* Fills in what every option is if nobody sets it, as bern_agent_options says. */
void bern_agent_config_defaults(bern_agent_config *config);

/* Sets one option from text: checked by bern_param_parse; an unknown key is an error with a suggestion. */
int32_t bern_agent_config_set(bern_agent_config *config, const char *key, const char *text,
			      bern_error *e);

/* Both of the above for any config struct and table; the command line uses them for its own options too. */
void bern_options_defaults(const bern_option *options, size_t count, void *config);
int32_t bern_option_set(const bern_option *option, void *config, const char *text, bern_error *e);
/* Writes the field as text that bern_option_set reads back to the same value. */
void bern_option_get(const bern_option *option, const void *config, char *out, size_t size);

/* ---- agents --------------------------------------------------------------------------------------- */

enum bern_policy_mode {
	BERN_SAMPLED,    /* neurons fire, the action is drawn: the policy that was trained */
	BERN_MEAN_FIELD, /* hidden units pass p in place of h; the most probable action is taken */
	BERN_THRESHOLDED /* hidden units fire where p > 1/2; the most probable action is taken */
};

#define BERN_STATS_LAYERS 16

/* One number of a distribution: "fire_rate", "score" (h - p) or "weight" of a hidden layer, counted from 0; the weights of the output
 * belong to the layer behind the last. */
typedef void bern_take_number(void *user, const char *what, size_t layer, double x);

/* What learning said since it was last asked: sums and counts are the agent's; means are taken by the caller. NaN: not
 * known to this agent. */
typedef struct bern_learn_stats {
	uint64_t updates;
	double entropy;            /* of the action distribution, mean, nats */
	double value_loss;         /* mean squared error of the baseline */
	double explained_variance; /* 1 - Var(target - value) / Var(target) */
	double grad_norm;          /* of the policy, before clipping */
	double fire_rate;          /* mean over units and firings */
	double dead_fraction;      /* units that fired in under 1% of the last firings */
	double saturated_fraction; /* over 99% */
	double learning_rate;      /* now */
	double estimator_r2;       /* R^2 of what the estimator predicts */
	double grad_noise; /* std(g)/|mean g| of the gradients since it was last asked, as the optimiser got them */
	uint32_t
		layers; /* hidden layers, 0: none; the next three are (layers), of each by itself */
	double layer_fire_rate[BERN_STATS_LAYERS], layer_dead[BERN_STATS_LAYERS],
		layer_saturated[BERN_STATS_LAYERS];
} bern_learn_stats;

typedef struct bern_agent bern_agent; /* begins with its kind */
struct bern_inspector;

typedef struct bern_agent_kind {
	const char *name, *summary, *source;
	/* Makes an agent for `world`; says so if the agent cannot do with its spaces ("q-learning needs DISCRETE observations"). */
	int32_t (*create)(bern_agent **agent, const bern_agent_config *config,
			  const bern_world *world, uint64_t seed, bern_error *e);
	void (*destroy)(bern_agent *agent);
	/* Plays num_steps steps in every lane and learns from them. `lanes` is the same in every call and has been reset. */
	int32_t (*learn)(bern_agent *agent, bern_lanes *lanes, bern_error *e);
	/* Chooses actions for the lanes listed in `which` (count of them) without learning: reads lanes->obs, index and mask,
	 * draws for lane b from firing[b], writes actions (B, A): int32, or float where actions are BOX. memory (B, M) is what
	 * the agent carries from step to step, M = memory_size(): the caller's, zeroed where an episode starts; NULL if M is 0.
	 * May use the agent's scratch memory: same thread as learn. */
	void (*act)(bern_agent *agent, const bern_lanes *lanes, const size_t *which, size_t count,
		    int32_t mode, bern_firing_rng *firing, float *memory, void *actions);
	/* optional. M: floats of memory that act() needs for each lane. */
	size_t (*memory_size)(const bern_agent *agent);
	/* Writes the stats of the last learn calls and starts them anew. */
	void (*stats)(bern_agent *agent, bern_learn_stats *stats);
	/* optional. Hands over the firing rate of each hidden unit, h - p of the units that fire in the last step of each lane (first
	 * firing), and each weight, one distribution after another; changes nothing. Of several ranks rank 0 alone can, after all of
	 * them have called it with take NULL, which hands over nothing and is not needed otherwise. */
	void (*distributions)(const bern_agent *agent, bern_take_number *take, void *user);
	/* Registers what act() needs ("weights" and the like). */
	int32_t (*policy_tensors)(bern_agent *agent, bern_tensors *list, bern_error *e);
	/* Registers everything else that a resumed run needs; also the sums behind stats(), or its log would differ. */
	int32_t (*learner_tensors)(bern_agent *agent, bern_tensors *list, bern_error *e);
	/* optional. Fills in the table through which the viewer looks inside (inspect.h, internal to libbern). */
	int32_t (*inspect)(bern_agent *agent, struct bern_inspector *inspector, bern_error *e);
} bern_agent_kind;

struct bern_agent {
	const bern_agent_kind *kind;
};

/* All kinds, sorted by name. */
extern const bern_agent_kind *const bern_agent_kinds[];
extern const size_t bern_agent_kind_count;

/* Makes the agent that config->agent names; unknown: "did you mean". The world must outlive it. */
int32_t bern_agent_create(bern_agent **agent, const bern_agent_config *config,
			  const bern_world *world, uint64_t seed, bern_error *e);
void bern_agent_destroy(bern_agent *agent); /* NULL is fine */

/* ---- evaluation ----------------------------------------------------------------------------------- */

typedef struct bern_eval_plan {
	uint64_t episodes; /* N */
	uint64_t seed;
	int32_t mode; /* enum bern_policy_mode */
	int32_t is_look; /* 1: a look during training, streams (seed, LOOK_*, look, episode); 0: episode i has its
	                          environment seeded with plain seed + i, as Gymnasium's reset(seed=seed+i) */
	uint32_t look; /* number of the look */
	int32_t has_target; /* 1: stop as soon as the mean over N can no longer reach target (needs max_return) */
	double target;
	uint64_t
		max_episode_steps; /* an episode of an environment without a time limit is cut here; 0: never */
} bern_eval_plan;

typedef struct bern_eval_result {
	uint64_t episodes; /* finished; < N if given up */
	int32_t given_up;  /* 1: the target cannot be reached any more */
	uint64_t steps;    /* of the finished episodes */
	double mean, deviation, minimum,
		maximum; /* of the returns of the finished episodes; deviation with N-1 */
	double low,
		high; /* 95% interval of the mean (Student's t); NaN, like deviation, of one episode */
	double mean_length;
	double success;    /* fraction of episodes that ended TERMINATED, not merely cut */
	double *returns;   /* (N) if the caller gave room, else NULL; episode i at i */
	uint64_t *lengths; /* (N) likewise */
} bern_eval_result;

/* An evaluator keeps its lanes between looks. */
typedef struct bern_evaluator bern_evaluator;
int32_t bern_evaluator_create(bern_evaluator **out, const bern_world *world, bern_error *e);
void bern_evaluator_destroy(bern_evaluator *evaluator);

/* Plays a fixed set of episodes, each from its own seed whatever the number of lanes. result->returns and lengths must be set
 * (or NULL) by the caller; the rest is written. */
int32_t bern_evaluate(bern_evaluator *evaluator, bern_agent *agent, const bern_eval_plan *plan,
		      bern_eval_result *result, bern_error *e);

#ifdef __cplusplus
}
#endif

#endif
