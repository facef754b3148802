#include "branches.h"
#include "credit.h"
#include "normalizer.h"
#include "value.h"

#include <string.h>

int32_t bern_branches_init(bern_branches *branches, bern_arena *arena,
			   const bern_estimator_setting *setting, size_t rows, bern_error *e)
{
	const bern_network *net = setting->net;
	*branches = (bern_branches){.gamma = setting->config->gamma, .net = *net};
	branches->net.firings = 1;
	for (size_t l = 0; l < net->depth; l++)
		branches->hidden += net->layer[l].units;
	bern_rng_stream(&branches->rng, setting->seed,
			(bern_stream_key){.purpose = BERN_FOR_LEARNING});
	branches->credit = bern_arena_take(arena, rows, branches->hidden * sizeof(float));
	branches->u = bern_arena_take(arena, net->most_units, sizeof(double));
	branches->other[0] = bern_arena_take(arena, net->most_units, 1);
	branches->other[1] = bern_arena_take(arena, net->most_units, 1);
	int32_t failed = bern_trace_init(&branches->trace, arena, &branches->net, 2, e);
	if (failed || !setting->world)
		return failed;
	if (setting->world->instance.action.kind == BERN_BOX)
		return bern_fail(e, BERN_EUSAGE,
				 "estimator: %s clones environments with whole-numbered actions, "
				 "and those of %s are real numbers",
				 setting->config->estimator, setting->world->env->id);
	failed = bern_lanes_init(&branches->lanes, setting->world, 1, setting->seed,
				 BERN_FOR_ENVIRONMENT, 0, e);
	if (failed)
		return failed;
	branches->made = 1;
	bern_lanes_set_manual(&branches->lanes);
	return 0;
}

void bern_branches_finish(bern_branches *branches)
{
	if (branches->made)
		bern_lanes_finish(&branches->lanes);
	branches->made = 0;
}

int32_t bern_branches_tensors(bern_branches *branches, bern_tensors *list, bern_error *e)
{
	return bern_tensors_add(list, BERN_T_U64, &branches->rng,
				sizeof branches->rng / sizeof(uint64_t), 0, e, "estimator.stream");
}

void bern_copy_row(const bern_network *net, bern_trace *to, size_t to_row, const bern_trace *from,
		   size_t from_row)
{
	size_t inputs = net->layer[0].inputs, N = net->head.logits, C = net->head.components;
	memcpy(to->x + to_row * inputs, from->x + from_row * inputs, inputs * sizeof *to->x);
	for (size_t l = 0; l < net->depth; l++) {
		size_t P = net->layer[l].padded;
		memcpy(bern_trace_p(to, net, l, to_row, 0), bern_trace_p(from, net, l, from_row, 0),
		       P * sizeof(float));
		memcpy(bern_trace_h(to, net, l, to_row, 0), bern_trace_h(from, net, l, from_row, 0),
		       P);
	}
	memcpy(to->pi + to_row * N, from->pi + from_row * N, N * sizeof *to->pi);
	memcpy(to->mean_pi + to_row * N, from->mean_pi + from_row * N, N * sizeof *to->pi);
	to->posterior[to_row] = from->posterior[from_row];
	memcpy(to->action + to_row * C, from->action + from_row * C, C * sizeof *to->action);
}

static float value_of(const bern_branches *branches, const bern_play *play, const float *obs)
{
	float *x = branches->trace.x + branches->net.layer[0].inputs;
	bern_normalizer_apply(play->normalizer, x, obs);
	return bern_value_of(play->value, x);
}

int32_t bern_branches_return(bern_branches *branches, bern_play *play, size_t lane, size_t from,
			     const bern_firing_rng *stream, double *result, bern_error *e)
{
	bern_lanes *lanes = &branches->lanes;
	bern_trace *trace = &branches->trace;
	bern_firing_rng firing = *stream;
	size_t actions = lanes->mask ? (size_t)lanes->world->instance.action.sizes[0] : 0;
	const uint8_t *mask = lanes->mask ? play->lanes->mask + lane * actions : NULL;
	double discount = 1.0, total = 0.0;
	int32_t failed = bern_lanes_clone(lanes, 0, play->lanes, lane, e);
	if (failed)
		return failed;
	bern_network_act_from(&branches->net, trace, 0, from, mask, &firing);
	for (size_t t = play->t; t < play->steps; t++) {
		const int32_t *action = trace->action;
		if (t > play->t) {
			bern_normalizer_apply(play->normalizer,
					      trace->x + branches->net.layer[0].inputs, lanes->obs);
			bern_network_act(&branches->net, trace, 1, lanes->mask, &firing);
			action += branches->net.head.components;
		}
		failed = bern_lanes_step(lanes, action, e);
		if (failed)
			return failed;
		play->branch_steps++;
		total += discount * lanes->reward[0];
		discount *= branches->gamma;
		if (lanes->flags[0]) {
			*result = total;
			if (lanes->flags[0] == BERN_TRUNCATED)
				*result += discount *
					   (double)value_of(branches, play, lanes->last_obs);
			return 0;
		}
	}
	*result = total + discount * (double)value_of(branches, play, lanes->obs);
	return 0;
}

int32_t bern_branches_antithetic(bern_branches *branches, bern_play *play, size_t lane, size_t l,
				 double result[2], bern_error *e)
{
	const float *p = bern_trace_p(&branches->trace, &branches->net, l, 0, 0);
	uint8_t *h = bern_trace_h(&branches->trace, &branches->net, l, 0, 0);
	size_t J = branches->net.layer[l].units;
	/* the grid of p, moved by half a step: then both firings have probability p exactly */
	for (size_t j = 0; j < J; j++) {
		uint64_t draw = bern_rng_u64(&branches->rng) >> 40;
		branches->u[j] = ((double)draw + 0.5) / (double)BERN_P_ONE;
		branches->other[0][j] = branches->u[j] > 1.0 - (double)p[j];
		branches->other[1][j] = branches->u[j] < (double)p[j];
	}
	for (size_t i = 0; i < 2; i++) {
		memcpy(h, branches->other[i], J);
		int32_t failed = bern_branches_return(branches, play, lane, l + 1,
						      &play->firing[lane], &result[i], e);
		if (failed)
			return failed;
	}
	return 0;
}

void bern_branches_accumulate(const bern_network *net, const bern_trace *trace, const size_t *rows,
			      size_t count, const bern_signal *signal, bern_workspace *work,
			      float *gradient)
{
	const bern_branches *branches = work->memory;
	for (size_t i = 0; i < count; i++)
		bern_credit_rule(net, trace, rows[i], branches->credit + rows[i] * branches->hidden,
				 bern_weight(signal, rows[i]), signal, work, gradient);
}

int32_t bern_branches_start(void *memory, bern_arena *arena, const bern_estimator_setting *setting,
			    bern_error *e)
{
	size_t rows = (size_t)setting->config->num_envs * (size_t)setting->config->num_steps;
	return bern_branches_init(memory, arena, setting, rows, e);
}

int32_t bern_branches_save(void *memory, bern_tensors *list, bern_error *e)
{
	return bern_branches_tensors(memory, list, e);
}

void bern_branches_end(void *memory)
{
	bern_branches_finish(memory);
}
