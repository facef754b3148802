/* cli/yaml_map.h: reads the small part of YAML that a configuration is: a map of maps of scalars.
 *
 * Every scalar is handed on as text; what it means is the option table's business. Anchors, aliases, tags, lists and deeper
 * maps are refused, each with file, line and what is allowed.
 */
#ifndef BERN_CLI_YAML_MAP_H
#define BERN_CLI_YAML_MAP_H

#include <bern/error.h>

#include <stddef.h>
#include <stdint.h>

#define YAML_MAX_SIZE (1u << 20) /* bytes of a file */

/* One `key: text` of a section. Strings are the caller's to copy. line counts from 1. Returns 0 to go on. */
typedef int32_t yaml_entry(void *user, const char *section, const char *key, const char *text,
			   size_t line, bern_error *e);

/* Reads `text` (size bytes; `name` stands for it in errors) and calls entry for each key in the order of the text. A section
 * that is none of `sections` (section_count names) is an error with a suggestion. */
int32_t yaml_parse(const char *name, const char *text, size_t size, const char *const *sections,
		   size_t section_count, yaml_entry *entry, void *user, bern_error *e);

/* Reads a whole file of at most `limit` bytes; *out (owned by the caller: free) ends in a NUL that size does not count. */
int32_t read_text_file(const char *path, size_t limit, char **out, size_t *size, bern_error *e);

#endif
