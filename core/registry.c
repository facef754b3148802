/* Which environments there are: tables are copied to full size and checked once, when they are taken in. */
#include "tiles.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define LONGEST_ID 127

typedef struct entry {
	bern_env env; /* copy of the plugin's table, zero beyond its struct_size */
	char *origin; /* owned */
} entry;

struct bern_registry {
	entry **entries; /* owned, each allocated alone so that &entry->env stays; sorted by id */
	size_t count;
	void **libraries; /* owned (library_count) handles of dlopen */
	size_t library_count;
};

/* ---- what a table must be ------------------------------------------------------------------------- */

/* "[namespace/]Name-vN": returns the length of the part before "-vN", or 0 if it is not such an id. */
static size_t id_base(const char *id)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	size_t length = strlen(id), digits = 0;
	if (length > LONGEST_ID)
		return 0;
	while (digits < length && id[length - 1 - digits] >= '0' && id[length - 1 - digits] <= '9')
		digits++;
	if (digits == 0 || digits > 9 || length < digits + 3)
		return 0;
	size_t base = length - digits - 2;
	if (id[base] != '-' || id[base + 1] != 'v' || (digits > 1 && id[base + 2] == '0'))
		return 0;
	const char *slash = strchr(id, '/');
	size_t space = slash ? (size_t)(slash - id) : 0;
	if (slash && (space == 0 || strspn(id, allowed) != space))
		return 0;
	const char *name = slash ? slash + 1 : id;
	/* a leading dot or dash would make hidden files and options of run folders */
	if (name == id + base || strspn(name, allowed) != strlen(name) || strchr(".-", *name) ||
	    strchr(".-", *id))
		return 0;
	return base;
}

static int is_key(const char *key)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
	return key[0] >= 'a' && key[0] <= 'z' && strspn(key, letters) == strlen(key);
}

/* Starts the sentence of what is wrong with a table: "file: id: ...". */
static int32_t table_fail(bern_error *e, const char *origin, const bern_env *env,
			  const char *format, ...) BERN_PRINTF(4, 5);
static int32_t table_fail(bern_error *e, const char *origin, const bern_env *env,
			  const char *format, ...)
{
	char text[512];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	return bern_fail(e, BERN_EFORMAT, "%s: %s: %s", origin, env->id, text);
}

static int32_t check_param(const bern_env *env, const char *origin, uint32_t i, bern_error *e)
{
	const bern_param *p = &env->params[i];
	if (!p->key || !is_key(p->key))
		return table_fail(
			e, origin, env,
			"parameter %u has the key \"%s\", not lower_case_with_underscores", i,
			p->key ? p->key : "");
	if (strcmp(p->key, "max_steps") == 0 || strcmp(p->key, "id") == 0)
		return table_fail(e, origin, env,
				  "parameter %s has a name that the host keeps for itself", p->key);
	for (uint32_t k = 0; k < i; k++)
		if (strcmp(env->params[k].key, p->key) == 0)
			return table_fail(e, origin, env, "parameter %s is there twice", p->key);
	if (!p->help || !p->fallback)
		return table_fail(e, origin, env, "parameter %s has no %s", p->key,
				  p->help ? "fallback" : "help");
	if (p->type < BERN_INT || p->type > BERN_CHOICE)
		return table_fail(e, origin, env, "parameter %s has type %d, allowed are %d to %d",
				  p->key, (int)p->type, BERN_INT, BERN_CHOICE);
	if (p->type == BERN_CHOICE && (!p->choices || !p->choices[0]))
		return table_fail(e, origin, env, "parameter %s has no choices", p->key);
	if (p->type != BERN_CHOICE && p->type != BERN_BOOL && !(p->min <= p->max))
		return table_fail(e, origin, env, "parameter %s has the empty range [%g, %g]",
				  p->key, p->min, p->max);
	bern_value value;
	if (bern_param_parse(p, p->fallback, &value, e)) {
		bern_because(e, "%s: %s: the fallback of a parameter", origin, env->id);
		return e->code = BERN_EFORMAT; /* the plugin's mistake, not the user's */
	}
	return BERN_OK;
}

