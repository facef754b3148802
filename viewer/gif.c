/* GIF by giflib, made in memory. Each frame holds the rectangle of what changed, with a table of its own colours: drawings have few,
 * so that most frames are exact. */
#include "gif.h"

#include <file.h>
#include <gif_lib.h>
#include <stdlib.h>
#include <string.h>

#define MOST_COLORS 256u

/* A colour of the rectangle, how many pixels have it, and its place in the frame's table. */
typedef struct shade {
	uint32_t color, count, group, index, exact;
} shade;

struct bern_gif {
	GifFileType *file; /* owned; NULL after gif_write or an error */
	int32_t broken;    /* 1: an error came before */
	uint32_t width, height;
	uint32_t frames;
	unsigned char *bytes; /* owned: the file so far */
	size_t size, room;
	uint32_t *last; /* (height, width) owned: the frame before */
	uint8_t *row;   /* (width) owned */
	shade *shades;  /* (height * width) owned */
	uint32_t
		*places; /* (mask + 1) owned: number of a shade plus 1, by the hash of its colour */
	uint32_t mask;
	uint32_t shade_count;
};

static int append(GifFileType *file, const GifByteType *data, int length)
{
	bern_gif *g = file->UserData;
	size_t more = (size_t)length;
	if (g->size + more > g->room) {
		size_t room = 2 * g->room + more + 65536;
		unsigned char *bytes = realloc(g->bytes, room);
		if (!bytes)
			return 0;
		g->bytes = bytes;
		g->room = room;
	}
	memcpy(g->bytes + g->size, data, more);
	g->size += more;
	return length;
}

static int32_t fail(bern_gif *g, bern_error *e)
{
	const char *why = g->file ? GifErrorString(g->file->Error) : NULL;
	g->broken = 1;
	return bern_fail(e, BERN_EIO, "the GIF could not be made: %s", why ? why : "out of memory");
}

/* The extension that lets browsers play it again and again. */
static int put_loop(GifFileType *file)
{
	static const unsigned char times[3] = {1, 0, 0};
	return EGifPutExtensionLeader(file, APPLICATION_EXT_FUNC_CODE) == GIF_OK &&
	       EGifPutExtensionBlock(file, 11, "NETSCAPE2.0") == GIF_OK &&
	       EGifPutExtensionBlock(file, 3, times) == GIF_OK &&
	       EGifPutExtensionTrailer(file) == GIF_OK;
}

void gif_destroy(bern_gif *g)
{
	if (!g)
		return;
	if (g->file)
		EGifCloseFile(g->file, NULL);
	free(g->bytes);
	free(g->last);
	free(g->row);
	free(g->shades);
	free(g->places);
	free(g);
}

int32_t gif_create(bern_gif **out, uint32_t width, uint32_t height, bern_error *e)
{
	const size_t pixels = (size_t)width * height;
	*out = NULL;
	if (!width || !height || width > BERN_PICTURE_LIMIT || height > BERN_PICTURE_LIMIT)
		return bern_fail(e, BERN_EUSAGE,
				 "a GIF of %u x %u pixels is outside of 1 x 1 .. %d x %d pixels",
				 width, height, BERN_PICTURE_LIMIT, BERN_PICTURE_LIMIT);
	bern_gif *g = calloc(1, sizeof *g);
	if (!g)
		return bern_fail(e, BERN_EMEMORY, "out of memory");
	g->width = width;
	g->height = height;
	/* half of the places stay free */
	for (g->mask = 1023; g->mask < 2 * pixels; g->mask = 2 * g->mask + 1)
		;
	g->last = calloc(pixels, sizeof *g->last);
	g->row = calloc(width, sizeof *g->row);
	g->shades = calloc(pixels, sizeof *g->shades);
	g->places = calloc((size_t)g->mask + 1, sizeof *g->places);
	if (g->last && g->row && g->shades && g->places)
		g->file = EGifOpen(g, append, NULL);
	if (!g->file) {
		gif_destroy(g);
		return bern_fail(e, BERN_EMEMORY, "a GIF of %u x %u pixels: out of memory", width,
				 height);
	}
	EGifSetGifVersion(g->file, true);
	if (EGifPutScreenDesc(g->file, (int)width, (int)height, 8, 0, NULL) != GIF_OK ||
	    !put_loop(g->file)) {
		fail(g, e);
		gif_destroy(g);
		return e->code;
	}
	*out = g;
	return 0;
}

