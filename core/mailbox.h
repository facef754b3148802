/* mailbox.h: memory that two processes share, and a way to wait for each other. Internal to libbern.
 *
 * One side asks, the other answers: the host raises `asked`, the child does what `call` says and raises `answered`. Who waits
 * spins for a moment, which is how long a step takes, and then sleeps on a socket; the socket also tells of the other's end.
 * Shared memory is an unlinked file that both have open, so pieces may be added while both run.
 */
#ifndef BERN_MAILBOX_H
#define BERN_MAILBOX_H

#include <bern/error.h>

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* Lies at the start of the shared file. What is not atomic belongs to the side whose turn it is. */
typedef struct bern_mailbox {
	_Alignas(64) _Atomic uint32_t asked; /* questions so far */
	_Atomic uint32_t host_sleeps;        /* 1: wake the host by its socket */
	_Alignas(64) _Atomic uint32_t answered;
	_Atomic uint32_t child_sleeps;
	/* the question */
	_Alignas(64) int32_t call; /* enum of isolate.h */
	uint32_t region;           /* the piece of memory it is about */
	uint64_t first, count;     /* lanes of it */
	uint64_t bytes;            /* asked: room; answered: what it takes */
	/* the answer */
	int32_t result;   /* 0: went well, else text says why not */
	int32_t confined; /* 1: files and sockets are closed to the child */
	char text[512];
	/* where the child is, for whoever finds it dead */
	volatile uint64_t at_lane;
	volatile int32_t at_call;
} bern_mailbox;

/* One end. Zero is none. */
typedef struct bern_line {
	bern_mailbox *box;
	int socket; /* owned */
	int is_host;
	int spins; /* rounds of waiting before it sleeps: doubled where they were enough, halved where not */
} bern_line;

/* An unlinked file for shared memory; its descriptor, or -1. */
int bern_shared_file(void);

/* Maps `bytes` of it from `offset`, a multiple of bern_page_size; makes the file longer where that is needed. NULL: no memory. */
void *bern_shared_map(int file, uint64_t offset, size_t bytes, int grow);
size_t bern_page_size(void);

/* Rounds of spinning to begin with. */
int bern_spins(void);

enum bern_wait { BERN_CAME, BERN_LATE, BERN_GONE };

/* Waits until `word` is no longer `old`: BERN_CAME; BERN_GONE if the other end was closed, as when its process ended; BERN_LATE
 * after `milliseconds`, in which `lost(user)` is asked ten times a second whether it ended nevertheless (may be NULL).
 * milliseconds < 0: no limit. */
int bern_line_wait(bern_line *line, const _Atomic uint32_t *word, uint32_t old,
		   int64_t milliseconds, int (*lost)(void *user), void *user);

/* Raises the own word and wakes the other side if it sleeps. */
void bern_line_raise(bern_line *line);

#endif
