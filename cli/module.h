/* cli/module.h: optional parts of the program that are opened at run time, so that it starts without their libraries.
 *
 * A module NAME is viewer/NAME.so or cli/NAME.so of the build folder that the program lies in, else libdir/bern/NAME.so. It exports one
 * function without arguments that returns its table.
 */
#ifndef BERN_CLI_MODULE_H
#define BERN_CLI_MODULE_H

#include <bern/error.h>
#include <pictures.h>

/* Opens the module NAME, which must have been built as the Meson feature of the same name, and calls the function `symbol`. The
 * module stays open until the program ends: libraries such as SDL2 and cairo do not like to be unloaded. The sentence says which
 * feature is off, which file is missing, or what the loader said. */
int32_t module_open(const char *name, const char *symbol, const void **table, bern_error *e);

/* As module_open of `pictures`, with a check that module and program are of one version. */
int32_t module_open_pictures(const bern_pictures **pictures, bern_error *e);

#endif
