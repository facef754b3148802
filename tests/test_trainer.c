/* Runs: a resumed one equals an unbroken one bit for bit, whatever ended it, and looks and checkpoints fall where they should. */
#include "fake_run.h"

#include "signals.h"

#include <jansson.h>
#include <sys/resource.h>
#include <sys/wait.h>

static char dir[64];

static void set_up(void)
{
	make_dir(dir);
	fault_at = 0;
}

static void tear_down(void)
{
	signals_release();
	remove_dir(dir);
}

/* Trains from the start to the end, or until the agent's deed. Returns enum trainer_end. */
static int train(const run_config *config, int resumed, int deed, uint64_t at)
{
	fake_run *r = malloc(sizeof *r);
	int end = 0;
	fake_make(r, config, resumed);
	if (resumed)
		ck_assert_msg(!trainer_restore(&r->trainer, &r->e), "%s", r->e.text);
	r->agent.deed = deed;
	r->agent.deed_at = at;
	signals_watch();
	ck_assert_msg(!trainer_run(&r->trainer, &end, &r->e), "%s", r->e.text);
	fake_finish(r);
	free(r);
	return end;
}

/* The same in a process of its own. Returns what waitpid said. */
static int train_apart(const run_config *config, int resumed, int deed, uint64_t at)
{
	int status = 0;
	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		train(config, resumed, deed, at);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	return status;
}

/* Takes out the columns that are clocks: counted from 0, in rows that do not begin with #. */
static void blank_columns(char *text, int first, int last)
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

static void assert_same_file(const char *a, const char *b, const char *name, int first, int last)
{
	size_t n, m;
	char *x = slurp(a, name, &n), *y = slurp(b, name, &m);
	if (last) {
		blank_columns(x, first, last);
		blank_columns(y, first, last);
		ck_assert_str_eq(x, y);
	} else {
		ck_assert_uint_eq(n, m);
		ck_assert_msg(memcmp(x, y, n) == 0, "%s differs", name);
	}
	free(x);
	free(y);
}

/* Everything that a run leaves, but clocks. */
static void assert_same_run(const char *a, const char *b)
{
	char x[128], y[128];
	ck_assert_str_eq(target_of(a, "latest", x), target_of(b, "latest", y));
	assert_same_file(a, b, x, 0, 0);
	ck_assert_str_eq(target_of(a, "best", x), target_of(b, "best", y));
	assert_same_file(a, b, x, 0, 0);
	assert_same_file(a, b, "eval.csv", 0, 0);
	assert_same_file(a, b, "progress.csv", 2, 3);
	assert_same_file(a, b, "monitor.csv", 2, 2);
}

/* Trains unbroken in dir/whole and leaves the path of it and of dir/cut. */
static void whole(run_config *config, run_config *cut, char *a, char *b)
{
	fake_config(config, dir, "whole");
	*cut = *config;
	strcpy(cut->run.name, "cut");
	sprintf(a, "%s/whole", dir);
	sprintf(b, "%s/cut", dir);
	ck_assert_int_eq(train(config, 0, DO_NOTHING, 0), END_STEPS);
}

START_TEST(interrupted_run_resumes_to_the_same_bits_at_every_update)
{
	run_config config, cut;
	char a[128], b[128];
	whole(&config, &cut, a, b);
	for (uint64_t at = 1; at <= 67; at++) {
		ck_assert_int_eq(train(&cut, 0, DO_SIGNAL, at), END_INTERRUPTED);
		int end = train(&cut, 1, DO_NOTHING, 0);
		ck_assert_int_eq(end, END_STEPS);
		assert_same_run(a, b);
		remove_dir(b);
	}
}
END_TEST

START_TEST(run_interrupted_in_its_last_update_is_not_ended_before_its_last_look)
{
	run_config config;
	fake_config(&config, dir, "last");
	ck_assert_int_eq(train(&config, 0, DO_SIGNAL, 67), END_INTERRUPTED);
	fake_run *r = malloc(sizeof *r);
	int end;
	fake_make(r, &config, 1);
	ck_assert_int_eq(trainer_restore(&r->trainer, &r->e), 0);
	ck_assert_uint_eq(r->trainer.lanes.steps, 402);
	ck_assert_int_eq(trainer_ended(&r->trainer), 0);
	ck_assert_int_eq(trainer_run(&r->trainer, &end, &r->e), 0);
	ck_assert_int_eq(trainer_ended(&r->trainer), END_STEPS);
	ck_assert_uint_eq(r->trainer.count.looks, 8);
	fake_finish(r);
	free(r);
}
END_TEST

