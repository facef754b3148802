#include "prove.h"

#include "controls.h"
#include "exact.h"
#include "golden.h"
#include "sampled.h"

#include <bern/math.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* How an estimator is proved beyond what holds for all. Its formula once more in double, for networks of binary units; or that its
 * memory is room to work in and nothing else, so that it can be enumerated in spite of it. */
static const struct {
	const char *name;
	lab_reference *reference;
	int only_room;
} known[] = {
	{"unbiased", bern_reference_estimate, 0},
	{"firings", bern_reference_estimate, 0},
	{"counterfactual", bern_reference_counterfactual, 0},
	{"rao-blackwell", NULL, 1},
};

/* What is enumerated, where it fits the estimator and the bits allowed: heads, depths, kinds of units, K, noise, and episodes. */
static const lab_problem exact_problems[] = {
	{.hidden = "4"},
	{.hidden = "3,2", .actions = "3"},
	{.hidden = "2,2,2", .inputs = 3},
	{.hidden = "3", .actions = "2,2", .binary = 1},
	{.hidden = "2,2", .actions = "2,3", .states = 2},
	{.hidden = "3", .head = BERN_HEAD_SOFTMAX, .noise = 0.5},
	{.hidden = "2", .states = 2, .steps = 2, .gamma = 0.8},
	{.hidden = "2,1", .states = 2, .steps = 2, .gamma = 0.7, .noise = 0.5},
	{.hidden = "2", .states = 2, .steps = 3, .gamma = 0.9},
	{.hidden = "2", .states = 2, .steps = 2, .gamma = 0.8, .cut = 1},
	{.hidden = "4", .firings = 2},
	{.hidden = "3", .firings = 3, .actions = "3"},
	{.hidden = "2", .firings = 5},
	{.hidden = "3,2", .firings = 2},
	{.hidden = "2,1,2", .firings = 2, .actions = "2,2", .binary = 1},
	{.hidden = "2,2", .firings = 3},
	{.hidden = "2", .firings = 2, .states = 2, .steps = 2, .gamma = 0.8},
	{.hidden = "3", .units = "tanh", .actions = "3"},
	{.hidden = "3,2", .units = "relu"},
	{.hidden = "2", .units = "tanh", .states = 2, .steps = 2, .gamma = 0.8},
	{.hidden = "3", .units = "smooth"},
	{.hidden = "2,2", .units = "smooth", .firings = 2},
	{.hidden = "2,2", .units = "tanh,binary"},
	{.hidden = "2,2", .units = "binary,tanh", .actions = "3"},
	{.hidden = "2,2", .units = "binary,relu", .firings = 2},
	{.hidden = "2,2", .units = "tanh,binary", .firings = 3},
	{.hidden = "2,2", .units = "smooth,binary"},
	{.hidden = "2,2,2", .units = "binary,tanh,binary", .firings = 2},
};

/* What the agent plays. */
static const lab_problem sampled_problems[] = {
	{.hidden = "3,2", .actions = "3", .states = 2, .noise = 0.5},
	{.hidden = "3", .states = 3, .steps = 3, .gamma = 0.8},
	{.hidden = "3,2", .actions = "3", .states = 2, .noise = 0.5, .firings = 3},
	{.hidden = "3", .states = 3, .steps = 3, .gamma = 0.8, .firings = 2},
	{.hidden = "3", .units = "tanh", .states = 3, .steps = 3, .gamma = 0.8},
	{.hidden = "2", .units = "rectifier", .actions = "3"},
	{.hidden = "2", .units = "logistic-rectifier"},
	{.hidden = "3", .units = "smooth"},
	{.hidden = "1,2", .units = "rectifier,binary"},
	{.hidden = "2,1", .units = "binary,logistic-rectifier", .firings = 2},
	{.hidden = "2,2", .units = "smooth,tanh", .firings = 2},
	{.hidden = "2,2", .units = "binary,tanh", .states = 2, .steps = 2, .gamma = 0.8},
};

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

typedef struct proving {
	const lab_plan *plan;
	lab_outcome *outcome;
} proving;

/* ---- which ------------------------------------------------------------------------------------------------------- */

#define RECORDED "recorded"

static int wanted(const lab_plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->name_count; i++)
		if (!strcmp(plan->names[i], name))
			return 1;
	return plan->name_count == 0;
}

