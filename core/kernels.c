/* The fast version of core/kernels.h. Built once for each level (core/meson.build) with BERN_KERNELS naming the table and
 * BERN_KERNELS_NAME the level.
 *
 * W numbers fit a register of the level: compilers handle vectors of that size well, and wider ones badly. What the reference does
 * with 16 numbers, the draws of a step and the partial sums of dot, takes 16/W registers. Element j of every sum is computed by the
 * same operations in the same order as in core/kernels_ref.c, so the bits agree. */
#include "kernels.h"

#include <bern/math.h>
#include <math.h>
#include <string.h>
#ifdef __SSE2__
#include <immintrin.h>
#endif

#if defined(__AVX512BW__)
#define W 16
#elif defined(__AVX2__)
#define W 8
#else
#define W 4
#endif
#define PARTS (16 / W)

typedef float vf __attribute__((vector_size(4 * W)));
typedef int32_t vi __attribute__((vector_size(4 * W)));
typedef uint32_t vu __attribute__((vector_size(4 * W)));
typedef uint64_t vl __attribute__((vector_size(4 * W))); /* W/2 states of a stream */
typedef int8_t vb __attribute__((vector_size(16)));

#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif
#define INLINE  static inline __attribute__((always_inline))
#define EACH(v) UNROLL for (size_t v = 0; v < PARTS; v++)

/* vectors of accumulators kept in registers at once */
#if W == 16
#define TILE 4
#else
#define TILE 8
#endif

INLINE vf all(float x)
{
	return x - (vf){0};
}

/* x < least ? least : x */
INLINE vf at_least(vf x, vf least)
{
#if W == 16
	return (vf)_mm512_max_ps((__m512)least, (__m512)x);
#elif W == 8
	return (vf)_mm256_max_ps((__m256)least, (__m256)x);
#elif defined(__SSE2__)
	return (vf)_mm_max_ps((__m128)least, (__m128)x);
#else
	vi low = x < least;
	return (vf)(((vi)least & low) | ((vi)x & ~low));
#endif
}

/* x > most ? most : x */
INLINE vf at_most(vf x, vf most)
{
#if W == 16
	return (vf)_mm512_min_ps((__m512)most, (__m512)x);
#elif W == 8
	return (vf)_mm256_min_ps((__m256)most, (__m256)x);
#elif defined(__SSE2__)
	return (vf)_mm_min_ps((__m128)most, (__m128)x);
#else
	return -at_least(-x, -most);
#endif
}

INLINE void load(vf *v, const float *x)
{
	memcpy(v, x, sizeof *v);
}

INLINE void store(float *x, const vf *v)
{
	memcpy(x, v, sizeof *v);
}

/* Where something is added: which of W units fired, or in which of W firings a unit did. Without AVX-512 0 where not, else a number
 * above 0 with AVX2, -1 with less. */
#if W == 16
typedef __mmask16 vm;
#else
typedef vi vm;
#endif

/* The masks of 16 bytes of 0 and 1. */
INLINE void masks_of(vm mask[PARTS], const uint8_t *h)
{
#if W == 16
	__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)h);
	mask[0] = _mm_test_epi8_mask(bytes, bytes);
#elif W == 8
	mask[0] = (vm)_mm256_cvtepi8_epi32(_mm_loadu_si64(h));
	mask[1] = (vm)_mm256_cvtepi8_epi32(_mm_loadu_si64(h + W));
#elif defined(__SSE2__)
	__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)h);
	bytes = _mm_sub_epi8(_mm_setzero_si128(), bytes);
	__m128i low = _mm_unpacklo_epi8(bytes, bytes), high = _mm_unpackhi_epi8(bytes, bytes);
	mask[0] = (vm)_mm_unpacklo_epi16(low, low);
	mask[1] = (vm)_mm_unpackhi_epi16(low, low);
	mask[2] = (vm)_mm_unpacklo_epi16(high, high);
	mask[3] = (vm)_mm_unpackhi_epi16(high, high);
#else
	for (size_t l = 0; l < 16; l++)
		mask[l / W][l % W] = -h[l];
#endif
}

/* The masks of the lowest bits, W for each vector. */
INLINE void masks_of_bits(vm mask[PARTS], uint32_t bits, size_t vectors)
{
#if W == 16
	(void)vectors;
	mask[0] = (vm)bits;
#else
	UNROLL
	for (size_t v = 0; v < vectors; v++) {
		vi bit = {0};
		UNROLL
		for (size_t l = 0; l < W; l++)
			bit[l] = 1 << (W * v + l);
		mask[v] = (vi)(bits - (vu){0}) & bit;
#if W < 8
		mask[v] = mask[v] == bit;
#endif
	}
#endif
}

#if W < 16
/* x where the mask is set, else 0 */
INLINE vf where(const vm *mask, vf x)
{
#if W == 8
	return (vf)_mm256_sign_epi32((__m256i)x, (__m256i)*mask); /* takes 0 for 0 */
#else
	return (vf)((vi)x & *mask);
#endif
}
#endif

/* *sum += x where the mask is set. A sum that began at 0 is never -0, so adding 0 elsewhere gives the same bits as adding nothing. */
INLINE void add_where(vf *sum, const vm *mask, vf x)
{
#if W == 16
	*sum = (vf)_mm512_mask_add_ps((__m512)*sum, *mask, (__m512)*sum, (__m512)x);
#else
	*sum += where(mask, x);
#endif
}

/* The same of one x to any sums, a vector each: taking 0 away leaves -0 as well. */
INLINE void add_to_any(vf *sum, const vm *mask, float x, size_t vectors)
{
	UNROLL
	for (size_t v = 0; v < vectors; v++)
#if W == 16
		add_where(&sum[v], &mask[v], all(x));
#else
		sum[v] -= where(&mask[v], all(-x));
#endif
}

/* The tree of 16 partial sums. */
INLINE float tree(const vf part[PARTS])
{
#if W == 16
	float p[16];
	store(p, part);
	for (size_t l = 0; l < 8; l++)
		p[l] += p[l + 8];
	for (size_t l = 0; l < 4; l++)
		p[l] += p[l + 4];
	return (p[0] + p[2]) + (p[1] + p[3]);
#elif W == 8
	vf p = part[0] + part[1];
	p += __builtin_shufflevector(p, p, 4, 5, 6, 7, 4, 5, 6, 7);
	return (p[0] + p[2]) + (p[1] + p[3]);
#else
	vf p = (part[0] + part[2]) + (part[1] + part[3]);
	return (p[0] + p[2]) + (p[1] + p[3]);
#endif
}

/* ---- affine maps ---- */

