/* How long `bern train CartPole-v1` takes as a whole: start-up, learning, looks, run folder, final evaluation. Runs the program for
 * a number of seeds and prints wall and processor seconds and peak memory, as minimum, median and maximum.
 *
 * usage: bench_cartpole BERN [SEEDS [ARGUMENT...]] */
#define _XOPEN_SOURCE 700 /* realpath */

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;
pid_t wait4(pid_t pid, int *status, int options, struct rusage *usage);

enum { MOST = 1000, ARGUMENTS = 64 };

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + 1e-6 * (double)t.tv_usec;
}

/* Runs one training; returns 0 if it ended with status 0. */
static int run(char **arguments, double *wall, double *cpu, double *memory)
{
	struct timespec begin, end;
	struct rusage usage;
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int status;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	int failed = posix_spawn(&pid, arguments[0], &actions, NULL, arguments, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (failed || wait4(pid, &status, 0, &usage) != pid)
		return -1;
	clock_gettime(CLOCK_MONOTONIC, &end);
	*wall = (double)(end.tv_sec - begin.tv_sec) + 1e-9 * (double)(end.tv_nsec - begin.tv_nsec);
	*cpu = seconds(usage.ru_utime) + seconds(usage.ru_stime);
	*memory = (double)usage.ru_maxrss / 1024.0;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static void print_row(const char *what, double *x, int count, const char *format)
{
	qsort(x, (size_t)count, sizeof *x, compare);
	double median = 0.5 * (x[(count - 1) / 2] + x[count / 2]);
	printf("%-22s", what);
	printf(format, x[0]);
	printf(format, median);
	printf(format, x[count - 1]);
	printf("\n");
}

int main(int argc, char **argv)
{
	static double wall[MOST], cpu[MOST], memory[MOST];
	char folder[] = "/tmp/bern-bench-XXXXXX", program[4096], seed[32], name[32];
	char *arguments[ARGUMENTS];
	int seeds = argc > 2 ? atoi(argv[2]) : 20;
	if (argc < 2 || seeds < 1 || seeds > MOST || argc > ARGUMENTS - 10 ||
	    !realpath(argv[1], program) || !mkdtemp(folder) || chdir(folder)) {
		fprintf(stderr, "usage: bench_cartpole BERN [SEEDS [ARGUMENT...]]\n");
		return 2;
	}
	for (int i = 0; i < seeds; i++) {
		int n = 0;
		snprintf(seed, sizeof seed, "%d", i + 1);
		snprintf(name, sizeof name, "s%d", i + 1);
		char *fixed[] = {program, "train", "CartPole-v1", "--seed", seed, "--name", name};
		for (size_t k = 0; k < sizeof fixed / sizeof *fixed; k++)
			arguments[n++] = fixed[k];
		for (int k = 3; k < argc; k++)
			arguments[n++] = argv[k];
		arguments[n] = NULL;
		if (run(arguments, &wall[i], &cpu[i], &memory[i])) {
			fprintf(stderr, "bench_cartpole: seed %d failed\n", i + 1);
			return 1;
		}
	}
	printf("bern train CartPole-v1, %d seeds, the whole program\n", seeds);
	printf("%-22s%10s%10s%10s\n", "", "minimum", "median", "maximum");
	print_row("wall seconds", wall, seeds, "%10.3f");
	print_row("processor seconds", cpu, seeds, "%10.3f");
	print_row("peak memory, MiB", memory, seeds, "%10.1f");
	char *cleanup[] = {"/bin/rm", "-rf", folder, NULL};
	return run(cleanup, &wall[0], &cpu[0], &memory[0]) ? 1 : 0;
}
