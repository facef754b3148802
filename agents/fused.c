#include "fused.h"

#include "estimator.h"
#include "gae.h"
#include "lanes_part.h"

#include <math.h>
#include <string.h>

#define LANES        BERN_FUSED_LANES
#define SIDE         4            /* tiles that are played side by side: their physics overlap */
#define LEAST_LANES  8            /* with fewer than half a tile, lane by lane is faster */
#define MOST_KEPT    (128 * 1024) /* bytes of activations that are kept rather than computed again */
#define MOST_INPUTS  64           /* beyond them skipping what is 0 in a row gains more */
#define MOST_FIRINGS 256          /* more of them would not fit a cache */

struct bern_fused_room {
	bern_firing_room firing;
	float *columns; /* (SIDE, O, 16) */
	float *sum;     /* (most parameters, 16) */
	float *fold;    /* (most parameters) */
	float *d;       /* (T, 16) */
	float *scratch; /* (T, 16) */
	float *x;       /* (O) */
	float *active;  /* (V, T, 16) of the baseline's units, or NULL */
	/* of one tile: */
	float *reward, *bootstrap, *advantage; /* (T, 16) */
	uint32_t *flags;                       /* (T, 16) */
};

/* One choice an action, and nothing that is carried from step to step or looked at again. */
static int is_plain(const bern_agent_config *config, const bern_network *net,
		    const bern_world *world, size_t memory)
{
	return net->binary && net->head.components == 1 && net->head.gaussian.count == 0 &&
	       !world->env->mask && memory == 0 && config->stack == 1 &&
	       !config->normalize_observations && config->baseline != BERN_BASELINE_UNIT &&
	       config->value_weighting == BERN_WEIGHTING_NONE && config->epochs == 1 &&
	       !config->traces && !config->whole_episodes;
}

int bern_fused_fits(const bern_agent_config *config, const bern_network *net, const char *estimator,
		    const bern_world *world, size_t memory)
{
	return strcmp(estimator, "unbiased") == 0 && net->firings == 1 &&
	       is_plain(config, net, world, memory) && net->layer[0].inputs <= MOST_INPUTS &&
	       config->entropy_coef == 0.0;
}

int bern_fused_fits_firings(const bern_agent_config *config, const bern_network *net,
			    const bern_estimator *estimator, const bern_world *world, size_t memory)
{
	return (strcmp(estimator->name, "firings") == 0 || estimator->expects) &&
	       net->firings <= MOST_FIRINGS && net->depth == 1 &&
	       is_plain(config, net, world, memory);
}

static void take_tile(bern_fused *fused, bern_arena *arena, bern_fused_tile *tile)
{
	const bern_fused_net *net = &fused->net;
	const size_t T = net->steps, O = net->inputs, N = net->logits, row = LANES * sizeof(float);
	const size_t K = net->firings;
	const size_t fired_size = fused->fired_size;
	tile->state = bern_arena_take(arena, BERN_LEAPS * LANES, sizeof(uint64_t));
	tile->addend = bern_arena_take(arena, LANES, sizeof(uint64_t));
	for (size_t l = 0; l < net->depth; l++) {
		const size_t J = net->layer[l].units;
		const size_t more = fused->sums_rows ? 32 : 0; /* read past the end */
		tile->p[l] = bern_arena_take(arena, T * J + more, row);
		tile->fired[l] = bern_arena_take(arena, T * K * J + more, fired_size);
		tile->last_p[l] = bern_arena_take(arena, J, row);
		tile->last_fired[l] = bern_arena_take(arena, K * J, fired_size);
	}
	tile->pi = bern_arena_take(arena, T * K * N, row);
	if (fused->sums_rows) {
		tile->mean_pi = K > 1 ? bern_arena_take(arena, T * N, row) : tile->pi;
		tile->posterior = bern_arena_take(arena, T * K, row);
	} else {
		tile->delta = bern_arena_take(arena, T * N, row);
	}
	tile->action = bern_arena_take(arena, T, LANES * sizeof(int32_t));
	tile->signal = bern_arena_take(arena, T, row);
	if (!fused->by_rows)
		tile->x = bern_arena_take(arena, (T + 1) * O, row);
}

