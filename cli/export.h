/* cli/export.h: a trained policy as files that others read. */
#ifndef BERN_CLI_EXPORT_H
#define BERN_CLI_EXPORT_H

#include <bern/agent.h>
#include <bern/tensor.h>

/* What the C file tells of where it comes from, and how it decides. */
typedef struct export_c_plan {
	const char *name;          /* what its functions begin with: letters, digits, '_' */
	const char *header;        /* the file name of the second text */
	const char *source, *step; /* the checkpoint */
	int32_t mode;              /* enum bern_policy_mode */
} export_c_plan;

/* Writes the policy as C99: *c and *h (free) are the texts of NAME.c and NAME.h. Decides as the agent's act() does, to the bit and
 * from the same random numbers. Networks of binary units with fixed factors on their observations; others are refused in words
 * (BERN_EUSAGE). */
int32_t export_c(bern_agent *agent, const export_c_plan *plan, char **c, char **h, bern_error *e);

/* Writes arrays as NPZ, as numpy.load opens it: a ZIP archive of NPY files (format 1.0, little-endian, C order), stored as they are.
 * Whole or not at all. At most 4 GiB. */
int32_t npz_write(const char *path, const bern_tensors *list, bern_error *e);

#endif
