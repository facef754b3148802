/* The agent "reinforce": a network of stochastic binary neurons that learns from its own firings and the reward that followed.
 *
 * One call of learn(): T steps in B lanes, each a row t B + b of the trace; the learned value of every row; generalised
 * advantages; the estimator's gradient; one optimiser step; the baseline learns its targets. Gradients are summed over tiles of 16
 * lanes, then over a fixed binary tree of tiles, whoever computes them. So threads may share the lanes: each plays some of them, all T
 * steps, and takes tiles of the sums. So may ranks (spread.h), which then tell each other what came of it. */
#include "reinforce.h"
#include "centring.h"
#include "crew.h"
#include "eligibility.h"
#include "fused.h"
#include "gae.h"
#include "guard.h"
#include "homeostasis.h"
#include "inspect_agent.h"
#include "kinds.h"
#include "lanes_part.h"
#include "memory.h"
#include "normalizer.h"
#include "refire.h"
#include "spread.h"
#include "value.h"

#include <bern/math.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LANES_PER_TILE 16
#define TASKS_A_THREAD 4    /* parts that the lanes are shared out in */
#define SCALE_MEMORY   0.99 /* of the running mean square of advantages */
#define RATE_MEMORY    0.99 /* of the units' firing rates, for the logs */

enum {
	SUM_UPDATES,
	SUM_ENTROPY,
	SUM_LOSS,
	SUM_EXPLAINED,
	SUM_NORM,
	SUM_RATE,
	SUM_WEIGHT,
	SUM_SQUARES, /* of the gradients' lengths */
	SUM_COUNT
};

/* Lanes that one thread plays, and what became of them. */
typedef struct part {
	size_t first, count; /* lanes */
	size_t t;            /* where it broke off, */
	int stage;           /* before the step, in it, or after it */
	bern_error error;    /* code 0: it did not */
} part;

typedef struct reinforce {
	bern_agent base;
	bern_agent_config config;
	const bern_world *world; /* borrowed */
	bern_arena arena;
	const bern_kernels *kernels;
	const bern_estimator *estimator;
	bern_network net;
	bern_network eval_net; /* the same parameters with one firing: the same policy, cheaper */
	bern_trace trace, eval_trace;
	bern_workspace work;
	bern_unit_baseline unit;
	bern_homeostasis homeostasis;
	bern_value_function value;
	bern_optimizer optimizer;
	bern_centring centring;
	bern_normalizer normalizer;
	bern_memory memory;
	float *lane_memory;                             /* (B, M) */
	bern_firing_rng *firing;                        /* (B) */
	float *reward;                                  /* (T, B) */
	uint32_t *flags;                                /* (T, B) */
	float *values, *bootstrap, *advantage, *target; /* (T, B) */
	float *last_value;                              /* (B) */
	float *real;                                    /* (B, C) BOX actions as they are played */
	double *discount;                               /* (B) gamma^t of the running episodes */
	float *weight;   /* (T, B) what advantages were multiplied with, or NULL */
	size_t steps;    /* of this play: T, or less */
	float *gradient; /* (param_count) */
	float *entropy;  /* (T, B) of the mean policies */
	bern_crew crew;
	bern_tree tree; /* of the gradient's sums */
	size_t leaf;    /* lanes that are one leaf of it: a tile's, or 1 where the fast path fits */
	bern_fused fused;
	int by_fused; /* 1: this play goes, or went, the fast path */
	/* where threads share the lanes: */
	struct part *parts; /* (part_count) */
	size_t part_count;
	bern_spread spread;      /* over ranks */
	bern_ended *ended;       /* (T, B) episodes to report, in the order of one thread */
	uint8_t *ended_in;       /* (T, tiles) 1: an episode of the tile ended at this step */
	double *ended_metrics;   /* (T, B, metrics) */
	float *score;            /* (param_count) gradient of one row per unit of advantage */
	float *one, *row_weight; /* (rows) 1; squared length of each row's score */
	double *nvil;       /* (3) running mean and variance of advantages, updates behind them */
	bern_refire refire; /* epochs of at least 2 */
	bern_eligibility traces; /* if config.traces */
	double *running;         /* (2) mean square of advantages and the weight behind it */
	float *entropy_mean;     /* (1) of the last update */
	float *rates;            /* (hidden units) running sums of firing probabilities */
	float *gate_push;        /* (hidden units) sparsity of gated layers, 0 elsewhere */
	size_t unit_count;
	float *gradient_sum; /* (param_count) of the updates since stats were asked for */
	double *sums; /* (SUM_COUNT) for the logs; saved, so that a resumed run logs the same */
} reinforce;

static void reinforce_destroy(bern_agent *agent)
{
	reinforce *self = (reinforce *)agent;
	bern_crew_finish(&self->crew);
	if (self->work.memory && self->estimator->finish)
		self->estimator->finish(self->work.memory);
	bern_arena_finish(&self->arena);
	free(self);
}

/* Step sizes: Adam's step of a weight into layer l >= 2 and the output is rate min(1, 16/fan-in), of its bias rate times
 * the root of that; otherwise a unit's input would move further the more inputs it has. Into binary units both are binary_rate
 * times as large. */
static void set_parts(reinforce *self)
{
	bern_optimizer *o = &self->optimizer;
	for (size_t l = 0; l <= self->net.depth; l++) {
		const bern_layer *layer = &self->net.layer[l];
		double factor = 1.0, units = 1.0;
		if (l > 0 && self->config.fan_in_scaling && layer->inputs > 16)
			factor = 16.0 / (double)layer->inputs;
		if (l < self->net.depth && layer->kind == BERN_UNITS_BINARY)
			units = self->config.binary_rate;
		o->part[o->part_count++] = (bern_part){layer->weight, layer->inputs * layer->units,
						       (float)(units * factor)};
		size_t biases = l < self->net.depth ? layer->units : self->net.head.logits;
		o->part[o->part_count++] = (bern_part){layer->bias, biases,
						       (float)(units * sqrt(factor))};
		if (l < self->net.depth && layer->kind == BERN_UNITS_GATED) /* as a first layer */
			o->part[o->part_count++] = (bern_part){
				layer->expert_weight,
				layer->units * (self->net.layer[0].inputs + 1), 1.0f};
	}
}

static size_t tiles_of(size_t lanes)
{
	return (lanes + LANES_PER_TILE - 1) / LANES_PER_TILE;
}

static size_t leaves_of(const reinforce *self, size_t lanes)
{
	return (lanes + self->leaf - 1) / self->leaf;
}

static size_t ranks_of(const reinforce *self)
{
	return bern_ranks_count(self->spread.share.ranks);
}

/* The fast path, if this agent has one. */
static int32_t fuse(reinforce *self, bern_error *e)
{
	const bern_agent_config *config = &self->config;
	if (self->world->isolate ||
	    (self->leaf != 1 && !bern_fused_fits_firings(config, &self->net, self->estimator,
							 self->world, self->memory.size)))
		return 0;
	self->fused = (bern_fused){.network = &self->net,
				   .value_function = &self->value,
				   .normalizer = &self->normalizer,
				   .firing = self->firing,
				   .rows = {self->reward, self->flags, self->values,
					    self->bootstrap, self->advantage, self->target,
					    self->entropy},
				   .expects = self->estimator->expects,
				   .x = self->trace.x,
				   .gamma = config->gamma,
				   .lambda = config->gae_lambda};
	return bern_fused_init(&self->fused, &self->arena, self->kernels->name,
			       (size_t)config->num_envs, (size_t)config->num_steps,
			       self->crew.threads, e);
}

/* What the threads of the crew need. most: rows that are summed side by side. */
static int32_t share(reinforce *self, size_t most, bern_error *e)
{
	bern_arena *arena = &self->arena;
	size_t T = (size_t)self->config.num_steps, B = (size_t)self->config.num_envs, R = T * B;
	const bern_share *mine = &self->spread.share;
	size_t tiles = tiles_of(mine->end - mine->first);
	size_t parts = TASKS_A_THREAD * self->crew.threads;
	size_t metrics = self->world->env->metric_count;
	if (bern_fused_fits(&self->config, &self->net, self->estimator->name, self->world,
			    self->memory.size))
		self->leaf = 1;
	else
		self->leaf = LANES_PER_TILE;
	int32_t failed = bern_value_share(&self->value, arena, self->crew.pool, self->leaf,
					  leaves_of(self, most), e);
	bern_tree_init(&self->tree, arena, self->kernels, self->crew.pool, leaves_of(self, most),
		       self->net.param_count);
	bern_tree_spread(&self->value.tree, arena, mine);
	bern_tree_spread(&self->tree, arena, mine);
	if (!failed)
		failed = fuse(self, e);
	if (!failed)
		failed = bern_crew_share(&self->crew, arena, &self->net, &self->work,
					 T * LANES_PER_TILE, e);
	if (failed || (self->crew.threads == 1 && !self->fused.kernels && ranks_of(self) == 1))
		return failed;
	self->part_count = parts < tiles ? parts : tiles;
	self->parts = bern_arena_take(arena, self->part_count, sizeof *self->parts);
	self->ended = bern_arena_take(arena, R, sizeof *self->ended);
	self->ended_in = bern_arena_take(arena, T * tiles_of(B), sizeof *self->ended_in);
	self->ended_metrics = bern_arena_take(arena, R, metrics * sizeof(double));
	for (size_t p = 0; self->parts && p < self->part_count; p++) {
		size_t first = mine->first + p * tiles / self->part_count * LANES_PER_TILE;
		size_t end = mine->first + (p + 1) * tiles / self->part_count * LANES_PER_TILE;
		self->parts[p].first = first;
		self->parts[p].count = (end < mine->end ? end : mine->end) - first;
	}
	if (ranks_of(self) > 1)
		bern_spread_init(&self->spread, arena, T, metrics);
	return 0;
}

