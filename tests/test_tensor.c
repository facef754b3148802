/* Lists of arrays and checkpoints: what is written comes back, what is not whole is refused with nothing touched, and a write
 * that fails at any of its calls leaves the old file and no other. */
#define _DEFAULT_SOURCE /* setrlimit, seteuid */
#include "checkpoint.h"
#include "scratch.h"

#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- system calls that fail when told to (linked with --wrap) -------------------------------------- */

static struct {
	int countdown; /* calls until one fails; 0: never */
	int code;      /* errno of the failure */
	int hits;
	size_t most; /* bytes a write takes at once; 0: all */
} fault;

static int now_fails(void)
{
	if (!fault.countdown || --fault.countdown)
		return 0;
	fault.hits++;
	errno = fault.code;
	return 1;
}

ssize_t __real_write(int fd, const void *data, size_t size);
ssize_t __wrap_write(int fd, const void *data, size_t size);
ssize_t __wrap_write(int fd, const void *data, size_t size)
{
	if (now_fails())
		return -1;
	return __real_write(fd, data, fault.most && size > fault.most ? fault.most : size);
}

ssize_t __real_read(int fd, void *data, size_t size);
ssize_t __wrap_read(int fd, void *data, size_t size);
ssize_t __wrap_read(int fd, void *data, size_t size)
{
	if (now_fails())
		return -1;
	return __real_read(fd, data, fault.most && size > fault.most ? fault.most : size);
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	return now_fails() ? -1 : __real_fsync(fd);
}

int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_close(int fd)
{
	/* the descriptor is gone whatever close says */
	int rc = __real_close(fd);
	return now_fails() ? -1 : rc;
}

int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to)
{
	return now_fails() ? -1 : __real_rename(from, to);
}

/* ---- a list of arrays of every type ------------------------------------------------------------------ */

typedef struct arrays {
	uint8_t u8[3], pad;
	int32_t i32[2];
	uint32_t u32[5];
	int64_t i64[1];
	uint64_t u64[4];
	float f32[6];
	double f64[2];
} arrays;

static const bern_metadata metadata[] = {
	{"format", "pt"},
	{"seed", "18446744073709551615"},
	{"config", "env:\n  id: \"CartPole-v1\" # \xc3\xa9\n"},
};

static void list_arrays(bern_tensors *list, arrays *a)
{
	bern_error e;
	*list = (bern_tensors){0};
	ck_assert_int_eq(bern_tensors_add(list, BERN_T_U8, a->u8, 3, 0, &e, "bytes"), 0);
	ck_assert_int_eq(bern_tensors_add(list, BERN_T_I32, a->i32, 1, 2, &e, "i.%d", 32), 0);
	ck_assert_int_eq(bern_tensors_add(list, BERN_T_U32, a->u32, 5, 0, &e, "u32"), 0);
	ck_assert_int_eq(bern_tensors_add(list, BERN_T_I64, a->i64, 1, 1, &e, "i64"), 0);
	ck_assert_int_eq(bern_tensors_add(list, BERN_T_U64, a->u64, 2, 2, &e, "u64"), 0);
	ck_assert_int_eq(bern_tensors_add(list, BERN_T_F32, a->f32, 2, 3, &e, "net.weight"), 0);
	ck_assert_int_eq(bern_tensors_add(list, BERN_T_F64, a->f64, 2, 0, &e, "f64"), 0);
	ck_assert_int_eq(bern_tensors_add(list, BERN_T_F64, NULL, 0, 7, &e, "nothing"), 0);
}

static void fill_arrays(arrays *a)
{
	memset(a, 0, sizeof *a);
	*a = (arrays){{0, 1, 255},
		      0,
		      {INT32_MIN, INT32_MAX},
		      {0, 1, 2, 3, UINT32_MAX},
		      {INT64_MIN},
		      {UINT64_MAX, (1ull << 53) + 1, 0, 42},
		      {1.5f, -0.0f, 1e-45f, 3.4e38f, 0.1f, 7},
		      {0.1, 4.9e-324}};
}

