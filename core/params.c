/* Reading the values a user types: every number to its last character, every refusal with what is allowed. */
#include <bern/host.h>

#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __APPLE__
#include <xlocale.h> /* uselocale */
#endif

#define LONGEST_NAME 127 /* longer names are never suggested */

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static int lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : (unsigned char)c;
}

/* Insertions, deletions, replacements and swaps of neighbours that turn a into b, letter case aside. The "optimal
 * string alignment" distance, by rows. */
static size_t edit_distance(const char *a, const char *b)
{
	size_t rows[3][LONGEST_NAME + 1];
	size_t m = strlen(a), n = strlen(b);
	if (m > LONGEST_NAME || n > LONGEST_NAME)
		return m + n;
	size_t *before = rows[0], *last = rows[1], *now = rows[2];
	for (size_t j = 0; j <= n; j++)
		last[j] = before[j] = j;
	for (size_t i = 1; i <= m; i++) {
		now[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t differs = lower(a[i - 1]) != lower(b[j - 1]);
			size_t d = smaller(last[j] + 1, now[j - 1] + 1);
			d = smaller(d, last[j - 1] + differs);
			if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
			    lower(a[i - 2]) == lower(b[j - 1]))
				d = smaller(d, before[j - 2] + 1);
			now[j] = d;
		}
		size_t *spare = before;
		before = last;
		last = now;
		now = spare;
	}
	return last[n];
}

const char *bern_suggest(const char *given, const char *const *names, size_t count, char *out,
			 size_t size)
{
	size_t best = strlen(given) / 3 + 1;
	const char *found = NULL;
	for (size_t i = 0; i < count; i++) {
		size_t d = edit_distance(given, names[i]);
		if (d < best) {
			best = d;
			found = names[i];
		}
	}
	if (size)
		out[0] = '\0';
	if (found)
		snprintf(out, size, ", did you mean %s?", found);
	return out;
}

/* A bound as a user would write it: whole numbers without an exponent. */
static const char *bound_text(double x, char out[32])
{
	if (x == floor(x) && fabs(x) < 1e16)
		snprintf(out, 32, "%.0f", x);
	else
		snprintf(out, 32, "%g", x);
	return out;
}

static int32_t out_of_range(const bern_param *param, const char *text, bern_error *e)
{
	char min[32], max[32];
	bound_text(param->min, min);
	bound_text(param->max, max);
	if (isinf(param->max))
		return bern_fail(e, BERN_EUSAGE, "%s: %s is less than %s", param->key, text, min);
	if (isinf(param->min))
		return bern_fail(e, BERN_EUSAGE, "%s: %s is more than %s", param->key, text, max);
	return bern_fail(e, BERN_EUSAGE, "%s: %s is outside [%s, %s]", param->key, text, min, max);
}

static int32_t not_a_number(const bern_param *param, const char *text, const char *kind,
			    bern_error *e)
{
	char min[32], max[32];
	bound_text(param->min, min);
	bound_text(param->max, max);
	if (isinf(param->min) && isinf(param->max))
		return bern_fail(e, BERN_EUSAGE, "%s: \"%s\" is not a %s", param->key, text, kind);
	if (isinf(param->max))
		return bern_fail(e, BERN_EUSAGE, "%s: \"%s\" is not a %s of at least %s",
				 param->key, text, kind, min);
	if (isinf(param->min))
		return bern_fail(e, BERN_EUSAGE, "%s: \"%s\" is not a %s of at most %s", param->key,
				 text, kind, max);
	return bern_fail(e, BERN_EUSAGE, "%s: \"%s\" is not a %s in [%s, %s]", param->key, text,
			 kind, min, max);
}

/* Reads a decimal number that takes up all of `text`, with a point whatever the program's locale says. Returns 0 if it is
 * none. A number too large for a double comes out infinite. */
static int read_real(const char *text, double *x)
{
	if (!*text || text[strspn(text, "0123456789+-.eE")])
		return 0; /* nothing to read, or inf, nan, hexadecimal, blanks */
	locale_t plain = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
	if (!plain)
		return 0;
	locale_t users = uselocale(plain);
	char *end;
	*x = strtod(text, &end);
	uselocale(users);
	freelocale(plain);
	return *end == '\0' && end != text;
}