/* ---- a frame ------------------------------------------------------------------------------------------------- */

typedef struct box {
	uint32_t left, top, right, bottom; /* right and bottom lie outside */
} box;

/* The rectangle around what changed, at least one pixel. */
static box changed(const bern_gif *g, const uint32_t *pixels)
{
	box b = {g->width, g->height, 0, 0};
	if (g->frames == 0)
		return (box){0, 0, g->width, g->height};
	for (uint32_t y = 0; y < g->height; y++) {
		const uint32_t *new_y = pixels + (size_t)y * g->width;
		const uint32_t *old_y = g->last + (size_t)y * g->width;
		if (!memcmp(new_y, old_y, g->width * sizeof *new_y))
			continue;
		uint32_t left = 0, right = g->width;
		while (new_y[left] == old_y[left])
			left++;
		while (new_y[right - 1] == old_y[right - 1])
			right--;
		b.left = left < b.left ? left : b.left;
		b.right = right > b.right ? right : b.right;
		b.top = y < b.top ? y : b.top;
		b.bottom = y + 1;
	}
	return b.bottom ? b : (box){0, 0, 1, 1};
}

/* The shade of a colour, made if it is new. */
static shade *find(bern_gif *g, uint32_t color)
{
	uint32_t at = (color * 2654435761u >> 7) & g->mask;
	while (g->places[at] && g->shades[g->places[at] - 1].color != color)
		at = (at + 1) & g->mask;
	if (!g->places[at]) {
		g->shades[g->shade_count] = (shade){.color = color};
		g->places[at] = ++g->shade_count;
	}
	return &g->shades[g->places[at] - 1];
}

/* Whether the pixel is shown already: the first frame has nothing below it. */
static int stays(const bern_gif *g, const uint32_t *pixels, size_t i)
{
	return g->frames > 0 && pixels[i] == g->last[i];
}

static void count_shades(bern_gif *g, const uint32_t *pixels, box b)
{
	memset(g->places, 0, ((size_t)g->mask + 1) * sizeof *g->places);
	g->shade_count = 0;
	for (uint32_t y = b.top; y < b.bottom; y++)
		for (uint32_t x = b.left; x < b.right; x++) {
			size_t i = (size_t)y * g->width + x;
			if (!stays(g, pixels, i))
				find(g, pixels[i] & 0xffffff)->count++;
		}
}

/* Shades of the most pixels, which keep their colours however many there are. */
#define EXACT 128u

static int by_count(const void *a_, const void *b_)
{
	const shade *a = a_, *b = b_;
	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return a->color < b->color ? -1 : a->color > b->color;
}

static int by_group(const void *a_, const void *b_)
{
	const shade *a = a_, *b = b_;
	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return a->color < b->color ? -1 : a->color > b->color;
}

/* Chooses at most `room` colours. Where there are more shades, the rarer ones that agree but for their lowest bits are one colour, that
 * of most of their pixels: areas stay exact, and only the soft edges between them lose. Returns how many. */