static int32_t check_fields(const bern_env *env, const char *origin, bern_error *e)
{
	for (uint32_t i = 0; i < env->field_count; i++) {
		const bern_field *f = &env->fields[i];
		if (!f->name || !f->name[0])
			return table_fail(e, origin, env, "field %u of the state has no name", i);
		if (f->type < BERN_F64 || f->type > BERN_U8)
			return table_fail(e, origin, env,
					  "field %s of the state has type %d, allowed are %d to %d",
					  f->name, (int)f->type, BERN_F64, BERN_U8);
		if (f->count == 0)
			return table_fail(e, origin, env, "field %s of the state has no elements",
					  f->name);
	}
	for (uint32_t i = 0; i < env->metric_count; i++)
		if (!env->metrics[i] || !env->metrics[i][0])
			return table_fail(e, origin, env, "metric %u has no name", i);
	return BERN_OK;
}

static int32_t check_functions(const bern_env *env, const char *origin, bern_error *e)
{
	const char *missing = !env->open      ? "open"
			      : !env->reset   ? "reset"
			      : !env->step    ? "step"
			      : !env->observe ? "observe"
					      : NULL;
	if (missing)
		return table_fail(e, origin, env, "its required function %s is NULL", missing);
	int given = !!env->attach + !!env->detach + !!env->save + !!env->load;
	if (given != 0 && given != 4)
		return table_fail(e, origin, env,
				  "%d of attach, detach, save and load are given, allowed are all "
				  "four or none",
				  given);
	if (env->metric_count && !env->read_metrics)
		return table_fail(e, origin, env, "it names %u metrics, but read_metrics is NULL",
				  env->metric_count);
	return BERN_OK;
}

/* A batch must be able to hold the whole state in fields that do not overlap. */
static int32_t check_batches(const bern_env *env, const char *origin, bern_error *e)
{
	if (!env->batch_count)
		return BERN_OK;
	if (!env->batches)
		return table_fail(e, origin, env, "it has %u batches, but batches is NULL",
				  env->batch_count);
	if (env->mask || env->attach)
		return table_fail(e, origin, env, "it has batches and %s, which exclude each other",
				  env->mask ? "a mask" : "attach");
	if (!env->field_count)
		return table_fail(e, origin, env,
				  "it has batches, which need fields, and no fields");
	for (uint32_t i = 0; i < env->batch_count; i++) {
		const bern_batch *b = env->batches[i];
		if (!b)
			return table_fail(e, origin, env, "batch %u is NULL", i);
		/* the first version had all of this */
		if (b->struct_size < offsetof(bern_batch, reset) + sizeof b->reset)
			return table_fail(
				e, origin, env, "batch %u has struct_size %u, the least is %zu", i,
				b->struct_size, offsetof(bern_batch, reset) + sizeof b->reset);
		if (!b->step || !b->reset)
			return table_fail(e, origin, env,
					  "the required function %s of batch %u is NULL",
					  b->step ? "reset" : "step", i);
	}
	for (uint32_t i = 0; i < env->field_count; i++)
		for (uint32_t k = 0; k < i; k++) {
			const bern_field *f = &env->fields[i], *g = &env->fields[k];
			/* which begins first, and does it reach the other? */
			if (f->offset < g->offset
				    ? g->offset - f->offset < f->count * bern_field_size(f)
				    : f->offset - g->offset < g->count * bern_field_size(g))
				return table_fail(e, origin, env,
						  "it has batches, and the fields %s and %s of its "
						  "state overlap",
						  g->name, f->name);
		}
	return BERN_OK;
}

