/* fused_vectors.h: 16 lanes in vector registers: what fused_kernels.c and fused_firings.c share. Included by nothing else; both are
 * built once for each instruction set.
 *
 * W lanes fit a register; a tile of 16 is gone through in slices of W. */
#ifndef BERN_FUSED_VECTORS_H
#define BERN_FUSED_VECTORS_H

#include "fused_kernels.h"

#include <bern/agent.h>
#include <bern/math.h>
#include <string.h>
#ifdef __SSE2__
#include <immintrin.h>
#endif

#define LANES  BERN_FUSED_LANES
#define LEAST  1e-30f /* as in head.c */
#define INLINE static inline __attribute__((always_inline))
#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

#if defined(__AVX512F__)
#define W 16
#elif defined(__AVX2__)
#define W 8
#else
#define W 4
#endif

typedef float vf __attribute__((vector_size(4 * W)));
typedef int32_t vi __attribute__((vector_size(4 * W)));
typedef uint32_t vu __attribute__((vector_size(4 * W)));
typedef uint64_t vl __attribute__((vector_size(4 * W))); /* of W/2 lanes */

INLINE vf load(const float *x)
{
	vf v;
	memcpy(&v, x, sizeof v);
	return v;
}

INLINE void store(float *x, vf v)
{
	memcpy(x, &v, sizeof v);
}

INLINE vf all(float x)
{
	return x - (vf){0};
}

/* ---- masks ---------------------------------------------------------------------------------------- */

#if W == 16
typedef __mmask16 vm;
typedef uint16_t fired_unit; /* bits of W lanes */

INLINE vm load_mask(const fired_unit *h)
{
	return *h;
}
INLINE void store_mask(fired_unit *h, vm m)
{
	*h = m;
}
INLINE vm less(vi a, vi b)
{
	return _mm512_cmplt_epi32_mask((__m512i)a, (__m512i)b);
}
INLINE vm equal(vi a, vi b)
{
	return _mm512_cmpeq_epi32_mask((__m512i)a, (__m512i)b);
}
INLINE vm lessf(vf a, vf b)
{
	return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_LT_OQ);
}
INLINE vf where(vm m, vf x)
{
	return (vf)_mm512_maskz_mov_ps(m, (__m512)x);
}
INLINE vf choose(vm m, vf yes, vf no)
{
	return (vf)_mm512_mask_mov_ps((__m512)no, m, (__m512)yes);
}
INLINE vf add_where(vf sum, vm m, vf x)
{
	return (vf)_mm512_mask_add_ps((__m512)sum, m, (__m512)sum, (__m512)x);
}
INLINE vm both(vm a, vm b)
{
	return (vm)(a & b);
}
INLINE vm without(vm a, vm b)
{
	return (vm)(a & ~b);
}
INLINE vu rotate(vu x, vu turn)
{
	return (vu)_mm512_rorv_epi32((__m512i)x, (__m512i)turn);
}
/* the second if either is NaN, as x < least ? least : x */
INLINE vf at_least(vf x, vf least)
{
	return (vf)_mm512_max_ps((__m512)least, (__m512)x);
}
INLINE vf at_most(vf x, vf most)
{
	return (vf)_mm512_min_ps((__m512)most, (__m512)x);
}
INLINE vf positive(vf x)
{
	return (vf)_mm512_max_ps((__m512)x, _mm512_setzero_ps());
}
INLINE vu evens(vl a, vl b)
{
	return (vu)__builtin_shufflevector((vu)a, (vu)b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22,
					   24, 26, 28, 30);
}
INLINE vu odds(vl a, vl b)
{
	return (vu)__builtin_shufflevector((vu)a, (vu)b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23,
					   25, 27, 29, 31);
}
#else
typedef vi vm;              /* -1 or 0 */
typedef uint8_t fired_unit; /* bits of W lanes */

