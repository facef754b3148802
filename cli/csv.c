#include "csv.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* powers of ten that a double holds exactly */
static const double tens[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
			      1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
			      1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* Reads the number that fills text up to end exactly. Digits that fit 2^53 times or over an exact power of ten are rounded once, so
 * they are what strtod gives (Clinger 1990); all else goes to strtod. */
static int read_number(const char *text, const char *end, double *out)
{
	const char *c = text;
	int negative = c < end && *c == '-';
	uint64_t digits = 0;
	int scale = 0, count = 0;
	c += negative;
	for (; c < end && *c >= '0' && *c <= '9' && count < 17; c++, count++)
		digits = 10 * digits + (uint64_t)(*c - '0');
	if (c < end && *c == '.')
		for (c++; c < end && *c >= '0' && *c <= '9' && count < 17; c++, count++, scale--)
			digits = 10 * digits + (uint64_t)(*c - '0');
	if (count > 0 && c == end && digits <= (uint64_t)1 << 53 && scale >= -22) {
		double x = (double)digits / tens[-scale];
		*out = negative ? -x : x;
		return 1;
	}
	char copy[64], *stop;
	size_t length = (size_t)(end - text);
	if (length == 0 || length >= sizeof copy || *text == ' ' || *text == '+')
		return 0;
	memcpy(copy, text, length);
	copy[length] = '\0';
	*out = strtod(copy, &stop);
	return *stop == '\0';
}

/* The file in memory; an empty one is no bytes. */
static int32_t map_file(const char *path, char **text, size_t *size, bern_error *e)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	*text = NULL;
	*size = 0;
	if (fd < 0)
		return bern_fail(e, BERN_EIO, "reading %s: %s", path, strerror(errno));
	int32_t rc = 0;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		rc = bern_fail(e, BERN_EIO, "reading %s: it is no plain file", path);
	} else if (st.st_size > 0) {
		/* a log only grows while it is trained, but a resumed run may cut it: so it is copied, not mapped */
		size_t room = (size_t)st.st_size, done = 0;
		char *bytes = malloc(room + 1);
		if (!bytes)
			rc = bern_fail(e, BERN_EMEMORY, "reading %s: memory is out", path);
		ssize_t n = 1;
		while (bytes && done < room && n > 0) {
			n = read(fd, bytes + done, room - done);
			if (n < 0 && errno == EINTR)
				n = 1;
			else if (n > 0)
				done += (size_t)n;
		}
		if (n < 0) {
			rc = bern_fail(e, BERN_EIO, "reading %s: %s", path, strerror(errno));
			free(bytes);
		} else {
			*text = bytes;
			*size = done;
		}
	}
	close(fd);
	return rc;
}

/* Cuts the head into names. */
static int32_t take_head(csv_table *t, const char *path, const char *line, size_t length,
			 bern_error *e)
{
	t->text = malloc(length + 1);
	if (!t->text)
		return bern_fail(e, BERN_EMEMORY, "reading %s: memory is out", path);
	memcpy(t->text, line, length);
	t->text[length] = '\0';
	if (length && t->text[length - 1] == '\r')
		t->text[length - 1] = '\0';
	for (char *name = t->text; name;) {
		char *comma = strchr(name, ',');
		if (t->columns == CSV_COLUMNS)
			return bern_fail(e, BERN_EFORMAT, "%s has more than %d columns", path,
					 CSV_COLUMNS);
		if (comma)
			*comma++ = '\0';
		t->names[t->columns++] = name;
		name = comma;
	}
	return 0;
}

static int is_wanted(const char *name, const char *const *wanted, size_t count)
{
	for (size_t i = 0; wanted && i < count; i++)
		if (!strcmp(name, wanted[i]))
			return 1;
	return !wanted;
}

/* Reads the rows. `last` tells that nothing follows a row that is too short. */
static int32_t take_rows(csv_table *t, const char *path, const char *at, const char *end,
			 size_t line, bern_error *e)
{
	size_t last = 0;
	for (size_t i = 0; i < t->columns; i++)
		last = t->values[i] ? i : last;
	for (; at < end; line++) {
		const char *stop = memchr(at, '\n', (size_t)(end - at)), *c = at;
		if (!stop) {
			t->torn = 1;
			return 0;
		}
		size_t column = 0;
		const char *row_end = stop > at && stop[-1] == '\r' ? stop - 1 : stop;
		/* cells behind the last one that is wanted are not looked at */
		for (; column <= last; column++) {
			const char *comma = memchr(c, ',', (size_t)(row_end - c));
			const char *cell_end = comma ? comma : row_end;
			double *out = t->values[column];
			if (out && cell_end == c)
				out[t->rows] = NAN;
			else if (out && !read_number(c, cell_end, &out[t->rows]))
				return bern_fail(e, BERN_EFORMAT,
						 "%s, line %zu: '%.*s' is no number, in column %s",
						 path, line,
						 (int)(cell_end - c > 40 ? 40 : cell_end - c), c,
						 t->names[column]);
			if (!comma)
				break;
			c = comma + 1;
		}
		if (column < last) {
			t->torn = stop + 1 >= end;
			return t->torn ? 0
				       : bern_fail(e, BERN_EFORMAT,
						   "%s, line %zu has %zu cells, the head has %zu",
						   path, line, column + 1, t->columns);
		}
		t->rows++;
		at = stop + 1;
	}
	return 0;
}

int32_t csv_read(csv_table *t, const char *path, const char *const *wanted, size_t count,
		 bern_error *e)
{
	char *text;
	size_t size, rows = 0, line = 1, columns = 0;
	memset(t, 0, sizeof *t);
	int32_t rc = map_file(path, &text, &size, e);
	if (rc)
		return rc;
	const char *at = text, *end = text + size;
	if (size && *at == '#') {
		const char *stop = memchr(at, '\n', size);
		at = stop ? stop + 1 : end;
		line++;
	}
	const char *stop = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
	if (!stop)
		rc = bern_fail(e, BERN_EFORMAT, "%s has no line with the names of its columns",
			       path);
	if (!rc)
		rc = take_head(t, path, at, (size_t)(stop - at), e);
	for (const char *c = rc ? end : stop; c < end && (c = memchr(c, '\n', (size_t)(end - c)));
	     c++)
		rows++;
	for (size_t i = 0; i < t->columns; i++)
		columns += (size_t)is_wanted(t->names[i], wanted, count);
	if (!rc) {
		t->memory = malloc((columns * rows + 1) * sizeof *t->memory);
		if (!t->memory)
			rc = bern_fail(e, BERN_EMEMORY, "reading %s: memory is out", path);
	}
	double *next = t->memory;
	for (size_t i = 0; !rc && i < t->columns; i++)
		if (is_wanted(t->names[i], wanted, count)) {
			t->values[i] = next;
			next += rows;
		}
	if (!rc)
		rc = take_rows(t, path, stop + 1, end, line + 1, e);
	free(text);
	return rc;
}

void csv_finish(csv_table *t)
{
	free(t->text);
	free(t->memory);
	memset(t, 0, sizeof *t);
}

const double *csv_column(const csv_table *t, const char *name)
{
	for (size_t i = 0; i < t->columns; i++)
		if (!strcmp(t->names[i], name))
			return t->values[i];
	return NULL;
}

char *csv_names(const csv_table *t, char *out, size_t size)
{
	size_t at = 0;
	out[0] = '\0';
	for (size_t i = 0; i < t->columns && at < size; i++)
		at += (size_t)snprintf(out + at, size - at, "%s%s", i ? ", " : "", t->names[i]);
	return out;
}
