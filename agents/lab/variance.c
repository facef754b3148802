#include "variance.h"

#include "statistics.h"

#include <kinds.h>
#include <reinforce.h>

#include <bern/math.h>
#include <stdlib.h>
#include <string.h>

/* Sums over one of the two halves. */
typedef struct half {
	lab_moments m;
	double cosine;
} half;

static double dot(const double *a, const double *b, size_t count)
{
	double sum = 0.0;
	for (size_t i = 0; i < count; i++)
		sum += a[i] * b[i];
	return sum;
}

/* Plays once; g (param_count) is its estimate. */
static int32_t one_play(bern_agent *agent, bern_lanes *lanes, bern_reinforce_view *view, double *g,
			bern_error *e)
{
	int32_t rc = bern_reinforce_estimate(agent, lanes, e);
	if (rc)
		return rc;
	bern_reinforce_look(agent, view);
	for (size_t i = 0; i < view->net->param_count; i++)
		g[i] = (double)view->gradient[i];
	return 0;
}

static void sum_up(lab_variance *out, const bern_network *net, const lab_moments *first,
		   const lab_moments *second)
{
	out->layers = net->depth + 1;
	for (size_t l = 0; l <= net->depth; l++) {
		const bern_layer *layer = &net->layer[l];
		for (size_t i = layer->weight; i < layer->bias + layer->units; i++)
			out->layer[l] += lab_moments_variance(second, i);
		out->total += out->layer[l];
	}
	/* the two halves' noise is independent, so that their product has none in the mean */
	double square = dot(first->mean, second->mean, first->count);
	out->length = square > 0.0 ? bern_sqrt(square) : 0.0;
}

int32_t lab_variance_measure(bern_agent *agent, bern_lanes *lanes, size_t plays, lab_variance *out,
			     bern_error *e)
{
	bern_reinforce_view view;
	memset(out, 0, sizeof *out);
	if (agent->kind != &bern_agent_reinforce)
		return bern_fail(e, BERN_EUSAGE,
				 "%s has no estimator whose variance could be measured; allowed: "
				 "reinforce",
				 agent->kind->name);
	bern_reinforce_look(agent, &view);
	size_t count = view.net->param_count;
	double *memory = calloc(5 * count, sizeof *memory);
	if (!memory)
		return bern_fail(e, BERN_EMEMORY, "no memory for %zu gradients", count);
	double *g = memory + 4 * count;
	lab_moments first = {.count = count, .mean = memory, .square = memory + count};
	lab_moments second = {
		.count = count, .mean = memory + 2 * count, .square = memory + 3 * count};
	int32_t rc = 0;
	for (size_t i = 0; !rc && i < plays; i++) {
		rc = one_play(agent, lanes, &view, g, e);
		if (!rc)
			lab_moments_add(&first, g);
	}
	uint64_t before = lanes->steps;
	double mean_size = bern_sqrt(dot(first.mean, first.mean, count));
	for (size_t i = 0; !rc && i < plays; i++) {
		rc = one_play(agent, lanes, &view, g, e);
		if (rc)
			break;
		lab_moments_add(&second, g);
		double size = bern_sqrt(dot(g, g, count));
		if (size > 0.0 && mean_size > 0.0)
			out->cosine += dot(g, first.mean, count) / (size * mean_size) /
				       (double)plays;
	}
	out->plays = plays;
	out->steps = (double)(lanes->steps - before) / (double)plays;
	if (!rc)
		sum_up(out, view.net, &first, &second);
	free(memory);
	return rc;
}

static int is_shared(const char *name)
{
	return strncmp(name, "policy.optimizer", 16) != 0 &&
	       strncmp(name, "value.optimizer", 15) != 0 &&
	       (strncmp(name, "policy.", 7) == 0 || strncmp(name, "value.", 6) == 0 ||
		strncmp(name, "observation", 11) == 0 || strncmp(name, "normalizer", 10) == 0 ||
		strncmp(name, "advantage.running", 17) == 0 || strncmp(name, "unit.", 5) == 0);
}

static int32_t list_of(bern_agent *agent, bern_tensors *list, bern_error *e)
{
	int32_t rc = agent->kind->policy_tensors(agent, list, e);
	return rc ? rc : agent->kind->learner_tensors(agent, list, e);
}

int32_t lab_variance_copy(bern_agent *to, bern_agent *from, bern_error *e)
{
	bern_tensors a = {0}, b = {0};
	int32_t rc = list_of(from, &a, e);
	if (!rc)
		rc = list_of(to, &b, e);
	for (size_t i = 0; !rc && i < a.count; i++)
		for (size_t k = 0; k < b.count && is_shared(a.items[i].name); k++)
			if (!strcmp(a.items[i].name, b.items[k].name) &&
			    bern_tensor_size(&a.items[i]) == bern_tensor_size(&b.items[k]))
				memcpy(b.items[k].data, a.items[i].data,
				       bern_tensor_size(&a.items[i]));
	bern_tensors_finish(&a);
	bern_tensors_finish(&b);
	return rc;
}
