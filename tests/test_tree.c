/* Sums over tiles: the same bits whatever the threads, and those of the tree as its header tells it, summed recursively here. */
#include <tree.h>

#include <check.h>
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

static Suite *suite(void)
{
	Suite *s = suite_create("tree");
	TCase *t = tcase_create("tree");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, any_number_of_threads_gives_the_bits_of_the_recursive_sum, 0, 4);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
