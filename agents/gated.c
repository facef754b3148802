#include "gated.h"

#include <bern/agent.h>
#include <bern/math.h>
#include <math.h>
#include <string.h>

const bern_gate_info bern_gate_kinds[BERN_GATE_KINDS] = {
	[BERN_GATES_REWARD] = {"reward", "binary gates that learn from the reward alone", 1, 0, 0},
	[BERN_GATES_STRAIGHT_THROUGH] = {"straight-through", "binary gates, dL/dg passed on to a",
					 1, 0, 0},
	[BERN_GATES_STS] = {"sts", "stochastic times smooth", 1, 0, 0},
	[BERN_GATES_NOISY_RECTIFIER] = {"noisy-rectifier", "max(0, a + noise)", 1, 1, 0},
	[BERN_GATES_RECTIFIER] = {"rectifier", "max(0, a)", 1, 1, 0},
	[BERN_GATES_SIGMOID_NOISE] = {"sigmoid-noise", "sigmoid(a + noise)", 0, 0, 0},
	[BERN_GATES_SIGMOID] = {"sigmoid", "sigmoid(a)", 0, 0, 0},
	[BERN_GATES_NONE] = {"none", "no gates: every expert in full", 0, 0, 1},
};

/* every so many batches the weight of L1 may change, by a tenth, if the share of open gates is further off than this */
#define L1_BATCHES 10
#define L1_FREE    0.01
#define L1_LEAST   1e-5 /* from lower it would take long to come back */
#define L1_MOST    1e4
#define RATE_STEP  0.1f /* of the rectifiers' running rates, in a batch */

/* ---- making ---- */

static void uniform(float *w, size_t count, double most, bern_rng *rng)
{
	for (size_t i = 0; i < count; i++)
		w[i] = (float)bern_rng_range(rng, -most, most);
}

/* Gates that throw coins start decided, far from an even chance, so that what the network learns with them is what thresholded gates
 * will do; the others keep the size of what they read. */
static double gate_spread(const bern_gated_plan *plan)
{
	if (plan->spread > 0.0)
		return plan->spread;
	return plan->kind <= BERN_GATES_STS ? 10.0 : sqrt(3.0);
}

/* The bias with which about the target's share is open: a of weights U(-s, s)/sqrt(fan-in) deviates by s/sqrt(3) times the size of
 * what is read, taken for 1/2; coins and noise add that of a logistic (1.702 times a normal's) or normal distribution. */
static double first_bias(const bern_gated_plan *plan)
{
	double s = plan->kind == BERN_GATES_STS ? plan->target * plan->target : plan->target;
	double quantile = bern_log(s / (1.0 - s)) / 1.702, spread = gate_spread(plan);
	double noise = plan->kind == BERN_GATES_RECTIFIER         ? 0.0
		       : plan->kind == BERN_GATES_NOISY_RECTIFIER ? 1.0
								  : 1.702 * 1.702;
	return quantile * sqrt(spread * spread / 12.0 + noise);
}

static void randomize(bern_gated *net, bern_rng *rng)
{
	const bern_gated_plan *plan = &net->plan;
	size_t I = plan->inputs, R = plan->gater, G = plan->gates, C = plan->outputs;
	size_t below = R ? R : I;
	float *w = net->params;
	uniform(w + net->z_weight, I * R, sqrt(3.0 / (double)I), rng);
	uniform(w + net->gate_weight, below * G, gate_spread(plan) / sqrt((double)below), rng);
	uniform(w + net->expert_weight, G * I, sqrt(6.0 / (double)I), rng);
	uniform(w + net->out_weight, G * C, 1.0 / sqrt((double)G), rng);
	for (size_t j = 0; j < G; j++)
		w[net->gate_bias + j] = (float)first_bias(plan);
}