static int32_t take_memory(reinforce *self, uint64_t seed, bern_error *e)
{
	bern_arena *arena = &self->arena;
	size_t T = (size_t)self->config.num_steps, B = (size_t)self->config.num_envs, R = T * B;
	self->firing = bern_arena_take(arena, B, sizeof *self->firing);
	self->reward = bern_arena_take(arena, R, sizeof(float));
	self->flags = bern_arena_take(arena, R, sizeof(uint32_t));
	self->values = bern_arena_take(arena, R, sizeof(float));
	self->bootstrap = bern_arena_take(arena, R, sizeof(float));
	self->advantage = bern_arena_take(arena, R, sizeof(float));
	self->target = bern_arena_take(arena, R, sizeof(float));
	self->last_value = bern_arena_take(arena, B, sizeof(float));
	self->discount = bern_arena_take(arena, B, sizeof(double));
	if (self->estimator->needs & BERN_NEEDS_CLONES)
		self->weight = bern_arena_take(arena, R, sizeof(float));
	for (size_t b = 0; self->discount && b < B; b++)
		self->discount[b] = 1.0;
	self->entropy = bern_arena_take(arena, R, sizeof(float));
	self->spread.rows[0] = self->advantage;
	self->spread.rows[1] = self->target;
	self->spread.rows[2] = self->values;
	self->spread.rows[3] = self->entropy;
	self->lane_memory = bern_arena_take(arena, B, self->memory.size * sizeof(float));
	self->real = bern_arena_take(arena, B, self->net.head.components * sizeof(float));
	self->gradient = bern_arena_take(arena, self->net.param_count, sizeof(float));
	int32_t failed = 0;
	size_t most = B; /* rows that are summed side by side */
	if (self->config.epochs > 1) {
		failed = bern_refire_init(&self->refire, arena, &self->config, &self->net,
					  self->world->env->mask != NULL, seed, e);
		if (!failed && self->refire.batch_rows > most)
			most = self->refire.batch_rows;
	}
	if (!failed && self->config.traces)
		failed = bern_eligibility_init(&self->traces, arena, &self->config, &self->net,
					       &self->value, seed, e);
	self->nvil = bern_arena_take(arena, 3, sizeof(double));
	if (self->config.value_weighting == BERN_WEIGHTING_SCORE) {
		size_t rows = most > R ? most : R;
		self->score = bern_arena_take(arena, self->net.param_count, sizeof(float));
		self->one = bern_arena_take(arena, rows, sizeof(float));
		self->row_weight = bern_arena_take(arena, rows, sizeof(float));
		for (size_t r = 0; self->one && r < rows; r++)
			self->one[r] = 1.0f;
	}
	if (!failed)
		failed = share(self, most, e);
	self->running = bern_arena_take(arena, 2, sizeof(double));
	self->entropy_mean = bern_arena_take(arena, 1, sizeof(float));
	for (size_t l = 0; l < self->net.depth; l++)
		self->unit_count += self->net.layer[l].units;
	self->rates = bern_arena_take(arena, self->unit_count, sizeof(float));
	self->gate_push = bern_arena_take(arena, self->unit_count, sizeof(float));
	self->gradient_sum = bern_arena_take(arena, self->net.param_count, sizeof(float));
	self->sums = bern_arena_take(arena, SUM_COUNT, sizeof(double));
	return failed ? failed : bern_arena_check(arena, e);
}

/* K of the estimator on these layers. */
static size_t firings_of(const bern_estimator *estimator, const bern_offer *offer)
{
	int noisy = 0;
	for (size_t l = 0; l < offer->depth; l++)
		noisy |= bern_units_are_noisy(offer->kind[l]);
	if (noisy && (estimator->needs & (BERN_NEEDS_FIRINGS | BERN_TAKES_FIRINGS)))
		return (size_t)offer->firings;
	return 1;
}

/* What is fed back is part of what later rewards follow from, besides the action. So the posterior of the action alone does not
 * weigh firings rightly, and knowing which one is fed back leaves nothing for the others to tell: one firing. */
static int32_t check_memory(const reinforce *self, int64_t first_kind, size_t K, bern_error *e)
{
	const char *name = self->estimator->name;
	if (self->memory.units > 0 && first_kind != BERN_UNITS_BINARY)
		return bern_fail(e, BERN_EUSAGE,
				 "recurrent: the first layer must be of binary units, and it is of "
				 "%s ones",
				 bern_units_name(first_kind));
	if (self->memory.units > 0 && (K > 1 || strcmp(name, "unbiased") != 0))
		return bern_fail(e, BERN_EUSAGE,
				 "recurrent: the estimator is %s with firings %zu; allowed: "
				 "unbiased, which is what firings 1 chooses",
				 name, K);
	if (self->memory.units > 0 && self->config.epochs > 1)
		return bern_fail(e, BERN_EUSAGE,
				 "recurrent: a step fired afresh does not lead to the memory that "
				 "it led to, and epochs is %lld; allowed: epochs 1",
				 (long long)self->config.epochs);
	if (self->memory.size > 0 && self->estimator->play)
		return bern_fail(e, BERN_EUSAGE,
				 "stack: the estimator %s looks ahead from single observations; "
				 "allowed with it: stack 1",
				 name);
	return 0;
}

/* What the estimator would not hear of. */
static int32_t check_signals(const bern_agent_config *config, const bern_estimator *estimator,
			     bern_error *e)
{
	if (config->baseline == BERN_BASELINE_UNIT &&
	    !(estimator->needs & BERN_TAKES_UNIT_BASELINES))
		return bern_fail(e, BERN_EUSAGE,
				 "baseline: unit is no more than mean to the hidden units of "
				 "the estimator %s; allowed with it: none, mean, linear, mlp",
				 estimator->name);
	if (config->entropy_coef != 0.0 && (estimator->needs & BERN_LEAVES_ENTROPY))
		return bern_fail(e, BERN_EUSAGE,
				 "entropy_coef: the estimator %s learns from returns alone, and a "
				 "bonus of %g would do nothing; allowed with it: 0",
				 estimator->name, config->entropy_coef);
	return 0;
}

static int32_t make_networks(reinforce *self, uint64_t seed, bern_error *e)
{
	const bern_agent_config *config = &self->config;
	size_t units[BERN_MAX_LAYERS], depth = 0;
	size_t R = (size_t)config->num_steps * (size_t)config->num_envs;
	int64_t kind[BERN_MAX_LAYERS];
	bern_action_head head;
	bern_rng rng;
	int32_t failed = bern_parse_layers(config->hidden, units, &depth, e);
	if (!failed)
		failed = bern_parse_units(config->units, kind, depth, e);
	if (!failed && !(config->gate_target > 0.0 && config->gate_target < 1.0))
		failed = bern_fail(e, BERN_EUSAGE,
				   "gate_target: %g is no share of gates to be open; allowed: "
				   "numbers between 0 and 1, both excluded",
				   config->gate_target);
	bern_offer offer = {.kind = kind,
			    .depth = depth,
			    .firings = config->firings,
			    .lanes = (size_t)config->num_envs,
			    .world = self->world};
	if (!failed)
		failed = bern_estimator_find(&self->estimator, config->estimator, &offer, e);
	for (size_t l = 0; !failed && l < depth; l++)
		if (config->baseline == BERN_BASELINE_UNIT && kind[l] != BERN_UNITS_BINARY)
			failed = bern_fail(e, BERN_EUSAGE,
					   "baseline: unit needs units that fire, binary ones, and "
					   "units of layer %zu is %s; allowed with it: none, mean, "
					   "linear, mlp",
					   l + 1, bern_units_name(kind[l]));
	if (!failed)
		failed = check_signals(config, self->estimator, e);
	if (!failed && ranks_of(self) > 1)
		failed = bern_spread_check(config, self->estimator, self->world, e);
	if (!failed && config->value_weighting == BERN_WEIGHTING_SCORE &&
	    (self->estimator->memory_size || self->estimator->play || config->traces))
		failed = bern_fail(
			e, BERN_EUSAGE,
			"value_weighting: %s leaves no score of a step by itself; allowed "
			"with it: none",
			config->traces ? "learning by traces" : self->estimator->name);
	if (!failed)
		failed = bern_refire_check(config, self->estimator, e);
	if (!failed)
		failed = bern_eligibility_check(config, self->estimator, e);
	if (!failed)
		failed = bern_head_init(&head, &self->arena, &self->world->instance.action,
					self->world->env->mask != NULL, config->head, e);
	if (failed)
		return failed;
	size_t K = firings_of(self->estimator, &offer);
	self->memory = bern_memory_of(self->world->observation_floats, (size_t)config->stack,
				      config->recurrent ? units[0] : 0);
	failed = check_memory(self, kind[0], K, e);
	size_t I = self->memory.inputs;
	if (!failed)
		failed = bern_network_init(&self->net, &self->arena, &head, I, units, kind, depth,
					   K, self->kernels, e);
	self->net.keeps_chance = (self->estimator->needs & BERN_NEEDS_CHANCE) != 0;
	if (!failed)
		failed = bern_trace_init(&self->trace, &self->arena, &self->net, R, e);
	if (failed)
		return failed;
	self->eval_net = self->net;
	self->eval_net.firings = 1;
	self->eval_net.keeps_chance = 0;
	failed = bern_trace_init(&self->eval_trace, &self->arena, &self->eval_net, 1, e);
	if (!failed)
		failed = bern_workspace_init(&self->work, &self->arena, &self->net, e);
	if (!failed)
		failed = bern_unit_baseline_init(&self->unit, &self->arena, &self->net, e);
	if (!failed)
		failed = bern_homeostasis_init(&self->homeostasis, &self->arena, &self->net,
					       config->firing_floor, e);
	bern_estimator_setting setting = {
		.config = config, .net = &self->net, .world = self->world, .seed = seed};
	if (!failed)
		failed = bern_estimator_start(self->estimator, &self->work, &self->arena, &setting,
					      e);
	bern_rng_stream(&rng, seed, (bern_stream_key){.purpose = BERN_FOR_WEIGHTS});
	self->net.gate_target = config->gate_target;
	if (!failed)
		bern_network_randomize(&self->net, config->init_first, config->init_later, &rng);
	if (!failed)
		bern_memory_latch(&self->memory, &self->net, config->init_latch);
	for (size_t d = 0; !failed && d < head.gaussian.count; d++)
		self->net.params[self->net.param_count - 1 - d] = (float)bern_log(
			config->init_deviation);
	if (!failed)
		failed = bern_value_init(&self->value, &self->arena, config, I, self->kernels, &rng,
					 e);
	return failed;
}