static int32_t check_plan(const lab_plan *plan, bern_error *e)
{
	const char *names[128];
	char hint[128];
	size_t count = 0;
	for (size_t i = 0; i < bern_estimator_count && count < 64; i++)
		names[count++] = bern_estimators[i]->name;
	for (size_t i = 0; i < lab_control_count && count < 127; i++)
		names[count++] = lab_controls[i].name;
	names[count++] = RECORDED;
	for (size_t i = 0; i < plan->name_count; i++) {
		size_t k = 0;
		while (k < count && strcmp(names[k], plan->names[i]) != 0)
			k++;
		if (k == count)
			return bern_fail(
				e, BERN_EUSAGE,
				"there is no estimator or control \"%s\"%s; `bern lab "
				"list` lists them",
				plan->names[i],
				bern_suggest(plan->names[i], names, count, hint, sizeof hint));
	}
	if (plan->max_bits < 1 || plan->max_bits > LAB_MOST_BITS)
		return bern_fail(e, BERN_EUSAGE,
				 "max-bits: enumerating every firing of %zu bits would take 2^%zu "
				 "passes; allowed: 1 to %d",
				 plan->max_bits, plan->max_bits, LAB_MOST_BITS);
	return 0;
}

/* Whether the estimator can do with the setup's network, and would use all its firings. */
static int suits(const bern_estimator *estimator, const lab_setup *s)
{
	int64_t kind[BERN_MAX_LAYERS];
	const bern_estimator *found;
	bern_error ignored;
	for (size_t l = 0; l < s->net.depth; l++)
		kind[l] = s->net.layer[l].kind;
	const bern_offer offer = {.kind = kind,
				  .depth = s->net.depth,
				  .firings = (int64_t)s->net.firings,
				  .lanes = 16,
				  .world = &s->world};
	if (s->net.firings > 1 && !(estimator->needs & (BERN_NEEDS_FIRINGS | BERN_TAKES_FIRINGS)))
		return 0;
	return bern_estimator_find(&found, estimator->name, &offer, &ignored) == 0;
}

/* Whether all that the network draws are bits. */
static int is_finite(const lab_setup *s)
{
	for (size_t l = 0; l < s->net.depth; l++)
		if (s->oracle.kind[l] == LAB_RECTIFIER ||
		    s->oracle.kind[l] == LAB_LOGISTIC_RECTIFIER)
			return 0;
	return 1;
}

static void tell(proving *p, lab_proof *proof)
{
	p->outcome->proofs++;
	proof->failed = (proof->claim == LAB_CLAIMS_UNBIASED && proof->biased) ||
			(proof->claim == LAB_CONTROL && !proof->biased);
	p->outcome->failed += proof->failed ? 1 : 0;
	if (proof->claim == LAB_CONTROL) {
		p->outcome->controls++;
		p->outcome->rejected += proof->biased ? 1 : 0;
	}
	if (p->plan->row)
		p->plan->row(p->plan->user, proof);
}

/* ---- enumerated --------------------------------------------------------------------------------------------------- */

static void tell_exact(proving *p, const lab_setup *s, const lab_exact *m, lab_proof *proof)
{
	proof->off = lab_exact_off(s, m, s->exact);
	proof->allowed = m->bound;
	proof->biased = !(proof->off <= m->bound);
	proof->variance = m->variance;
	tell(p, proof);
}

static int needs_room_only(const bern_estimator *estimator)
{
	for (size_t i = 0; i < COUNT(known); i++)
		if (known[i].only_room && !strcmp(known[i].name, estimator->name))
			return 1;
	return 0;
}

/* Only what is written in the trace and the signal: no draws, no clones, no memory. */
static int estimates_from_the_trace(const bern_estimator *estimator)
{
	if (needs_room_only(estimator))
		return 1;
	return estimator->memory_size == 0 && !estimator->play &&
	       !(estimator->needs & BERN_NEEDS_CHANCE);
}

/* What it draws besides has been averaged out there. */
static int is_written_in_double(const bern_estimator *estimator)
{
	for (size_t i = 0; i < COUNT(known); i++)
		if (known[i].reference && !strcmp(known[i].name, estimator->name))
			return 1;
	return 0;
}