/* Offsets, and one part of the optimiser for each array. */
static void lay_out(bern_gated *net)
{
	const bern_gated_plan *plan = &net->plan;
	size_t I = plan->inputs, R = plan->gater, G = plan->gates, C = plan->outputs;
	const struct {
		size_t *at, count;
		int of_gater;
	} arrays[] = {
		{&net->z_weight, I * R, 1},
		{&net->z_bias, R, 1},
		{&net->gate_weight, (R ? R : I) * G, 1},
		{&net->gate_bias, G, 1},
		{&net->expert_weight, G * I, 0},
		{&net->expert_bias, G, 0},
		{&net->out_weight, G * C, 0},
		{&net->out_bias, C, 0},
	};
	for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++) {
		*arrays[i].at = net->param_count;
		net->optimizer.part[net->optimizer.part_count++] = (bern_part){
			net->param_count, arrays[i].count,
			arrays[i].of_gater ? (float)plan->gater_rate : 1.0f};
		net->param_count += arrays[i].count;
	}
}

static int32_t take_memory(bern_gated *net, bern_arena *arena, bern_error *e)
{
	const bern_gated_plan *plan = &net->plan;
	size_t I = plan->inputs, R = plan->gater, G = plan->gates, C = plan->outputs;
	size_t P = bern_padded(G), most = bern_padded(R > C ? R : C);
	net->params = bern_arena_take(arena, net->param_count, sizeof(float));
	net->gradient = bern_arena_take(arena, net->param_count, sizeof(float));
	net->pass = bern_arena_take(arena, net->batch, sizeof *net->pass);
	for (size_t n = 0; net->pass && n < net->batch; n++)
		net->pass[n] = (bern_gated_pass){
			.z = bern_arena_take(arena, bern_padded(R), sizeof(float)),
			.p = bern_arena_take(arena, P, sizeof(float)),
			.h = bern_arena_take(arena, P, 1),
			.on = bern_arena_take(arena, P, sizeof(uint32_t)),
			.gate = bern_arena_take(arena, P, sizeof(float)),
			.slope = bern_arena_take(arena, P, sizeof(float)),
			.expert = bern_arena_take(arena, P, sizeof(float)),
			.y = bern_arena_take(arena, P, sizeof(float)),
			.chance = bern_arena_take(arena, bern_padded(C), sizeof(float)),
		};
	net->baseline = bern_arena_take(arena, (R ? R : I) + 1, sizeof(float));
	net->a = bern_arena_take(arena, P, sizeof(float));
	net->da = bern_arena_take(arena, P, sizeof(float));
	net->dy = bern_arena_take(arena, P, sizeof(float));
	net->rho = bern_arena_take(arena, P, sizeof(float));
	net->rate = bern_arena_take(arena, P, sizeof(float));
	net->push = bern_arena_take(arena, P, sizeof(float));
	net->logits = bern_arena_take(arena, most, sizeof(float));
	net->d = bern_arena_take(arena, most, sizeof(float));
	net->dz = bern_arena_take(arena, most, sizeof(float));
	return bern_arena_check(arena, e);
}

int32_t bern_gated_init(bern_gated *net, bern_arena *arena, const bern_gated_plan *plan,
			size_t batch, const bern_kernels *kernels, bern_rng *rng, bern_error *e)
{
	*net = (bern_gated){.kernels = kernels, .plan = *plan, .batch = batch};
	bern_gated_plan *own = &net->plan;
	if (!(own->target > 0.0 && own->target < 1.0))
		return bern_fail(e, BERN_EUSAGE,
				 "a gate target of %g is no share of gates to be open; allowed: "
				 "numbers between 0 and 1, both excluded",
				 own->target);
	if (!own->inputs || !own->gates || !own->outputs || !batch)
		return bern_fail(e, BERN_EUSAGE,
				 "a gated layer of %zu inputs, %zu gates, %zu outputs and batches "
				 "of %zu cannot be; each must be at least 1",
				 own->inputs, own->gates, own->outputs, batch);
	if (bern_gate_kinds[own->kind].has_no_gate)
		own->gater = 0;
	own->penalty = own->penalty > 0.0 ? own->penalty : 0.1;
	own->rate = own->rate > 0.0 ? own->rate : 0.005;
	own->gater_rate = own->gater_rate > 0.0 ? own->gater_rate : 1.0;
	net->l1 = own->penalty / 1000.0;
	lay_out(net);
	int32_t failed = take_memory(net, arena, e);
	net->optimizer.kernels = kernels;
	net->optimizer.kind = BERN_ADAM;
	net->optimizer.momentum = 0.9;
	net->optimizer.decay = 0.999;
	net->optimizer.epsilon = 1e-8;
	net->optimizer.param_count = net->param_count;
	if (!failed)
		failed = bern_optimizer_init(&net->optimizer, arena, e);
	if (!failed)
		randomize(net, rng);
	return failed;
}

