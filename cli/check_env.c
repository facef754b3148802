#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#define _DARWIN_C_SOURCE
#include "check_env.h"

#include "opened_env.h"

#include <bern/conformance.h>

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Bytes of a state up to which the checks watch it byte by byte (core/conformance.c). */
#define WATCHED_STATE (64u << 10)

enum result { PASSED, FAILED, NOT_CHECKED };

typedef struct finding {
	int32_t result;  /* enum result */
	char text[1100]; /* what was broken, or why it could not be checked */
} finding;

/* Written by the process that runs the checks, read by the one that reports. */
typedef struct report {
	bern_conformance_place place;
	int opened, finished; /* how far it came */
	int32_t rc;
	bern_error e;
	char id[256], origin[600];
	int bounded, max_return; /* what the environment tells of itself */
	finding findings[];      /* (bern_conformance_check_count + 2) the last two are ours */
} report;

/* Two checks that take a process of their own. */
static const bern_conformance_check own_checks[] = {
	{"returns", "every call comes back: no crash, no exit, no hang"},
	{"silent", "nothing is printed"},
};
#define OWN_COUNT (sizeof own_checks / sizeof own_checks[0])

static size_t finding_count(void)
{
	return bern_conformance_check_count + OWN_COUNT;
}

static const bern_conformance_check *check_at(size_t i)
{
	return i < bern_conformance_check_count ? &bern_conformance_checks[i]
						: &own_checks[i - bern_conformance_check_count];
}

/* What usually lies behind a broken promise. */
static const char *hint_of(const char *check)
{
	static const char *const hints[][2] = {
		{"repeat",
		 "a static variable, rand(), a clock, or memory that was never written; draw "
		 "from the rng handed in alone"},
		{"neighbours",
		 "a static or global variable, or a model that is written to after open(): "
		 "copies of the environment share both"},
		{"old-bytes",
		 "reset(), observe(), mask() or read_metrics() leaves something unwritten "
		 "that is read later: reset() must write every byte of the state that is "
		 "ever read, the others their whole array"},
		{"clone",
		 "the state holds a pointer or its own address, or part of it lives outside of "
		 "the block; the host copies states as bytes"},
		{"reopen",
		 "open() keeps something in a static variable, or leaves part of its model "
		 "unwritten"},
		{"buffers",
		 "an index beyond the end, or state_size or a space's count smaller than what is "
		 "written"},
		{"action", "step() casts const away; copy the action before changing it"},
		{"const", "only reset() and step() may change a state"},
		{"observation",
		 "bounds that are too tight, a value that runs away, or a division by zero"},
		{"outcome",
		 "a division by zero, flags other than BERN_TERMINATED, BERN_TRUNCATED and "
		 "BERN_FAULT, or a max_return that is too low"},
		{"mask", "at least one action must be allowed while the episode goes on"},
		{"metrics", "a division by zero, such as a mean over no steps"},
		{"save",
		 "save() must return the same size for every state, and write only if it fits"},
		{"batch",
		 "the same operations in the same order as step(), by -ffp-contract=off and "
		 "without -ffast-math; a lane that depends on another; or something that is "
		 "in no field of the table"},
		{"draw", "call view() first; a negative length or a NaN, perhaps in the last state "
			 "of an episode; or something drawn from elsewhere than the state"},
		{"returns",
		 "a NULL or wild pointer, an index beyond the end, a loop that never ends, "
		 "exit() or abort(); build with -g -fsanitize=address, or use a debugger. If its "
		 "steps are only slow: a longer --time-limit, or fewer --steps"},
		{"silent", "printf() left in from looking for a mistake"},
	};
	for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++)
		if (!strcmp(hints[i][0], check))
			return hints[i][1];
	return NULL;
}

/* ---- in the process that runs the checks ------------------------------------------------------------------------ */

static void find(report *r, const char *check, int32_t result, const char *format, ...)
	BERN_PRINTF(4, 5);
static void find(report *r, const char *check, int32_t result, const char *format, ...)
{
	for (size_t i = 0; i < finding_count(); i++) {
		if (strcmp(check_at(i)->name, check) != 0)
			continue;
		va_list args;
		va_start(args, format);
		r->findings[i].result = result;
		vsnprintf(r->findings[i].text, sizeof r->findings[i].text, format, args);
		va_end(args);
	}
}

static void broken(void *user, const char *check, const char *sentence)
{
	find(user, check, FAILED, "%s", sentence);
}

