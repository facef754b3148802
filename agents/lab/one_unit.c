#include "one_unit.h"

#include <bern/math.h>
#include <assert.h>
#include <math.h>
#include <string.h>

/* The unit, and what is known of its loss. */
typedef struct unit {
	double p, q, t;
	double f[2];     /* loss at h = 0, 1 */
	double slope[2]; /* df/dh there */
} unit;

/* First two moments of an estimator. */
typedef struct sums {
	double probability, mean, square;
} sums;

static void count(sums *s, double probability, double x)
{
	s->probability += probability;
	s->mean += probability * x;
	s->square += probability * x * x;
}

static double score(const unit *u, int h)
{
	return (double)h - u->p;
}

/* (h - p)(f - b) over both firings */
static sums centred(const unit *u, double b)
{
	sums s = {0};
	for (int h = 0; h < 2; h++)
		count(&s, h ? u->p : u->q, score(u, h) * (u->f[h] - b));
	return s;
}

/* b = E[(h - p)^2 f] / E[(h - p)^2]. Bengio et al. 2013, arXiv 1308.3432, eq. 10 */
static double unit_baseline(const unit *u)
{
	double above = 0.0, below = 0.0;
	for (int h = 0; h < 2; h++) {
		double weight = (h ? u->p : u->q) * score(u, h) * score(u, h);
		above += weight * u->f[h];
		below += weight;
	}
	return above / below;
}

/* (f1 - f2)(h1 - h2) / 2 over two firings. Kool, van Hoof, Welling 2019 */
static sums leave_one_out(const unit *u)
{
	sums s = {0};
	for (int h = 0; h < 2; h++)
		for (int g = 0; g < 2; g++)
			count(&s, (h ? u->p : u->q) * (g ? u->p : u->q),
			      0.5 * (u->f[h] - u->f[g]) * (double)(h - g));
	return s;
}

typedef double estimate(const unit *u, double z);

/* Moments over a uniform z: three Gauss-Legendre points between the places where something switches, exact up to degree 5. */
static sums over_uniform(const unit *u, estimate *f)
{
	static const double node[3] = {-0.7745966692414834, 0.0, 0.7745966692414834};
	static const double weight[3] = {5.0 / 18.0, 8.0 / 18.0, 5.0 / 18.0};
	double low = u->p < u->q ? u->p : u->q, high = u->p < u->q ? u->q : u->p;
	double cut[4] = {0.0, low, high, 1.0};
	sums s = {0};
	for (int piece = 0; piece < 3; piece++)
		for (int i = 0; i < 3; i++) {
			double width = cut[piece + 1] - cut[piece];
			double z = cut[piece] + 0.5 * width * (1.0 + node[i]);
			count(&s, width * weight[i], f(u, z));
		}
	return s;
}

/* (f(1[z > 1 - p]) - f(1[z < p])) (z - 1/2). Yin & Zhou 2019 */
static double arm(const unit *u, double z)
{
	return (u->f[z > u->q] - u->f[z < u->p]) * (z - 0.5);
}

/* (f(b) - f(b~)) (-1)^b~ 1[b != b~] sigmoid(|a|) / 2. Dong, Mnih, Tucker 2020; sigmoid(|a|) = max(p, q) */
static double disarm(const unit *u, double z)
{
	int b = z > u->q, other = z < u->p;
	double most = u->p > u->q ? u->p : u->q;
	return b == other ? 0.0 : 0.5 * (u->f[b] - u->f[other]) * (other ? -1.0 : 1.0) * most;
}

/* df/dh at the firing, times `factor`: no derivative of the unit, or p(1 - p). Bengio et al. 2013, section 4 */
static sums straight_through(const unit *u, double factor)
{
	sums s = {0};
	for (int h = 0; h < 2; h++)
		count(&s, h ? u->p : u->q, factor * u->slope[h]);
	return s;
}

/* Stochastic times smooth: h = b sqrt(p), b ~ Bernoulli(sqrt(p)); the smooth factor's derivative is sqrt(p) q / 2. with_score adds
 * that of b's probability. Bengio et al. 2013, section 3.2 */
