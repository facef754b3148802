#include "yaml_map.h"

#include <bern/host.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml.h>

/* Line and key of what was read, to find a key given twice. */
typedef struct seen_key {
	char *key;
	size_t section, line;
} seen_key;

/* Everything of one reading. */
typedef struct reading {
	const char *name;
	yaml_parser_t parser;
	yaml_event_t event; /* the current one; deleted before the next is read */
	int has_event;
	seen_key *seen; /* owned, and its keys */
	size_t seen_count, seen_room;
} reading;

static size_t line_of(const reading *r)
{
	return r->event.start_mark.line + 1;
}

static void drop_event(reading *r)
{
	if (r->has_event)
		yaml_event_delete(&r->event);
	r->has_event = 0;
}

/* Reads the next event and refuses what no configuration needs. */
static int32_t next_event(reading *r, bern_error *e)
{
	drop_event(r);
	if (!yaml_parser_parse(&r->parser, &r->event)) {
		const yaml_parser_t *p = &r->parser;
		if (p->error == YAML_MEMORY_ERROR)
			return bern_fail(e, BERN_EMEMORY, "%s: out of memory", r->name);
		/* a reader error counts bytes, all others have a mark */
		if (p->error == YAML_READER_ERROR)
			return bern_fail(e, BERN_EFORMAT, "%s: byte %zu is not text in UTF-8 (%s)",
					 r->name, p->problem_offset,
					 p->problem ? p->problem : "unreadable");
		return bern_fail(e, BERN_EFORMAT,
				 "%s:%zu: not YAML: %s; lines are `key: value`, indented by spaces",
				 r->name, p->problem_mark.line + 1,
				 p->problem ? p->problem : "unreadable");
	}
	r->has_event = 1;

	const char *anchor = NULL, *tag = NULL;
	switch (r->event.type) {
	case YAML_ALIAS_EVENT:
		return bern_fail(e, BERN_EFORMAT,
				 "%s:%zu: an alias (*%s) is not allowed, write the value itself",
				 r->name, line_of(r), (const char *)r->event.data.alias.anchor);
	case YAML_SCALAR_EVENT:
		anchor = (const char *)r->event.data.scalar.anchor;
		tag = (const char *)r->event.data.scalar.tag;
		break;
	case YAML_SEQUENCE_START_EVENT:
		anchor = (const char *)r->event.data.sequence_start.anchor;
		tag = (const char *)r->event.data.sequence_start.tag;
		break;
	case YAML_MAPPING_START_EVENT:
		anchor = (const char *)r->event.data.mapping_start.anchor;
		tag = (const char *)r->event.data.mapping_start.tag;
		break;
	default:
		break;
	}
	if (anchor)
		return bern_fail(
			e, BERN_EFORMAT,
			"%s:%zu: an anchor (&%.100s) is not allowed, write the value itself",
			r->name, line_of(r), anchor);
	if (tag)
		return bern_fail(e, BERN_EFORMAT,
				 "%s:%zu: a tag (%.100s) is not allowed, write the value alone",
				 r->name, line_of(r), tag);
	return 0;
}

/* The text of the current scalar, which must not hold a NUL. */
static int32_t scalar_text(const reading *r, const char **text, bern_error *e)
{
	*text = (const char *)r->event.data.scalar.value;
	if (strlen(*text) != r->event.data.scalar.length)
		return bern_fail(e, BERN_EFORMAT, "%s:%zu: a NUL character is not allowed", r->name,
				 line_of(r));
	return 0;
}

/* Notes a key of a section; a second one is an error that names both lines. */
static int32_t note_key(reading *r, size_t section, const char *what, const char *key,
			bern_error *e)
{
	for (size_t i = 0; i < r->seen_count; i++)
		if (r->seen[i].section == section && !strcmp(r->seen[i].key, key))
			return bern_fail(
				e, BERN_EFORMAT,
				"%s:%zu: %s %.100s was given before in line %zu, once is allowed",
				r->name, line_of(r), what, key, r->seen[i].line);
	/* a configuration has some fifty keys; the bound keeps this search from becoming slow */
	if (r->seen_count == 1000)
		return bern_fail(e, BERN_EFORMAT, "%s:%zu: more than 1000 keys", r->name,
				 line_of(r));
	if (r->seen_count == r->seen_room) {
		size_t room = r->seen_room ? 2 * r->seen_room : 64;
		seen_key *more = realloc(r->seen, room * sizeof *more);
		if (!more)
			return bern_fail(e, BERN_EMEMORY, "%s: out of memory", r->name);
		r->seen = more;
		r->seen_room = room;
	}
	char *copy = strdup(key);
	if (!copy)
		return bern_fail(e, BERN_EMEMORY, "%s: out of memory", r->name);
	r->seen[r->seen_count++] = (seen_key){copy, section, line_of(r)};
	return 0;
}