/* Bit i is whether x[i] is not 0, of at most 64. */
INLINE uint64_t given_bits(const float *x, size_t count)
{
	uint64_t bits = 0;
	size_t i = 0;
#if defined(__AVX2__)
	for (; i + 8 <= count; i += 8)
		bits |= (uint64_t)(uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(
				_mm256_loadu_ps(x + i), _mm256_setzero_ps(), _CMP_NEQ_UQ))
			<< i;
#elif defined(__SSE2__)
	for (; i + 4 <= count; i += 4)
		bits |= (uint64_t)(uint32_t)_mm_movemask_ps(
				_mm_cmpneq_ps(_mm_loadu_ps(x + i), _mm_setzero_ps()))
			<< i;
#endif
	for (; i < count; i++)
		bits |= (uint64_t)(x[i] != 0.0f) << i;
	return bits;
}

/* Lists the bits that are set, in ascending order, bit 0 as `first`; returns how many. */
INLINE size_t list_bits(uint32_t *list, uint64_t bits, size_t first)
{
	size_t count = 0;
	for (; bits; bits &= bits - 1)
		list[count++] = (uint32_t)(first + (size_t)__builtin_ctzll(bits));
	return count;
}

/* Lists those of x[i .. end - 1] that are not 0; returns how many. */
INLINE size_t list_inputs(uint32_t *list, const float *x, size_t i, size_t end)
{
	size_t count = 0;
	for (; i < end; i += 64)
		count += list_bits(list + count, given_bits(x + i, end - i < 64 ? end - i : 64), i);
	return count;
}

/* Where there are that many inputs, most may be 0: they are listed first, LISTED at a time. */
#define MANY_INPUTS 32
#define LISTED      256

INLINE void affine_tile(float *a, const float *x, const float *w, const float *bias, size_t I,
			size_t J, size_t vectors)
{
	vf sum[TILE];
	UNROLL
	for (size_t v = 0; v < vectors; v++)
		load(&sum[v], bias + W * v);
	for (size_t i = 0; i < I; i++) {
		float x_i = x[i];
		const float *w_i = w + i * J;
		if (x_i == 0.0f)
			continue;
		UNROLL
		for (size_t v = 0; v < vectors; v++) {
			vf row;
			load(&row, w_i + W * v);
			sum[v] += x_i * row;
		}
	}
	UNROLL
	for (size_t v = 0; v < vectors; v++)
		store(a + W * v, &sum[v]);
}

INLINE void scaled_rows_tile(float *a, const uint32_t *rows, const float *x, size_t count,
			     const float *w, const float *bias, size_t J, size_t vectors)
{
	vf sum[TILE];
	UNROLL
	for (size_t v = 0; v < vectors; v++)
		load(&sum[v], bias + W * v);
	for (size_t r = 0; r < count; r++) {
		const float *w_r = w + rows[r] * J;
		float x_r = x[r];
		UNROLL
		for (size_t v = 0; v < vectors; v++) {
			vf row;
			load(&row, w_r + W * v);
			sum[v] += x_r * row;
		}
	}
	UNROLL
	for (size_t v = 0; v < vectors; v++)
		store(a + W * v, &sum[v]);
}

/* bias may be a */
static void scaled_rows(float *a, const uint32_t *rows, const float *x, size_t count,
			const float *w, const float *bias, size_t J)
{
	size_t j = 0;
	for (; j + W * TILE <= J; j += W * TILE)
		scaled_rows_tile(a + j, rows, x, count, w + j, bias + j, J, TILE);
	for (; j + W * TILE / 2 <= J; j += W * TILE / 2)
		scaled_rows_tile(a + j, rows, x, count, w + j, bias + j, J, TILE / 2);
	for (; j + W <= J; j += W)
		scaled_rows_tile(a + j, rows, x, count, w + j, bias + j, J, 1);
	if (j == J)
		return;
	for (size_t l = j; l < J; l++)
		a[l] = bias[l];
	for (size_t r = 0; r < count; r++)
		for (size_t l = j; l < J; l++)
			a[l] += x[r] * w[rows[r] * J + l];
}

static void affine(float *a, const float *x, const float *w, const float *bias, size_t I, size_t J)
{
	size_t j = 0;
	if (I >= MANY_INPUTS) {
		uint32_t list[LISTED];
		float listed[LISTED];
		for (size_t i = 0; i < I; i += LISTED, bias = a) {
			size_t count = list_inputs(list, x, i, i + LISTED < I ? i + LISTED : I);
			for (size_t r = 0; r < count; r++)
				listed[r] = x[list[r]];
			scaled_rows(a, list, listed, count, w, bias, J);
		}
		return;
	}
	for (; j + W * TILE <= J; j += W * TILE)
		affine_tile(a + j, x, w + j, bias + j, I, J, TILE);
	for (; j + W * TILE / 2 <= J; j += W * TILE / 2)
		affine_tile(a + j, x, w + j, bias + j, I, J, TILE / 2);
	for (; j + W <= J; j += W)
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
		load(&sum[v], bias + W * v);
	for (size_t r = 0; r < count; r++) {
		const float *w_i = w + rows[r] * J;
		UNROLL
		for (size_t v = 0; v < vectors; v++) {
			vf row;
			load(&row, w_i + W * v);
			sum[v] += row;
		}
	}
	UNROLL
	for (size_t v = 0; v < vectors; v++)
		store(a + W * v, &sum[v]);
}

static void affine_rows(float *a, const uint32_t *rows, size_t count, const float *w,
			const float *bias, size_t J)
{
	size_t j = 0;
	for (; j + W * TILE <= J; j += W * TILE)
		affine_rows_tile(a + j, rows, count, w + j, bias + j, J, TILE);
	for (; j + W * TILE / 2 <= J; j += W * TILE / 2)
		affine_rows_tile(a + j, rows, count, w + j, bias + j, J, TILE / 2);
	for (; j + W <= J; j += W)
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
	for (; j + W <= J; j += W) {
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
	if (I >= MANY_INPUTS) {
		uint32_t list[LISTED];
		for (size_t i = 0; i < I; i += LISTED) {
			size_t count = list_inputs(list, x, i, i + LISTED < I ? i + LISTED : I);
			for (size_t r = 0; r < count; r++)
				add_scaled(w + list[r] * J, s, x[list[r]], 0, J);
		}
		return;
	}
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
	size_t count = 0, j = 0;
#if W == 16
	__m512i units = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
	for (; j + 16 <= J;
	     j += 16) { /* what is written beyond count stays in the 16 of these units */
		__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(h + j));
		__mmask16 bits = _mm_test_epi8_mask(bytes, bytes);
		_mm512_storeu_si512(rows + count, _mm512_maskz_compress_epi32(bits, units));
		count += (size_t)__builtin_popcount(bits);
		units = _mm512_add_epi32(units, _mm512_set1_epi32(16));
	}
#endif
	for (; j < J; j++) {
		rows[count] = (uint32_t)j;
		count += h[j];
	}
	return count;
}