static sums smooth(const unit *u, int with_score)
{
	sums s = {0};
	double root = bern_sqrt(u->p), slope = 0.5 * root * u->q;
	for (int b = 0; b < 2; b++) {
		double h = b * root, probability = b ? root : 1.0 - root;
		double estimate = 2.0 * (h - u->t) * b * slope;
		if (with_score)
			estimate += (h - u->t) * (h - u->t) * (b ? slope : -slope) / probability;
		count(&s, probability, estimate);
	}
	return s;
}

/* h = 1[z > sigmoid(a)], as eq. 3 is printed: the unit fires with probability q and still learns from h - p */
static sums misprinted(const unit *u)
{
	sums s = {0};
	for (int h = 0; h < 2; h++)
		count(&s, h ? u->q : u->p, score(u, h) * u->f[h]);
	return s;
}

static lab_unit_row row(const char *name, const char *formula, int unbiased, double exact, sums s,
			double closed)
{
	double variance = s.square - s.mean * s.mean;
	assert(bern_abs(s.probability - 1.0) < 1e-12);
	if (bern_abs(variance) < 1e-15 * s.square) /* nothing but rounding is left */
		variance = 0.0;
	return (lab_unit_row){name, formula, unbiased, exact, s.mean, variance, closed};
}

void lab_one_unit(lab_unit_row *rows, double p, double t)
{
	unit u = {.p = p, .q = 1.0 - p, .t = t};
	for (int h = 0; h < 2; h++) {
		u.f[h] = (h - t) * (h - t);
		u.slope[h] = 2.0 * (h - t);
	}
	double q = u.q, D = u.f[1] - u.f[0], g = p * q * D, mean = p * u.f[1] + q * u.f[0];
	double low = p < q ? p : q, high = p < q ? q : p, half = high - 0.5, root = bern_sqrt(p);
	double d1 = u.f[1] - mean, d0 = u.f[0] - mean;
	double about_mean = p * q * (q * d1 * d1 + p * d0 * d0) - g * g;
	if (bern_abs(about_mean) < 1e-15 * g * g)
		about_mean = 0.0;
	lab_unit_row *r = rows;
	*r++ = row("REINFORCE", "(h - p) f", 1, g, centred(&u, 0.0),
		   p * q * (q * u.f[1] * u.f[1] + p * u.f[0] * u.f[0]) - g * g);
	*r++ = row("with b = E[f]", "(h - p)(f - b)", 1, g, centred(&u, mean), about_mean);
	*r++ = row("with the unit's own b (eq. 10)", "(h - p)(f - b)", 1, g,
		   centred(&u, unit_baseline(&u)), 0.0);
	*r++ = row("RLOO, two firings", "(f1 - f2)(h1 - h2)/2", 1, g, leave_one_out(&u),
		   D * D * p * q / 2.0 - g * g);
	/* the two thirds of a cube are the integral of (z - 1/2)^2 where the pair differs */
	*r++ = row("ARM", "(f(1[z>q]) - f(1[z<p]))(z - 1/2)", 1, g, over_uniform(&u, arm),
		   2.0 * D * D * (0.125 - half * half * half) / 3.0 - g * g);
	*r++ = row("DisARM", "(f(b) - f(b'))(-1)^b' 1[b!=b'] max(p,q)/2", 1, g,
		   over_uniform(&u, disarm), D * D / 4.0 * high * high * 2.0 * low - g * g);
	sums both = {1.0, g, g * g};
	*r++ = row("LEG, both values tried", "p q (f(1) - f(0))", 1, g, both, 0.0);
	*r++ = row("straight-through", "df/dh", 0, g, straight_through(&u, 1.0), 4.0 * p * q);
	*r++ = row("straight-through times sigmoid'", "p q df/dh", 0, g,
		   straight_through(&u, p * q), 4.0 * p * q * p * q * p * q);
	/* the smooth unit has a loss of its own: p^(3/2) - 2 p t + t^2 */
	double g_smooth = p * q * (1.5 * root - 2.0 * t);
	*r++ = row("stochastic times smooth, pathwise", "f'(b sqrt p) b d sqrt(p)/da", 0, g_smooth,
		   smooth(&u, 0), (double)NAN);
	*r++ = row("stochastic times smooth, with score", "the same + f d log P(b)/da", 1, g_smooth,
		   smooth(&u, 1), (double)NAN);
	*r++ = row("eq. 3 as printed, h = 1[z > p]", "(h - p) f", 0, -g, misprinted(&u),
		   (double)NAN);
	/* what a batch of two does whose mean contains the own sample: half the gradient */
	double own = g / 2.0;
	sums halved = {1.0, own, 0.0};
	for (int h = 0; h < 2; h++)
		for (int k = 0; k < 2; k++) {
			double x = score(&u, h) * 0.5 * (u.f[h] - u.f[k]);
			halved.square += (h ? p : q) * (k ? p : q) * x * x;
		}
	*r++ = row("b = mean of two, own sample included", "(h1 - p)(f1 - f2)/2", 0, g, halved,
		   (double)NAN);
	assert(r - rows == LAB_UNIT_ROWS);
}

