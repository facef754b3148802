/* The fast version of core/kernels.h, in vectors of 16 numbers that the compiler maps onto whatever registers the instruction
 * set has. Built once for each level (core/meson.build) with BERN_KERNELS naming the table and BERN_KERNELS_NAME the level.
 *
 * Element j of every sum is computed by the same operations in the same order as in core/kernels_ref.c, so the bits agree. */
#include "kernels.h"

#include <bern/math.h>
#include <math.h>
#include <string.h>

typedef float vf __attribute__((vector_size(64)));
typedef int32_t vi __attribute__((vector_size(64)));
typedef uint32_t vu __attribute__((vector_size(64)));
typedef uint64_t vl __attribute__((vector_size(128)));
typedef int8_t vb __attribute__((vector_size(16)));

#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif
#define INLINE static inline __attribute__((always_inline))

/* vectors of accumulators kept in registers at once */
#ifdef __AVX__
#define TILE 4
#else
#define TILE 2
#endif

INLINE void load(vf *v, const float *x)
{
	memcpy(v, x, sizeof *v);
}

INLINE void store(float *x, const vf *v)
{
	memcpy(x, v, sizeof *v);
}

/* mask[l] = h[l] ? -1 : 0 */
INLINE void load_mask(vi *mask, const uint8_t *h)
{
	vb bytes;
	memcpy(&bytes, h, sizeof bytes);
	*mask = -__builtin_convertvector(bytes, vi);
}

INLINE float tree(const vf *part)
{
	float p[16];
	store(p, part);
	for (size_t l = 0; l < 8; l++)
		p[l] += p[l + 8];
	for (size_t l = 0; l < 4; l++)
		p[l] += p[l + 4];
	return (p[0] + p[2]) + (p[1] + p[3]);
}

/* ---- affine maps ---- */

INLINE void affine_tile(float *a, const float *x, const float *w, const float *bias, size_t I,
			size_t J, size_t vectors)
{
	vf sum[TILE];
	UNROLL
	for (size_t v = 0; v < vectors; v++)
		load(&sum[v], bias + 16 * v);
	for (size_t i = 0; i < I; i++) {
		float x_i = x[i];
		const float *w_i = w + i * J;
		if (x_i == 0.0f)
			continue;
		UNROLL
		for (size_t v = 0; v < vectors; v++) {
			vf row;
			load(&row, w_i + 16 * v);
			sum[v] += x_i * row;
		}
	}
	UNROLL
	for (size_t v = 0; v < vectors; v++)
		store(a + 16 * v, &sum[v]);
}

static void affine(float *a, const float *x, const float *w, const float *bias, size_t I, size_t J)
{
	size_t j = 0;
	for (; j + 16 * TILE <= J; j += 16 * TILE)
		affine_tile(a + j, x, w + j, bias + j, I, J, TILE);
	for (; j + 16 <= J; j += 16)
		affine_tile(a + j, x, w + j, bias + j, I, J, 1);
	for (; j < J; j++) {
		float sum = bias[j];
		for (size_t i = 0; i < I; i++)
			if (x[i] != 0.0f)
				sum += x[i] * w[i * J + j];
		a[j] = sum;
	}
}

INLINE void affine_rows_tile(float *a, const uint32_t *rows, size_t count, const float *w,
			     const float *bias, size_t J, size_t vectors)
{
	vf sum[TILE];
	UNROLL
	for (size_t v = 0; v < vectors; v++)
		load(&sum[v], bias + 16 * v);
	for (size_t r = 0; r < count; r++) {
		const float *w_i = w + rows[r] * J;
		UNROLL
		for (size_t v = 0; v < vectors; v++) {
			vf row;
			load(&row, w_i + 16 * v);
			sum[v] += row;
		}
	}
	UNROLL
	for (size_t v = 0; v < vectors; v++)
		store(a + 16 * v, &sum[v]);
}

static void affine_rows(float *a, const uint32_t *rows, size_t count, const float *w,
			const float *bias, size_t J)
{
	size_t j = 0;
	for (; j + 16 * TILE <= J; j += 16 * TILE)
		affine_rows_tile(a + j, rows, count, w + j, bias + j, J, TILE);
	for (; j + 16 <= J; j += 16)
		affine_rows_tile(a + j, rows, count, w + j, bias + j, J, 1);
	if (j == J)
		return;
	memcpy(a + j, bias + j, (J - j) * sizeof *a);
	for (size_t r = 0; r < count; r++)
		for (size_t l = j; l < J; l++)
			a[l] += w[rows[r] * J + l];
}

