/* bern/math.h: exp, log, sine and their kin with the same bits on every machine, header-only.
 *
 * libm's results change with the CPU and the library version. These use only +, -, *, /, comparisons, sqrt and the bits of a
 * number, all of which IEEE 754 fixes, so every compiler and optimisation level gives the same bits, provided that it neither
 * fuses nor reorders: compile with -ffp-contract=off (the flags of the pkg-config module `bern` say so) and never with
 * -ffast-math. C11 and C++17; no symbol of any library is needed on x86-64 and arm64.
 *
 * Every function is free of branches, so loops over arrays vectorise; the float ones need no instruction that AVX2 lacks.
 * NaN in gives NaN out. The error that each states is in ulp (units in the last place of the exact result), the largest seen
 * against a higher precision over the range given, rounded up; tests/test_math.c measures it.
 *
 * Polynomials: Remez's algorithm with relative weight. Reduction of exp and sine: Cody & Waite 1980, "Software Manual for the
 * Elementary Functions". The form of log: Tang 1990, "Table-driven implementation of the logarithm function", without table.
 */
#ifndef BERN_MATH_H
#define BERN_MATH_H

#include <bern/rng.h>
#include <math.h>
#include <string.h>

#if defined(__FAST_MATH__)
#error "bern/math.h promises the same bits everywhere, which -ffast-math breaks: compile without it"
#endif
#if defined(__SSE2__) && !defined(__NO_MATH_ERRNO__)
#include <emmintrin.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- bits and choices ------------------------------------------------------------------------------ */

/* The bits of a number as an unsigned integer of its size, and back. */
static inline uint32_t bern_bits_of_float(float x)
{
	uint32_t bits;
	memcpy(&bits, &x, sizeof bits);
	return bits;
}

static inline float bern_float_of_bits(uint32_t bits)
{
	float x;
	memcpy(&x, &bits, sizeof x);
	return x;
}

static inline uint64_t bern_bits_of_double(double x)
{
	uint64_t bits;
	memcpy(&bits, &x, sizeof bits);
	return bits;
}

static inline double bern_double_of_bits(uint64_t bits)
{
	double x;
	memcpy(&x, &bits, sizeof x);
	return x;
}

/* |x| with no call of fabs. */
static inline float bern_absf(float x)
{
	return bern_float_of_bits(bern_bits_of_float(x) & 0x7fffffffu);
}

static inline double bern_abs(double x)
{
	return bern_double_of_bits(bern_bits_of_double(x) & 0x7fffffffffffffffu);
}

/* The size of the first with the sign of the second. */
static inline float bern_copysignf(float size, float sign)
{
	return bern_float_of_bits((bern_bits_of_float(size) & 0x7fffffffu) |
				  (bern_bits_of_float(sign) & 0x80000000u));
}

static inline double bern_copysign(double size, double sign)
{
	return bern_double_of_bits((bern_bits_of_double(size) & 0x7fffffffffffffffu) |
				   (bern_bits_of_double(sign) & 0x8000000000000000u));
}

/* The square root, correctly rounded as IEEE 754 demands; below 0 it is NaN. Where the compiler would call libm to set errno,
 * the instruction is used directly, so that a plugin needs no library. */
static inline double bern_sqrt(double x)
{
#if defined(__NO_MATH_ERRNO__)
	return sqrt(x);
#elif defined(__SSE2__)
	return _mm_cvtsd_f64(_mm_sqrt_sd(_mm_set_sd(x), _mm_set_sd(x)));
#elif defined(__aarch64__)
	double root;
	__asm__("fsqrt %d0, %d1" : "=w"(root) : "w"(x));
	return root;
#else
	return sqrt(x);
#endif
}

static inline float bern_sqrtf(float x)
{
#if defined(__NO_MATH_ERRNO__)
	return sqrtf(x);
#else
	/* the root in double, rounded to float, is the correctly rounded one: 53 >= 2 * 24 + 2 */
	return (float)bern_sqrt(x);
#endif
}

/* ---- float ----------------------------------------------------------------------------------------- */

/* exp(r) for |r| <= ln(2)/2, relative error 2^-28 before rounding. */
static inline float bern_exp_polynomialf(float r)
{
	float p = 0x1.6a243ap-10f;
	p = p * r + 0x1.1239e2p-7f;
	p = p * r + 0x1.5558f2p-5f;
	p = p * r + 0x1.555492p-3f;
	p = p * r + 0x1.fffffcp-2f;
	return 1.0f + (r + r * r * p);
}

