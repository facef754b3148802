#include "golden.h"

#include "paths.h"

#include <bern/math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the two networks --------------------------------------------------------------------------------------------- */

/* W1 (3, 2), b1, W2 (2, 3), b2: a unit's weights one after another, as recorded */
static const double W1[3][2] = {{0.6, -0.4}, {-0.3, 0.8}, {0.1, 0.5}}, b1[3] = {0.1, -0.2, 0.05};
static const double W2[2][3] = {{0.7, -0.5, 0.3}, {-0.2, 0.4, 0.9}}, b2[2] = {0.0, -0.1};
static const double network_x[2] = {1.0, -0.5}, network_reward[4] = {0.2, 1.0, -0.5, 0.7};
static const double network_J = 0.36480583490236274;
static const double network_gradient_W1[3][2] = {{-0.025713662735077865, 0.012856831367538932},
						 {0.03068843819929975, -0.015344219099649874},
						 {0.04801283287351887, -0.024006416436759433}};
static const double network_gradient_b1[3] = {-0.025713662735077865, 0.03068843819929975,
					      0.04801283287351887};
static const double network_gradient_W2[2][3] = {
	{-0.07445501322852614, -0.03113813778347157, -0.04417760074315181},
	{0.17681136222571056, 0.06468937832722205, 0.10856305600740318}};
static const double network_gradient_b2[2] = {-0.10703172669704036, 0.24233466287196173};
static const double network_unit_baseline[5] = {0.4175968446559157, 0.42781022509724853,
						0.3744244137587357, 0.47157060051715916,
						0.22667262617419828};
static const double network_pi[4] = {0.16430694155312664, 0.21833940124114917, 0.2654520955778488,
				     0.35190156162787534};

/* one layer of three units with logits alone, one action unit; rewards of action 0 and 1; baseline 0.4 */
static const double firings_b[3] = {0.0947, 1.25, -0.9314},
		    firings_w[3] = {1.4886, -0.3887, -0.3923};
static const double firings_c = 0.3, firings_reward[2] = {0.7, -1.1}, firings_baseline = 0.4;
static const double firings_gradient[7] = {
	-0.14520155972717746, 0.023841313996395774, 0.02941297487824584, -0.1518957396445927,
	-0.2877400168883963,  -0.10794187059845686, -0.36260520080271813};
static const double firings_variance[4] = {0.892495346410012, 0.07407176410635646,
					   0.034842750279968124, 0.023053414593294307};

/* ---- moments over every path --------------------------------------------------------------------------------------- */

enum {
	NO_BASELINE,
	MEAN,   /* J */
	SHARED, /* E[|score|^2 R] / E[|score|^2] */
	UNIT,   /* the same for each unit */
	WAYS
};

typedef struct sums {
	size_t params;
	double mean[WAYS][LAB_PARAMS], square[WAYS];
	double score_square[LAB_PARAMS], score_square_reward[LAB_PARAMS];
	double all_square, all_square_reward;
	double pi[LAB_ACTIONS], given[LAB_ACTIONS][LAB_PARAMS]; /* sums of scores by action */
	double b[WAYS], unit[LAB_PARAMS];                       /* known in the second round */
} sums;

static void score_of(const lab_path *path, double *score)
{
	bern_reference_step step = path->step[0];
	step.advantage = 1.0;
	bern_reference_estimate(&path->net, path->setup->params, &step, score);
}

/* what the baselines are made of */
static void first_round(const lab_path *path, double probability, double exactly, void *user)
{
	sums *s = user;
	double score[LAB_PARAMS], R = path->worth[0];
	size_t action = lab_table_action(path->setup->table, path->step[0].action);
	(void)probability;
	score_of(path, score);
	s->pi[action] += exactly;
	for (size_t i = 0; i < s->params; i++) {
		double square = exactly * score[i] * score[i];
		s->given[action][i] += exactly * score[i];
		s->score_square[i] += square;
		s->score_square_reward[i] += square * R;
		s->all_square += square;
		s->all_square_reward += square * R;
	}
}