START_TEST(run_interrupted_again_and_again_comes_to_the_same_bits)
{
	run_config config, cut;
	char a[128], b[128];
	whole(&config, &cut, a, b);
	ck_assert_int_eq(train(&cut, 0, DO_SIGNAL, 5), END_INTERRUPTED);
	while (train(&cut, 1, DO_SIGNAL, 7) == END_INTERRUPTED)
		;
	assert_same_run(a, b);
}
END_TEST

START_TEST(killed_run_resumes_from_its_checkpoint_to_the_same_bits)
{
	run_config config, cut;
	char a[128], b[128];
	whole(&config, &cut, a, b);
	/* the first checkpoint is at step 114, update 19 */
	for (uint64_t at = 20; at <= 66; at += 3) {
		int status = train_apart(&cut, 0, DO_KILL, at);
		ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		/* what a process may leave that dies at the worst moment */
		append(b, "progress.csv", "1,2,3\n4,5,6\n7,8");
		append(b, "eval.csv", "1,2");
		append(b, "monitor.csv", "1.5,3,0.2\n1.");
		append(b, ".bern-1-0", "half a file");
		append(b, ".bern-link", "");
		append(b, "checkpoints/.bern-1-0", "half a file");
		append(b, "checkpoints/step_000000900.safetensors", "newer than latest");
		train(&cut, 1, DO_NOTHING, 0);
		assert_same_run(a, b);
		ck_assert(!is_there(b, ".bern-1-0") && !is_there(b, ".bern-link"));
		ck_assert(!is_there(b, "checkpoints/.bern-1-0"));
		remove_dir(b);
	}
}
END_TEST

static void ask(void)
{
	raise(SIGUSR1);
}

/* Asked in update `at`, and killed in the next: what it left is the whole run up to there. */
static int train_asked(const run_config *config, uint64_t at, int then_killed)
{
	fake_run *r = malloc(sizeof *r);
	int end = 0;
	fake_make(r, config, 0);
	r->style.quiet = 1;
	r->agent.deed = DO_CALL;
	r->agent.deed_at = at;
	r->agent.call = ask;
	r->agent.kill_next = then_killed;
	signals_watch();
	ck_assert_msg(!trainer_run(&r->trainer, &end, &r->e), "%s", r->e.text);
	fake_finish(r);
	free(r);
	return end;
}

START_TEST(asked_run_answers_and_goes_on_to_the_same_bits)
{
	run_config config, cut;
	char a[128], b[128];
	whole(&config, &cut, a, b);
	for (uint64_t at = 1; at <= 66; at += 5) {
		ck_assert_int_eq(train_asked(&cut, at, 0), END_STEPS);
		/* a checkpoint more than the others */
		char name[128], other[128];
		run_folder_checkpoint(6 * at, name);
		ck_assert_msg(is_there(b, name), "no %s", name);
		ck_assert_str_eq(target_of(a, "latest", other), target_of(b, "latest", name));
		assert_same_run(a, b);
		remove_dir(b);
	}
}
END_TEST

START_TEST(checkpoint_of_an_asked_run_resumes_to_the_same_bits)
{
	run_config config, cut;
	char a[128], b[128], x[128], name[128];
	whole(&config, &cut, a, b);
	for (uint64_t at = 1; at <= 62; at += 7) {
		int status = 0;
		fflush(NULL);
		pid_t child = fork();
		if (child == 0)
			_exit(train_asked(&cut, at, 1));
		ck_assert_int_eq(waitpid(child, &status, 0), child);
		ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		ck_assert_str_eq(target_of(b, "latest", x), run_folder_checkpoint(6 * at, name));
		ck_assert_int_eq(train(&cut, 1, DO_NOTHING, 0), END_STEPS);
		assert_same_run(a, b);
		remove_dir(b);
	}
}
END_TEST

