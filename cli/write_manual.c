/* Writes all manual pages into a folder: write_manual FOLDER VERSION DATE. Run while building, not installed. */
#include "manual.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

static int write_page(const char *folder, const command *found, const char *of, char **argv)
{
	char path[4096];
	int length = snprintf(path, sizeof path, "%s/bern%s%s%s%s.1", folder, found ? "-" : "",
			      of ? of : "", of ? "-" : "", found ? found->name : "");
	FILE *out = length > 0 && length < (int)sizeof path ? fopen(path, "w") : NULL;
	if (!out)
		return 1;
	manual_write(out, found, of, argv[2], argv[3]);
	int failed = ferror(out);
	return fclose(out) || failed;
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr, "usage: write_manual FOLDER VERSION DATE\n");
		return 2;
	}
	if (mkdir(argv[1], 0777) && errno != EEXIST)
		return 1;
	int failed = write_page(argv[1], NULL, NULL, argv);
	for (size_t i = 0; i < command_count; i++) {
		failed |= write_page(argv[1], &commands[i], NULL, argv);
		for (size_t j = 0; j < commands[i].command_count; j++)
			failed |= write_page(argv[1], &commands[i].commands[j], commands[i].name,
					     argv);
	}
	return failed;
}
