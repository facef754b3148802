/* cli/mpirun.h: the processes that mpirun started together with this one.
 *
 * mpirun says by the environment of a process which of how many it is. Only then the module `mpi` is opened (module.h), which alone knows
 * the MPI library; it makes the table through which everybody else sees the others (core/ranks.h). Rank 0 writes, prints and
 * decides; the others work along and keep silent. What ends a run in order ends it in all ranks; a rank that is gone, or ends
 * by itself with an error, is noticed by mpirun, which ends the others.
 */
#ifndef BERN_CLI_MPIRUN_H
#define BERN_CLI_MPIRUN_H

#include "command.h"

#include <ranks.h>

/* Which of how many processes this is, as mpirun of Open MPI or of others tells those it starts; 0 of 1 if none did. */
void mpirun_place(size_t *rank, size_t *count);

/* What the module exports: bern_mpi_1() returns this table. */
typedef struct bern_mpi {
	uint32_t struct_size; /* sizeof(bern_mpi) */
	uint32_t reserved;
	const char *version; /* of the Bern that it was built with */
	/* Joins the other processes; once in a process, and `ranks` stays where it is until leave. An error if there are not `count`. */
	int32_t (*join)(bern_ranks *ranks, size_t count, bern_error *e);
	/* When all ranks are done. */
	void (*leave)(bern_ranks *ranks);
} bern_mpi;
#define BERN_MPI_SYMBOL "bern_mpi_1"

/* Zero-initialise. */
typedef struct mpirun {
	bern_ranks table;
	const bern_ranks *ranks; /* NULL: this process is alone */
	const bern_mpi *module;
} mpirun;

/* Joins the others, if there are any. */
int32_t mpirun_join(mpirun *m, bern_error *e);

/* Waits for all ranks, asleep, and leaves them. All return the status that rank 0 brings. After an error that is not the same in all
 * ranks, end without it. */
int mpirun_leave(mpirun *m, int status);

/* The style of a rank: those beyond 0 are silent. */
void mpirun_style(const bern_ranks *ranks, output_style *style);

/* report_error of what went wrong in all ranks: rank 0 says it. */
int mpirun_report(const bern_ranks *ranks, const char *what, const bern_error *e);

/* The same before ranks have met: only the first process that mpirun started says it. */
int mpirun_report_alike(const char *what, const bern_error *e);

/* Gives all ranks the text (size, and a 0 behind it) that rank 0 has; owned by the caller: malloc, free. The others bring NULL. */
int32_t mpirun_share_text(const bern_ranks *ranks, char **text, size_t *size, bern_error *e);

/* An error in all ranks if one does not bring what rank 0 brings: all must train alike, and their files and variables may differ.
 * what: "configuration". bytes NULL is allowed where size is 0. */
int32_t mpirun_compare(const bern_ranks *ranks, const char *what, const void *bytes, size_t size,
		       bern_error *e);

#endif