static void take_firing_room(const bern_fused *fused, bern_arena *arena, bern_firing_room *room)
{
	const bern_fused_net *net = &fused->net;
	const size_t T = net->steps, K = net->firings, N = net->logits, row = LANES * sizeof(float);
	const size_t P = net->layer[0].padded, VP = bern_padded(net->value_units);
	room->grid = bern_arena_take(arena, P, LANES * sizeof(int32_t));
	room->bonus = bern_arena_take(arena, 1, row);
	room->c = bern_arena_take(arena, K, row);
	room->surprise = bern_arena_take(arena, N + 1, row);
	room->gain = bern_arena_take(arena, K, row);
	room->delta = bern_arena_take(arena, K * N, row);
	room->bits = bern_arena_take(arena, 2 * K, LANES * sizeof(uint32_t));
	room->out = bern_arena_take(arena, N, P * sizeof(float));
	room->rows = bern_arena_take(arena, T * LANES, P * sizeof(float));
	room->turned = fused->turned;
	if (net->value_kind == BERN_BASELINE_MLP && !fused->by_rows) {
		room->weights = bern_arena_take(arena, net->inputs + 2, VP * sizeof(float));
		room->back = bern_arena_take(arena, T * LANES, VP * sizeof(float));
	}
}

/* 1: activations of the baseline's units in a tile are kept for its gradient. */
static int keeps_active(const bern_fused *fused)
{
	const size_t V = fused->net.value_units, T = fused->net.steps;
	return fused->net.value_kind == BERN_BASELINE_MLP &&
	       V * T * LANES * sizeof(float) <= MOST_KEPT;
}

static void take_room(const bern_fused *fused, bern_arena *arena, struct bern_fused_room *room)
{
	const size_t T = fused->net.steps, O = fused->net.inputs, row = LANES * sizeof(float);
	size_t most = fused->network->param_count, V = fused->net.value_units;
	if (fused->value_function->param_count > most)
		most = fused->value_function->param_count;
	room->columns = bern_arena_take(arena, SIDE * O, row);
	room->sum = bern_arena_take(arena, most, row);
	room->fold = bern_arena_take(arena, most, sizeof(float));
	room->d = bern_arena_take(arena, T, row);
	room->scratch = bern_arena_take(arena, T, row);
	room->x = bern_arena_take(arena, O, sizeof(float));
	if (fused->sums_rows)
		take_firing_room(fused, arena, &room->firing);
	else if (keeps_active(fused))
		room->active = bern_arena_take(arena, V * T, row);
	room->reward = bern_arena_take(arena, T, row);
	room->bootstrap = bern_arena_take(arena, T, row);
	room->advantage = bern_arena_take(arena, T, row);
	room->flags = bern_arena_take(arena, T, LANES * sizeof(uint32_t));
}

int32_t bern_fused_init(bern_fused *fused, bern_arena *arena, const char *level, size_t lanes,
			size_t steps, size_t threads, bern_error *e)
{
	const bern_network *network = fused->network;
	const bern_value_function *value = fused->value_function;
	fused->kernels = bern_fused_kernels_of(level);
	if (lanes < LEAST_LANES)
		fused->kernels = NULL;
	if (!fused->kernels)
		return 0;
	fused->fired_size = fused->kernels->fired_size;
	fused->sums_rows = network->firings > 1 || fused->expects;
	fused->by_rows = network->layer[0].inputs > MOST_INPUTS;
	fused->lanes = lanes;
	fused->tiles = (lanes + LANES - 1) / LANES;
	fused->scale = 1.0f / (float)(steps * lanes);
	fused->net = (bern_fused_net){.inputs = network->layer[0].inputs,
				      .depth = network->depth,
				      .logits = network->head.logits,
				      .steps = steps,
				      .firings = network->firings,
				      .layer = network->layer,
				      .params = network->params,
				      .one_unit = network->head.size[0] == 1,
				      .expects = fused->expects,
				      .value_kind = value->kind,
				      .value_units = value->units,
				      .value = value->params};
	fused->tile = bern_arena_take(arena, fused->tiles, sizeof *fused->tile);
	for (size_t k = 0; fused->tile && k < fused->tiles; k++)
		take_tile(fused, arena, &fused->tile[k]);
	if (fused->by_rows) {
		const size_t rows = steps * lanes, OP = bern_padded(network->layer[0].inputs);
		fused->listed = bern_arena_take(arena, rows, OP * sizeof *fused->listed);
		fused->given = bern_arena_take(arena, rows, OP * sizeof *fused->given);
		fused->counts = bern_arena_take(arena, rows, sizeof *fused->counts);
	}
	fused->target = bern_arena_take(arena, fused->tiles * steps, LANES * sizeof(float));
	fused->values = bern_arena_take(arena, fused->tiles * (steps + 1), LANES * sizeof(float));
	fused->valued = bern_arena_take(arena, fused->tiles, sizeof *fused->valued);
	if (!fused->sums_rows && keeps_active(fused))
		fused->first = bern_arena_take(arena, fused->tiles,
					       value->param_count * sizeof *fused->first);
	fused->actions = bern_arena_take(arena, lanes, sizeof *fused->actions);
	if (fused->expects)
		fused->turned = bern_arena_take(arena, 2 * network->head.logits,
						network->layer[0].padded * sizeof(float));
	fused->room = bern_arena_take(arena, threads, sizeof *fused->room);
	for (size_t w = 0; fused->room && w < threads; w++)
		take_room(fused, arena, &fused->room[w]);
	return bern_arena_check(arena, e);
}