/* "env and train" */
static const char *section_list(const char *const *sections, size_t count, char *out, size_t size)
{
	size_t at = 0;
	out[0] = '\0';
	for (size_t i = 0; i < count && at < size; i++)
		at += (size_t)snprintf(out + at, size - at, "%s%s",
				       i == 0          ? ""
				       : i + 1 < count ? ", "
						       : " and ",
				       sections[i]);
	return out;
}

/* The entries of a section, from after its MAPPING-START up to its MAPPING-END. */
static int32_t read_section(reading *r, const char *section, size_t number, yaml_entry *entry,
			    void *user, bern_error *e)
{
	for (;;) {
		int32_t rc = next_event(r, e);
		if (rc)
			return rc;
		if (r->event.type == YAML_MAPPING_END_EVENT)
			return 0;
		if (r->event.type != YAML_SCALAR_EVENT)
			return bern_fail(e, BERN_EFORMAT, "%s:%zu: a key must be a name", r->name,
					 line_of(r));
		const char *text;
		rc = scalar_text(r, &text, e);
		if (rc == 0)
			rc = note_key(r, number, section, text, e);
		if (rc)
			return rc;
		const char *key = r->seen[r->seen_count - 1].key;
		size_t line = line_of(r);

		rc = next_event(r, e);
		if (rc)
			return rc;
		if (r->event.type == YAML_SEQUENCE_START_EVENT)
			return bern_fail(
				e, BERN_EFORMAT,
				"%s:%zu: %s.%.100s is a list; write one value, as in \"64,32\"",
				r->name, line, section, key);
		if (r->event.type != YAML_SCALAR_EVENT)
			return bern_fail(e, BERN_EFORMAT,
					 "%s:%zu: %s.%.100s is a map; write one value", r->name,
					 line, section, key);
		rc = scalar_text(r, &text, e);
		if (rc == 0)
			rc = entry(user, section, key, text, line, e);
		if (rc)
			return rc;
	}
}

/* The top map, from after its MAPPING-START up to its MAPPING-END. */
static int32_t read_sections(reading *r, const char *const *sections, size_t section_count,
			     yaml_entry *entry, void *user, bern_error *e)
{
	char list[200], hint[200];
	section_list(sections, section_count, list, sizeof list);
	for (;;) {
		int32_t rc = next_event(r, e);
		if (rc)
			return rc;
		if (r->event.type == YAML_MAPPING_END_EVENT)
			return 0;
		if (r->event.type != YAML_SCALAR_EVENT)
			return bern_fail(e, BERN_EFORMAT,
					 "%s:%zu: a section must be a name: there are %s", r->name,
					 line_of(r), list);
		const char *text;
		rc = scalar_text(r, &text, e);
		if (rc)
			return rc;
		size_t number = 0;
		while (number < section_count && strcmp(text, sections[number]) != 0)
			number++;
		if (number == section_count)
			return bern_fail(
				e, BERN_EFORMAT, "%s:%zu: no section '%.100s'%s; there are %s",
				r->name, line_of(r), text,
				bern_suggest(text, sections, section_count, hint, sizeof hint),
				list);
		/* sections are numbered behind all keys: they are keys of the top map */
		rc = note_key(r, section_count, "section", text, e);
		if (rc)
			return rc;
		size_t line = line_of(r);

		rc = next_event(r, e);
		if (rc)
			return rc;
		/* `train:` with nothing under it is a section without keys */
		int empty = r->event.type == YAML_SCALAR_EVENT &&
			    r->event.data.scalar.length == 0 &&
			    r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
		if (empty)
			continue;
		if (r->event.type != YAML_MAPPING_START_EVENT)
			return bern_fail(e, BERN_EFORMAT,
					 "%s:%zu: %s must be a map of `key: value`", r->name, line,
					 sections[number]);
		rc = read_section(r, sections[number], number, entry, user, e);
		if (rc)
			return rc;
	}
}

