/* bern/error.h: how a function says that it failed.
 *
 * Functions that can fail return 0 or a bern_code and take `bern_error *e` last: the caller's, to be read when the
 * code is not 0. The text is one sentence for a user: what, given, allowed. Nothing here prints.
 */
#ifndef BERN_ERROR_H
#define BERN_ERROR_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum bern_code {
	BERN_OK = 0,
	BERN_EUSAGE,  /* the caller or user gave something that is not allowed */
	BERN_EIO,     /* a file or folder could not be read or written */
	BERN_EFORMAT, /* a file or plugin is not what it should be */
	BERN_EMEMORY,
	BERN_EENV,   /* an environment broke its promise while running */
	BERN_ENUMBER /* a number became NaN or infinite in learning */
};

typedef struct bern_error {
	int32_t code;
	char text[1020];
} bern_error;

#if defined(__GNUC__)
#define BERN_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define BERN_PRINTF(text, first)
#endif

/* Writes the sentence and returns code: `return bern_fail(e, BERN_EUSAGE, "%s: %s is not a number", key, text);` */
int32_t bern_fail(bern_error *e, int32_t code, const char *format, ...) BERN_PRINTF(3, 4);

/* Puts "what: " before the sentence already there and returns its code: `return bern_because(e, "reading %s", path);` */
int32_t bern_because(bern_error *e, const char *format, ...) BERN_PRINTF(2, 3);

#ifdef __cplusplus
}
#endif

#endif
