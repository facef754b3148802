#include "sides.h"

#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* what does not make runs different: who they are, and where they lie */
static int is_identity(const char *key)
{
	return !strcmp(key, "seed") || !strcmp(key, "name") || !strcmp(key, "runs_dir");
}

/* The text of an environment's parameter, "" where it is not given. */
static const char *setting_of(const run_config *config, const char *key)
{
	for (size_t i = 0; i < config->setting_count; i++)
		if (!strcmp(config->settings[i].key, key))
			return config->settings[i].text;
	return "";
}

static int same_settings(const run_config *a, const run_config *b)
{
	for (size_t i = 0; i < a->setting_count; i++)
		if (strcmp(a->settings[i].text, setting_of(b, a->settings[i].key)) != 0)
			return 0;
	return a->setting_count == b->setting_count;
}

static int same_option(const run_config *a, const run_config *b, size_t index)
{
	char x[BERN_LIST_TEXT + 64], y[BERN_LIST_TEXT + 64];
	train_option_get(a, index, x, sizeof x);
	train_option_get(b, index, y, sizeof y);
	return !strcmp(x, y);
}

static int same_config(const run_config *a, const run_config *b)
{
	for (size_t i = 0; i < train_option_count(); i++)
		if (!is_identity(train_option_at(i)->param.key) && !same_option(a, b, i))
			return 0;
	return same_settings(a, b);
}

/* Adds " key=value" to the name, as far as there is room. */
static void add_word(side *s, const char *key, const char *value)
{
	size_t at = strlen(s->name);
	snprintf(s->name + at, sizeof s->name - at, "%s%.24s=%.24s", at ? ", " : "", key,
		 *value ? value : "none");
}

/* Names the sides after the keys in which any two of them differ. */
static void name_sides(sides *all)
{
	char value[BERN_LIST_TEXT + 64];
	const run_config *first = &all->sides[0].runs[0]->config;
	for (size_t o = 0; o < train_option_count(); o++) {
		const char *key = train_option_at(o)->param.key;
		int differs = 0;
		for (size_t i = 1; i < all->count && !is_identity(key) && !differs; i++)
			differs = !same_option(first, &all->sides[i].runs[0]->config, o);
		for (size_t i = 0; differs && i < all->count; i++) {
			train_option_get(&all->sides[i].runs[0]->config, o, value, sizeof value);
			add_word(&all->sides[i], key, value);
		}
	}
	for (size_t p = 0; p < first->setting_count; p++) {
		const char *key = first->settings[p].key;
		int differs = 0;
		for (size_t i = 1; i < all->count && !differs; i++)
			differs = strcmp(first->settings[p].text,
					 setting_of(&all->sides[i].runs[0]->config, key)) != 0;
		for (size_t i = 0; differs && i < all->count; i++)
			add_word(&all->sides[i], key,
				 setting_of(&all->sides[i].runs[0]->config, key));
	}
}

/* What is unnamed, or shares its name, is called by its folder too. */
static void name_rest(sides *all, const char *const *paths)
{
	char folder[64], old[sizeof all->sides->name];
	int shared[SIDES_MOST] = {0};
	for (size_t i = 0; i < all->count; i++) {
		shared[i] = !all->sides[i].name[0];
		for (size_t k = 0; k < all->count; k++)
			shared[i] |= k != i && !strcmp(all->sides[i].name, all->sides[k].name);
	}
	for (size_t i = 0; i < all->count; i++) {
		side *s = &all->sides[i];
		const char *path = s->from == SIZE_MAX ? s->runs[0]->path : paths[s->from];
		size_t length = strlen(path);
		while (length > 1 && path[length - 1] == '/')
			length--;
		size_t start = length;
		while (start > 0 && path[start - 1] != '/')
			start--;
		if (!shared[i])
			continue;
		snprintf(folder, sizeof folder, "%.*s", (int)(length - start), path + start);
		snprintf(old, sizeof old, "%s", s->name);
		snprintf(s->name, sizeof s->name, "%.40s%s%.50s", folder, *old ? ": " : "", old);
	}
}

static int32_t add(sides *all, const run_record *run, size_t from, bern_error *e)
{
	side *s = NULL;
	for (size_t i = 0; i < all->count && !s; i++) {
		side *other = &all->sides[i];
		if (other->from == from &&
		    (from != SIZE_MAX || same_config(&other->runs[0]->config, &run->config)))
			s = other;
	}
	if (!s && all->count == SIDES_MOST)
		return bern_fail(e, BERN_EUSAGE,
				 "more than %d different configurations cannot be laid beside each "
				 "other",
				 SIDES_MOST);
	if (!s) {
		s = &all->sides[all->count++];
		*s = (side){.from = from};
	}
	const run_record **more = realloc(s->runs, (s->count + 1) * sizeof *more);
	if (!more)
		return bern_fail(e, BERN_EMEMORY, "memory is out: %zu runs", s->count);
	s->runs = more;
	more[s->count++] = run;
	return 0;
}

int32_t sides_make(sides *s, const run_list *list, const char *const *paths, bern_error *e)
{
	*s = (sides){.sides = calloc(SIDES_MOST, sizeof *s->sides)};
	int32_t rc = s->sides ? 0 : bern_fail(e, BERN_EMEMORY, "memory is out");
	for (size_t i = 0; !rc && i < list->count; i++) {
		const run_record *run = &list->runs[i], *first = &list->runs[0];
		if (strcmp(run->config.env_id, first->config.env_id) != 0)
			rc = bern_fail(
				e, BERN_EUSAGE,
				"%.300s is of %.80s and %.300s of %.80s: returns of different "
				"environments cannot be laid beside each other",
				first->path, first->config.env_id, run->path, run->config.env_id);
		else
			rc = add(s, run,
				 is_run_group(paths[list->from[i]]) ? list->from[i] : SIZE_MAX, e);
	}
	if (!rc && s->count == 0)
		rc = bern_fail(e, BERN_EUSAGE, "there are no runs");
	if (!rc) {
		name_sides(s);
		name_rest(s, paths);
	} else {
		sides_finish(s);
	}
	return rc;
}

void sides_finish(sides *s)
{
	for (size_t i = 0; s->sides && i < s->count; i++)
		free(s->sides[i].runs);
	free(s->sides);
	memset(s, 0, sizeof *s);
}
