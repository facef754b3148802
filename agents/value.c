#include "value.h"

#include <math.h>
#include <string.h>

/* a running mean weighs at least this much of what is new */
#define MEAN_RATE 0.01

#define LANES_PER_TILE 16
#define MOST_INPUTS                                                                                \
	64 /* of rows that are learned from side by side; what is 0 in larger ones is skipped */
#define MOST_BESIDE 128 /* rows at once */

struct bern_value_beside {
	float *x;      /* (MOST_BESIDE / 16, O, 16) */
	float *values; /* (MOST_BESIDE) */
	float *d;      /* (MOST_BESIDE) */
	bern_firing_room room;
};

int32_t bern_value_init(bern_value_function *value, bern_arena *arena,
			const bern_agent_config *config, size_t inputs, const bern_kernels *kernels,
			bern_rng *rng, bern_error *e)
{
	size_t O = inputs, V = (size_t)config->value_hidden;
	*value = (bern_value_function){
		.kernels = kernels, .kind = config->baseline, .inputs = O, .units = V};
	if (value->kind == BERN_BASELINE_LINEAR)
		value->param_count = O + 1;
	else if (value->kind == BERN_BASELINE_MLP)
		value->param_count = O * V + V + V + 1;
	value->params = bern_arena_take(arena, value->param_count, sizeof(float));
	value->gradient = bern_arena_take(arena, value->param_count, sizeof(float));
	value->mean = bern_arena_take(arena, 2, sizeof(double));
	value->optimizer = (bern_optimizer){.kernels = kernels,
					    .kind = config->optimizer,
					    .momentum = config->momentum,
					    .decay = config->decay,
					    .epsilon = config->epsilon_optimizer,
					    .param_count = value->param_count,
					    .part = {{0, value->param_count, 1.0f}},
					    .part_count = 1};
	int32_t failed = bern_optimizer_init(&value->optimizer, arena, e);
	if (!failed)
		failed = bern_value_share(value, arena, NULL, LANES_PER_TILE, 1, e);
	if (failed || value->kind != BERN_BASELINE_MLP)
		return failed;
	for (size_t i = 0; i < O * V; i++)
		value->params[i] = (float)bern_rng_range(rng, -config->value_init,
							 config->value_init);
	for (size_t j = 0; j < V; j++)
		value->params[O * V + j] = (float)bern_rng_range(rng, -0.5 * config->value_init,
								 0.5 * config->value_init);
	return 0;
}

static void take_beside(bern_value_function *value, bern_arena *arena, size_t threads)
{
	const size_t O = value->inputs, VP = bern_padded(value->units);
	value->room = bern_arena_take(arena, threads, sizeof *value->room);
	for (size_t w = 0; value->room && w < threads; w++) {
		struct bern_value_beside *room = &value->room[w];
		room->x = bern_arena_take(arena, MOST_BESIDE * O, sizeof(float));
		room->values = bern_arena_take(arena, MOST_BESIDE, sizeof(float));
		room->d = bern_arena_take(arena, MOST_BESIDE, sizeof(float));
		room->room.weights = bern_arena_take(arena, O + 2, VP * sizeof(float));
		room->room.back = bern_arena_take(arena, MOST_BESIDE, VP * sizeof(float));
	}
}

int32_t bern_value_share(bern_value_function *value, bern_arena *arena, bern_pool *pool,
			 size_t leaf, size_t leaves, bern_error *e)
{
	value->leaf = leaf;
	size_t room = bern_pool_threads(pool) * bern_padded(value->units);
	value->a = bern_arena_take(arena, room, sizeof(float));
	value->d = bern_arena_take(arena, room, sizeof(float));
	value->leaf_square = bern_arena_take(arena, leaves, sizeof(double));
	value->beside = NULL;
	if (value->kind == BERN_BASELINE_MLP && value->inputs <= MOST_INPUTS)
		value->beside = bern_fused_kernels_of(value->kernels->name);
	if (value->beside)
		take_beside(value, arena, bern_pool_threads(pool));
	bern_tree_init(&value->tree, arena, value->kernels, pool, leaves, value->param_count);
	return bern_arena_check(arena, e);
}

/* the relu layer's activations, into the worker's a */
static void hidden(bern_value_function *value, size_t worker, const bern_value_input *input)
{
	size_t O = value->inputs, V = value->units;
	const float *w = value->params, *bias = w + O * V;
	float *a = value->a + worker * bern_padded(V);
	if (input->rows)
		value->kernels->scaled_rows(a, input->rows, input->given, input->count, w, bias, V);
	else
		value->kernels->affine(a, input->x, w, bias, O, V);
	for (size_t j = 0; j < V; j++)
		a[j] = a[j] > 0.0f ? a[j] : 0.0f;
}

