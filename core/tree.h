/* tree.h: sums of vectors over tiles, in an order that depends on nothing but the number of tiles. Internal to libbern.
 *
 * Tile sums are added like carrying in binary counting: tiles 0 and 1, 2 and 3, then these pairs, and so on; what is left over at
 * the end is added from the smallest part up. Threads take aligned subtrees, so any number of them gives the same bits; so do
 * processes (ranks.h), which sum the subtrees of their lanes and send each other these sums.
 */
#ifndef BERN_TREE_H
#define BERN_TREE_H

#include "arena.h"
#include "kernels.h"
#include "pool.h"
#include "ranks.h"

typedef struct bern_tree {
	const bern_kernels *kernels; /* borrowed, as the pool */
	bern_pool *pool;             /* or NULL */
	size_t size;                 /* floats of a sum */
	size_t most;                 /* tiles */
	size_t levels;               /* of a subtree that one thread sums */
	float *nodes;                /* (2 threads, size) sums of subtrees; NULL with one thread */
	float *stack;                /* (threads, levels + 1, size) */
	const bern_share *share;     /* borrowed; NULL: one rank sums all tiles */
	size_t *offset;              /* (2, ranks + 1) of pieces that are sent */
	int in_ranges;               /* 1: each rank adds all sums in a range of them */
	float *units;           /* (units, size) sums of the ranks' subtrees; or of this one's */
	float *packed, *pieces; /* the same by ranges; (units, range) all sums in a range */
} bern_tree;

/* Adds what tile `tile` contributes to sum (size), which is zero. Called by several workers at once, for different tiles. */
typedef void bern_tree_leaf(void *user, size_t tile, size_t worker, float *sum);

/* Takes memory for up to `most` tiles. */
void bern_tree_init(bern_tree *tree, bern_arena *arena, const bern_kernels *kernels,
		    bern_pool *pool, size_t most, size_t size);

/* Has ranks sum the tiles of their lanes: a tile is then 16 lanes, or one lane. Takes memory; after init, by all ranks alike. */
void bern_tree_spread(bern_tree *tree, bern_arena *arena, const bern_share *share);

/* Writes the sum of `tiles` tiles to out (size). alone 1: the calling thread does it all, tile after tile, to the same bits. With
 * several ranks `tiles` is share->tiles or share->lanes, each calls its leaf for those of its lanes, and all get the sum. */
void bern_tree_sum(bern_tree *tree, float *out, size_t tiles, int alone, bern_tree_leaf *leaf,
		   void *user);

#endif
