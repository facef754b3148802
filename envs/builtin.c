#include <bern/builtin.h>

/* builtin_list.h is made by Meson: one X(name) for each environment file */
#define X(name) bern_plugin_entry bern_plugin_##name;
#include "builtin_list.h"
#undef X

static bern_plugin_entry *const entries[] = {
#define X(name) bern_plugin_##name,
#include "builtin_list.h"
#undef X
};

const bern_plugin *bern_builtin_plugin(size_t index)
{
	return index < sizeof entries / sizeof entries[0] ? entries[index]() : NULL;
}