#if W == 8
#define MM(operation) _mm256_##operation
INLINE vm load_mask(const fired_unit *h)
{
	const vi bit = {1, 2, 4, 8, 16, 32, 64, 128};
	return ((vi)_mm256_set1_epi8((char)*h) & bit) == bit;
}
#else
#define MM(operation) _mm_##operation
INLINE vm load_mask(const fired_unit *h)
{
	static const vi masks[16] = {
		{0, 0, 0, 0},   {-1, 0, 0, 0},   {0, -1, 0, 0},   {-1, -1, 0, 0},
		{0, 0, -1, 0},  {-1, 0, -1, 0},  {0, -1, -1, 0},  {-1, -1, -1, 0},
		{0, 0, 0, -1},  {-1, 0, 0, -1},  {0, -1, 0, -1},  {-1, -1, 0, -1},
		{0, 0, -1, -1}, {-1, 0, -1, -1}, {0, -1, -1, -1}, {-1, -1, -1, -1},
	};
	return masks[*h];
}
#endif
INLINE void store_mask(fired_unit *h, vm m)
{
#ifdef __SSE2__
	*h = (fired_unit)MM(movemask_ps)((vf)m);
#else
	*h = 0;
	for (size_t l = 0; l < W; l++)
		*h |= (fired_unit)((m[l] & 1) << l);
#endif
}
INLINE vm less(vi a, vi b)
{
	return a < b;
}
INLINE vm equal(vi a, vi b)
{
	return a == b;
}
INLINE vm lessf(vf a, vf b)
{
	return a < b;
}
INLINE vf where(vm m, vf x)
{
	return (vf)((vi)x & m);
}
INLINE vf choose(vm m, vf yes, vf no)
{
#if W == 8
	return _mm256_blendv_ps(no, yes, (vf)m);
#else
	return (vf)(((vi)yes & m) | ((vi)no & ~m));
#endif
}
INLINE vf add_where(vf sum, vm m, vf x)
{
	return sum + where(m, x);
}
INLINE vm both(vm a, vm b)
{
	return a & b;
}
INLINE vm without(vm a, vm b)
{
	return a & ~b;
}
INLINE vu rotate(vu x, vu turn)
{
#if W == 8 /* a shift by 32 gives 0 */
	return x >> turn | (vu)_mm256_sllv_epi32((__m256i)x, (__m256i)(32 - turn));
#else
	return x >> turn | x << (-turn & 31);
#endif
}
#ifdef __SSE2__
/* the second if either is NaN, as x < least ? least : x */
INLINE vf at_least(vf x, vf least)
{
	return MM(max_ps)(least, x);
}
INLINE vf at_most(vf x, vf most)
{
	return MM(min_ps)(most, x);
}
INLINE vf positive(vf x)
{
	return MM(max_ps)(x, (vf){0});
}
#else
INLINE vf at_least(vf x, vf least)
{
	return choose(x < least, least, x);
}
INLINE vf at_most(vf x, vf most)
{
	return choose(x > most, most, x);
}
INLINE vf positive(vf x)
{
	return where(x > (vf){0}, x);
}
#endif
#if W == 4
INLINE vu evens(vl a, vl b)
{
	return (vu)__builtin_shufflevector((vu)a, (vu)b, 0, 2, 4, 6);
}
INLINE vu odds(vl a, vl b)
{
	return (vu)__builtin_shufflevector((vu)a, (vu)b, 1, 3, 5, 7);
}
#endif
#endif

/* Firings of unit `row` of a trace, for the lanes from `lane` on. */
INLINE fired_unit *unit_at(void *fired, size_t row, size_t lane)
{
	return (fired_unit *)fired + (W == 16 ? row : row * (LANES / W) + lane / W);
}

/* ---- functions ------------------------------------------------------------------------------------ */

/* 2^24 p as whole numbers, p = sigmoid(x) on the grid of 2^-24: bern_sigmoidf with the sign of r turned round, which changes no
 * rounding. Below -87 the quotient is under 2^-24 by itself. Up to 8 vectors in turn, since each waits for itself. */
