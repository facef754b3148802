/* The image bandit: files of the IDX format are read or refused in words, and the images belong to their labels. */
#include "env_run.h"

#include <stdio.h>
#include <unistd.h>

static char folder[32];

static void enter_folder(void)
{
	memcpy(folder, "/tmp/bern-images-XXXXXX", 24);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
}

static void leave_folder(void)
{
	static const char *const names[] = {"i", "l", "x"};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		remove(names[i]);
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(rmdir(folder), 0);
}

static void write_bytes(const char *name, const void *bytes, size_t size)
{
	FILE *file = fopen(name, "wb");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
	ck_assert_int_eq(fclose(file), 0);
}

/* Four images of 2 x 3 pixels: image i has 10 * i + pixel; labels 2 0 1 2. */
enum { IMAGE_BYTES = 16 + 4 * 6, LABEL_BYTES = 8 + 4 };
static const uint8_t image_header[16] = {0, 0, 8, 3, 0, 0, 0, 4, 0, 0, 0, 2, 0, 0, 0, 3};
static const uint8_t label_file[LABEL_BYTES] = {0, 0, 8, 1, 0, 0, 0, 4, 2, 0, 1, 2};

static void make_images(uint8_t bytes[IMAGE_BYTES])
{
	memcpy(bytes, image_header, sizeof image_header);
	for (int i = 0; i < 24; i++)
		bytes[16 + i] = (uint8_t)(10 * (i / 6) + i % 6);
}

START_TEST(images_and_labels_of_files_belong_together)
{
	const bern_setting settings[] = {
		{"images", "i"}, {"labels", "l"}, {"first", "1"}, {"count", "2"}};
	uint8_t bytes[IMAGE_BYTES];
	make_images(bytes);
	write_bytes("i", bytes, sizeof bytes);
	write_bytes("l", label_file, sizeof label_file);
	for (size_t with = 2; with <= 4; with += 2) {
		env_run run;
		int seen[4] = {0};
		env_open(&run, "ImageBandit-v0", settings, with);
		env_seed(&run, 1);
		ck_assert_int_eq(run.world.instance.action.sizes[0], 3);
		for (int episode = 0; episode < 200; episode++) {
			float o[6];
			env_reset(&run);
			run.world.env->observe(run.world.instance.model, run.state, o);
			int image = (int)lround((double)o[0] * 255 / 10);
			seen[image]++;
			for (int i = 0; i < 6; i++)
				ck_assert_float_eq(o[i], (float)(10 * image + i) / 255);
			int32_t answer = episode % 3;
			ck_assert_uint_eq(env_step(&run, answer), BERN_TERMINATED);
			ck_assert_double_eq(run.reward, answer == label_file[8 + image]);
		}
		for (int i = 0; i < 4; i++)
			ck_assert_int_eq(seen[i] > 0, with == 2 || i == 1 || i == 2);
		env_close(&run);
	}
}
END_TEST

static void refused(const bern_setting *settings, size_t count, const char *words)
{
	env_run run;
	bern_error e;
	ck_assert_msg(env_try(&run, "ImageBandit-v0", settings, count, &e) != 0, "taken, not: %s",
		      words);
	ck_assert_msg(strstr(e.text, words) != NULL, "%s, not: %s", e.text, words);
}

