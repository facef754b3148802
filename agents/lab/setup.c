#include "setup.h"

#include <bern/math.h>
#include <stdio.h>
#include <string.h>

static void fill_in(lab_problem *p)
{
	p->units = p->units ? p->units : "binary";
	p->actions = p->actions ? p->actions : "2";
	p->inputs = p->inputs ? p->inputs : 2;
	p->states = p->states ? p->states : 1;
	p->steps = p->steps ? p->steps : 1;
	p->firings = p->firings ? p->firings : 1;
	p->gamma = p->gamma > 0.0 ? p->gamma : 1.0;
}

void lab_problem_name(const lab_problem *problem, char *out, size_t size)
{
	lab_problem p = *problem;
	char world[64];
	fill_in(&p);
	if (p.steps > 1 || p.cut)
		snprintf(world, sizeof world, "MDP %zux%zu%s", p.states, p.steps,
			 p.cut ? " cut" : "");
	else
		snprintf(world, sizeof world, p.states > 1 ? "%zu contexts" : "bandit", p.states);
	snprintf(out, size, "%s, %s %s, %s%s%s, K=%zu", world, p.hidden, p.units, p.actions,
		 p.binary ? " bits" : " actions", p.head == BERN_HEAD_SOFTMAX ? " softmax" : "",
		 p.firings);
}

static int32_t open_world(lab_setup *s, bern_error *e)
{
	const lab_problem *p = &s->problem;
	char text[6][32];
	snprintf(text[0], sizeof text[0], "%llu", (unsigned long long)(s->seed % 1000000007));
	snprintf(text[1], sizeof text[1], "%zu", p->states);
	snprintf(text[2], sizeof text[2], "%zu", p->inputs);
	snprintf(text[3], sizeof text[3], "%zu", p->cut ? 0 : p->steps);
	snprintf(text[4], sizeof text[4], "%.17g", p->noise);
	snprintf(text[5], sizeof text[5], "%zu", p->cut ? p->steps : 0);
	const bern_setting settings[] = {
		{"problem", text[0]},    {"states", text[1]},
		{"inputs", text[2]},     {"steps", text[3]},
		{"noise", text[4]},      {"max_steps", text[5]},
		{"actions", p->actions}, {"binary", p->binary ? "true" : "false"},
	};
	return bern_world_open(&s->world, &lab_table_env, settings,
			       sizeof settings / sizeof settings[0], e);
}

static const int32_t oracle_kind[] = {
	[BERN_UNITS_BINARY] = LAB_BINARY,
	[BERN_UNITS_RELU] = LAB_RELU,
	[BERN_UNITS_TANH] = LAB_TANH,
	[BERN_UNITS_RECTIFIER] = LAB_RECTIFIER,
	[BERN_UNITS_LOGISTIC_RECTIFIER] = LAB_LOGISTIC_RECTIFIER,
	[BERN_UNITS_SMOOTH] = LAB_SMOOTH,
};

static int32_t make_network(lab_setup *s, bern_error *e)
{
	const lab_problem *p = &s->problem;
	size_t units[BERN_MAX_LAYERS], depth = 0;
	int64_t kind[BERN_MAX_LAYERS] = {0};
	bern_action_head head;
	const bern_kernels *kernels = NULL;
	int32_t rc = bern_kernels_select(&kernels, e);
	if (!rc)
		rc = bern_parse_layers(p->hidden, units, &depth, e);
	if (!rc)
		rc = bern_parse_units(p->units, kind, depth, e);
	if (!rc)
		rc = bern_head_init(&head, &s->arena, &s->world.instance.action, 0, p->head, e);
	if (!rc)
		rc = bern_network_init(&s->net, &s->arena, &head, p->inputs, units, kind, depth,
				       p->firings, kernels, e);
	if (rc)
		return rc;
	s->oracle = (lab_net){.inputs = p->inputs,
			      .depth = depth,
			      .group_count = head.components,
			      .params = s->params};
	int fits = depth <= LAB_LAYERS && s->net.param_count <= LAB_PARAMS;
	for (size_t l = 0; l < depth && fits; l++) {
		fits = units[l] <= LAB_UNITS;
		s->oracle.units[l] = units[l];
		s->oracle.kind[l] = oracle_kind[kind[l]];
	}
	if (!fits)
		return bern_fail(e, BERN_EUSAGE,
				 "hidden %s is too large to be enumerated; allowed: up to %d "
				 "layers of up to %d units and %d parameters",
				 p->hidden, LAB_LAYERS, LAB_UNITS, LAB_PARAMS);
	for (size_t c = 0; c < head.components; c++)
		s->oracle.group[c] = head.size[c];
	if (lab_net_bits(&s->oracle) > LAB_MOST_BITS)
		return bern_fail(e, BERN_EUSAGE,
				 "hidden %s has %zu bits, and enumerating every firing of them "
				 "would take 2^%zu passes; allowed: up to %d bits",
				 p->hidden, lab_net_bits(&s->oracle), lab_net_bits(&s->oracle),
				 LAB_MOST_BITS);
	return 0;
}

void lab_setup_truth(lab_setup *s)
{
	if (s->problem.cut) {
		lab_oracle_value(&s->oracle, &s->mdp, s->tail);
		s->mdp.tail = s->tail;
	}
	s->J = lab_oracle_return(&s->oracle, &s->mdp, s->exact);
	s->gradient_size = 0.0;
	for (size_t i = 0; i < s->net.param_count; i++)
		if (bern_abs(s->exact[i]) > s->gradient_size)
			s->gradient_size = bern_abs(s->exact[i]);
}

int32_t lab_setup_init(lab_setup *s, const lab_problem *problem, uint64_t seed, bern_error *e)
{
	bern_pcg32 rng;
	memset(s, 0, sizeof *s);
	s->problem = *problem;
	s->seed = seed;
	fill_in(&s->problem);
	int32_t rc = open_world(s, e);
	if (!rc)
		rc = make_network(s, e);
	if (rc)
		return rc;
	s->table = lab_table_of(&s->world);
	s->mdp = s->table->mdp;
	s->mdp.gamma = s->problem.gamma;
	s->mdp.steps = s->problem.steps;
	bern_pcg32_init(&rng, seed, 0x6c6162);
	for (size_t i = 0; i < s->net.param_count; i++) {
		s->net.params[i] = (float)(3.0 * (double)bern_pcg32_next(&rng) / 4294967296.0 -
					   1.5);
		s->params[i] = (double)s->net.params[i];
	}
	lab_setup_truth(s);
	return 0;
}

void lab_setup_finish(lab_setup *s)
{
	bern_world_finish(&s->world);
	bern_arena_finish(&s->arena);
}