/* How many lanes of a tile there are. */
static size_t lanes_in(const bern_fused *fused, size_t tile)
{
	size_t left = fused->lanes - tile * LANES;
	return left < LANES ? left : LANES;
}

/* Numbers of n lanes; all 16 are one register. */
static void copy_lanes(void *to, const void *from, size_t n)
{
	if (n == LANES)
		memcpy(to, from, LANES * sizeof(float));
	else
		memcpy(to, from, n * sizeof(float));
}

/* ---- playing -------------------------------------------------------------------------------------- */

static bern_value_input input_of(const bern_fused *fused, size_t row)
{
	const size_t O = fused->net.inputs, OP = bern_padded(O);
	return (bern_value_input){.x = fused->x + row * O,
				  .rows = fused->listed + row * OP,
				  .given = fused->given + row * OP,
				  .count = fused->counts[row]};
}

/* Inputs at step t from observations that stay rows, and the first layer's activations, to rows (16, P). */
static void take_rows(const bern_fused *fused, const bern_lanes *lanes, size_t k, size_t t,
		      float *rows)
{
	const bern_network *network = fused->network;
	const bern_layer *layer = &network->layer[0];
	const size_t O = layer->inputs, OP = bern_padded(O), P = layer->padded;
	for (size_t l = 0; l < lanes_in(fused, k); l++) {
		const size_t b = k * LANES + l, row = t * fused->lanes + b;
		float *x = fused->x + row * O;
		bern_normalizer_apply(fused->normalizer, x, lanes->obs + b * O);
		fused->counts[row] = (uint32_t)network->kernels->nonzero(
			fused->listed + row * OP, fused->given + row * OP, x, O);
		network->kernels->scaled_rows(rows + l * P, fused->listed + row * OP,
					      fused->given + row * OP, fused->counts[row],
					      network->params + layer->weight,
					      network->params + layer->bias, layer->units);
	}
}

/* x (O, 16) from the observations in columns. */
static void take_inputs(const bern_fused *fused, float *x, const float *columns)
{
	for (size_t i = 0; i < fused->net.inputs; i++) {
		float factor = fused->normalizer->factor[i];
		for (size_t l = 0; l < LANES; l++)
			x[i * LANES + l] = columns[i * LANES + l] * factor;
	}
}

/* V of an observation (O). */
static float value_of_row(const bern_fused *fused, size_t worker, const float *observation)
{
	float *x = fused->room[worker].x;
	bern_normalizer_apply(fused->normalizer, x, observation);
	return bern_value_of_by(fused->value_function, worker, x);
}

/* What step t gave the lanes of tile k. */
static int32_t take_outcome(const bern_fused *fused, const bern_lanes *lanes, size_t worker,
			    size_t k, size_t t, bern_error *e)
{
	const size_t b = k * LANES, n = lanes_in(fused, k), row = t * fused->lanes + b;
	float *reward = fused->rows.reward + row, *bootstrap = fused->rows.bootstrap + row;
	uint32_t *flags = fused->rows.flags + row, seen = 0;
	int wild = 0;
	for (size_t l = 0; l < n; l++) {
		reward[l] = (float)lanes->reward[b + l];
		wild |= !(reward[l] - reward[l] == 0.0f);
		flags[l] = lanes->flags[b + l];
		seen |= flags[l];
		bootstrap[l] = 0.0f;
	}
	for (size_t l = 0; (seen & BERN_TRUNCATED) && l < n; l++)
		if (flags[l] == BERN_TRUNCATED)
			bootstrap[l] = value_of_row(fused, worker,
						    lanes->last_obs + (b + l) * fused->net.inputs);
	for (size_t l = 0; wild && l < n; l++)
		if (!(reward[l] - reward[l] == 0.0f))
			return bern_fail(
				e, BERN_ENUMBER,
				"%s: a reward of %g at step %llu is too large; the network "
				"learns from rewards up to 3.4e38",
				lanes->world->env->id, lanes->reward[b + l],
				(unsigned long long)(lanes->steps + (t + 1) * fused->lanes));
	return 0;
}

