#include "noise.h"

#include <bern/math.h>

static double uniform(uint32_t word)
{
	return ((double)word + 0.5) * (1.0 / 4294967296.0);
}

float bern_noise_normal(uint32_t word)
{
	double u = uniform(word), q = u - 0.5;
	if (bern_abs(q) <= 0.425) {
		double r = 0.180625 - q * q;
		double above = ((59.109374720 * r + 159.29113202) * r + 50.434271938) * r +
			       3.3871327179;
		double below = ((67.187563600 * r + 78.757757664) * r + 17.895169469) * r + 1.0;
		return (float)(q * above / below);
	}
	/* at most sqrt(log(2^33)) = 4.78: the algorithm's third piece, for r > 5, is out of reach */
	double r = bern_sqrt(-bern_log(q < 0.0 ? u : 1.0 - u)) - 1.6;
	double z = (((0.17023821103 * r + 1.3067284816) * r + 2.7568153900) * r + 1.4234372777) /
		   ((0.12021132975 * r + 0.73700164250) * r + 1.0);
	return (float)(q < 0.0 ? -z : z);
}

float bern_noise_logistic(uint32_t word)
{
	double u = uniform(word);
	return (float)(bern_log(u) - bern_log(1.0 - u));
}

float bern_mean_rectified_normal(float a)
{
	double x = (double)a, size = bern_abs(x) * 0.7071067811865476;
	double t = 1.0 / (1.0 + 0.3275911 * size), bell = bern_exp(-0.5 * x * x);
	/* (1 - erf(size)) / 2: the tail beyond |a| */
	double tail =
		0.5 * bell * t *
		(0.254829592 +
		 t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
	double mean = x * (x < 0.0 ? tail : 1.0 - tail) + 0.3989422804014327 * bell;
	return (float)(mean > 0.0 ? mean : 0.0);
}

float bern_mean_rectified_logistic(float a)
{
	double x = (double)a, rest = bern_log(1.0 + bern_exp(-bern_abs(x)));
	return (float)(x > 0.0 ? x + rest : rest);
}