/* Writes the list of fill_arrays and returns the file's bytes; free them. */
static unsigned char *written(size_t *size)
{
	char folder[SCRATCH_PATH], path[SCRATCH_PATH + 32];
	arrays a;
	bern_tensors list;
	bern_error e;
	fill_arrays(&a);
	list_arrays(&list, &a);
	scratch_make(folder);
	snprintf(path, sizeof path, "%s/a.safetensors", folder);
	ck_assert_int_eq(bern_checkpoint_write(path, &list, metadata, 3, &e), 0);
	ck_assert_int_eq(scratch_count(folder), 1);
	unsigned char *bytes = scratch_read(path, size);
	bern_tensors_finish(&list);
	scratch_remove(folder);
	return bytes;
}

/* Reads from memory of exactly that size, so that a sanitizer sees a byte too many. */
static int32_t parse(const unsigned char *bytes, size_t size, const bern_tensors *list,
		     int others_too, bern_error *e)
{
	unsigned char *copy = malloc(size + (size == 0));
	memcpy(copy, bytes, size);
	int32_t rc = bern_checkpoint_parse(copy, size, list, others_too, e);
	free(copy);
	return rc;
}

static void assert_one_sentence(const bern_error *e)
{
	ck_assert_uint_gt(strlen(e->text), 8);
	ck_assert_msg(!strchr(e->text, '\n'), "two lines: %s", e->text);
}

/* ---- lists ------------------------------------------------------------------------------------------- */

START_TEST(a_list_refuses_what_no_file_could_hold)
{
	bern_tensors list = {0};
	bern_error e;
	float x[4];
	char name[200];
	memset(name, 'n', sizeof name);
	name[BERN_TENSOR_NAME] = '\0';
	ck_assert_int_eq(bern_tensors_add(&list, BERN_T_F32, x, 2, 2, &e, "x"), 0);
	ck_assert_int_eq(bern_tensors_add(&list, BERN_T_F32, x, 4, 0, &e, "x"), BERN_EUSAGE);
	ck_assert_str_eq(e.text, "array \"x\" is in the list already");
	ck_assert_int_eq(bern_tensors_add(&list, BERN_T_F32, x, 4, 0, &e, "%s", name), BERN_EUSAGE);
	ck_assert_int_eq(bern_tensors_add(&list, BERN_T_F32, x, 4, 0, &e, "%s", ""), BERN_EUSAGE);
	ck_assert_int_eq(bern_tensors_add(&list, BERN_T_F32, x, 4, 0, &e, "__metadata__"),
			 BERN_EUSAGE);
	ck_assert_int_eq(bern_tensors_add(&list, 99, x, 4, 0, &e, "y"), BERN_EUSAGE);
	ck_assert_int_eq(bern_tensors_add(&list, 0, x, 4, 0, &e, "y"), BERN_EUSAGE);
	ck_assert_int_eq(bern_tensors_add(&list, BERN_T_F32, NULL, 4, 0, &e, "y"), BERN_EUSAGE);
	ck_assert_int_eq(bern_tensors_add(&list, BERN_T_F32, x, 1ull << 32, 1ull << 32, &e, "y"),
			 BERN_EUSAGE);
	ck_assert_uint_eq(list.count, 1);
	name[BERN_TENSOR_NAME - 1] = '\0';
	ck_assert_int_eq(bern_tensors_add(&list, BERN_T_F32, x, 4, 0, &e, "%s", name), 0);
	ck_assert_str_eq(list.items[1].name, name);
	ck_assert_uint_eq(bern_tensor_elements(&list.items[0]), 4);
	ck_assert_uint_eq(bern_tensor_size(&list.items[0]), 16);
	bern_tensors_finish(&list);
	bern_tensors_finish(&list);
}
END_TEST

START_TEST(a_list_grows_past_any_size)
{
	bern_tensors list = {0};
	bern_error e;
	float x[300];
	for (int i = 0; i < 300; i++)
		ck_assert_int_eq(bern_tensors_add(&list, BERN_T_F32, x + i, 1, 0, &e, "x%d", i), 0);
	for (int i = 0; i < 300; i++)
		ck_assert_ptr_eq(list.items[i].data, x + i);
	bern_tensors_finish(&list);
}
END_TEST

/* ---- round trips -------------------------------------------------------------------------------------- */