/* Whether a number was read as 0 that is not 0, only too small for a double. */
static int vanished(const char *text, double x)
{
	const char first = text[strcspn(text, "123456789eE")];
	return x == 0 && first != '\0' && first != 'e' && first != 'E';
}

static int32_t parse_int(const bern_param *param, const char *text, bern_value *value,
			 bern_error *e)
{
	char *end;
	double real;
	errno = 0;
	long long i = strtoll(text, &end, 10);
	int whole = *text && !isspace((unsigned char)*text) && *end == '\0';
	if (whole && errno == ERANGE)
		return out_of_range(param, text, e);
	if (!whole) {
		/* 1e6 is a whole number too, if a double holds it exactly */
		if (!read_real(text, &real) || real != floor(real) || vanished(text, real))
			return not_a_number(param, text, "whole number", e);
		if (fabs(real) > 9007199254740992.0)
			return out_of_range(param, text, e);
		i = (long long)real;
	}
	/* the largest int64 rounds up to 2^63 as a double, so that a bound of 2^63 lets all pass */
	if (!((double)i >= param->min && (double)i <= param->max))
		return out_of_range(param, text, e);
	value->i = i;
	return BERN_OK;
}

static int32_t parse_real(const bern_param *param, const char *text, bern_value *value,
			  bern_error *e)
{
	double x;
	if (!read_real(text, &x))
		return not_a_number(param, text, "number", e);
	if (isinf(x))
		return bern_fail(e, BERN_EUSAGE, "%s: %s is too large for a number", param->key,
				 text);
	if (vanished(text, x))
		return bern_fail(e, BERN_EUSAGE, "%s: %s is too small for a number other than 0",
				 param->key, text);
	if (!(x >= param->min && x <= param->max))
		return out_of_range(param, text, e);
	value->r = x;
	return BERN_OK;
}

static int32_t parse_bool(const bern_param *param, const char *text, bern_value *value,
			  bern_error *e)
{
	static const char *const words[][2] = {
		{"false", "true"}, {"no", "yes"}, {"off", "on"}, {"0", "1"}};
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		for (int on = 0; on < 2; on++)
			if (strcmp(text, words[i][on]) == 0) {
				value->i = on;
				return BERN_OK;
			}
	return bern_fail(e, BERN_EUSAGE, "%s: \"%s\" is neither true nor false", param->key, text);
}

static int32_t parse_text(const bern_param *param, const char *text, bern_value *value,
			  bern_error *e)
{
	size_t length = strlen(text);
	if (!((double)length >= param->min && (double)length <= param->max)) {
		char min[32], max[32];
		return bern_fail(e, BERN_EUSAGE,
				 "%s: a text of %zu bytes was given, allowed are %s to %s",
				 param->key, length, bound_text(param->min, min),
				 bound_text(param->max, max));
	}
	value->s = text;
	return BERN_OK;
}

static int32_t parse_choice(const bern_param *param, const char *text, bern_value *value,
			    bern_error *e)
{
	char all[512], hint[192];
	size_t count = 0, used = 0;
	all[0] = '\0';
	for (; param->choices[count]; count++) {
		const char *name = param->choices[count];
		if (strcmp(text, name) == 0) {
			value->i = (int64_t)count;
			return BERN_OK;
		}
		int wrote = snprintf(all + used, sizeof all - used, "%s%s", count ? ", " : "",
				     name);
		used = smaller(used + (size_t)(wrote > 0 ? wrote : 0), sizeof all - 1);
	}
	bern_suggest(text, param->choices, count, hint, sizeof hint);
	return bern_fail(e, BERN_EUSAGE, "%s: \"%s\" is not one of %s%s", param->key, text, all,
			 hint);
}

int32_t bern_param_parse(const bern_param *param, const char *text, bern_value *value,
			 bern_error *e)
{
	switch (param->type) {
	case BERN_INT:
		return parse_int(param, text, value, e);
	case BERN_REAL:
		return parse_real(param, text, value, e);
	case BERN_BOOL:
		return parse_bool(param, text, value, e);
	case BERN_TEXT:
		return parse_text(param, text, value, e);
	case BERN_CHOICE:
		return parse_choice(param, text, value, e);
	default:
		return bern_fail(e, BERN_EFORMAT, "%s: type %d is none that a parameter can have",
				 param->key, (int)param->type);
	}
}
