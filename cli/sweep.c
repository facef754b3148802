#include "sweep.h"

#include "file.h"
#include "mpirun.h"
#include "run_folder.h"
#include "signals.h"
#include "statistics.h"
#include "sweep_file.h"
#include "trainer.h"
#include "yaml_map.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SEED_TO_CHOOSE                                                                             \
	1000     /* configurations are chosen by the seeds above it, reported by 1 and up */
#define SHOWN  5 /* rows of the live table */
#define ROUNDS 32

/* One training. */
typedef struct trial {
	size_t configuration;
	uint64_t seed;
	int64_t steps;
	int done;
	experiment_result result;
} trial;

/* A configuration and how it did in the last round that it was in. */
typedef struct standing {
	size_t configuration;
	size_t round;   /* the last one it was in, from 1 */
	double badness; /* less is better */
} standing;

typedef struct sweep {
	const sweep_request *request;
	sweep_plan plan;
	char out[RUN_PATH_ROOM];
	size_t configurations;
	standing *standings; /* (configurations) owned; those in the game first */
	size_t rank, ranks;  /* of processes that mpirun started; 0 of 1 */
	size_t at_once;
	int drawn; /* lines of the live table that stand on the terminal */
	double began;
	size_t run_here; /* trainings that ended in this session */
	int interrupted;
} sweep;

/* ---- files of trainings ----------------------------------------------------------------------------------------- */

static char *trial_path(const sweep *s, const trial *t, char *out, size_t size)
{
	snprintf(out, size, "%s/trials/c%05zu_s%" PRIu64 "_n%" PRId64 ".json", s->out,
		 t->configuration, t->seed, t->steps);
	return out;
}

/* Infinite and NaN are not JSON: they are left out. */
static void put_number(json_t *object, const char *key, double x)
{
	if (isfinite(x))
		json_object_set_new(object, key, json_real(x));
}

static double get_number(const json_t *object, const char *key)
{
	const json_t *x = json_object_get(object, key);
	return json_is_number(x) ? json_number_value(x) : (double)NAN;
}

static int32_t trial_write(const sweep *s, const trial *t, const char *why, bern_error *e)
{
	char path[RUN_PATH_ROOM + 128];
	const experiment_result *r = &t->result;
	json_t *object = json_pack("{s:I,s:I,s:I,s:b}", "steps", (json_int_t)r->steps, "first",
				   (json_int_t)r->first, "third", (json_int_t)r->third, "broke",
				   r->broke);
	if (object) {
		put_number(object, "mean", r->mean);
		put_number(object, "learning", r->learning);
		put_number(object, "seconds", r->seconds);
		if (why)
			json_object_set_new(object, "failure", json_string(why));
	}
	char *text = object ? json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
	json_decref(object);
	if (!text)
		return bern_fail(e, BERN_EMEMORY, "out of memory");
	const bern_piece piece = {text, strlen(text)};
	int32_t rc = bern_file_replace(trial_path(s, t, path, sizeof path), &piece, 1, e);
	free(text);
	return rc;
}

/* Reads the result if the training has one. A file that says nothing counts as none: it is made again. */
static void trial_read(const sweep *s, trial *t)
{
	char path[RUN_PATH_ROOM + 128];
	json_error_t why;
	json_t *object = json_load_file(trial_path(s, t, path, sizeof path), 0, &why);
	json_t *steps = json_object_get(object, "steps"), *first = json_object_get(object, "first");
	t->done = json_is_integer(steps) && json_is_integer(first);
	if (t->done)
		t->result = (experiment_result){
			.steps = (uint64_t)json_integer_value(steps),
			.first = (uint64_t)json_integer_value(first),
			.third = (uint64_t)json_integer_value(json_object_get(object, "third")),
			.broke = json_is_true(json_object_get(object, "broke")),
			.mean = get_number(object, "mean"),
			.learning = get_number(object, "learning"),
			.seconds = get_number(object, "seconds")};
	json_decref(object);
}

/* ---- what is better --------------------------------------------------------------------------------------------- */

/* The return of a training: of the evaluation at the end, or while learning if there was none. */
static double return_of(const experiment_result *r)
{
	return isnan(r->mean) ? r->learning : r->mean;
}

