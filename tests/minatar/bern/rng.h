/* Takes the place of bern/rng.h where test_minatar compiles the games: the same code then gets the draws of a script instead of
 * random ones. The generator that is handed through is the script of test_minatar.c. */
#ifndef BERN_RNG_H
#define BERN_RNG_H

#include <stdint.h>

typedef struct bern_rng bern_rng;

double replayed_uniform(void *script);
uint64_t replayed_below(void *script, uint64_t n);

static inline double bern_rng_uniform(bern_rng *rng)
{
	return replayed_uniform(rng);
}

static inline uint64_t bern_rng_below(bern_rng *rng, uint64_t n)
{
	return replayed_below(rng, n);
}

#endif