/* y[j] += c s[j], c = 1 where `plain` */
INLINE void add_scaled(float *restrict y, const float *restrict s, float c, int plain, size_t J)
{
	size_t j = 0;
	for (; j + 16 <= J; j += 16) {
		vf sum, term;
		load(&sum, y + j);
		load(&term, s + j);
		sum += plain ? term : c * term;
		store(y + j, &sum);
	}
	for (; j < J; j++)
		y[j] += plain ? s[j] : c * s[j];
}

static void outer(float *w, const float *x, const float *s, size_t I, size_t J)
{
	for (size_t i = 0; i < I; i++)
		if (x[i] != 0.0f)
			add_scaled(w + i * J, s, x[i], 0, J);
}

static void outer_rows(float *w, const uint32_t *rows, size_t count, const float *s, size_t J)
{
	for (size_t r = 0; r < count; r++)
		add_scaled(w + rows[r] * J, s, 1.0f, 1, J);
}

static void add(float *y, const float *x, size_t J)
{
	add_scaled(y, x, 1.0f, 1, J);
}

/* no branch on the bits: they are random */
static size_t fired(uint32_t *rows, const uint8_t *h, size_t J)
{
	size_t count = 0;
	for (size_t j = 0; j < J; j++) {
		rows[count] = (uint32_t)j;
		count += h[j];
	}
	return count;
}

/* ---- firing ---- */

/* *x = yes where mask, else itself */
INLINE void replace(vf *x, const vi *mask, const vf *yes)
{
	*x = (vf)(((vi)*yes & *mask) | ((vi)*x & ~*mask));
}

/* bern_sigmoidf of 16 numbers, operation by operation: written out, since compilers turn its choices into branches */
INLINE void sigmoid(vf *y, const vf *x)
{
	const vf zero = {0}, least = zero - 87.0f, most = zero + 87.0f;
	const vf shift = zero + 0x1.8p23f;
	vi low = *x<least, high = *x> most;
	vf t = *x;
	replace(&t, &low, &least);
	replace(&t, &high, &most);
	t = -t;
	vf shifted = t * 0x1.715476p+0f + shift;
	vf n = shifted - shift;
	vf r = (t - n * 0x1.62e4p-1f) - n * 0x1.7f7d1cp-20f;
	vf p = r * 0x1.6a243ap-10f + 0x1.1239e2p-7f;
	p = p * r + 0x1.5558f2p-5f;
	p = p * r + 0x1.555492p-3f;
	p = p * r + 0x1.fffffcp-2f;
	vf power = (vf)(((vi)shifted << 23) + 0x3f800000);
	*y = 1.0f / (1.0f + (1.0f + (r + r * r * p)) * power);
	replace(y, &low, &zero);
}

static void probability(float *p, const float *a, size_t J)
{
	size_t P = bern_padded(J);
	for (size_t j = 0; j < P; j += 16) {
		vf p_j;
		load(&p_j, a + j);
		sigmoid(&p_j, &p_j);
		p_j *= BERN_P_ONE;
		p_j = __builtin_convertvector(__builtin_convertvector(p_j, vi), vf);
		p_j *= 1.0f / BERN_P_ONE;
		store(p + j, &p_j);
	}
	for (size_t j = J; j < P; j++)
		p[j] = 0.0f;
}

static void fire(uint8_t *h, const float *p, size_t J, size_t K, bern_firing_rng *rng)
{
	size_t P = bern_padded(J);
	vl state;
	memcpy(&state, rng->state, sizeof state);
	for (size_t k = 0; k < K; k++)
		for (size_t j = 0; j < P; j += 16) {
			/* pcg32's output function, then 16 steps at once */
			vu x = __builtin_convertvector((state >> 18 ^ state) >> 27, vu);
			vu turn = __builtin_convertvector(state >> 59, vu);
			vu u = x >> turn | x << (-turn & 31);
			state = state * BERN_PCG32_LEAP + rng->addend;
			vf p_j;
			load(&p_j, p + j);
			vi threshold = __builtin_convertvector(p_j * BERN_P_ONE, vi);
			vb h_j = __builtin_convertvector((vi)(u >> 8) < threshold, vb) & 1;
			memcpy(h + k * P + j, &h_j, sizeof h_j);
		}
	memcpy(rng->state, &state, sizeof state);
}