static uint32_t choose_colors(bern_gif *g, GifColorType *colors, uint32_t room)
{
	uint32_t count = room + 1;
	qsort(g->shades, g->shade_count, sizeof *g->shades, by_count);
	for (uint32_t i = 0; i < g->shade_count; i++)
		g->shades[i].exact = i < EXACT;
	for (unsigned drop = 0; count > room; drop++) {
		const uint32_t mask = 0x010101u * (0xffu << drop & 0xff);
		for (uint32_t i = 0; i < g->shade_count; i++)
			g->shades[i].group = g->shades[i].exact ? g->shades[i].color | 1u << 24
								: g->shades[i].color & mask;
		qsort(g->shades, g->shade_count, sizeof *g->shades, by_group);
		count = 0;
		for (uint32_t i = 0; i < g->shade_count; i++) {
			shade *s = &g->shades[i];
			if (i == 0 || s->group != s[-1].group) {
				if (count < room)
					colors[count] = (GifColorType){
						(GifByteType)(s->color >> 16),
						(GifByteType)(s->color >> 8 & 255),
						(GifByteType)(s->color & 255)};
				count++;
			}
			s->index = count - 1;
		}
	}
	/* they were put in another order */
	memset(g->places, 0, ((size_t)g->mask + 1) * sizeof *g->places);
	for (uint32_t i = 0; i < g->shade_count; i++) {
		uint32_t at = (g->shades[i].color * 2654435761u >> 7) & g->mask;
		while (g->places[at])
			at = (at + 1) & g->mask;
		g->places[at] = i + 1;
	}
	return count;
}

static int put_control(bern_gif *g, uint32_t centiseconds, int transparent)
{
	GifByteType block[4];
	GraphicsControlBlock control = {.DisposalMode = DISPOSE_DO_NOT,
					.DelayTime = (int)centiseconds,
					.TransparentColor = transparent};
	size_t size = EGifGCBToExtension(&control, block);
	return EGifPutExtension(g->file, GRAPHICS_EXT_FUNC_CODE, (int)size, block) == GIF_OK;
}

static int put_rows(bern_gif *g, const uint32_t *pixels, box b, uint32_t transparent)
{
	for (uint32_t y = b.top; y < b.bottom; y++) {
		for (uint32_t x = b.left; x < b.right; x++) {
			size_t i = (size_t)y * g->width + x;
			g->row[x - b.left] =
				(uint8_t)(stays(g, pixels, i)
						  ? transparent
						  : find(g, pixels[i] & 0xffffff)->index);
		}
		if (EGifPutLine(g->file, g->row, (int)(b.right - b.left)) != GIF_OK)
			return 0;
	}
	return 1;
}

int32_t gif_frame(bern_gif *g, const uint32_t *pixels, uint32_t centiseconds, bern_error *e)
{
	GifColorType colors[MOST_COLORS] = {{0, 0, 0}};
	if (!g->file || g->broken)
		return bern_fail(e, BERN_EUSAGE, "nothing can be added to this GIF");
	if (centiseconds < 2 || centiseconds > 65535)
		return bern_fail(e, BERN_EUSAGE,
				 "a frame of %u centiseconds is outside of 2 .. 65535",
				 centiseconds);
	const box b = changed(g, pixels);
	count_shades(g, pixels, b);
	/* the last place is for what stays */
	uint32_t count = choose_colors(g, colors, MOST_COLORS - 1), table = 2;
	while (table < count + 1)
		table *= 2;
	ColorMapObject *map = GifMakeMapObject((int)table, colors);
	int good = map &&
		   put_control(g, centiseconds, g->frames ? (int)count : NO_TRANSPARENT_COLOR) &&
		   EGifPutImageDesc(g->file, (int)b.left, (int)b.top, (int)(b.right - b.left),
				    (int)(b.bottom - b.top), false, map) == GIF_OK &&
		   put_rows(g, pixels, b, count);
	GifFreeMapObject(map);
	if (!good)
		return fail(g, e);
	memcpy(g->last, pixels, (size_t)g->width * g->height * sizeof *pixels);
	g->frames++;
	return 0;
}

int32_t gif_write(bern_gif *g, const char *path, bern_error *e)
{
	if (!g->file || g->broken || !g->frames)
		return bern_fail(e, BERN_EUSAGE, "%.300s: this GIF has no frames to write", path);
	int error = 0, closed = EGifCloseFile(g->file, &error);
	g->file = NULL;
	if (closed != GIF_OK)
		return fail(g, e);
	return bern_file_replace(path, &(bern_piece){g->bytes, g->size}, 1, e);
}