/* Less is better. A training that was not solved counts twice its steps (PAR2), among its like by return. */
static double badness(const sweep *s, const trial *t)
{
	const experiment_result *r = &t->result;
	double mean = return_of(r);
	if (r->broke)
		return 1e15;
	if (s->plan.measure == SWEEP_RETURN)
		return isnan(mean) ? 1e14 : -mean;
	if (r->first)
		return (double)r->first;
	return 2.0 * (double)t->steps - (isnan(mean) ? 0.0 : 1e-9 * mean);
}

static int by_badness(const void *a, const void *b)
{
	const standing *x = a, *y = b;
	if (x->badness != y->badness)
		return x->badness < y->badness ? -1 : 1;
	return (x->configuration > y->configuration) - (x->configuration < y->configuration);
}

/* "learning_rate=0.02 hidden=64" */
static void describe(const sweep *s, size_t configuration, char *out, size_t size)
{
	char values[SWEEP_KEYS][64];
	size_t used = 0;
	out[0] = '\0';
	sweep_values(&s->plan, configuration, values);
	for (size_t i = 0; i < s->plan.space_count && used < size; i++)
		used += (size_t)snprintf(out + used, size - used, "%s%s=%s", i ? " " : "",
					 s->plan.space[i].key, values[i]);
}

/* ---- one round -------------------------------------------------------------------------------------------------- */

typedef struct round_of {
	const char *name; /* "round 1 of 3" */
	trial *trials;    /* (count) those of a configuration side by side */
	size_t count, seeds;
} round_of;

/* Mean badness of a configuration over the seeds that are done; NaN: none is. */
static double mean_badness(const sweep *s, const trial *first, size_t seeds)
{
	double total = 0.0;
	size_t done = 0;
	for (size_t i = 0; i < seeds; i++)
		if (first[i].done) {
			total += badness(s, &first[i]);
			done++;
		}
	return done ? total / (double)done : (double)NAN;
}

/* What a mean badness is called: steps, or a return. */
static void badness_text(const sweep *s, double x, char *out, size_t size)
{
	if (x >= 1e13)
		snprintf(out, size, "broke");
	else if (s->plan.measure == SWEEP_RETURN)
		snprintf(out, size, "return %.4g", -x);
	else
		snprintf(out, size, "%.0f steps", x);
}

static void draw(sweep *s, const round_of *round)
{
	standing best[SHOWN + 1];
	size_t shown = 0, done = 0;
	char words[512], figure[64];
	if (!s->request->style.progress || s->rank)
		return;
	for (size_t i = 0; i < round->count; i++)
		done += (size_t)round->trials[i].done;
	for (size_t i = 0; i < round->count; i += round->seeds) {
		double x = mean_badness(s, &round->trials[i], round->seeds);
		if (isnan(x))
			continue;
		best[shown] = (standing){round->trials[i].configuration, 0, x};
		shown += shown < SHOWN + 1;
		qsort(best, shown, sizeof *best, by_badness);
		shown = shown > SHOWN ? SHOWN : shown;
	}
	double seconds = trainer_clock() - s->began;
	if (s->drawn)
		fprintf(stderr, "\033[%dA", s->drawn);
	fprintf(stderr, "\033[J%s: %zu of %zu trainings", round->name, done, round->count);
	if (s->run_here && done < round->count)
		fprintf(stderr, ", %.0f s left in it",
			seconds / (double)s->run_here * (double)(round->count - done));
	fprintf(stderr, "\n");
	for (size_t i = 0; i < shown; i++) {
		describe(s, best[i].configuration, words, sizeof words);
		badness_text(s, best[i].badness, figure, sizeof figure);
		fprintf(stderr, "  %-16s %.90s\n", figure, words);
	}
	s->drawn = 1 + (int)shown;
}

/* A training in a process of its own. */
static void child(const sweep *s, trial *t)
{
	char values[SWEEP_KEYS][64], steps[32];
	experiment x;
	bern_error e;
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	snprintf(steps, sizeof steps, "%" PRId64, t->steps);
	sweep_experiment(&s->plan, t->configuration, values, steps, &x);
	int32_t failed = experiment_run(&x, t->seed, &t->result, &e);
	t->result.broke = t->result.broke || failed;
	int32_t rc = trial_write(s, t, failed ? e.text : NULL, &e);
	if (rc)
		report_error("sweep", &e);
	_exit(rc ? EXIT_FAILED : EXIT_OK);
}