static int32_t reinforce_create(bern_agent **agent, const bern_agent_config *config,
				const bern_world *world, uint64_t seed, bern_error *e)
{
	reinforce *self = calloc(1, sizeof *self);
	if (!self)
		return bern_fail(e, BERN_EMEMORY, "no memory for an agent");
	self->base.kind = &bern_agent_reinforce;
	self->config = *config;
	self->world = world;
	int32_t failed = bern_kernels_select(&self->kernels, e);
	const bern_share *mine = &self->spread.share;
	bern_share_init(&self->spread.share, &self->arena, config->ranks, (size_t)config->num_envs);
	if (!failed) /* ranks that have no lanes are a thread too */
		failed = bern_crew_start(
			&self->crew, (size_t)config->threads,
			mine->end > mine->first ? tiles_of(mine->end - mine->first) : 1, e);
	if (!failed)
		failed = make_networks(self, seed, e);
	if (!failed)
		failed = bern_normalizer_init(
			&self->normalizer, &self->arena, config->observation_scale,
			(int)config->normalize_observations, world->observation_floats, e);
	self->optimizer = (bern_optimizer){.kernels = self->kernels,
					   .kind = config->optimizer,
					   .momentum = config->momentum,
					   .decay = config->decay,
					   .epsilon = config->epsilon_optimizer,
					   .param_count = self->net.param_count};
	if (!failed) {
		set_parts(self);
		failed = bern_optimizer_init(&self->optimizer, &self->arena, e);
	}
	if (!failed)
		failed = bern_centring_init(&self->centring, &self->arena, &self->net,
					    (int)config->centring, e);
	if (!failed)
		failed = take_memory(self, seed, e);
	if (failed) {
		reinforce_destroy(&self->base);
		return failed;
	}
	for (size_t b = 0; b < (size_t)config->num_envs; b++)
		bern_firing_rng_stream(
			&self->firing[b], seed,
			(bern_stream_key){.purpose = BERN_FOR_FIRING, .lane = (uint32_t)b});
	*agent = &self->base;
	return 0;
}

/* ---- playing ---- */

static const uint8_t *mask_of(const bern_lanes *lanes, size_t lane)
{
	size_t actions = lanes->mask ? (size_t)lanes->world->instance.action.sizes[0] : 0;
	return lanes->mask ? lanes->mask + lane * actions : NULL;
}

/* V of a raw observation that lane b has now, or had last, by a worker of the crew */
static float value_of(reinforce *self, size_t worker, size_t b, const float *obs)
{
	float *x = self->crew.member[worker].x;
	if (self->value.param_count == 0)
		return bern_value_of_by(&self->value, worker, obs);
	bern_memory_input(&self->memory, &self->normalizer, x,
			  self->lane_memory + b * self->memory.size, obs);
	return bern_value_of_by(&self->value, worker, x);
}

/* Asks the estimator if it wants to be asked during play. */
static int32_t ask(reinforce *self, int stage, bern_play *play, size_t t, bern_error *e)
{
	if (!self->estimator->play)
		return 0;
	play->t = t;
	play->steps = stage == BERN_PLAY_END ? self->steps : (size_t)self->config.num_steps;
	return self->estimator->play(self->work.memory, stage, play, e);
}

/* What step t gave the lanes from first to end - 1; `made` is what lanes->steps is after it. */
static int32_t take_outcome(reinforce *self, size_t worker, const bern_lanes *lanes, size_t t,
			    size_t first, size_t end, uint64_t made, bern_error *e)
{
	size_t B = lanes->count, O = self->world->observation_floats, M = self->memory.size;
	for (size_t b = first; b < end; b++) {
		size_t row = t * B + b;
		self->reward[row] = (float)lanes->reward[b];
		if (!(fabsf(self->reward[row]) < INFINITY))
			return bern_fail(
				e, BERN_ENUMBER,
				"%s: a reward of %g at step %llu is too large; the network "
				"learns from rewards up to 3.4e38",
				self->world->env->id, lanes->reward[b], (unsigned long long)made);
		self->flags[row] = lanes->flags[b];
		self->bootstrap[row] = lanes->flags[b] == BERN_TRUNCATED
					       ? value_of(self, worker, b, lanes->last_obs + b * O)
					       : 0.0f;
		if (self->config.epochs > 1 && lanes->flags[b] == BERN_TRUNCATED)
			bern_memory_input(&self->memory, &self->normalizer,
					  self->refire.end_x + row * self->memory.inputs,
					  self->lane_memory + b * M, lanes->last_obs + b * O);
		if (lanes->flags[b] && M > 0)
			memset(self->lane_memory + b * M, 0, M * sizeof(float));
	}
	return 0;
}

/* whole_episodes: 1 in *over once all lanes' episodes are. They must be over together, or some lanes would begin episodes
 * that this play cuts. */
static int32_t look_for_end(const reinforce *self, size_t t, int *over, bern_error *e)
{
	size_t B = (size_t)self->config.num_envs, ended = 0;
	for (size_t b = 0; b < B; b++)
		ended += self->flags[t * B + b] != 0;
	*over = ended == B;
	if (ended && ended < B)
		return bern_fail(e, BERN_EUSAGE,
				 "whole_episodes: at step %zu of a play the episodes of %zu of %zu "
				 "lanes were over; allowed: num_envs 1, or episodes of one length",
				 t + 1, ended, B);
	if (!ended && t + 1 == (size_t)self->config.num_steps)
		return bern_fail(e, BERN_EUSAGE,
				 "whole_episodes: an episode was not over after num_steps = %zu "
				 "steps; num_steps must be as long as the longest",
				 t + 1);
	return 0;
}

typedef struct lane_masks {
	const bern_lanes *lanes;
	size_t first; /* lane */
} lane_masks;

static const uint8_t *mask_of_row(const void *user, size_t n)
{
	const lane_masks *masks = user;
	return mask_of(masks->lanes, masks->first + n);
}

/* The lanes from first to end - 1 fire and choose the actions of step t. Returns those of all lanes, as lanes take them. */
static const void *act_lanes(reinforce *self, size_t worker, const bern_lanes *lanes, size_t t,
			     size_t first, size_t end)
{
	const bern_action_head *head = &self->net.head;
	bern_network *net = &self->crew.member[worker].net;
	size_t B = lanes->count, O = self->world->observation_floats, C = head->components;
	int32_t *actions = self->trace.action + t * B * C;
	for (size_t b = first; b < end; b++) {
		size_t row = t * B + b;
		float *lane = self->lane_memory + b * self->memory.size;
		bern_normalizer_observe(&self->normalizer, lanes->obs + b * O);
		bern_memory_input(&self->memory, &self->normalizer,
				  self->trace.x + row * self->memory.inputs, lane,
				  lanes->obs + b * O);
	}
	bern_mark(net->marks, BERN_MARK_INPUT);
	const lane_masks masks = {lanes, first};
	bern_network_act_rows(net, &self->trace, t * B + first, end - first, mask_of_row, &masks,
			      self->firing + first);
	for (size_t b = first; b < end; b++) {
		size_t row = t * B + b;
		float *lane = self->lane_memory + b * self->memory.size;
		if (self->refire.mask)
			memcpy(self->refire.mask + row * head->logits, mask_of(lanes, b),
			       head->logits);
		bern_memory_keep(&self->memory, lane, lanes->obs + b * O, net, &self->trace, row,
				 0);
		if (head->gaussian.count)
			bern_head_write(head, self->real + b * C, actions + b * C);
	}
	return head->gaussian.count ? (const void *)self->real : actions;
}

/* Values, advantages, targets and entropies of lanes that have been played. */
static void credit_lanes(reinforce *self, size_t worker, const bern_lanes *lanes, size_t first,
			 size_t end)
{
	size_t B = lanes->count, O = self->world->observation_floats, N = self->net.head.logits;
	const bern_marks *marks = self->crew.member[worker].net.marks;
	for (size_t b = first; b < end; b++)
		self->last_value[b] = value_of(self, worker, b, lanes->obs + b * O);
	for (size_t t = 0; t < self->steps; t++)
		for (size_t row = t * B + first; row < t * B + end; row++)
			self->values[row] = bern_value_of_by(
				&self->value, worker, self->trace.x + row * self->memory.inputs);
	bern_mark(marks, BERN_MARK_VALUES);
	for (size_t t = 0; t < self->steps; t++)
		for (size_t row = t * B + first; row < t * B + end; row++)
			self->entropy[row] = bern_head_entropy(&self->net.head,
							       self->trace.mean_pi + row * N);
	bern_mark(marks, BERN_MARK_LOGS);
	bern_gae_lanes(self->advantage, self->target, self->reward, self->flags, self->values,
		       self->last_value, self->bootstrap, self->config.gamma,
		       self->config.gae_lambda, self->steps, B, first, end - first);
}