START_TEST(every_type_comes_back_bit_for_bit)
{
	size_t size;
	unsigned char *bytes = written(&size);
	arrays a, b;
	bern_tensors list;
	bern_error e;
	fill_arrays(&a);
	for (int others_too = 0; others_too < 2; others_too++) {
		memset(&b, 0, sizeof b);
		list_arrays(&list, &b);
		ck_assert_msg(parse(bytes, size, &list, others_too, &e) == 0, "%s", e.text);
		ck_assert_mem_eq(&a, &b, sizeof a);
		bern_tensors_finish(&list);
	}
	free(bytes);
}
END_TEST

START_TEST(the_file_is_the_format_byte_for_byte)
{
	/* written down by hand from the format's description: largest elements first, spaces up to a multiple of 8 */
	static const char text[] =
		"{\"__metadata__\":{\"k\":\"v\"},"
		"\"w\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,8]},"
		"\"b\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[8,11]}}";
	const unsigned char data[] = {0, 0, 0xc0, 0x3f, 0, 0, 0x80, 0xbf, 7, 8, 9};
	uint8_t b[] = {7, 8, 9};
	float w[] = {1.5f, -1};
	char folder[SCRATCH_PATH], path[SCRATCH_PATH + 32];
	bern_tensors list = {0};
	bern_error e;
	size_t size, padded = (sizeof text - 1 + 7) / 8 * 8;
	scratch_make(folder);
	snprintf(path, sizeof path, "%s/a.safetensors", folder);
	bern_tensors_add(&list, BERN_T_U8, b, 3, 0, &e, "b");
	bern_tensors_add(&list, BERN_T_F32, w, 1, 2, &e, "w");
	const bern_metadata entry = {"k", "v"};
	ck_assert_int_eq(bern_checkpoint_write(path, &list, &entry, 1, &e), 0);
	unsigned char *bytes = scratch_read(path, &size);
	ck_assert_uint_eq(size, 8 + padded + sizeof data);
	ck_assert_uint_eq(bytes[0], padded);
	for (int i = 1; i < 8; i++)
		ck_assert_uint_eq(bytes[i], 0);
	ck_assert_mem_eq(bytes + 8, text, sizeof text - 1);
	for (size_t i = sizeof text - 1; i < padded; i++)
		ck_assert_uint_eq(bytes[8 + i], ' ');
	ck_assert_mem_eq(bytes + 8 + padded, data, sizeof data);
	free(bytes);
	bern_tensors_finish(&list);
	scratch_remove(folder);
}
END_TEST

START_TEST(metadata_come_back_and_what_is_missing_is_said)
{
	size_t size;
	unsigned char *bytes = written(&size);
	char folder[SCRATCH_PATH], path[SCRATCH_PATH + 32], out[64];
	bern_error e;
	scratch_make(folder);
	snprintf(path, sizeof path, "%s/a.safetensors", folder);
	scratch_write(path, bytes, size);
	for (size_t i = 0; i < 3; i++) {
		ck_assert_int_eq(
			bern_checkpoint_metadata(path, metadata[i].key, out, sizeof out, &e), 0);
		ck_assert_str_eq(out, metadata[i].value);
	}
	ck_assert_int_eq(bern_checkpoint_metadata(path, "sed", out, sizeof out, &e), BERN_EFORMAT);
	ck_assert_ptr_nonnull(strstr(e.text, "it has no metadata \"sed\""));
	/* 20 digits and their end */
	ck_assert_int_eq(bern_checkpoint_metadata(path, "seed", out, 21, &e), 0);
	ck_assert_int_eq(bern_checkpoint_metadata(path, "seed", out, 20, &e), BERN_EFORMAT);
	ck_assert_ptr_nonnull(strstr(e.text, "20 characters, at most 19"));
	free(bytes);
	scratch_remove(folder);
}
END_TEST

START_TEST(text_that_is_not_utf8_is_refused_before_anything_is_written)
{
	char folder[SCRATCH_PATH], path[SCRATCH_PATH + 32];
	bern_tensors list = {0};
	bern_error e;
	float x = 1;
	const bern_metadata bad = {"host", "caf\xe9"};
	scratch_make(folder);
	snprintf(path, sizeof path, "%s/a.safetensors", folder);
	ck_assert_int_eq(bern_checkpoint_write(path, &list, &bad, 1, &e), BERN_EUSAGE);
	ck_assert_ptr_nonnull(strstr(e.text, "metadata \"host\" is not UTF-8 text"));
	bern_tensors_add(&list, BERN_T_F32, &x, 1, 0, &e, "caf\xe9");
	ck_assert_int_eq(bern_checkpoint_write(path, &list, NULL, 0, &e), BERN_EUSAGE);
	ck_assert_int_eq(scratch_count(folder), 0);
	bern_tensors_finish(&list);
	scratch_remove(folder);
}
END_TEST

