/* shapes.h: a small set of pictures to learn from where no files are at hand.
 *
 * Pictures of 12 by 12 grey points in ten classes: bars (lying, standing, rising, falling), plus, cross, square, disc, corner and two
 * dots; each at a place, of a size and a brightness of its own, under noise. Labels 0 to 9 in this order.
 */
#ifndef BERN_SHAPES_H
#define BERN_SHAPES_H

#include <bern/rng.h>
#include <stddef.h>

#define BERN_SHAPE_SIDE    12
#define BERN_SHAPE_PIXELS  (BERN_SHAPE_SIDE * BERN_SHAPE_SIDE)
#define BERN_SHAPE_CLASSES 10

/* Draws count pictures: images (count, BERN_SHAPE_PIXELS), 0 dark to 255 bright, and labels (count). */
void bern_shapes(uint8_t *images, uint8_t *labels, size_t count, bern_rng *rng);

#endif