float bern_value_of_input(bern_value_function *value, size_t worker, const bern_value_input *input)
{
	size_t O = value->inputs, V = value->units;
	const float *params = value->params;
	if (value->kind == BERN_BASELINE_NONE)
		return 0.0f;
	if (value->kind == BERN_BASELINE_LINEAR)
		return value->kernels->dot(input->x, params, params[O], O);
	if (value->kind == BERN_BASELINE_MLP) {
		const float *out = params + O * V + V;
		hidden(value, worker, input);
		return value->kernels->dot(value->a + worker * bern_padded(V), out, out[V], V);
	}
	return (float)value->mean[0];
}

float bern_value_of_by(bern_value_function *value, size_t worker, const float *x)
{
	return bern_value_of_input(value, worker, &(bern_value_input){.x = x});
}

float bern_value_of(bern_value_function *value, const float *x)
{
	return bern_value_of_by(value, 0, x);
}

/* Adds error * dV(x)/d params to g; V of x was the last thing this worker was asked. */
static void add_gradient(bern_value_function *value, size_t worker, const bern_value_input *input,
			 float error, float *g)
{
	size_t O = value->inputs, V = value->units;
	if (value->kind == BERN_BASELINE_LINEAR) {
		for (size_t i = 0; i < O; i++)
			g[i] += error * input->x[i];
		g[O] += error;
		return;
	}
	const float *out = value->params + O * V + V;
	const float *a = value->a + worker * bern_padded(V);
	float *d = value->d + worker * bern_padded(V), *g_out = g + O * V + V;
	for (size_t j = 0; j < V; j++) {
		g_out[j] += error * a[j];
		d[j] = a[j] > 0.0f ? error * out[j] : 0.0f;
	}
	g_out[V] += error;
	if (input->rows)
		value->kernels->outer_scaled(g, input->rows, input->given, input->count, d, V);
	else
		value->kernels->outer(g, input->x, d, O, V);
	value->kernels->add(g + O * V, d, V);
}

float bern_value_add_row(bern_value_function *value, size_t worker, const bern_value_input *input,
			 float target, float share, float *g)
{
	float error = target - bern_value_of_input(value, worker, input);
	add_gradient(value, worker, input, share * error, g);
	return error;
}

float bern_value_gradient(bern_value_function *value, const float *x, float *gradient)
{
	float v = bern_value_of(value, x);
	memset(gradient, 0, value->param_count * sizeof *gradient);
	if (value->param_count > 0)
		add_gradient(value, 0, &(bern_value_input){.x = x}, 1.0f, gradient);
	return v;
}

static double learn_mean(bern_value_function *value, const float *target, const float *weight,
			 size_t rows, double total)
{
	double mean = 0.0, square = 0.0;
	for (size_t r = 0; r < rows; r++) {
		double error = (double)target[r] - value->mean[0];
		mean += weight ? (double)target[r] * (double)weight[r] / total
			       : (double)target[r] / (double)rows;
		square += error * error / (double)rows;
	}
	if (value->kind == BERN_BASELINE_NONE)
		return square;
	value->mean[1] += 1.0;
	double rate = 1.0 / value->mean[1];
	value->mean[0] += (rate > MEAN_RATE ? rate : MEAN_RATE) * (mean - value->mean[0]);
	return square;
}

/* One pass over the rows of some lanes. */
typedef struct value_pass {
	bern_value_function *value;
	const float *x, *target, *weight;
	size_t T, B;
	double total; /* of the weights */
} value_pass;

static float share_of(const value_pass *pass, size_t r)
{
	return pass->weight ? (float)((double)pass->weight[r] / pass->total)
			    : 1.0f / (float)(pass->T * pass->B);
}

/* Adds the gradient of `count` rows, in this order, 16 of them side by side in a register: the bits of one after the other. */
static void learn_beside(const value_pass *pass, const size_t *rows, size_t count, size_t worker,
			 float *gradient, double *square)
{
	bern_value_function *value = pass->value;
	struct bern_value_beside *room = &value->room[worker];
	const size_t O = value->inputs;
	const bern_fused_net net = {.inputs = O,
				    .value_kind = value->kind,
				    .value_units = value->units,
				    .value = value->params};
	for (size_t i = 0; i < count; i++)
		for (size_t o = 0; o < O; o++)
			room->x[(i / 16 * O + o) * 16 + i % 16] = pass->x[rows[i] * O + o];
	value->beside->values(&net, room->values, room->x, (count + 15) / 16, NULL);
	for (size_t i = 0; i < count; i++) {
		float error = pass->target[rows[i]] - room->values[i];
		room->d[i] = share_of(pass, rows[i]) * error;
		*square += (double)error * (double)error;
	}
	value->beside->firings->value_estimate(&net, gradient, room->x, room->d, count,
					       &room->room);
}