static int32_t prove_exactly(proving *p, const bern_estimator *estimator, lab_setup *s,
			     bern_error *e)
{
	int binary = s->net.binary;
	int claim = estimator->unbiased ? LAB_CLAIMS_UNBIASED : LAB_CLAIMS_NOTHING;
	int takes_units = binary && (estimator->needs & BERN_TAKES_UNIT_BASELINES) != 0;
	lab_exact m;
	for (int units = 0; units <= takes_units; units++) {
		lab_baselines baselines = {units ? 0.0 : 0.4, units};
		lab_proof proof = {.claim = claim,
				   .way = LAB_EXACT,
				   .size = s->gradient_size,
				   .paths = (double)lab_path_count(s, 1)};
		snprintf(proof.subject, sizeof proof.subject, "%s", estimator->name);
		lab_problem_name(&s->problem, proof.problem, sizeof proof.problem);
		if (units)
			strncat(proof.problem, ", unit baselines",
				sizeof proof.problem - strlen(proof.problem) - 1);
		if (estimates_from_the_trace(estimator)) {
			int32_t rc = lab_exact_moments(s, estimator, baselines, &m, e);
			if (rc)
				return rc;
			tell_exact(p, s, &m, &proof);
		}
		for (size_t i = 0; i < COUNT(known); i++) {
			if (!binary || !known[i].reference ||
			    strcmp(known[i].name, estimator->name) != 0)
				continue;
			proof.way = LAB_DOUBLE;
			int32_t rc = lab_reference_moments(s, known[i].reference, baselines, &m, e);
			if (rc)
				return rc;
			tell_exact(p, s, &m, &proof);
		}
	}
	return 0;
}

static int32_t prove_problem(proving *p, const bern_estimator *estimator,
			     const lab_problem *problem, uint64_t seed, bern_error *e)
{
	lab_setup s;
	/* one that enumerates by itself, for every path, would take the square */
	size_t most = needs_room_only(estimator) ? (p->plan->max_bits + 1) / 2 : p->plan->max_bits;
	int32_t rc = lab_setup_init(&s, problem, seed, e);
	if (!rc && suits(estimator, &s) && is_finite(&s) &&
	    lab_net_bits(&s.oracle) * s.net.firings * s.mdp.steps <= most)
		rc = prove_exactly(p, estimator, &s, e);
	lab_setup_finish(&s);
	return rc;
}

static int32_t prove_all_exactly(proving *p, const bern_estimator *estimator, bern_error *e)
{
	int32_t rc = 0;
	for (size_t i = 0; !rc && i < COUNT(exact_problems); i++)
		rc = prove_problem(p, estimator, &exact_problems[i], p->plan->seed + i, e);
	/* the largest that is allowed, in one layer or two */
	char hidden[32];
	size_t bits = p->plan->max_bits;
	lab_problem largest = {.hidden = hidden, .firings = 1};
	if (bits <= 14)
		snprintf(hidden, sizeof hidden, "%zu", bits);
	else
		snprintf(hidden, sizeof hidden, "%zu,%zu", bits / 2, bits - bits / 2);
	if (!rc)
		rc = prove_problem(p, estimator, &largest, p->plan->seed + 100, e);
	if (!rc && bits >= 4) {
		snprintf(hidden, sizeof hidden, "%zu", bits / 2);
		largest.firings = 2;
		rc = prove_problem(p, estimator, &largest, p->plan->seed + 101, e);
	}
	return rc;
}

/* ---- sampled ------------------------------------------------------------------------------------------------------ */

static lab_sampling sampling_of(const lab_plan *plan, const char *estimator)
{
	return (lab_sampling){.estimator = estimator,
			      .samples = plan->samples,
			      .alpha = plan->alpha,
			      .power = plan->power,
			      .bias = plan->bias};
}

static int32_t tell_sampled(proving *p, const lab_setup *s, const lab_sampling *sampling,
			    uint64_t seed, lab_proof *proof, bern_error *e)
{
	lab_sampled result;
	int32_t rc = lab_sample(s, sampling, seed, &result, e);
	if (rc)
		return rc;
	proof->way = LAB_SAMPLED;
	proof->size = s->gradient_size;
	proof->off = bern_abs(result.verdict.off);
	proof->allowed = result.verdict.seen;
	proof->paths = (double)result.samples;
	proof->variance = result.variance;
	proof->t = result.verdict.t;
	proof->limit = result.verdict.limit;
	proof->biased = result.verdict.rejected;
	tell(p, proof);
	return 0;
}

