#include "paths.h"

#include <bern/math.h>

#include <string.h>

/* A stream that is written beforehand lives in the words of a firing stream, so that the network and its kernels need not know: the
 * next bits, and the probability of those read so far. */
enum { SCRIPT_BITS, SCRIPT_CHANCE };

/* kernels->fire: reads the bits that were written. Padding has p = 0 and no bit. */
static void read_bits(uint8_t *h, const float *p, size_t J, size_t K, bern_firing_rng *rng)
{
	size_t P = bern_padded(J);
	uint64_t bits = rng->state[SCRIPT_BITS];
	double chance = bern_double_of_bits(rng->state[SCRIPT_CHANCE]);
	for (size_t k = 0; k < K; k++)
		for (size_t j = 0; j < P; j++) {
			h[k * P + j] = 0;
			if (j >= J)
				continue;
			h[k * P + j] = bits & 1;
			chance *= bits & 1 ? (double)p[j] : 1.0 - (double)p[j];
			bits >>= 1;
		}
	rng->state[SCRIPT_BITS] = bits;
	rng->state[SCRIPT_CHANCE] = bern_bits_of_double(chance);
}

/* kernels->draw: the speaker and the action, which are enumerated apart and written over */
static void draw_nothing(uint32_t u[BERN_LEAPS], bern_firing_rng *rng)
{
	(void)rng;
	memset(u, 0, BERN_LEAPS * sizeof *u);
}

typedef struct walk {
	lab_path *path;
	lab_visit *visit;
	void *user;
	int in_double;
	size_t bits; /* of all firings of a step */
	const bern_kernels *plain;
} walk;

static size_t firing_bits(const lab_setup *s)
{
	return lab_net_bits(&s->oracle) * s->net.firings;
}

size_t lab_path_count(const lab_setup *s, size_t episodes)
{
	double count = 1.0, limit = 1099511627776.0;
	const lab_mdp *mdp = &s->mdp;
	for (size_t row = 0; row < episodes * mdp->steps && count <= limit; row++) {
		count *= row % mdp->steps == 0 ? (double)mdp->states : 1.0;
		for (size_t b = 0; b < firing_bits(s) && count <= limit; b++)
			count *= 2.0;
		count *= (double)mdp->actions * (s->table->noise > 0.0 ? 2.0 : 1.0);
		if ((row + 1) % mdp->steps != 0 || mdp->tail)
			count *= (double)mdp->states;
	}
	return count <= limit ? (size_t)count : SIZE_MAX;
}

/* Returns from each row to the end of its episode. */
static void sum_up(lab_path *path)
{
	const lab_mdp *mdp = &path->setup->mdp;
	for (size_t row = path->rows; row-- > 0;) {
		int last = (row + 1) % path->steps == 0;
		double later = !last       ? path->worth[row + 1]
			       : mdp->tail ? mdp->tail[path->after[row]]
					   : 0.0;
		path->worth[row] = path->reward[row] + mdp->gamma * later;
	}
}

static void begin_row(walk *w, size_t row, size_t state, double probability, double exactly);

/* The action of the row is chosen: what it pays, and where it leads. */
static void end_row(walk *w, size_t row, size_t joint, double probability, double exactly)
{
	lab_path *path = w->path;
	const lab_mdp *mdp = &path->setup->mdp;
	size_t at = path->state[row] * mdp->actions + joint;
	int last = (row + 1) % path->steps == 0;
	double noise = path->setup->table->noise;
	int signs = noise > 0.0 ? 2 : 1;
	for (int sign = 0; sign < signs; sign++) {
		double share = 1.0 / signs;
		path->reward[row] = mdp->reward[at] + (sign ? -noise : noise);
		if (last && !mdp->tail) {
			path->after[row] = 0;
			begin_row(w, row + 1, SIZE_MAX, share * probability, share * exactly);
			continue;
		}
		for (size_t s1 = 0; s1 < mdp->states; s1++) {
			double there = share * mdp->next[at * mdp->states + s1];
			path->after[row] = s1;
			begin_row(w, row + 1, last ? SIZE_MAX : s1, there * probability,
				  there * exactly);
		}
	}
}

/* The row's step in double: unpadded firings, and how probable they are. */
static void copy_step(walk *w, size_t row)
{
	lab_path *path = w->path;
	bern_network *net = &path->net;
	bern_reference_step *step = &path->step[row];
	*step = (bern_reference_step){.firings = net->firings, .x = path->x[row]};
	for (size_t l = 0; l < net->depth; l++) {
		size_t J = net->layer[l].units;
		for (size_t k = 0; k < net->firings; k++)
			memcpy(path->h[row][l] + k * J, bern_trace_h(&path->trace, net, l, row, k),
			       J);
		step->h[l] = path->h[row][l];
	}
	step->action = path->trace.action + row * net->head.components;
	path->firing[row] = bern_reference_probability(net, path->setup->params, step);
}