static void learn_leaf(void *user, size_t leaf, size_t worker, float *gradient)
{
	const value_pass *pass = user;
	bern_value_function *value = pass->value;
	size_t B = pass->B, first = leaf * value->leaf;
	size_t end = first + value->leaf < B ? first + value->leaf : B;
	size_t rows[MOST_BESIDE], count = 0;
	double square = 0.0;
	for (size_t t = 0; t < pass->T; t++)
		for (size_t r = t * B + first; r < t * B + end; r++) {
			if (value->beside) {
				rows[count++] = r;
				if (count == MOST_BESIDE) {
					learn_beside(pass, rows, count, worker, gradient, &square);
					count = 0;
				}
				continue;
			}
			const bern_value_input input = {.x = pass->x + r * value->inputs};
			float error = bern_value_add_row(value, worker, &input, pass->target[r],
							 share_of(pass, r), gradient);
			square += (double)error * (double)error;
		}
	if (count > 0)
		learn_beside(pass, rows, count, worker, gradient, &square);
	value->leaf_square[leaf] = square;
}

double bern_value_learn_leaves(bern_value_function *value, size_t leaves, bern_tree_leaf *leaf,
			       void *user, size_t squares, size_t rows, size_t passes, double rate)
{
	double first = 0.0;
	for (size_t p = 0; p < passes; p++) {
		double square = 0.0;
		bern_tree_sum(&value->tree, value->gradient, leaves, 0, leaf, user);
		if (p == 0 && value->tree.share)
			bern_share_all_gather_leaves(value->tree.share, value->leaf_square, squares,
						     sizeof *value->leaf_square);
		for (size_t i = 0; i < squares; i++)
			square += value->leaf_square[i];
		if (p == 0)
			first = square / (double)rows;
		if (!(first < (double)INFINITY))
			return first; /* before it reaches the parameters */
		bern_optimizer_step(&value->optimizer, value->params, value->gradient, rate);
	}
	return first;
}

double bern_value_learn_lanes(bern_value_function *value, const float *x, const float *target,
			      const float *weight, size_t T, size_t B, size_t passes, double rate)
{
	size_t rows = T * B, leaves = (B + value->leaf - 1) / value->leaf;
	double total = 0.0;
	for (size_t r = 0; weight && r < rows; r++)
		total += (double)weight[r];
	if (!(total > 0.0)) /* nothing weighs more than anything else */
		weight = NULL;
	if (value->param_count == 0)
		return learn_mean(value, target, weight, rows, total);
	value_pass pass = {value, x, target, weight, T, B, total};
	return bern_value_learn_leaves(value, leaves, learn_leaf, &pass, leaves, rows, passes,
				       rate);
}

double bern_value_learn_weighted(bern_value_function *value, const float *x, const float *target,
				 const float *weight, size_t rows, size_t passes, double rate)
{
	return bern_value_learn_lanes(value, x, target, weight, rows, 1, passes, rate);
}

double bern_value_learn(bern_value_function *value, const float *x, const float *target,
			size_t rows, size_t passes, double rate)
{
	return bern_value_learn_weighted(value, x, target, NULL, rows, passes, rate);
}

int32_t bern_value_tensors(bern_value_function *value, bern_tensors *list, bern_error *e)
{
	size_t O = value->inputs, V = value->units;
	float *params = value->params;
	int32_t failed;
	if (value->kind == BERN_BASELINE_NONE)
		return 0;
	if (value->param_count == 0)
		return bern_tensors_add(list, BERN_T_F64, value->mean, 2, 0, e, "value.mean");
	if (value->kind == BERN_BASELINE_LINEAR) {
		failed = bern_tensors_add(list, BERN_T_F32, params, O, 0, e, "value.weight");
		if (!failed)
			failed = bern_tensors_add(list, BERN_T_F32, params + O, 1, 0, e,
						  "value.bias");
	} else {
		failed = bern_tensors_add(list, BERN_T_F32, params, O, V, e, "value.layer1.weight");
		if (!failed)
			failed = bern_tensors_add(list, BERN_T_F32, params + O * V, V, 0, e,
						  "value.layer1.bias");
		if (!failed)
			failed = bern_tensors_add(list, BERN_T_F32, params + O * V + V, V, 1, e,
						  "value.output.weight");
		if (!failed)
			failed = bern_tensors_add(list, BERN_T_F32, params + O * V + 2 * V, 1, 0, e,
						  "value.output.bias");
	}
	if (!failed)
		failed = bern_optimizer_tensors(&value->optimizer, list, "value.optimizer", e);
	return failed;
}
