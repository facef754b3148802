/* The laboratory: its oracle against central differences and against another oracle, its toy numbers and recorded numbers against
 * those published, its statistics against the density integrated. */
#include "oracle.h"

#include <lab/controls.h>
#include <lab/golden.h>
#include <lab/one_unit.h>
#include <lab/oracle.h>
#include <lab/paths.h>
#include <lab/prove.h>
#include <lab/sampled.h>
#include <lab/statistics.h>
#include <lab/exact.h>
#include <lab/variance.h>
#include <kinds.h>
#include <reinforce.h>

#include <check.h>
#include <jansson.h>
#include <stdlib.h>

/* ---- the oracle ------------------------------------------------------------------------------------------------- */

/* networks and processes of every kind that it knows */
static const struct {
	lab_net net;
	size_t states, steps;
	double gamma;
} cases[] = {
	{{.inputs = 2, .depth = 1, .units = {3}, .group_count = 1, .group = {1}}, 1, 1, 1.0},
	{{.inputs = 2, .depth = 2, .units = {3, 2}, .group_count = 1, .group = {3}}, 2, 3, 0.8},
	{{.inputs = 1, .depth = 3, .units = {2, 3, 2}, .group_count = 2, .group = {1, 1}},
	 1,
	 1,
	 1.0},
	{{.inputs = 2,
	  .depth = 2,
	  .units = {2, 2},
	  .kind = {LAB_TANH, LAB_BINARY},
	  .group_count = 2,
	  .group = {2, 3}},
	 2,
	 2,
	 0.9},
	{{.inputs = 2,
	  .depth = 2,
	  .units = {2, 2},
	  .kind = {LAB_BINARY, LAB_RELU},
	  .group_count = 1,
	  .group = {1}},
	 3,
	 2,
	 0.9},
	{{.inputs = 2,
	  .depth = 2,
	  .units = {2, 2},
	  .kind = {LAB_SMOOTH, LAB_SMOOTH},
	  .group_count = 1,
	  .group = {2}},
	 1,
	 1,
	 1.0},
	{{.inputs = 2,
	  .depth = 2,
	  .units = {2, 1},
	  .kind = {LAB_RECTIFIER, LAB_BINARY},
	  .group_count = 1,
	  .group = {2}},
	 1,
	 1,
	 1.0},
	{{.inputs = 1,
	  .depth = 2,
	  .units = {1, 1},
	  .kind = {LAB_LOGISTIC_RECTIFIER, LAB_RECTIFIER},
	  .group_count = 1,
	  .group = {2}},
	 1,
	 1,
	 1.0},
};
#define CASES (int)(sizeof cases / sizeof cases[0])

typedef struct made {
	lab_net net;
	lab_mdp mdp;
	double params[LAB_PARAMS], x[64], start[8], next[8 * 16 * 8], reward[8 * 16];
} made;

static void make(made *m, int which, uint64_t seed)
{
	bern_pcg32 rng;
	memset(m, 0, sizeof *m);
	bern_pcg32_init(&rng, seed, 1);
#define U() ((double)bern_pcg32_next(&rng) / 4294967296.0)
	m->net = cases[which].net;
	m->net.params = m->params;
	size_t A = lab_net_actions(&m->net), S = cases[which].states;
	for (size_t i = 0; i < lab_net_params(&m->net); i++)
		m->params[i] = 3.0 * U() - 1.5;
	for (size_t i = 0; i < 64; i++)
		m->x[i] = 2.0 * U() - 1.0;
	for (size_t i = 0; i < S; i++)
		m->start[i] = 1.0 / (double)S;
	for (size_t i = 0; i < S * A; i++) {
		double total = 0.0;
		for (size_t s = 0; s < S; s++)
			total += m->next[i * S + s] = U();
		for (size_t s = 0; s < S; s++)
			m->next[i * S + s] /= total;
		m->reward[i] = 2.0 * U();
	}
	m->mdp = (lab_mdp){.states = S,
			   .actions = A,
			   .x = m->x,
			   .start = m->start,
			   .next = m->next,
			   .reward = m->reward,
			   .gamma = cases[which].gamma,
			   .steps = cases[which].steps};
}

