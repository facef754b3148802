/* cli/isolation.h: --isolate, the flags by which a command opens its environment in a process of its own. */
#ifndef BERN_CLI_ISOLATION_H
#define BERN_CLI_ISOLATION_H

#include <bern/host.h>

typedef struct isolation {
	int on;
	bern_isolation plan;
	const char *command; /* who says so if files and sockets stay open to it; NULL: nobody */
} isolation;

/* How long a call may take and what its process may hold if no flag says otherwise. */
#define ISOLATION_DEFAULTS                                                                         \
	{                                                                                          \
		.plan = {.seconds = 30, .memory = (uint64_t)2048 << 20 }                           \
	}

/* Three rows of a command's flags, and their places in its enum. */
#define CLI_ISOLATE_FLAGS                                                                          \
	{"isolate", 0, NULL, "run the environment in a process of its own, to the same bits"},     \
		{"isolate-seconds", 0, "S",                                                        \
		 "--isolate, and end a call that takes longer; 0: never [30; 0 .. 1000000]"},      \
	{                                                                                          \
		"isolate-memory", 0, "MIB",                                                        \
			"--isolate, with at most so much memory; 0: no limit [2048; 0 .. 1000000]" \
	}
#define CLI_ISOLATE_PLACES FLAG_ISOLATE, FLAG_ISOLATE_SECONDS, FLAG_ISOLATE_MEMORY

/* Takes one of them: `which` is its place less FLAG_ISOLATE. */
int32_t isolation_take(isolation *isolation, size_t which, const char *text, bern_error *e);

/* Opens an environment here or in a process of its own. isolation may be NULL. */
int32_t open_world(bern_world *world, const bern_env *env, const bern_setting *settings,
		   size_t setting_count, const isolation *isolation, bern_error *e);

#endif