INLINE void grid_sigmoids(vi *grid, const vf *x, size_t count)
{
	vf shifted[8], r[8], p[8];
	UNROLL
	for (size_t u = 0; u < count; u++) {
		vf a = at_most(at_least(x[u], all(-87.0f)), all(87.0f));
		shifted[u] = a * -0x1.715476p+0f + 0x1.8p23f;
		vf n = shifted[u] - 0x1.8p23f;
		r[u] = (a + n * 0x1.62e4p-1f) +
		       n * 0x1.7f7d1cp-20f; /* minus that of the reference */
	}
	UNROLL
	for (size_t u = 0; u < count; u++) {
		p[u] = 0x1.1239e2p-7f - r[u] * 0x1.6a243ap-10f;
		p[u] = 0x1.5558f2p-5f - p[u] * r[u];
	}
	UNROLL
	for (size_t u = 0; u < count; u++) {
		p[u] = 0x1.555492p-3f - p[u] * r[u];
		p[u] = 0x1.fffffcp-2f - p[u] * r[u];
	}
	UNROLL
	for (size_t u = 0; u < count; u++) {
		vf power = (vf)(((vi)shifted[u] << 23) + 0x3f800000);
		p[u] = 1.0f + (1.0f + (r[u] * r[u] * p[u] - r[u])) * power;
	}
	UNROLL
	for (size_t u = 0; u < count; u++) /* a power of two times 1 / p: rounded alike */
		grid[u] = __builtin_convertvector(BERN_P_ONE / p[u], vi);
}

INLINE vi grid_sigmoid(vf x)
{
	vi grid;
	grid_sigmoids(&grid, &x, 1);
	return grid;
}

INLINE vf grid_float(vi grid)
{
	return __builtin_convertvector(grid, vf) * (1.0f / BERN_P_ONE);
}

/* bern_expf */
INLINE vf exponential(vf x)
{
	x = at_least(at_most(x, all(89.0f)), all(-104.0f));
	vf shifted = x * 0x1.715476p+0f + 0x1.8p23f;
	vf n = shifted - 0x1.8p23f;
	vf r = (x - n * 0x1.62e4p-1f) - n * 0x1.7f7d1cp-20f;
	vf p = r * 0x1.6a243ap-10f + 0x1.1239e2p-7f;
	p = p * r + 0x1.5558f2p-5f;
	p = p * r + 0x1.555492p-3f;
	p = p * r + 0x1.fffffcp-2f;
	vu whole = (vu)shifted - 0x4b400000u + 254u, half = whole >> 1;
	return (1.0f + (r + r * r * p)) * (vf)(half << 23) * (vf)((whole - half) << 23);
}

/* bern_logf of what is above LEAST, of LEAST for the rest and for NaN: neither tiny numbers nor infinity */
INLINE vf log_of(vf x)
{
	x = choose(lessf(all(LEAST), x), x, all(LEAST));
	vu bits = (vu)x + (0x3f800000u - 0x3f3504f3u);
	vf k = __builtin_convertvector((vi)(bits >> 23) - 127, vf);
	vf f = (vf)((bits & 0x7fffffu) + 0x3f3504f3u) - 1.0f;
	vf s = f / (2.0f + f), z = s * s, half_square = 0.5f * f * f;
	vf r = z * 0x1.e2f712p-3f + 0x1.2438d4p-2f;
	r = r * z + 0x1.999a7ap-2f;
	r = r * z + 0x1.555554p-1f;
	r = r * z;
	return k * 0x1.62e4p-1f -
	       ((half_square - (s * (half_square + r) + k * 0x1.7f7d1cp-20f)) - f);
}

/* 64 bits of the lanes of a slice: a of the even ones, b of the odd ones, so that halves of them are woven into one register without
 * crossing it. */
typedef struct pair {
	vl a, b;
} pair;

INLINE pair load_pair(const uint64_t *x)
{
	pair p;
	memcpy(&p.a, x, sizeof p.a);
	memcpy(&p.b, x + W / 2, sizeof p.b);
	return p;
}

INLINE void store_pair(uint64_t *x, pair p)
{
	memcpy(x, &p.a, sizeof p.a);
	memcpy(x + W / 2, &p.b, sizeof p.b);
}