/* central differences err by O(step^2) = 1e-10 and by rounding 1e-16/step = 1e-11; the nodes of a quadrature move with the
 * parameters there, which the derivative leaves out, since that is no more than the quadrature's own error */
START_TEST(the_oracle_agrees_with_central_differences)
{
	made m;
	double exact[LAB_PARAMS];
	make(&m, _i, 3);
	lab_oracle_return(&m.net, &m.mdp, exact);
	for (size_t i = 0; i < lab_net_params(&m.net); i++) {
		double kept = m.params[i], step = 1e-5;
		m.params[i] = kept + step;
		double up = lab_oracle_return(&m.net, &m.mdp, NULL);
		m.params[i] = kept - step;
		double down = lab_oracle_return(&m.net, &m.mdp, NULL);
		m.params[i] = kept;
		double off = fabs((up - down) / (2.0 * step) - exact[i]);
		ck_assert_msg(off <= 1e-8, "parameter %zu: off by %g of %g", i, off, exact[i]);
	}
}
END_TEST

START_TEST(policies_sum_to_one)
{
	made m;
	double pi[LAB_ACTIONS], total = 0.0;
	make(&m, _i, 5);
	lab_oracle_policy(&m.net, m.x, pi, NULL);
	for (size_t a = 0; a < m.mdp.actions; a++)
		total += pi[a];
	ck_assert_double_le(fabs(total - 1.0), 1e-12);
}
END_TEST

/* the tests' own oracle enumerates by the score identity with libm: two derivations, one number */
START_TEST(two_oracles_agree)
{
	made m;
	double exact[LAB_PARAMS], other[ORACLE_PARAMS], reward[16];
	make(&m, _i == 2 ? 2 : 0, 7 + (uint64_t)_i);
	oracle_net net = {.inputs = m.net.inputs,
			  .depth = m.net.depth,
			  .group_count = m.net.group_count,
			  .params = m.params,
			  .x = m.x};
	for (size_t l = 0; l < m.net.depth; l++)
		net.units[l] = m.net.units[l];
	for (size_t g = 0; g < m.net.group_count; g++)
		net.group[g] = m.net.group[g];
	for (size_t a = 0; a < oracle_actions(&net); a++) {
		int value[4];
		oracle_action(&net, a, value);
		reward[a] = m.reward[m.net.group_count == 2 ? value[0] * 2 + value[1] : value[0]];
	}
	double J = lab_oracle_return(&m.net, &m.mdp, exact);
	double J2 = oracle_value(&net, reward, other, lab_net_params(&m.net));
	ck_assert_double_le(fabs(J - J2), 1e-13);
	for (size_t i = 0; i < lab_net_params(&m.net); i++)
		ck_assert_double_le(fabs(exact[i] - other[i]), 1e-13);
}
END_TEST

/* V = r + gamma P V by Gauss elimination, which has nothing in common with iterating it */
START_TEST(values_solve_their_equations)
{
	made m;
	double v[LAB_STATES], pi[LAB_ACTIONS], M[8][9] = {{0}};
	make(&m, 1, 9);
	size_t S = m.mdp.states, A = m.mdp.actions;
	lab_oracle_value(&m.net, &m.mdp, v);
	for (size_t s = 0; s < S; s++) {
		lab_oracle_policy(&m.net, m.x + s * m.net.inputs, pi, NULL);
		M[s][s] = 1.0;
		for (size_t a = 0; a < A; a++) {
			M[s][S] += pi[a] * m.reward[s * A + a];
			for (size_t s1 = 0; s1 < S; s1++)
				M[s][s1] -= m.mdp.gamma * pi[a] * m.next[(s * A + a) * S + s1];
		}
	}
	for (size_t c = 0; c < S; c++)
		for (size_t r = 0; r < S; r++)
			if (r != c) {
				double f = M[r][c] / M[c][c];
				for (size_t k = 0; k <= S; k++)
					M[r][k] -= f * M[c][k];
			}
	for (size_t s = 0; s < S; s++)
		ck_assert_double_le(fabs(v[s] - M[s][S] / M[s][s]), 1e-12);
}
END_TEST

/* ---- toy and recorded numbers --------------------------------------------------------------------------------------- */