static int32_t prove_by_samples(proving *p, const bern_estimator *estimator, bern_error *e)
{
	int32_t rc = 0;
	for (size_t i = 0; !rc && i < COUNT(sampled_problems); i++) {
		lab_setup s;
		lab_proof proof = {.claim = estimator->unbiased ? LAB_CLAIMS_UNBIASED
								: LAB_CLAIMS_NOTHING};
		lab_sampling sampling = sampling_of(p->plan, estimator->name);
		snprintf(proof.subject, sizeof proof.subject, "%s", estimator->name);
		lab_problem_name(&sampled_problems[i], proof.problem, sizeof proof.problem);
		rc = lab_setup_init(&s, &sampled_problems[i], p->plan->seed + 200 + i, e);
		if (!rc && suits(estimator, &s))
			rc = tell_sampled(p, &s, &sampling, p->plan->seed + i, &proof, e);
		lab_setup_finish(&s);
	}
	return rc;
}

/* ---- what is known to be wrong ------------------------------------------------------------------------------------- */

typedef struct control_sums {
	const lab_control *control;
	lab_exact m;
	double square;
} control_sums;

static void visit_control(const lab_path *path, double probability, double exactly, void *user)
{
	control_sums *sums = user;
	double g[LAB_PARAMS], share;
	(void)probability;
	share = exactly * sums->control->estimate(path, g);
	for (size_t i = 0; i < path->net.param_count; i++) {
		sums->m.mean[i] += share * g[i];
		sums->square += share * g[i] * g[i];
	}
}

/* mean *= what makes it as close to the truth as its direction allows */
static void forgive_length(double *mean, const double *truth, size_t count)
{
	double both = 0.0, square = 0.0;
	for (size_t i = 0; i < count; i++) {
		both += mean[i] * truth[i];
		square += mean[i] * mean[i];
	}
	for (size_t i = 0; i < count; i++)
		mean[i] *= both / square;
}

static int32_t try_control(proving *p, const lab_control *control, bern_error *e)
{
	lab_setup s;
	control_sums sums = {.control = control};
	double truth[LAB_PARAMS];
	lab_proof proof = {.claim = LAB_CONTROL, .way = LAB_DOUBLE, .variance = (double)NAN};
	snprintf(proof.subject, sizeof proof.subject, "%s", control->name);
	lab_problem_name(&control->problem, proof.problem, sizeof proof.problem);
	int32_t rc = lab_setup_init(&s, &control->problem, p->plan->seed, e);
	if (!rc && control->mean)
		control->mean(&s, sums.m.mean);
	else if (!rc)
		rc = lab_each_path(&s, control->episodes, 1, visit_control, &sums, e);
	if (rc)
		goto done;
	size_t count = s.net.param_count;
	memcpy(truth, s.exact, sizeof truth);
	if (control->truth)
		control->truth(&s, truth);
	if (!control->mean) {
		proof.variance = sums.square;
		for (size_t i = 0; i < count; i++)
			proof.variance -= sums.m.mean[i] * sums.m.mean[i];
		proof.paths = (double)lab_path_count(&s, control->episodes);
	}
	if (control->any_length)
		forgive_length(sums.m.mean, truth, count);
	for (size_t i = 0; i < count; i++)
		proof.size = bern_abs(truth[i]) > proof.size ? bern_abs(truth[i]) : proof.size;
	proof.off = lab_exact_off(&s, &sums.m, truth);
	proof.allowed = 1e-12;
	proof.biased = proof.off > proof.allowed;
	tell(p, &proof);
done:
	lab_setup_finish(&s);
	return rc;
}

/* Three of the same mistakes made by options of the agent: the sampled proof must find them out too. How large a bias is depends on the
 * tables, so these are fixed. */