static size_t nonzero(uint32_t *rows, float *given, const float *x, size_t I)
{
	size_t count = 0, i = 0;
#if W == 16
	__m512i inputs = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
	for (; i + 16 <= I;
	     i += 16) { /* what is written beyond count stays in the 16 of these inputs */
		const __m512 x_i = _mm512_loadu_ps(x + i);
		const __mmask16 bits = _mm512_cmp_ps_mask(x_i, _mm512_setzero_ps(), _CMP_NEQ_UQ);
		_mm512_storeu_si512(rows + count, _mm512_maskz_compress_epi32(bits, inputs));
		_mm512_storeu_ps(given + count, _mm512_maskz_compress_ps(bits, x_i));
		count += (size_t)__builtin_popcount(bits);
		inputs = _mm512_add_epi32(inputs, _mm512_set1_epi32(16));
	}
#endif
	while (i < I) {
		size_t end = i + 256 < I ? i + 256 : I,
		       found = list_inputs(rows + count, x, i, end);
		for (size_t r = count; r < count + found; r++)
			given[r] = x[rows[r]];
		count += found;
		i = end;
	}
	return count;
}

/* Bit i is h[i], of at most 64. */
INLINE uint64_t bits_of(const uint8_t *h, size_t count)
{
	uint64_t bits = 0;
	size_t i = 0;
#if W == 16
	if (count > 0) {
		__m512i bytes = _mm512_maskz_loadu_epi8(UINT64_MAX >> (64 - count), h);
		return _mm512_test_epi8_mask(bytes, bytes);
	}
#endif
#ifdef __SSE2__
	for (; i + 16 <= count; i += 16) {
		__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(h + i));
		bits |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_slli_epi16(bytes, 7)) << i;
	}
#endif
	for (; i + 8 <= count;
	     i += 8) { /* bytes of 0 and 1: byte n goes to bit n of the highest byte */
		uint64_t eight = 0;
		for (size_t n = 0; n < 8; n++)
			eight |= (uint64_t)h[i + n] << 8 * n;
		bits |= (eight * 0x0102040810204080 >> 56) << i;
	}
	for (; i < count; i++)
		bits |= (uint64_t)h[i] << i;
	return bits;
}

/* Bit i is whether x[i] is above 0, of at most 64. */
INLINE uint64_t above_bits(const float *x, size_t count)
{
	uint64_t bits = 0;
	size_t i = 0;
#if defined(__AVX2__)
	for (; i + 8 <= count; i += 8)
		bits |= (uint64_t)(uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(
				_mm256_loadu_ps(x + i), _mm256_setzero_ps(), _CMP_GT_OQ))
			<< i;
#elif defined(__SSE2__)
	for (; i + 4 <= count; i += 4)
		bits |= (uint64_t)(uint32_t)_mm_movemask_ps(
				_mm_cmpgt_ps(_mm_loadu_ps(x + i), _mm_setzero_ps()))
			<< i;
#endif
	for (; i < count; i++)
		bits |= (uint64_t)(x[i] > 0.0f) << i;
	return bits;
}

static size_t turn_over(uint32_t *list, const uint32_t *rows, const float *sign, size_t count,
			const float *w, const float *excess, const uint8_t *h, size_t J)
{
	size_t found = 0;
	float sum[64];
	for (size_t j = 0; j < J; j += 64) {
		const size_t units = J - j < 64 ? J - j : 64;
		const float *w_j = w + j, *excess_j = excess + j;
		size_t i = 0;
		for (; i + W * TILE <= units; i += W * TILE)
			scaled_rows_tile(sum + i, rows, sign, count, w_j + i, excess_j + i, J,
					 TILE);
		for (; i + W <= units; i += W)
			scaled_rows_tile(sum + i, rows, sign, count, w_j + i, excess_j + i, J, 1);
		for (; i < units; i++) {
			sum[i] = excess_j[i];
			for (size_t r = 0; r < count; r++)
				sum[i] += sign[r] * w_j[rows[r] * J + i];
		}
		found += list_bits(list + found, above_bits(sum, units) ^ bits_of(h + j, units), j);
	}
	return found;
}

/* ---- many rows at once ---- */

/* Rows and columns of 64 x 64 bits change places: blocks of half the size, then of a quarter, and so on (Warren, Hacker's Delight,
 * section 7-3, with bit 0 first). */
static void turn_bits(uint64_t bits[64])
{
	uint64_t mask = 0x00000000ffffffff;
	for (size_t half = 32; half; half /= 2, mask ^= mask << half)
		for (size_t r = 0; r < 64; r = (r + half + 1) & ~half) {
			uint64_t t = (bits[r] >> half ^ bits[r + half]) & mask;
			bits[r] ^= t << half;
			bits[r + half] ^= t;
		}
}

/* rows of a matrix that are fetched before they are needed: no processor foresees steps that long */
#define AHEAD 8

/* Columns of rows side by side: as they lie in a matrix they would fall on few sets of the cache. */
INLINE void pack(float *to, const float *from, size_t stride, size_t rows, size_t vectors)
{
	for (size_t r = 0; r < rows; r++) {
		for (size_t l = 0; l < W * vectors; l += 16)
			__builtin_prefetch(from + (r + AHEAD) * stride + l);
		UNROLL
		for (size_t v = 0; v < vectors; v++) {
			vf x;
			load(&x, from + r * stride + W * v);
			store(to + (r * vectors + v) * W, &x);
		}
	}
}

/* Columns of rows of sums: where they come from and go to. */
typedef struct sums {
	float *to;
	const float *from;
	size_t to_stride, from_stride;
} sums;

/* to[n] = from[n] + the packed rows whose bits are set in sets[n], in ascending order */
INLINE void add_sets_of(sums s, const uint64_t *sets, size_t count, const float *rows,
			size_t vectors)
{
	for (size_t n = 0; n < count; n++) {
		const float *from = s.from + n * s.from_stride;
		float *to = s.to + n * s.to_stride;
		vf sum[TILE];
		for (size_t l = 0; l < W * vectors; l += 16)
			__builtin_prefetch(from + AHEAD * s.from_stride + l);
		UNROLL
		for (size_t v = 0; v < vectors; v++)
			load(&sum[v], from + W * v);
		for (uint64_t bits = sets[n]; bits; bits &= bits - 1) {
			const float *row = rows + (size_t)__builtin_ctzll(bits) * W * vectors;
			UNROLL
			for (size_t v = 0; v < vectors; v++) {
				vf x;
				load(&x, row + W * v);
				sum[v] += x;
			}
		}
		UNROLL
		for (size_t v = 0; v < vectors; v++)
			store(to + W * v, &sum[v]);
	}
}