static const lab_unit_row *row_named(const lab_unit_row *rows, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(rows[i].name, name))
			return &rows[i];
	ck_abort_msg("no row %s", name);
	return NULL;
}

/* as recorded, to the digits they are recorded with */
START_TEST(the_one_unit_variances_are_those_recorded)
{
	static const struct {
		const char *name;
		double p, variance, digits;
	} recorded[] = {
		{"REINFORCE", .5, 1.5625125e-2, 5e-10},
		{"RLOO, two firings", .5, 2.5e-7, 5e-13},
		{"ARM", .5, 8.3333e-8, 5e-13},
		{"DisARM", .5, 0, 1e-18},
		{"with the unit's own b (eq. 10)", .5, 0, 1e-18},
		{"REINFORCE", .9, 5.58910e-3, 5e-9},
		{"with b = E[f]", .9, 2.304e-7, 5e-12},
		{"with the unit's own b (eq. 10)", .9, 0, 1e-18},
		{"RLOO, two firings", .9, 1.476e-7, 5e-12},
		{"ARM", .9, 1.302667e-7, 5e-14},
		{"DisARM", .9, 1.296e-7, 5e-12},
	};
	lab_unit_row rows[LAB_UNIT_ROWS];
	for (size_t i = 0; i < sizeof recorded / sizeof recorded[0]; i++) {
		lab_one_unit(rows, recorded[i].p, .499);
		const lab_unit_row *row = row_named(rows, LAB_UNIT_ROWS, recorded[i].name);
		ck_assert_double_le(fabs(row->variance - recorded[i].variance), recorded[i].digits);
	}
}
END_TEST

START_TEST(the_200_unit_variances_are_those_recorded)
{
	lab_unit_row rows[LAB_TEAM_ROWS];
	lab_unit_team(rows, 200, .5, .499);
	ck_assert_double_le(fabs(row_named(rows, LAB_TEAM_ROWS, "RLOO")->variance - 1.25e-9),
			    5e-15);
	ck_assert_double_le(fabs(row_named(rows, LAB_TEAM_ROWS, "DisARM")->variance - 1.2438e-9),
			    5.1e-14);
	ck_assert_double_le(
		fabs(row_named(rows, LAB_TEAM_ROWS, "b = E[f], exact")->variance - 6.219e-10),
		5.1e-14);
}
END_TEST

START_TEST(counted_and_closed_forms_agree_and_claims_hold)
{
	lab_unit_row rows[LAB_UNIT_ROWS + LAB_TEAM_ROWS];
	double p = 0.05 + 0.1 * (double)_i, t = 0.499 - 0.3 * (double)_i;
	lab_one_unit(rows, p, t);
	lab_unit_team(rows + LAB_UNIT_ROWS, 1 + 7 * (size_t)_i, p, t);
	for (size_t i = 0; i < LAB_UNIT_ROWS + LAB_TEAM_ROWS; i++) {
		const lab_unit_row *r = &rows[i];
		double size = fabs(r->exact) + 1e-3 + r->variance;
		if (r->closed == r->closed)
			ck_assert_msg(fabs(r->closed - r->variance) <= 1e-12 * size,
				      "%s: %g and %g", r->name, r->closed, r->variance);
		if (r->unbiased)
			ck_assert_msg(fabs(r->mean - r->exact) <= 1e-13 * size, "%s: %g for %g",
				      r->name, r->mean, r->exact);
	}
}
END_TEST

START_TEST(recorded_numbers_are_met_to_twelve_digits)
{
	lab_golden rows[LAB_GOLDEN_ROWS];
	size_t count;
	bern_error e;
	ck_assert_int_eq(lab_golden_rows(rows, &count, &e), 0);
	ck_assert_uint_ge(count, 40);
	for (size_t i = 0; i < count; i++)
		ck_assert_msg(fabs(rows[i].recorded - rows[i].here) <= 1e-12,
			      "%s: %.15g, not %.15g", rows[i].name, rows[i].here, rows[i].recorded);
}
END_TEST

