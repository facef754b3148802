/* The reference of core/kernels.h: plain loops that say what is computed and in which order. */
#include "kernels.h"

#include <bern/math.h>
#include <math.h>
#include <string.h>

static void affine(float *a, const float *x, const float *w, const float *bias, size_t I, size_t J)
{
	for (size_t j = 0; j < J; j++) {
		float sum = bias[j];
		for (size_t i = 0; i < I; i++)
			if (x[i] != 0.0f)
				sum += x[i] * w[i * J + j];
		a[j] = sum;
	}
}

static void affine_rows(float *a, const uint32_t *rows, size_t count, const float *w,
			const float *bias, size_t J)
{
	for (size_t j = 0; j < J; j++) {
		float sum = bias[j];
		for (size_t r = 0; r < count; r++)
			sum += w[rows[r] * J + j];
		a[j] = sum;
	}
}

static void outer(float *w, const float *x, const float *s, size_t I, size_t J)
{
	for (size_t i = 0; i < I; i++)
		for (size_t j = 0; j < J; j++)
			if (x[i] != 0.0f)
				w[i * J + j] += x[i] * s[j];
}

static void outer_rows(float *w, const uint32_t *rows, size_t count, const float *s, size_t J)
{
	for (size_t r = 0; r < count; r++)
		for (size_t j = 0; j < J; j++)
			w[rows[r] * J + j] += s[j];
}

static size_t fired(uint32_t *rows, const uint8_t *h, size_t J)
{
	size_t count = 0;
	for (size_t j = 0; j < J; j++)
		if (h[j])
			rows[count++] = (uint32_t)j;
	return count;
}

static void probability(float *p, const float *a, size_t J)
{
	for (size_t j = 0; j < bern_padded(J); j++)
		p[j] = j < J ? (float)(int32_t)(bern_sigmoidf(a[j]) * BERN_P_ONE) / BERN_P_ONE
			     : 0.0f;
}

static void fire(uint8_t *h, const float *p, size_t J, size_t K, bern_firing_rng *rng)
{
	size_t P = bern_padded(J);
	for (size_t k = 0; k < K; k++)
		for (size_t j0 = 0; j0 < P; j0 += BERN_LEAPS) {
			uint32_t u[BERN_LEAPS];
			bern_firing_rng_next(rng, u);
			for (size_t l = 0; l < BERN_LEAPS; l++)
				h[k * P + j0 + l] = (int32_t)(u[l] >> 8) <
						    (int32_t)(p[j0 + l] * BERN_P_ONE);
		}
}

static size_t turn_over(uint32_t *list, const uint32_t *rows, const float *sign, size_t count,
			const float *w, const float *excess, const uint8_t *h, size_t J)
{
	size_t found = 0;
	for (size_t j = 0; j < J; j++) {
		float sum = excess[j];
		for (size_t r = 0; r < count; r++)
			sum += sign[r] * w[rows[r] * J + j];
		if ((sum > 0.0f) != h[j])
			list[found++] = (uint32_t)j;
	}
	return found;
}

static size_t nonzero(uint32_t *rows, float *given, const float *x, size_t I)
{
	size_t count = 0;
	for (size_t i = 0; i < I; i++)
		if (x[i] != 0.0f) {
			rows[count] = (uint32_t)i;
			given[count++] = x[i];
		}
	return count;
}

static void draw(uint32_t *u, bern_firing_rng *rng)
{
	bern_firing_rng_next(rng, u);
}

static void score(float *s, const uint8_t *h, const float *p, const float *c, size_t J, size_t K)
{
	size_t P = bern_padded(J);
	float total = 0.0f;
	for (size_t k = 0; k < K; k++)
		total += c[k];
	for (size_t j = 0; j < P; j++) {
		float sum = 0.0f;
		for (size_t k = 0; k < K; k++)
			sum += h[k * P + j] ? c[k] : 0.0f;
		s[j] = sum - p[j] * total;
	}
}

static void fired_sum(float *g, const uint8_t *h, const float *c, size_t J, size_t K)
{
	size_t P = bern_padded(J);
	for (size_t j = 0; j < J; j++) {
		float sum = 0.0f;
		for (size_t k = 0; k < K; k++)
			sum += h[k * P + j] ? c[k] : 0.0f;
		g[j] += sum;
	}
}

static void fired_outer(float *g, const uint8_t *h, const float *d, size_t J, size_t N, size_t K)
{
	for (size_t k = 0; k < K; k++)
		for (size_t j = 0; j < J; j++)
			for (size_t n = 0; n < N; n++)
				if (h[k * bern_padded(J) + j])
					g[j * N + n] += d[k * N + n];
}

/* Adds 16 partial sums: l and l + 8, then l + 4, l + 2, l + 1. */
static float tree(float part[16])
{
	for (size_t width = 8; width; width /= 2)
		for (size_t l = 0; l < width; l++)
			part[l] += part[l + width];
	return part[0];
}

