/* viewer/gif.h: GIF files by giflib, as pictures.h tells. Internal to the module. */
#ifndef BERN_GIF_H
#define BERN_GIF_H

#include "pictures.h"

int32_t gif_create(bern_gif **out, uint32_t width, uint32_t height, bern_error *e);
int32_t gif_frame(bern_gif *gif, const uint32_t *pixels, uint32_t centiseconds, bern_error *e);
int32_t gif_write(bern_gif *gif, const char *path, bern_error *e);
void gif_destroy(bern_gif *gif);

#endif