/* the copies in the program are those of the files */
START_TEST(recorded_numbers_are_those_of_the_files)
{
	static const struct {
		const char *key, *name;
	} named[] = {{"J", "network: J"},
		     {"shared_opt_baseline", "network: best shared baseline"},
		     {"var_b0", "network: variance, no baseline"},
		     {"var_bJ", "network: variance, mean"},
		     {"var_shared", "network: variance, best shared"},
		     {"var_per_unit", "network: variance, each unit its own"},
		     {"var_RB_b0", "network: variance, Rao-Blackwell"},
		     {"var_RB_bJ", "network: variance, Rao-Blackwell, mean"},
		     {"var_RLOO_K2", "network: variance, RLOO of two episodes"}};
	json_t *network = json_load_file(BERN_TEST_DATA "/golden-network.json", 0, NULL);
	lab_golden rows[LAB_GOLDEN_ROWS];
	size_t count, found = 0, gradients = 0;
	bern_error e;
	ck_assert_ptr_nonnull(network);
	ck_assert_int_eq(lab_golden_rows(rows, &count, &e), 0);
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < sizeof named / sizeof named[0]; k++)
			if (!strcmp(rows[i].name, named[k].name)) {
				ck_assert_double_eq(
					rows[i].recorded,
					json_number_value(json_object_get(network, named[k].key)));
				found++;
			}
		/* "network: dJ/dW1[0,1]" is "('W1', 0, 1)", "network: dJ/db1[0]" is "('b1', 0, None)" */
		char block[3] = "", name[64];
		int row = 0, column = -1;
		if (sscanf(rows[i].name, "network: dJ/d%2c[%d,%d]", block, &row, &column) < 2)
			continue;
		if (column >= 0)
			snprintf(name, sizeof name, "('%s', %d, %d)", block, row, column);
		else
			snprintf(name, sizeof name, "('%s', %d, None)", block, row);
		json_t *grad = json_object_get(network, "grad");
		for (size_t k = 0; k < json_array_size(grad); k++) {
			json_t *one = json_array_get(grad, k);
			if (!strcmp(json_string_value(json_object_get(one, "name")), name)) {
				ck_assert_double_eq(
					rows[i].recorded,
					json_number_value(json_object_get(one, "value")));
				gradients++;
			}
		}
	}
	ck_assert_uint_eq(found, sizeof named / sizeof named[0]);
	ck_assert_uint_eq(gradients, 17);
	json_decref(network);
}
END_TEST

/* ---- statistics ------------------------------------------------------------------------------------------------------- */

/* Simpson's rule over the density from 0 to t, normalised by tgamma of libm */
START_TEST(students_tails_are_the_integral_of_the_density)
{
	static const size_t freedoms[] = {2, 4, 10, 100, 1000};
	double v = (double)freedoms[_i], sum = 0.0;
	double norm = exp(lgamma((v + 1.0) / 2.0) - lgamma(v / 2.0)) /
		      sqrt(v * 3.14159265358979323846);
	for (double t = 0.5; t < 5.0; t += 1.3) {
		const int parts = 2000;
		double h = t / parts;
		sum = 0.0;
		for (int i = 0; i <= parts; i++) {
			double x = h * i, w = i == 0 || i == parts ? 1.0 : i % 2 ? 4.0 : 2.0;
			sum += w * h / 3.0 * norm * pow(1.0 + x * x / v, -(v + 1.0) / 2.0);
		}
		double outside = 1.0 - 2.0 * sum;
		ck_assert_double_le(fabs(lab_student_outside(t, freedoms[_i]) - outside), 1e-10);
		ck_assert_double_le(fabs(lab_student_quantile(lab_student_outside(t, freedoms[_i]),
							      freedoms[_i]) -
					 t),
				    1e-6);
	}
}
END_TEST

/* ---- what is known to be wrong ------------------------------------------------------------------------------------------ */

typedef struct control_sums {
	const lab_control *control;
	double mean[LAB_PARAMS], probability, exactly;
} control_sums;

static void visit_control(const lab_path *path, double probability, double exactly, void *user)
{
	control_sums *s = user;
	double g[LAB_PARAMS];
	double factor = s->control->estimate(path, g);
	s->probability += probability;
	s->exactly += exactly;
	for (size_t i = 0; i < path->net.param_count; i++)
		s->mean[i] += factor * exactly * g[i];
}

