#include "refire.h"

#include <bern/math.h>
#include <math.h>
#include <string.h>

/* Steps of a pass over a rollout of `rows` steps. */
static double pass_rows(const bern_agent_config *config)
{
	double rows = (double)config->num_steps * (double)config->num_envs;
	return rows + floor(config->replay_ratio * rows);
}

int32_t bern_refire_check(const bern_agent_config *config, const bern_estimator *estimator,
			  bern_error *e)
{
	const char *idle = config->minibatches > 1      ? "minibatches"
			   : config->replay > 0         ? "replay"
			   : config->replay_ratio > 0.0 ? "replay_ratio"
			   : config->clip_range > 0.0   ? "clip_range"
							: NULL;
	if (config->epochs == 1 && idle)
		return bern_fail(e, BERN_EUSAGE,
				 "%s: it is about passes after the first one, and epochs is 1; "
				 "epochs must be at least 2",
				 idle);
	if (config->replay > 0 && config->replay < config->num_steps)
		return bern_fail(e, BERN_EUSAGE,
				 "replay: %lld steps have no room for a rollout; allowed: 0, or at "
				 "least num_steps = %lld",
				 (long long)config->replay, (long long)config->num_steps);
	if (config->replay_ratio > 0.0 && config->replay <= config->num_steps)
		return bern_fail(e, BERN_EUSAGE,
				 "replay_ratio: no older step is remembered; replay must be more "
				 "than num_steps = %lld",
				 (long long)config->num_steps);
	if ((double)config->minibatches > pass_rows(config))
		return bern_fail(e, BERN_EUSAGE,
				 "minibatches: a pass of %.0f steps has no %lld parts; allowed: 1 "
				 "to %.0f",
				 pass_rows(config), (long long)config->minibatches,
				 pass_rows(config));
	if (config->epochs > 1 &&
	    (estimator->memory_size || estimator->play || (estimator->needs & BERN_NEEDS_ROLLOUTS)))
		return bern_fail(e, BERN_EUSAGE,
				 "epochs: the estimator %s asks for more than a step and its "
				 "firings, and passes after the first have no more; allowed with "
				 "it: 1",
				 estimator->name);
	if (config->epochs > 1 && config->baseline == BERN_BASELINE_UNIT)
		return bern_fail(
			e, BERN_EUSAGE,
			"baseline: unit is of the firings while playing, and epochs of %lld "
			"fire again; allowed with it: none, mean, linear, mlp",
			(long long)config->epochs);
	return 0;
}

int32_t bern_refire_init(bern_refire *refire, bern_arena *arena, const bern_agent_config *config,
			 const bern_network *net, int masked, uint64_t seed, bern_error *e)
{
	size_t T = (size_t)config->num_steps, B = (size_t)config->num_envs;
	size_t S = (size_t)config->replay > T ? (size_t)config->replay : T;
	size_t M = (size_t)config->minibatches;
	*refire = (bern_refire){.config = config};
	if (pass_rows(config) > 1e15)
		return bern_fail(e, BERN_EMEMORY, "replay_ratio: a pass of %g steps is too much",
				 pass_rows(config));
	size_t most = (size_t)pass_rows(config);
	refire->batch_rows = most / M + (most % M > 0);
	int32_t failed = bern_replay_init(&refire->replay, arena, net, B, S, masked, e);
	if (!failed)
		failed = bern_trace_init(&refire->batch, arena, net, refire->batch_rows, e);
	if (failed)
		return failed;
	size_t O = net->layer[0].inputs;
	refire->end_x = bern_arena_take(arena, T, B * O * sizeof(float));
	refire->mask = masked ? bern_arena_take(arena, T, B * net->head.logits) : NULL;
	refire->weight = bern_arena_take(arena, T, B * sizeof(float));
	refire->last_x = bern_arena_take(arena, B, O * sizeof(float));
	refire->drawn = bern_arena_take(arena, most, sizeof(size_t));
	refire->advantage = bern_arena_take(arena, refire->batch_rows, sizeof(float));
	refire->target = bern_arena_take(arena, refire->batch_rows, sizeof(float));
	refire->stream = bern_arena_take(arena, 1, sizeof *refire->stream);
	failed = bern_arena_check(arena, e);
	for (size_t r = 0; !failed && r < T * B; r++)
		refire->weight[r] = 1.0f;
	/* lane 1: agents that have no replay draw from lane 0 */
	if (!failed)
		bern_firing_rng_stream(refire->stream, seed,
				       (bern_stream_key){.purpose = BERN_FOR_LEARNING, .lane = 1});
	return failed;
}

