/* kinds.h: every kind of agent there is, each defined in the file of its name; agent.c lists them. */
#ifndef BERN_KINDS_H
#define BERN_KINDS_H

#include <bern/agent.h>

extern const bern_agent_kind bern_agent_ase_ace;
extern const bern_agent_kind bern_agent_epsilon_greedy;
extern const bern_agent_kind bern_agent_gradient_bandit;
extern const bern_agent_kind bern_agent_q_learning;
extern const bern_agent_kind bern_agent_reinforce;
extern const bern_agent_kind bern_agent_sarsa;
extern const bern_agent_kind bern_agent_thompson;
extern const bern_agent_kind bern_agent_ucb;

#endif