/* Copies a table of any size to a full one and checks it. `env` is written in any case. */
static int32_t take_table(bern_env *env, const bern_env *table, const char *origin, uint32_t place,
			  bern_error *e)
{
	memset(env, 0, sizeof *env);
	if (!table)
		return bern_fail(e, BERN_EFORMAT, "%s: environment %u of %s is NULL", origin, place,
				 BERN_PLUGIN_SYMBOL);
	if (table->abi != BERN_ENV_ABI)
		return bern_fail(e, BERN_EFORMAT,
				 "%s: environment %u of %s has ABI %u, this host reads ABI %u",
				 origin, place, BERN_PLUGIN_SYMBOL, table->abi, BERN_ENV_ABI);
	/* a table must reach the last of its required functions */
	if (table->struct_size < offsetof(bern_env, mask))
		return bern_fail(e, BERN_EFORMAT,
				 "%s: environment %u of %s has struct_size %u, the least is %zu",
				 origin, place, BERN_PLUGIN_SYMBOL, table->struct_size,
				 offsetof(bern_env, mask));
	memcpy(env, table, table->struct_size < sizeof *env ? table->struct_size : sizeof *env);
	env->struct_size = sizeof *env;
	if (!env->id)
		return bern_fail(e, BERN_EFORMAT, "%s: environment %u of %s has no id", origin,
				 place, BERN_PLUGIN_SYMBOL);
	if (!id_base(env->id))
		return bern_fail(e, BERN_EFORMAT,
				 "%s: the id \"%.140s\" is not [namespace/]Name-vN (letters, "
				 "digits, \"_\", \".\", \"-\"; at most %d)",
				 origin, env->id, LONGEST_ID);
	if (!env->summary)
		env->summary = "";
	if (!env->source)
		env->source = "";
	if (env->param_count && !env->params)
		return table_fail(e, origin, env, "it has %u parameters, but params is NULL",
				  env->param_count);
	if (env->field_count && !env->fields)
		return table_fail(e, origin, env, "it has %u fields, but fields is NULL",
				  env->field_count);
	if (env->metric_count && !env->metrics)
		return table_fail(e, origin, env, "it has %u metrics, but metrics is NULL",
				  env->metric_count);
	if (env->has_returns && (!isfinite(env->random_return) || !isfinite(env->solved_return)))
		return table_fail(e, origin, env,
				  "random_return and solved_return are not both finite");
	if (!(env->step_seconds >= 0) || isinf(env->step_seconds))
		return table_fail(e, origin, env, "step_seconds is %g, allowed are 0 and more",
				  env->step_seconds);
	int32_t rc = check_functions(env, origin, e);
	for (uint32_t i = 0; !rc && i < env->param_count; i++)
		rc = check_param(env, origin, i, e);
	if (!rc)
		rc = check_fields(env, origin, e);
	return rc ? rc : check_batches(env, origin, e);
}

/* ---- the list ------------------------------------------------------------------------------------- */

int32_t bern_registry_create(bern_registry **out, bern_error *e)
{
	*out = calloc(1, sizeof **out);
	return *out ? BERN_OK : bern_fail(e, BERN_EMEMORY, "no memory for a registry");
}

static void entry_destroy(entry *x)
{
	if (x)
		free(x->origin);
	free(x);
}

void bern_registry_destroy(bern_registry *registry)
{
	if (!registry)
		return;
	for (size_t i = 0; i < registry->count; i++)
		entry_destroy(registry->entries[i]);
	for (size_t i = registry->library_count; i-- > 0;)
		dlclose(registry->libraries[i]);
	free(registry->entries);
	free(registry->libraries);
	free(registry);
}

static int by_id(const void *a, const void *b)
{
	const entry *x = *(entry *const *)a, *y = *(entry *const *)b;
	return strcmp(x->env.id, y->env.id);
}

/* Makes a checked entry of a table. NULL after an error. */
static entry *entry_create(const bern_env *table, const char *origin, uint32_t place, bern_error *e)
{
	size_t size = strlen(origin) + 1;
	entry *x = calloc(1, sizeof *x);
	if (!x || !(x->origin = malloc(size))) {
		entry_destroy(x);
		bern_fail(e, BERN_EMEMORY, "no memory for the environments of %s", origin);
		return NULL;
	}
	memcpy(x->origin, origin, size);
	if (take_table(&x->env, table, origin, place, e)) {
		entry_destroy(x);
		return NULL;
	}
	return x;
}

int32_t bern_registry_adopt(bern_registry *registry, const bern_plugin *plugin, const char *origin,
			    bern_error *e)
{
	if (!plugin)
		return bern_fail(e, BERN_EFORMAT, "%s: %s gives no table", origin,
				 BERN_PLUGIN_SYMBOL);
	if (plugin->abi != BERN_ENV_ABI)
		return bern_fail(e, BERN_EFORMAT, "%s: %s has ABI %u, this host reads ABI %u",
				 origin, BERN_PLUGIN_SYMBOL, plugin->abi, BERN_ENV_ABI);
	if (plugin->count == 0 || !plugin->envs)
		return bern_fail(e, BERN_EFORMAT, "%s: %s holds no environments", origin,
				 BERN_PLUGIN_SYMBOL);

	entry **entries = malloc((registry->count + plugin->count) * sizeof *entries);
	if (!entries)
		return bern_fail(e, BERN_EMEMORY, "no memory for the environments of %s", origin);
	size_t count = registry->count;
	if (count)
		memcpy(entries, registry->entries, count * sizeof *entries);
	for (uint32_t i = 0; i < plugin->count; i++) {
		entry *x = entry_create(plugin->envs[i], origin, i, e);
		if (!x)
			goto fail;
		entries[count++] = x;
		for (size_t k = 0; k + 1 < count; k++)
			if (strcmp(entries[k]->env.id, x->env.id) == 0) {
				bern_fail(e, BERN_EFORMAT, "%s: it is in %s and in %s", x->env.id,
					  entries[k]->origin, origin);
				goto fail;
			}
	}
	qsort(entries, count, sizeof *entries, by_id);
	free(registry->entries);
	registry->entries = entries;
	registry->count = count;
	return BERN_OK;
fail:
	while (count > registry->count)
		entry_destroy(entries[--count]);
	free(entries);
	return e->code;
}