/* sub-streams that are gone through side by side, where a leap takes longer to come out than to go in */
#define ABREAST (W == 16 ? 1 : 2)

/* The lower half of each of a, the upper of each of b. */
INLINE vu weave(vl a, vl b)
{
#if W == 16
	return (vu)_mm512_mask_mov_epi32((__m512i)a, 0xaaaa, (__m512i)b);
#elif W == 8
	return (vu)_mm256_blend_epi32((__m256i)a, (__m256i)b, 0xaa);
#else
	return (vu)((a & 0xffffffff) | (b & 0xffffffff00000000));
#endif
}

/* What streams add when they leap twice as far. */
INLINE pair addend_of_two(pair addend)
{
	return (pair){addend.a * BERN_PCG32_LEAP + addend.a, addend.b * BERN_PCG32_LEAP + addend.b};
}

/* Sub-stream s of the lanes of a slice. */
#if W == 8 /* halves apart: fewer operations where words of 64 bits cannot be multiplied at once */
typedef struct stream {
	vu lower, upper;
} stream;

INLINE stream load_stream(const uint64_t *state)
{
	const pair p = load_pair(state);
	return (stream){(vu)p.a, (vu)p.b};
}

INLINE void store_stream(uint64_t *state, stream s)
{
	store_pair(state, (pair){(vl)s.lower, (vl)s.upper});
}

INLINE stream leap(stream s, uint64_t multiplier, pair addend)
{
	vu lower = (uint32_t)multiplier - (vu){0}, upper = (uint32_t)(multiplier >> 32) - (vu){0};
	__asm__("" : "+x"(lower), "+x"(upper)); /* or gcc makes shifts and additions of them */
	vl a = (vl)_mm256_mul_epu32((__m256i)s.lower, (__m256i)lower) + addend.a;
	vl b = (vl)_mm256_mul_epu32((__m256i)((vl)s.lower >> 32), (__m256i)lower) + addend.b;
	return (stream){weave(a, b << 32), weave(a >> 32, b) + s.lower * upper + s.upper * lower};
}
#else
typedef pair stream;

INLINE stream load_stream(const uint64_t *state)
{
	return load_pair(state);
}

INLINE void store_stream(uint64_t *state, stream s)
{
	store_pair(state, s);
}

INLINE stream leap(stream s, uint64_t multiplier, pair addend)
{
	return (stream){s.a * multiplier + addend.a, s.b * multiplier + addend.b};
}
#endif

#if W == 4 && defined(__SSE2__)
/* A number of 32 bits rotated to the right: pcg32's output function. SSE2 shifts all words alike: x 2^(31 - turn), its halves or'ed,
 * is x rotated to the left, once too little. */
INLINE vu nearly_turned(stream s)
{
	const vf a = (vf)s.a, b = (vf)s.b;
	vu upper = (vu)_mm_shuffle_ps(a, b, 0xdd);           /* of lanes 0, 2, 1, 3 */
	vu power = 0x4f000000u - (upper >> 4 & 0x0f800000u); /* as a float */
	__m128i factor = _mm_cvttps_epi32((vf)power);        /* 2^31 gives 0x80000000 */
	vf x = (vf)_mm_mul_epu32((__m128i)((s.a >> 18 ^ s.a) >> 27),
				 _mm_unpacklo_epi32(factor, factor));
	vf y = (vf)_mm_mul_epu32((__m128i)((s.b >> 18 ^ s.b) >> 27),
				 _mm_unpackhi_epi32(factor, factor));
	vu turned = (vu)_mm_shuffle_ps(x, y, 0x88) | (vu)_mm_shuffle_ps(x, y, 0xdd);
	return (vu)_mm_shuffle_epi32((__m128i)turned, 0xd8);
}

/* A number of 32 bits. */
INLINE vu word_of(stream s)
{
	vu x = nearly_turned(s);
	return x << 1 | x >> 31;
}

