/* Answers questions about boxes of PNG files, for viewer.sh and draw.sh. Status 0: yes.
 *
 *     png_box size FILE                    prints width and height
 *     png_box same FILE FILE BOX           whether the pixels of "LEFT TOP RIGHT BOTTOM" are equal
 *     png_box has FILE RRGGBB BOX COUNT    whether at least so many pixels of it have the colour
 */
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned char *read_png(const char *path, png_image *image)
{
	memset(image, 0, sizeof *image);
	image->version = PNG_IMAGE_VERSION;
	if (!png_image_begin_read_from_file(image, path))
		return NULL;
	image->format = PNG_FORMAT_RGB;
	unsigned char *pixels = malloc(PNG_IMAGE_SIZE(*image));
	if (pixels && !png_image_finish_read(image, NULL, pixels, 0, NULL)) {
		free(pixels);
		return NULL;
	}
	return pixels;
}

int main(int argc, char **argv)
{
	png_image a, b;
	unsigned char *pa = argc > 2 ? read_png(argv[2], &a) : NULL, *pb = NULL;
	if (!pa)
		return 2;
	int status = 2;
	unsigned left, top, right, bottom, color, found = 0, unequal = 0;
	if (!strcmp(argv[1], "size"))
		status = printf("%u %u\n", (unsigned)a.width, (unsigned)a.height) < 0;
	if (argc < 5 || sscanf(argv[4], "%u %u %u %u", &left, &top, &right, &bottom) != 4 ||
	    right > a.width || bottom > a.height)
		goto done;
	if (!strcmp(argv[1], "same")) {
		pb = read_png(argv[3], &b);
		if (!pb || a.width != b.width || a.height != b.height)
			goto done;
		for (unsigned y = top; y < bottom; y++)
			unequal |= memcmp(pa + 3 * (y * a.width + left),
					  pb + 3 * (y * a.width + left), 3 * (right - left)) != 0;
		status = unequal != 0;
	} else if (argc > 5 && sscanf(argv[3], "%x", &color) == 1) {
		for (unsigned y = top; y < bottom; y++)
			for (unsigned x = left; x < right; x++) {
				const unsigned char *p = pa + 3 * (y * a.width + x);
				found += (unsigned)(p[0] << 16 | p[1] << 8 | p[2]) == color;
			}
		status = found < (unsigned)atoi(argv[5]);
	}
done:
	free(pa);
	free(pb);
	return status;
}
