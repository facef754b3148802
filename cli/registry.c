#define _XOPEN_SOURCE 700 /* realpath */
#include "registry.h"

#include "command.h"

#include <bern/builtin.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The origin under which a library was loaded already, perhaps by another path to the same file; NULL if it was not. */
static const char *loaded_as(const bern_registry *registry, const char *path)
{
	char *real = realpath(path, NULL);
	const char *found = NULL;
	for (size_t i = 0; real && !found && i < bern_registry_count(registry); i++) {
		const char *origin = bern_registry_origin(registry, i);
		char *other = realpath(origin, NULL);
		if (other && !strcmp(other, real))
			found = origin;
		free(other);
	}
	free(real);
	return found;
}

/* A search under way. */
typedef struct search {
	bern_registry *registry;
	const search_report *report;
	int32_t place;
	char **seen; /* owned: resolved paths, so that nothing is looked at twice */
	size_t seen_count;
	bern_error *first; /* where the first failure goes; code 0 until then */
} search;

/* Whether a path was looked at before; notes it if not. */
static int seen_before(search *s, const char *path)
{
	char *real = realpath(path, NULL);
	if (!real)
		return 0;
	for (size_t i = 0; i < s->seen_count; i++) {
		if (strcmp(s->seen[i], real) != 0)
			continue;
		free(real);
		return 1;
	}
	char **more = realloc(s->seen, (s->seen_count + 1) * sizeof *more);
	if (!more) {
		free(real);
		return 0;
	}
	s->seen = more;
	s->seen[s->seen_count++] = real;
	return 0;
}

static void loaded(void *user, const char *path, const bern_error *why)
{
	search *s = user;
	/* found again on another way: nothing is wrong, and it was told before */
	if (why && loaded_as(s->registry, path))
		return;
	if (s->report && s->report->loaded)
		s->report->loaded(s->report->user, path, why);
	if (why && s->first->code == 0)
		*s->first = *why;
}

/* Looks at one folder or library. Only what was named on the line must be there and good. */
static int32_t look(search *s, const char *path, bern_error *e)
{
	struct stat info;
	int there = stat(path, &info) == 0;
	int reason = errno;
	if (s->report && s->report->looked)
		s->report->looked(s->report->user, s->place, path, there);
	int strict = s->place == SEARCH_GIVEN && !(s->report && s->report->go_on);
	if (!there && strict)
		return bern_fail(e, BERN_EIO, "--env-path: %s: %s", path, strerror(reason));
	if (!there || seen_before(s, path))
		return 0;

	bern_error first = {0}, why;
	int32_t rc = 0;
	s->first = &first;
	if (!S_ISDIR(info.st_mode)) {
		int32_t bad = bern_registry_load(s->registry, path, &why);
		loaded(s, path, bad ? &why : NULL);
	} else {
		rc = bern_registry_load_folder(s->registry, path, loaded, s, &why);
		if (rc)
			loaded(s, path, &why);
	}
	if (first.code == 0 || !strict)
		return 0;
	*e = first;
	return bern_because(e, "--env-path");
}

/* The folders of a list with colons between them. An empty one does not mean the current folder here. */
static int32_t look_at_list(search *s, const char *list, bern_error *e)
{
	int32_t rc = 0;
	while (rc == 0 && *list) {
		size_t length = strcspn(list, ":");
		char *path = strndup(list, length);
		if (!path)
			return bern_fail(e, BERN_EMEMORY, "out of memory");
		if (length)
			rc = look(s, path, e);
		free(path);
		list += length + (list[length] == ':');
	}
	return rc;
}

static int32_t look_at_home(search *s, bern_error *e)
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
	char path[4096];
	int length;
	/* as the XDG base directory specification has it, a relative path there is ignored */
	if (data && data[0] == '/')
		length = snprintf(path, sizeof path, "%s/bern/envs-1", data);
	else if (home && home[0] == '/')
		length = snprintf(path, sizeof path, "%s/.local/share/bern/envs-1", home);
	else
		return 0;
	if (length < 0 || (size_t)length >= sizeof path)
		return 0;
	return look(s, path, e);
}

