#include <bern/error.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int32_t bern_fail(bern_error *e, int32_t code, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(e->text, sizeof e->text, format, args);
	va_end(args);
	e->code = code;
	return code;
}

int32_t bern_because(bern_error *e, const char *format, ...)
{
	char text[2 * sizeof e->text];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof e->text, format, args);
	va_end(args);
	size_t length = strlen(text);
	snprintf(text + length, sizeof text - length, ": %s", e->text);
	text[sizeof e->text - 1] = '\0';
	memcpy(e->text, text, sizeof e->text);
	return e->code;
}
