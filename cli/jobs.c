#if defined(__linux__)
#define _GNU_SOURCE /* sched_getaffinity */
#include <sched.h>
#include <sys/prctl.h>
#endif

#include "jobs.h"

#include "progress.h"
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

size_t jobs_cores(void)
{
#if defined(__linux__)
	cpu_set_t set;
	if (sched_getaffinity(0, sizeof set, &set) == 0)
		return (size_t)CPU_COUNT(&set);
#endif
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	return cores > 0 ? (size_t)cores : 1;
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef struct runner {
	job_plan *plan;
	size_t running;
	int drawn; /* lines of the table on the terminal */
	double start, last_draw;
	struct pollfd *fds; /* owned: room for all descriptors of all jobs */
	int stopping;
} runner;

/* ---- the table --------------------------------------------------------------------------------------------------- */

static void wipe(runner *r)
{
	if (r->drawn)
		fprintf(stderr, "\033[%dA\r\033[J", r->drawn);
	r->drawn = 0;
}

static void clock_text(double seconds, char out[32])
{
	unsigned long s = seconds > 0 && seconds < 1e9 ? (unsigned long)(seconds + 0.5) : 0;
	if (s >= 3600)
		snprintf(out, 32, "%lu:%02lu:%02lu", s / 3600, s / 60 % 60, s % 60);
	else
		snprintf(out, 32, "%lu:%02lu", s / 60, s % 60);
}

static double rate_of(const job *j)
{
	double passed = j->seconds;
	return j->heard && passed > 0 ? (double)(j->steps - j->first) / passed : 0;
}

static void row_text(const job *j, char *out, size_t size)
{
	char steps[32], total[32], rate[32] = "", reward[32] = "", left[48] = "";
	double speed = rate_of(j);
	progress_count(j->steps, steps);
	progress_count(j->total, total);
	if (speed > 0)
		progress_count((uint64_t)speed, rate);
	if (!isnan(j->mean_return))
		snprintf(reward, sizeof reward, "%.4g", j->mean_return);
	if (j->state == JOB_RUNNING && speed > 0 && j->total > j->steps) {
		char clock[32];
		clock_text((double)(j->total - j->steps) / speed, clock);
		snprintf(left, sizeof left, "%s left", clock);
	}
	snprintf(out, size, "%-14.30s %11s/%-11s %11s %10s  %s", j->label, steps, total, rate,
		 reward, j->state == JOB_RUNNING ? left : j->how);
}

static void draw(runner *r)
{
	const job_plan *plan = r->plan;
	struct winsize window = {0};
	size_t height = 24, width = 80, count[5] = {0}, rows = 0;
	char line[400], clock[32];
	if (!plan->style->progress)
		return;
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_row > 0) {
		height = window.ws_row;
		width = window.ws_col;
	}
	for (size_t i = 0; i < plan->count; i++)
		count[plan->jobs[i].state]++;
	wipe(r);
	clock_text(now() - r->start, clock);
	snprintf(line, sizeof line, "%.60s: %zu done, %zu running, %zu waiting%s  %s", plan->title,
		 count[JOB_DONE] + count[JOB_STOPPED] + count[JOB_FAILED], count[JOB_RUNNING],
		 count[JOB_WAITING], r->stopping ? ", stopping" : "", clock);
	fprintf(stderr, "%.*s\n", (int)width - 1, line);
	snprintf(line, sizeof line, "%-14s %11s/%-11s %11s %10s  %s", "", "steps", "of", "steps/s",
		 "return", "");
	fprintf(stderr, "%.*s\n", (int)width - 1, line);
	r->drawn = 2;
	/* those that run come first where there is no room for all */
	int all = plan->count + 3 <= height;
	for (int pass = all ? 2 : 0; pass < 3; pass++)
		for (size_t i = 0; i < plan->count; i++) {
			const job *j = &plan->jobs[i];
			int wanted = pass == 0   ? j->state == JOB_RUNNING
				     : pass == 1 ? j->state == JOB_FAILED
						 : all;
			if (!wanted || rows + 3 >= height + (size_t)all)
				continue;
			row_text(j, line, sizeof line);
			fprintf(stderr, "%.*s\n", (int)width - 1, line);
			rows++;
			r->drawn++;
		}
	fflush(stderr);
	r->last_draw = now();
}