/* The same of two sums at a time, which do not wait for each other as their own terms do. */
INLINE void add_sets_by_two(sums s, const uint64_t *sets, size_t count, const float *rows,
			    size_t vectors)
{
	size_t n = 0;
	for (; n + 2 <= count; n += 2) {
		const float *from = s.from + n * s.from_stride;
		float *to = s.to + n * s.to_stride;
		uint64_t bits0 = sets[n], bits1 = sets[n + 1];
		vf sum[2][TILE / 2], x;
		UNROLL
		for (size_t v = 0; v < vectors; v++) {
			load(&sum[0][v], from + W * v);
			load(&sum[1][v], from + s.from_stride + W * v);
		}
		for (; bits0 && bits1; bits0 &= bits0 - 1, bits1 &= bits1 - 1) {
			const float *row0 = rows + (size_t)__builtin_ctzll(bits0) * W * vectors;
			const float *row1 = rows + (size_t)__builtin_ctzll(bits1) * W * vectors;
			UNROLL
			for (size_t v = 0; v < vectors; v++) {
				load(&x, row0 + W * v);
				sum[0][v] += x;
				load(&x, row1 + W * v);
				sum[1][v] += x;
			}
		}
		UNROLL
		for (size_t v = 0; v < vectors; v++) {
			store(to + W * v, &sum[0][v]);
			store(to + s.to_stride + W * v, &sum[1][v]);
		}
		sums rest = {to, to, s.to_stride, s.to_stride};
		if (bits0)
			add_sets_of(rest, &bits0, 1, rows, vectors);
		rest.to = to + s.to_stride, rest.from = rest.to;
		if (bits1)
			add_sets_of(rest, &bits1, 1, rows, vectors);
	}
	if (n < count) {
		sums last = {s.to + n * s.to_stride, s.from + n * s.from_stride, 0, 0};
		add_sets_of(last, sets + n, 1, rows, vectors);
	}
}

/* The same by functions of their own: where arrays of the caller are known, gcc 12 makes an address for each vector of a row. */
static __attribute__((noinline)) void add_sets_tile(sums s, const uint64_t *sets, size_t count,
						    const float *rows)
{
	add_sets_of(s, sets, count, rows, TILE);
}

static __attribute__((noinline)) void add_sets_half(sums s, const uint64_t *sets, size_t count,
						    const float *rows)
{
	add_sets_by_two(s, sets, count, rows, TILE / 2);
}

static __attribute__((noinline)) void add_sets_one(sums s, const uint64_t *sets, size_t count,
						   const float *rows)
{
	add_sets_by_two(s, sets, count, rows, 1);
}

INLINE void add_sets(sums s, const uint64_t *sets, size_t count, const float *rows, size_t vectors)
{
	if (vectors == TILE)
		add_sets_tile(s, sets, count, rows);
	else if (vectors == TILE / 2)
		add_sets_half(s, sets, count, rows);
	else
		add_sets_one(s, sets, count, rows);
}

/* inputs of which is kept who fired while columns change; rows of affine_many whose sums are kept while weights do */
#define KNOWN    1024
#define TOGETHER 128

/* Bit i of [b][r] is h[r, 64 b + i]. */
typedef struct known {
	uint64_t bits[KNOWN / 64][TOGETHER];
} known;

/* Columns of affine_many, W for each vector: 64 rows of weights are packed once for all sums. bias NULL: a has what came before. */
INLINE void affine_columns(float *a, size_t a_stride, const known *h, const float *w,
			   const float *bias, size_t count, size_t I, size_t J, size_t vectors)
{
	_Alignas(64) float kept[TOGETHER * W * TILE], packed[64 * W * TILE];
	sums s = {kept, bias ? bias : a, W * vectors, bias ? 0 : a_stride};
	for (size_t i = 0; i < I; i += 64) {
		pack(packed, w + i * J, J, I - i < 64 ? I - i : 64, vectors);
		if (i + 64 >= I)
			s.to = a, s.to_stride = a_stride;
		add_sets(s, h->bits[i / 64], count, packed, vectors);
		s.from = kept, s.from_stride = W * vectors;
	}
}

static void affine_part(float *a, size_t a_stride, const known *h, const float *w,
			const float *bias, size_t count, size_t I, size_t J)
{
	size_t j = 0;
	for (; j + W * TILE <= J; j += W * TILE)
		affine_columns(a + j, a_stride, h, w + j, bias ? bias + j : NULL, count, I, J,
			       TILE);
	for (; j + W * TILE / 2 <= J; j += W * TILE / 2)
		affine_columns(a + j, a_stride, h, w + j, bias ? bias + j : NULL, count, I, J,
			       TILE / 2);
	for (; j + W <= J; j += W)
		affine_columns(a + j, a_stride, h, w + j, bias ? bias + j : NULL, count, I, J, 1);
}

static void affine_many(float *a, size_t a_stride, const uint8_t *h, size_t h_stride,
			const float *w, const float *bias, size_t count, size_t I, size_t J)
{
	known fired;
	for (size_t r0 = 0; r0 < count; r0 += TOGETHER)
		for (size_t i0 = 0; i0 < I; i0 += KNOWN) {
			const size_t sums = count - r0 < TOGETHER ? count - r0 : TOGETHER;
			const size_t rows = I - i0 < KNOWN ? I - i0 : KNOWN;
			for (size_t i = 0; i < rows; i += 64)
				for (size_t r = 0; r < sums; r++)
					fired.bits[i / 64][r] = bits_of(
						h + (r0 + r) * h_stride + i0 + i,
						rows - i < 64 ? rows - i : 64);
			affine_part(a + r0 * a_stride, a_stride, &fired, w + i0 * J,
				    i0 ? NULL : bias, sums, rows, J);
		}
	size_t j = J & ~(size_t)(W - 1);
	for (size_t r = 0; j < J && r < count; r++) {
		float *a_r = a + r * a_stride;
		memcpy(a_r + j, bias + j, (J - j) * sizeof *a_r);
		for (size_t i = 0; i < I; i++)
			for (size_t l = j; h[r * h_stride + i] && l < J; l++)
				a_r[l] += w[i * J + l];
	}
}

/* The same for outer_many: bit r of [b][g][i] is h[64 g + r, 64 b + i]. */
typedef struct turned {
	uint64_t bits[KNOWN / 64][BERN_MANY / 64][64];
} turned;

/* Columns of outer_many, W for each vector: 64 rows of w at a time take what all rows of s add before they are written back. */
INLINE void outer_columns(float *w, const turned *h, const float *s, size_t s_stride, size_t count,
			  size_t I, size_t J, size_t vectors)
{
	_Alignas(64) float kept[64 * W * TILE], packed[BERN_MANY * W * TILE];
	pack(packed, s, s_stride, count, vectors);
	for (size_t i = 0; i < I; i += 64) {
		const size_t rows = I - i < 64 ? I - i : 64;
		sums g = {kept, w + i * J, W * vectors, J};
		for (size_t r = 0; r < count; r += 64) {
			if (r + 64 >= count)
				g.to = w + i * J, g.to_stride = J;
			add_sets(g, h->bits[i / 64][r / 64], rows, packed + r * W * vectors,
				 vectors);
			g.from = kept, g.from_stride = W * vectors;
		}
	}
}