/* A child ended. One that crashed is a result too: the configuration broke. */
static int32_t collect(sweep *s, trial *t, int status, bern_error *e)
{
	char why[64], path[RUN_PATH_ROOM + 128];
	s->run_here++;
	if (WIFSIGNALED(status) && !signals_came()) {
		int number = WTERMSIG(status);
		if (number == SIGTERM || number == SIGINT || number == SIGKILL)
			return bern_fail(
				e, BERN_EIO,
				"a training was ended by signal %d; the same command goes on",
				number);
		snprintf(why, sizeof why, "crashed by signal %d", number);
		t->result = (experiment_result){.broke = 1, .mean = NAN, .learning = NAN};
		int32_t rc = trial_write(s, t, why, e);
		if (rc)
			return rc;
	}
	trial_read(s, t);
	if (!t->done && !signals_came())
		return bern_fail(e, BERN_EIO, "%s was not written",
				 trial_path(s, t, path, sizeof path));
	return 0;
}

typedef struct running {
	pid_t pid;
	trial *trial;
} running;

static void stop_all(running *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		kill(list[i].pid, SIGTERM);
	for (size_t i = 0; i < count; i++)
		while (waitpid(list[i].pid, NULL, 0) < 0 && errno == EINTR)
			;
}

static void nap(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
}

/* Waits until the other ranks have made theirs. */
static void await_others(sweep *s, round_of *round)
{
	for (size_t i = 0; i < round->count && !signals_came(); i++)
		for (;;) {
			if (!round->trials[i].done)
				trial_read(s, &round->trials[i]);
			if (round->trials[i].done || signals_came())
				break;
			draw(s, round);
			nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
		}
}

/* Makes all trainings of a round that are not made yet. */
static int32_t run_round(sweep *s, round_of *round, bern_error *e)
{
	running *list = calloc(s->at_once, sizeof *list);
	size_t count = 0, next = 0;
	double drawn = 0.0;
	int32_t rc = list ? 0 : bern_fail(e, BERN_EMEMORY, "out of memory");
	for (size_t i = 0; i < round->count; i++)
		trial_read(s, &round->trials[i]);
	while (!rc && !signals_came()) {
		while (next < round->count &&
		       (round->trials[next].done || next % s->ranks != s->rank))
			next++;
		if (next == round->count && count == 0)
			break;
		if (next < round->count && count < s->at_once) {
			trial *t = &round->trials[next++];
			fflush(NULL);
			pid_t pid = fork();
			if (pid == 0)
				child(s, t);
			if (pid < 0)
				rc = bern_fail(e, BERN_EIO, "no process for a training: %s",
					       strerror(errno));
			else
				list[count++] = (running){pid, t};
			continue;
		}
		int status;
		for (size_t i = 0; !rc && i < count;) {
			if (waitpid(list[i].pid, &status, WNOHANG) != list[i].pid) {
				i++;
				continue;
			}
			trial *ended = list[i].trial;
			list[i] = list[--count];
			rc = collect(s, ended, status, e);
		}
		if (trainer_clock() - drawn > 0.1) {
			draw(s, round);
			drawn = trainer_clock();
		}
		nap();
	}
	stop_all(list, count);
	if (!rc)
		await_others(s, round);
	s->interrupted = s->interrupted || signals_came();
	draw(s, round);
	free(list);
	return rc;
}

static void say(const sweep *s, const char *words)
{
	if (!s->request->style.quiet && !s->rank)
		fprintf(stderr, "bern: sweep: %s\n", words);
}