START_TEST(files_that_are_no_images_are_refused_in_words)
{
	const bern_setting both[] = {{"images", "i"}, {"labels", "l"}};
	const bern_setting swapped[] = {{"images", "l"}, {"labels", "i"}};
	const bern_setting late[] = {{"images", "i"}, {"labels", "l"}, {"first", "4"}};
	const bern_setting many[] = {
		{"images", "i"}, {"labels", "l"}, {"first", "3"}, {"count", "2"}};
	uint8_t bytes[IMAGE_BYTES + 1], labels[LABEL_BYTES];
	make_images(bytes);
	refused(both, 2, "images: i cannot be opened");
	write_bytes("i", bytes, IMAGE_BYTES);
	refused(both, 1, "labels: is not given, but images is; both are needed");
	refused(both + 1, 1, "images: is not given, but labels is; both are needed");
	refused(both, 2, "labels: l cannot be opened");
	write_bytes("l", label_file, LABEL_BYTES);
	refused(swapped, 2, "images: l ends within its header, after 12 of 16 bytes");
	refused(late, 3, "first: 4 is outside [0, 3], the images there are");
	refused(many, 4, "count: from image 3 on there are 1, not 2");

	/* torn anywhere: never taken, always the file's name */
	for (size_t size = 0; size < IMAGE_BYTES; size++) {
		write_bytes("i", bytes, size);
		refused(both, 2,
			size < 16 ? "images: i ends within its header"
				  : "images: i is torn: its header announces 24 bytes of "
				    "data, there are");
	}
	bytes[IMAGE_BYTES] = 0;
	write_bytes("i", bytes, IMAGE_BYTES + 1);
	refused(both, 2, "images: i has more data than the 24 bytes");
	write_bytes("i", bytes, IMAGE_BYTES);
	for (size_t size = 0; size < LABEL_BYTES; size++) {
		write_bytes("l", label_file, size);
		refused(both, 2,
			size < 8 ? "labels: l ends within its header" : "labels: l is torn");
	}

	memcpy(labels, label_file, sizeof labels);
	labels[7] = 3;
	write_bytes("l", labels, LABEL_BYTES);
	refused(both, 2, "labels: l has 3 labels, but there are 4 images");
	memset(labels + 8, 0, 4);
	labels[7] = 4;
	write_bytes("l", labels, LABEL_BYTES);
	refused(both, 2, "labels: all are 0; at least two classes are needed");
	bytes[3] = 1;
	write_bytes("i", bytes, IMAGE_BYTES);
	refused(both, 2, "images: i begins with 0x00000801, not 0x00000803");
	bytes[0] = 0x1f;
	bytes[1] = 0x8b;
	write_bytes("i", bytes, IMAGE_BYTES);
	refused(both, 2, "images: i is compressed; gunzip it first");
	/* a header that announces far more than there is, and more than is allowed */
	make_images(bytes);
	bytes[4] = 1;
	write_bytes("i", bytes, IMAGE_BYTES);
	refused(both, 2, "images: i is torn");
	bytes[4] = 255;
	bytes[11] = bytes[15] = 255;
	write_bytes("i", bytes, IMAGE_BYTES);
	refused(both, 2, "images: i has 4278190084 images of 255 x 255 pixels; allowed are");
}
END_TEST

START_TEST(built_in_digits_are_told_apart_by_their_dots)
{
	env_run run;
	double ink[10] = {0};
	int seen[80] = {0};
	env_open(&run, "ImageBandit-v0", NULL, 0);
	env_seed(&run, 1);
	for (int episode = 0; episode < 2000; episode++) {
		float o[64];
		double sum = 0;
		env_reset(&run);
		run.world.env->observe(run.world.instance.model, run.state, o);
		int32_t image = *(int32_t *)env_field(&run, "image"), digit = -1;
		seen[image]++;
		for (int i = 0; i < 64; i++)
			sum += (double)o[i];
		for (int32_t answer = 0; answer < 10; answer++) {
			run.flags = 0;
			*(int32_t *)env_field(&run, "answer") = -1;
			env_step(&run, answer);
			if (run.reward > 0) {
				ck_assert_int_eq(digit, -1);
				digit = answer;
			}
		}
		ck_assert_int_ge(digit, 0);
		/* wherever it lies, a digit has the same number of dots */
		if (ink[digit] > 0)
			ck_assert_double_eq(ink[digit], sum);
		ink[digit] = sum;
	}
	for (int i = 0; i < 80; i++)
		ck_assert_int_gt(seen[i], 0);
	env_close(&run);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("image bandit");
	TCase *t = tcase_create("files");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, enter_folder, leave_folder);
	tcase_add_test(t, images_and_labels_of_files_belong_together);
	tcase_add_test(t, files_that_are_no_images_are_refused_in_words);
	suite_add_tcase(s, t);
	t = tcase_create("digits");
	tcase_add_test(t, built_in_digits_are_told_apart_by_their_dots);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