static void outer_part(float *w, const turned *h, const float *s, size_t s_stride, size_t count,
		       size_t I, size_t J)
{
	size_t j = 0;
	for (; j + W * TILE <= J; j += W * TILE)
		outer_columns(w + j, h, s + j, s_stride, count, I, J, TILE);
	for (; j + W * TILE / 2 <= J; j += W * TILE / 2)
		outer_columns(w + j, h, s + j, s_stride, count, I, J, TILE / 2);
	for (; j + W <= J; j += W)
		outer_columns(w + j, h, s + j, s_stride, count, I, J, 1);
}

static void outer_many(float *w, const uint8_t *const *h, const float *s, size_t s_stride,
		       size_t count, size_t I, size_t J)
{
	turned part;
	for (size_t i0 = 0; i0 < I; i0 += KNOWN) {
		const size_t rows = I - i0 < KNOWN ? I - i0 : KNOWN;
		for (size_t i = 0; i < rows; i += 64) {
			const size_t n = rows - i < 64 ? rows - i : 64;
			for (size_t r0 = 0; r0 < count; r0 += 64) {
				uint64_t *bits = part.bits[i / 64][r0 / 64];
				for (size_t r = 0; r < 64; r++)
					bits[r] = r0 + r < count ? bits_of(h[r0 + r] + i0 + i, n)
								 : 0;
				turn_bits(bits);
			}
		}
		outer_part(w + i0 * J, &part, s, s_stride, count, rows, J);
	}
	size_t j = J & ~(size_t)(W - 1);
	for (size_t r = 0; j < J && r < count; r++)
		for (size_t i = 0; i < I; i++)
			for (size_t l = j; h[r][i] && l < J; l++)
				w[i * J + l] += s[r * s_stride + l];
}

/* ---- firing ---- */

/* 2^24 p as whole numbers, p = sigmoid(x) of 16 numbers on the grid of 2^-24: bern_sigmoidf with the sign of r turned round, which
 * changes no rounding. Below -87 the quotient is under 2^-24 by itself. Step by step for all: they wait for each other's latency. */
INLINE void grid_sigmoid(vi grid[PARTS], const float *x)
{
	vf t[PARTS], n[PARTS], r[PARTS], p[PARTS], y[PARTS];
	EACH(v) load(&t[v], x + W * v);
	EACH(v) t[v] = at_most(at_least(t[v], all(-87.0f)), all(87.0f));
	EACH(v) y[v] = t[v] * -0x1.715476p+0f + 0x1.8p23f;
	EACH(v) n[v] = y[v] - 0x1.8p23f;
	EACH(v) r[v] = (t[v] + n[v] * 0x1.62e4p-1f) + n[v] * 0x1.7f7d1cp-20f;
	EACH(v) p[v] = 0x1.1239e2p-7f - r[v] * 0x1.6a243ap-10f;
	EACH(v) p[v] = 0x1.5558f2p-5f - p[v] * r[v];
	EACH(v) p[v] = 0x1.555492p-3f - p[v] * r[v];
	EACH(v) p[v] = 0x1.fffffcp-2f - p[v] * r[v];
	EACH(v) y[v] = (vf)(((vi)y[v] << 23) + 0x3f800000);
	EACH(v) y[v] = 1.0f / (1.0f + (1.0f + (r[v] * r[v] * p[v] - r[v])) * y[v]);
	EACH(v) grid[v] = __builtin_convertvector(y[v] * BERN_P_ONE, vi);
}

static void probability(float *p, const float *a, size_t J)
{
	size_t P = bern_padded(J);
	for (size_t j = 0; j < P; j += 16) {
		vi grid[PARTS];
		grid_sigmoid(grid, a + j);
		EACH(v)
		{
			vf p_j = __builtin_convertvector(grid[v], vf) * (1.0f / BERN_P_ONE);
			store(p + j + W * v, &p_j);
		}
	}
	for (size_t j = J; j < P; j++)
		p[j] = 0.0f;
}

/* A stream's state in registers: numbers of W sub-streams come from a pair of them. With AVX2 a has the even ones, b the odd ones,
 * so that halves of 64 bits are woven into one register without crossing it; else a has the first half of them. */
typedef struct stream {
	vl a[PARTS], b[PARTS], addend;
} stream;

INLINE void load_pair(vl *a, vl *b, const uint64_t *state)
{
#if W == 8
	const __m128i *half = (const __m128i *)(const void *)state;
	__m256i x = _mm256_loadu2_m128i(half + 2, half),
		y = _mm256_loadu2_m128i(half + 3, half + 1);
	*a = (vl)_mm256_unpacklo_epi64(x, y);
	*b = (vl)_mm256_unpackhi_epi64(x, y);
#else
	memcpy(a, state, sizeof *a);
	memcpy(b, state + W / 2, sizeof *b);
#endif
}

INLINE void store_pair(uint64_t *state, const vl *a, const vl *b)
{
#if W == 8
	__m128i *half = (__m128i *)(void *)state;
	_mm256_storeu2_m128i(half + 2, half, _mm256_unpacklo_epi64((__m256i)*a, (__m256i)*b));
	_mm256_storeu2_m128i(half + 3, half + 1, _mm256_unpackhi_epi64((__m256i)*a, (__m256i)*b));
#else
	memcpy(state, a, sizeof *a);
	memcpy(state + W / 2, b, sizeof *b);
#endif
}

INLINE void stream_load(stream *s, const bern_firing_rng *rng)
{
	EACH(v) load_pair(&s->a[v], &s->b[v], rng->state + W * v);
	s->addend = rng->addend - (vl){0};
}

INLINE void stream_store(bern_firing_rng *rng, const stream *s)
{
	EACH(v) store_pair(rng->state + W * v, &s->a[v], &s->b[v]);
}

/* Numbers of 32 bits from the states of a pair: pcg32's output function. */
#if W == 16
INLINE vu evens(vl a, vl b)
{
	const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26,
					       28, 30);
	return (vu)_mm512_permutex2var_epi32((__m512i)a, even, (__m512i)b);
}

INLINE vu words_of(vl a, vl b)
{
	vu x = evens((a >> 18 ^ a) >> 27, (b >> 18 ^ b) >> 27), turn = evens(a >> 59, b >> 59);
	return (vu)_mm512_rorv_epi32((__m512i)x, (__m512i)turn);
}
#elif W == 8
/* the lower half of each of a, the upper of each of b */
INLINE vu weave(vl a, vl b)
{
	return (vu)_mm256_blend_epi32((__m256i)a, (__m256i)b, 0xaa);
}

INLINE vu words_of(vl a, vl b)
{
	vu x = weave((a >> 18 ^ a) >> 27, (b >> 18 ^ b) << 5), turn = weave(a >> 32, b) >> 27;
	return (vu)_mm256_srlv_epi32((__m256i)x, (__m256i)turn) |
	       (vu)_mm256_sllv_epi32((__m256i)x, (__m256i)(32 - turn));
}
#elif defined(__SSE2__)
/* lower halves of a, then b; upper halves */
INLINE vu evens(vl a, vl b)
{
	return (vu)__builtin_shufflevector((vf)a, (vf)b, 0, 2, 4, 6);
}

