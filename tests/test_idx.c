/* IDX files: what is written comes back, and everything that is wrong is refused in words. */
#include <idx.h>

#include "scratch.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* two images of 3 x 4 */
static const uint8_t images[] = {0, 0, 8, 3, 0, 0,  0,  2,  0, 0, 0, 3, 0, 0, 0, 4, 1, 2, 3, 4,
				 5, 6, 7, 8, 9, 10, 11, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255};
static const uint8_t labels[] = {0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9};

START_TEST(a_whole_file_gives_its_sizes_and_its_bytes)
{
	bern_idx idx;
	bern_error e;
	ck_assert_msg(!bern_idx_parse(&idx, images, sizeof images, &e), "%s", e.text);
	ck_assert_uint_eq(idx.dimensions, 3);
	ck_assert_uint_eq(idx.size[0], 2);
	ck_assert_uint_eq(idx.size[1], 3);
	ck_assert_uint_eq(idx.size[2], 4);
	ck_assert_uint_eq(idx.item, 12);
	ck_assert_uint_eq(idx.data[0], 1);
	ck_assert_uint_eq(idx.data[idx.item + 11], 255);
	ck_assert(!bern_idx_parse(&idx, labels, sizeof labels, &e));
	ck_assert_uint_eq(idx.dimensions, 1);
	ck_assert_uint_eq(idx.size[0], 3);
	ck_assert_uint_eq(idx.item, 1);
	ck_assert_uint_eq(idx.data[2], 9);
}
END_TEST

START_TEST(every_torn_file_is_refused)
{
	bern_idx idx;
	bern_error e;
	for (size_t size = 0; size < sizeof images; size++) {
		ck_assert_int_eq(bern_idx_parse(&idx, images, size, &e), BERN_EFORMAT);
		ck_assert(e.text[0] && !strchr(e.text, '\n'));
	}
}
END_TEST

static const struct {
	const char *words;
	size_t at;
	uint8_t byte;
} wrong[] = {
	{"not an IDX file", 0, 1},
	{"not an IDX file", 1, 1},
	{"0x0d; allowed: 0x08", 2, 0x0d},
	{"0 dimensions", 3, 0},
	{"4 dimensions", 3, 4},
	{"is too long: its header asks for 12 bytes of data and 24", 7, 1},
	{"is torn: its header asks for 36 bytes of data and 24", 7, 3},
	{"dimension 2 is 0", 11, 0},
	{"more than 2 GiB", 4, 255},
	{"more than 2 GiB", 12, 255},
};

START_TEST(a_wrong_byte_is_refused_in_words)
{
	bern_idx idx;
	bern_error e;
	uint8_t bytes[sizeof images];
	memcpy(bytes, images, sizeof images);
	bytes[wrong[_i].at] = wrong[_i].byte;
	ck_assert_int_eq(bern_idx_parse(&idx, bytes, sizeof bytes, &e), BERN_EFORMAT);
	ck_assert_msg(strstr(e.text, wrong[_i].words) != NULL, "it says: %s", e.text);
}
END_TEST

/* (2^32 - 1)^3 bytes wrap around in 64 bits */
START_TEST(sizes_that_overflow_are_refused)
{
	bern_idx idx;
	bern_error e;
	uint8_t bytes[sizeof images];
	memcpy(bytes, images, sizeof images);
	memset(bytes + 4, 255, 12);
	ck_assert_int_eq(bern_idx_parse(&idx, bytes, sizeof bytes, &e), BERN_EFORMAT);
	ck_assert_ptr_nonnull(strstr(e.text, "2 GiB"));
}
END_TEST

START_TEST(a_compressed_file_is_told_from_others)
{
	static const uint8_t gzip[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0};
	bern_idx idx;
	bern_error e;
	ck_assert_int_eq(bern_idx_parse(&idx, gzip, sizeof gzip, &e), BERN_EFORMAT);
	ck_assert_ptr_nonnull(strstr(e.text, "gunzip"));
}
END_TEST

START_TEST(a_file_is_read_and_its_path_named)
{
	char folder[SCRATCH_PATH], path[SCRATCH_PATH + 16];
	bern_idx idx;
	bern_error e;
	uint8_t *bytes;
	scratch_make(folder);
	snprintf(path, sizeof path, "%s/images", folder);
	scratch_write(path, images, sizeof images);
	ck_assert(!bern_idx_read(&idx, &bytes, path, &e));
	ck_assert_int_eq(memcmp(bytes, images, sizeof images), 0);
	ck_assert_uint_eq(idx.data[11], 12);
	free(bytes);
	scratch_write(path, images, sizeof images - 1);
	ck_assert_int_eq(bern_idx_read(&idx, &bytes, path, &e), BERN_EFORMAT);
	ck_assert_ptr_null(bytes);
	ck_assert_ptr_nonnull(strstr(e.text, path));
	ck_assert_ptr_nonnull(strstr(e.text, "torn"));
	ck_assert_int_eq(bern_idx_read(&idx, &bytes, folder, &e), BERN_EIO);
	snprintf(path, sizeof path, "%s/none", folder);
	ck_assert_int_eq(bern_idx_read(&idx, &bytes, path, &e), BERN_EIO);
	ck_assert_ptr_null(bytes);
	scratch_remove(folder);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("idx");
	TCase *t = tcase_create("idx");
	tcase_add_test(t, a_whole_file_gives_its_sizes_and_its_bytes);
	tcase_add_test(t, every_torn_file_is_refused);
	tcase_add_loop_test(t, a_wrong_byte_is_refused_in_words, 0,
			    (int)(sizeof wrong / sizeof wrong[0]));
	tcase_add_test(t, sizes_that_overflow_are_refused);
	tcase_add_test(t, a_compressed_file_is_told_from_others);
	tcase_add_test(t, a_file_is_read_and_its_path_named);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