/* Its upper 24. */
INLINE vi bits(stream s)
{
	return (vi)(nearly_turned(s) << 1 >> 8);
}
#else
/* A number of 32 bits: pcg32's output function. */
INLINE vu word_of(stream s)
{
#if W == 8
	return rotate((s.lower >> 27 | s.upper << 5) ^ s.upper >> 13, s.upper >> 27);
#else
	vu x = weave((s.a >> 18 ^ s.a) >> 27, (s.b >> 18 ^ s.b) << 5);
	vu turn = weave(s.a >> 59, (vl)((vu)s.b >> 27));
	return rotate(x, turn);
#endif
}

/* Its upper 24. */
INLINE vi bits(stream s)
{
	return (vi)(word_of(s) >> 8);
}
#endif

/* l and l + 8, l + 4, l + 2, l + 1, as dot in core/kernels.h */
INLINE vf tree(vf part[16])
{
	for (size_t l = 0; l < 8; l++)
		part[l] += part[l + 8];
	for (size_t l = 0; l < 4; l++)
		part[l] += part[l + 4];
	return (part[0] + part[2]) + (part[1] + part[3]);
}

/* Stores a of `units` neighbours, or with grid 1 2^24 sigmoid(a). */
INLINE void store_units(float *a, const vf *sum, size_t units, int grid)
{
	vi p[8];
	if (grid)
		grid_sigmoids(p, sum, units);
	UNROLL
	for (size_t u = 0; u < units; u++)
		store(a + u * LANES, grid ? (vf)p[u] : sum[u]);
}

/* a of `units` neighbours: bias and I inputs. Weights (I, J) from the first of them on. */
INLINE void affine_units(float *a, const float *x, const float *w, const float *bias, size_t I,
			 size_t J, size_t units, int grid)
{
	vf sum[8];
	UNROLL
	for (size_t u = 0; u < units; u++)
		sum[u] = all(bias[u]);
	for (size_t i = 0; i < I; i++) {
		vf x_i = load(x + i * LANES);
		UNROLL
		for (size_t u = 0; u < units; u++)
			sum[u] += x_i * w[i * J + u];
	}
	store_units(a, sum, units, grid);
}

/* a (J, 16) of the first layer at step t; with grid 1 2^24 sigmoid(a). */
INLINE void affine_first(const bern_fused_net *net, const bern_fused_tile *tile, float *a, size_t t,
			 size_t lane, int grid)
{
	const bern_layer *layer = &net->layer[0];
	const size_t I = layer->inputs, J = layer->units;
	const float *w = net->params + layer->weight, *bias = net->params + layer->bias;
	const float *x = tile->x + t * I * LANES + lane;
	size_t j = 0;
	for (; j + 8 <= J; j += 8)
		affine_units(a + j * LANES, x, w + j, bias + j, I, J, 8, grid);
	for (; j < J; j++)
		affine_units(a + j * LANES, x, w + j, bias + j, I, J, 1, grid);
}

/* Softmax of the logits (N, 16) in place. */
INLINE void softmax(float *pi, size_t N)
{
	vf most = all(-3e38f), total = {0};
	for (size_t n = 0; n < N; n++) {
		vf logit = load(pi + n * LANES);
		most = choose(lessf(most, logit), logit, most);
	}
	for (size_t n = 0; n < N; n++) {
		vf y = exponential(load(pi + n * LANES) - most);
		total += y;
		store(pi + n * LANES, y);
	}
	for (size_t n = 0; n < N; n++)
		store(pi + n * LANES, load(pi + n * LANES) / total);
}

/* The action that a number of 24 bits draws from pi (N, 16). */
INLINE vi draw_softmax(const float *pi, size_t N, vi drawn)
{
	vf value = {0}, below = {0}, u = grid_float(drawn);
	vm left = equal((vi){0}, (vi){0});
	for (size_t n = 0; n < N; n++) {
		vf pi_n = load(pi + n * LANES);
		vm asked = both(left, lessf((vf){0}, pi_n)); /* others cannot be chosen */
		value = choose(asked, all((float)n), value);
		below = add_where(below, asked, pi_n);
		left = without(left, both(asked, lessf(u, below)));
	}
	return __builtin_convertvector(value, vi);
}

#endif
