/* See fused_kernels.h. Built once for each instruction set (agents/meson.build) with BERN_FUSED naming the table.
 *
 * A tile is gone through in slices of W lanes, as many as a register holds; lanes do not meet until fold(). Every lane does the
 * operations of the reference in their order. What differs is that terms of 0 are added where the reference skips them,
 * which changes no sum that started from +0, and none of a probability. */
#include "fused_kernels.h"

#include <bern/agent.h>
#include <bern/math.h>
#include <string.h>

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
#include <immintrin.h>

typedef __mmask16 vm;
typedef uint16_t fired_unit; /* bits of 16 lanes */

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
typedef vi vm; /* -1 or 0 */
typedef int32_t fired_unit;

INLINE vm load_mask(const fired_unit *h)
{
	vm m;
	memcpy(&m, h, sizeof m);
	return m;
}
INLINE void store_mask(fired_unit *h, vm m)
{
	memcpy(h, &m, sizeof m);
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
	return (vf)(((vi)yes & m) | ((vi)no & ~m));
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
	return x >> turn | x << (-turn & 31);
}
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
#if W == 8
INLINE vu evens(vl a, vl b)
{
	return (vu)__builtin_shufflevector((vu)a, (vu)b, 0, 2, 4, 6, 8, 10, 12, 14);
}
INLINE vu odds(vl a, vl b)
{
	return (vu)__builtin_shufflevector((vu)a, (vu)b, 1, 3, 5, 7, 9, 11, 13, 15);
}
#else
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

/* Firings of unit j at step t, for the lanes from `lane` on. */
INLINE fired_unit *unit_at(void *fired, size_t row, size_t lane)
{
	return (fired_unit *)fired + (W == 16 ? row : row * LANES + lane);
}

/* ---- functions ------------------------------------------------------------------------------------ */

/* 2^24 p as whole numbers, p = sigmoid(x) on the grid of 2^-24: bern_sigmoidf with the sign of r turned round, which changes no
 * rounding. Below -87 the quotient is under 2^-24 by itself. */
INLINE vi grid_sigmoid(vf x)
{
	x = at_most(at_least(x, all(-87.0f)), all(87.0f));
	vf shifted = x * -0x1.715476p+0f + 0x1.8p23f;
	vf n = shifted - 0x1.8p23f;
	vf r = (x + n * 0x1.62e4p-1f) + n * 0x1.7f7d1cp-20f; /* minus that of the reference */
	vf p = 0x1.1239e2p-7f - r * 0x1.6a243ap-10f;
	p = 0x1.5558f2p-5f - p * r;
	p = 0x1.555492p-3f - p * r;
	p = 0x1.fffffcp-2f - p * r;
	vf power = (vf)(((vi)shifted << 23) + 0x3f800000);
	vf y = 1.0f / (1.0f + (1.0f + (r * r * p - r)) * power);
	return __builtin_convertvector(y * BERN_P_ONE, vi);
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

/* Sub-stream s of the lanes of a slice. */
typedef struct stream {
	vl a, b;
} stream;

INLINE stream load_stream(const uint64_t *state)
{
	stream s;
	memcpy(&s.a, state, sizeof s.a);
	memcpy(&s.b, state + W / 2, sizeof s.b);
	return s;
}

INLINE void store_stream(uint64_t *state, stream s)
{
	memcpy(state, &s.a, sizeof s.a);
	memcpy(state + W / 2, &s.b, sizeof s.b);
}

INLINE stream leap(stream s, uint64_t multiplier, stream addend)
{
	return (stream){s.a * multiplier + addend.a, s.b * multiplier + addend.b};
}

/* The upper 24 of a number's 32 bits: pcg32's output function. */
INLINE vi bits(stream s)
{
	vu x = evens((s.a >> 18 ^ s.a) >> 27, (s.b >> 18 ^ s.b) >> 27);
	vu turn = odds(s.a, s.b) >> 27;
	return (vi)(rotate(x, turn) >> 8);
}

/* l and l + 8, l + 4, l + 2, l + 1, as dot in core/kernels.h */
INLINE vf tree(vf part[16])
{
	for (size_t l = 0; l < 8; l++)
		part[l] += part[l + 8];
	for (size_t l = 0; l < 4; l++)
		part[l] += part[l + 4];
	return (part[0] + part[2]) + (part[1] + part[3]);
}

/* ---- acting --------------------------------------------------------------------------------------- */

/* a of `units` neighbours: bias and I inputs. Weights (I, J) from the first of them on. */
INLINE void affine_units(float *a, const float *x, const float *w, const float *bias, size_t I,
			 size_t J, size_t units)
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
	UNROLL
	for (size_t u = 0; u < units; u++)
		store(a + u * LANES, sum[u]);
}