/* ---- forward ---- */

/* Numbers that probability() would put on the grid of the firings. */
static float on_grid(float p)
{
	return (float)(int32_t)(p * BERN_P_ONE) / BERN_P_ONE;
}

/* Bernoulli gates: p is the chance to be open; h by chance or where p is over one half. */
static void throw_coins(bern_gated *net, bern_gated_pass *pass, bern_gate_rng *rng)
{
	size_t G = net->plan.gates;
	net->kernels->probability(pass->p, net->a, G);
	for (size_t j = 0; net->plan.kind == BERN_GATES_STS && j < G; j++)
		pass->p[j] = on_grid(sqrtf(pass->p[j]));
	if (rng)
		net->kernels->fire(pass->h, pass->p, G, 1, &rng->firing);
	else
		for (size_t j = 0; j < G; j++)
			pass->h[j] = pass->p[j] > 0.5f;
}

/* Gates with a value of their own: g into p (rectifiers, sigmoids). */
static void take_values(bern_gated *net, bern_gated_pass *pass, bern_gate_rng *rng)
{
	size_t G = net->plan.gates;
	int64_t kind = net->plan.kind;
	int noisy = kind == BERN_GATES_NOISY_RECTIFIER || kind == BERN_GATES_SIGMOID_NOISE;
	for (size_t j = 0; j < G; j++) {
		float a = net->a[j];
		if (noisy && rng)
			a += (float)bern_normal(&rng->noise);
		if (bern_gate_kinds[kind].rectifies)
			pass->p[j] = a > 0.0f ? a : 0.0f;
		else
			pass->p[j] = bern_sigmoidf(a);
		pass->h[j] = !bern_gate_kinds[kind].rectifies || a > 0.0f;
	}
}

void bern_gated_open(bern_gated *net, bern_gated_pass *pass, const float *x, bern_gate_rng *rng)
{
	const bern_gated_plan *plan = &net->plan;
	size_t I = plan->inputs, R = plan->gater, G = plan->gates;
	const float *w = net->params, *below = x;
	if (R) {
		net->kernels->affine(pass->z, x, w + net->z_weight, w + net->z_bias, I, R);
		for (size_t i = 0; i < R; i++)
			pass->z[i] = bern_tanhf(pass->z[i]);
		below = pass->z;
	}
	if (plan->kind == BERN_GATES_NONE) {
		memset(pass->h, 1, G);
	} else {
		net->kernels->affine(net->a, below, w + net->gate_weight, w + net->gate_bias,
				     R ? R : I, G);
		if (plan->kind <= BERN_GATES_STS)
			throw_coins(net, pass, rng);
		else
			take_values(net, pass, rng);
	}
	pass->count = net->kernels->fired(pass->on, pass->h, G);
	for (size_t r = 0; r < pass->count; r++) {
		float p = pass->p[pass->on[r]];
		float gate = 1.0f, slope = 0.0f;
		if (plan->kind == BERN_GATES_STRAIGHT_THROUGH) {
			slope = 1.0f;
		} else if (plan->kind == BERN_GATES_STS) { /* d sqrt(sigmoid)/da */
			gate = p;
			slope = 0.5f * p * (1.0f - p * p);
		} else if (bern_gate_kinds[plan->kind].rectifies) {
			gate = p;
			slope = 1.0f;
		} else if (plan->kind == BERN_GATES_SIGMOID ||
			   plan->kind == BERN_GATES_SIGMOID_NOISE) {
			gate = p;
			slope = p * (1.0f - p);
		}
		pass->gate[r] = gate;
		pass->slope[r] = slope;
	}
}

/* chance = softmax(logits) */
static void softmax(float *chance, const float *logits, size_t C)
{
	float most = logits[0], sum = 0.0f;
	for (size_t c = 1; c < C; c++)
		most = logits[c] > most ? logits[c] : most;
	for (size_t c = 0; c < C; c++) {
		chance[c] = bern_expf(logits[c] - most);
		sum += chance[c];
	}
	for (size_t c = 0; c < C; c++)
		chance[c] /= sum;
}

