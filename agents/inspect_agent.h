/* inspect_agent.h: what kinds of agents fill in the viewer's table with (inspect.h). */
#ifndef BERN_INSPECT_AGENT_H
#define BERN_INSPECT_AGENT_H

#include "inspect.h"

#include <bern/agent.h>

/* An inspector of any agent, which must outlive it. A kind without `inspect` shows its actions alone. The inspector uses the
 * agent's scratch memory: same thread as learn. */
int32_t bern_agent_inspect(bern_agent *agent, const bern_world *world, bern_inspector *inspector,
			   bern_error *e);

/* bern_agent_kind.inspect of the kinds. */
int32_t bern_reinforce_inspect(bern_agent *agent, bern_inspector *inspector, bern_error *e);
int32_t bern_tabular_inspect(bern_agent *agent, bern_inspector *inspector, bern_error *e);
int32_t bern_bandit_inspect(bern_agent *agent, bern_inspector *inspector, bern_error *e);

/* For kinds whose act() is the agent's own and asks nothing but `fill`, which writes chance, worth and value of the situation
 * after act() has chosen. self->world of the inspector's agent is `world`. */
int32_t bern_inspect_plain(bern_agent *agent, const bern_world *world, double gamma,
			   void (*fill)(bern_agent *agent, const bern_lanes *lanes, int32_t mode,
					bern_moment *moment),
			   bern_inspector *inspector, bern_error *e);

#endif