/* The same where the inputs are firings (I). */
INLINE void affine_fired(float *a, void *fired, size_t row, size_t lane, const float *w,
			 const float *bias, size_t I, size_t J, size_t units)
{
	vf sum[8];
	UNROLL
	for (size_t u = 0; u < units; u++)
		sum[u] = all(bias[u]);
	for (size_t i = 0; i < I; i++) {
		vm h_i = load_mask(unit_at(fired, row + i, lane));
		UNROLL
		for (size_t u = 0; u < units; u++)
			sum[u] = add_where(sum[u], h_i, all(w[i * J + u]));
	}
	UNROLL
	for (size_t u = 0; u < units; u++)
		store(a + u * LANES, sum[u]);
}

/* a (J, 16) of layer l, or of the logits, at step t. */
static void affine(const bern_fused_net *net, const bern_fused_tile *tile, float *a, size_t l,
		   size_t t, size_t lane)
{
	const bern_layer *layer = &net->layer[l];
	const size_t I = layer->inputs, J = layer->units;
	const float *w = net->params + layer->weight, *bias = net->params + layer->bias;
	size_t j = 0;
	if (l == 0) {
		const float *x = tile->x + t * I * LANES + lane;
		for (; j + 8 <= J; j += 8)
			affine_units(a + j * LANES, x, w + j, bias + j, I, J, 8);
		for (; j < J; j++)
			affine_units(a + j * LANES, x, w + j, bias + j, I, J, 1);
		return;
	}
	for (; j + 8 <= J; j += 8)
		affine_fired(a + j * LANES, tile->fired[l - 1], t * I, lane, w + j, bias + j, I, J,
			     8);
	for (; j < J; j++)
		affine_fired(a + j * LANES, tile->fired[l - 1], t * I, lane, w + j, bias + j, I, J,
			     1);
}

/* Layer l fires: p holds a and gets p. Unit j takes its number from sub-stream j mod 16, and padding units take theirs too. In the
 * last layer the streams move on over the block of the action's draws as well; the one number that is used of it is
 * returned. With an action unit its input goes to `logit`. */
INLINE vi fire(const bern_fused_net *net, bern_fused_tile *tile, size_t l, size_t t, size_t lane,
	       int last, int one_unit, vf *logit)
{
	const size_t J = net->layer[l].units, blocks = net->layer[l].padded / 16;
	const float *w = net->params + net->layer[net->depth].weight;
	float *p = tile->p[l] + t * J * LANES + lane;
	const stream addend = load_stream(tile->addend + lane);
	const stream addend2 = leap(addend, BERN_PCG32_LEAP, addend);
	vf part[16];
	vi drawn = {0};
	for (size_t s = 0; s < 16; s++) {
		uint64_t *state = tile->state + s * LANES + lane;
		stream now = load_stream(state);
		vf sum = {0};
		for (size_t v = 0; v < blocks; v++) {
			size_t j = 16 * v + s;
			if (j < J) {
				vi grid = grid_sigmoid(load(p + j * LANES));
				vm h = less(bits(now), grid);
				store(p + j * LANES, grid_float(grid));
				store_mask(unit_at(tile->fired[l], t * J + j, lane), h);
				if (last && one_unit)
					sum = add_where(sum, h, all(w[j]));
			}
			if (!last || v + 1 < blocks) {
				now = leap(now, BERN_PCG32_LEAP, addend);
			} else if (s == 1) { /* number 0 of the block chooses among firings */
				now = leap(now, BERN_PCG32_LEAP, addend);
				drawn = bits(now);
				now = leap(now, BERN_PCG32_LEAP, addend);
			} else {
				now = leap(now, BERN_PCG32_LEAP * BERN_PCG32_LEAP, addend2);
			}
		}
		store_stream(state, now);
		part[s] = sum;
	}
	if (last && one_unit)
		*logit = all(net->params[net->layer[net->depth].bias]) + tree(part);
	return drawn;
}