INLINE vu odds(vl a, vl b)
{
	return (vu)__builtin_shufflevector((vf)a, (vf)b, 1, 3, 5, 7);
}

/* SSE2 shifts all numbers alike, but 2^k x has in its halves what a turn to the left by k puts together. */
INLINE vu words_of(vl a, vl b)
{
	vu k = -(odds(a, b) >> 27) & 31;
	/* the float 2^k; 2^31 is converted to 0x80000000, as all that is too large */
	__m128i power = _mm_cvttps_epi32((__m128)((k + 127) << 23));
	vl x_a = (a >> 18 ^ a) >> 27, x_b = (b >> 18 ^ b) >> 27;
	x_a = (vl)_mm_mul_epu32((__m128i)x_a, _mm_unpacklo_epi32(power, power));
	x_b = (vl)_mm_mul_epu32((__m128i)x_b, _mm_unpackhi_epi32(power, power));
	return evens(x_a, x_b) | odds(x_a, x_b);
}
#else
INLINE vu words_of(vl a, vl b)
{
	vu u;
	for (size_t l = 0; l < W / 2; l++) {
		u[l] = bern_pcg32_output(a[l]);
		u[l + W / 2] = bern_pcg32_output(b[l]);
	}
	return u;
}
#endif

/* The next 16 numbers. */
INLINE void stream_next(vu u[PARTS], stream *s)
{
	EACH(v)
	{
		u[v] = words_of(s->a[v], s->b[v]);
		s->a[v] = s->a[v] * BERN_PCG32_LEAP + s->addend;
		s->b[v] = s->b[v] * BERN_PCG32_LEAP + s->addend;
	}
}

/* 16 bytes of 0 and 1 from what is -1 or 0 */
INLINE void store_bytes(uint8_t *h, const vi is[PARTS])
{
#if W == 16
	vb bytes = __builtin_convertvector(is[0], vb) & 1;
#elif W == 8
	__m256i words = _mm256_packs_epi32((__m256i)is[0], (__m256i)is[1]); /* 0 .. 3 of both */
	vi mixed = (vi)_mm256_packs_epi16(words, words);
	vb bytes = (vb)__builtin_shufflevector(mixed, mixed, 0, 4, 1, 5) & 1;
#elif defined(__SSE2__)
	vb bytes = (vb)_mm_packs_epi16(_mm_packs_epi32((__m128i)is[0], (__m128i)is[1]),
				       _mm_packs_epi32((__m128i)is[2], (__m128i)is[3])) &
		   1;
#else
	vb bytes;
	for (size_t l = 0; l < 16; l++)
		bytes[l] = is[l / W][l % W] & 1;
#endif
	memcpy(h, &bytes, sizeof bytes);
}

static void fire(uint8_t *h, const float *p, size_t J, size_t K, bern_firing_rng *rng)
{
	size_t P = bern_padded(J);
	stream numbers;
	stream_load(&numbers, rng);
	for (size_t k = 0; k < K; k++)
		for (size_t j = 0; j < P; j += 16) {
			vu u[PARTS];
			vi fires[PARTS];
			stream_next(u, &numbers);
			UNROLL
			for (size_t v = 0; v < PARTS; v++) {
				vf p_j;
				load(&p_j, p + j + W * v);
				vi threshold = __builtin_convertvector(p_j * BERN_P_ONE, vi);
				fires[v] = (vi)(u[v] >> 8) < threshold;
			}
			store_bytes(h + k * P + j, fires);
		}
	stream_store(rng, &numbers);
}

static void draw(uint32_t *u, bern_firing_rng *rng)
{
	stream numbers;
	vu x[PARTS];
	stream_load(&numbers, rng);
	stream_next(x, &numbers);
	UNROLL
	for (size_t v = 0; v < PARTS; v++)
		memcpy(u + W * v, &x[v], sizeof(vu));
	stream_store(rng, &numbers);
}

/* sum over k of c[k] where firing k of these 16 units is 1 */
INLINE void weighted_firings(vf sum[PARTS], const uint8_t *h, const float *c, size_t P, size_t K)
{
	EACH(v) sum[v] = (vf){0};
	for (size_t k = 0; k < K; k++) {
		vm fires[PARTS];
		masks_of(fires, h + k * P);
		EACH(v) add_where(&sum[v], &fires[v], all(c[k]));
	}
}

static void score(float *s, const uint8_t *h, const float *p, const float *c, size_t J, size_t K)
{
	size_t P = bern_padded(J);
	float total = 0.0f;
	for (size_t k = 0; k < K; k++)
		total += c[k];
	for (size_t j = 0; j < P; j += 16) {
		vf sum[PARTS], p_j[PARTS];
		weighted_firings(sum, h + j, c, P, K);
		EACH(v) load(&p_j[v], p + j + W * v);
		EACH(v) sum[v] -= p_j[v] * total;
		EACH(v) store(s + j + W * v, &sum[v]);
	}
}

static void fired_sum(float *g, const uint8_t *h, const float *c, size_t J, size_t K)
{
	size_t P = bern_padded(J);
	for (size_t j = 0; j < P; j += 16) {
		vf sum[PARTS], g_j[PARTS];
		weighted_firings(sum, h + j, c, P, K);
		if (j + 16 <= J) {
			EACH(v) load(&g_j[v], g + j + W * v);
			EACH(v) g_j[v] += sum[v];
			EACH(v) store(g + j + W * v, &g_j[v]);
		} else {
			float part[16];
			EACH(v) store(part + W * v, &sum[v]);
			for (size_t l = j; l < J; l++)
				g[l] += part[l - j];
		}
	}
}

/* N is known where this is inlined: sums of 16 units for that many outputs stay in registers, if there are as many */
INLINE void few_outer(float *g, const uint8_t *h, const float *d, size_t J, size_t N, size_t K)
{
	size_t P = bern_padded(J);
	for (size_t j = 0; j < P; j += 16) {
		vf sum[BERN_FEW][PARTS];
		float part[16] = {0};
		size_t end = J - j < 16 ? J - j : 16;
		UNROLL
		for (size_t n = 0; n < N; n++) {
			for (size_t l = 0; l < end; l++)
				part[l] = g[(j + l) * N + n];
			EACH(v) load(&sum[n][v], part + W * v);
		}
		for (size_t k = 0; k < K; k++) {
			vm fires[PARTS];
			masks_of(fires, h + k * P + j);
			UNROLL
			for (size_t n = 0; n < N; n++)
				add_to_any(sum[n], fires, d[k * N + n], PARTS);
		}
		UNROLL
		for (size_t n = 0; n < N; n++) {
			EACH(v) store(part + W * v, &sum[n][v]);
			for (size_t l = 0; l < end; l++)
				g[(j + l) * N + n] = part[l];
		}
	}
}

