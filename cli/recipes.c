#define _XOPEN_SOURCE 700 /* realpath */
#include "command.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __APPLE__
#include <mach-o/dyld.h>
#endif

/* printf to a string of its own; NULL if memory is out */
static char *text_of(const char *format, ...) BERN_PRINTF(1, 2);
static char *text_of(const char *format, ...)
{
	va_list args, again;
	va_start(args, format);
	va_copy(again, args);
	int length = vsnprintf(NULL, 0, format, args);
	char *text = length < 0 ? NULL : malloc((size_t)length + 1);
	if (text)
		vsnprintf(text, (size_t)length + 1, format, again);
	va_end(again);
	va_end(args);
	return text;
}

/* Writes the folder that the running program lies in; 0 if that cannot be known. */
static int program_folder(char *out, size_t size)
{
#ifdef __APPLE__
	uint32_t room = (uint32_t)size;
	if (_NSGetExecutablePath(out, &room) != 0)
		return 0;
#else
	ssize_t length = readlink("/proc/self/exe", out, size - 1);
	if (length <= 0)
		return 0;
	out[length] = '\0';
#endif
	char *slash = strrchr(out, '/');
	if (!slash)
		return 0;
	*slash = '\0';
	return 1;
}

/* Both are found from the program, so that a tree that was moved still works. */
char *build_path(const char *inside)
{
	char program[4096];
	if (!program_folder(program, sizeof program))
		return NULL;
	char *marker = text_of("%s/meson-private/coredata.dat", program);
	int in_build = marker && access(marker, F_OK) == 0;
	free(marker);
	return in_build ? text_of("%s/%s", program, inside) : NULL;
}

char *source_path(const char *inside)
{
#ifdef BERN_BUILD_TO_SOURCE
	char *build = build_path(BERN_BUILD_TO_SOURCE), *folder = NULL;
	/* absolute where the build folder lies outside of the source tree */
	if (build)
		folder = text_of("%s/%s",
				 BERN_BUILD_TO_SOURCE[0] == '/' ? BERN_BUILD_TO_SOURCE : build,
				 inside);
	free(build);
	/* without the dots, for people to read */
	char *real = folder ? realpath(folder, NULL) : NULL;
	free(folder);
	return real;
#else
	(void)inside;
	return NULL;
#endif
}

char *recipe_folder(size_t index)
{
	const char *given = getenv("BERN_RECIPES");
	if (given && *given && index-- == 0)
		return text_of("%s", given);
	char *source = source_path("runs/recipes");
	if (source && index-- == 0)
		return source;
	free(source);
#ifdef BERN_DATADIR
	if (index-- == 0)
		return text_of("%s/bern/recipes", BERN_DATADIR);
#endif
	return NULL;
}

char *recipe_find(const char *name)
{
	char *folder;
	for (size_t i = 0; (folder = recipe_folder(i)); i++) {
		char *path = text_of("%s/%s.yaml", folder, name);
		/* in the folder, '/' of the id is '-' */
		if (path)
			for (char *c = path + strlen(folder) + 1; *c; c++)
				*c = *c == '/' ? '-' : *c;
		free(folder);
		if (path && access(path, F_OK) == 0)
			return path;
		free(path);
	}
	return NULL;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

size_t recipe_names(char ***out)
{
	char **names = NULL;
	size_t count = 0;
	char *folder;
	for (size_t i = 0; (folder = recipe_folder(i)); i++) {
		DIR *dir = opendir(folder);
		struct dirent *entry;
		while (dir && (entry = readdir(dir))) {
			size_t length = strlen(entry->d_name);
			if (length <= 5 || strcmp(entry->d_name + length - 5, ".yaml") != 0)
				continue;
			char **more = realloc(names, (count + 1) * sizeof *more);
			if (!more)
				break;
			names = more;
			names[count] = text_of("%.*s", (int)length - 5, entry->d_name);
			if (!names[count])
				break;
			count++;
		}
		if (dir)
			closedir(dir);
		free(folder);
	}
	size_t kept = 0;
	if (count)
		qsort(names, count, sizeof *names, by_name);
	for (size_t i = 0; i < count; i++)
		if (kept && !strcmp(names[kept - 1], names[i]))
			free(names[i]);
		else
			names[kept++] = names[i];
	*out = names;
	return kept;
}

int32_t recipe_choose(const char *name_or_file, char **path, bern_error *e)
{
	size_t length = strlen(name_or_file);
	int is_file = (length > 5 && !strcmp(name_or_file + length - 5, ".yaml")) ||
		      name_or_file[0] == '/' || name_or_file[0] == '.';
	*path = is_file ? text_of("%s", name_or_file) : recipe_find(name_or_file);
	if (*path)
		return 0;
	if (is_file)
		return bern_fail(e, BERN_EMEMORY, "out of memory");
	char **names;
	size_t count = recipe_names(&names);
	char hint[200];
	bern_suggest(name_or_file, (const char *const *)names, count, hint, sizeof hint);
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
	return bern_fail(e, BERN_EUSAGE, "--recipe: no recipe %.200s%s", name_or_file,
			 *hint ? hint : "; a file ends in .yaml");
}
