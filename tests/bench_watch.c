/* What watching costs, on a display of its own (Xvfb): the time from the start of `bern watch` to its first frame on the screen, and
 * how much slower a training is while a viewer follows it.
 *
 * The first frame is looked for in the display's own memory, which Xvfb keeps in a file: no tool is asked and none has to answer.
 * Trainings run by turns, alone and followed; the ratio of their processor time (user and system) is judged. Time by the clock is judged
 * where a training alone has a processor of its own: where other programs take it, it says nothing of the viewer.
 * Status 1 if a figure is above its limit, 77 (skipped) without Xvfb.
 *
 * usage: bench_watch BERN */
#include "bench_time.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define STARTS       11
#define TURNS        15
#define STEPS        "2000000"
#define START_LIMIT  0.3       /* s */
#define FOLLOW_LIMIT 1.03      /* of the time alone */
#define OWN          0.97      /* of a processor: less than that is not one's own */
#define PATIENCE     60.0      /* s */
#define PAGE         0xeef0f2u /* what the viewer paints behind its panels */

extern char **environ;

static pid_t display, viewer, trainer;
static char folder[64] = "/tmp/bern-bench-XXXXXX";

static void end(pid_t *pid, int signal)
{
	if (*pid > 0 && !kill(*pid, signal))
		waitpid(*pid, NULL, 0);
	*pid = 0;
}

static void clean(void)
{
	char command[128];
	end(&trainer, SIGKILL);
	end(&viewer, SIGKILL);
	end(&display, SIGTERM);
	snprintf(command, sizeof command, "rm -rf %s", folder);
	if (system(command) != 0)
		fprintf(stderr, "bench_watch: %s is left\n", folder);
}

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "bench_watch: %s\n", what);
	clean();
	exit(2);
}

static void rest(double seconds)
{
	const struct timespec t = {0, (long)(1e9 * seconds)};
	nanosleep(&t, NULL);
}

/* Descriptor `from` of this process is `to` of the new one; below 0: none. */
static pid_t start(char **arguments, int from, int to)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	if (from >= 0)
		posix_spawn_file_actions_adddup2(&actions, from, to);
	if (posix_spawnp(&pid, arguments[0], &actions, NULL, arguments, environ))
		pid = 0;
	posix_spawn_file_actions_destroy(&actions);
	return pid;
}

/* ---- the display ------------------------------------------------------------------------------------------- */

/* The memory of the screen: an xwd file, whose header is of numbers with the highest byte first. */
typedef struct screen {
	const unsigned char *bytes;
	size_t size, pixels_at, line, width, height;
} screen;

static size_t number(const screen *s, size_t i)
{
	const unsigned char *b = s->bytes + 4 * i;
	return (size_t)b[0] << 24 | (size_t)b[1] << 16 | (size_t)b[2] << 8 | b[3];
}

/* 0: there is no Xvfb. */
static int open_display(screen *s)
{
	char path[128], name[16], text[16] = "";
	char *arguments[] = {"Xvfb", "-noreset",    "-displayfd", "3",    "-screen",
			     "0",    "1300x740x24", "-fbdir",     folder, NULL};
	struct stat st;
	int ends[2];
	if (pipe(ends))
		die("there is no pipe");
	display = start(arguments, ends[1], 3);
	close(ends[1]);
	if (!display)
		return 0;
	size_t length = 0;
	for (ssize_t got; length + 1 < sizeof text && !memchr(text, '\n', length);
	     length += (size_t)got)
		if ((got = read(ends[0], text + length, sizeof text - 1 - length)) <= 0)
			return 0;
	close(ends[0]);
	snprintf(name, sizeof name, ":%d", atoi(text));
	setenv("DISPLAY", name, 1);
	unsetenv("SDL_VIDEODRIVER");
	snprintf(path, sizeof path, "%s/Xvfb_screen0", folder);
	const int file = open(path, O_RDONLY);
	if (file < 0 || fstat(file, &st))
		die("Xvfb keeps no screen in a file");
	s->size = (size_t)st.st_size;
	s->bytes = mmap(NULL, s->size, PROT_READ, MAP_SHARED, file, 0);
	close(file);
	if (s->bytes == MAP_FAILED)
		die("the screen cannot be mapped");
	s->width = number(s, 4);
	s->height = number(s, 5);
	s->line = number(s, 12);
	s->pixels_at = number(s, 0) + 12 * number(s, 19);
	if (number(s, 11) != 32 || s->pixels_at + s->line * s->height > s->size)
		die("the screen is not of 32 bits a pixel");
	return 1;
}

/* Whether the viewer's page is on the screen: its colour on one in 40 of the pixels looked at, panels and all. */
static int is_shown(const screen *s)
{
	size_t found = 0, looked = 0;
	for (size_t y = 0; y < s->height; y += 3)
		for (size_t x = 0; x < s->width; x += 3, looked++) {
			uint32_t pixel;
			memcpy(&pixel, s->bytes + s->pixels_at + y * s->line + 4 * x, sizeof pixel);
			found += (pixel & 0xffffffu) == PAGE;
		}
	return 40 * found > looked;
}