static void second_round(const lab_path *path, double probability, double exactly, void *user)
{
	sums *s = user;
	double score[LAB_PARAMS];
	(void)probability;
	score_of(path, score);
	for (size_t i = 0; i < s->params; i++)
		for (int way = 0; way < WAYS; way++) {
			double b = way == UNIT ? s->unit[i] : s->b[way];
			double g = (path->worth[0] - b) * score[i];
			s->mean[way][i] += exactly * g;
			s->square[way] += exactly * g * g;
		}
}

static double total_variance(const sums *s, int way)
{
	double variance = s->square[way];
	for (size_t i = 0; i < s->params; i++)
		variance -= s->mean[way][i] * s->mean[way][i];
	return variance;
}

/* Averaged over the hidden bits given the action, with baseline b. */
static double averaged_variance(const sums *s, const double *reward, double b)
{
	double variance = 0.0;
	for (size_t i = 0; i < s->params; i++) {
		double mean = 0.0, square = 0.0;
		for (size_t a = 0; a < 4; a++) {
			double g = (reward[a] - b) * s->given[a][i] / s->pi[a];
			mean += s->pi[a] * g;
			square += s->pi[a] * g * g;
		}
		variance += square - mean * mean;
	}
	return variance;
}

/* (R1 - R2)(score1 - score2) / 2 of two episodes: from the joint moments of one. E[(R1 - R2)^2 (s1 - s2)^2] multiplied out. */
typedef struct pair_sums {
	size_t params;
	double R, RR, s[LAB_PARAMS], ss, Rs[LAB_PARAMS], Rss, RRs[LAB_PARAMS], RRss;
} pair_sums;

static void pair_round(const lab_path *path, double probability, double exactly, void *user)
{
	pair_sums *m = user;
	double score[LAB_PARAMS], R = path->worth[0];
	(void)probability;
	score_of(path, score);
	m->R += exactly * R;
	m->RR += exactly * R * R;
	for (size_t i = 0; i < m->params; i++) {
		m->s[i] += exactly * score[i];
		m->Rs[i] += exactly * R * score[i];
		m->RRs[i] += exactly * R * R * score[i];
		m->ss += exactly * score[i] * score[i];
		m->Rss += exactly * R * score[i] * score[i];
		m->RRss += exactly * R * R * score[i] * score[i];
	}
}

static double pair_variance(const pair_sums *m)
{
	double square = 2.0 * m->RRss - 4.0 * m->Rss * m->R + 2.0 * m->RR * m->ss, mean2 = 0.0;
	for (size_t i = 0; i < m->params; i++) {
		double g = m->Rs[i] - m->R * m->s[i];
		square += -4.0 * m->RRs[i] * m->s[i] + 4.0 * m->Rs[i] * m->Rs[i];
		mean2 += g * g;
	}
	return 0.25 * square - mean2;
}

/* ---- the rows ---------------------------------------------------------------------------------------------------------- */

static void add(lab_golden *rows, size_t *count, const char *name, double recorded, double here)
{
	lab_golden *row = &rows[(*count)++];
	snprintf(row->name, sizeof row->name, "%s", name);
	row->recorded = recorded;
	row->here = here;
}

/* A setup with the recorded numbers in place of the drawn ones; `table` holds them. */
static int32_t recorded_setup(lab_setup *s, lab_table *table, const lab_problem *problem,
			      const double *x, const double *reward, bern_error *e)
{
	int32_t rc = lab_setup_init(s, problem, 0, e);
	if (rc)
		return rc;
	*table = *s->table;
	memcpy(table->x, x, table->inputs * sizeof *x);
	memcpy(table->reward, reward, table->mdp.actions * sizeof *reward);
	s->table = table;
	s->mdp.x = table->x;
	s->mdp.reward = table->reward;
	return 0;
}