static void say(runner *r, const char *label, const char *text)
{
	wipe(r);
	fprintf(stderr, "bern: %s: %s: %s\n", r->plan->command, label, text);
}

/* ---- what jobs tell ---------------------------------------------------------------------------------------------- */

/* A line of a job's stderr: its own prefix goes, the label comes. */
static void take_line(runner *r, job *j, char *line)
{
	char prefix[64];
	for (char *c = line; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	/* train or resume: a group that goes on has jobs of both */
	static const char *const commands[] = {"train", "resume"};
	for (size_t i = 0; i < 2; i++) {
		snprintf(prefix, sizeof prefix, "bern: %s: ", commands[i]);
		if (!strncmp(line, prefix, strlen(prefix)))
			line += strlen(prefix);
	}
	snprintf(j->said, sizeof j->said, "%.399s", line);
	if (*line)
		say(r, j->label, line);
}

static void read_words(runner *r, job *j)
{
	char part[512];
	ssize_t n;
	while ((n = read(j->words, part, sizeof part)) > 0)
		for (ssize_t i = 0; i < n; i++) {
			if (part[i] != '\n') {
				if (j->length + 1 < sizeof j->line)
					j->line[j->length++] = part[i];
				continue;
			}
			j->line[j->length] = '\0';
			j->length = 0;
			take_line(r, j, j->line);
		}
}

static void read_notes(job *j)
{
	progress_note note;
	while (read(j->notes, &note, sizeof note) == (ssize_t)sizeof note) {
		if (!j->heard) {
			j->heard = 1;
			j->first = note.steps;
			j->began = now();
		}
		j->steps = note.steps;
		j->mean_return = note.mean_return;
		j->seconds = now() - j->began;
	}
}

/* ---- processes --------------------------------------------------------------------------------------------------- */

static void in_child(const runner *r, size_t index, int notes, int words)
{
	const job_plan *plan = r->plan;
	output_style style = *plan->style;
	int null = open("/dev/null", O_RDWR);
#if defined(__linux__)
	prctl(PR_SET_PDEATHSIG, SIGTERM);
#endif
	/* Ctrl-C reaches all processes of the terminal: the parent alone takes it and passes one signal on */
	signals_release();
	signal(SIGINT, SIG_IGN);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(words, STDERR_FILENO);
	style.quiet = 1;
	style.json = style.progress = style.verbose = style.color = 0;
	style.report_to = notes;
	int status = plan->work(plan->user, index, &style);
	fflush(NULL);
	_exit(status);
}

static int pipe_pair(int ends[2])
{
	if (pipe(ends))
		return -1;
	for (int i = 0; i < 2; i++)
		fcntl(ends[i], F_SETFD, FD_CLOEXEC);
	/* a parent that sleeps must not stop the training, nor a job that is silent the parent */
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	return 0;
}

static int32_t begin(runner *r, size_t index, bern_error *e)
{
	job *j = &r->plan->jobs[index];
	int notes[2] = {0}, words[2] = {0};
	fflush(NULL);
	if (pipe_pair(notes) || pipe_pair(words))
		return bern_fail(e, BERN_EIO, "%s: no pipe: %s", j->label, strerror(errno));
	fcntl(notes[1], F_SETFL, O_NONBLOCK);
	pid_t pid = fork();
	if (pid < 0)
		return bern_fail(e, BERN_EIO, "%s: no process: %s", j->label, strerror(errno));
	if (pid == 0)
		in_child(r, index, notes[1], words[1]);
	close(notes[1]);
	close(words[1]);
	j->pid = (int)pid;
	j->notes = notes[0];
	j->words = words[0];
	j->state = JOB_RUNNING;
	j->began = now();
	r->running++;
	return 0;
}

static void end(runner *r, size_t index, int how)
{
	const job_plan *plan = r->plan;
	job *j = &plan->jobs[index];
	char words[sizeof j->how + 64];
	read_notes(j);
	read_words(r, j);
	close(j->notes);
	close(j->words);
	j->notes = j->words = j->pid = 0;
	r->running--;
	j->status = WIFEXITED(how) ? WEXITSTATUS(how) : -WTERMSIG(how);
	j->state = j->status == EXIT_OK            ? JOB_DONE
		   : j->status == EXIT_INTERRUPTED ? JOB_STOPPED
						   : JOB_FAILED;
	if (j->status < 0)
		snprintf(j->how, sizeof j->how, "failed: its process was ended by signal %d (%s)",
			 -j->status, strsignal(-j->status));
	else if (j->state == JOB_FAILED)
		snprintf(j->how, sizeof j->how, "failed");
	else
		plan->describe(plan->user, index, j->how, sizeof j->how);
	/* a failure has told why already, unless it was a crash */
	if (j->status < 0 || (!plan->style->progress && !plan->style->quiet)) {
		snprintf(words, sizeof words, "%s", j->how);
		say(r, j->label, words);
	}
}

static void reap(runner *r)
{
	for (size_t i = 0; i < r->plan->count; i++) {
		int how;
		job *j = &r->plan->jobs[i];
		if (j->state == JOB_RUNNING && waitpid(j->pid, &how, WNOHANG) == j->pid)
			end(r, i, how);
	}
}

static void pass_on(const runner *r, int number)
{
	for (size_t i = 0; i < r->plan->count; i++)
		if (r->plan->jobs[i].state == JOB_RUNNING)
			kill(r->plan->jobs[i].pid, number);
}

/* Waits until something is told, or a tenth of a second. */
static void listen_to_all(runner *r)
{
	nfds_t count = 0;
	for (size_t i = 0; i < r->plan->count; i++)
		if (r->plan->jobs[i].state == JOB_RUNNING) {
			r->fds[count++] = (struct pollfd){r->plan->jobs[i].notes, POLLIN, 0};
			r->fds[count++] = (struct pollfd){r->plan->jobs[i].words, POLLIN, 0};
		}
	poll(r->fds, count, 100);
	for (size_t i = 0; i < r->plan->count; i++)
		if (r->plan->jobs[i].state == JOB_RUNNING) {
			read_notes(&r->plan->jobs[i]);
			read_words(r, &r->plan->jobs[i]);
		}
}

int32_t jobs_run(job_plan *plan, int *interrupted, bern_error *e)
{
	runner r = {.plan = plan, .start = now(), .last_draw = -1};
	size_t next = 0;
	int32_t rc = 0;
	*interrupted = 0;
	r.fds = calloc(2 * plan->count + 1, sizeof *r.fds);
	if (!r.fds)
		return bern_fail(e, BERN_EMEMORY, "memory is out: %zu trainings", plan->count);
	for (size_t i = 0; i < plan->count; i++)
		plan->jobs[i].mean_return = NAN;
	signals_watch();
	for (;;) {
		while (!rc && !r.stopping && next < plan->count && r.running < plan->at_once) {
			if (plan->jobs[next].state == JOB_WAITING)
				rc = begin(&r, next, e);
			next++;
		}
		if ((rc || signals_came()) && !r.stopping) {
			*interrupted = signals_came() != 0;
			r.stopping = 1;
			pass_on(&r, SIGTERM);
		}
		if (signals_asked())
			pass_on(&r, SIGUSR1);
		if (r.running == 0)
			break;
		listen_to_all(&r);
		reap(&r);
		if (now() - r.last_draw > 0.2)
			draw(&r);
	}
	draw(&r);
	signals_release();
	free(r.fds);
	return rc;
}