/* Trains the first `count` standings over seeds above `base`, and ranks them. */
static int32_t play_round(sweep *s, const char *name, size_t count, uint64_t base, size_t seeds,
			  int64_t steps, trial **out, bern_error *e)
{
	round_of round = {name, calloc(count * seeds, sizeof(trial)), count * seeds, seeds};
	char words[700], figure[64], best[512];
	if (!round.trials)
		return bern_fail(e, BERN_EMEMORY, "out of memory for %zu trainings", count * seeds);
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < seeds; k++)
			round.trials[i * seeds + k] = (trial){
				.configuration = s->standings[i].configuration,
				.seed = base + k + 1,
				.steps = steps};
	s->drawn = 0;
	s->began = trainer_clock();
	s->run_here = 0;
	int32_t rc = run_round(s, &round, e);
	if (!rc && !s->interrupted) {
		for (size_t i = 0; i < count; i++) {
			s->standings[i].badness = mean_badness(s, &round.trials[i * seeds], seeds);
			s->standings[i].round++;
		}
		/* the trainings are wanted in the order of the standings by who asks for them */
		if (!out)
			qsort(s->standings, count, sizeof *s->standings, by_badness);
		standing first = s->standings[0];
		for (size_t i = 1; i < count; i++)
			if (by_badness(&s->standings[i], &first) < 0)
				first = s->standings[i];
		describe(s, first.configuration, best, sizeof best);
		badness_text(s, first.badness, figure, sizeof figure);
		snprintf(words, sizeof words,
			 "%s: %zu configurations, %zu seeds, %" PRId64 " steps each; best: %s, %s",
			 name, count, seeds, steps, best, figure);
		say(s, words);
	}
	if (out && !rc)
		*out = round.trials;
	else
		free(round.trials);
	return rc;
}

/* ---- the report ------------------------------------------------------------------------------------------------- */

/* A finalist and what it reached with fresh seeds. */
typedef struct finalist {
	size_t configuration, reached;
	estimate figure; /* steps: median; return: IQM */
} finalist;

static int by_figure(const void *a, const void *b)
{
	const finalist *x = a, *y = b;
	if (x->figure.value != y->figure.value)
		return x->figure.value < y->figure.value ? -1 : 1;
	return (x->configuration > y->configuration) - (x->configuration < y->configuration);
}

static int32_t finalist_of(const sweep *s, const trial *trials, size_t seeds, finalist *out,
			   bern_error *e)
{
	double *numbers = malloc(seeds * sizeof *numbers);
	if (!numbers)
		return bern_fail(e, BERN_EMEMORY, "out of memory");
	*out = (finalist){.configuration = trials[0].configuration};
	int32_t rc = 0;
	size_t scored = 0;
	if (s->plan.measure == SWEEP_STEPS) {
		for (size_t i = 0; i < seeds; i++)
			numbers[i] = trials[i].result.first && !trials[i].result.broke
					     ? (double)trials[i].result.first
					     : INFINITY;
		censored f = statistics_censored(numbers, seeds, INFINITY);
		out->reached = f.reached;
		out->figure = (estimate){f.median, f.low, f.high};
	} else {
		for (size_t i = 0; i < seeds; i++) {
			double x = return_of(&trials[i].result);
			if (!trials[i].result.broke && isfinite(x))
				numbers[scored++] = x;
		}
		out->reached = scored;
		out->figure = (estimate){NAN, NAN, NAN};
		if (scored) {
			const score_set set = {1, &scored, numbers};
			const bootstrap plan = {BOOTSTRAP_SEED, BOOTSTRAP_RESAMPLES};
			estimate all[STATISTICS];
			rc = statistics_of(&set, 1.0, &plan, all, e);
			if (!rc)
				out->figure = all[STATISTIC_IQM];
		}
	}
	free(numbers);
	return rc;
}

static void figure_cell(double x, char out[32])
{
	if (isnan(x))
		snprintf(out, 32, "-");
	else if (isinf(x))
		snprintf(out, 32, "never");
	else
		snprintf(out, 32, "%.6g", x);
}