static void draw(uint32_t *u, bern_firing_rng *rng)
{
	vl state;
	memcpy(&state, rng->state, sizeof state);
	vu x = __builtin_convertvector((state >> 18 ^ state) >> 27, vu);
	vu turn = __builtin_convertvector(state >> 59, vu);
	x = x >> turn | x << (-turn & 31);
	state = state * BERN_PCG32_LEAP + rng->addend;
	memcpy(u, &x, sizeof x);
	memcpy(rng->state, &state, sizeof state);
}

/* sum over k of c[k] where firing k of these 16 units is 1 */
INLINE void weighted_firings(vf *sum, const uint8_t *h, const float *c, size_t P, size_t K)
{
	*sum = (vf){0};
	for (size_t k = 0; k < K; k++) {
		vi mask;
		load_mask(&mask, h + k * P);
		vf c_k = c[k] - (vf){0};
		*sum += (vf)((vi)c_k & mask);
	}
}

static void score(float *s, const uint8_t *h, const float *p, const float *c, size_t J, size_t K)
{
	size_t P = bern_padded(J);
	float total = 0.0f;
	for (size_t k = 0; k < K; k++)
		total += c[k];
	for (size_t j = 0; j < P; j += 16) {
		vf sum, p_j;
		weighted_firings(&sum, h + j, c, P, K);
		load(&p_j, p + j);
		sum -= p_j * total;
		store(s + j, &sum);
	}
}

static void fired_sum(float *g, const uint8_t *h, const float *c, size_t J, size_t K)
{
	size_t P = bern_padded(J);
	for (size_t j = 0; j < P; j += 16) {
		vf sum, g_j;
		weighted_firings(&sum, h + j, c, P, K);
		if (j + 16 <= J) {
			load(&g_j, g + j);
			g_j += sum;
			store(g + j, &g_j);
		} else {
			float part[16];
			store(part, &sum);
			for (size_t l = j; l < J; l++)
				g[l] += part[l - j];
		}
	}
}

/* The last vector of w, zero beyond its end. */
INLINE void load_tail(vf *v, const float *x, size_t count)
{
	float part[16] = {0};
	for (size_t l = 0; l < count; l++)
		part[l] = x[l];
	load(v, part);
}

static void fired_dot(float *out, const uint8_t *h, const float *w, float bias, size_t J, size_t K)
{
	size_t whole = J & ~(size_t)15;
	vf tail;
	load_tail(&tail, w + whole, J - whole);
	for (size_t k = 0; k < K; k++) {
		const uint8_t *h_k = h + k * bern_padded(J);
		vf sum = {0}, w_j;
		vi mask;
		for (size_t j = 0; j < whole; j += 16) {
			load(&w_j, w + j);
			load_mask(&mask, h_k + j);
			sum += (vf)((vi)w_j & mask);
		}
		if (whole < J) {
			load_mask(&mask, h_k + whole);
			sum += (vf)((vi)tail & mask);
		}
		out[k] = bias + tree(&sum);
	}
}

static float dot(const float *x, const float *w, float bias, size_t J)
{
	vf sum = {0}, w_j, x_j;
	size_t j = 0;
	for (; j + 16 <= J; j += 16) {
		load(&w_j, w + j);
		load(&x_j, x + j);
		sum += w_j * x_j;
	}
	if (j < J) {
		load_tail(&w_j, w + j, J - j);
		load_tail(&x_j, x + j, J - j);
		sum += w_j * x_j;
	}
	return bias + tree(&sum);
}

/* out[r] = bias of the row + x times the row, for `tile` rows at once: x is read once for all of them */
INLINE void dot_rows_tile(float *out, const uint32_t *rows, const float *x, const float *w,
			  const float *bias, size_t I, size_t tile)
{
	vf sum[TILE], x_i, w_i;
	size_t i = 0;
	UNROLL
	for (size_t r = 0; r < tile; r++)
		sum[r] = (vf){0};
	for (; i + 16 <= I; i += 16) {
		load(&x_i, x + i);
		UNROLL
		for (size_t r = 0; r < tile; r++) {
			load(&w_i, w + rows[r] * I + i);
			sum[r] += w_i * x_i;
		}
	}
	if (i < I) {
		load_tail(&x_i, x + i, I - i);
		for (size_t r = 0; r < tile; r++) {
			load_tail(&w_i, w + rows[r] * I + i, I - i);
			sum[r] += w_i * x_i;
		}
	}
	for (size_t r = 0; r < tile; r++)
		out[r] = (bias ? bias[rows[r]] : 0.0f) + tree(&sum[r]);
}

