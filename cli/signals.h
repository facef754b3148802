/* cli/signals.h: Ctrl-C while training. The first one asks, the second one ends the process at once. */
#ifndef BERN_CLI_SIGNALS_H
#define BERN_CLI_SIGNALS_H

/* Takes SIGINT, SIGTERM and SIGUSR1, unless they are ignored already (a job in the background), and ignores SIGPIPE and SIGXFSZ, so
 * that a broken pipe or a file over its limit is an error of write(). */
void signals_watch(void);

/* The signal that came since, or 0. */
int signals_came(void);

/* Whether SIGUSR1 came since this was last asked: a look at the policy and a checkpoint, now. */
int signals_asked(void);

/* Gives SIGINT and SIGTERM back to the system and forgets what came. */
void signals_release(void);

#endif
