#include "tree.h"

#include <assert.h>
#include <string.h>

#define MOST_LEVELS 64
#define RANGE       4096 /* floats of the top of the tree that one task adds */

typedef struct tree_run {
	bern_tree *tree;
	float *out, *nodes;
	size_t tiles, each, count; /* each: tiles of a subtree, a power of 2; count: subtrees */
	bern_tree_leaf *leaf;
	void *user;
} tree_run;

/* Tiles of a subtree, so that there are at most `nodes` of them. */
static size_t subtree(size_t tiles, size_t nodes)
{
	size_t each = 1;
	while ((tiles + each - 1) / each > nodes)
		each *= 2;
	return each;
}

void bern_tree_init(bern_tree *tree, bern_arena *arena, const bern_kernels *kernels,
		    bern_pool *pool, size_t most, size_t size)
{
	const size_t threads = bern_pool_threads(pool), nodes = threads > 1 ? 2 * threads : 1;
	*tree = (bern_tree){
		.kernels = kernels, .pool = pool, .size = size, .most = most, .levels = 1};
	for (size_t each = subtree(most, nodes); each > 1; each /= 2)
		tree->levels++;
	if (threads > 1)
		tree->nodes = bern_arena_take(arena, nodes, size * sizeof(float));
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
		run->leaf(run->user, first + done, worker, spare);
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
	const tree_run *run = user;
	const bern_tree *tree = run->tree;
	const size_t from = range * RANGE, whole = run->tiles / run->each;
	const size_t size = tree->size - from < RANGE ? tree->size - from : RANGE;
	float *level[MOST_LEVELS], *out = run->out + from;
	(void)worker;
	for (size_t node = 0; node < whole; node++) {
		size_t l = 0;
		float *sum = run->nodes + node * tree->size + from;
		for (; node >> l & 1; l++) {
			tree->kernels->add(level[l], sum, size);
			sum = level[l];
		}
		level[l] = sum;
	}
	memset(out, 0, size * sizeof *out);
	if (run->count > whole)
		tree->kernels->add(out, run->nodes + whole * tree->size + from, size);
	for (size_t l = 0; whole >> l; l++)
		if (whole >> l & 1)
			tree->kernels->add(out, level[l], size);
}

void bern_tree_sum(bern_tree *tree, float *out, size_t tiles, int alone, bern_tree_leaf *leaf,
		   void *user)
{
	const size_t threads = bern_pool_threads(tree->pool);
	bern_pool *pool = alone ? NULL : tree->pool;
	tree_run run = {.tree = tree, .out = out, .tiles = tiles, .leaf = leaf, .user = user};
	assert(tiles <= tree->most);
	run.each = subtree(tiles, threads > 1 ? 2 * threads : 1);
	run.count = (tiles + run.each - 1) / run.each;
	run.nodes = run.count == 1 ? out : tree->nodes;
	if (tiles == 0)
		memset(out, 0, tree->size * sizeof *out);
	else
		bern_pool_run(pool, run.count, sum_subtree, &run);
	if (run.count > 1)
		bern_pool_run(pool, (tree->size + RANGE - 1) / RANGE, sum_top, &run);
}