START_TEST(run_without_a_checkpoint_says_so)
{
	run_config config;
	char path[128];
	fake_config(&config, dir, "early");
	sprintf(path, "%s/early", dir);
	int status = train_apart(&config, 0, DO_KILL, 3);
	ck_assert(WIFSIGNALED(status));
	fake_run *r = malloc(sizeof *r);
	fake_make(r, &config, 1);
	ck_assert_int_eq(trainer_restore(&r->trainer, &r->e), BERN_EIO);
	ck_assert_ptr_nonnull(strstr(r->e.text, "has no checkpoint"));
	fake_finish(r);
	free(r);
}
END_TEST

START_TEST(second_signal_ends_the_process_at_once)
{
	run_config config;
	fake_config(&config, dir, "two");
	int status = train_apart(&config, 0, DO_TWO_SIGNALS, 9);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), EXIT_INTERRUPTED);
	char path[128];
	sprintf(path, "%s/two", dir);
	ck_assert(!is_there(path, "latest"));
}
END_TEST

START_TEST(lost_rows_of_a_log_do_not_stop_a_resume)
{
	run_config config, cut;
	char a[128], b[128], path[300];
	whole(&config, &cut, a, b);
	ck_assert_int_eq(train(&cut, 0, DO_SIGNAL, 30), END_INTERRUPTED);
	sprintf(path, "%s/eval.csv", b);
	ck_assert_int_eq(truncate(path, 60), 0); /* the head and a torn row */
	sprintf(path, "%s/monitor.csv", b);
	ck_assert_int_eq(unlink(path), 0);
	/* what it says of it goes elsewhere */
	int kept = dup(2);
	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	train(&cut, 1, DO_NOTHING, 0);
	fflush(stderr);
	dup2(kept, 2);
	close(kept);
	char *text = slurp(b, "eval.csv", NULL);
	ck_assert(strncmp(text, "step,mean,low,high,episodes,given_up,best\n", 42) == 0);
	free(text);
	text = slurp(b, "monitor.csv", NULL);
	ck_assert(text[0] == '#' && strstr(text, "\nr,l,t\n"));
	free(text);
	assert_same_file(a, b, "progress.csv", 2, 3);
}
END_TEST

START_TEST(checkpoint_of_another_run_is_refused)
{
	run_config config;
	fake_config(&config, dir, "other");
	ck_assert_int_eq(train(&config, 0, DO_SIGNAL, 5), END_INTERRUPTED);
	fake_run *r = malloc(sizeof *r);
	config.run.seed = 8;
	fake_make(r, &config, 1);
	ck_assert_int_eq(trainer_restore(&r->trainer, &r->e), BERN_EFORMAT);
	ck_assert_ptr_nonnull(strstr(r->e.text, "its seed is 7, config.yaml has 8"));
	fake_finish(r);
	config.run.seed = 7;
	config.agent.num_envs = 3;
	fake_make(r, &config, 1);
	ck_assert_int_eq(trainer_restore(&r->trainer, &r->e), BERN_EFORMAT);
	fake_finish(r);
	free(r);
}
END_TEST

/* ---- disasters ----------------------------------------------------------------------------------- */

static void limit_files(void)
{
	struct rlimit limit = {900, 900};
	setrlimit(RLIMIT_FSIZE, &limit);
}