static int32_t print_finalists(const sweep *s, const finalist *list, size_t count, bern_error *e)
{
	char words[512], value[32], low[32], high[32];
	int steps = s->plan.measure == SWEEP_STEPS;
	if (!s->request->style.json)
		printf("%-4s %-10s %-22s %-8s %s\n", "rank", steps ? "steps" : "return",
		       "95% interval", steps ? "solved" : "seeds", "configuration");
	for (size_t i = 0; i < count; i++) {
		describe(s, list[i].configuration, words, sizeof words);
		figure_cell(list[i].figure.value, value);
		figure_cell(list[i].figure.low, low);
		figure_cell(list[i].figure.high, high);
		if (!s->request->style.json) {
			char interval[80], of[48];
			snprintf(interval, sizeof interval, "%s to %s", low, high);
			snprintf(of, sizeof of, "%zu/%" PRId64, list[i].reached,
				 s->plan.final_seeds);
			printf("%-4zu %-10s %-22s %-8s %s\n", i + 1, value, interval, of, words);
			continue;
		}
		char values[SWEEP_KEYS][64];
		sweep_values(&s->plan, list[i].configuration, values);
		json_t *settings = json_object(),
		       *object = json_pack("{s:I,s:s,s:I,s:I}", "rank", (json_int_t)(i + 1),
					   "measure", steps ? "steps" : "return", "reached",
					   (json_int_t)list[i].reached, "seeds",
					   (json_int_t)s->plan.final_seeds);
		for (size_t k = 0; settings && k < s->plan.space_count; k++)
			json_object_set_new(settings, s->plan.space[k].key, json_string(values[k]));
		if (object) {
			put_number(object, "value", list[i].figure.value);
			put_number(object, "low", list[i].figure.low);
			put_number(object, "high", list[i].figure.high);
			json_object_set(object, "settings", settings);
		}
		char *text = object ? json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(10))
				    : NULL;
		json_decref(settings);
		json_decref(object);
		if (!text)
			return bern_fail(e, BERN_EMEMORY, "out of memory");
		printf("%s\n", text);
		free(text);
	}
	if (!s->request->style.json)
		printf("\n%s over seeds 1 to %" PRId64
		       ", which chose nothing; configurations were chosen by seeds %d and up\n",
		       steps ? "median of the steps to the first good look, with order statistics,"
			     : "interquartile mean of the return, with a stratified bootstrap "
			       "(10,000 "
			       "resamples, seed 1),",
		       s->plan.final_seeds, SEED_TO_CHOOSE + 1);
	return 0;
}

/* A number, or nothing where it is not known. */
static void csv_cell(double x, char out[32])
{
	out[0] = '\0';
	if (!isnan(x))
		snprintf(out, 32, "%.10g", x);
}

/* ranking.csv: the finalists first, then the others as they stood in the round they left. */
static int32_t write_ranking(const sweep *s, const finalist *list, size_t count, bern_error *e)
{
	char *text = NULL, path[RUN_PATH_ROOM + 64], values[SWEEP_KEYS][64], a[32], b[32], c[32];
	size_t size;
	FILE *out = open_memstream(&text, &size);
	if (!out)
		return bern_fail(e, BERN_EMEMORY, "out of memory");
	fprintf(out, "rank,configuration,rounds,chosen_by,value,low,high");
	for (size_t k = 0; k < s->plan.space_count; k++)
		fprintf(out, ",%s", s->plan.space[k].key);
	fprintf(out, "\n");
	size_t rank = 1;
	for (size_t pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < (pass ? s->configurations : count); i++) {
			const standing *at = NULL;
			size_t which = pass ? s->standings[i].configuration : list[i].configuration;
			int is_finalist = 0;
			for (size_t f = 0; f < count; f++)
				is_finalist |= list[f].configuration == which;
			if (pass && is_finalist)
				continue;
			for (size_t k = 0; k < s->configurations; k++)
				if (s->standings[k].configuration == which)
					at = &s->standings[k];
			estimate f = pass ? (estimate){NAN, NAN, NAN} : list[i].figure;
			double by = s->plan.measure == SWEEP_RETURN ? -at->badness : at->badness;
			csv_cell(f.value, a);
			csv_cell(f.low, b);
			csv_cell(f.high, c);
			fprintf(out, "%zu,%zu,%zu,%.10g,%s,%s,%s", rank++, which + 1, at->round, by,
				a, b, c);
			sweep_values(&s->plan, which, values);
			for (size_t k = 0; k < s->plan.space_count; k++) {
				const char *quote = strpbrk(values[k], ",\"") ? "\"" : "";
				fprintf(out, ",%s%s%s", quote, values[k], quote);
			}
			fprintf(out, "\n");
		}
	if (fclose(out)) {
		free(text);
		return bern_fail(e, BERN_EMEMORY, "out of memory");
	}
	snprintf(path, sizeof path, "%s/ranking.csv", s->out);
	const bern_piece piece = {text, size};
	int32_t rc = bern_file_replace(path, &piece, 1, e);
	free(text);
	return rc;
}

static int32_t write_best(const sweep *s, size_t configuration, bern_error *e)
{
	char values[SWEEP_KEYS][64], steps[32], path[RUN_PATH_ROOM + 64], *yaml = NULL;
	experiment x;
	snprintf(steps, sizeof steps, "%" PRId64, s->plan.budget);
	sweep_experiment(&s->plan, configuration, values, steps, &x);
	int32_t rc = experiment_check(&x, &yaml, NULL, e);
	if (rc)
		return rc;
	snprintf(path, sizeof path, "%s/best.yaml", s->out);
	const bern_piece piece = {yaml, strlen(yaml)};
	rc = bern_file_replace(path, &piece, 1, e);
	free(yaml);
	return rc;
}