/* n = x / ln(2) to the nearest whole number as *shifted = n + 1.5 * 2^23, whose low bits are n; returns x - n ln(2). */
static inline float bern_exp_reducef(float x, float *shifted)
{
	const float shift = 0x1.8p23f;
	float n;
	*shifted = x * 0x1.715476p+0f + shift;
	n = *shifted - shift;
	return (x - n * 0x1.62e4p-1f) - n * 0x1.7f7d1cp-20f;
}

/* e^x. Error 1 ulp, subnormal results included; +inf above 88.73, 0 below -103.98. */
static inline float bern_expf(float x)
{
	float shifted, r;
	uint32_t n, half;
	x = x > 89.0f ? 89.0f : x;
	x = x < -104.0f ? -104.0f : x;
	r = bern_exp_reducef(x, &shifted);
	/* 2^n in two factors, each a normal number, so that overflow and subnormals come out by themselves */
	n = bern_bits_of_float(shifted) - 0x4b400000u + 254u;
	half = n >> 1;
	return bern_exp_polynomialf(r) * bern_float_of_bits(half << 23) *
	       bern_float_of_bits((n - half) << 23);
}

/* e^x for -87 <= x <= 88, where one factor does. */
static inline float bern_exp_middlef(float x)
{
	float shifted, r = bern_exp_reducef(x, &shifted);
	return bern_exp_polynomialf(r) *
	       bern_float_of_bits((bern_bits_of_float(shifted) << 23) + 0x3f800000u);
}

/* 1 / (1 + e^-x). Error 2.5 ulp, non-decreasing, in [0, 1]; exactly 0 below -87 (the exact value is under 1.7e-38 there), exactly
 * 1 from 17.4 on; sigmoid(x) + sigmoid(-x) is 1 within 1.2e-7. Results are never subnormal. */
static inline float bern_sigmoidf(float x)
{
	float t = x < -87.0f ? -87.0f : x;
	t = t > 87.0f ? 87.0f : t;
	t = 1.0f / (1.0f + bern_exp_middlef(-t));
	return x < -87.0f ? 0.0f : t;
}

/* Hyperbolic tangent. Error 2 ulp, non-decreasing, odd. */
static inline float bern_tanhf(float x)
{
	float size = bern_absf(x), square, small, large;
	size = size > 10.0f ? 10.0f : size; /* tanh(10) rounds to 1 */
	/* near 0, where 1 - 2 / (e^2x + 1) cancels, a polynomial */
	square = size * size;
	small = -0x1.9bba62p-8f;
	small = small * square + 0x1.595688p-6f;
	small = small * square + -0x1.b92bbap-5f;
	small = small * square + 0x1.110d3cp-3f;
	small = small * square + -0x1.55554cp-2f;
	small = size + size * square * small;
	large = 1.0f - 2.0f / (bern_exp_middlef(2.0f * size) + 1.0f);
	return bern_copysignf(size < 0.55f ? small : large, x);
}

/* Natural logarithm. Error 1 ulp, subnormal arguments included; -inf of 0, NaN below 0. */
static inline float bern_logf(float x)
{
	/* x = 2^k (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)); subnormals are scaled up first */
	int tiny = x < 0x1p-126f;
	uint32_t bits = bern_bits_of_float(tiny ? x * 0x1p23f : x) + (0x3f800000u - 0x3f3504f3u);
	float k = (float)((int32_t)(bits >> 23) - (tiny ? 150 : 127));
	float f = bern_float_of_bits((bits & 0x7fffffu) + 0x3f3504f3u) - 1.0f;
	float s = f / (2.0f + f), z = s * s, half_square = 0.5f * f * f, r;
	/* log(1 + f) = 2 atanh(s) = f - f^2/2 + s (f^2/2 + r) */
	r = 0x1.e2f712p-3f;
	r = r * z + 0x1.2438d4p-2f;
	r = r * z + 0x1.999a7ap-2f;
	r = r * z + 0x1.555554p-1f;
	r = r * z;
	r = k * 0x1.62e4p-1f - ((half_square - (s * (half_square + r) + k * 0x1.7f7d1cp-20f)) - f);
	r = x > 0.0f ? r : (x == 0.0f ? -INFINITY : NAN);
	return x < INFINITY ? r : (x == INFINITY ? INFINITY : NAN);
}