/* pi of the softmax over the logits in `pi`, and the action that a number of 24 bits draws. */
INLINE vi softmax(float *pi, size_t N, vi drawn)
{
	vf most = all(-3e38f), total = {0}, below = {0};
	vf u = __builtin_convertvector(drawn, vf) * (1.0f / BERN_P_ONE);
	for (size_t n = 0; n < N; n++) {
		vf logit = load(pi + n * LANES);
		most = choose(lessf(most, logit), logit, most);
	}
	for (size_t n = 0; n < N; n++) {
		vf y = exponential(load(pi + n * LANES) - most);
		total += y;
		store(pi + n * LANES, y);
	}
	vf value = {0};
	vm left = equal((vi){0}, (vi){0});
	for (size_t n = 0; n < N; n++) {
		vf pi_n = load(pi + n * LANES) / total;
		store(pi + n * LANES, pi_n);
		vm asked = both(left, lessf((vf){0}, pi_n)); /* others cannot be chosen */
		value = choose(asked, all((float)n), value);
		below = add_where(below, asked, pi_n);
		left = without(left, both(asked, lessf(u, below)));
	}
	return __builtin_convertvector(value, vi);
}

static void act(const bern_fused_net *net, bern_fused_tile *tile, size_t t)
{
	const size_t N = net->logits, last = net->depth - 1;
	for (size_t lane = 0; lane < LANES; lane += W) {
		float *pi = tile->pi + t * N * LANES + lane;
		vf logit = {0};
		vi drawn = {0}, action;
		for (size_t l = 0; l <= last; l++) {
			size_t J = net->layer[l].units;
			affine(net, tile, tile->p[l] + t * J * LANES + lane, l, t, lane);
			if (l < last)
				fire(net, tile, l, t, lane, 0, 0, &logit);
			else if (net->one_unit)
				drawn = fire(net, tile, l, t, lane, 1, 1, &logit);
			else
				drawn = fire(net, tile, l, t, lane, 1, 0, &logit);
		}
		if (net->one_unit) {
			vi grid = grid_sigmoid(logit);
			store(pi, grid_float(grid));
			action = (drawn < grid) & 1;
		} else {
			affine(net, tile, pi, net->depth, t, lane);
			action = softmax(pi, N, drawn);
		}
		memcpy(tile->action + t * LANES + lane, &action, sizeof action);
	}
}

/* ---- the estimate --------------------------------------------------------------------------------- */

/* score() with one firing: (h ? c : 0) - p c */
INLINE vf score(float *p, fired_unit *h, vf c)
{
	return where(load_mask(h), c) - load(p) * c;
}

/* Adds up rows of the first layer: `units` neighbours from j on, inputs i0 .. i0 + inputs - 1, and with i0 = 0 the biases. ready 1: p
 * holds scores. */