/* Trains with a full disk from update `at` on. Exits with 1 if that failed as it should. */
static int train_on_full_disk(const run_config *config, uint64_t at)
{
	int status = 0;
	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		fake_run *r = malloc(sizeof *r);
		int end = 0;
		fake_make(r, config, 0);
		r->agent.deed = DO_CALL;
		r->agent.deed_at = at;
		r->agent.call = limit_files;
		signals_watch();
		int32_t rc = trainer_run(&r->trainer, &end, &r->e);
		_exit(rc == BERN_EIO && strstr(r->e.text, config->run.name) ? 1 : 2);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

START_TEST(full_disk_leaves_the_last_checkpoint_whole)
{
	run_config config, cut;
	char a[128], b[128];
	whole(&config, &cut, a, b);
	for (uint64_t at = 20; at <= 60; at += 10) {
		ck_assert_int_eq(train_on_full_disk(&cut, at), 1);
		for (const char *const *name =
			     (const char *const[]){"progress.csv", "eval.csv", "monitor.csv", NULL};
		     *name; name++) {
			size_t size;
			char *text = slurp(b, *name, &size);
			ck_assert_msg(text[size - 1] == '\n', "%s ends in half a row", *name);
			free(text);
		}
		train(&cut, 1, DO_NOTHING, 0);
		assert_same_run(a, b);
		remove_dir(b);
	}
}
END_TEST

START_TEST(nan_in_the_weights_stops_the_run_and_reaches_no_checkpoint)
{
	run_config config;
	char path[128], target[128];
	int end;
	fake_config(&config, dir, "nan");
	sprintf(path, "%s/nan", dir);
	fake_run *r = malloc(sizeof *r);
	fake_make(r, &config, 0);
	r->agent.deed = DO_NAN;
	r->agent.deed_at =
		25; /* step 150: a row and a look are due, the last checkpoint was at 114 */
	ck_assert_int_eq(trainer_run(&r->trainer, &end, &r->e), BERN_ENUMBER);
	ck_assert_str_eq(r->e.text,
			 "learning went astray: at step 150 element 2 of weights is nan");
	fake_finish(r);
	ck_assert_str_eq(target_of(path, "latest", target),
			 "checkpoints/step_000000114.safetensors");
	fake_make(r, &config, 1);
	ck_assert_int_eq(trainer_restore(&r->trainer, &r->e), 0);
	fake_finish(r);
	free(r);
}
END_TEST

START_TEST(nan_is_noticed_where_nothing_but_a_checkpoint_is_due)
{
	run_config config;
	char path[128], target[128];
	int end;
	fake_config(&config, dir, "nan");
	config.run.log_interval = 1000;
	config.run.eval_interval = 0;
	config.run.checkpoint_interval = 60;
	sprintf(path, "%s/nan", dir);
	fake_run *r = malloc(sizeof *r);
	fake_make(r, &config, 0);
	r->agent.deed = DO_NAN;
	r->agent.deed_at = 25;
	ck_assert_int_eq(trainer_run(&r->trainer, &end, &r->e), BERN_ENUMBER);
	ck_assert_str_eq(r->e.text,
			 "learning went astray: at step 180 element 2 of weights is nan");
	fake_finish(r);
	free(r);
	ck_assert_str_eq(target_of(path, "latest", target),
			 "checkpoints/step_000000120.safetensors");
	ck_assert(!is_there(path, "checkpoints/step_000000180.safetensors"));
}
END_TEST

START_TEST(fault_of_the_environment_stops_the_run_and_keeps_the_best)
{
	run_config config;
	char path[128];
	int end;
	fake_config(&config, dir, "fault");
	config.run.checkpoint_interval = 0;
	sprintf(path, "%s/fault", dir);
	fake_run *r = malloc(sizeof *r);
	fake_make(r, &config, 0);
	r->agent.deed = DO_SIGNAL; /* to have the looks of 60 steps behind it */
	r->agent.deed_at = 10;
	signals_watch();
	ck_assert_int_eq(trainer_run(&r->trainer, &end, &r->e), 0);
	fake_finish(r);
	signals_release();
	fake_make(r, &config, 1);
	ck_assert_int_eq(trainer_restore(&r->trainer, &r->e), 0);
	fault_at = 13;
	ck_assert_int_eq(trainer_run(&r->trainer, &end, &r->e), BERN_EENV);
	ck_assert_ptr_nonnull(strstr(r->e.text, "test/Walk-v0"));
	fake_finish(r);
	free(r);
	ck_assert(is_there(path, "latest"));
}
END_TEST

START_TEST(vanished_folder_is_an_error)
{
	run_config config;
	char path[128];
	int end;
	fake_config(&config, dir, "gone");
	sprintf(path, "%s/gone", dir);
	fake_run *r = malloc(sizeof *r);
	fake_make(r, &config, 0);
	remove_dir(path);
	ck_assert_int_eq(trainer_run(&r->trainer, &end, &r->e), BERN_EIO);
	fake_finish(r);
	free(r);
	ck_assert(!is_there(dir, "gone"));
}
END_TEST

/* ---- looks ---------------------------------------------------------------------------------------- */

typedef struct look_row {
	unsigned long step, episodes;
	double mean;
	int given_up, best;
} look_row;

/* The rows of eval.csv. */
static size_t read_looks(const char *path, look_row *rows, size_t room)
{
	char *text = slurp(path, "eval.csv", NULL);
	size_t count = 0;
	for (char *line = strchr(text, '\n'); line && line[1] && count < room;
	     line = strchr(line + 1, '\n')) {
		look_row *r = &rows[count++];
		ck_assert_int_eq(sscanf(line + 1, "%lu,%lf,%*[^,],%*[^,],%lu,%d,%d", &r->step,
					&r->mean, &r->episodes, &r->given_up, &r->best),
				 5);
	}
	free(text);
	return count;
}

START_TEST(looks_fall_on_the_first_update_at_or_past_each_multiple)
{
	run_config config;
	look_row rows[20];
	char path[128];
	fake_config(&config, dir, "looks");
	sprintf(path, "%s/looks", dir);
	train(&config, 0, DO_NOTHING, 0);
	/* updates of 6 steps: 54 is the first past 50; the run ends with the first past 400 */
	static const unsigned long steps[] = {54, 102, 150, 204, 252, 300, 354, 402};
	ck_assert_uint_eq(read_looks(path, rows, 20), 8);
	double best = -1;
	for (int i = 0; i < 8; i++) {
		ck_assert_uint_eq(rows[i].step, steps[i]);
		ck_assert_int_eq(rows[i].best, rows[i].mean >= best);
		best = rows[i].best ? rows[i].mean : best;
	}
}
END_TEST

START_TEST(run_stops_after_good_looks_in_a_row_and_not_before)
{
	run_config config;
	look_row rows[100];
	char path[128];
	fake_config(&config, dir, "solved");
	config.run.total_timesteps = 100000;
	config.run.stop_return = 12;
	config.run.stop_looks = 3;
	sprintf(path, "%s/solved", dir);
	fake_run *r = malloc(sizeof *r);
	int end;
	fake_make(r, &config, 0);
	ck_assert_int_eq(trainer_run(&r->trainer, &end, &r->e), 0);
	ck_assert_int_eq(end, END_SOLVED);
	ck_assert_int_eq(trainer_ended(&r->trainer), END_SOLVED);
	size_t count = read_looks(path, rows, 100), good = 0, first = 0;
	ck_assert_uint_gt(count, 3);
	for (size_t i = 0; i < count; i++) {
		ck_assert_msg(good < 3, "it went on after three good looks");
		int is_good = !rows[i].given_up && rows[i].mean >= 12;
		first = is_good && good == 0 ? rows[i].step : first;
		good = is_good ? good + 1 : 0;
	}
	ck_assert_uint_eq(good, 3);
	ck_assert_uint_eq(r->trainer.count.good_step, first);
	fake_finish(r);
	/* resumed it has nothing to do */
	fake_make(r, &config, 1);
	ck_assert_int_eq(trainer_restore(&r->trainer, &r->e), 0);
	ck_assert_int_eq(trainer_ended(&r->trainer), END_SOLVED);
	fake_finish(r);
	free(r);
}
END_TEST

START_TEST(look_that_was_given_up_never_beats_a_whole_one)
{
	run_config config;
	look_row rows[100];
	char path[128];
	fake_config(&config, dir, "given-up");
	config.run.total_timesteps = 3000;
	config.run.stop_return = 20; /* of at most 50: some looks reach it, some are given up */
	config.run.stop_looks = 1000;
	sprintf(path, "%s/given-up", dir);
	train(&config, 0, DO_NOTHING, 0);
	size_t count = read_looks(path, rows, 100);
	int whole_before = 0, seen[2] = {0, 0};
	double best[2] = {-1, -1};
	for (size_t i = 0; i < count; i++) {
		int g = rows[i].given_up;
		seen[g]++;
		ck_assert_int_eq(rows[i].episodes < 5, g);
		int expected = g ? !whole_before && rows[i].mean >= best[1]
				 : rows[i].mean >= best[0];
		ck_assert_int_eq(rows[i].best, expected);
		best[g] = rows[i].best ? rows[i].mean : best[g];
		whole_before |= !g;
	}
	ck_assert_msg(seen[0] && seen[1], "%d whole, %d given up", seen[0], seen[1]);
}
END_TEST

START_TEST(best_checkpoint_holds_the_weights_of_the_best_look)
{
	run_config config;
	char path[128], target[128];
	look_row rows[100];
	int end;
	fake_config(&config, dir, "best");
	config.run.total_timesteps = 1000;
	sprintf(path, "%s/best", dir);
	fake_run *r = malloc(sizeof *r);
	fake_make(r, &config, 0);
	ck_assert_int_eq(trainer_run(&r->trainer, &end, &r->e), 0);
	size_t count = read_looks(path, rows, 100), best = 0;
	for (size_t i = 0; i < count; i++)
		best = rows[i].best ? i : best;
	ck_assert_msg(best + 1 < count, "the last look is the best: choose another seed");
	ck_assert_uint_eq(r->trainer.count.best_step, rows[best].step);
	target_of(path, "best", target);
	unsigned long step = 0;
	ck_assert_int_eq(sscanf(target, "checkpoints/step_%lu", &step), 1);
	ck_assert_uint_eq(step, rows[best].step);
	/* its weights, played as that look was, have its mean */
	ck_assert_int_eq(trainer_take_best(&r->trainer, &r->e), 0);
	bern_eval_result again = {0};
	const bern_eval_plan plan = {
		.episodes = 5, .seed = 7, .is_look = 1, .look = (uint32_t)best};
	ck_assert_int_eq(bern_evaluate(r->trainer.evaluator, &r->agent.base, &plan, &again, &r->e),
			 0);
	ck_assert_double_eq_tol(again.mean, rows[best].mean, 1e-7); /* nine digits are written */
	fake_finish(r);
	free(r);
}
END_TEST

START_TEST(looks_and_evaluation_leave_the_training_alone)
{
	run_config config;
	char a[128], b[128], x[128];
	fake_config(&config, dir, "with");
	sprintf(a, "%s/with", dir);
	train(&config, 0, DO_NOTHING, 0);
	strcpy(config.run.name, "without");
	sprintf(b, "%s/without", dir);
	config.run.eval_interval = 0;
	config.run.final_episodes = 0;
	train(&config, 0, DO_NOTHING, 0);
	assert_same_file(a, b, "progress.csv", 2, 3);
	assert_same_file(a, b, "monitor.csv", 2, 2);
	ck_assert(!is_there(b, "best"));
	ck_assert_str_eq(target_of(b, "latest", x), "checkpoints/step_000000402.safetensors");
}
END_TEST

/* ---- logs of a run ---------------------------------------------------------------------------------- */

START_TEST(monitor_opens_with_json_and_lists_every_episode)
{
	run_config config;
	char path[128];
	fake_config(&config, dir, "monitor");
	sprintf(path, "%s/monitor", dir);
	fake_run *r = malloc(sizeof *r);
	int end;
	fake_make(r, &config, 0);
	ck_assert_int_eq(trainer_run(&r->trainer, &end, &r->e), 0);
	char *text = slurp(path, "monitor.csv", NULL), *line = strchr(text, '\n');
	*line++ = '\0';
	ck_assert(text[0] == '#');
	json_t *head = json_loads(text + 1, 0, NULL);
	ck_assert(json_is_real(json_object_get(head, "t_start")));
	ck_assert_str_eq(json_string_value(json_object_get(head, "env_id")), "test/Walk-v0");
	json_decref(head);
	ck_assert(strncmp(line, "r,l,t\n", 6) == 0);
	uint64_t episodes = 0, steps = 0;
	double before = 0;
	for (line += 6; *line; line = strchr(line, '\n') + 1) {
		double reward, t;
		unsigned long length;
		ck_assert_int_eq(sscanf(line, "%lf,%lu,%lf\n", &reward, &length, &t), 3);
		ck_assert(reward >= 0.25 * (double)length && reward <= (double)length);
		ck_assert(t >= before);
		before = t;
		episodes++;
		steps += length;
	}
	ck_assert_uint_eq(episodes, r->trainer.count.episodes);
	ck_assert(steps <= 402 && steps > 402 - 2 * 50);
	free(text);
	fake_finish(r);
	free(r);
}
END_TEST

START_TEST(rows_of_progress_have_all_columns_and_empty_cells_for_what_is_unknown)
{
	run_config config;
	char path[128];
	fake_config(&config, dir, "progress");
	sprintf(path, "%s/progress", dir);
	train(&config, 0, DO_NOTHING, 0);
	char *text = slurp(path, "progress.csv", NULL);
	size_t rows = 0;
	for (char *line = text; *line; line = strchr(line, '\n') + 1, rows++) {
		int commas = 0;
		for (char *c = line; *c != '\n'; c++)
			commas += *c == ',';
		ck_assert_int_eq(commas, 15);
	}
	ck_assert_uint_eq(rows, 1 + 16); /* 400 / 25 */
	blank_columns(text, 2, 3);
	/* the fake agent knows entropy (mean reward here), grad_norm (steps since the row before), dead_fraction and
	 * learning_rate; no episode ends in the first 30 steps, one in the first 54 */
	unsigned long first_length, monitor_length;
	double entropy[2], first_return, monitor_return;
	int n = 0;
	char *row = strchr(text, '\n') + 1;
	ck_assert_int_eq(sscanf(row,
				"30,0,,,,,%lf,,,30,,0,,0.01,, 54,1,,,%lf,%lu,%lf,,,24,,0,,0.01,,%n",
				&entropy[0], &first_return, &first_length, &entropy[1], &n),
			 4);
	ck_assert_int_gt(n, 0);
	for (int i = 0; i < 2; i++)
		ck_assert(entropy[i] >= 0.25 && entropy[i] <= 1);
	char *monitor = slurp(path, "monitor.csv", NULL);
	ck_assert_int_eq(sscanf(strstr(monitor, "r,l,t\n") + 6, "%lf,%lu,", &monitor_return,
				&monitor_length),
			 2);
	ck_assert_double_eq(first_return, monitor_return);
	ck_assert_uint_eq(first_length, monitor_length);
	free(monitor);
	free(text);
}
END_TEST

START_TEST(two_processes_cannot_train_in_one_folder)
{
	run_config config;
	bern_error e;
	char path[128];
	fake_config(&config, dir, "lock");
	sprintf(path, "%s/lock", dir);
	fake_run *r = malloc(sizeof *r);
	fake_make(r, &config, 0);
	run_folder other;
	ck_assert_int_eq(run_folder_open(&other, path, &e), BERN_EIO);
	ck_assert_ptr_nonnull(strstr(e.text, "is in use"));
	fake_finish(r);
	ck_assert_int_eq(run_folder_open(&other, path, &e), 0);
	run_folder_close(&other);
	free(r);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("trainer");
	TCase *t = tcase_create("resume");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, interrupted_run_resumes_to_the_same_bits_at_every_update);
	tcase_add_test(t, run_interrupted_in_its_last_update_is_not_ended_before_its_last_look);
	tcase_add_test(t, run_interrupted_again_and_again_comes_to_the_same_bits);
	tcase_add_test(t, killed_run_resumes_from_its_checkpoint_to_the_same_bits);
	tcase_add_test(t, asked_run_answers_and_goes_on_to_the_same_bits);
	tcase_add_test(t, checkpoint_of_an_asked_run_resumes_to_the_same_bits);
	tcase_add_test(t, run_without_a_checkpoint_says_so);
	tcase_add_test(t, second_signal_ends_the_process_at_once);
	tcase_add_test(t, lost_rows_of_a_log_do_not_stop_a_resume);
	tcase_add_test(t, checkpoint_of_another_run_is_refused);
	suite_add_tcase(s, t);
	t = tcase_create("disasters");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, full_disk_leaves_the_last_checkpoint_whole);
	tcase_add_test(t, nan_in_the_weights_stops_the_run_and_reaches_no_checkpoint);
	tcase_add_test(t, nan_is_noticed_where_nothing_but_a_checkpoint_is_due);
	tcase_add_test(t, fault_of_the_environment_stops_the_run_and_keeps_the_best);
	tcase_add_test(t, vanished_folder_is_an_error);
	tcase_add_test(t, two_processes_cannot_train_in_one_folder);
	suite_add_tcase(s, t);
	t = tcase_create("looks");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, looks_fall_on_the_first_update_at_or_past_each_multiple);
	tcase_add_test(t, run_stops_after_good_looks_in_a_row_and_not_before);
	tcase_add_test(t, look_that_was_given_up_never_beats_a_whole_one);
	tcase_add_test(t, best_checkpoint_holds_the_weights_of_the_best_look);
	tcase_add_test(t, looks_and_evaluation_leave_the_training_alone);
	suite_add_tcase(s, t);
	t = tcase_create("logs");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, monitor_opens_with_json_and_lists_every_episode);
	tcase_add_test(t, rows_of_progress_have_all_columns_and_empty_cells_for_what_is_unknown);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