void bern_gated_compute(bern_gated *net, bern_gated_pass *pass, const float *x)
{
	const float *w = net->params;
	net->kernels->dot_rows(pass->expert, pass->on, pass->count, x, w + net->expert_weight,
			       w + net->expert_bias, net->plan.inputs);
	for (size_t r = 0; r < pass->count; r++) {
		pass->expert[r] = pass->expert[r] > 0.0f ? pass->expert[r] : 0.0f;
		pass->y[r] = pass->gate[r] * pass->expert[r];
	}
	net->kernels->scaled_rows(net->logits, pass->on, pass->y, pass->count, w + net->out_weight,
				  w + net->out_bias, net->plan.outputs);
	softmax(pass->chance, net->logits, net->plan.outputs);
}

double bern_gated_loss(const bern_gated_pass *pass, size_t label)
{
	/* a chance that rounds to 0 counts as the smallest float */
	double chance = (double)pass->chance[label];
	return -bern_log(chance > 1.2e-38 ? chance : 1.2e-38);
}

/* ---- learning ---- */

/* From dL/da of the gates (net->da) into the gater. */
static void through_gater(bern_gated *net, const bern_gated_pass *pass, const float *x)
{
	size_t I = net->plan.inputs, R = net->plan.gater, G = net->plan.gates;
	const bern_kernels *kernels = net->kernels;
	float *g = net->gradient;
	kernels->outer(g + net->gate_weight, R ? pass->z : x, net->da, R ? R : I, G);
	kernels->add(g + net->gate_bias, net->da, G);
	if (!R)
		return;
	for (size_t i = 0; i < R; i++) {
		float back = kernels->dot(net->da, net->params + net->gate_weight + i * G, 0.0f, G);
		net->dz[i] = back * (1.0f - pass->z[i] * pass->z[i]);
	}
	kernels->outer(g + net->z_weight, x, net->dz, I, R);
	kernels->add(g + net->z_bias, net->dz, R);
}

void bern_gated_backward(bern_gated *net, const bern_gated_pass *pass, const float *x, size_t label,
			 double baseline, const float *extra, double scale)
{
	const bern_gated_plan *plan = &net->plan;
	const bern_kernels *kernels = net->kernels;
	size_t I = plan->inputs, G = plan->gates, C = plan->outputs, count = pass->count;
	float *g = net->gradient, factor = (float)scale;
	for (size_t c = 0; c < C; c++)
		net->d[c] = factor * (pass->chance[c] - (c == label ? 1.0f : 0.0f));
	kernels->outer_scaled(g + net->out_weight, pass->on, pass->y, count, net->d, C);
	kernels->add(g + net->out_bias, net->d, C);
	kernels->dot_rows(net->dy, pass->on, count, net->d, net->params + net->out_weight, NULL, C);

	for (size_t j = 0; j < G; j++)
		net->da[j] = extra ? factor * extra[j] : 0.0f;
	for (size_t r = 0; r < count; r++)
		net->da[pass->on[r]] += net->dy[r] * pass->expert[r] * pass->slope[r];
	if (plan->kind == BERN_GATES_REWARD) {
		float signal = factor * (float)(bern_gated_loss(pass, label) - baseline);
		for (size_t j = 0; j < G; j++)
			net->da[j] += signal * ((float)pass->h[j] - pass->p[j]);
	}
	for (size_t r = 0; r < count; r++) { /* now of the experts, in front of their relu */
		net->dy[r] = pass->expert[r] > 0.0f ? net->dy[r] * pass->gate[r] : 0.0f;
		g[net->expert_bias + pass->on[r]] += net->dy[r];
	}
	kernels->outer_scaled(g + net->expert_weight, pass->on, net->dy, count, x, I);
	if (plan->kind != BERN_GATES_NONE)
		through_gater(net, pass, x);
}

void bern_gated_average(bern_gated *net, size_t count)
{
	size_t G = net->plan.gates;
	memset(net->rho, 0, G * sizeof(float));
	for (size_t n = 0; n < count; n++)
		net->kernels->add(net->rho, net->pass[n].p, G);
	for (size_t j = 0; j < G; j++)
		net->rho[j] /= (float)count;
	for (size_t n = 0; bern_gate_kinds[net->plan.kind].rectifies && n < count; n++)
		for (size_t j = 0; j < G; j++)
			net->rate[j] += RATE_STEP / (float)count *
					((float)net->pass[n].h[j] - net->rate[j]);
}