/* All lanes step by step. */
static int32_t play_together(reinforce *self, bern_lanes *lanes, bern_play *asked, bern_error *e)
{
	size_t T = (size_t)self->config.num_steps, B = lanes->count;
	int over = 0;
	int32_t failed = ask(self, BERN_PLAY_BEGIN, asked, 0, e);
	for (size_t t = 0; !failed && !over && t < T; t++) {
		const void *actions = act_lanes(self, 0, lanes, t, 0, B);
		failed = ask(self, BERN_PLAY_ACTED, asked, t, e);
		if (!failed)
			failed = self->net.head.gaussian.count
					 ? bern_lanes_step_box(lanes, actions, e)
					 : bern_lanes_step(lanes, actions, e);
		bern_mark(self->net.marks, BERN_MARK_PHYSICS);
		if (!failed)
			failed = take_outcome(self, 0, lanes, t, 0, B, lanes->steps, e);
		bern_mark(self->net.marks, BERN_MARK_OUTCOME);
		if (!failed && self->config.whole_episodes)
			failed = look_for_end(self, t, &over, e);
		self->steps = t + 1;
		if (!failed)
			failed = ask(self, BERN_PLAY_STEPPED, asked, t, e);
	}
	if (!failed)
		credit_lanes(self, 0, lanes, 0, B);
	return failed;
}

/* ---- playing in parts ---- */

enum { BEFORE_STEP, IN_STEP, AFTER_STEP };

/* 1 if nothing passes from lane to lane while they play, so that each may run ahead of the others. */
static int lanes_are_free(const reinforce *self, const bern_lanes *lanes)
{
	return (self->crew.threads > 1 || ranks_of(self) > 1) && !self->estimator->play &&
	       !self->normalizer.running && !self->config.whole_episodes &&
	       bern_lanes_can_part(lanes);
}

typedef struct part_play {
	reinforce *self;
	bern_lanes *lanes;
} part_play;

/* Keeps the episodes that ended in step t of some lanes, to report them in their order. first is a multiple of 16. */
static void keep_ended(void *user, size_t t, size_t first, size_t end)
{
	const part_play *play = user;
	const reinforce *self = play->self;
	size_t B = play->lanes->count, M = self->world->env->metric_count;
	for (size_t b0 = first; b0 < end; b0 += LANES_PER_TILE) {
		size_t b1 = b0 + LANES_PER_TILE < end ? b0 + LANES_PER_TILE : end;
		uint32_t any = 0;
		for (size_t b = b0; b < b1; b++)
			any |= play->lanes->flags[b];
		for (size_t b = b0; any && b < b1; b++) {
			if (!bern_lanes_take_ended(play->lanes, b, &self->ended[t * B + b]))
				continue;
			self->ended_in[t * tiles_of(B) + b / LANES_PER_TILE] = 1;
			if (M)
				memcpy(self->ended_metrics + (t * B + b) * M,
				       play->lanes->metrics + b * M, M * sizeof(double));
		}
	}
}

/* One step of a part; 0, or its error is set. */
static int32_t step_part(const part_play *play, part *part, size_t worker)
{
	reinforce *self = play->self;
	bern_lanes *lanes = play->lanes;
	size_t B = lanes->count, t = part->t;
	size_t first = part->first, end = first + part->count;
	const bern_marks *marks = self->crew.member[worker].net.marks;
	const void *actions = act_lanes(self, worker, lanes, t, first, end);
	part->stage = BEFORE_STEP;
	int32_t failed = bern_lanes_check_part(lanes, first, part->count, actions, &part->error);
	if (failed)
		return failed;
	part->stage = IN_STEP;
	failed = bern_lanes_step_part(lanes, worker, first, part->count, actions, &part->error);
	keep_ended((void *)play, t, first, end);
	bern_mark(marks, BERN_MARK_PHYSICS);
	if (failed)
		return failed;
	part->stage = AFTER_STEP;
	failed = take_outcome(self, worker, lanes, t, first, end, lanes->steps + (t + 1) * B,
			      &part->error);
	bern_mark(marks, BERN_MARK_OUTCOME);
	return failed;
}

static void play_part(void *user, size_t index, size_t worker)
{
	const part_play *play = user;
	part *part = &play->self->parts[index];
	part->error.code = 0;
	if (play->self->by_fused) {
		part->stage = IN_STEP;
		bern_fused_play(&play->self->fused, play->lanes, worker, part->first, part->count,
				&part->t, keep_ended, user, &part->error);
		if (part->error.code == BERN_ENUMBER)
			part->stage = AFTER_STEP;
		return;
	}
	for (part->t = 0; part->t < play->self->steps; part->t++)
		if (step_part(play, part, worker))
			return;
	credit_lanes(play->self, worker, play->lanes, part->first, part->first + part->count);
}

/* What one thread would have seen fail first. */
static bern_failure first_failure(const reinforce *self)
{
	const part *found = NULL;
	for (size_t p = 0; p < self->part_count; p++) {
		const part *next = &self->parts[p];
		if (next->error.code && (!found || next->t < found->t ||
					 (next->t == found->t && next->stage < found->stage)))
			found = next;
	}
	if (!found)
		return (bern_failure){0};
	return (bern_failure){found->t, found->stage, found->first + found->count, found->error};
}

/* Reports the episodes of a tile that ended at step t, but those that one thread would not have come to. */
static void report_tile(reinforce *self, bern_lanes *lanes, const bern_failure *failure, size_t t,
			size_t tile)
{
	size_t B = lanes->count, M = self->world->env->metric_count;
	size_t first = tile * LANES_PER_TILE;
	for (size_t b = first; b < B && b < first + LANES_PER_TILE; b++) {
		const size_t row = t * B + b;
		bern_ended *ended = &self->ended[row];
		int in_time = !failure->error.code || t < failure->t ||
			      (t == failure->t &&
			       (failure->stage == AFTER_STEP ||
				(failure->stage == IN_STEP && b < failure->end)));
		if (ended->fresh && in_time)
			bern_lanes_report(lanes, b, ended, self->ended_metrics + row * M);
		ended->fresh = 0;
	}
}

/* Gives rank 0 the episodes that ended in all ranks, and all ranks the failure that one process would have seen first. */
static void hear_ranks(reinforce *self, size_t B, bern_failure *failure)
{
	const size_t tiles = tiles_of(B), M = self->world->env->metric_count;
	bern_spread_episode episode;
	const double *metrics;
	for (size_t at = 0; at < self->steps * tiles; at++)
		for (size_t i = 0; self->ended_in[at] && i < LANES_PER_TILE; i++) {
			const size_t b = at % tiles * LANES_PER_TILE + i, row = at / tiles * B + b;
			if (b >= B || !self->ended[row].fresh)
				continue;
			episode = (bern_spread_episode){at / tiles, b, self->ended[row]};
			bern_spread_add(&self->spread, &episode, self->ended_metrics + row * M);
			self->ended[row].fresh = 0;
		}
	memset(self->ended_in, 0, self->steps * tiles);
	bern_spread_tell(&self->spread, failure);
	while (bern_spread_take(&self->spread, &episode, &metrics)) {
		const size_t row = episode.t * B + episode.b;
		self->ended[row] = episode.ended;
		self->ended_in[episode.t * tiles + episode.b / LANES_PER_TILE] = 1;
		if (M)
			memcpy(self->ended_metrics + row * M, metrics, M * sizeof(double));
	}
}

/* Each part plays all steps by itself; then episodes are reported as one thread would have done. */
static int32_t play_in_parts(reinforce *self, bern_lanes *lanes, bern_error *e)
{
	size_t B = lanes->count, tiles = tiles_of(B);
	part_play play = {self, lanes};
	bern_failure failure = {0};
	if (!bern_lanes_part(lanes, self->crew.threads, &failure.error)) {
		bern_pool_run(self->crew.pool, self->part_count, play_part, &play);
		if (self->by_fused)
			bern_fused_last(&self->fused, &self->trace, 1); /* for follow_rates */
		failure = first_failure(self);
	}
	if (ranks_of(self) > 1)
		hear_ranks(self, B, &failure);
	for (size_t at = 0; at < self->steps * tiles; at++)
		if (self->ended_in[at])
			report_tile(self, lanes, &failure, at / tiles, at % tiles);
	memset(self->ended_in, 0, self->steps * tiles);
	lanes->steps += (failure.error.code ? failure.t : self->steps) * B;
	bern_mark(self->net.marks, BERN_MARK_LOGS);
	if (failure.error.code)
		*e = failure.error;
	return failure.error.code;
}

static int32_t play(reinforce *self, bern_lanes *lanes, bern_play *asked, bern_error *e)
{
	return self->by_fused || lanes_are_free(self, lanes) ? play_in_parts(self, lanes, e)
							     : play_together(self, lanes, asked, e);
}

/* ---- learning ---- */

/* NVIL's signal: less its running mean, divided by its running deviation where that is above 1. Both are those of updates before
 * this one, so no sample is in its own baseline; the divisor is a step size that varies. Mnih & Gregor 2014, sec. 2.3. */
