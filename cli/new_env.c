#define _XOPEN_SOURCE 700 /* mkdtemp */
#include "new_env.h"

#include "new_env_files.h"

#include <bern/builtin.h>

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_ROOM 4096

static const char *const letters =
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

static const struct {
	const char *name;
	const char *const *lines;
} files[] = {
	{"env.c", env_c},
	{"meson.build", meson_build},
	{"README.md", README_md},
};
#define FILE_COUNT (sizeof files / sizeof files[0])

/* ---- names ---------------------------------------------------------------------------------------------------------- */

static int is_identifier(const char *text, size_t length)
{
	return length > 0 && length < NEW_ENV_NAME_ROOM && isalpha((unsigned char)text[0]) &&
	       strspn(text, letters) >= length;
}

/* Length of "-vN" at the end of a text, 0 if it has none. */
static size_t version_length(const char *text)
{
	size_t length = strlen(text), digits = 0;
	while (digits < length && isdigit((unsigned char)text[length - 1 - digits]))
		digits++;
	const char *first = text + length - digits;
	if (digits == 0 || digits > 9 || (digits > 1 && *first == '0') || length < digits + 2 ||
	    strncmp(first - 2, "-v", 2) != 0)
		return 0;
	return digits + 2;
}

/* Writes my_env as MyEnv. */
static size_t camel(char *out, const char *name, size_t length)
{
	size_t at = 0;
	int capital = 1;
	for (size_t i = 0; i < length; i++) {
		if (name[i] != '_')
			out[at++] = (char)(capital ? toupper((unsigned char)name[i]) : name[i]);
		capital = name[i] == '_';
	}
	out[at] = '\0';
	return at;
}

static int is_builtin(const char *id)
{
	const bern_plugin *plugin;
	for (size_t i = 0; (plugin = bern_builtin_plugin(i)); i++)
		for (uint32_t k = 0; k < plugin->count; k++)
			if (!strcmp(plugin->envs[k]->id, id))
				return 1;
	return 0;
}

int32_t new_env_name(new_env *n, const char *typed, bern_error *e)
{
	const char *slash = strchr(typed, '/'), *name = slash ? slash + 1 : typed;
	const size_t space = slash ? (size_t)(slash - typed) : 0, version = version_length(name),
		     length = strlen(name) - version;
	char plain[NEW_ENV_NAME_ROOM];
	if ((slash && !is_identifier(typed, space)) || !is_identifier(name, length))
		return bern_fail(
			e, BERN_EUSAGE,
			"'%.200s' is no name for an environment; allowed is "
			"[namespace/]Name[-vN], each a letter and then letters, digits and "
			"_, at most %d of them",
			typed, NEW_ENV_NAME_ROOM - 1);
	camel(plain, name, length);
	snprintf(n->folder, sizeof n->folder, "%.*s", (int)length, name);
	snprintf(n->id, sizeof n->id, "%.*s%s%s%s", (int)space, typed, slash ? "/" : "", plain,
		 version ? name + length : "-v0");
	if (is_builtin(n->id))
		return bern_fail(
			e, BERN_EUSAGE,
			"%s is built in; another name or version, or a namespace of your own "
			"(%s/%s), makes it another environment",
			n->id, "me", n->id);
	return 0;
}

/* ---- files ---------------------------------------------------------------------------------------------------------- */

/* Writes a line with @ID@ and @FOLDER@ replaced. */
static void put_line(FILE *out, const char *line, const new_env *n)
{
	const char *const marks[][2] = {{"@ID@", n->id}, {"@FOLDER@", n->folder}};
	while (*line) {
		size_t i = 0;
		while (i < 2 && strncmp(line, marks[i][0], strlen(marks[i][0])) != 0)
			i++;
		if (i < 2) {
			fputs(marks[i][1], out);
			line += strlen(marks[i][0]);
		} else {
			fputc(*line++, out);
		}
	}
	fputc('\n', out);
}

static int32_t write_file(const new_env *n, const char *path, const char *const *lines,
			  bern_error *e)
{
	FILE *out = fopen(path, "w");
	if (!out)
		return bern_fail(e, BERN_EIO, "writing %s: %s", path, strerror(errno));
	for (; *lines; lines++)
		put_line(out, *lines, n);
	int failed = fflush(out) != 0;
	int reason = errno;
	failed = fclose(out) != 0 || failed;
	return failed ? bern_fail(e, BERN_EIO, "writing %s: %s", path, strerror(reason)) : 0;
}

static int32_t write_all(const new_env *n, const char *folder, bern_error *e)
{
	char path[PATH_ROOM + 64];
	int32_t rc = 0;
	for (size_t i = 0; rc == 0 && i < FILE_COUNT; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, files[i].name);
		rc = write_file(n, path, files[i].lines, e);
	}
	return rc;
}

static void remove_all(const char *folder)
{
	char path[PATH_ROOM + 64];
	for (size_t i = 0; i < FILE_COUNT; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, files[i].name);
		unlink(path);
	}
	rmdir(folder);
}

int32_t new_env_write(const new_env *n, const char *path, bern_error *e)
{
	char temporary[PATH_ROOM];
	struct stat there;
	if (lstat(path, &there) == 0)
		return bern_fail(e, BERN_EIO, "%s is there already; nothing is ever written over",
				 path);
	int length = snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
	if (length < 0 || (size_t)length >= sizeof temporary)
		return bern_fail(e, BERN_EUSAGE, "the path of the folder is longer than %d bytes",
				 PATH_ROOM - 8);
	if (!mkdtemp(temporary))
		return bern_fail(e, BERN_EIO, "making %s: %s", path, strerror(errno));
	/* mkdtemp lets the owner alone in */
	mode_t mask = umask(0);
	umask(mask);
	int32_t rc = write_all(n, temporary, e);
	if (rc == 0 && (chmod(temporary, 0777 & ~mask) || rename(temporary, path)))
		rc = bern_fail(e, BERN_EIO, "making %s: %s", path, strerror(errno));
	if (rc)
		remove_all(temporary);
	return rc;
}