START_TEST(every_control_is_biased_and_its_paths_are_complete)
{
	const lab_control *control = &lab_controls[_i];
	control_sums s = {.control = control};
	lab_setup setup;
	double truth[LAB_PARAMS], off = 0.0;
	bern_error e;
	ck_assert_int_eq(lab_setup_init(&setup, &control->problem, 1, &e), 0);
	memcpy(truth, setup.exact, sizeof truth);
	if (control->truth)
		control->truth(&setup, truth);
	if (control->mean) {
		control->mean(&setup, s.mean);
	} else {
		ck_assert_int_eq(lab_each_path(&setup, control->episodes, 1, visit_control, &s, &e),
				 0);
		ck_assert_double_le(fabs(s.exactly - 1.0), 1e-12);
		ck_assert_double_le(fabs(s.probability - 1.0), 1e-5);
	}
	for (size_t i = 0; i < setup.net.param_count; i++)
		off = fmax(off, fabs(s.mean[i] - truth[i]));
	ck_assert_msg(off > 1e-4, "%s is off by no more than %g", control->name, off);
	lab_setup_finish(&setup);
}
END_TEST

/* ---- the proof itself ------------------------------------------------------------------------------------------------------- */

/* what one would plant in an estimator */
enum { AS_IT_IS, SIGN, FACTOR, OUTPUT, BUGS };

static void planted(int bug, const bern_network *net, const bern_trace *trace, const size_t *rows,
		    size_t count, const bern_signal *signal, bern_workspace *work, float *gradient)
{
	float g[LAB_PARAMS] = {0};
	size_t hidden = net->layer[net->depth].weight;
	const bern_estimator *estimator = NULL;
	for (size_t i = 0; i < bern_estimator_count; i++)
		if (!strcmp(bern_estimators[i]->name, "unbiased"))
			estimator = bern_estimators[i];
	estimator->accumulate(net, trace, rows, count, signal, work, g);
	for (size_t i = 0; i < net->param_count; i++) {
		if (bug == SIGN && i < hidden)
			g[i] = -g[i];
		if (bug == FACTOR && i < hidden)
			g[i] *= 0.999f;
		if (bug == OUTPUT && i == net->param_count - 1)
			g[i] += 0.0005f;
		gradient[i] += g[i];
	}
}

#define PLANTED(name_, bug_)                                                                       \
	static void name_##_accumulate(                                                            \
		const bern_network *net, const bern_trace *trace, const size_t *rows,              \
		size_t count, const bern_signal *signal, bern_workspace *work, float *gradient)    \
	{                                                                                          \
		planted(bug_, net, trace, rows, count, signal, work, gradient);                    \
	}
PLANTED(as_it_is, AS_IT_IS)
PLANTED(sign, SIGN)
PLANTED(factor, FACTOR)
PLANTED(output, OUTPUT)

static lab_plan quick_plan(void)
{
	static const char *const nothing_more[] = {"recorded"};
	return (lab_plan){.seed = 1,
			  .max_bits = 8,
			  .alpha = 1e-5,
			  .power = 0.9,
			  .bias = 0.1,
			  .samples = 100000,
			  .names = nothing_more,
			  .name_count = 1};
}

START_TEST(planted_bugs_fail_the_proof)
{
	static void (*const bugs[BUGS])(const bern_network *, const bern_trace *, const size_t *,
					size_t, const bern_signal *, bern_workspace *, float *) = {
		as_it_is_accumulate, sign_accumulate, factor_accumulate, output_accumulate};
	bern_estimator bugged;
	lab_outcome outcome;
	bern_error e;
	const bern_offer offer = {
		.kind = (const int64_t[]){BERN_UNITS_BINARY}, .depth = 1, .firings = 1};
	const bern_estimator *unbiased;
	ck_assert_int_eq(bern_estimator_find(&unbiased, "unbiased", &offer, &e), 0);
	bugged = *unbiased;
	bugged.accumulate = bugs[_i];
	lab_plan plan = quick_plan();
	plan.planted = &bugged;
	ck_assert_int_eq(lab_prove(&plan, &outcome, &e), 0);
	if (_i == AS_IT_IS)
		ck_assert_uint_eq(outcome.failed, 0);
	else
		ck_assert_uint_ge(outcome.failed, 5);
	ck_assert_uint_ge(outcome.proofs, 15);
}
END_TEST

