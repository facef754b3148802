#include "shapes.h"

#include <stdlib.h>

enum { LYING, STANDING, RISING, FALLING, PLUS, CROSS, SQUARE, DISC, CORNER, DOTS };

/* Is the point (u, v), from the middle, part of the shape of size r? */
static int inside(int shape, int u, int v, int r)
{
	int across = abs(u), up = abs(v);
	int box = across <= r && up <= r;
	switch (shape) {
	case LYING:
		return v == 0 && across <= r;
	case STANDING:
		return u == 0 && up <= r;
	case RISING:
		return u == -v && box;
	case FALLING:
		return u == v && box;
	case PLUS:
		return (u == 0 || v == 0) && box;
	case CROSS:
		return across == up && box;
	case SQUARE:
		return box && (across == r || up == r);
	case DISC:
		return u * u + v * v <= r * r;
	case CORNER:
		return box && (u == -r || v == r);
	default:
		return across == r && up <= 1;
	}
}

void bern_shapes(uint8_t *images, uint8_t *labels, size_t count, bern_rng *rng)
{
	for (size_t n = 0; n < count; n++) {
		int shape = (int)bern_rng_below(rng, BERN_SHAPE_CLASSES);
		int r = 2 + (int)bern_rng_below(rng, 3);
		int room = BERN_SHAPE_SIDE - 2 * r;
		int x = r + (int)bern_rng_below(rng, (uint64_t)room);
		int y = r + (int)bern_rng_below(rng, (uint64_t)room);
		double bright = bern_rng_range(rng, 130.0, 190.0);
		labels[n] = (uint8_t)shape;
		for (int i = 0; i < BERN_SHAPE_PIXELS; i++) {
			int u = i % BERN_SHAPE_SIDE - x, v = i / BERN_SHAPE_SIDE - y;
			double noise = bern_rng_range(rng, 0.0, 65.0);
			images[n * BERN_SHAPE_PIXELS + (size_t)i] =
				(uint8_t)(noise + (inside(shape, u, v, r) ? bright : 0.0));
		}
	}
}
