/* cli/trained.h: what a run has learned, found by the path of its folder or of a checkpoint. */
#ifndef BERN_CLI_TRAINED_H
#define BERN_CLI_TRAINED_H

#include "isolation.h"
#include "run_folder.h"

#include <bern/tensor.h>

/* A policy with its environment. Zero-initialise; trained_close also after a failure. */
typedef struct trained {
	char path[RUN_PATH_ROOM + 64]; /* of the checkpoint */
	const char *which;             /* "best", "latest" or "given" */
	run_folder folder;             /* of the run, not opened: for its meta.json */
	char step[32];
	run_config config;
	int has_config;
	bern_registry *registry;
	bern_world world;
	int has_world;
	bern_agent *agent;
	bern_tensors tensors; /* of the policy */
} trained;

/* Finds the checkpoint: a folder stands for its best one, or for its latest if no look was made. Writes path, which and folder. */
int32_t trained_find(trained *v, const char *run, bern_error *e);

/* Finds and opens all of it: the environment with the configuration that the checkpoint carries, and the agent with its weights.
 * isolation may be NULL. */
int32_t trained_open(trained *v, const char *run, const char *const *env_paths,
		     size_t env_path_count, const isolation *isolation, bern_error *e);
void trained_close(trained *v);

/* Reads the weights of a run into an agent's (policy: its policy_tensors, made for `config`). A network of another shape is
 * refused in words (BERN_EUSAGE). */
int32_t trained_read_weights(const char *run, const bern_agent_config *config,
			     const bern_tensors *policy, bern_error *e);

#endif