void bern_refire_remember(bern_refire *refire, const bern_network *net, const bern_trace *trace,
			  const float *reward, const uint32_t *flags, size_t steps)
{
	bern_replay *replay = &refire->replay;
	size_t O = replay->inputs, C = replay->components, R = steps * replay->lanes;
	size_t K = trace->firings, N = net->head.logits, at = bern_replay_append(replay, steps);
	memcpy(replay->x + at * O, trace->x, R * O * sizeof(float));
	memcpy(replay->action + at * C, trace->action, R * C * sizeof(int32_t));
	if (replay->mask)
		memcpy(replay->mask + at * N, refire->mask, R * N);
	memcpy(replay->reward + at, reward, R * sizeof(float));
	memcpy(replay->flags + at, flags, R * sizeof(uint32_t));
	memcpy(replay->weight + at, refire->weight, R * sizeof(float));
	for (size_t r = 0; r < R; r++) {
		replay->log_mu[at + r] = bern_head_log_mixture(&net->head, trace->pi + r * K * N,
							       trace->action + r * C, K);
		replay->ratio[at + r] = 1.0f;
		/* nothing of rollouts before stays where no time limit cut, or a resumed run would differ */
		if (flags[r] == BERN_TRUNCATED)
			memcpy(replay->end_x + (at + r) * O, refire->end_x + r * O,
			       O * sizeof(float));
		else
			memset(replay->end_x + (at + r) * O, 0, O * sizeof(float));
	}
}

void bern_refire_forget(bern_refire *refire)
{
	*refire->replay.filled = 0;
}

static size_t below(bern_draws *draws, size_t n)
{
	uint64_t high = bern_draw(draws);
	if (n <= UINT32_MAX)
		return (size_t)(high * n >> 32);
	return (size_t)((high << 32 | bern_draw(draws)) % n);
}

static void draw_steps(bern_refire *refire, const bern_network *net, size_t steps)
{
	bern_draws draws = {.kernels = net->kernels, .rng = refire->stream};
	size_t R = steps * refire->replay.lanes, count = 0;
	size_t older = (size_t)*refire->replay.filled * refire->replay.lanes - R;
	size_t more = older ? (size_t)(refire->config->replay_ratio * (double)R) : 0;
	for (size_t r = 0; r < R; r++)
		refire->drawn[count++] = older + r;
	for (size_t i = 0; i < more; i++)
		refire->drawn[count++] = below(&draws, older);
	refire->count = count;
	for (; count > 1; count--) {
		size_t other = below(&draws, count), row = refire->drawn[other];
		refire->drawn[other] = refire->drawn[count - 1];
		refire->drawn[count - 1] = row;
	}
}

double bern_refire_pass(bern_refire *refire, const bern_network *net, bern_value_function *value,
			size_t steps)
{
	bern_replay *replay = &refire->replay;
	size_t rows = (size_t)*replay->filled * replay->lanes;
	double square = 0.0;
	bern_replay_credit(replay, value, refire->last_x, refire->config->gamma,
			   refire->config->gae_lambda);
	draw_steps(refire, net, steps);
	for (size_t row = 0; row < rows; row++)
		square += (double)replay->advantage[row] * (double)replay->advantage[row];
	return sqrt(square / (double)rows);
}

float bern_refire_advantage(float A, double ratio, double clip_range)
{
	if (clip_range > 0.0 && (A > 0.0f ? ratio > 1.0 + clip_range : ratio < 1.0 - clip_range))
		return 0.0f;
	return (float)((double)A * ratio);
}

size_t bern_refire_part(bern_refire *refire, bern_network *net, size_t m, float scale)
{
	bern_replay *replay = &refire->replay;
	bern_trace *batch = &refire->batch;
	size_t M = (size_t)refire->config->minibatches;
	size_t O = replay->inputs, C = replay->components, K = batch->firings;
	size_t share = refire->count / M,
	       extra = refire->count % M; /* the first parts have one more */
	size_t from = m * share + (m < extra ? m : extra), n = share + (m < extra);
	for (size_t i = 0; i < n; i++) {
		size_t row = refire->drawn[from + i];
		const uint8_t *mask = replay->mask ? replay->mask + row * replay->logits : NULL;
		const float *pi = batch->pi + i * K * net->head.logits;
		memcpy(batch->x + i * O, replay->x + row * O, O * sizeof(float));
		memcpy(batch->action + i * C, replay->action + row * C, C * sizeof(int32_t));
		bern_network_refire(net, batch, i, mask, refire->stream);
		double ratio = bern_exp(
			bern_head_log_mixture(&net->head, pi, batch->action + i * C, K) -
			replay->log_mu[row]);
		replay->ratio[row] = (float)ratio;
		refire->advantage[i] = bern_refire_advantage(replay->advantage[row] *
								     replay->weight[row] * scale,
							     ratio, refire->config->clip_range);
		refire->target[i] = replay->target[row];
	}
	return n;
}

int32_t bern_refire_tensors(bern_refire *refire, bern_tensors *list, bern_error *e)
{
	int32_t failed = bern_replay_tensors(&refire->replay, list, e);
	if (!failed)
		failed = bern_tensors_add(list, BERN_T_U64, refire->stream, 1,
					  sizeof *refire->stream / sizeof(uint64_t), e,
					  "streams.refire");
	return failed;
}