void bern_registry_forget(bern_registry *registry, const char *origin)
{
	size_t kept = 0;
	for (size_t i = 0; i < registry->count; i++) {
		entry *x = registry->entries[i];
		if (strcmp(x->origin, origin) == 0)
			entry_destroy(x);
		else
			registry->entries[kept++] = x;
	}
	registry->count = kept;
}

/* ---- shared libraries ----------------------------------------------------------------------------- */

/* Says why there is no entry point: perhaps a plugin of another ABI, whose symbol has another number. */
static int32_t no_symbol(void *library, const char *path, bern_error *e)
{
	for (unsigned version = 2; version < 10; version++) {
		char symbol[] = "bern_plugin_?";
		symbol[sizeof symbol - 2] = (char)('0' + version);
		if (dlsym(library, symbol))
			return bern_fail(
				e, BERN_EFORMAT,
				"%s: it has the symbol %s (ABI %u), this host reads %s (ABI %u)",
				path, symbol, version, BERN_PLUGIN_SYMBOL, BERN_ENV_ABI);
	}
	return bern_fail(
		e, BERN_EFORMAT,
		"%s: it has no symbol %s, so it is no plugin of ABI %u (BERN_PLUGIN makes one)",
		path, BERN_PLUGIN_SYMBOL, BERN_ENV_ABI);
}

int32_t bern_registry_load(bern_registry *registry, const char *path, bern_error *e)
{
	char file[4096];
	/* without a slash dlopen would search the system's folders */
	int length = snprintf(file, sizeof file, "%s%s", strchr(path, '/') ? "" : "./", path);
	if (length < 0 || (size_t)length >= sizeof file)
		return bern_fail(e, BERN_EIO, "%.200s...: the path is too long", path);

	struct stat about;
	if (stat(file, &about))
		return bern_fail(e, BERN_EIO, "%s: %s", path, strerror(errno));
	if (S_ISDIR(about.st_mode))
		return bern_fail(e, BERN_EFORMAT, "%s: it is a folder, not a library", path);
	void **libraries = realloc(registry->libraries,
				   (registry->library_count + 1) * sizeof *libraries);
	if (!libraries)
		return bern_fail(e, BERN_EMEMORY, "no memory to load %s", path);
	registry->libraries = libraries;
	void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		/* its sentence mostly begins with the path */
		const char *why = dlerror();
		size_t skip = strlen(file);
		if (why && strncmp(why, file, skip) == 0 && strncmp(why + skip, ": ", 2) == 0)
			why += skip + 2;
		return bern_fail(e, BERN_EFORMAT, "%s: %s", path, why ? why : "cannot be loaded");
	}
	int32_t rc;
	void *symbol = dlsym(library, BERN_PLUGIN_SYMBOL);
	if (!symbol) {
		rc = no_symbol(library, path, e);
	} else {
		/* ISO C has no cast from an object pointer to a function; POSIX lets the bytes be copied */
		bern_plugin_entry *entry_point;
		memcpy(&entry_point, &symbol, sizeof entry_point);
		rc = bern_registry_adopt(registry, entry_point(), path, e);
	}
	if (rc)
		dlclose(library);
	else
		libraries[registry->library_count++] = library;
	return rc;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Lists "folder/NAME.so", sorted. The names and the list are the caller's to free, after an error too. */
static int32_t list_libraries(const char *folder, char ***names, size_t *count, bern_error *e)
{
	DIR *dir = opendir(folder);
	if (!dir)
		return bern_fail(e, BERN_EIO, "%s: %s", folder, strerror(errno));
	int32_t rc = BERN_OK;
	struct dirent *item;
	while (!rc && (item = readdir(dir))) {
		size_t length = strlen(item->d_name);
		if (length < 4 || strcmp(item->d_name + length - 3, ".so") != 0)
			continue;
		size_t size = strlen(folder) + 1 + length + 1;
		char **more = realloc(*names, (*count + 1) * sizeof **names);
		char *path = malloc(size);
		if (more)
			*names = more;
		if (!more || !path) {
			free(path);
			rc = bern_fail(e, BERN_EMEMORY, "no memory to list %s", folder);
			break;
		}
		snprintf(path, size, "%s/%s", folder, item->d_name);
		more[(*count)++] = path;
	}
	closedir(dir);
	if (*count)
		qsort(*names, *count, sizeof **names, by_name);
	return rc;
}

