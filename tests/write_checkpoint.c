/* Writes a small checkpoint to the path it is given, for read_checkpoint.py to read without any code of Bern. */
#include <bern/tensor.h>

#include <stdio.h>

int main(int argc, char **argv)
{
	uint8_t u8[3] = {0, 1, 255};
	int32_t i32[2] = {INT32_MIN, INT32_MAX};
	uint32_t u32[1] = {UINT32_MAX};
	int64_t i64[1] = {INT64_MIN};
	uint64_t u64[4] = {UINT64_MAX, (1ull << 53) + 1, 0, 42};
	float f32[6] = {1.5f, -0.25f, 1e-45f, 3, 4, 5};
	double f64[2] = {0.1, 4.9e-324};
	const bern_metadata metadata[] = {{"seed", "18446744073709551615"},
					  {"config", "env:\n  id: \"caf\xc3\xa9\"\n"}};
	bern_tensors list = {0};
	bern_error e;
	int32_t rc = argc == 2 ? BERN_OK : bern_fail(&e, BERN_EUSAGE, "one path is needed");
	if (!rc)
		rc = bern_tensors_add(&list, BERN_T_U8, u8, 3, 0, &e, "u8");
	if (!rc)
		rc = bern_tensors_add(&list, BERN_T_I32, i32, 1, 2, &e, "i32");
	if (!rc)
		rc = bern_tensors_add(&list, BERN_T_U32, u32, 1, 0, &e, "u32");
	if (!rc)
		rc = bern_tensors_add(&list, BERN_T_I64, i64, 1, 1, &e, "i64");
	if (!rc)
		rc = bern_tensors_add(&list, BERN_T_U64, u64, 2, 2, &e, "u64");
	if (!rc)
		rc = bern_tensors_add(&list, BERN_T_F32, f32, 2, 3, &e, "f32");
	if (!rc)
		rc = bern_tensors_add(&list, BERN_T_F64, f64, 2, 0, &e, "f64");
	if (!rc)
		rc = bern_checkpoint_write(argv[1], &list, metadata, 2, &e);
	bern_tensors_finish(&list);
	if (rc)
		fprintf(stderr, "write_checkpoint: %s\n", e.text);
	return rc != 0;
}
