#include "sampled.h"

#include <kinds.h>
#include <reinforce.h>

#include <stdio.h>
#include <string.h>

#define LANES   32 /* of a play */
#define PILOT   201
#define WARM_UP 300 /* plays that an estimator with a memory learns from before it is judged */

typedef struct sampler {
	bern_agent *agent;
	bern_lanes lanes;
	bern_reinforce_view view;
} sampler;

static int32_t configure(bern_agent_config *config, const lab_setup *setup,
			 const lab_sampling *sampling, size_t lanes, bern_error *e)
{
	const lab_problem *p = &setup->problem;
	char K[32], T[32], B[32], gamma[40];
	snprintf(K, sizeof K, "%zu", p->firings);
	snprintf(T, sizeof T, "%zu", p->steps);
	snprintf(B, sizeof B, "%zu", lanes);
	snprintf(gamma, sizeof gamma, "%.17g", p->gamma);
	const char *const values[][2] = {
		{"agent", "reinforce"},
		{"hidden", p->hidden},
		{"units", p->units},
		{"head", p->head == BERN_HEAD_SOFTMAX ? "softmax" : "auto"},
		{"estimator", sampling->estimator},
		{"firings", K},
		{"baseline", "none"},
		{"num_envs", B},
		{"num_steps", T},
		{"gamma", gamma},
		{"gae_lambda", "1"},
		{"entropy_coef", "0"},
		{"max_grad_norm", "0"},
		{"learning_rate", "0"},
		{"advantage_scale", sampling->batch_deviation ? "batch" : "none"},
		{"keep_discount", sampling->drop_discount ? "false" : "true"},
		{"whole_episodes", "true"},
	};
	int32_t rc = 0;
	bern_agent_config_defaults(config);
	for (size_t i = 0; !rc && i < sizeof values / sizeof values[0]; i++)
		rc = bern_agent_config_set(config, values[i][0], values[i][1], e);
	return rc;
}

static int32_t sampler_init(sampler *s, const lab_setup *setup, const lab_sampling *sampling,
			    uint64_t seed, size_t lanes, bern_error *e)
{
	bern_agent_config config;
	memset(s, 0, sizeof *s);
	int32_t rc = configure(&config, setup, sampling, lanes, e);
	if (!rc)
		rc = bern_agent_create(&s->agent, &config, &setup->world, seed, e);
	if (!rc)
		rc = bern_lanes_init(&s->lanes, &setup->world, lanes, seed, BERN_FOR_ENVIRONMENT, 0,
				     e);
	if (!rc)
		rc = bern_lanes_reset(&s->lanes, e);
	if (rc)
		return rc;
	bern_reinforce_look(s->agent, &s->view);
	for (size_t i = 0; i < setup->net.param_count; i++)
		s->view.net->params[i] = setup->net.params[i];
	/* with a learning rate of 0 nothing but the memory moves; from here on that stands still too */
	for (size_t i = 0; !rc && s->view.estimator->memory_size > 0 && i < WARM_UP; i++)
		rc = s->agent->kind->learn(s->agent, &s->lanes, e);
	return rc;
}

static void sampler_finish(sampler *s)
{
	if (s->lanes.own)
		bern_lanes_finish(&s->lanes);
	bern_agent_destroy(s->agent);
}

/* Adds the estimates of so many plays. */
static int32_t play(sampler *s, lab_moments *m, size_t plays, bern_error *e)
{
	double g[LAB_PARAMS];
	for (size_t i = 0; i < plays; i++) {
		int32_t rc = bern_reinforce_estimate(s->agent, &s->lanes, e);
		if (rc)
			return rc;
		bern_reinforce_look(s->agent, &s->view);
		for (size_t k = 0; k < m->count; k++)
			g[k] = (double)s->view.gradient[k];
		lab_moments_add(m, g);
	}
	return 0;
}

static void judge(lab_sampled *out, const lab_moments *m, const lab_setup *setup,
		  const lab_sampling *sampling, size_t lanes)
{
	out->samples = m->samples * lanes;
	out->verdict = lab_moments_test(m, setup->exact, sampling->alpha, sampling->power);
	out->variance = 0.0;
	for (size_t i = 0; i < m->count; i++)
		out->variance += lab_moments_variance(m, i) * (double)lanes;
}

int32_t lab_sample_plays(const lab_setup *setup, const lab_sampling *sampling, uint64_t seed,
			 size_t lanes, size_t plays, lab_sampled *out, bern_error *e)
{
	double mean[LAB_PARAMS] = {0}, square[LAB_PARAMS] = {0};
	lab_moments m = {.count = setup->net.param_count, .mean = mean, .square = square};
	sampler s;
	memset(out, 0, sizeof *out);
	int32_t rc = sampler_init(&s, setup, sampling, seed, lanes, e);
	if (!rc)
		rc = play(&s, &m, plays, e);
	if (!rc)
		judge(out, &m, setup, sampling, lanes);
	sampler_finish(&s);
	return rc;
}

int32_t lab_sample(const lab_setup *setup, const lab_sampling *sampling, uint64_t seed,
		   lab_sampled *out, bern_error *e)
{
	double mean[LAB_PARAMS] = {0}, square[LAB_PARAMS] = {0};
	lab_moments m = {.count = setup->net.param_count, .mean = mean, .square = square};
	sampler s;
	memset(out, 0, sizeof *out);
	int32_t rc = sampler_init(&s, setup, sampling, seed, LANES, e);
	if (!rc)
		rc = play(&s, &m, PILOT, e);
	if (!rc) {
		/* the pilot chooses how many, and is then forgotten: a test may not choose its own end */
		size_t plays = lab_samples_for(&m, sampling->bias * setup->gradient_size,
					       sampling->alpha, sampling->power,
					       sampling->samples / LANES);
		memset(mean, 0, sizeof mean);
		memset(square, 0, sizeof square);
		m.samples = 0;
		rc = play(&s, &m, plays, e);
	}
	if (!rc)
		judge(out, &m, setup, sampling, LANES);
	sampler_finish(&s);
	return rc;
}