static void fired_outer(float *g, const uint8_t *h, const float *d, size_t J, size_t N, size_t K)
{
	switch (N) {
	case 1:
		few_outer(g, h, d, J, 1, K);
		break;
	case 2:
		few_outer(g, h, d, J, 2, K);
		break;
	case 3:
		few_outer(g, h, d, J, 3, K);
		break;
	case 4:
		few_outer(g, h, d, J, 4, K);
		break;
	case 5:
		few_outer(g, h, d, J, 5, K);
		break;
	case 6:
		few_outer(g, h, d, J, 6, K);
		break;
	case 7:
		few_outer(g, h, d, J, 7, K);
		break;
	default:
		few_outer(g, h, d, J, 8, K);
	}
}
/* The last numbers, fewer than 16, zero beyond their end. */
INLINE void load_tail(vf v[PARTS], const float *x, size_t count)
{
#if W == 8
	const vi lane = {0, 1, 2, 3, 4, 5, 6, 7}, left = (int32_t)count - lane;
	v[0] = (vf)_mm256_maskload_ps(x, (__m256i)(left > 0));
	v[1] = (vf)_mm256_maskload_ps(x + W, (__m256i)(left > W));
#else
	float part[16] = {0};
	for (size_t l = 0; l < count; l++)
		part[l] = x[l];
	UNROLL
	for (size_t n = 0; n < PARTS; n++)
		load(&v[n], part + W * n);
#endif
}

#if W == 16
/* Lanes of a and b that a step of the tree adds: each of their groups of 2 width lanes becomes one of width. */
INLINE void fold8(vf *a, const vf *b)
{
	*a = __builtin_shufflevector(*a, *b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22,
				     23) +
	     __builtin_shufflevector(*a, *b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29,
				     30, 31);
}

INLINE void fold4(vf *a, const vf *b)
{
	*a = __builtin_shufflevector(*a, *b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26,
				     27) +
	     __builtin_shufflevector(*a, *b, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30,
				     31);
}

INLINE void fold2(vf *a, const vf *b)
{
	*a = __builtin_shufflevector(*a, *b, 0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25, 28,
				     29) +
	     __builtin_shufflevector(*a, *b, 2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23, 26, 27, 30,
				     31);
}

INLINE void fold1(vf *a, const vf *b)
{
	*a = __builtin_shufflevector(*a, *b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28,
				     30) +
	     __builtin_shufflevector(*a, *b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29,
				     31);
}

/* The tree of 16 sums at once: lane k of sum[0] becomes that of sum[k]. */
INLINE void trees(vf sum[16])
{
	UNROLL
	for (size_t v = 0; v < 16; v += 2)
		fold8(&sum[v], &sum[v + 1]);
	UNROLL
	for (size_t v = 0; v < 16; v += 4)
		fold4(&sum[v], &sum[v + 2]);
	UNROLL
	for (size_t v = 0; v < 16; v += 8)
		fold2(&sum[v], &sum[v + 4]);
	fold1(&sum[0], &sum[8]);
}

/* fired_dot of 16 firings */
INLINE void fired_dots(float *out, const uint8_t *h, const float *w, const vf *tail, float bias,
		       size_t J, size_t P)
{
	size_t whole = J & ~(size_t)15;
	vf sum[16], w_j;
	vm fires;
	UNROLL
	for (size_t k = 0; k < 16; k++)
		sum[k] = (vf){0};
	for (size_t j = 0; j < whole; j += 16) {
		load(&w_j, w + j);
		UNROLL
		for (size_t k = 0; k < 16; k++) {
			masks_of(&fires, h + k * P + j);
			add_where(&sum[k], &fires, w_j);
		}
	}
	if (whole < J) {
		UNROLL
		for (size_t k = 0; k < 16; k++) {
			masks_of(&fires, h + k * P + whole);
			add_where(&sum[k], &fires, *tail);
		}
	}
	trees(sum);
	sum[0] += bias;
	store(out, &sum[0]);
}
#endif

static void fired_dot(float *out, const uint8_t *h, const float *w, float bias, size_t J, size_t K)
{
	size_t whole = J & ~(size_t)15, P = bern_padded(J), k = 0;
	vf tail[PARTS];
	load_tail(tail, w + whole, J - whole);
#if W == 16
	for (; k + 16 <= K; k += 16)
		fired_dots(out + k, h + k * P, w, tail, bias, J, P);
#endif
	for (; k < K; k++) {
		const uint8_t *h_k = h + k * P;
		vf sum[PARTS], w_j[PARTS];
		vm fires[PARTS];
		EACH(v) sum[v] = (vf){0};
		for (size_t j = 0; j < whole; j += 16) {
			masks_of(fires, h_k + j);
			EACH(v) load(&w_j[v], w + j + W * v);
			EACH(v) add_where(&sum[v], &fires[v], w_j[v]);
		}
		if (whole < J) {
			masks_of(fires, h_k + whole);
			EACH(v) add_where(&sum[v], &fires[v], tail[v]);
		}
		out[k] = bias + tree(sum);
	}
}

/* bits[j]: bit k is h[k,j], of 16 units and up to 16 firings */
INLINE void gather_bits(uint16_t bits[16], const uint8_t *h, size_t P, size_t count)
{
#ifdef __SSE2__
	__m128i low = _mm_setzero_si128(), high = low;
	for (size_t k = count; k-- > 8;)
		high = _mm_add_epi8(_mm_add_epi8(high, high),
				    _mm_loadu_si128((const __m128i *)(const void *)(h + k * P)));
	for (size_t k = count < 8 ? count : 8; k-- > 0;)
		low = _mm_add_epi8(_mm_add_epi8(low, low),
				   _mm_loadu_si128((const __m128i *)(const void *)(h + k * P)));
	_mm_storeu_si128((__m128i *)(void *)bits, _mm_unpacklo_epi8(low, high));
	_mm_storeu_si128((__m128i *)(void *)(bits + 8), _mm_unpackhi_epi8(low, high));
#else
	memset(bits, 0, 16 * sizeof *bits);
	for (size_t k = count; k-- > 0;)
		for (size_t j = 0; j < 16; j++)
			bits[j] = (uint16_t)(2 * bits[j] + h[k * P + j]);
#endif
}

/* bern_expf of W numbers, operation by operation */
INLINE void exponential(vf *y)
{
	vf x = at_least(at_most(*y, all(89.0f)), all(-104.0f));
	vf shifted = x * 0x1.715476p+0f + 0x1.8p23f;
	vf n = shifted - 0x1.8p23f;
	vf r = (x - n * 0x1.62e4p-1f) - n * 0x1.7f7d1cp-20f;
	vf p = r * 0x1.6a243ap-10f + 0x1.1239e2p-7f;
	p = p * r + 0x1.5558f2p-5f;
	p = p * r + 0x1.555492p-3f;
	p = p * r + 0x1.fffffcp-2f;
	vu power = (vu)shifted - 0x4b400000u + 254u, half = power >> 1;
	*y = (1.0f + (r + r * r * p)) * (vf)(half << 23) * (vf)((power - half) << 23);
}