/* ---- double ---------------------------------------------------------------------------------------- */

/* exp(r) for |r| <= ln(2)/2, relative error 2^-64 before rounding. */
static inline double bern_exp_polynomial(double r)
{
	double p = 0x1.1e3d414d78352p-29;
	p = p * r + 0x1.af6be802cb42fp-26;
	p = p * r + 0x1.27e5b43830ff0p-22;
	p = p * r + 0x1.71ddf020bbdd1p-19;
	p = p * r + 0x1.a01a013696bf0p-16;
	p = p * r + 0x1.a01a01b37e403p-13;
	p = p * r + 0x1.6c16c16c30471p-10;
	p = p * r + 0x1.111111110ec5dp-7;
	p = p * r + 0x1.5555555555503p-5;
	p = p * r + 0x1.555555555555bp-3;
	p = p * r + 0.5;
	return 1.0 + (r + r * r * p);
}

/* e^x. Error 1 ulp, subnormal results included; +inf above 709.79, 0 below -745.14. */
static inline double bern_exp(double x)
{
	const double shift = 0x1.8p52;
	double shifted, whole, r;
	uint64_t n, half;
	x = x > 710.0 ? 710.0 : x;
	x = x < -746.0 ? -746.0 : x;
	shifted = x * 0x1.71547652b82fep+0 + shift;
	whole = shifted - shift;
	r = (x - whole * 0x1.62e42fefa3000p-1) - whole * 0x1.3de6af278ece6p-42;
	/* 2^n in two factors, each a normal number, so that overflow and subnormals come out by themselves */
	n = bern_bits_of_double(shifted) - 0x4338000000000000u + 2046u;
	half = n >> 1;
	return bern_exp_polynomial(r) * bern_double_of_bits(half << 52) *
	       bern_double_of_bits((n - half) << 52);
}

/* 1 / (1 + e^-x). Error 2 ulp, in [0, 1]; exactly 0 below -708 (the exact value is under 3.4e-308 there), exactly 1 from 37.5
 * on; sigmoid(x) + sigmoid(-x) is 1 within 2.3e-16. */
static inline double bern_sigmoid(double x)
{
	double y = 1.0 / (1.0 + bern_exp(-x));
	return x < -708.0 ? 0.0 : y;
}

/* Hyperbolic tangent. Error 2 ulp, odd. */
static inline double bern_tanh(double x)
{
	double size = bern_abs(x), square, small, large;
	size = size > 20.0 ? 20.0 : size; /* tanh(20) rounds to 1 */
	/* near 0, where 1 - 2 / (e^2x + 1) cancels, a polynomial */
	square = size * size;
	small = 0x1.f49243a2131bcp-18;
	small = small * square + -0x1.14b2af0160761p-15;
	small = small * square + 0x1.8a31094a0f805p-14;
	small = small * square + -0x1.f396064801b2cp-13;
	small = small * square + 0x1.353e5376e5c78p-11;
	small = small * square + -0x1.7da180b4ab634p-10;
	small = small * square + 0x1.d6d3b89ce5830p-9;
	small = small * square + -0x1.226e34f627a90p-7;
	small = small * square + 0x1.664f4880856c4p-6;
	small = small * square + -0x1.ba1ba1ba1472ap-5;
	small = small * square + 0x1.11111111110b4p-3;
	small = small * square + -0x1.5555555555555p-2;
	small = size + size * square * small;
	large = 1.0 - 2.0 / (bern_exp(2.0 * size) + 1.0);
	return bern_copysign(size < 0.55 ? small : large, x);
}

