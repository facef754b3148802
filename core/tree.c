#include "tree.h"

#include <bern/env.h>

#include <assert.h>
#include <string.h>

#define MOST_LEVELS 64
#define RANGE       4096 /* floats of the top of the tree that one task adds */

/* With more bytes of ranks' sums than this, each rank adds a range of them, and not all of them all: less is sent then, in two goes. */
#define MOST_GATHERED (256 * 1024)

typedef struct tree_run {
	bern_tree *tree;
	size_t first, tiles, each; /* tiles that are summed; those of a subtree, a power of 2 */
	bern_tree_leaf *leaf;
	void *user;
	float *nodes; /* (count, size) sums of the subtrees */
} tree_run;

/* Sums of subtrees whose sum is taken: all but the last are of the same, whole size. */
typedef struct tree_top {
	const bern_kernels *kernels;
	float *out, *nodes; /* (size), (count, stride) */
	size_t size, stride, count, whole;
} tree_top;

/* Tiles of a subtree, so that there are at most `nodes` of them. */
static size_t subtree(size_t tiles, size_t nodes)
{
	size_t each = 1;
	while ((tiles + each - 1) / each > nodes)
		each *= 2;
	return each;
}

static size_t nodes_of(const bern_tree *tree)
{
	const size_t threads = bern_pool_threads(tree->pool);
	return threads > 1 ? 2 * threads : 1;
}

void bern_tree_init(bern_tree *tree, bern_arena *arena, const bern_kernels *kernels,
		    bern_pool *pool, size_t most, size_t size)
{
	const size_t threads = bern_pool_threads(pool);
	*tree = (bern_tree){
		.kernels = kernels, .pool = pool, .size = size, .most = most, .levels = 1};
	for (size_t each = subtree(most, nodes_of(tree)); each > 1; each /= 2)
		tree->levels++;
	if (threads > 1)
		tree->nodes = bern_arena_take(arena, nodes_of(tree), size * sizeof(float));
	tree->stack = bern_arena_take(arena, threads * (tree->levels + 1), size * sizeof(float));
}

/* Sums one subtree. level[l] holds the sum of 2^l tiles while bit l of the tiles done is set; the last one is free. */
static void sum_subtree(void *user, size_t node, size_t worker)
{
	const tree_run *run = user;
	const bern_tree *tree = run->tree;
	const size_t size = tree->size, first = node * run->each;
	const size_t count = first + run->each < run->tiles ? run->each : run->tiles - first;
	float *level[MOST_LEVELS + 1], *sum = run->nodes + node * size;
	for (size_t l = 0; l <= tree->levels; l++)
		level[l] = tree->stack + (worker * (tree->levels + 1) + l) * size;
	for (size_t done = 0; done < count; done++) {
		size_t l = 0;
		float *spare = level[tree->levels];
		memset(spare, 0, size * sizeof *spare);
		run->leaf(run->user, run->first + first + done, worker, spare);
		for (; done >> l & 1; l++) {
			tree->kernels->add(level[l], spare, size);
			float *carry = level[l];
			level[l] = spare;
			spare = carry;
		}
		level[tree->levels] = level[l];
		level[l] = spare;
	}
	memset(sum, 0, size * sizeof *sum);
	for (size_t l = 0; l < tree->levels; l++)
		if (count >> l & 1)
			tree->kernels->add(sum, level[l], size);
}

/* Adds the subtrees' sums in one range of the vector. */
static void sum_top(void *user, size_t range, size_t worker)
{
	const tree_top *top = user;
	const size_t from = range * RANGE;
	const size_t size = top->size - from < RANGE ? top->size - from : RANGE;
	float *level[MOST_LEVELS], *out = top->out + from;
	(void)worker;
	for (size_t node = 0; node < top->whole; node++) {
		size_t l = 0;
		float *sum = top->nodes + node * top->stride + from;
		for (; node >> l & 1; l++) {
			top->kernels->add(level[l], sum, size);
			sum = level[l];
		}
		level[l] = sum;
	}
	memset(out, 0, size * sizeof *out);
	if (top->count > top->whole)
		top->kernels->add(out, top->nodes + top->whole * top->stride + from, size);
	for (size_t l = 0; top->whole >> l; l++)
		if (top->whole >> l & 1)
			top->kernels->add(out, level[l], size);
}

static void add_top(bern_pool *pool, tree_top *top)
{
	bern_pool_run(pool, (top->size + RANGE - 1) / RANGE, sum_top, top);
}

/* Sums tiles first .. first + tiles - 1, an aligned subtree or all there are. */
static void sum_here(tree_run *run, bern_pool *pool, float *out)
{
	const bern_tree *tree = run->tree;
	run->each = subtree(run->tiles, nodes_of(tree));
	const size_t count = (run->tiles + run->each - 1) / run->each;
	run->nodes = count == 1 ? out : tree->nodes;
	if (run->tiles == 0) {
		memset(out, 0, tree->size * sizeof *out);
		return;
	}
	bern_pool_run(pool, count, sum_subtree, run);
	if (count > 1)
		add_top(pool, &(tree_top){.kernels = tree->kernels,
					  .out = out,
					  .nodes = run->nodes,
					  .size = tree->size,
					  .stride = tree->size,
					  .count = count,
					  .whole = run->tiles / run->each});
}