static void center_advantages(reinforce *self, size_t rows)
{
	double mean = self->nvil[0], deviation = sqrt(self->nvil[1]), now = 0.0, square = 0.0;
	double factor = deviation > 1.0 ? 1.0 / deviation : 1.0;
	for (size_t r = 0; r < rows; r++)
		now += (double)self->advantage[r] / (double)rows;
	for (size_t r = 0; r < rows; r++) {
		double off = (double)self->advantage[r] - mean;
		square += off * off / (double)rows;
		self->advantage[r] = (float)(off * factor);
		if (self->weight)
			self->weight[r] *= (float)factor;
	}
	/* the first updates count alike */
	double share = 1.0 / (self->nvil[2] += 1.0);
	share = share > 1.0 - SCALE_MEMORY ? share : 1.0 - SCALE_MEMORY;
	self->nvil[0] += share * (now - mean);
	self->nvil[1] += share * (square - self->nvil[1]);
}

/* Divides advantages by their root mean square, of this batch (which the own sample is part of) or running. Either is biased by
 * a factor that shrinks with the batch; `none` is exact. */
static void scale_advantages(reinforce *self, size_t rows)
{
	if (self->config.advantage_scale == BERN_SCALE_NONE)
		return;
	if (self->config.advantage_scale == BERN_SCALE_NVIL) {
		center_advantages(self, rows);
		return;
	}
	double square = 0.0;
	for (size_t r = 0; r < rows; r++)
		square += (double)self->advantage[r] * (double)self->advantage[r];
	square /= (double)rows;
	if (self->config.advantage_scale == BERN_SCALE_RUNNING) {
		self->running[0] = SCALE_MEMORY * self->running[0] + (1.0 - SCALE_MEMORY) * square;
		self->running[1] = SCALE_MEMORY * self->running[1] + (1.0 - SCALE_MEMORY);
		square = self->running[0] / self->running[1];
	}
	float factor = (float)(1.0 / (sqrt(square) + 1e-8));
	for (size_t r = 0; r < rows; r++)
		self->advantage[r] *= factor;
	for (size_t r = 0; self->weight && r < rows; r++)
		self->weight[r] *= factor;
}

/* keep_discount: the advantage of step t of its episode counts gamma^t. */
static void discount_advantages(reinforce *self, size_t B)
{
	for (size_t b = 0; b < B; b++)
		for (size_t row = b; row < self->steps * B; row += B) {
			if (self->config.traces) /* the error comes later than what it is for */
				self->traces.weight[b] = (float)self->discount[b];
			else
				self->advantage[row] *= (float)self->discount[b];
			if (self->weight)
				self->weight[row] *= (float)self->discount[b];
			if (self->config.epochs > 1)
				self->refire.weight[row] = (float)self->discount[b];
			self->discount[b] = self->flags[row]
						    ? 1.0
						    : self->discount[b] * self->config.gamma;
		}
}

typedef struct estimating {
	reinforce *self;
	const bern_trace *trace;
	size_t T, B;
	const bern_signal *signal;
} estimating;

static void estimate_leaf(void *user, size_t leaf, size_t worker, float *sum)
{
	const estimating *all = user;
	bern_crew_member *member = &all->self->crew.member[worker];
	size_t count = 0, b0 = leaf * all->self->leaf;
	size_t b1 = b0 + all->self->leaf < all->B ? b0 + all->self->leaf : all->B;
	for (size_t t = 0; t < all->T; t++)
		for (size_t b = b0; b < b1; b++)
			member->rows[count++] = t * all->B + b;
	all->self->estimator->accumulate(&member->net, all->trace, member->rows, count, all->signal,
					 &member->work, sum);
}

/* Sums the estimates of all rows into gradient: by tiles of lanes, then over the tree of tiles; where the fast path fits, lane by
 * lane, then over the tree of lanes, whose subtrees of 16 are the tiles that it adds. */
static void estimate(reinforce *self, const bern_trace *trace, size_t T, size_t B,
		     const bern_signal *signal)
{
	estimating all = {self, trace, T, B, signal};
	int alone = signal->unit || !self->estimator->shared;
	if (self->by_fused) {
		bern_fused_begin(&self->fused, signal);
		bern_tree_sum(&self->tree, self->gradient, self->fused.tiles, 0,
			      bern_fused_estimate, &self->fused);
	} else {
		bern_tree_sum(&self->tree, self->gradient, leaves_of(self, B), alone, estimate_leaf,
			      &all);
	}
}

/* What is left of base after so many steps of the run. */
static double scheduled(const reinforce *self, int64_t schedule, double base, uint64_t steps)
{
	double total = (double)self->config.total_timesteps;
	double done = total > 0.0 ? (double)steps / total : 0.0;
	if (done > 1.0)
		done = 1.0;
	if (schedule == BERN_LINEAR)
		return base * (1.0 - done);
	if (schedule == BERN_COSINE)
		return base * 0.5 * (1.0 + bern_cos(3.14159265358979323846 * done));
	return base;
}

/* Means over the rows of an update, each summed in their order. In one pass, since each sum waits for itself. */
typedef struct row_means {
	float entropy;
	double target, error; /* of the baseline: target - value */
} row_means;

static row_means means_of(const reinforce *self, size_t rows)
{
	row_means mean = {0};
	if ((rows & (rows - 1)) ==
	    0) { /* a power of 2: the product is the quotient, and does not wait for a division */
		const float part = 1.0f / (float)rows;
		for (size_t r = 0; r < rows; r++) {
			double error = (double)self->target[r] - (double)self->values[r];
			mean.entropy += self->entropy[r] * part;
			mean.target += (double)self->target[r] * (double)part;
			mean.error += error * (double)part;
		}
		return mean;
	}
	for (size_t r = 0; r < rows; r++) {
		double error = (double)self->target[r] - (double)self->values[r];
		mean.entropy += self->entropy[r] / (float)rows;
		mean.target += (double)self->target[r] / (double)rows;
		mean.error += error / (double)rows;
	}
	return mean;
}

static double variance_explained(const reinforce *self, const row_means *mean, size_t rows)
{
	double var_t = 0.0, var_d = 0.0;
	for (size_t r = 0; r < rows; r++) {
		double t = (double)self->target[r] - mean->target;
		double d = (double)self->target[r] - (double)self->values[r] - mean->error;
		var_t += t * t;
		var_d += d * d;
	}
	return var_t > 0.0 ? 1.0 - var_d / var_t : 0.0;
}

/* Follows the units' firing rates by the probabilities (where no bits are drawn: activity) of one row. */
static void follow_rates(reinforce *self, size_t row)
{
	const bern_network *net = &self->net;
	float *rate = self->rates;
	self->sums[SUM_WEIGHT] = RATE_MEMORY * self->sums[SUM_WEIGHT] + (1.0 - RATE_MEMORY);
	for (size_t l = 0; l < net->depth; l++)
		for (size_t j = 0; j < net->layer[l].units; j++, rate++) {
			float p = bern_trace_p(&self->trace, net, l, row, 0)[j];
			if (!bern_units_draw_bits(net->layer[l].kind))
				p = p > 0.0f;
			*rate = (float)RATE_MEMORY * *rate + (float)(1.0 - RATE_MEMORY) * p;
		}
	/* the row is rank 0's; the others' gates are pushed by the rates as well */
	for (size_t l = 0; l < net->depth; l++)
		if (net->layer[l].kind == BERN_UNITS_GATED) {
			bern_ranks_broadcast(self->spread.share.ranks, self->rates,
					     self->unit_count * sizeof *self->rates);
			break;
		}
}

/* ---- numbers that went astray (guard.h) ---- */

static const char policy_advice[] = "a smaller learning_rate may help";
static const char value_advice[] = "a smaller value_learning_rate may help";
static const char reward_advice[] = "smaller rewards may help";

static bern_guard guard_of(const reinforce *self, const bern_lanes *lanes)
{
	uint64_t each = (uint64_t)self->config.num_steps * lanes->count;
	/* plays of other lengths do not tell how many there were */
	int regular = !self->config.whole_episodes && !self->estimator->play;
	return (bern_guard){.steps = lanes->steps,
			    .update = regular ? lanes->steps / each : 0,
			    .lanes = lanes->count};
}

static double squares_of(const reinforce *self, const float *x, size_t count)
{
	return (double)self->kernels->sum_squares(x, count);
}

/* Parameters of policy and baseline; 0 if none of them alone is broken. */
static int32_t search_parameters(reinforce *self, const bern_guard *guard, bern_error *e)
{
	/* the optimiser's squares may be larger */
	static const struct {
		const char *prefix;
		double most;
		const char *advice;
	} places[] = {{"policy.layer", BERN_GUARD_MOST, policy_advice},
		      {"policy.output", BERN_GUARD_MOST, policy_advice},
		      {"value.layer", BERN_GUARD_MOST, value_advice},
		      {"value.output", BERN_GUARD_MOST, value_advice},
		      {"value.weight", BERN_GUARD_MOST, value_advice},
		      {"value.bias", BERN_GUARD_MOST, value_advice},
		      {"value.", (double)INFINITY, value_advice}};
	bern_tensors list = {0};
	bern_agent *agent = &self->base;
	int32_t failed = agent->kind->policy_tensors(agent, &list, e);
	if (!failed)
		failed = agent->kind->learner_tensors(agent, &list, e);
	for (size_t i = 0; !failed && i < sizeof places / sizeof *places; i++)
		failed = bern_guard_tensors(guard, &list, places[i].prefix, places[i].most,
					    places[i].advice, e);
	bern_tensors_finish(&list);
	return failed;
}