/* Natural logarithm. Error 1 ulp, subnormal arguments included; -inf of 0, NaN below 0. */
static inline double bern_log(double x)
{
	/* x = 2^k (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)); subnormals are scaled up first */
	int tiny = x < 0x1p-1022;
	uint64_t bits = bern_bits_of_double(tiny ? x * 0x1p52 : x) +
			(0x3ff0000000000000u - 0x3fe6a09e667f3bcdu);
	/* the exponent becomes a double through the low bits of 2^52 */
	double k = bern_double_of_bits(bits >> 52 | 0x4330000000000000u) -
		   (0x1p52 + (tiny ? 1075.0 : 1023.0));
	double f = bern_double_of_bits((bits & 0xfffffffffffffu) + 0x3fe6a09e667f3bcdu) - 1.0;
	double s = f / (2.0 + f), z = s * s, half_square = 0.5 * f * f, r;
	/* log(1 + f) = 2 atanh(s) = f - f^2/2 + s (f^2/2 + r) */
	r = 0x1.0f631188eb8d5p-3;
	r = r * z + 0x1.0f5cc90bd73d0p-3;
	r = r * z + 0x1.3b20ab8f8d3d7p-3;
	r = r * z + 0x1.745cde359bf91p-3;
	r = r * z + 0x1.c71c7258fdc59p-3;
	r = r * z + 0x1.249249242b411p-2;
	r = r * z + 0x1.9999999999dffp-2;
	r = r * z + 0x1.5555555555555p-1;
	r = r * z;
	r = k * 0x1.62e42fefa3000p-1 -
	    ((half_square - (s * (half_square + r) + k * 0x1.3de6af278ece6p-42)) - f);
	r = x > 0.0 ? r : (x == 0.0 ? (double)-INFINITY : (double)NAN);
	return x < (double)INFINITY ? r : (x == (double)INFINITY ? x : (double)NAN);
}

/* sin(x) = x + x z p and cos(x) = 1 - z/2 + z z p with z = x^2, |x| <= pi/4: the two p. */
static inline double bern_sine_polynomial(double z)
{
	double p = 0x1.5d8fbac53d7c1p-33;
	p = p * z + -0x1.ae5e5a4535cf3p-26;
	p = p * z + 0x1.71de356775b0ap-19;
	p = p * z + -0x1.a01a019bfd884p-13;
	p = p * z + 0x1.111111110f7cdp-7;
	return p * z + -0x1.5555555555548p-3;
}

static inline double bern_cosine_polynomial(double z)
{
	double p = -0x1.8fa47fe73a9afp-37;
	p = p * z + 0x1.1ee9d7836b1d3p-29;
	p = p * z + -0x1.27e4f7ea7d605p-22;
	p = p * z + 0x1.a01a019c83ee7p-16;
	p = p * z + -0x1.6c16c16c14f8ep-10;
	return p * z + 0x1.555555555554bp-5;
}

/* Sine and cosine of head + tail, |head + tail| <= pi/4 and |tail| under an ulp of head. */
static inline void bern_sincos_polynomial(double head, double tail, double *sine, double *cosine)
{
	double z = head * head, half_square = 0.5 * z, one_less = 1.0 - half_square;
	/* head + (head^3 p(head^2) + tail cos(head)), the cosine being near enough 1 - head^2/2 */
	*sine = head + (head * z * bern_sine_polynomial(z) + (tail - tail * half_square));
	/* 1 - head^2/2 + (head^4 p(head^2) - tail head), and what rounding 1 - head^2/2 loses */
	*cosine = one_less + (((1.0 - one_less) - half_square) +
			      (z * z * bern_cosine_polynomial(z) - tail * head));
}

/* Sine and cosine of an angle that lies so many right angles, modulo 4, beyond one with sine s and cosine c. In bits, which
 * processors choose and turn faster than numbers. */
static inline void bern_sincos_turn(uint64_t quadrant, double s, double c, double *sine,
				    double *cosine)
{
	uint64_t s_bits = bern_bits_of_double(s), c_bits = bern_bits_of_double(c);
	uint64_t swap = (s_bits ^ c_bits) & (0 - (quadrant & 1));
	*sine = bern_double_of_bits(s_bits ^ swap ^ (quadrant & 2) << 62);
	*cosine = bern_double_of_bits(c_bits ^ swap ^ ((quadrant + 1) & 2) << 62);
}

/* Sine and cosine at once. Error 1 ulp for |x| <= 1e6. Beyond, the reduction is inexact: absolute error |x| * 2^-50, up to 2^40
 * (1.1e12), from where on both are NaN, because neighbouring doubles are then too far apart to mean an angle. */
