#include "module.h"

#include "command.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* "viewer/pictures" of BERN_MODULES, which are the modules that were built together with this program, each with its folder, and blanks
 * between; *size is its length. NULL: there is none of that name. */
static const char *find_module(const char *name, size_t *size)
{
	const size_t length = strlen(name);
	for (const char *at = BERN_MODULES; *at; at += *size, at += *at == ' ') {
		*size = strcspn(at, " ");
		const char *slash = memchr(at, '/', *size);
		const size_t folder = slash ? (size_t)(slash - at) + 1 : 0;
		if (*size - folder == length && !strncmp(at + folder, name, length))
			return at;
	}
	return NULL;
}

/* Where a module lies: beside a program in its build folder, else where it is installed. Owned by the caller: free. */
static char *module_path(const char *name, const char *found, size_t length)
{
	char inside[64];
	snprintf(inside, sizeof inside, "%.*s", (int)(length - strlen(name) - 1), found);
	char *build = build_path(inside);
	size_t size = strlen(build ? build : BERN_MODULEDIR) + strlen(name) + 5;
	char *path = malloc(size);
	if (path)
		snprintf(path, size, "%s/%s.so", build ? build : BERN_MODULEDIR, name);
	free(build);
	return path;
}

int32_t module_open(const char *name, const char *symbol, const void **table, bern_error *e)
{
	size_t length = 0;
	const char *listed = find_module(name, &length);
	*table = NULL;
	if (!listed)
		return bern_fail(
			e, BERN_EIO,
			"this bern was built without the Meson feature `%s`; README.md tells "
			"what to install for it, then: meson setup --reconfigure build",
			name);
	char *path = module_path(name, listed, length);
	if (!path)
		return bern_fail(e, BERN_EMEMORY, "out of memory");
	int32_t rc = 0;
	void *library = NULL;
	if (access(path, F_OK) != 0)
		rc = bern_fail(e, BERN_EIO, "the module %.500s is missing", path);
	else if (!(library = dlopen(path, RTLD_NOW | RTLD_LOCAL)))
		rc = bern_fail(e, BERN_EIO, "the module %s could not be opened: %.500s", name,
			       dlerror());
	void *found = library ? dlsym(library, symbol) : NULL;
	if (rc == 0 && !found)
		rc = bern_fail(e, BERN_EFORMAT, "%.500s has no %s: it is no module of this bern",
			       path, symbol);
	if (rc == 0) {
		/* C has no cast from an object pointer to a function pointer */
		const void *(*entry)(void);
		memcpy(&entry, &found, sizeof entry);
		*table = entry();
	}
	free(path);
	return rc;
}

int32_t module_open_pictures(const bern_pictures **pictures, bern_error *e)
{
	const void *table;
	int32_t rc = module_open("pictures", BERN_PICTURES_SYMBOL, &table, e);
	*pictures = table;
	if (rc == 0 && ((*pictures)->struct_size != sizeof(bern_pictures) ||
			strcmp((*pictures)->version, BERN_VERSION) != 0))
		rc = bern_fail(e, BERN_EFORMAT,
			       "the module pictures is of another version of Bern");
	return rc;
}
