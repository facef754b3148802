/* Sums over tiles: the same bits whatever the threads, and those of the tree as its header tells it, summed recursively here. */
#include "fake_ranks.h"

#include <tree.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIZE 9001 /* more than two ranges of the top */

/* Numbers whose sum depends on the order. */
static float number(size_t tile, size_t i)
{
	uint64_t x = (tile + 1) * 0x9e3779b97f4a7c15u + i * 0xbf58476d1ce4e5b9u;
	x ^= x >> 31;
	x *= 0x94d049bb133111ebu;
	x ^= x >> 29;
	return ((float)(x >> 40) - 8388608.0f) * ((x & 7) == 0 ? 1000.0f : 0.001f);
}

static void leaf(void *user, size_t tile, size_t worker, float *sum)
{
	int zero = 1;
	(void)user;
	(void)worker;
	for (size_t i = 0; i < SIZE; i++) {
		zero &= sum[i] == 0.0f;
		sum[i] += number(tile, i);
	}
	ck_assert(zero);
}

/* 2^level tiles from `first` on, of one component */
static float whole(size_t first, size_t level, size_t i)
{
	if (level == 0)
		return number(first, i);
	size_t half = (size_t)1 << (level - 1);
	float left = whole(first, level - 1, i), right = whole(first + half, level - 1, i);
	return left + right;
}

static float expected(size_t tiles, size_t i)
{
	float parts[64], sum = 0.0f;
	size_t first = 0, count = 0;
	for (size_t level = 63; level-- > 0;)
		if (tiles >> level & 1) {
			parts[count++] = whole(first, level, i);
			first += (size_t)1 << level;
		}
	while (count > 0)
		sum += parts[--count];
	return sum;
}

static const size_t counts[] = {0, 1, 2, 3, 4, 5, 7, 8, 13, 16, 31, 33, 64, 100};
#define COUNTS (sizeof counts / sizeof *counts)

START_TEST(any_number_of_threads_gives_the_bits_of_the_recursive_sum)
{
	const size_t threads[] = {1, 2, 3, 8};
	bern_pool *pool = NULL;
	bern_arena arena = {0};
	bern_tree tree;
	bern_error e;
	float *out = malloc(SIZE * sizeof *out);
	if (threads[_i] > 1)
		ck_assert_int_eq(bern_pool_create(&pool, threads[_i], &e), 0);
	bern_tree_init(&tree, &arena, bern_kernels_usable()[0], pool, 100, SIZE);
	ck_assert_int_eq(bern_arena_check(&arena, &e), 0);
	for (size_t c = 0; c < 2 * COUNTS; c++) {
		size_t tiles = counts[c / 2];
		bern_tree_sum(&tree, out, tiles, c % 2, leaf, NULL);
		for (size_t i = 0; i < SIZE; i += 97) {
			float sum = expected(tiles, i);
			ck_assert_msg(memcmp(&out[i], &sum, sizeof sum) == 0,
				      "%zu threads, %zu tiles, %zu: %.9g, expected %.9g",
				      threads[_i], tiles, i, (double)out[i], (double)sum);
		}
	}
	bern_arena_finish(&arena);
	bern_pool_destroy(pool);
	free(out);
}
END_TEST

/* ---- ranks ---------------------------------------------------------------------------------------- */

typedef struct spread {
	size_t lanes, tiles, size, threads; /* tiles: those of 16 lanes, or lanes */
	float *out;                         /* (size) */
	size_t leaves;                      /* that this rank was asked for */
} spread;

typedef struct spread_leaf {
	spread *s;
	const bern_share *share;
	_Atomic size_t asked;
} spread_leaf;

static void leaf_of_rank(void *user, size_t tile, size_t worker, float *sum)
{
	spread_leaf *all = user;
	size_t lane = all->s->tiles == all->s->lanes ? tile : 16 * tile;
	(void)worker;
	ck_assert(lane >= all->share->first && lane < all->share->end);
	all->asked++;
	for (size_t i = 0; i < all->s->size; i++)
		sum[i] += number(tile, i);
}

static void sum_in_rank(const bern_ranks *ranks, void *user)
{
	spread *s = user;
	bern_pool *pool = NULL;
	bern_arena arena = {0};
	bern_share share;
	bern_tree tree;
	bern_error e;
	if (s->threads > 1)
		ck_assert_int_eq(bern_pool_create(&pool, s->threads, &e), 0);
	bern_share_init(&share, &arena, ranks, s->lanes);
	bern_tree_init(&tree, &arena, bern_kernels_usable()[0], pool, s->tiles, s->size);
	bern_tree_spread(&tree, &arena, &share);
	ck_assert_int_eq(bern_arena_check(&arena, &e), 0);
	spread_leaf all = {.s = s, .share = &share};
	for (int again = 0; again < 2; again++)
		bern_tree_sum(&tree, s->out, s->tiles, again, leaf_of_rank, &all);
	s->leaves = all.asked / 2;
	bern_arena_finish(&arena);
	bern_pool_destroy(pool);
}