/* ---- the whole -------------------------------------------------------------------------------------------------- */

static size_t more_than(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* Rounds that choose: one, or those of successive halving (Jamieson and Talwalkar 2016). */
static int32_t choose(sweep *s, size_t *left, bern_error *e)
{
	const sweep_plan *plan = &s->plan;
	int64_t budgets[ROUNDS];
	size_t rounds = 0;
	char name[64];
	int64_t steps = plan->method == SWEEP_HALVING ? plan->least_budget : plan->budget;
	while (rounds < ROUNDS - 1 && steps < plan->budget) {
		budgets[rounds++] = steps;
		steps = steps > plan->budget / plan->eta ? plan->budget : steps * plan->eta;
	}
	budgets[rounds++] = plan->budget;
	size_t finalists = (size_t)plan->finalists < s->configurations ? (size_t)plan->finalists
								       : s->configurations;
	*left = s->configurations;
	int32_t rc = 0;
	for (size_t r = 0; !rc && r < rounds && !s->interrupted; r++) {
		snprintf(name, sizeof name, "round %zu of %zu", r + 1, rounds);
		rc = play_round(s, name, *left, SEED_TO_CHOOSE, (size_t)plan->seeds, budgets[r],
				NULL, e);
		size_t eta = (size_t)plan->eta;
		*left = r + 1 < rounds ? more_than(finalists, (*left + eta - 1) / eta) : finalists;
	}
	return rc;
}

static int32_t report(sweep *s, size_t left, bern_error *e)
{
	size_t seeds = (size_t)s->plan.final_seeds;
	standing *kept = malloc(s->configurations * sizeof *kept);
	finalist *list = calloc(left, sizeof *list);
	trial *trials = NULL;
	int32_t rc = kept && list ? 0 : bern_fail(e, BERN_EMEMORY, "out of memory");
	if (!rc) {
		memcpy(kept, s->standings, s->configurations * sizeof *kept);
		rc = play_round(s, "finalists", left, 0, seeds, s->plan.budget, &trials, e);
		/* by what each was chosen stays in the ranking */
		memcpy(s->standings, kept, s->configurations * sizeof *kept);
	}
	for (size_t i = 0; !rc && !s->interrupted && i < left; i++) {
		rc = finalist_of(s, &trials[i * seeds], seeds, &list[i], e);
		/* sorted as badness is, for now */
		if (s->plan.measure == SWEEP_RETURN)
			list[i].figure.value = isnan(list[i].figure.value) ? INFINITY
									   : -list[i].figure.value;
	}
	if (!rc && !s->interrupted && !s->rank) {
		qsort(list, left, sizeof *list, by_figure);
		for (size_t i = 0; s->plan.measure == SWEEP_RETURN && i < left; i++)
			list[i].figure.value = isinf(list[i].figure.value) ? (double)NAN
									   : -list[i].figure.value;
		rc = write_ranking(s, list, left, e);
		if (!rc)
			rc = write_best(s, list[0].configuration, e);
		if (!rc)
			rc = print_finalists(s, list, left, e);
		if (!rc && !s->request->style.json)
			printf("\n%s/ranking.csv has all configurations\n"
			       "next  %s train --config %s/best.yaml\n",
			       s->out, s->request->style.program, s->out);
	}
	free(trials);
	free(list);
	free(kept);
	return rc;
}

static int32_t make_folder(const char *path, bern_error *e)
{
	if (mkdir(path, 0777) && errno != EEXIST)
		return bern_fail(e, BERN_EIO, "making the folder %s: %s", path, strerror(errno));
	return 0;
}

/* Makes the folder with its parents, or takes the one of the same sweep. */
static int32_t open_folder(sweep *s, const char *text, size_t size, bern_error *e)
{
	char path[RUN_PATH_ROOM + 64], *old;
	size_t old_size;
	bern_error why;
	int32_t rc = 0;
	for (char *slash = strchr(s->out + 1, '/'); !rc && slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		rc = make_folder(s->out, e);
		*slash = '/';
	}
	if (!rc)
		rc = make_folder(s->out, e);
	snprintf(path, sizeof path, "%s/trials", s->out);
	if (!rc)
		rc = make_folder(path, e);
	if (rc)
		return rc;
	snprintf(path, sizeof path, "%s/sweep.yaml", s->out);
	if (!access(path, F_OK) && !read_text_file(path, YAML_MAX_SIZE, &old, &old_size, &why)) {
		int same = old_size == size && !memcmp(old, text, size);
		free(old);
		if (same)
			return 0;
		if (!s->request->force)
			return bern_fail(
				e, BERN_EUSAGE,
				"%s holds another sweep; --out names another folder, --force "
				"begins anew in this one",
				s->out);
	}
	if (s->rank)
		return 0;
	const bern_piece piece = {text, size};
	return bern_file_replace(path, &piece, 1, e);
}

/* With --force: removes the results of the other sweep. */
static void remove_trials(const sweep *s, const char *text, size_t size)
{
	char path[RUN_PATH_ROOM + 64], command_path[RUN_PATH_ROOM + 400], *old;
	size_t old_size;
	bern_error why;
	snprintf(path, sizeof path, "%s/sweep.yaml", s->out);
	if (!s->request->force || s->rank || access(path, F_OK) ||
	    read_text_file(path, YAML_MAX_SIZE, &old, &old_size, &why))
		return;
	int same = old_size == size && !memcmp(old, text, size);
	free(old);
	snprintf(path, sizeof path, "%s/trials", s->out);
	DIR *dir = same ? NULL : opendir(path);
	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		if (entry->d_name[0] != 'c' || !strstr(entry->d_name, ".json"))
			continue;
		snprintf(command_path, sizeof command_path, "%s/%s", path, entry->d_name);
		unlink(command_path);
	}
	if (dir)
		closedir(dir);
}