static inline void bern_sincos(double x, double *sine, double *cosine)
{
	const double shift = 0x1.8p52;
	double shifted, n, a, b, w, rest, head, tail, z, s, c;
	uint64_t quadrant;
	/* x - n pi/2, with pi/2 in parts of 33 bits whose products with n are exact; what rounding loses goes to `rest` */
	shifted = x * 0x1.45f306dc9c883p-1 + shift;
	n = shifted - shift;
	quadrant = bern_bits_of_double(shifted);
	a = x - n * 0x1.921fb544p+0;
	w = n * 0x1.0b4611a6p-34;
	b = a - w;
	z = a - b;
	rest = (a - (b + z)) + (z - w);
	a = b;
	w = n * 0x1.3198a2ep-69;
	b = a - w;
	z = a - b;
	rest += (a - (b + z)) + (z - w);
	rest -= n * 0x1.b839a252049c1p-104;
	head = b + rest;
	tail = (b - head) + rest;

	bern_sincos_polynomial(head, tail, &s, &c);
	bern_sincos_turn(quadrant, s, c, &a, &b);
	*sine = bern_abs(x) <= 0x1p40 ? a : (double)NAN;
	*cosine = bern_abs(x) <= 0x1p40 ? b : (double)NAN;
}

/* The same bits as bern_sincos, in half of the time, for |x| <= 0.78 (a little under pi/4) and no other. */
static inline void bern_sincos_small(double x, double *sine, double *cosine)
{
	double z = x * x, half_square = 0.5 * z, one_less = 1.0 - half_square;
	*sine = x + x * z * bern_sine_polynomial(z); /* of -0, as there, 0: the product is +0 */
	*cosine = one_less + (((1.0 - one_less) - half_square) + z * z * bern_cosine_polynomial(z));
}

/* Sine and cosine in half of the time of bern_sincos, with an absolute error of 2^-52 for |x| <= 1e6: beside a multiple of pi/2 the
 * one that is nearly 0 keeps no relative accuracy. For dynamics that add what they get to other numbers. Beyond, the error is
 * |x| * 2^-50, and from 2^40 on the results mean nothing; of infinity and NaN they are NaN. */
static inline void bern_sincos_quick(double x, double *sine, double *cosine)
{
	const double shift = 0x1.8p52;
	double shifted = x * 0x1.45f306dc9c883p-1 + shift, n = shifted - shift;
	uint64_t quadrant = bern_bits_of_double(shifted);
	/* pi/2 in two parts: the product with the first is exact, and so is the difference */
	double r = (x - n * 0x1.921fb544p+0) - n * 0x1.0b4611a626331p-34;
	/* the polynomials in pairs of terms, which need not wait for each other as those of bern_sincos do */
	double z = r * r, z2 = z * z, z4 = z2 * z2, s, c;
	s = (-0x1.5555555555548p-3 + z * 0x1.111111110f7cdp-7) +
	    z2 * (-0x1.a01a019bfd884p-13 + z * 0x1.71de356775b0ap-19) +
	    z4 * (-0x1.ae5e5a4535cf3p-26 + z * 0x1.5d8fbac53d7c1p-33);
	c = (0x1.555555555554bp-5 + z * -0x1.6c16c16c14f8ep-10) +
	    z2 * (0x1.a01a019c83ee7p-16 + z * -0x1.27e4f7ea7d605p-22) +
	    z4 * (0x1.1ee9d7836b1d3p-29 + z * -0x1.8fa47fe73a9afp-37);
	s = r + r * z * s;
	c = (1.0 - 0.5 * z) + z2 * c;
	bern_sincos_turn(quadrant, s, c, sine, cosine);
}

/* Sine; range and error as of bern_sincos. */
static inline double bern_sin(double x)
{
	double sine, cosine;
	bern_sincos(x, &sine, &cosine);
	return sine;
}

/* Cosine; range and error as of bern_sincos. */
static inline double bern_cos(double x)
{
	double sine, cosine;
	bern_sincos(x, &sine, &cosine);
	return cosine;
}

/* x^y for x >= 0, as e^(y log x). Error 2 + 3 |y log x| ulp: good for decays and schedules, not for exact powers of whole
 * numbers. x^0 = 1 and 1^y = 1, always; below 0 it is NaN. */
static inline double bern_pow(double x, double y)
{
	double power = bern_exp(y * bern_log(x));
	return y == 0.0 || x == 1.0 ? 1.0 : power;
}

/* A standard normal number by Box & Muller 1958, the cosine half: always two draws of 64 bits, so that streams stay in step,
 * and |result| <= 8.58. Not numpy's numbers, which come from a table. */
static inline double bern_normal(bern_rng *rng)
{
	double u = 1.0 - bern_rng_uniform(rng); /* in (0, 1] */
	double turn = bern_rng_uniform(rng);
	return bern_sqrt(-2.0 * bern_log(u)) * bern_cos(6.283185307179586 * turn);
}

#ifdef __cplusplus
}
#endif

#endif