static int32_t read_stream(reading *r, const char *const *sections, size_t section_count,
			   yaml_entry *entry, void *user, bern_error *e)
{
	char list[200];
	section_list(sections, section_count, list, sizeof list);
	int32_t rc = next_event(r, e); /* STREAM-START */
	if (rc == 0)
		rc = next_event(r, e);
	if (rc)
		return rc;
	if (r->event.type == YAML_STREAM_END_EVENT)
		return bern_fail(e, BERN_EFORMAT, "%s: is empty; it needs the maps %s", r->name,
				 list);
	rc = next_event(r, e); /* after DOCUMENT-START */
	if (rc)
		return rc;
	if (r->event.type != YAML_MAPPING_START_EVENT)
		return bern_fail(e, BERN_EFORMAT, "%s:%zu: not a map; it needs the maps %s",
				 r->name, line_of(r), list);
	rc = read_sections(r, sections, section_count, entry, user, e);
	if (rc == 0)
		rc = next_event(r, e); /* DOCUMENT-END */
	if (rc == 0)
		rc = next_event(r, e);
	if (rc)
		return rc;
	if (r->event.type != YAML_STREAM_END_EVENT)
		return bern_fail(e, BERN_EFORMAT, "%s:%zu: a second document; one is allowed",
				 r->name, line_of(r));
	return 0;
}

int32_t yaml_parse(const char *name, const char *text, size_t size, const char *const *sections,
		   size_t section_count, yaml_entry *entry, void *user, bern_error *e)
{
	const char *nul = memchr(text, '\0', size);
	if (nul) {
		size_t line = 1;
		for (const char *c = text; c < nul; c++)
			line += *c == '\n';
		return bern_fail(e, BERN_EFORMAT, "%s:%zu: a NUL character is not allowed", name,
				 line);
	}
	reading r = {.name = name};
	if (!yaml_parser_initialize(&r.parser))
		return bern_fail(e, BERN_EMEMORY, "%s: out of memory", name);
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, size);
	int32_t rc = read_stream(&r, sections, section_count, entry, user, e);
	drop_event(&r);
	yaml_parser_delete(&r.parser);
	for (size_t i = 0; i < r.seen_count; i++)
		free(r.seen[i].key);
	free(r.seen);
	return rc;
}

/* Fills text up to limit + 1 bytes. Returns how many came, or -1 with errno. */
static ssize_t read_all(int fd, char *text, size_t limit)
{
	size_t have = 0;
	while (have <= limit) {
		ssize_t got = read(fd, text + have, limit + 1 - have);
		if (got == 0)
			break;
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		have += (size_t)got;
	}
	return (ssize_t)have;
}

int32_t read_text_file(const char *path, size_t limit, char **out, size_t *size, bern_error *e)
{
	*out = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return bern_fail(e, BERN_EIO, "%s: %s", path, strerror(errno));
	struct stat info;
	char *text = NULL;
	int32_t rc = 0;
	ssize_t have;
	if (fstat(fd, &info) == 0 && S_ISDIR(info.st_mode)) {
		rc = bern_fail(e, BERN_EIO, "%s: is a folder, not a file", path);
		goto done;
	}
	text = malloc(limit + 2);
	if (!text) {
		rc = bern_fail(e, BERN_EMEMORY, "%s: out of memory", path);
		goto done;
	}
	have = read_all(fd, text, limit);
	if (have < 0) {
		rc = bern_fail(e, BERN_EIO, "%s: %s", path, strerror(errno));
		goto done;
	}
	if ((size_t)have > limit) {
		rc = bern_fail(e, BERN_EFORMAT, "%s: is larger than %zu bytes", path, limit);
		goto done;
	}
	text[have] = '\0';
	*size = (size_t)have;
	*out = text;
	text = NULL;
done:
	free(text);
	close(fd);
	return rc;
}