/* The numbers of the play's rows, in the order in which they were computed. */
static int32_t search_rows(reinforce *self, const bern_guard *guard, bern_error *e)
{
	size_t R = self->steps * (size_t)self->config.num_envs;
	bern_spread_gather(&self->spread, self->bootstrap); /* the others are here already */
	int32_t failed = bern_guard_rows(guard, "the entropy of the action's probabilities",
					 self->entropy, R,
					 "smaller observations (observation_scale, "
					 "normalize_observations) may help",
					 e);
	if (!failed)
		failed = bern_guard_rows(guard, "the baseline's value", self->values, R,
					 value_advice, e);
	if (!failed)
		failed = bern_guard_rows(guard, "the baseline's value after the end of the row",
					 self->bootstrap, R, value_advice, e);
	if (!failed)
		failed = bern_guard_rows(guard, "the advantage", self->advantage, R, reward_advice,
					 e);
	if (!failed)
		failed = bern_guard_rows(guard, "the baseline's target", self->target, R,
					 reward_advice, e);
	return failed;
}

/* Before the policy's step: whatever breaks up to here makes one of these two so, as NaN and infinity survive sums and products. */
static int32_t check_estimate(reinforce *self, const bern_lanes *lanes, double entropy, double norm,
			      bern_error *e)
{
	if (fabs(entropy) < (double)INFINITY && norm <= BERN_GUARD_MOST)
		return 0;
	bern_guard guard = guard_of(self, lanes);
	int32_t failed = search_parameters(self, &guard, e);
	if (!failed)
		failed = search_rows(self, &guard, e);
	if (!failed)
		failed = bern_guard_number(&guard, "the entropy of the policy", entropy,
					   (double)INFINITY, policy_advice, e);
	if (!failed)
		failed = bern_guard_number(
			&guard, "the norm of the policy's gradient", norm, BERN_GUARD_MOST,
			self->config.advantage_scale == BERN_SCALE_NONE
				? "smaller rewards, or an advantage_scale, may help"
				: "smaller observations (observation_scale, "
				  "normalize_observations) may help",
			e);
	return failed;
}

/* After the policy's step. A NaN weight does not show in the gradient: the kernels turn it into a probability. */
static int32_t check_policy(reinforce *self, const bern_lanes *lanes, bern_error *e)
{
	double length = sqrt(squares_of(self, self->net.params, self->net.param_count));
	if (length <= BERN_GUARD_MOST)
		return 0;
	bern_guard guard = guard_of(self, lanes);
	int32_t failed = search_parameters(self, &guard, e);
	return failed ? failed
		      : bern_guard_number(&guard, "the length of the policy's parameters", length,
					  BERN_GUARD_MOST, policy_advice, e);
}

/* After the baseline's step, with its mean squared error before. */
static int32_t check_value(reinforce *self, const bern_lanes *lanes, double loss, bern_error *e)
{
	const bern_value_function *value = &self->value;
	double length = sqrt(squares_of(self, value->params, value->param_count));
	double mean = value->param_count ? 0.0 : value->mean[0];
	if (loss <= BERN_GUARD_MOST_SQUARE && length <= BERN_GUARD_MOST &&
	    fabs(mean) < (double)INFINITY)
		return 0;
	bern_guard guard = guard_of(self, lanes);
	int32_t failed = loss <= BERN_GUARD_MOST_SQUARE ? 0 : search_rows(self, &guard, e);
	if (!failed)
		failed = bern_guard_number(
			&guard, "the baseline's squared error", loss, BERN_GUARD_MOST_SQUARE,
			"smaller rewards or a smaller value_learning_rate may help", e);
	if (!failed)
		failed = search_parameters(self, &guard, e);
	return failed ? failed
		      : bern_guard_number(&guard, "the length of the baseline's parameters", length,
					  BERN_GUARD_MOST, value_advice, e);
}

/* Sparsity of gated layers: minus the derivative of gate_penalty KL(target || rate) with respect to each gate's rate, which is the
 * running mean of its p; uphill like all of the gradient. A rate outside 0.001 .. 0.999 counts as that. */
static void push_gates(reinforce *self)
{
	const bern_network *net = &self->net;
	double s = self->config.gate_target, weight = self->sums[SUM_WEIGHT];
	size_t u = 0;
	for (size_t l = 0; l < net->depth; l++)
		for (size_t j = 0; j < net->layer[l].units; j++, u++) {
			if (net->layer[l].kind != BERN_UNITS_GATED || weight == 0.0)
				continue;
			double rate = (double)self->rates[u] / weight;
			rate = rate < 0.001 ? 0.001 : rate > 0.999 ? 0.999 : rate;
			self->gate_push[u] = (float)(self->config.gate_penalty *
						     (s / rate - (1.0 - s) / (1.0 - rate)));
		}
}

/* Plays and estimates; the next call's estimate does not contain this one's samples unless finish_estimate keeps them. */
static int32_t play_and_estimate(reinforce *self, bern_lanes *lanes, bern_error *e)
{
	const bern_agent_config *config = &self->config;
	size_t B = (size_t)config->num_envs;
	if (lanes->count != B)
		return bern_fail(e, BERN_EUSAGE,
				 "the agent was made for num_envs = %zu lanes and was given %zu", B,
				 lanes->count);
	bern_play asked = {.config = config,
			   .net = &self->net,
			   .trace = &self->trace,
			   .lanes = lanes,
			   .firing = self->firing,
			   .normalizer = &self->normalizer,
			   .value = &self->value,
			   .reward = self->reward,
			   .flags = self->flags,
			   .advantage = self->advantage};
	self->steps = (size_t)config->num_steps;
	int32_t failed = play(self, lanes, &asked, e);
	if (failed)
		return failed;
	for (size_t r = 0; self->weight && r < self->steps * B; r++)
		self->weight[r] = 1.0f;
	if (config->traces) /* of one step: the error itself */
		memcpy(self->traces.error, self->advantage, B * sizeof(float));
	scale_advantages(self, self->steps * B);
	if (config->keep_discount) {
		bern_spread_gather(&self->spread, self->flags);
		discount_advantages(self, B);
	}
	failed = ask(self, BERN_PLAY_END, &asked, self->steps, e);
	if (failed)
		return failed;
	lanes->steps += asked.branch_steps;
	push_gates(self);
	bern_signal signal = {.advantage = self->advantage,
			      .gate_push = self->gate_push,
			      .weight = self->weight,
			      .scale = 1.0f / (float)(config->whole_episodes ? B : self->steps * B),
			      .entropy_coef = (float)scheduled(self, config->entropy_schedule,
							       config->entropy_coef, lanes->steps),
			      .entropy_mean = *self->entropy_mean,
			      .unit = config->baseline == BERN_BASELINE_UNIT ? &self->unit : NULL};
	bern_mark(self->net.marks, BERN_MARK_CREDIT);
	if (!config->traces) {
		estimate(self, &self->trace, self->steps, B, &signal);
		bern_mark(self->net.marks, BERN_MARK_ESTIMATOR);
		return 0;
	}
	for (size_t b = 0; b < B; b++)
		self->advantage[b] = (float)bern_eligibility_hear(
			&self->traces, b, (double)self->advantage[b], self->flags[b] != 0);
	bern_eligibility_step(&self->traces, self->estimator, &self->net, &self->trace,
			      &self->value, &signal, self->flags, &self->work, self->gradient);
	bern_mark(self->net.marks, BERN_MARK_ESTIMATOR);
	return 0;
}

/* What baselines and the estimator's memory gathered from the rows: kept, or dropped. */
static void finish_estimate(reinforce *self, int keep)
{
	if (self->config.baseline == BERN_BASELINE_UNIT)
		bern_unit_baseline_update(&self->unit, keep);
	if (self->estimator->update)
		self->estimator->update(self->work.memory, keep);
}

/* Squared length of each row's gradient per unit of advantage: one firing gives sum over units of (h - p)^2 |x|^2. A baseline
 * fitted with these weights has the least variance (value.h). NULL if nothing is weighed. */
static const float *weigh_rows(reinforce *self, const bern_trace *trace, size_t rows)
{
	const bern_signal signal = {.advantage = self->one, .scale = 1.0f};
	if (self->config.value_weighting == BERN_WEIGHTING_NONE)
		return NULL;
	const bern_share *mine = &self->spread.share;
	for (size_t r = 0; r < rows; r++) {
		/* of several ranks each knows its lanes; passes over rows that belong to no lane have one rank */
		if (ranks_of(self) > 1 &&
		    (r % mine->lanes < mine->first || r % mine->lanes >= mine->end))
			continue;
		memset(self->score, 0, self->net.param_count * sizeof(float));
		self->estimator->accumulate(&self->net, trace, &r, 1, &signal, &self->work,
					    self->score);
		self->row_weight[r] = self->kernels->sum_squares(self->score,
								 self->net.param_count);
	}
	bern_spread_gather(&self->spread, self->row_weight);
	return self->row_weight;
}