/* Notes what cannot be checked with this environment. */
static void note_gaps(report *r, const bern_world *world)
{
	const bern_env *env = world->env;
	if (!env->mask)
		find(r, "mask", NOT_CHECKED, "it has no mask()");
	if (!env->metric_count)
		find(r, "metrics", NOT_CHECKED, "it has no metrics");
	if (!env->save)
		find(r, "save", NOT_CHECKED, "its state is plain bytes, so there is no save()");
	if (!env->batch_count)
		find(r, "batch", NOT_CHECKED, "it has no batch");
	if (!env->draw)
		find(r, "draw", NOT_CHECKED, "it has no draw()");
	if (env->attach)
		find(r, "const", NOT_CHECKED,
		     "what lies behind the handle in its state is out of sight");
	else if (world->instance.state_size > WATCHED_STATE)
		find(r, "const", NOT_CHECKED, "its state of %" PRIu64 " bytes is larger than %u",
		     world->instance.state_size, WATCHED_STATE);
	const bern_space *s = &world->instance.observation;
	r->bounded = s->kind != BERN_BOX || s->dtype == BERN_UINT8 || (s->low && s->high);
	r->max_return = world->instance.has_max_return;
}

static void run_checks(const check_request *request, report *r, FILE *printed)
{
	opened_env opened;
	size_t failures;
	const bern_conformance_plan plan = {.seed = request->seed,
					    .steps = request->steps,
					    .report = broken,
					    .user = r,
					    .place = &r->place};
	r->rc = opened_env_init(&opened, "check-env", request->word, request->env_paths,
				request->env_path_count, request->settings, NULL, &r->e);
	if (r->rc)
		return;
	snprintf(r->id, sizeof r->id, "%s", opened.world.env->id);
	snprintf(r->origin, sizeof r->origin, "%s", opened.origin);
	note_gaps(r, &opened.world);
	r->opened = 1;
	/* not before: the search for plugins has messages of its own */
	if (dup2(fileno(printed), STDERR_FILENO) < 0)
		_exit(EXIT_FAILED);
	r->rc = bern_conformance(&opened.world, &plan, &failures, &r->e);
	opened_env_finish(&opened);
}

/* The whole life of the second process. What it prints goes to `printed`. */
static void live(const check_request *request, report *r, FILE *printed)
{
	/* processor time, so that a machine under load makes nothing fail */
	const struct rlimit time = {request->seconds, request->seconds + 1}, core = {0, 0};
	setrlimit(RLIMIT_CPU, &time);
	setrlimit(RLIMIT_CORE, &core);
	if (dup2(fileno(printed), STDOUT_FILENO) < 0)
		_exit(EXIT_FAILED);
	run_checks(request, r, printed);
	fflush(NULL);
	r->finished = 1;
	_exit(EXIT_OK);
}

/* ---- what became of it ------------------------------------------------------------------------------------------- */

/* The first line that was printed, cut to the size. Returns how many bytes there are in all. */
static long first_line(FILE *printed, char *out, size_t size)
{
	long bytes = fseek(printed, 0, SEEK_END) ? -1 : ftell(printed);
	rewind(printed);
	if (!fgets(out, (int)size, printed))
		*out = '\0';
	out[strcspn(out, "\r\n")] = '\0';
	return bytes;
}

/* Passes on what the environment printed. */
static void show_printed(FILE *printed)
{
	int c;
	rewind(printed);
	while ((c = getc(printed)) != EOF)
		fputc(c, stderr);
}

/* Says where the process ended that did not come back. */
static void tell_end(const check_request *request, report *r, int ended)
{
	char how[160], where[160] = "while it was opened";
	if (WIFSIGNALED(ended) &&
	    (WTERMSIG(ended) == SIGXCPU || (WTERMSIG(ended) == SIGKILL && r->place.call)))
		snprintf(how, sizeof how, "did not come back within %u s of processor time",
			 request->seconds);
	else if (WIFSIGNALED(ended))
		snprintf(how, sizeof how, "crashed with signal %d (%s)", WTERMSIG(ended),
			 strsignal(WTERMSIG(ended)));
	else
		snprintf(how, sizeof how, "ended the process with exit status %d",
			 WEXITSTATUS(ended));
	if (r->place.call)
		snprintf(where, sizeof where, "in %s", r->place.call);
	find(r, "returns", FAILED,
	     "seed %" PRIu64 ", episode %" PRIu64 ", step %" PRIu64 ": it %s %s", request->seed,
	     r->place.episode, r->place.step, how, where);
	for (size_t i = 0; i < finding_count(); i++)
		if (r->findings[i].result == PASSED)
			find(r, check_at(i)->name, NOT_CHECKED, "the process ended before that");
}

