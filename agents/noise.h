/* noise.h: the noise of rectifier units, one 32-bit number each, and what such units put out in the mean.
 *
 * A number w stands for u = (w + 1/2) / 2^32, and the noise is the quantile of u: it grows with w, so that the same number gives
 * the same noise in a clone, and its complement gives the opposite. Only +, -, *, / and sqrt: same bits everywhere.
 */
#ifndef BERN_NOISE_H
#define BERN_NOISE_H

#include <stdint.h>

/* Standard normal: algorithm AS 241, PPND7 (Wichura 1988), relative error about 1e-7. Between -6.34 and 6.34. */
float bern_noise_normal(uint32_t word);

/* Standard logistic, log(u / (1 - u)): P(z < a) = sigmoid(a). Between -22.9 and 22.9. */
float bern_noise_logistic(uint32_t word);

/* E max(0, a + z): of normal noise a Phi(a) + phi(a), error under 2e-7 (1 + |a|) (Abramowitz & Stegun 1964, 7.1.26); of
 * logistic noise log(1 + exp(a)). */
float bern_mean_rectified_normal(float a);
float bern_mean_rectified_logistic(float a);

#endif