static const size_t rank_counts[] = {1, 2, 3, 4, 5, 8};
#define RANK_COUNTS ((int)(sizeof rank_counts / sizeof *rank_counts))

/* Small vectors are gathered whole, and large ones added in ranges. */
START_TEST(any_number_of_ranks_gives_the_bits_of_the_recursive_sum)
{
	const size_t lanes[] = {1, 15, 16, 33, 100, 160, 200, 512}, sizes[] = {1, 37, SIZE};
	const size_t ranks = rank_counts[_i];
	float *out = malloc(ranks * SIZE * sizeof *out);
	for (size_t c = 0; c < 8 * 3 * 2; c++) {
		spread each[8];
		size_t B = lanes[c / 6], size = sizes[c / 2 % 3], leaves = 0;
		size_t tiles = c % 2 ? B : (B + 15) / 16;
		for (size_t r = 0; r < ranks; r++)
			each[r] = (spread){.lanes = B,
					   .tiles = tiles,
					   .size = size,
					   .threads = 1 + c % 3 / 2,
					   .out = out + r * SIZE};
		fake_run(ranks, sum_in_rank, each, sizeof *each);
		for (size_t r = 0; r < ranks; r++) {
			leaves += each[r].leaves;
			for (size_t i = 0; i<size; i += size> 97 ? 53 : 1) {
				float sum = expected(tiles, i);
				ck_assert_msg(memcmp(&each[r].out[i], &sum, sizeof sum) == 0,
					      "rank %zu of %zu, %zu tiles, %zu of %zu: %.9g, "
					      "expected %.9g",
					      r, ranks, tiles, i, size, (double)each[r].out[i],
					      (double)sum);
			}
		}
		ck_assert_uint_eq(leaves, tiles);
	}
	free(out);
}
END_TEST

/* Whole tiles, each once, aligned, and nobody with much more than its part. */
START_TEST(lanes_are_shared_out_fairly_in_aligned_runs)
{
	for (size_t ranks = 1; ranks <= FAKE_MOST; ranks++)
		for (size_t lanes = 1; lanes < 1500; lanes += lanes < 40 ? 1 : 37) {
			bern_ranks table = {.count = ranks};
			bern_arena arena = {0};
			bern_share share;
			bern_share_init(&share, &arena, &table, lanes);
			ck_assert_uint_eq(share.first, 0);
			ck_assert_uint_gt(share.end, 0);
			ck_assert_uint_eq(bern_share_lane(&share, ranks), lanes);
			ck_assert_uint_eq(share.unit & (share.unit - 1), 0);
			size_t fair = (share.tiles + ranks - 1) / ranks;
			for (size_t r = 0; r < ranks; r++) {
				size_t first = bern_share_lane(&share, r);
				size_t end = bern_share_lane(&share, r + 1);
				ck_assert(first <= end);
				ck_assert(first == end || first % (16 * share.unit) == 0);
				ck_assert_uint_le(end - first, 16 * (fair + fair / 8));
			}
			bern_arena_finish(&arena);
		}
}
END_TEST

static void disagree(const bern_ranks *ranks, void *user)
{
	const unsigned *who = user; /* bit r: rank r fails */
	bern_error e = {0};
	int32_t rc = 0;
	if (*who >> ranks->rank & 1)
		rc = bern_fail(&e, (int32_t)(BERN_EUSAGE + (int32_t)ranks->rank % 3), "%zu broke",
			       ranks->rank);
	int32_t all = bern_ranks_agree(ranks, rc, &e);
	size_t first = 0;
	char text[32];
	while (first < ranks->count && !(*who >> first & 1))
		first++;
	if (first == ranks->count) {
		ck_assert_int_eq(all, 0);
		return;
	}
	ck_assert_int_eq(all, (int32_t)(BERN_EUSAGE + (int32_t)first % 3));
	ck_assert_int_eq(e.code, all);
	snprintf(text, sizeof text, "rank %zu: %zu broke", first, first);
	ck_assert_str_eq(e.text, first ? text : text + strlen("rank 0: "));
}

START_TEST(what_goes_wrong_in_a_rank_goes_wrong_in_all)
{
	for (unsigned who = 0; who < 16; who++) {
		unsigned each[4] = {who, who, who, who};
		fake_run(4, disagree, each, sizeof *each);
	}
	bern_error e;
	ck_assert_int_eq(bern_ranks_agree(NULL, 0, &e), 0);
	ck_assert_int_eq(bern_ranks_agree(NULL, bern_fail(&e, BERN_EIO, "alone"), &e), BERN_EIO);
	ck_assert_str_eq(e.text, "alone");
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("tree");
	TCase *t = tcase_create("tree");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, any_number_of_threads_gives_the_bits_of_the_recursive_sum, 0, 4);
	tcase_add_loop_test(t, any_number_of_ranks_gives_the_bits_of_the_recursive_sum, 0,
			    RANK_COUNTS);
	tcase_add_test(t, lanes_are_shared_out_fairly_in_aligned_runs);
	tcase_add_test(t, what_goes_wrong_in_a_rank_goes_wrong_in_all);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