/* Everything but the built-in environments. */
static int32_t look_everywhere(search *s, const char *const *paths, size_t count, bern_error *e)
{
	int32_t rc = 0;
	s->place = SEARCH_GIVEN;
	for (size_t i = 0; i < count && rc == 0; i++)
		rc = look(s, paths[i], e);
	s->place = SEARCH_VARIABLE;
	const char *list = getenv("BERN_ENV_PATH");
	if (rc == 0 && list)
		rc = look_at_list(s, list, e);
	s->place = SEARCH_HOME;
	if (rc == 0)
		rc = look_at_home(s, e);
#ifdef BERN_PLUGINDIR
	s->place = SEARCH_INSTALLED;
	if (rc == 0)
		rc = look(s, BERN_PLUGINDIR, e);
#endif
	return rc;
}

int32_t registry_search(bern_registry **out, const char *const *paths, size_t count,
			const search_report *report, bern_error *e)
{
	search s = {.report = report};
	*out = NULL;
	int32_t rc = bern_registry_create(&s.registry, e);
	if (rc)
		return rc;
	const bern_plugin *plugin;
	for (size_t i = 0; rc == 0 && (plugin = bern_builtin_plugin(i)); i++)
		rc = bern_registry_adopt(s.registry, plugin, "built in", e);
	if (rc == 0)
		rc = look_everywhere(&s, paths, count, e);
	for (size_t i = 0; i < s.seen_count; i++)
		free(s.seen[i]);
	free(s.seen);
	if (rc)
		bern_registry_destroy(s.registry);
	else
		*out = s.registry;
	return rc;
}

static void remember_place(void *user, int32_t place, const char *path, int found)
{
	(void)path;
	(void)found;
	*(int32_t *)user = place;
}

/* A library that was found but cannot be used is worth a line, and no reason to stop. One that was named on the line ends in
 * an error of its own. */
static void warn(void *user, const char *path, const bern_error *why)
{
	if (!why || *(int32_t *)user == SEARCH_GIVEN)
		return;
	/* most sentences begin with the path already */
	if (!strncmp(why->text, path, strlen(path)))
		fprintf(stderr, "bern: left out %s\n", why->text);
	else
		fprintf(stderr, "bern: left out %s: %s\n", path, why->text);
}

int32_t open_registry(bern_registry **out, const char *const *paths, size_t count, bern_error *e)
{
	int32_t place = SEARCH_GIVEN;
	search_report report = {remember_place, warn, &place, 0};
	return registry_search(out, paths, count, &report, e);
}

/* ---- what a user calls an environment ------------------------------------------------------------------------- */

/* Whether the word is a library, and how long its path is. */
static int is_library(const char *word, size_t *length)
{
	const char *end = NULL;
	for (const char *at = strstr(word, ".so"); at; at = strstr(at + 1, ".so"))
		if (at[3] == ':' || at[3] == '\0')
			end = at + 3;
	*length = end ? (size_t)(end - word) : 0;
	return end != NULL;
}

/* The only environment that came from `origin`, or an error that names them. */
static int32_t only_one(const bern_registry *registry, const char *origin, const bern_env **env,
			bern_error *e)
{
	char list[600] = "";
	size_t at = 0, count = 0;
	for (size_t i = 0; i < bern_registry_count(registry); i++) {
		if (strcmp(bern_registry_origin(registry, i), origin) != 0)
			continue;
		*env = bern_registry_at(registry, i);
		if (at < sizeof list)
			at += (size_t)snprintf(list + at, sizeof list - at, "%s%s",
					       count ? ", " : "", (*env)->id);
		count++;
	}
	if (count == 1)
		return 0;
	if (count == 0)
		return bern_fail(e, BERN_EFORMAT, "%s: holds no environment", origin);
	return bern_fail(e, BERN_EUSAGE,
			 "%.300s: holds %zu environments, say which: %.300s:ID with %s", origin,
			 count, origin, list);
}

/* Ids of older versions elsewhere, whose task is that of an environment here. */
static const struct alias {
	const char *old, *now;
} aliases[] = {
	{"CliffWalking-v0", "CliffWalking-v1"},
	{"Taxi-v3", "Taxi-v4"},
};