/* ---- ranks ---------------------------------------------------------------------------------------- */

/* Where the range begins that a rank adds. */
static size_t range_of(const bern_tree *tree, size_t rank)
{
	const size_t ranks = bern_ranks_count(tree->share->ranks);
	const size_t each = (tree->size + ranks - 1) / ranks, from = rank * ((each + 15) / 16 * 16);
	return from < tree->size ? from : tree->size;
}

void bern_tree_spread(bern_tree *tree, bern_arena *arena, const bern_share *share)
{
	const size_t ranks = bern_ranks_count(share->ranks), rank = bern_ranks_rank(share->ranks);
	const size_t own = bern_share_unit(share, rank + 1) - bern_share_unit(share, rank);
	const size_t bytes = tree->size * sizeof(float);
	if (ranks == 1)
		return;
	tree->share = share;
	tree->offset = bern_arena_take(arena, 2 * (ranks + 1), sizeof *tree->offset);
	tree->in_ranges = share->units * bytes > MOST_GATHERED;
	tree->units = bern_arena_take(arena, tree->in_ranges ? own : share->units, bytes);
	if (!tree->in_ranges)
		return;
	if (own > 1)
		tree->packed = bern_arena_take(arena, own, bytes);
	tree->pieces = bern_arena_take(arena, share->units,
				       (range_of(tree, rank + 1) - range_of(tree, rank)) *
					       sizeof(float));
}

/* All ranks get all sums, and each adds them. */
static void add_all(bern_tree *tree, bern_pool *pool, tree_top *top)
{
	const bern_share *share = tree->share;
	for (size_t r = 0; r <= bern_ranks_count(share->ranks); r++)
		tree->offset[r] = bern_share_unit(share, r) * tree->size * sizeof(float);
	bern_ranks_all_gather(share->ranks, tree->units, tree->offset);
	top->nodes = tree->units;
	top->size = top->stride = tree->size;
	add_top(pool, top);
}

/* Each rank gets all sums in its range, adds them, and all get what came of it. own: sums of this rank. */
static void add_ranges(bern_tree *tree, bern_pool *pool, size_t own, tree_top *top)
{
	const bern_share *share = tree->share;
	const bern_ranks *ranks = share->ranks;
	const size_t from = range_of(tree, ranks->rank), to = range_of(tree, ranks->rank + 1);
	size_t *send = tree->offset, *take = tree->offset + ranks->count + 1;
	const float *packed = own > 1 ? tree->packed : tree->units;
	for (size_t r = 0; r <= ranks->count; r++) {
		const size_t at = range_of(tree, r), end = range_of(tree, r + 1);
		send[r] = own * at * sizeof(float);
		take[r] = bern_share_unit(share, r) * (to - from) * sizeof(float);
		for (size_t u = 0; own > 1 && r < ranks->count && u < own; u++)
			memcpy(tree->packed + own * at + u * (end - at),
			       tree->units + u * tree->size + at, (end - at) * sizeof(float));
	}
	ranks->exchange(ranks->own, packed, send, tree->pieces, take);
	float *out = top->out;
	top->out = out + from;
	top->nodes = tree->pieces;
	top->size = top->stride = to - from;
	add_top(pool, top);
	for (size_t r = 0; r <= ranks->count; r++)
		tree->offset[r] = range_of(tree, r) * sizeof(float);
	bern_ranks_all_gather(ranks, out, tree->offset);
}

/* This rank's subtrees, then all of them. */
static void sum_spread(tree_run *run, bern_pool *pool, float *out)
{
	bern_tree *tree = run->tree;
	const bern_share *share = tree->share;
	const size_t tiles = run->tiles, size = tree->size, rank = share->ranks->rank;
	assert(tiles == share->tiles || tiles == share->lanes);
	const size_t unit = share->unit * (tiles == share->tiles ? 1 : BERN_TILE);
	const size_t begin = bern_share_unit(share, rank), end = bern_share_unit(share, rank + 1);
	float *own = tree->units + (tree->in_ranges ? 0 : begin * size);
	for (size_t u = begin; u < end; u++) {
		run->first = u * unit;
		run->tiles = run->first + unit < tiles ? unit : tiles - run->first;
		sum_here(run, pool, own + (u - begin) * size);
	}
	tree_top top = {
		.kernels = tree->kernels, .out = out, .count = share->units, .whole = tiles / unit};
	if (tree->in_ranges)
		add_ranges(tree, pool, end - begin, &top);
	else
		add_all(tree, pool, &top);
}

void bern_tree_sum(bern_tree *tree, float *out, size_t tiles, int alone, bern_tree_leaf *leaf,
		   void *user)
{
	bern_pool *pool = alone ? NULL : tree->pool;
	tree_run run = {.tree = tree, .tiles = tiles, .leaf = leaf, .user = user};
	assert(tiles <= tree->most);
	if (tree->share)
		sum_spread(&run, pool, out);
	else
		sum_here(&run, pool, out);
}