/* A closed rectifier passes nothing back and would stay closed; so while too few are open, the ones that hardly ever are get pushed
 * up, as the paper does with a bias (sec. 3.1). */
static float push_rectifier(const bern_gated *net, const bern_gated_pass *pass, size_t j)
{
	float lack = (float)net->plan.target - net->rate[j];
	float down = pass->h[j] ? (float)net->l1 : 0.0f;
	return net->too_few && lack > 0.0f ? down - 0.1f * (float)net->plan.penalty * lack : down;
}

void bern_gated_sparsity(const bern_gated *net, const bern_gated_pass *pass, float *push)
{
	const bern_gated_plan *plan = &net->plan;
	float s = (float)plan->target, weight = (float)plan->penalty;
	for (size_t j = 0; j < plan->gates; j++) {
		push[j] = 0.0f;
		if (bern_gate_kinds[plan->kind].has_no_gate)
			continue;
		if (bern_gate_kinds[plan->kind].rectifies) {
			push[j] = push_rectifier(net, pass, j);
			continue;
		}
		float p = pass->p[j], rho = net->rho[j];
		/* a mean that rounds to 0 or 1 would ask for an infinite push */
		rho = rho < 1e-6f ? 1e-6f : rho > 1.0f - 1e-6f ? 1.0f - 1e-6f : rho;
		float slope = plan->kind == BERN_GATES_STS ? 0.5f * p * (1.0f - p * p)
							   : p * (1.0f - p);
		push[j] = weight * ((1.0f - s) / (1.0f - rho) - s / rho) * slope;
	}
}

/* What the loss is expected to be: linear in what the gates read; learns by normalised least mean squares (Widrow & Hoff 1960;
 * Nagumo & Noda 1967). Read before it learns. */
static double expected_loss(bern_gated *net, const float *x, double loss)
{
	size_t below = net->plan.gater ? net->plan.gater : net->plan.inputs;
	float b = net->kernels->dot(x, net->baseline, net->baseline[below], below);
	float step = 0.05f * (float)(loss - (double)b) /
		     (1.0f + net->kernels->sum_squares(x, below));
	for (size_t i = 0; i < below; i++)
		net->baseline[i] += step * x[i];
	net->baseline[below] += step;
	return (double)b;
}

static void adapt(bern_gated *net)
{
	if (++net->batches < L1_BATCHES)
		return;
	double share = net->open / (double)net->seen;
	net->too_few = share < net->plan.target - L1_FREE;
	if (share > net->plan.target + L1_FREE && net->l1 < L1_MOST)
		net->l1 *= 1.1;
	else if (net->too_few && net->l1 > L1_LEAST)
		net->l1 *= 0.9;
	net->open = 0.0;
	net->seen = net->batches = 0;
}

double bern_gated_learn(bern_gated *net, const float *x, const uint8_t *labels, size_t count,
			bern_gate_rng *rng)
{
	size_t I = net->plan.inputs, G = net->plan.gates;
	double mean = 0.0;
	for (size_t n = 0; n < count; n++) {
		bern_gated_open(net, &net->pass[n], x + n * I, rng);
		bern_gated_compute(net, &net->pass[n], x + n * I);
		net->open += (double)net->pass[n].count;
		net->seen += G;
	}
	memset(net->gradient, 0, net->param_count * sizeof(float));
	bern_gated_average(net, count);
	for (size_t n = 0; n < count; n++) {
		const bern_gated_pass *pass = &net->pass[n];
		double loss = bern_gated_loss(pass, labels[n]), baseline = 0.0;
		if (net->plan.kind == BERN_GATES_REWARD)
			baseline = expected_loss(net, net->plan.gater ? pass->z : x + n * I, loss);
		bern_gated_sparsity(net, pass, net->push);
		bern_gated_backward(net, pass, x + n * I, labels[n], baseline, net->push,
				    -1.0 / (double)count);
		mean += loss / (double)count;
	}
	bern_optimizer_step(&net->optimizer, net->params, net->gradient, net->plan.rate);
	if (bern_gate_kinds[net->plan.kind].rectifies)
		adapt(net);
	return mean;
}