static void fired_dot(float *out, const uint8_t *h, const float *w, float bias, size_t J, size_t K)
{
	for (size_t k = 0; k < K; k++) {
		const uint8_t *h_k = h + k * bern_padded(J);
		float part[16] = {0};
		for (size_t j = 0; j < J; j++)
			part[j % 16] += h_k[j] ? w[j] : 0.0f;
		out[k] = bias + tree(part);
	}
}

static void fired_softmax(float *pi, const uint8_t *h, const float *w, const float *bias, size_t J,
			  size_t N, size_t K)
{
	for (size_t k = 0; k < K; k++) {
		const uint8_t *h_k = h + k * bern_padded(J);
		float *pi_k = pi + k * N, most = -3e38f, total = 0.0f;
		for (size_t n = 0; n < N; n++) {
			float sum = bias[n];
			for (size_t j = 0; j < J; j++)
				if (h_k[j])
					sum += w[j * N + n];
			pi_k[n] = sum;
			most = sum > most ? sum : most;
		}
		for (size_t n = 0; n < N; n++)
			total += pi_k[n] = bern_expf(pi_k[n] - most);
		for (size_t n = 0; n < N; n++)
			pi_k[n] /= total;
	}
}

static float dot(const float *x, const float *w, float bias, size_t J)
{
	float part[16] = {0};
	for (size_t j = 0; j < J; j++)
		part[j % 16] += w[j] * x[j];
	return bias + tree(part);
}

static void dot_rows(float *a, const uint32_t *rows, size_t count, const float *x, const float *w,
		     const float *bias, size_t I)
{
	for (size_t r = 0; r < count; r++)
		a[r] = dot(x, w + rows[r] * I, bias ? bias[rows[r]] : 0.0f, I);
}

static void scaled_rows(float *a, const uint32_t *rows, const float *x, size_t count,
			const float *w, const float *bias, size_t J)
{
	for (size_t j = 0; j < J; j++) {
		float sum = bias[j];
		for (size_t r = 0; r < count; r++)
			sum += x[r] * w[rows[r] * J + j];
		a[j] = sum;
	}
}

static void outer_scaled(float *w, const uint32_t *rows, const float *x, size_t count,
			 const float *s, size_t J)
{
	for (size_t r = 0; r < count; r++)
		for (size_t j = 0; j < J; j++)
			w[rows[r] * J + j] += x[r] * s[j];
}

static void affine_many(float *a, size_t a_stride, const uint8_t *h, size_t h_stride,
			const float *w, const float *bias, size_t count, size_t I, size_t J)
{
	for (size_t r = 0; r < count; r++)
		for (size_t j = 0; j < J; j++) {
			float sum = bias[j];
			for (size_t i = 0; i < I; i++)
				if (h[r * h_stride + i])
					sum += w[i * J + j];
			a[r * a_stride + j] = sum;
		}
}

static void outer_many(float *w, const uint8_t *const *h, const float *s, size_t s_stride,
		       size_t count, size_t I, size_t J)
{
	for (size_t r = 0; r < count; r++)
		for (size_t i = 0; i < I; i++)
			for (size_t j = 0; h[r][i] && j < J; j++)
				w[i * J + j] += s[r * s_stride + j];
}

static void add(float *y, const float *x, size_t J)
{
	for (size_t j = 0; j < J; j++)
		y[j] += x[j];
}

static float sum_squares(const float *x, size_t J)
{
	return dot(x, x, 0.0f, J);
}

static void adam(float *w, float *m, float *v, const float *g, const bern_adam_step *step, size_t J)
{
	for (size_t j = 0; j < J; j++) {
		m[j] = step->beta1 * m[j] + (1.0f - step->beta1) * g[j];
		v[j] = step->beta2 * v[j] + (1.0f - step->beta2) * (g[j] * g[j]);
		w[j] += step->rate * (m[j] * step->correct1) /
			(sqrtf(v[j] * step->correct2) + step->epsilon);
	}
}

static void multiply_add(float *x, float c, float d, size_t J, size_t rounds)
{
	for (size_t r = 0; r < rounds; r++)
		for (size_t j = 0; j < J; j++)
			x[j] = x[j] * c + d;
}

const bern_kernels bern_kernels_reference = {
	.name = "reference",
	.affine = affine,
	.affine_rows = affine_rows,
	.outer = outer,
	.outer_rows = outer_rows,
	.affine_many = affine_many,
	.outer_many = outer_many,
	.dot_rows = dot_rows,
	.scaled_rows = scaled_rows,
	.outer_scaled = outer_scaled,
	.fired = fired,
	.turn_over = turn_over,
	.nonzero = nonzero,
	.probability = probability,
	.fire = fire,
	.draw = draw,
	.score = score,
	.fired_sum = fired_sum,
	.fired_outer = fired_outer,
	.fired_dot = fired_dot,
	.fired_softmax = fired_softmax,
	.dot = dot,
	.add = add,
	.sum_squares = sum_squares,
	.adam = adam,
	.multiply_add = multiply_add,
};
