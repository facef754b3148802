/* What firing and learning cost against width, depth, lanes and how many units fire, beside OpenBLAS doing the dense equivalent with
 * one thread, in the same run. Medians, taken in turns. A quiet machine tells; status 1 if a layer is slower than sgemm
 * where half of the units fire, or, from 512 units on, less than four times as fast where a tenth does.
 *
 * What is compared is what depends on inputs times units. Firing: the sum of the rows of weights of those that fired below, kernel
 * by kernel as agents/network.c calls them; sgemm, (B, I) times (I, J). Learning, from the R = 1,024 rows of 8 steps: the score added
 * to their rows of the gradient, as agents/estimator.c does, as many of them together as there; sgemm, (I, R) times (R, J), added to
 * the gradient.
 * Probabilities, draws and scores, which a dense network needs as well, are the column "units".
 *
 * usage: bench_wide [WIDEST]   4096 */
#include "bench_time.h"

#include <kernels.h>

#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LANES   128
#define STEPS   8
#define REPEATS 5
#define SECONDS 0.004 /* least time that is measured at once */
#define DEEPEST 8

/* L layers of W units, all with W inputs that fire or not; a layer's bits are the next one's input. */
typedef struct stack {
	const bern_kernels *kernels;
	size_t W, L;  /* units, layers */
	size_t B, R;  /* lanes that fire; rows that are learned from, of which they are the first */
	float *w, *g; /* (L, W, W) weights, gradient */
	float *bias;  /* (W) */
	float *p;     /* (L, R, W) */
	float *s;     /* (R, W) scores */
	float *a;     /* (B, W) */
	uint8_t *h;   /* (L+1, R, W); 0 is what the first layer gets */
	float *dense; /* (L+1, R, W) the same as numbers */
	float *c;     /* (R) reward of each row */
	uint32_t *rows; /* (W) */
	bern_firing_rng rng;
} stack;

/* What is timed. */
enum { FIRE, FIRE_DENSE, LEARN, LEARN_DENSE, UNITS, PARTS };

static void *take(size_t count, size_t size)
{
	void *block = calloc(count, size);
	if (block)
		return block;
	fprintf(stderr, "bench_wide: no memory for %zu numbers\n", count);
	exit(2);
}

static void stack_init(stack *s, const bern_kernels *kernels, size_t W, size_t L, size_t B,
		       size_t R, double rate)
{
	bern_pcg32 rng;
	*s = (stack){.kernels = kernels, .W = W, .L = L, .B = B, .R = R};
	s->w = take(L * W * W, sizeof(float));
	s->g = take(L * W * W, sizeof(float));
	s->bias = take(W, sizeof(float));
	s->p = take(L * R * W, sizeof(float));
	s->s = take(R * W, sizeof(float));
	s->a = take(B * W, sizeof(float));
	s->h = take((L + 1) * R * W, 1);
	s->dense = take((L + 1) * R * W, sizeof(float));
	s->c = take(R, sizeof(float));
	s->rows = take(W, sizeof(uint32_t));
	bern_pcg32_init(&rng, 1, W);
	for (size_t i = 0; i < L * W * W; i++)
		s->w[i] = 0.001f * ((float)(bern_pcg32_next(&rng) >> 8) / 8388608.0f - 1.0f);
	for (size_t r = 0; r < R; r++)
		s->c[r] = 0.001f * ((float)(bern_pcg32_next(&rng) >> 8) / 8388608.0f - 1.0f);
	bern_firing_rng_from(&s->rng, rng);
	/* every layer fires at the rate, whatever the weights above are */
	for (size_t i = 0; i < L * R * W; i++)
		s->p[i] = (float)(int32_t)(rate * (double)BERN_P_ONE) / BERN_P_ONE;
	for (size_t l = 0; l <= L; l++)
		kernels->fire(s->h + l * R * W, s->p, W, R, &s->rng);
	for (size_t i = 0; i < (L + 1) * R * W; i++)
		s->dense[i] = (float)s->h[i];
	for (size_t r = 0; r < R; r++)
		kernels->score(s->s + r * W, s->h + (R + r) * W, s->p, s->c + r, W, 1);
}

static void stack_finish(stack *s)
{
	free(s->w);
	free(s->g);
	free(s->bias);
	free(s->p);
	free(s->s);
	free(s->a);
	free(s->h);
	free(s->dense);
	free(s->c);
	free(s->rows);
}

