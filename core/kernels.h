/* core/kernels.h: the inner loops of the networks.
 *
 * One source, core/kernels.c, is built once for each instruction set, and core/kernels_ref.c is the plain version that
 * defines what they compute: every level gives the same bits as the reference, over every size. Sums run in the order the
 * reference states: over inputs in ascending order; over units in 16 partial sums (unit j to sum j mod 16) and then a fixed
 * tree. No fused multiply-add, no libm but sqrt.
 *
 * Shapes: I inputs, J units, K firings; P = bern_padded(J) is J rounded up to 16. Weights are (I, J), so that an input that is 1
 * adds one contiguous row. Firings h are bytes 0 or 1, (K, P). Arrays of length P are padded: readable and writable to P.
 * Every pointer may be unaligned; outputs do not overlap inputs, but where
 * a function says so. Any thread.
 */
#ifndef BERN_CORE_KERNELS_H
#define BERN_CORE_KERNELS_H

#include <bern/error.h>
#include <bern/seed.h>

/* Sampling compares 24 random bits with p, so p is kept on the grid of 2^-24: then P(h = 1) is p exactly. */
#define BERN_P_ONE 16777216.0f

/* Kernels for wide layers learn from that many rows at once, at most. */
#define BERN_MANY 512

/* How many rows wait in a layer of so many inputs: the more, the more seldom its gradient is read and written. From 512 inputs on
 * their scores take a quarter of the gradient's room at most. */
static inline size_t bern_many(size_t inputs)
{
	size_t rows = inputs / 4 / 64 * 64;
	return rows < 128 ? 128 : rows < BERN_MANY ? rows : BERN_MANY;
}

/* Layers of so many weights, inputs times units, gain by that. */
#define BERN_WIDE (32 * 32)

/* Kernels for few outputs keep that many sums in registers. */
#define BERN_FEW 8

static inline size_t bern_padded(size_t units)
{
	return (units + 15) & ~(size_t)15;
}

/* What an optimiser step needs beside the arrays. */
typedef struct bern_adam_step {
	float rate; /* learning rate of these parameters */
	float beta1, beta2;
	float correct1, correct2; /* 1/(1 - beta^t) */
	float epsilon;
} bern_adam_step;