/* pi-bar(action) of the row by the network's own pi. */
static double chance_of(const lab_path *path, size_t row)
{
	const bern_action_head *head = &path->net.head;
	size_t K = path->net.firings, N = head->logits;
	const int32_t *action = path->trace.action + row * head->components;
	double mean = 0.0;
	for (size_t k = 0; k < K; k++) {
		const float *pi = path->trace.pi + (row * K + k) * N;
		double product = 1.0;
		for (size_t c = 0; c < head->components; c++) {
			double one = (double)pi[head->offset[c]];
			product *= head->size[c] > 1
					   ? (double)pi[head->offset[c] + (size_t)action[c]]
				   : action[c] ? one
					       : 1.0 - one;
		}
		mean += product / (double)K;
	}
	return mean;
}

static void fire_all_ways(walk *w, size_t row, double probability, double exactly)
{
	lab_path *path = w->path;
	bern_network *net = &path->net;
	const lab_setup *s = path->setup;
	size_t K = net->firings, C = net->head.components, N = net->head.logits;
	for (uint64_t bits = 0; bits < (uint64_t)1 << w->bits; bits++) {
		bern_firing_rng script = {{0}, 0};
		script.state[SCRIPT_BITS] = bits;
		script.state[SCRIPT_CHANCE] = bern_bits_of_double(1.0);
		bern_network_act(net, &path->trace, row, NULL, &script);
		double chance = bern_double_of_bits(script.state[SCRIPT_CHANCE]);
		if (w->in_double)
			copy_step(w, row);
		for (size_t joint = 0; joint < s->mdp.actions; joint++) {
			int32_t *action = path->trace.action + row * C;
			lab_table_split(s->table, joint, action);
			bern_head_posterior(&net->head, path->trace.posterior + row * K,
					    path->trace.pi + row * K * N, action, K);
			double likely = w->in_double
						? path->firing[row] *
							  bern_reference_likelihood(
								  net, s->params, &path->step[row])
						: 0.0;
			end_row(w, row, joint, probability * chance * chance_of(path, row),
				exactly * likely);
		}
	}
}

static void begin_row(walk *w, size_t row, size_t state, double probability, double exactly)
{
	lab_path *path = w->path;
	const lab_mdp *mdp = &path->setup->mdp;
	size_t O = path->setup->table->inputs;
	if (row == path->rows) {
		sum_up(path);
		w->visit(path, probability, exactly, w->user);
		return;
	}
	path->before[row] = row % path->steps == 0 ? 1.0 : path->before[row - 1] * mdp->gamma;
	/* an episode begins in any state that it may begin in */
	for (size_t s = 0; s < mdp->states; s++) {
		if (state != SIZE_MAX && s != state)
			continue;
		double share = state == SIZE_MAX ? mdp->start[s] : 1.0;
		path->state[row] = s;
		for (size_t i = 0; i < O; i++) {
			path->x[row][i] = mdp->x[s * O + i];
			path->trace.x[row * O + i] = (float)mdp->x[s * O + i];
		}
		fire_all_ways(w, row, share * probability, share * exactly);
	}
}

int32_t lab_each_path(const lab_setup *setup, size_t episodes, int in_double, lab_visit *visit,
		      void *user, bern_error *e)
{
	lab_path path = {.setup = setup,
			 .net = setup->net,
			 .rows = episodes * setup->mdp.steps,
			 .steps = setup->mdp.steps};
	bern_kernels scripted = *setup->net.kernels;
	bern_arena arena = {0};
	walk w = {.path = &path,
		  .visit = visit,
		  .user = user,
		  .in_double = in_double,
		  .bits = firing_bits(setup)};
	if (path.rows > LAB_ROWS || w.bits > 40)
		return bern_fail(e, BERN_EUSAGE,
				 "%zu steps of %zu bits each are too many to enumerate", path.rows,
				 w.bits);
	scripted.fire = read_bits;
	scripted.draw = draw_nothing;
	path.net.kernels = &scripted;
	int32_t rc = bern_trace_init(&path.trace, &arena, &path.net, path.rows, e);
	if (!rc)
		begin_row(&w, 0, SIZE_MAX, 1.0, 1.0);
	bern_arena_finish(&arena);
	return rc;
}