START_TEST(every_estimator_is_what_it_claims_and_every_control_is_found_out)
{
	lab_plan plan = quick_plan();
	lab_outcome outcome;
	bern_error e;
	plan.name_count = 0;
	ck_assert_int_eq(lab_prove(&plan, &outcome, &e), 0);
	ck_assert_uint_eq(outcome.failed, 0);
	ck_assert_uint_eq(outcome.rejected, outcome.controls);
	ck_assert_uint_ge(outcome.controls, 14);
}
END_TEST

/* 1,000 proofs at 1%: more than 10 + 5 sqrt(10) = 26 false alarms come with probability 1e-5 */
START_TEST(false_alarms_come_at_the_promised_rate)
{
	size_t alarms;
	bern_error e;
	ck_assert_int_eq(lab_false_alarms("firings", 1, 1000, 2000, 0.01, &alarms, &e), 0);
	ck_assert_msg(alarms <= 26, "%zu false alarms", alarms);
}
END_TEST

/* the bias that a sampled proof says it would have seen, it sees: put into the truth of one number, in 9 of 10 seeds */
START_TEST(a_bias_of_the_size_told_is_seen)
{
	static const lab_problem problem = {.hidden = "3"};
	const lab_sampling sampling = {.estimator = "unbiased", .alpha = 1e-3, .power = 0.9};
	size_t seen = 0;
	for (uint64_t seed = 0; seed < 40; seed++) {
		lab_setup s;
		lab_sampled before, after;
		bern_error e;
		ck_assert_int_eq(lab_setup_init(&s, &problem, 3, &e), 0);
		ck_assert_int_eq(lab_sample_plays(&s, &sampling, seed, 16, 401, &before, &e), 0);
		ck_assert(!before.verdict.rejected);
		/* the output's bias has the largest variance here, as no input makes it smaller */
		s.exact[s.net.param_count - 1] += before.verdict.seen;
		ck_assert_int_eq(lab_sample_plays(&s, &sampling, seed + 1000, 16, 401, &after, &e),
				 0);
		seen += (size_t)after.verdict.rejected;
		lab_setup_finish(&s);
	}
	/* of 40 at 9 in 10 fewer than 27 come with probability 2e-5 */
	ck_assert_uint_ge(seen, 27);
}
END_TEST

START_TEST(what_cannot_be_enumerated_is_refused_in_words)
{
	static const lab_problem wide = {.hidden = "40"}, many = {.hidden = "9,9,9"},
				 firings = {.hidden = "15", .firings = 3};
	const char *name[] = {"firing"};
	lab_outcome outcome;
	lab_setup s;
	bern_error e;
	lab_plan plan = quick_plan();
	plan.max_bits = 21;
	ck_assert_int_eq(lab_prove(&plan, &outcome, &e), BERN_EUSAGE);
	ck_assert_ptr_nonnull(strstr(e.text, "2^21"));
	plan = quick_plan();
	plan.names = name;
	ck_assert_int_eq(lab_prove(&plan, &outcome, &e), BERN_EUSAGE);
	ck_assert_ptr_nonnull(strstr(e.text, "did you mean firings?"));
	ck_assert_int_eq(lab_setup_init(&s, &wide, 1, &e), BERN_EUSAGE);
	ck_assert_ptr_nonnull(strstr(e.text, "too large to be enumerated"));
	lab_setup_finish(&s);
	ck_assert_int_eq(lab_setup_init(&s, &many, 1, &e), BERN_EUSAGE);
	ck_assert_ptr_nonnull(strstr(e.text, "27 bits"));
	lab_setup_finish(&s);
	ck_assert_int_eq(lab_setup_init(&s, &firings, 1, &e), 0);
	ck_assert_int_eq(lab_each_path(&s, 1, 0, NULL, NULL, &e), BERN_EUSAGE);
	lab_setup_finish(&s);
}
END_TEST

/* ---- variance ------------------------------------------------------------------------------------------------------------- */

/* In a bandit with one lane a play is one step: its variance is known exactly by enumeration, and so is the gradient. The variance
 * of 40,000 estimates has a relative error of about sqrt(kurtosis / 40000), 1.5% for a kurtosis of 10. */