static int32_t try_sampled_controls(proving *p, bern_error *e)
{
	static const struct {
		const char *name;
		lab_problem problem;
		int drop_discount, batch_deviation;
		uint64_t tables;
	} controls[] = {
		{"dropped-discount",
		 {.hidden = "3", .states = 2, .steps = 3, .gamma = 0.5},
		 1,
		 0,
		 1},
		{"own-deviation", {.hidden = "3"}, 0, 1, 50},
		{"limit-is-an-end",
		 {.hidden = "3", .states = 2, .steps = 2, .gamma = 0.9, .cut = 1},
		 0,
		 0,
		 50},
	};
	int32_t rc = 0;
	for (size_t i = 0; !rc && i < COUNT(controls); i++) {
		lab_setup s;
		lab_proof proof = {.claim = LAB_CONTROL};
		lab_sampling sampling = sampling_of(p->plan, "unbiased");
		if (!wanted(p->plan, controls[i].name))
			continue;
		sampling.drop_discount = controls[i].drop_discount;
		sampling.batch_deviation = controls[i].batch_deviation;
		snprintf(proof.subject, sizeof proof.subject, "%s", controls[i].name);
		lab_problem_name(&controls[i].problem, proof.problem, sizeof proof.problem);
		rc = lab_setup_init(&s, &controls[i].problem, controls[i].tables, e);
		if (!rc)
			rc = tell_sampled(p, &s, &sampling, p->plan->seed + i, &proof, e);
		lab_setup_finish(&s);
	}
	return rc;
}

/* ---- recorded numbers ------------------------------------------------------------------------------------------------ */

static int32_t compare_recorded(proving *p, bern_error *e)
{
	lab_golden rows[LAB_GOLDEN_ROWS];
	size_t count;
	int32_t rc = lab_golden_rows(rows, &count, e);
	if (rc)
		return rc;
	lab_proof proof = {.claim = LAB_CLAIMS_UNBIASED,
			   .way = LAB_RECORDED,
			   .subject = RECORDED,
			   .allowed = 1e-12,
			   .paths = (double)count,
			   .variance = (double)NAN};
	for (size_t i = 0; i < count; i++) {
		double off = bern_abs(rows[i].here - rows[i].recorded);
		proof.off = off > proof.off ? off : proof.off;
		proof.size = bern_abs(rows[i].recorded) > proof.size ? bern_abs(rows[i].recorded)
								     : proof.size;
	}
	snprintf(proof.problem, sizeof proof.problem, "%zu gradients, baselines and variances",
		 count);
	proof.biased = proof.off > proof.allowed;
	tell(p, &proof);
	return 0;
}

/* ---- all of it --------------------------------------------------------------------------------------------------------- */

int32_t lab_prove(const lab_plan *plan, lab_outcome *outcome, bern_error *e)
{
	proving p = {plan, outcome};
	memset(outcome, 0, sizeof *outcome);
	int32_t rc = check_plan(plan, e);
	if (!rc && plan->planted)
		rc = prove_all_exactly(&p, plan->planted, e);
	for (size_t i = 0; !rc && i < bern_estimator_count; i++) {
		const bern_estimator *estimator = bern_estimators[i];
		if (!wanted(plan, estimator->name))
			continue;
		if (estimates_from_the_trace(estimator) || is_written_in_double(estimator))
			rc = prove_all_exactly(&p, estimator, e);
		if (!rc)
			rc = prove_by_samples(&p, estimator, e);
	}
	for (size_t i = 0; !rc && i < lab_control_count; i++)
		if (wanted(plan, lab_controls[i].name))
			rc = try_control(&p, &lab_controls[i], e);
	if (!rc)
		rc = try_sampled_controls(&p, e);
	if (!rc && wanted(plan, RECORDED))
		rc = compare_recorded(&p, e);
	return rc;
}

int32_t lab_false_alarms(const char *estimator, uint64_t seed, size_t count, size_t samples,
			 double alpha, size_t *alarms, bern_error *e)
{
	static const lab_problem problem = {.hidden = "2", .firings = 2};
	const lab_sampling sampling = {.estimator = estimator, .alpha = alpha, .power = 0.9};
	const size_t lanes = 16;
	int32_t rc = 0;
	*alarms = 0;
	for (size_t i = 0; !rc && i < count; i++) {
		lab_setup s;
		lab_sampled result;
		rc = lab_setup_init(&s, &problem, seed + i, e);
		if (!rc)
			rc = lab_sample_plays(&s, &sampling, seed + i, lanes, (samples / lanes) | 1,
					      &result, e);
		if (!rc)
			*alarms += result.verdict.rejected ? 1 : 0;
		lab_setup_finish(&s);
	}
	return rc;
}
