#include "signals.h"

#include "command.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

/* A handler reaches nothing but a variable of the process. */
static volatile sig_atomic_t came;

static void on_signal(int number)
{
	if (came)
		_exit(EXIT_INTERRUPTED);
	came = number;
}

static volatile sig_atomic_t asked;

static void on_question(int number)
{
	(void)number;
	asked = 1;
}

static void take(int number, void (*handler)(int))
{
	struct sigaction action, before;
	memset(&action, 0, sizeof action);
	sigemptyset(&action.sa_mask);
	action.sa_handler = handler;
	action.sa_flags = SA_RESTART;
	if (sigaction(number, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
		sigaction(number, &action, NULL);
}

void signals_watch(void)
{
	came = asked = 0;
	take(SIGUSR1, on_question);
	take(SIGINT, on_signal);
	take(SIGTERM, on_signal);
	take(SIGPIPE, SIG_IGN);
	take(SIGXFSZ, SIG_IGN);
}

int signals_came(void)
{
	return came;
}

int signals_asked(void)
{
	int was = asked;
	asked = 0;
	return was;
}

void signals_release(void)
{
	take(SIGINT, SIG_DFL);
	take(SIGTERM, SIG_DFL);
	/* SIGUSR1 stays taken: a question that comes late, or to a job that only begins, must not end it */
	came = 0;
}