START_TEST(measured_variance_and_gradient_are_those_enumerated)
{
	static const lab_problem problem = {.hidden = "3,2"};
	static const char *const values[][2] = {{"hidden", "3,2"},   {"estimator", "unbiased"},
						{"firings", "1"},    {"baseline", "none"},
						{"num_envs", "1"},   {"num_steps", "1"},
						{"gae_lambda", "1"}, {"advantage_scale", "none"}};
	lab_setup s;
	lab_exact exact;
	lab_variance v;
	bern_agent_config config;
	bern_agent *agent;
	bern_lanes lanes = {0};
	bern_reinforce_view view;
	bern_error e;
	double length = 0.0, sum = 0.0, bound;
	ck_assert_int_eq(lab_setup_init(&s, &problem, 1, &e), 0);
	ck_assert_int_eq(
		lab_reference_moments(&s, bern_reference_estimate, (lab_baselines){0}, &exact, &e),
		0);
	bern_agent_config_defaults(&config);
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
		ck_assert_int_eq(bern_agent_config_set(&config, values[i][0], values[i][1], &e), 0);
	ck_assert_int_eq(bern_agent_create(&agent, &config, &s.world, 1, &e), 0);
	ck_assert_int_eq(bern_lanes_init(&lanes, &s.world, 1, 1, BERN_FOR_ENVIRONMENT, 0, &e), 0);
	ck_assert_int_eq(bern_lanes_reset(&lanes, &e), 0);
	bern_reinforce_look(agent, &view);
	memcpy(view.net->params, s.net.params, s.net.param_count * sizeof(float));
	ck_assert_int_eq(lab_variance_measure(agent, &lanes, 40000, &v, &e), 0);
	ck_assert_int_eq(memcmp(view.net->params, s.net.params, s.net.param_count * sizeof(float)),
			 0);
	for (size_t i = 0; i < s.net.param_count; i++)
		length += s.exact[i] * s.exact[i];
	for (size_t l = 0; l < v.layers; l++)
		sum += v.layer[l];
	ck_assert_uint_eq(v.layers, 3);
	ck_assert_double_eq(v.steps, 1.0);
	ck_assert_double_le(fabs(sum - v.total), 1e-12 * v.total);
	ck_assert_msg(fabs(v.total - exact.variance) <= 0.08 * exact.variance, "%g, not %g",
		      v.total, exact.variance);
	/* five standard errors of the product of two noisy means */
	bound = 5.0 * sqrt(2.0 * length * exact.variance / 40000.0) + exact.variance / 40000.0;
	ck_assert_msg(fabs(v.length * v.length - length) <= bound, "%g, not %g",
		      v.length * v.length, length);
	bern_lanes_finish(&lanes);
	bern_agent_destroy(agent);
	lab_setup_finish(&s);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("lab");
	TCase *t = tcase_create("all");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, the_oracle_agrees_with_central_differences, 0, CASES);
	tcase_add_loop_test(t, policies_sum_to_one, 0, CASES);
	tcase_add_loop_test(t, two_oracles_agree, 0, 3);
	tcase_add_test(t, values_solve_their_equations);
	tcase_add_test(t, the_one_unit_variances_are_those_recorded);
	tcase_add_test(t, the_200_unit_variances_are_those_recorded);
	tcase_add_loop_test(t, counted_and_closed_forms_agree_and_claims_hold, 0, 10);
	tcase_add_test(t, recorded_numbers_are_met_to_twelve_digits);
	tcase_add_test(t, recorded_numbers_are_those_of_the_files);
	tcase_add_loop_test(t, students_tails_are_the_integral_of_the_density, 0, 5);
	tcase_add_loop_test(t, every_control_is_biased_and_its_paths_are_complete, 0,
			    (int)lab_control_count);
	tcase_add_loop_test(t, planted_bugs_fail_the_proof, 0, BUGS);
	tcase_add_test(t, every_estimator_is_what_it_claims_and_every_control_is_found_out);
	tcase_add_test(t, false_alarms_come_at_the_promised_rate);
	tcase_add_test(t, a_bias_of_the_size_told_is_seen);
	tcase_add_test(t, measured_variance_and_gradient_are_those_enumerated);
	tcase_add_test(t, what_cannot_be_enumerated_is_refused_in_words);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
