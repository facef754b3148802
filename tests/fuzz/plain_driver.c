/* Runs a fuzz target without libFuzzer: each file of a folder as it is, then RUNS changed copies of them: flipped, set,
 * removed, doubled and swapped stretches. Numbers are the same every time. Usage: fuzz_X FOLDER RUNS */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SEEDS 64
#define ROOM  65536

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

typedef struct seed_file {
	uint8_t *bytes;
	size_t size;
} seed_file;

static uint64_t draw(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

/* At the end of readable memory, so that a byte too many is a crash. `end` is where the guard page begins. */
static void run(const uint8_t *bytes, size_t size, uint8_t *end)
{
	memcpy(end - size, bytes, size);
	LLVMFuzzerTestOneInput(end - size, size);
}

/* ROOM bytes in front of a page that cannot be touched; NULL if there are none. Returns the first byte of that page. */
static uint8_t *guarded_room(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), room = (ROOM + page - 1) / page * page;
	uint8_t *start = mmap(NULL, room + page, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (start == MAP_FAILED || mprotect(start + room, page, PROT_NONE) != 0)
		return NULL;
	return start + room;
}

static size_t read_seeds(const char *folder, seed_file *seeds)
{
	size_t count = 0;
	DIR *dir = opendir(folder);
	for (struct dirent *item; dir && (item = readdir(dir)) && count < SEEDS;) {
		char path[4096];
		snprintf(path, sizeof path, "%s/%s", folder, item->d_name);
		FILE *file = item->d_name[0] == '.' ? NULL : fopen(path, "rb");
		if (!file)
			continue;
		seeds[count].bytes = malloc(ROOM);
		if (!seeds[count].bytes)
			abort();
		seeds[count].size = fread(seeds[count].bytes, 1, ROOM / 2, file);
		count++;
		fclose(file);
	}
	if (dir)
		closedir(dir);
	return count;
}

/* Changes a stretch of the bytes in one way; returns the new size, at most ROOM. */
static size_t change(uint8_t *bytes, size_t size, uint64_t *x)
{
	static const char likely[] = "{}[]\":,0123456789-.e \\u/tfn";
	size_t at = size ? draw(x) % size : 0, length = size ? 1 + draw(x) % (size - at) : 0;
	if (length > 16 && draw(x) % 4)
		length = 1 + length % 16;
	switch (size ? draw(x) % 6 : 5) {
	case 0:
		bytes[at] ^= (uint8_t)(1u << draw(x) % 8);
		return size;
	case 1:
		bytes[at] = (uint8_t)likely[draw(x) % (sizeof likely - 1)];
		return size;
	case 2:
		bytes[at] = (uint8_t)draw(x);
		return size;
	case 3:
		memmove(bytes + at, bytes + at + length, size - at - length);
		return size - length;
	case 4:
		if (size + length > ROOM)
			return size;
		memmove(bytes + at + length, bytes + at, size - at);
		return size + length;
	default:
		if (size == ROOM)
			return size;
		memmove(bytes + at + 1, bytes + at, size - at);
		bytes[at] = (uint8_t)likely[draw(x) % (sizeof likely - 1)];
		return size + 1;
	}
}

int main(int argc, char **argv)
{
	seed_file seeds[SEEDS];
	uint64_t x = 88172645463325252u;
	uint8_t *bytes = malloc(ROOM);
	uint8_t *end = guarded_room();
	size_t count = argc == 3 ? read_seeds(argv[1], seeds) : 0;
	if (!count || !bytes || !end) {
		fprintf(stderr, "usage: %s FOLDER RUNS, with at least one file in the folder\n",
			argv[0]);
		return 2;
	}
	long runs = strtol(argv[2], NULL, 10);
	for (size_t i = 0; i < count; i++)
		run(seeds[i].bytes, seeds[i].size, end);
	for (long n = 0; n < runs; n++) {
		const seed_file *seed = &seeds[draw(&x) % count];
		size_t size = seed->size;
		memcpy(bytes, seed->bytes, size);
		for (uint64_t changes = 1 + draw(&x) % 4; changes; changes--)
			size = change(bytes, size, &x);
		run(bytes, size, end);
	}
	for (size_t i = 0; i < count; i++)
		free(seeds[i].bytes);
	free(bytes);
	return 0;
}