/* Of several threads the calling one is listened to. */
static const bern_marks *marks_of(const bern_fused *fused, size_t worker)
{
	return worker == 0 ? fused->network->marks : NULL;
}

/* p and firings of the last step, before the estimate writes over them. */
static void keep_last(const bern_fused *fused, const bern_fused_tile *tile)
{
	const size_t t = fused->net.steps - 1, row = LANES * sizeof(float);
	for (size_t l = 0; l < fused->net.depth; l++) {
		const size_t J = fused->net.layer[l].units;
		const size_t size = fused->net.firings * J * fused->fired_size;
		memcpy(tile->last_p[l], tile->p[l] + t * J * LANES, J * row);
		memcpy(tile->last_fired[l], (const char *)tile->fired[l] + t * size, size);
	}
}

/* values (T + 1, 16) of inputs that stay rows, the last of what the lanes see now */
static void values_of_rows(const bern_fused *fused, const bern_lanes *lanes, size_t worker,
			   size_t k, float *values)
{
	const size_t T = fused->net.steps, O = fused->net.inputs;
	for (size_t t = 0; t <= T; t++)
		for (size_t l = 0; l < lanes_in(fused, k); l++) {
			const size_t b = k * LANES + l;
			if (t == T) {
				values[t * LANES + l] = value_of_row(fused, worker,
								     lanes->obs + b * O);
				continue;
			}
			const bern_value_input input = input_of(fused, t * fused->lanes + b);
			values[t * LANES + l] = bern_value_of_input(fused->value_function, worker,
								    &input);
		}
}

/* room->d (T, 16) = the share of each row's error, 0 in lanes that are not there. The squared errors' sums go to `squares`: lane by
 * lane, or that of the tile. */
static void value_errors(const bern_fused *fused, const struct bern_fused_room *room, size_t k,
			 double *squares)
{
	const size_t T = fused->net.steps, n = lanes_in(fused, k);
	const float *values = fused->values + k * (T + 1) * LANES;
	const float *target = fused->target + k * T * LANES;
	const float share = 1.0f / (float)(T * fused->lanes);
	double square[LANES] = {0}, all = 0.0;
	for (size_t t = 0; t < T; t++)
		for (size_t l = 0; l < LANES; l++) {
			float error = target[t * LANES + l] - values[t * LANES + l];
			room->d[t * LANES + l] = share * error;
			square[l] += (double)error * (double)error;
		}
	for (size_t t = 0; fused->sums_rows && t < T; t++)
		for (size_t l = 0; l < n; l++) {
			float error = target[t * LANES + l] - values[t * LANES + l];
			all += (double)error * (double)error;
		}
	for (size_t t = 0; t < T; t++)
		for (size_t l = n; l < LANES; l++)
			room->d[t * LANES + l] = 0.0f;
	if (fused->sums_rows)
		squares[k] = all;
	else
		memcpy(squares + k * LANES, square, n * sizeof(double));
}

/* The baseline's gradient of a tile, from the units' activations of all rows. */
static void value_gradient(const bern_fused *fused, const struct bern_fused_room *room, size_t k,
			   const float *active, float *sum)
{
	const bern_value_function *value = fused->value_function;
	value_errors(fused, room, k, value->leaf_square);
	fused->kernels->value_estimate(&fused->net, room->sum, fused->tile[k].x, room->d, active,
				       room->scratch);
	fused->kernels->fold(sum, room->sum, value->param_count);
}

