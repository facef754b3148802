/* kinds.h: every kind of agent there is, each defined in the file of its name; agent.c lists them. */
#ifndef BERN_KINDS_H
#define BERN_KINDS_H

#include <bern/agent.h>

#endif