/* ---- files that are not whole, or not ours ---------------------------------------------------------------- */

START_TEST(a_cut_at_every_byte_is_refused_and_touches_nothing)
{
	size_t size;
	unsigned char *bytes = written(&size);
	char folder[SCRATCH_PATH], path[SCRATCH_PATH + 32], out[64];
	arrays before, now;
	bern_tensors list;
	bern_error e;
	memset(&before, 0x5a, sizeof before);
	now = before;
	list_arrays(&list, &now);
	scratch_make(folder);
	snprintf(path, sizeof path, "%s/a.safetensors", folder);
	for (size_t cut = 0; cut < size; cut++) {
		ck_assert_int_eq(parse(bytes, cut, &list, (int)(cut % 2), &e), BERN_EFORMAT);
		assert_one_sentence(&e);
		scratch_write(path, bytes, cut);
		ck_assert_int_eq(bern_checkpoint_read(path, &list, &e), BERN_EFORMAT);
		ck_assert_msg(strncmp(e.text, "reading ", 8) == 0 && strstr(e.text, path), "%s",
			      e.text);
		ck_assert_int_eq(bern_checkpoint_read_some(path, &list, &e), BERN_EFORMAT);
		ck_assert_int_eq(bern_checkpoint_metadata(path, "seed", out, sizeof out, &e),
				 BERN_EFORMAT);
		ck_assert_mem_eq(&now, &before, sizeof now);
	}
	scratch_write(path, bytes, size);
	ck_assert_int_eq(bern_checkpoint_read(path, &list, &e), 0);
	bern_tensors_finish(&list);
	scratch_remove(folder);
	free(bytes);
}
END_TEST

START_TEST(a_changed_byte_of_the_header_is_refused_or_does_no_harm)
{
	static const char others[] = "{}[]\":,0129 -.eEtn\\\n";
	size_t size, refused = 0, tried = 0;
	unsigned char *bytes = written(&size);
	size_t header = 8 + (size_t)bytes[0] + 256 * (size_t)bytes[1];
	arrays right, before, now;
	bern_tensors list;
	bern_error e;
	fill_arrays(&right);
	memset(&before, 0x5a, sizeof before);
	before.pad = right.pad;
	list_arrays(&list, &now);
	for (size_t at = 0; at < header; at++) {
		unsigned char was = bytes[at];
		for (int k = 0; k < 8 + (int)sizeof others; k++) {
			bytes[at] = k < 8 ? (unsigned char)(was ^ 1 << k)
					  : (unsigned char)others[k - 8];
			if (bytes[at] == was)
				continue;
			now = before;
			tried++;
			if (parse(bytes, size, &list, k % 2, &e)) {
				refused++;
				assert_one_sentence(&e);
				ck_assert_mem_eq(&now, &before, sizeof now);
			} else {
				ck_assert_mem_eq(&now, &right, sizeof now);
			}
		}
		bytes[at] = was;
	}
	/* metadata and the names of metadata may change, a few bytes of the 500 */
	ck_assert_uint_gt(refused, tried * 3 / 4);
	bern_tensors_finish(&list);
	free(bytes);
}
END_TEST

/* a: F32 (2, 3), b: U8 (3), 27 bytes of data unless said otherwise */
#define A        "\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]}"
#define B        "\"b\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[24,27]}"
#define A_AS(x)  "{" x "," B "}"
#define AB_AS(x) "{" A "," B x "}"