static void wait_until(const screen *s, int shown)
{
	const double begin = bench_now();
	while (is_shown(s) != shown) {
		if (bench_now() - begin > PATIENCE)
			die(shown ? "the viewer shows nothing" : "a window does not close");
		rest(0.0005);
	}
}

/* ---- starting ---------------------------------------------------------------------------------------------- */

/* Of the children that were waited for, in seconds. */
static double processor(void)
{
	struct rusage use;
	getrusage(RUSAGE_CHILDREN, &use);
	return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
	       1e-6 * (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec);
}

/* Of a child that still runs. */
static double processor_of(pid_t pid)
{
	clockid_t clock;
	struct timespec t;
	if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &t))
		die("the viewer is gone");
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Returns 1 if a median is above its limit. own: whether programs have a processor of their own here. */
static int report(const char *what, const char *unit, double *values, size_t count, double limit,
		  int own)
{
	const double median = bench_median(values, count);
	printf("%s: %.3f%s, the median of %zu (%.3f to %.3f)", what, median, unit, count, values[0],
	       values[count - 1]);
	if (own)
		printf(", at most %.2f%s%s\n", limit, unit, median > limit ? "   TOO SLOW" : "");
	else
		printf(", not judged: other programs take the processor\n");
	return own && median > limit;
}

static int bench_start(const screen *s, char *bern, char *run, int own)
{
	double seconds[STARTS], used[STARTS];
	char *arguments[] = {bern, "watch", run, NULL};
	for (int i = 0; i < STARTS; i++) {
		wait_until(s, 0);
		const double begin = bench_now();
		viewer = start(arguments, -1, 0);
		wait_until(s, 1);
		seconds[i] = bench_now() - begin;
		used[i] = processor_of(viewer);
		end(&viewer, SIGTERM);
	}
	printf("from the start of bern watch RUN to its first frame on the screen\n");
	const int late = report("  by the clock", " s", seconds, STARTS, START_LIMIT, own);
	return report("  processor time", " s", used, STARTS, START_LIMIT, 1) | late;
}

/* ---- following --------------------------------------------------------------------------------------------- */

static void train(const screen *s, char *bern, char *run, int followed, double *own, double *clock)
{
	char latest[128], *slash = strrchr(run, '/');
	char *arguments[] = {bern,          "train",
			     "CartPole-v1", "-q",
			     "--force",     "--name",
			     slash + 1,     "--runs-dir",
			     folder,        "--eval-interval",
			     "100000",      "--checkpoint-interval",
			     "100000",      "--stop-looks",
			     "0",           "--total-timesteps",
			     STEPS,         "--final-episodes",
			     "0",           NULL};
	char *watch[] = {bern, "watch", run, "--follow", NULL};
	int status;
	snprintf(latest, sizeof latest, "%s/latest", run);
	unlink(latest);
	wait_until(s, 0);
	const double before = processor(), begin = bench_now();
	trainer = start(arguments, -1, 0);
	if (!trainer)
		die("the training does not start");
	while (followed && access(latest, F_OK) && bench_now() - begin < PATIENCE)
		rest(0.001);
	if (followed)
		viewer = start(watch, -1, 0);
	if (waitpid(trainer, &status, 0) != trainer || status)
		die("the training failed");
	trainer = 0;
	*clock = bench_now() - begin;
	*own = processor() - before;
	if (followed && !is_shown(s))
		die("the training was over before the viewer showed it");
	end(&viewer, SIGTERM);
}

static int bench_follow(const screen *s, char *bern, char *run)
{
	double own[TURNS], clock[TURNS], alone[TURNS], share[TURNS];
	for (int i = 0; i < TURNS; i++) {
		double o[2], c[2];
		for (int k = 0; k < 2; k++) {
			const int followed = (i + k) & 1;
			train(s, bern, run, followed, &o[followed], &c[followed]);
		}
		own[i] = o[1] / o[0];
		clock[i] = c[1] / c[0];
		alone[i] = c[0];
		share[i] = o[0] / c[0];
	}
	printf(STEPS " steps of CartPole-v1 (%.2f s), followed / alone\n",
	       bench_median(alone, TURNS));
	const int late = report("  processor time", "", own, TURNS, FOLLOW_LIMIT, 1);
	return report("  by the clock", "", clock, TURNS, FOLLOW_LIMIT,
		      bench_median(share, TURNS) >= OWN) |
	       late;
}

int main(int argc, char **argv)
{
	screen s;
	char run[96];
	double own, clock;
	if (argc != 2)
		return 2;
	if (!mkdtemp(folder))
		die("no folder can be made");
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!open_display(&s)) {
		printf("skipped: there is no Xvfb (Debian: xvfb)\n");
		clean();
		return 77;
	}
	snprintf(run, sizeof run, "%s/run", folder);
	train(&s, argv[1], run, 0, &own, &clock);
	int late = bench_start(&s, argv[1], run, own / clock >= OWN);
	late |= bench_follow(&s, argv[1], run);
	clean();
	return late;
}
