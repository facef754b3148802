#include "statistics.h"

#include <bern/math.h>
#include <assert.h>

double lab_student_outside(double t, size_t freedom)
{
	assert(freedom >= 2 && freedom % 2 == 0);
	double v = (double)freedom, size = bern_abs(t);
	double cosine2 = v / (v + size * size), sine = size / bern_sqrt(v + size * size);
	double term = 1.0, sum = 1.0;
	for (size_t k = 2; k < freedom; k += 2) {
		term *= cosine2 * ((double)k - 1.0) / (double)k;
		sum += term;
		if (term < 1e-18 * sum)
			break;
	}
	double inside = sine * sum;
	return inside < 1.0 ? 1.0 - inside : 0.0;
}

double lab_student_quantile(double outside, size_t freedom)
{
	double low = 0.0, high = 1.0;
	while (lab_student_outside(high, freedom) > outside && high < 1e9)
		high *= 2.0;
	for (int i = 0; i < 100; i++) {
		double middle = 0.5 * (low + high);
		if (lab_student_outside(middle, freedom) > outside)
			low = middle;
		else
			high = middle;
	}
	return high;
}

void lab_moments_add(lab_moments *m, const double *x)
{
	double n = (double)++m->samples;
	for (size_t i = 0; i < m->count; i++) {
		double before = x[i] - m->mean[i];
		m->mean[i] += before / n;
		m->square[i] += before * (x[i] - m->mean[i]);
	}
}

double lab_moments_variance(const lab_moments *m, size_t i)
{
	return m->samples > 1 ? m->square[i] / (double)(m->samples - 1) : 0.0;
}

/* What float32 alone may do to an estimate made of some ten operations on numbers of size 1; it matters where nothing varies. */
static double rounding(double exact)
{
	return 1e-6 * (1.0 + bern_abs(exact));
}

lab_verdict lab_moments_test(const lab_moments *m, const double *exact, double alpha, double power)
{
	assert(m->samples >= 3 && m->samples % 2 == 1);
	size_t freedom = m->samples - 1;
	lab_verdict v = {.limit = lab_student_quantile(alpha / (double)m->count, freedom)};
	/* one-sided: the bias pushes to one side */
	double reach = v.limit + lab_student_quantile(2.0 * (1.0 - power), freedom);
	for (size_t i = 0; i < m->count; i++) {
		double error = bern_sqrt(lab_moments_variance(m, i) / (double)m->samples);
		double off = m->mean[i] - exact[i];
		double t = bern_abs(off) > rounding(exact[i]) ? bern_abs(off) / (error + 1e-300)
							      : 0.0;
		if (t > v.t) {
			v.t = t;
			v.worst = i;
			v.off = off;
		}
		if (reach * error > v.seen)
			v.seen = reach * error;
	}
	v.rejected = v.t > v.limit;
	return v;
}

size_t lab_samples_for(const lab_moments *m, double bias, double alpha, double power, size_t most)
{
	double variance = 0.0, n;
	for (size_t i = 0; i < m->count; i++)
		if (lab_moments_variance(m, i) > variance)
			variance = lab_moments_variance(m, i);
	/* with many degrees of freedom: those of a normal distribution */
	double reach = lab_student_quantile(alpha / (double)m->count, 1000) +
		       lab_student_quantile(2.0 * (1.0 - power), 1000);
	n = bias > 0.0 ? reach * reach * variance / (bias * bias) : (double)most;
	n = n < (double)most ? n : (double)most;
	size_t count = n > 101.0 ? (size_t)n : 101;
	return count | 1;
}