typedef struct bern_kernels {
	const char *name; /* "reference", "x86-64", "avx2", "avx512" */

	/* a[j] = bias[j] + sum over i of x[i] w[i,j]; inputs that are 0 are skipped. */
	void (*affine)(float *a, const float *x, const float *w, const float *bias, size_t I,
		       size_t J);
	/* a[j] = bias[j] + sum over the `count` listed rows of w[i,j]: the affine map of firings. */
	void (*affine_rows)(float *a, const uint32_t *rows, size_t count, const float *w,
			    const float *bias, size_t J);
	/* w[i,j] += x[i] s[j]; inputs that are 0 are skipped. */
	void (*outer)(float *w, const float *x, const float *s, size_t I, size_t J);
	/* w[i,j] += s[j] for the listed rows. */
	void (*outer_rows)(float *w, const uint32_t *rows, size_t count, const float *s, size_t J);
	/* Many rows at once, so that weights are read once for all of them, with the sums of affine_rows and outer_rows:
	 * a[r,j] = bias[j] + sum over i of w[i,j] where h[r,i] is 1; rows of a are a_stride numbers apart, those of h h_stride. */
	void (*affine_many)(float *a, size_t a_stride, const uint8_t *h, size_t h_stride,
			    const float *w, const float *bias, size_t count, size_t I, size_t J);
	/* w[i,j] += s[r,j] where h[r][i] is 1, r ascending; at most BERN_MANY rows, those of s s_stride numbers apart. */
	void (*outer_many)(float *w, const uint8_t *const *h, const float *s, size_t s_stride,
			   size_t count, size_t I, size_t J);
	/* Of the `count` listed units, whose weights are rows of their own (J, I): a[r] = bias[rows[r]] + sum over i of
	 * x[i] w[rows[r],i], in the order of dot; bias may be NULL (0). What is not listed is not read. a is (count). */
	void (*dot_rows)(float *a, const uint32_t *rows, size_t count, const float *x,
			 const float *w, const float *bias, size_t I);
	/* a[j] = bias[j] + sum over the listed rows of x[r] w[rows[r],j]: x is (count). */
	void (*scaled_rows)(float *a, const uint32_t *rows, const float *x, size_t count,
			    const float *w, const float *bias, size_t J);
	/* w[rows[r],j] += x[r] s[j]: x is (count); every row is listed at most once. */
	void (*outer_scaled)(float *w, const uint32_t *rows, const float *x, size_t count,
			     const float *s, size_t J);
	/* Lists in ascending order the units that fired; returns how many. rows has room for P. */
	size_t (*fired)(uint32_t *rows, const uint8_t *h, size_t J);
	/* What a layer does otherwise when the `count` listed units below do: lists in ascending order the units j of which
	 * excess[j] + sum over r of sign[r] w[rows[r],j], in the order of scaled_rows, is above 0 and h[j] is 0, or the other way
	 * round; returns how many. turned has room for P and is not rows. */
	size_t (*turn_over)(uint32_t *turned, const uint32_t *rows, const float *sign, size_t count,
			    const float *w, const float *excess, const uint8_t *h, size_t J);

	/* Lists in ascending order the inputs that are not 0, and their values in `given`; returns how many. Both have room for
	 * bern_padded(I). With scaled_rows and outer_scaled, what affine and outer compute. */
	size_t (*nonzero)(uint32_t *rows, float *given, const float *x, size_t I);

	/* p[j] = sigmoid(a[j]) on the grid of 2^-24, 0 in the padding. p and a are (P) and may be the same. */
	void (*probability)(float *p, const float *a, size_t J);
	/* h[k,j] = 1 with probability p[j]: firing k draws P numbers of the stream, unit j the j-th. h is (K, P). */
	void (*fire)(uint8_t *h, const float *p, size_t J, size_t K, bern_firing_rng *rng);
	/* The next 16 numbers of the stream. */
	void (*draw)(uint32_t u[BERN_LEAPS], bern_firing_rng *rng);
	/* s[j] = (sum over k of c[k] h[k,j]) - p[j] (sum over k of c[k]): the score of K firings from one p. s is (P). */
	void (*score)(float *s, const uint8_t *h, const float *p, const float *c, size_t J,
		      size_t K);
	/* g[j] += sum over k of c[k] h[k,j]. g is (J). */
	void (*fired_sum)(float *g, const uint8_t *h, const float *c, size_t J, size_t K);
	/* g[j,n] += d[k,n] where h[k,j] is 1, for each k in turn, as outer_rows would: g is (J, N), d (K, N), N at most BERN_FEW. */
	void (*fired_outer)(float *g, const uint8_t *h, const float *d, size_t J, size_t N,
			    size_t K);
	/* out[k] = bias + sum over j of w[j] where h[k,j] is 1. */
	void (*fired_dot)(float *out, const uint8_t *h, const float *w, float bias, size_t J,
			  size_t K);
	/* pi[k,n] = softmax over n of bias[n] + sum over j of w[j,n] where h[k,j] is 1: w is (J, N), pi (K, N), N at most
	 * BERN_FEW. The sum over j as in affine_rows, the largest logit taken off first, the sum of exponentials ascending. */
	void (*fired_softmax)(float *pi, const uint8_t *h, const float *w, const float *bias,
			      size_t J, size_t N, size_t K);
	/* bias + sum over j of w[j] x[j]. */
	float (*dot)(const float *x, const float *w, float bias, size_t J);

	/* y[j] += x[j]. */
	void (*add)(float *y, const float *x, size_t J);
	/* sum of x[j]^2, in the order of dot. */
	float (*sum_squares)(const float *x, size_t J);
	/* Adam (Kingma & Ba 2015, algorithm 1), uphill: w += rate m^/(sqrt(v^) + epsilon). */
	void (*adam)(float *w, float *m, float *v, const float *g, const bern_adam_step *step,
		     size_t J);

	/* x[j] = x[j] c + d, `rounds` times over: the ceiling of multiply-adds that bench measures. J is a multiple of 192. */
	void (*multiply_add)(float *x, float c, float d, size_t J, size_t rounds);
} bern_kernels;

extern const bern_kernels bern_kernels_reference;

/* The levels built in and usable on this CPU, best first, ended by NULL; the last is the reference. */
const bern_kernels *const *bern_kernels_usable(void);

/* The best level, or the one that the environment variable BERN_CPU names; an unknown name, or a level this CPU lacks, is an
 * error. */
int32_t bern_kernels_select(const bern_kernels **out, bern_error *e);

#endif