static const struct {
	const char *header;
	size_t data;
	const char *says; /* NULL: it is fine */
} headers[] = {
	{AB_AS(""), 27, NULL},
	{AB_AS("") "   \n", 27, NULL},
	{AB_AS(",\"__metadata__\":{}"), 27, NULL},
	{"{" B "," A "}", 27, NULL},
	{AB_AS(""), 28, "1 bytes follow the last array"},
	{AB_AS(""), 26, "it is cut: \"b\" ends at byte 27 of the data, which has 26"},
	{" " AB_AS(""), 27, "the header is not a JSON object"},
	{"[" A "]", 27, "the header is not a JSON object"},
	{"", 27, "the header is not a JSON object"},
	{"{}", 0, "it lacks \"a\""},
	{"{" A "}", 24, "it lacks \"b\""},
	{AB_AS(",\"c\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[27,27]}"), 27,
	 "it holds \"c\", which is not expected"},
	{AB_AS("," A), 27, "broken"},
	{AB_AS("") "x", 27, "broken"},
	{AB_AS(",\"__metadata__\":[]"), 27, "metadata is not an object"},
	{AB_AS(",\"__metadata__\":{\"k\":1}"), 27, "metadata \"k\" is not a text"},
	{A_AS("\"a\":[]"), 27, "\"a\": not an object of dtype, shape and data_offsets"},
	{A_AS("\"a\":{\"dtype\":\"F32\",\"shape\":[2,3]}"), 27, "not an object of"},
	{A_AS("\"a\":{\"dtype\":1,\"shape\":[2,3],\"data_offsets\":[0,24]}"), 27,
	 "not an object of"},
	{A_AS("\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24],\"x\":1}"), 27,
	 "not an object of"},
	{A_AS("\"a\":{\"dtype\":\"F33\",\"shape\":[2,3],\"data_offsets\":[0,24]}"), 27,
	 "dtype F33 is none of"},
	{A_AS("\"a\":{\"dtype\":\"I32\",\"shape\":[2,3],\"data_offsets\":[0,24]}"), 27,
	 "\"a\" is I32 (2, 3), F32 (2, 3) was expected"},
	{A_AS("\"a\":{\"dtype\":\"F32\",\"shape\":[3,2],\"data_offsets\":[0,24]}"), 27,
	 "\"a\" is F32 (3, 2), F32 (2, 3) was expected"},
	{A_AS("\"a\":{\"dtype\":\"F32\",\"shape\":[6],\"data_offsets\":[0,24]}"), 27,
	 "\"a\" is F32 (6), F32 (2, 3) was expected"},
	{A_AS("\"a\":{\"dtype\":\"F32\",\"shape\":[2,3,1],\"data_offsets\":[0,24]}"), 27,
	 "\"a\" is F32 (2, 3, 1), F32 (2, 3) was expected"},
	{A_AS("\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,2,3],\"data_offsets\":[0,24]}"), 27,
	 "not a list of up to 4 sizes"},
	{A_AS("\"a\":{\"dtype\":\"F32\",\"shape\":6,\"data_offsets\":[0,24]}"), 27,
	 "not a list of up to 4 sizes"},
	{A_AS("\"a\":{\"dtype\":\"F32\",\"shape\":[-2,-3],\"data_offsets\":[0,24]}"), 27,
	 "what is not a size"},
	{A_AS("\"a\":{\"dtype\":\"F32\",\"shape\":[2.0,3],\"data_offsets\":[0,24]}"), 27,
	 "what is not a size"},
	{A_AS("\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],"
	      "\"data_offsets\":[0,0]}"),
	 27, "too large"},
	{A_AS("\"a\":{\"dtype\":\"F32\",\"shape\":[18446744073709551618,3],"
	      "\"data_offsets\":[0,24]}"),
	 27, "broken"},
	{A_AS("\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,20]}"), 27,
	 "shape and dtype take 24 bytes, not 20"},
	{A_AS("\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[24,0]}"), 27,
	 "not a begin and an end"},
	{A_AS("\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[-24,0]}"), 27,
	 "not a begin and an end"},
	{A_AS("\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24,24]}"), 27,
	 "not a begin and an end"},
	{A_AS("\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":{}}"), 27,
	 "not a begin and an end"},
	/* overlap, gap, and a begin so far that begin + size would wrap */
	{A_AS("\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[3,27]}"), 27,
	 "\"a\" begins at byte 3 of the data, not 0"},
	{"{" A ",\"b\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[20,23]}}", 27,
	 "\"b\" begins at byte 20 of the data, not 24"},
	{"{" A ",\"b\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[25,28]}}", 28,
	 "\"b\" begins at byte 25 of the data, not 24"},
	{A_AS("\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],"
	      "\"data_offsets\":[9223372036854775783,9223372036854775807]}"),
	 27, "it is cut"},
};