/* "a/b/lr.yaml" -> "runs/sweep-lr" */
static void default_folder(const char *file, char *out, size_t size)
{
	const char *slash = strrchr(file, '/'), *name = slash ? slash + 1 : file;
	const char *dot = strrchr(name, '.');
	int length = dot && dot > name ? (int)(dot - name) : (int)strlen(name);
	snprintf(out, size, "runs/sweep-%.*s", length, name);
}

static int32_t prepare(sweep *s, bern_error *e)
{
	char *text;
	size_t size;
	const char *file = s->request->file;
	mpirun_place(&s->rank, &s->ranks);
	if (s->request->out)
		snprintf(s->out, sizeof s->out, "%s", s->request->out);
	else
		default_folder(file, s->out, sizeof s->out);
	int32_t rc = read_text_file(file, YAML_MAX_SIZE, &text, &size, e);
	if (rc)
		return rc;
	rc = sweep_plan_read(&s->plan, file, text, size, e);
	if (!rc)
		rc = sweep_check(&s->plan, file, e);
	if (!rc)
		rc = sweep_count(&s->plan, file, &s->configurations, e);
	if (!rc && !s->request->check_only) {
		remove_trials(s, text, size);
		rc = open_folder(s, text, size, e);
	}
	free(text);
	if (!rc && !(s->standings = calloc(s->configurations, sizeof *s->standings)))
		rc = bern_fail(e, BERN_EMEMORY, "out of memory");
	for (size_t i = 0; !rc && i < s->configurations; i++)
		s->standings[i].configuration = i;
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	s->at_once = s->request->at_once ? s->request->at_once : cores > 0 ? (size_t)cores : 1;
	return rc;
}

int sweep_run(const sweep_request *request)
{
	sweep s = {.request = request};
	bern_error e;
	size_t left = 0;
	int32_t rc = prepare(&s, &e);
	if (!rc && request->check_only) {
		printf("%zu configurations, nothing wrong found\n", s.configurations);
	} else if (!rc) {
		signals_watch();
		rc = choose(&s, &left, &e);
		if (!rc && !s.interrupted)
			rc = report(&s, left, &e);
		signals_release();
	}
	sweep_plan_finish(&s.plan);
	free(s.standings);
	if (rc)
		return report_error("sweep", &e);
	if (s.interrupted) {
		fprintf(stderr,
			"bern: sweep: stopped; the same command goes on with what is left\n");
		return EXIT_INTERRUPTED;
	}
	return EXIT_OK;
}