INLINE void first_units(const bern_fused_net *net, float *sum, const bern_fused_tile *tile,
			size_t lane, size_t j, size_t units, size_t i0, size_t inputs, int bias,
			int ready)
{
	const bern_layer *layer = &net->layer[0];
	const size_t I = layer->inputs, J = layer->units, T = net->steps;
	vf w[4][4] = {{{0}}}, b[4] = {{0}};
	const float *x = tile->x + i0 * LANES + lane;
	const float *c = tile->signal + lane;
	float *p = tile->p[0] + j * LANES + lane;
	for (size_t t = 0; t < T; t++) {
		vf c_t = 0.0f + load(c + t * LANES);
		UNROLL
		for (size_t u = 0; u < units; u++) {
			float *p_u = p + (t * J + u) * LANES;
			vf s = ready ? load(p_u)
				     : score(p_u, unit_at(tile->fired[0], t * J + j + u, lane),
					     c_t);
			if (bias)
				b[u] += s;
			UNROLL
			for (size_t i = 0; i < inputs; i++)
				w[i][u] += load(x + (t * I + i) * LANES) * s;
		}
	}
	UNROLL
	for (size_t u = 0; u < units; u++) {
		UNROLL
		for (size_t i = 0; i < inputs; i++)
			store(sum + (layer->weight + (i0 + i) * J + j + u) * LANES + lane, w[i][u]);
		if (bias)
			store(sum + (layer->bias + j + u) * LANES + lane, b[u]);
	}
}

/* Writes the scores of a layer's units over p. */
static void write_scores(const bern_fused_net *net, const bern_fused_tile *tile, size_t l,
			 size_t lane)
{
	const size_t J = net->layer[l].units;
	for (size_t t = 0; t < net->steps; t++) {
		vf c = 0.0f + load(tile->signal + t * LANES + lane);
		for (size_t j = 0; j < J; j++) {
			float *p = tile->p[l] + (t * J + j) * LANES + lane;
			store(p, score(p, unit_at(tile->fired[l], t * J + j, lane), c));
		}
	}
}

static void first_layer(const bern_fused_net *net, float *sum, const bern_fused_tile *tile,
			size_t lane)
{
	const size_t I = net->layer[0].inputs, J = net->layer[0].units;
	size_t j = 0;
	if (I == 4) {
		for (; j + 4 <= J; j += 4)
			first_units(net, sum, tile, lane, j, 4, 0, 4, 1, 0);
		for (; j < J; j++)
			first_units(net, sum, tile, lane, j, 1, 0, 4, 1, 0);
		return;
	}
	write_scores(net, tile, 0, lane);
	for (; j + 4 <= J; j += 4) {
		size_t i = 0;
		first_units(net, sum, tile, lane, j, 4, 0, 0, 1, 1);
		for (; i + 4 <= I; i += 4)
			first_units(net, sum, tile, lane, j, 4, i, 4, 0, 1);
		for (; i < I; i++)
			first_units(net, sum, tile, lane, j, 4, i, 1, 0, 1);
	}
	for (; j < J; j++) {
		first_units(net, sum, tile, lane, j, 1, 0, 0, 1, 1);
		for (size_t i = 0; i < I; i++)
			first_units(net, sum, tile, lane, j, 1, i, 1, 0, 1);
	}
}

/* Adds up rows of weights (I, J) from firings: inputs i .. i + inputs - 1, units j .. j + units - 1, whose scores are those of layer l,
 * or delta of the output (l = L). */
INLINE void fired_units(const bern_fused_net *net, float *sum, const bern_fused_tile *tile,
			size_t lane, size_t l, size_t i, size_t inputs, size_t j, size_t units)
{
	const bern_layer *layer = &net->layer[l];
	const size_t I = layer->inputs, J = layer->units, T = net->steps;
	vf w[8][2] = {{{0}}};
	const float *s = (l < net->depth ? tile->p[l] : tile->delta) + lane;
	for (size_t t = 0; t < T; t++) {
		vf s_u[2];
		UNROLL
		for (size_t u = 0; u < units; u++)
			s_u[u] = load(s + (t * J + j + u) * LANES);
		UNROLL
		for (size_t m = 0; m < inputs; m++) {
			vm h = load_mask(unit_at(tile->fired[l - 1], t * I + i + m, lane));
			UNROLL
			for (size_t u = 0; u < units; u++)
				w[m][u] = add_where(w[m][u], h, s_u[u]);
		}
	}
	UNROLL
	for (size_t m = 0; m < inputs; m++) {
		UNROLL
		for (size_t u = 0; u < units; u++)
			store(sum + (layer->weight + (i + m) * J + j + u) * LANES + lane, w[m][u]);
	}
}