/* Seconds at the last ring of the alarm: 2, 4, 8 and so on. An endless loop is named by the same call each time. */
static volatile sig_atomic_t waited;

static void ring(int number)
{
	(void)number;
	waited = waited ? 2 * waited : 2;
	alarm((unsigned)waited);
}

/* Waits for the process, and says now and then on stderr where it is. */
static int32_t wait_for(pid_t child, const check_request *request, const report *r, int *ended,
			bern_error *e)
{
	struct sigaction before, mine = {.sa_handler = ring};
	pid_t gone;
	sigemptyset(&mine.sa_mask);
	sigaction(SIGALRM, &mine, &before);
	waited = 0;
	alarm(2);
	while ((gone = waitpid(child, ended, 0)) < 0 && errno == EINTR)
		if (!request->style.quiet && r->place.call)
			fprintf(stderr,
				"bern: check-env: after %d s in %s of seed %" PRIu64
				", episode %" PRIu64 ", step %" PRIu64
				"; ends after %u s of processor time (--time-limit)\n",
				(int)waited, r->place.call, request->seed, r->place.episode,
				r->place.step, request->seconds);
	int why = errno;
	alarm(0);
	sigaction(SIGALRM, &before, NULL);
	return gone < 0 ? bern_fail(e, BERN_EIO, "waiting for it: %s", strerror(why)) : 0;
}

static int32_t fork_and_wait(const check_request *request, report *r, FILE *printed, bern_error *e)
{
	int ended;
	char line[200];
	fflush(NULL);
	pid_t child = fork();
	if (child == 0)
		live(request, r, printed);
	if (child < 0)
		return bern_fail(e, BERN_EIO, "no second process: %s", strerror(errno));
	int32_t rc = wait_for(child, request, r, &ended, e);
	if (rc)
		return rc;
	/* an interrupt from the terminal reaches both, and is no finding */
	if (WIFSIGNALED(ended) && WTERMSIG(ended) == SIGINT)
		return bern_fail(e, BERN_EIO, "interrupted");
	if (r->finished && r->rc) {
		*e = r->e;
		return r->rc;
	}
	if (!r->finished)
		tell_end(request, r, ended);
	long bytes = first_line(printed, line, sizeof line);
	if (bytes > 0 && r->finished)
		find(r, "silent", FAILED, "seed %" PRIu64 ": %ld bytes, which begin with: %s",
		     request->seed, bytes, line);
	else if (bytes > 0)
		find(r, "silent", NOT_CHECKED, "the process ended after printing: %s", line);
	if (request->style.verbose)
		show_printed(printed);
	return 0;
}

/* ---- reports --------------------------------------------------------------------------------------------------------- */

static void print_wrapped(const char *text)
{
	int at = 0;
	while (*text) {
		int length = (int)strcspn(text, " ");
		if (at == 0 || at + 1 + length > 80)
			at = printf("%s%*s", at ? "\n" : "", 12, "") - (at != 0);
		else
			at += printf(" ");
		for (int i = 0; i < length; i++)
			putchar((unsigned char)text[i] < 0x20 ? '?' : text[i]);
		at += length;
		text += length;
		text += strspn(text, " ");
	}
	putchar('\n');
}

static void print_finding(const check_request *request, const report *r, size_t i)
{
	static const char *const words[] = {"ok", "FAILED", "not checked"};
	const finding *f = &r->findings[i];
	const bern_conformance_check *check = check_at(i);
	char text[400];
	if (request->style.quiet && f->result != FAILED)
		return;
	if (f->result == NOT_CHECKED) {
		printf("  %-11s  %-11s  %s\n", words[f->result], check->name, f->text);
		return;
	}
	printf("  %-11s  %-11s  %s\n", words[f->result], check->name, check->promise);
	if (f->result != FAILED)
		return;
	print_wrapped(f->text);
	if (hint_of(check->name)) {
		snprintf(text, sizeof text, "Often: %s.", hint_of(check->name));
		print_wrapped(text);
	}
}