/* N is known where this is inlined; firings lie in lanes, W for each vector */
INLINE void few_logits(float *pi, const uint8_t *h, const float *w, const float *bias, size_t J,
		       size_t N, size_t P, size_t count, size_t vectors)
{
	vf sum[BERN_FEW][PARTS];
	UNROLL
	for (size_t n = 0; n < N; n++) {
		UNROLL
		for (size_t v = 0; v < vectors; v++)
			sum[n][v] = all(bias[n]);
	}
	for (size_t j0 = 0; j0 < J; j0 += 16) {
		uint16_t bits[16];
		size_t end = J - j0 < 16 ? J - j0 : 16;
		gather_bits(bits, h + j0, P, count);
		for (size_t j = 0; j < end; j++) {
			const float *w_j = w + (j0 + j) * N;
			vm fires[PARTS];
			masks_of_bits(fires, bits[j], vectors);
			UNROLL
			for (size_t n = 0; n < N; n++)
				add_to_any(sum[n], fires, w_j[n], vectors);
		}
	}
	UNROLL
	for (size_t v = 0; v < vectors; v++) {
		vf most = all(-3e38f), total = {0};
		UNROLL
		for (size_t n = 0; n < N; n++)
			most = at_least(most, sum[n][v]);
		UNROLL
		for (size_t n = 0; n < N; n++) {
			sum[n][v] -= most;
			exponential(&sum[n][v]);
			total += sum[n][v];
		}
		for (size_t n = 0; n < N; n++) {
			float part[W];
			sum[n][v] /= total;
			store(part, &sum[n][v]);
			for (size_t k = W * v; k < count && k < W * (v + 1); k++)
				pi[k * N + n] = part[k - W * v];
		}
	}
}

/* Up to 16 firings. */
INLINE void logits(float *pi, const uint8_t *h, const float *w, const float *bias, size_t J,
		   size_t N, size_t P, size_t count)
{
	if (count > W)
		few_logits(pi, h, w, bias, J, N, P, count, PARTS);
	else
		few_logits(pi, h, w, bias, J, N, P, count, 1);
}

static void fired_softmax(float *pi, const uint8_t *h, const float *w, const float *bias, size_t J,
			  size_t N, size_t K)
{
	size_t P = bern_padded(J);
	for (size_t k = 0; k < K; k += 16) {
		size_t count = K - k < 16 ? K - k : 16;
		float *pi_k = pi + k * N;
		const uint8_t *h_k = h + k * P;
		switch (N) {
		case 1:
			logits(pi_k, h_k, w, bias, J, 1, P, count);
			break;
		case 2:
			logits(pi_k, h_k, w, bias, J, 2, P, count);
			break;
		case 3:
			logits(pi_k, h_k, w, bias, J, 3, P, count);
			break;
		case 4:
			logits(pi_k, h_k, w, bias, J, 4, P, count);
			break;
		case 5:
			logits(pi_k, h_k, w, bias, J, 5, P, count);
			break;
		case 6:
			logits(pi_k, h_k, w, bias, J, 6, P, count);
			break;
		case 7:
			logits(pi_k, h_k, w, bias, J, 7, P, count);
			break;
		default:
			logits(pi_k, h_k, w, bias, J, 8, P, count);
		}
	}
}

static float dot(const float *x, const float *w, float bias, size_t J)
{
	vf sum[PARTS] = {{0}}, w_j[PARTS], x_j[PARTS];
	size_t j = 0;
	for (; j + 16 <= J; j += 16) {
		UNROLL
		for (size_t v = 0; v < PARTS; v++) {
			load(&w_j[v], w + j + W * v);
			load(&x_j[v], x + j + W * v);
			sum[v] += w_j[v] * x_j[v];
		}
	}
	if (j < J) {
		load_tail(w_j, w + j, J - j);
		load_tail(x_j, x + j, J - j);
		UNROLL
		for (size_t v = 0; v < PARTS; v++)
			sum[v] += w_j[v] * x_j[v];
	}
	return bias + tree(sum);
}

/* rows that dot_rows goes through at once */
#define BUNDLE (TILE / PARTS)

/* out[r] = bias of the row + x times the row, for `tile` rows at once: x is read once for all of them */
INLINE void dot_rows_tile(float *out, const uint32_t *rows, const float *x, const float *w,
			  const float *bias, size_t I, size_t tile)
{
	vf sum[BUNDLE][PARTS], x_i[PARTS], w_i[PARTS];
	size_t i = 0;
	UNROLL
	for (size_t r = 0; r < tile; r++) {
		UNROLL
		for (size_t v = 0; v < PARTS; v++)
			sum[r][v] = (vf){0};
	}
	for (; i + 16 <= I; i += 16) {
		UNROLL
		for (size_t v = 0; v < PARTS; v++)
			load(&x_i[v], x + i + W * v);
		UNROLL
		for (size_t r = 0; r < tile; r++) {
			UNROLL
			for (size_t v = 0; v < PARTS; v++) {
				load(&w_i[v], w + rows[r] * I + i + W * v);
				sum[r][v] += w_i[v] * x_i[v];
			}
		}
	}
	if (i < I) {
		load_tail(x_i, x + i, I - i);
		for (size_t r = 0; r < tile; r++) {
			load_tail(w_i, w + rows[r] * I + i, I - i);
			UNROLL
			for (size_t v = 0; v < PARTS; v++)
				sum[r][v] += w_i[v] * x_i[v];
		}
	}
	for (size_t r = 0; r < tile; r++)
		out[r] = (bias ? bias[rows[r]] : 0.0f) + tree(sum[r]);
}

static void dot_rows(float *a, const uint32_t *rows, size_t count, const float *x, const float *w,
		     const float *bias, size_t I)
{
	size_t r = 0;
	for (; r + BUNDLE <= count; r += BUNDLE)
		dot_rows_tile(a + r, rows + r, x, w, bias, I, BUNDLE);
	for (; r < count; r++)
		dot_rows_tile(a + r, rows + r, x, w, bias, I, 1);
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
#define CHAINS 12

static void multiply_add(float *x, float c, float d, size_t J, size_t rounds)
{
	for (size_t j = 0; j < J; j += (size_t)W * CHAINS) {
		vf chain[CHAINS];
		UNROLL
		for (size_t v = 0; v < CHAINS; v++)
			load(&chain[v], x + j + W * v);
		for (size_t r = 0; r < rounds; r++) {
			UNROLL
			for (size_t v = 0; v < CHAINS; v++)
				chain[v] = chain[v] * c + d;
		}
		UNROLL
		for (size_t v = 0; v < CHAINS; v++)
			store(x + j + W * v, &chain[v]);
	}
}

extern const bern_kernels BERN_KERNELS;
const bern_kernels BERN_KERNELS = {
	.name = BERN_KERNELS_NAME,
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