static void dot_rows(float *a, const uint32_t *rows, size_t count, const float *x, const float *w,
		     const float *bias, size_t I)
{
	size_t r = 0;
	for (; r + TILE <= count; r += TILE)
		dot_rows_tile(a + r, rows + r, x, w, bias, I, TILE);
	for (; r < count; r++)
		dot_rows_tile(a + r, rows + r, x, w, bias, I, 1);
}

INLINE void scaled_rows_tile(float *a, const uint32_t *rows, const float *x, size_t count,
			     const float *w, const float *bias, size_t J, size_t vectors)
{
	vf sum[TILE];
	UNROLL
	for (size_t v = 0; v < vectors; v++)
		load(&sum[v], bias + 16 * v);
	for (size_t r = 0; r < count; r++) {
		const float *w_r = w + rows[r] * J;
		float x_r = x[r];
		UNROLL
		for (size_t v = 0; v < vectors; v++) {
			vf row;
			load(&row, w_r + 16 * v);
			sum[v] += x_r * row;
		}
	}
	UNROLL
	for (size_t v = 0; v < vectors; v++)
		store(a + 16 * v, &sum[v]);
}

static void scaled_rows(float *a, const uint32_t *rows, const float *x, size_t count,
			const float *w, const float *bias, size_t J)
{
	size_t j = 0;
	for (; j + 16 * TILE <= J; j += 16 * TILE)
		scaled_rows_tile(a + j, rows, x, count, w + j, bias + j, J, TILE);
	for (; j + 16 <= J; j += 16)
		scaled_rows_tile(a + j, rows, x, count, w + j, bias + j, J, 1);
	if (j == J)
		return;
	memcpy(a + j, bias + j, (J - j) * sizeof *a);
	for (size_t r = 0; r < count; r++)
		for (size_t l = j; l < J; l++)
			a[l] += x[r] * w[rows[r] * J + l];
}

static void outer_scaled(float *w, const uint32_t *rows, const float *x, size_t count,
			 const float *s, size_t J)
{
	for (size_t r = 0; r < count; r++)
		add_scaled(w + rows[r] * J, s, x[r], 0, J);
}

static float sum_squares(const float *x, size_t J)
{
	return dot(x, x, 0.0f, J);
}

static void adam(float *restrict w, float *restrict m, float *restrict v, const float *restrict g,
		 const bern_adam_step *step, size_t J)
{
	float rate = step->rate, beta1 = step->beta1, beta2 = step->beta2;
	float correct1 = step->correct1, correct2 = step->correct2, epsilon = step->epsilon;
	for (size_t j = 0; j < J; j++) {
		m[j] = beta1 * m[j] + (1.0f - beta1) * g[j];
		v[j] = beta2 * v[j] + (1.0f - beta2) * (g[j] * g[j]);
		w[j] += rate * (m[j] * correct1) / (sqrtf(v[j] * correct2) + epsilon);
	}
}

/* chains that hide the latency of both, as many as registers hold */
#if defined(__AVX512F__)
#define CHAINS 12
#elif defined(__AVX__)
#define CHAINS 6
#else
#define CHAINS 3
#endif

static void multiply_add(float *x, float c, float d, size_t J, size_t rounds)
{
	for (size_t j = 0; j < J; j += (size_t)16 * CHAINS) {
		vf chain[CHAINS];
		UNROLL
		for (size_t v = 0; v < CHAINS; v++)
			load(&chain[v], x + j + 16 * v);
		for (size_t r = 0; r < rounds; r++) {
			UNROLL
			for (size_t v = 0; v < CHAINS; v++)
				chain[v] = chain[v] * c + d;
		}
		UNROLL
		for (size_t v = 0; v < CHAINS; v++)
			store(x + j + 16 * v, &chain[v]);
	}
}

extern const bern_kernels BERN_KERNELS;
const bern_kernels BERN_KERNELS = {
	.name = BERN_KERNELS_NAME,
	.affine = affine,
	.affine_rows = affine_rows,
	.outer = outer,
	.outer_rows = outer_rows,
	.dot_rows = dot_rows,
	.scaled_rows = scaled_rows,
	.outer_scaled = outer_scaled,
	.fired = fired,
	.probability = probability,
	.fire = fire,
	.draw = draw,
	.score = score,
	.fired_sum = fired_sum,
	.fired_dot = fired_dot,
	.dot = dot,
	.add = add,
	.sum_squares = sum_squares,
	.adam = adam,
	.multiply_add = multiply_add,
};
