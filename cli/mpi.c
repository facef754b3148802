/* The module `mpi`: the only file that knows the MPI library. Calls of MPI 3 alone.
 *
 * The library ends all processes if a call fails (MPI_ERRORS_ARE_FATAL, its default), so nothing here returns an error once all have
 * met. Sizes are ints in MPI 3: what is larger goes in pieces. */
#include "mpirun.h"

#include <limits.h>
#include <mpi.h>
#include <stdlib.h>
#include <time.h>

#define MOST_BYTES ((size_t)1 << 30) /* of one message */

/* Room for one collective call's sizes and places, (ranks) each. */
typedef struct world {
	size_t rank, count;
	int *size, *at;
} world;

static int chunk_of(size_t size, size_t done)
{
	size_t left = size > done ? size - done : 0;
	return (int)(left < MOST_BYTES ? left : MOST_BYTES);
}

static void broadcast(void *own, size_t root, void *bytes, size_t size)
{
	(void)own;
	for (size_t done = 0; done < size; done += MOST_BYTES)
		MPI_Bcast((char *)bytes + done, chunk_of(size, done), MPI_BYTE, (int)root,
			  MPI_COMM_WORLD);
}

/* Sizes and places in ints; 0 if they do not fit, in all ranks alike. */
static int in_ints(world *w, const size_t *offset)
{
	if (offset[w->count] > INT_MAX)
		return 0;
	for (size_t r = 0; r < w->count; r++) {
		w->size[r] = (int)(offset[r + 1] - offset[r]);
		w->at[r] = (int)offset[r];
	}
	return 1;
}

static void all_gather(void *own, void *all, const size_t *offset)
{
	world *w = own;
	if (in_ints(w, offset))
		MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, all, w->size, w->at, MPI_BYTE,
			       MPI_COMM_WORLD);
	else
		for (size_t r = 0; r < w->count; r++)
			broadcast(own, r, (char *)all + offset[r], offset[r + 1] - offset[r]);
}

static void gather(void *own, const void *piece, void *all, const size_t *offset)
{
	world *w = own;
	const size_t mine = offset[w->rank + 1] - offset[w->rank];
	if (in_ints(w, offset)) {
		MPI_Gatherv(w->rank ? piece : MPI_IN_PLACE, w->size[w->rank], MPI_BYTE, all,
			    w->size, w->at, MPI_BYTE, 0, MPI_COMM_WORLD);
		return;
	}
	for (size_t done = 0; w->rank && done < mine; done += MOST_BYTES)
		MPI_Send((const char *)piece + done, chunk_of(mine, done), MPI_BYTE, 0, 0,
			 MPI_COMM_WORLD);
	for (size_t r = 1; !w->rank && r < w->count; r++) {
		const size_t size = offset[r + 1] - offset[r];
		for (size_t done = 0; done < size; done += MOST_BYTES)
			MPI_Recv((char *)all + offset[r] + done, chunk_of(size, done), MPI_BYTE,
				 (int)r, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
	}
}

/* In each round all send to the rank so many further on. */
static void exchange(void *own, const void *from, const size_t *from_offset, void *to,
		     const size_t *to_offset)
{
	const world *w = own;
	for (size_t round = 0; round < w->count; round++) {
		const size_t next = (w->rank + round) % w->count;
		const size_t before = (w->rank + w->count - round) % w->count;
		const char *send = (const char *)from + from_offset[next];
		char *take = (char *)to + to_offset[before];
		const size_t sent = from_offset[next + 1] - from_offset[next];
		const size_t taken = to_offset[before + 1] - to_offset[before];
		for (size_t done = 0; done < sent || done < taken; done += MOST_BYTES)
			MPI_Sendrecv(done < sent ? send + done : send, chunk_of(sent, done),
				     MPI_BYTE, done < sent ? (int)next : MPI_PROC_NULL, 0,
				     done < taken ? take + done : take, chunk_of(taken, done),
				     MPI_BYTE, done < taken ? (int)before : MPI_PROC_NULL, 0,
				     MPI_COMM_WORLD, MPI_STATUS_IGNORE);
	}
}

static int64_t most(void *own, int64_t number)
{
	int64_t out;
	(void)own;
	MPI_Allreduce(&number, &out, 1, MPI_INT64_T, MPI_MAX, MPI_COMM_WORLD);
	return out;
}

static void meet(void *own)
{
	MPI_Request all_here;
	int here = 0;
	(void)own;
	MPI_Ibarrier(MPI_COMM_WORLD, &all_here);
	for (MPI_Test(&all_here, &here, MPI_STATUS_IGNORE); !here;
	     MPI_Test(&all_here, &here, MPI_STATUS_IGNORE))
		nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
}

static void leave(bern_ranks *ranks)
{
	world *w = ranks->own;
	MPI_Finalize();
	free(w->size);
	free(w->at);
	free(w);
}

static int32_t join(bern_ranks *ranks, size_t count, bern_error *e)
{
	int provided, rank, size;
	/* --seeds makes its runs in processes of their own, which have no part in any of this */
	setenv("OMPI_MCA_mpi_warn_on_fork", "0", 0);
	MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided);
	MPI_Comm_rank(MPI_COMM_WORLD, &rank);
	MPI_Comm_size(MPI_COMM_WORLD, &size);
	if ((size_t)size != count)
		return bern_fail(
			e, BERN_EUSAGE,
			"the MPI library of this bern sees %d of them: the mpirun belongs to "
			"another one",
			size);
	world *w = calloc(1, sizeof *w);
	int *sizes = calloc(count, sizeof *sizes), *places = calloc(count, sizeof *places);
	if (!w || !sizes || !places) {
		free(w);
		free(sizes);
		free(places);
		return bern_fail(e, BERN_EMEMORY, "memory is out: %zu ranks", count);
	}
	*w = (world){(size_t)rank, count, sizes, places};
	*ranks = (bern_ranks){.rank = (size_t)rank,
			      .count = count,
			      .own = w,
			      .all_gather = all_gather,
			      .gather = gather,
			      .exchange = exchange,
			      .broadcast = broadcast,
			      .most = most,
			      .meet = meet};
	return 0;
}

/* As module_open looks for it. */
const void *bern_mpi_1(void);

__attribute__((visibility("default"))) const void *bern_mpi_1(void)
{
	static const bern_mpi table = {.struct_size = sizeof(bern_mpi),
				       .version = BERN_VERSION,
				       .join = join,
				       .leave = leave};
	return &table;
}
