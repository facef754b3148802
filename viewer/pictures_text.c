#include "pictures_text.h"

#include <string.h>

/* How many bytes the letter at `s` has; 0 if it is not UTF-8 as RFC 3629 has it, or a control character. */
static size_t letter_size(const unsigned char *s)
{
	if (s[0] < 0x80)
		return s[0] >= 0x20 && s[0] != 0x7f;
	size_t size = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < size; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	/* longer than need be, a half of a pair, or beyond the last letter */
	int bad = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
		  (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f);
	return bad ? 0 : size;
}

void picture_text_clean(char *out, size_t size, const char *utf8)
{
	const unsigned char *s = (const unsigned char *)utf8;
	size_t length = 0;
	while (*s) {
		size_t letter = letter_size(s);
		if (length + (letter ? letter : 1) + 1 > size)
			break;
		if (letter)
			memcpy(out + length, s, letter);
		else
			out[length] = '?';
		length += letter ? letter : 1;
		s += letter ? letter : 1;
	}
	out[length] = '\0';
}

void picture_text_font(cairo_t *cr)
{
	cairo_font_options_t *options = cairo_font_options_create();
	cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
	cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
	cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
	cairo_set_font_options(cr, options);
	cairo_font_options_destroy(options);
	/* fontconfig takes the nearest that there is */
	cairo_select_font_face(cr, "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL,
			       CAIRO_FONT_WEIGHT_NORMAL);
}