static void fire(stack *s)
{
	size_t W = s->W;
	for (size_t l = 0; W * W >= BERN_WIDE && l < s->L; l++)
		s->kernels->affine_many(s->a, W, s->h + l * s->R * W, W, s->w + l * W * W, s->bias,
					s->B, W, W);
	for (size_t b = 0; W * W < BERN_WIDE && b < s->B; b++)
		for (size_t l = 0; l < s->L; l++) {
			const uint8_t *h_b = s->h + (l * s->R + b) * W;
			size_t count = s->kernels->fired(s->rows, h_b, W);
			s->kernels->affine_rows(s->a + b * W, s->rows, count, s->w + l * W * W,
						s->bias, W);
		}
}

static void fire_dense(stack *s)
{
	int W = (int)s->W;
	for (size_t l = 0; l < s->L; l++)
		cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)s->B, W, W, 1.0f,
			    s->dense + l * s->R * s->W, W, s->w + l * s->W * s->W, W, 0.0f, s->a,
			    W);
}

static void learn(stack *s)
{
	size_t W = s->W, many = bern_many(W);
	const uint8_t *h[BERN_MANY];
	for (size_t r = 0; W * W >= BERN_WIDE && r < s->R; r += many)
		for (size_t l = 0; l < s->L; l++) {
			size_t count = s->R - r < many ? s->R - r : many;
			for (size_t n = 0; n < count; n++)
				h[n] = s->h + (l * s->R + r + n) * W;
			s->kernels->outer_many(s->g + l * W * W, h, s->s + r * W, W, count, W, W);
		}
	for (size_t r = 0; W * W < BERN_WIDE && r < s->R; r++)
		for (size_t l = 0; l < s->L; l++) {
			const uint8_t *h_r = s->h + (l * s->R + r) * W;
			size_t count = s->kernels->fired(s->rows, h_r, W);
			s->kernels->outer_rows(s->g + l * W * W, s->rows, count, s->s + r * W, W);
		}
}

static void learn_dense(stack *s)
{
	int W = (int)s->W;
	for (size_t l = 0; l < s->L; l++)
		cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, W, W, (int)s->R, 1.0f,
			    s->dense + l * s->R * s->W, W, s->s, W, 1.0f, s->g + l * s->W * s->W,
			    W);
}

/* what a layer costs by its units alone, whoever multiplies: p from a, the draw, the score */
static void units(stack *s)
{
	size_t W = s->W;
	for (size_t b = 0; b < s->B; b++)
		for (size_t l = 0; l < s->L; l++) {
			float *p_b = s->p + (l * s->R + b) * W;
			uint8_t *h_b = s->h + ((l + 1) * s->R + b) * W;
			s->kernels->probability(s->a + b * W, s->a + b * W, W);
			s->kernels->fire(h_b, p_b, W, 1, &s->rng);
			s->kernels->score(s->s + b * W, h_b, p_b, s->c + b, W, 1);
		}
}

/* Seconds of one pass over all lanes, or rows, and layers, each part's median. */
static void measure(double seconds[PARTS], stack *s)
{
	static void (*const play[PARTS])(stack *) = {fire, fire_dense, learn, learn_dense, units};
	double times[PARTS][REPEATS];
	for (int k = -1; k < REPEATS; k++)
		for (int part = 0; part < PARTS; part++) {
			double begin = bench_now(), now;
			size_t rounds = 0;
			do {
				play[part](s);
				rounds++;
				now = bench_now();
			} while (now - begin < SECONDS);
			times[part][k < 0 ? 0 : k] = (now - begin) / (double)rounds;
		}
	for (int part = 0; part < PARTS; part++)
		seconds[part] = bench_median(times[part], REPEATS);
}

static void measure_stack(double seconds[PARTS], const bern_kernels *kernels, size_t W, size_t L,
			  size_t B, size_t R, double rate)
{
	stack s;
	stack_init(&s, kernels, W, L, B, R, rate);
	measure(seconds, &s);
	stack_finish(&s);
}

/* The row of one stack; returns 1 if it is slower than it should be. */
static int row(const bern_kernels *kernels, size_t W, size_t L, double rate)
{
	double t[PARTS], per = 1e6 / LANES, per_row = per / STEPS;
	measure_stack(t, kernels, W, L, LANES, STEPS * LANES, rate);
	double fire_ratio = t[FIRE_DENSE] / t[FIRE], learn_ratio = t[LEARN_DENSE] / t[LEARN];
	double goal = rate > 0.3 ? 1.0 : W >= 512 ? 4.0 : 0.0;
	double least = fire_ratio < learn_ratio ? fire_ratio : learn_ratio;
	printf("%6zu %6zu %5.0f%% %10.3f %10.3f %6.2f %10.3f %10.3f %6.2f %10.3f%s\n", W, L,
	       100 * rate, per * t[FIRE], per * t[FIRE_DENSE], fire_ratio, per_row * t[LEARN],
	       per_row * t[LEARN_DENSE], learn_ratio, per * t[UNITS],
	       least < goal ? "  short" : "");
	fflush(stdout);
	return least < goal;
}

