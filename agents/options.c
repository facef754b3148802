#include <bern/agent.h>

#include <assert.h>
#include <inttypes.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the table ------------------------------------------------------------------------------------ */

static const char *const head_names[] = {"auto", "softmax", "bernoulli", "gaussian", NULL};
static const char *const baseline_names[] = {"none", "mean", "unit", "linear", "mlp", NULL};
static const char *const schedule_names[] = {"constant", "linear", "cosine", NULL};
static const char *const optimizer_names[] = {"sgd", "rmsprop", "adam", NULL};
static const char *const scale_names[] = {"none", "batch", "running", "nvil", NULL};
static const char *const weighting_names[] = {"none", "score", NULL};

/* an option of each type, its key, field, help, default and what is allowed */
#define AT(field) offsetof(bern_agent_config, field)
#define TEXT(key, field, help, fallback)                                                           \
	{                                                                                          \
		{key, help, BERN_TEXT, 0, fallback, 1, BERN_LIST_TEXT - 1, NULL}, AT(field), GROUP \
	}
#define CHOICE(key, field, help, fallback, names)                                                  \
	{                                                                                          \
		{key, help, BERN_CHOICE, 0, fallback, 0, 0, names}, AT(field), GROUP               \
	}
#define BOOL(key, field, help, fallback)                                                           \
	{                                                                                          \
		{key, help, BERN_BOOL, 0, fallback, 0, 0, NULL}, AT(field), GROUP                  \
	}
#define INT(key, field, help, fallback, min, max)                                                  \
	{                                                                                          \
		{key, help, BERN_INT, 0, fallback, min, max, NULL}, AT(field), GROUP               \
	}
#define REAL(key, field, help, fallback, min, max)                                                 \
	{                                                                                          \
		{key, help, BERN_REAL, 0, fallback, min, max, NULL}, AT(field), GROUP              \
	}