static void set_network(lab_setup *s)
{
	const bern_layer *hidden = &s->net.layer[0], *out = &s->net.layer[1];
	for (size_t j = 0; j < 3; j++) {
		s->params[hidden->bias + j] = b1[j];
		for (size_t i = 0; i < 2; i++)
			s->params[hidden->weight + i * 3 + j] = W1[j][i];
		for (size_t n = 0; n < 2; n++)
			s->params[out->weight + j * 2 + n] = W2[n][j];
	}
	for (size_t n = 0; n < 2; n++)
		s->params[out->bias + n] = b2[n];
	lab_setup_truth(s);
}

static void network_gradients(lab_golden *rows, size_t *count, const lab_setup *s)
{
	const bern_layer *hidden = &s->net.layer[0], *out = &s->net.layer[1];
	char name[48];
	for (size_t j = 0; j < 3; j++) {
		for (size_t i = 0; i < 2; i++) {
			snprintf(name, sizeof name, "network: dJ/dW1[%zu,%zu]", j, i);
			add(rows, count, name, network_gradient_W1[j][i],
			    s->exact[hidden->weight + i * 3 + j]);
		}
		snprintf(name, sizeof name, "network: dJ/db1[%zu]", j);
		add(rows, count, name, network_gradient_b1[j], s->exact[hidden->bias + j]);
	}
	for (size_t n = 0; n < 2; n++) {
		for (size_t j = 0; j < 3; j++) {
			snprintf(name, sizeof name, "network: dJ/dW2[%zu,%zu]", n, j);
			add(rows, count, name, network_gradient_W2[n][j],
			    s->exact[out->weight + j * 2 + n]);
		}
		snprintf(name, sizeof name, "network: dJ/db2[%zu]", n);
		add(rows, count, name, network_gradient_b2[n], s->exact[out->bias + n]);
	}
}

static int32_t network_rows(lab_golden *rows, size_t *count, sums *m, bern_error *e)
{
	static const lab_problem problem = {.hidden = "3", .actions = "2,2", .binary = 1};
	lab_setup s;
	lab_table table;
	pair_sums pair = {0};
	char name[48];
	int32_t rc = recorded_setup(&s, &table, &problem, network_x, network_reward, e);
	if (rc)
		goto done;
	set_network(&s);
	memset(m, 0, sizeof *m);
	pair.params = m->params = s.net.param_count;
	rc = lab_each_path(&s, 1, 1, first_round, m, e);
	m->b[MEAN] = s.J;
	m->b[SHARED] = m->all_square_reward / m->all_square;
	/* a weight's score is its unit's times a known input: one baseline for the unit, as its bias finds it */
	for (size_t l = 0; l < 2; l++) {
		const bern_layer *layer = &s.net.layer[l];
		for (size_t j = 0; j < layer->units; j++) {
			size_t at = layer->bias + j;
			m->unit[at] = m->score_square_reward[at] / m->score_square[at];
			for (size_t i = 0; i < layer->inputs; i++)
				m->unit[layer->weight + i * layer->units + j] = m->unit[at];
		}
	}
	if (!rc)
		rc = lab_each_path(&s, 1, 1, second_round, m, e);
	if (!rc)
		rc = lab_each_path(&s, 1, 1, pair_round, &pair, e);
	if (rc)
		goto done;
	add(rows, count, "network: J", network_J, s.J);
	network_gradients(rows, count, &s);
	for (size_t a = 0; a < 4; a++) {
		snprintf(name, sizeof name, "network: pi(%zu,%zu)", a / 2, a % 2);
		add(rows, count, name, network_pi[a], m->pi[a]);
	}
	for (size_t u = 0; u < 5; u++) {
		size_t l = u / 3, j = u % 3;
		snprintf(name, sizeof name, "network: baseline of unit %zu (eq. 10)", u);
		add(rows, count, name, network_unit_baseline[u], m->unit[s.net.layer[l].bias + j]);
	}
	add(rows, count, "network: best shared baseline", 0.37975958653604347, m->b[SHARED]);
	add(rows, count, "network: variance, no baseline", 1.0916673480697505,
	    total_variance(m, NO_BASELINE));
	add(rows, count, "network: variance, mean", 0.7165517926562233, total_variance(m, MEAN));
	add(rows, count, "network: variance, best shared", 0.7159692579270239,
	    total_variance(m, SHARED));
	add(rows, count, "network: variance, each unit its own", 0.6877652657225544,
	    total_variance(m, UNIT));
	add(rows, count, "network: variance, Rao-Blackwell", 0.2444244700137207,
	    averaged_variance(m, network_reward, 0.0));
	add(rows, count, "network: variance, Rao-Blackwell, mean", 0.14307971248188153,
	    averaged_variance(m, network_reward, s.J));
	add(rows, count, "network: variance, RLOO of two episodes", 0.856262750437924,
	    pair_variance(&pair));
done:
	lab_setup_finish(&s);
	return rc;
}

