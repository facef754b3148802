/* The program, killed at random moments: what is left can be resumed, and comes to the bits of a run that was left alone. */
#define _XOPEN_SOURCE 700 /* nftw */
#include <bern/seed.h>

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KILLS 200

static char dir[64];

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	return remove(path);
}

static void remove_dir(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static const char *const train[] = {"train",
				    "CartPole-v1",
				    "--recipe",
				    "none",
				    "--hidden",
				    "12,6",
				    "--firings",
				    "4",
				    "--num-envs",
				    "3",
				    "--baseline",
				    "mlp",
				    "--total-timesteps",
				    "6000",
				    "--log-interval",
				    "150",
				    "--eval-interval",
				    "700",
				    "--eval-episodes",
				    "3",
				    "--final-episodes",
				    "1",
				    "--checkpoint-interval",
				    "400",
				    "--keep-checkpoints",
				    "3",
				    "--name",
				    "x",
				    "--force",
				    "-q",
				    "--log-json",
				    "--tensorboard",
				    NULL};
static const char *const resume[] = {"resume", "runs/x", "-q", NULL};

/* Starts the program in a folder. */
static pid_t start(const char *folder, const char *const *arguments)
{
	char *argv[64] = {getenv("BERN")};
	int count = 1;
	ck_assert_ptr_nonnull(argv[0]);
	for (; *arguments; arguments++)
		argv[count++] = (char *)*arguments;
	pid_t child = fork();
	ck_assert_int_ge(child, 0);
	if (child > 0)
		return child;
	int null = open("/dev/null", O_RDWR);
	if (chdir(folder) || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
		_exit(99);
	execv(argv[0], argv);
	_exit(98);
}

static int end_of(pid_t child)
{
	int status;
	while (waitpid(child, &status, 0) < 0)
		ck_assert_int_eq(errno, EINTR);
	return status;
}

static char *read_all(const char *folder, const char *name, size_t *size)
{
	char path[512];
	snprintf(path, sizeof path, "%s/runs/x/%s", folder, name);
	FILE *file = fopen(path, "rb");
	ck_assert_msg(file != NULL, "%s is missing", path);
	char *bytes = malloc(1 << 20);
	*size = fread(bytes, 1, (1 << 20) - 1, file);
	bytes[*size] = '\0';
	fclose(file);
	return bytes;
}

/* Clocks: columns first..last of each line, and lines that begin with '#'. */
static void without_clocks(char *text, int first, int last)
{
	char *to = text;
	int column = 0, comment = text[0] == '#';
	for (const char *c = text; *c; c++) {
		if (*c == '\n') {
			column = 0;
			comment = c[1] == '#';
		} else if (*c == ',')
			column++;
		else if (comment || (column >= first && column <= last))
			continue;
		*to++ = *c;
	}
	*to = '\0';
}

static void same_file(const char *a, const char *b, const char *name, int first, int last)
{
	size_t n, m;
	char *x = read_all(a, name, &n), *y = read_all(b, name, &m);
	if (last) {
		without_clocks(x, first, last);
		without_clocks(y, first, last);
		ck_assert_str_eq(x, y);
	} else {
		ck_assert_msg(n == m && memcmp(x, y, n) == 0, "%s differs", name);
	}
	free(x);
	free(y);
}

static void same_link(const char *a, const char *b, const char *name)
{
	char path[512], to[2][256] = {"", ""};
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "%s/runs/x/%s", i ? b : a, name);
		ck_assert_int_gt(readlink(path, to[i], sizeof to[i] - 1), 0);
	}
	ck_assert_str_eq(to[0], to[1]);
}

/* Everything but meta.json, which tells of the sessions. */
static void same_run(const char *a, const char *b)
{
	char path[512];
	struct dirent **entries, **others;
	snprintf(path, sizeof path, "%s/runs/x/checkpoints", a);
	int count = scandir(path, &entries, NULL, alphasort);
	snprintf(path, sizeof path, "%s/runs/x/checkpoints", b);
	ck_assert_int_eq(scandir(path, &others, NULL, alphasort), count);
	for (int i = 0; i < count; i++) {
		ck_assert_str_eq(entries[i]->d_name, others[i]->d_name);
		if (entries[i]->d_name[0] != '.') {
			snprintf(path, sizeof path, "checkpoints/%s", entries[i]->d_name);
			same_file(a, b, path, 0, 0);
		}
		free(entries[i]);
		free(others[i]);
	}
	free(entries);
	free(others);
	same_link(a, b, "latest");
	same_link(a, b, "best");
	same_file(a, b, "config.yaml", 0, 0);
	same_file(a, b, "eval.csv", 0, 0);
	same_file(a, b, "progress.csv", 2, 3);
	same_file(a, b, "progress.jsonl", 2, 3);
	same_file(a, b, "monitor.csv", 2, 2);
}

/* Goes on in the folder until the run is over, killing the program again and again. Returns how often it was killed. */
static int train_killed(const char *folder, double seconds, bern_rng *rng)
{
	int kills = 0, begun = 0;
	for (;;) {
		pid_t child = start(folder, begun ? resume : train);
		double wait = seconds * bern_rng_uniform(rng);
		struct timespec pause = {(time_t)wait, (long)(1e9 * (wait - (double)(time_t)wait))};
		nanosleep(&pause, NULL);
		kill(child, SIGKILL);
		int status = end_of(child);
		char path[512];
		struct stat st;
		snprintf(path, sizeof path, "%s/runs/x/latest", folder);
		begun = lstat(path, &st) == 0;
		if (WIFSIGNALED(status)) {
			ck_assert_int_eq(WTERMSIG(status), SIGKILL);
			kills++;
			continue;
		}
		ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %d", status);
		return kills;
	}
}

START_TEST(a_run_killed_at_random_moments_comes_to_the_same_bits)
{
	char a[128], b[128];
	bern_rng rng;
	int kills = 0;
	bern_rng_seed(&rng, 14);
	strcpy(dir, access("/dev/shm", W_OK) == 0 ? "/dev/shm/bern-test-XXXXXX"
						  : "/tmp/bern-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(a, sizeof a, "%s/a", dir);
	snprintf(b, sizeof b, "%s/b", dir);
	mkdir(a, 0777);
	double before = now();
	ck_assert_int_eq(end_of(start(a, train)), 0);
	double seconds = now() - before;
	while (kills < KILLS) {
		mkdir(b, 0777);
		kills += train_killed(b, seconds, &rng);
		same_run(a, b);
		remove_dir(b);
	}
	remove_dir(dir);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("killed");
	TCase *t = tcase_create("killed");
	tcase_set_timeout(t, 110);
	tcase_add_test(t, a_run_killed_at_random_moments_comes_to_the_same_bits);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