int32_t bern_registry_load_folder(bern_registry *registry, const char *folder,
				  void (*report)(void *user, const char *path,
						 const bern_error *error),
				  void *user, bern_error *e)
{
	char **names = NULL;
	size_t count = 0;
	int32_t rc = list_libraries(folder, &names, &count, e);
	for (size_t i = 0; i < count; i++) {
		bern_error why;
		int32_t bad = rc ? rc : bern_registry_load(registry, names[i], &why);
		if (!rc && report)
			report(user, names[i], bad ? &why : NULL);
		free(names[i]);
	}
	free(names);
	return rc;
}

/* ---- finding -------------------------------------------------------------------------------------- */

size_t bern_registry_count(const bern_registry *registry)
{
	return registry->count;
}

const bern_env *bern_registry_at(const bern_registry *registry, size_t index)
{
	return index < registry->count ? &registry->entries[index]->env : NULL;
}

const char *bern_registry_origin(const bern_registry *registry, size_t index)
{
	return index < registry->count ? registry->entries[index]->origin : NULL;
}

static int same_base(const char *id, size_t base, const char *other)
{
	return id_base(other) == base && strncasecmp(id, other, base) == 0;
}

/* Writes the ids that share the base of `id`, letter case aside: "CartPole-v0, CartPole-v1". Returns how many. */
static size_t list_versions(const bern_registry *registry, const char *id, size_t base, char *out,
			    size_t size)
{
	size_t found = 0, used = 0;
	out[0] = '\0';
	for (size_t i = 0; i < registry->count && used < size; i++) {
		const char *other = registry->entries[i]->env.id;
		if (!same_base(id, base, other))
			continue;
		int wrote = snprintf(out + used, size - used, "%s%s", found++ ? ", " : "", other);
		used += wrote > 0 ? (size_t)wrote : 0;
	}
	return found;
}

/* Of the ids that share the base of `id`, the one of the highest version. */
static const char *newest_version(const bern_registry *registry, const char *id, size_t base)
{
	const char *best = "";
	long highest = -1;
	for (size_t i = 0; i < registry->count; i++) {
		const char *other = registry->entries[i]->env.id;
		/* a checked id has at most nine digits */
		long version = same_base(id, base, other) ? atol(other + base + 2) : -1;
		if (version > highest) {
			highest = version;
			best = other;
		}
	}
	return best;
}

int32_t bern_registry_find(const bern_registry *registry, const char *id, const bern_env **env,
			   bern_error *e)
{
	for (size_t i = 0; i < registry->count; i++)
		if (strcmp(registry->entries[i]->env.id, id) == 0) {
			*env = &registry->entries[i]->env;
			return BERN_OK;
		}

	char versions[512], hint[192] = "";
	/* an id in other letter case is a misspelling, not another version */
	int misspelt = 0;
	for (size_t i = 0; i < registry->count; i++)
		misspelt |= strcasecmp(registry->entries[i]->env.id, id) == 0;
	size_t base = id_base(id);
	size_t found = list_versions(registry, id, base ? base : strlen(id), versions,
				     sizeof versions);
	if (found && base && !misspelt)
		return bern_fail(e, BERN_EUSAGE, "%s: no such version; there %s %s%s%s", id,
				 found == 1 ? "is" : "are", versions,
				 found == 1 ? "" : ", the current one is ",
				 found == 1 ? "" : newest_version(registry, id, base));
	if (found && !misspelt)
		return bern_fail(e, BERN_EUSAGE, "%s: the version is missing; there %s %s", id,
				 found == 1 ? "is" : "are", versions);
	if (registry->count) {
		const char **names = malloc(registry->count * sizeof *names);
		if (!names)
			return bern_fail(e, BERN_EMEMORY, "no memory to look for %s", id);
		for (size_t i = 0; i < registry->count; i++)
			names[i] = registry->entries[i]->env.id;
		bern_suggest(id, names, registry->count, hint, sizeof hint);
		free(names);
	}
	return bern_fail(e, BERN_EUSAGE, "%.200s: no such environment%s", id, hint);
}