/* Finds what an old id stands for and says so; 1 if it is none. */
static int32_t find_alias(const bern_registry *registry, const char *id, const bern_env **env)
{
	bern_error ignored;
	for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++) {
		if (strcmp(aliases[i].old, id) != 0 ||
		    bern_registry_find(registry, aliases[i].now, env, &ignored))
			continue;
		fprintf(stderr, "bern: %s is an old version, %s is used\n", id, aliases[i].now);
		return 0;
	}
	return 1;
}

/* By id; one that resembles none is told where the ids are. */
static int32_t find_id(const bern_registry *registry, const char *id, const bern_env **env,
		       bern_error *e)
{
	static const char said[] = "no such environment";
	int32_t rc = bern_registry_find(registry, id, env, e);
	if (rc && find_alias(registry, id, env) == 0)
		return 0;
	size_t length = rc ? strlen(e->text) : 0;
	if (length >= sizeof said && !strcmp(e->text + length - (sizeof said - 1), said))
		snprintf(e->text + length, sizeof e->text - length, "; `bern envs` lists them");
	return rc;
}

const char *registry_origin_of(const bern_registry *registry, const bern_env *env)
{
	/* by id, which is the same in the table of an isolated environment */
	for (size_t i = 0; i < bern_registry_count(registry); i++)
		if (!strcmp(bern_registry_at(registry, i)->id, env->id))
			return bern_registry_origin(registry, i);
	return "unknown";
}

/* Takes libraries that were merely found, an installed one for example, out of the way of one that was named and has
 * environments of the same ids. 0 if one of these is built in or comes from elsewhere. */
static int make_way(bern_registry *registry, const char *path)
{
	bern_registry *named = NULL, *found = NULL;
	bern_error ignored;
	int free_way = bern_registry_create(&named, &ignored) == 0 &&
		       bern_registry_load(named, path, &ignored) == 0 &&
		       registry_search(&found, NULL, 0, NULL, &ignored) == 0;
	for (size_t i = 0; free_way && i < bern_registry_count(named); i++) {
		const bern_env *env = bern_registry_at(named, i), *other;
		if (bern_registry_find(registry, env->id, &other, &ignored))
			continue;
		const char *origin = registry_origin_of(registry, other);
		free_way = strcmp(origin, "built in") != 0 && loaded_as(found, origin);
		if (!free_way)
			break;
		fprintf(stderr, "bern: left out %s: %s is in %s too, which was named\n", origin,
			env->id, path);
		/* the name goes with what it names */
		char *gone = strdup(origin);
		if (gone)
			bern_registry_forget(registry, gone);
		free(gone);
	}
	bern_registry_destroy(found);
	bern_registry_destroy(named);
	return free_way;
}

int32_t registry_find_word(bern_registry *registry, const char *word, const bern_env **env,
			   bern_error *e)
{
	size_t length = strlen(word);
	if (length > 2 && !strcmp(word + length - 2, ".c"))
		return bern_fail(
			e, BERN_EUSAGE,
			"%.300s: is source, not a library; compile it first: cc -shared -fPIC "
			"$(pkg-config --cflags bern) %.300s -o %.*s.so",
			word, word, (int)(length - 2 < 300 ? length - 2 : 300), word);
	if (!is_library(word, &length))
		return find_id(registry, word, env, e);
	char *path = strndup(word, length);
	if (!path)
		return bern_fail(e, BERN_EMEMORY, "out of memory");
	const char *origin = loaded_as(registry, path);
	int32_t rc = origin ? 0 : bern_registry_load(registry, path, e);
	if (rc && make_way(registry, path))
		rc = bern_registry_load(registry, path, e);
	if (!origin)
		origin = path;
	if (rc == 0 && word[length] == ':') {
		rc = find_id(registry, word + length + 1, env, e);
		if (rc == 0 && strcmp(registry_origin_of(registry, *env), origin) != 0)
			rc = bern_fail(e, BERN_EUSAGE, "%s: has no environment %s", path,
				       word + length + 1);
	} else if (rc == 0) {
		rc = only_one(registry, origin, env, e);
	}
	free(path);
	return rc;
}
