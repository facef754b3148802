/* The arena: pieces aligned, zeroed and apart; what cannot be had is said, once. */
#include "arena.h"

#include <check.h>
#include <stdint.h>
#include <string.h>

#define PIECES 500

static size_t bytes_that_are_not(const unsigned char *bytes, size_t size, size_t want)
{
	size_t count = 0;
	for (size_t k = 0; k < size; k++)
		count += bytes[k] != want;
	return count;
}

START_TEST(pieces_are_aligned_zeroed_and_do_not_overlap)
{
	bern_arena arena = {0};
	unsigned char *piece[PIECES];
	size_t size[PIECES];
	for (size_t i = 0; i < PIECES; i++) {
		/* from nothing to more than a chunk, in no order */
		size[i] = i * 7919 % 1301 * (i % 50 == 0 ? 101 : 1);
		piece[i] = bern_arena_take(&arena, size[i], 1);
		ck_assert_ptr_nonnull(piece[i]);
		ck_assert_uint_eq((uintptr_t)piece[i] % 64, 0);
		ck_assert_uint_eq(bytes_that_are_not(piece[i], size[i], 0), 0);
		memset(piece[i], (int)(i % 255 + 1), size[i]);
	}
	for (size_t i = 0; i < PIECES; i++)
		ck_assert_uint_eq(bytes_that_are_not(piece[i], size[i], i % 255 + 1), 0);
	bern_error e;
	ck_assert_int_eq(bern_arena_check(&arena, &e), BERN_OK);
	bern_arena_finish(&arena);
	ck_assert_ptr_null(arena.chunks);
	bern_arena_finish(&arena);
}
END_TEST

START_TEST(a_product_that_overflows_is_refused_and_stays_refused)
{
	static const size_t pairs[][2] = {{SIZE_MAX, 2},
					  {SIZE_MAX / 2 + 1, 2},
					  {SIZE_MAX / 8 + 1, 8},
					  {SIZE_MAX, 1},
					  {SIZE_MAX - 63, 1}};
	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		bern_arena arena = {0};
		bern_error e;
		ck_assert_ptr_null(bern_arena_take(&arena, pairs[i][0], pairs[i][1]));
		ck_assert_ptr_null(bern_arena_take(&arena, 1, 1));
		ck_assert_int_eq(bern_arena_check(&arena, &e), BERN_EMEMORY);
		ck_assert_ptr_nonnull(strstr(e.text, "memory is out"));
		bern_arena_finish(&arena);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("arena");
	TCase *t = tcase_create("pieces");
	tcase_add_test(t, pieces_are_aligned_zeroed_and_do_not_overlap);
	tcase_add_test(t, a_product_that_overflows_is_refused_and_stays_refused);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
