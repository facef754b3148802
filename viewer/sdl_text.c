#include "sdl_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- finding a font ---------------------------------------------------------------------------------------------------- */

/* Where fontconfig looks by default, and the systems' own folders. "~" is the home folder. */
static const char *const folders[] = {
	"/usr/share/fonts",
	"/usr/local/share/fonts",
	"~/.local/share/fonts",
	"~/.fonts",
	"/usr/share/fonts/truetype",
	"/usr/share/fonts/TTF",
	"/run/current-system/sw/share/X11/fonts",
	"/opt/homebrew/share/fonts",
	"/System/Library/Fonts",
	"/System/Library/Fonts/Supplemental",
	"/Library/Fonts",
};

/* Plain faces that have the signs that panels use, as Linux distributions and macOS place them; the best first. */
static const char *const faces[] = {
	"dejavu/DejaVuSans.ttf",
	"dejavu-sans-fonts/DejaVuSans.ttf",
	"DejaVuSans.ttf",
	"noto/NotoSans-Regular.ttf",
	"google-noto/NotoSans-Regular.ttf",
	"NotoSans-Regular.ttf",
	"liberation/LiberationSans-Regular.ttf",
	"liberation-sans/LiberationSans-Regular.ttf",
	"LiberationSans-Regular.ttf",
	"freefont/FreeSans.ttf",
	"Arial.ttf",
	"Helvetica.ttc",
};

static int readable(const char *path)
{
	FILE *file = fopen(path, "rb");
	if (file)
		fclose(file);
	return file != NULL;
}

static int find_font(char *out, size_t size)
{
	const char *home = getenv("HOME");
	for (size_t k = 0; k < sizeof faces / sizeof faces[0]; k++)
		for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
			const char *folder = folders[i];
			if (folder[0] == '~' && !home)
				continue;
			int length = snprintf(out, size, "%s%s/%s", folder[0] == '~' ? home : "",
					      folder + (folder[0] == '~'), faces[k]);
			if (length > 0 && (size_t)length < size && readable(out))
				return 1;
		}
	return 0;
}

int32_t sdl_text_init(sdl_text *text, const char *font, bern_error *e)
{
	memset(text, 0, sizeof *text);
	if (font) {
		if (strlen(font) >= sizeof text->path)
			return bern_fail(e, BERN_EUSAGE, "the path of the font is too long");
		memcpy(text->path, font, strlen(font) + 1);
	} else if (!find_font(text->path, sizeof text->path)) {
		return bern_fail(
			e, BERN_EIO,
			"no font was found for the text of the window; install DejaVu Sans "
			"(Debian: fonts-dejavu-core), or name a font file in BERN_FONT");
	}
	TTF_Font *probe = TTF_OpenFont(text->path, 12);
	if (!probe)
		return bern_fail(e, BERN_EIO, "the font %s cannot be used: %s", text->path,
				 TTF_GetError());
	TTF_CloseFont(probe);
	return 0;
}

void sdl_text_finish(sdl_text *text)
{
	for (size_t i = 0; i < SDL_TEXT_SETS; i++)
		for (size_t k = 0; k < SDL_TEXT_WAYS; k++) {
			free(text->lines[i][k].text);
			SDL_FreeSurface(text->lines[i][k].image);
		}
	for (size_t i = 0; i < SDL_TEXT_SIZES; i++)
		if (text->fonts[i].font)
			TTF_CloseFont(text->fonts[i].font);
	memset(text, 0, sizeof *text);
}

/* ---- fonts and lines ------------------------------------------------------------------------------------------------------ */

static TTF_Font *font_of(sdl_text *text, int size)
{
	size_t oldest = 0;
	for (size_t i = 0; i < SDL_TEXT_SIZES; i++) {
		if (text->fonts[i].size == size) {
			text->fonts[i].used = ++text->clock;
			return text->fonts[i].font;
		}
		if (text->fonts[i].used < text->fonts[oldest].used)
			oldest = i;
	}
	TTF_Font *font = TTF_OpenFont(text->path, size);
	if (!font)
		return NULL;
	TTF_SetFontHinting(font, TTF_HINTING_LIGHT);
	if (text->fonts[oldest].font)
		TTF_CloseFont(text->fonts[oldest].font);
	text->fonts[oldest].font = font;
	text->fonts[oldest].size = size;
	text->fonts[oldest].used = ++text->clock;
	return font;
}

/* FNV-1a over the bytes and the size. */
static uint32_t hash(const char *utf8, int size)
{
	uint32_t h = 2166136261u ^ (uint32_t)size;
	for (; *utf8; utf8++)
		h = (h ^ (unsigned char)*utf8) * 16777619u;
	return h ^ h >> 15;
}

SDL_Surface *sdl_text_line(sdl_text *text, int size, const char *utf8)
{
	if (size < 1 || !*utf8)
		return NULL;
	sdl_line *set = text->lines[hash(utf8, size) % SDL_TEXT_SETS], *place = set;
	for (size_t k = 0; k < SDL_TEXT_WAYS; k++) {
		if (set[k].text && set[k].size == size && !strcmp(set[k].text, utf8)) {
			set[k].used = ++text->clock;
			return set[k].image;
		}
		if (set[k].used < place->used)
			place = &set[k];
	}
	TTF_Font *font = font_of(text, size);
	size_t length = strlen(utf8) + 1;
	char *copy = font ? malloc(length) : NULL;
	if (!copy)
		return NULL;
	memcpy(copy, utf8, length);
	free(place->text);
	SDL_FreeSurface(place->image);
	place->text = copy;
	place->size = size;
	place->image = TTF_RenderUTF8_Blended(font, utf8, (SDL_Color){255, 255, 255, 255});
	place->used = ++text->clock;
	return place->image;
}

int sdl_text_ascent(sdl_text *text, int size)
{
	TTF_Font *font = size < 1 ? NULL : font_of(text, size);
	return font ? TTF_FontAscent(font) : 0;
}

int sdl_text_width(sdl_text *text, int size, const char *utf8)
{
	SDL_Surface *image = sdl_text_line(text, size, utf8);
	return image ? image->w : 0;
}