/* Values, advantages, targets and entropies of a tile. */
static void credit(const bern_fused *fused, const bern_lanes *lanes, size_t worker, size_t k)
{
	const bern_fused_net *net = &fused->net;
	const struct bern_fused_room *room = &fused->room[worker];
	const bern_fused_rows *rows = &fused->rows;
	const bern_marks *marks = marks_of(fused, worker);
	const size_t T = net->steps, B = fused->lanes, n = lanes_in(fused, k);
	float *values = fused->values + k * (T + 1) * LANES,
	      *target = fused->target + k * T * LANES;
	float entropy[LANES];
	const bern_fused_tile *tile = &fused->tile[k];
	const float *pi = fused->sums_rows ? tile->mean_pi : tile->pi;
	if (fused->by_rows)
		values_of_rows(fused, lanes, worker, k, values);
	else if (fused->first) {
		const size_t end = T * LANES;
		fused->kernels->values(net, values, tile->x, T, room->active);
		fused->kernels->values(net, values + end, tile->x + end * net->inputs, 1, NULL);
	} else if (fused->value_function->param_count > 0)
		fused->kernels->values(net, values, tile->x, T + 1, NULL);
	else
		for (size_t i = 0; i < (T + 1) * LANES; i++)
			values[i] = bern_value_of_by(fused->value_function, worker, NULL);
	fused->valued[k] = 1;
	bern_mark(marks, BERN_MARK_VALUES);
	for (size_t t = 0; t < T; t++) {
		const size_t at = t * LANES, row = t * B + k * LANES;
		copy_lanes(room->reward + at, rows->reward + row, n);
		copy_lanes(room->flags + at, rows->flags + row, n);
		copy_lanes(room->bootstrap + at, rows->bootstrap + row, n);
	}
	bern_gae(room->advantage, target, room->reward, room->flags, values, values + T * LANES,
		 room->bootstrap, fused->gamma, fused->lambda, T, LANES);
	for (size_t t = 0; t < T; t++) {
		const size_t at = t * LANES, row = t * B + k * LANES;
		copy_lanes(rows->values + row, values + at, n);
		copy_lanes(rows->advantage + row, room->advantage + at, n);
		copy_lanes(rows->target + row, target + at, n);
	}
	bern_mark(marks, BERN_MARK_CREDIT);
	if (fused->first)
		value_gradient(fused, room, k, room->active,
			       fused->first + k * fused->value_function->param_count);
	bern_mark(marks, BERN_MARK_BASELINE);
	for (size_t t = 0; t < T; t++) {
		const size_t at = t * LANES, row = t * B + k * LANES;
		fused->kernels->entropies(net, entropy, pi + at * net->logits);
		copy_lanes(rows->entropy + row, entropy, n);
	}
	keep_last(fused, tile);
	bern_mark(marks, BERN_MARK_LOGS);
}

/* Tile k fires and chooses its actions of a step. */
static void act(const bern_fused *fused, const bern_lanes *lanes, size_t worker, size_t k,
		size_t step)
{
	bern_fused_tile *tile = &fused->tile[k];
	if (fused->by_rows)
		take_rows(fused, lanes, k, step, fused->room[worker].firing.rows);
	if (fused->net.firings > 1 || fused->by_rows)
		fused->kernels->firings->act(&fused->net, tile, &fused->room[worker].firing, step,
					     fused->by_rows);
	else
		fused->kernels->act(&fused->net, tile, step);
}