/* The passes after the first: what is remembered, fired afresh. */
static int32_t learn_again(reinforce *self, const bern_lanes *lanes, bern_error *e)
{
	const bern_agent_config *config = &self->config;
	bern_refire *refire = &self->refire;
	size_t B = (size_t)config->num_envs, O = self->world->observation_floats;
	uint64_t steps = lanes->steps;
	double rate = scheduled(self, config->schedule, config->learning_rate, steps);
	double value_rate = scheduled(self, config->schedule, config->value_learning_rate, steps);
	bern_signal signal = {.advantage = refire->advantage,
			      .gate_push = self->gate_push,
			      .entropy_coef = (float)scheduled(self, config->entropy_schedule,
							       config->entropy_coef, steps),
			      .entropy_mean = *self->entropy_mean};
	for (size_t b = 0; b < B; b++)
		bern_memory_input(&self->memory, &self->normalizer,
				  refire->last_x + b * self->memory.inputs,
				  self->lane_memory + b * self->memory.size, lanes->obs + b * O);
	bern_refire_remember(refire, &self->net, &self->trace, self->reward, self->flags,
			     self->steps);
	int32_t failed = 0;
	for (int64_t epoch = 1; !failed && epoch < config->epochs; epoch++) {
		double size = bern_refire_pass(refire, &self->net, &self->value, self->steps);
		if (config->advantage_scale == BERN_SCALE_NVIL)
			size = self->nvil[1] > 1.0 ? sqrt(self->nvil[1]) : 1.0;
		else if (config->advantage_scale == BERN_SCALE_RUNNING)
			size = sqrt(self->running[0] / self->running[1]);
		float scale = config->advantage_scale == BERN_SCALE_NONE
				      ? 1.0f
				      : (float)(1.0 / (size + 1e-8));
		for (size_t m = 0; !failed && m < (size_t)config->minibatches; m++) {
			size_t n = bern_refire_part(refire, &self->net, m, scale);
			if (n == 0)
				break;
			signal.scale = 1.0f / (float)n;
			estimate(self, &refire->batch, 1, n, &signal);
			double norm = bern_clip_norm(self->kernels, self->gradient,
						     self->net.param_count, config->max_grad_norm);
			bern_guard guard = guard_of(self, lanes);
			failed = bern_guard_number(
				&guard, "the norm of the policy's gradient, fired afresh,", norm,
				BERN_GUARD_MOST, policy_advice, e);
			if (failed)
				break;
			const float *weight = weigh_rows(self, &refire->batch, n);
			bern_centring_step(&self->centring, &self->optimizer, &self->net,
					   self->gradient, rate);
			failed = check_policy(self, lanes, e);
			if (failed)
				break;
			double loss = bern_value_learn_lanes(
				&self->value, refire->batch.x, refire->target, weight, 1, n,
				(size_t)config->value_passes, value_rate);
			failed = check_value(self, lanes, loss, e);
		}
	}
	return failed;
}

/* Moves the baseline towards the targets of the last play, or by its traces; returns its mean squared error before. */
static double learn_value(reinforce *self, const float *weight, size_t R, uint64_t steps)
{
	const bern_agent_config *config = &self->config;
	double rate = scheduled(self, config->schedule, config->value_learning_rate, steps);
	double square = 0.0;
	if (self->by_fused && self->value.param_count > 0)
		return bern_fused_value_learn(&self->fused, (size_t)config->value_passes, rate);
	if (!config->traces)
		return bern_value_learn_lanes(&self->value, self->trace.x, self->target, weight,
					      self->steps, (size_t)config->num_envs,
					      (size_t)config->value_passes, rate);
	for (size_t r = 0; r < R; r++)
		square += (double)self->traces.error[r] * (double)self->traces.error[r] / (double)R;
	if (square < (double)INFINITY && self->value.param_count)
		bern_optimizer_step(&self->value.optimizer, self->value.params,
				    self->value.gradient, rate);
	return square;
}

static int32_t reinforce_learn(bern_agent *agent, bern_lanes *lanes, bern_error *e)
{
	reinforce *self = (reinforce *)agent;
	const bern_agent_config *config = &self->config;
	self->by_fused = self->fused.kernels && bern_lanes_can_part(lanes);
	int32_t failed = play_and_estimate(self, lanes, e);
	if (failed)
		return failed;
	finish_estimate(self, 1);
	size_t B = (size_t)config->num_envs, R = self->steps * B;
	const row_means mean = means_of(self, R);
	const float entropy = mean.entropy;
	bern_mark(self->net.marks, BERN_MARK_LOGS);
	double norm = bern_clip_norm(self->kernels, self->gradient, self->net.param_count,
				     config->max_grad_norm);
	failed = check_estimate(self, lanes, (double)entropy, norm, e);
	if (failed)
		return failed;
	double rate = scheduled(self, config->schedule, config->learning_rate, lanes->steps);
	const float *weight = weigh_rows(self, &self->trace, R);
	self->kernels->add(self->gradient_sum, self->gradient, self->net.param_count);
	if (config->max_grad_norm > 0.0 && norm > config->max_grad_norm)
		self->sums[SUM_SQUARES] += config->max_grad_norm * config->max_grad_norm;
	else
		self->sums[SUM_SQUARES] += norm * norm;
	bern_centring_step(&self->centring, &self->optimizer, &self->net, self->gradient, rate);
	bern_homeostasis_step(&self->homeostasis, &self->net, &self->trace, R, rate);
	bern_mark(self->net.marks, BERN_MARK_OPTIMIZER);
	failed = check_policy(self, lanes, e);
	if (failed)
		return failed;
	double loss = learn_value(self, weight, R, lanes->steps);
	bern_mark(self->net.marks, BERN_MARK_BASELINE);
	failed = check_value(self, lanes, loss, e);
	if (!failed && config->epochs > 1)
		failed = learn_again(self, lanes, e);
	bern_mark(self->net.marks, BERN_MARK_AGAIN);
	if (failed)
		return failed;

	*self->entropy_mean = entropy;
	follow_rates(self, R - B);
	self->sums[SUM_UPDATES] += 1.0;
	self->sums[SUM_ENTROPY] += (double)entropy;
	self->sums[SUM_LOSS] += loss;
	self->sums[SUM_EXPLAINED] += variance_explained(self, &mean, R);
	self->sums[SUM_NORM] += norm;
	self->sums[SUM_RATE] = rate;
	bern_mark(self->net.marks, BERN_MARK_LOGS);
	return 0;
}

int32_t bern_reinforce_estimate(bern_agent *agent, bern_lanes *lanes, bern_error *e)
{
	reinforce *self = (reinforce *)agent;
	self->by_fused = 0; /* so that the trace is there to look at */
	int32_t failed = play_and_estimate(self, lanes, e);
	if (!failed)
		finish_estimate(self, 0);
	if (self->config.epochs > 1)
		bern_refire_forget(&self->refire);
	return failed;
}

void bern_reinforce_watch(bern_agent *agent, const bern_marks *marks)
{
	reinforce *self = (reinforce *)agent;
	/* of several threads the calling one is listened to */
	self->net.marks = self->crew.member[0].net.marks = marks;
}

void bern_reinforce_look(bern_agent *agent, bern_reinforce_view *view)
{
	reinforce *self = (reinforce *)agent;
	if (self->by_fused)
		bern_fused_last(&self->fused, &self->trace, self->fused.lanes);
	*view = (bern_reinforce_view){.estimator = self->estimator,
				      .fused = self->by_fused,
				      .net = &self->net,
				      .trace = &self->trace,
				      .work = &self->work,
				      .lanes = (size_t)self->config.num_envs,
				      .steps = self->steps,
				      .reward = self->reward,
				      .flags = self->flags,
				      .values = self->values,
				      .target = self->target,
				      .advantage = self->advantage,
				      .gradient = self->gradient,
				      .config = &self->config,
				      .world = self->world,
				      .memory = &self->memory,
				      .normalizer = &self->normalizer,
				      .value = &self->value};
}

static void reinforce_act(bern_agent *agent, const bern_lanes *lanes, const size_t *which,
			  size_t count, int32_t mode, bern_firing_rng *firing, float *memory,
			  void *actions)
{
	reinforce *self = (reinforce *)agent;
	size_t O = self->world->observation_floats, C = self->net.head.components;
	unsigned char *out = actions; /* (B, C) of 4 bytes */
	for (size_t i = 0; i < count; i++) {
		size_t b = which[i];
		float *lane = memory ? memory + b * self->memory.size : NULL;
		bern_memory_input(&self->memory, &self->normalizer, self->eval_trace.x, lane,
				  lanes->obs + b * O);
		if (mode == BERN_SAMPLED)
			bern_network_act(&self->eval_net, &self->eval_trace, 0, mask_of(lanes, b),
					 &firing[b]);
		else
			bern_network_decide(&self->eval_net, &self->eval_trace, 0,
					    mask_of(lanes, b), mode);
		bern_memory_keep(&self->memory, lane, lanes->obs + b * O, &self->eval_net,
				 &self->eval_trace, 0, mode != BERN_SAMPLED);
		bern_head_write(&self->net.head, out + b * C * 4, self->eval_trace.action);
	}
}

static size_t reinforce_memory_size(const bern_agent *agent)
{
	return ((const reinforce *)agent)->memory.size;
}

/* std(g)/|E g| of n gradients of sum S and sum of squared lengths Q: Var g = (Q - |S|^2/n)/(n - 1), and |S/n|^2 is too large by
 * Var g/n. NaN where nothing is left of it: the noise hides the gradient. */
static double gradient_noise(const reinforce *self, double n)
{
	double square = (double)self->kernels->sum_squares(self->gradient_sum,
							   self->net.param_count);
	double variance = (self->sums[SUM_SQUARES] - square / n) / (n - 1.0);
	double signal = square / (n * n) - variance / n;
	return n > 1.0 && variance >= 0.0 && signal > 0.0 ? sqrt(variance / signal) : (double)NAN;
}

