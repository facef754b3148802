#if defined(__linux__)
#define _GNU_SOURCE /* memfd_create */
#endif
#define _DARWIN_C_SOURCE
#include "mailbox.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define SLICE_MILLISECONDS 100
#define MOST_SPINS         2000
#define LEAST_SPINS        20

/* ---- shared memory -------------------------------------------------------------------------------- */

int bern_shared_file(void)
{
#if defined(__linux__)
	int file = memfd_create("bern", MFD_CLOEXEC);
	if (file >= 0)
		return file;
#endif
	char path[512];
	const char *folder = getenv("TMPDIR");
	int length = snprintf(path, sizeof path, "%s/bern-XXXXXX", folder ? folder : "/tmp");
	if (length < 0 || (size_t)length >= sizeof path)
		return -1;
	int made = mkstemp(path);
	if (made >= 0)
		unlink(path);
	return made;
}

size_t bern_page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

void *bern_shared_map(int file, uint64_t offset, size_t bytes, int grow)
{
	if (grow && ftruncate(file, (off_t)(offset + bytes)))
		return NULL;
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, (off_t)offset);
	return at == MAP_FAILED ? NULL : at;
}

/* ---- waiting -------------------------------------------------------------------------------------- */

int bern_spins(void)
{
#if defined(_SC_NPROCESSORS_ONLN)
	/* with one processor the other side cannot run meanwhile */
	return sysconf(_SC_NPROCESSORS_ONLN) > 1 ? MOST_SPINS : 0;
#else
	return 0;
#endif
}

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

/* Reads what woke us; 0 if the other end is closed. */
static int drain(int socket)
{
	char bytes[64];
	for (;;) {
		ssize_t got = recv(socket, bytes, sizeof bytes, MSG_DONTWAIT);
		if (got > 0)
			continue;
		if (got == 0)
			return 0;
		if (errno == EINTR)
			continue;
		return errno == EAGAIN || errno == EWOULDBLOCK;
	}
}

int bern_line_wait(bern_line *line, const _Atomic uint32_t *word, uint32_t old,
		   int64_t milliseconds, int (*lost)(void *user), void *user)
{
	_Atomic uint32_t *sleeps = line->is_host ? &line->box->host_sleeps
						 : &line->box->child_sleeps;
	for (int i = 0; i < line->spins; i++) {
		if (atomic_load_explicit(word, memory_order_acquire) != old) {
			line->spins = line->spins < MOST_SPINS / 2 ? 2 * line->spins : MOST_SPINS;
			return BERN_CAME;
		}
		relax();
	}
	/* where processors are busy, who spins keeps the other side from running */
	if (line->spins / 2 >= LEAST_SPINS)
		line->spins /= 2;
	/* slices are counted, not timed: nothing below the command line reads a clock */
	for (int64_t waited = 0;; waited += SLICE_MILLISECONDS) {
		/* announced before the last look, so that whoever raises the word after it sees that we sleep */
		atomic_store(sleeps, 1);
		if (atomic_load(word) != old) {
			atomic_store(sleeps, 0);
			return BERN_CAME;
		}
		if (milliseconds >= 0 && waited >= milliseconds)
			return BERN_LATE;
		struct pollfd poll_for = {.fd = line->socket, .events = POLLIN};
		int ready;
		do
			ready = poll(&poll_for, 1, SLICE_MILLISECONDS);
		while (ready < 0 && errno == EINTR && atomic_load(word) == old);
		if (atomic_load(word) != old)
			continue;
		if (ready > 0 && !drain(line->socket))
			return atomic_load(word) != old ? BERN_CAME : BERN_GONE;
		if (ready == 0 && lost && lost(user))
			return atomic_load(word) != old ? BERN_CAME : BERN_GONE;
		/* woken for nothing costs no time of the limit */
		if (ready > 0)
			waited -= SLICE_MILLISECONDS;
	}
}

void bern_line_raise(bern_line *line)
{
	bern_mailbox *box = line->box;
	atomic_fetch_add(line->is_host ? &box->asked : &box->answered, 1);
	if (!atomic_exchange(line->is_host ? &box->child_sleeps : &box->host_sleeps, 0))
		return;
	const char byte = 0;
#if defined(MSG_NOSIGNAL)
	const int flags = MSG_NOSIGNAL;
#else
	const int flags = 0; /* SO_NOSIGPIPE was set when the socket was made */
#endif
	/* a full socket wakes the other side as well; a closed one is found by the next wait */
	while (send(line->socket, &byte, 1, flags | MSG_DONTWAIT) < 0 && errno == EINTR)
		;
}
