/* tree.h: sums of vectors over tiles, in an order that depends on nothing but the number of tiles. Internal to libbern.
 *
 * Tile sums are added like carrying in binary counting: tiles 0 and 1, 2 and 3, then these pairs, and so on; what is left over at
 * the end is added from the smallest part up. Threads take aligned subtrees, so any number of them gives the same bits.
 */
#ifndef BERN_TREE_H
#define BERN_TREE_H

#include "arena.h"
#include "kernels.h"
#include "pool.h"

typedef struct bern_tree {
	const bern_kernels *kernels; /* borrowed, as the pool */
	bern_pool *pool;             /* or NULL */
	size_t size;                 /* floats of a sum */
	size_t most;                 /* tiles */
	size_t levels;               /* of a subtree that one thread sums */
	float *nodes;                /* (2 threads, size) sums of subtrees; NULL with one thread */
	float *stack;                /* (threads, levels + 1, size) */
} bern_tree;

/* Adds what tile `tile` contributes to sum (size), which is zero. Called by several workers at once, for different tiles. */
typedef void bern_tree_leaf(void *user, size_t tile, size_t worker, float *sum);

/* Takes memory for up to `most` tiles. */
void bern_tree_init(bern_tree *tree, bern_arena *arena, const bern_kernels *kernels,
		    bern_pool *pool, size_t most, size_t size);

/* Writes the sum of `tiles` tiles to out (size). alone 1: the calling thread does it all, tile after tile, to the same bits. */
void bern_tree_sum(bern_tree *tree, float *out, size_t tiles, int alone, bern_tree_leaf *leaf,
		   void *user);

#endif