START_TEST(an_inconsistent_header_is_refused_in_words)
{
	unsigned char file[512] = {0};
	float a[6];
	uint8_t b[3];
	bern_tensors list = {0};
	bern_error e;
	size_t length = strlen(headers[_i].header);
	file[0] = (unsigned char)length;
	file[1] = (unsigned char)(length >> 8);
	memcpy(file + 8, headers[_i].header, length);
	memset(a, 0x5a, sizeof a);
	memset(b, 0x5a, sizeof b);
	ck_assert_int_eq(bern_tensors_add(&list, BERN_T_F32, a, 2, 3, &e, "a"), 0);
	ck_assert_int_eq(bern_tensors_add(&list, BERN_T_U8, b, 3, 0, &e, "b"), 0);
	int32_t rc = parse(file, 8 + length + headers[_i].data, &list, 0, &e);
	if (headers[_i].says) {
		ck_assert_msg(rc == BERN_EFORMAT, "taken: %s", headers[_i].header);
		ck_assert_msg(strstr(e.text, headers[_i].says) != NULL, "%s\n%s",
			      headers[_i].header, e.text);
		assert_one_sentence(&e);
		for (int i = 0; i < 24; i++)
			ck_assert_uint_eq(((unsigned char *)a)[i], 0x5a);
		ck_assert_uint_eq(b[0], 0x5a);
	} else {
		ck_assert_msg(rc == 0, "%s\n%s", headers[_i].header, e.text);
		ck_assert_float_eq(a[5], 0);
		ck_assert_uint_eq(b[2], 0);
	}
	bern_tensors_finish(&list);
}
END_TEST

START_TEST(a_header_of_more_than_the_format_allows_is_refused)
{
	static const uint64_t sizes[] = {100000001, 1ull << 63, UINT64_MAX, UINT64_MAX - 7, 9};
	bern_tensors list = {0};
	bern_error e;
	for (size_t i = 0; i < 5; i++) {
		unsigned char file[16] = {0, 0, 0, 0, 0, 0, 0, 0, '{', '}'};
		for (int k = 0; k < 8; k++)
			file[k] = (unsigned char)(sizes[i] >> 8 * k);
		ck_assert_int_eq(parse(file, 16, &list, 0, &e), BERN_EFORMAT);
		ck_assert_msg(strstr(e.text, i < 4 ? "at most 100000000 are allowed"
						   : "a header of 9 bytes in a file of 16"),
			      "%s", e.text);
	}
}
END_TEST

START_TEST(a_part_of_a_file_can_be_read_if_the_whole_is_good)
{
	size_t size;
	unsigned char *bytes = written(&size);
	float weight[6] = {0};
	bern_tensors list = {0};
	bern_error e;
	ck_assert_int_eq(bern_tensors_add(&list, BERN_T_F32, weight, 2, 3, &e, "net.weight"), 0);
	ck_assert_int_eq(parse(bytes, size, &list, 0, &e), BERN_EFORMAT);
	ck_assert_float_eq(weight[0], 0);
	ck_assert_int_eq(parse(bytes, size - 1, &list, 1, &e), BERN_EFORMAT);
	ck_assert_float_eq(weight[0], 0);
	ck_assert_int_eq(parse(bytes, size, &list, 1, &e), 0);
	ck_assert_float_eq(weight[0], 1.5f);
	ck_assert_float_eq(weight[5], 7);
	bern_tensors_finish(&list);
	free(bytes);
}
END_TEST

START_TEST(what_is_no_file_is_refused_at_once)
{
	char folder[SCRATCH_PATH], path[SCRATCH_PATH + 32];
	bern_tensors list = {0};
	bern_error e;
	scratch_make(folder);
	ck_assert_int_eq(bern_checkpoint_read(folder, &list, &e), BERN_EIO);
	ck_assert_ptr_nonnull(strstr(e.text, "it is a folder"));
	snprintf(path, sizeof path, "%s/none", folder);
	ck_assert_int_eq(bern_checkpoint_read(path, &list, &e), BERN_EIO);
	ck_assert_ptr_nonnull(strstr(e.text, "No such file"));
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(bern_checkpoint_read(path, &list, &e), BERN_EIO);
	ck_assert_ptr_nonnull(strstr(e.text, "not a plain file"));
	/* a sparse file far larger than the list could fill is not even read */
	unlink(path);
	scratch_write(path, "{", 1);
	ck_assert_int_eq(truncate(path, (off_t)1 << 40), 0);
	ck_assert_int_eq(bern_checkpoint_read(path, &list, &e), BERN_EFORMAT);
	ck_assert_ptr_nonnull(strstr(e.text, "1099511627776 bytes are more than 100000008"));
	scratch_remove(folder);
}
END_TEST