const bern_option bern_agent_options[] = {
#define GROUP "network"
	TEXT("agent", agent, "kind of agent", "reinforce"),
	TEXT("hidden", hidden, "units of each hidden layer, first to last, as 64 or 64,32", "64"),
	TEXT("units", units,
	     "binary, relu, tanh, rectifier, logistic-rectifier, smooth or gated; or one for each "
	     "layer",
	     "binary"),
	CHOICE("head", head,
	       "how actions are drawn: softmax, bernoulli (one unit, two actions), gaussian (BOX)",
	       "auto", head_names),
	TEXT("estimator", estimator,
	     "how the gradient is estimated; auto: firings, or backprop where no bits are drawn",
	     "auto"),
	INT("firings", firings,
	    "times the network fires at each step, with estimators that take more than one", "16",
	    1, 4096),
	REAL("temperature", temperature,
	     "of the relaxed bits of the estimator gumbel: small ones bias less and scatter more",
	     "1", 0.01, 100),
	REAL("firing_floor", firing_floor,
	     "biases of rectifiers that are above 0 in less than this part of firings rise; 0: off",
	     "0", 0, 1),
	REAL("init_first", init_first,
	     "first layer's initial weights and biases are uniform in -x..x", "1", 0, 1000),
	REAL("init_later", init_later,
	     "the same of later hidden layers, over sqrt(fan-in); 0: as the units like it", "0", 0,
	     1000),
	REAL("init_deviation", init_deviation,
	     "first deviation of BOX actions, in half the range between their bounds", "1", 1e-3,
	     1000),
	REAL("gate_target", gate_target,
	     "gated units: share of the gates to be open, above 0 and below 1", "0.1", -1e300,
	     1e300),
	REAL("gate_penalty", gate_penalty,
	     "gated units: weight of the divergence of each gate's rate from the target", "0.1", 0,
	     1e9),
	TEXT("observation_scale", observation_scale,
	     "factors on the observation: one for all numbers, or one for each, as 0.5,0.5,5,0.5",
	     "1"),
	BOOL("normalize_observations", normalize_observations,
	     "subtract the running mean of each observed number and divide by its deviation",
	     "false"),
	INT("stack", stack, "observations that the network sees: the last ones, now included", "1",
	    1, 4096),
	BOOL("recurrent", recurrent,
	     "the first layer hears its own last firing; with one firing a step", "false"),
	REAL("init_latch", init_latch,
	     "recurrent: initial weight from a unit to itself; high ones remember from the start",
	     "6", -1000, 1000),
#undef GROUP
#define GROUP "baseline"
	CHOICE("baseline", baseline,
	       "subtracted from the return: mean (running), unit (each its own), or a learned "
	       "value",
	       "mlp", baseline_names),
	INT("value_hidden", value_hidden, "hidden units of the mlp baseline", "32", 1, 65536),
	INT("value_passes", value_passes, "times the learned baseline goes over each rollout", "2",
	    1, 1000),
	REAL("value_learning_rate", value_learning_rate, "step size of the learned baseline",
	     "0.02", 0, 1000),
	CHOICE("value_weighting", value_weighting,
	       "what a row counts for the learned baseline: the same, or its squared score", "none",
	       weighting_names),
	REAL("value_init", value_init,
	     "initial weights of the mlp baseline's hidden layer are uniform in -x..x", "1", 0,
	     1000),
#undef GROUP
#define GROUP "learning"
	INT("num_envs", num_envs, "copies of the environment that are stepped together", "1", 1,
	    1048576),
	INT("num_steps", num_steps, "steps of each copy between updates", "8", 1, 1048576),
	INT("threads", threads,
	    "threads that share the copies out, 16 at a time; 0: one for each processor", "1", 0,
	    1024),
	REAL("gamma", gamma, "discount of a reward one step later", "0.99", 0, 1),
	REAL("gae_lambda", gae_lambda, "trace decay: 0 trusts the value, 1 the rewards alone",
	     "0.9", 0, 1),
	REAL("learning_rate", learning_rate, "step size of the policy", "0.02", 0, 1000),
	CHOICE("schedule", schedule,
	       "how step sizes fall to 0 over the run: the update that ends it moves nothing",
	       "constant", schedule_names),
	CHOICE("optimizer", optimizer, "rule that turns gradients into steps", "adam",
	       optimizer_names),
	REAL("momentum", momentum, "sgd: heavy ball; adam: decay of the mean gradient (beta 1)",
	     "0.9", 0, 0.9999),
	REAL("decay", decay, "rmsprop, adam: decay of the mean squared gradient (beta 2)", "0.999",
	     0, 0.99999),
	REAL("optimizer_epsilon", epsilon_optimizer,
	     "rmsprop, adam: added to the root mean squared gradient", "1e-8", 1e-20, 1),
	BOOL("fan_in_scaling", fan_in_scaling,
	     "smaller steps for weights into wide layers: times min(1, 16/fan-in)", "true"),
	REAL("binary_rate", binary_rate,
	     "weights into binary units learn at this many times the learning rate", "4", 0, 1000),
	BOOL("centring", centring, "steps as if neurons that fire said 1/2 and others -1/2",
	     "true"),
	REAL("max_grad_norm", max_grad_norm,
	     "longest gradient of the policy, longer ones are shortened; 0: no limit", "0", 0, 1e9),
	REAL("entropy_coef", entropy_coef, "reward for undecided actions, per nat of entropy", "0",
	     0, 1000),
	CHOICE("entropy_schedule", entropy_schedule,
	       "how entropy_coef falls to 0 over the run: explore first, decide later", "constant",
	       schedule_names),
	CHOICE("advantage_scale", advantage_scale,
	       "divides advantages: root mean square of the batch or running; nvil centres them "
	       "too",
	       "batch", scale_names),
	BOOL("keep_discount", keep_discount,
	     "weigh step t of an episode by gamma^t, as the exact gradient does", "false"),
	BOOL("whole_episodes", whole_episodes,
	     "an update is one episode of each copy; num_steps is the longest there may be",
	     "false"),
	INT("rollouts", rollouts, "rollouts from each state, of the estimator rloo", "2", 2, 64),
	INT("sweeps", sweeps, "Gibbs sweeps a step, of the estimator gibbs", "1", 1, 1000),
	REAL("perturbation", perturbation,
	     "deviation of the noise of node-perturbation; step to either side of spsa", "0.1",
	     1e-4, 10),
	INT("epochs", epochs,
	    "passes over the steps at each update; after the first one the network fires afresh",
	    "1", 1, 1000),
	INT("minibatches", minibatches, "optimiser steps in each pass after the first", "1", 1,
	    1048576),
	INT("replay", replay,
	    "steps of each copy to remember for passes after the first; 0: the newest num_steps",
	    "0", 0, 16777216),
	REAL("replay_ratio", replay_ratio,
	     "older steps drawn for each new one in passes after the first", "0", 0, 65536),
	REAL("clip_range", clip_range,
	     "leave out steps whose importance ratio is further from 1 (biased); 0: none", "0", 0,
	     1000),
	BOOL("traces", traces,
	     "learn at every step by eligibility traces of decay gamma gae_lambda; num_steps is 1",
	     "false"),
	INT("signal_delay", signal_delay, "traces: steps until the error reaches the neurons", "0",
	    0, 1000000),
	REAL("signal_noise", signal_noise, "traces: deviation of the noise on the error", "0", 0,
	     1e9),
	BOOL("signal_sign", signal_sign, "traces: neurons hear the sign of the error alone",
	     "false"),
#undef GROUP
#define GROUP "tables and bandits"
	REAL("step_size", step_size,
	     "of tables and bandits; 0: average of all samples, where that makes sense", "0.1", 0,
	     1000),
	REAL("epsilon", epsilon, "probability of a uniformly random action", "0.1", 0, 1),
	REAL("ucb_c", ucb_c, "width of the confidence bound of ucb, in units of reward", "2", 0,
	     1e9),
	REAL("initial_value", initial_value,
	     "first estimate of every action's value, in units of reward; high ones explore", "0",
	     -1e9, 1e9),
	BOOL("gradient_baseline", gradient_baseline,
	     "the gradient bandit subtracts the running mean reward", "true"),
	BOOL("forget", forget,
	     "bandits start afresh in each episode, every copy by itself: each is a new problem",
	     "false"),
#undef GROUP
};
const size_t bern_agent_option_count = sizeof bern_agent_options / sizeof bern_agent_options[0];