/* Prints times at sizes[], and the slope of log time over log size (least squares): 1 is linear. */
static void slope(const char *what, const double *sizes, const double (*t)[PARTS], size_t count)
{
	static const int parts[] = {FIRE, LEARN, UNITS};
	static const char *const names[] = {"fire", "learn", "units"};
	for (size_t k = 0; k < 3; k++) {
		double sx = 0, sy = 0, sxx = 0, sxy = 0, n = (double)count;
		printf("%-16s %-6s", k ? "" : what, names[k]);
		for (size_t i = 0; i < count; i++) {
			double x = log(sizes[i]), y = log(t[i][parts[k]]);
			sx += x, sy += y, sxx += x * x, sxy += x * y;
			printf(" %6g: %8.1f", sizes[i], 1e6 * t[i][parts[k]]);
		}
		printf("   slope %.2f\n", (n * sxy - sx * sy) / (n * sxx - sx * sx));
	}
	fflush(stdout);
}

#define POINTS 5

static void slopes(const bern_kernels *kernels)
{
	double x[POINTS], t[POINTS][PARTS];
	printf("\n512 units: microseconds of all lanes, by what grows\n");
	for (size_t i = 0; i < POINTS; i++) {
		size_t B = (size_t)16 << i;
		x[i] = (double)B;
		measure_stack(t[i], kernels, 512, 1, B, STEPS * B, 0.2);
	}
	slope("lanes", x, (const double(*)[PARTS])t, POINTS);
	for (size_t i = 0; i < 4; i++)
		measure_stack(t[i], kernels, 512, (size_t)(x[i] = 1 << i), LANES, STEPS * LANES,
			      0.2);
	slope("layers", x, (const double(*)[PARTS])t, 4);
	for (size_t i = 0; i < POINTS; i++) {
		x[i] = 32 << i; /* 16 times as many at the end, all of them */
		measure_stack(t[i], kernels, 512, 1, LANES, STEPS * LANES, x[i] / 512.0);
	}
	slope("firing units", x, (const double(*)[PARTS])t, POINTS);
}

/* Of fewer rows, as a tile of 16 lanes may have, fewer share a reading of the gradient. */
static void by_rows(const bern_kernels *kernels, size_t W)
{
	printf("\n%zu units, 10%% firing: learning by rows, times as fast as sgemm\n", W);
	for (size_t R = 128; R <= STEPS * LANES; R *= 2) {
		double t[PARTS];
		measure_stack(t, kernels, W, 1, 16, R, 0.1);
		printf("%6zu %10.3f %10.3f %6.2f\n", R, 1e6 / (double)R * t[LEARN],
		       1e6 / (double)R * t[LEARN_DENSE], t[LEARN_DENSE] / t[LEARN]);
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	static const double rates[] = {0.1, 0.5};
	const bern_kernels *kernels;
	bern_error e;
	size_t widest = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 4096;
	int slow = 0;
	if (widest < 32 || widest > 16384) {
		fprintf(stderr, "bench_wide: '%s' is no width; allowed: 32 to 16384\n", argv[1]);
		return 2;
	}
	if (bern_kernels_select(&kernels, &e)) {
		fprintf(stderr, "bench_wide: %s\n", e.text);
		return 2;
	}
	openblas_set_num_threads(1);
	printf("kernels %s, beside %s\nmicroseconds a lane, %d lanes, or a row learned from, %d "
	       "rows, one "
	       "thread; times as fast as sgemm\n%6s %6s %6s %10s %10s %6s %10s %10s %6s %10s\n",
	       kernels->name, openblas_get_config(), LANES, STEPS * LANES, "units", "layers",
	       "firing", "fire", "sgemm", "times", "learn", "sgemm", "times", "units");
	for (size_t r = 0; r < 2; r++)
		for (size_t W = 32; W <= widest; W *= 2)
			slow += row(kernels, W, 1, rates[r]);
	for (size_t r = 0; r < 2; r++)
		for (size_t L = 2; L <= DEEPEST; L *= 2)
			slow += row(kernels, 512, L, rates[r]);
	by_rows(kernels, widest);
	slopes(kernels);
	return slow > 0;
}