int32_t bern_fused_play(bern_fused *fused, bern_lanes *lanes, size_t worker, size_t first,
			size_t count, size_t *t,
			void (*on_step)(void *user, size_t t, size_t first, size_t end), void *user,
			bern_error *e)
{
	const bern_fused_net *net = &fused->net;
	const size_t T = net->steps, O = net->inputs, end = (first + count + LANES - 1) / LANES;
	const bern_marks *marks = marks_of(fused, worker);
	float *columns = fused->room[worker].columns;
	size_t limit =
		T; /* after a failure the others play only as far as one might come before it */
	int32_t broken = 0;
	for (size_t k0 = first / LANES; k0 < end; k0 += SIDE) {
		const size_t k1 = k0 + SIDE < end ? k0 + SIDE : end, b0 = k0 * LANES;
		const size_t n = (k1 < end ? k1 * LANES : first + count) - b0;
		if (!fused->by_rows)
			bern_lanes_get_columns(lanes, b0, n, columns);
		for (size_t k = k0; k < k1; k++) {
			fused->kernels->take_streams(&fused->tile[k], fused->firing + k * LANES,
						     lanes_in(fused, k));
			if (!fused->by_rows)
				take_inputs(fused, fused->tile[k].x,
					    columns + (k - k0) * O * LANES);
		}
		bern_mark(marks, BERN_MARK_STREAMS);
		bern_error found = {0};
		int32_t failed = 0;
		for (size_t step = 0; !failed && step < limit; step++) {
			for (size_t k = k0; k < k1; k++) {
				act(fused, lanes, worker, k, step);
				copy_lanes(fused->actions + k * LANES,
					   fused->tile[k].action + step * LANES,
					   lanes_in(fused, k));
			}
			bern_mark(marks, BERN_MARK_LAYERS);
			failed = fused->by_rows
					 ? bern_lanes_step_part(lanes, worker, b0, n,
								fused->actions, &found)
					 : bern_lanes_step_columns(lanes, worker, b0, n,
								   fused->actions, columns, &found);
			on_step(user, step, b0, b0 + n);
			bern_mark(marks, BERN_MARK_PHYSICS);
			for (size_t k = k0; !failed && !fused->by_rows && k < k1; k++)
				take_inputs(fused, fused->tile[k].x + (step + 1) * O * LANES,
					    columns + (k - k0) * O * LANES);
			bern_mark(marks, BERN_MARK_INPUT);
			for (size_t k = k0; !failed && k < k1; k++)
				failed = take_outcome(fused, lanes, worker, k, step, &found);
			bern_mark(marks, BERN_MARK_OUTCOME);
			/* a reward that is too large shows after the step */
			if (failed && (step < limit - 1 || !broken || failed != BERN_ENUMBER)) {
				*e = found;
				*t = step;
				broken = failed;
			}
			if (failed)
				limit = failed == BERN_ENUMBER ? step + 1 : step;
		}
		if (broken)
			continue;
		if (!fused->by_rows)
			bern_lanes_put_columns(lanes, b0, n, columns);
		for (size_t k = k0; k < k1; k++)
			fused->kernels->put_streams(fused->firing + k * LANES, &fused->tile[k],
						    lanes_in(fused, k));
		bern_mark(marks, BERN_MARK_STREAMS);
		for (size_t k = k0; k < k1; k++)
			credit(fused, lanes, worker, k);
	}
	return broken;
}

/* Of the last step: unit's firing k in a lane. */
static int has_fired(const bern_fused *fused, const bern_fused_tile *tile, size_t l, size_t k,
		     size_t unit, size_t lane)
{
	const size_t at = k * fused->net.layer[l].units + unit;
	const size_t W = fused->kernels->width;
	if (W == LANES)
		return ((const uint16_t *)tile->last_fired[l])[at] >> lane & 1;
	return ((const uint8_t *)tile->last_fired[l])[at * (LANES / W) + lane / W] >> lane % W & 1;
}

void bern_fused_last(const bern_fused *fused, const bern_trace *trace, size_t lanes)
{
	const bern_network *net = fused->network;
	const size_t t = fused->net.steps - 1, K = net->firings;
	for (size_t l = 0; l < net->depth; l++)
		for (size_t b = 0; b < lanes; b++) {
			const bern_fused_tile *tile = &fused->tile[b / LANES];
			const size_t J = net->layer[l].units, row = t * fused->lanes + b;
			float *p = bern_trace_p(trace, net, l, row, 0);
			for (size_t j = 0; j < J; j++)
				p[j] = tile->last_p[l][j * LANES + b % LANES];
			for (size_t k = 0; k < K; k++) {
				uint8_t *h = bern_trace_h(trace, net, l, row, k);
				for (size_t j = 0; j < J; j++)
					h[j] = (uint8_t)has_fired(fused, tile, l, k, j, b % LANES);
			}
		}
}

/* ---- learning ------------------------------------------------------------------------------------- */

/* The estimate of a tile whose sums go row by row: the output layer's, and from the units' scores the first layer's. */
static void estimate_rows(const bern_fused *fused, float *sum, size_t k, bern_firing_room *room)
{
	const bern_firing_kernels *kernels = fused->kernels->firings;
	const bern_kernels *by_row = fused->network->kernels;
	const bern_fused_tile *tile = &fused->tile[k];
	const bern_layer *layer = &fused->net.layer[0];
	const size_t T = fused->net.steps, O = layer->inputs, P = layer->padded;
	for (size_t l = 0; l < LANES; l++)
		room->bonus[l] = l < lanes_in(fused, k) ? fused->bonus : 0.0f;
	room->mean_entropy = fused->mean_entropy;
	kernels->estimate(&fused->net, sum, tile, room);
	if (!fused->by_rows) {
		kernels->outer(sum + layer->weight, sum + layer->bias, tile->x, room->rows,
			       T * LANES, O, layer->units);
		return;
	}
	for (size_t t = 0; t < T; t++)
		for (size_t l = 0; l < lanes_in(fused, k); l++) {
			const float *s = room->rows + (t * LANES + l) * P;
			const bern_value_input input = input_of(fused,
								t * fused->lanes + k * LANES + l);
			by_row->outer_scaled(sum + layer->weight, input.rows, input.given,
					     input.count, s, layer->units);
			by_row->add(sum + layer->bias, s, layer->units);
		}
}