/* Gives rank 0 p and h of all lanes in the rows from `row` on, which are those of one step. */
static void gather_last(const reinforce *self, size_t row)
{
	const bern_network *net = &self->net;
	const size_t K = self->trace.firings;
	for (size_t l = 0; l < net->depth; l++) {
		const bern_layer *layer = &net->layer[l];
		if (!bern_units_draw_bits(layer->kind))
			continue;
		bern_share_gather(&self->spread.share, bern_trace_p(&self->trace, net, l, row, 0),
				  (layer->each_p ? K : 1) * layer->padded * sizeof(float));
		bern_share_gather(&self->spread.share, bern_trace_h(&self->trace, net, l, row, 0),
				  K * layer->padded);
	}
}

static void reinforce_distributions(const bern_agent *agent, bern_take_number *take, void *user)
{
	const reinforce *self = (const reinforce *)agent;
	const bern_network *net = &self->net;
	size_t B = (size_t)self->config.num_envs, row = self->steps ? (self->steps - 1) * B : 0;
	const float *rate = self->rates;
	if (self->by_fused && (!take || ranks_of(self) == 1))
		bern_fused_last(&self->fused, &self->trace, self->fused.lanes);
	if (!take) {
		if (ranks_of(self) > 1 && self->steps)
			gather_last(self, row);
		return;
	}
	for (size_t l = 0; l < net->depth; l++)
		for (size_t j = 0; j < net->layer[l].units; j++, rate++)
			take(user, "fire_rate", l, (double)*rate / self->sums[SUM_WEIGHT]);
	for (size_t l = 0; l < net->depth; l++)
		for (size_t b = 0; bern_units_draw_bits(net->layer[l].kind) && b < B; b++) {
			const float *p = bern_trace_p(&self->trace, net, l, row + b, 0);
			const uint8_t *h = bern_trace_h(&self->trace, net, l, row + b, 0);
			for (size_t j = 0; self->steps && j < net->layer[l].units; j++)
				take(user, "score", l, (double)((float)h[j] - p[j]));
		}
	for (size_t l = 0; l <= net->depth; l++)
		for (size_t i = 0; i < net->layer[l].inputs * net->layer[l].units; i++)
			take(user, "weight", l, (double)net->params[net->layer[l].weight + i]);
}

static void reinforce_stats(bern_agent *agent, bern_learn_stats *stats)
{
	reinforce *self = (reinforce *)agent;
	double *sums = self->sums, updates = sums[SUM_UPDATES];
	double units = (double)self->unit_count;
	*stats = (bern_learn_stats){.updates = (uint64_t)updates,
				    .entropy = sums[SUM_ENTROPY] / updates,
				    .value_loss = sums[SUM_LOSS] / updates,
				    .explained_variance = sums[SUM_EXPLAINED] / updates,
				    .grad_norm = sums[SUM_NORM] / updates,
				    .learning_rate = sums[SUM_RATE],
				    .estimator_r2 = NAN};
	if (self->estimator->r_squared)
		stats->estimator_r2 = self->estimator->r_squared(self->work.memory);
	const float *rates = self->rates;
	stats->grad_noise = gradient_noise(self, updates);
	stats->layers = (uint32_t)self->net.depth;
	for (size_t l = 0; l < self->net.depth; l++) {
		double of_layer = (double)self->net.layer[l].units;
		for (size_t j = 0; j < self->net.layer[l].units; j++) {
			double rate = (double)*rates++ / sums[SUM_WEIGHT];
			stats->fire_rate += rate / units;
			stats->dead_fraction += (rate < 0.01) / units;
			stats->saturated_fraction += (rate > 0.99) / units;
			stats->layer_fire_rate[l] += rate / of_layer;
			stats->layer_dead[l] += (rate < 0.01) / of_layer;
			stats->layer_saturated[l] += (rate > 0.99) / of_layer;
		}
	}
	sums[SUM_SQUARES] = 0.0;
	memset(self->gradient_sum, 0, self->net.param_count * sizeof(float));
	for (size_t i = 0; i < SUM_RATE; i++)
		sums[i] = 0.0;
}

/* ---- what is saved ---- */

static int32_t expert_tensors(reinforce *self, bern_tensors *list, size_t l, bern_error *e)
{
	const bern_layer *layer = &self->net.layer[l];
	int32_t failed = bern_tensors_add(list, BERN_T_F32, self->net.params + layer->expert_weight,
					  layer->units, self->net.layer[0].inputs, e,
					  "policy.layer%zu.expert.weight", l + 1);
	if (!failed)
		failed = bern_tensors_add(list, BERN_T_F32, self->net.params + layer->expert_bias,
					  layer->units, 0, e, "policy.layer%zu.expert.bias", l + 1);
	return failed;
}

static int32_t reinforce_policy_tensors(bern_agent *agent, bern_tensors *list, bern_error *e)
{
	reinforce *self = (reinforce *)agent;
	int32_t failed = 0;
	for (size_t l = 0; !failed && l <= self->net.depth; l++) {
		const bern_layer *layer = &self->net.layer[l];
		char name[32] = "output";
		if (l < self->net.depth)
			snprintf(name, sizeof name, "layer%zu", l + 1);
		failed = bern_tensors_add(list, BERN_T_F32, self->net.params + layer->weight,
					  layer->inputs, layer->units, e, "policy.%s.weight", name);
		if (!failed)
			failed = bern_tensors_add(list, BERN_T_F32, self->net.params + layer->bias,
						  layer->units, 0, e, "policy.%s.bias", name);
		if (!failed && l < self->net.depth && layer->kind == BERN_UNITS_GATED)
			failed = expert_tensors(self, list, l, e);
	}
	if (!failed && self->net.head.gaussian.count)
		failed = bern_tensors_add(list, BERN_T_F32,
					  self->net.params + self->net.layer[self->net.depth].bias +
						  self->net.head.outputs,
					  self->net.head.gaussian.count, 0, e,
					  "policy.output.log_deviation");
	return failed ? failed : bern_normalizer_tensors(&self->normalizer, list, e);
}

static int32_t reinforce_learner_tensors(bern_agent *agent, bern_tensors *list, bern_error *e)
{
	reinforce *self = (reinforce *)agent;
	bern_unit_baseline *unit = &self->unit;
	int32_t failed = bern_optimizer_tensors(&self->optimizer, list, "policy.optimizer", e);
	if (!failed)
		failed = bern_value_tensors(&self->value, list, e);
	if (!failed && self->config.baseline == BERN_BASELINE_UNIT) {
		failed = bern_tensors_add(list, BERN_T_F32, unit->above, unit->units, 0, e,
					  "unit.above");
		if (!failed)
			failed = bern_tensors_add(list, BERN_T_F32, unit->below, unit->units, 0, e,
						  "unit.below");
		if (!failed)
			failed = bern_tensors_add(list, BERN_T_F32, unit->b, unit->units, 0, e,
						  "unit.baseline");
	}
	if (!failed)
		failed = bern_homeostasis_tensors(&self->homeostasis, list, e);
	if (!failed && self->estimator->tensors)
		failed = self->estimator->tensors(self->work.memory, list, e);
	if (!failed && self->config.keep_discount)
		failed = bern_tensors_add(list, BERN_T_F64, self->discount,
					  (uint64_t)self->config.num_envs, 0, e,
					  "episodes.discount");
	if (!failed)
		failed = bern_tensors_add(
			list, BERN_T_U64, self->firing, (uint64_t)self->config.num_envs,
			sizeof *self->firing / sizeof(uint64_t), e, "streams.firing");
	if (!failed && self->config.advantage_scale == BERN_SCALE_NVIL)
		failed = bern_tensors_add(list, BERN_T_F64, self->nvil, 3, 0, e, "advantage.nvil");
	if (!failed && self->config.epochs > 1)
		failed = bern_refire_tensors(&self->refire, list, e);
	if (!failed && self->config.traces)
		failed = bern_eligibility_tensors(&self->traces, list, e);
	if (!failed && self->memory.size > 0)
		failed = bern_tensors_add(list, BERN_T_F32, self->lane_memory,
					  (uint64_t)self->config.num_envs, self->memory.size, e,
					  "lanes.memory");
	if (!failed)
		failed = bern_tensors_add(list, BERN_T_F64, self->running, 2, 0, e,
					  "advantage.running");
	if (!failed)
		failed = bern_tensors_add(list, BERN_T_F32, self->entropy_mean, 1, 0, e,
					  "entropy.mean");
	if (!failed)
		failed = bern_tensors_add(list, BERN_T_F32, self->rates, self->unit_count, 0, e,
					  "units.rate");
	if (!failed)
		failed = bern_tensors_add(list, BERN_T_F64, self->sums, SUM_COUNT, 0, e,
					  "log.sums");
	if (!failed)
		failed = bern_tensors_add(list, BERN_T_F32, self->gradient_sum,
					  self->net.param_count, 0, e, "log.gradient");
	return failed;
}

const bern_agent_kind bern_agent_reinforce = {
	.name = "reinforce",
	.summary = "a network of stochastic binary neurons that learn from firing and reward",
	.source = "Williams 1992; Bengio 2013, arXiv 1308.3432; many firings: derived here",
	.create = reinforce_create,
	.destroy = reinforce_destroy,
	.learn = reinforce_learn,
	.act = reinforce_act,
	.memory_size = reinforce_memory_size,
	.stats = reinforce_stats,
	.distributions = reinforce_distributions,
	.policy_tensors = reinforce_policy_tensors,
	.learner_tensors = reinforce_learner_tensors,
	.inspect = bern_reinforce_inspect,
};