/* ---- writes that fail --------------------------------------------------------------------------------------- */

/* Writes over "old" in a fresh folder with `fault` as set; returns whether it succeeded. Whatever happens: one file, either the
 * old bytes or the whole new ones. */
static int write_under_fault(int countdown, int code, bern_error *e)
{
	char folder[SCRATCH_PATH], path[SCRATCH_PATH + 32];
	arrays a, b;
	bern_tensors list;
	size_t size;
	fill_arrays(&a);
	list_arrays(&list, &a);
	scratch_make(folder);
	snprintf(path, sizeof path, "%s/a.safetensors", folder);
	scratch_write(path, "old", 3);
	fault.hits = 0;
	fault.code = code;
	fault.countdown = countdown;
	int32_t rc = bern_checkpoint_write(path, &list, metadata, 3, e);
	fault.countdown = 0;
	bern_tensors_finish(&list);
	ck_assert_int_eq(scratch_count(folder), 1);
	unsigned char *bytes = scratch_read(path, &size);
	if (rc && !strstr(e->text, "made sure")) {
		ck_assert_uint_eq(size, 3);
		ck_assert_mem_eq(bytes, "old", 3);
	} else {
		bern_error e2;
		memset(&b, 0, sizeof b);
		list_arrays(&list, &b);
		ck_assert_int_eq(bern_checkpoint_read(path, &list, &e2), 0);
		ck_assert_mem_eq(&a, &b, sizeof a);
		bern_tensors_finish(&list);
	}
	free(bytes);
	scratch_remove(folder);
	return rc == 0;
}

START_TEST(a_disk_that_fills_at_any_call_leaves_the_old_file_whole)
{
	static const struct {
		int code;
		const char *says;
	} faults[] = {{ENOSPC, "No space left on device"},
		      {EDQUOT, "Disk quota exceeded"},
		      {EIO, "Input/output error"}};
	bern_error e;
	for (size_t i = 0; i < 3; i++) {
		int calls = 1, refused = 0;
		for (;; calls++) {
			int ok = write_under_fault(calls, faults[i].code, &e);
			if (!fault.hits)
				break;
			if (ok)
				continue;
			refused++;
			ck_assert_msg(strstr(e.text, faults[i].says) != NULL, "%s", e.text);
			assert_one_sentence(&e);
		}
		/* header, 7 arrays, fsync, close, rename; flushing and closing the folder may be passed over */
		ck_assert_int_ge(refused, 11);
		ck_assert_int_ge(calls, 13);
	}
}
END_TEST

START_TEST(a_signal_at_any_call_does_no_harm)
{
	bern_error e;
	int calls = 1;
	for (;; calls++) {
		int ok = write_under_fault(calls, EINTR, &e);
		if (!fault.hits)
			break;
		/* rename is never interrupted on a real system; all others are taken up again */
		ck_assert_msg(ok || calls == 11, "call %d: %s", calls, e.text);
	}
	ck_assert_int_ge(calls, 13);
}
END_TEST

START_TEST(writes_and_reads_of_a_few_bytes_at_a_time_add_up)
{
	bern_error e;
	fault.most = 3;
	int ok = write_under_fault(0, 0, &e);
	fault.most = 0;
	ck_assert_int_eq(ok, 1);
}
END_TEST

START_TEST(a_read_that_fails_touches_nothing)
{
	size_t size;
	unsigned char *bytes = written(&size);
	char folder[SCRATCH_PATH], path[SCRATCH_PATH + 32];
	arrays before, now;
	bern_tensors list;
	bern_error e;
	memset(&before, 0x5a, sizeof before);
	now = before;
	list_arrays(&list, &now);
	scratch_make(folder);
	snprintf(path, sizeof path, "%s/a.safetensors", folder);
	scratch_write(path, bytes, size);
	fault.code = EIO;
	fault.most = 100;
	for (int call = 1; call <= 3; call++) {
		fault.countdown = call;
		int32_t rc = bern_checkpoint_read(path, &list, &e);
		fault.countdown = 0;
		ck_assert_int_eq(rc, BERN_EIO);
		ck_assert_ptr_nonnull(strstr(e.text, "Input/output error"));
		ck_assert_mem_eq(&now, &before, sizeof now);
	}
	fault.most = 0;
	bern_tensors_finish(&list);
	scratch_remove(folder);
	free(bytes);
}
END_TEST