/* The line that shows the same again. */
static void print_again(const check_request *request)
{
	printf("again: ");
	print_word(request->style.program);
	printf(" check-env ");
	print_word(request->word);
	printf(" --seed %" PRIu64 " --steps %" PRIu64, request->seed, request->steps);
	if (request->seconds != CHECK_SECONDS)
		printf(" --time-limit %u", request->seconds);
	for (size_t i = 0; i < request->settings->count; i++) {
		char setting[1000];
		snprintf(setting, sizeof setting, "env.%s=%s", request->settings->items[i].key,
			 request->settings->items[i].text);
		printf(" --set ");
		print_word(setting);
	}
	for (size_t i = 0; i < request->env_path_count; i++) {
		printf(" --env-path ");
		print_word(request->env_paths[i]);
	}
	putchar('\n');
}

static void print_plain(const check_request *request, const report *r, const size_t counts[3])
{
	printf("%s%s%s: seed %" PRIu64 ", %" PRIu64 " random steps and shorter runs\n",
	       r->opened ? r->id : request->word, r->opened ? ", " : "", r->origin, request->seed,
	       request->steps);
	for (size_t i = 0; i < finding_count(); i++)
		print_finding(request, r, i);
	printf("%zu passed, %zu failed, %zu not checked\n", counts[PASSED], counts[FAILED],
	       counts[NOT_CHECKED]);
	if (!request->style.quiet && r->opened) {
		if (!r->bounded)
			printf("Its observations have no bounds: any finite number passes.\n");
		if (!r->max_return)
			printf("It tells no highest return (max_return): any finite reward "
			       "passes.\n");
		printf("Whether its rules are right is not checked: see `%s trace`.\n",
		       request->style.program);
	}
	if (r->findings[0].result == FAILED)
		printf("The checks after `%s` compare with the same run: mend it first.\n",
		       check_at(0)->name);
	if (counts[FAILED])
		print_again(request);
}

/* What a plugin wrote may not be UTF-8. */
static json_t *json_text(const char *text)
{
	json_t *value = json_string(text);
	return value ? value : json_string("?");
}

static int32_t print_json(const check_request *request, const report *r, const size_t counts[3],
			  bern_error *e)
{
	static const char *const words[] = {"passed", "failed", "not checked"};
	json_t *root = json_object(), *list = json_array();
	char seed[32];
	snprintf(seed, sizeof seed, "%" PRIu64, request->seed);
	json_object_set_new(root, "id", r->opened ? json_text(r->id) : json_null());
	json_object_set_new(root, "origin", r->opened ? json_text(r->origin) : json_null());
	json_object_set_new(root, "seed", json_string(seed));
	json_object_set_new(root, "steps", json_integer((json_int_t)request->steps));
	json_object_set_new(root, "passed", json_boolean(counts[FAILED] == 0));
	for (size_t i = 0; i < finding_count(); i++) {
		const finding *f = &r->findings[i];
		const char *hint = f->result == FAILED ? hint_of(check_at(i)->name) : NULL;
		json_t *check = json_object();
		json_object_set_new(check, "name", json_string(check_at(i)->name));
		json_object_set_new(check, "promise", json_string(check_at(i)->promise));
		json_object_set_new(check, "result", json_string(words[f->result]));
		if (f->result != PASSED)
			json_object_set_new(check, f->result == FAILED ? "sentence" : "reason",
					    json_text(f->text));
		if (hint)
			json_object_set_new(check, "often", json_string(hint));
		json_array_append_new(list, check);
	}
	json_object_set_new(root, "checks", list);
	char *line = json_dumps(root, JSON_COMPACT);
	json_decref(root);
	if (!line)
		return bern_fail(e, BERN_EMEMORY, "out of memory");
	printf("%s\n", line);
	free(line);
	return 0;
}

int32_t check_env(const check_request *request, int *status, bern_error *e)
{
	size_t counts[3] = {0};
	const size_t size = sizeof(report) + finding_count() * sizeof(finding);
	report *r = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (r == MAP_FAILED)
		return bern_fail(e, BERN_EMEMORY, "out of memory");
	FILE *printed = tmpfile();
	int32_t rc = printed ? fork_and_wait(request, r, printed, e)
			     : bern_fail(e, BERN_EIO, "a temporary file: %s", strerror(errno));
	for (size_t i = 0; i < finding_count(); i++)
		counts[r->findings[i].result]++;
	if (rc == 0 && request->style.json)
		rc = print_json(request, r, counts, e);
	else if (rc == 0)
		print_plain(request, r, counts);
	*status = counts[FAILED] ? EXIT_FAILED : EXIT_OK;
	if (printed)
		fclose(printed);
	munmap(r, size);
	return rc;
}
