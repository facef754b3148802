/* viewer/pictures_text.h: letters for pictures: a real font, and text that cairo can be given. Internal to the module. */
#ifndef BERN_PICTURES_TEXT_H
#define BERN_PICTURES_TEXT_H

#include <cairo.h>
#include <stddef.h>

/* Copies text, cut at whole letters to fit, with '?' in place of bytes that are not UTF-8: cairo would draw nothing any more. */
void picture_text_clean(char *out, size_t size, const char *utf8);

/* Chooses the font of all pictures, with letters that are neither bent to the pixels nor coloured at their edges. */
void picture_text_font(cairo_t *cr);

#endif