typedef struct firing_sums {
	size_t params;
	double mean[LAB_PARAMS], square[LAB_PARAMS];
} firing_sums;

static void firing_round(const lab_path *path, double probability, double exactly, void *user)
{
	firing_sums *m = user;
	double g[LAB_PARAMS];
	bern_reference_step step = path->step[0];
	(void)probability;
	step.advantage = path->worth[0] - firings_baseline;
	bern_reference_estimate(&path->net, path->setup->params, &step, g);
	for (size_t i = 0; i < m->params; i++) {
		m->mean[i] += exactly * g[i];
		m->square[i] += exactly * g[i] * g[i];
	}
}

static int32_t firings_rows(lab_golden *rows, size_t *count, size_t K, bern_error *e)
{
	const lab_problem problem = {.hidden = "3", .inputs = 1, .firings = K};
	static const double nothing[1] = {0.0};
	lab_setup s;
	lab_table table;
	firing_sums m = {0};
	char name[48];
	double off = 0.0, variance = 0.0;
	int32_t rc = recorded_setup(&s, &table, &problem, nothing, firings_reward, e);
	if (!rc) {
		const bern_layer *hidden = &s.net.layer[0], *out = &s.net.layer[1];
		for (size_t j = 0; j < 3; j++) {
			s.params[hidden->bias + j] = firings_b[j];
			s.params[out->weight + j] = firings_w[j];
		}
		s.params[out->bias] = firings_c;
		m.params = s.net.param_count;
		rc = lab_each_path(&s, 1, 1, firing_round, &m, e);
		for (size_t i = 0; i < 7; i++) {
			size_t at = i < 3 ? hidden->bias + i : out->weight + i - 3;
			double error = bern_abs(m.mean[at] - firings_gradient[i]);
			off = error > off ? error : off;
			if (i < 3)
				variance += m.square[at] - m.mean[at] * m.mean[at];
		}
	}
	if (!rc) {
		snprintf(name, sizeof name, "firings: variance, K=%zu", K);
		add(rows, count, name, firings_variance[K - 1], variance);
		snprintf(name, sizeof name, "firings: gradient, K=%zu, largest error", K);
		add(rows, count, name, 0.0, off);
	}
	lab_setup_finish(&s);
	return rc;
}

int32_t lab_golden_rows(lab_golden *rows, size_t *count, bern_error *e)
{
	sums *m = calloc(1, sizeof *m);
	int32_t rc = m ? 0 : bern_fail(e, BERN_EMEMORY, "no memory for the recorded network");
	*count = 0;
	if (!rc)
		rc = network_rows(rows, count, m, e);
	for (size_t K = 1; !rc && K <= 4; K++)
		rc = firings_rows(rows, count, K, e);
	free(m);
	return rc;
}
