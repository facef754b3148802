#include "kinds.h"
#include "ranks.h"

#include <stdio.h>
#include <string.h>

/* sorted by name; a file that defines a kind is declared in kinds.h and named here */
const bern_agent_kind *const bern_agent_kinds[] = {
	&bern_agent_ase_ace,
	&bern_agent_epsilon_greedy,
	&bern_agent_gradient_bandit,
	&bern_agent_q_learning,
	&bern_agent_reinforce,
	&bern_agent_sarsa,
	&bern_agent_thompson,
	&bern_agent_ucb,
	NULL,
};
const size_t bern_agent_kind_count = sizeof bern_agent_kinds / sizeof bern_agent_kinds[0] - 1;

int32_t bern_agent_create(bern_agent **agent, const bern_agent_config *config,
			  const bern_world *world, uint64_t seed, bern_error *e)
{
	const char *names[sizeof bern_agent_kinds / sizeof bern_agent_kinds[0]] = {NULL};
	char hint[128], all[512] = "";
	size_t length = 0;
	*agent = NULL;
	for (size_t i = 0; i < bern_agent_kind_count; i++) {
		names[i] = bern_agent_kinds[i]->name;
		if (length < sizeof all)
			length += (size_t)snprintf(all + length, sizeof all - length, "%s%s",
						   i ? ", " : "", names[i]);
		if (strcmp(names[i], config->agent) != 0)
			continue;
		if (bern_ranks_count(config->ranks) > 1 &&
		    bern_agent_kinds[i] != &bern_agent_reinforce)
			return bern_fail(e, BERN_EUSAGE,
					 "agent: %s learns in one process, and several ranks were "
					 "started; allowed with them: reinforce",
					 config->agent);
		return bern_agent_kinds[i]->create(agent, config, world, seed, e);
	}
	return bern_fail(
		e, BERN_EUSAGE, "agent: there is no kind \"%s\"; allowed: %s%s", config->agent, all,
		bern_suggest(config->agent, names, bern_agent_kind_count, hint, sizeof hint));
}

void bern_agent_destroy(bern_agent *agent)
{
	if (agent)
		agent->kind->destroy(agent);
}
