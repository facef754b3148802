/* bern/builtin.h: the environments that Bern brings along, for a registry to adopt.
 *
 * Each file of envs/ is one plugin; envs/meson.build lists them, and nothing else does.
 */
#ifndef BERN_BUILTIN_H
#define BERN_BUILTIN_H

#include <bern/env.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The built-in plugin number `index`, in the order of the list; NULL past the last. Static data, any thread. */
const bern_plugin *bern_builtin_plugin(size_t index);

#ifdef __cplusplus
}
#endif

#endif