/* Distribution of the sum of n independent numbers that are -1, 0 or 1 with the given probabilities: chance[n + k] of the sum k. */
static void distribution_of_sum(double *chance, size_t n, const double step[3])
{
	memset(chance, 0, (2 * n + 1) * sizeof *chance);
	chance[n] = 1.0;
	for (size_t i = 0; i < n; i++) {
		/* sums lie in n - i .. n + i so far; outwards in place needs the old left neighbour */
		double left = 0.0, here;
		for (size_t k = n - i - 1; k <= n + i + 1; k++) {
			here = chance[k];
			double right = k < 2 * n ? chance[k + 1] : 0.0;
			chance[k] = step[2] * left + step[1] * here + step[0] * right;
			left = here;
		}
	}
}

/* Moments of scale * own * (own + sum of the others), each term with the probabilities of `step`. */
static sums product_with_all(size_t n, const double step[3], double scale)
{
	double chance[2 * LAB_TEAM_MOST + 1];
	sums s = {0};
	distribution_of_sum(chance, n - 1, step);
	for (int own = -1; own <= 1; own++)
		for (size_t k = 0; k <= 2 * (n - 1); k++) {
			double total = (double)own + (double)k - (double)(n - 1);
			count(&s, step[own + 1] * chance[k], scale * (double)own * total);
		}
	return s;
}

void lab_unit_team(lab_unit_row *rows, size_t n, double p, double t)
{
	double q = 1.0 - p, D = ((1.0 - t) * (1.0 - t) - t * t) / (double)n, g = p * q * D;
	double low = p < q ? p : q, high = p < q ? q : p, N = (double)n;
	assert(n >= 1 && n <= LAB_TEAM_MOST);
	lab_unit_row *r = rows;
	/* h1 - h2 of each unit; f1 - f2 = D times their sum */
	double pair[3] = {p * q, 1.0 - 2.0 * p * q, p * q};
	*r++ = row("RLOO", "(f1 - f2)(h1 - h2)/2", 1, g, product_with_all(n, pair, 0.5 * D),
		   0.25 * D * D * (2.0 * p * q + (N - 1.0) * 4.0 * p * q * p * q) - g * g);
	/* b - b' of each unit of an antithetic pair, which differs with probability 2 min(p, q) */
	double opposite[3] = {low, 1.0 - 2.0 * low, low};
	*r++ = row("DisARM", "(f(b) - f(b'))(b - b') max(p,q)/2", 1, g,
		   product_with_all(n, opposite, 0.5 * D * high),
		   0.25 * D * D * high * high * (2.0 * low + (N - 1.0) * 4.0 * low * low) - g * g);
	/* two evaluations with the exact mean as baseline; h - p of each unit takes two values, so the sum of the others is binomial */
	double chance[2 * LAB_TEAM_MOST + 1], fires[3] = {0.0, q, p};
	sums s = {0};
	distribution_of_sum(chance, n - 1, fires);
	for (int own = 0; own < 2; own++)
		for (size_t k = 0; k <= n - 1; k++) {
			double fired = (double)k + (double)own;
			count(&s, (own ? p : q) * chance[n - 1 + k],
			      ((double)own - p) * D * (fired - N * p));
		}
	lab_unit_row one = row("b = E[f], exact", "mean of two (h - p)(f - b)", 1, g, s, 0.0);
	one.variance /= 2.0;
	one.closed = 0.5 *
		     (D * D * (p * q * (1.0 - 3.0 * p * q) + (N - 1.0) * p * q * p * q) - g * g);
	*r++ = one;
	assert(r - rows == LAB_TEAM_ROWS);
}
