/* isolate.h: an environment that runs in a process of its own. Internal to libbern.
 *
 * The host sees a table like any other (env), whose functions ask the child. States lie in shared memory, so cloning, saving and
 * restoring them stays a copy of bytes. One question steps all lanes (bern_isolate_step); what the lanes then ask one by one is
 * answered from what came back. Once the child has ended, every call does nothing and the sentence of bern_isolate_check stays.
 * One thread at a time for each world.
 */
#ifndef BERN_ISOLATE_H
#define BERN_ISOLATE_H

#include "mailbox.h"
#include <bern/host.h>
#include <bern/rng.h>

enum bern_isolate_call {
	BERN_CALL_OPEN,
	BERN_CALL_RESET,
	BERN_CALL_STEP,
	BERN_CALL_OBSERVE,
	BERN_CALL_MASK,
	BERN_CALL_METRICS,
	BERN_CALL_ATTACH,
	BERN_CALL_DETACH,
	BERN_CALL_SAVE,
	BERN_CALL_LOAD,
	BERN_CALL_CLOSE,
	BERN_CALL_MAP, /* takes in a piece of memory; the others are functions of the table */
	BERN_CALL_UNMAP
};

/* Head of a lane's slot in shared memory; its action, observation, mask and metrics follow. */
typedef struct bern_isolate_slot {
	bern_rng stream;
	bern_outcome outcome;
	bern_rng next;      /* stream of the next episode, if it is known */
	uint32_t go;        /* 1: this lane is to be stepped */
	uint32_t has_next;  /* 1: if the episode ends, begin the next one at once */
	uint32_t is_cut;    /* 1: the host ends the episode with this step */
	uint32_t was_reset; /* answered: the next episode was begun */
} bern_isolate_slot;

/* A piece of shared memory: the states and slots of some lanes. Offsets of slots are bytes from the start of the piece, those
 * within a slot from its own. */
typedef struct bern_isolate_piece {
	uint64_t offset, bytes; /* in the file */
	uint64_t count;         /* lanes */
	uint64_t state_stride, slots, slot_stride;
	uint64_t action, observation, mask, metrics;
	uint64_t first_observation; /* of the next episode */
} bern_isolate_piece;

#define BERN_ISOLATE_PIECES 64

/* What the shared file begins with. */
typedef struct bern_isolate_shared {
	bern_mailbox box;
	bern_isolate_piece pieces[BERN_ISOLATE_PIECES];
	/* what open() told: an instance and its arrays, written one after another (isolate_instance.c) */
	uint64_t instance_offset, instance_bytes;
} bern_isolate_shared;

/* ---- for lanes --------------------------------------------------------------------------------------- */

typedef struct bern_isolate_region bern_isolate_region;

/* States and slots for `count` lanes; *states (count, state_stride) are zeroed. NULL after an error. */
bern_isolate_region *bern_isolate_lanes(const bern_world *world, size_t count, void **states,
					bern_error *e);
void bern_isolate_release(bern_isolate_region *region);

/* Says that a lane is to be stepped with that raw action from that stream. is_cut: its episode ends with this step in any case. */
void bern_isolate_put(bern_isolate_region *region, size_t lane, const void *action,
		      const bern_rng *stream, int is_cut);

/* The stream that the lane's next episode will begin from. A lane whose episode ends is then reset in the same answer; it is asked
 * again if another stream turns up. */
void bern_isolate_put_next(bern_isolate_region *region, size_t lane, const bern_rng *stream);

/* Steps all lanes that were put. Each one's step(), read_metrics(), observe() and mask() are then answered once from what came
 * back. After an error *lane is the one whose call did not return. */
int32_t bern_isolate_step(bern_isolate_region *region, size_t *lane, bern_error *e);

/* BERN_OK while the child lives and for worlds that are not isolated; else the sentence of what became of it. */
int32_t bern_isolate_check(const bern_world *world, bern_error *e);

/* ---- for worlds -------------------------------------------------------------------------------------- */

struct bern_isolate;
void bern_isolate_destroy(struct bern_isolate *isolate); /* NULL is fine */

/* ---- between the two halves ---------------------------------------------------------------------------- */

/* Writes an instance and all it points to; returns the bytes that takes, and writes nothing beyond `room`. */
size_t bern_isolate_pack(const bern_instance *instance, void *out, size_t room);

/* Makes one block of it: an instance whose pointers lead into the block; its model is NULL. Owned by the caller: free. NULL if the
 * bytes are no such thing or memory is out. */
bern_instance *bern_isolate_unpack(const void *bytes, size_t size);

typedef struct bern_isolate_setup {
	const bern_env *env;
	const bern_value *values;
	int file, socket;
	bern_isolate_shared *shared;
	uint64_t memory; /* bytes; 0: no limit */
	int parent;      /* its process */
} bern_isolate_setup;

/* The life of the child, from open() to the end of its process. */
_Noreturn void bern_isolate_live(const bern_isolate_setup *setup);

#endif
