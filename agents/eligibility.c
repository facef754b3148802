#include "eligibility.h"

#include <bern/math.h>
#include <string.h>

static int32_t check_signal(const bern_agent_config *config, bern_error *e)
{
	const char *idle = config->signal_delay > 0     ? "signal_delay"
			   : config->signal_noise > 0.0 ? "signal_noise"
			   : config->signal_sign        ? "signal_sign"
							: NULL;
	if (idle)
		return bern_fail(e, BERN_EUSAGE,
				 "%s: it is about the signal that eligibility traces wait for; "
				 "traces must be true",
				 idle);
	return 0;
}

int32_t bern_eligibility_check(const bern_agent_config *config, const bern_estimator *estimator,
			       bern_error *e)
{
	if (!config->traces)
		return check_signal(config, e);
	if (config->num_steps != 1)
		return bern_fail(e, BERN_EUSAGE,
				 "num_steps: with traces every step is an update; allowed: 1, and "
				 "not %lld",
				 (long long)config->num_steps);
	if (config->epochs > 1 || config->whole_episodes)
		return bern_fail(e, BERN_EUSAGE,
				 "%s: with traces no step is kept for later; allowed: %s",
				 config->epochs > 1 ? "epochs" : "whole_episodes",
				 config->epochs > 1 ? "1" : "false");
	if (config->baseline == BERN_BASELINE_MEAN || config->baseline == BERN_BASELINE_UNIT)
		return bern_fail(
			e, BERN_EUSAGE,
			"baseline: traces wait for the error of a value of states; allowed "
			"with them: none, linear, mlp");
	if (config->advantage_scale == BERN_SCALE_BATCH)
		return bern_fail(e, BERN_EUSAGE,
				 "advantage_scale: a batch of one step would leave the sign alone; "
				 "allowed with traces: none, running");
	/* its running mean would be taken off what the traces of earlier steps hear too */
	if (config->advantage_scale == BERN_SCALE_NVIL)
		return bern_fail(e, BERN_EUSAGE,
				 "advantage_scale: nvil takes a mean off the error that the value "
				 "already takes off; allowed with traces: none, running");
	if (estimator->memory_size || estimator->play || (estimator->needs & BERN_NEEDS_ROLLOUTS))
		return bern_fail(e, BERN_EUSAGE,
				 "traces: the estimator %s asks for more than a step and its "
				 "firings, and a trace of scores has no more",
				 estimator->name);
	return 0;
}

int32_t bern_eligibility_init(bern_eligibility *traces, bern_arena *arena,
			      const bern_agent_config *config, const bern_network *net,
			      const bern_value_function *value, uint64_t seed, bern_error *e)
{
	size_t B = (size_t)config->num_envs, D = (size_t)config->signal_delay;
	*traces = (bern_eligibility){.config = config,
				     .lanes = B,
				     .params = net->param_count,
				     .value_params = value->param_count};
	traces->policy = bern_arena_take(arena, B, traces->params * sizeof(float));
	traces->value = bern_arena_take(arena, B, traces->value_params * sizeof(float));
	traces->scratch = bern_arena_take(arena, traces->value_params, sizeof(float));
	traces->pending = bern_arena_take(arena, B, D * sizeof(double));
	traces->noise = bern_arena_take(arena, 1, sizeof *traces->noise);
	traces->error = bern_arena_take(arena, B, sizeof(float));
	traces->weight = bern_arena_take(arena, B, sizeof(float));
	traces->zero = bern_arena_take(arena, B, sizeof(float));
	int32_t failed = bern_arena_check(arena, e);
	if (failed)
		return failed;
	for (size_t b = 0; b < B; b++)
		traces->weight[b] = 1.0f;
	/* lane 2: lanes 0 and 1 are drawn from by others who learn */
	bern_rng_stream(traces->noise, seed,
			(bern_stream_key){.purpose = BERN_FOR_LEARNING, .lane = 2});
	return 0;
}

double bern_eligibility_hear(bern_eligibility *traces, size_t b, double error, int ended)
{
	const bern_agent_config *config = traces->config;
	size_t D = (size_t)config->signal_delay;
	double *pending = traces->pending + b * D, signal = error;
	if (config->signal_noise > 0.0)
		signal += config->signal_noise * bern_normal(traces->noise);
	if (config->signal_sign)
		signal = (signal > 0.0) - (signal < 0.0);
	if (D == 0)
		return signal;
	double now = pending[0];
	memmove(pending, pending + 1, (D - 1) * sizeof *pending);
	pending[D - 1] = signal;
	if (ended) {
		double decay = 1.0;
		for (size_t i = 0; i < D; i++) {
			decay *= config->gamma * config->gae_lambda;
			now += decay * pending[i];
			pending[i] = 0.0;
		}
	}
	return now;
}

static void decay(float *trace, float factor, size_t count)
{
	for (size_t i = 0; i < count; i++)
		trace[i] *= factor;
}

static void add_times(float *sum, const float *trace, float factor, size_t count)
{
	for (size_t i = 0; i < count; i++)
		sum[i] += factor * trace[i];
}

void bern_eligibility_step(bern_eligibility *traces, const bern_estimator *estimator,
			   const bern_network *net, const bern_trace *trace,
			   bern_value_function *value, const bern_signal *signal,
			   const uint32_t *flags, bern_workspace *work, float *gradient)
{
	size_t P = traces->params, V = traces->value_params, O = net->layer[0].inputs;
	float factor = (float)(traces->config->gamma * traces->config->gae_lambda);
	bern_signal score = {.advantage = traces->weight, .scale = 1.0f};
	bern_signal bonus = *signal;
	bonus.advantage = traces->zero; /* the bonus is of this step, not of what follows */
	memset(gradient, 0, P * sizeof(float));
	memset(value->gradient, 0, V * sizeof(float));
	for (size_t b = 0; b < traces->lanes; b++) {
		float *e_policy = traces->policy + b * P, *e_value = traces->value + b * V;
		decay(e_policy, factor, P);
		estimator->accumulate(net, trace, &b, 1, &score, work, e_policy);
		add_times(gradient, e_policy, signal->scale * signal->advantage[b], P);
		if (signal->entropy_coef != 0.0f)
			estimator->accumulate(net, trace, &b, 1, &bonus, work, gradient);
		if (V > 0) {
			decay(e_value, factor, V);
			bern_value_gradient(value, trace->x + b * O, traces->scratch);
			net->kernels->add(e_value, traces->scratch, V);
			add_times(value->gradient, e_value, signal->scale * traces->error[b], V);
		}
		if (flags[b]) {
			memset(e_policy, 0, P * sizeof(float));
			memset(e_value, 0, V * sizeof(float));
		}
	}
}

int32_t bern_eligibility_tensors(bern_eligibility *traces, bern_tensors *list, bern_error *e)
{
	uint64_t B = traces->lanes, D = (uint64_t)traces->config->signal_delay;
	int32_t failed = bern_tensors_add(list, BERN_T_F32, traces->policy, B, traces->params, e,
					  "traces.policy");
	if (!failed && traces->value_params)
		failed = bern_tensors_add(list, BERN_T_F32, traces->value, B, traces->value_params,
					  e, "traces.value");
	if (!failed && D)
		failed = bern_tensors_add(list, BERN_T_F64, traces->pending, B, D, e,
					  "traces.pending");
	if (!failed)
		failed = bern_tensors_add(list, BERN_T_U64, traces->noise,
					  sizeof *traces->noise / sizeof(uint64_t), 0, e,
					  "streams.signal");
	return failed;
}
