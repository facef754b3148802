#include "kernels.h"

#include <stdlib.h>
#include <string.h>

extern const bern_kernels bern_kernels_base;
#ifdef BERN_X86
extern const bern_kernels bern_kernels_avx2, bern_kernels_avx512;
#endif

/* One bit for each level, best first. */
static unsigned usable_levels(void)
{
	unsigned levels = 0;
#ifdef BERN_X86
	if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
	    __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
	    __builtin_cpu_supports("avx2"))
		levels |= 1;
	if (__builtin_cpu_supports("avx2"))
		levels |= 2;
#endif
	return levels;
}

const bern_kernels *const *bern_kernels_usable(void)
{
#ifdef BERN_X86
	static const bern_kernels *const lists[4][5] = {
		{&bern_kernels_base, &bern_kernels_reference},
		{0},
		{&bern_kernels_avx2, &bern_kernels_base, &bern_kernels_reference},
		{&bern_kernels_avx512, &bern_kernels_avx2, &bern_kernels_base,
		 &bern_kernels_reference},
	};
#else
	static const bern_kernels *const lists[1][3] = {
		{&bern_kernels_base, &bern_kernels_reference}};
#endif
	return lists[usable_levels()];
}

int32_t bern_kernels_select(const bern_kernels **out, bern_error *e)
{
	const bern_kernels *const *usable = bern_kernels_usable();
	const char *name = getenv("BERN_CPU");
	*out = usable[0];
	if (!name || !*name)
		return 0;
	char names[128] = "";
	for (size_t i = 0; usable[i]; i++) {
		if (strcmp(usable[i]->name, name) == 0) {
			*out = usable[i];
			return 0;
		}
		strcat(names, i ? ", " : "");
		strcat(names, usable[i]->name);
	}
	return bern_fail(e, BERN_EUSAGE, "BERN_CPU: %s is not one of the levels usable here: %s",
			 name, names);
}