START_TEST(a_limit_on_the_size_of_files_leaves_the_old_file_whole)
{
	struct rlimit was, small;
	bern_error e;
	void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &was), 0);
	size_t size;
	free(written(&size));
	for (size_t limit = 3; limit < size; limit += 41) {
		small = was;
		small.rlim_cur = limit;
		ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
		int ok = write_under_fault(0, 0, &e);
		setrlimit(RLIMIT_FSIZE, &was);
		ck_assert_int_eq(ok, 0);
		ck_assert_msg(strstr(e.text, "File too large") != NULL, "%s", e.text);
	}
	signal(SIGXFSZ, handler);
}
END_TEST

START_TEST(a_folder_that_is_missing_or_read_only_is_said)
{
	char folder[SCRATCH_PATH], path[SCRATCH_PATH + 32];
	bern_tensors list = {0};
	bern_error e;
	scratch_make(folder);
	snprintf(path, sizeof path, "%s/no/a.safetensors", folder);
	ck_assert_int_eq(bern_checkpoint_write(path, &list, NULL, 0, &e), BERN_EIO);
	ck_assert_ptr_nonnull(strstr(e.text, "there is no such folder"));
	ck_assert_int_eq(chmod(folder, 0555), 0);
	/* root may write everywhere: be nobody for a moment */
	int root = geteuid() == 0;
	if (root)
		ck_assert_int_eq(seteuid(65534), 0);
	snprintf(path, sizeof path, "%s/a.safetensors", folder);
	int32_t rc = bern_checkpoint_write(path, &list, NULL, 0, &e);
	if (root)
		ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(rc, BERN_EIO);
	ck_assert_msg(strstr(e.text, "Permission denied") != NULL, "%s", e.text);
	ck_assert_int_eq(chmod(folder, 0755), 0);
	/* a folder of the file's name is not replaced */
	ck_assert_int_eq(bern_checkpoint_write(folder, &list, NULL, 0, &e), BERN_EIO);
	ck_assert_int_eq(scratch_count(folder), 0);
	scratch_remove(folder);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("tensor");
	TCase *t = tcase_create("lists");
	tcase_add_test(t, a_list_refuses_what_no_file_could_hold);
	tcase_add_test(t, a_list_grows_past_any_size);
	suite_add_tcase(s, t);
	t = tcase_create("round trips");
	tcase_add_test(t, every_type_comes_back_bit_for_bit);
	tcase_add_test(t, the_file_is_the_format_byte_for_byte);
	tcase_add_test(t, metadata_come_back_and_what_is_missing_is_said);
	tcase_add_test(t, text_that_is_not_utf8_is_refused_before_anything_is_written);
	suite_add_tcase(s, t);
	t = tcase_create("refusals");
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_cut_at_every_byte_is_refused_and_touches_nothing);
	tcase_add_test(t, a_changed_byte_of_the_header_is_refused_or_does_no_harm);
	tcase_add_loop_test(t, an_inconsistent_header_is_refused_in_words, 0,
			    sizeof headers / sizeof headers[0]);
	tcase_add_test(t, a_header_of_more_than_the_format_allows_is_refused);
	tcase_add_test(t, a_part_of_a_file_can_be_read_if_the_whole_is_good);
	tcase_add_test(t, what_is_no_file_is_refused_at_once);
	suite_add_tcase(s, t);
	t = tcase_create("failing writes");
	tcase_add_test(t, a_disk_that_fills_at_any_call_leaves_the_old_file_whole);
	tcase_add_test(t, a_signal_at_any_call_does_no_harm);
	tcase_add_test(t, writes_and_reads_of_a_few_bytes_at_a_time_add_up);
	tcase_add_test(t, a_read_that_fails_touches_nothing);
	tcase_add_test(t, a_limit_on_the_size_of_files_leaves_the_old_file_whole);
	tcase_add_test(t, a_folder_that_is_missing_or_read_only_is_said);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
