#include "mpirun.h"

#include "module.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void mpirun_place(size_t *rank, size_t *count)
{
	/* Open MPI; MPICH, Intel MPI and their kin; srun --mpi=pmix */
	static const char *const names[][2] = {{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
					       {"PMI_RANK", "PMI_SIZE"},
					       {"PMIX_RANK", "SLURM_NTASKS"}};
	*rank = 0;
	*count = 1;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const char *one = getenv(names[i][0]), *all = getenv(names[i][1]);
		long r = one ? strtol(one, NULL, 10) : -1, n = all ? strtol(all, NULL, 10) : 0;
		if (r < 0 || n <= r || n > 100000)
			continue;
		*rank = (size_t)r;
		*count = (size_t)n;
		return;
	}
}

int32_t mpirun_join(mpirun *m, bern_error *e)
{
	size_t rank, count;
	const void *table = NULL;
	mpirun_place(&rank, &count);
	if (count == 1)
		return 0;
	int32_t rc = module_open("mpi", BERN_MPI_SYMBOL, &table, e);
	m->module = table;
	if (!rc && (m->module->struct_size != sizeof(bern_mpi) ||
		    strcmp(m->module->version, BERN_VERSION) != 0))
		rc = bern_fail(e, BERN_EFORMAT, "the module mpi is of another version of Bern");
	if (!rc)
		rc = m->module->join(&m->table, count, e);
	if (rc)
		return bern_because(e, "%zu processes were started by mpirun", count);
	m->ranks = &m->table;
	return 0;
}

int mpirun_leave(mpirun *m, int status)
{
	int32_t said = status;
	fflush(NULL);
	if (!m->ranks)
		return status;
	bern_ranks_meet(m->ranks);
	bern_ranks_broadcast(m->ranks, &said, sizeof said);
	m->module->leave(&m->table);
	m->ranks = NULL;
	return said;
}

void mpirun_style(const bern_ranks *ranks, output_style *style)
{
	if (bern_ranks_rank(ranks) == 0)
		return;
	style->quiet = 1;
	style->verbose = style->json = style->progress = style->report_to = 0;
}

int mpirun_report(const bern_ranks *ranks, const char *what, const bern_error *e)
{
	return bern_ranks_rank(ranks) ? exit_status_of(e) : report_error(what, e);
}

int mpirun_report_alike(const char *what, const bern_error *e)
{
	size_t rank, count;
	mpirun_place(&rank, &count);
	return rank ? exit_status_of(e) : report_error(what, e);
}

int32_t mpirun_share_text(const bern_ranks *ranks, char **text, size_t *size, bern_error *e)
{
	uint64_t bytes = *size + 1;
	if (bern_ranks_count(ranks) == 1)
		return 0;
	bern_ranks_broadcast(ranks, &bytes, sizeof bytes);
	if (ranks->rank > 0)
		*text = malloc(bytes);
	const int32_t rc = bern_ranks_agree(
		ranks, *text ? 0 : bern_fail(e, BERN_EMEMORY, "memory is out"), e);
	if (!rc)
		bern_ranks_broadcast(ranks, *text, bytes);
	*size = bytes - 1;
	return rc;
}

int32_t mpirun_compare(const bern_ranks *ranks, const char *what, const void *bytes, size_t size,
		       bern_error *e)
{
	char *first = NULL;
	size_t first_size = size;
	if (bern_ranks_count(ranks) == 1)
		return 0;
	if (ranks->rank == 0 && (first = calloc(1, size + 1)) && size > 0)
		memcpy(first, bytes, size);
	int32_t rc = mpirun_share_text(ranks, &first, &first_size, e);
	if (!rc && (first_size != size || (size > 0 && memcmp(first, bytes, size) != 0)))
		rc = bern_fail(e, BERN_EUSAGE,
			       "its %s is not that of rank 0; allowed: the same options, files and "
			       "variables for all",
			       what);
	free(first);
	return bern_ranks_agree(ranks, rc, e);
}