/* ---- setting and reading back --------------------------------------------------------------------- */

int32_t bern_option_set(const bern_option *option, void *config, const char *text, bern_error *e)
{
	char *field = (char *)config + option->offset;
	bern_value value;
	int32_t rc = bern_param_parse(&option->param, text, &value, e);
	if (rc)
		return rc;
	switch (option->param.type) {
	case BERN_REAL:
		memcpy(field, &value.r, sizeof value.r);
		break;
	case BERN_TEXT:
		/* the room of the field holds whatever the table allows */
		if (strlen(value.s) >= BERN_LIST_TEXT)
			return bern_fail(e, BERN_EUSAGE,
					 "%s: %zu characters are too many, %d are allowed",
					 option->param.key, strlen(value.s), BERN_LIST_TEXT - 1);
		memset(field, 0, BERN_LIST_TEXT);
		memcpy(field, value.s, strlen(value.s));
		break;
	default:
		memcpy(field, &value.i, sizeof value.i);
	}
	return BERN_OK;
}

/* The shortest of three: 15 digits read back what a user wrote, 17 any double. With a point, as bern_param_parse reads it,
 * whatever the program's locale writes. */
static void print_real(double x, char *out, size_t size)
{
	locale_t plain = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
	locale_t users = plain ? uselocale(plain) : (locale_t)0;
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(out, size, "%.*g", digits, x);
		if (strtod(out, NULL) == x)
			break;
	}
	if (plain) {
		uselocale(users);
		freelocale(plain);
	}
}

void bern_option_get(const bern_option *option, const void *config, char *out, size_t size)
{
	const char *field = (const char *)config + option->offset;
	int64_t i;
	double r;
	assert(out && size > 0);
	if (option->param.type == BERN_TEXT) {
		snprintf(out, size, "%s", field);
	} else if (option->param.type == BERN_REAL) {
		memcpy(&r, field, sizeof r);
		print_real(r, out, size);
	} else {
		memcpy(&i, field, sizeof i);
		if (option->param.type == BERN_CHOICE)
			snprintf(out, size, "%s", option->param.choices[i]);
		else if (option->param.type == BERN_BOOL)
			snprintf(out, size, "%s", i ? "true" : "false");
		else
			snprintf(out, size, "%" PRId64, i);
	}
}

void bern_options_defaults(const bern_option *options, size_t count, void *config)
{
	for (size_t i = 0; i < count; i++) {
		bern_error e;
		int32_t rc = bern_option_set(&options[i], config, options[i].param.fallback, &e);
		assert(rc == BERN_OK);
		(void)rc;
	}
}

void bern_agent_config_defaults(bern_agent_config *config)
{
	memset(config, 0, sizeof *config);
	bern_options_defaults(bern_agent_options, bern_agent_option_count, config);
}

int32_t bern_agent_config_set(bern_agent_config *config, const char *key, const char *text,
			      bern_error *e)
{
	const char *keys[sizeof bern_agent_options / sizeof bern_agent_options[0]];
	char hint[128];
	for (size_t i = 0; i < bern_agent_option_count; i++) {
		keys[i] = bern_agent_options[i].param.key;
		if (strcmp(keys[i], key) == 0)
			return bern_option_set(&bern_agent_options[i], config, text, e);
	}
	return bern_fail(e, BERN_EUSAGE, "%s: there is no such option of an agent%s", key,
			 bern_suggest(key, keys, bern_agent_option_count, hint, sizeof hint));
}