void bern_fused_begin(bern_fused *fused, const bern_signal *signal)
{
	fused->bonus = signal->scale * signal->entropy_coef;
	fused->mean_entropy = signal->entropy_mean;
	if (fused->expects)
		bern_turn_weights(fused->network, fused->turned);
}

void bern_fused_estimate(void *user, size_t k, size_t worker, float *sum)
{
	const bern_fused *fused = user;
	struct bern_fused_room *room = &fused->room[worker];
	const bern_fused_tile *tile = &fused->tile[k];
	const size_t T = fused->net.steps, n = lanes_in(fused, k);
	for (size_t t = 0; t < T; t++) {
		const float *advantage = fused->rows.advantage + t * fused->lanes + k * LANES;
		for (size_t l = 0; l < n; l++)
			tile->signal[t * LANES + l] = fused->scale * advantage[l];
	}
	if (fused->sums_rows) {
		estimate_rows(fused, sum, k, &room->firing);
		return;
	}
	fused->kernels->estimate(&fused->net, room->sum, tile);
	fused->kernels->fold(sum, room->sum, fused->network->param_count);
}

/* Where inputs stay rows. */
static void value_rows(void *user, size_t k, size_t worker, float *sum)
{
	const bern_fused *fused = user;
	const size_t T = fused->net.steps;
	const float *target = fused->target + k * T * LANES;
	const float share = 1.0f / (float)(T * fused->lanes);
	double square = 0.0;
	for (size_t t = 0; t < T; t++)
		for (size_t l = 0; l < lanes_in(fused, k); l++) {
			const bern_value_input input = input_of(fused,
								t * fused->lanes + k * LANES + l);
			float error = bern_value_add_row(fused->value_function, worker, &input,
							 target[t * LANES + l], share, sum);
			square += (double)error * (double)error;
		}
	fused->value_function->leaf_square[k] = square;
}

static void value_tile(void *user, size_t k, size_t worker, float *sum)
{
	const bern_fused *fused = user;
	const bern_fused_net *net = &fused->net;
	const struct bern_fused_room *room = &fused->room[worker];
	const size_t T = net->steps, count = fused->value_function->param_count;
	const float *x = fused->tile[k].x;
	const int valued = fused->valued[k];
	fused->valued[k] = 0; /* another pass comes after a step of the optimizer */
	if (valued && fused->first) {
		memcpy(sum, fused->first + k * count, count * sizeof *sum);
		return;
	}
	if (!valued)
		fused->kernels->values(net, fused->values + k * (T + 1) * LANES, x, T,
				       room->active);
	if (!fused->sums_rows) {
		value_gradient(fused, room, k, valued ? NULL : room->active, sum);
		return;
	}
	value_errors(fused, room, k, fused->value_function->leaf_square);
	fused->kernels->firings->value_estimate(net, sum, x, room->d, T * LANES, &room->firing);
}

double bern_fused_value_learn(bern_fused *fused, size_t passes, double rate)
{
	const size_t squares = fused->sums_rows ? fused->tiles : fused->lanes;
	return bern_value_learn_leaves(fused->value_function, fused->tiles,
				       fused->by_rows ? value_rows : value_tile, fused, squares,
				       fused->net.steps * fused->lanes, passes, rate);
}

extern const bern_fused_kernels bern_fused_base;
#ifdef BERN_X86
extern const bern_fused_kernels bern_fused_avx2, bern_fused_avx512;
#endif

const bern_fused_kernels *bern_fused_kernels_of(const char *level)
{
	static const bern_fused_kernels *const levels[] = {
#ifdef BERN_X86
		&bern_fused_avx512,
		&bern_fused_avx2,
#endif
		&bern_fused_base,
	};
	for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
		if (strcmp(levels[i]->name, level) == 0)
			return levels[i];
	return NULL;
}
