/* Event files, byte for byte as protoc and python3-crc32c make them (tests/data/tfevents-golden.py). */
#include "scratch.h"
#include "tfevents.h"

#include <check.h>
#include <math.h>

START_TEST(checksums_are_those_of_the_standard)
{
	/* RFC 3720, B.4, and the check value of CRC-32C */
	unsigned char bytes[32] = {0};
	ck_assert_uint_eq(tfevents_crc((const unsigned char *)"123456789", 9), 0xe3069283);
	ck_assert_uint_eq(tfevents_crc(bytes, 32), 0x8a9136aa);
	memset(bytes, 0xff, 32);
	ck_assert_uint_eq(tfevents_crc(bytes, 32), 0x62a8ab43);
	ck_assert_uint_eq(tfevents_crc(bytes, 0), 0);
}
END_TEST

START_TEST(records_are_the_golden_ones)
{
	static const double numbers[] = {-1.5, 0.25, NAN, 0.5, 0.75, INFINITY, 3.0};
	unsigned char made[4 * TFEVENTS_ROOM];
	size_t size = 0, wanted;
	unsigned char *golden = scratch_read(BERN_TEST_DATA "/tfevents-golden.bin", &wanted);
	tfevents_histogram h = {0};
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		tfevents_measure(&h, numbers[i]);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		tfevents_fill(&h, numbers[i]);
	size += tfevents_version(made + size, 1234.5);
	size += tfevents_restart(made + size, 1234.5, 300);
	size += tfevents_scalar(made + size, 1234.5, 300, "charts/x", 1.5f);
	size += tfevents_histogram_record(made + size, 1234.5, 5000000000, "h", &h);
	ck_assert_uint_eq(size, wanted);
	for (size_t i = 0; i < size; i++)
		ck_assert_msg(made[i] == golden[i], "byte %zu is %d, not %d", i, made[i],
			      golden[i]);
	free(golden);
}
END_TEST

START_TEST(numbers_that_are_all_the_same_have_a_histogram)
{
	unsigned char made[TFEVENTS_ROOM];
	tfevents_histogram h = {0};
	for (int i = 0; i < 5; i++)
		tfevents_measure(&h, 0.25);
	for (int i = 0; i < 5; i++)
		tfevents_fill(&h, 0.25);
	double total = 0;
	for (int i = 0; i < TFEVENTS_BUCKETS; i++)
		total += h.bucket[i];
	ck_assert_double_eq(total, 5);
	char tag[400];
	memset(tag, 'x', sizeof tag - 1);
	tag[sizeof tag - 1] = '\0';
	ck_assert_uint_lt(tfevents_histogram_record(made, 1e9, UINT64_MAX, tag, &h), TFEVENTS_ROOM);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("tfevents");
	TCase *t = tcase_create("tfevents");
	tcase_add_test(t, checksums_are_those_of_the_standard);
	tcase_add_test(t, records_are_the_golden_ones);
	tcase_add_test(t, numbers_that_are_all_the_same_have_a_histogram);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