static void biases(const bern_fused_net *net, float *sum, const bern_fused_tile *tile, size_t lane,
		   size_t l)
{
	const bern_layer *layer = &net->layer[l];
	const size_t J = layer->units;
	for (size_t j = 0; j < J; j++) {
		vf b = {0};
		const float *s = (l < net->depth ? tile->p[l] : tile->delta) + lane;
		for (size_t t = 0; t < net->steps; t++)
			b += load(s + (t * J + j) * LANES);
		store(sum + (layer->bias + j) * LANES + lane, b);
	}
}

static void later_layer(const bern_fused_net *net, float *sum, const bern_fused_tile *tile,
			size_t lane, size_t l)
{
	const size_t I = net->layer[l].inputs, J = net->layer[l].units;
	size_t i = 0;
	for (; i + 8 <= I; i += 8) {
		size_t j = 0;
		for (; j + 2 <= J; j += 2)
			fired_units(net, sum, tile, lane, l, i, 8, j, 2);
		for (; j < J; j++)
			fired_units(net, sum, tile, lane, l, i, 8, j, 1);
	}
	for (; i < I; i++)
		for (size_t j = 0; j < J; j++)
			fired_units(net, sum, tile, lane, l, i, 1, j, 1);
	biases(net, sum, tile, lane, l);
}

/* delta = c (1[chosen] - pi) of the logits */
static void output_scores(const bern_fused_net *net, const bern_fused_tile *tile, size_t lane)
{
	const size_t N = net->logits;
	for (size_t t = 0; t < net->steps; t++) {
		vf c = load(tile->signal + t * LANES + lane);
		vi action;
		memcpy(&action, tile->action + t * LANES + lane, sizeof action);
		for (size_t n = 0; n < N; n++) {
			size_t at = (t * N + n) * LANES + lane;
			int32_t number = net->one_unit ? 1 : (int32_t)n;
			vf chosen = where(equal(action, number - (vi){0}), all(1.0f));
			store(tile->delta + at, c * (chosen - load(tile->pi + at)));
		}
	}
}

static void estimate(const bern_fused_net *net, float *sum, const bern_fused_tile *tile)
{
	for (size_t lane = 0; lane < LANES; lane += W) {
		first_layer(net, sum, tile, lane);
		for (size_t l = 1; l < net->depth; l++) {
			write_scores(net, tile, l, lane);
			later_layer(net, sum, tile, lane, l);
		}
		output_scores(net, tile, lane);
		later_layer(net, sum, tile, lane, net->depth);
	}
}

/* ---- the baseline --------------------------------------------------------------------------------- */

INLINE vf relu_unit(const float *x, const float *w, float bias, size_t O, size_t V)
{
	vf a = all(bias);
	for (size_t i = 0; i < O; i++)
		a += load(x + i * LANES) * w[i * V];
	return positive(a);
}

/* active: where the units' activations go, `stride` apart, or NULL */
INLINE vf mlp_value(const bern_fused_net *net, const float *x, size_t O, float *active,
		    size_t stride)
{
	const size_t V = net->value_units;
	const float *w = net->value, *bias = w + O * V, *out = bias + V;
	vf part[16] = {{0}};
	for (size_t s = 0; s < 16; s++) {
		vf sum = {0};
		for (size_t j = s; j < V; j += 16) {
			vf a = relu_unit(x, w + j, bias[j], O, V);
			if (active)
				store(active + j * stride, a);
			sum += a * out[j];
		}
		part[s] = sum;
	}
	return out[V] + tree(part);
}

