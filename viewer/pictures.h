/* viewer/pictures.h: pictures without a window, by cairo; and moving ones, by giflib. No cairo in this header.
 *
 * The module `pictures` exports bern_pictures_1(), which returns this table; cli/module.h opens it. A picture is a bern_paper in
 * memory that becomes pixels, or a PNG or SVG file. Any thread, one at a time for each picture.
 */
#ifndef BERN_PICTURES_H
#define BERN_PICTURES_H

#include <bern/error.h>
#include <canvas.h>

typedef struct bern_picture bern_picture;
typedef struct bern_gif bern_gif;

enum bern_picture_kind {
	BERN_PICTURE_PIXELS, /* written as PNG */
	BERN_PICTURE_SVG
};

/* What a picture is to be like. */
typedef struct bern_picture_plan {
	int32_t kind; /* enum bern_picture_kind */
	double width,
		height; /* the paper at first: view(0, 0, width, height); one unit is a pixel at scale 1 */
	double scale;        /* 2: twice as many pixels each way, SVG: points; 0 stands for 1 */
	uint32_t background; /* 0xRRGGBBAA */
} bern_picture_plan;

/* Most pixels of a picture each way. */
#define BERN_PICTURE_LIMIT 16384

typedef struct bern_pictures {
	uint32_t struct_size; /* sizeof(bern_pictures) */
	uint32_t reserved;
	const char *version; /* of the Bern that it was built with */

	/* A picture of the background alone. An error if its sides are below 1 or above BERN_PICTURE_LIMIT pixels. */
	int32_t (*create)(bern_picture **out, const bern_picture_plan *plan, bern_error *e);
	void (*destroy)(bern_picture *picture);
	/* What is drawn on. Its view() stretches to the whole picture; a bern_region keeps the ratio. Owned by the picture. */
	const bern_paper *(*paper)(bern_picture *picture);
	/* PIXELS: paints the background over all, undoes view() and clips; for the next frame in the same memory. */
	void (*clear)(bern_picture *picture);
	/* PIXELS: (*height, *width) of 0xAARRGGBB, first row on top, multiplied by their alpha; no gaps between rows. Owned by the
	 * picture, good until it is drawn on. NULL for SVG. */
	const uint32_t *(*pixels)(bern_picture *picture, uint32_t *width, uint32_t *height);
	/* Writes a PNG or SVG file, whole or not at all. An SVG takes no more drawing afterwards. */
	int32_t (*write)(bern_picture *picture, const char *path, bern_error *e);

	/* A GIF that plays for ever, of frames of (height, width) pixels, made in memory; NULL: built without giflib. What did not
	 * change since the frame before is left out. */
	int32_t (*gif_create)(bern_gif **out, uint32_t width, uint32_t height, bern_error *e);
	/* Adds a frame that is shown for `centiseconds`, 2 or more. pixels: as of pixels(), opaque; read during the call. */
	int32_t (*gif_frame)(bern_gif *gif, const uint32_t *pixels, uint32_t centiseconds,
			     bern_error *e);
	/* Writes the file, whole or not at all. Needs a frame. Nothing can be added afterwards. */
	int32_t (*gif_write)(bern_gif *gif, const char *path, bern_error *e);
	void (*gif_destroy)(bern_gif *gif);
} bern_pictures;

#define BERN_PICTURES_SYMBOL "bern_pictures_1"
typedef const bern_pictures *bern_pictures_entry(void);

#endif