INLINE vf linear_value(const bern_fused_net *net, const float *x, size_t O)
{
	vf part[16] = {{0}};
	for (size_t i = 0; i < O; i++)
		part[i % 16] += load(x + i * LANES) * net->value[i];
	return net->value[O] + tree(part);
}

static void values(const bern_fused_net *net, float *out, const float *x, size_t rows,
		   float *active)
{
	const size_t O = net->inputs;
	for (size_t row = 0; row < rows; row++)
		for (size_t lane = 0; lane < LANES; lane += W) {
			const float *x_row = x + row * O * LANES + lane;
			float *a = active ? active + row * LANES + lane : NULL;
			vf v;
			if (net->value_kind == BERN_BASELINE_LINEAR)
				v = linear_value(net, x_row, O);
			else if (O == 4 && a)
				v = mlp_value(net, x_row, 4, a, rows * LANES);
			else if (O == 4)
				v = mlp_value(net, x_row, 4, NULL, 0);
			else
				v = mlp_value(net, x_row, O, a, rows * LANES);
			store(out + row * LANES + lane, v);
		}
}

/* Rows of x (T, O, 16) times d (T, 16), summed: inputs i .. i + inputs - 1 and, if wanted, d itself. */
INLINE void weighed_inputs(const bern_fused_net *net, vf *w, vf *bias, const float *x,
			   const float *d, size_t inputs)
{
	const size_t O = net->inputs, T = net->steps;
	for (size_t t = 0; t < T; t++) {
		vf d_t = load(d + t * LANES);
		if (bias)
			*bias += d_t;
		UNROLL
		for (size_t i = 0; i < inputs; i++)
			w[i] += load(x + (t * O + i) * LANES) * d_t;
	}
}

/* A unit of the relu layer: its output weight, bias, and, if there are four, the weights of its inputs; else what the others
 * are weighed with goes to scratch. */
INLINE void mlp_unit(const bern_fused_net *net, float *sum, const float *x, const float *d,
		     const float *active, float *scratch, size_t lane, size_t j, size_t units,
		     size_t O)
{
	const size_t V = net->value_units, T = net->steps;
	const float *w = net->value + j, *bias = net->value + O * V + j, *out = bias + V;
	vf g[4][4] = {{{0}}}, g_bias[4] = {{0}}, g_out[4] = {{0}};
	for (size_t t = 0; t < T; t++) {
		const float *x_t = x + t * O * LANES + lane;
		vf d_t = load(d + t * LANES + lane);
		UNROLL
		for (size_t u = 0; u < units; u++) {
			vf a = active ? load(active + ((j + u) * T + t) * LANES + lane)
				      : relu_unit(x_t, w + u, bias[u], O, V);
			vf back = where(lessf((vf){0}, a), d_t * out[u]);
			g_out[u] += d_t * a;
			g_bias[u] += back;
			if (O == 4) {
				UNROLL
				for (size_t i = 0; i < 4; i++)
					g[i][u] += load(x_t + i * LANES) * back;
			} else {
				store(scratch + t * LANES + lane, back);
			}
		}
	}
	UNROLL
	for (size_t u = 0; u < units; u++) {
		store(sum + (O * V + j + u) * LANES + lane, g_bias[u]);
		store(sum + (O * V + V + j + u) * LANES + lane, g_out[u]);
		if (O == 4) {
			UNROLL
			for (size_t i = 0; i < 4; i++)
				store(sum + (i * V + j + u) * LANES + lane, g[i][u]);
		}
	}
}

static void mlp_estimate(const bern_fused_net *net, float *sum, const float *x, const float *d,
			 const float *active, float *scratch, size_t lane)
{
	const size_t O = net->inputs, V = net->value_units;
	size_t j = 0;
	vf bias = {0};
	if (O == 4 && active)
		for (; j + 2 <= V; j += 2)
			mlp_unit(net, sum, x, d, active, scratch, lane, j, 2, 4);
	if (O == 4)
		for (; j + 2 <= V; j += 2)
			mlp_unit(net, sum, x, d, NULL, scratch, lane, j, 2, 4);
	for (; j < V; j++) {
		if (O == 4) {
			mlp_unit(net, sum, x, d, active, scratch, lane, j, 1, 4);
			continue;
		}
		mlp_unit(net, sum, x, d, active, scratch, lane, j, 1, O);
		for (size_t i = 0; i < O; i++) {
			vf w = {0};
			weighed_inputs(net, &w, NULL, x + i * LANES + lane, scratch + lane, 1);
			store(sum + (i * V + j) * LANES + lane, w);
		}
	}
	weighed_inputs(net, NULL, &bias, x, d + lane, 0);
	store(sum + (O * V + 2 * V) * LANES + lane, bias);
}

static void value_estimate(const bern_fused_net *net, float *sum, const float *x, const float *d,
			   const float *active, float *scratch)
{
	const size_t O = net->inputs;
	for (size_t lane = 0; lane < LANES; lane += W) {
		if (net->value_kind == BERN_BASELINE_MLP) {
			mlp_estimate(net, sum, x, d, active, scratch, lane);
			continue;
		}
		for (size_t i = 0; i < O; i++) {
			vf w = {0};
			weighed_inputs(net, &w, NULL, x + i * LANES + lane, d + lane, 1);
			store(sum + i * LANES + lane, w);
		}
		vf bias = {0};
		weighed_inputs(net, NULL, &bias, x, d + lane, 0);
		store(sum + O * LANES + lane, bias);
	}
}

static void entropies(const bern_fused_net *net, float *out, const float *pi)
{
	float total[LANES] = {0};
	for (size_t n = 0; n < net->logits; n++)
		for (size_t l = 0; l < LANES; l++) {
			float p = pi[n * LANES + l], other = 1.0f - p;
			total[l] -= p * bern_logf(p > LEAST ? p : LEAST);
			if (net->one_unit)
				total[l] -= other * bern_logf(other > LEAST ? other : LEAST);
		}
	memcpy(out, total, sizeof total);
}

/* Half as many vectors, of the sums of neighbours among their lanes, in the same order. */
INLINE void add_neighbours(vf *v, size_t count)
{
	UNROLL
	for (size_t i = 0; i < count / 2; i++) {
		vl a = (vl)v[2 * i], b = (vl)v[2 * i + 1];
		v[i] = (vf)evens(a, b) + (vf)odds(a, b);
	}
}

static void fold(float *out, const float *sum, size_t count)
{
	size_t i = 0;
	for (; i + W <= count; i += W) { /* W sums of 16 lanes are 16 vectors */
		vf v[16];
		UNROLL
		for (size_t k = 0; k < 16; k++)
			v[k] = load(sum + i * LANES + k * W);
		add_neighbours(v, 16);
		add_neighbours(v, 8);
		add_neighbours(v, 4);
		add_neighbours(v, 2);
		store(out + i, v[0]);
	}
	for (; i < count; i++) {
		float part[LANES];
		memcpy(part, sum + i * LANES, sizeof part);
		for (size_t width = LANES / 2; width; width /= 2)
			for (size_t l = 0; l < width; l++)
				part[l] = part[2 * l] + part[2 * l + 1];
		out[i] = part[0];
	}
}

extern const bern_fused_kernels BERN_FUSED;
const bern_fused_kernels BERN_FUSED = {
	.name = BERN_FUSED_NAME,
	.fired_size = W == 16 ? sizeof(fired_unit) : LANES * sizeof(fired_unit),
	.act = act,
	.values = values,
	.entropies = entropies,
	.estimate = estimate,
	.value_estimate = value_estimate,
	.fold = fold,
};
